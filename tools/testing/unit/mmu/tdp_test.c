// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdp.c, tdp_log.c and page.c: random operations on page tables beside a flat array that says what
 * must be mapped, with every table and every page counted, and each TLB flush that is due; and a
 * guest that writes, as hardware does, while the dirty log is taken.
 */
#include "fake_kernel.h"
#include "mmu_internal.h"
#include <unit_test.h>

#define BLOCK		512u		/* frames of a 2 MiB page */
#define BLOCKS		6u
#define FRAMES		(BLOCKS * BLOCK)
#define BASE		(0x40000ull - 3 * BLOCK)	/* three blocks below 1 GiB, three above */
#define PFN_OF(gfn)	((gfn) + 0x200000ull)

struct kvm_mmu_config kvm_mmu_config = { .tdp = true, .tdp_level = 4, .huge_level = 2 };

bool mmu_nx_huge_pages;

/* ---- the fake kernel */
static struct page host_pages[FRAMES];
static struct { void *addr; struct page page; } table_pages[256];
static unsigned long dirty_bitmap[FRAMES / 64];
static bool flush_due;		/* a TLB may hold what is in no table any more */
static bool vcpus_gone;		/* no TLB is left to flush */
static bool yields;		/* need_resched() answers at random */
static unsigned int contended;	/* it says yes so many times */
static unsigned int flushes;

/* Who cannot wait gets memory now and then. */
unsigned long get_zeroed_page(gfp_t gfp)
{
	void *addr;
	unsigned int i;

	if (gfp == GFP_NOWAIT && (unit_random() & 1))
		return 0;
	addr = aligned_alloc(4096, 4096);
	memset(addr, 0, 4096);
	for (i = 0; table_pages[i].addr; i++)
		;
	table_pages[i].addr = addr;
	return (unsigned long)addr;
}

struct page *virt_to_page(const void *addr)
{
	unsigned int i;

	for (i = 0; table_pages[i].addr != addr; i++)
		;
	return &table_pages[i].page;
}

void free_page(unsigned long addr)
{
	unsigned int i;

	for (i = 0; table_pages[i].addr != (void *)addr; i++)
		;
	table_pages[i].addr = NULL;
	free((void *)addr);
}

static unsigned int tables_alive(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(table_pages); i++)
		n += !!table_pages[i].addr;
	return n;
}

struct page *pfn_to_page(u64 pfn)
{
	return &host_pages[pfn - PFN_OF(BASE)];
}

/* It may fail though the entry is as expected: so do those who lost a race and then won one. */
bool fake_cmpxchg(u64 *entry, u64 *old, u64 new)
{
	if (*entry != *old || (yields && !(unit_random() & 3))) {
		*old = *entry;
		return false;
	}
	*entry = new;
	flush_due |= spte_change_needs_flush(*old, new, 1);
	return true;
}

u64 fake_xchg(u64 *entry, u64 new)
{
	u64 old = *entry;

	*entry = new;
	if (spte_is_present(old))
		flush_due = true;
	return old;
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	EXPECT(!flush_due || vcpus_gone, "a table is freed before the TLB flush");
	func(head);
}

void kvm_flush_remote_tlbs(struct kvm *kvm)
{
	flushes++;
	flush_due = false;
}

bool need_resched(void)
{
	if (contended) {
		EXPECT(--contended, "no way forward while others want the lock");
		return true;
	}
	return yields && !(unit_random() & 7);
}

int cond_resched_rwlock_write(rwlock_t *lock)
{
	EXPECT(!flush_due || vcpus_gone, "the lock is dropped before the TLB flush");
	return 1;
}

void kvm_slot_mark_dirty(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			 gfn_t gfn)
{
	if (slot->dirty_bitmap)
		slot->dirty_bitmap[(gfn - BASE) / 64] |= 1ul << (gfn - BASE) % 64;
}

void kvm_vcpu_mark_page_dirty(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	kvm_slot_mark_dirty(vcpu->kvm, vcpu, vcpu->last_slot, gfn);
}

/* ---- the VM, and what must be mapped in it */
struct frame {
	bool mapped, write;
};

static struct kvm kvm;
static struct kvm_vcpu vcpu;
static struct kvm_memory_slot slot;
static bool written[FRAMES];		/* by the guest, since the log was taken */
static struct frame frames[FRAMES];
static bool huge[BLOCKS];		/* the block is one 2 MiB page */
static bool table[BLOCKS];		/* it has a table of small ones */

