/* SPDX-License-Identifier: GPL-2.0-only */
/* Placement of data, which a userspace build leaves to the compiler. */
#ifndef _UNIT_LINUX_CACHE_H
#define _UNIT_LINUX_CACHE_H

#define __read_mostly

#endif
