// SPDX-License-Identifier: GPL-2.0-only
/* The emulator's unit tests, in TAP. CASES, SEED and FIRST steer the random ones. */
#include "harness.h"

int main(void)
{
	printf("TAP version 13\n");
	test_length();
	test_modes();
	test_system();
	test_string();
	test_vector();
	test_segments();
	test_tasks();
	test_vendors();
	test_differential();
	printf("1..%u\n", tap_count);
	return tap_failed != 0;
}
