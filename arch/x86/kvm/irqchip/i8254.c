// SPDX-License-Identifier: GPL-2.0-only
/*
 * The logic of the 8254 programmable interval timer: the data sheet (order number 231164), and port
 * 0x61 of the PC, which has counter 2's gate and output. Pure: pit.c owns the state, its lock and
 * the timer; tools/testing/unit/irqchip runs this file in userspace.
 *
 * Nothing ticks here: a counter is a count and the time at which counting it down began, and what
 * it shows is worked out when asked. A count that is written is loaded at once, where the chip
 * waits for the next clock pulse, less than a microsecond.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/time64.h>
#include "i8254.h"

/* Control word: data sheet, figure 7; read-back command: figure 10; status byte: figure 11. */
#define CW_BCD			BIT(0)
#define CW_MODE(cw)		((cw) >> 1 & 7)
#define CW_RW(cw)		((cw) >> 4 & 3)
#define CW_CHANNEL(cw)		((cw) >> 6)
#define READ_BACK_CHANNEL(n)	BIT((n) + 1)
#define READ_BACK_NO_STATUS	BIT(4)
#define READ_BACK_NO_COUNT	BIT(5)
#define STATUS_OUT		BIT(7)
#define STATUS_NULL_COUNT	BIT(6)

/*
 * rw_mode: which bytes are written and read. Also write_state, read_state and count_latched, where
 * WORD says that the least significant byte comes next, and MSB_OF_WORD the other.
 */
enum { LATCH, LSB, MSB, WORD, MSB_OF_WORD };

enum {
	TERMINAL_COUNT, ONE_SHOT, RATE_GENERATOR, SQUARE_WAVE, SOFTWARE_STROBE, HARDWARE_STROBE
};

#define PORT_CONTROL		3

/* Port 0x61: counter 2's gate, the speaker's data, the refresh toggle, counter 2's output */
#define SPEAKER_GATE		BIT(0)
#define SPEAKER_DATA		BIT(1)
#define SPEAKER_REFRESH		BIT(4)
#define SPEAKER_OUT		BIT(5)
#define REFRESH_NS		15085		/* counter 1 of the PC/AT: 18 clock pulses */

/* No count is loaded later than that: a restored time beyond is of another clock. */
#define LOAD_AHEAD_MAX		NSEC_PER_SEC

/* ---- time ---- */

static u64 ns_of_ticks(u32 ticks)
{
	return div_u64((u64)ticks * NSEC_PER_SEC + I8254_HZ / 2, I8254_HZ);
}

static u64 ticks_of_ns(u64 ns)
{
	return mul_u64_u32_div(ns, I8254_HZ, NSEC_PER_SEC);
}

static bool is_periodic(const struct i8254_channel *ch)
{
	return ch->s.mode == RATE_GENERATOR || ch->s.mode == SQUARE_WAVE;
}

/* Modes in which nothing happens before the gate rises (data sheet, figure 20). */
static bool is_triggered(const struct i8254_channel *ch)
{
	return ch->s.mode == ONE_SHOT || ch->s.mode == HARDWARE_STROBE;
}

/* A low gate stops the counter; in the triggered modes only its edge matters. */
static bool is_held(const struct i8254_channel *ch)
{
	return !ch->s.gate && !is_triggered(ch);
}

/* ns since counting began */
static u64 elapsed(const struct i8254_channel *ch, s64 now)
{
	if (is_held(ch))
		return ch->held;
	return now > ch->s.count_load_time ? now - ch->s.count_load_time : 0;
}

/* Clock pulses since counting, or the present period, began */
static u64 ticks(const struct i8254_channel *ch, s64 now)
{
	u64 ns = elapsed(ch, now), t;

	if (!is_periodic(ch))
		return ticks_of_ns(ns);
	div64_u64_rem(ns, ns_of_ticks(ch->s.count), &ns);
	t = ticks_of_ns(ns);
	/* The period is rounded to a ns. */
	return min_t(u64, t, ch->s.count - 1);
}

/* The square wave is high for the longer half of an odd count. */
static u32 high_ticks(u32 count)
{
	return (count + 1) / 2;
}

/* A count that was written during a period takes over when its time has come. */
static void settle(struct i8254_channel *ch, s64 now)
{
	if (!ch->next_count || is_triggered(ch) || now < ch->next_time)
		return;
	ch->s.count = ch->next_count;
	ch->s.count_load_time = ch->next_load;
	ch->next_count = 0;
}

/* ---- counter and output ---- */

static u32 to_bcd(u32 n)
{
	return n % 10 | n / 10 % 10 << 4 | n / 100 % 10 << 8 | n / 1000 % 10 << 12;
}

