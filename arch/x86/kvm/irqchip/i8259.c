// SPDX-License-Identifier: GPL-2.0-only
/*
 * The logic of two cascaded 8259A, as a PC's chipset has them: the 8259A data sheet (order number
 * 231468), and the edge/level registers 0x4d0 and 0x4d1 of the EISA chipsets. Pure: pic.c owns the
 * state and its lock; tools/testing/unit/irqchip runs this file in userspace.
 *
 * Fixed by a PC's wiring, so without effect when written: MCS-80 mode, buffered mode, single mode,
 * ICW1's level bit (the edge/level registers take its place) and ICW3.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "i8259.h"

/* Command words: data sheet, figures 7 and 8. */
#define ICW1			BIT(4)
#define  ICW1_ICW4_NEEDED	BIT(0)
#define ICW4_AUTO_EOI		BIT(1)
#define ICW4_SFNM		BIT(4)
#define OCW3			BIT(3)
#define  OCW3_ISR		BIT(0)
#define  OCW3_READ_REGISTER	BIT(1)
#define  OCW3_POLL		BIT(2)
#define  OCW3_SMM		BIT(5)
#define  OCW3_SMM_ENABLE	BIT(6)
#define OCW2_LEVEL		GENMASK(2, 0)
#define OCW2_EOI		BIT(5)
#define OCW2_SPECIFIC		BIT(6)
#define OCW2_ROTATE		BIT(7)
#define POLL_INTERRUPT		BIT(7)

/* kvm_pic_state.init_state: which command word port A0 = 1 takes next */
enum { READY, WANT_ICW2, WANT_ICW3, WANT_ICW4 };

enum { MASTER, SLAVE };

/* The interrupt given when the request has gone by the time of INTA ("default IR7"). */
#define SPURIOUS_IR		7

#define PORT_A0			BIT(0)
#define PORT_ELCR		0x4d0

/* IRQ 0, 1, 2, 8 and 13 belong to the board and are edge triggered always. */
static const u8 elcr_writable[2] = { 0xf8, 0xde };

/* 0: the highest of @lines by the present rotation, 7: the lowest, 8: none */
static unsigned int best_priority(const struct kvm_pic_state *s, u8 lines)
{
	unsigned int p;

	for (p = 0; p < 8; p++) {
		if (lines & BIT((p + s->priority_add) & 7))
			break;
	}
	return p;
}

static unsigned int line_of_priority(const struct kvm_pic_state *s, unsigned int priority)
{
	return (priority + s->priority_add) & 7;
}

/* In special mask mode what is masked inhibits nobody, and a non-specific EOI leaves it alone. */
static u8 effective_isr(const struct kvm_pic_state *s)
{
	return s->special_mask ? s->isr & ~s->imr : s->isr;
}

/*
 * The line whose request wins now, or -1. A request must be of higher priority than all that is in
 * service; but in special fully nested mode the slave may interrupt again what is its own.
 */
static int winner(const struct i8259_pair *pair, int chip)
{
	const struct kvm_pic_state *s = &pair->chip[chip];
	unsigned int request = best_priority(s, s->irr & ~s->imr);
	u8 isr = effective_isr(s);

	if (chip == MASTER && s->special_fully_nested_mode)
		isr &= ~BIT(I8259_CASCADE);
	if (s->init_state != READY || request >= best_priority(s, isr))
		return -1;
	return line_of_priority(s, request);
}

static void settle_master(struct i8259_pair *pair)
{
	pair->output = winner(pair, MASTER) >= 0;
}

/*
 * The cascade line follows the slave's output: neither edge nor latch, since the slave takes its
 * request back when another has served it (poll mode).
 */
static void settle(struct i8259_pair *pair)
{
	struct kvm_pic_state *master = &pair->chip[MASTER];

	if (winner(pair, SLAVE) >= 0)
		master->irr |= BIT(I8259_CASCADE);
	else
		master->irr &= ~BIT(I8259_CASCADE);
	settle_master(pair);
}

static void note_ended(struct i8259_pair *pair, int chip, u8 lines)
{
	pair->acked |= lines << (chip * 8);
}

/** i8259_init - power on: nothing masked, vectors from 0, until the guest gives the ICWs */
void i8259_init(struct i8259_pair *pair)
{
	int i;

	memset(pair, 0, sizeof(*pair));
	for (i = 0; i < 2; i++)
		pair->chip[i].elcr_mask = elcr_writable[i];
}

