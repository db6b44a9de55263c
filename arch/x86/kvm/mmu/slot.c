// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core asks of the MMU when memory changes: memslots, the mmu notifier, the dirty log, TLB
 * flushes. These are the kvm_arch_* hooks of <kvm/arch.h>, where their locks are stated.
 */
#include "mmu_internal.h"

/*
 * The gfns that our tables and the host's physical addresses reach; a guest cannot use one beyond.
 */
static gfn_t mmu_gfn_limit(void)
{
	unsigned int table_bits = SPTE_INDEX_BITS * kvm_mmu_config.tdp_level;

	return 1ull << min_t(unsigned int, boot_cpu_data.x86_phys_bits - PAGE_SHIFT, table_bits);
}

/*
 * --- memslots ------------------------------------------------------------------------------------
 */

/* A frame's place in a huge page must be the same for the guest and for the host. */
static int slot_max_level(const struct kvm_memory_slot *slot)
{
	gfn_t differ = slot->base_gfn ^ (slot->userspace_addr >> PAGE_SHIFT);
	int level = 1;

	while (level < 3 && !(differ & (mmu_level_pages(level + 1) - 1)))
		level++;
	return level;
}

/**
 * kvm_arch_prepare_slot - can the MMU serve the slot?
 * @kvm: the VM
 * @old: the slot before, or NULL
 * @new: the slot to be, its arch part filled here; NULL when it is deleted
 * @change: what is asked
 *
 * Return: 0, or -EINVAL: the slot ends beyond what the host can address.
 */
int kvm_arch_prepare_slot(struct kvm *kvm, const struct kvm_memory_slot *old,
			  struct kvm_memory_slot *new, enum kvm_slot_change change)
{
	if (change == KVM_SLOT_DELETE)
		return 0;
	if (new->base_gfn + new->npages > mmu_gfn_limit())
		return -EINVAL;
	new->arch.max_level = slot_max_level(new);
	if (!kvm_mmu_config.tdp)
		return shadow_rmap_prepare(new, change == KVM_SLOT_FLAGS ? old : NULL);
	return 0;
}

/* Faults go by the new slot already; what they mapped by the old one is put right. */
static void mmu_slot_log_changed(struct kvm *kvm, const struct kvm_memory_slot *slot)
{
	gfn_t start = slot->base_gfn, end = start + slot->npages;

	if (slot->dirty_bitmap) {
		/* A log that begins full needs nothing before it is cleared. */
		if (!kvm_dirty_log_initially_set(kvm))
			tdp_split_range(kvm, start, end, true);
	} else if (kvm_mmu_config.huge_level > 1 && slot->arch.max_level > 1) {
		write_lock(&kvm->mmu_lock);
		tdp_zap_split(kvm, start, end);
		write_unlock(&kvm->mmu_lock);
	}
}

/*
 * Tables that were shadowed where no memory was, or by faults that still saw a slot gone since,
 * show something else now. When a log ends, those that stand for parts of big pages alone go: they
 * may be one entry again.
 */
static void shadow_commit_slot(struct kvm *kvm, const struct kvm_memory_slot *old,
			       const struct kvm_memory_slot *new, enum kvm_slot_change change)
{
	write_lock(&kvm->mmu_lock);
	if (new && change != KVM_SLOT_FLAGS)
		shadow_zap_tables(kvm, new->base_gfn, new->base_gfn + new->npages, false);
	else if (new && new->dirty_bitmap && !old->dirty_bitmap)
		shadow_write_protect_slot(kvm, new);
	else if (new && !new->dirty_bitmap && old->dirty_bitmap && new->arch.max_level > 1)
		shadow_zap_tables(kvm, new->base_gfn, new->base_gfn + new->npages, true);
	write_unlock(&kvm->mmu_lock);
	shadow_set_limit(kvm);
}

/**
 * kvm_arch_commit_slot - the slot is published: make the page tables follow
 * @kvm: the VM
 * @old: the slot before, or NULL
 * @new: the slot now, or NULL
 * @change: what was asked
 *
 * A new slot has no mappings, those of a deleted or moved one went with kvm_arch_flush_slot(). The
 * core has waited for the last fault that went by @old.
 */
