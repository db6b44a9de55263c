// SPDX-License-Identifier: GPL-2.0-only
/*
 * From instruction bytes to struct x86_insn: prefixes, opcode, ModRM, SIB,
 * displacement and immediates. Touches no guest register, so that the same code
 * measures an instruction for a vendor's exit handler, whose CPU has no next-RIP.
 */
#include "internal.h"

#define PAGE_BYTES	4096

/* --- Bytes ----------------------------------------------------------- */

/* The linear address and the number of bytes CS still allows at @offset. */
static int fetch_linear(struct x86_emulate_ctxt *ctxt, u64 offset, u64 *linear, u64 *room)
{
	const struct kvm_segment *cs;

	if (x86_is_long(ctxt)) {
		*linear = offset;
		*room = X86_INSN_MAX;
		return X86EMUL_CONTINUE;
	}

	offset = (u32)offset;
	cs = x86_segment(ctxt, X86_SREG_CS);
	if (offset > cs->limit)
		return x86_fault_gp(ctxt, 0);
	*linear = (u32)(cs->base + offset);
	*room = (u64)cs->limit - offset + 1;
	return X86EMUL_CONTINUE;
}

/*
 * Read what is left of the page, 15 bytes in all at most: an instruction that
 * ends before the page does must not fault on the next one.
 */
static int fetch_refill(struct x86_fetch *f)
{
	struct x86_emulate_ctxt *ctxt = f->ctxt;
	u64 linear, room;
	unsigned int n;
	int rc;

	if (!ctxt)
		return X86EMUL_UNHANDLEABLE;
	if (f->end >= X86_INSN_MAX)
		return x86_fault_gp(ctxt, 0);

	rc = fetch_linear(ctxt, ctxt->eip + f->end, &linear, &room);
	if (rc)
		return rc;
	n = min_t(u64, X86_INSN_MAX - f->end, PAGE_BYTES - (linear & (PAGE_BYTES - 1)));
	n = min_t(u64, n, room);

	rc = ctxt->ops->fetch(ctxt, linear, ctxt->bytes + f->end, n);
	if (!rc)
		f->end += n;
	ctxt->fetched = f->end;
	return rc;
}

/* Little-endian, sign-extended: most callers want that, the rest mask. */
static s64 fetch(struct x86_fetch *f, unsigned int bytes)
{
	u64 v = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		if (!f->rc && f->pos >= f->end)
			f->rc = fetch_refill(f);
		if (f->rc)
			return 0;
		v |= (u64)f->bytes[f->pos++] << i * 8;
	}
	return x86_sext(v, bytes);
}

/* #UD, unless the bytes that told so could not be had. */
static int invalid_opcode(struct x86_fetch *f)
{
	if (f->rc)
		return f->rc;
	return f->ctxt ? x86_fault_ud(f->ctxt) : X86EMUL_UNHANDLEABLE;
}

/* --- Prefixes and opcode --------------------------------------------- */

/* True when @b was a legacy prefix; CS, DS, ES and SS mean nothing in 64-bit mode (SDM 3.3.4). */
static bool legacy_prefix(struct x86_insn *d, enum x86_mode mode, u8 b)
{
	unsigned int sreg = (b & 0xe7) == 0x26 ? b >> 3 & 3 : b & 7;

	switch (b) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
		if (mode != X86_MODE_LONG || sreg >= X86_SREG_FS) {
			d->seg = sreg;
			d->seg_override = true;
		}
		return true;
	case 0x66:
		d->prefixes |= X86_PREFIX_OPSIZE;
		return true;
	case 0x67:
		d->prefixes |= X86_PREFIX_ADSIZE;
		return true;
	case 0xf0:
		d->prefixes |= X86_PREFIX_LOCK;
		return true;
	case 0xf2:
	case 0xf3:
		/* The last of the two counts. */
		d->prefixes &= ~(X86_PREFIX_REP | X86_PREFIX_REPNE);
		d->prefixes |= b == 0xf3 ? X86_PREFIX_REP : X86_PREFIX_REPNE;
		return true;
	}
	return false;
}

/* The byte behind the prefixes. A REX that another prefix follows is ignored (SDM 2.2.1). */
static u8 decode_prefixes(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode)
{
	for (;;) {
		u8 b = fetch(f, 1);

		if (mode == X86_MODE_LONG && (b & 0xf0) == 0x40)
			d->rex = b;
		else if (legacy_prefix(d, mode, b))
			d->rex = 0;
		else
			return b;
	}
}

