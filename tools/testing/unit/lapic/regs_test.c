// SPDX-License-Identifier: GPL-2.0-only
/* Registers bit by bit, from the tables and figures of SDM volume 3, chapter 11. */
#include "unit.h"

/* One at a time: the next call takes it away. */
struct lapic_regs *unit_apic(enum lapic_mode mode, u32 id)
{
	static unsigned long page[KVM_APIC_REG_SIZE / sizeof(long)];
	static unsigned long cr8;
	static struct lapic_regs regs;

	memset(page, 0, sizeof(page));
	regs = (struct lapic_regs){ .page = page, .cr8 = &cr8, .id = id };
	lapic_regs_set_mode(&regs, LAPIC_XAPIC);
	lapic_regs_write(&regs, APIC_SPIV, 0x1ff);
	lapic_regs_set_mode(&regs, mode);
	return &regs;
}

/*
 * What chapter 11 says of each register. @keep: bits that read as written; @ignore: bits that exist
 * and keep their value; the others are reserved. rw: 1 read, 2 write.
 */
static const struct {
	u16 offset;
	u8 xapic, x2apic;
	u32 keep, ignore;
} table[] = {
	{ 0x020, 3, 1, 0xff000000 },
	{ 0x030, 1, 1 },
	{ 0x080, 3, 3, 0xff },
	{ 0x090, 1, 0 },
	{ 0x0a0, 1, 1 },
	{ 0x0b0, 2, 2 },
	{ 0x0c0, 1, 0 },
	{ 0x0d0, 3, 1, 0xff000000 },
	{ 0x0e0, 3, 0, 0xf0000000 },
	{ 0x0f0, 3, 3, 0x3ff },
	{ 0x100, 1, 1 }, { 0x170, 1, 1 }, { 0x180, 1, 1 }, { 0x1f0, 1, 1 }, { 0x200, 1, 1 },
	{ 0x270, 1, 1 },
	{ 0x280, 3, 3 },
	{ 0x300, 3, 3, 0xffffefff, 0x1000 },	/* reserved bits are kept */
	{ 0x310, 3, 0, 0xff000000 },
	{ 0x320, 3, 3, 0x300ff, 0x1000 },	/* no TSC deadline for this guest */
	{ 0x330, 3, 3, 0x107ff, 0x1000 },
	{ 0x340, 3, 3, 0x107ff, 0x1000 },
	{ 0x350, 3, 3, 0x1a7ff, 0x5000 },
	{ 0x360, 3, 3, 0x1a7ff, 0x5000 },
	{ 0x370, 3, 3, 0x100ff, 0x1000 },
	{ 0x380, 3, 3, 0xffffffff },
	{ 0x390, 1, 1 },
	{ 0x3e0, 3, 3, 0xb },
	{ 0x3f0, 0, 2, 0xff },
	/* reserved */
	{ 0x000, 0, 0 }, { 0x010, 0, 0 }, { 0x040, 0, 0 }, { 0x070, 0, 0 }, { 0x290, 0, 0 },
	{ 0x2e0, 0, 0 }, { 0x2f0, 0, 0 }, { 0x3a0, 0, 0 }, { 0x3d0, 0, 0 }, { 0x400, 0, 0 },
	{ 0xff0, 0, 0 },
};

static u32 value_of(struct lapic_regs *r, unsigned int offset)
{
	u32 value;

	EXPECT(!lapic_regs_read(r, offset, &value), "%#x", offset);
	return value;
}

TEST(test_reset, "registers after reset (SDM 11.4.7.1)")
{
	static const struct {
		u16 offset;
		u32 value;
	} reset[] = {
		{ APIC_ID, 0x5 << 24 }, { APIC_LVR, 0x50014 }, { APIC_TASKPRI, 0 }, { APIC_LDR, 0 },
		{ APIC_DFR, 0xffffffff }, { APIC_SPIV, 0xff }, { APIC_ESR, 0 }, { APIC_ICR, 0 },
		{ APIC_LVTT, 0x10000 }, { APIC_LVTTHMR, 0x10000 }, { APIC_LVTPC, 0x10000 },
		{ APIC_LVT0, 0x10000 }, { APIC_LVT1, 0x10000 }, { APIC_LVTERR, 0x10000 },
		{ APIC_TMICT, 0 }, { APIC_TDCR, 0 }, { APIC_ISR, 0 }, { APIC_IRR + 0x70, 0 },
	};
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 5);
	unsigned int i;

	lapic_regs_write(r, APIC_TASKPRI, 0x77);
	lapic_regs_write(r, APIC_LVT0, 0x31);
	lapic_regs_accept(r, 0x31, true);
	lapic_regs_reset(r);
	for (i = 0; i < ARRAY_SIZE(reset); i++)
		EXPECT(value_of(r, reset[i].offset) == reset[i].value, "%#x: %#x", reset[i].offset,
		       value_of(r, reset[i].offset));
	EXPECT(lapic_regs_pending(r) == -1 && r->isrv == -1, "something is left");
}

