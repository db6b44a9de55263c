// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's VMX can do.
 *
 * Owns vmx_caps and the module parameters, both fixed once vmx_hardware_setup() has run. Called by
 * the core at module load and unload, and by vmx_check_processor_compatibility() on each CPU with
 * interrupts off.
 */
#include <linux/moduleparam.h>
#include <linux/smp.h>
#include <asm/msr.h>
#include "vmcs.h"

struct vmx_caps vmx_caps __read_mostly;

/* Read back, a parameter says what is in use, not what was asked for. */
static bool ept = true;
module_param(ept, bool, 0444);
MODULE_PARM_DESC(ept, "Use EPT (default on; 0: shadow paging)");

static bool eptad = true;
module_param(eptad, bool, 0444);
MODULE_PARM_DESC(eptad, "Use accessed and dirty flags of EPT entries (default on)");

static bool unrestricted_guest = true;
module_param(unrestricted_guest, bool, 0444);
MODULE_PARM_DESC(unrestricted_guest, "Run real mode and paging-off in hardware (default on)");

static bool vpid = true;
module_param(vpid, bool, 0444);
MODULE_PARM_DESC(vpid, "Tag translations with the vCPU (default on)");

static bool vnmi = true;
module_param(vnmi, bool, 0444);
MODULE_PARM_DESC(vnmi, "Let the CPU tell when a guest handles an NMI (default on)");

static unsigned int ple_gap = 128;
module_param(ple_gap, uint, 0444);
MODULE_PARM_DESC(ple_gap, "Cycles between PAUSEs of one loop; 0: PAUSE loops do not exit");

static unsigned int ple_window = 4096;
module_param(ple_window, uint, 0444);
MODULE_PARM_DESC(ple_window, "Cycles that a PAUSE loop may last");

static bool flexpriority = true;
module_param(flexpriority, bool, 0444);
MODULE_PARM_DESC(flexpriority, "Let the CPU answer for TPR in the APIC's page (default on)");

/* Of use to an in-kernel interrupt controller or a nested hypervisor alone. */
static bool enable_apicv;
module_param(enable_apicv, bool, 0444);
MODULE_PARM_DESC(enable_apicv, "APIC virtualization (not available: always off)");

static bool pml = true;
module_param(pml, bool, 0444);
MODULE_PARM_DESC(pml, "Page-modification logging, for dirty rings");

static bool nested;
module_param(nested, bool, 0444);
MODULE_PARM_DESC(nested, "Nested VMX (not available: always off)");

/** vmx_pml_used - do vCPUs of VMs with dirty rings log by PML? */
bool vmx_pml_used(void)
{
	return pml;
}

/** vmx_ple_gap - field PLE_GAP */
u32 vmx_ple_gap(void)
{
	return ple_gap;
}

/** vmx_ple_window - field PLE_WINDOW */
u32 vmx_ple_window(void)
{
	return ple_window;
}

/* ---- may we? --------------------------------------------------------------------------------- */

#define VMX_FEAT_CTL_ON	(FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX)

/* From the CPU itself: the kernel hides VMX in its own flags when the firmware disabled it. */
static bool vmx_in_cpuid(void)
{
	return cpuid_ecx(1) & BIT(5);
}

/**
 * vmx_cpu_has_support - is there a VMX that nobody else holds?
 *
 * Return: 0; -EOPNOTSUPP without VMX; -EBUSY when CR4.VMXE is on already. The reason is logged.
 */
int vmx_cpu_has_support(void)
{
	if (!vmx_in_cpuid()) {
		pr_err("kvm: this CPU has no VMX (CPUID 1 ECX bit 5 is clear)\n");
		return -EOPNOTSUPP;
	}
	if (vmx_disabled_by_bios())
		return -EOPNOTSUPP;
	if (!boot_cpu_has(X86_FEATURE_VMX)) {
		pr_err("kvm: the host kernel was told not to use VMX (clearcpuid=?)\n");
		return -EOPNOTSUPP;
	}
	if (__read_cr4() & X86_CR4_VMXE) {
		pr_err("kvm: another hypervisor holds VMX (CR4.VMXE is set): stop it first\n");
		return -EBUSY;
	}
	return 0;
}

