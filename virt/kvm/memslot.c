// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory slots: KVM_SET_USER_MEMORY_REGION and the look-up of a slot by gfn.
 *
 * Writers hold kvm->slots_lock; readers hold kvm->srcu (vCPUs, lazily) or slots_lock. What a
 * reader has found stays allocated until it drops srcu. The order of a change:
 *
 *   create    hva tree, gfn tree, generation, commit
 *   flags     gfn tree (the new slot takes the old one's place at once), hva tree, generation,
 *             wait for readers, commit, free the old
 *   delete    mark invalid, wait for readers, zap, gfn tree, generation, wait for readers, hva
 *             tree, commit, free
 *   move      mark invalid, wait for readers, zap, new one's hva tree and gfn tree, the rest of
 *             the old one's gfns, generation, wait for readers, hva tree, commit, free the old
 *
 * "Wait for readers" is kvm_synchronize_readers(). The first one makes sure that no fault that saw
 * the slot without the mark can still install a translation after the zap; from the mark on faults
 * retry. The second one makes sure that nobody uses the slot when it is freed.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <kvm/arch.h>
#include "core.h"

#define SLOT_FLAGS	(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

/* Taking memory away cannot be refused half-way: these allocations are small, and wait. */
#define GFP_ERASE	(GFP_KERNEL_ACCOUNT | __GFP_NOFAIL)

/* ---- look-up ---- */

/**
 * kvm_gfn_to_slot - the slot that backs @gfn, or NULL
 * @kvm: the VM; kvm->srcu or slots_lock held
 * @gfn: guest frame
 */
struct kvm_memory_slot *kvm_gfn_to_slot(struct kvm *kvm, gfn_t gfn)
{
	return mtree_load(&kvm->memslots[0].gfn_tree, gfn);
}

/**
 * kvm_vcpu_last_slot - the slot of @gfn as far as the last look-ups tell
 * @vcpu: the vCPU; its mutex and kvm->srcu are held
 * @gfn: guest frame
 *
 * One slot serves most look-ups in a row, so the last hit is remembered; so is the last miss, with
 * all of the hole between two slots: it has the devices that the guest talks to.
 *
 * Return: the slot, NULL: there is none, or an ERR_PTR(): look it up.
 */
struct kvm_memory_slot *kvm_vcpu_last_slot(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct kvm_memory_slot *slot = vcpu->last_slot;

	/*
	 * Pairs with the release in bump_generation(): whoever sees a generation finds its slots
	 * in the tree, so a hit is never remembered under a newer generation than its own. And the
	 * memory of an older generation's slot is gone only after a grace period that ends after
	 * the generation moved: inside srcu an equal number means that the slot is still there.
	 */
	u64 generation = smp_load_acquire(&vcpu->kvm->memslots[0].generation);

	if (slot && vcpu->last_slot_gen == generation && kvm_slot_has_gfn(slot, gfn))
		return slot;
	if (vcpu->hole_gen == generation && gfn >= vcpu->hole_first && gfn <= vcpu->hole_last)
		return NULL;
	return ERR_PTR(-ENOENT);
}

/**
 * kvm_vcpu_gfn_to_slot - kvm_gfn_to_slot() for a vCPU's thread, which takes srcu when it has to
 * @vcpu: the vCPU; its mutex is held
 * @gfn: guest frame
 */
struct kvm_memory_slot *kvm_vcpu_gfn_to_slot(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct kvm_memslots *slots = &vcpu->kvm->memslots[0];
	MA_STATE(mas, &slots->gfn_tree, gfn, gfn);
	struct kvm_memory_slot *slot;
	u64 generation;

	kvm_vcpu_hold_srcu(vcpu);
	slot = kvm_vcpu_last_slot(vcpu, gfn);
	if (!IS_ERR(slot))
		return slot;
	/* Before the tree: see kvm_vcpu_last_slot(). */
	generation = smp_load_acquire(&slots->generation);
	rcu_read_lock();
	slot = mas_walk(&mas);
	rcu_read_unlock();
	if (slot) {
		vcpu->last_slot = slot;
		vcpu->last_slot_gen = generation;
	} else {
		vcpu->hole_first = mas.index;
		vcpu->hole_last = mas.last;
		vcpu->hole_gen = generation;
	}
	return slot;
}
EXPORT_SYMBOL_GPL(kvm_vcpu_gfn_to_slot);

/**
 * kvm_id_to_slot - the slot that userspace numbered @id, or NULL
 * @kvm: the VM; slots_lock held
 * @as_id: address space, below KVM_ADDRESS_SPACES
 * @id: slot number
 */
struct kvm_memory_slot *kvm_id_to_slot(struct kvm *kvm, unsigned int as_id, unsigned int id)
{
	lockdep_assert_held(&kvm->slots_lock);
	return xa_load(&kvm->memslots[as_id].by_id, id);
}

/* ---- one slot ---- */

static gfn_t slot_last_gfn(const struct kvm_memory_slot *slot)
{
	return slot->base_gfn + slot->npages - 1;
}

static struct kvm_memory_slot *alloc_slot(const struct kvm_userspace_memory_region2 *mem)
{
	struct kvm_memory_slot *slot;

	slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	if (!slot)
		return NULL;
	slot->base_gfn = mem->guest_phys_addr >> PAGE_SHIFT;
	slot->npages = mem->memory_size >> PAGE_SHIFT;
	slot->userspace_addr = mem->userspace_addr;
	slot->flags = mem->flags;
	slot->id = (u16)mem->slot;
	slot->as_id = mem->slot >> 16;
	slot->hva_node.start = slot->userspace_addr;
	slot->hva_node.last = slot->userspace_addr + mem->memory_size - 1;
	return slot;
}

/* The log of written pages is the region's: a new slot for the same pages keeps it. */
static int inherit_dirty_bitmap(struct kvm *kvm, struct kvm_memory_slot *new,
				const struct kvm_memory_slot *old)
{
	if (!(new->flags & KVM_MEM_LOG_DIRTY_PAGES))
		return 0;
	if (old && old->dirty_bitmap) {
		new->dirty_bitmap = old->dirty_bitmap;
		return 0;
	}
	return kvm_dirty_bitmap_alloc(kvm, new);
}

/* Free @slot, but for the bitmap if @heir has it now. */
static void free_slot(struct kvm *kvm, struct kvm_memory_slot *slot,
		      const struct kvm_memory_slot *heir)
{
	kvm_arch_free_slot(kvm, slot);
	if (!heir || heir->dirty_bitmap != slot->dirty_bitmap)
		kvm_dirty_bitmap_free(kvm, slot);
	kfree(slot);
}

/* A slot whose architecture part was never made. */
static void discard_slot(struct kvm *kvm, struct kvm_memory_slot *slot,
			 const struct kvm_memory_slot *old)
{
	if (!old || old->dirty_bitmap != slot->dirty_bitmap)
		kvm_dirty_bitmap_free(kvm, slot);
	kfree(slot);
}

/* ---- the trees ---- */

/* @new, if there is one, takes @old's place, if there was one. */
static void hva_replace(struct kvm *kvm, struct kvm_memslots *slots, struct kvm_memory_slot *old,
			struct kvm_memory_slot *new)
{
	write_lock(&kvm->mmu_lock);
	spin_lock(&kvm->mn_lock);
	if (old)
		interval_tree_remove(&old->hva_node, &slots->hva_tree);
	if (new) {
		interval_tree_insert(&new->hva_node, &slots->hva_tree);
		kvm_mmu_slot_appeared(kvm);
	}
	spin_unlock(&kvm->mn_lock);
	write_unlock(&kvm->mmu_lock);
}

static int gfn_store(struct kvm_memslots *slots, struct kvm_memory_slot *slot)
{
	return mtree_store_range(&slots->gfn_tree, slot->base_gfn, slot_last_gfn(slot), slot,
				 GFP_KERNEL_ACCOUNT);
}

static void gfn_erase(struct kvm_memslots *slots, gfn_t first, gfn_t last)
{
	WARN_ON_ONCE(mtree_store_range(&slots->gfn_tree, first, last, NULL, GFP_ERASE));
}

/* What @old has and @new, of the same size, has not: all of it, or one end. */
static void gfn_erase_rest(struct kvm_memslots *slots, const struct kvm_memory_slot *old,
			   const struct kvm_memory_slot *new)
{
	gfn_t first = old->base_gfn, last = slot_last_gfn(old);

	if (kvm_slot_has_gfn(new, last))
		last = new->base_gfn - 1;
	else if (kvm_slot_has_gfn(new, first))
		first = slot_last_gfn(new) + 1;
	gfn_erase(slots, first, last);
}

/* What is remembered of the slots is void now; pairs with the acquire in kvm_vcpu_last_slot(). */
static void bump_generation(struct kvm_memslots *slots)
{
	smp_store_release(&slots->generation, slots->generation + 1);
}

/* Does anybody but @self have one of @slot's gfns? */
static bool overlaps(struct kvm_memslots *slots, const struct kvm_memory_slot *slot,
		     const struct kvm_memory_slot *self)
{
	unsigned long gfn = slot->base_gfn;
	struct kvm_memory_slot *other;

	mt_for_each(&slots->gfn_tree, other, gfn, slot_last_gfn(slot)) {
		if (other != self)
			return true;
	}
	return false;
}

/* From here on faults on @slot retry, and no translation of it is left. Undone by revive_slot(). */
static void retire_slot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	WRITE_ONCE(slot->flags, slot->flags | KVM_MEMSLOT_INVALID);
	kvm_synchronize_readers(kvm);
	kvm_arch_flush_slot(kvm, slot);
}

