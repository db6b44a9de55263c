// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET/SET_VCPU_EVENTS, MP_STATE, and exceptions put into the guest through them.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

static void get_events(struct vcpu *vcpu, struct kvm_vcpu_events *events)
{
	memset(events, 0, sizeof(*events));
	kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, events);
}

TEST(fresh_vcpu_has_no_events)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_vcpu_events events;

	get_events(vcpu, &events);
	EXPECT_EQ(0, events.exception.injected);
	EXPECT_EQ(0, events.interrupt.injected);
	EXPECT_EQ(0, events.interrupt.shadow);
	EXPECT_EQ(0, events.nmi.injected);
	EXPECT_EQ(0, events.nmi.pending);
	EXPECT_EQ(0, events.nmi.masked);
}

TEST(round_trip)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_vcpu_events set, get;

	vcpu_mode_long(vcpu, GUEST_TEXT);
	get_events(vcpu, &set);
	set.flags = KVM_VCPUEVENT_VALID_NMI_PENDING;
	set.nmi.pending = 1;
	set.nmi.masked = 1;
	set.interrupt.injected = 1;
	set.interrupt.nr = 0x41;
	kvm_do(vcpu->fd, KVM_SET_VCPU_EVENTS, &set);
	get_events(vcpu, &get);
	EXPECT_EQ(1, get.nmi.pending);
	EXPECT_EQ(1, get.nmi.masked);
	EXPECT_EQ(1, get.interrupt.injected);
	EXPECT_EQ(0x41, get.interrupt.nr);
	/* Without its flag nmi.pending is left alone. */
	get.flags = 0;
	get.nmi.pending = 0;
	kvm_do(vcpu->fd, KVM_SET_VCPU_EVENTS, &get);
	get_events(vcpu, &get);
	EXPECT_EQ(1, get.nmi.pending);
}

TEST(bad_values)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_vcpu_events good, bad, after;

	get_events(vcpu, &good);
	bad = good;
	bad.flags = 1u << 30;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_VCPU_EVENTS, &bad));
	/* Vectors above 31 are no exceptions, and 2 is the NMI's. */
	bad = good;
	bad.flags = 0;
	bad.exception.injected = 1;
	bad.exception.nr = 32;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_VCPU_EVENTS, &bad));
	bad.exception.nr = 2;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_VCPU_EVENTS, &bad));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_VCPU_EVENTS, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_GET_VCPU_EVENTS, BAD_POINTER));
	get_events(vcpu, &after);
	EXPECT_EQ(0, memcmp(&good, &after, sizeof(good)));
}

__guest static void wait_for_exception(void)
{
	__asm__ volatile(GUEST_TRY("nop; nop; nop; nop") : : : "r11", "memory");
	guest_sync(guest_trapped(), shared->trap.error, 0);
	guest_done();
}

TEST(exception_reaches_the_guest)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_vcpu_events events;
	struct ucall uc;

	vcpu_enter(vcpu, wait_for_exception);
	vm_shared(vcpu->vm)->fixup = guest_addr((const void *)wait_for_exception);
	get_events(vcpu, &events);
	events.flags = 0;
	events.exception.injected = 1;
	events.exception.nr = 13;
	events.exception.has_error_code = 1;
	events.exception.error_code = 0x58;
	kvm_do(vcpu->fd, KVM_SET_VCPU_EVENTS, &events);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(13, uc.arg[0]);
	EXPECT_EQ(0x58, uc.arg[1]);
	EXPECT_EQ(1, vm_shared(vcpu->vm)->count[13]);
	get_events(vcpu, &events);
	EXPECT_EQ(0, events.exception.injected);
}

TEST(mp_state)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_mp_state state;

	kvm_do(vcpu->fd, KVM_GET_MP_STATE, &state);
	EXPECT_EQ(KVM_MP_STATE_RUNNABLE, state.mp_state);
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_MP_STATE, &state));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_MP_STATE, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_GET_MP_STATE, BAD_POINTER));
	/* Without an in-kernel APIC nobody could wake any other state. */
	state.mp_state = KVM_MP_STATE_INIT_RECEIVED;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_MP_STATE, &state));
	state.mp_state = KVM_MP_STATE_HALTED;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_MP_STATE, &state));
	kvm_do(vcpu->fd, KVM_GET_MP_STATE, &state);
	EXPECT_EQ(KVM_MP_STATE_RUNNABLE, state.mp_state);
}

TEST(tsc_khz)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	long khz;

	if (!kvm_cap(vcpu->vm->fd, KVM_CAP_GET_TSC_KHZ))
		SKIP(return, "KVM_CAP_GET_TSC_KHZ is not claimed");
	/* api.rst 4.56 */
	if (ioctl(vcpu->fd, KVM_GET_TSC_KHZ, 0) < 0 && errno == EIO)
		SKIP(return, "the host's TSC is unstable");
	khz = kvm_do(vcpu->fd, KVM_GET_TSC_KHZ, 0);
	EXPECT_GT(khz, 100000);
	EXPECT_LT(khz, 10000000);
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_TSC_KHZ, khz));
	EXPECT_EQ(khz, kvm_do(vcpu->fd, KVM_GET_TSC_KHZ, 0));
}

TEST_HARNESS_MAIN
