// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events on their way into a guest: exceptions, NMIs and interrupts.
 *
 * Owns vcpu->arch.exception, .interrupt and the nmi_* fields. An event is first pending (its side
 * effects still to come, others may overtake it), then injected: given to hardware, and given again
 * if an exit interrupted its delivery. Only nmi_queued is touched by other threads; the rest is the
 * vCPU thread's, under vcpu->mutex.
 */
#include <asm/trapnr.h>
#include "irqchip/lapic.h"
#include "x86.h"
#include "trace.h"
#include <asm/debugreg.h>

/* SDM table 6-5, APM2 8.2.9: what a second exception makes of a first one. */
enum exception_class { EXC_BENIGN, EXC_CONTRIBUTORY, EXC_PAGE_FAULT };

static enum exception_class exception_class(u8 vector)
{
	switch (vector) {
	case X86_TRAP_PF:
		return EXC_PAGE_FAULT;
	case X86_TRAP_DE:
	case X86_TRAP_TS:
	case X86_TRAP_NP:
	case X86_TRAP_SS:
	case X86_TRAP_GP:
		return EXC_CONTRIBUTORY;
	default:
		return EXC_BENIGN;
	}
}

/*
 * Faults save RFLAGS with RF set, so that the instruction can restart over its own breakpoint (SDM
 * 17.3.1.1).
 */
static bool exception_sets_rf(u8 vector)
{
	switch (vector) {
	case X86_TRAP_DB:	/* those that come this way are traps */
	case X86_TRAP_BP:
	case X86_TRAP_OF:
	case X86_TRAP_DF:
	case X86_TRAP_MC:
		return false;
	default:
		return true;
	}
}

/** kvm_triple_fault - the guest's CPU shuts down: leave with KVM_EXIT_SHUTDOWN */
void kvm_triple_fault(struct kvm_vcpu *vcpu)
{
	kvm_make_request(KVM_REQ_TRIPLE_FAULT, vcpu);
}
EXPORT_SYMBOL_GPL(kvm_triple_fault);

