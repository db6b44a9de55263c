// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests that rewrite their page tables at random, while the host takes memory away, moves a slot
 * and logs writes. Everything a guest reads must be where its tables say; with npt=0 and ept=0 it
 * runs on copies of them.
 *
 * Each vCPU has a window of linear addresses, a directory and page tables for it of its own, and
 * notes beside them what each entry should lead to. Data pages are stamped with their numbers and
 * are seen by their physical address as well. All memory is shared memory, so that the host can
 * drop its mappings without losing the contents.
 */
#include <pthread.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define VCPUS		4
#define ENTRIES		64UL		/* of the window that are used */
#define DATA_GPA	0x10000000UL
#define DATA_PAGES	256UL
#define STAMP		0xfeed0000UL
#define AREA(id)	(GUEST_DATA + (id) * 0x40000UL)
#define WINDOW(id)	((256UL + (id)) << 30)
#define PTE_BITS	(PTE_P | PTE_A)
#define FRAME		0xffffffffff000UL

/* What an entry should lead to. */
#define NOTE_PRESENT	BIT64(32)
#define NOTE_WRITE	BIT64(33)

struct guest_state {
	uint64_t random;
	uint64_t window;
	uint64_t *dir;		/* entry 0 leads to table[current] */
	uint64_t *table[2];
	uint64_t *spare;
	uint64_t *note[2];
	unsigned int current;
	unsigned int id;
};

