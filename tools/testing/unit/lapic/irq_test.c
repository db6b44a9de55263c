// SPDX-License-Identifier: GPL-2.0-only
/* Priorities, acceptance, messages and destinations: SDM volume 3, 11.6 and 11.8. */
#include "unit.h"

TEST(test_priorities, "PPR for each TPR and vector in service (11.8.3.1)")
{
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 0);
	unsigned int tpr, isrv;
	u32 ppr;

	for (tpr = 0; tpr < 256; tpr++) {
		for (isrv = 16; isrv < 256; isrv++) {
			lapic_regs_write(r, APIC_TASKPRI, tpr);
			r->isrv = isrv;
			lapic_regs_read(r, APIC_PROCPRI, &ppr);
			/* PPR[7:4] is the higher class, PPR[3:0] TPR's if TPR is what decides. */
			EXPECT(ppr >> 4 == max(tpr >> 4, isrv >> 4), "tpr %#x isrv %#x: %#x", tpr,
			       isrv, ppr);
			if (tpr >> 4 > isrv >> 4)
				EXPECT(ppr == tpr, "tpr %#x isrv %#x: %#x", tpr, isrv, ppr);
			if (tpr >> 4 < isrv >> 4)
				EXPECT(!(ppr & 15), "tpr %#x isrv %#x: %#x", tpr, isrv, ppr);
		}
	}
	/* CR8 written by the guest: TPR follows, its low half is 0. */
	lapic_regs_write(r, APIC_TASKPRI, 0x35);
	EXPECT(*r->cr8 == 3, "CR8 follows TPR");
	*r->cr8 = 7;
	EXPECT(lapic_regs_tpr(r) == 0x70, "TPR follows CR8");
}

TEST(test_accept_eoi, "IRR, ISR, TMR and EOI (11.8.4, 11.8.5)")
{
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 0);

	EXPECT(lapic_regs_accept(r, 0x51, true) == 1, "the first");
	EXPECT(lapic_regs_accept(r, 0x51, true) == 0, "merged with it");
	EXPECT(lapic_vector_test(r, APIC_TMR, 0x51), "level");
	EXPECT(lapic_regs_pending(r) == 0x51, "pending");
	lapic_regs_take(r, 0x51);
	EXPECT(lapic_regs_pending(r) == -1, "taken");
	EXPECT(lapic_regs_accept(r, 0x51, false) == 1, "one in IRR and one in ISR");
	EXPECT(!lapic_vector_test(r, APIC_TMR, 0x51), "edge");
	EXPECT(lapic_regs_pending(r) == -1, "its class is in service");
	lapic_regs_accept(r, 0x5f, false);
	EXPECT(lapic_regs_pending(r) == -1, "the same class");
	lapic_regs_accept(r, 0x60, false);
	EXPECT(lapic_regs_pending(r) == 0x60, "a higher class");
	lapic_regs_take(r, 0x60);
	EXPECT(lapic_regs_eoi(r) == 0x60, "the highest first");
	EXPECT(r->isrv == 0x51 && lapic_regs_eoi(r) == 0x51, "then the next");
	EXPECT(lapic_regs_pending(r) == 0x5f, "and what waited");
	EXPECT(lapic_regs_eoi(r) == -1, "an EOI of nothing");
}

/* A model of bits that is as plain as can be: sets of vectors. */
static struct {
	bool irr[256], isr[256];
} model;

static int model_highest(const bool *set)
{
	int vector;

	for (vector = 255; vector >= 0; vector--)
		if (set[vector])
			return vector;
	return -1;
}

static int model_pending(unsigned int tpr)
{
	int irr = model_highest(model.irr), isr = model_highest(model.isr);

	if (irr < 0 || irr / 16 <= (int)tpr / 16 || (isr >= 0 && irr / 16 <= isr / 16))
		return -1;
	return irr;
}

static void model_take(struct lapic_regs *r, int vector)
{
	lapic_regs_take(r, vector);
	model.irr[vector] = false;
	model.isr[vector] = true;
}

TEST(test_random_interrupts, "random interrupts against a model")
{
	struct lapic_regs *r = unit_apic(LAPIC_X2APIC, 0);
	unsigned int i, tpr = 0;

	memset(&model, 0, sizeof(model));
	for (i = 0; i < 200000; i++) {
		u8 vector = 16 + unit_random() % 240;
		int want, got;

		switch (unit_random() % 4) {
		case 0:
			got = lapic_regs_accept(r, vector, unit_random() & 1);
			EXPECT(got == !model.irr[vector], "accept %#x", vector);
			model.irr[vector] = true;
			break;
		case 1:
			want = model_highest(model.isr);
			if (want >= 0)
				model.isr[want] = false;
			got = lapic_regs_eoi(r);
			EXPECT(got == want, "eoi %d, not %d", got, want);
			break;
		case 2:
			tpr = unit_random() % 8 ? 0 : vector;
			lapic_regs_write(r, APIC_TASKPRI, tpr);
			break;
		default:
			if (lapic_regs_pending(r) >= 0)
				model_take(r, lapic_regs_pending(r));
			break;
		}
		want = model_pending(tpr);
		EXPECT(lapic_regs_pending(r) == want, "pending %d, not %d", lapic_regs_pending(r),
		       want);
	}
}

