// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine under the tests. Its CPUs walk the shadow tables as hardware does, keep what they
 * have walked in TLBs and paging-structure caches until told otherwise, and count as an error
 * whatever they reach that is not theirs any more: a freed table (ASan), a frame of the host's that
 * the notifier has taken away.
 */
#include "sim.h"
#include "kvm_mmu.h"
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#define PFN_BASE	0x1000000ull
#define NR_TABLES	4096u
#define TLB_ENTRIES	64u

struct kvm_mmu_config kvm_mmu_config = { .tdp = false };
struct spte_masks spte_masks;
bool mmu_nx_huge_pages;
struct kvm sim_kvm;
struct kvm_vcpu sim_vcpu[SIM_VCPUS];
struct kvm_memory_slot sim_slot;
u8 sim_memory[SIM_PAGES * 4096] __attribute__((aligned(4096)));

/*
 * Which of the host's frames is behind each guest frame: another one after each unmap. Those behind
 * 2 MiB are one huge page when they were put there together.
 */
static u64 age_of[SIM_PAGES], last_age;
static bool host_huge[SIM_PAGES / 512];
static unsigned long sim_dirty[SIM_PAGES / 64];
static struct page host_page = { .private = 0xbad };
static struct page tables[NR_TABLES];
static bool paged_out;

/* What a CPU remembers. @table: of the last level, as paging-structure caches keep it. */
struct tlb {
	struct { bool valid; u64 page, spte; int level; } entry[TLB_ENTRIES];
	struct { bool valid; u64 region; u64 *table; u64 rights; } upper[TLB_ENTRIES];
};

static struct tlb tlbs[SIM_VCPUS];

/*
 * --- the fake kernel -----------------------------------------------------------------------------
 */

struct page *alloc_page(int gfp)
{
	unsigned int i;

	for (i = 0; tables[i].addr; i++)
		;
	tables[i] = (struct page) { .addr = aligned_alloc(4096, 4096) };
	memset(tables[i].addr, 0, 4096);
	return &tables[i];
}

unsigned long get_zeroed_page(int gfp)
{
	return (unsigned long)alloc_page(0)->addr;
}

struct page *virt_to_page(const void *addr)
{
	unsigned int i;

	for (i = 0; tables[i].addr != addr; i++)
		WARN_ON(i == NR_TABLES - 1);
	return &tables[i];
}

void __free_page(struct page *page)
{
	free(page->addr);
	page->addr = NULL;
}

void free_page(unsigned long addr)
{
	__free_page(virt_to_page((void *)addr));
}

struct page *pfn_to_page(u64 pfn)
{
	if (pfn >= PFN_BASE && pfn < PFN_BASE + (last_age + 1) * SIM_PAGES)
		return &host_page;
	return virt_to_page((void *)(unsigned long)(pfn << PAGE_SHIFT));
}

bool fake_paged_out(void)
{
	return paged_out && !(unit_random() & 511);
}

void mmu_account_table(struct kvm *kvm, u64 *spt, int nr)
{
	kvm->stat.page_table_pages += nr;
}

void kvm_make_all_vcpus_request(struct kvm *kvm, int req)
{
	unsigned int i;

	for (i = 0; i < SIM_VCPUS; i++)
		kvm_make_request(req, &sim_vcpu[i]);
}

void kvm_slot_mark_dirty(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			 gfn_t gfn)
{
	if (slot->dirty_bitmap)
		slot->dirty_bitmap[gfn / 64] |= BIT(gfn % 64);
}

struct kvm_memory_slot *kvm_gfn_to_slot(struct kvm *kvm, gfn_t gfn)
{
	return gfn < SIM_PAGES ? &sim_slot : NULL;
}

static u64 pfn_of(gfn_t gfn)
{
	return PFN_BASE + age_of[gfn] * SIM_PAGES + gfn;
}

