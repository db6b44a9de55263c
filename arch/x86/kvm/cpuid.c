// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's CPUID: what userspace set, how the guest reads it, and what follows from it.
 *
 * Owns kvm_vcpu_arch.cpuid_entries, cpuid_index, guest_caps, maxphyaddr, reserved_gpa_bits and
 * guest_supported_xcr0. Called from the vCPU's ioctls and from the CPUID exit; all under the vCPU's
 * mutex.
 */
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/fpu/types.h>
#include "cpuid.h"
#include "trace.h"
#include "x86.h"

/* Before CPUID is set, or without leaf 0x80000008 (SDM 4.1.4). */
#define KVM_DEFAULT_MAXPHYADDR	36

/* ---- finding an entry ------------------------------------------------------------------------ */

static s16 *kvm_cpuid_chain(struct kvm_cpuid_index *index, u32 function)
{
	u32 slot = function & 0x3fffffff;

	if (slot >= KVM_CPUID_DIRECT)
		return &index->others;
	/* The guest chose it, and what is read here says where the next look goes. */
	return &index->first[function >> 30][array_index_nospec(slot, KVM_CPUID_DIRECT)];
}

/* From the last entry to the first, each put before its chain: the chains keep the order. */
static struct kvm_cpuid_index *kvm_cpuid_index_build(const struct kvm_cpuid_entry2 *entries,
						     int nent)
{
	struct kvm_cpuid_index *index;
	int i;

	index = kmalloc(sizeof(*index), GFP_KERNEL_ACCOUNT);
	if (!index)
		return NULL;
	memset(index, 0xff, sizeof(*index));
	for (i = nent - 1; i >= 0; i--) {
		s16 *first = kvm_cpuid_chain(index, entries[i].function);

		index->next[i] = *first;
		*first = i;
	}
	return index;
}

static struct kvm_cpuid_entry2 *kvm_cpuid_lookup(struct kvm_cpuid_entry2 *entries,
						 struct kvm_cpuid_index *index, u32 function,
						 u32 subleaf)
{
	struct kvm_cpuid_entry2 *e;
	int i;

	for (i = *kvm_cpuid_chain(index, function); i >= 0; i = index->next[i]) {
		e = &entries[i];
		if (e->function != function)
			continue;
		if (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || e->index == subleaf)
			return e;
	}
	return NULL;
}

/**
 * kvm_find_cpuid_entry - the entry that answers @function and @index
 * @vcpu: the vCPU
 * @function: leaf (EAX)
 * @index: subleaf (ECX)
 *
 * Return: the first entry that matches, in the order userspace gave them, or NULL. It stays valid
 * until the next KVM_SET_CPUID2.
 */
struct kvm_cpuid_entry2 *kvm_find_cpuid_entry(struct kvm_vcpu *vcpu, u32 function, u32 index)
{
	if (unlikely(!vcpu->arch.cpuid_index))
		return NULL;
	return kvm_cpuid_lookup(vcpu->arch.cpuid_entries, vcpu->arch.cpuid_index, function, index);
}
EXPORT_SYMBOL_GPL(kvm_find_cpuid_entry);

/**
 * guest_cpuid_has - the guest's CPUID has @x86_feature, and we support it
 * @vcpu: the vCPU
 * @x86_feature: X86_FEATURE_* of a word that is a CPUID register
 */
bool guest_cpuid_has(struct kvm_vcpu *vcpu, unsigned int x86_feature)
{
	return vcpu->arch.guest_caps[x86_feature / 32] & BIT(x86_feature % 32);
}
EXPORT_SYMBOL_GPL(guest_cpuid_has);

/* ---- bits that follow control registers ------------------------------------------------------ */

static void kvm_cpuid_put_bit(u32 *reg, unsigned int x86_feature, bool on)
{
	u32 bit = BIT(x86_feature % 32);

	*reg = on ? *reg | bit : *reg & ~bit;
}

