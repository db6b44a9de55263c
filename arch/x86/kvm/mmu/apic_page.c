// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page at the xAPIC's default address, for hardware that answers there itself: it must be
 * mapped, though no memory is there, and what it is mapped to is the vendor's page. Called on a
 * vCPU's thread.
 *
 * The tables are the VM's, so that a vCPU without an xAPIC at that address would meet the page as
 * if it were memory. While there is such a vCPU the page is not mapped for any, and all accesses
 * are emulated. Shadow paging has none of this.
 */
#include <linux/export.h>
#include <asm/apicdef.h>
#include "mmu_internal.h"

#define APIC_GFN	(APIC_DEFAULT_PHYS_BASE >> PAGE_SHIFT)

/**
 * mmu_map_apic_page - a fault where no memory is: map the vendor's page, if it was there
 * @vcpu: the vCPU
 * @fault: the fault
 *
 * Return: KVM_PF_EMULATE for any other address, or as tdp_map().
 */
int mmu_map_apic_page(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	static struct kvm_memory_slot no_slot;	/* neither read-only nor logged */
	struct kvm_mmu_vm *mmu = &vcpu->kvm->arch.mmu;
	int ret;

	if (fault->gfn != APIC_GFN || !mmu->apic_page || !vcpu->arch.apic || fault->prefetch)
		return KVM_PF_EMULATE;
	ret = mmu_cache_topup(vcpu);
	if (ret)
		return ret;
	fault->slot = &no_slot;
	fault->level = 1;
	fault->ref = (struct kvm_page_ref) {
		.pfn = page_to_pfn(mmu->apic_page), .page = mmu->apic_page, .writable = true,
	};
	read_lock(&vcpu->kvm->mmu_lock);
	ret = mmu->apic_away ? KVM_PF_EMULATE : tdp_map(vcpu, fault);
	read_unlock(&vcpu->kvm->mmu_lock);
	return ret;
}

/**
 * kvm_mmu_apic_page_away - a vCPU's xAPIC leaves its default address, or comes back
 * @kvm: the VM; no spinlock held
 * @away: it leaves. Once this has returned no vCPU has the page in its TLBs
 */
void kvm_mmu_apic_page_away(struct kvm *kvm, bool away)
{
	write_lock(&kvm->mmu_lock);
	kvm->arch.mmu.apic_away += away ? 1 : -1;
	if (away)
		tdp_zap_gfn(kvm, APIC_GFN);
	write_unlock(&kvm->mmu_lock);
}
EXPORT_SYMBOL_GPL(kvm_mmu_apic_page_away);
