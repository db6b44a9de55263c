// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic and logic: ADD to CMP, INC, DEC, NEG, NOT, XADD, CMPXCHG, CMPXCHG8B/16B
 * and the decimal adjustments, with the flags computed in C (SDM 3.4.3.1). Called by
 * emulate.c on operands already fetched; values are truncated to their size.
 */
#include "internal.h"

/**
 * x86_flags_szp - SF, ZF and PF of a result
 * @val: result, truncated
 * @bytes: its size
 */
u64 x86_flags_szp(u64 val, unsigned int bytes)
{
	/* Bit n of the constant: nibble n has an even number of ones. */
	u64 flags = (0x9669 >> ((val ^ val >> 4) & 0xf)) & 1 ? X86_EFLAGS_PF : 0;

	if (!val)
		flags |= X86_EFLAGS_ZF;
	if (val & x86_sign(bytes))
		flags |= X86_EFLAGS_SF;
	return flags;
}

/* The carries out of each bit give CF and AF; OF where the sign is wrong. */
static void flags_addsub(struct x86_emulate_ctxt *ctxt, u64 a, u64 b, u64 res, u64 carries,
			 u64 overflow)
{
	unsigned int bytes = ctxt->dst.bytes;
	u64 flags = x86_flags_szp(res, bytes);

	if (carries & x86_sign(bytes))
		flags |= X86_EFLAGS_CF;
	if (overflow & x86_sign(bytes))
		flags |= X86_EFLAGS_OF;
	if ((a ^ b ^ res) & 0x10)
		flags |= X86_EFLAGS_AF;
	x86_flags_set(ctxt, X86_FLAGS_ARITH, flags);
}

static u64 do_add(struct x86_emulate_ctxt *ctxt, u64 a, u64 b, bool carry)
{
	u64 res = (a + b + carry) & x86_mask(ctxt->dst.bytes);

	flags_addsub(ctxt, a, b, res, (a & b) | ((a | b) & ~res), (a ^ res) & (b ^ res));
	return res;
}

static u64 do_sub(struct x86_emulate_ctxt *ctxt, u64 a, u64 b, bool borrow)
{
	u64 res = (a - b - borrow) & x86_mask(ctxt->dst.bytes);

	flags_addsub(ctxt, a, b, res, (~a & b) | ((~a | b) & res), (a ^ b) & (a ^ res));
	return res;
}

/* CF and OF are cleared; AF is undefined and cleared too. */
static u64 do_logic(struct x86_emulate_ctxt *ctxt, u64 res)
{
	x86_flags_set(ctxt, X86_FLAGS_ARITH, x86_flags_szp(res, ctxt->dst.bytes));
	return res;
}

/* CMP is a SUB, and TEST an AND, whose row says that nothing is written. */
int em_alu(struct x86_emulate_ctxt *ctxt)
{
	u64 a = ctxt->dst.val, b = ctxt->src.val, *res = &ctxt->dst.val;
	u64 cf = ctxt->eflags & X86_EFLAGS_CF;

	switch (ctxt->d.op->arg) {
	case A_ADD:
	case A_ADC:
		*res = do_add(ctxt, a, b, ctxt->d.op->arg == A_ADC && cf);
		break;
	case A_SUB:
	case A_SBB:
		*res = do_sub(ctxt, a, b, ctxt->d.op->arg == A_SBB && cf);
		break;
	case A_OR:
		*res = do_logic(ctxt, a | b);
		break;
	case A_AND:
		*res = do_logic(ctxt, a & b);
		break;
	case A_XOR:
		*res = do_logic(ctxt, a ^ b);
		break;
	case A_INC:
	case A_DEC:
		/* CF is left alone. */
		*res = ctxt->d.op->arg == A_INC ? do_add(ctxt, a, 1, false) :
						  do_sub(ctxt, a, 1, false);
		x86_flags_set(ctxt, X86_EFLAGS_CF, cf);
		break;
	case A_NEG:
		*res = do_sub(ctxt, 0, a, false);
		break;
	case A_NOT:
		*res = ~a;
		break;
	}
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
	ctxt->dst.val = do_add(ctxt, ctxt->dst.val, ctxt->src.val, false);
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

	do_sub(ctxt, acc, old, false);
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
	x86_gpr_write(ctxt, X86_RAX, ax, 2);
	x86_flags_set(ctxt, X86_FLAGS_ARITH, x86_flags_szp((u8)ax, 1) |
		      (af ? X86_EFLAGS_AF : 0) | (cf ? X86_EFLAGS_CF : 0));
	return X86EMUL_CONTINUE;
}

static int set_ax(struct x86_emulate_ctxt *ctxt, u8 ah, u8 al)
{
	x86_gpr_write(ctxt, X86_RAX, ah << 8 | al, 2);
	x86_flags_set(ctxt, X86_FLAGS_ARITH, x86_flags_szp(al, 1));
	return X86EMUL_CONTINUE;
}

/* The immediate is the base, ten as assemblers write it. */
int em_aam(struct x86_emulate_ctxt *ctxt)
{
	u8 al = x86_gpr_read(ctxt, X86_RAX), base = ctxt->d.imm;

	return base ? set_ax(ctxt, al / base, al % base) : x86_fault(ctxt, DE_VECTOR_NR, false, 0);
}

int em_aad(struct x86_emulate_ctxt *ctxt)
{
	u16 ax = x86_gpr_read(ctxt, X86_RAX);

	return set_ax(ctxt, 0, ax + (ax >> 8) * (u8)ctxt->d.imm);
}
