// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_IOEVENTFD (api.rst 4.59): which writes signal, which leave, what is refused, and that no
 * write is lost however fast they come or the ioeventfds go. KVM_TEST_EVENTS says how many writes
 * a storm has (make storm: a million).
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "irq_test.h"

#define DOORBELL	(GUEST_MMIO + 0x1000)
#define PORT		0x5600
#define DATAMATCH	KVM_IOEVENTFD_FLAG_DATAMATCH
#define PIO		KVM_IOEVENTFD_FLAG_PIO
#define DEASSIGN	KVM_IOEVENTFD_FLAG_DEASSIGN

static int ioeventfd(struct vm *vm, int fd, uint64_t addr, uint32_t len, uint32_t flags,
		     uint64_t value)
{
	struct kvm_ioeventfd io = {
		.addr = addr, .len = len, .fd = fd, .flags = flags, .datamatch = value,
	};

	return kvm_errno(vm->fd, KVM_IOEVENTFD, &io);
}

FIXTURE(ioeventfd) {
	struct vm *vm;
	struct vcpu *vcpu;
};

FIXTURE_SETUP(ioeventfd)
{
	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
}

FIXTURE_TEARDOWN(ioeventfd)
{
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

/* Runs to the guest's next ucall; returns how many writes left, or -1. */
static int count_exits(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	int exits = 0;

	for (;; exits++) {
		uint32_t reason = vcpu_exit(vcpu);

		if (reason == KVM_EXIT_IO && run->io.port == UCALL_PORT)
			return exits;
		if (reason == KVM_EXIT_MMIO && run->mmio.is_write)
			continue;
		if (reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT)
			return -1;
	}
}

/* ---- which writes ---- */

/* One write of each length at each of the five addresses. */
__guest static void all_lengths(void)
{
	uint64_t at;

	for (at = DOORBELL; at < DOORBELL + 5 * 16; at += 16) {
		*(volatile uint8_t *)at = 1;
		*(volatile uint16_t *)at = 1;
		*(volatile uint32_t *)at = 1;
		*(volatile uint64_t *)at = 1;
	}
	/* Inside a range of eight bytes, but not at its address. */
	*(volatile uint32_t *)(DOORBELL + 3 * 16 + 4) = 1;
	guest_done();
}

TEST_F(ioeventfd, length_decides)
{
	static const uint32_t len[] = { 1, 2, 4, 8, 0 };
	int fd[5];
	unsigned int i;

	for (i = 0; i < 5; i++) {
		fd[i] = new_eventfd();
		ASSERT_EQ(0, ioeventfd(self->vm, fd[i], DOORBELL + i * 16, len[i], 0, 0));
	}
	vcpu_enter(self->vcpu, all_lengths);
	EXPECT_EQ(4 * 3 + 1, count_exits(self->vcpu));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(1, eventfd_take(fd[i]));
	}
	/* Length 0 takes any. */
	EXPECT_EQ(4, eventfd_take(fd[4]));
}

__guest static void some_values(void)
{
	*(volatile uint32_t *)DOORBELL = 1;
	*(volatile uint32_t *)DOORBELL = 2;
	*(volatile uint32_t *)DOORBELL = 2;
	*(volatile uint32_t *)DOORBELL = 0x80000003;
	*(volatile uint32_t *)DOORBELL = 0xffffffff;
	*(volatile uint64_t *)(DOORBELL + 8) = 0x123456789abcdef0;
	*(volatile uint64_t *)(DOORBELL + 8) = 0x9abcdef0;
	guest_done();
}

