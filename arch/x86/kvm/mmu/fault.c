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
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/sched/signal.h>
#include "kvm_mmu.h"
#include "mmu_internal.h"
#include "trace.h"
#include "x86.h"

static bool mmio_caching = true;
module_param(mmio_caching, bool, 0444);
MODULE_PARM_DESC(mmio_caching, "page tables remember where no memory is");

/* A frame of the slot that a huge page can stand for: all of it is in the slot. */
static bool fault_fits_huge(const struct kvm_page_fault *fault, int level)
{
	const struct kvm_memory_slot *slot = fault->slot;
	gfn_t first = fault->gfn & ~(mmu_level_pages(level) - 1);

	return first >= slot->base_gfn &&
	       first + mmu_level_pages(level) <= slot->base_gfn + slot->npages;
}

/**
 * mmu_fault_level - how big to map
 * @vcpu: the vCPU
 * @fault: its frame has been found; @fault->nx_split is set where code alone is why it is small
 *
 * As the host does, not bigger than the slot, and small while the dirty log is on. The host's page
 * size is sure only until the notifier's sequence moves, as the frame is.
 */
int mmu_fault_level(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	const struct kvm_memory_slot *slot = fault->slot;
	int level = min(kvm_mmu_config.huge_level, slot->arch.max_level);

	if (fault->ref.level == 1 || level < 2 || slot->dirty_bitmap ||
	    (!fault->ref.level && !(fault->ref.page && PageCompound(fault->ref.page))))
		return 1;
	level = min_t(int, level, fault->ref.level ?: kvm_host_mapping_level(slot, fault->gfn));
	while (level > 1 && !fault_fits_huge(fault, level))
		level--;
	if (unlikely(fault->exec) && level > 1 && mmu_vm_nx_huge_pages(vcpu->kvm)) {
		fault->nx_split = true;
		return 1;
	}
	return level;
}

/*
 * The neighbours of a small page are mapped with it, unless each must be seen separately: by a log
 * that goes by faults, or because without A bits a mapping counts as an access.
 */
static void fault_look_around(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	if (fault->level > 1 || fault->ref.level != 1 || !fault->ref.page || !spte_masks.accessed ||
	    (fault->slot->dirty_bitmap && !vcpu->kvm->arch.mmu.log_by_dirty))
		return;
	fault->around = kvm_mapped_around(fault->slot, fault->gfn,
					  vcpu->arch.mmu_cache.around);
}

/* Map the frame, unless it moved; mmu_lock held, either way. */
static int fault_map_locked(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm *kvm = vcpu->kvm;

	/* It may be the neighbours that are being invalidated. First: if it ends now, seq tells. */
	if (unlikely(READ_ONCE(kvm->mmu_invalidate_in_progress)))
		fault->around = 0;
	smp_rmb(); /* pairs with the smp_wmb() in invalidate_end() */
	if (kvm_mmu_invalidate_retry(kvm, fault->invalidate_seq, fault->gfn))
		return KVM_PF_RETRY;
	return tdp_map(vcpu, fault);
}

/*
 * What is in the way goes, and the new mapping takes its place at once: another access, the walk of
 * the guest's own tables for instance, would put the old one back for ever.
 */
static int fault_remap(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	int ret;

	tdp_zap_gfn(vcpu->kvm, fault->gfn);
	ret = fault_map_locked(vcpu, fault);
	return ret == KVM_PF_ZAP_FIRST ? KVM_PF_RETRY : ret;
}

/*
 * The frame is there: map it. The page is told of the write that may follow while mmu_lock keeps it
 * mapped, and though the log may hold the write back: tdp_fast_write() does not tell.
 */
static int fault_map(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm *kvm = vcpu->kvm;
	int ret;

	read_lock(&kvm->mmu_lock);
	ret = fault_map_locked(vcpu, fault);
	if (likely(ret != KVM_PF_ZAP_FIRST))
		kvm_release_page(&fault->ref, ret == KVM_PF_FIXED && fault->ref.writable);
	read_unlock(&kvm->mmu_lock);
	if (likely(ret != KVM_PF_ZAP_FIRST))
		return ret;

	write_lock(&kvm->mmu_lock);
	ret = fault_remap(vcpu, fault);
	kvm_release_page(&fault->ref, ret == KVM_PF_FIXED && fault->ref.writable);
	write_unlock(&kvm->mmu_lock);
	return ret;
}

/*
 * The frame cannot be had. Poison is the VMM's business, as if it had touched the page itself:
 * SIGBUS with the address, and the guest waits. The rest is a hole in the VMM's mapping, and
 * kvm_run says where (KVM_CAP_MEMORY_FAULT_INFO).
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
		vcpu->run->exit_reason = KVM_EXIT_MEMORY_FAULT;
		vcpu->run->memory_fault.flags = 0;
		vcpu->run->memory_fault.gpa = gfn_to_gpa(fault->gfn);
		vcpu->run->memory_fault.size = PAGE_SIZE;
		return -EFAULT;
	}
}

/*
 * An entry for devices (spte_make_mmio()) is as large as the hole between two slots allows, so that
 * tables are made for the ends of holes only: a guest cannot have one made wherever it touches.
 */
