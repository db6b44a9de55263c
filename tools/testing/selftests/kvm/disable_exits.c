// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CAP_X86_DISABLE_EXITS (api.rst 7.13): a guest executes HLT, MONITOR and MWAIT, and PAUSE by
 * itself, and still gets what it waits for; nothing is disabled that was not asked for.
 */
#include <signal.h>

#include "kselftest_harness.h"
#include "apic.h"

#define VECTOR	0x42
#define ROUNDS	50

static int disable_exits(struct vm *vm, uint64_t exits)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_DISABLE_EXITS, .args[0] = exits };

	return kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap);
}

static bool offered(uint64_t exits)
{
	return kvm_cap(kvm_open(), KVM_CAP_X86_DISABLE_EXITS) & exits;
}

/* Exits of the guest @fn from one sync to the next, with @exits disabled. */
static long count_exits(struct __test_metadata *_metadata, void (*fn)(void), uint64_t exits,
			const char *stat)
{
	struct vm *vm = vm_apic();
	struct ucall uc = {};
	struct vcpu *vcpu;
	long before;

	EXPECT_EQ(0, disable_exits(vm, exits));
	vcpu = vcpu_new(vm, 0);
	vcpu_enter_spinner(vcpu, fn);
	vm_apic_handlers(vm);
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	before = vm_stat(vm, stat);
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	return vm_stat(vm, stat) - before;
}

/* ---- HLT ---- */

__guest static void halt_for_ticks(void)
{
	uint64_t i;

	apic_on();
	apic_write(APIC_TDCR, 0xb);
	apic_write(APIC_LVTT, VECTOR);
	guest_sync(0, 0, 0);
	for (i = 1; i <= ROUNDS; i++) {
		apic_write(APIC_TMICT, 1000000);
		while (*guest_count(0, VECTOR) != i)
			__asm__ volatile("sti; hlt; cli" : : : "memory");
	}
	guest_sync(0, 0, 0);
	guest_done();
}

TEST(halt_does_not_exit_and_ends)
{
	EXPECT_LE(ROUNDS, count_exits(_metadata, halt_for_ticks, 0, "halt_exits"));
	EXPECT_EQ(0, count_exits(_metadata, halt_for_ticks, KVM_X86_DISABLE_EXITS_HLT,
				 "halt_exits"));
}

static void no_action(int sig)
{
	(void)sig;
}

__guest static void halt_for_ever(void)
{
	for (;;)
		__asm__ volatile("sti; hlt" : : : "memory");
}

__guest static void say_so(void)
{
	guest_sync(42, 0, 0);
}

/* As a VMM resets a machine whose CPU sleeps: by its registers. */
TEST(halted_vcpu_is_given_other_registers)
{
	struct sigaction action = { .sa_handler = no_action };
	struct vm *vm = vm_apic();
	struct ucall uc = {};
	struct vcpu *vcpu;

	ASSERT_EQ(0, disable_exits(vm, KVM_X86_DISABLE_EXITS_HLT));
	vcpu = vcpu_new(vm, 0);
	vcpu_enter_spinner(vcpu, halt_for_ever);
	sigaction(SIGALRM, &action, NULL);
	ualarm(200000, 0);
	ASSERT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	vcpu_enter_spinner(vcpu, say_so);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(42, uc.arg[0]);
}

/* An exception is for a CPU that is awake: VM entry would refuse it to one in HLT. */
TEST(halted_vcpu_is_given_an_exception)
{
	struct sigaction action = { .sa_handler = no_action };
	struct kvm_vcpu_events events;
	struct vm *vm = vm_apic();
	struct vcpu *vcpu;

	ASSERT_EQ(0, disable_exits(vm, KVM_X86_DISABLE_EXITS_HLT));
	vcpu = vcpu_new(vm, 0);
	vcpu_enter_spinner(vcpu, halt_for_ever);
	vm_shared(vm)->trap.vector = NO_TRAP;
	sigaction(SIGALRM, &action, NULL);
	ualarm(200000, 0);
	ASSERT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
	events.exception.injected = 1;
	events.exception.nr = 6;
	kvm_do(vcpu->fd, KVM_SET_VCPU_EVENTS, &events);
	ualarm(200000, 0);
	kvm_errno(vcpu->fd, KVM_RUN, 0);
	EXPECT_NE(KVM_EXIT_FAIL_ENTRY, vcpu->run->exit_reason);
	EXPECT_EQ(6, vm_shared(vm)->trap.vector);
}

