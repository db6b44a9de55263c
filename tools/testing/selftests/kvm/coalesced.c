// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coalesced MMIO and port writes (api.rst 4.116): zones, the ring, and what does not coalesce.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define ZONE		(GUEST_MMIO + 0x100)
#define ZONE_SIZE	0x40
#define ZONE_PORT	0x3c0

FIXTURE(coalesced) {
	struct vm *vm;
	struct vcpu *vcpu;
	volatile struct kvm_coalesced_mmio_ring *ring;
};

FIXTURE_SETUP(coalesced)
{
	int page;

	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
	page = kvm_cap(self->vm->fd, KVM_CAP_COALESCED_MMIO);
	if (!page)
		SKIP(return, "KVM_CAP_COALESCED_MMIO is not claimed");
	self->ring = (void *)((uint8_t *)self->vcpu->run + page * SZ_4K);
}

FIXTURE_TEARDOWN(coalesced)
{
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

static int set_zone(struct vm *vm, unsigned long request, uint64_t at, uint32_t size, uint32_t pio)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = at, .size = size, .pio = pio };

	return kvm_errno(vm->fd, request, &zone);
}

__guest static void write_zone(void)
{
	*(volatile uint32_t *)ZONE = 0x11111111;
	*(volatile uint8_t *)(ZONE + 5) = 0x22;
	*(volatile uint64_t *)(ZONE + ZONE_SIZE - 8) = 0x3333333344444444;
	guest_sync(1, 0, 0);
	/* A read of the zone leaves, and so does a write that reaches past its end. */
	(void)*(volatile uint32_t *)ZONE;
	*(volatile uint64_t *)(ZONE + ZONE_SIZE - 4) = 5;
	guest_done();
}

TEST_F(coalesced, writes_go_to_the_ring)
{
	struct kvm_run *run = self->vcpu->run;
	struct ucall uc;

	if (!self->ring)
		return;
	ASSERT_EQ(0, set_zone(self->vm, KVM_REGISTER_COALESCED_MMIO, ZONE, ZONE_SIZE, 0));
	vcpu_enter(self->vcpu, write_zone);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	EXPECT_EQ(0, self->ring->first);
	ASSERT_EQ(3, self->ring->last);
	EXPECT_EQ(ZONE, self->ring->coalesced_mmio[0].phys_addr);
	EXPECT_EQ(4, self->ring->coalesced_mmio[0].len);
	EXPECT_EQ(0x11, self->ring->coalesced_mmio[0].data[3]);
	EXPECT_EQ(0, self->ring->coalesced_mmio[0].pio);
	EXPECT_EQ(ZONE + 5, self->ring->coalesced_mmio[1].phys_addr);
	EXPECT_EQ(1, self->ring->coalesced_mmio[1].len);
	EXPECT_EQ(8, self->ring->coalesced_mmio[2].len);
	EXPECT_EQ(0x33, self->ring->coalesced_mmio[2].data[7]);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
	EXPECT_EQ(0, run->mmio.is_write);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
	EXPECT_EQ(1, run->mmio.is_write);
	EXPECT_EQ(ZONE + ZONE_SIZE - 4, run->mmio.phys_addr);
	EXPECT_EQ(3, self->ring->last);
}

TEST_F(coalesced, unregistered_writes_leave)
{
	if (!self->ring)
		return;
	ASSERT_EQ(0, set_zone(self->vm, KVM_REGISTER_COALESCED_MMIO, ZONE, ZONE_SIZE, 0));
	ASSERT_EQ(0, set_zone(self->vm, KVM_UNREGISTER_COALESCED_MMIO, ZONE, ZONE_SIZE, 0));
	vcpu_enter(self->vcpu, write_zone);
	EXPECT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
	EXPECT_EQ(ZONE, self->vcpu->run->mmio.phys_addr);
}

__guest static void flood(void)
{
	uint64_t i;

	for (i = 0; i < 4096; i++)
		*(volatile uint32_t *)ZONE = (uint32_t)i;
	guest_done();
}

