// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors, far transfers, interrupts and task switches: cases from the manuals, run in a small
 * protected-mode world. GDT, IDT and TSSs lie in the machine's memory at the addresses below.
 */
#include "harness.h"

#define STACK		0x0f00ULL
#define STACK0		0x0800ULL	/* the TSS's stack of level 0 */
#define GDT		0x1000ULL
#define LDT		0x1600ULL
#define IDT		0x1800ULL
#define TSS		0x2000ULL
#define TSS2		0x2100ULL

/* Selectors */
enum {
	CODE0 = 0x08, DATA0 = 0x10, CODE3 = 0x18, DATA3 = 0x20, CONF0 = 0x28, RO0 = 0x30,
	ABSENT = 0x38, EXEC0 = 0x40, TR = 0x48, GATE = 0x58, LDTSEL = 0x68, TASK = 0x78,
	TASKGATE = 0x88, LONG0 = 0x90, LONG3 = 0x98, CODE16 = 0xa0, GATE16 = 0xa8, LONGD3 = 0xb0,
	GDT_END = 0xb8,
};

static struct machine m;

static u64 base(void)
{
	return m.ctxt.mode == X86_MODE_LONG ? DATA_BASE : 0;
}

static void put(u64 at, u64 val, unsigned int bytes)
{
	memcpy(m.data + at, &val, bytes);
}

static u64 get(u64 at, unsigned int bytes)
{
	u64 val = 0;

	memcpy(&val, m.data + at, bytes);
	return val;
}

/* @flags: G, D, L, AVL; @access: P, DPL, S, type. */
static void desc(u16 selector, u64 at, u32 limit, u8 access, u8 flags)
{
	put(GDT + selector, (limit & 0xffff) | (at & 0xffffff) << 16 | (u64)access << 40 |
	    (u64)(limit >> 16 & 0xf) << 48 | (u64)flags << 52 | (at >> 24 & 0xff) << 56, 8);
}

static void gate(u64 at, u16 selector, u64 offset, u8 access, u8 low)
{
	put(at, (offset & 0xffff) | (u64)selector << 16 | (u64)low << 32 | (u64)access << 40 |
	    (offset >> 16 & 0xffff) << 48, 8);
	if (m.ctxt.mode == X86_MODE_LONG)
		put(at + 8, offset >> 32, 8);
}

static void tables(unsigned int cpl)
{
	bool lma = m.syscall[0] & 0x400;

	desc(CODE0, 0, 0xfffff, 0x9a, 0xc);
	desc(DATA0, 0, 0xfffff, 0x92, 0xc);
	desc(CODE3, 0, 0xfffff, 0xfa, 0xc);
	desc(DATA3, 0, 0xfffff, 0xf2, 0xc);
	desc(CONF0, 0, 0xfffff, 0x9e, 0xc);
	desc(RO0, 0, 0xfffff, 0x90, 0xc);
	desc(ABSENT, 0, 0xfffff, 0x12, 0xc);
	desc(EXEC0, 0, 0xfffff, 0x98, 0xc);
	desc(LONG0, 0, 0xfffff, 0x9a, 0xa);
	desc(LONG3, 0, 0xfffff, 0xfa, 0xa);
	desc(LONGD3, 0, 0xfffff, 0xfa, 0xe);
	desc(CODE16, 0, 0xffff, 0x9a, 0);
	desc(TR, base() + TSS, 0x67, 0x8b, 0);
	desc(LDTSEL, base() + LDT, 0x17, 0x82, 0);
	desc(TASK, TSS2, 0x67, 0x89, 0);
	if (!lma) {
		gate(GDT + GATE, CODE0, 0x12345, 0xec, 2);
		gate(GDT + GATE16, CODE0, 0x2345, 0xe4, 1);
		gate(GDT + TASKGATE, TASK, 0, 0xe5, 0);
	} else {
		put(GDT + TR + 8, base() >> 32, 8);
		gate(GDT + GATE, LONG0, CODE_BASE + 0x345, 0xec, 0);
	}
	m.gdt = (struct x86_desc_ptr){ .base = base() + GDT, .limit = GDT_END - 1 };
	m.idt = (struct x86_desc_ptr){ .base = base() + IDT, .limit = 0x7ff };
	m.seg[X86_SREG_TR] = (struct kvm_segment){ .selector = TR, .type = 11, .limit = 0x67,
		.base = base() + TSS, .present = 1 };
	m.seg[X86_SREG_LDTR].unusable = 1;
	m.seg[X86_SREG_CS].selector = cpl ? CODE3 | 3 : CODE0;
	m.seg[X86_SREG_SS].selector = cpl ? DATA3 | 3 : DATA0;
	put(TSS + 4, base() + STACK0, lma ? 8 : 4);
	if (!lma)
		put(TSS + 8, DATA0, 2);
	m.s.gpr[X86_RSP] = base() + STACK;
}

static void start(enum x86_mode mode, unsigned int cpl, const char *bytes, unsigned int len)
{
	machine_init(&m, mode, cpl);
	memset(m.data, 0, DATA_SIZE);
	m.syscall[0] = mode == X86_MODE_LONG ? 0x501 : 1;
	machine_code(&m, bytes, len);
	tables(cpl);
}

#define START(mode, cpl, bytes)	start(X86_MODE_##mode, cpl, bytes, sizeof(bytes) - 1)

static bool faults(u8 vector, u32 error)
{
	struct state before = m.s;
	unsigned int cpl = m.cpl;

	if (machine_run(&m) != X86EMUL_PROPAGATE_FAULT || m.s.trap != vector ||
	    m.s.error != error) {
		printf("# trap %u error %#x\n", m.s.trap, m.s.error);
		return false;
	}
	/* Nothing but memory may have changed. */
	return !memcmp(before.gpr, m.s.gpr, sizeof(before.gpr)) && before.rip == m.s.rip &&
	       before.rflags == m.s.rflags && cpl == m.cpl;
}

