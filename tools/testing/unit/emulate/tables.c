// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases written from the manuals: instruction lengths, the modes that user mode cannot enter,
 * privilege, ports and the exits in the middle of an instruction.
 */
#include "harness.h"

static struct machine m;

static int start(enum x86_mode mode, unsigned int cpl, const char *bytes, unsigned int len)
{
	machine_init(&m, mode, cpl);
	machine_code(&m, bytes, len);
	return 0;
}

#define START(mode, cpl, bytes)	start(mode, cpl, bytes, sizeof(bytes) - 1)

static bool faults(u8 vector, u32 error)
{
	u64 rip = m.s.rip;

	return machine_run(&m) == X86EMUL_PROPAGATE_FAULT && m.s.trap == vector &&
	       m.s.error == error && m.s.rip == rip;
}

static bool retires(u64 rip)
{
	return machine_run(&m) == X86EMUL_CONTINUE && m.s.rip == rip;
}

/* --- Lengths --------------------------------------------------------- */

struct length_case {
	const char *bytes;
	unsigned int avail;
	enum x86_mode mode;
	u32 expect;
	int length;
};

#define L(bytes, mode, expect, length) \
	{ bytes, sizeof(bytes) - 1, X86_MODE_##mode, X86_SKIP_##expect, length }

static const struct length_case lengths[] = {
	L("\x0f\xa2", LONG, CPUID, 2),
	L("\x48\x0f\xa2", LONG, CPUID, 3),
	L("\x66\x2e\x0f\xa2", REAL, CPUID, 4),
	L("\x48\x0f\xa2", PROT32, CPUID, 0),	/* DEC EAX, not REX */
	L("\x0f\xa3", LONG, CPUID, 0),
	L("\x0f", LONG, CPUID, 0),
	L("\x0f\x32", LONG, RDMSR, 2),
	L("\x0f\x30", PROT32, WRMSR, 2),
	L("\xf4", REAL, HLT, 1),
	L("\x3e\xf4", REAL, HLT, 2),
	L("\x0f\x01\xd9", LONG, VMMCALL, 3),
	L("\x0f\x01\xc1", LONG, VMCALL, 3),
	L("\x0f\x01\xc1", LONG, VMMCALL, 0),
	L("\x0f\x31", LONG, RDTSC, 2),
	L("\x0f\x01\xf9", LONG, RDTSCP, 3),
	L("\x0f\x33", LONG, RDPMC, 2),
	L("\x0f\x08", LONG, INVD, 2),
	L("\xf3\x0f\x09", LONG, WBINVD, 3),
	L("\x0f\x01\xd1", LONG, XSETBV, 3),
	L("\xf3\x90", LONG, PAUSE, 2),
	L("\x0f\x01\xc8", LONG, MONITOR, 3),
	L("\x0f\x01\xc9", LONG, MWAIT, 3),
	L("\x0f\x06", LONG, CLTS, 2),
	L("\xcd\x80", PROT32, INT, 2),
	L("\xcd", PROT32, INT, 0),
	L("\xcc", LONG, INT3, 1),
	L("\xce", PROT32, INTO, 1),
	L("\xf1", LONG, ICEBP, 1),
	L("\x0f\xaa", LONG, RSM, 2),
	L("\x0f\x01\xd8", LONG, VMRUN, 3),
	L("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0f\xa2", LONG, CPUID, 15),
	L("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0f\xa2", LONG, CPUID, 0),
	L("\x0f\x20\xc0", LONG, ANY, 3),
	L("\x44\x0f\x22\xc0", LONG, ANY, 4),
	L("\x0f\x22\x04\x25", LONG, ANY, 3),	/* mod is ignored */
	L("\x0f\x01\xe0", LONG, ANY, 3),	/* SMSW EAX */
	L("\x0f\x01\x74\x24\x08", LONG, ANY, 5),/* LMSW [RSP+8] */
	L("\x0f\x01\x3c\x25\0\0\0\0", LONG, ANY, 8),
	L("\x0f\x01\x38", REAL, ANY, 3),	/* INVLPG [BX+SI] */
	L("\x0f\x01\x3e\0\0", REAL, ANY, 5),
	L("\xe4\x60", REAL, ANY, 2),
	L("\xec", REAL, ANY, 1),
	L("\xf3\x6d", LONG, ANY, 2),
	L("\xb8\0\0", REAL, ANY, 3),
	L("\x66\xb8\0\0\0\0", REAL, ANY, 6),
	L("\x48\xb8\0\0\0\0\0\0\0\0", LONG, ANY, 10),
	L("\x48\xa1\0\0\0\0\0\0\0\0", LONG, ANY, 10),
	L("\x67\xa1\0\0\0\0", LONG, ANY, 6),
	L("\xc7\x05\0\0\0\0\0\0\0\0", LONG, ANY, 10),
	L("\x66\xc7\x05\0\0\0\0\0\0", LONG, ANY, 9),
	L("\xea\0\0\0\0", REAL, ANY, 5),
	L("\xc8\0\0\0", LONG, ANY, 4),
	L("\x0f\x38\xf1\x07", LONG, ANY, 4),
	L("\x0f\xff", LONG, ANY, 0),
};

void test_length(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		const struct length_case *c = &lengths[i];
		u8 bytes[20] = {};
		int got;

		memcpy(bytes, c->bytes, c->avail);
		got = x86_skip_length(bytes, c->avail, c->mode, c->expect);
		if (got != c->length) {
			printf("# length case %u: %d, want %d\n", i, got, c->length);
			bad++;
		}
	}
	tap_ok(!bad, "%zu instruction lengths", ARRAY_SIZE(lengths));
}

