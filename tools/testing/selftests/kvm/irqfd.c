// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_IRQFD (api.rst 4.75): a signal is an interrupt, whatever is closed, deassigned or rerouted
 * meanwhile; level-triggered lines with resampling; what is refused. KVM_TEST_EVENTS says how many
 * signals a storm has (make storm: a million).
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "irq_test.h"

#define VECTOR		0x51
#define GSI		50
#define LEVEL_GSI	20	/* a pin of the I/O APIC alone, by default */
#define LEVEL_VECTOR	0x61
#define RESAMPLE	KVM_IRQFD_FLAG_RESAMPLE
#define DEASSIGN	KVM_IRQFD_FLAG_DEASSIGN

/* Whatever must come soon comes within this, on the slowest of hosts. */
#define SOON_MS		20000

FIXTURE(irqfd) {
	struct vm *vm;
	struct vcpu *vcpu;
};

static bool irqfds_are_claimed(void)
{
	int dev = kvm_open();
	bool claimed = kvm_cap(dev, KVM_CAP_IRQFD);

	close(dev);
	return claimed;
}

/* GSI sends VECTOR, the 23 after it the next ones; LEVEL_GSI is a level-triggered pin. */
static void setup_routes(struct vm *vm, unsigned int base)
{
	struct route_table table = { .head.nr = 0 };
	unsigned int i;

	for (i = 0; i < 24; i++)
		route_msi(&table, GSI + i, 0, base + i);
	route_pin(&table, LEVEL_GSI, KVM_IRQCHIP_IOAPIC, LEVEL_GSI);
	if (route_set(vm, &table))
		die("KVM_SET_GSI_ROUTING: %s", strerror(errno));
}

FIXTURE_SETUP(irqfd)
{
	if (!irqfds_are_claimed())
		SKIP(return, "KVM_CAP_IRQFD is not claimed");
	self->vm = vm_with_irqchip();
	self->vcpu = vcpu_new(self->vm, 0);
	lapic_enable(self->vcpu);
	setup_routes(self->vm, VECTOR);
}

FIXTURE_TEARDOWN(irqfd)
{
	if (!self->vm)
		return;
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

/* Injection may be left to a worker: wait for it. */
static bool comes(struct vcpu *vcpu, uint8_t vector)
{
	unsigned int i;

	for (i = 0; i < SOON_MS; i++) {
		if (lapic_pending(vcpu, vector))
			return true;
		usleep(1000);
	}
	return false;
}

/* ---- one signal ---- */

TEST_F(irqfd, message)
{
	int fd = new_eventfd();

	if (!self->vm)
		return;
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	EXPECT_FALSE(lapic_pending(self->vcpu, VECTOR));
	eventfd_post(fd);
	EXPECT_TRUE(comes(self->vcpu, VECTOR));
	EXPECT_FALSE(lapic_pending(self->vcpu, VECTOR + 1));
	/* The signal was the kernel's: nobody else sees it. */
	EXPECT_EQ(0, eventfd_take(fd));
}

TEST_F(irqfd, pin)
{
	int fd = new_eventfd();
	unsigned int i;

	if (!self->vm)
		return;
	ioapic_pin(self->vm, LEVEL_GSI, LEVEL_VECTOR, false);
	ASSERT_EQ(0, irqfd(self->vm, fd, LEVEL_GSI, 0, 0));
	/* An edge each time: the line does not stay up. */
	for (i = 0; i < 3; i++) {
		eventfd_post(fd);
		EXPECT_TRUE(comes(self->vcpu, LEVEL_VECTOR));
		lapic_forget(self->vcpu);
	}
}

TEST_F(irqfd, signalled_before_assignment)
{
	int fd = new_eventfd();

	if (!self->vm)
		return;
	eventfd_post(fd);
	eventfd_post(fd);
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	EXPECT_TRUE(comes(self->vcpu, VECTOR));
}

TEST_F(irqfd, deassigned)
{
	int fd = new_eventfd();
	unsigned int i;

	if (!self->vm)
		return;
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
		/* Another line's is not this one; RESAMPLE does not matter here. */
		ASSERT_EQ(0, irqfd(self->vm, fd, GSI + 1, DEASSIGN, 0));
		eventfd_post(fd);
		/* What was signalled has been injected when this returns. */
		ASSERT_EQ(0, irqfd(self->vm, fd, GSI, DEASSIGN | (i & 1 ? RESAMPLE : 0), 0));
		EXPECT_TRUE(lapic_pending(self->vcpu, VECTOR));
		lapic_forget(self->vcpu);
		/* Now it is an eventfd as any other. */
		eventfd_post(fd);
		EXPECT_EQ(1, eventfd_take(fd));
		EXPECT_FALSE(lapic_pending(self->vcpu, VECTOR));
	}
}

