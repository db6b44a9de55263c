/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One interface over the kernels that SlimKVM is built for. Every room includes this header, and
 * none but compat/ asks which kernel it is: a difference between kernels is a probe in
 * compat/probe.c and a few lines here. A shim does what the newer kernel does; the older body goes
 * when the last kernel that needs it does.
 */
#ifndef SLIMKVM_COMPAT_COMPAT_H
#define SLIMKVM_COMPAT_COMPAT_H

#include <linux/cpuhotplug.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/hrtimer.h>
#include <linux/kvm_types.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/shrinker.h>

#include <compat/probed.h>
#include <compat/guest_entry.h>
#include <compat/host_vcpu.h>
#include <compat/hw.h>
#include <compat/power.h>

/* get_unaligned() and its kin moved. */
#if KVM_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifndef INVALID_GPA
#define INVALID_GPA (~(gpa_t)0)
#endif

/* ---- CPU hotplug ----------------------------------------------------------------------------- */

/*
 * KVM_COMPAT_CPUHP_STATE: the state for hardware on and off. Where KVM_COMPAT_CPUHP_MAY_FAIL is 0
 * it is a starting state: both callbacks run on the CPU itself with interrupts off and must not
 * sleep, and an error when a CPU comes up is only logged. Where it is 1, the callbacks run in the
 * CPU's hotplug thread and an error keeps the CPU offline. A callback that neither sleeps nor
 * needs to fail serves both.
 */
#if KVM_HAVE_CPUHP_KVM_ONLINE
#define KVM_COMPAT_CPUHP_STATE	  CPUHP_AP_KVM_ONLINE
#define KVM_COMPAT_CPUHP_MAY_FAIL 1
#else
#define KVM_COMPAT_CPUHP_STATE	  CPUHP_AP_KVM_STARTING
#define KVM_COMPAT_CPUHP_MAY_FAIL 0
#endif

/* ---- Memory ---------------------------------------------------------------------------------- */

/* Without the flag a gup that waits for userfaultfd answers fatal signals only. */
#if KVM_HAVE_FOLL_INTERRUPTIBLE
#define KVM_COMPAT_FOLL_INTERRUPTIBLE FOLL_INTERRUPTIBLE
#else
#define KVM_COMPAT_FOLL_INTERRUPTIBLE 0
#endif

/*
 * get_user_pages_unlocked(start, nr, pages, flags) and get_user_pages_fast_only() are the same on
 * every kernel, and so are the mmu_notifier_ops that a hypervisor needs (invalidate_range_start
 * and _end, clear_flush_young, clear_young, test_young, release). The rest of the ops is left
 * empty: change_pte of older kernels is an optimization, and its caller invalidates as well.
 */
static inline long kvm_compat_get_user_pages(unsigned long start, unsigned long nr,
					     unsigned int flags, struct page **pages)
{
#if KVM_HAVE_GUP_VMAS
	return get_user_pages(start, nr, flags, pages, NULL);
#else
	return get_user_pages(start, nr, flags, pages);
#endif
}

int kvm_compat_follow_pfn(struct vm_area_struct *vma, unsigned long addr, bool write,
			  unsigned long *pfn, bool *writable);

static inline void kvm_compat_vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
#if KVM_HAVE_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

static inline void kvm_compat_vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
#if KVM_HAVE_VM_FLAGS_SET
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

/* Exported by all kernels; 6.1 has no header that says so. */
extern bool itlb_multihit_kvm_mitigation;

typedef unsigned long kvm_compat_shrink_fn(struct shrinker *shrinker, struct shrink_control *sc);

struct shrinker *kvm_compat_shrinker_register(const char *name, kvm_compat_shrink_fn *count,
					      kvm_compat_shrink_fn *scan, int seeks);
void kvm_compat_shrinker_unregister(struct shrinker *shrinker);

/* ---- Files, events, timers ------------------------------------------------------------------- */

static inline struct file *kvm_compat_fd_file(struct fd f)
{
#if KVM_HAVE_FD_FILE
	return fd_file(f);
#else
	return f.file;
#endif
}

static inline void kvm_compat_eventfd_signal(struct eventfd_ctx *ctx)
{
#if KVM_HAVE_EVENTFD_SIGNAL_COUNT
	eventfd_signal(ctx, 1);
#else
	eventfd_signal(ctx);
#endif
}

static inline void kvm_compat_hrtimer_setup(struct hrtimer *timer,
					    enum hrtimer_restart (*fn)(struct hrtimer *timer),
					    clockid_t clock, enum hrtimer_mode mode)
{
#if KVM_HAVE_HRTIMER_INIT
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
#else
	hrtimer_setup(timer, fn, clock, mode);
#endif
}

/* A worker whose thread runs already; its name is a format and its arguments. */
#if KVM_HAVE_KTHREAD_RUN_WORKER
#define kvm_compat_kthread_run_worker(name, ...) kthread_run_worker(0, name, __VA_ARGS__)
#else
#define kvm_compat_kthread_run_worker(name, ...) kthread_create_worker(0, name, __VA_ARGS__)
#endif

#endif /* SLIMKVM_COMPAT_COMPAT_H */
