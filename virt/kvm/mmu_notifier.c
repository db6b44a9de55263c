// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host changes the memory that backs a guest: what it takes away must leave the guest's page
 * tables first.
 *
 * The sequence protocol with the fault path:
 *
 *   notifier                              fault
 *   start: in_progress++                  seq = mmu_invalidate_seq; smp_rmb();
 *          mmu_lock: range, unmap         look up the page in the host's tables
 *   (the host changes its tables)         mmu_lock, shared: kvm_mmu_invalidate_retry(seq); install
 *   end:   seq++, in_progress--
 *
 * A look-up that began before "end" may have seen the old page. If the fault takes mmu_lock before
 * "start" does, its entry is unmapped; else it finds in_progress or, after "end", another seq.
 *
 * Most of what a VMM does to its memory is none of the guest's. Whether a slot is there is looked
 * up under kvm->mn_lock alone, and who finds none stays away from mmu_lock, and leaves the sequence
 * alone.
 */
#include <linux/mmu_notifier.h>
#include <kvm/arch.h>
#include "core.h"

static inline struct kvm *notifier_to_kvm(struct mmu_notifier *mn)
{
	return container_of(mn, struct kvm, mmu_notifier);
}

/* Bytes unmapped between two looks at whether somebody waits; there may be many slots of them. */
#define UNMAP_STEP	(8ul << 20)

typedef bool range_fn(struct kvm *kvm, struct kvm_gfn_range *range);

/* The part of @slot that lies in [start, end) of the program's addresses. */
static struct kvm_gfn_range gfn_range(struct kvm_memory_slot *slot, unsigned long start,
				      unsigned long end)
{
	unsigned long first = max(start, slot->hva_node.start);
	unsigned long last = min(end - 1, slot->hva_node.last);

	return (struct kvm_gfn_range) {
		.slot = slot,
		.start = slot->base_gfn + ((first - slot->userspace_addr) >> PAGE_SHIFT),
		.end = slot->base_gfn + ((last - slot->userspace_addr) >> PAGE_SHIFT) + 1,
	};
}

/* Widen what the invalidations in progress cover; mmu_lock held exclusively. */
static void cover(struct kvm *kvm, gfn_t start, gfn_t end)
{
	kvm->mmu_invalidate_start = min(kvm->mmu_invalidate_start, start);
	kvm->mmu_invalidate_end = max(kvm->mmu_invalidate_end, end);
}

static bool unmap_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	cover(kvm, range->start, range->end);
	return kvm_arch_unmap_gfn_range(kvm, range);
}

/* @fn for each slot's part of [start, end); true: @fn was for one of them. */
static bool for_each_range(struct kvm *kvm, unsigned long start, unsigned long end, range_fn *fn)
{
	struct interval_tree_node *node;
	struct kvm_memslots *slots;
	struct kvm_gfn_range range;
	bool any = false;

	for (slots = kvm->memslots; slots < kvm->memslots + KVM_ADDRESS_SPACES; slots++) {
		for (node = interval_tree_iter_first(&slots->hva_tree, start, end - 1); node;
		     node = interval_tree_iter_next(node, start, end - 1)) {
			range = gfn_range(container_of(node, struct kvm_memory_slot, hva_node),
					  start, end);
			any |= fn(kvm, &range);
		}
	}
	return any;
}

/* Where in [at, end) the first slot's part begins; @end: there is none. mmu_lock held. */
static unsigned long next_slot(struct kvm *kvm, unsigned long at, unsigned long end)
{
	struct interval_tree_node *node;
	struct kvm_memslots *slots;
	unsigned long next = end;

	for (slots = kvm->memslots; slots < kvm->memslots + KVM_ADDRESS_SPACES; slots++) {
		node = interval_tree_iter_first(&slots->hva_tree, at, end - 1);
		if (node)
			next = min(next, max(at, node->start));
	}
	return next;
}

/*
 * Until the end no fault in the range may install. It may be nested; faults then stay away from the
 * smallest range that covers all. Return: false: no slot has a part of [start, end).
 */
static bool invalidate_begin(struct kvm *kvm, unsigned long start, unsigned long end)
{
	struct kvm_memslots *slots;
	bool any = false;

	spin_lock(&kvm->mn_lock);
	if (!kvm->mmu_invalidate_in_progress) {
		WRITE_ONCE(kvm->mmu_invalidate_start, KVM_GFN_INVALID);
		WRITE_ONCE(kvm->mmu_invalidate_end, 0);
	}
	WRITE_ONCE(kvm->mmu_invalidate_in_progress, kvm->mmu_invalidate_in_progress + 1);
	for (slots = kvm->memslots; slots < kvm->memslots + KVM_ADDRESS_SPACES; slots++)
		any |= !!interval_tree_iter_first(&slots->hva_tree, start, end - 1);
	spin_unlock(&kvm->mn_lock);
	return any;
}

