/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct kvm_mmu: one vCPU's view of address translation, and what the x86 rooms may ask of the
 * MMU.
 *
 * The function pointers change with the guest's paging mode (kvm_mmu_reset_context). TDP is one set
 * of implementations; shadow paging will be another, never mixed into the first.
 */
#ifndef __KVM_X86_MMU_H
#define __KVM_X86_MMU_H

#include <linux/kvm_types.h>
#include <linux/list.h>
#include <kvm/guest_mem.h>
#include "exception.h"
#include "mmu/paging.h"

struct kvm;
struct kvm_vcpu;
struct kvm_mmu;
struct kvm_memory_slot;
struct kvm_page_fault;
struct kvm_pre_fault_memory;
struct kvm_shadow_vm;
struct shadow_page;

/* A fault makes at most one page for each level below the root, and PAE's root has four parts. */
#define KVM_SHADOW_CACHE	4
/* Roots that a vCPU keeps, so that a CR3 that comes back is cheap. */
#define KVM_SHADOW_ROOTS	4

/**
 * struct kvm_shadow_root - one root of shadow paging that the vCPU has in store (v)
 * @key: CR3's address bits and PCID, or the four PDPTEs of PAE paging
 * @left: kvm_shadow_vm.filled when it was the current one last; 0: its PCID was flushed since
 * @role: of the mode it was made for
 * @used: there is one here
 * @page: its top table; or, for PAE tables, the four below it
 */
struct kvm_shadow_root {
	u64 key[4];
	u64 left;
	u32 role;
	bool used;
	struct shadow_page *page[4];
};

/**
 * struct kvm_mmu - translation as one vCPU sees it now
 *
 * The walker reads the guest's state from here, not from the vCPU, so that a nested guest's tables
 * can be walked by the same code.
 */
struct kvm_mmu {
	unsigned long (*get_guest_pgd)(struct kvm_vcpu *vcpu);
	u64 (*get_pdptr)(struct kvm_vcpu *vcpu, int index);
	int (*page_fault)(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);
	void (*inject_page_fault)(struct kvm_vcpu *vcpu, struct x86_exception *fault);
	gpa_t (*gva_to_gpa)(struct kvm_vcpu *vcpu, struct kvm_mmu *mmu, gpa_t addr, u64 access,
			    struct x86_exception *fault);
	gpa_t (*translate_gpa)(struct kvm_vcpu *vcpu, gpa_t gpa, u64 access,
			       struct x86_exception *fault);
	int (*sync_page)(struct kvm_vcpu *vcpu, gfn_t gfn);
	void (*invlpg)(struct kvm_vcpu *vcpu, gva_t gva);
	void (*update_pte)(struct kvm_vcpu *vcpu, gpa_t gpa, const void *pte, int bytes);

	hpa_t root_hpa;			/* what hardware walks; KVM_MMU_NO_ROOT: none loaded */
	u8 root_level;			/* of our own tables */
	/*
	 * the guest's paging mode: permission bitmap, last-PTE bitmap, reserved bits, bad_mt_xwr
	 */
	struct kvm_paging guest;
	u64 pdptrs[4];			/* PAE: loaded by MOV CR3, not at each walk (SDM 4.4.1) */

	/* shadow paging only */
	u32 role;			/* the part that the mode decides: union shadow_role */
	u8 cur_root;			/* the one loaded, when root_hpa is valid */
	u8 next_root;			/* the one to be replaced next */
	struct kvm_shadow_root roots[KVM_SHADOW_ROOTS];
	gfn_t retried_gfn;		/* a table that an unknown instruction wrote, */
	unsigned long retried_rip;	/* and where that was */
	u64 *pae_roots;			/* a page below 4 GiB: four entries for each of @roots */
};

#define KVM_MMU_NO_ROOT		(~(hpa_t)0)

/**
 * struct kvm_shadow_cache - shadow pages that a vCPU has in store for its next fault or root (v)
 * @nr: how many
 * @page: they are empty
 */
struct kvm_shadow_cache {
	int nr;
	struct shadow_page *page[KVM_SHADOW_CACHE];
};

/**
 * struct kvm_mmu_cache - what a vCPU has in store for its next fault (v)
 * @nr: page-table pages
 * @spt: the pages, zeroed
 * @around: the frames around the fault in work
 */
struct kvm_mmu_cache {
	int nr;
	u64 *spt[KVM_MMU_MAX_LEVEL];
	kvm_pfn_t around[KVM_AROUND];
};

