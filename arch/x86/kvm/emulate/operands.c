// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operands at execution: the register cache, segmentation, guest memory, the
 * stack, and the fetch and write-back of what the opcode row describes. Called
 * by the instruction families with the vCPU mutex held.
 */
#include "internal.h"

/* --- Registers ------------------------------------------------------- */

/*
 * x86_gpr_write - set a GPR in the cache, which the vCPU sees when the instruction succeeds: 1 and
 * 2 bytes keep the rest of the register, 4 clear bits 63:32 (SDM 3.4.1.1)
 */
void x86_gpr_write(struct x86_emulate_ctxt *ctxt, unsigned int n, u64 val, unsigned int bytes)
{
	u64 mask = x86_mask(bytes);

	if (bytes < 4)
		val = (x86_gpr_read(ctxt, n) & ~mask) | (val & mask);
	ctxt->gprs[n] = bytes == 4 ? (u32)val : val;
	ctxt->gprs_valid |= 1u << n;
	ctxt->gprs_dirty |= 1u << n;
}

/** x86_segment - a segment register with its descriptor cache, valid until the instruction ends */
const struct kvm_segment *x86_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg)
{
	if (!(ctxt->segs_valid & 1u << sreg)) {
		emul_get_segment(ctxt, sreg, &ctxt->segs[sreg]);
		ctxt->segs_valid |= 1u << sreg;
	}
	return &ctxt->segs[sreg];
}

/*
 * x86_load_sreg_real - load ES to GS as real and virtual-8086 mode do: the limit and the attributes
 * stay what they were (SDM 20.1.1; APM2 4.10), big real mode depends on it. A segment that was null
 * has none: it gets those of a reset
 */
void x86_load_sreg_real(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector)
{
	if (x86_segment(ctxt, sreg)->unusable)
		ctxt->segs[sreg] = (struct kvm_segment){
			.limit = 0xffff, .type = 3, .s = 1, .present = 1,
		};
	ctxt->segs[sreg].selector = selector;
	ctxt->segs[sreg].base = (u32)selector << 4;
	ctxt->segs_dirty |= 1u << sreg;
}

/* --- Segmentation ---------------------------------------------------- */

/*
 * x86_canonical - are the unused upper bits copies of the top one (SDM 3.3.7.1)? CR4 is asked for
 * only when the address is not canonical for 4 levels
 */
bool x86_canonical(struct x86_emulate_ctxt *ctxt, u64 addr)
{
	s64 top = (s64)addr >> 47;

	if (top == 0 || top == -1)
		return true;
	if (!(emul_get_cr(ctxt, 4) & X86_CR4_LA57))
		return false;
	top = (s64)addr >> 56;
	return top == 0 || top == -1;
}

static int segment_fault(struct x86_emulate_ctxt *ctxt, unsigned int sreg)
{
	u8 vector = sreg == X86_SREG_SS ? SS_VECTOR_NR : GP_VECTOR_NR;

	return x86_fault(ctxt, vector, ctxt->mode != X86_MODE_REAL, 0);
}

/** x86_type_allows - by type bits 8, code, and 2, readable code or writable data (SDM 3.4.5.1) */
bool x86_type_allows(u8 type, bool write)
{
	if (type & 8)
		return !write && (type & 2);
	return !write || (type & 2);
}

/* SDM 5.3: an expand-down segment holds the offsets above its limit. */
static bool limit_allows(const struct kvm_segment *seg, u64 ea, unsigned int bytes)
{
	u64 last = ea + bytes - 1;

	if ((seg->type & 0xc) != 4)
		return last <= seg->limit;
	return ea > seg->limit && last <= (seg->db ? 0xffffffffULL : 0xffff);
}

/*
 * x86_linearize - logical to linear address of @bytes bytes, with the checks of segmentation:
 * #GP(0) or #SS(0) (SDM 5.3, 3.3.7.1), also where a @write meets a read-only segment
 */
