// SPDX-License-Identifier: GPL-2.0-only
/*
 * MUL, IMUL, DIV and IDIV (SDM 2A). Products are made in 128 bits. A quotient
 * that does not fit is found before dividing, so that the CPU's own divide never
 * faults here. Called by emulate.c.
 */
#include "internal.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

/* rDX:rAX, or AX for bytes. */
static void write_pair(struct x86_emulate_ctxt *ctxt, u64 lo, u64 hi)
{
	unsigned int bytes = ctxt->dst.bytes;

	if (bytes == 1) {
		x86_gpr_write(ctxt, X86_RAX, (hi & 0xff) << 8 | (lo & 0xff), 2);
		return;
	}
	x86_gpr_write(ctxt, X86_RAX, lo, bytes);
	x86_gpr_write(ctxt, X86_RDX, hi, bytes);
}

/* CF and OF say that the upper half matters; the rest is undefined, from the low half. */
static void mul_flags(struct x86_emulate_ctxt *ctxt, u64 lo, bool overflow)
{
	u64 flags = x86_flags_szp(lo & x86_mask(ctxt->dst.bytes), ctxt->dst.bytes);

	if (overflow)
		flags |= X86_EFLAGS_CF | X86_EFLAGS_OF;
	x86_flags_set(ctxt, X86_FLAGS_ARITH, flags);
}

int em_mul(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->dst.bytes;
	u64 acc = x86_gpr_read(ctxt, X86_RAX) & x86_mask(bytes);
	u128 product = (u128)acc * ctxt->dst.val;
	u64 hi = (u64)(product >> bytes * 8) & x86_mask(bytes);

	write_pair(ctxt, (u64)product, hi);
	mul_flags(ctxt, (u64)product, hi != 0);
	return X86EMUL_CONTINUE;
}

static s128 signed_product(struct x86_emulate_ctxt *ctxt, u64 a, u64 b)
{
	unsigned int bytes = ctxt->dst.bytes;
	s128 product = (s128)x86_sext(a, bytes) * x86_sext(b, bytes);

	mul_flags(ctxt, (u64)product, product != x86_sext((u64)product, bytes));
	return product;
}

int em_imul(struct x86_emulate_ctxt *ctxt)
{
	s128 product = signed_product(ctxt, x86_gpr_read(ctxt, X86_RAX), ctxt->dst.val);

	write_pair(ctxt, (u64)product, (u64)(product >> ctxt->dst.bytes * 8));
	return X86EMUL_CONTINUE;
}

/* Two operands: the destination is a source; three: the immediate is. */
int em_imul3(struct x86_emulate_ctxt *ctxt)
{
	u64 factor = ctxt->d.op->src2 ? ctxt->src2.val : ctxt->dst.val;

	ctxt->dst.val = (u64)signed_product(ctxt, ctxt->src.val, factor);
	return X86EMUL_CONTINUE;
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

/* 128 by 64 bits; the caller knows that @hi < @divisor. */
static u64 divide(u128 dividend, u64 divisor, u64 *remainder)
{
	u64 quotient;

	asm("divq %[divisor]"
	    : "=a" (quotient), "=d" (*remainder)
	    : "a" ((u64)dividend), "d" ((u64)(dividend >> 64)), [divisor] "rm" (divisor)
	    : "cc");
	return quotient;
}

/* False: #DE, by zero or because the quotient needs more than @bytes. */
static bool divide_fits(u128 dividend, u64 divisor, unsigned int bytes)
{
	return divisor && dividend >> bytes * 8 < divisor;
}

int em_div(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->dst.bytes;
	u128 dividend = read_dividend(ctxt);
	u64 quotient, remainder;

	if (!divide_fits(dividend, ctxt->dst.val, bytes))
		return x86_fault_de(ctxt);
	quotient = divide(dividend, ctxt->dst.val, &remainder);
	write_pair(ctxt, quotient, remainder);
	return X86EMUL_CONTINUE;
}

/*
 * On magnitudes: the quotient truncates toward zero and the remainder has the
 * dividend's sign.
 */
int em_idiv(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->dst.bytes, bits = bytes * 8;
	u128 dividend = read_dividend(ctxt);
	bool neg = dividend >> (bits * 2 - 1) & 1;
	bool neg_divisor = ctxt->dst.val & x86_sign(bytes);
	u64 divisor = ctxt->dst.val, quotient, remainder;

	if (neg)
		dividend = -dividend;
	if (bits < 64)
		dividend &= ((u128)1 << bits * 2) - 1;
	if (neg_divisor)
		divisor = -divisor & x86_mask(bytes);

	if (!divide_fits(dividend, divisor, bytes))
		return x86_fault_de(ctxt);
	quotient = divide(dividend, divisor, &remainder);
	/* The most negative quotient has a magnitude that no positive one has. */
	if (quotient > x86_sign(bytes) - (neg == neg_divisor))
		return x86_fault_de(ctxt);
	write_pair(ctxt, neg == neg_divisor ? quotient : -quotient, neg ? -remainder : remainder);
	return X86EMUL_CONTINUE;
}
