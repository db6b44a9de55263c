/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SPTE: an entry of our own page tables, in NPT's or in EPT's format.
 *
 * NPT entries are ordinary long-mode PTEs, with U/S set at every level, because the outer dimension
 * treats every guest access as a user one (APM2 15.25.5). EPT entries have R, W, X at bits 2:0 and
 * a memory type (SDM 28.3.2). What is common: W is bit 1, a huge leaf has bit 7, the frame is at
 * 51:12, and bits 11 and 56:52 are software's in both.
 *
 * Pure: the masks are set once, at module load (spte_set_*_masks()), then only read.
 */
#ifndef __KVM_X86_MMU_SPTE_H
#define __KVM_X86_MMU_SPTE_H

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/types.h>

/* Hardware bits that NPT and EPT share. */
#define SPTE_WRITE		BIT_ULL(1)
#define SPTE_HUGE		BIT_ULL(7)
#define SPTE_ADDR_MASK		GENMASK_ULL(51, 12)

/*
 * Software bits.
 * PRESENT: the entry maps something or holds a table, whatever the format calls present.
 * HOST_WRITABLE: the host maps the page writable and the memslot is no ROM.
 * MMU_WRITABLE: nothing but the dirty log keeps W clear, so that a write fault may set it without
 *   the lock. Only with HOST_WRITABLE.
 * REFCOUNTED: the frame has a struct page whose accessed and dirty state is kept.
 */
#define SPTE_PRESENT		BIT_ULL(11)
#define SPTE_HOST_WRITABLE	BIT_ULL(52)
#define SPTE_MMU_WRITABLE	BIT_ULL(53)
#define SPTE_REFCOUNTED		BIT_ULL(54)

/*
 * Nothing is mapped. All zero: not present to NPT and EPT alike, a fresh zeroed page is a table
 * of it, and it holds no address for L1TF to follow (SDM 4.10.2 does not cache it either).
 */
#define SPTE_NONE		0ull

/*
 * No memory slot is there either: a device's, for as long as the slots are of the generation whose
 * low 17 bits are in the entry. Not present to hardware: a reserved bit, or an EPT entry that may
 * be written but not read, would tell the exit apart, but an EPT misconfiguration does not say what
 * kind of access it was (SDM 27.2.1), and by that most MMIO is done without a walk of the guest's
 * tables (kvm_mmio_move()). The address is 0, for L1TF's sake.
 */
#define SPTE_MMIO		BIT_ULL(3)
#define SPTE_MMIO_GENERATIONS	BIT_ULL(17)

#define SPTE_INDEX_BITS		9
#define SPTE_PER_TABLE		(1u << SPTE_INDEX_BITS)

/**
 * struct spte_masks - the format in use
 * @leaf: set in every leaf: present, readable, and U for NPT
 * @table: set in every entry that holds a table: all rights, accessed
 * @exec: executable when set (EPT)
 * @nx: executable when clear (NPT)
 * @accessed: hardware sets it; 0: no accessed bits, an entry counts as accessed
 * @dirty: likewise; 0: a writable entry counts as dirty
 * @me: memory encryption bit of the host (APM2 7.10), part of each address
 * @ept: leaves have a memory type
 */
struct spte_masks {
	u64 leaf;
	u64 table;
	u64 exec;
	u64 nx;
	u64 accessed;
	u64 dirty;
	u64 me;
	bool ept;
};

extern struct spte_masks spte_masks;

/**
 * struct spte_leaf - what a leaf shall say
 * @pfn: host frame, aligned to the page's size
 * @level: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB
 * @write: hardware may write
 * @host_writable: the host's mapping and the memslot allow it
 * @dirtied: the fault was a write: spare hardware setting D
 * @refcounted: the frame has a struct page that is to be told
 * @no_exec: code must not run from it
 * @mt: memory type bits from get_mt_mask(); 0 for NPT, where the guest's PAT and MTRRs and the
 *   host's PAT by the SPTE's PWT/PCD/PAT = 0, that is WB, combine (APM2 15.25.8)
 */
struct spte_leaf {
	u64 pfn;
	int level;
	bool write;
	bool host_writable;
	bool dirtied;
	bool refcounted;
	bool no_exec;
	u64 mt;
};

void spte_set_npt_masks(u64 me);
void spte_set_ept_masks(bool has_ad_bits);
u64 spte_make_leaf(const struct spte_leaf *leaf);
u64 spte_make_table(u64 hpa);
u64 spte_make_child(u64 spte, int level, unsigned int index);
u64 spte_make_old(u64 spte);
bool spte_change_needs_flush(u64 old, u64 new, int level);

static inline u64 spte_make_mmio(u64 generation)
{
	return SPTE_MMIO | (generation & 0x7ff) << 52 | (generation >> 11 & 0x3f) << 4;
}

static inline bool spte_is_present(u64 spte)
{
	return spte & SPTE_PRESENT;
}

/* A present entry that maps a page instead of holding a table. */
static inline bool spte_is_leaf(u64 spte, int level)
{
	return spte_is_present(spte) && (level == 1 || (spte & SPTE_HUGE));
}

static inline bool spte_is_table(u64 spte, int level)
{
	return spte_is_present(spte) && level > 1 && !(spte & SPTE_HUGE);
}

static inline u64 spte_hpa(u64 spte)
{
	return spte & SPTE_ADDR_MASK & ~spte_masks.me;
}

static inline u64 spte_pfn(u64 spte)
{
	return spte_hpa(spte) >> 12;
}

static inline bool spte_is_writable(u64 spte)
{
	return spte & SPTE_WRITE;
}

static inline bool spte_is_executable(u64 spte)
{
	return (spte & (spte_masks.exec | spte_masks.nx)) == spte_masks.exec;
}

/* Only the dirty log keeps it from being written. */
static inline bool spte_may_be_made_writable(u64 spte)
{
	return (spte & (SPTE_HOST_WRITABLE | SPTE_MMU_WRITABLE)) ==
	       (SPTE_HOST_WRITABLE | SPTE_MMU_WRITABLE);
}

static inline bool spte_is_accessed(u64 spte)
{
	return spte_masks.accessed ? spte & spte_masks.accessed : spte_is_present(spte);
}

static inline bool spte_is_dirty(u64 spte)
{
	return spte_masks.dirty ? spte & spte_masks.dirty : spte_is_writable(spte);
}

/*
 * The same mapping, so that the next write is noticed: by D, where the log goes by it (@by_dirty),
 * else by a write fault. D goes with W: what was dirty has been told by whoever changes the entry.
 */
static inline u64 spte_log_protect(u64 spte, bool by_dirty)
{
	return spte & ~(spte_masks.dirty | (by_dirty ? 0 : SPTE_WRITE));
}

#endif
