// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which shadow leaves map a frame: for each frame of a memslot the list of their links; a leaf of
 * 2 MiB is in the list of its first frame. Heads are made in chunks, as frames are mapped for the
 * first time, and live as long as the slot.
 *
 * The lists are under kvm->mmu_lock held exclusive. The chunks are added with the lock not held,
 * by cmpxchg, and stay.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include "shadow.h"

#define CHUNK_BITS	9
#define CHUNK_HEADS	(1u << CHUNK_BITS)

/**
 * struct shadow_rmap - a slot's heads
 * @users: slots that share it: one, and for a moment its successor with other flags
 * @nr_chunks: of 2 MiB of guest memory each, aligned to that
 * @chunk: CHUNK_HEADS heads, or NULL: nothing of it was ever mapped
 */
struct shadow_rmap {
	refcount_t users;
	unsigned long nr_chunks;
	struct hlist_head *chunk[];
};

static unsigned long chunk_index(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	return (gfn >> CHUNK_BITS) - (slot->base_gfn >> CHUNK_BITS);
}

/**
 * shadow_rmap_prepare - the heads of a slot to be
 * @new: gets them
 * @inherit: the slot whose place it takes with other flags, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int shadow_rmap_prepare(struct kvm_memory_slot *new, const struct kvm_memory_slot *inherit)
{
	unsigned long nr = chunk_index(new, new->base_gfn + new->npages - 1) + 1;
	struct shadow_rmap *rmap;

	if (inherit) {
		new->arch.rmap = inherit->arch.rmap;
		refcount_inc(&new->arch.rmap->users);
		return 0;
	}
	rmap = kvzalloc(struct_size(rmap, chunk, nr), GFP_KERNEL_ACCOUNT);
	if (!rmap)
		return -ENOMEM;
	refcount_set(&rmap->users, 1);
	rmap->nr_chunks = nr;
	new->arch.rmap = rmap;
	return 0;
}

/** shadow_rmap_free - the slot goes; if nobody inherited its heads, they are all empty */
void shadow_rmap_free(struct kvm_memory_slot *slot)
{
	struct shadow_rmap *rmap = slot->arch.rmap;
	unsigned long i;

	if (!rmap || !refcount_dec_and_test(&rmap->users))
		return;
	for (i = 0; i < rmap->nr_chunks; i++)
		kfree(rmap->chunk[i]);
	kvfree(rmap);
}

static struct hlist_head *rmap_head(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	struct hlist_head *chunk = READ_ONCE(slot->arch.rmap->chunk[chunk_index(slot, gfn)]);

	return chunk ? &chunk[gfn & (CHUNK_HEADS - 1)] : NULL;
}

/**
 * shadow_rmap_topup - make sure that @gfn has its head, and the 2 MiB that it is in
 * @slot: the slot of @gfn; srcu held, mmu_lock not
 * @gfn: the frame
 *
 * Return: 0 or -ENOMEM.
 */
