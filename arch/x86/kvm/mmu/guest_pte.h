/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory as a walk touches it: entries read and updated in place through the memslot's user
 * mapping. Included by walk.c and gva.c only.
 *
 * kvm->srcu is held (kvm_walk_begin()); user pages are faulted in, so no spinlock may be.
 * The userspace build of walk.c brings functions of the same names over a fake memory.
 */
#ifndef __KVM_X86_MMU_GUEST_PTE_H
#define __KVM_X86_MMU_GUEST_PTE_H

#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <kvm/guest_mem.h>
#include <kvm/vcpu.h>
#include "regs.h"
#include "walk.h"

/*
 * The hva behind @gpa, KVM_HVA_INVALID when nothing is. The guest chose @gpa, so the offset is
 * clamped against speculation past the bound check too. Userspace's addresses were checked by
 * access_ok() when the slot was made.
 */
static __always_inline unsigned long walk_hva(struct kvm_walk *walk, gpa_t gpa)
{
	const struct kvm_memory_slot *slot = walk->slot;
	gfn_t gfn = gpa_to_gfn(gpa);
	unsigned long page;

	if (unlikely(!slot || !kvm_slot_has_gfn(slot, gfn))) {
		slot = kvm_vcpu_gfn_to_slot(walk->vcpu, gfn);
		if (!slot)
			return KVM_HVA_INVALID;
		walk->slot = slot;
	}
	page = array_index_nospec((unsigned long)(gfn - slot->base_gfn), slot->npages);
	return slot->userspace_addr + (page << PAGE_SHIFT) + offset_in_page(gpa);
}

/*
 * Read an entry of 4 or 8 bytes, aligned, in one access: the guest may write it at any time. Where
 * no memory is, a bus answers with ones; so does this, and the walk ends in a reserved bit.
 */
static __always_inline u64 guest_pte_read(struct kvm_walk *walk, gpa_t gpa, bool wide)
{
	unsigned long hva = walk_hva(walk, gpa);
	u64 pte;
	u32 half;

	if (unlikely(hva == KVM_HVA_INVALID))
		return wide ? ~0ull : ~0u;

	__uaccess_begin();
	if (likely(wide)) {
		unsafe_get_user(pte, (u64 __user *)hva, fault);
	} else {
		unsafe_get_user(half, (u32 __user *)hva, fault);
		pte = half;
	}
	__uaccess_end();
	return pte;
fault:
	__uaccess_end();
	return wide ? ~0ull : ~0u;
}

bool guest_pte_set(struct kvm_walk *walk, gpa_t gpa, bool wide, u64 pte, u64 bits);
u64 guest_pdptr(struct kvm_vcpu *vcpu, int index);

#endif
