// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDP page tables: one set for each VM, shared by its vCPUs. Called by fault.c and slot.c.
 *
 * mmu_lock shared: entries are added or gain rights, each by one cmpxchg, by many vCPUs at once.
 * mmu_lock exclusive: everything that takes a mapping or a right away, and every unlinking of a
 * table. So a table seen under the lock, in either way, is linked until the lock is dropped, and no
 * "frozen" SPTE value is needed to keep faults out of a table that is being taken down: they wait
 * for the lock. RCU alone: tdp_fast_write(), which adds W to a leaf. It may do so in a table that
 * has been unlinked, but never succeeds there: unlinking empties every entry first, by xchg, and
 * its cmpxchg expects a present one.
 *
 * Hardware sets accessed and dirty bits at any time, so that each change is an atomic
 * read-modify-write, and what it replaced is told to the struct page in one place:
 * tdp_spte_changed().
 */
#include <linux/sched.h>
#include <linux/swap.h>
#include "tdp_iter.h"

/*
 * --- the one place where SPTEs change ------------------------------------------------------------
 */

/*
 * Tell a page what hardware noted of it, when the note goes. The page is there: the mmu notifier
 * takes the mapping away before the page is freed. A filesystem was told of the write when the page
 * was mapped writable (kvm_release_page()), and it, too, takes the mapping away before it cleans
 * the page, so that only the flag is to be set here.
 */
void tdp_note_page(u64 old, u64 new, bool still_mapped)
{
	struct page *page;

	if (!(old & SPTE_REFCOUNTED))
		return;
	page = pfn_to_page(spte_pfn(old));
	if (spte_is_dirty(old) && !(still_mapped && spte_is_dirty(new)))
		SetPageDirty(page);
	if (spte_is_accessed(old) && !still_mapped)
		mark_page_accessed(page);
}

/*
 * After each change of an entry, by who made it: statistics, the page's state, and the log, if what
 * hardware has noted for it goes with the entry.
 */
static void tdp_spte_changed(struct kvm *kvm, gfn_t gfn, u64 old, u64 new, int level)
{
	bool was_leaf = spte_is_leaf(old, level), is_leaf = spte_is_leaf(new, level);
	bool still_mapped = is_leaf && spte_pfn(old) == spte_pfn(new);

	if (was_leaf != is_leaf)
		mmu_stat_add(mmu_level_stat(kvm, level), is_leaf ? 1 : -1);
	if (!was_leaf)
		return;
	tdp_note_page(old, new, still_mapped);
	if (!still_mapped && unlikely(READ_ONCE(kvm->nr_dirty_logs)) && spte_is_dirty(old))
		tdp_log_zapped(kvm, gfn, level);
}

/* Shared lock or RCU: false, and *@old as it is now, when somebody was faster. */
bool tdp_cmpxchg(struct kvm *kvm, gfn_t gfn, u64 *sptep, u64 *old, u64 new, int level)
{
	if (!try_cmpxchg64(sptep, old, new))
		return false;
	tdp_spte_changed(kvm, gfn, *old, new, level);
	return true;
}

/* Exclusive lock. Returns what was there last. */
static u64 tdp_xchg(struct kvm *kvm, gfn_t gfn, u64 *sptep, u64 new, int level)
{
	u64 old = xchg(sptep, new);

	tdp_spte_changed(kvm, gfn, old, new, level);
	return old;
}

/*
 * --- taking down ---------------------------------------------------------------------------------
 */

/* Empty a table of @gfn on that has been unlinked, and those below it; all go to @tables. */
static void tdp_empty_table(struct kvm *kvm, gfn_t gfn, u64 *table, int level,
			    struct list_head *tables)
{
	unsigned int i;
	u64 old;

