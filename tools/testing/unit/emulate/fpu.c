// SPDX-License-Identifier: GPL-2.0-only
/* SSE and AVX moves where the CPU at hand cannot be asked: CR0, CR4, XCR0, and the x87's words. */
#include "harness.h"

static struct machine m;

static void start(enum x86_mode mode, const char *bytes, unsigned int len)
{
	machine_init(&m, mode, 0);
	memset(m.data, 0x5a, DATA_SIZE);
	machine_code(&m, bytes, len);
	m.s.gpr[X86_RBX] = mode == X86_MODE_LONG ? DATA_BASE : 0;
}

#define START(mode, bytes)	start(X86_MODE_##mode, bytes, sizeof(bytes) - 1)

static bool faults(u8 vector)
{
	return machine_run(&m) == X86EMUL_PROPAGATE_FAULT && m.s.trap == vector;
}

static bool retires(void)
{
	u64 rip = m.s.rip;

	return machine_run(&m) == X86EMUL_CONTINUE && m.s.rip == rip + m.ctxt.d.length;
}

static void test_legality(void)
{
	START(LONG, "\x0f\x10\x03");
	m.cr[0] = X86_CR0_TS;
	tap_ok(faults(7), "MOVUPS with CR0.TS");
	START(LONG, "\x0f\x10\x03");
	m.cr[4] = 0;
	tap_ok(faults(6), "MOVUPS without CR4.OSFXSR");
	START(LONG, "\x0f\x10\x03");
	m.cr[0] = X86_CR0_EM | X86_CR0_TS;
	tap_ok(faults(6), "MOVUPS with CR0.EM");
	START(LONG, "\xc5\xfc\x10\x03");
	m.xcr0 = 3;
	tap_ok(faults(6), "VMOVUPS without XCR0.YMM");
	START(LONG, "\xc5\xfc\x10\x03");
	m.cr[4] = X86_CR4_OSFXSR;
	tap_ok(faults(6), "VMOVUPS without CR4.OSXSAVE");
	START(LONG, "\x66\xc5\xfc\x10\x03");
	tap_ok(faults(6), "66 before VEX");
	START(LONG, "\xc5\xf4\x10\x03");
	tap_ok(faults(6), "VMOVUPS with vvvv");
	START(LONG, "\x0f\x28\x43\x08");
	tap_ok(faults(13), "MOVAPS to an odd address");
	START(PROT32, "\xc5\xfc\x11\xd1");
	memset(m.s.vec[2], 0x33, 32);
	tap_ok(retires() && m.s.vec[1][31] == 0x33, "protected: VMOVUPS between registers");
	START(PROT32, "\xc5\x03");
	tap_ok(machine_decode(&m) == X86EMUL_CONTINUE && !m.ctxt.d.vex, "protected: C5 is LDS");
	START(REAL, "\xc5\xfc\x11\xd1");
	tap_ok(faults(6), "real: C5 with a register is #UD");
}

static void test_x87(void)
{
	START(LONG, "\xd9\x3b");
	tap_ok(retires() && m.data[0] == 0x7f && m.data[1] == 2 && m.data[2] == 0x5a, "FNSTCW");
	START(LONG, "\xdf\xe0");
	m.s.gpr[X86_RAX] = ~0ULL;
	tap_ok(retires() && m.s.gpr[X86_RAX] == 0xffffffffffff3800, "FNSTSW AX");
	START(LONG, "\xdd\x3b");
	m.cr[0] = X86_CR0_TS;
	tap_ok(faults(7), "FNSTSW with CR0.TS");
	START(LONG, "\xdb\xe3");
	tap_ok(retires() && m.fcw == 0x37f, "FNINIT");
	START(LONG, "\x0f\x77");
	tap_ok(retires() && m.emms == 1, "EMMS");
	START(LONG, "\x0f\x77");
	m.cr[0] = X86_CR0_EM;
	tap_ok(faults(6), "EMMS with CR0.EM");
	START(LONG, "\xdb\xe3");
	m.cr[0] = X86_CR0_EM;
	tap_ok(faults(7), "FNINIT with CR0.EM");
}

static void test_fxsave(void)
{
	START(LONG, "\x0f\xae\x03");
	memset(m.s.vec[15], 0x77, 16);
	tap_ok(retires() && m.data[0] == 0x7f && m.data[415] == 0x77 && m.data[416] == 0x5a,
	       "FXSAVE of sixteen registers");
	START(PROT32, "\x0f\xae\x03");
	tap_ok(retires() && m.data[287] == 0 && m.data[288] == 0x5a, "FXSAVE of eight");
	START(LONG, "\x0f\xae\x43\x08");
	tap_ok(faults(13), "FXSAVE to an odd address");
	START(LONG, "\x48\x0f\xae\x0b");
	memset(m.data + 24, 0, 4);
	tap_ok(retires() && m.fcw == 0x5a5a && m.s.vec[3][0] == 0x5a && !m.mxcsr, "FXRSTOR64");
	START(LONG, "\x0f\xae\x0b");
	tap_ok(faults(13) && m.fcw == 0x27f, "FXRSTOR of a reserved MXCSR bit");
	START(LONG, "\x0f\xae\x03");
	m.cr[0] = X86_CR0_TS;
	tap_ok(faults(7), "FXSAVE with CR0.TS");
}

static void test_xcr(void)
{
	START(LONG, "\x0f\x01\xd1");
	m.s.gpr[X86_RAX] = 3;
	tap_ok(retires() && m.xcr0 == 3, "XSETBV");
	START(LONG, "\x0f\x01\xd1");
	m.s.gpr[X86_RAX] = 2;
	tap_ok(faults(13) && m.xcr0 == 7, "XSETBV without x87");
	START(LONG, "\x0f\x01\xd1");
	m.cr[4] = 0;
	tap_ok(faults(6), "XSETBV without CR4.OSXSAVE");
	START(LONG, "\x0f\x01\xd0");
	tap_ok(retires() && m.s.gpr[X86_RAX] == 7 && !m.s.gpr[X86_RDX], "XGETBV");
	START(LONG, "\x0f\x01\xd0");
	m.s.gpr[X86_RCX] = 2;
	tap_ok(faults(13), "XGETBV of another");
}

void test_vector(void)
{
	test_legality();
	test_x87();
	test_fxsave();
	test_xcr();
	memset(m.data, 0, DATA_SIZE);
}