static void vm_begin(void)
{
	vcpus_gone = flush_due = false;
	memset(&kvm, 0, sizeof(kvm));
	memset(frames, 0, sizeof(frames));
	memset(huge, 0, sizeof(huge));
	memset(table, 0, sizeof(table));
	memset(host_pages, 0, sizeof(host_pages));
	memset(written, 0, sizeof(written));
	memset(dirty_bitmap, 0, sizeof(dirty_bitmap));
	slot = (struct kvm_memory_slot) { .base_gfn = BASE, .npages = FRAMES };
	vcpu = (struct kvm_vcpu) { .kvm = &kvm, .last_slot = &slot };
	kvm.arch.mmu.root_hpa = KVM_MMU_NO_ROOT;
	mmu_pages_init();
	EXPECT(!tdp_alloc_root(&kvm) && !tdp_alloc_root(&kvm), "root");
}

static void vm_end(void)
{
	vcpus_gone = true;
	tdp_free_root(&kvm);
	mmu_cache_free(&vcpu);
	EXPECT(!kvm.arch.mmu.nr_pages.counter && !kvm.stat.page_table_pages, "tables counted");
	EXPECT(!kvm.stat.pages_4k && !kvm.stat.pages_2m, "pages counted");
	EXPECT(!tables_alive(), "%u tables leaked", tables_alive());
	mmu_pages_exit();
}

static void lock_exclusive(void)
{
	write_lock(&kvm.mmu_lock);
}

/* Before the lock is dropped the caller flushes, if it was told to. */
static void unlock_exclusive(bool flush)
{
	if (flush)
		kvm_flush_remote_tlbs(&kvm);
	EXPECT(!flush_due, "nobody flushed");
	write_unlock(&kvm.mmu_lock);
}

static void forget(unsigned int block)
{
	memset(&frames[block * BLOCK], 0, BLOCK * sizeof(frames[0]));
	huge[block] = false;
}

static int fault(unsigned int i, bool write, int level, unsigned int around)
{
	struct kvm_page_fault pf = {
		.gfn = BASE + i, .write = write, .slot = &slot, .level = level, .around = around,
		.ref = { .pfn = PFN_OF(BASE + i), .page = pfn_to_page(PFN_OF(BASE + i)),
			 .writable = true },
	};
	unsigned int n;
	int ret;

	for (n = 0; n < KVM_AROUND; n++)
		vcpu.arch.mmu_cache.around[n] = PFN_OF(BASE + (i & ~15u) + n);
	do {
		EXPECT(!mmu_cache_topup(&vcpu), "memory");
		kvm.mmu_lock = 1;
		ret = tdp_map(&vcpu, &pf);
		kvm.mmu_lock = 0;
	} while (ret == KVM_PF_RETRY);
	return ret;
}

struct kvm_memory_slot *kvm_gfn_to_slot(struct kvm *kvm, gfn_t gfn)
{
	return gfn >= BASE && gfn < BASE + FRAMES ? &slot : NULL;
}

/* ---- operations on both */
/* The entry that hardware ends at for frame @i. */
static u64 *hardware_walk(unsigned int i, int *level)
{
	u64 *entry, *page = __va(kvm.arch.mmu.root_hpa);

	for (*level = 4;; --*level) {
		entry = &page[(BASE + i) >> (9 * (*level - 1)) & 511];
		if (!(*entry & spte_masks.leaf) || *level == 1 || (*entry & BIT_ULL(7)))
			return entry;
		page = __va(*entry & GENMASK_ULL(51, 12));
	}
}

static void op_map_around(unsigned int i, bool write, int level, unsigned int around)
{
	bool may_write = !slot.dirty_bitmap || kvm.arch.mmu.log_by_dirty;
	unsigned int block = i / BLOCK, j;
	struct frame *frame = &frames[i];
	int ret = fault(i, write, level, around);

	if (frame->mapped && (!write || frame->write)) {
		EXPECT(ret == KVM_PF_SPURIOUS, "frame %u: %d", i, ret);
		return;
	}
	if (huge[block] && level == 1) {
		EXPECT(ret == KVM_PF_ZAP_FIRST, "frame %u: %d", i, ret);
		lock_exclusive();
		tdp_zap_gfn(&kvm, BASE + i);
		unlock_exclusive(false);
		forget(block);
		return;
	}
	EXPECT(ret == KVM_PF_FIXED, "frame %u: %d", i, ret);
	if (level == 2 && !table[block]) {
		huge[block] = true;
		for (j = block * BLOCK; j < (block + 1) * BLOCK; j++)
			frames[j] = (struct frame) { true, may_write || write };
		return;
	}
	table[block] = true;
	*frame = (struct frame) { true, may_write || write };
	for (j = 0; j < KVM_AROUND; j++) {
		frame = &frames[(i & ~15u) + j];
		/* Who lost a race leaves it. */
		if ((around & 1u << j) && !frame->mapped &&
		    (*hardware_walk((i & ~15u) + j, &level) & spte_masks.leaf))
			*frame = (struct frame) { true, may_write };
	}
}

