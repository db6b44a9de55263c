// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opcode maps (SDM 2D appendix A): what each opcode's operands are, which
 * rules bind it, and the function that executes it. A row that is missing makes
 * decoding answer X86EMUL_UNHANDLEABLE; a row without a function has a length
 * but no execution. Constant data, read by decode.c, operands.c and emulate.c.
 */
#include "internal.h"

#define I(fn, d, s, f)		{ .kind = K_INSN, .flags = (f), .dst = O_##d, .src = O_##s, \
				  .exec = em_##fn }
#define I3(fn, d, s, s2, f)	{ .kind = K_INSN, .flags = (f), .dst = O_##d, .src = O_##s, \
				  .src2 = O_##s2, .exec = em_##fn }
#define LEN(d, s, f)		{ .kind = K_INSN, .flags = (f), .dst = O_##d, .src = O_##s }
#define UD			{ .kind = K_UD }
#define GROUP(t)		{ .kind = K_GROUP, .sub = (t) }
#define DUAL(t)			{ .kind = K_DUAL, .sub = (t) }
#define RM(t)			{ .kind = K_RM, .sub = (t) }
#define PREFIX(t)		{ .kind = K_PREFIX, .sub = (t) }
#define MODE(t)			{ .kind = K_MODE, .sub = (t) }

/* --- Groups of the one-byte map -------------------------------------- */

#define ALU_GROUP(name, kind, f)				\
	static const struct x86_opcode name[8] = {		\
		I(add, RM, kind, (f) | F_LOCKABLE),			\
		I(or, RM, kind, (f) | F_LOCKABLE),			\
		I(adc, RM, kind, (f) | F_LOCKABLE),			\
		I(sbb, RM, kind, (f) | F_LOCKABLE),			\
		I(and, RM, kind, (f) | F_LOCKABLE),			\
		I(sub, RM, kind, (f) | F_LOCKABLE),			\
		I(xor, RM, kind, (f) | F_LOCKABLE),			\
		I(cmp, RM, kind, (f) | F_NOWRITE),		\
	}

ALU_GROUP(group1_eb_ib, IMM, F_BYTE);
ALU_GROUP(group1_ev_iz, IMM, 0);
ALU_GROUP(group1_ev_ib, IMM8, 0);

static const struct x86_opcode group1a[8] = {
	I(pop_rm, RM, NONE, F_STACK | F_MOV),
};

#define SHIFT_GROUP(name, kind, f)				\
	static const struct x86_opcode name[8] = {		\
		I(rol, RM, kind, f), I(ror, RM, kind, f),	\
		I(rcl, RM, kind, f), I(rcr, RM, kind, f),	\
		I(shl, RM, kind, f), I(shr, RM, kind, f),	\
		I(shl, RM, kind, f), I(sar, RM, kind, f),	\
	}

SHIFT_GROUP(group2_eb_ib, IMM8U, F_BYTE);
SHIFT_GROUP(group2_ev_ib, IMM8U, 0);
SHIFT_GROUP(group2_eb_1, ONE, F_BYTE);
SHIFT_GROUP(group2_ev_1, ONE, 0);
SHIFT_GROUP(group2_eb_cl, CL, F_BYTE);
SHIFT_GROUP(group2_ev_cl, CL, 0);

#define GROUP3(name, f)						\
	static const struct x86_opcode name[8] = {		\
		I(test, RM, IMM, (f) | F_NOWRITE),		\
		I(test, RM, IMM, (f) | F_NOWRITE),		\
		I(not, RM, NONE, (f) | F_LOCKABLE),			\
		I(neg, RM, NONE, (f) | F_LOCKABLE),			\
		I(mul, RM, NONE, (f) | F_NOWRITE),		\
		I(imul, RM, NONE, (f) | F_NOWRITE),		\
		I(div, RM, NONE, (f) | F_NOWRITE),		\
		I(idiv, RM, NONE, (f) | F_NOWRITE),		\
	}

GROUP3(group3_eb, F_BYTE);
GROUP3(group3_ev, 0);

static const struct x86_opcode group4[8] = {
	I(inc, RM, NONE, F_BYTE | F_LOCKABLE),
	I(dec, RM, NONE, F_BYTE | F_LOCKABLE),
	UD, UD, UD, UD, UD, UD,
};

