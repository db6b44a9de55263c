// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory-management services that differ between kernels and are too long to inline: the page
 * frame behind a VM_PFNMAP mapping. Called by the guest-memory room.
 */
#include <compat/compat.h>

/**
 * kvm_compat_follow_pfn - the page frame that a VM_IO or VM_PFNMAP vma maps
 * @vma: the vma
 * @addr: an address in it
 * @write: the caller wants to write
 * @pfn: out
 * @writable: out, the mapping allows writes
 *
 * The caller holds mmap_lock and must use @pfn under protection of its mmu notifier only: no
 * reference is taken, there may be no struct page.
 *
 * Returns 0, or -ENOENT when nothing is mapped, or it is read-only and @write is set: then the
 * caller faults it in with fixup_user_fault() and asks again.
 */
int kvm_compat_follow_pfn(struct vm_area_struct *vma, unsigned long addr, bool write,
			  unsigned long *pfn, bool *writable)
{
#if KVM_HAVE_FOLLOW_PFNMAP
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };

	if (follow_pfnmap_start(&args))
		return -ENOENT;
	*pfn = args.pfn;
	*writable = args.writable;
	follow_pfnmap_end(&args);
#else
	spinlock_t *lock;
	pte_t *ptep, pte;

#if KVM_HAVE_FOLLOW_PTE_MM
	if (follow_pte(vma->vm_mm, addr, &ptep, &lock))
#else
	if (follow_pte(vma, addr, &ptep, &lock))
#endif
		return -ENOENT;
	__acquire(lock); /* follow_pte() returned with it held, which its declaration hides */
	pte = READ_ONCE(*ptep);
	pte_unmap_unlock(ptep, lock);
	*pfn = pte_pfn(pte);
	*writable = pte_write(pte);
#endif
	return write && !*writable ? -ENOENT : 0;
}
