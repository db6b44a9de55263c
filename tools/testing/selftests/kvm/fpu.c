// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET/SET_FPU, XSAVE and XCRS: round trips, refused values, and what the guest sees.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

TEST(fpu_round_trip)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_fpu set, get;
	unsigned int i;

	kvm_do(vcpu->fd, KVM_GET_FPU, &set);
	/* After reset: APM2 table 14-1. In-tree leaves MXCSR out of this structure: 0. */
	EXPECT_TRUE(set.mxcsr == 0x1f80 || !set.mxcsr);
	set.fcw = 0x027f;
	set.fsw = 0x3800;
	set.mxcsr = 0x1fa0;
	set.last_ip = 0x12345678;
	for (i = 0; i < 8; i++)
		memset(set.fpr[i], (int)(0x10 + i), 10);
	for (i = 0; i < 16; i++)
		memset(set.xmm[i], (int)(0xa0 + i), 16);
	kvm_do(vcpu->fd, KVM_SET_FPU, &set);
	kvm_do(vcpu->fd, KVM_GET_FPU, &get);
	EXPECT_EQ(set.fcw, get.fcw);
	EXPECT_EQ(set.fsw, get.fsw);
	EXPECT_TRUE(get.mxcsr == set.mxcsr || !get.mxcsr);
	EXPECT_EQ(set.last_ip, get.last_ip);
	EXPECT_EQ(0, memcmp(set.xmm, get.xmm, sizeof(set.xmm)));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, memcmp(set.fpr[i], get.fpr[i], 10));
	}
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_FPU, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_GET_FPU, BAD_POINTER));
}

__guest static void negate_xmm(void)
{
	__asm__ volatile("movups %%xmm3, 0x200000; pcmpeqd %%xmm4, %%xmm4; pxor %%xmm4, %%xmm3\n\t"
			 "movups %%xmm3, 0x200010" : : : "memory");
	guest_sync(0, 0, 0);
	__asm__ volatile("movups %%xmm3, 0x200020" : : : "memory");
	guest_done();
}

TEST(guest_and_host_share_xmm)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint8_t *data = vcpu->vm->mem + GUEST_DATA;
	struct kvm_fpu fpu;
	struct ucall uc;

	if (kvm_is_in_tree())
		SKIP(return, "in-tree: XMM set by KVM_SET_FPU is lost while XSTATE_BV has no SSE");
	kvm_do(vcpu->fd, KVM_GET_FPU, &fpu);
	memset(fpu.xmm[3], 0x5a, 16);
	kvm_do(vcpu->fd, KVM_SET_FPU, &fpu);
	vcpu_enter(vcpu, negate_xmm);
	/* The host's own use of the register must not reach the guest. */
	__asm__ volatile("pxor %xmm3, %xmm3");
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x5a, data[0]);
	EXPECT_EQ(0x5a, data[15]);
	kvm_do(vcpu->fd, KVM_GET_FPU, &fpu);
	EXPECT_EQ(0xa5, fpu.xmm[3][0]);
	EXPECT_EQ(0, memcmp(fpu.xmm[3], data + 16, 16));
	memset(fpu.xmm[3], 0x11, 16);
	kvm_do(vcpu->fd, KVM_SET_FPU, &fpu);
	ASSERT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x11, data[0x20]);
}

TEST(guest_does_not_reach_the_hosts_registers)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t mine[2] = { 0x123456789, 0x987654321 }, after[2];

	vcpu_enter(vcpu, negate_xmm);
	/* Nothing of the compiler's lies between: only the system call. */
	__asm__ volatile("movups %1, %%xmm3\n\tsyscall\n\tmovups %%xmm3, %0"
			 : "=m" (after) : "m" (mine), "a" (16L), "D" ((long)vcpu->fd),
			   "S" ((long)KVM_RUN), "d" (0L) : "rcx", "r11", "memory");
	EXPECT_EQ(mine[0], after[0]);
	EXPECT_EQ(mine[1], after[1]);
	EXPECT_EQ(KVM_EXIT_IO, vcpu->run->exit_reason);
}

/* The XSAVE header (APM2 11.5.9): XSTATE_BV at byte 512, XCOMP_BV behind it, the rest zero. */
#define XSTATE_BV	(512 / 4)
#define XCOMP_BV	(520 / 4)
#define XHEADER_REST	(528 / 4)

TEST(xsave_round_trip)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_xsave set, get;

	kvm_do(vcpu->fd, KVM_GET_XSAVE, &set);
	EXPECT_EQ(0x1f80, set.region[24 / 4]);
	set.region[XSTATE_BV] |= 3;
	memset((uint8_t *)set.region + 160, 0x42, 256);
	kvm_do(vcpu->fd, KVM_SET_XSAVE, &set);
	kvm_do(vcpu->fd, KVM_GET_XSAVE, &get);
	EXPECT_EQ(0, memcmp((uint8_t *)set.region + 160, (uint8_t *)get.region + 160, 256));
	EXPECT_EQ(3, get.region[XSTATE_BV] & 3);
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_XSAVE, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_GET_XSAVE, BAD_POINTER));
}