static void op_map(unsigned int i, bool write, int level)
{
	op_map_around(i, write, level, 0);
}

static void op_zap(unsigned int start, unsigned int end, bool can_yield)
{
	unsigned int i, block;

	lock_exclusive();
	unlock_exclusive(tdp_zap_range(&kvm, BASE + start, BASE + end, can_yield));
	for (i = start; i < end; i++) {
		if (huge[i / BLOCK])
			forget(i / BLOCK);
		frames[i].mapped = frames[i].write = false;
	}
	for (block = 0; block < BLOCKS; block++)
		if (start <= block * BLOCK && (block + 1) * BLOCK <= end)
			table[block] = false;
}

/* What was split maps the same, in small pages. */
static void model_split(unsigned int start, unsigned int end)
{
	unsigned int block;

	for (block = start / BLOCK; block * BLOCK < end; block++) {
		table[block] |= huge[block];
		huge[block] = false;
	}
}

static void model_protect(unsigned int i)
{
	if (!kvm.arch.mmu.log_by_dirty)
		frames[i].write = false;
}

static void take_log(unsigned int word, unsigned long mask)
{
	unsigned int i;

	mask &= dirty_bitmap[word];
	if (!mask)
		return;
	dirty_bitmap[word] &= ~mask;
	lock_exclusive();
	tdp_log_protect_mask(&kvm, BASE + word * 64, mask);
	unlock_exclusive(true);
	if (huge[word * 64 / BLOCK])
		forget(word * 64 / BLOCK);
	for (i = word * 64; i < word * 64 + 64; i++) {
		if (!(mask & 1ul << i % 64))
			continue;
		model_protect(i);
		written[i] = false;
	}
}

/* Every page that the guest has written is in the log; some words of it are taken. */
static void op_collect(unsigned int start, unsigned int end, unsigned long mask, bool split)
{
	unsigned int i;

	tdp_log_sync(&kvm, &slot);
	for (i = 0; i < FRAMES; i++)
		EXPECT(!written[i] || dirty_bitmap[i / 64] >> i % 64 & 1, "write to %u is lost", i);
	if (split) {
		tdp_split_range(&kvm, BASE + start, BASE + end, false);
		EXPECT(!flush_due, "a split that nobody flushed");
		model_split(start, end);
	}
	for (i = start / 64; i < end / 64; i++)
		take_log(i, mask);
}

static void op_log_begin(bool full)
{
	unsigned int i;

	slot.dirty_bitmap = dirty_bitmap;
	kvm.nr_dirty_logs = 1;
	memset(written, 0, sizeof(written));
	memset(dirty_bitmap, full ? 0xff : 0, sizeof(dirty_bitmap));
	if (full)
		return;
	tdp_split_range(&kvm, BASE, BASE + FRAMES, true);
	EXPECT(!flush_due, "a split that nobody flushed");
	model_split(0, FRAMES);
	for (i = 0; i < FRAMES; i++)
		model_protect(i);
}

static void op_log_end(void)
{
	unsigned int i;

	slot.dirty_bitmap = NULL;
	kvm.nr_dirty_logs = 0;
	lock_exclusive();
	tdp_zap_split(&kvm, BASE, BASE + FRAMES);
	unlock_exclusive(false);
	for (i = 0; i < BLOCKS; i++) {
		bool any = false;
		unsigned int j;

		for (j = i * BLOCK; j < (i + 1) * BLOCK; j++)
			any |= frames[j].mapped;
		if (!table[i] || !any)
			continue;
		forget(i);
		table[i] = false;
	}
}

