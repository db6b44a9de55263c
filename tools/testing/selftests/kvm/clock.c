// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM's clock (KVM_GET_CLOCK, KVM_SET_CLOCK) and the vCPU's TSC: its frequency and its offset as
 * a device attribute (api.rst 4.29, 4.30, 4.55; devices/vcpu.rst 4.1).
 */
#include <time.h>

#include "kselftest_harness.h"
#include "kvm_test.h"

#define SECOND	1000000000ULL

static struct kvm_clock_data get_clock(struct vm *vm)
{
	struct kvm_clock_data clock = { 0 };

	kvm_do(vm->fd, KVM_GET_CLOCK, &clock);
	return clock;
}

static uint64_t realtime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

TEST(clock_begins_at_zero_and_runs)
{
	struct vm *vm = vm_bare();
	struct kvm_clock_data one = get_clock(vm), two;

	EXPECT_LT(one.clock, 60 * SECOND);
	usleep(20000);
	two = get_clock(vm);
	EXPECT_GE(two.clock, one.clock + SECOND / 50);
	/* It gives no flag that KVM_CHECK_EXTENSION does not announce. */
	EXPECT_EQ(0, two.flags & ~(uint32_t)kvm_cap(vm->fd, KVM_CAP_ADJUST_CLOCK));
	if (two.flags & KVM_CLOCK_REALTIME) {
		EXPECT_GT(two.realtime, realtime() - 60 * SECOND);
		EXPECT_LE(two.realtime, realtime());
	}
}

TEST(clock_goes_on_from_what_was_set)
{
	struct vm *vm = vm_bare();
	struct kvm_clock_data clock = { .clock = 5000 * SECOND };

	kvm_do(vm->fd, KVM_SET_CLOCK, &clock);
	clock = get_clock(vm);
	EXPECT_GE(clock.clock, 5000 * SECOND);
	EXPECT_LT(clock.clock, 5060 * SECOND);
}

TEST(time_on_the_way_is_added)
{
	struct vm *vm = vm_bare();
	struct kvm_clock_data clock = { .clock = SECOND, .flags = KVM_CLOCK_REALTIME };

	if (!(kvm_cap(vm->fd, KVM_CAP_ADJUST_CLOCK) & KVM_CLOCK_REALTIME))
		SKIP(return, "KVM_CLOCK_REALTIME is not claimed");
	clock.realtime = realtime() - 1000 * SECOND;
	kvm_do(vm->fd, KVM_SET_CLOCK, &clock);
	clock = get_clock(vm);
	EXPECT_GE(clock.clock, 1001 * SECOND);
	EXPECT_LT(clock.clock, 1061 * SECOND);
	/* A realtime that is still to come takes nothing away. */
	clock = (struct kvm_clock_data){ .clock = SECOND, .flags = KVM_CLOCK_REALTIME,
					 .realtime = realtime() + 1000 * SECOND };
	kvm_do(vm->fd, KVM_SET_CLOCK, &clock);
	clock = get_clock(vm);
	EXPECT_GE(clock.clock, SECOND);
	EXPECT_LT(clock.clock, 61 * SECOND);
}

TEST(clock_bounds)
{
	struct vm *vm = vm_bare();
	struct kvm_clock_data clock = { .clock = 77 * SECOND, .flags = 1u << 31 };

	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_SET_CLOCK, &clock));
	clock.flags = 1;
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_SET_CLOCK, &clock));
	EXPECT_LT(get_clock(vm).clock, 60 * SECOND);
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_SET_CLOCK, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_GET_CLOCK, BAD_POINTER));
}

TEST(tsc_frequency)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	int scales = kvm_cap(vcpu->vm->fd, KVM_CAP_TSC_CONTROL);

	/* 0 means the host's; another needs hardware that scales, and no CPU has terahertzes. */
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_TSC_KHZ, 0));
	EXPECT_NE(0, kvm_errno(vcpu->fd, KVM_SET_TSC_KHZ, 0xffffffff));
	if (scales) {
		EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_TSC_KHZ, 1000000));
	}
}

static struct kvm_device_attr offset_attr(uint64_t *value)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uintptr_t)value,
	};

	return attr;
}

TEST(tsc_offset_attribute)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t value = 0, set, before, after;
	struct kvm_device_attr attr = offset_attr(&value);

	if (!kvm_cap(vcpu->vm->fd, KVM_CAP_VCPU_ATTRIBUTES))
		SKIP(return, "KVM_CAP_VCPU_ATTRIBUTES is not claimed");
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_HAS_DEVICE_ATTR, &attr));
	kvm_do(vcpu->fd, KVM_GET_DEVICE_ATTR, &attr);
	before = vcpu_msr(vcpu, 0x10);
	value += 1ULL << 50;
	set = value;
	kvm_do(vcpu->fd, KVM_SET_DEVICE_ATTR, &attr);
	after = vcpu_msr(vcpu, 0x10);
	EXPECT_GE(after - before, 1ULL << 50);
	EXPECT_LT(after - before, (1ULL << 50) + (1ULL << 40));
	value = 0;
	kvm_do(vcpu->fd, KVM_GET_DEVICE_ATTR, &attr);
	EXPECT_EQ(set, value);
}

TEST(attribute_bounds)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_device_attr attr = offset_attr(NULL);

	if (!kvm_cap(vcpu->vm->fd, KVM_CAP_VCPU_ATTRIBUTES))
		SKIP(return, "KVM_CAP_VCPU_ATTRIBUTES is not claimed");
	attr.attr = 77;
	EXPECT_EQ(ENXIO, kvm_errno(vcpu->fd, KVM_HAS_DEVICE_ATTR, &attr));
	EXPECT_EQ(ENXIO, kvm_errno(vcpu->fd, KVM_GET_DEVICE_ATTR, &attr));
	EXPECT_EQ(ENXIO, kvm_errno(vcpu->fd, KVM_SET_DEVICE_ATTR, &attr));
	attr = offset_attr(NULL);
	attr.group = 77;
	EXPECT_EQ(ENXIO, kvm_errno(vcpu->fd, KVM_HAS_DEVICE_ATTR, &attr));
	attr = offset_attr((uint64_t *)BAD_POINTER);
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_GET_DEVICE_ATTR, &attr));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_DEVICE_ATTR, &attr));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_DEVICE_ATTR, BAD_POINTER));
}

TEST_HARNESS_MAIN