TEST_F(irqfd, follows_its_route)
{
	struct route_table none = { .head.nr = 0 };
	int fd = new_eventfd();

	if (!self->vm)
		return;
	ASSERT_EQ(0, route_set(self->vm, &none));
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	eventfd_post(fd);
	setup_routes(self->vm, VECTOR);
	eventfd_post(fd);
	EXPECT_TRUE(comes(self->vcpu, VECTOR));
	lapic_forget(self->vcpu);
	setup_routes(self->vm, VECTOR + 0x20);
	eventfd_post(fd);
	EXPECT_TRUE(comes(self->vcpu, VECTOR + 0x20));
	EXPECT_FALSE(lapic_pending(self->vcpu, VECTOR));
}

TEST_F(irqfd, closed)
{
	int fd = new_eventfd(), copy = dup(fd);
	unsigned int i;

	if (!self->vm)
		return;
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	close(fd);
	eventfd_post(copy);
	EXPECT_TRUE(comes(self->vcpu, VECTOR));
	close(copy);
	/* The line is free for the next, as often as one likes. */
	for (i = 0; i < 200; i++) {
		fd = new_eventfd();
		ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
		close(fd);
	}
}

/* How many irqfds /proc tells of, and whether @line is among them. */
static int fdinfo_irqfds(struct vm *vm, const char *line, bool *found)
{
	char path[64], text[256];
	int n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", vm->fd);
	file = fopen(path, "r");
	if (!file)
		die("%s: %s", path, strerror(errno));
	*found = false;
	while (fgets(text, sizeof(text), file)) {
		n += !strncmp(text, "irqfd:", 6);
		*found |= !strcmp(text, line);
	}
	fclose(file);
	return n;
}

TEST_F(irqfd, fdinfo)
{
	int fd = new_eventfd(), level = new_eventfd();
	bool found;

	if (!self->vm)
		return;
	if (kvm_is_in_tree())
		SKIP(return, "in-tree does not tell");
	EXPECT_EQ(0, fdinfo_irqfds(self->vm, "", &found));
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	ASSERT_EQ(0, irqfd(self->vm, level, LEVEL_GSI, RESAMPLE, new_eventfd()));
	EXPECT_EQ(2, fdinfo_irqfds(self->vm, "irqfd:\tgsi 50\n", &found));
	EXPECT_TRUE(found);
	EXPECT_EQ(2, fdinfo_irqfds(self->vm, "irqfd:\tgsi 20 resample\n", &found));
	EXPECT_TRUE(found);
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, DEASSIGN, 0));
	EXPECT_EQ(1, fdinfo_irqfds(self->vm, "", &found));
}

/* ---- what is refused ---- */

