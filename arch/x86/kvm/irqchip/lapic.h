/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's local APIC: what its files share, and what the run loop may ask of them.
 *
 * Tags: (o) set once · (v) the vCPU's thread, vcpu->mutex held · (a) atomic, any thread. Unless a
 * line says otherwise the vCPU has an APIC in the kernel (vcpu->arch.apic).
 */
#ifndef __KVM_LAPIC_H
#define __KVM_LAPIC_H

#include <linux/hrtimer.h>
#include <linux/jump_label_ratelimit.h>
#include <kvm/arch.h>
#include "lapic_regs.h"

#define KVM_X2APIC_MSR_FIRST	0x800
#define KVM_X2APIC_MSR_LAST	0x8ff

/* Bits of kvm_lapic.mailbox: signals that wait until the vCPU's thread looks. */
#define LAPIC_MAIL_INIT		0
#define LAPIC_MAIL_SIPI		1

/**
 * struct lapic_timer - the APIC's timer on a timer of the host
 * @hrtimer: expires when the guest's does; its handler runs in hard interrupt context. Its expiry
 *   is the end of the count also while hardware's timer runs instead
 * @period_ns: from a write of the initial count to the end of the count (v)
 * @deadline: MSR IA32_TSC_DEADLINE, 0: not armed; the handler clears it (v) (a)
 * @cycle_ns: nanoseconds for one count: the bus cycle times the divisor (v)
 * @hv: it runs on hardware's timer, and the hrtimer does not (v)
 */
struct lapic_timer {
	struct hrtimer hrtimer;
	u64 period_ns;
	u64 deadline;
	u32 cycle_ns;
	bool hv;
};

/**
 * struct kvm_lapic - one local APIC
 * @regs: the registers, under rules of their own
 * @vcpu: whose it is (o)
 * @timer: see above
 * @mailbox: LAPIC_MAIL_* (a)
 * @sipi_vector: of the last SIPI (a): written before the mailbox's bit
 * @eoi_vector: what KVM_EXIT_IOAPIC_EOI will say (v)
 * @unhalted: KVM_HC_KICK_CPU came: the next HLT, or the one that waits, ends (a)
 * @eoi_vectors: vectors of which the IOAPIC wants to hear, other than by TMR (v)
 */
struct kvm_lapic {
	struct lapic_regs regs;
	struct kvm_vcpu *vcpu;
	struct lapic_timer timer;
	unsigned long mailbox;
	u8 sipi_vector;
	u8 eoi_vector;
	bool unhalted;
	DECLARE_BITMAP(eoi_vectors, 256);
};

/* ---- lapic.c: life, registers ---- */
int kvm_lapic_create(struct kvm_vcpu *vcpu);	/* nothing without an irqchip in the kernel */
void kvm_lapic_free(struct kvm_vcpu *vcpu);	/* with or without an APIC */
void kvm_lapic_reset(struct kvm_vcpu *vcpu);	/* RESET and INIT */
int kvm_lapic_get_msr(struct kvm_vcpu *vcpu, u32 index, u64 *data);	/* 0 or 1: #GP */
int kvm_lapic_set_msr(struct kvm_vcpu *vcpu, u32 index, u64 data);
bool kvm_lapic_set_msr_irqoff(struct kvm_vcpu *vcpu, u32 index, u64 data);
bool kvm_lapic_mmio_read(struct kvm_vcpu *vcpu, gpa_t gpa, int len, void *data);
bool kvm_lapic_mmio_write(struct kvm_vcpu *vcpu, gpa_t gpa, int len, const void *data);
int kvm_lapic_accept(struct kvm_vcpu *vcpu, const struct kvm_apic_message *msg);
void kvm_lapic_raise(struct kvm_lapic *apic, unsigned int lvt);

/* ---- lapic_state.c: the ioctls ---- */
int kvm_vcpu_get_lapic(struct kvm_vcpu *vcpu, struct kvm_lapic_state *state);
int kvm_vcpu_set_lapic(struct kvm_vcpu *vcpu, const struct kvm_lapic_state *state);

/* ---- vapic.c ---- */
int kvm_vapic_set_addr(struct kvm_vcpu *vcpu, const struct kvm_vapic_addr *addr);
void kvm_vapic_free(struct kvm_vcpu *vcpu);
int kvm_vapic_set_reporting(struct kvm_vcpu *vcpu, const struct kvm_tpr_access_ctl *ctl);
void kvm_vapic_accessed(struct kvm_vcpu *vcpu, bool write);
int kvm_vapic_report(struct kvm_vcpu *vcpu);
void kvm_vapic_store(struct kvm_vcpu *vcpu);
void kvm_vapic_load(struct kvm_vcpu *vcpu);
void kvm_vapic_module_exit(void);

extern struct static_key_false_deferred kvm_vapic_used;

/* ---- lapic_timer.c ---- */
void lapic_timer_init(struct kvm_lapic *apic);
void lapic_timer_stop(struct kvm_lapic *apic);
void lapic_timer_reset(struct kvm_lapic *apic);
void lapic_timer_count_written(struct kvm_lapic *apic);
void lapic_timer_mode_written(struct kvm_lapic *apic);
void lapic_timer_divide_written(struct kvm_lapic *apic);
void lapic_timer_restore(struct kvm_lapic *apic, u32 count);
u32 lapic_timer_current(struct kvm_lapic *apic);
u64 lapic_timer_deadline(struct kvm_lapic *apic);
void lapic_timer_set_deadline(struct kvm_lapic *apic, u64 deadline, bool host_initiated);
void kvm_lapic_timer_load(struct kvm_vcpu *vcpu, int cpu);	/* preemption off */
void kvm_lapic_timer_wait(struct kvm_vcpu *vcpu);
void kvm_lapic_timer_run(struct kvm_vcpu *vcpu);

/* ---- delivery.c ---- */
void kvm_lapic_map_update(struct kvm *kvm);	/* may sleep */
void kvm_lapic_map_free(struct kvm *kvm);

/* ---- mp_state.c: INIT, SIPI, HLT; with or without an APIC ---- */
bool kvm_is_boot_cpu(struct kvm_vcpu *vcpu);
void kvm_mp_init(struct kvm_vcpu *vcpu);
void kvm_mp_process_mail(struct kvm_vcpu *vcpu);
bool kvm_mp_wakes(struct kvm_vcpu *vcpu);
void kvm_mp_wake(struct kvm_vcpu *vcpu);
void kvm_mp_unhalt(struct kvm *kvm, u32 apic_id);

static inline bool kvm_mp_has_mail(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.apic && READ_ONCE(vcpu->arch.apic->mailbox);
}

#endif
