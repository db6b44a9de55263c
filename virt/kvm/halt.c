// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU that has nothing to do: its thread polls a little and then sleeps (halt-polling.rst); and
 * one that spins: its thread gives its time to another vCPU of the VM.
 *
 * Run by the vCPU's thread under vcpu->mutex. Who has something for a halted vCPU says so first and
 * then calls kvm_vcpu_kick(); see there why no wake-up is lost.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <kvm/arch.h>

static unsigned int halt_poll_ns = 200000;
module_param(halt_poll_ns, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns, "Longest time to poll before a halted vCPU's thread sleeps");

static unsigned int halt_poll_ns_grow = 2;
module_param(halt_poll_ns_grow, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow, "Factor by which a vCPU's polling time grows");

static unsigned int halt_poll_ns_grow_start = 10000;
module_param(halt_poll_ns_grow_start, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow_start, "What it grows to from zero");

static unsigned int halt_poll_ns_shrink;
module_param(halt_poll_ns_shrink, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_shrink, "Divisor by which it shrinks; 0: to zero");

/* ---- polling --------------------------------------------------------------------------------- */

static unsigned int max_poll_ns(struct kvm *kvm)
{
	if (!READ_ONCE(kvm->override_halt_poll_ns))
		return READ_ONCE(halt_poll_ns);
	smp_rmb(); /* pairs with smp_wmb() where KVM_CAP_HALT_POLL is enabled */
	return READ_ONCE(kvm->max_halt_poll_ns);
}

static unsigned int poll_grown(unsigned int now)
{
	unsigned int factor = READ_ONCE(halt_poll_ns_grow);
	u64 next = (u64)now * factor;

	if (!factor)
		return now;
	return clamp_t(u64, next, READ_ONCE(halt_poll_ns_grow_start), UINT_MAX);
}

static unsigned int poll_shrunk(unsigned int now)
{
	unsigned int divisor = READ_ONCE(halt_poll_ns_shrink);

	return divisor ? now / divisor : 0;
}

/*
 * The rule of halt-polling.rst: a wait longer than the longest poll will not be caught by polling,
 * so shrink; a shorter one that polling has missed would be by a longer poll.
 */
static void poll_adjust(struct kvm_vcpu *vcpu, u64 waited_ns, bool caught)
{
	unsigned int max = max_poll_ns(vcpu->kvm);

	if (waited_ns > max)
		vcpu->halt_poll_ns = poll_shrunk(vcpu->halt_poll_ns);
	else if (!caught)
		vcpu->halt_poll_ns = poll_grown(vcpu->halt_poll_ns);
	vcpu->halt_poll_ns = min(vcpu->halt_poll_ns, max);
}

static bool wait_is_over(struct kvm_vcpu *vcpu)
{
	return kvm_arch_vcpu_wakes(vcpu) || signal_pending(current);
}

/* True: it is over before the thread has slept. */
static bool poll(struct kvm_vcpu *vcpu, ktime_t start)
{
	unsigned int ns = min(vcpu->halt_poll_ns, max_poll_ns(vcpu->kvm));

	if (!ns)
		return false;
	++vcpu->stat.halt_attempted_poll;
	do {
		if (wait_is_over(vcpu)) {
			++vcpu->stat.halt_successful_poll;
			return true;
		}
		cpu_relax();
	} while (!need_resched() && ktime_to_ns(ktime_sub(ktime_get(), start)) < ns);
	return false;
}

/* ---- sleeping -------------------------------------------------------------------------------- */

/*
 * set_current_state() has a full barrier between the thread's state and the look for reasons not to
 * sleep: pairs with the one in rcuwait_wake_up(), between the reason and the look at the thread.
 */
static void sleep_until_woken(struct kvm_vcpu *vcpu)
{
	prepare_to_rcuwait(&vcpu->wait);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (wait_is_over(vcpu))
			break;
		schedule();
	}
	finish_rcuwait(&vcpu->wait);
	++vcpu->stat.halt_wakeup;
}

/**
 * kvm_vcpu_halt - wait until kvm_arch_vcpu_wakes(), or a signal
 * @vcpu: the vCPU, loaded; kvm->srcu is not held
 *
 * Any signal ends it, a fatal one among them: KVM_RUN will return -EINTR, and come back here if
 * the guest is still halted then.
 */
void kvm_vcpu_halt(struct kvm_vcpu *vcpu)
{
	ktime_t start = ktime_get();
	bool caught = poll(vcpu, start);

	if (!caught)
		sleep_until_woken(vcpu);
	poll_adjust(vcpu, ktime_to_ns(ktime_sub(ktime_get(), start)), caught);
}

/* ---- giving way ------------------------------------------------------------------------------ */

/**
 * kvm_vcpu_yield_to - give this thread's time to the one that runs @vcpu
 * @vcpu: another vCPU of the VM
 *
 * Return: whether the scheduler did.
 */
bool kvm_vcpu_yield_to(struct kvm_vcpu *vcpu)
{
	struct task_struct *task;
	bool done;

	rcu_read_lock();
	task = get_pid_task(rcu_dereference(vcpu->pid), PIDTYPE_PID);
	rcu_read_unlock();
	if (!task)
		return false;
	done = yield_to(task, true) > 0;
	put_task_struct(task);
	return done;
}
EXPORT_SYMBOL_GPL(kvm_vcpu_yield_to);

/**
 * kvm_vcpu_on_spin - the guest spins, perhaps on a lock whose holder has no CPU to run on
 * @me: the vCPU that spins
 *
 * Helps the next vCPU that was pushed off its CPU, in turn; else whoever is next on this one.
 */
void kvm_vcpu_on_spin(struct kvm_vcpu *me)
{
	struct kvm *kvm = me->kvm;
	int nr = atomic_read(&kvm->online_vcpus);
	int i, at = READ_ONCE(kvm->last_boosted);
	struct kvm_vcpu *vcpu;

	for (i = 0; i < nr; i++) {
		at = at + 1 < nr ? at + 1 : 0;
		vcpu = kvm_get_vcpu(kvm, at);
		if (!vcpu || vcpu == me || !READ_ONCE(vcpu->preempted))
			continue;
		++me->stat.directed_yield_attempted;
		if (kvm_vcpu_yield_to(vcpu)) {
			++me->stat.directed_yield_successful;
			WRITE_ONCE(kvm->last_boosted, at);
			return;
		}
	}
	yield();
}
EXPORT_SYMBOL_GPL(kvm_vcpu_on_spin);