/* The page tables of one VM; its inside belongs to mmu/. */
struct kvm_mmu_vm {
	/* (l) the TDP root, shared by all vCPUs; KVM_MMU_NO_ROOT: none yet */
	hpa_t root_hpa;
	u8 root_level;
	/* (o) the dirty log reads D bits instead of taking write faults; before any vCPU */
	bool log_by_dirty;
	bool nx_off;			/* (o) huge pages are executable, whatever the CPU */
	struct page *apic_page;		/* (o) see apic_page.c; NULL: the vendor has none */
	unsigned int apic_away;		/* (l) vCPUs that have no xAPIC at its default address */
	atomic_long_t nr_pages;		/* page-table pages (a) */
	struct kvm_shadow_vm *shadow;	/* (l) instead of all that, with shadow paging */
	unsigned long max_pages;	/* how many it may have (a); ULONG_MAX: see reclaim.c */
	gfn_t reclaim_gfn;		/* (l) where reclaim.c goes on */
};

/*
 * --- module and VM life --------------------------------------------------------------------------
 */
int kvm_mmu_module_init(void);
void kvm_mmu_module_exit(void);

/**
 * kvm_mmu_configure - the vendor says, in hardware_setup(), what its second dimension can do
 * @tdp: NPT or EPT is on
 * @tdp_level: levels of our tables (4 or 5)
 * @huge_level: biggest page, as a level: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB
 */
void kvm_mmu_configure(bool tdp, int tdp_level, int huge_level);
/* EPT's PTE bits differ from those of NPT, which are ordinary ones. */
void kvm_mmu_set_ept_masks(bool has_ad_bits, bool has_exec_only);
bool kvm_mmu_has_tdp(void);
void kvm_mmu_set_dirty_buffer(unsigned int entries);
int kvm_mmu_init_vm(struct kvm *kvm);
void kvm_mmu_uninit_vm(struct kvm *kvm);
int kvm_mmu_set_nr_pages(struct kvm *kvm, unsigned long nr);
int kvm_mmu_get_nr_pages(struct kvm *kvm);
int kvm_mmu_disable_nx_huge_pages(struct kvm *kvm);
int kvm_mmu_create(struct kvm_vcpu *vcpu);
void kvm_mmu_destroy(struct kvm_vcpu *vcpu);

/*
 * --- a vCPU's context ----------------------------------------------------------------------------
 */
/* After CR0.PG/WP, CR4.{PAE,PSE,SMEP,SMAP,PKE,LA57}, EFER.{LME,LMA,NXE} or CPUID changed. */
void kvm_mmu_reset_context(struct kvm_vcpu *vcpu);
int kvm_mmu_load(struct kvm_vcpu *vcpu);	/* slow path of kvm_mmu_reload() */
void kvm_mmu_unload(struct kvm_vcpu *vcpu);
/* After CR3 or the PDPTEs changed; with TDP hardware follows by itself. */
void kvm_mmu_new_pgd(struct kvm_vcpu *vcpu);
/*
 * Userspace gives the vCPU another state, and may have written the guest's page tables for it (a
 * snapshot that is loaded does): copies of them are void.
 */
void kvm_mmu_forget(struct kvm_vcpu *vcpu);
/* The guest has flushed its own translations: a copy of its tables must follow. */
void kvm_mmu_guest_flushed(struct kvm_vcpu *vcpu);
/* PAE: read the four PDPTEs at CR3. False: a reserved bit is set or they cannot be read: #GP. */
bool kvm_mmu_load_pdptrs(struct kvm_vcpu *vcpu, unsigned long cr3);
bool kvm_is_valid_cr3(struct kvm_vcpu *vcpu, unsigned long cr3);

/*
 * --- exits ---------------------------------------------------------------------------------------
 */
/**
 * kvm_mmu_page_fault - handle a nested page fault or EPT violation
 * @gpa: where
 * @error_code: PFERR_*
 * @insn: the instruction's bytes, when hardware gave them
 * @insn_len: how many; 0: fetch them
 *
 * Return: 1 resume the guest, 0 leave to userspace (kvm_run filled), < 0 errno for KVM_RUN.
 */
int kvm_mmu_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code, const void *insn,
		       int insn_len);

/* The same for what hardware knows to be a device's; @error_code without PFERR_RSVD_MASK. */
int kvm_mmu_mmio_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code);
void kvm_mmu_apic_page_away(struct kvm *kvm, bool away);

int kvm_vcpu_pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range);

/*
 * --- guest linear addresses ----------------------------------------------------------------------
 */
/* Return a gpa, or KVM_GPA_INVALID with *fault filled. @access: PFERR_WRITE/FETCH/USER/IMPLICIT. */
gpa_t kvm_gva_to_gpa(struct kvm_vcpu *vcpu, gva_t gva, u64 access, struct x86_exception *fault);
/*
 * Read @len bytes at @gva as @access would; 0, X86EMUL-free: -EFAULT with *fault filled, -EIO: no
 * memory there.
 */
int kvm_read_guest_virt(struct kvm_vcpu *vcpu, gva_t gva, void *data, unsigned int len, u64 access,
			struct x86_exception *fault);
int kvm_write_guest_virt(struct kvm_vcpu *vcpu, gva_t gva, const void *data, unsigned int len,
			 u64 access, struct x86_exception *fault);

#endif
