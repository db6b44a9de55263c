// SPDX-License-Identifier: GPL-2.0-only
/*
 * FXSAVE, FXRSTOR, EMMS and the x87's control words; the rest of the x87 touches
 * neither devices nor boot paths. Called by emulate.c, vCPU mutex held.
 */
#include "internal.h"

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

/**
 * x86_check_mmx - may an MMX instruction run (SDM vol. 1, 9.6.2; 2A EMMS)? CR0.EM makes it #UD, not
 * #NM. A pending x87 exception is the guest's #MF, and must not become the host's, whose CPU is to
 * execute the access
 */
int x86_check_mmx(struct x86_emulate_ctxt *ctxt)
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
	int rc = x86_check_mmx(ctxt);

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
