/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to guest memory by guest physical address, and gfn → pfn.
 *
 * They take kvm->srcu lazily on the vCPU's behalf (see kvm_vcpu_hold_srcu), may sleep and fault
 * user pages in.
 */
#ifndef __KVM_GUEST_MEM_H
#define __KVM_GUEST_MEM_H

#include <kvm/memslot.h>

int kvm_vcpu_read_guest(struct kvm_vcpu *vcpu, gpa_t gpa, void *data, unsigned long len);
int kvm_vcpu_write_guest(struct kvm_vcpu *vcpu, gpa_t gpa, const void *data, unsigned long len);

/*
 * hva of @gfn for reading (@writable says whether writing is allowed as well) or KVM_HVA_INVALID.
 */
unsigned long kvm_vcpu_gfn_to_hva_prot(struct kvm_vcpu *vcpu, gfn_t gfn, bool *writable);
void kvm_vcpu_mark_page_dirty(struct kvm_vcpu *vcpu, gfn_t gfn);

/**
 * struct kvm_page_ref - what backs a gfn right now
 * @pfn: host frame
 * @page: its struct page, or NULL (PFNMAP: device memory)
 * @writable: the host maps it writable
 * @held: a reference to @page is held; without one it must not be looked at before
 *   kvm_mmu_invalidate_retry() has said that it is still mapped
 * @level: how large the host maps it, as kvm_host_mapping_level() says; 0: not known
 *
 * It stays valid only while the mmu notifier's sequence has not moved: see
 * kvm_mmu_invalidate_retry().
 */
struct kvm_page_ref {
	kvm_pfn_t pfn;
	struct page *page;
	bool writable;
	bool held;
	u8 level;
};

/* Frames of the block that one fault looks at: a power of two. */
#define KVM_AROUND	16

unsigned int kvm_mapped_around(const struct kvm_memory_slot *slot, gfn_t gfn, kvm_pfn_t *pfns);
int kvm_faultin_pfn(const struct kvm_memory_slot *slot, gfn_t gfn, bool write, bool interruptible,
		    struct kvm_page_ref *ref);
void kvm_release_page(struct kvm_page_ref *ref, bool dirty);
int kvm_host_mapping_level(const struct kvm_memory_slot *slot, gfn_t gfn);

#endif
