/* SPDX-License-Identifier: GPL-2.0-only */
/* TAP for the unit tests of mmu/: a test fails by unit_fail(), which says where (main.c). */
#ifndef _UNIT_MMU_TAP_H
#define _UNIT_MMU_TAP_H

#include <linux/types.h>

void unit_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
u64 unit_random(void);

#define EXPECT(cond, format, ...) do {							\
	if (!(cond))									\
		unit_fail("%s:%d: %s: " format, __FILE__, __LINE__, #cond, ##__VA_ARGS__);	\
} while (0)

void test_tdp_random(void);
void test_tdp_dirty(void);
void test_tdp_tables(void);

#endif
