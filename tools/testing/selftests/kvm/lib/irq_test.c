// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routes, eventfds and interrupt controllers, for the test programs about them.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "irq_test.h"

/** new_eventfd() - one that does not block and ends at exec */
int new_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		die("eventfd: %s", strerror(errno));
	return fd;
}

/** eventfd_take() - how often it was signalled since the last look */
uint64_t eventfd_take(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/** eventfd_post() - signal it once */
void eventfd_post(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		die("write to an eventfd: %s", strerror(errno));
}

/** eventfd_wait() - wait for a signal, and take it; false: none came in time */
bool eventfd_wait(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, milliseconds) == 1 && eventfd_take(fd);
}

/** exec_holding() - a child keeps two descriptors over an exec, and ends; its status, -1 without */
int exec_holding(int vm_fd, int fd)
{
	pid_t child = fork();
	int status;

	if (!child) {
		fcntl(vm_fd, F_SETFD, 0);
		fcntl(fd, F_SETFD, 0);
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

/** vm_with_irqchip() - vm_new() with PIC pair, I/O APIC and LAPICs in the kernel */
struct vm *vm_with_irqchip(void)
{
	struct vm *vm = vm_new();

	kvm_do(vm->fd, KVM_CREATE_IRQCHIP, 0);
	return vm;
}

/** vm_split_irqchip() - LAPICs only; @pins of the I/O APIC are userspace's */
void vm_split_irqchip(struct vm *vm, unsigned int pins)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { pins } };

	kvm_do(vm->fd, KVM_ENABLE_CAP, &cap);
}

static struct kvm_irq_routing_entry *new_entry(struct route_table *table)
{
	if (table->head.nr >= ARRAY_LEN(table->entry))
		die("a routing table of this test is full");
	return &table->entry[table->head.nr++];
}

/** route_msi() - add: @gsi is a fixed, edge-triggered message to LAPIC @dest (SDM 11.11) */
void route_msi(struct route_table *table, uint32_t gsi, uint32_t dest, uint8_t vector)
{
	*new_entry(table) = (struct kvm_irq_routing_entry) {
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = LAPIC_BASE | dest << 12, .data = vector },
	};
}

/** route_pin() - add: @gsi leads to a pin */
void route_pin(struct route_table *table, uint32_t gsi, uint32_t chip, uint32_t pin)
{
	*new_entry(table) = (struct kvm_irq_routing_entry) {
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

/** route_set() - KVM_SET_GSI_ROUTING; 0 or errno */
int route_set(struct vm *vm, struct route_table *table)
{
	return kvm_errno(vm->fd, KVM_SET_GSI_ROUTING, table);
}

/** irqfd() - KVM_IRQFD; 0 or errno */
int irqfd(struct vm *vm, int fd, uint32_t gsi, uint32_t flags, int resamplefd)
{
	struct kvm_irqfd args = { .fd = fd, .gsi = gsi, .flags = flags, .resamplefd = resamplefd };

	return kvm_errno(vm->fd, KVM_IRQFD, &args);
}

static uint32_t *lapic_reg(struct kvm_lapic_state *lapic, unsigned int offset)
{
	return (uint32_t *)&lapic->regs[offset];
}

/** lapic_enable() - by the spurious-interrupt vector register (SDM 11.4.7.2) */
void lapic_enable(struct vcpu *vcpu)
{
	struct kvm_lapic_state lapic;

	kvm_do(vcpu->fd, KVM_GET_LAPIC, &lapic);
	*lapic_reg(&lapic, LAPIC_SVR) = 0x1ff;
	kvm_do(vcpu->fd, KVM_SET_LAPIC, &lapic);
}

/** lapic_pending() - is @vector in the IRR? */
bool lapic_pending(struct vcpu *vcpu, uint8_t vector)
{
	struct kvm_lapic_state lapic;

	kvm_do(vcpu->fd, KVM_GET_LAPIC, &lapic);
	return *lapic_reg(&lapic, LAPIC_IRR + vector / 32 * 16) & 1u << vector % 32;
}

/** lapic_forget() - nothing is pending any more */
void lapic_forget(struct vcpu *vcpu)
{
	struct kvm_lapic_state lapic;
	unsigned int i;

	kvm_do(vcpu->fd, KVM_GET_LAPIC, &lapic);
	for (i = 0; i < 8; i++)
		*lapic_reg(&lapic, LAPIC_IRR + i * 16) = 0;
	kvm_do(vcpu->fd, KVM_SET_LAPIC, &lapic);
}

/** ioapic_pin() - unmask @pin: a fixed interrupt to LAPIC 0 */
void ioapic_pin(struct vm *vm, unsigned int pin, uint8_t vector, bool level)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	kvm_do(vm->fd, KVM_GET_IRQCHIP, &chip);
	chip.chip.ioapic.redirtbl[pin].bits = vector | (level ? 1u << 15 : 0);
	kvm_do(vm->fd, KVM_SET_IRQCHIP, &chip);
}

/** ioapic_line() - is @pin asserted, or its edge pending? */
bool ioapic_line(struct vm *vm, unsigned int pin)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	kvm_do(vm->fd, KVM_GET_IRQCHIP, &chip);
	return chip.chip.ioapic.irr & 1u << pin;
}
