// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtualization is on in every CPU while a VM lives, off without one; CPUs go and come with VMs
 * alive and running.
 *
 * What the CPU itself says is EFER.SVME (APM2 15.4), read through the msr driver. Intel's
 * counterpart is a CR4 bit that no driver shows: there only the hotplug tests run.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define MSR_EFER	0xc0000080
#define EFER_SVME	BIT64(12)
#define OTHER_CPU	1	/* the one that goes and comes; CPU 0 stays */
#define ROUNDS		5

__guest static void count_for_ever(void)
{
	guest_sync(1, 0, 0);
	for (;;)
		shared->word[0]++;
}

__guest static void say_done_often(void)
{
	for (;;)
		guest_done();
}

/* ---- the host's CPUs */

/* 1 or 0 to switch, -1 to ask; returns the errno. */
static int cpu_switch(int online)
{
	char path[64], value = online > 0 ? '1' : '0';
	int fd, err = 0;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", OTHER_CPU);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (online >= 0 && write(fd, &value, 1) != 1)
		err = errno;
	close(fd);
	return err;
}

static int efer_svme(int cpu)
{
	uint64_t efer = 0;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (pread(fd, &efer, sizeof(efer), MSR_EFER) != sizeof(efer))
		die("%s: %s", path, strerror(errno));
	close(fd);
	return !!(efer & EFER_SVME);
}

/* A file just closed may be released a moment later. */
static int efer_svme_soon(int cpu, int want)
{
	int i, svme = -1;

	for (i = 0; i < 100; i++) {
		svme = efer_svme(cpu);
		if (svme == want)
			break;
		usleep(20000);
	}
	return svme;
}

/* ---- virtualization on and off */

FIXTURE(svme) {
	bool runnable;
};

FIXTURE_SETUP(svme)
{
	if (access("/sys/module/kvm_amd", F_OK))
		SKIP(return, "kvm_amd is not loaded, and only SVM shows in an MSR");
	if (efer_svme(0) < 0 && (system("modprobe -q msr") || efer_svme(0) < 0))
		SKIP(return, "/dev/cpu/0/msr cannot be read (module msr, root)");
	cpu_switch(1);
	/* In-tree may turn SVM on at load; somebody else's VM keeps it on. */
	if (efer_svme_soon(0, 0))
		SKIP(return, "SVM is on without a VM of this test");
	self->runnable = true;
}

FIXTURE_TEARDOWN(svme)
{
	cpu_switch(1);
}

TEST_F(svme, on_from_the_first_vm_to_the_last)
{
	int cpu, cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct vm *one, *two;

	if (!self->runnable)
		return;
	for (cpu = 0; cpu < cpus; cpu++)
		EXPECT_EQ(0, efer_svme(cpu));
	one = vm_bare();
	for (cpu = 0; cpu < cpus; cpu++)
		EXPECT_EQ(1, efer_svme(cpu));
	two = vm_bare();
	vm_free(one);
	usleep(50000);
	for (cpu = 0; cpu < cpus; cpu++)
		EXPECT_EQ(1, efer_svme(cpu));
	vm_free(two);
	for (cpu = 0; cpu < cpus; cpu++)
		EXPECT_EQ(0, efer_svme_soon(cpu, 0));
}

/* The device alone asks for nothing, and a VM that is refused leaves nothing behind. */
TEST_F(svme, not_on_without_a_vm)
{
	int dev;

	if (!self->runnable)
		return;
	dev = kvm_open();
	EXPECT_EQ(0, efer_svme(0));
	EXPECT_EQ(EINVAL, kvm_errno(dev, KVM_CREATE_VM, 0x7000));
	EXPECT_EQ(0, efer_svme_soon(0, 0));
	close(dev);
}

