// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's x87, SSE and AVX registers for the emulator. They are in the CPU while KVM_RUN is
 * (fpu.c), unless the thread slept or an interrupt used the FPU: then they are loaded again, and
 * preemption stays off for as long as they are touched. Under the vCPU's mutex.
 */
#include <asm/fpu/api.h>
#include "emulator.h"

static void fpregs_get(void)
{
	fpregs_lock();
	fpregs_assert_state_consistent();
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
}

static void fpregs_put(void)
{
	fpregs_unlock();
}

/* One instruction for each register: its number is part of the encoding. */
#define EACH_OF_8(OP)	\
	OP(0) OP(1) OP(2) OP(3) OP(4) OP(5) OP(6) OP(7)
#define EACH_REGISTER(OP)	EACH_OF_8(OP)	\
	OP(8) OP(9) OP(10) OP(11) OP(12) OP(13) OP(14) OP(15)

#define MMX_STORE(n)	case n: asm volatile("movq %%mm" #n ", %0" : "=m" (*to)); break;
#define MMX_LOAD(n)	case n: asm volatile("movq %0, %%mm" #n : : "m" (*from)); break;
#define XMM_STORE(n)	case n: asm volatile("movdqu %%xmm" #n ", %0" : "=m" (*to)); break;
#define XMM_LOAD(n)	case n: asm volatile("movdqu %0, %%xmm" #n : : "m" (*from)); break;
#define YMM_STORE(n)	case n: asm volatile("vmovdqu %%ymm" #n ", %0" : "=m" (*to)); break;
#define YMM_LOAD(n)	case n: asm volatile("vmovdqu %0, %%ymm" #n : : "m" (*from)); break;

struct xmm {
	u8 byte[16];
};

struct ymm {
	u8 byte[32];
};

/*
 * emul_read_vec - a vector register, or an MMX one
 *
 * YMM only where the guest's XCR0 has it, so ours; MMX only without a pending x87 exception, which
 * would be ours too.
 */
void emul_read_vec(struct x86_emulate_ctxt *ctxt, unsigned int n, void *val,
		       unsigned int bytes)
{
	fpregs_get();
	if (n >= X86_VEC_MMX) {
		u64 *to = val;

		switch (n - X86_VEC_MMX) { EACH_OF_8(MMX_STORE) }
	} else if (bytes == 16) {
		struct xmm *to = val;

		switch (n) { EACH_REGISTER(XMM_STORE) }
	} else {
		struct ymm *to = val;

		switch (n) { EACH_REGISTER(YMM_STORE) }
	}
	fpregs_put();
}

/** emul_write_vec - emul_write_vec */
void emul_write_vec(struct x86_emulate_ctxt *ctxt, unsigned int n, const void *val, bool vex)
{
	fpregs_get();
	if (n >= X86_VEC_MMX) {
		const u64 *from = val;

		switch (n - X86_VEC_MMX) { EACH_OF_8(MMX_LOAD) }
	} else if (!vex) {
		const struct xmm *from = val;

		switch (n) { EACH_REGISTER(XMM_LOAD) }
	} else {
		const struct ymm *from = val;

		switch (n) { EACH_REGISTER(YMM_LOAD) }
	}
	fpregs_put();
}

/** emul_fpu - emul_fpu */
void emul_fpu(struct x86_emulate_ctxt *ctxt, enum x86_fpu_op op, void *buf)
{
	struct fxregs_state *image = buf;
	u16 *word = buf;

	fpregs_get();
	switch (op) {
	case X86_FPU_FNSTCW:
		asm volatile("fnstcw %0" : "=m" (*word));
		break;
	case X86_FPU_FNSTSW:
		asm volatile("fnstsw %0" : "=m" (*word));
		break;
	case X86_FPU_FNINIT:
		asm volatile("fninit");
		break;
	case X86_FPU_EMMS:
		asm volatile("emms");
		break;
	case X86_FPU_FXSAVE:
		asm volatile("fxsave %0" : "=m" (*image));
		break;
	case X86_FPU_FXSAVE64:
		asm volatile("fxsave64 %0" : "=m" (*image));
		break;
	case X86_FPU_FXRSTOR:
		asm volatile("fxrstor %0" : : "m" (*image));
		break;
	case X86_FPU_FXRSTOR64:
		asm volatile("fxrstor64 %0" : : "m" (*image));
		break;
	}
	fpregs_put();
}
