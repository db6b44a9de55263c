// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of written pages: one bit for each page of a slot with KVM_MEM_LOG_DIRTY_PAGES, set when
 * the page is written, taken by KVM_GET_DIRTY_LOG.
 *
 * Bits are set atomically by anybody who has looked the slot up; the log is taken under slots_lock,
 * one taker at a time, and mmu_lock.
 */
#include <linux/bitops.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <kvm/arch.h>

/* Words between two looks at whether somebody waits for mmu_lock. */
#define WORDS_PER_ROUND		256

static unsigned long bitmap_words(const struct kvm_memory_slot *slot)
{
	return BITS_TO_LONGS(slot->npages);
}

/**
 * kvm_dirty_bitmap_alloc - an empty log
 * @slot: for this slot, which is not published yet
 *
 * Twice the size: the second half takes the bits on their way to userspace, so that
 * KVM_GET_DIRTY_LOG needs no memory. Return: 0 or -ENOMEM.
 */
int kvm_dirty_bitmap_alloc(struct kvm_memory_slot *slot)
{
	slot->dirty_bitmap = kvcalloc(2 * bitmap_words(slot), sizeof(long), GFP_KERNEL_ACCOUNT);
	return slot->dirty_bitmap ? 0 : -ENOMEM;
}

/** kvm_dirty_bitmap_free - undo it, if it was done */
void kvm_dirty_bitmap_free(struct kvm_memory_slot *slot)
{
	kvfree(slot->dirty_bitmap);
	slot->dirty_bitmap = NULL;
}

/**
 * kvm_slot_mark_dirty - a page of the slot has been written, or can be from now on
 * @slot: the slot; srcu, slots_lock or mmu_lock keep it
 * @gfn: the page, within it
 *
 * Not tested first: set_bit() is the barrier between the write and the log.
 */
void kvm_slot_mark_dirty(struct kvm_memory_slot *slot, gfn_t gfn)
{
	if (slot->dirty_bitmap)
		set_bit(gfn - slot->base_gfn, slot->dirty_bitmap);
}
EXPORT_SYMBOL_GPL(kvm_slot_mark_dirty);

/*
 * Move the log into @copy and write-protect its pages, so that the next write is noticed. True: any
 * bit was set. A page is taken out of the log before it is write-protected: a write in between sets
 * the bit again, at worst for nothing.
 */
static bool take_log(struct kvm *kvm, struct kvm_memory_slot *slot, unsigned long *copy)
{
	unsigned long i, mask, words = bitmap_words(slot);
	bool any = false;

	write_lock(&kvm->mmu_lock);
	for (i = 0; i < words; i++) {
		if (i % WORDS_PER_ROUND == WORDS_PER_ROUND - 1)
			cond_resched_rwlock_write(&kvm->mmu_lock);
		copy[i] = 0;
		if (!READ_ONCE(slot->dirty_bitmap[i]))
			continue;
		mask = xchg(&slot->dirty_bitmap[i], 0);
		copy[i] = mask;
		kvm_arch_write_protect_mask(kvm, slot, i * BITS_PER_LONG, mask);
		any = true;
	}
	/* Before userspace can read the pages, and before anybody else relies on the protection. */
	if (any)
		kvm_flush_remote_tlbs(kvm);
	write_unlock(&kvm->mmu_lock);
	return any;
}

/* Userspace never saw the log: put it back. The protected pages fault once more, no harm. */
static void restore_log(struct kvm_memory_slot *slot, const unsigned long *copy)
{
	unsigned long i, bit;

	for (i = 0; i < bitmap_words(slot); i++) {
		for_each_set_bit(bit, &copy[i], BITS_PER_LONG)
			set_bit(i * BITS_PER_LONG + bit, slot->dirty_bitmap);
	}
}

/**
 * kvm_get_dirty_log - which pages were written since the last time? (api.rst 4.8)
 * @kvm: the VM; slots_lock held
 * @log: the argument, in kernel memory; the bitmap is userspace's
 *
 * May sleep. Return: 0; -EINVAL: a slot number out of range; -ENOENT: no such slot, or it keeps no
 * log; -EFAULT: the bitmap cannot be written, and then no bit is lost.
 */
int kvm_get_dirty_log(struct kvm *kvm, const struct kvm_dirty_log *log)
{
	unsigned int as_id = log->slot >> 16, id = (u16)log->slot;
	struct kvm_memory_slot *slot;
	unsigned long *copy;

	lockdep_assert_held(&kvm->slots_lock);
	if (as_id >= KVM_ADDRESS_SPACES || id >= KVM_USER_MEM_SLOTS)
		return -EINVAL;
	slot = kvm_id_to_slot(kvm, as_id, id);
	if (!slot || !slot->dirty_bitmap)
		return -ENOENT;
	copy = slot->dirty_bitmap + bitmap_words(slot);
	take_log(kvm, slot, copy);
	if (copy_to_user(log->dirty_bitmap, copy, bitmap_words(slot) * sizeof(long))) {
		restore_log(slot, copy);
		return -EFAULT;
	}
	return 0;
}
