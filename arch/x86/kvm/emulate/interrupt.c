// SPDX-License-Identifier: GPL-2.0-only
/*
 * INT n, INT3, INTO, INT1 and IRET in real, virtual-8086, protected and long
 * mode (SDM 6.10 to 6.14, 20.1.4, 20.3; 2A INT, IRET). Called by emulate.c with
 * the vCPU mutex held. Events that the CPU itself raises come here where hardware cannot deliver
 * them: VMX without unrestricted guest, in real mode and in states that VM entry refuses.
 */
#include "internal.h"

#define IRET_FLAGS	(X86_FLAGS_ARITH | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_NT)
#define IRET_FLAGS_HIGH	(X86_EFLAGS_RF | X86_EFLAGS_AC | X86_EFLAGS_ID)

#define IVT_ENTRIES	256
#define TSS_IOMAP	102	/* its two bytes are the I/O map's offset (SDM 7.2.1) */

/* --- INT, 8086 style ------------------------------------------------- */

/* RF of an instruction is not for the next one; of an event, the caller has set it. */
static u64 flags_image(const struct x86_emulate_ctxt *ctxt)
{
	return ctxt->ext ? ctxt->eflags : ctxt->eflags & ~(u64)X86_EFLAGS_RF;
}

static int vector_8086(struct x86_emulate_ctxt *ctxt, u64 base, u8 vector, u64 flags)
{
	u64 frame[3] = { flags, x86_segment(ctxt, X86_SREG_CS)->selector, ctxt->next_eip };
	u16 entry[2];
	int rc = ctxt->ops->read_std(ctxt, base + 4 * vector, entry, 4, 0) ?:
		 x86_push_frame(ctxt, frame, 3, 2, 0);

	if (rc)
		return rc;
	x86_load_sreg_real(ctxt, X86_SREG_CS, entry[1]);
	ctxt->next_eip = entry[0];
	return X86EMUL_CONTINUE;
}

static int int_real(struct x86_emulate_ctxt *ctxt, u8 vector)
{
	struct x86_desc_ptr idt;
	int rc;

	ctxt->ops->get_table(ctxt, true, &idt);
	if (4u * vector + 3 > idt.limit)
		return x86_fault_gp(ctxt, 0);
	rc = vector_8086(ctxt, idt.base, vector, flags_image(ctxt));
	ctxt->eflags &= ~(u64)(X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_AC);
	return rc;
}

/* --- INT, through the IDT -------------------------------------------- */

static int fault_idt(struct x86_emulate_ctxt *ctxt, u8 vector, u8 entry)
{
	return x86_fault(ctxt, vector, true, entry * 8 + 2 + ctxt->ext);
}

static int read_gate(struct x86_emulate_ctxt *ctxt, u8 vector, bool soft, struct x86_desc *gate)
{
	bool lma = x86_lma(ctxt), known;
	unsigned int bytes = lma ? 16 : 8;
	struct x86_desc_ptr idt;
	u8 type;
	int rc;

	ctxt->ops->get_table(ctxt, true, &idt);
	if (vector * bytes + bytes - 1 > idt.limit)
		return fault_idt(ctxt, GP_VECTOR_NR, vector);
	gate->high = 0;
	gate->linear = idt.base + vector * bytes;
	rc = ctxt->ops->read_std(ctxt, gate->linear, gate, bytes, X86EMUL_ACC_SYSTEM);
	if (rc)
		return rc;

	/* 16-bit gates and task gates are outside long mode only (SDM 6.14.1). */
	type = gate->type;
	known = (type & 0xe) == DESC_INT_GATE32 ||
		(!lma && ((type & 0xe) == DESC_INT_GATE16 || type == DESC_TASK_GATE));
	if (gate->s || !known)
		return fault_idt(ctxt, GP_VECTOR_NR, vector);
	if (soft && gate->dpl < ctxt->ops->cpl(ctxt))
		return fault_idt(ctxt, GP_VECTOR_NR, vector);
	if (!gate->present)
		return fault_idt(ctxt, NP_VECTOR_NR, vector);
	return X86EMUL_CONTINUE;
}

