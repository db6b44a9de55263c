// SPDX-License-Identifier: GPL-2.0-only
/*
 * How memory comes to be mapped: KVM_PRE_FAULT_MEMORY, neighbours mapped with a fault, pages of
 * 2 MiB and 1 GiB, and what happens where there is nothing to map: KVM_EXIT_MEMORY_FAULT, SIGBUS
 * for poison, and waiting for userfaultfd.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define SLOT_GPA	0x40000000UL
#define PAGES		256

/* Adds up words word[0] bytes apart, word[1] of them, from SLOT_GPA on; then stops at the host. */
__guest static void add_up(void)
{
	uint64_t i, sum;

	for (;;) {
		for (sum = i = 0; i < shared->word[1]; i++)
			sum += *(volatile uint64_t *)(SLOT_GPA + i * shared->word[0]);
		guest_sync(sum, 0, 0);
	}
}

static struct vcpu *vcpu_adding_up(struct vm *vm, uint64_t step, uint64_t count)
{
	struct vcpu *vcpu = vcpu_new(vm, 0);

	vm_shared(vm)->word[0] = step;
	vm_shared(vm)->word[1] = count;
	vcpu_enter(vcpu, add_up);
	return vcpu;
}

static void fill(uint64_t *mem, unsigned int pages)
{
	unsigned int i;

	for (i = 0; i < pages; i++)
		mem[i * 512] = i;
}

/* ---- KVM_PRE_FAULT_MEMORY ---- */

static int pre_fault(struct vcpu *vcpu, struct kvm_pre_fault_memory *range, uint64_t gpa,
		     uint64_t size)
{
	*range = (struct kvm_pre_fault_memory) { .gpa = gpa, .size = size };
	return kvm_errno(vcpu->fd, KVM_PRE_FAULT_MEMORY, range);
}

TEST(mapped_before_it_is_touched)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_adding_up(vm, SZ_4K, PAGES);
	uint64_t *mem = host_pages(PAGES * SZ_4K);
	struct kvm_pre_fault_memory range;
	long before, after;
	struct ucall uc;

	if (!kvm_cap(vm->fd, KVM_CAP_PRE_FAULT_MEMORY))
		SKIP(return, "KVM_CAP_PRE_FAULT_MEMORY is not claimed");
	fill(mem, PAGES);
	vm_slot(vm, 1, 0, SLOT_GPA, PAGES * SZ_4K, mem);
	before = vm_stat(vm, "pages_4k");
	ASSERT_EQ(0, pre_fault(vcpu, &range, SLOT_GPA, PAGES * SZ_4K));
	EXPECT_EQ(SLOT_GPA + PAGES * SZ_4K, range.gpa);
	EXPECT_EQ(0, range.size);
	after = vm_stat(vm, "pages_4k");
	EXPECT_EQ(before < 0 ? before : before + PAGES, after);
	/* Again: they are there. */
	ASSERT_EQ(0, pre_fault(vcpu, &range, SLOT_GPA, PAGES * SZ_4K));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(PAGES * (PAGES - 1) / 2, uc.arg[0]);
	/* A range that leaves the slot: what is in it is done, and the rest is told. */
	ASSERT_EQ(0, pre_fault(vcpu, &range, SLOT_GPA + (PAGES - 2) * SZ_4K, 5 * SZ_4K));
	EXPECT_EQ(SLOT_GPA + PAGES * SZ_4K, range.gpa);
	EXPECT_EQ(3 * SZ_4K, range.size);
	EXPECT_EQ(ENOENT, pre_fault(vcpu, &range, range.gpa, range.size));
}

TEST(pre_fault_errors)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_pre_fault_memory range = { .gpa = 0, .size = SZ_4K, .flags = 1 };

	if (!kvm_cap(vcpu->vm->fd, KVM_CAP_PRE_FAULT_MEMORY))
		SKIP(return, "KVM_CAP_PRE_FAULT_MEMORY is not claimed");
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_PRE_FAULT_MEMORY, &range));
	EXPECT_EQ(EINVAL, pre_fault(vcpu, &range, 0, 0));
	EXPECT_EQ(EINVAL, pre_fault(vcpu, &range, 1, SZ_4K));
	EXPECT_EQ(EINVAL, pre_fault(vcpu, &range, 0, SZ_4K + 1));
	EXPECT_EQ(EINVAL, pre_fault(vcpu, &range, -SZ_4K, 2 * SZ_4K));
	EXPECT_EQ(ENOENT, pre_fault(vcpu, &range, GUEST_MMIO, SZ_4K));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_PRE_FAULT_MEMORY, BAD_POINTER));
	EXPECT_EQ(0, pre_fault(vcpu, &range, 0, SZ_4K));
}

