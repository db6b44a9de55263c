// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every mix of rights in a page's last entry, by every kind of access, under every mix of CR0.WP,
 * CR4.SMEP and SMAP and EFER.NXE, as rights.c, in the modes that it does not know: 32-bit and PAE
 * paging, pages of 4 KiB and big ones (APM2 5.4, 5.6, 8.4.2).
 *
 * The host puts the vCPU at the access, in CPL 0 or 3; the handler reports and is not returned
 * from.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"
#include "rights.h"

#define KERNEL_STACK	0x1ff000UL
#define BIG_PAGES	0x40000000UL	/* mapped to address 0 by a big page of the test's */
#define BIG_SHIFT(pae)	((pae) ? 21 : 22)

/*
 * Read and write, 16 bytes apart, and on the next page, which is never a user page, the handlers of
 * #PF and of #BP.
 */
GUEST_BLOB(accesses32, 32,
	"mov (%ecx), %eax\n int3\n"
	".org accesses32 + 16\n movb $1, (%ecx)\n int3\n"
	/* #PF: an error code on the stack. #BP: the access went well. */
	".org accesses32 + 4096\n pop %edx\n mov $14, %esi\n jmp 1f\n"
	".org accesses32 + 4112\n mov $3, %esi\n xor %edx, %edx\n"
	"1: mov %cr2, %eax\n mov %eax, 0x10020\n mov $2, %edi\n outb %al, $0xe5\n");

#define AT(n)		(GUEST_BLOB_AT + 16 * (n))
#define PF_HANDLER	(GUEST_BLOB_AT + SZ_4K)
#define BP_HANDLER	(PF_HANDLER + 16)

/* Vector 3 is open to CPL 3, for the case that nothing faults; #PF needs no gate privilege. */
static void set_gates(struct vm *vm)
{
	uint64_t *idt = (uint64_t *)(vm->mem + GUEST_IDT);
	uint64_t code = (uint64_t)SEL_CODE32 << 16;

	memset(idt, 0, 512);
	idt[3] = BP_HANDLER | code | 0xeeULL << 40;
	idt[14] = PF_HANDLER | code | 0x8eULL << 40;
}

/* The stack that an exception in CPL 3 switches to (APM2 12.2.2). */
static void set_tss(struct vm *vm)
{
	uint32_t *tss = (uint32_t *)(vm->mem + GUEST_TSS);

	memset(tss, 0, 104);
	tss[1] = KERNEL_STACK;
	tss[2] = SEL_DATA;
}

/* An entry of the first page table, or of the directory that maps BIG_PAGES. */
static void *last_entry(struct vm *vm, bool pae, uint64_t gva)
{
	if (gva < BIG_PAGES)
		return (uint8_t *)vm_pte(vm, 0) + gva / SZ_4K * (pae ? 8 : 4);
	/* lib/modes.c: the top table; with PAE four directories from the third page on. */
	return vm->mem + GUEST_TABLES + (pae ? 2 * SZ_4K : 0) +
	       (gva >> BIG_SHIFT(pae)) * (pae ? 8 : 4);
}

static void set_entry(struct vm *vm, bool pae, uint64_t gva, uint64_t bits)
{
	uint64_t entry = gva < BIG_PAGES ? gva | bits : bits | PTE_PS;

	memcpy(last_entry(vm, pae, gva), &entry, pae ? 8 : 4);
}

/* CPL 3 may use what each level lets it: only then the last level decides. PDPTEs have no U. */
static void open_upper_level(struct vm *vm, bool pae)
{
	vm->mem[GUEST_TABLES + (pae ? 2 * SZ_4K : 0)] |= PTE_U;
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

static struct vcpu *start(bool pae)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct vm *vm = vcpu->vm;
	struct kvm_sregs sregs;

	if (pae)
		vcpu_mode_pae(vcpu, GUEST_BLOB_AT);
	else
		vcpu_mode_paging32(vcpu, GUEST_BLOB_AT);
	vm_load(vm, GUEST_BLOB_AT, accesses32);
	open_upper_level(vm, pae);
	set_gates(vm);
	set_tss(vm);
	vcpu_sregs(vcpu, &sregs);
	sregs.idt.base = GUEST_IDT;
	sregs.idt.limit = 0xfff;
	vcpu_set_sregs(vcpu, &sregs);
	return vcpu;
}

static void set_controls(struct kvm_sregs *sregs, const struct controls *c)
{
	sregs->cr0 = (sregs->cr0 & ~CR0_WP) | (c->wp ? CR0_WP : 0);
	sregs->cr4 = (sregs->cr4 & ~(CR4_SMEP | CR4_SMAP)) | (c->smep ? CR4_SMEP : 0) |
		     (c->smap ? CR4_SMAP : 0);
	sregs->efer = c->nxe ? EFER_NXE : 0;
}

