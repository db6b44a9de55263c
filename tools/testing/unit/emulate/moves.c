// SPDX-License-Identifier: GPL-2.0-only
/*
 * The short decoder of plain moves beside the full one: whatever the short one takes, the full one
 * must read as the same instruction. Every opcode and ModRM byte with the prefixes that matter.
 */
#include <string.h>

#include "harness.h"

static unsigned int moves_taken;

static bool same_address(const struct x86_move *m, const struct x86_insn *d)
{
	return m->base == d->base && m->index == d->index && m->disp == d->disp &&
	       (m->index == X86_NO_GPR || m->scale == d->scale) &&
	       m->rip_relative == d->rip_relative &&
	       d->seg == (m->stack ? X86_SREG_SS : X86_SREG_DS);
}

/* The register operand of the full decoder, by its row. */
static bool same_register(const struct x86_move *m, const struct x86_insn *d)
{
	bool high = d->op_bytes == 1 && d->reg >= 4 && d->reg < 8 && !d->rex;

	if (m->is_imm)
		return (s64)m->imm == (s64)d->imm;
	return m->high == high && m->reg == (high ? d->reg - 4 : d->reg) &&
	       m->reg_bytes == d->op_bytes;
}

static bool same_form(const struct x86_move *m, const struct x86_insn *d)
{
	const struct x86_opcode *op = d->op;

	if (m->store)
		return op->exec == em_mov && op->dst == O_RM && m->bytes == d->op_bytes &&
		       op->src == (m->is_imm ? O_IMM : O_REG);
	if (op->src == O_RM8 || op->src == O_RM16)
		return m->bytes == (op->src == O_RM8 ? 1 : 2) && op->dst == O_REG &&
		       op->exec == (m->sign ? em_movsx : em_mov);
	return op->exec == em_mov && op->dst == O_REG && op->src == O_RM &&
	       m->bytes == d->op_bytes;
}

/* Nor may the short one take what is not all there: the same code, a byte shorter. */
static bool compare(const u8 *code, enum x86_mode mode)
{
	struct x86_fetch f = { .bytes = code, .end = X86_INSN_MAX };
	struct x86_insn d;
	struct x86_move m;

	if (!x86_decode_move(&m, code, X86_INSN_MAX, mode))
		return true;
	moves_taken++;
	if (x86_decode_move(&m, code, m.length - 1, mode))
		return false;
	return x86_decode(&d, &f, mode) == X86EMUL_CONTINUE && d.mod != 3 &&
	       d.length == m.length && same_form(&m, &d) && same_register(&m, &d) &&
	       same_address(&m, &d);
}

static bool compare_modrms(u8 *code, unsigned int at, enum x86_mode mode)
{
	unsigned int modrm, sib;

	for (modrm = 0; modrm < 256; modrm++) {
		code[at] = modrm;
		for (sib = 0; sib < 256; sib++) {
			code[at + 1] = sib;
			if (!compare(code, mode))
				return false;
			if ((modrm & 7) != 4)
				break;
		}
	}
	return true;
}

/* Tests of one prefix string in one mode, and what they are called. */
static void compare_prefixed(const char *name, enum x86_mode mode, const void *prefix,
			     unsigned int len)
{
	u8 code[X86_MOVE_BUFFER];
	unsigned int op;
	bool same = true;

	for (op = 0; same && op < 512; op++) {
		unsigned int at = len;

		memset(code, 0x9a, sizeof(code));
		memcpy(code, prefix, len);
		if (op >= 256)
			code[at++] = 0x0f;
		code[at++] = op;
		same = compare_modrms(code, at, mode);
	}
	tap_ok(same, "plain moves, %s: as the full decoder has them", name);
}

/** test_moves - the short decoder */
void test_moves(void)
{
	struct x86_move m;

	compare_prefixed("32-bit", X86_MODE_PROT32, "", 0);
	compare_prefixed("32-bit, 66", X86_MODE_PROT32, "\x66", 1);
	compare_prefixed("32-bit, F3", X86_MODE_PROT32, "\xf3", 1);
	compare_prefixed("32-bit, FS", X86_MODE_PROT32, "\x64", 1);
	compare_prefixed("64-bit", X86_MODE_LONG, "", 0);
	compare_prefixed("64-bit, 66", X86_MODE_LONG, "\x66", 1);
	compare_prefixed("64-bit, REX", X86_MODE_LONG, "\x40", 1);
	compare_prefixed("64-bit, REX.W", X86_MODE_LONG, "\x48", 1);
	compare_prefixed("64-bit, REX.WRXB", X86_MODE_LONG, "\x4f", 1);
	compare_prefixed("64-bit, 66 REX.RXB", X86_MODE_LONG, "\x66\x47", 2);
	compare_prefixed("64-bit, 66 REX.W", X86_MODE_LONG, "\x66\x48", 2);
	tap_ok(moves_taken > 10000, "plain moves are taken at all");
	tap_ok(!x86_decode_move(&m, (const u8 *)"\x8b\x00\0\0\0\0\0\0\0\0\0\0\0\0\0", 15,
				X86_MODE_PROT16), "plain moves: 16-bit code is none");
}