TEST_F(ioeventfd, value_decides)
{
	int one = new_eventfd(), two = new_eventfd(), three = new_eventfd(), wide = new_eventfd();

	ASSERT_EQ(0, ioeventfd(self->vm, one, DOORBELL, 4, DATAMATCH, 1));
	ASSERT_EQ(0, ioeventfd(self->vm, two, DOORBELL, 4, DATAMATCH, 2));
	ASSERT_EQ(0, ioeventfd(self->vm, three, DOORBELL, 4, DATAMATCH, 0x80000003));
	/* A value wider than the length is never written. */
	ASSERT_EQ(0, ioeventfd(self->vm, three, DOORBELL, 4, DATAMATCH, 0x1ffffffffull));
	ASSERT_EQ(0, ioeventfd(self->vm, wide, DOORBELL + 8, 8, DATAMATCH, 0x123456789abcdef0));
	vcpu_enter(self->vcpu, some_values);
	EXPECT_EQ(2, count_exits(self->vcpu));
	EXPECT_EQ(1, eventfd_take(one));
	EXPECT_EQ(2, eventfd_take(two));
	EXPECT_EQ(1, eventfd_take(three));
	EXPECT_EQ(1, eventfd_take(wide));
}

TEST_F(ioeventfd, what_leaves_has_its_value)
{
	struct kvm_run *run = self->vcpu->run;

	ASSERT_EQ(0, ioeventfd(self->vm, new_eventfd(), DOORBELL, 4, DATAMATCH, 1));
	vcpu_enter(self->vcpu, some_values);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
	EXPECT_EQ(DOORBELL, run->mmio.phys_addr);
	EXPECT_EQ(4, run->mmio.len);
	EXPECT_EQ(2, *(uint32_t *)run->mmio.data);
}

__guest static void reads_and_ports(void)
{
	/* A read is no event, even where every write is. */
	(void)*(volatile uint32_t *)DOORBELL;
	__asm__ volatile("outb %%al, %%dx" : : "a" (7), "d" (PORT));
	__asm__ volatile("outw %%ax, %%dx" : : "a" (7), "d" (PORT));
	__asm__ volatile("outl %%eax, %%dx" : : "a" (7), "d" (PORT));
	__asm__ volatile("outw %%ax, %%dx" : : "a" (7), "d" (PORT + 8));
	__asm__ volatile("outw %%ax, %%dx" : : "a" (8), "d" (PORT + 8));
	__asm__ volatile("outb %%al, %%dx" : : "a" (7), "d" (PORT + 8));
	guest_done();
}

TEST_F(ioeventfd, ports)
{
	int any = new_eventfd(), seven = new_eventfd(), mmio = new_eventfd();

	ASSERT_EQ(0, ioeventfd(self->vm, any, PORT, 0, PIO, 0));
	ASSERT_EQ(0, ioeventfd(self->vm, seven, PORT + 8, 2, PIO | DATAMATCH, 7));
	/* The same number on the other bus is another place. */
	ASSERT_EQ(0, ioeventfd(self->vm, mmio, PORT, 4, 0, 0));
	ASSERT_EQ(0, ioeventfd(self->vm, mmio, DOORBELL, 0, 0, 0));
	vcpu_enter(self->vcpu, reads_and_ports);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
	EXPECT_EQ(0, self->vcpu->run->mmio.is_write);
	EXPECT_EQ(2, count_exits(self->vcpu));
	EXPECT_EQ(3, eventfd_take(any));
	EXPECT_EQ(1, eventfd_take(seven));
	EXPECT_EQ(0, eventfd_take(mmio));
}

__guest static void strings(void)
{
	uint64_t from = GUEST_DATA, to = DOORBELL, count = 5;

	__asm__ volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (count) : : "memory");
	from = GUEST_DATA;
	count = 3;
	__asm__ volatile("rep outsw" : "+S" (from), "+c" (count) : "d" (PORT) : "memory");
	__asm__ volatile("lock addl $1, (%0)" : : "r" (DOORBELL) : "memory");
	guest_done();
}

/* Of five bytes at successive addresses one is at ours; the port stays. */
TEST_F(ioeventfd, strings_and_other_instructions)
{
	int mmio = new_eventfd(), port = new_eventfd();
	struct kvm_run *run = self->vcpu->run;
	unsigned int writes = 0;

	ASSERT_EQ(0, ioeventfd(self->vm, mmio, DOORBELL, 0, 0, 0));
	ASSERT_EQ(0, ioeventfd(self->vm, port, PORT, 2, PIO, 0));
	vcpu_enter(self->vcpu, strings);
	for (;;) {
		uint32_t reason = vcpu_exit(self->vcpu);

		if (reason == KVM_EXIT_IO && run->io.port == UCALL_PORT)
			break;
		ASSERT_EQ(KVM_EXIT_MMIO, reason);
		/* LOCK ADD reads first, and userspace answers that. */
		writes += run->mmio.is_write;
	}
	EXPECT_EQ(4, writes);
	EXPECT_EQ(2, eventfd_take(mmio));
	EXPECT_EQ(3, eventfd_take(port));
}

