// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic and logic: ADD to CMP, INC, DEC, NEG, NOT, shifts, rotates, BT and its kin, XADD,
 * CMPXCHG, CMPXCHG8B/16B, the decimal adjustments, MUL, DIV and IDIV. Called by emulate.c on
 * operands already fetched; values are truncated to their size.
 */
#include "internal.h"

/* --- The CPU's own instructions --------------------------------------- */

#define UNARY(op, size, r)	op size " %" r "[dst]"
#define BINARY(op, size, r)	op size " %" r "[src], %" r "[dst]"
#define BY_CL(op, size, r)	op size " %%cl, %" r "[dst]"
#define DOUBLE(op, size, r)	op size " %%cl, %" r "[src], %" r "[dst]"

#define RUN(insn)									\
	asm("bt $0, %k[flags]\n\t" insn "\n\tpushf\n\tpop %q[flags]"			\
	    : [dst] "+r" (dst), [flags] "+r" (flags) : [src] "r" (src), "c" (count) : "cc")
#define RUN_WIDE(form, op)	do {							\
	if (bytes == 2)									\
		RUN(form(op, "w", "w"));						\
	else if (bytes == 4)								\
		RUN(form(op, "l", "k"));						\
	else										\
		RUN(form(op, "q", "q"));						\
} while (0)
#define RUN_SIZED(form, op)	do {							\
	if (bytes == 1)									\
		RUN(form(op, "b", "b"));						\
	else										\
		RUN_WIDE(form, op);							\
} while (0)

/*
 * x86_native - what the CPU makes of two values, or of one and a shift count, and CF: the result,
 * and in ctxt->eflags the flags that @op, A_ADD to A_IMUL, sets. SHLD and what follows it in the
 * enum have no form of one byte
 */
u64 x86_native(struct x86_emulate_ctxt *ctxt, u8 op, unsigned int bytes, u64 dst, u64 src, u8 count)
{
	u64 flags = ctxt->eflags, set = X86_FLAGS_ARITH;

	if (op >= A_ROL && op <= A_RCR)
		set = X86_EFLAGS_CF | X86_EFLAGS_OF;
	else if (op >= A_BT && op <= A_BTC)
		set = X86_EFLAGS_CF;
	/* A shift by nothing sets no flag; the count is modulo 32, or 64. */
	if (op == A_NOT || (op >= A_ROL && op <= A_SHRD && !(count & (bytes == 8 ? 0x3f : 0x1f))))
		set = 0;

	switch (op) {
	case A_ADD:	RUN_SIZED(BINARY, "add"); break;
	case A_OR:	RUN_SIZED(BINARY, "or"); break;
	case A_ADC:	RUN_SIZED(BINARY, "adc"); break;
	case A_SBB:	RUN_SIZED(BINARY, "sbb"); break;
	case A_AND:	RUN_SIZED(BINARY, "and"); break;
	case A_SUB:	RUN_SIZED(BINARY, "sub"); break;
	case A_XOR:	RUN_SIZED(BINARY, "xor"); break;
	case A_INC:	RUN_SIZED(UNARY, "inc"); break;
	case A_DEC:	RUN_SIZED(UNARY, "dec"); break;
	case A_NEG:	RUN_SIZED(UNARY, "neg"); break;
	case A_NOT:	RUN_SIZED(UNARY, "not"); break;
	case A_ROL:	RUN_SIZED(BY_CL, "rol"); break;
	case A_ROR:	RUN_SIZED(BY_CL, "ror"); break;
	case A_RCL:	RUN_SIZED(BY_CL, "rcl"); break;
	case A_RCR:	RUN_SIZED(BY_CL, "rcr"); break;
	case A_SHL:	RUN_SIZED(BY_CL, "shl"); break;
	case A_SHR:	RUN_SIZED(BY_CL, "shr"); break;
	case A_SAR:	RUN_SIZED(BY_CL, "sar"); break;
	case A_SHLD:	RUN_WIDE(DOUBLE, "shld"); break;
	case A_SHRD:	RUN_WIDE(DOUBLE, "shrd"); break;
	case A_BT:	RUN_WIDE(BINARY, "bt"); break;
	case A_BTS:	RUN_WIDE(BINARY, "bts"); break;
	case A_BTR:	RUN_WIDE(BINARY, "btr"); break;
	case A_BTC:	RUN_WIDE(BINARY, "btc"); break;
	case A_IMUL:	RUN_WIDE(BINARY, "imul"); break;
	}
	x86_flags_set(ctxt, set, flags);
	return dst;
}

/*
 * CMP is a SUB, and TEST an AND, whose row says that nothing is written; a double shift has its
 * count behind the register; of three operands of IMUL the destination is none.
 */
int em_alu(struct x86_emulate_ctxt *ctxt)
{
	const struct x86_opcode *op = ctxt->d.op;
	u64 count = op->src2 ? ctxt->src2.val : ctxt->src.val;
	u64 dst = op->arg == A_IMUL && op->src2 ? ctxt->src2.val : ctxt->dst.val;

	ctxt->dst.val = x86_native(ctxt, op->arg, ctxt->dst.bytes, dst, ctxt->src.val, count);
	return X86EMUL_CONTINUE;
}

