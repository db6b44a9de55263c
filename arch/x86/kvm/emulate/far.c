// SPDX-License-Identifier: GPL-2.0-only
/*
 * Far transfers: JMP, CALL and RET in every mode, through code segments, call
 * gates and, by task.c, tasks (SDM 5.8, 6.14; 2A JMP, CALL; 2B RET). Called by
 * emulate.c with the vCPU mutex held.
 */
#include "internal.h"

/* --- Stacks ---------------------------------------------------------- */

/**
 * x86_push_frame - push several values, the first one first
 * @ctxt: emulator; SS and RSP are those of the stack
 * @vals: values
 * @n: how many
 * @bytes: size of each
 * @access: X86EMUL_ACC_SYSTEM for the stack of an inner level
 *
 * A fault half-way has written below the stack pointer, as CPUs do, and moved
 * nothing.
 */
int x86_push_frame(struct x86_emulate_ctxt *ctxt, const u64 *vals, unsigned int n,
		   unsigned int bytes, u32 access)
{
	unsigned int width = x86_stack_bytes(ctxt), i;
	u64 sp = x86_gpr_read(ctxt, X86_RSP), linear;
	int rc;

	for (i = 0; i < n; i++) {
		sp = (sp - bytes) & x86_mask(width);
		rc = x86_linearize(ctxt, X86_SREG_SS, sp, bytes, true, &linear);
		if (rc == X86EMUL_CONTINUE)
			rc = ctxt->ops->write_std(ctxt, linear, &vals[i], bytes,
						  access | X86EMUL_ACC_WRITE);
		if (rc != X86EMUL_CONTINUE)
			return rc;
	}
	x86_gpr_write(ctxt, X86_RSP, sp, width);
	return X86EMUL_CONTINUE;
}

static int tss_read(struct x86_emulate_ctxt *ctxt, unsigned int at, void *val, unsigned int bytes)
{
	const struct kvm_segment *tr = x86_segment(ctxt, X86_SREG_TR);

	if (at + bytes - 1 > tr->limit)
		return x86_fault_sel(ctxt, TS_VECTOR_NR, tr->selector);
	return ctxt->ops->read_std(ctxt, tr->base + at, val, bytes, X86EMUL_ACC_SYSTEM);
}

/* 64-bit TSS: RSP0 to RSP2 at 4, IST1 to IST7 at 36; SS is null (SDM 7.7). */
static int long_inner_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl, unsigned int ist)
{
	u64 rsp = 0;
	int rc = tss_read(ctxt, ist ? 28 + 8 * ist : 4 + 8 * cpl, &rsp, 8);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (!x86_canonical(ctxt, rsp))
		return x86_fault_sel(ctxt, SS_VECTOR_NR, 0);
	if (cpl != ctxt->ops->cpl(ctxt))
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
	rc = tss_read(ctxt, small ? 2 + 4 * cpl : 4 + 8 * cpl, &esp, small ? 2 : 4);
	if (rc == X86EMUL_CONTINUE)
		rc = tss_read(ctxt, small ? 4 + 4 * cpl : 8 + 8 * cpl, &ss, 2);
	if (rc == X86EMUL_CONTINUE)
		rc = x86_load_ss(ctxt, ss, cpl, false, TS_VECTOR_NR);
	if (rc == X86EMUL_CONTINUE)
		x86_gpr_write(ctxt, X86_RSP, esp, 4);
	return rc;
}

/* --- JMP ------------------------------------------------------------- */

static int gate_target(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *gate,
		       struct x86_desc *code, u16 *target)
{
	unsigned int cpl = ctxt->ops->cpl(ctxt);
	int rc;

	if (x86_desc_dpl(gate) < max_t(unsigned int, cpl, selector & 3))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	if (!x86_desc_present(gate))
		return x86_fault_sel(ctxt, NP_VECTOR_NR, selector);
	*target = gate->low >> 16;
	if (x86_sel_null(*target))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, 0);
	rc = x86_desc_read(ctxt, *target, code, GP_VECTOR_NR);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (!x86_desc_is_code(code))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, *target);
	/* A call gate of long mode leads to 64-bit code only (SDM 5.8.3.1). */
	if (x86_lma(ctxt) && (code->low >> 53 & 3) != 1)
		return x86_fault_sel(ctxt, GP_VECTOR_NR, *target);
	return X86EMUL_CONTINUE;
}

/* 16-bit call gates have half the offset. */
static u64 gate_offset(const struct x86_desc *gate)
{
	u64 offset = gate->low & 0xffff;

	if (x86_desc_type(gate) & 8)
		offset |= (gate->low >> 32 & 0xffff0000) | gate->high << 32;
	return offset;
}

