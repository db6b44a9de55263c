/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction emulator's one interface. The emulator is pure: whatever it
 * wants to know or change of the vCPU it asks through struct x86_emulate_ops,
 * so the same files run in the kernel and in the unit tests. A context belongs
 * to one vCPU; the caller holds the vCPU mutex.
 */
#ifndef _KVM_X86_EMULATE_H
#define _KVM_X86_EMULATE_H

#include <linux/types.h>
#include <asm/kvm.h>

#include "../exception.h"
#include "insn.h"

struct x86_emulate_ctxt;

/**
 * enum x86_emul_result - what decoding, execution and the callbacks answer
 * @X86EMUL_CONTINUE: done
 * @X86EMUL_UNHANDLEABLE: the emulator cannot do it; nothing was committed
 * @X86EMUL_PROPAGATE_FAULT: ctxt->exception is to be injected
 * @X86EMUL_RETRY_INSTR: let the guest try the instruction again
 * @X86EMUL_CMPXCHG_FAILED: another CPU changed the memory in between
 * @X86EMUL_IO_NEEDED: userspace must answer a read first; call again after it
 * @X86EMUL_INTERCEPTED: the first-level hypervisor takes it (nested only)
 */
enum x86_emul_result {
	X86EMUL_CONTINUE,
	X86EMUL_UNHANDLEABLE,
	X86EMUL_PROPAGATE_FAULT,
	X86EMUL_RETRY_INSTR,
	X86EMUL_CMPXCHG_FAILED,
	X86EMUL_IO_NEEDED,
	X86EMUL_INTERCEPTED,
};

/* How a memory callback is to check the access. */
#define X86EMUL_ACC_WRITE	0x1	/* fault as a write: the read of a read-modify-write */
#define X86EMUL_ACC_SYSTEM	0x2	/* implicit supervisor access: TSS, descriptor tables */

struct x86_desc_ptr {
	u16 limit;
	u64 base;
};

#define X86_FXSAVE_BYTES	512

#define X86_VEC_MMX	16	/* first of eight, behind the XMM and YMM registers */

/* What struct x86_emulate_ops.fpu does; those that move data have a buffer. */
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

/**
 * struct x86_emulate_ops - what the emulator needs of a vCPU
 * @read_gpr: a GPR, X86_RAX to X86_R15
 * @write_gpr: set one; called only when the instruction has succeeded
 * @read_std: read guest memory at a linear address, any length, may cross pages
 * @write_std: write it. The whole range is checked before the first byte is
 *	written. A write that userspace must perform is queued by the callback,
 *	which sets ctxt->io_pending and returns X86EMUL_CONTINUE
 * @probe_write: would @write_std fault? Nothing is written. X86EMUL_IO_NEEDED:
 *	it would not, but there is no memory behind the address
 * @cmpxchg: atomic compare and exchange of 1, 2, 4, 8 or 16 bytes
 * @fetch: read instruction bytes, within one page
 * @get_segment: selector and descriptor cache of an X86_SREG_*
 * @set_segment: load them (no checks: the emulator has made them)
 * @cpl: current privilege level
 * @get_table: GDTR, or IDTR
 * @get_cr: CR0, CR2, CR3, CR4 or CR8
 * @set_cr: nonzero: the value is refused with #GP(0)
 * @get_dr: debug register, after its #DB and #UD checks
 * @get_msr: X86EMUL_CONTINUE; PROPAGATE_FAULT for #GP(0); IO_NEEDED
 * @pio_in: @count elements of @size bytes; X86EMUL_IO_NEEDED until they are there
 * @pio_out: queued like @write_std
 * @cpuid: in place: eax and ecx select, all four answer
 * @rdtsc: the guest's TSC
 * @rdpmc: nonzero: no such counter
 * @set_xcr: XSETBV; nonzero: the value is refused with #GP(0)
 * @invlpg: drop the translation of a linear address
 * @invpcid: drop those that INVPCID's type, and for type 0 the linear address, names
 * @xcr0: XCR0
 * @read_vec: 16 or 32 bytes of XMM or YMM register 0 to 15; 8 of X86_VEC_MMX to + 7
 * @write_vec: set one; with @vex 32 bytes, and zero above, else 16 and keep what
 *	is above (SDM 2A 2.3.10). Access to an MMX register turns the x87 over to MMX
 * @fpu: enum x86_fpu_op on the guest's x87 and SSE state
 * @intercept: a first-level hypervisor's intercepts; NULL when not nested
 */
struct x86_emulate_ops {
	u64 (*read_gpr)(struct x86_emulate_ctxt *ctxt, unsigned int gpr);
	void (*write_gpr)(struct x86_emulate_ctxt *ctxt, unsigned int gpr, u64 val);

	int (*read_std)(struct x86_emulate_ctxt *ctxt, u64 linear, void *val,
			unsigned int bytes, u32 access);
	int (*write_std)(struct x86_emulate_ctxt *ctxt, u64 linear, const void *val,
			 unsigned int bytes, u32 access);
	int (*probe_write)(struct x86_emulate_ctxt *ctxt, u64 linear, unsigned int bytes);
	int (*cmpxchg)(struct x86_emulate_ctxt *ctxt, u64 linear, const void *old,
		       const void *new, unsigned int bytes);
	int (*fetch)(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes);

