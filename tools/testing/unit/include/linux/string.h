/* SPDX-License-Identifier: GPL-2.0-only */
/* String functions, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_STRING_H
#define _UNIT_LINUX_STRING_H

#include <string.h>

#endif
