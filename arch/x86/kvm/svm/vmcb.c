// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's VMCB: made, set to the reset state, its intercepts chosen, and dumped when an entry
 * fails. Called with the vCPU's mutex held; hardware writes the VMCB only while the vCPU is in the
 * guest.
 */
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include "vmcb.h"

/* ---- intercepts (APM2 15.9, 15.13) ----------------------------------------------------------- */

/* Events that are the host's, and instructions that touch what the host shares with the guest. */
static const u8 svm_intercepts_always[] = {
	/* the host's own events */
	INTERCEPT_INTR, INTERCEPT_NMI, INTERCEPT_SMI, INTERCEPT_INIT,
	/* caches, sleep, other CPUs' memory */
	INTERCEPT_INVD, INTERCEPT_WBINVD, INTERCEPT_HLT, INTERCEPT_MONITOR, INTERCEPT_MWAIT,
	/* what the guest believes about its machine */
	INTERCEPT_CPUID, INTERCEPT_RDPMC, INTERCEPT_XSETBV, INTERCEPT_IOIO_PROT,
	INTERCEPT_MSR_PROT,
	/* what would stop the CPU */
	INTERCEPT_TASK_SWITCH, INTERCEPT_FERR_FREEZE, INTERCEPT_SHUTDOWN,
	/* SVM itself: EFER.SVME is set, so these would work; VMRUN must be intercepted (15.5) */
	INTERCEPT_VMRUN, INTERCEPT_VMMCALL, INTERCEPT_VMLOAD, INTERCEPT_VMSAVE, INTERCEPT_STGI,
	INTERCEPT_CLGI, INTERCEPT_SKINIT, INTERCEPT_INVLPGA,
	/* CR0 but for TS and MP, and CR4: they steer paging */
	INTERCEPT_SELECTIVE_CR0, INTERCEPT_CR4_WRITE,
	/* userspace's interrupt controller wants to know when TPR falls */
	INTERCEPT_CR8_WRITE,
};

/*
 * #AC and #DB: raised in the delivery of themselves they would keep the CPU in microcode for ever,
 * out of reach of any interrupt. #MC is the host's. #UD: instructions of other vendors.
 */
static const u8 svm_exceptions_always[] = {
	X86_TRAP_AC, X86_TRAP_DB, X86_TRAP_MC, X86_TRAP_UD,
};

/**
 * svm_vmcb_intercept_drs - make accesses to debug registers exit, or not
 * @svm: the vCPU
 * @on: all of DR0–DR7, reads and writes
 */
void svm_vmcb_intercept_drs(struct vcpu_svm *svm, bool on)
{
	svm->vmcb->control.intercepts[INTERCEPT_DR] = on ? 0x00ff00ff : 0;
	svm_vmcb_dirty(svm, SVM_CLEAN_INTERCEPTS);
}

/**
 * svm_vmcb_recalc_intercepts - those that follow the guest's CPUID
 * @svm: the vCPU
 *
 * An instruction that CPUID denies must raise #UD though the CPU has it; INVPCID is ours to see
 * with shadow paging anyway. Bits of instructions that
 * the CPU has not got stay clear: they are reserved there.
 */
void svm_vmcb_recalc_intercepts(struct vcpu_svm *svm)
{
	struct kvm_vcpu *vcpu = &svm->vcpu;

	svm_intercept(svm, INTERCEPT_RDTSCP, boot_cpu_has(X86_FEATURE_RDTSCP) &&
		      !guest_cpuid_has(vcpu, X86_FEATURE_RDTSCP));
	svm_intercept(svm, INTERCEPT_INVPCID, boot_cpu_has(X86_FEATURE_INVPCID) &&
		      (!svm_caps.npt || !guest_cpuid_has(vcpu, X86_FEATURE_INVPCID)));
	svm_intercept(svm, INTERCEPT_RDPRU, boot_cpu_has(X86_FEATURE_RDPRU));
}

/* ---- life ------------------------------------------------------------------------------------ */

