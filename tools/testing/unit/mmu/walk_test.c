// SPDX-License-Identifier: GPL-2.0-only
/* walk.c: each mode over hand-made tables, and over random ones beside the model. */
#include "unit.h"

static const struct model_cpu long4 = {
	.paging = true, .pae = true, .long_mode = true, .maxphyaddr = 46, .nxe = true, .wp = true,
	.gbpages = true,
};

static u64 walk(const struct model_cpu *cpu, u64 addr, const struct model_access *access,
		struct x86_exception *fault, int *level, unsigned int *acc)
{
	struct kvm_paging_facts facts;
	struct kvm_paging pg;
	struct kvm_walk w = {
		.paging = &pg, .access = model_pferr(access), .pkru = cpu->pkru,
	};
	u64 gpa;

	model_facts(cpu, &facts);
	kvm_paging_init(&pg, &facts);
	*fault = (struct x86_exception) {};
	gpa = kvm_walk_guest(&w, addr, fault);
	if (level)
		*level = w.level;
	if (acc)
		*acc = w.acc;
	return gpa;
}

/*
 * Tables at pages 0, 1, 2 … from the top down to @leaf, the entries for @addr; the leaf is @pte.
 */
static void make_tables(const struct model_cpu *cpu, u64 addr, int leaf, u64 pte, u64 table_bits)
{
	int levels = cpu->long_mode ? (cpu->la57 ? 5 : 4) : cpu->pae ? 3 : 2, level;
	bool wide = cpu->pae || cpu->long_mode;
	int bits = wide ? 9 : 10;

	memory_clear();
	for (level = levels; level >= leaf; level--) {
		u64 index = addr >> (12 + bits * (level - 1)) & (BIT(bits) - 1);
		u64 table = (levels - level) * PAGE_SIZE;
		bool pdpte = level == 3 && !cpu->long_mode;
		u64 value = level == leaf ? pte : (table + PAGE_SIZE) |
						  (pdpte ? GPTE_P : table_bits);

		memory_put(table + index * (wide ? 8 : 4), wide, value);
		if (pdpte)
			memory.pdptr[index] = value;
	}
}

TEST(test_walk_modes, "walk: each mode and page size")
{
	static const u64 rwu = GPTE_P | GPTE_W | GPTE_U;
	const struct {
		const char *name;
		struct model_cpu cpu;
		u64 addr;
		int leaf;
		u64 pte;
		u64 gpa;
	} cases[] = {
		{ "off", { .maxphyaddr = 40 }, 0xfedc1234, 1, 0, 0xfedc1234 },
		{ "32-bit 4K", { .paging = true, .maxphyaddr = 36 }, 0xc0401234, 1,
		  0x7654000 | rwu, 0x7654234 },
		{ "32-bit 4M", { .paging = true, .pse = true, .maxphyaddr = 36 }, 0xc0401234, 2,
		  0x10c00000 | rwu | GPTE_PS, 0x10c01234 },
		{ "32-bit PSE-36", { .paging = true, .pse = true, .pse36 = true, .maxphyaddr = 40 },
		  0xc0401234, 2, 0x10c00000 | 0xa5 << 13 | rwu | GPTE_PS, 0xa510c01234 },
		{ "32-bit, PS ignored", { .paging = true, .maxphyaddr = 36 }, 0xc0001234, 1,
		  0x7654000 | rwu | GPTE_PS, 0x7654234 },
		{ "PAE 4K", { .paging = true, .pae = true, .maxphyaddr = 40 }, 0xffe01fff, 1,
		  0xff87654000 | rwu, 0xff87654fff },
		{ "PAE 4K, PDPTEs cached", { .paging = true, .pae = true, .maxphyaddr = 40,
		  .pdptrs_cached = true }, 0x40201000, 1, 0xff87654000 | rwu, 0xff87654000 },
		{ "PAE 2M", { .paging = true, .pae = true, .maxphyaddr = 40 }, 0xffe01fff, 2,
		  0xff87600000 | rwu | GPTE_PS, 0xff87601fff },
		{ "4-level 4K", long4, 0xffff888012345678, 1, 0x3fff87654000 | rwu,
		  0x3fff87654678 },
		{ "4-level 2M", long4, 0xffff888012345678, 2, 0x3fff87600000 | rwu | GPTE_PS,
		  0x3fff87745678 },
		{ "4-level 1G", long4, 0xffff888012345678, 3, 0x3fff80000000 | rwu | GPTE_PS,
		  0x3fff92345678 },
		{ "5-level 4K", { .paging = true, .pae = true, .long_mode = true, .la57 = true,
		  .maxphyaddr = 52 }, 0xff11000012345678, 1, 0xfffff87654000 | rwu,
		  0xfffff87654678 },
		{ "5-level 2M", { .paging = true, .pae = true, .long_mode = true, .la57 = true,
		  .maxphyaddr = 52 }, 0xff11000012345678, 2, 0xfffff87600000 | rwu | GPTE_PS,
		  0xfffff87745678 },
	};
	struct model_access read = {};
	struct x86_exception fault;
	unsigned int i, acc;
	int level;
	u64 gpa;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_tables(&cases[i].cpu, cases[i].addr, cases[i].leaf, cases[i].pte, rwu);
		gpa = walk(&cases[i].cpu, cases[i].addr, &read, &fault, &level, &acc);
		EXPECT(gpa == cases[i].gpa && level == cases[i].leaf && acc == KVM_ACC_ALL,
		       "%s: gpa %#llx level %d acc %#x code %#x", cases[i].name, gpa, level, acc,
		       fault.error_code);
	}
}