static const struct x86_opcode group5[8] = {
	I(inc, RM, NONE, F_LOCKABLE),
	I(dec, RM, NONE, F_LOCKABLE),
	I(call, NONE, RM, F_NEAR),
	I(call_far_mem, NONE, EA, 0),
	I(jmp, NONE, RM, F_NEAR),
	I(jmp_far_mem, NONE, EA, 0),
	I(push, NONE, RM, F_STACK),
	UD,
};

static const struct x86_opcode group11_eb[8] = { I(mov, RM, IMM, F_BYTE | F_MOV) };
static const struct x86_opcode group11_ev[8] = { I(mov, RM, IMM, F_MOV) };

/* 82: an alias of 80, gone in 64-bit mode. */
static const struct x86_opcode mode_82[2] = { GROUP(group1_eb_ib), UD };

/* 63: ARPL outside 64-bit mode, MOVSXD inside. */
static const struct x86_opcode mode_63[2] = {
	I(arpl, RM16, REG, F_PROT),
	I(movsx, REG, RM32, F_MOV),
};

/* C4 and C5: LES and LDS outside 64-bit mode; VEX with a register form or inside it. */
static const struct x86_opcode dual_lds[2] = { I(lds, REG, EA, F_MOV) };
static const struct x86_opcode mode_lds[2] = { DUAL(dual_lds) };

#define ALU_ROWS(base, fn, f)							\
	[(base) + 0] = I(fn, RM, REG, F_BYTE | (f)),				\
	[(base) + 1] = I(fn, RM, REG, f),					\
	[(base) + 2] = I(fn, REG, RM, F_BYTE | ((f) & ~F_LOCKABLE)),		\
	[(base) + 3] = I(fn, REG, RM, (f) & ~F_LOCKABLE),				\
	[(base) + 4] = I(fn, ACC, IMM, F_BYTE | ((f) & ~F_LOCKABLE)),		\
	[(base) + 5] = I(fn, ACC, IMM, (f) & ~F_LOCKABLE)

#define ROWS8(base, ...) [(base) ... (base) + 7] = __VA_ARGS__
#define ROWS16(base, ...) [(base) ... (base) + 15] = __VA_ARGS__