static u32 from_bcd(u32 bcd)
{
	return (bcd & 0xf) + (bcd >> 4 & 0xf) * 10 + (bcd >> 8 & 0xf) * 100 + (bcd >> 12) * 1000;
}

/* The counting element, as a latch command or a read sees it. */
static u16 counter_value(const struct i8254_channel *ch, s64 now)
{
	u32 n = ch->s.count, modulus = ch->s.bcd ? 10000 : 0x10000, high;
	u64 t;

	if (!n)
		return 0;
	t = ticks(ch, now);
	switch (ch->s.mode) {
	case RATE_GENERATOR:
		n -= t;
		break;
	case SQUARE_WAVE:
		/* by two in either half, an odd count less one (data sheet, mode 3) */
		high = high_ticks(n);
		n = (n & ~1u) - 2 * (t < high ? t : t - high);
		break;
	default:
		/* beyond zero it goes on with the highest count */
		div64_u64_rem(t, modulus, &t);
		n = n % modulus + modulus - t;
		break;
	}
	n %= modulus;
	return ch->s.bcd ? to_bcd(n) : n;
}

static bool channel_output(const struct i8254_channel *ch, s64 now)
{
	u32 n = ch->s.count;
	u64 t;

	if (ch->s.mode == I8254_UNPROGRAMMED)
		return false;
	if (!n)
		return ch->s.mode != TERMINAL_COUNT;
	t = ticks(ch, now);
	switch (ch->s.mode) {
	case TERMINAL_COUNT:
	case ONE_SHOT:
		return t >= n;
	case RATE_GENERATOR:
		return is_held(ch) || t != n - 1;
	case SQUARE_WAVE:
		return is_held(ch) || t < high_ticks(n);
	default:
		return t != n;		/* a strobe of one pulse */
	}
}

/** i8254_output - is the counter's OUT high? */
bool i8254_output(struct i8254 *pit, unsigned int channel, s64 now)
{
	settle(&pit->channel[channel], now);
	return channel_output(&pit->channel[channel], now);
}

/* Rises of a periodic output: at the loading time and each period after it, from @from on. */
static struct i8254_edges periodic_edges(s64 load, u32 count, s64 from)
{
	u64 period = ns_of_ticks(count), past = 0;

	if (from > load)
		past = div64_u64(from - load + period - 1, period);
	return (struct i8254_edges) { .first = load + past * period, .period = period };
}

/**
 * i8254_edges - when does a counter's OUT rise?
 * @pit: the timer
 * @channel: one whose gate never rises: in the modes that wait for that there is no edge
 * @now: ns
 *
 * After one rise in modes 0 and 4 there is no other, and the caller knows whether it has seen it.
 */
struct i8254_edges i8254_edges(const struct i8254 *pit, unsigned int channel, s64 now)
{
	const struct i8254_channel *ch = &pit->channel[channel];
	u32 n = ch->s.count;

	if (!n || is_held(ch) || is_triggered(ch) || ch->s.mode == I8254_UNPROGRAMMED)
		return (struct i8254_edges) {};
	if (is_periodic(ch)) {
		if (ch->next_count)
			return periodic_edges(ch->next_load, ch->next_count,
					      max(ch->next_time, now));
		return periodic_edges(ch->s.count_load_time, n, now + 1);
	}
	if (ch->s.mode == SOFTWARE_STROBE)
		n++;
	return (struct i8254_edges) { .first = ch->s.count_load_time + ns_of_ticks(n) };
}

/* ---- loading a count ---- */

/* In the middle of a period: it ends as it began (data sheet, modes 2 and 3). */
static void load_later(struct i8254_channel *ch, u32 count, s64 now)
{
	u64 period = ns_of_ticks(ch->s.count), high = ns_of_ticks(high_ticks(ch->s.count)), in;
	s64 begin;

	div64_u64_rem(elapsed(ch, now), period, &in);
	begin = now - in;
	ch->next_count = count;
	ch->next_time = begin + period;
	ch->next_load = ch->next_time;
	if (ch->s.mode == SQUARE_WAVE && in < high) {
		/* Its high half is over then: the low half is the new count's. */
		ch->next_time = begin + high;
		ch->next_load = ch->next_time - ns_of_ticks(high_ticks(count));
	}
}

static void load_now(struct i8254_channel *ch, u32 count, s64 now)
{
	ch->s.count = count;
	ch->s.count_load_time = now;
	ch->next_count = 0;
	ch->held = 0;
}

