// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of the GDT and the LDT, and what may be loaded into a segment
 * register (SDM 3.4.5, 5.5 to 5.8). A segment is staged in the context and the
 * vCPU sees it when the instruction succeeds; only the accessed and busy bits go
 * to memory at once. And the instructions about descriptors that load no segment
 * register: LAR, LSL, VERR, VERW, ARPL, SLDT, STR, LLDT, LTR (SDM 2A, 2B). Called
 * by the files beside it, with the vCPU mutex held.
 */
#include "internal.h"

#define EFER_LMA_BIT	(1u << 10)

/** x86_lma - is long mode active, 64-bit or compatibility */
bool x86_lma(struct x86_emulate_ctxt *ctxt)
{
	u64 efer = 0;

	if (x86_is_long(ctxt))
		return true;
	if (x86_is_real(ctxt))
		return false;
	return !emul_get_msr(ctxt, MSR_EFER_NR, &efer) && (efer & EFER_LMA_BIT);
}

/** x86_fault_sel - a fault whose error code is a selector without RPL, and EXT (SDM 6.13) */
int x86_fault_sel(struct x86_emulate_ctxt *ctxt, u8 vector, u16 selector)
{
	return x86_fault(ctxt, vector, true, (selector & ~3) | ctxt->ext);
}

/* --- Reading --------------------------------------------------------- */

static int table_of(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc_ptr *dt)
{
	const struct kvm_segment *ldt;

	if (!(selector & SELECTOR_TI)) {
		emul_get_table(ctxt, false, dt);
		return 0;
	}
	ldt = x86_segment(ctxt, X86_SREG_LDTR);
	dt->base = ldt->base;
	dt->limit = min_t(u32, ldt->limit, 0xffff);
	return ldt->unusable;
}

/*
 * x86_desc_read - read the descriptor that a selector names, RPL aside; @vector, #GP or #TS, when
 * that is null or outside its table. In long mode a system descriptor has sixteen bytes (SDM 3.5.2)
 */
int x86_desc_read(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *desc, u8 vector)
{
	struct x86_desc_ptr dt;
	u32 at = selector & ~7u;
	int rc;

	if (x86_sel_null(selector) || table_of(ctxt, selector, &dt) || at + 7 > dt.limit)
		return x86_fault_sel(ctxt, vector, selector);
	desc->high = 0;
	desc->linear = dt.base + at;
	if (!x86_lma(ctxt))
		desc->linear = (u32)desc->linear;
	rc = emul_read_std(ctxt, desc->linear, &desc->low, 8, X86EMUL_ACC_SYSTEM);
	if (rc || desc->s || !x86_lma(ctxt))
		return rc;

	if (at + 15 > dt.limit)
		return x86_fault_sel(ctxt, vector, selector);
	rc = emul_read_std(ctxt, desc->linear + 8, &desc->high, 8, X86EMUL_ACC_SYSTEM);
	/* The second half's type must be 0 (SDM figure 5-9). */
	return !rc && (desc->high >> 40 & 0x1f) ? x86_fault_sel(ctxt, vector, selector) : rc;
}

/*
 * x86_read_system - read the descriptor of an LDT or a TSS that is to be loaded: in the GDT, with
 * @type in the bits of @mask; @vector is #GP, or #TS when a TSS holds the selector
 */
int x86_read_system(struct x86_emulate_ctxt *ctxt, u16 selector, u8 mask, u8 type, u8 vector,
		    struct x86_desc *desc)
{
	int rc = selector & SELECTOR_TI ? x86_fault_sel(ctxt, vector, selector) :
					  x86_desc_read(ctxt, selector, desc, vector);

	return rc ?: x86_desc_check(ctxt, selector, desc,
				    !desc->s && (desc->type & mask) == type &&
				    (!x86_lma(ctxt) || x86_canonical(ctxt, x86_desc_base(desc))),
				    vector, NP_VECTOR_NR);
}

/*
 * x86_desc_check - the last checks: @vector unless @ok says that all others were passed, @absent
 * (#NP or, for SS, #SS) when it is not present
 */
int x86_desc_check(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *desc,
		   bool ok, u8 vector, u8 absent)
{
	if (ok && desc->present)
		return X86EMUL_CONTINUE;
	return x86_fault_sel(ctxt, ok ? absent : vector, selector);
}

/*
 * x86_desc_set_type - set and clear the accessed (1) or busy (2) bit of a descriptor in memory. One
 * byte is written, which is atomic by itself, and only when it changes: the table may be read-only
 * otherwise
 */
