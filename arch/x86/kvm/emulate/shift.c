// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shifts and rotates (SDM 2B RCL/RCR/ROL/ROR, SAL/SAR/SHL/SHR, SHLD, SHRD). A
 * count of zero changes no flag. OF is defined for a count of one only; what is
 * computed for other counts is what the CPUs at hand do. Called by emulate.c.
 */
#include "internal.h"

/* Counts are taken modulo 32, or 64 for 8-byte operands. */
static unsigned int shift_count(const struct x86_operand *dst, u64 count)
{
	return count & (dst->bytes == 8 ? 0x3f : 0x1f);
}

static void set_cf_of(struct x86_emulate_ctxt *ctxt, bool cf, bool of)
{
	x86_flags_set(ctxt, X86_EFLAGS_CF | X86_EFLAGS_OF,
		      (cf ? X86_EFLAGS_CF : 0) | (of ? X86_EFLAGS_OF : 0));
}

static void set_szp(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val &= x86_mask(ctxt->dst.bytes);
	x86_flags_set(ctxt, X86_FLAGS_SZP | X86_EFLAGS_AF,
		      x86_flags_szp(ctxt->dst.val, ctxt->dst.bytes));
}

static bool top_bit(const struct x86_operand *o)
{
	return o->val & x86_sign(o->bytes);
}

static bool second_bit(const struct x86_operand *o)
{
	return o->val & x86_sign(o->bytes) >> 1;
}

/* --- Rotates --------------------------------------------------------- */

static u64 rotate_left(u64 val, unsigned int n, unsigned int bits)
{
	return n ? val << n | val >> (bits - n) : val;
}

int em_rol(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int bits = dst->bytes * 8, n = shift_count(dst, ctxt->src.val);

	if (!n)
		return X86EMUL_CONTINUE;
	dst->val = rotate_left(dst->val, n % bits, bits) & x86_mask(dst->bytes);
	set_cf_of(ctxt, dst->val & 1, top_bit(dst) ^ (dst->val & 1));
	return X86EMUL_CONTINUE;
}

int em_ror(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int bits = dst->bytes * 8, n = shift_count(dst, ctxt->src.val);

	if (!n)
		return X86EMUL_CONTINUE;
	dst->val = rotate_left(dst->val, (bits - n % bits) % bits, bits) & x86_mask(dst->bytes);
	set_cf_of(ctxt, top_bit(dst), top_bit(dst) ^ second_bit(dst));
	return X86EMUL_CONTINUE;
}

/* Through carry: one bit more than the operand, at most 31 or 63 steps. */
int em_rcl(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int n = shift_count(dst, ctxt->src.val) % (dst->bytes * 8 + 1);
	bool cf = ctxt->eflags & X86_EFLAGS_CF;

	if (!shift_count(dst, ctxt->src.val))
		return X86EMUL_CONTINUE;
	while (n--) {
		bool out = top_bit(dst);

		dst->val = (dst->val << 1 | cf) & x86_mask(dst->bytes);
		cf = out;
	}
	set_cf_of(ctxt, cf, top_bit(dst) ^ cf);
	return X86EMUL_CONTINUE;
}

int em_rcr(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int n = shift_count(dst, ctxt->src.val) % (dst->bytes * 8 + 1);
	bool cf = ctxt->eflags & X86_EFLAGS_CF;

	if (!shift_count(dst, ctxt->src.val))
		return X86EMUL_CONTINUE;
	while (n--) {
		bool out = dst->val & 1;

		dst->val = dst->val >> 1 | (cf ? x86_sign(dst->bytes) : 0);
		cf = out;
	}
	set_cf_of(ctxt, cf, top_bit(dst) ^ second_bit(dst));
	return X86EMUL_CONTINUE;
}

/* --- Shifts ---------------------------------------------------------- */

/* A byte or word shifted out completely: 31 is more than its bits. */
int em_shl(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int n = shift_count(dst, ctxt->src.val);
	bool cf;

	if (!n)
		return X86EMUL_CONTINUE;
	dst->val <<= n - 1;
	cf = top_bit(dst);
	dst->val <<= 1;
	set_szp(ctxt);
	set_cf_of(ctxt, cf, top_bit(dst) ^ cf);
	return X86EMUL_CONTINUE;
}

int em_shr(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int n = shift_count(dst, ctxt->src.val);
	bool cf, of = top_bit(dst);

	if (!n)
		return X86EMUL_CONTINUE;
	dst->val >>= n - 1;
	cf = dst->val & 1;
	dst->val >>= 1;
	set_szp(ctxt);
	set_cf_of(ctxt, cf, of && n == 1);
	return X86EMUL_CONTINUE;
}

int em_sar(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int n = shift_count(dst, ctxt->src.val);
	s64 val = x86_sext(dst->val, dst->bytes);

	if (!n)
		return X86EMUL_CONTINUE;
	dst->val = val >> n;
	set_szp(ctxt);
	set_cf_of(ctxt, (val >> (n - 1)) & 1, false);
	return X86EMUL_CONTINUE;
}

/*
 * Double shifts. A count above the operand size (16-bit only) leaves result and
 * flags undefined: the two registers are then taken as a ring.
 */
int em_shld(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int bits = dst->bytes * 8, n = shift_count(dst, ctxt->src2.val);
	bool sign = top_bit(dst);
	unsigned int i;
	bool cf = false;
	u64 src = ctxt->src.val;

	if (!n)
		return X86EMUL_CONTINUE;
	for (i = 0; i < n; i++) {
		cf = top_bit(dst);
		dst->val = (dst->val << 1 | (src >> (bits - 1) & 1)) & x86_mask(dst->bytes);
		src = src << 1 | cf;
	}
	set_szp(ctxt);
	set_cf_of(ctxt, cf, top_bit(dst) ^ sign);
	return X86EMUL_CONTINUE;
}

int em_shrd(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int bits = dst->bytes * 8, n = shift_count(dst, ctxt->src2.val);
	bool sign = top_bit(dst);
	unsigned int i;
	bool cf = false;
	u64 src = ctxt->src.val;

	if (!n)
		return X86EMUL_CONTINUE;
	for (i = 0; i < n; i++) {
		cf = dst->val & 1;
		dst->val = dst->val >> 1 | (src & 1) << (bits - 1);
		src = src >> 1 | (u64)cf << (bits - 1);
	}
	set_szp(ctxt);
	set_cf_of(ctxt, cf, top_bit(dst) ^ sign);
	return X86EMUL_CONTINUE;
}
