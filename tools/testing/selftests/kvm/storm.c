// SPDX-License-Identifier: GPL-2.0-only
/*
 * A running guest while something else keeps changing: signals in the middle of MMIO and port I/O,
 * memory dropped, slots added, moved, deleted and re-flagged, dirty pages collected. Nothing may be
 * lost, done twice or seen wrongly. KVM_STORM_TIMES=50 makes the memory's part 50 times as long.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define SLOT_GPA	0x40000000UL
#define OTHER_GPA	0x50000000UL
#define WORD_AT(gpa)	(*(volatile uint64_t *)(gpa))

static volatile bool going;

/* How often something is done: KVM_STORM_TIMES as often when a long run is asked for. */
static unsigned int turns(unsigned int usual)
{
	const char *times = getenv("KVM_STORM_TIMES");

	return times ? usual * (unsigned int)strtoul(times, NULL, 0) : usual;
}

/* Long runs are bounded by what runs them. */
FIXTURE(storm) {
	int unused;
};

FIXTURE_SETUP(storm)
{
	self->unused = 0;
}

FIXTURE_TEARDOWN(storm)
{
}

#define STORM(name)	TEST_F_TIMEOUT(storm, name, 100000)

/* ---- signals ---- */

#define ROUNDS		400

/* Each device access carries its number; the host answers reads with theirs. */
__guest static void numbered_accesses(void)
{
	uint32_t i, got;

	for (i = 1; i <= ROUNDS; i++) {
		WORD_AT(GUEST_MMIO) = i;
		GUEST_ASSERT(WORD_AT(GUEST_MMIO + 8) == i * 3);
		__asm__ volatile("outl %0, %%dx" : : "a" (i), "d" (0x3f0));
		__asm__ volatile("inl %%dx, %0" : "=a" (got) : "d" (0x3f4));
		GUEST_ASSERT(got == i * 5);
		__asm__ volatile("lock incq %0" : "+m" (shared->word[0]));
	}
	guest_done();
}

static volatile bool armed;

static void on_alarm(int sig)
{
	(void)sig;
	armed = false;
}

/* Another moment each time; called when an access was served, so that every one is in the end. */
static void arm_timer(unsigned int turn)
{
	struct itimerval timer = { .it_value.tv_usec = 20 + turn * 37 % 200 };

	if (armed)
		return;
	armed = true;
	setitimer(ITIMER_REAL, &timer, NULL);
}

struct device {
	unsigned int writes, reads, outs, ins;
	bool wrong;
};

static void serve(struct kvm_run *run, struct device *dev)
{
	void *pio = (uint8_t *)run + run->io.data_offset;
	uint64_t value = 0;
	uint32_t word;

	if (run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write) {
		memcpy(&value, run->mmio.data, 8);
		dev->wrong |= value != ++dev->writes || run->mmio.phys_addr != GUEST_MMIO;
	} else if (run->exit_reason == KVM_EXIT_MMIO) {
		value = (uint64_t)++dev->reads * 3;
		memcpy(run->mmio.data, &value, 8);
	} else if (run->io.direction == KVM_EXIT_IO_OUT) {
		memcpy(&word, pio, 4);
		dev->wrong |= word != ++dev->outs;
	} else {
		word = ++dev->ins * 5;
		memcpy(pio, &word, 4);
	}
}

TEST(signals_during_device_accesses)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct sigaction action = { .sa_handler = on_alarm };
	struct kvm_run *run = vcpu->run;
	unsigned int interrupted = 0;
	struct device dev = { 0 };

	sigaction(SIGALRM, &action, NULL);
	vcpu_enter(vcpu, numbered_accesses);
	for (;;) {
		int err = kvm_errno(vcpu->fd, KVM_RUN, 0);

		if (err == EINTR) {
			interrupted++;
			continue;
		}
		ASSERT_EQ(0, err);
		if (run->exit_reason == KVM_EXIT_IO && run->io.port == UCALL_PORT)
			break;
		ASSERT_TRUE(run->exit_reason == KVM_EXIT_IO || run->exit_reason == KVM_EXIT_MMIO);
		serve(run, &dev);
		ASSERT_FALSE(dev.wrong);
		arm_timer(dev.writes + dev.outs);
	}
	EXPECT_EQ(ROUNDS, dev.writes);
	EXPECT_EQ(ROUNDS, dev.reads);
	EXPECT_EQ(ROUNDS, dev.outs);
	EXPECT_EQ(ROUNDS, dev.ins);
	EXPECT_EQ(ROUNDS, vm_shared(vcpu->vm)->word[0]);
	TH_LOG("%u signals ended KVM_RUN", interrupted);
	EXPECT_GT(interrupted, 0);
}