/* MWAIT follows IA32_MISC_ENABLE[18] only for who asked for it (api.rst 7.31). */
static void kvm_cpuid_fold_leaf1(struct kvm_vcpu *vcpu, struct kvm_cpuid_entry2 *e)
{
	kvm_cpuid_put_bit(&e->edx, X86_FEATURE_APIC,
			  vcpu->arch.apic_base & MSR_IA32_APICBASE_ENABLE);
	if (e->ecx & BIT(X86_FEATURE_XSAVE % 32))
		kvm_cpuid_put_bit(&e->ecx, X86_FEATURE_OSXSAVE,
				  kvm_cr4_bits(vcpu, X86_CR4_OSXSAVE));
	if (vcpu->kvm->arch.disabled_quirks & KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT)
		kvm_cpuid_put_bit(&e->ecx, X86_FEATURE_MWAIT,
				  vcpu->arch.ia32_misc_enable & MSR_IA32_MISC_ENABLE_MWAIT);
}

/*
 * SDM vol. 2, CPUID: OSXSAVE and OSPKE mirror CR4, leaf 0xD EBX is the size for XCR0 as it is now.
 */
static void kvm_cpuid_fold_runtime(struct kvm_vcpu *vcpu, struct kvm_cpuid_entry2 *entries,
				   struct kvm_cpuid_index *index)
{
	struct kvm_cpuid_entry2 *e;

	e = kvm_cpuid_lookup(entries, index, 1, 0);
	if (e)
		kvm_cpuid_fold_leaf1(vcpu, e);
	e = kvm_cpuid_lookup(entries, index, 7, 0);
	if (e && e->ecx & BIT(X86_FEATURE_PKU % 32))
		kvm_cpuid_put_bit(&e->ecx, X86_FEATURE_OSPKE, kvm_cr4_bits(vcpu, X86_CR4_PKE));
	e = kvm_cpuid_lookup(entries, index, 0xd, 0);
	if (e)
		e->ebx = kvm_xsave_size(vcpu->arch.xcr0, false);
	e = kvm_cpuid_lookup(entries, index, 0xd, 1);
	if (e && e->eax & BIT(X86_FEATURE_XSAVEC % 32))
		e->ebx = kvm_xsave_size(vcpu->arch.xcr0, true);
}

/** kvm_update_cpuid_runtime - after CR4.{OSXSAVE,PKE}, XCR0, apic_base or MISC_ENABLE changed */
void kvm_update_cpuid_runtime(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.cpuid_index)
		kvm_cpuid_fold_runtime(vcpu, vcpu->arch.cpuid_entries, vcpu->arch.cpuid_index);
}

/* ---- what follows from a new CPUID ----------------------------------------------------------- */

static void kvm_cpuid_derive_caps(struct kvm_vcpu *vcpu)
{
	const struct kvm_cap_leaf *leaf;
	struct kvm_cpuid_entry2 *e;
	int i;

	memset(vcpu->arch.guest_caps, 0, sizeof(vcpu->arch.guest_caps));
	for (i = 0; i < KVM_NR_CAP_LEAVES; i++) {
		leaf = &kvm_cap_leaves[i];
		e = kvm_find_cpuid_entry(vcpu, leaf->function, leaf->index);
		if (e)
			vcpu->arch.guest_caps[leaf->word] = kvm_cpuid_entry_regs(e)[leaf->reg] &
							    kvm_cpu_cap_word(leaf->word);
	}
}

static u8 kvm_cpuid_maxphyaddr(struct kvm_vcpu *vcpu)
{
	struct kvm_cpuid_entry2 *e;

	e = kvm_find_cpuid_entry(vcpu, 0x80000000, 0);
	if (!e || e->eax < 0x80000008)
		return KVM_DEFAULT_MAXPHYADDR;
	e = kvm_find_cpuid_entry(vcpu, 0x80000008, 0);
	return e ? clamp_t(u32, e->eax & 0xff, 32, 52) : KVM_DEFAULT_MAXPHYADDR;
}

