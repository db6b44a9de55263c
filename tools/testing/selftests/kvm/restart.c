// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in the middle of an emulated instruction, one or more of each family: the right vector,
 * error code and address, and no register, flag or byte of memory changed; string instructions keep
 * what they have done and go on from there. Emulation is forced by its prefix.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define GOOD	GUEST_PAGE		/* may be read and written */
#define ABSENT	(GUEST_PAGE + 0x1000)	/* is not present */
#define RDONLY	(GUEST_PAGE + 0x2000)	/* is read-only, with CR0.WP */
#define CODE	(GUEST_PAGE + 0x3000)
#define STUBS	(GUEST_PAGE + 0x4000)	/* a handler of 16 bytes for each exception */
#define STACK	(GUEST_PAGE + 0x6000)	/* end of the handlers' stack, IST 1 */
#define SP	(GOOD + 0x800)

#define BAD_SEL	0x1238			/* past the GDT's end */
#define NO_CR2	0

#define PF_P	1
#define PF_W	2

/*
 * With RAX = BAD_SEL, RBX = ABSENT, RSI = GOOD + 0x400, where zeroes and then BAD_SEL lie, RDI =
 * RDONLY + 0x10, RBP = ABSENT + 4 and RCX = 0x7fffffff.
 */
struct fault_case {
	const char *name;
	uint8_t bytes[10];
	uint8_t len;
	uint8_t vector;
	uint32_t error;
	uint64_t cr2;
	uint64_t rsp;
};

#define F(name, rsp, vector, error, cr2, ...)	\
	{ name, { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }), vector, error, cr2, rsp }

static const struct fault_case cases[] = {
	/* Read-modify-write of a page that may be read only: a write's fault, before all else. */
	F("XADD", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0x48, 0x0f, 0xc1, 0x07),
	F("CMPXCHG", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0x48, 0x0f, 0xb1, 0x0f),
	F("CMPXCHG16B", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0x48, 0x0f, 0xc7, 0x0f),
	F("XCHG", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0x48, 0x87, 0x07),
	F("ADD", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0x01, 0x07),
	F("SHL", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0xd1, 0x27),
	F("NEG", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0xf7, 0x1f),
	F("BTS", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0x0f, 0xba, 0x2f, 0x00),
	F("SETO", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0x0f, 0x90, 0x07),
	/* Across the end of a page whose successor is not there. */
	F("MOV across", SP, 14, PF_W, ABSENT, 0x48, 0x89, 0x43, 0xfc),
	F("MOV from across", SP, 14, 0, ABSENT, 0x48, 0x8b, 0x43, 0xfc),
	F("MOVUPS across", SP, 14, PF_W, ABSENT, 0x0f, 0x11, 0x43, 0xf8),
	F("PUSH across", ABSENT + 4, 14, PF_W, ABSENT, 0x50),
	F("POP across", ABSENT - 4, 14, 0, ABSENT, 0x59),
	/* The stack and what goes there. */
	F("PUSH of nowhere", SP, 14, 0, ABSENT, 0xff, 0x33),
	F("POP to memory", SP, 14, PF_P | PF_W, RDONLY + 0x10, 0x8f, 0x07),
	F("ENTER", SP, 14, 0, ABSENT, 0xc8, 0x08, 0x00, 0x02),
	F("LEAVE", SP, 14, 0, ABSENT + 4, 0xc9),
	F("CALL from nowhere", SP, 14, 0, ABSENT, 0xff, 0x13),
	F("CALL to nowhere", ABSENT + 8, 14, PF_W, ABSENT, 0xe8, 0, 0, 0, 0),
	F("RET", ABSENT, 14, 0, ABSENT, 0xc3),
	/* Far transfers: the second word of two, the third of five. */
	F("RETF", ABSENT - 8, 14, 0, ABSENT, 0x48, 0xcb),
	F("IRETQ", ABSENT - 16, 14, 0, ABSENT, 0x48, 0xcf),
	F("JMP far", SP, 14, 0, ABSENT, 0xff, 0x6b, 0xfc),
	F("CALL far", SP, 14, 0, ABSENT, 0xff, 0x5b, 0xfc),
	F("JMP far, selector", SP, 13, BAD_SEL, NO_CR2, 0xff, 0x2e),
	F("CALL far, selector", SP, 13, BAD_SEL, NO_CR2, 0xff, 0x1e),
	/* Segments and tables. */
	F("MOV SS", SP, 13, BAD_SEL, NO_CR2, 0x8e, 0xd0),
	F("LSS", SP, 13, BAD_SEL, NO_CR2, 0x0f, 0xb2, 0x0e),
	F("LLDT", SP, 13, BAD_SEL, NO_CR2, 0x0f, 0x00, 0xd0),
	F("LTR", SP, 13, BAD_SEL, NO_CR2, 0x0f, 0x00, 0xd8),
	F("LGDT", SP, 14, 0, ABSENT, 0x0f, 0x01, 0x53, 0xfc),
	F("SIDT", SP, 14, PF_W, ABSENT, 0x0f, 0x01, 0x4b, 0xfc),
	/* Registers that refuse. */
	F("MOV CR4", SP, 13, 0, NO_CR2, 0x48, 0x89, 0xd8, 0x0f, 0x22, 0xe7),
	F("WRMSR", SP, 13, 0, NO_CR2, 0x0f, 0x30),
	F("RDMSR", SP, 13, 0, NO_CR2, 0x0f, 0x32),
	/* Without memory's fault. */
	F("DIV", SP, 0, 0, NO_CR2, 0xf7, 0x36),
	F("MOVAPS", SP, 13, 0, NO_CR2, 0x0f, 0x28, 0x46, 0x04),
	F("LOCK", SP, 6, 0, NO_CR2, 0xf0, 0x01, 0xc0),
	F("UD2", SP, 6, 0, NO_CR2, 0x0f, 0x0b),
	F("FXSAVE", SP, 14, PF_W, ABSENT, 0x0f, 0xae, 0x03),
	F("FXRSTOR", SP, 14, 0, ABSENT, 0x0f, 0xae, 0x0b),
};

