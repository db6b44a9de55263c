/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction emulator's one interface. The emulator is pure: whatever it wants to know or
 * change of the vCPU it asks of the emul_*() functions below, which its owner defines, so the same
 * files run in the kernel and in the unit tests. A context belongs to one vCPU; the caller holds
 * the vCPU mutex.
 */
#ifndef _KVM_X86_EMULATE_H
#define _KVM_X86_EMULATE_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/kvm.h>

#include "../exception.h"
#include "insn.h"

struct x86_emulate_ctxt;

/* What decoding, execution and the functions below answer. */
enum x86_emul_result {
	X86EMUL_CONTINUE,	/* done */
	X86EMUL_UNHANDLEABLE,	/* the emulator cannot do it; nothing was committed */
	X86EMUL_PROPAGATE_FAULT,	/* ctxt->exception is to be injected */
	X86EMUL_RETRY_INSTR,	/* let the guest try the instruction again */
	X86EMUL_CMPXCHG_FAILED,	/* another CPU changed the memory in between */
	X86EMUL_IO_NEEDED,	/* userspace must answer a read first; call again after it */
};

/* How a memory callback is to check the access. */
#define X86EMUL_ACC_WRITE	0x1	/* fault as a write: the read of a read-modify-write */
#define X86EMUL_ACC_SYSTEM	0x2	/* implicit supervisor access: TSS, descriptor tables */

/* As LGDT and SGDT have it in memory. */
struct x86_desc_ptr {
	u16 limit;
	u64 base;
} __packed;

#define X86_FXSAVE_BYTES	512

#define X86_VEC_MMX	16	/* first of eight, behind the XMM and YMM registers */

/* What emul_fpu() does; those that move data have a buffer. */
enum x86_fpu_op {
	X86_FPU_FNSTCW,		/* u16 */
	X86_FPU_FNSTSW,		/* u16 */
	X86_FPU_FNINIT,
	X86_FPU_EMMS,
	X86_FPU_FXSAVE,		/* X86_FXSAVE_BYTES, aligned to 16 */
	X86_FPU_FXSAVE64,
	X86_FPU_FXRSTOR,	/* MXCSR has been checked */
	X86_FPU_FXRSTOR64,
};

/*
 * What the emulator asks of a vCPU: defined by its owner, emulator_*.c and io.c here, a machine of
 * plain memory in the unit tests. Those that return int answer X86EMUL_* unless they say otherwise.
 */

/* A GPR, X86_RAX to X86_R15; written only when the instruction has succeeded. */
u64 emul_read_gpr(struct x86_emulate_ctxt *ctxt, unsigned int gpr);
void emul_write_gpr(struct x86_emulate_ctxt *ctxt, unsigned int gpr, u64 val);

/*
 * Guest memory at a linear address, any length, may cross pages; @access: X86EMUL_ACC_*. All of a
 * write is checked before its first byte is written. One that userspace must perform is queued:
 * ctxt->io_pending and X86EMUL_CONTINUE.
 */
int emul_read_std(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes,
		  u32 access);
int emul_write_std(struct x86_emulate_ctxt *ctxt, u64 linear, const void *val, unsigned int bytes,
		   u32 access);
/* Would a write fault? X86EMUL_IO_NEEDED: it would not, but no memory is behind the address. */
int emul_probe_write(struct x86_emulate_ctxt *ctxt, u64 linear, unsigned int bytes);
/* Atomic compare and exchange of 1, 2, 4, 8 or 16 bytes. */
int emul_cmpxchg(struct x86_emulate_ctxt *ctxt, u64 linear, const void *old, const void *new,
		 unsigned int bytes);
/* Instruction bytes, within one page. */
int emul_fetch(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes);

/* Selector and descriptor cache of an X86_SREG_*; what is loaded has been checked. */
void emul_get_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg, struct kvm_segment *seg);
void emul_set_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg,
		      const struct kvm_segment *seg);
unsigned int emul_cpl(struct x86_emulate_ctxt *ctxt);
/* GDTR, or IDTR. */
void emul_get_table(struct x86_emulate_ctxt *ctxt, bool idt, struct x86_desc_ptr *dt);
void emul_set_table(struct x86_emulate_ctxt *ctxt, bool idt, const struct x86_desc_ptr *dt);

/* CR0, CR2, CR3, CR4 or CR8; DR0 to DR3, DR6, DR7; XCR0; MSRs. Nonzero: refused with #GP(0). */
u64 emul_get_cr(struct x86_emulate_ctxt *ctxt, unsigned int cr);
int emul_set_cr(struct x86_emulate_ctxt *ctxt, unsigned int cr, u64 val);
u64 emul_get_dr(struct x86_emulate_ctxt *ctxt, unsigned int dr);
int emul_set_dr(struct x86_emulate_ctxt *ctxt, unsigned int dr, u64 val);
u64 emul_xcr0(struct x86_emulate_ctxt *ctxt);
int emul_set_xcr(struct x86_emulate_ctxt *ctxt, u32 index, u64 val);
int emul_get_msr(struct x86_emulate_ctxt *ctxt, u32 msr, u64 *val);
int emul_set_msr(struct x86_emulate_ctxt *ctxt, u32 msr, u64 val);

/* @count elements of @size bytes; X86EMUL_IO_NEEDED until they are there. OUT may be queued. */
int emul_pio_in(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, void *val,
		unsigned int count);