__guest_inline uint64_t next_random(struct guest_state *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

__guest_inline void store(uint64_t *at, uint64_t value)
{
	*(volatile uint64_t *)at = value;
}

__guest_inline uint64_t load(uint64_t at)
{
	return *(volatile uint64_t *)at;
}

__guest_inline uint64_t read_cr3(void)
{
	uint64_t cr3;

	__asm__ volatile("mov %%cr3, %0" : "=r" (cr3));
	return cr3;
}

__guest_inline void flush_all(void)
{
	__asm__ volatile("mov %0, %%cr3" : : "r" (read_cr3()) : "memory");
}

__guest_inline void flush(uint64_t at)
{
	__asm__ volatile("invlpg (%0)" : : "r" (at) : "memory");
}

__guest_inline void map(struct guest_state *s, unsigned int entry, uint64_t random)
{
	uint64_t page = random & (DATA_PAGES - 1), write = random >> 16 & 1;

	store(&s->table[s->current][entry],
	      (DATA_GPA + page * SZ_4K) | PTE_P | (write ? PTE_W : 0));
	s->note[s->current][entry] = page | NOTE_PRESENT | (write ? NOTE_WRITE : 0);
}

__guest_inline void check_read(struct guest_state *s, unsigned int entry)
{
	uint64_t note = s->note[s->current][entry];

	if (note & NOTE_PRESENT)
		GUEST_ASSERT(load(s->window + entry * SZ_4K) == STAMP + (uint32_t)note);
}

/* Through the window, and back by the physical address. */
__guest_inline void check_write(struct guest_state *s, unsigned int entry, uint64_t value)
{
	uint64_t note = s->note[s->current][entry], offset = 64 + 8 * s->id;

	if (!(note & NOTE_WRITE))
		return;
	store((uint64_t *)(s->window + entry * SZ_4K + offset), value);
	GUEST_ASSERT(load(DATA_GPA + (uint32_t)note * SZ_4K + offset) == value);
	GUEST_ASSERT(s->table[s->current][entry] & PTE_D);
}

/* Accessed and dirty bits that are taken away must come back, and only when due. */
__guest_inline void check_accessed(struct guest_state *s, unsigned int entry)
{
	uint64_t *pte = &s->table[s->current][entry];

	if (!(s->note[s->current][entry] & NOTE_PRESENT))
		return;
	store(pte, load((uint64_t)pte) & ~(PTE_A | PTE_D));
	flush(s->window + entry * SZ_4K);
	GUEST_ASSERT(!(load((uint64_t)pte) & PTE_A));
	check_read(s, entry);
	GUEST_ASSERT((load((uint64_t)pte) & (PTE_A | PTE_D)) == PTE_A);
	check_write(s, entry, s->random);
}

__guest_inline void use_table(struct guest_state *s, unsigned int n)
{
	s->current = n;
	store(&s->dir[0], (uint64_t)s->table[n] | PTE_BITS | PTE_W);
	flush_all();
}

/* The table moves to another page; the old one becomes data, of which nothing must be believed. */
__guest_inline void move_table(struct guest_state *s)
{
	uint64_t *old = s->table[s->current];
	unsigned int i;

	for (i = 0; i < 512; i++)
		store(&s->spare[i], load((uint64_t)&old[i]));
	s->table[s->current] = s->spare;
	use_table(s, s->current);
	for (i = 0; i < 512; i++)
		store(&old[i], next_random(s));
	s->spare = old;
}

__guest_inline void step(struct guest_state *s)
{
	uint64_t random = next_random(s);
	unsigned int entry = random % ENTRIES, i;

	random >>= 8;
	switch (random & 31) {
	case 0 ... 7:
		map(s, entry, random >> 8);
		flush(s->window + entry * SZ_4K);
		break;
	case 8 ... 17:
		check_read(s, entry);
		break;
	case 18 ... 24:
		check_write(s, entry, random);
		break;
	case 25 ... 27:
		for (i = 0; i < 8; i++)
			map(s, (entry + i) % ENTRIES, next_random(s) >> 8);
		flush_all();
		break;
	case 28:
		use_table(s, !s->current);
		break;
	case 29:
		move_table(s);
		break;
	default:
		check_accessed(s, entry);
	}
}

/* word[0]: where the ids come from; word[1]: steps to make. */
__guest static void rewrite_tables(void)
{
	struct guest_state s = { .random = 88172645463325252UL };
	uint64_t *pdpt, steps, area, id = 1;

	__asm__ volatile("lock xaddq %0, %1" : "+r" (id), "+m" (shared->word[0]));
	area = AREA(id);
	s.id = (unsigned int)id;
	s.random += id * 0x9e3779b97f4a7c15UL;
	s.window = WINDOW(id);
	s.dir = (uint64_t *)area;
	s.table[0] = (uint64_t *)(area + SZ_4K);
	s.table[1] = (uint64_t *)(area + 2 * SZ_4K);
	s.spare = (uint64_t *)(area + 3 * SZ_4K);
	s.note[0] = (uint64_t *)(area + 0x10000);
	s.note[1] = (uint64_t *)(area + 0x11000);

	pdpt = (uint64_t *)(load(read_cr3()) & FRAME);
	store(&pdpt[256 + id], area | PTE_BITS | PTE_W);
	use_table(&s, 0);
	for (steps = shared->word[1]; steps; steps--)
		step(&s);
	guest_done();
}

/* ---- the host ---- */

struct stress {
	struct vm *vm;
	uint8_t *data;
	volatile bool stop;
	unsigned long zaps, moves, logs, mmio;
};

struct runner {
	struct stress *stress;
	struct vcpu *vcpu;
	pthread_t thread;
	struct ucall uc;
};

static uint8_t *shared_pages(size_t size)
{
	int fd = memfd_create("guest", 0);
	uint8_t *mem;

	if (fd < 0 || ftruncate(fd, (off_t)size))
		die("memfd: %s", strerror(errno));
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	close(fd);
	return mem;
}

/* The slot is away for a moment: its memory is a device, that userspace has at hand. */
static void answer_mmio(struct stress *stress, struct kvm_run *run)
{
	uint64_t offset = run->mmio.phys_addr - DATA_GPA;

	if (offset >= DATA_PAGES * SZ_4K)
		die("MMIO at %#llx", run->mmio.phys_addr);
	if (run->mmio.is_write)
		memcpy(stress->data + offset, run->mmio.data, run->mmio.len);
	else
		memcpy(run->mmio.data, stress->data + offset, run->mmio.len);
	__atomic_add_fetch(&stress->mmio, 1, __ATOMIC_RELAXED);
}

/* As vcpu_ucall(), which would report each MMIO exit. */
static void *run_guest(void *arg)
{
	struct runner *r = arg;
	struct kvm_run *run = r->vcpu->run;
	struct kvm_regs regs;

	while (vcpu_exit(r->vcpu) == KVM_EXIT_MMIO)
		answer_mmio(r->stress, run);
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != UCALL_PORT)
		die("exit reason %u", run->exit_reason);
	vcpu_regs(r->vcpu, &regs);
	r->uc = (struct ucall) { regs.rdi, { regs.rsi, regs.rdx, regs.rcx } };
	return NULL;
}

static void log_writes(struct stress *stress, unsigned int seed)
{
	static uint8_t bitmap[DATA_PAGES / 8 + 1024];
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bitmap };

	vm_slot(stress->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, DATA_GPA, DATA_PAGES * SZ_4K, stress->data);
	usleep(seed % 3000);
	kvm_do(stress->vm->fd, KVM_GET_DIRTY_LOG, &log);
	usleep(seed % 2000);
	vm_slot(stress->vm, 1, 0, DATA_GPA, DATA_PAGES * SZ_4K, stress->data);
	stress->logs++;
}

