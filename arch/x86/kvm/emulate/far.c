// SPDX-License-Identifier: GPL-2.0-only
/*
 * Far transfers: JMP, CALL and RET in every mode, through code segments, call
 * gates and, by task.c, tasks (SDM 5.8, 6.14; 2A JMP, CALL; 2B RET). Called by
 * emulate.c with the vCPU mutex held.
 */
#include "internal.h"

/* --- Stacks ---------------------------------------------------------- */

static int tss_read(struct x86_emulate_ctxt *ctxt, unsigned int at, void *val, unsigned int bytes)
{
	const struct kvm_segment *tr = x86_segment(ctxt, X86_SREG_TR);

	if (at + bytes - 1 > tr->limit)
		return x86_fault_sel(ctxt, TS_VECTOR_NR, tr->selector);
	return emul_read_std(ctxt, tr->base + at, val, bytes, X86EMUL_ACC_SYSTEM);
}

/* 64-bit TSS: RSP0 to RSP2 at 4, IST1 to IST7 at 36; SS is null (SDM 7.7). */
static int long_inner_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl, unsigned int ist)
{
	u64 rsp = 0;
	int rc = tss_read(ctxt, ist ? 28 + 8 * ist : 4 + 8 * cpl, &rsp, 8);

	if (!rc && !x86_canonical(ctxt, rsp))
		rc = x86_fault_sel(ctxt, SS_VECTOR_NR, 0);
	if (rc)
		return rc;
	if (cpl != emul_cpl(ctxt))
		x86_stage_null(ctxt, X86_SREG_SS, cpl);
	x86_gpr_write(ctxt, X86_RSP, rsp, 8);
	return X86EMUL_CONTINUE;
}

/**
 * x86_inner_stack - switch to the stack that the TSS has for an inner level
 * @ctxt: emulator
 * @cpl: that level
 * @to_long: the code there is 64-bit
 * @ist: 64-bit interrupt gates: 1 to 7 for an interrupt stack, else 0
 *
 * TSS types 1 and 3 have 16 bits, the others 32 (SDM 7.2.1, 7.6).
 */
int x86_inner_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl, bool to_long,
		    unsigned int ist)
{
	bool small = !(x86_segment(ctxt, X86_SREG_TR)->type & 8);
	u32 esp = 0;
	u16 ss = 0;
	int rc;

	if (to_long)
		return long_inner_stack(ctxt, cpl, ist);
	rc = tss_read(ctxt, small ? 2 + 4 * cpl : 4 + 8 * cpl, &esp, small ? 2 : 4) ?:
	     tss_read(ctxt, small ? 4 + 4 * cpl : 8 + 8 * cpl, &ss, 2) ?:
	     x86_load_ss(ctxt, ss, cpl, false, TS_VECTOR_NR);
	if (!rc)
		x86_gpr_write(ctxt, X86_RSP, esp, 4);
	return rc;
}

/* --- JMP and CALL ----------------------------------------------------- */

static int push_return(struct x86_emulate_ctxt *ctxt, u16 cs, u64 back, unsigned int bytes)
{
	u64 frame[2] = { cs, back };

	return x86_push_frame(ctxt, frame, 2, bytes, 0);
}

static int gate_target(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *gate,
		       struct x86_desc *code, u16 *target)
{
	unsigned int cpl = emul_cpl(ctxt);
	int rc;

	if (gate->dpl < max_t(unsigned int, cpl, selector & 3))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	if (!gate->present)
		return x86_fault_sel(ctxt, NP_VECTOR_NR, selector);
	*target = gate->low >> 16;
	if (x86_sel_null(*target))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, 0);
	rc = x86_desc_read(ctxt, *target, code, GP_VECTOR_NR);
	/* A call gate of long mode leads to 64-bit code only (SDM 5.8.3.1). */
	if (!rc && (!x86_desc_is_code(code) || (x86_lma(ctxt) && code->ld != 1)))
		rc = x86_fault_sel(ctxt, GP_VECTOR_NR, *target);
	return rc;
}

static bool is_call_gate(struct x86_emulate_ctxt *ctxt, const struct x86_desc *desc)
{
	u8 type = desc->type;

	return !desc->s && (type == DESC_CALL_GATE32 ||
				     (type == DESC_CALL_GATE16 && !x86_lma(ctxt)));
}

