/* SPDX-License-Identifier: GPL-2.0-only */
/* What every unit test's main.c is made of; included there alone, behind unit.h. */
#ifndef SLIMKVM_UNIT_MAIN_H
#define SLIMKVM_UNIT_MAIN_H

#include <stdarg.h>
#include <stdio.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

static unsigned int failures;

void unit_fail(const char *format, ...)
{
	va_list args;

	if (failures++ >= 10)
		return;
	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/* xorshift64*: the same sequence in every run. */
u64 unit_random(void)
{
	static u64 state = 0x9e3779b97f4a7c15ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

/* Run them and print TAP; the status for main() to return. */
static int unit_main(const struct unit_test *tests, unsigned int n)
{
	bool failed = false;
	unsigned int i;

	printf("TAP version 13\n1..%u\n", n);
	for (i = 0; i < n; i++) {
		failures = 0;
		tests[i].run();
		printf("%sok %u %s\n", failures ? "not " : "", i + 1, tests[i].name);
		failed |= failures;
	}
	return failed;
}

#endif
