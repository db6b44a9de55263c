// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opcode maps (SDM 2D appendix A): what each opcode's operands are, which
 * rules bind it, and the function that executes it. A row that is missing makes
 * decoding answer X86EMUL_UNHANDLEABLE; a row without a function has a length
 * but no execution. Constant data, read by decode.c, operands.c and emulate.c.
 */
#include "internal.h"

/* An instruction: function, its argument, destination, source, second source, flags. */
#define ROW(fn, a, d, s, s2, f)	{ .kind = K_INSN, .flags = (f), .arg = (a), .dst = O_##d, \
				  .src = O_##s, .src2 = O_##s2, .exec = em_##fn }
#define I(fn, d, s, f)		ROW(fn, 0, d, s, NONE, f)
#define IA(fn, a, d, s, f)	ROW(fn, a, d, s, NONE, f)
#define I3(fn, d, s, s2, f)	ROW(fn, 0, d, s, s2, f)
/* Without operands, and the same as it is at CPL 0 only. */
#define Z(fn)			I(fn, NONE, NONE, 0)
#define ZP(fn)			I(fn, NONE, NONE, F_CPL0)
/* A length only. */
#define LEN(f)			{ .kind = K_INSN, .flags = (f) }
#define UD			{ .kind = K_UD }
#define UNKNOWN			{ .kind = K_NONE }

/* What decides further, with the rows that it chooses from. */
#define SUB(k, n, ...)		{ .kind = (k), .sub = (const struct x86_opcode[n]){ __VA_ARGS__ } }
#define GROUP(...)		SUB(K_GROUP, 8, __VA_ARGS__)
#define DUAL(mem, reg)		SUB(K_DUAL, 2, mem, reg)
#define RM8(...)		SUB(K_RM, 8, __VA_ARGS__)
#define PREFIX(...)		SUB(K_PREFIX, 4, __VA_ARGS__)
#define MODE(other, long)	SUB(K_MODE, 2, other, long)
#define NP(...)			PREFIX(__VA_ARGS__, UD, UD, UD)

/* Two rows: the first of one byte, the second of operand size. */
#define PAIR(at, fn, a, d, s, f)						\
	[at] = IA(fn, a, d, s, (f) | F_BYTE), [(at) + 1] = IA(fn, a, d, s, f)
#define GROUPS(at, group, ...)							\
	[at] = group(__VA_ARGS__, F_BYTE), [(at) + 1] = group(__VA_ARGS__, 0)

#define ROWS4(base, ...)	[(base) ... (base) + 3] = __VA_ARGS__
#define ROWS8(base, ...)	[(base) ... (base) + 7] = __VA_ARGS__
#define ROWS16(base, ...)	[(base) ... (base) + 15] = __VA_ARGS__

/* --- One-byte map ----------------------------------------------------- */

#define ALU_ROWS(base, op, f)							\
	PAIR((base) + 0, alu, op, RM, REG, f),					\
	PAIR((base) + 2, alu, op, REG, RM, (f) & ~F_LOCKABLE),			\
	PAIR((base) + 4, alu, op, ACC, IMM, (f) & ~F_LOCKABLE)

#define ALU_GROUP(kind, f)							\
	GROUP(IA(alu, A_ADD, RM, kind, (f) | F_LOCKABLE),			\
	      IA(alu, A_OR, RM, kind, (f) | F_LOCKABLE),			\
	      IA(alu, A_ADC, RM, kind, (f) | F_LOCKABLE),			\
	      IA(alu, A_SBB, RM, kind, (f) | F_LOCKABLE),			\
	      IA(alu, A_AND, RM, kind, (f) | F_LOCKABLE),			\
	      IA(alu, A_SUB, RM, kind, (f) | F_LOCKABLE),			\
	      IA(alu, A_XOR, RM, kind, (f) | F_LOCKABLE),			\
	      IA(alu, A_SUB, RM, kind, (f) | F_NOWRITE))

#define SHIFT_GROUP(kind, f)							\
	GROUP(IA(shift, A_ROL, RM, kind, f), IA(shift, A_ROR, RM, kind, f),	\
	      IA(shift, A_RCL, RM, kind, f), IA(shift, A_RCR, RM, kind, f),	\
	      IA(shift, A_SHL, RM, kind, f), IA(shift, A_SHR, RM, kind, f),	\
	      IA(shift, A_SHL, RM, kind, f), IA(shift, A_SAR, RM, kind, f))

