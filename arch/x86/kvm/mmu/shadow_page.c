// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of shadow pages. Called by the other shadow*.c files under kvm->mmu_lock held exclusive;
 * the caches are the vCPU's (vcpu->mutex).
 *
 * Who owns a shadow page, and when it is freed:
 *
 *   1. In a vCPU's cache it is that vCPU's. Nobody else knows it.
 *   2. shadow_page_new() makes it the VM's: it is in the hash, on the list of active pages, and
 *      alive. Table entries may point to it, each of them on its list of parents; vCPUs may have
 *      it as a root, each of them counted in ->users. Neither owns it.
 *   3. shadow_page_zap() makes it dead: its entries are cleared, so are all that point to it, and
 *      it leaves hash and list. Without users it waits on ->zapped; with users it belongs to
 *      them, who were told by KVM_REQ_MMU_RELOAD, and the last one puts it there.
 *   4. shadow_commit() frees what is on ->zapped after a TLB flush on every vCPU, before mmu_lock
 *      is dropped. Until that flush hardware may walk the page, or have cached that an entry led
 *      to it (SDM 4.10.2, APM2 5.5.2).
 *
 * There are no readers without the lock, so no grace period. Two rules make each step safe: whoever
 * zaps or weakens an entry calls shadow_commit() before it drops mmu_lock, so that a TLB holds no
 * translation without an entry; and every entry is on the list of what it points to, so that none
 * is left behind.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include "shadow.h"

static struct kmem_cache *page_cache;

/** shadow_pages_init - while the module loads: 0 or -ENOMEM */
int shadow_pages_init(void)
{
	page_cache = KMEM_CACHE(shadow_page, SLAB_ACCOUNT);
	return page_cache ? 0 : -ENOMEM;
}

/** shadow_pages_exit - after the last VM */
void shadow_pages_exit(void)
{
	kmem_cache_destroy(page_cache);
}

/*
 * --- allocation ----------------------------------------------------------------------------------
 */

static struct shadow_page *page_alloc(void)
{
	struct shadow_page *sp = kmem_cache_zalloc(page_cache, GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!sp)
		return NULL;
	sp->spt = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!sp->spt) {
		kmem_cache_free(page_cache, sp);
		return NULL;
	}
	for (i = 0; i < SPTE_PER_TABLE; i++)
		sp->link[i].info = i;
	INIT_LIST_HEAD(&sp->list);
	INIT_LIST_HEAD(&sp->unsync_node);
	set_page_private(virt_to_page(sp->spt), (unsigned long)sp);
	return sp;
}

static void page_free(struct shadow_page *sp)
{
	set_page_private(virt_to_page(sp->spt), 0);
	free_page((unsigned long)sp->spt);
	kmem_cache_free(page_cache, sp);
}

/**
 * shadow_cache_topup - make sure that a fault, or a root, finds all the pages it may need
 * @vcpu: the vCPU; no spinlock held
 *
 * Return: 0 or -ENOMEM.
 */
int shadow_cache_topup(struct kvm_vcpu *vcpu)
{
	struct kvm_shadow_cache *cache = &vcpu->arch.shadow_cache;
	struct shadow_page *sp;

	while (cache->nr < ARRAY_SIZE(cache->page)) {
		sp = page_alloc();
		if (!sp)
			return -ENOMEM;
		cache->page[cache->nr++] = sp;
	}
	return 0;
}

/** shadow_cache_free - the vCPU goes: what it had in store goes with it */
void shadow_cache_free(struct kvm_vcpu *vcpu)
{
	struct kvm_shadow_cache *cache = &vcpu->arch.shadow_cache;

	while (cache->nr)
		page_free(cache->page[--cache->nr]);
}

/*
 * --- alive ---------------------------------------------------------------------------------------
 */

static struct hlist_head *page_bucket(struct kvm *kvm, gfn_t gfn)
{
	return &shadow_vm(kvm)->hash[hash_64(gfn, SHADOW_HASH_BITS)];
}

/** shadow_page_find - the alive page for @gfn in this role, or NULL; it counts as used now */
struct shadow_page *shadow_page_find(struct kvm *kvm, gfn_t gfn, union shadow_role role)
{
	struct shadow_page *sp;

	hlist_for_each_entry(sp, page_bucket(kvm, gfn), hash) {
		if (sp->gfn != gfn || sp->role.word != role.word)
			continue;
		list_move(&sp->list, &shadow_vm(kvm)->active);
		sp->writes = 0;
		return sp;
	}
	kvm->stat.mmu_cache_miss++;
	return NULL;
}

