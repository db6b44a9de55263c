// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of the x86 part of a vCPU: created, loaded on a CPU, reset, freed.
 *
 * The ioctls on it are in vcpu_ioctl.c, what KVM_RUN does in run.c. Each piece of state is made and
 * freed by the file that owns it; this one knows only their order.
 */
#include <linux/gfp.h>
#include "irqchip/lapic.h"
#include "x86.h"

/** kvm_arch_vcpu_precreate - may there be a vCPU with this @id? kvm->lock held; 0 or -EINVAL */
int kvm_arch_vcpu_precreate(struct kvm *kvm, u32 id)
{
	if (kvm->arch.max_vcpu_id && id >= kvm->arch.max_vcpu_id)
		return -EINVAL;
	return 0;
}

/*
 * The register state after RESET or INIT that both vendors share: SDM table 9-1, APM2 table 14-1.
 * INIT keeps CD and NW of CR0; and FPU, MSRs and such as their owners know.
 */
static void reset_registers(struct kvm_vcpu *vcpu, bool init_event)
{
	unsigned long cr0 = X86_CR0_ET;
	u32 eax = 1, ebx = 0, ecx = 0, edx = 0;

	cr0 |= init_event ? kvm_read_cr0(vcpu) & (X86_CR0_CD | X86_CR0_NW) :
			    X86_CR0_CD | X86_CR0_NW;
	memset(vcpu->arch.regs, 0, sizeof(vcpu->arch.regs));
	kvm_reg_mark_dirty(vcpu, VCPU_REGS_RSP);
	/*
	 * EDX holds the signature that CPUID leaf 1 gives; 0x600 stands for "some P6" without one.
	 */
	kvm_cpuid(vcpu, &eax, &ebx, &ecx, &edx);
	kvm_rdx_write(vcpu, eax ?: 0x600);
	kvm_rip_write(vcpu, 0xfff0);
	kvm_x86_call(set_rflags)(vcpu, X86_EFLAGS_FIXED);
	vcpu->arch.cr2 = 0;
	vcpu->arch.cr3 = 0;
	kvm_reg_mark_dirty(vcpu, VCPU_EXREG_CR3);
	vcpu->arch.cr8 = 0;
	kvm_x86_call(set_cr0)(vcpu, cr0);
	kvm_x86_call(set_cr4)(vcpu, 0);
	kvm_x86_call(set_efer)(vcpu, 0);
}

static void reset_segments(struct kvm_vcpu *vcpu)
{
	struct desc_ptr table = { .address = 0, .size = 0xffff };
	struct kvm_segment data = { .limit = 0xffff, .type = 3, .s = 1, .present = 1 };
	struct kvm_segment code = data, system = data;
	int seg;

	for (seg = VCPU_SREG_ES; seg <= VCPU_SREG_GS; seg++)
		if (seg != VCPU_SREG_CS)
			kvm_x86_call(set_segment)(vcpu, &data, seg);
	code.selector = 0xf000;
	code.base = 0xffff0000;
	code.type = 11;
	kvm_x86_call(set_segment)(vcpu, &code, VCPU_SREG_CS);
	system.s = 0;
	system.type = 2;	/* LDT */
	kvm_x86_call(set_segment)(vcpu, &system, VCPU_SREG_LDTR);
	system.type = 11;	/* busy 32-bit TSS */
	kvm_x86_call(set_segment)(vcpu, &system, VCPU_SREG_TR);
	kvm_x86_call(set_gdt)(vcpu, &table);
	kvm_x86_call(set_idt)(vcpu, &table);
}

static void reset_events(struct kvm_vcpu *vcpu)
{
	kvm_clear_event_queues(vcpu);
	vcpu->arch.user_irq = -1;
	vcpu->arch.nmi_pending = 0;
	atomic_set(&vcpu->arch.nmi_queued, 0);
	kvm_x86_call(set_interrupt_shadow)(vcpu, 0);
	kvm_x86_call(set_nmi_mask)(vcpu, false);
}

/**
 * kvm_vcpu_reset - RESET, or INIT when @init_event
 * @vcpu: loaded, mutex held
 * @init_event: INIT keeps what SDM table 9-1's third column says it keeps
 */