#define UNARY_GROUP(kind, f)							\
	GROUP(IA(alu, A_AND, RM, kind, (f) | F_NOWRITE),			\
	      IA(alu, A_AND, RM, kind, (f) | F_NOWRITE),			\
	      IA(alu, A_NOT, RM, NONE, (f) | F_LOCKABLE),			\
	      IA(alu, A_NEG, RM, NONE, (f) | F_LOCKABLE),			\
	      IA(mul, A_UNSIGNED, RM, NONE, (f) | F_NOWRITE),			\
	      IA(mul, A_SIGNED, RM, NONE, (f) | F_NOWRITE),			\
	      IA(div, A_UNSIGNED, RM, NONE, (f) | F_NOWRITE),			\
	      IA(div, A_SIGNED, RM, NONE, (f) | F_NOWRITE))

#define FAR_POINTER	DUAL(I(lds, REG, EA, F_MOV), UD)

const struct x86_opcode x86_opcodes_1byte[256] = {
	ALU_ROWS(0x00, A_ADD, F_LOCKABLE),
	[0x06] = I(push_sreg, NONE, NONE, F_STACK | F_NO64),
	[0x07] = I(pop_sreg, NONE, NONE, F_STACK | F_NO64),
	ALU_ROWS(0x08, A_OR, F_LOCKABLE),
	[0x0e] = I(push_sreg, NONE, NONE, F_STACK | F_NO64),
	ALU_ROWS(0x10, A_ADC, F_LOCKABLE),
	[0x16] = I(push_sreg, NONE, NONE, F_STACK | F_NO64),
	[0x17] = I(pop_sreg, NONE, NONE, F_STACK | F_NO64),
	ALU_ROWS(0x18, A_SBB, F_LOCKABLE),
	[0x1e] = I(push_sreg, NONE, NONE, F_STACK | F_NO64),
	[0x1f] = I(pop_sreg, NONE, NONE, F_STACK | F_NO64),
	ALU_ROWS(0x20, A_AND, F_LOCKABLE),
	[0x27] = I(decimal, NONE, NONE, F_NO64),
	ALU_ROWS(0x28, A_SUB, F_LOCKABLE),
	[0x2f] = I(decimal, NONE, NONE, F_NO64),
	ALU_ROWS(0x30, A_XOR, F_LOCKABLE),
	[0x37] = I(decimal, NONE, NONE, F_NO64),
	ALU_ROWS(0x38, A_SUB, F_NOWRITE),
	[0x3f] = I(decimal, NONE, NONE, F_NO64),

	/* REX in 64-bit mode, where the prefix loop has taken them. */
	ROWS8(0x40, IA(alu, A_INC, OPREG, NONE, F_NO64)),
	ROWS8(0x48, IA(alu, A_DEC, OPREG, NONE, F_NO64)),
	ROWS8(0x50, I(push, NONE, OPREG, F_STACK)),
	ROWS8(0x58, I(pop, OPREG, NONE, F_STACK | F_MOV)),

	[0x60] = I(pusha, NONE, NONE, F_NO64),
	[0x61] = I(popa, NONE, NONE, F_NO64),
	/* EVEX in 64-bit mode, and with a register form. */
	[0x62] = MODE(DUAL(I(bound, REG, EA, F_NOWRITE), UNKNOWN), UNKNOWN),
	[0x63] = MODE(I(arpl, RM16, REG, F_PROT | F_NOWRITE), I(movsx, REG, RM32, F_MOV)),
	[0x68] = I(push, NONE, IMM, F_STACK),
	[0x69] = I3(imul3, REG, RM, IMM, F_MOV),
	[0x6a] = I(push, NONE, IMM8, F_STACK),
	[0x6b] = I3(imul3, REG, RM, IMM8, F_MOV),
	PAIR(0x6c, ins, 0, DI, DX, F_STRING | F_MOV | F_IO | F_PORT),
	PAIR(0x6e, outs, 0, DX, SI, F_STRING | F_NOWRITE | F_IO | F_PORT),

	ROWS16(0x70, I(jcc, NONE, IMM8, F_NEAR)),
	GROUPS(0x80, ALU_GROUP, IMM),
	[0x82] = MODE(ALU_GROUP(IMM, F_BYTE), UD),
	[0x83] = ALU_GROUP(IMM8, 0),
	PAIR(0x84, alu, A_AND, RM, REG, F_NOWRITE),
	PAIR(0x86, xchg, 0, RM, REG, F_LOCKABLE | F_XCHG | F_SELF),
	PAIR(0x88, mov, 0, RM, REG, F_MOV),
	PAIR(0x8a, mov, 0, REG, RM, F_MOV),
	[0x8c] = I(mov_from_sreg, RM, NONE, F_MOV),
	[0x8d] = I(lea, REG, EA, F_MOV),
	[0x8e] = I(mov_to_sreg, NONE, RM16, 0),
	[0x8f] = GROUP(I(pop_rm, RM, NONE, F_STACK | F_MOV)),

	ROWS8(0x90, I(xchg, OPREG, ACC, F_SELF)),
	[0x98] = I(cbw, ACC, NONE, 0),
	[0x99] = I(cwd, NONE, ACC, 0),
	[0x9a] = IA(far, true, NONE, FAR, F_NO64),
	[0x9c] = I(pushf, NONE, NONE, F_STACK),
	[0x9d] = I(popf, NONE, NONE, F_STACK),
	[0x9e] = Z(sahf),
	[0x9f] = Z(lahf),

	PAIR(0xa0, mov, 0, ACC, MOFFS, F_MOV),
	PAIR(0xa2, mov, 0, MOFFS, ACC, F_MOV),
	PAIR(0xa4, mov, 0, DI, SI, F_STRING | F_MOV),
	PAIR(0xa6, alu, A_SUB, SI, DI, F_STRING | F_REPCC | F_NOWRITE),
	PAIR(0xa8, alu, A_AND, ACC, IMM, F_NOWRITE),
	PAIR(0xaa, mov, 0, DI, ACC, F_STRING | F_MOV),
	PAIR(0xac, mov, 0, ACC, SI, F_STRING | F_MOV),
	PAIR(0xae, alu, A_SUB, ACC, DI, F_STRING | F_REPCC | F_NOWRITE),

	ROWS8(0xb0, I(mov, OPREG, IMM, F_BYTE | F_MOV)),
	ROWS8(0xb8, I(mov, OPREG, IMMV, F_MOV)),

	GROUPS(0xc0, SHIFT_GROUP, IMM8U),
	[0xc2] = I(ret, NONE, IMM16, F_NEAR),
	[0xc3] = I(ret, NONE, NONE, F_NEAR),
	/* VEX in 64-bit mode, and with a register form. */
	[0xc4] = MODE(FAR_POINTER, UNKNOWN),
	[0xc5] = MODE(FAR_POINTER, UNKNOWN),
	[0xc6] = GROUP(I(mov, RM, IMM, F_BYTE | F_MOV)),
	[0xc7] = GROUP(I(mov, RM, IMM, F_MOV)),
	[0xc8] = I3(enter, NONE, IMM16, LEVEL, F_STACK),
	[0xc9] = I(leave, NONE, NONE, F_STACK),
	[0xca] = I(ret_far, NONE, IMM16, 0),
	[0xcb] = Z(ret_far),
	[0xcc] = IA(int, BP_VECTOR_NR, NONE, NONE, 0),
	[0xcd] = I(int, NONE, IMM8U, 0),
	[0xce] = IA(into, OF_VECTOR_NR, NONE, NONE, F_NO64),
	[0xcf] = I(iret, NONE, NONE, F_KEEP_RF),

	GROUPS(0xd0, SHIFT_GROUP, ONE),
	GROUPS(0xd2, SHIFT_GROUP, CL),
	[0xd4] = I(aam, NONE, IMM8U, F_NO64),
	[0xd5] = I(aad, NONE, IMM8U, F_NO64),
	[0xd6] = I(salc, ACC, NONE, F_BYTE | F_MOV | F_NO64),
	[0xd7] = I(xlat, ACC, NONE, F_BYTE | F_MOV),

	/* FNSTCW m16, FNINIT, FNSTSW m16, FNSTSW AX */
	[0xd9] = GROUP([7] = DUAL(IA(x87, X86_FPU_FNSTCW, RM16, NONE, F_MOV), UNKNOWN)),
	[0xdb] = GROUP([4] = DUAL(UNKNOWN, RM8([3] = IA(x87, X86_FPU_FNINIT, NONE, NONE, 0)))),
	[0xdd] = GROUP([7] = DUAL(IA(x87, X86_FPU_FNSTSW, RM16, NONE, F_MOV), UNKNOWN)),
	[0xdf] = GROUP([4] = DUAL(UNKNOWN, RM8(IA(x87, X86_FPU_FNSTSW, ACC, NONE, F_MOV)))),

	ROWS4(0xe0, I(loop, NONE, IMM8, F_NEAR)),
	PAIR(0xe4, in, 0, ACC, IMM8U, F_MOV | F_IO),
	PAIR(0xe6, out, 0, IMM8U, ACC, F_NOWRITE | F_IO),
	[0xe8] = I(call, NONE, IMM, F_NEAR),
	[0xe9] = I(jmp, NONE, IMM, F_NEAR),
	[0xea] = IA(far, false, NONE, FAR, F_NO64),
	[0xeb] = I(jmp, NONE, IMM8, F_NEAR),
	PAIR(0xec, in, 0, ACC, DX, F_MOV | F_IO),
	PAIR(0xee, out, 0, DX, ACC, F_NOWRITE | F_IO),

	[0xf1] = IA(int, DB_VECTOR_NR, NONE, NONE, 0),
	[0xf4] = ZP(hlt),
	[0xf5] = Z(flag),
	GROUPS(0xf6, UNARY_GROUP, IMM),
	[0xf8] = Z(flag),
	[0xf9] = Z(flag),
	[0xfa] = Z(cli),
	[0xfb] = Z(sti),
	[0xfc] = Z(flag),
	[0xfd] = Z(flag),
	[0xfe] = GROUP(IA(alu, A_INC, RM, NONE, F_BYTE | F_LOCKABLE),
		       IA(alu, A_DEC, RM, NONE, F_BYTE | F_LOCKABLE),
		       UD, UD, UD, UD, UD, UD),
	[0xff] = GROUP(IA(alu, A_INC, RM, NONE, F_LOCKABLE),
		       IA(alu, A_DEC, RM, NONE, F_LOCKABLE),
		       I(call, NONE, RM, F_NEAR),
		       IA(far_mem, true, NONE, EA, 0),
		       I(jmp, NONE, RM, F_NEAR),
		       IA(far_mem, false, NONE, EA, 0),
		       I(push, NONE, RM, F_STACK),
		       UD),
};

