// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_SUPPORTED_CPUID and KVM_GET_EMULATED_CPUID: the host's CPUID with what we cannot give
 * masked out, leaf by leaf.
 *
 * Called from /dev/kvm's ioctls. Reads the host's CPUID and the capability words; needs no lock.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/kvm_para.h>
#include "cpuid.h"
#include "x86.h"

#define KVM_CPUID_MAX_BASIC		0x1f
#define KVM_CPUID_MAX_EXTENDED		0x80000021
#define KVM_CPUID_MAX_SUBLEAVES		32	/* of cache leaves: ends at a null type before */

/* Leaf 7, subleaf 1, EDX has no feature word yet: AVX-VNNI-INT8, AVX-NE-CONVERT, PREFETCHI. */
#define KVM_LEAF7_1_EDX_GIVEN		(BIT(4) | BIT(5) | BIT(14))
#define KVM_LEAF_80000007_EDX_GIVEN	BIT(8)	/* the TSC's rate never changes */

struct kvm_cpuid_list {
	struct kvm_cpuid_entry2 *entries;
	int nent;
};

/* The host's answer as a new entry of @list, or NULL when there is no room for it. */
static struct kvm_cpuid_entry2 *kvm_given_add(struct kvm_cpuid_list *list, u32 function, u32 index,
					      u32 flags)
{
	struct kvm_cpuid_entry2 *e;

	if (list->nent == KVM_CPUID_MAX_ENTRIES)
		return NULL;
	e = &list->entries[list->nent++];
	e->function = function;
	e->index = index;
	e->flags = flags;
	cpuid_count(function, index, &e->eax, &e->ebx, &e->ecx, &e->edx);
	return e;
}

static void kvm_given_zero(struct kvm_cpuid_entry2 *e)
{
	e->eax = 0;
	e->ebx = 0;
	e->ecx = 0;
	e->edx = 0;
}

