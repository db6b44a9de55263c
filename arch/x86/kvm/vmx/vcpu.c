// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's life under VMX: created, reset, moved between CPUs, freed; the clock it sees.
 *
 * load and put run with preemption off; all of it under the vCPU's mutex.
 */
#include "vmcs.h"

/**
 * vmx_vcpu_create - VMCS, MSR bitmap, page-modification log and VPID. The reset follows.
 * @vcpu: the vCPU
 *
 * Return: 0; -ENOMEM; -EEXIST: userspace has a slot where vmx_identity_map_create() wants its page.
 */
int vmx_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	int r;

	r = vmx_vmcs_create(vmx);
	if (r)
		return r;
	r = vmx_msr_bitmap_create(vmx);
	if (r)
		goto out_vmcs;
	r = vmx_pml_create(vmx);
	if (r)
		goto out_msr_bitmap;
	r = vmx_identity_map_create(vcpu->kvm);
	if (r)
		goto out_pml;
	vmx_vpid_take(vmx);
	return 0;

out_pml:
	vmx_pml_free(vmx);
out_msr_bitmap:
	vmx_msr_bitmap_free(vmx);
out_vmcs:
	vmx_vmcs_free(vmx);
	return r;
}

/** vmx_vcpu_free - undo vmx_vcpu_create() */
void vmx_vcpu_free(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	vmx_vmcs_free(vmx);
	vmx_vpid_give(vmx);
	vmx_msr_bitmap_free(vmx);
	vmx_pml_free(vmx);
}

/**
 * vmx_vcpu_reset - RESET or INIT, VMX's part
 * @vcpu: the vCPU, loaded
 * @init_event: INIT: MSRs other than EFER keep their values (9.1.1, table 9-1)
 */
void vmx_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	vmx->rmode.active = false;
	vmx_vmcs_init(vmx);
	if (!init_event)
		vmx_msr_reset(vmx);
	vmx->soft_len = 0;
	vmx->eptp = 0;
	if (vcpu->arch.mmu->root_hpa != KVM_MMU_NO_ROOT)
		vmx_load_mmu_root(vcpu, vcpu->arch.mmu->root_hpa, vcpu->arch.mmu->root_level);

	vcpu->arch.regs[VCPU_REGS_RIP] = 0xfff0;
	vcpu->arch.regs[VCPU_REGS_RSP] = 0;
	vcpu->arch.regs_avail = ~0u;
	vmx->rflags = X86_EFLAGS_FIXED;
	vmx_set_efer(vcpu, 0);
	vmx_set_cr0(vcpu, X86_CR0_NW | X86_CR0_CD | X86_CR0_ET);
	vmx_set_cr4(vcpu, 0);
	vcpu->arch.cr3 = 0;
	vmx_set_cr3(vcpu, 0);
	vmx->exception_bitmap = 0;
	vmx_update_exception_bitmap(vcpu);
}

/** vmx_vcpu_load - the vCPU's thread is on this CPU now: @cpu; preemption off */
void vmx_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	vmx_vmcs_load(vmx, cpu);
	/* Who ran here meanwhile has left its data in the cache (L1TF). */
	vmx->entry_work |= VMX_WORK_L1D;
}

/** vmx_vcpu_put - the thread leaves the CPU or guest mode; the VMCS stays where it is */
void vmx_vcpu_put(struct kvm_vcpu *vcpu)
{
	vmx_host_restore(to_vmx(vcpu));
}

/** vmx_vcpu_sched_in - nothing is adapted to how the vCPU was scheduled */
void vmx_vcpu_sched_in(struct kvm_vcpu *vcpu, int cpu)
{
}

/** vmx_vcpu_after_set_cpuid - controls and intercepts that follow the guest's CPUID */
void vmx_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	vmx_vmcs_recalc_controls(vmx);
	/* The guest may own a bit of CR4 only if its CPUID has the feature. */
	vmx_set_cr4(vcpu, kvm_read_cr4(vcpu));
}

/*
 * Guest TSC = (host TSC × multiplier >> 48) + offset (24.6.5). The two are written before the next
 * entry, from vcpu->arch: the vCPU need not be loaded when they change.
 */

/** vmx_write_tsc_offset - the offset changed */
void vmx_write_tsc_offset(struct kvm_vcpu *vcpu, u64 offset)
{
	to_vmx(vcpu)->entry_work |= VMX_WORK_TSC;
}

/** vmx_write_tsc_multiplier - the multiplier changed */
void vmx_write_tsc_multiplier(struct kvm_vcpu *vcpu, u64 multiplier)
{
	to_vmx(vcpu)->entry_work |= VMX_WORK_TSC;
}
