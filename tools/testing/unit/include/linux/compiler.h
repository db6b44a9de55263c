/* SPDX-License-Identifier: GPL-2.0-only */
/* Attributes and accesses of the kernel, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_COMPILER_H
#define _UNIT_LINUX_COMPILER_H

#define __aligned(x)		__attribute__((__aligned__(x)))
#define __packed		__attribute__((__packed__))
#define noinline		__attribute__((__noinline__))
#define __user
#define __rcu
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

#endif
