// SPDX-License-Identifier: GPL-2.0-only
/* The list of tests, and TAP. */
#include <stdarg.h>
#include "unit.h"

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "registers after reset (SDM 11.4.7.1)", test_reset },
	{ "xAPIC: every bit of every register (table 11-1)", test_xapic_bits },
	{ "x2APIC: every bit of every register (table 11-6)", test_x2apic_bits },
	{ "mode changes keep what they must (11.12.5)", test_modes },
	{ "software disable: LVT masks (11.4.7.2)", test_software_disable },
	{ "PPR for each TPR and vector in service (11.8.3.1)", test_priorities },
	{ "IRR, ISR, TMR and EOI (11.8.4, 11.8.5)", test_accept_eoi },
	{ "random interrupts against a model", test_random_interrupts },
	{ "ESR shows the errors since the last write (11.5.3)", test_esr },
	{ "ICR: messages (11.6.1)", test_icr },
	{ "destinations: all ids, models and modes (11.6.2)", test_destinations },
	{ "save and restore, reserved bits refused", test_save_restore },
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

/* One at a time: the next call takes it away. */
struct lapic_regs *unit_apic(enum lapic_mode mode, u32 id)
{
	static unsigned long page[KVM_APIC_REG_SIZE / sizeof(long)];
	static unsigned long cr8;
	static struct lapic_regs regs;

	memset(page, 0, sizeof(page));
	regs = (struct lapic_regs){ .page = page, .cr8 = &cr8, .id = id };
	lapic_regs_set_mode(&regs, LAPIC_XAPIC);
	lapic_regs_write(&regs, APIC_SPIV, 0x1ff);
	lapic_regs_set_mode(&regs, mode);
	return &regs;
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