TEST_F(irqfd, arguments)
{
	int fd = new_eventfd(), resample = new_eventfd();
	struct vm *vm = self->vm;

	if (!vm)
		return;
	EXPECT_EQ(1, kvm_cap(vm->fd, KVM_CAP_IRQFD));
	EXPECT_EQ(1, kvm_cap(vm->fd, KVM_CAP_IRQFD_RESAMPLE));
	EXPECT_EQ(EINVAL, irqfd(vm, fd, GSI, 1u << 2, 0));
	EXPECT_EQ(EINVAL, irqfd(vm, fd, GSI, 1u << 31, 0));
	EXPECT_EQ(EINVAL, irqfd(vm, fd, GSI, 1u << 2 | DEASSIGN, 0));
	EXPECT_EQ(EBADF, irqfd(vm, -1, GSI, 0, 0));
	EXPECT_EQ(EBADF, irqfd(vm, 1000, GSI, 0, 0));
	EXPECT_EQ(EBADF, irqfd(vm, 1000, GSI, DEASSIGN, 0));
	EXPECT_EQ(EBADF, irqfd(vm, fd, GSI, RESAMPLE, -1));
	/* Files, but no eventfds. */
	EXPECT_EQ(EINVAL, irqfd(vm, vm->fd, GSI, 0, 0));
	EXPECT_EQ(EINVAL, irqfd(vm, vm->fd, GSI, DEASSIGN, 0));
	EXPECT_EQ(EINVAL, irqfd(vm, fd, GSI, RESAMPLE, vm->fd));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_IRQFD, BAD_POINTER));
	/* None of them has taken it. */
	EXPECT_EQ(0, irqfd(vm, fd, GSI, 0, 0));
	EXPECT_EQ(EBUSY, irqfd(vm, fd, GSI, 0, 0));
	EXPECT_EQ(EBUSY, irqfd(vm, fd, GSI + 1, 0, 0));
	EXPECT_EQ(EBUSY, irqfd(vm, fd, LEVEL_GSI, RESAMPLE, resample));
	/* Nothing to deassign is no error. */
	EXPECT_EQ(0, irqfd(vm, resample, GSI, DEASSIGN, 0));
	if (kvm_is_in_tree())
		return;
	/* Beyond any route: in-tree waits for one that cannot come. */
	EXPECT_EQ(EINVAL, irqfd(vm, resample, 4096, 0, 0));
	EXPECT_EQ(EINVAL, irqfd(vm, resample, 0xffffffff, 0, 0));
}

TEST(without_a_controller)
{
	struct vm *vm = vm_bare();

	if (!irqfds_are_claimed())
		SKIP(return, "KVM_CAP_IRQFD is not claimed");
	EXPECT_EQ(EINVAL, irqfd(vm, new_eventfd(), GSI, 0, 0));
	EXPECT_EQ(EINVAL, irqfd(vm, new_eventfd(), GSI, RESAMPLE, new_eventfd()));
}

/* Without an I/O APIC in the kernel nobody would say when to resample. */
TEST(split_irqchip)
{
	int fd = new_eventfd();
	struct vm *vm = vm_new();
	struct vcpu *vcpu;

	if (!kvm_cap(vm->fd, KVM_CAP_SPLIT_IRQCHIP))
		SKIP(return, "KVM_CAP_SPLIT_IRQCHIP is not claimed");
	vm_split_irqchip(vm, 24);
	vcpu = vcpu_new(vm, 0);
	lapic_enable(vcpu);
	EXPECT_EQ(EINVAL, irqfd(vm, fd, GSI, RESAMPLE, new_eventfd()));
	EXPECT_EQ(0, irqfd(vm, fd, GSI, 0, 0));
	eventfd_post(fd);
}

/* ---- level-triggered lines ---- */

/* Acknowledges what comes, and says so in word[0]; word[1] ends it. */
__guest static void acknowledge(void)
{
	uint64_t seen = 0;

	while (!shared->word[1]) {
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");
		while (seen != shared->count[LEVEL_VECTOR]) {
			seen++;
			guest_eoi();
			shared->word[0] = seen;
		}
		__asm__ volatile("pause");
	}
	guest_done();
}

static void *run_guest(void *arg)
{
	struct ucall uc;

	return (void *)(uintptr_t)vcpu_ucall(arg, &uc);
}

TEST_F(irqfd, resample)
{
	int fd = new_eventfd(), acked = new_eventfd();
	struct guest_shared *words;
	pthread_t thread;
	unsigned int i;
	void *result;

	if (!self->vm)
		return;
	words = vm_shared(self->vm);
	ioapic_pin(self->vm, LEVEL_GSI, LEVEL_VECTOR, true);
	ASSERT_EQ(0, irqfd(self->vm, fd, LEVEL_GSI, RESAMPLE, acked));
	vcpu_enter_spinner(self->vcpu, acknowledge);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_guest, self->vcpu));
	for (i = 1; i <= 100; i++) {
		eventfd_post(fd);
		ASSERT_TRUE(eventfd_wait(acked, SOON_MS));
		/* It went down: one interrupt, one acknowledgement. */
		EXPECT_EQ(i, words->count[LEVEL_VECTOR]);
	}
	EXPECT_FALSE(ioapic_line(self->vm, LEVEL_GSI));
	EXPECT_EQ(0, eventfd_take(acked));
	words->word[1] = 1;
	pthread_join(thread, &result);
	EXPECT_EQ(UCALL_DONE, (uintptr_t)result);
	EXPECT_EQ(100, words->word[0]);
}

