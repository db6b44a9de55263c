// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-modification logging (SDM 28.3.6): when hardware sets D in an EPT entry it writes the
 * guest-physical address into a page of 512 entries, and a full page exits. It fills the vCPU's
 * dirty ring, so that the ring costs no write faults. VMs without rings read the D bits themselves.
 *
 * The page belongs to the vCPU and is emptied by its thread after each exit.
 */
#include "vmcs.h"

/* Hardware fills from the last entry down; the index is that of the next one. */
#define PML_FIRST	(PML_ENTRIES - 1)

/**
 * vmx_pml_create - the page, if the VM has dirty rings and the CPU the feature
 * @vmx: the vCPU
 *
 * Return: 0 or -ENOMEM.
 */
int vmx_pml_create(struct vcpu_vmx *vmx)
{
	if (!vmx->vcpu.kvm->dirty_ring_size || !vmx_pml_used())
		return 0;
	vmx->pml = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	return vmx->pml ? 0 : -ENOMEM;
}

/** vmx_pml_free - undo vmx_pml_create() */
void vmx_pml_free(struct vcpu_vmx *vmx)
{
	free_page((unsigned long)vmx->pml);
	vmx->pml = NULL;
}

/** vmx_pml_init - the VMCS's fields (24.6.19); the control is vmx_vmcs_recalc_controls()'s */
void vmx_pml_init(struct vcpu_vmx *vmx)
{
	if (!vmx->pml)
		return;
	vmcs_write64(PML_ADDRESS, __pa(vmx->pml));
	vmcs_write16(GUEST_PML_INDEX, PML_FIRST);
}

/**
 * vmx_pml_flush - bring what was logged into the dirty ring
 * @vmx: the vCPU, which has a page; after an exit, before anything else is made of it
 *
 * An index beyond the last entry says that the page is full: it was counted down from 0. The ring
 * gets the entries in the order of the writes.
 */
void vmx_pml_flush(struct vcpu_vmx *vmx)
{
	u16 next = vmcs_read16(GUEST_PML_INDEX);
	int i, last = next < PML_ENTRIES ? next + 1 : 0;

	if (next == PML_FIRST)
		return;
	for (i = PML_FIRST; i >= last; i--)
		kvm_vcpu_mark_page_dirty(&vmx->vcpu, gpa_to_gfn(vmx->pml[i]));
	vmcs_write16(GUEST_PML_INDEX, PML_FIRST);
}

/**
 * vmx_exit_pml_full - the page is full, and has been emptied by now
 * @vcpu: the vCPU
 *
 * The exit may have come in the middle of an IRET (27.2.3). Return: 1.
 */
int vmx_exit_pml_full(struct kvm_vcpu *vcpu)
{
	vmx_events_iret_fault(vcpu, vmcs_readl(EXIT_QUALIFICATION));
	return 1;
}