/* ---- memory ---- */

#define VCPUS		4
#define PAGES		64

/*
 * Each vCPU has its own word in each of the pages: word[8 + id] tells it which. What it has written
 * it finds again, or zero where the host dropped the page in between.
 */
__guest static void stamp_pages(void)
{
	uint64_t id, turn, page, seen;

	id = shared->word[0];
	__asm__ volatile("lock xaddq %0, %1" : "=r" (id), "+m" (shared->word[0]) : "0" (1ULL));
	for (turn = 1; turn <= shared->word[1]; turn++) {
		for (page = 0; page < PAGES; page++)
			WORD_AT(SLOT_GPA + page * 4096 + id * 8) = turn << 8 | id;
		for (page = 0; page < PAGES; page++) {
			seen = WORD_AT(SLOT_GPA + page * 4096 + id * 8);
			GUEST_ASSERT(seen == (turn << 8 | id) || seen == 0);
		}
	}
	guest_done();
}

static void *run_to_end(void *arg)
{
	struct ucall uc;

	return (void *)(uintptr_t)vcpu_ucall(arg, &uc);
}

static void *drop_pages(void *mem)
{
	unsigned int i = 0;

	while (going) {
		/* One page, some, and all of them. */
		madvise((uint8_t *)mem + (i % PAGES) * SZ_4K, SZ_4K, MADV_DONTNEED);
		if (i++ % 8 == 0)
			madvise(mem, PAGES * SZ_4K, MADV_DONTNEED);
		usleep(100);
	}
	return NULL;
}

static void start_vcpus(struct __test_metadata *_metadata, struct vm *vm, void (*fn)(void),
			struct vcpu **vcpu, pthread_t *thread, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		vcpu[i] = vcpu_new(vm, i);
		vcpu_enter_spinner(vcpu[i], fn);
	}
	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run_to_end, vcpu[i]));
	}
}

static void join_vcpus(struct __test_metadata *_metadata, pthread_t *thread, unsigned int count)
{
	unsigned int i;
	void *result;

	for (i = 0; i < count; i++) {
		pthread_join(thread[i], &result);
		EXPECT_EQ(UCALL_DONE, (uintptr_t)result);
	}
}

STORM(four_vcpus_fault_what_is_dropped)
{
	struct vm *vm = vm_new();
	void *mem = host_pages(PAGES * SZ_4K);
	pthread_t thread[VCPUS], dropper;
	struct vcpu *vcpu[VCPUS];

	vm_shared(vm)->word[1] = turns(60);
	vm_slot(vm, 1, 0, SLOT_GPA, PAGES * SZ_4K, mem);
	going = true;
	start_vcpus(_metadata, vm, stamp_pages, vcpu, thread, VCPUS);
	ASSERT_EQ(0, pthread_create(&dropper, NULL, drop_pages, mem));
	join_vcpus(_metadata, thread, VCPUS);
	going = false;
	pthread_join(dropper, NULL);
}

/* Counts up in memory until told to stop; an MMIO exit ends it, which is the failure. */
__guest static void count_in_slot(void)
{
	uint64_t at, turn = 0;

	while (shared->word[3] == 0) {
		turn++;
		for (at = SLOT_GPA; at < SLOT_GPA + PAGES * 4096UL; at += 4096)
			__asm__ volatile("lock incq (%0)" : : "r" (at) : "memory");
	}
	__asm__ volatile("lock addq %0, %1" : : "r" (turn), "m" (shared->word[4]) : "memory");
	guest_done();
}