static void check_xapic(unsigned int i, u32 value)
{
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 5);
	u32 got, effects, before = lapic_get(r, table[i].offset & 0x3f0);

	effects = lapic_regs_write(r, table[i].offset, value);
	EXPECT(!(effects & LAPIC_FX_FAULT), "an xAPIC does not fault");
	EXPECT(!(effects & LAPIC_FX_ERROR) == !!(table[i].xapic & 2), "write %#x", table[i].offset);
	effects = lapic_regs_read(r, table[i].offset, &got);
	EXPECT((effects == 0) == (table[i].xapic & 1), "read %#x", table[i].offset);
	if (table[i].xapic != 3)
		return;
	EXPECT((got & table[i].keep) == (value & table[i].keep), "%#x: %#x gave %#x",
	       table[i].offset, value, got);
	if (table[i].offset == APIC_DFR)
		EXPECT((got & 0x0fffffff) == 0x0fffffff, "DFR reads as ones below");
	else if (table[i].offset != APIC_ESR)
		EXPECT((got & ~table[i].keep) == (before & ~table[i].keep & table[i].ignore),
		       "%#x: %#x gave %#x", table[i].offset, value, got);
}

TEST(test_xapic_bits, "xAPIC: every bit of every register (table 11-1)")
{
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		for (bit = 0; bit < 32; bit++)
			check_xapic(i, 1u << bit);
		check_xapic(i, 0);
		check_xapic(i, ~0u);
	}
}

TEST(test_deadline_count, "TSC-deadline mode: the initial count is not written (SDM 11.5.4.1)")
{
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 5);

	r->tsc_deadline = true;
	lapic_regs_write(r, APIC_LVTT, APIC_LVT_TIMER_TSCDEADLINE | 0x31);
	EXPECT(lapic_regs_write(r, APIC_TMICT, 1000) == 0, "a count started");
	EXPECT(value_of(r, APIC_TMICT) == 0, "%u", value_of(r, APIC_TMICT));
	lapic_regs_write(r, APIC_LVTT, APIC_LVT_TIMER_PERIODIC | 0x31);
	EXPECT(lapic_regs_write(r, APIC_TMICT, 1000) == LAPIC_FX_TIMER_COUNT, "none started");
	EXPECT(value_of(r, APIC_TMICT) == 1000, "%u", value_of(r, APIC_TMICT));
}

static void check_x2apic(unsigned int i, u32 value)
{
	u32 reserved = ~(table[i].keep | table[i].ignore);
	struct lapic_regs *r = unit_apic(LAPIC_X2APIC, 0x1234);
	bool fault;
	u32 got;

	fault = lapic_regs_write(r, table[i].offset, value) == LAPIC_FX_FAULT;
	EXPECT(fault == (!(table[i].x2apic & 2) || (value & reserved)), "%#x: write %#x",
	       table[i].offset, value);
	EXPECT((lapic_regs_read(r, table[i].offset, &got) == 0) == (table[i].x2apic & 1),
	       "read %#x", table[i].offset);
	if (table[i].x2apic == 3 && !fault)
		EXPECT((got & table[i].keep) == value % (1ull << 32) - (value & table[i].ignore),
		       "%#x: %#x gave %#x", table[i].offset, value, got);
}

TEST(test_x2apic_bits, "x2APIC: every bit of every register (table 11-6)")
{
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		for (bit = 0; bit < 32; bit++)
			check_x2apic(i, 1u << bit);
		check_x2apic(i, 0);
	}
}

TEST(test_modes, "mode changes keep what they must (11.12.5)")
{
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 0x123);

	EXPECT(value_of(r, APIC_ID) == 0x23u << 24, "8 bits of the id");
	lapic_regs_write(r, APIC_TASKPRI, 0x31);
	lapic_regs_write(r, APIC_LVT0, 0x41);
	lapic_regs_set_mode(r, LAPIC_X2APIC);
	EXPECT(value_of(r, APIC_ID) == 0x123, "the whole id");
	/* 11.12.10.2: id 0x123 is bit 3 of cluster 0x12. */
	EXPECT(value_of(r, APIC_LDR) == (0x12 << 16 | 1 << 3), "%#x", value_of(r, APIC_LDR));
	EXPECT(value_of(r, APIC_TASKPRI) == 0x31 && value_of(r, APIC_LVT0) == 0x41 &&
	       value_of(r, APIC_SPIV) == 0x1ff, "x2APIC mode keeps the state");
	lapic_regs_set_mode(r, LAPIC_DISABLED);
	EXPECT(!lapic_software_enabled(r), "disabled");
	lapic_regs_set_mode(r, LAPIC_XAPIC);
	EXPECT(value_of(r, APIC_SPIV) == 0xff && value_of(r, APIC_TASKPRI) == 0 &&
	       value_of(r, APIC_LVT0) == 0x10000, "as after power-up");
}

