// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct kvm_mmu: its life, and which implementation its pointers name. Called by the x86 rooms on
 * the vCPU's thread (vcpu->mutex), and by module and VM life.
 */
#include <linux/export.h>
#include <linux/mem_encrypt.h>
#include "kvm_mmu.h"
#include "mmu_internal.h"
#include "x86.h"

struct kvm_mmu_config kvm_mmu_config __read_mostly;

/*
 * --- module --------------------------------------------------------------------------------------
 */

/* Before any vendor's hardware_setup(). 0 or -ENOMEM. */
int kvm_mmu_module_init(void)
{
	int ret;

	BUILD_BUG_ON(SPTE_PER_TABLE * sizeof(u64) != PAGE_SIZE);
	ret = mmu_pages_init();
	if (ret)
		return ret;
	ret = shadow_pages_init();
	if (ret)
		goto out_pages;
	ret = mmu_reclaim_init();
	if (ret)
		goto out_shadow;
	mmu_nx_init();
	return 0;

out_shadow:
	shadow_pages_exit();
out_pages:
	mmu_pages_exit();
	return ret;
}

void kvm_mmu_module_exit(void)
{
	mmu_nx_exit();
	mmu_reclaim_exit();
	shadow_pages_exit();
	mmu_pages_exit();
}

void kvm_mmu_configure(bool tdp, int tdp_level, int huge_level)
{
	kvm_mmu_config = (struct kvm_mmu_config) {
		.tdp = tdp,
		.tdp_level = tdp_level,
		/* The vendor speaks of its second dimension. */
		.huge_level = tdp ? huge_level : 2,
	};
	spte_set_npt_masks(sme_me_mask);
}
EXPORT_SYMBOL_GPL(kvm_mmu_configure);

/**
 * kvm_mmu_set_ept_masks - our tables are EPT; after kvm_mmu_configure()
 * @has_ad_bits: accessed and dirty flags are there and the vendor turns them on in the EPTP
 * @has_exec_only: execute-only pages are legal; ours are all readable, so nothing follows from it
 */
void kvm_mmu_set_ept_masks(bool has_ad_bits, bool has_exec_only)
{
	spte_set_ept_masks(has_ad_bits);
}
EXPORT_SYMBOL_GPL(kvm_mmu_set_ept_masks);

/**
 * kvm_mmu_set_dirty_buffer - hardware logs each D bit that it sets; after kvm_mmu_configure()
 * @entries: pages that one vCPU's buffer holds, before the vendor marks them; 0: it does not
 */
void kvm_mmu_set_dirty_buffer(unsigned int entries)
{
	kvm_mmu_config.dirty_buffer = entries;
}
EXPORT_SYMBOL_GPL(kvm_mmu_set_dirty_buffer);

/* Nested page tables, and not shadow ones? */
bool kvm_mmu_has_tdp(void)
{
	return kvm_mmu_config.tdp;
}

/*
 * --- VM ------------------------------------------------------------------------------------------
 */

/**
 * kvm_mmu_init_vm - a VM without page tables; the first vCPU makes them
 * @kvm: the VM
 *
 * Return: 0 or -ENOMEM.
 */
int kvm_mmu_init_vm(struct kvm *kvm)
{
	kvm->arch.mmu.root_hpa = KVM_MMU_NO_ROOT;
	kvm->arch.mmu.root_level = kvm_mmu_config.tdp_level;
	kvm->arch.mmu.log_by_dirty = kvm_mmu_config.tdp && spte_masks.dirty;
	atomic_long_set(&kvm->arch.mmu.nr_pages, 0);
	kvm->arch.mmu.max_pages = ULONG_MAX;
	if (!kvm_mmu_config.tdp)
		return shadow_init_vm(kvm);
	return 0;
}

/* After the last vCPU and the mmu notifier have gone. */
void kvm_mmu_uninit_vm(struct kvm *kvm)
{
	tdp_free_root(kvm);
	shadow_uninit_vm(kvm);
	WARN_ON_ONCE(atomic_long_read(&kvm->arch.mmu.nr_pages));
}