/* A page comes or goes; one that shadows a table is counted in its 2 MiB, too. */
static void count_page(struct kvm *kvm, const struct shadow_page *sp, int nr)
{
	struct kvm_shadow_vm *vm = shadow_vm(kvm);

	vm->nr_pages += nr;
	if (sp->role.direct)
		return;
	WRITE_ONCE(vm->nr_indirect, vm->nr_indirect + nr);
	*shadow_tables_near(kvm, sp->gfn) += nr;
}

/**
 * shadow_page_new - an empty page for @gfn in this role, from the vCPU's cache, which has one
 * @vcpu: the vCPU
 * @gfn: of the guest's table, or of what is mapped
 * @role: the rest
 */
struct shadow_page *shadow_page_new(struct kvm_vcpu *vcpu, gfn_t gfn, union shadow_role role)
{
	struct kvm_shadow_cache *cache = &vcpu->arch.shadow_cache;
	struct kvm_shadow_vm *vm = shadow_vm(vcpu->kvm);
	struct shadow_page *sp = cache->page[--cache->nr];

	sp->gfn = gfn;
	sp->role = role;
	hlist_add_head(&sp->hash, page_bucket(vcpu->kvm, gfn));
	list_add(&sp->list, &vm->active);
	count_page(vcpu->kvm, sp, 1);
	mmu_account_table(vcpu->kvm, sp->spt, 1);
	return sp;
}

/** shadow_page_link - let the empty entry @index of @sp hold the table @child, with all rights */
void shadow_page_link(struct shadow_page *sp, unsigned int index, struct shadow_page *child)
{
	hlist_add_head(&sp->link[index].node, &child->parents);
	WRITE_ONCE(sp->spt[index], __pa(child->spt) | spte_masks.me | SHADOW_P | SHADOW_W |
				   SHADOW_U | SHADOW_A);
}

/** shadow_page_clear_entry - take an entry away, whatever it is; shadow_commit() must follow */
void shadow_page_clear_entry(struct kvm *kvm, struct shadow_page *sp, unsigned int index)
{
	u64 spte = READ_ONCE(sp->spt[index]);

	if (!(spte & SHADOW_P))
		return;
	if (shadow_is_leaf(sp, spte)) {
		shadow_leaf_drop(kvm, &sp->link[index]);
		return;
	}
	WRITE_ONCE(sp->spt[index], 0);
	hlist_del_init(&sp->link[index].node);
	shadow_vm(kvm)->flush = true;
}

/** shadow_unsync_set - may the guest write the table that @sp shadows? */
void shadow_unsync_set(struct kvm *kvm, struct shadow_page *sp, bool unsync)
{
	struct kvm_shadow_vm *vm = shadow_vm(kvm);

	if (sp->unsync == unsync)
		return;
	sp->unsync = unsync;
	if (unsync)
		list_add(&sp->unsync_node, &vm->unsync);
	else
		list_del_init(&sp->unsync_node);
	WRITE_ONCE(vm->nr_unsync, vm->nr_unsync + (unsync ? 1 : -1));
	mmu_stat_add(&kvm->stat.mmu_unsync, unsync ? 1 : -1);
}

/*
 * --- dead ----------------------------------------------------------------------------------------
 */

/**
 * shadow_page_zap - the page dies; shadow_commit() must follow
 * @kvm: the VM
 * @sp: an alive page
 *
 * Its children stay alive: others may hold them, and if not, they are found again by their frame
 * or grow old.
 */
void shadow_page_zap(struct kvm *kvm, struct shadow_page *sp)
{
	struct kvm_shadow_vm *vm = shadow_vm(kvm);
	struct shadow_link *link;
	struct hlist_node *next;
	unsigned int i;

	lockdep_assert_held_write(&kvm->mmu_lock);
	for (i = 0; i < SPTE_PER_TABLE; i++)
		shadow_page_clear_entry(kvm, sp, i);
	hlist_for_each_entry_safe(link, next, &sp->parents, node)
		shadow_page_clear_entry(kvm, shadow_link_page(link), shadow_link_index(link));
	shadow_unsync_set(kvm, sp, false);
	hlist_del_init(&sp->hash);
	WRITE_ONCE(sp->dead, true);
	count_page(kvm, sp, -1);
	mmu_stat_add(&kvm->stat.mmu_shadow_zapped, 1);
	if (sp->nx_split)
		mmu_stat_add(&kvm->stat.nx_lpage_splits, -1);

	if (!sp->users) {
		list_move(&sp->list, &vm->zapped);
		return;
	}
	list_del_init(&sp->list);
	kvm_make_all_vcpus_request(kvm, KVM_REQ_MMU_RELOAD);
}

