/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An iterator over the SPTEs of a range of gfns, upper levels before lower ones.
 *
 * Each table on the way down is remembered, so that a step touches one entry. It is good as long
 * as no table of the range can be freed: under mmu_lock held in either way. Whoever drops the lock
 * starts again at iter->next (tdp_iter_start()).
 */
#ifndef __KVM_X86_MMU_TDP_ITER_H
#define __KVM_X86_MMU_TDP_ITER_H

#include "mmu_internal.h"

/**
 * struct tdp_iter - where the iteration is
 * @gfn: the first frame that the current entry maps
 * @next: the first frame of the range not yet done: inside the current entry
 * @end: the range's end, exclusive
 * @begun: where it began, or began again after the lock was dropped
 * @sptep: the current entry
 * @spte: its value when the iterator came to it
 * @level: its level
 * @root_level: of the root
 * @min_level: entries of this level are not descended from
 * @table: the current table of each level
 */
struct tdp_iter {
	gfn_t gfn;
	gfn_t next;
	gfn_t end;
	gfn_t begun;
	u64 *sptep;
	u64 spte;
	int level;
	int root_level;
	int min_level;
	u64 *table[KVM_MMU_MAX_LEVEL + 1];
};

static inline u64 *tdp_table(u64 hpa)
{
	return __va(hpa);
}

static inline unsigned int tdp_index(gfn_t gfn, int level)
{
	return (gfn >> (SPTE_INDEX_BITS * (level - 1))) & (SPTE_PER_TABLE - 1);
}

static inline void tdp_iter_load(struct tdp_iter *iter)
{
	iter->gfn = iter->next & ~(mmu_level_pages(iter->level) - 1);
	iter->sptep = iter->table[iter->level] + tdp_index(iter->next, iter->level);
	iter->spte = READ_ONCE(*iter->sptep);
}

/* False: there is nothing to visit. */
static inline bool tdp_iter_start_above(struct tdp_iter *iter, struct kvm *kvm, gfn_t start,
					gfn_t end, int min_level)
{
	struct kvm_mmu_vm *mmu = &kvm->arch.mmu;

	if (mmu->root_hpa == KVM_MMU_NO_ROOT)
		return false;
	iter->root_level = mmu->root_level;
	iter->level = mmu->root_level;
	iter->min_level = min_level;
	iter->table[iter->level] = tdp_table(mmu->root_hpa);
	iter->next = iter->begun = start;
	iter->end = min_t(gfn_t, end, mmu_level_pages(iter->root_level + 1));
	if (start >= iter->end)
		return false;
	tdp_iter_load(iter);
	return true;
}

static inline bool tdp_iter_start(struct tdp_iter *iter, struct kvm *kvm, gfn_t start, gfn_t end)
{
	return tdp_iter_start_above(iter, kvm, start, end, 1);
}

/*
 * To the table below when the current entry still holds one, else to the entry behind it, climbing
 * where a table ends. The entry is read again: the loop's body may have changed it.
 */
static inline bool tdp_iter_step(struct tdp_iter *iter)
{
	u64 spte = READ_ONCE(*iter->sptep);

	if (iter->level > iter->min_level && spte_is_table(spte, iter->level)) {
		iter->level--;
		iter->table[iter->level] = tdp_table(spte_hpa(spte));
	} else {
		iter->next = iter->gfn + mmu_level_pages(iter->level);
		if (iter->next >= iter->end)
			return false;
		while (iter->level < iter->root_level && !tdp_index(iter->next, iter->level))
			iter->level++;
	}
	tdp_iter_load(iter);
	return true;
}

/*
 * May others have the lock now? It begins again at the root, so that a frame at least must be done
 * in between: who wants the lock all the time must not keep it there.
 */
static inline bool tdp_iter_may_yield(const struct tdp_iter *iter)
{
	return iter->next != iter->begun;
}

/* An entry whose every frame is in [start, end). */
static inline bool tdp_covered(const struct tdp_iter *iter, gfn_t start, gfn_t end)
{
	return iter->gfn >= start && iter->gfn + mmu_level_pages(iter->level) <= end;
}

/* Each entry of [start, end), tables and leaves, present or not. */
#define tdp_for_each_spte(iter, kvm, start, stop)				\
	for (bool __more = tdp_iter_start(&(iter), kvm, start, stop); __more;	\
	     __more = tdp_iter_step(&(iter)))

/* Each present leaf. */
#define tdp_for_each_leaf(iter, kvm, start, stop)				\
	tdp_for_each_spte(iter, kvm, start, stop)				\
		if (!spte_is_leaf((iter).spte, (iter).level)) {			\
		} else

/* ---- tdp.c: for tdp_log.c and reclaim.c; mmu_lock held exclusive unless said otherwise there */
u64 *tdp_walk(struct kvm *kvm, gfn_t gfn, int *level, u64 *spte);
void tdp_note_page(u64 old, u64 new, bool still_mapped);
bool tdp_cmpxchg(struct kvm *kvm, gfn_t gfn, u64 *sptep, u64 *old, u64 new, int level);
bool tdp_zap_entry(struct kvm *kvm, const struct tdp_iter *iter, struct list_head *tables);
void tdp_flush_and_free(struct kvm *kvm, bool *flush, struct list_head *tables);
bool tdp_iter_step_yield(struct tdp_iter *iter, struct kvm *kvm, bool *flush,
			 struct list_head *tables);

/* ---- tdp_log.c: for tdp.c */
void tdp_log_zapped(struct kvm *kvm, gfn_t gfn, int level);

#endif