static bool retires(u64 rip)
{
	int rc = machine_run(&m);

	if (rc != X86EMUL_CONTINUE || m.s.rip != rip || m.ctxt.late_fault) {
		printf("# rc %d rip %#llx vector %u error %#x\n", rc, (unsigned long long)m.s.rip,
		       m.ctxt.exception.vector, m.ctxt.exception.error_code);
		return false;
	}
	return true;
}

/* --- Segment loads ---------------------------------------------------- */

static const struct load_case {
	const char *name;
	enum x86_mode mode;
	u8 cpl;
	u8 modrm;	/* 8E /r from AX */
	u16 selector;
	u8 vector;	/* NO_TRAP: succeeds */
	u16 error;
} loads[] = {
	{ "DS null", X86_MODE_PROT32, 0, 0xd8, 0, NO_TRAP, 0 },
	{ "DS data", X86_MODE_PROT32, 0, 0xd8, DATA0, NO_TRAP, 0 },
	{ "DS readable code", X86_MODE_PROT32, 0, 0xd8, CODE0, NO_TRAP, 0 },
	{ "DS conforming code from ring 3", X86_MODE_PROT32, 3, 0xd8, CONF0 | 3, NO_TRAP, 0 },
	{ "DS execute-only", X86_MODE_PROT32, 0, 0xd8, EXEC0, 13, EXEC0 },
	{ "DS of ring 0 from ring 3", X86_MODE_PROT32, 3, 0xd8, DATA0 | 3, 13, DATA0 },
	{ "DS with RPL above DPL", X86_MODE_PROT32, 0, 0xd8, DATA0 | 3, 13, DATA0 },
	{ "DS absent", X86_MODE_PROT32, 0, 0xd8, ABSENT, 11, ABSENT },
	{ "DS past the GDT", X86_MODE_PROT32, 0, 0xd8, GDT_END, 13, GDT_END },
	{ "DS from no LDT", X86_MODE_PROT32, 0, 0xd8, 4, 13, 4 },
	{ "DS system segment", X86_MODE_PROT32, 0, 0xd8, TR, 13, TR },
	{ "SS data", X86_MODE_PROT32, 0, 0xd0, DATA0, NO_TRAP, 0 },
	{ "SS null", X86_MODE_PROT32, 0, 0xd0, 0, 13, 0 },
	{ "SS null in 64-bit mode", X86_MODE_LONG, 0, 0xd0, 0, NO_TRAP, 0 },
	{ "SS null in 64-bit mode, ring 3", X86_MODE_LONG, 3, 0xd0, 3, 13, 0 },
	{ "SS read-only", X86_MODE_PROT32, 0, 0xd0, RO0, 13, RO0 },
	{ "SS code", X86_MODE_PROT32, 0, 0xd0, CODE0, 13, CODE0 },
	{ "SS of another RPL", X86_MODE_PROT32, 0, 0xd0, DATA0 | 1, 13, DATA0 },
	{ "SS of another DPL", X86_MODE_PROT32, 0, 0xd0, DATA3, 13, DATA3 },
	{ "SS absent", X86_MODE_PROT32, 0, 0xd0, ABSENT, 12, ABSENT },
	{ "CS by MOV", X86_MODE_PROT32, 0, 0xc8, CODE0, 6, 0 },
	{ "segment 6", X86_MODE_PROT32, 0, 0xf0, DATA0, 6, 0 },
};

static void test_loads(void)
{
	unsigned int i, bad = 0;
	u8 insn[2] = { 0x8e };

	for (i = 0; i < ARRAY_SIZE(loads); i++) {
		const struct load_case *c = &loads[i];
		bool ok;

		insn[1] = c->modrm;
		start(c->mode, c->cpl, (char *)insn, 2);
		m.s.gpr[X86_RAX] = c->selector;
		ok = c->vector == NO_TRAP ? retires(m.s.rip + 2) : faults(c->vector, c->error);
		if (c->vector == NO_TRAP)
			ok = ok && m.seg[c->modrm >> 3 & 7].selector == c->selector;
		if (!ok) {
			printf("# load: %s\n", c->name);
			bad++;
		}
	}
	tap_ok(!bad, "%zu segment loads", ARRAY_SIZE(loads));

	START(PROT32, 0, "\x8e\xd8");
	m.s.gpr[X86_RAX] = DATA0;
	tap_ok(retires(0x102) && (get(GDT + DATA0 + 5, 1) & 1) && m.seg[X86_SREG_DS].g &&
	       m.seg[X86_SREG_DS].limit == 0xffffffff, "a load sets the accessed bit");

	START(PROT32, 0, "\x8e\xc0");
	m.s.gpr[X86_RAX] = 0x0c;
	m.seg[X86_SREG_LDTR] = (struct kvm_segment){ .base = LDT, .limit = 0x17, .present = 1 };
	put(LDT + 8, get(GDT + DATA0, 8), 8);
	tap_ok(retires(0x102) && m.seg[X86_SREG_ES].selector == 0x0c, "a load from the LDT");

	START(PROT32, 0, "\x0f\xb2\x23");
	m.s.gpr[X86_RBX] = 0x100;
	put(0x100, 0x11223344, 4);
	put(0x104, DATA0, 2);
	tap_ok(retires(0x103) && (u32)m.s.gpr[X86_RSP] == 0x11223344 &&
	       m.seg[X86_SREG_SS].selector == DATA0, "LSS loads both");

	START(PROT32, 0, "\x1f");
	put(STACK, ABSENT, 2);
	tap_ok(faults(11, ABSENT), "POP DS that faults leaves ESP");
}