/*
 * --- TDP's implementation of struct kvm_mmu ------------------------------------------------------
 */

static u64 mmu_get_pdptr(struct kvm_vcpu *vcpu, int index)
{
	if (!kvm_reg_is_available(vcpu, VCPU_EXREG_PDPTR))
		kvm_x86_call(cache_reg)(vcpu, VCPU_EXREG_PDPTR);
	return vcpu->arch.mmu->pdptrs[index];
}

static void mmu_inject_page_fault(struct kvm_vcpu *vcpu, struct x86_exception *fault)
{
	kvm_queue_page_fault(vcpu, fault->address, fault->error_code);
}

/* No hypervisor below this guest: its physical addresses are the VM's. */
static gpa_t mmu_translate_gpa(struct kvm_vcpu *vcpu, gpa_t gpa, u64 access,
			       struct x86_exception *fault)
{
	return gpa;
}

/* Hardware walks the guest's own tables: there is no copy that could be out of date. */
static int tdp_sync_page(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	return 0;
}

static void tdp_update_pte(struct kvm_vcpu *vcpu, gpa_t gpa, const void *pte, int bytes)
{
}

/* But hardware caches what it walked (SDM 28.4.3.1, APM2 15.16.1). */
static void tdp_invlpg(struct kvm_vcpu *vcpu, gva_t gva)
{
	vcpu->stat.invlpg++;
	preempt_disable();
	kvm_x86_call(tlb_flush_gva)(vcpu, gva);
	preempt_enable();
}

/*
 * --- vCPU ----------------------------------------------------------------------------------------
 */

/**
 * kvm_mmu_create - a new vCPU's struct kvm_mmu, paging off
 * @vcpu: the vCPU
 *
 * Return: 0 or -ENOMEM.
 */
int kvm_mmu_create(struct kvm_vcpu *vcpu)
{
	vcpu->arch.mmu_cache.nr = 0;
	vcpu->arch.root_mmu = (struct kvm_mmu) {
		.get_guest_pgd = mmu_get_cr3,
		.get_pdptr = mmu_get_pdptr,
		.page_fault = kvm_tdp_page_fault,
		.inject_page_fault = mmu_inject_page_fault,
		.gva_to_gpa = mmu_walk_gva,
		.translate_gpa = mmu_translate_gpa,
		.sync_page = tdp_sync_page,
		.invlpg = tdp_invlpg,
		.update_pte = tdp_update_pte,
		.root_hpa = KVM_MMU_NO_ROOT,
		.root_level = kvm_mmu_config.tdp_level,
	};
	vcpu->arch.mmu = &vcpu->arch.root_mmu;
	return kvm_mmu_config.tdp ? 0 : shadow_create(vcpu);
}

void kvm_mmu_destroy(struct kvm_vcpu *vcpu)
{
	shadow_destroy(vcpu);
	vcpu->arch.root_mmu.root_hpa = KVM_MMU_NO_ROOT;
	mmu_cache_free(vcpu);
}

/* The same test as the CPUID room's, by the guest's vendor string: "AuthenticAMD" or Hygon's. */
static bool guest_is_amd(struct kvm_vcpu *vcpu)
{
	struct kvm_cpuid_entry2 *entry = kvm_find_cpuid_entry(vcpu, 0, 0);

	if (!entry)
		return boot_cpu_data.x86_vendor != X86_VENDOR_INTEL;
	return entry->ecx == 0x444d4163 || entry->ecx == 0x656e6975; /* "cAMD", "uine" */
}

/**
 * kvm_mmu_reset_context - rebuild the guest's paging format
 * @vcpu: the vCPU; its CR0, CR4, EFER and CPUID are what they shall be
 *
 * With TDP our own tables do not depend on it: the root stays.
 */
