// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paging as the manuals tell it, one rule after the other and without tables: what permissions.c
 * and walk.c are compared with. Written from SDM volume 3 chapter 4, not from those files.
 */
#include "unit.h"

void model_facts(const struct model_cpu *cpu, struct kvm_paging_facts *facts)
{
	*facts = (struct kvm_paging_facts) {
		.cr0 = (cpu->paging ? X86_CR0_PG : 0) | (cpu->wp ? X86_CR0_WP : 0) | X86_CR0_PE,
		.cr4 = (cpu->pse ? X86_CR4_PSE : 0) | (cpu->pae ? X86_CR4_PAE : 0) |
		       (cpu->la57 ? X86_CR4_LA57 : 0) | (cpu->smep ? X86_CR4_SMEP : 0) |
		       (cpu->smap ? X86_CR4_SMAP : 0) | (cpu->pke ? X86_CR4_PKE : 0),
		.efer = (cpu->nxe ? EFER_NX : 0) | (cpu->long_mode ? EFER_LMA | EFER_LME : 0),
		.maxphyaddr = cpu->maxphyaddr,
		.has_gbpages = cpu->gbpages,
		.has_pse36 = cpu->pse36,
		.amd = cpu->amd,
		.pdptrs_cached = cpu->pdptrs_cached,
	};
}

u64 model_pferr(const struct model_access *access)
{
	return (access->write ? PFERR_WRITE_MASK : 0) | (access->user ? PFERR_USER_MASK : 0) |
	       (access->fetch ? PFERR_FETCH_MASK : 0) |
	       (access->implicit ? PFERR_IMPLICIT_ACCESS : 0) |
	       (access->ac ? PFERR_SMAP_OFF : 0);
}

/* SDM 4.6.2: is the data access denied by the key's rights? */
static bool key_denies(const struct model_cpu *cpu, const struct model_access *access, bool user,
		       bool page_user, unsigned int key)
{
	bool access_disable = cpu->pkru >> (2 * key) & 1;
	bool write_disable = cpu->pkru >> (2 * key + 1) & 1;

	if (!cpu->long_mode || !cpu->pke || access->fetch || !page_user)
		return false;
	if (access_disable)
		return true;
	return write_disable && access->write && (user || cpu->wp);
}

/* SDM 4.6.1, by kind of access: supervisor read, write, fetch; user read, write, fetch. */
bool model_denied(const struct model_cpu *cpu, const struct model_access *access, bool page_user,
		  bool page_write, bool page_exec, unsigned int key, bool *by_key)
{
	bool user = access->user && !access->implicit;
	bool nx = cpu->nxe && cpu->pae && !page_exec;
	bool smap_holds = cpu->smap && (access->implicit || !access->ac);

	*by_key = key_denies(cpu, access, user, page_user, key);
	if (*by_key)
		return true;
	if (user) {
		if (!page_user)
			return true;
		if (access->fetch)
			return nx;
		return access->write && !page_write;
	}
	if (access->fetch)
		return nx || (cpu->smep && page_user);
	if (page_user && smap_holds)
		return true;
	return access->write && !page_write && cpu->wp;
}

/* Tables 4-4 to 4-20; level 3 of PAE is the PDPTE. */
static bool bit_reserved_pae(const struct model_cpu *cpu, int level, bool ps, int bit)
{
	/* a CPU that does not load them by MOV CR3 may keep an accessed bit in them */
	if (level == 3 && bit == 5)
		return cpu->pdptrs_cached;
	if (level == 3)
		return bit == 1 || bit == 2 || (bit >= 6 && bit <= 8) || bit >= cpu->maxphyaddr;
	if (bit == 63)
		return !cpu->nxe;
	if (bit >= cpu->maxphyaddr)
		return true;
	return level == 2 && ps && bit >= 13 && bit <= 20;
}

static bool bit_reserved_32(const struct model_cpu *cpu, int level, bool ps, int bit)
{
	int width = cpu->maxphyaddr < 40 ? cpu->maxphyaddr : 40;

	if (level == 1 || !ps || !cpu->pse || bit < 13 || bit > 21)
		return false;
	/* bits 39:32 of the address are at 20:13, as far as the CPU has them */
	return !cpu->pse36 || bit == 21 || bit - 13 + 32 >= width;
}