/* --- Far transfers ---------------------------------------------------- */

static void far_insn(const char *op, u16 selector, u32 offset, unsigned int cpl)
{
	u8 insn[7] = { op[0] };

	memcpy(insn + 1, &offset, 4);
	memcpy(insn + 5, &selector, 2);
	start(X86_MODE_PROT32, cpl, (char *)insn, 7);
}

static const struct {
	const char *name;
	u16 selector;
	u32 offset;
	u8 cpl, vector;
	u16 error;
} jumps[] = {
	{ "same level", CODE0, 0x4000, 0, NO_TRAP, 0 },
	{ "conforming from ring 3", CONF0 | 3, 0x4000, 3, NO_TRAP, 0 },
	{ "ring 3 to itself", CODE3 | 3, 0x4000, 3, NO_TRAP, 0 },
	{ "to 16-bit code", CODE16, 0x4000, 0, NO_TRAP, 0 },
	{ "null", 0, 0, 0, 13, 0 },
	{ "data", DATA0, 0, 0, 13, DATA0 },
	{ "inner level", CODE0, 0, 3, 13, CODE0 },
	{ "outer level", CODE3 | 3, 0, 0, 13, CODE3 },
	{ "RPL too high", CODE0 | 1, 0, 0, 13, CODE0 },
	{ "past the limit", CODE16, 0x10000, 0, 13, 0 },
	{ "past the GDT", 0xffc, 0, 0, 13, 0xffc },
	{ "an LDT descriptor", LDTSEL, 0, 0, 13, LDTSEL },
	{ "an inner call gate", GATE, 0, 3, 13, CODE0 },
};

static void test_jumps(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		bool ok;

		far_insn("\xea", jumps[i].selector, jumps[i].offset, jumps[i].cpl);
		ok = jumps[i].vector == NO_TRAP ? retires(jumps[i].offset) :
						  faults(jumps[i].vector, jumps[i].error);
		if (!ok) {
			printf("# far JMP: %s\n", jumps[i].name);
			bad++;
		}
	}
	tap_ok(!bad, "%zu far jumps", ARRAY_SIZE(jumps));

	far_insn("\xea", GATE, 0, 0);
	tap_ok(retires(0x12345), "far JMP through a call gate");
	far_insn("\x9a", CODE0, 0x4000, 0);
	tap_ok(retires(0x4000) && get(STACK - 4, 4) == CODE0 && get(STACK - 8, 4) == 0x107,
	       "far CALL pushes CS:EIP");
	far_insn("\x9a", GATE, 0, 0);
	tap_ok(retires(0x12345) && get(STACK - 8, 4) == 0x107, "far CALL through a gate");

	far_insn("\x9a", GATE | 3, 0, 3);
	put(STACK, 0x1111, 4);
	put(STACK + 4, 0x2222, 4);
	tap_ok(retires(0x12345) && m.cpl == 0 && m.s.gpr[X86_RSP] == STACK0 - 24 &&
	       get(STACK0 - 4, 4) == (DATA3 | 3) && get(STACK0 - 8, 4) == STACK &&
	       get(STACK0 - 12, 4) == 0x2222 && get(STACK0 - 16, 4) == 0x1111 &&
	       get(STACK0 - 20, 4) == (CODE3 | 3) && get(STACK0 - 24, 4) == 0x107 &&
	       m.seg[X86_SREG_SS].selector == DATA0, "to an inner level with two parameters");
	far_insn("\x9a", GATE16 | 3, 0, 3);
	tap_ok(retires(0x2345) && m.s.gpr[X86_RSP] == STACK0 - 10, "through a 16-bit gate");
	far_insn("\x9a", GATE | 3, 0, 3);
	put(TSS + 8, DATA3, 2);
	tap_ok(faults(10, DATA3), "a bad inner SS is #TS");
	far_insn("\x9a", GATE | 3, 0, 3);
	put(GDT + GATE + 5, 0x8c, 1);
	tap_ok(faults(13, GATE), "a gate of ring 0 is closed to ring 3");
	far_insn("\x9a", GATE, 0, 0);
	put(GDT + GATE + 5, 0x0c, 1);
	tap_ok(faults(11, GATE), "an absent gate");
}

static void test_returns(void)
{
	START(PROT32, 0, "\xcb");
	put(STACK, 0x4000, 4);
	put(STACK + 4, CODE0, 2);
	tap_ok(retires(0x4000) && m.s.gpr[X86_RSP] == STACK + 8, "far RET");

	START(PROT32, 0, "\xca\x08\0");
	put(STACK, 0x4000, 4);
	put(STACK + 4, CODE3 | 3, 2);
	put(STACK + 16, 0x700, 4);
	put(STACK + 20, DATA3 | 3, 2);
	tap_ok(retires(0x4000) && m.cpl == 3 && m.s.gpr[X86_RSP] == 0x708 &&
	       m.seg[X86_SREG_DS].unusable && m.seg[X86_SREG_CS].selector == (CODE3 | 3),
	       "far RET to ring 3 releases on both stacks and drops inner data");

	START(PROT32, 3, "\xcb");
	put(STACK, 0x4000, 4);
	put(STACK + 4, CODE0, 2);
	tap_ok(faults(13, CODE0), "far RET to an inner level");

	START(PROT32, 0, "\xcb");
	put(STACK, 0x4000, 4);
	put(STACK + 4, CODE3 | 3, 2);
	put(STACK + 12, DATA0, 2);
	tap_ok(faults(13, DATA0), "far RET to ring 3 with a stack of ring 0");

	START(LONG, 0, "\x48\xcb");
	put(STACK, 0x1ULL << 50, 8);
	put(STACK + 8, LONG0, 8);
	tap_ok(faults(13, 0), "far RET to an address that is not canonical");

	START(LONG, 0, "\x48\xcb");
	put(STACK, 0x1234, 8);
	put(STACK + 8, LONGD3 | 3, 8);
	tap_ok(faults(13, LONGD3), "code with L and D");

	START(LONG, 3, "\xff\x1b");
	m.s.gpr[X86_RBX] = DATA_BASE;
	put(4, GATE | 3, 2);
	tap_ok(retires(CODE_BASE + 0x345) && m.cpl == 0 && m.seg[X86_SREG_SS].unusable &&
	       m.s.gpr[X86_RSP] == DATA_BASE + STACK0 - 32 &&
	       get(STACK0 - 32, 8) == CODE_ENTRY + 2 &&
	       get(STACK0 - 16, 8) == DATA_BASE + STACK, "a call gate of long mode");
}

