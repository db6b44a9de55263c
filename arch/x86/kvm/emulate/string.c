// SPDX-License-Identifier: GPL-2.0-only
/*
 * The REP loop of string instructions, and port I/O with and without it (SDM
 * 7.3.9, 2A IN/INS/OUT/OUTS). INS reads ahead and OUTS gathers, so that one exit
 * to userspace carries many elements. Called by emulate.c; the buffer belongs to
 * the context and survives an exit in the middle of the instruction.
 */
#include "internal.h"

/* An interrupt must get its turn: the guest is re-entered after so many. */
#define MAX_ITERATIONS	1024

static void step_pointer(struct x86_emulate_ctxt *ctxt, unsigned int n)
{
	u64 step = ctxt->d.op_bytes;

	if (ctxt->eflags & X86_EFLAGS_DF)
		step = -step;
	x86_gpr_write(ctxt, n, x86_gpr_read(ctxt, n) + step, ctxt->d.ad_bytes);
}

static void step_pointers(struct x86_emulate_ctxt *ctxt)
{
	const struct x86_opcode *op = ctxt->d.op;

	if (op->dst == O_SI || op->src == O_SI)
		step_pointer(ctxt, X86_RSI);
	if (op->dst == O_DI || op->src == O_DI)
		step_pointer(ctxt, X86_RDI);
}

/* REPE goes on while equal, REPNE while not. */
static bool condition_ends(struct x86_emulate_ctxt *ctxt)
{
	bool zf = ctxt->eflags & X86_EFLAGS_ZF;

	if (!(ctxt->d.op->flags & F_REPCC))
		return false;
	return ctxt->d.prefixes & X86_PREFIX_REP ? !zf : zf;
}

static bool is_outs(const struct x86_emulate_ctxt *ctxt)
{
	return ctxt->d.op->exec == em_outs;
}

/*
 * Between two iterations: time for interrupts, a write that userspace must see
 * first, or a full buffer. Elements read ahead by INS are used up before that,
 * for the device will not give them twice.
 */
static bool must_pause(const struct x86_emulate_ctxt *ctxt, unsigned int n)
{
	if (is_outs(ctxt))
		return ctxt->pio_end + ctxt->d.op_bytes > X86_PIO_BATCH;
	if (ctxt->pio_pos < ctxt->pio_end)
		return false;
	return n >= MAX_ITERATIONS || ctxt->io_pending;
}

/*
 * Intel's CPUs write RCX, and the pointers of MOVS and STOS, back before they begin:
 * a 32-bit address size clears bits 63:32 though the count is zero or a fault follows.
 */
static void write_back_early(struct x86_emulate_ctxt *ctxt)
{
	const struct x86_opcode *op = ctxt->d.op;

	if (!x86_is_long(ctxt) || ctxt->d.ad_bytes != 4 || x86_is_amd(ctxt))
		return;
	x86_gpr_write(ctxt, X86_RCX, x86_gpr_read(ctxt, X86_RCX), 4);
	if (op->exec != em_mov || op->dst != O_DI)
		return;
	x86_gpr_write(ctxt, X86_RDI, x86_gpr_read(ctxt, X86_RDI), 4);
	if (op->src == O_SI)
		x86_gpr_write(ctxt, X86_RSI, x86_gpr_read(ctxt, X86_RSI), 4);
}

static int repeat(struct x86_emulate_ctxt *ctxt)
{
	unsigned int n;
	u64 count;
	int rc;

	write_back_early(ctxt);
	for (n = 0; (count = x86_gpr_ad(ctxt, X86_RCX)) != 0; n++) {
		if (must_pause(ctxt, n)) {
			ctxt->rep_continues = true;
			break;
		}
		rc = x86_run_once(ctxt);
		if (rc)
			return rc;
		step_pointers(ctxt);
		x86_gpr_write(ctxt, X86_RCX, count - 1, ctxt->d.ad_bytes);
		ctxt->retired++;
		if (condition_ends(ctxt))
			break;
	}
	return X86EMUL_CONTINUE;
}

/*
 * Send what OUTS has gathered. When a later element faulted, the finished ones
 * count first: the instruction goes on from there and meets the fault again.
 */
static int flush_outs(struct x86_emulate_ctxt *ctxt, int rc)
{
	unsigned int size = ctxt->d.op_bytes, count = ctxt->pio_end / size;
	int out;

	ctxt->pio_end = 0;
	if (!count)
		return rc;
	out = emul_pio_out(ctxt, size, x86_gpr_read(ctxt, X86_RDX), ctxt->pio_data, count);
	if (out)
		return out;
	if (rc)
		ctxt->rep_continues = true;
	return X86EMUL_CONTINUE;
}