int shadow_rmap_topup(struct kvm_memory_slot *slot, gfn_t gfn)
{
	struct hlist_head **chunk, *new;

	chunk = &slot->arch.rmap->chunk[chunk_index(slot, gfn)];
	if (READ_ONCE(*chunk))
		return 0;
	new = kcalloc(CHUNK_HEADS, sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	/* Zeroed before it is seen: the cmpxchg is a full barrier. */
	if (cmpxchg(chunk, NULL, new))
		kfree(new);
	return 0;
}

static int leaf_level(struct shadow_link *link)
{
	return shadow_link_page(link)->role.level;
}

/** shadow_rmap_add - @link's leaf maps from @gfn on from now on; it mapped nothing before */
void shadow_rmap_add(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn,
		     struct shadow_link *link)
{
	hlist_add_head(&link->node, rmap_head(slot, gfn));
	mmu_stat_add(mmu_level_stat(kvm, leaf_level(link)), 1);
}

/* Tell the page what hardware noted of it. It is still there: see tdp.c on the same question. */
static void leaf_note_page(u64 spte, u64 info)
{
	struct page *page;

	if (!(info & SHADOW_INFO_REFCOUNTED))
		return;
	page = pfn_to_page((spte & SHADOW_ADDR & ~spte_masks.me) >> PAGE_SHIFT);
	if (spte & SHADOW_D)
		SetPageDirty(page);
	if (spte & SHADOW_A)
		mark_page_accessed(page);
}

/** shadow_leaf_drop - take a present leaf away; shadow_commit() must follow */
void shadow_leaf_drop(struct kvm *kvm, struct shadow_link *link)
{
	/* Hardware may set A or D at the same moment: what it set is in @spte or was never set. */
	u64 spte = xchg(shadow_link_spte(link), 0);

	leaf_note_page(spte, link->info);
	hlist_del_init(&link->node);
	link->info &= SHADOW_INFO_INDEX;
	mmu_stat_add(mmu_level_stat(kvm, leaf_level(link)), -1);
	shadow_vm(kvm)->flush = true;
}

/* The next frame in [@gfn, @end) that has a head, with it in *@head; @end: there is none. */
static gfn_t rmap_next(const struct kvm_memory_slot *slot, gfn_t gfn, gfn_t end,
		       struct hlist_head **head)
{
	while (gfn < end) {
		*head = rmap_head(slot, gfn);
		if (*head)
			return gfn;
		/* the whole chunk is missing */
		gfn = round_up(gfn + 1, CHUNK_HEADS);
	}
	return end;
}

/* The 2 MiB before @first may reach into the range: theirs is the first list. */
#define for_each_rmap(slot, gfn, first, end, head)					\
	for (gfn = rmap_next(slot, round_down(first, CHUNK_HEADS), end, &head);		\
	     gfn < (end);								\
	     gfn = rmap_next(slot, max_t(gfn_t, gfn + 1, first), end, &head))

/* The leaves of a list that map something of @first or behind it. */
#define for_each_leaf(link, next, head, first)						\
	hlist_for_each_entry_safe(link, next, head, node)				\
		if (shadow_link_gfn(link) + mmu_level_pages(leaf_level(link)) > (first))

/* A big one goes: most of it may be written, once it is small ones. */
static void head_write_protect(struct kvm *kvm, struct hlist_head *head, gfn_t first)
{
	struct shadow_link *link;
	struct hlist_node *next;

	for_each_leaf(link, next, head, first) {
		if (leaf_level(link) > 1)
			shadow_leaf_drop(kvm, link);
		else if (test_and_clear_bit(1, (unsigned long *)shadow_link_spte(link)))
			shadow_vm(kvm)->flush = true;
	}
}

static void head_drop(struct kvm *kvm, struct hlist_head *head, gfn_t first)
{
	struct shadow_link *link;
	struct hlist_node *next;

	for_each_leaf(link, next, head, first)
		shadow_leaf_drop(kvm, link);
}

/** shadow_write_protect_gfn - for the log: the caller flushes remote TLBs when it is done */
void shadow_write_protect_gfn(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn)
{
	struct hlist_head *head;
	gfn_t at;

	for_each_rmap(slot, at, gfn, gfn + 1, head)
		head_write_protect(kvm, head, gfn);
}

/** shadow_rmap_write_protect - @gfn is in no writable or big leaf; shadow_commit() must follow */
void shadow_rmap_write_protect(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_memory_slot *slot = kvm_gfn_to_slot(kvm, gfn);

	if (slot)
		shadow_write_protect_gfn(kvm, slot, gfn);
}

/*
 * --- ranges --------------------------------------------------------------------------------------
 */

/**
 * shadow_unmap_range - kvm_arch_unmap_gfn_range() for shadow paging
 * @kvm: the VM; mmu_lock is not dropped
 * @range: frames of one slot
 *
 * Return: true: the caller flushes remote TLBs before it drops mmu_lock.
 */
bool shadow_unmap_range(struct kvm *kvm, const struct kvm_gfn_range *range)
{
	struct hlist_head *head;
	bool flush;
	gfn_t gfn;

	for_each_rmap(range->slot, gfn, range->start, range->end, head)
		head_drop(kvm, head, range->start);
	flush = shadow_vm(kvm)->flush;
	shadow_vm(kvm)->flush = false;
	return flush;
}

/**
 * shadow_age_range - was any page of the range accessed?
 * @kvm: the VM
 * @range: frames of one slot
 * @clear: take the accessed bits away; without a flush, as spte_change_needs_flush() has it
 */
bool shadow_age_range(struct kvm *kvm, const struct kvm_gfn_range *range, bool clear)
{
	struct shadow_link *link;
	struct hlist_node *next;
	struct hlist_head *head;
	bool young = false;
	gfn_t gfn;

	for_each_rmap(range->slot, gfn, range->start, range->end, head) {
		for_each_leaf(link, next, head, range->start) {
			unsigned long *spte = (unsigned long *)shadow_link_spte(link);

			young |= clear ? test_and_clear_bit(5, spte) : test_bit(5, spte);
		}
	}
	return young;
}

/* Every head of the slot; mmu_lock may be dropped in between, all flushed then. */
static void for_slot(struct kvm *kvm, const struct kvm_memory_slot *slot,
		     void (*fn)(struct kvm *kvm, struct hlist_head *head, gfn_t first))
{
	gfn_t gfn, end = slot->base_gfn + slot->npages;
	struct hlist_head *head;

	lockdep_assert_held_write(&kvm->mmu_lock);
	for_each_rmap(slot, gfn, slot->base_gfn, end, head) {
		fn(kvm, head, gfn);
		if (need_resched() || rwlock_needbreak(&kvm->mmu_lock)) {
			shadow_commit(kvm);
			cond_resched_rwlock_write(&kvm->mmu_lock);
		}
	}
	shadow_commit(kvm);
}

/** shadow_write_protect_slot - every write to the slot faults; mmu_lock may be dropped */
void shadow_write_protect_slot(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	for_slot(kvm, slot, head_write_protect);
}

/** shadow_flush_slot - nothing of the slot is mapped, or shadowed; mmu_lock may be dropped */
void shadow_flush_slot(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	for_slot(kvm, slot, head_drop);
	shadow_zap_tables(kvm, slot->base_gfn, slot->base_gfn + slot->npages, false);
}
