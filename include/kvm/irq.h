/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt lines of a VM (GSIs), where they lead, and the eventfds that drive them.
 *
 * The routing table is immutable once published: kvm->irq_lock guards its replacement, readers hold
 * kvm->irq_srcu. What a route means belongs to the architecture (kvm_arch_route_*).
 */
#ifndef __KVM_IRQ_H
#define __KVM_IRQ_H

#include <linux/kvm.h>
#include <linux/list.h>
#include <kvm/types.h>

/* GSIs are 0 … KVM_MAX_GSIS - 1, and a table has at most as many routes (KVM_CAP_IRQ_ROUTING). */
#define KVM_MAX_GSIS		4096

/*
 * Who drives a line. A level line is high while any of its sources asserts it, so that one device
 * that shares it cannot take away what another still asks for.
 */
enum kvm_irq_source {
	KVM_IRQ_SOURCE_USERSPACE,	/* KVM_IRQ_LINE, KVM_IRQFD */
	KVM_IRQ_SOURCE_RESAMPLE,	/* resampling irqfds */
	KVM_IRQ_SOURCE_PIT,
	KVM_NR_IRQ_SOURCES
};

/**
 * struct kvm_irq_route - where one GSI leads; several routes may share a GSI
 * @gsi: the line
 * @type: KVM_IRQ_ROUTING_IRQCHIP or KVM_IRQ_ROUTING_MSI
 */
struct kvm_irq_route {
	u32 gsi;
	u32 type;
	union {
		struct {
			u32 chip;	/* KVM_IRQCHIP_* */
			u32 pin;
		} irqchip;
		struct {
			u32 address_lo;
			u32 address_hi;
			u32 data;
		} msi;
	};
};

/*
 * Told when the guest has acknowledged the interrupt of @gsi. Called in thread context, irq_srcu
 * held, and no lock of an interrupt controller: it may drive lines.
 */
struct kvm_irq_ack_notifier {
	struct hlist_node link;
	u32 gsi;
	void (*irq_acked)(struct kvm_irq_ack_notifier *notifier);
};

/*
 * irq_routing.c. Results of kvm_irq_set(): > 0 interrupts accepted; 0 coalesced with one that was
 * pending; < 0: masked or nowhere to go, or an errno.
 */
int kvm_irq_set(struct kvm *kvm, enum kvm_irq_source source, u32 gsi, int level);
int kvm_set_irq_routing(struct kvm *kvm, const struct kvm_irq_routing_entry *entries,
			unsigned int nr);
/*
 * Calls @fn for each route until it returns non-zero; irq_srcu is taken inside. Return: that value
 * or 0.
 */
int kvm_for_each_route(struct kvm *kvm, int (*fn)(const struct kvm_irq_route *route, void *data),
		       void *data);
void kvm_register_irq_ack_notifier(struct kvm *kvm, struct kvm_irq_ack_notifier *notifier);
void kvm_unregister_irq_ack_notifier(struct kvm *kvm, struct kvm_irq_ack_notifier *notifier);
bool kvm_irq_has_ack_notifier(struct kvm *kvm, unsigned int chip, unsigned int pin);
void kvm_irq_notify_acked(struct kvm *kvm, unsigned int chip, unsigned int pin);
int kvm_irq_init_vm(struct kvm *kvm);
void kvm_irq_destroy_vm(struct kvm *kvm);

/* irqfd.c */
int kvm_irqfd(struct kvm *kvm, const struct kvm_irqfd *args);
void kvm_irqfd_release(struct kvm *kvm);	/* the VM fd is closed */

/* ioeventfd.c */
int kvm_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *args);

/*
 * The architecture's part. check: may this entry be in the VM's table (-EINVAL)? set: act on one
 * route; results as kvm_irq_set(). changed: the table or the list of ack notifiers is another one;
 * irq_lock held.
 */
bool kvm_arch_irqchip_in_kernel(struct kvm *kvm);	/* whole or split */
bool kvm_arch_irq_acks_in_kernel(struct kvm *kvm);	/* do pins tell of their EOI? */
int kvm_arch_route_check(struct kvm *kvm, const struct kvm_irq_routing_entry *entry);
int kvm_arch_route_set(struct kvm *kvm, const struct kvm_irq_route *route,
		       enum kvm_irq_source source, int level);
int kvm_arch_msi_send(struct kvm *kvm, const struct kvm_irq_route *route);
void kvm_arch_routes_changed(struct kvm *kvm);

#endif
