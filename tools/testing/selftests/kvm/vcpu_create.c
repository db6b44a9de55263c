// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CREATE_VCPU at its bounds, and the mapping of the vCPU file.
 */
#include <setjmp.h>
#include <signal.h>

#include "kselftest_harness.h"
#include "irq_test.h"

TEST(id_bounds)
{
	struct vm *vm = vm_bare();
	long max_id = kvm_cap(vm->fd, KVM_CAP_MAX_VCPU_ID);

	if (!max_id)
		max_id = kvm_cap(vm->fd, KVM_CAP_MAX_VCPUS);
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_CREATE_VCPU, max_id));
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_CREATE_VCPU, -1L));
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_CREATE_VCPU, 0x80000000L));
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_CREATE_VCPU, max_id - 1));
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_CREATE_VCPU, 0));
}

TEST(duplicate_id)
{
	struct vm *vm = vm_bare();

	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_CREATE_VCPU, 3));
	EXPECT_EQ(EEXIST, kvm_errno(vm->fd, KVM_CREATE_VCPU, 3));
	/* The refused one did no harm. */
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_CREATE_VCPU, 4));
}

TEST(duplicate_id_after_close)
{
	struct vm *vm = vm_bare();
	int fd = (int)kvm_do(vm->fd, KVM_CREATE_VCPU, 1);

	/* A vCPU lives as long as its VM, not as long as its file. */
	close(fd);
	EXPECT_EQ(EEXIST, kvm_errno(vm->fd, KVM_CREATE_VCPU, 1));
}

/* As many as there can be, their ids far apart; what is for all reaches each. */
TEST(many)
{
	struct kvm_msi msi = { .address_lo = LAPIC_BASE | 0xff << 12, .data = 0x41 };
	struct vm *vm = vm_with_irqchip();
	int max = kvm_cap(vm->fd, KVM_CAP_MAX_VCPUS);
	int step = kvm_cap(vm->fd, KVM_CAP_MAX_VCPU_ID) / max, i;
	struct vcpu *vcpu;

	for (i = max; i > 0; i--) {
		vcpu = vcpu_bare(vm, i * step - 1);
		lapic_enable(vcpu);
		vcpu_free(vcpu);
	}
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_CREATE_VCPU, 0));
	EXPECT_EQ(max, ioctl(vm->fd, KVM_SIGNAL_MSI, &msi));
	EXPECT_EQ(0, ioctl(vm->fd, KVM_SIGNAL_MSI, &msi));
}

TEST(mapping_size)
{
	struct vm *vm = vm_bare();
	struct vcpu *vcpu = vcpu_bare(vm, 0);
	volatile uint8_t *map = (volatile uint8_t *)vcpu->run;

	/* Every byte of it can be touched. */
	map[0] = map[vcpu->run_size - 1];
	/* Mapped again it is the same memory. */
	map = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)map);
	vcpu->run->request_interrupt_window = 1;
	EXPECT_EQ(1, map[0]);
}

TEST_SIGNAL(mapping_beyond_the_end, SIGBUS)
{
	struct vm *vm = vm_bare();
	struct vcpu *vcpu = vcpu_bare(vm, 0);
	volatile uint8_t *map = mmap(NULL, SZ_4K, PROT_READ, MAP_SHARED, vcpu->fd,
				     (off_t)(1 << 20));

	/* Refusing the mapping is as good as the fault. */
	if ((void *)map == MAP_FAILED)
		raise(SIGBUS);
	(void)map[0];
}

TEST(fresh_state_is_reset_state)
{
	struct vcpu *vcpu = vcpu_bare(vm_bare(), 0);
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	/* APM2 table 14-1: state after RESET. */
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(0xfff0, regs.rip);
	EXPECT_EQ(RFLAGS_FIXED, regs.rflags);
	EXPECT_EQ(0, regs.rsp);
	vcpu_sregs(vcpu, &sregs);
	EXPECT_EQ(0xf000, sregs.cs.selector);
	EXPECT_EQ(0xffff0000, sregs.cs.base);
	EXPECT_EQ(0xffff, sregs.cs.limit);
	EXPECT_EQ(CR0_ET | CR0_NW | CR0_CD, sregs.cr0);
	EXPECT_EQ(0, sregs.cr3);
	EXPECT_EQ(0, sregs.cr4);
	EXPECT_EQ(0, sregs.efer);
	EXPECT_EQ(0xffff, sregs.idt.limit);
	EXPECT_EQ(0xffff, sregs.gdt.limit);
	EXPECT_EQ(0, sregs.ds.base);
	/* The boot processor: APIC enabled at its usual place, BSP set. */
	EXPECT_EQ(0xfee00900, sregs.apic_base);
}

TEST_HARNESS_MAIN
