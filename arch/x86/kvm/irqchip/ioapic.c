// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM's I/O APIC: its page of MMIO, the sources of its pins, the messages it sends and the EOIs
 * it is told.
 *
 * ioapic->lock guards all of struct kvm_ioapic; what the registers do is in i82093.c. Messages are
 * sent under the lock, so that pin and message agree. Ack notifiers are called without it, since
 * they come back with another level.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "chips.h"
#include "i82093.h"

#define IOAPIC_BASE		0xfec00000ull
#define IOAPIC_LEN		0x100

/*
 * A guest that ends a level interrupt without quieting its device would do nothing else, once the
 * line stays up: after so many EOIs in a row the next message waits, so that it gets on.
 */
#define STORM_EOIS		4096
#define STORM_DELAY		msecs_to_jiffies(10)

/**
 * struct kvm_ioapic - the I/O APIC in a VM
 * @lock: everything below; process context only
 * @io: the registers
 * @sources: for each pin a bit per enum kvm_irq_source that asserts it
 * @eois: EOIs in a row that found the pin still asserted
 * @delayed: pins whose next message waits for @resend
 */
struct kvm_ioapic {
	struct kvm_io_device dev;
	struct kvm *kvm;
	spinlock_t lock;
	struct i82093 io;
	u8 sources[I82093_PINS];
	u16 eois[I82093_PINS];
	u32 delayed;
	struct delayed_work resend;
};

/*
 * ---- messages ----
 */

static struct kvm_apic_message message_of(u64 entry)
{
	return (struct kvm_apic_message) {
		.dest = entry >> I82093_DEST_SHIFT,
		.vector = entry & I82093_VECTOR,
		.mode = entry >> I82093_DELMOD_SHIFT & 7,
		.logical = entry & I82093_DESTMOD,
		.level = i82093_is_level(entry),
		.assert = true,
	};
}

static int send(struct kvm_ioapic *ioapic, unsigned int pin)
{
	struct kvm_apic_message msg = message_of(ioapic->io.entry[pin]);
	int r = kvm_apic_send(ioapic->kvm, NULL, &msg);

	if (r >= 0)
		i82093_accepted(&ioapic->io, pin);
	return r;
}

/* A level pin sends what it has to send, if it has and need not wait. Return: as kvm_irq_set() */
static int send_level(struct kvm_ioapic *ioapic, unsigned int pin)
{
	if ((ioapic->delayed & BIT(pin)) || !i82093_must_send(&ioapic->io, pin))
		return 0;
	return send(ioapic, pin);
}

static void resend_work(struct work_struct *work)
{
	struct kvm_ioapic *ioapic = container_of(work, struct kvm_ioapic, resend.work);
	unsigned long pins;
	unsigned int pin;

	spin_lock(&ioapic->lock);
	pins = ioapic->delayed;
	ioapic->delayed = 0;
	for_each_set_bit(pin, &pins, I82093_PINS)
		send_level(ioapic, pin);
	spin_unlock(&ioapic->lock);
}

/* ---- pins ---- */

static int line_rose_or_stays(struct kvm_ioapic *ioapic, unsigned int pin, bool rose)
{
	u64 entry = ioapic->io.entry[pin];

	if (entry & I82093_MASK)
		return -1;
	if (i82093_is_level(entry))
		return send_level(ioapic, pin);
	return rose ? send(ioapic, pin) : 0;
}

/**
 * kvm_ioapic_set - one of the sources of a pin moves
 * @kvm: the VM, with its I/O APIC
 * @pin: 0 … 23
 * @source: who
 * @level: asserts it, or no more
 *
 * Return: as kvm_irq_set(). A source that lets go is always heard: 1.
 */
int kvm_ioapic_set(struct kvm *kvm, unsigned int pin, enum kvm_irq_source source, bool level)
{
	struct kvm_ioapic *ioapic = kvm->arch.ioapic;
	bool rose;
	int r = 1;

	spin_lock(&ioapic->lock);
	if (level)
		ioapic->sources[pin] |= BIT(source);
	else
		ioapic->sources[pin] &= ~BIT(source);
	rose = i82093_set_line(&ioapic->io, pin, ioapic->sources[pin]);
	if (level)
		r = line_rose_or_stays(ioapic, pin, rose);
	else if (!ioapic->sources[pin])
		ioapic->eois[pin] = 0;
	spin_unlock(&ioapic->lock);
	return r;
}

/*
 * ---- EOI ----
 */

