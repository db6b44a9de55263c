// SPDX-License-Identifier: GPL-2.0-only
/*
 * SSE and AVX moves between registers and memory, as compilers and memcpy()
 * emit them for device memory; FXSAVE, FXRSTOR and the x87's control words.
 * The registers are behind callbacks. Called by emulate.c, vCPU mutex held.
 */
#include "internal.h"

#define XCR0_AVX	6	/* SSE and YMM state (SDM vol. 1, 13.3) */
#define VEC_BYTES	32
#define XMM_BYTES	16
#define MXCSR_RESERVED	0xffff0000u
#define FXSAVE_MXCSR	24	/* offsets in the image (SDM vol. 1, 10.5.1) */
#define FXSAVE_XMM	160

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

static int linear_of(struct x86_emulate_ctxt *ctxt, unsigned int bytes, bool write, bool aligned,
		     u64 *linear)
{
	u64 ea = x86_effective_address(ctxt);
	int rc = x86_linearize(ctxt, ctxt->d.seg, ea, bytes, write, linear);

	if (rc == X86EMUL_CONTINUE && aligned && (*linear & (bytes - 1)))
		return x86_fault_gp(ctxt, 0);
	return rc;
}

static int load(struct x86_emulate_ctxt *ctxt, void *val, unsigned int bytes, bool aligned)
{
	u64 linear;
	int rc;

	if (ctxt->d.mod == 3) {
		u8 all[VEC_BYTES];

		ctxt->ops->read_vec(ctxt, ctxt->d.rm, all, full_bytes(ctxt));
		memcpy(val, all, bytes);
		return X86EMUL_CONTINUE;
	}
	rc = linear_of(ctxt, bytes, false, aligned, &linear);
	return rc ? rc : ctxt->ops->read_std(ctxt, linear, val, bytes, 0);
}

/* A store to a register is a move to it: the bytes behind @bytes are @val's too. */
static int store(struct x86_emulate_ctxt *ctxt, const void *val, unsigned int bytes, bool aligned)
{
	u64 linear;
	int rc;

	if (ctxt->d.mod == 3) {
		ctxt->ops->write_vec(ctxt, ctxt->d.rm, val, ctxt->d.vex);
		return X86EMUL_CONTINUE;
	}
	rc = linear_of(ctxt, bytes, true, aligned, &linear);
	return rc ? rc : ctxt->ops->write_std(ctxt, linear, val, bytes, X86EMUL_ACC_WRITE);
}

/* --- Whole registers: MOVUPS, MOVAPS, MOVDQU, MOVDQA, MOVNTDQ, LDDQU -- */

static int load_full(struct x86_emulate_ctxt *ctxt, bool aligned)
{
	u8 val[VEC_BYTES] = {};
	int rc = check_plain(ctxt, true);

	if (rc == X86EMUL_CONTINUE)
		rc = load(ctxt, val, full_bytes(ctxt), aligned);
	if (rc == X86EMUL_CONTINUE)
		ctxt->ops->write_vec(ctxt, ctxt->d.reg, val, ctxt->d.vex);
	return rc;
}

static int store_full(struct x86_emulate_ctxt *ctxt, bool aligned)
{
	u8 val[VEC_BYTES] = {};
	int rc = check_plain(ctxt, true);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, full_bytes(ctxt));
	return store(ctxt, val, full_bytes(ctxt), aligned);
}

int em_vload(struct x86_emulate_ctxt *ctxt)
{
	return load_full(ctxt, false);
}

int em_vload_aligned(struct x86_emulate_ctxt *ctxt)
{
	return load_full(ctxt, true);
}

int em_vstore(struct x86_emulate_ctxt *ctxt)
{
	return store_full(ctxt, false);
}

int em_vstore_aligned(struct x86_emulate_ctxt *ctxt)
{
	return store_full(ctxt, true);
}

/* --- Parts: MOVSS, MOVSD, MOVLPS, MOVHPS ------------------------------ */

/* From memory the rest is cleared, between registers it is kept. */
static int load_scalar(struct x86_emulate_ctxt *ctxt, unsigned int bytes)
{
	u8 val[VEC_BYTES] = {};
	int rc;

	/* The three-operand form has no memory operand, and never comes here by one. */
	if (ctxt->d.vex && ctxt->d.mod == 3)
		return X86EMUL_UNHANDLEABLE;
	rc = ctxt->d.vex && ctxt->d.vvvv ? x86_fault_ud(ctxt) : check(ctxt);
	if (rc == X86EMUL_CONTINUE && ctxt->d.mod == 3)
		ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, XMM_BYTES);
	if (rc == X86EMUL_CONTINUE)
		rc = load(ctxt, val, bytes, false);
	if (rc == X86EMUL_CONTINUE)
		ctxt->ops->write_vec(ctxt, ctxt->d.reg, val, ctxt->d.vex);
	return rc;
}