static void exception_set(struct kvm_vcpu *vcpu, const struct kvm_queued_exception *new)
{
	vcpu->arch.exception = *new;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/*
 * Queue @new beside what is there already. Two exceptions, one raised in the delivery of the other,
 * give a double fault or a shutdown as table 6-5 has it; otherwise the new one is handled first and
 * the old one comes again by itself, because its instruction restarts.
 */
static void exception_queue(struct kvm_vcpu *vcpu, struct kvm_queued_exception new)
{
	struct kvm_queued_exception *old = &vcpu->arch.exception;
	enum exception_class first, second;

	new.pending = true;
	if (!old->pending && !old->injected) {
		exception_set(vcpu, &new);
		return;
	}
	if (old->vector == X86_TRAP_DF) {
		old->pending = false;
		old->injected = false;
		kvm_triple_fault(vcpu);
		return;
	}
	first = exception_class(old->vector);
	second = exception_class(new.vector);
	if ((first == EXC_CONTRIBUTORY && second == EXC_CONTRIBUTORY) ||
	    (first == EXC_PAGE_FAULT && second != EXC_BENIGN))
		new = (struct kvm_queued_exception){
			.pending = true, .vector = X86_TRAP_DF, .has_error_code = true,
		};
	exception_set(vcpu, &new);
}

/** kvm_queue_exception - raise @vector, one that has no error code */
void kvm_queue_exception(struct kvm_vcpu *vcpu, u8 vector)
{
	exception_queue(vcpu, (struct kvm_queued_exception){ .vector = vector });
}
EXPORT_SYMBOL_GPL(kvm_queue_exception);

/** kvm_queue_exception_e - raise @vector with @error_code */
void kvm_queue_exception_e(struct kvm_vcpu *vcpu, u8 vector, u32 error_code)
{
	exception_queue(vcpu, (struct kvm_queued_exception){
		.vector = vector, .has_error_code = true, .error_code = error_code });
}
EXPORT_SYMBOL_GPL(kvm_queue_exception_e);

/** kvm_queue_exception_payload - raise #DB; @payload: the DR6 bits that come with it */
void kvm_queue_exception_payload(struct kvm_vcpu *vcpu, u8 vector, unsigned long payload)
{
	exception_queue(vcpu, (struct kvm_queued_exception){
		.vector = vector, .has_payload = true, .payload = payload });
}
EXPORT_SYMBOL_GPL(kvm_queue_exception_payload);

/** kvm_queue_page_fault - raise #PF; @cr2 becomes CR2 when it is delivered, not before */
void kvm_queue_page_fault(struct kvm_vcpu *vcpu, u64 cr2, u32 error_code)
{
	exception_queue(vcpu, (struct kvm_queued_exception){
		.vector = X86_TRAP_PF, .has_error_code = true, .error_code = error_code,
		.has_payload = true, .payload = cr2 });
}
EXPORT_SYMBOL_GPL(kvm_queue_page_fault);

/** kvm_inject_x86_exception - raise what a walk or the emulator reported */
void kvm_inject_x86_exception(struct kvm_vcpu *vcpu, struct x86_exception *fault)
{
	if (fault->vector == X86_TRAP_PF)
		vcpu->arch.mmu->inject_page_fault(vcpu, fault);
	else if (fault->error_code_valid)
		kvm_queue_exception_e(vcpu, fault->vector, fault->error_code);
	else
		kvm_queue_exception(vcpu, fault->vector);
}
EXPORT_SYMBOL_GPL(kvm_inject_x86_exception);

/**
 * kvm_requeue_exception - an exit interrupted the delivery of this exception: deliver it again
 * @vcpu: the vCPU
 * @vector: which
 * @has_error_code: it pushes one
 * @error_code: and this is it
 *
 * Its side effects were done the first time (APM2 15.7.3, 15.20; SDM 27.2.4).
 */
void kvm_requeue_exception(struct kvm_vcpu *vcpu, u8 vector, bool has_error_code, u32 error_code)
{
	exception_set(vcpu, &(struct kvm_queued_exception){
		.injected = true, .vector = vector, .has_error_code = has_error_code,
		.error_code = error_code });
}
EXPORT_SYMBOL_GPL(kvm_requeue_exception);

/** kvm_queue_interrupt - give @vector to hardware at the next entry: it was accepted before */
void kvm_queue_interrupt(struct kvm_vcpu *vcpu, u8 vector, bool soft)
{
	vcpu->arch.interrupt.injected = true;
	vcpu->arch.interrupt.soft = soft;
	vcpu->arch.interrupt.nr = vector;
}
EXPORT_SYMBOL_GPL(kvm_queue_interrupt);

/** kvm_clear_event_queues - hardware has delivered what it was given */
void kvm_clear_event_queues(struct kvm_vcpu *vcpu)
{
	vcpu->arch.exception.injected = false;
	vcpu->arch.exception.pending = false;
	vcpu->arch.interrupt.injected = false;
	vcpu->arch.nmi_injected = false;
}
EXPORT_SYMBOL_GPL(kvm_clear_event_queues);

/** kvm_inject_nmi - KVM_NMI, from any thread */
void kvm_inject_nmi(struct kvm_vcpu *vcpu)
{
	atomic_inc(&vcpu->arch.nmi_queued);
	kvm_make_request(KVM_REQ_NMI, vcpu);
	kvm_vcpu_kick(vcpu);
}

/**
 * kvm_process_nmi - take over what KVM_NMI queued
 * @vcpu: the vCPU
 *
 * A CPU latches one NMI beside the one it handles (SDM 6.7.1), so of many at most two are seen.
 */
void kvm_process_nmi(struct kvm_vcpu *vcpu)
{
	unsigned int limit = 2;

	if (vcpu->arch.nmi_injected || kvm_x86_call(get_nmi_mask)(vcpu))
		limit = 1;
	vcpu->arch.nmi_pending = min_t(unsigned int, limit, vcpu->arch.nmi_pending +
				       atomic_xchg(&vcpu->arch.nmi_queued, 0));
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/** kvm_require_cpl - does the guest run at CPL @required or better? #GP(0) is queued when not */
bool kvm_require_cpl(struct kvm_vcpu *vcpu, int required)
{
	if (kvm_x86_call(get_cpl)(vcpu) <= required)
		return true;
	kvm_queue_exception_e(vcpu, X86_TRAP_GP, 0);
	return false;
}
EXPORT_SYMBOL_GPL(kvm_require_cpl);

/** kvm_complete_insn_gp - end of an instruction: #GP(0) when @err, else step over it. 1/0/errno */
int kvm_complete_insn_gp(struct kvm_vcpu *vcpu, int err)
{
	if (err) {
		kvm_queue_exception_e(vcpu, X86_TRAP_GP, 0);
		return 1;
	}
	return kvm_skip_emulated_instruction(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_complete_insn_gp);

/*
 * CR2 and DR6 change when the exception is delivered, so that a debugger or a migration before it
 * sees the old ones.
 */
static void exception_deliver_payload(struct kvm_vcpu *vcpu)
{
	struct kvm_queued_exception *ex = &vcpu->arch.exception;

	if (!ex->has_payload)
		return;
	ex->has_payload = false;
	if (ex->vector == X86_TRAP_PF) {
		vcpu->arch.cr2 = ex->payload;
		return;
	}
	/*
	 * SDM 17.2.3: a debug exception sets its own bits and clears B0–B3 of others; BT, BS and BD
	 * stay. RTM (16) is active low, so a payload bit clears it.
	 */
	vcpu->arch.dr6 &= ~DR_TRAP_BITS;
	vcpu->arch.dr6 |= DR6_RESERVED;
	vcpu->arch.dr6 |= ex->payload & ~BIT(16);
	vcpu->arch.dr6 ^= ex->payload & BIT(16);
	/* SDM 17.2.4: the processor clears DR7.GD when it enters a debug exception handler. */
	if (ex->vector == X86_TRAP_DB && (vcpu->arch.dr7 & KVM_DR7_GD)) {
		vcpu->arch.dr7 &= ~KVM_DR7_GD;
		kvm_update_dr7(vcpu);
	}
}

static void exception_inject(struct kvm_vcpu *vcpu, bool reinjected)
{
	struct kvm_queued_exception *ex = &vcpu->arch.exception;

	/* Real mode pushes no error codes (SDM 20.1.4), and VM entry refuses one there. */
	if (ex->has_error_code && !kvm_is_protmode(vcpu))
		ex->has_error_code = false;
	trace_kvm_inj_exception(ex->vector, ex->has_error_code, ex->error_code, reinjected);
	kvm_x86_call(queue_exception)(vcpu);
}

static void exception_deliver(struct kvm_vcpu *vcpu)
{
	struct kvm_queued_exception *ex = &vcpu->arch.exception;

	if (exception_sets_rf(ex->vector))
		kvm_set_rflags(vcpu, kvm_get_rflags(vcpu) | X86_EFLAGS_RF);
	exception_deliver_payload(vcpu);
	ex->pending = false;
	ex->injected = true;
	exception_inject(vcpu, false);
}

static void irq_inject(struct kvm_vcpu *vcpu, bool reinjected)
{
	trace_kvm_inj_virq(vcpu->arch.interrupt.nr, vcpu->arch.interrupt.soft, reinjected);
	++vcpu->stat.irq_injections;
	kvm_x86_call(set_irq)(vcpu, reinjected);
}

/* What an exit interrupted in its delivery goes first, and alone. */
static void events_reinject(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.exception.injected)
		exception_inject(vcpu, true);
	else if (vcpu->arch.exception.pending)
		return;
	else if (vcpu->arch.nmi_injected)
		kvm_x86_call(set_nmi)(vcpu);
	else if (vcpu->arch.interrupt.injected)
		irq_inject(vcpu, true);
}

static void nmi_try_inject(struct kvm_vcpu *vcpu, bool *room)
{
	if (*room && kvm_x86_call(nmi_allowed)(vcpu)) {
		vcpu->arch.nmi_pending--;
		vcpu->arch.nmi_injected = true;
		++vcpu->stat.nmi_injections;
		kvm_x86_call(set_nmi)(vcpu);
		*room = false;
	}
	if (vcpu->arch.nmi_pending)
		kvm_x86_call(enable_nmi_window)(vcpu);
}

static void irq_try_inject(struct kvm_vcpu *vcpu, bool room)
{
	if (room && kvm_x86_call(interrupt_allowed)(vcpu)) {
		int vector = kvm_irq_take(vcpu);

		if (vector < 0)
			return;
		kvm_queue_interrupt(vcpu, vector, false);
		irq_inject(vcpu, false);
	}
	/* Of what remains the controller may keep all back; nobody asks the CPU then. */
	if (kvm_irq_maybe(vcpu) && kvm_irq_pending(vcpu))
		kvm_x86_call(enable_irq_window)(vcpu);
}

/**
 * kvm_inject_pending_events - choose what the next entry delivers
 * @vcpu: the vCPU, just before entry
 *
 * One event an entry, in the order of SDM 6.9 and APM2 8.5: what was half delivered, an exception
 * of the instruction before, NMI, interrupt. For what must wait, a window exit is asked for.
 */
void kvm_inject_pending_events(struct kvm_vcpu *vcpu)
{
	bool room = !kvm_event_needs_reinjection(vcpu);

	if (!room)
		events_reinject(vcpu);
	if (vcpu->arch.exception.pending) {
		exception_deliver(vcpu);
		room = false;
	}
	if (unlikely(vcpu->arch.guest_debug & KVM_GUESTDBG_BLOCKIRQ))
		return;
	if (vcpu->arch.nmi_pending)
		nmi_try_inject(vcpu, &room);
	if (kvm_irq_maybe(vcpu))
		irq_try_inject(vcpu, room);
	if (vcpu->arch.apic)
		kvm_irq_update_cr8(vcpu);
}

/* ---- KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS (api.rst 4.31, 4.32) ---- */

/** kvm_vcpu_get_events - every event that is queued, half delivered or masked */
int kvm_vcpu_get_events(struct kvm_vcpu *vcpu, struct kvm_vcpu_events *events)
{
	struct kvm_queued_exception *ex = &vcpu->arch.exception;
	int vector = kvm_user_irq_pending(vcpu);

	kvm_process_nmi(vcpu);
	memset(events, 0, sizeof(*events));
	/* Without KVM_CAP_EXCEPTION_PAYLOAD userspace cannot carry a payload: deliver it now. */
	if (ex->pending)
		exception_deliver_payload(vcpu);
	events->exception.injected = ex->pending || ex->injected;
	events->exception.nr = ex->vector;
	events->exception.has_error_code = ex->has_error_code;
	events->exception.error_code = ex->error_code;
	events->interrupt.injected = vector >= 0;
	events->interrupt.nr = vector >= 0 ? vector : 0;
	events->interrupt.shadow = kvm_x86_call(get_interrupt_shadow)(vcpu);
	events->nmi.injected = vcpu->arch.nmi_injected;
	events->nmi.pending = vcpu->arch.nmi_pending;
	events->nmi.masked = kvm_x86_call(get_nmi_mask)(vcpu);
	events->sipi_vector = vcpu->arch.apic ? READ_ONCE(vcpu->arch.apic->sipi_vector) : 0;
	events->flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
	return 0;
}

#define EVENT_SHADOWS	(KVM_X86_SHADOW_INT_STI | KVM_X86_SHADOW_INT_MOV_SS)

static int events_check(const struct kvm_vcpu_events *events)
{
	if (events->flags & ~(KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW |
			      KVM_VCPUEVENT_VALID_SIPI_VECTOR))
		return -EINVAL;
	/* NMI is no exception, and 32 and up are interrupts. */
	if (events->exception.injected &&
	    (events->exception.nr > 31 || events->exception.nr == X86_TRAP_NMI))
		return -EINVAL;
	return 0;
}

/** kvm_vcpu_set_events - the inverse; -EINVAL for flags or vectors that do not exist */
int kvm_vcpu_set_events(struct kvm_vcpu *vcpu, const struct kvm_vcpu_events *events)
{
	if (events_check(events))
		return -EINVAL;
	kvm_process_nmi(vcpu);
	vcpu->arch.exception = (struct kvm_queued_exception){
		.injected = events->exception.injected,
		.vector = events->exception.nr,
		.has_error_code = events->exception.has_error_code,
		.error_code = events->exception.error_code,
	};
	if (events->flags & KVM_VCPUEVENT_VALID_SHADOW)
		kvm_x86_call(set_interrupt_shadow)(vcpu, events->interrupt.shadow & EVENT_SHADOWS);
	kvm_user_irq_restore(vcpu, events->interrupt.injected ? events->interrupt.nr : -1);
	/* A soft interrupt was accepted whatever IF says; so was one that IF allows now. */
	if (events->interrupt.injected && events->interrupt.soft) {
		vcpu->arch.user_irq = -1;
		kvm_queue_interrupt(vcpu, events->interrupt.nr, true);
	}
	vcpu->arch.nmi_injected = events->nmi.injected;
	if (events->flags & KVM_VCPUEVENT_VALID_NMI_PENDING)
		vcpu->arch.nmi_pending = min_t(u8, events->nmi.pending, 2);
	kvm_x86_call(set_nmi_mask)(vcpu, events->nmi.masked);
	if (vcpu->arch.apic && (events->flags & KVM_VCPUEVENT_VALID_SIPI_VECTOR))
		WRITE_ONCE(vcpu->arch.apic->sipi_vector, events->sipi_vector);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 0;
}