/* Each exception goes to its stub, on a stack of its own: the registers stay as they were. */
static struct vcpu *observed(struct vm *vm)
{
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_sregs sregs;
	uint64_t ist = STACK;
	unsigned int i;

	vcpu_mode_long(vcpu, CODE);
	for (i = 0; i < 32; i++) {
		uint64_t stub = STUBS + 16 * i;
		uint64_t gate[2] = {
			(stub & 0xffff) | SEL_CODE64 << 16 | 1ULL << 32 | 0x8e00ULL << 32 |
			(stub >> 16 & 0xffff) << 48, stub >> 32,
		};

		vm_write(vm, GUEST_IDT + 16 * i, gate, 16);
		vm_write(vm, stub, "\xe6\xe5\xf4", 3);	/* OUT to the ucall port */
	}
	vm_write(vm, GUEST_TSS + 36, &ist, 8);
	*vm_pte(vm, ABSENT) = 0;
	*vm_pte(vm, RDONLY) &= ~PTE_W;
	vcpu_sregs(vcpu, &sregs);
	sregs.cr4 |= CR4_OSFXSR;
	vcpu_set_sregs(vcpu, &sregs);
	return vcpu;
}

static void prepare(struct vcpu *vcpu, const struct fault_case *f, struct kvm_regs *regs)
{
	struct vm *vm = vcpu->vm;
	uint16_t selector = BAD_SEL;

	*regs = (struct kvm_regs){
		.rax = BAD_SEL, .rbx = ABSENT, .rcx = 0x7fffffff, .rdx = 0x1122334455667788,
		.rsi = GOOD + 0x400, .rdi = RDONLY + 0x10, .rbp = ABSENT + 4, .rsp = f->rsp,
		.r8 = ~8ULL, .r9 = ~9ULL, .rip = CODE, .rflags = RFLAGS_FIXED | 0x8d5,
	};
	memset(vm->mem + GOOD, 0xa5, SZ_4K);
	memset(vm->mem + GOOD + 0x400, 0, 32);
	vm_write(vm, GOOD + 0x404, &selector, 2);
	memset(vm->mem + RDONLY, 0x5a, SZ_4K);
	vm_write(vm, CODE, "\x0f\x0bkvm", 5);
	vm_write(vm, CODE + 5, f->bytes, f->len);
	vcpu_set_regs(vcpu, regs);
}

static void check_case(struct __test_metadata *_metadata, struct vcpu *vcpu,
		       const struct fault_case *f)
{
	static uint8_t good[SZ_4K], rdonly[SZ_4K];
	struct kvm_regs before, after;
	struct kvm_sregs sregs;
	uint64_t frame[6];
	unsigned int skip = f->vector == 6 || f->vector == 0 ? 0 : 1, vector;

	prepare(vcpu, f, &before);
	memcpy(good, vcpu->vm->mem + GOOD, SZ_4K);
	memcpy(rdonly, vcpu->vm->mem + RDONLY, SZ_4K);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu))
		TH_LOG("%s", f->name);
	vcpu_regs(vcpu, &after);
	vcpu_sregs(vcpu, &sregs);
	vector = (after.rip - STUBS) / 16;
	EXPECT_EQ(f->vector, vector)
		TH_LOG("%s", f->name);
	memcpy(frame, vcpu->vm->mem + after.rsp, sizeof(frame));
	if (vector == 14)
		EXPECT_EQ(f->cr2, sregs.cr2)
			TH_LOG("%s", f->name);
	if (skip)
		EXPECT_EQ(f->error, frame[0])
			TH_LOG("%s", f->name);
	EXPECT_EQ(CODE + 5, frame[skip])
		TH_LOG("%s", f->name);
	EXPECT_EQ(before.rflags & 0x8d5, frame[skip + 2] & 0x8d5)
		TH_LOG("%s", f->name);
	EXPECT_EQ(f->rsp, frame[skip + 3])
		TH_LOG("%s", f->name);
	after.rip = before.rip;
	after.rsp = before.rsp;
	after.rflags = before.rflags;
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)))
		TH_LOG("%s: a register has changed", f->name);
	EXPECT_EQ(0, memcmp(rdonly, vcpu->vm->mem + RDONLY, SZ_4K))
		TH_LOG("%s", f->name);
	/* ENTER and calls may have written below the stack pointer, as CPUs do. */
	EXPECT_EQ(0, memcmp(good, vcpu->vm->mem + GOOD, 0x700))
		TH_LOG("%s", f->name);
	EXPECT_EQ(0, memcmp(good + 0x800, vcpu->vm->mem + GOOD + 0x800, 0x800))
		TH_LOG("%s", f->name);
}

