// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a vCPU runs: halted, waiting for INIT or SIPI, or running; what wakes it (SDM 9.4; APM2
 * 15.27 is not concerned). Owns vcpu->arch.mp_state; under the vCPU's mutex. Without an irqchip in
 * the kernel userspace keeps the state, and a vCPU is always runnable here.
 */
#include "lapic.h"
#include "x86.h"

/** kvm_is_boot_cpu - is it the one that KVM_SET_BOOT_CPU_ID named, or vCPU 0? */
bool kvm_is_boot_cpu(struct kvm_vcpu *vcpu)
{
	return vcpu->id == vcpu->kvm->arch.boot_cpu_id;
}

/** kvm_mp_init - a new vCPU: application processors wait for INIT and SIPI */
void kvm_mp_init(struct kvm_vcpu *vcpu)
{
	vcpu->arch.mp_state = KVM_MP_STATE_RUNNABLE;
	if (vcpu->arch.apic && !kvm_is_boot_cpu(vcpu))
		vcpu->arch.mp_state = KVM_MP_STATE_UNINITIALIZED;
}

/* 9.4.3: the vector is the page where real mode begins. */
static void mp_start(struct kvm_vcpu *vcpu, u8 vector)
{
	struct kvm_segment cs;

	kvm_x86_call(get_segment)(vcpu, &cs, VCPU_SREG_CS);
	cs.selector = vector << 8;
	cs.base = vector << 12;
	kvm_x86_call(set_segment)(vcpu, &cs, VCPU_SREG_CS);
	kvm_rip_write(vcpu, 0);
	vcpu->arch.mp_state = KVM_MP_STATE_RUNNABLE;
}

/**
 * kvm_mp_process_mail - the INIT and SIPI that have come since the last look
 * @vcpu: the vCPU
 *
 * An INIT threw away the SIPIs before it, so that one after it is all there can be. To a CPU that
 * does not wait for it a SIPI says nothing (9.4.3). Nothing blocks INIT: there is no SMM, no VMX
 * operation and no GIF in guests.
 */
void kvm_mp_process_mail(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;
	unsigned long mail = xchg(&apic->mailbox, 0);

	if (mail & BIT(LAPIC_MAIL_INIT)) {
		kvm_vcpu_reset(vcpu, true);
		kvm_lapic_map_update(vcpu->kvm);
		vcpu->arch.mp_state = kvm_is_boot_cpu(vcpu) ? KVM_MP_STATE_RUNNABLE :
							       KVM_MP_STATE_INIT_RECEIVED;
	}
	if ((mail & BIT(LAPIC_MAIL_SIPI)) &&
	    vcpu->arch.mp_state == KVM_MP_STATE_INIT_RECEIVED)
		mp_start(vcpu, READ_ONCE(apic->sipi_vector));
}

/* What the run loop must look at, whether the vCPU waits or not. */
static bool mp_has_requests(struct kvm_vcpu *vcpu)
{
	const unsigned long requests = BIT(KVM_REQ_VM_DEAD) | BIT(KVM_REQ_TRIPLE_FAULT) |
				       BIT(KVM_REQ_NMI) | BIT(KVM_REQ_IOAPIC_EOI_EXIT) |
				       BIT(KVM_REQ_UNBLOCK);

	return READ_ONCE(vcpu->requests) & requests;
}

/* What ends a HLT: an NMI, or an interrupt that IF lets through (SDM vol. 2, HLT). */
static bool mp_has_event(struct kvm_vcpu *vcpu)
{
	if (kvm_event_needs_reinjection(vcpu) || vcpu->arch.exception.pending)
		return true;
	if (vcpu->arch.nmi_pending && kvm_x86_call(nmi_allowed)(vcpu))
		return true;
	return kvm_irq_pending(vcpu) && kvm_x86_call(interrupt_allowed)(vcpu);
}

