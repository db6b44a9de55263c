// SPDX-License-Identifier: GPL-2.0-only
/* Runs the unit tests of arch/x86/kvm/mmu's pure files and prints TAP. */
#include <stdarg.h>
#include "unit.h"

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
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

static unsigned int failures;

void unit_fail(const char *format, ...)
{
	va_list args;

	if (failures++ >= 10)
		return;
	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/* xorshift64*: the same sequence in every run. */
u64 unit_random(void)
{
	static u64 state = 0x9e3779b97f4a7c15ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

int main(void)
{
	bool failed = false;
	unsigned int i;

	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		failures = 0;
		tests[i].run();
		printf("%sok %u %s\n", failures ? "not " : "", i + 1, tests[i].name);
		failed |= failures;
	}
	return failed;
}