STORM(slots_change_beside_running_vcpus)
{
	struct vm *vm = vm_new();
	uint64_t *mem = host_pages(PAGES * SZ_4K);
	void *other = host_pages(SZ_2M);
	volatile struct guest_shared *words = vm_shared(vm);
	struct vcpu *vcpu[2];
	pthread_t thread[2];
	unsigned int i;

	vm_slot(vm, 1, 0, SLOT_GPA, PAGES * SZ_4K, mem);
	start_vcpus(_metadata, vm, count_in_slot, vcpu, thread, 2);
	/* On one CPU all changes may come before the guests have begun. */
	for (i = 0; i < 500 && !((volatile uint64_t *)mem)[0]; i++)
		usleep(10000);
	for (i = 0; i < turns(80); i++) {
		/* The slot in use changes its flags; its neighbour comes, moves and goes. */
		vm_slot(vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGES * SZ_4K, mem);
		vm_slot(vm, 2, 0, OTHER_GPA, SZ_2M, other);
		vm_slot(vm, 1, 0, SLOT_GPA, PAGES * SZ_4K, mem);
		vm_slot(vm, 2, 0, SLOT_GPA - SZ_2M, SZ_2M, other);
		vm_slot(vm, 2, 0, 0, 0, NULL);
	}
	words->word[3] = 1;
	join_vcpus(_metadata, thread, 2);
	EXPECT_GT(words->word[4], 0);
	for (i = 0; i < PAGES; i++) {
		ASSERT_EQ(words->word[4], mem[i * SZ_4K / 8])
			TH_LOG("page %u", i);
	}
}

/* A slot that goes while vCPUs use it: they leave by MMIO, and never see another slot's memory. */
__guest static void read_what_is_there(void)
{
	uint64_t seen;

	while (shared->word[3] == 0) {
		seen = WORD_AT(SLOT_GPA);
		GUEST_ASSERT(seen == 0x1111 || seen == 0x2222 || seen == 0xdddd);
	}
	guest_done();
}

static void *run_answering_mmio(void *arg)
{
	static const uint64_t answer = 0xdddd;
	struct vcpu *vcpu = arg;
	struct kvm_run *run = vcpu->run;

	while (vcpu_exit(vcpu) == KVM_EXIT_MMIO) {
		if (run->mmio.phys_addr != SLOT_GPA || run->mmio.is_write)
			return NULL;
		memcpy(run->mmio.data, &answer, 8);
	}
	return (void *)(uintptr_t)(run->exit_reason == KVM_EXIT_IO);
}

STORM(slot_in_use_is_deleted_and_replaced)
{
	struct vm *vm = vm_new();
	uint64_t *one = host_pages(SZ_4K), *two = host_pages(SZ_4K);
	struct vcpu *vcpu[2];
	pthread_t thread[2];
	struct kvm_regs regs;
	unsigned int i;
	void *result;

	*one = 0x1111;
	*two = 0x2222;
	for (i = 0; i < 2; i++) {
		vcpu[i] = vcpu_new(vm, i);
		vcpu_enter_spinner(vcpu[i], read_what_is_there);
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run_answering_mmio, vcpu[i]));
	}
	for (i = 0; i < turns(80); i++) {
		vm_slot(vm, 1, 0, SLOT_GPA, SZ_4K, one);
		vm_slot(vm, 1, 0, OTHER_GPA, SZ_4K, one);
		vm_slot(vm, 2, 0, SLOT_GPA, SZ_4K, two);
		vm_slot(vm, 1, 0, 0, 0, NULL);
		vm_slot(vm, 2, 0, 0, 0, NULL);
	}
	((volatile struct guest_shared *)vm_shared(vm))->word[3] = 1;
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], &result);
		ASSERT_NE(NULL, result);
		vcpu_regs(vcpu[i], &regs);
		EXPECT_EQ(UCALL_DONE, regs.rdi);
	}
}

/* ---- the dirty log ---- */

__guest static void stamp_until_told(void)
{
	uint64_t id = 1, turn = 0, page;

	__asm__ volatile("lock xaddq %0, %1" : "+r" (id), "+m" (shared->word[0]));
	while (shared->word[3] == 0) {
		turn++;
		/* Another stride each turn, so that the order differs. */
		for (page = 0; page < PAGES; page++)
			WORD_AT(SLOT_GPA + (page * 37 + turn) % PAGES * 4096 + id * 8) = turn;
	}
	guest_done();
}

#define COLLECTORS	4

/* A migration: its threads collect at once, and each copies what it was told of. */
struct migration {
	struct vm *vm;
	uint8_t *mem, *copy;
	bool by_hand;
	unsigned int copied;
	/* The copy that is made last is of what was read last. */
	pthread_mutex_t copying;
};