	for (i = 0; i < SPTE_PER_TABLE; i++, gfn += mmu_level_pages(level)) {
		if (!READ_ONCE(table[i]))
			continue;
		old = tdp_xchg(kvm, gfn, &table[i], SPTE_NONE, level);
		if (spte_is_table(old, level))
			tdp_empty_table(kvm, gfn, tdp_table(spte_hpa(old)), level - 1, tables);
	}
	mmu_queue_table(tables, table);
}

/* Take away what @iter is at. True: TLBs may hold what it mapped. */
bool tdp_zap_entry(struct kvm *kvm, const struct tdp_iter *iter, struct list_head *tables)
{
	u64 old = tdp_xchg(kvm, iter->gfn, iter->sptep, SPTE_NONE, iter->level);

	if (spte_is_table(old, iter->level))
		tdp_empty_table(kvm, iter->gfn, tdp_table(spte_hpa(old)), iter->level - 1, tables);
	return spte_change_needs_flush(old, SPTE_NONE, iter->level);
}

/*
 * Flush if anything is left to flush, then hand @tables to RCU: hardware's paging-structure caches
 * may point into an unlinked table until the flush (SDM 28.4.3.3, APM2 15.16.1), and a CPU in guest
 * mode does not hold an RCU grace period up.
 */
void tdp_flush_and_free(struct kvm *kvm, bool *flush, struct list_head *tables)
{
	if (*flush || !list_empty(tables))
		kvm_flush_remote_tlbs(kvm);
	*flush = false;
	mmu_free_tables(kvm, tables);
}

/*
 * tdp_iter_step(), but let others have mmu_lock or the CPU. What was zapped is flushed first: who
 * takes the lock may rely on an empty entry not being cached.
 */
bool tdp_iter_step_yield(struct tdp_iter *iter, struct kvm *kvm, bool *flush,
			 struct list_head *tables)
{
	bool more = tdp_iter_step(iter);

	if (!more || !tdp_iter_may_yield(iter) ||
	    (!need_resched() && !rwlock_needbreak(&kvm->mmu_lock)))
		return more;
	tdp_flush_and_free(kvm, flush, tables);
	if (!cond_resched_rwlock_write(&kvm->mmu_lock))
		return true;
	return tdp_iter_start_above(iter, kvm, iter->next, iter->end, iter->min_level);
}

/**
 * tdp_zap_range - take all mappings of [start, end) away
 * @kvm: the VM; mmu_lock held exclusive
 * @start: first gfn
 * @end: behind the last one
 * @can_yield: mmu_lock may be dropped in between
 *
 * A huge page that the range only touches goes as a whole. Tables of 4 KiB entries go with the
 * range that they cover, so that a huge page can take their place; upper ones stay, at a page per
 * GiB, so that the time between two yields is bounded by one table.
 *
 * Return: true: the caller must flush remote TLBs before anybody relies on it.
 */
bool tdp_zap_range(struct kvm *kvm, gfn_t start, gfn_t end, bool can_yield)
{
	struct tdp_iter iter;
	LIST_HEAD(tables);
	bool flush = false, more;

	lockdep_assert_held_write(&kvm->mmu_lock);
	more = tdp_iter_start(&iter, kvm, start, end);
	while (more) {
		bool table = spte_is_table(iter.spte, iter.level);

		if (spte_is_present(iter.spte) &&
		    (!table || (iter.level == 2 && tdp_covered(&iter, start, end))))
			flush |= tdp_zap_entry(kvm, &iter, &tables);
		more = can_yield ? tdp_iter_step_yield(&iter, kvm, &flush, &tables) :
				   tdp_iter_step(&iter);
	}

	if (!list_empty(&tables))
		tdp_flush_and_free(kvm, &flush, &tables);
	return flush;
}

/**
 * tdp_zap_gfn - take away the one leaf that maps a frame, whatever its size
 * @kvm: the VM; mmu_lock held exclusive
 * @gfn: the frame
 *
 * For a mapping that cannot be changed in place: a huge page that must become a table of small
 * ones, or another frame. TLBs are flushed: two sizes of one address are never cached together.
 */
