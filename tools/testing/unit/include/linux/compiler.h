/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes of the kernel, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_COMPILER_H
#define _UNIT_LINUX_COMPILER_H

#define __aligned(x)		__attribute__((__aligned__(x)))
#define __packed	__attribute__((__packed__))

#endif