/*
 * Memory first: the register must stay as it was when the write faults. With
 * two register operands that are the same one, the sum is what remains.
 */
int em_xadd(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand old = ctxt->src;

	old.val = ctxt->dst.val;
	ctxt->dst.val = x86_native(ctxt, A_ADD, old.bytes, old.val, ctxt->src.val, 0);
	if (ctxt->dst.type == X86_OPERAND_GPR)
		return x86_operand_write(ctxt, &old) ?: x86_operand_write(ctxt, &ctxt->dst);
	return x86_operand_write(ctxt, &ctxt->dst) ?: x86_operand_write(ctxt, &old);
}

/*
 * The destination is written in either case, with its own value when the
 * compare fails (SDM 2A CMPXCHG): a read-only page faults both ways.
 */
int em_cmpxchg(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->dst.bytes;
	u64 acc = x86_gpr_read(ctxt, X86_RAX) & x86_mask(bytes);
	u64 old = ctxt->dst.val;
	int rc = X86EMUL_CONTINUE;

	x86_native(ctxt, A_SUB, bytes, acc, old, 0);
	if (acc == old)
		ctxt->dst.val = ctxt->src.val;
	/* A register is not written then: bits 63:32 of it stay. */
	if (acc == old || ctxt->dst.type != X86_OPERAND_GPR || bytes != 4)
		rc = x86_operand_write(ctxt, &ctxt->dst);
	if (!rc && acc != old)
		x86_gpr_write(ctxt, X86_RAX, old, bytes);
	return rc;
}

static void split_pair(struct x86_emulate_ctxt *ctxt, unsigned int lo, unsigned int hi,
		       unsigned int half, u64 *val)
{
	u64 low = x86_gpr_read(ctxt, lo) & x86_mask(half);
	u64 high = x86_gpr_read(ctxt, hi) & x86_mask(half);

	val[0] = half == 4 ? low | high << 32 : low;
	val[1] = half == 4 ? 0 : high;
}

/*
 * CMPXCHG8B m64 and, with REX.W, CMPXCHG16B m128, which must be aligned, and is
 * checked for it before the page is. An operand-size prefix means nothing.
 */
int em_cmpxchg8b(struct x86_emulate_ctxt *ctxt)
{
	unsigned int half = ctxt->d.op_bytes == 8 ? 8 : 4;
	u64 old[2] = { 0, 0 }, want[2], new[2], linear;
	int rc;

	rc = x86_linearize(ctxt, ctxt->dst.seg, ctxt->dst.ea, half * 2, true, &linear);
	if (!rc && half == 8 && (linear & 15))
		return x86_fault_gp(ctxt, 0);
	rc = rc ?: emul_read_std(ctxt, linear, old, half * 2, X86EMUL_ACC_WRITE);
	if (rc)
		return rc;

	split_pair(ctxt, X86_RAX, X86_RDX, half, want);
	split_pair(ctxt, X86_RBX, X86_RCX, half, new);
	if (old[0] != want[0] || old[1] != want[1]) {
		x86_gpr_write(ctxt, X86_RAX, old[0], half);
		x86_gpr_write(ctxt, X86_RDX, half == 4 ? old[0] >> 32 : old[1], half);
		x86_flags_set(ctxt, X86_EFLAGS_ZF, 0);
		return X86EMUL_CONTINUE;
	}

	rc = emul_cmpxchg(ctxt, linear, old, new, half * 2);
	if (!rc)
		x86_flags_set(ctxt, X86_EFLAGS_ZF, X86_EFLAGS_ZF);
	return rc;
}

/* SF, ZF and PF are AL's. */
static int set_ax(struct x86_emulate_ctxt *ctxt, u16 ax, u64 flags)
{
	x86_gpr_write(ctxt, X86_RAX, ax, 2);
	x86_native(ctxt, A_AND, 1, ax, ax, 0);
	x86_flags_set(ctxt, X86_EFLAGS_AF | X86_EFLAGS_CF, flags);
	return X86EMUL_CONTINUE;
}

/* 27 DAA, 2F DAS: packed digits of AL; 37 AAA, 3F AAS: one digit, carried into AH. */
int em_decimal(struct x86_emulate_ctxt *ctxt)
{
	bool subtract = ctxt->d.opcode & 8, unpacked = ctxt->d.opcode & 0x10;
	bool cf = ctxt->eflags & X86_EFLAGS_CF;
	u16 ax = x86_gpr_read(ctxt, X86_RAX), by = 0;
	u8 al = ax;
	bool af = (al & 0xf) > 9 || (ctxt->eflags & X86_EFLAGS_AF);

	if (af)
		by = unpacked ? 0x106 : 6;
	if (unpacked) {
		ax = (subtract ? ax - by : ax + by) & 0xff0f;
		cf = af;
	} else {
		/* The borrow of the lower digit counts as DAS's own. */
		bool borrow = subtract && af && al < 6;

		cf |= al > 0x99;
		by += cf ? 0x60 : 0;
		cf |= borrow;
		ax = (ax & 0xff00) | (u8)(subtract ? al - by : al + by);
	}
	return set_ax(ctxt, ax, (af ? X86_EFLAGS_AF : 0) | (cf ? X86_EFLAGS_CF : 0));
}

