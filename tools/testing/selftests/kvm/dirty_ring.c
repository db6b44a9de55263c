// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty ring (api.rst 8.29): what is written is entered, once; a full ring stops the vCPU; what
 * userspace writes into the ring harms nobody but itself.
 */
#include <pthread.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define SLOT_GPA	0x40000000UL
#define PAGES		4096
#define RING_BYTES	16384	/* with PML 576 entries are kept free */
#define ENTRIES		(RING_BYTES / sizeof(struct kvm_dirty_gfn))

static int enable_ring(struct vm *vm, long cap, uint64_t bytes)
{
	struct kvm_enable_cap enable = { .cap = cap, .args[0] = bytes };

	return kvm_errno(vm->fd, KVM_ENABLE_CAP, &enable);
}

static struct kvm_dirty_gfn *map_ring(struct vcpu *vcpu, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd,
			KVM_DIRTY_LOG_PAGE_OFFSET * SZ_4K);

	if (at == MAP_FAILED)
		die("mmap of the dirty ring: %s", strerror(errno));
	return at;
}

/* Writes word[0] pages from word[1] on, each word[2] apart; stops at the host after each round. */
__guest static void write_some(void)
{
	uint64_t i;

	for (;;) {
		for (i = 0; i < shared->word[0]; i++)
			*(volatile uint64_t *)(SLOT_GPA + (shared->word[1] + i * shared->word[2]) *
					       4096) += 1;
		guest_sync(0, 0, 0);
	}
}

FIXTURE(ring) {
	struct vm *vm;
	struct vcpu *vcpu;
	uint64_t *mem;
	struct kvm_dirty_gfn *gfns;
	uint32_t next;
};

FIXTURE_SETUP(ring)
{
	self->vm = vm_new();
	if (!kvm_cap(self->vm->fd, KVM_CAP_DIRTY_LOG_RING))
		SKIP(return, "KVM_CAP_DIRTY_LOG_RING is not claimed");
	ASSERT_EQ(0, enable_ring(self->vm, KVM_CAP_DIRTY_LOG_RING, RING_BYTES));
	self->vcpu = vcpu_new(self->vm, 0);
	self->gfns = map_ring(self->vcpu, RING_BYTES);
	self->mem = host_pages(PAGES * SZ_4K);
	vm_slot(self->vm, 7, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGES * SZ_4K, self->mem);
	vcpu_enter(self->vcpu, write_some);
}

