// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_GSI_ROUTING (api.rst 4.52): what is refused, that nothing changes then, and where lines
 * lead.
 */
#include <stdlib.h>

#include "kselftest_harness.h"
#include "irq_test.h"

#define VECTOR		0x51
#define MAX_ROUTES	4096

FIXTURE(routing) {
	struct vm *vm;
	struct vcpu *vcpu;
	struct route_table table;
};

FIXTURE_SETUP(routing)
{
	int dev = kvm_open();

	if (!kvm_cap(dev, KVM_CAP_IRQCHIP))
		SKIP(return, "KVM_CAP_IRQCHIP is not claimed");
	close(dev);
	self->vm = vm_with_irqchip();
	self->vcpu = vcpu_new(self->vm, 0);
	lapic_enable(self->vcpu);
}

FIXTURE_TEARDOWN(routing)
{
	if (!self->vm)
		return;
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

/* Drives @gsi up and down; what the controllers said to the first: KVM_IRQ_LINE_STATUS. */
static int pulse(struct vm *vm, uint32_t gsi)
{
	struct kvm_irq_level line = { .irq = gsi, .level = 1 };
	int status;

	kvm_do(vm->fd, KVM_IRQ_LINE_STATUS, &line);
	status = line.status;
	line = (struct kvm_irq_level) { .irq = gsi, .level = 0 };
	kvm_do(vm->fd, KVM_IRQ_LINE_STATUS, &line);
	return status;
}

/* Does @gsi send @vector? */
static bool delivers(struct vm *vm, struct vcpu *vcpu, uint32_t gsi, uint8_t vector)
{
	bool pending;

	lapic_forget(vcpu);
	pulse(vm, gsi);
	pending = lapic_pending(vcpu, vector);
	lapic_forget(vcpu);
	return pending;
}

TEST_F(routing, messages)
{
	struct route_table none = { .head.nr = 0 };
	unsigned int i;

	if (!self->vm)
		return;
	for (i = 0; i < 32; i++)
		route_msi(&self->table, 4095 - i * 3, 0, VECTOR + i);
	ASSERT_EQ(0, route_set(self->vm, &self->table));
	for (i = 0; i < 32; i++) {
		EXPECT_TRUE(delivers(self->vm, self->vcpu, 4095 - i * 3, VECTOR + i));
		EXPECT_FALSE(delivers(self->vm, self->vcpu, 4095 - i * 3 - 1, VECTOR + i));
	}
	EXPECT_GT(pulse(self->vm, 4095), 0);
	/* A table without routes. */
	ASSERT_EQ(0, route_set(self->vm, &none));
	EXPECT_FALSE(delivers(self->vm, self->vcpu, 4095, VECTOR));
	EXPECT_LT(pulse(self->vm, 4095), 0);
	EXPECT_LT(pulse(self->vm, 0), 0);
	EXPECT_LT(pulse(self->vm, 0xffffffff), 0);
}

/* KVM_CREATE_IRQCHIP: "IRQ routing for GSIs 0-15 is set to both PIC and IOAPIC; GSI 16-23 only go
 * to the IOAPIC." (4.24; GSI 2's pin of the I/O APIC is where the timer is, in a PC)
 */
TEST_F(routing, default_routes)
{
	uint32_t gsi;

	if (!self->vm)
		return;
	for (gsi = 0; gsi < 24; gsi++)
		ioapic_pin(self->vm, gsi, VECTOR + gsi, false);
	for (gsi = 3; gsi < 24; gsi++) {
		EXPECT_TRUE(delivers(self->vm, self->vcpu, gsi, VECTOR + gsi))
			TH_LOG("GSI %u", gsi);
	}
	EXPECT_FALSE(delivers(self->vm, self->vcpu, 24, VECTOR + 24));
}

/* A line that leads to all three chips, and one pin that two lines lead to. */
TEST_F(routing, several_pins)
{
	if (!self->vm)
		return;
	ioapic_pin(self->vm, 9, VECTOR, false);
	ioapic_pin(self->vm, 10, VECTOR + 1, false);
	route_pin(&self->table, 100, KVM_IRQCHIP_IOAPIC, 9);
	route_pin(&self->table, 100, KVM_IRQCHIP_PIC_SLAVE, 1);
	route_pin(&self->table, 100, KVM_IRQCHIP_PIC_MASTER, 3);
	route_pin(&self->table, 101, KVM_IRQCHIP_IOAPIC, 9);
	route_pin(&self->table, 102, KVM_IRQCHIP_IOAPIC, 10);
	ASSERT_EQ(0, route_set(self->vm, &self->table));
	EXPECT_TRUE(delivers(self->vm, self->vcpu, 100, VECTOR));
	EXPECT_TRUE(delivers(self->vm, self->vcpu, 101, VECTOR));
	EXPECT_FALSE(delivers(self->vm, self->vcpu, 102, VECTOR));
	EXPECT_TRUE(delivers(self->vm, self->vcpu, 102, VECTOR + 1));
	EXPECT_FALSE(delivers(self->vm, self->vcpu, 9, VECTOR));
}

/* ---- what is refused ---- */

/* Sets a table with one good route and @entry; the good route of before must survive. */
static int refused(struct vm *vm, struct vcpu *vcpu, struct kvm_irq_routing_entry entry)
{
	struct route_table good = { .head.nr = 0 }, bad = { .head.nr = 0 };
	int err;

	route_msi(&good, 30, 0, VECTOR);
	if (route_set(vm, &good))
		die("a table that is right is refused");
	route_msi(&bad, 31, 0, VECTOR + 1);
	bad.entry[bad.head.nr++] = entry;
	err = route_set(vm, &bad);
	if (err && !delivers(vm, vcpu, 30, VECTOR))
		die("a table that was refused has taken a route away");
	if (err && delivers(vm, vcpu, 31, VECTOR + 1))
		die("a table that was refused has left a route");
	return err;
}

static struct kvm_irq_routing_entry pin(uint32_t gsi, uint32_t chip, uint32_t number)
{
	struct route_table table = { .head.nr = 0 };

	route_pin(&table, gsi, chip, number);
	return table.entry[0];
}

static struct kvm_irq_routing_entry msi(uint32_t gsi)
{
	struct route_table table = { .head.nr = 0 };

	route_msi(&table, gsi, 0, VECTOR + 2);
	return table.entry[0];
}

TEST_F(routing, entries_that_are_refused)
{
	struct kvm_irq_routing_entry entry;
	struct vcpu *vcpu = self->vcpu;
	struct vm *vm = self->vm;

	if (!vm)
		return;
	EXPECT_EQ(EINVAL, refused(vm, vcpu, msi(MAX_ROUTES)));
	EXPECT_EQ(EINVAL, refused(vm, vcpu, msi(0xffffffff)));
	EXPECT_EQ(EINVAL, refused(vm, vcpu, pin(40, KVM_IRQCHIP_IOAPIC, 24)));
	EXPECT_EQ(EINVAL, refused(vm, vcpu, pin(40, KVM_IRQCHIP_PIC_MASTER, 8)));
	EXPECT_EQ(EINVAL, refused(vm, vcpu, pin(40, KVM_IRQCHIP_PIC_SLAVE, 0xffffffff)));
	EXPECT_EQ(EINVAL, refused(vm, vcpu, pin(40, 3, 0)));
	EXPECT_EQ(EINVAL, refused(vm, vcpu, pin(40, 0xffffffff, 0)));
	/* A line is one message, or pins of different chips. */
	EXPECT_EQ(EINVAL, refused(vm, vcpu, msi(31)));
	EXPECT_EQ(EINVAL, refused(vm, vcpu, pin(31, KVM_IRQCHIP_IOAPIC, 1)));
	entry = msi(40);
	entry.type = 0;
	EXPECT_EQ(EINVAL, refused(vm, vcpu, entry));
	entry.type = KVM_IRQ_ROUTING_S390_ADAPTER;
	EXPECT_EQ(EINVAL, refused(vm, vcpu, entry));
	entry.type = 0xffffffff;
	EXPECT_EQ(EINVAL, refused(vm, vcpu, entry));
	entry = msi(40);
	entry.flags = 1u << 31;
	EXPECT_EQ(EINVAL, refused(vm, vcpu, entry));
	entry = pin(40, KVM_IRQCHIP_IOAPIC, 1);
	entry.flags = 2;
	EXPECT_EQ(EINVAL, refused(vm, vcpu, entry));
	if (kvm_is_in_tree())
		return;
	/* In-tree does not look: KVM_CAP_MSI_DEVID is not claimed, and this is reserved. */
	entry = msi(40);
	entry.flags = KVM_MSI_VALID_DEVID;
	EXPECT_EQ(EINVAL, refused(vm, vcpu, entry));
	entry = msi(40);
	entry.pad = 1;
	EXPECT_EQ(EINVAL, refused(vm, vcpu, entry));
}

TEST_F(routing, twice_to_one_chip)
{
	struct route_table table = { .head.nr = 0 };

	if (!self->vm)
		return;
	route_pin(&table, 40, KVM_IRQCHIP_IOAPIC, 1);
	route_pin(&table, 40, KVM_IRQCHIP_PIC_MASTER, 1);
	route_pin(&table, 40, KVM_IRQCHIP_PIC_SLAVE, 1);
	EXPECT_EQ(0, route_set(self->vm, &table));
	route_pin(&table, 40, KVM_IRQCHIP_IOAPIC, 2);
	EXPECT_EQ(EINVAL, route_set(self->vm, &table));
	table.head.nr = 1;
	/* Not next to each other. */
	route_pin(&table, 41, KVM_IRQCHIP_IOAPIC, 2);
	route_pin(&table, 40, KVM_IRQCHIP_IOAPIC, 1);
	EXPECT_EQ(EINVAL, route_set(self->vm, &table));
	table.head.nr = 1;
	route_msi(&table, 40, 0, VECTOR);
	EXPECT_EQ(EINVAL, route_set(self->vm, &table));
}

TEST_F(routing, size_and_flags)
{
	size_t size = sizeof(struct kvm_irq_routing) +
		      (MAX_ROUTES + 1) * sizeof(struct kvm_irq_routing_entry);
	struct kvm_irq_routing *table = calloc(1, size);
	struct kvm_irq_routing *edge;
	unsigned int i;

	if (!self->vm)
		return;
	for (i = 0; i <= MAX_ROUTES; i++)
		table->entries[i] = msi(i % MAX_ROUTES);
	table->nr = MAX_ROUTES;
	EXPECT_EQ(MAX_ROUTES, kvm_cap(self->vm->fd, KVM_CAP_IRQ_ROUTING));
	EXPECT_EQ(0, kvm_errno(self->vm->fd, KVM_SET_GSI_ROUTING, table));
	EXPECT_TRUE(delivers(self->vm, self->vcpu, MAX_ROUTES - 1, VECTOR + 2));
	table->nr = MAX_ROUTES + 1;
	EXPECT_EQ(EINVAL, kvm_errno(self->vm->fd, KVM_SET_GSI_ROUTING, table));
	table->nr = 0xffffffff;
	EXPECT_EQ(EINVAL, kvm_errno(self->vm->fd, KVM_SET_GSI_ROUTING, table));
	table->nr = 1;
	table->flags = 1;
	EXPECT_EQ(EINVAL, kvm_errno(self->vm->fd, KVM_SET_GSI_ROUTING, table));
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_SET_GSI_ROUTING, BAD_POINTER));
	/* The head can be read, the routes behind it cannot. */
	edge = (void *)((uint8_t *)host_pages(2 * SZ_4K) + SZ_4K - sizeof(*edge));
	munmap((uint8_t *)edge + sizeof(*edge), SZ_4K);
	edge->nr = 1;
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_SET_GSI_ROUTING, edge));
	EXPECT_TRUE(delivers(self->vm, self->vcpu, MAX_ROUTES - 1, VECTOR + 2));
	free(table);
}

