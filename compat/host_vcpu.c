// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one file that includes the kernel's <linux/kvm_host.h>, to give its functions a struct
 * kvm_vcpu of the layout they were compiled for. Kbuild compiles it without our include
 * directories: it must not see our <linux/kvm.h> or <kvm/...>. Called by the run loop, under the
 * vCPU's mutex.
 */
#include <linux/entry-kvm.h>
#include <linux/kvm_host.h>
#include <linux/slab.h>
#include <asm/perf_event.h>

#include "host_vcpu.h"
#include "probed.h"

struct kvm_compat_vcpu {
	struct kvm_vcpu vcpu;
};

/**
 * kvm_compat_vcpu_alloc - make the kernel's view of a vCPU
 * @run: the vCPU's shared page, where the kernel writes the exit reason
 *
 * Everything but @run is zero: the callees read nothing else, but for a virtual PMU that is off.
 * Returns NULL when out of memory. May sleep.
 */
struct kvm_compat_vcpu *kvm_compat_vcpu_alloc(struct kvm_run *run)
{
	struct kvm_compat_vcpu *hv = kzalloc(sizeof(*hv), GFP_KERNEL_ACCOUNT);

	if (hv)
		hv->vcpu.run = run;
	return hv;
}

/**
 * kvm_compat_vcpu_free - undo kvm_compat_vcpu_alloc()
 * @hv: what it returned, or NULL
 */
void kvm_compat_vcpu_free(struct kvm_compat_vcpu *hv)
{
	kfree(hv);
}

/**
 * kvm_compat_xfer_to_guest_work - do what a thread owes before it enters a guest
 * @hv: the vCPU's kernel view
 *
 * Reschedules, runs task work and resume-user-mode work (Documentation/core-api/entry.rst, KVM).
 * Interrupts and preemption are on, no lock but the vCPU's mutex is held, no SRCU reader either if
 * it is to be quick to release. xfer_to_guest_mode_work_pending() says whether a call is needed.
 *
 * Returns 0, or -EINTR with KVM_EXIT_INTR in kvm_run when a signal is pending; the caller counts
 * the signal exit.
 */
int kvm_compat_xfer_to_guest_work(struct kvm_compat_vcpu *hv)
{
#if KVM_HAVE_XFER_WORK_VOID
	int ret = xfer_to_guest_mode_handle_work();

	if (ret == -EINTR)
		hv->vcpu.run->exit_reason = KVM_EXIT_INTR;
	return ret;
#else
	return xfer_to_guest_mode_handle_work(&hv->vcpu);
#endif
}

/**
 * kvm_compat_guest_msrs - MSRs of the host's performance counters that differ in guest mode
 * @hv: the vCPU's kernel view; its virtual PMU has nothing switched on
 * @count: how many they are
 *
 * Interrupts are off; the answer is good until they are on again. For Intel's CPUs only.
 */
struct perf_guest_switch_msr *kvm_compat_guest_msrs(struct kvm_compat_vcpu *hv, int *count)
{
	return perf_guest_get_msrs(count, &hv->vcpu.arch.pmu);
}
EXPORT_SYMBOL_GPL(kvm_compat_guest_msrs);
