/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct kvm: one virtual machine.
 *
 * Lock tags of the fields below:
 *   (o) set once, before anybody else can see the VM
 *   (k) kvm->lock              vCPU creation, VM-wide capabilities
 *   (m) kvm->slots_lock        memslots and buses; taken inside kvm->lock
 *   (s) kvm->srcu              read side: see kvm_vcpu_hold_srcu(); written under (m)
 *   (l) kvm->mmu_lock          page tables: faults hold it shared, zapping and the notifier hold it
 *   exclusive
 *   (a) atomic, no lock
 *   (g) kvm_list_lock          the list of all VMs
 *   (i) kvm->irq_lock          interrupt routes, irqfds, ack notifiers; read side: kvm->irq_srcu
 */
#ifndef __KVM_VM_H
#define __KVM_VM_H

#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/srcu.h>
#include <linux/xarray.h>
#include <kvm/bus.h>
#include <kvm/memslot.h>
#include <kvm/stats.h>
#include <kvm_arch.h>

/*
 * vCPUs of one VM, and the exclusive bound of their ids (KVM_CAP_MAX_VCPUS, KVM_CAP_MAX_VCPU_ID).
 */
#define KVM_VCPUS_MAX		1024
#define KVM_VCPU_ID_MAX		4096

struct kvm_stat_file;
struct kvm_irq_table;

struct kvm {
	struct mm_struct *mm;			/* (o) the creator's; a reference on mm_count */
	refcount_t users;			/* (a) the VM fd, each vCPU fd, each device */
	struct list_head vm_list;		/* (g) */
	pid_t creator;				/* (o) for the debugfs name */
	int fd;					/* (o) likewise */
	unsigned long type;			/* (o) what KVM_CREATE_VM asked for */
	/* (a) no more guest code: KVM_REQ_VM_DEAD was made */
	bool dead;

	struct mutex lock;
	struct mutex slots_lock;
	struct srcu_struct srcu;

	struct kvm_memslots memslots[KVM_ADDRESS_SPACES];	/* (m) (s) */
	struct kvm_io_bus __rcu *buses[KVM_NR_BUSES];		/* (m) (s) */

	struct xarray vcpus;			/* index → vCPU; (k), RCU readers */
	struct xarray vcpus_by_id;		/* id → vCPU; (k), RCU readers */
	atomic_t online_vcpus;			/* (a) indices below it are in @vcpus; grows only */
	int created_vcpus;			/* (k) online ones and those in the making */
	int last_boosted;			/* (a) a hint: whom kvm_vcpu_on_spin() helped */
	unsigned int max_halt_poll_ns;		/* (a) KVM_CAP_HALT_POLL */
	bool override_halt_poll_ns;		/* (a) it was enabled */

	rwlock_t mmu_lock;
	struct mmu_notifier mmu_notifier;	/* (o) */
	spinlock_t mn_lock;			/* below mmu_lock */
	/* under mn_lock, read under mmu_lock: */
	unsigned long mmu_invalidate_seq;	/* moves when an invalidation ends */
	long mmu_invalidate_in_progress;
	/* what the invalidations in progress cover: (l), but emptied under mn_lock by the first */
	gfn_t mmu_invalidate_start;
	gfn_t mmu_invalidate_end;

	u8 dirty_log_manual;			/* (m) KVM_DIRTY_LOG_* */
	unsigned int nr_dirty_logs;		/* (m) bitmaps that exist */
	u32 dirty_ring_size;			/* (k) (m) entries; 0: bitmaps. Before any vCPU */

	struct mutex irq_lock;
	struct srcu_struct irq_srcu;
	struct kvm_irq_table __rcu *irq_table;	/* (i) NULL: no route */
	struct hlist_head irq_ack_notifiers;	/* (i) */
	struct list_head irqfds;		/* (i) */
	struct list_head irq_resamplers;	/* (i) */
	struct list_head ioeventfds;		/* (m) */

	struct list_head coalesced_zones;	/* (m) */
	spinlock_t ring_lock;			/* one producer at a time on @coalesced_ring */
	/* (o) a page of its own, mapped by vCPU fds */
	struct kvm_coalesced_mmio_ring *coalesced_ring;

	struct dentry *debugfs;			/* (o) NULL or error when debugfs is not there */
	struct kvm_stat_file *stat_files;	/* (o) what the files in @debugfs show */
	struct kvm_vm_stat stat;
	struct kvm_arch arch;
};

void kvm_get_kvm(struct kvm *kvm);
bool kvm_get_kvm_safe(struct kvm *kvm);
void kvm_put_kvm(struct kvm *kvm);
int kvm_vm_create_fd(unsigned long type);
void kvm_vm_dead(struct kvm *kvm);

/* The VMs of the machine, for who must visit all of them (suspend, clock changes). */
extern struct mutex kvm_list_lock;
extern struct list_head kvm_vm_list;

/**
 * kvm_synchronize_readers - wait until nobody uses what was unpublished before the call
 * @kvm: the VM; slots_lock held
 *
 * vCPUs never hold kvm->srcu while in guest mode or blocked, so this needs no kick.
 */
void kvm_synchronize_readers(struct kvm *kvm);

#define KVM_DIRTY_LOG_MANUAL_FLAGS \
	(KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET)

/*
 * A new log says of each page that it was written: nothing need be protected when it begins. Not
 * with dirty rings, where a bit says that the page is in a ring.
 */
static inline bool kvm_dirty_log_initially_set(const struct kvm *kvm)
{
	return kvm->dirty_log_manual & KVM_DIRTY_LOG_INITIALLY_SET && !kvm->dirty_ring_size;
}

/* mmu_notifier.c */
int kvm_mmu_notifier_register(struct kvm *kvm);
void kvm_mmu_notifier_unregister(struct kvm *kvm);

/**
 * kvm_mmu_invalidate_retry - may a translation of @gfn, looked up since @seq was read, be
 * installed?
 * @kvm: the VM; mmu_lock held, shared at least
 * @seq: kvm->mmu_invalidate_seq as it was before the look-up
 * @gfn: the frame
 *
 * Return: true when an invalidation that covers @gfn is in progress or has ended since: look up
 * again.
 */
static inline bool kvm_mmu_invalidate_retry(struct kvm *kvm, unsigned long seq, gfn_t gfn)
{
	lockdep_assert_held(&kvm->mmu_lock);
	if (unlikely(READ_ONCE(kvm->mmu_invalidate_in_progress)) &&
	    gfn >= READ_ONCE(kvm->mmu_invalidate_start) &&
	    gfn < READ_ONCE(kvm->mmu_invalidate_end))
		return true;
	/* Ended by now, or another one's range: pairs with the smp_wmb() in invalidate_end(). */
	smp_rmb();
	return READ_ONCE(kvm->mmu_invalidate_seq) != seq;
}

#endif
