/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of shadow paging share: shadow.c (a vCPU's view), shadow_fault.c (mapping),
 * shadow_page.c (the pages' life), shadow_rmap.c (who maps a frame).
 *
 * Everything here is under kvm->mmu_lock held exclusive unless a line says otherwise.
 */
#ifndef __KVM_X86_MMU_SHADOW_H
#define __KVM_X86_MMU_SHADOW_H

#include "mmu_internal.h"
#include "shadow_role.h"
#include "walk.h"

#define SHADOW_HASH_BITS	10
#define SHADOW_MIN_PAGES	64ul

/* A page whose table is written so often by emulation is no table any more. */
#define SHADOW_FLOOD		3

/*
 * Tables that may be out of step at once. A flush compares them all, and must do so in one go when
 * a page that leads to some of them gets another parent: half a million entries under the lock.
 */
#define SHADOW_MAX_UNSYNC	1024u

/**
 * struct shadow_link - beside each entry: in the list of all entries that point where it does
 * @node: a leaf: in the rmap of its frame, one of 2 MiB in that of its first one; a table entry: in
 *   its child's parents
 * @info: SHADOW_INFO_*
 *
 * Hardware leaves too few ignored bits in a PAE entry to keep notes there.
 */
struct shadow_link {
	struct hlist_node node;
	u64 info;
};

#define SHADOW_INFO_INDEX	GENMASK_ULL(8, 0)	/* which entry it is; constant */
#define SHADOW_INFO_ACC_SHIFT	9			/* leaf: KVM_ACC_* of the guest's tables */
#define SHADOW_INFO_REFCOUNTED	BIT_ULL(12)		/* leaf: the frame has a struct page */
#define SHADOW_INFO_GFN_SHIFT	24			/* leaf: the guest's first frame */

/**
 * struct shadow_page - one page that hardware walks, and what it stands for
 * @spt: the page
 * @hash: by @gfn, while it is alive
 * @list: active ones by age, or those that wait for the flush and the last user
 * @unsync_node: among those whose guest table may differ from them
 * @gfn: the guest's table, or the first frame mapped if role.direct
 * @role: what else decides its contents
 * @parents: links of the table entries that point to it
 * @users: roots of vCPUs that hold it
 * @filled: kvm_shadow_vm.filled when an entry was last put into it, or a way to it made
 * @writes: emulated writes to the guest's table since it was last used
 * @unsync: the guest may write its table
 * @nx_split: it is there because code must not run from a big page: see nx.c
 * @dead: zapped: nothing leads here any more but, perhaps, @users
 * @link: one for each entry
 */
struct shadow_page {
	u64 *spt;
	struct hlist_node hash;
	struct list_head list;
	struct list_head unsync_node;
	gfn_t gfn;
	union shadow_role role;
	struct hlist_head parents;
	u64 filled;
	u16 users;
	u8 writes;
	bool unsync;
	bool nx_split;
	bool dead;
	struct shadow_link link[SPTE_PER_TABLE];
};

/**
 * struct kvm_shadow_vm - a VM's shadow pages
 * @hash: alive pages by gfn
 * @active: alive pages, the youngest first
 * @unsync: alive pages whose guest table is writable
 * @zapped: dead pages without users, which a TLB may still point to
 * @nr_pages: alive ones
 * @max_pages: the bound
 * @nr_indirect: alive pages that shadow a table; read without the lock
 * @nr_unsync: of them, those in @unsync; likewise
 * @tables: of them, those whose table is in a region of 2 MiB, by its hash: regions that share a
 *   number are small pages for each other's sake
 * @filled: counts leaves that were installed; likewise
 * @regrown: @filled when an old page that holds tables was last given another parent
 * @flush: an entry was taken away or weakened since the last flush
 */
struct kvm_shadow_vm {
	struct hlist_head hash[1 << SHADOW_HASH_BITS];
	struct list_head active;
	struct list_head unsync;
	struct list_head zapped;
	unsigned long nr_pages;
	unsigned long max_pages;
	unsigned long nr_indirect;
	unsigned long nr_unsync;
	u32 tables[1 << SHADOW_HASH_BITS];
	u64 filled;
	u64 regrown;
	bool flush;
};

static inline struct kvm_shadow_vm *shadow_vm(struct kvm *kvm)
{
	return kvm->arch.mmu.shadow;
}

static inline struct shadow_page *shadow_page_of(u64 spte)
{
	return (struct shadow_page *)page_private(pfn_to_page((spte & SHADOW_ADDR &
							       ~spte_masks.me) >> PAGE_SHIFT));
}

/* How many tables are in the 2 MiB of @gfn, at most. None must be when they are one leaf. */
static inline u32 *shadow_tables_near(struct kvm *kvm, gfn_t gfn)
{
	return &shadow_vm(kvm)->tables[hash_64(gfn >> SPTE_INDEX_BITS, SHADOW_HASH_BITS)];
}

static inline bool shadow_is_leaf(const struct shadow_page *sp, u64 spte)
{
	return sp->role.level == 1 || (spte & SHADOW_PS);
}

static inline unsigned int shadow_link_index(const struct shadow_link *link)
{
	return link->info & SHADOW_INFO_INDEX;
}

static inline struct shadow_page *shadow_link_page(struct shadow_link *link)
{
	return container_of(link - shadow_link_index(link), struct shadow_page, link[0]);
}

static inline u64 *shadow_link_spte(struct shadow_link *link)
{
	return &shadow_link_page(link)->spt[shadow_link_index(link)];
}

static inline gfn_t shadow_link_gfn(const struct shadow_link *link)
{
	return link->info >> SHADOW_INFO_GFN_SHIFT;
}

static inline unsigned int shadow_link_acc(const struct shadow_link *link)
{
	return (link->info >> SHADOW_INFO_ACC_SHIFT) & KVM_ACC_ALL;
}

/* From now on @sp may lead to what it did not lead to before. */
static inline void shadow_page_filled(struct kvm *kvm, struct shadow_page *sp)
{
	sp->filled = shadow_vm(kvm)->filled + 1;
	WRITE_ONCE(shadow_vm(kvm)->filled, sp->filled);
}

/* ---- shadow_page.c */
int shadow_cache_topup(struct kvm_vcpu *vcpu);
void shadow_cache_free(struct kvm_vcpu *vcpu);
struct shadow_page *shadow_page_find(struct kvm *kvm, gfn_t gfn, union shadow_role role);
struct shadow_page *shadow_page_new(struct kvm_vcpu *vcpu, gfn_t gfn, union shadow_role role);
void shadow_page_link(struct shadow_page *sp, unsigned int index, struct shadow_page *child);
void shadow_page_clear_entry(struct kvm *kvm, struct shadow_page *sp, unsigned int index);
void shadow_page_put_user(struct kvm *kvm, struct shadow_page *sp);
void shadow_page_zap(struct kvm *kvm, struct shadow_page *sp);
bool shadow_zap_gfn(struct kvm *kvm, gfn_t gfn);
void shadow_make_room(struct kvm *kvm, unsigned int need);
void shadow_unsync_set(struct kvm *kvm, struct shadow_page *sp, bool unsync);
void shadow_commit(struct kvm *kvm);

#define shadow_for_each_of_gfn(kvm, sp, next, frame)					\
	hlist_for_each_entry_safe(sp, next,						\
				  &shadow_vm(kvm)->hash[hash_64(frame, SHADOW_HASH_BITS)], hash) \
		if ((sp)->gfn == (frame) && !(sp)->role.direct)

/* ---- shadow_rmap.c */
int shadow_rmap_topup(struct kvm_memory_slot *slot, gfn_t gfn);
void shadow_rmap_add(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn,
		     struct shadow_link *link);
void shadow_leaf_drop(struct kvm *kvm, struct shadow_link *link);
void shadow_rmap_write_protect(struct kvm *kvm, gfn_t gfn);

/* ---- shadow_fault.c */
int shadow_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);

/* ---- shadow_sync.c */
bool shadow_gpte_read(struct kvm_vcpu *vcpu, gpa_t gpa, bool wide, u64 *pte);
void shadow_sync_since(struct kvm_vcpu *vcpu, u64 since);
void shadow_sync_reused(struct kvm_vcpu *vcpu, struct shadow_page *sp);

/* ---- shadow.c */
struct shadow_page *shadow_get_page(struct kvm_vcpu *vcpu, gfn_t gfn, union shadow_role role);
struct shadow_page *shadow_root_for(struct kvm_vcpu *vcpu, u64 addr);

#endif