	void (*get_segment)(struct x86_emulate_ctxt *ctxt, unsigned int sreg,
			    struct kvm_segment *seg);
	void (*set_segment)(struct x86_emulate_ctxt *ctxt, unsigned int sreg,
			    const struct kvm_segment *seg);
	unsigned int (*cpl)(struct x86_emulate_ctxt *ctxt);

	void (*get_table)(struct x86_emulate_ctxt *ctxt, bool idt, struct x86_desc_ptr *dt);
	void (*set_table)(struct x86_emulate_ctxt *ctxt, bool idt, const struct x86_desc_ptr *dt);
	u64 (*get_cr)(struct x86_emulate_ctxt *ctxt, unsigned int cr);
	int (*set_cr)(struct x86_emulate_ctxt *ctxt, unsigned int cr, u64 val);
	u64 (*get_dr)(struct x86_emulate_ctxt *ctxt, unsigned int dr);
	int (*set_dr)(struct x86_emulate_ctxt *ctxt, unsigned int dr, u64 val);
	int (*get_msr)(struct x86_emulate_ctxt *ctxt, u32 msr, u64 *val);
	int (*set_msr)(struct x86_emulate_ctxt *ctxt, u32 msr, u64 val);

	int (*pio_in)(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, void *val,
		      unsigned int count);
	int (*pio_out)(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port,
		       const void *val, unsigned int count);

	int (*cpuid)(struct x86_emulate_ctxt *ctxt, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
	u64 (*rdtsc)(struct x86_emulate_ctxt *ctxt);
	int (*rdpmc)(struct x86_emulate_ctxt *ctxt, u32 counter, u64 *val);
	int (*set_xcr)(struct x86_emulate_ctxt *ctxt, u32 index, u64 val);
	void (*invlpg)(struct x86_emulate_ctxt *ctxt, u64 linear);
	void (*invpcid)(struct x86_emulate_ctxt *ctxt, unsigned int type, u64 linear);
	u64 (*xcr0)(struct x86_emulate_ctxt *ctxt);
	void (*read_vec)(struct x86_emulate_ctxt *ctxt, unsigned int n, void *val,
			 unsigned int bytes);
	void (*write_vec)(struct x86_emulate_ctxt *ctxt, unsigned int n, const void *val, bool vex);
	void (*fpu)(struct x86_emulate_ctxt *ctxt, enum x86_fpu_op op, void *buf);
	int (*intercept)(struct x86_emulate_ctxt *ctxt, const struct x86_insn *insn);
};

enum x86_operand_type {
	X86_OPERAND_NONE,
	X86_OPERAND_GPR,
	X86_OPERAND_MEM,
	X86_OPERAND_IMM,
};

/**
 * struct x86_operand - one operand at execution
 * @type: where it lives
 * @bytes: its size
 * @reg: GPR number; with @high, bits 15:8 of it (AH, CH, DH, BH)
 * @seg: segment of a memory operand
 * @ea: its effective address, inside the segment
 * @val: its value, zero-extended
 * @orig: value as read, for the compare-and-exchange of a LOCK form
 */
struct x86_operand {
	u8 type;
	u8 bytes;
	u8 reg;
	bool high;
	u8 seg;
	u64 ea;
	u64 val;
	u64 orig;
};

#define X86_PIO_BATCH	1024	/* bytes of INS read ahead, or OUTS gathered */

/* Interrupt shadows that an instruction leaves behind it. */
#define X86_SHADOW_STI		0x1
#define X86_SHADOW_MOV_SS	0x2

/**
 * struct x86_emulate_ctxt - one vCPU's emulator
 * @ops: set once by the owner, as is @opaque
 * @mode: set by the caller before decoding, together with @eip and @eflags
 * @eip: the instruction; on success the next one (the same one while a REP
 *	instruction has iterations left). The caller commits it and @eflags
 * @exception: the fault, when the result is X86EMUL_PROPAGATE_FAULT
 * @shadow: X86_SHADOW_* the instruction leaves; committed on success
 * @io_pending: a write was queued for userspace; the instruction itself is
 *	complete unless it is a REP instruction with iterations left
 * @late_fault: success, yet @exception is to be injected too: a task switch got so
 *	far that its fault belongs to the new task (SDM 7.3)
 * @halted: HLT has retired
 * @iret: IRET has retired: NMIs are no longer blocked
 * @keep_rf: RF in @eflags came from a new task's TSS
 * @retired: iterations of a REP instruction that this call has completed
 * @rep_continues: success, but @eip stays: run it again or enter the guest
 * @d: the decoded instruction
 * @next_eip: where a successful instruction goes
 *
 * The rest is the emulator's own.
 */
struct x86_emulate_ctxt {
	const struct x86_emulate_ops *ops;
	void *opaque;

	enum x86_mode mode;
	u64 eip;
	u64 eflags;

	struct x86_exception exception;
	u8 shadow;
	bool io_pending;
	bool rep_continues;
	bool late_fault;
	bool keep_rf;
	bool halted;
	bool iret;
	u32 retired;

	struct x86_insn d;
	u64 next_eip;
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

/**
 * x86_emulate_mode - the decoding mode
 * @protected: CR0.PE
 * @vm86: EFLAGS.VM, with CR0.PE
 * @lma: EFER.LMA
 * @cs_l: CS.L
 * @cs_db: CS.D
 */
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