/* Caches: SDM leaf 4, APM leaf 0x8000001D; the list ends at a subleaf of type 0. */
static int kvm_given_caches(struct kvm_cpuid_list *list, struct kvm_cpuid_entry2 *e)
{
	u32 index;

	e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	for (index = 1; index < KVM_CPUID_MAX_SUBLEAVES && (e->eax & 0x1f); index++) {
		e = kvm_given_add(list, e->function, index, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
		if (!e)
			return -E2BIG;
	}
	return 0;
}

static int kvm_given_features7(struct kvm_cpuid_list *list, struct kvm_cpuid_entry2 *e)
{
	e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	e->eax = min(e->eax, 1u);
	e->ebx = kvm_cpu_cap_word(CPUID_7_0_EBX);
	e->ecx = kvm_cpu_cap_word(CPUID_7_ECX);
	e->edx = kvm_cpu_cap_word(CPUID_7_EDX);
	if (!e->eax)
		return 0;

	e = kvm_given_add(list, 7, 1, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
	if (!e)
		return -E2BIG;
	e->eax = kvm_cpu_cap_word(CPUID_7_1_EAX);
	e->ebx = 0;
	e->ecx = 0;
	e->edx &= KVM_LEAF7_1_EDX_GIVEN;
	return 0;
}

/* One state component: size, offset, and whether the compacted form aligns it (SDM 13.2). */
static int kvm_given_xstate_component(struct kvm_cpuid_list *list, u32 index)
{
	struct kvm_cpuid_entry2 *e;

	e = kvm_given_add(list, 0xd, index, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
	if (!e)
		return -E2BIG;
	/* bit 0: a supervisor component, which we never give; bit 2: XFD */
	e->ecx &= BIT(1);
	e->edx = 0;
	return 0;
}

static int kvm_given_xstate(struct kvm_cpuid_list *list, struct kvm_cpuid_entry2 *e)
{
	u64 xcr0 = kvm_host.supported_xcr0;
	int i, r;

	e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	if (!kvm_cpu_cap_has(X86_FEATURE_XSAVE)) {
		kvm_given_zero(e);
		return 0;
	}
	e->eax = xcr0;
	e->edx = xcr0 >> 32;
	e->ebx = kvm_xsave_size(xcr0, false);
	e->ecx = e->ebx;

	e = kvm_given_add(list, 0xd, 1, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
	if (!e)
		return -E2BIG;
	kvm_given_zero(e);
	e->eax = kvm_cpu_cap_word(CPUID_D_1_EAX);
	if (kvm_cpu_cap_has(X86_FEATURE_XSAVEC))
		e->ebx = kvm_xsave_size(xcr0, true);

	for (i = 2; i < 63; i++) {
		if (!(xcr0 & BIT_ULL(i)))
			continue;
		r = kvm_given_xstate_component(list, i);
		if (r)
			return r;
	}
	return 0;
}

static int kvm_given_basic(struct kvm_cpuid_list *list, struct kvm_cpuid_entry2 *e)
{
	switch (e->function) {
	case 0:
		e->eax = min_t(u32, e->eax, KVM_CPUID_MAX_BASIC);
		return 0;
	case 1:
		/* family and line size are the host's; the APIC id and package size are not */
		e->ebx &= 0xffff;
		e->ecx = kvm_cpu_cap_word(CPUID_1_ECX);
		e->edx = kvm_cpu_cap_word(CPUID_1_EDX);
		return 0;
	case 2:
		return 0;
	case 4:
		return kvm_given_caches(list, e);
	case 6:
		kvm_given_zero(e);
		e->eax = kvm_cpu_cap_word(CPUID_6_EAX);
		return 0;
	case 7:
		return kvm_given_features7(list, e);
	case 0xb:
	case 0x1f:
		/* the topology is the VMM's to describe: zeros, api.rst 9.1 */
		e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		kvm_given_zero(e);
		return 0;
	case 0xd:
		return kvm_given_xstate(list, e);
	default:
		/* PMU, SGX, PT, cache allocation, AMX …: none of them */
		kvm_given_zero(e);
		return 0;
	}
}

/* Physical and linear address widths; the guest-physical one is what our tables reach. */
static void kvm_given_addresses(struct kvm_cpuid_entry2 *e)
{
	u32 phys = e->eax & 0xff;
	u32 reach = kvm_x86_call(get_tdp_level)() == 5 ? 57 : 48;

	e->eax &= 0xffff;
	if (phys > reach)
		e->eax |= reach << 16;
	e->ebx = kvm_cpu_cap_word(CPUID_8000_0008_EBX);
	e->ecx = 0;
	e->edx = 0;
}

static int kvm_given_extended(struct kvm_cpuid_list *list, struct kvm_cpuid_entry2 *e)
{
	switch (e->function) {
	case 0x80000000:
		e->eax = min_t(u32, e->eax, KVM_CPUID_MAX_EXTENDED);
		return 0;
	case 0x80000001:
		e->ebx &= 0xffff;
		e->ecx = kvm_cpu_cap_word(CPUID_8000_0001_ECX);
		e->edx = kvm_cpu_cap_word(CPUID_8000_0001_EDX);
		return 0;
	case 0x80000002 ... 0x80000006:	/* brand, L1, L2 and L3 caches */
	case 0x80000019:		/* TLBs of 1 GiB pages */
		return 0;
	case 0x80000007:
		e->edx &= KVM_LEAF_80000007_EDX_GIVEN;
		if (!boot_cpu_has(X86_FEATURE_CONSTANT_TSC))
			e->edx = 0;
		e->eax = 0;
		e->ebx = 0;
		e->ecx = 0;
		return 0;
	case 0x80000008:
		kvm_given_addresses(e);
		return 0;
	case 0x8000001a:
		e->eax &= 7;	/* how wide the FPU's data paths are: hints */
		e->ebx = 0;
		e->ecx = 0;
		e->edx = 0;
		return 0;
	case 0x8000001d:
		if (kvm_cpu_cap_has(X86_FEATURE_TOPOEXT))
			return kvm_given_caches(list, e);
		break;
	case 0x80000021:
		kvm_given_zero(e);
		e->eax = kvm_cpu_cap_word(CPUID_8000_0021_EAX);
		return 0;
	}
	kvm_given_zero(e);
	return 0;
}

static int kvm_given_hypervisor(struct kvm_cpuid_list *list)
{
	static const char signature[12] __nonstring = "KVMKVMKVM\0\0";
	struct kvm_cpuid_entry2 *e;

	e = kvm_given_add(list, KVM_CPUID_SIGNATURE_LEAF, 0, 0);
	if (!e)
		return -E2BIG;
	e->eax = KVM_CPUID_FEATURES_LEAF;
	memcpy(&e->ebx, &signature[0], 4);
	memcpy(&e->ecx, &signature[4], 4);
	memcpy(&e->edx, &signature[8], 4);

	e = kvm_given_add(list, KVM_CPUID_FEATURES_LEAF, 0, 0);
	if (!e)
		return -E2BIG;
	kvm_given_zero(e);
	/* The second needs an APIC in the kernel, as x2APIC does. */
	e->eax = BIT(KVM_FEATURE_NOP_IO_DELAY) | BIT(KVM_FEATURE_PV_UNHALT);
	return 0;
}

/* All leaves from @first to the highest one of its range. */
static int kvm_given_range(struct kvm_cpuid_list *list, u32 first,
			   int (*leaf)(struct kvm_cpuid_list *, struct kvm_cpuid_entry2 *))
{
	struct kvm_cpuid_entry2 *e;
	u32 function = first;
	u32 last = first;
	int r;

	for (; function <= last; function++) {
		e = kvm_given_add(list, function, 0, 0);
		if (!e)
			return -E2BIG;
		r = leaf(list, e);
		if (r)
			return r;
		if (function == first)
			last = max(e->eax, first);
	}
	return 0;
}

static int kvm_given_supported(struct kvm_cpuid_list *list)
{
	int r;

	r = kvm_given_range(list, 0, kvm_given_basic);
	if (r)
		return r;
	r = kvm_given_range(list, 0x80000000, kvm_given_extended);
	if (r)
		return r;
	return kvm_given_hypervisor(list);
}

/*
 * What a guest may be told that it has although the host lacks it, at the price of slow emulation:
 * the leaves that could say so, with no bit set.
 */
static int kvm_given_emulated(struct kvm_cpuid_list *list)
{
	struct kvm_cpuid_entry2 *e;

	e = kvm_given_add(list, 0, 0, 0);
	kvm_given_zero(e);
	e->eax = 7;
	e = kvm_given_add(list, 1, 0, 0);
	kvm_given_zero(e);
	e = kvm_given_add(list, 7, 0, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
	kvm_given_zero(e);
	return 0;
}

/**
 * kvm_dev_ioctl_get_cpuid - KVM_GET_SUPPORTED_CPUID and KVM_GET_EMULATED_CPUID (api.rst 4.46, 4.88)
 * @arg: how many entries there is room for, then the entries
 * @type: which of the two ioctls
 *
 * More room than needed is fine, whatever size userspace guesses: QEMU doubles its guess until it
 * fits, and treats any errno but E2BIG as fatal.
 *
 * Return: 0, -E2BIG when @arg has too little room, -EFAULT, -ENOMEM.
 */
int kvm_dev_ioctl_get_cpuid(struct kvm_cpuid2 __user *arg, unsigned int type)
{
	struct kvm_cpuid_list list = {};
	struct kvm_cpuid2 head;
	int r;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	list.entries = kvcalloc(KVM_CPUID_MAX_ENTRIES, sizeof(*list.entries), GFP_KERNEL_ACCOUNT);
	if (!list.entries)
		return -ENOMEM;

	if (type == KVM_GET_EMULATED_CPUID)
		r = kvm_given_emulated(&list);
	else
		r = kvm_given_supported(&list);
	if (!r && head.nent < list.nent)
		r = -E2BIG;
	head.nent = list.nent;
	if (!r && (copy_to_user(arg->entries, list.entries, list.nent * sizeof(*list.entries)) ||
		   copy_to_user(arg, &head, sizeof(head))))
		r = -EFAULT;
	kvfree(list.entries);
	return r;
}
