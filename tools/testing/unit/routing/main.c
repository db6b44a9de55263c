// SPDX-License-Identifier: GPL-2.0-only
/* Runs the unit tests of virt/kvm/irq_routing.c and ioeventfd.c and prints TAP. */
#include "unit.h"
#include <unit_main.h>

static const struct unit_test tests[] = {
	{ "routing: random tables against a list", test_tables },
	{ "routing: refused tables change nothing", test_refused_tables },
	{ "routing: one result of several routes", test_results },
	{ "routing: what a wake-up may do", test_atomic },
	{ "routing: acknowledgements find their lines", test_notifiers },
	{ "ioeventfd: every pair of them, and every write", test_ioeventfd_match },
	{ "ioeventfd: nothing is leaked when something fails", test_ioeventfd_failures },
};

unsigned int fake_alloc_fails;
int main(void)
{
	return unit_main(tests, ARRAY_SIZE(tests));
}
