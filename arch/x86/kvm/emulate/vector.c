// SPDX-License-Identifier: GPL-2.0-only
/*
 * SSE, AVX and MMX moves between registers and memory, as compilers and memcpy() emit them for
 * device memory: the row's argument (V_*, internal.h) tells them apart. And FXSAVE, FXRSTOR, EMMS
 * and the x87's control words; the rest of the x87 touches neither devices nor boot paths. Called
 * by emulate.c, vCPU mutex held.
 */
#include "internal.h"

/* --- x87 state -------------------------------------------------------- */

#define MXCSR_RESERVED	0xffff0000u
#define FXSAVE_MXCSR	24	/* offsets in the image (SDM vol. 1, 10.5.1) */
#define FXSAVE_XMM	160
#define FSW_ES		0x80	/* an unmasked exception waits for the next x87 instruction */

static int check_x87(struct x86_emulate_ctxt *ctxt)
{
	if (emul_get_cr(ctxt, 0) & (X86_CR0_EM | X86_CR0_TS))
		return x86_fault(ctxt, NM_VECTOR_NR, false, 0);
	return X86EMUL_CONTINUE;
}

/*
 * May an MMX instruction run (SDM vol. 1, 9.6.2; 2A EMMS)? CR0.EM makes it #UD, not
 * #NM. A pending x87 exception is the guest's #MF, and must not become the host's, whose CPU is to
 * execute the access
 */
static int check_mmx(struct x86_emulate_ctxt *ctxt)
{
	u16 fsw = 0;
	int rc;

	if (emul_get_cr(ctxt, 0) & X86_CR0_EM)
		return x86_fault_ud(ctxt);
	rc = check_x87(ctxt);
	if (rc)
		return rc;
	emul_fpu(ctxt, X86_FPU_FNSTSW, &fsw);
	return fsw & FSW_ES ? x86_fault(ctxt, MF_VECTOR_NR, false, 0) : X86EMUL_CONTINUE;
}

int em_emms(struct x86_emulate_ctxt *ctxt)
{
	int rc = check_mmx(ctxt);

	if (!rc)
		emul_fpu(ctxt, X86_FPU_EMMS, NULL);
	return rc;
}

/* FNSTCW, FNSTSW and FNINIT, by the argument, do not wait: a pending #MF is none of theirs. */
int em_x87(struct x86_emulate_ctxt *ctxt)
{
	u16 word = 0;
	int rc = check_x87(ctxt);

	if (rc)
		return rc;
	emul_fpu(ctxt, (enum x86_fpu_op)ctxt->d.op->arg, &word);
	ctxt->dst.val = word;
	ctxt->dst.bytes = 2;
	return X86EMUL_CONTINUE;
}

/* Without CR4.OSFXSR no XMM, else eight of them or, in 64-bit mode, sixteen. */
static unsigned int fxsave_bytes(struct x86_emulate_ctxt *ctxt)
{
	if (!(emul_get_cr(ctxt, 4) & X86_CR4_OSFXSR))
		return FXSAVE_XMM;
	return FXSAVE_XMM + 16 * (x86_is_long(ctxt) ? 16 : 8);
}

static int fxsave_linear(struct x86_emulate_ctxt *ctxt, bool write, u64 *linear)
{
	return check_x87(ctxt) ?: x86_modrm_linear(ctxt, X86_FXSAVE_BYTES, write, 16, linear);
}

int em_fxsave(struct x86_emulate_ctxt *ctxt)
{
	u8 image[X86_FXSAVE_BYTES] __aligned(16);
	u64 linear;
	int rc = fxsave_linear(ctxt, true, &linear);

	if (rc)
		return rc;
	emul_fpu(ctxt, ctxt->d.op_bytes == 8 ? X86_FPU_FXSAVE64 : X86_FPU_FXSAVE, image);
	return emul_write_std(ctxt, linear, image, fxsave_bytes(ctxt), X86EMUL_ACC_WRITE);
}

/* What the image lacks stays as it is: so it is read from the CPU first. */
int em_fxrstor(struct x86_emulate_ctxt *ctxt)
{
	u8 image[X86_FXSAVE_BYTES] __aligned(16);
	bool wide = ctxt->d.op_bytes == 8;
	u32 mxcsr;
	u64 linear;
	int rc = fxsave_linear(ctxt, false, &linear);

	if (rc)
		return rc;
	emul_fpu(ctxt, wide ? X86_FPU_FXSAVE64 : X86_FPU_FXSAVE, image);
	rc = emul_read_std(ctxt, linear, image, fxsave_bytes(ctxt), 0);
	memcpy(&mxcsr, image + FXSAVE_MXCSR, sizeof(mxcsr));
	if (!rc && (mxcsr & MXCSR_RESERVED))
		rc = x86_fault_gp(ctxt, 0);
	if (!rc)
		emul_fpu(ctxt, wide ? X86_FPU_FXRSTOR64 : X86_FPU_FXRSTOR, image);
	return rc;
}

/* --- Moves ------------------------------------------------------------ */

#define XCR0_AVX	6	/* SSE and YMM state (SDM vol. 1, 13.3) */
#define VEC_BYTES	32
#define XMM_BYTES	16

/* VEX.vvvv that names no register must be all ones, which decode.c has inverted. */
static bool encoding_is_valid(const struct x86_emulate_ctxt *ctxt, u8 arg)
{
	if (ctxt->d.vvvv && !(arg & V_HALF))
		return false;
	/* Moves of single numbers ignore VEX.L. */
	return !ctxt->d.vex_l || !(arg & V_BYTES) || (arg & V_SCALAR);
}

