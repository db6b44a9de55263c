// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCIDs: what MOV to CR3 and INVPCID refuse, and what a CPU may still know of an address space
 * after each way to flush it (SDM 4.10). With nested paging hardware keeps the translations, with
 * ept=0 and npt=0 we do.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define CR3_NOFLUSH	BIT64(63)
#define CR4_PCIDE	BIT64(17)
#define PCIDS		3U
#define PAGES		3U
#define FRAMES		8U
#define WINDOW		shared->word[4]		/* the second entry of the top tables */
#define TABLE(n)	(GUEST_DATA + (n) * SZ_4K)
#define SECOND_ROOT	TABLE(3)
#define FRAME(n)	TABLE(8 + (n))
#define ABSENT		31U			/* as a bit: the page is not present */

enum { ONE_ADDRESS, ONE_PCID, ALL, ALL_BUT_GLOBAL };

__guest_inline void set_cr3(uint64_t cr3)
{
	__asm__ volatile("mov %0, %%cr3" : : "r" (cr3) : "memory");
}

__guest_inline void set_cr4(uint64_t cr4)
{
	__asm__ volatile("mov %0, %%cr4" : : "r" (cr4) : "memory");
}

__guest_inline void invpcid(uint64_t type, uint64_t pcid, uint64_t linear)
{
	volatile uint64_t desc[2] = { pcid, linear };

	__asm__ volatile("invpcid %0, %1" : : "m" (*(uint8_t (*)[16])desc), "r" (type) : "memory");
}

/* ---- what is refused ---- */

#define TRY_INVPCID(type, pcid, linear)	do {						\
	volatile uint64_t desc_[2] = { pcid, linear };					\
	__asm__ volatile(GUEST_TRY("invpcid %0, %1")					\
			 : : "m" (*(uint8_t (*)[16])desc_), "r" ((uint64_t)(type))	\
			 : "r11", "memory");						\
	guest_sync(guest_trapped(), 0, 0);						\
} while (0)

#define TRY_CR(n, value)	do {							\
	__asm__ volatile(GUEST_TRY("mov %0, %%cr" #n) : : "r" ((uint64_t)(value))	\
			 : "r11", "memory");						\
	guest_sync(guest_trapped(), 0, 0);						\
} while (0)

__guest static void try_what_is_wrong(void)
{
	const uint64_t cr4 = CR4_PAE | CR4_OSFXSR;

	TRY_CR(3, GUEST_TABLES | CR3_NOFLUSH);		/* bit 63 without PCIDs */
	set_cr3(GUEST_TABLES | 8);
	TRY_CR(4, cr4 | CR4_PCIDE);			/* not with PCID 0 */
	set_cr3(GUEST_TABLES);
	TRY_INVPCID(ONE_PCID, 1, 0);			/* there is one PCID only */
	TRY_INVPCID(ONE_ADDRESS, 1, 0);
	TRY_INVPCID(ONE_PCID, 0, 0);
	TRY_CR(4, cr4 | CR4_PCIDE);
	TRY_CR(3, GUEST_TABLES | 0xfff | CR3_NOFLUSH);
	TRY_CR(3, GUEST_TABLES | BIT64(62));
	TRY_INVPCID(4, 0, 0);
	TRY_INVPCID(ALL, 0x1000, 0);
	TRY_INVPCID(ONE_ADDRESS, 5, BIT64(60));
	TRY_INVPCID(ALL_BUT_GLOBAL, 0xfff, BIT64(60));
	TRY_CR(0, CR0_PE | CR0_ET | CR0_NE);		/* paging cannot go before PCIDs do */
	guest_done();
}

static bool has_invpcid(void)
{
	struct kvm_cpuid_entry2 *leaf1 = cpuid_find(supported_cpuid(), 1, 0);
	struct kvm_cpuid_entry2 *leaf7 = cpuid_find(supported_cpuid(), 7, 0);

	return leaf1 && leaf7 && leaf1->ecx & BIT64(17) && leaf7->ebx & BIT64(10);
}