/**
 * i8259_set_line - one of the 16 inputs moves
 * @pair: the chips
 * @line: 0 … 15; 2 is the cascade and cannot be driven
 * @level: asserted
 *
 * An edge stays latched when the line falls before INTA: KVM_IRQ_LINE's users raise and lower it at
 * once. (The 8259A would answer INTA with its default IR7.)
 *
 * Return: 1 taken, 0 coalesced with one that was pending, -1 masked.
 */
int i8259_set_line(struct i8259_pair *pair, unsigned int line, bool level)
{
	struct kvm_pic_state *s = &pair->chip[line / 8];
	u8 bit = BIT(line % 8), was = s->irr;
	bool edge = level && !(s->last_irr & bit);

	if (line == I8259_CASCADE)
		return -1;
	if (level)
		s->last_irr |= bit;
	else
		s->last_irr &= ~bit;
	if (s->elcr & bit)
		s->irr = (s->irr & ~bit) | (s->last_irr & bit);
	else if (edge)
		s->irr |= bit;
	settle(pair);
	if (s->imr & bit)
		return -1;
	return !level || (s->irr & ~was & bit);
}

static void rotate_to_lowest(struct kvm_pic_state *s, unsigned int line)
{
	s->priority_add = (line + 1) & 7;
}

/* INTA has chosen @line: data sheet, "Interrupt sequence" and "Automatic End of Interrupt". */
static void take(struct i8259_pair *pair, int chip, unsigned int line)
{
	struct kvm_pic_state *s = &pair->chip[chip];

	if (!(s->elcr & BIT(line)))
		s->irr &= ~BIT(line);
	if (!s->auto_eoi) {
		s->isr |= BIT(line);
		return;
	}
	note_ended(pair, chip, BIT(line));
	if (s->rotate_on_auto_eoi)
		rotate_to_lowest(s, line);
}

/* One chip's answer to INTA: its line; IR7, which is not put in service, when no request is left */
static unsigned int intack_chip(struct i8259_pair *pair, int chip)
{
	int line = winner(pair, chip);

	if (line < 0)
		return SPURIOUS_IR;
	take(pair, chip, line);
	return line;
}

/** i8259_intack - the CPU's INTA cycle: the vector of the winner, which is now in service */
u8 i8259_intack(struct i8259_pair *pair)
{
	int chip = MASTER;
	unsigned int line = winner(pair, MASTER) == I8259_CASCADE ? I8259_CASCADE : 0;

	if (line == I8259_CASCADE) {
		/* Both see INTA, and the slave decides before its request falls. */
		take(pair, MASTER, I8259_CASCADE);
		chip = SLAVE;
	}
	line = intack_chip(pair, chip);
	settle(pair);
	return pair->chip[chip].irq_base + line;
}

/* ---- command words ---- */

/*
 * ICW1: data sheet, "Initialization Command Words": edge sense is reset, so that a line must rise
 * again; the mask is cleared; IR7 gets priority 7; special mask mode ends, IRR will be read;
 * without ICW4 its functions are off.
 */
static void write_icw1(struct i8259_pair *pair, int chip, u8 val)
{
	struct kvm_pic_state *s = &pair->chip[chip];

	note_ended(pair, chip, (s->irr & ~s->elcr) | s->isr);
	s->irr &= s->elcr;
	s->isr = 0;
	s->imr = 0;
	s->priority_add = 0;
	s->special_mask = 0;
	s->read_reg_select = 0;
	s->poll = 0;
	s->auto_eoi = 0;
	s->rotate_on_auto_eoi = 0;
	s->special_fully_nested_mode = 0;
	s->init4 = !!(val & ICW1_ICW4_NEEDED);
	s->init_state = WANT_ICW2;
}

static void end_of_interrupt(struct i8259_pair *pair, int chip, unsigned int line, bool rotate)
{
	struct kvm_pic_state *s = &pair->chip[chip];

	if (s->isr & BIT(line))
		note_ended(pair, chip, BIT(line));
	s->isr &= ~BIT(line);
	if (rotate)
		rotate_to_lowest(s, line);
}

/* OCW2: the eight combinations of R, SL and EOI */
static void write_ocw2(struct i8259_pair *pair, int chip, u8 val)
{
	struct kvm_pic_state *s = &pair->chip[chip];
	bool rotate = val & OCW2_ROTATE;
	unsigned int priority;

	switch (val & (OCW2_EOI | OCW2_SPECIFIC)) {
	case 0:
		s->rotate_on_auto_eoi = rotate;
		break;
	case OCW2_EOI:
		priority = best_priority(s, effective_isr(s));
		if (priority < 8)
			end_of_interrupt(pair, chip, line_of_priority(s, priority), rotate);
		break;
	case OCW2_EOI | OCW2_SPECIFIC:
		end_of_interrupt(pair, chip, val & OCW2_LEVEL, rotate);
		break;
	case OCW2_SPECIFIC:
		/* without R no operation */
		if (rotate)
			rotate_to_lowest(s, val & OCW2_LEVEL);
		break;
	}
}

