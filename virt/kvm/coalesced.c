// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coalesced MMIO and port writes (api.rst 4.116): zones in which a write needs no exit, but is put
 * into a ring that userspace reads at its next exit.
 *
 * Zones come and go under slots_lock. The ring is one page shared with userspace, which may write
 * anything into it at any time: its indices are read once and bounded. ring_lock keeps the vCPUs
 * apart.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <kvm/arch.h>

struct coalesced_zone {
	struct kvm_io_device dev;
	struct list_head list;			/* in kvm->coalesced_zones; slots_lock */
	struct kvm_coalesced_mmio_zone zone;
};

static inline struct coalesced_zone *to_zone(struct kvm_io_device *dev)
{
	return container_of(dev, struct coalesced_zone, dev);
}

static enum kvm_bus zone_bus(const struct kvm_coalesced_mmio_zone *zone)
{
	return zone->pio ? KVM_PIO_BUS : KVM_MMIO_BUS;
}

/* Where the next entry goes; -EOPNOTSUPP: the ring is full, or its indices are nonsense. */
static int ring_place(struct kvm_coalesced_mmio_ring *ring, u32 *next)
{
	u32 last = READ_ONCE(ring->last);

	if (last >= KVM_COALESCED_MMIO_MAX)
		return -EOPNOTSUPP;
	*next = (last + 1) % KVM_COALESCED_MMIO_MAX;
	/* One entry stays free, so that full and empty differ. */
	if (*next == READ_ONCE(ring->first))
		return -EOPNOTSUPP;
	/* Userspace wrote it: also a CPU that guesses past the check stays inside the page. */
	return array_index_nospec(last, KVM_COALESCED_MMIO_MAX);
}

static int zone_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
		      const void *val)
{
	struct kvm_coalesced_mmio_ring *ring = vcpu->kvm->coalesced_ring;
	struct kvm_coalesced_mmio *entry;
	int place;
	u32 next;

	if (len > (int)sizeof(entry->data))
		return -EOPNOTSUPP;
	spin_lock(&vcpu->kvm->ring_lock);
	place = ring_place(ring, &next);
	if (place >= 0) {
		entry = &ring->coalesced_mmio[place];
		entry->phys_addr = addr;
		entry->len = len;
		memcpy(entry->data, val, len);
		entry->pio = to_zone(dev)->zone.pio;
		/* Pairs with the barrier by which userspace reads ->last before the entry. */
		smp_store_release(&ring->last, next);
		place = 0;
	}
	spin_unlock(&vcpu->kvm->ring_lock);
	return place;
}

static void free_zone(struct coalesced_zone *zone)
{
	list_del(&zone->list);
	kfree(zone);
}

static void zone_destroy(struct kvm_io_device *dev)
{
	free_zone(to_zone(dev));
}

static const struct kvm_io_device_ops zone_ops = {
	.write = zone_write,
	.write_atomic = true,
	.destructor = zone_destroy,
};

static int check_zone(const struct kvm_coalesced_mmio_zone *zone)
{
	if (zone->pio > 1)
		return -EINVAL;
	if (!zone->size || zone->size > INT_MAX || zone->addr + zone->size < zone->addr)
		return -EINVAL;
	return 0;
}

/**
 * kvm_coalesced_register - KVM_REGISTER_COALESCED_MMIO
 * @kvm: the VM; slots_lock held
 * @zone: the argument, in kernel memory
 *
 * Return: 0; -EINVAL: neither MMIO nor ports, empty, or wrapping; -ENOSPC: too many; -ENOMEM.
 */
int kvm_coalesced_register(struct kvm *kvm, const struct kvm_coalesced_mmio_zone *zone)
{
	struct coalesced_zone *new;
	int r;

	r = check_zone(zone);
	if (r)
		return r;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->dev.ops = &zone_ops;
	new->zone = *zone;
	list_add_tail(&new->list, &kvm->coalesced_zones);
	r = kvm_io_bus_register(kvm, zone_bus(zone), zone->addr, zone->size, &new->dev);
	if (r)
		free_zone(new);
	return r;
}

/* Does @outer contain all of @inner, on the same bus? */
static bool zone_contains(const struct kvm_coalesced_mmio_zone *outer,
			  const struct kvm_coalesced_mmio_zone *inner)
{
	return outer->pio == inner->pio && inner->addr >= outer->addr &&
	       inner->addr + inner->size <= outer->addr + outer->size;
}

/**
 * kvm_coalesced_unregister - KVM_UNREGISTER_COALESCED_MMIO: every zone that contains @zone goes
 * @kvm: the VM; slots_lock held
 * @zone: the argument, in kernel memory
 *
 * Return: 0, also when there was none; -EINVAL as for registering; -ENOMEM: some may be left.
 */
int kvm_coalesced_unregister(struct kvm *kvm, const struct kvm_coalesced_mmio_zone *zone)
{
	struct coalesced_zone *each, *next;
	int r;

	r = check_zone(zone);
	if (r)
		return r;
	list_for_each_entry_safe(each, next, &kvm->coalesced_zones, list) {
		if (!zone_contains(&each->zone, zone))
			continue;
		r = kvm_io_bus_unregister(kvm, zone_bus(zone), &each->dev);
		if (r)
			return r;
		free_zone(each);
	}
	return 0;
}

/** kvm_coalesced_init - the ring's page; 0 or -ENOMEM */
int kvm_coalesced_init(struct kvm *kvm)
{
	INIT_LIST_HEAD(&kvm->coalesced_zones);
	spin_lock_init(&kvm->ring_lock);
	kvm->coalesced_ring = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	return kvm->coalesced_ring ? 0 : -ENOMEM;
}

/** kvm_coalesced_free - undo it; the zones went with their buses */
void kvm_coalesced_free(struct kvm *kvm)
{
	free_page((unsigned long)kvm->coalesced_ring);
}
