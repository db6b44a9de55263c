// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of VMX controls: which ones a guest needs, which ones are used where the CPU has them,
 * which ones must be off. Read at module load, and on each CPU that comes later to see that it is
 * like the first.
 */
#include <linux/moduleparam.h>
#include <asm/msr.h>
#include "vmx.h"

/* So that on any CPU each fall-back, and each refusal, can be tried. */
static char *without;
module_param(without, charp, 0444);
MODULE_PARM_DESC(without, "Names of VMX controls, as controls.c has them, to do without (a list)");

enum vmx_need {
	VMX_REQUIRED,		/* on in every VMCS; no VMX without it */
	VMX_TOGGLED,		/* must be there, off at first: windows and the like */
	VMX_OPTIONAL,		/* on where the CPU has it and the parameters let it */
	VMX_OFFERED,		/* off at first; vmx_caps.allowed says whether it may be on */
	VMX_ABSENT,		/* must be off, and the CPU must let it be */
};

#define VMX_CONTROL(word, bit, need)	{ #bit, bit, word, need }

static const struct vmx_control {
	const char *name;
	u32 bit;
	u8 word;
	u8 need;
} vmx_controls[] = {
	/* Interrupts and NMIs are the host's. */
	VMX_CONTROL(VMX_PIN, PIN_BASED_EXT_INTR_MASK, VMX_REQUIRED),
	VMX_CONTROL(VMX_PIN, PIN_BASED_NMI_EXITING, VMX_REQUIRED),
	VMX_CONTROL(VMX_PIN, PIN_BASED_VIRTUAL_NMIS, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PIN, PIN_BASED_VMX_PREEMPTION_TIMER, VMX_OFFERED),

	VMX_CONTROL(VMX_PROC, CPU_BASED_HLT_EXITING, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_MWAIT_EXITING, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_MONITOR_EXITING, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_RDPMC_EXITING, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_UNCOND_IO_EXITING, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_USE_MSR_BITMAPS, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_USE_TSC_OFFSETTING, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_MOV_DR_EXITING, VMX_REQUIRED),
	/* Userspace's interrupt controller wants to know when TPR falls. */
	VMX_CONTROL(VMX_PROC, CPU_BASED_CR8_LOAD_EXITING, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS, VMX_REQUIRED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_INTR_WINDOW_EXITING, VMX_TOGGLED),
	VMX_CONTROL(VMX_PROC, CPU_BASED_NMI_WINDOW_EXITING, VMX_OFFERED),
	/* A debugger's steps, which RFLAGS.TF must make otherwise. */
	VMX_CONTROL(VMX_PROC, CPU_BASED_MONITOR_TRAP_FLAG, VMX_OFFERED),
	/* Reads of CR8 come from the virtual-APIC page, or else they exit. */
	VMX_CONTROL(VMX_PROC, CPU_BASED_TPR_SHADOW, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PROC, CPU_BASED_CR8_STORE_EXITING, VMX_TOGGLED),
	/* With EPT the guest's CR3 and translations are its own, at least when it has paging on. */
	VMX_CONTROL(VMX_PROC, CPU_BASED_CR3_LOAD_EXITING, VMX_ABSENT),
	VMX_CONTROL(VMX_PROC, CPU_BASED_CR3_STORE_EXITING, VMX_ABSENT),
	VMX_CONTROL(VMX_PROC, CPU_BASED_INVLPG_EXITING, VMX_ABSENT),

	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_ENABLE_EPT, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_UNRESTRICTED_GUEST, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_DESC, VMX_OFFERED),	/* rmode.c */
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_ENABLE_VPID, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_WBINVD_EXITING, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_ENABLE_RDTSCP, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_ENABLE_INVPCID, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_PAUSE_LOOP_EXITING, VMX_OPTIONAL),
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_TSC_SCALING, VMX_OPTIONAL),
	/* For vCPUs whose APIC is in the kernel, an xAPIC at its usual place. */
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES, VMX_OFFERED),
	/* For VMs with dirty rings. */
	VMX_CONTROL(VMX_PROC2, SECONDARY_EXEC_ENABLE_PML, VMX_OFFERED),

	VMX_CONTROL(VMX_EXIT, VM_EXIT_HOST_ADDR_SPACE_SIZE, VMX_REQUIRED),
	VMX_CONTROL(VMX_EXIT, VM_EXIT_SAVE_DEBUG_CONTROLS, VMX_REQUIRED),
	/* The vector comes with the exit; exits.c calls its handler. */
	VMX_CONTROL(VMX_EXIT, VM_EXIT_ACK_INTR_ON_EXIT, VMX_REQUIRED),
	/* These three: msr_switch.c knows another way. */
	VMX_CONTROL(VMX_EXIT, VM_EXIT_LOAD_IA32_EFER, VMX_OFFERED),
	VMX_CONTROL(VMX_EXIT, VM_EXIT_LOAD_IA32_PAT, VMX_OFFERED),
	VMX_CONTROL(VMX_EXIT, VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL, VMX_OFFERED),

	VMX_CONTROL(VMX_ENTRY, VM_ENTRY_LOAD_DEBUG_CONTROLS, VMX_REQUIRED),
	VMX_CONTROL(VMX_ENTRY, VM_ENTRY_LOAD_IA32_EFER, VMX_OFFERED),
	VMX_CONTROL(VMX_ENTRY, VM_ENTRY_LOAD_IA32_PAT, VMX_OFFERED),
	VMX_CONTROL(VMX_ENTRY, VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL, VMX_OFFERED),
	VMX_CONTROL(VMX_ENTRY, VM_ENTRY_IA32E_MODE, VMX_TOGGLED),
};

