// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single bits and byte order: BT, BTS, BTR, BTC, BSF, BSR, TZCNT, LZCNT, POPCNT,
 * BSWAP, MOVBE. Which memory word holds the bit was decided with the operand
 * (operands.c). Called by emulate.c.
 */
#include <linux/bitops.h>

#include "internal.h"

int em_bit(struct x86_emulate_ctxt *ctxt)
{
	u64 bit = 1ULL << (ctxt->src.val & (ctxt->dst.bytes * 8 - 1));

	x86_flags_set(ctxt, X86_EFLAGS_CF, ctxt->dst.val & bit ? X86_EFLAGS_CF : 0);
	switch (ctxt->d.op->arg) {
	case A_BTS:
		ctxt->dst.val |= bit;
		break;
	case A_BTR:
		ctxt->dst.val &= ~bit;
		break;
	case A_BTC:
		ctxt->dst.val ^= bit;
		break;
	}
	return X86EMUL_CONTINUE;
}

/** x86_cpu_has - a bit of the guest's CPUID: @reg 0 to 3 is EAX to EDX of @leaf */
bool x86_cpu_has(struct x86_emulate_ctxt *ctxt, u32 leaf, unsigned int reg, unsigned int bit)
{
	u32 r[4] = { leaf, 0, 0, 0 };

	return !ctxt->ops->cpuid(ctxt, &r[0], &r[1], &r[2], &r[3]) && (r[reg] >> bit & 1);
}

/* CPUs without BMI1 ignore F3 before BSF (SDM 2B TZCNT); and without LZCNT before BSR. */
static bool counts(struct x86_emulate_ctxt *ctxt)
{
	return (ctxt->d.op->arg == A_TZCNT && x86_cpu_has(ctxt, 7, 1, 3)) ||
	       (ctxt->d.op->arg == A_LZCNT && x86_cpu_has(ctxt, 0x80000001, 2, 5));
}

/*
 * A scan of zero leaves the destination as it is, all of it: AMD documents it and
 * software relies on it (APM3 BSF). A count of zero is the operand's size, with CF.
 */
int em_bit_scan(struct x86_emulate_ctxt *ctxt)
{
	bool reverse = ctxt->d.op->arg == A_BSR || ctxt->d.op->arg == A_LZCNT;
	u64 src = ctxt->src.val, n = ctxt->src.bytes * 8;

	if (!counts(ctxt)) {
		x86_flags_set(ctxt, X86_EFLAGS_ZF, src ? 0 : X86_EFLAGS_ZF);
		if (!src)
			return X86EMUL_CONTINUE;
		ctxt->dst.val = reverse ? (u64)fls64(src) - 1 : __ffs64(src);
		return x86_operand_write(ctxt, &ctxt->dst);
	}
	if (src)
		n = reverse ? n - (u64)fls64(src) : __ffs64(src);
	x86_flags_set(ctxt, X86_EFLAGS_CF | X86_EFLAGS_ZF,
		      (src ? 0 : X86_EFLAGS_CF) | (n ? 0 : X86_EFLAGS_ZF));
	ctxt->dst.val = n;
	return x86_operand_write(ctxt, &ctxt->dst);
}

int em_popcnt(struct x86_emulate_ctxt *ctxt)
{
	if (!x86_cpu_has(ctxt, 1, 2, 23))
		return x86_fault_ud(ctxt);
	ctxt->dst.val = hweight64(ctxt->src.val);
	x86_flags_set(ctxt, X86_FLAGS_ARITH, ctxt->src.val ? 0 : X86_EFLAGS_ZF);
	return X86EMUL_CONTINUE;
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
