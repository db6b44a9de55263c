// SPDX-License-Identifier: GPL-2.0-only
/*
 * MUL and IMUL of rAX, DIV and IDIV (SDM 2A). Products are made in 128 bits. A quotient
 * that does not fit is found before dividing, so that the CPU's own divide never
 * faults here. Called by emulate.c.
 */
#include "internal.h"

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
