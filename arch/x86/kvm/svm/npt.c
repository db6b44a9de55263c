// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: the nested page table's root, ASIDs, TLB flushes (APM2 15.16, 15.25).
 *
 * A vCPU's translations carry its ASID on the CPU it runs on, so a new ASID is a flush. ASIDs
 * belong to a CPU: all of this runs with preemption off on the CPU the vCPU is loaded on.
 */
#include "vmcb.h"

/**
 * svm_asid_new - give the vCPU an ASID that nothing on this CPU is tagged with
 * @svm: the vCPU, about to be entered; interrupts off
 *
 * When they run out all of them are flushed by the next VMRUN, and a new generation begins in which
 * nobody holds one.
 */
void svm_asid_new(struct vcpu_svm *svm)
{
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct svm_cpu *sc = svm->cpu;

	if (sc->next_asid >= svm_caps.nasid) {
		sc->asid_generation++;
		sc->next_asid = 1;
		control->tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
	}
	control->asid = sc->next_asid++;
	svm->asid_generation = sc->asid_generation;
	svm_vmcb_dirty(svm, SVM_CLEAN_ASID);
}

/**
 * svm_flush_over - the VMRUN that was to flush is over; interrupts still off
 * @svm: the vCPU
 *
 * TLB_CONTROL acts at each VMRUN that finds it (15.16.2). One that was refused may not have come
 * that far: it stays, and as it may have been for all ASIDs, so that other vCPUs rely on it, they
 * begin anew.
 */
void svm_flush_over(struct vcpu_svm *svm)
{
	if (likely(svm->vmcb->control.exit_code != (u32)SVM_EXIT_ERR))
		svm->vmcb->control.tlb_ctl = TLB_CONTROL_DO_NOTHING;
	else
		svm->cpu->next_asid = svm_caps.nasid;
}

/**
 * svm_load_mmu_root - hardware shall walk these tables
 * @vcpu: the vCPU
 * @root: physical address of the top table
 * @level: of the tables; under NPT the host's own paging mode, so there is nothing to choose
 *   (15.25.3)
 *
 * Without nested paging they are the guest's tables as the CPU sees them.
 */
void svm_load_mmu_root(struct kvm_vcpu *vcpu, hpa_t root, int level)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	u64 ncr3 = __sme_set(root);

	if (!svm_caps.npt) {
		/* PAE's four entries are not encrypted: CR3 has no bit for it there. */
		svm->vmcb->save.cr3 = level >= 4 ? ncr3 : root;
		svm_vmcb_dirty(svm, SVM_CLEAN_CR);
		return;
	}
	if (svm->vmcb->control.nested_cr3 == ncr3)
		return;
	svm->vmcb->control.nested_cr3 = ncr3;
	svm_vmcb_dirty(svm, SVM_CLEAN_NPT);
}

/**
 * svm_tlb_flush_all - forget every translation of this vCPU before it is entered again
 * @vcpu: the vCPU
 *
 * TLB_CONTROL 3 is reserved without FlushByAsid (APM2 15.16.2); there a new ASID does it.
 */
void svm_tlb_flush_all(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	if (svm_caps.flush_by_asid)
		svm->vmcb->control.tlb_ctl = TLB_CONTROL_FLUSH_ASID;
	else
		svm->asid_generation = 0;
}

/**
 * svm_tlb_flush_gva - forget the translation of one guest linear address
 * @vcpu: the vCPU
 * @gva: the address
 *
 * On another CPU the vCPU gets another ASID, so this one is all that counts (APM2 15.16.3).
 */
void svm_tlb_flush_gva(struct kvm_vcpu *vcpu, gva_t gva)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	/* ASID 0 would flush the host's own address. */
	if (svm->vmcb->control.asid)
		svm_invlpga(gva, svm->vmcb->control.asid);
}

/** svm_get_tdp_level - nested tables have the paging mode that the host had at VMRUN (15.25.3) */
int svm_get_tdp_level(void)
{
	return pgtable_l5_enabled() ? 5 : 4;
}

/** svm_get_mt_mask - memory type bits of an SPTE: G_PAT and the guest's PTEs decide (15.25.8) */
u64 svm_get_mt_mask(struct kvm_vcpu *vcpu, gfn_t gfn, bool is_mmio)
{
	return 0;
}
