// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt routing table of a VM: from a GSI, which is what ioctls and irqfds name, to pins
 * and messages; and who wants to know when the guest has acknowledged one.
 *
 * A table never changes: kvm->irq_lock guards its replacement and the list of notifiers, readers
 * hold kvm->irq_srcu, which needs no process context. What a route does is the architecture's.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <kvm/arch.h>
#include <kvm/irq.h>
#include "core.h"

/**
 * struct kvm_irq_table - routes, those of one GSI side by side
 * @nr: how many
 * @nr_gsis: the highest GSI that has a route, plus 1
 * @first: of each GSI the index of its first route, and of one more; behind @route
 * @route: the routes, by GSI
 */
struct kvm_irq_table {
	u32 nr;
	u32 nr_gsis;
	u16 *first;
	struct kvm_irq_route route[];
};

/* ---- look-up; irq_srcu held ---- */

static const struct kvm_irq_table *current_table(struct kvm *kvm)
{
	return srcu_dereference(kvm->irq_table, &kvm->irq_srcu);
}

/* How many routes @gsi has; the first goes to @route. */
static unsigned int routes_of(const struct kvm_irq_table *table, u32 gsi,
			      const struct kvm_irq_route **route)
{
	if (!table || gsi >= table->nr_gsis)
		return 0;
	/* Userspace chose it. */
	gsi = array_index_nospec(gsi, table->nr_gsis);
	*route = &table->route[table->first[gsi]];
	return table->first[gsi + 1] - table->first[gsi];
}

/* ---- driving a line ---- */

/* A line that leads to several chips is taken if one of them takes it. */
static int add_result(int sum, int result)
{
	return result < 0 ? sum : max(sum, 0) + result;
}

/**
 * kvm_irq_set - drive a line
 * @kvm: the VM
 * @source: who drives it
 * @gsi: which; one without a route is a line that leads nowhere
 * @level: 1 asserted, 0 not; a message is sent by 1
 *
 * Thread context; the architecture may sleep. Return: > 0 interrupts accepted; 0 coalesced with
 * one that was pending; < 0 masked, or nowhere to go.
 */
int kvm_irq_set(struct kvm *kvm, enum kvm_irq_source source, u32 gsi, int level)
{
	const struct kvm_irq_route *route;
	unsigned int nr;
	int r = -1, idx;

	idx = srcu_read_lock(&kvm->irq_srcu);
	for (nr = routes_of(current_table(kvm), gsi, &route); nr; nr--, route++)
		r = add_result(r, kvm_arch_route_set(kvm, route, source, level));
	srcu_read_unlock(&kvm->irq_srcu, idx);
	return r;
}

/**
 * kvm_irq_send_atomic - send the message that @gsi stands for, from any context but NMI
 * @kvm: the VM
 * @gsi: the line
 *
 * A message is all that its GSI leads to. Pins are left to a thread: an edge is two steps there,
 * and the locks of their chips are not for interrupts to take, since who waits for an
 * acknowledgement is told in thread context.
 *
 * Return: as kvm_irq_set(); -EWOULDBLOCK: nothing was done, call that from a thread.
 */
int kvm_irq_send_atomic(struct kvm *kvm, u32 gsi)
{
	const struct kvm_irq_route *route;
	int r = -EWOULDBLOCK, idx;

	idx = srcu_read_lock(&kvm->irq_srcu);
	if (routes_of(current_table(kvm), gsi, &route) && route->type == KVM_IRQ_ROUTING_MSI)
		r = kvm_arch_msi_send(kvm, route);
	srcu_read_unlock(&kvm->irq_srcu, idx);
	return r;
}

/**
 * kvm_for_each_route - visit the whole table
 * @kvm: the VM
 * @fn: called for each route until it returns non-zero; must not replace the table
 * @data: for @fn
 *
 * Return: what @fn returned, or 0.
 */
int kvm_for_each_route(struct kvm *kvm, int (*fn)(const struct kvm_irq_route *route, void *data),
		       void *data)
{
	const struct kvm_irq_table *table;
	int r = 0, idx;
	u32 i;

	idx = srcu_read_lock(&kvm->irq_srcu);
	table = current_table(kvm);
	for (i = 0; table && i < table->nr && !r; i++)
		r = fn(&table->route[i], data);
	srcu_read_unlock(&kvm->irq_srcu, idx);
	return r;
}

/* ---- replacing the table ---- */

static int check_entry(struct kvm *kvm, const struct kvm_irq_routing_entry *entry)
{
	if (entry->gsi >= KVM_MAX_GSIS || entry->pad)
		return -EINVAL;
	return kvm_arch_route_check(kvm, entry);
}

