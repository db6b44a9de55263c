// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs whose guest and host values are exchanged by VM entry and VM exit themselves: EFER and PAT
 * always, the performance counters' when the host's profiler wants them off in guests.
 *
 * Three of them have controls and VMCS fields of their own. Any other, and those three on a CPU
 * without the controls, go through the VM-entry and VM-exit MSR-load areas (24.7.2, 24.8.2). Owns
 * vcpu_vmx.msr_switch. Called with the vCPU loaded, under its mutex.
 */
#include <asm/perf_event.h>
#include "vmcs.h"

/* Those with controls: all or nothing, since a guest's value must not outlive its run. */
static const struct vmx_switched {
	u32 msr;
	u32 entry;
	u32 exit;
	u32 guest;
	u32 host;
} vmx_switched[VMX_SWITCHED] = {
	{ MSR_EFER, VM_ENTRY_LOAD_IA32_EFER, VM_EXIT_LOAD_IA32_EFER, GUEST_IA32_EFER,
	  HOST_IA32_EFER },
	{ MSR_IA32_CR_PAT, VM_ENTRY_LOAD_IA32_PAT, VM_EXIT_LOAD_IA32_PAT, GUEST_IA32_PAT,
	  HOST_IA32_PAT },
	{ MSR_CORE_PERF_GLOBAL_CTRL, VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL,
	  VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL, GUEST_IA32_PERF_GLOBAL_CTRL,
	  HOST_IA32_PERF_GLOBAL_CTRL },
};

DEFINE_STATIC_KEY_FALSE(vmx_perf_switched);

/* ---- by control ------------------------------------------------------------------------------ */

/* The row of @msr if its controls are there, else -1. */
static int vmx_switched_row(u32 msr)
{
	int i;

	for (i = 0; i < VMX_SWITCHED; i++) {
		if (vmx_switched[i].msr != msr)
			continue;
		return (vmx_caps.allowed[VMX_ENTRY] & vmx_switched[i].entry) &&
		       (vmx_caps.allowed[VMX_EXIT] & vmx_switched[i].exit) ? i : -1;
	}
	return -1;
}

/* Fields are written when they change: what is in them stays while the controls are off. */
static void vmx_switch_fields(struct vcpu_vmx *vmx, int row, u64 guest, u64 host)
{
	struct vmx_msr_switch *sw = &vmx->msr_switch;
	bool fresh = !(sw->written & BIT(row));

	if (fresh || sw->guest_field[row] != guest)
		vmcs_write64(vmx_switched[row].guest, guest);
	if (fresh || sw->host_field[row] != host)
		vmcs_write64(vmx_switched[row].host, host);
	sw->guest_field[row] = guest;
	sw->host_field[row] = host;
	sw->written |= BIT(row);
	vmcs_control(vmx, VMX_ENTRY, vmx_switched[row].entry, true);
	vmcs_control(vmx, VMX_EXIT, vmx_switched[row].exit, true);
}

/* ---- by the MSR-load areas ------------------------------------------------------------------- */

static void vmx_switch_set_count(struct vmx_msr_switch *sw, u32 count)
{
	sw->count = count;
	vmcs_write32(VM_ENTRY_MSR_LOAD_COUNT, count);
	vmcs_write32(VM_EXIT_MSR_LOAD_COUNT, count);
}

static int vmx_switch_find(const struct vmx_msr_switch *sw, u32 msr)
{
	int i;

	for (i = 0; i < sw->count; i++)
		if (sw->guest[i].index == msr)
			return i;
	return -1;
}

static void vmx_switch_area(struct vcpu_vmx *vmx, u32 msr, u64 guest, u64 host)
{
	struct vmx_msr_switch *sw = &vmx->msr_switch;
	int i = vmx_switch_find(sw, msr);

	if (i < 0) {
		i = sw->count;
		if (i == VMX_MSR_AREA) {
			pr_warn_once("kvm: no room to switch MSR %#x: guests run with the host's\n",
				     msr);
			return;
		}
		sw->guest[i].index = msr;
		sw->host[i].index = msr;
		vmx_switch_set_count(sw, i + 1);
	}
	sw->guest[i].value = guest;
	sw->host[i].value = host;
}

/* ---- both ------------------------------------------------------------------------------------ */

/**
 * vmx_msr_switch_set - from the next entry on the MSR is @guest in guest mode, and @host outside
 * @vmx: the vCPU
 * @msr: an MSR that VM entry may load: none of FS_BASE, GS_BASE, the x2APIC's (26.4)
 * @guest: the guest's value
 * @host: the host's
 */
