// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC's timer (SDM 11.5.4): one-shot, periodic and TSC deadline, each on an hrtimer, or,
 * while the vCPU does not wait, on a timer of hardware's that ends guest mode, if there is one
 * (kvm_x86_ops.set_hv_timer()).
 *
 * Started and stopped by the vCPU's thread under its mutex. An hrtimer ends in hard interrupt
 * context on the CPU where it was started, and the interrupt is raised from there, so that a vCPU
 * that is halted has it in time. Hardware's ends in the vCPU's thread: one that was pushed off its
 * CPU, or is out in userspace, has its interrupt when it runs again and could see it.
 */
#include <linux/math64.h>
#include <linux/module.h>
#include <asm/tsc.h>
#include "compat/compat.h"
#include "lapic.h"
#include "x86.h"

/* The bus clock of the APIC: 1 GHz, what KVM's guests have always seen. */
#define BUS_CYCLE_NS		1

/* Further ahead a deadline need not be computed: the timer's handler looks again. */
#define DEADLINE_HORIZON_S	3600

static unsigned int min_timer_period_us = 200;
module_param(min_timer_period_us, uint, 0644);
MODULE_PARM_DESC(min_timer_period_us, "A guest's periodic APIC timer is not faster than this");

static u32 timer_mode(const struct kvm_lapic *apic)
{
	return lapic_get(&apic->regs, APIC_LVTT) & LAPIC_LVT_TIMER_MODE;
}

/* Divide configuration: 11.5.4, figure 11-10: bits 3, 1 and 0; 111 divides by 1. */
static u32 timer_cycle_ns(const struct kvm_lapic *apic)
{
	u32 tdcr = lapic_get(&apic->regs, APIC_TDCR);
	u32 shift = ((tdcr & 3) | (tdcr >> 1 & 4)) + 1;

	return BUS_CYCLE_NS << (shift & 7);
}

/* ---- the end of a run ------------------------------------------------------------------------ */

/* Cycles of the guest's TSC until the deadline, when the host's is @host_tsc; 0: it is reached. */
static u64 deadline_left(struct kvm_lapic *apic, u64 host_tsc)
{
	u64 now = kvm_read_guest_tsc(apic->vcpu, host_tsc);
	u64 deadline = READ_ONCE(apic->timer.deadline);

	if (deadline <= now)
		return 0;
	return min(deadline - now,
		   (u64)apic->vcpu->arch.virtual_tsc_khz * 1000 * DEADLINE_HORIZON_S);
}

static u64 deadline_ns_left(struct kvm_lapic *apic)
{
	u64 left = deadline_left(apic, rdtsc());

	return left ? mul_u64_u32_div(left, 1000000, apic->vcpu->arch.virtual_tsc_khz) + 1 : 0;
}

/*
 * The host's clock is not the TSC: NTP steers it, so that a deadline may be some cycles away yet,
 * and a guest must not see its interrupt before its time.
 */
static bool deadline_expired(struct kvm_lapic *apic)
{
	u64 left = deadline_ns_left(apic);

	if (left && !check_tsc_unstable()) {
		hrtimer_set_expires(&apic->timer.hrtimer, ktime_add_ns(ktime_get(), left));
		return true;
	}
	/* 11.5.4.1: the MSR reads as 0 then. */
	WRITE_ONCE(apic->timer.deadline, 0);
	kvm_lapic_raise(apic, APIC_LVTT);
	return false;
}

/* True: it goes on, to what the hrtimer's expiry is now. */
static bool timer_ended(struct kvm_lapic *apic)
{
	switch (timer_mode(apic)) {
	case APIC_LVT_TIMER_TSCDEADLINE:
		return deadline_expired(apic);
	case APIC_LVT_TIMER_PERIODIC:
		kvm_lapic_raise(apic, APIC_LVTT);
		/* Periods that nobody saw are one interrupt: IRR would not hold more. */
		hrtimer_forward_now(&apic->timer.hrtimer, ns_to_ktime(apic->timer.period_ns));
		return true;
	default:
		kvm_lapic_raise(apic, APIC_LVTT);
		return false;
	}
}

