// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machine checks: KVM_X86_SETUP_MCE, KVM_X86_SET_MCE and what the guest's registers then hold
 * (api.rst 4.104 to 4.106, SDM 15.3).
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define MCG_CAP		0x179
#define MCG_STATUS	0x17a
#define MCG_CTL		0x17b
#define MC0_CTL		0x400
#define MC0_STATUS	0x401
#define MC0_ADDR	0x402
#define STATUS_VAL	BIT64(63)
#define STATUS_OVER	BIT64(62)
#define STATUS_UC	BIT64(61)
#define STATUS_EN	BIT64(60)
#define MCG_CTL_P	BIT64(8)
#define MCG_SER_P	BIT64(24)
#define MCIP		BIT64(2)
#define CR4_MCE		BIT64(6)

static struct vcpu *with_banks(uint64_t banks)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t cap = banks | MCG_CTL_P;

	kvm_do(vcpu->fd, KVM_X86_SETUP_MCE, &cap);
	return vcpu;
}

TEST(setup_bounds)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t most = (uint64_t)kvm_cap(vcpu->vm->dev, KVM_CAP_MCE), supported = 0, cap;

	ASSERT_GT(most, 0);
	kvm_do(vcpu->vm->dev, KVM_X86_GET_MCE_CAP_SUPPORTED, &supported);
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->vm->dev, KVM_X86_GET_MCE_CAP_SUPPORTED, BAD_POINTER));
	EXPECT_TRUE(supported & MCG_CTL_P);
	cap = 0;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_X86_SETUP_MCE, &cap));
	cap = most + 1;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_X86_SETUP_MCE, &cap));
	cap = 10 | BIT64(63);
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_X86_SETUP_MCE, &cap));
	cap = most | (supported & ~0xffULL);
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_X86_SETUP_MCE, &cap));
	EXPECT_EQ(cap, vcpu_msr(vcpu, MCG_CAP));
	EXPECT_EQ(~0ULL, vcpu_msr(vcpu, MCG_CTL));
	EXPECT_EQ(~0ULL, vcpu_msr(vcpu, MC0_CTL));
}

TEST(corrected_error_is_logged)
{
	struct vcpu *vcpu = with_banks(10);
	struct kvm_x86_mce mce = {
		.status = STATUS_VAL | STATUS_EN | 0x135, .addr = 0x123456, .bank = 2,
	};

	kvm_do(vcpu->fd, KVM_X86_SET_MCE, &mce);
	EXPECT_EQ(mce.status, vcpu_msr(vcpu, MC0_STATUS + 2 * 4));
	EXPECT_EQ(mce.addr, vcpu_msr(vcpu, MC0_ADDR + 2 * 4));
	EXPECT_EQ(0, vcpu_msr(vcpu, MCG_STATUS));
	/* A second one tells that there was a first. */
	kvm_do(vcpu->fd, KVM_X86_SET_MCE, &mce);
	EXPECT_TRUE(vcpu_msr(vcpu, MC0_STATUS + 2 * 4) & STATUS_OVER);
}

TEST(error_bounds)
{
	struct vcpu *vcpu = with_banks(4);
	struct kvm_x86_mce mce = { .status = STATUS_VAL, .bank = 4 };

	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_X86_SET_MCE, &mce));
	mce.bank = 255;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_X86_SET_MCE, &mce));
	mce.bank = 3;
	mce.status = 0;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_X86_SET_MCE, &mce));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_X86_SET_MCE, BAD_POINTER));
	EXPECT_EQ(0, vcpu_msr(vcpu, MC0_STATUS + 3 * 4));
}

__guest static void wait_for_error(void)
{
	guest_sync(0, 0, 0);
	__asm__ volatile(GUEST_TRY("nop; nop; nop") : : : "r11", "memory");
	guest_sync(guest_trapped(), guest_rdmsr(MC0_STATUS + 4), guest_rdmsr(MCG_STATUS));
	guest_done();
}

TEST(uncorrected_error_is_exception_18)
{
	struct vcpu *vcpu = with_banks(10);
	struct kvm_x86_mce mce = {
		.status = STATUS_VAL | STATUS_UC | STATUS_EN, .mcg_status = MCIP, .bank = 1,
	};
	struct kvm_sregs sregs;
	struct ucall uc;

	vcpu_enter(vcpu, wait_for_error);
	vcpu_sregs(vcpu, &sregs);
	sregs.cr4 |= CR4_MCE;
	vcpu_set_sregs(vcpu, &sregs);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	/* Complete the OUT, so that the exception comes at the next instruction. */
	vcpu->run->immediate_exit = 1;
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	vcpu->run->immediate_exit = 0;
	vm_shared(vcpu->vm)->fixup = guest_addr((const void *)wait_for_error);
	kvm_do(vcpu->fd, KVM_X86_SET_MCE, &mce);
	/* The handler went back to the beginning. */
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, vm_shared(vcpu->vm)->count[18]);
	EXPECT_EQ(18, vm_shared(vcpu->vm)->trap.vector);
	EXPECT_EQ(mce.status, vcpu_msr(vcpu, MC0_STATUS + 4));
	EXPECT_EQ(MCIP, vcpu_msr(vcpu, MCG_STATUS));
	/* Another one within it shuts the CPU down (SDM 15.10.4.1). */
	kvm_do(vcpu->fd, KVM_X86_SET_MCE, &mce);
	EXPECT_EQ(KVM_EXIT_SHUTDOWN, vcpu_exit(vcpu));
}

TEST(uncorrected_error_without_cr4_mce_is_a_shutdown)
{
	struct vcpu *vcpu = with_banks(10);
	struct kvm_x86_mce mce = {
		.status = STATUS_VAL | STATUS_UC | STATUS_EN, .mcg_status = MCIP, .bank = 1,
	};

	vcpu_enter(vcpu, wait_for_error);
	kvm_do(vcpu->fd, KVM_X86_SET_MCE, &mce);
	EXPECT_EQ(KVM_EXIT_SHUTDOWN, vcpu_exit(vcpu));
}

TEST_HARNESS_MAIN
