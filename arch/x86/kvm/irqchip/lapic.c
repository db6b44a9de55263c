// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's local APIC: its life, the two ways to its registers (page and MSRs), and what follows
 * from a write; what it accepts from others.
 *
 * The vCPU's thread owns it, under vcpu->mutex, but for kvm_lapic_accept() and kvm_lapic_raise(),
 * which any context may call: they touch what is atomic in struct lapic_regs.
 */
#include <linux/gfp.h>
#include <linux/slab.h>
#include "lapic.h"
#include "trace.h"
#include "x86.h"

/* ---- life ------------------------------------------------------------------------------------ */

static enum lapic_mode mode_of_base(u64 base)
{
	if (!(base & MSR_IA32_APICBASE_ENABLE))
		return LAPIC_DISABLED;
	return base & X2APIC_ENABLE ? LAPIC_X2APIC : LAPIC_XAPIC;
}

/**
 * kvm_lapic_create - a new vCPU's APIC; kvm_lapic_reset() follows
 * @vcpu: its apic_base is set
 *
 * Return: 0, also when the VM keeps its interrupt controllers in userspace; -ENOMEM.
 */
int kvm_lapic_create(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic;

	if (vcpu->kvm->arch.irqchip_mode == KVM_IRQCHIP_NONE)
		return 0;
	apic = kzalloc(sizeof(*apic), GFP_KERNEL_ACCOUNT);
	if (!apic)
		return -ENOMEM;
	/* A page: hardware that helps with the APIC wants the registers at its begin (29.1). */
	apic->regs.page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!apic->regs.page) {
		kfree(apic);
		return -ENOMEM;
	}
	apic->vcpu = vcpu;
	apic->regs.id = vcpu->id;
	apic->regs.cr8 = &vcpu->arch.cr8;
	lapic_timer_init(apic);
	lapic_regs_set_mode(&apic->regs, mode_of_base(vcpu->arch.apic_base));
	vcpu->arch.apic = apic;
	return 0;
}

/** kvm_lapic_free - undo it; nobody can send to the vCPU any more */
void kvm_lapic_free(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (!apic)
		return;
	lapic_timer_stop(apic);
	free_page((unsigned long)apic->regs.page);
	kfree(apic);
	vcpu->arch.apic = NULL;
}

/**
 * kvm_lapic_reset - RESET or INIT: the registers; mode and id stay
 * @vcpu: the vCPU
 *
 * Guests that never program LINT0 expect the PIC behind the boot processor's, as firmware leaves it
 * (KVM_X86_QUIRK_LINT0_REENABLED, api.rst 7.31).
 */
void kvm_lapic_reset(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	lapic_timer_stop(apic);
	lapic_regs_reset(&apic->regs);
	lapic_timer_reset(apic);
	WRITE_ONCE(apic->unhalted, false);
	if (kvm_is_boot_cpu(vcpu) &&
	    !(vcpu->kvm->arch.disabled_quirks & KVM_X86_QUIRK_LINT0_REENABLED))
		lapic_set(&apic->regs, APIC_LVT0, KVM_APIC_EXTINT << 8);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	kvm_make_request(KVM_REQ_SCAN_IOAPIC, vcpu);
}

/**
 * kvm_lapic_after_set_cpuid - what the APIC has follows from the guest's CPUID
 * @vcpu: the vCPU
 *
 * Directed EOI (11.8.5) is for IOAPICs that have an EOI register: ours has, userspace's may.
 */
void kvm_lapic_after_set_cpuid(struct kvm_vcpu *vcpu)
{
	struct kvm_cpuid_entry2 *e = kvm_find_cpuid_entry(vcpu, 1, 0);
	struct lapic_regs *r = &vcpu->arch.apic->regs;
	u32 version = lapic_get(r, APIC_LVR) & ~APIC_LVR_DIRECTED_EOI;

	r->tsc_deadline = e && (e->ecx & BIT(X86_FEATURE_TSC_DEADLINE_TIMER % 32));
	r->directed_eoi = e && (e->ecx & BIT(X86_FEATURE_X2APIC % 32));
	lapic_set(r, APIC_LVR, version | (r->directed_eoi ? APIC_LVR_DIRECTED_EOI : 0));
}

static bool lapic_owns_gpa(const struct kvm_lapic *apic, gpa_t gpa)
{
	return apic->regs.mode == LAPIC_XAPIC &&
	       gpa >> PAGE_SHIFT == apic->vcpu->arch.apic_base >> PAGE_SHIFT;
}