/* --- Interrupts -------------------------------------------------------- */

static void test_interrupts(void)
{
	START(REAL, 0, "\xcd\x10");
	m.idt.base = 0;
	m.s.gpr[X86_RSP] = STACK;
	put(0x40, 0x20001234, 4);
	tap_ok(retires(0x1234) && m.seg[X86_SREG_CS].base == 0x20000 &&
	       !(m.s.rflags & X86_EFLAGS_IF) && get(STACK - 6, 2) == 0x102 &&
	       get(STACK - 2, 2) == 0x202, "real: INT");

	START(REAL, 0, "\xcf");
	put(STACK, 0x4321, 2);
	put(STACK + 2, 0x100, 2);
	put(STACK + 4, 0xf0d7, 2);
	m.s.gpr[X86_RSP] = STACK;
	tap_ok(retires(0x4321) && m.seg[X86_SREG_CS].base == 0x1000 && m.irets == 1 &&
	       (m.s.rflags & 0xffff) == 0x70d7, "real: IRET");

	START(PROT32, 3, "\xcd\x21");
	gate(IDT + 0x21 * 8, CODE0, 0x5000, 0xee, 0);
	tap_ok(retires(0x5000) && m.cpl == 0 && !(m.s.rflags & X86_EFLAGS_IF) &&
	       m.s.gpr[X86_RSP] == STACK0 - 20 && get(STACK0 - 20, 4) == 0x102 &&
	       get(STACK0 - 12, 4) == 0x202 && get(STACK0 - 8, 4) == STACK,
	       "INT to an inner level");

	START(PROT32, 3, "\xcd\x21");
	gate(IDT + 0x21 * 8, CODE0, 0x5000, 0x8e, 0);
	tap_ok(faults(13, 0x21 * 8 + 2), "INT through a gate of ring 0");
	START(PROT32, 0, "\xcc");
	gate(IDT + 3 * 8, CODE0, 0x5000, 0x0f, 0);
	tap_ok(faults(11, 3 * 8 + 2), "INT3 through an absent gate");
	START(PROT32, 0, "\xcd\x30");
	m.idt.limit = 0x30 * 8;
	tap_ok(faults(13, 0x30 * 8 + 2), "INT past the IDT");
	START(PROT32, 3, "\xcd\x21");
	gate(IDT + 0x21 * 8, DATA0, 0x5000, 0xee, 0);
	tap_ok(faults(13, DATA0), "a gate to data");

	START(PROT32, 0, "\xcc");
	gate(IDT + 3 * 8, CODE0, 0x5000, 0x8f, 0);
	tap_ok(retires(0x5000) && (m.s.rflags & X86_EFLAGS_IF) && m.s.gpr[X86_RSP] == STACK - 12,
	       "INT3 through a trap gate keeps IF");
	START(PROT32, 0, "\xce");
	tap_ok(retires(0x101), "INTO without OF");
	START(PROT32, 3, "\xf1");
	gate(IDT + 1 * 8, CODE0, 0x5000, 0x8e, 0);
	tap_ok(retires(0x5000) && m.cpl == 0, "INT1 does not ask for the gate's DPL");

	START(LONG, 3, "\xcd\x21");
	gate(IDT + 0x21 * 16, LONG0, CODE_BASE + 8, 0xee, 2);
	put(TSS + 44, DATA_BASE + 0x40c, 8);
	tap_ok(retires(CODE_BASE + 8) && m.cpl == 0 && m.s.gpr[X86_RSP] == DATA_BASE + 0x400 - 40 &&
	       get(0x3f8, 8) == (DATA3 | 3) && get(0x400 - 16, 8) == DATA_BASE + STACK,
	       "long: INT through IST2, aligned");
	START(LONG, 0, "\xcd\x21");
	gate(IDT + 0x21 * 16, CODE0, CODE_BASE + 8, 0xee, 0);
	tap_ok(faults(13, CODE0), "long: a handler that is not 64-bit code");
}

