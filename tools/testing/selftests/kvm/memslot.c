// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_USER_MEMORY_REGION at its bounds (api.rst 4.35). No guest runs here.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"

FIXTURE(slots) {
	struct vm *vm;
	uint8_t *mem;	/* 64 KiB */
};

FIXTURE_SETUP(slots)
{
	self->vm = vm_bare();
	self->mem = host_pages(SZ_64K);
}

FIXTURE_TEARDOWN(slots)
{
	vm_free(self->vm);
}

#define SLOT(slot, flags, gpa, size, hva)	vm_slot_errno(self->vm, slot, flags, gpa, size, hva)

TEST_F(slots, alignment)
{
	EXPECT_EQ(EINVAL, SLOT(0, 0, 1, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0x800, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, 1, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, SZ_4K + 1, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, SZ_4K, self->mem + 1));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, SZ_4K, self->mem + 0x800));
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem + SZ_4K));
}

TEST_F(slots, pointer)
{
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_SET_USER_MEMORY_REGION, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_SET_USER_MEMORY_REGION, 0));
}

TEST_F(slots, host_address)
{
	/* Outside what userspace can map, even by five levels, not canonical, and wrapping. */
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, SZ_4K, (void *)0xffff800000000000));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, SZ_4K, (void *)0x0100000000000000));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, SZ_4K, (void *)0x8000000000000000));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, 2 * SZ_4K, (void *)0xfffffffffffff000));
	/* Nothing is mapped there: allowed, the fault comes when the guest touches it. */
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, (void *)0x10000));
}

TEST_F(slots, guest_address_wraps)
{
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0xfffffffffffff000, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0xfffffffffffff000, 2 * SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0x8000000000000000, 0x8000000000000000, self->mem));
}

TEST_F(slots, size_limit)
{
	/* A slot holds fewer than 2^31 pages. */
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, BIT64(31) * SZ_4K, (void *)0x10000));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, BIT64(62), (void *)0x10000));
	EXPECT_EQ(0, SLOT(0, 0, 0, BIT64(30), (void *)0x10000));
}

TEST_F(slots, id_bounds)
{
	uint32_t count = (uint32_t)kvm_cap(self->vm->fd, KVM_CAP_NR_MEMSLOTS);

	EXPECT_EQ(0, SLOT(count - 1, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(count, 0, SZ_64K, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0x7fff, 0, SZ_64K, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0xffff, 0, SZ_64K, SZ_4K, self->mem));
}

TEST_F(slots, address_spaces)
{
	uint32_t spaces = (uint32_t)kvm_cap(self->vm->fd, KVM_CAP_MULTI_ADDRESS_SPACE);
	uint32_t bad = spaces ? spaces : 1;

	EXPECT_EQ(EINVAL, SLOT(bad << 16, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0xffff0000, 0, 0, SZ_4K, self->mem));
	if (spaces < 2)
		return;
	/* Slots of different spaces do not overlap. */
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(1 << 16, 0, 0, SZ_4K, self->mem));
}

TEST_F(slots, unknown_flags)
{
	uint32_t bit;

	for (bit = 2; bit < 32; bit++) {
		EXPECT_EQ(EINVAL, SLOT(0, 1u << bit, 0, SZ_4K, self->mem))
			TH_LOG("flag bit %u", bit);
	}
}

TEST_F(slots, overlap)
{
	EXPECT_EQ(0, SLOT(0, 0, 4 * SZ_4K, 4 * SZ_4K, self->mem));
	EXPECT_EQ(EEXIST, SLOT(1, 0, 4 * SZ_4K, 4 * SZ_4K, self->mem));
	EXPECT_EQ(EEXIST, SLOT(1, 0, 7 * SZ_4K, SZ_4K, self->mem));
	EXPECT_EQ(EEXIST, SLOT(1, 0, 3 * SZ_4K, 2 * SZ_4K, self->mem));
	EXPECT_EQ(EEXIST, SLOT(1, 0, 0, 16 * SZ_4K, self->mem));
	/* Neighbours on both sides. */
	EXPECT_EQ(0, SLOT(1, 0, 3 * SZ_4K, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(2, 0, 8 * SZ_4K, SZ_4K, self->mem));
	/* A refused slot left nothing behind: its id is free for another place. */
	EXPECT_EQ(0, SLOT(3, 0, 16 * SZ_4K, SZ_4K, self->mem));
}

TEST_F(slots, delete)
{
	/* Nothing to delete. */
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, 0, self->mem));
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(0, 0, 0, 0, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, 0, self->mem));
	/* The room is free again, for another size too. */
	EXPECT_EQ(0, SLOT(1, 0, 0, 2 * SZ_4K, self->mem));
}

