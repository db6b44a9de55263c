// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of written pages: one bit for each page of a slot with KVM_MEM_LOG_DIRTY_PAGES, set when
 * the page is written, taken by KVM_GET_DIRTY_LOG or, with KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, by
 * KVM_CLEAR_DIRTY_LOG. A VM with dirty rings tells the same by dirty_ring.c instead.
 *
 * Bits are set atomically by anybody who has looked the slot up, and by the MMU under mmu_lock; the
 * log is taken under slots_lock, one taker at a time, and mmu_lock.
 */
#include <linux/bitops.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <kvm/arch.h>
#include "core.h"

/* Words between two looks at whether somebody waits for mmu_lock. */
#define WORDS_PER_ROUND		256

static unsigned long bitmap_words(const struct kvm_memory_slot *slot)
{
	return BITS_TO_LONGS(slot->npages);
}

/* The copy on its way to userspace or from it; dirty rings: what waits for room in one. */
unsigned long *kvm_slot_second_bitmap(const struct kvm_memory_slot *slot)
{
	return slot->dirty_bitmap + bitmap_words(slot);
}

/**
 * kvm_dirty_bitmap_alloc - a new log
 * @kvm: the VM; slots_lock held
 * @slot: for this slot, which is not published yet
 *
 * Empty, or with KVM_DIRTY_LOG_INITIALLY_SET full. Twice the size, so that taking it needs no
 * memory: kvm_slot_second_bitmap(). Return: 0 or -ENOMEM.
 */
int kvm_dirty_bitmap_alloc(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	slot->dirty_bitmap = kvcalloc(2 * bitmap_words(slot), sizeof(long), GFP_KERNEL_ACCOUNT);
	if (!slot->dirty_bitmap)
		return -ENOMEM;
	if (kvm_dirty_log_initially_set(kvm))
		bitmap_set(slot->dirty_bitmap, 0, slot->npages);
	/* Read under mmu_lock, which is taken between this and the first use of the log. */
	WRITE_ONCE(kvm->nr_dirty_logs, kvm->nr_dirty_logs + 1);
	return 0;
}

/** kvm_dirty_bitmap_free - undo it, if it was done; slots_lock held, or the VM is dying */
void kvm_dirty_bitmap_free(struct kvm *kvm, struct kvm_memory_slot *slot)
{
	if (!slot->dirty_bitmap)
		return;
	kvfree(slot->dirty_bitmap);
	slot->dirty_bitmap = NULL;
	WRITE_ONCE(kvm->nr_dirty_logs, kvm->nr_dirty_logs - 1);
}

/**
 * kvm_slot_mark_dirty - a page of the slot has been written, or can be from now on
 * @kvm: the VM
 * @vcpu: the vCPU whose thread we are, or NULL
 * @slot: the slot; srcu, slots_lock or mmu_lock keep it
 * @gfn: the page, within it
 *
 * Not tested first: set_bit() is the barrier between the write and the log.
 */
void kvm_slot_mark_dirty(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			 gfn_t gfn)
{
	if (!slot->dirty_bitmap)
		return;
	if (kvm->dirty_ring_size)
		kvm_dirty_ring_mark(kvm, vcpu, slot, gfn - slot->base_gfn);
	else
		set_bit(gfn - slot->base_gfn, slot->dirty_bitmap);
}
EXPORT_SYMBOL_GPL(kvm_slot_mark_dirty);

/**
 * kvm_dirty_log_set_manual - KVM_ENABLE_CAP of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 (api.rst 7.18)
 * @kvm: the VM
 * @flags: KVM_DIRTY_LOG_*
 *
 * Holds for logs that are taken, and for those that are made, from now on. Return: 0 or -EINVAL.
 */
int kvm_dirty_log_set_manual(struct kvm *kvm, u64 flags)
{
	if (flags & ~(u64)KVM_DIRTY_LOG_MANUAL_FLAGS ||
	    flags == KVM_DIRTY_LOG_INITIALLY_SET)
		return -EINVAL;
	mutex_lock(&kvm->slots_lock);
	kvm->dirty_log_manual = flags;
	mutex_unlock(&kvm->slots_lock);
	return 0;
}

/* ---- taking the log ---- */

/* Takes bits out of word @i of the log, and leaves those that were set in @copy[i]. */
typedef void take_word_fn(struct kvm_memory_slot *slot, unsigned long i, unsigned long *copy);

/* All of them. */
static void take_whole_word(struct kvm_memory_slot *slot, unsigned long i, unsigned long *copy)
{
	copy[i] = READ_ONCE(slot->dirty_bitmap[i]) ? xchg(&slot->dirty_bitmap[i], 0) : 0;
}

/* Those that @copy names. */
static void take_named_bits(struct kvm_memory_slot *slot, unsigned long i, unsigned long *copy)
{
	atomic_long_t *word = (atomic_long_t *)&slot->dirty_bitmap[i];

	if (copy[i])
		copy[i] &= atomic_long_fetch_andnot(copy[i], word);
}

