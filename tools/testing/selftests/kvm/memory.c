// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory as the guest sees it: read-only slots, slots that move, memory dropped under a
 * running guest, many slots, and KVM_TRANSLATE.
 */
#include <pthread.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define SLOT_GPA	0x40000000UL	/* 1 GiB, outside slot 0 */

#define WORD_AT(gpa)	(*(volatile uint64_t *)(gpa))

__guest static void read_then_write(void)
{
	uint64_t seen = WORD_AT(SLOT_GPA + 8);

	guest_sync(seen, 0, 0);
	WORD_AT(SLOT_GPA + 8) = 0x1122334455667788;
	seen = WORD_AT(SLOT_GPA + 8);
	guest_sync(seen, 0, 0);
	guest_done();
}

TEST(readonly_slot_turns_writes_into_mmio)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_run *run = vcpu->run;
	uint64_t *mem = host_pages(SZ_4K);
	struct ucall uc;

	if (!kvm_cap(vcpu->vm->fd, KVM_CAP_READONLY_MEM))
		SKIP(return, "KVM_CAP_READONLY_MEM is not claimed");
	mem[1] = 0xabcdef;
	vm_slot(vcpu->vm, 1, KVM_MEM_READONLY, SLOT_GPA, SZ_4K, mem);
	vcpu_enter(vcpu, read_then_write);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0xabcdef, uc.arg[0]);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu));
	EXPECT_EQ(SLOT_GPA + 8, run->mmio.phys_addr);
	EXPECT_EQ(1, run->mmio.is_write);
	EXPECT_EQ(8, run->mmio.len);
	EXPECT_EQ(0x88, run->mmio.data[0]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0xabcdef, uc.arg[0]);
	EXPECT_EQ(0xabcdef, mem[1]);
}

__guest static void read_forever(void)
{
	uint64_t one, two;

	for (;;) {
		one = WORD_AT(SLOT_GPA);
		two = WORD_AT(SLOT_GPA + SZ_2M);
		guest_sync(one, two, 0);
	}
}

/* One turn of read_forever(); MMIO reads answer with 0xff bytes. */
static void read_turn(struct __test_metadata *_metadata, struct vcpu *vcpu, uint64_t *one,
		      uint64_t *two)
{
	struct kvm_run *run = vcpu->run;
	struct kvm_regs regs;

	while (vcpu_exit(vcpu) == KVM_EXIT_MMIO)
		memset(run->mmio.data, 0xff, 8);
	ASSERT_EQ(KVM_EXIT_IO, run->exit_reason);
	vcpu_regs(vcpu, &regs);
	*one = regs.rsi;
	*two = regs.rdx;
}

TEST(slots_come_move_and_go_under_a_vcpu)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct vm *vm = vcpu->vm;
	uint64_t *mem = host_pages(SZ_4K), one, two;

	mem[0] = 42;
	vcpu_enter(vcpu, read_forever);
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(~0ULL, one);
	EXPECT_EQ(~0ULL, two);
	vm_slot(vm, 1, 0, SLOT_GPA, SZ_4K, mem);
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(42, one);
	EXPECT_EQ(~0ULL, two);
	vm_slot(vm, 1, 0, SLOT_GPA + SZ_2M, SZ_4K, mem);
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(~0ULL, one);
	EXPECT_EQ(42, two);
	vm_slot(vm, 1, 0, SLOT_GPA + SZ_2M, 0, mem);
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(~0ULL, one);
	EXPECT_EQ(~0ULL, two);
}

/*
 * Devices in two holes in turn: the page tables remember both, once, until the slots change. A slot
 * in one of them is memory at once.
 */
TEST(devices_in_two_holes)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct vm *vm = vcpu->vm;
	uint64_t *mem = host_pages(2 * SZ_4K), one, two;
	long noted;
	unsigned int i;

	mem[0] = 42;
	vm_slot(vm, 2, 0, SLOT_GPA + SZ_2M / 2, SZ_4K, mem + 512);
	vcpu_enter(vcpu, read_forever);
	read_turn(_metadata, vcpu, &one, &two);
	read_turn(_metadata, vcpu, &one, &two);
	noted = vm_stat(vm, "pf_mmio_spte_created");
	for (i = 0; i < 10; i++) {
		read_turn(_metadata, vcpu, &one, &two);
		EXPECT_EQ(~0ULL, one & two);
	}
	/* -1: no debugfs; 0: with npt=0 or ept=0 there are none. */
	EXPECT_EQ(noted, vm_stat(vm, "pf_mmio_spte_created"));
	for (i = 0; i < 10; i++) {
		vm_slot(vm, 1, 0, SLOT_GPA + i % 2 * SZ_2M, SZ_4K, mem);
		read_turn(_metadata, vcpu, &one, &two);
		EXPECT_EQ(i % 2 ? ~0ULL : 42, one);
		EXPECT_EQ(i % 2 ? 42 : ~0ULL, two);
	}
	if (noted > 0)
		EXPECT_LT(noted, vm_stat(vm, "pf_mmio_spte_created"));
}

