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

/* Where the walk's last entry points, with the offset that the address has in its page. */
static __always_inline u64 walk_gpa(const struct kvm_paging *pg, u64 pte, u64 addr, int level,
				    const bool wide)
{
	u64 base = pte & pg->addr_mask;
	u64 offset = PAGE_SIZE - 1;

	if (level > 1) {
		offset = GENMASK_ULL(PAGE_SHIFT - 1 + (wide ? 9 : 10) * (level - 1), 0);
		/* PSE-36: bits 39:32 of the address are in bits 20:13 (SDM table 4-4). */
		if (!wide)
			base |= (pte & pg->pse36_mask) << (32 - 13);
	}
	return (base & ~offset) | (addr & offset);
}

/*
 * PAE: the PDPTE for @addr, from the CPU's copies or, under NPT, from memory (APM2 15.25.10). It
 * has no rights and no accessed bit, and no page: those bits are reserved. KVM_WALK_FAULT: @fault
 * is filled.
 */
static noinline u64 walk_pdpte(struct kvm_walk *walk, u64 addr, struct x86_exception *fault)
{
	const struct kvm_paging *pg = walk->paging;
	unsigned int index = (addr >> 30) & 3;
	u64 pdpte;

	if (pg->pdptrs_cached)
		pdpte = guest_pdptr(walk->vcpu, index);
	else
		pdpte = guest_pte_read(walk, (walk->root & pg->root_mask) + index * 8, true);

	if (!(pdpte & GPTE_P))
		return walk_fault(walk, addr, 0, fault);
	/* The copies were checked when they were loaded. */
	if (!pg->pdptrs_cached && (pdpte & pg->pdpte_rsvd))
		return walk_fault(walk, addr, PFERR_PRESENT_MASK | PFERR_RSVD_MASK, fault);
	return pdpte & pg->addr_mask;
}

/* Bits that must be 0; EPT has illegal mixes of rights and memory types too. */
static __always_inline bool walk_reserved(const struct kvm_paging *pg, u64 pte, int level,
					  const bool ps, const bool ept)
{
	if (ept && (pg->rsvd.bad_mt_xwr & BIT_ULL(pte & 0x3f)))
		return true;
	return pte & pg->rsvd.mask[ps][level - 1];
}

/* What all entries of the walk allow: @all is the AND of them, @any the OR. */
static __always_inline unsigned int walk_acc(u64 all, u64 any, const bool ept)
{
	if (ept)	/* R, W, X at 2:0 */
		return ((all & 1) << 2) | (all & KVM_ACC_WRITE) | ((all >> 2) & 1);
	return (all & (GPTE_W | GPTE_U)) | (~any >> 63);
}

/*
 * The page is found, the rights are gathered: may it be accessed so? Then its accessed and dirty
 * bits are set. False: it changed.
 */
static __always_inline bool walk_leaf(struct kvm_walk *walk, u64 addr, u64 pte_gpa, u64 pte,
				      u64 *gpa, struct x86_exception *fault, const bool wide,
				      const bool ept, const bool traced)
{
	const struct kvm_paging *pg = walk->paging;
	u64 want = ept ? pg->accessed : GPTE_A;
	u64 denied;

	denied = kvm_paging_denied(pg, walk->acc, (pte >> GPTE_PKEY_SHIFT) & 15, walk->access,
				   walk->pkru);
	if (unlikely(denied)) {
		*gpa = walk_fault(walk, addr, denied | PFERR_PRESENT_MASK, fault);
		return true;
	}
	if (walk->access & PFERR_WRITE_MASK)
		want |= ept ? pg->dirty : GPTE_D;
	if (unlikely(want & ~pte) && !guest_pte_set(walk, pte_gpa, wide, pte, want))
		return false;
	if (traced)
		walk->trace->pte[walk->level - 1] = pte | want;
	*gpa = walk_gpa(pg, pte, addr, walk->level, wide);
	return true;
}

static __always_inline void walk_note(struct kvm_walk_trace *trace, int level, u64 pte_gpa,
				      u64 pte, unsigned int acc)
{
	trace->pte_gpa[level - 1] = pte_gpa;
	trace->pte[level - 1] = pte;
	trace->acc[level - 1] = acc;
}

