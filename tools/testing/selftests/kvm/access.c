// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which accesses fault, and with which error code: read, write and fetch, by supervisor and user,
 * under 32-bit, PAE and 4-level paging (APM2 5.6 and 8.4.2), with SMEP and SMAP.
 *
 * Every case has a page of its own, so that no translation is left over from the one before. The
 * host puts the vCPU at the access, in CPL 0 or 3; the handler reports and is not returned from.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define CR4_SMEP	BIT64(20)
#define CR4_SMAP	BIT64(21)
#define RFLAGS_AC	BIT64(18)
#define KERNEL_STACK	0x1ff000UL

enum mode { PAGING32, PAE, LONG };
enum access { READ, WRITE, FETCH };

/* The error code's bits. */
#define P	1
#define W	2
#define U	4
#define RSVD	8
#define I	16

/* A bit that is reserved in each kind of entry; 32-bit entries of 4 KiB pages have none. */
#define RESERVED	BIT64(51)

struct access_case {
	enum access access;
	bool user;
	uint64_t pte;		/* bits to set beside the address */
	int error;		/* -1: no fault */
};

/*
 * Read and write, 16 bytes apart, and on the next page, which is never a user page, the handlers of
 * #PF and of #BP; in 32-bit and in 64-bit code.
 */
GUEST_BLOB(accesses32, 32,
	"mov (%ecx), %eax\n int3\n"
	".org accesses32 + 16\n movb $1, (%ecx)\n int3\n"
	/* #PF: an error code on the stack. #BP: the access went well. */
	".org accesses32 + 4096\n pop %edx\n mov $14, %esi\n jmp 1f\n"
	".org accesses32 + 4112\n mov $3, %esi\n xor %edx, %edx\n"
	"1: mov %cr2, %eax\n mov %eax, 0x10020\n mov $4, %edi\n outb %al, $0xe5\n");

GUEST_BLOB(accesses64, 64,
	"mov (%rcx), %eax\n int3\n"
	".org accesses64 + 16\n movb $1, (%rcx)\n int3\n"
	".org accesses64 + 4096\n pop %rdx\n mov $14, %esi\n jmp 1f\n"
	".org accesses64 + 4112\n mov $3, %esi\n xor %edx, %edx\n"
	"1: mov %cr2, %rax\n mov %rax, 0x10020\n mov $4, %edi\n outb %al, $0xe5\n");

#define AT(n)		(GUEST_BLOB_AT + 16 * (n))
#define PF_HANDLER	(GUEST_BLOB_AT + SZ_4K)
#define BP_HANDLER	(PF_HANDLER + 16)

/* Vector 3 is open to CPL 3, for the case that nothing faults; #PF needs no gate privilege. */
static void set_gates(struct vm *vm, bool wide)
{
	uint64_t *idt = (uint64_t *)(vm->mem + GUEST_IDT);
	uint64_t code = (uint64_t)(wide ? SEL_CODE64 : SEL_CODE32) << 16;
	unsigned int step = wide ? 2 : 1;

	memset(idt, 0, 512);
	idt[3 * step] = BP_HANDLER | code | 0xeeULL << 40;
	idt[14 * step] = PF_HANDLER | code | 0x8eULL << 40;
}

/* The stack that an exception in CPL 3 switches to (APM2 12.2.2 and 12.2.5). */
static void set_tss(struct vm *vm, bool wide)
{
	uint32_t *tss = (uint32_t *)(vm->mem + GUEST_TSS);

	memset(tss, 0, 104);
	tss[1] = KERNEL_STACK;
	tss[2] = wide ? 0 : SEL_DATA;
}

/* CPL 3 may use what each level lets it: only then the last level decides. */
static void open_upper_levels(struct vm *vm, enum mode mode)
{
	uint64_t *tables = (uint64_t *)(vm->mem + GUEST_TABLES);

	/* lib/modes.c: the top level first, then the PDPT and the directories. PDPTEs have no U. */
	if (mode != PAE)
		tables[0] |= PTE_U;
	if (mode == LONG)
		tables[512] |= PTE_U;
	if (mode != PAGING32)
		tables[2 * 512] |= PTE_U;
}

static void set_pte(struct vm *vm, enum mode mode, uint64_t gva, uint64_t bits)
{
	if (mode == PAGING32)
		((uint32_t *)vm_pte(vm, 0))[gva / SZ_4K] = (uint32_t)(gva | bits);
	else
		*vm_pte(vm, gva) = gva | bits;
}

static void set_cpl(struct kvm_sregs *sregs, bool user)
{
	struct kvm_segment *segs[] = {
		&sregs->cs, &sregs->ss, &sregs->ds, &sregs->es, &sregs->fs, &sregs->gs,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(segs); i++) {
		segs[i]->dpl = user ? 3 : 0;
		segs[i]->selector = (uint16_t)((segs[i]->selector & ~3) | segs[i]->dpl);
	}
}

