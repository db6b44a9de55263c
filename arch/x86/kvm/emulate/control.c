// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control flow inside a code segment: near jumps, calls, returns, loops. Called
 * by emulate.c.
 */
#include "internal.h"

static int jump_relative(struct x86_emulate_ctxt *ctxt)
{
	return x86_jump(ctxt, ctxt->next_eip + x86_sext(ctxt->src.val, ctxt->src.bytes));
}

int em_jmp_rel(struct x86_emulate_ctxt *ctxt)
{
	return jump_relative(ctxt);
}

int em_jmp(struct x86_emulate_ctxt *ctxt)
{
	return x86_jump(ctxt, ctxt->src.val);
}

int em_jcc(struct x86_emulate_ctxt *ctxt)
{
	return x86_condition(ctxt, ctxt->d.opcode) ? jump_relative(ctxt) : X86EMUL_CONTINUE;
}

/*
 * CPUs write the return address before they look at the target: a #PF of the
 * stack comes first, and #GP for the target leaves the address below RSP.
 */
static int call_to(struct x86_emulate_ctxt *ctxt, u64 target)
{
	int rc = x86_push(ctxt, ctxt->next_eip, ctxt->d.op_bytes);

	return rc ? rc : x86_jump(ctxt, target);
}

int em_call(struct x86_emulate_ctxt *ctxt)
{
	return call_to(ctxt, ctxt->src.val);
}

int em_call_rel(struct x86_emulate_ctxt *ctxt)
{
	return call_to(ctxt, ctxt->next_eip + x86_sext(ctxt->src.val, ctxt->src.bytes));
}

static void release_stack(struct x86_emulate_ctxt *ctxt)
{
	if (ctxt->src.type == X86_OPERAND_IMM)
		x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RSP) + ctxt->d.imm,
			      x86_stack_bytes(ctxt));
}

int em_ret(struct x86_emulate_ctxt *ctxt)
{
	u64 target;
	int rc = x86_pop(ctxt, &target, ctxt->d.op_bytes);

	if (rc == X86EMUL_CONTINUE)
		rc = x86_jump(ctxt, target);
	if (rc == X86EMUL_CONTINUE)
		release_stack(ctxt);
	return rc;
}

/* E0 LOOPNE, E1 LOOPE, E2 LOOP: the count has the address size. */
int em_loop(struct x86_emulate_ctxt *ctxt)
{
	u64 count = (x86_gpr_ad(ctxt, X86_RCX) - 1) & x86_mask(ctxt->d.ad_bytes);
	bool zf = ctxt->eflags & X86_EFLAGS_ZF;
	unsigned int form = ctxt->d.opcode & 3;

	x86_gpr_write(ctxt, X86_RCX, count, ctxt->d.ad_bytes);
	if (!count || (form != 2 && zf != form))
		return X86EMUL_CONTINUE;
	return jump_relative(ctxt);
}

int em_jcxz(struct x86_emulate_ctxt *ctxt)
{
	return x86_gpr_ad(ctxt, X86_RCX) ? X86EMUL_CONTINUE : jump_relative(ctxt);
}