void tdp_zap_gfn(struct kvm *kvm, gfn_t gfn)
{
	if (tdp_zap_range(kvm, gfn, gfn + 1, false))
		kvm_flush_remote_tlbs(kvm);
}

/*
 * --- root ----------------------------------------------------------------------------------------
 */

/**
 * tdp_alloc_root - make the VM's root, unless it has one
 * @kvm: the VM; no spinlock held
 *
 * It stays until the VM dies. Return: 0 or -ENOMEM.
 */
int tdp_alloc_root(struct kvm *kvm)
{
	struct kvm_mmu_vm *mmu = &kvm->arch.mmu;
	u64 *root = mmu_alloc_table(GFP_KERNEL_ACCOUNT);

	if (!root)
		return -ENOMEM;

	write_lock(&kvm->mmu_lock);
	if (mmu->root_hpa == KVM_MMU_NO_ROOT) {
		mmu->root_level = kvm_mmu_config.tdp_level;
		mmu_account_table(kvm, root, 1);
		/* Pairs with the READ_ONCE() in kvm_mmu_load(): the root is zeroed before. */
		smp_store_release(&mmu->root_hpa, __pa(root));
		root = NULL;
	}
	write_unlock(&kvm->mmu_lock);

	if (root)
		mmu_free_table_now(root);
	return 0;
}

/**
 * tdp_free_root - free all of a VM's tables
 * @kvm: the VM; it has no vCPUs any more, so that nothing walks them and no TLB flush is due: an
 *   ASID or EPTP that is used again is flushed by its new owner's first kvm_mmu_load()
 */
void tdp_free_root(struct kvm *kvm)
{
	struct kvm_mmu_vm *mmu = &kvm->arch.mmu;
	LIST_HEAD(tables);

	if (mmu->root_hpa == KVM_MMU_NO_ROOT)
		return;

	write_lock(&kvm->mmu_lock);
	tdp_zap_range(kvm, 0, KVM_GFN_INVALID, true);
	tdp_empty_table(kvm, 0, tdp_table(mmu->root_hpa), mmu->root_level, &tables);
	mmu->root_hpa = KVM_MMU_NO_ROOT;
	write_unlock(&kvm->mmu_lock);

	mmu_free_tables(kvm, &tables);
}

/*
 * --- mapping -------------------------------------------------------------------------------------
 */

/* The entry for @spte's table, made if there is none. False: look at *@spte again. */
static bool tdp_link_table(struct kvm_vcpu *vcpu, const struct kvm_page_fault *fault, u64 *sptep,
			   u64 *spte, int level)
{
	u64 *table = mmu_cache_take(vcpu);
	u64 new = spte_make_table(__pa(table));

	/* The cmpxchg is a full barrier: who sees the entry sees a zeroed table. */
	if (!tdp_cmpxchg(vcpu->kvm, fault->gfn, sptep, spte, new, level)) {
		mmu_cache_put_back(vcpu, table);
		return false;
	}
	mmu_account_table(vcpu->kvm, table, 1);
	if (unlikely(fault->nx_split) && level == 2)
		mmu_table_set_nx_split(vcpu->kvm, table);
	*spte = new;
	return true;
}

static u64 tdp_new_leaf(struct kvm_vcpu *vcpu, const struct kvm_page_fault *fault, int level)
{
	const struct kvm_memory_slot *slot = fault->slot;
	const struct kvm_page_ref *ref = &fault->ref;
	u64 spte;
	struct spte_leaf leaf = {
		.pfn = level > 1 ? ref->pfn & ~(mmu_level_pages(level) - 1) : ref->pfn,
		.level = level,
		.host_writable = ref->writable && !kvm_slot_readonly(slot),
		.refcounted = ref->page && !PageReserved(ref->page),
		.no_exec = level > 1 && mmu_vm_nx_huge_pages(vcpu->kvm),
	};

	/* The log wants to see the first write to each page, by a fault or by D. */
	leaf.write = leaf.host_writable &&
		     (fault->write || !slot->dirty_bitmap || vcpu->kvm->arch.mmu.log_by_dirty);
	leaf.dirtied = fault->write;
	if (spte_masks.ept)
		leaf.mt = kvm_x86_call(get_mt_mask)(vcpu, fault->gfn, !ref->page);
	spte = spte_make_leaf(&leaf);
	return fault->prefetch ? spte_make_old(spte) : spte;
}

