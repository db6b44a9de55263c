// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events into the guest: EVENTINJ, windows, masks and shadows (APM2 15.20, 15.21).
 *
 * Called by the x86 event queue before an entry and by run.c after an exit, under the vCPU's mutex.
 * Without virtual NMIs the CPU does not know that a guest handles one: nmi_masked says so from the
 * injection to the end of the handler's IRET, which is intercepted for it.
 */
#include <linux/smp.h>
#include <trace/events/ipi.h>
#include "emulate/insn.h"
#include "vmcb.h"

/* ---- injection ------------------------------------------------------------------------------- */

static void svm_inject(struct vcpu_svm *svm, u32 event, u32 error_code)
{
	svm->vmcb->control.event_inj = event | SVM_EVTINJ_VALID;
	svm->vmcb->control.event_inj_err = error_code;
}

static bool svm_exception_is_soft(u8 vector)
{
	return vector == X86_TRAP_BP || vector == X86_TRAP_OF;
}

/*
 * #BP and #OF are traps: what is pushed is the RIP after INT3 or INTO, the one of VMCB.NEXT_RIP
 * where the CPU has it and VMCB.RIP elsewhere. Both are set; where the instruction is, is kept for
 * the case that the delivery is interrupted.
 */
static void svm_soft_exception_step(struct vcpu_svm *svm, u8 vector)
{
	struct kvm_vcpu *vcpu = &svm->vcpu;
	unsigned long rip = kvm_rip_read(vcpu);
	int len;

	len = kvm_insn_length_at_rip(vcpu, vector == X86_TRAP_BP ? X86_SKIP_INT3 : X86_SKIP_INTO);
	if (len < 0)
		len = 0;
	svm->soft_injected = true;
	svm->soft_old_rip = rip;
	svm->soft_new_rip = rip + len;
	kvm_rip_write(vcpu, svm->soft_new_rip);
	svm->vmcb->control.next_rip = svm->soft_new_rip;
}

/** svm_queue_exception - the next VMRUN delivers vcpu->arch.exception */
void svm_queue_exception(struct kvm_vcpu *vcpu)
{
	const struct kvm_queued_exception *ex = &vcpu->arch.exception;
	struct vcpu_svm *svm = to_svm(vcpu);
	u32 event = ex->vector | SVM_EVTINJ_TYPE_EXEPT;

	if (svm_exception_is_soft(ex->vector))
		svm_soft_exception_step(svm, ex->vector);
	if (ex->has_error_code)
		event |= SVM_EVTINJ_VALID_ERR;
	svm_inject(svm, event, ex->error_code);
}

static void svm_irq_window_close(struct vcpu_svm *svm)
{
	svm_intercept(svm, INTERCEPT_VINTR, false);
	svm->vmcb->control.int_ctl &= ~V_IRQ_INJECTION_BITS_MASK;
	svm_vmcb_dirty(svm, SVM_CLEAN_INTR);
}

/** svm_set_irq - the next VMRUN delivers vcpu->arch.interrupt, whatever IF and TPR say */
void svm_set_irq(struct kvm_vcpu *vcpu, bool reinjected)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	u32 type = SVM_EVTINJ_TYPE_INTR;

	if (vcpu->arch.interrupt.soft) {
		type = SVM_EVTINJ_TYPE_SOFT;
		svm->vmcb->control.next_rip = kvm_rip_read(vcpu);
	}
	svm_inject(svm, vcpu->arch.interrupt.nr | type, 0);
	/* What waits behind it asks for a window again. */
	if (svm_intercepted(svm, INTERCEPT_VINTR))
		svm_irq_window_close(svm);
}

/** svm_set_nmi - the next VMRUN delivers an NMI; further ones wait for the handler's IRET */
void svm_set_nmi(struct kvm_vcpu *vcpu)
{
	svm_inject(to_svm(vcpu), X86_TRAP_NMI | SVM_EVTINJ_TYPE_NMI, 0);
	svm_set_nmi_mask(vcpu, true);
}

/* ---- what became of it ----------------------------------------------------------------------- */

