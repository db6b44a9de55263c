// SPDX-License-Identifier: GPL-2.0-only
/*
 * One instruction from decoded to retired: legality, privilege, operands, the
 * family's function, write-back, commit. Until the commit nothing of the vCPU
 * has changed except memory the instruction wrote; a fault drops the rest.
 * Called with the vCPU mutex held.
 */
#include "internal.h"

static void begin(struct x86_emulate_ctxt *ctxt)
{
	ctxt->gprs_valid = 0;
	ctxt->gprs_dirty = 0;
	ctxt->segs_valid = 0;
	ctxt->segs_dirty = 0;
	ctxt->ext = 0;
	ctxt->io_pending = false;
	ctxt->rep_continues = false;
	ctxt->late_fault = false;
	ctxt->keep_rf = false;
	ctxt->halted = false;
	ctxt->iret = false;
	ctxt->shadow = 0;
	ctxt->retired = 0;
}

/** x86_emulate_reset - forget everything cached about the last instruction */
void x86_emulate_reset(struct x86_emulate_ctxt *ctxt)
{
	begin(ctxt);
	ctxt->pio_pos = 0;
	ctxt->pio_end = 0;
}

/* LOCK needs a memory destination of an instruction that allows it (SDM 2A LOCK). */
static bool lock_is_legal(const struct x86_insn *d)
{
	return (d->op->flags & F_LOCKABLE) && d->mod != 3;
}

static int check_legal(struct x86_emulate_ctxt *ctxt)
{
	const struct x86_insn *d = &ctxt->d;
	u32 flags = d->op->flags;

	if ((flags & F_ONLY64) && !x86_is_long(ctxt))
		return x86_fault_ud(ctxt);
	if ((flags & F_PROT) && x86_is_real(ctxt))
		return x86_fault_ud(ctxt);
	if ((d->prefixes & X86_PREFIX_LOCK) && !lock_is_legal(d))
		return x86_fault_ud(ctxt);
	if (!d->op->exec)
		return X86EMUL_UNHANDLEABLE;
	if ((flags & (F_CPL0 | F_UMIP)) && emul_cpl(ctxt) &&
	    ((flags & F_CPL0) || (emul_get_cr(ctxt, 4) & X86_CR4_UMIP)))
		return x86_fault_gp(ctxt, 0);
	return X86EMUL_CONTINUE;
}

/*
 * x86_run_once - operands, execution and write-back, once; only X86EMUL_CONTINUE has moved a
 * register of the cache, as far as string instructions are concerned
 */
int x86_run_once(struct x86_emulate_ctxt *ctxt)
{
	u32 flags = ctxt->d.op->flags;
	int rc = x86_operands_fetch(ctxt) ?: ctxt->d.op->exec(ctxt);

	if (!rc && !(flags & (F_NOWRITE | F_SELF)))
		rc = x86_operand_write(ctxt, &ctxt->dst);
	return rc;
}

static void commit_gprs(struct x86_emulate_ctxt *ctxt)
{
	unsigned int n;

	for (n = 0; ctxt->gprs_dirty >> n; n++) {
		if (ctxt->gprs_dirty & 1u << n)
			emul_write_gpr(ctxt, n, ctxt->gprs[n]);
	}
	ctxt->gprs_dirty = 0;
}

static void commit_segments(struct x86_emulate_ctxt *ctxt)
{
	unsigned int n;

	for (n = 0; ctxt->segs_dirty >> n; n++) {
		if (ctxt->segs_dirty & 1u << n)
			emul_set_segment(ctxt, n, &ctxt->segs[n]);
	}
	ctxt->segs_dirty = 0;
}

/*
 * x86_retire - give the vCPU what an instruction or an event has changed if @rc is success, else
 * put @eflags from before back; returns @rc
 */
int x86_retire(struct x86_emulate_ctxt *ctxt, int rc, u64 eflags)
{
	if (rc) {
		ctxt->eflags = eflags;
		return rc;
	}
	commit_gprs(ctxt);
	commit_segments(ctxt);
	if (!ctxt->rep_continues)
		ctxt->eip = ctxt->next_eip;
	return X86EMUL_CONTINUE;
}

/**
 * x86_emulate_insn - execute the instruction in ctxt->d
 * @ctxt: emulator, after x86_decode_insn
 *
 * On X86EMUL_IO_NEEDED call again with the same context once the read has been
 * answered: what was read before comes from the callback's record, and no
 * register has been committed, except the finished iterations of a REP.
 *
 * Return: X86EMUL_CONTINUE with ctxt->eip, eflags and shadow ready to commit;
 * X86EMUL_PROPAGATE_FAULT with ctxt->exception; X86EMUL_RETRY_INSTR when the
 * guest is to execute it again; X86EMUL_IO_NEEDED;
 * X86EMUL_UNHANDLEABLE.
 */
int x86_emulate_insn(struct x86_emulate_ctxt *ctxt)
{
	enum x86_mode mode = ctxt->mode;
	u64 eflags = ctxt->eflags;
	int rc;

	begin(ctxt);
	ctxt->next_eip = ctxt->eip + ctxt->d.length;
	if (!x86_is_long(ctxt))
		ctxt->next_eip = (u32)ctxt->next_eip;

	rc = check_legal(ctxt);
	if (!rc)
		rc = ctxt->d.op->flags & F_STRING ? x86_string_run(ctxt) : x86_run_once(ctxt);
	/* A far transfer uses its new stack as its new mode does. */
	ctxt->mode = mode;

	/* A REP instruction keeps the iterations that it has completed (SDM 2B REP). */
	if (rc && (ctxt->d.op->flags & F_STRING))
		commit_gprs(ctxt);
	rc = x86_retire(ctxt, rc, eflags);
	/* RF covers one instruction, but for those that load it (SDM 17.3.1.1). */
	if (!rc && !(ctxt->d.op->flags & F_KEEP_RF) && !ctxt->keep_rf && !ctxt->rep_continues)
		ctxt->eflags &= ~X86_EFLAGS_RF;
	return rc == X86EMUL_CMPXCHG_FAILED ? X86EMUL_RETRY_INSTR : rc;
}