void vmx_msr_switch_set(struct vcpu_vmx *vmx, u32 msr, u64 guest, u64 host)
{
	int row = vmx_switched_row(msr);

	if (row >= 0)
		vmx_switch_fields(vmx, row, guest, host);
	else
		vmx_switch_area(vmx, msr, guest, host);
}

/**
 * vmx_msr_switch_clear - guest and host have the same value: it stays in the CPU
 * @vmx: the vCPU
 * @msr: any MSR
 */
void vmx_msr_switch_clear(struct vcpu_vmx *vmx, u32 msr)
{
	struct vmx_msr_switch *sw = &vmx->msr_switch;
	int row = vmx_switched_row(msr), i;

	if (row >= 0) {
		vmcs_control(vmx, VMX_ENTRY, vmx_switched[row].entry, false);
		vmcs_control(vmx, VMX_EXIT, vmx_switched[row].exit, false);
		return;
	}
	i = vmx_switch_find(sw, msr);
	if (i < 0)
		return;
	sw->guest[i] = sw->guest[sw->count - 1];
	sw->host[i] = sw->host[sw->count - 1];
	vmx_switch_set_count(sw, sw->count - 1);
}

/**
 * vmx_msr_switch_init - nothing is switched
 * @vmx: the vCPU, whose control words are those it starts with
 */
void vmx_msr_switch_init(struct vcpu_vmx *vmx)
{
	struct vmx_msr_switch *sw = &vmx->msr_switch;

	/* 24.7.2: a multiple of 16 bytes. */
	BUILD_BUG_ON(offsetof(struct vcpu_vmx, msr_switch.guest) % 16 ||
		     offsetof(struct vcpu_vmx, msr_switch.host) % 16);
	sw->written = 0;
	vmcs_write64(VM_ENTRY_MSR_LOAD_ADDR, __pa(sw->guest));
	vmcs_write64(VM_EXIT_MSR_LOAD_ADDR, __pa(sw->host));
	vmcs_write32(VM_EXIT_MSR_STORE_COUNT, 0);
	vmx_switch_set_count(sw, 0);
}

/* ---- the host's profiler --------------------------------------------------------------------- */

/**
 * vmx_msr_switch_restrict - controls that do not do what they say
 * @caps: taken out of its @allowed
 *
 * Some of Intel's older CPUs lose bits 34:32 of PERF_GLOBAL_CTRL at VM exit when the control loads
 * it (specification updates of Nehalem and Westmere, "VM Exit May Incorrectly Clear
 * IA32_PERF_GLOBAL_CTRL [34:32]"): they get it by the area.
 */
void vmx_msr_switch_restrict(struct vmx_caps *caps)
{
	static const u8 faulty[] = { 26, 30, 37, 44, 46 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faulty); i++)
		if (boot_cpu_data.x86 == 6 && boot_cpu_data.x86_model == faulty[i])
			caps->allowed[VMX_EXIT] &= ~VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL;
}

/** vmx_msr_switch_setup - at module load: has the host counters that guests must not run? */
void vmx_msr_switch_setup(void)
{
	struct x86_pmu_capability pmu;

	perf_get_x86_pmu_capability(&pmu);
	if (pmu.version && boot_cpu_data.x86_vendor == X86_VENDOR_INTEL)
		static_branch_enable(&vmx_perf_switched);
}

/** vmx_msr_switch_unsetup - undo vmx_msr_switch_setup() */
void vmx_msr_switch_unsetup(void)
{
	static_branch_disable(&vmx_perf_switched);
}

/**
 * vmx_msr_switch_perf - what the host's profiler counts in guests, before each entry
 * @vmx: the vCPU; interrupts are off, so that nothing but an NMI starts or stops an event
 *
 * Events that exclude guests are off inside, and so is PEBS: a record goes to a linear address,
 * which in guest mode is the guest's (18.4.4, table 18-8). PEBS needs time to come to rest, that an
 * MSR-load area does not give: WRMSR turns it off before.
 */
void vmx_msr_switch_perf(struct vcpu_vmx *vmx)
{
	struct perf_guest_switch_msr *msrs;
	int count = 0, i;

	msrs = kvm_compat_guest_msrs(vmx->vcpu.host, &count);
	if (!msrs)
		return;
	for (i = 0; i < count; i++) {
		if (msrs[i].host == msrs[i].guest) {
			vmx_msr_switch_clear(vmx, msrs[i].msr);
			continue;
		}
		if (msrs[i].msr == MSR_IA32_PEBS_ENABLE)
			wrmsrl(MSR_IA32_PEBS_ENABLE, 0);
		vmx_msr_switch_set(vmx, msrs[i].msr, msrs[i].guest, msrs[i].host);
	}
}