FIXTURE_TEARDOWN(ring)
{
	if (!self->vcpu)
		return;
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

static void write_pages(struct vm *vm, uint64_t count, uint64_t first, uint64_t step)
{
	uint64_t *word = vm_shared(vm)->word;

	word[0] = count;
	word[1] = first;
	word[2] = step;
}

/* Take one entry; -1: there is none. */
static long harvest(struct kvm_dirty_gfn *gfns, uint32_t *next, uint32_t *slot)
{
	struct kvm_dirty_gfn *entry = &gfns[*next % ENTRIES];
	long offset;

	if (__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY)
		return -1;
	*slot = entry->slot;
	offset = entry->offset;
	__atomic_store_n(&entry->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
	++*next;
	return offset;
}

static int reset_rings(struct vm *vm)
{
	return (int)kvm_do(vm->fd, KVM_RESET_DIRTY_RINGS, 0);
}

TEST_F(ring, each_page_once_until_reset)
{
	uint32_t slot = 0, i;
	struct ucall uc;

	for (i = 0; i < 3; i++) {
		/* Twice without a reset in between: one entry each. */
		write_pages(self->vm, 20, 100, 7);
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
		for (uint32_t n = 0; n < 20; n++) {
			ASSERT_EQ(100 + n * 7, harvest(self->gfns, &self->next, &slot));
			EXPECT_EQ(7, slot);
		}
		EXPECT_EQ(-1, harvest(self->gfns, &self->next, &slot));
		EXPECT_EQ(20, reset_rings(self->vm));
		EXPECT_EQ(0, reset_rings(self->vm));
	}
}

TEST_F(ring, full_ring_stops_the_vcpu)
{
	uint32_t slot, taken = 0, again = 0, exits = 0, i;
	bool seen[PAGES] = { false };
	long page;

	write_pages(self->vm, PAGES, 0, 1);
	for (;;) {
		uint32_t reason = vcpu_exit(self->vcpu);

		if (reason == KVM_EXIT_IO)
			break;
		ASSERT_EQ(KVM_EXIT_DIRTY_RING_FULL, reason);
		/* It stays so until something is taken back. */
		ASSERT_EQ(KVM_EXIT_DIRTY_RING_FULL, vcpu_exit(self->vcpu));
		exits++;
		for (i = 0; i < ENTRIES; i++) {
			page = harvest(self->gfns, &self->next, &slot);
			if (page < 0)
				break;
			ASSERT_GT(PAGES, page);
			/* A write that had to wait for the exit is done, and told, again. */
			again += seen[page];
			seen[page] = true;
			taken++;
		}
		/* Harvested, but not reset: still full. */
		ASSERT_EQ(KVM_EXIT_DIRTY_RING_FULL, vcpu_exit(self->vcpu));
		EXPECT_EQ(i, reset_rings(self->vm));
	}
	while ((page = harvest(self->gfns, &self->next, &slot)) >= 0) {
		again += seen[page];
		seen[page] = true;
		taken++;
	}
	EXPECT_EQ(PAGES, taken - again);
	EXPECT_GE(exits, again);
	EXPECT_LE(PAGES / ENTRIES, exits);
}

TEST_F(ring, hostile_entries)
{
	uint32_t slot, i;
	struct ucall uc;

	/* Entries that were never filled, marked as harvested, with nonsense in them. */
	for (i = 0; i < ENTRIES; i++) {
		self->gfns[i].slot = i * 0x10001;
		self->gfns[i].offset = -1ULL >> (i % 64);
		self->gfns[i].flags = KVM_DIRTY_GFN_F_RESET;
	}
	EXPECT_EQ(0, reset_rings(self->vm));
	/* Filled ones that name other pages than those that were written. */
	write_pages(self->vm, 10, 0, 1);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(i, harvest(self->gfns, &self->next, &slot));
		self->gfns[i].slot = i & 1 ? 7 : 0xffff0000 + i;
		self->gfns[i].offset = PAGES - 1 + i;
	}
	EXPECT_EQ(10, reset_rings(self->vm));
	/* The ring goes on where it was. */
	write_pages(self->vm, 10, 200, 1);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(200 + i, harvest(self->gfns, &self->next, &slot));
	}
	EXPECT_EQ(10, reset_rings(self->vm));
}

