// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nested page faults and EPT violations: from the exit to a mapping, to an emulated access or to an
 * error. Called by the vendors' exit handlers on the vCPU's thread, mutex held; may sleep.
 *
 * The order that makes a mapping safe: (1) kvm->srcu, then the slot, which whoever changes it lets
 * us finish with before looking for our SPTE; (2) the mmu notifier's sequence, then the frame;
 * (3) mmu_lock, shared; (4) the sequence has not moved; (5) the SPTE. An invalidation that comes
 * later finds it, because it takes mmu_lock exclusive.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/sched/signal.h>
#include "kvm_mmu.h"
#include "mmu_internal.h"
#include "trace.h"
#include "x86.h"

/* A frame of the slot that a huge page can stand for: all of it is in the slot. */
static bool fault_fits_huge(const struct kvm_page_fault *fault)
{
	const struct kvm_memory_slot *slot = fault->slot;
	gfn_t first = fault->gfn & ~(mmu_level_pages(2) - 1);

	return first >= slot->base_gfn &&
	       first + mmu_level_pages(2) <= slot->base_gfn + slot->npages;
}

/*
 * How big to map: as the host does, not bigger than the slot, and small while the dirty log is on.
 * The host's page size is sure only until the notifier's sequence moves, as the frame is.
 */
static int fault_level(const struct kvm_page_fault *fault)
{
	const struct kvm_memory_slot *slot = fault->slot;

	if (fault->ref.level == 1 ||
	    (!fault->ref.level && !(fault->ref.page && PageCompound(fault->ref.page))))
		return 1;
	if (kvm_mmu_config.huge_level < 2 || slot->dirty_bitmap || slot->arch.no_huge_2m)
		return 1;
	if (!fault_fits_huge(fault))
		return 1;
	return (fault->ref.level ?: kvm_host_mapping_level(slot, fault->gfn)) >= 2 ? 2 : 1;
}

/*
 * The frame is there: map it, unless it moved. The page is told of the write that may follow while
 * mmu_lock keeps it mapped, and though the log may hold the write back: tdp_fast_write() does not
 * tell.
 */
static int fault_map(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm *kvm = vcpu->kvm;
	int ret = KVM_PF_RETRY;

	read_lock(&kvm->mmu_lock);
	if (!kvm_mmu_invalidate_retry(kvm, fault->invalidate_seq, fault->gfn))
		ret = tdp_map(vcpu, fault);
	kvm_release_page(&fault->ref, ret == KVM_PF_FIXED && fault->ref.writable);
	read_unlock(&kvm->mmu_lock);

	if (unlikely(ret == KVM_PF_ZAP_FIRST)) {
		write_lock(&kvm->mmu_lock);
		tdp_zap_gfn(kvm, fault->gfn);
		write_unlock(&kvm->mmu_lock);
		ret = KVM_PF_RETRY;
	}
	return ret;
}

/*
 * The frame cannot be had. Poison is the VMM's business, as if it had touched the page itself:
 * SIGBUS with the address, and the guest waits. The rest is a hole in the VMM's mapping.
 */
int mmu_fault_no_pfn(struct kvm_vcpu *vcpu, const struct kvm_page_fault *fault, int err)
{
	unsigned long hva = kvm_slot_gfn_to_hva(fault->slot, fault->gfn);

	switch (err) {
	case -EHWPOISON:
		send_sig_mceerr(BUS_MCEERR_AR, (void __user *)hva, PAGE_SHIFT, current);
		return KVM_PF_RETRY;
	case -EINTR:
		vcpu->run->exit_reason = KVM_EXIT_INTR;
		vcpu->stat.signal_exits++;
		return -EINTR;
	default:
		return -EFAULT;
	}
}

/**
 * kvm_tdp_page_fault - kvm_mmu.page_fault for TDP
 * @vcpu: the vCPU
 * @fault: gpa, gfn, error_code and write are filled
 *
 * Return: enum kvm_pf_result, or a negative errno.
 */
