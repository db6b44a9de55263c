/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts through controllers in the kernel: routes, eventfds, and LAPIC and I/O APIC as a
 * test sees them from outside. Included after kvm_test.h.
 */
#ifndef SLIMKVM_IRQ_TEST_H
#define SLIMKVM_IRQ_TEST_H

#include "kvm_test.h"
#include "guest.h"

/* LAPIC registers, SDM 11.4.1. */
#define LAPIC_BASE	0xfee00000UL
#define LAPIC_EOI	0xb0
#define LAPIC_SVR	0xf0
#define LAPIC_ISR	0x100
#define LAPIC_IRR	0x200

#define IOAPIC_BASE	0xfec00000UL

struct route_table {
	struct kvm_irq_routing head;
	struct kvm_irq_routing_entry entry[64];
};

int new_eventfd(void);
uint64_t eventfd_take(int fd);
void eventfd_post(int fd);
bool eventfd_wait(int fd, int milliseconds);
int exec_holding(int vm_fd, int fd);

struct vm *vm_with_irqchip(void);
void vm_split_irqchip(struct vm *vm, unsigned int pins);
void route_msi(struct route_table *table, uint32_t gsi, uint32_t dest, uint8_t vector);
void route_pin(struct route_table *table, uint32_t gsi, uint32_t chip, uint32_t pin);
int route_set(struct vm *vm, struct route_table *table);
int irqfd(struct vm *vm, int fd, uint32_t gsi, uint32_t flags, int resamplefd);

void lapic_enable(struct vcpu *vcpu);
bool lapic_pending(struct vcpu *vcpu, uint8_t vector);
void lapic_forget(struct vcpu *vcpu);
void ioapic_pin(struct vm *vm, unsigned int pin, uint8_t vector, bool level);
bool ioapic_line(struct vm *vm, unsigned int pin);

__guest_inline void guest_eoi(void)
{
	*(volatile uint32_t *)(LAPIC_BASE + LAPIC_EOI) = 0;
}

__guest_inline void guest_lapic_enable(void)
{
	*(volatile uint32_t *)(LAPIC_BASE + LAPIC_SVR) = 0x1ff;
}

__guest_inline void guest_ioapic_write(uint8_t reg, uint32_t val)
{
	*(volatile uint32_t *)IOAPIC_BASE = reg;
	*(volatile uint32_t *)(IOAPIC_BASE + 0x10) = val;
}

__guest_inline uint32_t guest_ioapic_read(uint8_t reg)
{
	*(volatile uint32_t *)IOAPIC_BASE = reg;
	return *(volatile uint32_t *)(IOAPIC_BASE + 0x10);
}

#endif
