/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of a kernel as lapic_regs.c needs, on one thread. Included before every file. */
#ifndef _UNIT_FAKE_KERNEL_H
#define _UNIT_FAKE_KERNEL_H

#include <stdio.h>
#include <stdlib.h>
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/kvm.h>

struct kvm;

#define __user
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define fls(x)			((x) ? 32 - __builtin_clz(x) : 0)

static inline bool test_bit(unsigned int n, const unsigned long *p)
{
	return *p >> n & 1;
}

static inline void __set_bit(unsigned int n, unsigned long *p)
{
	*p |= 1ul << n;
}

static inline void __clear_bit(unsigned int n, unsigned long *p)
{
	*p &= ~(1ul << n);
}

static inline bool test_and_set_bit(unsigned int n, unsigned long *p)
{
	bool was = test_bit(n, p);

	__set_bit(n, p);
	return was;
}

#define set_bit		__set_bit
#define clear_bit	__clear_bit

typedef struct {
	int counter;
} atomic_t;

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