static enum hrtimer_restart timer_expired(struct hrtimer *hrtimer)
{
	struct kvm_lapic *apic = container_of(hrtimer, struct kvm_lapic, timer.hrtimer);

	return timer_ended(apic) ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static bool timer_runs(const struct kvm_lapic *apic)
{
	return apic->timer.hv || hrtimer_active(&apic->timer.hrtimer);
}

static s64 timer_ns_left(const struct kvm_lapic *apic)
{
	return ktime_to_ns(ktime_sub(hrtimer_get_expires(&apic->timer.hrtimer), ktime_get()));
}

/*
 * The host's TSC at the end of this run. Neither the two clocks nor the two TSCs have exactly the
 * rates that we reckon with: too early is seen at the end.
 */
static u64 timer_host_tsc(struct kvm_lapic *apic)
{
	u64 now = rdtsc(), left;

	if (timer_mode(apic) != APIC_LVT_TIMER_TSCDEADLINE)
		return now + mul_u64_u32_div(max_t(s64, timer_ns_left(apic), 0), tsc_khz, 1000000);
	left = deadline_left(apic, now);
	if (unlikely(apic->vcpu->arch.tsc_scaling_ratio != kvm_host.default_tsc_ratio))
		left = mul_u64_u32_div(left, tsc_khz, apic->vcpu->arch.virtual_tsc_khz) + 1;
	return now + left;
}

static void timer_start_hv(struct kvm_lapic *apic)
{
	apic->timer.hv = true;
	kvm_x86_call(set_hv_timer)(apic->vcpu, timer_host_tsc(apic));
}

static void timer_stop_hv(struct kvm_lapic *apic)
{
	if (!apic->timer.hv)
		return;
	apic->timer.hv = false;
	kvm_x86_call(set_hv_timer)(apic->vcpu, KVM_HV_TIMER_OFF);
}

/*
 * Run on to the end that the hrtimer's expiry says, or the deadline. It is stopped. Hardware's
 * does not count in C-states deeper than C2 (25.5.1), where only a guest's own MWAIT leads.
 */
static void timer_start(struct kvm_lapic *apic)
{
	if (kvm_host.hv_timer && !check_tsc_unstable() &&
	    !kvm_exits_disabled(apic->vcpu, KVM_X86_DISABLE_EXITS_MWAIT))
		timer_start_hv(apic);
	else
		hrtimer_start_expires(&apic->timer.hrtimer, HRTIMER_MODE_ABS_PINNED_HARD);
}

static void timer_start_in(struct kvm_lapic *apic, u64 ns)
{
	hrtimer_set_expires(&apic->timer.hrtimer, ktime_add_ns(ktime_get(), ns));
	timer_start(apic);
}

/* A guest could keep the host's CPU busy with nothing but its timer. */
static u64 timer_period(const struct kvm_lapic *apic, u64 ns)
{
	if (timer_mode(apic) != APIC_LVT_TIMER_PERIODIC)
		return ns;
	return max_t(u64, ns, (u64)READ_ONCE(min_timer_period_us) * NSEC_PER_USEC);
}

/** lapic_timer_init - a new APIC's timer, stopped */
void lapic_timer_init(struct kvm_lapic *apic)
{
	kvm_compat_hrtimer_setup(&apic->timer.hrtimer, timer_expired, CLOCK_MONOTONIC,
				 HRTIMER_MODE_ABS_PINNED_HARD);
}

/** lapic_timer_stop - it does not run, nor does its handler, on return */
void lapic_timer_stop(struct kvm_lapic *apic)
{
	hrtimer_cancel(&apic->timer.hrtimer);
	timer_stop_hv(apic);
}

/** lapic_timer_reset - the registers were reset: stop, and take the divisor from them */
void lapic_timer_reset(struct kvm_lapic *apic)
{
	lapic_timer_stop(apic);
	apic->timer.deadline = 0;
	apic->timer.cycle_ns = timer_cycle_ns(apic);
}

/** lapic_timer_count_written - the initial count: starts the timer, or with 0 stops it */
void lapic_timer_count_written(struct kvm_lapic *apic)
{
	u32 count = lapic_get(&apic->regs, APIC_TMICT);

	lapic_timer_stop(apic);
	if (!count)
		return;
	apic->timer.period_ns = timer_period(apic, (u64)count * apic->timer.cycle_ns);
	timer_start_in(apic, apic->timer.period_ns);
}

/**
 * lapic_timer_mode_written - LVTT's mode changed
 * @apic: the APIC
 *
 * From and to the TSC-deadline mode the timer is disarmed (11.5.4.1). Between the other two it runs
 * on, and is periodic, or not, at its end.
 */
void lapic_timer_mode_written(struct kvm_lapic *apic)
{
	if (timer_mode(apic) == APIC_LVT_TIMER_TSCDEADLINE) {
		lapic_timer_stop(apic);
		lapic_set(&apic->regs, APIC_TMICT, 0);
	} else if (!lapic_get(&apic->regs, APIC_TMICT)) {
		lapic_timer_stop(apic);
		apic->timer.period_ns = 0;
	} else {
		apic->timer.period_ns = timer_period(apic, apic->timer.period_ns);
	}
	apic->timer.deadline = 0;
}

/** lapic_timer_divide_written - another divisor: a count that runs goes on at the new pace */
void lapic_timer_divide_written(struct kvm_lapic *apic)
{
	u32 count = lapic_timer_current(apic);
	bool runs = timer_runs(apic);

	apic->timer.cycle_ns = timer_cycle_ns(apic);
	if (timer_mode(apic) == APIC_LVT_TIMER_TSCDEADLINE)
		return;
	lapic_timer_stop(apic);
	apic->timer.period_ns = timer_period(apic, (u64)lapic_get(&apic->regs, APIC_TMICT) *
						   apic->timer.cycle_ns);
	if (runs)
		timer_start_in(apic, (u64)count * apic->timer.cycle_ns);
}

/**
 * lapic_timer_current - the current count (11.5.4): what is left, in units of the divided bus clock
 * @apic: the APIC
 *
 * A one-shot timer stays at 0, a periodic one starts again from the initial count.
 */
u32 lapic_timer_current(struct kvm_lapic *apic)
{
	s64 left;

	if (timer_mode(apic) == APIC_LVT_TIMER_TSCDEADLINE || !timer_runs(apic))
		return 0;
	left = timer_ns_left(apic);
	if (left < 0) {
		/* The handler is late. */
		if (timer_mode(apic) != APIC_LVT_TIMER_PERIODIC)
			return 0;
		left = apic->timer.period_ns - (u64)-left % apic->timer.period_ns;
	}
	return div_u64(left, apic->timer.cycle_ns);
}

/** lapic_timer_restore - KVM_SET_LAPIC: go on where the saved timer was, at current @count */
void lapic_timer_restore(struct kvm_lapic *apic, u32 count)
{
	u32 initial = lapic_get(&apic->regs, APIC_TMICT);

	lapic_timer_stop(apic);
	apic->timer.cycle_ns = timer_cycle_ns(apic);
	if (timer_mode(apic) == APIC_LVT_TIMER_TSCDEADLINE) {
		lapic_timer_set_deadline(apic, apic->timer.deadline, true);
		return;
	}
	apic->timer.period_ns = timer_period(apic, (u64)initial * apic->timer.cycle_ns);
	count = min(count, initial);
	if (!initial || (!count && timer_mode(apic) != APIC_LVT_TIMER_PERIODIC))
		return;
	timer_start_in(apic, (u64)count * apic->timer.cycle_ns);
}

/* ---- TSC deadline ---------------------------------------------------------------------------- */

static void deadline_arm(struct kvm_lapic *apic)
{
	u64 left = deadline_ns_left(apic);

	if (left) {
		timer_start_in(apic, left);
		return;
	}
	apic->timer.deadline = 0;
	kvm_lapic_raise(apic, APIC_LVTT);
}

/** lapic_timer_deadline - IA32_TSC_DEADLINE as it reads: 0 in the other modes (11.5.4.1) */
u64 lapic_timer_deadline(struct kvm_lapic *apic)
{
	if (timer_mode(apic) != APIC_LVT_TIMER_TSCDEADLINE)
		return 0;
	return READ_ONCE(apic->timer.deadline);
}

/**
 * lapic_timer_set_deadline - a write of IA32_TSC_DEADLINE; interrupts may be off
 * @apic: the APIC
 * @deadline: the guest's TSC at which it fires; 0 disarms it; in the past: now
 * @host_initiated: userspace restores it: perhaps before LVTT, in which case it waits for that
 *
 * In the other modes a guest's write is ignored (11.5.4.1).
 */
void lapic_timer_set_deadline(struct kvm_lapic *apic, u64 deadline, bool host_initiated)
{
	bool mode = timer_mode(apic) == APIC_LVT_TIMER_TSCDEADLINE;

	if (!mode && !host_initiated)
		return;
	if (mode)
		lapic_timer_stop(apic);
	WRITE_ONCE(apic->timer.deadline, deadline);
	if (mode && deadline)
		deadline_arm(apic);
}

/* ---- hardware's timer or the host's ---------------------------------------------------------- */

/** kvm_lapic_tsc_changed - the guest's TSC was moved or its rate changed; any vCPU */
void kvm_lapic_tsc_changed(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (apic && lapic_timer_deadline(apic))
		lapic_timer_set_deadline(apic, apic->timer.deadline, true);
}

/**
 * kvm_lapic_hv_timer_expired - hardware's timer may have run out; the vCPU's thread
 * @vcpu: the vCPU
 */
void kvm_lapic_hv_timer_expired(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;
	bool deadline = timer_mode(apic) == APIC_LVT_TIMER_TSCDEADLINE;

	if (!apic->timer.hv)
		return;
	if ((!deadline && timer_ns_left(apic) > 0) || timer_ended(apic))
		timer_start_hv(apic);
	else
		timer_stop_hv(apic);
}
EXPORT_SYMBOL_GPL(kvm_lapic_hv_timer_expired);

/**
 * kvm_lapic_hv_timer_moved - the vCPU comes to another CPU, or the machine slept; preemption off
 * @vcpu: the vCPU
 *
 * The host's TSC may have begun anew. A deadline is the guest's TSC's, and goes with that.
 */
void kvm_lapic_hv_timer_moved(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;

	if (apic && apic->timer.hv && timer_mode(apic) != APIC_LVT_TIMER_TSCDEADLINE)
		timer_start_hv(apic);
}
EXPORT_SYMBOL_GPL(kvm_lapic_hv_timer_moved);

/** kvm_lapic_timer_wait - the vCPU is going to wait, out of guest mode */
void kvm_lapic_timer_wait(struct kvm_vcpu *vcpu)
{
	struct kvm_lapic *apic = vcpu->arch.apic;
	struct hrtimer *hrtimer = &apic->timer.hrtimer;

	if (!apic->timer.hv)
		return;
	timer_stop_hv(apic);
	if (timer_mode(apic) == APIC_LVT_TIMER_TSCDEADLINE)
		hrtimer_set_expires(hrtimer, ktime_add_ns(ktime_get(), deadline_ns_left(apic)));
	hrtimer_start_expires(hrtimer, HRTIMER_MODE_ABS_PINNED_HARD);
}

/** kvm_lapic_timer_run - it waits no longer */
void kvm_lapic_timer_run(struct kvm_vcpu *vcpu)
{
	if (kvm_host.hv_timer && hrtimer_cancel(&vcpu->arch.apic->timer.hrtimer))
		timer_start(vcpu->arch.apic);
}

/**
 * kvm_lapic_timer_load - the vCPU is on @cpu now: the timer follows it, to spare the IPI
 * @vcpu: the vCPU, with vcpu->cpu still the former one
 * @cpu: this CPU; preemption is off
 */
void kvm_lapic_timer_load(struct kvm_vcpu *vcpu, int cpu)
{
	struct hrtimer *hrtimer = &vcpu->arch.apic->timer.hrtimer;

	if (vcpu->cpu == cpu || !hrtimer_active(hrtimer))
		return;
	if (hrtimer_cancel(hrtimer))
		hrtimer_start_expires(hrtimer, HRTIMER_MODE_ABS_PINNED_HARD);
}