int x86_linearize(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u64 ea, unsigned int bytes,
		  bool write, u64 *linear)
{
	const struct kvm_segment *seg;

	if (x86_is_long(ctxt)) {
		*linear = ea;
		if (sreg == X86_SREG_FS || sreg == X86_SREG_GS)
			*linear += x86_segment(ctxt, sreg)->base;
		if (x86_canonical(ctxt, *linear) && x86_canonical(ctxt, *linear + bytes - 1))
			return X86EMUL_CONTINUE;
		return segment_fault(ctxt, sreg);
	}

	seg = x86_segment(ctxt, sreg);
	if (!limit_allows(seg, ea, bytes))
		return segment_fault(ctxt, sreg);
	if (!x86_is_real(ctxt) && (seg->unusable || !x86_type_allows(seg->type, write)))
		return segment_fault(ctxt, sreg);
	*linear = (u32)(seg->base + ea);
	return X86EMUL_CONTINUE;
}

/** x86_effective_address - the offset that ModRM and SIB give, truncated to the address size */
u64 x86_effective_address(struct x86_emulate_ctxt *ctxt)
{
	const struct x86_insn *d = &ctxt->d;
	u64 ea = d->disp;

	if (d->base != X86_NO_GPR)
		ea += x86_gpr_read(ctxt, d->base);
	if (d->index != X86_NO_GPR)
		ea += x86_gpr_read(ctxt, d->index) << d->scale;
	if (d->rip_relative)
		ea += ctxt->eip + d->length;
	return ea & x86_mask(d->ad_bytes);
}

/*
 * x86_modrm_linear - the linear address of a ModRM operand that no row describes; #GP(0) where it
 * is no multiple of @align
 */
int x86_modrm_linear(struct x86_emulate_ctxt *ctxt, unsigned int bytes, bool write,
		     unsigned int align, u64 *linear)
{
	int rc = x86_linearize(ctxt, ctxt->d.seg, x86_effective_address(ctxt), bytes, write,
			       linear);

	return !rc && (*linear & (align - 1)) ? x86_fault_gp(ctxt, 0) : rc;
}

/* --- Memory ---------------------------------------------------------- */

/** x86_mem_read - read guest memory by logical address */
int x86_mem_read(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u64 ea, void *val,
		 unsigned int bytes, u32 access)
{
	u64 linear;

	return x86_linearize(ctxt, sreg, ea, bytes, access & X86EMUL_ACC_WRITE, &linear) ?:
	       emul_read_std(ctxt, linear, val, bytes, access);
}

/** x86_mem_write - write guest memory by logical address */
int x86_mem_write(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u64 ea, const void *val,
		  unsigned int bytes)
{
	u64 linear;

	return x86_linearize(ctxt, sreg, ea, bytes, true, &linear) ?:
	       emul_write_std(ctxt, linear, val, bytes, X86EMUL_ACC_WRITE);
}

/** x86_stack_bytes - width of the stack pointer: 8 in 64-bit mode, else by SS.B */
unsigned int x86_stack_bytes(struct x86_emulate_ctxt *ctxt)
{
	if (x86_is_long(ctxt))
		return 8;
	return x86_segment(ctxt, X86_SREG_SS)->db ? 4 : 2;
}

/*
 * x86_push_frame - push @n values of @bytes bytes, the first one first; @access: X86EMUL_ACC_SYSTEM
 * for the stack of an inner level. A fault half-way has written below the stack pointer, as CPUs
 * do, and moved nothing
 */
int x86_push_frame(struct x86_emulate_ctxt *ctxt, const u64 *vals, unsigned int n,
		   unsigned int bytes, u32 access)
{
	unsigned int width = x86_stack_bytes(ctxt), i;
	u64 sp = x86_gpr_read(ctxt, X86_RSP), linear;
	int rc = X86EMUL_CONTINUE;

	for (i = 0; !rc && i < n; i++) {
		sp = (sp - bytes) & x86_mask(width);
		rc = x86_linearize(ctxt, X86_SREG_SS, sp, bytes, true, &linear) ?:
		     emul_write_std(ctxt, linear, &vals[i], bytes, access | X86EMUL_ACC_WRITE);
	}
	if (!rc)
		x86_gpr_write(ctxt, X86_RSP, sp, width);
	return rc;
}

/** x86_pop_frame - pop @n values of @bytes bytes; RSP moves only when all have been read */
int x86_pop_frame(struct x86_emulate_ctxt *ctxt, u64 *vals, unsigned int n, unsigned int bytes)
{
	unsigned int width = x86_stack_bytes(ctxt), i;
	u64 sp = x86_gpr_read(ctxt, X86_RSP);
	int rc = X86EMUL_CONTINUE;

	for (i = 0; !rc && i < n; i++, sp += bytes) {
		vals[i] = 0;
		rc = x86_mem_read(ctxt, X86_SREG_SS, sp & x86_mask(width), &vals[i], bytes, 0);
	}
	if (!rc)
		x86_gpr_write(ctxt, X86_RSP, sp, width);
	return rc;
}