static void fill_route(struct kvm_irq_route *route, const struct kvm_irq_routing_entry *entry)
{
	route->gsi = entry->gsi;
	route->type = entry->type;
	if (entry->type == KVM_IRQ_ROUTING_IRQCHIP) {
		route->irqchip.chip = entry->u.irqchip.irqchip;
		route->irqchip.pin = entry->u.irqchip.pin;
	} else {
		route->msi.address_lo = entry->u.msi.address_lo;
		route->msi.address_hi = entry->u.msi.address_hi;
		route->msi.data = entry->u.msi.data;
	}
}

static struct kvm_irq_table *alloc_table(u32 nr, u32 nr_gsis)
{
	struct kvm_irq_table *table;

	/* One more index than the table needs when it is done: fill_table() counts ahead. */
	table = kvzalloc(struct_size(table, route, nr) + (nr_gsis + 2) * sizeof(table->first[0]),
			 GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;
	table->nr = nr;
	table->nr_gsis = nr_gsis;
	table->first = (u16 *)&table->route[nr];
	return table;
}

/* Counting sort: while routes are filled in, first[gsi + 1] is where the next one of gsi goes. */
static void fill_table(struct kvm_irq_table *table, const struct kvm_irq_routing_entry *entries)
{
	u16 *next = table->first + 1;
	u32 i;

	for (i = 0; i < table->nr; i++)
		next[entries[i].gsi + 1]++;
	for (i = 0; i < table->nr_gsis; i++)
		next[i + 1] += next[i];
	for (i = 0; i < table->nr; i++)
		fill_route(&table->route[next[entries[i].gsi]++], &entries[i]);
}

/* A message is all that its GSI stands for; a pin may be one of several chips' pins. */
static bool can_share(const struct kvm_irq_route *a, const struct kvm_irq_route *b)
{
	return a->type == KVM_IRQ_ROUTING_IRQCHIP && b->type == KVM_IRQ_ROUTING_IRQCHIP &&
	       a->irqchip.chip != b->irqchip.chip;
}

/* There are a few chips only, so that a GSI with many routes fails within the first of them. */
static bool table_is_consistent(const struct kvm_irq_table *table)
{
	u32 i, j;

	for (i = 0; i < table->nr; i++) {
		for (j = i; j-- && table->route[j].gsi == table->route[i].gsi;) {
			if (!can_share(&table->route[i], &table->route[j]))
				return false;
		}
	}
	return true;
}

static struct kvm_irq_table *make_table(const struct kvm_irq_routing_entry *entries, u32 nr)
{
	struct kvm_irq_table *table;
	u32 i, nr_gsis = 0;

	for (i = 0; i < nr; i++)
		nr_gsis = max(nr_gsis, entries[i].gsi + 1);
	table = alloc_table(nr, nr_gsis);
	if (!table)
		return ERR_PTR(-ENOMEM);
	fill_table(table, entries);
	if (!table_is_consistent(table)) {
		kvfree(table);
		return ERR_PTR(-EINVAL);
	}
	return table;
}

/**
 * kvm_set_irq_routing - replace the table
 * @kvm: the VM; kvm->lock may be held, irq_lock may not
 * @entries: the new routes
 * @nr: how many; 0: no line leads anywhere
 *
 * On return the old routes are not in use any more. May sleep.
 *
 * Return: 0; -EINVAL: too many, a GSI out of range, what the architecture has no chip or message
 * for, or a GSI that leads twice to one chip or to a message and something else; -ENOMEM. After an
 * error the old table is still there.
 */
int kvm_set_irq_routing(struct kvm *kvm, const struct kvm_irq_routing_entry *entries,
			unsigned int nr)
{
	struct kvm_irq_table *new, *old;
	unsigned int i;
	int r;

	if (nr > KVM_MAX_GSIS)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		r = check_entry(kvm, &entries[i]);
		if (r)
			return r;
	}
	new = make_table(entries, nr);
	if (IS_ERR(new))
		return PTR_ERR(new);

	mutex_lock(&kvm->irq_lock);
	old = rcu_replace_pointer(kvm->irq_table, new, lockdep_is_held(&kvm->irq_lock));
	kvm_arch_routes_changed(kvm);
	mutex_unlock(&kvm->irq_lock);
	synchronize_srcu_expedited(&kvm->irq_srcu);
	kvfree(old);
	return 0;
}

/* ---- acknowledgements ---- */

/**
 * kvm_irq_link_ack_notifier - kvm_register_irq_ack_notifier() for who holds irq_lock
 * @kvm: the VM
 * @notifier: filled in
 */
void kvm_irq_link_ack_notifier(struct kvm *kvm, struct kvm_irq_ack_notifier *notifier)
{
	lockdep_assert_held(&kvm->irq_lock);
	hlist_add_head_rcu(&notifier->link, &kvm->irq_ack_notifiers);
	kvm_arch_routes_changed(kvm);
}

