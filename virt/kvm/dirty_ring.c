// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty ring: what KVM_GET_DIRTY_LOG says of a whole slot, said page by page (api.rst 8.29).
 *
 * A vCPU's thread fills its own ring; KVM_RESET_DIRTY_RINGS, under slots_lock, takes back what
 * userspace has marked as seen and makes the next write to those pages noticed. The slot's bitmap
 * is kept as well: a page whose bit is set is in some ring already and is not entered twice, so
 * that what the kernel writes again and again costs one entry. A page that finds its ring full goes
 * into the slot's second bitmap and from there into the ring before the vCPU runs again: no write
 * is lost, however userspace behaves.
 *
 * The entries are userspace's memory: each is read once, and what it says is checked.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <kvm/arch.h>
#include "core.h"

/* Free entries at which KVM_RUN stops: an exit writes few pages before the next look. */
#define RESERVED_ENTRIES	64

/**
 * kvm_dirty_ring_enable - KVM_ENABLE_CAP of KVM_CAP_DIRTY_LOG_RING(_ACQ_REL)
 * @kvm: the VM
 * @bytes: size of each vCPU's ring
 *
 * Return: 0; -EINVAL: no power of two, too small, enabled before, or there are vCPUs
 * or logs; -E2BIG: too big.
 */
int kvm_dirty_ring_enable(struct kvm *kvm, u64 bytes)
{
	u32 reserved = RESERVED_ENTRIES + kvm_arch_dirty_ring_reserve();
	int r = -EINVAL;

	BUILD_BUG_ON(sizeof(struct kvm_dirty_gfn) != 16);
	if (!is_power_of_2(bytes) || bytes < KVM_DIRTY_RING_MIN_SIZE ||
	    bytes <= (u64)reserved * sizeof(struct kvm_dirty_gfn))
		return -EINVAL;
	if (bytes > KVM_DIRTY_RING_MAX_SIZE)
		return -E2BIG;
	mutex_lock(&kvm->lock);
	mutex_lock(&kvm->slots_lock);
	/* A log made before may say that pages are in a ring, which they are not. */
	if (!kvm->created_vcpus && !kvm->dirty_ring_size && !kvm->nr_dirty_logs) {
		kvm->dirty_ring_size = bytes / sizeof(struct kvm_dirty_gfn);
		kvm_arch_dirty_ring_enabled(kvm);
		r = 0;
	}
	mutex_unlock(&kvm->slots_lock);
	mutex_unlock(&kvm->lock);
	return r;
}

/** kvm_dirty_ring_alloc - a new vCPU's ring, if the VM has rings; 0 or -ENOMEM */
int kvm_dirty_ring_alloc(struct kvm_vcpu *vcpu)
{
	struct kvm_dirty_ring *ring = &vcpu->dirty_ring;
	u32 size = vcpu->kvm->dirty_ring_size;

	if (!size)
		return 0;
	ring->gfns = __vmalloc(array_size(size, sizeof(*ring->gfns)),
			       GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!ring->gfns)
		return -ENOMEM;
	ring->size = size;
	ring->soft_limit = size - RESERVED_ENTRIES - kvm_arch_dirty_ring_reserve();
	/* What was written before there was a vCPU to tell. */
	ring->spilled = true;
	kvm_make_request(KVM_REQ_DIRTY_RING_FULL, vcpu);
	return 0;
}

/** kvm_dirty_ring_free - the vCPU goes; userspace's mappings keep the pages they have */
void kvm_dirty_ring_free(struct kvm_vcpu *vcpu)
{
	vfree(vcpu->dirty_ring.gfns);
	vcpu->dirty_ring.gfns = NULL;
}

/**
 * kvm_dirty_ring_page - a page of the ring, for mmap
 * @vcpu: the vCPU
 * @offset: its number
 *
 * Return: the page, or NULL: the ring is not that long.
 */
struct page *kvm_dirty_ring_page(struct kvm_vcpu *vcpu, unsigned long offset)
{
	struct kvm_dirty_ring *ring = &vcpu->dirty_ring;

	if (!ring->gfns || offset >= (ring->size * sizeof(*ring->gfns)) >> PAGE_SHIFT)
		return NULL;
	return vmalloc_to_page((void *)ring->gfns + (offset << PAGE_SHIFT));
}

/* ---- filling: the vCPU's thread ---- */

