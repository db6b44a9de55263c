// SPDX-License-Identifier: GPL-2.0-only
/* permissions.c: which accesses fault, by every mix of control bits, rights and access. */
#include "unit.h"

/* Control bits out of the bits of @n; long mode, so that all of them count. */
static struct model_cpu cpu_from(unsigned int n)
{
	return (struct model_cpu) {
		.paging = true, .pae = true, .long_mode = true, .maxphyaddr = 48,
		.wp = n & 1, .smep = n & 2, .smap = n & 4, .nxe = n & 8, .pke = n & 16,
	};
}

static struct model_access access_from(unsigned int n)
{
	struct model_access access = {
		.write = n & 1, .user = n & 2, .fetch = n & 4, .implicit = n & 8, .ac = n & 16,
	};

	/* A fetch is no write, and AC is only asked for a supervisor's data access. */
	access.write &= !access.fetch;
	access.ac &= !access.fetch && !access.user && !access.implicit;
	return access;
}

static void check_access(unsigned int cpu_bits, unsigned int access_bits, unsigned int acc,
			 unsigned int key_rights)
{
	struct model_cpu cpu = cpu_from(cpu_bits);
	struct model_access access = access_from(access_bits);
	unsigned int key = 5 + key_rights;
	struct kvm_paging_facts facts;
	bool exec, by_key, denied;
	struct kvm_paging pg;
	u64 got, want;

	cpu.pkru = key_rights << (2 * key);
	model_facts(&cpu, &facts);
	kvm_paging_init(&pg, &facts);

	/* Without NXE no walk ends without the right to execute. */
	exec = (acc & KVM_ACC_EXEC) || !cpu.nxe;
	if (!cpu.nxe)
		acc |= KVM_ACC_EXEC;
	denied = model_denied(&cpu, &access, acc & KVM_ACC_USER, acc & KVM_ACC_WRITE, exec, key,
			      &by_key);
	want = by_key ? PFERR_PRESENT_MASK | PFERR_PK_MASK : denied;
	got = kvm_paging_denied(&pg, acc, key, model_pferr(&access), cpu.pkru);
	EXPECT(got == want, "cpu %#x access %#x acc %#x key %u: %#llx, not %#llx", cpu_bits,
	       access_bits, acc, key_rights, got, want);
}

static void check_all(unsigned int cpu_first, unsigned int cpu_end)
{
	unsigned int cpu, access, acc, key;

	for (cpu = cpu_first; cpu < cpu_end; cpu++)
		for (access = 0; access < 32; access++)
			for (acc = 0; acc <= KVM_ACC_ALL; acc++)
				for (key = 0; key < 4; key++)
					check_access(cpu, access, acc, key);
}

TEST(test_permissions, "permissions: every access against SDM 4.6.1")
{
	check_all(0, 16);
}

TEST(test_pkru, "permissions: protection keys against SDM 4.6.2")
{
	struct model_cpu cpu = cpu_from(31);
	struct kvm_paging_facts facts;
	struct kvm_paging pg;

	check_all(16, 32);

	/* Keys exist in long mode only. */
	cpu.long_mode = false;
	model_facts(&cpu, &facts);
	kvm_paging_init(&pg, &facts);
	EXPECT(!pg.pkru_mask, "%#x", pg.pkru_mask);
}

/* Where PS makes a page, by the manual's formats of the entries: bit level - 1. */
TEST(test_last_pte, "last PTE: the levels at which PS ends the walk")
{
	static const struct {
		const char *table;
		struct model_cpu cpu;
		u8 want;
	} rows[] = {
		{ "4-5, CR4.PSE = 0: ignored", { .paging = true }, 0 },
		{ "4-4", { .paging = true, .pse = true }, BIT(1) },
		{ "4-9, whatever PSE is", { .paging = true, .pae = true }, BIT(1) },
		{ "4-8: none in a PDPTE", { .paging = true, .pae = true, .gbpages = true },
		  BIT(1) },
		{ "4-18", { .paging = true, .pae = true, .long_mode = true }, BIT(1) },
		{ "4-16, 4-18", { .paging = true, .pae = true, .long_mode = true, .gbpages = true },
		  BIT(1) | BIT(2) },
		{ "4-14: none in a PML5E", { .paging = true, .pae = true, .long_mode = true,
		  .la57 = true, .gbpages = true }, BIT(1) | BIT(2) },
		{ "no paging", { .pae = true, .pse = true }, 0 },
	};
	struct kvm_paging_facts facts;
	struct kvm_paging pg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct model_cpu cpu = rows[i].cpu;

		cpu.maxphyaddr = 40;
		model_facts(&cpu, &facts);
		kvm_paging_init(&pg, &facts);
		EXPECT(pg.last_pte_bitmap == rows[i].want, "table %s: %#x", rows[i].table,
		       pg.last_pte_bitmap);
	}
	/* Tables 28-3 and 28-5; 1 GiB as IA32_VMX_EPT_VPID_CAP says. */
	for (i = 0; i < 4; i++) {
		kvm_paging_init_ept(&pg, 4 + i % 2, 40, false, false, i / 2);
		EXPECT(pg.last_pte_bitmap == (i / 2 ? 6 : 2), "EPT %u: %#x", i,
		       pg.last_pte_bitmap);
	}
}