static struct vcpu *start(enum mode mode, uint64_t cr4)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct vm *vm = vcpu->vm;
	struct kvm_sregs sregs;

	if (mode == PAGING32)
		vcpu_mode_paging32(vcpu, GUEST_BLOB_AT);
	else if (mode == PAE)
		vcpu_mode_pae(vcpu, GUEST_BLOB_AT);
	else
		vcpu_mode_long(vcpu, GUEST_BLOB_AT);
	if (mode == LONG)
		vm_load(vm, GUEST_BLOB_AT, accesses64);
	else
		vm_load(vm, GUEST_BLOB_AT, accesses32);
	open_upper_levels(vm, mode);
	set_gates(vm, mode == LONG);
	set_tss(vm, mode == LONG);
	vcpu_sregs(vcpu, &sregs);
	sregs.idt.base = GUEST_IDT;
	sregs.idt.limit = 0xfff;
	sregs.cr4 |= cr4;
	if (mode == PAE)
		sregs.efer |= EFER_NXE;
	vcpu_set_sregs(vcpu, &sregs);
	return vcpu;
}

static uint64_t case_page(unsigned int i)
{
	return GUEST_PAGE + i * SZ_4K;
}

static void enter_case(struct vcpu *vcpu, const struct access_case *c, uint64_t page,
		       uint64_t flags)
{
	struct kvm_regs regs = {
		.rip = c->access == FETCH ? page : (uint64_t)AT(c->access),
		.rcx = page,
		.rsp = KERNEL_STACK - 0x800,
		.rflags = RFLAGS_FIXED | flags,
	};
	struct kvm_sregs sregs;

	vcpu_sregs(vcpu, &sregs);
	set_cpl(&sregs, c->user);
	vcpu_set_sregs(vcpu, &sregs);
	vcpu_set_regs(vcpu, &regs);
}

static void check_cases(struct __test_metadata *_metadata, enum mode mode, uint64_t cr4,
			uint64_t flags, const struct access_case *list, unsigned int count)
{
	struct vcpu *vcpu = start(mode, cr4);
	struct vm *vm = vcpu->vm;
	struct ucall uc;
	unsigned int i;

	for (i = 0; i < count; i++) {
		set_pte(vm, mode, case_page(i), list[i].pte);
		vm->mem[case_page(i)] = 0xcc;		/* INT3, for the fetch */
	}
	for (i = 0; i < count; i++) {
		bool faults = list[i].error >= 0;
		int error = faults ? list[i].error : 0;

		/* TCG reports a reserved bit without P, where it is asked. */
		if (host_is_tcg() && nested_paging() && error & RSVD)
			error &= ~P;
		/* The code and its data: user pages for CPL 3, whatever SMEP says for CPL 0. */
		set_pte(vm, mode, GUEST_BLOB_AT & ~0xfffUL,
			PTE_P | PTE_W | (list[i].user ? PTE_U : 0));
		enter_case(vcpu, &list[i], case_page(i), flags);
		ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc))
			TH_LOG("case %u", i);
		EXPECT_EQ(faults ? 14 : 3, uc.arg[0])
			TH_LOG("case %u", i);
		EXPECT_EQ(error, uc.arg[1])
			TH_LOG("case %u", i);
		if (faults) {
			EXPECT_EQ(case_page(i), vm_shared(vm)->trap.cr2)
				TH_LOG("case %u", i);
		}
	}
	vcpu_free(vcpu);
	vm_free(vm);
}

#define CHECK(mode, cr4, flags, list)	\
	check_cases(_metadata, mode, cr4, flags, list, ARRAY_LEN(list))

/* True in every mode. */
static const struct access_case common[] = {
	{ READ, false, 0, 0 },
	{ WRITE, false, 0, W },
	{ READ, true, 0, U },
	{ WRITE, true, 0, W | U },
	{ READ, false, PTE_P, -1 },
	{ WRITE, false, PTE_P, P | W },		/* CR0.WP is set */
	{ WRITE, false, PTE_P | PTE_W, -1 },
	{ READ, true, PTE_P | PTE_W, P | U },
	{ WRITE, true, PTE_P | PTE_W, P | W | U },
	{ READ, true, PTE_P | PTE_U, -1 },
	{ WRITE, true, PTE_P | PTE_U, P | W | U },
	{ WRITE, true, PTE_P | PTE_U | PTE_W, -1 },
	{ READ, false, PTE_P | PTE_U, -1 },
	{ WRITE, false, PTE_P | PTE_U, P | W },
	{ FETCH, true, PTE_P | PTE_U, -1 },
	{ FETCH, false, PTE_P | PTE_U, -1 },
};