/* ---- sizes ---- */

TEST(neighbours_come_along)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_adding_up(vm, 16 * SZ_4K, PAGES / 16);
	uint64_t *mem = host_pages(PAGES * SZ_4K);
	struct ucall uc;
	long before;

	madvise(mem, PAGES * SZ_4K, MADV_NOHUGEPAGE);
	fill(mem, PAGES);
	before = vm_stat(vm, "pages_4k");
	if (before < 0 || kvm_is_in_tree() || !nested_paging() ||
	    parameter_is_off("kvm_intel/parameters/eptad"))
		SKIP(return, "no debugfs, or in-tree or no A bits: each page by its own fault");
	vm_slot(vm, 1, 0, SLOT_GPA, PAGES * SZ_4K, mem);
	/* One page of each sixteen is touched, and what the host has not is left out. */
	madvise((uint8_t *)mem + 5 * SZ_4K, SZ_4K, MADV_DONTNEED);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_LE(before + PAGES - 1, vm_stat(vm, "pages_4k"));
	/* What is taken away goes, whoever brought it. */
	before = vm_stat(vm, "pages_4k");
	madvise(mem, PAGES * SZ_4K, MADV_DONTNEED);
	EXPECT_EQ(before - PAGES + 1, vm_stat(vm, "pages_4k"));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0, uc.arg[0]);
}

static void huge_slot(struct __test_metadata *_metadata, size_t size, int log2_size,
		      const char *pool, const char *stat)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_adding_up(vm, size / 8, 8);
	struct ucall uc;
	uint64_t *mem;
	unsigned int i;
	long base;

	if (!nested_paging())
		SKIP(return, "shadow tables map pages of 4 KiB");
	write_file(pool, "1");
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | log2_size << MAP_HUGE_SHIFT, -1, 0);
	if (mem == MAP_FAILED)
		SKIP(return, "the host has no such page to give");
	for (i = 0; i < 8; i++)
		mem[i * size / 64] = i;
	/* Slot 0 may have such pages as well. */
	vm_shared(vm)->word[1] = 0;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	vm_shared(vm)->word[1] = 8;
	base = vm_stat(vm, stat);
	if (base < 0)
		SKIP(return, "no debugfs");
	vm_slot(vm, 1, 0, SLOT_GPA, size, mem);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(28, uc.arg[0]);
	EXPECT_EQ(base + 1, vm_stat(vm, stat));
	/* Small pages while the log is on, the big one again afterwards. */
	vm_slot(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, size, mem);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(28, uc.arg[0]);
	EXPECT_EQ(base, vm_stat(vm, stat));
	vm_slot(vm, 1, 0, SLOT_GPA, size, mem);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(28, uc.arg[0]);
	EXPECT_EQ(base + 1, vm_stat(vm, stat));
	munmap(mem, size);
	EXPECT_EQ(base, vm_stat(vm, stat));
	write_file(pool, "0");
}

TEST(hugetlb_2m)
{
	huge_slot(_metadata, SZ_2M, 21, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
		  "pages_2m");
}

TEST(hugetlb_1g)
{
	huge_slot(_metadata, SZ_1G, 30,
		  "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "pages_1g");
}

/* ---- nothing to map ---- */

TEST(hole_in_the_program)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_adding_up(vm, SZ_4K, 4);
	uint64_t *mem = host_pages(4 * SZ_4K);
	struct kvm_run *run = vcpu->run;
	struct ucall uc;

	fill(mem, 4);
	ASSERT_EQ(0, mprotect((uint8_t *)mem + 2 * SZ_4K, SZ_4K, PROT_NONE));
	vm_slot(vm, 1, 0, SLOT_GPA, 4 * SZ_4K, mem);
	ASSERT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_RUN, 0));
	if (kvm_cap(vm->fd, KVM_CAP_MEMORY_FAULT_INFO)) {
		EXPECT_EQ(KVM_EXIT_MEMORY_FAULT, run->exit_reason);
		EXPECT_EQ(0, run->memory_fault.flags);
		EXPECT_EQ(SLOT_GPA + 2 * SZ_4K, run->memory_fault.gpa);
		EXPECT_EQ(SZ_4K, run->memory_fault.size);
	}
	/* The program mends it, and the guest goes on as if nothing had been. */
	ASSERT_EQ(0, mprotect((uint8_t *)mem + 2 * SZ_4K, SZ_4K, PROT_READ));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0 + 1 + 2 + 3, uc.arg[0]);
}

