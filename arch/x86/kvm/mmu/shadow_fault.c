// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults with shadow paging: a walk of the guest's tables says whether the guest's CPU would
 * fault; if not, our tables lack something, and it is put there. Called by the vendors' #PF exits
 * through kvm_mmu_page_fault(), on the vCPU's thread; may sleep.
 *
 * The order of fault.c holds: slot, sequence, frame, lock, sequence. The walk comes before
 * mmu_lock, so what it saw is compared with the tables again under the lock, each table being
 * write-protected by then (or unsync, and as old as a TLB may be).
 */
#include <linux/hash.h>
#include <linux/page-flags.h>
#include "kvm_mmu.h"
#include "shadow.h"
#include "x86.h"

/**
 * struct shadow_access - one fault, as the guest sees it
 * @fault: the physical side
 * @walk: the guest's rights
 * @trace: the entries it used
 * @addr: linear address
 * @user: an access of CPL 3
 */
struct shadow_access {
	struct kvm_page_fault *fault;
	struct kvm_walk walk;
	struct kvm_walk_trace trace;
	gva_t addr;
	bool user;
};

static u64 access_leaf_gpte(const struct shadow_access *access)
{
	return access->trace.pte[access->walk.level - 1];
}

/* Formats without a dirty bit, and no paging at all, have nothing to be set by the first write. */
static bool access_dirty(const struct shadow_access *access)
{
	const struct kvm_paging *pg = access->walk.paging;

	return !pg->level || !pg->dirty || (access_leaf_gpte(access) & pg->dirty);
}

static unsigned int access_pkey(const struct shadow_access *access)
{
	return access->walk.paging->level >= 4 ? access_leaf_gpte(access) >> GPTE_PKEY_SHIFT & 15 :
						 0;
}

/* Is the frame that is accessed one of the tables that led to it? */
static bool access_walked(const struct shadow_access *access)
{
	int level;

	for (level = access->walk.paging->walk_level; level >= access->walk.level; level--)
		if (gpa_to_gfn(access->trace.pte_gpa[level - 1]) == access->fault->gfn)
			return true;
	return false;
}

static unsigned int table_index(gva_t addr, int level)
{
	return (addr >> (PAGE_SHIFT + SPTE_INDEX_BITS * (level - 1))) & (SPTE_PER_TABLE - 1);
}

/*
 * --- tables --------------------------------------------------------------------------------------
 */

/*
 * Is the guest's entry of this level still what the walk saw? In ROM the walk could not set
 * accessed and dirty bits.
 */
static bool gpte_current(struct kvm_vcpu *vcpu, const struct shadow_access *access, int level)
{
	const struct kvm_paging *pg = access->walk.paging;
	gpa_t gpa = access->trace.pte_gpa[level - 1];
	struct kvm_memory_slot *slot;
	u64 gpte, lost = 0;

	if (!shadow_gpte_read(vcpu, gpa, pg->wide, &gpte))
		return false;
	slot = kvm_vcpu_gfn_to_slot(vcpu, gpa_to_gfn(gpa));
	if (slot && kvm_slot_readonly(slot))
		lost = pg->accessed | pg->dirty;
	return !((gpte ^ access->trace.pte[level - 1]) & ~lost);
}

/*
 * What the entry of @sp, at @level, must hold. At the guest's last level and below, a table of our
 * own stands for a part of the guest's big page; it has all that the guest's entry says in its
 * role, so that it never changes.
 */
static gfn_t child_of(const struct shadow_access *access, const struct shadow_page *sp,
		      union shadow_role mode, union shadow_role *role)
{
	int level = sp->role.level;

	*role = mode;
	role->level = level - 1;
	if (sp->role.direct || level <= access->walk.level) {
		role->direct = 1;
		role->acc = access->walk.acc;
		role->dirty = access_dirty(access);
		role->pkey = access_pkey(access);
		return access->fault->gfn & ~(mmu_level_pages(level) - 1);
	}
	role->acc = access->trace.acc[level - 1];
	if (role->glevel == 2)
		role->quadrant = table_index(access->addr, level) & 1;
	return gpa_to_gfn(access->trace.pte_gpa[level - 2]);
}

static struct shadow_page *get_child(struct kvm_vcpu *vcpu, const struct shadow_access *access,
				     struct shadow_page *sp)
{
	unsigned int index = table_index(access->addr, sp->role.level);
	union shadow_role mode = { .word = vcpu->arch.mmu->role }, role;
	gfn_t gfn = child_of(access, sp, mode, &role);
	struct shadow_page *child;
	u64 spte = sp->spt[index];

