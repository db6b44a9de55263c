/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory slots: which ranges of guest physical memory are backed by which user addresses.
 *
 * Slots of one address space live in a maple tree keyed by gfn (logarithmic look-up, RCU readers),
 * an xarray keyed by slot id and an interval tree keyed by hva (for the mmu notifier). A slot is
 * immutable once published, but for its dirty bitmap's bits: a change publishes a new slot and
 * frees the old one after a grace period of kvm->srcu.
 *
 * Writers hold kvm->slots_lock. Readers hold kvm->srcu, or kvm->slots_lock. The hva tree is under
 * kvm->mmu_lock.
 */
#ifndef __KVM_MEMSLOT_H
#define __KVM_MEMSLOT_H

#include <linux/interval_tree.h>
#include <linux/kvm.h>
#include <linux/maple_tree.h>
#include <linux/xarray.h>
#include <kvm/types.h>
#include <kvm_arch_memslot.h>

/* What KVM_CAP_NR_MEMSLOTS says: ids 0 … KVM_USER_MEM_SLOTS - 1 in each address space. */
#define KVM_USER_MEM_SLOTS	32764

/* And those behind them that the kernel makes for itself (private_slot.c), by what they are for. */
enum kvm_private_slot {
	KVM_SLOT_IDENTITY_MAP = KVM_USER_MEM_SLOTS,
	KVM_SLOT_PRIVATE_END,
};
#define KVM_PRIVATE_MEM_SLOTS	(KVM_SLOT_PRIVATE_END - KVM_USER_MEM_SLOTS)

/* Address space 1 is the SMM one; it exists when SMM does. */
#define KVM_ADDRESS_SPACES	1

/* A slot is at most 8 TiB, so that a page index in it fits an int (KVM_GET_DIRTY_LOG's unit). */
#define KVM_MEM_MAX_NR_PAGES	((1ul << 31) - 1)

/*
 * Kernel-only flag: the slot is being deleted or moved; a fault that finds it must retry, not call
 * it MMIO.
 */
#define KVM_MEMSLOT_INVALID	(1u << 31)

/**
 * struct kvm_memory_slot - one range of guest memory
 * @base_gfn: first guest frame (o)
 * @npages: length in 4 KiB pages, never 0 (o)
 * @userspace_addr: host virtual address of the first byte, page-aligned (o)
 * @flags: KVM_MEM_* as userspace gave them, and KVM_MEMSLOT_INVALID (o but for that one bit; read
 *   it by kvm_slot_invalid())
 * @id: the slot's number in its address space (o)
 * @as_id: the address space (o)
 * @hva_node: node of kvm_memslots.hva_tree; ->start and ->last are the slot's hva range (l:
 *   kvm->mmu_lock)
 * @dirty_bitmap: one bit a page with KVM_MEM_LOG_DIRTY_PAGES, else NULL; bits are set atomically
 *   (o: the pointer)
 * @arch: what the architecture keeps for each slot
 */
struct kvm_memory_slot {
	gfn_t base_gfn;
	unsigned long npages;
	unsigned long userspace_addr;
	u32 flags;
	u16 id;
	u16 as_id;
	struct interval_tree_node hva_node;
	unsigned long *dirty_bitmap;
	struct kvm_arch_memory_slot arch;
};

/**
 * struct kvm_memslots - the slots of one address space
 * @gfn_tree: gfn range → slot; RCU readers, written under slots_lock
 * @by_id: slot id → slot; under slots_lock
 * @hva_tree: hva range → slots; under mmu_lock or mn_lock, changed under both
 * @generation: grows by one at each publication; a per-vCPU last hit is good only for the
 *   generation it was taken in
 * @nr_pages: sum of npages; under slots_lock
 */
struct kvm_memslots {
	struct maple_tree gfn_tree;
	struct xarray by_id;
	struct rb_root_cached hva_tree;
	u64 generation;
	unsigned long nr_pages;
};

/* A range of gfns of one slot, as the mmu notifier hands it to the MMU: [start, end). */
struct kvm_gfn_range {
	struct kvm_memory_slot *slot;
	gfn_t start;
	gfn_t end;
};

static inline bool kvm_slot_has_gfn(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	return gfn - slot->base_gfn < slot->npages;
}

static inline unsigned long kvm_slot_gfn_to_hva(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	return slot->userspace_addr + (gfn - slot->base_gfn) * PAGE_SIZE;
}

static inline bool kvm_slot_invalid(const struct kvm_memory_slot *slot)
{
	return READ_ONCE(slot->flags) & KVM_MEMSLOT_INVALID;
}

static inline bool kvm_slot_readonly(const struct kvm_memory_slot *slot)
{
	return slot->flags & KVM_MEM_READONLY;
}

void kvm_memslots_init(struct kvm *kvm);
void kvm_memslots_free(struct kvm *kvm);
int kvm_set_memory_region(struct kvm *kvm, const struct kvm_userspace_memory_region2 *mem);
struct kvm_memory_slot *kvm_gfn_to_slot(struct kvm *kvm, gfn_t gfn);
struct kvm_memory_slot *kvm_vcpu_gfn_to_slot(struct kvm_vcpu *vcpu, gfn_t gfn);
struct kvm_memory_slot *kvm_vcpu_last_slot(struct kvm_vcpu *vcpu, gfn_t gfn);
struct kvm_memory_slot *kvm_id_to_slot(struct kvm *kvm, unsigned int as_id, unsigned int id);

/* private_slot.c */
int kvm_private_slot_create(struct kvm *kvm, enum kvm_private_slot id, gpa_t gpa,
			    const void *content);
void kvm_private_slots_unmap(struct kvm *kvm);

/* dirty_log.c */
int kvm_get_dirty_log(struct kvm *kvm, const struct kvm_dirty_log *log);
int kvm_clear_dirty_log(struct kvm *kvm, const struct kvm_clear_dirty_log *log);
int kvm_dirty_log_set_manual(struct kvm *kvm, u64 flags);
int kvm_dirty_bitmap_alloc(struct kvm *kvm, struct kvm_memory_slot *slot);
void kvm_dirty_bitmap_free(struct kvm *kvm, struct kvm_memory_slot *slot);
unsigned long *kvm_slot_second_bitmap(const struct kvm_memory_slot *slot);
void kvm_slot_mark_dirty(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			 gfn_t gfn);

#endif