void kvm_arch_commit_slot(struct kvm *kvm, const struct kvm_memory_slot *old,
			  const struct kvm_memory_slot *new, enum kvm_slot_change change)
{
	/* Next time the numbers in MMIO entries begin again: an old one must not pass for new. */
	if (!((kvm->memslots[0].generation + 1) % SPTE_MMIO_GENERATIONS))
		kvm_arch_flush_shadow_all(kvm);
	if (!kvm_mmu_config.tdp)
		shadow_commit_slot(kvm, old, new, change);
	else if (change == KVM_SLOT_FLAGS && !old->dirty_bitmap != !new->dirty_bitmap)
		mmu_slot_log_changed(kvm, new);
}

void kvm_arch_free_slot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	shadow_rmap_free(slot);
}

/* The slot is marked invalid, and the last fault that did not see the mark is over. */
void kvm_arch_flush_slot(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	write_lock(&kvm->mmu_lock);
	if (!kvm_mmu_config.tdp)
		shadow_flush_slot(kvm, slot);
	else if (tdp_zap_range(kvm, slot->base_gfn, slot->base_gfn + slot->npages, true))
		kvm_flush_remote_tlbs(kvm);
	write_unlock(&kvm->mmu_lock);
}

/*
 * --- the mmu notifier ----------------------------------------------------------------------------
 */

/* mmu_lock is not dropped: the core walks its tree of slots under it. */
bool kvm_arch_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	if (!kvm_mmu_config.tdp)
		return shadow_unmap_range(kvm, range);
	return tdp_zap_range(kvm, range->start, range->end, false);
}

bool kvm_arch_age_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	if (!kvm_mmu_config.tdp)
		return shadow_age_range(kvm, range, true);
	return tdp_age_range(kvm, range->start, range->end);
}

bool kvm_arch_test_age_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range)
{
	if (!kvm_mmu_config.tdp)
		return shadow_age_range(kvm, range, false);
	return tdp_test_age_range(kvm, range->start, range->end);
}

/**
 * kvm_arch_flush_shadow_all - the address space goes away: nothing may stay mapped
 * @kvm: the VM; no vCPU can run any more. mmu_lock is taken here
 */
void kvm_arch_flush_shadow_all(struct kvm *kvm)
{
	if (!kvm_mmu_config.tdp) {
		shadow_zap_all(kvm);
		return;
	}
	write_lock(&kvm->mmu_lock);
	if (tdp_zap_range(kvm, 0, KVM_GFN_INVALID, true))
		kvm_flush_remote_tlbs(kvm);
	write_unlock(&kvm->mmu_lock);
}

/*
 * --- the dirty log -------------------------------------------------------------------------------
 */

/* The caller flushes remote TLBs when it is done with all its masks. */
void kvm_arch_write_protect_mask(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t offset,
				 unsigned long mask)
{
	if (kvm_mmu_config.tdp) {
		tdp_log_protect_mask(kvm, slot->base_gfn + offset, mask);
		return;
	}
	lockdep_assert_held_write(&kvm->mmu_lock);
	for (; mask; mask &= mask - 1)
		shadow_write_protect_gfn(kvm, slot, slot->base_gfn + offset + __ffs(mask));
}

void kvm_arch_sync_dirty_log(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	if (kvm_mmu_config.tdp)
		tdp_log_sync(kvm, slot);
}

/* Only a log that began full can have huge pages left. */
void kvm_arch_prepare_clear(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t offset, gfn_t nr)
{
	gfn_t start = slot->base_gfn + offset;

	if (kvm_mmu_config.tdp && kvm_dirty_log_initially_set(kvm))
		tdp_split_range(kvm, start, start + nr, false);
}

/* The entry must be made when the page is written: hardware logs the D bit it sets, or we fault. */
void kvm_arch_dirty_ring_enabled(struct kvm *kvm)
{
	if (!kvm_mmu_config.dirty_buffer)
		kvm->arch.mmu.log_by_dirty = false;
}

unsigned int kvm_arch_dirty_ring_reserve(void)
{
	return kvm_mmu_config.dirty_buffer;
}

/*
 * --- guest memory written by us ------------------------------------------------------------------
 */

/* Only copies of the guest's tables have to be told. */
void kvm_arch_guest_written(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int len)
{
	if (unlikely(!kvm_mmu_config.tdp))
		vcpu->arch.mmu->update_pte(vcpu, gpa, NULL, len);
}
EXPORT_SYMBOL_GPL(kvm_arch_guest_written);