int x86_desc_set_type(struct x86_emulate_ctxt *ctxt, struct x86_desc *desc, u8 set, u8 clear)
{
	u8 type = (desc->type | set) & ~clear, byte;

	if (type == desc->type)
		return X86EMUL_CONTINUE;
	desc->type = type;
	byte = desc->low >> 40;
	return emul_write_std(ctxt, desc->linear + 5, &byte, 1,
			      X86EMUL_ACC_WRITE | X86EMUL_ACC_SYSTEM);
}

/** x86_desc_limit - in bytes */
u32 x86_desc_limit(const struct x86_desc *desc)
{
	u32 limit = (desc->low & 0xffff) | (desc->low >> 32 & 0xf0000);

	return desc->g ? limit << 12 | 0xfff : limit;
}

/** x86_desc_base - 64 bits of it where the descriptor has sixteen bytes */
u64 x86_desc_base(const struct x86_desc *desc)
{
	return (desc->low >> 16 & 0xffffff) | (desc->low >> 32 & 0xff000000) | desc->high << 32;
}

/** x86_tss_read - read the current TSS at an offset; past its limit #TS of it, or #GP(0) */
int x86_tss_read(struct x86_emulate_ctxt *ctxt, unsigned int at, void *val, unsigned int bytes,
		 u8 vector)
{
	const struct kvm_segment *tr = x86_segment(ctxt, X86_SREG_TR);

	if (at + bytes - 1 > tr->limit)
		return x86_fault_sel(ctxt, vector, vector == TS_VECTOR_NR ? tr->selector : 0);
	return emul_read_std(ctxt, tr->base + at, val, bytes, X86EMUL_ACC_SYSTEM);
}

/* --- Staging --------------------------------------------------------- */

/** x86_stage - load a segment register with all of @seg */
void x86_stage(struct x86_emulate_ctxt *ctxt, unsigned int sreg, const struct kvm_segment *seg)
{
	ctxt->segs[sreg] = *seg;
	ctxt->segs_valid |= 1u << sreg;
	ctxt->segs_dirty |= 1u << sreg;
}

/** x86_stage_segment - load a segment register from a descriptor that has been checked */
void x86_stage_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		       const struct x86_desc *desc)
{
	x86_stage(ctxt, sreg, &(struct kvm_segment){
		.base = x86_desc_base(desc),
		.limit = x86_desc_limit(desc),
		.selector = selector,
		.type = desc->type,
		.present = desc->present,
		.dpl = desc->dpl,
		.db = desc->ld >> 1,
		.s = desc->s,
		.l = desc->ld & 1,
		.g = desc->g,
		.avl = desc->avl,
	});
}

/** x86_stage_null - load a null selector; a null SS of 64-bit mode keeps CPL as DPL (SDM 5.8.1) */
void x86_stage_null(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector)
{
	x86_stage(ctxt, sreg, &(struct kvm_segment){
		.selector = selector,
		.dpl = sreg == X86_SREG_SS ? selector & 3 : 0,
		.unusable = 1,
	});
}

/** x86_stage_vm86 - a segment as entering virtual-8086 mode loads it (SDM 20.2.2) */
void x86_stage_vm86(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector)
{
	x86_stage(ctxt, sreg, &(struct kvm_segment){
		.base = (u32)selector << 4, .limit = 0xffff, .selector = selector,
		.type = 3, .present = 1, .dpl = 3, .s = 1,
	});
}

/** x86_access_segment - all checks done: set the accessed bit and stage ES to GS */
int x86_access_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		       struct x86_desc *desc)
{
	int rc = x86_desc_set_type(ctxt, desc, 1, 0);

	if (!rc)
		x86_stage_segment(ctxt, sreg, selector, desc);
	return rc;
}

/* --- Data and stack --------------------------------------------------- */

/*
 * x86_load_ss - check and stage SS for level @cpl; null below CPL 3 for 64-bit mode, @to_long (SDM
 * 5.7); @vector is #GP, or #TS when a TSS holds the selector
 */
