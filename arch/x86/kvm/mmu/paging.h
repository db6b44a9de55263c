/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct kvm_paging: one format of guest page tables, as data. The walker, the permission checks
 * and the reserved-bit checks are tables of it, so that one walker serves every mode.
 *
 * Pure: permissions.c builds it from plain facts, walk.c reads it; both also build in userspace.
 * Owned by the vCPU's thread (vcpu->mutex).
 */
#ifndef __KVM_X86_MMU_PAGING_H
#define __KVM_X86_MMU_PAGING_H

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define KVM_MMU_MAX_LEVEL	5	/* of a guest's or of our own page tables */

/* Access kinds: the bits of a page-fault error code (SDM 4.7, APM2 8.4.2). */
#define PFERR_PRESENT_MASK	(1ull << 0)
#define PFERR_WRITE_MASK	(1ull << 1)
#define PFERR_USER_MASK		(1ull << 2)
#define PFERR_RSVD_MASK		(1ull << 3)
#define PFERR_FETCH_MASK	(1ull << 4)
#define PFERR_PK_MASK		(1ull << 5)
/*
 * NPT only (APM2 15.25.6): the fault was met at the final address, or in a walk of the guest's
 * tables.
 */
#define PFERR_GUEST_FINAL_MASK	(1ull << 32)
#define PFERR_GUEST_PAGE_MASK	(1ull << 33)
/*
 * Ours alone, for walks: an access the CPU itself makes (descriptor tables), supervisor whatever
 * the CPL; and a data access for which EFLAGS.AC suspends SMAP.
 */
#define PFERR_IMPLICIT_ACCESS	(1ull << 48)
#define PFERR_SMAP_OFF		(1ull << 49)

/* Bits of an ordinary guest PTE (SDM 4.3 to 4.5, APM2 5.4). */
#define GPTE_P			BIT_ULL(0)
#define GPTE_W			BIT_ULL(1)
#define GPTE_U			BIT_ULL(2)
#define GPTE_A			BIT_ULL(5)
#define GPTE_D			BIT_ULL(6)
#define GPTE_PS			BIT_ULL(7)
#define GPTE_NX			BIT_ULL(63)
#define GPTE_PKEY_SHIFT		59

/* What a walk allows; the index into each byte of kvm_paging.permissions. EPT: USER is READ. */
#define KVM_ACC_EXEC		BIT(0)
#define KVM_ACC_WRITE		BIT(1)
#define KVM_ACC_USER		BIT(2)
#define KVM_ACC_ALL		(KVM_ACC_EXEC | KVM_ACC_WRITE | KVM_ACC_USER)

/* An index into kvm_paging.permissions: the error code's W, U and I/D at their place, and SMAP. */
#define KVM_ACCESS_IDX_WRITE	BIT(0)
#define KVM_ACCESS_IDX_USER	BIT(1)
#define KVM_ACCESS_IDX_SMAP	BIT(2)	/* SMAP is not suspended */
#define KVM_ACCESS_IDX_FETCH	BIT(3)

/* Reserved-bit masks of one paging format, by [PS bit][level - 1] (SDM 4.4, 4.5; APM2 5.3). */
struct kvm_rsvd_bits {
	u64 mask[2][KVM_MMU_MAX_LEVEL];
	/* EPT only: one bit for each illegal memory type and XWR mix */
	u64 bad_mt_xwr;
};

/**
 * struct kvm_paging_facts - what decides the guest's paging format
 * @cr0: CR0 as the guest sees it
 * @cr4: CR4
 * @efer: EFER
 * @maxphyaddr: the guest's physical address width, CPUID 0x80000008 EAX[7:0]
 * @has_gbpages: 1 GiB pages (CPUID PDPE1GB)
 * @has_pse36: 4 MiB pages above 4 GiB (CPUID PSE36)
 * @amd: the guest's vendor is AMD (or Hygon): bit 8 of the upper tables is reserved
 * @pdptrs_cached: PAE: the CPU keeps the PDPTEs since MOV CR3; under NPT it reads them on demand
 *   (SDM 4.4.1, APM2 15.25.10)
 */
struct kvm_paging_facts {
	u64 cr0;
	u64 cr4;
	u64 efer;
	u8 maxphyaddr;
	bool has_gbpages;
	bool has_pse36;
	bool amd;
	bool pdptrs_cached;
};