static void kvm_cpuid_set_maxphyaddr(struct kvm_vcpu *vcpu, u8 bits)
{
	vcpu->arch.maxphyaddr = bits;
	vcpu->arch.reserved_gpa_bits = ~GENMASK_ULL(bits - 1, 0);
}

static void kvm_cpuid_derive(struct kvm_vcpu *vcpu)
{
	struct kvm_cpuid_entry2 *e;

	kvm_cpuid_derive_caps(vcpu);
	kvm_cpuid_set_maxphyaddr(vcpu, kvm_cpuid_maxphyaddr(vcpu));

	e = kvm_find_cpuid_entry(vcpu, 0xd, 0);
	vcpu->arch.guest_supported_xcr0 = 0;
	if (e && guest_cpuid_has(vcpu, X86_FEATURE_XSAVE))
		vcpu->arch.guest_supported_xcr0 = (e->eax | (u64)e->edx << 32) &
						  kvm_host.supported_xcr0;

	kvm_cr4_after_set_cpuid(vcpu);
	if (vcpu->arch.apic)
		kvm_lapic_after_set_cpuid(vcpu);
	kvm_spec_ctrl_after_set_cpuid(vcpu);
	kvm_x86_call(vcpu_after_set_cpuid)(vcpu);
	kvm_mmu_reset_context(vcpu);
}

/*
 * Linear addresses have 48 or 57 bits on every CPU there is; 0 is an old VMM's way of not saying.
 */
static bool kvm_cpuid_vaddr_valid(const struct kvm_cpuid_entry2 *entries, int nent)
{
	int i;

	for (i = 0; i < nent; i++) {
		u32 bits = entries[i].eax >> 8 & 0xff;

		if (entries[i].function == 0x80000008 && bits != 0 && bits != 48 && bits != 57)
			return false;
	}
	return true;
}

static bool kvm_cpuid_equal(struct kvm_vcpu *vcpu, const struct kvm_cpuid_entry2 *entries,
			    int nent)
{
	return nent == vcpu->arch.cpuid_nent &&
	       !memcmp(entries, vcpu->arch.cpuid_entries, nent * sizeof(*entries));
}

static void kvm_cpuid_clean_padding(struct kvm_cpuid_entry2 *entries, int nent)
{
	int i;

	for (i = 0; i < nent; i++)
		memset(entries[i].padding, 0, sizeof(entries[i].padding));
}

/*
 * Take @entries as the vCPU's CPUID; on success they are owned by the vCPU, else they stay the
 * caller's. After KVM_RUN only the CPUID that is in force already is accepted: too much was derived
 * from it.
 */
static int kvm_cpuid_install(struct kvm_vcpu *vcpu, struct kvm_cpuid_entry2 *entries, int nent)
{
	struct kvm_cpuid_index *index;

	if (!kvm_cpuid_vaddr_valid(entries, nent))
		return -EINVAL;
	kvm_cpuid_clean_padding(entries, nent);
	index = kvm_cpuid_index_build(entries, nent);
	if (!index)
		return -ENOMEM;
	kvm_cpuid_fold_runtime(vcpu, entries, index);
	if (vcpu->arch.ran) {
		bool equal = kvm_cpuid_equal(vcpu, entries, nent);

		kfree(index);
		if (!equal)
			return -EINVAL;
		kvfree(entries);
		return 0;
	}

	kvm_cpuid_free(vcpu);
	vcpu->arch.cpuid_entries = entries;
	vcpu->arch.cpuid_index = index;
	vcpu->arch.cpuid_nent = nent;
	kvm_cpuid_derive(vcpu);
	return 0;
}

/* ---- ioctls ---------------------------------------------------------------------------------- */