/* The rows that there are of the third map, by ModRM-less opcode. */
static const struct x86_opcode *row_0f38(u8 opcode)
{
	static const struct x86_opcode unknown;

	switch (opcode) {
	case 0x2a:
		return &x86_opcodes_0f38[0];
	case 0x82:
		return &x86_opcodes_0f38[1];
	}
	return (opcode & 0xfe) == 0xf0 ? &x86_opcodes_0f38[2 + (opcode & 1)] : &unknown;
}

/*
 * C4 and C5 outside 64-bit mode are LES and LDS unless what would be ModRM.mod
 * is 3; real and virtual-8086 mode have no VEX at all (SDM 2A 2.3.5).
 */
static bool vex_follows(struct x86_fetch *f, enum x86_mode mode)
{
	u8 next = fetch(f, 1);

	if (f->rc)
		return false;
	f->pos--;
	return mode == X86_MODE_LONG || (mode > X86_MODE_VM86 && next >= 0xc0);
}

/* R, X, B and vvvv are stored inverted; outside 64-bit mode R, X and B count for nothing. */
static void vex_fields(struct x86_insn *d, enum x86_mode mode, u8 rxb, u8 last)
{
	static const u8 pp[4] = { 0, X86_PREFIX_OPSIZE, X86_PREFIX_REP, X86_PREFIX_REPNE };

	d->vex = true;
	d->vex_l = last & 4;
	d->vvvv = (~last >> 3) & 15;
	d->prefixes |= pp[last & 3];
	if (mode == X86_MODE_LONG)
		d->rex = 0x40 | (~rxb >> 5 & 7) | (last & 0x80 ? X86_REX_W : 0);
}

/* Two bytes: R vvvv L pp; three: R X B mmmmm, W vvvv L pp (SDM 2A figure 2-9). */
static int decode_vex(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode, u8 b)
{
	u8 first, last;

	/* 66, F2, F3, LOCK and REX before it are #UD. */
	if (d->rex || (d->prefixes & ~X86_PREFIX_ADSIZE))
		return invalid_opcode(f);
	first = fetch(f, 1);
	last = b == 0xc4 ? fetch(f, 1) : first & 0x7f;
	d->opcode = fetch(f, 1);
	vex_fields(d, mode, b == 0xc5 ? first | 0x60 : first, last);
	d->map = b == 0xc5 ? X86_MAP_0F : first & 0x1f;
	if (d->map == X86_MAP_0F)
		d->op = &x86_opcodes_0f[d->opcode];
	else if (d->map == X86_MAP_0F38)
		d->op = row_0f38(d->opcode);
	else
		return X86EMUL_UNHANDLEABLE;
	return f->rc;
}

static int decode_opcode(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode)
{
	u8 b = decode_prefixes(d, f, mode);

	d->opcode = b;
	d->op = &x86_opcodes_1byte[b];
	if (unlikely((b & 0xfe) == 0xc4) && vex_follows(f, mode))
		return decode_vex(d, f, mode, b);
	if (b != 0x0f)
		return f->rc;

	d->opcode = fetch(f, 1);
	d->map = X86_MAP_0F;
	d->op = &x86_opcodes_0f[d->opcode];
	if (d->opcode == 0x38) {
		d->opcode = fetch(f, 1);
		d->map = X86_MAP_0F38;
		d->op = row_0f38(d->opcode);
	}
	return f->rc;
}

static unsigned int prefix_row(const struct x86_insn *d)
{
	if (d->prefixes & X86_PREFIX_REPNE)
		return 3;
	if (d->prefixes & X86_PREFIX_REP)
		return 2;
	return d->prefixes & X86_PREFIX_OPSIZE ? 1 : 0;
}

static bool operand_has_modrm(u8 kind)
{
	return kind >= O_REG && kind <= O_EA;
}

static bool row_has_modrm(const struct x86_opcode *op)
{
	if (op->kind == K_GROUP || op->kind == K_DUAL || op->kind == K_RM)
		return true;
	return (op->flags & F_MODRM) || operand_has_modrm(op->dst) || operand_has_modrm(op->src);
}

/* Follow groups down to one instruction; ModRM is read when first needed. */
static int resolve_groups(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode,
			  bool *has_modrm)
{
	*has_modrm = false;
	for (;;) {
		const struct x86_opcode *op = d->op;

		if (!*has_modrm && row_has_modrm(op)) {
			d->modrm = fetch(f, 1);
			if (f->rc)
				return f->rc;
			*has_modrm = true;
		}
		switch (op->kind) {
		case K_GROUP:
			d->op = &op->sub[(d->modrm >> 3) & 7];
			break;
		case K_DUAL:
			d->op = &op->sub[d->modrm >= 0xc0];
			break;
		case K_RM:
			d->op = &op->sub[d->modrm & 7];
			break;
		case K_PREFIX:
			d->op = &op->sub[prefix_row(d)];
			break;
		case K_MODE:
			d->op = &op->sub[mode == X86_MODE_LONG];
			break;
		case K_INSN:
			/* Before its operands: they may not even end within 15 bytes. */
			if ((op->flags & F_NO64) && mode == X86_MODE_LONG)
				return invalid_opcode(f);
			if (unlikely(d->vex) && !(op->flags & F_VEX))
				return X86EMUL_UNHANDLEABLE;
			return X86EMUL_CONTINUE;
		case K_UD:
			return invalid_opcode(f);
		default:
			return X86EMUL_UNHANDLEABLE;
		}
	}
}

