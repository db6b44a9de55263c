/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers of a local APIC, and their logic: who may write which bit, priorities, acceptance,
 * EOI, errors, destinations (SDM 11.4 to 11.12; APM2 16).
 *
 * Pure: nothing here sleeps, sends or starts anything. A write says by LAPIC_FX_* what is left to
 * be done, and lapic.c does it. Tag (v): the vCPU's thread; (a): atomic, any thread.
 */
#ifndef __KVM_LAPIC_REGS_H
#define __KVM_LAPIC_REGS_H

#include <linux/types.h>
#include <asm/apicdef.h>
#include "irqchip.h"

/* What APIC_BASE says: SDM 11.12.1, table 11-5. */
enum lapic_mode {
	LAPIC_DISABLED,
	LAPIC_XAPIC,
	LAPIC_X2APIC,
};

/**
 * struct lapic_regs - one local APIC's registers
 * @page: the register page, each register at its xAPIC offset (v), but IRR and TMR (a). An x2APIC's
 *   ICR is in the two words of the xAPIC's.
 * @cr8: the task priority class (v): the CPU itself may change it while the guest runs, so that
 *   TPR's high half is there and not in @page
 * @mode: (v)
 * @id: the x2APIC id, fixed (o); an xAPIC's is in @page and can be written
 * @isrv: highest vector in service, -1: none (v)
 * @irr_maybe: false: nothing is in IRR (a); set after the bit there
 * @directed_eoi: version register bit 24: SVR[12] may be set (v)
 * @tsc_deadline: LVTT may have the TSC-deadline mode (v)
 * @errors: what ESR shows after it is written next (a)
 */
struct lapic_regs {
	void *page;
	unsigned long *cr8;
	enum lapic_mode mode;
	u32 id;
	int isrv;
	bool irr_maybe;
	bool directed_eoi;
	bool tsc_deadline;
	atomic_t errors;
};

/* What is left to be done after a write. */
#define LAPIC_FX_FAULT		(1u << 0)	/* refused: #GP in x2APIC mode */
#define LAPIC_FX_ERROR		(1u << 1)	/* @errors grew: the error LVT */
#define LAPIC_FX_EVENT		(1u << 2)	/* what can be injected may have changed */
#define LAPIC_FX_MAP		(1u << 3)	/* it answers to another destination */
#define LAPIC_FX_EOI		(1u << 4)
#define LAPIC_FX_ICR		(1u << 5)
#define LAPIC_FX_SELF_IPI	(1u << 6)
#define LAPIC_FX_TIMER_MODE	(1u << 7)	/* LVTT's mode bits moved */
#define LAPIC_FX_TIMER_COUNT	(1u << 8)
#define LAPIC_FX_TIMER_DIVIDE	(1u << 9)

/* ESR: SDM 11.5.3. */
#define LAPIC_ESR_SEND_ILLEGAL	(1u << 5)
#define LAPIC_ESR_RECV_ILLEGAL	(1u << 6)
#define LAPIC_ESR_BAD_REGISTER	(1u << 7)

#define LAPIC_SVR_DIRECTED_EOI	(1u << 12)
#define LAPIC_LVT_TIMER_MODE	(3u << 17)
#define LAPIC_X2APIC_BROADCAST	0xffffffffu

static inline u32 lapic_get(const struct lapic_regs *r, unsigned int offset)
{
	return READ_ONCE(*(u32 *)(r->page + offset));
}

static inline void lapic_set(struct lapic_regs *r, unsigned int offset, u32 value)
{
	WRITE_ONCE(*(u32 *)(r->page + offset), value);
}

/* ISR, TMR and IRR: 32 vectors in every 16 bytes (SDM 11.8.4). */
static inline unsigned long *lapic_vector_word(const struct lapic_regs *r, unsigned int offset,
					       u8 vector)
{
	return r->page + offset + (vector >> 5) * 16;
}

static inline bool lapic_vector_test(const struct lapic_regs *r, unsigned int offset, u8 vector)
{
	return test_bit(vector & 31, lapic_vector_word(r, offset, vector));
}

/* SVR[8]: accepts interrupts. Its mode is looked at as well, for who asks from another thread. */
static inline bool lapic_software_enabled(const struct lapic_regs *r)
{
	return READ_ONCE(r->mode) != LAPIC_DISABLED &&
	       (lapic_get(r, APIC_SPIV) & APIC_SPIV_APIC_ENABLED);
}

void lapic_regs_reset(struct lapic_regs *r);
void lapic_regs_set_mode(struct lapic_regs *r, enum lapic_mode mode);
int lapic_regs_read(struct lapic_regs *r, unsigned int offset, u32 *value);
u32 lapic_regs_write(struct lapic_regs *r, unsigned int offset, u32 value);
u32 lapic_regs_write_icr(struct lapic_regs *r, u64 value);
bool lapic_regs_message(struct lapic_regs *r, u64 icr, struct kvm_apic_message *msg);

u8 lapic_regs_tpr(const struct lapic_regs *r);
u8 lapic_regs_ppr(const struct lapic_regs *r);
int lapic_regs_irr(struct lapic_regs *r);
int lapic_regs_pending(struct lapic_regs *r);
void lapic_regs_take(struct lapic_regs *r, u8 vector);
int lapic_regs_accept(struct lapic_regs *r, u8 vector, bool level);
int lapic_regs_eoi(struct lapic_regs *r);
bool lapic_regs_takes_pic(const struct lapic_regs *r);

bool lapic_regs_match(const struct lapic_regs *r, const struct kvm_apic_message *msg,
		      bool ff_is_broadcast);

void lapic_regs_save(struct lapic_regs *r, void *page, bool ids_32bit);
bool lapic_regs_restore_valid(const struct lapic_regs *r, const void *page, bool ids_32bit);
void lapic_regs_restore(struct lapic_regs *r, const void *page);

#endif
