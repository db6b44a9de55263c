// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow pages and the guest tables they stand for: kept alike, or made alike again.
 *
 * A guest may write a table of the last level by itself: then its shadow pages are unsync, and
 * like a TLB they may be out of date until the guest flushes (SDM 4.10.4, APM2 5.5.2). All
 * other tables are write-protected, and their writes emulated: shadow_track_write().
 *
 * On the vCPU's thread, kvm->srcu held. Under kvm->mmu_lock exclusive, which the functions without
 * "lock held" in their comment take themselves.
 */
#include <linux/hash.h>
#include <linux/uaccess.h>
#include "shadow.h"
#include "x86.h"

/* Tables that are synchronized before others get the lock. */
#define SYNC_BATCH	32

/**
 * shadow_gpte_read - read an entry of a guest's table; lock held, so that it must not sleep
 * @vcpu: the vCPU
 * @gpa: of the entry
 * @wide: 8 bytes, not 4
 * @pte: out
 *
 * Return: false: no memory, or the host has it paged out.
 */
bool shadow_gpte_read(struct kvm_vcpu *vcpu, gpa_t gpa, bool wide, u64 *pte)
{
	struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_slot(vcpu, gpa_to_gfn(gpa));
	unsigned long hva;
	u32 half;
	int ret;

	if (!slot)
		return false;
	hva = kvm_slot_gfn_to_hva(slot, gpa_to_gfn(gpa)) + offset_in_page(gpa);
	pagefault_disable();
	if (wide) {
		ret = __get_user(*pte, (u64 __user *)hva);
	} else {
		ret = __get_user(half, (u32 __user *)hva);
		*pte = half;
	}
	pagefault_enable();
	return !ret;
}

/*
 * --- unsync pages --------------------------------------------------------------------------------
 */

/* Would a walk now give the leaf that is there? */
static bool leaf_agrees(struct kvm_vcpu *vcpu, const struct shadow_page *sp,
			const struct shadow_link *link, u64 gpte)
{
	const struct kvm_paging *pg = &vcpu->arch.mmu->guest;
	u64 spte = sp->spt[shadow_link_index(link)];
	unsigned int acc = sp->role.acc & ((gpte & (GPTE_W | GPTE_U)) | (~gpte >> 63));

	if (!(gpte & GPTE_P) || !(gpte & GPTE_A) || (gpte & pg->rsvd.mask[0][0]))
		return false;
	if ((gpte & pg->addr_mask) >> PAGE_SHIFT != shadow_link_gfn(link))
		return false;
	if (sp->role.glevel >= 4 && (spte & SHADOW_U) && ((gpte ^ spte) >> GPTE_PKEY_SHIFT & 15))
		return false;
	return acc == shadow_link_acc(link) && ((gpte & GPTE_D) || !(spte & SHADOW_W));
}

/*
 * Drop what has changed. The table is write-protected and the TLBs were flushed since. One that
 * cannot be read, or not by this vCPU's rules, or that nobody uses, is zapped instead.
 */
static void sync_page(struct kvm_vcpu *vcpu, struct shadow_page *sp)
{
	union shadow_role mode = { .word = vcpu->arch.mmu->role };
	bool wide = sp->role.glevel != 2;
	unsigned int i;
	u64 gpte;

	if (hlist_empty(&sp->parents) || !shadow_role_same_mode(mode, sp->role)) {
		shadow_page_zap(vcpu->kvm, sp);
		return;
	}
	for (i = 0; i < SPTE_PER_TABLE; i++) {
		unsigned int offset = (shadow_first_gpte(sp->role) + i) << (wide ? 3 : 2);

		if (!(sp->spt[i] & SHADOW_P))
			continue;
		if (!shadow_gpte_read(vcpu, gfn_to_gpa(sp->gfn) + offset, wide, &gpte)) {
			shadow_page_zap(vcpu->kvm, sp);
			return;
		}
		if (!leaf_agrees(vcpu, sp, &sp->link[i], gpte))
			shadow_page_clear_entry(vcpu->kvm, sp, i);
	}
	shadow_unsync_set(vcpu->kvm, sp, false);
}

/*
 * The oldest ones of those filled after @since, @nr at most; returns how many. Write protection and
 * its flush come before the first look.
 */
