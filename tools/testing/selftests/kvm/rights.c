// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every mix of rights in a page's two lowest levels, be it of 4 KiB or of 2 MiB, under every mix of
 * CR0.WP, CR4.SMEP, SMAP and PKE, EFER.NXE and PKRU, by every kind of access: does it fault, with
 * which error code, and which accessed and dirty bits are set? (SDM 4.6 to 4.8, APM2 5.4, 5.6,
 * 8.4.2.)
 *
 * With five levels the upper entry is one of the topmost table too.
 *
 * The guest tries them all in long mode and notes what it saw; the host says what the manual would
 * have. With nested paging the notes are the CPU's own answers; with npt=0 and ept=0 they are ours.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"
#include "rights.h"

#define RESERVED	BIT64(51)
#define KEY		1UL
#define KEY_BITS	(KEY << 59)

/* The second half of the first TiB: all levels there are the test's, and open to CPL 3. */
#define WINDOW		BIT64(39)
#define USER_CODE	WINDOW			/* what CPL 3 executes */
#define TABLE(n)	(GUEST_DATA + (n) * SZ_4K)
#define USER_FRAME	TABLE(4)
#define TARGET_FRAME	TABLE(5)
#define FAR_PML4	TABLE(6)
#define FAR_PDPT	TABLE(16)
#define FAR_PD		TABLE(17)
#define NOTES		TABLE(8)
#define KERNEL_STACK	0x1ff000UL
#define USER_SELECTOR	0x40		/* data, and code behind it, as SYSRET wants them */

#define PDES	8
#define PTES	49
#define CASES	(PDES * PTES * ACCESSES)

/* What came of one case. */
struct note {
	uint16_t error;
	uint8_t vector;		/* 14 or 3 */
	uint8_t pte;		/* bits 7:0 afterwards */
	uint8_t pde;
	uint8_t unused[3];
};

/* words shared with the host */
#define WORD_CR0	0
#define WORD_CR4	1
#define WORD_EFER	2
#define WORD_PKRU	3
#define WORD_KEY	4	/* bits for the last entry */
#define WORD_UPPER	5	/* where the two entries are, and the address that they map */
#define WORD_LAST	6
#define WORD_TARGET	7
#define WORD_TABLE	8	/* what the upper one leads to, and what the last one maps */
#define WORD_FRAME	9

__asm__(".pushsection guest_text, \"ax\"\n"
	/*
	 * try_access(rdi: CPL 3?, rsi: code, rdx: address, rcx: RFLAGS) → error << 8 | vector.
	 * RSP is kept at 0x10300: the handlers come back with it, wherever they were.
	 */
	".globl try_access\ntry_access:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n pushfq\n"
	"mov %rsp, 0x10300\n"
	"test %edi, %edi\n jz 1f\n"
	"pushq $0x43\n pushq $0\n push %rcx\n pushq $0x4b\n push %rsi\n"
	"mov %rdx, %rcx\n iretq\n"
	"1: push %rcx\n popfq\n mov %rdx, %rcx\n jmp *%rsi\n"
	/* #PF, #BP */
	".globl on_fault\non_fault: pop %rax\n shl $8, %rax\n or $14, %rax\n jmp 2f\n"
	".globl on_trap\non_trap: mov $3, %eax\n"
	"2: mov 0x10300, %rsp\n popfq\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
	".globl reader\nreader: mov (%rcx), %rax\n int3\n"
	".globl writer\nwriter: movb $0xcc, (%rcx)\n int3\n"
	".popsection\n");

uint64_t try_access(uint64_t user, uint64_t code, uint64_t addr, uint64_t rflags);
extern const uint8_t on_fault[], on_trap[], reader[], writer[];

/* Bits n: W, U, NX of an upper entry. */
__guest_inline uint64_t pde_bits(unsigned int n)
{
	return PTE_P | (n & 1 ? PTE_W : 0) | (n & 2 ? PTE_U : 0) | (n & 4 ? PTE_NX : 0);
}

