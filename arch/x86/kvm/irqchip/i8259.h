/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pair of 8259A interrupt controllers of a PC, without locks or a VM: see i8259.c.
 */
#ifndef __KVM_I8259_H
#define __KVM_I8259_H

#include <linux/types.h>
#include <linux/kvm.h>

/* The slave's INT output is the master's IR2. */
#define I8259_CASCADE		2
#define I8259_LINES		16

/**
 * struct i8259_pair - master, slave, and what leaves the two
 * @chip: each chip's latches, as KVM_GET_IRQCHIP shows them
 * @output: the master's INT pin
 * @acked: lines whose interrupt has ended (EOI, automatic EOI, or dropped by an initialization)
 *   since the owner last looked and cleared them
 */
struct i8259_pair {
	struct kvm_pic_state chip[2];
	bool output;
	u16 acked;
};

void i8259_init(struct i8259_pair *pair);
int i8259_set_line(struct i8259_pair *pair, unsigned int line, bool level);
u8 i8259_intack(struct i8259_pair *pair);
u8 i8259_read(struct i8259_pair *pair, u16 port);
void i8259_write(struct i8259_pair *pair, u16 port, u8 val);
bool i8259_state_valid(const struct kvm_pic_state *state, unsigned int chip);
void i8259_restore(struct i8259_pair *pair, unsigned int chip, const struct kvm_pic_state *state);

#endif