/*
 * The MSR of each word: with IA32_VMX_BASIC bit 55 the "true" one, by which default1 bits can be
 * cleared (A.2). Low half: bits that must be 1; high half: bits that may be (A.3.1).
 */
static u64 vmx_control_msr(enum vmx_control_word word, bool true_ctls)
{
	static const u32 msrs[VMX_CONTROL_WORDS][2] = {
		[VMX_PIN] = { MSR_IA32_VMX_PINBASED_CTLS, MSR_IA32_VMX_TRUE_PINBASED_CTLS },
		[VMX_PROC] = { MSR_IA32_VMX_PROCBASED_CTLS, MSR_IA32_VMX_TRUE_PROCBASED_CTLS },
		[VMX_PROC2] = { MSR_IA32_VMX_PROCBASED_CTLS2, MSR_IA32_VMX_PROCBASED_CTLS2 },
		[VMX_EXIT] = { MSR_IA32_VMX_EXIT_CTLS, MSR_IA32_VMX_TRUE_EXIT_CTLS },
		[VMX_ENTRY] = { MSR_IA32_VMX_ENTRY_CTLS, MSR_IA32_VMX_TRUE_ENTRY_CTLS },
	};
	u64 value;

	/* The secondary controls' MSR is there only if they can be activated at all. */
	return rdmsrl_safe(msrs[word][true_ctls], &value) ? 0 : value;
}

/* Is @name one of the words of parameter "without"? */
static bool vmx_control_unwanted(const char *name)
{
	const char *word = without;
	size_t len = strlen(name);

	while (word && *word) {
		if (!strncmp(word, name, len) && (!word[len] || word[len] == ','))
			return true;
		word = strchr(word, ',');
		word += !!word;
	}
	return false;
}

/* One line of the table against its MSR. Adds to @caps; -EIO with the control's name logged. */
static int vmx_control_adjust(struct vmx_caps *caps, const struct vmx_control *control, u64 msr)
{
	u32 must = msr, may = msr >> 32;

	if (vmx_control_unwanted(control->name))
		may &= ~control->bit;
	caps->allowed[control->word] |= may & control->bit;
	switch (control->need) {
	case VMX_REQUIRED:
	case VMX_TOGGLED:
		if (!(may & control->bit)) {
			pr_err("kvm_intel: this CPU lacks the VMX control %s\n", control->name);
			return -EIO;
		}
		if (control->need == VMX_REQUIRED)
			caps->base[control->word] |= control->bit;
		return 0;
	case VMX_OPTIONAL:
		caps->base[control->word] |= may & control->bit;
		return 0;
	case VMX_OFFERED:
		return 0;
	default:
		if (!(must & control->bit))
			return 0;
		pr_err("kvm_intel: this CPU cannot do without the VMX control %s\n", control->name);
		return -EIO;
	}
}

/**
 * vmx_controls_read - what the CPU allows, and what we make of it
 * @caps: base and allowed are filled
 *
 * Return: 0, or -EIO with the control that decides it logged.
 */
int vmx_controls_read(struct vmx_caps *caps)
{
	u64 basic, msr[VMX_CONTROL_WORDS];
	unsigned int i;
	int r;

	rdmsrl(MSR_IA32_VMX_BASIC, basic);
	for (i = 0; i < VMX_CONTROL_WORDS; i++) {
		msr[i] = vmx_control_msr(i, basic & BIT_ULL(55));
		caps->base[i] = (u32)msr[i];
	}
	for (i = 0; i < ARRAY_SIZE(vmx_controls); i++) {
		r = vmx_control_adjust(caps, &vmx_controls[i], msr[vmx_controls[i].word]);
		if (r)
			return r;
	}
	return 0;
}

/** vmx_controls_equal - may a vCPU move between the CPUs that gave @a and @b? */
bool vmx_controls_equal(const struct vmx_caps *a, const struct vmx_caps *b)
{
	return !memcmp(a->base, b->base, sizeof(a->base)) &&
	       !memcmp(a->allowed, b->allowed, sizeof(a->allowed));
}
