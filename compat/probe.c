// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feature probes: questions to the kernel's headers, each answered by whether it compiles.
 * compat/probe.sh turns PROBE(name) into KVM_HAVE_<NAME> in compat/probed.h; compat/compat.h is
 * the only reader. Never built into a module. A probe is one function or one declaration, so that
 * an error in it does not reach the next. Beside each: what it asks, and which kernels say yes.
 */
#include <linux/module.h>
#include <linux/context_tracking.h>
#include <linux/cpuhotplug.h>
#include <linux/entry-kvm.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/shrinker.h>
#include <linux/syscore_ops.h>
#include <asm/idtentry.h>
#include <asm/reboot.h>
#include <asm/svm.h>

PROBE(gup_vmas) /* get_user_pages() takes a vmas array: before 6.5 */
long probe_gup_vmas(struct page **pages, struct vm_area_struct **vmas)
{
	return get_user_pages(0, 1, 0, pages, vmas);
}

PROBE(foll_interruptible) /* gup stops for any signal: since 6.2 */
int probe_foll_interruptible = FOLL_INTERRUPTIBLE;

PROBE(follow_pfnmap) /* follow_pfnmap_start()/_end(): since 6.12 */
int probe_follow_pfnmap(struct follow_pfnmap_args *args)
{
	return follow_pfnmap_start(args);
}

PROBE(follow_pte_mm) /* follow_pte() takes an mm: 5.x to 6.9; a vma: 6.10 and 6.11 */
int probe_follow_pte_mm(struct mm_struct *mm, pte_t **ptep, spinlock_t **lock)
{
	return follow_pte(mm, 0, ptep, lock);
}

PROBE(eventfd_signal_count) /* eventfd_signal() takes a count: before 6.8 */
void probe_eventfd_signal_count(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx, 1);
}

PROBE(cpuhp_kvm_online) /* hotplug state CPUHP_AP_KVM_ONLINE, may sleep: since 6.3 */
int probe_cpuhp_kvm_online = CPUHP_AP_KVM_ONLINE;

PROBE(syscore_object) /* register_syscore() and callbacks with data: since 6.19, 6.12.y */
void probe_syscore_object(struct syscore *syscore)
{
	register_syscore(syscore);
}

PROBE(emergency_virt_callback) /* a callback in place of the core's own: since 6.6, 6.1.y */
void probe_emergency_virt_callback(cpu_emergency_virt_cb *cb)
{
	cpu_emergency_register_virt_callback(cb);
}

PROBE(core_clears_svme) /* the core clears EFER.SVME in an emergency: asm/virtext.h, before 6.6 */
#if !__has_include(<asm/virtext.h>)
struct probe_core_clears_svme { undefined_t no; };
#endif

PROBE(shrinker_alloc) /* shrinkers are allocated by the core: since 6.7 */
void *probe_shrinker_alloc(void)
{
	return shrinker_alloc(0, "probe");
}

PROBE(vm_flags_set) /* vma flags change through helpers: since 6.3, 6.1.y */
void probe_vm_flags_set(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP);
}

PROBE(xfer_work_void) /* xfer_to_guest_mode_handle_work() takes no argument: 7.x */
int probe_xfer_work_void(void)
{
	return xfer_to_guest_mode_handle_work();
}

PROBE(fd_file) /* struct fd is read through fd_file(): since 6.12 */
struct file *probe_fd_file(struct fd f)
{
	return fd_file(f);
}

PROBE(hrtimer_init) /* hrtimer_init(): before 6.15, then hrtimer_setup() */
void probe_hrtimer_init(struct hrtimer *timer)
{
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
}

PROBE(rcu_virt_note_cpu) /* rcu_virt_note_context_switch() takes a CPU: before 6.5 */
void probe_rcu_virt_note_cpu(void)
{
	rcu_virt_note_context_switch(0);
}

PROBE(linux_unaligned) /* get_unaligned() is in linux/unaligned.h: since 6.12 */
#if !__has_include(<linux/unaligned.h>)
struct probe_linux_unaligned { undefined_t no; };
#endif

PROBE(nmi_kvm_vmx) /* the NMI entry for VMX is asm_exc_nmi_kvm_vmx, not .._noist: 6.12 */
void *probe_nmi_kvm_vmx = asm_exc_nmi_kvm_vmx;

PROBE(kthread_run_worker) /* kthread_create_worker() leaves it to the caller to wake it: since 6.14 */
struct kthread_worker *probe_kthread_run_worker(void)
{
	return kthread_run_worker(0, "probe");
}