static void op_fast_write(unsigned int i)
{
	struct kvm_page_fault pf = { .gfn = BASE + i, .write = true, .slot = &slot };
	bool done = tdp_fast_write(&vcpu, &pf), small = frames[i].mapped && !huge[i / BLOCK];

	/* whoever loses the race goes the slow way; here, once more */
	while (small && !done)
		done = tdp_fast_write(&vcpu, &pf);
	EXPECT(done == small, "frame %u: %d", i, done);
	frames[i].write |= done;
}

static void op_age(unsigned int start, unsigned int end)
{
	bool young, any = false;
	unsigned int i;

	for (i = start; i < end; i++)
		any |= frames[i].mapped;
	lock_exclusive();
	young = tdp_test_age_range(&kvm, BASE + start, BASE + end);
	EXPECT(!young || any, "young, but not mapped");
	EXPECT(tdp_age_range(&kvm, BASE + start, BASE + end) == young, "age");
	unlock_exclusive(false);
	if (spte_masks.accessed) {
		EXPECT(!tdp_test_age_range(&kvm, BASE + start, BASE + end), "still young");
		return;
	}
	/* without accessed bits what was aged is not mapped any more */
	EXPECT(young == any, "%d", young);
	for (i = start; i < end; i++) {
		if (huge[i / BLOCK])
			forget(i / BLOCK);
		frames[i].mapped = frames[i].write = false;
	}
}

/* A store of the guest's: hardware notes it, or faults until it can. */
static void op_guest_write(unsigned int i)
{
	int level;
	u64 *entry;

	while (!frames[i].mapped || !frames[i].write)
		op_map(i, true, 1);
	entry = hardware_walk(i, &level);
	EXPECT(*entry & SPTE_WRITE, "frame %u cannot be written: %#llx", i, *entry);
	*entry |= spte_masks.accessed | spte_masks.dirty;
	written[i] = slot.dirty_bitmap;
}

/* A frame without a slot is a device's until the slots change, and memory can take its place. */
static void op_mmio(unsigned int i, int level)
{
	struct kvm_page_fault pf = { .gfn = BASE + i };

	if (frames[i].mapped)
		return;
	vcpu.hole_gen = kvm.memslots[0].generation;
	do {
		pf.level = level;
		EXPECT(!mmu_cache_topup(&vcpu), "memory");
		EXPECT(tdp_map(&vcpu, &pf) == KVM_PF_EMULATE, "device %u", i);
	} while (!tdp_is_mmio(&kvm, BASE + i));
	table[i / BLOCK] |= level == 1;
	kvm.memslots[0].generation += 1 + (unit_random() & 1) * (SPTE_MMIO_GENERATIONS - 2);
	EXPECT(!tdp_is_mmio(&kvm, BASE + i), "device %u, of other slots", i);
}

static void check(void)
{
	unsigned int i, small = 0, big = 0;
	int level;

	for (i = 0; i < FRAMES; i++) {
		u64 entry = *hardware_walk(i, &level);
		bool mapped = entry & spte_masks.leaf;
		u64 pfn = (entry & GENMASK_ULL(51, 12)) >> 12;

		EXPECT(mapped == frames[i].mapped, "frame %u: entry %#llx", i, entry);
		if (!mapped)
			continue;
		EXPECT(pfn + (level == 2 ? i % BLOCK : 0) == PFN_OF(BASE + i),
		       "frame %u level %d: entry %#llx", i, level, entry);
		EXPECT(!!(entry & SPTE_WRITE) == frames[i].write, "frame %u: entry %#llx", i,
		       entry);
		EXPECT((level == 2) == huge[i / BLOCK], "frame %u: level %d", i, level);
		small += level == 1;
		big += level == 2 && !(i % BLOCK);
	}
	EXPECT(kvm.stat.pages_4k == small && kvm.stat.pages_2m == big, "%llu %llu, not %u %u",
	       kvm.stat.pages_4k, kvm.stat.pages_2m, small, big);
	EXPECT(tables_alive() == kvm.stat.page_table_pages + vcpu.arch.mmu_cache.nr,
	       "%u tables, %llu counted", tables_alive(), kvm.stat.page_table_pages);
}

