// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSR accesses: the RDMSR and WRMSR exits, KVM_GET_MSRS and KVM_SET_MSRS, and the MSRs that every
 * x86 CPU has. A vendor is asked first, through get_msr and set_msr, and falls back to
 * kvm_get_msr_common() and kvm_set_msr_common() here.
 *
 * Results: 0; 1: refused, #GP(0); KVM_MSR_UNKNOWN: nobody knows the number. Under the vCPU's mutex.
 */
#include <linux/kvm_para.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/msr.h>
#include <asm/mtrr.h>
#include <asm/nospec-branch.h>
#include "irqchip/lapic.h"
#include "trace.h"
#include "x86.h"

#define KVM_MAX_IOCTL_MSRS	256	/* KVM_GET_MSRS and KVM_SET_MSRS take fewer than this */

static bool kvm_ignore_msrs;
module_param_named(ignore_msrs, kvm_ignore_msrs, bool, 0644);
MODULE_PARM_DESC(ignore_msrs, "Let guests read 0 from unknown MSRs and write them, instead of #GP");

static bool kvm_report_ignored_msrs = true;
module_param_named(report_ignored_msrs, kvm_report_ignored_msrs, bool, 0644);
MODULE_PARM_DESC(report_ignored_msrs, "Log accesses that ignore_msrs lets pass");

/*
 * Guests cannot change these of IA32_MISC_ENABLE: there is no PMU, BTS or PEBS (SDM vol. 4, 2.1).
 */
#define KVM_MISC_ENABLE_RO	(MSR_IA32_MISC_ENABLE_EMON | MSR_IA32_MISC_ENABLE_BTS_UNAVAIL | \
				 MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL)
#define KVM_MISC_ENABLE_RESET	(MSR_IA32_MISC_ENABLE_FAST_STRING |	\
				 MSR_IA32_MISC_ENABLE_BTS_UNAVAIL |	\
				 MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL)

/* AMD's HWCR (APM2 3.2.10, BKDG): what guests set and nobody reads, and what is kept. */
#define KVM_HWCR_IGNORED	(BIT_ULL(3) | BIT_ULL(6) | BIT_ULL(8))
#define KVM_HWCR_KEPT		(BIT_ULL(18) | BIT_ULL(24))	/* McStatusWrEn, TscFreqSel */

#define KVM_PAT_RESET		0x0007040600070406ull	/* SDM 11.12.4 */

#define KVM_MSR_AMD_IC_CFG	0xc0011021

/* ---- the MSRs of every CPU ------------------------------------------------------------------- */

/*
 * MSRs that operating systems touch without asking CPUID, and that have no effect in a VM: read as
 * 0, writes are dropped. Counters of the oldest performance monitors, which no CPUID bit announces,
 * do not count; chipset configuration is not the guest's.
 */
static bool kvm_msr_is_inert(u32 index)
{
	switch (index) {
	case MSR_P6_PERFCTR0 ... MSR_P6_PERFCTR1:
	case MSR_P6_EVNTSEL0 ... MSR_P6_EVNTSEL1:
	case MSR_K7_EVNTSEL0 ... MSR_K7_EVNTSEL3:
	case MSR_K7_PERFCTR0 ... MSR_K7_PERFCTR3:
	case MSR_IA32_UCODE_WRITE:
	case MSR_AMD64_PATCH_LOADER:
	case MSR_AMD64_NB_CFG:
	case MSR_AMD64_BU_CFG2:
	case MSR_AMD64_DC_CFG:
	case MSR_AMD64_TW_CFG:
	case KVM_MSR_AMD_IC_CFG:
	case MSR_F15H_EX_CFG:
		return true;
	default:
		return false;
	}
}

/* The same, but a write of anything except 0 is refused: it would want an effect. */
static bool kvm_msr_is_zero(u32 index)
{
	switch (index) {
	case MSR_IA32_P5_MC_ADDR:
	case MSR_IA32_P5_MC_TYPE:
	case MSR_IA32_PLATFORM_ID:
	case MSR_IA32_EBL_CR_POWERON:
	case MSR_SMI_COUNT:
	case MSR_IA32_PERF_STATUS:
	case MSR_IA32_PERF_CTL:
	case MSR_MISC_FEATURES_ENABLES:
	case MSR_IA32_LASTBRANCHFROMIP ... MSR_IA32_LASTINTTOIP:
	case MSR_AMD64_SYSCFG:
	case MSR_K8_INT_PENDING_MSG:
	case MSR_K8_TSEG_ADDR:
	case MSR_K8_TSEG_MASK:
	case MSR_FAM10H_MMIO_CONF_BASE:
		return true;
	default:
		return false;
	}
}