/* The handler's code: at the same level, or at an inner one, which is all vm86 may go to. */
static int read_handler(struct x86_emulate_ctxt *ctxt, u16 selector, struct x86_desc *code,
			unsigned int *cpl)
{
	unsigned int now = ctxt->ops->cpl(ctxt);
	int rc;

	if (x86_sel_null(selector))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, 0);
	rc = x86_desc_read(ctxt, selector, code, GP_VECTOR_NR);
	if (rc)
		return rc;
	*cpl = x86_desc_conforming(code) ? now : code->dpl;
	if (!x86_desc_is_code(code) || code->dpl > now ||
	    (ctxt->mode == X86_MODE_VM86 && *cpl != 0) ||
	    (x86_lma(ctxt) && code->ld != 1))
		return x86_fault_sel(ctxt, GP_VECTOR_NR, selector);
	if (!code->present)
		return x86_fault_sel(ctxt, NP_VECTOR_NR, selector);
	return X86EMUL_CONTINUE;
}

static unsigned int build_frame(struct x86_emulate_ctxt *ctxt, bool inner, u64 *frame)
{
	static const u8 vm86_order[] = { X86_SREG_GS, X86_SREG_FS, X86_SREG_DS, X86_SREG_ES };
	unsigned int n = 0, i;

	if (ctxt->mode == X86_MODE_VM86) {
		for (i = 0; i < ARRAY_SIZE(vm86_order); i++)
			frame[n++] = x86_segment(ctxt, vm86_order[i])->selector;
	}
	if (inner) {
		frame[n++] = x86_segment(ctxt, X86_SREG_SS)->selector;
		frame[n++] = x86_gpr_read(ctxt, X86_RSP);
	}
	frame[n++] = flags_image(ctxt);
	frame[n++] = x86_segment(ctxt, X86_SREG_CS)->selector;
	frame[n++] = ctxt->next_eip;
	return n;
}

static void leave_vm86(struct x86_emulate_ctxt *ctxt)
{
	x86_stage_null(ctxt, X86_SREG_ES, 0);
	x86_stage_null(ctxt, X86_SREG_DS, 0);
	x86_stage_null(ctxt, X86_SREG_FS, 0);
	x86_stage_null(ctxt, X86_SREG_GS, 0);
}

/* Where the handler's frame goes; in long mode always aligned to 16 (SDM 6.14.2). */
static int switch_stack(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate,
			unsigned int cpl)
{
	unsigned int ist = x86_lma(ctxt) ? gate->low >> 32 & 7 : 0;
	int rc = X86EMUL_CONTINUE;

	if (ist || cpl != ctxt->ops->cpl(ctxt))
		rc = x86_inner_stack(ctxt, cpl, x86_lma(ctxt), ist);
	if (!rc && x86_lma(ctxt))
		x86_gpr_write(ctxt, X86_RSP, x86_gpr_read(ctxt, X86_RSP) & ~0xfULL, 8);
	return rc;
}

static int int_gate(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate,
		    bool has_error_code, u32 error_code)
{
	unsigned int bytes = x86_gate_bytes(ctxt, gate), n, cpl = 0;
	bool vm86 = ctxt->mode == X86_MODE_VM86;
	u16 selector = gate->low >> 16;
	struct x86_desc code;
	u64 frame[10];
	int rc = read_handler(ctxt, selector, &code, &cpl);

	if (rc)
		return rc;
	n = build_frame(ctxt, cpl != ctxt->ops->cpl(ctxt) || bytes == 8, frame);
	if (has_error_code)
		frame[n++] = error_code;
	/* What follows happens as the handler's mode has it. */
	if (bytes == 8)
		ctxt->mode = X86_MODE_LONG;
	else if (vm86)
		ctxt->mode = X86_MODE_PROT32;
	rc = switch_stack(ctxt, gate, cpl) ?:
	     x86_push_frame(ctxt, frame, n, bytes, cpl < 3 ? X86EMUL_ACC_SYSTEM : 0) ?:
	     x86_enter_code(ctxt, selector, &code, cpl, x86_gate_offset(gate));
	if (rc)
		return rc;
	if (vm86)
		leave_vm86(ctxt);
	/* Trap gates leave IF alone (SDM 6.12.1.2). */
	ctxt->eflags &= ~(u64)(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_VM | X86_EFLAGS_RF |
			       (gate->type & 1 ? 0 : X86_EFLAGS_IF));
	return X86EMUL_CONTINUE;
}