static void revive_slot(struct kvm_memory_slot *slot)
{
	WRITE_ONCE(slot->flags, slot->flags & ~KVM_MEMSLOT_INVALID);
}

/* ---- the four changes; slots_lock held ---- */

static int create_slot(struct kvm *kvm, struct kvm_memslots *slots, struct kvm_memory_slot *new)
{
	int r;

	if (slots->nr_pages + new->npages < new->npages)
		return -EINVAL;
	if (overlaps(slots, new, NULL))
		return -EEXIST;
	r = kvm_arch_prepare_slot(kvm, NULL, new, KVM_SLOT_CREATE);
	if (r)
		return r;
	r = xa_insert(&slots->by_id, new->id, new, GFP_KERNEL_ACCOUNT);
	if (r)
		goto out_arch;
	/* The notifier must know the slot before a fault can. */
	hva_replace(kvm, slots, NULL, new);
	r = gfn_store(slots, new);
	if (r)
		goto out_trees;
	slots->nr_pages += new->npages;
	bump_generation(slots);
	kvm_arch_commit_slot(kvm, NULL, new, KVM_SLOT_CREATE);
	return 0;

out_trees:
	hva_replace(kvm, slots, new, NULL);
	xa_erase(&slots->by_id, new->id);
out_arch:
	kvm_arch_free_slot(kvm, new);
	return r;
}