int x86_load_ss(struct x86_emulate_ctxt *ctxt, u16 selector, unsigned int cpl, bool to_long,
		u8 vector)
{
	struct x86_desc desc;

	if (to_long && cpl < 3 && selector == cpl) {
		x86_stage_null(ctxt, X86_SREG_SS, selector);
		return X86EMUL_CONTINUE;
	}
	/* Writable data: type bits 3 and 1. */
	return x86_desc_read(ctxt, selector, &desc, vector) ?:
	       x86_desc_check(ctxt, selector, &desc, (selector & 3) == cpl && desc.s &&
			      (desc.type & 0xa) == 2 && desc.dpl == cpl, vector, SS_VECTOR_NR) ?:
	       x86_access_segment(ctxt, X86_SREG_SS, selector, &desc);
}

/** x86_load_data - check and stage ES, DS, FS or GS for level @cpl; @vector as above */
int x86_load_data(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		  unsigned int cpl, u8 vector)
{
	struct x86_desc desc;
	bool ok;
	int rc;

	if (x86_sel_null(selector)) {
		x86_stage_null(ctxt, sreg, selector);
		return X86EMUL_CONTINUE;
	}
	rc = x86_desc_read(ctxt, selector, &desc, vector);
	if (rc)
		return rc;
	/* Data, or readable code; conforming code can be read from any level. */
	ok = desc.s && (desc.type & 0xa) != 8 &&
	     ((desc.type & 0xc) == 0xc || max_t(unsigned int, selector & 3, cpl) <= desc.dpl);
	return x86_desc_check(ctxt, selector, &desc, ok, vector, NP_VECTOR_NR) ?:
	       x86_access_segment(ctxt, sreg, selector, &desc);
}

/** x86_load_sreg - MOV, POP, LDS and the like to a segment register other than CS (SDM 2B MOV) */
int x86_load_sreg(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector)
{
	unsigned int cpl;

	if (x86_is_real(ctxt)) {
		x86_load_sreg_real(ctxt, sreg, selector);
		return X86EMUL_CONTINUE;
	}
	cpl = emul_cpl(ctxt);
	if (sreg == X86_SREG_SS)
		return x86_load_ss(ctxt, selector, cpl, x86_is_long(ctxt), GP_VECTOR_NR);
	return x86_load_data(ctxt, sreg, selector, cpl, GP_VECTOR_NR);
}

/** x86_drop_data - null the data segments that level @cpl may not use (SDM 2B RET); 4: all */
void x86_drop_data(struct x86_emulate_ctxt *ctxt, unsigned int cpl)
{
	unsigned int sreg;

	for (sreg = X86_SREG_ES; sreg <= X86_SREG_GS; sreg++) {
		const struct kvm_segment *seg = x86_segment(ctxt, sreg);

		if (sreg != X86_SREG_CS && sreg != X86_SREG_SS && !seg->unusable &&
		    (seg->type & 0xc) != 0xc && seg->dpl < cpl)
			x86_stage_null(ctxt, sreg, 0);
	}
}

/* --- Code ------------------------------------------------------------ */

/*
 * x86_check_code - may control go to this code segment, to run at level @cpl? A nonconforming one
 * must have that level, a conforming one it or an inner one (SDM 5.8.1). L and D together are
 * reserved in long mode
 */
int x86_check_code(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *desc,
		   unsigned int cpl, u8 vector)
{
	unsigned int dpl = desc->dpl;

	return x86_desc_check(ctxt, selector, desc, x86_desc_is_code(desc) &&
			      (x86_desc_conforming(desc) ? dpl <= cpl : dpl == cpl) &&
			      (desc->ld != 3 || !x86_lma(ctxt)), vector, NP_VECTOR_NR);
}

/** x86_code_mode - how the CPU decodes in this code segment */
enum x86_mode x86_code_mode(struct x86_emulate_ctxt *ctxt, const struct x86_desc *desc)
{
	return x86_emulate_mode(true, false, x86_lma(ctxt), desc->ld & 1, desc->ld >> 1);
}

/*
 * x86_enter_code - stage CS, after x86_check_code(), with @cpl as RPL, and go to @offset: #GP(0)
 * when that is past the limit or not canonical
 */
int x86_enter_code(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *desc,
		   unsigned int cpl, u64 offset)
{
	bool to_long = x86_code_mode(ctxt, desc) == X86_MODE_LONG;

	if (to_long ? !x86_canonical(ctxt, offset) : (u32)offset > x86_desc_limit(desc))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, 0);
	ctxt->next_eip = to_long ? offset : (u32)offset;
	return x86_access_segment(ctxt, X86_SREG_CS, (selector & ~3) | cpl, desc);
}

/* --- Gates ----------------------------------------------------------- */