/* ---- what is refused ---- */

TEST_F(ioeventfd, arguments)
{
	struct vm *vm = self->vm;
	int fd = new_eventfd();
	uint32_t len;

	EXPECT_EQ(1, kvm_cap(vm->fd, KVM_CAP_IOEVENTFD));
	EXPECT_EQ(1, kvm_cap(vm->fd, KVM_CAP_IOEVENTFD_NO_LENGTH));
	EXPECT_EQ(1, kvm_cap(vm->fd, KVM_CAP_IOEVENTFD_ANY_LENGTH));
	for (len = 0; len <= 16; len++) {
		bool good = !len || len == 1 || len == 2 || len == 4 || len == 8;

		EXPECT_EQ(good ? 0 : EINVAL, ioeventfd(vm, fd, DOORBELL + len * 16, len, 0, 0));
	}
	EXPECT_EQ(EINVAL, ioeventfd(vm, fd, DOORBELL, 0x80000000, 0, 0));
	EXPECT_EQ(EINVAL, ioeventfd(vm, fd, DOORBELL, 4, 1u << 5, 0));
	EXPECT_EQ(EINVAL, ioeventfd(vm, fd, DOORBELL, 4, 1u << 31, 0));
	EXPECT_EQ(EINVAL, ioeventfd(vm, fd, DOORBELL, 0, DATAMATCH, 0));
	EXPECT_EQ(EINVAL, ioeventfd(vm, fd, ~0ull - 2, 4, 0, 0));
	EXPECT_EQ(EBADF, ioeventfd(vm, -1, PORT, 4, PIO, 0));
	EXPECT_EQ(EBADF, ioeventfd(vm, 1000, PORT, 4, PIO, 0));
	EXPECT_EQ(EBADF, ioeventfd(vm, 1000, PORT, 4, PIO | DEASSIGN, 0));
	/* A file, but no eventfd. */
	EXPECT_EQ(EINVAL, ioeventfd(vm, vm->fd, PORT, 4, PIO, 0));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_IOEVENTFD, BAD_POINTER));
	if (kvm_is_in_tree())
		return;
	/* The bus of another architecture: nothing on x86 would ever signal. */
	EXPECT_EQ(EINVAL, ioeventfd(vm, fd, 0x100, 8, KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY, 0));
}

TEST_F(ioeventfd, collisions)
{
	int a = new_eventfd(), b = new_eventfd();
	struct vm *vm = self->vm;

	ASSERT_EQ(0, ioeventfd(vm, a, DOORBELL, 4, DATAMATCH, 1));
	EXPECT_EQ(EEXIST, ioeventfd(vm, b, DOORBELL, 4, DATAMATCH, 1));
	EXPECT_EQ(EEXIST, ioeventfd(vm, a, DOORBELL, 4, DATAMATCH, 1));
	EXPECT_EQ(EEXIST, ioeventfd(vm, b, DOORBELL, 4, 0, 0));
	EXPECT_EQ(EEXIST, ioeventfd(vm, b, DOORBELL, 0, 0, 0));
	EXPECT_EQ(0, ioeventfd(vm, b, DOORBELL, 4, DATAMATCH, 2));
	EXPECT_EQ(0, ioeventfd(vm, b, DOORBELL, 2, DATAMATCH, 1));
	EXPECT_EQ(0, ioeventfd(vm, b, DOORBELL + 4, 0, 0, 0));
	EXPECT_EQ(EEXIST, ioeventfd(vm, a, DOORBELL + 4, 8, DATAMATCH, 5));
	EXPECT_EQ(0, ioeventfd(vm, b, DOORBELL, 4, PIO | DATAMATCH, 1));
}

