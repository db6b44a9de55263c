// SPDX-License-Identifier: GPL-2.0-only
/*
 * SSE, AVX and MMX moves between registers and memory, as compilers and memcpy()
 * emit them for device memory. The registers are behind callbacks. Called by
 * emulate.c, vCPU mutex held.
 */
#include "internal.h"

#define XCR0_AVX	6	/* SSE and YMM state (SDM vol. 1, 13.3) */
#define VEC_BYTES	32
#define XMM_BYTES	16

/* --- Legality -------------------------------------------------------- */

/* SDM 2A tables 2-18 to 2-24: #UD before #NM. */
static int check(struct x86_emulate_ctxt *ctxt)
{
	u64 cr0 = ctxt->ops->get_cr(ctxt, 0), cr4 = ctxt->ops->get_cr(ctxt, 4);

	if (ctxt->d.vex) {
		if (!(cr4 & X86_CR4_OSXSAVE) || (ctxt->ops->xcr0(ctxt) & XCR0_AVX) != XCR0_AVX)
			return x86_fault_ud(ctxt);
	} else if ((cr0 & X86_CR0_EM) || !(cr4 & X86_CR4_OSFXSR)) {
		return x86_fault_ud(ctxt);
	}
	return cr0 & X86_CR0_TS ? x86_fault(ctxt, NM_VECTOR_NR, false, 0) : X86EMUL_CONTINUE;
}

/* VEX.vvvv names no register here and must be all ones, which decode.c has inverted. */
static int check_plain(struct x86_emulate_ctxt *ctxt, bool may_be_256)
{
	if (ctxt->d.vex && (ctxt->d.vvvv || (ctxt->d.vex_l && !may_be_256)))
		return x86_fault_ud(ctxt);
	return check(ctxt);
}

static unsigned int full_bytes(const struct x86_emulate_ctxt *ctxt)
{
	return ctxt->d.vex_l ? VEC_BYTES : XMM_BYTES;
}

/* --- Access ---------------------------------------------------------- */

static void set_reg(struct x86_emulate_ctxt *ctxt, unsigned int n, const void *val)
{
	ctxt->ops->write_vec(ctxt, n, val, ctxt->d.vex);
}

static int load(struct x86_emulate_ctxt *ctxt, void *val, unsigned int bytes, bool aligned)
{
	u8 all[VEC_BYTES];
	u64 linear;

	if (ctxt->d.mod != 3)
		return x86_modrm_linear(ctxt, bytes, false, aligned ? bytes : 1, &linear) ?:
		       ctxt->ops->read_std(ctxt, linear, val, bytes, 0);
	ctxt->ops->read_vec(ctxt, ctxt->d.rm, all, full_bytes(ctxt));
	memcpy(val, all, bytes);
	return X86EMUL_CONTINUE;
}

/* A store to a register is a move to it: the bytes behind @bytes are @val's too. */
static int store(struct x86_emulate_ctxt *ctxt, const void *val, unsigned int bytes, bool aligned)
{
	u64 linear;

	if (ctxt->d.mod != 3)
		return x86_modrm_linear(ctxt, bytes, true, aligned ? bytes : 1, &linear) ?:
		       ctxt->ops->write_std(ctxt, linear, val, bytes, X86EMUL_ACC_WRITE);
	set_reg(ctxt, ctxt->d.rm, val);
	return X86EMUL_CONTINUE;
}

/*
 * MOVUPS, MOVAPS, MOVDQU, MOVDQA, MOVNTDQ, LDDQU: the argument says whether memory
 * must be aligned.
 */
int em_vload(struct x86_emulate_ctxt *ctxt)
{
	u8 val[VEC_BYTES] = {};
	int rc = check_plain(ctxt, true) ?:
		 load(ctxt, val, full_bytes(ctxt), ctxt->d.op->arg);

	if (!rc)
		set_reg(ctxt, ctxt->d.reg, val);
	return rc;
}

int em_vstore(struct x86_emulate_ctxt *ctxt)
{
	u8 val[VEC_BYTES] = {};
	int rc = check_plain(ctxt, true);

	if (rc)
		return rc;
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, full_bytes(ctxt));
	return store(ctxt, val, full_bytes(ctxt), ctxt->d.op->arg);
}

/* --- Parts: the argument is a number of bytes, or where they are ------- */

/* The three-operand form between registers is no move to or from memory. */
static int check_scalar(struct x86_emulate_ctxt *ctxt)
{
	if (ctxt->d.vex && ctxt->d.mod == 3)
		return X86EMUL_UNHANDLEABLE;
	return ctxt->d.vex && ctxt->d.vvvv ? x86_fault_ud(ctxt) : check(ctxt);
}

/* MOVSS, MOVSD: from memory the rest is cleared, between registers it is kept. */
int em_vload_scalar(struct x86_emulate_ctxt *ctxt)
{
	u8 val[VEC_BYTES] = {};
	int rc = check_scalar(ctxt);

	if (!rc && ctxt->d.mod == 3)
		ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, XMM_BYTES);
	rc = rc ?: load(ctxt, val, ctxt->d.op->arg, false);
	if (!rc)
		set_reg(ctxt, ctxt->d.reg, val);
	return rc;
}

