// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events into the guest: VM-entry interruption information, windows, masks and shadows (SDM 24.8.3,
 * 25.2, 26.6, 27.2.4).
 *
 * Called by the x86 event queue before an entry and by run.c after an exit, under the vCPU's mutex.
 * With virtual NMIs the CPU itself keeps NMIs from a guest that handles one; without them it is
 * guessed here. In real mode that hardware does not have, and in states that it does not enter,
 * events are delivered by the emulator.
 */
#include <linux/jiffies.h>
#include "emulate/insn.h"
#include "vmcs.h"

#define VMX_SHADOW	(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)

/* Bit 14 of the pending debug exceptions: a single-step trap (24.4.2). */
#define VMX_PENDING_BS	BIT(14)

/* ---- injection ------------------------------------------------------------------------------- */

static bool vmx_delivers(struct vcpu_vmx *vmx)
{
	return likely(!vmx->rmode.active && !vmx_must_emulate(&vmx->vcpu));
}

static void vmx_deliver(struct vcpu_vmx *vmx, u8 vector, u8 len, bool has_error_code,
			u32 error_code)
{
	vmx->soft_len = 0;
	kvm_deliver_event(&vmx->vcpu, vector, len, has_error_code, error_code);
}

static void vmx_inject(struct vcpu_vmx *vmx, u32 event)
{
	vmx_end_halt(vmx);
	vmx->event = event | INTR_INFO_VALID_MASK;
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, vmx->event);
}

/*
 * #BP and #OF are traps of an instruction: what is pushed is RIP plus its length. When no INT3 or
 * INTO is at RIP, it is pushed as it is.
 */
static unsigned int vmx_soft_exception_len(struct vcpu_vmx *vmx, u8 vector)
{
	int len = vmx->soft_len;

	if (vector != X86_TRAP_BP && vector != X86_TRAP_OF)
		return 0;
	if (!len)
		len = kvm_insn_length_at_rip(&vmx->vcpu, vector == X86_TRAP_BP ? X86_SKIP_INT3 :
										 X86_SKIP_INTO);
	return max(len, 0);
}

static u32 vmx_exception_type(struct vcpu_vmx *vmx, u8 vector)
{
	unsigned int len = vmx_soft_exception_len(vmx, vector);

	if (!len)
		return INTR_TYPE_HARD_EXCEPTION;
	vmcs_write32(VM_ENTRY_INSTRUCTION_LEN, len);
	return INTR_TYPE_SOFT_EXCEPTION;
}

/** vmx_queue_exception - the next VM entry delivers vcpu->arch.exception */
void vmx_queue_exception(struct kvm_vcpu *vcpu)
{
	const struct kvm_queued_exception *ex = &vcpu->arch.exception;
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u32 event;

	if (!vmx_delivers(vmx)) {
		vmx_deliver(vmx, ex->vector, vmx_soft_exception_len(vmx, ex->vector),
			    ex->has_error_code, ex->error_code);
		return;
	}
	event = vmx_exception_type(vmx, ex->vector);
	if (ex->has_error_code) {
		/* Bits 31:16 must be clear (26.2.1.3). */
		vmcs_write32(VM_ENTRY_EXCEPTION_ERROR_CODE, ex->error_code & 0xffff);
		event |= INTR_INFO_DELIVER_CODE_MASK;
	}
	vmx_inject(vmx, event | ex->vector);
}

/** vmx_set_irq - the next VM entry delivers vcpu->arch.interrupt; IF and shadows were looked at */
void vmx_set_irq(struct kvm_vcpu *vcpu, bool reinjected)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u32 type = INTR_TYPE_EXT_INTR;

	/* What waits behind it asks for a window again. */
	vmcs_control(vmx, VMX_PROC, CPU_BASED_INTR_WINDOW_EXITING, false);
	if (!vmx_delivers(vmx)) {
		vmx_deliver(vmx, vcpu->arch.interrupt.nr,
			    vcpu->arch.interrupt.soft ? vmx->soft_len ?: 2 : 0, false, 0);
		return;
	}
	if (vcpu->arch.interrupt.soft) {
		type = INTR_TYPE_SOFT_INTR;
		/* INT n is two bytes long unless it has prefixes. */
		vmcs_write32(VM_ENTRY_INSTRUCTION_LEN, vmx->soft_len ?: 2);
	}
	vmx_inject(vmx, vcpu->arch.interrupt.nr | type);
}

