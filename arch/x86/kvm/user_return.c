// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs that the kernel itself does not need: the guest's value stays in the register until this
 * CPU returns to userspace, instead of being switched at each exit.
 *
 * Vendors name the MSRs in hardware_setup(); the values are per CPU and touched by that CPU only,
 * with preemption off. The notifier's link is guarded by disabling interrupts: turning
 * virtualization off comes by an IPI.
 */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/user-return-notifier.h>
#include <asm/msr.h>
#include "x86.h"

#define KVM_USER_RETURN_MAX	16

struct kvm_user_return {
	struct user_return_notifier notifier;
	bool registered;
	struct {
		u64 host;	/* what userspace must find */
		u64 curr;	/* what the register holds */
	} values[KVM_USER_RETURN_MAX];
};

static u32 kvm_user_return_msrs[KVM_USER_RETURN_MAX];	/* written in hardware_setup() only */
static int kvm_user_return_count;
static struct kvm_user_return __percpu *kvm_user_return;

/** kvm_user_return_init - module load; 0 or -ENOMEM */
int kvm_user_return_init(void)
{
	kvm_user_return_count = 0;
	kvm_user_return = alloc_percpu(struct kvm_user_return);
	return kvm_user_return ? 0 : -ENOMEM;
}

/** kvm_user_return_exit - module unload: every CPU has been taken offline for us */
void kvm_user_return_exit(void)
{
	free_percpu(kvm_user_return);
	kvm_user_return = NULL;
}

/**
 * kvm_user_return_add - keep @msr this way; called from hardware_setup()
 * @msr: MSR number
 *
 * Return: the slot for kvm_user_return_set(), or -1: this CPU has no such MSR, or no slot is left.
 */
int kvm_user_return_add(u32 msr)
{
	u64 value;

	if (kvm_user_return_count == KVM_USER_RETURN_MAX)
		return -1;
	if (rdmsrl_safe(msr, &value) || wrmsrl_safe(msr, value))
		return -1;
	kvm_user_return_msrs[kvm_user_return_count] = msr;
	return kvm_user_return_count++;
}
EXPORT_SYMBOL_GPL(kvm_user_return_add);

/** kvm_user_return_cpu_online - virtualization is being turned on here: note the host's values */
void kvm_user_return_cpu_online(void)
{
	struct kvm_user_return *ur = this_cpu_ptr(kvm_user_return);
	u64 value;
	int i;

	for (i = 0; i < kvm_user_return_count; i++) {
		value = 0;
		rdmsrl_safe(kvm_user_return_msrs[i], &value);
		ur->values[i].host = value;
		ur->values[i].curr = value;
	}
}

static void kvm_user_return_restore(struct kvm_user_return *ur)
{
	unsigned long flags;
	int i;

	local_irq_save(flags);
	if (ur->registered) {
		ur->registered = false;
		user_return_notifier_unregister(&ur->notifier);
	}
	local_irq_restore(flags);

	for (i = 0; i < kvm_user_return_count; i++) {
		if (ur->values[i].curr == ur->values[i].host)
			continue;
		wrmsrl(kvm_user_return_msrs[i], ur->values[i].host);
		ur->values[i].curr = ur->values[i].host;
	}
}

static void kvm_user_return_notify(struct user_return_notifier *notifier)
{
	kvm_user_return_restore(container_of(notifier, struct kvm_user_return, notifier));
}

/** kvm_user_return_cpu_offline - virtualization goes off here: no guest value may stay */
void kvm_user_return_cpu_offline(void)
{
	struct kvm_user_return *ur = this_cpu_ptr(kvm_user_return);

	if (ur->registered)
		kvm_user_return_restore(ur);
}

static void kvm_user_return_register(struct kvm_user_return *ur)
{
	ur->registered = true;
	ur->notifier.on_user_return = kvm_user_return_notify;
	user_return_notifier_register(&ur->notifier);
}

/**
 * kvm_user_return_set - put a guest's value into this CPU's MSR
 * @slot: what kvm_user_return_add() said
 * @value: the guest's
 * @mask: bits that are the guest's; the others stay as the host has them
 *
 * Preemption is off. A value that is there already costs one comparison.
 *
 * Return: 0, or 1 when the CPU refuses the value.
 */
int kvm_user_return_set(unsigned int slot, u64 value, u64 mask)
{
	struct kvm_user_return *ur = this_cpu_ptr(kvm_user_return);

	value = (value & mask) | (ur->values[slot].host & ~mask);
	if (value == ur->values[slot].curr)
		return 0;
	if (wrmsrl_safe(kvm_user_return_msrs[slot], value))
		return 1;
	ur->values[slot].curr = value;
	if (!ur->registered)
		kvm_user_return_register(ur);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_user_return_set);
