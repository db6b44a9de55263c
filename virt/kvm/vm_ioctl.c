// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on a VM fd that do not depend on the architecture.
 *
 * Each argument is copied once and then belongs to the kernel; what it says is checked by the room
 * that acts on it. Memory and buses change under kvm->slots_lock.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <kvm/arch.h>
#include <kvm/irq.h>
#include "core.h"

#define REGION_FLAGS	(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

static long set_memory_region(struct kvm *kvm, const struct kvm_userspace_memory_region2 *mem)
{
	return (u16)mem->slot >= KVM_USER_MEM_SLOTS ? -EINVAL : kvm_set_memory_region(kvm, mem);
}

/* What changes memory or buses. @compat: a 32-bit program fills a pointer's low half only. */
static long vm_slots_ioctl(struct kvm *kvm, unsigned int ioctl, void __user *arg, bool compat)
{
	union {
		struct kvm_userspace_memory_region2 mem;
		struct kvm_dirty_log log;
		struct kvm_clear_dirty_log clear;
		struct kvm_coalesced_mmio_zone zone;
	} a = {};
	long r = -ENOTTY;

	/* The first memory region's argument is the head of the second's. */
	BUILD_BUG_ON(offsetofend(struct kvm_userspace_memory_region, userspace_addr) !=
		     offsetofend(struct kvm_userspace_memory_region2, userspace_addr));
	if (copy_from_user(&a, arg, _IOC_SIZE(ioctl)))
		return -EFAULT;
	mutex_lock(&kvm->slots_lock);
	switch (ioctl) {
	case KVM_SET_USER_MEMORY_REGION:
		r = a.mem.flags & ~REGION_FLAGS ? -EINVAL : set_memory_region(kvm, &a.mem);
		break;
	case KVM_SET_USER_MEMORY_REGION2:
		r = set_memory_region(kvm, &a.mem);
		break;
	case KVM_GET_DIRTY_LOG:
		if (compat)
			a.log.dirty_bitmap = compat_ptr((compat_uptr_t)a.log.padding2);
		r = kvm_get_dirty_log(kvm, &a.log);
		break;
	case KVM_CLEAR_DIRTY_LOG:
		if (compat)
			a.clear.dirty_bitmap = compat_ptr((compat_uptr_t)a.clear.padding2);
		r = kvm_clear_dirty_log(kvm, &a.clear);
		break;
	case KVM_RESET_DIRTY_RINGS:
		r = kvm_dirty_rings_reset(kvm);
		break;
	case KVM_REGISTER_COALESCED_MMIO:
		r = kvm_coalesced_register(kvm, &a.zone);
		break;
	case KVM_UNREGISTER_COALESCED_MMIO:
		r = kvm_coalesced_unregister(kvm, &a.zone);
		break;
	}
	mutex_unlock(&kvm->slots_lock);
	return r;
}

/**
 * kvm_vm_enable_generic_cap - KVM_ENABLE_CAP on a VM, for what the architecture does not know
 * @kvm: the VM
 * @cap: copied from userspace; no flags are set
 *
 * Return: 0; -EINVAL for an argument or a capability that does not exist; -E2BIG for a ring too
 * big.
 */
int kvm_vm_enable_generic_cap(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	switch (cap->cap) {
	case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
		return kvm_dirty_log_set_manual(kvm, cap->args[0]);
	case KVM_CAP_DIRTY_LOG_RING:
	case KVM_CAP_DIRTY_LOG_RING_ACQ_REL:
		return kvm_dirty_ring_enable(kvm, cap->args[0]);
	default:
		return -EINVAL;
	}
}

/* KVM_SET_GSI_ROUTING (api.rst 4.52): there must be somewhere to route to. */
static long vm_set_gsi_routing(struct kvm *kvm, struct kvm_irq_routing __user *arg)
{
	struct kvm_irq_routing_entry *entries;
	struct kvm_irq_routing head;
	long r;

	if (copy_from_user(&head, arg, sizeof(head)))
		return -EFAULT;
	if (!kvm_arch_irqchip_in_kernel(kvm) || head.flags || head.nr > KVM_MAX_GSIS)
		return -EINVAL;
	entries = vmemdup_user(arg->entries, array_size(head.nr, sizeof(*entries)));
	if (IS_ERR(entries))
		return PTR_ERR(entries);
	r = kvm_set_irq_routing(kvm, entries, head.nr);
	kvfree(entries);
	return r;
}

static long vm_irqfd(struct kvm *kvm, void __user *arg)
{
	struct kvm_irqfd irqfd;

	if (copy_from_user(&irqfd, arg, sizeof(irqfd)))
		return -EFAULT;
	return kvm_irqfd(kvm, &irqfd);
}

static long vm_ioeventfd(struct kvm *kvm, void __user *arg)
{
	struct kvm_ioeventfd ioeventfd;

	if (copy_from_user(&ioeventfd, arg, sizeof(ioeventfd)))
		return -EFAULT;
	return kvm_ioeventfd(kvm, &ioeventfd);
}

/* A VM belongs to one address space: after a fork or an exec its fd is good for closing only. */
static bool vm_usable(const struct kvm *kvm)
{
	return kvm->mm == current->mm && !READ_ONCE(kvm->dead);
}

static long vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg, bool compat)
{
	struct kvm *kvm = filp->private_data;
	void __user *argp = (void __user *)arg;

	if (!vm_usable(kvm))
		return -EIO;
	switch (ioctl) {
	case KVM_CREATE_VCPU:
		/* The id is an int in the ABI: what does not fit 32 bits is out of range. */
		return arg > U32_MAX ? -EINVAL : kvm_vm_ioctl_create_vcpu(kvm, arg);
	case KVM_SET_USER_MEMORY_REGION:
	case KVM_SET_USER_MEMORY_REGION2:
	case KVM_GET_DIRTY_LOG:
	case KVM_CLEAR_DIRTY_LOG:
	case KVM_RESET_DIRTY_RINGS:
	case KVM_REGISTER_COALESCED_MMIO:
	case KVM_UNREGISTER_COALESCED_MMIO:
		return vm_slots_ioctl(kvm, ioctl, argp, compat);
	case KVM_IRQFD:
		return vm_irqfd(kvm, argp);
	case KVM_IOEVENTFD:
		return vm_ioeventfd(kvm, argp);
	case KVM_SET_GSI_ROUTING:
		return vm_set_gsi_routing(kvm, argp);
	case KVM_CHECK_EXTENSION:
		return kvm_check_extension(kvm, arg);
	default:
		return kvm_arch_vm_ioctl(filp, ioctl, arg);
	}
}

/**
 * kvm_vm_ioctl - an ioctl on a VM fd
 * @filp: the file
 * @ioctl: KVM_*
 * @arg: its argument
 *
 * Return: what api.rst says; -EIO from another process or for a dead VM; -ENOTTY: unknown.
 */
long kvm_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	return vm_ioctl(filp, ioctl, arg, false);
}

/** kvm_vm_compat_ioctl - an ioctl of a 32-bit program on a VM fd */
long kvm_vm_compat_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	return vm_ioctl(filp, ioctl, (unsigned long)compat_ptr(arg), true);
}
