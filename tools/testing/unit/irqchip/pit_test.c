// SPDX-License-Identifier: GPL-2.0-only
/*
 * i8254.c against the 8254 data sheet. Time is in clock pulses after START, and looked at in the
 * middle of a pulse, so that rounding to ns does not matter.
 */
#include <string.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <unit_test.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include "i8254.h"

#define START	1000000000000ll

/* Where a pulse begins: things are done there … */
static s64 on(u64 ticks)
{
	return START + (s64)((unsigned __int128)ticks * NSEC_PER_SEC / I8254_HZ);
}

/* … and its middle, where they are looked at. */
static s64 at(u64 ticks)
{
	return on(ticks) + 400;
}

/* A counter in @mode that began to count @count at START, as it is written: 0 is the highest. */
static struct i8254 counter(unsigned int channel, unsigned int mode, bool bcd, u16 count)
{
	struct i8254 pit;

	i8254_init(&pit, START);
	if (channel == 2)
		i8254_set_gate(&pit, 2, mode != 1 && mode != 5, START);
	i8254_write(&pit, 3, channel << 6 | 0x30 | mode << 1 | bcd, START);
	i8254_write(&pit, channel, count, START);
	i8254_write(&pit, channel, count >> 8, START);
	if (channel == 2)
		i8254_set_gate(&pit, 2, true, START);
	return pit;
}

static u16 read_word(struct i8254 *pit, unsigned int channel, s64 now)
{
	u16 low = i8254_read(pit, channel, now);

	return low | i8254_read(pit, channel, now) << 8;
}

static u16 value_at(const struct i8254 *pit, unsigned int channel, u64 ticks)
{
	struct i8254 copy = *pit;

	return read_word(&copy, channel, at(ticks));
}

TEST(test_pit_output, "8254: OUT in modes 0 to 5 against the data sheet")
{
	/* OUT pulse by pulse from the load on, and what repeats behind it (figures 15 to 20) */
	static const struct {
		u8 mode;
		u16 count;
		const char *out;
	} cases[] = {
		{ 0, 4, "0000111111111111" },
		{ 1, 4, "0000111111111111" },
		{ 2, 3, "110110110110110110" },
		{ 2, 4, "111011101110" },
		{ 3, 4, "110011001100" },
		{ 3, 5, "111001110011100" },
		{ 3, 2, "101010" },
		{ 4, 3, "1110111111111111" },
		{ 5, 3, "1110111111111111" },
	};
	struct i8254 pit;
	unsigned int i, t;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pit = counter(2, cases[i].mode, false, cases[i].count);
		for (t = 0; cases[i].out[t]; t++)
			EXPECT(i8254_output(&pit, 2, at(t)) == (cases[i].out[t] == '1'),
			       "case %u, pulse %u", i, t);
	}
	/* After the control word, before the count: low in mode 0, else high. */
	for (i = 0; i < 6; i++) {
		i8254_init(&pit, START);
		i8254_write(&pit, 3, 0x30 | i << 1, START);
		EXPECT(i8254_output(&pit, 0, at(5)) == !!i, "mode %u", i);
	}
	/* Modes 6 and 7 are 2 and 3: X is a don't care. */
	pit = counter(0, 7, false, 4);
	EXPECT(pit.channel[0].s.mode == 3, "mode %u", pit.channel[0].s.mode);
	pit = counter(0, 6, false, 4);
	EXPECT(pit.channel[0].s.mode == 2, "mode %u", pit.channel[0].s.mode);
}

