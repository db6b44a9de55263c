// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMX-preemption timer (SDM 25.5.1): a counter in the VMCS that ends guest mode, by which the
 * local APIC's timer reaches a vCPU that runs without an interrupt of the host's.
 *
 * Set and stopped by irqchip/lapic_timer.c in the vCPU's thread; written to the VMCS by
 * vmx_vcpu_run(), interrupts off, for as long as VMX_WORK_TIMER is set.
 */
#include <linux/moduleparam.h>
#include <asm/tsc.h>
#include "vmcs.h"

static bool preemption_timer = true;
module_param(preemption_timer, bool, 0444);
MODULE_PARM_DESC(preemption_timer, "The APIC's timer by the VMX preemption timer (default on)");

/* It counts by one when this bit of the TSC changes (A.6). */
static u8 rate_shift __ro_after_init;

/**
 * vmx_timer_setup - may it be used? At module load, after vmx_caps
 *
 * A guest that is emulated for want of "unrestricted guest" does not count it down. What it counts
 * is the TSC, so that this must be a clock. CPUs before those with AVX have an erratum, "VMX-
 * preemption timer does not count down at the rate specified": a guest's timer would be late.
 */
void vmx_timer_setup(void)
{
	u64 misc;

	if (!(vmx_caps.allowed[VMX_PIN] & PIN_BASED_VMX_PREEMPTION_TIMER) ||
	    !vmx_has_real_mode() || !boot_cpu_has(X86_FEATURE_AVX) || !tsc_khz ||
	    check_tsc_unstable())
		preemption_timer = false;
	rdmsrl(MSR_IA32_VMX_MISC, misc);
	rate_shift = vmx_misc_preemption_timer_rate(misc);
	kvm_host.hv_timer = preemption_timer;
}

/**
 * vmx_set_hv_timer - end guest mode when the host's TSC is @tsc
 * @vcpu: the vCPU; its thread, outside guest mode, interrupts on or off
 * @tsc: when; KVM_HV_TIMER_OFF: never
 */
void vmx_set_hv_timer(struct kvm_vcpu *vcpu, u64 tsc)
{
	to_vmx(vcpu)->timer_tsc = tsc;
	to_vmx(vcpu)->entry_work |= VMX_WORK_TIMER;
}

/**
 * vmx_timer_enter - before an entry: the field, which hardware does not keep over an exit (27.2)
 * @vmx: the vCPU, with VMX_WORK_TIMER; interrupts off
 *
 * Counted in periods since the TSC was 0, as hardware does, so that it never ends too early. What
 * does not fit into 32 bits ends too early, which lapic_timer.c sees. 0 ends it at once (26.7.4).
 */
void vmx_timer_enter(struct vcpu_vmx *vmx)
{
	bool on = vmx->timer_tsc != KVM_HV_TIMER_OFF;
	u64 now, end;

	vmcs_control(vmx, VMX_PIN, PIN_BASED_VMX_PREEMPTION_TIMER, on);
	if (!on) {
		vmx->entry_work &= ~VMX_WORK_TIMER;
		return;
	}
	now = rdtsc() >> rate_shift;
	end = (vmx->timer_tsc + BIT_ULL(rate_shift) - 1) >> rate_shift;
	vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, end > now ? min_t(u64, end - now, U32_MAX) : 0);
}

/** vmx_exit_timer - exit 52: it has counted down */
int vmx_exit_timer(struct kvm_vcpu *vcpu)
{
	++vcpu->stat.hv_timer_exits;
	kvm_lapic_hv_timer_expired(vcpu);
	return 1;
}
