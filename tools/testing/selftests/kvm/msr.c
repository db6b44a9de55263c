// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSR lists, feature MSRs on /dev/kvm, KVM_GET_MSRS and KVM_SET_MSRS, and RDMSR and WRMSR in
 * the guest.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define MSR_IA32_TSC		0x10
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_PAT			0x277
#define MSR_PERF_CAPABILITIES	0x345
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_FS_BASE		0xc0000100
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_NONE		0x00012345	/* no CPU has it */

#define ROOM	1024

struct msr_list {
	struct kvm_msr_list head;
	uint32_t indices[ROOM];
};

static void size_errors(struct __test_metadata *_metadata, unsigned long request)
{
	struct msr_list list = { .head.nmsrs = 0 };
	int dev = kvm_open();
	int err = kvm_errno(dev, request, &list);
	uint32_t right = list.head.nmsrs;

	/* Too small says how many there are. */
	if (right) {
		EXPECT_EQ(E2BIG, err);
	}
	EXPECT_LT(right, ROOM);
	EXPECT_EQ(0, kvm_errno(dev, request, &list));
	EXPECT_EQ(right, list.head.nmsrs);
	if (right > 1) {
		list.head.nmsrs = right - 1;
		EXPECT_EQ(E2BIG, kvm_errno(dev, request, &list));
		EXPECT_EQ(right, list.head.nmsrs);
	}
	/* A huge count is only room, never read as a size. */
	list.head.nmsrs = ROOM;
	EXPECT_EQ(0, kvm_errno(dev, request, &list));
	EXPECT_EQ(right, list.head.nmsrs);
	EXPECT_EQ(EFAULT, kvm_errno(dev, request, BAD_POINTER));
}

TEST(index_list_size_errors)
{
	size_errors(_metadata, KVM_GET_MSR_INDEX_LIST);
}

TEST(feature_list_size_errors)
{
	if (!kvm_cap(kvm_open(), KVM_CAP_GET_MSR_FEATURES))
		SKIP(return, "KVM_CAP_GET_MSR_FEATURES is not claimed");
	size_errors(_metadata, KVM_GET_MSR_FEATURE_INDEX_LIST);
}

TEST(every_listed_msr_can_be_read_and_written_back)
{
	struct vcpu *vcpu = vcpu_new(vm_bare(), 0);
	struct msr_list list = { .head.nmsrs = ROOM };
	uint32_t i;

	kvm_do(vcpu->vm->dev, KVM_GET_MSR_INDEX_LIST, &list);
	EXPECT_GT(list.head.nmsrs, 5);
	for (i = 0; i < list.head.nmsrs; i++) {
		struct {
			struct kvm_msrs list;
			struct kvm_msr_entry entry;
		} one = { .list.nmsrs = 1, .entry.index = list.head.indices[i] };

		EXPECT_EQ(1, kvm_do(vcpu->fd, KVM_GET_MSRS, &one))
			TH_LOG("MSR %#x cannot be read", list.head.indices[i]);
	}
}

TEST(listed_features_can_be_read)
{
	struct msr_list list = { .head.nmsrs = ROOM };
	bool has_perf_capabilities = false;
	int dev = kvm_open();
	uint32_t i;

	if (!kvm_cap(dev, KVM_CAP_GET_MSR_FEATURES))
		SKIP(return, "KVM_CAP_GET_MSR_FEATURES is not claimed");
	kvm_do(dev, KVM_GET_MSR_FEATURE_INDEX_LIST, &list);
	for (i = 0; i < list.head.nmsrs; i++) {
		struct {
			struct kvm_msrs list;
			struct kvm_msr_entry entry;
		} one = { .list.nmsrs = 1, .entry.index = list.head.indices[i] };

		EXPECT_EQ(1, kvm_do(dev, KVM_GET_MSRS, &one))
			TH_LOG("feature MSR %#x", list.head.indices[i]);
		has_perf_capabilities |= list.head.indices[i] == MSR_PERF_CAPABILITIES;
	}
	/* Clients read it before they look whether CPUID has PDCM. */
	EXPECT_TRUE(has_perf_capabilities);
}