/* Setting the registers flushes all translations. */
static void enter_case(struct vcpu *vcpu, const struct controls *c, bool pae, uint64_t page,
		       enum access access)
{
	bool user = access >= USER_READ;
	struct kvm_regs regs = {
		.rip = access_fetches(access) ? page : (uint64_t)AT(access_writes(access)),
		.rcx = page,
		.rsp = KERNEL_STACK - 0x800,
		.rflags = RFLAGS_FIXED | (access_has_ac(access) ? RFLAGS_AC : 0),
	};
	struct kvm_sregs sregs;

	/* The code: a user page for CPL 3 alone, whatever SMEP says for CPL 0. */
	set_entry(vcpu->vm, pae, GUEST_BLOB_AT & ~0xfffUL, PTE_P | PTE_W | (user ? PTE_U : 0));
	vcpu_sregs(vcpu, &sregs);
	set_controls(&sregs, c);
	set_cpl(&sregs, user);
	vcpu_set_sregs(vcpu, &sregs);
	vcpu_set_regs(vcpu, &regs);
}

/* Returns whether all was as it should be. */
static bool try_case(struct vcpu *vcpu, const struct controls *c, bool pae, uint64_t page,
		     uint64_t entry, uint64_t reserved, enum access access)
{
	struct expected e = access_expected(c, PTE_P | PTE_W | PTE_U, entry, reserved, access);
	struct vm *vm = vcpu->vm;
	uint8_t marks;
	struct ucall uc;

	set_entry(vm, pae, page, entry);
	vm->mem[page % BIG_PAGES] = 0xcc;	/* INT3, for the fetch */
	enter_case(vcpu, c, pae, page, access);
	if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC || uc.arg[0] != e.vector || uc.arg[1] != e.error)
		goto bad;
	marks = *(uint8_t *)last_entry(vm, pae, page);
	/* On a fault A may be set or not (SDM 4.8), D not. */
	if (e.vector == 14 && vm_shared(vm)->trap.cr2 == page && !((marks ^ entry) & PTE_D))
		return true;
	if (e.vector == 3 && marks & PTE_A && !(marks & PTE_D) == !e.dirty)
		return true;
bad:
	fprintf(stderr, "# wp %d smep %d smap %d nxe %d page %#lx entry %#lx access %u: "
		"vector %lu error %#lx cr2 %#lx, not %u %#x\n", c->wp, c->smep, c->smap, c->nxe,
		page, entry, access, uc.arg[0], uc.arg[1], vm_shared(vm)->trap.cr2, e.vector,
		e.error);
	return false;
}

/* W and U; with PAE NX and a reserved bit; A and D: none, A, both; or not present. */
static uint64_t entry_bits(unsigned int n, uint64_t reserved)
{
	if (n == 48)
		return PTE_W | PTE_U;
	return PTE_P | (n & 1 ? PTE_W : 0) | (n & 2 ? PTE_U : 0) | (n & 4 ? PTE_NX : 0) |
	       (n & 8 ? reserved : 0) | (n >= 16 ? PTE_A : 0) | (n >= 32 ? PTE_D : 0);
}

static void check_page(struct __test_metadata *_metadata, struct vcpu *vcpu,
		       const struct controls *c, bool pae, bool big)
{
	uint64_t page = big ? BIG_PAGES + GUEST_PAGE : GUEST_PAGE;
	/* Entries of 4 bytes for 4 KiB have no reserved bit. */
	uint64_t reserved = pae ? BIT64(51) : big ? BIT64(21) : 0;
	unsigned int n, access, bad = 0;

	for (n = 0; n <= 48; n++) {
		if ((n < 48 && n & 4 && !pae) || (n < 48 && n & 8 && !reserved))
			continue;
		for (access = 0; access < ACCESSES && bad < 8; access++)
			bad += !try_case(vcpu, c, pae, page, entry_bits(n, reserved), reserved,
					 (enum access)access);
	}
	EXPECT_EQ(0, bad);
}

static bool has_leaf7(unsigned int bit)
{
	struct kvm_cpuid_entry2 *leaf = cpuid_find(supported_cpuid(), 7, 0);

	return leaf && leaf->ebx & BIT64(bit);
}

static void check_mode(struct __test_metadata *_metadata, bool pae)
{
	struct vcpu *vcpu = start(pae);
	unsigned int n;

	for (n = 0; n < (pae ? 16 : 8); n++) {
		struct controls c = {
			.wp = n & 1, .smep = n & 2, .smap = n & 4, .nxe = n & 8,
		};

		if ((c.smep && !has_leaf7(7)) || (c.smap && !has_leaf7(20)))
			continue;
		check_page(_metadata, vcpu, &c, pae, false);
		check_page(_metadata, vcpu, &c, pae, true);
	}
}

FIXTURE(access)
{
	int unused;
};

FIXTURE_SETUP(access)
{
}

FIXTURE_TEARDOWN(access)
{
}

TEST_F_TIMEOUT(access, paging32, 100)
{
	check_mode(_metadata, false);
}

TEST_F_TIMEOUT(access, pae, 140)
{
	check_mode(_metadata, true);
}

TEST_HARNESS_MAIN
