// SPDX-License-Identifier: GPL-2.0-only
/*
 * No interrupt controller in the kernel: what the core hears until irqchip.c answers in its place,
 * by strong symbols. This file goes with the merge of that one.
 */
#include "irqchip.h"

bool __weak kvm_arch_irqchip_in_kernel(struct kvm *kvm)
{
	return false;
}

int __weak kvm_arch_route_check(struct kvm *kvm, const struct kvm_irq_routing_entry *entry)
{
	return -EINVAL;
}

int __weak kvm_arch_route_set(struct kvm *kvm, const struct kvm_irq_route *route,
			      enum kvm_irq_source source, int level)
{
	return -1;
}

int __weak kvm_arch_route_set_atomic(struct kvm *kvm, const struct kvm_irq_route *route,
				     enum kvm_irq_source source, int level)
{
	return -1;
}

void __weak kvm_arch_routes_changed(struct kvm *kvm)
{
}
