// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rights of shadow leaves: what hardware, which runs with CR0.WP and EFER.NXE set always, must
 * be told so that the guest sees its own CR0, CR4 and EFER obeyed. Called under mmu_lock.
 *
 * Pure: no state, no lock; tools/testing/unit/mmu builds it in userspace.
 */
#include <asm/processor-flags.h>
#include "shadow_role.h"

/**
 * shadow_base_role - the part of a role that the guest's paging mode decides
 * @pg: the mode
 * @cr0: CR0
 * @cr4: CR4
 *
 * With CR0.WP the CPU itself judges SMEP, SMAP and keys by the leaf's U bit, which is the guest's.
 */
union shadow_role shadow_base_role(const struct kvm_paging *pg, u64 cr0, u64 cr4)
{
	union shadow_role role = { .glevel = pg->level, .direct = !pg->level };

	if (!pg->level) {
		role.wp = 1;
		return role;
	}
	role.nx = pg->nx;
	role.pse = pg->pse;
	role.wp = !!(cr0 & X86_CR0_WP);
	if (!role.wp) {
		role.smep = !!(cr4 & X86_CR4_SMEP);
		role.keyed = pg->smap || pg->pkru_mask;
	}
	return role;
}

/**
 * shadow_leaf_rights - W, U and NX of a leaf
 * @leaf: what decides them; the guest's walk has allowed the access
 *
 * Without CR0.WP a supervisor may write what is read-only (SDM 4.6.1). Hardware has WP set, so
 * such a page of the supervisor's is mapped writable. One of the user's cannot be for both: it is
 * the supervisor's and writable after a write of his, the user's and read-only after a fault of the
 * user's. While it is the supervisor's its U bit is not the guest's: SMEP would let it be executed,
 * so NX stands in for it; for SMAP and keys nothing does, so there writes are emulated one by one.
 *
 * A clean page is never writable: its first write must set the guest's D bit.
 */
u64 shadow_leaf_rights(const struct shadow_leaf *leaf)
{
	union shadow_role role = leaf->role;
	bool write = leaf->acc & KVM_ACC_WRITE, user = leaf->acc & KVM_ACC_USER;
	bool exec = leaf->acc & KVM_ACC_EXEC, may_write = leaf->may_write && leaf->dirty;

	if (!write && !role.wp && may_write) {
		if (!user) {
			write = true;
		} else if (leaf->write && !leaf->user && !role.keyed) {
			write = true;
			user = false;
			exec = exec && !role.smep;
		}
	}
	return (write && may_write ? SHADOW_W : 0) | (user ? SHADOW_U : 0) |
	       (exec ? 0 : SHADOW_NX);
}

/**
 * shadow_leaf_emulates - must the access be emulated, once the leaf is there?
 * @leaf: what decides it
 * @rights: of the leaf: shadow_leaf_rights()
 *
 * A write that the leaf does not let through. And a supervisor's to a user page without CR0.WP:
 * a key that disables writes does not bind him (SDM 4.6.2), but hardware, with WP set, holds that
 * it does.
 */
bool shadow_leaf_emulates(const struct shadow_leaf *leaf, u64 rights)
{
	if (!leaf->write)
		return false;
	return !(rights & SHADOW_W) ||
	       (leaf->role.keyed && !leaf->user && (leaf->acc & KVM_ACC_USER));
}