/* --- 0F map ----------------------------------------------------------- */

/* SSE and AVX moves, and those that have a memory form only. */
#define V(fn, a)		IA(fn, a, NONE, NONE, F_MODRM | F_VEX)
#define VM(fn, a)		DUAL(V(fn, a), UNKNOWN)
/* MMX moves. */
#define MMX(fn, a)		IA(fn, V_MMX | (a), NONE, NONE, F_MODRM)

/* 0F 01: memory, or a register form with an instruction for each ModRM byte. */
#define GROUP7										\
	GROUP(DUAL(IA(store_table, A_GDT, NONE, EA, 0),					\
		   /* VMCALL, VMLAUNCH, VMRESUME, VMXOFF */				\
		   RM8([1 ... 4] = LEN(0))),						\
	      DUAL(IA(store_table, A_IDT, NONE, EA, 0),					\
		   /* MONITOR, MWAIT, CLAC, STAC */					\
		   RM8([0 ... 3] = LEN(F_CPL0))),					\
	      DUAL(IA(load_table, A_GDT, NONE, EA, F_CPL0),				\
		   RM8(NP(Z(xgetbv)), NP(Z(xsetbv)))),					\
	      DUAL(IA(load_table, A_IDT, NONE, EA, F_CPL0),				\
		   /* VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, SKINIT, INVLPGA */	\
		   RM8([0 ... 7] = LEN(0))),						\
	      I(smsw, RM, NONE, F_MOV),							\
	      UNKNOWN,									\
	      I(lmsw, NONE, RM16, F_CPL0),						\
	      DUAL(I(invlpg, NONE, EA, F_CPL0),						\
		   RM8(I(swapgs, NONE, NONE, F_CPL0 | F_ONLY64), Z(rdtscp))))

