// SPDX-License-Identifier: GPL-2.0-only
/*
 * i8259.c against the 8259A data sheet. A test is a script: each step does one thing to the pair,
 * and says what must come of it.
 */
#include <string.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <unit_test.h>
#include "i8259.h"

enum op { END, WRITE, READ, RAISE, LOWER, INTA, OUTPUT, ACKED };

struct step {
	enum op op;
	u16 where;	/* port or line */
	int value;	/* written, or expected */
};

#define W(port, val)	{ WRITE, port, val }
#define R(port, val)	{ READ, port, val }
#define UP(line, r)	{ RAISE, line, r }
#define DOWN(line)	{ LOWER, line, 0 }
#define TAKE(vector)	{ INTA, 0, vector }
#define OUT(level)	{ OUTPUT, 0, level }
#define ACK(lines)	{ ACKED, 0, lines }

/* As every PC sets them up: vectors 0x20 and 0x28, nothing masked. */
#define PC(icw4)	W(0x20, 0x11), W(0x21, 0x20), W(0x21, 0x04), W(0x21, icw4), \
			W(0xa0, 0x11), W(0xa1, 0x28), W(0xa1, 0x02), W(0xa1, 0x01)

static int do_step(struct i8259_pair *pair, const struct step *step)
{
	int acked;

	switch (step->op) {
	case WRITE:
		i8259_write(pair, step->where, step->value);
		return step->value;
	case READ:
		return i8259_read(pair, step->where);
	case RAISE:
		return i8259_set_line(pair, step->where, true);
	case LOWER:
		i8259_set_line(pair, step->where, false);
		return step->value;
	case INTA:
		return i8259_intack(pair);
	case OUTPUT:
		return pair->output;
	case ACKED:
		acked = pair->acked;
		pair->acked = 0;
		return acked;
	default:
		return step->value;
	}
}

static void script(const char *name, const struct step *steps)
{
	struct i8259_pair pair;
	unsigned int i;
	int r;

	i8259_init(&pair);
	for (i = 0; steps[i].op != END; i++) {
		r = do_step(&pair, &steps[i]);
		EXPECT(r == steps[i].value, "%s, step %u: %#x, not %#x", name, i, r,
		       steps[i].value);
	}
}

#define SCRIPT(name, ...) do {						\
	static const struct step steps[] = { __VA_ARGS__, { END } };	\
	script(name, steps);						\
} while (0)

TEST(test_pic_init, "8259A: initialization with and without ICW4")
{
	SCRIPT("no output before the last ICW",
	       UP(1, 1), OUT(1), W(0x20, 0x11), OUT(0), UP(3, 1), OUT(0), W(0x21, 0x40), OUT(0),
	       W(0x21, 0x04), OUT(0), W(0x21, 0x01), OUT(1), TAKE(0x43), OUT(0));
	SCRIPT("without ICW4", W(0x20, 0x10), W(0x21, 0x4f), W(0x21, 0x04), UP(0, 1), TAKE(0x48));
	SCRIPT("ICW1 takes back AEOI, SFNM, mask, special mask, rotation, ISR",
	       PC(0x13), W(0x21, 0xff), W(0x20, 0x68), W(0x20, 0xc3), W(0x20, 0x0b), W(0x20, 0x10),
	       W(0x21, 0x20), W(0x21, 4), R(0x21, 0), R(0x20, 0), UP(3, 1), UP(4, 1), TAKE(0x23),
	       W(0x20, 0x0b), R(0x20, 0x08), OUT(0), W(0x20, 0x20), TAKE(0x24));
	SCRIPT("edges are forgotten, and a line that stays high makes none",
	       PC(1), UP(5, 1), OUT(1), PC(1), OUT(0), UP(5, 0), OUT(0), DOWN(5), UP(5, 1), OUT(1));
	SCRIPT("a level is not",
	       PC(1), W(0x4d0, 0x20), UP(5, 1), PC(1), OUT(1), TAKE(0x25));
}

TEST(test_pic_lines, "8259A: edges, levels and what is coalesced")
{
	SCRIPT("an edge is latched until INTA",
	       PC(1), UP(4, 1), DOWN(4), OUT(1), UP(4, 0), TAKE(0x24), OUT(0), DOWN(4), UP(4, 1),
	       OUT(0), W(0x20, 0x20), OUT(1), TAKE(0x24));
	SCRIPT("one edge, one interrupt", PC(1), UP(4, 1), TAKE(0x24), W(0x20, 0x20), OUT(0));
	SCRIPT("a level comes again while it lasts",
	       PC(1), W(0x4d0, 0x10), UP(4, 1), UP(4, 0), TAKE(0x24), OUT(0), W(0x20, 0x20), OUT(1),
	       TAKE(0x24), DOWN(4), W(0x20, 0x20), OUT(0));
	SCRIPT("a level taken back is forgotten, and INTA spurious",
	       PC(1), W(0x4d0, 0x10), UP(4, 1), OUT(1), DOWN(4), OUT(0), TAKE(0x27), W(0x20, 0x0b),
	       R(0x20, 0));
	SCRIPT("masked", PC(1), W(0x21, 0x10), UP(4, -1), OUT(0), W(0x21, 0), OUT(1), TAKE(0x24));
	SCRIPT("line 2 is the cascade", PC(1), UP(2, -1), OUT(0), R(0x20, 0));
}

