// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's SVM can do, and virtualization on and off on one CPU.
 *
 * Owns svm_caps and the module parameters, both fixed once svm_hardware_setup() has run, and the
 * per-CPU svm_cpu but for the ASIDs (npt.c). The core calls in: the first four functions on each
 * CPU with interrupts off, the rest at module load and unload.
 */
#include <linux/cc_platform.h>
#include <linux/moduleparam.h>
#include "svm.h"

struct svm_caps svm_caps __read_mostly;
DEFINE_PER_CPU(struct svm_cpu, svm_cpu);

/* Read back, a parameter says what is in use, not what was asked for. */
static bool npt = true;
module_param(npt, bool, 0444);
MODULE_PARM_DESC(npt, "Use nested paging (default on; 0: shadow paging)");

static bool nrips = true;
module_param(nrips, bool, 0444);
MODULE_PARM_DESC(nrips, "Use the next RIP that the CPU saves at an exit (default on)");

static unsigned short pause_filter_count = 3000;
module_param(pause_filter_count, ushort, 0444);
MODULE_PARM_DESC(pause_filter_count, "PAUSEs in a row before one of them exits; 0: none does");

static unsigned short pause_filter_thresh = 128;
module_param(pause_filter_thresh, ushort, 0444);
MODULE_PARM_DESC(pause_filter_thresh, "Cycles after which a PAUSE begins a new row");

/* Of use to a nested hypervisor or an in-kernel interrupt controller alone: off without them. */
static int nested;
module_param(nested, int, 0444);
MODULE_PARM_DESC(nested, "Nested SVM (not available: always 0)");

static bool vls;
module_param(vls, bool, 0444);
MODULE_PARM_DESC(vls, "Virtual VMLOAD and VMSAVE (only with nested: always off)");

static bool vgif;
module_param(vgif, bool, 0444);
MODULE_PARM_DESC(vgif, "Virtual GIF (only with nested: always off)");

static bool avic;
module_param(avic, bool, 0444);
MODULE_PARM_DESC(avic, "AVIC (not available: always off)");

/** svm_pause_filter_count - VMCB.PAUSE_FILTER_COUNT */
unsigned short svm_pause_filter_count(void)
{
	return pause_filter_count;
}

/** svm_pause_filter_thresh - VMCB.PAUSE_FILTER_THRESHOLD */
unsigned short svm_pause_filter_thresh(void)
{
	return pause_filter_thresh;
}

/* ---- may we? --------------------------------------------------------------------------------- */

static u64 svm_vm_cr(void)
{
	u64 vm_cr;

	/* A host that is a guest itself may have no VM_CR: then nothing is disabled. */
	return rdmsrl_safe(MSR_VM_CR, &vm_cr) ? 0 : vm_cr;
}

/* From the CPU itself: some kernels hide SVM in their own flags when the firmware disabled it. */
static bool svm_in_cpuid(void)
{
	return cpuid_eax(0x80000000) >= SVM_CPUID_FUNC && (cpuid_ecx(0x80000001) & BIT(2));
}

/**
 * svm_cpu_has_support - is there an SVM that nobody else holds?
 *
 * Return: 0; -EOPNOTSUPP without SVM, or in an encrypted guest, which cannot have it; -EBUSY when
 * EFER.SVME is on already. The reason is logged.
 */
int svm_cpu_has_support(void)
{
	u64 efer;

	if (!svm_in_cpuid()) {
		pr_err("kvm: this CPU has no SVM (CPUID 8000_0001h ECX bit 2 is clear)\n");
		return -EOPNOTSUPP;
	}
	if (svm_disabled_by_bios())
		return -EOPNOTSUPP;
	if (!boot_cpu_has(X86_FEATURE_SVM)) {
		pr_err("kvm: the host kernel was told not to use SVM (clearcpuid=?)\n");
		return -EOPNOTSUPP;
	}
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT)) {
		pr_err("kvm: SVM cannot be used inside an encrypted guest\n");
		return -EOPNOTSUPP;
	}
	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME) {
		pr_err("kvm: another hypervisor holds SVM (EFER.SVME is set): stop it first\n");
		return -EBUSY;
	}
	return 0;
}

/** svm_disabled_by_bios - has the firmware turned SVM off (APM2 15.4)? The way out is logged. */
bool svm_disabled_by_bios(void)
{
	u64 vm_cr = svm_vm_cr();

	if (!(vm_cr & SVM_VM_CR_SVM_DIS_MASK))
		return false;
	pr_err("kvm: the firmware disabled SVM (VM_CR.SVMDIS%s): enable it in the BIOS setup\n",
	       vm_cr & SVM_VM_CR_SVM_LOCK_MASK ? ", locked" : "");
	return true;
}