/** vmx_set_nmi - the next VM entry delivers an NMI, and masks others until the handler's IRET */
void vmx_set_nmi(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	bool delivers = vmx_delivers(vmx);

	if (delivers)
		vmx_inject(vmx, X86_TRAP_NMI | INTR_TYPE_NMI_INTR);
	else
		vmx_deliver(vmx, X86_TRAP_NMI, 0, false, 0);
	/* Virtual NMIs: hardware masks what it delivers itself, and wants no mask before. */
	if (unlikely(!delivers || !vmx_caps.vnmi))
		vmx_set_nmi_mask(vcpu, true);
}

/* ---- what became of it ----------------------------------------------------------------------- */

/* @info and @error_code have the format of the IDT-vectoring information (24.9.3). */
static void vmx_event_requeue(struct vcpu_vmx *vmx, u32 info, u32 error_code, u32 len)
{
	struct kvm_vcpu *vcpu = &vmx->vcpu;
	u8 vector = info & VECTORING_INFO_VECTOR_MASK;

	kvm_make_request(KVM_REQ_EVENT, vcpu);
	switch (info & VECTORING_INFO_TYPE_MASK) {
	case INTR_TYPE_NMI_INTR:
		vcpu->arch.nmi_injected = true;
		/* It is masked already, but an NMI is injected only where none is (26.3.1.5). */
		vmx_set_nmi_mask(vcpu, false);
		break;
	case INTR_TYPE_SOFT_EXCEPTION:
		vmx->soft_len = len;
		fallthrough;
	case INTR_TYPE_HARD_EXCEPTION:
		kvm_requeue_exception(vcpu, vector, info & VECTORING_INFO_DELIVER_CODE_MASK,
				      error_code);
		break;
	case INTR_TYPE_SOFT_INTR:
		vmx->soft_len = len;
		kvm_queue_interrupt(vcpu, vector, true);
		break;
	case INTR_TYPE_EXT_INTR:
		kvm_queue_interrupt(vcpu, vector, false);
		break;
	default:
		/* INT1: RIP is still at it, it comes again by itself. */
		break;
	}
}

/*
 * Can an exit for @reason come in the delivery of an event? One that an instruction causes cannot,
 * whatever a CPU says: it would be handled as if it were the one at RIP.
 */
static bool vmx_exit_in_delivery(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_CPUID ... EXIT_REASON_IO_INSTRUCTION:
	case EXIT_REASON_MSR_READ:
	case EXIT_REASON_MSR_WRITE:
		return false;
	default:
		return true;
	}
}

/*
 * Without virtual NMIs the guest's "blocking by NMI", which the injection of one may leave behind,
 * is the host's own, and no IRET of the guest ends it (25.3).
 */
static void vmx_physical_nmi_unmask(void)
{
	u32 state = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);

	if (state & GUEST_INTR_STATE_NMI)
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, state & ~GUEST_INTR_STATE_NMI);
}

/**
 * vmx_events_complete - after an exit: was the event delivered, or does it have to go again?
 * @vcpu: the vCPU
 *
 * The IDT-vectoring information names the event in whose delivery the exit came (27.2.4); the
 * instruction length is that of a software event then.
 */
void vmx_events_complete(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u32 info = vmx->vectoring;
	u32 error_code = 0;

	vmx->event = 0;
	vmx->soft_len = 0;
	kvm_clear_event_queues(vcpu);
	if (!vmx_caps.vnmi)
		vmx_physical_nmi_unmask();
	if (!(info & VECTORING_INFO_VALID_MASK))
		return;
	if (unlikely(!vmx_exit_in_delivery(vmx->exit_reason)))
		vmx->exit_reason |= VMX_EXIT_DELIVERY;
	if (info & VECTORING_INFO_DELIVER_CODE_MASK)
		error_code = vmcs_read32(IDT_VECTORING_ERROR_CODE);
	vmx_event_requeue(vmx, info, error_code, vmcs_read32(VM_EXIT_INSTRUCTION_LEN));
}