TEST(test_pic_priority, "8259A: who wins, by line and by what is in service")
{
	SCRIPT("the lower number wins",
	       PC(1), UP(7, 1), UP(0, 1), UP(3, 1), TAKE(0x20), W(0x20, 0x20), TAKE(0x23),
	       W(0x20, 0x20), TAKE(0x27));
	SCRIPT("what is in service keeps out its own and lower ones",
	       PC(1), UP(3, 1), TAKE(0x23), DOWN(3), UP(3, 1), OUT(0), UP(4, 1), OUT(0), UP(1, 1),
	       OUT(1), TAKE(0x21), OUT(0), W(0x20, 0x20), OUT(0), W(0x20, 0x20), OUT(1),
	       TAKE(0x23));
	SCRIPT("the slave stands at line 2",
	       PC(1), UP(3, 1), UP(8, 1), TAKE(0x28), OUT(0), UP(1, 1), TAKE(0x21));
}

TEST(test_pic_eoi, "8259A: specific, non-specific and automatic EOI")
{
	SCRIPT("non-specific: the highest in service",
	       PC(1), UP(5, 1), TAKE(0x25), UP(2 + 1, 1), TAKE(0x23), W(0x20, 0x0b), R(0x20, 0x28),
	       W(0x20, 0x20), R(0x20, 0x20), W(0x20, 0x20), R(0x20, 0), W(0x20, 0x20), R(0x20, 0));
	SCRIPT("specific", PC(1), UP(5, 1), TAKE(0x25), UP(3, 1), TAKE(0x23), W(0x20, 0x65),
	       W(0x20, 0x0b), R(0x20, 0x08), W(0x20, 0x63), R(0x20, 0));
	SCRIPT("automatic: nothing stays in service",
	       PC(3), UP(5, 1), TAKE(0x25), W(0x20, 0x0b), R(0x20, 0), DOWN(5), UP(5, 1),
	       TAKE(0x25));
	SCRIPT("no operation", PC(1), UP(5, 1), TAKE(0x25), W(0x20, 0x45), W(0x20, 0x0b),
	       R(0x20, 0x20));
}

TEST(test_pic_rotation, "8259A: rotation, automatic and specific")
{
	SCRIPT("set priority: 4 lowest, 5 highest",
	       PC(1), W(0x20, 0xc4), UP(4, 1), UP(0, 1), UP(5, 1), UP(7, 1), TAKE(0x25),
	       W(0x20, 0x20), TAKE(0x27), W(0x20, 0x20), TAKE(0x20), W(0x20, 0x20), TAKE(0x24));
	SCRIPT("rotate on non-specific EOI",
	       PC(1), UP(3, 1), TAKE(0x23), W(0x20, 0xa0), DOWN(3), UP(3, 1), UP(7, 1), UP(4, 1),
	       TAKE(0x24), W(0x20, 0x20), TAKE(0x27), W(0x20, 0x20), TAKE(0x23));
	SCRIPT("rotate on specific EOI",
	       PC(1), UP(6, 1), TAKE(0x26), W(0x20, 0xe6), DOWN(6), UP(6, 1), UP(7, 1), TAKE(0x27));
	SCRIPT("rotate in automatic EOI",
	       PC(3), W(0x20, 0x80), UP(0, 1), TAKE(0x20), DOWN(0), UP(0, 1), UP(6, 1), TAKE(0x26),
	       W(0x20, 0x00), TAKE(0x20), DOWN(0), UP(0, 1), UP(7, 1), TAKE(0x27), TAKE(0x20));
	SCRIPT("nothing in service: nothing rotates",
	       PC(1), W(0x20, 0xa0), UP(7, 1), UP(0, 1), TAKE(0x20));
}