TEST_F(coalesced, full_ring_leaves)
{
	uint32_t slots = (SZ_4K - sizeof(struct kvm_coalesced_mmio_ring)) /
			 sizeof(struct kvm_coalesced_mmio);
	uint32_t taken;

	if (!self->ring)
		return;
	ASSERT_EQ(0, set_zone(self->vm, KVM_REGISTER_COALESCED_MMIO, ZONE, ZONE_SIZE, 0));
	vcpu_enter(self->vcpu, flood);
	/*
	 * One slot stays free, so that a full ring is no empty one. In-tree already calls it full
	 * with half of it free (its index arithmetic wraps at 2^32), so no exact number here; the
	 * write that leaves is the one behind the last that fitted.
	 */
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
	EXPECT_GT(self->ring->last, 1);
	EXPECT_LT(self->ring->last, slots);
	EXPECT_EQ(self->ring->last, *(uint32_t *)self->vcpu->run->mmio.data);
	EXPECT_EQ(self->ring->last - 1,
		  *(uint32_t *)self->ring->coalesced_mmio[self->ring->last - 1].data);
	/* Drained, it takes more. */
	taken = self->ring->last;
	self->ring->first = taken;
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
	EXPECT_GT(*(uint32_t *)self->vcpu->run->mmio.data, taken + 1);
	/* Userspace may write nonsense there: it must do no harm. */
	self->ring->first = 0xfffffff0;
	self->ring->last = 0xffffff00;
	EXPECT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
}

TEST_F(coalesced, arguments)
{
	if (!self->ring)
		return;
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_REGISTER_COALESCED_MMIO, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_UNREGISTER_COALESCED_MMIO, BAD_POINTER));
	EXPECT_EQ(EINVAL, set_zone(self->vm, KVM_REGISTER_COALESCED_MMIO, ZONE, 4, 2));
	/* What was never registered is nothing to remove. */
	EXPECT_EQ(0, set_zone(self->vm, KVM_UNREGISTER_COALESCED_MMIO, ZONE, 4, 0));
}

__guest static void write_ports(void)
{
	__asm__ volatile("outw %%ax, %%dx" : : "a" (0xbeef), "d" (ZONE_PORT));
	__asm__ volatile("outb %%al, %%dx" : : "a" (0x5a), "d" (ZONE_PORT + 2));
	guest_done();
}

TEST_F(coalesced, ports)
{
	struct ucall uc;

	if (!self->ring)
		return;
	if (!kvm_cap(self->vm->fd, KVM_CAP_COALESCED_PIO))
		SKIP(return, "KVM_CAP_COALESCED_PIO is not claimed");
	ASSERT_EQ(0, set_zone(self->vm, KVM_REGISTER_COALESCED_MMIO, ZONE_PORT, 4, 1));
	vcpu_enter(self->vcpu, write_ports);
	ASSERT_EQ(UCALL_DONE, vcpu_ucall(self->vcpu, &uc));
	ASSERT_EQ(2, self->ring->last);
	EXPECT_EQ(ZONE_PORT, self->ring->coalesced_mmio[0].phys_addr);
	EXPECT_EQ(2, self->ring->coalesced_mmio[0].len);
	EXPECT_EQ(0xef, self->ring->coalesced_mmio[0].data[0]);
	EXPECT_EQ(1, self->ring->coalesced_mmio[0].pio);
	EXPECT_EQ(ZONE_PORT + 2, self->ring->coalesced_mmio[1].phys_addr);
	ASSERT_EQ(0, set_zone(self->vm, KVM_UNREGISTER_COALESCED_MMIO, ZONE_PORT, 4, 1));
	vcpu_enter(self->vcpu, write_ports);
	EXPECT_EQ(KVM_EXIT_IO, vcpu_exit(self->vcpu));
	EXPECT_EQ(ZONE_PORT, self->vcpu->run->io.port);
}

TEST_HARNESS_MAIN
