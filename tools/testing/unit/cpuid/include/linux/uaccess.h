/* SPDX-License-Identifier: GPL-2.0-only */
/* All of it is in fake_kernel.h, which comes first. */
#ifndef _UNIT_CPUID_LINUX_UACCESS_H
#define _UNIT_CPUID_LINUX_UACCESS_H
#endif