TEST(xsave_agrees_with_fpu)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_xsave xsave;
	struct kvm_fpu fpu;

	if (kvm_is_in_tree())
		SKIP(return, "in-tree: XMM set by KVM_SET_FPU is lost while XSTATE_BV has no SSE");
	kvm_do(vcpu->fd, KVM_GET_FPU, &fpu);
	memset(fpu.xmm[0], 0x77, 16);
	kvm_do(vcpu->fd, KVM_SET_FPU, &fpu);
	kvm_do(vcpu->fd, KVM_GET_XSAVE, &xsave);
	EXPECT_EQ(0x77777777, xsave.region[160 / 4]);
}

TEST(xsave_bad_headers)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_xsave good, bad, after;

	kvm_do(vcpu->fd, KVM_GET_XSAVE, &good);
	bad = good;
	bad.region[XSTATE_BV + 1] |= 1u << 30;	/* a component nobody has */
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_XSAVE, &bad));
	bad = good;
	bad.region[24 / 4] = 0xffff0000;	/* MXCSR reserved bits */
	bad.region[XSTATE_BV] |= 2;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_XSAVE, &bad));
	kvm_do(vcpu->fd, KVM_GET_XSAVE, &after);
	EXPECT_EQ(0, memcmp(&good, &after, sizeof(good)));
}

static uint64_t supported_xcr0(void)
{
	struct kvm_cpuid_entry2 *leaf = cpuid_find(supported_cpuid(), 0xd, 0);

	return leaf ? leaf->eax | (uint64_t)leaf->edx << 32 : 0;
}

static int set_xcr0(struct vcpu *vcpu, uint64_t value)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs[0].value = value };

	return kvm_errno(vcpu->fd, KVM_SET_XCRS, &xcrs);
}

TEST(xcrs)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t all = supported_xcr0();
	struct kvm_xcrs xcrs;

	if (!kvm_cap(vcpu->vm->fd, KVM_CAP_XCRS) || !all)
		SKIP(return, "no XCR0 on this host");
	kvm_do(vcpu->fd, KVM_GET_XCRS, &xcrs);
	ASSERT_EQ(1, xcrs.nr_xcrs);
	EXPECT_EQ(0, xcrs.xcrs[0].xcr);
	EXPECT_EQ(1, xcrs.xcrs[0].value);	/* x87 only, after reset */
	EXPECT_EQ(0, set_xcr0(vcpu, all));
	kvm_do(vcpu->fd, KVM_GET_XCRS, &xcrs);
	EXPECT_EQ(all, xcrs.xcrs[0].value);

	/* x87 must be on; AVX needs SSE; unknown components are refused (APM2 11.5.2). */
	EXPECT_EQ(EINVAL, set_xcr0(vcpu, 0));
	EXPECT_EQ(EINVAL, set_xcr0(vcpu, 2));
	EXPECT_EQ(EINVAL, set_xcr0(vcpu, 5));
	EXPECT_EQ(EINVAL, set_xcr0(vcpu, all | BIT64(62)));
	xcrs.nr_xcrs = KVM_MAX_XCRS + 1;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_XCRS, &xcrs));
	xcrs.nr_xcrs = 1;
	xcrs.flags = 1;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_XCRS, &xcrs));
	kvm_do(vcpu->fd, KVM_GET_XCRS, &xcrs);
	EXPECT_EQ(all, xcrs.xcrs[0].value);
}

__guest static void set_xcr0_in_guest(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r" (cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r" (cr4 | CR4_OSXSAVE));
	__asm__ volatile("xsetbv" : : "a" (3), "d" (0), "c" (0));
	guest_sync(guest_trapped(), 0, 0);
	__asm__ volatile(GUEST_TRY("xsetbv") : : "a" (2), "d" (0), "c" (0) : "r11", "memory");
	guest_sync(guest_trapped(), 0, 0);
	__asm__ volatile(GUEST_TRY("xsetbv") : : "a" (3), "d" (0), "c" (1) : "r11", "memory");
	guest_sync(guest_trapped(), 0, 0);
	guest_done();
}

TEST(xsetbv_in_the_guest)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_xcrs xcrs;
	struct ucall uc;

	if (!supported_xcr0())
		SKIP(return, "no XCR0 on this host");
	if (host_is_tcg())
		SKIP(return, "TCG does not intercept XSETBV: it would write the host's XCR0");
	vcpu_enter(vcpu, set_xcr0_in_guest);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(NO_TRAP, uc.arg[0]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(13, uc.arg[0]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(13, uc.arg[0]);
	kvm_do(vcpu->fd, KVM_GET_XCRS, &xcrs);
	EXPECT_EQ(3, xcrs.xcrs[0].value);
}

TEST_HARNESS_MAIN