TEST(test_pic_masks, "8259A: mask, special mask mode, reading IRR and ISR")
{
	SCRIPT("IMR reads back", PC(1), W(0x21, 0xa5), R(0x21, 0xa5), W(0xa1, 0x5a), R(0xa1, 0x5a));
	SCRIPT("IRR shows requests, masked too",
	       PC(1), W(0x21, 0xff), UP(1, -1), UP(6, -1), R(0x20, 0x42), W(0x20, 0x0b), R(0x20, 0),
	       R(0x20, 0), W(0x20, 0x0a), R(0x20, 0x42));
	SCRIPT("special mask mode: what is masked inhibits nobody",
	       PC(1), UP(1, 1), TAKE(0x21), UP(4, 1), OUT(0), W(0x21, 0x02), OUT(0), W(0x20, 0x68),
	       OUT(1), TAKE(0x24), W(0x20, 0x0b), R(0x20, 0x12));
	SCRIPT("and a non-specific EOI passes it over",
	       PC(1), UP(1, 1), TAKE(0x21), W(0x21, 0x02), W(0x20, 0x68), UP(4, 1), TAKE(0x24),
	       W(0x20, 0x20), W(0x20, 0x0b), R(0x20, 0x02), W(0x20, 0x20), R(0x20, 0x02),
	       W(0x20, 0x48), W(0x20, 0x20), R(0x20, 0));
	SCRIPT("without ESMM the bit does not count",
	       PC(1), UP(1, 1), TAKE(0x21), W(0x21, 0x02), W(0x20, 0x28), UP(4, 1), OUT(0));
}

TEST(test_pic_poll, "8259A: poll mode")
{
	SCRIPT("the read is the INTA",
	       PC(1), UP(3, 1), W(0x20, 0x0c), R(0x20, 0x83), OUT(0), W(0x20, 0x0b), R(0x20, 0x08),
	       W(0x20, 0x20), R(0x20, 0));
	SCRIPT("at either address", PC(1), W(0x21, 0x80), UP(3, 1), W(0x20, 0x0c), R(0x21, 0x83),
	       R(0x21, 0x80));
	SCRIPT("nobody asks", PC(1), W(0x20, 0x0c), R(0x20, 0), W(0x20, 0x0b), R(0x20, 0));
	SCRIPT("poll wins over read register", PC(1), UP(3, 1), W(0x20, 0x0f), R(0x20, 0x83),
	       R(0x20, 0));
	SCRIPT("both chips in turn",
	       PC(1), UP(12, 1), W(0x20, 0x0c), R(0x20, 0x82), W(0xa0, 0x0c), R(0xa0, 0x84),
	       OUT(0));
	SCRIPT("the slave alone takes its request back", PC(1), UP(12, 1), OUT(1), W(0xa0, 0x0c),
	       R(0xa0, 0x84), OUT(0));
}

TEST(test_pic_cascade, "8259A: cascade, special fully nested mode, spurious")
{
	SCRIPT("both are in service, and both want EOI",
	       PC(1), UP(12, 1), TAKE(0x2c), W(0x20, 0x0b), W(0xa0, 0x0b), R(0x20, 0x04),
	       R(0xa0, 0x10), UP(13, 1), OUT(0), W(0xa0, 0x20), OUT(0), W(0x20, 0x20), OUT(1),
	       TAKE(0x2d));
	SCRIPT("fully nested: a higher one of the slave waits for the master's EOI",
	       PC(1), UP(12, 1), TAKE(0x2c), UP(9, 1), OUT(0));
	SCRIPT("special fully nested: it does not",
	       PC(0x11), UP(12, 1), TAKE(0x2c), UP(14, 1), OUT(0), UP(9, 1), OUT(1), TAKE(0x29),
	       W(0xa0, 0x0b), R(0xa0, 0x12));
	SCRIPT("spurious: IR7, and not in service",
	       PC(1), W(0x4d0, 0x08), UP(3, 1), DOWN(3), TAKE(0x27), W(0x20, 0x0b), R(0x20, 0));
	SCRIPT("masked at the master", PC(1), W(0x21, 0x04), UP(12, 1), OUT(0), W(0x21, 0), OUT(1),
	       TAKE(0x2c));
}

TEST(test_pic_elcr, "8259A: edge/level registers and their masks")
{
	SCRIPT("lines of the board are edge triggered",
	       W(0x4d0, 0xff), R(0x4d0, 0xf8), W(0x4d1, 0xff), R(0x4d1, 0xde), PC(1),
	       R(0x4d0, 0xf8));
	SCRIPT("to level with the line high", PC(1), UP(5, 1), TAKE(0x25), W(0x20, 0x20), OUT(0),
	       W(0x4d0, 0x20), OUT(1));
	SCRIPT("to edge with the line high", PC(1), W(0x4d0, 0x20), UP(5, 1), OUT(1), W(0x4d0, 0),
	       OUT(0), UP(5, 0), DOWN(5), UP(5, 1), OUT(1));
	SCRIPT("an edge that waits does not mind other lines", PC(1), UP(6, 1), W(0x4d0, 0x20),
	       OUT(1));
}

