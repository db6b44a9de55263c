// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builds struct kvm_paging: from CR0, CR4, EFER and CPUID facts, which entries are legal, which
 * accesses fault. Called when one of them changes (kvm_mmu_reset_context()), never on a walk.
 *
 * Pure: no state, no lock; tools/testing/unit/mmu builds it in userspace.
 */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include "paging.h"

/* Address bits of an 8-byte entry, from the guest's width up to the architecture's 52 bits. */
static u64 paging_high_bits(u8 maxphyaddr)
{
	return maxphyaddr < 52 ? GENMASK_ULL(51, maxphyaddr) : 0;
}

/*
 * --- permissions ---------------------------------------------------------------------------------
 */

/* SDM 4.6.1, APM2 5.6: who may do what to a page whose levels allow @acc together. */
static bool access_faults(const struct kvm_paging_facts *facts, unsigned int index,
			  unsigned int acc)
{
	bool write = index & KVM_ACCESS_IDX_WRITE;
	bool fetch = index & KVM_ACCESS_IDX_FETCH;
	bool user_page = acc & KVM_ACC_USER;

	if (fetch && !(acc & KVM_ACC_EXEC))
		return true;
	if (index & KVM_ACCESS_IDX_USER)
		return !user_page || (write && !(acc & KVM_ACC_WRITE));

	if (write && !(acc & KVM_ACC_WRITE) && (facts->cr0 & X86_CR0_WP))
		return true;
	if (!user_page)
		return false;
	if (fetch)
		return facts->cr4 & X86_CR4_SMEP;
	return (facts->cr4 & X86_CR4_SMAP) && (index & KVM_ACCESS_IDX_SMAP);
}

static void paging_build_permissions(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	unsigned int index, acc;

	for (index = 0; index < ARRAY_SIZE(pg->permissions); index++)
		for (acc = 0; acc <= KVM_ACC_ALL; acc++)
			if (access_faults(facts, index, acc))
				pg->permissions[index] |= BIT(acc);
}

/*
 * SDM 4.6.2: keys guard user-mode addresses, in long mode, against data accesses. AD denies all of
 * them; WD denies writes, those of the supervisor only with CR0.WP.
 */
static void paging_build_pkru(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	unsigned int kind;

	if (!(facts->cr4 & X86_CR4_PKE) || !(facts->efer & EFER_LMA))
		return;

	for (kind = 0; kind < 16; kind++) {
		bool user_page = kind & KVM_ACCESS_IDX_SMAP;
		u32 bits = 1;

		if ((kind & KVM_ACCESS_IDX_FETCH) || !user_page)
			continue;
		if ((kind & KVM_ACCESS_IDX_WRITE) &&
		    ((kind & KVM_ACCESS_IDX_USER) || (facts->cr0 & X86_CR0_WP)))
			bits |= 2;
		pg->pkru_mask |= bits << (2 * kind);
	}
}

/*
 * --- reserved bits -------------------------------------------------------------------------------
 */

/*
 * 32-bit paging (SDM tables 4-4 to 4-6): only a 4 MiB entry has reserved bits. With PSE-36 it holds
 * address bits 39:32 at 20:13, as many as the physical address has; bit 21 is reserved always.
 */
static void paging_rsvd_32(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	unsigned int width = facts->has_pse36 ? min_t(unsigned int, facts->maxphyaddr, 40) : 32;

	if (!pg->pse)
		return;
	if (width > 32)
		pg->pse36_mask = GENMASK_ULL(width - 20, 13);
	pg->rsvd.mask[1][1] = GENMASK_ULL(21, 13) & ~pg->pse36_mask;
}

/**
 * kvm_pdpte_reserved - bits that must be 0 in a PDPTE of PAE paging
 * @maxphyaddr: the guest's physical address width
 * @cached: the CPU loads the PDPTEs by MOV CR3
 *
 * SDM table 4-8: 63:M, 8:5 and 2:1. A CPU that reads them on demand (APM2 15.25.10) may walk them
 * as it does other entries and set the accessed bit: what it wrote must not fault in our walk.
 */
