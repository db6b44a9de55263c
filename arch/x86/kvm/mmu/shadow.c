// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shadow paging, a vCPU's view: its role, its roots, INVLPG; and the VM's side of life and limits.
 *
 * Hardware walks tables that we make from the guest's, without a second dimension: for npt=0 and
 * ept=0. Long mode is shadowed by tables of as many levels as the guest's, everything else by PAE
 * tables, for which the vendor sets CR4.PAE and CR0.PG whatever the guest has. A leaf maps 4 KiB;
 * or 2 MiB, where guest and host do and no shadowed table is among them. A nested guest's NPT or
 * EPT is shadowed by the same pages when its struct kvm_mmu says which tables to walk
 * (get_guest_pgd, guest).
 *
 * The roots belong to the vCPU (vcpu->mutex), what they point to is under kvm->mmu_lock. See
 * shadow_page.c for who owns a page.
 */
#include <linux/gfp.h>
#include <linux/hash.h>
#include <linux/mem_encrypt.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <asm/processor-flags.h>
#include "kvm_mmu.h"
#include "shadow.h"
#include "x86.h"

/*
 * --- VM ------------------------------------------------------------------------------------------
 */

/** shadow_init_vm - a VM without shadow pages; 0 or -ENOMEM */
int shadow_init_vm(struct kvm *kvm)
{
	struct kvm_shadow_vm *vm = kvzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);

	if (!vm)
		return -ENOMEM;
	INIT_LIST_HEAD(&vm->active);
	INIT_LIST_HEAD(&vm->unsync);
	INIT_LIST_HEAD(&vm->zapped);
	vm->max_pages = SHADOW_MIN_PAGES;
	kvm->arch.mmu.shadow = vm;
	return 0;
}

/** shadow_zap_all - nothing is mapped any more; no lock held */
void shadow_zap_all(struct kvm *kvm)
{
	write_lock(&kvm->mmu_lock);
	shadow_zap_tables(kvm, 0, KVM_GFN_INVALID, false);
	write_unlock(&kvm->mmu_lock);
}

/** shadow_uninit_vm - the vCPUs are gone, and their roots with them */
void shadow_uninit_vm(struct kvm *kvm)
{
	if (!kvm->arch.mmu.shadow)
		return;
	shadow_zap_all(kvm);
	WARN_ON_ONCE(shadow_vm(kvm)->nr_pages);
	kvfree(kvm->arch.mmu.shadow);
	kvm->arch.mmu.shadow = NULL;
}

/**
 * shadow_set_limit - how many shadow pages may the VM have from now on?
 * @kvm: the VM; no spinlock held
 *
 * Unless KVM_SET_NR_MMU_PAGES has said it: one for each 50 pages of memory, of which the guest's
 * tables take one for each 512 and process.
 */
void shadow_set_limit(struct kvm *kvm)
{
	unsigned long max = READ_ONCE(kvm->arch.mmu.max_pages);

	if (max == ULONG_MAX)
		max = READ_ONCE(kvm->memslots[0].nr_pages) / 50;
	write_lock(&kvm->mmu_lock);
	shadow_vm(kvm)->max_pages = max(max, SHADOW_MIN_PAGES);
	shadow_make_room(kvm, 0);
	write_unlock(&kvm->mmu_lock);
}

/*
 * --- roots ---------------------------------------------------------------------------------------
 */

/**
 * shadow_get_page - the shadow page for @gfn in this role, fresh and alive
 * @vcpu: the vCPU, whose cache has a page; mmu_lock held exclusive
 * @gfn: the guest's table, or what is mapped
 * @role: the rest
 *
 * A table is write-protected before it is shadowed, and no TLB says otherwise when the caller
 * reads it.
 */
struct shadow_page *shadow_get_page(struct kvm_vcpu *vcpu, gfn_t gfn, union shadow_role role)
{
	struct shadow_page *sp = shadow_page_find(vcpu->kvm, gfn, role);

	if (sp && !role.direct)
		shadow_sync_reused(vcpu, sp);
	if (sp && !sp->dead)
		return sp;