static void fault_note_mmio(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	gfn_t first, pages;

	if (fault->prefetch || mmu_cache_topup(vcpu))
		return;
	for (fault->level = 3; fault->level > 1; fault->level--) {
		pages = mmu_level_pages(fault->level);
		first = fault->gfn & ~(pages - 1);
		if (first >= vcpu->hole_first && first + pages - 1 <= vcpu->hole_last)
			break;
	}
	read_lock(&vcpu->kvm->mmu_lock);
	tdp_map(vcpu, fault);
	read_unlock(&vcpu->kvm->mmu_lock);
}

/* The slot, or NULL for a device: as the vCPU remembers, the page tables, or the slots' tree. */
static struct kvm_memory_slot *fault_slot(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	struct kvm_memory_slot *slot;
	bool note;

	kvm_vcpu_hold_srcu(vcpu);
	slot = kvm_vcpu_last_slot(vcpu, fault->gfn);
	if (likely(!IS_ERR(slot)))
		return slot;
	/* Beyond what the tables reach there is no entry. */
	note = mmio_caching && fault->gfn < mmu_level_pages(kvm_mmu_config.tdp_level + 1);
	if (note && tdp_is_mmio(vcpu->kvm, fault->gfn))
		return NULL;
	slot = kvm_vcpu_gfn_to_slot(vcpu, fault->gfn);
	if (!slot && note)
		fault_note_mmio(vcpu, fault);
	return slot;
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

	fault->slot = fault_slot(vcpu, fault);

	/*
	 * An address that the guest's CPU cannot have is no memory, whatever slot is there: the
	 * emulator's walk meets the reserved bit and raises #PF, as that CPU would (SDM 4.1.4).
	 */
	if (!fault->slot || unlikely(fault->gpa & vcpu->arch.reserved_gpa_bits))
		return mmu_map_apic_page(vcpu, fault);
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
	if (unlikely(atomic_long_read(&kvm->arch.mmu.nr_pages) >=
		     READ_ONCE(kvm->arch.mmu.max_pages)))
		mmu_reclaim_excess(kvm);

	fault->invalidate_seq = READ_ONCE(kvm->mmu_invalidate_seq);
	/* The sequence before the frame: pairs with smp_wmb() in invalidate_end(). */
	smp_rmb();
	ret = kvm_faultin_pfn(fault->slot, fault->gfn, fault->write, true, &fault->ref);
	if (unlikely(ret))
		return mmu_fault_no_pfn(vcpu, fault, ret);

	fault->level = mmu_fault_level(vcpu, fault);
	fault->around = 0;
	fault_look_around(vcpu, fault);
	return fault_map(vcpu, fault);
}

/* As if the guest had read @gpa. Return: the bytes mapped with it, or errno. */
static s64 prefault_page(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	struct kvm_page_fault fault = {
		.gpa = gpa,
		.gfn = gpa_to_gfn(gpa),
		.error_code = PFERR_GUEST_FINAL_MASK,
		.prefetch = true,
	};
	u64 bytes;
	int ret;

	do {
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
		ret = kvm_tdp_page_fault(vcpu, &fault);
		/* Who changes slots waits for us. */
		kvm_vcpu_drop_srcu(vcpu);
	} while (ret == KVM_PF_RETRY);
	if (ret < 0)
		return ret;
	if (ret == KVM_PF_EMULATE)
		return -ENOENT;
	bytes = mmu_level_pages(fault.level) << PAGE_SHIFT;
	return bytes - (gpa & (bytes - 1));
}

/**
 * kvm_vcpu_pre_fault - KVM_PRE_FAULT_MEMORY: map a range before the guest touches it
 * @vcpu: the vCPU, loaded
 * @range: in: what to map; out: what is left to do
 *
 * Return: 0 when a part of it was mapped; -EINVAL: no range of pages; -EOPNOTSUPP without TDP;
 * -ENOENT: no slot at its start; -EINTR, -EFAULT, -ENOMEM.
 */
int kvm_vcpu_pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range)
{
	bool any = false;
	s64 done;
	int ret;

	if (range->flags || !range->size || !PAGE_ALIGNED(range->gpa | range->size) ||
	    range->gpa + range->size < range->gpa)
		return -EINVAL;
	if (vcpu->arch.mmu->page_fault != kvm_tdp_page_fault)
		return -EOPNOTSUPP;
	ret = kvm_mmu_load(vcpu);
	while (!ret && range->size) {
		done = prefault_page(vcpu, range->gpa);
		if (done < 0) {
			ret = done;
			break;
		}
		done = min_t(u64, done, range->size);
		range->gpa += done;
		range->size -= done;
		any = true;
	}
	return any ? 0 : ret;
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

int kvm_mmu_mmio_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code)
{
	struct kvm_page_fault fault = {
		.gpa = gpa,
		.error_code = error_code,
		.write = error_code & PFERR_WRITE_MASK,
	};

	return fault_emulate(vcpu, &fault, NULL, 0);
}
EXPORT_SYMBOL_GPL(kvm_mmu_mmio_fault);

int kvm_mmu_page_fault(struct kvm_vcpu *vcpu, gpa_t gpa, u64 error_code, const void *insn,
		       int insn_len)
{
	struct kvm_page_fault fault = {
		.gpa = gpa,
		.gfn = gpa_to_gfn(gpa),
		.error_code = error_code,
		.write = error_code & PFERR_WRITE_MASK,
		.exec = error_code & PFERR_FETCH_MASK,
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