TEST(test_pit_count, "8254: the counter in modes 0 to 5, binary and BCD")
{
	static const struct {
		u8 mode, bcd;
		u16 count;
		u32 ticks;
		u16 value;
	} cases[] = {
		{ 0, 0, 4, 0, 4 }, { 0, 0, 4, 3, 1 }, { 0, 0, 4, 4, 0 }, { 0, 0, 4, 5, 0xffff },
		{ 0, 0, 4, 4 + 65536, 0 }, { 0, 1, 0x4, 5, 0x9999 }, { 0, 1, 0x1234, 235, 0x0999 },
		{ 0, 0, 0, 0, 0 }, { 0, 0, 0, 1, 0xffff }, { 0, 0, 0, 65535, 1 },
		{ 0, 1, 0, 0, 0 }, { 0, 1, 0, 1, 0x9999 }, { 0, 1, 0, 9999, 1 },
		{ 1, 0, 4, 2, 2 }, { 1, 0, 4, 5, 0xffff },
		{ 2, 0, 3, 0, 3 }, { 2, 0, 3, 2, 1 }, { 2, 0, 3, 3, 3 }, { 2, 0, 3, 3001, 2 },
		{ 2, 0, 0, 65535, 1 }, { 2, 0, 0, 65536, 0 }, { 2, 1, 0x10, 10, 0x10 },
		{ 2, 1, 0x10, 9, 1 }, { 2, 1, 0, 10000, 0 }, { 2, 1, 0, 9999, 1 },
		{ 3, 0, 4, 0, 4 }, { 3, 0, 4, 1, 2 }, { 3, 0, 4, 2, 4 }, { 3, 0, 4, 3, 2 },
		{ 3, 0, 5, 0, 4 }, { 3, 0, 5, 1, 2 }, { 3, 0, 5, 2, 0 }, { 3, 0, 5, 3, 4 },
		{ 3, 0, 5, 4, 2 }, { 3, 0, 5, 5, 4 }, { 3, 1, 0x12, 1, 0x10 },
		{ 4, 0, 3, 1, 2 }, { 4, 0, 3, 3, 0 }, { 4, 0, 3, 4, 0xffff },
		{ 5, 0, 3, 1, 2 }, { 5, 0, 3, 4, 0xffff },
	};
	struct i8254 pit;
	unsigned int i;
	u16 value;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pit = counter(2, cases[i].mode, cases[i].bcd, cases[i].count);
		value = value_at(&pit, 2, cases[i].ticks);
		EXPECT(value == cases[i].value, "case %u: %#x, not %#x", i, value, cases[i].value);
	}
}

TEST(test_pit_access, "8254: one byte, the other, both")
{
	struct i8254 pit;

	/* least significant byte only */
	i8254_init(&pit, START);
	i8254_write(&pit, 3, 0x14, START);
	i8254_write(&pit, 0, 0x90, START);
	EXPECT(pit.channel[0].s.count == 0x90, "%#x", pit.channel[0].s.count);
	EXPECT(i8254_read(&pit, 0, at(1)) == 0x8f && i8254_read(&pit, 0, at(2)) == 0x8e, "LSB");
	/* most significant only */
	i8254_write(&pit, 3, 0x24, START);
	i8254_write(&pit, 0, 0x90, START);
	EXPECT(pit.channel[0].s.count == 0x9000, "%#x", pit.channel[0].s.count);
	EXPECT(i8254_read(&pit, 0, at(1)) == 0x8f && i8254_read(&pit, 0, at(1)) == 0x8f, "MSB");
	/* a count of 0 by one byte is the highest too */
	i8254_write(&pit, 3, 0x14, START);
	i8254_write(&pit, 0, 0, START);
	EXPECT(pit.channel[0].s.count == 65536, "%#x", pit.channel[0].s.count);
	/* both: reads and writes take turns by themselves */
	i8254_write(&pit, 3, 0x34, START);
	i8254_write(&pit, 0, 0x34, START);
	EXPECT(!pit.channel[0].s.count, "loaded by half: %#x", pit.channel[0].s.count);
	EXPECT(i8254_read(&pit, 0, START) == 0, "before the count");
	i8254_write(&pit, 0, 0x12, START);
	EXPECT(pit.channel[0].s.count == 0x1234, "%#x", pit.channel[0].s.count);
	EXPECT(i8254_read(&pit, 0, START) == 0x12, "the other half");
	EXPECT(read_word(&pit, 0, START) == 0x1234, "in turn");
	/* mode 0: the first byte stops it, and OUT falls */
	pit = counter(0, 0, false, 2);
	EXPECT(i8254_output(&pit, 0, at(3)), "OUT");
	i8254_write(&pit, 0, 9, on(3));
	EXPECT(!i8254_output(&pit, 0, at(20)), "OUT");
	/* unprogrammed: nothing */
	i8254_init(&pit, START);
	i8254_write(&pit, 0, 9, START);
	EXPECT(!pit.channel[0].s.count && !i8254_read(&pit, 0, at(3)), "unprogrammed");
	/* no read of the control register */
	EXPECT(i8254_read(&pit, 3, at(3)) == 0xff, "control");
}