static int store_scalar(struct x86_emulate_ctxt *ctxt, unsigned int bytes)
{
	u8 val[VEC_BYTES] = {}, from[VEC_BYTES];
	int rc;

	if (ctxt->d.vex && ctxt->d.mod == 3)
		return X86EMUL_UNHANDLEABLE;
	rc = ctxt->d.vex && ctxt->d.vvvv ? x86_fault_ud(ctxt) : check(ctxt);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (ctxt->d.mod == 3)
		ctxt->ops->read_vec(ctxt, ctxt->d.rm, val, XMM_BYTES);
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, from, XMM_BYTES);
	memcpy(val, from, bytes);
	return store(ctxt, val, bytes, false);
}

int em_vload4(struct x86_emulate_ctxt *ctxt)
{
	return load_scalar(ctxt, 4);
}

int em_vload8(struct x86_emulate_ctxt *ctxt)
{
	return load_scalar(ctxt, 8);
}

int em_vstore4(struct x86_emulate_ctxt *ctxt)
{
	return store_scalar(ctxt, 4);
}

int em_vstore8(struct x86_emulate_ctxt *ctxt)
{
	return store_scalar(ctxt, 8);
}

/* One half from memory, the other from the register, or from vvvv. */
static int load_half(struct x86_emulate_ctxt *ctxt, unsigned int at)
{
	unsigned int other = ctxt->d.vex ? ctxt->d.vvvv & (x86_is_long(ctxt) ? 15 : 7) :
					   ctxt->d.reg;
	u8 val[VEC_BYTES] = {};
	int rc = ctxt->d.vex_l ? x86_fault_ud(ctxt) : check(ctxt);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	ctxt->ops->read_vec(ctxt, other, val, XMM_BYTES);
	rc = load(ctxt, val + at, 8, false);
	if (rc == X86EMUL_CONTINUE)
		ctxt->ops->write_vec(ctxt, ctxt->d.reg, val, ctxt->d.vex);
	return rc;
}

int em_vload_lo(struct x86_emulate_ctxt *ctxt)
{
	return load_half(ctxt, 0);
}

int em_vload_hi(struct x86_emulate_ctxt *ctxt)
{
	return load_half(ctxt, 8);
}

int em_vstore_hi(struct x86_emulate_ctxt *ctxt)
{
	u8 val[VEC_BYTES];
	int rc = check_plain(ctxt, false);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, XMM_BYTES);
	return store(ctxt, val + 8, 8, false);
}

/* --- MOVD, MOVQ ------------------------------------------------------ */

/* The other side is a GPR or memory, of four bytes or, with REX.W, eight. */
int em_movd_load(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->d.rex & X86_REX_W ? 8 : 4;
	u64 val[VEC_BYTES / 8] = {};
	int rc = check_plain(ctxt, false);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	if (ctxt->d.mod == 3)
		val[0] = x86_gpr_read(ctxt, ctxt->d.rm) & x86_mask(bytes);
	else
		rc = load(ctxt, val, bytes, false);
	if (rc == X86EMUL_CONTINUE)
		ctxt->ops->write_vec(ctxt, ctxt->d.reg, val, ctxt->d.vex);
	return rc;
}

int em_movd_store(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = ctxt->d.rex & X86_REX_W ? 8 : 4;
	u64 val[VEC_BYTES / 8];
	int rc = check_plain(ctxt, false);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, XMM_BYTES);
	if (ctxt->d.mod != 3)
		return store(ctxt, val, bytes, false);
	x86_gpr_write(ctxt, ctxt->d.rm, val[0], bytes);
	return X86EMUL_CONTINUE;
}

/* MOVQ clears the upper half of a register in either direction. */
int em_movq_load(struct x86_emulate_ctxt *ctxt)
{
	u64 val[VEC_BYTES / 8] = {};
	int rc = check_plain(ctxt, false);

	if (rc == X86EMUL_CONTINUE)
		rc = load(ctxt, val, 8, false);
	if (rc == X86EMUL_CONTINUE)
		ctxt->ops->write_vec(ctxt, ctxt->d.reg, val, ctxt->d.vex);
	return rc;
}

int em_movq_store(struct x86_emulate_ctxt *ctxt)
{
	u64 val[VEC_BYTES / 8] = {};
	int rc = check_plain(ctxt, false);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	ctxt->ops->read_vec(ctxt, ctxt->d.reg, val, XMM_BYTES);
	val[1] = 0;
	return store(ctxt, val, 8, false);
}