/**
 * vmx_disabled_by_bios - has the firmware turned VMX off (23.7)? The way out is logged.
 *
 * An MSR that is not locked was left to the kernel, which locks it as it comes up: unlocked now
 * means that this kernel does not, and VMXON would raise #GP.
 */
bool vmx_disabled_by_bios(void)
{
	u64 feat_ctl;

	if (rdmsrl_safe(MSR_IA32_FEAT_CTL, &feat_ctl)) {
		pr_err("kvm: this CPU has no IA32_FEATURE_CONTROL, so no usable VMX\n");
		return true;
	}
	if ((feat_ctl & VMX_FEAT_CTL_ON) == VMX_FEAT_CTL_ON)
		return false;
	if (feat_ctl & FEAT_CTL_LOCKED)
		pr_err("kvm: the firmware disabled VMX and locked it so: enable it in the BIOS\n");
	else
		pr_err("kvm: neither firmware nor kernel has enabled VMX (FEATURE_CONTROL %#llx)\n",
		       feat_ctl);
	return true;
}

/* ---- capabilities ---------------------------------------------------------------------------- */

/*
 * Bits of CR0 and CR4 that VMX operation wants at 1, and those it allows (A.7, A.8). An
 * unrestricted guest may have PE and PG at 0 (23.8); without it rmode.c and guest_state.c pretend.
 */
static void vmx_caps_read_crs(struct vmx_caps *caps)
{
	rdmsrl(MSR_IA32_VMX_CR0_FIXED0, caps->cr0_fixed0);
	rdmsrl(MSR_IA32_VMX_CR0_FIXED1, caps->cr0_fixed1);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED0, caps->cr4_fixed0);
	rdmsrl(MSR_IA32_VMX_CR4_FIXED1, caps->cr4_fixed1);
	if (caps->base[VMX_PROC2] & SECONDARY_EXEC_UNRESTRICTED_GUEST)
		caps->cr0_fixed0 &= ~(X86_CR0_PE | X86_CR0_PG);
}

#define VMX_EPT_NEEDED	(VMX_EPT_PAGE_WALK_4_BIT | VMX_EPTP_WB_BIT | VMX_EPT_INVEPT_BIT)

/* INVVPID of one context or of all: something must be able to flush what a VPID tags (28.4.3.1). */
static bool vmx_vpid_usable(u64 ept_vpid)
{
	u64 cap = ept_vpid >> 32;

	return (cap & VMX_VPID_INVVPID_BIT) &&
	       (cap & (VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT | VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT));
}

#define VMX_EPT_EXTENTS	(VMX_EPT_EXTENT_CONTEXT_BIT | VMX_EPT_EXTENT_GLOBAL_BIT)

static bool vmx_ept_usable(u64 ept_vpid)
{
	return (ept_vpid & VMX_EPT_NEEDED) == VMX_EPT_NEEDED && (ept_vpid & VMX_EPT_EXTENTS);
}

/*
 * Shadow paging: hardware walks our tables, so that CR3 and INVLPG, and INVPCID with it, are ours
 * to see (25.1.3). Real mode in hardware needs EPT (26.2.1.1).
 */
static void vmx_caps_without_ept(struct vmx_caps *caps)
{
	caps->base[VMX_PROC2] &= ~(SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_UNRESTRICTED_GUEST);
	caps->base[VMX_PROC] |= CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING |
				CPU_BASED_INVLPG_EXITING;
	caps->ept_ad = false;
	caps->ept_5level = false;
}