/*
 * The paravirtual clock is not offered, so to a guest its MSRs do not exist. A VMM may save and
 * restore them as it does on any KVM (QEMU does, always), if it says what is true: off.
 */
static bool kvm_msr_is_absent_clock(const struct msr_data *msr)
{
	return msr->host_initiated && (msr->index == MSR_KVM_SYSTEM_TIME ||
				       msr->index == MSR_KVM_WALL_CLOCK);
}

static int kvm_get_msr_rare(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (kvm_mce_is_msr(vcpu, msr->index))
		return kvm_mce_get_msr(vcpu, msr->index, &msr->data, msr->host_initiated);
	if (kvm_mtrr_is_msr(msr->index))
		return kvm_mtrr_get(vcpu, msr->index, &msr->data);
	if (!kvm_msr_is_inert(msr->index) && !kvm_msr_is_zero(msr->index) &&
	    !kvm_msr_is_absent_clock(msr))
		return KVM_MSR_UNKNOWN;
	msr->data = 0;
	return 0;
}

static int kvm_get_x2apic(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (!vcpu->arch.apic)
		return KVM_MSR_UNKNOWN;
	return kvm_lapic_get_msr(vcpu, msr->index, &msr->data);
}

static int kvm_set_x2apic(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	if (!vcpu->arch.apic)
		return KVM_MSR_UNKNOWN;
	return kvm_lapic_set_msr(vcpu, msr->index, msr->data);
}

/* CPUID says whether the guest has it; a VMM saves and restores it anyway. */
static bool kvm_has_tsc_deadline(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	return vcpu->arch.apic && (msr->host_initiated || vcpu->arch.apic->regs.tsc_deadline);
}

static int kvm_get_tsc_deadline(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (!kvm_has_tsc_deadline(vcpu, msr))
		return KVM_MSR_UNKNOWN;
	msr->data = lapic_timer_deadline(vcpu->arch.apic);
	return 0;
}

static int kvm_set_tsc_deadline(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	if (!kvm_has_tsc_deadline(vcpu, msr))
		return KVM_MSR_UNKNOWN;
	lapic_timer_set_deadline(vcpu->arch.apic, msr->data, msr->host_initiated);
	return 0;
}

/* ---- speculation controls (SDM vol. 4, table 2-2; APM2 3.2.9) -------------------------------- */

static u64 kvm_spec_ctrl_mask(struct kvm_vcpu *vcpu)
{
	u64 mask = 0;

	if (!boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL))
		return 0;
	if (guest_cpuid_has(vcpu, X86_FEATURE_SPEC_CTRL) ||
	    guest_cpuid_has(vcpu, X86_FEATURE_AMD_IBRS))
		mask |= SPEC_CTRL_IBRS;
	if (guest_cpuid_has(vcpu, X86_FEATURE_INTEL_STIBP) ||
	    guest_cpuid_has(vcpu, X86_FEATURE_AMD_STIBP))
		mask |= SPEC_CTRL_STIBP;
	if (guest_cpuid_has(vcpu, X86_FEATURE_SPEC_CTRL_SSBD) ||
	    guest_cpuid_has(vcpu, X86_FEATURE_AMD_SSBD))
		mask |= SPEC_CTRL_SSBD;
	return mask;
}

static bool kvm_guest_has_ibpb(struct kvm_vcpu *vcpu)
{
	return guest_cpuid_has(vcpu, X86_FEATURE_SPEC_CTRL) ||
	       guest_cpuid_has(vcpu, X86_FEATURE_AMD_IBPB);
}

static void kvm_spec_ctrl_set_direct(struct kvm_vcpu *vcpu, bool direct)
{
	vcpu->arch.spec_ctrl_direct = direct;
	kvm_x86_call(set_msr_direct)(vcpu, MSR_IA32_SPEC_CTRL, direct, direct);
}