/**
 * struct kvm_paging - one paging format
 * @level: of the guest's tables: 0 (paging off), 2, 3, 4 or 5
 * @walk_level: where the loop over tables starts: @level, but 2 for PAE, whose PDPTEs are no
 *   ordinary entries
 * @index_bits: bits of the linear address that index one table: 9 or 10
 * @wide: entries of 8 bytes, not 4
 * @ept: the tables are EPT; a violation is of the outer dimension
 * @nx: EFER.NXE
 * @pse: 4 MiB pages in 32-bit paging
 * @smap: CR4.SMAP: data accesses need EFLAGS.AC to be known
 * @pdptrs_cached: as in the facts
 * @reports_fetch: page faults say I/D (SDM 4.7: NXE with PAE, or SMEP)
 * @last_pte_bitmap: bit level - 1: an entry of that level with PS set ends the walk
 * @permissions: by access index; bit = the walk's KVM_ACC_* mix: fault or not
 * @pkru_mask: by (access index, SMAP bit standing for a user page), two bits: AD and WD count
 * @present: an entry with none of these is not present
 * @accessed: the accessed bit, 0 when the format has none
 * @dirty: the dirty bit, likewise
 * @addr_mask: the bits of an entry that hold an address
 * @root_mask: the same in CR3 or EPTP
 * @pse36_mask: bits of a 4 MiB entry that hold address bits 32 and up
 * @pdpte_rsvd: bits that must be 0 in a PDPTE of PAE (SDM table 4-8)
 * @rsvd: bits that must be 0 in the other entries
 */
struct kvm_paging {
	u8 level;
	u8 walk_level;
	u8 index_bits;
	bool wide;
	bool ept;
	bool nx;
	bool pse;
	bool smap;
	bool pdptrs_cached;
	bool reports_fetch;
	u8 last_pte_bitmap;
	u8 permissions[16];
	u32 pkru_mask;
	u64 present;
	u64 accessed;
	u64 dirty;
	u64 addr_mask;
	u64 root_mask;
	u64 pse36_mask;
	u64 pdpte_rsvd;
	struct kvm_rsvd_bits rsvd;
};

u64 kvm_pdpte_reserved(u8 maxphyaddr, bool cached);
void kvm_paging_init(struct kvm_paging *pg, const struct kvm_paging_facts *facts);
void kvm_paging_init_ept(struct kvm_paging *pg, u8 level, u8 maxphyaddr, bool has_ad_bits,
			 bool has_exec_only, bool has_gbpages);

/**
 * kvm_access_index - the row of kvm_paging.permissions for an access
 * @access: PFERR_* of the access, IMPLICIT and SMAP_OFF included
 *
 * An implicit access is a supervisor one, and AC does not suspend SMAP for it (SDM 4.6.1).
 */
static inline unsigned int kvm_access_index(u64 access)
{
	unsigned int index = (access >> 1) & (KVM_ACCESS_IDX_WRITE | KVM_ACCESS_IDX_USER |
					      KVM_ACCESS_IDX_FETCH);

	if (unlikely(access & PFERR_IMPLICIT_ACCESS))
		return (index & ~KVM_ACCESS_IDX_USER) | KVM_ACCESS_IDX_SMAP;
	return access & PFERR_SMAP_OFF ? index : index | KVM_ACCESS_IDX_SMAP;
}

/**
 * kvm_paging_denied - is an access denied by rights that the walk gathered?
 * @pg: the format
 * @acc: KVM_ACC_* that all levels allow
 * @pkey: the leaf's protection key
 * @access: PFERR_* of the access
 * @pkru: the guest's PKRU
 *
 * Return: 0, or the error-code bits that say why: P, and PK when a key denies it, whatever the
 * other rights say (SDM 4.7).
 */
static inline u64 kvm_paging_denied(const struct kvm_paging *pg, unsigned int acc,
				    unsigned int pkey, u64 access, u32 pkru)
{
	unsigned int index = kvm_access_index(access);
	u64 denied = (pg->permissions[index] >> acc) & 1;

	if (unlikely(pg->pkru_mask)) {
		unsigned int kind = index & ~KVM_ACCESS_IDX_SMAP;

		if (acc & KVM_ACC_USER)
			kind |= KVM_ACCESS_IDX_SMAP;
		if ((pkru >> (2 * pkey)) & (pg->pkru_mask >> (2 * kind)) & 3)
			denied = PFERR_PRESENT_MASK | PFERR_PK_MASK;
	}
	return denied;
}

#endif
