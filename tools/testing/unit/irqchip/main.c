// SPDX-License-Identifier: GPL-2.0-only
/* The list of tests, and TAP. */
#include "unit.h"
#include <unit_main.h>

static const struct unit_test tests[] = {
	{ "8259A: initialization with and without ICW4", test_pic_init },
	{ "8259A: edges, levels and what is coalesced", test_pic_lines },
	{ "8259A: who wins, by line and by what is in service", test_pic_priority },
	{ "8259A: specific, non-specific and automatic EOI", test_pic_eoi },
	{ "8259A: rotation, automatic and specific", test_pic_rotation },
	{ "8259A: mask, special mask mode, reading IRR and ISR", test_pic_masks },
	{ "8259A: poll mode", test_pic_poll },
	{ "8259A: cascade, special fully nested mode, spurious", test_pic_cascade },
	{ "8259A: edge/level registers and their masks", test_pic_elcr },
	{ "8259A: who ends an interrupt is told of it", test_pic_acks },
	{ "8259A: state, valid and impossible, there and back", test_pic_state },
	{ "8259A: 100,000 random operations keep the invariants", test_pic_random },
	{ "8254: OUT in modes 0 to 5 against the data sheet", test_pit_output },
	{ "8254: the counter in modes 0 to 5, binary and BCD", test_pit_count },
	{ "8254: one byte, the other, both", test_pit_access },
	{ "8254: counter latch, read-back, status byte", test_pit_latches },
	{ "8254: the gate, low and rising", test_pit_gate },
	{ "8254: a count written while another one counts", test_pit_new_count },
	{ "8254: when OUT rises", test_pit_edges },
	{ "8254: port 0x61", test_pit_speaker },
	{ "8254: state, valid and impossible, there and back", test_pit_state },
	{ "8254: 100,000 random operations against OUT's edges", test_pit_random },
	{ "82093AA: ID, version, arbitration, unknown registers", test_ioapic_registers },
	{ "82093AA: what of an entry can be written", test_ioapic_entry },
	{ "82093AA: level triggered pins and Remote IRR", test_ioapic_level },
	{ "82093AA: edge triggered pins", test_ioapic_edge },
	{ "82093AA: EOI by vector, shared vectors", test_ioapic_eoi },
	{ "82093AA: state, valid and impossible, there and back", test_ioapic_state },
};

int main(void)
{
	return unit_main(tests, ARRAY_SIZE(tests));
}