/*
 * x86_jump - a near transfer of control, truncated to the operand size; #GP(0) when the target is
 * not canonical or past CS's limit
 */
int x86_jump(struct x86_emulate_ctxt *ctxt, u64 target)
{
	target &= x86_mask(ctxt->d.op_bytes);
	if (x86_is_long(ctxt) ? !x86_canonical(ctxt, target) :
				target > x86_segment(ctxt, X86_SREG_CS)->limit)
		return x86_fault_gp(ctxt, 0);
	ctxt->next_eip = target;
	return X86EMUL_CONTINUE;
}

/* --- Operand fetch --------------------------------------------------- */

/* Without REX, byte registers 4 to 7 are AH, CH, DH and BH (SDM 2A table 2-2). */
static void operand_gpr(struct x86_emulate_ctxt *ctxt, struct x86_operand *o, unsigned int n)
{
	o->type = X86_OPERAND_GPR;
	o->high = o->bytes == 1 && n >= 4 && n < 8 && !ctxt->d.rex;
	o->reg = o->high ? n - 4 : n;
	o->val = x86_gpr_read(ctxt, o->reg);
	if (o->high)
		o->val >>= 8;
	o->val &= x86_mask(o->bytes);
}

static void operand_sreg(struct x86_emulate_ctxt *ctxt, struct x86_operand *o)
{
	o->type = X86_OPERAND_SREG;
	o->reg = (ctxt->d.op->flags & F_MODRM ? ctxt->d.modrm : ctxt->d.opcode) >> 3 & 7;
	o->val = x86_segment(ctxt, o->reg)->selector;
}

static void operand_imm(struct x86_operand *o, u64 val)
{
	o->type = X86_OPERAND_IMM;
	o->val = val & x86_mask(o->bytes);
}

static void operand_mem(struct x86_operand *o, unsigned int sreg, u64 ea)
{
	o->type = X86_OPERAND_MEM;
	o->seg = sreg;
	o->ea = ea;
}

/*
 * BT and its kin: a register offset is signed and selects among all memory;
 * the word is the one of operand size around the bit (SDM 2A 3.1.1.9).
 */
static u64 bit_address(struct x86_emulate_ctxt *ctxt, u64 ea)
{
	unsigned int bytes = ctxt->d.op_bytes;
	s64 bit = x86_sext(ctxt->src.val, bytes);
	s64 word = bit >> (bytes == 8 ? 6 : bytes == 4 ? 5 : 4);

	return (ea + (u64)word * bytes) & x86_mask(ctxt->d.ad_bytes);
}

static void operand_rm(struct x86_emulate_ctxt *ctxt, struct x86_operand *o)
{
	u64 ea;

	if (ctxt->d.mod == 3) {
		operand_gpr(ctxt, o, ctxt->d.rm);
		return;
	}
	ea = x86_effective_address(ctxt);
	if ((ctxt->d.op->flags & F_BITS) && o == &ctxt->dst)
		ea = bit_address(ctxt, ea);
	operand_mem(o, ctxt->d.seg, ea);
}

static void operand_locate(struct x86_emulate_ctxt *ctxt, struct x86_operand *o, u8 kind)
{
	const struct x86_insn *d = &ctxt->d;

	o->bytes = d->op_bytes;
	switch (kind) {
	case O_RM8:
	case O_RM16:
		o->bytes = 1u << (kind - O_RM8);
		fallthrough;
	case O_RM:
	case O_RM32:
	case O_RM_M16:
	case O_EA:
		if (kind == O_RM32)
			o->bytes = min_t(u8, o->bytes, 4);
		else if (kind == O_RM_M16 && d->mod != 3)
			o->bytes = 2;
		operand_rm(ctxt, o);
		break;
	case O_REG:
		operand_gpr(ctxt, o, d->reg);
		break;
	case O_SREG:
		operand_sreg(ctxt, o);
		break;
	case O_ACC:
		operand_gpr(ctxt, o, X86_RAX);
		break;
	case O_OPREG:
		operand_gpr(ctxt, o, (d->opcode & 7) | (d->rex & X86_REX_B ? 8 : 0));
		break;
	case O_CL:
		o->bytes = 1;
		operand_gpr(ctxt, o, X86_RCX);
		break;
	case O_DX:
		o->bytes = 2;
		operand_gpr(ctxt, o, X86_RDX);
		break;
	case O_ONE:
		operand_imm(o, 1);
		break;
	case O_MOFFS:
		operand_mem(o, d->seg, (u64)d->disp & x86_mask(d->ad_bytes));
		break;
	case O_SI:
		operand_mem(o, d->seg, x86_gpr_ad(ctxt, X86_RSI));
		break;
	case O_DI:
		operand_mem(o, X86_SREG_ES, x86_gpr_ad(ctxt, X86_RDI));
		break;
	case O_NONE:
		o->type = X86_OPERAND_NONE;
		break;
	default:
		operand_imm(o, d->imm);
		break;
	}
}