static void *trouble(void *arg)
{
	struct stress *stress = arg;
	unsigned int seed = 1;

	while (!stress->stop) {
		size_t page = (size_t)rand_r(&seed);

		switch (rand_r(&seed) % 8) {
		case 0 ... 3:
			page %= DATA_PAGES - 16;
			madvise(stress->data + page * SZ_4K, 16 * SZ_4K, MADV_DONTNEED);
			stress->zaps++;
			break;
		case 4 ... 5:
			/* page tables too */
			page %= GUEST_MEM_SIZE / SZ_4K - 64;
			madvise(stress->vm->mem + page * SZ_4K, 64 * SZ_4K, MADV_DONTNEED);
			stress->zaps++;
			break;
		case 6:
			vm_slot(stress->vm, 1, 0, DATA_GPA, 0, stress->data);
			usleep(page % 500);
			vm_slot(stress->vm, 1, 0, DATA_GPA, DATA_PAGES * SZ_4K, stress->data);
			stress->moves++;
			break;
		default:
			log_writes(stress, (unsigned int)page);
		}
		usleep(page % 2000);
	}
	return NULL;
}

static void stress_begin(struct stress *stress)
{
	unsigned long i;

	*stress = (struct stress) { .vm = vm_bare(), .data = shared_pages(DATA_PAGES * SZ_4K) };
	stress->vm->mem = shared_pages(GUEST_MEM_SIZE);
	stress->vm->mem_size = GUEST_MEM_SIZE;
	vm_slot(stress->vm, 0, 0, 0, GUEST_MEM_SIZE, stress->vm->mem);
	vm_slot(stress->vm, 1, 0, DATA_GPA, DATA_PAGES * SZ_4K, stress->data);
	for (i = 0; i < DATA_PAGES; i++)
		*(uint64_t *)(stress->data + i * SZ_4K) = STAMP + i;
}

/* @max_pages: KVM_SET_NR_MMU_PAGES, 0: not called. */
static void run_stress(struct __test_metadata *_metadata, unsigned int vcpus, uint64_t steps,
		       unsigned int max_pages, bool with_trouble)
{
	struct runner runner[VCPUS];
	struct stress stress;
	pthread_t thread;
	unsigned long i;

	stress_begin(&stress);
	if (max_pages)
		kvm_do(stress.vm->fd, KVM_SET_NR_MMU_PAGES, max_pages);
	for (i = 0; i < vcpus; i++) {
		runner[i] = (struct runner) {
			.stress = &stress, .vcpu = vcpu_new(stress.vm, (unsigned int)i),
		};
		vcpu_enter_spinner(runner[i].vcpu, rewrite_tables);
	}
	vm_shared(stress.vm)->word[1] = steps;
	for (i = 0; i < vcpus; i++) {
		ASSERT_EQ(0, pthread_create(&runner[i].thread, NULL, run_guest, &runner[i]));
	}
	if (with_trouble) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, trouble, &stress));
	}
	for (i = 0; i < vcpus; i++) {
		pthread_join(runner[i].thread, NULL);
		EXPECT_EQ(UCALL_DONE, runner[i].uc.cmd)
			TH_LOG("vCPU %lu: line or vector %lu, %#lx %#lx", i, runner[i].uc.arg[0],
			       runner[i].uc.arg[1], runner[i].uc.arg[2]);
	}
	stress.stop = true;
	if (with_trouble)
		pthread_join(thread, NULL);
	for (i = 0; i < DATA_PAGES; i++) {
		ASSERT_EQ(STAMP + i, *(uint64_t *)(stress.data + i * SZ_4K));
	}
	TH_LOG("%lu zaps, %lu moves, %lu logs, %lu accesses to the slot while it was away",
	       stress.zaps, stress.moves, stress.logs, stress.mmio);
}

FIXTURE(tables)
{
	int unused;
};

FIXTURE_SETUP(tables)
{
}

FIXTURE_TEARDOWN(tables)
{
}

TEST_F(tables, one_vcpu)
{
	run_stress(_metadata, 1, 20000, 0, false);
}

TEST_F_TIMEOUT(tables, four_vcpus, 60)
{
	run_stress(_metadata, 4, 5000, 0, false);
}

TEST_F_TIMEOUT(tables, four_vcpus_while_the_host_zaps, 60)
{
	run_stress(_metadata, 4, 5000, 0, true);
}

/* As few shadow pages as there may be, so that they are taken from each other. */
TEST_F_TIMEOUT(tables, few_shadow_pages, 60)
{
	struct vm *vm = vm_new();

	ASSERT_EQ(1, kvm_cap(vm->fd, KVM_CAP_MMU_SHADOW_CACHE_CONTROL));
	EXPECT_GE(kvm_do(vm->fd, KVM_GET_NR_MMU_PAGES, 0), 64);
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_SET_NR_MMU_PAGES, 63));
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_SET_NR_MMU_PAGES, 100));
	EXPECT_EQ(100, kvm_do(vm->fd, KVM_GET_NR_MMU_PAGES, 0));
	vm_free(vm);
	run_stress(_metadata, 4, 3000, 64, true);
}

TEST_HARNESS_MAIN