TEST_F(ring, bitmaps_are_refused)
{
	uint64_t bitmap[PAGES / 64];
	struct kvm_dirty_log get = { .slot = 7, .dirty_bitmap = bitmap };
	struct kvm_clear_dirty_log clear = { .slot = 7, .num_pages = 64, .dirty_bitmap = bitmap };

	EXPECT_EQ(ENXIO, kvm_errno(self->vm->fd, KVM_GET_DIRTY_LOG, &get));
	EXPECT_EQ(ENXIO, kvm_errno(self->vm->fd, KVM_CLEAR_DIRTY_LOG, &clear));
	/* Once is enough, and before the first vCPU. */
	EXPECT_EQ(EINVAL, enable_ring(self->vm, KVM_CAP_DIRTY_LOG_RING, RING_BYTES));
	/* A private copy of the ring would never change. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				   self->vcpu->fd, KVM_DIRTY_LOG_PAGE_OFFSET * SZ_4K));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, RING_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED,
				   self->vcpu->fd, KVM_DIRTY_LOG_PAGE_OFFSET * SZ_4K));
}

TEST(sizes)
{
	struct vm *vm = vm_new();
	int most = kvm_cap(vm->fd, KVM_CAP_DIRTY_LOG_RING);

	if (!most)
		SKIP(return, "KVM_CAP_DIRTY_LOG_RING is not claimed");
	EXPECT_EQ(most, kvm_cap(vm->fd, KVM_CAP_DIRTY_LOG_RING_ACQ_REL));
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_RESET_DIRTY_RINGS, 0));
	EXPECT_EQ(EINVAL, enable_ring(vm, KVM_CAP_DIRTY_LOG_RING, 0));
	EXPECT_EQ(EINVAL, enable_ring(vm, KVM_CAP_DIRTY_LOG_RING, 2048));
	EXPECT_EQ(EINVAL, enable_ring(vm, KVM_CAP_DIRTY_LOG_RING, 5000));
	EXPECT_EQ(E2BIG, enable_ring(vm, KVM_CAP_DIRTY_LOG_RING, 2ULL * most));
	EXPECT_EQ(E2BIG, enable_ring(vm, KVM_CAP_DIRTY_LOG_RING, 1ULL << 40));
	EXPECT_EQ(0, enable_ring(vm, KVM_CAP_DIRTY_LOG_RING_ACQ_REL, most));
	vm_free(vm);
	vm = vm_new();
	vcpu_bare(vm, 0);
	EXPECT_EQ(EINVAL, enable_ring(vm, KVM_CAP_DIRTY_LOG_RING, RING_BYTES));
}

/* ---- vCPUs that write while a thread harvests: no write may be lost ---- */

#define VCPUS		3
#define STORM_PAGES	64

__guest static void stamp_until_told(void)
{
	uint64_t id = 1, turn = 0, page;

	__asm__ volatile("lock xaddq %0, %1" : "+r" (id), "+m" (shared->word[0]));
	while (shared->word[3] == 0) {
		turn++;
		for (page = 0; page < STORM_PAGES; page++)
			*(volatile uint64_t *)(SLOT_GPA + (page * 37 + turn) % STORM_PAGES * 4096 +
					       id * 8) = turn;
	}
	guest_done();
}

struct storm {
	struct vm *vm;
	uint8_t *mem, *copy;
	struct kvm_dirty_gfn *gfns[VCPUS];
	uint32_t next[VCPUS];
	unsigned int copied;
	pthread_mutex_t lock;
};

/* Harvest all rings, reset, and only then copy what was harvested (api.rst 8.29). */
static unsigned int collect(struct storm *storm)
{
	uint32_t i, slot, count = 0;
	static long pages[VCPUS * ENTRIES];
	long page;

	pthread_mutex_lock(&storm->lock);
	for (i = 0; i < VCPUS; i++) {
		while ((page = harvest(storm->gfns[i], &storm->next[i], &slot)) >= 0)
			pages[count++] = page;
	}
	reset_rings(storm->vm);
	for (i = 0; i < count; i++)
		memcpy(storm->copy + pages[i] * SZ_4K, storm->mem + pages[i] * SZ_4K, SZ_4K);
	storm->copied += count;
	pthread_mutex_unlock(&storm->lock);
	return count;
}

struct runner {
	struct storm *storm;
	struct vcpu *vcpu;
};

static void *run_vcpu(void *arg)
{
	struct runner *runner = arg;
	uint32_t reason;

	while ((reason = vcpu_exit(runner->vcpu)) == KVM_EXIT_DIRTY_RING_FULL)
		collect(runner->storm);
	return (void *)(uintptr_t)reason;
}

TEST(no_write_is_lost)
{
	struct storm storm = { .vm = vm_new(), .lock = PTHREAD_MUTEX_INITIALIZER };
	struct runner runner[VCPUS];
	pthread_t thread[VCPUS];
	unsigned int i;
	void *reason;

	if (!kvm_cap(storm.vm->fd, KVM_CAP_DIRTY_LOG_RING))
		SKIP(return, "KVM_CAP_DIRTY_LOG_RING is not claimed");
	ASSERT_EQ(0, enable_ring(storm.vm, KVM_CAP_DIRTY_LOG_RING, RING_BYTES));
	storm.mem = host_pages(STORM_PAGES * SZ_4K);
	storm.copy = host_pages(STORM_PAGES * SZ_4K);
	vm_slot(storm.vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, STORM_PAGES * SZ_4K, storm.mem);
	for (i = 0; i < VCPUS; i++) {
		runner[i] = (struct runner) { &storm, vcpu_new(storm.vm, i) };
		storm.gfns[i] = map_ring(runner[i].vcpu, RING_BYTES);
		vcpu_enter_spinner(runner[i].vcpu, stamp_until_told);
	}
	for (i = 0; i < VCPUS; i++) {
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run_vcpu, &runner[i]));
	}
	for (i = 0; i < 150; i++) {
		collect(&storm);
		usleep(i % 4 * 2000);
	}
	((volatile struct guest_shared *)vm_shared(storm.vm))->word[3] = 1;
	for (i = 0; i < VCPUS; i++) {
		pthread_join(thread[i], &reason);
		EXPECT_EQ(KVM_EXIT_IO, (uintptr_t)reason);
	}
	collect(&storm);
	TH_LOG("%u pages copied", storm.copied);
	EXPECT_LT(STORM_PAGES, storm.copied);
	for (i = 0; i < STORM_PAGES; i++) {
		EXPECT_EQ(0, memcmp(storm.mem + i * SZ_4K, storm.copy + i * SZ_4K, SZ_4K))
			TH_LOG("page %u was written without an entry", i);
	}
	EXPECT_EQ(0, collect(&storm));
}

TEST_HARNESS_MAIN