void kvm_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	kvm_x86_call(vcpu_reset)(vcpu, init_event);
	reset_events(vcpu);
	reset_registers(vcpu, init_event);
	reset_segments(vcpu);
	kvm_debug_reset(vcpu);
	kvm_fpu_reset(vcpu, init_event);
	kvm_msr_reset(vcpu, init_event);
	if (vcpu->arch.apic)
		kvm_lapic_reset(vcpu);
	kvm_x86_call(update_exception_bitmap)(vcpu);
	kvm_mmu_reset_context(vcpu);
	/* SDM 4.10.4.1: RESET and INIT leave nothing in the TLBs. */
	kvm_make_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu);
}
EXPORT_SYMBOL_GPL(kvm_vcpu_reset);

static int vcpu_create_parts(struct kvm_vcpu *vcpu)
{
	int r;

	r = kvm_mmu_create(vcpu);
	if (r)
		return r;
	r = kvm_emulator_create(vcpu);
	if (r)
		goto out_mmu;
	r = kvm_fpu_create(vcpu);
	if (r)
		goto out_emulator;
	r = kvm_mce_create(vcpu);
	if (r)
		goto out_fpu;
	r = kvm_x86_call(vcpu_create)(vcpu);
	if (r)
		goto out_mce;
	r = kvm_tsc_create(vcpu);
	if (r)
		goto out_vendor;
	r = kvm_lapic_create(vcpu);
	if (r)
		goto out_vendor;
	return 0;

out_vendor:
	kvm_x86_call(vcpu_free)(vcpu);
out_mce:
	kvm_mce_free(vcpu);
out_fpu:
	kvm_fpu_free(vcpu);
out_emulator:
	kvm_emulator_destroy(vcpu);
out_mmu:
	kvm_mmu_destroy(vcpu);
	return r;
}

/**
 * kvm_arch_vcpu_create - make the x86 part and put it in its power-on state
 * @vcpu: zeroed but for the core's fields; nobody else sees it yet
 *
 * Return: 0 or -ENOMEM, with everything undone.
 */
int kvm_arch_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct page *page;
	int r;

	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	vcpu->arch.pio_data = page_address(page);
	vcpu->arch.regs_avail = ~0;
	vcpu->arch.regs_dirty = ~0;
	vcpu->arch.user_irq = -1;
	vcpu->arch.apic_base = APIC_DEFAULT_PHYS_BASE | MSR_IA32_APICBASE_ENABLE;
	if (kvm_is_boot_cpu(vcpu))
		vcpu->arch.apic_base |= MSR_IA32_APICBASE_BSP;
	kvm_cpuid_init(vcpu);
	kvm_msr_init(vcpu);
	r = vcpu_create_parts(vcpu);
	if (r) {
		free_page((unsigned long)vcpu->arch.pio_data);
		return r;
	}
	kvm_mp_init(vcpu);
	vcpu_load(vcpu);
	kvm_vcpu_reset(vcpu, false);
	vcpu_put(vcpu);
	return 0;
}

/** kvm_arch_vcpu_postcreate - the vCPU is online: interrupts find it from now on */
void kvm_arch_vcpu_postcreate(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.apic)
		kvm_lapic_map_update(vcpu->kvm);
}

/** kvm_arch_vcpu_destroy - free the x86 part; no thread uses the vCPU any more */
void kvm_arch_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	kvm_vapic_free(vcpu);
	kvm_lapic_free(vcpu);
	kvm_x86_call(vcpu_free)(vcpu);
	kvm_mce_free(vcpu);
	kvm_fpu_free(vcpu);
	kvm_emulator_destroy(vcpu);
	kvm_mmu_destroy(vcpu);
	kvm_cpuid_free(vcpu);
	free_page((unsigned long)vcpu->arch.pio_data);
}

/** kvm_arch_vcpu_load - the vCPU's thread is on @cpu now; preemption disabled */
void kvm_arch_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	kvm_x86_call(vcpu_load)(vcpu, cpu);
	kvm_tsc_vcpu_load(vcpu, cpu);
	if (vcpu->arch.apic)
		kvm_lapic_timer_load(vcpu, cpu);
}

/** kvm_arch_vcpu_put - and leaves it; preemption disabled */
void kvm_arch_vcpu_put(struct kvm_vcpu *vcpu)
{
	kvm_tsc_vcpu_put(vcpu);
	kvm_x86_call(vcpu_put)(vcpu);
}

void kvm_arch_sched_in(struct kvm_vcpu *vcpu, int cpu)
{
	kvm_x86_call(sched_in)(vcpu, cpu);
}
