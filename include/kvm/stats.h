/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: plain counters in struct kvm and struct kvm_vcpu, shown in debugfs and, later, on the
 * binary stats fd.
 *
 * Every counter is named once, in a table of descriptors. A vCPU's counters are written by its own
 * thread only; a VM's are atomic or under the lock of who counts.
 */
#ifndef __KVM_STATS_H
#define __KVM_STATS_H

#include <linux/kvm.h>
#include <linux/types.h>

struct kvm;
struct kvm_vcpu;

/* Names as upstream's debugfs has them, where the meaning is the same: tools look for them. */
#define KVM_VM_STATS(S)			\
	S(mmu_shadow_zapped)		\
	S(mmu_cache_miss)		\
	S(mmu_unsync)			\
	S(remote_tlb_flush)		\
	S(remote_tlb_flush_requests)	\
	S(pages_4k)			\
	S(pages_2m)			\
	S(pages_1g)			\
	S(nx_lpage_splits)		\
	S(page_table_pages)

#define KVM_VCPU_STATS(S)		\
	S(exits)			\
	S(fast_exits)			\
	S(io_exits)			\
	S(mmio_exits)			\
	S(signal_exits)			\
	S(irq_exits)			\
	S(irq_window_exits)		\
	S(nmi_window_exits)		\
	S(nmi_injections)		\
	S(irq_injections)		\
	S(hv_timer_exits)		\
	S(halt_exits)			\
	S(halt_attempted_poll)		\
	S(halt_successful_poll)		\
	S(halt_wakeup)			\
	S(directed_yield_attempted)	\
	S(directed_yield_successful)	\
	S(cpuid_exits)			\
	S(msr_exits)			\
	S(cr_exits)			\
	S(request_irq_exits)		\
	S(host_state_reload)		\
	S(fpu_reload)			\
	S(insn_emulation)		\
	S(insn_emulation_fail)		\
	S(hypercalls)			\
	S(pf_taken)			\
	S(pf_fixed)			\
	S(pf_spurious)			\
	S(pf_mmio)			\
	S(pf_mmio_spte_created)		\
	S(tlb_flush)			\
	S(invlpg)			\
	S(preemption_other)

#define KVM_STAT_FIELD(name) u64 name;

struct kvm_vm_stat {
	KVM_VM_STATS(KVM_STAT_FIELD)
};

struct kvm_vcpu_stat {
	KVM_VCPU_STATS(KVM_STAT_FIELD)
};

int kvm_stats_init(void);
void kvm_stats_exit(void);
void kvm_vm_stats_create(struct kvm *kvm);
void kvm_vm_stats_destroy(struct kvm *kvm);
void kvm_vcpu_stats_create(struct kvm_vcpu *vcpu);

#endif