/* Not present, or W, U, NX, a reserved bit, and A and D: none, A, both. */
__guest_inline uint64_t pte_bits(unsigned int n)
{
	unsigned int ad = n / 16;

	if (n == PTES - 1)
		return PTE_W | PTE_U;
	return PTE_P | (n & 1 ? PTE_W : 0) | (n & 2 ? PTE_U : 0) | (n & 4 ? PTE_NX : 0) |
	       (n & 8 ? RESERVED : 0) | (ad > 0 ? PTE_A : 0) | (ad > 1 ? PTE_D : 0);
}

__guest_inline uint64_t access_code(enum access access, uint64_t target)
{
	bool user = access >= USER_READ;

	if (access_fetches(access))
		return target;
	/* CPL 3 has a copy in a page of its own: read at 0, write at 16. */
	if (access_writes(access))
		return user ? USER_CODE + 16 : (uint64_t)writer;
	return user ? USER_CODE : (uint64_t)reader;
}

__guest_inline void try_case(volatile struct note *note, uint64_t pde, uint64_t pte,
			     enum access access)
{
	volatile uint64_t *pde_at = (uint64_t *)shared->word[WORD_UPPER];
	volatile uint64_t *pte_at = (uint64_t *)shared->word[WORD_LAST];
	uint64_t flags = RFLAGS_FIXED, result, target = shared->word[WORD_TARGET];

	if (access_has_ac(access))
		flags |= RFLAGS_AC;
	*pde_at = pde | shared->word[WORD_TABLE];
	*pte_at = pte | shared->word[WORD_FRAME];
	__asm__ volatile("invlpg (%0)" : : "r" (target) : "memory");
	result = try_access(access >= USER_READ, access_code(access, target), target, flags);
	note->vector = (uint8_t)result;
	note->error = (uint16_t)(result >> 8);
	note->pte = (uint8_t)*pte_at;
	note->pde = (uint8_t)*pde_at;
}

__guest_inline void set_controls(void)
{
	__asm__ volatile("mov %0, %%cr0" : : "r" (shared->word[WORD_CR0]) : "memory");
	__asm__ volatile("mov %0, %%cr4" : : "r" (shared->word[WORD_CR4]) : "memory");
	guest_wrmsr(0xc0000080, shared->word[WORD_EFER]);
	if (shared->word[WORD_CR4] & CR4_PKE)
		__asm__ volatile(".byte 0x0f, 0x01, 0xef"	/* WRPKRU */
				 : : "a" ((uint32_t)shared->word[WORD_PKRU]), "c" (0), "d" (0));
}

__guest static void try_all(void)
{
	volatile struct note *note;
	unsigned int pde, pte, access;

	for (;;) {
		set_controls();
		note = (volatile struct note *)NOTES;
		for (pde = 0; pde < PDES; pde++)
			for (pte = 0; pte < PTES; pte++)
				for (access = 0; access < ACCESSES; access++)
					try_case(note++, pde_bits(pde),
						 pte_bits(pte) | shared->word[WORD_KEY],
						 (enum access)access);
		guest_sync(0, 0, 0);
	}
}

static bool note_is(const struct note *note, const struct expected *e, uint64_t pte)
{
	if (note->vector != e->vector || note->error != e->error)
		return false;
	/* On a fault A may be set or not (SDM 4.8), D not. */
	if (e->vector == 14)
		return !((note->pte ^ pte) & PTE_D);
	return (note->pte & PTE_A) && (note->pde & PTE_A) && !(note->pte & PTE_D) == !e->dirty;
}

/* ---- the host ---- */

/* Which entry is the upper one, which the last. */
struct shape {
	uint64_t upper, last, target, table, frame;
};

