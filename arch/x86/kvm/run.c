// SPDX-License-Identifier: GPL-2.0-only
/*
 * The run loop: KVM_RUN from its first instruction in the x86 part to its last.
 *
 * All of it runs in the vCPU's thread with vcpu->mutex held. What can be done once per KVM_RUN
 * (FPU, signal mask, completing what userspace helped with) is done in kvm_arch_vcpu_ioctl_run(),
 * once per exit in vcpu_enter_guest().
 */
#include <linux/entry-kvm.h>
#include <linux/kvm_para.h>
#include <asm/fpu/api.h>
#include "compat/compat.h"
#include "compat/host_vcpu.h"
#include "cpuid.h"
#include "irqchip/lapic.h"
#include "x86.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
#include <asm/debugreg.h>

/**
 * kvm_internal_error - leave to userspace with KVM_EXIT_INTERNAL_ERROR
 * @vcpu: the vCPU
 * @suberror: KVM_INTERNAL_ERROR_*
 * @ndata: words in @data, 16 at most
 * @data: what may help to understand it
 *
 * Return: 0, the run loop's "to userspace".
 */
int kvm_internal_error(struct kvm_vcpu *vcpu, u32 suberror, int ndata, const u64 *data)
{
	struct kvm_run *run = vcpu->run;

	ndata = min_t(int, ndata, ARRAY_SIZE(run->internal.data));
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = suberror;
	run->internal.ndata = ndata;
	memcpy(run->internal.data, data, ndata * sizeof(*data));
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_internal_error);

/**
 * kvm_skip_emulated_instruction - step over the instruction that exited, as if it had been executed
 * @vcpu: the vCPU
 *
 * With TF set the guest, or its debugger, gets its single-step trap now (SDM 17.3.1.4).
 * Return: 1/0/errno
 */
int kvm_skip_emulated_instruction(struct kvm_vcpu *vcpu)
{
	unsigned long rflags = kvm_x86_call(get_rflags)(vcpu);
	int r = kvm_x86_call(skip_emulated_instruction)(vcpu);

	if (unlikely(r != 1))
		return r;
	if (unlikely(rflags & X86_EFLAGS_TF))
		return kvm_debug_singlestep(vcpu, rflags);
	return 1;
}
EXPORT_SYMBOL_GPL(kvm_skip_emulated_instruction);

