// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest on every CPU that does nothing but count, for tools/testing/power, which takes the
 * machine away from under it.
 *
 *	count		until it is killed; says "counting" when all of them do
 *	count suspend	suspends the machine to RAM for seconds, and looks whether they count on
 *	count once	until all of them count
 *
 * Linked statically, and it opens nothing that may be on a file system which does not survive.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "kvm_test.h"
#include "guest.h"

#define CPUS_MAX	8
#define STATE		"/sys/power/state"
#define ALARM		"/sys/class/rtc/rtc0/wakealarm"

__guest static void count_for_ever(void)
{
	for (;;)
		shared->word[0]++;
}

struct counter {
	struct vm *vm;
	struct vcpu *vcpu;
	int cpu;
};

/* The freezer's signal ends KVM_RUN, and the CPU goes and comes back: enter again and again. */
static void *run(void *arg)
{
	struct counter *counter = arg;
	int err;

	run_on_cpu(counter->cpu);
	do
		err = kvm_errno(counter->vcpu->fd, KVM_RUN, 0);
	while (err == EINTR || err == EAGAIN);
	die("KVM_RUN on CPU %d: %s, exit reason %u", counter->cpu, strerror(err),
	    counter->vcpu->run->exit_reason);
}

static void start(struct counter *counter, int cpu)
{
	pthread_t thread;

	counter->cpu = cpu;
	counter->vm = vm_new();
	counter->vcpu = vcpu_new(counter->vm, 0);
	vcpu_enter_spinner(counter->vcpu, count_for_ever);
	if (pthread_create(&thread, NULL, run, counter))
		die("no thread");
}

static void wait_for_counts(struct counter *counters, int n)
{
	volatile uint64_t *word;
	uint64_t before;
	int i, tries;

	for (i = 0; i < n; i++) {
		word = &vm_shared(counters[i].vm)->word[0];
		before = *word;
		for (tries = 0; *word == before; tries++) {
			if (tries > 500)
				die("the guest on CPU %d does not count", i);
			usleep(20000);
		}
	}
}

static void must_write(const char *path, const char *text)
{
	if (!write_file(path, text))
		die("%s: %s", path, strerror(errno));
}

/* Milliseconds that CLOCK_MONOTONIC does not count: none unless the machine slept. */
static long slept(void)
{
	struct timespec boot, mono;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (boot.tv_sec - mono.tv_sec) * 1000 + (boot.tv_nsec - mono.tv_nsec) / 1000000;
}

static void suspend_machine(void)
{
	long before = slept();

	must_write(ALARM, "+4");
	must_write(STATE, "mem");
	if (slept() - before < 500)
		die("the machine did not sleep");
	printf("slept for %ld ms\n", slept() - before);
}

int main(int argc, char **argv)
{
	int i, n = (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct counter counters[CPUS_MAX], another;
	const char *what = argc > 1 ? argv[1] : "";

	n = n < CPUS_MAX ? n : CPUS_MAX;
	for (i = 0; i < n; i++)
		start(&counters[i], i);
	wait_for_counts(counters, n);
	printf("counting on %d CPUs\n", n);
	fflush(stdout);
	if (!strcmp(what, "suspend")) {
		suspend_machine();
		wait_for_counts(counters, n);
		for (i = 0; i < n; i++) {
			start(&another, i);
			wait_for_counts(&another, 1);
		}
		printf("old guests and new ones count\n");
	}
	while (!*what)
		pause();
	return 0;
}