static int delete_slot(struct kvm *kvm, struct kvm_memslots *slots, struct kvm_memory_slot *old)
{
	int r;

	r = kvm_arch_prepare_slot(kvm, old, NULL, KVM_SLOT_DELETE);
	if (r)
		return r;
	retire_slot(kvm, old);
	gfn_erase(slots, old->base_gfn, slot_last_gfn(old));
	bump_generation(slots);
	kvm_synchronize_readers(kvm);
	hva_replace(kvm, slots, old, NULL);
	xa_erase(&slots->by_id, old->id);
	slots->nr_pages -= old->npages;
	kvm_arch_commit_slot(kvm, old, NULL, KVM_SLOT_DELETE);
	free_slot(kvm, old, NULL);
	return 0;
}

static int move_slot(struct kvm *kvm, struct kvm_memslots *slots, struct kvm_memory_slot *old,
		     struct kvm_memory_slot *new)
{
	int r;

	if (overlaps(slots, new, old))
		return -EEXIST;
	r = kvm_arch_prepare_slot(kvm, old, new, KVM_SLOT_MOVE);
	if (r)
		return r;
	retire_slot(kvm, old);
	hva_replace(kvm, slots, NULL, new);
	/* Where both overlap the new one takes over directly: at no time is it MMIO. */
	r = gfn_store(slots, new);
	if (r) {
		hva_replace(kvm, slots, new, NULL);
		revive_slot(old);
		kvm_arch_free_slot(kvm, new);
		return r;
	}
	gfn_erase_rest(slots, old, new);
	xa_store(&slots->by_id, new->id, new, GFP_ERASE);	/* in place: allocates nothing */
	bump_generation(slots);
	kvm_synchronize_readers(kvm);
	hva_replace(kvm, slots, old, NULL);
	kvm_arch_commit_slot(kvm, old, new, KVM_SLOT_MOVE);
	free_slot(kvm, old, new);
	return 0;
}

static int change_flags(struct kvm *kvm, struct kvm_memslots *slots, struct kvm_memory_slot *old,
			struct kvm_memory_slot *new)
{
	int r;

	r = kvm_arch_prepare_slot(kvm, old, new, KVM_SLOT_FLAGS);
	if (r)
		return r;
	r = gfn_store(slots, new);
	if (r) {
		kvm_arch_free_slot(kvm, new);
		return r;
	}
	hva_replace(kvm, slots, old, new);
	xa_store(&slots->by_id, new->id, new, GFP_ERASE);	/* in place: allocates nothing */
	bump_generation(slots);
	/*
	 * A fault that still goes by the old flags may map a page writable; commit must come after
	 * the last of them, so that what it write-protects stays so.
	 */
	kvm_synchronize_readers(kvm);
	kvm_arch_commit_slot(kvm, old, new, KVM_SLOT_FLAGS);
	free_slot(kvm, old, new);
	return 0;
}

/* ---- KVM_SET_USER_MEMORY_REGION ---- */