static bool is_call_gate(struct x86_emulate_ctxt *ctxt, const struct x86_desc *desc)
{
	u8 type = x86_desc_type(desc);

	return !x86_desc_s(desc) && (type == DESC_CALL_GATE32 ||
				     (type == DESC_CALL_GATE16 && !x86_lma(ctxt)));
}

static int jump_gate(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *gate)
{
	unsigned int cpl = ctxt->ops->cpl(ctxt);
	struct x86_desc code;
	u16 target;
	int rc = gate_target(ctxt, selector, gate, &code, &target);

	if (rc == X86EMUL_CONTINUE)
		rc = x86_check_code(ctxt, target, &code, cpl);
	return rc ? rc : x86_enter_code(ctxt, target, &code, cpl, gate_offset(gate));
}

/* A direct transfer: RPL counts where the segment does not conform. */
static int check_direct(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *desc)
{
	unsigned int cpl = ctxt->ops->cpl(ctxt);

	if (x86_desc_is_code(desc) && !x86_desc_conforming(desc) && (selector & 3) > cpl)
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	return x86_check_code(ctxt, selector, desc, cpl);
}

static int far_jump(struct x86_emulate_ctxt *ctxt, u16 selector, u64 offset)
{
	struct x86_desc desc;
	int rc;

	if (x86_is_real(ctxt)) {
		rc = x86_jump(ctxt, offset);
		if (rc == X86EMUL_CONTINUE)
			x86_load_sreg_real(ctxt, X86_SREG_CS, selector);
		return rc;
	}
	if (x86_sel_null(selector))
		return x86_fault_gp(ctxt, 0);
	rc = x86_desc_read(ctxt, selector, &desc, GP_VECTOR_NR);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (is_call_gate(ctxt, &desc))
		return jump_gate(ctxt, selector, &desc);
	if (!x86_desc_s(&desc))
		return x86_task_far(ctxt, selector, &desc, X86_TASK_JMP);
	rc = check_direct(ctxt, selector, &desc);
	return rc ? rc : x86_enter_code(ctxt, selector, &desc, ctxt->ops->cpl(ctxt), offset);
}

/* --- CALL ------------------------------------------------------------ */

static int push_return(struct x86_emulate_ctxt *ctxt, u16 cs, u64 back, unsigned int bytes)
{
	u64 frame[2] = { cs, back };

	return x86_push_frame(ctxt, frame, 2, bytes, 0);
}

/* The parameters of the old stack follow its pointer onto the new one (SDM 5.8.5). */
static int call_inner(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate, u16 target,
		      struct x86_desc *code, u64 back)
{
	const struct kvm_segment *ss = x86_segment(ctxt, X86_SREG_SS);
	unsigned int cpl = x86_desc_dpl(code), n = 0, i, width = x86_stack_bytes(ctxt);
	bool to_long = x86_lma(ctxt);
	unsigned int bytes = to_long ? 8 : x86_desc_type(gate) & 8 ? 4 : 2;
	unsigned int params = to_long ? 0 : gate->low >> 32 & 0x1f;
	u64 sp = x86_gpr_read(ctxt, X86_RSP), frame[4 + 31] = {};
	u16 cs = x86_segment(ctxt, X86_SREG_CS)->selector;
	enum x86_mode mode = ctxt->mode;
	int rc;

	frame[n++] = ss->selector;
	frame[n++] = sp & x86_mask(bytes);
	for (i = params; i--;) {
		rc = x86_mem_read(ctxt, X86_SREG_SS, (sp + i * bytes) & x86_mask(width),
				  &frame[n++], bytes, 0);
		if (rc != X86EMUL_CONTINUE)
			return rc;
	}
	frame[n++] = cs;
	frame[n++] = back;

	rc = x86_inner_stack(ctxt, cpl, to_long, 0);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (to_long)
		ctxt->mode = X86_MODE_LONG;
	rc = x86_push_frame(ctxt, frame, n, bytes, X86EMUL_ACC_SYSTEM);
	ctxt->mode = mode;
	return rc ? rc : x86_enter_code(ctxt, target, code, cpl, gate_offset(gate));
}

static int call_gate(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *gate)
{
	unsigned int cpl = ctxt->ops->cpl(ctxt);
	unsigned int bytes = x86_lma(ctxt) ? 8 : x86_desc_type(gate) & 8 ? 4 : 2;
	enum x86_mode mode = ctxt->mode;
	struct x86_desc code;
	u64 back = ctxt->next_eip;
	u16 target, cs = x86_segment(ctxt, X86_SREG_CS)->selector;
	int rc = gate_target(ctxt, selector, gate, &code, &target);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (!x86_desc_conforming(&code) && x86_desc_dpl(&code) < cpl) {
		if (!x86_desc_present(&code))
			return x86_fault_sel(ctxt, NP_VECTOR_NR, target);
		return call_inner(ctxt, gate, target, &code, back);
	}
	rc = x86_check_code(ctxt, target, &code, cpl);
	if (rc == X86EMUL_CONTINUE)
		rc = x86_enter_code(ctxt, target, &code, cpl, gate_offset(gate));
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (x86_lma(ctxt))
		ctxt->mode = X86_MODE_LONG;
	rc = push_return(ctxt, cs, back, bytes);
	ctxt->mode = mode;
	return rc;
}