TEST(test_walk_errors, "walk: error codes")
{
	const u64 addr = 0xffff888012345678, rwu = GPTE_P | GPTE_W | GPTE_U;
	const struct {
		const char *name;
		u64 table, leaf;
		struct model_access access;
		bool no_nxe, smep;
		u32 code;
	} cases[] = {
		{ "not present", rwu, 0, {}, 0, 0, 0 },
		{ "not present, user write", rwu, 0, { .write = true, .user = true }, 0, 0, 6 },
		{ "not present, fetch", rwu, 0, { .fetch = true }, 0, 0, 16 },
		{ "fetch without NXE and SMEP", rwu, 0, { .fetch = true }, true, false, 0 },
		{ "fetch with SMEP alone", rwu, 0, { .fetch = true }, true, true, 16 },
		{ "table not present", 0, rwu, { .user = true }, 0, 0, 4 },
		{ "write to read-only", rwu, GPTE_P | GPTE_U, { .write = true }, 0, 0, 3 },
		{ "read-only table", GPTE_P | GPTE_U, rwu, { .write = true, .user = true }, 0, 0,
		  7 },
		{ "user to supervisor", rwu, GPTE_P | GPTE_W, { .user = true }, 0, 0, 5 },
		{ "implicit access is supervisor's", rwu, 0, { .user = true, .implicit = true },
		  0, 0, 0 },
		{ "NX", rwu, rwu | GPTE_NX, { .fetch = true, .user = true }, 0, 0, 21 },
		{ "NX in a table", rwu | GPTE_NX, rwu, { .fetch = true }, 0, 0, 17 },
		{ "NX is reserved without NXE", rwu, rwu | GPTE_NX, {}, true, false, 9 },
		{ "SMEP", rwu, rwu, { .fetch = true }, 0, true, 17 },
		{ "reserved address bit", rwu, rwu | BIT_ULL(46), { .write = true }, 0, 0, 11 },
		{ "no memory under a table", rwu | 0x100000000, rwu, { .write = true }, 0, 0, 11 },
	};
	struct x86_exception fault;
	struct model_cpu cpu;
	unsigned int i;
	u64 gpa;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cpu = long4;
		cpu.nxe = !cases[i].no_nxe;
		cpu.smep = cases[i].smep;
		make_tables(&cpu, addr, 1, cases[i].leaf, cases[i].table);
		gpa = walk(&cpu, addr, &cases[i].access, &fault, NULL, NULL);
		EXPECT(gpa == KVM_WALK_FAULT && fault.error_code == cases[i].code &&
		       fault.vector == 14 && fault.error_code_valid && fault.address == addr &&
		       !fault.nested_page_fault, "%s: gpa %#llx code %#x", cases[i].name, gpa,
		       fault.error_code);
	}
}

/* The entry of @level that make_tables() made for address 0. */
static u64 entry(int levels, int level)
{
	return memory_get((levels - level) * PAGE_SIZE, true);
}