/* The immediate is the base, ten as assemblers write it. */
int em_aam(struct x86_emulate_ctxt *ctxt)
{
	u8 al = x86_gpr_read(ctxt, X86_RAX), base = ctxt->d.imm;

	return base ? set_ax(ctxt, (al / base) << 8 | al % base, 0) :
		      x86_fault(ctxt, DE_VECTOR_NR, false, 0);
}

int em_aad(struct x86_emulate_ctxt *ctxt)
{
	u16 ax = x86_gpr_read(ctxt, X86_RAX);

	return set_ax(ctxt, (u8)(ax + (ax >> 8) * (u8)ctxt->d.imm), 0);
}

/* --- Multiplication and division --------------------------------------- */

typedef unsigned __int128 u128;
typedef __int128 s128;

/* rDX:rAX, or AX for bytes. */
static int write_pair(struct x86_emulate_ctxt *ctxt, u64 lo, u64 hi)
{
	unsigned int bytes = ctxt->dst.bytes;

	if (bytes == 1) {
		x86_gpr_write(ctxt, X86_RAX, hi << 8 | (lo & 0xff), 2);
		return X86EMUL_CONTINUE;
	}
	x86_gpr_write(ctxt, X86_RAX, lo, bytes);
	x86_gpr_write(ctxt, X86_RDX, hi, bytes);
	return X86EMUL_CONTINUE;
}

/* CF and OF say that the upper half matters; the rest is undefined. */
int em_mul(struct x86_emulate_ctxt *ctxt)
{
	u64 a = x86_gpr_read(ctxt, X86_RAX), b = ctxt->dst.val;
	bool is_signed = ctxt->d.op->arg == A_SIGNED;
	unsigned int bytes = ctxt->dst.bytes;
	u128 res = is_signed ? (u128)((s128)x86_sext(a, bytes) * x86_sext(b, bytes)) :
			       (u128)(a & x86_mask(bytes)) * b;
	u64 low = (u64)res & x86_mask(bytes), both = X86_EFLAGS_CF | X86_EFLAGS_OF;

	x86_flags_set(ctxt, both,
		      res == (is_signed ? (u128)(s128)x86_sext(low, bytes) : low) ? 0 : both);
	return write_pair(ctxt, low, (u64)(res >> bytes * 8));
}

/* The dividend: AX for bytes, else rDX:rAX. */
static u128 read_dividend(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->dst.bytes;
	u64 lo = x86_gpr_read(ctxt, X86_RAX);

	if (bytes == 1)
		return lo & 0xffff;
	return (u128)(x86_gpr_read(ctxt, X86_RDX) & x86_mask(bytes)) << bytes * 8 |
	       (lo & x86_mask(bytes));
}

/* 128 by 64 bits; the caller knows that the upper half is below @divisor. */
static u64 divide(u128 dividend, u64 divisor, u64 *remainder)
{
	u64 quotient;

	asm("divq %[divisor]"
	    : "=a" (quotient), "=d" (*remainder)
	    : "a" ((u64)dividend), "d" ((u64)(dividend >> 64)), [divisor] "rm" (divisor)
	    : "cc");
	return quotient;
}

/*
 * #DE by zero or because the quotient needs more than the operand's size. IDIV works
 * on magnitudes: its quotient truncates toward zero, its remainder has the dividend's
 * sign, and the most negative quotient has a magnitude that no positive one has.
 */
int em_div(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->dst.bytes, bits = bytes * 8;
	u64 divisor = ctxt->dst.val, quotient, remainder;
	u128 dividend = read_dividend(ctxt);
	bool is_signed = ctxt->d.op->arg == A_SIGNED;
	bool neg = is_signed && (dividend >> (bits * 2 - 1) & 1);
	bool neg_divisor = is_signed && (divisor & x86_sign(bytes));

	if (neg)
		dividend = -dividend;
	if (bits < 64)
		dividend &= ((u128)1 << bits * 2) - 1;
	if (neg_divisor)
		divisor = -divisor & x86_mask(bytes);

	if (!divisor || dividend >> bits >= divisor)
		return x86_fault(ctxt, DE_VECTOR_NR, false, 0);
	quotient = divide(dividend, divisor, &remainder);
	if (is_signed && quotient > x86_sign(bytes) - (neg == neg_divisor))
		return x86_fault(ctxt, DE_VECTOR_NR, false, 0);
	return write_pair(ctxt, neg == neg_divisor ? quotient : -quotient,
			  neg ? -remainder : remainder);
}
