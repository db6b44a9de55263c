// SPDX-License-Identifier: GPL-2.0-only
/* i82093.c against the 82093AA data sheet. */
#include <string.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <unit_test.h>
#include "i82093.h"

static u32 reg(struct i82093 *io, u8 number)
{
	u64 old;

	i82093_write(io, I82093_IOREGSEL, number, &old);
	return i82093_read(io, I82093_IOWIN);
}

static int set_reg(struct i82093 *io, u8 number, u32 val)
{
	u64 old;

	i82093_write(io, I82093_IOREGSEL, number, &old);
	return i82093_write(io, I82093_IOWIN, val, &old);
}

TEST(test_ioapic_registers, "82093AA: ID, version, arbitration, unknown registers")
{
	struct i82093 io;
	unsigned int i;

	i82093_init(&io);
	EXPECT(reg(&io, 1) == 0x00170020, "version %#x", reg(&io, 1));
	set_reg(&io, 1, ~0u);
	EXPECT(reg(&io, 1) == 0x00170020, "version %#x", reg(&io, 1));
	set_reg(&io, 0, ~0u);
	EXPECT(reg(&io, 0) == 0x0f000000 && reg(&io, 2) == 0x0f000000, "%#x %#x", reg(&io, 0),
	       reg(&io, 2));
	set_reg(&io, 0, 0x05ffffff);
	set_reg(&io, 2, 0);
	EXPECT(reg(&io, 0) == 0x05000000 && reg(&io, 2) == 0x05000000, "%#x", reg(&io, 0));
	for (i = 0; i < 256; i++) {
		reg(&io, i);
		if (i >= 0x10 && i < 0x40) {
			EXPECT(reg(&io, i) == (i & 1 ? 0 : 0x10000), "%#x at reset: %#x", i,
			       reg(&io, i));
		} else if (i > 2) {
			EXPECT(set_reg(&io, i, ~0u) == -1 && !reg(&io, i), "register %#x", i);
		}
		EXPECT(i82093_read(&io, I82093_IOREGSEL) == i, "IOREGSEL %#x", i);
	}
	EXPECT(!i82093_read(&io, 0x20) && !i82093_read(&io, 0x04), "outside");
}

TEST(test_ioapic_entry, "82093AA: what of an entry can be written")
{
	struct i82093 io;
	unsigned int pin;

	for (pin = 0; pin < 24; pin++) {
		i82093_init(&io);
		EXPECT(set_reg(&io, 0x10 + 2 * pin, ~0u) == (int)pin, "pin %u", pin);
		EXPECT(set_reg(&io, 0x11 + 2 * pin, ~0u) == (int)pin, "pin %u", pin);
		EXPECT(io.entry[pin] == 0xff0000000001afffull, "pin %u: %#llx", pin, io.entry[pin]);
		EXPECT(reg(&io, 0x10 + 2 * pin) == 0x1afff &&
		       reg(&io, 0x11 + 2 * pin) == 0xff000000,
		       "pin %u reads back otherwise", pin);
	}
}

/* An entry by its low half, the line, and whether it must send. */
TEST(test_ioapic_level, "82093AA: level triggered pins and Remote IRR")
{
	static const struct {
		u32 low;
		bool line, sends, holds;
	} cases[] = {
		{ 0x08041, true, true, true },		/* fixed */
		{ 0x08141, true, true, true },		/* lowest priority */
		{ 0x0a041, true, true, true },		/* active low: the polarity is ignored */
		{ 0x08041, false, false, true },
		{ 0x18041, true, false, true },		/* masked */
		{ 0x00041, true, false, false },	/* edge */
		{ 0x08241, true, false, false },	/* SMI, NMI, INIT, ExtINT are edges */
		{ 0x08441, true, false, false },
		{ 0x08541, true, false, false },
		{ 0x08741, true, false, false },
	};
	struct i82093 io;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		i82093_init(&io);
		set_reg(&io, 0x10, cases[i].low);
		i82093_set_line(&io, 0, cases[i].line);
		EXPECT(i82093_must_send(&io, 0) == cases[i].sends, "case %u", i);
		i82093_accepted(&io, 0);
		EXPECT(!!(io.entry[0] & I82093_REMOTE_IRR) == cases[i].holds, "case %u", i);
		EXPECT(!i82093_must_send(&io, 0), "case %u: twice", i);
		/* Software cannot write it, but end it by making the pin edge triggered. */
		set_reg(&io, 0x10, cases[i].low & ~0x4000);
		EXPECT(!!(io.entry[0] & I82093_REMOTE_IRR) == cases[i].holds, "case %u", i);
		set_reg(&io, 0x10, 0x10041);
		EXPECT(!(io.entry[0] & I82093_REMOTE_IRR), "case %u", i);
		set_reg(&io, 0x10, cases[i].low);
		EXPECT(i82093_must_send(&io, 0) == cases[i].sends, "case %u: not again", i);
	}
}