static void svm_exception_complete(struct vcpu_svm *svm, u32 info, bool soft_injected)
{
	struct kvm_vcpu *vcpu = &svm->vcpu;
	u8 vector = info & SVM_EXITINTINFO_VEC_MASK;

	if (svm_exception_is_soft(vector)) {
		/* INT3 or INTO in the guest: RIP is still at it, it comes again by itself. */
		if (!soft_injected)
			return;
		/* One that we stepped over: step back, and over it again. */
		if (kvm_rip_read(vcpu) == svm->soft_new_rip)
			kvm_rip_write(vcpu, svm->soft_old_rip);
	}
	kvm_requeue_exception(vcpu, vector, info & SVM_EXITINTINFO_VALID_ERR,
			      svm->vmcb->control.exit_int_info_err);
}

/**
 * svm_events_complete - after an exit: was the event delivered, or does it have to go again?
 * @vcpu: the vCPU
 *
 * EXITINTINFO names the event in whose delivery the exit came (APM2 15.7.2). A software interrupt
 * is not among those repeated: RIP is at its instruction, which is executed again.
 */
void svm_events_complete(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_control_area *control = &svm->vmcb->control;
	bool soft_injected = svm->soft_injected;
	u32 info = control->exit_int_info;

	svm->soft_injected = false;
	control->event_inj = 0;
	kvm_clear_event_queues(vcpu);
	if (!(info & SVM_EXITINTINFO_VALID))
		return;

	kvm_make_request(KVM_REQ_EVENT, vcpu);
	switch (info & SVM_EXITINTINFO_TYPE_MASK) {
	case SVM_EXITINTINFO_TYPE_NMI:
		vcpu->arch.nmi_injected = true;
		break;
	case SVM_EXITINTINFO_TYPE_EXEPT:
		svm_exception_complete(svm, info, soft_injected);
		break;
	case SVM_EXITINTINFO_TYPE_INTR:
		kvm_queue_interrupt(vcpu, info & SVM_EXITINTINFO_VEC_MASK, false);
		break;
	default:
		break;
	}
}

/** svm_cancel_injection - the entry was given up: as if it had been interrupted in the delivery */
void svm_cancel_injection(struct kvm_vcpu *vcpu)
{
	struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;

	if (!(control->event_inj & SVM_EVTINJ_VALID))
		return;
	/* The two fields have one format (15.20). */
	control->exit_int_info = control->event_inj;
	control->exit_int_info_err = control->event_inj_err;
	svm_events_complete(vcpu);
	control->exit_int_info = 0;
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/** svm_interrupt_allowed - would the guest take an interrupt now? */
bool svm_interrupt_allowed(struct kvm_vcpu *vcpu)
{
	const struct vmcb *vmcb = to_svm(vcpu)->vmcb;

	return (vmcb->save.rflags & X86_EFLAGS_IF) &&
	       !(vmcb->control.int_state & SVM_INTERRUPT_SHADOW_MASK);
}

/**
 * svm_enable_irq_window - exit as soon as the guest would take an interrupt
 * @vcpu: the vCPU
 *
 * A virtual interrupt whose acceptance is intercepted, so that it is never delivered. TPR is left
 * out of it: the vector that waits is accepted already (APM2 15.21.4).
 */
void svm_enable_irq_window(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_control_area *control = &svm->vmcb->control;

	if (svm_intercepted(svm, INTERCEPT_VINTR))
		return;
	svm_intercept(svm, INTERCEPT_VINTR, true);
	control->int_vector = 0;
	control->int_ctl |= V_IRQ_MASK | V_INTR_PRIO_MASK | V_IGN_TPR_MASK;
	svm_vmcb_dirty(svm, SVM_CLEAN_INTR);
}

/* VINTR: the window is open. */
int svm_exit_vintr(struct kvm_vcpu *vcpu)
{
	svm_irq_window_close(to_svm(vcpu));
	++vcpu->stat.irq_window_exits;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 1;
}

/**
 * svm_update_cr8_intercept - an in-kernel interrupt controller has @irr waiting behind @tpr
 * @vcpu: the vCPU
 * @tpr: the guest's task priority, 0–15
 * @irr: priority of what waits, -1: nothing
 *
 * Not called for userspace's controller, whose guests exit at every write of CR8.
 */
void svm_update_cr8_intercept(struct kvm_vcpu *vcpu, int tpr, int irr)
{
	svm_intercept(to_svm(vcpu), INTERCEPT_CR8_WRITE, irr != -1 && tpr >= irr);
}

/** svm_set_interrupt_shadow - KVM_X86_SHADOW_INT_*; SVM has one bit for both (15.21.5) */
void svm_set_interrupt_shadow(struct kvm_vcpu *vcpu, int mask)
{
	struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;

	if (mask)
		control->int_state |= SVM_INTERRUPT_SHADOW_MASK;
	else
		control->int_state &= ~SVM_INTERRUPT_SHADOW_MASK;
}

/** svm_get_interrupt_shadow - either both kinds or none */
u32 svm_get_interrupt_shadow(struct kvm_vcpu *vcpu)
{
	if (to_svm(vcpu)->vmcb->control.int_state & SVM_INTERRUPT_SHADOW_MASK)
		return KVM_X86_SHADOW_INT_STI | KVM_X86_SHADOW_INT_MOV_SS;
	return 0;
}

/* ---- NMIs ------------------------------------------------------------------------------------ */

/** svm_nmi_allowed - would the guest take an NMI now? */
bool svm_nmi_allowed(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	return !svm->nmi_masked &&
	       !(svm->vmcb->control.int_state & SVM_INTERRUPT_SHADOW_MASK);
}

/** svm_get_nmi_mask - is an NMI being handled? */
bool svm_get_nmi_mask(struct kvm_vcpu *vcpu)
{
	return to_svm(vcpu)->nmi_masked;
}

/** svm_set_nmi_mask - an NMI is being handled until the next IRET, or none is */
void svm_set_nmi_mask(struct kvm_vcpu *vcpu, bool masked)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	svm->nmi_masked = masked;
	svm->nmi_iret = false;
	svm->entry_work &= ~SVM_WORK_IRET;
	svm_intercept(svm, INTERCEPT_IRET, masked);
}

