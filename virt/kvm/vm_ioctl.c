// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on a VM fd that do not depend on the architecture.
 *
 * Each argument is copied once and then belongs to the kernel; what it says is checked by the room
 * that acts on it. Memory and buses change under kvm->slots_lock.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/uaccess.h>
#include <kvm/arch.h>
#include "core.h"

#define REGION_FLAGS	(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

static long set_memory_region(struct kvm *kvm, const struct kvm_userspace_memory_region2 *mem)
{
	long r;

	if ((u16)mem->slot >= KVM_USER_MEM_SLOTS)
		return -EINVAL;
	mutex_lock(&kvm->slots_lock);
	r = kvm_set_memory_region(kvm, mem);
	mutex_unlock(&kvm->slots_lock);
	return r;
}

static long vm_set_user_memory_region(struct kvm *kvm, void __user *arg)
{
	struct kvm_userspace_memory_region2 mem = {};

	BUILD_BUG_ON(offsetofend(struct kvm_userspace_memory_region, userspace_addr) !=
		     offsetofend(struct kvm_userspace_memory_region2, userspace_addr));
	/* The first call's argument is the head of the second's. */
	if (copy_from_user(&mem, arg, sizeof(struct kvm_userspace_memory_region)))
		return -EFAULT;
	if (mem.flags & ~REGION_FLAGS)
		return -EINVAL;
	return set_memory_region(kvm, &mem);
}

static long vm_set_user_memory_region2(struct kvm *kvm, void __user *arg)
{
	struct kvm_userspace_memory_region2 mem;

	if (copy_from_user(&mem, arg, sizeof(mem)))
		return -EFAULT;
	return set_memory_region(kvm, &mem);
}

static long get_dirty_log(struct kvm *kvm, const struct kvm_dirty_log *log)
{
	long r;

	mutex_lock(&kvm->slots_lock);
	r = kvm_get_dirty_log(kvm, log);
	mutex_unlock(&kvm->slots_lock);
	return r;
}

static long vm_get_dirty_log(struct kvm *kvm, void __user *arg)
{
	struct kvm_dirty_log log;

	if (copy_from_user(&log, arg, sizeof(log)))
		return -EFAULT;
	return get_dirty_log(kvm, &log);
}

static long vm_coalesced(struct kvm *kvm, void __user *arg, bool add)
{
	struct kvm_coalesced_mmio_zone zone;
	long r;

	if (copy_from_user(&zone, arg, sizeof(zone)))
		return -EFAULT;
	mutex_lock(&kvm->slots_lock);
	r = add ? kvm_coalesced_register(kvm, &zone) : kvm_coalesced_unregister(kvm, &zone);
	mutex_unlock(&kvm->slots_lock);
	return r;
}

/* A VM belongs to one address space: after a fork or an exec its fd is good for closing only. */
static bool vm_usable(const struct kvm *kvm)
{
	return kvm->mm == current->mm && !READ_ONCE(kvm->dead);
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
	struct kvm *kvm = filp->private_data;
	void __user *argp = (void __user *)arg;

	if (!vm_usable(kvm))
		return -EIO;
	switch (ioctl) {
	case KVM_CREATE_VCPU:
		/* The id is an int in the ABI: what does not fit 32 bits is out of range. */
		return arg > U32_MAX ? -EINVAL : kvm_vm_ioctl_create_vcpu(kvm, arg);
	case KVM_SET_USER_MEMORY_REGION:
		return vm_set_user_memory_region(kvm, argp);
	case KVM_SET_USER_MEMORY_REGION2:
		return vm_set_user_memory_region2(kvm, argp);
	case KVM_GET_DIRTY_LOG:
		return vm_get_dirty_log(kvm, argp);
	case KVM_REGISTER_COALESCED_MMIO:
		return vm_coalesced(kvm, argp, true);
	case KVM_UNREGISTER_COALESCED_MMIO:
		return vm_coalesced(kvm, argp, false);
	case KVM_CHECK_EXTENSION:
		return kvm_check_extension(kvm, arg);
	default:
		return kvm_arch_vm_ioctl(filp, ioctl, arg);
	}
}

#ifdef CONFIG_COMPAT
/* A 32-bit program fills only the low half of the pointer; the other half may be anything. */
static long vm_compat_get_dirty_log(struct kvm *kvm, void __user *arg)
{
	struct kvm_dirty_log log;

	if (copy_from_user(&log, arg, sizeof(log)))
		return -EFAULT;
	log.dirty_bitmap = compat_ptr((compat_uptr_t)log.padding2);
	return get_dirty_log(kvm, &log);
}

/** kvm_vm_compat_ioctl - an ioctl of a 32-bit program on a VM fd */
long kvm_vm_compat_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm *kvm = filp->private_data;

	if (!vm_usable(kvm))
		return -EIO;
	if (ioctl == KVM_GET_DIRTY_LOG)
		return vm_compat_get_dirty_log(kvm, compat_ptr(arg));
	return kvm_vm_ioctl(filp, ioctl, (unsigned long)compat_ptr(arg));
}
#else
long kvm_vm_compat_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	return -ENOTTY;
}
#endif