int em_vstore_scalar(struct x86_emulate_ctxt *ctxt)
{
	u8 val[VEC_BYTES] = {}, from[VEC_BYTES];
	int rc = check_scalar(ctxt);

	if (rc)
		return rc;
	if (ctxt->d.mod == 3)
		ctxt->ops->read_vec(ctxt, ctxt->d.rm, val, XMM_BYTES);
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, from, XMM_BYTES);
	memcpy(val, from, ctxt->d.op->arg);
	return store(ctxt, val, ctxt->d.op->arg, false);
}

/* MOVLPS, MOVHPS: one half from memory, the other from the register, or from vvvv. */
int em_vload_half(struct x86_emulate_ctxt *ctxt)
{
	unsigned int other = ctxt->d.vex ? ctxt->d.vvvv & (x86_is_long(ctxt) ? 15 : 7) :
					   ctxt->d.reg;
	u8 val[VEC_BYTES] = {};
	int rc = ctxt->d.vex_l ? x86_fault_ud(ctxt) : check(ctxt);

	if (rc)
		return rc;
	ctxt->ops->read_vec(ctxt, other, val, XMM_BYTES);
	rc = load(ctxt, val + ctxt->d.op->arg, 8, false);
	if (!rc)
		set_reg(ctxt, ctxt->d.reg, val);
	return rc;
}

int em_vstore_hi(struct x86_emulate_ctxt *ctxt)
{
	u8 val[VEC_BYTES];
	int rc = check_plain(ctxt, false);

	if (rc)
		return rc;
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, XMM_BYTES);
	return store(ctxt, val + 8, 8, false);
}

/* --- MOVD, MOVQ ------------------------------------------------------ */

/*
 * MOVD's other side is a GPR or memory, of four bytes or, with REX.W, eight; MOVQ's,
 * by the argument, a register of the same kind, or eight bytes of memory.
 */
static unsigned int movd_bytes(const struct x86_emulate_ctxt *ctxt)
{
	return ctxt->d.op->arg || (ctxt->d.rex & X86_REX_W) ? 8 : 4;
}

static bool movd_has_gpr(const struct x86_emulate_ctxt *ctxt)
{
	return ctxt->d.mod == 3 && !ctxt->d.op->arg;
}

int em_movd_load(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = movd_bytes(ctxt);
	u64 val[VEC_BYTES / 8] = {};
	int rc = check_plain(ctxt, false);

	if (rc)
		return rc;
	if (movd_has_gpr(ctxt))
		val[0] = x86_gpr_read(ctxt, ctxt->d.rm) & x86_mask(bytes);
	else
		rc = load(ctxt, val, bytes, false);
	if (!rc)
		set_reg(ctxt, ctxt->d.reg, val);
	return rc;
}

/* MOVQ clears the upper half of a register in either direction. */
int em_movd_store(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = movd_bytes(ctxt);
	u64 val[VEC_BYTES / 8] = {};
	int rc = check_plain(ctxt, false);

	if (rc)
		return rc;
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, XMM_BYTES);
	val[1] = 0;
	if (!movd_has_gpr(ctxt))
		return store(ctxt, val, bytes, false);
	x86_gpr_write(ctxt, ctxt->d.rm, val[0], bytes);
	return X86EMUL_CONTINUE;
}

/* --- MMX ------------------------------------------------------------- */

/* MOVD and MOVQ as above, and MOVNTQ; REX.R and REX.B mean nothing to MMX registers. */
int em_mmx_load(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = movd_bytes(ctxt);
	u64 val = 0, linear;
	int rc = x86_check_mmx(ctxt);

	if (rc)
		return rc;
	if (movd_has_gpr(ctxt))
		val = x86_gpr_read(ctxt, ctxt->d.rm) & x86_mask(bytes);
	else if (ctxt->d.mod == 3)
		ctxt->ops->read_vec(ctxt, X86_VEC_MMX + (ctxt->d.rm & 7), &val, 8);
	else
		rc = x86_modrm_linear(ctxt, bytes, false, 1, &linear) ?:
		     ctxt->ops->read_std(ctxt, linear, &val, bytes, 0);
	if (!rc)
		ctxt->ops->write_vec(ctxt, X86_VEC_MMX + (ctxt->d.reg & 7), &val, false);
	return rc;
}

/* The address is found good before the x87 is turned into MMX registers. */
int em_mmx_store(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = movd_bytes(ctxt);
	u64 val, linear = 0;
	int rc = x86_check_mmx(ctxt);

	if (!rc && ctxt->d.mod != 3)
		rc = x86_modrm_linear(ctxt, bytes, true, 1, &linear);
	if (rc)
		return rc;
	ctxt->ops->read_vec(ctxt, X86_VEC_MMX + (ctxt->d.reg & 7), &val, 8);
	if (movd_has_gpr(ctxt))
		x86_gpr_write(ctxt, ctxt->d.rm, val, bytes);
	else if (ctxt->d.mod == 3)
		ctxt->ops->write_vec(ctxt, X86_VEC_MMX + (ctxt->d.rm & 7), &val, false);
	else
		return ctxt->ops->write_std(ctxt, linear, &val, bytes, X86EMUL_ACC_WRITE);
	return X86EMUL_CONTINUE;
}
