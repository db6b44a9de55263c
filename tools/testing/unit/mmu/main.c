// SPDX-License-Identifier: GPL-2.0-only
/* Runs the unit tests of arch/x86/kvm/mmu's pure files and prints TAP. */
#include "unit.h"
#include <unit_main.h>

static const struct unit_test tests[] = {
	{ "permissions: every access against SDM 4.6.1", test_permissions },
	{ "permissions: protection keys against SDM 4.6.2", test_pkru },
	{ "reserved bits: every bit, level, mode and width", test_reserved_bits },
	{ "reserved bits: EPT, memory types and rights", test_ept_reserved },
	{ "walk: each mode and page size", test_walk_modes },
	{ "walk: error codes", test_walk_errors },
	{ "walk: accessed and dirty bits, races, ROM", test_walk_accessed_dirty },
	{ "walk: random tables against the model", test_walk_random },
	{ "walk: EPT", test_walk_ept },
	{ "spte: NPT encoding", test_spte_npt },
	{ "spte: EPT encoding", test_spte_ept },
	{ "spte: which changes need a TLB flush", test_spte_flush },
	{ "shadow: rights of a leaf, as hardware sees them", test_shadow_rights },
	{ "shadow: quadrants of 32-bit tables", test_shadow_quadrants },
	{ "tdp: random operations against a flat model", test_tdp_random },
	{ "tdp: the dirty log and the page's own state", test_tdp_dirty },
	{ "tdp: tables come and go with their range", test_tdp_tables },
};

int main(void)
{
	return unit_main(tests, ARRAY_SIZE(tests));
}
