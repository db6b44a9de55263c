// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM's choice of interrupt controllers, what a GSI's route means to them, and their ioctls.
 *
 * Owns kvm->arch.irqchip_mode and split_irqchip_pins: written once under kvm->lock before there is
 * a vCPU, with a release, so that who sees the mode sees the chips.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "chips.h"

static enum kvm_irqchip_mode irqchip_mode(struct kvm *kvm)
{
	/* Pairs with the release in publish_mode(). */
	return smp_load_acquire(&kvm->arch.irqchip_mode);
}

static void publish_mode(struct kvm *kvm, enum kvm_irqchip_mode mode)
{
	/* The chips come before the mode: pairs with the acquire in irqchip_mode(). */
	smp_store_release(&kvm->arch.irqchip_mode, mode);
}

/** kvm_arch_irqchip_in_kernel - are there LAPICs in the kernel, so that routes lead somewhere? */
bool kvm_arch_irqchip_in_kernel(struct kvm *kvm)
{
	return irqchip_mode(kvm) != KVM_IRQCHIP_NONE;
}

/** kvm_arch_irq_acks_in_kernel - the PIC pair and the IOAPIC are here: ack notifiers work */
bool kvm_arch_irq_acks_in_kernel(struct kvm *kvm)
{
	return irqchip_mode(kvm) == KVM_IRQCHIP_KERNEL;
}

/* ---- routes ---- */

static unsigned int chip_pins(unsigned int chip)
{
	switch (chip) {
	case KVM_IRQCHIP_PIC_MASTER:
	case KVM_IRQCHIP_PIC_SLAVE:
		return 8;
	case KVM_IRQCHIP_IOAPIC:
		return KVM_IOAPIC_NUM_PINS;
	default:
		return 0;
	}
}

/**
 * kvm_arch_route_check - may this entry be in the VM's table?
 * @kvm: the VM
 * @entry: userspace's; its GSI has been checked
 *
 * The chips of a route must be there: only the default routes come before the mode.
 *
 * Return: 0 or -EINVAL.
 */