/* Take out what a parameter, or another capability that is missing, forbids. */
static void vmx_caps_restrict(struct vmx_caps *caps)
{
	if (!vpid || !vmx_vpid_usable(caps->ept_vpid))
		caps->base[VMX_PROC2] &= ~SECONDARY_EXEC_ENABLE_VPID;
	if (!unrestricted_guest)
		caps->base[VMX_PROC2] &= ~SECONDARY_EXEC_UNRESTRICTED_GUEST;
	/* Virtual NMIs without the window that goes with them are of no use. */
	if (!vnmi || !(caps->allowed[VMX_PROC] & CPU_BASED_NMI_WINDOW_EXITING))
		caps->base[VMX_PIN] &= ~PIN_BASED_VIRTUAL_NMIS;
	caps->vnmi = caps->base[VMX_PIN] & PIN_BASED_VIRTUAL_NMIS;
	if (!ple_gap)
		caps->base[VMX_PROC2] &= ~SECONDARY_EXEC_PAUSE_LOOP_EXITING;
	caps->ept_ad = eptad && (caps->ept_vpid & VMX_EPT_AD_BIT);
	caps->ept_5level = (caps->ept_vpid & VMX_EPT_PAGE_WALK_5_BIT) &&
			   boot_cpu_data.x86_phys_bits > 48;
	if (!ept || !(caps->base[VMX_PROC2] & SECONDARY_EXEC_ENABLE_EPT) ||
	    !vmx_ept_usable(caps->ept_vpid))
		vmx_caps_without_ept(caps);
	vmx_msr_switch_restrict(caps);
	if (!(caps->base[VMX_PROC] & CPU_BASED_TPR_SHADOW))
		caps->base[VMX_PROC] |= CPU_BASED_CR8_STORE_EXITING;
	/* The page is mapped in EPT alone; without the shadow each access exits (29.4.2). */
	caps->flexpriority = flexpriority && (caps->base[VMX_PROC] & CPU_BASED_TPR_SHADOW) &&
			     (caps->base[VMX_PROC2] & SECONDARY_EXEC_ENABLE_EPT) &&
			     (caps->allowed[VMX_PROC2] & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES);
}

static int vmx_caps_read(struct vmx_caps *caps)
{
	u64 basic, misc;
	int r;

	memset(caps, 0, sizeof(*caps));
	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	rdmsrl(MSR_IA32_VMX_MISC, misc);
	caps->revision = vmx_basic_vmcs_revision_id(basic);
	caps->zero_len = misc & VMX_MISC_ZERO_LEN_INS;
	/* 24.2, A.1: at most a page, and write-back is the type that Linux maps it with. */
	if (vmx_basic_vmcs_size(basic) > PAGE_SIZE || ((basic >> 50) & 15) != X86_MEMTYPE_WB) {
		pr_err("kvm_intel: unusual VMCS (IA32_VMX_BASIC %#llx): not supported\n", basic);
		return -EIO;
	}
	r = vmx_controls_read(caps);
	if (r)
		return r;
	/* It is there with EPT or VPID (A.10). */
	if (rdmsrl_safe(MSR_IA32_VMX_EPT_VPID_CAP, &caps->ept_vpid))
		caps->ept_vpid = 0;
	rdmsrl(MSR_IA32_CR_PAT, caps->host_pat);
	vmx_caps_restrict(caps);
	vmx_caps_read_crs(caps);
	return 0;
}

/**
 * vmx_check_processor_compatibility - is this CPU as able as the one that was set up?
 *
 * Return: 0, or -EIO with the CPU named in the log. Interrupts are off.
 */
int vmx_check_processor_compatibility(void)
{
	int cpu = smp_processor_id();
	struct vmx_caps caps;
	u64 feat_ctl;

	if (!vmx_in_cpuid() || rdmsrl_safe(MSR_IA32_FEAT_CTL, &feat_ctl) ||
	    (feat_ctl & VMX_FEAT_CTL_ON) != VMX_FEAT_CTL_ON) {
		pr_err("kvm: CPU %d has no usable VMX, unlike the others\n", cpu);
		return -EIO;
	}
	if (vmx_caps_read(&caps) || !vmx_controls_equal(&caps, &vmx_caps) ||
	    caps.revision != vmx_caps.revision || caps.ept_vpid != vmx_caps.ept_vpid) {
		pr_err("kvm: CPU %d has VMX features that differ from the others'\n", cpu);
		return -EIO;
	}
	return 0;
}

/* ---- module load ----------------------------------------------------------------------------- */

/* What an exit makes stale in vcpu->arch. With shadow paging CR3 changes by an exit only. */
static void vmx_lazy_regs_setup(void)
{
	vmx_caps.lazy_regs = BIT(VCPU_REGS_RSP) | BIT(VCPU_REGS_RIP) | BIT(VCPU_EXREG_CR0) |
			     BIT(VCPU_EXREG_CR4) | BIT(VCPU_EXREG_RFLAGS);
	if (vmx_has_ept())
		vmx_caps.lazy_regs |= BIT(VCPU_EXREG_CR3) | BIT(VCPU_EXREG_PDPTR);
}

