// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities: what KVM_CHECK_EXTENSION says of the x86 part, and what KVM_ENABLE_CAP turns on.
 *
 * A capability stands here only when all of it works; Documentation/api.rst names the selftest that
 * proves it.
 */
#include "x86.h"

/**
 * kvm_arch_check_extension - KVM_CHECK_EXTENSION
 * @kvm: the VM, or NULL when asked on /dev/kvm
 * @ext: KVM_CAP_*
 *
 * Return: 0 for what we do not have, else 1 or what api.rst gives as the capability's value.
 */
int kvm_arch_check_extension(struct kvm *kvm, long ext)
{
	switch (ext) {
	case KVM_CAP_HLT:
	case KVM_CAP_SET_TSS_ADDR:
	case KVM_CAP_SET_IDENTITY_MAP_ADDR:
	case KVM_CAP_EXT_CPUID:
	case KVM_CAP_MMU_SHADOW_CACHE_CONTROL:
	case KVM_CAP_EXT_EMUL_CPUID:
	case KVM_CAP_MP_STATE:
	case KVM_CAP_VCPU_EVENTS:
	case KVM_CAP_USER_NMI:
	case KVM_CAP_DEBUGREGS:
	case KVM_CAP_SET_GUEST_DEBUG:
	case KVM_CAP_X86_ROBUST_SINGLESTEP:
	case KVM_CAP_GET_TSC_KHZ:
	case KVM_CAP_VCPU_ATTRIBUTES:
	case KVM_CAP_GET_MSR_FEATURES:
	case KVM_CAP_SREGS2:
	case KVM_CAP_EXIT_ON_EMULATION_FAILURE:
		return 1;
	case KVM_CAP_XSAVE:
	case KVM_CAP_XCRS:
		return boot_cpu_has(X86_FEATURE_XSAVE);
	case KVM_CAP_XSAVE2:
		return kvm_xsave2_size(kvm);
	case KVM_CAP_ADJUST_CLOCK:
		return kvm_clock_flags_supported();
	case KVM_CAP_SET_GUEST_DEBUG2:
		return kvm_guest_debug_supported();
	case KVM_CAP_MCE:
		return KVM_MCE_BANKS;
	case KVM_CAP_IRQ_ROUTING:
		/*
		 * Stock QEMU does not start without it, whichever interrupt controller it wants.
		 * Routes lead to an in-kernel one, so until the VM has that, setting them is
		 * -EINVAL: see kvm_arch_vm_ioctl().
		 */
		return KVM_MAX_IRQ_ROUTES;
	case KVM_CAP_TSC_CONTROL:
		return kvm_host.tsc_khz_scaling;
	default:
		return 0;
	}
}

static int enable_exit_on_emulation_failure(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	if (cap->args[0] & ~1ull)
		return -EINVAL;
	mutex_lock(&kvm->lock);
	kvm->arch.exit_on_emulation_error = cap->args[0];
	mutex_unlock(&kvm->lock);
	return 0;
}

/**
 * kvm_vm_enable_cap - KVM_ENABLE_CAP on a VM fd
 * @kvm: the VM
 * @cap: copied from userspace
 *
 * Return: 0; -EINVAL for flags, arguments or capabilities that do not exist.
 */
int kvm_vm_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap)
{
	if (cap->flags)
		return -EINVAL;
	switch (cap->cap) {
	case KVM_CAP_EXIT_ON_EMULATION_FAILURE:
		return enable_exit_on_emulation_failure(kvm, cap);
	default:
		return -EINVAL;
	}
}
