// SPDX-License-Identifier: GPL-2.0-only
/* Runs the unit tests of virt/kvm/irq_routing.c and ioeventfd.c and prints TAP. */
#include <stdarg.h>
#include "unit.h"

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "routing: random tables against a list", test_tables },
	{ "routing: refused tables change nothing", test_refused_tables },
	{ "routing: one result of several routes", test_results },
	{ "routing: what a wake-up may do", test_atomic },
	{ "routing: acknowledgements find their lines", test_notifiers },
	{ "ioeventfd: every pair of them, and every write", test_ioeventfd_match },
	{ "ioeventfd: nothing is leaked when something fails", test_ioeventfd_failures },
};

unsigned int fake_alloc_fails;
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

int main(void)
{
	bool failed = false;
	unsigned int i;

	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		failures = 0;
		tests[i].run();
		printf("%sok %u %s\n", failures ? "not " : "", i + 1, tests[i].name);
		failed |= failures;
	}
	return failed;
}
