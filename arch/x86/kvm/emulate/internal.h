/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the emulator's own files only: the shape of the opcode tables, the
 * register and memory helpers of operands.c, and the functions that execute.
 *
 * X86EMUL_CONTINUE is 0, so that steps are chained with ?: and the first that does
 * not succeed is the answer.
 */
#ifndef _KVM_X86_EMULATE_INTERNAL_H
#define _KVM_X86_EMULATE_INTERNAL_H

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/processor-flags.h>

#include "emulate.h"

#define DE_VECTOR_NR	0
#define DB_VECTOR_NR	1
#define BP_VECTOR_NR	3
#define OF_VECTOR_NR	4
#define BR_VECTOR_NR	5
#define UD_VECTOR_NR	6
#define NM_VECTOR_NR	7
#define TS_VECTOR_NR	10
#define NP_VECTOR_NR	11
#define SS_VECTOR_NR	12
#define GP_VECTOR_NR	13
#define MF_VECTOR_NR	16

/* --- Opcode tables --------------------------------------------------- */

/* How to read the union of an opcode row. */
enum x86_opcode_kind {
	K_NONE,		/* not known here: X86EMUL_UNHANDLEABLE */
	K_INSN,		/* an instruction; no exec: length only */
	K_UD,		/* raises #UD on every CPU */
	K_GROUP,	/* eight rows by ModRM.reg */
	K_DUAL,		/* [0] memory operand, [1] register operand */
	K_RM,		/* eight rows by ModRM.rm */
	K_PREFIX,	/* [0] none, [1] 66, [2] F3, [3] F2 */
	K_MODE,		/* [0] outside 64-bit mode, [1] inside */
};

/* Where an operand comes from; SDM 2A 3.1.1.3's letters where it has them. */
enum x86_operand_kind {
	O_NONE,
	O_REG,		/* G: ModRM.reg */
	O_RM,		/* E: ModRM.rm, register or memory */
	O_RM8,		/* Eb, with another operand's size being larger */
	O_RM16,		/* Ew */
	O_RM32,		/* Ed, or Ew with a 16-bit operand size */
	O_EA,		/* M: address only, never accessed as an operand */
	O_ACC,		/* AL, AX, EAX, RAX */
	O_OPREG,	/* the opcode's low three bits */
	O_IMM,		/* Iz: at most four bytes, sign-extended */
	O_IMM8,		/* Ib, sign-extended */
	O_IMM8U,	/* Ib, zero-extended */
	O_IMM16,	/* Iw */
	O_IMMV,		/* Iv: a full eight bytes with REX.W (B8+) */
	O_LEVEL,	/* ENTER's second immediate */
	O_FAR,		/* Ap: offset, then selector */
	O_ONE,
	O_CL,
	O_DX,
	O_MOFFS,	/* O: an address in the instruction itself */
	O_SI,		/* X: DS:rSI, segment can be overridden */
	O_DI,		/* Y: ES:rDI, never */
};

#define F_MODRM		0x00000001	/* has ModRM though no operand says so */
#define F_BYTE		0x00000002	/* operand size is one byte */
#define F_LOCKABLE	0x00000004	/* LOCK legal with a memory destination */
#define F_MOV		0x00000008	/* destination is not read */
#define F_NOWRITE	0x00000010	/* destination is not written */
#define F_STACK		0x00000020	/* 64-bit mode: 8 bytes, 2 with 66 */
#define F_NEAR		0x00000040	/* 64-bit mode: 8 bytes, 66 differs by vendor */
#define F_LONG64	0x00000080	/* 64-bit mode: 8 bytes always, else 4 */
#define F_NO64		0x00000100	/* #UD in 64-bit mode */
#define F_ONLY64	0x00000200	/* #UD outside it */
#define F_CPL0		0x00000400	/* #GP(0) above privilege level 0 */
#define F_PROT		0x00000800	/* #UD in real and virtual-8086 mode */
#define F_STRING	0x00001000	/* REP makes it a loop */
#define F_REPCC		0x00002000	/* and ZF ends the loop */
#define F_IO		0x00004000	/* a port has at most four bytes: REX.W is ignored */
#define F_BITS		0x00008000	/* register offset selects the memory word */
#define F_MODREG	0x00010000	/* ModRM.mod is ignored, rm is a register */
#define F_XCHG		0x00020000	/* memory form is locked by itself */
#define F_SELF		0x00040000	/* exec writes the destination back itself */
#define F_KEEP_RF	0x00080000	/* loads RF instead of clearing it */
#define F_PORT		0x00100000	/* port in DX: permission comes before all else */
#define F_VEX		0x00200000	/* may be VEX-encoded */

