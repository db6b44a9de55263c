/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of a kernel as lapic_regs.c needs, on one thread. Included before every file. */
#ifndef _UNIT_FAKE_KERNEL_H
#define _UNIT_FAKE_KERNEL_H

#include <stdio.h>
#include <stdlib.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/kvm.h>

struct kvm;

#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)

static inline void atomic_set(atomic_t *v, int i)
{
	v->counter = i;
}

static inline void atomic_or(int i, atomic_t *v)
{
	v->counter |= i;
}

static inline int atomic_xchg(atomic_t *v, int i)
{
	int old = v->counter;

	v->counter = i;
	return old;
}

#endif
