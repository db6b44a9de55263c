/* SPDX-License-Identifier: GPL-2.0-only */
/* The bits of EFER that decide the paging mode (APM2 3.1.7). */
#ifndef _UNIT_ASM_MSR_INDEX_H
#define _UNIT_ASM_MSR_INDEX_H

#define EFER_LME	(1 << 8)
#define EFER_LMA	(1 << 10)
#define EFER_NX		(1 << 11)

#endif
