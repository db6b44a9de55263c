// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_MEM_LOG_DIRTY_PAGES, KVM_GET_DIRTY_LOG, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 and
 * KVM_CLEAR_DIRTY_LOG (api.rst 4.8, 4.117, 7.18).
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define SLOT_GPA	0x40000000UL
#define PAGES		128

__guest static void write_some(void)
{
	uint64_t i;

	for (;;) {
		/* word[0] pages from word[1] on, each word[2] apart. */
		for (i = 0; i < shared->word[0]; i++)
			*(volatile uint8_t *)(SLOT_GPA + (shared->word[1] + i * shared->word[2]) *
					      4096) = 1;
		/* Then a read of every page. */
		for (i = 0; i < PAGES; i++)
			(void)*(volatile uint8_t *)(SLOT_GPA + i * 4096);
		guest_sync(0, 0, 0);
	}
}

FIXTURE(dirty) {
	struct vm *vm;
	struct vcpu *vcpu;
	uint8_t *mem;
	uint64_t bitmap[PAGES / 64];
};

FIXTURE_SETUP(dirty)
{
	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
	self->mem = host_pages(SZ_2M);
	vcpu_enter(self->vcpu, write_some);
}

FIXTURE_TEARDOWN(dirty)
{
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

static void write_pages(struct __test_metadata *_metadata, struct vcpu *vcpu, uint64_t count,
			uint64_t first, uint64_t step)
{
	uint64_t *word = vm_shared(vcpu->vm)->word;
	struct ucall uc;

	word[0] = count;
	word[1] = first;
	word[2] = step;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
}

static int get_log(struct vm *vm, uint32_t slot, void *bitmap)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return kvm_errno(vm->fd, KVM_GET_DIRTY_LOG, &log);
}

TEST_F(dirty, logged_pages)
{
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGES * SZ_4K, self->mem);
	write_pages(_metadata, self->vcpu, 3, 5, 30);
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	/* A page first touched by a read may be mapped writable and counted (in-tree does). */
	EXPECT_EQ(BIT64(5) | BIT64(35), self->bitmap[0] & (BIT64(5) | BIT64(35)));
	EXPECT_TRUE(self->bitmap[1] & BIT64(65 - 64));
	/* From here on only writes do. */
	write_pages(_metadata, self->vcpu, 3, 5, 30);
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(5) | BIT64(35), self->bitmap[0]);
	EXPECT_EQ(BIT64(65 - 64), self->bitmap[1]);
	/* The log is cleared by reading it. */
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(0, self->bitmap[0]);
	EXPECT_EQ(0, self->bitmap[1]);
	/* The same page again is dirty again. */
	write_pages(_metadata, self->vcpu, 1, 35, 0);
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(35), self->bitmap[0]);
	EXPECT_EQ(0, self->bitmap[1]);
}

TEST_F(dirty, turned_on_under_mapped_memory)
{
	uint8_t *bitmap = calloc(1, SZ_2M / SZ_4K / 8);

	/* 2 MiB that may be one large mapping: logging must see single pages. */
	vm_slot(self->vm, 1, 0, SLOT_GPA, SZ_2M, self->mem);
	write_pages(_metadata, self->vcpu, PAGES, 0, 1);
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, SZ_2M, self->mem);
	ASSERT_EQ(0, get_log(self->vm, 1, bitmap));
	write_pages(_metadata, self->vcpu, 2, 9, 1);
	ASSERT_EQ(0, get_log(self->vm, 1, bitmap));
	EXPECT_EQ(0x06, bitmap[1]);
	EXPECT_EQ(0, bitmap[0] | bitmap[2] | bitmap[3]);
	/* Off, and on again with a clean start. */
	vm_slot(self->vm, 1, 0, SLOT_GPA, SZ_2M, self->mem);
	EXPECT_EQ(ENOENT, get_log(self->vm, 1, bitmap));
	write_pages(_metadata, self->vcpu, 2, 20, 1);
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, SZ_2M, self->mem);
	ASSERT_EQ(0, get_log(self->vm, 1, bitmap));
	EXPECT_EQ(0, bitmap[2]);
}

