// SPDX-License-Identifier: GPL-2.0-only
/*
 * MOV, MOVZX and MOVSX between a GPR, or an immediate, and memory, in 32-bit and 64-bit code
 * without segment, address-size, LOCK or REP prefixes: nearly all that drivers do to device memory.
 * The rest is decode.c's, which the unit tests compare it with. Pure; called by mmio.c.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "insn.h"

static s32 take(const u8 **p, unsigned int bytes)
{
	s32 val;

	if (bytes == 1)
		return (s8)*(*p)++;
	memcpy(&val, *p, sizeof(val));
	if (bytes == 2)
		val = (s16)val;
	/* The immediate of an 8-byte MOV has four. */
	*p += min(bytes, 4u);
	return val;
}

/* 88 to 8B, C6 and C7: size in bit 0, direction in bit 1; 0F B6, B7, BE, BF (SDM 2B MOV). */
static bool take_opcode(struct x86_move *m, const u8 **p, u8 op_bytes)
{
	u8 op = *(*p)++;

	m->is_imm = (op & 0xfe) == 0xc6;
	m->sign = false;
	m->bytes = op & 1 ? op_bytes : 1;
	m->reg_bytes = m->bytes;
	m->store = m->is_imm || !(op & 2);
	if (m->is_imm || (op & 0xfc) == 0x88)
		return true;
	if (op != 0x0f)
		return false;
	op = *(*p)++;
	m->bytes = op & 1 ? 2 : 1;
	m->reg_bytes = op_bytes;
	m->store = false;
	m->sign = op & 8;
	return (op & 0xf6) == 0xb6;
}

/* SDM 2A tables 2-2 and 2-3; register numbers take REX's bits after the special cases. */
static void take_address(struct x86_move *m, const u8 **p, u8 modrm, u8 rex, enum x86_mode mode)
{
	unsigned int mod = modrm >> 6, base = modrm & 7;
	unsigned int disp_bytes = mod == 2 ? 4 : mod;
	u8 sib;

	m->index = X86_NO_GPR;
	m->rip_relative = false;
	if (base == 4) {
		sib = *(*p)++;
		base = sib & 7;
		m->index = ((sib >> 3) & 7) | (rex & X86_REX_X ? 8 : 0);
		m->scale = sib >> 6;
		if (m->index == X86_RSP)
			m->index = X86_NO_GPR;
	} else if (base == 5 && !mod) {
		m->rip_relative = mode == X86_MODE_LONG;
	}
	m->base = base | (rex & X86_REX_B ? 8 : 0);
	if (base == 5 && !mod) {
		m->base = X86_NO_GPR;
		disp_bytes = 4;
	}
	m->stack = m->base == X86_RSP || m->base == X86_RBP;
	m->disp = disp_bytes ? take(p, disp_bytes) : 0;
}

/**
 * x86_decode_move - decode a plain move
 * @m: result; undefined when the answer is false
 * @insn: X86_MOVE_BUFFER readable bytes
 * @avail: how many of them are the guest's
 * @mode: decoding mode
 *
 * Return: false: it is something else, or not all of it is there; x86_decode_insn() knows.
 */
bool x86_decode_move(struct x86_move *m, const u8 *insn, unsigned int avail, enum x86_mode mode)
{
	const u8 *p = insn;
	u8 op_bytes = 4, rex = 0, modrm;

	if (mode < X86_MODE_PROT32)
		return false;
	if (*p == 0x66) {
		op_bytes = 2;
		p++;
	}
	if (mode == X86_MODE_LONG && (*p & 0xf0) == 0x40) {
		rex = *p++;
		if (rex & X86_REX_W)
			op_bytes = 8;
	}
	if (!take_opcode(m, &p, op_bytes))
		return false;
	modrm = *p++;
	/* Registers only, or C6 and C7 that are not MOV. */
	if (modrm >= 0xc0 || (m->is_imm && (modrm & 0x38)))
		return false;

	/* Without REX, byte registers 4 to 7 are AH, CH, DH and BH (SDM 2A table 2-2). */
	m->reg = ((modrm >> 3) & 7) | (rex & X86_REX_R ? 8 : 0);
	m->high = m->reg_bytes == 1 && !rex && m->reg >= 4;
	m->reg -= m->high ? 4 : 0;
	take_address(m, &p, modrm, rex, mode);
	if (m->is_imm)
		m->imm = take(&p, m->bytes);
	m->length = p - insn;
	return m->length <= avail;
}