int kvm_arch_route_check(struct kvm *kvm, const struct kvm_irq_routing_entry *entry)
{
	if (entry->flags)
		return -EINVAL;
	switch (entry->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		if (!kvm->arch.ioapic ||
		    entry->u.irqchip.pin >= chip_pins(entry->u.irqchip.irqchip))
			return -EINVAL;
		return 0;
	case KVM_IRQ_ROUTING_MSI:
		return kvm_msi_valid(kvm, entry->u.msi.address_hi) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

/** kvm_arch_msi_send - send the message of a route to one; any context; returns as kvm_irq_set() */
int kvm_arch_msi_send(struct kvm *kvm, const struct kvm_irq_route *route)
{
	return kvm_msi_send(kvm, route->msi.address_lo, route->msi.address_hi, route->msi.data);
}

/**
 * kvm_arch_route_set - act on one route; may not sleep, but needs interrupts on
 * @kvm: the VM
 * @route: a route that has been checked
 * @source: who drives it
 * @level: and how; an MSI goes out when it rises
 *
 * Return: as kvm_irq_set().
 */
int kvm_arch_route_set(struct kvm *kvm, const struct kvm_irq_route *route,
		       enum kvm_irq_source source, int level)
{
	if (route->type == KVM_IRQ_ROUTING_MSI)
		return level ? kvm_arch_msi_send(kvm, route) : -1;
	switch (route->irqchip.chip) {
	case KVM_IRQCHIP_PIC_MASTER:
		return kvm_pic_set(kvm, route->irqchip.pin, source, level);
	case KVM_IRQCHIP_PIC_SLAVE:
		return kvm_pic_set(kvm, route->irqchip.pin + 8, source, level);
	default:
		return kvm_ioapic_set(kvm, route->irqchip.pin, source, level);
	}
}

/** kvm_arch_routes_changed - the table was replaced: LAPICs must know again whose EOIs matter */
void kvm_arch_routes_changed(struct kvm *kvm)
{
	if (kvm_arch_irqchip_in_kernel(kvm))
		kvm_make_all_vcpus_request(kvm, KVM_REQ_SCAN_IOAPIC);
}

struct scan {
	struct kvm_vcpu *vcpu;
	unsigned long *vectors;
};

/* SPLIT: the first GSIs are the pins of an I/O APIC in userspace, which wants its EOIs. */
static int scan_route(const struct kvm_irq_route *route, void *data)
{
	const struct scan *scan = data;
	struct kvm *kvm = scan->vcpu->kvm;
	struct kvm_apic_message msg;

	if (route->type != KVM_IRQ_ROUTING_MSI || route->gsi >= kvm->arch.split_irqchip_pins)
		return 0;
	msg = kvm_msi_message(kvm, route->msi.address_lo, route->msi.address_hi, route->msi.data);
	if (msg.level && kvm_apic_is_dest(scan->vcpu, &msg))
		__set_bit(msg.vector, scan->vectors);
	return 0;
}

/**
 * kvm_irqchip_scan_eoi_vectors - the vectors whose EOI by @vcpu somebody must be told
 * @vcpu: the vCPU, at KVM_REQ_SCAN_IOAPIC
 * @vectors: 256 bits, all clear
 */
void kvm_irqchip_scan_eoi_vectors(struct kvm_vcpu *vcpu, unsigned long *vectors)
{
	struct scan scan = { vcpu, vectors };

	if (irqchip_mode(vcpu->kvm) == KVM_IRQCHIP_KERNEL)
		kvm_ioapic_scan(vcpu, vectors);
	else
		kvm_for_each_route(vcpu->kvm, scan_route, &scan);
}

/* ---- KVM_CREATE_IRQCHIP, KVM_CAP_SPLIT_IRQCHIP ---- */

static struct kvm_irq_routing_entry route_to(u32 gsi, u32 chip, u32 pin)
{
	return (struct kvm_irq_routing_entry) {
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

/* GSIs 0–15 lead to both chips, 16–23 to the I/O APIC only (api.rst 4.24). */
static int set_default_routes(struct kvm *kvm)
{
	struct kvm_irq_routing_entry *routes;
	unsigned int gsi, n = 0;
	int r;

	routes = kcalloc(16 + KVM_IOAPIC_NUM_PINS, sizeof(*routes), GFP_KERNEL_ACCOUNT);
	if (!routes)
		return -ENOMEM;
	for (gsi = 0; gsi < 16; gsi++)
		routes[n++] = route_to(gsi, gsi < 8 ? KVM_IRQCHIP_PIC_MASTER :
				       KVM_IRQCHIP_PIC_SLAVE, gsi % 8);
	for (gsi = 0; gsi < KVM_IOAPIC_NUM_PINS; gsi++)
		routes[n++] = route_to(gsi, KVM_IRQCHIP_IOAPIC, gsi);
	r = kvm_set_irq_routing(kvm, routes, n);
	kfree(routes);
	return r;
}

/**
 * kvm_irqchip_unplug - take a chip off its bus
 * @kvm: the VM; slots_lock held
 * @bus: which bus
 * @dev: the chip
 *
 * Return: it may be freed. There was no memory to take it off: the VM is dead, and the chip goes
 * with it.
 */
bool kvm_irqchip_unplug(struct kvm *kvm, enum kvm_bus bus, struct kvm_io_device *dev)
{
	if (kvm_io_bus_unregister(kvm, bus, dev) != -ENOMEM)
		return true;
	kvm_vm_dead(kvm);
	return false;
}

static int create_chips(struct kvm *kvm)
{
	int r;

	mutex_lock(&kvm->slots_lock);
	r = kvm_pic_create(kvm);
	if (!r)
		r = kvm_ioapic_create(kvm);
	mutex_unlock(&kvm->slots_lock);
	return r;
}

static void destroy_chips(struct kvm *kvm)
{
	kvm_pit_destroy(kvm);
	mutex_lock(&kvm->slots_lock);
	kvm_ioapic_destroy(kvm);
	kvm_pic_destroy(kvm);
	mutex_unlock(&kvm->slots_lock);
}

/* May the VM still choose its irqchip? kvm->lock held. */
static int may_choose(struct kvm *kvm)
{
	if (kvm->arch.irqchip_mode != KVM_IRQCHIP_NONE)
		return -EEXIST;
	return kvm->created_vcpus ? -EINVAL : 0;
}

/*
 * KVM_CREATE_IRQCHIP. -EEXIST: there is one, whole or split; -EINVAL: too late, there is a vCPU.
 */
static int irqchip_create(struct kvm *kvm)
{
	int r;

	mutex_lock(&kvm->lock);
	r = may_choose(kvm);
	if (r)
		goto out;
	r = create_chips(kvm);
	if (!r)
		r = set_default_routes(kvm);
	if (r)
		destroy_chips(kvm);
	else
		publish_mode(kvm, KVM_IRQCHIP_KERNEL);
out:
	mutex_unlock(&kvm->lock);
	return r;
}

/**
 * kvm_irqchip_split - KVM_ENABLE_CAP of KVM_CAP_SPLIT_IRQCHIP (api.rst 7.5)
 * @kvm: the VM
 * @cap: args[0]: how many of the first GSIs are pins of userspace's I/O APICs
 *
 * Return: 0; -EINVAL: more pins than GSIs, another argument, or there is a vCPU; -EEXIST.
 */
int kvm_irqchip_split(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	int r;

	if (cap->args[0] > KVM_MAX_GSIS || cap->args[1] || cap->args[2] || cap->args[3])
		return -EINVAL;
	mutex_lock(&kvm->lock);
	r = may_choose(kvm);
	if (!r) {
		kvm->arch.split_irqchip_pins = cap->args[0];
		publish_mode(kvm, KVM_IRQCHIP_SPLIT);
	}
	mutex_unlock(&kvm->lock);
	return r;
}

/**
 * kvm_irqchip_destroy_vm - the VM is being destroyed: timers stop, the chips are freed
 * @kvm: the VM, which is on no bus any more and has no irqfds; its vCPUs are still there
 */
void kvm_irqchip_destroy_vm(struct kvm *kvm)
{
	destroy_chips(kvm);
}

/* ---- ioctls on the VM fd ---- */

/* KVM_IRQ_LINE and KVM_IRQ_LINE_STATUS: any level but 0 asserts the line. */
static long irqchip_line(struct kvm *kvm, void __user *argp, bool status)
{
	struct kvm_irq_level level;

	if (copy_from_user(&level, argp, sizeof(level)))
		return -EFAULT;
	if (!kvm_arch_irqchip_in_kernel(kvm))
		return -ENXIO;
	level.status = kvm_irq_set(kvm, KVM_IRQ_SOURCE_USERSPACE, level.irq, !!level.level);
	if (status && copy_to_user(argp, &level, sizeof(level)))
		return -EFAULT;
	return 0;
}

static long irqchip_get(struct kvm *kvm, struct kvm_irqchip __user *argp)
{
	struct kvm_irqchip *chip;
	long r = 0;

	chip = kzalloc(sizeof(*chip), GFP_KERNEL_ACCOUNT);
	if (!chip)
		return -ENOMEM;
	if (get_user(chip->chip_id, &argp->chip_id))
		r = -EFAULT;
	else if (irqchip_mode(kvm) != KVM_IRQCHIP_KERNEL)
		r = -ENXIO;
	else if (chip->chip_id == KVM_IRQCHIP_IOAPIC)
		kvm_ioapic_get_state(kvm, &chip->chip.ioapic);
	else if (chip->chip_id < KVM_IRQCHIP_IOAPIC)
		kvm_pic_get_state(kvm, chip->chip_id, &chip->chip.pic);
	else
		r = -EINVAL;
	if (!r && copy_to_user(argp, chip, sizeof(*chip)))
		r = -EFAULT;
	kfree(chip);
	return r;
}

static long irqchip_set(struct kvm *kvm, void __user *argp)
{
	struct kvm_irqchip *chip = memdup_user(argp, sizeof(*chip));
	long r;

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	if (irqchip_mode(kvm) != KVM_IRQCHIP_KERNEL)
		r = -ENXIO;
	else if (chip->chip_id == KVM_IRQCHIP_IOAPIC)
		r = kvm_ioapic_set_state(kvm, &chip->chip.ioapic);
	else if (chip->chip_id < KVM_IRQCHIP_IOAPIC)
		r = kvm_pic_set_state(kvm, chip->chip_id, &chip->chip.pic);
	else
		r = -EINVAL;
	kfree(chip);
	return r;
}

static long irqchip_signal_msi(struct kvm *kvm, void __user *argp)
{
	struct kvm_msi msi;

	if (copy_from_user(&msi, argp, sizeof(msi)))
		return -EFAULT;
	return kvm_signal_msi(kvm, &msi);
}

/**
 * kvm_irqchip_ioctl - an ioctl on a VM fd that may be one of the interrupt controllers'
 * @kvm: the VM
 * @ioctl: KVM_*
 * @argp: its argument
 *
 * Return: what api.rst says; -ENOTTY: not one of them.
 */
long kvm_irqchip_ioctl(struct kvm *kvm, unsigned int ioctl, void __user *argp)
{
	switch (ioctl) {
	case KVM_CREATE_IRQCHIP:
		return irqchip_create(kvm);
	case KVM_IRQ_LINE:
		return irqchip_line(kvm, argp, false);
	case KVM_IRQ_LINE_STATUS:
		return irqchip_line(kvm, argp, true);
	case KVM_GET_IRQCHIP:
		return irqchip_get(kvm, argp);
	case KVM_SET_IRQCHIP:
		return irqchip_set(kvm, argp);
	case KVM_SIGNAL_MSI:
		return irqchip_signal_msi(kvm, argp);
	default:
		return kvm_pit_ioctl(kvm, ioctl, argp);
	}
}
