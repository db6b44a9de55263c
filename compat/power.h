/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suspend, reboot and crash, as the kernels differ in telling a module about them. Used by the
 * owner of hardware on and off; the callbacks take no argument on any kernel.
 */
#ifndef SLIMKVM_COMPAT_POWER_H
#define SLIMKVM_COMPAT_POWER_H

#include <linux/syscore_ops.h>
#include <asm/reboot.h>

#include <compat/probed.h>

/*
 * KVM_COMPAT_DEFINE_SYSCORE(name, suspend, resume, shutdown) defines a static object for the two
 * calls below. The functions are int (void), void (void), void (void); they run on one CPU with
 * interrupts off and the other CPUs offline (suspend, resume) or stopped (shutdown).
 */
#if KVM_HAVE_SYSCORE_OBJECT
#define kvm_compat_syscore syscore

#define KVM_COMPAT_DEFINE_SYSCORE(name, suspend_fn, resume_fn, shutdown_fn) \
	static int name##_suspend(void *data)                               \
	{                                                                   \
		return suspend_fn();                                        \
	}                                                                   \
	static void name##_resume(void *data)                               \
	{                                                                   \
		resume_fn();                                                \
	}                                                                   \
	static void name##_shutdown(void *data)                             \
	{                                                                   \
		shutdown_fn();                                              \
	}                                                                   \
	static const struct syscore_ops name##_ops = {                      \
		.suspend = name##_suspend,                                  \
		.resume = name##_resume,                                    \
		.shutdown = name##_shutdown,                                \
	};                                                                  \
	static struct syscore name = { .ops = &name##_ops }

static inline void kvm_compat_syscore_register(struct syscore *syscore)
{
	register_syscore(syscore);
}

static inline void kvm_compat_syscore_unregister(struct syscore *syscore)
{
	unregister_syscore(syscore);
}
#else
#define kvm_compat_syscore syscore_ops

#define KVM_COMPAT_DEFINE_SYSCORE(name, suspend_fn, resume_fn, shutdown_fn) \
	static struct syscore_ops name = {                                  \
		.suspend = suspend_fn,                                      \
		.resume = resume_fn,                                        \
		.shutdown = shutdown_fn,                                    \
	}

static inline void kvm_compat_syscore_register(struct syscore_ops *syscore)
{
	register_syscore_ops(syscore);
}

static inline void kvm_compat_syscore_unregister(struct syscore_ops *syscore)
{
	unregister_syscore_ops(syscore);
}
#endif

/*
 * Crash and emergency reboot: a callback that turns virtualization off on the CPU it runs on, from
 * an NMI or with interrupts off, and takes no lock. The core has one slot; a second registration
 * warns, so register once per module life. Where the core itself still clears EFER.SVME (it has
 * asm/virtext.h), SVM registers nothing: the slot there is for VMX.
 */
typedef void kvm_compat_emergency_fn(void);

static inline void kvm_compat_register_emergency_svm(kvm_compat_emergency_fn *fn)
{
#if KVM_HAVE_EMERGENCY_VIRT_CALLBACK && !KVM_HAVE_CORE_CLEARS_SVME
	cpu_emergency_register_virt_callback(fn);
#endif
}

static inline void kvm_compat_unregister_emergency_svm(kvm_compat_emergency_fn *fn)
{
#if KVM_HAVE_EMERGENCY_VIRT_CALLBACK && !KVM_HAVE_CORE_CLEARS_SVME
	cpu_emergency_unregister_virt_callback(fn);
#endif
}

static inline void kvm_compat_register_emergency_vmx(kvm_compat_emergency_fn *fn)
{
#if KVM_HAVE_EMERGENCY_VIRT_CALLBACK
	cpu_emergency_register_virt_callback(fn);
#endif
}

static inline void kvm_compat_unregister_emergency_vmx(kvm_compat_emergency_fn *fn)
{
#if KVM_HAVE_EMERGENCY_VIRT_CALLBACK
	cpu_emergency_unregister_virt_callback(fn);
#endif
}

#endif /* SLIMKVM_COMPAT_POWER_H */