/* The parameters of the old stack follow its pointer onto the new one (SDM 5.8.5). */
static int call_inner(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate, u16 target,
		      struct x86_desc *code)
{
	unsigned int cpl = code->dpl, n = 0, i, width = x86_stack_bytes(ctxt);
	unsigned int bytes = x86_gate_bytes(ctxt, gate);
	unsigned int params = bytes == 8 ? 0 : gate->low >> 32 & 0x1f;
	u64 sp = x86_gpr_read(ctxt, X86_RSP), frame[4 + 31] = {};
	int rc = X86EMUL_CONTINUE;

	if (!code->present)
		return x86_fault_sel(ctxt, NP_VECTOR_NR, target);
	frame[n++] = x86_segment(ctxt, X86_SREG_SS)->selector;
	frame[n++] = sp & x86_mask(bytes);
	for (i = params; !rc && i--;)
		rc = x86_mem_read(ctxt, X86_SREG_SS, (sp + i * bytes) & x86_mask(width),
				  &frame[n++], bytes, 0);
	frame[n++] = x86_segment(ctxt, X86_SREG_CS)->selector;
	frame[n++] = ctxt->next_eip;

	rc = rc ?: x86_inner_stack(ctxt, cpl, bytes == 8, 0);
	if (rc)
		return rc;
	if (bytes == 8)
		ctxt->mode = X86_MODE_LONG;
	return x86_push_frame(ctxt, frame, n, bytes, X86EMUL_ACC_SYSTEM) ?:
	       x86_enter_code(ctxt, target, code, cpl, x86_gate_offset(gate));
}

static int through_gate(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *gate,
			bool call)
{
	unsigned int cpl = emul_cpl(ctxt), bytes = x86_gate_bytes(ctxt, gate);
	u16 target = 0, cs = x86_segment(ctxt, X86_SREG_CS)->selector;
	u64 back = ctxt->next_eip;
	struct x86_desc code;
	int rc = gate_target(ctxt, selector, gate, &code, &target);

	if (rc)
		return rc;
	if (call && !x86_desc_conforming(&code) && code.dpl < cpl)
		return call_inner(ctxt, gate, target, &code);
	rc = x86_check_code(ctxt, target, &code, cpl, GP_VECTOR_NR) ?:
	     x86_enter_code(ctxt, target, &code, cpl, x86_gate_offset(gate));
	if (rc || !call)
		return rc;
	if (bytes == 8)
		ctxt->mode = X86_MODE_LONG;
	return push_return(ctxt, cs, back, bytes);
}

static int real_transfer(struct x86_emulate_ctxt *ctxt, u16 selector, u64 offset, bool call)
{
	u16 cs = x86_segment(ctxt, X86_SREG_CS)->selector;
	u64 back = ctxt->next_eip;
	int rc = x86_jump(ctxt, offset);

	if (!rc && call)
		rc = push_return(ctxt, cs, back, ctxt->d.op_bytes);
	if (!rc)
		x86_load_sreg_real(ctxt, X86_SREG_CS, selector);
	return rc;
}

/* RPL counts where the segment does not conform. */
static int direct_transfer(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *desc,
			   u64 offset, bool call)
{
	u16 cs = x86_segment(ctxt, X86_SREG_CS)->selector;
	unsigned int cpl = emul_cpl(ctxt);
	u64 back = ctxt->next_eip;
	int rc;

	if (x86_desc_is_code(desc) && !x86_desc_conforming(desc) && (selector & 3) > cpl)
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	rc = x86_check_code(ctxt, selector, desc, cpl, GP_VECTOR_NR) ?:
	     x86_enter_code(ctxt, selector, desc, cpl, offset);
	if (!rc && call)
		rc = push_return(ctxt, cs, back, ctxt->d.op_bytes);
	return rc;
}

static int transfer(struct x86_emulate_ctxt *ctxt, u16 selector, u64 offset)
{
	bool call = ctxt->d.op->arg;
	struct x86_desc desc;
	int rc;

	if (x86_is_real(ctxt))
		return real_transfer(ctxt, selector, offset, call);
	if (x86_sel_null(selector))
		return x86_fault_gp(ctxt, 0);
	rc = x86_desc_read(ctxt, selector, &desc, GP_VECTOR_NR);
	if (rc)
		return rc;
	if (is_call_gate(ctxt, &desc))
		return through_gate(ctxt, selector, &desc, call);
	if (!desc.s)
		return x86_task_far(ctxt, selector, &desc, call ? X86_TASK_CALL : X86_TASK_JMP);
	return direct_transfer(ctxt, selector, &desc, offset, call);
}