int emul_pio_out(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, const void *val,
		 unsigned int count);

/* In place: eax and ecx select, all four answer. */
void emul_cpuid(struct x86_emulate_ctxt *ctxt, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
u64 emul_rdtsc(struct x86_emulate_ctxt *ctxt);
/* Drop the translation of a linear address. */
void emul_invlpg(struct x86_emulate_ctxt *ctxt, u64 linear);
/* Drop those that INVPCID's type, and for type 0 the linear address, names. */
void emul_invpcid(struct x86_emulate_ctxt *ctxt, unsigned int type, u64 linear);

/*
 * 16 or 32 bytes of XMM or YMM register 0 to 15; 8 of X86_VEC_MMX to + 7, which turns the x87 over
 * to MMX. A write with @vex has 32 bytes and zeroes above, else 16 and keeps it (SDM 2A 2.3.10).
 */
void emul_read_vec(struct x86_emulate_ctxt *ctxt, unsigned int n, void *val, unsigned int bytes);
void emul_write_vec(struct x86_emulate_ctxt *ctxt, unsigned int n, const void *val, bool vex);
void emul_fpu(struct x86_emulate_ctxt *ctxt, enum x86_fpu_op op, void *buf);

enum x86_operand_type {
	X86_OPERAND_NONE,
	X86_OPERAND_GPR,
	X86_OPERAND_MEM,
	X86_OPERAND_IMM,
	X86_OPERAND_SREG,
};

/* One operand at execution. */
struct x86_operand {
	u8 type;	/* where it lives */
	u8 bytes;	/* its size */
	u8 reg;		/* GPR number, or X86_SREG_* */
	bool high;	/* bits 15:8 of that: AH, CH, DH, BH */
	u8 seg;		/* segment of a memory operand */
	u64 ea;		/* its effective address, inside the segment */
	u64 val;	/* its value, zero-extended */
	u64 orig;	/* value as read, for the compare-and-exchange of a LOCK form */
};

#define X86_PIO_BATCH	1024	/* bytes of INS read ahead, or OUTS gathered */

/* Interrupt shadows that an instruction leaves behind it. */
#define X86_SHADOW_STI		0x1
#define X86_SHADOW_MOV_SS	0x2

/* One vCPU's emulator. */
struct x86_emulate_ctxt {
	void *opaque;		/* the owner's, set once */

	/* Set before decoding. On success eip is the next one's; the caller commits both. */
	enum x86_mode mode;
	u64 eip;
	u64 eflags;

	struct x86_exception exception;	/* with X86EMUL_PROPAGATE_FAULT, and late_fault */
	u8 shadow;		/* X86_SHADOW_* the instruction leaves; committed on success */
	bool io_pending;	/* a write was queued for userspace; the instruction is complete */
	bool rep_continues;	/* success, but eip stays: run it again or enter the guest */
	bool late_fault;	/* success, but the fault is the new task's, too (SDM 7.3) */
	bool keep_rf;		/* RF in eflags came from a new task's TSS */
	bool halted;		/* HLT has retired */
	bool iret;		/* IRET has retired: NMIs are no longer blocked */
	u32 retired;		/* iterations of a REP instruction that this call has completed */

	/* The emulator's own. */
	struct x86_insn d;
	u64 next_eip;		/* where a successful instruction goes */
	struct x86_operand dst;
	struct x86_operand src;
	struct x86_operand src2;

	u16 gprs_valid;
	u16 gprs_dirty;
	u8 segs_valid;
	u8 segs_dirty;
	u8 ext;
	u64 gprs[X86_NR_GPRS];
	struct kvm_segment segs[X86_NR_SREGS];

	u8 fetched;
	u8 bytes[X86_INSN_MAX];

	u16 pio_pos;
	u16 pio_end;
	u8 pio_data[X86_PIO_BATCH];
};

/* The decoding mode, by CR0.PE, EFLAGS.VM, EFER.LMA, CS.L and CS.D. */
static inline enum x86_mode x86_emulate_mode(bool protected, bool vm86, bool lma, bool cs_l,
					     bool cs_db)
{
	if (!protected)
		return X86_MODE_REAL;
	if (vm86)
		return X86_MODE_VM86;
	if (lma && cs_l)
		return X86_MODE_LONG;
	return cs_db ? X86_MODE_PROT32 : X86_MODE_PROT16;
}

/* What starts a task switch (SDM 7.3). */
enum x86_task_reason {
	X86_TASK_CALL,
	X86_TASK_IRET,
	X86_TASK_JMP,
	X86_TASK_GATE,
};

int x86_emulate_task_switch(struct x86_emulate_ctxt *ctxt, unsigned int length, u16 selector,
			    enum x86_task_reason reason, bool external, bool has_error_code,
			    u32 error_code);
int x86_emulate_event(struct x86_emulate_ctxt *ctxt, u8 vector, unsigned int length,
		      bool has_error_code, u32 error_code);
int x86_decode_insn(struct x86_emulate_ctxt *ctxt, const void *insn, unsigned int len);
int x86_emulate_insn(struct x86_emulate_ctxt *ctxt);
void x86_emulate_reset(struct x86_emulate_ctxt *ctxt);

#endif /* _KVM_X86_EMULATE_H */
