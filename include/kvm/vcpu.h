/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct kvm_vcpu: one virtual CPU, its requests and its ways out of guest mode.
 *
 * Lock tags: (o) set once · (v) vcpu->mutex, that is the thread in a vCPU ioctl · (a) atomic · (p)
 * preemption disabled on the vCPU's own thread · (r) RCU
 */
#ifndef __KVM_VCPU_H
#define __KVM_VCPU_H

#include <linux/preempt.h>
#include <linux/rcuwait.h>
#include <linux/signal_types.h>
#include <kvm/dirty_ring.h>
#include <kvm/vm.h>

struct kvm_compat_vcpu;

/* Where the vCPU is: a kicker reads it to know whether an IPI is needed. */
enum kvm_vcpu_mode {
	OUTSIDE_GUEST_MODE,
	IN_GUEST_MODE,		/* interrupts off and about to enter, or in the guest */
	EXITING_GUEST_MODE,	/* kicked: will not enter before it has looked at its requests */
};

/*
 * Requests: bits of vcpu->requests, made by anybody, consumed by the vCPU's thread before it enters
 * the guest. Bits 0–7 belong to the core, the others to the architecture.
 */
enum kvm_core_request {
	KVM_REQ_TLB_FLUSH,		/* all of this vCPU's translations */
	KVM_REQ_VM_DEAD,		/* KVM_RUN returns -EIO from now on; never consumed */
	KVM_REQ_DIRTY_RING_FULL,	/* kvm_dirty_ring_must_exit() decides */
	KVM_REQ_ARCH_BASE = 8,
};

struct kvm_vcpu {
	/* what the exit path touches comes first */
	struct kvm *kvm;			/* (o) */
	/* (o) the mmapped page; userspace writes it at any time */
	struct kvm_run *run;
	/*
	 * (p) the CPU it is loaded on, or was last; -1 before the first time. kvm_arch_vcpu_load()
	 * still sees the former one
	 */
	int cpu;
	int mode;				/* (a) enum kvm_vcpu_mode */
	unsigned long requests;			/* (a) */
	int srcu_idx;				/* (v) valid when srcu_held */
	bool srcu_held;				/* (v) */
	bool loaded;				/* (v) vcpu_load()ed */
	struct kvm_memory_slot *last_slot;	/* (v) good for last_slot_gen only, under srcu */
	u64 last_slot_gen;			/* (v) */
	gfn_t hole_first, hole_last;		/* (v) frames without a slot, likewise */
	u64 hole_gen;				/* (v) */
	struct kvm_vcpu_stat stat;		/* (v) */

	struct kvm_dirty_ring dirty_ring;	/* its own legend */

	struct kvm_vcpu_arch arch;		/* (v) but for what its own legend says */

	struct mutex mutex;			/* held by a vCPU ioctl from begin to end */
	struct rcuwait wait;			/* where the thread of a halted guest sleeps */
	unsigned int halt_poll_ns;		/* (v) how long it polls before that */
	bool preempted;				/* (a) pushed off its CPU while it wanted to run */
	int id;					/* (o) what userspace called it */
	int index;				/* (o) 0 … online_vcpus - 1 */
	struct preempt_notifier preempt_notifier;	/* (v) */
	struct pid __rcu *pid;			/* (v) (r) the thread that last ran it */
	sigset_t sigset;			/* (v) */
	bool sigset_active;			/* (v) */
	/* (o) kernel-layout twin for xfer_to_guest_mode_handle_work() */
	struct kvm_compat_vcpu *host;
	struct dentry *debugfs;			/* (o) */
};

/* The vendor's vCPU struct begins with struct kvm_vcpu; its size was given to kvm_init(). */

static inline bool kvm_request_pending(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(vcpu->requests);
}

static inline bool kvm_test_request(int req, struct kvm_vcpu *vcpu)
{
	return test_bit(req, &vcpu->requests);
}

