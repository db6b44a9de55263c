// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arithmetic and logic: ADD to CMP, INC, DEC, NEG, NOT, XADD, CMPXCHG and
 * CMPXCHG8B/16B, with the flags computed in C (SDM 3.4.3.1). Called by
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
static u64 flags_addsub(u64 a, u64 b, u64 res, u64 carries, u64 overflow, unsigned int bytes)
{
	u64 flags = x86_flags_szp(res, bytes);

	if (carries & x86_sign(bytes))
		flags |= X86_EFLAGS_CF;
	if (overflow & x86_sign(bytes))
		flags |= X86_EFLAGS_OF;
	if ((a ^ b ^ res) & 0x10)
		flags |= X86_EFLAGS_AF;
	return flags;
}

static u64 do_add(struct x86_emulate_ctxt *ctxt, u64 a, u64 b, bool carry)
{
	unsigned int bytes = ctxt->dst.bytes;
	u64 res = (a + b + carry) & x86_mask(bytes);
	u64 carries = (a & b) | ((a | b) & ~res);

	x86_flags_set(ctxt, X86_FLAGS_ARITH,
		      flags_addsub(a, b, res, carries, (a ^ res) & (b ^ res), bytes));
	return res;
}

static u64 do_sub(struct x86_emulate_ctxt *ctxt, u64 a, u64 b, bool borrow)
{
	unsigned int bytes = ctxt->dst.bytes;
	u64 res = (a - b - borrow) & x86_mask(bytes);
	u64 borrows = (~a & b) | ((~a | b) & res);

	x86_flags_set(ctxt, X86_FLAGS_ARITH,
		      flags_addsub(a, b, res, borrows, (a ^ b) & (a ^ res), bytes));
	return res;
}

/* CF and OF are cleared; AF is undefined and cleared too. */
static u64 do_logic(struct x86_emulate_ctxt *ctxt, u64 res)
{
	x86_flags_set(ctxt, X86_FLAGS_ARITH, x86_flags_szp(res, ctxt->dst.bytes));
	return res;
}

static bool carry_in(const struct x86_emulate_ctxt *ctxt)
{
	return ctxt->eflags & X86_EFLAGS_CF;
}

int em_add(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = do_add(ctxt, ctxt->dst.val, ctxt->src.val, false);
	return X86EMUL_CONTINUE;
}

int em_adc(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = do_add(ctxt, ctxt->dst.val, ctxt->src.val, carry_in(ctxt));
	return X86EMUL_CONTINUE;
}

int em_sub(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = do_sub(ctxt, ctxt->dst.val, ctxt->src.val, false);
	return X86EMUL_CONTINUE;
}

int em_sbb(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = do_sub(ctxt, ctxt->dst.val, ctxt->src.val, carry_in(ctxt));
	return X86EMUL_CONTINUE;
}

int em_cmp(struct x86_emulate_ctxt *ctxt)
{
	do_sub(ctxt, ctxt->dst.val, ctxt->src.val, false);
	return X86EMUL_CONTINUE;
}

int em_and(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = do_logic(ctxt, ctxt->dst.val & ctxt->src.val);
	return X86EMUL_CONTINUE;
}

int em_or(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = do_logic(ctxt, ctxt->dst.val | ctxt->src.val);
	return X86EMUL_CONTINUE;
}

int em_xor(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = do_logic(ctxt, ctxt->dst.val ^ ctxt->src.val);
	return X86EMUL_CONTINUE;
}

int em_test(struct x86_emulate_ctxt *ctxt)
{
	do_logic(ctxt, ctxt->dst.val & ctxt->src.val);
	return X86EMUL_CONTINUE;
}

/* INC and DEC leave CF alone. */
int em_inc(struct x86_emulate_ctxt *ctxt)
{
	u64 cf = ctxt->eflags & X86_EFLAGS_CF;

	ctxt->dst.val = do_add(ctxt, ctxt->dst.val, 1, false);
	x86_flags_set(ctxt, X86_EFLAGS_CF, cf);
	return X86EMUL_CONTINUE;
}

int em_dec(struct x86_emulate_ctxt *ctxt)
{
	u64 cf = ctxt->eflags & X86_EFLAGS_CF;

	ctxt->dst.val = do_sub(ctxt, ctxt->dst.val, 1, false);
	x86_flags_set(ctxt, X86_EFLAGS_CF, cf);
	return X86EMUL_CONTINUE;
}

int em_neg(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = do_sub(ctxt, 0, ctxt->dst.val, false);
	return X86EMUL_CONTINUE;
}

int em_not(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = ~ctxt->dst.val;
	return X86EMUL_CONTINUE;
}

/*
 * Memory first: the register must stay as it was when the write faults. With
 * two register operands that are the same one, the sum is what remains.
 */
int em_xadd(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand old = ctxt->src;
	int rc;

	old.val = ctxt->dst.val;
	ctxt->dst.val = do_add(ctxt, ctxt->dst.val, ctxt->src.val, false);
	if (ctxt->dst.type == X86_OPERAND_GPR) {
		rc = x86_operand_write(ctxt, &old);
		return rc ? rc : x86_operand_write(ctxt, &ctxt->dst);
	}
	rc = x86_operand_write(ctxt, &ctxt->dst);
	return rc ? rc : x86_operand_write(ctxt, &old);
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
	int rc;

	do_sub(ctxt, acc, old, false);
	if (acc == old)
		ctxt->dst.val = ctxt->src.val;
	else if (ctxt->dst.type == X86_OPERAND_GPR && bytes == 4)
		goto load_acc; /* no write: bits 63:32 of the destination stay */
	rc = x86_operand_write(ctxt, &ctxt->dst);
	if (rc != X86EMUL_CONTINUE || acc == old)
		return rc;
load_acc:
	x86_gpr_write(ctxt, X86_RAX, old, bytes);
	return X86EMUL_CONTINUE;
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
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (half == 8 && (linear & 15))
		return x86_fault_gp(ctxt, 0);
	rc = ctxt->ops->read_std(ctxt, linear, old, half * 2, X86EMUL_ACC_WRITE);
	if (rc != X86EMUL_CONTINUE)
		return rc;

	split_pair(ctxt, X86_RAX, X86_RDX, half, want);
	split_pair(ctxt, X86_RBX, X86_RCX, half, new);
	if (old[0] != want[0] || old[1] != want[1]) {
		x86_gpr_write(ctxt, X86_RAX, old[0], half);
		x86_gpr_write(ctxt, X86_RDX, half == 4 ? old[0] >> 32 : old[1], half);
		x86_flags_set(ctxt, X86_EFLAGS_ZF, 0);
		return X86EMUL_CONTINUE;
	}

	rc = ctxt->ops->cmpxchg(ctxt, linear, old, new, half * 2);
	if (rc == X86EMUL_CONTINUE)
		x86_flags_set(ctxt, X86_EFLAGS_ZF, X86_EFLAGS_ZF);
	return rc;
}