static void op_random(void)
{
	unsigned int i = unit_random() % FRAMES, j = unit_random() % FRAMES;
	unsigned int start = min(i, j), end = max(i, j) + 1;

	/* often whole blocks, since those take tables with them */
	if (unit_random() & 1) {
		start -= start % BLOCK;
		end += (BLOCK - end % BLOCK) % BLOCK;
	}
	switch (unit_random() % 16) {
	case 0:
		op_zap(start, end, unit_random() & 1);
		break;
	case 1:
		if (slot.dirty_bitmap)
			op_log_end();
		else
			op_log_begin(unit_random() & 1);
		break;
	case 2:
		if (slot.dirty_bitmap)
			op_collect(start & ~63u, (end + 63) & ~63u,
				   unit_random() & 1 ? ~0ul : unit_random(), unit_random() & 3);
		break;
	case 3:
		op_age(i, min(i + 100, FRAMES));
		break;
	case 4:
	case 5:
		op_fast_write(i);
		break;
	case 6:
	case 7:
	case 8:
		op_guest_write(i);
		break;
	case 9:
		op_mmio(i, 1 + (unit_random() & 1));
		break;
	default:
		op_map_around(i, unit_random() & 1,
			      slot.dirty_bitmap || unit_random() & 3 ? 1 : 2,
			      unit_random() & 1 ? unit_random() & 0xffff : 0);
	}
}

TEST(test_tdp_random, "tdp: random operations against a flat model")
{
	int format, n;

	yields = true;
	for (format = 0; format < 5; format++) {
		if (format % 3)
			spte_set_ept_masks(format % 3 == 1);
		else
			spte_set_npt_masks(0);
		vm_begin();
		kvm.arch.mmu.log_by_dirty = format > 2;
		for (n = 0; n < 4000; n++) {
			op_random();
			if (!(n % 16))
				check();
		}
		check();
		vm_end();
	}
}

/* A page learns what hardware noted of it, and the log has every write. */
TEST(test_tdp_dirty, "tdp: the dirty log and the page's own state")
{
	struct page *page = pfn_to_page(PFN_OF(BASE + 7));

	yields = false;
	spte_set_npt_masks(0);
	vm_begin();
	slot.dirty_bitmap = dirty_bitmap;

	op_map(7, false, 1);
	EXPECT(!frames[7].write && !dirty_bitmap[0], "a read is logged: %#lx", dirty_bitmap[0]);
	op_fast_write(7);
	EXPECT(dirty_bitmap[0] == 1 << 7, "a write is not logged: %#lx", dirty_bitmap[0]);
	EXPECT(!page->dirty, "before the note is taken away");

	flushes = 0;
	op_collect(0, 64, ~0ul, false);
	EXPECT(page->dirty, "the note was lost with D");
	op_map(7, true, 1);
	EXPECT(dirty_bitmap[0] == 1 << 7, "a write is not logged: %#lx", dirty_bitmap[0]);

	op_map(9, true, 1);
	EXPECT(dirty_bitmap[0] == (1 << 7 | 1 << 9), "%#lx", dirty_bitmap[0]);
	op_zap(0, FRAMES, false);
	EXPECT(page->accessed, "the note was lost with the mapping");
	vm_end();
}

/* Others want the lock whenever it is held: each way over the tables must still come to its end. */
TEST(test_tdp_contended, "tdp: forward under contention")
{
	unsigned int i;

	yields = false;
	spte_set_npt_masks(0);
	vm_begin();
	kvm.arch.mmu.log_by_dirty = true;
	for (i = 0; i < BLOCKS; i++)
		op_map(i * BLOCK, true, 2);
	contended = 1000;
	op_log_begin(false);
	op_guest_write(3);
	op_collect(0, FRAMES, ~0ul, false);
	op_log_end();
	op_zap(0, FRAMES, true);
	check();
	contended = 0;
	vm_end();
}

/* Whole blocks give their tables back, and a huge page can take their place. */
TEST(test_tdp_tables, "tdp: tables come and go with their range")
{
	unsigned int i, before;

	yields = false;
	spte_set_npt_masks(0);
	vm_begin();
	op_map(0, true, 1);
	before = kvm.stat.page_table_pages;
	for (i = 1; i < BLOCK; i++)
		op_map(i, true, 1);
	EXPECT(kvm.stat.page_table_pages == before, "%llu", kvm.stat.page_table_pages);
	EXPECT(fault(5, true, 2, 0) == KVM_PF_SPURIOUS, "a huge page over a table");

	op_zap(0, BLOCK, false);
	EXPECT(kvm.stat.page_table_pages == before - 1, "%llu", kvm.stat.page_table_pages);
	op_map(5, true, 2);
	EXPECT(huge[0] && kvm.stat.pages_2m == 1, "no huge page");
	op_zap(100, 101, false);
	check();
	EXPECT(!kvm.stat.pages_2m && !frames[0].mapped, "a touched huge page stays");
	vm_end();
}
