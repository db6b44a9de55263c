// SPDX-License-Identifier: GPL-2.0-only
/*
 * Four vCPUs use the same memory while the host does to it what hosts do: it punches holes, swaps
 * out what it can, moves pages about, splits huge ones and puts them together, changes protection,
 * forks. What the guest wrote it finds again; where a hole was punched it finds zero. Afterwards
 * every page of page table has gone back to the host.
 *
 * KVM_PRESSURE_MIB=1024 (of each of two memories) and KVM_PRESSURE_TURNS=50 make a long run of it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define VCPUS		4
#define KEPT_GPA	0x40000000UL	/* nobody takes its contents away */
#define HOLED_GPA	0x80000000UL	/* a hole reads zero */
#define FILE_GPA	0xc0000000UL	/* of a memfd, holed too */
#define SIZE_MAX_MIB	1024UL		/* of the first two, each */
#define FILE_SIZE	SZ_2M
#define WORD_AT(gpa)	(*(volatile uint64_t *)(gpa))

#ifndef MADV_COLD
#define MADV_COLD	20
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

static volatile bool going;

/* word[1]: bytes of each memory; word[2]: turns. Each vCPU has a word of its own in each page. */
__guest static void stamp_and_check(void)
{
	uint64_t id = 1, turn, at, seen, size = shared->word[1];

	__asm__ volatile("lock xaddq %0, %1" : "+r" (id), "+m" (shared->word[0]));
	for (turn = 1; turn <= shared->word[2]; turn++) {
		for (at = 0; at < size; at += 4096) {
			seen = WORD_AT(KEPT_GPA + at + id * 8);
			GUEST_ASSERT(seen == (turn > 1 ? (turn - 1) << 32 ^ at ^ id : 0));
			WORD_AT(KEPT_GPA + at + id * 8) = turn << 32 ^ at ^ id;
			seen = WORD_AT(HOLED_GPA + at + id * 8);
			GUEST_ASSERT(!seen || (turn > 1 && seen == ((turn - 1) << 32 ^ at ^ id)));
			WORD_AT(HOLED_GPA + at + id * 8) = turn << 32 ^ at ^ id;
			seen = WORD_AT(FILE_GPA + at % FILE_SIZE + id * 8);
			GUEST_ASSERT(!seen || (uint8_t)(seen ^ id) == 0);
			WORD_AT(FILE_GPA + at % FILE_SIZE + id * 8) = (turn << 32 | at) ^ id;
		}
	}
	guest_done();
}

struct memory {
	uint8_t *kept, *holed, *file;
	size_t size;
};

/* A region of up to 2 MiB, aligned to a page, that differs from call to call. */
static size_t pick(const struct memory *m, unsigned int i, size_t *len)
{
	size_t at = (size_t)i * 2654435761u % m->size & ~(SZ_4K - 1);

	*len = (i % 3 ? SZ_4K * (1 + i % 16) : SZ_2M);
	if (*len > m->size - at)
		*len = m->size - at;
	return at;
}

static unsigned int moved;	/* pages, to the other memory node */

/* MPOL_MF_MOVE, to one node and back: numa=fake=2 makes two of any machine. */
static void move_some(uint8_t *at, unsigned int i)
{
	void *page[1] = { at };
	int node[1] = { i / 4 % 2 }, before[1], after[1];

	if (!syscall(__NR_move_pages, 0, 1, page, NULL, before, 0) &&
	    !syscall(__NR_move_pages, 0, 1, page, node, after, 2))
		moved += before[0] >= 0 && after[0] == node[0] && after[0] != before[0];
}