TEST(test_walk_accessed_dirty, "walk: accessed and dirty bits, races, ROM")
{
	const u64 rwu = GPTE_P | GPTE_W | GPTE_U, ad = GPTE_A | GPTE_D;
	struct model_access read = {}, write = { .write = true }, user_write = write;
	struct x86_exception fault;
	int level;
	u64 gpa;

	make_tables(&long4, 0, 1, 0x5000 | rwu, rwu);
	walk(&long4, 0, &read, &fault, NULL, NULL);
	for (level = 4; level; level--)
		EXPECT((entry(4, level) & ad) == GPTE_A, "read, level %d: %#llx", level,
		       entry(4, level));
	walk(&long4, 0, &write, &fault, NULL, NULL);
	for (level = 4; level > 1; level--)
		EXPECT((entry(4, level) & ad) == GPTE_A, "write, level %d: %#llx", level,
		       entry(4, level));
	EXPECT((entry(4, 1) & ad) == ad, "%#llx", entry(4, 1));

	/* an access that is denied is no access */
	user_write.user = true;
	make_tables(&long4, 0, 1, 0x5000 | GPTE_P | GPTE_W, rwu);
	walk(&long4, 0, &user_write, &fault, NULL, NULL);
	EXPECT(!(entry(4, 1) & ad), "%#llx", entry(4, 1));

	/* the entry loses W between the walk and the update: the write must not go through */
	make_tables(&long4, 0, 1, 0x5000 | rwu | GPTE_A, rwu | GPTE_A);
	memory.races = 1;
	memory.race_value = 0x5000 | GPTE_P | GPTE_U | GPTE_A;
	gpa = walk(&long4, 0, &write, &fault, NULL, NULL);
	EXPECT(gpa == KVM_WALK_FAULT && fault.error_code == 3, "%#llx %#x", gpa, fault.error_code);

	/* or it points elsewhere: so does the walk */
	make_tables(&long4, 0, 1, 0x5000 | rwu | GPTE_A, rwu | GPTE_A);
	memory.races = 3;
	memory.race_value = 0x6000 | rwu;
	gpa = walk(&long4, 0x10, &write, &fault, NULL, NULL);
	EXPECT(gpa == 0x6010, "%#llx", gpa);

	/* tables in ROM work, without the bits */
	make_tables(&long4, 0, 1, 0x5000 | rwu, rwu);
	memory.rom = true;
	gpa = walk(&long4, 0, &write, &fault, NULL, NULL);
	EXPECT(gpa == 0x5000 && !(entry(4, 1) & ad), "%#llx %#llx", gpa, entry(4, 1));
}

static u64 random_entry(const struct model_cpu *cpu)
{
	u64 r = unit_random(), pte = r & 0xfff;

	pte |= (r >> 12 & (MEM_PAGES - 1)) << PAGE_SHIFT;	/* a page that can be a table */
	pte |= r >> 32 & 7 ? GPTE_P : 0;
	pte |= r >> 35 & 3 ? GPTE_W : 0;
	pte |= r >> 37 & 3 ? GPTE_U : 0;
	pte &= r >> 39 & 3 ? ~GPTE_PS : ~0ull;
	/* in upper entries most other bits are reserved somewhere */
	pte &= r >> 41 & 1 ? ~0x118ull : ~0ull;
	pte &= r >> 42 & 1 ? ~0x1e6ull : ~0ull;
	if (!(cpu->pae || cpu->long_mode))
		return pte;
	pte |= r >> 43 & 15 ? 0 : BIT_ULL(12 + (unit_random() % 40));
	pte |= r >> 47 & 7 ? 0 : (unit_random() & 15) << 59;
	pte |= r >> 50 & 7 ? 0 : GPTE_NX;
	return pte;
}

static struct model_cpu random_cpu(void)
{
	static const u8 widths[] = { 36, 40, 46, 52 };
	u64 r = unit_random();

	return (struct model_cpu) {
		.paging = true, .wp = r & 1, .pse = r & 2, .smep = r & 4, .smap = r & 8,
		.pke = r & 16, .nxe = r & 32, .amd = r & 64, .gbpages = r & 128, .pse36 = r & 256,
		.pdptrs_cached = r & 512, .pae = r & 0xc00, .long_mode = (r & 0xc00) > 0x400,
		.la57 = r & 0x1000 && (r & 0xc00) > 0x400,
		.maxphyaddr = widths[r >> 16 & 3], .pkru = r >> 32,
	};
}

static void random_memory(const struct model_cpu *cpu)
{
	bool wide = cpu->pae || cpu->long_mode;
	u64 gpa;
	int i;

	memory_clear();
	for (gpa = 0; gpa < MEM_SIZE; gpa += wide ? 8 : 4)
		memory_put(gpa, wide, random_entry(cpu));
	for (i = 0; i < 4; i++)
		memory.pdptr[i] = random_entry(cpu) & ~0x1e6ull;
}

