// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log's part of TDP: how the next write to a page is noticed, and huge pages that are
 * split so that single pages can be told apart. Called by slot.c and fault.c; locks as in tdp.c.
 *
 * There are two ways. By write faults: W is taken away, and the fault that follows marks the page
 * and gives W back. Or by D bits, where the format has them and nobody must be told at once (dirty
 * rings): hardware sets D, and the log is filled from the tables when it is asked for. A write then
 * costs the guest nothing, and a look costs a few instructions for each page that is mapped. What
 * D says is never lost: who zaps an entry carries it over (tdp_log_zapped()), and who clears it has
 * taken the page out of the log before and flushes TLBs before userspace reads the page.
 */
#include <linux/sched.h>
#include "tdp_iter.h"

static bool log_by_dirty(const struct kvm *kvm)
{
	return kvm->arch.mmu.log_by_dirty;
}

/*
 * --- write faults --------------------------------------------------------------------------------
 */

/**
 * tdp_fast_write - a write fault that only the dirty log caused, without the lock
 * @vcpu: the vCPU, kvm->srcu held for it
 * @fault: a write to a page that was mapped
 *
 * kvm->mmu_lock is not needed: the frame does not change, only W comes back, and it comes back only
 * if the entry is still what was read. The page is marked after that: a collector that
 * clears the mark before has yet to write-protect the entry. Huge pages are not for here: the log
 * keeps none.
 *
 * Return: true: the guest may go on.
 */
bool tdp_fast_write(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	bool done = false, write = false;
	u64 *sptep, spte;
	int level;

	rcu_read_lock(); /* pairs with call_rcu() in mmu_free_tables() */
	sptep = tdp_walk(vcpu->kvm, fault->gfn, &level, &spte);
	if (level == 1 && spte_is_present(spte)) {
		done = spte_is_writable(spte);
		if (!done && spte_may_be_made_writable(spte))
			write = tdp_cmpxchg(vcpu->kvm, fault->gfn, sptep, &spte,
					    spte | SPTE_WRITE | spte_masks.dirty, level);
	}
	rcu_read_unlock();

	if (write)
		kvm_vcpu_mark_page_dirty(vcpu, fault->gfn);
	return done || write;
}

/*
 * --- taking the log ------------------------------------------------------------------------------
 */

/* Exclusive lock; a small page or none. True: TLBs may still let the guest write unnoticed. */
static bool protect_leaf(u64 *sptep, bool by_dirty)
{
	u64 new, old = READ_ONCE(*sptep);

	do {
		new = spte_log_protect(old, by_dirty);
		if (!spte_is_present(old) || new == old)
			return false;
		/* Not tdp_cmpxchg(): the log has had what D said. */
	} while (!try_cmpxchg64(sptep, &old, new));
	tdp_note_page(old, new, true);
	return true;
}

/* The part of the range that is in the table of small pages at @iter: @nr entries. */
static u64 *small_pages(const struct tdp_iter *iter, unsigned int *nr)
{
	*nr = min(iter->end, iter->gfn + SPTE_PER_TABLE) - iter->next;
	return tdp_table(spte_hpa(iter->spte)) + tdp_index(iter->next, 1);
}

/**
 * tdp_log_protect_mask - notice the next write to some pages
 * @kvm: the VM; mmu_lock held exclusive; the caller flushes remote TLBs
 * @gfn: the first one that @mask can mean
 * @mask: which; they have been taken out of the log
 *
 * A huge page goes: the fault that follows maps the one small page that is written. Whoever clears
 * the log has split what he can: see tdp_split_range().
 */
void tdp_log_protect_mask(struct kvm *kvm, gfn_t gfn, unsigned long mask)
{
	LIST_HEAD(no_tables);
	struct tdp_iter iter;

	lockdep_assert_held_write(&kvm->mmu_lock);
	tdp_for_each_leaf(iter, kvm, gfn + __ffs(mask), gfn + __fls(mask) + 1) {
		if (iter.level > 1)
			tdp_zap_entry(kvm, &iter, &no_tables);
		else if (mask & BIT(iter.gfn - gfn))
			protect_leaf(iter.sptep, log_by_dirty(kvm));
	}
}

/**
 * tdp_log_zapped - an entry that says dirty is gone: the log must have it
 * @kvm: the VM, which has logs; mmu_lock held, either way
 * @gfn: first frame of the entry
 * @level: of the entry
 *
 * A slot found under mmu_lock stays until the lock is dropped: before it is freed, its place in the
 * hva tree goes, under the lock. A huge page's slot began with a full log, and none of the page has
 * been taken out of it, since that would have split the page.
 */
void tdp_log_zapped(struct kvm *kvm, gfn_t gfn, int level)
{
	struct kvm_memory_slot *slot;

	if (level > 1 || !log_by_dirty(kvm) || kvm->dirty_ring_size)
		return;
	slot = kvm_gfn_to_slot(kvm, gfn);
	if (slot)
		kvm_slot_mark_dirty(kvm, NULL, slot, gfn);
}

/**
 * tdp_log_sync - bring the D bits of a slot into its log
 * @kvm: the VM; no spinlock held, slots_lock held
 * @slot: the slot; it has a log
 *
 * The D bits stay: they are cleared together with the log's. Faults go on meanwhile: mmu_lock is
 * held shared, so that no entry goes.
 */