	sp = shadow_page_new(vcpu, gfn, role);
	if (role.direct)
		return sp;
	/* The count before the table: pairs with the barrier in shadow_track_write(). */
	smp_mb();
	shadow_rmap_write_protect(vcpu->kvm, gfn);
	if (shadow_vm(vcpu->kvm)->flush)
		shadow_commit(vcpu->kvm);
	return sp;
}

/**
 * shadow_root_for - the table of the loaded root that translates @addr at its top
 * @vcpu: the vCPU; mmu_lock held exclusive
 * @addr: linear address
 *
 * Return: the page; NULL: the root is dead, or does not have it, and another will be loaded.
 */
struct shadow_page *shadow_root_for(struct kvm_vcpu *vcpu, u64 addr)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	struct kvm_shadow_root *root = &mmu->roots[mmu->cur_root];
	struct shadow_page *sp = NULL;

	if (mmu->root_hpa != KVM_MMU_NO_ROOT)
		sp = root->page[mmu->root_level >= 4 ? 0 : addr >> 30 & 3];
	if (sp && !sp->dead)
		return sp;
	kvm_make_request(KVM_REQ_MMU_RELOAD, vcpu);
	return NULL;
}

static bool has_pcids(struct kvm_vcpu *vcpu)
{
	return kvm_read_cr4(vcpu) & X86_CR4_PCIDE;
}

/* What the guest's CPU would walk, as far as it chooses the root. */
static void root_key(struct kvm_vcpu *vcpu, struct kvm_shadow_root *root)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	int i;

	memset(root, 0, sizeof(*root));
	root->used = true;
	root->role = mmu->role;
	if (mmu->guest.level == 3) {
		for (i = 0; i < ARRAY_SIZE(root->key); i++)
			root->key[i] = mmu->get_pdptr(vcpu, i);
	} else if (mmu->guest.level) {
		root->key[0] = mmu->get_guest_pgd(vcpu) &
			       (mmu->guest.root_mask | (has_pcids(vcpu) ? GENMASK(11, 0) : 0));
	}
}

static bool root_dead(const struct kvm_shadow_root *root)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(root->page); i++)
		if (root->page[i] && READ_ONCE(root->page[i]->dead))
			return true;
	return false;
}

/* The index of a root with @want's key. -1: there is none, or a dead one that must be let go. */
static int root_find(struct kvm_mmu *mmu, const struct kvm_shadow_root *want)
{
	int i, found = -1;

	for (i = 0; i < KVM_SHADOW_ROOTS; i++) {
		const struct kvm_shadow_root *root = &mmu->roots[i];

		if (root->used && root_dead(root))
			return -1;
		if (root->used && root->role == want->role &&
		    !memcmp(root->key, want->key, sizeof(root->key)))
			found = i;
	}
	return found;
}

static void root_free(struct kvm *kvm, struct kvm_shadow_root *root)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(root->page); i++)
		if (root->page[i])
			shadow_page_put_user(kvm, root->page[i]);
	memset(root, 0, sizeof(*root));
}

/* Part @part of the root: all of it for long mode, one GiB of four otherwise. NULL: none. */
static struct shadow_page *root_page(struct kvm_vcpu *vcpu, const struct kvm_shadow_root *root,
				     int part)
{
	union shadow_role role = { .word = root->role };
	gfn_t gfn = gpa_to_gfn(root->key[0]);

	role.acc = KVM_ACC_ALL;
	role.level = role.glevel >= 4 ? role.glevel : 2;
	switch (role.glevel) {
	case 0:
		role.dirty = 1;
		gfn = (gfn_t)part << (30 - PAGE_SHIFT);
		break;
	case 2:
		role.quadrant = part;
		break;
	case 3:
		if (!(root->key[part] & GPTE_P))
			return NULL;
		gfn = gpa_to_gfn(root->key[part] & vcpu->arch.mmu->guest.addr_mask);
		break;
	default:
		if (part)
			return NULL;
	}
	return shadow_get_page(vcpu, gfn, role);
}