static bool bit_reserved_long(const struct model_cpu *cpu, int level, bool ps, int bit)
{
	if (bit == 63)
		return !cpu->nxe;
	if (bit >= 52)
		return false;
	if (bit >= cpu->maxphyaddr)
		return true;
	switch (level) {
	case 5:
	case 4:
		return bit == 7 || (bit == 8 && cpu->amd);
	case 3:
		return cpu->gbpages ? ps && bit >= 13 && bit <= 29 : bit == 7;
	case 2:
		return ps && bit >= 13 && bit <= 20;
	default:
		return false;
	}
}

bool model_bit_reserved(const struct model_cpu *cpu, int level, bool ps, int bit)
{
	if (cpu->long_mode)
		return bit_reserved_long(cpu, level, ps, bit);
	if (cpu->pae)
		return bit_reserved_pae(cpu, level, ps, bit);
	return bit_reserved_32(cpu, level, ps, bit);
}

static bool any_reserved(const struct model_cpu *cpu, int level, u64 pte)
{
	bool ps = pte >> 7 & 1;
	int bit;

	for (bit = 0; bit < 64; bit++)
		if ((pte >> bit & 1) && model_bit_reserved(cpu, level, ps, bit))
			return true;
	return false;
}

static struct model_result fault(const struct model_cpu *cpu, const struct model_access *access,
				 u32 code)
{
	if (access->write)
		code |= 2;
	if (access->user && !access->implicit)
		code |= 4;
	/* SDM 4.7, the I/D flag */
	if (access->fetch && (cpu->smep || (cpu->pae && cpu->nxe)))
		code |= 16;
	return (struct model_result) { .fault = true, .error_code = code };
}

static int model_levels(const struct model_cpu *cpu)
{
	if (cpu->long_mode)
		return cpu->la57 ? 5 : 4;
	return cpu->pae ? 3 : 2;
}

static bool is_page(const struct model_cpu *cpu, int level, u64 pte)
{
	if (level == 1)
		return true;
	if (!(pte >> 7 & 1) || level > 3)
		return false;
	if (level == 3)
		return cpu->long_mode && cpu->gbpages;
	return cpu->pae || cpu->long_mode || cpu->pse;
}

static u64 page_gpa(const struct model_cpu *cpu, int level, u64 pte, u64 addr)
{
	bool wide = cpu->pae || cpu->long_mode;
	int shift = level == 1 ? 12 : wide ? 12 + 9 * (level - 1) : 22;
	u64 frame = pte & 0x000ffffffffff000ull;

	if (!wide && level == 2) {
		frame = pte & 0xffc00000;
		if (cpu->pse36)
			frame |= (pte >> 13 & 0xff) << 32;
	}
	return (frame >> shift << shift) | (addr & ((1ull << shift) - 1));
}

/* One walk over @memory, which gets the accessed and dirty bits. */
struct model_result model_walk(const struct model_cpu *cpu, u64 cr3, u64 addr,
			       const struct model_access *access)
{
	bool wide = cpu->pae || cpu->long_mode, by_key;
	int levels = model_levels(cpu), level;
	bool user = true, write = true, exec = true;
	u64 table, pte, gpa;

	if (!cpu->paging)
		return (struct model_result) { .gpa = (u32)addr, .level = 1 };

	table = cpu->long_mode ? cr3 & 0x000ffffffffff000ull : cpu->pae ? cr3 & 0xffffffe0 :
									  cr3 & 0xfffff000;
	for (level = levels;; level--) {
		bool pdpte = level == 3 && !cpu->long_mode;
		u64 index = wide ? addr >> (12 + 9 * (level - 1)) & 511 :
				   addr >> (12 + 10 * (level - 1)) & 1023;

		gpa = table + index * (wide ? 8 : 4);
		pte = pdpte && cpu->pdptrs_cached ? memory.pdptr[index] : memory_get(gpa, wide);
		if (!(pte & 1))
			return fault(cpu, access, 0);
		if (any_reserved(cpu, level, pte) && !(pdpte && cpu->pdptrs_cached))
			return fault(cpu, access, 1 | 8);
		if (!pdpte) {
			write &= pte >> 1 & 1;
			user &= pte >> 2 & 1;
			exec &= !(pte >> 63);
			if (is_page(cpu, level, pte))
				break;
			memory_put(gpa, wide, pte | 0x20);
		}
		table = wide ? pte & 0x000ffffffffff000ull : pte & 0xfffff000;
	}

	if (model_denied(cpu, access, user, write, exec, pte >> 59 & 15, &by_key))
		return fault(cpu, access, 1 | (by_key ? 32 : 0));
	memory_put(gpa, wide, pte | 0x20 | (access->write ? 0x40 : 0));
	return (struct model_result) { .gpa = page_gpa(cpu, level, pte, addr), .level = level };
}