int mmu_fault_level(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	if (fault->exec && mmu_vm_nx_huge_pages(vcpu->kvm))
		return 1;
	return host_huge[fault->gfn / 512] && !fault->slot->dirty_bitmap ? 2 : 1;
}

int kvm_faultin_pfn(const struct kvm_memory_slot *slot, gfn_t gfn, bool write, bool interruptible,
		    struct kvm_page_ref *ref)
{
	*ref = (struct kvm_page_ref) { .pfn = pfn_of(gfn), .page = &host_page, .writable = true };
	return 0;
}

int mmu_fault_no_pfn(struct kvm_vcpu *vcpu, const struct kvm_page_fault *fault, int err)
{
	return err;
}

bool need_resched(void)
{
	return !(unit_random() & 7);
}

/* Whoever has the lock next relies on this: no TLB entry is without a table entry. */
void fake_lock_dropped(void)
{
	EXPECT(!shadow_vm(&sim_kvm)->flush, "the lock is dropped before the TLB flush");
	EXPECT(list_empty(&shadow_vm(&sim_kvm)->zapped), "the lock is dropped with pages to free");
}

int cond_resched_rwlock_write(rwlock_t *lock)
{
	fake_lock_dropped();
	return 1;
}

/*
 * --- guest memory, as walk.c reads it ------------------------------------------------------------
 */

u64 sim_read_entry(u64 gpa, bool wide)
{
	u64 value = 0;

	if (gpa >= sizeof(sim_memory))
		return wide ? ~0ull : ~0u;
	memcpy(&value, sim_memory + gpa, wide ? 8 : 4);
	return value;
}

u64 guest_pte_read(struct kvm_walk *walk, u64 gpa, bool wide)
{
	return sim_read_entry(gpa, wide);
}

static bool walk_is_dry;

bool guest_pte_set(struct kvm_walk *walk, u64 gpa, bool wide, u64 pte, u64 bits)
{
	pte |= bits;
	if (!walk_is_dry && gpa < sizeof(sim_memory))
		memcpy(sim_memory + gpa, &pte, wide ? 8 : 4);
	return true;
}

u64 guest_pdptr(struct kvm_vcpu *vcpu, int index)
{
	return vcpu->arch.root_mmu.pdptrs[index];
}

gpa_t mmu_walk_traced(struct kvm_walk *walk, struct kvm_vcpu *vcpu, struct kvm_mmu *mmu,
		      gpa_t addr, u64 access, struct x86_exception *fault)
{
	walk->vcpu = vcpu;
	walk->paging = &mmu->guest;
	walk->root = vcpu->arch.cr3;
	walk->access = access;
	walk->pkru = 0;
	return kvm_walk_guest_traced(walk, addr, fault);
}

static u64 sim_walk(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access,
		    struct kvm_walk_trace *trace, u8 *level)
{
	struct kvm_walk walk = { .trace = trace };
	struct x86_exception fault;
	u64 kind = (access.write ? PFERR_WRITE_MASK : 0) | (access.user ? PFERR_USER_MASK : 0) |
		   (access.fetch ? PFERR_FETCH_MASK : 0);
	u64 gpa = mmu_walk_traced(&walk, vcpu, vcpu->arch.mmu, addr, kind, &fault);

	*level = walk.level;
	return gpa;
}

u64 sim_expect(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access)
{
	struct kvm_walk_trace trace;
	u64 gpa;
	u8 level;

	walk_is_dry = true;
	gpa = sim_walk(vcpu, addr, access, &trace, &level);
	walk_is_dry = false;
	return gpa;
}

u8 *sim_gpte(struct kvm_vcpu *vcpu, u64 addr)
{
	struct kvm_walk_trace trace;
	u8 level;

	walk_is_dry = true;
	if (sim_walk(vcpu, addr, (struct sim_access) {}, &trace, &level) == KVM_WALK_FAULT)
		level = 0;
	walk_is_dry = false;
	return level && vcpu->arch.mmu->guest.level ? sim_memory + trace.pte_gpa[level - 1] : NULL;
}

