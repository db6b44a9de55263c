// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_LAPIC and KVM_SET_LAPIC: the registers, with the timer where it stands (api.rst 4.57,
 * 4.58). Under the vCPU's mutex.
 */
#include "lapic.h"
#include "x86.h"

static bool ids_32bit(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->kvm->arch.x2apic_api) & KVM_X2APIC_API_USE_32BIT_IDS;
}

/** kvm_vcpu_get_lapic - 0; -EINVAL without an APIC in the kernel */
int kvm_vcpu_get_lapic(struct kvm_vcpu *vcpu, struct kvm_lapic_state *state)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (!apic)
		return -EINVAL;
	/* What ran out meanwhile is an interrupt that waits. */
	kvm_lapic_hv_timer_expired(vcpu);
	lapic_regs_save(&apic->regs, state->regs, ids_32bit(vcpu));
	*(u32 *)(state->regs + APIC_TMCCT) = lapic_timer_current(apic);
	return 0;
}

/**
 * kvm_vcpu_set_lapic - the inverse
 * @vcpu: the vCPU, with APIC_BASE set before: the format of the id depends on it
 * @state: the registers
 *
 * Return: 0; -EINVAL and nothing changed: no APIC in the kernel, a reserved bit of TPR, of an LVT
 * entry or the divide configuration, a vector below 16 in service, or the id of another x2APIC.
 */
int kvm_vcpu_set_lapic(struct kvm_vcpu *vcpu, const struct kvm_lapic_state *state)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (!apic || !lapic_regs_restore_valid(&apic->regs, state->regs, ids_32bit(vcpu)))
		return -EINVAL;
	lapic_timer_stop(apic);
	lapic_regs_restore(&apic->regs, state->regs);
	lapic_timer_restore(apic, *(const u32 *)(state->regs + APIC_TMCCT));
	kvm_lapic_map_update(vcpu->kvm);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 0;
}
