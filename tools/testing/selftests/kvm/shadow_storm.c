// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile guest: a pool of pages of which any entry may lead to any page, so that a page is a
 * table of several levels and data at once, tables contain themselves, and stores through the
 * window that they map change them. After each flush what the CPU does must be what a walk in
 * software says, with accessed and dirty bits (SDM 4.5, 4.8, 4.10). Big pages of the guest's lie
 * over some of the tables, in what the host maps by huge pages where it can.
 *
 * Another vCPU rewrites the pool meanwhile, and the host takes its memory away, logs it, writes it,
 * removes its slot and bounds the page tables. With npt=0 and ept=0 the pool is shadowed.
 */
#include <pthread.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define POOL		0x10000000UL
#define POOL_SIZE	(4 * SZ_2M)
#define PAGES		12UL		/* at the pool's start, that entries lead to */
#define FAR_PAGES	2UL		/* likewise, in its second 2 MiB: now and then */
#define ENTRIES		6UL		/* of each page that are used */
/* The second entry of the top table leads to page 0 of the pool. */
#define TOP_SHIFT	(shared->word[W_LA57] ? 48 : 39)
#define FRAME		0xffffffffff000UL
#define CR4_PGE		BIT64(7)

#define W_STEPS		0		/* words shared with the host */
#define W_SEED		1
#define W_PHASE		2		/* odd: the other vCPU rewrites the pool */
#define W_ACK		3		/* the phase it has come to */
#define W_LA57		4		/* five levels */

struct guest_state {
	uint64_t random;
};

/* A walk in software: where it ends, and the entries that it used, the last one first. */
struct path {
	uint64_t gpa;
	volatile uint64_t *pte[4];
	unsigned int depth;
	bool present, writable;
};