static unsigned int collect(struct migration *to)
{
	uint64_t bitmap = 0;
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = &bitmap };
	struct kvm_clear_dirty_log clear = { .slot = 1, .num_pages = PAGES,
					     .dirty_bitmap = &bitmap };
	unsigned int i, copied = 0;

	kvm_do(to->vm->fd, KVM_GET_DIRTY_LOG, &log);
	if (to->by_hand)
		kvm_do(to->vm->fd, KVM_CLEAR_DIRTY_LOG, &clear);
	for (i = 0; i < PAGES; i++) {
		if (!(bitmap & BIT64(i)))
			continue;
		pthread_mutex_lock(&to->copying);
		memcpy(to->copy + i * SZ_4K, to->mem + i * SZ_4K, SZ_4K);
		to->copied++;
		pthread_mutex_unlock(&to->copying);
		copied++;
	}
	return copied;
}

static void *collect_rounds(void *arg)
{
	unsigned int i;

	for (i = 0; i < turns(40); i++) {
		collect(arg);
		usleep(i % 4 * 2000);
	}
	return NULL;
}

static void migrate(struct __test_metadata *_metadata, uint64_t manual)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				      .args[0] = manual };
	struct migration to = { .vm = vm_new(), .by_hand = manual,
				.copying = PTHREAD_MUTEX_INITIALIZER };
	pthread_t thread[3], collector[COLLECTORS];
	struct vcpu *vcpu[3];
	unsigned int i;

	if (manual)
		kvm_do(to.vm->fd, KVM_ENABLE_CAP, &cap);
	to.mem = host_pages(PAGES * SZ_4K);
	to.copy = host_pages(PAGES * SZ_4K);
	vm_slot(to.vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, PAGES * SZ_4K, to.mem);
	start_vcpus(_metadata, to.vm, stamp_until_told, vcpu, thread, 3);
	for (i = 0; i < COLLECTORS; i++) {
		ASSERT_EQ(0, pthread_create(&collector[i], NULL, collect_rounds, &to));
	}
	for (i = 0; i < COLLECTORS; i++)
		pthread_join(collector[i], NULL);
	((volatile struct guest_shared *)vm_shared(to.vm))->word[3] = 1;
	join_vcpus(_metadata, thread, 3);
	collect(&to);
	TH_LOG("%u pages copied", to.copied);
	EXPECT_GT(to.copied, PAGES);
	for (i = 0; i < PAGES; i++) {
		EXPECT_EQ(0, memcmp(to.mem + i * SZ_4K, to.copy + i * SZ_4K, SZ_4K))
			TH_LOG("page %u was written without a mark", i);
	}
	EXPECT_EQ(0, collect(&to));
}

STORM(no_write_is_lost_to_the_dirty_log)
{
	migrate(_metadata, 0);
}

STORM(no_write_is_lost_when_cleared_by_hand)
{
	migrate(_metadata, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET);
}

/* ---- many virtual machines ---- */

__guest static void add_up(void)
{
	uint64_t i, sum = 0;

	for (i = 0; i < 64; i++)
		sum += WORD_AT(GUEST_DATA + i * 4096);
	guest_sync(sum, shared->word[1], 0);
	guest_done();
}

TEST(sixty_four_machines_at_once)
{
	struct vcpu *vcpu[64];
	struct ucall uc;
	unsigned int i, n;

	for (i = 0; i < 64; i++) {
		struct vm *vm = vm_new();

		vm_shared(vm)->word[1] = i;
		for (n = 0; n < 64; n++)
			*(uint64_t *)(vm->mem + GUEST_DATA + n * SZ_4K) = i * 1000 + n;
		vcpu[i] = vcpu_new(vm, 0);
		vcpu_enter(vcpu[i], add_up);
	}
	/* In turns, so that address space numbers are used again (APM2 15.16). */
	for (i = 0; i < 64; i++) {
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu[i], &uc));
		EXPECT_EQ(64 * i * 1000 + 64 * 63 / 2, uc.arg[0]);
		EXPECT_EQ(i, uc.arg[1]);
	}
	for (i = 64; i-- > 0;) {
		struct vm *vm = vcpu[i]->vm;

		ASSERT_EQ(UCALL_DONE, vcpu_ucall(vcpu[i], &uc));
		vcpu_free(vcpu[i]);
		vm_free(vm);
	}
}

TEST_HARNESS_MAIN
