// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware task switches between 16- and 32-bit TSSs (SDM 7.2 to 7.4): by far
 * JMP and CALL, by IRET with NT set, and through task gates. Called by the
 * instructions and by the vCPU's task switch exit, with the vCPU mutex held.
 *
 * Until the new task's registers are loaded a fault leaves the old task as it
 * was; from there on it belongs to the new one: ctxt->late_fault.
 */
#include "internal.h"

#define DR7_LOCAL	0x155	/* L0 to L3 and LE: a task's own breakpoints (SDM 17.2.4) */

/*
 * What a TSS has of its task from offset 32 on, or 14 in the 16-bit form, which ends the segments
 * at DS and has elements of half the size (SDM figures 7-2, 7-10).
 */
struct state {
	u32 eip, eflags, gpr[8], seg[6], ldt;
};

#define TSS32_BYTES	104
#define TSS32_CR3	28
#define TSS32_TRAP	100
#define TSS16_BYTES	44

/* One TSS and its descriptor. */
struct task {
	u16 selector;
	bool small;
	struct x86_desc desc;
	u64 base;
	u32 cr3;
	bool trap;
	struct state s;
};

/* --- TSS in memory --------------------------------------------------- */

/* The same elements in both sizes; behind them is LDT. */
static unsigned int layout(const struct task *t, unsigned int *from, unsigned int *size)
{
	*from = t->small ? 14 : 32;
	*size = t->small ? 2 : 4;
	return t->small ? 14 : 16;
}

static int tss_load(struct x86_emulate_ctxt *ctxt, struct task *t)
{
	u32 *field = (u32 *)&t->s;
	u8 image[TSS32_BYTES];
	unsigned int from, size, i, n = layout(t, &from, &size);
	int rc = emul_read_std(ctxt, t->base, image, t->small ? TSS16_BYTES : TSS32_BYTES,
			       X86EMUL_ACC_SYSTEM);

	if (rc)
		return rc;
	for (i = 0; i < n; i++)
		memcpy(&field[i], image + from + i * size, size);
	memcpy(&t->s.ldt, image + from + n * size, 2);
	for (i = 0; t->small && i < 8; i++)
		t->s.gpr[i] |= 0xffff0000;
	if (!t->small) {
		memcpy(&t->cr3, image + TSS32_CR3, 4);
		t->trap = image[TSS32_TRAP] & 1;
	}
	return X86EMUL_CONTINUE;
}

/* The dynamic part of the state: what the old task's TSS gets. */
static int tss_save(struct x86_emulate_ctxt *ctxt, const struct task *t, u64 eflags)
{
	struct state s = { .eip = ctxt->next_eip, .eflags = eflags };
	unsigned int from, size, i, n = layout(t, &from, &size);
	const u32 *field = (const u32 *)&s;
	u8 image[sizeof(s)];

	for (i = 0; i < 8; i++)
		s.gpr[i] = x86_gpr_read(ctxt, i);
	for (i = 0; i < 6; i++)
		s.seg[i] = x86_segment(ctxt, i)->selector;
	for (i = 0; i < n; i++)
		memcpy(image + i * size, &field[i], size);
	return emul_write_std(ctxt, t->base + from, image, n * size,
			      X86EMUL_ACC_WRITE | X86EMUL_ACC_SYSTEM);
}

/* --- Before the switch ----------------------------------------------- */

static void current_task(struct x86_emulate_ctxt *ctxt, struct task *t)
{
	const struct kvm_segment *tr = x86_segment(ctxt, X86_SREG_TR);

	t->selector = tr->selector;
	t->small = !(tr->type & 8);
	t->base = tr->base;
}

/* Nested tasks stay busy; a task that is entered must not be, one returned to must. */
static int incoming_task(struct x86_emulate_ctxt *ctxt, u16 selector,
			 enum x86_task_reason reason, struct task *t)
{
	bool back = reason == X86_TASK_IRET;
	u8 vector = back ? TS_VECTOR_NR : GP_VECTOR_NR;
	int rc;

	t->selector = selector;
	rc = x86_read_system(ctxt, selector, 7, back ? DESC_TSS16 | DESC_TSS_BUSY : DESC_TSS16,
			     vector, &t->desc);
	if (rc)
		return rc;
	t->small = !(t->desc.type & 8);
	t->base = x86_desc_base(&t->desc);
	if (x86_desc_limit(&t->desc) < (t->small ? TSS16_BYTES : TSS32_BYTES) - 1)
		return x86_fault_sel(ctxt, TS_VECTOR_NR, selector);
	return tss_load(ctxt, t);
}

/* Steps 4 to 10 of SDM 7.3: busy bits, the old state, the link. */
static int leave_task(struct x86_emulate_ctxt *ctxt, struct task *old, struct task *new,
		      enum x86_task_reason reason)
{
	bool nests = reason == X86_TASK_CALL || reason == X86_TASK_GATE;
	u64 eflags = ctxt->eflags;
	int rc = X86EMUL_CONTINUE;

	if (reason == X86_TASK_IRET)
		eflags &= ~(u64)X86_EFLAGS_NT;
	if (!nests)
		rc = x86_desc_read(ctxt, old->selector, &old->desc, GP_VECTOR_NR);
	rc = rc ?: tss_save(ctxt, old, eflags);
	if (!rc && nests)
		rc = emul_write_std(ctxt, new->base, &old->selector, 2,
					  X86EMUL_ACC_WRITE | X86EMUL_ACC_SYSTEM);
	if (!rc && !nests)
		rc = x86_desc_set_type(ctxt, &old->desc, 0, DESC_TSS_BUSY);
	if (!rc && reason != X86_TASK_IRET)
		rc = x86_desc_set_type(ctxt, &new->desc, DESC_TSS_BUSY, 0);
	if (nests)
		new->s.eflags |= X86_EFLAGS_NT;
	return rc;
}

/* --- The new task ---------------------------------------------------- */

static int load_registers(struct x86_emulate_ctxt *ctxt, struct task *new)
{
	u64 dr7 = emul_get_dr(ctxt, 7);
	unsigned int i;

	x86_stage_segment(ctxt, X86_SREG_TR, new->selector, &new->desc);
	/* The descriptor may have come with the busy bit clear in its copy: TR is always busy. */
	ctxt->segs[X86_SREG_TR].type |= DESC_TSS_BUSY;
	if (emul_set_cr(ctxt, 0, emul_get_cr(ctxt, 0) | X86_CR0_TS))
		return X86EMUL_UNHANDLEABLE;
	if (dr7 & DR7_LOCAL)
		emul_set_dr(ctxt, 7, dr7 & ~(u64)DR7_LOCAL);
	ctxt->next_eip = new->s.eip;
	ctxt->eflags = (new->s.eflags & X86_TASK_FLAGS) | X86_EFLAGS_FIXED;
	for (i = 0; i < 8; i++)
		x86_gpr_write(ctxt, i, new->s.gpr[i], 4);
	/* Not usable until its descriptor has been found good. */
	for (i = 0; i < 6; i++)
		x86_stage_null(ctxt, i, new->s.seg[i]);
	ctxt->segs[X86_SREG_SS].dpl = new->s.seg[X86_SREG_CS] & 3;
	x86_stage_null(ctxt, X86_SREG_LDTR, new->s.ldt);

	/* A 16-bit TSS has no CR3, and without paging it is not loaded (SDM 7.3). */
	if (!new->small && (emul_get_cr(ctxt, 0) & X86_CR0_PG) &&
	    emul_set_cr(ctxt, 3, new->cr3))
		return x86_fault_sel(ctxt, TS_VECTOR_NR, new->selector);
	return X86EMUL_CONTINUE;
}

/* Not #NP when it is not present, as for other segments (SDM table 7-1). */
static int load_ldt(struct x86_emulate_ctxt *ctxt, u16 selector)
{
	struct x86_desc desc;
	int rc;

	if (x86_sel_null(selector))
		return X86EMUL_CONTINUE;
	rc = x86_read_system(ctxt, selector, 0xf, DESC_LDT, TS_VECTOR_NR, &desc);
	if (rc == X86EMUL_PROPAGATE_FAULT && ctxt->exception.vector == NP_VECTOR_NR)
		ctxt->exception.vector = TS_VECTOR_NR;
	if (!rc)
		x86_stage_segment(ctxt, X86_SREG_LDTR, selector, &desc);
	return rc;
}

static int load_code(struct x86_emulate_ctxt *ctxt, u16 selector, unsigned int cpl)
{
	struct x86_desc desc;

	return x86_desc_read(ctxt, selector, &desc, TS_VECTOR_NR) ?:
	       x86_check_code(ctxt, selector, &desc, cpl, TS_VECTOR_NR) ?:
	       x86_access_segment(ctxt, X86_SREG_CS, selector, &desc);
}

/* SDM table 7-1: LDT, then CS, SS and the data segments, #TS for what is wrong with them. */
static int load_segments(struct x86_emulate_ctxt *ctxt, const struct task *new)
{
	static const u8 data[] = { X86_SREG_DS, X86_SREG_ES, X86_SREG_FS, X86_SREG_GS };
	unsigned int cpl = new->s.seg[X86_SREG_CS] & 3, i;
	int rc = load_ldt(ctxt, new->s.ldt);

	if (rc)
		return rc;
	if (ctxt->eflags & X86_EFLAGS_VM) {
		for (i = 0; i < 6; i++)
			x86_stage_vm86(ctxt, i, new->s.seg[i]);
		return X86EMUL_CONTINUE;
	}
	rc = load_code(ctxt, new->s.seg[X86_SREG_CS], cpl) ?:
	     x86_load_ss(ctxt, new->s.seg[X86_SREG_SS], cpl, false, TS_VECTOR_NR);
	for (i = 0; !rc && i < ARRAY_SIZE(data); i++)
		rc = x86_load_data(ctxt, data[i], new->s.seg[data[i]], cpl, TS_VECTOR_NR);
	if (!rc && ctxt->next_eip > ctxt->segs[X86_SREG_CS].limit)
		rc = x86_fault_sel(ctxt, GP_VECTOR_NR, 0);
	return rc;
}

static int enter_task(struct x86_emulate_ctxt *ctxt, struct task *new, bool has_error_code,
		      u32 error_code)
{
	u64 frame = error_code;
	int rc = load_registers(ctxt, new) ?: load_segments(ctxt, new);

	if (!rc && has_error_code) {
		ctxt->ext = 0;
		rc = x86_push_frame(ctxt, &frame, 1, new->small ? 2 : 4, X86EMUL_ACC_SYSTEM);
	}
	/* The T bit: #DB before the new task's first instruction, DR6.BT (SDM 17.3.1.5). */
	if (!rc && new->trap) {
		emul_set_dr(ctxt, 6, emul_get_dr(ctxt, 6) | 1u << 15);
		rc = x86_fault(ctxt, DB_VECTOR_NR, false, 0);
	}
	return rc;
}

/**
 * x86_task_switch - leave this task for another
 * @ctxt: emulator; next_eip is where the old task will go on
 * @selector: of the new TSS
 * @reason: what started it; privilege has been checked
 * @has_error_code: an exception's error code goes onto the new stack
 * @error_code: that code
 *
 * Return: X86EMUL_CONTINUE, perhaps with ctxt->late_fault; the caller commits as
 * for an instruction. X86EMUL_PROPAGATE_FAULT: still in the old task.
 */
int x86_task_switch(struct x86_emulate_ctxt *ctxt, u16 selector, enum x86_task_reason reason,
		    bool has_error_code, u32 error_code)
{
	struct task old, new = {};
	int rc;

	current_task(ctxt, &old);
	rc = incoming_task(ctxt, selector, reason, &new) ?: leave_task(ctxt, &old, &new, reason);
	if (rc)
		return rc;
	/* Descriptors and the new stack are read as protected mode reads them. */
	ctxt->mode = X86_MODE_PROT32;
	rc = enter_task(ctxt, &new, has_error_code, error_code);
	ctxt->iret = reason == X86_TASK_IRET;
	ctxt->keep_rf = true;
	ctxt->late_fault = rc == X86EMUL_PROPAGATE_FAULT;
	return ctxt->late_fault ? X86EMUL_CONTINUE : rc;
}

/*
 * x86_task_far - JMP or CALL to a TSS or a task gate, whose descriptor is @desc. Long mode has no
 * task switches: #GP(selector) (SDM 7.7)
 */
int x86_task_far(struct x86_emulate_ctxt *ctxt, u16 selector, const struct x86_desc *desc,
		 enum x86_task_reason reason)
{
	unsigned int level = max_t(unsigned int, emul_cpl(ctxt), selector & 3);
	u8 type = desc->type;
	int rc = x86_desc_check(ctxt, selector, desc, !x86_lma(ctxt) && desc->dpl >= level &&
				(type == DESC_TASK_GATE || (type & ~8) == DESC_TSS16),
				GP_VECTOR_NR, NP_VECTOR_NR);

	if (rc)
		return rc;
	if (type == DESC_TASK_GATE)
		selector = desc->low >> 16;
	return x86_task_switch(ctxt, selector, reason, false, 0);
}

/**
 * x86_emulate_task_switch - a task switch that an exit has described
 * @ctxt: mode, eip and eflags are set, RF of these as an exception's frame has it
 * @length: of the instruction that started it, 0 for an event
 * @selector: of the new TSS
 * @reason: X86_TASK_*
 * @external: an event and no instruction: error codes have EXT set (SDM 6.13)
 * @has_error_code: an exception's error code goes onto the new stack
 * @error_code: that code
 *
 * Return: as x86_emulate_insn() does.
 */
int x86_emulate_task_switch(struct x86_emulate_ctxt *ctxt, unsigned int length, u16 selector,
			    enum x86_task_reason reason, bool external, bool has_error_code,
			    u32 error_code)
{
	u64 eflags = ctxt->eflags;

	x86_emulate_reset(ctxt);
	ctxt->ext = external;
	ctxt->next_eip = (u32)(ctxt->eip + length);
	return x86_retire(ctxt, x86_task_switch(ctxt, selector, reason, has_error_code, error_code),
			  eflags);
}