/** svm_vmcb_create - a zeroed VMCB, one page-aligned page (APM2 15.5.1); 0 or -ENOMEM */
int svm_vmcb_create(struct vcpu_svm *svm)
{
	svm->vmcb = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!svm->vmcb)
		return -ENOMEM;
	svm->vmcb_pa = __sme_pa(svm->vmcb);
	return 0;
}

/**
 * svm_vmcb_free - free the VMCB
 * @svm: the vCPU; not loaded, and never again
 *
 * No CPU may take the next vCPU whose VMCB is at this address for this one: it would skip an IBPB.
 */
void svm_vmcb_free(struct vcpu_svm *svm)
{
	int cpu;

	for_each_possible_cpu(cpu)
		cmpxchg(&per_cpu(svm_cpu, cpu).current_vmcb, svm->vmcb, NULL);
	free_page((unsigned long)svm->vmcb);
	svm->vmcb = NULL;
}

/* Without nested paging the guest runs on our tables: CR3 and #PF are ours, not the guest's. */
static void svm_vmcb_intercept_paging(struct vcpu_svm *svm)
{
	svm_intercept_exception(svm, X86_TRAP_PF, true);
	svm_intercept(svm, INTERCEPT_CR3_READ, true);
	svm_intercept(svm, INTERCEPT_CR3_WRITE, true);
	svm_intercept(svm, INTERCEPT_INVLPG, true);
}

static void svm_vmcb_init_control(struct vcpu_svm *svm)
{
	struct vmcb_control_area *control = &svm->vmcb->control;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(svm_intercepts_always); i++)
		svm_intercept(svm, svm_intercepts_always[i], true);
	for (i = 0; i < ARRAY_SIZE(svm_exceptions_always); i++)
		svm_intercept_exception(svm, svm_exceptions_always[i], true);
	svm_vmcb_intercept_drs(svm, true);
	if (kvm_exits_disabled(&svm->vcpu, KVM_X86_DISABLE_EXITS_HLT))
		svm_intercept(svm, INTERCEPT_HLT, false);
	if (kvm_exits_disabled(&svm->vcpu, KVM_X86_DISABLE_EXITS_MWAIT)) {
		svm_intercept(svm, INTERCEPT_MONITOR, false);
		svm_intercept(svm, INTERCEPT_MWAIT, false);
	}
	if (svm_caps.pause_filter &&
	    !kvm_exits_disabled(&svm->vcpu, KVM_X86_DISABLE_EXITS_PAUSE)) {
		svm_intercept(svm, INTERCEPT_PAUSE, true);
		control->pause_filter_count = svm_pause_filter_count();
		control->pause_filter_thresh = svm_pause_filter_thresh();
	}
	control->iopm_base_pa = svm_iopm_pa();
	control->msrpm_base_pa = __sme_pa(svm->msrpm);
	/* Physical interrupts follow the host's IF, the guest's TPR is V_TPR (15.21.1, 15.21.2). */
	control->int_ctl = V_INTR_MASKING_MASK;
	if (svm_caps.npt)
		control->nested_ctl = SVM_NESTED_CTL_NP_ENABLE;
	else
		svm_vmcb_intercept_paging(svm);
	control->tsc_offset = svm->vcpu.arch.tsc_offset;
}

static void svm_seg_init(struct vmcb_seg *seg, u16 attrib)
{
	*seg = (struct vmcb_seg){ .attrib = attrib, .limit = 0xffff };
}

/* Types: read-write data and read-execute code, both accessed; LDT; busy 16-bit TSS (4.7, 4.8). */
#define SVM_SEG_DATA	(SVM_SELECTOR_P_MASK | SVM_SELECTOR_S_MASK | 0x3)
#define SVM_SEG_CODE	(SVM_SELECTOR_P_MASK | SVM_SELECTOR_S_MASK | 0xb)
#define SVM_SEG_LDT	(SVM_SELECTOR_P_MASK | 0x2)
#define SVM_SEG_TSS	(SVM_SELECTOR_P_MASK | 0x3)