/* --- Sizes and addresses --------------------------------------------- */

/*
 * Intel ignores 66 on near branches in 64-bit mode, AMD truncates RIP and pushes 16
 * bits (SDM 2A JMP; APM3 1.2.2).
 */
static int branch_size(struct x86_insn *d, struct x86_fetch *f)
{
	if (!f->ctxt)
		return X86EMUL_UNHANDLEABLE;
	if (!x86_is_amd(f->ctxt))
		d->op_bytes = 8;
	return X86EMUL_CONTINUE;
}

static int decode_sizes(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode)
{
	bool op66 = d->prefixes & X86_PREFIX_OPSIZE, ad67 = d->prefixes & X86_PREFIX_ADSIZE;
	u32 flags = d->op->flags;

	if (mode == X86_MODE_LONG) {
		d->ad_bytes = ad67 ? 4 : 8;
		d->op_bytes = d->rex & X86_REX_W ? 8 : op66 ? 2 : 4;
		if ((flags & F_LONG64) || ((flags & (F_STACK | F_NEAR)) && d->op_bytes == 4))
			d->op_bytes = 8;
		if (unlikely((flags & F_NEAR) && d->op_bytes == 2))
			return branch_size(d, f);
	} else {
		d->ad_bytes = (mode == X86_MODE_PROT32) != ad67 ? 4 : 2;
		d->op_bytes = (mode == X86_MODE_PROT32) != op66 || (flags & F_LONG64) ? 4 : 2;
	}
	if ((flags & F_IO) && d->op_bytes == 8)
		d->op_bytes = 4;
	if (flags & F_BYTE)
		d->op_bytes = 1;
	return X86EMUL_CONTINUE;
}

static void default_segment(struct x86_insn *d, unsigned int sreg)
{
	if (!d->seg_override)
		d->seg = sreg;
}

/* SDM 2A table 2-1. */
static void decode_address16(struct x86_insn *d, struct x86_fetch *f)
{
	static const u8 base[8] = {
		X86_RBX, X86_RBX, X86_RBP, X86_RBP, X86_RSI, X86_RDI, X86_RBP, X86_RBX,
	};
	static const u8 index[4] = { X86_RSI, X86_RDI, X86_RSI, X86_RDI };
	unsigned int rm = d->modrm & 7;

	if (d->mod == 0 && rm == 6) {
		d->disp = fetch(f, 2);
		return;
	}
	d->base = base[rm];
	if (rm < 4)
		d->index = index[rm];
	if (d->base == X86_RBP)
		default_segment(d, X86_SREG_SS);
	if (d->mod)
		d->disp = fetch(f, d->mod);
}

/* SDM 2A table 2-3: no index when it is 4 before REX.X, no base for mod 0 and 5. */
static void decode_sib(struct x86_insn *d, struct x86_fetch *f)
{
	u8 sib = fetch(f, 1);

	d->scale = sib >> 6;
	d->index = ((sib >> 3) & 7) | (d->rex & X86_REX_X ? 8 : 0);
	if (d->index == X86_RSP)
		d->index = X86_NO_GPR;
	d->base = (sib & 7) | (d->rex & X86_REX_B ? 8 : 0);
	if ((sib & 7) == 5 && d->mod == 0)
		d->base = X86_NO_GPR;
}

/* SDM 2A tables 2-2 and 2-7. */
static void decode_address32(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode)
{
	unsigned int rm = d->modrm & 7;

	if (rm == 4)
		decode_sib(d, f);
	else if (rm == 5 && d->mod == 0)
		d->rip_relative = mode == X86_MODE_LONG;
	else
		d->base = d->rm;

	/* R12 and R13 keep the DS default: REX does not carry RSP's meaning. */
	if (d->base == X86_RSP || d->base == X86_RBP)
		default_segment(d, X86_SREG_SS);
	if (d->mod == 2 || d->base == X86_NO_GPR)
		d->disp = fetch(f, 4);
	else if (d->mod == 1)
		d->disp = fetch(f, 1);
}