TEST(test_software_disable, "software disable: LVT masks (11.4.7.2)")
{
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 1);
	unsigned int lvt;

	for (lvt = APIC_LVTT; lvt <= APIC_LVTERR; lvt += 16)
		lapic_regs_write(r, lvt, 0x41);
	EXPECT(lapic_regs_write(r, APIC_SPIV, 0xff) & LAPIC_FX_MAP, "it answers to nobody now");
	for (lvt = APIC_LVTT; lvt <= APIC_LVTERR; lvt += 16) {
		EXPECT(value_of(r, lvt) == 0x10041, "%#x is masked", lvt);
		lapic_regs_write(r, lvt, 0x42);
		EXPECT(value_of(r, lvt) == 0x10042, "%#x stays masked", lvt);
	}
	lapic_regs_write(r, APIC_SPIV, 0x1ff);
	EXPECT(value_of(r, APIC_LVT0) == 0x10042, "enabled again, masked still");
	lapic_regs_write(r, APIC_LVT0, 0x700);
	EXPECT(lapic_regs_takes_pic(r), "ExtINT");
	lapic_regs_write(r, APIC_LVT0, 0x10700);
	EXPECT(!lapic_regs_takes_pic(r), "masked ExtINT");
}

TEST(test_esr, "ESR shows the errors since the last write (11.5.3)")
{
	struct lapic_regs *r = unit_apic(LAPIC_XAPIC, 1);
	struct kvm_apic_message msg;
	u32 value;

	lapic_regs_read(r, 0x40, &value);
	EXPECT(value_of(r, APIC_ESR) == 0, "not before a write");
	lapic_regs_write(r, APIC_ESR, 0);
	EXPECT(value_of(r, APIC_ESR) == 0x80, "illegal register");
	EXPECT(!lapic_regs_message(r, 15, &msg), "vector 15 is sent");
	EXPECT(value_of(r, APIC_ESR) == 0x80, "the old ones until it is written");
	lapic_regs_write(r, APIC_ESR, 0xff);
	EXPECT(value_of(r, APIC_ESR) == 0x20, "send illegal vector");
	lapic_regs_write(r, APIC_ESR, 0);
	EXPECT(value_of(r, APIC_ESR) == 0, "and none since");
}

TEST(test_save_restore, "save and restore, reserved bits refused")
{
	u8 page[KVM_APIC_REG_SIZE] __attribute__((aligned(8))), again[KVM_APIC_REG_SIZE];
	struct lapic_regs *r = unit_apic(LAPIC_X2APIC, 0x104);
	unsigned int i;

	lapic_regs_write(r, APIC_TASKPRI, 0x35);
	lapic_regs_write(r, APIC_LVT1, 0x400);
	lapic_regs_accept(r, 0x51, true);
	lapic_regs_accept(r, 0x91, false);
	lapic_regs_take(r, 0x91);
	lapic_regs_save(r, page, true);
	EXPECT(*(u32 *)(page + APIC_ID) == 0x104, "32 bits of the id");
	EXPECT(lapic_regs_restore_valid(r, page, true), "its own state");
	EXPECT(!lapic_regs_restore_valid(r, page, false), "in the other format");

	r = unit_apic(LAPIC_X2APIC, 0x104);
	lapic_regs_restore(r, page);
	lapic_regs_save(r, again, true);
	EXPECT(!memcmp(page, again, sizeof(page)), "the same again");
	EXPECT(r->isrv == 0x91 && lapic_regs_pending(r) == -1 && *r->cr8 == 3, "state behind it");

	*(u32 *)(page + APIC_ID) = 0x105;
	EXPECT(!lapic_regs_restore_valid(r, page, true), "another APIC's");
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		bool lvt = table[i].offset >= APIC_LVTT && table[i].offset <= APIC_LVTERR;

		if (!lvt && table[i].offset != APIC_TASKPRI && table[i].offset != APIC_TDCR)
			continue;
		memcpy(page, again, sizeof(page));
		*(u32 *)(page + table[i].offset) |= 1u << 31;
		EXPECT(!lapic_regs_restore_valid(r, page, true), "%#x", table[i].offset);
	}
	memcpy(page, again, sizeof(page));
	page[APIC_ISR + 1] |= 0x80;	/* vector 15 */
	EXPECT(!lapic_regs_restore_valid(r, page, true), "vector 15 in ISR");
}