	if ((spte & SHADOW_P) && !shadow_is_leaf(sp, spte)) {
		child = shadow_page_of(spte);
		if (child->gfn == gfn && child->role.word == role.word) {
			child->writes = 0;
			return child;
		}
	}
	if (spte & SHADOW_P) {
		shadow_page_clear_entry(vcpu->kvm, sp, index);
		/* A TLB must not meet two sizes of one address (SDM 4.10.2.3, APM2 5.5.2). */
		shadow_commit(vcpu->kvm);
	}
	/* It may zap a last-level page that could not be read; never @sp. */
	child = shadow_get_page(vcpu, gfn, role);
	if (unlikely(access->fault->nx_split) && role.direct && role.level == 1 &&
	    !child->nx_split) {
		child->nx_split = true;
		mmu_stat_add(&vcpu->kvm->stat.nx_lpage_splits, 1);
	}
	shadow_page_link(sp, index, child);
	return child;
}

/*
 * --- the leaf ------------------------------------------------------------------------------------
 */

/*
 * May the guest write this frame, or is it a table that must be watched? A table of the last level
 * becomes unsync by the first write, unless too many are.
 */
static bool frame_writable(struct kvm *kvm, gfn_t gfn, bool write)
{
	struct shadow_page *sp;
	struct hlist_node *next;

	shadow_for_each_of_gfn(kvm, sp, next, gfn) {
		if (!sp->unsync && (!write || sp->role.level > 1 ||
				    shadow_vm(kvm)->nr_unsync >= SHADOW_MAX_UNSYNC))
			return false;
	}
	shadow_for_each_of_gfn(kvm, sp, next, gfn)
		shadow_unsync_set(kvm, sp, true);
	return true;
}

/*
 * Does the walk end at @sp: of the last level, or at 2 MiB if guest, host, slot and log let it?
 * What is watched, or split already, is mapped by small pages.
 */
static bool ends_here(struct kvm *kvm, const struct shadow_access *access,
		      const struct shadow_page *sp)
{
	int level = sp->role.level;
	u64 spte = sp->spt[table_index(access->addr, level)];

	if (level == 1)
		return true;
	return level <= access->fault->level && (sp->role.direct || level <= access->walk.level) &&
	       (!(spte & SHADOW_P) || shadow_is_leaf(sp, spte)) &&
	       !*shadow_tables_near(kvm, access->fault->gfn);
}

static bool leaf_keeps_rights(u64 old, u64 new)
{
	return !((old ^ new) & SHADOW_ADDR) && !(old & ~new & (SHADOW_W | SHADOW_U)) &&
	       !(~old & new & SHADOW_NX) && !((old ^ new) >> SHADOW_PKEY_SHIFT & 15);
}

/* Put @new where @link is, for frames from @gfn on. True: hardware had it already. */
static bool leaf_install(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn,
			 struct shadow_link *link, u64 new, u64 info)
{
	u64 *sptep = shadow_link_spte(link);
	u64 old = READ_ONCE(*sptep);

	if (old & SHADOW_P) {
		if (leaf_keeps_rights(old, new) && shadow_link_gfn(link) == gfn) {
			link->info = info | (link->info & SHADOW_INFO_INDEX);
			/* A and D that hardware sets meanwhile must not be lost. */
			while (!try_cmpxchg64(sptep, &old, new | (old & (SHADOW_A | SHADOW_D))))
				;
			return !((old ^ new) & ~(SHADOW_A | SHADOW_D));
		}
		shadow_leaf_drop(kvm, link);
	}
	link->info = info | (link->info & SHADOW_INFO_INDEX);
	shadow_rmap_add(kvm, slot, gfn, link);
	WRITE_ONCE(*sptep, new);
	return false;
}