u64 kvm_pdpte_reserved(u8 maxphyaddr, bool cached)
{
	u64 rsvd = GENMASK_ULL(63, 52) | paging_high_bits(maxphyaddr) | GENMASK_ULL(8, 5) |
		   GENMASK_ULL(2, 1);

	return cached ? rsvd : rsvd & ~GPTE_A;
}

/*
 * PAE (SDM tables 4-9 to 4-11): bits 62:M are reserved, not only those up to 51, and XD without
 * NXE.
 */
static void paging_rsvd_pae(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	u64 high = GENMASK_ULL(62, 52) | paging_high_bits(facts->maxphyaddr);

	pg->pdpte_rsvd = kvm_pdpte_reserved(facts->maxphyaddr, facts->pdptrs_cached);
	if (!pg->nx)
		high |= GPTE_NX;
	pg->rsvd.mask[0][0] = high;
	pg->rsvd.mask[1][0] = high;	/* bit 7 is PAT here */
	pg->rsvd.mask[0][1] = high;
	pg->rsvd.mask[1][1] = high | GENMASK_ULL(20, 13);
}

/*
 * 4- and 5-level paging (SDM tables 4-15 to 4-20, APM2 5.3): 62:52 are ignored or a key. PS is
 * reserved where no page can be; on AMD bit 8 of the two top tables is too.
 */
static void paging_rsvd_long(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	u64 high = paging_high_bits(facts->maxphyaddr) | (pg->nx ? 0 : GPTE_NX);
	u64 top = high | (facts->amd ? BIT_ULL(8) : 0);
	u64 *small = pg->rsvd.mask[0], *ps = pg->rsvd.mask[1];

	small[0] = high;
	small[1] = high;
	small[2] = high;
	small[3] = top;
	small[4] = top;
	ps[0] = high;
	ps[1] = high | GENMASK_ULL(20, 13);
	ps[2] = high | (facts->has_gbpages ? GENMASK_ULL(29, 13) : GPTE_PS);
	ps[3] = top | GPTE_PS;
	ps[4] = top | GPTE_PS;
}

/*
 * --- formats -------------------------------------------------------------------------------------
 */

static void paging_format_32(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	pg->level = 2;
	pg->index_bits = 10;
	pg->pse = facts->cr4 & X86_CR4_PSE;
	/* Without CR4.PSE the bit is ignored (SDM 4.3). */
	pg->last_pte_bitmap = pg->pse ? BIT(1) : 0;
	pg->addr_mask = GENMASK_ULL(31, 12);
	pg->root_mask = GENMASK_ULL(31, 12);
	paging_rsvd_32(pg, facts);
}

static void paging_format_pae(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	pg->level = 3;
	pg->index_bits = 9;
	pg->wide = true;
	pg->pdptrs_cached = facts->pdptrs_cached;
	pg->last_pte_bitmap = BIT(1);
	pg->addr_mask = GENMASK_ULL(51, 12);
	pg->root_mask = GENMASK_ULL(31, 5);
	paging_rsvd_pae(pg, facts);
}

static void paging_format_long(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	pg->level = facts->cr4 & X86_CR4_LA57 ? 5 : 4;
	pg->index_bits = 9;
	pg->wide = true;
	pg->last_pte_bitmap = BIT(1) | (facts->has_gbpages ? BIT(2) : 0);
	pg->addr_mask = GENMASK_ULL(51, 12);
	pg->root_mask = GENMASK_ULL(51, 12);
	paging_rsvd_long(pg, facts);
}

/**
 * kvm_paging_init - the format of an ordinary guest's tables
 * @pg: filled anew
 * @facts: what decides it
 */
void kvm_paging_init(struct kvm_paging *pg, const struct kvm_paging_facts *facts)
{
	*pg = (struct kvm_paging) {
		.present = GPTE_P,
		.accessed = GPTE_A,
		.dirty = GPTE_D,
	};

	if (!(facts->cr0 & X86_CR0_PG))
		return;

	/* NXE means nothing without PAE (SDM 4.1.1). */
	pg->nx = (facts->efer & EFER_NX) && (facts->cr4 & X86_CR4_PAE);
	pg->smap = facts->cr4 & X86_CR4_SMAP;
	pg->reports_fetch = pg->nx || (facts->cr4 & X86_CR4_SMEP);

	if (facts->efer & EFER_LMA)
		paging_format_long(pg, facts);
	else if (facts->cr4 & X86_CR4_PAE)
		paging_format_pae(pg, facts);
	else
		paging_format_32(pg, facts);
	pg->walk_level = pg->level == 3 ? 2 : pg->level;

	paging_build_permissions(pg, facts);
	paging_build_pkru(pg, facts);
}