/**
 * kvm_mmu_slot_appeared - a slot was put into the hva tree
 * @kvm: the VM; mmu_lock held exclusively, and mn_lock
 *
 * An invalidation in progress went over the tree before the slot was in it, so what it covers is
 * not known: let it cover everything until it ends.
 */
void kvm_mmu_slot_appeared(struct kvm *kvm)
{
	lockdep_assert_held_write(&kvm->mmu_lock);
	lockdep_assert_held(&kvm->mn_lock);
	if (kvm->mmu_invalidate_in_progress)
		cover(kvm, 0, KVM_GFN_INVALID);
}

/**
 * kvm_mmu_let_others_in - mmu_lock has been held for a while: drop it, if somebody waits
 * @kvm: the VM; mmu_lock held exclusively
 * @flush: mappings were taken away: who takes the lock may rely on it, so TLBs are flushed before
 *
 * Return: what is left to flush.
 */
bool kvm_mmu_let_others_in(struct kvm *kvm, bool flush)
{
	if (!need_resched() && !rwlock_needbreak(&kvm->mmu_lock))
		return flush;
	if (flush)
		kvm_flush_remote_tlbs(kvm);
	cond_resched_rwlock_write(&kvm->mmu_lock);
	return false;
}

/*
 * Terabytes may go at once, or all that there can be (/proc/PID/clear_refs): what is in slots is
 * unmapped in steps. Meanwhile faults stay away from those done, and from all if a slot appears;
 * what faults still map ahead is met there.
 */
static int invalidate_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct kvm *kvm = notifier_to_kvm(mn);
	unsigned long at = range->start, end = range->end, step;
	bool flush = false;

	if (!invalidate_begin(kvm, at, end))
		return 0;
	write_lock(&kvm->mmu_lock);
	for (; (at = next_slot(kvm, at, end)) < end; at += step) {
		step = min(end - at, UNMAP_STEP - at % UNMAP_STEP);
		flush |= for_each_range(kvm, at, at + step, unmap_range);
		if (mmu_notifier_range_blockable(range))
			flush = kvm_mmu_let_others_in(kvm, flush);
	}
	if (flush)
		kvm_flush_remote_tlbs(kvm);
	write_unlock(&kvm->mmu_lock);
	return 0;
}

static void invalidate_end(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct kvm *kvm = notifier_to_kvm(mn);

	spin_lock(&kvm->mn_lock);
	/* Look-ups done meanwhile are void, if any can have been for what was covered. */
	if (kvm->mmu_invalidate_start < kvm->mmu_invalidate_end)
		WRITE_ONCE(kvm->mmu_invalidate_seq, kvm->mmu_invalidate_seq + 1);
	/* No longer in progress implies the new seq: kvm_mmu_invalidate_retry(). */
	smp_wmb();
	WRITE_ONCE(kvm->mmu_invalidate_in_progress, kvm->mmu_invalidate_in_progress - 1);
	WARN_ON_ONCE(kvm->mmu_invalidate_in_progress < 0);
	spin_unlock(&kvm->mn_lock);
}

/* Aging: has the guest used the pages since the last time? The entries stay. */
static bool age(struct mmu_notifier *mn, unsigned long start, unsigned long end, range_fn *fn,
		bool flush)
{
	struct kvm *kvm = notifier_to_kvm(mn);
	bool young;

	write_lock(&kvm->mmu_lock);
	young = for_each_range(kvm, start, end, fn);
	if (young && flush)
		kvm_flush_remote_tlbs(kvm);
	write_unlock(&kvm->mmu_lock);
	return young;
}

static int clear_flush_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start,
			     unsigned long end)
{
	return age(mn, start, end, kvm_arch_age_gfn_range, true);
}

/* Without a flush a vCPU that still has the translation is seen as idle a little longer: cheap. */
static int clear_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long start,
		       unsigned long end)
{
	return age(mn, start, end, kvm_arch_age_gfn_range, false);
}

static int test_young(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long address)
{
	return age(mn, address, address + 1, kvm_arch_test_age_gfn_range, false);
}

static void release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	kvm_arch_flush_shadow_all(notifier_to_kvm(mn));
}

static const struct mmu_notifier_ops kvm_notifier_ops = {
	.invalidate_range_start = invalidate_start,
	.invalidate_range_end = invalidate_end,
	.clear_flush_young = clear_flush_young,
	.clear_young = clear_young,
	.test_young = test_young,
	.release = release,
};

/** kvm_mmu_notifier_register - from now on the host tells us; 0 or -ENOMEM, -EINTR */
int kvm_mmu_notifier_register(struct kvm *kvm)
{
	kvm->mmu_notifier.ops = &kvm_notifier_ops;
	return mmu_notifier_register(&kvm->mmu_notifier, kvm->mm);
}

/**
 * kvm_mmu_notifier_unregister - no callback runs or comes any more; release() has been called
 * @kvm: the VM
 *
 * May sleep; no lock held.
 */
void kvm_mmu_notifier_unregister(struct kvm *kvm)
{
	mmu_notifier_unregister(&kvm->mmu_notifier, kvm->mm);
}