/* ---- MWAIT, PAUSE, the time in C-states ---- */

/* What is monitored is written at once, so that MWAIT has nothing to wait for. */
__guest static void monitor_and_wait(void)
{
	uint64_t i;

	guest_sync(0, 0, 0);
	for (i = 0; i < 1000; i++) {
		__asm__ volatile("monitor" : : "a" (&shared->word[0]), "c" (0), "d" (0));
		shared->word[0] = i;
		__asm__ volatile("mwait" : : "a" (0), "c" (0) : "memory");
	}
	guest_sync(0, 0, 0);
	guest_done();
}

TEST(mwait_does_not_exit)
{
	if (!offered(KVM_X86_DISABLE_EXITS_MWAIT))
		SKIP(return, "the host's CPU has no MWAIT for guests");
	EXPECT_LE(2000, count_exits(_metadata, monitor_and_wait, 0, "exits"));
	EXPECT_GT(1000, count_exits(_metadata, monitor_and_wait, KVM_X86_DISABLE_EXITS_MWAIT,
				    "exits"));
}

__guest static void pause_for_long(void)
{
	uint64_t i;

	guest_sync(0, 0, 0);
	for (i = 0; i < 2000000; i++)
		__asm__ volatile("pause");
	guest_sync(0, 0, 0);
	guest_done();
}

TEST(pause_does_not_exit)
{
	long with = count_exits(_metadata, pause_for_long, 0, "exits");
	long without = count_exits(_metadata, pause_for_long, KVM_X86_DISABLE_EXITS_PAUSE, "exits");

	TH_LOG("%ld exits, then %ld", with, without);
	if (with < 400)
		SKIP(return, "the host's CPU sees no loops of PAUSE");
	EXPECT_GT(with / 2, without);
}

__guest static void read_residency(void)
{
	int i;

	guest_sync(0, 0, 0);
	for (i = 0; i < 1000; i++)
		guest_rdmsr(0x3fd);
	guest_sync(0, 0, 0);
	guest_done();
}

TEST(residency_is_read_without_exits)
{
	if (!offered(KVM_X86_DISABLE_EXITS_CSTATE))
		SKIP(return, "a feature of Intel's CPUs");
	EXPECT_EQ(0, count_exits(_metadata, read_residency, KVM_X86_DISABLE_EXITS_CSTATE,
				 "msr_exits"));
}

/* ---- the ioctl ---- */

TEST(bad_input)
{
	int cap = kvm_cap(kvm_open(), KVM_CAP_X86_DISABLE_EXITS);
	struct vm *vm = vm_apic();

	EXPECT_TRUE(cap & KVM_X86_DISABLE_EXITS_HLT);
	EXPECT_TRUE(cap & KVM_X86_DISABLE_EXITS_PAUSE);
	EXPECT_EQ(EINVAL, disable_exits(vm, ~(uint64_t)cap));
	EXPECT_EQ(EINVAL, disable_exits(vm, BIT64(32)));
	EXPECT_EQ(EINVAL, disable_exits(vm, BIT64(4)));
	EXPECT_EQ(0, disable_exits(vm, (uint64_t)cap));
	EXPECT_EQ(0, disable_exits(vm, 0));
	vcpu_bare(vm, 0);
	EXPECT_EQ(EINVAL, disable_exits(vm, KVM_X86_DISABLE_EXITS_HLT));
}

TEST_HARNESS_MAIN