static u32 ring_used(const struct kvm_dirty_ring *ring)
{
	/* Pairs with the release in take_back(): an entry is free before it is counted so. */
	return ring->tail - smp_load_acquire(&ring->head);
}

static bool ring_push(struct kvm_dirty_ring *ring, const struct kvm_memory_slot *slot, u64 offset)
{
	struct kvm_dirty_gfn *entry;

	if (ring_used(ring) >= ring->size)
		return false;
	entry = &ring->gfns[ring->tail & (ring->size - 1)];
	WRITE_ONCE(entry->slot, (u32)slot->as_id << 16 | slot->id);
	WRITE_ONCE(entry->offset, offset);
	/* Userspace reads the flags first, and then the rest. */
	smp_store_release(&entry->flags, KVM_DIRTY_GFN_F_DIRTY);
	/* Pairs with the acquire in take_back(). */
	smp_store_release(&ring->tail, ring->tail + 1);
	return true;
}

/* The page's second bit says that no ring has it yet; a vCPU, if there is one, shall enter it. */
static void spill(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot, unsigned long offset)
{
	set_bit(offset, kvm_slot_second_bitmap(slot));
	if (!vcpu)
		return;
	/* After the bit: pairs with the xchg() in enter_spilled(). */
	smp_store_release(&vcpu->dirty_ring.spilled, true);
	kvm_make_request(KVM_REQ_DIRTY_RING_FULL, vcpu);
}

/**
 * kvm_dirty_ring_mark - a page was written
 * @kvm: the VM, which has rings
 * @vcpu: whose thread we are; NULL: nobody's, and the first vCPU shall tell
 * @slot: the page's slot, which keeps a log
 * @offset: the page in it
 */
void kvm_dirty_ring_mark(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			 unsigned long offset)
{
	struct kvm_dirty_ring *ring;

	if (test_and_set_bit(offset, slot->dirty_bitmap))
		return;
	if (unlikely(!vcpu)) {
		spill(kvm_get_vcpu(kvm, 0), slot, offset);
		return;
	}
	ring = &vcpu->dirty_ring;
	if (unlikely(!ring_push(ring, slot, offset)))
		spill(vcpu, slot, offset);
	else if (unlikely(ring_used(ring) >= ring->soft_limit))
		kvm_make_request(KVM_REQ_DIRTY_RING_FULL, vcpu);
}

/* False: the ring is full again. */
static bool enter_spilled_slot(struct kvm_dirty_ring *ring, struct kvm_memory_slot *slot)
{
	unsigned long *bits = kvm_slot_second_bitmap(slot);
	unsigned long bit;

	for_each_set_bit(bit, bits, slot->npages) {
		if (ring_used(ring) >= ring->soft_limit)
			return false;
		/* Another vCPU may be at it. */
		if (test_and_clear_bit(bit, bits))
			ring_push(ring, slot, bit);
	}
	return true;
}

/* Bring what was spilled into the ring, as far as there is room; kvm->srcu is held. */
static void enter_spilled(struct kvm_vcpu *vcpu)
{
	struct kvm_memslots *slots = vcpu->kvm->memslots;
	struct kvm_memory_slot *slot;
	unsigned long gfn;

	xchg(&vcpu->dirty_ring.spilled, false);
	for (; slots < vcpu->kvm->memslots + KVM_ADDRESS_SPACES; slots++) {
		gfn = 0;
		mt_for_each(&slots->gfn_tree, slot, gfn, ULONG_MAX) {
			if (slot->dirty_bitmap && !enter_spilled_slot(&vcpu->dirty_ring, slot)) {
				WRITE_ONCE(vcpu->dirty_ring.spilled, true);
				return;
			}
		}
	}
}

/**
 * kvm_dirty_ring_must_exit - must userspace empty the ring before the guest may run on?
 * @vcpu: the vCPU, its own thread, which has found KVM_REQ_DIRTY_RING_FULL
 *
 * The request stays until there is room again. Return: true: kvm_run says KVM_EXIT_DIRTY_RING_FULL.
 */
bool kvm_dirty_ring_must_exit(struct kvm_vcpu *vcpu)
{
	struct kvm_dirty_ring *ring = &vcpu->dirty_ring;

	/* Before the look: who makes the request again meanwhile is not overlooked. */
	kvm_clear_request(KVM_REQ_DIRTY_RING_FULL, vcpu);
	if (READ_ONCE(ring->spilled)) {
		kvm_vcpu_hold_srcu(vcpu);
		enter_spilled(vcpu);
	}
	if (ring_used(ring) < ring->soft_limit && !READ_ONCE(ring->spilled))
		return false;
	kvm_make_request(KVM_REQ_DIRTY_RING_FULL, vcpu);
	vcpu->run->exit_reason = KVM_EXIT_DIRTY_RING_FULL;
	return true;
}

