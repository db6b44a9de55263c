// SPDX-License-Identifier: GPL-2.0-only
/*
 * The routing table against a plain list of what was put into it, the results of lines with
 * several routes, and acknowledgements.
 */
#include <kvm/irq.h>
#include <unit_test.h>
#include "../../../../virt/kvm/core.h"

unsigned int fake_alloc_fails;

#define CHIPS	3
#define PINS	24

/* ---- the architecture: remembers what was asked of it ---- */

static struct {
	struct kvm_irq_route route[8];
	unsigned int nr;
	int result[8];		/* what it answers, one after the other */
	int atomic_result;
	unsigned int changes;
} arch;

int kvm_arch_route_check(struct kvm *kvm, const struct kvm_irq_routing_entry *entry)
{
	if (entry->flags)
		return -EINVAL;
	if (entry->type == KVM_IRQ_ROUTING_IRQCHIP)
		return entry->u.irqchip.irqchip < CHIPS && entry->u.irqchip.pin < PINS ?
			       0 : -EINVAL;
	return entry->type == KVM_IRQ_ROUTING_MSI ? 0 : -EINVAL;
}

int kvm_arch_route_set(struct kvm *kvm, const struct kvm_irq_route *route,
		       enum kvm_irq_source source, int level)
{
	WARN_ON(!kvm->irq_srcu.readers || arch.nr == ARRAY_SIZE(arch.route));
	arch.route[arch.nr] = *route;
	return arch.result[arch.nr++];
}

int kvm_arch_msi_send(struct kvm *kvm, const struct kvm_irq_route *route)
{
	kvm_arch_route_set(kvm, route, KVM_IRQ_SOURCE_USERSPACE, 1);
	return arch.atomic_result;
}

void kvm_arch_routes_changed(struct kvm *kvm)
{
	lockdep_assert_held(&kvm->irq_lock);
	arch.changes++;
}

/* ---- tables ---- */

struct list {
	struct kvm_irq_routing_entry entry[KVM_MAX_GSIS];
	unsigned int nr;
};

static struct list list;

static void add_msi(u32 gsi, u32 data)
{
	list.entry[list.nr++] = (struct kvm_irq_routing_entry) {
		.gsi = gsi, .type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = ~data, .address_hi = data << 8, .data = data },
	};
}

static void add_pin(u32 gsi, u32 chip, u32 pin)
{
	list.entry[list.nr++] = (struct kvm_irq_routing_entry) {
		.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP, .u.irqchip = { chip, pin },
	};
}

static int set(struct kvm *kvm)
{
	return kvm_set_irq_routing(kvm, list.entry, list.nr);
}

static bool same(const struct kvm_irq_route *route, const struct kvm_irq_routing_entry *entry)
{
	if (route->gsi != entry->gsi || route->type != entry->type)
		return false;
	if (route->type == KVM_IRQ_ROUTING_IRQCHIP)
		return route->irqchip.chip == entry->u.irqchip.irqchip &&
		       route->irqchip.pin == entry->u.irqchip.pin;
	return route->msi.data == entry->u.msi.data &&
	       route->msi.address_lo == entry->u.msi.address_lo &&
	       route->msi.address_hi == entry->u.msi.address_hi;
}

/* @gsi leads to what the list says, all of it, in its order. */
static void check_gsi(struct kvm *kvm, u32 gsi)
{
	unsigned int i, n = 0;

	arch.nr = 0;
	kvm_irq_set(kvm, KVM_IRQ_SOURCE_USERSPACE, gsi, 1);
	for (i = 0; i < list.nr; i++) {
		if (list.entry[i].gsi != gsi)
			continue;
		EXPECT(n < arch.nr && same(&arch.route[n], &list.entry[i]), "gsi %u", gsi);
		n++;
	}
	EXPECT(n == arch.nr, "gsi %u: %u routes, not %u", gsi, arch.nr, n);
}

static int count_route(const struct kvm_irq_route *route, void *data)
{
	return ++*(unsigned int *)data == 10000;
}

static int stop_at_third(const struct kvm_irq_route *route, void *data)
{
	return ++*(unsigned int *)data == 3 ? 77 : 0;
}

static void check_table(struct kvm *kvm, u32 gsis)
{
	unsigned int n = 0;
	u32 gsi;

	for (gsi = 0; gsi < gsis; gsi++)
		check_gsi(kvm, gsi);
	check_gsi(kvm, ~0u);
	EXPECT(!kvm_for_each_route(kvm, count_route, &n), "");
	EXPECT(n == list.nr, "%u visited, not %u", n, list.nr);
}