TEST(test_pit_latches, "8254: counter latch, read-back, status byte")
{
	struct i8254 pit = counter(0, 2, false, 1000);

	/* The latch stays, a second one changes nothing, both bytes are of one time. */
	i8254_write(&pit, 3, 0x00, at(10));
	i8254_write(&pit, 3, 0x00, at(20));
	EXPECT(i8254_read(&pit, 0, at(30)) == (990 & 0xff), "low");
	i8254_write(&pit, 3, 0x00, at(35));
	EXPECT(i8254_read(&pit, 0, at(400)) == 990 >> 8, "high");
	EXPECT(read_word(&pit, 0, at(500)) == 500, "counts on");
	/* read-back of counts 0 and 2 */
	pit.channel[2] = counter(2, 2, false, 500).channel[2];
	i8254_write(&pit, 3, 0xda, at(100));
	EXPECT(read_word(&pit, 0, at(777)) == 900 && read_word(&pit, 2, at(777)) == 400, "counts");
	/* status comes first, then the count; each once */
	i8254_write(&pit, 3, 0xc2, at(100));
	EXPECT(i8254_read(&pit, 0, at(200)) == 0xb4, "status");
	EXPECT(read_word(&pit, 0, at(200)) == 900, "count");
	EXPECT(read_word(&pit, 0, at(200)) == 800, "counts on");
	/* null count: after the control word until the count, and while a new one waits */
	i8254_write(&pit, 3, 0x36, on(300));
	i8254_write(&pit, 3, 0xe2, at(300));
	EXPECT(i8254_read(&pit, 0, at(300)) == 0xf6, "null count");
	i8254_write(&pit, 0, 100, on(300));
	i8254_write(&pit, 0, 0, on(300));
	i8254_write(&pit, 3, 0xe2, at(301));
	EXPECT(i8254_read(&pit, 0, at(301)) == 0xb6, "loaded");
	i8254_write(&pit, 0, 10, on(310));
	i8254_write(&pit, 0, 0, on(310));
	i8254_write(&pit, 3, 0xe2, at(311));
	EXPECT(i8254_read(&pit, 0, at(311)) == 0xf6, "waits");
	i8254_write(&pit, 3, 0xe2, at(360));
	EXPECT(!(i8254_read(&pit, 0, at(360)) & 0x40), "has come");
	/* a control word forgets what was latched */
	i8254_write(&pit, 3, 0xc2, at(400));
	i8254_write(&pit, 3, 0x34, on(400));
	i8254_write(&pit, 0, 7, on(400));
	i8254_write(&pit, 0, 0, on(400));
	EXPECT(read_word(&pit, 0, at(400)) == 7, "latched still");
	/* LSB only: one byte is all of the latch */
	i8254_write(&pit, 3, 0x14, on(400));
	i8254_write(&pit, 0, 200, on(400));
	i8254_write(&pit, 3, 0x00, at(410));
	EXPECT(i8254_read(&pit, 0, at(420)) == 190 && i8254_read(&pit, 0, at(420)) == 180, "LSB");
}

