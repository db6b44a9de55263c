/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests of i8259.c, i8254.c and i82093.c: what main.c has of the others, and they of it. */
#ifndef _UNIT_IRQCHIP_H
#define _UNIT_IRQCHIP_H

#include <stdio.h>
#include <string.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/types.h>

void unit_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
u64 unit_random(void);

#define EXPECT(cond, format, ...) do {							\
	if (!(cond))									\
		unit_fail("%s:%d: %s: " format, __FILE__, __LINE__, #cond, ##__VA_ARGS__);	\
} while (0)

void test_pic_init(void);
void test_pic_lines(void);
void test_pic_priority(void);
void test_pic_eoi(void);
void test_pic_rotation(void);
void test_pic_masks(void);
void test_pic_poll(void);
void test_pic_cascade(void);
void test_pic_elcr(void);
void test_pic_acks(void);
void test_pic_state(void);
void test_pic_random(void);

void test_pit_output(void);
void test_pit_count(void);
void test_pit_access(void);
void test_pit_latches(void);
void test_pit_gate(void);
void test_pit_new_count(void);
void test_pit_edges(void);
void test_pit_speaker(void);
void test_pit_state(void);
void test_pit_random(void);

void test_ioapic_registers(void);
void test_ioapic_entry(void);
void test_ioapic_level(void);
void test_ioapic_edge(void);
void test_ioapic_eoi(void);
void test_ioapic_state(void);

#endif
