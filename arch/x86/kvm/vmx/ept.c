// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: the EPT pointer, VPIDs, TLB flushes, EPT violations (SDM 28.3, 28.4).
 *
 * Translations of a guest are tagged with its VPID and its EPT pointer. The flushes run with
 * preemption off on the CPU the vCPU is loaded on; VPIDs are given under vpid_lock.
 */
#include <linux/bitmap.h>
#include <linux/spinlock.h>
#include "vmcs.h"

/* ---- instructions (30.3) --------------------------------------------------------------------- */

struct vmx_inv_operand {
	u64 tag;	/* EPTP, or VPID in bits 15:0 */
	u64 address;
};

/* Both answer VMfail only for a type that the capabilities do not name: a fault of ours. */
static __always_inline void vmx_invept(unsigned long type, u64 eptp)
{
	struct vmx_inv_operand operand = { .tag = eptp };

	asm volatile("1: invept %0, %1\n2:\n\t" _ASM_EXTABLE(1b, 2b)
		     : : "m"(operand), "r"(type) : "cc", "memory");
}

static __always_inline void vmx_invvpid(unsigned long type, u16 vpid, unsigned long address)
{
	struct vmx_inv_operand operand = { .tag = vpid, .address = address };

	asm volatile("1: invvpid %0, %1\n2:\n\t" _ASM_EXTABLE(1b, 2b)
		     : : "m"(operand), "r"(type) : "cc", "memory");
}

static bool vmx_vpid_extent(u64 bit)
{
	return (vmx_caps.ept_vpid >> 32) & bit;
}

/* ---- VPIDs (28.1) ---------------------------------------------------------------------------- */

static DEFINE_SPINLOCK(vpid_lock);
static DECLARE_BITMAP(vpids, VMX_NR_VPIDS);

/**
 * vmx_vpid_take - a VPID for a new vCPU
 * @vmx: the vCPU
 *
 * VPID 0 is the host's; a vCPU that gets no other runs without: then each entry and exit flushes.
 * What an earlier owner has left in the TLBs goes as the vCPU comes to a CPU: vmx_vmcs_load().
 */
void vmx_vpid_take(struct vcpu_vmx *vmx)
{
	unsigned long vpid;

	vmx->vpid = 0;
	if (!vmx_has2(SECONDARY_EXEC_ENABLE_VPID))
		return;
	spin_lock(&vpid_lock);
	vpid = find_next_zero_bit(vpids, VMX_NR_VPIDS, 1);
	if (vpid < VMX_NR_VPIDS) {
		__set_bit(vpid, vpids);
		vmx->vpid = vpid;
	}
	spin_unlock(&vpid_lock);
}

/** vmx_vpid_give - and back */
void vmx_vpid_give(struct vcpu_vmx *vmx)
{
	if (!vmx->vpid)
		return;
	spin_lock(&vpid_lock);
	__clear_bit(vmx->vpid, vpids);
	spin_unlock(&vpid_lock);
	vmx->vpid = 0;
}

/* ---- the EPT pointer ------------------------------------------------------------------------- */

/** vmx_ept_setup - tell the MMU what its tables are; at module load */
void vmx_ept_setup(void)
{
	int huge = 1;

	if (vmx_caps.ept_vpid & VMX_EPT_2MB_PAGE_BIT)
		huge = 2;
	if (huge == 2 && (vmx_caps.ept_vpid & VMX_EPT_1GB_PAGE_BIT))
		huge = 3;
	kvm_mmu_configure(vmx_has_ept(), vmx_get_tdp_level(), huge);
	if (vmx_has_ept())
		kvm_mmu_set_ept_masks(vmx_caps.ept_ad,
				      vmx_caps.ept_vpid & VMX_EPT_EXECUTE_ONLY_BIT);
	kvm_mmu_set_dirty_buffer(vmx_pml_used() ? PML_ENTRIES : 0);
}

/** vmx_get_tdp_level - 4, or 5 where guest-physical addresses need it (28.3.2) */
int vmx_get_tdp_level(void)
{
	return vmx_caps.ept_5level ? 5 : 4;
}

/**
 * vmx_load_mmu_root - hardware shall walk these tables
 * @vcpu: the vCPU, loaded
 * @root: physical address of the top table
 * @level: of the tables
 *
 * The tables themselves are read as write-back memory (24.6.11). Without EPT they are the guest's
 * as the CPU sees them; PAE's four entries are loaded from there by VM entry (26.3.2.4).
 */
void vmx_load_mmu_root(struct kvm_vcpu *vcpu, hpa_t root, int level)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u64 eptp = root | VMX_EPTP_MT_WB | (level == 5 ? VMX_EPTP_PWL_5 : VMX_EPTP_PWL_4);

	if (!vmx_has_ept()) {
		vmcs_writel(GUEST_CR3, root);
		return;
	}
	if (vmx_caps.ept_ad)
		eptp |= VMX_EPTP_AD_ENABLE_BIT;
	if (vmx->eptp == eptp)
		return;
	vmx->eptp = eptp;
	vmcs_write64(EPT_POINTER, eptp);
}