TEST(without_a_controller)
{
	struct route_table table = { .head.nr = 0 };
	struct vm *vm = vm_bare();

	EXPECT_EQ(EINVAL, route_set(vm, &table));
	route_msi(&table, 0, 0, VECTOR);
	EXPECT_EQ(EINVAL, route_set(vm, &table));
}

/* "when KVM_CAP_SPLIT_IRQCHIP only routes of KVM_IRQ_ROUTING_MSI type are used" (7.5) */
TEST(split_irqchip)
{
	struct route_table table = { .head.nr = 0 };
	struct vm *vm = vm_new();
	struct vcpu *vcpu;

	if (!kvm_cap(vm->fd, KVM_CAP_SPLIT_IRQCHIP))
		SKIP(return, "KVM_CAP_SPLIT_IRQCHIP is not claimed");
	vm_split_irqchip(vm, 24);
	vcpu = vcpu_new(vm, 0);
	lapic_enable(vcpu);
	route_msi(&table, 50, 0, VECTOR);
	EXPECT_EQ(0, route_set(vm, &table));
	EXPECT_TRUE(delivers(vm, vcpu, 50, VECTOR));
	route_pin(&table, 51, KVM_IRQCHIP_IOAPIC, 1);
	EXPECT_EQ(EINVAL, route_set(vm, &table));
	EXPECT_TRUE(delivers(vm, vcpu, 50, VECTOR));
}

TEST_HARNESS_MAIN