/**
 * struct x86_opcode - a row of an opcode table
 * @flags: F_*
 * @arg: which member of @exec's family it is
 * @kind: enum x86_opcode_kind
 * @dst: enum x86_operand_kind, and so on
 * @exec: executes it
 * @sub: the table that decides further
 */
struct x86_opcode {
	u32 flags : 24;
	u32 arg : 8;
	u8 kind;
	u8 dst;
	u8 src;
	u8 src2;
	union {
		int (*exec)(struct x86_emulate_ctxt *ctxt);
		const struct x86_opcode *sub;
	};
};

extern const struct x86_opcode x86_opcodes_1byte[256];
extern const struct x86_opcode x86_opcodes_0f[256];
extern const struct x86_opcode x86_opcodes_0f38[4];	/* 2A, F0, F1 */

/**
 * struct x86_fetch - the bytes that decoding reads
 * @ctxt: NULL: there are no more than these
 * @bytes: instruction bytes
 * @pos: the next one
 * @end: how many there are
 * @rc: X86EMUL_*, the first failure; after it all bytes read as zero
 */
struct x86_fetch {
	struct x86_emulate_ctxt *ctxt;
	const u8 *bytes;
	u8 pos;
	u8 end;
	int rc;
};

int x86_decode(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode);

/* --- Faults ---------------------------------------------------------- */

static inline int x86_fault(struct x86_emulate_ctxt *ctxt, u8 vector, bool has_error, u16 error)
{
	ctxt->exception = (struct x86_exception){
		.vector = vector,
		.error_code_valid = has_error,
		.error_code = error,
	};
	return X86EMUL_PROPAGATE_FAULT;
}

static inline int x86_fault_ud(struct x86_emulate_ctxt *ctxt)
{
	return x86_fault(ctxt, UD_VECTOR_NR, false, 0);
}

static inline int x86_fault_gp(struct x86_emulate_ctxt *ctxt, u16 error)
{
	/* Real mode pushes no error code (SDM 20.1.4). */
	return x86_fault(ctxt, GP_VECTOR_NR, ctxt->mode != X86_MODE_REAL, error);
}

/* --- Values ---------------------------------------------------------- */

static inline u64 x86_mask(unsigned int bytes)
{
	return bytes >= 8 ? ~0ULL : (1ULL << bytes * 8) - 1;
}

static inline u64 x86_sign(unsigned int bytes)
{
	return 1ULL << (bytes * 8 - 1);
}

static inline s64 x86_sext(u64 val, unsigned int bytes)
{
	unsigned int shift = 64 - bytes * 8;

	return (s64)(val << shift) >> shift;
}

/* --- Registers ------------------------------------------------------- */

static inline u64 x86_gpr_read(struct x86_emulate_ctxt *ctxt, unsigned int n)
{
	if (!(ctxt->gprs_valid & 1u << n)) {
		ctxt->gprs[n] = ctxt->ops->read_gpr(ctxt, n);
		ctxt->gprs_valid |= 1u << n;
	}
	return ctxt->gprs[n];
}

void x86_gpr_write(struct x86_emulate_ctxt *ctxt, unsigned int n, u64 val, unsigned int bytes);
const struct kvm_segment *x86_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg);

