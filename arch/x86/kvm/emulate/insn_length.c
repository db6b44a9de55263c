// SPDX-License-Identifier: GPL-2.0-only
/*
 * Length of an instruction from its bytes alone, for CPUs whose exits carry no
 * next-RIP. The vendor exit handlers call x86_skip_length() with the instruction
 * the exit named; the inline part of it is in insn.h. No state, no lock.
 */
#include "internal.h"

static bool is_legacy_prefix(u8 b)
{
	switch (b) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64 ... 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	}
	return false;
}

/* Prefixes do not change the length of an instruction without operands. */
static unsigned int count_prefixes(const u8 *insn, unsigned int avail, enum x86_mode mode)
{
	unsigned int i;

	for (i = 0; i < avail; i++) {
		bool rex = mode == X86_MODE_LONG && (insn[i] & 0xf0) == 0x40;

		if (!rex && !is_legacy_prefix(insn[i]))
			break;
	}
	return i;
}

/**
 * x86_skip_length_slow - x86_skip_length() when there are prefixes
 * @insn: instruction bytes
 * @avail: how many
 * @mode: decoding mode
 * @expect: X86_SKIP_*
 *
 * Return: the length, or 0 when this is another instruction.
 */
int x86_skip_length_slow(const u8 *insn, unsigned int avail, enum x86_mode mode, u32 expect)
{
	unsigned int n = expect >> 24, i, at, length;

	if (!n)
		return x86_insn_length(insn, avail, mode);

	at = count_prefixes(insn, avail, mode);
	length = at + n + (expect == X86_SKIP_INT);
	if (length > avail || length > X86_INSN_MAX)
		return 0;
	for (i = 0; i < n; i++) {
		if (insn[at + i] != (u8)(expect >> i * 8))
			return 0;
	}
	return length;
}

/**
 * x86_insn_length - decode for the length only
 * @insn: instruction bytes
 * @avail: how many
 * @mode: decoding mode
 *
 * Return: the length, or 0 when the instruction is not known, is longer than
 * 15 bytes or does not end within @avail.
 */
int x86_insn_length(const u8 *insn, unsigned int avail, enum x86_mode mode)
{
	struct x86_fetch f = {
		.bytes = insn,
		.end = min_t(unsigned int, avail, X86_INSN_MAX),
	};
	struct x86_insn d;

	return x86_decode(&d, &f, mode) == X86EMUL_CONTINUE ? d.length : 0;
}
