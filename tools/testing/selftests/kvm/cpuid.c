// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_SUPPORTED_CPUID, KVM_SET_CPUID2, KVM_GET_CPUID2, and what the guest then reads.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define ROOM	256

static struct kvm_cpuid2 *cpuid_room(uint32_t nent)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + ROOM * sizeof(cpuid->entries[0]));

	cpuid->nent = nent;
	return cpuid;
}

TEST(supported_size_errors)
{
	struct kvm_cpuid2 *cpuid = cpuid_room(0);
	int dev = kvm_open();
	uint32_t right;

	EXPECT_EQ(E2BIG, kvm_errno(dev, KVM_GET_SUPPORTED_CPUID, cpuid));
	cpuid->nent = 1;
	EXPECT_EQ(E2BIG, kvm_errno(dev, KVM_GET_SUPPORTED_CPUID, cpuid));

	cpuid->nent = ROOM;
	EXPECT_EQ(0, kvm_errno(dev, KVM_GET_SUPPORTED_CPUID, cpuid));
	right = cpuid->nent;
	EXPECT_GT(right, 5);
	EXPECT_LE(right, ROOM);

	/* Exactly enough is enough; one less is not. */
	EXPECT_EQ(0, kvm_errno(dev, KVM_GET_SUPPORTED_CPUID, cpuid));
	EXPECT_EQ(right, cpuid->nent);
	cpuid->nent = right - 1;
	EXPECT_EQ(E2BIG, kvm_errno(dev, KVM_GET_SUPPORTED_CPUID, cpuid));
	EXPECT_EQ(EFAULT, kvm_errno(dev, KVM_GET_SUPPORTED_CPUID, BAD_POINTER));
}

TEST(more_room_than_needed)
{
	struct kvm_cpuid2 *cpuid = cpuid_room(~0u);
	uint32_t right = supported_cpuid()->nent;

	/* api.rst 4.46 speaks of ENOMEM; no kernel answers so, and QEMU would give up on it. */
	EXPECT_EQ(0, kvm_errno(kvm_open(), KVM_GET_SUPPORTED_CPUID, cpuid));
	EXPECT_EQ(right, cpuid->nent);
}

TEST(emulated_features)
{
	struct kvm_cpuid2 *cpuid = cpuid_room(0);
	int dev = kvm_open();

	EXPECT_GT(kvm_cap(dev, KVM_CAP_EXT_EMUL_CPUID), 0);
	EXPECT_EQ(E2BIG, kvm_errno(dev, KVM_GET_EMULATED_CPUID, cpuid));
	cpuid->nent = ROOM;
	EXPECT_EQ(0, kvm_errno(dev, KVM_GET_EMULATED_CPUID, cpuid));
	EXPECT_GT(cpuid->nent, 0);
	EXPECT_LT(cpuid->nent, ROOM);
	EXPECT_EQ(EFAULT, kvm_errno(dev, KVM_GET_EMULATED_CPUID, BAD_POINTER));
}

TEST(old_form_of_setting)
{
	struct {
		struct kvm_cpuid head;
		struct kvm_cpuid_entry entries[2];
	} old = { .head.nent = 2, .entries[1] = { .function = 0x40000010, .eax = 77 } };
	struct vcpu *vcpu = vcpu_bare(vm_bare(), 0);
	struct kvm_cpuid2 *get = cpuid_room(ROOM);
	struct kvm_cpuid_entry2 *leaf;

	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_CPUID, &old));
	kvm_do(vcpu->fd, KVM_GET_CPUID2, get);
	leaf = cpuid_find(get, 0x40000010, 0);
	ASSERT_NE(NULL, leaf);
	EXPECT_EQ(77, leaf->eax);
	old.head.nent = 257;
	EXPECT_EQ(E2BIG, kvm_errno(vcpu->fd, KVM_SET_CPUID, &old));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_CPUID, BAD_POINTER));
}

TEST(supported_is_repeatable_and_truthful)
{
	struct kvm_cpuid2 *one = supported_cpuid(), *two = supported_cpuid();
	struct kvm_cpuid_entry2 *leaf;

	ASSERT_EQ(one->nent, two->nent);
	leaf = cpuid_find(one, 0, 0);
	ASSERT_NE(NULL, leaf);
	EXPECT_GE(leaf->eax, 1);
	leaf = cpuid_find(one, 1, 0);
	ASSERT_NE(NULL, leaf);
	/* FPU, TSC, MSR, PAE, CX8 and SSE2 are in every x86-64 CPU. */
	EXPECT_EQ(0x04000171, leaf->edx & 0x04000171);
	/* TSC deadline needs an in-kernel APIC and is never listed (api.rst 4.46). */
	EXPECT_FALSE(leaf->ecx & BIT64(24));
	leaf = cpuid_find(one, 0x80000001, 0);
	ASSERT_NE(NULL, leaf);
	EXPECT_TRUE(leaf->edx & BIT64(29));
}