/* What was written before the mapping went is in the log, whoever took the mapping away. */
TEST_F(dirty, written_and_unmapped)
{
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGES * SZ_4K, self->mem);
	write_pages(_metadata, self->vcpu, PAGES, 0, 1);
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	write_pages(_metadata, self->vcpu, 2, 5, 30);
	/* The host. */
	ASSERT_EQ(0, mprotect(self->mem, PAGES * SZ_4K, PROT_READ));
	ASSERT_EQ(0, mprotect(self->mem, PAGES * SZ_4K, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(5) | BIT64(35), self->bitmap[0]);
	write_pages(_metadata, self->vcpu, 1, 7, 0);
	ASSERT_EQ(0, madvise(self->mem + 7 * SZ_4K, SZ_4K, MADV_DONTNEED));
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(7), self->bitmap[0]);
	/* A slot that moves: the log is the memory's. */
	write_pages(_metadata, self->vcpu, 1, 9, 0);
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA + SZ_2M, PAGES * SZ_4K, self->mem);
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(9), self->bitmap[0]);
}

TEST_F(dirty, errors)
{
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGES * SZ_4K, self->mem);
	/* No such slot; a slot without a log; ids out of range. */
	EXPECT_EQ(ENOENT, get_log(self->vm, 2, self->bitmap));
	EXPECT_EQ(ENOENT, get_log(self->vm, 0, self->bitmap));
	EXPECT_EQ(EINVAL, get_log(self->vm, 0xffff, self->bitmap));
	EXPECT_EQ(EINVAL, get_log(self->vm, 0x7fff0000, self->bitmap));
	EXPECT_EQ(EFAULT, get_log(self->vm, 1, (void *)BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_GET_DIRTY_LOG, BAD_POINTER));
}

__guest static void emulated_write(void)
{
	uint64_t to = SLOT_GPA + 7 * 4096 + 8, count = 4;

	/* INS writes memory by KVM's hand, and that counts too. */
	__asm__ volatile("rep insb" : "+D" (to), "+c" (count) : "d" (0x3f0) : "memory");
	guest_sync(0, 0, 0);
	guest_done();
}

TEST_F(dirty, written_by_emulation)
{
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGES * SZ_4K, self->mem);
	vcpu_enter(self->vcpu, emulated_write);
	do {
		ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(self->vcpu));
	} while (self->vcpu->run->io.port == 0x3f0);
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(7), self->bitmap[0]);
}

/* ---- by hand: KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 ---- */

static int enable_manual(struct vm *vm, uint64_t flags)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, .args[0] = flags };

	return kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap);
}

static int clear_log(struct vm *vm, uint64_t first, uint32_t num, void *bitmap)
{
	struct kvm_clear_dirty_log log = { .slot = 1, .first_page = first, .num_pages = num,
					   .dirty_bitmap = bitmap };

	return kvm_errno(vm->fd, KVM_CLEAR_DIRTY_LOG, &log);
}

TEST_F(dirty, cleared_by_hand)
{
	uint64_t some[2] = { BIT64(5), 0 };

	ASSERT_EQ(3, kvm_cap(self->vm->fd, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2));
	ASSERT_EQ(0, enable_manual(self->vm, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE));
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGES * SZ_4K, self->mem);
	write_pages(_metadata, self->vcpu, PAGES, 0, 1);
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	ASSERT_EQ(0, clear_log(self->vm, 0, PAGES, self->bitmap));
	write_pages(_metadata, self->vcpu, 2, 5, 30);
	/* Reading leaves the log as it is. */
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(5) | BIT64(35), self->bitmap[0]);
	/* One of the two is cleared, and is seen again when it is written again. */
	ASSERT_EQ(0, clear_log(self->vm, 0, 64, some));
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(35), self->bitmap[0]);
	write_pages(_metadata, self->vcpu, 1, 5, 0);
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(5) | BIT64(35), self->bitmap[0]);
	/* A bit for a page that is clean changes nothing. */
	some[0] = BIT64(6);
	ASSERT_EQ(0, clear_log(self->vm, 0, 64, some));
	ASSERT_EQ(0, get_log(self->vm, 1, self->bitmap));
	EXPECT_EQ(BIT64(5) | BIT64(35), self->bitmap[0]);
}