static unsigned long sync_batch(struct kvm_vcpu *vcpu, unsigned long nr, u64 since)
{
	struct kvm_shadow_vm *vm = shadow_vm(vcpu->kvm);
	struct shadow_page *sp, *next;
	unsigned long done = 0;

	list_for_each_entry_reverse(sp, &vm->unsync, unsync_node) {
		if (sp->filled <= since)
			continue;
		if (done == nr)
			break;
		shadow_rmap_write_protect(vcpu->kvm, sp->gfn);
		done++;
	}
	shadow_commit(vcpu->kvm);
	nr = done;
	list_for_each_entry_safe_reverse(sp, next, &vm->unsync, unsync_node) {
		if (sp->filled <= since)
			continue;
		if (!nr--)
			break;
		sync_page(vcpu, sp);
	}
	shadow_commit(vcpu->kvm);
	return done;
}

/**
 * shadow_sync_reused - a page gets another parent: where it leads must be as fresh as a walk
 * @vcpu: the vCPU; lock held
 * @sp: the page, which shadows a table; of the last level it may be dead afterwards, but is not
 *   freed before the next shadow_commit()
 *
 * What the guest has changed below the tables of other levels it need not have flushed: this way
 * there was none to it.
 */
void shadow_sync_reused(struct kvm_vcpu *vcpu, struct shadow_page *sp)
{
	struct kvm_shadow_vm *vm = shadow_vm(vcpu->kvm);

	shadow_page_filled(vcpu->kvm, sp);
	if (sp->role.level > 1) {
		WRITE_ONCE(vm->regrown, vm->filled);
		sync_batch(vcpu, vm->nr_unsync, 0);
	} else if (sp->unsync) {
		shadow_rmap_write_protect(vcpu->kvm, sp->gfn);
		shadow_commit(vcpu->kvm);
		sync_page(vcpu, sp);
	}
}

/**
 * shadow_sync_since - the guest has flushed its TLB: nothing may be out of date
 * @vcpu: the vCPU
 * @since: but what was filled before: kvm_shadow_vm.filled; 0: all
 *
 * All tables, not only those of this vCPU's root: a CPU may forget more than it was asked to. What
 * others make unsync meanwhile is none of this flush's business.
 */
void shadow_sync_since(struct kvm_vcpu *vcpu, u64 since)
{
	unsigned long left = READ_ONCE(shadow_vm(vcpu->kvm)->nr_unsync), done;

	if (!left)
		return;
	kvm_vcpu_hold_srcu(vcpu);
	write_lock(&vcpu->kvm->mmu_lock);
	for (;;) {
		done = sync_batch(vcpu, min(left, (unsigned long)SYNC_BATCH), since);
		left -= done;
		if (!left || done < SYNC_BATCH)
			break;
		cond_resched_rwlock_write(&vcpu->kvm->mmu_lock);
	}
	write_unlock(&vcpu->kvm->mmu_lock);
}

/*
 * --- write-protected tables ----------------------------------------------------------------------
 */

/* Clear what stands for the bytes [offset, offset + len) of the guest's table. */
static void clear_written(struct kvm *kvm, struct shadow_page *sp, unsigned int offset,
			  unsigned int len)
{
	unsigned int size = sp->role.glevel == 2 ? 4 : 8, shift = shadow_gpte_shift(sp->role);
	unsigned int first = shadow_first_gpte(sp->role), gpte, i;

	for (gpte = offset / size; gpte <= (offset + len - 1) / size; gpte++) {
		if (gpte < first || gpte - first >= SPTE_PER_TABLE >> shift)
			continue;
		for (i = 0; i <= shift; i++)
			shadow_page_clear_entry(kvm, sp, ((gpte - first) << shift) + i);
	}
}

/**
 * shadow_track_write - guest memory was written on the guest's behalf: kvm_mmu.update_pte
 * @vcpu: the vCPU
 * @gpa: where; within one page
 * @pte: what; not looked at, since the next fault reads the memory itself
 * @len: bytes
 *
 * Entries that stand for what was written go. A page whose table is written again and again
 * without being used was a table once.
 */
void shadow_track_write(struct kvm_vcpu *vcpu, gpa_t gpa, const void *pte, int len)
{
	struct kvm *kvm = vcpu->kvm;
	gfn_t gfn = gpa_to_gfn(gpa);
	struct shadow_page *sp;
	struct hlist_node *next;

	/* The bytes before the count: pairs with the barrier in shadow_get_page(). */
	smp_mb();
	if (!READ_ONCE(shadow_vm(kvm)->nr_indirect))
		return;
	write_lock(&kvm->mmu_lock);
	shadow_for_each_of_gfn(kvm, sp, next, gfn) {
		if (!sp->users && ++sp->writes >= SHADOW_FLOOD)
			shadow_page_zap(kvm, sp);
		else
			clear_written(kvm, sp, offset_in_page(gpa), len);
	}
	shadow_commit(kvm);
	write_unlock(&kvm->mmu_lock);
}