TEST_F(ioeventfd, deassign_wants_the_same)
{
	int a = new_eventfd(), b = new_eventfd();
	struct vm *vm = self->vm;

	ASSERT_EQ(0, ioeventfd(vm, a, DOORBELL, 4, DATAMATCH, 1));
	EXPECT_EQ(ENOENT, ioeventfd(vm, b, DOORBELL, 4, DATAMATCH | DEASSIGN, 1));
	EXPECT_EQ(ENOENT, ioeventfd(vm, a, DOORBELL, 4, DATAMATCH | DEASSIGN, 2));
	EXPECT_EQ(ENOENT, ioeventfd(vm, a, DOORBELL, 4, DEASSIGN, 0));
	EXPECT_EQ(ENOENT, ioeventfd(vm, a, DOORBELL, 2, DATAMATCH | DEASSIGN, 1));
	EXPECT_EQ(ENOENT, ioeventfd(vm, a, DOORBELL + 4, 4, DATAMATCH | DEASSIGN, 1));
	EXPECT_EQ(ENOENT, ioeventfd(vm, a, DOORBELL, 4, PIO | DATAMATCH | DEASSIGN, 1));
	EXPECT_EQ(0, ioeventfd(vm, a, DOORBELL, 4, DATAMATCH | DEASSIGN, 1));
	EXPECT_EQ(ENOENT, ioeventfd(vm, a, DOORBELL, 4, DATAMATCH | DEASSIGN, 1));
	vcpu_enter(self->vcpu, some_values);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(self->vcpu));
	EXPECT_EQ(1, *(uint32_t *)self->vcpu->run->mmio.data);
	EXPECT_EQ(0, eventfd_take(a));
}

/* ---- whose it is ---- */

TEST_F(ioeventfd, a_closed_eventfd_still_takes_writes)
{
	int fd = new_eventfd(), copy = dup(fd);

	ASSERT_EQ(0, ioeventfd(self->vm, fd, DOORBELL, 4, 0, 0));
	close(fd);
	vcpu_enter(self->vcpu, some_values);
	EXPECT_EQ(2, count_exits(self->vcpu));
	EXPECT_EQ(5, eventfd_take(copy));
	close(copy);
	vcpu_enter(self->vcpu, some_values);
	EXPECT_EQ(2, count_exits(self->vcpu));
}

/* A child has the fds, but not the VM; what it does with them does not change the parent's. */
TEST_F(ioeventfd, fork_and_exec)
{
	int fd = new_eventfd(), status;
	pid_t child;

	ASSERT_EQ(0, ioeventfd(self->vm, fd, DOORBELL, 4, 0, 0));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child)
		_exit(ioeventfd(self->vm, fd, DOORBELL, 4, DEASSIGN, 0) == EIO ? 0 : 1);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	/* What survives the exec holds the VM, and then goes. */
	EXPECT_EQ(0, exec_holding(self->vm->fd, fd));
	vcpu_enter(self->vcpu, some_values);
	EXPECT_EQ(2, count_exits(self->vcpu));
	EXPECT_EQ(5, eventfd_take(fd));
}

#define QUEUES		200

__guest static void ring_all_queues(void)
{
	uint32_t i;

	for (i = 0; i < QUEUES; i++)
		__asm__ volatile("outw %%ax, %%dx" : : "a" (i), "d" (PORT));
	guest_done();
}

/* A device with many queues rings them all at one port; and there are many devices. */
TEST_F(ioeventfd, many)
{
	int fd[QUEUES], other = new_eventfd();
	unsigned int i;

	for (i = 0; i < QUEUES; i++) {
		fd[i] = new_eventfd();
		ASSERT_EQ(0, ioeventfd(self->vm, fd[i], PORT, 2, PIO | DATAMATCH, i));
	}
	for (i = 0; i < 1500; i++) {
		ASSERT_EQ(0, ioeventfd(self->vm, other, DOORBELL + i * 4, 4, 0, 0));
	}
	vcpu_enter(self->vcpu, ring_all_queues);
	EXPECT_EQ(0, count_exits(self->vcpu));
	for (i = 0; i < QUEUES; i++) {
		EXPECT_EQ(1, eventfd_take(fd[i]));
	}
	/* Those of odd numbers go. */
	for (i = 1; i < QUEUES; i += 2) {
		ASSERT_EQ(0, ioeventfd(self->vm, fd[i], PORT, 2, PIO | DATAMATCH | DEASSIGN, i));
	}
	vcpu_enter(self->vcpu, ring_all_queues);
	EXPECT_EQ(QUEUES / 2, count_exits(self->vcpu));
	for (i = 0; i < QUEUES; i++) {
		EXPECT_EQ(i % 2 ? 0 : 1, eventfd_take(fd[i]));
	}
}