static void lapic_change_mode(struct kvm_vcpu *vcpu, enum lapic_mode mode)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (mode == LAPIC_DISABLED || apic->regs.mode == LAPIC_DISABLED)
		lapic_timer_reset(apic);
	lapic_regs_set_mode(&apic->regs, mode);
	kvm_lapic_map_update(vcpu->kvm);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/** kvm_lapic_base_changed - APIC_BASE was written, and the new value found good */
void kvm_lapic_base_changed(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;
	enum lapic_mode mode = mode_of_base(vcpu->arch.apic_base);

	if (mode != apic->regs.mode)
		lapic_change_mode(vcpu, mode);
	kvm_x86_call(set_apic_page)(vcpu, lapic_owns_gpa(apic, APIC_DEFAULT_PHYS_BASE));
}

/* ---- from others ----------------------------------------------------------------------------- */

static void lapic_error(struct kvm_lapic *apic, u32 error)
{
	/* Once: the error's own interrupt may be as wrong. */
	if (!(atomic_fetch_or(error, &apic->regs.errors) & error))
		kvm_lapic_raise(apic, APIC_LVTERR);
}

static int accept_vector(struct kvm_lapic *apic, const struct kvm_apic_message *msg)
{
	struct kvm_vcpu *vcpu = apic->vcpu;
	int r;

	if (!lapic_software_enabled(&apic->regs))
		return -1;
	if (msg->vector < 16) {
		lapic_error(apic, LAPIC_ESR_RECV_ILLEGAL);
		return -1;
	}
	r = lapic_regs_accept(&apic->regs, msg->vector, msg->level);
	trace_kvm_apic_accept_irq(vcpu->id, msg->mode, msg->level, msg->vector);
	if (r) {
		kvm_make_request(KVM_REQ_EVENT, vcpu);
		kvm_vcpu_kick(vcpu);
	}
	return r;
}

/*
 * SDM 9.4.3: an INIT makes of the CPU one that waits for SIPI, whatever it was told before; SIPIs
 * mean something after it only, and the CPU's thread finds that out.
 */
static int accept_mail(struct kvm_lapic *apic, const struct kvm_apic_message *msg)
{
	if (msg->mode == KVM_APIC_INIT) {
		/* INIT level de-assert: nothing on any CPU since the Pentium 4 (11.6.1). */
		if (msg->level && !msg->assert)
			return 1;
		WRITE_ONCE(apic->mailbox, BIT(LAPIC_MAIL_INIT));
	} else {
		WRITE_ONCE(apic->sipi_vector, msg->vector);
		smp_wmb(); /* pairs with xchg() in kvm_mp_process_mail() */
		set_bit(LAPIC_MAIL_SIPI, &apic->mailbox);
	}
	kvm_make_request(KVM_REQ_EVENT, apic->vcpu);
	kvm_vcpu_kick(apic->vcpu);
	return 1;
}

/**
 * kvm_lapic_accept - a message has reached this vCPU's APIC; any context
 * @vcpu: the vCPU
 * @msg: vector, mode, level, assert; where to, was looked at
 *
 * NMI, INIT and SIPI do not ask whether software has enabled the APIC (11.4.7.2). There is no
 * system management mode, and remote reads are no more.
 *
 * Return: 1; 0: it was pending; -1: not taken.
 */
int kvm_lapic_accept(struct kvm_vcpu *vcpu, const struct kvm_apic_message *msg)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (READ_ONCE(apic->regs.mode) == LAPIC_DISABLED)
		return -1;
	switch (msg->mode) {
	case KVM_APIC_FIXED:
	case KVM_APIC_LOWEST:
		return accept_vector(apic, msg);
	case KVM_APIC_NMI:
		kvm_inject_nmi(vcpu);
		return 1;
	case KVM_APIC_INIT:
	case KVM_APIC_STARTUP:
		return accept_mail(apic, msg);
	default:
		return -1;
	}
}

/** kvm_lapic_raise - an interrupt of the APIC's own, as its LVT entry says (11.5.1); any context */
void kvm_lapic_raise(struct kvm_lapic *apic, unsigned int lvt)
{
	u32 value = lapic_get(&apic->regs, lvt);
	struct kvm_apic_message msg = {
		.vector = value & APIC_VECTOR_MASK,
	};

	/* The timer's and the error's entries have no mode: they are fixed. */
	if (lvt != APIC_LVTT && lvt != APIC_LVTERR)
		msg.mode = GET_APIC_DELIVERY_MODE(value);
	if (!(value & APIC_LVT_MASKED))
		kvm_lapic_accept(apic->vcpu, &msg);
}

/* ---- what a write brings about --------------------------------------------------------------- */