const struct x86_opcode x86_opcodes_1byte[256] = {
	ALU_ROWS(0x00, add, F_LOCKABLE),
	[0x06] = I(push_sreg, NONE, NONE, F_STACK | F_NO64),
	[0x07] = I(pop_sreg, NONE, NONE, F_STACK | F_NO64),
	ALU_ROWS(0x08, or, F_LOCKABLE),
	[0x0e] = I(push_sreg, NONE, NONE, F_STACK | F_NO64),
	ALU_ROWS(0x10, adc, F_LOCKABLE),
	[0x16] = I(push_sreg, NONE, NONE, F_STACK | F_NO64),
	[0x17] = I(pop_sreg, NONE, NONE, F_STACK | F_NO64),
	ALU_ROWS(0x18, sbb, F_LOCKABLE),
	[0x1e] = I(push_sreg, NONE, NONE, F_STACK | F_NO64),
	[0x1f] = I(pop_sreg, NONE, NONE, F_STACK | F_NO64),
	ALU_ROWS(0x20, and, F_LOCKABLE),
	ALU_ROWS(0x28, sub, F_LOCKABLE),
	ALU_ROWS(0x30, xor, F_LOCKABLE),
	ALU_ROWS(0x38, cmp, F_NOWRITE),

	/* REX in 64-bit mode, where the prefix loop has taken them. */
	ROWS8(0x40, I(inc, OPREG, NONE, F_NO64)),
	ROWS8(0x48, I(dec, OPREG, NONE, F_NO64)),
	ROWS8(0x50, I(push, NONE, OPREG, F_STACK)),
	ROWS8(0x58, I(pop, OPREG, NONE, F_STACK | F_MOV)),

	[0x60] = I(pusha, NONE, NONE, F_NO64),
	[0x61] = I(popa, NONE, NONE, F_NO64),
	[0x63] = MODE(mode_63),
	[0x68] = I(push, NONE, IMM, F_STACK),
	[0x69] = I3(imul3, REG, RM, IMM, F_MOV),
	[0x6a] = I(push, NONE, IMM8, F_STACK),
	[0x6b] = I3(imul3, REG, RM, IMM8, F_MOV),
	[0x6c] = I(ins, DI, DX, F_BYTE | F_STRING | F_MOV | F_PORT),
	[0x6d] = I(ins, DI, DX, F_STRING | F_MOV | F_IO | F_PORT),
	[0x6e] = I(outs, DX, SI, F_BYTE | F_STRING | F_NOWRITE | F_PORT),
	[0x6f] = I(outs, DX, SI, F_STRING | F_NOWRITE | F_IO | F_PORT),

	ROWS16(0x70, I(jcc, NONE, IMM8, F_NEAR)),
	[0x80] = GROUP(group1_eb_ib),
	[0x81] = GROUP(group1_ev_iz),
	[0x82] = MODE(mode_82),
	[0x83] = GROUP(group1_ev_ib),
	[0x84] = I(test, RM, REG, F_BYTE | F_NOWRITE),
	[0x85] = I(test, RM, REG, F_NOWRITE),
	[0x86] = I(xchg, RM, REG, F_BYTE | F_LOCKABLE | F_XCHG | F_SELF),
	[0x87] = I(xchg, RM, REG, F_LOCKABLE | F_XCHG | F_SELF),
	[0x88] = I(mov, RM, REG, F_BYTE | F_MOV),
	[0x89] = I(mov, RM, REG, F_MOV),
	[0x8a] = I(mov, REG, RM, F_BYTE | F_MOV),
	[0x8b] = I(mov, REG, RM, F_MOV),
	[0x8c] = I(mov_from_sreg, RM, NONE, F_MOV),
	[0x8d] = I(lea, REG, EA, F_MOV),
	[0x8e] = I(mov_to_sreg, NONE, RM16, 0),
	[0x8f] = GROUP(group1a),

	ROWS8(0x90, I(xchg, OPREG, ACC, F_SELF)),
	[0x98] = I(cbw, ACC, NONE, 0),
	[0x99] = I(cwd, NONE, ACC, 0),
	[0x9a] = I(call_far, NONE, FAR, F_NO64),
	[0x9c] = I(pushf, NONE, NONE, F_STACK),
	[0x9d] = I(popf, NONE, NONE, F_STACK),
	[0x9e] = I(sahf, NONE, NONE, 0),
	[0x9f] = I(lahf, NONE, NONE, 0),

	[0xa0] = I(mov, ACC, MOFFS, F_BYTE | F_MOV),
	[0xa1] = I(mov, ACC, MOFFS, F_MOV),
	[0xa2] = I(mov, MOFFS, ACC, F_BYTE | F_MOV),
	[0xa3] = I(mov, MOFFS, ACC, F_MOV),
	[0xa4] = I(mov, DI, SI, F_BYTE | F_STRING | F_MOV),
	[0xa5] = I(mov, DI, SI, F_STRING | F_MOV),
	[0xa6] = I(cmp, SI, DI, F_BYTE | F_STRING | F_REPCC | F_NOWRITE),
	[0xa7] = I(cmp, SI, DI, F_STRING | F_REPCC | F_NOWRITE),
	[0xa8] = I(test, ACC, IMM, F_BYTE | F_NOWRITE),
	[0xa9] = I(test, ACC, IMM, F_NOWRITE),
	[0xaa] = I(mov, DI, ACC, F_BYTE | F_STRING | F_MOV),
	[0xab] = I(mov, DI, ACC, F_STRING | F_MOV),
	[0xac] = I(mov, ACC, SI, F_BYTE | F_STRING | F_MOV),
	[0xad] = I(mov, ACC, SI, F_STRING | F_MOV),
	[0xae] = I(cmp, ACC, DI, F_BYTE | F_STRING | F_REPCC | F_NOWRITE),
	[0xaf] = I(cmp, ACC, DI, F_STRING | F_REPCC | F_NOWRITE),

	ROWS8(0xb0, I(mov, OPREG, IMM, F_BYTE | F_MOV)),
	ROWS8(0xb8, I(mov, OPREG, IMMV, F_MOV)),

	[0xc0] = GROUP(group2_eb_ib),
	[0xc1] = GROUP(group2_ev_ib),
	[0xc2] = I(ret, NONE, IMM16, F_NEAR),
	[0xc3] = I(ret, NONE, NONE, F_NEAR),
	[0xc4] = MODE(mode_lds),
	[0xc5] = MODE(mode_lds),
	[0xc6] = GROUP(group11_eb),
	[0xc7] = GROUP(group11_ev),
	[0xc8] = I3(enter, NONE, IMM16, IMM8U, F_STACK),
	[0xc9] = I(leave, NONE, NONE, F_STACK),
	[0xca] = I(ret_far, NONE, IMM16, 0),
	[0xcb] = I(ret_far, NONE, NONE, 0),
	[0xcc] = I(int3, NONE, NONE, 0),
	[0xcd] = I(int_n, NONE, IMM8U, 0),
	[0xce] = I(into, NONE, NONE, F_NO64),
	[0xcf] = I(iret, NONE, NONE, F_KEEP_RF),

	[0xd0] = GROUP(group2_eb_1),
	[0xd1] = GROUP(group2_ev_1),
	[0xd2] = GROUP(group2_eb_cl),
	[0xd3] = GROUP(group2_ev_cl),
	[0xd7] = I(xlat, ACC, NONE, F_BYTE | F_MOV),

	[0xe0 ... 0xe2] = I(loop, NONE, IMM8, F_NEAR),
	[0xe3] = I(jcxz, NONE, IMM8, F_NEAR),
	[0xe4] = I(in, ACC, IMM8U, F_BYTE | F_MOV),
	[0xe5] = I(in, ACC, IMM8U, F_MOV | F_IO),
	[0xe6] = I(out, IMM8U, ACC, F_BYTE | F_NOWRITE),
	[0xe7] = I(out, IMM8U, ACC, F_NOWRITE | F_IO),
	[0xe8] = I(call_rel, NONE, IMM, F_NEAR),
	[0xe9] = I(jmp_rel, NONE, IMM, F_NEAR),
	[0xea] = I(jmp_far, NONE, FAR, F_NO64),
	[0xeb] = I(jmp_rel, NONE, IMM8, F_NEAR),
	[0xec] = I(in, ACC, DX, F_BYTE | F_MOV),
	[0xed] = I(in, ACC, DX, F_MOV | F_IO),
	[0xee] = I(out, DX, ACC, F_BYTE | F_NOWRITE),
	[0xef] = I(out, DX, ACC, F_NOWRITE | F_IO),

	[0xf1] = I(int1, NONE, NONE, 0),
	[0xf4] = I(hlt, NONE, NONE, F_CPL0),
	[0xf5] = I(cmc, NONE, NONE, 0),
	[0xf6] = GROUP(group3_eb),
	[0xf7] = GROUP(group3_ev),
	[0xf8] = I(clc, NONE, NONE, 0),
	[0xf9] = I(stc, NONE, NONE, 0),
	[0xfa] = I(cli, NONE, NONE, 0),
	[0xfb] = I(sti, NONE, NONE, 0),
	[0xfc] = I(cld, NONE, NONE, 0),
	[0xfd] = I(std, NONE, NONE, 0),
	[0xfe] = GROUP(group4),
	[0xff] = GROUP(group5),
};

