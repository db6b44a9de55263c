// SPDX-License-Identifier: GPL-2.0-only
/*
 * The x86 part of a VM, and of the ioctls on /dev/kvm and on a VM fd.
 *
 * VM-wide settings live in struct kvm_arch under kvm->lock; what they allow is in cap.c.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "irqchip/lapic.h"
#include "x86.h"

/**
 * kvm_arch_init_vm - make the x86 part
 * @kvm: the VM, not yet visible
 * @type: KVM_CREATE_VM's argument: only KVM_X86_DEFAULT_VM exists
 *
 * Return: 0, -EINVAL for another type, -ENOMEM.
 */
int kvm_arch_init_vm(struct kvm *kvm, unsigned long type)
{
	int r;

	if (type != KVM_X86_DEFAULT_VM)
		return -EINVAL;
	kvm->arch.tss_addr = KVM_GPA_INVALID;
	mutex_init(&kvm->arch.apic_map_lock);
	r = kvm_mmu_init_vm(kvm);
	if (r)
		return r;
	r = kvm_tsc_init_vm(kvm);
	if (r)
		goto out_mmu;
	r = kvm_x86_call(vm_init)(kvm);
	if (r)
		goto out_mmu;
	return 0;

out_mmu:
	kvm_mmu_uninit_vm(kvm);
	return r;
}

/**
 * kvm_arch_destroy_vm - free it
 *
 * First who sends the vCPUs interrupts by itself; the vCPUs before the page tables, whose root each
 * holds.
 */
void kvm_arch_destroy_vm(struct kvm *kvm)
{
	kvm_irqchip_destroy_vm(kvm);
	kvm_destroy_vcpus(kvm);
	kvm_lapic_map_free(kvm);
	kvm_x86_call(vm_destroy)(kvm);
	kvm_mmu_uninit_vm(kvm);
}

/* ---- /dev/kvm ---- */

static long dev_get_mce_cap(void __user *arg)
{
	u64 cap = kvm_mce_cap_supported();

	return copy_to_user(arg, &cap, sizeof(cap)) ? -EFAULT : 0;
}

/** kvm_arch_dev_ioctl - an ioctl on /dev/kvm that the core does not know; -ENOTTY: nobody does */
long kvm_arch_dev_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (ioctl) {
	case KVM_GET_MSR_INDEX_LIST:
		return kvm_dev_ioctl_msr_index_list(argp);
	case KVM_GET_MSR_FEATURE_INDEX_LIST:
		return kvm_dev_ioctl_msr_feature_list(argp);
	case KVM_GET_MSRS:
		return kvm_dev_ioctl_get_msrs(argp);
	case KVM_GET_SUPPORTED_CPUID:
	case KVM_GET_EMULATED_CPUID:
		return kvm_dev_ioctl_get_cpuid(argp, ioctl);
	case KVM_X86_GET_MCE_CAP_SUPPORTED:
		return dev_get_mce_cap(argp);
	default:
		return -ENOTTY;
	}
}

/* ---- the VM fd ---- */

/*
 * KVM_SET_TSS_ADDR: three pages for virtual-8086 real mode, used by VMX without unrestricted guest
 * (api.rst 4.36).
 */
static int vm_set_tss_addr(struct kvm *kvm, unsigned long addr)
{
	if (addr > (unsigned int)(-3 * PAGE_SIZE))
		return -EINVAL;
	return kvm_x86_call(set_tss_addr)(kvm, addr);
}

/* KVM_SET_IDENTITY_MAP_ADDR: before the first vCPU (api.rst 4.41). */
static int vm_set_identity_map_addr(struct kvm *kvm, void __user *arg)
{
	u64 addr;
	int r;

	if (copy_from_user(&addr, arg, sizeof(addr)))
		return -EFAULT;
	mutex_lock(&kvm->lock);
	r = -EINVAL;
	if (!kvm->created_vcpus)
		r = kvm_x86_call(set_identity_map_addr)(kvm, addr);
	mutex_unlock(&kvm->lock);
	return r;
}

/* KVM_SET_BOOT_CPU_ID: before the first vCPU (api.rst 4.41). */
static int vm_set_boot_cpu_id(struct kvm *kvm, unsigned long id)
{
	int r = 0;

	if (id >= KVM_VCPU_ID_MAX)
		return -EINVAL;
	mutex_lock(&kvm->lock);
	if (kvm->created_vcpus)
		r = -EBUSY;
	else
		kvm->arch.boot_cpu_id = id;
	mutex_unlock(&kvm->lock);
	return r;
}

static int vm_enable_cap(struct kvm *kvm, void __user *arg)
{
	struct kvm_enable_cap cap;

	if (copy_from_user(&cap, arg, sizeof(cap)))
		return -EFAULT;
	return kvm_vm_enable_cap(kvm, &cap);
}

/** kvm_arch_vm_ioctl - an ioctl on a VM fd that the core does not know; -ENOTTY: nobody does */
long kvm_arch_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm *kvm = filp->private_data;
	void __user *argp = (void __user *)arg;

	switch (ioctl) {
	case KVM_SET_TSS_ADDR:
		return vm_set_tss_addr(kvm, arg);
	case KVM_SET_NR_MMU_PAGES:
		return kvm_mmu_set_nr_pages(kvm, arg);
	case KVM_GET_NR_MMU_PAGES:
		return kvm_mmu_get_nr_pages(kvm);
	case KVM_SET_IDENTITY_MAP_ADDR:
		return vm_set_identity_map_addr(kvm, argp);
	case KVM_SET_BOOT_CPU_ID:
		return vm_set_boot_cpu_id(kvm, arg);
	case KVM_ENABLE_CAP:
		return vm_enable_cap(kvm, argp);
	case KVM_GET_CLOCK:
		return kvm_vm_ioctl_get_clock(kvm, argp);
	case KVM_SET_CLOCK:
		return kvm_vm_ioctl_set_clock(kvm, argp);
	default:
		return kvm_irqchip_ioctl(kvm, ioctl, argp);
	}
}