void tdp_log_sync(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	gfn_t end = slot->base_gfn + slot->npages;
	struct tdp_iter iter;
	u64 *sptep, spte;
	unsigned int i, nr;
	bool more;

	if (!log_by_dirty(kvm) || kvm->dirty_ring_size)
		return;
	read_lock(&kvm->mmu_lock);
	more = tdp_iter_start_above(&iter, kvm, slot->base_gfn, end, 2);
	while (more) {
		if (iter.level == 2 && spte_is_table(iter.spte, 2)) {
			sptep = small_pages(&iter, &nr);
			for (i = 0; i < nr; i++) {
				spte = READ_ONCE(sptep[i]);
				if (spte_is_present(spte) && spte_is_dirty(spte))
					set_bit(iter.next - slot->base_gfn + i, slot->dirty_bitmap);
			}
		}
		more = tdp_iter_step(&iter);
		if (more && tdp_iter_may_yield(&iter) && cond_resched_rwlock_read(&kvm->mmu_lock))
			more = tdp_iter_start_above(&iter, kvm, iter.next, end, 2);
	}
	read_unlock(&kvm->mmu_lock);
}

/*
 * --- huge pages, split and put together ----------------------------------------------------------
 */

/* Exclusive lock: @table takes the place of the huge leaf at @iter, and maps the same. */
static void split_leaf(struct kvm *kvm, const struct tdp_iter *iter, u64 *table, bool protect)
{
	u64 old = iter->spte, new = spte_make_table(__pa(table)), from;
	unsigned int i;

	do {
		from = protect ? spte_log_protect(old, log_by_dirty(kvm)) : old;
		for (i = 0; i < SPTE_PER_TABLE; i++)
			table[i] = spte_make_child(from, iter->level, i);
	} while (!tdp_cmpxchg(kvm, iter->gfn, iter->sptep, &old, new, iter->level));
	mmu_stat_add(mmu_level_stat(kvm, iter->level - 1), SPTE_PER_TABLE);
	mmu_account_table(kvm, table, 1);
}

/* Memory for a table, the lock dropped meanwhile; what was changed is flushed before. */
static u64 *alloc_unlocked(struct kvm *kvm, bool *flush, struct list_head *tables)
{
	u64 *table;

	tdp_flush_and_free(kvm, flush, tables);
	write_unlock(&kvm->mmu_lock);
	table = mmu_alloc_table(GFP_KERNEL_ACCOUNT);
	cond_resched();
	write_lock(&kvm->mmu_lock);
	return table;
}

/**
 * tdp_split_range - split all huge pages of [start, end), before the guest's writes would have to
 * @kvm: the VM; no spinlock held; may sleep
 * @start: first gfn
 * @end: behind the last one
 * @protect: the log begins: notice the next write to each page
 *
 * Without memory for a table the huge page goes, and faults bring small ones. On return no TLB has
 * the old state.
 */
void tdp_split_range(struct kvm *kvm, gfn_t start, gfn_t end, bool protect)
{
	bool flush = false, more, no_memory = false;
	u64 *sptep, *table = NULL;
	struct tdp_iter iter;
	LIST_HEAD(tables);
	unsigned int nr;

	write_lock(&kvm->mmu_lock);
	more = tdp_iter_start_above(&iter, kvm, start, end, 2);
	while (more) {
		bool huge = spte_is_leaf(iter.spte, iter.level);

		/* Dropping the lock costs a flush: not for each table, if it can be helped. */
		if (huge && !table)
			table = mmu_alloc_table(GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN);
		if (huge && !table && !no_memory) {
			table = alloc_unlocked(kvm, &flush, &tables);
			no_memory = !table;
			more = tdp_iter_start_above(&iter, kvm, iter.next, end, 2);
			continue;
		}
		if (huge && table) {
			split_leaf(kvm, &iter, table, protect);
			table = NULL;
			flush = true;
		} else if (huge) {
			flush |= tdp_zap_entry(kvm, &iter, &tables);
		} else if (protect && iter.level == 2 && spte_is_table(iter.spte, 2)) {
			for (sptep = small_pages(&iter, &nr); nr; nr--)
				flush |= protect_leaf(sptep++, log_by_dirty(kvm));
		}
		more = tdp_iter_step_yield(&iter, kvm, &flush, &tables);
	}
	tdp_flush_and_free(kvm, &flush, &tables);
	write_unlock(&kvm->mmu_lock);
	if (table)
		mmu_free_table_now(table);
}

/* The table at @iter could be one entry: the host's page is that big, as the first one shows. */
static bool maps_huge_page(const struct tdp_iter *iter)
{
	int level = iter->level;
	u64 spte = iter->spte;

	for (; spte_is_table(spte, level); level--) {
		u64 *sptep = tdp_table(spte_hpa(spte)), *last = sptep + SPTE_PER_TABLE - 1;

		while (sptep < last && !spte_is_present(READ_ONCE(*sptep)))
			sptep++;
		spte = READ_ONCE(*sptep);
	}
	return spte_is_present(spte) && (spte & SPTE_REFCOUNTED) &&
	       compound_order(compound_head(pfn_to_page(spte_pfn(spte)))) >=
	       SPTE_INDEX_BITS * (iter->level - 1);
}

/**
 * tdp_zap_split - the log has ended: take small mappings away that keep huge ones out
 * @kvm: the VM; mmu_lock held exclusive; may be dropped in between
 * @start: first gfn
 * @end: behind the last one
 */
void tdp_zap_split(struct kvm *kvm, gfn_t start, gfn_t end)
{
	struct tdp_iter iter;
	LIST_HEAD(tables);
	bool flush = false, more;

	for (more = tdp_iter_start_above(&iter, kvm, start, end, 2); more;
	     more = tdp_iter_step_yield(&iter, kvm, &flush, &tables))
		if (spte_is_table(iter.spte, iter.level) && tdp_covered(&iter, start, end) &&
		    maps_huge_page(&iter))
			flush |= tdp_zap_entry(kvm, &iter, &tables);
	tdp_flush_and_free(kvm, &flush, &tables);
}
