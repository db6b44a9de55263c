// SPDX-License-Identifier: GPL-2.0-only
/*
 * System ioctls of /dev/kvm and the rule that an ioctl on the wrong kind of file is ENOTTY.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"

#define KVM_IOCTL_NONE	_IO(KVMIO, 0xff)	/* a number nobody uses */

TEST(api_version_is_12)
{
	int dev = kvm_open();

	EXPECT_EQ(12, kvm_do(dev, KVM_GET_API_VERSION, 0));
	/* Takes no argument: one that is not zero is EINVAL. */
	EXPECT_EQ(EINVAL, kvm_errno(dev, KVM_GET_API_VERSION, 1));
}

TEST(vcpu_mmap_size)
{
	int dev = kvm_open();
	long size = kvm_do(dev, KVM_GET_VCPU_MMAP_SIZE, 0);

	/* kvm_run, the PIO data page, and the coalesced ring where there is one. */
	EXPECT_GE(size, 2 * (long)SZ_4K);
	EXPECT_EQ(0, size % (long)SZ_4K);
	if (kvm_cap(dev, KVM_CAP_COALESCED_MMIO)) {
		EXPECT_GE(size, (kvm_cap(dev, KVM_CAP_COALESCED_MMIO) + 1) * (long)SZ_4K);
	}
	EXPECT_EQ(EINVAL, kvm_errno(dev, KVM_GET_VCPU_MMAP_SIZE, 1));
}

TEST(create_vm_type_is_bounded)
{
	static const unsigned long bad[] = { 1UL << 31, 1UL << 32, 0x80000000UL - 1, ~0UL };
	int dev = kvm_open();
	unsigned int i;

	EXPECT_GE(kvm_do(dev, KVM_CREATE_VM, 0), 0);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT_EQ(EINVAL, kvm_errno(dev, KVM_CREATE_VM, bad[i]));
	}
}

TEST(unknown_ioctls_are_refused)
{
	struct vm *vm = vm_bare();
	struct vcpu *vcpu = vcpu_bare(vm, 0);

	EXPECT_NE(0, kvm_errno(vm->dev, KVM_IOCTL_NONE, 0));
	EXPECT_EQ(ENOTTY, kvm_errno(vm->fd, KVM_IOCTL_NONE, 0));
	EXPECT_NE(0, kvm_errno(vcpu->fd, KVM_IOCTL_NONE, 0));
	/* Not of this subsystem at all. */
	EXPECT_NE(0, kvm_errno(vm->dev, _IO('q', 1), 0));
	EXPECT_EQ(ENOTTY, kvm_errno(vm->fd, _IO('q', 1), 0));
	/* In-tree answers EINVAL for a vCPU here; what matters is that it is refused. */
	EXPECT_NE(0, kvm_errno(vcpu->fd, _IO('q', 1), 0));
}

TEST(system_file_refuses_vm_and_vcpu_ioctls)
{
	static const unsigned long requests[] = {
		KVM_CREATE_VCPU, KVM_SET_USER_MEMORY_REGION, KVM_GET_DIRTY_LOG, KVM_SET_TSS_ADDR,
		KVM_RUN, KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS, KVM_INTERRUPT,
		KVM_SET_CPUID2, KVM_SET_SIGNAL_MASK, KVM_GET_FPU, KVM_SET_FPU, KVM_NMI,
	};
	int dev = kvm_open();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(requests); i++) {
		EXPECT_NE(0, kvm_errno(dev, requests[i], 0))
			TH_LOG("request %#lx", requests[i]);
	}
}

TEST(vm_file_refuses_system_and_vcpu_ioctls)
{
	static const unsigned long requests[] = {
		KVM_GET_API_VERSION, KVM_CREATE_VM, KVM_GET_VCPU_MMAP_SIZE, KVM_GET_MSR_INDEX_LIST,
		KVM_GET_SUPPORTED_CPUID, KVM_RUN, KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS,
		KVM_SET_SREGS, KVM_INTERRUPT, KVM_SET_CPUID2, KVM_SET_SIGNAL_MASK, KVM_GET_FPU,
		KVM_SET_FPU, KVM_NMI,
	};
	struct vm *vm = vm_bare();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(requests); i++) {
		EXPECT_EQ(ENOTTY, kvm_errno(vm->fd, requests[i], 0))
			TH_LOG("request %#lx", requests[i]);
	}
}

TEST(vcpu_file_refuses_system_and_vm_ioctls)
{
	static const unsigned long requests[] = {
		KVM_GET_API_VERSION, KVM_CREATE_VM, KVM_GET_VCPU_MMAP_SIZE, KVM_GET_MSR_INDEX_LIST,
		KVM_GET_SUPPORTED_CPUID, KVM_CREATE_VCPU, KVM_SET_USER_MEMORY_REGION,
		KVM_GET_DIRTY_LOG, KVM_SET_TSS_ADDR,
	};
	struct vm *vm = vm_bare();
	struct vcpu *vcpu = vcpu_bare(vm, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(requests); i++) {
		EXPECT_NE(0, kvm_errno(vcpu->fd, requests[i], 0))
			TH_LOG("request %#lx", requests[i]);
	}
}

TEST(files_have_no_read_or_write)
{
	struct vm *vm = vm_bare();
	char byte = 0;

	EXPECT_EQ(-1, read(vm->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(vm->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(vm->dev, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST(files_close_on_exec)
{
	struct vm *vm = vm_bare();
	struct vcpu *vcpu = vcpu_bare(vm, 0);

	EXPECT_TRUE(fcntl(vm->fd, F_GETFD) & FD_CLOEXEC);
	EXPECT_TRUE(fcntl(vcpu->fd, F_GETFD) & FD_CLOEXEC);
}

TEST_HARNESS_MAIN