/** kvm_emulate_as_nop - an intercepted instruction of which nothing but its length matters */
int kvm_emulate_as_nop(struct kvm_vcpu *vcpu)
{
	return kvm_skip_emulated_instruction(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_emulate_as_nop);

/**
 * kvm_vcpu_halted - HLT has retired: wait for an interrupt, in the run loop
 * @vcpu: the vCPU
 *
 * With the interrupt controller in userspace, userspace waits: KVM_EXIT_HLT.
 */
int kvm_vcpu_halted(struct kvm_vcpu *vcpu)
{
	++vcpu->stat.halt_exits;
	if (vcpu->arch.apic) {
		vcpu->arch.mp_state = KVM_MP_STATE_HALTED;
		return 1;
	}
	vcpu->run->exit_reason = KVM_EXIT_HLT;
	return 0;
}

/** kvm_emulate_halt - the HLT exit: step over it, and wait as above */
int kvm_emulate_halt(struct kvm_vcpu *vcpu)
{
	int r = kvm_skip_emulated_instruction(vcpu);

	return r <= 0 ? r : kvm_vcpu_halted(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_emulate_halt);

/** kvm_emulate_rdpmc - there are no performance counters to be read */
int kvm_emulate_rdpmc(struct kvm_vcpu *vcpu)
{
	return kvm_complete_insn_gp(vcpu, 1);
}
EXPORT_SYMBOL_GPL(kvm_emulate_rdpmc);

/** kvm_emulate_undefined - an instruction that the CPU has, and the guest's CPUID has not */
int kvm_emulate_undefined(struct kvm_vcpu *vcpu)
{
	kvm_queue_exception(vcpu, UD_VECTOR);
	return 1;
}
EXPORT_SYMBOL_GPL(kvm_emulate_undefined);

/**
 * kvm_emulate_pause - the filter says that the guest spins (SDM 25.1.3, APM2 15.14.4)
 * @vcpu: the vCPU
 *
 * Perhaps on a lock whose holder waits for this very CPU.
 */
int kvm_emulate_pause(struct kvm_vcpu *vcpu)
{
	kvm_vcpu_on_spin(vcpu);
	return kvm_skip_emulated_instruction(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_emulate_pause);

static bool guest_has_pv_unhalt(struct kvm_vcpu *vcpu)
{
	struct kvm_cpuid_entry2 *e = kvm_find_cpuid_entry(vcpu, KVM_CPUID_FEATURES_LEAF, 0);

	/* We do not see who halts by himself (api.rst 7.13). */
	return vcpu->arch.apic && !kvm_exits_disabled(vcpu, KVM_X86_DISABLE_EXITS_HLT) && e &&
	       (e->eax & BIT(KVM_FEATURE_PV_UNHALT));
}

/* Outside 64-bit mode the registers have 32 bits (hypercalls.rst). */
static long hypercall(struct kvm_vcpu *vcpu, bool long_mode)
{
	unsigned long nr = kvm_rax_read(vcpu), apic_id = kvm_rcx_read(vcpu);

	if (kvm_x86_call(get_cpl)(vcpu))
		return -KVM_EPERM;
	if ((long_mode ? nr : (u32)nr) != KVM_HC_KICK_CPU || !guest_has_pv_unhalt(vcpu))
		return -KVM_ENOSYS;
	kvm_mp_unhalt(vcpu->kvm, apic_id);
	return 0;
}

/**
 * kvm_emulate_hypercall - VMCALL or VMMCALL
 * @vcpu: the vCPU
 *
 * One is offered: KVM_HC_KICK_CPU, with an APIC in the kernel. Others answer -KVM_ENOSYS
 * (hypercalls.rst); CPL 3 may not even ask.
 */
int kvm_emulate_hypercall(struct kvm_vcpu *vcpu)
{
	bool long_mode = kvm_is_64_bit_mode(vcpu);
	long ret = hypercall(vcpu, long_mode);

	++vcpu->stat.hypercalls;
	kvm_rax_write(vcpu, long_mode ? ret : (u32)ret);
	return kvm_skip_emulated_instruction(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_emulate_hypercall);

/* The vCPU's TLB work. The stronger request makes the weaker ones pointless. */
static void requests_flush_tlb(struct kvm_vcpu *vcpu)
{
	bool all = kvm_check_request(KVM_REQ_TLB_FLUSH, vcpu);

	if (all) {
		++vcpu->stat.tlb_flush;
		kvm_x86_call(tlb_flush_all)(vcpu);
	}
	if (kvm_check_request(KVM_REQ_TLB_FLUSH_CURRENT, vcpu) && !all)
		kvm_x86_call(tlb_flush_current)(vcpu);
	if (kvm_check_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu) && !all)
		kvm_x86_call(tlb_flush_guest)(vcpu);
}

/* What belongs to an interrupt controller in the kernel. Return: 1/0 */
static int requests_process_irqchip(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (kvm_check_request(KVM_REQ_SCAN_IOAPIC, vcpu)) {
		bitmap_zero(apic->eoi_vectors, 256);
		kvm_irqchip_scan_eoi_vectors(vcpu, apic->eoi_vectors);
	}
	if (kvm_check_request(KVM_REQ_IOAPIC_EOI_EXIT, vcpu)) {
		vcpu->run->exit_reason = KVM_EXIT_IOAPIC_EOI;
		vcpu->run->eoi.vector = apic->eoi_vector;
		return 0;
	}
	if (kvm_check_request(KVM_REQ_TPR_ACCESS, vcpu))
		return kvm_vapic_report(vcpu);
	kvm_clear_request(KVM_REQ_UNBLOCK, vcpu);
	if (unlikely(kvm_mp_has_mail(vcpu)))
		kvm_mp_process_mail(vcpu);
	return 1;
}

/* Return: 1 go on, 0 to userspace, errno */
static int requests_process(struct kvm_vcpu *vcpu)
{
	if (kvm_test_request(KVM_REQ_VM_DEAD, vcpu))
		return -EIO;
	if (kvm_check_request(KVM_REQ_TRIPLE_FAULT, vcpu)) {
		vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
		return 0;
	}
	if (kvm_test_request(KVM_REQ_DIRTY_RING_FULL, vcpu) && kvm_dirty_ring_must_exit(vcpu))
		return 0;
	if (kvm_check_request(KVM_REQ_MMU_RELOAD, vcpu))
		kvm_mmu_unload(vcpu);
	/* The TLB itself is flushed later, interrupts off: this may sleep. */
	if (kvm_test_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu))
		kvm_mmu_guest_flushed(vcpu);
	if (kvm_check_request(KVM_REQ_NMI, vcpu))
		kvm_process_nmi(vcpu);
	if (vcpu->arch.apic)
		return requests_process_irqchip(vcpu);
	return 1;
}

/*
 * With interrupts off and vcpu->mode set: has anything come up that must be looked at before entry?
 */
static bool must_not_enter(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->mode) == EXITING_GUEST_MODE || kvm_request_pending(vcpu) ||
	       xfer_to_guest_mode_work_pending();
}

/*
 * The world switch, interrupts off. Debug registers are moved only when somebody uses them, the
 * guest or the host's own breakpoints (APM2 13.1: the switch itself saves DR6 and DR7 alone).
 */
static enum kvm_fastpath guest_switch(struct kvm_vcpu *vcpu)
{
	bool debug = unlikely(vcpu->arch.switch_db_regs) || unlikely(hw_breakpoint_active());
	enum kvm_fastpath fastpath;

	/* An interrupt may have used the FPU since kvm_load_guest_fpu(), or the thread slept. */
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
	if (debug)
		kvm_debug_load_guest(vcpu);
	kvm_guest_timing_enter_irqoff();
	for (;;) {
		trace_kvm_entry(vcpu);
		fastpath = kvm_x86_call(run)(vcpu);
		trace_kvm_exit(vcpu, kvm_x86_ops.isa);
		if (fastpath != KVM_FASTPATH_REENTER)
			break;
		++vcpu->stat.fast_exits;
		if (must_not_enter(vcpu))
			break;
		kvm_vcpu_drop_srcu(vcpu);
		++vcpu->stat.exits;
	}
	if (debug)
		kvm_debug_load_host(vcpu);
	return fastpath;
}

/* Events to inject, or a window to wait for. Once per exit, and nothing when nobody asked. */
static void events_prepare(struct kvm_vcpu *vcpu)
{
	bool window = kvm_user_irq_window_wanted(vcpu);

	if (kvm_check_request(KVM_REQ_EVENT, vcpu) || window) {
		kvm_inject_pending_events(vcpu);
		if (window)
			kvm_x86_call(enable_irq_window)(vcpu);
	}
}

/* One trip into the guest and the handling of its exit. Return: 1/0/errno */
static int vcpu_enter_guest(struct kvm_vcpu *vcpu)
{
	enum kvm_fastpath fastpath;
	int r;

	if (kvm_request_pending(vcpu)) {
		r = requests_process(vcpu);
		if (r <= 0 || unlikely(vcpu->arch.mp_state != KVM_MP_STATE_RUNNABLE))
			return r;
	}
	events_prepare(vcpu);
	if (unlikely(vcpu->arch.mmu->root_hpa == KVM_MMU_NO_ROOT)) {
		r = kvm_mmu_load(vcpu);
		if (r) {
			kvm_x86_call(cancel_injection)(vcpu);
			return r;
		}
	}
	if (static_branch_unlikely(&kvm_vapic_used.key) && vcpu->arch.vapic_addr)
		kvm_vapic_store(vcpu);
	kvm_vcpu_drop_srcu(vcpu);
	preempt_disable();
	kvm_x86_call(prepare_guest_switch)(vcpu);
	local_irq_disable();
	/*
	 * From here a kick sends an IPI. Store before the loads in must_not_enter(): pairs with the
	 * barrier between a request and the look at ->mode in kvm_vcpu_kick() and
	 * kvm_make_all_vcpus_request(). TLB flushes come after it for the same reason: who zaps an
	 * SPTE after this point sees IN_GUEST_MODE and waits for our exit.
	 */
	smp_store_mb(vcpu->mode, IN_GUEST_MODE);
	if (kvm_request_pending(vcpu))
		requests_flush_tlb(vcpu);
	if (unlikely(must_not_enter(vcpu))) {
		WRITE_ONCE(vcpu->mode, OUTSIDE_GUEST_MODE);
		local_irq_enable();
		preempt_enable();
		kvm_x86_call(cancel_injection)(vcpu);
		return 1;
	}

	fastpath = guest_switch(vcpu);

	WRITE_ONCE(vcpu->mode, OUTSIDE_GUEST_MODE);
	kvm_x86_call(handle_exit_irqoff)(vcpu);
	/*
	 * Interrupts that ended the guest's time are taken here, before the time accounting, so
	 * that their tick is the guest's. One instruction must stand between the two calls: in the
	 * shadow of STI none is taken (SDM vol. 2, STI).
	 */
	local_irq_enable();
	++vcpu->stat.exits;
	local_irq_disable();
	kvm_guest_timing_exit_irqoff();
	local_irq_enable();
	preempt_enable();
	if (static_branch_unlikely(&kvm_vapic_used.key) && vcpu->arch.vapic_addr)
		kvm_vapic_load(vcpu);
	if (fastpath != KVM_FASTPATH_NONE)
		return fastpath == KVM_FASTPATH_REENTER;
	return kvm_x86_call(handle_exit)(vcpu);
}

/** kvm_arch_vcpu_wakes - by the vCPU's thread, loaded: need it wait no longer? */
bool kvm_arch_vcpu_wakes(struct kvm_vcpu *vcpu)
{
	return kvm_mp_wakes(vcpu);
}

/* The vCPU is halted, or waits to be started. Return: 1 look again, 0 to userspace, errno */
static noinline int vcpu_wait(struct kvm_vcpu *vcpu)
{
	int r;

	if (kvm_request_pending(vcpu)) {
		r = requests_process(vcpu);
		if (r <= 0)
			return r;
	}
	kvm_vcpu_drop_srcu(vcpu);
	if (!kvm_mp_wakes(vcpu)) {
		kvm_lapic_timer_wait(vcpu);
		kvm_vcpu_halt(vcpu);
		kvm_lapic_timer_run(vcpu);
	}
	kvm_mp_wake(vcpu);
	return 1;
}

/* Return: 0 to userspace, errno */
static int vcpu_run(struct kvm_vcpu *vcpu)
{
	int r;

	for (;;) {
		if (likely(vcpu->arch.mp_state == KVM_MP_STATE_RUNNABLE))
			r = vcpu_enter_guest(vcpu);
		else
			r = vcpu_wait(vcpu);
		if (r <= 0)
			return r;
		if (kvm_user_irq_window_wanted(vcpu) && kvm_user_irq_ready(vcpu)) {
			vcpu->run->exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
			++vcpu->stat.request_irq_exits;
			return 0;
		}
		if (__xfer_to_guest_mode_work_pending()) {
			kvm_vcpu_drop_srcu(vcpu);
			r = kvm_compat_xfer_to_guest_work(vcpu->host);
			if (r) {
				++vcpu->stat.signal_exits;
				return r;
			}
		}
	}
}

/*
 * Finish what the last exit left to userspace, and run unless userspace wants no more than that:
 * then the reason of that exit stays where clients look for it.
 */
static int vcpu_complete_and_run(struct kvm_vcpu *vcpu)
{
	int (*complete)(struct kvm_vcpu *vcpu) = vcpu->arch.complete_userspace_io;
	bool immediate_exit = READ_ONCE(vcpu->run->immediate_exit);
	int r = 1;

	if (!immediate_exit)
		vcpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	if (complete || !immediate_exit) {
		kvm_load_guest_fpu(vcpu);
		if (complete) {
			vcpu->arch.complete_userspace_io = NULL;
			r = complete(vcpu);
		}
		if (r > 0 && !immediate_exit)
			r = vcpu_run(vcpu);
		kvm_put_guest_fpu(vcpu);
	}
	return r > 0 ? -EINTR : r;
}

/**
 * kvm_arch_vcpu_ioctl_run - KVM_RUN
 * @vcpu: loaded, mutex held
 *
 * Return: 0 with kvm_run filled; -EINTR for a signal or immediate_exit; -EINVAL for a CR8 that does
 * not exist; another errno when the VM cannot go on.
 */
int kvm_arch_vcpu_ioctl_run(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	int r;

	if (READ_ONCE(run->kvm_valid_regs) || READ_ONCE(run->kvm_dirty_regs))
		return -EINVAL;		/* KVM_CAP_SYNC_REGS says 0 */
	/* An APIC in the kernel has the task priority itself. */
	if (!vcpu->arch.apic && kvm_set_cr8(vcpu, READ_ONCE(run->cr8)))
		return -EINVAL;
	kvm_sigset_activate(vcpu);
	run->flags = 0;
	vcpu->arch.ran = true;
	r = vcpu_complete_and_run(vcpu);
	kvm_user_irq_sync_run(vcpu);
	kvm_sigset_deactivate(vcpu);
	return r;
}
