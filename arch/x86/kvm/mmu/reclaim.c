// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking page tables away that could stay: because the VM has more than KVM_SET_NR_MMU_PAGES
 * allows, because the host is short of memory (shrinker), or because they keep a huge page out
 * (nx.c).
 *
 * The tables of a VM are bounded by its slots anyway: one for 512 pages, and a few above. What is
 * taken away comes back by faults. A hand goes round the guest's addresses, so that each table has
 * the same time; kvm_mmu_vm.reclaim_gfn is where it stands, under mmu_lock.
 */
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <compat/compat.h>
#include "tdp_iter.h"

/* Less cannot be asked for (KVM_SET_NR_MMU_PAGES): a fault needs one for each level. */
#define MIN_PAGES	64

/* Freed at once when there are too many, so that not each fault comes here. */
#define BATCH		16

/* The least that the shrinker takes, and the most at once. */
#define SHRINK_BATCH	128

/*
 * One way of the hand, from @start to @end: takes tables that @level's entries hold until @nr
 * pages, or for @nx @nr tables, are queued. Returns how many.
 */
static unsigned long reclaim_range(struct kvm *kvm, gfn_t start, gfn_t end, int level,
				   unsigned long nr, bool nx)
{
	unsigned long before = atomic_long_read(&kvm->arch.mmu.nr_pages), taken = 0;
	struct tdp_iter iter;
	LIST_HEAD(tables);
	bool flush = false, more;

	more = tdp_iter_start_above(&iter, kvm, start, end, level);
	while (more && taken < nr) {
		if (iter.level == level && spte_is_table(iter.spte, level) &&
		    (!nx || mmu_table_is_nx_split(tdp_table(spte_hpa(iter.spte))))) {
			flush |= tdp_zap_entry(kvm, &iter, &tables);
			taken++;
		}
		kvm->arch.mmu.reclaim_gfn = iter.gfn + mmu_level_pages(iter.level);
		more = tdp_iter_step_yield(&iter, kvm, &flush, &tables);
	}
	tdp_flush_and_free(kvm, &flush, &tables);
	return nx ? taken : before - min_t(unsigned long, before,
					   atomic_long_read(&kvm->arch.mmu.nr_pages));
}

/* From where the hand stands to the end, and from the beginning to there. */
static unsigned long reclaim_round(struct kvm *kvm, int level, unsigned long nr, bool nx)
{
	gfn_t hand = kvm->arch.mmu.reclaim_gfn;
	unsigned long taken = reclaim_range(kvm, hand, KVM_GFN_INVALID, level, nr, nx);

	if (taken < nr)
		taken += reclaim_range(kvm, 0, hand, level, nr - taken, nx);
	return taken;
}

/**
 * mmu_reclaim - take page tables of a VM away
 * @kvm: the VM; no spinlock held
 * @nr: how many
 * @nx: only such as were made to run code from what the host maps huge
 *
 * Return: how many were taken.
 */
unsigned long mmu_reclaim(struct kvm *kvm, unsigned long nr, bool nx)
{
	unsigned long taken;

	if (!kvm_mmu_config.tdp)
		return shadow_reclaim(kvm, nr, nx);
	write_lock(&kvm->mmu_lock);
	taken = reclaim_round(kvm, 2, nr, nx);
	/* Nothing but upper tables is left. */
	if (!nx && taken < nr)
		taken += reclaim_round(kvm, 3, nr - taken, nx);
	write_unlock(&kvm->mmu_lock);
	return taken;
}

/*
 * --- the VM's own bound --------------------------------------------------------------------------
 */

/* What its slots can need: the last level, and as much again for what is not aligned. */
static unsigned long default_max_pages(struct kvm *kvm)
{
	return READ_ONCE(kvm->memslots[0].nr_pages) / (SPTE_PER_TABLE / 2) + MIN_PAGES;
}

/**
 * kvm_mmu_set_nr_pages - KVM_SET_NR_MMU_PAGES
 * @kvm: the VM
 * @nr: page-table pages that it may have
 *
 * Return: 0; -EINVAL when it is too few to work with.
 */
int kvm_mmu_set_nr_pages(struct kvm *kvm, unsigned long nr)
{
	if (nr < MIN_PAGES || nr > INT_MAX)
		return -EINVAL;
	WRITE_ONCE(kvm->arch.mmu.max_pages, nr);
	if (kvm_mmu_config.tdp)
		mmu_reclaim_excess(kvm);
	else
		shadow_set_limit(kvm);
	return 0;
}

/** kvm_mmu_get_nr_pages - KVM_GET_NR_MMU_PAGES: what was set, or what the slots can need */
int kvm_mmu_get_nr_pages(struct kvm *kvm)
{
	unsigned long max = READ_ONCE(kvm->arch.mmu.max_pages);

	return min_t(unsigned long, max == ULONG_MAX ? default_max_pages(kvm) : max, INT_MAX);
}

/** mmu_reclaim_excess - go below the bound; no spinlock held */
void mmu_reclaim_excess(struct kvm *kvm)
{
	unsigned long nr = atomic_long_read(&kvm->arch.mmu.nr_pages);
	unsigned long max = READ_ONCE(kvm->arch.mmu.max_pages);

	if (nr >= max)
		mmu_reclaim(kvm, nr - max + BATCH, false);
}

/*
 * --- the shrinker --------------------------------------------------------------------------------
 */

static struct shrinker *mmu_shrinker;

static unsigned long shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	return mmu_total_pages() ?: SHRINK_EMPTY;
}

/* One VM at a time, in turns. Whoever holds the list may be the one that needs the memory. */
static unsigned long shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed = 0;
	struct kvm *kvm;

	if (!mutex_trylock(&kvm_list_lock))
		return SHRINK_STOP;
	kvm = list_first_entry_or_null(&kvm_vm_list, struct kvm, vm_list);
	if (kvm) {
		list_move_tail(&kvm->vm_list, &kvm_vm_list);
		freed = mmu_reclaim(kvm, min_t(unsigned long, sc->nr_to_scan, SHRINK_BATCH), false);
	}
	mutex_unlock(&kvm_list_lock);
	return freed;
}

/** mmu_reclaim_init - register the shrinker: ten times as dear as other caches. 0 or errno */
int mmu_reclaim_init(void)
{
	mmu_shrinker = kvm_compat_shrinker_register("x86-mmu", shrink_count, shrink_scan,
						    DEFAULT_SEEKS * 10);
	return PTR_ERR_OR_ZERO(mmu_shrinker);
}

/** mmu_reclaim_exit - and back */
void mmu_reclaim_exit(void)
{
	kvm_compat_shrinker_unregister(mmu_shrinker);
}