/* One walk by each; they must agree on the result and on what they did to memory. */
static void compare_walk(const struct model_cpu *cpu, unsigned int *found)
{
	static struct memory before, after;
	u64 r = unit_random(), addr = unit_random();
	struct model_access access = {
		.write = r & 1, .user = r & 2, .fetch = (r & 12) == 12, .implicit = (r & 48) == 48,
	};
	struct model_result want;
	struct x86_exception fault;
	int level;
	u64 gpa;

	access.write &= !access.fetch;
	access.ac = (r & 64) && !access.user && !access.fetch && !access.implicit;
	if (!cpu->long_mode)
		addr = (u32)addr;

	before = memory;
	want = model_walk(cpu, 0, addr, &access);
	after = memory;
	memory = before;
	gpa = walk(cpu, addr, &access, &fault, &level, NULL);

	if (want.fault)
		EXPECT(gpa == KVM_WALK_FAULT && fault.error_code == want.error_code,
		       "addr %#llx: gpa %#llx code %#x, not %#x", addr, gpa, fault.error_code,
		       want.error_code);
	else
		EXPECT(gpa == want.gpa && level == want.level,
		       "addr %#llx: gpa %#llx level %d code %#x, not %#llx level %d", addr, gpa,
		       level, fault.error_code, want.gpa, want.level);
	EXPECT(!memcmp(memory.bytes, after.bytes, MEM_SIZE), "addr %#llx: memory differs", addr);
	*found += !want.fault;
}

TEST(test_walk_random, "walk: random tables against the model")
{
	unsigned int found = 0;
	struct model_cpu cpu;
	int i, j;

	for (i = 0; i < 4000; i++) {
		cpu = random_cpu();
		random_memory(&cpu);
		for (j = 0; j < 50; j++)
			compare_walk(&cpu, &found);
	}
	/* or nothing was compared */
	EXPECT(found > 10000, "only %u walks found a page", found);
}

TEST(test_walk_ept, "walk: EPT")
{
	struct x86_exception fault = {};
	struct kvm_paging pg;
	struct kvm_walk w = { .paging = &pg };
	u64 gpa;

	kvm_paging_init_ept(&pg, 4, 46, true, true, true);
	memory_clear();
	memory_put(0, true, PAGE_SIZE | 7);
	memory_put(PAGE_SIZE, true, 2 * PAGE_SIZE | 7);
	memory_put(2 * PAGE_SIZE, true, 3 * PAGE_SIZE | 5);
	memory_put(3 * PAGE_SIZE, true, 0x123456000 | 6 << 3 | 7);

	gpa = kvm_walk_guest(&w, 0x789, &fault);
	EXPECT(gpa == 0x123456789 && w.acc == (KVM_ACC_USER | KVM_ACC_EXEC), "%#llx acc %#x", gpa,
	       w.acc);
	EXPECT(memory_get(3 * PAGE_SIZE, true) & BIT_ULL(8), "accessed");
	EXPECT(!(memory_get(3 * PAGE_SIZE, true) & BIT_ULL(9)), "dirty");

	/* a table without W, met by a write */
	w.access = PFERR_WRITE_MASK;
	gpa = kvm_walk_guest(&w, 0x789, &fault);
	EXPECT(gpa == KVM_WALK_FAULT && fault.nested_page_fault && fault.address == 0x789 &&
	       fault.error_code == (PFERR_PRESENT_MASK | PFERR_WRITE_MASK), "%#llx code %#x", gpa,
	       fault.error_code);

	memory_put(2 * PAGE_SIZE, true, 3 * PAGE_SIZE | 7);
	gpa = kvm_walk_guest(&w, 0x789, &fault);
	EXPECT(gpa == 0x123456789, "%#llx", gpa);
	EXPECT(memory_get(3 * PAGE_SIZE, true) & BIT_ULL(9), "dirty");

	/* without accessed and dirty flags nothing is written */
	kvm_paging_init_ept(&pg, 4, 46, false, false, true);
	memory_put(3 * PAGE_SIZE, true, 0x123456000 | 6 << 3 | 7);
	gpa = kvm_walk_guest(&w, 0x789, &fault);
	EXPECT(gpa == 0x123456789, "%#llx", gpa);
	EXPECT(memory_get(3 * PAGE_SIZE, true) == (0x123456000 | 6 << 3 | 7), "written");
}