/*
 * --- the CPU -------------------------------------------------------------------------------------
 */

gfn_t sim_frame_of(u64 pfn)
{
	gfn_t gfn = (pfn - PFN_BASE) % SIM_PAGES;

	EXPECT(pfn_of(gfn) == pfn, "pfn %#llx is not the guest's any more", pfn);
	return gfn;
}

/* CR0.WP and EFER.NXE are set, CR4 is the guest's. */
static bool rights_allow(struct kvm_vcpu *vcpu, u64 spte, struct sim_access access)
{
	u64 cr4 = vcpu->arch.mmu->guest.level ? vcpu->arch.cr4 : 0;

	if (access.fetch && (spte & SHADOW_NX))
		return false;
	if (access.write && !(spte & SHADOW_W))
		return false;
	if (access.user)
		return spte & SHADOW_U;
	if (!(spte & SHADOW_U))
		return true;
	return !(access.fetch ? cr4 & X86_CR4_SMEP : cr4 & X86_CR4_SMAP);
}

/*
 * The table that holds the leaf, from the cache or by a walk, and its level. A big page's is not
 * remembered.
 */
static u64 *cpu_last_table(struct kvm_vcpu *vcpu, struct tlb *tlb, u64 addr,
			   int *leaf_level)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	unsigned int slot = (addr >> 21) % TLB_ENTRIES;
	u64 *table = (u64 *)(unsigned long)mmu->root_hpa, spte;
	int level = mmu->root_level;

	*leaf_level = 1;
	if (tlb->upper[slot].valid && tlb->upper[slot].region == addr >> 21)
		return tlb->upper[slot].table;
	if (level == 3) {
		spte = table[addr >> 30 & 3];
		if (!(spte & SHADOW_P))
			return NULL;
		EXPECT(!(spte & ~(SHADOW_P | SHADOW_ADDR)), "PDPTE %#llx", spte);
		table = (u64 *)(unsigned long)(spte & SHADOW_ADDR);
		level = 2;
	}
	for (; level > 1; level--) {
		spte = table[addr >> (12 + 9 * (level - 1)) & 511];
		if (!(spte & SHADOW_P))
			return NULL;
		if (spte & SHADOW_PS) {
			EXPECT(level == 2 && !(spte & GENMASK_ULL(20, 12)), "big %#llx", spte);
			*leaf_level = level;
			return table;
		}
		table = (u64 *)(unsigned long)(spte & SHADOW_ADDR);
	}
	tlb->upper[slot].valid = true;
	tlb->upper[slot].region = addr >> 21;
	tlb->upper[slot].table = table;
	return table;
}

/* What a TLB answers for an address that it has in two sizes nobody knows (SDM 4.10.2.3). */
static void check_sizes(const struct tlb *tlb, u64 addr, int level)
{
	unsigned int i;

	for (i = 0; i < TLB_ENTRIES; i++)
		EXPECT(!tlb->entry[i].valid || tlb->entry[i].page >> 9 != addr >> 21 ||
		       tlb->entry[i].level == level, "%#llx is in a TLB in two sizes", addr);
}

/* Nothing of another size may have been put where TLBs know something yet. */
void kvm_flush_remote_tlbs(struct kvm *kvm)
{
	unsigned int id, i;

	for (id = 0; id < SIM_VCPUS; id++) {
		for (i = 0; i < TLB_ENTRIES; i++) {
			u64 addr = tlbs[id].entry[i].page << 12, *table;
			struct tlb empty = {};
			int level;

			if (!tlbs[id].entry[i].valid ||
			    sim_vcpu[id].arch.mmu->root_hpa == KVM_MMU_NO_ROOT)
				continue;
			table = cpu_last_table(&sim_vcpu[id], &empty, addr, &level);
			if (table)
				check_sizes(&tlbs[id], addr, level);
		}
	}
	memset(tlbs, 0, sizeof(tlbs));
}