TEST(test_pit_gate, "8254: the gate, low and rising")
{
	struct i8254 pit;
	unsigned int mode;

	/* Modes 0 and 4: low stops, high goes on. */
	for (mode = 0; mode <= 4; mode += 4) {
		pit = counter(2, mode, false, 100);
		i8254_set_gate(&pit, 2, false, at(30));
		EXPECT(value_at(&pit, 2, 5000) == 70, "mode %u: %u", mode, value_at(&pit, 2, 5000));
		i8254_set_gate(&pit, 2, true, on(5000));
		EXPECT(value_at(&pit, 2, 5010) == 60, "mode %u: %u", mode, value_at(&pit, 2, 5010));
		EXPECT(i8254_output(&pit, 2, at(5069)) == (mode == 4), "mode %u", mode);
		EXPECT(i8254_output(&pit, 2, at(5070)) == (mode == 0), "mode %u", mode);
		EXPECT(i8254_output(&pit, 2, at(5071)), "mode %u", mode);
	}
	/* Modes 2 and 3: low stops and sets OUT, a rise begins anew. */
	for (mode = 2; mode <= 3; mode++) {
		pit = counter(2, mode, false, 100);
		i8254_set_gate(&pit, 2, false, on(99));
		EXPECT(i8254_output(&pit, 2, at(99)), "mode %u", mode);
		i8254_set_gate(&pit, 2, true, on(5000));
		EXPECT(value_at(&pit, 2, 5000) == 100, "mode %u", mode);
		EXPECT(i8254_output(&pit, 2, at(5098)) == (mode == 2), "mode %u", mode);
		EXPECT(!i8254_output(&pit, 2, at(5099)), "mode %u", mode);
	}
	/* Modes 1 and 5: nothing before the rise, and each rise begins anew. */
	for (mode = 1; mode <= 5; mode += 4) {
		i8254_init(&pit, START);
		i8254_write(&pit, 3, 0x90 | mode << 1, START);
		i8254_write(&pit, 2, 50, START);
		EXPECT(i8254_output(&pit, 2, at(10)) && i8254_output(&pit, 2, at(50)), "mode %u",
		       mode);
		i8254_set_gate(&pit, 2, true, on(100));
		EXPECT(i8254_output(&pit, 2, at(149)) == (mode == 5), "mode %u", mode);
		i8254_set_gate(&pit, 2, false, on(120));
		i8254_set_gate(&pit, 2, true, on(130));
		EXPECT(i8254_output(&pit, 2, at(179)) == (mode == 5), "mode %u", mode);
		EXPECT(i8254_output(&pit, 2, at(180)) == (mode == 1), "mode %u", mode);
		EXPECT(i8254_output(&pit, 2, at(181)), "mode %u", mode);
	}
}

/* The figures' third waveforms. */
TEST(test_pit_new_count, "8254: a count written while another one counts")
{
	struct i8254 pit;

	/* mode 0: at once */
	pit = counter(0, 0, false, 100);
	i8254_write(&pit, 0, 20, on(50));
	i8254_write(&pit, 0, 0, on(50));
	EXPECT(!i8254_output(&pit, 0, at(69)) && i8254_output(&pit, 0, at(71)), "mode 0");
	/* mode 2: after the period */
	pit = counter(0, 2, false, 100);
	i8254_write(&pit, 0, 20, on(250));
	i8254_write(&pit, 0, 0, on(250));
	EXPECT(value_at(&pit, 0, 290) == 10, "mode 2: %u", value_at(&pit, 0, 290));
	EXPECT(!i8254_output(&pit, 0, at(299)) && i8254_output(&pit, 0, at(300)), "mode 2");
	EXPECT(value_at(&pit, 0, 310) == 10, "mode 2: %u", value_at(&pit, 0, 310));
	EXPECT(value_at(&pit, 0, 325) == 15, "mode 2: %u", value_at(&pit, 0, 325));
	/* mode 3: after the half, of which this is the first */
	pit = counter(0, 3, false, 100);
	i8254_write(&pit, 0, 20, on(210));
	i8254_write(&pit, 0, 0, on(210));
	EXPECT(i8254_output(&pit, 0, at(249)) && !i8254_output(&pit, 0, at(250)), "mode 3");
	EXPECT(!i8254_output(&pit, 0, at(259)) && i8254_output(&pit, 0, at(260)), "mode 3");
	EXPECT(i8254_output(&pit, 0, at(269)) && !i8254_output(&pit, 0, at(270)), "mode 3");
	/* and this the second */
	pit = counter(0, 3, false, 100);
	i8254_write(&pit, 0, 20, on(260));
	i8254_write(&pit, 0, 0, on(260));
	EXPECT(!i8254_output(&pit, 0, at(299)) && i8254_output(&pit, 0, at(300)), "mode 3");
	EXPECT(i8254_output(&pit, 0, at(309)) && !i8254_output(&pit, 0, at(310)), "mode 3");
	/* mode 1: the shot in flight is not affected, the next trigger is */
	pit = counter(2, 1, false, 100);
	i8254_write(&pit, 2, 20, on(50));
	i8254_write(&pit, 2, 0, on(50));
	EXPECT(!i8254_output(&pit, 2, at(99)) && i8254_output(&pit, 2, at(100)), "mode 1");
	i8254_set_gate(&pit, 2, false, on(200));
	i8254_set_gate(&pit, 2, true, on(210));
	EXPECT(!i8254_output(&pit, 2, at(229)) && i8254_output(&pit, 2, at(230)), "mode 1");
	/* mode 4: at once */
	pit = counter(2, 4, false, 100);
	i8254_write(&pit, 2, 20, on(50));
	i8254_write(&pit, 2, 0, on(50));
	EXPECT(!i8254_output(&pit, 2, at(70)) && i8254_output(&pit, 2, at(100)), "mode 4");
	/* mode 2 with the gate low: when it rises */
	pit = counter(2, 2, false, 100);
	i8254_set_gate(&pit, 2, false, on(50));
	i8254_write(&pit, 2, 20, on(60));
	i8254_write(&pit, 2, 0, on(60));
	i8254_set_gate(&pit, 2, true, on(1000));
	EXPECT(value_at(&pit, 2, 1005) == 15, "mode 2: %u", value_at(&pit, 2, 1005));
}