/* Without EFER.NXE and SMEP the I bit stays clear (APM2 8.4.2). */
static const struct access_case fetches32[] = {
	{ FETCH, false, 0, 0 },
	{ FETCH, true, 0, U },
	{ FETCH, true, PTE_P, P | U },
};

static const struct access_case with_nx[] = {
	{ FETCH, false, 0, I },
	{ FETCH, true, 0, I | U },
	{ FETCH, true, PTE_P, P | U | I },
	{ FETCH, false, PTE_P | PTE_NX, P | I },
	{ FETCH, true, PTE_P | PTE_U | PTE_NX, P | U | I },
	{ READ, true, PTE_P | PTE_U | PTE_NX, -1 },
	{ READ, false, PTE_P | RESERVED, P | RSVD },
	{ WRITE, false, PTE_P | PTE_W | RESERVED, P | W | RSVD },
	{ READ, true, PTE_P | PTE_U | RESERVED, P | U | RSVD },
	/* Not present: the other bits are software's. */
	{ READ, false, RESERVED | PTE_NX, 0 },
};

TEST(paging32)
{
	CHECK(PAGING32, 0, 0, common);
	CHECK(PAGING32, 0, 0, fetches32);
}

TEST(pae)
{
	CHECK(PAE, 0, 0, common);
	CHECK(PAE, 0, 0, with_nx);
}

TEST(long_mode)
{
	CHECK(LONG, 0, 0, common);
	CHECK(LONG, 0, 0, with_nx);
}

/* Supervisor reads and writes of read-only pages with CR0.WP clear (APM2 5.6.3). */
TEST(without_write_protect)
{
	static const struct access_case list[] = {
		{ WRITE, false, PTE_P, -1 },
		{ WRITE, false, PTE_P | PTE_U, -1 },
		{ WRITE, true, PTE_P | PTE_U, P | W | U },
	};
	static const enum mode modes[] = { PAGING32, PAE, LONG };
	struct kvm_sregs sregs;
	unsigned int m, i;
	struct ucall uc;

	for (m = 0; m < ARRAY_LEN(modes); m++) {
		struct vcpu *vcpu = start(modes[m], 0);

		vcpu_sregs(vcpu, &sregs);
		sregs.cr0 &= ~CR0_WP;
		vcpu_set_sregs(vcpu, &sregs);
		set_pte(vcpu->vm, modes[m], GUEST_BLOB_AT & ~0xfffUL, PTE_P | PTE_W | PTE_U);
		for (i = 0; i < ARRAY_LEN(list); i++) {
			set_pte(vcpu->vm, modes[m], case_page(i), list[i].pte);
			enter_case(vcpu, &list[i], case_page(i), 0);
			ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc));
			EXPECT_EQ(list[i].error < 0 ? 3 : 14, uc.arg[0])
				TH_LOG("mode %u case %u", m, i);
		}
	}
}

static bool has_leaf7(unsigned int bit)
{
	struct kvm_cpuid_entry2 *leaf = cpuid_find(supported_cpuid(), 7, 0);

	return leaf && leaf->ebx & BIT64(bit);
}

TEST(smep)
{
	static const struct access_case list[] = {
		{ FETCH, false, PTE_P | PTE_U, P | I },
		{ FETCH, false, PTE_P, -1 },
		{ FETCH, true, PTE_P | PTE_U, -1 },
		{ READ, false, PTE_P | PTE_U, -1 },
		{ FETCH, false, 0, I },
	};

	if (!has_leaf7(7))
		SKIP(return, "SMEP is not in the supported CPUID");
	CHECK(PAGING32, CR4_SMEP, 0, list);
	CHECK(PAE, CR4_SMEP, 0, list);
	CHECK(LONG, CR4_SMEP, 0, list);
}

TEST(smap)
{
	static const struct access_case closed[] = {
		{ READ, false, PTE_P | PTE_U, P },
		{ WRITE, false, PTE_P | PTE_U | PTE_W, P | W },
		{ READ, false, PTE_P, -1 },
		{ READ, true, PTE_P | PTE_U, -1 },
		{ FETCH, false, PTE_P | PTE_U, -1 },
	};
	/* EFLAGS.AC lets the supervisor through (APM2 5.6.6). */
	static const struct access_case open[] = {
		{ READ, false, PTE_P | PTE_U, -1 },
		{ WRITE, false, PTE_P | PTE_U | PTE_W, -1 },
		{ WRITE, false, PTE_P | PTE_U, P | W },
	};

	if (!has_leaf7(20))
		SKIP(return, "SMAP is not in the supported CPUID");
	CHECK(PAGING32, CR4_SMAP, 0, closed);
	CHECK(PAE, CR4_SMAP, 0, closed);
	CHECK(LONG, CR4_SMAP, 0, closed);
	CHECK(PAE, CR4_SMAP, RFLAGS_AC, open);
	CHECK(LONG, CR4_SMAP, RFLAGS_AC, open);
}

TEST_HARNESS_MAIN