/**
 * kvm_vcpu_ioctl_set_cpuid - KVM_SET_CPUID (api.rst 4.20): entries without subleaves
 * @vcpu: the vCPU
 * @arg: userspace's buffer
 *
 * Return: 0, -E2BIG above KVM_CPUID_MAX_ENTRIES, -EFAULT, -ENOMEM, -EINVAL for a linear address
 * width no CPU has, or when the vCPU has run and this is not its CPUID.
 */
int kvm_vcpu_ioctl_set_cpuid(struct kvm_vcpu *vcpu, struct kvm_cpuid __user *arg)
{
	struct kvm_cpuid_entry *old;
	struct kvm_cpuid_entry2 *entries;
	struct kvm_cpuid head;
	int i, r;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.nent > KVM_CPUID_MAX_ENTRIES)
		return -E2BIG;
	entries = kvcalloc(max(head.nent, 1u), sizeof(*entries), GFP_KERNEL_ACCOUNT);
	if (!entries)
		return -ENOMEM;
	old = vmemdup_user(arg->entries, array_size(sizeof(*old), head.nent));
	if (IS_ERR(old)) {
		kvfree(entries);
		return PTR_ERR(old);
	}
	for (i = 0; i < head.nent; i++) {
		entries[i].function = old[i].function;
		entries[i].eax = old[i].eax;
		entries[i].ebx = old[i].ebx;
		entries[i].ecx = old[i].ecx;
		entries[i].edx = old[i].edx;
	}
	kvfree(old);
	r = kvm_cpuid_install(vcpu, entries, head.nent);
	if (r)
		kvfree(entries);
	return r;
}

/** kvm_vcpu_ioctl_set_cpuid2 - KVM_SET_CPUID2: the same with subleaves and flags; same errors */
int kvm_vcpu_ioctl_set_cpuid2(struct kvm_vcpu *vcpu, struct kvm_cpuid2 __user *arg)
{
	struct kvm_cpuid_entry2 *entries;
	struct kvm_cpuid2 head;
	int r;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (head.nent > KVM_CPUID_MAX_ENTRIES)
		return -E2BIG;
	/* Not vmemdup_user(): it is not charged to the caller's cgroup, and these stay. */
	entries = kvcalloc(max(head.nent, 1u), sizeof(*entries), GFP_KERNEL_ACCOUNT);
	if (!entries)
		return -ENOMEM;
	r = -EFAULT;
	if (!copy_from_user(entries, arg->entries, head.nent * sizeof(*entries)))
		r = kvm_cpuid_install(vcpu, entries, head.nent);
	if (r)
		kvfree(entries);
	return r;
}

/**
 * kvm_vcpu_ioctl_get_cpuid2 - KVM_GET_CPUID2: the entries in force, control-register bits as now
 * @vcpu: the vCPU
 * @arg: userspace's buffer
 *
 * Return: 0; -E2BIG with the number needed in @arg->nent; -EFAULT.
 */
int kvm_vcpu_ioctl_get_cpuid2(struct kvm_vcpu *vcpu, struct kvm_cpuid2 __user *arg)
{
	u32 nent = vcpu->arch.cpuid_nent;
	u32 room;

	if (get_user(room, &arg->nent))
		return -EFAULT;
	if (put_user(nent, &arg->nent))
		return -EFAULT;
	if (room < nent)
		return -E2BIG;
	if (nent && copy_to_user(arg->entries, vcpu->arch.cpuid_entries,
				 nent * sizeof(struct kvm_cpuid_entry2)))
		return -EFAULT;
	return 0;
}

/** kvm_cpuid_init - a new vCPU has no CPUID at all, and the narrowest addresses */
void kvm_cpuid_init(struct kvm_vcpu *vcpu)
{
	vcpu->arch.cpuid_entries = NULL;
	vcpu->arch.cpuid_index = NULL;
	vcpu->arch.cpuid_nent = 0;
	kvm_cpuid_set_maxphyaddr(vcpu, KVM_DEFAULT_MAXPHYADDR);
	kvm_cr4_after_set_cpuid(vcpu);
}