/**
 * vmx_get_mt_mask - memory type bits of a leaf (28.3.7.2)
 * @vcpu: the vCPU
 * @gfn: not looked at: the guest's MTRRs do not reach its memory
 * @is_mmio: the frame is a device's, not memory
 *
 * Memory is write-back whatever the guest's PAT says, as the host maps it so: "ignore PAT". No
 * device reads it past the caches.
 */
u64 vmx_get_mt_mask(struct kvm_vcpu *vcpu, gfn_t gfn, bool is_mmio)
{
	if (is_mmio)
		return X86_MEMTYPE_UC << VMX_EPT_MT_EPTE_SHIFT;
	return (X86_MEMTYPE_WB << VMX_EPT_MT_EPTE_SHIFT) | VMX_EPT_IPAT_BIT;
}

/* ---- flushes (28.4.3) ------------------------------------------------------------------------ */

/** vmx_ept_flush_cpu - forget all that any guest has left on this CPU; VMX has just come on */
void vmx_ept_flush_cpu(void)
{
	if (vmx_caps.ept_vpid & VMX_EPT_EXTENT_GLOBAL_BIT)
		vmx_invept(VMX_EPT_EXTENT_GLOBAL, 0);
	if (vmx_has2(SECONDARY_EXEC_ENABLE_VPID) &&
	    vmx_vpid_extent(VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT))
		vmx_invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0, 0);
}

static void vmx_invept_vcpu(struct vcpu_vmx *vmx)
{
	if (vmx_caps.ept_vpid & VMX_EPT_EXTENT_CONTEXT_BIT)
		vmx_invept(VMX_EPT_EXTENT_CONTEXT, vmx->eptp);
	else
		vmx_invept(VMX_EPT_EXTENT_GLOBAL, 0);
}

/**
 * vmx_tlb_flush_all - our own tables have changed: forget what was made of them
 * @vcpu: the vCPU, about to be entered
 *
 * INVEPT takes the combined translations with it, whatever their VPID and PCID. On a CPU without
 * the single context all of them go. The guest's own context is flushed too, because the VPID may
 * have been another vCPU's on this CPU.
 */
void vmx_tlb_flush_all(struct kvm_vcpu *vcpu)
{
	if (vmx_has_ept())
		vmx_invept_vcpu(to_vmx(vcpu));
	vmx_tlb_flush_guest(vcpu);
}

/** vmx_tlb_flush_guest - as if the guest had flushed its TLB; without VPID each entry does */
void vmx_tlb_flush_guest(struct kvm_vcpu *vcpu)
{
	u16 vpid = to_vmx(vcpu)->vpid;

	if (!vpid)
		return;
	if (vmx_vpid_extent(VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT))
		vmx_invvpid(VMX_VPID_EXTENT_SINGLE_CONTEXT, vpid, 0);
	else
		vmx_invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0, 0);
}

/** vmx_tlb_flush_gva - forget the translation of one guest linear address */
void vmx_tlb_flush_gva(struct kvm_vcpu *vcpu, gva_t gva)
{
	u16 vpid = to_vmx(vcpu)->vpid;

	if (!vpid || kvm_is_noncanonical_vcpu(vcpu, gva))
		return;
	if (vmx_vpid_extent(VMX_VPID_EXTENT_INDIVIDUAL_ADDR_BIT))
		vmx_invvpid(VMX_VPID_EXTENT_INDIVIDUAL_ADDR, vpid, gva);
	else
		vmx_tlb_flush_guest(vcpu);
}

/* ---- exits (27.2.1, table 27-7) -------------------------------------------------------------- */

/**
 * vmx_exit_ept_violation - an access that the tables do not allow
 * @vcpu: the vCPU
 *
 * The qualification says it in bits of its own; they become those of a page fault's error code,
 * with the level of the access as APM2 15.25.6 has it for nested faults.
 *
 * Return: 1/0/errno.
 */
int vmx_exit_ept_violation(struct kvm_vcpu *vcpu)
{
	unsigned long qualification = vmcs_readl(EXIT_QUALIFICATION);
	u64 error_code = 0;

	vmx_events_iret_fault(vcpu, qualification);
	if (qualification & EPT_VIOLATION_ACC_READ)
		error_code |= PFERR_USER_MASK;
	if (qualification & EPT_VIOLATION_ACC_WRITE)
		error_code |= PFERR_WRITE_MASK;
	if (qualification & EPT_VIOLATION_ACC_INSTR)
		error_code |= PFERR_FETCH_MASK;
	/* Bits 5:3: what the entries would have allowed. */
	if (qualification & 0x38)
		error_code |= PFERR_PRESENT_MASK;
	error_code |= qualification & EPT_VIOLATION_GVA_TRANSLATED ? PFERR_GUEST_FINAL_MASK :
								     PFERR_GUEST_PAGE_MASK;
	return kvm_mmu_page_fault(vcpu, vmcs_read64(GUEST_PHYSICAL_ADDRESS), error_code, NULL, 0);
}

/** vmx_exit_ept_misconfig - an entry that no EPT may have (28.3.3.1): our tables are corrupt */
int vmx_exit_ept_misconfig(struct kvm_vcpu *vcpu)
{
	return kvm_mmu_page_fault(vcpu, vmcs_read64(GUEST_PHYSICAL_ADDRESS), PFERR_RSVD_MASK, NULL,
				  0);
}