/* CPUID 8000_000Ah EDX: every CPU must have what the first one has and we use (APM3 E.4.9). */
#define SVM_CPUID_EDX_USED	(BIT(0) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) |	\
				 BIT(10) | BIT(12) | BIT(20))

/**
 * svm_check_processor_compatibility - is this CPU as able as the one that was set up?
 *
 * Return: 0, or -EIO with the CPU and the difference named in the log. Interrupts are off.
 */
int svm_check_processor_compatibility(void)
{
	static u32 first_edx;
	int cpu = smp_processor_id();
	u32 edx = cpuid_edx(SVM_CPUID_FUNC) & SVM_CPUID_EDX_USED;

	if (!svm_in_cpuid() || (svm_vm_cr() & SVM_VM_CR_SVM_DIS_MASK)) {
		pr_err("kvm: CPU %d has no usable SVM, unlike the others\n", cpu);
		return -EIO;
	}
	/* Whoever comes first sets the measure; all of them write the same or are refused. */
	cmpxchg(&first_edx, 0, edx);
	if (edx != first_edx || cpuid_ebx(SVM_CPUID_FUNC) < svm_caps.nasid) {
		pr_err("kvm: CPU %d has SVM features %#x, the others have %#x\n", cpu, edx,
		       first_edx);
		return -EIO;
	}
	return 0;
}

/* ---- on and off ------------------------------------------------------------------------------ */

/**
 * svm_hardware_enable - virtualization on, on this CPU
 *
 * Return: 0, or -EBUSY when another hypervisor came first. Interrupts are off.
 */
int svm_hardware_enable(void)
{
	struct svm_cpu *sc = this_cpu_ptr(&svm_cpu);
	u64 efer;

	rdmsrl(MSR_EFER, efer);
	if (efer & EFER_SVME) {
		pr_err_ratelimited("kvm: CPU %d: another hypervisor holds SVM\n",
				   smp_processor_id());
		return -EBUSY;
	}
	/*
	 * Who used the ASIDs meanwhile is not known: the first one given out starts a generation,
	 * and with it goes a flush of all of them (APM2 15.16.1).
	 */
	sc->asid_generation++;
	sc->next_asid = svm_caps.nasid;
	sc->current_vmcb = NULL;

	wrmsrl(MSR_EFER, efer | EFER_SVME);
	wrmsrl(MSR_VM_HSAVE_PA, sc->hsave_pa);
	if (svm_caps.tsc_ratio) {
		wrmsrl(MSR_AMD64_TSC_RATIO, kvm_host.default_tsc_ratio);
		sc->tsc_ratio = kvm_host.default_tsc_ratio;
	}
	return 0;
}

/* APM2 15.17: with GIF clear, INIT and NMI would be lost; STGI raises #UD where SVM is off. */
static void svm_set_gif(void)
{
	asm goto("1: stgi\n\t" _ASM_EXTABLE(1b, %l[off]) : : : "memory" : off);
off:
	return;
}

/** svm_hardware_disable - virtualization off, on this CPU; idempotent. Interrupts are off. */
void svm_hardware_disable(void)
{
	u64 efer;

	rdmsrl(MSR_EFER, efer);
	if (!(efer & EFER_SVME))
		return;
	if (svm_caps.tsc_ratio)
		wrmsrl(MSR_AMD64_TSC_RATIO, kvm_host.default_tsc_ratio);
	svm_set_gif();
	wrmsrl(MSR_VM_HSAVE_PA, 0);
	wrmsrl(MSR_EFER, efer & ~EFER_SVME);
}

/* Crash or emergency reboot: from an NMI, on whichever CPU; no lock, no log. */
static void svm_emergency_disable(void)
{
	svm_hardware_disable();
}

/* ---- module load ----------------------------------------------------------------------------- */

static void svm_caps_detect(void)
{
	svm_caps.nasid = cpuid_ebx(SVM_CPUID_FUNC);
	svm_caps.npt = npt && boot_cpu_has(X86_FEATURE_NPT);
	svm_caps.lazy_regs = BIT(VCPU_EXREG_CR0);
	/* With shadow paging hardware has our CR3, and the guest's changes by an exit only. */
	if (svm_caps.npt)
		svm_caps.lazy_regs |= BIT(VCPU_EXREG_CR3) | BIT(VCPU_EXREG_PDPTR);
	svm_caps.nrips = nrips && boot_cpu_has(X86_FEATURE_NRIPS);
	if (boot_cpu_has(X86_FEATURE_XSAVES))
		rdmsrl(MSR_IA32_XSS, kvm_host.xss);
	svm_caps.flush_by_asid = boot_cpu_has(X86_FEATURE_FLUSHBYASID);
	svm_caps.decode_assists = boot_cpu_has(X86_FEATURE_DECODEASSISTS);
	svm_caps.tsc_ratio = boot_cpu_has(X86_FEATURE_TSCRATEMSR);
	svm_caps.clean = boot_cpu_has(X86_FEATURE_VMCBCLEAN) ? ~0u : 0;
	svm_caps.pause_filter = pause_filter_count && boot_cpu_has(X86_FEATURE_PAUSEFILTER);
	svm_caps.pause_threshold = svm_caps.pause_filter && pause_filter_thresh &&
				   boot_cpu_has(X86_FEATURE_PFTHRESHOLD);
}

