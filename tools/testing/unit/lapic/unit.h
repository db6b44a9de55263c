/* SPDX-License-Identifier: GPL-2.0-only */
/* TAP for the local APIC's unit tests: a test fails by unit_fail(), which says where (main.c). */
#ifndef _UNIT_LAPIC_H
#define _UNIT_LAPIC_H

#include "lapic_regs.h"

void unit_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
u64 unit_random(void);

#define EXPECT(cond, format, ...) do {							\
	if (!(cond))									\
		unit_fail("%s:%d: %s: " format, __FILE__, __LINE__, #cond, ##__VA_ARGS__);	\
} while (0)

/* An enabled APIC of @mode and @id, as a guest has it after SVR was written. */
struct lapic_regs *unit_apic(enum lapic_mode mode, u32 id);

void test_reset(void);
void test_xapic_bits(void);
void test_x2apic_bits(void);
void test_modes(void);
void test_software_disable(void);
void test_priorities(void);
void test_accept_eoi(void);
void test_random_interrupts(void);
void test_esr(void);
void test_icr(void);
void test_destinations(void);
void test_save_restore(void);

#endif