static bool near(s64 a, s64 b)
{
	return a - b <= 1000 && b - a <= 1000;
}

TEST(test_pit_edges, "8254: when OUT rises")
{
	static const struct {
		u8 mode;
		u64 now, first, period;		/* 0: none */
	} cases[] = {
		{ 0, 0, 100, 0 }, { 0, 500, 100, 0 }, { 1, 0, 0, 0 }, { 2, 0, 100, 100 },
		{ 2, 250, 300, 100 }, { 3, 0, 100, 100 }, { 3, 60, 100, 100 }, { 4, 0, 101, 0 },
		{ 5, 0, 0, 0 }, { 2, 99950, 100000, 100 },
	};
	struct i8254_edges e;
	struct i8254 pit;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		pit = counter(0, cases[i].mode, false, 100);
		e = i8254_edges(&pit, 0, at(cases[i].now));
		EXPECT(cases[i].first ? near(e.first, at(cases[i].first)) : !e.first,
		       "case %u: first %lld", i, (long long)(e.first - START));
		EXPECT(near(e.period, cases[i].period * NSEC_PER_SEC / I8254_HZ),
		       "case %u: period", i);
	}
	i8254_init(&pit, START);
	EXPECT(!i8254_edges(&pit, 0, START).first, "unprogrammed");
	i8254_write(&pit, 3, 0x34, START);
	EXPECT(!i8254_edges(&pit, 0, START).first, "no count");
	pit = counter(0, 2, false, 100);
	i8254_write(&pit, 0, 20, on(250));
	i8254_write(&pit, 0, 0, on(250));
	e = i8254_edges(&pit, 0, at(250));
	EXPECT(near(e.first, at(300)) && near(e.period, 20 * NSEC_PER_SEC / I8254_HZ), "new count");
	pit = counter(0, 3, false, 100);
	i8254_write(&pit, 0, 20, on(210));
	i8254_write(&pit, 0, 0, on(210));
	e = i8254_edges(&pit, 0, at(210));
	EXPECT(near(e.first, at(260)), "new count in the high half: %lld",
	       (long long)(e.first - START));
}

TEST(test_pit_speaker, "8254: port 0x61")
{
	struct i8254 pit = counter(2, 3, false, 100);
	unsigned int toggles = 0, i;
	u8 was = 0, now;

	EXPECT((i8254_speaker_read(&pit, at(10)) & ~0x10) == 0x21, "gate and OUT");
	EXPECT((i8254_speaker_read(&pit, at(60)) & ~0x10) == 0x01, "gate");
	i8254_speaker_write(&pit, 0x02, on(60));
	EXPECT((i8254_speaker_read(&pit, at(70)) & ~0x10) == 0x22, "data, OUT held high");
	i8254_speaker_write(&pit, 0xff, on(80));
	EXPECT((i8254_speaker_read(&pit, at(140)) & ~0x10) == 0x03, "both");
	/* 66,287 times a second */
	for (i = 0; i < 1000000; i += 500) {
		now = i8254_speaker_read(&pit, START + i) & 0x10;
		toggles += i && now != was;
		was = now;
	}
	EXPECT(toggles >= 65 && toggles <= 67, "%u toggles a ms", toggles);
}