/* SDM 28.3.3.1, tables 28-1 to 28-6: what makes an EPT misconfiguration. */
static bool ept_misconfigured(int level, u64 pte, bool exec_only, bool gbpages, int maxphyaddr)
{
	unsigned int xwr = pte & 7, type = pte >> 3 & 7;
	bool leaf = level == 1 || (level <= (gbpages ? 3 : 2) && (pte & GPTE_PS));
	int bit;

	if (xwr == 2 || xwr == 6 || (xwr == 4 && !exec_only))
		return true;
	for (bit = maxphyaddr; bit < 52; bit++)
		if (pte >> bit & 1)
			return true;
	if (leaf && (type == 2 || type == 3 || type == 7))
		return true;
	if (!leaf && (pte & (GENMASK_ULL(6, 3) | GPTE_PS)))
		return true;
	return leaf && level > 1 && (pte & GENMASK_ULL(12 + 9 * (level - 1) - 1, 12));
}

/* The walk meets @pte at @level, below good tables. */
static void check_ept_entry(int level, u64 pte, bool exec_only, bool gbpages)
{
	struct x86_exception fault = {};
	struct kvm_paging pg;
	struct kvm_walk walk = { .paging = &pg, .root = 0 };
	bool rsvd;
	int i;

	if (!(pte & 7))
		return;
	kvm_paging_init_ept(&pg, 4, 40, false, exec_only, gbpages);
	memory_clear();
	memory.void_is_zero = true;
	for (i = 4; i > level; i--)
		memory_put((4 - i) * PAGE_SIZE, true, (5 - i) * PAGE_SIZE | 7);
	memory_put((4 - level) * PAGE_SIZE, true, pte);

	kvm_walk_guest(&walk, 0, &fault);
	rsvd = fault.error_code & PFERR_RSVD_MASK;
	if (!ept_misconfigured(level, pte, exec_only, gbpages, 40))
		EXPECT(!rsvd, "level %d pte %#llx", level, pte);
	else
		EXPECT(rsvd, "level %d pte %#llx", level, pte);
}

TEST(test_ept_reserved, "reserved bits: EPT, memory types and rights")
{
	int level, options;
	unsigned int low;
	int bit;

	for (options = 0; options < 4; options++)
		for (level = 1; level <= 4; level++)
			for (low = 0; low < 256; low++)
				for (bit = 11; bit < 64; bit++) {
					bool big = (low & GPTE_PS) && level <= 3;

					/* a table below, if that is what the entry holds */
					if (big && bit == 11)
						continue;
					check_ept_entry(level, low | BIT_ULL(bit), options & 1,
							options & 2);
				}
}

/* One bit set in an otherwise good entry: reserved or not, by the tables of the manual. */
static void check_bit(const struct model_cpu *cpu, int level, bool ps, int bit)
{
	int levels = cpu->long_mode ? (cpu->la57 ? 5 : 4) : cpu->pae ? 3 : 2;
	bool wide = cpu->pae || cpu->long_mode, want;
	struct x86_exception fault = {};
	struct kvm_paging_facts facts;
	struct kvm_paging pg;
	struct kvm_walk walk = { .paging = &pg };
	u64 pte = GPTE_P | BIT_ULL(bit) | (ps ? GPTE_PS : 0);
	int i;

	memory_clear();
	memory.void_is_zero = true;
	for (i = levels; i > level; i--)
		memory_put((levels - i) * PAGE_SIZE, wide,
			   (levels - i + 1) * PAGE_SIZE | GPTE_P);
	memory_put((levels - level) * PAGE_SIZE, wide, pte);

	model_facts(cpu, &facts);
	kvm_paging_init(&pg, &facts);
	kvm_walk_guest(&walk, 0, &fault);
	want = model_bit_reserved(cpu, level, pte & GPTE_PS, bit) ||
	       (ps && model_bit_reserved(cpu, level, true, 7));
	EXPECT(!!(fault.error_code & PFERR_RSVD_MASK) == want,
	       "levels %d M %u nxe %d level %d ps %d bit %d: code %#x", levels, cpu->maxphyaddr,
	       cpu->nxe, level, ps, bit, fault.error_code);
}

static void check_bits(const struct model_cpu *cpu)
{
	int levels = cpu->long_mode ? (cpu->la57 ? 5 : 4) : cpu->pae ? 3 : 2;
	int bits = cpu->pae || cpu->long_mode ? 64 : 32;
	int level, bit;

	for (level = 1; level <= levels; level++)
		for (bit = 1; bit < bits; bit++) {
			check_bit(cpu, level, false, bit);
			check_bit(cpu, level, true, bit);
		}
}

TEST(test_reserved_bits, "reserved bits: every bit, level, mode and width")
{
	static const u8 widths[] = { 32, 36, 39, 40, 43, 46, 48, 51, 52 };
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		for (n = 0; n < 64; n++) {
			struct model_cpu cpu = {
				.paging = true, .maxphyaddr = widths[i],
				.nxe = n & 1, .amd = n & 2, .gbpages = n & 4, .pse36 = n & 8,
				.pse = n & 16, .la57 = n & 32,
			};

			if (!cpu.la57)
				check_bits(&cpu);
			cpu.pae = true;
			if (!cpu.la57)
				check_bits(&cpu);
			cpu.long_mode = true;
			check_bits(&cpu);
		}
	}
}
