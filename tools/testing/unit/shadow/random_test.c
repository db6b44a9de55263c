// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that does what it likes with its tables, in every paging mode, while the host does what
 * it likes with the memory. After each flush that the manual asks for, every access must go where
 * the guest's tables say.
 *
 * Frames: 0-15 are tables, arranged by setup(): two roots that share what is below, the last levels
 * TABLES .. TABLES + 3; 16 up is data, and so are the second 2 MiB, but for FAR_TABLE, which is one
 * at times. Linear: the first 2 or 4 MiB map all memory one to one, the next three regions are
 * rewritten at random.
 */
#include <asm/processor-flags.h>
#include "sim.h"

#define STEPS		60000
#define IDENTITY	10u		/* last-level table of the first region */
#define TABLES		11u		/* and of the others */
#define REGIONS		4u
#define FAR_TABLE	(512u + 20)	/* among what big pages map */
#define BIG_REGION	(REGIONS + 1)	/* wide tables: the second 2 MiB as one page */
#define RWU		(GPTE_P | GPTE_W | GPTE_U)

/* ---- the guest's tables ---- */

static bool wide(const struct sim_mode *mode)
{
	return mode->pae || mode->long_mode;
}

/* Some frame of the first 2 MiB, or of the second. */
static gfn_t any_frame(u64 random)
{
	return random % SIM_USED + (random & 0x10000 ? 512 : 0);
}

static u64 region_addr(const struct sim_mode *mode, unsigned int region)
{
	return (u64)region << (wide(mode) ? 21 : 22);
}

static void put(const struct sim_mode *mode, u64 gpa, u64 value)
{
	memcpy(sim_memory + gpa, &value, wide(mode) ? 8 : 4);
}

static u64 entry_gpa(const struct sim_mode *mode, unsigned int frame, unsigned int index)
{
	return frame * 4096ull + index * (wide(mode) ? 8 : 4);
}

/* Root at frame 0 and another at 8; directories at 1, 2, 3 as many as there are levels. */
static void setup(const struct sim_mode *mode)
{
	unsigned int dir = mode->levels - 2, level, i;

	for (level = mode->levels; level > 2; level--) {
		u64 bits = level == 3 && !mode->long_mode ? GPTE_P : RWU;

		put(mode, entry_gpa(mode, mode->levels - level, 0),
		    (mode->levels - level + 1) * 4096ull | bits);
	}
	put(mode, entry_gpa(mode, dir, 0), IDENTITY * 4096ull | RWU);
	for (i = 1; i < REGIONS; i++)
		put(mode, entry_gpa(mode, dir, i), (TABLES + i - 1) * 4096ull | RWU);
	for (i = 0; i < SIM_PAGES && i < (wide(mode) ? 512 : 1024); i++)
		put(mode, entry_gpa(mode, IDENTITY, i), i * 4096ull | RWU);
	if (wide(mode))
		put(mode, entry_gpa(mode, dir, BIG_REGION), BIT_ULL(21) | RWU | GPTE_PS);
	memcpy(sim_memory + 8 * 4096, sim_memory, 4096);
}

static unsigned int dir_frame(const struct sim_mode *mode, unsigned int root)
{
	return mode->levels == 2 && root ? 8 : mode->levels - 2;
}

/* ---- what the guest does ---- */

static void change_mode(void);

static const struct sim_mode *mode;
static struct sim_mode now;
static unsigned int root[SIM_VCPUS];

static struct sim_access any_access(void)
{
	u64 random = unit_random();

	return (struct sim_access) {
		.write = (random & 7) < 3, .fetch = (random & 7) == 3, .user = random & 8,
	};
}

/* Few, so that they meet again; and in both halves of a 32-bit guest's tables. */
static unsigned int any_index(void)
{
	unsigned int index = unit_random() % 24;

	return wide(&now) || (unit_random() & 1) ? index : index + 512;
}

static u64 any_addr(void)
{
	unsigned int region = unit_random() % REGIONS;

	return region_addr(&now, region) + any_index() * 4096ull + 0x123 * 8;
}

/* The bits that an access must have left in the guest's entry. */
static void check_entry(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access)
{
	u8 *gpte = sim_gpte(vcpu, addr);
	u64 want = GPTE_A | (access.write ? GPTE_D : 0);

	if (gpte)
		EXPECT((*gpte & want) == want, "%s: addr %#llx entry %#x", mode->name, addr, *gpte);
}