/* Several devices on one line: an acknowledgement is for all. */
TEST_F(irqfd, resample_shared)
{
	int fd[2] = { new_eventfd(), new_eventfd() };
	int acked[2] = { new_eventfd(), new_eventfd() };
	struct guest_shared *words;
	pthread_t thread;
	unsigned int i;

	if (!self->vm)
		return;
	words = vm_shared(self->vm);
	ioapic_pin(self->vm, LEVEL_GSI, LEVEL_VECTOR, true);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, irqfd(self->vm, fd[i], LEVEL_GSI, RESAMPLE, acked[i]));
	}
	vcpu_enter_spinner(self->vcpu, acknowledge);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_guest, self->vcpu));
	for (i = 0; i < 20; i++) {
		eventfd_post(fd[i & 1]);
		EXPECT_TRUE(eventfd_wait(acked[0], SOON_MS));
		EXPECT_TRUE(eventfd_wait(acked[1], SOON_MS));
	}
	/* One leaves, the other stays. */
	ASSERT_EQ(0, irqfd(self->vm, fd[0], LEVEL_GSI, DEASSIGN, 0));
	eventfd_post(fd[1]);
	EXPECT_TRUE(eventfd_wait(acked[1], SOON_MS));
	EXPECT_EQ(0, eventfd_take(acked[0]));
	EXPECT_EQ(21, words->count[LEVEL_VECTOR]);
	words->word[1] = 1;
	pthread_join(thread, NULL);
}

/* The last one takes the line down with it: nobody else could. */
TEST_F(irqfd, resample_leaves_the_line_low)
{
	int fd = new_eventfd(), other = new_eventfd(), acked = new_eventfd();

	if (!self->vm)
		return;
	ASSERT_EQ(0, irqfd(self->vm, fd, LEVEL_GSI, RESAMPLE, acked));
	ASSERT_EQ(0, irqfd(self->vm, other, LEVEL_GSI, RESAMPLE, acked));
	eventfd_post(fd);
	ASSERT_EQ(0, irqfd(self->vm, fd, LEVEL_GSI, DEASSIGN, 0));
	EXPECT_TRUE(ioapic_line(self->vm, LEVEL_GSI));
	ASSERT_EQ(0, irqfd(self->vm, other, LEVEL_GSI, DEASSIGN, 0));
	EXPECT_FALSE(ioapic_line(self->vm, LEVEL_GSI));
}

/* ---- whose it is ---- */

TEST_F(irqfd, fork_and_exec)
{
	int fd = new_eventfd(), status;
	pid_t child;

	if (!self->vm)
		return;
	ASSERT_EQ(0, irqfd(self->vm, fd, GSI, 0, 0));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		/* Not its VM; but the signal of who has the eventfd counts. */
		if (irqfd(self->vm, fd, GSI, DEASSIGN, 0) != EIO)
			_exit(1);
		eventfd_post(fd);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(comes(self->vcpu, VECTOR));
	lapic_forget(self->vcpu);
	EXPECT_EQ(0, exec_holding(self->vm->fd, fd));
	eventfd_post(fd);
	EXPECT_TRUE(comes(self->vcpu, VECTOR));
}

/* The child that has the VM's last fd is not its owner; what it closes goes all the same. */
TEST(closed_by_a_child)
{
	int fd = new_eventfd(), go[2], status;
	struct vm *vm;
	pid_t child;
	char byte;

	if (!irqfds_are_claimed())
		SKIP(return, "KVM_CAP_IRQFD is not claimed");
	vm = vm_with_irqchip();
	ASSERT_EQ(0, irqfd(vm, fd, GSI, 0, 0));
	ASSERT_EQ(0, pipe(go));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		close(go[1]);
		if (read(go[0], &byte, 1))
			_exit(1);
		eventfd_post(fd);
		_exit(0);
	}
	close(vm->fd);
	close(go[1]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, eventfd_take(fd));
	eventfd_post(fd);
	EXPECT_EQ(1, eventfd_take(fd));
}

/* ---- storms ---- */

