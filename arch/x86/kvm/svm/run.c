// SPDX-License-Identifier: GPL-2.0-only
/*
 * One round through the guest: VMCB made current, VMRUN, and what came back taken over.
 *
 * Called by the x86 run loop with interrupts off, once for each entry: every line here is paid for
 * at each exit. What happens rarely is behind one test of a word that is hot already.
 */
#include <linux/percpu.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include <asm/nospec-branch.h>
#include <asm/spec-ctrl.h>
#include "vmcb.h"

/* The part in which RCU may not be watching: nothing here can be traced. */
static noinstr void svm_guest_enter(struct vcpu_svm *svm, bool note_rcu)
{
	__kvm_guest_state_enter_irqoff(note_rcu);
	/* SVM is off because the machine reboots: as if an interrupt had come at once. */
	if (unlikely(!__svm_vcpu_run(svm)))
		svm->vmcb->control.exit_code = SVM_EXIT_INTR;
	kvm_guest_state_exit_irqoff();
}

/*
 * modify_ldt() on another CPU makes this one load a new LDT by an interrupt, which may have come
 * after the host's state was saved. Restoring the old one at the exit would bring back freed
 * memory, so a process that has an LDT is saved anew: interrupts are off from here on.
 */
static __always_inline void svm_host_ldt_save(struct vcpu_svm *svm)
{
	u16 ldt;

	asm volatile("sldt %0" : "=rm"(ldt));
	if (unlikely(ldt))
		svm_vmsave(svm->host_state_pa);
}

/* Guest state that other rooms keep in vcpu->arch, into the VMCB. */
static __always_inline void svm_state_enter(struct vcpu_svm *svm)
{
	struct kvm_vcpu_arch *arch = &svm->vcpu.arch;
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct vmcb_save_area *save = &svm->vmcb->save;

	save->rax = arch->regs[VCPU_REGS_RAX];
	save->rsp = arch->regs[VCPU_REGS_RSP];
	save->rip = arch->regs[VCPU_REGS_RIP];

	if (unlikely(save->cr2 != arch->cr2)) {
		save->cr2 = arch->cr2;
		svm_vmcb_dirty(svm, SVM_CLEAN_CR2);
	}
	/* V_TPR is the guest's CR8 (APM2 15.21.2). */
	if (unlikely((control->int_ctl ^ arch->cr8) & V_TPR_MASK)) {
		control->int_ctl = (control->int_ctl & ~V_TPR_MASK) | (arch->cr8 & V_TPR_MASK);
		svm_vmcb_dirty(svm, SVM_CLEAN_INTR);
	}
	/* Set by a reset or an ioctl; else with nested paging the guest loads CR3 by itself. */
	if (unlikely(arch->regs_dirty & BIT(VCPU_EXREG_CR3)))
		svm_set_cr3(&svm->vcpu, arch->cr3);
	if (unlikely(svm->asid_generation != svm->cpu->asid_generation))
		svm_asid_new(svm);
}

/* And back. RAX, RSP and RIP are wanted by nearly every exit; the rest waits until it is. */
static __always_inline void svm_state_exit(struct vcpu_svm *svm)
{
	struct kvm_vcpu_arch *arch = &svm->vcpu.arch;
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct vmcb_save_area *save = &svm->vmcb->save;

	arch->regs[VCPU_REGS_RAX] = save->rax;
	arch->regs[VCPU_REGS_RSP] = save->rsp;
	arch->regs[VCPU_REGS_RIP] = save->rip;
	arch->cr2 = save->cr2;
	arch->cr8 = control->int_ctl & V_TPR_MASK;
	arch->regs_avail = ~svm_caps.lazy_regs;
	arch->regs_dirty = 0;

	if (unlikely(control->tlb_ctl))
		svm_flush_over(svm);
	control->clean = svm_caps.clean;
	if (!svm_caps.nrips)
		control->next_rip = 0;
}

static noinline void svm_work_enter(struct vcpu_svm *svm)
{
	if (svm->entry_work & SVM_WORK_RESET_DR6) {
		svm->entry_work &= ~SVM_WORK_RESET_DR6;
		/* An armed guest's DR6 was loaded by kvm_debug_load_guest(). */
		if (!(svm->vcpu.arch.switch_db_regs & KVM_DEBUGREG_WONT_EXIT))
			svm_set_dr6(&svm->vcpu, DR6_RESERVED);
	}
}

static noinline void svm_work_exit(struct vcpu_svm *svm)
{
	if (svm->entry_work & SVM_WORK_IRET)
		svm_events_iret_check(&svm->vcpu);
	if (svm->entry_work & SVM_WORK_EVENT) {
		svm->entry_work &= ~SVM_WORK_EVENT;
		kvm_make_request(KVM_REQ_EVENT, &svm->vcpu);
	}
}

/* A guest that asked for SSBD by VIRT_SPEC_CTRL gets what the host has for it (APM2 3.2.9). */
static void svm_run_ssbd(struct vcpu_svm *svm, bool note_rcu)
{
	x86_virt_spec_ctrl(svm->virt_spec_ctrl, true);
	svm_guest_enter(svm, note_rcu);
	x86_virt_spec_ctrl(svm->virt_spec_ctrl, false);
}

/**
 * svm_vcpu_run - enter the guest, come back with its exit
 * @vcpu: the vCPU; loaded, interrupts off, kvm_x86_ops.prepare_guest_switch() done, and its
 *	debug registers loaded if it has any
 *
 * Return: KVM_FASTPATH_NONE, or what became of an exit that could be handled at once.
 */
enum kvm_fastpath svm_vcpu_run(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_control_area *control = &svm->vmcb->control;
	bool note_rcu = kvm_rcu_note_due(vcpu);
	u32 event;

	svm_state_enter(svm);
	if (unlikely(svm->entry_work))
		svm_work_enter(svm);
	event = control->event_inj;
	kvm_load_guest_xsave_state(vcpu);
	svm_host_ldt_save(svm);

	if (unlikely(svm->virt_spec_ctrl))
		svm_run_ssbd(svm, note_rcu);
	else
		svm_guest_enter(svm, note_rcu);

	/* VMSCAPE: userspace must not run on predictions that the guest has trained. */
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
	kvm_load_host_xsave_state(vcpu);
	svm_state_exit(svm);
	if (unlikely((event | control->exit_int_info) & SVM_EVTINJ_VALID)) {
		/* VMRUN refused the state: the event is as it was (APM2 15.5.1). */
		if (unlikely(control->exit_code == (u32)SVM_EXIT_ERR)) {
			control->exit_int_info = event;
			control->exit_int_info_err = control->event_inj_err;
		}
		svm_events_complete(vcpu);
	}
	if (unlikely(svm->entry_work))
		svm_work_exit(svm);
	switch (control->exit_code) {
	case SVM_EXIT_IOIO:
	case SVM_EXIT_CPUID:
	case SVM_EXIT_MSR:
		return svm_exit_fast(vcpu);
	default:
		return KVM_FASTPATH_NONE;
	}
}
