/* SPDX-License-Identifier: GPL-2.0-only */
/* Error numbers, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_ERRNO_H
#define _UNIT_LINUX_ERRNO_H

#include_next <linux/errno.h>

#endif