static void vmx_params_settle(void)
{
	if (enable_apicv || nested)
		pr_warn("kvm_intel: enable_apicv and nested are not available: off\n");
	flexpriority = vmx_caps.flexpriority;
	enable_apicv = false;
	pml = pml && vmx_caps.ept_ad &&
	      (vmx_caps.allowed[VMX_PROC2] & SECONDARY_EXEC_ENABLE_PML);
	nested = false;
	ept = vmx_has_ept();
	eptad = vmx_caps.ept_ad;
	unrestricted_guest = vmx_has_real_mode();
	vnmi = vmx_caps.vnmi;
	vpid = vmx_has2(SECONDARY_EXEC_ENABLE_VPID);
	if (!vmx_has2(SECONDARY_EXEC_PAUSE_LOOP_EXITING)) {
		ple_gap = 0;
		ple_window = 0;
	}
}

/* 24.6.5: the multiplier has 16 integer and 48 fraction bits. */
static void vmx_tsc_setup(void)
{
	if (!vmx_has2(SECONDARY_EXEC_TSC_SCALING))
		return;
	kvm_host.tsc_khz_scaling = true;
	kvm_host.tsc_scaling_frac_bits = 48;
	kvm_host.default_tsc_ratio = BIT_ULL(48);
	kvm_host.max_tsc_ratio = ~0ull;
	kvm_host.max_tsc_khz = min_t(u64, 0x7fffffff, (u64)tsc_khz * 0xffff);
}

/**
 * vmx_hardware_setup - read the CPU's features, tell the MMU of them
 *
 * Return: 0, -EOPNOTSUPP or -EIO with the reason logged, or -ENOMEM.
 */
int vmx_hardware_setup(void)
{
	int r;

	r = vmx_caps_read(&vmx_caps);
	if (r)
		return r;
	vmx_params_settle();
	vmx_lazy_regs_setup();
	r = vmx_cpus_alloc();
	if (r)
		return r;
	r = vmx_l1d_setup();
	if (r) {
		vmx_cpus_free();
		return r;
	}
	vmx_tsc_setup();
	vmx_timer_setup();
	kvm_host.disable_exits |= KVM_X86_DISABLE_EXITS_CSTATE;
	vmx_msr_setup();
	vmx_msr_switch_setup();
	vmx_ept_setup();
	kvm_compat_register_emergency_vmx(vmx_emergency_disable);
	pr_info("kvm_intel: %s%s%s%s%s%s%s%s%s\n", ept ? "EPT" : "shadow paging",
		vmx_caps.ept_ad ? ", A/D flags" : "",
		unrestricted_guest ? ", unrestricted guest" : "", vnmi ? ", virtual NMIs" : "",
		vpid ? ", VPID" : "", ple_gap ? ", PAUSE loops" : "",
		flexpriority ? ", APIC accesses" : "",
		kvm_host.tsc_khz_scaling ? ", TSC scaling" : "",
		kvm_host.hv_timer ? ", preemption timer" : "");
	return 0;
}

/** vmx_hardware_unsetup - undo vmx_hardware_setup(); VMX is off on every CPU */
void vmx_hardware_unsetup(void)
{
	kvm_compat_unregister_emergency_vmx(vmx_emergency_disable);
	vmx_msr_switch_unsetup();
	vmx_l1d_unsetup();
	vmx_cpus_free();
}

/** vmx_set_cpu_caps - vendor bits of what KVM_GET_SUPPORTED_CPUID offers */
void vmx_set_cpu_caps(void)
{
	kvm_cpu_cap_clear(X86_FEATURE_VMX);
	/* 25.3: without their controls these instructions raise #UD in a guest. */
	if (!vmx_has2(SECONDARY_EXEC_ENABLE_RDTSCP)) {
		kvm_cpu_cap_clear(X86_FEATURE_RDTSCP);
		kvm_cpu_cap_clear(X86_FEATURE_RDPID);
	}
	if (!vmx_has2(SECONDARY_EXEC_ENABLE_INVPCID))
		kvm_cpu_cap_clear(X86_FEATURE_INVPCID);
}
