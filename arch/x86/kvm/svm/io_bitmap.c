// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O permission map: every port access exits. One map for all guests, made at module load and
 * read by CPUs only.
 */
#include <linux/gfp.h>
#include "svm.h"

/* 12 KiB: 64 K ports and the three beyond FFFFh that a 4-byte access reaches (APM2 15.10.1). */
#define SVM_IOPM_ORDER	2

static struct page *svm_iopm;

/** svm_iopm_setup - build the map; 0 or -ENOMEM */
int svm_iopm_setup(void)
{
	svm_iopm = alloc_pages(GFP_KERNEL, SVM_IOPM_ORDER);
	if (!svm_iopm)
		return -ENOMEM;
	memset(page_address(svm_iopm), 0xff, PAGE_SIZE << SVM_IOPM_ORDER);
	return 0;
}

/** svm_iopm_unsetup - free it; no VM exists */
void svm_iopm_unsetup(void)
{
	__free_pages(svm_iopm, SVM_IOPM_ORDER);
	svm_iopm = NULL;
}

/** svm_iopm_pa - VMCB.IOPM_BASE_PA */
u64 svm_iopm_pa(void)
{
	return __sme_pa(page_address(svm_iopm));
}