TEST_F(svme, cpu_that_comes_is_as_the_others)
{
	struct vm *vm;

	if (!self->runnable)
		return;
	if (cpu_switch(-1))
		SKIP(return, "CPU %d cannot be taken offline here", OTHER_CPU);
	ASSERT_EQ(0, cpu_switch(0));
	vm = vm_bare();
	EXPECT_EQ(1, efer_svme(0));
	ASSERT_EQ(0, cpu_switch(1));
	EXPECT_EQ(1, efer_svme(OTHER_CPU));

	/* Gone with the last VM while the CPU is away. */
	ASSERT_EQ(0, cpu_switch(0));
	vm_free(vm);
	EXPECT_EQ(0, efer_svme_soon(0, 0));
	ASSERT_EQ(0, cpu_switch(1));
	EXPECT_EQ(0, efer_svme(OTHER_CPU));
}

/* ---- CPUs go and come under vCPUs */

FIXTURE(hotplug) {
	struct vm *vm;
	struct vcpu *vcpu;
	struct ucall uc;
};

FIXTURE_SETUP(hotplug)
{
	if (cpu_switch(-1))
		SKIP(return, "CPU %d cannot be taken offline here", OTHER_CPU);
	cpu_switch(1);
	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
}

FIXTURE_TEARDOWN(hotplug)
{
	cpu_switch(1);
}

TEST_F_TIMEOUT(hotplug, vcpu_runs_wherever_there_is_a_cpu, 60)
{
	int i;

	if (!self->vcpu)
		return;
	vcpu_enter(self->vcpu, say_done_often);
	for (i = 0; i < ROUNDS; i++) {
		run_on_cpu(OTHER_CPU);
		ASSERT_EQ(UCALL_DONE, vcpu_ucall(self->vcpu, &self->uc));
		/* The vCPU's state was last loaded on the CPU that goes. */
		ASSERT_EQ(0, cpu_switch(0));
		ASSERT_EQ(UCALL_DONE, vcpu_ucall(self->vcpu, &self->uc));
		ASSERT_EQ(0, cpu_switch(1));
	}
	run_on_cpu(OTHER_CPU);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(self->vcpu, &self->uc));
}

static void on_kick(int sig)
{
	(void)sig;
}

/* Runs the guest until immediate_exit; returns NULL if nothing but the kick ended it. */
static void *run_pinned(void *arg)
{
	struct vcpu *vcpu = arg;

	run_on_cpu(OTHER_CPU);
	while (!vcpu->run->immediate_exit)
		if (kvm_errno(vcpu->fd, KVM_RUN, 0) != EINTR)
			return vcpu;
	return NULL;
}

static bool counts_on(struct vm *vm)
{
	volatile uint64_t *word = &vm_shared(vm)->word[0];
	uint64_t before = *word;
	int i;

	for (i = 0; i < 100 && *word == before; i++)
		usleep(20000);
	return *word != before;
}

TEST_F_TIMEOUT(hotplug, cpu_goes_under_a_running_vcpu, 60)
{
	struct sigaction action = { .sa_handler = on_kick };
	pthread_t thread;
	void *odd;
	int i;

	if (!self->vcpu)
		return;
	sigaction(SIGUSR1, &action, NULL);
	vcpu_enter_spinner(self->vcpu, count_for_ever);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	for (i = 0; i < ROUNDS; i++) {
		self->vcpu->run->immediate_exit = 0;
		ASSERT_EQ(0, pthread_create(&thread, NULL, run_pinned, self->vcpu));
		EXPECT_TRUE(counts_on(self->vm));
		EXPECT_EQ(0, cpu_switch(0));
		EXPECT_TRUE(counts_on(self->vm));
		EXPECT_EQ(0, cpu_switch(1));
		EXPECT_TRUE(counts_on(self->vm));
		self->vcpu->run->immediate_exit = 1;
		pthread_kill(thread, SIGUSR1);
		pthread_join(thread, &odd);
		ASSERT_EQ(NULL, odd);
	}
}

TEST_HARNESS_MAIN
