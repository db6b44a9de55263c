// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU with nothing to do: poll for a while, since a wake-up often comes at once and sleeping
 * costs more, then sleep until kvm_vcpu_wake_up().
 *
 * Called by the vCPU's thread; vcpu->halt_poll_ns and the statistics are its own. The parameters
 * and their meaning are those of Documentation/virt/kvm/halt-polling.rst.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <kvm/arch.h>

static unsigned int halt_poll_ns = 200000;
module_param(halt_poll_ns, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns, "longest time to poll in HLT before sleeping, in ns; 0: never poll");

static unsigned int halt_poll_ns_grow = 2;
module_param(halt_poll_ns_grow, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow, "factor by which a too short polling time grows; 0: fixed");

static unsigned int halt_poll_ns_grow_start = 10000;
module_param(halt_poll_ns_grow_start, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow_start, "first polling time when it grows from 0, in ns");

static unsigned int halt_poll_ns_shrink;
module_param(halt_poll_ns_shrink, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_shrink, "divisor of a useless polling time; 0: it becomes 0");

/* Anything that ends HLT, or that the run loop or userspace must see. */
static bool must_wake(struct kvm_vcpu *vcpu)
{
	return kvm_arch_vcpu_runnable(vcpu) || kvm_check_request(KVM_REQ_UNBLOCK, vcpu) ||
	       kvm_test_request(KVM_REQ_VM_DEAD, vcpu) || signal_pending(current);
}

/* True: something came while polling. Ends early when another task wants the CPU. */
static bool poll(struct kvm_vcpu *vcpu, ktime_t start)
{
	ktime_t stop = ktime_add_ns(start, vcpu->halt_poll_ns);

	if (!vcpu->halt_poll_ns)
		return false;
	vcpu->stat.halt_attempted_poll++;
	do {
		if (must_wake(vcpu)) {
			vcpu->stat.halt_successful_poll++;
			return true;
		}
		cpu_relax();
	} while (single_task_running() && !need_resched() && ktime_before(ktime_get(), stop));
	return false;
}

static void sleep_until_woken(struct kvm_vcpu *vcpu)
{
	bool slept = false;

	prepare_to_rcuwait(&vcpu->wait);
	for (;;) {
		/*
		 * A full barrier between our state and the look at what would wake us; it pairs
		 * with the one in rcuwait_wake_up(), so that no wake-up falls in between.
		 */
		set_current_state(TASK_INTERRUPTIBLE);
		if (must_wake(vcpu))
			break;
		slept = true;
		schedule();
	}
	finish_rcuwait(&vcpu->wait);
	if (slept)
		vcpu->stat.halt_wakeup++;
}

static void grow(struct kvm_vcpu *vcpu, unsigned int max)
{
	unsigned int factor = READ_ONCE(halt_poll_ns_grow);
	u64 ns = (u64)vcpu->halt_poll_ns * factor;

	if (!factor)
		return;
	ns = max_t(u64, ns, READ_ONCE(halt_poll_ns_grow_start));
	vcpu->halt_poll_ns = min_t(u64, ns, max);
}

static void shrink(struct kvm_vcpu *vcpu)
{
	unsigned int divisor = READ_ONCE(halt_poll_ns_shrink);

	vcpu->halt_poll_ns = divisor ? vcpu->halt_poll_ns / divisor : 0;
	if (vcpu->halt_poll_ns < READ_ONCE(halt_poll_ns_grow_start))
		vcpu->halt_poll_ns = 0;
}

/* Polling that was too short by little grows; a wait that polling never covers makes it stop. */
static void adjust_poll(struct kvm_vcpu *vcpu, bool polled, u64 waited_ns)
{
	unsigned int max = READ_ONCE(halt_poll_ns);

	if (vcpu->halt_poll_ns > max)
		vcpu->halt_poll_ns = max;
	if (!max || polled)
		return;
	if (waited_ns > max)
		shrink(vcpu);
	else if (vcpu->halt_poll_ns < max)
		grow(vcpu, max);
}

/**
 * kvm_vcpu_halt - wait until the vCPU has something to do
 * @vcpu: the vCPU; its own thread, mutex held, loaded, preemption enabled
 *
 * Returns when the vCPU is runnable, KVM_REQ_UNBLOCK was made (and is consumed), the VM is dead or
 * a signal is pending; the caller finds out which. kvm->srcu is not held while it waits, so that a
 * halted vCPU does not hold up a change of memory slots.
 */
void kvm_vcpu_halt(struct kvm_vcpu *vcpu)
{
	ktime_t start = ktime_get();
	bool polled;

	kvm_vcpu_drop_srcu(vcpu);
	polled = poll(vcpu, start);
	if (!polled)
		sleep_until_woken(vcpu);
	adjust_poll(vcpu, polled, ktime_to_ns(ktime_sub(ktime_get(), start)));
}
EXPORT_SYMBOL_GPL(kvm_vcpu_halt);
