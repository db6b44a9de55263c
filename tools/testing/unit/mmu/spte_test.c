// SPDX-License-Identifier: GPL-2.0-only
/* spte.c: what hardware will read in the entries we make (APM2 5.3, 15.25.5; SDM 28.3.2). */
#include "unit.h"

#define PFN	0x123456ull

static const struct spte_leaf rw = {
	.pfn = PFN, .level = 1, .write = true, .host_writable = true, .refcounted = true,
};

static void check_common(void)
{
	struct spte_leaf leaf = rw;
	u64 spte = spte_make_leaf(&leaf);

	EXPECT(spte_is_present(spte) && spte_is_leaf(spte, 1) && !spte_is_table(spte, 1),
	       "%#llx", spte);
	EXPECT(spte_pfn(spte) == PFN, "%#llx", spte);
	EXPECT(spte_is_writable(spte) && spte_is_executable(spte) && spte_is_accessed(spte),
	       "%#llx", spte);
	EXPECT(spte_may_be_made_writable(spte_log_protect(spte, false)), "%#llx", spte);
	EXPECT(!spte_is_writable(spte_log_protect(spte, false)) &&
	       !spte_is_dirty(spte_log_protect(spte, false)), "%#llx", spte);

	leaf.host_writable = false;
	leaf.write = false;
	EXPECT(!spte_may_be_made_writable(spte_make_leaf(&leaf)), "host read-only");

	leaf.pfn = PFN & ~0x1ffull;
	leaf.level = 2;
	spte = spte_make_leaf(&leaf);
	EXPECT((spte & SPTE_HUGE) && spte_is_leaf(spte, 2) && !spte_is_table(spte, 2), "%#llx",
	       spte);

	spte = spte_make_table(PFN << 12);
	EXPECT(spte_is_table(spte, 2) && !spte_is_leaf(spte, 2) && spte_hpa(spte) == PFN << 12,
	       "%#llx", spte);
	EXPECT(!spte_is_present(SPTE_NONE) && !spte_is_leaf(SPTE_NONE, 1) &&
	       !spte_is_table(SPTE_NONE, 2), "none");
}

void test_spte_npt(void)
{
	const u64 soft = SPTE_PRESENT | SPTE_HOST_WRITABLE | SPTE_MMU_WRITABLE | SPTE_REFCOUNTED;
	struct spte_leaf leaf = rw;

	spte_set_npt_masks(0);
	check_common();
	EXPECT((spte_make_leaf(&leaf) & ~soft) == (PFN << 12 | GPTE_P | GPTE_W | GPTE_U | GPTE_A),
	       "%#llx", spte_make_leaf(&leaf));
	EXPECT(!spte_is_dirty(spte_make_leaf(&leaf)), "dirty before a write");
	leaf.dirtied = true;
	EXPECT(spte_is_dirty(spte_make_leaf(&leaf)), "clean after a write");
	EXPECT((spte_make_table(0x5000) & ~SPTE_PRESENT) ==
	       (0x5000 | GPTE_P | GPTE_W | GPTE_U | GPTE_A), "%#llx", spte_make_table(0x5000));

	/* with memory encryption each address has the bit, and none of our own uses sees it */
	spte_set_npt_masks(BIT_ULL(47));
	check_common();
	EXPECT(spte_make_leaf(&leaf) & BIT_ULL(47), "%#llx", spte_make_leaf(&leaf));
	EXPECT(spte_make_table(0x5000) & BIT_ULL(47), "%#llx", spte_make_table(0x5000));
}

void test_spte_ept(void)
{
	const u64 soft = SPTE_PRESENT | SPTE_HOST_WRITABLE | SPTE_MMU_WRITABLE | SPTE_REFCOUNTED;
	const u64 wb = 6ull << 3;
	struct spte_leaf leaf = rw;

	leaf.mt = wb;
	spte_set_ept_masks(true);
	check_common();
	EXPECT((spte_make_leaf(&leaf) & ~soft) == (PFN << 12 | wb | 7 | BIT_ULL(8)), "%#llx",
	       spte_make_leaf(&leaf));
	EXPECT((spte_make_table(0x5000) & ~SPTE_PRESENT) == (0x5000 | 7 | BIT_ULL(8)), "%#llx",
	       spte_make_table(0x5000));

	/* without A/D flags bits 8 and 9 stay clear, and writable is as good as dirty */
	spte_set_ept_masks(false);
	check_common();
	EXPECT((spte_make_leaf(&leaf) & ~soft) == (PFN << 12 | wb | 7), "%#llx",
	       spte_make_leaf(&leaf));
	EXPECT(spte_is_dirty(spte_make_leaf(&leaf)), "writable");
}

static void check_flush(void)
{
	u64 spte = spte_make_leaf(&rw), protected = spte_log_protect(spte, false);
	struct spte_leaf other = rw;

	other.pfn = PFN + 1;
	EXPECT(!spte_change_needs_flush(SPTE_NONE, spte, 1), "new");
	EXPECT(!spte_change_needs_flush(spte, spte, 1), "same");
	EXPECT(!spte_change_needs_flush(protected, spte, 1), "gains W");
	EXPECT(spte_change_needs_flush(spte, protected, 1), "loses W");
	EXPECT(spte_change_needs_flush(spte, SPTE_NONE, 1), "zapped");
	EXPECT(spte_change_needs_flush(spte, spte_make_leaf(&other), 1), "another frame");
	EXPECT(spte_change_needs_flush(spte_make_table(0x5000), SPTE_NONE, 2), "table zapped");
	EXPECT(spte_change_needs_flush(spte_make_table(PFN << 12), spte | SPTE_HUGE, 2),
	       "table to page");
	if (spte_masks.accessed)
		EXPECT(!spte_change_needs_flush(spte, spte_make_old(spte), 1), "old");
	if (spte_masks.dirty)
		EXPECT(spte_change_needs_flush(spte | spte_masks.dirty, spte, 1), "cleaned");
}

void test_spte_flush(void)
{
	spte_set_npt_masks(0);
	check_flush();
	spte_set_ept_masks(true);
	check_flush();
	spte_set_ept_masks(false);
	check_flush();
}