/* rCX, rSI and rDI count and step in the address size (SDM 7.3.9.2). */
static inline u64 x86_gpr_ad(struct x86_emulate_ctxt *ctxt, unsigned int n)
{
	return x86_gpr_read(ctxt, n) & x86_mask(ctxt->d.ad_bytes);
}

/* Real and virtual-8086 mode load segments without descriptors. */
static inline bool x86_is_real(const struct x86_emulate_ctxt *ctxt)
{
	return ctxt->mode <= X86_MODE_VM86;
}

static inline bool x86_is_long(const struct x86_emulate_ctxt *ctxt)
{
	return ctxt->mode == X86_MODE_LONG;
}

static inline unsigned int x86_iopl(const struct x86_emulate_ctxt *ctxt)
{
	return (ctxt->eflags & X86_EFLAGS_IOPL) >> 12;
}

/* --- Memory and stack ------------------------------------------------ */

bool x86_canonical(struct x86_emulate_ctxt *ctxt, u64 addr);
bool x86_cpu_has(struct x86_emulate_ctxt *ctxt, u32 leaf, unsigned int reg, unsigned int bit);
int x86_linearize(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u64 ea, unsigned int bytes,
		  bool write, u64 *linear);
int x86_mem_read(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u64 ea, void *val,
		 unsigned int bytes, u32 access);
int x86_mem_write(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u64 ea, const void *val,
		  unsigned int bytes);
u64 x86_effective_address(struct x86_emulate_ctxt *ctxt);
int x86_modrm_linear(struct x86_emulate_ctxt *ctxt, unsigned int bytes, bool write,
		     unsigned int align, u64 *linear);
bool x86_type_allows(u8 type, bool write);
unsigned int x86_stack_bytes(struct x86_emulate_ctxt *ctxt);
int x86_push_frame(struct x86_emulate_ctxt *ctxt, const u64 *vals, unsigned int n,
		   unsigned int bytes, u32 access);
int x86_push(struct x86_emulate_ctxt *ctxt, u64 val, unsigned int bytes);
int x86_pop(struct x86_emulate_ctxt *ctxt, u64 *val, unsigned int bytes);
int x86_jump(struct x86_emulate_ctxt *ctxt, u64 target);

int x86_operands_fetch(struct x86_emulate_ctxt *ctxt);
int x86_operand_write(struct x86_emulate_ctxt *ctxt, const struct x86_operand *o);
int x86_io_allowed(struct x86_emulate_ctxt *ctxt, u16 port, unsigned int bytes);
void x86_load_sreg_real(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector);

/* --- Descriptors ----------------------------------------------------- */

#define SELECTOR_TI	4
#define MSR_EFER_NR	0xc0000080

/* Types of system descriptors (SDM table 3-2). */
#define DESC_TSS16		1
#define DESC_LDT		2
#define DESC_CALL_GATE16	4
#define DESC_TASK_GATE		5
#define DESC_INT_GATE16		6
#define DESC_TRAP_GATE16	7
#define DESC_TSS32		9
#define DESC_CALL_GATE32	12
#define DESC_INT_GATE32		14
#define DESC_TRAP_GATE32	15
#define DESC_TSS_BUSY		2

/* A descriptor as it lies in memory (SDM figures 3-8, 5-8); @high: 0 where it has eight bytes. */
struct x86_desc {
	union {
		u64 low;
		struct {
			u64 : 40, type : 4, s : 1, dpl : 2, present : 1;
			/* L and D: 1 is 64-bit code, 2 32-bit, 0 16-bit, 3 is reserved there. */
			u64 : 4, avl : 1, ld : 2, g : 1, : 8;
		};
	};
	u64 high;
	u64 linear;
};

static inline bool x86_desc_is_code(const struct x86_desc *desc)
{
	return desc->s && (desc->type & 8);
}

static inline bool x86_desc_conforming(const struct x86_desc *desc)
{
	return desc->type & 4;
}

static inline bool x86_sel_null(u16 selector)
{
	return !(selector & ~3);
}

