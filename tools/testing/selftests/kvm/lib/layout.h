/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's physical memory as the library lays it out, and the words both sides share.
 *
 * Memory is mapped one to one in every mode, so that a guest pointer is a guest physical address.
 */
#ifndef SLIMKVM_TEST_LAYOUT_H
#define SLIMKVM_TEST_LAYOUT_H

#include <stdint.h>

#define GUEST_MEM_SIZE	0x400000UL	/* 4 MiB in slot 0 */
#define GUEST_BLOB_AT	0x8000UL	/* code of GUEST_BLOB(), below 64 KiB for real mode */
#define GUEST_SHARED	0x10000UL	/* struct guest_shared */
#define GUEST_GDT	0x20000UL
#define GUEST_IDT	0x21000UL
#define GUEST_TSS	0x22000UL
#define GUEST_TABLES	0x30000UL	/* page tables, 16 pages */
#define GUEST_PML5	0x37000UL	/* of them, the top one of five levels */
#define GUEST_TEXT	0x100000UL	/* copy of the guest_text section */
#define GUEST_PAGE	0x180000UL	/* a page that tests may unmap or protect */
#define GUEST_STACK	0x1f0000UL	/* stack top of vCPU 0; each next one 16 KiB lower */
#define GUEST_DATA	0x200000UL	/* 2 MiB of data under one large page */
#define GUEST_MMIO	0xd0000000UL	/* mapped by the guest, in no slot */

#define SEL_CODE64	0x08
#define SEL_DATA	0x10
#define SEL_CODE32	0x18
#define SEL_CODE16	0x20
#define SEL_DATA16	0x28
#define SEL_TSS		0x30

#define UCALL_PORT	0xe5
#define UCALL_DONE	1
#define UCALL_SYNC	2
#define UCALL_FAIL	3	/* a GUEST_ASSERT() at line arg[0] */
#define UCALL_TRAP	4	/* unexpected exception: vector, error code, rip */

/* One page that guest and host both read and write; the guest's trap handler fills @trap. */
struct guest_shared {
	uint64_t fixup;		/* where the next exception resumes; 0: it is unexpected */
	struct {
		uint64_t vector;
		uint64_t error;
		uint64_t rip;
		uint64_t cr2;
		uint64_t rflags;
	} trap;
	uint64_t count[256];	/* events taken by vector */
	uint64_t word[64];	/* for the test's own use */
};

#endif
