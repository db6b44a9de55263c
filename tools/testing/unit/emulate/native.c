// SPDX-License-Identifier: GPL-2.0-only
/*
 * One instruction on the real CPU, in 64-bit user mode or compatibility mode. A
 * signal handler loads the case's registers into the interrupted context, the instruction runs, and
 * the int3 behind it, or its fault, brings the handler back to collect them.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <err.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "harness.h"

static const int greg_of[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

#define FLAGS_SETTABLE	(X86_FLAGS_ARITH | X86_EFLAGS_DF)

/* Linux's flat segments of user mode; the signal frame's CS chooses between 32 and 64 bits. */
#define USER32_CS	0x23
#define USER_DS		0x2b

static struct state *current;
static bool inside;
static gregset_t host;
static u8 stack[64 * 1024] __attribute__((aligned(16)));

/* The signal frame's image: FXSAVE, then XSAVE's header and, without compaction, YMM. */
#define XSAVE_FCW	0
#define XSAVE_MMX	32
#define XSAVE_XMM	160
#define XSAVE_HEADER	512
#define XSAVE_YMM	576
#define XSAVE_END	832

static u8 host_fpu[XSAVE_END];

static void fpu_enter(u8 *image)
{
	unsigned int i;

	memcpy(host_fpu, image, XSAVE_END);
	image[XSAVE_HEADER] |= 7;
	/* All registers in use and none on top: what an MMX instruction makes of it. */
	memcpy(image + XSAVE_FCW, "\x7f\x03\0\0\xff", 5);
	for (i = 0; i < 8; i++)
		memcpy(image + XSAVE_MMX + 16 * i, &current->mmx[i], 8);
	for (i = 0; i < 16; i++) {
		memcpy(image + XSAVE_XMM + 16 * i, current->vec[i], 16);
		memcpy(image + XSAVE_YMM + 16 * i, current->vec[i] + 16, 16);
	}
}

/* A component in its initial state is not in the image. */
static void fpu_leave(u8 *image)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		memcpy(&current->mmx[i], image + XSAVE_MMX + 16 * i, 8);
	for (i = 0; i < 16; i++) {
		memset(current->vec[i], 0, 32);
		if (image[XSAVE_HEADER] & 2)
			memcpy(current->vec[i], image + XSAVE_XMM + 16 * i, 16);
		if (image[XSAVE_HEADER] & 4)
			memcpy(current->vec[i] + 16, image + XSAVE_YMM + 16 * i, 16);
	}
	memcpy(image, host_fpu, XSAVE_END);
}

static void enter(gregset_t regs)
{
	unsigned int i;

	memcpy(host, regs, sizeof(host));
	for (i = 0; i < 16; i++)
		regs[greg_of[i]] = current->gpr[i];
	regs[REG_RIP] = current->rip;
	if (current->compat)
		regs[REG_CSGSFS] = (regs[REG_CSGSFS] & ~0xffffLL) | USER32_CS;
	regs[REG_EFL] = (regs[REG_EFL] & ~FLAGS_SETTABLE) | (current->rflags & FLAGS_SETTABLE);
}

static void leave(gregset_t regs)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		current->gpr[i] = regs[greg_of[i]];
	current->rip = regs[REG_RIP];
	current->rflags = regs[REG_EFL];
	current->trap = regs[REG_TRAPNO];
	current->error = regs[REG_ERR];
	current->cr2 = regs[REG_CR2];
	if (current->trap == 3) {
		current->trap = NO_TRAP;
		current->rip--;
	}
	memcpy(regs, host, sizeof(host));
}

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	if (!inside) {
		enter(uc->uc_mcontext.gregs);
		fpu_enter((u8 *)uc->uc_mcontext.fpregs);
	} else {
		leave(uc->uc_mcontext.gregs);
		fpu_leave((u8 *)uc->uc_mcontext.fpregs);
	}
	inside = !inside;
}

static void map(u64 base, u64 size, int prot)
{
	void *p = mmap((void *)base, size, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)base)
		err(1, "cannot map the test area at %#llx", (unsigned long long)base);
}

void native_init(void)
{
	static const int signals[] = { SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};
	unsigned int i;

	map(CODE_BASE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
	map(DATA_BASE, DATA_SIZE, PROT_READ | PROT_WRITE);
	memset((void *)CODE_BASE, 0xcc, CODE_SIZE);
	if (sigaltstack(&ss, NULL))
		err(1, "sigaltstack");
	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		if (sigaction(signals[i], &sa, NULL))
			err(1, "sigaction");
	}
	/* 64-bit code runs with null ones, which compatibility mode may not use. */
	asm volatile("mov %0, %%ds; mov %0, %%es" : : "r" (USER_DS));
	/* A base that GS-relative cases can be aimed with. */
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, DATA_BASE))
		err(1, "arch_prctl");
}

void native_run(const u8 *insn, unsigned int len, struct state *s)
{
	memcpy((void *)CODE_ENTRY, insn, len);
	current = s;
	/* A POPF case may have left ID set, which no signal frame restores. */
	__builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~X86_EFLAGS_ID);
	asm volatile("int3" ::: "memory");
	memset((void *)CODE_ENTRY, 0xcc, len);
}
