/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoded form of an instruction, the plain moves among them that mmio.c executes, and the
 * short-cut that only measures an instruction that an intercept has already named. Pure, no lock.
 */
#ifndef _KVM_X86_EMULATE_INSN_H
#define _KVM_X86_EMULATE_INSN_H

#include <linux/types.h>

struct x86_opcode;

#define X86_INSN_MAX	15	/* SDM 2.3.11: a longer instruction raises #GP */

/* How CS, CR0, EFLAGS and EFER make the CPU read instruction bytes. */
enum x86_mode {
	X86_MODE_REAL,
	X86_MODE_VM86,
	X86_MODE_PROT16,
	X86_MODE_PROT32,
	X86_MODE_LONG,
};

/* Architectural numbers 0 to 5 as in ModRM.reg; then the two system segments. */
enum x86_sreg {
	X86_SREG_ES,
	X86_SREG_CS,
	X86_SREG_SS,
	X86_SREG_DS,
	X86_SREG_FS,
	X86_SREG_GS,
	X86_SREG_TR,
	X86_SREG_LDTR,
	X86_NR_SREGS,
};

enum x86_gpr {
	X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI,
	X86_R8, X86_R9, X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15,
	X86_NR_GPRS,
	X86_NO_GPR = 0xff,
};

enum x86_opcode_map {
	X86_MAP_1BYTE,
	X86_MAP_0F,
	X86_MAP_0F38,
};

#define X86_PREFIX_LOCK		0x01
#define X86_PREFIX_REP		0x02	/* F3 */
#define X86_PREFIX_REPNE	0x04	/* F2 */
#define X86_PREFIX_ANY_REP	(X86_PREFIX_REP | X86_PREFIX_REPNE)
#define X86_PREFIX_OPSIZE	0x08	/* 66 */
#define X86_PREFIX_ADSIZE	0x10	/* 67 */

#define X86_REX_B	0x01
#define X86_REX_X	0x02
#define X86_REX_R	0x04
#define X86_REX_W	0x08

/* A decoded instruction. */
struct x86_insn {
	const struct x86_opcode *op;	/* its row in the opcode tables, past all groups */
	s64 disp;		/* displacement, or the offset of a moffs operand */
	u64 imm;		/* first immediate, extended as its operand kind says */
	u16 imm2;		/* second one: ENTER's level, a far pointer's selector */
	u8 prefixes;		/* X86_PREFIX_* */
	u8 rex;
	u8 map;
	u8 opcode;
	u8 seg;			/* of the memory operand: the override, else the default */
	bool seg_override;	/* a segment prefix that counts was there */
	u8 op_bytes;		/* operand size: 1, 2, 4 or 8 */
	u8 ad_bytes;		/* address size: 2, 4 or 8 */
	u8 modrm;
	u8 mod;			/* ModRM's fields with REX folded into reg and rm */
	u8 reg;
	u8 rm;
	u8 base;		/* GPR numbers of the address, X86_NO_GPR where there is none */
	u8 index;
	u8 scale;		/* shift of the index */
	bool rip_relative;	/* disp counts from the next instruction */
	bool vex;		/* VEX: its W, R, X and B are in rex and its pp in prefixes */
	bool vex_l;		/* 256 bits */
	u8 vvvv;		/* its register, low three bits outside 64-bit mode; 0 also: none */
	u8 length;		/* bytes, prefixes included */
};

/*
 * An intercepted instruction, as the exit reason names it: how many opcode
 * bytes identify it, and these bytes in little-endian order.
 */
#define X86_SKIP(n, bytes)	((u32)(n) << 24 | (bytes))

#define X86_SKIP_PAUSE		X86_SKIP(1, 0x90)
#define X86_SKIP_INT3		X86_SKIP(1, 0xcc)
#define X86_SKIP_INTO		X86_SKIP(1, 0xce)
#define X86_SKIP_HLT		X86_SKIP(1, 0xf4)
#define X86_SKIP_INVD		X86_SKIP(2, 0x080f)
#define X86_SKIP_WBINVD		X86_SKIP(2, 0x090f)
#define X86_SKIP_WRMSR		X86_SKIP(2, 0x300f)
#define X86_SKIP_RDMSR		X86_SKIP(2, 0x320f)
#define X86_SKIP_RDPMC		X86_SKIP(2, 0x330f)
#define X86_SKIP_CPUID		X86_SKIP(2, 0xa20f)
#define X86_SKIP_MONITOR	X86_SKIP(3, 0xc8010f)
#define X86_SKIP_MWAIT		X86_SKIP(3, 0xc9010f)
#define X86_SKIP_XSETBV		X86_SKIP(3, 0xd1010f)
#define X86_SKIP_VMMCALL	X86_SKIP(3, 0xd9010f)

/* A plain move between a GPR, or an immediate, and memory. */
struct x86_move {
	struct x86_insn d;	/* the GPR is d.reg, of which it takes d.op_bytes */
	u8 bytes;		/* of memory: fewer than d.op_bytes for MOVZX */
	bool store;		/* to memory */
	bool is_imm;		/* it is d.imm that is stored */
};

bool x86_decode_move(struct x86_move *m, const u8 *insn, unsigned int avail, enum x86_mode mode);
int x86_skip_length_slow(const u8 *insn, unsigned int avail, enum x86_mode mode, u32 expect);

/*
 * x86_skip_length - length of an instruction that its intercept has named (@expect: X86_SKIP_*, a
 * constant); at least four of @insn's bytes must be readable, @avail are there. For CPUs without
 * next-RIP on their exit path: the usual case, no prefix, costs one load and one compare. 0 when it
 * is another one: the guest may have changed it since, or a byte is missing
 */
static inline int x86_skip_length(const u8 *insn, unsigned int avail, enum x86_mode mode,
				  u32 expect)
{
	unsigned int n = expect >> 24;
	u32 mask = (1u << (n * 8)) - 1;
	u32 head;

	__builtin_memcpy(&head, insn, sizeof(head));
	if (__builtin_expect(n <= avail && !((head ^ expect) & mask), 1))
		return n;
	return x86_skip_length_slow(insn, avail, mode, expect);
}

#endif /* _KVM_X86_EMULATE_INSN_H */