static void random_list(u32 gsis)
{
	u32 gsi;

	list.nr = 0;
	/* Backwards, and then swapped about: the order of the GSIs must not matter. */
	for (gsi = gsis; gsi-- && list.nr < KVM_MAX_GSIS - CHIPS;) {
		u64 r = unit_random();
		u32 chip;

		if (!(r % 5))
			continue;
		if (r & 0x100) {
			add_msi(gsi, r >> 32);
			continue;
		}
		for (chip = 0; chip < CHIPS; chip++) {
			if (r >> (16 + chip) & 1)
				add_pin(gsi, chip, (r >> 24) % PINS);
		}
	}
	for (gsi = 0; gsi < list.nr; gsi++) {
		unsigned int other = unit_random() % list.nr;
		struct kvm_irq_routing_entry entry = list.entry[gsi];

		list.entry[gsi] = list.entry[other];
		list.entry[other] = entry;
	}
}

TEST(test_tables, "routing: random tables against a list")
{
	struct kvm kvm = { 0 };
	unsigned int i, n;

	kvm_irq_init_vm(&kvm);
	list.nr = 0;
	check_table(&kvm, 8);
	for (i = 0; i < 300; i++) {
		int before = kvm.irq_srcu.synchronized;

		random_list(1 + unit_random() % (i % 10 ? 40 : KVM_MAX_GSIS));
		EXPECT(!set(&kvm), "a good table is refused");
		EXPECT(kvm.irq_srcu.synchronized > before, "the old table was freed too early");
		check_table(&kvm, KVM_MAX_GSIS);
	}
	list.nr = 0;
	for (i = 0; i < KVM_MAX_GSIS; i++)
		add_msi(i, i);
	EXPECT(!set(&kvm), "");
	check_table(&kvm, KVM_MAX_GSIS + 2);
	n = 0;
	EXPECT(kvm_for_each_route(&kvm, stop_at_third, &n) == 77 && n == 3, "%u", n);
	list.nr = 0;
	EXPECT(!set(&kvm), "");
	check_table(&kvm, 8);
	kvm_irq_destroy_vm(&kvm);
}

static void refused(struct kvm *kvm, int err, const char *what)
{
	unsigned int changes = arch.changes;

	EXPECT(set(kvm) == err, "%s", what);
	EXPECT(arch.changes == changes, "%s: the architecture was told", what);
	list.nr = 0;
	add_msi(5, 55);
	add_pin(6, 0, 6);
	check_table(kvm, 20);
}

TEST(test_refused_tables, "routing: refused tables change nothing")
{
	struct kvm kvm = { 0 };
	unsigned int i;

	kvm_irq_init_vm(&kvm);
	list.nr = 0;
	add_msi(5, 55);
	add_pin(6, 0, 6);
	EXPECT(!set(&kvm), "");
	add_msi(KVM_MAX_GSIS, 1);
	refused(&kvm, -EINVAL, "a GSI out of range");
	add_msi(7, 1);
	list.entry[2].pad = 1;
	refused(&kvm, -EINVAL, "pad");
	add_msi(7, 1);
	list.entry[2].flags = KVM_MSI_VALID_DEVID;
	refused(&kvm, -EINVAL, "flags");
	add_msi(5, 56);
	refused(&kvm, -EINVAL, "two messages");
	add_pin(5, 0, 1);
	refused(&kvm, -EINVAL, "a message and a pin");
	add_pin(6, 1, 1);
	add_pin(6, 0, 1);
	refused(&kvm, -EINVAL, "two pins of one chip");
	list.nr = 0;
	for (i = 0; i < KVM_MAX_GSIS; i++)
		add_msi(9, i);
	refused(&kvm, -EINVAL, "4,096 times one GSI");
	EXPECT(kvm_set_irq_routing(&kvm, list.entry, KVM_MAX_GSIS + 1) == -EINVAL, "too many");
	fake_alloc_fails = 1;
	refused(&kvm, -ENOMEM, "no memory");
	kvm_irq_destroy_vm(&kvm);
}

/* ---- driving ---- */

TEST(test_results, "routing: one result of several routes")
{
	static const struct {
		int result[3], all;
	} cases[] = {
		{ { -1, -1, -1 }, -1 }, { { 0, -1, -1 }, 0 }, { { -1, -1, 0 }, 0 },
		{ { 1, 0, -1 }, 1 }, { { 1, 2, 3 }, 6 }, { { -1, 1, 0 }, 1 }, { { 0, 0, 0 }, 0 },
	};
	struct kvm kvm = { 0 };
	unsigned int i;

	kvm_irq_init_vm(&kvm);
	list.nr = 0;
	for (i = 0; i < 3; i++)
		add_pin(4, i, i);
	EXPECT(!set(&kvm), "");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int r;

		arch.nr = 0;
		memcpy(arch.result, cases[i].result, sizeof(cases[i].result));
		r = kvm_irq_set(&kvm, KVM_IRQ_SOURCE_PIT, 4, 1);
		EXPECT(r == cases[i].all && arch.nr == 3, "case %u: %d", i, r);
	}
	memset(arch.result, 0, sizeof(arch.result));
	EXPECT(kvm_irq_set(&kvm, KVM_IRQ_SOURCE_PIT, 5, 1) == -1, "a line that leads nowhere");
	kvm_irq_destroy_vm(&kvm);
}