/**
 * kvm_make_request - ask @vcpu's thread for @req before it enters the guest again
 *
 * What the request refers to must be visible before the bit: pairs with kvm_check_request(). Follow
 * it by kvm_vcpu_kick() when it cannot wait for the next exit.
 */
static inline void kvm_make_request(int req, struct kvm_vcpu *vcpu)
{
	smp_wmb(); /* pairs with smp_mb__after_atomic() in kvm_check_request() */
	set_bit(req, &vcpu->requests);
}

static inline void kvm_clear_request(int req, struct kvm_vcpu *vcpu)
{
	clear_bit(req, &vcpu->requests);
}

static inline bool kvm_check_request(int req, struct kvm_vcpu *vcpu)
{
	if (!kvm_test_request(req, vcpu))
		return false;
	kvm_clear_request(req, vcpu);
	smp_mb__after_atomic(); /* pairs with smp_wmb() in kvm_make_request() */
	return true;
}

/* kick.c */
void kvm_vcpu_kick(struct kvm_vcpu *vcpu);
bool kvm_make_all_vcpus_request(struct kvm *kvm, int req);
void kvm_flush_remote_tlbs(struct kvm *kvm);

/* halt.c */
void kvm_vcpu_halt(struct kvm_vcpu *vcpu);
void kvm_vcpu_on_spin(struct kvm_vcpu *vcpu);
bool kvm_vcpu_yield_to(struct kvm_vcpu *vcpu);

/* vcpu.c */
void vcpu_load(struct kvm_vcpu *vcpu);
void vcpu_put(struct kvm_vcpu *vcpu);
int kvm_vm_ioctl_create_vcpu(struct kvm *kvm, u32 id);
void kvm_destroy_vcpus(struct kvm *kvm);

static inline struct kvm_vcpu *kvm_get_vcpu(struct kvm *kvm, int index)
{
	int num = atomic_read(&kvm->online_vcpus);

	if (index < 0 || index >= num)
		return NULL;
	/* pairs with the smp_wmb() before online_vcpus grows in kvm_vm_ioctl_create_vcpu() */
	smp_rmb();
	return xa_load(&kvm->vcpus, index);
}

#define kvm_for_each_vcpu(i, vcpu, kvm) \
	for ((i) = 0; ((vcpu) = kvm_get_vcpu((kvm), (i))); (i)++)

static inline struct kvm_vcpu *kvm_get_vcpu_by_id(struct kvm *kvm, int id)
{
	return xa_load(&kvm->vcpus_by_id, id);
}

/**
 * kvm_vcpu_hold_srcu - take kvm->srcu for the vCPU's thread, if it has not got it
 * @vcpu: the vCPU; its mutex is held
 *
 * Called by whoever looks at memslots or buses on behalf of a vCPU. The lock is dropped at the
 * vCPU's quiescent points: before it enters the guest, before it waits, at the end of each vCPU
 * ioctl. So an exit that needs no memslot pays nothing, and nobody has to remember.
 */
static inline void kvm_vcpu_hold_srcu(struct kvm_vcpu *vcpu)
{
	if (vcpu->srcu_held)
		return;
	vcpu->srcu_idx = srcu_read_lock(&vcpu->kvm->srcu);
	/* For sparse alone, which cannot follow a lock that outlives the function. */
	__release(&vcpu->kvm->srcu);
	vcpu->srcu_held = true;
}

static inline void kvm_vcpu_drop_srcu(struct kvm_vcpu *vcpu)
{
	if (!vcpu->srcu_held)
		return;
	vcpu->srcu_held = false;
	__acquire(&vcpu->kvm->srcu);
	srcu_read_unlock(&vcpu->kvm->srcu, vcpu->srcu_idx);
}

void kvm_sigset_activate(struct kvm_vcpu *vcpu);
void kvm_sigset_deactivate(struct kvm_vcpu *vcpu);

#endif