__guest_inline uint64_t next_random(struct guest_state *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

/* A page of the pool. */
__guest_inline uint64_t any_page(uint64_t random)
{
	uint64_t far = (random >> 8 & 15) ? 0 : SZ_2M;

	return POOL + far + random % (far ? FAR_PAGES : PAGES) * SZ_4K;
}

/* Mostly present; rarely one that claims to be a big page, which fits the first two alone. */
__guest_inline uint64_t any_entry(uint64_t random)
{
	uint64_t entry = any_page(random >> 32);

	if (!(random & 7))
		return 0;
	entry |= PTE_P | (random & 0x30 ? PTE_W : 0) | (random & 0x40 ? PTE_A : 0);
	entry |= (random & 0x180) == 0x180 ? PTE_A | PTE_D : 0;
	return random & 0x1e00 ? entry : (entry & ~0x1fe000UL) | (random & 0x2000 ? SZ_2M : 0) |
					 PTE_PS;
}

__guest_inline volatile uint64_t *any_slot(uint64_t random)
{
	return (uint64_t *)any_page(random) + (random >> 16) % ENTRIES;
}

__guest_inline uint64_t any_address(uint64_t random)
{
	uint64_t far = shared->word[W_LA57] ? (random >> 32) % ENTRIES << 39 : 0;

	return BIT64(TOP_SHIFT) + far + (random % ENTRIES << 30) + ((random >> 8) % ENTRIES << 21) +
	       ((random >> 16) % ENTRIES << 12) + (random >> 24) % ENTRIES * 8;
}

__guest_inline void flush(uint64_t random)
{
	uint64_t value;

	if (random & 7) {
		__asm__ volatile("mov %%cr3, %0\n mov %0, %%cr3" : "=r" (value) : : "memory");
	} else {
		__asm__ volatile("mov %%cr4, %0\n xor %1, %0\n mov %0, %%cr4"
				 : "=&r" (value) : "r" (CR4_PGE) : "memory");
	}
}

__guest_inline void walk(struct path *path, uint64_t va)
{
	volatile uint64_t *table = (uint64_t *)POOL;
	unsigned int shift;

	path->depth = 0;
	path->present = false;
	path->writable = true;
	for (shift = TOP_SHIFT - 9; ; shift -= 9) {
		volatile uint64_t *pte = &table[va >> shift & 511];
		uint64_t entry = *pte;

		path->pte[path->depth++] = pte;
		if (!(entry & PTE_P))
			return;
		path->writable = path->writable && entry & PTE_W;
		if (shift == 12 || (shift == 21 && entry & PTE_PS)) {
			path->gpa = (entry & FRAME & ~(BIT64(shift) - 1)) |
				    (va & (BIT64(shift) - 1));
			/* bits 20:13 of a big page's entry are reserved */
			path->present = shift == 12 || !(entry & 0x1fe000);
			return;
		}
		/*
		 * One of 1 GiB would begin elsewhere, so that bits 29:13 are not 0, and there are
		 * no bigger ones.
		 */
		if (entry & PTE_PS)
			return;
		table = (uint64_t *)(entry & FRAME);
	}
}

/* Returns the vector, or NO_TRAP. */
__guest_inline uint64_t touch(uint64_t va, bool write, uint64_t *value)
{
	if (write)
		__asm__ volatile(GUEST_TRY("movq %1, (%0)") : : "r" (va), "r" (*value)
				 : "r11", "memory");
	else
		__asm__ volatile(GUEST_TRY("movq (%1), %0") : "+r" (*value) : "r" (va)
				 : "r11", "memory");
	return guest_trapped();
}

__guest_inline void check_marks(const struct path *path, bool write)
{
	unsigned int i;

	for (i = 0; i < path->depth; i++) {
		/* What the store itself has changed says nothing. */
		if (write && (uint64_t)path->pte[i] == path->gpa)
			return;
	}
	for (i = 0; i < path->depth; i++)
		GUEST_ASSERT(*path->pte[i] & PTE_A);
	if (write)
		GUEST_ASSERT(*path->pte[path->depth - 1] & PTE_D);
}

__guest_inline void check(uint64_t va, bool write, uint64_t value)
{
	uint64_t vector, got = value;
	struct path path;

	walk(&path, va);
	vector = touch(va, write, &got);
	if (!path.present || (write && !path.writable)) {
		GUEST_ASSERT(vector == 14 && shared->trap.cr2 == va);
		return;
	}
	GUEST_ASSERT(vector == NO_TRAP);
	/* It may be one of the entries by which it was reached. */
	GUEST_ASSERT(!((got ^ *(volatile uint64_t *)path.gpa) & ~(PTE_A | PTE_D)));
	check_marks(&path, write);
}

__guest_inline void rewrite(struct guest_state *s)
{
	uint64_t random = next_random(s);

	*any_slot(random) = any_entry(next_random(s));
}

/* The other vCPU and we change what we stand on; nothing can be said but that it ends. */
__guest_inline void run_wild(struct guest_state *s)
{
	unsigned int i;

	shared->word[W_PHASE]++;
	while (shared->word[W_ACK] != shared->word[W_PHASE])
		__asm__ volatile("pause");
	for (i = 0; i < 100; i++) {
		uint64_t random = next_random(s), value = any_entry(next_random(s));

		touch(any_address(random), random >> 40 & 1, &value);
		if (!(random >> 41 & 3))
			flush(random >> 50);
	}
	shared->word[W_PHASE]++;
	while (shared->word[W_ACK] != shared->word[W_PHASE])
		__asm__ volatile("pause");
}

__guest_inline void step(struct guest_state *s, uint64_t n)
{
	uint64_t random = next_random(s);
	unsigned int i;

	if (shared->word[W_ACK] && !(n & 63))
		run_wild(s);
	for (i = random & 3; i; i--)
		rewrite(s);
	if (!(random & 0xf0))
		guest_sync(n, 0, 0);		/* the host has its turn */
	flush(random >> 8);
	for (i = 0; i < 6; i++)
		check(any_address(next_random(s)), false, 0);
	check(any_address(next_random(s)), true, any_entry(next_random(s)));
	flush(random >> 16);
	check(any_address(next_random(s)), false, 0);
}

__guest static void storm(void)
{
	struct guest_state s;
	uint64_t n;

	s.random = shared->word[W_SEED];
	for (n = 0; n < 100; n++)
		rewrite(&s);
	for (n = shared->word[W_STEPS]; n; n--)
		step(&s, n);
	guest_done();
}

/* vCPU 1 */
__guest static void meddle(void)
{
	struct guest_state s;
	uint64_t phase;

	s.random = ~shared->word[W_SEED];
	for (;;) {
		phase = shared->word[W_PHASE];
		shared->word[W_ACK] = phase;
		if (phase & 1)
			rewrite(&s);
		else
			__asm__ volatile("pause");
	}
}

/* ---- the host ---- */

struct host {
	struct vm *vm;
	struct vcpu *vcpu;
	uint64_t *pool;
	unsigned int seed;
	volatile bool stop;
};

static void host_begin(struct host *host, uint64_t seed)
{
	const char *steps = getenv("KVM_STORM_STEPS");
	int fd = memfd_create("guest", 0);

	*host = (struct host) { .vm = vm_new(), .seed = (unsigned int)seed };
	write_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise");
	if (fd < 0 || ftruncate(fd, POOL_SIZE))
		die("memfd: %s", strerror(errno));
	host->pool = mmap(host_pages(POOL_SIZE), POOL_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED, fd, 0);
	if (host->pool == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	close(fd);
	madvise(host->pool, POOL_SIZE, MADV_HUGEPAGE);
	vm_slot(host->vm, 1, 0, POOL, POOL_SIZE, host->pool);
	host->vcpu = vcpu_new(host->vm, 0);
	vcpu_enter_spinner(host->vcpu, storm);
	vm_shared(host->vm)->trap.vector = NO_TRAP;
	vm_shared(host->vm)->word[W_STEPS] = steps ? strtoul(steps, NULL, 0) : 1500;
	vm_shared(host->vm)->word[W_SEED] = seed * 0x9e3779b97f4a7c15;
	((uint64_t *)(host->vm->mem + GUEST_TABLES))[1] = POOL | PTE_P | PTE_W | PTE_A;
}

static void host_end(struct host *host)
{
	vcpu_free(host->vcpu);
	vm_free(host->vm);
	munmap(host->pool, POOL_SIZE);
}

/* The guest waits. A device's writes to tables are seen when the registers are set, not before. */
static void turn_while_stopped(struct host *host)
{
	struct kvm_sregs sregs;
	unsigned int i;

	switch (rand_r(&host->seed) % 4) {
	case 0:
		vm_slot(host->vm, 1, 0, POOL, 0, host->pool);
		vm_slot(host->vm, 1, 0, POOL, POOL_SIZE, host->pool);
		break;
	case 1:
		for (i = 0; i < 20; i++)
			host->pool[(size_t)rand_r(&host->seed) % PAGES * 512 +
				   (size_t)rand_r(&host->seed) % ENTRIES] =
				POOL | (size_t)rand_r(&host->seed) % PAGES * SZ_4K | PTE_P | PTE_W;
		vcpu_sregs(host->vcpu, &sregs);
		vcpu_set_sregs(host->vcpu, &sregs);
		break;
	case 2:
		madvise(host->pool, rand_r(&host->seed) % 2 ? POOL_SIZE : PAGES * SZ_4K,
			MADV_DONTNEED);
		break;
	default:
		kvm_do(host->vm->fd, KVM_SET_NR_MMU_PAGES, 64 + rand_r(&host->seed) % 100);
	}
}

/* And while it runs: of what the slot says, nothing may change for the guest. */
static void *trouble(void *arg)
{
	struct host *host = arg;
	static uint8_t bitmap[POOL_SIZE / SZ_4K / 8];
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bitmap };
	unsigned int seed = host->seed;

	while (!host->stop) {
		madvise(host->pool, rand_r(&seed) % 2 ? POOL_SIZE : PAGES * SZ_4K, MADV_DONTNEED);
		usleep(rand_r(&seed) % 1000);
		kvm_do(host->vm->fd, KVM_SET_NR_MMU_PAGES, 64 + rand_r(&seed) % 100);
		vm_slot(host->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, POOL, POOL_SIZE, host->pool);
		usleep(rand_r(&seed) % 1000);
		kvm_do(host->vm->fd, KVM_GET_DIRTY_LOG, &log);
		usleep(rand_r(&seed) % 1000);
		vm_slot(host->vm, 1, 0, POOL, POOL_SIZE, host->pool);
	}
	return NULL;
}

static void run_storm(struct __test_metadata *_metadata, struct host *host, bool stopped)
{
	struct ucall uc;

	while (vcpu_ucall(host->vcpu, &uc) == UCALL_SYNC)
		if (stopped)
			turn_while_stopped(host);
	EXPECT_EQ(UCALL_DONE, uc.cmd)
		TH_LOG("seed %#lx: line or vector %lu, %#lx %#lx",
		       vm_shared(host->vm)->word[W_SEED], uc.arg[0], uc.arg[1], uc.arg[2]);
}

/* ---- one big page, and a table in it ---- */

#define BIG		(BIT64(39) + SZ_1G)	/* the pool's second 2 MiB, as one page */
#define BY_TABLE	(BIG + SZ_2M)		/* parts of it again, by the table in it */
#define DIRECTORY	(POOL + SZ_4K)
#define INNER		(BIG + 5 * SZ_4K)	/* the table */
#define FRAME_OF(n)	(POOL + SZ_2M + (n) * SZ_4K)

__guest_inline uint64_t load(uint64_t va)
{
	return *(volatile uint64_t *)va;
}

__guest_inline void store(uint64_t va, uint64_t value)
{
	*(volatile uint64_t *)va = value;
}

__guest_inline void invlpg(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r" (va) : "memory");
}

/* The inner table leads to page @n, writable or not; the big page shows what is there, too. */
__guest_inline void lead_to(uint64_t n, bool writable)
{
	uint64_t value = ~n;

	store(INNER, FRAME_OF(n) | PTE_P | (writable ? PTE_W : 0));
	invlpg(BY_TABLE);
	GUEST_ASSERT(load(BY_TABLE) == n);
	GUEST_ASSERT(touch(BY_TABLE, true, &value) == (writable ? NO_TRAP : 14));
	GUEST_ASSERT(load(BIG + n * SZ_4K) == (writable ? ~n : n));
	store(BIG + n * SZ_4K, n);
	GUEST_ASSERT(load(BY_TABLE) == n);
}

__guest static void table_in_a_big_page(void)
{
	volatile uint64_t *entry = (uint64_t *)DIRECTORY + 1;
	uint64_t n, turn;

	for (n = 16; n < 512; n++)
		store(BIG + n * SZ_4K, n);
	guest_sync(0, 0, 0);
	for (turn = 0; turn < 20; turn++) {
		*entry = FRAME_OF(5) | PTE_P | PTE_W;
		for (n = 16 + turn; n < 512; n += 37)
			lead_to(n, n & 1);
		if (!turn)
			guest_sync(0, 0, 0);
		/* No table any more, but data. */
		*entry = 0;
		invlpg(BY_TABLE);
		for (n = 0; n < 8; n++)
			store(INNER + n * 8, 0);
	}
	for (n = 16; n < 512; n++)
		GUEST_ASSERT(load(BIG + n * SZ_4K) == n);
	guest_done();
}

static void map_big(const struct host *host)
{
	const uint64_t rw = PTE_P | PTE_W;

	host->pool[1] = DIRECTORY | rw;
	host->pool[512] = (POOL + SZ_2M) | rw | PTE_PS;
}

/* ---- more tables than may be out of step ---- */

#define MANY		1100UL
#define MANY_TABLE(n)	(POOL + SZ_2M + (n) * SZ_4K)
#define MANY_WINDOW	BIT64(39)

__guest static void write_many_tables(void)
{
	uint64_t n;

	for (n = 0; n < MANY; n++)
		GUEST_ASSERT(load(MANY_WINDOW + n * SZ_2M) == 1);
	for (n = 0; n < MANY; n++)
		store(MANY_TABLE(n), (POOL + 9 * SZ_4K) | PTE_P);
	guest_sync(0, 0, 0);
	flush(1);
	for (n = 0; n < MANY; n++)
		GUEST_ASSERT(load(MANY_WINDOW + n * SZ_2M) == 2);
	guest_done();
}

static void map_many(const struct host *host)
{
	uint64_t *pool = host->pool;
	unsigned int n;

	pool[8 * 512] = 1;
	pool[9 * 512] = 2;
	for (n = 0; n < 4; n++)
		pool[n] = (POOL + (1 + n) * SZ_4K) | PTE_P | PTE_W;
	for (n = 0; n < MANY; n++) {
		pool[512 + n] = MANY_TABLE(n) | PTE_P | PTE_W;
		pool[(MANY_TABLE(n) - POOL) / 8] = (POOL + 8 * SZ_4K) | PTE_P;
	}
}

/* From here, or from the environment to repeat one. */
static uint64_t first_seed(void)
{
	const char *seed = getenv("KVM_STORM_SEED");

	return seed ? strtoul(seed, NULL, 0) : 1;
}

TEST(the_guest_alone)
{
	struct host host;

	host_begin(&host, first_seed());
	run_storm(_metadata, &host, false);
	host_end(&host);
}

TEST(the_host_changes_it)
{
	struct host host;

	host_begin(&host, first_seed() + 1);
	run_storm(_metadata, &host, true);
	host_end(&host);
}

TEST(a_table_in_a_big_page)
{
	struct host host;
	struct ucall uc;
	long big, faults;

	host_begin(&host, 1);
	memset(host.pool, 0, POOL_SIZE);
	vcpu_enter(host.vcpu, table_in_a_big_page);
	((uint64_t *)(host.vm->mem + GUEST_TABLES))[1] = POOL | PTE_P | PTE_W | PTE_A;
	map_big(&host);
	faults = vm_stat(host.vm, "pf_fixed");
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(host.vcpu, &uc));
	big = vm_stat(host.vm, "pages_2m");
	TH_LOG("2 MiB took %ld faults", vm_stat(host.vm, "pf_fixed") - faults);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(host.vcpu, &uc));
	/* Watched, it is in small pages. */
	if (big > 0 && !nested_paging())
		EXPECT_GT(big, vm_stat(host.vm, "pages_2m"));
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(host.vcpu, &uc))
		TH_LOG("line or vector %lu, %#lx %#lx", uc.arg[0], uc.arg[1], uc.arg[2]);
	host_end(&host);
	if (big <= 0)
		SKIP(return, "the host has no huge page for us, or no debugfs");
}