TEST(count_and_pointer_bounds)
{
	struct vcpu *vcpu = vcpu_new(vm_bare(), 0);
	struct kvm_msrs none = { .nmsrs = 0 };
	struct kvm_msrs huge = { .nmsrs = 0x7fffffff };

	EXPECT_EQ(0, kvm_do(vcpu->fd, KVM_GET_MSRS, &none));
	EXPECT_EQ(0, kvm_do(vcpu->fd, KVM_SET_MSRS, &none));
	EXPECT_EQ(E2BIG, kvm_errno(vcpu->fd, KVM_GET_MSRS, &huge));
	EXPECT_EQ(E2BIG, kvm_errno(vcpu->fd, KVM_SET_MSRS, &huge));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_GET_MSRS, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_MSRS, BAD_POINTER));
}

TEST(an_unknown_msr_ends_the_list)
{
	struct vcpu *vcpu = vcpu_new(vm_bare(), 0);
	struct {
		struct kvm_msrs list;
		struct kvm_msr_entry entry[3];
	} msrs = {
		.list.nmsrs = 3,
		.entry = {
			{ .index = MSR_SYSENTER_CS, .data = 0x77 },
			{ .index = MSR_NONE, .data = 1 },
			{ .index = MSR_SYSENTER_ESP, .data = 0x5000 },
		},
	};

	/* The value is how many were done: one. The third stays as it was. */
	EXPECT_EQ(1, kvm_do(vcpu->fd, KVM_SET_MSRS, &msrs));
	EXPECT_EQ(0x77, vcpu_msr(vcpu, MSR_SYSENTER_CS));
	EXPECT_EQ(0, vcpu_msr(vcpu, MSR_SYSENTER_ESP));
	EXPECT_EQ(1, kvm_do(vcpu->fd, KVM_GET_MSRS, &msrs));
}

TEST(values_round_trip)
{
	static const struct {
		uint32_t index;
		uint64_t value;
	} good[] = {
		{ MSR_SYSENTER_CS, 0x1234 },
		{ MSR_SYSENTER_ESP, 0x81001000 },
		{ MSR_STAR, 0x0023001000000000 },
		{ MSR_LSTAR, 0xffffffff81000000 },
		{ MSR_KERNEL_GS_BASE, 0x00007fffffffe000 },
		{ MSR_FS_BASE, 0xffff888000000000 },
		{ MSR_PAT, 0x0007040600070406 },
		{ MSR_EFER, EFER_SCE | EFER_NXE },
	};
	struct vcpu *vcpu = vcpu_new(vm_bare(), 0);
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(good); i++) {
		EXPECT_EQ(1, vcpu_try_set_msr(vcpu, good[i].index, good[i].value))
			TH_LOG("MSR %#x", good[i].index);
		EXPECT_EQ(good[i].value, vcpu_msr(vcpu, good[i].index))
			TH_LOG("MSR %#x", good[i].index);
	}
}

TEST(bad_values_are_refused_and_change_nothing)
{
	static const struct {
		uint32_t index;
		uint64_t value;
	} bad[] = {
		{ MSR_LSTAR, 0x0100000000000000 },	/* not canonical */
		{ MSR_KERNEL_GS_BASE, 0x1234000000000000 },
		{ MSR_FS_BASE, 0x8000000000000000 },
		{ MSR_PAT, 0x0202020202020202 },	/* type 2 is reserved (APM2 7.8.1) */
		{ MSR_EFER, BIT64(63) },
	};
	struct vcpu *vcpu = vcpu_new(vm_bare(), 0);
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		uint64_t before = vcpu_msr(vcpu, bad[i].index);

		EXPECT_EQ(0, vcpu_try_set_msr(vcpu, bad[i].index, bad[i].value))
			TH_LOG("MSR %#x", bad[i].index);
		EXPECT_EQ(before, vcpu_msr(vcpu, bad[i].index))
			TH_LOG("MSR %#x", bad[i].index);
	}
}

