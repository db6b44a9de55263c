/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of CPUID share: which register of which leaf each feature word is, and the sizes
 * of XSAVE areas. Included by cpuid*.c only.
 */
#ifndef __KVM_X86_CPUID_H
#define __KVM_X86_CPUID_H

#include <asm/cpufeature.h>
#include <linux/kvm.h>
#include "kvm_arch.h"

#define KVM_CPUID_SIGNATURE_LEAF	0x40000000
#define KVM_CPUID_FEATURES_LEAF		0x40000001

/* The four registers of an answer, as indices into kvm_cpuid_entry_regs(). */
enum kvm_cpuid_reg { CPUID_REG_EAX, CPUID_REG_EBX, CPUID_REG_ECX, CPUID_REG_EDX };

/**
 * struct kvm_cap_leaf - where the hardware reports one of the kernel's feature words
 * @word: enum cpuid_leafs
 * @reg: enum kvm_cpuid_reg
 * @index: subleaf
 * @function: leaf
 */
struct kvm_cap_leaf {
	u8 word;
	u8 reg;
	u8 index;
	u32 function;
};

#define KVM_NR_CAP_LEAVES	14

extern const struct kvm_cap_leaf kvm_cap_leaves[KVM_NR_CAP_LEAVES];

/* eax, ebx, ecx and edx follow each other in the ABI's struct, in this order. */
static inline u32 *kvm_cpuid_entry_regs(struct kvm_cpuid_entry2 *e)
{
	return &e->eax;
}

#define KVM_CPUID_DIRECT	64	/* leaves 0–63 of each range are found by number */

/**
 * struct kvm_cpuid_index - finds an entry without a search
 * @first: by range (the top two bits of the leaf) and leaf number: the first entry of that leaf
 * @others: the first entry of any leaf beyond
 * @next: by entry: the next one of the same chain
 *
 * -1 ends a chain; chains keep the order in which userspace gave the entries.
 */
struct kvm_cpuid_index {
	s16 first[4][KVM_CPUID_DIRECT];
	s16 others;
	s16 next[KVM_CPUID_MAX_ENTRIES];
};

u32 kvm_cpu_cap_word(unsigned int word);
u32 kvm_xsave_size(u64 xfeatures, bool compacted);

#endif