/* --- Groups of the 0F map -------------------------------------------- */

/* 0F 01 with a register operand: instructions named by all of ModRM. */
static const struct x86_opcode group7_rm0[8] = {
	[1] = LEN(NONE, NONE, 0),		/* VMCALL */
	[2] = LEN(NONE, NONE, 0),		/* VMLAUNCH */
	[3] = LEN(NONE, NONE, 0),		/* VMRESUME */
	[4] = LEN(NONE, NONE, 0),		/* VMXOFF */
};

static const struct x86_opcode group7_rm1[8] = {
	[0] = LEN(NONE, NONE, F_CPL0),		/* MONITOR */
	[1] = LEN(NONE, NONE, F_CPL0),		/* MWAIT */
	[2] = LEN(NONE, NONE, F_CPL0),		/* CLAC */
	[3] = LEN(NONE, NONE, F_CPL0),		/* STAC */
};

static const struct x86_opcode group7_rm2[8] = {
	[0] = LEN(NONE, NONE, 0),		/* XGETBV */
	[1] = LEN(NONE, NONE, F_CPL0),		/* XSETBV */
};

/* VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, SKINIT, INVLPGA */
static const struct x86_opcode group7_rm3[8] = { ROWS8(0, LEN(NONE, NONE, 0)) };

static const struct x86_opcode group7_rm7[8] = {
	[0] = I(swapgs, NONE, NONE, F_CPL0 | F_ONLY64),
	[1] = I(rdtscp, NONE, NONE, 0),
};

