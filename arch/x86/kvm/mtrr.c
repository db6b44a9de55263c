// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's MTRRs and the rules of PAT: kept, checked, given back (SDM 11.11, 11.12; APM2 7.7).
 *
 * With nested paging the memory type of a guest page is the host's and the guest PAT's affair;
 * MTRRs are state that firmware and operating systems write and read. Under the vCPU's mutex.
 */
#include <asm/mtrr.h>
#include "x86.h"

#define KVM_MTRR_NR_VAR		8
#define KVM_MTRR_CAP		(KVM_MTRR_NR_VAR | BIT(8) | BIT(10))	/* fixed ranges, WC */
#define KVM_MTRR_DEF_DEFINED	(0xff | BIT(10) | BIT(11))		/* type, FE, E */
#define KVM_MTRR_BASE_RESERVED	0xf00
#define KVM_MTRR_MASK_RESERVED	0x7ff

#define KVM_MTRR_VAR_FIRST	MTRRphysBase_MSR(0)
#define KVM_MTRR_VAR_LAST	MTRRphysMask_MSR(KVM_MTRR_NR_VAR - 1)

/* Uncacheable, write-combining, write-through, write-protected, write-back (SDM 11.3). */
static bool kvm_memory_type_valid(u8 type)
{
	return type < 8 && (BIT(type) & (BIT(0) | BIT(1) | BIT(4) | BIT(5) | BIT(6)));
}

static bool kvm_memory_types_valid(u64 types)
{
	int i;

	for (i = 0; i < 64; i += 8)
		if (!kvm_memory_type_valid(types >> i))
			return false;
	return true;
}

/** kvm_pat_valid - eight memory types, where PAT has UC- (7) besides (SDM 11.12.2) */
bool kvm_pat_valid(u64 data)
{
	int i;

	for (i = 0; i < 64; i += 8) {
		u8 type = data >> i;

		if (type != 7 && !kvm_memory_type_valid(type))
			return false;
	}
	return true;
}
EXPORT_SYMBOL_GPL(kvm_pat_valid);

/* The index of a fixed-range MTRR, or -1. */
static int kvm_mtrr_fixed_index(u32 msr)
{
	switch (msr) {
	case MSR_MTRRfix64K_00000:
		return 0;
	case MSR_MTRRfix16K_80000:
	case MSR_MTRRfix16K_A0000:
		return 1 + msr - MSR_MTRRfix16K_80000;
	case MSR_MTRRfix4K_C0000 ... MSR_MTRRfix4K_F8000:
		return 3 + msr - MSR_MTRRfix4K_C0000;
	default:
		return -1;
	}
}

/* Where the MSR's value is kept; NULL for MTRRcap, which is not kept, and for all others. */
static u64 *kvm_mtrr_slot(struct kvm_mtrr *mtrr, u32 msr)
{
	int fixed;

	if (msr >= KVM_MTRR_VAR_FIRST && msr <= KVM_MTRR_VAR_LAST)
		return &mtrr->var[msr - KVM_MTRR_VAR_FIRST];
	if (msr == MSR_MTRRdefType)
		return &mtrr->deftype;
	fixed = kvm_mtrr_fixed_index(msr);
	return fixed < 0 ? NULL : &mtrr->fixed[fixed];
}

/** kvm_mtrr_is_msr - is it one of the MTRRs, MTRRcap included? */
bool kvm_mtrr_is_msr(u32 msr)
{
	return (msr >= KVM_MTRR_VAR_FIRST && msr <= KVM_MTRR_VAR_LAST) ||
	       msr == MSR_MTRRdefType || msr == MSR_MTRRcap || kvm_mtrr_fixed_index(msr) >= 0;
}

/** kvm_mtrr_get - read an MTRR; 0, or 1: there is none of that number */
int kvm_mtrr_get(struct kvm_vcpu *vcpu, u32 msr, u64 *data)
{
	u64 *slot;

	if (msr == MSR_MTRRcap) {
		*data = KVM_MTRR_CAP;
		return 0;
	}
	slot = kvm_mtrr_slot(&vcpu->arch.mtrr, msr);
	if (!slot)
		return 1;
	*data = *slot;
	return 0;
}

/* SDM 11.11.2: which values raise #GP. Bases and masks are checked against MAXPHYADDR. */
static bool kvm_mtrr_valid(struct kvm_vcpu *vcpu, u32 msr, u64 data)
{
	if (kvm_mtrr_fixed_index(msr) >= 0)
		return kvm_memory_types_valid(data);
	if (msr == MSR_MTRRdefType)
		return !(data & ~(u64)KVM_MTRR_DEF_DEFINED) && kvm_memory_type_valid(data);
	if (data & vcpu->arch.reserved_gpa_bits)
		return false;
	if ((msr - KVM_MTRR_VAR_FIRST) & 1)
		return !(data & KVM_MTRR_MASK_RESERVED);
	return !(data & KVM_MTRR_BASE_RESERVED) && kvm_memory_type_valid(data);
}

/** kvm_mtrr_set - write an MTRR; 0, or 1: #GP(0), MTRRcap being read-only */
int kvm_mtrr_set(struct kvm_vcpu *vcpu, u32 msr, u64 data)
{
	u64 *slot = kvm_mtrr_slot(&vcpu->arch.mtrr, msr);

	if (!slot || !kvm_mtrr_valid(vcpu, msr, data))
		return 1;
	*slot = data;
	return 0;
}