/** x86_gate_bytes - size of what goes onto the stack for a gate */
unsigned int x86_gate_bytes(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate)
{
	if (x86_lma(ctxt))
		return 8;
	return gate->type & 8 ? 4 : 2;
}

/*
 * x86_gate_code - the code that a call, interrupt or trap gate leads to, and its level (SDM 5.8.3,
 * 6.12.1), which may be @inner. Long mode has 64-bit code only behind gates (SDM 5.8.3.1), vm86
 * level 0 only
 */
int x86_gate_code(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate, bool inner,
		  struct x86_desc *code, unsigned int *cpl)
{
	unsigned int now = emul_cpl(ctxt);
	u16 selector = gate->low >> 16;
	int rc = x86_desc_read(ctxt, selector, code, GP_VECTOR_NR);

	if (rc)
		return rc;
	*cpl = x86_desc_conforming(code) ? now : code->dpl;
	return x86_desc_check(ctxt, selector, code, x86_desc_is_code(code) && code->dpl <= now &&
			      (inner || *cpl == now) && (code->ld == 1 || !x86_lma(ctxt)) &&
			      (!*cpl || ctxt->mode != X86_MODE_VM86), GP_VECTOR_NR, NP_VECTOR_NR);
}

/* 64-bit TSS: RSP0 to RSP2 at 4, IST1 to IST7 at 36; SS is null (SDM 7.7). */
static int long_inner_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl, unsigned int ist)
{
	u64 rsp = 0;
	int rc = x86_tss_read(ctxt, ist ? 28 + 8 * ist : 4 + 8 * cpl, &rsp, 8, TS_VECTOR_NR);

	if (!rc && !x86_canonical(ctxt, rsp))
		rc = x86_fault_sel(ctxt, SS_VECTOR_NR, 0);
	if (rc)
		return rc;
	if (cpl != emul_cpl(ctxt))
		x86_stage_null(ctxt, X86_SREG_SS, cpl);
	x86_gpr_write(ctxt, X86_RSP, rsp, 8);
	return X86EMUL_CONTINUE;
}

/* The stack that the TSS has for a level. Its types 1 and 3 have 16 bits (SDM 7.2.1, 7.6). */
static int inner_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl)
{
	unsigned int bytes = x86_segment(ctxt, X86_SREG_TR)->type & 8 ? 4 : 2;
	unsigned int at = bytes + 2 * bytes * cpl;
	u32 esp = 0;
	u16 ss = 0;
	int rc = x86_tss_read(ctxt, at, &esp, bytes, TS_VECTOR_NR) ?:
		 x86_tss_read(ctxt, at + bytes, &ss, 2, TS_VECTOR_NR) ?:
		 x86_load_ss(ctxt, ss, cpl, false, TS_VECTOR_NR);

	if (!rc)
		x86_gpr_write(ctxt, X86_RSP, esp, 4);
	return rc;
}

/*
 * x86_enter_gate - push a frame as the code behind a gate wants it, and go there: in that code's
 * mode, on the stack of level @cpl when it is another, or on interrupt stack @ist; @align: of the
 * frame in long mode
 */
int x86_enter_gate(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate,
		   struct x86_desc *code, unsigned int cpl, unsigned int ist, unsigned int align,
		   const u64 *frame, unsigned int n)
{
	unsigned int bytes = x86_gate_bytes(ctxt, gate);
	u64 offset = gate->low & 0xffff;
	int rc = X86EMUL_CONTINUE;

	/* Gates of 16 bits have half of it. */
	if (gate->type & 8)
		offset |= (gate->low >> 32 & 0xffff0000) | gate->high << 32;
	if (bytes == 8)
		ctxt->mode = X86_MODE_LONG;
	else if (ctxt->mode == X86_MODE_VM86)
		ctxt->mode = X86_MODE_PROT32;
	if (ist || cpl != emul_cpl(ctxt))
		rc = bytes == 8 ? long_inner_stack(ctxt, cpl, ist) : inner_stack(ctxt, cpl);
	if (!rc && bytes == 8)
		x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RSP) & -(u64)align, 8);
	/* To an inner level's stack with that level's rights. */
	return rc ?: x86_push_frame(ctxt, frame, n, bytes,
				    cpl < emul_cpl(ctxt) ? X86EMUL_ACC_SYSTEM : 0) ?:
		     x86_enter_code(ctxt, gate->low >> 16, code, cpl, offset);
}

/* --- Instructions ----------------------------------------------------- */

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