TEST(test_pit_state, "8254: state, valid and impossible, there and back")
{
	struct kvm_pit_channel_state state, good = {
		.count = 65536, .latched_count = 0xffff, .count_latched = 4, .status_latched = 1,
		.status = 0xff, .read_state = 4, .write_state = 4, .write_latch = 0xff,
		.rw_mode = 3,
		.mode = 5, .bcd = 1, .gate = 1, .count_load_time = START,
	};
	static const struct {
		size_t at;
		u8 max;
	} bytes[] = {
#define BYTE(field, max) { offsetof(struct kvm_pit_channel_state, field), max }
		BYTE(count_latched, 4), BYTE(status_latched, 1), BYTE(status, 255),
		BYTE(read_state, 4), BYTE(write_state, 4), BYTE(write_latch, 255), BYTE(rw_mode, 3),
		BYTE(bcd, 1), BYTE(gate, 1),
	};
	struct i8254 pit, copy;
	unsigned int i, value, mode;

	EXPECT(i8254_state_valid(&good), "good");
	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		for (value = 0; value < 256; value++) {
			state = good;
			((u8 *)&state)[bytes[i].at] = value;
			EXPECT(i8254_state_valid(&state) == (value <= bytes[i].max),
			       "byte %u = %u", i,
			       value);
		}
	}
	for (value = 0; value < 256; value++) {
		state = good;
		state.mode = value;
		EXPECT(i8254_state_valid(&state) == (value < 6 || value == 0xff), "mode %u", value);
	}
	state = good;
	state.count = 65537;
	EXPECT(!i8254_state_valid(&state), "count");

	/* In the middle of anything: the restored one goes on as the other would. */
	for (mode = 0; mode < 6; mode++) {
		pit = counter(2, mode, mode & 1, 0x100);
		if (mode & 2)
			i8254_write(&pit, 2, 0x12, on(30));
		i8254_write(&pit, 3, 0x80, at(40));
		if (mode == 4)
			i8254_set_gate(&pit, 2, false, on(50));
		i8254_init(&copy, at(60));
		i8254_save(&pit, 2, &state, at(60));
		EXPECT(i8254_state_valid(&state), "mode %u", mode);
		i8254_restore(&copy, 2, &state, at(60));
		for (i = 0; i < 2000; i += 7)
			EXPECT(i8254_output(&copy, 2, at(60 + i)) ==
			       i8254_output(&pit, 2, at(60 + i)),
			       "mode %u, pulse %u", mode, i);
		for (i = 0; i < 9; i++)
			EXPECT(i8254_read(&copy, 2, at(99 + i)) == i8254_read(&pit, 2, at(99 + i)),
			       "mode %u, read %u", mode, i);
		i8254_write(&pit, 2, 3, on(3000));
		i8254_write(&copy, 2, 3, on(3000));
		EXPECT(read_word(&copy, 2, at(5000)) == read_word(&pit, 2, at(5000)), "mode %u",
		       mode);
	}
	/* A time of another clock */
	state = good;
	state.count_load_time = START + 2 * NSEC_PER_SEC;
	i8254_restore(&copy, 0, &state, START);
	EXPECT(copy.channel[0].s.count_load_time == START, "future");
	state.count_load_time = -1;
	i8254_restore(&copy, 0, &state, START);
	EXPECT(copy.channel[0].s.count_load_time == START, "before all time");
}

/* OUT is low at the pulse before each edge that is foretold, and high at it; valid all the time. */
TEST(test_pit_random, "8254: 100,000 random operations against OUT's edges")
{
	struct i8254_edges e;
	struct i8254 pit;
	s64 now = START;
	unsigned int i;
	u64 r;

	i8254_init(&pit, now);
	for (i = 0; i < 100000; i++) {
		r = unit_random();
		now += r >> 32 & 0xfffff;
		if (r & 1)
			i8254_read(&pit, r >> 8 & 3, now);
		else if ((r & 0xf0) == 0)
			i8254_speaker_write(&pit, r >> 16, now);
		else
			i8254_write(&pit, r >> 8 & 3, r >> 16, now);
		EXPECT(i8254_state_valid(&pit.channel[0].s) &&
		       i8254_state_valid(&pit.channel[1].s) &&
		       i8254_state_valid(&pit.channel[2].s), "step %u", i);
		e = i8254_edges(&pit, 0, now);
		if (e.first <= now || pit.channel[0].s.count < 2 || pit.channel[0].next_count)
			continue;
		EXPECT(!i8254_output(&pit, 0, e.first - 400) &&
		       i8254_output(&pit, 0, e.first + 400),
		       "step %u: mode %u, count %u", i, pit.channel[0].s.mode,
		       pit.channel[0].s.count);
	}
}