/* Events that hardware leaves to us. */
static void test_events(void)
{
	u64 rip;

	/* #UD stays at its instruction, INT3 is behind. */
	START(REAL, 0, "\x90");
	m.idt.base = 0;
	m.s.gpr[X86_RSP] = STACK;
	m.s.rflags |= X86_EFLAGS_IF;
	put(0x18, 0x30005678, 4);
	machine_decode(&m);
	rip = m.ctxt.eip;
	tap_ok(x86_emulate_event(&m.ctxt, 6, 0, false, 0) == X86EMUL_CONTINUE &&
	       m.ctxt.eip == 0x5678 && m.seg[X86_SREG_CS].base == 0x30000 &&
	       get(STACK - 6, 2) == rip && m.s.gpr[X86_RSP] == STACK - 6 &&
	       !(m.ctxt.eflags & X86_EFLAGS_IF) &&
	       (get(STACK - 2, 2) & X86_EFLAGS_IF), "an exception in real mode");
	m.ctxt.eip = rip;
	tap_ok(x86_emulate_event(&m.ctxt, 3, 1, false, 0) == X86EMUL_CONTINUE &&
	       get(STACK - 12, 2) == rip + 1, "a trap in real mode");
	m.idt.limit = 0x1a;
	tap_ok(x86_emulate_event(&m.ctxt, 6, 0, false, 0) == X86EMUL_PROPAGATE_FAULT &&
	       m.ctxt.exception.vector == 13 && m.s.gpr[X86_RSP] == STACK - 12,
	       "a vector beyond the table is #GP, and nothing is pushed");

	/* An event asks for no DPL, and brings RF and an error code. */
	START(PROT32, 3, "\x90");
	gate(IDT + 13 * 8, CODE0, 0x5000, 0x8e, 0);
	m.s.rflags |= X86_EFLAGS_RF;
	machine_decode(&m);
	tap_ok(x86_emulate_event(&m.ctxt, 13, 0, true, 0x88) == X86EMUL_CONTINUE &&
	       m.ctxt.eip == 0x5000 && m.cpl == 0 && m.s.gpr[X86_RSP] == STACK0 - 24 &&
	       get(STACK0 - 24, 4) == 0x88 && get(STACK0 - 20, 4) == 0x100 &&
	       (get(STACK0 - 12, 4) & X86_EFLAGS_RF) && !(m.ctxt.eflags & X86_EFLAGS_RF),
	       "a fault with an error code");
	START(PROT32, 3, "\xcc");
	gate(IDT + 3 * 8, CODE0, 0x5000, 0x8e, 0);
	machine_decode(&m);
	tap_ok(x86_emulate_event(&m.ctxt, 3, 1, false, 0) == X86EMUL_PROPAGATE_FAULT &&
	       m.ctxt.exception.vector == 13 && m.ctxt.exception.error_code == 3 * 8 + 2,
	       "INT3 through a gate of ring 0");
	START(PROT32, 0, "\x90");
	gate(IDT + 6 * 8, CODE0, 0x5000, 0x0e, 0);
	machine_decode(&m);
	tap_ok(x86_emulate_event(&m.ctxt, 6, 0, false, 0) == X86EMUL_PROPAGATE_FAULT &&
	       m.ctxt.exception.vector == 11 && m.ctxt.exception.error_code == 6 * 8 + 3,
	       "an event through an absent gate: EXT");
}

static void test_iret(void)
{
	START(PROT32, 0, "\xcf");
	put(STACK, 0x4000, 4);
	put(STACK + 4, CODE3 | 3, 4);
	put(STACK + 8, 0x13202, 4);
	put(STACK + 12, 0x700, 4);
	put(STACK + 16, DATA3 | 3, 4);
	tap_ok(retires(0x4000) && m.cpl == 3 && m.s.gpr[X86_RSP] == 0x700 &&
	       m.s.rflags == 0x13202, "IRET to ring 3, RF and IOPL loaded");

	START(PROT32, 3, "\xcf");
	put(STACK, 0x4000, 4);
	put(STACK + 4, CODE3 | 3, 4);
	put(STACK + 8, 0x3002, 4);
	tap_ok(retires(0x4000) && m.s.rflags == 0x202, "IRET in ring 3 cannot change IF and IOPL");

	START(PROT32, 0, "\xcf");
	put(STACK, 0x1234, 4);
	put(STACK + 4, 0x2000, 4);
	put(STACK + 8, 0x23202, 4);
	put(STACK + 12, 0x600, 4);
	put(STACK + 16, 0x30, 4);
	put(STACK + 24, 0x40, 4);
	tap_ok(retires(0x1234) && m.cpl == 3 && m.seg[X86_SREG_CS].base == 0x20000 &&
	       m.seg[X86_SREG_SS].base == 0x300 && m.seg[X86_SREG_DS].base == 0x400 &&
	       (m.s.rflags & X86_EFLAGS_VM), "IRET to virtual-8086 mode");

	START(LONG, 0, "\x48\xcf");
	put(STACK, CODE_BASE, 8);
	put(STACK + 8, LONG0, 8);
	put(STACK + 16, 2, 8);
	put(STACK + 24, DATA_BASE + 0x500, 8);
	put(STACK + 32, 0, 8);
	tap_ok(retires(CODE_BASE) && m.s.gpr[X86_RSP] == DATA_BASE + 0x500 && m.s.rflags == 2 &&
	       m.seg[X86_SREG_SS].unusable, "IRETQ at one level pops a null SS");
	START(LONG, 0, "\x48\xcf");
	m.s.rflags |= X86_EFLAGS_NT;
	tap_ok(faults(13, 0), "IRETQ with NT");
}

/* --- Virtual-8086 mode ------------------------------------------------- */

static void vm86(const char *bytes, unsigned int len, unsigned int iopl, u64 cr4)
{
	start(X86_MODE_VM86, 3, bytes, len);
	m.s.rflags |= X86_EFLAGS_VM | iopl << 12;
	m.cr[4] = cr4;
	m.s.gpr[X86_RSP] = 0x700;
}