static int int_protected(struct x86_emulate_ctxt *ctxt, u8 vector, bool soft,
			 bool has_error_code, u32 error_code)
{
	struct x86_desc gate;
	int rc = read_gate(ctxt, vector, soft, &gate);

	if (rc)
		return rc;
	if (gate.type != DESC_TASK_GATE)
		return int_gate(ctxt, &gate, has_error_code, error_code);
	/* A task's IRET is to come back to the next instruction. */
	return x86_task_switch(ctxt, gate.low >> 16, X86_TASK_GATE, has_error_code, error_code);
}

/**
 * x86_emulate_event - deliver an event (SDM 6.12, 20.1.4)
 * @ctxt: mode, eip and eflags are set, RF of these as the frame shall have it
 * @vector: of the event
 * @length: of the INT n, INT3 or INTO that it comes from, which is left behind; else 0
 * @has_error_code: an error code is pushed, but not in real mode
 * @error_code: that code
 *
 * Return: as x86_emulate_insn() does; X86EMUL_PROPAGATE_FAULT: the delivery faults.
 */
int x86_emulate_event(struct x86_emulate_ctxt *ctxt, u8 vector, unsigned int length,
		      bool has_error_code, u32 error_code)
{
	u64 eflags = ctxt->eflags;
	int rc;

	x86_emulate_reset(ctxt);
	ctxt->ext = !length;
	ctxt->next_eip = ctxt->eip + length;
	if (!x86_is_long(ctxt))
		ctxt->next_eip = (u32)ctxt->next_eip;
	rc = ctxt->mode == X86_MODE_REAL ? int_real(ctxt, vector) :
	     int_protected(ctxt, vector, length, has_error_code, error_code);
	if (rc != X86EMUL_CONTINUE) {
		ctxt->eflags = eflags;
		return rc;
	}
	x86_commit_gprs(ctxt);
	x86_commit_segments(ctxt);
	ctxt->eip = ctxt->next_eip;
	return X86EMUL_CONTINUE;
}

/* --- INT in virtual-8086 mode ---------------------------------------- */

/* CR4.VME: the map of 256 bits below the I/O map; a clear bit keeps INT in the 8086 program. */
static int redirected(struct x86_emulate_ctxt *ctxt, u8 vector, bool *stays)
{
	const struct kvm_segment *tr = x86_segment(ctxt, X86_SREG_TR);
	u16 base;
	u8 bits;
	int rc;

	*stays = false;
	if (!(ctxt->ops->get_cr(ctxt, 4) & X86_CR4_VME))
		return X86EMUL_CONTINUE;
	if (tr->limit < TSS_IOMAP + 1)
		return x86_fault_gp(ctxt, 0);
	rc = ctxt->ops->read_std(ctxt, tr->base + TSS_IOMAP, &base, 2, X86EMUL_ACC_SYSTEM);
	if (rc)
		return rc;
	base += vector / 8 - IVT_ENTRIES / 8;
	if (base > tr->limit)
		return x86_fault_gp(ctxt, 0);
	rc = ctxt->ops->read_std(ctxt, tr->base + base, &bits, 1, X86EMUL_ACC_SYSTEM);
	*stays = !(bits >> (vector & 7) & 1);
	return rc;
}

