/* SPDX-License-Identifier: GPL-2.0-only */
/* What the local APIC's unit tests share. */
#ifndef _UNIT_LAPIC_H
#define _UNIT_LAPIC_H

#include <unit_test.h>
#include "lapic_regs.h"

/* An enabled APIC of @mode and @id, as a guest has it after SVR was written (regs_test.c). */
struct lapic_regs *unit_apic(enum lapic_mode mode, u32 id);

#endif