__guest static void try_rdmsr(void)
{
	uint64_t vector;

	__asm__ volatile(GUEST_TRY("rdmsr") : : "c" (MSR_NONE) : "rax", "rdx", "r11", "memory");
	vector = guest_trapped();
	guest_sync(vector, shared->trap.error, 0);
	__asm__ volatile(GUEST_TRY("wrmsr") : : "c" (MSR_NONE), "a" (0), "d" (0) : "r11", "memory");
	vector = guest_trapped();
	guest_sync(vector, shared->trap.error, 0);
	/* A known MSR, a memory type that is reserved. (Emulators let more than this pass.) */
	__asm__ volatile(GUEST_TRY("wrmsr")
			 : : "c" (MSR_PAT), "a" (0x02020202), "d" (0) : "r11", "memory");
	vector = guest_trapped();
	guest_sync(vector, shared->trap.error, 0);
	guest_done();
}

TEST(guest_gets_gp_for_bad_access)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;
	int i;

	vcpu_enter(vcpu, try_rdmsr);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		EXPECT_EQ(13, uc.arg[0])
			TH_LOG("access %d", i);
		EXPECT_EQ(0, uc.arg[1]);
	}
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

__guest static void swap_msrs(void)
{
	guest_sync(guest_rdmsr(MSR_SYSENTER_ESP), guest_rdmsr(MSR_LSTAR), guest_rdmsr(MSR_PAT));
	guest_wrmsr(MSR_SYSENTER_ESP, 0x80123000);
	guest_wrmsr(MSR_LSTAR, 0xffffffff82345678);
	guest_wrmsr(MSR_PAT, 0x0007010600070106);
	guest_wrmsr(MSR_KERNEL_GS_BASE, 0xffff8880deadbeef);
	guest_sync(guest_rdmsr(MSR_SYSENTER_ESP), guest_rdmsr(MSR_LSTAR), guest_rdmsr(MSR_PAT));
	guest_done();
}

TEST(guest_and_host_see_the_same_values)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;

	EXPECT_EQ(1, vcpu_try_set_msr(vcpu, MSR_SYSENTER_ESP, 0x77000));
	EXPECT_EQ(1, vcpu_try_set_msr(vcpu, MSR_LSTAR, 0xffffffff81111111));
	EXPECT_EQ(1, vcpu_try_set_msr(vcpu, MSR_PAT, 0x0007040600070406));
	vcpu_enter(vcpu, swap_msrs);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x77000, uc.arg[0]);
	EXPECT_EQ(0xffffffff81111111, uc.arg[1]);
	EXPECT_EQ(0x0007040600070406, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x80123000, uc.arg[0]);
	EXPECT_EQ(0xffffffff82345678, uc.arg[1]);
	EXPECT_EQ(0x0007010600070106, uc.arg[2]);
	EXPECT_EQ(0x80123000, vcpu_msr(vcpu, MSR_SYSENTER_ESP));
	EXPECT_EQ(0xffffffff82345678, vcpu_msr(vcpu, MSR_LSTAR));
	EXPECT_EQ(0x0007010600070106, vcpu_msr(vcpu, MSR_PAT));
	EXPECT_EQ(0xffff8880deadbeef, vcpu_msr(vcpu, MSR_KERNEL_GS_BASE));
}

__guest static void read_tsc_twice(void)
{
	uint64_t one = guest_rdmsr(MSR_IA32_TSC), two;
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a" (lo), "=d" (hi));
	two = lo | (uint64_t)hi << 32;
	guest_sync(one, two, 0);
	guest_done();
}

TEST(tsc_runs_forward_from_what_was_set)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	const uint64_t start = BIT64(60);
	struct ucall uc;

	EXPECT_EQ(1, vcpu_try_set_msr(vcpu, MSR_IA32_TSC, start));
	vcpu_enter(vcpu, read_tsc_twice);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_GE(uc.arg[0], start);
	EXPECT_LT(uc.arg[0], start + BIT64(40));
	EXPECT_GT(uc.arg[1], uc.arg[0]);
}

TEST_HARNESS_MAIN
