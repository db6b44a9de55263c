// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O buses of a VM: which kernel device answers a port or a guest physical address.
 *
 * A bus is a sorted array that never changes: registration publishes another one under slots_lock
 * and frees the old after the readers, who hold srcu, are gone. NULL is the bus without devices.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <kvm/arch.h>

/* ---- look-up ---- */

/* Exclusive end; a range of length 0 takes accesses at its one address. */
static gpa_t range_end(const struct kvm_io_range *range)
{
	return range->addr + max(range->len, 1);
}

static bool range_takes(const struct kvm_io_range *range, gpa_t addr, int len)
{
	if (!range->len)
		return addr == range->addr;
	return addr >= range->addr && addr + len <= range_end(range);
}

/* Index of the last range that begins at or below @addr, or -1. */
static int last_at_or_below(const struct kvm_io_bus *bus, gpa_t addr)
{
	int low = 0, high = bus->dev_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (bus->range[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

static const struct kvm_io_bus *vcpu_bus(struct kvm_vcpu *vcpu, enum kvm_bus bus)
{
	kvm_vcpu_hold_srcu(vcpu);
	return srcu_dereference(vcpu->kvm->buses[bus], &vcpu->kvm->srcu);
}

/*
 * The devices that may answer, nearest beginning first: from the last range that begins at or below
 * @addr back to where no range before reaches @addr any more.
 */
#define for_each_candidate(range, bus, at)						\
	for ((range) = &(bus)->range[last_at_or_below((bus), (at))];			\
	     (range) >= (bus)->range && (range)->max_end > (at); (range)--)

/* A VMM can put thousands at one address: the host's interrupts shall not wait for all of them. */
#define IRQOFF_RANGES	32

/* A const @val is only read: @write says which operation it is for. */
static __always_inline int bus_access(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len,
				      void *val, bool write, bool irqoff)
{
	const struct kvm_io_bus *b = vcpu_bus(vcpu, bus);
	const struct kvm_io_device_ops *ops;
	const struct kvm_io_range *range;
	int asked = 0, r;

	if (!b)
		return -EOPNOTSUPP;
	for_each_candidate(range, b, addr) {
		if (irqoff && asked++ == IRQOFF_RANGES)
			return -EBUSY;
		ops = range->dev->ops;
		if (!range_takes(range, addr, len) || !(write ? (bool)ops->write : (bool)ops->read))
			continue;
		/* A lock of any kind may sleep on a realtime kernel. */
		if (irqoff && (!write || !ops->write_atomic || IS_ENABLED(CONFIG_PREEMPT_RT)))
			return -EBUSY;
		r = write ? ops->write(vcpu, range->dev, addr, len, val) :
			    ops->read(vcpu, range->dev, addr, len, val);
		if (r != -EOPNOTSUPP)
			return r;
	}
	return -EOPNOTSUPP;
}

/**
 * kvm_io_bus_write - let a kernel device take a write
 * @vcpu: the vCPU; its mutex is held
 * @bus: which bus
 * @addr: port or guest physical address
 * @len: bytes
 * @val: they
 *
 * Return: 0: taken; -EOPNOTSUPP: userspace must see it.
 */
int kvm_io_bus_write(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len, const void *val)
{
	return bus_access(vcpu, bus, addr, len, (void *)val, true, false);
}
EXPORT_SYMBOL_GPL(kvm_io_bus_write);

/** kvm_io_bus_read - let a kernel device answer a read; as kvm_io_bus_write() */
int kvm_io_bus_read(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len, void *val)
{
	return bus_access(vcpu, bus, addr, len, val, false, false);
}
EXPORT_SYMBOL_GPL(kvm_io_bus_read);

/** kvm_io_bus_write_irqoff - interrupts off; -EBUSY: ask again when they are on */
int kvm_io_bus_write_irqoff(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len,
			    const void *val)
{
	return bus_access(vcpu, bus, addr, len, (void *)val, true, true);
}

/** kvm_io_bus_read_irqoff - may userspace be asked? -EOPNOTSUPP: yes; -EBUSY: a device first */
int kvm_io_bus_read_irqoff(struct kvm_vcpu *vcpu, enum kvm_bus bus, gpa_t addr, int len)
{
	return bus_access(vcpu, bus, addr, len, NULL, false, true);
}

/* ---- change; slots_lock held ---- */

static struct kvm_io_bus *current_bus(struct kvm *kvm, enum kvm_bus bus)
{
	return rcu_dereference_protected(kvm->buses[bus], lockdep_is_held(&kvm->slots_lock));
}

static struct kvm_io_bus *alloc_bus(int dev_count)
{
	struct kvm_io_bus *b;

	b = kvzalloc(struct_size(b, range, dev_count), GFP_KERNEL_ACCOUNT);
	if (b)
		b->dev_count = dev_count;
	return b;
}

static void set_max_ends(struct kvm_io_bus *b)
{
	gpa_t max_end = 0;
	int i;

	for (i = 0; i < b->dev_count; i++) {
		max_end = max(max_end, range_end(&b->range[i]));
		b->range[i].max_end = max_end;
	}
}

/* After it nobody is in a device that only @old had. */
static void publish_bus(struct kvm *kvm, enum kvm_bus bus, struct kvm_io_bus *old,
			struct kvm_io_bus *new)
{
	rcu_assign_pointer(kvm->buses[bus], new);
	if (!old)
		return;
	kvm_synchronize_readers(kvm);
	kvfree(old);
}

/**
 * kvm_io_bus_register - have @dev answer a range
 * @kvm: the VM; slots_lock held
 * @bus: which bus
 * @addr: first port or guest physical address
 * @len: bytes; 0: accesses of any length at @addr
 * @dev: the device; its destructor runs when the VM dies
 *
 * Ranges may overlap: the devices are asked in turn. May sleep. Return: 0; -EINVAL: a range that
 * wraps; -ENOSPC: KVM_MAX_BUS_DEVICES are there; -ENOMEM.
 */
int kvm_io_bus_register(struct kvm *kvm, enum kvm_bus bus, gpa_t addr, int len,
			struct kvm_io_device *dev)
{
	struct kvm_io_bus *old = current_bus(kvm, bus), *new;
	int count = old ? old->dev_count : 0, place = 0;

	if (len < 0 || addr + max(len, 1) < addr)
		return -EINVAL;
	if (count >= KVM_MAX_BUS_DEVICES)
		return -ENOSPC;
	new = alloc_bus(count + 1);
	if (!new)
		return -ENOMEM;
	if (old) {
		place = last_at_or_below(old, addr) + 1;
		memcpy(new->range, old->range, place * sizeof(new->range[0]));
		memcpy(new->range + place + 1, old->range + place,
		       (count - place) * sizeof(new->range[0]));
	}
	new->range[place] = (struct kvm_io_range) { .addr = addr, .len = len, .dev = dev };
	set_max_ends(new);
	publish_bus(kvm, bus, old, new);
	return 0;
}

static int count_ranges(const struct kvm_io_bus *b, const struct kvm_io_device *dev)
{
	int i, n = 0;

	for (i = 0; i < b->dev_count; i++)
		n += b->range[i].dev == dev;
	return n;
}

static struct kvm_io_bus *copy_without(const struct kvm_io_bus *old, int count,
				       const struct kvm_io_device *dev)
{
	struct kvm_io_bus *new = alloc_bus(count);
	int i, n = 0;

	if (!new)
		return NULL;
	for (i = 0; i < old->dev_count; i++) {
		if (old->range[i].dev != dev)
			new->range[n++] = old->range[i];
	}
	set_max_ends(new);
	return new;
}

/**
 * kvm_io_bus_unregister - @dev answers no more on this bus
 * @kvm: the VM; slots_lock held
 * @bus: which bus
 * @dev: the device
 *
 * On return nobody is in the device's operations by way of this bus; it is the caller's to free.
 * May sleep. Return: 0; -ENOENT: it is not there; -ENOMEM: it still is.
 */
int kvm_io_bus_unregister(struct kvm *kvm, enum kvm_bus bus, struct kvm_io_device *dev)
{
	struct kvm_io_bus *old = current_bus(kvm, bus), *new = NULL;
	int gone = old ? count_ranges(old, dev) : 0;

	if (!gone)
		return -ENOENT;
	if (old->dev_count > gone) {
		new = copy_without(old, old->dev_count - gone, dev);
		if (!new)
			return -ENOMEM;
	}
	publish_bus(kvm, bus, old, new);
	return 0;
}

/** kvm_io_buses_free - the VM is being destroyed: every device goes, by its destructor */
void kvm_io_buses_free(struct kvm *kvm)
{
	struct kvm_io_bus *b;
	int bus, i;

	for (bus = 0; bus < KVM_NR_BUSES; bus++) {
		/* Nobody else has the VM. */
		b = rcu_dereference_protected(kvm->buses[bus], 1);
		RCU_INIT_POINTER(kvm->buses[bus], NULL);
		for (i = 0; b && i < b->dev_count; i++) {
			if (b->range[i].dev->ops->destructor)
				b->range[i].dev->ops->destructor(b->range[i].dev);
		}
		kvfree(b);
	}
}
