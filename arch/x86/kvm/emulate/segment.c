// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions about descriptors that load no segment register: LAR, LSL, VERR,
 * VERW, ARPL; and LDTR and TR: SLDT, STR, LLDT, LTR (SDM 2A, 2B). Called by
 * emulate.c with the vCPU mutex held.
 */
#include "internal.h"

/* --- Questions ------------------------------------------------------- */

static int answer(struct x86_emulate_ctxt *ctxt, bool yes)
{
	x86_flags_set(ctxt, X86_EFLAGS_ZF, yes ? X86_EFLAGS_ZF : 0);
	return X86EMUL_CONTINUE;
}

/* Outside its table, or of a bad type: the answer is no, not a fault. */
static int ask(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *desc, bool *found)
{
	int rc;

	*found = false;
	if (x86_sel_null(selector))
		return X86EMUL_CONTINUE;
	rc = x86_desc_read(ctxt, selector, desc, GP_VECTOR_NR);
	if (rc == X86EMUL_PROPAGATE_FAULT && ctxt->exception.vector == GP_VECTOR_NR)
		return X86EMUL_CONTINUE;
	*found = rc == X86EMUL_CONTINUE;
	return rc;
}

static bool visible(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *desc)
{
	unsigned int level = max_t(unsigned int, ctxt->ops->cpl(ctxt), selector & 3);

	if (x86_desc_is_code(desc) && x86_desc_conforming(desc))
		return true;
	return x86_desc_dpl(desc) >= level;
}

/* Bit n: LAR, or LSL, knows system type n (SDM 2A tables 3-53, 3-56). */
#define LAR_TYPES	(1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 9 | 1u << 11 | 1u << 12)
#define LAR_TYPES_LMA	(1u << 2 | 1u << 9 | 1u << 11 | 1u << 12)
#define LSL_TYPES	(1u << 1 | 1u << 2 | 1u << 3 | 1u << 9 | 1u << 11)
#define LSL_TYPES_LMA	(1u << 2 | 1u << 9 | 1u << 11)

static bool type_known(struct x86_emulate_ctxt *ctxt, const struct x86_desc *desc, u32 types,
		       u32 types_lma)
{
	if (x86_desc_s(desc))
		return true;
	return (x86_lma(ctxt) ? types_lma : types) >> x86_desc_type(desc) & 1;
}

int em_lar(struct x86_emulate_ctxt *ctxt)
{
	struct x86_desc desc;
	bool found;
	int rc = ask(ctxt, ctxt->src.val, &desc, &found);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	found = found && type_known(ctxt, &desc, LAR_TYPES, LAR_TYPES_LMA) &&
		visible(ctxt, ctxt->src.val, &desc);
	if (found)
		ctxt->dst.val = desc.low >> 32 & (ctxt->d.op_bytes == 2 ? 0xff00 : 0xf0ff00);
	if (found)
		rc = x86_operand_write(ctxt, &ctxt->dst);
	return rc ? rc : answer(ctxt, found);
}

int em_lsl(struct x86_emulate_ctxt *ctxt)
{
	struct x86_desc desc;
	bool found;
	int rc = ask(ctxt, ctxt->src.val, &desc, &found);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	found = found && type_known(ctxt, &desc, LSL_TYPES, LSL_TYPES_LMA) &&
		visible(ctxt, ctxt->src.val, &desc);
	if (found)
		ctxt->dst.val = x86_desc_limit(&desc);
	if (found)
		rc = x86_operand_write(ctxt, &ctxt->dst);
	return rc ? rc : answer(ctxt, found);
}

static int verify(struct x86_emulate_ctxt *ctxt, bool write)
{
	struct x86_desc desc;
	bool found;
	int rc = ask(ctxt, ctxt->src.val, &desc, &found);
	u8 type;

	if (rc != X86EMUL_CONTINUE || !found)
		return rc ? rc : answer(ctxt, false);
	type = x86_desc_type(&desc);
	found = x86_desc_s(&desc) && visible(ctxt, ctxt->src.val, &desc);
	/* Code is never writable and perhaps readable; data the other way round. */
	if (write || (type & 8))
		found = found && (type & 2) && !(write && (type & 8));
	return answer(ctxt, found);
}

int em_verr(struct x86_emulate_ctxt *ctxt)
{
	return verify(ctxt, false);
}

int em_verw(struct x86_emulate_ctxt *ctxt)
{
	return verify(ctxt, true);
}

/* The higher RPL number of the two goes to the destination (SDM 2A ARPL). */
int em_arpl(struct x86_emulate_ctxt *ctxt)
{
	bool raise = (ctxt->dst.val & 3) < (ctxt->src.val & 3);

	if (raise)
		ctxt->dst.val = (ctxt->dst.val & ~3ULL) | (ctxt->src.val & 3);
	return answer(ctxt, raise);
}

/* --- LDTR and TR ----------------------------------------------------- */

static int store(struct x86_emulate_ctxt *ctxt, unsigned int sreg)
{
	if ((ctxt->ops->get_cr(ctxt, 4) & X86_CR4_UMIP) && ctxt->ops->cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	ctxt->dst.val = x86_segment(ctxt, sreg)->selector;
	if (ctxt->dst.type == X86_OPERAND_MEM)
		ctxt->dst.bytes = 2;
	return X86EMUL_CONTINUE;
}

int em_sldt(struct x86_emulate_ctxt *ctxt)
{
	return store(ctxt, X86_SREG_LDTR);
}

int em_str(struct x86_emulate_ctxt *ctxt)
{
	return store(ctxt, X86_SREG_TR);
}

static int read_system(struct x86_emulate_ctxt *ctxt, u16 selector, u8 mask, u8 type,
		       struct x86_desc *desc)
{
	int rc;

	if (selector & SELECTOR_TI)
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	rc = x86_desc_read(ctxt, selector, desc, GP_VECTOR_NR);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (x86_desc_s(desc) || (x86_desc_type(desc) & mask) != type)
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	if (!x86_desc_present(desc))
		return x86_fault_sel(ctxt, NP_VECTOR_NR, selector);
	if (x86_lma(ctxt) && !x86_canonical(ctxt, x86_desc_base(desc)))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
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
	rc = read_system(ctxt, selector, 0xf, DESC_LDT, &desc);
	if (rc == X86EMUL_CONTINUE)
		x86_stage_segment(ctxt, X86_SREG_LDTR, selector, &desc);
	return rc;
}

/* The descriptor becomes busy, which it must not have been; long mode has the 64-bit TSS only. */
int em_ltr(struct x86_emulate_ctxt *ctxt)
{
	u16 selector = ctxt->src.val;
	struct x86_desc desc;
	int rc;

	if (x86_sel_null(selector))
		return x86_fault_gp(ctxt, 0);
	rc = read_system(ctxt, selector, x86_lma(ctxt) ? 0xf : 7,
			 x86_lma(ctxt) ? DESC_TSS32 : DESC_TSS16, &desc);
	if (rc == X86EMUL_CONTINUE)
		rc = x86_desc_set_type(ctxt, &desc, DESC_TSS_BUSY, 0);
	if (rc == X86EMUL_CONTINUE)
		x86_stage_segment(ctxt, X86_SREG_TR, selector, &desc);
	return rc;
}
