/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers of an I/O APIC, without locks or a VM: see i82093.c.
 */
#ifndef __KVM_I82093_H
#define __KVM_I82093_H

#include <linux/types.h>
#include <linux/kvm.h>

#define I82093_PINS		24

/* Offsets in its page: data sheet, 3.1; the EOI register came with version 0x20. */
#define I82093_IOREGSEL		0x00
#define I82093_IOWIN		0x10
#define I82093_EOI		0x40

/* A redirection entry: data sheet, 3.2.4. */
#define I82093_VECTOR		0x00000000000000ffull
#define I82093_DELMOD_SHIFT	8
#define I82093_DESTMOD		BIT_ULL(11)
#define I82093_DELIVS		BIT_ULL(12)
#define I82093_POLARITY		BIT_ULL(13)
#define I82093_REMOTE_IRR	BIT_ULL(14)
#define I82093_LEVEL		BIT_ULL(15)
#define I82093_MASK		BIT_ULL(16)
#define I82093_DEST_SHIFT	56
#define I82093_RESERVED		0x00fffffffffe0000ull

/**
 * struct i82093 - one I/O APIC
 * @select: IOREGSEL
 * @id: bits 27:24 of the ID register
 * @lines: levels of the input pins, 1 asserted whatever the polarity
 * @entry: the redirection table
 */
struct i82093 {
	u8 select;
	u8 id;
	u32 lines;
	u64 entry[I82093_PINS];
};

void i82093_init(struct i82093 *io);
u32 i82093_read(const struct i82093 *io, u32 offset);
int i82093_write(struct i82093 *io, u32 offset, u32 val, u64 *old);
bool i82093_is_level(u64 entry);
bool i82093_set_line(struct i82093 *io, unsigned int pin, bool level);
bool i82093_must_send(const struct i82093 *io, unsigned int pin);
void i82093_accepted(struct i82093 *io, unsigned int pin);
u32 i82093_pins_of_vector(const struct i82093 *io, u8 vector);
bool i82093_eoi(struct i82093 *io, unsigned int pin);
bool i82093_state_valid(const struct kvm_ioapic_state *state);
void i82093_save(const struct i82093 *io, struct kvm_ioapic_state *state);
void i82093_restore(struct i82093 *io, const struct kvm_ioapic_state *state);

#endif
