/* SPDX-License-Identifier: GPL-2.0-only */
/* What the x86 MMU keeps for each memory slot. */
#ifndef __KVM_X86_ARCH_MEMSLOT_H
#define __KVM_X86_ARCH_MEMSLOT_H

#include <linux/types.h>

struct shadow_rmap;

/**
 * struct kvm_arch_memory_slot - the MMU's part of a slot
 * @no_huge_2m: the slot's gfn and hva differ modulo 2 MiB, so that no page of it can be mapped huge
 *   (o)
 * @rmap: shadow paging: which entries map each frame (o: the pointer)
 */
struct kvm_arch_memory_slot {
	bool no_huge_2m;
	struct shadow_rmap *rmap;
};

#endif