/** kvm_spec_ctrl_after_set_cpuid - what the guest has of them, and which it may reach directly */
void kvm_spec_ctrl_after_set_cpuid(struct kvm_vcpu *vcpu)
{
	vcpu->arch.spec_ctrl_guest_mask = kvm_spec_ctrl_mask(vcpu);
	kvm_spec_ctrl_set_direct(vcpu, vcpu->arch.spec_ctrl_guest_mask && vcpu->arch.spec_ctrl);
	/* A command, nothing is kept of it; but only bit 0 may be written, so no more than that. */
	kvm_x86_call(set_msr_direct)(vcpu, MSR_IA32_PRED_CMD, false,
				     boot_cpu_has(X86_FEATURE_IBPB) && kvm_guest_has_ibpb(vcpu));
}

/*
 * A guest that uses SPEC_CTRL writes it often: from the first time on without an exit. Until then
 * the world switch need not read it back.
 */
static int kvm_set_spec_ctrl(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	if (!msr->host_initiated && !vcpu->arch.spec_ctrl_guest_mask)
		return 1;
	if (msr->data & ~vcpu->arch.spec_ctrl_guest_mask)
		return 1;
	vcpu->arch.spec_ctrl = msr->data;
	if (msr->data && !vcpu->arch.spec_ctrl_direct)
		kvm_spec_ctrl_set_direct(vcpu, true);
	return 0;
}

static int kvm_set_pred_cmd(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	if (!msr->host_initiated && !kvm_guest_has_ibpb(vcpu))
		return 1;
	if (msr->data & ~(u64)PRED_CMD_IBPB)
		return 1;
	if (msr->data && !msr->host_initiated)
		indirect_branch_prediction_barrier();
	return 0;
}

/**
 * kvm_get_msr_common - read an MSR that does not depend on the vendor
 * @vcpu: the vCPU
 * @msr: index in, data out
 */
int kvm_get_msr_common(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	switch (msr->index) {
	case MSR_IA32_TSC:
		msr->data = kvm_read_guest_tsc(vcpu, rdtsc());
		return 0;
	case MSR_IA32_TSC_ADJUST:
		msr->data = vcpu->arch.ia32_tsc_adjust;
		return 0;
	case MSR_IA32_APICBASE:
		msr->data = vcpu->arch.apic_base;
		return 0;
	case KVM_X2APIC_MSR_FIRST ... KVM_X2APIC_MSR_LAST:
		return kvm_get_x2apic(vcpu, msr);
	case MSR_IA32_TSC_DEADLINE:
		return kvm_get_tsc_deadline(vcpu, msr);
	case MSR_EFER:
		msr->data = vcpu->arch.efer;
		return 0;
	case MSR_IA32_CR_PAT:
		msr->data = vcpu->arch.pat;
		return 0;
	case MSR_IA32_MISC_ENABLE:
		msr->data = vcpu->arch.ia32_misc_enable;
		return 0;
	case MSR_PLATFORM_INFO:
		msr->data = vcpu->arch.msr_platform_info;
		return 0;
	case MSR_IA32_UCODE_REV:
		msr->data = vcpu->arch.microcode_version;
		return 0;
	case MSR_IA32_ARCH_CAPABILITIES:
		if (!msr->host_initiated && !guest_cpuid_has(vcpu, X86_FEATURE_ARCH_CAPABILITIES))
			return 1;
		msr->data = vcpu->arch.arch_capabilities;
		return 0;
	case MSR_IA32_SPEC_CTRL:
		if (!msr->host_initiated && !vcpu->arch.spec_ctrl_guest_mask)
			return 1;
		msr->data = vcpu->arch.spec_ctrl;
		return 0;
	case MSR_K7_HWCR:
		msr->data = vcpu->arch.msr_hwcr;
		return 0;
	case MSR_IA32_DEBUGCTLMSR:
		msr->data = 0;
		return 0;
	case MSR_FSB_FREQ:
		msr->data = 3;		/* 166 MHz: old systems divide by the bus clock */
		return 0;
	case MSR_EBC_FREQUENCY_ID:
		msr->data = 1 << 24;	/* and by this multiplier */
		return 0;
	default:
		return kvm_get_msr_rare(vcpu, msr);
	}
}
EXPORT_SYMBOL_GPL(kvm_get_msr_common);