TEST(dropped_memory_reads_zero)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t *small = host_pages(SZ_4K), *large = host_pages(SZ_2M), one, two;

	small[0] = 0x11;
	large[0] = 0x22;
	vm_slot(vcpu->vm, 1, 0, SLOT_GPA, SZ_4K, small);
	vm_slot(vcpu->vm, 2, 0, SLOT_GPA + SZ_2M, SZ_2M, large);
	vcpu_enter(vcpu, read_forever);
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(0x11, one);
	EXPECT_EQ(0x22, two);
	ASSERT_EQ(0, madvise(small, SZ_4K, MADV_DONTNEED));
	ASSERT_EQ(0, madvise(large, SZ_2M, MADV_DONTNEED));
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(0, one);
	EXPECT_EQ(0, two);
	small[0] = 0x33;
	large[0] = 0x44;
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(0x33, one);
	EXPECT_EQ(0x44, two);
}

/* The host tells of all addresses that can be, at once. What is in slots alone may take time. */
TEST(every_address_is_invalidated)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t *mem = host_pages(SZ_4K), one, two, faults;

	mem[0] = 0x11;
	vm_slot(vcpu->vm, 1, 0, SLOT_GPA, SZ_4K, mem);
	vm_slot(vcpu->vm, 2, 0, SLOT_GPA + SZ_2M, SZ_4K, mem);
	vcpu_enter(vcpu, read_forever);
	read_turn(_metadata, vcpu, &one, &two);
	faults = vm_stat(vcpu->vm, "pf_fixed");
	if (!write_file("/proc/self/clear_refs", "4"))
		SKIP(return, "no /proc/PID/clear_refs");
	mem[0] = 0x22;
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(0x22, one);
	EXPECT_EQ(0x22, two);
	EXPECT_LT(faults, vm_stat(vcpu->vm, "pf_fixed"));
}

/* Likewise a hole in a file. */
TEST(removed_memory_reads_zero)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t *mem, one, two;
	int fd = memfd_create("guest", 0);

	ASSERT_EQ(0, ftruncate(fd, 2 * SZ_4K));
	mem = mmap(NULL, 2 * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 0x11;
	mem[512] = 0x22;
	vm_slot(vcpu->vm, 1, 0, SLOT_GPA, SZ_4K, mem);
	vm_slot(vcpu->vm, 2, 0, SLOT_GPA + SZ_2M, SZ_4K, mem + 512);
	vcpu_enter(vcpu, read_forever);
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(0x11, one);
	EXPECT_EQ(0x22, two);
	ASSERT_EQ(0, madvise(mem, SZ_4K, MADV_REMOVE));
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(0, one);
	EXPECT_EQ(0x22, two);
	mem[0] = 0x33;
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(0x33, one);
	/* The file gets shorter: no memory is there any more, and the program hears of it. */
	ASSERT_EQ(0, ftruncate(fd, SZ_4K));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_RUN, 0));
	close(fd);
}

TEST(remapped_memory_is_seen)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t *mem = host_pages(SZ_4K), *other, one, two;

	mem[0] = 1;
	vm_slot(vcpu->vm, 1, 0, SLOT_GPA, SZ_4K, mem);
	vcpu_enter(vcpu, read_forever);
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(1, one);
	other = mmap(mem, SZ_4K, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_EQ(mem, other);
	other[0] = 2;
	read_turn(_metadata, vcpu, &one, &two);
	EXPECT_EQ(2, one);
}

/* A guest that fills 64 pages with a counter and checks that each holds it or is zero. */
__guest static void fill_and_check(void)
{
	uint64_t turn, page, seen;

	for (turn = 1; turn <= 400; turn++) {
		for (page = 0; page < 64; page++)
			WORD_AT(SLOT_GPA + page * 4096) = turn;
		for (page = 0; page < 64; page++) {
			seen = WORD_AT(SLOT_GPA + page * 4096);
			GUEST_ASSERT(seen == turn || seen == 0);
		}
		shared->word[0] = turn;
	}
	guest_done();
}