/*
 * A new root in the place of a dead one, an empty one or, in turn, another. PAE's four entries have
 * neither rights nor an accessed bit (SDM table 4-8), and CR3 is 32 bits wide there.
 */
static int root_make(struct kvm_vcpu *vcpu, struct kvm_shadow_root *want)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	int part, i, index = mmu->next_root++ % KVM_SHADOW_ROOTS;

	for (i = 0; i < KVM_SHADOW_ROOTS; i++) {
		if (mmu->roots[i].used && root_dead(&mmu->roots[i]))
			root_free(vcpu->kvm, &mmu->roots[i]);
		if (!mmu->roots[i].used)
			index = i;
	}
	root_free(vcpu->kvm, &mmu->roots[index]);
	shadow_make_room(vcpu->kvm, ARRAY_SIZE(want->page));
	for (part = 0; part < ARRAY_SIZE(want->page); part++) {
		struct shadow_page *sp = root_page(vcpu, want, part);

		if (sp)
			sp->users++;
		want->page[part] = sp;
		mmu->pae_roots[index * 4 + part] =
			sp ? __pa(sp->spt) | spte_masks.me | SHADOW_P : 0;
	}
	mmu->roots[index] = *want;
	return index;
}

/**
 * shadow_load - choose or make the root for the guest's CR3 and mode: kvm_mmu_load()
 * @vcpu: the vCPU; preemption enabled, may sleep
 *
 * A root used lately is found without the lock: it is the vCPU's own. One that is zapped
 * meanwhile is noticed by KVM_REQ_MMU_RELOAD before entry. The TLB is flushed, as its entries are
 * tagged with the vCPU, not with the root.
 *
 * PCIDs: a MOV to CR3 may keep the translations of the PCID that it begins to use (SDM 4.10.4.1).
 * These are what tables held while it was in use; entries made since then, for another PCID or
 * vCPU, no CPU could have under this one. Tables that got such entries are synchronized.
 *
 * Return: 0 or -ENOMEM.
 */
int shadow_load(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	struct kvm_shadow_vm *vm = shadow_vm(vcpu->kvm);
	struct kvm_shadow_root want;
	int index;
	u64 left;

	root_key(vcpu, &want);
	index = root_find(mmu, &want);
	if (index < 0) {
		if (shadow_cache_topup(vcpu))
			return -ENOMEM;
		kvm_vcpu_hold_srcu(vcpu);
		write_lock(&vcpu->kvm->mmu_lock);
		index = root_find(mmu, &want);
		if (index < 0)
			index = root_make(vcpu, &want);
		shadow_commit(vcpu->kvm);
		write_unlock(&vcpu->kvm->mmu_lock);
	}
	left = mmu->roots[index].left;
	if (has_pcids(vcpu) && left != READ_ONCE(vm->filled))
		shadow_sync_since(vcpu, left < READ_ONCE(vm->regrown) ? 0 : left);
	mmu->cur_root = index;
	mmu->root_level = mmu->guest.level >= 4 ? mmu->guest.level : 3;
	mmu->root_hpa = mmu->root_level >= 4 ? __pa(mmu->roots[index].page[0]->spt) :
					       __pa(&mmu->pae_roots[index * 4]);
	kvm_x86_call(load_mmu_root)(vcpu, mmu->root_hpa, mmu->root_level);
	kvm_make_request(KVM_REQ_TLB_FLUSH_CURRENT, vcpu);
	return 0;
}

/** shadow_new_pgd - CR3 or the PDPTEs have changed: the root that was in use is so no more */
void shadow_new_pgd(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;

	if (mmu->root_hpa != KVM_MMU_NO_ROOT)
		mmu->roots[mmu->cur_root].left = READ_ONCE(shadow_vm(vcpu->kvm)->filled);
	mmu->root_hpa = KVM_MMU_NO_ROOT;
}

/*
 * --- INVLPG --------------------------------------------------------------------------------------
 */

