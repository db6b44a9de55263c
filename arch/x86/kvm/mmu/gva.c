// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest linear addresses: translate, read and write them as the vCPU would. The emulator, the
 * instruction skip and descriptor loads come here. On the vCPU's thread, its mutex held; may sleep.
 *
 * The walk itself is walk.c; here is what ties it to a vCPU.
 */
#include <linux/export.h>
#include "guest_pte.h"
#include "mmu_internal.h"
#include "x86.h"

/*
 * --- what the walker needs of a vCPU -------------------------------------------------------------
 */

/* Move the window to the slot that has @gpa; false: none has. Out of line: it is rare. */
bool guest_window(struct kvm_walk *walk, gpa_t gpa)
{
	const struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_slot(walk->vcpu, gpa_to_gfn(gpa));

	if (!slot)
		return false;
	guest_set_window(walk, slot);
	return true;
}

/**
 * guest_pte_set - set accessed or dirty bits in a guest's entry
 * @walk: the walk
 * @gpa: of the entry
 * @wide: 8 bytes, not 4
 * @pte: the value it was seen with
 * @bits: to set
 *
 * Locked, as the CPU's own updates are (SDM 8.1.2.1). Where memory cannot be written (ROM, or the
 * VMM's mapping is read-only) the update is lost, as the write of a CPU would be.
 *
 * Return: false when the entry changed since it was read: walk again.
 */
bool guest_pte_set(struct kvm_walk *walk, gpa_t gpa, bool wide, u64 pte, u64 bits)
{
	unsigned long hva;
	u32 half = pte;
	int ret;

	if (!walk_hva(walk, gpa, &hva) || walk->readonly)
		return true;

	/* 0: done, 1: the entry has another value, -EFAULT: it cannot be written */
	if (wide)
		ret = __try_cmpxchg_user((u64 __user *)hva, &pte, pte | bits, fault_wide);
	else
		ret = __try_cmpxchg_user((u32 __user *)hva, &half, half | (u32)bits, fault_half);
	if (!ret)
		kvm_vcpu_mark_page_dirty(walk->vcpu, gpa_to_gfn(gpa));
	return ret <= 0;
}

/* The CPU's copy of a PDPTE (SDM 4.4.1). */
u64 guest_pdptr(struct kvm_vcpu *vcpu, int index)
{
	return vcpu->arch.mmu->get_pdptr(vcpu, index);
}

/* A supervisor's data access may be free of SMAP by EFLAGS.AC (SDM 4.6.1). */
static __always_inline u64 walk_access(struct kvm_vcpu *vcpu, const struct kvm_paging *pg,
				       u64 access)
{
	if (pg->smap &&
	    !(access & (PFERR_USER_MASK | PFERR_FETCH_MASK | PFERR_IMPLICIT_ACCESS)) &&
	    (kvm_x86_call(get_rflags)(vcpu) & X86_EFLAGS_AC))
		access |= PFERR_SMAP_OFF;
	return access;
}

static __always_inline void walk_begin(struct kvm_walk *walk, struct kvm_vcpu *vcpu,
				       struct kvm_mmu *mmu, u64 access)
{
	const struct kvm_memory_slot *slot;

	kvm_vcpu_hold_srcu(vcpu);
	slot = mmu_last_slot(vcpu);
	walk->vcpu = vcpu;
	if (likely(slot))
		guest_set_window(walk, slot);
	else
		walk->size = walk->start = 0;
	walk->paging = &mmu->guest;
	/* The usual one is called directly: an indirect call costs more than the register. */
	walk->root = likely(mmu->get_guest_pgd == mmu_get_cr3) ? mmu_get_cr3(vcpu) :
								 mmu->get_guest_pgd(vcpu);
	walk->access = walk_access(vcpu, &mmu->guest, access);
	walk->pkru = vcpu->arch.pkru;
}

/**
 * mmu_walk_gva - kvm_mmu.gva_to_gpa for every mode
 * @vcpu: the vCPU
 * @mmu: whose tables
 * @addr: linear address
 * @access: PFERR_* of the access
 * @fault: filled when the result is KVM_GPA_INVALID
 */
gpa_t mmu_walk_gva(struct kvm_vcpu *vcpu, struct kvm_mmu *mmu, gpa_t addr, u64 access,
		   struct x86_exception *fault)
{
	struct kvm_walk walk;

	walk_begin(&walk, vcpu, mmu, access);
	return kvm_walk_guest(&walk, addr, fault);
}

/**
 * mmu_walk_traced - translate, and note the entries of the guest's tables that were used
 * @walk: filled; its trace is set by the caller
 * @vcpu: the vCPU
 * @mmu: whose tables
 * @addr: linear address
 * @access: PFERR_* of the access
 * @fault: filled when the result is KVM_GPA_INVALID
 */
gpa_t mmu_walk_traced(struct kvm_walk *walk, struct kvm_vcpu *vcpu, struct kvm_mmu *mmu,
		      gpa_t addr, u64 access, struct x86_exception *fault)
{
	walk_begin(walk, vcpu, mmu, access);
	return kvm_walk_guest_traced(walk, addr, fault);
}

/**
 * kvm_gva_to_gpa - translate a linear address as an access would
 * @vcpu: the vCPU
 * @gva: linear address
 * @access: PFERR_WRITE/FETCH/USER/IMPLICIT; the caller sets USER by CPL
 * @fault: filled when the result is KVM_GPA_INVALID
 */
gpa_t kvm_gva_to_gpa(struct kvm_vcpu *vcpu, gva_t gva, u64 access, struct x86_exception *fault)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;

	return mmu->gva_to_gpa(vcpu, mmu, gva, access, fault);
}
EXPORT_SYMBOL_GPL(kvm_gva_to_gpa);

