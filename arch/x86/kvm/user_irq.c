// SPDX-License-Identifier: GPL-2.0-only
/*
 * The userspace interrupt controller's side of a vCPU.
 *
 * Owns vcpu->arch.user_irq, the one vector that KVM_INTERRUPT has left to be injected, and the
 * fields of kvm_run by which userspace and the vCPU tell each other when the next one may come
 * (api.rst 4.16 and 5). All under vcpu->mutex.
 */
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
 * so the last one wins and nothing is queued twice.
 */
void kvm_user_irq_restore(struct kvm_vcpu *vcpu, int vector)
{
	vcpu->arch.interrupt.injected = false;
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

/** kvm_user_irq_ready - would KVM_INTERRUPT now be injected at the next entry? */
bool kvm_user_irq_ready(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.user_irq < 0 && !vcpu->arch.exception.pending &&
	       !kvm_event_needs_reinjection(vcpu) && kvm_x86_call(interrupt_allowed)(vcpu);
}

/** kvm_user_irq_window_wanted - userspace asked to be told, and there is room for its vector */
bool kvm_user_irq_window_wanted(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->run->request_interrupt_window) && vcpu->arch.user_irq < 0;
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
	run->ready_for_interrupt_injection = kvm_user_irq_ready(vcpu);
	run->flags = 0;
}
