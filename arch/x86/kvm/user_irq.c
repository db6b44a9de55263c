// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts for a vCPU from whoever has one: userspace's interrupt controller, the PIC and the
 * local APIC in the kernel.
 *
 * Owns vcpu->arch.user_irq, the one vector that KVM_INTERRUPT has left to be injected, and the
 * fields of kvm_run by which userspace and the vCPU tell each other when the next one may come
 * (api.rst 4.16 and 5). All under vcpu->mutex.
 */
#include "irqchip/lapic.h"
#include "x86.h"

/**
 * kvm_user_irq_queue - KVM_INTERRUPT
 * @vcpu: the vCPU
 * @vector: 0–255
 *
 * In a VM with a split irqchip it is the PIC in userspace that asks, and the vector is what it
 * answers to INTA.
 *
 * Return: 0; -EINVAL for another vector; -ENXIO: the PIC is in the kernel; -EEXIST while one is
 * still waiting.
 */
int kvm_user_irq_queue(struct kvm_vcpu *vcpu, u32 vector)
{
	if (vector > 255)
		return -EINVAL;
	if (vcpu->kvm->arch.irqchip_mode == KVM_IRQCHIP_KERNEL)
		return -ENXIO;
	if (vcpu->arch.user_irq >= 0)
		return -EEXIST;
	vcpu->arch.user_irq = vector;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 0;
}

/**
 * kvm_user_irq_restore - the interrupt that a saved state had in delivery
 * @vcpu: the vCPU
 * @vector: 0–255, or -1: none
 *
 * The two ways state is restored (SREGS' interrupt_bitmap and VCPU_EVENTS) name the same interrupt,
 * so the last one wins and nothing is queued twice. What an APIC in the kernel has handed over is
 * in service there already, and goes to the CPU whatever IF says.
 */
void kvm_user_irq_restore(struct kvm_vcpu *vcpu, int vector)
{
	vcpu->arch.interrupt.injected = false;
	vcpu->arch.user_irq = -1;
	if (vcpu->arch.apic && vector >= 0)
		kvm_queue_interrupt(vcpu, vector, false);
	else
		vcpu->arch.user_irq = vector;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/** kvm_user_irq_pending - the vector that waits or is in delivery, or -1 */
int kvm_user_irq_pending(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.interrupt.injected && !vcpu->arch.interrupt.soft)
		return vcpu->arch.interrupt.nr;
	return vcpu->arch.user_irq;
}

/* Can an interrupt of userspace's PIC reach the CPU? Its INTR goes to LINT0 if there is an APIC. */
static bool user_pic_is_heard(struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.apic)
		return true;
	return vcpu->kvm->arch.irqchip_mode == KVM_IRQCHIP_SPLIT &&
	       lapic_regs_takes_pic(&vcpu->arch.apic->regs);
}

/** kvm_user_irq_ready - would KVM_INTERRUPT now be injected at the next entry? */
bool kvm_user_irq_ready(struct kvm_vcpu *vcpu)
{
	return user_pic_is_heard(vcpu) && vcpu->arch.user_irq < 0 &&
	       !vcpu->arch.exception.pending && !kvm_event_needs_reinjection(vcpu) &&
	       kvm_x86_call(interrupt_allowed)(vcpu);
}

/**
 * __kvm_user_irq_window_wanted - userspace asked to be told: is there room for its vector?
 * @vcpu: the vCPU
 *
 * Not while LINT0 is masked: a window that nobody uses would be asked for again before the guest's
 * next instruction, and never let it get there.
 */
bool __kvm_user_irq_window_wanted(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.user_irq < 0 && user_pic_is_heard(vcpu);
}

/**
 * kvm_user_irq_sync_run - fill the interrupt fields of kvm_run, on the way out of KVM_RUN
 * @vcpu: the vCPU
 */
void kvm_user_irq_sync_run(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	run->if_flag = kvm_x86_call(get_if_flag)(vcpu);
	run->cr8 = kvm_get_cr8(vcpu);
	run->apic_base = vcpu->arch.apic_base;
	run->ready_for_interrupt_injection = vcpu->kvm->arch.irqchip_mode == KVM_IRQCHIP_KERNEL ||
					     kvm_user_irq_ready(vcpu);
	run->flags = 0;
}

/* ---- who has an interrupt? ------------------------------------------------------------------- */

static bool pic_has_irq(struct kvm_vcpu *vcpu)
{
	return vcpu->kvm->arch.irqchip_mode == KVM_IRQCHIP_KERNEL &&
	       lapic_regs_takes_pic(&vcpu->arch.apic->regs) && kvm_pic_has_irq(vcpu->kvm);
}

/** kvm_irq_maybe - false: no interrupt waits for the vCPU; true: kvm_irq_pending() knows */
bool kvm_irq_maybe(struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.apic)
		return vcpu->arch.user_irq >= 0;
	return READ_ONCE(vcpu->arch.apic->regs.irr_maybe) || vcpu->arch.user_irq >= 0 ||
	       lapic_regs_takes_pic(&vcpu->arch.apic->regs);
}

/** kvm_irq_pending - is there an interrupt that the CPU would take if IF let it? */
bool kvm_irq_pending(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.user_irq >= 0)
		return true;
	if (!vcpu->arch.apic)
		return false;
	return lapic_regs_pending(&vcpu->arch.apic->regs) >= 0 || pic_has_irq(vcpu);
}

/**
 * kvm_irq_take - the CPU takes it: its vector, which the controller now has in service; -1: none
 * @vcpu: the vCPU
 *
 * An ExtINT has no priority of its own: it is not kept back by the APIC's (SDM 11.8.1), and goes
 * first.
 */
int kvm_irq_take(struct kvm_vcpu *vcpu)
{
	int vector = vcpu->arch.user_irq;

	if (vector >= 0) {
		vcpu->arch.user_irq = -1;
		return vector;
	}
	if (!vcpu->arch.apic)
		return -1;
	if (pic_has_irq(vcpu))
		return kvm_pic_ack_irq(vcpu->kvm);
	vector = lapic_regs_pending(&vcpu->arch.apic->regs);
	if (vector >= 0)
		lapic_regs_take(&vcpu->arch.apic->regs, vector);
	return vector;
}

/** kvm_irq_update_cr8 - must a fall of the task priority exit? When something waits behind it */
void kvm_irq_update_cr8(struct kvm_vcpu *vcpu)
{
	int irr = lapic_regs_irr(&vcpu->arch.apic->regs);

	kvm_x86_call(update_cr8_intercept)(vcpu, lapic_regs_tpr(&vcpu->arch.apic->regs) >> 4,
					   irr < 0 ? -1 : irr >> 4);
}
