// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs that VMX keeps: those in VMCS fields, the system-call MSRs and TSC_AUX, which no field
 * holds. The rest falls through to the common ones. Under the vCPU's mutex, loaded; values were
 * checked for what every vendor checks before they come here.
 */
#include "vmcs.h"

/*
 * MSRs that the host wants back in user mode only, so that the guest's stay in the CPU from the
 * first entry to the return to userspace. Slot -1: the host has not got it.
 */
static int vmx_star_slot __read_mostly = -1;
static int vmx_lstar_slot __read_mostly = -1;
static int vmx_mask_slot __read_mostly = -1;
static int vmx_tsc_aux_slot __read_mostly = -1;

/** vmx_msr_setup - at module load */
void vmx_msr_setup(void)
{
	vmx_star_slot = kvm_user_return_add(MSR_STAR);
	vmx_lstar_slot = kvm_user_return_add(MSR_LSTAR);
	vmx_mask_slot = kvm_user_return_add(MSR_SYSCALL_MASK);
	if (boot_cpu_has(X86_FEATURE_RDTSCP) || boot_cpu_has(X86_FEATURE_RDPID))
		vmx_tsc_aux_slot = kvm_user_return_add(MSR_TSC_AUX);
}

static int vmx_msr_load_slot(int slot, u64 value)
{
	if (slot < 0 || !kvm_user_return_set(slot, value, ~0ull))
		return 0;
	/* Rather nothing than the host's, or another guest's. */
	kvm_user_return_set(slot, 0, ~0ull);
	return 1;
}

/**
 * vmx_msr_load - guest values of MSRs that VM entry does not load; preemption off
 * @vmx: the vCPU
 *
 * SYSCALL needs long mode and EFER.SCE (SDM vol. 2): a guest without them cannot tell what is in
 * the MSRs.
 *
 * Return: 0, or 1: the CPU refuses one of the values.
 */
int vmx_msr_load(struct vcpu_vmx *vmx)
{
	int r = 0;

	if (vmx->vcpu.arch.efer & EFER_SCE) {
		r |= vmx_msr_load_slot(vmx_star_slot, vmx->star);
		r |= vmx_msr_load_slot(vmx_lstar_slot, vmx->lstar);
		r |= vmx_msr_load_slot(vmx_mask_slot, vmx->syscall_mask);
	}
	if (vmx->controls[VMX_PROC2] & SECONDARY_EXEC_ENABLE_RDTSCP)
		r |= vmx_msr_load_slot(vmx_tsc_aux_slot, vmx->tsc_aux);
	return r;
}

/** vmx_msr_reset - power-on values (SDM 9.1.1, table 9-1): all of them are 0 */
void vmx_msr_reset(struct vcpu_vmx *vmx)
{
	vmcs_writel(GUEST_FS_BASE, 0);
	vmcs_writel(GUEST_GS_BASE, 0);
	vmcs_write32(GUEST_SYSENTER_CS, 0);
	vmcs_writel(GUEST_SYSENTER_ESP, 0);
	vmcs_writel(GUEST_SYSENTER_EIP, 0);
	vmx->kernel_gs_base = 0;
	vmx->star = 0;
	vmx->lstar = 0;
	vmx->cstar = 0;
	vmx->syscall_mask = 0;
	vmx->tsc_aux = 0;
}

/* ---- KERNEL_GS_BASE: in the CPU from the first entry until the vCPU is put ------------------- */

static u64 vmx_kernel_gs_base_get(struct vcpu_vmx *vmx)
{
	preempt_disable();
	if (vmx->host_saved)
		rdmsrl(MSR_KERNEL_GS_BASE, vmx->kernel_gs_base);
	preempt_enable();
	return vmx->kernel_gs_base;
}

static void vmx_kernel_gs_base_set(struct vcpu_vmx *vmx, u64 data)
{
	preempt_disable();
	vmx->kernel_gs_base = data;
	if (vmx->host_saved)
		wrmsrl(MSR_KERNEL_GS_BASE, data);
	preempt_enable();
}

/* ---- reading and writing --------------------------------------------------------------------- */

/* The MSRs that are variables of the vCPU; NULL: @index is none of them. */
static u64 *vmx_msr_variable(struct vcpu_vmx *vmx, u32 index)
{
	switch (index) {
	case MSR_STAR:
		return &vmx->star;
	case MSR_LSTAR:
		return &vmx->lstar;
	case MSR_CSTAR:
		return &vmx->cstar;
	case MSR_SYSCALL_MASK:
		return &vmx->syscall_mask;
	case MSR_TSC_AUX:
		return &vmx->tsc_aux;
	default:
		return NULL;
	}
}

