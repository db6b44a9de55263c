// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encodes SPTEs. Called by tdp.c under mmu_lock or RCU; the masks are written by mmu.c while the
 * module loads and constant afterwards.
 *
 * Pure: tools/testing/unit/mmu builds it in userspace.
 */
#include <linux/cache.h>
#include "spte.h"

/* NPT, long-mode PTEs: APM2 5.3, 15.25.5. */
#define NPT_P		BIT_ULL(0)
#define NPT_U		BIT_ULL(2)
#define NPT_A		BIT_ULL(5)
#define NPT_D		BIT_ULL(6)
#define NPT_NX		BIT_ULL(63)

/* EPT: SDM 28.3.2, tables 28-1 to 28-7. */
#define EPT_R		BIT_ULL(0)
#define EPT_X		BIT_ULL(2)
#define EPT_A		BIT_ULL(8)
#define EPT_D		BIT_ULL(9)

struct spte_masks spte_masks __read_mostly;

/**
 * spte_set_npt_masks - SPTEs are ordinary long-mode PTEs
 * @me: the host's memory encryption bit, or 0
 *
 * Tables have A set from the start: hardware need not write them then.
 */
void spte_set_npt_masks(u64 me)
{
	spte_masks = (struct spte_masks) {
		.leaf = NPT_P | NPT_U,
		.table = NPT_P | SPTE_WRITE | NPT_U | NPT_A,
		.nx = NPT_NX,
		.accessed = NPT_A,
		.dirty = NPT_D,
		.me = me,
	};
}

/**
 * spte_set_ept_masks - SPTEs are EPT entries
 * @has_ad_bits: IA32_VMX_EPT_VPID_CAP says so and the EPTP turns them on (SDM 28.3.5)
 */
void spte_set_ept_masks(bool has_ad_bits)
{
	spte_masks = (struct spte_masks) {
		.leaf = EPT_R,
		.table = EPT_R | SPTE_WRITE | EPT_X | (has_ad_bits ? EPT_A : 0),
		.exec = EPT_X,
		.accessed = has_ad_bits ? EPT_A : 0,
		.dirty = has_ad_bits ? EPT_D : 0,
		.ept = true,
	};
}

/**
 * spte_make_leaf - encode a mapping
 * @leaf: what it shall say
 *
 * It is born accessed: the fault that asks for it is an access. Every page is executable, but for
 * @leaf->no_exec; the guest's own tables decide.
 */
u64 spte_make_leaf(const struct spte_leaf *leaf)
{
	u64 spte = (leaf->pfn << 12) | spte_masks.me | spte_masks.leaf | spte_masks.exec |
		   spte_masks.accessed | leaf->mt | SPTE_PRESENT;

	if (leaf->level > 1)
		spte |= SPTE_HUGE;
	if (leaf->no_exec)
		spte = (spte & ~spte_masks.exec) | spte_masks.nx;
	if (leaf->refcounted)
		spte |= SPTE_REFCOUNTED;
	if (leaf->host_writable)
		spte |= SPTE_HOST_WRITABLE | SPTE_MMU_WRITABLE;
	if (leaf->write) {
		spte |= SPTE_WRITE;
		if (leaf->dirtied)
			spte |= spte_masks.dirty;
	}
	return spte;
}

/**
 * spte_make_table - encode an entry that holds a page table
 * @hpa: of the table; all rights, so that the leaves alone decide
 */
u64 spte_make_table(u64 hpa)
{
	return hpa | spte_masks.me | spte_masks.table | SPTE_PRESENT;
}

/**
 * spte_make_child - one of the 512 entries that a huge leaf is split into
 * @spte: the huge leaf
 * @level: its level, 2 or 3
 * @index: which one
 *
 * It says the same of its part: rights, A, D and memory type stand at the same bits at each level.
 * But for X, which a huge page may lack for its size alone (nx_huge_pages).
 */
u64 spte_make_child(u64 spte, int level, unsigned int index)
{
	spte += (u64)index << (12 + SPTE_INDEX_BITS * (level - 2));
	if (level == 2)
		spte = (spte & ~(SPTE_HUGE | spte_masks.nx)) | spte_masks.exec;
	return spte;
}

/**
 * spte_make_old - the same mapping, not accessed
 * @spte: a leaf; the format has accessed bits
 */
u64 spte_make_old(u64 spte)
{
	return spte & ~spte_masks.accessed;
}

/**
 * spte_change_needs_flush - can a TLB hold what the change takes away?
 * @old: the entry before
 * @new: after
 * @level: of both
 *
 * An entry that was not present is not cached (SDM 28.4.2, APM2 5.5.2: only valid translations
 * are), and one that gains rights makes at most a spurious fault, which re-walks the tables (SDM
 * 4.10.4.3). Whatever loses a right, changes its frame or loses its table may be cached: INVEPT or
 * an ASID flush is due before anybody relies on it (SDM 28.4.3.3, APM2 15.16.1). An accessed bit
 * that is cleared without a flush only makes the page look older than it is. A dirty bit that is
 * cleared needs it: hardware caches "already dirty".
 */
bool spte_change_needs_flush(u64 old, u64 new, int level)
{
	u64 weaker = SPTE_WRITE | spte_masks.exec | spte_masks.dirty;

	if (!spte_is_present(old))
		return false;
	if (!spte_is_present(new) || spte_is_leaf(old, level) != spte_is_leaf(new, level))
		return true;
	if (spte_hpa(old) != spte_hpa(new))
		return true;
	return (old & ~new & weaker) || (~old & new & spte_masks.nx);
}