void kvm_mmu_reset_context(struct kvm_vcpu *vcpu)
{
	struct kvm_paging_facts facts = {
		.cr0 = kvm_read_cr0(vcpu),
		.cr4 = kvm_read_cr4(vcpu),
		.efer = vcpu->arch.efer,
		.maxphyaddr = vcpu->arch.maxphyaddr,
		.has_gbpages = guest_cpuid_has(vcpu, X86_FEATURE_GBPAGES),
		.has_pse36 = guest_cpuid_has(vcpu, X86_FEATURE_PSE36),
		.amd = guest_is_amd(vcpu),
		.pdptrs_cached = mmu_pdptrs_cached(),
	};

	kvm_paging_init(&vcpu->arch.mmu->guest, &facts);
	if (!kvm_mmu_config.tdp)
		shadow_reset_context(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_mmu_reset_context);

/**
 * kvm_mmu_load - give the vCPU the VM's root
 * @vcpu: the vCPU; preemption enabled, may sleep
 *
 * The TLB is flushed with it: the page may have been the root of another VM that has died, and
 * translations are tagged by its address (EP4TA, SDM 28.4.1) or by an ASID.
 *
 * Return: 0 or -ENOMEM.
 */
int kvm_mmu_load(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	struct kvm_mmu_vm *vm = &vcpu->kvm->arch.mmu;
	int ret;

	if (mmu->root_hpa != KVM_MMU_NO_ROOT)
		return 0;
	if (!kvm_mmu_config.tdp)
		return shadow_load(vcpu);
	/* Pairs with the release in tdp_alloc_root(). */
	if (READ_ONCE(vm->root_hpa) == KVM_MMU_NO_ROOT) {
		ret = tdp_alloc_root(vcpu->kvm);
		if (ret)
			return ret;
	}

	mmu->root_hpa = READ_ONCE(vm->root_hpa);
	mmu->root_level = vm->root_level;
	kvm_x86_call(load_mmu_root)(vcpu, mmu->root_hpa, mmu->root_level);
	kvm_make_request(KVM_REQ_TLB_FLUSH, vcpu);
	return 0;
}

/* The vCPU lets its root go; the VM keeps it. The next entry loads it again. */
void kvm_mmu_unload(struct kvm_vcpu *vcpu)
{
	vcpu->arch.root_mmu.root_hpa = KVM_MMU_NO_ROOT;
}

/**
 * kvm_mmu_new_pgd - the guest's CR3 or PDPTEs have changed
 * @vcpu: the vCPU
 *
 * With TDP hardware walks what they say. A shadow root is chosen anew at the next entry.
 */
void kvm_mmu_new_pgd(struct kvm_vcpu *vcpu)
{
	if (!kvm_mmu_config.tdp)
		shadow_new_pgd(vcpu);
}

/**
 * kvm_mmu_guest_flushed - the guest flushes its TLB (KVM_REQ_TLB_FLUSH_GUEST)
 * @vcpu: the vCPU; may sleep
 */
void kvm_mmu_guest_flushed(struct kvm_vcpu *vcpu)
{
	if (!kvm_mmu_config.tdp)
		vcpu->arch.mmu->sync_page(vcpu, KVM_GFN_INVALID);
}

/* Unlike the guest's own, userspace's writes to tables are not seen as they happen. */
void kvm_mmu_forget(struct kvm_vcpu *vcpu)
{
	if (!kvm_mmu_config.tdp)
		shadow_zap_all(vcpu->kvm);
}

/**
 * kvm_is_valid_cr3 - may CR3 hold this value?
 * @vcpu: the vCPU
 * @cr3: the value; bit 63 of MOV CR3 with PCID is not part of it
 *
 * SDM 4.5, table 4-12; APM2 3.1.2: in long mode bits beyond the physical address are reserved; in
 * legacy modes CR3 is 32 bits, and all are ignored or used.
 */
bool kvm_is_valid_cr3(struct kvm_vcpu *vcpu, unsigned long cr3)
{
	u8 width = min_t(u8, vcpu->arch.maxphyaddr, 63);

	return !kvm_is_long_mode(vcpu) || !(cr3 & GENMASK(63, width));
}