static void root_invlpg(struct kvm *kvm, const struct kvm_shadow_root *root, gva_t gva)
{
	union shadow_role role = { .word = root->role };
	struct shadow_page *sp = root->page[role.glevel >= 4 ? 0 : gva >> 30 & 3];
	unsigned int index;

	while (sp) {
		index = (gva >> (PAGE_SHIFT + SPTE_INDEX_BITS * (sp->role.level - 1))) &
			(SPTE_PER_TABLE - 1);
		if (!(sp->spt[index] & SHADOW_P))
			return;
		if (shadow_is_leaf(sp, sp->spt[index])) {
			shadow_page_clear_entry(kvm, sp, index);
			return;
		}
		sp = shadow_page_of(sp->spt[index]);
	}
}

/**
 * shadow_invlpg - kvm_mmu.invlpg
 * @vcpu: the vCPU
 * @gva: linear address
 *
 * In every root the vCPU has in store: a global page's translation goes whatever the PCID (SDM
 * 4.10.4.1). Other vCPUs lose it too, since no TLB may hold what has no entry.
 */
static void shadow_invlpg(struct kvm_vcpu *vcpu, gva_t gva)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	int i;

	vcpu->stat.invlpg++;
	if (mmu->guest.level >= 4 && kvm_is_noncanonical_vcpu(vcpu, gva))
		return;
	write_lock(&vcpu->kvm->mmu_lock);
	for (i = 0; i < KVM_SHADOW_ROOTS; i++)
		if (mmu->roots[i].used)
			root_invlpg(vcpu->kvm, &mmu->roots[i], gva);
	shadow_commit(vcpu->kvm);
	write_unlock(&vcpu->kvm->mmu_lock);
}

/*
 * kvm_mmu.sync_page: the guest flushes; which frame's tables were meant, and which PCID's, is not
 * asked.
 */
static int shadow_sync_page(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	int i;

	for (i = 0; i < KVM_SHADOW_ROOTS; i++)
		vcpu->arch.mmu->roots[i].left = 0;
	shadow_sync_since(vcpu, 0);
	return 0;
}

/*
 * --- vCPU ----------------------------------------------------------------------------------------
 */

/**
 * shadow_create - shadow paging for a new vCPU
 * @vcpu: the vCPU; its struct kvm_mmu has what all have in common
 *
 * Return: 0 or -ENOMEM.
 */
int shadow_create(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu *mmu = &vcpu->arch.root_mmu;
	struct page *page;

	/* CR3 has 32 bits outside long mode, encrypted memory none to say so. */
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_DMA32 | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	mmu->pae_roots = page_address(page);
	if (spte_masks.me && set_memory_decrypted((unsigned long)mmu->pae_roots, 1)) {
		__free_page(page);
		return -ENOMEM;
	}
	mmu->page_fault = shadow_page_fault;
	mmu->sync_page = shadow_sync_page;
	mmu->invlpg = shadow_invlpg;
	mmu->update_pte = shadow_track_write;
	return 0;
}

/** shadow_destroy - let go of all; the vCPU never runs again */
void shadow_destroy(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu *mmu = &vcpu->arch.root_mmu;
	int i;

	if (!mmu->pae_roots)
		return;
	write_lock(&vcpu->kvm->mmu_lock);
	for (i = 0; i < KVM_SHADOW_ROOTS; i++)
		root_free(vcpu->kvm, &mmu->roots[i]);
	shadow_commit(vcpu->kvm);
	write_unlock(&vcpu->kvm->mmu_lock);
	shadow_cache_free(vcpu);
	if (spte_masks.me)
		WARN_ON_ONCE(set_memory_encrypted((unsigned long)mmu->pae_roots, 1));
	free_page((unsigned long)mmu->pae_roots);
	mmu->pae_roots = NULL;
}

/** shadow_reset_context - the guest's paging mode has changed: another role, another root */
void shadow_reset_context(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;

	mmu->role = shadow_base_role(&mmu->guest, kvm_read_cr0(vcpu), kvm_read_cr4(vcpu)).word;
	mmu->root_hpa = KVM_MMU_NO_ROOT;
}