TEST_F(dirty, log_that_begins_full)
{
	const unsigned int words = SZ_2M / SZ_4K / 64;
	uint64_t bitmap[SZ_2M / SZ_4K / 64];
	unsigned int i;

	ASSERT_EQ(0, enable_manual(self->vm, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
						     KVM_DIRTY_LOG_INITIALLY_SET));
	/* Mapped before, as one huge page if the host has one. */
	madvise(self->mem, SZ_2M, MADV_HUGEPAGE);
	memset(self->mem, 1, SZ_2M);
	vm_slot(self->vm, 1, 0, SLOT_GPA, SZ_2M, self->mem);
	write_pages(_metadata, self->vcpu, PAGES, 0, 1);
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, SZ_2M, self->mem);
	ASSERT_EQ(0, get_log(self->vm, 1, bitmap));
	for (i = 0; i < words; i++) {
		ASSERT_EQ(~0ULL, bitmap[i]);
	}
	/* A part is cleared: there each page counts for itself, elsewhere all still do. */
	ASSERT_EQ(0, clear_log(self->vm, 0, 128, bitmap));
	write_pages(_metadata, self->vcpu, 3, 9, 40);
	ASSERT_EQ(0, get_log(self->vm, 1, bitmap));
	EXPECT_EQ(BIT64(9) | BIT64(49), bitmap[0]);
	EXPECT_EQ(BIT64(89 - 64), bitmap[1]);
	for (i = 2; i < words; i++) {
		ASSERT_EQ(~0ULL, bitmap[i]);
	}
}

TEST_F(dirty, errors_by_hand)
{
	uint64_t all[2] = { ~0ULL, ~0ULL };

	EXPECT_EQ(EINVAL, enable_manual(self->vm, KVM_DIRTY_LOG_INITIALLY_SET));
	EXPECT_EQ(EINVAL, enable_manual(self->vm, 4));
	ASSERT_EQ(0, enable_manual(self->vm, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE));
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, 100 * SZ_4K, self->mem);
	EXPECT_EQ(EINVAL, clear_log(self->vm, 1, 64, all));
	EXPECT_EQ(EINVAL, clear_log(self->vm, 32, 64, all));
	EXPECT_EQ(EINVAL, clear_log(self->vm, 0, 63, all));
	EXPECT_EQ(EINVAL, clear_log(self->vm, 0, 101, all));
	EXPECT_EQ(EINVAL, clear_log(self->vm, 64, 64, all));
	EXPECT_EQ(EINVAL, clear_log(self->vm, 128, 0, all));
	EXPECT_EQ(EINVAL, clear_log(self->vm, 1ULL << 63, 64, all));
	EXPECT_EQ(EINVAL, clear_log(self->vm, -64ULL, 64, all));
	EXPECT_EQ(EFAULT, clear_log(self->vm, 0, 100, (void *)BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(self->vm->fd, KVM_CLEAR_DIRTY_LOG, BAD_POINTER));
	/* Both ends are fine here, and bits beyond the slot's end mean nothing. */
	EXPECT_EQ(0, clear_log(self->vm, 64, 36, all));
	EXPECT_EQ(0, clear_log(self->vm, 64, 0, (void *)BAD_POINTER));
	EXPECT_EQ(0, clear_log(self->vm, 0, 100, all));
	vm_slot(self->vm, 1, 0, SLOT_GPA, 100 * SZ_4K, self->mem);
	EXPECT_EQ(ENOENT, clear_log(self->vm, 0, 64, all));
}

/* Off and on and off: while the log is on no page is huge, and afterwards one is again. */
TEST_F(dirty, huge_pages_come_back)
{
	uint8_t bitmap[SZ_2M / SZ_4K / 8];
	long before;

	madvise(self->mem, SZ_2M, MADV_HUGEPAGE);
	memset(self->mem, 1, SZ_2M);
	vm_slot(self->vm, 1, 0, SLOT_GPA, SZ_2M, self->mem);
	write_pages(_metadata, self->vcpu, PAGES, 0, 1);
	before = vm_stat(self->vm, "pages_2m");
	if (before <= 0)
		SKIP(return, "the host has no huge page for us, or no debugfs");
	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, SZ_2M, self->mem);
	EXPECT_GT(before, vm_stat(self->vm, "pages_2m"));
	/* Shadow pages are not split at once: each small one is made when it is used. */
	if (nested_paging())
		EXPECT_LE(512, vm_stat(self->vm, "pages_4k"));
	write_pages(_metadata, self->vcpu, 2, 9, 1);
	ASSERT_EQ(0, get_log(self->vm, 1, bitmap));
	EXPECT_EQ(0x06, bitmap[1]);
	vm_slot(self->vm, 1, 0, SLOT_GPA, SZ_2M, self->mem);
	write_pages(_metadata, self->vcpu, 2, 9, 1);
	EXPECT_EQ(before, vm_stat(self->vm, "pages_2m"));
}

TEST_HARNESS_MAIN
