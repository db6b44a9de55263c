// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1 Terminal Fault: the L1 data cache is flushed before an entry, so that a guest that reads
 * through a PTE which is not present finds nothing there (linux-doc: hw-vuln/l1tf.rst).
 *
 * Owns the parameter vmentry_l1d_flush. Called at module load, and before entries with interrupts
 * off.
 */
#include <linux/gfp.h>
#include <linux/hardirq.h>
#include <linux/moduleparam.h>
#include <asm/processor.h>
#include "vmcs.h"

/* Twice the biggest L1D: where the CPU has no command for it, reading this displaces all of it. */
#define VMX_L1D_ORDER	4
#define VMX_L1D_LINE	64

DEFINE_STATIC_KEY_FALSE(vmx_l1d_should_flush);

static enum vmx_l1d_flush_state l1d_mode = VMENTER_L1D_FLUSH_AUTO;
static void *l1d_pages;

static const char * const l1d_names[] = {
	[VMENTER_L1D_FLUSH_AUTO] = "auto",
	[VMENTER_L1D_FLUSH_NEVER] = "never",
	[VMENTER_L1D_FLUSH_COND] = "cond",
	[VMENTER_L1D_FLUSH_ALWAYS] = "always",
	[VMENTER_L1D_FLUSH_EPT_DISABLED] = "EPT disabled",
	[VMENTER_L1D_FLUSH_NOT_REQUIRED] = "not required",
};

/* auto, never, cond or always: the others are answers, not wishes. */
static int vmx_l1d_param_set(const char *value, const struct kernel_param *kp)
{
	int mode = sysfs_match_string(l1d_names, value);

	if (mode < 0 || mode > VMENTER_L1D_FLUSH_ALWAYS)
		return -EINVAL;
	l1d_mode = mode;
	return 0;
}

static int vmx_l1d_param_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", l1d_names[l1d_mode]);
}

static const struct kernel_param_ops vmx_l1d_param_ops = {
	.set = vmx_l1d_param_set,
	.get = vmx_l1d_param_get,
};
module_param_cb(vmentry_l1d_flush, &vmx_l1d_param_ops, NULL, 0444);
MODULE_PARM_DESC(vmentry_l1d_flush, "L1D flush before entries: auto, never, cond or always");

/* What the kernel's l1tf= parameter asks for stands above ours where it says "full". */
static enum vmx_l1d_flush_state vmx_l1d_choose(void)
{
	if (!boot_cpu_has_bug(X86_BUG_L1TF) ||
	    (kvm_host.arch_capabilities & ARCH_CAP_SKIP_VMENTRY_L1DFLUSH))
		return VMENTER_L1D_FLUSH_NOT_REQUIRED;
	if (l1tf_mitigation == L1TF_MITIGATION_FULL_FORCE)
		return VMENTER_L1D_FLUSH_ALWAYS;
	if (l1d_mode != VMENTER_L1D_FLUSH_AUTO)
		return l1d_mode;
	switch (l1tf_mitigation) {
	case L1TF_MITIGATION_OFF:
		return VMENTER_L1D_FLUSH_NEVER;
	case L1TF_MITIGATION_FULL:
		return VMENTER_L1D_FLUSH_ALWAYS;
	default:
		return VMENTER_L1D_FLUSH_COND;
	}
}

/** vmx_l1d_setup - choose, and tell /sys/devices/system/cpu/vulnerabilities/l1tf; 0 or -ENOMEM */
int vmx_l1d_setup(void)
{
	bool flush;

	l1d_mode = vmx_l1d_choose();
	flush = l1d_mode == VMENTER_L1D_FLUSH_COND || l1d_mode == VMENTER_L1D_FLUSH_ALWAYS;
	if (flush && !boot_cpu_has(X86_FEATURE_FLUSH_L1D)) {
		l1d_pages = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, VMX_L1D_ORDER);
		if (!l1d_pages)
			return -ENOMEM;
	}
	l1tf_vmx_mitigation = l1d_mode;
	if (flush)
		static_branch_enable(&vmx_l1d_should_flush);
	return 0;
}

/** vmx_l1d_unsetup - no guest runs any more */
void vmx_l1d_unsetup(void)
{
	free_pages((unsigned long)l1d_pages, VMX_L1D_ORDER);
	l1d_pages = NULL;
	l1tf_vmx_mitigation = VMENTER_L1D_FLUSH_AUTO;
}

/**
 * vmx_l1d_flush - before an entry, interrupts off
 * @vmx: the vCPU
 *
 * In conditional mode only if something else than this vCPU's exits has run since the last time:
 * the vCPU was loaded anew, or an interrupt handler ran.
 */
void vmx_l1d_flush(struct vcpu_vmx *vmx)
{
	size_t i, size = PAGE_SIZE << VMX_L1D_ORDER;

	if (l1d_mode == VMENTER_L1D_FLUSH_COND && !(vmx->entry_work & VMX_WORK_L1D) &&
	    !kvm_get_cpu_l1tf_flush_l1d())
		return;
	kvm_clear_cpu_l1tf_flush_l1d();
	if (boot_cpu_has(X86_FEATURE_FLUSH_L1D)) {
		native_wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
		return;
	}
	/* First the TLB, so that the second round is nothing but cache lines. */
	for (i = 0; i < size; i += PAGE_SIZE)
		READ_ONCE(*(u8 *)(l1d_pages + i));
	rmb();
	for (i = 0; i < size; i += VMX_L1D_LINE)
		READ_ONCE(*(u8 *)(l1d_pages + i));
	rmb();
}