/** vmx_cancel_injection - the entry was given up: as if it had been interrupted in the delivery */
void vmx_cancel_injection(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u32 event = vmx->event;
	u32 error_code;

	if (!(event & INTR_INFO_VALID_MASK))
		return;
	error_code = vmcs_read32(VM_ENTRY_EXCEPTION_ERROR_CODE);
	vmx->event = 0;
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	kvm_clear_event_queues(vcpu);
	vmx_event_requeue(vmx, event, error_code, vmcs_read32(VM_ENTRY_INSTRUCTION_LEN));
}

/**
 * vmx_events_iret_fault - an exit that came of an IRET after it had unmasked NMIs
 * @vcpu: the vCPU
 * @info: exit qualification of an EPT violation or interruption information of an exception, whose
 *	bits 12 agree
 *
 * IRET will be executed again, so that NMIs are masked until then (27.2.3). Not when the exit came
 * in the delivery of another event: that was after the IRET.
 */
void vmx_events_iret_fault(struct kvm_vcpu *vcpu, u64 info)
{
	if ((info & VMX_INFO_IRET_UNBLOCKED) && vmx_caps.vnmi &&
	    !(to_vmx(vcpu)->vectoring & VECTORING_INFO_VALID_MASK))
		vmx_set_nmi_mask(vcpu, true);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/** vmx_interrupt_allowed - would the guest take an interrupt now? */
bool vmx_interrupt_allowed(struct kvm_vcpu *vcpu)
{
	return vmx_get_if_flag(vcpu) &&
	       !(vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) & VMX_SHADOW);
}

/** vmx_enable_irq_window - exit as soon as the guest would take an interrupt (25.2) */
void vmx_enable_irq_window(struct kvm_vcpu *vcpu)
{
	vmcs_control(to_vmx(vcpu), VMX_PROC, CPU_BASED_INTR_WINDOW_EXITING, true);
}

/** vmx_exit_irq_window - the window is open */
int vmx_exit_irq_window(struct kvm_vcpu *vcpu)
{
	vmcs_control(to_vmx(vcpu), VMX_PROC, CPU_BASED_INTR_WINDOW_EXITING, false);
	++vcpu->stat.irq_window_exits;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 1;
}

/**
 * vmx_update_cr8_intercept - an in-kernel interrupt controller has @irr waiting behind @tpr
 * @vcpu: the vCPU
 * @tpr: the guest's task priority, 0–15
 * @irr: priority of what waits, -1: nothing
 *
 * The guest's CR8 is VTPR, and its fall below the threshold an exit; VM entry wants the threshold
 * no higher than VTPR (26.2.1.1). Not called for userspace's controller, whose guests exit at every
 * write of CR8.
 */
void vmx_update_cr8_intercept(struct kvm_vcpu *vcpu, int tpr, int irr)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u32 threshold = irr != -1 && tpr >= irr ? irr : 0;

	/* Without a shadow each access to CR8 exits, as it does at reset. */
	if (!vmx->virtual_apic)
		return;
	vmcs_control(vmx, VMX_PROC, CPU_BASED_CR8_LOAD_EXITING, false);
	if (threshold != vmx->tpr_threshold) {
		vmx->tpr_threshold = threshold;
		vmcs_write32(TPR_THRESHOLD, threshold);
	}
}

/** vmx_exit_tpr_below_threshold - CR8 fell: what waits behind it may have its turn (25.1.3) */
int vmx_exit_tpr_below_threshold(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 1;
}

/**
 * vmx_shadow_fix_pending_db - a shadow and TF: make the two agree with what is pending
 * @vcpu: the vCPU
 *
 * 26.3.1.5: in a shadow with TF set a single-step trap must be pending, which hardware can have
 * only if TF was set when the instruction began. A debugger's TF came later: the shadow goes.
 */
void vmx_shadow_fix_pending_db(struct kvm_vcpu *vcpu)
{
	u32 state = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);

	if (likely(!(state & VMX_SHADOW)) || vmx_steps_by_mtf(vcpu) ||
	    !(vmx_get_rflags(vcpu) & X86_EFLAGS_TF))
		return;
	if (vcpu->arch.guest_debug & KVM_GUESTDBG_SINGLESTEP)
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, state & ~VMX_SHADOW);
	else
		vmcs_writel(GUEST_PENDING_DBG_EXCEPTIONS,
			    vmcs_readl(GUEST_PENDING_DBG_EXCEPTIONS) | VMX_PENDING_BS);
}

