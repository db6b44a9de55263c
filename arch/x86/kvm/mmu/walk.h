/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest page-table walk: what goes in, what comes out.
 *
 * Pure: walk.c reaches guest memory by the few inline functions of guest_pte.h alone.
 */
#ifndef __KVM_X86_MMU_WALK_H
#define __KVM_X86_MMU_WALK_H

#include "exception.h"
#include "paging.h"

struct kvm_vcpu;

#define KVM_WALK_FAULT	(~0ull)		/* KVM_GPA_INVALID, in the walker's words */

/**
 * struct kvm_walk_trace - the entries that a walk used, by level - 1
 * @pte_gpa: where each entry is
 * @pte: each entry, with the accessed and dirty bits that the walk has set
 * @acc: KVM_ACC_* that the entries from the top down to this one allow together
 */
struct kvm_walk_trace {
	u64 pte_gpa[KVM_MMU_MAX_LEVEL];
	u64 pte[KVM_MMU_MAX_LEVEL];
	u8 acc[KVM_MMU_MAX_LEVEL];
};

/**
 * struct kvm_walk - one translation, or several in a row with the same paging state
 * @vcpu: whose memory; kvm->srcu is held for it as long as the window is used
 * @start: the window: the gpa range that the last entry was found in, a memslot; most likely the
 *   next one is there as well
 * @size: its bytes; 0: no window yet
 * @hva: where it is mapped
 * @readonly: the slot is ROM
 * @paging: the format (in)
 * @root: CR3 or EPTP (in)
 * @access: PFERR_* of the access (in)
 * @pkru: the guest's PKRU (in; only looked at when @paging has keys)
 * @trace: filled by kvm_walk_guest_traced() alone (in: where to)
 * @level: of the page found, 1 without paging (out)
 * @acc: KVM_ACC_* of the page found (out)
 */
struct kvm_walk {
	struct kvm_vcpu *vcpu;
	u64 start;
	u64 size;
	unsigned long hva;
	bool readonly;
	const struct kvm_paging *paging;
	u64 root;
	u64 access;
	u32 pkru;
	struct kvm_walk_trace *trace;
	u8 level;
	u8 acc;
};

u64 kvm_walk_guest(struct kvm_walk *walk, u64 addr, struct x86_exception *fault);
u64 kvm_walk_guest_traced(struct kvm_walk *walk, u64 addr, struct x86_exception *fault);

#endif