/* The MSRs that are fields of the VMCS, as wide as a register; 0: @index is none of them. */
static unsigned long vmx_msr_field(u32 index)
{
	switch (index) {
	case MSR_FS_BASE:
		return GUEST_FS_BASE;
	case MSR_GS_BASE:
		return GUEST_GS_BASE;
	case MSR_IA32_SYSENTER_ESP:
		return GUEST_SYSENTER_ESP;
	case MSR_IA32_SYSENTER_EIP:
		return GUEST_SYSENTER_EIP;
	default:
		return 0;
	}
}

/**
 * vmx_get_msr - read an MSR
 * @vcpu: the vCPU
 * @msr: index in, data out
 *
 * Return: 0; 1: #GP; KVM_MSR_UNKNOWN.
 */
int vmx_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	const u64 *variable = vmx_msr_variable(vmx, msr->index);
	unsigned long field = vmx_msr_field(msr->index);

	if (variable || field) {
		msr->data = variable ? *variable : vmcs_readl(field);
		return 0;
	}
	switch (msr->index) {
	case MSR_KERNEL_GS_BASE:
		msr->data = vmx_kernel_gs_base_get(vmx);
		return 0;
	case MSR_IA32_SYSENTER_CS:
		msr->data = vmcs_read32(GUEST_SYSENTER_CS);
		return 0;
	default:
		return kvm_get_msr_common(vcpu, msr);
	}
}

/* If the guest's values are in the CPU, the changed one must be too; 1: the CPU refuses it. */
static int vmx_msr_variable_set(struct vcpu_vmx *vmx, u64 *variable, u64 data)
{
	u64 old = *variable;
	int r = 0;

	*variable = data;
	preempt_disable();
	if (vmx->host_saved)
		r = vmx_msr_load(vmx);
	if (r) {
		*variable = old;
		vmx_msr_load(vmx);
	}
	preempt_enable();
	return r;
}

static int vmx_pat_set(struct vcpu_vmx *vmx, struct msr_data *msr)
{
	int r = kvm_set_msr_common(&vmx->vcpu, msr);

	if (!r)
		vmx_msr_switch_set(vmx, MSR_IA32_CR_PAT, vmx->vcpu.arch.pat,
				   vmx_caps.host_pat);
	return r;
}

/**
 * vmx_set_msr - write an MSR
 * @vcpu: the vCPU
 * @msr: index and data
 *
 * Return: 0; 1: #GP and nothing changed; KVM_MSR_UNKNOWN.
 */
int vmx_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u64 *variable = vmx_msr_variable(vmx, msr->index);
	unsigned long field = vmx_msr_field(msr->index);
	u64 data = msr->data;

	if (variable)
		return vmx_msr_variable_set(vmx, variable, data);
	if (field) {
		vmcs_writel(field, data);
		return 0;
	}
	switch (msr->index) {
	case MSR_KERNEL_GS_BASE:
		vmx_kernel_gs_base_set(vmx, data);
		return 0;
	case MSR_IA32_SYSENTER_CS:
		vmcs_write32(GUEST_SYSENTER_CS, data);
		return 0;
	case MSR_IA32_CR_PAT:
		return vmx_pat_set(vmx, msr);
	default:
		return kvm_set_msr_common(vcpu, msr);
	}
}

/* ---- what there is --------------------------------------------------------------------------- */

/** vmx_get_feature_msr - no MSR of VMX's own describes the virtual CPU: there is no nested VMX */
int vmx_get_feature_msr(u32 index, u64 *data)
{
	*data = 0;
	return KVM_MSR_UNKNOWN;
}

/** vmx_has_emulated_msr - may KVM_GET_MSR_INDEX_LIST name it? */
bool vmx_has_emulated_msr(u32 index)
{
	switch (index) {
	case MSR_IA32_SMBASE:
	case MSR_IA32_VMX_BASIC ... MSR_IA32_VMX_VMFUNC:
	case MSR_VM_CR:
	case MSR_VM_HSAVE_PA:
	case MSR_AMD64_DE_CFG:
	case MSR_AMD64_VIRT_SPEC_CTRL:
		return false;
	default:
		return true;
	}
}
