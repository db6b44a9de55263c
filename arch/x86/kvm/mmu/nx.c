// SPDX-License-Identifier: GPL-2.0-only
/*
 * nx_huge_pages: on CPUs with the iTLB multihit erratum (CVE-2018-12207) a guest that changes the
 * size of a page under running code can stop the whole machine with a machine check. So a huge page
 * of ours is never executable: when the guest runs code from one it is split. Splits are taken back
 * after a while, since what was code once may be data for long.
 *
 * The parameters are those of admin-guide/hw-vuln/multihit.rst and kernel-parameters.txt. Writing
 * them is serialized by the kernel's parameter lock; the work runs while the module is loaded.
 */
#include <linux/capability.h>
#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <compat/compat.h>
#include "mmu_internal.h"

bool mmu_nx_huge_pages __read_mostly;

static bool nx_never;		/* given at load, and for good */
static bool nx_decided;		/* by a parameter, or by mmu_nx_init() */
static bool nx_running;		/* between mmu_nx_init() and _exit(): work may be scheduled */
static unsigned int recovery_ratio = 60;
static unsigned int recovery_period_ms;

static void recover(struct work_struct *work);
static DECLARE_DELAYED_WORK(recover_work, recover);

/* How long between two looks; 0: none is due. All splits of a time are gone in one period. */
static unsigned long recovery_interval(void)
{
	unsigned int period = READ_ONCE(recovery_period_ms), ratio = READ_ONCE(recovery_ratio);

	if (!ratio || !READ_ONCE(mmu_nx_huge_pages))
		return 0;
	/* Not given: each page once an hour. */
	return msecs_to_jiffies(period ?: 60 * 60 * MSEC_PER_SEC / min(ratio, 3600u));
}

static void schedule_recovery(void)
{
	unsigned long interval = recovery_interval();

	if (!READ_ONCE(nx_running))
		return;
	if (interval)
		mod_delayed_work(system_unbound_wq, &recover_work, interval);
	else
		cancel_delayed_work(&recover_work);
}

/* Take back 1/ratio of each VM's splits: the next fault maps the huge page. */
static void recover(struct work_struct *work)
{
	unsigned int ratio = READ_ONCE(recovery_ratio);
	unsigned long splits;
	struct kvm *kvm;

	mutex_lock(&kvm_list_lock);
	list_for_each_entry(kvm, &kvm_vm_list, vm_list) {
		splits = READ_ONCE(kvm->stat.nx_lpage_splits);
		if (splits && ratio)
			mmu_reclaim(kvm, DIV_ROUND_UP(splits, ratio), true);
	}
	mutex_unlock(&kvm_list_lock);
	schedule_recovery();
}

/* Pages that were mapped by the other rule go. */
static void zap_all_vms(void)
{
	struct kvm *kvm;

	mutex_lock(&kvm_list_lock);
	list_for_each_entry(kvm, &kvm_vm_list, vm_list)
		kvm_arch_flush_shadow_all(kvm);
	mutex_unlock(&kvm_list_lock);
}

static bool nx_auto(void)
{
	return boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT) && !cpu_mitigations_off();
}

/* The kernel's report in sysfs, cpu/vulnerabilities/itlb_multihit, says what we do. */
static void nx_set(bool on)
{
	WRITE_ONCE(mmu_nx_huge_pages, on);
	itlb_multihit_kvm_mitigation = on;
}

static int nx_param_set(const char *val, const struct kernel_param *kp)
{
	bool on, was = mmu_nx_huge_pages;

	if (nx_never)
		return -EPERM;
	if (sysfs_streq(val, "never")) {
		if (nx_running)
			return -EINVAL;
		nx_never = nx_decided = true;
		return 0;
	}
	if (sysfs_streq(val, "auto"))
		on = nx_auto();
	else if (sysfs_streq(val, "force"))
		on = true;
	else if (sysfs_streq(val, "off"))
		on = false;
	else if (kstrtobool(val, &on))
		return -EINVAL;

	nx_set(on);
	if (on != was)
		zap_all_vms();
	nx_decided = true;
	schedule_recovery();
	return 0;
}

static int nx_param_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", nx_never ? "never" : mmu_nx_huge_pages ? "Y" : "N");
}

static const struct kernel_param_ops nx_param_ops = {
	.set = nx_param_set,
	.get = nx_param_get,
};

module_param_cb(nx_huge_pages, &nx_param_ops, NULL, 0644);
MODULE_PARM_DESC(nx_huge_pages, "no code in huge pages: auto (on CPUs that need it), force, off, never");

static int recovery_param_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_uint(val, kp);

	if (!ret)
		schedule_recovery();
	return ret;
}

static const struct kernel_param_ops recovery_param_ops = {
	.set = recovery_param_set,
	.get = param_get_uint,
};

module_param_cb(nx_huge_pages_recovery_ratio, &recovery_param_ops, &recovery_ratio, 0644);
MODULE_PARM_DESC(nx_huge_pages_recovery_ratio, "take back one of so many splits at a time; 0: none");
module_param_cb(nx_huge_pages_recovery_period_ms, &recovery_param_ops, &recovery_period_ms, 0644);
MODULE_PARM_DESC(nx_huge_pages_recovery_period_ms, "time between two looks; 0: an hour / ratio");

/** mmu_nx_init - decide, unless the parameter has, and start to take splits back */
void mmu_nx_init(void)
{
	if (!nx_decided)
		nx_set(nx_auto());
	nx_decided = nx_running = true;
	schedule_recovery();
}

/** mmu_nx_exit - no work runs any more, and no parameter starts it */
void mmu_nx_exit(void)
{
	kernel_param_lock(THIS_MODULE);
	nx_running = false;
	kernel_param_unlock(THIS_MODULE);
	cancel_delayed_work_sync(&recover_work);
	itlb_multihit_kvm_mitigation = false;
}

/**
 * kvm_mmu_disable_nx_huge_pages - KVM_CAP_VM_DISABLE_NX_HUGE_PAGES
 * @kvm: the VM, which is trusted not to attack the machine; kvm->lock held
 *
 * Return: 0; -EPERM unless the caller could stop the machine anyway; -EINVAL: there are vCPUs.
 */
int kvm_mmu_disable_nx_huge_pages(struct kvm *kvm)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (kvm->created_vcpus)
		return -EINVAL;
	kvm->arch.mmu.nx_off = true;
	return 0;
}
