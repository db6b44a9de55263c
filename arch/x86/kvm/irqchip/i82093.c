// SPDX-License-Identifier: GPL-2.0-only
/*
 * The logic of an I/O APIC with 24 pins: the 82093AA data sheet (order number 290566), and the EOI
 * register of its successors. Pure: ioapic.c owns the state and its lock, and sends the messages;
 * tools/testing/unit/irqchip runs this file in userspace.
 *
 * Version 0x20: it is what a guest needs to use directed EOI (SDM 11.8.5: "Directed EOI with
 * Software-Suppression"), and one write ends an interrupt where version 0x11 makes guests mask the
 * pin, flip its trigger mode and back.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <linux/string.h>
#include "i82093.h"

#define VERSION			(0x20 | (I82093_PINS - 1) << 16)

/* Register numbers for IOREGSEL: data sheet, table 1. */
#define REG_ID			0x00
#define REG_VERSION		0x01
#define REG_ARBITRATION		0x02
#define REG_TABLE		0x10

#define ID_SHIFT		24
#define ID_MASK			0x0f
#define READ_ONLY		(I82093_REMOTE_IRR | I82093_DELIVS)

#define FIXED			0
#define LOWEST			1
#define DELMOD(entry)		((entry) >> I82093_DELMOD_SHIFT & 7)

/** i82093_init - power on or reset: every pin masked */
void i82093_init(struct i82093 *io)
{
	unsigned int pin;

	memset(io, 0, sizeof(*io));
	for (pin = 0; pin < I82093_PINS; pin++)
		io->entry[pin] = I82093_MASK;
}

/* ---- registers ---- */

/* The pin whose entry IOREGSEL selects, or -1. A CPU that guesses stays inside the table, too. */
static int selected_pin(const struct i82093 *io)
{
	if (io->select < REG_TABLE || io->select >= REG_TABLE + 2 * I82093_PINS)
		return -1;
	return array_index_nospec((io->select - REG_TABLE) / 2, I82093_PINS);
}

static u32 read_window(const struct i82093 *io)
{
	int pin = selected_pin(io);

	if (pin >= 0)
		return io->entry[pin] >> (io->select & 1 ? 32 : 0);
	switch (io->select) {
	case REG_ID:
	case REG_ARBITRATION:
		/* the arbitration ID is loaded with the ID, and there is no bus to rotate it */
		return io->id << ID_SHIFT;
	case REG_VERSION:
		return VERSION;
	default:
		return 0;
	}
}

/**
 * i82093_read - a 32-bit read
 * @io: the I/O APIC
 * @offset: into its page
 */
u32 i82093_read(const struct i82093 *io, u32 offset)
{
	switch (offset) {
	case I82093_IOREGSEL:
		return io->select;
	case I82093_IOWIN:
		return read_window(io);
	default:
		return 0;
	}
}

/*
 * Half of an entry. Remote IRR has a meaning for level triggered pins only, so it goes when the pin
 * becomes edge triggered: that is how software ends an interrupt without an EOI register.
 */
static void write_entry(u64 *entry, bool high, u32 val)
{
	u64 old = *entry;

	if (high)
		*entry = (old & U32_MAX) | ((u64)val << 32 & ~I82093_RESERVED);
	else
		*entry = (old & ~(u64)U32_MAX) | (old & READ_ONLY) |
			 (val & ~(I82093_RESERVED | READ_ONLY));
	if (!(*entry & I82093_LEVEL))
		*entry &= ~I82093_REMOTE_IRR;
}

static int write_window(struct i82093 *io, u32 val, u64 *old)
{
	int pin = selected_pin(io);

	if (pin >= 0) {
		*old = io->entry[pin];
		write_entry(&io->entry[pin], io->select & 1, val);
	} else if (io->select == REG_ID) {
		io->id = val >> ID_SHIFT & ID_MASK;
	}
	return pin;
}

/**
 * i82093_write - a 32-bit write to IOREGSEL or IOWIN; the EOI register is the caller's
 * @io: the I/O APIC
 * @offset: into its page
 * @val: the value
 * @old: what the entry was before, if one was written
 *
 * Return: the pin whose entry was written, or -1.
 */
int i82093_write(struct i82093 *io, u32 offset, u32 val, u64 *old)
{
	if (offset == I82093_IOREGSEL)
		io->select = val;
	else if (offset == I82093_IOWIN)
		return write_window(io, val, old);
	return -1;
}