/*
 * x86_string_run - a string instruction, with its REP prefix if it has one. Unless the answer is
 * X86EMUL_CONTINUE the register cache holds the state after the last complete iteration, which the
 * caller commits, as hardware does for a fault in the middle (SDM 2B REP)
 */
int x86_string_run(struct x86_emulate_ctxt *ctxt)
{
	int rc = X86EMUL_CONTINUE;

	/* Even a count of zero needs the permission. */
	if (ctxt->d.op->flags & F_PORT)
		rc = x86_io_allowed(ctxt, x86_gpr_read(ctxt, X86_RDX), ctxt->d.op_bytes);
	if (rc)
		return rc;
	if (ctxt->d.prefixes & X86_PREFIX_ANY_REP) {
		rc = repeat(ctxt);
	} else {
		rc = x86_run_once(ctxt);
		if (!rc)
			step_pointers(ctxt);
	}
	return is_outs(ctxt) ? flush_outs(ctxt, rc) : rc;
}

/*
 * How many elements one INS exit may bring: what RCX wants, what the buffer
 * holds, and what fits into the destination's page, so that no element already
 * taken from the device meets a page fault.
 */
static unsigned int ins_batch(struct x86_emulate_ctxt *ctxt, u64 linear)
{
	unsigned int size = ctxt->dst.bytes;
	u64 room = 4096 - (linear & 4095), last, count;

	if (!(ctxt->d.prefixes & X86_PREFIX_ANY_REP) ||
	    (ctxt->eflags & X86_EFLAGS_DF))
		return 1;
	count = min_t(u64, x86_gpr_ad(ctxt, X86_RCX), min_t(u64, room, X86_PIO_BATCH) / size);
	if (count < 2 || x86_linearize(ctxt, ctxt->dst.seg, ctxt->dst.ea, count * size, true,
				       &last))
		return 1;
	return count;
}

/* The destination is checked before the device gives anything. */
static int ins_refill(struct x86_emulate_ctxt *ctxt)
{
	struct x86_operand *dst = &ctxt->dst;
	unsigned int count;
	u64 linear;
	int rc;

	rc = x86_linearize(ctxt, dst->seg, dst->ea, dst->bytes, true, &linear) ?:
	     emul_probe_write(ctxt, linear, dst->bytes);
	if (rc && rc != X86EMUL_IO_NEEDED)
		return rc;

	count = rc == X86EMUL_IO_NEEDED ? 1 : ins_batch(ctxt, linear);
	rc = emul_pio_in(ctxt, dst->bytes, ctxt->src.val, ctxt->pio_data, count);
	if (rc)
		return rc;
	ctxt->pio_pos = 0;
	ctxt->pio_end = count * dst->bytes;
	return X86EMUL_CONTINUE;
}

int em_ins(struct x86_emulate_ctxt *ctxt)
{
	int rc = ctxt->pio_pos >= ctxt->pio_end ? ins_refill(ctxt) : X86EMUL_CONTINUE;

	if (rc)
		return rc;
	ctxt->dst.val = 0;
	memcpy(&ctxt->dst.val, ctxt->pio_data + ctxt->pio_pos, ctxt->dst.bytes);
	ctxt->pio_pos += ctxt->dst.bytes;
	return X86EMUL_CONTINUE;
}

/* One element into the buffer; flush_outs() sends it. */
int em_outs(struct x86_emulate_ctxt *ctxt)
{
	unsigned int size = ctxt->d.op_bytes;

	memcpy(ctxt->pio_data + ctxt->pio_end, &ctxt->src.val, size);
	ctxt->pio_end += size;
	return X86EMUL_CONTINUE;
}

int em_in(struct x86_emulate_ctxt *ctxt)
{
	u16 port = ctxt->src.val;

	ctxt->dst.val = 0;
	return x86_io_allowed(ctxt, port, ctxt->dst.bytes) ?:
	       emul_pio_in(ctxt, ctxt->dst.bytes, port, &ctxt->dst.val, 1);
}

int em_out(struct x86_emulate_ctxt *ctxt)
{
	u16 port = ctxt->dst.val;

	return x86_io_allowed(ctxt, port, ctxt->src.bytes) ?:
	       emul_pio_out(ctxt, ctxt->src.bytes, port, &ctxt->src.val, 1);
}
