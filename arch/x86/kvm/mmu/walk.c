// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest page-table walk, one for all formats: struct kvm_paging says what differs. Called by
 * gva.c (and by the emulator through it) on the vCPU's thread; it may sleep in user faults.
 *
 * Pure: guest memory is reached through guest_pte.h only. This is the hot path of every instruction
 * fetch, so the loop reads tables instead of asking questions.
 */
#include "walk.h"
#include "guest_pte.h"

/*
 * SDM 4.7, APM2 8.4.2: the error code of a fault met in a walk. @why has P, RSVD and PK; I/D is
 * reported only where the guest's paging knows of it, and U/S is clear for an implicit access.
 */
static noinline u64 walk_fault(const struct kvm_walk *walk, u64 addr, u64 why,
			       struct x86_exception *fault)
{
	const struct kvm_paging *pg = walk->paging;
	u64 code = why | (walk->access & PFERR_WRITE_MASK);

	if (!(walk->access & PFERR_IMPLICIT_ACCESS))
		code |= walk->access & PFERR_USER_MASK;
	if (pg->reports_fetch)
		code |= walk->access & PFERR_FETCH_MASK;

	*fault = (struct x86_exception) {
		.vector = 14,
		.error_code_valid = true,
		.nested_page_fault = pg->ept,
		.error_code = code,
		.address = addr,
	};
	return KVM_WALK_FAULT;
}

/* The rights that all entries of the walk leave, out of the AND of them (rights_flip applied). */
static __always_inline unsigned int walk_acc(const struct kvm_paging *pg, u64 rights)
{
	if (unlikely(pg->ept))
		return ((rights & 1) << 2) | (rights & KVM_ACC_WRITE) | ((rights >> 2) & 1);
	return (rights & (GPTE_W | GPTE_U)) | (rights >> 63);
}

/* Where the walk's last entry points, with the offset that the address has in its page. */
static __always_inline u64 walk_gpa(const struct kvm_paging *pg, u64 pte, u64 addr, int shift)
{
	u64 offset = GENMASK_ULL(shift - 1, 0);
	u64 base = pte & pg->addr_mask & ~offset;

	/* PSE-36: bits 39:32 of a 4 MiB page are in bits 20:13 of its entry (SDM table 4-4). */
	if (unlikely(pg->pse36_mask) && shift > PAGE_SHIFT)
		base |= (pte & pg->pse36_mask) << (32 - 13);
	return base | (addr & offset);
}

/*
 * PAE: the PDPTE for @addr, from the CPU's copies or, under NPT, from memory (APM2 15.25.10). It
 * has no rights and no accessed bit. Returns 0, or why it faults, plus bit 63.
 */
static noinline u64 walk_pdpte(struct kvm_walk *walk, u64 addr, u64 *table)
{
	const struct kvm_paging *pg = walk->paging;
	unsigned int index = (addr >> 30) & 3;
	u64 pdpte;

	if (pg->pdptrs_cached) {
		pdpte = guest_pdptr(walk->vcpu, index);
		if (!(pdpte & GPTE_P))
			return BIT_ULL(63);
	} else {
		pdpte = guest_pte_read(walk, (walk->root & pg->root_mask) + index * 8, true);
		if (!(pdpte & GPTE_P))
			return BIT_ULL(63);
		if (pdpte & pg->pdpte_rsvd)
			return BIT_ULL(63) | PFERR_PRESENT_MASK | PFERR_RSVD_MASK;
	}
	*table = pdpte & pg->addr_mask;
	return 0;
}

/**
 * kvm_walk_guest - translate an address as the guest's CPU would, for one access
 * @walk: the access and the paging state; @walk->level and @walk->acc are filled
 * @addr: the linear address, or the guest physical one when the format is EPT
 * @fault: filled when the walk faults
 *
 * Accessed bits are set in every entry used and the dirty bit in the last one, before the access
 * is made and only if it is allowed (SDM 4.8, APM2 5.4.2); an entry that changed meanwhile is
 * walked again, as its new value may not allow the access.
 *
 * Return: the guest physical address, or KVM_WALK_FAULT.
 */
u64 kvm_walk_guest(struct kvm_walk *walk, u64 addr, struct x86_exception *fault)
{
	const struct kvm_paging *pg = walk->paging;
	u64 pte, pte_gpa, table, rights, want, denied;
	int level, shift;

	if (unlikely(!pg->level)) {
		walk->level = 1;
		walk->acc = KVM_ACC_ALL;
		return (u32)addr;
	}
again:
	level = pg->walk_level;
	if (unlikely(level != pg->level)) {
		u64 why = walk_pdpte(walk, addr, &table);

		if (why)
			return walk_fault(walk, addr, why & ~BIT_ULL(63), fault);
	} else {
		table = walk->root & pg->root_mask;
	}

	rights = ~0ull;
	shift = PAGE_SHIFT + pg->index_bits * (level - 1);
	for (;; level--, shift -= pg->index_bits) {
		unsigned int index = (addr >> shift) & (BIT(pg->index_bits) - 1);

		pte_gpa = table + (index << (2 + pg->wide));
		pte = guest_pte_read(walk, pte_gpa, pg->wide);
		if (unlikely(!(pte & pg->present)))
			return walk_fault(walk, addr, 0, fault);
		if (unlikely(kvm_paging_reserved(pg, pte, level)))
			return walk_fault(walk, addr, PFERR_PRESENT_MASK | PFERR_RSVD_MASK, fault);
		rights &= pte ^ pg->rights_flip;
		if (kvm_paging_is_last(pg, pte, level))
			break;
		if (unlikely(pg->accessed & ~pte) &&
		    !guest_pte_set(walk, pte_gpa, pg->wide, pte, pg->accessed))
			goto again;
		table = pte & pg->addr_mask;
	}

	walk->level = level;
	walk->acc = walk_acc(pg, rights);
	denied = kvm_paging_denied(pg, walk->acc, (pte >> GPTE_PKEY_SHIFT) & 15, walk->access,
				   walk->pkru);
	if (unlikely(denied))
		return walk_fault(walk, addr, denied | PFERR_PRESENT_MASK, fault);

	want = walk->access & PFERR_WRITE_MASK ? pg->accessed | pg->dirty : pg->accessed;
	if (unlikely(want & ~pte) && !guest_pte_set(walk, pte_gpa, pg->wide, pte, want))
		goto again;
	return walk_gpa(pg, pte, addr, shift);
}
