// SPDX-License-Identifier: GPL-2.0-only
/*
 * MOV, MOVZX and MOVSX between a GPR, or an immediate, and memory, in 32-bit and 64-bit code
 * without segment, address-size, LOCK or REP prefixes. What it does not take is decode.c's to
 * decode; what it takes it decodes as decode.c does: the unit tests compare. Called by mmio.c.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "move.h"

/* The forms taken; size 0: the operand size. */
struct move_form {
	bool taken;
	u8 bytes;
	u8 reg_bytes;
	bool store;
	bool is_imm;
	bool sign;
};

/* 88 to 8B, C6 and C7: by bits 1:0 and 6 of the opcode (SDM 2B MOV). */
static const struct move_form forms_1byte[8] = {
	[0] = { .taken = true, .bytes = 1, .reg_bytes = 1, .store = true },
	[1] = { .taken = true, .store = true },
	[2] = { .taken = true, .bytes = 1, .reg_bytes = 1 },
	[3] = { .taken = true },
	[6] = { .taken = true, .bytes = 1, .reg_bytes = 1, .store = true, .is_imm = true },
	[7] = { .taken = true, .store = true, .is_imm = true },
};

/* 0F B6, B7, BE and BF: by bits 3 and 0. */
static const struct move_form forms_0f[4] = {
	[0] = { .taken = true, .bytes = 1 },
	[1] = { .taken = true, .bytes = 2 },
	[2] = { .taken = true, .bytes = 1, .sign = true },
	[3] = { .taken = true, .bytes = 2, .sign = true },
};

static const struct move_form *find_form(const u8 **p)
{
	u8 op = *(*p)++;

	if ((op & 0xfc) == 0x88)
		return &forms_1byte[op & 3];
	if ((op & 0xfe) == 0xc6)
		return &forms_1byte[op & 7];
	if (op != 0x0f)
		return NULL;
	op = *(*p)++;
	/* B6, B7, BE, BF */
	return (op & 0xf6) == 0xb6 ? &forms_0f[((op >> 2) & 2) | (op & 1)] : NULL;
}

static s32 take_imm(const u8 **p, unsigned int bytes)
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
	m->disp = disp_bytes ? take_imm(p, disp_bytes) : 0;
}

/* Without REX, byte registers 4 to 7 are AH, CH, DH and BH (SDM 2A table 2-2). */
static void take_register(struct x86_move *m, u8 modrm, u8 rex)
{
	m->reg = ((modrm >> 3) & 7) | (rex & X86_REX_R ? 8 : 0);
	m->high = m->reg_bytes == 1 && !rex && m->reg >= 4;
	if (m->high)
		m->reg -= 4;
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
	const struct move_form *form;
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
	form = find_form(&p);
	if (!form || !form->taken)
		return false;
	modrm = *p++;
	/* Registers only, or C6 and C7 that are not MOV. */
	if (modrm >= 0xc0 || (form->is_imm && (modrm & 0x38)))
		return false;

	m->bytes = form->bytes ?: op_bytes;
	m->reg_bytes = form->reg_bytes ?: op_bytes;
	m->store = form->store;
	m->sign = form->sign;
	m->is_imm = form->is_imm;
	take_register(m, modrm, rex);
	take_address(m, &p, modrm, rex, mode);
	if (form->is_imm)
		m->imm = take_imm(&p, m->bytes);
	m->length = p - insn;
	return m->length <= avail;
}
