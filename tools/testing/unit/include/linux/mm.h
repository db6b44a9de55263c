/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages, whose functions the tests have, and addresses of which the physical is the virtual one. */
#ifndef _UNIT_LINUX_MM_H
#define _UNIT_LINUX_MM_H

#include <linux/types.h>

#define PAGE_SHIFT			12
#undef PAGE_SIZE
#define PAGE_SIZE			(1ull << PAGE_SHIFT)
#define __pa(p)				((u64)(unsigned long)(p))
#define __va(a)				((void *)(unsigned long)(a))

struct page {
	unsigned long private;
	void *addr;
	bool dirty, accessed;
};

#define page_address(page)		((page)->addr)
#define page_private(page)		((page)->private)
#define set_page_private(page, value)	((page)->private = (value))
#define PageReserved(page)		false
#define SetPageDirty(page)		((page)->dirty = true)
#define mark_page_accessed(page)	((page)->accessed = true)

unsigned long get_zeroed_page(int gfp);
void free_page(unsigned long addr);
struct page *virt_to_page(const void *addr);
struct page *pfn_to_page(u64 pfn);

#endif