/* The leaf that lets the access through, or 0 with the error code. */
static u64 cpu_translate(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access, u64 *error)
{
	struct tlb *tlb = &tlbs[vcpu - sim_vcpu];
	unsigned int slot = (addr >> 12) % TLB_ENTRIES;
	u64 *table, *leaf, spte;
	int level;

	*error = (access.write ? PFERR_WRITE_MASK : 0) | (access.user ? PFERR_USER_MASK : 0) |
		 (access.fetch ? PFERR_FETCH_MASK : 0);
	if (tlb->entry[slot].valid && tlb->entry[slot].page == addr >> 12) {
		spte = tlb->entry[slot].spte;
		if (rights_allow(vcpu, spte, access) && (!access.write || (spte & SHADOW_D)))
			return spte;
		tlb->entry[slot].valid = false;
	}
	table = cpu_last_table(vcpu, tlb, addr, &level);
	leaf = table ? &table[addr >> (level == 1 ? 12 : 21) & 511] : NULL;
	spte = leaf ? *leaf : 0;
	if (!(spte & SHADOW_P) || !rights_allow(vcpu, spte, access)) {
		*error |= spte & SHADOW_P;
		/* A fault invalidates what was used (SDM 4.10.4.1). */
		tlb->upper[(addr >> 21) % TLB_ENTRIES].valid = false;
		return 0;
	}
	check_sizes(tlb, addr, level);
	EXPECT(level == 1 || !access.fetch || !mmu_nx_huge_pages, "code in a big page");
	*leaf |= SHADOW_A | (access.write ? SHADOW_D : 0);
	spte = *leaf;
	/* Of a big page, the part that was used. */
	if (level == 2)
		spte |= addr & GENMASK_ULL(20, 12);
	tlb->entry[slot].level = level;
	tlb->entry[slot].valid = true;
	tlb->entry[slot].page = addr >> 12;
	tlb->entry[slot].spte = spte;
	return spte;
}

/* What the run loop does before an entry. */
static void cpu_enter(struct kvm_vcpu *vcpu)
{
	if (vcpu->requests & BIT(KVM_REQ_MMU_RELOAD)) {
		vcpu->requests &= ~BIT(KVM_REQ_MMU_RELOAD);
		vcpu->arch.mmu->root_hpa = KVM_MMU_NO_ROOT;
	}
	if (vcpu->arch.mmu->root_hpa == KVM_MMU_NO_ROOT)
		shadow_load(vcpu);
	if (vcpu->requests & BIT(KVM_REQ_TLB_FLUSH_CURRENT)) {
		vcpu->requests &= ~BIT(KVM_REQ_TLB_FLUSH_CURRENT);
		memset(&tlbs[vcpu - sim_vcpu], 0, sizeof(tlbs[0]));
	}
}

static bool guest_fault, emulated;

static void note_guest_fault(struct kvm_vcpu *vcpu, struct x86_exception *fault)
{
	guest_fault = true;
}

/* The emulator's write: the bytes are the caller's business. */
static u64 cpu_emulate(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access)
{
	struct kvm_walk_trace trace;
	u8 level;
	u64 gpa = sim_walk(vcpu, addr, access, &trace, &level);

	emulated = true;
	if (gpa < sizeof(sim_memory) && access.write)
		kvm_slot_mark_dirty(&sim_kvm, vcpu, &sim_slot, gpa_to_gfn(gpa));
	return gpa;
}