static void write_ocw3(struct kvm_pic_state *s, u8 val)
{
	if (val & OCW3_SMM_ENABLE)
		s->special_mask = !!(val & OCW3_SMM);
	if (val & OCW3_POLL)
		s->poll = 1;
	else if (val & OCW3_READ_REGISTER)
		s->read_reg_select = val & OCW3_ISR;
}

/* A0 = 1: OCW1, the mask, or the next of the ICWs */
static void write_data(struct kvm_pic_state *s, u8 val)
{
	switch (s->init_state) {
	case READY:
		s->imr = val;
		break;
	case WANT_ICW2:
		s->irq_base = val & 0xf8;
		s->init_state = WANT_ICW3;
		break;
	case WANT_ICW3:
		s->init_state = s->init4 ? WANT_ICW4 : READY;
		break;
	case WANT_ICW4:
		s->auto_eoi = !!(val & ICW4_AUTO_EOI);
		s->special_fully_nested_mode = !!(val & ICW4_SFNM);
		s->init_state = READY;
		break;
	}
}

/* A line that becomes level triggered requests while it is high; one that leaves must rise anew. */
static void write_elcr(struct kvm_pic_state *s, u8 val)
{
	u8 old = s->elcr;

	s->elcr = val & s->elcr_mask;
	s->irr = (s->irr & ~(s->elcr | old)) | (s->last_irr & s->elcr);
}

static int chip_of_port(u16 port)
{
	if ((port & ~PORT_A0) == PORT_ELCR)
		return port & PORT_A0 ? SLAVE : MASTER;
	return port & 0x80 ? SLAVE : MASTER;
}

/**
 * i8259_write - OUT to one of the ports
 * @pair: the chips
 * @port: 0x20, 0x21, 0xa0, 0xa1, 0x4d0 or 0x4d1
 * @val: the byte
 */
void i8259_write(struct i8259_pair *pair, u16 port, u8 val)
{
	int chip = chip_of_port(port);
	struct kvm_pic_state *s = &pair->chip[chip];

	if ((port & ~PORT_A0) == PORT_ELCR)
		write_elcr(s, val);
	else if (port & PORT_A0)
		write_data(s, val);
	else if (val & ICW1)
		write_icw1(pair, chip, val);
	else if (val & OCW3)
		write_ocw3(s, val);
	else
		write_ocw2(pair, chip, val);
	settle(pair);
}

/* Poll command: the next read is an INTA whose answer is the line, not the vector. */
static u8 read_poll(struct i8259_pair *pair, int chip)
{
	int line = winner(pair, chip);

	pair->chip[chip].poll = 0;
	if (line < 0)
		return 0;
	take(pair, chip, line);
	settle(pair);
	return POLL_INTERRUPT | line;
}

/** i8259_read - IN from one of the ports; see i8259_write() */
u8 i8259_read(struct i8259_pair *pair, u16 port)
{
	int chip = chip_of_port(port);
	const struct kvm_pic_state *s = &pair->chip[chip];

	if ((port & ~PORT_A0) == PORT_ELCR)
		return s->elcr;
	if (s->poll)
		return read_poll(pair, chip);
	if (port & PORT_A0)
		return s->imr;
	return s->read_reg_select ? s->isr : s->irr;
}

/* ---- saved state ---- */

/**
 * i8259_state_valid - can a chip be in this state?
 * @state: userspace's
 * @chip: 0 master, 1 slave
 *
 * @state->elcr_mask is the chip's own and not looked at.
 */
bool i8259_state_valid(const struct kvm_pic_state *state, unsigned int chip)
{
	if ((state->read_reg_select | state->poll | state->special_mask | state->auto_eoi |
	     state->rotate_on_auto_eoi | state->special_fully_nested_mode | state->init4) > 1)
		return false;
	return state->priority_add < 8 && state->init_state <= WANT_ICW4 &&
	       !(state->irq_base & 7) && !(state->elcr & ~elcr_writable[chip]);
}

/** i8259_restore - KVM_SET_IRQCHIP: @state, which is valid, becomes that of one of the chips */
void i8259_restore(struct i8259_pair *pair, unsigned int chip, const struct kvm_pic_state *state)
{
	u8 was = pair->chip[chip].irr | pair->chip[chip].isr;

	note_ended(pair, chip, was & ~(state->irr | state->isr));
	pair->chip[chip] = *state;
	pair->chip[chip].elcr_mask = elcr_writable[chip];
	settle(pair);
}
