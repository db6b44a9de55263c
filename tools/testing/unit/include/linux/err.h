/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors as pointers, for the userspace build of files that are not quite pure. */
#ifndef _UNIT_LINUX_ERR_H
#define _UNIT_LINUX_ERR_H

#define IS_ERR(p)		((unsigned long)(p) > -4096ul)
#define PTR_ERR(p)		((long)(p))
#define ERR_PTR(e)		((void *)(long)(e))

#endif
