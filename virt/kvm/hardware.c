// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtualization on and off: on every CPU at the first VM, off after the last, so that another
 * hypervisor can have the hardware in between.
 *
 * users is written under hardware_lock and cpus_read_lock(); so the hotplug callbacks, which run
 * under the write side of the latter, read it without a lock, and so do those of suspend, when
 * nothing else runs. hardware_on belongs to its CPU, with interrupts off.
 */
#define pr_fmt(fmt) "kvm: " fmt

#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/reboot.h>
#include <linux/smp.h>
#include <kvm/arch.h>
#include <compat/compat.h>

static DEFINE_MUTEX(hardware_lock);
static unsigned int users;
static DEFINE_PER_CPU(bool, hardware_on);
static DEFINE_PER_CPU(bool, cpu_checked);
static atomic_t enable_error;		/* first errno of a round over all CPUs */
static int verify_state;		/* the hotplug state that cpuhp gave us */

/* The machine goes down: VM entries that fault on hardware turned off under them are no bug. */
bool kvm_rebooting;
EXPORT_SYMBOL_GPL(kvm_rebooting);

/* ---- one CPU, interrupts off ---- */

/* Once while the CPU is up: all CPUs must offer the guest the same machine. */
static int check_this_cpu(void)
{
	int r;

	if (__this_cpu_read(cpu_checked))
		return 0;
	r = kvm_arch_check_processor_compat();
	if (r)
		pr_err("CPU %d is not like the others, error %d\n", smp_processor_id(), r);
	else
		__this_cpu_write(cpu_checked, true);
	return r;
}

static int enable_this_cpu(void)
{
	int r;

	if (__this_cpu_read(hardware_on))
		return 0;
	/* Here and not where users is looked at: hardware_reboot() passes this CPU only once. */
	if (READ_ONCE(kvm_rebooting))
		return -EBUSY;
	r = check_this_cpu();
	if (r)
		return r;
	r = kvm_arch_hardware_enable();
	if (r)
		pr_err("cannot turn virtualization on on CPU %d, error %d\n", smp_processor_id(),
		       r);
	else
		__this_cpu_write(hardware_on, true);
	return r;
}

static void disable_this_cpu(void *unused)
{
	if (!__this_cpu_read(hardware_on))
		return;
	kvm_arch_hardware_disable();
	__this_cpu_write(hardware_on, false);
}

static void enable_call(void *unused)
{
	int r = enable_this_cpu();

	if (r)
		atomic_cmpxchg(&enable_error, 0, r);
}

static void check_call(void *result)
{
	*(int *)result = check_this_cpu();
}

/* ---- the first VM and the last ---- */

static int enable_all(void)
{
	int r;

	atomic_set(&enable_error, 0);
	on_each_cpu(enable_call, NULL, 1);
	r = atomic_read(&enable_error);
	if (r)
		on_each_cpu(disable_this_cpu, NULL, 1);
	return r;
}

/**
 * kvm_hardware_get - a VM is about to be: see to it that every CPU can run it
 *
 * May sleep. Return: 0; or what the first CPU that refused said (-EBUSY: another hypervisor holds
 * it), and then virtualization is as it was; -EBUSY while the machine goes down.
 */
int kvm_hardware_get(void)
{
	int r = 0;

	mutex_lock(&hardware_lock);
	cpus_read_lock();
	if (READ_ONCE(kvm_rebooting))
		r = -EBUSY;
	else if (!users)
		r = enable_all();
	if (!r)
		users++;
	cpus_read_unlock();
	mutex_unlock(&hardware_lock);
	return r;
}

/** kvm_hardware_put - undo kvm_hardware_get(); the last one turns virtualization off */
void kvm_hardware_put(void)
{
	mutex_lock(&hardware_lock);
	cpus_read_lock();
	if (!--users)
		on_each_cpu(disable_this_cpu, NULL, 1);
	cpus_read_unlock();
	mutex_unlock(&hardware_lock);
}

/* ---- CPU hotplug ---- */

/*
 * Runs on the new CPU before any vCPU can: either with interrupts off, when an error is too late
 * to stop it, or in its hotplug thread. verify_cpu_online() refuses the CPU in the first case.
 */
