/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8254 timer of a PC, without locks, timers or a VM: see i8254.c.
 */
#ifndef __KVM_I8254_H
#define __KVM_I8254_H

#include <linux/types.h>
#include <linux/kvm.h>

#define I8254_CHANNELS		3
#define I8254_HZ		1193182

/* kvm_pit_channel_state.mode of a counter that has not been given its control word */
#define I8254_UNPROGRAMMED	0xff

/**
 * struct i8254_channel - one counter
 * @s: as KVM_GET_PIT2 shows it. s.count: what is being counted down from, 1 … 65536, in binary in
 *   BCD mode too; 0 while the counter has a control word but no count. s.count_load_time: when that
 *   began, ns
 * @next_count: has been written and waits for @next_time, or for the gate; 0: none
 * @next_time: when it is loaded: the end of the period, or half-period, it was written in
 * @next_load: what count_load_time is from then on
 * @held: ns that had been counted when the gate stopped the counter
 */
struct i8254_channel {
	struct kvm_pit_channel_state s;
	u32 next_count;
	s64 next_time;
	s64 next_load;
	u64 held;
};

/** struct i8254 - the three counters and port 0x61's bit for the speaker */
struct i8254 {
	struct i8254_channel channel[I8254_CHANNELS];
	bool speaker_data;
};

/**
 * struct i8254_edges - when a counter's output rises
 * @first: the next time, ns, which may have passed; 0: never
 * @period: ns from one rise to the next; 0: there is only one
 */
struct i8254_edges {
	s64 first;
	u64 period;
};

void i8254_init(struct i8254 *pit, s64 now);
void i8254_write(struct i8254 *pit, unsigned int port, u8 val, s64 now);
u8 i8254_read(struct i8254 *pit, unsigned int port, s64 now);
void i8254_set_gate(struct i8254 *pit, unsigned int channel, bool gate, s64 now);
bool i8254_output(struct i8254 *pit, unsigned int channel, s64 now);
struct i8254_edges i8254_edges(const struct i8254 *pit, unsigned int channel, s64 now);
void i8254_speaker_write(struct i8254 *pit, u8 val, s64 now);
u8 i8254_speaker_read(struct i8254 *pit, s64 now);
bool i8254_state_valid(const struct kvm_pit_channel_state *state);
void i8254_save(struct i8254 *pit, unsigned int channel, struct kvm_pit_channel_state *state,
		s64 now);
void i8254_restore(struct i8254 *pit, unsigned int channel,
		   const struct kvm_pit_channel_state *state, s64 now);

#endif
