// SPDX-License-Identifier: GPL-2.0-only
/*
 * One instruction on the real CPU, in 64-bit user mode or compatibility mode. Registers are loaded
 * and a far jump goes to the instruction; the jump behind it comes back and stores them. A fault, or
 * a branch to one of the breakpoints that fill the code area, comes back by its signal.
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
#define FLAGS_HOST	0x202

/* Linux's flat segments of user mode. */
#define USER32_CS	0x23
#define USER_CS		0x33
#define USER_DS		0x2b

/* Jumps home that a 32-bit displacement reaches: from 64-bit code, and from 32-bit code. */
#define THUNK		(CODE_BASE + CODE_SIZE + 0x10000)
#define THUNK32		(THUNK + 16)

/* What the assembly below loads and stores. */
struct {
	u64 gpr[16];
	u64 flags;
	u64 host_rsp;
	u32 entry;	/* far pointer */
	u16 cs;
	u64 mmx[8];
	u8 vec[16][32] __aligned(32);
} native_regs __attribute__((used));

#define GPR_AT(n)	"native_regs+8*" #n "(%rip)"
#define FLAGS_AT	"native_regs+128(%rip)"
#define RSP_AT		"native_regs+136(%rip)"
#define ENTRY_AT	"native_regs+144(%rip)"
#define MMX_AT(n)	"native_regs+152+8*" #n "(%rip)"
#define VEC_AT(n)	"native_regs+224+32*" #n "(%rip)"

_Static_assert(offsetof(__typeof__(native_regs), entry) == 144, "ENTRY_AT");
_Static_assert(offsetof(__typeof__(native_regs), mmx) == 152, "MMX_AT");
_Static_assert(offsetof(__typeof__(native_regs), vec) == 224, "VEC_AT");

#define LOAD(reg, n)	"mov " GPR_AT(n) ", %" #reg "\n"
#define STORE(reg, n)	"mov %" #reg ", " GPR_AT(n) "\n"
#define LOAD_MMX(n)	"movq " MMX_AT(n) ", %mm" #n "\n"
#define STORE_MMX(n)	"movq %mm" #n ", " MMX_AT(n) "\n"
#define LOAD_VEC(n)	"vmovdqu " VEC_AT(n) ", %ymm" #n "\n"
#define STORE_VEC(n)	"vmovdqu %ymm" #n ", " VEC_AT(n) "\n"

/* All but RSP. */
#define EACH_GPR(OP)								\
	OP(rax, 0) OP(rcx, 1) OP(rdx, 2) OP(rbx, 3) OP(rbp, 5) OP(rsi, 6) OP(rdi, 7)	\
	OP(r8, 8) OP(r9, 9) OP(r10, 10) OP(r11, 11) OP(r12, 12) OP(r13, 13) OP(r14, 14) OP(r15, 15)
#define EACH_8(OP)	OP(0) OP(1) OP(2) OP(3) OP(4) OP(5) OP(6) OP(7)
#define EACH_16(OP)	EACH_8(OP) OP(8) OP(9) OP(10) OP(11) OP(12) OP(13) OP(14) OP(15)

void native_enter(void);
void native_exit(void);
void native_resume(void);

asm(".text\n"
    "native_enter:\n"
    "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "mov %rsp, " RSP_AT "\n"
    EACH_16(LOAD_VEC)
    EACH_8(LOAD_MMX)
    "pushq " FLAGS_AT "\n popfq\n"
    EACH_GPR(LOAD)
    LOAD(rsp, 4)
    "ljmpl *" ENTRY_AT "\n"
    "native_exit:\n"
    EACH_GPR(STORE)
    STORE(rsp, 4)
    "mov " RSP_AT ", %rsp\n"
    "pushfq\n popq " FLAGS_AT "\n"
    EACH_16(STORE_VEC)
    EACH_8(STORE_MMX)
    "native_resume:\n"
    "mov " RSP_AT ", %rsp\n"
    "pushq $0x202\n popfq\n"
    "emms\n vzeroupper\n"
    "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
    "ret\n");

static struct state *current;
static u8 stack[64 * 1024] __attribute__((aligned(16)));
static u8 *data_alias;	/* all of the data, and writable all of it */