/* All of a count has been written. */
static void load(struct i8254_channel *ch, u16 val, s64 now)
{
	u32 count = ch->s.bcd ? from_bcd(val) : val;

	if (!count)
		count = ch->s.bcd ? 10000 : 0x10000;
	settle(ch, now);
	if (is_triggered(ch) && ch->s.count) {
		ch->next_count = count;
	} else if (is_triggered(ch)) {
		/* No trigger yet looks as if the last one were long over: OUT is high. */
		load_now(ch, count, now - ns_of_ticks(count + 2));
	} else if (is_periodic(ch) && ch->s.count && !is_held(ch)) {
		load_later(ch, count, now);
	} else {
		load_now(ch, count, now);
	}
}

/**
 * i8254_set_gate - a counter's GATE moves (data sheet, figure 20)
 * @pit: the timer
 * @channel: 0 … 2
 * @gate: high
 * @now: ns
 */
void i8254_set_gate(struct i8254 *pit, unsigned int channel, bool gate, s64 now)
{
	struct i8254_channel *ch = &pit->channel[channel];
	u64 passed;

	settle(ch, now);
	if (gate == ch->s.gate)
		return;
	passed = elapsed(ch, now);
	ch->s.gate = gate;
	if (!ch->s.count)
		return;
	if (gate && (is_triggered(ch) || is_periodic(ch)))
		load_now(ch, ch->next_count ?: ch->s.count, now);
	else if (gate)
		ch->s.count_load_time = now - passed;
	else if (is_periodic(ch))
		load_now(ch, ch->next_count ?: ch->s.count, now);
	else if (!is_triggered(ch))
		ch->held = passed;
}

/* ---- ports ---- */

static void latch_count(struct i8254_channel *ch, s64 now)
{
	settle(ch, now);
	/* A second latch before the first was read changes nothing. */
	if (ch->s.count_latched)
		return;
	ch->s.latched_count = counter_value(ch, now);
	ch->s.count_latched = ch->s.rw_mode;
}

static void latch_status(struct i8254_channel *ch, s64 now)
{
	settle(ch, now);
	if (ch->s.status_latched)
		return;
	ch->s.status = (channel_output(ch, now) ? STATUS_OUT : 0) |
		       (!ch->s.count || ch->next_count ? STATUS_NULL_COUNT : 0) |
		       ch->s.rw_mode << 4 | (ch->s.mode & 7) << 1 | ch->s.bcd;
	ch->s.status_latched = 1;
}

static void read_back(struct i8254 *pit, u8 cw, s64 now)
{
	unsigned int i;

	for (i = 0; i < I8254_CHANNELS; i++) {
		if (!(cw & READ_BACK_CHANNEL(i)))
			continue;
		if (!(cw & READ_BACK_NO_COUNT))
			latch_count(&pit->channel[i], now);
		if (!(cw & READ_BACK_NO_STATUS))
			latch_status(&pit->channel[i], now);
	}
}

/* A control word: the counter stops, and what was latched is gone. */
static void program(struct i8254_channel *ch, u8 cw)
{
	u8 mode = CW_MODE(cw);

	ch->s.rw_mode = CW_RW(cw);
	ch->s.read_state = ch->s.rw_mode;
	ch->s.write_state = ch->s.rw_mode;
	ch->s.mode = mode > HARDWARE_STROBE ? mode & 3 : mode;
	ch->s.bcd = cw & CW_BCD;
	ch->s.count_latched = 0;
	ch->s.status_latched = 0;
	ch->s.count = 0;
	ch->next_count = 0;
	ch->held = 0;
}

static void write_control(struct i8254 *pit, u8 cw, s64 now)
{
	if (CW_CHANNEL(cw) == I8254_CHANNELS)
		read_back(pit, cw, now);
	else if (CW_RW(cw) == LATCH)
		latch_count(&pit->channel[CW_CHANNEL(cw)], now);
	else
		program(&pit->channel[CW_CHANNEL(cw)], cw);
}

static void write_count(struct i8254_channel *ch, u8 val, s64 now)
{
	switch (ch->s.write_state) {
	case LSB:
		load(ch, val, now);
		break;
	case MSB:
		load(ch, val << 8, now);
		break;
	case WORD:
		ch->s.write_latch = val;
		ch->s.write_state = MSB_OF_WORD;
		/* "Writing the first byte disables counting" (data sheet, mode 0). */
		if (ch->s.mode == TERMINAL_COUNT)
			ch->s.count = 0;
		break;
	case MSB_OF_WORD:
		load(ch, ch->s.write_latch | val << 8, now);
		ch->s.write_state = WORD;
		break;
	}
}

/**
 * i8254_write - OUT
 * @pit: the timer
 * @port: 0 … 2: a counter, 3: the control word
 * @val: the byte
 * @now: ns
 */
