// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_VAPIC_ADDR: the word of guest memory in which an option ROM keeps the task priority of
 * guests that it has patched.
 *
 * There is no such word here yet: KVM_CAP_VAPIC answers 0. QEMU says at each reset that it has
 * none, whatever the capability is, and is right.
 */
#include "lapic.h"
#include "../x86.h"

/** kvm_vapic_set_addr - KVM_SET_VAPIC_ADDR; 0, or -EINVAL for an address, or without a LAPIC */
int kvm_vapic_set_addr(struct kvm_vcpu *vcpu, const struct kvm_vapic_addr *addr)
{
	return vcpu->arch.apic && !addr->vapic_addr ? 0 : -EINVAL;
}