static int set_leaf(struct kvm_vcpu *vcpu, struct shadow_access *access, struct shadow_page *sp)
{
	struct kvm_page_fault *fault = access->fault;
	const struct kvm_page_ref *ref = &fault->ref;
	struct kvm_memory_slot *slot = fault->slot;
	bool watched = !frame_writable(vcpu->kvm, fault->gfn, fault->write);
	struct shadow_leaf leaf = {
		.role = sp->role,
		.acc = access->walk.acc,
		.dirty = access_dirty(access),
		/* The log wants to see the first write to each page. */
		.may_write = !watched && ref->writable && !kvm_slot_readonly(slot) &&
			     (fault->write || !slot->dirty_bitmap),
		.write = fault->write,
		.user = access->user,
	};
	u64 rights = shadow_leaf_rights(&leaf), spte, info;
	int level = sp->role.level;
	gfn_t in_page = mmu_level_pages(level) - 1, gfn = fault->gfn & ~in_page;
	bool same;

	spte = pfn_to_hpa(ref->pfn & ~in_page) | spte_masks.me | SHADOW_P | SHADOW_A | rights;
	if (level > 1)
		spte |= SHADOW_PS | (mmu_vm_nx_huge_pages(vcpu->kvm) ? SHADOW_NX : 0);
	/* Keys are for the user's pages (SDM 4.6.2). */
	if (rights & SHADOW_U)
		spte |= (u64)access_pkey(access) << SHADOW_PKEY_SHIFT;
	if (fault->write && (spte & SHADOW_W))
		spte |= SHADOW_D;
	info = gfn << SHADOW_INFO_GFN_SHIFT | leaf.acc << SHADOW_INFO_ACC_SHIFT;
	if (ref->page && !PageReserved(ref->page))
		info |= SHADOW_INFO_REFCOUNTED;
	same = leaf_install(vcpu->kvm, slot, gfn, &sp->link[table_index(access->addr, level)], spte,
			    info);
	shadow_page_filled(vcpu->kvm, sp);

	if (fault->write && (spte & SHADOW_W) && slot->dirty_bitmap)
		kvm_slot_mark_dirty(vcpu->kvm, vcpu, slot, fault->gfn);
	if (shadow_leaf_emulates(&leaf, rights)) {
		/*
		 * User programs write no page tables, nor does the CPU when it delivers an event:
		 * it is none any more, unless it is now.
		 */
		if (watched && (access->user || kvm_event_needs_reinjection(vcpu)) &&
		    !access_walked(access) && shadow_zap_gfn(vcpu->kvm, fault->gfn))
			return KVM_PF_RETRY;
		return KVM_PF_EMULATE;
	}
	return same ? KVM_PF_SPURIOUS : KVM_PF_FIXED;
}

/*
 * --- the fault -----------------------------------------------------------------------------------
 */

static int shadow_map(struct kvm_vcpu *vcpu, struct shadow_access *access)
{
	struct shadow_page *sp;

	shadow_make_room(vcpu->kvm, KVM_SHADOW_CACHE);
	for (sp = shadow_root_for(vcpu, access->addr); sp; sp = get_child(vcpu, access, sp)) {
		if (!sp->role.direct && !gpte_current(vcpu, access, sp->role.level))
			break;
		if (ends_here(vcpu->kvm, access, sp))
			return set_leaf(vcpu, access, sp);
	}
	return KVM_PF_RETRY;
}

static int map_locked(struct kvm_vcpu *vcpu, struct shadow_access *access)
{
	struct kvm_page_fault *fault = access->fault;
	struct kvm *kvm = vcpu->kvm;
	int ret = KVM_PF_RETRY;

	write_lock(&kvm->mmu_lock);
	if (!kvm_mmu_invalidate_retry(kvm, fault->invalidate_seq, fault->gfn))
		ret = shadow_map(vcpu, access);
	shadow_commit(kvm);
	kvm_release_page(&fault->ref, ret == KVM_PF_FIXED && fault->write);
	write_unlock(&kvm->mmu_lock);
	return ret;
}

/*
 * The guest's walk of the access that faulted. The CPU's own accesses to descriptor tables are not
 * the program's: at CPL 3 they can be told by U/S (SDM 4.6).
 */
static gpa_t access_walk(struct kvm_vcpu *vcpu, struct shadow_access *access,
			 struct x86_exception *ex)
{
	u64 kind = access->fault->error_code & (PFERR_WRITE_MASK | PFERR_USER_MASK |
						PFERR_FETCH_MASK);

	access->user = kind & PFERR_USER_MASK;
	access->walk.trace = &access->trace;
	if (!access->user && kvm_x86_call(get_cpl)(vcpu) == 3)
		kind |= PFERR_IMPLICIT_ACCESS;
	return mmu_walk_traced(&access->walk, vcpu, vcpu->arch.mmu, access->addr, kind, ex);
}

/*
 * Did the walk end in a reserved bit because a table is in a slot behind which the VMM has no
 * memory any more? With TDP hardware's own walk would fault there, and the VMM hear of it.
 */
