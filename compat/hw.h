/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hardware constants that the oldest kernel's headers lack. Each stands under an #ifndef, so that
 * the kernel's own wins where it has one; the manual's section is beside it.
 */
#ifndef SLIMKVM_COMPAT_HW_H
#define SLIMKVM_COMPAT_HW_H

#include <linux/bits.h>
#include <asm/cpufeatures.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/svm.h>

/* Virtual NMI, in int_ctl of the VMCB (APM vol. 2, 15.21.10). */
#ifndef V_NMI_PENDING_SHIFT
#define V_NMI_PENDING_SHIFT  11
#define V_NMI_PENDING_MASK   BIT(V_NMI_PENDING_SHIFT)
#define V_NMI_BLOCKING_SHIFT 12
#define V_NMI_BLOCKING_MASK  BIT(V_NMI_BLOCKING_SHIFT)
#define V_NMI_ENABLE_SHIFT   26
#define V_NMI_ENABLE_MASK    BIT(V_NMI_ENABLE_SHIFT)
#endif

/* CR4.LAM_SUP and CR3's LAM bits (SDM vol. 3, 4.1.4, 2.5). */
#ifndef X86_CR4_LAM_SUP
#define X86_CR4_LAM_SUP_BIT 28
#define X86_CR4_LAM_SUP	    BIT_ULL(X86_CR4_LAM_SUP_BIT)
#define X86_CR3_LAM_U57_BIT 61
#define X86_CR3_LAM_U57	    BIT_ULL(X86_CR3_LAM_U57_BIT)
#define X86_CR3_LAM_U48_BIT 62
#define X86_CR3_LAM_U48	    BIT_ULL(X86_CR3_LAM_U48_BIT)
#endif

#ifndef X86_CR4_FRED
#define X86_CR4_FRED_BIT 32
#define X86_CR4_FRED	 BIT_ULL(X86_CR4_FRED_BIT)
#endif

/* Memory types of PAT and MTRRs (SDM vol. 3, 11.12.2). */
#ifndef X86_MEMTYPE_WB
#define X86_MEMTYPE_UC	     0ull
#define X86_MEMTYPE_WC	     1ull
#define X86_MEMTYPE_WT	     4ull
#define X86_MEMTYPE_WP	     5ull
#define X86_MEMTYPE_WB	     6ull
#define X86_MEMTYPE_UC_MINUS 7ull
#endif

/* VM_CR: SVM off, and locked so (APM vol. 2, 15.30.1). */
#ifndef SVM_VM_CR_SVM_DIS_MASK
#define SVM_VM_CR_SVM_LOCK_MASK BIT_ULL(3)
#define SVM_VM_CR_SVM_DIS_MASK	BIT_ULL(4)
#endif

/* CPUID Fn8000_0021 EAX (APM vol. 3, appendix E.4.21): words kept by newer kernels only. */
#ifndef X86_FEATURE_NO_NESTED_DATA_BP
#define X86_FEATURE_NO_NESTED_DATA_BP (20 * 32 + 0)
#endif
#ifndef X86_FEATURE_NULL_SEL_CLR_BASE
#define X86_FEATURE_NULL_SEL_CLR_BASE (20 * 32 + 6)
#endif

#endif /* SLIMKVM_COMPAT_HW_H */