/** kvm_cpuid_free - the vCPU goes, or its CPUID is replaced */
void kvm_cpuid_free(struct kvm_vcpu *vcpu)
{
	kvfree(vcpu->arch.cpuid_entries);
	kfree(vcpu->arch.cpuid_index);
	vcpu->arch.cpuid_entries = NULL;
	vcpu->arch.cpuid_index = NULL;
	vcpu->arch.cpuid_nent = 0;
}

/* ---- the instruction ------------------------------------------------------------------------- */

/* Intel answers a leaf beyond the highest with the highest basic one; others with zeros. */
static struct kvm_cpuid_entry2 *kvm_cpuid_out_of_range(struct kvm_vcpu *vcpu, u32 function,
						       u32 index)
{
	struct kvm_cpuid_entry2 *basic = kvm_find_cpuid_entry(vcpu, 0, 0);
	struct kvm_cpuid_entry2 *top;

	/* "GenuineIntel": the last four letters are in ECX */
	if (!basic || basic->ecx != 0x6c65746e)
		return NULL;
	if (function - KVM_CPUID_SIGNATURE_LEAF < 0x10000)
		return NULL;
	top = kvm_find_cpuid_entry(vcpu, function & 0xc0000000, 0);
	if (top && function <= top->eax)
		return NULL;
	return kvm_find_cpuid_entry(vcpu, basic->eax, index);
}

/*
 * SDM, leaf 0xB: a subleaf that does not exist still has its own number in CL, the APIC id in EDX.
 */
static void kvm_cpuid_topology_end(struct kvm_vcpu *vcpu, u32 function, u32 index, u32 *ecx,
				   u32 *edx)
{
	struct kvm_cpuid_entry2 *e;

	if (function != 0xb && function != 0x1f)
		return;
	e = kvm_find_cpuid_entry(vcpu, function, 1);
	if (!e)
		return;
	*ecx = index & 0xff;
	*edx = e->edx;
}

/**
 * kvm_cpuid - what CPUID answers
 * @vcpu: the vCPU
 * @eax: in: the leaf; out: the answer
 * @ebx: out
 * @ecx: in: the subleaf; out
 * @edx: out
 *
 * Return: true when userspace gave an entry for just this leaf and subleaf.
 */
bool kvm_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	u32 function = *eax, index = *ecx;
	struct kvm_cpuid_entry2 *e;
	bool exact;

	e = kvm_find_cpuid_entry(vcpu, function, index);
	exact = e;
	if (unlikely(!e))
		e = kvm_cpuid_out_of_range(vcpu, function, index);
	if (likely(e)) {
		*eax = e->eax;
		*ebx = e->ebx;
		*ecx = e->ecx;
		*edx = e->edx;
	} else {
		*eax = 0;
		*ebx = 0;
		*ecx = 0;
		*edx = 0;
		kvm_cpuid_topology_end(vcpu, function, index, ecx, edx);
	}
	trace_kvm_cpuid(function, index, *eax, *ebx, *ecx, *edx, exact);
	return exact;
}
EXPORT_SYMBOL_GPL(kvm_cpuid);

/**
 * kvm_emulate_cpuid - the CPUID exit; writes EAX to EDX, upper halves zeroed, and steps over it
 * @vcpu: the vCPU
 *
 * Return: as kvm_skip_emulated_instruction().
 */
int kvm_emulate_cpuid(struct kvm_vcpu *vcpu)
{
	u32 eax = kvm_rax_read(vcpu);
	u32 ecx = kvm_rcx_read(vcpu);
	u32 ebx, edx;

	vcpu->stat.cpuid_exits++;
	kvm_cpuid(vcpu, &eax, &ebx, &ecx, &edx);
	kvm_rax_write(vcpu, eax);
	kvm_rbx_write(vcpu, ebx);
	kvm_rcx_write(vcpu, ecx);
	kvm_rdx_write(vcpu, edx);
	return kvm_skip_emulated_instruction(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_emulate_cpuid);
