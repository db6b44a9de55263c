/* SPDX-License-Identifier: GPL-2.0-only */
/* What the x86 MMU keeps for each memory slot. */
#ifndef __KVM_X86_ARCH_MEMSLOT_H
#define __KVM_X86_ARCH_MEMSLOT_H

#include <linux/types.h>

struct shadow_rmap;

/**
 * struct kvm_arch_memory_slot - the MMU's part of a slot
 * @max_level: the biggest page that can be mapped: gfn and hva are equal modulo its size (o)
 * @rmap: shadow paging: which entries map each frame (o: the pointer)
 */
struct kvm_arch_memory_slot {
	int max_level;
	struct shadow_rmap *rmap;
};

#endif
