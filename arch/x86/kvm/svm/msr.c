// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs that SVM keeps: those VMLOAD switches, TSC_AUX, SVM's own. The rest falls through to the
 * common ones. Under the vCPU's mutex; values were checked for what every vendor checks (canonical
 * addresses, widths) before they come here.
 */
#include "vmcb.h"

/* Slot of TSC_AUX among the MSRs that the host wants back in user mode only; -1: it has none. */
static int svm_tsc_aux_slot __read_mostly = -1;

/** svm_msr_setup - at module load */
void svm_msr_setup(void)
{
	if (boot_cpu_has(X86_FEATURE_RDTSCP) || boot_cpu_has(X86_FEATURE_RDPID))
		svm_tsc_aux_slot = kvm_user_return_add(MSR_TSC_AUX);
}

/** svm_msr_load - guest values of MSRs that neither VMLOAD nor VMRUN loads; preemption off */
void svm_msr_load(struct vcpu_svm *svm)
{
	if (svm_tsc_aux_slot >= 0)
		kvm_user_return_set(svm_tsc_aux_slot, svm->tsc_aux, ~0ull);
}

/** svm_msr_reset - power-on values (APM2 14.1.3): all of them are 0 */
void svm_msr_reset(struct vcpu_svm *svm)
{
	struct vmcb_save_area *save = &svm->vmcb->save;

	save->star = 0;
	save->lstar = 0;
	save->cstar = 0;
	save->sfmask = 0;
	save->kernel_gs_base = 0;
	save->sysenter_cs = 0;
	save->sysenter_esp = 0;
	save->sysenter_eip = 0;
	save->spec_ctrl = 0;
	svm->virt_spec_ctrl = 0;
	svm->tsc_aux = 0;
	svm_get_feature_msr(MSR_AMD64_DE_CFG, &svm->de_cfg);
}

/* ---- reading and writing --------------------------------------------------------------------- */

/* The MSRs that are fields of the VMCB; NULL: @index is none of them. */
static u64 *svm_msr_field(struct vcpu_svm *svm, u32 index)
{
	struct vmcb_save_area *save = &svm->vmcb->save;

	switch (index) {
	case MSR_STAR:
		return &save->star;
	case MSR_LSTAR:
		return &save->lstar;
	case MSR_CSTAR:
		return &save->cstar;
	case MSR_SYSCALL_MASK:
		return &save->sfmask;
	case MSR_FS_BASE:
		return &save->fs.base;
	case MSR_GS_BASE:
		return &save->gs.base;
	case MSR_KERNEL_GS_BASE:
		return &save->kernel_gs_base;
	case MSR_IA32_SYSENTER_CS:
		return &save->sysenter_cs;
	case MSR_IA32_SYSENTER_ESP:
		return &save->sysenter_esp;
	case MSR_IA32_SYSENTER_EIP:
		return &save->sysenter_eip;
	default:
		return NULL;
	}
}

/**
 * svm_get_msr - read an MSR
 * @vcpu: the vCPU
 * @msr: index in, data out
 *
 * Return: 0; 1: #GP; KVM_MSR_UNKNOWN.
 */
int svm_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	const u64 *field = svm_msr_field(svm, msr->index);

	if (field) {
		msr->data = *field;
		return 0;
	}
	switch (msr->index) {
	case MSR_TSC_AUX:
		msr->data = svm->tsc_aux;
		return 0;
	case MSR_IA32_SPEC_CTRL:
		/* Where the CPU switches it, the VMCB has the guest's (APM2 15.36.17). */
		if (boot_cpu_has(X86_FEATURE_V_SPEC_CTRL))
			vcpu->arch.spec_ctrl = svm->vmcb->save.spec_ctrl;
		return kvm_get_msr_common(vcpu, msr);
	case MSR_AMD64_VIRT_SPEC_CTRL:
		if (!msr->host_initiated && !guest_cpuid_has(vcpu, X86_FEATURE_VIRT_SSBD))
			return 1;
		msr->data = svm->virt_spec_ctrl;
		return 0;
	case MSR_AMD64_DE_CFG:
		msr->data = svm->de_cfg;
		return 0;
	case MSR_VM_CR:
	case MSR_VM_HSAVE_PA:
		/* Of a guest without SVM: nothing is there to be disabled or saved. */
		msr->data = 0;
		return 0;
	default:
		return kvm_get_msr_common(vcpu, msr);
	}
}