/* SDM 2A tables 2-18 to 2-24: #UD before #NM. */
static int check(struct x86_emulate_ctxt *ctxt, u8 arg)
{
	u64 cr0 = emul_get_cr(ctxt, 0), cr4 = emul_get_cr(ctxt, 4);
	bool enabled = !(cr0 & X86_CR0_EM) && (cr4 & X86_CR4_OSFXSR);

	if (arg & V_MMX)
		return check_mmx(ctxt);
	/* The three-operand form between registers is no move to or from memory. */
	if (ctxt->d.vex && ctxt->d.mod == 3 && (arg & V_SCALAR))
		return X86EMUL_UNHANDLEABLE;
	if (ctxt->d.vex)
		enabled = (cr4 & X86_CR4_OSXSAVE) &&
			  (emul_xcr0(ctxt) & XCR0_AVX) == XCR0_AVX &&
			  encoding_is_valid(ctxt, arg);
	if (!enabled)
		return x86_fault_ud(ctxt);
	return cr0 & X86_CR0_TS ? x86_fault(ctxt, NM_VECTOR_NR, false, 0) : X86EMUL_CONTINUE;
}

/* MOVD and, with REX.W, MOVQ have a GPR in place of a register. */
static unsigned int move_bytes(const struct x86_emulate_ctxt *ctxt, u8 arg)
{
	if (arg & V_GPR)
		return ctxt->d.rex & X86_REX_W ? 8 : 4;
	return arg & V_BYTES ?: ctxt->d.vex_l ? VEC_BYTES : XMM_BYTES;
}

static unsigned int align_of(u8 arg, unsigned int bytes)
{
	return arg & V_ALIGNED ? bytes : 1;
}

/* REX.R and REX.B mean nothing to MMX registers. */
static void get_reg(struct x86_emulate_ctxt *ctxt, u8 arg, unsigned int n, void *val)
{
	if (arg & V_MMX)
		emul_read_vec(ctxt, X86_VEC_MMX + (n & 7), val, 8);
	else
		emul_read_vec(ctxt, n, val, ctxt->d.vex_l ? VEC_BYTES : XMM_BYTES);
}

static void set_reg(struct x86_emulate_ctxt *ctxt, u8 arg, unsigned int n, const void *val)
{
	emul_write_vec(ctxt, arg & V_MMX ? X86_VEC_MMX + (n & 7) : n, val, ctxt->d.vex);
}

/*
 * To a register. MOVLPS and MOVHPS keep the other half, of the register or of the one
 * that vvvv names, MOVSS and MOVSD between registers keep the rest; all else clears it.
 */
int em_vload(struct x86_emulate_ctxt *ctxt)
{
	u8 arg = ctxt->d.op->arg, val[VEC_BYTES] = {}, from[VEC_BYTES];
	unsigned int bytes = move_bytes(ctxt, arg), other = ctxt->d.reg;
	u64 linear, gpr;
	int rc = check(ctxt, arg);

	if (rc)
		return rc;
	if (ctxt->d.vex)
		other = ctxt->d.vvvv & (x86_is_long(ctxt) ? 15 : 7);
	if ((arg & V_HALF) || ((arg & V_SCALAR) && ctxt->d.mod == 3))
		get_reg(ctxt, arg, other, val);
	if (ctxt->d.mod != 3) {
		rc = x86_modrm_linear(ctxt, bytes, false, align_of(arg, bytes), &linear) ?:
		     emul_read_std(ctxt, linear, val + (arg & V_HIGH ? 8 : 0), bytes, 0);
	} else if (arg & V_GPR) {
		gpr = x86_gpr_read(ctxt, ctxt->d.rm);
		memcpy(val, &gpr, bytes);
	} else {
		get_reg(ctxt, arg, ctxt->d.rm, from);
		memcpy(val, from, bytes);
	}
	if (!rc)
		set_reg(ctxt, arg, ctxt->d.reg, val);
	return rc;
}

/* From a register; between registers as above. */
int em_vstore(struct x86_emulate_ctxt *ctxt)
{
	u8 arg = ctxt->d.op->arg, val[VEC_BYTES] = {}, from[VEC_BYTES];
	unsigned int bytes = move_bytes(ctxt, arg);
	u64 linear = 0, gpr = 0;
	int rc = check(ctxt, arg);

	if (!rc && ctxt->d.mod != 3)
		rc = x86_modrm_linear(ctxt, bytes, true, align_of(arg, bytes), &linear);
	/* Nothing is left to fault when the x87 is turned into MMX registers. */
	if (!rc && ctxt->d.mod != 3 && (arg & V_MMX))
		rc = emul_probe_write(ctxt, linear, bytes);
	if (rc && rc != X86EMUL_IO_NEEDED)
		return rc;

	get_reg(ctxt, arg, ctxt->d.reg, from);
	if (ctxt->d.mod != 3)
		return emul_write_std(ctxt, linear, from + (arg & V_HIGH ? 8 : 0), bytes,
					    X86EMUL_ACC_WRITE);
	if (arg & V_GPR) {
		memcpy(&gpr, from, bytes);
		x86_gpr_write(ctxt, ctxt->d.rm, gpr, bytes);
		return X86EMUL_CONTINUE;
	}
	if (arg & V_SCALAR)
		get_reg(ctxt, arg, ctxt->d.rm, val);
	memcpy(val, from, bytes);
	set_reg(ctxt, arg, ctxt->d.rm, val);
	return X86EMUL_CONTINUE;
}