/*
 * --- PDPTEs --------------------------------------------------------------------------------------
 */

/**
 * kvm_mmu_load_pdptrs - load the four PDPTEs of PAE paging, as MOV CR3 does
 * @vcpu: the vCPU
 * @cr3: where they are: 32 bytes, 32-aligned
 *
 * SDM 4.4.1: a present PDPTE with a reserved bit is refused, and then none is loaded.
 *
 * Return: false: #GP is due.
 */
bool kvm_mmu_load_pdptrs(struct kvm_vcpu *vcpu, unsigned long cr3)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	u64 rsvd = kvm_pdpte_reserved(vcpu->arch.maxphyaddr, mmu_pdptrs_cached());
	u64 pdpte[4];
	int i;

	if (kvm_vcpu_read_guest(vcpu, cr3 & GENMASK(31, 5), pdpte, sizeof(pdpte)))
		return false;
	for (i = 0; i < ARRAY_SIZE(pdpte); i++)
		if ((pdpte[i] & GPTE_P) && (pdpte[i] & rsvd))
			return false;

	memcpy(mmu->pdptrs, pdpte, sizeof(pdpte));
	kvm_reg_mark_dirty(vcpu, VCPU_EXREG_PDPTR);
	kvm_mmu_new_pgd(vcpu);
	return true;
}
EXPORT_SYMBOL_GPL(kvm_mmu_load_pdptrs);

/*
 * --- read and write ------------------------------------------------------------------------------
 */

/*
 * Copy from user memory: up to 16 bytes by two loads that may overlap, and no call. -EIO: not
 * mapped. The raw form for the rest: @len is the kernel's own, so that hardened usercopy's search
 * for the destination's bounds has nothing to find.
 */
static __always_inline int copy_small(void *to, unsigned long hva, unsigned int len)
{
	u64 head, tail;

	if (len < 8 || len > 16)
		return raw_copy_from_user(to, (void __user *)hva, len) ? -EIO : 0;

	__uaccess_begin();
	unsafe_get_user(head, (u64 __user *)hva, fault);
	unsafe_get_user(tail, (u64 __user *)(hva + len - 8), fault);
	__uaccess_end();
	memcpy(to, &head, 8);
	memcpy(to + len - 8, &tail, 8);
	return 0;
fault:
	__uaccess_end();
	return -EIO;
}

static __always_inline int read_one_page(struct kvm_walk *walk, struct kvm_mmu *mmu, gva_t gva,
					 void *data, unsigned int len,
					 struct x86_exception *fault)
{
	unsigned long hva;
	gpa_t gpa;

	if (likely(mmu->gva_to_gpa == mmu_walk_gva))
		gpa = kvm_walk_guest(walk, gva, fault);
	else
		gpa = mmu->gva_to_gpa(walk->vcpu, mmu, gva, walk->access, fault);
	if (unlikely(gpa == KVM_GPA_INVALID))
		return -EFAULT;

	if (unlikely(!walk_hva(walk, gpa, &hva)))
		return -EIO;
	return copy_small(data, hva, len);
}

/**
 * kvm_read_guest_virt - read guest memory at a linear address
 * @vcpu: the vCPU
 * @gva: linear address; canonical and in its segment, the caller has seen to it
 * @data: filled; undefined on error
 * @len: bytes; may cross pages
 * @access: PFERR_FETCH/USER/IMPLICIT
 * @fault: filled on -EFAULT
 *
 * Return: 0, -EFAULT: the guest gets @fault, -EIO: no memory is there (MMIO, or nothing).
 */
int kvm_read_guest_virt(struct kvm_vcpu *vcpu, gva_t gva, void *data, unsigned int len, u64 access,
			struct x86_exception *fault)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;
	unsigned int chunk;
	struct kvm_walk walk;
	int ret;

	walk_begin(&walk, vcpu, mmu, access);
	for (;;) {
		chunk = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(gva));
		ret = read_one_page(&walk, mmu, gva, data, chunk, fault);
		if (unlikely(ret))
			return ret;
		len -= chunk;
		if (likely(!len))
			return 0;
		gva += chunk;
		data += chunk;
	}
}
EXPORT_SYMBOL_GPL(kvm_read_guest_virt);

/**
 * kvm_write_guest_virt - write guest memory at a linear address
 * @vcpu: the vCPU
 * @gva: linear address
 * @data: what to write
 * @len: bytes; at most a page, so that it crosses one page boundary at most
 * @access: PFERR_USER/IMPLICIT; WRITE is implied
 * @fault: filled on -EFAULT
 *
 * Both pages are translated before the first byte is written: a store that faults on its second
 * page has changed nothing (SDM 6.5: faults restart the instruction).
 *
 * Return: 0, -EFAULT: the guest gets @fault, -EIO: no writable memory is there, -EINVAL.
 */
int kvm_write_guest_virt(struct kvm_vcpu *vcpu, gva_t gva, const void *data, unsigned int len,
			 u64 access, struct x86_exception *fault)
{
	unsigned int first = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(gva));
	gpa_t gpa, second = 0;

	if (len > PAGE_SIZE)
		return -EINVAL;
	access |= PFERR_WRITE_MASK;
	gpa = kvm_gva_to_gpa(vcpu, gva, access, fault);
	if (gpa == KVM_GPA_INVALID)
		return -EFAULT;
	if (len > first) {
		second = kvm_gva_to_gpa(vcpu, gva + first, access, fault);
		if (second == KVM_GPA_INVALID)
			return -EFAULT;
	}

	if (kvm_vcpu_write_guest(vcpu, gpa, data, first))
		return -EIO;
	if (len > first && kvm_vcpu_write_guest(vcpu, second, data + first, len - first))
		return -EIO;
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_write_guest_virt);
