// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of our page tables: allocation, accounting, freeing.
 *
 * A vCPU's cache is filled before mmu_lock is taken, since nothing under it may sleep, and belongs
 * to the vCPU's thread (vcpu->mutex). A page that was linked is freed only after (1) it has been
 * unlinked under mmu_lock held exclusive, (2) every vCPU has flushed its TLB, for hardware may walk
 * the page until then, and (3) an RCU grace period, for the lockless fault path may read it.
 */
#include <linux/memcontrol.h>
#include <linux/percpu_counter.h>
#include <linux/slab.h>
#include "mmu_internal.h"

static struct kmem_cache *header_cache;

/* All page-table pages of all VMs: what the shrinker asks for. */
static struct percpu_counter total_pages;

/* Called while the module loads: slab cache and counter. -ENOMEM. */
int mmu_pages_init(void)
{
	int ret;

	header_cache = KMEM_CACHE(kvm_mmu_page, SLAB_ACCOUNT);
	if (!header_cache)
		return -ENOMEM;
	ret = percpu_counter_init(&total_pages, 0, GFP_KERNEL);
	if (ret)
		kmem_cache_destroy(header_cache);
	return ret;
}

/* After the last VM: the grace periods of its pages may still run. */
void mmu_pages_exit(void)
{
	rcu_barrier();
	WARN_ON_ONCE(percpu_counter_sum(&total_pages));
	percpu_counter_destroy(&total_pages);
	kmem_cache_destroy(header_cache);
}

static struct kvm_mmu_page *table_header(u64 *spt)
{
	return (struct kvm_mmu_page *)page_private(virt_to_page(spt));
}

/**
 * mmu_alloc_table - a zeroed table page with its header, charged to the current memory cgroup
 * @gfp: GFP_KERNEL_ACCOUNT, or what does not sleep
 *
 * Zero is SPTE_NONE. Return: the page, or NULL.
 */
u64 *mmu_alloc_table(gfp_t gfp)
{
	struct kvm_mmu_page *sp = kmem_cache_alloc(header_cache, gfp);

	if (!sp)
		return NULL;
	sp->spt = (u64 *)get_zeroed_page(gfp);
	if (!sp->spt) {
		kmem_cache_free(header_cache, sp);
		return NULL;
	}
	sp->nx_split = false;
	set_page_private(virt_to_page(sp->spt), (unsigned long)sp);
	return sp->spt;
}

/* A page that nobody but the caller ever saw, or not any more. */
void mmu_free_table_now(u64 *spt)
{
	struct kvm_mmu_page *sp = table_header(spt);

	set_page_private(virt_to_page(spt), 0);
	free_page((unsigned long)spt);
	kmem_cache_free(header_cache, sp);
}

static void free_table_rcu(struct rcu_head *head)
{
	mmu_free_table_now(container_of(head, struct kvm_mmu_page, rcu)->spt);
}

/**
 * mmu_account_table - count a table as linked (@nr 1) or unlinked (-1)
 * @kvm: the VM; mmu_lock held, shared at least
 * @spt: the page
 * @nr: 1 or -1
 */
void mmu_account_table(struct kvm *kvm, u64 *spt, int nr)
{
	atomic_long_add(nr, &kvm->arch.mmu.nr_pages);
	mmu_stat_add(&kvm->stat.page_table_pages, nr);
	percpu_counter_add(&total_pages, nr);
	mod_lruvec_page_state(virt_to_page(spt), NR_SECONDARY_PAGETABLE, nr);
}

/** mmu_total_pages - the page-table pages of all VMs, about */
unsigned long mmu_total_pages(void)
{
	return percpu_counter_read_positive(&total_pages);
}

/* The caller has linked it and is the only one who marks it; mmu_lock held shared. */
void mmu_table_set_nx_split(struct kvm *kvm, u64 *spt)
{
	table_header(spt)->nx_split = true;
	mmu_stat_add(&kvm->stat.nx_lpage_splits, 1);
}

bool mmu_table_is_nx_split(u64 *spt)
{
	return table_header(spt)->nx_split;
}

/* Unlinked, mmu_lock held exclusive: remember it until the TLBs are flushed. */
void mmu_queue_table(struct list_head *list, u64 *spt)
{
	list_add(&table_header(spt)->list, list);
}

/**
 * mmu_free_tables - free unlinked tables after a grace period
 * @kvm: the VM; every vCPU has flushed its TLB since they were unlinked
 * @list: of mmu_queue_table(); empty afterwards
 */
void mmu_free_tables(struct kvm *kvm, struct list_head *list)
{
	struct kvm_mmu_page *sp, *next;

	list_for_each_entry_safe(sp, next, list, list) {
		mmu_account_table(kvm, sp->spt, -1);
		mmu_stat_add(&kvm->stat.mmu_shadow_zapped, 1);
		if (sp->nx_split)
			mmu_stat_add(&kvm->stat.nx_lpage_splits, -1);
		call_rcu(&sp->rcu, free_table_rcu);
	}
	INIT_LIST_HEAD(list);
}

/**
 * mmu_cache_topup - make sure that a fault finds a page for every level below the root
 * @vcpu: the vCPU; no spinlock held
 *
 * Return: 0 or -ENOMEM.
 */
int mmu_cache_topup(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu_cache *cache = &vcpu->arch.mmu_cache;
	u64 *spt;

	if (likely(cache->nr >= kvm_mmu_config.tdp_level - 1))
		return 0;
	while (cache->nr < ARRAY_SIZE(cache->spt)) {
		spt = mmu_alloc_table(GFP_KERNEL_ACCOUNT);
		if (!spt)
			return cache->nr >= kvm_mmu_config.tdp_level - 1 ? 0 : -ENOMEM;
		cache->spt[cache->nr++] = spt;
	}
	return 0;
}

/* The vCPU goes: what it had in store goes with it. */
void mmu_cache_free(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu_cache *cache = &vcpu->arch.mmu_cache;

	while (cache->nr)
		mmu_free_table_now(cache->spt[--cache->nr]);
}

/* Cannot fail after mmu_cache_topup(): a fault takes at most one page a level. */
u64 *mmu_cache_take(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu_cache *cache = &vcpu->arch.mmu_cache;

	return cache->spt[--cache->nr];
}

/* Another vCPU linked its page first; ours is still zero. */
void mmu_cache_put_back(struct kvm_vcpu *vcpu, u64 *spt)
{
	struct kvm_mmu_cache *cache = &vcpu->arch.mmu_cache;

	cache->spt[cache->nr++] = spt;
}