/** kvm_mp_wakes - is there any reason why a vCPU that is not runnable should not wait on? */
bool kvm_mp_wakes(struct kvm_vcpu *vcpu)
{
	/* The last mail may have started it. */
	if (vcpu->arch.mp_state == KVM_MP_STATE_RUNNABLE)
		return true;
	if (mp_has_requests(vcpu) || kvm_mp_has_mail(vcpu))
		return true;
	if (vcpu->arch.mp_state != KVM_MP_STATE_HALTED)
		return false;
	return READ_ONCE(vcpu->arch.apic->unhalted) || mp_has_event(vcpu) ||
	       (kvm_user_irq_window_wanted(vcpu) && kvm_user_irq_ready(vcpu));
}

/** kvm_mp_wake - the wait has ended: is the HLT over as well? */
void kvm_mp_wake(struct kvm_vcpu *vcpu)
{
	kvm_clear_request(KVM_REQ_UNBLOCK, vcpu);
	if (kvm_mp_has_mail(vcpu))
		kvm_mp_process_mail(vcpu);
	if (vcpu->arch.mp_state != KVM_MP_STATE_HALTED)
		return;
	if (!READ_ONCE(vcpu->arch.apic->unhalted) && !mp_has_event(vcpu))
		return;
	WRITE_ONCE(vcpu->arch.apic->unhalted, false);
	vcpu->arch.mp_state = KVM_MP_STATE_RUNNABLE;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/**
 * kvm_mp_unhalt - KVM_HC_KICK_CPU: end the HLT of another vCPU, or the next one it executes
 * @kvm: the VM
 * @apic_id: which; nobody's: nothing happens
 *
 * A guest's ticket lock was given to a vCPU that halted while it waited for it: it should run now.
 */
void kvm_mp_unhalt(struct kvm *kvm, u32 apic_id)
{
	struct kvm_apic_message msg = { .dest = apic_id, .x2apic = true };
	struct kvm_vcpu *vcpu;
	int i;

	if (apic_id == LAPIC_X2APIC_BROADCAST)
		return;
	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (!vcpu->arch.apic || !lapic_regs_match(&vcpu->arch.apic->regs, &msg, false))
			continue;
		WRITE_ONCE(vcpu->arch.apic->unhalted, true);
		kvm_vcpu_kick(vcpu);
		kvm_vcpu_yield_to(vcpu);
		return;
	}
}

/**
 * kvm_vcpu_get_mp_state - KVM_GET_MP_STATE (api.rst 4.38)
 * @vcpu: the vCPU
 * @state: filled
 *
 * Mail is opened first, so that nothing is left out of a saved state: registers may change by it.
 */
int kvm_vcpu_get_mp_state(struct kvm_vcpu *vcpu, struct kvm_mp_state *state)
{
	if (kvm_mp_has_mail(vcpu))
		kvm_mp_process_mail(vcpu);
	state->mp_state = vcpu->arch.mp_state;
	return 0;
}

static bool mp_state_valid(struct kvm_vcpu *vcpu, u32 state)
{
	if (!vcpu->arch.apic)
		return state == KVM_MP_STATE_RUNNABLE;
	return state <= KVM_MP_STATE_SIPI_RECEIVED;
}

/**
 * kvm_vcpu_set_mp_state - KVM_SET_MP_STATE (api.rst 4.39)
 * @vcpu: the vCPU
 * @state: the state
 *
 * SIPI_RECEIVED: the vCPU waits for SIPI and has one, of the vector that KVM_SET_VCPU_EVENTS gave.
 *
 * Return: 0; -EINVAL for a state that does not exist, and for any but RUNNABLE without an irqchip
 * in the kernel: a vCPU that nothing in the kernel can wake must not sleep there.
 */
int kvm_vcpu_set_mp_state(struct kvm_vcpu *vcpu, const struct kvm_mp_state *state)
{
	u32 new = state->mp_state;

	if (!mp_state_valid(vcpu, new))
		return -EINVAL;
	if (new == KVM_MP_STATE_SIPI_RECEIVED) {
		new = KVM_MP_STATE_INIT_RECEIVED;
		set_bit(LAPIC_MAIL_SIPI, &vcpu->arch.apic->mailbox);
	}
	vcpu->arch.mp_state = new;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 0;
}