static bool access_tables_gone(struct kvm_vcpu *vcpu, const struct shadow_access *access)
{
	const struct kvm_paging *pg = access->walk.paging;
	u64 ones = pg->wide ? ~0ull : ~0u, gpte;
	int level;

	for (level = pg->walk_level; level > 0; level--) {
		gpa_t gpa = access->trace.pte_gpa[level - 1];

		if (access->trace.pte[level - 1] == ones &&
		    kvm_vcpu_gfn_to_slot(vcpu, gpa_to_gfn(gpa)) &&
		    kvm_vcpu_read_guest(vcpu, gpa, &gpte, pg->wide ? 8 : 4))
			return true;
	}
	return false;
}

/* Memory, topped up caches and the frame; or what else is to be done, in *@ret. */
static bool fault_frame(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, int *ret)
{
	fault->slot = kvm_vcpu_gfn_to_slot(vcpu, fault->gfn);
	*ret = KVM_PF_EMULATE;
	if (!fault->slot || (fault->write && kvm_slot_readonly(fault->slot))) {
		/* The address is that of the access itself: see fault_emulate(). */
		fault->error_code |= PFERR_GUEST_FINAL_MASK;
		return false;
	}
	*ret = KVM_PF_RETRY;
	if (unlikely(kvm_slot_invalid(fault->slot)))
		return false;
	*ret = shadow_cache_topup(vcpu) ?: shadow_rmap_topup(fault->slot, fault->gfn);
	if (*ret)
		return false;

	fault->invalidate_seq = READ_ONCE(vcpu->kvm->mmu_invalidate_seq);
	/* The sequence before the frame: pairs with smp_wmb() in invalidate_end(). */
	smp_rmb();
	*ret = kvm_faultin_pfn(fault->slot, fault->gfn, fault->write, true, &fault->ref);
	if (*ret)
		*ret = mmu_fault_no_pfn(vcpu, fault, *ret);
	return !*ret;
}

/**
 * shadow_page_fault - kvm_mmu.page_fault for shadow paging
 * @vcpu: the vCPU
 * @fault: gpa is the linear address, error_code and write are filled; gpa and gfn are made those of
 *   the access
 *
 * Return: enum kvm_pf_result, or a negative errno. The guest's own #PF is queued.
 */
int shadow_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct shadow_access access = { .fault = fault, .addr = fault->gpa };
	struct x86_exception ex;
	int ret;

	kvm_vcpu_hold_srcu(vcpu);
	fault->gpa = access_walk(vcpu, &access, &ex);
	if (fault->gpa == KVM_GPA_INVALID) {
		if ((ex.error_code & PFERR_RSVD_MASK) && access_tables_gone(vcpu, &access))
			return -EFAULT;
		vcpu->arch.mmu->inject_page_fault(vcpu, &ex);
		return KVM_PF_RETRY;
	}
	fault->gfn = gpa_to_gfn(fault->gpa);
	if (!fault_frame(vcpu, fault, &ret))
		return ret;
	fault->level = 1;
	if (access.walk.level > 1 || !access.walk.paging->level)
		fault->level = mmu_fault_level(vcpu, fault);
	return map_locked(vcpu, &access);
}

/**
 * shadow_emulate_failed - the emulator does not know the instruction that wrote a watched table
 * @vcpu: the vCPU; kvm_run is filled
 * @fault: the write
 *
 * Such an instruction does not write page tables: let it write the page as what it is. But not
 * twice, for the table may be one by which the instruction itself runs.
 *
 * Return: 1: the guest may try again; 0: no table was there, userspace gets the error.
 */
int shadow_emulate_failed(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	struct kvm_run *run = vcpu->run;
	bool zapped;

	if (run->exit_reason != KVM_EXIT_INTERNAL_ERROR ||
	    run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION || !fault->write)
		return 0;
	if (mmu->retried_gfn == fault->gfn && mmu->retried_rip == kvm_rip_read(vcpu))
		return 0;
	mmu->retried_gfn = fault->gfn;
	mmu->retried_rip = kvm_rip_read(vcpu);
	write_lock(&vcpu->kvm->mmu_lock);
	zapped = shadow_zap_gfn(vcpu->kvm, fault->gfn);
	shadow_commit(vcpu->kvm);
	write_unlock(&vcpu->kvm->mmu_lock);
	return zapped;
}