static int kvm_set_tsc_adjust(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	if (msr->host_initiated) {
		vcpu->arch.ia32_tsc_adjust = msr->data;
		return 0;
	}
	if (!guest_cpuid_has(vcpu, X86_FEATURE_TSC_ADJUST))
		return 1;
	kvm_tsc_adjust(vcpu, msr->data);
	return 0;
}

static int kvm_set_misc_enable(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	u64 old = vcpu->arch.ia32_misc_enable;
	u64 data = msr->data;

	if (!msr->host_initiated)
		data = (data & ~(u64)KVM_MISC_ENABLE_RO) | (old & KVM_MISC_ENABLE_RO);
	vcpu->arch.ia32_misc_enable = data;
	if ((old ^ data) & MSR_IA32_MISC_ENABLE_MWAIT)
		kvm_update_cpuid_runtime(vcpu);
	return 0;
}

/* CPUID faulting is a thing we do not do, so that nobody may announce it. */
static int kvm_set_platform_info(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	if (!msr->host_initiated || (msr->data & MSR_PLATFORM_INFO_CPUID_FAULT))
		return 1;
	vcpu->arch.msr_platform_info = msr->data;
	return 0;
}

static int kvm_set_hwcr(struct kvm_vcpu *vcpu, u64 data)
{
	data &= ~KVM_HWCR_IGNORED;
	if (data & ~KVM_HWCR_KEPT)
		return 1;
	vcpu->arch.msr_hwcr = data;
	return 0;
}

static int kvm_set_msr_rare(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (kvm_mce_is_msr(vcpu, msr->index))
		return kvm_mce_set_msr(vcpu, msr);
	if (kvm_mtrr_is_msr(msr->index))
		return kvm_mtrr_set(vcpu, msr->index, msr->data);
	if (kvm_msr_is_inert(msr->index))
		return 0;
	if (kvm_msr_is_zero(msr->index) || kvm_msr_is_absent_clock(msr))
		return msr->data ? 1 : 0;
	return KVM_MSR_UNKNOWN;
}

/** kvm_set_msr_common - write an MSR that does not depend on the vendor */
int kvm_set_msr_common(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	switch (msr->index) {
	case MSR_IA32_TSC:
		kvm_write_tsc(vcpu, msr->data, msr->host_initiated);
		return 0;
	case MSR_IA32_TSC_ADJUST:
		return kvm_set_tsc_adjust(vcpu, msr);
	case MSR_IA32_APICBASE:
		return kvm_set_apic_base(vcpu, msr->data, msr->host_initiated);
	case KVM_X2APIC_MSR_FIRST ... KVM_X2APIC_MSR_LAST:
		return kvm_set_x2apic(vcpu, msr);
	case MSR_IA32_TSC_DEADLINE:
		return kvm_set_tsc_deadline(vcpu, msr);
	case MSR_EFER:
		return kvm_set_efer(vcpu, msr);
	case MSR_IA32_CR_PAT:
		if (!kvm_pat_valid(msr->data))
			return 1;
		vcpu->arch.pat = msr->data;
		return 0;
	case MSR_IA32_MISC_ENABLE:
		return kvm_set_misc_enable(vcpu, msr);
	case MSR_PLATFORM_INFO:
		return kvm_set_platform_info(vcpu, msr);
	case MSR_IA32_UCODE_REV:
		/* guests write 0 here before they read the revision (SDM 9.11.7.1) */
		if (msr->host_initiated)
			vcpu->arch.microcode_version = msr->data;
		return 0;
	case MSR_IA32_ARCH_CAPABILITIES:
		if (!msr->host_initiated)
			return 1;
		vcpu->arch.arch_capabilities = msr->data;
		return 0;
	case MSR_IA32_SPEC_CTRL:
		return kvm_set_spec_ctrl(vcpu, msr);
	case MSR_IA32_PRED_CMD:
		return kvm_set_pred_cmd(vcpu, msr);
	case MSR_K7_HWCR:
		return kvm_set_hwcr(vcpu, msr->data);
	case MSR_IA32_DEBUGCTLMSR:
		/* branch records and branch stepping may be asked for, and do not happen */
		return msr->data & ~(u64)(DEBUGCTLMSR_LBR | DEBUGCTLMSR_BTF) ? 1 : 0;
	default:
		return kvm_set_msr_rare(vcpu, msr);
	}
}
EXPORT_SYMBOL_GPL(kvm_set_msr_common);

