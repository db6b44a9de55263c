// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of the GDT and the LDT, and what may be loaded into a segment
 * register (SDM 3.4.5, 5.5 to 5.8). A segment is staged in the context and the
 * vCPU sees it when the instruction succeeds; only the accessed and busy bits go
 * to memory at once. Called by the files beside it, with the vCPU mutex held.
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
	return emul_get_msr(ctxt, MSR_EFER_NR, &efer) == X86EMUL_CONTINUE &&
	       (efer & EFER_LMA_BIT);
}

/**
 * x86_fault_sel - a fault whose error code names a selector (SDM 6.13)
 * @ctxt: emulator; ctxt->ext is the EXT bit
 * @vector: #TS, #NP, #SS or #GP
 * @selector: its RPL is dropped
 */
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

/**
 * x86_desc_read - read the descriptor that a selector names
 * @ctxt: emulator
 * @selector: not null; its RPL does not matter
 * @desc: result
 * @vector: #GP or #TS, when it is outside its table
 *
 * In long mode a system descriptor has sixteen bytes (SDM 3.5.2).
 */
int x86_desc_read(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *desc, u8 vector)
{
	struct x86_desc_ptr dt;
	u32 at = selector & ~7u;
	int rc;

	if (table_of(ctxt, selector, &dt) || at + 7 > dt.limit)
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

/**
 * x86_desc_set_type - set bits of a descriptor's type in memory
 * @ctxt: emulator
 * @desc: descriptor
 * @set: accessed (1) or busy (2)
 * @clear: likewise
 *
 * One byte is written, which is atomic by itself, and only when it changes: the
 * table may be read-only otherwise.
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

/** x86_gate_offset - of an interrupt, trap or call gate; those of 16 bits have half of it */
u64 x86_gate_offset(const struct x86_desc *gate)
{
	u64 offset = gate->low & 0xffff;

	if (gate->type & 8)
		offset |= (gate->low >> 32 & 0xffff0000) | gate->high << 32;
	return offset;
}

/** x86_gate_bytes - size of what goes onto the stack for a gate */
unsigned int x86_gate_bytes(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate)
{
	if (x86_lma(ctxt))
		return 8;
	return gate->type & 8 ? 4 : 2;
}

/* --- Staging --------------------------------------------------------- */

/**
 * x86_stage - load a segment register
 * @ctxt: emulator
 * @sreg: X86_SREG_*
 * @seg: all of it
 */
void x86_stage(struct x86_emulate_ctxt *ctxt, unsigned int sreg, const struct kvm_segment *seg)
{
	ctxt->segs[sreg] = *seg;
	ctxt->segs_valid |= 1u << sreg;
	ctxt->segs_dirty |= 1u << sreg;
}

/**
 * x86_stage_segment - load a segment register from a descriptor that has been checked
 * @ctxt: emulator
 * @sreg: X86_SREG_*
 * @selector: as the register will show it
 * @desc: descriptor
 */
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

/**
 * x86_stage_null - load a null selector
 * @ctxt: emulator
 * @sreg: X86_SREG_*
 * @selector: 0 to 3
 *
 * A null SS of 64-bit mode keeps CPL as its DPL (SDM 5.8.1).
 */
void x86_stage_null(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector)
{
	x86_stage(ctxt, sreg, &(struct kvm_segment){
		.selector = selector,
		.dpl = sreg == X86_SREG_SS ? selector & 3 : 0,
		.unusable = 1,
	});
}

/**
 * x86_stage_vm86 - a segment as entering virtual-8086 mode loads it (SDM 20.2.2)
 * @ctxt: emulator
 * @sreg: X86_SREG_ES to X86_SREG_GS
 * @selector: base divided by 16
 */
void x86_stage_vm86(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector)
{
	x86_stage(ctxt, sreg, &(struct kvm_segment){
		.base = (u32)selector << 4, .limit = 0xffff, .selector = selector,
		.type = 3, .present = 1, .dpl = 3, .s = 1,
	});
}

/** x86_commit_segments - give the vCPU what was staged */
void x86_commit_segments(struct x86_emulate_ctxt *ctxt)
{
	unsigned int sreg;

	for (sreg = 0; ctxt->segs_dirty >> sreg; sreg++) {
		if (ctxt->segs_dirty & 1u << sreg)
			emul_set_segment(ctxt, sreg, &ctxt->segs[sreg]);
	}
	ctxt->segs_dirty = 0;
}

/**
 * x86_access_segment - set the descriptor's accessed bit and stage the segment
 * @ctxt: emulator
 * @sreg: ES to GS
 * @selector: as the register will show it
 * @desc: descriptor, all of its checks done
 */
int x86_access_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		       struct x86_desc *desc)
{
	int rc = x86_desc_set_type(ctxt, desc, 1, 0);

	if (!rc)
		x86_stage_segment(ctxt, sreg, selector, desc);
	return rc;
}

/* --- Checks ---------------------------------------------------------- */

