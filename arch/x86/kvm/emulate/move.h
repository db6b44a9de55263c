/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short decoder for the plain moves between a register and memory: nearly all that drivers do
 * to device memory. Pure, no lock.
 */
#ifndef _KVM_X86_EMULATE_MOVE_H
#define _KVM_X86_EMULATE_MOVE_H

#include "insn.h"

/**
 * struct x86_move - a decoded move
 * @length: of the instruction
 * @bytes: of memory: 1, 2, 4 or 8
 * @reg: the GPR; with @high, bits 15:8 of it (AH, CH, DH, BH)
 * @reg_bytes: size of the register operand: bigger than @bytes for MOVZX and MOVSX
 * @store: to memory
 * @is_imm: it is @imm that is stored
 * @sign: MOVSX
 * @rip_relative: @disp counts from the next instruction
 * @stack: its segment is SS, not DS
 * @base: GPR numbers of the address, X86_NO_GPR where there is none
 * @scale: shift of @index
 */
struct x86_move {
	u8 length;
	u8 bytes;
	u8 reg;
	u8 reg_bytes;
	bool high;
	bool store;
	bool is_imm;
	bool sign;
	bool rip_relative;
	bool stack;
	u8 base;
	u8 index;
	u8 scale;
	s32 disp;
	s32 imm;
};

#define X86_MOVE_BUFFER	16	/* longer than any instruction */

bool x86_decode_move(struct x86_move *m, const u8 *insn, unsigned int avail, enum x86_mode mode);

#endif /* _KVM_X86_EMULATE_MOVE_H */