/** kvm_irq_unlink_ack_notifier - undo it, irq_lock held; on return nobody is in it. May sleep. */
void kvm_irq_unlink_ack_notifier(struct kvm *kvm, struct kvm_irq_ack_notifier *notifier)
{
	lockdep_assert_held(&kvm->irq_lock);
	hlist_del_init_rcu(&notifier->link);
	synchronize_srcu_expedited(&kvm->irq_srcu);
	kvm_arch_routes_changed(kvm);
}

/**
 * kvm_register_irq_ack_notifier - be told when the guest acknowledges a line
 * @kvm: the VM; irq_lock not held
 * @notifier: gsi and irq_acked are filled in
 *
 * irq_acked() is called in thread context, irq_srcu held and no lock of an interrupt controller,
 * so that it may drive lines.
 */
void kvm_register_irq_ack_notifier(struct kvm *kvm, struct kvm_irq_ack_notifier *notifier)
{
	mutex_lock(&kvm->irq_lock);
	kvm_irq_link_ack_notifier(kvm, notifier);
	mutex_unlock(&kvm->irq_lock);
}

/** kvm_unregister_irq_ack_notifier - undo it; on return irq_acked() is not running. May sleep. */
void kvm_unregister_irq_ack_notifier(struct kvm *kvm, struct kvm_irq_ack_notifier *notifier)
{
	mutex_lock(&kvm->irq_lock);
	kvm_irq_unlink_ack_notifier(kvm, notifier);
	mutex_unlock(&kvm->irq_lock);
}

/* Does @gsi lead to this pin? */
static bool leads_to(const struct kvm_irq_table *table, u32 gsi, unsigned int chip,
		     unsigned int pin)
{
	const struct kvm_irq_route *route;
	unsigned int nr;

	for (nr = routes_of(table, gsi, &route); nr; nr--, route++) {
		if (route->type == KVM_IRQ_ROUTING_IRQCHIP && route->irqchip.chip == chip &&
		    route->irqchip.pin == pin)
			return true;
	}
	return false;
}

#define for_each_ack_notifier(notifier, kvm)						\
	hlist_for_each_entry_srcu(notifier, &(kvm)->irq_ack_notifiers, link,		\
				  srcu_read_lock_held(&(kvm)->irq_srcu))

/**
 * kvm_irq_has_ack_notifier - must somebody be told of the EOI of this pin?
 * @kvm: the VM
 * @chip: KVM_IRQCHIP_*
 * @pin: its pin
 */
bool kvm_irq_has_ack_notifier(struct kvm *kvm, unsigned int chip, unsigned int pin)
{
	struct kvm_irq_ack_notifier *notifier;
	const struct kvm_irq_table *table;
	bool found = false;
	int idx;

	idx = srcu_read_lock(&kvm->irq_srcu);
	table = current_table(kvm);
	for_each_ack_notifier(notifier, kvm) {
		found = leads_to(table, notifier->gsi, chip, pin);
		if (found)
			break;
	}
	srcu_read_unlock(&kvm->irq_srcu, idx);
	return found;
}

/**
 * kvm_irq_notify_acked - the guest has acknowledged what came by this pin: tell who asked
 * @kvm: the VM
 * @chip: KVM_IRQCHIP_*
 * @pin: its pin
 *
 * Thread context; no lock of an interrupt controller is held.
 */
void kvm_irq_notify_acked(struct kvm *kvm, unsigned int chip, unsigned int pin)
{
	struct kvm_irq_ack_notifier *notifier;
	const struct kvm_irq_table *table;
	int idx;

	idx = srcu_read_lock(&kvm->irq_srcu);
	table = current_table(kvm);
	for_each_ack_notifier(notifier, kvm) {
		if (leads_to(table, notifier->gsi, chip, pin))
			notifier->irq_acked(notifier);
	}
	srcu_read_unlock(&kvm->irq_srcu, idx);
}

/* ---- life ---- */

/** kvm_irq_init_vm - an empty table; 0 or -ENOMEM */
int kvm_irq_init_vm(struct kvm *kvm)
{
	mutex_init(&kvm->irq_lock);
	INIT_HLIST_HEAD(&kvm->irq_ack_notifiers);
	INIT_LIST_HEAD(&kvm->irqfds);
	INIT_LIST_HEAD(&kvm->irq_resamplers);
	INIT_LIST_HEAD(&kvm->ioeventfds);
	return init_srcu_struct(&kvm->irq_srcu);
}

/** kvm_irq_destroy_vm - undo it; the VM is gone, its irqfds and notifiers are too */
void kvm_irq_destroy_vm(struct kvm *kvm)
{
	cleanup_srcu_struct(&kvm->irq_srcu);
	/* Nobody else has the VM. */
	kvfree(rcu_dereference_protected(kvm->irq_table, 1));
}