static int operand_read(struct x86_emulate_ctxt *ctxt, struct x86_operand *o, u32 access)
{
	int rc;

	o->val = 0;
	rc = x86_mem_read(ctxt, o->seg, o->ea, &o->val, o->bytes, access);
	o->orig = o->val;
	return rc;
}

static int fetch_dst(struct x86_emulate_ctxt *ctxt)
{
	const struct x86_opcode *op = ctxt->d.op;

	operand_locate(ctxt, &ctxt->dst, op->dst);
	if (ctxt->dst.type != X86_OPERAND_MEM || (op->flags & F_MOV) || op->dst == O_EA)
		return X86EMUL_CONTINUE;
	return operand_read(ctxt, &ctxt->dst, op->flags & F_NOWRITE ? 0 : X86EMUL_ACC_WRITE);
}

static int fetch_src(struct x86_emulate_ctxt *ctxt)
{
	operand_locate(ctxt, &ctxt->src, ctxt->d.op->src);
	if (ctxt->src.type != X86_OPERAND_MEM || ctxt->d.op->src == O_EA)
		return X86EMUL_CONTINUE;
	return operand_read(ctxt, &ctxt->src, 0);
}

/*
 * x86_operands_fetch - load the operands that the row names: memory is read as it will be used, so
 * that the read of a read-modify-write faults as a write does on hardware
 */
int x86_operands_fetch(struct x86_emulate_ctxt *ctxt)
{
	/* CMPS reads ES:rDI first: seen on CPUs, where both operands fault. */
	bool src_first = ctxt->d.op->flags & (F_BITS | F_REPCC);

	operand_locate(ctxt, &ctxt->src2, ctxt->d.op->src2);
	if (src_first)
		return fetch_src(ctxt) ?: fetch_dst(ctxt);
	return fetch_dst(ctxt) ?: fetch_src(ctxt);
}

/* --- Write-back ------------------------------------------------------ */

static bool is_locked(const struct x86_emulate_ctxt *ctxt)
{
	return (ctxt->d.prefixes & X86_PREFIX_LOCK) || (ctxt->d.op->flags & F_XCHG);
}

/*
 * x86_operand_write - write an operand back; X86EMUL_CMPXCHG_FAILED when a locked form lost a race
 */
int x86_operand_write(struct x86_emulate_ctxt *ctxt, const struct x86_operand *o)
{
	u64 linear;

	if (o->type == X86_OPERAND_GPR) {
		if (o->high)
			x86_gpr_write(ctxt, o->reg,
				      (x86_gpr_read(ctxt, o->reg) & 0xff) | (u8)o->val << 8, 2);
		else
			x86_gpr_write(ctxt, o->reg, o->val, o->bytes);
		return X86EMUL_CONTINUE;
	}
	if (o->type == X86_OPERAND_SREG) {
		if (o->reg == X86_SREG_SS)
			ctxt->shadow = X86_SHADOW_MOV_SS;
		return x86_load_sreg(ctxt, o->reg, o->val);
	}
	if (o->type != X86_OPERAND_MEM)
		return X86EMUL_CONTINUE;
	if (!is_locked(ctxt))
		return x86_mem_write(ctxt, o->seg, o->ea, &o->val, o->bytes);
	return x86_linearize(ctxt, o->seg, o->ea, o->bytes, true, &linear) ?:
	       emul_cmpxchg(ctxt, linear, &o->orig, &o->val, o->bytes);
}
