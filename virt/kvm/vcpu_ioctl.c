// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on a vCPU fd, KVM_RUN first, and the signal mask that KVM_RUN runs under.
 *
 * vcpu->mutex is held from begin to end of each, but for those few that must reach a vCPU while it
 * runs. KVM_RUN's way is short on purpose: it allocates and copies nothing.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <linux/uaccess.h>
#include <kvm/arch.h>
#include "core.h"

/* ---- KVM_RUN ---- */

/* vcpu->pid is read under RCU by who wants to yield to the vCPU's thread. */
static noinline void adopt_thread(struct kvm_vcpu *vcpu, struct pid *old)
{
	rcu_assign_pointer(vcpu->pid, get_task_pid(current, PIDTYPE_PID));
	if (old) {
		synchronize_rcu();
		put_pid(old);
	}
}

static long vcpu_run(struct kvm_vcpu *vcpu, unsigned long arg)
{
	struct pid *old;
	long r;

	if (unlikely(arg))
		return -EINVAL;
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	/* Written under the mutex only; compared here, not followed. */
	old = rcu_access_pointer(vcpu->pid);
	if (unlikely(old != task_pid(current)))
		adopt_thread(vcpu, old);
	vcpu_load(vcpu);
	r = kvm_arch_vcpu_ioctl_run(vcpu);
	vcpu_put(vcpu);
	kvm_vcpu_drop_srcu(vcpu);
	mutex_unlock(&vcpu->mutex);
	return r;
}

/* ---- signals ---- */

/**
 * kvm_sigset_activate - run under the mask that KVM_SET_SIGNAL_MASK gave, if any
 * @vcpu: the vCPU; called by its thread in KVM_RUN
 *
 * The thread's own mask waits in ->real_blocked. There the kernel looks as well when it decides
 * whether a signal may be thrown away or kill at once: one that the thread blocks and KVM_RUN does
 * not must end KVM_RUN and stay pending (api.rst 4.21).
 */
void kvm_sigset_activate(struct kvm_vcpu *vcpu)
{
	if (likely(!vcpu->sigset_active))
		return;
	sigprocmask(SIG_SETMASK, &vcpu->sigset, &current->real_blocked);
}

/** kvm_sigset_deactivate - back to the thread's own mask */
void kvm_sigset_deactivate(struct kvm_vcpu *vcpu)
{
	if (likely(!vcpu->sigset_active))
		return;
	sigprocmask(SIG_SETMASK, &current->real_blocked, NULL);
	sigemptyset(&current->real_blocked);
}

/* NULL: KVM_RUN runs under the thread's mask again. SIGKILL and SIGSTOP are never blocked. */
static long set_sigset(struct kvm_vcpu *vcpu, sigset_t *sigset)
{
	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	if (sigset) {
		sigdelsetmask(sigset, sigmask(SIGKILL) | sigmask(SIGSTOP));
		vcpu->sigset = *sigset;
	}
	vcpu->sigset_active = sigset;
	mutex_unlock(&vcpu->mutex);
	return 0;
}

static long vcpu_set_signal_mask(struct kvm_vcpu *vcpu, struct kvm_signal_mask __user *arg,
				 bool compat)
{
	sigset_t sigset;
	u32 len;

	if (!arg)
		return set_sigset(vcpu, NULL);
	if (get_user(len, &arg->len))
		return -EFAULT;
	if (len != (compat ? sizeof(compat_sigset_t) : sizeof(sigset)))
		return -EINVAL;
	if (compat ? get_compat_sigset(&sigset, (const compat_sigset_t __user *)arg->sigset) :
		     copy_from_user(&sigset, arg->sigset, sizeof(sigset)))
		return -EFAULT;
	return set_sigset(vcpu, &sigset);
}

/* ---- dispatch ---- */

/* The x86 part knows all the others; they find the vCPU loaded. */
static long vcpu_arch_ioctl(struct file *filp, struct kvm_vcpu *vcpu, unsigned int ioctl,
			    unsigned long arg)
{
	long r;

	if (mutex_lock_killable(&vcpu->mutex))
		return -EINTR;
	vcpu_load(vcpu);
	r = kvm_arch_vcpu_ioctl(filp, ioctl, arg);
	vcpu_put(vcpu);
	kvm_vcpu_drop_srcu(vcpu);
	mutex_unlock(&vcpu->mutex);
	return r;
}

/* Only the process that made the VM: guest memory is its memory. */
static bool vcpu_usable(const struct kvm_vcpu *vcpu)
{
	const struct kvm *kvm = vcpu->kvm;

	return likely(kvm->mm == current->mm && !READ_ONCE(kvm->dead));
}

/**
 * kvm_vcpu_ioctl - an ioctl on a vCPU fd
 * @filp: the file
 * @ioctl: KVM_*
 * @arg: its argument
 *
 * Return: what api.rst says; -EIO from another process or for a dead VM; -ENOTTY: unknown; -EINTR
 * when the thread is killed while another one is in the vCPU.
 */
long kvm_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm_vcpu *vcpu = filp->private_data;

	if (!vcpu_usable(vcpu))
		return -EIO;
	if (likely(ioctl == KVM_RUN))
		return vcpu_run(vcpu, arg);
	/* A stranger's number (isatty() sends one) must not wait for KVM_RUN to end. */
	if (_IOC_TYPE(ioctl) != KVMIO)
		return -ENOTTY;
	if (ioctl == KVM_SET_SIGNAL_MASK)
		return vcpu_set_signal_mask(vcpu, (struct kvm_signal_mask __user *)arg, false);
	return vcpu_arch_ioctl(filp, vcpu, ioctl, arg);
}

/** kvm_vcpu_compat_ioctl - an ioctl of a 32-bit program on a vCPU fd */
long kvm_vcpu_compat_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	struct kvm_vcpu *vcpu = filp->private_data;

	if (ioctl == KVM_SET_SIGNAL_MASK && vcpu_usable(vcpu))
		return vcpu_set_signal_mask(vcpu, compat_ptr(arg), true);
	return kvm_vcpu_ioctl(filp, ioctl, (unsigned long)compat_ptr(arg));
}
