/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the emulator's unit tests share: the state of a test case, the two ways
 * to run one (the real CPU in native.c, the emulator in machine.c), and TAP.
 */
#ifndef _UNIT_EMULATE_HARNESS_H
#define _UNIT_EMULATE_HARNESS_H

#include <stdio.h>

#include "internal.h"

/* The code area is int3 throughout, so that any jump into it ends the case. */
#define CODE_BASE	0x10000000ULL
#define CODE_SIZE	0x10000ULL
#define CODE_ENTRY	(CODE_BASE + CODE_SIZE / 2)

/* Two pages to write, one to read only, then nothing. */
#define DATA_BASE	0x20000000ULL
#define DATA_SIZE	0x3000ULL
#define DATA_RO		(DATA_BASE + 0x2000)
#define DATA_HOLE	0x100000ULL	/* unmapped on both sides */

#define NO_TRAP		0xff
#define RUNNING		0xfe	/* native.c: no signal has come */

#define NATIVE_JUMP	5u	/* bytes behind an instruction that runs natively */

struct state {
	u64 gpr[16];
	u64 rip;
	u64 rflags;
	bool compat;	/* 32-bit code segment */
	u8 trap;	/* NO_TRAP, or the vector */
	u32 error;
	u64 cr2;
	u8 vec[16][32] __aligned(16);	/* XMM, and the upper halves of YMM */
	u64 mmx[8];
};

/* native.c */
void native_init(void);
void native_run(const u8 *insn, unsigned int len, const u8 *data, struct state *s);

/* machine.c: guest memory as the emulator sees it, and what was done to it */
struct machine {
	struct x86_emulate_ctxt ctxt;
	struct state s;
	u8 *data;		/* DATA_SIZE bytes at DATA_BASE */
	u8 code[4096];		/* instruction bytes at CODE_ENTRY */
	unsigned int code_len;
	unsigned int cpl;
	u64 cr[16];
	u64 dr[8];
	u64 msr_val, sysenter[3], syscall[5], kernel_gs, xcr0;
	u32 vendor;		/* EBX of CPUID leaf 0; 0: the real CPU's */
	u16 fcw, fsw;
	u32 mxcsr;
	unsigned int emms;
	struct kvm_segment seg[X86_NR_SREGS];
	struct x86_desc_ptr gdt, idt;
	bool native;	/* the memory map of native.c in any mode */
	bool wild;		/* touched memory the CPU must not be let near */
	unsigned int in_delay;	/* pio_in answers IO_NEEDED so many times */
	unsigned int ins, outs, out_count, halts, invlpgs, invpcids, irets;
	bool has_invpcid;
	u64 out_val, in_val;
	u8 out_data[X86_PIO_BATCH];
	unsigned int cmpxchgs;
	bool cmpxchg_fails;
};

void machine_init(struct machine *m, enum x86_mode mode, unsigned int cpl);
void machine_code(struct machine *m, const void *insn, unsigned int len);
int machine_decode(struct machine *m);
int machine_run(struct machine *m);

/* TAP */
extern unsigned int tap_count, tap_failed;
void tap_ok(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The groups of tests. */
void test_length(void);
void test_moves(void);
void test_modes(void);
void test_system(void);
void test_string(void);
void test_vector(void);
void test_segments(void);
void test_tasks(void);
void test_vendors(void);
int test_differential(void);

#endif /* _UNIT_EMULATE_HARNESS_H */
