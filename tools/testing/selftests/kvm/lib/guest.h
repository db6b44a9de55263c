/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest side of the library: what 64-bit guest functions written in C may call.
 *
 * A function marked __guest lives in the section guest_text, which vcpu_mode_long() copies whole
 * into the guest. It may call only other __guest functions and use no global or constant data.
 */
#ifndef SLIMKVM_TEST_GUEST_H
#define SLIMKVM_TEST_GUEST_H

#include <stdint.h>

#include "layout.h"

#define __guest		__attribute__((section("guest_text"), noinline, used))
#define __guest_inline	static inline __attribute__((always_inline))

#define shared		((volatile struct guest_shared *)GUEST_SHARED)

__guest_inline void ucall(uint64_t cmd, uint64_t a, uint64_t b, uint64_t c)
{
	__asm__ volatile("outb %%al, %[port]"
			 : : [port] "N" (UCALL_PORT), "a" (0), "D" (cmd), "S" (a), "d" (b), "c" (c)
			 : "memory");
}

__guest_inline void guest_done(void)
{
	for (;;)
		ucall(UCALL_DONE, 0, 0, 0);
}

/* guest_sync - stop at the host with up to three words to look at. */
__guest_inline void guest_sync(uint64_t a, uint64_t b, uint64_t c)
{
	ucall(UCALL_SYNC, a, b, c);
}

#define GUEST_ASSERT(cond)	do {			\
	if (!(cond))					\
		ucall(UCALL_FAIL, __LINE__, 0, 0);	\
} while (0)

/*
 * GUEST_TRY - asm text: run @insn and go on behind it, whether it faults or not.
 * Clobbers r11. The trap handler stores what happened in shared->trap; clear vector before.
 */
#define GUEST_TRY(insn)						\
	"leaq 99f(%%rip), %%r11\n\t"				\
	"movq %%r11, 0x10000\n\t"				\
	insn "\n"						\
	"99:\tmovq $0, 0x10000\n\t"

#define NO_TRAP		~0ULL

/* guest_trapped - vector of the last exception, NO_TRAP when none; and forget it. */
__guest_inline uint64_t guest_trapped(void)
{
	uint64_t vector = shared->trap.vector;

	shared->trap.vector = NO_TRAP;
	return vector;
}

__guest_inline void guest_outb(uint16_t port, uint8_t val)
{
	__asm__ volatile("outb %0, %1" : : "a" (val), "Nd" (port) : "memory");
}

__guest_inline uint8_t guest_inb(uint16_t port)
{
	uint8_t val;

	__asm__ volatile("inb %1, %0" : "=a" (val) : "Nd" (port) : "memory");
	return val;
}

__guest_inline uint64_t guest_rdmsr(uint32_t index)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a" (lo), "=d" (hi) : "c" (index));
	return lo | (uint64_t)hi << 32;
}

__guest_inline void guest_wrmsr(uint32_t index, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c" (index), "a" ((uint32_t)value),
			 "d" ((uint32_t)(value >> 32)) : "memory");
}

#endif