/* Remote IRR falls. Return: the pins whose ack notifiers must be told. */
static u32 end_pins(struct kvm_ioapic *ioapic, u32 pins)
{
	unsigned long bits = pins;
	unsigned int pin;

	for_each_set_bit(pin, &bits, I82093_PINS) {
		if (!i82093_eoi(&ioapic->io, pin) && i82093_is_level(ioapic->io.entry[pin]))
			pins &= ~BIT(pin);
	}
	return pins;
}

/* The notifiers had their say: what is asserted still is sent again, at once or after a rest. */
static void resend_pins(struct kvm_ioapic *ioapic, u32 pins)
{
	unsigned long bits = pins;
	unsigned int pin;

	for_each_set_bit(pin, &bits, I82093_PINS) {
		if (!i82093_must_send(&ioapic->io, pin))
			continue;
		if (++ioapic->eois[pin] >= STORM_EOIS) {
			ioapic->eois[pin] = 0;
			ioapic->delayed |= BIT(pin);
			schedule_delayed_work(&ioapic->resend, STORM_DELAY);
		}
		send_level(ioapic, pin);
	}
}

static void ioapic_eoi(struct kvm_ioapic *ioapic, u8 vector)
{
	unsigned long ended;
	unsigned int pin;
	u32 pins;

	spin_lock(&ioapic->lock);
	pins = i82093_pins_of_vector(&ioapic->io, vector);
	ended = end_pins(ioapic, pins);
	spin_unlock(&ioapic->lock);

	for_each_set_bit(pin, &ended, I82093_PINS)
		kvm_irq_notify_acked(ioapic->kvm, KVM_IRQCHIP_IOAPIC, pin);

	spin_lock(&ioapic->lock);
	resend_pins(ioapic, pins);
	spin_unlock(&ioapic->lock);
}

/**
 * kvm_ioapic_eoi - a LAPIC broadcasts the EOI of @vector (SDM 11.8.5)
 * @vcpu: whose LAPIC; the VM has an I/O APIC
 * @vector: the vector
 */
void kvm_ioapic_eoi(struct kvm_vcpu *vcpu, u8 vector)
{
	ioapic_eoi(vcpu->kvm->arch.ioapic, vector);
}

/**
 * kvm_ioapic_scan - the vectors whose EOI by @vcpu the I/O APIC must be told
 * @vcpu: the vCPU
 * @vectors: 256 bits, of which some are set
 */
void kvm_ioapic_scan(struct kvm_vcpu *vcpu, unsigned long *vectors)
{
	struct kvm *kvm = vcpu->kvm;
	struct kvm_ioapic *ioapic = kvm->arch.ioapic;
	struct kvm_apic_message msg;
	unsigned int pin;

	spin_lock(&ioapic->lock);
	for (pin = 0; pin < I82093_PINS; pin++) {
		msg = message_of(ioapic->io.entry[pin]);
		if (msg.mode != KVM_APIC_FIXED && msg.mode != KVM_APIC_LOWEST)
			continue;
		if (!msg.level && !kvm_irq_has_ack_notifier(kvm, KVM_IRQCHIP_IOAPIC, pin))
			continue;
		if (kvm_apic_is_dest(vcpu, &msg))
			__set_bit(msg.vector, vectors);
	}
	spin_unlock(&ioapic->lock);
}

/* ---- registers ---- */

static struct kvm_ioapic *to_ioapic(struct kvm_io_device *dev)
{
	return container_of(dev, struct kvm_ioapic, dev);
}

static int ioapic_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
		       void *val)
{
	struct kvm_ioapic *ioapic = to_ioapic(dev);
	u64 data;

	spin_lock(&ioapic->lock);
	data = i82093_read(&ioapic->io, addr - IOAPIC_BASE);
	spin_unlock(&ioapic->lock);
	memset(val, 0, len);
	memcpy(val, &data, min_t(int, len, sizeof(data)));
	return 0;
}

/*
 * A register was written. Of another vector, destination or mode the vCPUs must know before the
 * first message goes out, so that its EOI is told: the request comes first. Return: a pin that is
 * masked no more, or -1.
 */
static int write_register(struct kvm_ioapic *ioapic, u32 offset, u32 val)
{
	u64 old, new;
	int pin = i82093_write(&ioapic->io, offset, val, &old);

	if (pin < 0)
		return -1;
	new = ioapic->io.entry[pin];
	if ((old ^ new) & ~(I82093_MASK | I82093_REMOTE_IRR))
		kvm_make_all_vcpus_request(ioapic->kvm, KVM_REQ_SCAN_IOAPIC);
	send_level(ioapic, pin);
	return old & ~new & I82093_MASK ? pin : -1;
}

