/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APICs in tests: guest access in both modes, handlers that count for each vCPU, and the
 * host's helpers. Numbers from SDM volume 3, chapter 11.
 *
 * The guest's stack tells which vCPU it is: lib/modes.c gives each its own 16 KiB.
 */
#ifndef SLIMKVM_TEST_APIC_H
#define SLIMKVM_TEST_APIC_H

#include "guest.h"
#include "kvm_test.h"

#define APIC_PAGE	0xfee00000UL
#define APIC_MSR	0x800u
#define APIC_BASE_MSR	0x1bu
#define APIC_BASE_EN	BIT64(11)
#define APIC_BASE_X2	BIT64(10)
#define TSC_DEADLINE	0x6e0u

#define APIC_ID		0x20u
#define APIC_VERSION	0x30u
#define APIC_TPR	0x80u
#define APIC_PPR	0xa0u
#define APIC_EOI	0xb0u
#define APIC_LDR	0xd0u
#define APIC_DFR	0xe0u
#define APIC_SVR	0xf0u
#define APIC_ISR	0x100u
#define APIC_TMR	0x180u
#define APIC_IRR	0x200u
#define APIC_ESR	0x280u
#define APIC_ICR	0x300u
#define APIC_ICR2	0x310u
#define APIC_LVTT	0x320u
#define APIC_LVT0	0x350u
#define APIC_LVT1	0x360u
#define APIC_LVTERR	0x370u
#define APIC_TMICT	0x380u
#define APIC_TMCCT	0x390u
#define APIC_TDCR	0x3e0u
#define APIC_SELF_IPI	0x3f0u

#define ICR_LOWEST	(1u << 8)
#define ICR_NMI		(4u << 8)
#define ICR_INIT	(5u << 8)
#define ICR_SIPI	(6u << 8)
#define ICR_LOGICAL	(1u << 11)
#define ICR_ASSERT	(1u << 14)
#define ICR_LEVEL	(1u << 15)
#define ICR_SELF	(1u << 18)
#define ICR_ALL		(2u << 18)
#define ICR_OTHERS	(3u << 18)

#define LVT_MASKED	(1u << 16)
#define LVT_PERIODIC	(1u << 17)
#define LVT_DEADLINE	(2u << 17)

/* shared->word[]: the test's own are below 32 */
#define WORD_X2APIC	40		/* guests use the MSRs */
#define WORD_READY	41		/* vCPUs whose APIC is on */

/* Interrupts taken: by vCPU, then by vector less 0x40. */
#define APIC_COUNTS	(GUEST_DATA + 0x100000)
#define APIC_VECTOR	0x40u
#define APIC_VECTORS	16u

__guest_inline unsigned int guest_cpu(void)
{
	return (unsigned int)((GUEST_STACK - (uint64_t)__builtin_frame_address(0)) >> 14);
}

__guest_inline volatile uint64_t *guest_count(unsigned int cpu, unsigned int vector)
{
	return (volatile uint64_t *)APIC_COUNTS + cpu * APIC_VECTORS + (vector - APIC_VECTOR);
}

__guest_inline uint32_t apic_read(uint32_t reg)
{
	if (shared->word[WORD_X2APIC])
		return (uint32_t)guest_rdmsr(APIC_MSR + reg / 16);
	return *(volatile uint32_t *)(APIC_PAGE + reg);
}

__guest_inline void apic_write(uint32_t reg, uint32_t value)
{
	if (shared->word[WORD_X2APIC])
		guest_wrmsr(APIC_MSR + reg / 16, value);
	else
		*(volatile uint32_t *)(APIC_PAGE + reg) = value;
}

/* apic_icr - @dest: 32 bits in x2APIC mode, else 8 */
__guest_inline void apic_icr(uint32_t icr, uint32_t dest)
{
	if (shared->word[WORD_X2APIC]) {
		guest_wrmsr(APIC_MSR + APIC_ICR / 16, icr | (uint64_t)dest << 32);
		return;
	}
	apic_write(APIC_ICR2, dest << 24);
	apic_write(APIC_ICR, icr);
}

/* apic_on - in the mode that WORD_X2APIC says, spurious vector 0xff, and counted as ready */
__guest_inline void apic_on(void)
{
	if (shared->word[WORD_X2APIC])
		guest_wrmsr(APIC_BASE_MSR, guest_rdmsr(APIC_BASE_MSR) | APIC_BASE_EN |
			    APIC_BASE_X2);
	apic_write(APIC_SVR, 0x1ff);
	__atomic_fetch_add((uint64_t *)&shared->word[WORD_READY], 1, __ATOMIC_SEQ_CST);
}

/* Host side: lib/apic.c */
struct vm *vm_apic(void);
void set_gate(struct vm *vm, unsigned int vector, uint64_t at);
void vm_apic_handlers(struct vm *vm);
uint64_t vm_apic_count(struct vm *vm, unsigned int cpu, unsigned int vector);
void vcpu_runnable(struct vcpu *vcpu);
uint32_t lapic_word(struct vcpu *vcpu, uint32_t reg);

#endif