/* word[0]: the value, written 100 times */
__guest static void ring_one_queue(void)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		__asm__ volatile("outw %%ax, %%dx" : : "a" (shared->word[0]), "d" (PORT));
	guest_sync(0, 0, 0);
}

/* Of many at one address some are found at once, others with interrupts on. */
TEST_F(ioeventfd, interrupts_do_not_wait_for_many)
{
	int fd[QUEUES];
	unsigned int i;
	struct ucall uc;
	long before;

	for (i = 0; i < QUEUES; i++) {
		fd[i] = new_eventfd();
		ASSERT_EQ(0, ioeventfd(self->vm, fd[i], PORT, 2, PIO | DATAMATCH, i));
	}
	if (vm_stat(self->vm, "fast_exits") < 0)
		SKIP(return, "exits are not told apart");
	for (i = 0; i < QUEUES; i += QUEUES - 1) {
		vm_shared(self->vm)->word[0] = i;
		vcpu_enter(self->vcpu, ring_one_queue);
		before = vm_stat(self->vm, "fast_exits");
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
		if (i) {
			EXPECT_LT(90, vm_stat(self->vm, "fast_exits") - before);
		} else {
			EXPECT_GT(10, vm_stat(self->vm, "fast_exits") - before);
		}
		EXPECT_EQ(100, eventfd_take(fd[i]));
	}
}

/* ---- storms ---- */

static unsigned long storm_size(unsigned long normal)
{
	const char *text = getenv("KVM_TEST_EVENTS");

	return text ? strtoul(text, NULL, 0) : normal;
}

/* What one vCPU does, and what came of it: with the guest's arguments in RDI and RSI. */
struct storm {
	struct vcpu *vcpu;
	unsigned long writes;
	unsigned long exits;
	bool odd;
};

__guest static void storm_writes(uint64_t at, uint64_t count)
{
	uint64_t i;

	for (i = 0; i < count; i++)
		*(volatile uint32_t *)at = (uint32_t)i & 1;
	guest_done();
}

static void storm_prepare(struct storm *storm, struct vm *vm, unsigned int id, uint64_t at,
			  unsigned long writes)
{
	struct kvm_regs regs;

	storm->vcpu = vcpu_new(vm, id);
	storm->writes = writes;
	vcpu_enter(storm->vcpu, (void (*)(void))storm_writes);
	vcpu_regs(storm->vcpu, &regs);
	regs.rdi = at;
	regs.rsi = writes;
	vcpu_set_regs(storm->vcpu, &regs);
}

static void *storm_run(void *arg)
{
	struct storm *storm = arg;
	int exits = count_exits(storm->vcpu);

	storm->exits = exits;
	storm->odd = exits < 0;
	return NULL;
}

struct reader {
	int fd;
	uint64_t sum;
};

static volatile bool going;

/* Takes what has come while the guest goes on, and the rest when it has ended. */
static void *reader_run(void *arg)
{
	struct reader *reader = arg;
	struct pollfd poll_fd = { .fd = reader->fd, .events = POLLIN };

	while (going) {
		poll(&poll_fd, 1, 10);
		reader->sum += eventfd_take(reader->fd);
	}
	reader->sum += eventfd_take(reader->fd);
	return NULL;
}