TEST(a_fault_changes_nothing)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = observed(vm);
	unsigned int i;

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs does not load CR2 out of the VMCB");
	if (!set_kvm_parameter("force_emulation_prefix", "1"))
		SKIP(return, "force_emulation_prefix cannot be set: run as root");
	for (i = 0; i < ARRAY_LEN(cases); i++)
		check_case(_metadata, vcpu, &cases[i]);
	set_kvm_parameter("force_emulation_prefix", "0");
}

/* --- Strings -------------------------------------------------------------------------------- */

struct string_case {
	const char *name;
	uint8_t bytes[3];
	unsigned int size;
	uint64_t rsi, rdi;
	bool source, destination;	/* of the two, those that move */
};

#define LEFT	4	/* elements before the page that is not there */
#define COUNT	9

static const struct string_case strings[] = {
	{ "MOVSB", { 0xf3, 0xa4 }, 1, GOOD + 0x400, ABSENT - LEFT, true, true },
	{ "MOVSQ", { 0xf3, 0x48, 0xa5 }, 8, ABSENT - LEFT * 8, GOOD + 0x400, true, true },
	{ "STOSQ", { 0xf3, 0x48, 0xab }, 8, 0, ABSENT - LEFT * 8, false, true },
	{ "LODSL", { 0xf3, 0xad }, 4, ABSENT - LEFT * 4, 0, true, false },
	{ "CMPSB", { 0xf3, 0xa6 }, 1, ABSENT - LEFT, GOOD + 0x100, true, true },
	{ "SCASW", { 0x66, 0xf2, 0xaf }, 2, 0, ABSENT - LEFT * 2, false, true },
};

static void check_string(struct __test_metadata *_metadata, struct vcpu *vcpu,
			 const struct string_case *s)
{
	struct fault_case f = { .len = 3, .rsp = SP };
	struct kvm_regs regs;

	memcpy(f.bytes, s->bytes, 3);
	if (!s->bytes[2])
		f.bytes[2] = 0x90;
	prepare(vcpu, &f, &regs);
	/* Behind it the test's end. */
	vm_write(vcpu->vm, CODE + 8, "\xe6\xe5", 2);
	regs.rsi = s->rsi;
	regs.rdi = s->rdi;
	regs.rcx = COUNT;
	regs.rflags = RFLAGS_FIXED;
	vcpu_set_regs(vcpu, &regs);
	*vm_pte(vcpu->vm, ABSENT) = 0;
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(14, (regs.rip - STUBS) / 16)
		TH_LOG("%s", s->name);
	EXPECT_EQ(COUNT - LEFT, regs.rcx)
		TH_LOG("%s", s->name);
	EXPECT_EQ(s->source ? s->rsi + LEFT * s->size : s->rsi, regs.rsi)
		TH_LOG("%s", s->name);
	EXPECT_EQ(s->destination ? s->rdi + LEFT * s->size : s->rdi, regs.rdi)
		TH_LOG("%s", s->name);

	/* The page comes, the instruction goes on from where it was. */
	*vm_pte(vcpu->vm, ABSENT) = ABSENT | PTE_P | PTE_W | PTE_A | PTE_D;
	memset(vcpu->vm->mem + ABSENT, 0xa5, SZ_4K);
	vm_write(vcpu->vm, CODE, "\x0f\x0bkvm", 5);
	regs.rip = CODE;
	vcpu_set_regs(vcpu, &regs);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(0, regs.rcx)
		TH_LOG("%s", s->name);
	EXPECT_EQ(s->source ? s->rsi + COUNT * s->size : s->rsi, regs.rsi)
		TH_LOG("%s", s->name);
	EXPECT_EQ(s->destination ? s->rdi + COUNT * s->size : s->rdi, regs.rdi)
		TH_LOG("%s", s->name);
}

TEST(strings_go_on_where_they_stopped)
{
	struct vcpu *vcpu = observed(vm_new());
	unsigned int i;

	if (!set_kvm_parameter("force_emulation_prefix", "1"))
		SKIP(return, "force_emulation_prefix cannot be set: run as root");
	for (i = 0; i < ARRAY_LEN(strings); i++)
		check_string(_metadata, vcpu, &strings[i]);
	set_kvm_parameter("force_emulation_prefix", "0");
}

TEST_HARNESS_MAIN
