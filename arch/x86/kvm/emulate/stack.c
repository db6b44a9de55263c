// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack and near control flow: PUSH, POP, PUSHA, POPA, PUSHF, POPF, ENTER, LEAVE, JMP, Jcc,
 * CALL, RET, LOOP. RSP moves in the register cache, so that a fault half-way leaves it where it
 * was. Called by emulate.c.
 */
#include "internal.h"

int em_push(struct x86_emulate_ctxt *ctxt)
{
	return x86_push(ctxt, ctxt->src.val, ctxt->d.op_bytes);
}

/* POP rSP: the popped value wins over the increment (SDM 2B POP). */
int em_pop(struct x86_emulate_ctxt *ctxt)
{
	return x86_pop(ctxt, &ctxt->dst.val, ctxt->dst.bytes);
}

/* A memory operand based on rSP is addressed with the incremented one. */
int em_pop_rm(struct x86_emulate_ctxt *ctxt)
{
	int rc = em_pop(ctxt);

	if (ctxt->dst.type == X86_OPERAND_MEM)
		ctxt->dst.ea = x86_effective_address(ctxt);
	return rc;
}

int em_pusha(struct x86_emulate_ctxt *ctxt)
{
	u64 sp = x86_gpr_read(ctxt, X86_RSP);
	unsigned int n;
	int rc = X86EMUL_CONTINUE;

	for (n = X86_RAX; !rc && n <= X86_RDI; n++)
		rc = x86_push(ctxt, n == X86_RSP ? sp : x86_gpr_read(ctxt, n), ctxt->d.op_bytes);
	return rc;
}

/* A fault half-way leaves all registers as they were: it is to be restarted (SDM 6.5). */
int em_popa(struct x86_emulate_ctxt *ctxt)
{
	unsigned int n;
	u64 val;
	int rc = X86EMUL_CONTINUE;

	for (n = X86_RDI + 1; !rc && n-- > X86_RAX;) {
		rc = x86_pop(ctxt, &val, ctxt->d.op_bytes);
		if (!rc && n != X86_RSP)
			x86_gpr_write(ctxt, n, val, ctxt->d.op_bytes);
	}
	return rc;
}

/* --- Flags ------------------------------------------------------------ */

/*
 * x86_vm86_flags - may PUSHF, POPF or IRET be executed (SDM 20.3.1, 2B PUSHF)? In virtual-8086 mode
 * below IOPL 3 it is #GP but with VME, for 16-bit images, which then has VIF in the place of IF:
 * @virtual
 */
int x86_vm86_flags(struct x86_emulate_ctxt *ctxt, bool *virtual)
{
	*virtual = ctxt->mode == X86_MODE_VM86 && x86_iopl(ctxt) < 3;
	if (!*virtual)
		return X86EMUL_CONTINUE;
	if (ctxt->d.op_bytes == 2 && (emul_get_cr(ctxt, 4) & X86_CR4_VME))
		return X86EMUL_CONTINUE;
	return x86_fault_gp(ctxt, 0);
}

/*
 * x86_load_flags - POPF and IRET load these flags and @more: IOPL at CPL 0 only, IF where CPL
 * allows; VM, VIF and VIP never. A virtual-8086 program below IOPL 3 sets VIF by IF's bit; a
 * pending interrupt then, and TF, is #GP
 */
int x86_load_flags(struct x86_emulate_ctxt *ctxt, u64 image, u64 more)
{
	u64 mask = X86_FLAGS_ARITH | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT |
		   X86_EFLAGS_AC | X86_EFLAGS_ID | more;
	unsigned int cpl = emul_cpl(ctxt);

	if (ctxt->mode == X86_MODE_VM86 && x86_iopl(ctxt) < 3) {
		if ((image & X86_EFLAGS_TF) ||
		    ((image & X86_EFLAGS_IF) && (ctxt->eflags & X86_EFLAGS_VIP)))
			return x86_fault_gp(ctxt, 0);
		x86_flags_set(ctxt, X86_EFLAGS_VIF, image & X86_EFLAGS_IF ? X86_EFLAGS_VIF : 0);
	} else if (cpl <= x86_iopl(ctxt)) {
		mask |= X86_EFLAGS_IF | (cpl ? 0 : X86_EFLAGS_IOPL);
	}
	x86_flags_set(ctxt, ctxt->d.op_bytes == 2 ? mask & 0xffff : mask, image);
	return X86EMUL_CONTINUE;
}