TEST(refused)
{
	static const uint64_t want[] = {
		13, 13, 13, 13, NO_TRAP, NO_TRAP, NO_TRAP, 13, 13, 13, 13, NO_TRAP, 13,
	};
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_sregs sregs;
	struct ucall uc;
	unsigned int i;

	if (!has_invpcid())
		SKIP(return, "PCID and INVPCID are not in the supported CPUID");
	vm_shared(vcpu->vm)->trap.vector = NO_TRAP;
	vcpu_enter(vcpu, try_what_is_wrong);
	for (i = 0; i < ARRAY_LEN(want); i++) {
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc))
			TH_LOG("case %u: vector or line %lu", i, uc.arg[0]);
		EXPECT_EQ(want[i], uc.arg[0])
			TH_LOG("case %u", i);
		if (i == 6) {
			/* Bit 63 was for the CPU, not for the register. */
			vcpu_sregs(vcpu, &sregs);
			EXPECT_EQ(GUEST_TABLES | 0xfff, sregs.cr3);
		}
	}
}

/* ---- what may be known ---- */

/*
 * What a CPU may answer under each PCID, as bits: what the entry was while the PCID was in use
 * since its last flush, and what it is now (SDM 4.10.2, 4.10.4.1).
 */
struct guest_state {
	uint64_t random;
	unsigned int pcid;
	uint32_t is[PAGES];
	uint32_t legal[PCIDS][PAGES];
};

__guest_inline uint64_t next_random(struct guest_state *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random;
}

__guest_inline void forget(struct guest_state *s, unsigned int pcid)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		s->legal[pcid][i] = 0;
}

__guest_inline void rewrite(struct guest_state *s, unsigned int i, uint64_t random)
{
	volatile uint64_t *pte = (uint64_t *)TABLE(2) + i;
	unsigned int frame = random % FRAMES;

	*pte = random & 0x700 ? FRAME(frame) | PTE_P | PTE_W | PTE_A : 0;
	s->is[i] = 1U << (random & 0x700 ? frame : ABSENT);
}

__guest_inline void check(struct guest_state *s, unsigned int i)
{
	uint64_t got = ABSENT;

	__asm__ volatile(GUEST_TRY("movq (%1), %0") : "+r" (got) : "r" (WINDOW + i * SZ_4K)
			 : "r11", "memory");
	guest_trapped();
	if (!(s->legal[s->pcid][i] & 1U << got))
		ucall(UCALL_FAIL, __LINE__, got, s->legal[s->pcid][i] | (uint64_t)s->pcid << 32);
}

/* Another address space, or the same one again. */
__guest_inline void switch_to(struct guest_state *s, unsigned int pcid, uint64_t random)
{
	uint64_t root = random & 7 ? shared->word[2] : SECOND_ROOT;
	bool keep = random >> 8 & 3;

	if (!keep)
		forget(s, pcid);
	s->pcid = pcid;
	set_cr3(root | pcid | (keep ? CR3_NOFLUSH : 0));
}

__guest_inline void flush(struct guest_state *s, unsigned int type, unsigned int pcid,
			  unsigned int i)
{
	invpcid(type, pcid, WINDOW + i * SZ_4K);
	if (type == ONE_ADDRESS) {
		s->legal[pcid][i] = 0;
	} else if (type == ONE_PCID) {
		forget(s, pcid);
	} else {
		for (pcid = 0; pcid < PCIDS; pcid++)
			forget(s, pcid);
	}
}

__guest_inline void step(struct guest_state *s)
{
	uint64_t random = next_random(s);
	unsigned int i = random % PAGES, pcid = (random >> 8) % PCIDS;

	random >>= 20;
	switch (random & 15) {
	case 0 ... 3:
		rewrite(s, i, random >> 8);
		break;
	case 4 ... 6:
		switch_to(s, pcid, random >> 8);
		break;
	case 7:
		__asm__ volatile("invlpg (%0)" : : "r" (WINDOW + i * SZ_4K) : "memory");
		s->legal[s->pcid][i] = 0;
		break;
	case 8 ... 9:
		flush(s, random >> 8 & 3, pcid, i);
		break;
	default:
		check(s, i);
	}
	for (i = 0; i < PAGES; i++)
		s->legal[s->pcid][i] |= s->is[i];
}