/*
 * Map the frames around the fault that the host has at hand: the guest will likely touch them next,
 * and an entry costs a fiftieth of a fault. They are not accessed yet, and what hardware will write
 * to them it notes by D.
 */
static void tdp_map_around(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, u64 *sptep)
{
	unsigned int i, self = fault->gfn & (KVM_AROUND - 1);
	struct kvm_page_fault next = *fault;
	u64 old;

	next.write = false;
	next.prefetch = true;
	for (i = 0; i < KVM_AROUND; i++) {
		old = READ_ONCE(sptep[(int)(i - self)]);
		if (i == self || !(fault->around & BIT(i)) || spte_is_present(old))
			continue;
		next.gfn = fault->gfn - self + i;
		next.ref.pfn = vcpu->arch.mmu_cache.around[i];
		tdp_cmpxchg(vcpu->kvm, next.gfn, &sptep[(int)(i - self)], &old,
			    tdp_new_leaf(vcpu, &next, 1), 1);
	}
}

/* Another vCPU has mapped what the fault asks for. */
static bool tdp_leaf_serves(u64 spte, const struct kvm_page_fault *fault)
{
	return (!fault->write || spte_is_writable(spte)) &&
	       (!fault->exec || spte_is_executable(spte));
}

/* No slot is there: the entry says so, for as long as the slots stay as they are. */
static int tdp_set_mmio(struct kvm_vcpu *vcpu, const struct kvm_page_fault *fault, u64 *sptep,
			u64 old, int level)
{
	if (!spte_is_present(old) && tdp_cmpxchg(vcpu->kvm, fault->gfn, sptep, &old,
						 spte_make_mmio(vcpu->hole_gen), level))
		vcpu->stat.pf_mmio_spte_created++;
	return KVM_PF_EMULATE;
}

/* Install the leaf at @sptep, whose value was @old. */
static int tdp_set_leaf(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, u64 *sptep, u64 old,
			int level)
{
	u64 new = tdp_new_leaf(vcpu, fault, level);

	if (spte_is_present(old)) {
		if (spte_pfn(old) != spte_pfn(new))
			return KVM_PF_ZAP_FIRST;
		if (tdp_leaf_serves(old, fault))
			return KVM_PF_SPURIOUS;
	}
	/* Nothing is lost from @old to @new, so that no TLB flush is due. */
	if (!tdp_cmpxchg(vcpu->kvm, fault->gfn, sptep, &old, new, level))
		return KVM_PF_RETRY;

	/*
	 * After the entry, as in tdp_fast_write(): a collector that clears the bit before this has
	 * yet to write-protect the entry, and the next one finds the bit.
	 */
	if (fault->write && fault->slot->dirty_bitmap)
		kvm_slot_mark_dirty(vcpu->kvm, vcpu, fault->slot, fault->gfn);
	if (fault->around && level == 1)
		tdp_map_around(vcpu, fault, sptep);
	return KVM_PF_FIXED;
}

/* The entry that hardware's walk for @gfn ends at. RCU or mmu_lock is held; there is a root. */
u64 *tdp_walk(struct kvm *kvm, gfn_t gfn, int *level, u64 *spte)
{
	struct kvm_mmu_vm *mmu = &kvm->arch.mmu;
	u64 *sptep, *table = tdp_table(mmu->root_hpa);

	for (*level = mmu->root_level;; --*level) {
		sptep = table + tdp_index(gfn, *level);
		*spte = READ_ONCE(*sptep);
		if (!spte_is_table(*spte, *level))
			return sptep;
		table = tdp_table(spte_hpa(*spte));
	}
}

