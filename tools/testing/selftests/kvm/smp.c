// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several vCPUs of one VM in threads of their own.
 */
#include <pthread.h>
#include <signal.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define TURNS	2000

/* word[0]: both add to it; word[1], word[2]: whose turn. */
__guest static void add_locked(void)
{
	uint64_t i;

	for (i = 0; i < TURNS; i++)
		__asm__ volatile("lock incq %0" : "+m" (shared->word[0]));
	guest_done();
}

/* Ping-pong: each waits for its number in word[1] and passes it on. */
__guest static void ping(void)
{
	uint64_t i;

	for (i = 0; i < 200; i++) {
		while (shared->word[1] != 0)
			__asm__ volatile("pause");
		shared->word[0]++;
		shared->word[1] = 1;
	}
	guest_done();
}

__guest static void pong(void)
{
	uint64_t i;

	for (i = 0; i < 200; i++) {
		while (shared->word[1] != 1)
			__asm__ volatile("pause");
		shared->word[0]++;
		shared->word[1] = 0;
	}
	guest_done();
}

static void *run_one(void *arg)
{
	struct vcpu *vcpu = arg;
	struct ucall uc;

	return (void *)(uintptr_t)vcpu_ucall(vcpu, &uc);
}

static void run_both(struct __test_metadata *_metadata, struct vcpu **vcpu, unsigned int count)
{
	pthread_t thread[4];
	unsigned int i;

	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run_one, vcpu[i]));
	}
	for (i = 0; i < count; i++) {
		void *result;

		pthread_join(thread[i], &result);
		EXPECT_EQ(UCALL_DONE, (uintptr_t)result);
	}
}

TEST(locked_additions)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		vcpu[i] = vcpu_new(vm, i);
		vcpu_enter(vcpu[i], add_locked);
	}
	run_both(_metadata, vcpu, 4);
	EXPECT_EQ(4 * TURNS, vm_shared(vm)->word[0]);
}

TEST(ping_pong)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu[2] = { vcpu_new(vm, 0), vcpu_new(vm, 1) };

	vcpu_enter_spinner(vcpu[0], ping);
	vcpu_enter_spinner(vcpu[1], pong);
	run_both(_metadata, vcpu, 2);
	EXPECT_EQ(400, vm_shared(vm)->word[0]);
}

/* On one CPU a loop of PAUSEs waits for somebody who has none to run on: it is helped there. */
TEST(spinner_gives_way)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu[2] = { vcpu_new(vm, 0), vcpu_new(vm, 1) };

	run_on_cpu(0);
	vcpu_enter_spinner(vcpu[0], ping);
	vcpu_enter_spinner(vcpu[1], pong);
	run_both(_metadata, vcpu, 2);
	TH_LOG("%ld yields tried, %ld done", vm_stat(vm, "directed_yield_attempted"),
	       vm_stat(vm, "directed_yield_successful"));
	if (!host_is("vmx-bochs"))
		SKIP(return, "the host's CPU sees no loops of PAUSE");
	EXPECT_LT(0, vm_stat(vm, "directed_yield_attempted"));
	EXPECT_LT(0, vm_stat(vm, "directed_yield_successful"));
}

/* Each touches its own half of 2 MiB for the first time, at the same time. */
__guest static void touch_low(void)
{
	uint64_t at;

	for (at = GUEST_DATA; at < GUEST_DATA + SZ_2M; at += 4096)
		__asm__ volatile("lock incq (%0)" : : "r" (at) : "memory");
	guest_done();
}

TEST(parallel_first_touch)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		vcpu[i] = vcpu_new(vm, i);
		vcpu_enter(vcpu[i], touch_low);
	}
	madvise(vm->mem + GUEST_DATA, SZ_2M, MADV_DONTNEED);
	run_both(_metadata, vcpu, 4);
	for (i = 0; i < SZ_2M; i += SZ_4K) {
		ASSERT_EQ(4, *(uint64_t *)(vm->mem + GUEST_DATA + i));
	}
}

__guest static void write_until_told(void)
{
	uint64_t seen = 0, value;

	while (shared->word[3] == 0) {
		value = *(volatile uint64_t *)GUEST_DATA;
		if (value == 0)
			seen++;
		*(volatile uint64_t *)GUEST_DATA = 0x77;
		value = *(volatile uint64_t *)GUEST_DATA;
		GUEST_ASSERT(value == 0x77 || value == 0);
	}
	guest_sync(seen, 0, 0);
	guest_done();
}

static void *run_writer(void *arg)
{
	struct ucall uc;

	if (vcpu_ucall(arg, &uc) != UCALL_SYNC)
		return NULL;
	return (void *)(uintptr_t)(uc.arg[0] + 1);
}

TEST(dropping_memory_under_two_vcpus)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu[2] = { vcpu_new(vm, 0), vcpu_new(vm, 1) };
	pthread_t thread[2];
	unsigned int i;
	void *result;

	for (i = 0; i < 2; i++) {
		vcpu_enter_spinner(vcpu[i], write_until_told);
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run_writer, vcpu[i]));
	}
	for (i = 0; i < 100; i++) {
		madvise(vm->mem + GUEST_DATA, SZ_4K, MADV_DONTNEED);
		usleep(500);
	}
	((volatile struct guest_shared *)vm_shared(vm))->word[3] = 1;
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], &result);
		EXPECT_NE(NULL, result);
	}
}

TEST(second_thread_on_one_vcpu_waits)
{
	/* The vCPU is one resource: two KVM_RUN of it come one after the other. */
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	pthread_t thread[2];
	unsigned int i;
	void *result;

	vcpu_enter(vcpu, add_locked);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run_one, vcpu));
	}
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], &result);
		EXPECT_EQ(UCALL_DONE, (uintptr_t)result);
	}
	EXPECT_EQ(TURNS, vm_shared(vm)->word[0]);
}

TEST_HARNESS_MAIN