int kvm_tdp_page_fault(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm *kvm = vcpu->kvm;
	int ret;

	kvm_vcpu_hold_srcu(vcpu);
	fault->slot = kvm_vcpu_gfn_to_slot(vcpu, fault->gfn);

	/*
	 * An address that the guest's CPU cannot have is no memory, whatever slot is there: the
	 * emulator's walk meets the reserved bit and raises #PF, as that CPU would (SDM 4.1.4).
	 */
	if (!fault->slot || unlikely(fault->gpa & vcpu->arch.reserved_gpa_bits))
		return KVM_PF_EMULATE;
	if (unlikely(fault->slot->flags & KVM_MEMSLOT_INVALID))
		return KVM_PF_RETRY;
	if (fault->write && kvm_slot_readonly(fault->slot))
		return KVM_PF_EMULATE;

	if (fault->write && (fault->error_code & PFERR_PRESENT_MASK) &&
	    tdp_fast_write(vcpu, fault))
		return KVM_PF_FIXED;

	ret = mmu_cache_topup(vcpu);
	if (ret)
		return ret;

	fault->invalidate_seq = READ_ONCE(kvm->mmu_invalidate_seq);
	/* The sequence before the frame: pairs with smp_wmb() in kvm_mmu_invalidate_end(). */
	smp_rmb();
	ret = kvm_faultin_pfn(fault->slot, fault->gfn, fault->write, true, &fault->ref);
	if (unlikely(ret))
		return mmu_fault_no_pfn(vcpu, fault, ret);

	fault->level = fault_level(fault);
	return fault_map(vcpu, fault);
}

/*
 * It was the CPU itself that accessed what is no memory, to deliver an event: its stack, the IDT or
 * a TSS. There is no instruction to emulate.
 */
static int fault_in_delivery(struct kvm_vcpu *vcpu, const struct kvm_page_fault *fault)
{
	u64 data[] = { fault->gpa, fault->error_code, vcpu->cpu };

	return kvm_internal_error(vcpu, KVM_INTERNAL_ERROR_DELIVERY_EV, ARRAY_SIZE(data), data);
}

/*
 * What is known of an access that must be emulated. The address is that of the access when it was
 * not met while the guest's tables were walked (APM2 15.25.6), and it is a device's for certain
 * when the guest's CPU can have it.
 */
static int fault_emulate(struct kvm_vcpu *vcpu, const struct kvm_page_fault *fault,
			 const void *insn, int insn_len)
{
	u64 kind = fault->error_code & (PFERR_GUEST_FINAL_MASK | PFERR_FETCH_MASK);
	int type = EMULTYPE_PF;

	if (unlikely(kvm_event_needs_reinjection(vcpu)))
		return fault_in_delivery(vcpu, fault);
	vcpu->stat.pf_mmio++;
	if (kind == PFERR_GUEST_FINAL_MASK && !(fault->gpa & vcpu->arch.reserved_gpa_bits))
		type |= EMULTYPE_PF_DATA | (fault->write ? EMULTYPE_PF_STORE : 0);
	return kvm_emulate_instruction(vcpu, fault->gpa, type, insn, insn_len);
}

/* A reserved bit in our own tables: never by our hand, so they are not to be trusted any more. */
static int fault_corrupt(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code)
{
	pr_err_ratelimited("kvm: reserved bit in the nested page table at gpa %#llx, error %#llx\n",
			   gpa, error_code);
	kvm_vm_dead(vcpu->kvm);
	return -EIO;
}

int kvm_mmu_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code, const void *insn,
		       int insn_len)
{
	struct kvm_page_fault fault = {
		.gpa = gpa,
		.gfn = gpa_to_gfn(gpa),
		.error_code = error_code,
		.write = error_code & PFERR_WRITE_MASK,
	};
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	int ret;

	vcpu->stat.pf_taken++;
	trace_kvm_page_fault(vcpu, gpa, error_code);
	if (unlikely(error_code & PFERR_RSVD_MASK))
		return fault_corrupt(vcpu, gpa, error_code);

	ret = likely(mmu->page_fault == kvm_tdp_page_fault) ? kvm_tdp_page_fault(vcpu, &fault) :
							      mmu->page_fault(vcpu, &fault);
	switch (ret) {
	case KVM_PF_FIXED:
		vcpu->stat.pf_fixed++;
		return 1;
	case KVM_PF_SPURIOUS:
		vcpu->stat.pf_spurious++;
		return 1;
	case KVM_PF_EMULATE:
		ret = fault_emulate(vcpu, &fault, insn, insn_len);
		if (unlikely(!ret && !kvm_mmu_config.tdp))
			return shadow_emulate_failed(vcpu, &fault);
		return ret;
	default:
		return ret < 0 ? ret : 1;
	}
}
EXPORT_SYMBOL_GPL(kvm_mmu_page_fault);