/**
 * tdp_is_mmio - has a fault found out that no slot has a frame, and have none changed since?
 * @kvm: the VM, which has a root; kvm->srcu held
 * @gfn: the frame, which the tables reach
 */
bool tdp_is_mmio(struct kvm *kvm, gfn_t gfn)
{
	/* Pairs with the release in bump_generation(). */
	u64 generation = smp_load_acquire(&kvm->memslots[0].generation), spte;
	int level;

	rcu_read_lock();
	tdp_walk(kvm, gfn, &level, &spte);
	rcu_read_unlock();
	return spte == spte_make_mmio(generation);
}

/**
 * tdp_map - map the frame of a fault
 * @vcpu: the vCPU; mmu_lock held shared, its cache topped up
 * @fault: gfn, slot, ref and the level wished for
 *
 * A table found where a huge page was to go is kept and the small page mapped in it. A huge page
 * where a table was to go must be zapped, with a flush, and that needs the lock exclusive.
 *
 * Return: enum kvm_pf_result, KVM_PF_ZAP_FIRST included.
 */
int tdp_map(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm_mmu_vm *mmu = &vcpu->kvm->arch.mmu;
	u64 *table = tdp_table(mmu->root_hpa);
	int level = mmu->root_level;
	u64 *sptep, spte;

	for (;; level--) {
		sptep = table + tdp_index(fault->gfn, level);
		spte = READ_ONCE(*sptep);
again:
		if (level <= fault->level && !spte_is_table(spte, level)) {
			fault->level = level;
			return likely(fault->slot) ?
			       tdp_set_leaf(vcpu, fault, sptep, spte, level) :
			       tdp_set_mmio(vcpu, fault, sptep, spte, level);
		}
		if (!spte_is_present(spte) && !tdp_link_table(vcpu, fault, sptep, &spte, level))
			goto again;
		if (spte_is_leaf(spte, level)) {
			/* The level wished for must stay: it is asked for again after the zap. */
			if (!tdp_leaf_serves(spte, fault))
				return KVM_PF_ZAP_FIRST;
			fault->level = level;
			return KVM_PF_SPURIOUS;
		}
		table = tdp_table(spte_hpa(spte));
	}
}

/*
 * --- aging ---------------------------------------------------------------------------------------
 */

/**
 * tdp_age_range - clear the accessed bits of [start, end)
 * @kvm: the VM; mmu_lock held exclusive
 * @start: first gfn
 * @end: behind the last one
 *
 * No flush: see spte_change_needs_flush(). Where EPT has no accessed bits a mapping counts as an
 * access, and taking it away, with a flush, is the only way to see the next one.
 *
 * Return: true: one of them was accessed.
 */
bool tdp_age_range(struct kvm *kvm, gfn_t start, gfn_t end)
{
	LIST_HEAD(no_tables);
	struct tdp_iter iter;
	bool young = false, flush = false;

	tdp_for_each_leaf(iter, kvm, start, end) {
		u64 old = iter.spte;

		if (!spte_masks.accessed)
			flush |= tdp_zap_entry(kvm, &iter, &no_tables);
		else
			while (spte_is_accessed(old) &&
			       !tdp_cmpxchg(kvm, iter.gfn, iter.sptep, &old,
					    spte_make_old(old), iter.level))
				;
		young |= spte_is_accessed(iter.spte);
	}
	if (flush)
		kvm_flush_remote_tlbs(kvm);
	return young;
}

/**
 * tdp_test_age_range - was any page of [start, end) accessed?
 * @kvm: the VM; mmu_lock held exclusive
 * @start: first gfn
 * @end: behind the last one
 */
bool tdp_test_age_range(struct kvm *kvm, gfn_t start, gfn_t end)
{
	struct tdp_iter iter;

	tdp_for_each_leaf(iter, kvm, start, end)
		if (spte_is_accessed(iter.spte))
			return true;
	return false;
}