/* ---- pins ---- */

/**
 * i82093_is_level - does the entry's pin send again until it is deasserted, and wait for EOIs?
 * @entry: of the redirection table
 *
 * SMI, NMI, INIT and ExtINT are edges, whatever the trigger mode says (data sheet, 3.2.4).
 */
bool i82093_is_level(u64 entry)
{
	return (entry & I82093_LEVEL) && (DELMOD(entry) == FIXED || DELMOD(entry) == LOWEST);
}

/**
 * i82093_set_line - an input moves
 * @io: the I/O APIC
 * @pin: 0 … 23
 * @level: asserted
 *
 * Return: it has risen.
 */
bool i82093_set_line(struct i82093 *io, unsigned int pin, bool level)
{
	bool was = io->lines & BIT(pin);

	if (level)
		io->lines |= BIT(pin);
	else
		io->lines &= ~BIT(pin);
	return level && !was;
}

/**
 * i82093_must_send - has a level triggered pin a message to send?
 * @io: the I/O APIC
 * @pin: 0 … 23
 *
 * It has while it is asserted, not masked, and no LAPIC has its last message (data sheet, 3.2.4).
 * Edges are sent as they come, or never: one that comes while the pin is masked is lost.
 */
bool i82093_must_send(const struct i82093 *io, unsigned int pin)
{
	return (io->lines & BIT(pin)) && i82093_is_level(io->entry[pin]) &&
	       !(io->entry[pin] & (I82093_MASK | I82093_REMOTE_IRR));
}

/** i82093_accepted - a LAPIC has accepted the pin's message: a level pin now waits for its EOI */
void i82093_accepted(struct i82093 *io, unsigned int pin)
{
	if (i82093_is_level(io->entry[pin]))
		io->entry[pin] |= I82093_REMOTE_IRR;
}

/** i82093_pins_of_vector - the pins that an EOI of @vector is for */
u32 i82093_pins_of_vector(const struct i82093 *io, u8 vector)
{
	u32 pins = 0;
	unsigned int pin;

	for (pin = 0; pin < I82093_PINS; pin++) {
		if ((io->entry[pin] & I82093_VECTOR) == vector)
			pins |= BIT(pin);
	}
	return pins;
}

/** i82093_eoi - an EOI for @pin. Return: it was in service, and must send again if asserted. */
bool i82093_eoi(struct i82093 *io, unsigned int pin)
{
	bool was = io->entry[pin] & I82093_REMOTE_IRR;

	io->entry[pin] &= ~I82093_REMOTE_IRR;
	return was;
}

/* ---- saved state ---- */

/** i82093_state_valid - can an I/O APIC be in this state? Its base address is not looked at. */
bool i82093_state_valid(const struct kvm_ioapic_state *state)
{
	unsigned int pin;
	u64 entry;

	if (state->ioregsel > U8_MAX || state->id > ID_MASK || state->irr >> I82093_PINS)
		return false;
	for (pin = 0; pin < I82093_PINS; pin++) {
		entry = state->redirtbl[pin].bits;
		if ((entry & I82093_RESERVED) ||
		    (entry & (I82093_LEVEL | I82093_REMOTE_IRR)) == I82093_REMOTE_IRR)
			return false;
	}
	return true;
}

/** i82093_save - the state for KVM_GET_IRQCHIP, but for the base address */
void i82093_save(const struct i82093 *io, struct kvm_ioapic_state *state)
{
	unsigned int pin;

	state->ioregsel = io->select;
	state->id = io->id;
	state->irr = io->lines;
	for (pin = 0; pin < I82093_PINS; pin++)
		state->redirtbl[pin].bits = io->entry[pin];
}

/**
 * i82093_restore - take over a valid state
 * @io: the I/O APIC
 * @state: of KVM_SET_IRQCHIP
 *
 * Messages are sent in an instant here, so that none is ever in the middle of it (delivery status).
 */
void i82093_restore(struct i82093 *io, const struct kvm_ioapic_state *state)
{
	unsigned int pin;

	io->select = state->ioregsel;
	io->id = state->id;
	io->lines = state->irr;
	for (pin = 0; pin < I82093_PINS; pin++)
		io->entry[pin] = state->redirtbl[pin].bits & ~I82093_DELIVS;
}