/* descriptor.c */
bool x86_lma(struct x86_emulate_ctxt *ctxt);
int x86_fault_sel(struct x86_emulate_ctxt *ctxt, u8 vector, u16 selector);
int x86_desc_read(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *desc, u8 vector);
int x86_desc_set_type(struct x86_emulate_ctxt *ctxt, struct x86_desc *desc, u8 set, u8 clear);
u32 x86_desc_limit(const struct x86_desc *desc);
u64 x86_desc_base(const struct x86_desc *desc);
u64 x86_gate_offset(const struct x86_desc *gate);
unsigned int x86_gate_bytes(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate);
void x86_stage(struct x86_emulate_ctxt *ctxt, unsigned int sreg, const struct kvm_segment *seg);
void x86_stage_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		       const struct x86_desc *desc);
void x86_stage_null(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector);
void x86_stage_vm86(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector);
int x86_access_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		       struct x86_desc *desc);
void x86_commit_segments(struct x86_emulate_ctxt *ctxt);
int x86_load_ss(struct x86_emulate_ctxt *ctxt, u16 selector, unsigned int cpl, bool to_long,
		u8 vector);
int x86_load_data(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		  unsigned int cpl, u8 vector);
int x86_load_sreg(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector);
void x86_drop_data(struct x86_emulate_ctxt *ctxt, unsigned int cpl);
int x86_check_code(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *desc,
		   unsigned int cpl, u8 vector);
enum x86_mode x86_code_mode(struct x86_emulate_ctxt *ctxt, const struct x86_desc *desc);
int x86_enter_code(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *desc,
		   unsigned int cpl, u64 offset);

/* far.c */
int x86_inner_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl, bool to_long,
		    unsigned int ist);
int x86_read_far_pointer(struct x86_emulate_ctxt *ctxt, u16 *selector, u64 *offset);
int x86_return_code(struct x86_emulate_ctxt *ctxt, u16 selector, u64 offset, enum x86_mode *mode);
int x86_return_stack(struct x86_emulate_ctxt *ctxt, unsigned int cpl, enum x86_mode mode,
		     unsigned int extra);

/* syscall.c, system.c, x87.c */
bool x86_is_amd(struct x86_emulate_ctxt *ctxt);
int x86_check_umip(struct x86_emulate_ctxt *ctxt);
int x86_check_mmx(struct x86_emulate_ctxt *ctxt);

/* segment.c and task.c */
int x86_read_system(struct x86_emulate_ctxt *ctxt, u16 selector, u8 mask, u8 type, u8 vector,
		    struct x86_desc *desc);
int x86_task_switch(struct x86_emulate_ctxt *ctxt, u16 selector, enum x86_task_reason reason,
		    bool has_error_code, u32 error_code);
int x86_task_far(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *desc,
		 enum x86_task_reason reason);
void x86_commit_gprs(struct x86_emulate_ctxt *ctxt);

/* --- Flags ----------------------------------------------------------- */

#define X86_FLAGS_SZP	(X86_EFLAGS_SF | X86_EFLAGS_ZF | X86_EFLAGS_PF)
#define X86_FLAGS_ARITH	(X86_FLAGS_SZP | X86_EFLAGS_CF | X86_EFLAGS_AF | X86_EFLAGS_OF)

u64 x86_flags_szp(u64 val, unsigned int bytes);
u64 x86_virtual_flags(u64 flags);
bool x86_condition(const struct x86_emulate_ctxt *ctxt, unsigned int cc);

/* What a task switch or IRET at CPL 0 may load. */
#define X86_TASK_FLAGS	(X86_FLAGS_ARITH | X86_EFLAGS_TF | X86_EFLAGS_IF | X86_EFLAGS_DF | \
			 X86_EFLAGS_IOPL | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM | \
			 X86_EFLAGS_AC | X86_EFLAGS_VIF | X86_EFLAGS_VIP | X86_EFLAGS_ID)

static inline void x86_flags_set(struct x86_emulate_ctxt *ctxt, u64 which, u64 val)
{
	ctxt->eflags = (ctxt->eflags & ~which) | (val & which);
}