static const struct shape small = {
	TABLE(1) + 8, TABLE(3), WINDOW + SZ_2M, TABLE(3), TARGET_FRAME,
}, big = {	/* a page of 2 MiB */
	TABLE(0) + 8, TABLE(7), WINDOW + SZ_1G + TARGET_FRAME - GUEST_DATA, TABLE(7),
	GUEST_DATA | PTE_PS,
}, far = {	/* the upper one is that of the fifth level */
	GUEST_PML5 + 8, TABLE(3), BIT64(48), FAR_PML4, TARGET_FRAME,
};

static void set_gate(struct vm *vm, unsigned int vector, const uint8_t *handler, unsigned int dpl)
{
	uint64_t *idt = (uint64_t *)(vm->mem + GUEST_IDT), at = guest_addr(handler);

	idt[2 * vector] = (at & 0xffff) | (uint64_t)SEL_CODE64 << 16 |
			  (0x8e00ULL | dpl << 13) << 32 | (at >> 16 & 0xffff) << 48;
	idt[2 * vector + 1] = at >> 32;
}

static void set_tables(struct vm *vm)
{
	uint64_t *pml4 = (uint64_t *)(vm->mem + GUEST_TABLES);
	const uint64_t rwu = PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;

	pml4[1] = TABLE(0) | rwu;
	*(uint64_t *)(vm->mem + TABLE(0)) = TABLE(1) | rwu;
	*(uint64_t *)(vm->mem + TABLE(1)) = TABLE(2) | rwu;
	*(uint64_t *)(vm->mem + TABLE(2)) = USER_FRAME | rwu;
	*(uint64_t *)(vm->mem + GUEST_PML5) |= rwu;
	*(uint64_t *)(vm->mem + FAR_PML4) = FAR_PDPT | rwu;
	*(uint64_t *)(vm->mem + FAR_PDPT) = FAR_PD | rwu;
	*(uint64_t *)(vm->mem + FAR_PD) = TABLE(3) | rwu;
	memcpy(vm->mem + USER_FRAME, reader, 16);
	memcpy(vm->mem + USER_FRAME + 16, writer, 16);
	vm->mem[TARGET_FRAME] = 0xcc;		/* INT3, for the fetch */
}

static struct vcpu *start(void)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t *gdt = (uint64_t *)(vcpu->vm->mem + GUEST_GDT);
	uint32_t *tss = (uint32_t *)(vcpu->vm->mem + GUEST_TSS);
	struct kvm_sregs sregs;

	vcpu_enter(vcpu, try_all);
	set_gate(vcpu->vm, 14, on_fault, 0);
	set_gate(vcpu->vm, 3, on_trap, 3);
	set_tables(vcpu->vm);
	memset(tss, 0, 104);
	tss[1] = KERNEL_STACK;
	gdt[USER_SELECTOR / 8] = 0x00cff3000000ffff;
	gdt[USER_SELECTOR / 8 + 1] = 0x00affb000000ffff;
	vcpu_sregs(vcpu, &sregs);
	sregs.gdt.limit = USER_SELECTOR + 15;
	vcpu_set_sregs(vcpu, &sregs);
	return vcpu;
}

static void check_notes(struct __test_metadata *_metadata, const struct vm *vm,
			const struct controls *c)
{
	const struct note *note = (const struct note *)(vm->mem + NOTES);
	unsigned int pde, pte, access, bad = 0;

	for (pde = 0; pde < PDES; pde++)
		for (pte = 0; pte < PTES; pte++)
			for (access = 0; access < ACCESSES; access++, note++) {
				struct expected e = access_expected(c, pde_bits(pde), pte_bits(pte),
								    RESERVED, (enum access)access);

				if (note_is(note, &e, pte_bits(pte)) || bad++ >= 8)
					continue;
				TH_LOG("wp %d smep %d smap %d nxe %d pke %d/%u pde %#lx pte %#lx",
				       c->wp, c->smep, c->smap, c->nxe, c->pke, c->key_rights,
				       pde_bits(pde), pte_bits(pte));
				TH_LOG("access %u: vector %u error %#x pte %#x pde %#x, not %u %#x",
				       access, note->vector, note->error, note->pte, note->pde,
				       e.vector, e.error);
			}
	EXPECT_EQ(0, bad);
}

