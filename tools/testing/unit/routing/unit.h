/* SPDX-License-Identifier: GPL-2.0-only */
/* TAP for the unit tests of routes and ioeventfds: a test fails by unit_fail() (main.c). */
#ifndef _UNIT_ROUTING_H
#define _UNIT_ROUTING_H

#include <kvm/irq.h>

void unit_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
u64 unit_random(void);

#define EXPECT(cond, format, ...) do {							\
	if (!(cond))									\
		unit_fail("%s:%d: %s: " format, __FILE__, __LINE__, #cond, ##__VA_ARGS__);	\
} while (0)

void test_tables(void);
void test_refused_tables(void);
void test_results(void);
void test_atomic(void);
void test_notifiers(void);
void test_ioeventfd_match(void);
void test_ioeventfd_failures(void);

#endif
