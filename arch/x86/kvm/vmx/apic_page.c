// SPDX-License-Identifier: GPL-2.0-only
/*
 * "Virtualize APIC accesses" (SDM 29.4): the CPU itself reads and writes TPR in the local APIC's
 * page, on the virtual-APIC page, and tells of other accesses in one exit, without a walk of ours.
 *
 * Owns the APIC-access page of a VM, kvm_mmu_vm.apic_page, on which nothing is ever stored: it is
 * the address that counts. It is a page of the kernel's that never moves. Under the vCPU's mutex.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include "vmcs.h"

/* Exit qualification, bits 15:12: what was done (table 27-6). */
#define VMX_APIC_READ		0
#define VMX_APIC_WRITE		1
#define VMX_APIC_FETCH		2

/** vmx_apic_page_create - for a new VM; 0 or -ENOMEM */
int vmx_apic_page_create(struct kvm *kvm)
{
	struct page *page;

	if (!vmx_caps.flexpriority)
		return 0;
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	/* No mapping of it counts, and its flags say nothing. */
	SetPageReserved(page);
	kvm->arch.mmu.apic_page = page;
	return 0;
}

/** vmx_apic_page_free - undo it; no vCPU can run any more */
void vmx_apic_page_free(struct kvm *kvm)
{
	struct page *page = kvm->arch.mmu.apic_page;

	if (!page)
		return;
	ClearPageReserved(page);
	__free_page(page);
}

/** vmx_apic_page_used - shall hardware answer for the vCPU's APIC? */
bool vmx_apic_page_used(struct vcpu_vmx *vmx)
{
	return vmx->vcpu.arch.apic && vmx->vcpu.kvm->arch.mmu.apic_page && !vmx->apic_away;
}

/**
 * vmx_set_apic_page - x86_ops.set_apic_page
 * @vcpu: the vCPU, which has an APIC in the kernel
 * @there: it is an xAPIC at its default address
 *
 * The page is mapped only while each vCPU has the control set: as ordinary memory none sees it.
 */
void vmx_set_apic_page(struct kvm_vcpu *vcpu, bool there)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	if (!vcpu->kvm->arch.mmu.apic_page || vmx->apic_away == !there)
		return;
	vmx->apic_away = !there;
	if (!there)
		kvm_mmu_apic_page_away(vcpu->kvm, true);
	vmx_vmcs_recalc_controls(vmx);
	if (there)
		kvm_mmu_apic_page_away(vcpu->kvm, false);
}

/**
 * vmx_exit_apic_access - an access to the APIC's page that the CPU leaves to us (29.4.2, 29.4.3)
 * @vcpu: the vCPU
 *
 * Other types than the three are accesses to deliver an event, which is queued again, or those of
 * the CPU's own walk of the guest's tables.
 *
 * Return: 1/0/errno.
 */
int vmx_exit_apic_access(struct kvm_vcpu *vcpu)
{
	unsigned long qualification = vmcs_readl(EXIT_QUALIFICATION);
	u64 error_code = PFERR_GUEST_FINAL_MASK;

	switch (qualification >> 12 & 15) {
	case VMX_APIC_READ:
		break;
	case VMX_APIC_WRITE:
		error_code |= PFERR_WRITE_MASK;
		break;
	case VMX_APIC_FETCH:
		error_code |= PFERR_FETCH_MASK;
		break;
	default:
		error_code = PFERR_GUEST_PAGE_MASK;
		break;
	}
	return kvm_mmu_mmio_fault(vcpu, APIC_DEFAULT_PHYS_BASE | (qualification & 0xfff),
				  error_code);
}
