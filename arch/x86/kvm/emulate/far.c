// SPDX-License-Identifier: GPL-2.0-only
/*
 * Far transfers: JMP, CALL and RET in every mode, through code segments, call
 * gates and, by task.c, tasks (SDM 5.8, 6.14; 2A JMP, CALL; 2B RET). Called by
 * emulate.c with the vCPU mutex held.
 */
#include "internal.h"

/* --- JMP and CALL ----------------------------------------------------- */

static bool is_call_gate(struct x86_emulate_ctxt *ctxt, const struct x86_desc *desc)
{
	return desc->type == DESC_CALL_GATE32 ||
	       (desc->type == DESC_CALL_GATE16 && !x86_lma(ctxt));
}

/* To an inner level the parameters of the old stack follow its pointer (SDM 5.8.5). */
static int through_gate(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *gate,
			bool call)
{
	unsigned int now = emul_cpl(ctxt), cpl = now, n = 0, i;
	unsigned int bytes = x86_gate_bytes(ctxt, gate), width = x86_stack_bytes(ctxt);
	unsigned int params = bytes == 8 ? 0 : gate->low >> 32 & 0x1f;
	u64 sp = x86_gpr_read(ctxt, X86_RSP), frame[4 + 31] = {};
	struct x86_desc code;
	int rc = x86_desc_check(ctxt, selector, gate,
				gate->dpl >= max_t(unsigned int, now, selector & 3),
				GP_VECTOR_NR, NP_VECTOR_NR) ?:
		 x86_gate_code(ctxt, gate, call, &code, &cpl);

	if (!rc && cpl != now) {
		frame[n++] = x86_segment(ctxt, X86_SREG_SS)->selector;
		frame[n++] = sp & x86_mask(bytes);
		for (i = params; !rc && i--;)
			rc = x86_mem_read(ctxt, X86_SREG_SS, (sp + i * bytes) & x86_mask(width),
					  &frame[n++], bytes, 0);
	}
	if (rc)
		return rc;
	if (call) {
		frame[n++] = x86_segment(ctxt, X86_SREG_CS)->selector;
		frame[n++] = ctxt->next_eip;
	}
	return x86_enter_gate(ctxt, gate, &code, cpl, 0, 1, frame, n);
}

/* RPL counts where the segment does not conform. */
static int to_code(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *desc, u64 offset)
{
	unsigned int cpl = emul_cpl(ctxt);

	if (x86_desc_is_code(desc) && !x86_desc_conforming(desc) && (selector & 3) > cpl)
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	return x86_check_code(ctxt, selector, desc, cpl, GP_VECTOR_NR) ?:
	       x86_enter_code(ctxt, selector, desc, cpl, offset);
}

static int transfer(struct x86_emulate_ctxt *ctxt, u16 selector, u64 offset)
{
	u64 frame[2] = { x86_segment(ctxt, X86_SREG_CS)->selector, ctxt->next_eip };
	bool call = ctxt->d.op->arg, real = x86_is_real(ctxt);
	struct x86_desc desc;
	int rc;

	if (real) {
		rc = x86_jump(ctxt, offset);
	} else {
		rc = x86_desc_read(ctxt, selector, &desc, GP_VECTOR_NR);
		if (rc)
			return rc;
		if (!desc.s && is_call_gate(ctxt, &desc))
			return through_gate(ctxt, selector, &desc, call);
		if (!desc.s)
			return x86_task_far(ctxt, selector, &desc,
					    call ? X86_TASK_CALL : X86_TASK_JMP);
		rc = to_code(ctxt, selector, &desc, offset);
	}
	if (!rc && call)
		rc = x86_push_frame(ctxt, frame, 2, ctxt->d.op_bytes, 0);
	if (!rc && real)
		x86_load_sreg_real(ctxt, X86_SREG_CS, selector);
	return rc;
}

/* The row's argument tells CALL from JMP. */
int em_far(struct x86_emulate_ctxt *ctxt)
{
	return transfer(ctxt, ctxt->d.imm2, ctxt->d.imm);
}

/** x86_read_far_pointer - m16:16, m16:32 or m16:64: offset, then selector; a register is #UD */
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

/*
 * x86_return_code - check and enter the code segment of a RET or IRET, never of an inner level (SDM
 * 5.8.6); @mode: how code there is decoded
 */
int x86_return_code(struct x86_emulate_ctxt *ctxt, u16 selector, u64 offset, enum x86_mode *mode)
{
	unsigned int rpl = selector & 3;
	struct x86_desc desc;
	int rc = x86_desc_read(ctxt, selector, &desc, GP_VECTOR_NR);

	if (!rc && rpl < emul_cpl(ctxt))
		rc = x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	rc = rc ?: x86_check_code(ctxt, selector, &desc, rpl, GP_VECTOR_NR);
	if (rc)
		return rc;
	*mode = x86_code_mode(ctxt, &desc);
	return x86_enter_code(ctxt, selector, &desc, rpl, offset);
}

/*
 * x86_return_stack - pop and load the outer stack of a RET or IRET to level @cpl, where RET n
 * releases @extra bytes, too; what that level may not use of the data segments becomes null
 */
int x86_return_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl, enum x86_mode mode,
		     unsigned int extra)
{
	unsigned int width = 8;
	u64 sp_ss[2];
	int rc = x86_pop_frame(ctxt, sp_ss, 2, ctxt->d.op_bytes) ?:
		 x86_load_ss(ctxt, sp_ss[1], cpl, mode == X86_MODE_LONG, GP_VECTOR_NR);

	if (rc)
		return rc;
	if (mode != X86_MODE_LONG)
		width = ctxt->segs[X86_SREG_SS].db ? 4 : 2;
	x86_gpr_write(ctxt, X86_RSP, sp_ss[0] + extra, width);
	if (cpl != emul_cpl(ctxt))
		x86_drop_data(ctxt, cpl);
	return X86EMUL_CONTINUE;
}

int em_ret_far(struct x86_emulate_ctxt *ctxt)
{
	unsigned int extra = ctxt->src.type == X86_OPERAND_IMM ? ctxt->d.imm : 0;
	unsigned int width = x86_stack_bytes(ctxt);
	enum x86_mode mode = ctxt->mode;
	u64 ip_cs[2];
	u16 cs;
	int rc = x86_pop_frame(ctxt, ip_cs, 2, ctxt->d.op_bytes);

	if (rc)
		return rc;
	cs = ip_cs[1];
	rc = x86_is_real(ctxt) ? x86_jump(ctxt, ip_cs[0]) :
				 x86_return_code(ctxt, cs, ip_cs[0], &mode);
	if (rc)
		return rc;
	x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RSP) + extra, width);
	if (!x86_is_real(ctxt))
		return (cs & 3) == emul_cpl(ctxt) ? X86EMUL_CONTINUE :
						    x86_return_stack(ctxt, cs & 3, mode, extra);
	x86_load_sreg_real(ctxt, X86_SREG_CS, cs);
	return X86EMUL_CONTINUE;
}