void i8254_write(struct i8254 *pit, unsigned int port, u8 val, s64 now)
{
	if (port == PORT_CONTROL)
		write_control(pit, val, now);
	else
		write_count(&pit->channel[port], val, now);
}

/* One byte of a word by @state, which moves on. */
static u8 read_byte(u16 val, u8 *state)
{
	switch (*state) {
	case LSB:
		return val;
	case MSB:
		return val >> 8;
	case WORD:
		*state = MSB_OF_WORD;
		return val;
	case MSB_OF_WORD:
		*state = WORD;
		return val >> 8;
	default:
		return 0;
	}
}

static u8 read_latched(struct i8254_channel *ch)
{
	u8 val = read_byte(ch->s.latched_count, &ch->s.count_latched);

	if (ch->s.count_latched != MSB_OF_WORD)
		ch->s.count_latched = 0;
	return val;
}

/** i8254_read - IN; of the control word's port the data lines stay in their third state */
u8 i8254_read(struct i8254 *pit, unsigned int port, s64 now)
{
	struct i8254_channel *ch;

	if (port == PORT_CONTROL)
		return 0xff;
	ch = &pit->channel[port];
	settle(ch, now);
	if (ch->s.status_latched) {
		ch->s.status_latched = 0;
		return ch->s.status;
	}
	if (ch->s.count_latched)
		return read_latched(ch);
	return read_byte(counter_value(ch, now), &ch->s.read_state);
}

/** i8254_speaker_write - OUT to port 0x61 */
void i8254_speaker_write(struct i8254 *pit, u8 val, s64 now)
{
	pit->speaker_data = val & SPEAKER_DATA;
	i8254_set_gate(pit, 2, val & SPEAKER_GATE, now);
}

/** i8254_speaker_read - IN from port 0x61 */
u8 i8254_speaker_read(struct i8254 *pit, s64 now)
{
	u8 val = 0;

	if (pit->channel[2].s.gate)
		val |= SPEAKER_GATE;
	if (pit->speaker_data)
		val |= SPEAKER_DATA;
	if (div_u64(now, REFRESH_NS) & 1)
		val |= SPEAKER_REFRESH;
	if (i8254_output(pit, 2, now))
		val |= SPEAKER_OUT;
	return val;
}

/* ---- life and saved state ---- */

/** i8254_init - power on: the board ties the gates of counters 0 and 1 high */
void i8254_init(struct i8254 *pit, s64 now)
{
	unsigned int i;

	memset(pit, 0, sizeof(*pit));
	for (i = 0; i < I8254_CHANNELS; i++) {
		pit->channel[i].s.mode = I8254_UNPROGRAMMED;
		pit->channel[i].s.gate = i != 2;
		pit->channel[i].s.count_load_time = now;
	}
}

/** i8254_state_valid - can a counter be in this state? */
bool i8254_state_valid(const struct kvm_pit_channel_state *state)
{
	if (state->count > 0x10000 || state->bcd > 1 || state->gate > 1 ||
	    state->status_latched > 1)
		return false;
	if (state->mode > HARDWARE_STROBE && state->mode != I8254_UNPROGRAMMED)
		return false;
	return state->rw_mode <= WORD && state->read_state <= MSB_OF_WORD &&
	       state->write_state <= MSB_OF_WORD && state->count_latched <= MSB_OF_WORD;
}

/**
 * i8254_save - a counter's state for KVM_GET_PIT2
 * @pit: the timer
 * @channel: 0 … 2
 * @state: out
 * @now: ns
 *
 * A count that waits for its turn is shown as the one that counts from then on; a counter that the
 * gate holds, as one that began as long ago as it has counted.
 */
void i8254_save(struct i8254 *pit, unsigned int channel, struct kvm_pit_channel_state *state,
		s64 now)
{
	struct i8254_channel *ch = &pit->channel[channel];

	settle(ch, now);
	*state = ch->s;
	if (is_held(ch) && ch->s.count)
		state->count_load_time = now - ch->held;
	if (!ch->next_count)
		return;
	state->count = ch->next_count;
	if (!is_triggered(ch))
		state->count_load_time = ch->next_load;
}

/** i8254_restore - KVM_SET_PIT2: take over a valid state; a time of another clock becomes now */
void i8254_restore(struct i8254 *pit, unsigned int channel,
		   const struct kvm_pit_channel_state *state, s64 now)
{
	struct i8254_channel *ch = &pit->channel[channel];

	*ch = (struct i8254_channel) { .s = *state };
	if (state->count_load_time < 0 || state->count_load_time > now + LOAD_AHEAD_MAX)
		ch->s.count_load_time = now;
	if (is_held(ch))
		ch->held = max_t(s64, now - ch->s.count_load_time, 0);
}