/* TCG loses one interrupt of a hundred thousand or two that a guest halts for: fewer there. */
static unsigned long storm_size(unsigned long normal)
{
	const char *text = getenv("KVM_TEST_EVENTS");

	if (text)
		return strtoul(text, NULL, 0);
	return host_is_tcg() ? normal / 4 : normal;
}

/*
 * Two devices: each counts its work up in word[2 + n], signals, and now and then waits until the
 * guest has seen all of it in word[4 + n]. The guest halts when there is nothing to do; a signal
 * lost at the end of a burst leaves it halted.
 */
__guest static void drain(void)
{
	uint64_t seen[2] = { 0, 0 }, vector, n;

	while (!shared->word[1]) {
		for (n = 0; n < 2; n++) {
			vector = VECTOR + n * 16;
			while (seen[n] != shared->count[vector]) {
				seen[n]++;
				guest_eoi();
			}
			shared->word[4 + n] = shared->word[2 + n];
		}
		if (shared->count[VECTOR] + shared->count[VECTOR + 16] == seen[0] + seen[1])
			__asm__ volatile("sti; hlt; cli" : : : "memory");
	}
	guest_done();
}

struct device {
	volatile struct guest_shared *words;
	int fd;
	unsigned int n;
	unsigned long signals;
	bool lost;
};

static bool guest_has_seen(const struct device *device, uint64_t work)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		if (device->words->word[4 + device->n] == work)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if ((now.tv_sec - start.tv_sec) * 1000 > SOON_MS)
			return false;
		sched_yield();
	}
}

static void *device_run(void *arg)
{
	struct device *device = arg;
	unsigned long i, burst;

	for (i = 0, burst = 1; i < device->signals && !device->lost; burst = burst % 13 + 1) {
		unsigned long end = i + burst < device->signals ? i + burst : device->signals;

		while (i < end) {
			device->words->word[2 + device->n] = ++i;
			eventfd_post(device->fd);
		}
		device->lost = !guest_has_seen(device, i);
	}
	return NULL;
}

/* Ends the guest's loop by a last interrupt. */
static void end_drain(struct vm *vm, int fd)
{
	vm_shared(vm)->word[1] = 1;
	eventfd_post(fd);
}

static void run_devices(struct __test_metadata *_metadata, struct vm *vm, struct vcpu *vcpu,
			unsigned long signals)
{
	struct device device[2];
	pthread_t thread[2], guest;
	unsigned int i;
	void *result;

	vcpu_enter(vcpu, drain);
	ASSERT_EQ(0, pthread_create(&guest, NULL, run_guest, vcpu));
	for (i = 0; i < 2; i++) {
		device[i] = (struct device) {
			.words = vm_shared(vm), .fd = new_eventfd(), .n = i, .signals = signals / 2,
		};
		ASSERT_EQ(0, irqfd(vm, device[i].fd, GSI + i * 16, 0, 0));
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, device_run, &device[i]));
	}
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	/* Nothing wakes the guest any more when one was: it is not waited for. */
	for (i = 0; i < 2; i++) {
		ASSERT_FALSE(device[i].lost)
			TH_LOG("device %u: a signal was lost after %llu", i,
			       (unsigned long long)vm_shared(vm)->word[4 + i]);
		EXPECT_EQ(0, eventfd_take(device[i].fd));
	}
	end_drain(vm, device[0].fd);
	pthread_join(guest, &result);
	EXPECT_EQ(UCALL_DONE, (uintptr_t)result);
	TH_LOG("%lu signals, %lu interrupts", signals / 2 * 2,
	       (unsigned long)(vm_shared(vm)->count[VECTOR] + vm_shared(vm)->count[VECTOR + 16]));
}

TEST_F_TIMEOUT(irqfd, storm, 3600)
{
	if (!self->vm)
		return;
	run_devices(_metadata, self->vm, self->vcpu, storm_size(6000));
}

static volatile bool going;

/* The routes of the storm stay where they are in tables that differ otherwise. */
static void *swap_routes(void *arg)
{
	struct vm *vm = arg;
	struct route_table table;
	unsigned long rounds = 0;
	unsigned int i;

	while (going) {
		table.head = (struct kvm_irq_routing) { .nr = 0 };
		for (i = 0; i <= rounds % 8; i++)
			route_pin(&table, i, KVM_IRQCHIP_IOAPIC, i);
		route_msi(&table, GSI + 16, 0, VECTOR + 16);
		for (i = 0; i <= rounds % 5; i++)
			route_msi(&table, GSI + 20 + i, 0, 0x30 + i);
		route_msi(&table, GSI, 0, VECTOR);
		if (route_set(vm, &table))
			return (void *)1;
		rounds++;
	}
	return rounds ? NULL : (void *)1;
}