/* Must an IOAPIC hear of this vector's EOI? Level-triggered ones have a TMR bit set (11.8.5). */
static bool eoi_is_told(struct kvm_lapic *apic, u8 vector)
{
	if (!lapic_vector_test(&apic->regs, APIC_TMR, vector) &&
	    !test_bit(vector, apic->eoi_vectors))
		return false;
	return !(lapic_get(&apic->regs, APIC_SPIV) & LAPIC_SVR_DIRECTED_EOI);
}

static void lapic_eoi(struct kvm_lapic *apic)
{
	struct kvm_vcpu *vcpu = apic->vcpu;
	int vector = lapic_regs_eoi(&apic->regs);

	if (vector < 0)
		return;
	trace_kvm_eoi(vcpu->id, vector);
	/* The priority fell: what waits may have its turn. */
	if (READ_ONCE(apic->regs.irr_maybe))
		kvm_make_request(KVM_REQ_EVENT, vcpu);
	if (!eoi_is_told(apic, vector))
		return;
	if (vcpu->kvm->arch.irqchip_mode == KVM_IRQCHIP_KERNEL) {
		kvm_ioapic_eoi(vcpu, vector);
	} else {
		apic->eoi_vector = vector;
		kvm_make_request(KVM_REQ_IOAPIC_EOI_EXIT, vcpu);
	}
}

static void lapic_send(struct kvm_lapic *apic)
{
	u32 high = lapic_get(&apic->regs, APIC_ICR2);
	u64 icr = lapic_get(&apic->regs, APIC_ICR) | (u64)high << 32;
	struct kvm_apic_message msg;

	trace_kvm_apic_ipi(icr, high);
	if (!lapic_regs_message(&apic->regs, icr, &msg)) {
		kvm_lapic_raise(apic, APIC_LVTERR);
		return;
	}
	kvm_apic_send(apic->vcpu->kvm, apic->vcpu, &msg);
}

/* The SELF IPI register: fixed, edge-triggered (11.12.11). */
static void lapic_send_self(struct kvm_lapic *apic, u8 vector)
{
	kvm_lapic_accept(apic->vcpu, &(struct kvm_apic_message){ .vector = vector });
}

static void lapic_effects(struct kvm_lapic *apic, u32 effects, u32 value)
{
	if (effects & LAPIC_FX_ERROR)
		kvm_lapic_raise(apic, APIC_LVTERR);
	if (effects & LAPIC_FX_EOI)
		lapic_eoi(apic);
	if (effects & LAPIC_FX_ICR)
		lapic_send(apic);
	if (effects & LAPIC_FX_SELF_IPI)
		lapic_send_self(apic, value);
	if (effects & LAPIC_FX_TIMER_MODE)
		lapic_timer_mode_written(apic);
	if (effects & LAPIC_FX_TIMER_COUNT)
		lapic_timer_count_written(apic);
	if (effects & LAPIC_FX_TIMER_DIVIDE)
		lapic_timer_divide_written(apic);
	if (effects & LAPIC_FX_MAP)
		kvm_lapic_map_update(apic->vcpu->kvm);
	if (effects & LAPIC_FX_EVENT)
		kvm_make_request(KVM_REQ_EVENT, apic->vcpu);
}

static u32 lapic_read(struct kvm_lapic *apic, unsigned int offset, u32 *value)
{
	u32 effects = lapic_regs_read(&apic->regs, offset, value);

	if (offset == APIC_TMCCT && !effects)
		*value = lapic_timer_current(apic);
	trace_kvm_apic_read(offset, *value);
	return effects;
}

static u32 lapic_write(struct kvm_lapic *apic, unsigned int offset, u32 value)
{
	u32 effects = lapic_regs_write(&apic->regs, offset, value);

	trace_kvm_apic_write(offset, value);
	if (effects && effects != LAPIC_FX_FAULT)
		lapic_effects(apic, effects, value);
	return effects;
}

/* ---- the xAPIC's page ------------------------------------------------------------------------ */

/**
 * kvm_lapic_mmio_read - a load from the vCPU's own APIC page
 * @vcpu: the vCPU
 * @gpa: where
 * @len: bytes
 * @data: filled
 *
 * Registers are read by 32-bit loads at their own addresses (11.4.1); of anything else, bytes of a
 * register are given, and zeros beside them.
 *
 * Return: false: it is not the page's, ask the buses.
 */
bool kvm_lapic_mmio_read(struct kvm_vcpu *vcpu, gpa_t gpa, int len, void *data)
{
	struct kvm_lapic *apic = vcpu->arch.apic;
	unsigned int offset = offset_in_page(gpa), at = offset & 15;
	u32 effects, value[8] = {};

	if (!lapic_owns_gpa(apic, gpa))
		return false;
	if ((offset & ~15u) == APIC_TASKPRI)
		kvm_vapic_accessed(vcpu, false);
	effects = lapic_read(apic, offset & ~15u, &value[0]);
	if (effects)
		lapic_effects(apic, effects, 0);
	memcpy(data, (void *)value + at, min_t(int, len, 16));
	return true;
}

