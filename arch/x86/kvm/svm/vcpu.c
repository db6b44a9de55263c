// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's life under SVM: created, reset, moved between CPUs, freed; the clock it sees.
 *
 * load, put and prepare_guest_switch run with preemption off; all of it under the vCPU's mutex.
 */
#include <asm/desc.h>
#include <asm/nospec-branch.h>
#include "vmcb.h"

/** svm_vcpu_create - VMCB and MSR permission map; 0 or -ENOMEM. The reset follows. */
int svm_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	int r;

	r = svm_vmcb_create(svm);
	if (r)
		return r;
	r = svm_msrpm_create(svm);
	if (r)
		svm_vmcb_free(svm);
	return r;
}

/** svm_vcpu_free - undo svm_vcpu_create() */
void svm_vcpu_free(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	svm_msrpm_free(svm);
	svm_vmcb_free(svm);
}

/**
 * svm_vcpu_reset - RESET or INIT, SVM's part
 * @vcpu: the vCPU
 * @init_event: INIT: MSRs other than EFER and what APM2 table 14-1 names keep their values
 *
 * The control registers of the common part are made to agree, since CR0.CD and NW, which VMRUN must
 * not see, come out of reset set.
 */
void svm_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	svm_vmcb_init(svm);
	if (!init_event)
		svm_msr_reset(svm);
	svm->nmi_masked = false;
	svm->nmi_iret = false;
	svm->nmi_singlestep = false;
	svm->soft_injected = false;
	svm->entry_work = 0;

	vcpu->arch.regs[VCPU_REGS_RIP] = 0xfff0;
	vcpu->arch.regs[VCPU_REGS_RSP] = 0;
	vcpu->arch.regs_avail = ~0u;
	svm_set_efer(vcpu, 0);
	svm_set_cr0(vcpu, X86_CR0_NW | X86_CR0_CD | X86_CR0_ET);
	svm_set_cr4(vcpu, 0);
	vcpu->arch.cr3 = 0;
	svm_set_cr3(vcpu, 0);
	svm_update_exception_bitmap(vcpu);
}

/* MSR TSC_RATIO is the CPU's; write it for the vCPU that is loaded (APM2 15.30.5). */
static void svm_tsc_ratio_load(struct vcpu_svm *svm)
{
	u64 ratio = svm->vcpu.arch.tsc_scaling_ratio ?: SVM_TSC_RATIO_DEFAULT;

	if (!svm_caps.tsc_ratio || svm->cpu->tsc_ratio == ratio)
		return;
	wrmsrl(MSR_AMD64_TSC_RATIO, ratio);
	svm->cpu->tsc_ratio = ratio;
}

/**
 * svm_vcpu_load - the vCPU's thread is on this CPU now
 * @vcpu: the vCPU
 * @cpu: this CPU
 *
 * On another CPU than before, the ASID is no longer the vCPU's, and what that CPU may have cached
 * of the VMCB is old (APM2 15.15.2).
 */
void svm_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct svm_cpu *sc = per_cpu_ptr(&svm_cpu, cpu);

	if (svm->cpu != sc) {
		svm->cpu = sc;
		svm->host_state_pa = sc->host_state_pa;
		svm->asid_generation = 0;
		svm_vmcb_dirty_all(svm);
	}
	/* Branch predictors hold what the last guest trained: it must not steer this one. */
	if (sc->current_vmcb != svm->vmcb) {
		sc->current_vmcb = svm->vmcb;
		indirect_branch_prediction_barrier();
	}
	svm_tsc_ratio_load(svm);
}

/** svm_vcpu_put - the thread leaves the CPU or guest mode: what was saved of the host grows old */
void svm_vcpu_put(struct kvm_vcpu *vcpu)
{
	to_svm(vcpu)->host_saved = false;
	++vcpu->stat.host_state_reload;
}

/** svm_vcpu_sched_in - nothing is adapted to how the vCPU was scheduled */
void svm_vcpu_sched_in(struct kvm_vcpu *vcpu, int cpu)
{
}

/**
 * svm_prepare_guest_switch - before an entry, preemption off: save the host, once per vcpu_load()
 * @vcpu: the vCPU
 *
 * FS, GS, TR, LDTR and the system-call MSRs belong to the thread and do not change while it stays
 * on the CPU; VMRUN does not save them (APM2 15.5.2).
 */
void svm_prepare_guest_switch(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	if (svm->host_saved)
		return;
	svm_vmsave(svm->host_state_pa);
	svm_msr_load(svm);
	svm->host_saved = true;
}

/** svm_vcpu_after_set_cpuid - intercepts that follow the guest's CPUID */
void svm_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu)
{
	svm_vmcb_recalc_intercepts(to_svm(vcpu));
}

/** svm_write_tsc_offset - guest TSC = host TSC × ratio + @offset, modulo 2^64 (APM2 15.30.5) */
void svm_write_tsc_offset(struct kvm_vcpu *vcpu, u64 offset)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	svm->vmcb->control.tsc_offset = offset;
	svm_vmcb_dirty(svm, SVM_CLEAN_INTERCEPTS);
}

/** svm_write_tsc_multiplier - the ratio changed; it takes effect now if the vCPU is loaded */
void svm_write_tsc_multiplier(struct kvm_vcpu *vcpu, u64 multiplier)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	preempt_disable();
	if (svm->cpu && vcpu->cpu == smp_processor_id())
		svm_tsc_ratio_load(svm);
	preempt_enable();
}
