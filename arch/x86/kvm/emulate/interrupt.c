// SPDX-License-Identifier: GPL-2.0-only
/*
 * INT n, INT3, INTO, INT1 and IRET in real, virtual-8086, protected and long
 * mode (SDM 6.10 to 6.14, 20.1.4, 20.3; 2A INT, IRET). Called by emulate.c with
 * the vCPU mutex held. Events that the CPU itself raises come here where hardware cannot deliver
 * them: VMX without unrestricted guest, in real mode and in states that VM entry refuses.
 */
#include "internal.h"

#define IVT_ENTRIES	256

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
	int rc = emul_read_std(ctxt, base + 4 * vector, entry, 4, 0) ?:
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

	emul_get_table(ctxt, true, &idt);
	if (4u * vector + 3 > idt.limit)
		return x86_fault_gp(ctxt, 0);
	rc = vector_8086(ctxt, idt.base, vector, flags_image(ctxt));
	ctxt->eflags &= ~(u64)(X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_AC);
	return rc;
}

/* --- INT, through the IDT -------------------------------------------- */

static int read_gate(struct x86_emulate_ctxt *ctxt, u8 vector, bool soft, struct x86_desc *gate)
{
	bool lma = x86_lma(ctxt), known;
	unsigned int bytes = lma ? 16 : 8;
	/* The error code of a fault: the entry, in the IDT (SDM 6.13). */
	u16 entry = vector * 8 + 2 + ctxt->ext;
	struct x86_desc_ptr idt;
	u8 type;
	int rc;

	emul_get_table(ctxt, true, &idt);
	if (vector * bytes + bytes - 1 > idt.limit)
		return x86_fault(ctxt, GP_VECTOR_NR, true, entry);
	gate->high = 0;
	gate->linear = idt.base + vector * bytes;
	rc = emul_read_std(ctxt, gate->linear, gate, bytes, X86EMUL_ACC_SYSTEM);
	if (rc)
		return rc;

	/* 16-bit gates and task gates are outside long mode only (SDM 6.14.1). */
	type = gate->type;
	known = (type & 0xe) == DESC_INT_GATE32 ||
		(!lma && ((type & 0xe) == DESC_INT_GATE16 || type == DESC_TASK_GATE));
	if (gate->s || !known || (soft && gate->dpl < emul_cpl(ctxt)))
		return x86_fault(ctxt, GP_VECTOR_NR, true, entry);
	return gate->present ? X86EMUL_CONTINUE : x86_fault(ctxt, NP_VECTOR_NR, true, entry);
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

/*
 * Long mode has SS and RSP in every frame, aligned to 16 (SDM 6.14.2); @error_code: NULL when the
 * event has none
 */
static int int_gate(struct x86_emulate_ctxt *ctxt, const struct x86_desc *gate,
		    const u32 *error_code)
{
	bool vm86 = ctxt->mode == X86_MODE_VM86, lma = x86_lma(ctxt);
	unsigned int n, cpl = 0, ist = lma ? gate->low >> 32 & 7 : 0;
	struct x86_desc code;
	u64 frame[10];
	int rc = x86_gate_code(ctxt, gate, true, &code, &cpl);

	if (rc)
		return rc;
	n = build_frame(ctxt, cpl != emul_cpl(ctxt) || lma, frame);
	if (error_code)
		frame[n++] = *error_code;
	rc = x86_enter_gate(ctxt, gate, &code, cpl, ist, 16, frame, n);
	if (rc)
		return rc;
	if (vm86)
		x86_drop_data(ctxt, 4);
	/* Trap gates leave IF alone (SDM 6.12.1.2). */
	ctxt->eflags &= ~(u64)(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_VM | X86_EFLAGS_RF |
			       (gate->type & 1 ? 0 : X86_EFLAGS_IF));
	return X86EMUL_CONTINUE;
}

static int int_protected(struct x86_emulate_ctxt *ctxt, u8 vector, bool soft,
			 const u32 *error_code)
{
	struct x86_desc gate;
	int rc = read_gate(ctxt, vector, soft, &gate);

	if (rc)
		return rc;
	if (gate.type != DESC_TASK_GATE)
		return int_gate(ctxt, &gate, error_code);
	/* A task's IRET is to come back to the next instruction. */
	return x86_task_switch(ctxt, gate.low >> 16, X86_TASK_GATE, error_code,
			       error_code ? *error_code : 0);
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
	     int_protected(ctxt, vector, length, has_error_code ? &error_code : NULL);
	return x86_retire(ctxt, rc, eflags);
}

/* --- INT in virtual-8086 mode ---------------------------------------- */

/* CR4.VME: the map of 256 bits below the I/O map; a clear bit keeps INT in the 8086 program. */
static int redirected(struct x86_emulate_ctxt *ctxt, u8 vector, bool *stays)
{
	u16 base;
	u8 bits;
	int rc;

	*stays = false;
	if (!(emul_get_cr(ctxt, 4) & X86_CR4_VME))
		return X86EMUL_CONTINUE;
	rc = x86_tss_read(ctxt, TSS_IOMAP_BASE, &base, 2, GP_VECTOR_NR);
	if (rc)
		return rc;
	base += vector / 8 - IVT_ENTRIES / 8;
	rc = x86_tss_read(ctxt, base, &bits, 1, GP_VECTOR_NR);
	*stays = !rc && !(bits >> (vector & 7) & 1);
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
				 int_protected(ctxt, vector, true, NULL);
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
	return int_protected(ctxt, vector, vector != DB_VECTOR_NR || numbered, NULL);
}

int em_into(struct x86_emulate_ctxt *ctxt)
{
	return ctxt->eflags & X86_EFLAGS_OF ? em_int(ctxt) : X86EMUL_CONTINUE;
}

/* --- IRET ------------------------------------------------------------ */

static int iret_8086(struct x86_emulate_ctxt *ctxt)
{
	u64 v[3];	/* IP, CS, FLAGS */
	bool virtual;
	int rc = x86_vm86_flags(ctxt, &virtual) ?:
		 x86_pop_frame(ctxt, v, 3, ctxt->d.op_bytes) ?: x86_jump(ctxt, v[0]) ?:
		 x86_load_flags(ctxt, v[2], X86_EFLAGS_RF);

	if (!rc)
		x86_load_sreg_real(ctxt, X86_SREG_CS, v[1]);
	return rc;
}

/* VM set in the image at CPL 0: ESP, SS, ES, DS, FS and GS follow (SDM 20.2.2). */
static int iret_to_vm86(struct x86_emulate_ctxt *ctxt, u64 eip, u64 cs, u64 flags)
{
	static const u8 order[] = {
		X86_SREG_SS, X86_SREG_ES, X86_SREG_DS, X86_SREG_FS, X86_SREG_GS,
	};
	u64 v[1 + ARRAY_SIZE(order)];
	unsigned int i;
	int rc = x86_pop_frame(ctxt, v, ARRAY_SIZE(v), 4);

	if (rc)
		return rc;
	for (i = 0; i < ARRAY_SIZE(order); i++)
		x86_stage_vm86(ctxt, order[i], v[1 + i]);
	x86_stage_vm86(ctxt, X86_SREG_CS, cs);
	x86_gpr_write(ctxt, X86_RSP, v[0], 4);
	x86_flags_set(ctxt, X86_TASK_FLAGS, flags);
	ctxt->next_eip = (u16)eip;
	return X86EMUL_CONTINUE;
}

static int iret_protected(struct x86_emulate_ctxt *ctxt)
{
	unsigned int cpl = emul_cpl(ctxt), to;
	u64 v[3], more = X86_EFLAGS_RF;	/* IP, CS, FLAGS */
	enum x86_mode mode;
	int rc = x86_pop_frame(ctxt, v, 3, ctxt->d.op_bytes);

	if (rc)
		return rc;
	if ((v[2] & X86_EFLAGS_VM) && ctxt->d.op_bytes == 4 && cpl == 0 && !x86_lma(ctxt))
		return iret_to_vm86(ctxt, v[0], v[1], v[2]);
	to = v[1] & 3;
	rc = x86_return_code(ctxt, v[1], v[0], &mode);
	/* 64-bit mode pops SS:RSP always. */
	if (!rc && (to != cpl || x86_is_long(ctxt)))
		rc = x86_return_stack(ctxt, to, mode, 0);
	if (cpl == 0)
		more |= X86_EFLAGS_VIF | X86_EFLAGS_VIP;
	return rc ?: x86_load_flags(ctxt, v[2], more);
}

/* NT: back to the task that the TSS links to (SDM 7.4), which long mode has not. */
static int iret_task(struct x86_emulate_ctxt *ctxt)
{
	u16 link;
	int rc;

	if (x86_lma(ctxt))
		return x86_fault_gp(ctxt, 0);
	rc = x86_tss_read(ctxt, 0, &link, 2, TS_VECTOR_NR);
	return rc ?: x86_task_switch(ctxt, link, X86_TASK_IRET, false, 0);
}

int em_iret(struct x86_emulate_ctxt *ctxt)
{
	ctxt->iret = true;
	if (x86_is_real(ctxt))
		return iret_8086(ctxt);
	return ctxt->eflags & X86_EFLAGS_NT ? iret_task(ctxt) : iret_protected(ctxt);
}
