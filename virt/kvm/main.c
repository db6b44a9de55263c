// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's beginning and end, and /dev/kvm.
 *
 * kvm.ko does nothing by itself: a vendor module calls kvm_init() with its table, and from then
 * until kvm_exit() the device is there. One vendor at a time; vendor_lock decides who.
 */
#define pr_fmt(fmt) "kvm: " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <kvm/arch.h>
#include <compat/compat.h>
#include "core.h"

#ifndef SLIMKVM_VERSION
#define SLIMKVM_VERSION "0"
#endif

/* The device number that udev, QEMU and module autoloading know: /dev/kvm is 10:232. */
#define KVM_DEVICE_MINOR	232

static DEFINE_MUTEX(vendor_lock);
struct module *kvm_vendor;

/* The capabilities whose answer does not depend on the architecture (api.rst 4.4). */
static int generic_extension(struct kvm *kvm, long ext)
{
	switch (ext) {
	case KVM_CAP_USER_MEMORY:
	case KVM_CAP_USER_MEMORY2:
	case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
	case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
	case KVM_CAP_READONLY_MEM:
	case KVM_CAP_SYNC_MMU:
	case KVM_CAP_COALESCED_PIO:
	case KVM_CAP_IRQFD:
	case KVM_CAP_IRQFD_RESAMPLE:
	case KVM_CAP_IOEVENTFD:
	case KVM_CAP_IOEVENTFD_NO_LENGTH:
	case KVM_CAP_IOEVENTFD_ANY_LENGTH:
	case KVM_CAP_IMMEDIATE_EXIT:
	case KVM_CAP_INTERNAL_ERROR_DATA:
	case KVM_CAP_CHECK_EXTENSION_VM:
		return 1;
	case KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2:
		return KVM_DIRTY_LOG_MANUAL_FLAGS;
	case KVM_CAP_DIRTY_LOG_RING:
	case KVM_CAP_DIRTY_LOG_RING_ACQ_REL:
		return KVM_DIRTY_RING_MAX_SIZE;
	case KVM_CAP_COALESCED_MMIO:
		return KVM_COALESCED_MMIO_PAGE_OFFSET;
	case KVM_CAP_NR_MEMSLOTS:
		return KVM_USER_MEM_SLOTS;
	case KVM_CAP_NR_VCPUS:
		return min_t(unsigned int, num_online_cpus(), KVM_VCPUS_MAX);
	case KVM_CAP_MAX_VCPUS:
		return KVM_VCPUS_MAX;
	case KVM_CAP_MAX_VCPU_ID:
		return KVM_VCPU_ID_MAX;
	default:
		return -ENOENT;
	}
}

/**
 * kvm_check_extension - KVM_CHECK_EXTENSION, on /dev/kvm and on a VM
 * @kvm: the VM, or NULL
 * @ext: KVM_CAP_*
 *
 * Return: 0 when there is no such thing, else 1 or the number that api.rst gives it.
 */
int kvm_check_extension(struct kvm *kvm, long ext)
{
	int r = generic_extension(kvm, ext);

	return r == -ENOENT ? kvm_arch_check_extension(kvm, ext) : r;
}

static long dev_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	switch (ioctl) {
	case KVM_GET_API_VERSION:
		return arg ? -EINVAL : KVM_API_VERSION;
	case KVM_CREATE_VM:
		return kvm_vm_create_fd(arg);
	case KVM_CHECK_EXTENSION:
		return kvm_check_extension(NULL, arg);
	case KVM_GET_VCPU_MMAP_SIZE:
		return arg ? -EINVAL : KVM_VCPU_MMAP_PAGES * PAGE_SIZE;
	default:
		return kvm_arch_dev_ioctl(filp, ioctl, arg);
	}
}