/*
 * From @table, of @level, down to the page. @wide, @ept and @traced are constants of the caller, so
 * that each format's loop has its masks as immediates. False: an entry changed under the walk.
 */
static __always_inline bool walk_tables(struct kvm_walk *walk, u64 addr, u64 table, int level,
					u64 *gpa, struct x86_exception *fault, const bool wide,
					const bool ept, const bool traced)
{
	const struct kvm_paging *pg = walk->paging;
	const int bits = wide ? 9 : 10;
	/* the index of the next table is in the top bits */
	u64 indices = addr << (64 - PAGE_SHIFT - bits * level);
	u64 all = ~0ull, any = 0, why = PFERR_PRESENT_MASK | PFERR_RSVD_MASK;
	u64 pte, pte_gpa;

	for (;; level--) {
		pte_gpa = table + ((indices >> (64 - bits)) << (wide ? 3 : 2));
		indices <<= bits;
		pte = guest_pte_read(walk, pte_gpa, wide);
		if (unlikely(!(pte & (ept ? pg->present : GPTE_P)))) {
			why = 0;
			goto fault;
		}
		all &= pte;
		any |= pte;
		if (traced)
			walk_note(walk->trace, level, pte_gpa, pte | (ept ? pg->accessed : GPTE_A),
				  walk_acc(all, any, ept));
		if (level == 1)
			break;
		if (unlikely(pte & GPTE_PS)) {
			if (pg->last_pte_bitmap & BIT(level - 1))
				break;
			if (walk_reserved(pg, pte, level, true, ept))
				goto fault;
		} else if (unlikely(walk_reserved(pg, pte, level, false, ept))) {
			goto fault;
		}
		if (unlikely(!ept && !(pte & GPTE_A)) || (ept && (pg->accessed & ~pte))) {
			if (!guest_pte_set(walk, pte_gpa, wide, pte, ept ? pg->accessed : GPTE_A))
				return false;
		}
		table = pte & pg->addr_mask;
	}

	if (unlikely(walk_reserved(pg, pte, level, level > 1, ept)))
		goto fault;
	walk->level = level;
	walk->acc = walk_acc(all, any, ept);
	return walk_leaf(walk, addr, pte_gpa, pte, gpa, fault, wide, ept, traced);
fault:
	*gpa = walk_fault(walk, addr, why, fault);
	return true;
}

static __always_inline u64 walk_guest(struct kvm_walk *walk, u64 addr, struct x86_exception *fault,
				      const bool traced)
{
	const struct kvm_paging *pg = walk->paging;
	u64 gpa, table = walk->root & pg->root_mask;
	int level = pg->walk_level;
	bool done;

	do {
		if (likely(level > 3 && !pg->ept)) {
			done = walk_tables(walk, addr, table, level, &gpa, fault, true, false,
					   traced);
		} else if (!level) {
			walk->level = 1;
			walk->acc = KVM_ACC_ALL;
			return (u32)addr;
		} else if (pg->ept) {
			done = walk_tables(walk, addr, table, level, &gpa, fault, true, true,
					   traced);
		} else if (pg->wide) {
			table = walk_pdpte(walk, addr, fault);
			if (table == KVM_WALK_FAULT)
				return table;
			done = walk_tables(walk, addr, table, level, &gpa, fault, true, false,
					   traced);
		} else {
			done = walk_tables(walk, addr, table, level, &gpa, fault, false, false,
					   traced);
		}
	} while (unlikely(!done));
	return gpa;
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
	return walk_guest(walk, addr, fault, false);
}

/**
 * kvm_walk_guest_traced - the same, and the entries used are noted
 * @walk: as for kvm_walk_guest(); @walk->trace is filled for the levels from the top one to
 *   @walk->level; without paging there is none
 * @addr: the address
 * @fault: filled when the walk faults
 */
u64 kvm_walk_guest_traced(struct kvm_walk *walk, u64 addr, struct x86_exception *fault)
{
	return walk_guest(walk, addr, fault, true);
}
