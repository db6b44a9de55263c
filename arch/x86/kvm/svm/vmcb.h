/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMCB: intercept bits and clean bits (APM2 15.9, 15.15, appendix B).
 *
 * A CPU may keep in its own cache the groups of fields whose clean bit is set at VMRUN, so who
 * writes a field says which group it is in. Callers own the vCPU.
 */
#ifndef __KVM_SVM_VMCB_H
#define __KVM_SVM_VMCB_H

#include "svm.h"

/* VMCB.CLEAN, offset C0h: bit numbers of the groups (APM2 15.15.3). */
enum svm_clean {
	SVM_CLEAN_INTERCEPTS,	/* intercept vectors, TSC offset, PAUSE filter */
	SVM_CLEAN_PERM_MAP,	/* physical addresses of the I/O and MSR permission maps */
	SVM_CLEAN_ASID,
	SVM_CLEAN_INTR,		/* V_TPR, V_IRQ and the rest of offset 60h */
	SVM_CLEAN_NPT,		/* nested CR3, G_PAT */
	SVM_CLEAN_CR,		/* CR0, CR3, CR4, EFER */
	SVM_CLEAN_DR,		/* DR6, DR7 */
	SVM_CLEAN_DT,		/* GDT, IDT */
	SVM_CLEAN_SEG,		/* CS, DS, SS, ES, CPL */
	SVM_CLEAN_CR2,
	SVM_CLEAN_LBR,		/* DEBUGCTL and the branch records */
};

/* Nobody has looked at it yet: every group is read from memory (APM2 15.15.2). */
static inline void svm_vmcb_dirty_all(struct vcpu_svm *svm)
{
	svm->vmcb->control.clean = 0;
}

static inline void svm_vmcb_dirty(struct vcpu_svm *svm, enum svm_clean group)
{
	svm->vmcb->control.clean &= ~BIT(group);
}

static inline bool svm_intercepted(struct vcpu_svm *svm, unsigned int bit)
{
	return svm->vmcb->control.intercepts[bit / 32] & BIT(bit % 32);
}

static inline void svm_intercept(struct vcpu_svm *svm, unsigned int bit, bool on)
{
	u32 *word = &svm->vmcb->control.intercepts[bit / 32];
	u32 mask = BIT(bit % 32);

	*word = on ? *word | mask : *word & ~mask;
	svm_vmcb_dirty(svm, SVM_CLEAN_INTERCEPTS);
}

static inline void svm_intercept_exception(struct vcpu_svm *svm, u8 vector, bool on)
{
	svm_intercept(svm, INTERCEPT_EXCEPTION_OFFSET + vector, on);
}

int svm_vmcb_create(struct vcpu_svm *svm);
void svm_vmcb_free(struct vcpu_svm *svm);
void svm_vmcb_init(struct vcpu_svm *svm);
void svm_vmcb_recalc_intercepts(struct vcpu_svm *svm);
void svm_vmcb_intercept_drs(struct vcpu_svm *svm, bool on);
void svm_vmcb_dump(struct vcpu_svm *svm);

#endif