/* Not const: the owner is the vendor module, so that it stays while the device is open. */
static struct file_operations dev_fops = {
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice kvm_device = {
	.minor = KVM_DEVICE_MINOR,
	.name = "kvm",
	.fops = &dev_fops,
};

static int dev_register(struct module *owner)
{
	int r;

	dev_fops.owner = owner;
	r = misc_register(&kvm_device);
	if (r)
		pr_err("cannot register /dev/kvm (10:%d), error %d: does another driver hold it?\n",
		       KVM_DEVICE_MINOR, r);
	return r;
}

/* What stands between the architecture and /dev/kvm, in the order in which it is needed. */
static int core_init(size_t vcpu_size, size_t vcpu_align, struct module *owner)
{
	int r;

	r = kvm_kick_init();
	if (r)
		return r;
	r = kvm_hardware_init();
	if (r)
		goto out_kick;
	r = kvm_vcpu_module_init(vcpu_size, vcpu_align, owner);
	if (r)
		goto out_hardware;
	kvm_vm_fops_init(owner);
	r = kvm_irqfd_init();
	if (r)
		goto out_vcpu;
	r = kvm_stats_init();
	if (r)
		goto out_irqfd;
	r = dev_register(owner);
	if (r)
		goto out_stats;
	return 0;

out_stats:
	kvm_stats_exit();
out_irqfd:
	kvm_irqfd_exit();
out_vcpu:
	kvm_vcpu_module_exit();
out_hardware:
	kvm_hardware_exit();
out_kick:
	kvm_kick_exit();
	return r;
}

/**
 * kvm_init - a vendor module hands over its table, and /dev/kvm appears
 * @ops: all that the vendor can do; stays valid until kvm_exit()
 * @vcpu_size: bytes of the vendor's vCPU, which begins with a struct kvm_vcpu
 * @vcpu_align: its alignment
 * @owner: the vendor's THIS_MODULE; pinned by each open fd
 *
 * Return: 0; -EEXIST when another vendor was faster; -EINVAL for a vCPU too small; what the host's
 * CPU or the vendor's hardware_setup() refuses with. On an error nothing is left behind.
 */
int kvm_init(const struct kvm_x86_ops *ops, size_t vcpu_size, size_t vcpu_align,
	     struct module *owner)
{
	int r = -EEXIST;

	if (WARN_ON_ONCE(vcpu_size < sizeof(struct kvm_vcpu)))
		return -EINVAL;
	mutex_lock(&vendor_lock);
	if (kvm_vendor) {
		pr_err("already loaded by %s: unload it first\n", module_name(kvm_vendor));
		goto out;
	}
	r = kvm_arch_init(ops);
	if (r)
		goto out;
	kvm_vendor = owner;
	r = core_init(vcpu_size, vcpu_align, owner);
	if (r) {
		kvm_vendor = NULL;
		kvm_arch_exit();
	}
out:
	mutex_unlock(&vendor_lock);
	return r;
}
EXPORT_SYMBOL_GPL(kvm_init);

/**
 * kvm_exit - the vendor module leaves: undo kvm_init()
 *
 * No fd is open, since each holds a reference on the vendor module.
 */
void kvm_exit(void)
{
	mutex_lock(&vendor_lock);
	misc_deregister(&kvm_device);
	kvm_stats_exit();
	kvm_irqfd_exit();
	kvm_vcpu_module_exit();
	kvm_hardware_exit();
	kvm_kick_exit();
	kvm_arch_exit();
	kvm_vendor = NULL;
	mutex_unlock(&vendor_lock);
}
EXPORT_SYMBOL_GPL(kvm_exit);

MODULE_AUTHOR("SlimKVM");
MODULE_DESCRIPTION("SlimKVM: kernel-based virtual machine, generic core and x86");
MODULE_LICENSE("GPL");
MODULE_VERSION(SLIMKVM_VERSION);
MODULE_ALIAS_MISCDEV(KVM_DEVICE_MINOR);
MODULE_ALIAS("devname:kvm");