const struct x86_opcode x86_opcodes_0f[256] = {
	[0x00] = GROUP(IA(store_sel, A_LDTR, RM, NONE, F_PROT | F_MOV),
		       IA(store_sel, A_TR, RM, NONE, F_PROT | F_MOV),
		       I(lldt, NONE, RM16, F_PROT | F_CPL0),
		       I(ltr, NONE, RM16, F_PROT | F_CPL0),
		       IA(verify, A_READ, NONE, RM16, F_PROT),
		       IA(verify, A_WRITE, NONE, RM16, F_PROT),
		       UD, UD),
	[0x01] = GROUP7,
	[0x02] = IA(lar, A_LAR, REG, RM16, F_PROT | F_NOWRITE),
	[0x03] = IA(lar, A_LSL, REG, RM16, F_PROT | F_NOWRITE),
	[0x05] = Z(syscall),
	[0x06] = ZP(clts),
	[0x07] = Z(sysret),
	/* INVD and WBINVD: guest memory is cached coherently, there is nothing to write back. */
	[0x08] = ZP(nop),
	[0x09] = ZP(nop),
	[0x0b] = UD,
	[0x0d] = I(nop, EA, NONE, F_NOWRITE),

	/* By prefix: none, 66, F3, F2. */
	[0x10] = PREFIX(V(vload, 0), V(vload, 0), V(vload, V_SCALAR | 4),
			V(vload, V_SCALAR | 8)),
	[0x11] = PREFIX(V(vstore, 0), V(vstore, 0), V(vstore, V_SCALAR | 4),
			V(vstore, V_SCALAR | 8)),
	[0x12] = PREFIX(VM(vload, V_HALF | 8), VM(vload, V_HALF | 8)),
	[0x13] = PREFIX(VM(vstore, 8), VM(vstore, 8)),
	[0x16] = PREFIX(VM(vload, V_HALF | V_HIGH | 8), VM(vload, V_HALF | V_HIGH | 8)),
	[0x17] = PREFIX(VM(vstore, V_HIGH | 8), VM(vstore, V_HIGH | 8)),
	/* Prefetches need memory; the address is never checked. */
	[0x18] = DUAL(I(nop, EA, NONE, F_NOWRITE), I(nop, NONE, RM, 0)),
	[0x1f] = I(nop, EA, NONE, F_NOWRITE),

	[0x20] = I(mov_from_cr, RM, NONE, F_MODREG | F_LONG64 | F_MOV),
	[0x21] = I(mov_from_dr, RM, NONE, F_MODREG | F_LONG64 | F_MOV),
	[0x22] = I(mov_to_cr, NONE, RM, F_MODREG | F_LONG64),
	[0x23] = I(mov_to_dr, NONE, RM, F_MODREG | F_LONG64),
	[0x28] = PREFIX(V(vload, V_ALIGNED), V(vload, V_ALIGNED)),
	[0x29] = PREFIX(V(vstore, V_ALIGNED), V(vstore, V_ALIGNED)),
	[0x2b] = PREFIX(VM(vstore, V_ALIGNED), VM(vstore, V_ALIGNED)),

	[0x30] = ZP(wrmsr),
	[0x31] = Z(rdtsc),
	[0x32] = ZP(rdmsr),
	[0x33] = Z(rdpmc),
	[0x34] = Z(sysenter),
	[0x35] = Z(sysexit),

	ROWS16(0x40, I(cmovcc, REG, RM, 0)),
	[0x6e] = PREFIX(MMX(vload, V_GPR | 8), V(vload, V_GPR | 8)),
	[0x6f] = PREFIX(MMX(vload, 8), V(vload, V_ALIGNED), V(vload, 0)),
	[0x77] = NP(Z(emms)),
	[0x7e] = PREFIX(MMX(vstore, V_GPR | 8), V(vstore, V_GPR | 8), V(vload, 8)),
	[0x7f] = PREFIX(MMX(vstore, 8), V(vstore, V_ALIGNED), V(vstore, 0)),
	ROWS16(0x80, I(jcc, NONE, IMM, F_NEAR)),
	ROWS16(0x90, I(setcc, RM, NONE, F_BYTE | F_MOV)),

	[0xa0] = I(push_sreg, NONE, NONE, F_STACK),
	[0xa1] = I(pop_sreg, NONE, NONE, F_STACK),
	[0xa2] = Z(cpuid),
	[0xa3] = IA(bit, A_BT, RM, REG, F_BITS | F_NOWRITE),
	[0xa4] = ROW(shift, A_SHLD, RM, REG, IMM8U, 0),
	[0xa5] = ROW(shift, A_SHLD, RM, REG, CL, 0),
	[0xa8] = I(push_sreg, NONE, NONE, F_STACK),
	[0xa9] = I(pop_sreg, NONE, NONE, F_STACK),
	[0xaa] = LEN(0),	/* RSM */
	[0xab] = IA(bit, A_BTS, RM, REG, F_BITS | F_LOCKABLE),
	[0xac] = ROW(shift, A_SHRD, RM, REG, IMM8U, 0),
	[0xad] = ROW(shift, A_SHRD, RM, REG, CL, 0),
	/* Without a prefix; the register forms of 5, 6 and 7 are fences. */
	[0xae] = GROUP([0] = PREFIX(DUAL(I(fxsave, NONE, NONE, F_MODRM), UNKNOWN)),
		       [1] = PREFIX(DUAL(I(fxrstor, NONE, NONE, F_MODRM), UNKNOWN)),
		       [5 ... 6] = PREFIX(DUAL(UNKNOWN, Z(nop))),
		       [7] = PREFIX(DUAL(I(clflush, EA, NONE, F_NOWRITE), Z(nop)))),
	[0xaf] = I(imul3, REG, RM, 0),

	PAIR(0xb0, cmpxchg, 0, RM, REG, F_LOCKABLE | F_SELF),
	[0xb2] = FAR_POINTER,
	[0xb3] = IA(bit, A_BTR, RM, REG, F_BITS | F_LOCKABLE),
	[0xb4] = FAR_POINTER,
	[0xb5] = FAR_POINTER,
	[0xb6] = I(mov, REG, RM8, F_MOV),
	[0xb7] = I(mov, REG, RM16, F_MOV),
	[0xb8] = PREFIX([2] = I(popcnt, REG, RM, F_MOV)),
	[0xb9] = UD,
	[0xba] = GROUP(UD, UD, UD, UD,
		       IA(bit, A_BT, RM, IMM8U, F_NOWRITE),
		       IA(bit, A_BTS, RM, IMM8U, F_LOCKABLE),
		       IA(bit, A_BTR, RM, IMM8U, F_LOCKABLE),
		       IA(bit, A_BTC, RM, IMM8U, F_LOCKABLE)),
	[0xbb] = IA(bit, A_BTC, RM, REG, F_BITS | F_LOCKABLE),
	[0xbc] = PREFIX(IA(bit_scan, A_BSF, REG, RM, F_NOWRITE),
			IA(bit_scan, A_BSF, REG, RM, F_NOWRITE),
			IA(bit_scan, A_TZCNT, REG, RM, F_NOWRITE)),
	[0xbd] = PREFIX(IA(bit_scan, A_BSR, REG, RM, F_NOWRITE),
			IA(bit_scan, A_BSR, REG, RM, F_NOWRITE),
			IA(bit_scan, A_LZCNT, REG, RM, F_NOWRITE)),
	[0xbe] = I(movsx, REG, RM8, F_MOV),
	[0xbf] = I(movsx, REG, RM16, F_MOV),

	PAIR(0xc0, xadd, 0, RM, REG, F_LOCKABLE | F_SELF),
	[0xc3] = PREFIX(DUAL(I(mov, RM, REG, F_MOV), UD)),
	[0xc7] = GROUP([1] = DUAL(I(cmpxchg8b, EA, NONE, F_LOCKABLE | F_SELF), UD)),
	ROWS8(0xc8, I(bswap, OPREG, NONE, 0)),
	[0xd6] = PREFIX([1] = V(vstore, 8)),
	[0xe7] = PREFIX(DUAL(MMX(vstore, 8), UNKNOWN), VM(vstore, V_ALIGNED)),
	[0xf0] = PREFIX([3] = VM(vload, 0)),
};

/* 0F 38 2A, MOVNTDQA; 82, INVPCID; F0 and F1, MOVBE, which with F2 or F3 are others. */
#define MOVBE(d, s)	DUAL(I(movbe, d, s, F_MOV), UD)
const struct x86_opcode x86_opcodes_0f38[4] = {
	PREFIX([1] = VM(vload, V_ALIGNED)),
	PREFIX([1] = DUAL(I(invpcid, NONE, EA, 0), UD)),
	PREFIX(MOVBE(REG, RM), MOVBE(REG, RM)),
	PREFIX(MOVBE(RM, REG), MOVBE(RM, REG)),
};