/* ---- taking back: KVM_RESET_DIRTY_RINGS, slots_lock held ---- */

/* Pages of one slot, within a word of its bitmap, that are write-protected together. */
struct reset_batch {
	struct kvm_memory_slot *slot;
	unsigned long word;
	unsigned long mask;
};

/* From the bitmap first: see take_log(). mmu_lock held exclusive. */
static void flush_batch(struct kvm *kvm, struct reset_batch *batch)
{
	if (batch->mask) {
		atomic_long_andnot(batch->mask,
				   (atomic_long_t *)&batch->slot->dirty_bitmap[batch->word]);
		smp_mb__after_atomic();
		kvm_arch_write_protect_mask(kvm, batch->slot, batch->word * BITS_PER_LONG,
					    batch->mask);
	}
	batch->mask = 0;
}

/* What userspace says was in the entry may be anything: only a page of a logged slot counts. */
static struct kvm_memory_slot *entry_slot(struct kvm *kvm, u32 id, u64 offset)
{
	struct kvm_memory_slot *slot;

	if (id >> 16 >= KVM_ADDRESS_SPACES)
		return NULL;
	slot = kvm_id_to_slot(kvm, id >> 16, (u16)id);
	return slot && slot->dirty_bitmap && offset < slot->npages ? slot : NULL;
}

/*
 * One entry. Those of neighbouring pages that follow each other, as they mostly do, are collected
 * in @batch. False: the next entry has not been marked as seen.
 */
static bool take_back(struct kvm *kvm, struct kvm_dirty_ring *ring, struct reset_batch *batch)
{
	struct kvm_dirty_gfn *entry = &ring->gfns[ring->head & (ring->size - 1)];
	struct kvm_memory_slot *slot;
	u64 offset;

	/* No further than what was filled, whatever the flags beyond it say. */
	if (ring->head == smp_load_acquire(&ring->tail))
		return false;
	/* Acquire: what userspace did with the entry before it marked it is over. */
	if (!(smp_load_acquire(&entry->flags) & KVM_DIRTY_GFN_F_RESET))
		return false;
	offset = READ_ONCE(entry->offset);
	slot = entry_slot(kvm, READ_ONCE(entry->slot), offset);
	WRITE_ONCE(entry->flags, 0);
	/* Pairs with the acquire in ring_used(). */
	smp_store_release(&ring->head, ring->head + 1);
	if (!slot)
		return true;
	if (slot != batch->slot || offset / BITS_PER_LONG != batch->word) {
		flush_batch(kvm, batch);
		batch->slot = slot;
		batch->word = offset / BITS_PER_LONG;
	}
	batch->mask |= BIT(offset % BITS_PER_LONG);
	return true;
}

/* At most one round of the ring, or userspace could keep us here for ever. */
static int reset_ring(struct kvm *kvm, struct kvm_dirty_ring *ring, struct reset_batch *batch)
{
	u32 n;

	for (n = 0; n < ring->size && take_back(kvm, ring, batch); n++) {
		if (n % 512)
			continue;
		flush_batch(kvm, batch);
		kvm_mmu_let_others_in(kvm, true);
	}
	return n;
}

/**
 * kvm_dirty_rings_reset - KVM_RESET_DIRTY_RINGS
 * @kvm: the VM; slots_lock held
 *
 * May sleep. Return: how many entries were taken back, of all vCPUs; -EINVAL without rings.
 */
int kvm_dirty_rings_reset(struct kvm *kvm)
{
	struct reset_batch batch = {};
	struct kvm_vcpu *vcpu;
	int i, n = 0;

	lockdep_assert_held(&kvm->slots_lock);
	if (!kvm->dirty_ring_size)
		return -EINVAL;
	write_lock(&kvm->mmu_lock);
	kvm_for_each_vcpu(i, vcpu, kvm)
		n += reset_ring(kvm, &vcpu->dirty_ring, &batch);
	flush_batch(kvm, &batch);
	if (n)
		kvm_flush_remote_tlbs(kvm);
	write_unlock(&kvm->mmu_lock);
	return n;
}
