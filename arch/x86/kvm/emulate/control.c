// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control flow inside a code segment: near jumps, calls, returns, loops. Called
 * by emulate.c.
 */
#include "internal.h"

/* An immediate counts from the next instruction. */
static u64 target(const struct x86_emulate_ctxt *ctxt)
{
	if (ctxt->src.type == X86_OPERAND_IMM)
		return ctxt->next_eip + x86_sext(ctxt->src.val, ctxt->src.bytes);
	return ctxt->src.val;
}

int em_jmp(struct x86_emulate_ctxt *ctxt)
{
	return x86_jump(ctxt, target(ctxt));
}

int em_jcc(struct x86_emulate_ctxt *ctxt)
{
	return x86_condition(ctxt, ctxt->d.opcode) ? em_jmp(ctxt) : X86EMUL_CONTINUE;
}

/*
 * CPUs write the return address before they look at the target: a #PF of the
 * stack comes first, and #GP for the target leaves the address below RSP.
 */
int em_call(struct x86_emulate_ctxt *ctxt)
{
	return x86_push(ctxt, ctxt->next_eip, ctxt->d.op_bytes) ?: em_jmp(ctxt);
}

int em_ret(struct x86_emulate_ctxt *ctxt)
{
	u64 to;
	int rc = x86_pop(ctxt, &to, ctxt->d.op_bytes) ?: x86_jump(ctxt, to);

	if (!rc && ctxt->src.type == X86_OPERAND_IMM)
		x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RSP) + ctxt->d.imm,
			      x86_stack_bytes(ctxt));
	return rc;
}

/* E0 LOOPNE, E1 LOOPE, E2 LOOP, E3 JCXZ: the count has the address size. */
int em_loop(struct x86_emulate_ctxt *ctxt)
{
	u64 count = x86_gpr_ad(ctxt, X86_RCX);
	bool zf = ctxt->eflags & X86_EFLAGS_ZF;
	unsigned int form = ctxt->d.opcode & 3;

	if (form == 3)
		return count ? X86EMUL_CONTINUE : em_jmp(ctxt);
	count = (count - 1) & x86_mask(ctxt->d.ad_bytes);
	x86_gpr_write(ctxt, X86_RCX, count, ctxt->d.ad_bytes);
	return count && (form == 2 || zf == form) ? em_jmp(ctxt) : X86EMUL_CONTINUE;
}
