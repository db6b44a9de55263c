/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What decides the contents of a shadow page beside the guest table it shadows, and the rights of a
 * shadow leaf.
 *
 * Pure: shadow_role.c is built in userspace by tools/testing/unit/mmu too.
 */
#ifndef __KVM_X86_MMU_SHADOW_ROLE_H
#define __KVM_X86_MMU_SHADOW_ROLE_H

#include "paging.h"

/* Hardware's format: long-mode and PAE entries alike, but for bits 62:52, which PAE reserves. */
#define SHADOW_P		BIT_ULL(0)
#define SHADOW_W		BIT_ULL(1)
#define SHADOW_U		BIT_ULL(2)
#define SHADOW_A		BIT_ULL(5)
#define SHADOW_D		BIT_ULL(6)
#define SHADOW_PS		BIT_ULL(7)
#define SHADOW_NX		BIT_ULL(63)
#define SHADOW_PKEY_SHIFT	GPTE_PKEY_SHIFT
#define SHADOW_ADDR		GENMASK_ULL(51, 12)

/**
 * union shadow_role - two shadow pages of one guest frame are alike only if this is
 * @level: of the table: 1 holds pages
 * @glevel: the guest's paging mode: 0 (off), 2, 3 (PAE), 4 or 5
 * @direct: shadows no table, but a part of a big page, or of memory without paging
 * @acc: KVM_ACC_* that the entries above allow together
 * @quadrant: 32-bit guests: which part of the 1024 entries of the guest's table
 * @nx: EFER.NXE, so that bit 63 is reserved or not
 * @pse: CR4.PSE, in 32-bit paging
 * @wp: CR0.WP
 * @smep: CR4.SMEP, where it matters: without CR0.WP
 * @keyed: CR4.SMAP or CR4.PKE, likewise
 * @dirty: @direct: the big page's D bit is set, so that it may be mapped writable
 * @pkey: @direct: the big page's protection key
 */
union shadow_role {
	u32 word;
	struct {
		u32 level : 3;
		u32 glevel : 3;
		u32 direct : 1;
		u32 acc : 3;
		u32 quadrant : 2;
		u32 nx : 1;
		u32 pse : 1;
		u32 wp : 1;
		u32 smep : 1;
		u32 keyed : 1;
		u32 dirty : 1;
		u32 pkey : 4;
	};
};

/**
 * struct shadow_leaf - what decides a leaf's rights
 * @role: of the shadow page that it is in
 * @acc: KVM_ACC_* by the guest's tables, all levels
 * @dirty: the guest's D bit is set, or there is none to be set
 * @may_write: neither host, log nor a shadowed table forbids it
 * @write: the access that asks for it is a write
 * @user: it is one of CPL 3
 */
struct shadow_leaf {
	union shadow_role role;
	u8 acc;
	bool dirty;
	bool may_write;
	bool write;
	bool user;
};

union shadow_role shadow_base_role(const struct kvm_paging *pg, u64 cr0, u64 cr4);
u64 shadow_leaf_rights(const struct shadow_leaf *leaf);
bool shadow_leaf_emulates(const struct shadow_leaf *leaf, u64 rights);

/* The same paging mode, whatever the table? */
static inline bool shadow_role_same_mode(union shadow_role a, union shadow_role b)
{
	const union shadow_role mode = {
		.glevel = 7, .nx = 1, .pse = 1, .wp = 1, .smep = 1, .keyed = 1,
	};

	return !((a.word ^ b.word) & mode.word);
}

/* Entries of the guest's table that one shadow page stands for start at this one. */
static inline unsigned int shadow_first_gpte(union shadow_role role)
{
	if (role.glevel != 2)
		return 0;
	return role.quadrant * (role.level == 1 ? 512 : 256);
}

/* A 4-byte entry of the upper table maps 4 MiB: two entries of ours. */
static inline unsigned int shadow_gpte_shift(union shadow_role role)
{
	return role.glevel == 2 && role.level == 2;
}

#endif
