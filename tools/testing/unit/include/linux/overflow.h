/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes of allocations, for the userspace build of files that are not quite pure. */
#ifndef _UNIT_LINUX_OVERFLOW_H
#define _UNIT_LINUX_OVERFLOW_H

#define array_size(n, s)		((size_t)(n) * (s))
#define struct_size(p, member, n)	(sizeof(*(p)) + (n) * sizeof((p)->member[0]))

#endif