static void check_access(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access)
{
	u64 want = sim_expect(vcpu, addr, access), got = sim_touch(vcpu, addr, access);

	EXPECT(got == want, "%s: %s%s%s at %#llx: %#llx, not %#llx", mode->name,
	       access.user ? "user " : "", access.write ? "write" : "",
	       access.fetch ? "fetch" : "", addr, got, want);
	if (got >= sizeof(sim_memory))
		return;
	check_entry(vcpu, addr, access);
	if (access.write && sim_slot.dirty_bitmap)
		EXPECT(sim_slot.dirty_bitmap[got / 4096 / 64] & BIT(got / 4096 % 64),
		       "%s: a write to frame %llu is not logged", mode->name, got / 4096);
}

/* The guest writes an entry of a table through its linear addresses: frames are one to one. */
static void guest_store(struct kvm_vcpu *vcpu, u64 gpa, u64 value)
{
	u64 addr = wide(&now) && gpa >> 21 ? region_addr(&now, BIG_REGION) | (gpa & 0x1fffff) : gpa;
	u64 got = sim_store(vcpu, addr, value, wide(&now) ? 8 : 4);

	/* With SMAP the supervisor may not. */
	EXPECT(got == gpa || now.smap, "%s: identity %#llx leads to %#llx", mode->name, gpa, got);
}

/* Often only one bit of the old entry changes. */
static u64 any_leaf(u64 old)
{
	static const u64 bits[] = { GPTE_P, GPTE_W, GPTE_U, GPTE_A, GPTE_D, GPTE_A | GPTE_D };
	u64 random = unit_random(), pte = any_frame(random >> 8) * 4096;

	if (random & 0x300000000)
		return old ^ bits[random % ARRAY_SIZE(bits)];
	pte |= (random | random >> 35) & (GPTE_W | GPTE_U);
	if (random & 0xf00000)
		pte |= GPTE_P;
	if (random & 0x1000000)
		pte |= GPTE_A | (random & 0x2000000 ? GPTE_D : 0);
	if (wide(&now) && !(random & 0x70000000))
		pte |= GPTE_NX;
	return pte;
}

/* Flush as a careful guest does: on every CPU. */
static void flush_everywhere(u64 addr, bool all)
{
	unsigned int i;

	for (i = 0; i < SIM_VCPUS; i++) {
		if (all)
			sim_flush_guest(&sim_vcpu[i]);
		else
			sim_invlpg(&sim_vcpu[i], addr);
	}
}

static void rewrite_leaf(struct kvm_vcpu *vcpu)
{
	unsigned int table = unit_random() % REGIONS, index = any_index();
	u64 gpa = entry_gpa(&now, table ? TABLES + table - 1 : FAR_TABLE, index);
	bool all = unit_random() & 1;

	/* The same table may be used by several regions, so that one address is not enough. */
	guest_store(vcpu, gpa, any_leaf(sim_read_entry(gpa, wide(&now))));
	if (!all) {
		unsigned int i;

		for (i = 0; i < REGIONS; i++)
			flush_everywhere(region_addr(&now, i) + index * 4096ull, false);
	} else {
		flush_everywhere(0, true);
	}
}

/* A directory's entry: another table, none, or a big page. */
static void rewrite_directory(struct kvm_vcpu *vcpu)
{
	unsigned int region = 1 + unit_random() % (REGIONS - 1);
	u64 random = unit_random(), table = random % REGIONS, entry;

	/* Mostly with all rights, so that those below matter. */
	entry = (table ? TABLES + table - 1 : FAR_TABLE) * 4096ull;
	entry |= GPTE_P | ((random >> 8 | random >> 40 | random >> 45) & (GPTE_W | GPTE_U));
	if (!(random & 0x30000))
		entry = GPTE_PS | GPTE_P | (random >> 8 & (GPTE_W | GPTE_U | GPTE_D)) |
			(wide(&now) ? random >> 33 & BIT_ULL(21) : 0);
	else if (!(random & 0xf00000))
		entry = 0;
	guest_store(vcpu, entry_gpa(&now, dir_frame(&now, random >> 32 & 1), region), entry);
	flush_everywhere(0, true);
}

/* A frame that once was a table: bytes that mean nothing. */
static void scribble(struct kvm_vcpu *vcpu)
{
	gfn_t frame = any_frame(unit_random());
	unsigned int i;

	if (frame < 16 || frame == FAR_TABLE)
		return;
	for (i = 0; i < 6; i++)
		guest_store(vcpu, frame * 4096ull + i * 8, unit_random());
}