/* word[0]: steps, word[1]: seed, word[2]: CR3, word[3]: CR4, word[4]: WINDOW */
__guest static void use_pcids(void)
{
	struct guest_state s;
	unsigned int i;
	uint64_t n;

	s.random = shared->word[1];
	s.pcid = 0;
	for (i = 0; i < PCIDS; i++)
		forget(&s, i);
	for (i = 0; i < PAGES; i++) {
		s.is[i] = 1U << ABSENT;
		s.legal[0][i] = s.is[i];
	}
	set_cr4(shared->word[3] | CR4_PCIDE);
	for (n = shared->word[0]; n; n--)
		step(&s);
	set_cr3(shared->word[2]);
	/* Leaving PCIDs behind flushes all of them. */
	set_cr4(shared->word[3]);
	for (i = 0; i < PAGES; i++) {
		rewrite(&s, i, i);
		s.legal[0][i] = s.is[i];
	}
	set_cr4(shared->word[3] | CR4_PCIDE);
	set_cr3(shared->word[2] | 1 | CR3_NOFLUSH);
	s.pcid = 1;
	for (i = 0; i < PAGES; i++) {
		s.legal[1][i] = s.is[i];
		check(&s, i);
	}
	guest_done();
}

static void set_tables(struct vm *vm, bool la57)
{
	uint64_t *top = (uint64_t *)(vm->mem + (la57 ? GUEST_PML5 : GUEST_TABLES));
	unsigned int i;

	top[1] = (la57 ? TABLE(4) : TABLE(0)) | PTE_P | PTE_W;
	*(uint64_t *)(vm->mem + TABLE(4)) = TABLE(0) | PTE_P | PTE_W;
	*(uint64_t *)(vm->mem + TABLE(0)) = TABLE(1) | PTE_P | PTE_W;
	*(uint64_t *)(vm->mem + TABLE(1)) = TABLE(2) | PTE_P | PTE_W;
	memcpy(vm->mem + SECOND_ROOT, top, SZ_4K);
	for (i = 0; i < FRAMES; i++)
		*(uint64_t *)(vm->mem + FRAME(i)) = i;
}

static void check_translations(struct __test_metadata *_metadata, bool la57)
{
	struct vcpu *vcpu;
	struct ucall uc;
	uint64_t seed;

	if (!has_invpcid())
		SKIP(return, "PCID and INVPCID are not in the supported CPUID");
	for (seed = 1; seed <= 4; seed++) {
		vcpu = vcpu_new(vm_new(), 0);
		vcpu_enter(vcpu, use_pcids);
		if (la57 && !vcpu_five_levels(vcpu))
			SKIP(return, "LA57 is not in the supported CPUID");
		set_tables(vcpu->vm, la57);
		vm_shared(vcpu->vm)->word[0] = 5000;
		vm_shared(vcpu->vm)->word[1] = seed * 0x9e3779b97f4a7c15;
		vm_shared(vcpu->vm)->word[2] = la57 ? GUEST_PML5 : GUEST_TABLES;
		vm_shared(vcpu->vm)->word[3] = CR4_PAE | CR4_OSFXSR | (la57 ? CR4_LA57 : 0);
		vm_shared(vcpu->vm)->word[4] = BIT64(la57 ? 48 : 39);
		EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc))
			TH_LOG("seed %lu: line or vector %lu, %#lx %#lx", seed, uc.arg[0],
			       uc.arg[1], uc.arg[2]);
		vcpu_free(vcpu);
	}
}

TEST(translations)
{
	check_translations(_metadata, false);
}

TEST(translations_by_five_levels)
{
	check_translations(_metadata, true);
}

TEST_HARNESS_MAIN