/* --- Modes ----------------------------------------------------------- */

void test_modes(void)
{
	START(X86_MODE_REAL, 0, "\xb8\x34\x12");
	m.s.gpr[X86_RAX] = 0xffff0000;
	tap_ok(retires(0x103) && m.s.gpr[X86_RAX] == 0xffff1234, "real: MOV AX, imm16");

	START(X86_MODE_REAL, 0, "\x8e\xd8");
	m.s.gpr[X86_RAX] = 0x20;
	tap_ok(retires(0x102) && m.seg[X86_SREG_DS].base == 0x200 &&
	       m.seg[X86_SREG_DS].selector == 0x20, "real: MOV DS, AX");

	START(X86_MODE_REAL, 0, "\x8e\xd8");
	m.seg[X86_SREG_DS] = (struct kvm_segment){ .unusable = 1 };
	tap_ok(retires(0x102) && !m.seg[X86_SREG_DS].unusable &&
	       m.seg[X86_SREG_DS].limit == 0xffff, "real: MOV DS, AX after a null DS");

	START(X86_MODE_REAL, 0, "\x8e\xd0");
	tap_ok(retires(0x102) && m.ctxt.shadow == X86_SHADOW_MOV_SS, "real: MOV SS has a shadow");

	START(X86_MODE_REAL, 0, "\x89\x07");
	m.s.gpr[X86_RBX] = 0xffff;
	tap_ok(faults(13, 0) && !m.ctxt.exception.error_code_valid,
	       "real: a word at FFFF is #GP without error code");

	START(X86_MODE_REAL, 0, "\x89\x46\x00");
	m.s.gpr[X86_RBP] = 0xffff;
	tap_ok(faults(12, 0), "real: and #SS through BP");

	START(X86_MODE_REAL, 0, "\x67\x8b\x03");
	m.s.gpr[X86_RBX] = 0x10010;
	tap_ok(faults(13, 0), "real: a 32-bit offset past 64 KiB is #GP");

	START(X86_MODE_REAL, 0, "\x67\x8b\x03");
	m.s.gpr[X86_RBX] = 0x10;
	m.seg[X86_SREG_DS].limit = 0xffffffff;
	m.data[0x10] = 0x5a;
	tap_ok(retires(0x103) && (u8)m.s.gpr[X86_RAX] == 0x5a, "big real: 32-bit offset");

	START(X86_MODE_REAL, 0, "\xea\x34\x12\x00\x20");
	tap_ok(retires(0x1234) && m.seg[X86_SREG_CS].base == 0x20000, "real: far JMP");

	START(X86_MODE_REAL, 0, "\x50");
	m.s.gpr[X86_RSP] = 0x100;
	tap_ok(retires(0x101) && m.s.gpr[X86_RSP] == 0xfe, "real: PUSH AX");

	START(X86_MODE_REAL, 0, "\x60");
	m.s.gpr[X86_RSP] = 7;
	tap_ok(machine_run(&m) == X86EMUL_PROPAGATE_FAULT && m.s.gpr[X86_RSP] == 7,
	       "real: PUSHA that faults half-way leaves SP");

	START(X86_MODE_PROT32, 0, "\x89\x03");
	m.seg[X86_SREG_DS].type = 1;
	tap_ok(faults(13, 0), "protected: write to a read-only segment");

	START(X86_MODE_PROT32, 0, "\x8b\x03");
	m.seg[X86_SREG_DS].unusable = 1;
	tap_ok(faults(13, 0), "protected: null DS");

	START(X86_MODE_PROT32, 0, "\x8b\x03");
	m.seg[X86_SREG_DS].type = 7;
	m.seg[X86_SREG_DS].limit = 0xfff;
	m.s.gpr[X86_RBX] = 0x800;
	tap_ok(faults(13, 0), "protected: below an expand-down limit");

	START(X86_MODE_PROT32, 0, "\x40");
	tap_ok(retires(0x101) && m.s.gpr[X86_RAX] == 1, "protected: 40 is INC EAX");

	START(X86_MODE_LONG, 0, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90");
	tap_ok(faults(13, 0), "a 16-byte instruction is #GP");

	START(X86_MODE_LONG, 0, "\xf0\x90");
	tap_ok(faults(6, 0), "LOCK NOP is #UD");

	START(X86_MODE_LONG, 0, "\x06");
	tap_ok(faults(6, 0), "PUSH ES is #UD in 64-bit mode");
}

/* --- System ---------------------------------------------------------- */

static const struct {
	const char *bytes;
	unsigned int len;
	const char *name;
} privileged[] = {
	{ "\xf4", 1, "HLT" }, { "\x0f\x06", 2, "CLTS" }, { "\x0f\x08", 2, "INVD" },
	{ "\x0f\x09", 2, "WBINVD" }, { "\x0f\x30", 2, "WRMSR" }, { "\x0f\x32", 2, "RDMSR" },
	{ "\x0f\x20\xc0", 3, "MOV from CR0" }, { "\x0f\x22\xc0", 3, "MOV to CR0" },
	{ "\x0f\x21\xc0", 3, "MOV from DR0" }, { "\x0f\x23\xc0", 3, "MOV to DR0" },
	{ "\x0f\x01\x10", 3, "LGDT" }, { "\x0f\x01\x18", 3, "LIDT" },
	{ "\x0f\x01\xf0", 3, "LMSW" }, { "\x0f\x01\x38", 3, "INVLPG" },
	{ "\xfa", 1, "CLI" }, { "\xfb", 1, "STI" }, { "\xe4\x10", 2, "IN" },
	{ "\xef", 1, "OUT" }, { "\x6c", 1, "INS" }, { "\x6e", 1, "OUTS" },
};

static void test_ports(void)
{
	START(X86_MODE_LONG, 0, "\xed");
	m.s.gpr[X86_RAX] = ~0ULL;
	m.in_val = 0x12345678;
	tap_ok(retires(CODE_ENTRY + 1) && m.s.gpr[X86_RAX] == 0x12345678, "IN EAX clears 63:32");

	START(X86_MODE_LONG, 0, "\x66\xef");
	m.s.gpr[X86_RAX] = 0xabcd1234;
	tap_ok(retires(CODE_ENTRY + 2) && m.out_val == 0x1234 && m.outs == 1, "OUT DX, AX");

	START(X86_MODE_PROT32, 3, "\xec");
	m.seg[X86_SREG_TR].limit = 0x2067;
	memset(m.data, 0xff, 0x1000);
	m.data[102] = 0x68;
	m.data[103] = 0;
	m.data[0x68 + 0x60 / 8] = 0xfe;
	m.s.gpr[X86_RDX] = 0x60;
	tap_ok(retires(0x101), "the TSS bitmap allows a port");
	START(X86_MODE_PROT32, 3, "\xec");
	m.seg[X86_SREG_TR].limit = 0x2067;
	m.s.gpr[X86_RDX] = 0x61;
	tap_ok(faults(13, 0), "and refuses its neighbour");
	memset(m.data, 0, DATA_SIZE);
}

/* INVPCID EAX, [RBX] with this type and descriptor. */
static void start_invpcid(unsigned int cpl, u64 type, u64 pcid, u64 linear)
{
	START(X86_MODE_LONG, cpl, "\x66\x0f\x38\x82\x03");
	m.has_invpcid = true;
	m.s.gpr[X86_RAX] = type;
	m.s.gpr[X86_RBX] = DATA_BASE;
	memcpy(m.data, &pcid, 8);
	memcpy(m.data + 8, &linear, 8);
}

static void test_invpcid(void)
{
	static const struct { u64 type, pcid, linear; bool pcide; } bad[] = {
		{ 4, 0, 0, true }, { 1ull << 32, 0, 0, true }, { 2, 0x1000, 0, true },
		{ 0, 1, 0, false }, { 1, 1, 0, false }, { 0, 0, 1ull << 60, true },
	};
	unsigned int i, refused = 0;
	u64 type;

	for (type = 0; type < 4; type++) {
		start_invpcid(0, type, 5, 0x1000);
		m.cr[4] |= X86_CR4_PCIDE;
		tap_ok(retires(CODE_ENTRY + 5) && m.invpcids == 1u << type && m.out_val == 0x1000,
		       "INVPCID of type %u", (unsigned int)type);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start_invpcid(0, bad[i].type, bad[i].pcid, bad[i].linear);
		m.cr[4] |= bad[i].pcide ? X86_CR4_PCIDE : 0;
		refused += faults(13, 0) && !m.invpcids;
	}
	tap_ok(refused == i, "INVPCID refuses a type, a PCID and an address");
	start_invpcid(0, 2, 5, 1ull << 60);
	tap_ok(retires(CODE_ENTRY + 5), "INVPCID of all looks at neither PCID nor address");
	start_invpcid(3, 2, 0, 0);
	tap_ok(faults(13, 0), "INVPCID at CPL 3");
	start_invpcid(3, 2, 0, 0);
	m.has_invpcid = false;
	tap_ok(faults(6, 0), "INVPCID that CPUID does not have");
	START(X86_MODE_LONG, 0, "\x0f\x38\x82\x03");
	tap_ok(machine_run(&m) != X86EMUL_CONTINUE && !m.invpcids, "INVPCID without its prefix");
}

/* What each instruction does at CPL 0, and how it refuses. */
static void test_registers(void)
{
	START(X86_MODE_LONG, 0, "\x0f\x21\xc0");
	m.dr[7] = 1u << 13;
	tap_ok(faults(1, 0) && !(m.dr[7] & 1u << 13) && (m.dr[6] & 1u << 13),
	       "DR7.GD: #DB with BD, and GD is clear for the handler");
	START(X86_MODE_LONG, 0, "\x0f\x21\xe0");
	m.cr[4] = X86_CR4_DE;
	tap_ok(faults(6, 0), "MOV from DR4 with CR4.DE");
	START(X86_MODE_LONG, 0, "\x0f\x23\xe8");
	m.s.gpr[X86_RAX] = 0x401;
	tap_ok(retires(CODE_ENTRY + 3) && m.dr[7] == 0x401, "DR5 is DR7 without it");
	START(X86_MODE_LONG, 0, "\x0f\x20\xc8");
	tap_ok(faults(6, 0), "MOV from CR1");
	START(X86_MODE_LONG, 0, "\x0f\x06");
	m.cr[0] = X86_CR0_TS | X86_CR0_PE;
	tap_ok(retires(CODE_ENTRY + 2) && m.cr[0] == X86_CR0_PE, "CLTS");
	START(X86_MODE_LONG, 3, "\x0f\x01\xe0");
	m.cr[4] = X86_CR4_UMIP;
	tap_ok(faults(13, 0), "SMSW at CPL 3 with UMIP");
	START(X86_MODE_LONG, 0, "\x0f\x01\x03");
	m.s.gpr[X86_RBX] = DATA_BASE;
	m.gdt = (struct x86_desc_ptr){ .limit = 0x7f, .base = 0x1122334455 };
	tap_ok(retires(CODE_ENTRY + 3) && m.data[0] == 0x7f && m.data[2] == 0x55, "SGDT");
	START(X86_MODE_LONG, 0, "\x0f\x01\x0b");
	m.s.gpr[X86_RBX] = DATA_BASE;
	m.idt.limit = 0x3f;
	tap_ok(retires(CODE_ENTRY + 3) && m.data[0] == 0x3f, "SIDT");
	START(X86_MODE_LONG, 0, "\x0f\x01\x13");
	m.s.gpr[X86_RBX] = DATA_BASE;
	memset(m.data, 0x7f, 10);
	tap_ok(faults(13, 0), "LGDT of a base that is not canonical");
	START(X86_MODE_LONG, 0, "\x0f\x01\x3b");
	tap_ok(retires(CODE_ENTRY + 3) && m.invlpgs == 1, "INVLPG");
	START(X86_MODE_LONG, 0, "\x0f\x01\x3b");
	m.s.gpr[X86_RBX] = 1ULL << 60;
	tap_ok(retires(CODE_ENTRY + 3) && !m.invlpgs, "INVLPG of no canonical address");
	START(X86_MODE_LONG, 3, "\x0f\x31");
	m.cr[4] = X86_CR4_TSD;
	tap_ok(faults(13, 0), "RDTSC at CPL 3 with TSD");
	START(X86_MODE_LONG, 0, "\x0f\x31");
	tap_ok(retires(CODE_ENTRY + 2) && m.s.gpr[X86_RDX] == 0x11223344, "RDTSC");
	START(X86_MODE_LONG, 0, "\x0f\x01\xf9");
	tap_ok(faults(6, 0), "RDTSCP without TSC_AUX");
	START(X86_MODE_LONG, 0, "\x0f\x33");
	m.s.gpr[X86_RCX] = 2;
	tap_ok(retires(CODE_ENTRY + 2) && m.s.gpr[X86_RAX] == 2, "RDPMC");
	START(X86_MODE_LONG, 0, "\x0f\x33");
	m.s.gpr[X86_RCX] = 9;
	tap_ok(faults(13, 0), "RDPMC of no counter");
	START(X86_MODE_LONG, 0, "\x0f\x30");
	m.s.gpr[X86_RCX] = 0x10;
	m.s.gpr[X86_RAX] = 5;
	tap_ok(retires(CODE_ENTRY + 2) && m.msr_val == 5, "WRMSR");
	START(X86_MODE_LONG, 0, "\x0f\x30");
	tap_ok(faults(13, 0), "WRMSR of no MSR");
}

void test_system(void)
{
	unsigned int i, bad = 0;

	for (i = 0; i < ARRAY_SIZE(privileged); i++) {
		start(X86_MODE_LONG, 3, privileged[i].bytes, privileged[i].len);
		m.s.gpr[X86_RAX] = m.s.gpr[X86_RSI] = m.s.gpr[X86_RDI] = DATA_BASE;
		if (!faults(13, 0)) {
			printf("# %s did not fault at CPL 3\n", privileged[i].name);
			bad++;
		}
	}
	tap_ok(!bad, "%zu privileged instructions are #GP(0) at CPL 3", ARRAY_SIZE(privileged));

	START(X86_MODE_LONG, 0, "\xfb");
	m.s.rflags = 2;
	tap_ok(retires(CODE_ENTRY + 1) && (m.s.rflags & X86_EFLAGS_IF) &&
	       m.ctxt.shadow == X86_SHADOW_STI, "STI sets IF and its shadow");

	START(X86_MODE_LONG, 0, "\xfb");
	tap_ok(retires(CODE_ENTRY + 1) && !m.ctxt.shadow, "STI with IF set has none");

	START(X86_MODE_LONG, 0, "\x0f\x22\xc0");
	m.s.gpr[X86_RAX] = X86_CR0_PG;
	tap_ok(faults(13, 0) && !m.cr[0], "a refused MOV to CR0 changes nothing");

	START(X86_MODE_LONG, 0, "\x0f\x01\xf0");
	m.cr[0] = X86_CR0_PE;
	m.s.gpr[X86_RAX] = 0x8;
	tap_ok(retires(CODE_ENTRY + 3) && m.cr[0] == (X86_CR0_PE | 8), "LMSW cannot clear PE");

	START(X86_MODE_LONG, 0, "\x0f\x32");
	m.s.gpr[X86_RCX] = 0x11;
	tap_ok(faults(13, 0), "RDMSR of no MSR");

	START(X86_MODE_LONG, 0, "\x0f\x32");
	m.s.gpr[X86_RCX] = 0x10;
	m.msr_val = 0x1122334455667788;
	tap_ok(retires(CODE_ENTRY + 2) && m.s.gpr[X86_RAX] == 0x55667788 &&
	       m.s.gpr[X86_RDX] == 0x11223344, "RDMSR");

	START(X86_MODE_REAL, 0, "\x0f\x01\x10");
	memcpy(m.data, "\xff\x0f\x44\x33\x22\x11", 6);
	tap_ok(retires(0x103) && m.gdt.limit == 0xfff && m.gdt.base == 0x223344,
	       "LGDT with a 16-bit operand takes 24 bits of base");

	START(X86_MODE_LONG, 0, "\x0f\x23\xf8");
	m.s.gpr[X86_RAX] = 1ULL << 32;
	tap_ok(faults(13, 0), "MOV to DR7 with a high bit");

	START(X86_MODE_LONG, 0, "\xf4");
	tap_ok(retires(CODE_ENTRY + 1) && m.halts == 1, "HLT");

	START(X86_MODE_LONG, 0, "\xf0\x01\x03");
	m.s.gpr[X86_RBX] = DATA_BASE;
	m.cmpxchg_fails = true;
	tap_ok(machine_run(&m) == X86EMUL_RETRY_INSTR && m.cmpxchgs == 1,
	       "a locked ADD that loses its race is tried again by the guest");
	test_registers();
	test_invpcid();
	test_ports();
}

/* --- Strings --------------------------------------------------------- */

void test_string(void)
{
	START(X86_MODE_LONG, 0, "\xf3\x66\x6d");
	m.s.gpr[X86_RCX] = 100;
	m.s.gpr[X86_RDI] = DATA_BASE + 0xfc0;
	m.in_val = 0x1000;
	tap_ok(retires(CODE_ENTRY + 3) && m.ins == 2 && !m.s.gpr[X86_RCX] &&
	       m.s.gpr[X86_RDI] == DATA_BASE + 0xfc0 + 200 && m.in_val == 0x1064,
	       "REP INSW reads ahead to the page's end, twice");

	START(X86_MODE_LONG, 0, "\xf3\x6c");
	m.s.gpr[X86_RCX] = 5;
	m.s.gpr[X86_RDI] = DATA_BASE;
	m.in_delay = 1;
	tap_ok(machine_run(&m) == X86EMUL_IO_NEEDED && m.s.gpr[X86_RCX] == 5 &&
	       x86_emulate_insn(&m.ctxt) == X86EMUL_CONTINUE && !m.s.gpr[X86_RCX] &&
	       m.ctxt.eip == CODE_ENTRY + 2, "REP INSB waits for userspace and goes on");

	START(X86_MODE_LONG, 0, "\xf3\x6c");
	m.s.gpr[X86_RCX] = 5;
	m.s.gpr[X86_RDI] = DATA_RO;
	tap_ok(faults(14, 7) && !m.ins, "INS to a read-only page takes nothing from the device");

	START(X86_MODE_LONG, 0, "\xf3\x6f");
	m.s.gpr[X86_RCX] = 3;
	m.s.gpr[X86_RSI] = DATA_BASE + 8;
	tap_ok(retires(CODE_ENTRY + 2) && m.outs == 1 && m.out_count == 3,
	       "REP OUTSD is one batch");

	START(X86_MODE_LONG, 0, "\xf3\x6f");
	m.s.gpr[X86_RCX] = 4;
	m.s.gpr[X86_RSI] = DATA_BASE + DATA_SIZE - 8;
	tap_ok(machine_run(&m) == X86EMUL_PROPAGATE_FAULT && m.out_count == 2 &&
	       m.s.gpr[X86_RCX] == 2, "OUTS sends what it has before it faults");

	START(X86_MODE_LONG, 0, "\xf3\xaa");
	m.s.gpr[X86_RCX] = 3000;
	m.s.gpr[X86_RDI] = DATA_BASE;
	machine_decode(&m);
	tap_ok(x86_emulate_insn(&m.ctxt) == X86EMUL_CONTINUE && m.ctxt.rep_continues &&
	       m.ctxt.eip == CODE_ENTRY && m.s.gpr[X86_RCX] == 3000 - 1024,
	       "a long REP lets the guest's interrupts in");

	START(X86_MODE_REAL, 0, "\xf3\xa4");
	m.s.gpr[X86_RCX] = 0xabcd0002;
	m.s.gpr[X86_RSI] = 0x1230010;
	m.s.gpr[X86_RDI] = 0x20;
	tap_ok(retires(0x102) && m.s.gpr[X86_RCX] == 0xabcd0000 &&
	       m.s.gpr[X86_RSI] == 0x1230012, "REP MOVSB in 16-bit registers");
}