/** vmx_set_interrupt_shadow - KVM_X86_SHADOW_INT_*; VMX refuses both at once (26.3.1.5) */
void vmx_set_interrupt_shadow(struct kvm_vcpu *vcpu, int mask)
{
	u32 old = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);
	u32 state = old & ~VMX_SHADOW;

	if (mask & KVM_X86_SHADOW_INT_MOV_SS)
		state |= GUEST_INTR_STATE_MOV_SS;
	else if ((mask & KVM_X86_SHADOW_INT_STI) && vmx_get_if_flag(vcpu))
		state |= GUEST_INTR_STATE_STI;
	if (state == old)
		return;
	vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, state);
	if (state & VMX_SHADOW)
		vmx_shadow_fix_pending_db(vcpu);
}

/** vmx_get_interrupt_shadow - KVM_X86_SHADOW_INT_* */
u32 vmx_get_interrupt_shadow(struct kvm_vcpu *vcpu)
{
	u32 state = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);
	u32 mask = 0;

	if (state & GUEST_INTR_STATE_STI)
		mask |= KVM_X86_SHADOW_INT_STI;
	if (state & GUEST_INTR_STATE_MOV_SS)
		mask |= KVM_X86_SHADOW_INT_MOV_SS;
	return mask;
}

/* ---- NMIs ------------------------------------------------------------------------------------ */

/*
 * Without virtual NMIs nobody sees the handler's IRET. A guest that takes interrupts is out of the
 * handler; one that takes none for a second is not to be without NMIs for ever.
 */
static bool vmx_soft_nmi_mask(struct vcpu_vmx *vmx)
{
	if (vmx->nmi_masked && (vmx_interrupt_allowed(&vmx->vcpu) ||
				time_after(jiffies, vmx->nmi_deadline)))
		vmx->nmi_masked = false;
	return vmx->nmi_masked;
}

/** vmx_nmi_allowed - may an NMI come now? Some CPUs hold it in STI's shadow (26.3.1.5) */
bool vmx_nmi_allowed(struct kvm_vcpu *vcpu)
{
	return !(vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) & VMX_SHADOW) &&
	       !vmx_get_nmi_mask(vcpu);
}

/** vmx_get_nmi_mask - is an NMI being handled? */
bool vmx_get_nmi_mask(struct kvm_vcpu *vcpu)
{
	if (unlikely(!vmx_caps.vnmi))
		return vmx_soft_nmi_mask(to_vmx(vcpu));
	return vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) & GUEST_INTR_STATE_NMI;
}

/** vmx_set_nmi_mask - an NMI is being handled until the next IRET, or none is */
void vmx_set_nmi_mask(struct kvm_vcpu *vcpu, bool masked)
{
	u32 old = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);
	u32 state = masked ? old | GUEST_INTR_STATE_NMI : old & ~GUEST_INTR_STATE_NMI;

	if (unlikely(!vmx_caps.vnmi)) {
		to_vmx(vcpu)->nmi_masked = masked;
		to_vmx(vcpu)->nmi_deadline = jiffies + HZ;
		return;
	}
	if (state != old)
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, state);
}

/**
 * vmx_enable_nmi_window - an NMI waits: exit as soon as the guest would take it
 * @vcpu: the vCPU, about to be entered
 *
 * STI's shadow may not keep the NMI window shut (25.2), but an NMI cannot be injected in it. IF is
 * set then, and the interrupt window opens with the shadow's end. Without virtual NMIs there is no
 * other window.
 */
void vmx_enable_nmi_window(struct kvm_vcpu *vcpu)
{
	if (!vmx_caps.vnmi ||
	    (vmcs_read32(GUEST_INTERRUPTIBILITY_INFO) & GUEST_INTR_STATE_STI))
		vmx_enable_irq_window(vcpu);
	else
		vmcs_control(to_vmx(vcpu), VMX_PROC, CPU_BASED_NMI_WINDOW_EXITING, true);
}

/** vmx_exit_nmi_window - the window is open */
int vmx_exit_nmi_window(struct kvm_vcpu *vcpu)
{
	vmcs_control(to_vmx(vcpu), VMX_PROC, CPU_BASED_NMI_WINDOW_EXITING, false);
	++vcpu->stat.nmi_window_exits;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 1;
}
