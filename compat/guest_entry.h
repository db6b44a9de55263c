/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host's RCU, lockdep and time accounting must be told when a CPU leaves for a guest and
 * comes back. The order is that of Documentation/core-api/entry.rst: the timing calls are the
 * outer pair, the state calls the inner one. All run with interrupts off, and all are inline, so
 * that they are fit for noinstr code: between the two state calls nothing may be traced, because
 * RCU may not be watching.
 */
#ifndef SLIMKVM_COMPAT_GUEST_ENTRY_H
#define SLIMKVM_COMPAT_GUEST_ENTRY_H

#include <linux/context_tracking.h>
#include <linux/entry-kvm.h>
#include <linux/ftrace.h>
#include <linux/instrumentation.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/vtime.h>
#include <asm/mce.h>
#include <asm/ptrace.h>

#include <compat/probed.h>

/* From here on the CPU's time is the guest's. */
static __always_inline void kvm_guest_timing_enter_irqoff(void)
{
	instrumentation_begin();
	vtime_account_guest_enter();
	instrumentation_end();
}

/*
 * The CPU's time is the host's again. With tick-based accounting this must come after the timer
 * tick that ended the guest's run has been taken, or the tick is charged to the host.
 */
static __always_inline void kvm_guest_timing_exit_irqoff(void)
{
	instrumentation_begin();
	vtime_account_guest_exit();
	instrumentation_end();
}

static __always_inline void kvm_compat_rcu_note_guest(void)
{
	instrumentation_begin();
#if KVM_HAVE_RCU_VIRT_NOTE_CPU
	rcu_virt_note_context_switch(smp_processor_id());
#else
	rcu_virt_note_context_switch();
#endif
	instrumentation_end();
}

/**
 * __kvm_guest_state_enter_irqoff - the inner call before VM entry
 * @note_rcu: report a quiescent state if context tracking does not
 *
 * To the host a guest is like user mode: no RCU reader survives into it. On a nohz_full CPU
 * context tracking makes that an extended quiescent state. Elsewhere one quiescent state is
 * reported here; that costs a call, so a run loop may leave it out on a re-entry if it reports
 * one at least once for each host tick.
 */
static __always_inline void __kvm_guest_state_enter_irqoff(bool note_rcu)
{
	instrumentation_begin();
	trace_hardirqs_on_prepare();
	lockdep_hardirqs_on_prepare();
	instrumentation_end();

	if (!context_tracking_guest_enter() && note_rcu)
		kvm_compat_rcu_note_guest();

	lockdep_hardirqs_on(CALLER_ADDR0);
}

static __always_inline void kvm_guest_state_enter_irqoff(void)
{
	__kvm_guest_state_enter_irqoff(true);
}

/* The inner call after VM exit: RCU watches again when it returns. */
static __always_inline void kvm_guest_state_exit_irqoff(void)
{
	lockdep_hardirqs_off(CALLER_ADDR0);
	context_tracking_guest_exit();

	instrumentation_begin();
	trace_hardirqs_off_finish();
	instrumentation_end();
}

/*
 * A machine check ended the guest's run and did not reach the host's handler. To that it looks like
 * one in user mode, which the guest is to the host. A kernel built without machine checks (the
 * cloud flavours) has no handler, and leaves CR4.MCE clear: there is nobody to tell.
 */
static inline void kvm_compat_machine_check(void)
{
#ifdef CONFIG_X86_MCE
	struct pt_regs regs = {
		.cs = 3,
		.flags = X86_EFLAGS_IF,
	};

	do_machine_check(&regs);
#endif
}

#endif /* SLIMKVM_COMPAT_GUEST_ENTRY_H */