static int far_call(struct x86_emulate_ctxt *ctxt, u16 selector, u64 offset)
{
	u16 cs = x86_segment(ctxt, X86_SREG_CS)->selector;
	u64 back = ctxt->next_eip;
	struct x86_desc desc;
	int rc;

	if (x86_is_real(ctxt)) {
		rc = x86_jump(ctxt, offset);
		if (rc == X86EMUL_CONTINUE)
			rc = push_return(ctxt, cs, back, ctxt->d.op_bytes);
		if (rc == X86EMUL_CONTINUE)
			x86_load_sreg_real(ctxt, X86_SREG_CS, selector);
		return rc;
	}
	if (x86_sel_null(selector))
		return x86_fault_gp(ctxt, 0);
	rc = x86_desc_read(ctxt, selector, &desc, GP_VECTOR_NR);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (is_call_gate(ctxt, &desc))
		return call_gate(ctxt, selector, &desc);
	if (!x86_desc_s(&desc))
		return x86_task_far(ctxt, selector, &desc, X86_TASK_CALL);
	rc = check_direct(ctxt, selector, &desc);
	if (rc == X86EMUL_CONTINUE)
		rc = x86_enter_code(ctxt, selector, &desc, ctxt->ops->cpl(ctxt), offset);
	return rc ? rc : push_return(ctxt, cs, back, ctxt->d.op_bytes);
}

int em_jmp_far(struct x86_emulate_ctxt *ctxt)
{
	return far_jump(ctxt, ctxt->d.imm2, ctxt->d.imm);
}

int em_call_far(struct x86_emulate_ctxt *ctxt)
{
	return far_call(ctxt, ctxt->d.imm2, ctxt->d.imm);
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
	u8 ptr[10];
	int rc;

	if (ctxt->src.type != X86_OPERAND_MEM)
		return x86_fault_ud(ctxt);
	rc = x86_mem_read(ctxt, ctxt->src.seg, ctxt->src.ea, ptr, bytes + 2, 0);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	*offset = 0;
	memcpy(offset, ptr, bytes);
	memcpy(selector, ptr + bytes, 2);
	return X86EMUL_CONTINUE;
}

int em_jmp_far_mem(struct x86_emulate_ctxt *ctxt)
{
	u16 selector;
	u64 offset;
	int rc = x86_read_far_pointer(ctxt, &selector, &offset);

	return rc ? rc : far_jump(ctxt, selector, offset);
}

int em_call_far_mem(struct x86_emulate_ctxt *ctxt)
{
	u16 selector;
	u64 offset;
	int rc = x86_read_far_pointer(ctxt, &selector, &offset);

	return rc ? rc : far_call(ctxt, selector, offset);
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
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (rpl < ctxt->ops->cpl(ctxt))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	rc = x86_check_code(ctxt, selector, &desc, rpl);
	if (rc != X86EMUL_CONTINUE)
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
	int rc = x86_pop(ctxt, &sp, bytes);

	if (rc == X86EMUL_CONTINUE)
		rc = x86_pop(ctxt, &ss, bytes);
	if (rc == X86EMUL_CONTINUE)
		rc = x86_load_ss(ctxt, ss, cpl, mode == X86_MODE_LONG, GP_VECTOR_NR);
	if (rc != X86EMUL_CONTINUE)
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
	enum x86_mode mode;
	u64 offset, selector;
	int rc = x86_pop(ctxt, &offset, ctxt->d.op_bytes);

	if (rc == X86EMUL_CONTINUE)
		rc = x86_pop(ctxt, &selector, ctxt->d.op_bytes);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (x86_is_real(ctxt)) {
		rc = x86_jump(ctxt, offset);
		if (rc == X86EMUL_CONTINUE)
			x86_load_sreg_real(ctxt, X86_SREG_CS, selector);
	} else {
		rc = x86_return_code(ctxt, selector, offset, &mode);
	}
	if (rc != X86EMUL_CONTINUE)
		return rc;
	x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RSP) + extra, width);
	if (x86_is_real(ctxt) || (selector & 3) == ctxt->ops->cpl(ctxt))
		return X86EMUL_CONTINUE;
	rc = x86_return_stack(ctxt, selector & 3, mode, extra);
	if (rc == X86EMUL_CONTINUE)
		x86_drop_data(ctxt, selector & 3);
	return rc;
}