/*
 * The registers are 32 bits wide and written as a whole, but for IOREGSEL, which has 8 (data sheet,
 * 3.1). What is not a register takes writes and forgets them.
 */
static int ioapic_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
			const void *val)
{
	struct kvm_ioapic *ioapic = to_ioapic(dev);
	u32 offset = addr - IOAPIC_BASE, data = 0;
	int unmasked;

	memcpy(&data, val, min_t(int, len, sizeof(data)));
	if (len < (int)sizeof(data) && offset != I82093_IOREGSEL)
		return 0;
	if (offset == I82093_EOI) {
		ioapic_eoi(ioapic, data);
		return 0;
	}
	spin_lock(&ioapic->lock);
	unmasked = write_register(ioapic, offset, data);
	spin_unlock(&ioapic->lock);
	if (unmasked >= 0)
		kvm_pit_unmasked(ioapic->kvm, KVM_IRQCHIP_IOAPIC, unmasked);
	return 0;
}

static const struct kvm_io_device_ops ioapic_ops = {
	.read = ioapic_read,
	.write = ioapic_write,
};

/* ---- saved state ---- */

/** kvm_ioapic_get_state - KVM_GET_IRQCHIP */
void kvm_ioapic_get_state(struct kvm *kvm, struct kvm_ioapic_state *state)
{
	struct kvm_ioapic *ioapic = kvm->arch.ioapic;

	memset(state, 0, sizeof(*state));
	state->base_address = IOAPIC_BASE;
	spin_lock(&ioapic->lock);
	i82093_save(&ioapic->io, state);
	spin_unlock(&ioapic->lock);
}

/**
 * kvm_ioapic_set_state - KVM_SET_IRQCHIP
 * @kvm: the VM
 * @state: userspace's
 *
 * The pins keep their restored levels until their sources move.
 *
 * Return: 0; -EINVAL: no I/O APIC can be in that state, or not here, and nothing has changed.
 */
int kvm_ioapic_set_state(struct kvm *kvm, const struct kvm_ioapic_state *state)
{
	struct kvm_ioapic *ioapic = kvm->arch.ioapic;
	unsigned int pin;

	if (state->base_address != IOAPIC_BASE || !i82093_state_valid(state))
		return -EINVAL;
	spin_lock(&ioapic->lock);
	i82093_restore(&ioapic->io, state);
	memset(ioapic->sources, 0, sizeof(ioapic->sources));
	memset(ioapic->eois, 0, sizeof(ioapic->eois));
	ioapic->delayed = 0;
	kvm_make_all_vcpus_request(kvm, KVM_REQ_SCAN_IOAPIC);
	for (pin = 0; pin < I82093_PINS; pin++)
		send_level(ioapic, pin);
	spin_unlock(&ioapic->lock);
	return 0;
}

/* ---- life ---- */

/**
 * kvm_ioapic_create - make it and put it on the MMIO bus
 * @kvm: the VM; kvm->lock and slots_lock held
 *
 * Return: 0; -ENOMEM or -ENOSPC, and kvm_ioapic_destroy() cleans up.
 */
int kvm_ioapic_create(struct kvm *kvm)
{
	struct kvm_ioapic *ioapic = kzalloc(sizeof(*ioapic), GFP_KERNEL_ACCOUNT);

	if (!ioapic)
		return -ENOMEM;
	ioapic->dev.ops = &ioapic_ops;
	ioapic->kvm = kvm;
	spin_lock_init(&ioapic->lock);
	INIT_DELAYED_WORK(&ioapic->resend, resend_work);
	i82093_init(&ioapic->io);
	kvm->arch.ioapic = ioapic;
	return kvm_io_bus_register(kvm, KVM_MMIO_BUS, IOAPIC_BASE, IOAPIC_LEN, &ioapic->dev);
}

/** kvm_ioapic_destroy - free it, if there is one; nobody drives its pins or sends it an EOI */
void kvm_ioapic_destroy(struct kvm *kvm)
{
	struct kvm_ioapic *ioapic = kvm->arch.ioapic;

	if (ioapic && kvm_irqchip_unplug(kvm, KVM_MMIO_BUS, &ioapic->dev)) {
		kvm->arch.ioapic = NULL;
		cancel_delayed_work_sync(&ioapic->resend);
		kfree(ioapic);
	}
}
