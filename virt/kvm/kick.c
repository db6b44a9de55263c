// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting a vCPU's attention: interrupting it when it runs the guest, and making all vCPUs of a VM
 * pass a request.
 *
 * The protocol needs no lock. The vCPU's thread, interrupts off, stores IN_GUEST_MODE, passes a
 * full barrier and looks at its requests; the kicker stores a request, passes a full barrier and
 * looks at the mode. One of them sees the other's store: either the request is seen before entry,
 * or the kicker sees IN_GUEST_MODE and sends an interrupt, which the guest cannot keep out.
 */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <trace/events/ipi.h>	/* smp_send_reschedule() of newer kernels traces */
#include <kvm/arch.h>
#include "core.h"

/* Too big for the stack on a kernel for 8,192 CPUs. Used with preemption disabled. */
static DEFINE_PER_CPU(cpumask_var_t, kick_mask);

/*
 * Tell the vCPU's thread to look at its requests before it enters again. Returns the mode it was
 * in; the cmpxchg is the full barrier between our request and the look at its mode, and pairs with
 * the one between the store of IN_GUEST_MODE and the look at the requests in the run loop.
 */
static int leave_guest_mode(struct kvm_vcpu *vcpu)
{
	return cmpxchg(&vcpu->mode, IN_GUEST_MODE, EXITING_GUEST_MODE);
}

/**
 * kvm_vcpu_kick - make the vCPU look at its requests soon, whatever it does now
 * @vcpu: the vCPU; any context
 *
 * Does not wait. The reschedule interrupt has no handler work of its own: its arrival is all. A
 * halted vCPU is woken: it has declared itself asleep before it looked for reasons not to be, and
 * we have given the reason before we look whether it sleeps; rcuwait has the barriers.
 */
void kvm_vcpu_kick(struct kvm_vcpu *vcpu)
{
	int me, cpu;

	/* With preemption off no CPU can go offline between the look at ->cpu and the IPI. */
	me = get_cpu();
	if (leave_guest_mode(vcpu) == IN_GUEST_MODE) {
		cpu = READ_ONCE(vcpu->cpu);
		if (cpu != me)
			smp_send_reschedule(cpu);
	} else {
		rcuwait_wake_up(&vcpu->wait);
	}
	put_cpu();
}
EXPORT_SYMBOL_GPL(kvm_vcpu_kick);

static void acknowledge(void *unused)
{
}

/**
 * kvm_make_all_vcpus_request - make @req of every vCPU, and wait until each is out of the guest
 * @kvm: the VM
 * @req: the request
 *
 * On return no vCPU runs guest code that it entered before it saw the request: it is outside, or
 * will look before it enters. Interrupts on; spinlocks may be held, if no interrupt handler takes
 * them.
 *
 * Return: whether any vCPU had to be interrupted.
 */
bool kvm_make_all_vcpus_request(struct kvm *kvm, int req)
{
	struct cpumask *mask;
	struct kvm_vcpu *vcpu;
	bool interrupted;
	int i, me, cpu;

	me = get_cpu();
	mask = this_cpu_cpumask_var_ptr(kick_mask);
	cpumask_clear(mask);
	kvm_for_each_vcpu(i, vcpu, kvm) {
		kvm_make_request(req, vcpu);
		/*
		 * EXITING_GUEST_MODE may mean that another's IPI is still under way and the guest
		 * still runs, so wait for that one too. ->cpu is current: it was stored, in
		 * program order, before the mode that the cmpxchg has read.
		 */
		if (leave_guest_mode(vcpu) == OUTSIDE_GUEST_MODE)
			continue;
		cpu = READ_ONCE(vcpu->cpu);
		if (cpu != me)
			cpumask_set_cpu(cpu, mask);
	}
	interrupted = !cpumask_empty(mask);
	/* A handler that has run is the proof that the CPU has left the guest. */
	if (interrupted)
		smp_call_function_many(mask, acknowledge, NULL, true);
	put_cpu();
	return interrupted;
}
EXPORT_SYMBOL_GPL(kvm_make_all_vcpus_request);

/**
 * kvm_flush_remote_tlbs - every vCPU forgets its cached translations before it runs on
 * @kvm: the VM; usually mmu_lock is held
 *
 * What was zapped before the call is unreachable for the guest after it. A vCPU outside the guest
 * flushes before it enters.
 */
void kvm_flush_remote_tlbs(struct kvm *kvm)
{
	/* Statistics: a lost count under a race is harmless, and mmu_lock mostly prevents it. */
	kvm->stat.remote_tlb_flush_requests++;
	if (kvm_make_all_vcpus_request(kvm, KVM_REQ_TLB_FLUSH))
		kvm->stat.remote_tlb_flush++;
}
EXPORT_SYMBOL_GPL(kvm_flush_remote_tlbs);

/** kvm_kick_init - a CPU mask for each CPU; 0 or -ENOMEM */
int kvm_kick_init(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (!zalloc_cpumask_var_node(&per_cpu(kick_mask, cpu), GFP_KERNEL,
					     cpu_to_node(cpu))) {
			kvm_kick_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/** kvm_kick_exit - undo kvm_kick_init() */
void kvm_kick_exit(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		free_cpumask_var(per_cpu(kick_mask, cpu));
#ifdef CONFIG_CPUMASK_OFFSTACK
		per_cpu(kick_mask, cpu) = NULL;
#endif
	}
}
