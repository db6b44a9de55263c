/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address types and their conversions, shared by every room.
 *
 * gva, gpa, hva and hpa are byte addresses: guest virtual, guest physical, host virtual and host
 * physical. gfn and pfn are the same two physical spaces in units of 4 KiB. The typedefs are the
 * kernel's own (linux/kvm_types.h).
 */
#ifndef __KVM_TYPES_SLIM_H
#define __KVM_TYPES_SLIM_H

#include <linux/kvm_types.h>
#include <linux/mm.h>

#define KVM_GPA_INVALID		(~(gpa_t)0)
#define KVM_GFN_INVALID		(~(gfn_t)0)
#define KVM_HVA_INVALID		(~0ul)

struct kvm_vcpu;
struct kvm;

static inline gpa_t gfn_to_gpa(gfn_t gfn)
{
	return (gpa_t)gfn << PAGE_SHIFT;
}

static inline gfn_t gpa_to_gfn(gpa_t gpa)
{
	return (gfn_t)(gpa >> PAGE_SHIFT);
}

static inline hpa_t pfn_to_hpa(kvm_pfn_t pfn)
{
	return (hpa_t)pfn << PAGE_SHIFT;
}

#endif
