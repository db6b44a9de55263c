// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSR permission map of a vCPU: which MSRs the guest reads or writes without an exit.
 *
 * Owned by the vCPU's thread; the CPU reads it in the guest. Its address is in the VMCB under the
 * clean bit SVM_CLEAN_PERM_MAP, and so is its content (APM2 15.15.3).
 */
#include <linux/gfp.h>
#include "vmcb.h"

/* 8 KiB, two bits an MSR: read, write (APM2 15.11). */
#define SVM_MSRPM_ORDER		1
#define SVM_MSRPM_RANGE		0x2000		/* MSRs in a range */
#define SVM_MSRPM_RANGE_BYTES	0x800

static const u32 svm_msrpm_base[] = { 0x00000000, 0xc0000000, 0xc0010000 };

/*
 * Those that VMLOAD and VMSAVE switch (APM2 15.5.2): what the guest does with them concerns nobody
 * else.
 */
static const u32 svm_msrs_direct[] = {
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK,
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
};

/* Bit number of @msr's read bit, -1: not in the map, it always exits. */
static int svm_msrpm_bit(u32 msr)
{
	unsigned int range;

	for (range = 0; range < ARRAY_SIZE(svm_msrpm_base); range++) {
		u32 index = msr - svm_msrpm_base[range];

		if (index < SVM_MSRPM_RANGE)
			return range * SVM_MSRPM_RANGE_BYTES * 8 + index * 2;
	}
	return -1;
}

/**
 * svm_set_msr_direct - let the guest access an MSR directly, or not
 * @vcpu: the vCPU
 * @msr: which, one that the map has
 * @read: RDMSR does not exit
 * @write: WRMSR does not exit
 */
void svm_set_msr_direct(struct kvm_vcpu *vcpu, u32 msr, bool read, bool write)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	int bit = svm_msrpm_bit(msr);

	if (WARN_ON_ONCE(bit < 0))
		return;
	__assign_bit(bit, svm->msrpm, !read);
	__assign_bit(bit + 1, svm->msrpm, !write);
	svm_vmcb_dirty(svm, SVM_CLEAN_PERM_MAP);
}

/** svm_msrpm_create - a map in which all but the direct MSRs exit; 0 or -ENOMEM. VMCB is there. */
int svm_msrpm_create(struct vcpu_svm *svm)
{
	unsigned int i;

	svm->msrpm = (void *)__get_free_pages(GFP_KERNEL_ACCOUNT, SVM_MSRPM_ORDER);
	if (!svm->msrpm)
		return -ENOMEM;
	memset(svm->msrpm, 0xff, PAGE_SIZE << SVM_MSRPM_ORDER);
	for (i = 0; i < ARRAY_SIZE(svm_msrs_direct); i++)
		svm_set_msr_direct(&svm->vcpu, svm_msrs_direct[i], true, true);
	return 0;
}

/** svm_msrpm_free - and away with it */
void svm_msrpm_free(struct vcpu_svm *svm)
{
	free_pages((unsigned long)svm->msrpm, SVM_MSRPM_ORDER);
	svm->msrpm = NULL;
}