/* The signal frame's image: FXSAVE, then XSAVE's header and, without compaction, YMM. */
#define XSAVE_MMX	32
#define XSAVE_XMM	160
#define XSAVE_HEADER	512
#define XSAVE_YMM	576

/* A component in its initial state is not in the image. */
static void collect_fpu(const u8 *image)
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
}

static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	greg_t *regs = uc->uc_mcontext.gregs;
	unsigned int i;

	(void)sig;
	(void)info;
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
	collect_fpu((u8 *)uc->uc_mcontext.fpregs);
	regs[REG_RIP] = (greg_t)native_resume;
	regs[REG_CSGSFS] = (regs[REG_CSGSFS] & ~0xffffLL) | USER_CS;
	regs[REG_EFL] = FLAGS_HOST;
}

static void *map(u64 base, u64 size, int prot, int fd, u64 offset)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *p = mmap((void *)base, size, prot, flags | (base ? MAP_FIXED_NOREPLACE : 0), fd,
		       offset);

	if (p == MAP_FAILED || (base && p != (void *)base))
		err(1, "cannot map the test area at %#llx", (unsigned long long)base);
	return p;
}

/* Both jump; nothing else happens to registers or flags. */
static void write_thunks(void)
{
	u64 home = (u64)native_exit;
	u32 thunk = THUNK;

	map(THUNK, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, -1, 0);
	memcpy((void *)THUNK, "\xff\x25\0\0\0\0", 6);
	memcpy((void *)(THUNK + 6), &home, 8);
	*(u8 *)THUNK32 = 0xea;
	memcpy((void *)(THUNK32 + 1), &thunk, 4);
	memcpy((void *)(THUNK32 + 5), "\x33\0", 2);
}

/** native_init - once, in the process that is to run instructions */
void native_init(void)
{
	static const int signals[] = { SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = {
		.sa_sigaction = handler,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};
	int fd = memfd_create("data", 0);
	unsigned int i;

	if (fd < 0 || ftruncate(fd, DATA_SIZE))
		err(1, "memfd");
	data_alias = map(0, DATA_SIZE, PROT_READ | PROT_WRITE, fd, 0);
	map(DATA_BASE, DATA_RO - DATA_BASE, PROT_READ | PROT_WRITE, fd, 0);
	map(DATA_RO, DATA_BASE + DATA_SIZE - DATA_RO, PROT_READ, fd, DATA_RO - DATA_BASE);
	map(CODE_BASE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, -1, 0);
	memset((void *)CODE_BASE, 0xcc, CODE_SIZE);
	write_thunks();
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

/**
 * native_run - let the CPU execute one instruction
 * @insn: it
 * @len: its length
 * @data: DATA_SIZE bytes that memory is to have before; what it has then is at DATA_BASE
 * @s: registers before and after
 */
void native_run(const u8 *insn, unsigned int len, const u8 *data, struct state *s)
{
	u8 *code = (u8 *)CODE_ENTRY;
	s32 home = (s->compat ? THUNK32 : THUNK) - CODE_ENTRY - len - NATIVE_JUMP;

	memcpy(data_alias, data, DATA_SIZE);
	memcpy(code, insn, len);
	code[len] = 0xe9;
	memcpy(code + len + 1, &home, 4);
	current = s;
	memcpy(native_regs.gpr, s->gpr, sizeof(s->gpr));
	memcpy(native_regs.vec, s->vec, sizeof(s->vec));
	memcpy(native_regs.mmx, s->mmx, sizeof(s->mmx));
	native_regs.flags = FLAGS_HOST | (s->rflags & FLAGS_SETTABLE);
	native_regs.entry = CODE_ENTRY;
	native_regs.cs = s->compat ? USER32_CS : USER_CS;
	s->trap = RUNNING;
	native_enter();
	memset(code, 0xcc, len + NATIVE_JUMP);
	if (s->trap != RUNNING)
		return;
	s->trap = NO_TRAP;
	s->rip = CODE_ENTRY + len;
	s->rflags = native_regs.flags;
	memcpy(s->gpr, native_regs.gpr, sizeof(s->gpr));
	memcpy(s->vec, native_regs.vec, sizeof(s->vec));
	memcpy(s->mmx, native_regs.mmx, sizeof(s->mmx));
}