/* --- x87 and FXSAVE --------------------------------------------------- */

static int check_x87(struct x86_emulate_ctxt *ctxt)
{
	if (ctxt->ops->get_cr(ctxt, 0) & (X86_CR0_EM | X86_CR0_TS))
		return x86_fault(ctxt, NM_VECTOR_NR, false, 0);
	return X86EMUL_CONTINUE;
}

/* FNSTCW and FNSTSW do not wait: a pending #MF is none of theirs. */
static int store_word(struct x86_emulate_ctxt *ctxt, enum x86_fpu_op op)
{
	u16 word;
	int rc = check_x87(ctxt);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	ctxt->ops->fpu(ctxt, op, &word);
	ctxt->dst.val = word;
	ctxt->dst.bytes = 2;
	return X86EMUL_CONTINUE;
}

int em_fnstcw(struct x86_emulate_ctxt *ctxt)
{
	return store_word(ctxt, X86_FPU_FNSTCW);
}

int em_fnstsw(struct x86_emulate_ctxt *ctxt)
{
	return store_word(ctxt, X86_FPU_FNSTSW);
}

int em_fninit(struct x86_emulate_ctxt *ctxt)
{
	int rc = check_x87(ctxt);

	if (rc == X86EMUL_CONTINUE)
		ctxt->ops->fpu(ctxt, X86_FPU_FNINIT, NULL);
	return rc;
}

/* CR0.EM makes an MMX instruction #UD, not #NM (SDM 2A EMMS). */
int em_emms(struct x86_emulate_ctxt *ctxt)
{
	int rc;

	if (ctxt->ops->get_cr(ctxt, 0) & X86_CR0_EM)
		return x86_fault_ud(ctxt);
	rc = check_x87(ctxt);
	if (rc == X86EMUL_CONTINUE)
		ctxt->ops->fpu(ctxt, X86_FPU_EMMS, NULL);
	return rc;
}

/* Without CR4.OSFXSR no XMM, else eight of them or, in 64-bit mode, sixteen. */
static unsigned int fxsave_bytes(struct x86_emulate_ctxt *ctxt)
{
	if (!(ctxt->ops->get_cr(ctxt, 4) & X86_CR4_OSFXSR))
		return FXSAVE_XMM;
	return FXSAVE_XMM + XMM_BYTES * (x86_is_long(ctxt) ? 16 : 8);
}

static int fxsave_linear(struct x86_emulate_ctxt *ctxt, bool write, u64 *linear)
{
	int rc = check_x87(ctxt);

	if (rc == X86EMUL_CONTINUE)
		rc = linear_of(ctxt, X86_FXSAVE_BYTES, write, false, linear);
	if (rc == X86EMUL_CONTINUE && (*linear & 15))
		return x86_fault_gp(ctxt, 0);
	return rc;
}

int em_fxsave(struct x86_emulate_ctxt *ctxt)
{
	u8 image[X86_FXSAVE_BYTES] __aligned(16);
	u64 linear;
	int rc = fxsave_linear(ctxt, true, &linear);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	ctxt->ops->fpu(ctxt, ctxt->d.op_bytes == 8 ? X86_FPU_FXSAVE64 : X86_FPU_FXSAVE, image);
	return ctxt->ops->write_std(ctxt, linear, image, fxsave_bytes(ctxt), X86EMUL_ACC_WRITE);
}

/* What the image lacks stays as it is: so it is read from the CPU first. */
int em_fxrstor(struct x86_emulate_ctxt *ctxt)
{
	u8 image[X86_FXSAVE_BYTES] __aligned(16);
	bool wide = ctxt->d.op_bytes == 8;
	u32 mxcsr;
	u64 linear;
	int rc = fxsave_linear(ctxt, false, &linear);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	ctxt->ops->fpu(ctxt, wide ? X86_FPU_FXSAVE64 : X86_FPU_FXSAVE, image);
	rc = ctxt->ops->read_std(ctxt, linear, image, fxsave_bytes(ctxt), 0);
	if (rc != X86EMUL_CONTINUE)
		return rc;
	memcpy(&mxcsr, image + FXSAVE_MXCSR, sizeof(mxcsr));
	if (mxcsr & MXCSR_RESERVED)
		return x86_fault_gp(ctxt, 0);
	ctxt->ops->fpu(ctxt, wide ? X86_FPU_FXRSTOR64 : X86_FPU_FXRSTOR, image);
	return X86EMUL_CONTINUE;
}