/* --- The instructions, by file ---------------------------------------- */

/* What the rows of a family have as their argument. */
enum x86_arg {
	/* alu.c; the first seven in the order of opcode bits 5:3 */
	A_ADD, A_OR, A_ADC, A_SBB, A_AND, A_SUB, A_XOR, A_INC, A_DEC, A_NEG, A_NOT,
	/* shift.c: in the order of ModRM.reg */
	A_ROL = 0, A_ROR, A_RCL, A_RCR, A_SHL, A_SHR, A_SHLD, A_SAR, A_SHRD,
	/* bits.c: in the order of ModRM.reg in 0F BA */
	A_BT = 4, A_BTS, A_BTR, A_BTC,
	A_BSF = 0, A_BSR, A_TZCNT, A_LZCNT,
	/* muldiv.c, system.c, segment.c, string.c */
	A_UNSIGNED = 0, A_SIGNED,
	A_GDT = 0, A_IDT,
	A_LAR = 0, A_LSL,
	A_READ = 0, A_WRITE,
	A_LDTR = X86_SREG_LDTR, A_TR = X86_SREG_TR,
};

/* vector.c */
#define V_BYTES		0x0c	/* 4 or 8; else all of the register */
#define V_ALIGNED	0x01	/* memory must be */
#define V_MMX		0x02
#define V_HIGH		0x10	/* bytes 8 to 15 of the register */
#define V_HALF		0x20	/* the other half of it stays, or is vvvv's */
#define V_SCALAR	0x40	/* between registers the rest stays */
#define V_GPR		0x80	/* ModRM.rm is a GPR; REX.W chooses the size */

#define EM(name)	int em_##name(struct x86_emulate_ctxt *ctxt)

EM(alu); EM(xadd); EM(cmpxchg); EM(cmpxchg8b); EM(decimal); EM(aam); EM(aad);
EM(shift);
EM(bit); EM(bit_scan); EM(popcnt); EM(bswap); EM(movbe);
EM(mul); EM(imul3); EM(div);
/* data.c */
EM(mov); EM(movsx); EM(xchg); EM(lea); EM(cbw); EM(cwd); EM(setcc); EM(cmovcc); EM(xlat);
EM(salc); EM(lahf); EM(sahf); EM(flag); EM(nop); EM(clflush); EM(bound);
EM(mov_from_sreg); EM(mov_to_sreg); EM(lds);
/* stack.c */
EM(push); EM(pop); EM(pop_rm); EM(pusha); EM(popa); EM(pushf); EM(popf); EM(push_sreg);
EM(pop_sreg); EM(enter); EM(leave);
/* control.c and far.c */
EM(jcc); EM(jmp); EM(call); EM(ret); EM(loop);
EM(far); EM(far_mem); EM(ret_far);
/* interrupt.c and syscall.c */
EM(int); EM(into); EM(iret);
EM(syscall); EM(sysret); EM(sysenter); EM(sysexit); EM(swapgs);
/* vector.c and x87.c */
EM(vload); EM(vstore); EM(x87); EM(emms); EM(fxsave); EM(fxrstor);
/* segment.c */
EM(lar); EM(verify); EM(arpl); EM(store_sel); EM(lldt); EM(ltr);
/* string.c */
EM(ins); EM(outs); EM(in); EM(out);
/* system.c */
EM(mov_from_cr); EM(mov_to_cr); EM(mov_from_dr); EM(mov_to_dr); EM(clts); EM(lmsw); EM(smsw);
EM(load_table); EM(store_table); EM(invlpg); EM(invpcid); EM(cpuid); EM(rdmsr); EM(wrmsr);
EM(rdtsc); EM(rdtscp); EM(rdpmc); EM(xsetbv); EM(xgetbv); EM(hlt); EM(cli); EM(sti);

#undef EM

int x86_run_once(struct x86_emulate_ctxt *ctxt);
int x86_string_run(struct x86_emulate_ctxt *ctxt);

#endif /* _KVM_X86_EMULATE_INTERNAL_H */