static const struct x86_opcode group7_dual0[2] = {
	I(sgdt, NONE, EA, 0), RM(group7_rm0),
};

static const struct x86_opcode group7_dual1[2] = {
	I(sidt, NONE, EA, 0), RM(group7_rm1),
};

static const struct x86_opcode group7_dual2[2] = {
	I(lgdt, NONE, EA, F_CPL0), RM(group7_rm2),
};

static const struct x86_opcode group7_dual3[2] = {
	I(lidt, NONE, EA, F_CPL0), RM(group7_rm3),
};

static const struct x86_opcode group7_dual7[2] = {
	I(invlpg, NONE, EA, F_CPL0), RM(group7_rm7),
};

static const struct x86_opcode group7[8] = {
	DUAL(group7_dual0),
	DUAL(group7_dual1),
	DUAL(group7_dual2),
	DUAL(group7_dual3),
	I(smsw, RM, NONE, F_MOV),
	[6] = I(lmsw, NONE, RM16, F_CPL0),
	[7] = DUAL(group7_dual7),
};

#define BIT_GROUP_ROW(fn, f)	I(fn, RM, IMM8U, f)
static const struct x86_opcode group8[8] = {
	UD, UD, UD, UD,
	BIT_GROUP_ROW(bt, F_NOWRITE),
	BIT_GROUP_ROW(bts, F_LOCKABLE),
	BIT_GROUP_ROW(btr, F_LOCKABLE),
	BIT_GROUP_ROW(btc, F_LOCKABLE),
};

static const struct x86_opcode group9_mem1[2] = {
	I(cmpxchg8b, EA, NONE, F_LOCKABLE | F_SELF), UD,
};

static const struct x86_opcode group9[8] = { [1] = DUAL(group9_mem1) };

/* 0F AE /7 without a prefix: CLFLUSH; the register form is SFENCE. */
static const struct x86_opcode dual_clflush[2] = {
	I(clflush, EA, NONE, F_NOWRITE),
	I(nop, NONE, NONE, 0),
};

static const struct x86_opcode prefix_clflush[4] = { DUAL(dual_clflush) };
static const struct x86_opcode dual_lfence[2] = { {}, I(nop, NONE, NONE, 0) };
static const struct x86_opcode prefix_fence[4] = { DUAL(dual_lfence) };

static const struct x86_opcode group15[8] = {
	[5] = PREFIX(prefix_fence),
	[6] = PREFIX(prefix_fence),
	[7] = PREFIX(prefix_clflush),
};

/* F3 makes TZCNT and LZCNT of these, where the CPU has them. */
static const struct x86_opcode prefix_bsf[4] = {
	I(bsf, REG, RM, F_NOWRITE), I(bsf, REG, RM, F_NOWRITE),
};

static const struct x86_opcode prefix_bsr[4] = {
	I(bsr, REG, RM, F_NOWRITE), I(bsr, REG, RM, F_NOWRITE),
};

static const struct x86_opcode dual_movnti[2] = { I(mov, RM, REG, F_MOV), UD };
static const struct x86_opcode prefix_movnti[4] = { DUAL(dual_movnti) };

/* Prefetches need memory; the address is never checked. */
static const struct x86_opcode dual_prefetch[2] = {
	I(nop, EA, NONE, F_NOWRITE), I(nop, NONE, RM, 0),
};

static const struct x86_opcode dual_lss[2] = { I(lds, REG, EA, F_MOV), UD };

static const struct x86_opcode group6[8] = {
	I(sldt, RM, NONE, F_PROT | F_MOV),
	I(str, RM, NONE, F_PROT | F_MOV),
	I(lldt, NONE, RM16, F_PROT | F_CPL0),
	I(ltr, NONE, RM16, F_PROT | F_CPL0),
	I(verr, NONE, RM16, F_PROT),
	I(verw, NONE, RM16, F_PROT),
	UD, UD,
};

