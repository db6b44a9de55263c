/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of mmu/ share and nobody else sees.
 */
#ifndef __KVM_X86_MMU_INTERNAL_H
#define __KVM_X86_MMU_INTERNAL_H

#include <kvm/arch.h>
#include "regs.h"
#include "spte.h"

/**
 * struct kvm_mmu_page - the header of one page of our page tables
 * @spt: the page; hardware walks it
 * @list: in a list of pages that wait for the TLB flush after which they may be freed
 * @rcu: then they wait for the lockless readers
 * @nx_split: it is there because code must not run from a huge page
 *
 * It is found from the page by page_private(). A page belongs to the one SPTE that holds it, and
 * to the kvm_mmu_cache or the caller before it is linked; whoever unlinks it frees it by
 * mmu_free_pages(), once.
 */
struct kvm_mmu_page {
	u64 *spt;
	struct list_head list;
	struct rcu_head rcu;
	bool nx_split;
};

/* ---- page.c: page-table pages */
int mmu_pages_init(void);
void mmu_pages_exit(void);
int mmu_cache_topup(struct kvm_vcpu *vcpu);
void mmu_cache_free(struct kvm_vcpu *vcpu);
u64 *mmu_cache_take(struct kvm_vcpu *vcpu);
void mmu_cache_put_back(struct kvm_vcpu *vcpu, u64 *spt);
u64 *mmu_alloc_table(gfp_t gfp);
void mmu_account_table(struct kvm *kvm, u64 *spt, int nr);
void mmu_queue_table(struct list_head *list, u64 *spt);
void mmu_free_tables(struct kvm *kvm, struct list_head *list);
void mmu_free_table_now(u64 *spt);
unsigned long mmu_total_pages(void);
void mmu_table_set_nx_split(struct kvm *kvm, u64 *spt);
bool mmu_table_is_nx_split(u64 *spt);

/* ---- reclaim.c: page tables that could stay */
int mmu_reclaim_init(void);
void mmu_reclaim_exit(void);
unsigned long mmu_reclaim(struct kvm *kvm, unsigned long nr, bool nx);
void mmu_reclaim_excess(struct kvm *kvm);

/* ---- nx.c: no code in huge pages */
extern bool mmu_nx_huge_pages;
void mmu_nx_init(void);
void mmu_nx_exit(void);

/**
 * struct kvm_page_fault - one nested page fault on its way
 * @gpa: where
 * @gfn: where, as a frame
 * @error_code: PFERR_*
 * @write: it is a write
 * @slot: the memslot, under kvm->srcu; NULL: a device's
 * @invalidate_seq: the notifier's sequence before the frame was looked up
 * @ref: the frame
 * @level: to map at: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB; then, at which it is mapped
 * @exec: it is an instruction fetch
 * @nx_split: the host has a huge page, and it is split because code runs from it
 * @prefetch: userspace asks, not the guest: the page is not accessed by it
 * @around: which of the block of KVM_AROUND frames that @gfn is in may be mapped with it: their
 *   frames are in the vCPU's kvm_mmu_cache
 */
struct kvm_page_fault {
	gpa_t gpa;
	gfn_t gfn;
	u64 error_code;
	bool write;
	bool exec;
	bool nx_split;
	bool prefetch;
	struct kvm_memory_slot *slot;
	unsigned long invalidate_seq;
	struct kvm_page_ref ref;
	int level;
	unsigned int around;
};

/* What became of a fault; negative: errno for KVM_RUN. */
enum kvm_pf_result {
	KVM_PF_RETRY,		/* let the guest try again: something moved meanwhile */
	KVM_PF_FIXED,		/* mapped */
	KVM_PF_SPURIOUS,	/* another vCPU had mapped it */
	KVM_PF_EMULATE,		/* no memory is there, or it must not be written */
	KVM_PF_ZAP_FIRST,	/* tdp.c only: another mapping is in the way: tdp_zap_gfn() it */
};

/* ---- fault.c */
int kvm_tdp_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);

