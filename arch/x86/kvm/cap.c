// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities: what KVM_CHECK_EXTENSION says of the x86 part, and what KVM_ENABLE_CAP turns on.
 *
 * A capability stands here only when all of it works; Documentation/api.rst names the selftest that
 * proves it.
 */
#include "x86.h"

#define KVM_X2APIC_API_FLAGS	(KVM_X2APIC_API_USE_32BIT_IDS |		\
				 KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK)

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
	case KVM_CAP_IRQCHIP:
	case KVM_CAP_IRQ_INJECT_STATUS:
	case KVM_CAP_IOAPIC_POLARITY_IGNORED:
	case KVM_CAP_SPLIT_IRQCHIP:
	case KVM_CAP_SIGNAL_MSI:
	case KVM_CAP_PIT:
	case KVM_CAP_PIT2:
	case KVM_CAP_PIT_STATE2:
	case KVM_CAP_REINJECT_CONTROL:
	case KVM_CAP_HLT:
	case KVM_CAP_SET_TSS_ADDR:
	case KVM_CAP_SET_IDENTITY_MAP_ADDR:
	case KVM_CAP_EXT_CPUID:
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
	case KVM_CAP_SET_BOOT_CPU_ID:
	case KVM_CAP_TSC_DEADLINE_TIMER:
	case KVM_CAP_HALT_POLL:
	case KVM_CAP_MEMORY_FAULT_INFO:
	case KVM_CAP_MMU_SHADOW_CACHE_CONTROL:
	case KVM_CAP_VM_DISABLE_NX_HUGE_PAGES:
		return 1;
	case KVM_CAP_PRE_FAULT_MEMORY:
		return kvm_mmu_has_tdp();
	case KVM_CAP_X2APIC_API:
		return KVM_X2APIC_API_FLAGS;
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
		 * Routes lead to an in-kernel one: in a VM without it, setting them is -EINVAL.
		 */
		return KVM_MAX_GSIS;
	case KVM_CAP_VAPIC:
		return !kvm_x86_call(cpu_has_accelerated_tpr)();
	case KVM_CAP_X86_DISABLE_EXITS:
		return kvm_host.disable_exits;
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

/* Flags are added to those of an earlier call; there is no way back (api.rst 7.7). */
static int enable_x2apic_api(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	if (cap->args[0] & ~KVM_X2APIC_API_FLAGS)
		return -EINVAL;
	mutex_lock(&kvm->lock);
	WRITE_ONCE(kvm->arch.x2apic_api, kvm->arch.x2apic_api | cap->args[0]);
	mutex_unlock(&kvm->lock);
	return 0;
}

/* Once, and before the first vCPU (api.rst 7.32). */
static int enable_max_vcpu_id(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	int r = 0;

	if (cap->args[0] > KVM_VCPU_ID_MAX)
		return -EINVAL;
	mutex_lock(&kvm->lock);
	if (kvm->created_vcpus || kvm->arch.max_vcpu_id)
		r = kvm->arch.max_vcpu_id == cap->args[0] ? 0 : -EINVAL;
	else
		kvm->arch.max_vcpu_id = cap->args[0];
	mutex_unlock(&kvm->lock);
	return r;
}

/* vCPUs get their intercepts when they are made. */
static int disable_exits(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	int r = -EINVAL;

	if (cap->args[0] & ~(u64)kvm_host.disable_exits)
		return -EINVAL;
	mutex_lock(&kvm->lock);
	if (!kvm->created_vcpus) {
		kvm->arch.disabled_exits |= cap->args[0];
		r = 0;
	}
	mutex_unlock(&kvm->lock);
	return r;
}

static int disable_nx_huge_pages(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	int r;

	if (cap->args[0])
		return -EINVAL;
	mutex_lock(&kvm->lock);
	r = kvm_mmu_disable_nx_huge_pages(kvm);
	mutex_unlock(&kvm->lock);
	return r;
}

static int enable_halt_poll(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	if (cap->args[0] > UINT_MAX)
		return -EINVAL;
	WRITE_ONCE(kvm->max_halt_poll_ns, cap->args[0]);
	smp_wmb(); /* pairs with smp_rmb() in max_poll_ns() */
	WRITE_ONCE(kvm->override_halt_poll_ns, true);
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
	case KVM_CAP_SPLIT_IRQCHIP:
		return kvm_irqchip_split(kvm, cap);
	case KVM_CAP_X2APIC_API:
		return enable_x2apic_api(kvm, cap);
	case KVM_CAP_MAX_VCPU_ID:
		return enable_max_vcpu_id(kvm, cap);
	case KVM_CAP_HALT_POLL:
		return enable_halt_poll(kvm, cap);
	case KVM_CAP_X86_DISABLE_EXITS:
		return disable_exits(kvm, cap);
	case KVM_CAP_EXIT_ON_EMULATION_FAILURE:
		return enable_exit_on_emulation_failure(kvm, cap);
	case KVM_CAP_VM_DISABLE_NX_HUGE_PAGES:
		return disable_nx_huge_pages(kvm, cap);
	default:
		return kvm_vm_enable_generic_cap(kvm, cap);
	}
}