static void test_vm86(void)
{
	vm86("\xcd\x21", 2, 0, 0);
	tap_ok(faults(13, 0), "vm86: INT below IOPL 3");

	vm86("\xcd\x21", 2, 3, 0);
	gate(IDT + 0x21 * 8, CODE0, 0x5000, 0xee, 0);
	m.seg[X86_SREG_ES].selector = 0x77;
	tap_ok(retires(0x5000) && m.cpl == 0 && !(m.s.rflags & X86_EFLAGS_VM) &&
	       m.s.gpr[X86_RSP] == STACK0 - 36 && get(STACK0 - 16, 4) == 0x77 &&
	       m.seg[X86_SREG_DS].unusable, "vm86: INT leaves for ring 0");

	vm86("\xcd\x21", 2, 0, X86_CR4_VME);
	put(0x84, 0x20001234, 4);
	put(TSS + 102, 0x48, 2);
	m.s.rflags |= X86_EFLAGS_VIF;
	tap_ok(retires(0x1234) && m.cpl == 3 && get(0x6fe, 2) == 0x3202 &&
	       !(m.s.rflags & X86_EFLAGS_VIF) && (m.s.rflags & X86_EFLAGS_IF),
	       "VME: a redirected INT stays, and sees VIF as IF");

	vm86("\xcf", 1, 0, X86_CR4_VME);
	put(0x700, 0x3333, 2);
	put(0x704, 0x202, 2);
	tap_ok(retires(0x3333) && (m.s.rflags & X86_EFLAGS_VIF), "VME: IRET sets VIF");
	vm86("\x9c", 1, 0, X86_CR4_VME);
	tap_ok(retires(0x101) && get(0x6fe, 2) == 0x3002, "VME: PUSHF shows VIF and IOPL 3");
	vm86("\x9d", 1, 0, X86_CR4_VME);
	put(0x700, 0x202, 2);
	tap_ok(retires(0x101) && (m.s.rflags & X86_EFLAGS_VIF), "VME: POPF sets VIF");
	vm86("\x9d", 1, 0, X86_CR4_VME);
	put(0x700, 0x302, 2);
	tap_ok(faults(13, 0), "VME: POPF of TF");
	vm86("\x66\x9c", 2, 0, X86_CR4_VME);
	tap_ok(faults(13, 0), "VME: PUSHFD below IOPL 3");
	vm86("\xfb", 1, 0, X86_CR4_VME);
	m.s.rflags |= X86_EFLAGS_VIP;
	tap_ok(faults(13, 0), "VME: STI with VIP");
	START(PROT32, 3, "\xfb");
	m.cr[4] = X86_CR4_PVI;
	m.s.rflags = 2;
	tap_ok(retires(0x101) && m.s.rflags == (X86_EFLAGS_VIF | 2), "PVI: STI sets VIF");
	START(PROT32, 3, "\xfa");
	m.cr[4] = X86_CR4_PVI;
	m.s.rflags |= X86_EFLAGS_VIF;
	tap_ok(retires(0x101) && m.s.rflags == 0x202, "PVI: CLI clears VIF");
	vm86("\xcf", 1, 0, 0);
	tap_ok(faults(13, 0), "vm86: IRET below IOPL 3");
}

/* --- LAR and its kin, LDTR, TR ----------------------------------------- */

static bool asks(const char *bytes, unsigned int len, u16 selector, unsigned int cpl)
{
	start(X86_MODE_PROT32, cpl, bytes, len);
	m.s.gpr[X86_RCX] = selector;
	return retires(0x100 + len) && (m.s.rflags & X86_EFLAGS_ZF);
}

static void test_questions(void)
{
	tap_ok(asks("\x0f\x02\xc1", 3, DATA3, 3) && (m.s.gpr[X86_RAX] & 0xf0ff00) == 0xc0f200,
	       "LAR of data");
	tap_ok(!asks("\x0f\x02\xc1", 3, DATA0, 3) && !asks("\x0f\x02\xc1", 3, 0, 0) &&
	       !asks("\x0f\x02\xc1", 3, 0xff8, 0), "LAR of what cannot be seen");
	tap_ok(asks("\x0f\x02\xc1", 3, GATE, 0) && !asks("\x0f\x03\xc1", 3, GATE, 0),
	       "LAR knows gates, LSL does not");
	tap_ok(asks("\x0f\x03\xc1", 3, CODE16, 0) && m.s.gpr[X86_RAX] == 0xffff, "LSL");
	tap_ok(asks("\x0f\x00\xe1", 3, RO0, 0) && !asks("\x0f\x00\xe1", 3, EXEC0, 0), "VERR");
	tap_ok(!asks("\x0f\x00\xe9", 3, RO0, 0) && !asks("\x0f\x00\xe9", 3, CODE0, 0) &&
	       asks("\x0f\x00\xe9", 3, DATA0, 0), "VERW");

	START(PROT32, 0, "\x63\xc8");
	m.s.gpr[X86_RCX] = 3;
	tap_ok(retires(0x102) && m.s.gpr[X86_RAX] == 3 && (m.s.rflags & X86_EFLAGS_ZF), "ARPL");
	START(PROT32, 0, "\x0f\x00\xd0");
	m.s.gpr[X86_RAX] = LDTSEL;
	tap_ok(retires(0x103) && m.seg[X86_SREG_LDTR].base == LDT, "LLDT");
	START(PROT32, 0, "\x0f\x00\xd0");
	m.s.gpr[X86_RAX] = DATA0;
	tap_ok(faults(13, DATA0), "LLDT of data");
	START(PROT32, 3, "\x0f\x00\xd0");
	tap_ok(faults(13, 0), "LLDT in ring 3");
	START(PROT32, 0, "\x0f\x00\xd8");
	m.s.gpr[X86_RAX] = TASK;
	tap_ok(retires(0x103) && m.seg[X86_SREG_TR].base == TSS2 &&
	       get(GDT + TASK + 5, 1) == 0x8b, "LTR makes the TSS busy");
	START(PROT32, 0, "\x0f\x00\xd8");
	m.s.gpr[X86_RAX] = TR;
	tap_ok(faults(13, TR), "LTR of a busy TSS");
	START(PROT32, 0, "\x0f\x00\xc8");
	tap_ok(retires(0x103) && m.s.gpr[X86_RAX] == TR, "STR");
	START(PROT32, 3, "\x0f\x00\xc0");
	m.cr[4] = X86_CR4_UMIP;
	tap_ok(faults(13, 0), "SLDT in ring 3 with UMIP");
	START(REAL, 0, "\x0f\x00\xc0");
	tap_ok(faults(6, 0), "SLDT in real mode");
}

