/* SPDX-License-Identifier: GPL-2.0-only */
/* Bit operations on plain words, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_BITOPS_H
#define _UNIT_LINUX_BITOPS_H

#include <linux/bits.h>

#define __ffs(x)		((unsigned long)__builtin_ctzl(x))
#define __ffs64(x)		((unsigned long)__builtin_ctzll(x))
#define fls64(x)		((x) ? 64 - __builtin_clzll(x) : 0)
#define hweight64(x)		((unsigned long)__builtin_popcountll(x))

#endif