/* One flush compares all of them under a lock: no guest may make it last. */
TEST(tables_out_of_step_are_bounded)
{
	struct host host;
	struct ucall uc;

	host_begin(&host, 1);
	kvm_do(host.vm->fd, KVM_SET_NR_MMU_PAGES, 4 * MANY);
	vcpu_enter(host.vcpu, write_many_tables);
	((uint64_t *)(host.vm->mem + GUEST_TABLES))[1] = POOL | PTE_P | PTE_W | PTE_A;
	map_many(&host);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(host.vcpu, &uc));
	EXPECT_GE(1024, vm_stat(host.vm, "mmu_unsync"));
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(host.vcpu, &uc))
		TH_LOG("line or vector %lu", uc.arg[0]);
	host_end(&host);
}

static void *run_meddler(void *arg)
{
	struct vcpu *vcpu = arg;

	/* It ends by immediate_exit. */
	while (ioctl(vcpu->fd, KVM_RUN, 0) == 0)
		;
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
}

static bool five_levels(struct host *host)
{
	if (!vcpu_five_levels(host->vcpu))
		return false;
	vm_shared(host->vm)->word[W_LA57] = 1;
	((uint64_t *)(host->vm->mem + GUEST_PML5))[1] = POOL | PTE_P | PTE_W | PTE_A;
	return true;
}

TEST(five_levels_and_the_host)
{
	struct host host;

	host_begin(&host, first_seed() + 3);
	if (!five_levels(&host))
		SKIP(return, "LA57 is not in the supported CPUID");
	run_storm(_metadata, &host, true);
	host_end(&host);
}

TEST(two_vcpus_and_the_host)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t meddler, host_thread;
	struct vcpu *vcpu;
	struct host host;

	host_begin(&host, first_seed() + 2);
	vcpu = vcpu_new(host.vm, 1);
	vcpu_enter_spinner(vcpu, meddle);
	vm_shared(host.vm)->word[W_PHASE] = 2;
	vm_shared(host.vm)->word[W_ACK] = 2;
	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, pthread_create(&meddler, NULL, run_meddler, vcpu));
	ASSERT_EQ(0, pthread_create(&host_thread, NULL, trouble, &host));
	run_storm(_metadata, &host, false);
	host.stop = true;
	vcpu->run->immediate_exit = 1;
	pthread_kill(meddler, SIGUSR1);
	pthread_join(meddler, NULL);
	pthread_join(host_thread, NULL);
	vcpu_free(vcpu);
	host_end(&host);
}

TEST_HARNESS_MAIN