TEST(test_icr, "ICR: messages (11.6.1)")
{
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 0);
	struct kvm_apic_message msg;
	unsigned int mode;

	EXPECT(lapic_regs_message(r, 0x12cc941ull | 0xab1234567ull << 28, &msg), "refused");
	EXPECT(msg.dest == 0xab, "%#x", msg.dest);
	EXPECT(msg.vector == 0x41 && msg.mode == KVM_APIC_LOWEST && msg.logical && msg.level &&
	       msg.assert && msg.shorthand == KVM_APIC_DEST_OTHERS && !msg.x2apic, "fields");
	for (mode = 0; mode < 8; mode++) {
		/* 11.5.3: only what is sent as an interrupt needs a vector from 16 on. */
		EXPECT(lapic_regs_message(r, mode << 8 | 0xf, &msg) == (mode > 1), "mode %u", mode);
		EXPECT(lapic_regs_message(r, mode << 8 | 0x10, &msg), "mode %u", mode);
		EXPECT(msg.mode == mode, "mode %u", mode);
	}
	r = unit_apic(LAPIC_X2APIC, 0);
	EXPECT(lapic_regs_write_icr(r, 0x100000041ull << 4) == LAPIC_FX_ICR, "the ICR");
	EXPECT(lapic_get(r, APIC_ICR2) == 0x10, "its high half");
	EXPECT(lapic_regs_message(r, 0x1234567800000041ull, &msg) && msg.dest == 0x12345678 &&
	       msg.x2apic, "32 bits of destination");
}

/* The rules once more, written from 11.6.2 and not from the code. */
static bool want_match(const struct lapic_regs *r, u32 ldr, u32 dfr, u32 dest, bool logical,
		       bool from_x2apic, bool quirk)
{
	if (r->mode == LAPIC_X2APIC) {
		if (dest == 0xffffffff || (dest == 0xff && quirk && !from_x2apic))
			return true;
		if (!logical)
			return dest == r->id;
		return dest / 0x10000 == r->id / 16 && (dest % 0x10000 >> r->id % 16) % 2;
	}
	if (dest == 0xff || dest == 0xffffffff)
		return true;
	if (dest > 0xff)
		return false;
	if (!logical)
		return dest == r->id;
	if (dfr == 0xf)
		return dest & ldr;
	return dest / 16 == ldr / 16 && (dest % 16 & ldr % 16);
}

static void check_dest(struct lapic_regs *r, u32 ldr, u32 dfr, u32 dest)
{
	unsigned int bits;

	for (bits = 0; bits < 8; bits++) {
		struct kvm_apic_message msg = {
			.dest = dest, .logical = bits & 1, .x2apic = bits & 2,
		};
		bool got = lapic_regs_match(r, &msg, bits & 4);

		EXPECT(got == want_match(r, ldr, dfr, dest, bits & 1, bits & 2, bits & 4),
		       "mode %d id %#x ldr %#x dfr %#x dest %#x bits %u: %d", r->mode, r->id, ldr,
		       dfr, dest, bits, got);
	}
}

TEST(test_destinations, "destinations: all ids, models and modes (11.6.2)")
{
	static const u32 ids[] = { 0, 1, 15, 16, 0x7f, 0xfe, 0xff, 0x100, 0x123, 0x3ff };
	unsigned int i, dfr, j;
	struct lapic_regs *r;
	u32 dest, ldr;

	for (ldr = 0; ldr < 256; ldr += 1 + ldr / 16) {
		for (dfr = 0; dfr <= 0xf; dfr += 0xf) {
			r = unit_apic(LAPIC_XAPIC, 5);
			lapic_regs_write(r, APIC_LDR, ldr << 24);
			lapic_regs_write(r, APIC_DFR, dfr << 28);
			for (dest = 0; dest < 0x102; dest++)
				check_dest(r, ldr, dfr, dest);
			check_dest(r, ldr, dfr, 0xffffffff);
		}
	}
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		r = unit_apic(LAPIC_X2APIC, ids[i]);
		for (j = 0; j < ARRAY_SIZE(ids); j++)
			check_dest(r, 0, 0, ids[j]);
		for (j = 0; j < 16; j++)
			check_dest(r, 0, 0, ids[i] / 16 << 16 | 1 << j);
		check_dest(r, 0, 0, 0xffffffff);
		check_dest(r, 0, 0, 0x7f000001);
	}
	r = unit_apic(LAPIC_DISABLED, 5);
	EXPECT(!lapic_regs_match(r, &(struct kvm_apic_message){ .dest = 5 }, true), "disabled");
	/* An id beyond 8 bits is known although the guest is in xAPIC mode still. */
	r = unit_apic(LAPIC_XAPIC, 0x105);
	EXPECT(lapic_regs_match(r, &(struct kvm_apic_message){ .dest = 0x105, .x2apic = true },
				true), "id 0x105");
	EXPECT(!lapic_regs_match(r, &(struct kvm_apic_message){ .dest = 5 }, true), "id 5");
}