static void disturb(const struct memory *m, unsigned int i)
{
	static const int keep[] = { MADV_COLD, MADV_PAGEOUT, MADV_COLLAPSE, MADV_NOHUGEPAGE,
				    MADV_HUGEPAGE, MADV_MERGEABLE, MADV_UNMERGEABLE };
	size_t len, at = pick(m, i, &len);

	/* Some of these are refused, for want of swap or of huge pages: no matter. */
	madvise(m->kept + at, len, keep[i % ARRAY_LEN(keep)]);
	madvise(m->holed + at, len, MADV_DONTNEED);
	madvise(m->file + at % FILE_SIZE, SZ_4K, MADV_REMOVE);
	if (i % 8 == 1) {
		/* The guest must not notice. */
		mprotect(m->kept + at, SZ_4K, PROT_READ | PROT_WRITE | PROT_EXEC);
		mprotect(m->kept + at, SZ_4K, PROT_READ | PROT_WRITE);
	}
	for (len = 0; len < 8 * SZ_4K && at + len < m->size; len += SZ_4K)
		move_some(m->kept + at + len, i);
	if (i % 256 == 5)
		write_file("/proc/sys/vm/compact_memory", "1");
	if (i % 64 == 7 && !fork())
		_exit(0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void *disturb_until_told(void *arg)
{
	unsigned int i = 0;

	while (going) {
		disturb(arg, i++);
		usleep(2000);
	}
	return (void *)(uintptr_t)i;
}

static void *run_to_end(void *arg)
{
	struct ucall uc;

	return (void *)(uintptr_t)vcpu_ucall(arg, &uc);
}

static unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static uint8_t *file_memory(void)
{
	int fd = memfd_create("guest", 0);
	uint8_t *at;

	if (fd < 0 || ftruncate(fd, FILE_SIZE))
		die("memfd: %s", strerror(errno));
	at = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die("mmap of the memfd: %s", strerror(errno));
	close(fd);
	return at;
}

/* The number behind @format's text in a file of such lines; -1: it is not there. */
static long kernel_counts(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	char line[128];
	long value = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, format, &value) == 1)
			break;
	if (file)
		fclose(file);
	return value;
}

/* The page tables of all VMs, in KiB. */
static long secondary_page_tables(void)
{
	return kernel_counts("/proc/meminfo", "SecPageTables: %ld");
}

static long swapped_out(void)
{
	return kernel_counts("/proc/vmstat", "pswpout %ld");
}

FIXTURE(pressure) {
	int unused;
};

FIXTURE_SETUP(pressure)
{
	self->unused = 0;
}

FIXTURE_TEARDOWN(pressure)
{
}

/* Busy hosts are slow; a long run is bounded by what runs it. */
TEST_F_TIMEOUT(pressure, contents_survive_what_hosts_do, 100000)
{
	unsigned long mib = from_env("KVM_PRESSURE_MIB", 4);
	struct memory m = { .size = (mib < SIZE_MAX_MIB ? mib : SIZE_MAX_MIB) << 20 };
	long before = secondary_page_tables(), most, after, swapped = swapped_out();
	pthread_t thread[VCPUS], disturber;
	struct vcpu *vcpu[VCPUS];
	struct vm *vm = vm_new();
	unsigned int i;
	void *result;

	m.kept = host_pages(m.size);
	m.holed = host_pages(m.size);
	m.file = file_memory();
	vm_shared(vm)->word[1] = m.size;
	vm_shared(vm)->word[2] = from_env("KVM_PRESSURE_TURNS", 4);
	vm_slot(vm, 1, 0, KEPT_GPA, m.size, m.kept);
	vm_slot(vm, 2, 0, HOLED_GPA, m.size, m.holed);
	vm_slot(vm, 3, 0, FILE_GPA, FILE_SIZE, m.file);
	write_file("/sys/kernel/mm/ksm/run", "1");
	for (i = 0; i < VCPUS; i++) {
		vcpu[i] = vcpu_new(vm, i);
		vcpu_enter_spinner(vcpu[i], stamp_and_check);
	}
	going = true;
	ASSERT_EQ(0, pthread_create(&disturber, NULL, disturb_until_told, &m));
	for (i = 0; i < VCPUS; i++) {
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run_to_end, vcpu[i]));
	}
	for (i = 0; i < VCPUS; i++) {
		pthread_join(thread[i], &result);
		EXPECT_EQ(UCALL_DONE, (uintptr_t)result);
	}
	going = false;
	pthread_join(disturber, &result);
	swapped = swapped_out() - swapped;
	TH_LOG("disturbed %lu times, %u pages moved, %ld swapped out",
	       (unsigned long)(uintptr_t)result, moved, swapped);
	if (kernel_counts("/proc/meminfo", "SwapTotal: %ld") > 0)
		EXPECT_LT(0, swapped);
	if (!access("/sys/devices/system/node/node1", F_OK))
		EXPECT_LT(0, moved);
	write_file("/sys/kernel/mm/ksm/run", "0");
	most = secondary_page_tables();

	/* All of it goes with the memory, but for the tables above and those of slot 0. */
	munmap(m.kept, m.size);
	munmap(m.holed, m.size);
	munmap(m.file, FILE_SIZE);
	if (vm_stat(vm, "pages_4k") >= 0) {
		EXPECT_GE(GUEST_MEM_SIZE / SZ_4K, vm_stat(vm, "pages_4k"));
		EXPECT_GE(64, vm_stat(vm, "page_table_pages"));
	}
	for (i = 0; i < VCPUS; i++)
		vcpu_free(vcpu[i]);
	vm_free(vm);
	if (before < 0)
		return;
	/* Freed after a grace period, and counted per CPU: give both some time. */
	for (i = 0; i < 100; i++) {
		after = secondary_page_tables();
		if (after <= before)
			break;
		usleep(20000);
	}
	TH_LOG("page tables: %ld KiB before, %ld with the guest, %ld after", before, most, after);
	EXPECT_GE(before + 64, after);
}