/*
 * A table gets another way to it, where there was none: that needs no flush, and what the guest has
 * changed below without one must be seen this way.
 */
static void alias(struct kvm_vcpu *vcpu)
{
	unsigned int index = any_index(), id = vcpu - sim_vcpu, i;
	u64 gpte = entry_gpa(&now, TABLES, index), offset = index * 4096ull, entry, table, addr;

	if (now.smap)
		return;
	if (now.long_mode) {
		entry = entry_gpa(&now, now.levels - 3, 1);
		table = (now.levels - 2) * 4096ull;
		addr = BIT_ULL(30) + region_addr(&now, 1);
	} else {
		entry = entry_gpa(&now, dir_frame(&now, root[id]), REGIONS);
		table = TABLES * 4096ull;
		addr = region_addr(&now, REGIONS);
	}
	sim_touch(vcpu, region_addr(&now, 1) + offset, (struct sim_access) {});
	guest_store(vcpu, gpte, any_leaf(sim_read_entry(gpte, wide(&now))));
	guest_store(vcpu, entry, table | RWU);
	/* The first access finds the way, the others what lies there already. */
	for (i = 0; i < 3; i++)
		check_access(vcpu, addr + any_index() * 4096ull, any_access());
	check_access(vcpu, addr + offset, any_access());
	guest_store(vcpu, entry, 0);
	flush_everywhere(0, true);
}

#define PCIDS	2u
#define PCID_PAGES 2u

/*
 * What a CPU may answer under each PCID, as bits: what the entry was while the PCID was in use
 * since its last flush, and what it is (SDM 4.10.2, 4.10.4.1). Bit 31: not present.
 */
static void forget_pcid(u32 legal[PCIDS][PCID_PAGES], unsigned int pcid)
{
	memset(legal[pcid], 0, sizeof(legal[pcid]));
}

static void pcid_step(u32 legal[PCIDS][PCID_PAGES], u32 is[PCID_PAGES], unsigned int *pcid)
{
	unsigned int i = unit_random() % PCID_PAGES, id = unit_random() % PCIDS, frame;
	u64 random = unit_random(), addr = region_addr(&now, 1) + i * 4096ull, gpa;
	struct kvm_vcpu *vcpu = &sim_vcpu[0];

	switch (random % 8) {
	case 0 ... 1:
		frame = 16 + (random >> 8) % 8;
		is[i] = BIT(random & 0x30 ? frame - 16 : 31);
		guest_store(vcpu, entry_gpa(&now, TABLES, i),
			    random & 0x30 ? frame * 4096ull | RWU : 0);
		break;
	case 2:
		random >>= 8;
		if (random & 1)
			forget_pcid(legal, id);
		*pcid = id;
		sim_set_pcid(vcpu, (random & 0xe ? 0 : 8 * 4096ull) | id, random & 1);
		break;
	case 3:
		legal[*pcid][i] = 0;
		sim_invlpg(vcpu, addr);
		break;
	case 4:	/* INVPCID of one or all: more may go */
		sim_flush_guest(vcpu);
		for (; id < PCIDS; id++)
			forget_pcid(legal, id);
		break;
	case 5:	/* the other CPU has no PCIDs, but the same tables */
		sim_touch(&sim_vcpu[1], addr, (struct sim_access) {});
		break;
	default:
		gpa = sim_touch(vcpu, addr, (struct sim_access) {});
		frame = gpa == KVM_WALK_FAULT ? 31 : gpa / 4096 - 16;
		EXPECT((legal[*pcid][i] | is[i]) & BIT(frame),
		       "%s: PCID %u page %u: bit %u, not %#x", mode->name, *pcid, i, frame,
		       legal[*pcid][i] | is[i]);
	}
	for (i = 0; i < PCID_PAGES; i++)
		legal[*pcid][i] |= is[i];
}

static void pcids(void)
{
	u32 legal[PCIDS][PCID_PAGES] = {}, is[PCID_PAGES];
	unsigned int i, n, pcid = 0;

	if (!now.long_mode || now.smap)
		return;
	guest_store(&sim_vcpu[0], entry_gpa(&now, now.levels - 2, 1), TABLES * 4096ull | RWU);
	for (i = 0; i < PCID_PAGES; i++) {
		guest_store(&sim_vcpu[0], entry_gpa(&now, TABLES, i), 0);
		is[i] = BIT(31);
	}
	flush_everywhere(0, true);
	sim_set_pcid(&sim_vcpu[0], 0, true);
	for (n = 0; n < 150; n++)
		pcid_step(legal, is, &pcid);
	change_mode();
	flush_everywhere(0, true);
}