TEST_F(slots, move)
{
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(1, 0, SZ_64K, SZ_4K, self->mem));
	EXPECT_EQ(EEXIST, SLOT(0, 0, SZ_64K, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(0, 0, 2 * SZ_64K, SZ_4K, self->mem));
	/* Its old place is free. */
	EXPECT_EQ(0, SLOT(2, 0, 0, SZ_4K, self->mem));
}

TEST_F(slots, resize_is_refused)
{
	EXPECT_EQ(0, SLOT(0, 0, 0, 2 * SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, 4 * SZ_4K, self->mem));
}

TEST_F(slots, host_address_of_existing_slot_is_fixed)
{
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, 0, 0, SZ_4K, self->mem + SZ_4K));
	EXPECT_EQ(EINVAL, SLOT(0, 0, SZ_64K, SZ_4K, self->mem + SZ_4K));
}

TEST_F(slots, flags_only)
{
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(0, KVM_MEM_LOG_DIRTY_PAGES, 0, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem));
	/* No change at all is no error. */
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem));
}

TEST_F(slots, readonly_is_for_new_slots)
{
	if (!kvm_cap(self->vm->fd, KVM_CAP_READONLY_MEM))
		SKIP(return, "KVM_CAP_READONLY_MEM is not claimed");
	EXPECT_EQ(0, SLOT(0, 0, 0, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(0, KVM_MEM_READONLY, 0, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(1, KVM_MEM_READONLY, SZ_64K, SZ_4K, self->mem));
	EXPECT_EQ(EINVAL, SLOT(1, 0, SZ_64K, SZ_4K, self->mem));
	EXPECT_EQ(0, SLOT(1, KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES, SZ_64K, SZ_4K,
			  self->mem));
}

TEST_F(slots, second_form_of_the_ioctl)
{
	struct kvm_userspace_memory_region2 region = {
		.guest_phys_addr = SZ_64K, .memory_size = SZ_4K,
		.userspace_addr = (uintptr_t)self->mem,
	};

	if (!kvm_cap(self->vm->fd, KVM_CAP_USER_MEMORY2))
		SKIP(return, "KVM_CAP_USER_MEMORY2 is not claimed");
	EXPECT_EQ(0, kvm_errno(self->vm->fd, KVM_SET_USER_MEMORY_REGION2, &region));
	EXPECT_EQ(EEXIST, SLOT(1, 0, SZ_64K, SZ_4K, self->mem));
	/* guest_memfd is a flag of its own, and not claimed. */
	if (!kvm_cap(self->vm->fd, KVM_CAP_GUEST_MEMFD)) {
		region.slot = 1;
		region.guest_phys_addr = 0;
		region.flags = KVM_MEM_GUEST_MEMFD;
		EXPECT_EQ(EINVAL, kvm_errno(self->vm->fd, KVM_SET_USER_MEMORY_REGION2, &region));
	}
	region.memory_size = 0;
	region.flags = 0;
	region.slot = 0;
	EXPECT_EQ(0, kvm_errno(self->vm->fd, KVM_SET_USER_MEMORY_REGION2, &region));
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_SET_USER_MEMORY_REGION2, BAD_POINTER));
}

TEST_F(slots, at_least_509)
{
	uint32_t i;

	/* Every slot at once, from the top down so that each insertion is at the front. */
	for (i = 509; i-- > 0;) {
		ASSERT_EQ(0, SLOT(i, 0, (uint64_t)i * 2 * SZ_4K, SZ_4K, self->mem));
	}
	/* Each of them is found: the last one cannot move onto any. */
	for (i = 0; i < 508; i++) {
		ASSERT_EQ(EEXIST, SLOT(508, 0, (uint64_t)i * 2 * SZ_4K, SZ_4K, self->mem));
	}
	for (i = 0; i < 509; i += 2) {
		ASSERT_EQ(0, SLOT(i, 0, 0, 0, NULL));
	}
}

TEST_F(slots, tss_and_identity_address_bounds)
{
	uint64_t identity = 0xfffbc000;

	/* Three pages that must lie below 4 GiB (4.36). */
	EXPECT_EQ(EINVAL, kvm_errno(self->vm->fd, KVM_SET_TSS_ADDR, 0xffffe000));
	EXPECT_EQ(0, kvm_errno(self->vm->fd, KVM_SET_TSS_ADDR, 0xfffbd000));
	if (!kvm_cap(self->vm->fd, KVM_CAP_SET_IDENTITY_MAP_ADDR))
		SKIP(return, "KVM_CAP_SET_IDENTITY_MAP_ADDR is not claimed");
	EXPECT_EQ(0, kvm_errno(self->vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity));
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_SET_IDENTITY_MAP_ADDR, BAD_POINTER));
	/* Too late once there is a vCPU (4.40). */
	vcpu_bare(self->vm, 0);
	EXPECT_EQ(EINVAL, kvm_errno(self->vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity));
}

TEST_HARNESS_MAIN