TEST(test_pic_acks, "8259A: who ends an interrupt is told of it")
{
	SCRIPT("EOI", PC(1), ACK(0), UP(3, 1), TAKE(0x23), ACK(0), W(0x20, 0x20), ACK(0x0008),
	       W(0x20, 0x63), ACK(0));
	SCRIPT("both chips", PC(1), UP(12, 1), TAKE(0x2c), W(0xa0, 0x64), ACK(0x1000),
	       W(0x20, 0x62), ACK(0x0004));
	SCRIPT("automatic EOI", PC(3), UP(3, 1), TAKE(0x23), ACK(0x0008));
	SCRIPT("initialization drops what waits and what is in service",
	       PC(1), UP(3, 1), TAKE(0x23), UP(1, 1), UP(9, 1), W(0x20, 0x11), ACK(0x000e),
	       W(0xa0, 0x11), ACK(0x0200));
}

static const struct kvm_pic_state typical = {
	.last_irr = 0x81, .irr = 0x20, .imr = 0x55, .isr = 0x40, .priority_add = 7,
	.irq_base = 0xf8,
	.read_reg_select = 1, .poll = 1, .special_mask = 1, .init_state = 3, .auto_eoi = 1,
	.rotate_on_auto_eoi = 1, .special_fully_nested_mode = 1, .init4 = 1, .elcr = 0xd8,
};

/* Every byte of the state with every value against what the chip can be in. */
static bool byte_is_good(size_t at, u8 value, unsigned int chip)
{
	switch (at) {
	case offsetof(struct kvm_pic_state, last_irr):
	case offsetof(struct kvm_pic_state, irr):
	case offsetof(struct kvm_pic_state, imr):
	case offsetof(struct kvm_pic_state, isr):
	case offsetof(struct kvm_pic_state, elcr_mask):
		return true;
	case offsetof(struct kvm_pic_state, priority_add):
		return value < 8;
	case offsetof(struct kvm_pic_state, irq_base):
		return !(value & 7);
	case offsetof(struct kvm_pic_state, init_state):
		return value < 4;
	case offsetof(struct kvm_pic_state, elcr):
		return !(value & (chip ? 0x21 : 0x07));
	default:
		return value < 2;
	}
}

TEST(test_pic_state, "8259A: state, valid and impossible, there and back")
{
	struct kvm_pic_state state;
	struct i8259_pair pair;
	unsigned int chip, value;
	size_t at;

	for (chip = 0; chip < 2; chip++) {
		i8259_init(&pair);
		i8259_restore(&pair, chip, &typical);
		state = pair.chip[chip];
		EXPECT(state.elcr_mask == (chip ? 0xde : 0xf8), "ELCR mask %#x", state.elcr_mask);
		state.elcr_mask = 0;
		EXPECT(!memcmp(&state, &typical, sizeof(state)), "chip %u", chip);
		for (at = 0; at < sizeof(state); at++) {
			for (value = 0; value < 256; value++) {
				state = typical;
				((u8 *)&state)[at] = value;
				EXPECT(i8259_state_valid(&state, chip) ==
				       byte_is_good(at, value, chip), "byte %zu = %#x", at, value);
			}
		}
	}
	/* What is dropped will not be ended by the guest. */
	i8259_init(&pair);
	i8259_set_line(&pair, 4, true);
	i8259_restore(&pair, 0, &(struct kvm_pic_state) {});
	EXPECT(pair.acked == 0x10 && !pair.output, "acked %#x", pair.acked);
}

/*
 * Whatever is done: no line both ends and is in service by itself, the output says whether INTA
 * would find a request, edges only on board lines.
 */
TEST(test_pic_random, "8259A: 100,000 random operations keep the invariants")
{
	static const u16 ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1 };
	struct i8259_pair pair, copy;
	unsigned int i;
	u64 r;
	u8 vector;

	i8259_init(&pair);
	for (i = 0; i < 100000; i++) {
		r = unit_random();
		if (r & 1)
			i8259_set_line(&pair, r >> 8 & 15, r & 2);
		else if ((r & 6) == 2)
			i8259_intack(&pair);
		else if ((r & 6) == 4)
			i8259_read(&pair, ports[(r >> 8) % 6]);
		else
			i8259_write(&pair, ports[(r >> 8) % 6], r >> 16);
		EXPECT(i8259_state_valid(&pair.chip[0], 0) && i8259_state_valid(&pair.chip[1], 1),
		       "step %u", i);
		copy = pair;
		vector = i8259_intack(&copy);
		if (pair.output)
			EXPECT(copy.chip[0].isr != pair.chip[0].isr || pair.chip[0].auto_eoi ||
			       pair.chip[0].special_mask || pair.chip[0].special_fully_nested_mode,
			       "step %u: output without a request", i);
		else
			EXPECT((vector & 7) == 7 && copy.chip[0].isr == pair.chip[0].isr,
			       "step %u: a request without output", i);
	}
}