/* --- SYSCALL and SYSENTER ----------------------------------------------- */

static void test_syscalls(void)
{
	START(LONG, 3, "\x0f\x05");
	m.syscall[1] = 0x0018001000000000;
	m.syscall[2] = 0xffffffff81000000;
	m.syscall[4] = X86_EFLAGS_IF;
	tap_ok(retires(0xffffffff81000000) && m.cpl == 0 && m.s.gpr[X86_RCX] == CODE_ENTRY + 2 &&
	       m.s.gpr[X86_R11] == 0x202 && m.s.rflags == 2 &&
	       m.seg[X86_SREG_CS].selector == 0x10 && m.seg[X86_SREG_CS].l, "SYSCALL");
	START(LONG, 0, "\x48\x0f\x07");
	m.syscall[1] = 0x0018001000000000;
	m.s.gpr[X86_RCX] = CODE_BASE;
	m.s.gpr[X86_R11] = 0x10246;
	tap_ok(retires(CODE_BASE) && m.cpl == 3 && m.s.rflags == 0x246 &&
	       m.seg[X86_SREG_CS].selector == 0x2b && m.seg[X86_SREG_SS].selector == 0x23,
	       "SYSRETQ");
	START(LONG, 3, "\x0f\x05");
	m.syscall[0] &= ~1ULL;
	tap_ok(faults(6, 0), "SYSCALL without EFER.SCE");
	START(LONG, 3, "\x0f\x07");
	tap_ok(faults(13, 0), "SYSRET in ring 3");

	START(PROT32, 3, "\x0f\x34");
	m.sysenter[0] = 0x10;
	m.sysenter[1] = 0x900;
	m.sysenter[2] = 0x4000;
	tap_ok(retires(0x4000) && m.cpl == 0 && m.s.gpr[X86_RSP] == 0x900 &&
	       m.seg[X86_SREG_SS].selector == 0x18, "SYSENTER");
	START(PROT32, 3, "\x0f\x34");
	tap_ok(faults(13, 0), "SYSENTER with a null CS");
	START(PROT32, 0, "\x0f\x35");
	m.sysenter[0] = 0x10;
	m.s.gpr[X86_RCX] = 0x700;
	m.s.gpr[X86_RDX] = 0x4000;
	tap_ok(retires(0x4000) && m.cpl == 3 && m.s.gpr[X86_RSP] == 0x700 &&
	       m.seg[X86_SREG_CS].selector == 0x23, "SYSEXIT");
	START(LONG, 0, "\x0f\x01\xf8");
	m.kernel_gs = 0x1234;
	m.seg[X86_SREG_GS].base = 0x5678;
	tap_ok(retires(CODE_ENTRY + 3) && m.seg[X86_SREG_GS].base == 0x1234 &&
	       m.kernel_gs == 0x5678,
	       "SWAPGS");
}

void test_segments(void)
{
	test_loads();
	test_jumps();
	test_returns();
	test_interrupts();
	test_events();
	test_iret();
	test_vm86();
	test_questions();
	test_syscalls();
}

/* --- Tasks --------------------------------------------------------------- */

static void second_task(void)
{
	put(TSS2 + 0x20, 0x6000, 4);	/* EIP */
	put(TSS2 + 0x24, 0x202, 4);
	put(TSS2 + 0x28, 0xaaaa, 4);	/* EAX */
	put(TSS2 + 0x38, 0x600, 4);	/* ESP */
	put(TSS2 + 0x48, DATA0, 2);	/* ES */
	put(TSS2 + 0x4c, CODE0, 2);
	put(TSS2 + 0x50, DATA0, 2);
	put(TSS2 + 0x54, DATA0, 2);
}