static void decode_modrm(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode)
{
	d->mod = d->op->flags & F_MODREG ? 3 : d->modrm >> 6;
	d->reg = ((d->modrm >> 3) & 7) | (d->rex & X86_REX_R ? 8 : 0);
	d->rm = (d->modrm & 7) | (d->rex & X86_REX_B ? 8 : 0);
	if (d->mod == 3)
		return;
	if (d->ad_bytes == 2)
		decode_address16(d, f);
	else
		decode_address32(d, f, mode);
}

/* --- Immediates ------------------------------------------------------ */

static void decode_immediate(struct x86_insn *d, struct x86_fetch *f, u8 kind)
{
	switch (kind) {
	case O_IMM:
		d->imm = fetch(f, min_t(unsigned int, d->op_bytes, 4));
		break;
	case O_IMMV:
		d->imm = fetch(f, d->op_bytes);
		break;
	case O_IMM8:
	case O_IMM8U:
		d->imm = fetch(f, 1) & (kind == O_IMM8U ? 0xff : ~0ULL);
		break;
	case O_IMM16:
		d->imm = (u16)fetch(f, 2);
		break;
	case O_MOFFS:
		d->disp = fetch(f, d->ad_bytes);
		break;
	case O_LEVEL:
		d->imm2 = (u8)fetch(f, 1);
		break;
	case O_FAR:
		d->imm = fetch(f, d->op_bytes) & x86_mask(d->op_bytes);
		d->imm2 = fetch(f, 2);
		break;
	}
}

/**
 * x86_decode - decode one instruction (SDM 2A chapter 2)
 * @d: result
 * @f: its bytes
 * @mode: decoding mode
 *
 * Return: X86EMUL_CONTINUE, X86EMUL_UNHANDLEABLE, or a fault of the fetch or of
 * the opcode itself.
 */
int x86_decode(struct x86_insn *d, struct x86_fetch *f, enum x86_mode mode)
{
	bool has_modrm;
	int rc;

	*d = (struct x86_insn){
		.seg = X86_SREG_DS,
		.base = X86_NO_GPR,
		.index = X86_NO_GPR,
	};

	rc = decode_opcode(d, f, mode) ?: resolve_groups(d, f, mode, &has_modrm) ?:
	     decode_sizes(d, f, mode);
	if (!rc) {
		if (has_modrm)
			decode_modrm(d, f, mode);
		decode_immediate(d, f, d->op->dst);
		decode_immediate(d, f, d->op->src);
		decode_immediate(d, f, d->op->src2);
	}
	d->length = f->pos;
	return rc ?: f->rc;
}

/**
 * x86_decode_insn - decode the instruction at ctxt->eip into ctxt->d
 * @ctxt: mode, eip and eflags are set
 * @insn: bytes the caller has already, or NULL
 * @len: how many
 *
 * Bytes beyond @len come from ops->fetch.
 *
 * Return: X86EMUL_CONTINUE; X86EMUL_UNHANDLEABLE for an instruction this
 * emulator does not know; X86EMUL_PROPAGATE_FAULT for #PF or #GP of the fetch
 * and for #UD.
 */
int x86_decode_insn(struct x86_emulate_ctxt *ctxt, const void *insn, unsigned int len)
{
	struct x86_fetch f = { .ctxt = ctxt, .bytes = ctxt->bytes };

	x86_emulate_reset(ctxt);
	f.end = min_t(unsigned int, len, X86_INSN_MAX);
	if (f.end)
		memcpy(ctxt->bytes, insn, f.end);
	ctxt->fetched = f.end;
	return x86_decode(&ctxt->d, &f, ctxt->mode);
}

/* --- Lengths --------------------------------------------------------- */

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

	return x86_decode(&d, &f, mode) ? 0 : d.length;
}

/**
 * x86_skip_length_slow - x86_skip_length() when there are prefixes
 * @insn: instruction bytes
 * @avail: how many
 * @mode: decoding mode
 * @expect: X86_SKIP_*
 *
 * Prefixes do not change the length of an instruction without operands.
 *
 * Return: the length, or 0 when this is another instruction.
 */
int x86_skip_length_slow(const u8 *insn, unsigned int avail, enum x86_mode mode, u32 expect)
{
	struct x86_fetch f = {
		.bytes = insn,
		.end = min_t(unsigned int, avail, X86_INSN_MAX),
	};
	unsigned int n = expect >> 24, i;
	struct x86_insn d = {};
	u8 b;

	if (!n)
		return x86_insn_length(insn, avail, mode);
	b = decode_prefixes(&d, &f, mode);
	for (i = 0; i < n; i++) {
		if (b != (u8)(expect >> i * 8))
			return 0;
		if (i + 1 < n || expect == X86_SKIP_INT)
			b = fetch(&f, 1);
	}
	return f.rc ? 0 : f.pos;
}