static int hardware_cpu_online(unsigned int cpu)
{
	unsigned long flags;
	int r = 0;

	local_irq_save(flags);
	if (users && !READ_ONCE(kvm_rebooting))
		r = enable_this_cpu();
	local_irq_restore(flags);
	return KVM_COMPAT_CPUHP_MAY_FAIL ? r : 0;
}

/* Runs on the old CPU when no vCPU can any more. */
static int hardware_cpu_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	disable_this_cpu(NULL);
	/* What comes back under this number may be another processor. */
	__this_cpu_write(cpu_checked, false);
	local_irq_restore(flags);
	return 0;
}

static int verify_cpu_online(unsigned int cpu)
{
	if (!users || READ_ONCE(kvm_rebooting) || per_cpu(hardware_on, cpu))
		return 0;
	pr_err("CPU %u stays offline: it cannot run the VMs there are\n", cpu);
	return -EIO;
}

/* ---- suspend, reboot ---- */

/* The boot CPU alone is left; firmware forgets virtualization, so turn it off and on again. */
static int hardware_suspend(void)
{
	disable_this_cpu(NULL);
	kvm_arch_suspend();
	return 0;
}

static void hardware_resume(void)
{
	kvm_arch_resume();
	if (users)
		enable_this_cpu();
}

static void hardware_shutdown(void)
{
	unsigned long flags;

	WRITE_ONCE(kvm_rebooting, true);
	local_irq_save(flags);
	disable_this_cpu(NULL);
	local_irq_restore(flags);
}

KVM_COMPAT_DEFINE_SYSCORE(hardware_syscore, hardware_suspend, hardware_resume, hardware_shutdown);

/*
 * Reboot, power off and kexec. An INIT does not get through to a CPU in VMX operation (SDM 24.8) or
 * with GIF clear (APM2 15.17), and the next kernel expects virtualization off: so off everywhere.
 */
static int hardware_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	WRITE_ONCE(kvm_rebooting, true);
	on_each_cpu(disable_this_cpu, NULL, 1);
	return NOTIFY_OK;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = hardware_reboot,
};

/* ---- module ---- */

static int check_all_cpus(void)
{
	unsigned int cpu;
	int r = 0;

	for_each_online_cpu(cpu) {
		smp_call_function_single(cpu, check_call, &r, 1);
		if (r)
			break;
	}
	return r;
}

static void forget_checks(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(cpu_checked, cpu) = false;
}

static int hotplug_init(void)
{
	int r;

	r = cpuhp_setup_state_nocalls_cpuslocked(KVM_COMPAT_CPUHP_STATE, "kvm/cpu:hardware",
						 hardware_cpu_online, hardware_cpu_offline);
	if (r < 0)
		return r;
	r = cpuhp_setup_state_nocalls_cpuslocked(CPUHP_AP_ONLINE_DYN, "kvm/cpu:verify",
						 verify_cpu_online, NULL);
	if (r < 0) {
		cpuhp_remove_state_nocalls_cpuslocked(KVM_COMPAT_CPUHP_STATE);
		return r;
	}
	verify_state = r;
	return 0;
}

/**
 * kvm_hardware_init - check that all online CPUs are alike, and stand by for hotplug and power
 * events
 *
 * Return: 0, or the errno of kvm_arch_check_processor_compat(); the log names the odd CPU.
 */
int kvm_hardware_init(void)
{
	int r;

	/* One critical section, so that no CPU slips in between check and hotplug callback. */
	cpus_read_lock();
	forget_checks();
	r = check_all_cpus();
	if (!r)
		r = hotplug_init();
	cpus_read_unlock();
	if (r)
		return r;
	/*
	 * For as long as the module is there, not for each VM: it patches the scheduler's code on
	 * all CPUs, which costs more than the look at an empty list that it saves.
	 */
	preempt_notifier_inc();
	register_reboot_notifier(&reboot_notifier);
	kvm_compat_syscore_register(&hardware_syscore);
	return 0;
}

/** kvm_hardware_exit - undo kvm_hardware_init(); there is no VM, so virtualization is off */
void kvm_hardware_exit(void)
{
	WARN_ON_ONCE(users);
	kvm_compat_syscore_unregister(&hardware_syscore);
	unregister_reboot_notifier(&reboot_notifier);
	preempt_notifier_dec();
	cpuhp_remove_state_nocalls(verify_state);
	cpuhp_remove_state_nocalls(KVM_COMPAT_CPUHP_STATE);
}
