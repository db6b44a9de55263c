// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls as a 32-bit program makes them. INT 0x80 in this 64-bit program enters the kernel by the
 * same door: what it passes lies below 4 GiB, and pointers inside structs have only a low half.
 */
#include <signal.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define SLOT_GPA	0x40000000UL
#define NR_IOCTL32	54

/* ioctl(2) of the 32-bit ABI: its value, or a negative errno. */
static long ioctl32(int fd, unsigned long request, const void *arg)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a" (ret)
			 : "0" ((long)NR_IOCTL32), "b" ((long)fd), "c" (request & 0xffffffff),
			   "d" ((uintptr_t)arg & 0xffffffff)
			 : "r8", "r9", "r10", "r11", "memory", "cc");
	return (int)ret;
}

static void *low_page(void)
{
	void *at = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (at == MAP_FAILED)
		die("no memory below 4 GiB");
	return at;
}

FIXTURE(compat) {
	struct vm *vm;
	struct vcpu *vcpu;
	uint8_t *low;
};

FIXTURE_SETUP(compat)
{
	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
	self->low = low_page();
	if (ioctl32(self->vm->dev, KVM_GET_API_VERSION, NULL) == -ENOSYS)
		SKIP(return, "the kernel has no 32-bit system calls");
}

FIXTURE_TEARDOWN(compat)
{
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

__guest static void write_and_spin(void)
{
	*(volatile uint64_t *)(SLOT_GPA + 3 * 4096) = 1;
	guest_sync(1, 0, 0);
	for (;;)
		shared->word[0]++;
}

TEST_F(compat, system_and_vm_and_vcpu)
{
	struct kvm_regs *regs = (struct kvm_regs *)self->low;
	long vm;

	EXPECT_EQ(12, ioctl32(self->vm->dev, KVM_GET_API_VERSION, NULL));
	vm = ioctl32(self->vm->dev, KVM_CREATE_VM, NULL);
	ASSERT_GT(vm, 0);
	EXPECT_EQ(-EEXIST, ioctl32(self->vm->fd, KVM_CREATE_VCPU, NULL));
	EXPECT_EQ(0, ioctl32(self->vcpu->fd, KVM_GET_REGS, regs));
	regs->rbx = 0x1122334455667788;
	EXPECT_EQ(0, ioctl32(self->vcpu->fd, KVM_SET_REGS, regs));
	regs->rbx = 0;
	vcpu_regs(self->vcpu, regs);
	EXPECT_EQ(0x1122334455667788, regs->rbx);
	EXPECT_EQ(-EFAULT, ioctl32(self->vcpu->fd, KVM_GET_REGS, (void *)0xfffff000UL));
	EXPECT_EQ(-ENOTTY, ioctl32(self->vcpu->fd, KVM_CREATE_VM, NULL));
	close((int)vm);
}

TEST_F(compat, dirty_log)
{
	struct kvm_dirty_log *log = (struct kvm_dirty_log *)self->low;
	uint64_t *bitmap = (uint64_t *)(self->low + 0x100);
	struct ucall uc;

	vm_slot(self->vm, 1, KVM_MEM_LOG_DIRTY_PAGES, SLOT_GPA, 64 * SZ_4K,
		host_pages(64 * SZ_4K));
	vcpu_enter(self->vcpu, write_and_spin);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	log->slot = 1;
	/* A 32-bit pointer fills the low half; what is in the other half is padding. */
	log->padding2 = (uintptr_t)bitmap | 0xdeadbeefULL << 32;
	ASSERT_EQ(0, ioctl32(self->vm->fd, KVM_GET_DIRTY_LOG, log));
	EXPECT_EQ(BIT64(3), *bitmap);
	log->slot = 2;
	EXPECT_EQ(-ENOENT, ioctl32(self->vm->fd, KVM_GET_DIRTY_LOG, log));
	EXPECT_EQ(-EFAULT, ioctl32(self->vm->fd, KVM_GET_DIRTY_LOG, (void *)0xfffff000UL));
}

static volatile int caught;

static void count_signal(int sig)
{
	(void)sig;
	caught++;
}

TEST_F(compat, signal_mask)
{
	struct itimerval timer = { .it_value.tv_usec = 30000 };
	struct sigaction action = { .sa_handler = count_signal };
	struct {
		uint32_t len;
		uint32_t set[2];
	} *mask = (void *)self->low;
	struct ucall uc;

	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	vm_slot(self->vm, 1, 0, SLOT_GPA, 64 * SZ_4K, host_pages(64 * SZ_4K));
	vcpu_enter_spinner(self->vcpu, write_and_spin);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	mask->len = 16;
	EXPECT_EQ(-EINVAL, ioctl32(self->vcpu->fd, KVM_SET_SIGNAL_MASK, mask));
	/* All but SIGALRM are closed inside; the two words are in the order of their signals. */
	mask->len = 8;
	mask->set[0] = ~(1u << (SIGALRM - 1));
	mask->set[1] = ~0u;
	EXPECT_EQ(0, ioctl32(self->vcpu->fd, KVM_SET_SIGNAL_MASK, mask));
	setitimer(ITIMER_REAL, &timer, NULL);
	EXPECT_EQ(-EINTR, ioctl32(self->vcpu->fd, KVM_RUN, NULL));
	EXPECT_EQ(KVM_EXIT_INTR, self->vcpu->run->exit_reason);
	EXPECT_EQ(1, caught);
	EXPECT_EQ(0, ioctl32(self->vcpu->fd, KVM_SET_SIGNAL_MASK, NULL));
}

TEST_HARNESS_MAIN
