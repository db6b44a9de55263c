// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single bits and byte order: BT, BTS, BTR, BTC, BSF, BSR, BSWAP, MOVBE. Which
 * memory word holds the bit was decided with the operand (operands.c). Called
 * by emulate.c.
 */
#include <linux/bitops.h>

#include "internal.h"

/* The bit's place in its word; sets CF to its value. */
static u64 test_bit_cf(struct x86_emulate_ctxt *ctxt)
{
	u64 bit = 1ULL << (ctxt->src.val & (ctxt->dst.bytes * 8 - 1));

	x86_flags_set(ctxt, X86_EFLAGS_CF, ctxt->dst.val & bit ? X86_EFLAGS_CF : 0);
	return bit;
}

int em_bt(struct x86_emulate_ctxt *ctxt)
{
	test_bit_cf(ctxt);
	return X86EMUL_CONTINUE;
}

int em_bts(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val |= test_bit_cf(ctxt);
	return X86EMUL_CONTINUE;
}

int em_btr(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val &= ~test_bit_cf(ctxt);
	return X86EMUL_CONTINUE;
}

int em_btc(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val ^= test_bit_cf(ctxt);
	return X86EMUL_CONTINUE;
}

/*
 * With a source of zero the destination keeps its value, all of it: AMD
 * documents it and software relies on it (APM3 BSF).
 */
static int bit_scan(struct x86_emulate_ctxt *ctxt, bool reverse)
{
	u64 src = ctxt->src.val;

	x86_flags_set(ctxt, X86_EFLAGS_ZF, src ? 0 : X86_EFLAGS_ZF);
	if (!src)
		return X86EMUL_CONTINUE;
	ctxt->dst.val = reverse ? (u64)fls64(src) - 1 : __ffs64(src);
	return x86_operand_write(ctxt, &ctxt->dst);
}

int em_bsf(struct x86_emulate_ctxt *ctxt)
{
	return bit_scan(ctxt, false);
}

int em_bsr(struct x86_emulate_ctxt *ctxt)
{
	return bit_scan(ctxt, true);
}

/* --- Counts ---------------------------------------------------------- */

static bool cpu_has(struct x86_emulate_ctxt *ctxt, u32 leaf, unsigned int reg, unsigned int bit)
{
	u32 r[4] = { leaf, 0, 0, 0 };

	return ctxt->ops->cpuid(ctxt, &r[0], &r[1], &r[2], &r[3]) == X86EMUL_CONTINUE &&
	       (r[reg] >> bit & 1);
}

/* CF: the source was zero and the answer is the operand's size; ZF: the answer is zero. */
static int count_zeros(struct x86_emulate_ctxt *ctxt, bool leading)
{
	unsigned int bits = ctxt->src.bytes * 8, n = bits;
	u64 src = ctxt->src.val;

	if (src)
		n = leading ? bits - (unsigned int)fls64(src) : __ffs64(src);
	x86_flags_set(ctxt, X86_EFLAGS_CF | X86_EFLAGS_ZF,
		      (src ? 0 : X86_EFLAGS_CF) | (n ? 0 : X86_EFLAGS_ZF));
	ctxt->dst.val = n;
	return x86_operand_write(ctxt, &ctxt->dst);
}

/* CPUs without BMI1 ignore F3 before BSF (SDM 2B TZCNT); and without LZCNT before BSR. */
int em_tzcnt(struct x86_emulate_ctxt *ctxt)
{
	return cpu_has(ctxt, 7, 1, 3) ? count_zeros(ctxt, false) : em_bsf(ctxt);
}

int em_lzcnt(struct x86_emulate_ctxt *ctxt)
{
	return cpu_has(ctxt, 0x80000001, 2, 5) ? count_zeros(ctxt, true) : em_bsr(ctxt);
}

int em_popcnt(struct x86_emulate_ctxt *ctxt)
{
	if (!cpu_has(ctxt, 1, 2, 23))
		return x86_fault_ud(ctxt);
	ctxt->dst.val = hweight64(ctxt->src.val);
	x86_flags_set(ctxt, X86_FLAGS_ARITH, ctxt->src.val ? 0 : X86_EFLAGS_ZF);
	return X86EMUL_CONTINUE;
}

/* --- Byte order ------------------------------------------------------ */

static u64 swap_bytes(u64 val, unsigned int bytes)
{
	return __builtin_bswap64(val) >> (64 - bytes * 8);
}

/* A 16-bit BSWAP is undefined; the CPUs at hand clear the register's half. */
int em_bswap(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = ctxt->dst.bytes == 2 ? 0 : swap_bytes(ctxt->dst.val, ctxt->dst.bytes);
	return X86EMUL_CONTINUE;
}

int em_movbe(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = swap_bytes(ctxt->src.val, ctxt->dst.bytes);
	return X86EMUL_CONTINUE;
}