static void change_mode(void)
{
	u64 random = unit_random();
	unsigned int i;

	now = *mode;
	now.wp = random & 1;
	now.smep = random & 2;
	now.smap = random & 4;
	for (i = 0; i < SIM_VCPUS; i++)
		sim_set_mode(&sim_vcpu[i], &now, root[i] * 8 * 4096ull);
}

/* ---- what the host does ---- */

static void host_step(void)
{
	gfn_t gfn = any_frame(unit_random());
	struct kvm_gfn_range range = { .slot = &sim_slot, .start = gfn, .end = gfn + 8 };

	switch (unit_random() % 16) {
	case 0 ... 2:
		sim_unmap(gfn, gfn + 1 + unit_random() % 8);
		return;
	case 3 ... 6:
		/* One huge page again. */
		sim_unmap(gfn & ~511ull, (gfn | 511) + 1);
		return;
	case 7:
		sim_log(!(unit_random() & 3));
		return;
	case 8:
		mmu_nx_huge_pages = unit_random() & 1;
		shadow_zap_all(&sim_kvm);
		return;
	}
	write_lock(&sim_kvm.mmu_lock);
	switch (unit_random() % 4) {
	case 0:
		shadow_age_range(&sim_kvm, &range, true);
		break;
	case 1:
		shadow_flush_slot(&sim_kvm, &sim_slot);
		break;
	default:
		for (gfn = range.start; gfn < range.end; gfn++) {
			if (sim_slot.dirty_bitmap)
				sim_slot.dirty_bitmap[gfn / 64] &= ~BIT(gfn % 64);
			shadow_write_protect_gfn(&sim_kvm, &sim_slot, gfn);
		}
		shadow_commit(&sim_kvm);
	}
	write_unlock(&sim_kvm.mmu_lock);
}

static void switch_root(unsigned int id)
{
	root[id] = unit_random() & 1;
	sim_set_cr3(&sim_vcpu[id], root[id] * 8 * 4096ull);
}

static void step(void)
{
	unsigned int id = unit_random() % SIM_VCPUS;
	struct kvm_vcpu *vcpu = &sim_vcpu[id];
	u64 random = unit_random() % 100;

	if (random < 70)
		check_access(vcpu, any_addr(), any_access());
	else if (random < 80)
		rewrite_leaf(vcpu);
	else if (random < 84)
		rewrite_directory(vcpu);
	else if (random < 86)
		scribble(vcpu);
	else if (random < 87 && !(unit_random() & 3))
		change_mode();
	else if (random < 87)
		pcids();
	else if (random < 88)
		alias(vcpu);
	else if (random < 95)
		switch_root(id);
	else
		host_step();
}

static void run_mode(const struct sim_mode *m, unsigned long max_pages)
{
	unsigned long big = 0;
	unsigned int i;

	mode = m;
	now = *m;
	memset(root, 0, sizeof(root));
	sim_begin(m, max_pages);
	setup(m);
	for (i = 0; i < SIM_VCPUS; i++)
		sim_set_mode(&sim_vcpu[i], m, 0);
	for (i = 0; i < STEPS && !unit_failed(); i++) {
		step();
		big += sim_kvm.stat.pages_2m;
	}
	EXPECT(unit_failed() || big, "%s: nothing was mapped by a big page", mode->name);
	sim_end();
}

/* In each mode with as many shadow pages as are wanted, and with so few that all are recycled. */
#define MODE(id, title, ...)								\
	static const struct sim_mode id = { title, __VA_ARGS__ };			\
	TEST(id##_1000, "shadow: " title ", at most 1000 pages") { run_mode(&id, 1000); }	\
	TEST(id##_10, "shadow: " title ", at most 10 pages") { run_mode(&id, 10); }

MODE(levels_4, "4 levels", .long_mode = true, .pae = true, .nxe = true, .wp = true, .levels = 4)
MODE(levels_5, "5 levels", .long_mode = true, .pae = true, .la57 = true, .nxe = true, .wp = true,
     .levels = 5)
MODE(no_nx, "4 levels, no NX", .long_mode = true, .pae = true, .levels = 4)
MODE(pae, "PAE", .pae = true, .nxe = true, .wp = true, .levels = 3)
MODE(bits_32, "32-bit", .wp = true, .levels = 2)
