/* SPDX-License-Identifier: GPL-2.0-only */
/* What the rooms' unit tests are written with; unit_main.c runs all that are linked, in order. */
#ifndef SLIMKVM_UNIT_TEST_H
#define SLIMKVM_UNIT_TEST_H

#include <stdio.h>
#include <linux/types.h>

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

void unit_add(struct unit_test *test);
void unit_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The test that runs has failed. */
bool unit_failed(void);
u64 unit_random(void);

/* A test, its title in the TAP, and behind it the function's body. */
#define TEST(function, title)								\
	static void function(void);							\
	static __attribute__((constructor)) void function##_add(void)			\
	{										\
		static struct unit_test test = { title, function, NULL };		\
											\
		unit_add(&test);							\
	}										\
	static void function(void)

#define EXPECT(cond, format, ...) do {							\
	if (!(cond))									\
		unit_fail("%s:%d: %s: " format, __FILE__, __LINE__, #cond, ##__VA_ARGS__);	\
} while (0)

#endif