static void run_controls(struct __test_metadata *_metadata, struct vcpu *vcpu,
			 const struct controls *c, const struct shape *shape)
{
	volatile uint64_t *word = vm_shared(vcpu->vm)->word;
	struct ucall uc;

	word[WORD_CR0] = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_PG | (c->wp ? CR0_WP : 0);
	word[WORD_CR4] = CR4_PAE | CR4_OSFXSR | (c->smep ? CR4_SMEP : 0) |
			 (c->smap ? CR4_SMAP : 0) | (c->pke ? CR4_PKE : 0) | c->la57;
	word[WORD_EFER] = EFER_SCE | EFER_LME | EFER_LMA | (c->nxe ? EFER_NXE : 0);
	word[WORD_PKRU] = (uint64_t)c->key_rights << (2 * KEY);
	word[WORD_KEY] = c->pke ? KEY_BITS : 0;
	word[WORD_UPPER] = shape->upper;
	word[WORD_LAST] = shape->last;
	word[WORD_TARGET] = shape->target;
	word[WORD_TABLE] = shape->table;
	word[WORD_FRAME] = shape->frame;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc))
		TH_LOG("vector or line %lu, %#lx %#lx", uc.arg[0], uc.arg[1], uc.arg[2]);
	check_notes(_metadata, vcpu->vm, c);
}

static bool has_leaf7(bool ecx, unsigned int bit)
{
	struct kvm_cpuid_entry2 *leaf = cpuid_find(supported_cpuid(), 7, 0);

	return leaf && ((ecx ? leaf->ecx : leaf->ebx) & BIT64(bit));
}

FIXTURE(rights)
{
	struct vcpu *vcpu;
};

FIXTURE_SETUP(rights)
{
	self->vcpu = start();
}

FIXTURE_TEARDOWN(rights)
{
	vcpu_free(self->vcpu);
}

static void run_shapes(struct __test_metadata *_metadata, struct vcpu *vcpu,
		       const struct controls *c)
{
	run_controls(_metadata, vcpu, c, &small);
	run_controls(_metadata, vcpu, c, &big);
	if (c->la57)
		run_controls(_metadata, vcpu, c, &far);
}

static void run_all(struct __test_metadata *_metadata, struct vcpu *vcpu, struct controls c)
{
	unsigned int n;

	for (n = 0; n < 16; n++) {
		c.wp = n & 1;
		c.nxe = n & 2;
		c.smep = n & 4;
		c.smap = n & 8;
		if ((c.smep && !has_leaf7(false, 7)) || (c.smap && !has_leaf7(false, 20)))
			continue;
		run_shapes(_metadata, vcpu, &c);
	}
}

TEST_F_TIMEOUT(rights, without_keys, 140)
{
	run_all(_metadata, self->vcpu, (struct controls) { .pke = false });
}

TEST_F_TIMEOUT(rights, by_five_levels, 140)
{
	if (!vcpu_five_levels(self->vcpu))
		SKIP(return, "LA57 is not in the supported CPUID");
	run_all(_metadata, self->vcpu, (struct controls) { .la57 = CR4_LA57 });
}

TEST_F_TIMEOUT(rights, with_keys, 140)
{
	struct controls c = { .pke = true };
	unsigned int n;

	if (!has_leaf7(true, 3))
		SKIP(return, "PKU is not in the supported CPUID");
	if (host_is("bochs") && nested_paging())
		SKIP(return, "Bochs lets a key deny user-mode accesses alone (SDM 4.6.2: all)");
	for (n = 0; n < 12; n++) {
		c.key_rights = n & 3;
		c.wp = n >= 4;
		c.smap = n >= 8;
		c.nxe = n >= 8;
		run_shapes(_metadata, self->vcpu, &c);
	}
}

TEST_HARNESS_MAIN