/** kvm_lapic_mmio_write - a store to it; returns as kvm_lapic_mmio_read() */
bool kvm_lapic_mmio_write(struct kvm_vcpu *vcpu, gpa_t gpa, int len, const void *data)
{
	struct kvm_lapic *apic = vcpu->arch.apic;
	unsigned int offset = offset_in_page(gpa);
	u32 value;

	if (!lapic_owns_gpa(apic, gpa))
		return false;
	/* Undefined otherwise (11.4.1): nothing happens. */
	if (len < 4 || (offset & 15))
		return true;
	if (offset == APIC_TASKPRI)
		kvm_vapic_accessed(vcpu, true);
	memcpy(&value, data, sizeof(value));
	lapic_write(apic, offset, value);
	return true;
}

/* ---- the MSRs -------------------------------------------------------------------------------- */

/** kvm_lapic_get_msr - RDMSR of an x2APIC register (11.12.1.2); 0, or 1: #GP */
int kvm_lapic_get_msr(struct kvm_vcpu *vcpu, u32 index, u64 *data)
{
	unsigned int offset = (index - KVM_X2APIC_MSR_FIRST) * 16;
	struct kvm_lapic *apic = vcpu->arch.apic;
	u32 value;

	if (apic->regs.mode != LAPIC_X2APIC || lapic_read(apic, offset, &value))
		return 1;
	*data = value;
	if (offset == APIC_ICR)
		*data |= (u64)lapic_get(&apic->regs, APIC_ICR2) << 32;
	return 0;
}

/** kvm_lapic_set_msr - WRMSR of an x2APIC register; 0, or 1: #GP */
int kvm_lapic_set_msr(struct kvm_vcpu *vcpu, u32 index, u64 data)
{
	unsigned int offset = (index - KVM_X2APIC_MSR_FIRST) * 16;
	struct kvm_lapic *apic = vcpu->arch.apic;
	u32 effects;

	if (apic->regs.mode != LAPIC_X2APIC)
		return 1;
	if (offset == APIC_ICR) {
		effects = lapic_regs_write_icr(&apic->regs, data);
		if (effects != LAPIC_FX_FAULT)
			lapic_effects(apic, effects, 0);
		return effects == LAPIC_FX_FAULT;
	}
	if (data >> 32)
		return 1;
	return lapic_write(apic, offset, data) == LAPIC_FX_FAULT;
}

/* An IPI that needs no look at all APICs, nor at an error. */
#define ICR_PLAIN	(APIC_VECTOR_MASK | APIC_INT_ASSERT | 0xffffffff00000000ull)

static bool icr_irqoff(struct kvm_lapic *apic, u64 data)
{
	if ((data & ~ICR_PLAIN) || (data & APIC_VECTOR_MASK) < 16 ||
	    data >> 32 == LAPIC_X2APIC_BROADCAST)
		return false;
	lapic_regs_write_icr(&apic->regs, data);
	lapic_send(apic);
	return true;
}

static bool eoi_irqoff(struct kvm_lapic *apic, u64 data)
{
	int vector = apic->regs.isrv;

	if (data || (vector >= 0 && eoi_is_told(apic, vector)))
		return false;
	lapic_eoi(apic);
	return true;
}

/**
 * kvm_lapic_set_msr_irqoff - the writes that are worth doing before interrupts are on again
 * @vcpu: the vCPU, straight after its exit
 * @index: the MSR
 * @data: the value
 *
 * Return: true: done; false: nothing was done, take the long way.
 */
bool kvm_lapic_set_msr_irqoff(struct kvm_vcpu *vcpu, u32 index, u64 data)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (index == MSR_IA32_TSC_DEADLINE) {
		if (!apic->regs.tsc_deadline)
			return false;
		lapic_timer_set_deadline(apic, data, false);
		return true;
	}
	if (apic->regs.mode != LAPIC_X2APIC)
		return false;
	switch (index) {
	case KVM_X2APIC_MSR_FIRST + APIC_ICR / 16:
		return icr_irqoff(apic, data);
	case KVM_X2APIC_MSR_FIRST + APIC_EOI / 16:
		return eoi_irqoff(apic, data);
	case KVM_X2APIC_MSR_FIRST + APIC_SELF_IPI / 16:
		if (data < 16 || data > 0xff)
			return false;
		lapic_send_self(apic, data);
		return true;
	default:
		return false;
	}
}
