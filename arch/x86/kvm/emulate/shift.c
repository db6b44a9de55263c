// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shifts and rotates (SDM 2B RCL/RCR/ROL/ROR, SAL/SAR/SHL/SHR, SHLD, SHRD), a bit
 * at a time: they differ in the bit that comes in. Called by emulate.c.
 */
#include "internal.h"

static bool goes_right(u8 op)
{
	return op == A_ROR || op == A_RCR || op == A_SHR || op == A_SAR || op == A_SHRD;
}

/* @out is the bit that leaves the operand now, @cf the one before it. */
static bool bit_in(u8 op, bool out, bool cf, bool sign, bool src)
{
	switch (op) {
	case A_ROL:
	case A_ROR:
		return out;
	case A_RCL:
	case A_RCR:
		return cf;
	case A_SAR:
		return sign;
	case A_SHLD:
	case A_SHRD:
		return src;
	default:
		return false;
	}
}

/* OF is defined for a count of one: a left shift has changed the sign; SHRD, too. */
static bool overflow(u8 op, u64 val, bool sign, bool cf, unsigned int bytes)
{
	bool top = val & x86_sign(bytes), second = val & x86_sign(bytes) >> 1;

	switch (op) {
	case A_ROR:
	case A_RCR:
		return top ^ second;
	case A_SHR:
		return sign;
	case A_SAR:
		return false;
	case A_SHLD:
	case A_SHRD:
		return top ^ sign;
	default:
		return top ^ cf;
	}
}

/*
 * Counts are taken modulo 32, or 64 for 8-byte operands; zero changes no flag. A
 * double shift of 16 bits by more than 16 is undefined: the two registers are then
 * a ring.
 */
int em_shift(struct x86_emulate_ctxt *ctxt)
{
	u8 op = ctxt->d.op->arg;
	bool twin = op == A_SHLD || op == A_SHRD, right = goes_right(op);
	unsigned int bytes = ctxt->dst.bytes, bits = bytes * 8, i;
	unsigned int n = (twin ? ctxt->src2.val : ctxt->src.val) & (bytes == 8 ? 0x3f : 0x1f);
	bool cf = ctxt->eflags & X86_EFLAGS_CF, sign = ctxt->dst.val & x86_sign(bytes);
	u64 val = ctxt->dst.val, src = ctxt->src.val, flags;

	if (!n)
		return X86EMUL_CONTINUE;
	for (i = 0; i < n; i++) {
		bool out = val >> (right ? 0 : bits - 1) & 1;
		bool in = bit_in(op, out, cf, sign, src >> (right ? 0 : bits - 1) & 1);

		val = right ? val >> 1 | (u64)in << (bits - 1) : (val << 1 | in) & x86_mask(bytes);
		src = right ? src >> 1 | (u64)out << (bits - 1) : src << 1 | out;
		cf = out;
	}
	ctxt->dst.val = val;
	flags = cf ? X86_EFLAGS_CF : 0;
	if (overflow(op, val, sign, cf, bytes))
		flags |= X86_EFLAGS_OF;
	x86_flags_set(ctxt, X86_EFLAGS_CF | X86_EFLAGS_OF, flags);
	/* Rotates leave the others. */
	if (op >= A_SHL)
		x86_flags_set(ctxt, X86_FLAGS_SZP | X86_EFLAGS_AF, x86_flags_szp(val, bytes));
	return X86EMUL_CONTINUE;
}