TEST_F_TIMEOUT(irqfd, storm_while_routes_change, 3600)
{
	pthread_t swapper;
	void *failed;

	if (!self->vm)
		return;
	going = true;
	ASSERT_EQ(0, pthread_create(&swapper, NULL, swap_routes, self->vm));
	run_devices(_metadata, self->vm, self->vcpu, storm_size(2000));
	going = false;
	pthread_join(swapper, &failed);
	EXPECT_NULL(failed);
}

/* ---- races that must only end well ---- */

struct racer {
	struct vm *vm;
	volatile int *fd;
	unsigned int flags;
	int resample;
	unsigned long rounds;
};

/* The file behind *fd changes at any time, so that any of its errors may come. */
static void *race_assign(void *arg)
{
	struct racer *racer = arg;

	while (going) {
		int err = irqfd(racer->vm, *racer->fd, LEVEL_GSI, racer->flags, racer->resample);

		if (err && err != EBUSY && err != EBADF)
			return (void *)(uintptr_t)err;
		err = irqfd(racer->vm, *racer->fd, LEVEL_GSI, DEASSIGN, 0);
		if (err && err != EBADF)
			return (void *)(uintptr_t)err;
		racer->rounds++;
	}
	return NULL;
}

static void *race_post(void *arg)
{
	struct racer *racer = arg;
	uint64_t one = 1;

	while (going) {
		if (write(*racer->fd, &one, sizeof(one)) == sizeof(one))
			racer->rounds++;
	}
	return NULL;
}

/* Assignment, deassignment, signals and the closing of the eventfd, all at once. */
TEST_F(irqfd, races)
{
	volatile int fd = new_eventfd();
	struct racer racer[4];
	pthread_t thread[4];
	unsigned int i;
	void *result;

	if (!self->vm)
		return;
	going = true;
	for (i = 0; i < 4; i++) {
		racer[i] = (struct racer) {
			.vm = self->vm, .fd = &fd, .flags = i == 1 ? RESAMPLE : 0,
			.resample = new_eventfd(),
		};
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, i < 2 ? race_assign : race_post,
					    &racer[i]));
	}
	for (i = 0; i < 300; i++) {
		int old = fd;

		usleep(500);
		fd = new_eventfd();
		close(old);
	}
	going = false;
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], &result);
		EXPECT_EQ(0, (uintptr_t)result);
		EXPECT_GT(racer[i].rounds, 0);
	}
	EXPECT_EQ(0, irqfd(self->vm, fd, LEVEL_GSI, DEASSIGN, 0));
	EXPECT_FALSE(ioapic_line(self->vm, LEVEL_GSI) && !kvm_is_in_tree());
}

/* VMs go while their eventfds are signalled, closed, or both. */
TEST(vm_goes_first)
{
	volatile int fd = -1;
	struct racer racer = { .fd = &fd };
	pthread_t poster;
	unsigned int i;

	if (!irqfds_are_claimed())
		SKIP(return, "KVM_CAP_IRQFD is not claimed");
	going = true;
	ASSERT_EQ(0, pthread_create(&poster, NULL, race_post, &racer));
	for (i = 0; i < 40; i++) {
		struct vm *vm = vm_with_irqchip();
		struct vcpu *vcpu = vcpu_new(vm, 0);
		int old = fd;

		lapic_enable(vcpu);
		setup_routes(vm, VECTOR);
		fd = new_eventfd();
		close(old);
		ASSERT_EQ(0, irqfd(vm, fd, i & 1 ? GSI : LEVEL_GSI, i & 2 ? RESAMPLE : 0,
				   new_eventfd()));
		if (i & 4) {
			old = fd;
			fd = -1;
			close(old);
		}
		/* The vCPU keeps the VM, but none of its irqfds. */
		if (i & 8)
			close(vm->fd);
		vcpu_free(vcpu);
		if (!(i & 8))
			vm_free(vm);
	}
	going = false;
	pthread_join(poster, NULL);
}

TEST_HARNESS_MAIN