static void test_big_tasks(void)
{
	far_insn("\xea", TASK, 0, 0);
	second_task();
	m.s.gpr[X86_RBX] = 0xbbbbbbbb;
	tap_ok(retires(0x6000) && m.s.gpr[X86_RAX] == 0xaaaa && m.s.gpr[X86_RSP] == 0x600 &&
	       m.seg[X86_SREG_TR].selector == TASK && get(TSS + 0x20, 4) == 0x107 &&
	       get(TSS + 0x34, 4) == 0xbbbbbbbb && get(GDT + TR + 5, 1) == 0x89 &&
	       get(GDT + TASK + 5, 1) == 0x8b && (m.cr[0] & X86_CR0_TS),
	       "JMP to a TSS");

	far_insn("\x9a", TASK, 0, 0);
	second_task();
	tap_ok(retires(0x6000) && get(TSS2, 2) == TR && (m.s.rflags & X86_EFLAGS_NT) &&
	       get(GDT + TR + 5, 1) == 0x8b, "CALL nests");
	machine_code(&m, "\xcf", 1);
	tap_ok(retires(0x107) && m.seg[X86_SREG_TR].selector == TR &&
	       !(m.s.rflags & X86_EFLAGS_NT) &&
	       get(GDT + TASK + 5, 1) == 0x89 && get(TSS2 + 0x20, 4) == 0x6001 &&
	       m.s.gpr[X86_RSP] == STACK, "IRET goes back");

	/* There by JMP, back by JMP, there by CALL, back by IRET: the first task keeps its own. */
	far_insn("\xea", TASK, 0, 0);
	second_task();
	put(TSS + 0x1c, 0, 4);
	tap_ok(retires(0x6000), "a round trip: JMP");
	machine_code(&m, "\xea\0\0\0\0\x48\0", 7);
	tap_ok(retires(0x107) && m.s.gpr[X86_RSP] == STACK, "and JMP back");
	machine_code(&m, "\x9a\0\0\0\0\x78\0", 7);
	tap_ok(retires(0x6007) && m.s.gpr[X86_RSP] == 0x600, "and CALL");
	machine_code(&m, "\xcf", 1);
	tap_ok(retires(0x10e) && m.s.gpr[X86_RSP] == STACK, "and IRET back");

	far_insn("\x9a", TASKGATE, 0, 3);
	second_task();
	tap_ok(retires(0x6000) && m.cpl == 0, "CALL of a task gate from ring 3");
	far_insn("\xea", TASK, 0, 3);
	tap_ok(faults(13, TASK), "JMP to a TSS of ring 0 from ring 3");
	far_insn("\xea", TR, 0, 0);
	tap_ok(faults(13, TR), "JMP to a busy TSS");
	far_insn("\xea", TASK, 0, 0);
	desc(TASK, TSS2, 0x66, 0x89, 0);
	tap_ok(faults(10, TASK), "JMP to a short TSS");
	far_insn("\xea", TASK, 0, 0);
	desc(TASK, TSS2, 0x67, 0x09, 0);
	tap_ok(faults(11, TASK), "JMP to an absent TSS");

	START(PROT32, 3, "\xcd\x21");
	second_task();
	gate(IDT + 0x21 * 8, TASK, 0, 0xe5, 0);
	tap_ok(retires(0x6000) && get(TSS + 0x20, 4) == 0x102 && get(TSS2, 2) == TR,
	       "INT through a task gate");

	far_insn("\xea", TASK, 0, 0);
	second_task();
	put(TSS2 + 0x50, DATA3, 2);
	tap_ok(machine_run(&m) == X86EMUL_CONTINUE && m.ctxt.late_fault && m.s.rip == 0x6000 &&
	       m.ctxt.exception.vector == 10 && m.ctxt.exception.error_code == DATA3 &&
	       m.seg[X86_SREG_TR].selector == TASK, "a bad SS is #TS in the new task");

	far_insn("\xea", TASK, 0, 0);
	second_task();
	put(TSS2 + 0x64, 1, 2);
	tap_ok(machine_run(&m) == X86EMUL_CONTINUE && m.ctxt.late_fault &&
	       m.ctxt.exception.vector == 1 && (m.dr[6] & 1u << 15), "the T bit is #DB with BT");

}

static void test_small_and_external_tasks(void)
{
	far_insn("\xea", TASK, 0, 0);
	desc(TASK, TSS2, 0x2b, 0x81, 0);
	put(TSS2 + 0x0e, 0x6000, 2);
	put(TSS2 + 0x10, 0x202, 2);
	put(TSS2 + 0x12, 0xaaaa, 2);
	put(TSS2 + 0x24, CODE0, 2);
	put(TSS2 + 0x26, DATA0, 2);
	tap_ok(retires(0x6000) && (u16)m.s.gpr[X86_RAX] == 0xaaaa && m.seg[X86_SREG_FS].unusable,
	       "JMP to a 16-bit TSS");

	far_insn("\xea", TASK, 0, 0);
	second_task();
	desc(TR, TSS, 0x2b, 0x83, 0);
	m.seg[X86_SREG_TR].type = 3;
	m.s.gpr[X86_RBX] = 0xbbbbcccc;
	tap_ok(retires(0x6000) && get(TSS + 0x0e, 2) == 0x107 && get(TSS + 0x18, 4) == 0xf00cccc,
	       "JMP from a 16-bit TSS");

	far_insn("\xea", TASK, 0, 0);
	second_task();
	put(TSS2 + 0x24, 0x10202, 4);
	m.s.rflags |= X86_EFLAGS_AC;
	tap_ok(retires(0x6000) && m.s.rflags == 0x10202 && get(TSS + 0x24, 4) == 0x40202,
	       "RF is the new task's");

	START(PROT32, 0, "\x90");
	second_task();
	machine_decode(&m);
	tap_ok(x86_emulate_task_switch(&m.ctxt, 0, TASK, X86_TASK_GATE, true, true, 0x55) ==
	       X86EMUL_CONTINUE && m.ctxt.eip == 0x6000 && m.s.gpr[X86_RSP] == 0x5fc &&
	       get(0x5fc, 4) == 0x55 && get(TSS + 0x20, 4) == 0x100,
	       "an exception's error code goes onto the new task's stack");
	START(PROT32, 0, "\x90");
	desc(TASK, TSS2, 0x67, 0x09, 0);
	machine_decode(&m);
	tap_ok(x86_emulate_task_switch(&m.ctxt, 0, TASK, X86_TASK_GATE, true, true, 0x55) ==
	       X86EMUL_PROPAGATE_FAULT && m.ctxt.exception.error_code == (TASK | 1),
	       "a fault in the delivery of an event has EXT set");
}

void test_tasks(void)
{
	test_big_tasks();
	test_small_and_external_tasks();
}
