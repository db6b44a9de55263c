// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions about descriptors that load no segment register: LAR, LSL, VERR,
 * VERW, ARPL; and LDTR and TR: SLDT, STR, LLDT, LTR (SDM 2A, 2B). Called by
 * emulate.c with the vCPU mutex held.
 */
#include "internal.h"

static int answer(struct x86_emulate_ctxt *ctxt, bool yes)
{
	x86_flags_set(ctxt, X86_EFLAGS_ZF, yes ? X86_EFLAGS_ZF : 0);
	return X86EMUL_CONTINUE;
}

/*
 * The descriptor that the source operand names. What is outside its table, or not
 * to be seen from this privilege level, makes the answer no, not a fault.
 */
static int ask(struct x86_emulate_ctxt *ctxt, struct x86_desc *desc, bool *found)
{
	u16 selector = ctxt->src.val;
	int rc;

	*found = false;
	rc = x86_desc_read(ctxt, selector, desc, GP_VECTOR_NR);
	if (rc == X86EMUL_PROPAGATE_FAULT && ctxt->exception.vector == GP_VECTOR_NR)
		return X86EMUL_CONTINUE;
	*found = !rc && ((x86_desc_is_code(desc) && x86_desc_conforming(desc)) ||
			 desc->dpl >= max_t(unsigned int, emul_cpl(ctxt),
						     selector & 3));
	return rc;
}

/* Bit n: LAR, or LSL, knows system type n; [1] in long mode (SDM 2A tables 3-53, 3-56). */
static const u16 known_types[2][2] = {
	[A_LAR] = { 0x1a3e, 0x1a04 },
	[A_LSL] = { 0x0a0e, 0x0a04 },
};

/* LAR and LSL */
int em_lar(struct x86_emulate_ctxt *ctxt)
{
	u8 op = ctxt->d.op->arg;
	struct x86_desc desc;
	bool found;
	int rc = ask(ctxt, &desc, &found);

	if (!rc && found && !desc.s)
		found = known_types[op][x86_lma(ctxt)] >> desc.type & 1;
	if (rc || !found)
		return rc ?: answer(ctxt, false);
	if (op == A_LSL)
		ctxt->dst.val = x86_desc_limit(&desc);
	else
		ctxt->dst.val = desc.low >> 32 & (ctxt->d.op_bytes == 2 ? 0xff00 : 0xf0ff00);
	return x86_operand_write(ctxt, &ctxt->dst) ?: answer(ctxt, true);
}

/* VERR and VERW: code is never writable and perhaps readable; data the other way round. */
int em_verify(struct x86_emulate_ctxt *ctxt)
{
	bool write = ctxt->d.op->arg == A_WRITE;
	struct x86_desc desc;
	bool found;
	int rc = ask(ctxt, &desc, &found);

	if (rc || !found)
		return rc ?: answer(ctxt, false);
	return answer(ctxt, desc.s && x86_type_allows(desc.type, write));
}

/*
 * The higher RPL number of the two goes to the destination (SDM 2A ARPL), which
 * CPUs write, and want writable, only when it changes.
 */
int em_arpl(struct x86_emulate_ctxt *ctxt)
{
	bool raise = (ctxt->dst.val & 3) < (ctxt->src.val & 3);
	int rc = X86EMUL_CONTINUE;

	if (raise) {
		ctxt->dst.val = (ctxt->dst.val & ~3ULL) | (ctxt->src.val & 3);
		rc = x86_operand_write(ctxt, &ctxt->dst);
	}
	return rc ?: answer(ctxt, raise);
}

/* SLDT and STR */
int em_store_sel(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = x86_segment(ctxt, ctxt->d.op->arg)->selector;
	return X86EMUL_CONTINUE;
}

int em_lldt(struct x86_emulate_ctxt *ctxt)
{
	u16 selector = ctxt->src.val;
	struct x86_desc desc;
	int rc;

	if (x86_sel_null(selector)) {
		x86_stage_null(ctxt, X86_SREG_LDTR, selector);
		return X86EMUL_CONTINUE;
	}
	rc = x86_read_system(ctxt, selector, 0xf, DESC_LDT, GP_VECTOR_NR, &desc);
	if (!rc)
		x86_stage_segment(ctxt, X86_SREG_LDTR, selector, &desc);
	return rc;
}

/* The descriptor becomes busy, which it must not have been; long mode has the 64-bit TSS only. */
int em_ltr(struct x86_emulate_ctxt *ctxt)
{
	u16 selector = ctxt->src.val;
	struct x86_desc desc;
	int rc = x86_read_system(ctxt, selector, x86_lma(ctxt) ? 0xf : 7,
				 x86_lma(ctxt) ? DESC_TSS32 : DESC_TSS16, GP_VECTOR_NR, &desc) ?:
		 x86_desc_set_type(ctxt, &desc, DESC_TSS_BUSY, 0);

	if (!rc)
		x86_stage_segment(ctxt, X86_SREG_TR, selector, &desc);
	return rc;
}
