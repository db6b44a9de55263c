// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSR bitmap of a vCPU: which MSRs the guest reads or writes without an exit (SDM 24.6.9).
 *
 * Owned by the vCPU's thread; the CPU reads it in the guest.
 */
#include <linux/gfp.h>
#include "vmcs.h"

/* One page: reads of low and high MSRs, then writes of both; one bit an MSR. */
#define VMX_MSR_RANGE		0x2000
#define VMX_MSR_HIGH		0xc0000000
#define VMX_MSR_WRITES		(2 * VMX_MSR_RANGE)

/*
 * Those that VM entry and exit load and save, and KERNEL_GS_BASE, which host.c switches: what the
 * guest does with them concerns nobody else.
 */
static const u32 vmx_msrs_direct[] = {
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
};

/* Bit number of @msr's read bit, -1: not in the bitmap, it always exits. */
static int vmx_msr_bit(u32 msr)
{
	if (msr < VMX_MSR_RANGE)
		return msr;
	if (msr - VMX_MSR_HIGH < VMX_MSR_RANGE)
		return VMX_MSR_RANGE + (msr - VMX_MSR_HIGH);
	return -1;
}

/**
 * vmx_set_msr_direct - let the guest access an MSR directly, or not
 * @vcpu: the vCPU
 * @msr: which, one that the bitmap has
 * @read: RDMSR does not exit
 * @write: WRMSR does not exit
 */
void vmx_set_msr_direct(struct kvm_vcpu *vcpu, u32 msr, bool read, bool write)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	int bit = vmx_msr_bit(msr);

	if (WARN_ON_ONCE(bit < 0))
		return;
	__assign_bit(bit, vmx->msr_bitmap, !read);
	__assign_bit(bit + VMX_MSR_WRITES, vmx->msr_bitmap, !write);
}

/** vmx_msr_bitmap_create - a bitmap in which all but the direct MSRs exit; 0 or -ENOMEM */
int vmx_msr_bitmap_create(struct vcpu_vmx *vmx)
{
	unsigned int i;

	vmx->msr_bitmap = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!vmx->msr_bitmap)
		return -ENOMEM;
	memset(vmx->msr_bitmap, 0xff, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(vmx_msrs_direct); i++)
		vmx_set_msr_direct(&vmx->vcpu, vmx_msrs_direct[i], true, true);
	/* RDMSR of the TSC is scaled and offset as RDTSC is (25.3). */
	vmx_set_msr_direct(&vmx->vcpu, MSR_IA32_TSC, true, false);
	return 0;
}

/** vmx_msr_bitmap_free - and away with it */
void vmx_msr_bitmap_free(struct vcpu_vmx *vmx)
{
	free_page((unsigned long)vmx->msr_bitmap);
	vmx->msr_bitmap = NULL;
}
