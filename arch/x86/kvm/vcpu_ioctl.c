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

#define VCPU_FN(name, type, expr)						\
static int do_##name(struct kvm_vcpu *vcpu, void *data)				\
{										\
	type *arg = data;							\
										\
	return (expr);								\
}

VCPU_FN(get_regs, struct kvm_regs, kvm_vcpu_get_regs(vcpu, arg))
VCPU_FN(set_regs, struct kvm_regs, kvm_vcpu_set_regs(vcpu, arg))
VCPU_FN(get_sregs, struct kvm_sregs, (kvm_vcpu_get_sregs(vcpu, arg), 0))
VCPU_FN(set_sregs, struct kvm_sregs, kvm_vcpu_set_sregs(vcpu, arg))
VCPU_FN(get_sregs2, struct kvm_sregs2, (kvm_vcpu_get_sregs2(vcpu, arg), 0))
VCPU_FN(set_sregs2, struct kvm_sregs2, kvm_vcpu_set_sregs2(vcpu, arg))
VCPU_FN(translate, struct kvm_translation, kvm_vcpu_translate(vcpu, arg))
VCPU_FN(get_mp_state, struct kvm_mp_state, kvm_vcpu_get_mp_state(vcpu, arg))
VCPU_FN(set_mp_state, struct kvm_mp_state, kvm_vcpu_set_mp_state(vcpu, arg))
VCPU_FN(get_fpu, struct kvm_fpu, kvm_vcpu_get_fpu(vcpu, arg))
VCPU_FN(set_fpu, struct kvm_fpu, kvm_vcpu_set_fpu(vcpu, arg))
VCPU_FN(get_xcrs, struct kvm_xcrs, kvm_vcpu_get_xcrs(vcpu, arg))
VCPU_FN(set_xcrs, struct kvm_xcrs, kvm_vcpu_set_xcrs(vcpu, arg))
VCPU_FN(get_debugregs, struct kvm_debugregs, kvm_vcpu_get_debugregs(vcpu, arg))
VCPU_FN(set_debugregs, struct kvm_debugregs, kvm_vcpu_set_debugregs(vcpu, arg))
VCPU_FN(set_guest_debug, struct kvm_guest_debug, kvm_vcpu_set_guest_debug(vcpu, arg))
VCPU_FN(get_events, struct kvm_vcpu_events, kvm_vcpu_get_events(vcpu, arg))
VCPU_FN(set_events, struct kvm_vcpu_events, kvm_vcpu_set_events(vcpu, arg))
VCPU_FN(get_lapic, struct kvm_lapic_state, kvm_vcpu_get_lapic(vcpu, arg))
VCPU_FN(set_lapic, struct kvm_lapic_state, kvm_vcpu_set_lapic(vcpu, arg))
VCPU_FN(tpr_access_reporting, struct kvm_tpr_access_ctl, kvm_vapic_set_reporting(vcpu, arg))
VCPU_FN(set_vapic_addr, struct kvm_vapic_addr, kvm_vapic_set_addr(vcpu, arg))
VCPU_FN(interrupt, struct kvm_interrupt, kvm_user_irq_queue(vcpu, arg->irq))
VCPU_FN(setup_mce, u64, kvm_vcpu_setup_mce(vcpu, *arg))
VCPU_FN(set_mce, struct kvm_x86_mce, kvm_vcpu_set_mce(vcpu, arg))
VCPU_FN(pre_fault, struct kvm_pre_fault_memory, kvm_vcpu_pre_fault(vcpu, arg))

struct vcpu_ioctl {
	unsigned int cmd;
	int (*fn)(struct kvm_vcpu *vcpu, void *data);
};

static const struct vcpu_ioctl vcpu_ioctls[] = {
	{ KVM_GET_REGS, do_get_regs },
	{ KVM_SET_REGS, do_set_regs },
	{ KVM_GET_SREGS, do_get_sregs },
	{ KVM_SET_SREGS, do_set_sregs },
	{ KVM_GET_SREGS2, do_get_sregs2 },
	{ KVM_SET_SREGS2, do_set_sregs2 },
	{ KVM_TRANSLATE, do_translate },
	{ KVM_GET_MP_STATE, do_get_mp_state },
	{ KVM_SET_MP_STATE, do_set_mp_state },
	{ KVM_GET_FPU, do_get_fpu },
	{ KVM_SET_FPU, do_set_fpu },
	{ KVM_GET_XCRS, do_get_xcrs },
	{ KVM_SET_XCRS, do_set_xcrs },
	{ KVM_GET_DEBUGREGS, do_get_debugregs },
	{ KVM_SET_DEBUGREGS, do_set_debugregs },
	{ KVM_SET_GUEST_DEBUG, do_set_guest_debug },
	{ KVM_GET_VCPU_EVENTS, do_get_events },
	{ KVM_SET_VCPU_EVENTS, do_set_events },
	{ KVM_GET_LAPIC, do_get_lapic },
	{ KVM_SET_LAPIC, do_set_lapic },
	{ KVM_SET_VAPIC_ADDR, do_set_vapic_addr },
	{ KVM_TPR_ACCESS_REPORTING, do_tpr_access_reporting },
	{ KVM_INTERRUPT, do_interrupt },
	{ KVM_X86_SETUP_MCE, do_setup_mce },
	{ KVM_X86_SET_MCE, do_set_mce },
	{ KVM_PRE_FAULT_MEMORY, do_pre_fault },
};

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

/** kvm_arch_vcpu_async_ioctl - ioctls that must not wait for KVM_RUN to end: none yet */
long kvm_arch_vcpu_async_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	return -ENOIOCTLCMD;
}