/* What can be said of the argument alone (api.rst 4.35). */
static int check_region(const struct kvm_userspace_memory_region2 *mem)
{
	if (mem->flags & ~SLOT_FLAGS)
		return -EINVAL;
	if (mem->slot >> 16 >= KVM_ADDRESS_SPACES ||
	    (u16)mem->slot >= KVM_USER_MEM_SLOTS + KVM_PRIVATE_MEM_SLOTS)
		return -EINVAL;
	if (!PAGE_ALIGNED(mem->memory_size | mem->guest_phys_addr | mem->userspace_addr))
		return -EINVAL;
	if (mem->memory_size >> PAGE_SHIFT > KVM_MEM_MAX_NR_PAGES)
		return -EINVAL;
	if (mem->guest_phys_addr + mem->memory_size < mem->guest_phys_addr)
		return -EINVAL;
	if (!access_ok((void __user *)(unsigned long)mem->userspace_addr, mem->memory_size))
		return -EINVAL;
	return 0;
}

/* Which change does @new ask for? -EINVAL: none that exists; -EALREADY: none at all. */
static int classify(const struct kvm_memory_slot *old, const struct kvm_memory_slot *new)
{
	if (!old)
		return KVM_SLOT_CREATE;
	if (new->npages != old->npages || new->userspace_addr != old->userspace_addr)
		return -EINVAL;
	if ((new->flags ^ old->flags) & KVM_MEM_READONLY)
		return -EINVAL;
	if (new->base_gfn != old->base_gfn)
		return KVM_SLOT_MOVE;
	return new->flags == old->flags ? -EALREADY : KVM_SLOT_FLAGS;
}

static int apply_change(struct kvm *kvm, struct kvm_memslots *slots, struct kvm_memory_slot *old,
			struct kvm_memory_slot *new)
{
	int change, r;

	change = classify(old, new);
	if (change < 0)
		return change;
	r = inherit_dirty_bitmap(kvm, new, old);
	if (r)
		return r;
	switch (change) {
	case KVM_SLOT_CREATE:
		return create_slot(kvm, slots, new);
	case KVM_SLOT_MOVE:
		return move_slot(kvm, slots, old, new);
	default:
		return change_flags(kvm, slots, old, new);
	}
}

/**
 * kvm_set_memory_region - create, delete, move a slot or change its flags (api.rst 4.35)
 * @kvm: the VM; slots_lock held
 * @mem: what is asked for, in kernel memory; that userspace names no private slot is checked before
 *
 * May sleep. Return: 0; -EINVAL as the documentation says; -EEXIST when it would overlap another
 * slot; -ENOMEM. On an error everything is as before.
 */
int kvm_set_memory_region(struct kvm *kvm, const struct kvm_userspace_memory_region2 *mem)
{
	struct kvm_memory_slot *old, *new;
	struct kvm_memslots *slots;
	int r;

	lockdep_assert_held(&kvm->slots_lock);
	r = check_region(mem);
	if (r)
		return r;
	slots = &kvm->memslots[mem->slot >> 16];
	old = kvm_id_to_slot(kvm, mem->slot >> 16, (u16)mem->slot);
	if (!mem->memory_size)
		return old ? delete_slot(kvm, slots, old) : -EINVAL;
	new = alloc_slot(mem);
	if (!new)
		return -ENOMEM;
	r = apply_change(kvm, slots, old, new);
	if (r)
		discard_slot(kvm, new, old);
	return r == -EALREADY ? 0 : r;
}

/* ---- VM life ---- */

/** kvm_memslots_init - no slots yet */
void kvm_memslots_init(struct kvm *kvm)
{
	struct kvm_memslots *slots;

	for (slots = kvm->memslots; slots < kvm->memslots + KVM_ADDRESS_SPACES; slots++) {
		mt_init_flags(&slots->gfn_tree, MT_FLAGS_USE_RCU);
		xa_init(&slots->by_id);
		slots->hva_tree = RB_ROOT_CACHED;
	}
}

/** kvm_memslots_free - free all slots; the VM is being destroyed, no reader is left */
void kvm_memslots_free(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	struct kvm_memslots *slots;
	unsigned long id;

	for (slots = kvm->memslots; slots < kvm->memslots + KVM_ADDRESS_SPACES; slots++) {
		xa_for_each(&slots->by_id, id, slot)
			free_slot(kvm, slot, NULL);
		xa_destroy(&slots->by_id);
		/*
		 * Free the nodes here and now. In RCU mode the tree is left to a callback, which
		 * on 6.1 stumbles over big trees.
		 */
		mt_clear_in_rcu(&slots->gfn_tree);
		mtree_destroy(&slots->gfn_tree);
	}
}