TEST(test_ioapic_edge, "82093AA: edge triggered pins")
{
	struct i82093 io;
	unsigned int pin;

	i82093_init(&io);
	for (pin = 0; pin < 24; pin++) {
		set_reg(&io, 0x10 + 2 * pin, 0x30 + pin);
		EXPECT(i82093_set_line(&io, pin, true), "pin %u", pin);
		EXPECT(!i82093_set_line(&io, pin, true), "pin %u", pin);
		i82093_accepted(&io, pin);
		EXPECT(!(io.entry[pin] & I82093_REMOTE_IRR), "pin %u", pin);
		EXPECT(!i82093_set_line(&io, pin, false), "pin %u", pin);
		EXPECT(i82093_set_line(&io, pin, true), "pin %u", pin);
	}
	EXPECT(io.lines == 0xffffff, "%#x", io.lines);
}

TEST(test_ioapic_eoi, "82093AA: EOI by vector, shared vectors")
{
	struct i82093 io;

	i82093_init(&io);
	set_reg(&io, 0x10 + 2 * 5, 0x8051);
	set_reg(&io, 0x10 + 2 * 9, 0x8051);
	set_reg(&io, 0x10 + 2 * 23, 0x0051);
	set_reg(&io, 0x10 + 2 * 4, 0x8052);
	EXPECT(i82093_pins_of_vector(&io, 0x51) == (BIT(5) | BIT(9) | BIT(23)), "%#x",
	       i82093_pins_of_vector(&io, 0x51));
	EXPECT(i82093_pins_of_vector(&io, 0x53) == 0, "%#x", i82093_pins_of_vector(&io, 0x53));
	i82093_set_line(&io, 5, true);
	i82093_accepted(&io, 5);
	EXPECT(i82093_eoi(&io, 5) && !i82093_eoi(&io, 5), "pin 5");
	EXPECT(!i82093_eoi(&io, 9) && !i82093_eoi(&io, 23), "pins 9 and 23");
	EXPECT(i82093_must_send(&io, 5), "asserted still");
	i82093_set_line(&io, 5, false);
	EXPECT(!i82093_must_send(&io, 5), "no more");
}

static struct kvm_ioapic_state some_state(void)
{
	struct kvm_ioapic_state state = { .ioregsel = 0x13, .id = 0xf, .irr = 0x800001 };
	unsigned int pin;

	for (pin = 0; pin < 24; pin++)
		state.redirtbl[pin].bits = pin & 1 ? 0xa50000000000cb31ull + pin :
					   0x5a00000000012931ull + pin;
	return state;
}

TEST(test_ioapic_state, "82093AA: state, valid and impossible, there and back")
{
	struct kvm_ioapic_state state = some_state(), back = {};
	unsigned int bit;
	struct i82093 io;
	bool good;

	i82093_init(&io);
	EXPECT(i82093_state_valid(&state), "some state");
	i82093_restore(&io, &state);
	i82093_save(&io, &back);
	EXPECT(!memcmp(&state, &back, sizeof(state)), "some state");

	for (bit = 0; bit < 64; bit++) {
		state = some_state();
		state.redirtbl[7].bits = BIT_ULL(bit);
		good = bit < 14 || (bit > 14 && bit < 17) || bit > 55;
		EXPECT(i82093_state_valid(&state) == good, "entry's bit %u", bit);
		state.redirtbl[7].bits |= I82093_LEVEL;
		EXPECT(i82093_state_valid(&state) == (good || bit == 14), "level, bit %u", bit);
		if (bit >= 32)
			continue;
		state = some_state();
		state.irr = 1u << bit;
		EXPECT(i82093_state_valid(&state) == (bit < 24), "irr bit %u", bit);
		state = some_state();
		state.id = 1u << bit;
		EXPECT(i82093_state_valid(&state) == (bit < 4), "id bit %u", bit);
		state = some_state();
		state.ioregsel = 1u << bit;
		EXPECT(i82093_state_valid(&state) == (bit < 8), "ioregsel bit %u", bit);
	}
	state = some_state();
	state.redirtbl[0].bits = I82093_DELIVS;
	i82093_restore(&io, &state);
	EXPECT(!io.entry[0], "delivery status stays");
}