TEST(test_atomic, "routing: what a wake-up may do")
{
	struct kvm kvm = { 0 };

	kvm_irq_init_vm(&kvm);
	list.nr = 0;
	add_msi(1, 1);
	add_pin(2, 0, 2);
	add_pin(3, 0, 3);
	add_pin(3, 1, 3);
	EXPECT(!set(&kvm), "");
	arch.nr = 0;
	arch.atomic_result = 1;
	EXPECT(kvm_irq_send_atomic(&kvm, 1) == 1 && arch.nr == 1, "a message");
	EXPECT(kvm_irq_send_atomic(&kvm, 2) == -EWOULDBLOCK && arch.nr == 1, "an edge on a pin");
	EXPECT(kvm_irq_send_atomic(&kvm, 3) == -EWOULDBLOCK && arch.nr == 1, "two pins");
	EXPECT(kvm_irq_send_atomic(&kvm, 9) == -EWOULDBLOCK && arch.nr == 1, "nowhere");
	arch.atomic_result = -EWOULDBLOCK;
	EXPECT(kvm_irq_send_atomic(&kvm, 1) == -EWOULDBLOCK, "what the architecture leaves");
	kvm_irq_destroy_vm(&kvm);
}

/* ---- acknowledgements ---- */

struct listener {
	struct kvm_irq_ack_notifier notifier;
	struct kvm *kvm;
	unsigned int told;
};

static void told(struct kvm_irq_ack_notifier *notifier)
{
	struct listener *listener = container_of(notifier, struct listener, notifier);

	WARN_ON(!listener->kvm->irq_srcu.readers || listener->kvm->irq_lock.held);
	/* As a resampler does: the reader is one more. */
	kvm_irq_set(listener->kvm, KVM_IRQ_SOURCE_RESAMPLE, notifier->gsi, 0);
	arch.nr = 0;
	listener->told++;
}

TEST(test_notifiers, "routing: acknowledgements find their lines")
{
	struct listener listener[3] = { 0 };
	struct kvm kvm = { 0 };
	unsigned int i, changes;

	kvm_irq_init_vm(&kvm);
	arch.nr = 0;
	list.nr = 0;
	add_pin(1, 0, 1);
	add_pin(1, 2, 7);
	add_pin(2, 2, 7);
	add_msi(3, 3);
	EXPECT(!set(&kvm), "");
	EXPECT(!kvm_irq_has_ack_notifier(&kvm, 2, 7), "nobody asked");
	for (i = 0; i < 3; i++) {
		listener[i].kvm = &kvm;
		listener[i].notifier.gsi = i + 1;
		listener[i].notifier.irq_acked = told;
		changes = arch.changes;
		kvm_register_irq_ack_notifier(&kvm, &listener[i].notifier);
		EXPECT(arch.changes == changes + 1, "");
	}
	EXPECT(kvm_irq_has_ack_notifier(&kvm, 2, 7), "");
	EXPECT(kvm_irq_has_ack_notifier(&kvm, 0, 1), "");
	EXPECT(!kvm_irq_has_ack_notifier(&kvm, 2, 1), "");
	EXPECT(!kvm_irq_has_ack_notifier(&kvm, 1, 7), "");
	/* Both lines end at that pin. */
	kvm_irq_notify_acked(&kvm, 2, 7);
	kvm_irq_notify_acked(&kvm, 0, 1);
	kvm_irq_notify_acked(&kvm, 1, 1);
	EXPECT(listener[0].told == 2 && listener[1].told == 1 && !listener[2].told, "");
	/* The line keeps its listener when it leads elsewhere. */
	list.nr = 0;
	add_pin(3, 1, 1);
	EXPECT(!set(&kvm), "");
	kvm_irq_notify_acked(&kvm, 2, 7);
	kvm_irq_notify_acked(&kvm, 1, 1);
	EXPECT(listener[0].told == 2 && listener[1].told == 1 && listener[2].told == 1, "");
	for (i = 0; i < 3; i++)
		kvm_unregister_irq_ack_notifier(&kvm, &listener[i].notifier);
	EXPECT(!kvm_irq_has_ack_notifier(&kvm, 1, 1), "");
	kvm_irq_destroy_vm(&kvm);
}