/* ---- many slots ---- */

#define MANY		32764
#define MANY_GPA	0x40000000UL

/* word[1]: where; adds up the first words of word[2] slots, word[3] bytes apart. */
__guest static void add_up_slots(void)
{
	uint64_t i, sum;

	for (;;) {
		for (sum = i = 0; i < shared->word[2]; i++)
			sum += WORD_AT(shared->word[1] + i * shared->word[3]);
		guest_sync(sum, 0, 0);
	}
}

TEST_F_TIMEOUT(pressure, every_slot_there_is, 100000)
{
	struct vm *vm = vm_new();
	unsigned int last = (unsigned int)kvm_cap(vm->fd, KVM_CAP_NR_MEMSLOTS) - 1, i;
	uint64_t *mem = host_pages(SZ_2M);
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct guest_shared *words = vm_shared(vm);
	struct ucall uc;

	ASSERT_LE(MANY - 1, last);
	for (i = 0; i < SZ_2M / SZ_4K; i++)
		mem[i * 512] = 1;
	/* Each is a page, with a gap behind it, and they share 512 pages of the host's. */
	for (i = 1; i <= last; i++) {
		if (i == last)
			EXPECT_EQ(EEXIST, vm_slot_errno(vm, i, 0, MANY_GPA + 2 * SZ_4K, SZ_4K,
							mem));
		vm_slot(vm, i, 0, MANY_GPA + i * 2 * SZ_4K, SZ_4K, mem + i % 512 * 512);
	}
	EXPECT_EQ(EINVAL, vm_slot_errno(vm, last + 1, 0, 0, SZ_4K, mem));
	words->word[1] = MANY_GPA + 2 * SZ_4K;
	words->word[2] = last;
	words->word[3] = 2 * SZ_4K;
	vcpu_enter(vcpu, add_up_slots);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(last, uc.arg[0]);
	/* One page of the host's stands behind 64 slots: all of them follow it. */
	madvise(mem + 7 * 512, SZ_4K, MADV_DONTNEED);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(last - (last - 7) / 512 - 1, uc.arg[0]);
	/* Some move, some go, some come again, beside the mapped rest. */
	mem[7 * 512] = 1;
	for (i = 1; i <= last; i += 97) {
		vm_slot(vm, i, 0, MANY_GPA + i * 2 * SZ_4K + SZ_4K, SZ_4K, mem + i % 512 * 512);
		vm_slot(vm, i, KVM_MEM_LOG_DIRTY_PAGES, MANY_GPA + i * 2 * SZ_4K + SZ_4K, SZ_4K,
			mem + i % 512 * 512);
		vm_slot(vm, i, 0, 0, 0, NULL);
		vm_slot(vm, i, 0, MANY_GPA + i * 2 * SZ_4K, SZ_4K, mem + i % 512 * 512);
	}
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(last, uc.arg[0]);
	for (i = 1; i <= last; i++)
		vm_slot(vm, i, 0, 0, 0, NULL);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu));
	EXPECT_EQ(words->word[1], vcpu->run->mmio.phys_addr);
	vcpu_free(vcpu);
	vm_free(vm);
}

TEST_HARNESS_MAIN