static volatile bool dropping;

static void *drop_forever(void *mem)
{
	while (dropping) {
		madvise(mem, 64 * SZ_4K, MADV_DONTNEED);
		usleep(200);
	}
	return NULL;
}

TEST(memory_dropped_while_the_guest_runs)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	void *mem = host_pages(64 * SZ_4K);
	pthread_t dropper;
	struct ucall uc;

	vm_slot(vcpu->vm, 1, 0, SLOT_GPA, 64 * SZ_4K, mem);
	vcpu_enter(vcpu, fill_and_check);
	dropping = true;
	ASSERT_EQ(0, pthread_create(&dropper, NULL, drop_forever, mem));
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	dropping = false;
	pthread_join(dropper, NULL);
	EXPECT_EQ(400, vm_shared(vcpu->vm)->word[0]);
}

#define MANY	500

__guest static void read_many(void)
{
	uint64_t i;

	for (i = 0; i < MANY; i++)
		GUEST_ASSERT(WORD_AT(SLOT_GPA + i * 0x2000) == i + 1);
	guest_done();
}

TEST(many_slots)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint8_t *mem = host_pages(MANY * SZ_4K);
	struct ucall uc;
	unsigned int i;

	/* In an order that is neither up nor down. */
	for (i = 0; i < MANY; i++) {
		unsigned int n = i * 7 % MANY;

		*(uint64_t *)(mem + n * SZ_4K) = n + 1;
		vm_slot(vcpu->vm, 1 + i, 0, SLOT_GPA + n * 0x2000UL, SZ_4K, mem + n * SZ_4K);
	}
	vcpu_enter(vcpu, read_many);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

TEST(memory_that_is_not_there)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	void *hole = host_pages(SZ_4K);

	munmap(hole, SZ_4K);
	vm_slot(vcpu->vm, 1, 0, SLOT_GPA, SZ_4K, hole);
	vcpu_enter(vcpu, read_forever);
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_RUN, 0));
}

TEST(write_protected_host_memory)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t *mem = host_pages(SZ_4K);
	struct ucall uc;

	mem[1] = 7;
	mprotect(mem, SZ_4K, PROT_READ);
	vm_slot(vcpu->vm, 1, 0, SLOT_GPA, SZ_4K, mem);
	vcpu_enter(vcpu, read_then_write);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(7, uc.arg[0]);
	/* The slot is writable, its memory is not: userspace's mistake, and it is told. */
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_RUN, 0));
	mprotect(mem, SZ_4K, PROT_READ | PROT_WRITE);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x1122334455667788, mem[1]);
}

TEST(translate)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_translation tr = { .linear_address = GUEST_PAGE + 0x123 };

	vcpu_enter(vcpu, read_forever);
	*vm_pte(vcpu->vm, GUEST_PAGE) = 0x190000 | PTE_P | PTE_W;
	kvm_do(vcpu->fd, KVM_TRANSLATE, &tr);
	EXPECT_EQ(1, tr.valid);
	EXPECT_EQ(0x190123, tr.physical_address);
	/* By a large page. */
	tr.linear_address = GUEST_MMIO + 0x1234;
	kvm_do(vcpu->fd, KVM_TRANSLATE, &tr);
	EXPECT_EQ(1, tr.valid);
	EXPECT_EQ(GUEST_MMIO + 0x1234, tr.physical_address);
	/* Not mapped. */
	*vm_pte(vcpu->vm, GUEST_PAGE) = 0;
	tr.linear_address = GUEST_PAGE;
	kvm_do(vcpu->fd, KVM_TRANSLATE, &tr);
	EXPECT_EQ(0, tr.valid);
	tr.linear_address = 0x0000700000000000;
	kvm_do(vcpu->fd, KVM_TRANSLATE, &tr);
	EXPECT_EQ(0, tr.valid);
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_TRANSLATE, BAD_POINTER));
}

TEST(translate_without_paging)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_translation tr = { .linear_address = 0x12345 };

	vcpu_mode_prot32(vcpu, 0x8000);
	kvm_do(vcpu->fd, KVM_TRANSLATE, &tr);
	EXPECT_EQ(1, tr.valid);
	EXPECT_EQ(0x12345, tr.physical_address);
}

TEST_HARNESS_MAIN