/* APM2 14.1.3, table 14-1: what a processor looks like after RESET. */
static void svm_vmcb_init_save(struct vcpu_svm *svm)
{
	struct vmcb_save_area *save = &svm->vmcb->save;

	svm_seg_init(&save->es, SVM_SEG_DATA);
	svm_seg_init(&save->ss, SVM_SEG_DATA);
	svm_seg_init(&save->ds, SVM_SEG_DATA);
	svm_seg_init(&save->fs, SVM_SEG_DATA);
	svm_seg_init(&save->gs, SVM_SEG_DATA);
	svm_seg_init(&save->cs, SVM_SEG_CODE);
	save->cs.selector = 0xf000;
	save->cs.base = 0xffff0000;
	svm_seg_init(&save->gdtr, 0);
	svm_seg_init(&save->idtr, 0);
	svm_seg_init(&save->ldtr, SVM_SEG_LDT);
	svm_seg_init(&save->tr, SVM_SEG_TSS);

	save->rflags = X86_EFLAGS_FIXED;
	save->rip = 0xfff0;
	save->dr6 = DR6_RESERVED;
	save->dr7 = 0x400;
	save->g_pat = svm->vcpu.arch.pat ?: 0x0007040600070406ull;
}

/**
 * svm_vmcb_init - the VMCB of a CPU that has just been reset
 * @svm: the vCPU
 *
 * Control registers and EFER are svm_vcpu_reset()'s, by the functions that set them always. The
 * ASID, the nested CR3 and the MSRs that VMLOAD switches are left alone: INIT keeps the latter.
 */
void svm_vmcb_init(struct vcpu_svm *svm)
{
	struct vmcb_control_area *control = &svm->vmcb->control;

	memset(control->intercepts, 0, sizeof(control->intercepts));
	control->int_state = 0;
	control->event_inj = 0;
	control->exit_int_info = 0;
	svm_vmcb_init_control(svm);
	svm_vmcb_init_save(svm);
	svm_vmcb_recalc_intercepts(svm);
	svm_vmcb_dirty_all(svm);
}

/* ---- dump ------------------------------------------------------------------------------------ */

/**
 * svm_vmcb_dump - what VMRUN would not take, for the log
 * @svm: the vCPU
 *
 * The guest's state is shown as the consistency checks see it (APM2 15.5.1).
 */
void svm_vmcb_dump(struct vcpu_svm *svm)
{
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct vmcb_save_area *save = &svm->vmcb->save;

	pr_err("kvm: VMRUN refused the state of vCPU %d; VMCB at %#llx:\n", svm->vcpu.id,
	       svm->vmcb_pa);
	pr_err("kvm:   intercepts %08x %08x %08x %08x %08x %08x\n", control->intercepts[0],
	       control->intercepts[1], control->intercepts[2], control->intercepts[3],
	       control->intercepts[4], control->intercepts[5]);
	pr_err("kvm:   ASID %u tlb_ctl %u int_ctl %#x int_state %#x event_inj %#x ncr3 %#llx\n",
	       control->asid, control->tlb_ctl, control->int_ctl, control->int_state,
	       control->event_inj, control->nested_cr3);
	pr_err("kvm:   CR0 %#llx CR3 %#llx CR4 %#llx EFER %#llx DR6 %#llx DR7 %#llx\n", save->cr0,
	       save->cr3, save->cr4, save->efer, save->dr6, save->dr7);
	pr_err("kvm:   RIP %#llx RSP %#llx RFLAGS %#llx CPL %u\n", save->rip, save->rsp,
	       save->rflags, save->cpl);
	pr_err("kvm:   CS %04x attrib %#x base %#llx limit %#x; SS %04x attrib %#x\n",
	       save->cs.selector, save->cs.attrib, save->cs.base, save->cs.limit,
	       save->ss.selector, save->ss.attrib);
}