/* Two vCPUs write, each to a doorbell that two eventfds share by value; two threads read. */
TEST_F_TIMEOUT(ioeventfd, storm, 3600)
{
	unsigned long writes = storm_size(20000) / 2;
	struct storm storm[2] = { 0 };
	struct reader reader[2] = { { new_eventfd(), 0 }, { new_eventfd(), 0 } };
	pthread_t run[2], read[2];
	struct vm *vm = self->vm;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		storm_prepare(&storm[i], vm, i + 1, DOORBELL + i * 64, writes);
		ASSERT_EQ(0, ioeventfd(vm, reader[0].fd, DOORBELL + i * 64, 4, DATAMATCH, 0));
		ASSERT_EQ(0, ioeventfd(vm, reader[1].fd, DOORBELL + i * 64, 4, DATAMATCH, 1));
	}
	going = true;
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_create(&read[i], NULL, reader_run, &reader[i]));
		ASSERT_EQ(0, pthread_create(&run[i], NULL, storm_run, &storm[i]));
	}
	for (i = 0; i < 2; i++)
		pthread_join(run[i], NULL);
	going = false;
	for (i = 0; i < 2; i++)
		pthread_join(read[i], NULL);
	for (i = 0; i < 2; i++) {
		EXPECT_FALSE(storm[i].odd);
		EXPECT_EQ(0, storm[i].exits);
		EXPECT_EQ(writes, reader[i].sum);
	}
}

struct change {
	struct vm *vm;
	int fd;
	unsigned long rounds;
	bool failed;
};

/* One on the doorbell itself, and one beside it, which makes the same bus anew. */
static void *keep_changing(void *arg)
{
	struct change *change = arg;
	int other = new_eventfd();

	while (going) {
		change->failed |= ioeventfd(change->vm, other, DOORBELL + 8, 4, 0, 0) ||
				  ioeventfd(change->vm, change->fd, DOORBELL, 4, 0, 0) ||
				  ioeventfd(change->vm, other, DOORBELL + 8, 4, DEASSIGN, 0) ||
				  ioeventfd(change->vm, change->fd, DOORBELL, 4, DEASSIGN, 0);
		change->rounds++;
	}
	close(other);
	return NULL;
}

/* Each write either signals or leaves. */
TEST_F_TIMEOUT(ioeventfd, storm_while_they_come_and_go, 3600)
{
	unsigned long writes = storm_size(8000) / 2;
	struct storm storm[2] = { 0 };
	struct change change = { .vm = self->vm, .fd = new_eventfd() };
	pthread_t run[2], changer;
	unsigned int i;

	for (i = 0; i < 2; i++)
		storm_prepare(&storm[i], change.vm, i + 1, DOORBELL, writes);
	going = true;
	ASSERT_EQ(0, pthread_create(&changer, NULL, keep_changing, &change));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_create(&run[i], NULL, storm_run, &storm[i]));
	}
	for (i = 0; i < 2; i++) {
		pthread_join(run[i], NULL);
		EXPECT_FALSE(storm[i].odd);
	}
	going = false;
	pthread_join(changer, NULL);
	EXPECT_FALSE(change.failed);
	EXPECT_GT(change.rounds, 0);
	EXPECT_EQ(2 * writes, eventfd_take(change.fd) + storm[0].exits + storm[1].exits);
	TH_LOG("%lu of %lu writes left in %lu changes", storm[0].exits + storm[1].exits,
	       2 * writes, change.rounds);
}

/* The VM goes with its ioeventfds, while a vCPU's fd still holds it, and then without. */
TEST(vm_goes_first)
{
	int fd = new_eventfd();
	unsigned int i;

	for (i = 0; i < 10; i++) {
		struct vm *vm = vm_new();
		struct vcpu *vcpu = vcpu_new(vm, 0);

		ASSERT_EQ(0, ioeventfd(vm, fd, DOORBELL, 0, 0, 0));
		ASSERT_EQ(0, ioeventfd(vm, fd, DOORBELL + 64, 4, 0, 0));
		close(vm->fd);
		vcpu_enter(vcpu, some_values);
		EXPECT_EQ(2, count_exits(vcpu));
		EXPECT_EQ(5, eventfd_take(fd));
		vcpu_free(vcpu);
	}
	EXPECT_EQ(0, eventfd_take(fd));
}

TEST_HARNESS_MAIN