static int svm_tsc_aux_set(struct vcpu_svm *svm, u64 data)
{
	int r = 0;

	svm->tsc_aux = data;
	/* If the guest's values are in the CPU, this one must be too. */
	preempt_disable();
	if (svm->host_saved && svm_tsc_aux_slot >= 0)
		r = kvm_user_return_set(svm_tsc_aux_slot, data, ~0ull);
	preempt_enable();
	return r;
}

/* A guest may say what is so already. */
static int svm_de_cfg_set(struct vcpu_svm *svm, u64 data)
{
	u64 supported;

	svm_get_feature_msr(MSR_AMD64_DE_CFG, &supported);
	if (data & ~supported)
		return 1;
	svm->de_cfg = data;
	return 0;
}

static int svm_pat_set(struct vcpu_svm *svm, struct msr_data *msr)
{
	int r = kvm_set_msr_common(&svm->vcpu, msr);

	if (r)
		return r;
	/* With nested paging the guest's memory types go by G_PAT (APM2 15.25.8). */
	svm->vmcb->save.g_pat = svm->vcpu.arch.pat;
	svm_vmcb_dirty(svm, SVM_CLEAN_NPT);
	return 0;
}

/**
 * svm_set_msr - write an MSR
 * @vcpu: the vCPU
 * @msr: index and data
 *
 * Return: 0; 1: #GP and nothing changed; KVM_MSR_UNKNOWN.
 */
int svm_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	u64 *field = svm_msr_field(svm, msr->index);
	u64 data = msr->data;
	int r;

	if (field) {
		*field = data;
		return 0;
	}
	switch (msr->index) {
	case MSR_TSC_AUX:
		return svm_tsc_aux_set(svm, data);
	case MSR_IA32_CR_PAT:
		return svm_pat_set(svm, msr);
	case MSR_IA32_SPEC_CTRL:
		r = kvm_set_msr_common(vcpu, msr);
		if (!r && boot_cpu_has(X86_FEATURE_V_SPEC_CTRL))
			svm->vmcb->save.spec_ctrl = data;
		return r;
	case MSR_AMD64_VIRT_SPEC_CTRL:
		if (!msr->host_initiated && !guest_cpuid_has(vcpu, X86_FEATURE_VIRT_SSBD))
			return 1;
		if (data & ~(u64)SPEC_CTRL_SSBD)
			return 1;
		svm->virt_spec_ctrl = data;
		return 0;
	case MSR_AMD64_DE_CFG:
		return svm_de_cfg_set(svm, data);
	case MSR_VM_CR:
	case MSR_VM_HSAVE_PA:
		return data ? 1 : 0;
	default:
		return kvm_set_msr_common(vcpu, msr);
	}
}

/* ---- what there is --------------------------------------------------------------------------- */

/**
 * svm_get_feature_msr - what an MSR says of the virtual CPU (KVM_GET_MSRS on /dev/kvm)
 * @index: the MSR
 * @data: its value
 *
 * DE_CFG: LFENCE is serializing, if it is on the host (APM2 3.2.9).
 *
 * Return: 0 or KVM_MSR_UNKNOWN.
 */
int svm_get_feature_msr(u32 index, u64 *data)
{
	*data = 0;
	if (index != MSR_AMD64_DE_CFG)
		return KVM_MSR_UNKNOWN;
	if (boot_cpu_has(X86_FEATURE_LFENCE_RDTSC))
		*data = MSR_AMD64_DE_CFG_LFENCE_SERIALIZE;
	return 0;
}

/** svm_has_emulated_msr - may KVM_GET_MSR_INDEX_LIST name it? */
bool svm_has_emulated_msr(u32 index)
{
	switch (index) {
	case MSR_IA32_SMBASE:
	case MSR_IA32_VMX_BASIC ... MSR_IA32_VMX_VMFUNC:
		return false;
	case MSR_VM_CR:
	case MSR_VM_HSAVE_PA:
		return true;
	case MSR_AMD64_VIRT_SPEC_CTRL:
		return kvm_cpu_cap_has(X86_FEATURE_VIRT_SSBD);
	default:
		return true;
	}
}