/*
 * --- EPT -----------------------------------------------------------------------------------------
 */

/* SDM 28.3.3.1: write without read, execute alone unless the CPU has it, memory types 2, 3, 7. */
static u64 ept_bad_mt_xwr(bool has_exec_only)
{
	u64 bad = 0;
	unsigned int i;

	for (i = 0; i < 64; i++) {
		unsigned int type = i >> 3, xwr = i & 7;

		if (type == 2 || type == 3 || type == 7 || xwr == 2 || xwr == 6 ||
		    (xwr == 4 && !has_exec_only))
			bad |= BIT_ULL(i);
	}
	return bad;
}

static void ept_build_rsvd(struct kvm_paging *pg, u8 maxphyaddr, bool has_exec_only,
			   bool has_gbpages)
{
	u64 high = paging_high_bits(maxphyaddr);
	u64 table = high | GENMASK_ULL(6, 3);	/* SDM tables 28-1 to 28-5: no memory type */
	int i;

	for (i = 0; i < KVM_MMU_MAX_LEVEL; i++) {
		pg->rsvd.mask[0][i] = table;
		pg->rsvd.mask[1][i] = table | GPTE_PS;
	}
	/* In the last table bit 7 is ignored, and bits 6:3 hold the memory type. */
	pg->rsvd.mask[0][0] = high;
	pg->rsvd.mask[1][0] = high;
	pg->rsvd.mask[1][1] = high | GENMASK_ULL(20, 12);
	if (has_gbpages)
		pg->rsvd.mask[1][2] = high | GENMASK_ULL(29, 12);
	pg->rsvd.bad_mt_xwr = ept_bad_mt_xwr(has_exec_only);
}

/**
 * kvm_paging_init_ept - the format of a nested hypervisor's EPT
 * @pg: filled anew
 * @level: 4 or 5, from its EPTP
 * @maxphyaddr: the guest's physical address width
 * @has_ad_bits: its EPTP turns accessed and dirty flags on
 * @has_exec_only: execute-only pages are legal
 * @has_gbpages: 1 GiB pages are legal
 */
void kvm_paging_init_ept(struct kvm_paging *pg, u8 level, u8 maxphyaddr, bool has_ad_bits,
			 bool has_exec_only, bool has_gbpages)
{
	unsigned int index, acc;

	*pg = (struct kvm_paging) {
		.level = level,
		.walk_level = level,
		.index_bits = 9,
		.wide = true,
		.ept = true,
		.reports_fetch = true,
		.last_pte_bitmap = BIT(1) | (has_gbpages ? BIT(2) : 0),
		.present = GENMASK_ULL(2, 0),
		.accessed = has_ad_bits ? BIT_ULL(8) : 0,
		.dirty = has_ad_bits ? BIT_ULL(9) : 0,
		.addr_mask = GENMASK_ULL(51, 12),
		.root_mask = GENMASK_ULL(51, 12),
	};
	ept_build_rsvd(pg, maxphyaddr, has_exec_only, has_gbpages);

	/* SDM 28.3.2: each access needs its own bit; user or supervisor makes no difference. */
	for (index = 0; index < ARRAY_SIZE(pg->permissions); index++)
		for (acc = 0; acc <= KVM_ACC_ALL; acc++) {
			unsigned int need = KVM_ACC_USER;

			if (index & KVM_ACCESS_IDX_FETCH)
				need = KVM_ACC_EXEC;
			else if (index & KVM_ACCESS_IDX_WRITE)
				need = KVM_ACC_WRITE;
			if (!(acc & need))
				pg->permissions[index] |= BIT(acc);
		}
}