/* Below IOPL 3 the program sees and clears VIF in place of IF (SDM 20.3.3). */
static int int_vm86(struct x86_emulate_ctxt *ctxt, u8 vector)
{
	bool virtual = x86_iopl(ctxt) < 3, stays;
	u64 flags = flags_image(ctxt);
	int rc = redirected(ctxt, vector, &stays);

	if (rc)
		return rc;
	if (!stays)
		return virtual ? x86_fault_gp(ctxt, 0) :
				 int_protected(ctxt, vector, true, false, 0);
	rc = vector_8086(ctxt, 0, vector, virtual ? x86_virtual_flags(flags) : flags);
	ctxt->eflags &= ~(u64)(X86_EFLAGS_TF | (virtual ? X86_EFLAGS_VIF : X86_EFLAGS_IF));
	return rc;
}

/*
 * CD n; CC INT3 and CE INTO, which ignore IOPL and the redirection map (SDM 20.3.3);
 * F1 INT1, which checks no gate's DPL, as if the CPU had raised it (SDM 2A INT1).
 */
int em_int(struct x86_emulate_ctxt *ctxt)
{
	bool numbered = ctxt->d.opcode == 0xcd;
	u8 vector = numbered ? ctxt->d.imm : ctxt->d.op->arg;

	if (ctxt->mode == X86_MODE_REAL)
		return int_real(ctxt, vector);
	if (ctxt->mode == X86_MODE_VM86 && numbered)
		return int_vm86(ctxt, vector);
	return int_protected(ctxt, vector, vector != DB_VECTOR_NR || numbered, false, 0);
}

int em_into(struct x86_emulate_ctxt *ctxt)
{
	return ctxt->eflags & X86_EFLAGS_OF ? em_int(ctxt) : X86EMUL_CONTINUE;
}

/* --- IRET ------------------------------------------------------------ */

static int pop_three(struct x86_emulate_ctxt *ctxt, u64 *eip, u64 *cs, u64 *flags)
{
	unsigned int bytes = ctxt->d.op_bytes;

	return x86_pop(ctxt, eip, bytes) ?: x86_pop(ctxt, cs, bytes) ?:
	       x86_pop(ctxt, flags, bytes);
}

static void load_flags(struct x86_emulate_ctxt *ctxt, u64 mask, u64 flags)
{
	mask |= IRET_FLAGS | IRET_FLAGS_HIGH;
	x86_flags_set(ctxt, ctxt->d.op_bytes == 2 ? mask & 0xffff : mask, flags);
}

/* VME below IOPL 3: IF of the image goes to VIF; a pending interrupt or TF is #GP. */
static int iret_virtual_if(struct x86_emulate_ctxt *ctxt, u64 flags)
{
	if (ctxt->d.op_bytes != 2 || !(ctxt->ops->get_cr(ctxt, 4) & X86_CR4_VME) ||
	    (flags & X86_EFLAGS_TF) ||
	    ((flags & X86_EFLAGS_IF) && (ctxt->eflags & X86_EFLAGS_VIP)))
		return x86_fault_gp(ctxt, 0);
	load_flags(ctxt, 0, flags);
	x86_flags_set(ctxt, X86_EFLAGS_VIF, flags & X86_EFLAGS_IF ? X86_EFLAGS_VIF : 0);
	return X86EMUL_CONTINUE;
}

static int iret_8086(struct x86_emulate_ctxt *ctxt)
{
	u64 eip, cs, flags;
	bool virtual = ctxt->mode == X86_MODE_VM86 && x86_iopl(ctxt) < 3;
	int rc;

	if (virtual && !(ctxt->ops->get_cr(ctxt, 4) & X86_CR4_VME))
		return x86_fault_gp(ctxt, 0);
	rc = pop_three(ctxt, &eip, &cs, &flags) ?: x86_jump(ctxt, eip);
	if (!rc && virtual)
		rc = iret_virtual_if(ctxt, flags);
	else if (!rc)
		load_flags(ctxt, X86_EFLAGS_IF |
				 (ctxt->mode == X86_MODE_REAL ? X86_EFLAGS_IOPL : 0), flags);
	if (!rc)
		x86_load_sreg_real(ctxt, X86_SREG_CS, cs);
	return rc;
}