/* ---- tdp.c: our page tables */
int tdp_alloc_root(struct kvm *kvm);
void tdp_free_root(struct kvm *kvm);
int tdp_map(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
bool tdp_is_mmio(struct kvm *kvm, gfn_t gfn);
void tdp_zap_gfn(struct kvm *kvm, gfn_t gfn);
bool tdp_zap_range(struct kvm *kvm, gfn_t start, gfn_t end, bool can_yield);
bool tdp_age_range(struct kvm *kvm, gfn_t start, gfn_t end);
bool tdp_test_age_range(struct kvm *kvm, gfn_t start, gfn_t end);

/* ---- apic_page.c: where hardware answers for the APIC */
int mmu_map_apic_page(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);

/* ---- fault.c */
int mmu_fault_level(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
int mmu_fault_no_pfn(struct kvm_vcpu *vcpu, const struct kvm_page_fault *fault, int err);

struct kvm_gfn_range;

/* ---- shadow*.c: shadow paging, instead of tdp.c when the host has no second dimension */
int shadow_pages_init(void);
void shadow_pages_exit(void);
int shadow_init_vm(struct kvm *kvm);
void shadow_uninit_vm(struct kvm *kvm);
void shadow_set_limit(struct kvm *kvm);
int shadow_create(struct kvm_vcpu *vcpu);
void shadow_destroy(struct kvm_vcpu *vcpu);
void shadow_reset_context(struct kvm_vcpu *vcpu);
int shadow_load(struct kvm_vcpu *vcpu);
void shadow_new_pgd(struct kvm_vcpu *vcpu);
void shadow_zap_all(struct kvm *kvm);
unsigned long shadow_reclaim(struct kvm *kvm, unsigned long nr, bool nx);
void shadow_zap_tables(struct kvm *kvm, gfn_t start, gfn_t end, bool direct);
void shadow_track_write(struct kvm_vcpu *vcpu, gpa_t gpa, const void *pte, int len);
int shadow_emulate_failed(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
int shadow_rmap_prepare(struct kvm_memory_slot *new, const struct kvm_memory_slot *inherit);
void shadow_rmap_free(struct kvm_memory_slot *slot);
bool shadow_unmap_range(struct kvm *kvm, const struct kvm_gfn_range *range);
bool shadow_age_range(struct kvm *kvm, const struct kvm_gfn_range *range, bool clear);
void shadow_write_protect_gfn(struct kvm *kvm, const struct kvm_memory_slot *slot, gfn_t gfn);
void shadow_write_protect_slot(struct kvm *kvm, const struct kvm_memory_slot *slot);
void shadow_flush_slot(struct kvm *kvm, const struct kvm_memory_slot *slot);
/* ---- tdp_log.c: the dirty log, and huge pages split for it */
bool tdp_fast_write(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
void tdp_log_protect_mask(struct kvm *kvm, gfn_t gfn, unsigned long mask);
void tdp_log_sync(struct kvm *kvm, struct kvm_memory_slot *slot);
void tdp_split_range(struct kvm *kvm, gfn_t start, gfn_t end, bool protect);
void tdp_zap_split(struct kvm *kvm, gfn_t start, gfn_t end);

/* ---- gva.c */
struct kvm_walk;
gpa_t mmu_walk_traced(struct kvm_walk *walk, struct kvm_vcpu *vcpu, struct kvm_mmu *mmu,
		      gpa_t addr, u64 access, struct x86_exception *fault);
gpa_t mmu_walk_gva(struct kvm_vcpu *vcpu, struct kvm_mmu *mmu, gpa_t addr, u64 access,
		   struct x86_exception *fault);

/* ---- mmu.c: what the second dimension can do; set at module load */
struct kvm_mmu_config {
	bool tdp;
	u8 tdp_level;
	int huge_level;
	unsigned int dirty_buffer;	/* see kvm_mmu_set_dirty_buffer() */
};

extern struct kvm_mmu_config kvm_mmu_config;


/*
 * Does the guest's CPU keep PDPTEs since MOV CR3? VMX keeps them in the VMCS (SDM 26.3.2.4), and
 * without a second dimension every CPU does; under NPT there are none (APM2 15.25.10).
 */
static inline bool mmu_pdptrs_cached(void)
{
	return spte_masks.ept || !kvm_mmu_config.tdp;
}

static inline unsigned long mmu_get_cr3(struct kvm_vcpu *vcpu)
{
	return kvm_read_cr3(vcpu);
}

/* The vCPU's last hit, if it is still good. kvm->srcu is held for the vCPU. */
static inline struct kvm_memory_slot *mmu_last_slot(struct kvm_vcpu *vcpu)
{
	if (vcpu->last_slot_gen != READ_ONCE(vcpu->kvm->memslots[0].generation))
		return NULL;
	return vcpu->last_slot;
}

/* A huge page of this VM is not executable. */
static inline bool mmu_vm_nx_huge_pages(struct kvm *kvm)
{
	return READ_ONCE(mmu_nx_huge_pages) && !kvm->arch.mmu.nx_off;
}

/* 4 KiB pages that an entry of @level maps. */
static inline gfn_t mmu_level_pages(int level)
{
	return 1ull << (SPTE_INDEX_BITS * (level - 1));
}

/* How many entries of @level map guest memory. */
static inline u64 *mmu_level_stat(struct kvm *kvm, int level)
{
	if (level == 1)
		return &kvm->stat.pages_4k;
	return level == 2 ? &kvm->stat.pages_2m : &kvm->stat.pages_1g;
}

/* Statistics of a VM are counted by several vCPUs at once, some under the shared lock. */
static inline void mmu_stat_add(u64 *stat, s64 nr)
{
	atomic64_add(nr, (atomic64_t *)stat);
}

#endif