/*
 * Take words [first, first + words) and make the next write to their pages noticed. A page is
 * taken out of the log before: a write in between sets the bit again, at worst for nothing.
 */
static void take_log(struct kvm *kvm, struct kvm_memory_slot *slot, unsigned long first,
		     unsigned long words, take_word_fn *take)
{
	unsigned long i, *copy = kvm_slot_second_bitmap(slot);
	bool any = false;

	write_lock(&kvm->mmu_lock);
	for (i = first; i < first + words; i++) {
		if (i % WORDS_PER_ROUND == WORDS_PER_ROUND - 1)
			any = kvm_mmu_let_others_in(kvm, any);
		take(slot, i, copy);
		if (!copy[i])
			continue;
		kvm_arch_write_protect_mask(kvm, slot, i * BITS_PER_LONG, copy[i]);
		any = true;
	}
	if (any)
		kvm_flush_remote_tlbs(kvm);
	write_unlock(&kvm->mmu_lock);
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

/* -ENXIO: the VM has dirty rings; -EINVAL: out of range; -ENOENT: no such slot, or it has no log */
static struct kvm_memory_slot *logged_slot(struct kvm *kvm, u32 as_and_id)
{
	unsigned int as_id = as_and_id >> 16, id = (u16)as_and_id;
	struct kvm_memory_slot *slot;

	lockdep_assert_held(&kvm->slots_lock);
	if (kvm->dirty_ring_size)
		return ERR_PTR(-ENXIO);
	if (as_id >= KVM_ADDRESS_SPACES || id >= KVM_USER_MEM_SLOTS)
		return ERR_PTR(-EINVAL);
	slot = kvm_id_to_slot(kvm, as_id, id);
	return slot && slot->dirty_bitmap ? slot : ERR_PTR(-ENOENT);
}

/**
 * kvm_get_dirty_log - which pages were written since the last time? (api.rst 4.8)
 * @kvm: the VM; slots_lock held
 * @log: the argument, in kernel memory; the bitmap is userspace's
 *
 * With KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE the log stays as it is: kvm_clear_dirty_log() takes it.
 *
 * May sleep. Return: 0; -EINVAL: a slot number out of range; -ENOENT: no such slot, or it keeps no
 * log; -ENXIO: the VM has dirty rings; -EFAULT: the bitmap cannot be written, and then no bit is
 * lost.
 */
int kvm_get_dirty_log(struct kvm *kvm, const struct kvm_dirty_log *log)
{
	struct kvm_memory_slot *slot = logged_slot(kvm, log->slot);
	unsigned long *from;

	if (IS_ERR(slot))
		return PTR_ERR(slot);
	kvm_arch_sync_dirty_log(kvm, slot);
	from = slot->dirty_bitmap;
	if (!kvm->dirty_log_manual) {
		from = kvm_slot_second_bitmap(slot);
		take_log(kvm, slot, 0, bitmap_words(slot), take_whole_word);
	}
	if (copy_to_user(log->dirty_bitmap, from, bitmap_words(slot) * sizeof(long))) {
		if (!kvm->dirty_log_manual)
			restore_log(slot, from);
		return -EFAULT;
	}
	return 0;
}

/* api.rst 4.117: both ends at a multiple of 64, or at the end of the slot. */
static bool clear_range_valid(const struct kvm_memory_slot *slot,
			      const struct kvm_clear_dirty_log *log)
{
	if (log->first_page & 63 || log->first_page > slot->npages ||
	    log->num_pages > slot->npages - log->first_page)
		return false;
	return !(log->num_pages & 63) || log->first_page + log->num_pages == slot->npages;
}

/**
 * kvm_clear_dirty_log - userspace will copy these pages: log their next write (api.rst 4.117)
 * @kvm: the VM; slots_lock held
 * @log: the argument, in kernel memory; the bitmap is userspace's
 *
 * May sleep. Return: as kvm_get_dirty_log(); -EINVAL for a range that is none of the slot's, too.
 */
int kvm_clear_dirty_log(struct kvm *kvm, const struct kvm_clear_dirty_log *log)
{
	struct kvm_memory_slot *slot = logged_slot(kvm, log->slot);
	unsigned long first, words, *copy;

	if (IS_ERR(slot))
		return PTR_ERR(slot);
	if (!clear_range_valid(slot, log))
		return -EINVAL;
	if (!log->num_pages)
		return 0;
	first = log->first_page / BITS_PER_LONG;
	words = BITS_TO_LONGS(log->num_pages);
	copy = kvm_slot_second_bitmap(slot) + first;
	if (copy_from_user(copy, log->dirty_bitmap, words * sizeof(long)))
		return -EFAULT;
	if (log->num_pages % BITS_PER_LONG)
		copy[words - 1] &= BITMAP_LAST_WORD_MASK(log->num_pages);
	kvm_arch_prepare_clear(kvm, slot, log->first_page, log->num_pages);
	take_log(kvm, slot, first, words, take_named_bits);
	return 0;
}
