// SPDX-License-Identifier: GPL-2.0-only
/*
 * The x86 ioctls of a vCPU fd: arguments in, the owner's function, results out.
 *
 * Those whose argument is one struct of fixed size stand in a table: the size and the direction are
 * in the ioctl's number. The core holds vcpu->mutex and has loaded the vCPU.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "irqchip/lapic.h"
#include "x86.h"

/* The ioctl, its argument's type, what it does with @arg: the functions, and then their table. */
#define VCPU_IOCTLS(X)									\
	X(KVM_GET_REGS, struct kvm_regs, kvm_vcpu_get_regs(vcpu, arg))			\
	X(KVM_SET_REGS, struct kvm_regs, kvm_vcpu_set_regs(vcpu, arg))			\
	X(KVM_GET_SREGS, struct kvm_sregs, (kvm_vcpu_get_sregs(vcpu, arg), 0))		\
	X(KVM_SET_SREGS, struct kvm_sregs, kvm_vcpu_set_sregs(vcpu, arg))		\
	X(KVM_GET_SREGS2, struct kvm_sregs2, (kvm_vcpu_get_sregs2(vcpu, arg), 0))	\
	X(KVM_SET_SREGS2, struct kvm_sregs2, kvm_vcpu_set_sregs2(vcpu, arg))		\
	X(KVM_TRANSLATE, struct kvm_translation, kvm_vcpu_translate(vcpu, arg))		\
	X(KVM_GET_MP_STATE, struct kvm_mp_state, kvm_vcpu_get_mp_state(vcpu, arg))	\
	X(KVM_SET_MP_STATE, struct kvm_mp_state, kvm_vcpu_set_mp_state(vcpu, arg))	\
	X(KVM_GET_FPU, struct kvm_fpu, kvm_vcpu_get_fpu(vcpu, arg))			\
	X(KVM_SET_FPU, struct kvm_fpu, kvm_vcpu_set_fpu(vcpu, arg))			\
	X(KVM_GET_XCRS, struct kvm_xcrs, kvm_vcpu_get_xcrs(vcpu, arg))			\
	X(KVM_SET_XCRS, struct kvm_xcrs, kvm_vcpu_set_xcrs(vcpu, arg))			\
	X(KVM_GET_DEBUGREGS, struct kvm_debugregs, kvm_vcpu_get_debugregs(vcpu, arg))	\
	X(KVM_SET_DEBUGREGS, struct kvm_debugregs, kvm_vcpu_set_debugregs(vcpu, arg))	\
	X(KVM_SET_GUEST_DEBUG, struct kvm_guest_debug,					\
	  kvm_vcpu_set_guest_debug(vcpu, arg))						\
	X(KVM_GET_VCPU_EVENTS, struct kvm_vcpu_events, kvm_vcpu_get_events(vcpu, arg))	\
	X(KVM_SET_VCPU_EVENTS, struct kvm_vcpu_events, kvm_vcpu_set_events(vcpu, arg))	\
	X(KVM_GET_LAPIC, struct kvm_lapic_state, kvm_vcpu_get_lapic(vcpu, arg))		\
	X(KVM_SET_LAPIC, struct kvm_lapic_state, kvm_vcpu_set_lapic(vcpu, arg))		\
	X(KVM_TPR_ACCESS_REPORTING, struct kvm_tpr_access_ctl,				\
	  kvm_vapic_set_reporting(vcpu, arg))						\
	X(KVM_SET_VAPIC_ADDR, struct kvm_vapic_addr, kvm_vapic_set_addr(vcpu, arg))	\
	X(KVM_INTERRUPT, struct kvm_interrupt, kvm_user_irq_queue(vcpu, arg->irq))	\
	X(KVM_X86_SETUP_MCE, u64, kvm_vcpu_setup_mce(vcpu, *arg))			\
	X(KVM_X86_SET_MCE, struct kvm_x86_mce, kvm_vcpu_set_mce(vcpu, arg))		\
	X(KVM_PRE_FAULT_MEMORY, struct kvm_pre_fault_memory,				\
	  kvm_vcpu_pre_fault(vcpu, arg))

#define VCPU_FN(cmd, type, expr)						\
static int do_##cmd(struct kvm_vcpu *vcpu, void *data)				\
{										\
	type *arg = data;							\
										\
	return (expr);								\
}
VCPU_IOCTLS(VCPU_FN)