/** shadow_page_put_user - a vCPU lets a root go; shadow_commit() must follow */
void shadow_page_put_user(struct kvm *kvm, struct shadow_page *sp)
{
	if (!--sp->users && sp->dead)
		list_add(&sp->list, &shadow_vm(kvm)->zapped);
}

/**
 * shadow_commit - flush what was weakened or taken away, free what is dead
 * @kvm: the VM
 *
 * Before mmu_lock is dropped, by everybody who changed anything.
 */
void shadow_commit(struct kvm *kvm)
{
	struct kvm_shadow_vm *vm = shadow_vm(kvm);
	struct shadow_page *sp, *next;

	lockdep_assert_held_write(&kvm->mmu_lock);
	if (vm->flush || !list_empty(&vm->zapped))
		kvm_flush_remote_tlbs(kvm);
	vm->flush = false;
	list_for_each_entry_safe(sp, next, &vm->zapped, list) {
		list_del(&sp->list);
		WARN_ON_ONCE(sp->users || !hlist_empty(&sp->parents));
		mmu_account_table(kvm, sp->spt, -1);
		page_free(sp);
	}
}

/*
 * --- many ----------------------------------------------------------------------------------------
 */

/** shadow_zap_gfn - @gfn is no table any more; true if it was. shadow_commit() must follow */
bool shadow_zap_gfn(struct kvm *kvm, gfn_t gfn)
{
	struct shadow_page *sp;
	struct hlist_node *next;
	bool any = false;

	shadow_for_each_of_gfn(kvm, sp, next, gfn) {
		shadow_page_zap(kvm, sp);
		any = true;
	}
	return any;
}

/*
 * Let others have the lock or the CPU. It must be dropped clean. True: it was, and every list may
 * have changed.
 */
static bool page_yield(struct kvm *kvm)
{
	if (!need_resched() && !rwlock_needbreak(&kvm->mmu_lock))
		return false;
	shadow_commit(kvm);
	return cond_resched_rwlock_write(&kvm->mmu_lock);
}

/**
 * shadow_zap_tables - zap every page whose frame is in a range; mmu_lock may be dropped in between
 * @kvm: the VM
 * @start: first frame
 * @end: behind the last one
 * @direct: only those that stand for no table, but for a part of memory
 */
void shadow_zap_tables(struct kvm *kvm, gfn_t start, gfn_t end, bool direct)
{
	struct shadow_page *sp, *next;

again:
	list_for_each_entry_safe(sp, next, &shadow_vm(kvm)->active, list) {
		if (sp->gfn < start || sp->gfn >= end || (direct && !sp->role.direct))
			continue;
		shadow_page_zap(kvm, sp);
		if (page_yield(kvm))
			goto again;
	}
	shadow_commit(kvm);
}

/*
 * The oldest go first, of all or of those that @nx is about. Roots stay: they are few, whatever the
 * bound. Returns how many went.
 */
static unsigned long zap_oldest(struct kvm *kvm, unsigned long nr, bool nx)
{
	struct shadow_page *sp, *next;
	unsigned long zapped = 0;

	list_for_each_entry_safe_reverse(sp, next, &shadow_vm(kvm)->active, list) {
		if (zapped == nr)
			break;
		if (sp->users || (nx && !sp->nx_split))
			continue;
		shadow_page_zap(kvm, sp);
		zapped++;
	}
	shadow_commit(kvm);
	return zapped;
}

/** shadow_reclaim - mmu_reclaim() for shadow pages; no lock held */
unsigned long shadow_reclaim(struct kvm *kvm, unsigned long nr, bool nx)
{
	unsigned long taken;

	write_lock(&kvm->mmu_lock);
	taken = zap_oldest(kvm, nr, nx);
	write_unlock(&kvm->mmu_lock);
	return taken;
}

/**
 * shadow_make_room - let the VM have @need pages more, if others must go for it
 * @kvm: the VM
 * @need: how many
 *
 * Some more go than needed, since each time costs a flush.
 */
void shadow_make_room(struct kvm *kvm, unsigned int need)
{
	struct kvm_shadow_vm *vm = shadow_vm(kvm);

	if (unlikely(vm->nr_pages + need > vm->max_pages))
		zap_oldest(kvm, vm->nr_pages + need - vm->max_pages + 16, false);
}
