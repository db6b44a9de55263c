// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files closed in any order, files in another process, and a process that dies inside KVM_RUN.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

__guest static void say_twice(void)
{
	guest_sync(1, 0, 0);
	guest_sync(2, 0, 0);
	guest_done();
}

__guest static void spin(void)
{
	guest_sync(1, 0, 0);
	for (;;)
		__asm__ volatile("pause");
}

TEST(vcpu_outlives_vm_and_dev)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	vcpu_enter(vcpu, say_twice);
	close(vm->dev);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	close(vm->fd);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0]);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	vcpu_free(vcpu);
}

TEST(mapping_outlives_every_file)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);

	close(vm->dev);
	close(vm->fd);
	close(vcpu->fd);
	vcpu->run->cr8 = 0x77;
	EXPECT_EQ(0x77, vcpu->run->cr8);
	EXPECT_EQ(0, munmap(vcpu->run, vcpu->run_size));
}

TEST(vm_outlives_vcpu)
{
	struct vm *vm = vm_new();
	struct vcpu *one = vcpu_new(vm, 0), *two;
	struct ucall uc;

	vcpu_free(one);
	two = vcpu_new(vm, 1);
	vcpu_enter(two, say_twice);
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(two, &uc));
	vcpu_free(two);
	vm_free(vm);
}

TEST(guest_memory_may_go_first)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	vcpu_enter(vcpu, say_twice);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	/* The slot now points nowhere: the next entry cannot fetch and says so. */
	munmap(vm->mem, vm->mem_size);
	vm->mem = NULL;
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_RUN, 0));
	vcpu_free(vcpu);
	vm_free(vm);
}

TEST(duplicated_file_is_the_same_vcpu)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	int copy = dup(vcpu->fd);
	struct kvm_regs regs = { .rax = 0x1234, .rflags = RFLAGS_FIXED };

	vcpu_set_regs(vcpu, &regs);
	close(vcpu->fd);
	regs.rax = 0;
	kvm_do(copy, KVM_GET_REGS, &regs);
	EXPECT_EQ(0x1234, regs.rax);
}

static int child_result(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(another_process_gets_eio)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;
	pid_t pid;

	vcpu_enter(vcpu, say_twice);
	pid = fork();
	if (!pid) {
		struct kvm_regs regs;
		int bad = 0;

		/* The VM belongs to the memory that created it. */
		bad |= kvm_errno(vm->fd, KVM_CREATE_VCPU, 5) != EIO;
		bad |= (vm_slot_errno(vm, 1, 0, SZ_1G, SZ_4K, vm->mem) != EIO) << 1;
		bad |= (kvm_errno(vcpu->fd, KVM_GET_REGS, &regs) != EIO) << 2;
		bad |= (kvm_errno(vcpu->fd, KVM_RUN, 0) != EIO) << 3;
		/* /dev/kvm itself belongs to nobody. */
		bad |= (kvm_errno(vm->dev, KVM_GET_API_VERSION, 0) != 0) << 4;
		_exit(bad);
	}
	EXPECT_EQ(0, child_result(pid));
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
}

TEST(child_holding_files_does_not_stop_the_parent_from_ending)
{
	int started[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(started));
	pid = fork();
	if (!pid) {
		struct vm *vm = vm_new();
		struct vcpu *vcpu = vcpu_new(vm, 0);
		struct ucall uc;

		vcpu_enter(vcpu, say_twice);
		if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC)
			_exit(1);
		if (!fork()) {
			/* Only the files survive in this one; it closes them last. */
			usleep(100000);
			_exit(0);
		}
		_exit(0);
	}
	EXPECT_EQ(0, child_result(pid));
	usleep(200000);
	close(started[0]);
	close(started[1]);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

TEST(sigkill_inside_run)
{
	int i;

	for (i = 0; i < 5; i++) {
		int started[2];
		long before, taken;
		char byte;
		pid_t pid;

		ASSERT_EQ(0, pipe(started));
		pid = fork();
		if (!pid) {
			struct vcpu *vcpu = vcpu_new(vm_new(), 0);
			struct ucall uc;

			vcpu_enter_spinner(vcpu, spin);
			if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC)
				_exit(1);
			if (write(started[1], "x", 1) != 1)
				_exit(1);
			vcpu_exit(vcpu);
			_exit(2);
		}
		ASSERT_EQ(1, read(started[0], &byte, 1));
		usleep(20000);
		before = now_ms();
		kill(pid, SIGKILL);
		EXPECT_EQ(1000 + SIGKILL, child_result(pid));
		taken = now_ms() - before;
		EXPECT_LT(taken, 5000);
		close(started[0]);
		close(started[1]);
	}
}

TEST_HARNESS_MAIN