static void svm_nmi_singlestep_begin(struct vcpu_svm *svm)
{
	if (svm->nmi_singlestep)
		return;
	svm->nmi_guest_rflags = svm->vmcb->save.rflags & (X86_EFLAGS_TF | X86_EFLAGS_RF);
	svm->nmi_singlestep = true;
	svm->nmi_step_iret = svm->nmi_iret;
	svm->vmcb->save.rflags |= X86_EFLAGS_TF | X86_EFLAGS_RF;
}

/**
 * svm_nmi_singlestep_end - the step was made: TF is the guest's again
 * @svm: the vCPU
 *
 * After an IRET it is already: IRET loaded RFLAGS from the guest's stack.
 */
void svm_nmi_singlestep_end(struct vcpu_svm *svm)
{
	svm->nmi_singlestep = false;
	if (svm->nmi_step_iret && kvm_rip_read(&svm->vcpu) != svm->nmi_iret_rip)
		return;
	svm->vmcb->save.rflags &= ~(u64)(X86_EFLAGS_TF | X86_EFLAGS_RF);
	svm->vmcb->save.rflags |= svm->nmi_guest_rflags;
}

/**
 * svm_enable_nmi_window - an NMI waits: exit as soon as the guest would take it
 * @vcpu: the vCPU, about to be entered
 *
 * In the handler of another, its IRET exits. At that IRET, or in an interrupt shadow, one
 * instruction must pass: single-step. And when another event is on its way into the guest, TF would
 * be pushed with it: rather an interrupt to ourselves, which ends the run after the delivery.
 */
void svm_enable_nmi_window(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	if (svm->nmi_masked && !svm->nmi_iret)
		return;
	if (svm->vmcb->control.event_inj & SVM_EVTINJ_VALID) {
		svm->entry_work |= SVM_WORK_EVENT;
		smp_send_reschedule(vcpu->cpu);
		return;
	}
	svm_nmi_singlestep_begin(svm);
}

/* IRET, in an NMI handler: NMIs stay masked until it has been executed (APM2 8.1.4). */
int svm_exit_iret(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	++vcpu->stat.nmi_window_exits;
	svm_intercept(svm, INTERCEPT_IRET, false);
	svm->nmi_iret = true;
	svm->nmi_iret_rip = kvm_rip_read(vcpu);
	svm->entry_work |= SVM_WORK_IRET;
	if (vcpu->arch.nmi_pending)
		kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 1;
}

/** svm_events_iret_check - after an exit: has the NMI handler's IRET been executed? */
void svm_events_iret_check(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	if (kvm_rip_read(vcpu) == svm->nmi_iret_rip)
		return;
	svm_set_nmi_mask(vcpu, false);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}
