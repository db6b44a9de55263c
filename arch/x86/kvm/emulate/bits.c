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
