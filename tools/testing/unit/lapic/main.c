// SPDX-License-Identifier: GPL-2.0-only
/* The list of tests, and TAP. */
#include "unit.h"
#include <unit_main.h>

static const struct unit_test tests[] = {
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
	return unit_main(tests, ARRAY_SIZE(tests));
}