/* ---- checks before any vendor sees a write --------------------------------------------------- */

static int kvm_msr_check_address(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	int bits = kvm_vaddr_bits(vcpu);

	/* userspace may restore MSRs before CR4 */
	if (msr->host_initiated && kvm_cpu_cap_has(X86_FEATURE_LA57))
		bits = 57;
	return kvm_is_noncanonical(msr->data, bits);
}

/* Intel refuses an address that is not canonical (SDM vol. 2, WRMSR); AMD keeps 32 bits of it. */
static int kvm_msr_check_sysenter(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	u8 bits = kvm_vaddr_bits(vcpu);

	if (boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
		return kvm_msr_check_address(vcpu, msr);
	msr->data = (s64)(msr->data << (64 - bits)) >> (64 - bits);
	return 0;
}

static int kvm_msr_check_tsc_aux(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (!msr->host_initiated && !guest_cpuid_has(vcpu, X86_FEATURE_RDTSCP) &&
	    !guest_cpuid_has(vcpu, X86_FEATURE_RDPID))
		return 1;
	/* SDM vol. 4: bits 63:32 are reserved; APM2 3.2.9: they are not there */
	if (boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
		return msr->data >> 32 ? 1 : 0;
	msr->data = (u32)msr->data;
	return 0;
}

/*
 * Hardware state that a vendor loads by VMLOAD or VM entry must be what the CPU itself would take.
 */
static int kvm_msr_check_write(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	switch (msr->index) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
	case MSR_LSTAR:
	case MSR_CSTAR:
		return kvm_msr_check_address(vcpu, msr);
	case MSR_IA32_SYSENTER_EIP:
	case MSR_IA32_SYSENTER_ESP:
		return kvm_msr_check_sysenter(vcpu, msr);
	case MSR_TSC_AUX:
		return kvm_msr_check_tsc_aux(vcpu, msr);
	default:
		return 0;
	}
}

static int kvm_msr_read(struct kvm_vcpu *vcpu, u32 index, u64 *data, bool host_initiated)
{
	struct msr_data msr = { .host_initiated = host_initiated, .index = index };
	int r;

	if (unlikely(index == MSR_TSC_AUX) && kvm_msr_check_tsc_aux(vcpu, &msr))
		return 1;
	r = kvm_x86_call(get_msr)(vcpu, &msr);
	if (!r)
		*data = msr.data;
	return r;
}

static int kvm_msr_write(struct kvm_vcpu *vcpu, u32 index, u64 data, bool host_initiated)
{
	struct msr_data msr = {
		.host_initiated = host_initiated,
		.index = index,
		.data = data,
	};

	if (kvm_msr_check_write(vcpu, &msr))
		return 1;
	return kvm_x86_call(set_msr)(vcpu, &msr);
}

/* Nobody knows @index: #GP, unless the module's parameter says to look away. */
static int kvm_msr_unknown(u32 index, u64 data, bool write)
{
	if (!kvm_ignore_msrs) {
		pr_info_ratelimited("kvm: unknown MSR 0x%x %s, 0x%llx\n", index,
				    write ? "written" : "read", data);
		return 1;
	}
	if (kvm_report_ignored_msrs)
		pr_info_ratelimited("kvm: ignored MSR 0x%x %s, 0x%llx\n", index,
				    write ? "written" : "read", data);
	return 0;
}

/** kvm_get_msr - RDMSR: 0 with *@data filled, or 1: #GP(0) */
int kvm_get_msr(struct kvm_vcpu *vcpu, u32 index, u64 *data)
{
	int r = kvm_msr_read(vcpu, index, data, false);

	if (unlikely(r == KVM_MSR_UNKNOWN)) {
		*data = 0;
		r = kvm_msr_unknown(index, 0, false);
	}
	return r;
}
EXPORT_SYMBOL_GPL(kvm_get_msr);

/** kvm_set_msr - WRMSR: 0, or 1: #GP(0) */
int kvm_set_msr(struct kvm_vcpu *vcpu, u32 index, u64 data)
{
	int r = kvm_msr_write(vcpu, index, data, false);

	if (unlikely(r == KVM_MSR_UNKNOWN))
		r = kvm_msr_unknown(index, data, true);
	return r;
}
EXPORT_SYMBOL_GPL(kvm_set_msr);

/** kvm_emulate_rdmsr - the RDMSR exit; hardware has checked CPL. 1/0/errno */
int kvm_emulate_rdmsr(struct kvm_vcpu *vcpu)
{
	u32 index = kvm_rcx_read(vcpu);
	u64 data;

	vcpu->stat.msr_exits++;
	if (kvm_get_msr(vcpu, index, &data)) {
		trace_kvm_msr_read_ex(index);
		return kvm_complete_insn_gp(vcpu, 1);
	}
	trace_kvm_msr_read(index, data);
	kvm_edx_eax_write(vcpu, data);
	return kvm_skip_emulated_instruction(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_emulate_rdmsr);

/** kvm_emulate_wrmsr - the WRMSR exit; hardware has checked CPL. 1/0/errno */
int kvm_emulate_wrmsr(struct kvm_vcpu *vcpu)
{
	u32 index = kvm_rcx_read(vcpu);
	u64 data = kvm_edx_eax_read(vcpu);

	vcpu->stat.msr_exits++;
	if (kvm_set_msr(vcpu, index, data)) {
		trace_kvm_msr_write_ex(index, data);
		return kvm_complete_insn_gp(vcpu, 1);
	}
	trace_kvm_msr_write(index, data);
	return kvm_skip_emulated_instruction(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_emulate_wrmsr);

/**
 * kvm_wrmsr_irqoff - a WRMSR exit that may be worth finishing before interrupts are on again
 * @vcpu: the vCPU; TF is clear, and the instruction's length is known
 *
 * What another vCPU, or this one's next instruction, waits for: IPI, EOI, the timer. And what never
 * sleeps and is written often, or may be.
 */
enum kvm_fastpath kvm_wrmsr_irqoff(struct kvm_vcpu *vcpu)
{
	u32 index = kvm_rcx_read(vcpu);
	u64 data = kvm_edx_eax_read(vcpu);

	switch (index) {
	case MSR_IA32_TSC_ADJUST:
	case MSR_IA32_SPEC_CTRL:
	case MSR_IA32_PRED_CMD:
		kvm_emulate_wrmsr(vcpu);
		return KVM_FASTPATH_REENTER;
	case KVM_X2APIC_MSR_FIRST ... KVM_X2APIC_MSR_LAST:
	case MSR_IA32_TSC_DEADLINE:
		break;
	default:
		return KVM_FASTPATH_NONE;
	}
	if (!vcpu->arch.apic || !kvm_lapic_set_msr_irqoff(vcpu, index, data))
		return KVM_FASTPATH_NONE;
	vcpu->stat.msr_exits++;
	trace_kvm_msr_write(index, data);
	kvm_x86_call(skip_emulated_instruction)(vcpu);
	return KVM_FASTPATH_REENTER;
}
EXPORT_SYMBOL_GPL(kvm_wrmsr_irqoff);

/* ---- KVM_GET_MSRS, KVM_SET_MSRS -------------------------------------------------------------- */

/*
 * An MSR of our list may still not exist for this vCPU's CPUID: it then reads as 0 and takes 0, so
 * that a VMM can save and restore the list without asking why.
 */
static int kvm_msr_host_unknown(u32 index, u64 data, bool write)
{
	if (!data && kvm_msr_is_saved(index))
		return 0;
	return kvm_msr_unknown(index, data, write);
}

static int kvm_msr_host_get(struct kvm_vcpu *vcpu, struct kvm_msr_entry *e)
{
	int r = kvm_msr_read(vcpu, e->index, &e->data, true);

	if (r != KVM_MSR_UNKNOWN)
		return r;
	e->data = 0;
	return kvm_msr_host_unknown(e->index, 0, false);
}

static int kvm_msr_host_set(struct kvm_vcpu *vcpu, struct kvm_msr_entry *e)
{
	int r = kvm_msr_write(vcpu, e->index, e->data, true);

	return r == KVM_MSR_UNKNOWN ? kvm_msr_host_unknown(e->index, e->data, true) : r;
}

/* The entries, copied once, with their number in *@nmsrs; or an error pointer. */
static struct kvm_msr_entry *kvm_msrs_copy_in(struct kvm_msrs __user *arg, u32 *nmsrs)
{
	struct kvm_msrs head;

	if (copy_from_user(&head, arg, sizeof(head)))
		return ERR_PTR(-EFAULT);
	if (head.nmsrs >= KVM_MAX_IOCTL_MSRS)
		return ERR_PTR(-E2BIG);
	*nmsrs = head.nmsrs;
	return memdup_user(arg->entries, array_size(sizeof(struct kvm_msr_entry), head.nmsrs));
}

/**
 * kvm_vcpu_ioctl_get_msrs - KVM_GET_MSRS on a vCPU (api.rst 4.18)
 * @vcpu: the vCPU
 * @arg: userspace's buffer
 *
 * Return: how many were read, the first refused one ending it; -E2BIG from 256 on; -EFAULT,
 * -ENOMEM.
 */
int kvm_vcpu_ioctl_get_msrs(struct kvm_vcpu *vcpu, struct kvm_msrs __user *arg)
{
	struct kvm_msr_entry *entries;
	u32 i, nmsrs;
	int r;

	entries = kvm_msrs_copy_in(arg, &nmsrs);
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	for (i = 0; i < nmsrs; i++)
		if (kvm_msr_host_get(vcpu, &entries[i]))
			break;
	r = i;
	if (copy_to_user(arg->entries, entries, nmsrs * sizeof(*entries)))
		r = -EFAULT;
	kfree(entries);
	return r;
}

/** kvm_vcpu_ioctl_set_msrs - KVM_SET_MSRS (api.rst 4.19); the number set, or as above */
int kvm_vcpu_ioctl_set_msrs(struct kvm_vcpu *vcpu, struct kvm_msrs __user *arg)
{
	struct kvm_msr_entry *entries;
	u32 i, nmsrs;

	entries = kvm_msrs_copy_in(arg, &nmsrs);
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	for (i = 0; i < nmsrs; i++)
		if (kvm_msr_host_set(vcpu, &entries[i]))
			break;
	kfree(entries);
	return i;
}

/** kvm_dev_ioctl_get_msrs - KVM_GET_MSRS on /dev/kvm: feature MSRs; returns and errors as above */
int kvm_dev_ioctl_get_msrs(struct kvm_msrs __user *arg)
{
	struct kvm_msr_entry *entries;
	u32 i, nmsrs;
	int r;

	entries = kvm_msrs_copy_in(arg, &nmsrs);
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	for (i = 0; i < nmsrs; i++)
		if (kvm_get_feature_msr(entries[i].index, &entries[i].data))
			break;
	r = i;
	if (copy_to_user(arg->entries, entries, nmsrs * sizeof(*entries)))
		r = -EFAULT;
	kfree(entries);
	return r;
}

/* ---- reset ----------------------------------------------------------------------------------- */

/** kvm_msr_init - a new vCPU: what depends on the host, and survives every reset */
void kvm_msr_init(struct kvm_vcpu *vcpu)
{
	kvm_get_feature_msr(MSR_IA32_UCODE_REV, &vcpu->arch.microcode_version);
	kvm_get_feature_msr(MSR_IA32_ARCH_CAPABILITIES, &vcpu->arch.arch_capabilities);
}

/** kvm_msr_reset - power-on values (SDM 9.1.1, table 9-1); INIT leaves these MSRs alone */
void kvm_msr_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	if (init_event)
		return;
	vcpu->arch.pat = KVM_PAT_RESET;
	vcpu->arch.ia32_misc_enable = KVM_MISC_ENABLE_RESET;
	vcpu->arch.msr_hwcr = 0;
	vcpu->arch.spec_ctrl = 0;
	memset(&vcpu->arch.mtrr, 0, sizeof(vcpu->arch.mtrr));
}
