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

bool guest_window(struct kvm_walk *walk, gpa_t gpa);

/* The window becomes the slot. */
static __always_inline void guest_set_window(struct kvm_walk *walk,
					     const struct kvm_memory_slot *slot)
{
	walk->start = gfn_to_gpa(slot->base_gfn);
	walk->size = (u64)slot->npages << PAGE_SHIFT;
	walk->hva = slot->userspace_addr;
	walk->readonly = kvm_slot_readonly(slot);
}

/*
 * The hva behind @gpa; false: nothing is there. The guest chose @gpa, so the offset is clamped
 * against speculation past the bound check too. Userspace's addresses were checked by access_ok()
 * when the slot was made.
 */
static __always_inline bool walk_hva(struct kvm_walk *walk, gpa_t gpa, unsigned long *hva)
{
	unsigned long offset = gpa - walk->start;

	if (unlikely(offset >= walk->size)) {
		if (!guest_window(walk, gpa))
			return false;
		offset = gpa - walk->start;
	}
	*hva = walk->hva + array_index_nospec(offset, (unsigned long)walk->size);
	return true;
}

/*
 * Read an entry of 4 or 8 bytes, aligned, in one access: the guest may write it at any time. Where
 * no memory is, a bus answers with ones; so does this, and the walk ends in a reserved bit.
 */
static __always_inline u64 guest_pte_read(struct kvm_walk *walk, gpa_t gpa, const bool wide)
{
	unsigned long hva;
	u64 pte;
	u32 half;

	if (unlikely(!walk_hva(walk, gpa, &hva)))
		return wide ? ~0ull : ~0u;

	__uaccess_begin();
	if (wide) {
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
