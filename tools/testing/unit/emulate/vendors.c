// SPDX-License-Identifier: GPL-2.0-only
/*
 * What Intel and AMD do differently, by the vendor that the guest's CPUID names; and what only the
 * manuals can tell of the x87, MMX and EFLAGS.RF.
 */
#include "harness.h"

#define INTEL	0x756e6547	/* "Genu", as AMD is "Auth" */
#define AMD	0x68747541

static struct machine m;

static void begin(u32 vendor, enum x86_mode mode, unsigned int cpl, const char *bytes,
		  unsigned int len)
{
	machine_init(&m, mode, cpl);
	machine_code(&m, bytes, len);
	m.vendor = vendor;
	m.syscall[0] = 0x501;	/* EFER: SCE, LME, LMA */
	m.syscall[1] = 0x0018001000000000;
	m.syscall[2] = 0xffffffff81000000;
	m.syscall[3] = 0xffffffff82000000;
	m.s.gpr[X86_RSP] = DATA_BASE + 0x800;
	*(u64 *)(m.data + 0x800) = CODE_BASE + 0x123456789;
}

#define BEGIN(vendor, mode, cpl, bytes)	\
	begin(vendor, X86_MODE_##mode, cpl, bytes, sizeof(bytes) - 1)

static bool retires(u64 rip)
{
	return machine_run(&m) == X86EMUL_CONTINUE && m.s.rip == rip;
}

static bool faults(u8 vector)
{
	u64 rip = m.s.rip;

	return machine_run(&m) == X86EMUL_PROPAGATE_FAULT && m.s.trap == vector && m.s.rip == rip;
}

static void test_near_branches(void)
{
	BEGIN(INTEL, LONG, 3, "\x66\xe9\x10\x00\x00\x01");
	tap_ok(retires(CODE_ENTRY + 6 + 0x1000010), "Intel: 66 JMP has 32 bits");
	BEGIN(AMD, LONG, 3, "\x66\xe9\x10\x00\x00\x01");
	tap_ok(retires((u16)(CODE_ENTRY + 4 + 0x10)), "AMD: 66 JMP has 16 bits, as has RIP");
	BEGIN(INTEL, LONG, 3, "\x66\xc3");
	tap_ok(retires(CODE_BASE + 0x123456789) && m.s.gpr[X86_RSP] == DATA_BASE + 0x808,
	       "Intel: 66 RET pops eight bytes");
	BEGIN(AMD, LONG, 3, "\x66\xc3");
	tap_ok(retires(0x6789) && m.s.gpr[X86_RSP] == DATA_BASE + 0x802, "AMD: 66 RET pops two");
	BEGIN(AMD, LONG, 3, "\x66\x48\xc3");
	tap_ok(retires(CODE_BASE + 0x123456789), "AMD: REX.W wins");
	BEGIN(INTEL, LONG, 3, "\x66\xe8\0\0\0\0");
	tap_ok(retires(CODE_ENTRY + 6) && m.s.gpr[X86_RSP] == DATA_BASE + 0x7f8,
	       "Intel: 66 CALL pushes eight bytes");
	BEGIN(AMD, LONG, 3, "\x66\xe8\0\0");
	tap_ok(retires((u16)(CODE_ENTRY + 4)) && m.s.gpr[X86_RSP] == DATA_BASE + 0x7fe,
	       "AMD: 66 CALL pushes two");
	BEGIN(AMD, LONG, 3, "\x66\x74\x10");
	tap_ok(retires(CODE_ENTRY + 3), "AMD: 66 JE that is not taken leaves RIP alone");
}

static void test_system_calls(void)
{
	BEGIN(INTEL, PROT32, 3, "\x0f\x05");
	tap_ok(faults(6), "Intel: SYSCALL in compatibility mode is #UD");
	BEGIN(AMD, PROT32, 3, "\x0f\x05");
	tap_ok(retires(0xffffffff82000000) && m.cpl == 0, "AMD: it goes to CSTAR");
	BEGIN(INTEL, PROT32, 0, "\x0f\x07");
	tap_ok(faults(6), "Intel: SYSRET in compatibility mode is #UD");
	BEGIN(INTEL, LONG, 3, "\x0f\x34");
	m.sysenter[0] = 0x10;
	m.sysenter[2] = 0xffffffff83000000;
	tap_ok(retires(0xffffffff83000000) && m.cpl == 0, "Intel: SYSENTER in 64-bit mode");
	BEGIN(AMD, LONG, 3, "\x0f\x34");
	m.sysenter[0] = 0x10;
	tap_ok(faults(6), "AMD: it is #UD");
	BEGIN(AMD, PROT32, 3, "\x0f\x34");
	m.sysenter[0] = 0x10;
	tap_ok(faults(6), "AMD: in compatibility mode, too");
	BEGIN(INTEL, LONG, 0, "\x48\x0f\x35");
	m.sysenter[0] = 0x10;
	m.s.gpr[X86_RDX] = CODE_BASE;
	tap_ok(retires(CODE_BASE) && m.cpl == 3 && m.seg[X86_SREG_CS].selector == 0x33,
	       "Intel: SYSEXIT to 64-bit mode");
	BEGIN(AMD, LONG, 0, "\x48\x0f\x35");
	m.sysenter[0] = 0x10;
	tap_ok(faults(6), "AMD: SYSEXIT in long mode is #UD");

	BEGIN(INTEL, LONG, 0, "\x48\x0f\x07");
	m.s.gpr[X86_RCX] = 0x800000000000;
	tap_ok(faults(13), "Intel: SYSRET to no canonical address is #GP at CPL 0");
	BEGIN(AMD, LONG, 0, "\x48\x0f\x07");
	m.s.gpr[X86_RCX] = 0x800000000000;
	m.seg[X86_SREG_SS].limit = 0x1234;
	tap_ok(retires(0x800000000000) && m.cpl == 3 && m.seg[X86_SREG_SS].limit == 0x1234,
	       "AMD: at CPL 3, by the fetch; SS gets a selector only");
	BEGIN(INTEL, LONG, 0, "\x48\x0f\x07");
	m.s.gpr[X86_RCX] = CODE_BASE;
	m.seg[X86_SREG_SS].limit = 0x1234;
	tap_ok(retires(CODE_BASE) && m.seg[X86_SREG_SS].limit == 0xffffffff, "Intel: all of SS");
}

static void test_mmx(void)
{
	BEGIN(INTEL, LONG, 3, "\x0f\x77");
	m.fsw |= 0x80;
	tap_ok(faults(16) && !m.emms, "EMMS with an x87 exception pending is the guest's #MF");
	BEGIN(INTEL, LONG, 3, "\x0f\x6f\xc1");
	m.fsw |= 0x80;
	tap_ok(faults(16), "MOVQ between MMX registers, too");
	BEGIN(INTEL, LONG, 3, "\x0f\x7f\x04\x25\0\0\0\x20");
	m.cr[0] |= X86_CR0_EM;
	tap_ok(faults(6), "CR0.EM makes it #UD");
	BEGIN(INTEL, LONG, 3, "\x0f\x7f\x04\x25\0\0\0\x20");
	m.cr[0] |= X86_CR0_TS;
	tap_ok(faults(7), "CR0.TS makes it #NM");
	BEGIN(INTEL, LONG, 3, "\x66\x0f\x01\xd0");
	tap_ok(faults(6), "XGETBV has no prefix");
	BEGIN(INTEL, LONG, 3, "\xf3\x0f\x77");
	tap_ok(faults(6), "nor has EMMS");
}

static void test_resume_flag(void)
{
	BEGIN(INTEL, LONG, 3, "\x90");
	m.s.rflags |= X86_EFLAGS_RF;
	tap_ok(retires(CODE_ENTRY + 1) && !(m.s.rflags & X86_EFLAGS_RF),
	       "RF covers one instruction");
	BEGIN(INTEL, LONG, 3, "\xf3\xaa");
	m.s.rflags |= X86_EFLAGS_RF;
	m.s.gpr[X86_RCX] = 0x1400;
	m.s.gpr[X86_RDI] = DATA_BASE;
	machine_decode(&m);
	tap_ok(x86_emulate_insn(&m.ctxt) == X86EMUL_CONTINUE && m.ctxt.rep_continues &&
	       (m.ctxt.eflags & X86_EFLAGS_RF), "and a string instruction until it ends");
}

/** test_vendors - see above */
void test_vendors(void)
{
	test_near_branches();
	test_system_calls();
	test_mmx();
	test_resume_flag();
}