const struct x86_opcode x86_opcodes_0f[256] = {
	[0x00] = GROUP(group6),
	[0x01] = GROUP(group7),
	[0x02] = I(lar, REG, RM16, F_PROT | F_NOWRITE),
	[0x03] = I(lsl, REG, RM16, F_PROT | F_NOWRITE),
	[0x05] = I(syscall, NONE, NONE, 0),
	[0x06] = I(clts, NONE, NONE, F_CPL0),
	[0x07] = I(sysret, NONE, NONE, 0),
	[0x08] = I(wbinvd, NONE, NONE, F_CPL0),
	[0x09] = I(wbinvd, NONE, NONE, F_CPL0),
	[0x0b] = UD,
	[0x0d] = I(nop, EA, NONE, F_NOWRITE),
	[0x18] = DUAL(dual_prefetch),
	[0x1f] = I(nop, EA, NONE, F_NOWRITE),

	[0x20] = I(mov_from_cr, RM, NONE, F_MODREG | F_LONG64 | F_MOV),
	[0x21] = I(mov_from_dr, RM, NONE, F_MODREG | F_LONG64 | F_MOV),
	[0x22] = I(mov_to_cr, NONE, RM, F_MODREG | F_LONG64),
	[0x23] = I(mov_to_dr, NONE, RM, F_MODREG | F_LONG64),

	[0x30] = I(wrmsr, NONE, NONE, F_CPL0),
	[0x31] = I(rdtsc, NONE, NONE, 0),
	[0x32] = I(rdmsr, NONE, NONE, F_CPL0),
	[0x33] = I(rdpmc, NONE, NONE, 0),

	[0x34] = I(sysenter, NONE, NONE, 0),
	[0x35] = I(sysexit, NONE, NONE, 0),

	ROWS16(0x40, I(cmovcc, REG, RM, 0)),
	ROWS16(0x80, I(jcc, NONE, IMM, F_NEAR)),
	ROWS16(0x90, I(setcc, RM, NONE, F_BYTE | F_MOV)),

	[0xa0] = I(push_sreg, NONE, NONE, F_STACK),
	[0xa1] = I(pop_sreg, NONE, NONE, F_STACK),
	[0xa2] = I(cpuid, NONE, NONE, 0),
	[0xa3] = I(bt, RM, REG, F_BITS | F_NOWRITE),
	[0xa4] = I3(shld, RM, REG, IMM8U, 0),
	[0xa5] = I3(shld, RM, REG, CL, 0),
	[0xa8] = I(push_sreg, NONE, NONE, F_STACK),
	[0xa9] = I(pop_sreg, NONE, NONE, F_STACK),
	[0xaa] = LEN(NONE, NONE, 0),
	[0xab] = I(bts, RM, REG, F_BITS | F_LOCKABLE),
	[0xac] = I3(shrd, RM, REG, IMM8U, 0),
	[0xad] = I3(shrd, RM, REG, CL, 0),
	[0xae] = GROUP(group15),
	[0xaf] = I(imul3, REG, RM, 0),

	[0xb0] = I(cmpxchg, RM, REG, F_BYTE | F_LOCKABLE | F_SELF),
	[0xb1] = I(cmpxchg, RM, REG, F_LOCKABLE | F_SELF),
	[0xb2] = DUAL(dual_lss),
	[0xb3] = I(btr, RM, REG, F_BITS | F_LOCKABLE),
	[0xb4] = DUAL(dual_lss),
	[0xb5] = DUAL(dual_lss),
	[0xb6] = I(mov, REG, RM8, F_MOV),
	[0xb7] = I(mov, REG, RM16, F_MOV),
	[0xb9] = UD,
	[0xba] = GROUP(group8),
	[0xbb] = I(btc, RM, REG, F_BITS | F_LOCKABLE),
	[0xbc] = PREFIX(prefix_bsf),
	[0xbd] = PREFIX(prefix_bsr),
	[0xbe] = I(movsx, REG, RM8, F_MOV),
	[0xbf] = I(movsx, REG, RM16, F_MOV),

	[0xc0] = I(xadd, RM, REG, F_BYTE | F_LOCKABLE | F_SELF),
	[0xc1] = I(xadd, RM, REG, F_LOCKABLE | F_SELF),
	[0xc3] = PREFIX(prefix_movnti),
	[0xc7] = GROUP(group9),
	ROWS8(0xc8, I(bswap, OPREG, NONE, 0)),
};

/* --- 0F 38 F0 and F1 -------------------------------------------------- */

static const struct x86_opcode dual_movbe_load[2] = { I(movbe, REG, RM, F_MOV), UD };
static const struct x86_opcode dual_movbe_store[2] = { I(movbe, RM, REG, F_MOV), UD };

const struct x86_opcode x86_opcodes_movbe[2] = {
	DUAL(dual_movbe_load),
	DUAL(dual_movbe_store),
};
