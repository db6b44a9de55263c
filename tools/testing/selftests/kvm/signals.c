// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaving KVM_RUN for a signal: EINTR with KVM_EXIT_INTR, immediate_exit, KVM_SET_SIGNAL_MASK.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

__guest static void spin(void)
{
	guest_sync(1, 0, 0);
	for (;;)
		shared->word[0]++;
}

__guest static void halt(void)
{
	for (;;)
		__asm__ volatile("sti; hlt");
}

static volatile int caught;
static struct kvm_run *kicked;

static void on_signal(int sig)
{
	(void)sig;
	caught++;
	if (kicked)
		kicked->immediate_exit = 1;
}

static void catch_signal(int sig)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(sig, &action, NULL);
}

static void tick_in(long usec)
{
	struct itimerval timer = { .it_value.tv_usec = usec };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static struct vcpu *spinning(void)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;

	vcpu_enter_spinner(vcpu, spin);
	if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC)
		die("the guest did not start");
	return vcpu;
}

TEST(signal_ends_a_running_guest)
{
	struct vcpu *vcpu = spinning();
	uint64_t count;
	int i;

	catch_signal(SIGALRM);
	for (i = 1; i <= 3; i++) {
		count = vm_shared(vcpu->vm)->word[0];
		tick_in(30000);
		vcpu->run->exit_reason = 0;
		EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
		EXPECT_EQ(KVM_EXIT_INTR, vcpu->run->exit_reason);
		EXPECT_EQ(i, caught);
		EXPECT_GT(vm_shared(vcpu->vm)->word[0], count);
	}
}

TEST(immediate_exit_runs_nothing)
{
	struct vcpu *vcpu = spinning();
	struct kvm_regs before, after;
	uint64_t count;

	/* Let the pending OUT complete first. */
	vcpu->run->immediate_exit = 1;
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	/* Clients complete an exit so and look at it afterwards. */
	EXPECT_EQ(KVM_EXIT_IO, vcpu->run->exit_reason);
	count = vm_shared(vcpu->vm)->word[0];
	vcpu_regs(vcpu, &before);
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	vcpu_regs(vcpu, &after);
	EXPECT_EQ(count, vm_shared(vcpu->vm)->word[0]);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	/* It stays until userspace clears it. */
	EXPECT_EQ(1, vcpu->run->immediate_exit);
}

TEST(immediate_exit_set_by_a_handler)
{
	struct vcpu *vcpu = spinning();

	kicked = vcpu->run;
	catch_signal(SIGALRM);
	tick_in(30000);
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	EXPECT_EQ(1, caught);
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
}

static int set_mask(struct vcpu *vcpu, uint32_t len, uint64_t mask)
{
	struct {
		struct kvm_signal_mask head;
		uint8_t set[8];
	} arg = { .head.len = len };

	memcpy(arg.head.sigset, &mask, 8);
	return kvm_errno(vcpu->fd, KVM_SET_SIGNAL_MASK, &arg);
}

TEST(signal_mask_bounds)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	EXPECT_EQ(0, set_mask(vcpu, 8, 0));
	EXPECT_EQ(EINVAL, set_mask(vcpu, 4, 0));
	EXPECT_EQ(EINVAL, set_mask(vcpu, 0, 0));
	EXPECT_EQ(EINVAL, set_mask(vcpu, 16, 0));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_SIGNAL_MASK, BAD_POINTER));
	/* No mask at all turns it off. */
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_SIGNAL_MASK, 0));
}

TEST(signal_mask_opens_a_blocked_signal_only_inside)
{
	struct vcpu *vcpu = spinning();
	sigset_t block, pending;

	catch_signal(SIGUSR1);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGUSR1);
	/* Inside KVM_RUN nothing is blocked: the pending signal ends it. */
	ASSERT_EQ(0, set_mask(vcpu, 8, 0));
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	EXPECT_EQ(KVM_EXIT_INTR, vcpu->run->exit_reason);
	/* Outside it is blocked again, and was not delivered (api.rst 4.21). */
	EXPECT_EQ(0, caught);
	sigpending(&pending);
	EXPECT_EQ(1, sigismember(&pending, SIGUSR1));
}

TEST(signal_mask_closes_a_signal_inside)
{
	struct vcpu *vcpu = spinning();

	catch_signal(SIGUSR1);
	catch_signal(SIGALRM);
	ASSERT_EQ(0, set_mask(vcpu, 8, BIT64(SIGUSR1 - 1)));
	kicked = NULL;
	kill(getpid(), 0);
	tick_in(50000);
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	EXPECT_EQ(1, caught);
}

static void *kick_later(void *thread)
{
	usleep(50000);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

TEST(another_thread_kicks)
{
	struct vcpu *vcpu = spinning();
	pthread_t self = pthread_self(), kicker;

	catch_signal(SIGUSR1);
	ASSERT_EQ(0, pthread_create(&kicker, NULL, kick_later, &self));
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	EXPECT_EQ(1, caught);
	pthread_join(kicker, NULL);
}

TEST(halt_exits_to_userspace)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	/* Without an in-kernel APIC HLT is userspace's to wait for. */
	vcpu_enter(vcpu, halt);
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
	EXPECT_EQ(1, vcpu->run->if_flag);
}

TEST_HARNESS_MAIN