static sigjmp_buf poisoned;
static siginfo_t poison_info;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	poison_info = *info;
	siglongjmp(poisoned, 1);
}

TEST(poison_is_the_programs_sigbus)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_adding_up(vm, SZ_4K, 4);
	uint8_t *mem = host_pages(4 * SZ_4K);
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	struct ucall uc;

	fill((uint64_t *)mem, 4);
	vm_slot(vm, 1, 0, SLOT_GPA, 4 * SZ_4K, mem);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	sigaction(SIGBUS, &action, NULL);
	if (!sigsetjmp(poisoned, 1)) {
		if (madvise(mem + SZ_4K, SZ_4K, MADV_HWPOISON))
			SKIP(return, "MADV_HWPOISON: %s", strerror(errno));
		kvm_errno(vcpu->fd, KVM_RUN, 0);
		ASSERT_TRUE(false) TH_LOG("no SIGBUS");
	}
	EXPECT_EQ(BUS_MCEERR_AR, poison_info.si_code);
	EXPECT_EQ(mem + SZ_4K, poison_info.si_addr);
	/* A fresh page in its place, as a VMM would. */
	ASSERT_EQ(mem + SZ_4K, mmap(mem + SZ_4K, SZ_4K, PROT_READ | PROT_WRITE,
				    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0 + 0 + 2 + 3, uc.arg[0]);
}

/* ---- memory without struct pages, that get_user_pages() refuses ---- */

TEST(mapped_by_frame_number)
{
	const size_t size = 16 * SZ_4K;
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_adding_up(vm, 8, size / 8);
	int mem = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	uint64_t sum = 0, *rom;
	struct ucall uc;
	unsigned int i;

	/* The firmware's ROM, below 1 MiB: there the kernel lets it be mapped. */
	if (mem < 0)
		SKIP(return, "/dev/mem: %s", strerror(errno));
	rom = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0xf0000);
	if (rom == MAP_FAILED)
		SKIP(return, "mmap of /dev/mem: %s", strerror(errno));
	for (i = 0; i < size / 8; i++)
		sum += rom[i];
	ASSERT_NE(0, sum);
	vm_slot(vm, 1, 0, SLOT_GPA, size, rom);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		EXPECT_EQ(sum, uc.arg[0]);
		/* Its entries go with the mapping, and it has no other. */
		ASSERT_EQ(rom, mmap(rom, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED, mem,
				    0xf0000));
	}
	munmap(rom, size);
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_RUN, 0));
	EXPECT_EQ(KVM_EXIT_MEMORY_FAULT, vcpu->run->exit_reason);
	close(mem);
}

/* ---- userfaultfd: the page comes when another thread brings it ---- */

static void *bring_pages(void *arg)
{
	int uffd = *(int *)arg;
	static uint64_t page[512];
	struct uffd_msg msg;
	struct pollfd pollfd = { .fd = uffd, .events = POLLIN };

	while (poll(&pollfd, 1, 1000) == 1 && read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		struct uffdio_copy copy = {
			.dst = msg.arg.pagefault.address & ~(SZ_4K - 1),
			.src = (uintptr_t)page,
			.len = SZ_4K,
		};

		page[0] = 1000;
		/* What the program does to other memory is no reason to look the page up again. */
		munmap(host_pages(SZ_4K), SZ_4K);
		ioctl(uffd, UFFDIO_COPY, &copy);
	}
	return NULL;
}

static long faults_repeated(struct vm *vm)
{
	return vm_stat(vm, "pf_taken") - vm_stat(vm, "pf_fixed") - vm_stat(vm, "pf_spurious");
}

TEST(userfaultfd_brings_the_pages)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_adding_up(vm, SZ_4K, 64);
	uint8_t *mem = host_pages(64 * SZ_4K);
	int uffd = (int)syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)mem, .len = 64 * SZ_4K },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pthread_t thread;
	struct ucall uc;
	unsigned int i;
	long repeated;

	if (uffd < 0)
		SKIP(return, "userfaultfd: %s", strerror(errno));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg));
	vm_slot(vm, 1, 0, SLOT_GPA, 64 * SZ_4K, mem);
	ASSERT_EQ(0, pthread_create(&thread, NULL, bring_pages, &uffd));
	repeated = faults_repeated(vm);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		EXPECT_EQ(64 * 1000, uc.arg[0]);
		/* Gone, and to be brought again. */
		madvise(mem, 64 * SZ_4K, MADV_DONTNEED);
	}
	if (!kvm_is_in_tree() && nested_paging())
		EXPECT_EQ(repeated, faults_repeated(vm));
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN
