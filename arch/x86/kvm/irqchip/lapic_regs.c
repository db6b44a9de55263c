// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC's register logic: see lapic_regs.h. Called by lapic.c and its neighbours in the
 * vCPU's thread, and from any thread where a function says so. Sections are the SDM's, volume 3.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "lapic_regs.h"

/* ---- who may touch what ---------------------------------------------------------------------- */

/* Table 11-1 for the xAPIC's page, table 11-6 for the x2APIC's MSRs. */
#define R1	1
#define W1	2
#define R2	4
#define W2	8
#define RW	(R1 | W1 | R2 | W2)

#define LVT_COMMON	(APIC_VECTOR_MASK | APIC_LVT_MASKED)
#define LVT_MODE	(7u << 8)
#define LVT_PIN		(APIC_INPUT_POLARITY | APIC_LVT_LEVEL_TRIGGER)

/**
 * struct lapic_reg - one register's rules
 * @access: R1 | W1: by the xAPIC's page; R2 | W2: by MSR
 * @writable: bits that a write changes
 * @read_only: bits that exist, but keep their value; all others are reserved
 */
struct lapic_reg {
	u8 access;
	u32 writable;
	u32 read_only;
};

static const struct lapic_reg lapic_table[APIC_SELF_IPI / 16 + 1] = {
	[APIC_ID / 16]		= { R1 | W1 | R2, 0xff000000 },
	[APIC_LVR / 16]		= { R1 | R2 },
	[APIC_TASKPRI / 16]	= { RW, 0xff },
	[APIC_ARBPRI / 16]	= { R1 },
	[APIC_PROCPRI / 16]	= { R1 | R2 },
	[APIC_EOI / 16]		= { W1 | W2 },
	[APIC_RRR / 16]		= { R1 },
	[APIC_LDR / 16]		= { R1 | W1 | R2, 0xff000000 },
	[APIC_DFR / 16]		= { R1 | W1, 0xf0000000 },
	[APIC_SPIV / 16]	= { RW, 0x3ff },
	[APIC_ISR / 16 ... APIC_ESR / 16 - 1] = { R1 | R2 },
	[APIC_ESR / 16]		= { RW },
	/*
	 * The reserved bits are kept as written and mean nothing, as on any KVM; a CPU's x2APIC
	 * would fault.
	 */
	[APIC_ICR / 16]		= { RW, ~APIC_ICR_BUSY, APIC_ICR_BUSY },
	[APIC_ICR2 / 16]	= { R1 | W1, 0xff000000 },
	[APIC_LVTT / 16]	= { RW, LVT_COMMON | APIC_LVT_TIMER_PERIODIC, APIC_SEND_PENDING },
	[APIC_LVTTHMR / 16]	= { RW, LVT_COMMON | LVT_MODE, APIC_SEND_PENDING },
	[APIC_LVTPC / 16]	= { RW, LVT_COMMON | LVT_MODE, APIC_SEND_PENDING },
	[APIC_LVT0 / 16]	= { RW, LVT_COMMON | LVT_MODE | LVT_PIN,
				    APIC_SEND_PENDING | APIC_LVT_REMOTE_IRR },
	[APIC_LVT1 / 16]	= { RW, LVT_COMMON | LVT_MODE | LVT_PIN,
				    APIC_SEND_PENDING | APIC_LVT_REMOTE_IRR },
	[APIC_LVTERR / 16]	= { RW, LVT_COMMON, APIC_SEND_PENDING },
	[APIC_TMICT / 16]	= { RW, 0xffffffff },
	[APIC_TMCCT / 16]	= { R1 | R2 },
	[APIC_TDCR / 16]	= { RW, 0xb },
	[APIC_SELF_IPI / 16]	= { W2, 0xff },
};

static const struct lapic_reg *lapic_reg_find(const struct lapic_regs *r, unsigned int offset,
					      u8 xapic, u8 x2apic)
{
	u8 access = r->mode == LAPIC_X2APIC ? x2apic : xapic;

	if (offset / 16 >= ARRAY_SIZE(lapic_table) || !(lapic_table[offset / 16].access & access))
		return NULL;
	return &lapic_table[offset / 16];
}

/* Bits of which the table does not know, since they depend on what the guest was given. */
static u32 lapic_reg_writable(const struct lapic_regs *r, const struct lapic_reg *reg,
			      unsigned int offset)
{
	if (offset == APIC_SPIV && r->directed_eoi)
		return reg->writable | LAPIC_SVR_DIRECTED_EOI;
	if (offset == APIC_LVTT && r->tsc_deadline)
		return reg->writable | APIC_LVT_TIMER_TSCDEADLINE;
	return reg->writable;
}

static bool lapic_is_lvt(unsigned int offset)
{
	return offset >= APIC_LVTT && offset <= APIC_LVTERR;
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* The highest vector in ISR or IRR, -1: none. */
static int lapic_highest(const struct lapic_regs *r, unsigned int offset)
{
	int word;

	for (word = 7; word >= 0; word--) {
		u32 bits = lapic_get(r, offset + word * 16);

		if (bits)
			return word * 32 + fls(bits) - 1;
	}
	return -1;
}

/**
 * lapic_regs_irr - the highest vector in IRR, -1: none
 * @r: the registers
 *
 * Mostly there is none. A bit that another thread sets while we look is seen by the second look, or
 * its irr_maybe comes after ours: the barrier pairs with that of test_and_set_bit() in
 * lapic_regs_accept().
 */
int lapic_regs_irr(struct lapic_regs *r)
{
	int vector;

	if (!READ_ONCE(r->irr_maybe))
		return -1;
	vector = lapic_highest(r, APIC_IRR);
	if (vector >= 0)
		return vector;
	WRITE_ONCE(r->irr_maybe, false);
	smp_mb(); /* see above */
	vector = lapic_highest(r, APIC_IRR);
	if (vector >= 0)
		WRITE_ONCE(r->irr_maybe, true);
	return vector;
}

/**
 * lapic_regs_tpr - the task priority, all 8 bits (11.8.3.1)
 * @r: the registers
 *
 * CR8 is its high half; a write of CR8 clears the low one.
 */
u8 lapic_regs_tpr(const struct lapic_regs *r)
{
	u8 class = READ_ONCE(*r->cr8) << 4;
	u8 tpr = lapic_get(r, APIC_TASKPRI);

	return (tpr & 0xf0) == class ? tpr : class;
}

/**
 * lapic_regs_ppr - the processor priority: the higher class of TPR and of what is in service
 * @r: the registers; any thread may ask, for an estimate
 */
u8 lapic_regs_ppr(const struct lapic_regs *r)
{
	u8 tpr = lapic_regs_tpr(r);
	int isrv = READ_ONCE(r->isrv);
	u8 class = isrv < 0 ? 0 : isrv & 0xf0;

	return (tpr & 0xf0) >= class ? tpr : class;
}

/** lapic_regs_pending - the vector that goes to the CPU next, if IF lets it; -1: none (11.8.3.1) */
int lapic_regs_pending(struct lapic_regs *r)
{
	int irr = lapic_regs_irr(r);

	if (irr < 0 || (irr & 0xf0) <= (lapic_regs_ppr(r) & 0xf0))
		return -1;
	return irr;
}

/** lapic_regs_take - the CPU takes @vector: from IRR to ISR (11.8.4) */
void lapic_regs_take(struct lapic_regs *r, u8 vector)
{
	clear_bit(vector & 31, lapic_vector_word(r, APIC_IRR, vector));
	__set_bit(vector & 31, lapic_vector_word(r, APIC_ISR, vector));
	r->isrv = vector;
}

/**
 * lapic_regs_accept - an interrupt message arrives; any thread
 * @r: the registers of an APIC that is enabled
 * @vector: 16 … 255
 * @level: level triggered: TMR says so before IRR shows it (11.8.4)
 *
 * Return: 1; 0: IRR had it already.
 */
int lapic_regs_accept(struct lapic_regs *r, u8 vector, bool level)
{
	if (level != lapic_vector_test(r, APIC_TMR, vector)) {
		if (level)
			set_bit(vector & 31, lapic_vector_word(r, APIC_TMR, vector));
		else
			clear_bit(vector & 31, lapic_vector_word(r, APIC_TMR, vector));
	}
	if (test_and_set_bit(vector & 31, lapic_vector_word(r, APIC_IRR, vector)))
		return 0;
	WRITE_ONCE(r->irr_maybe, true);
	return 1;
}

/** lapic_regs_eoi - the handler of the highest vector in service is done: which, or -1 (11.8.5) */
int lapic_regs_eoi(struct lapic_regs *r)
{
	int vector = r->isrv;

	if (vector < 0)
		return -1;
	__clear_bit(vector & 31, lapic_vector_word(r, APIC_ISR, vector));
	r->isrv = lapic_highest(r, APIC_ISR);
	return vector;
}

/**
 * lapic_regs_takes_pic - does the PIC's INTR reach the CPU?
 * @r: the registers; any thread may ask
 *
 * By LINT0 as ExtINT; past a disabled APIC, LINT0 is the CPU's INTR pin (11.4.7.1).
 */
bool lapic_regs_takes_pic(const struct lapic_regs *r)
{
	u32 lvt0 = lapic_get(r, APIC_LVT0);

	if (READ_ONCE(r->mode) == LAPIC_DISABLED)
		return true;
	return !(lvt0 & APIC_LVT_MASKED) && GET_APIC_DELIVERY_MODE(lvt0) == KVM_APIC_EXTINT;
}

/* ---- reset and modes ------------------------------------------------------------------------- */

/* Version 0x14: the registers of a Pentium 4 and later, five LVTs beside the timer's (11.4.8). */
static void lapic_set_version(struct lapic_regs *r)
{
	u32 version = 0x14 | (APIC_LVTERR - APIC_LVTT) / 16 << 16;

	if (r->directed_eoi)
		version |= APIC_LVR_DIRECTED_EOI;
	lapic_set(r, APIC_LVR, version);
}

static void lapic_mask_lvts(struct lapic_regs *r)
{
	unsigned int offset;

	for (offset = APIC_LVTT; offset <= APIC_LVTERR; offset += 16)
		lapic_set(r, offset, lapic_get(r, offset) | APIC_LVT_MASKED);
}

/* 11.12.10.2: cluster in bits 31:16, one bit of 16 in the others, both from the id. */
static void lapic_set_x2apic_ids(struct lapic_regs *r)
{
	lapic_set(r, APIC_ID, r->id);
	lapic_set(r, APIC_LDR, r->id >> 4 << 16 | 1u << (r->id & 15));
}

/**
 * lapic_regs_reset - power-up or INIT (11.4.7.1, 11.4.7.3), but for the id, which INIT keeps
 * @r: the registers; nothing is pending any more
 */
void lapic_regs_reset(struct lapic_regs *r)
{
	u32 id = lapic_get(r, APIC_ID);

	memset(r->page, 0, KVM_APIC_REG_SIZE);
	lapic_set_version(r);
	lapic_set(r, APIC_DFR, 0xffffffff);
	lapic_set(r, APIC_SPIV, 0xff);
	lapic_mask_lvts(r);
	lapic_set(r, APIC_ID, id);
	if (r->mode == LAPIC_X2APIC)
		lapic_set_x2apic_ids(r);
	r->isrv = -1;
	*r->cr8 = 0;
	atomic_set(&r->errors, 0);
}

/**
 * lapic_regs_set_mode - APIC_BASE was written (11.12.5)
 * @r: the registers
 * @mode: the new mode
 *
 * Disabled and enabled again, an APIC is as after power-up (11.4.3). x2APIC mode keeps the state of
 * the xAPIC, but for the ids and the high half of the ICR, which is another register.
 */
void lapic_regs_set_mode(struct lapic_regs *r, enum lapic_mode mode)
{
	enum lapic_mode old = r->mode;

	WRITE_ONCE(r->mode, mode);
	if (old == mode)
		return;
	if (old == LAPIC_DISABLED || mode == LAPIC_DISABLED) {
		lapic_set(r, APIC_ID, r->id << 24);
		lapic_regs_reset(r);
	}
	if (mode == LAPIC_X2APIC) {
		lapic_set_x2apic_ids(r);
		lapic_set(r, APIC_ICR2, 0);
	} else {
		lapic_set(r, APIC_ID, r->id << 24);
		lapic_set(r, APIC_LDR, 0);
	}
}

/* ---- reads and writes ------------------------------------------------------------------------ */

static u32 lapic_bad_register(struct lapic_regs *r)
{
	if (r->mode == LAPIC_X2APIC)
		return LAPIC_FX_FAULT;
	atomic_or(LAPIC_ESR_BAD_REGISTER, &r->errors);
	return LAPIC_FX_ERROR;
}

/**
 * lapic_regs_read - read one register, but for the timer's current count, which lapic.c knows
 * @r: the registers
 * @offset: the xAPIC's offset, a multiple of 16
 * @value: what is there
 *
 * Return: 0, or LAPIC_FX_*: there is no such register to be read, and *@value is 0.
 */
int lapic_regs_read(struct lapic_regs *r, unsigned int offset, u32 *value)
{
	*value = 0;
	if (!lapic_reg_find(r, offset, R1, R2))
		return lapic_bad_register(r);
	switch (offset) {
	case APIC_TASKPRI:
		*value = lapic_regs_tpr(r);
		break;
	case APIC_PROCPRI:
		*value = lapic_regs_ppr(r);
		break;
	default:
		*value = lapic_get(r, offset);
		break;
	}
	return 0;
}

/* 11.4.7.2: a disabled APIC's LVT masks are set and cannot be cleared. */
static u32 lapic_write_svr(struct lapic_regs *r, u32 value)
{
	u32 old = lapic_get(r, APIC_SPIV);

	lapic_set(r, APIC_SPIV, value);
	if (!(value & APIC_SPIV_APIC_ENABLED))
		lapic_mask_lvts(r);
	return (old ^ value) & APIC_SPIV_APIC_ENABLED ? LAPIC_FX_MAP | LAPIC_FX_EVENT : 0;
}

static u32 lapic_write_lvt(struct lapic_regs *r, unsigned int offset, u32 value)
{
	u32 old = lapic_get(r, offset);

	if (!(lapic_get(r, APIC_SPIV) & APIC_SPIV_APIC_ENABLED))
		value |= APIC_LVT_MASKED;
	lapic_set(r, offset, value);
	if (offset == APIC_LVTT && ((old ^ value) & LAPIC_LVT_TIMER_MODE))
		return LAPIC_FX_TIMER_MODE;
	return offset == APIC_LVT0 ? LAPIC_FX_EVENT : 0;
}

/* Registers that are nothing but their bits, and what else follows. */
static u32 lapic_write_plain(struct lapic_regs *r, unsigned int offset, u32 value)
{
	u32 old = lapic_get(r, offset);

	lapic_set(r, offset, value);
	switch (offset) {
	case APIC_ID:
	case APIC_LDR:
	case APIC_DFR:
		return old != value ? LAPIC_FX_MAP : 0;
	case APIC_TMICT:
		return LAPIC_FX_TIMER_COUNT;
	case APIC_TDCR:
		return old != value ? LAPIC_FX_TIMER_DIVIDE : 0;
	default:
		return 0;
	}
}

static u32 lapic_write_reg(struct lapic_regs *r, unsigned int offset, u32 value)
{
	if (lapic_is_lvt(offset))
		return lapic_write_lvt(r, offset, value);
	switch (offset) {
	case APIC_TASKPRI:
		lapic_set(r, APIC_TASKPRI, value);
		*r->cr8 = value >> 4;
		return LAPIC_FX_EVENT;
	case APIC_EOI:
		return LAPIC_FX_EOI;
	case APIC_SPIV:
		return lapic_write_svr(r, value);
	case APIC_DFR:
		return lapic_write_plain(r, APIC_DFR, value | 0x0fffffff);
	case APIC_ESR:
		/* 11.5.3: a write, whatever its value, shows the errors since the last one. */
		lapic_set(r, APIC_ESR, atomic_xchg(&r->errors, 0));
		return 0;
	case APIC_ICR:
		lapic_set(r, APIC_ICR, value);
		return LAPIC_FX_ICR;
	case APIC_SELF_IPI:
		return LAPIC_FX_SELF_IPI;
	case APIC_TMICT:
		/* 11.5.4.1: in TSC-deadline mode it is ignored. */
		if ((lapic_get(r, APIC_LVTT) & LAPIC_LVT_TIMER_MODE) == APIC_LVT_TIMER_TSCDEADLINE)
			return 0;
		fallthrough;
	default:
		return lapic_write_plain(r, offset, value);
	}
}

/**
 * lapic_regs_write - write one register
 * @r: the registers
 * @offset: the xAPIC's offset, a multiple of 16
 * @value: 32 bits; an x2APIC's 64-bit ICR is lapic_regs_write_icr()'s
 *
 * A reserved bit is ignored by an xAPIC and faults in x2APIC mode (11.12.1.3).
 *
 * Return: LAPIC_FX_*. With LAPIC_FX_FAULT nothing was written.
 */
u32 lapic_regs_write(struct lapic_regs *r, unsigned int offset, u32 value)
{
	const struct lapic_reg *reg = lapic_reg_find(r, offset, W1, W2);
	u32 writable;

	if (!reg)
		return lapic_bad_register(r);
	writable = lapic_reg_writable(r, reg, offset);
	if (r->mode == LAPIC_X2APIC && (value & ~(writable | reg->read_only)))
		return LAPIC_FX_FAULT;
	return lapic_write_reg(r, offset, value & writable);
}

/** lapic_regs_write_icr - an x2APIC's ICR, at once; returns as lapic_regs_write() (11.12.9) */
u32 lapic_regs_write_icr(struct lapic_regs *r, u64 value)
{
	u32 effects = lapic_regs_write(r, APIC_ICR, value);

	if (!(effects & LAPIC_FX_FAULT))
		lapic_set(r, APIC_ICR2, value >> 32);
	return effects;
}

/**
 * lapic_regs_message - what writing the ICR sends
 * @r: the sender's registers
 * @icr: both halves; an x2APIC's destination is all of the high one, an xAPIC's its highest byte
 * @msg: filled
 *
 * Return: false with the error noted: vectors below 16 are not sent as interrupts (11.5.3).
 */
bool lapic_regs_message(struct lapic_regs *r, u64 icr, struct kvm_apic_message *msg)
{
	bool x2apic = r->mode == LAPIC_X2APIC;
	u32 low = icr;

	*msg = (struct kvm_apic_message){
		.dest = x2apic ? icr >> 32 : icr >> 56,
		.vector = low & APIC_VECTOR_MASK,
		.mode = low >> 8 & 7,
		.shorthand = low >> 18 & 3,
		.logical = low & APIC_DEST_LOGICAL,
		.level = low & APIC_INT_LEVELTRIG,
		.assert = low & APIC_INT_ASSERT,
		.x2apic = x2apic,
	};
	if (msg->mode <= KVM_APIC_LOWEST && msg->vector < 16) {
		atomic_or(LAPIC_ESR_SEND_ILLEGAL, &r->errors);
		return false;
	}
	return true;
}

/* ---- destinations ---------------------------------------------------------------------------- */

static bool lapic_match_physical(const struct lapic_regs *r, u32 dest)
{
	/* An id that 8 bits do not hold is known before the guest turns x2APIC mode on, too. */
	if (r->mode == LAPIC_X2APIC || r->id > 0xff)
		return dest == r->id;
	return dest == lapic_get(r, APIC_ID) >> 24;
}

/* 11.6.2.2: a flat or a clustered set of 8 bits; 11.12.10: always clustered, 32 bits. */
static bool lapic_match_logical(const struct lapic_regs *r, u32 dest)
{
	u32 ldr = lapic_get(r, APIC_LDR);

	if (r->mode == LAPIC_X2APIC)
		return dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff);
	ldr >>= 24;
	if (dest > 0xff)
		return false;
	if (lapic_get(r, APIC_DFR) >> 28 == 0xf)
		return dest & ldr;
	return dest >> 4 == ldr >> 4 && (dest & ldr & 0xf);
}

/**
 * lapic_regs_match - is this APIC among the destinations? Shorthands are the sender's business
 * @r: the registers; any thread
 * @msg: the message
 * @ff_is_broadcast: an 8-bit 0xff means all, x2APICs included: the rule unless userspace has
 *   enabled KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK (api.rst 7.7)
 */
bool lapic_regs_match(const struct lapic_regs *r, const struct kvm_apic_message *msg,
		      bool ff_is_broadcast)
{
	enum lapic_mode mode = READ_ONCE(r->mode);

	if (mode == LAPIC_DISABLED)
		return false;
	if (msg->dest == LAPIC_X2APIC_BROADCAST)
		return true;
	if (msg->dest == 0xff && (mode == LAPIC_XAPIC || (ff_is_broadcast && !msg->x2apic)))
		return true;
	return msg->logical ? lapic_match_logical(r, msg->dest) :
			      lapic_match_physical(r, msg->dest);
}

/* ---- KVM_GET_LAPIC, KVM_SET_LAPIC ------------------------------------------------------------ */

/**
 * lapic_regs_save - what KVM_GET_LAPIC gives, but for the timer's current count
 * @r: the registers
 * @page: KVM_APIC_REG_SIZE bytes
 * @ids_32bit: KVM_X2APIC_API_USE_32BIT_IDS: an x2APIC's id is in its own format (api.rst 4.57)
 */
void lapic_regs_save(struct lapic_regs *r, void *page, bool ids_32bit)
{
	u32 *id = page + APIC_ID;

	memcpy(page, r->page, KVM_APIC_REG_SIZE);
	*(u32 *)(page + APIC_TASKPRI) = lapic_regs_tpr(r);
	*(u32 *)(page + APIC_PROCPRI) = lapic_regs_ppr(r);
	if (r->mode == LAPIC_X2APIC && !ids_32bit)
		*id <<= 24;
}

/* An x2APIC's id is the CPU's, so that another one's state cannot be this one's. */
static bool lapic_restore_id_valid(const struct lapic_regs *r, u32 id, bool ids_32bit)
{
	if (r->mode != LAPIC_X2APIC)
		return true;
	return ids_32bit ? id == r->id : id >> 24 == (r->id & 0xff);
}

/**
 * lapic_regs_restore_valid - could @page have been saved?
 * @r: the registers it is for
 * @page: KVM_APIC_REG_SIZE bytes
 * @ids_32bit: as lapic_regs_save()
 *
 * Not with reserved bits, nor with a vector below 16 in service. In IRR such a vector is let pass:
 * its priority is that of no interrupt, so that it stays there.
 */
bool lapic_regs_restore_valid(const struct lapic_regs *r, const void *page, bool ids_32bit)
{
	unsigned int offset;

	if ((*(u32 *)(page + APIC_ISR) | *(u32 *)(page + APIC_TMR)) & 0xffff)
		return false;
	for (offset = APIC_TASKPRI; offset <= APIC_TDCR; offset += 16) {
		const struct lapic_reg *reg = &lapic_table[offset / 16];
		u32 known = reg->writable | reg->read_only;

		if (offset != APIC_TASKPRI && !lapic_is_lvt(offset) && offset != APIC_TDCR)
			continue;
		if (offset == APIC_LVTT)
			known |= APIC_LVT_TIMER_TSCDEADLINE;
		if (*(u32 *)(page + offset) & ~known)
			return false;
	}
	return lapic_restore_id_valid(r, *(u32 *)(page + APIC_ID), ids_32bit);
}

/**
 * lapic_regs_restore - take a state that lapic_regs_restore_valid() has found good
 * @r: the registers; no timer runs
 * @page: KVM_APIC_REG_SIZE bytes
 *
 * What follows from the CPU and not from the guest's writes (version, x2APIC ids) stays as it is.
 */
void lapic_regs_restore(struct lapic_regs *r, const void *page)
{
	memcpy(r->page, page, KVM_APIC_REG_SIZE);
	lapic_set_version(r);
	if (r->mode == LAPIC_X2APIC)
		lapic_set_x2apic_ids(r);
	if (!r->tsc_deadline)
		lapic_set(r, APIC_LVTT, lapic_get(r, APIC_LVTT) & ~APIC_LVT_TIMER_TSCDEADLINE);
	r->isrv = lapic_highest(r, APIC_ISR);
	WRITE_ONCE(r->irr_maybe, true);
	*r->cr8 = lapic_get(r, APIC_TASKPRI) >> 4;
	atomic_set(&r->errors, 0);
}