static void svm_params_settle(void)
{
	if (nested || vls || vgif || avic)
		pr_warn("kvm_amd: nested, vls, vgif and avic are not available: off\n");
	nested = 0;
	vls = false;
	vgif = false;
	avic = false;
	npt = svm_caps.npt;
	nrips = svm_caps.nrips;
	if (!svm_caps.pause_filter)
		pause_filter_count = 0;
	if (!svm_caps.pause_threshold)
		pause_filter_thresh = 0;
}

static int svm_caps_check(void)
{
	/* ASID 0 is the host's (APM2 15.16). */
	if (svm_caps.nasid < 2) {
		pr_err("kvm_amd: this CPU has no ASID for guests (CPUID 8000_000Ah EBX is %u)\n",
		       svm_caps.nasid);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* APM2 15.30.5: the ratio has 8 integer and 32 fraction bits. */
static void svm_tsc_setup(void)
{
	if (!svm_caps.tsc_ratio)
		return;
	kvm_host.tsc_khz_scaling = true;
	kvm_host.tsc_scaling_frac_bits = 32;
	kvm_host.default_tsc_ratio = SVM_TSC_RATIO_DEFAULT;
	kvm_host.max_tsc_ratio = SVM_TSC_RATIO_MAX;
	kvm_host.max_tsc_khz = min_t(u64, 0x7fffffff, (u64)tsc_khz * (SVM_TSC_RATIO_MAX >> 32));
}

static void svm_cpus_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct svm_cpu *sc = per_cpu_ptr(&svm_cpu, cpu);

		free_page((unsigned long)sc->hsave);
		free_page((unsigned long)sc->host_state);
		sc->hsave = NULL;
		sc->host_state = NULL;
	}
}

/* For every possible CPU, so that one that comes later needs no memory. */
static int svm_cpus_alloc(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct svm_cpu *sc = per_cpu_ptr(&svm_cpu, cpu);

		sc->hsave = (void *)get_zeroed_page(GFP_KERNEL);
		sc->host_state = (void *)get_zeroed_page(GFP_KERNEL);
		if (!sc->hsave || !sc->host_state) {
			svm_cpus_free();
			return -ENOMEM;
		}
		sc->hsave_pa = __sme_pa(sc->hsave);
		sc->host_state_pa = __sme_pa(sc->host_state);
	}
	return 0;
}

/**
 * svm_hardware_setup - read the CPU's features, build the shared tables
 *
 * Return: 0, -EOPNOTSUPP with the reason logged, or -ENOMEM.
 */
int svm_hardware_setup(void)
{
	int r;

	svm_caps_detect();
	r = svm_caps_check();
	if (r)
		return r;
	svm_params_settle();
	r = svm_cpus_alloc();
	if (r)
		return r;
	r = svm_iopm_setup();
	if (r) {
		svm_cpus_free();
		return r;
	}
	svm_tsc_setup();
	svm_msr_setup();
	kvm_mmu_configure(svm_caps.npt, svm_get_tdp_level(),
			  boot_cpu_has(X86_FEATURE_GBPAGES) ? 3 : 2);
	kvm_compat_register_emergency_svm(svm_emergency_disable);
	pr_info("kvm_amd: %s paging, %u ASIDs%s%s%s\n", svm_caps.npt ? "nested" : "shadow",
		svm_caps.nasid - 1,
		svm_caps.nrips ? ", next RIP" : "",
		svm_caps.decode_assists ? ", decode assists" : "",
		svm_caps.flush_by_asid ? ", flush by ASID" : "");
	return 0;
}

/** svm_hardware_unsetup - undo svm_hardware_setup(); SVM is off on every CPU */
void svm_hardware_unsetup(void)
{
	kvm_compat_unregister_emergency_svm(svm_emergency_disable);
	svm_iopm_unsetup();
	svm_cpus_free();
}

/** svm_set_cpu_caps - vendor bits of what KVM_GET_SUPPORTED_CPUID offers */
void svm_set_cpu_caps(void)
{
	kvm_cpu_cap_clear(X86_FEATURE_SVM);
	/* APM2 3.2.9: VIRT_SPEC_CTRL's SSBD, in place of what the host has for it. */
	if (boot_cpu_has(X86_FEATURE_LS_CFG_SSBD) || boot_cpu_has(X86_FEATURE_AMD_SSBD))
		kvm_cpu_cap_set(X86_FEATURE_VIRT_SSBD);
}