u64 sim_touch(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access)
{
	unsigned int tries;
	u64 error, spte;

	emulated = false;
	if (vcpu->arch.mmu->guest.level < 4)
		addr = (u32)addr;
	for (tries = 0; tries < 100; tries++) {
		struct kvm_page_fault fault = {
			.gpa = addr, .write = access.write, .exec = access.fetch,
		};
		int ret;

		cpu_enter(vcpu);
		spte = cpu_translate(vcpu, addr, access, &error);
		if (spte)
			return gfn_to_gpa(sim_frame_of((spte & SHADOW_ADDR) >> 12)) |
			       (addr & 4095);
		fault.error_code = error;
		vcpu->cpl = access.user ? 3 : 0;
		guest_fault = false;
		ret = shadow_page_fault(vcpu, &fault);
		if (guest_fault)
			return KVM_WALK_FAULT;
		if (ret == KVM_PF_EMULATE)
			return cpu_emulate(vcpu, addr, access);
		EXPECT(ret >= 0, "fault: %d", ret);
	}
	EXPECT(false, "the access to %#llx never ends", addr);
	return KVM_WALK_FAULT;
}

u64 sim_store(struct kvm_vcpu *vcpu, u64 addr, u64 value, unsigned int len)
{
	u64 gpa = sim_touch(vcpu, addr, (struct sim_access) { .write = true });

	if (gpa >= sizeof(sim_memory))
		return gpa;
	memcpy(sim_memory + gpa, &value, len);
	if (emulated)
		vcpu->arch.mmu->update_pte(vcpu, gpa, NULL, len);
	return gpa;
}

/*
 * --- what software does --------------------------------------------------------------------------
 */

/* MOV to CR3 with PCIDs: kvm_set_cr3() keeps bit 63 from us. */
void sim_set_pcid(struct kvm_vcpu *vcpu, u64 cr3, bool flush)
{
	vcpu->arch.cr4 |= X86_CR4_PCIDE;
	vcpu->arch.cr3 = cr3;
	shadow_new_pgd(vcpu);
	if (flush)
		sim_flush_guest(vcpu);
}

void sim_set_cr3(struct kvm_vcpu *vcpu, u64 cr3)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;

	vcpu->arch.cr3 = cr3;
	if (mmu->guest.level == 3)
		memcpy(mmu->pdptrs, sim_memory + cr3, sizeof(mmu->pdptrs));
	shadow_new_pgd(vcpu);
	sim_flush_guest(vcpu);
}

void sim_set_mode(struct kvm_vcpu *vcpu, const struct sim_mode *mode, u64 cr3)
{
	struct kvm_paging_facts facts = {
		.cr0 = (mode->levels ? X86_CR0_PG : 0) | (mode->wp ? X86_CR0_WP : 0),
		.cr4 = (mode->pae ? X86_CR4_PAE : X86_CR4_PSE) | (mode->la57 ? X86_CR4_LA57 : 0) |
		       (mode->smep ? X86_CR4_SMEP : 0) | (mode->smap ? X86_CR4_SMAP : 0),
		.efer = (mode->nxe ? EFER_NX : 0) | (mode->long_mode ? EFER_LMA : 0),
		.maxphyaddr = 40, .has_gbpages = true, .pdptrs_cached = true,
	};

	vcpu->arch.cr0 = facts.cr0;
	vcpu->arch.cr4 = facts.cr4;
	kvm_paging_init(&vcpu->arch.mmu->guest, &facts);
	shadow_reset_context(vcpu);
	sim_set_cr3(vcpu, cr3);
}

void sim_flush_guest(struct kvm_vcpu *vcpu)
{
	vcpu->arch.mmu->sync_page(vcpu, KVM_GFN_INVALID);
	memset(&tlbs[vcpu - sim_vcpu], 0, sizeof(tlbs[0]));
}

void sim_invlpg(struct kvm_vcpu *vcpu, u64 addr)
{
	vcpu->arch.mmu->invlpg(vcpu, addr);
}