struct vcpu_ioctl {
	unsigned int cmd;
	int (*fn)(struct kvm_vcpu *vcpu, void *data);
};

#define VCPU_ROW(cmd, type, expr)	{ cmd, do_##cmd },
static const struct vcpu_ioctl vcpu_ioctls[] = { VCPU_IOCTLS(VCPU_ROW) };

static const struct vcpu_ioctl *vcpu_ioctl_find(unsigned int cmd)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vcpu_ioctls); i++)
		if (vcpu_ioctls[i].cmd == cmd)
			return &vcpu_ioctls[i];
	return NULL;
}

/* The argument is copied once, into memory of ours: userspace cannot change it after a check. */
static long vcpu_ioctl_fixed(struct kvm_vcpu *vcpu, const struct vcpu_ioctl *op, void __user *arg)
{
	size_t size = _IOC_SIZE(op->cmd);
	void *data;
	long r;

	data = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	r = -EFAULT;
	if ((_IOC_DIR(op->cmd) & _IOC_WRITE) && copy_from_user(data, arg, size))
		goto out;
	r = op->fn(vcpu, data);
	if (!r && (_IOC_DIR(op->cmd) & _IOC_READ) && copy_to_user(arg, data, size))
		r = -EFAULT;
out:
	kfree(data);
	return r;
}

/*
 * KVM_GET/SET/HAS_DEVICE_ATTR on a vCPU: the TSC offset is the one attribute there is (vcpu.rst
 * 4.1).
 */
static long vcpu_ioctl_attr(struct kvm_vcpu *vcpu, unsigned int ioctl, void __user *arg)
{
	struct kvm_device_attr attr;

	if (copy_from_user(&attr, arg, sizeof(attr)))
		return -EFAULT;
	if (attr.group != KVM_VCPU_TSC_CTRL || attr.flags)
		return -ENXIO;
	switch (ioctl) {
	case KVM_HAS_DEVICE_ATTR:
		return kvm_tsc_has_offset_attr(vcpu, &attr);
	case KVM_GET_DEVICE_ATTR:
		return kvm_tsc_get_offset_attr(vcpu, &attr);
	default:
		return kvm_tsc_set_offset_attr(vcpu, &attr);
	}
}

/**
 * kvm_arch_vcpu_ioctl - an ioctl on a vCPU fd that the core does not know
 * @filp: the vCPU's file
 * @ioctl: its number
 * @arg: its argument
 *
 * Return: what api.rst says of the ioctl; -ENOTTY for one that does not exist.
 */
long kvm_arch_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm_vcpu *vcpu = filp->private_data;
	void __user *argp = (void __user *)arg;
	const struct vcpu_ioctl *op = vcpu_ioctl_find(ioctl);

	if (op)
		return vcpu_ioctl_fixed(vcpu, op, argp);
	switch (ioctl) {
	case KVM_GET_MSRS:
		return kvm_vcpu_ioctl_get_msrs(vcpu, argp);
	case KVM_SET_MSRS:
		return kvm_vcpu_ioctl_set_msrs(vcpu, argp);
	case KVM_SET_CPUID:
		return kvm_vcpu_ioctl_set_cpuid(vcpu, argp);
	case KVM_SET_CPUID2:
		return kvm_vcpu_ioctl_set_cpuid2(vcpu, argp);
	case KVM_GET_CPUID2:
		return kvm_vcpu_ioctl_get_cpuid2(vcpu, argp);
	case KVM_GET_XSAVE:
		return kvm_vcpu_ioctl_get_xsave(vcpu, argp, false);
	case KVM_GET_XSAVE2:
		return kvm_vcpu_ioctl_get_xsave(vcpu, argp, true);
	case KVM_SET_XSAVE:
		return kvm_vcpu_ioctl_set_xsave(vcpu, argp);
	case KVM_SET_TSC_KHZ:
		return kvm_tsc_set_khz(vcpu, arg);
	case KVM_GET_TSC_KHZ:
		/* What the guest's TSC was set to, however bad the host's is as a clock. */
		return vcpu->arch.virtual_tsc_khz;
	case KVM_NMI:
		kvm_inject_nmi(vcpu);
		return 0;
	case KVM_HAS_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_SET_DEVICE_ATTR:
		return vcpu_ioctl_attr(vcpu, ioctl, argp);
	default:
		return -ENOTTY;
	}
}
