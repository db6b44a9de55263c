/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty ring of a vCPU: written pages in the order in which they were written, in memory that
 * userspace maps (api.rst 8.29).
 */
#ifndef __KVM_DIRTY_RING_H
#define __KVM_DIRTY_RING_H

#include <linux/types.h>

struct kvm;
struct kvm_vcpu;
struct kvm_memory_slot;
struct kvm_dirty_gfn;
struct page;

/* Bytes of a ring: what KVM_CAP_DIRTY_LOG_RING answers, and the least that can be asked for. */
#define KVM_DIRTY_RING_MAX_SIZE		(65536 * 16)
#define KVM_DIRTY_RING_MIN_SIZE		4096

/**
 * struct kvm_dirty_ring - a vCPU's ring
 * @gfns: the entries, shared with userspace, which may write anything at any time; NULL: none
 * @size: how many, a power of two (o)
 * @soft_limit: with more in use KVM_RUN leaves to userspace (o)
 * @tail: entries ever filled; by the vCPU's thread (v)
 * @head: entries ever taken back; under kvm->slots_lock, read by the vCPU's thread
 * @spilled: a page found no room: it waits in its slot's second bitmap (a)
 */
struct kvm_dirty_ring {
	struct kvm_dirty_gfn *gfns;
	u32 size;
	u32 soft_limit;
	u32 tail;
	u32 head;
	bool spilled;
};

int kvm_dirty_ring_enable(struct kvm *kvm, u64 bytes);
int kvm_dirty_ring_alloc(struct kvm_vcpu *vcpu);
void kvm_dirty_ring_free(struct kvm_vcpu *vcpu);
struct page *kvm_dirty_ring_page(struct kvm_vcpu *vcpu, unsigned long offset);
void kvm_dirty_ring_mark(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			 unsigned long offset);
bool kvm_dirty_ring_must_exit(struct kvm_vcpu *vcpu);
int kvm_dirty_rings_reset(struct kvm *kvm);

#endif