/* The row's argument tells CALL from JMP. */
int em_far(struct x86_emulate_ctxt *ctxt)
{
	return transfer(ctxt, ctxt->d.imm2, ctxt->d.imm);
}

/**
 * x86_read_far_pointer - m16:16, m16:32 or m16:64: the offset, then the selector
 * @ctxt: emulator
 * @selector: result
 * @offset: result
 *
 * A register operand is #UD.
 */
int x86_read_far_pointer(struct x86_emulate_ctxt *ctxt, u16 *selector, u64 *offset)
{
	unsigned int bytes = ctxt->d.op_bytes;
	u8 ptr[10] = {};
	int rc;

	if (ctxt->src.type != X86_OPERAND_MEM)
		return x86_fault_ud(ctxt);
	rc = x86_mem_read(ctxt, ctxt->src.seg, ctxt->src.ea, ptr, bytes + 2, 0);
	*offset = 0;
	memcpy(offset, ptr, bytes);
	memcpy(selector, ptr + bytes, 2);
	return rc;
}

int em_far_mem(struct x86_emulate_ctxt *ctxt)
{
	u16 selector;
	u64 offset;

	return x86_read_far_pointer(ctxt, &selector, &offset) ?: transfer(ctxt, selector, offset);
}

/* --- RET ------------------------------------------------------------- */

/**
 * x86_return_code - check and enter the code segment of a RET or IRET
 * @ctxt: emulator
 * @selector: popped; its RPL is the level returned to
 * @offset: popped
 * @mode: how code there is decoded
 *
 * Never to an inner level (SDM 5.8.6).
 */
int x86_return_code(struct x86_emulate_ctxt *ctxt, u16 selector, u64 offset, enum x86_mode *mode)
{
	unsigned int rpl = selector & 3;
	struct x86_desc desc;
	int rc;

	if (x86_sel_null(selector))
		return x86_fault_gp(ctxt, 0);
	rc = x86_desc_read(ctxt, selector, &desc, GP_VECTOR_NR);
	if (!rc && rpl < emul_cpl(ctxt))
		rc = x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	rc = rc ?: x86_check_code(ctxt, selector, &desc, rpl, GP_VECTOR_NR);
	if (rc)
		return rc;
	*mode = x86_code_mode(ctxt, &desc);
	return x86_enter_code(ctxt, selector, &desc, rpl, offset);
}

/**
 * x86_return_stack - pop and load the outer stack of a RET or IRET
 * @ctxt: emulator; RSP is at the pointer
 * @cpl: the level returned to
 * @mode: decoding mode there
 * @extra: bytes that RET n releases there too
 */
int x86_return_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl, enum x86_mode mode,
		     unsigned int extra)
{
	unsigned int bytes = ctxt->d.op_bytes, width = 8;
	u64 sp, ss;
	int rc = x86_pop(ctxt, &sp, bytes) ?: x86_pop(ctxt, &ss, bytes) ?:
		 x86_load_ss(ctxt, ss, cpl, mode == X86_MODE_LONG, GP_VECTOR_NR);

	if (rc)
		return rc;
	if (mode != X86_MODE_LONG)
		width = ctxt->segs[X86_SREG_SS].db ? 4 : 2;
	x86_gpr_write(ctxt, X86_RSP, sp + extra, width);
	return X86EMUL_CONTINUE;
}

int em_ret_far(struct x86_emulate_ctxt *ctxt)
{
	unsigned int extra = ctxt->src.type == X86_OPERAND_IMM ? ctxt->d.imm : 0;
	unsigned int width = x86_stack_bytes(ctxt);
	enum x86_mode mode = ctxt->mode;
	u64 offset, selector;
	int rc = x86_pop(ctxt, &offset, ctxt->d.op_bytes) ?:
		 x86_pop(ctxt, &selector, ctxt->d.op_bytes);

	if (!rc)
		rc = x86_is_real(ctxt) ? real_transfer(ctxt, selector, offset, false) :
					 x86_return_code(ctxt, selector, offset, &mode);
	if (rc)
		return rc;
	x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RSP) + extra, width);
	if (x86_is_real(ctxt) || (selector & 3) == emul_cpl(ctxt))
		return X86EMUL_CONTINUE;
	rc = x86_return_stack(ctxt, selector & 3, mode, extra);
	if (!rc)
		x86_drop_data(ctxt, selector & 3);
	return rc;
}