/* VM set in the image at CPL 0: ESP, SS, ES, DS, FS and GS follow (SDM 20.2.2). */
static int iret_to_vm86(struct x86_emulate_ctxt *ctxt, u64 eip, u64 cs, u64 flags)
{
	static const u8 order[] = {
		X86_SREG_SS, X86_SREG_ES, X86_SREG_DS, X86_SREG_FS, X86_SREG_GS,
	};
	u64 esp, selector[ARRAY_SIZE(order)];
	unsigned int i;
	int rc = x86_pop(ctxt, &esp, 4);

	for (i = 0; !rc && i < ARRAY_SIZE(order); i++)
		rc = x86_pop(ctxt, &selector[i], 4);
	if (rc)
		return rc;
	for (i = 0; i < ARRAY_SIZE(order); i++)
		x86_stage_vm86(ctxt, order[i], selector[i]);
	x86_stage_vm86(ctxt, X86_SREG_CS, cs);
	x86_gpr_write(ctxt, X86_RSP, esp, 4);
	x86_flags_set(ctxt, IRET_FLAGS | IRET_FLAGS_HIGH | X86_EFLAGS_IF | X86_EFLAGS_IOPL |
			    X86_EFLAGS_VM | X86_EFLAGS_VIF | X86_EFLAGS_VIP, flags);
	ctxt->next_eip = (u16)eip;
	return X86EMUL_CONTINUE;
}

static int iret_protected(struct x86_emulate_ctxt *ctxt)
{
	unsigned int cpl = ctxt->ops->cpl(ctxt);
	u64 eip, cs, flags, mask = 0;
	enum x86_mode mode;
	int rc = pop_three(ctxt, &eip, &cs, &flags);

	if (rc)
		return rc;
	if ((flags & X86_EFLAGS_VM) && ctxt->d.op_bytes == 4 && cpl == 0 && !x86_lma(ctxt))
		return iret_to_vm86(ctxt, eip, cs, flags);
	rc = x86_return_code(ctxt, cs, eip, &mode);
	/* 64-bit mode pops SS:RSP always. */
	if (!rc && ((cs & 3) != cpl || x86_is_long(ctxt)))
		rc = x86_return_stack(ctxt, cs & 3, mode, 0);
	if (rc)
		return rc;
	if ((cs & 3) != cpl)
		x86_drop_data(ctxt, cs & 3);
	if (cpl <= x86_iopl(ctxt))
		mask |= X86_EFLAGS_IF;
	if (cpl == 0)
		mask |= X86_EFLAGS_IOPL | X86_EFLAGS_VIF | X86_EFLAGS_VIP;
	load_flags(ctxt, mask, flags);
	return X86EMUL_CONTINUE;
}

/* NT: back to the task that the TSS links to (SDM 7.4), which long mode has not. */
static int iret_task(struct x86_emulate_ctxt *ctxt)
{
	u16 link;
	int rc;

	if (x86_lma(ctxt))
		return x86_fault_gp(ctxt, 0);
	rc = ctxt->ops->read_std(ctxt, x86_segment(ctxt, X86_SREG_TR)->base, &link, 2,
				 X86EMUL_ACC_SYSTEM);
	return rc ?: x86_task_switch(ctxt, link, X86_TASK_IRET, false, 0);
}

int em_iret(struct x86_emulate_ctxt *ctxt)
{
	ctxt->iret = true;
	if (x86_is_real(ctxt))
		return iret_8086(ctxt);
	return ctxt->eflags & X86_EFLAGS_NT ? iret_task(ctxt) : iret_protected(ctxt);
}