/**
 * x86_load_ss - check and stage SS for a privilege level
 * @ctxt: emulator
 * @selector: new SS
 * @cpl: the level it must match
 * @to_long: it is for 64-bit mode, where it may be null below CPL 3 (SDM 5.7)
 * @vector: #GP, or #TS when a TSS holds it
 */
int x86_load_ss(struct x86_emulate_ctxt *ctxt, u16 selector, unsigned int cpl, bool to_long,
		u8 vector)
{
	struct x86_desc desc;
	int rc;

	if (x86_sel_null(selector)) {
		if (!to_long || cpl == 3 || selector != cpl)
			return x86_fault_sel(ctxt, vector, 0);
		x86_stage_null(ctxt, X86_SREG_SS, selector);
		return X86EMUL_CONTINUE;
	}
	rc = x86_desc_read(ctxt, selector, &desc, vector);
	if (rc)
		return rc;
	/* Writable data: type bits 3 and 1. */
	if ((selector & 3) != cpl || !desc.s || (desc.type & 0xa) != 2 ||
	    desc.dpl != cpl)
		return x86_fault_sel(ctxt, vector, selector);
	if (!desc.present)
		return x86_fault_sel(ctxt, SS_VECTOR_NR, selector);
	return x86_access_segment(ctxt, X86_SREG_SS, selector, &desc);
}

/**
 * x86_load_data - check and stage ES, DS, FS or GS
 * @ctxt: emulator
 * @sreg: which
 * @selector: its new value
 * @cpl: the privilege level it is for
 * @vector: #GP, or #TS when a TSS holds it
 */
int x86_load_data(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		  unsigned int cpl, u8 vector)
{
	struct x86_desc desc;
	u8 type;
	int rc;

	if (x86_sel_null(selector)) {
		x86_stage_null(ctxt, sreg, selector);
		return X86EMUL_CONTINUE;
	}
	rc = x86_desc_read(ctxt, selector, &desc, vector);
	if (rc)
		return rc;
	type = desc.type;
	if (!desc.s || (type & 0xa) == 8)
		return x86_fault_sel(ctxt, vector, selector);
	/* Conforming code can be read from any level. */
	if ((type & 0xc) != 0xc && max_t(unsigned int, selector & 3, cpl) > desc.dpl)
		return x86_fault_sel(ctxt, vector, selector);
	if (!desc.present)
		return x86_fault_sel(ctxt, NP_VECTOR_NR, selector);
	return x86_access_segment(ctxt, sreg, selector, &desc);
}

/**
 * x86_load_sreg - MOV, POP, LDS and the like to a segment register (SDM 2B MOV)
 * @ctxt: emulator
 * @sreg: not CS
 * @selector: new value
 */
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

/**
 * x86_drop_data - null the data segments that an outer level may not use (SDM 2B RET)
 * @ctxt: emulator
 * @cpl: the level returned to
 */
void x86_drop_data(struct x86_emulate_ctxt *ctxt, unsigned int cpl)
{
	static const u8 sregs[] = { X86_SREG_ES, X86_SREG_DS, X86_SREG_FS, X86_SREG_GS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sregs); i++) {
		const struct kvm_segment *seg = x86_segment(ctxt, sregs[i]);

		if (!seg->unusable && (seg->type & 0xc) != 0xc && seg->dpl < cpl)
			x86_stage_null(ctxt, sregs[i], 0);
	}
}

/* --- Code ------------------------------------------------------------ */

/**
 * x86_check_code - may control go to this code segment at this level
 * @ctxt: emulator
 * @selector: its selector
 * @desc: its descriptor
 * @cpl: the level the code will run at
 * @vector: #GP, or #TS when a TSS holds it
 *
 * A nonconforming segment must have that level, a conforming one it or an inner
 * one (SDM 5.8.1). L and D together are reserved in long mode.
 *
 * Return: @vector or #NP, with the selector.
 */
int x86_check_code(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *desc,
		   unsigned int cpl, u8 vector)
{
	unsigned int dpl = desc->dpl;

	if (!x86_desc_is_code(desc) || (x86_desc_conforming(desc) ? dpl > cpl : dpl != cpl) ||
	    (desc->ld == 3 && x86_lma(ctxt)))
		return x86_fault_sel(ctxt, vector, selector);
	if (!desc->present)
		return x86_fault_sel(ctxt, NP_VECTOR_NR, selector);
	return X86EMUL_CONTINUE;
}

/** x86_code_mode - how the CPU decodes in this code segment */
enum x86_mode x86_code_mode(struct x86_emulate_ctxt *ctxt, const struct x86_desc *desc)
{
	return x86_emulate_mode(true, false, x86_lma(ctxt), desc->ld & 1,
				desc->ld >> 1);
}

/**
 * x86_enter_code - stage CS and go there
 * @ctxt: emulator
 * @selector: its RPL is replaced by @cpl
 * @desc: descriptor, after x86_check_code()
 * @cpl: new level
 * @offset: #GP(0) when it is past the limit or not canonical
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