/** x86_virtual_flags - what a virtual-8086 program sees below IOPL 3: VIF as IF (SDM 20.3.3) */
u64 x86_virtual_flags(u64 flags)
{
	flags = (flags & ~(u64)X86_EFLAGS_IF) | X86_EFLAGS_IOPL;
	return flags & X86_EFLAGS_VIF ? flags | X86_EFLAGS_IF : flags;
}

/* VM and RF read as zero in the image (SDM 2B PUSHF). */
int em_pushf(struct x86_emulate_ctxt *ctxt)
{
	u64 image = ctxt->eflags & ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_RF);
	bool virtual;
	int rc = x86_vm86_flags(ctxt, &virtual);

	if (virtual)
		image = x86_virtual_flags(image);
	return rc ?: x86_push(ctxt, image, ctxt->d.op_bytes);
}

/* RF is cleared as by most instructions. */
int em_popf(struct x86_emulate_ctxt *ctxt)
{
	bool virtual;
	u64 val;

	return x86_vm86_flags(ctxt, &virtual) ?: x86_pop(ctxt, &val, ctxt->d.op_bytes) ?:
	       x86_load_flags(ctxt, val, 0);
}

/* --- Frames ----------------------------------------------------------- */

/* Levels 1 to 31: the outer frames' pointers, then this frame's own (SDM 2A ENTER). */
static int enter_display(struct x86_emulate_ctxt *ctxt, unsigned int level, u64 frame)
{
	unsigned int width = x86_stack_bytes(ctxt), bytes = ctxt->d.op_bytes;
	u64 bp = x86_gpr_read(ctxt, X86_RBP), val;
	int rc = X86EMUL_CONTINUE;

	while (!rc && --level) {
		val = 0;
		bp = (bp - bytes) & x86_mask(width);
		rc = x86_mem_read(ctxt, X86_SREG_SS, bp, &val, bytes, 0) ?:
		     x86_push(ctxt, val, bytes);
	}
	return rc ?: x86_push(ctxt, frame, bytes);
}

/* The final stack pointer must be writable though nothing is written there. */
int em_enter(struct x86_emulate_ctxt *ctxt)
{
	unsigned int width = x86_stack_bytes(ctxt), bytes = ctxt->d.op_bytes;
	unsigned int level = ctxt->d.imm2 & 0x1f;
	u64 frame, linear;
	int rc = x86_push(ctxt, x86_gpr_read(ctxt, X86_RBP), bytes);

	frame = x86_gpr_read(ctxt, X86_RSP);
	if (!rc && level)
		rc = enter_display(ctxt, level, frame);
	if (rc)
		return rc;
	x86_gpr_write(ctxt, X86_RBP, frame, bytes);
	x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RSP) - ctxt->d.imm, width);

	rc = x86_linearize(ctxt, X86_SREG_SS, x86_gpr_read(ctxt, X86_RSP) & x86_mask(width),
			   bytes, true, &linear);
	rc = rc ?: emul_probe_write(ctxt, linear, bytes);
	return rc == X86EMUL_IO_NEEDED ? X86EMUL_CONTINUE : rc;
}

int em_leave(struct x86_emulate_ctxt *ctxt)
{
	u64 val;
	int rc;

	x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RBP), x86_stack_bytes(ctxt));
	rc = x86_pop(ctxt, &val, ctxt->d.op_bytes);
	if (!rc)
		x86_gpr_write(ctxt, X86_RBP, val, ctxt->d.op_bytes);
	return rc;
}

/* --- Near jumps, calls, returns, loops -------------------------------- */

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
