/* SPDX-License-Identifier: GPL-2.0-only */
/* Bit operations, none of them atomic, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_BITOPS_H
#define _UNIT_LINUX_BITOPS_H

#include <linux/bits.h>

#define __ffs(x)		((unsigned long)__builtin_ctzl(x))
#define __fls(x)		(63ul - __builtin_clzl(x))
#define __ffs64(x)		((unsigned long)__builtin_ctzll(x))
#define fls(x)			((x) ? 32 - __builtin_clz(x) : 0)
#define fls64(x)		((x) ? 64 - __builtin_clzll(x) : 0)
#define hweight64(x)		((unsigned long)__builtin_popcountll(x))
#define set_bit			__set_bit
#define clear_bit		__clear_bit

static inline bool test_bit(unsigned long n, const unsigned long *map)
{
	return map[n / 64] >> n % 64 & 1;
}

static inline void __set_bit(unsigned long n, unsigned long *map)
{
	map[n / 64] |= BIT(n % 64);
}

static inline void __clear_bit(unsigned long n, unsigned long *map)
{
	map[n / 64] &= ~BIT(n % 64);
}

static inline bool test_and_set_bit(unsigned long n, unsigned long *map)
{
	bool was = test_bit(n, map);

	__set_bit(n, map);
	return was;
}

static inline bool test_and_clear_bit(unsigned long n, unsigned long *map)
{
	bool was = test_bit(n, map);

	__clear_bit(n, map);
	return was;
}

#endif
