// SPDX-License-Identifier: GPL-2.0-only
/* Runs the tests that TEST() has made and prints TAP; linked into each room's program. */
#include <stdarg.h>
#include <unit_test.h>

static struct unit_test *first, **last = &first;
static unsigned int failures, count;

void unit_add(struct unit_test *test)
{
	*last = test;
	last = &test->next;
	count++;
}

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

bool unit_failed(void)
{
	return failures;
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

int main(void)
{
	const struct unit_test *test;
	unsigned int n = 0;
	int failed = 0;

	printf("TAP version 13\n1..%u\n", count);
	for (test = first; test; test = test->next) {
		failures = 0;
		test->run();
		printf("%sok %u %s\n", failures ? "not " : "", ++n, test->name);
		failed |= failures != 0;
	}
	return failed;
}
