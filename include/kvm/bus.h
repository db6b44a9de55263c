/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O buses: devices that the kernel answers itself, found by port or guest physical address.
 *
 * A bus is an immutable sorted array, replaced as a whole under kvm->slots_lock and read under
 * kvm->srcu.
 */
#ifndef __KVM_BUS_H
#define __KVM_BUS_H

#include <linux/list.h>
#include <kvm/types.h>

enum kvm_bus {
	KVM_MMIO_BUS,
	KVM_PIO_BUS,
	KVM_NR_BUSES
};

/* Many ioeventfds, a few other devices; a bus of this size is half a MiB. */
#define KVM_MAX_BUS_DEVICES	16384

struct kvm_io_device;

/**
 * struct kvm_io_device_ops - how a device answers
 * @read: fill @val with @len bytes; 0 = done, -EOPNOTSUPP = not mine, ask the next device at this
 *   address
 * @write: take @len bytes; the same results
 * @write_atomic: @write does not sleep: it may be called with interrupts off
 * @destructor: the VM dies with the device still on the bus: free it; once for each of its ranges.
 *   A device that was unregistered belongs to who unregistered it.
 *
 * @read or @write may be NULL: never mine.
 */
struct kvm_io_device_ops {
	int (*read)(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
		    void *val);
	int (*write)(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
		     const void *val);
	bool write_atomic;
	void (*destructor)(struct kvm_io_device *dev);
};

struct kvm_io_device {
	const struct kvm_io_device_ops *ops;
};

/**
 * struct kvm_io_range - where a device answers
 * @addr: first port or guest physical address
 * @len: bytes; 0: any access that begins at @addr, whatever its length
 * @dev: who answers
 * @max_end: the highest end of this range and all before it, so that a look-up knows when to stop
 */
struct kvm_io_range {
	gpa_t addr;
	int len;
	struct kvm_io_device *dev;
	gpa_t max_end;
};

/* Sorted by address. Never changed once published. */
struct kvm_io_bus {
	int dev_count;
	struct kvm_io_range range[];
};

int kvm_io_bus_write(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len, const void *val);
int kvm_io_bus_read(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len, void *val);
int kvm_io_bus_write_irqoff(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len,
			    const void *val);
int kvm_io_bus_read_irqoff(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len);
int kvm_io_bus_register(struct kvm *kvm, enum kvm_bus bus, gpa_t addr, int len,
			struct kvm_io_device *dev);
int kvm_io_bus_unregister(struct kvm *kvm, enum kvm_bus bus, struct kvm_io_device *dev);
void kvm_io_buses_free(struct kvm *kvm);

/* coalesced.c: the first device of the house, and the first user of the bus */
int kvm_coalesced_init(struct kvm *kvm);
void kvm_coalesced_free(struct kvm *kvm);
int kvm_coalesced_register(struct kvm *kvm, const struct kvm_coalesced_mmio_zone *zone);
int kvm_coalesced_unregister(struct kvm *kvm, const struct kvm_coalesced_mmio_zone *zone);

#endif