/* The host takes the frames away: others will be there at the next fault. */
void sim_unmap(gfn_t start, gfn_t end)
{
	struct kvm_gfn_range range = { .slot = &sim_slot, .start = start, .end = end };
	gfn_t gfn;

	write_lock(&sim_kvm.mmu_lock);
	if (shadow_unmap_range(&sim_kvm, &range))
		kvm_flush_remote_tlbs(&sim_kvm);
	last_age++;
	for (gfn = start; gfn < end; gfn++) {
		age_of[gfn] = last_age;
		host_huge[gfn / 512] = !(start % 512) && end - start == 512;
	}
	write_unlock(&sim_kvm.mmu_lock);
}

void sim_log(bool on)
{
	if (on == !!sim_slot.dirty_bitmap)
		return;
	sim_slot.dirty_bitmap = on ? sim_dirty : NULL;
	memset(sim_dirty, 0, sizeof(sim_dirty));
	write_lock(&sim_kvm.mmu_lock);
	if (on)
		shadow_write_protect_slot(&sim_kvm, &sim_slot);
	else
		shadow_zap_tables(&sim_kvm, 0, SIM_PAGES, false);
	write_unlock(&sim_kvm.mmu_lock);
}

static unsigned long sim_get_pgd(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.cr3;
}

static u64 sim_get_pdptr(struct kvm_vcpu *vcpu, int index)
{
	return vcpu->arch.mmu->pdptrs[index];
}

void sim_begin(const struct sim_mode *mode, unsigned long max_pages)
{
	unsigned int i;

	memset(sim_memory, 0, sizeof(sim_memory));
	memset(tlbs, 0, sizeof(tlbs));
	memset(&sim_kvm, 0, sizeof(sim_kvm));
	sim_slot = (struct kvm_memory_slot) {
		.npages = SIM_PAGES, .userspace_addr = (unsigned long)sim_memory,
	};
	memset(age_of, 0, sizeof(age_of));
	last_age = 0;
	memset(host_huge, true, sizeof(host_huge));
	shadow_pages_init();
	shadow_init_vm(&sim_kvm);
	shadow_rmap_prepare(&sim_slot, NULL);
	shadow_vm(&sim_kvm)->max_pages = max_pages;
	for (i = 0; i < SIM_VCPUS; i++) {
		struct kvm_vcpu *vcpu = &sim_vcpu[i];

		memset(vcpu, 0, sizeof(*vcpu));
		vcpu->kvm = &sim_kvm;
		vcpu->arch.mmu = &vcpu->arch.root_mmu;
		vcpu->arch.root_mmu.get_guest_pgd = sim_get_pgd;
		vcpu->arch.root_mmu.get_pdptr = sim_get_pdptr;
		vcpu->arch.root_mmu.inject_page_fault = note_guest_fault;
		shadow_create(vcpu);
		sim_set_mode(vcpu, mode, 0);
	}
	paged_out = true;
}

void sim_end(void)
{
	unsigned int i;

	paged_out = false;
	memset(tlbs, 0, sizeof(tlbs));
	for (i = 0; i < SIM_VCPUS; i++)
		shadow_destroy(&sim_vcpu[i]);
	shadow_uninit_vm(&sim_kvm);
	shadow_rmap_free(&sim_slot);
	shadow_pages_exit();
	EXPECT(!sim_kvm.stat.page_table_pages, "%llu tables are left",
	       sim_kvm.stat.page_table_pages);
	EXPECT(!sim_kvm.stat.pages_4k, "%llu leaves are left", sim_kvm.stat.pages_4k);
	EXPECT(!sim_kvm.stat.pages_2m, "%llu big leaves are left", sim_kvm.stat.pages_2m);
	EXPECT(!sim_kvm.stat.nx_lpage_splits, "%llu splits are left", sim_kvm.stat.nx_lpage_splits);
	EXPECT(!sim_kvm.stat.mmu_unsync, "%llu unsync pages are left", sim_kvm.stat.mmu_unsync);
	for (i = 0; i < NR_TABLES; i++)
		EXPECT(!tables[i].addr, "page %u is not freed", i);
}