TEST(kvm_leaves_carry_the_signature)
{
	struct kvm_cpuid_entry2 *leaf = cpuid_find(supported_cpuid(), 0x40000000, 0);

	if (!leaf)
		SKIP(return, "no paravirtual leaves are claimed");
	EXPECT_EQ(0x4b4d564b, leaf->ebx);
	EXPECT_EQ(0x564b4d56, leaf->ecx);
	EXPECT_EQ(0x4d, leaf->edx);
}

TEST(set_and_get_round_trip)
{
	struct vcpu *vcpu = vcpu_bare(vm_bare(), 0);
	struct kvm_cpuid2 *set = supported_cpuid(), *get = cpuid_room(ROOM);
	struct kvm_cpuid_entry2 *leaf;

	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_CPUID2, set));
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_GET_CPUID2, get));
	/* On success nent is either what is there or, as in-tree has it, left alone. */
	EXPECT_TRUE(get->nent == set->nent || get->nent == ROOM);
	leaf = cpuid_find(get, 0, 0);
	ASSERT_NE(NULL, leaf);
	EXPECT_EQ(cpuid_find(set, 0, 0)->ebx, leaf->ebx);

	get->nent = set->nent - 1;
	EXPECT_EQ(E2BIG, kvm_errno(vcpu->fd, KVM_GET_CPUID2, get));
}

TEST(set_bounds)
{
	struct vcpu *vcpu = vcpu_bare(vm_bare(), 0);
	struct kvm_cpuid2 *cpuid = supported_cpuid();

	cpuid->nent = 0x7fffffff;
	EXPECT_EQ(E2BIG, kvm_errno(vcpu->fd, KVM_SET_CPUID2, cpuid));
	cpuid->nent = 257;
	EXPECT_EQ(E2BIG, kvm_errno(vcpu->fd, KVM_SET_CPUID2, cpuid));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_CPUID2, BAD_POINTER));
	cpuid->nent = 0;
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_CPUID2, cpuid));
}

__guest static void read_cpuid(void)
{
	uint32_t a, b, c, d;

	__asm__ volatile("cpuid" : "=a" (a), "=b" (b), "=c" (c), "=d" (d)
			 : "0" (shared->word[0]), "2" (shared->word[1]));
	shared->word[2] = a;
	shared->word[3] = b;
	shared->word[4] = c;
	shared->word[5] = d;
	guest_done();
}

static void guest_reads(struct vm *vm, struct vcpu *vcpu, uint32_t function, uint32_t index)
{
	struct ucall uc;

	vm_shared(vm)->word[0] = function;
	vm_shared(vm)->word[1] = index;
	vcpu_enter(vcpu, read_cpuid);
	if (vcpu_ucall(vcpu, &uc) != UCALL_DONE)
		die("the guest did not get through CPUID");
}

TEST(guest_reads_what_was_set)
{
	struct kvm_cpuid2 *cpuid = supported_cpuid();
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_bare(vm, 0);
	uint64_t *word = vm_shared(vm)->word;

	ASSERT_LT(cpuid->nent, ROOM - 3);
	cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2){
		.function = 0x40000010, .eax = 0x11111111, .ebx = 0x22222222,
		.ecx = 0x33333333, .edx = 0x44444444,
	};
	cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2){
		.function = 0x40000011, .index = 5, .eax = 0x55555555,
		.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
	};
	kvm_do(vcpu->fd, KVM_SET_CPUID2, cpuid);

	guest_reads(vm, vcpu, 0x40000010, 77);
	EXPECT_EQ(0x11111111, word[2]);
	EXPECT_EQ(0x22222222, word[3]);
	EXPECT_EQ(0x33333333, word[4]);
	EXPECT_EQ(0x44444444, word[5]);
	guest_reads(vm, vcpu, 0x40000011, 5);
	EXPECT_EQ(0x55555555, word[2]);
	guest_reads(vm, vcpu, 0x40000011, 6);
	EXPECT_EQ(0, word[2]);
	guest_reads(vm, vcpu, 0x40000099, 0);
	EXPECT_EQ(0, word[2] | word[3] | word[4] | word[5]);
	guest_reads(vm, vcpu, 0, 0);
	EXPECT_EQ(cpuid_find(cpuid, 0, 0)->ebx, word[3]);
}

__guest static void toggle_osxsave(void)
{
	uint64_t cr4;
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	shared->word[0] = c;
	__asm__ volatile("mov %%cr4, %0" : "=r" (cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r" (cr4 | CR4_OSXSAVE));
	a = 1;
	c = 0;
	__asm__ volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	shared->word[1] = c;
	guest_done();
}

TEST(osxsave_follows_cr4)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	if (!(cpuid_find(supported_cpuid(), 1, 0)->ecx & BIT64(26)))
		SKIP(return, "no XSAVE in the supported CPUID");
	vcpu_enter(vcpu, toggle_osxsave);
	ASSERT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	EXPECT_FALSE(vm_shared(vm)->word[0] & BIT64(27));
	EXPECT_TRUE(vm_shared(vm)->word[1] & BIT64(27));
}

TEST_HARNESS_MAIN
