// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data movement: MOV and its extensions, XCHG, LEA, conversions, conditional
 * set and move, XLAT, BOUND, flag moves, segment registers. Called by emulate.c.
 */
#include "internal.h"

int em_mov(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = ctxt->src.val;
	return X86EMUL_CONTINUE;
}

/* MOVSX and MOVSXD; MOVZX is em_mov, for values are held zero-extended. */
int em_movsx(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = x86_sext(ctxt->src.val, ctxt->src.bytes);
	return X86EMUL_CONTINUE;
}

/*
 * 90 is NOP and not XCHG EAX, EAX, which would clear bits 63:32; F3 90 is PAUSE
 * even where REX.B names R8.
 */
int em_xchg(struct x86_emulate_ctxt *ctxt)
{
	u64 old = ctxt->dst.val;

	if (ctxt->d.opcode == 0x90 &&
	    (!(ctxt->d.rex & X86_REX_B) || (ctxt->d.prefixes & X86_PREFIX_REP)))
		return X86EMUL_CONTINUE;
	ctxt->dst.val = ctxt->src.val;
	ctxt->src.val = old;
	return x86_operand_write(ctxt, &ctxt->dst) ?: x86_operand_write(ctxt, &ctxt->src);
}

/* A register source is #UD (SDM 2A LEA). */
int em_lea(struct x86_emulate_ctxt *ctxt)
{
	if (ctxt->src.type != X86_OPERAND_MEM)
		return x86_fault_ud(ctxt);
	ctxt->dst.val = ctxt->src.ea;
	return X86EMUL_CONTINUE;
}

/* CBW, CWDE, CDQE */
int em_cbw(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = x86_sext(ctxt->dst.val, ctxt->dst.bytes / 2);
	return X86EMUL_CONTINUE;
}

/* CWD, CDQ, CQO */
int em_cwd(struct x86_emulate_ctxt *ctxt)
{
	bool negative = ctxt->src.val & x86_sign(ctxt->src.bytes);

	x86_gpr_write(ctxt, X86_RDX, negative ? ~0ULL : 0, ctxt->src.bytes);
	return X86EMUL_CONTINUE;
}

/*
 * x86_condition - evaluate a condition code, an opcode's low four bits, of which bit 0 negates (SDM
 * 1 appendix B)
 */
bool x86_condition(const struct x86_emulate_ctxt *ctxt, unsigned int cc)
{
	static const u16 any_of[8] = {
		X86_EFLAGS_OF, X86_EFLAGS_CF, X86_EFLAGS_ZF, X86_EFLAGS_CF | X86_EFLAGS_ZF,
		X86_EFLAGS_SF, X86_EFLAGS_PF, 0, X86_EFLAGS_ZF,
	};
	u64 f = ctxt->eflags;
	bool met = f & any_of[cc >> 1 & 7];

	/* The signed comparisons: less, not less, less or equal, greater. */
	if ((cc & 0xc) == 0xc)
		met |= !(f & X86_EFLAGS_SF) != !(f & X86_EFLAGS_OF);
	return met != (cc & 1);
}

int em_setcc(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = x86_condition(ctxt, ctxt->d.opcode);
	return X86EMUL_CONTINUE;
}

/* The source is read and a 32-bit destination zero-extended in either case. */
int em_cmovcc(struct x86_emulate_ctxt *ctxt)
{
	if (x86_condition(ctxt, ctxt->d.opcode))
		ctxt->dst.val = ctxt->src.val;
	return X86EMUL_CONTINUE;
}

int em_xlat(struct x86_emulate_ctxt *ctxt)
{
	u64 ea = x86_gpr_read(ctxt, X86_RBX) + (x86_gpr_read(ctxt, X86_RAX) & 0xff);

	ctxt->dst.val = 0;
	return x86_mem_read(ctxt, ctxt->d.seg, ea & x86_mask(ctxt->d.ad_bytes), &ctxt->dst.val,
			    1, 0);
}

/*
 * The index is signed, the bounds lie one behind the other (SDM 2A BOUND). CPUs look
 * at the upper one only when the lower one is kept.
 */
int em_bound(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->d.op_bytes, i;
	s64 index = x86_sext(ctxt->dst.val, bytes);
	u64 ea = ctxt->src.ea, bound = 0;
	int rc;

	for (i = 0; i < 2; i++, ea = (ea + bytes) & x86_mask(ctxt->d.ad_bytes)) {
		rc = x86_mem_read(ctxt, ctxt->src.seg, ea, &bound, bytes, 0);
		if (rc)
			return rc;
		if (i ? index > x86_sext(bound, bytes) : index < x86_sext(bound, bytes))
			return x86_fault(ctxt, BR_VECTOR_NR, false, 0);
	}
	return X86EMUL_CONTINUE;
}

#define FLAGS_AH (X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_AF | X86_EFLAGS_PF | X86_EFLAGS_CF)

int em_lahf(struct x86_emulate_ctxt *ctxt)
{
	u64 ah = (ctxt->eflags & FLAGS_AH) | X86_EFLAGS_FIXED;

	x86_gpr_write(ctxt, X86_RAX, (x86_gpr_read(ctxt, X86_RAX) & 0xff) | ah << 8, 2);
	return X86EMUL_CONTINUE;
}

int em_sahf(struct x86_emulate_ctxt *ctxt)
{
	x86_flags_set(ctxt, FLAGS_AH, x86_gpr_read(ctxt, X86_RAX) >> 8);
	return X86EMUL_CONTINUE;
}

/* D6, which Intel lists since SDM 2B of 2024 and every CPU has: AL from CF. */
int em_salc(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = ctxt->eflags & X86_EFLAGS_CF ? 0xff : 0;
	return X86EMUL_CONTINUE;
}

/* F5 CMC; F8 CLC, F9 STC, FC CLD, FD STD: bit 2 chooses the flag, bit 0 its value. */
int em_flag(struct x86_emulate_ctxt *ctxt)
{
	u64 flag = ctxt->d.opcode >= 0xfc ? X86_EFLAGS_DF : X86_EFLAGS_CF;

	if (ctxt->d.opcode == 0xf5)
		ctxt->eflags ^= flag;
	else
		x86_flags_set(ctxt, flag, ctxt->d.opcode & 1 ? flag : 0);
	return X86EMUL_CONTINUE;
}

int em_nop(struct x86_emulate_ctxt *ctxt)
{
	return X86EMUL_CONTINUE;
}

/* CLFLUSH faults as a byte load does (SDM 2A CLFLUSH). */
int em_clflush(struct x86_emulate_ctxt *ctxt)
{
	u8 byte;

	return x86_mem_read(ctxt, ctxt->dst.seg, ctxt->dst.ea, &byte, 1, 0);
}

/* LES C4, LDS C5, LSS 0F B2, LFS 0F B4, LGS 0F B5: the offset, then the selector. */
int em_lds(struct x86_emulate_ctxt *ctxt)
{
	unsigned int sreg = ctxt->d.opcode & 7;
	u16 selector;
	int rc = x86_read_far_pointer(ctxt, &selector, &ctxt->dst.val);

	if (ctxt->d.map == X86_MAP_1BYTE)
		sreg = ctxt->d.opcode == 0xc4 ? X86_SREG_ES : X86_SREG_DS;
	return rc ?: x86_load_sreg(ctxt, sreg, selector);
}
