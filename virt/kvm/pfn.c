// SPDX-License-Identifier: GPL-2.0-only
/*
 * gfn → pfn: find, or fault in, the host page that backs a guest page, and how large the host maps
 * it.
 *
 * Called by the MMU's fault path, in a thread of the VM's process, srcu held and mmu_lock not. All
 * results are guesses until kvm_mmu_invalidate_retry() has confirmed them under mmu_lock.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <kvm/arch.h>
#include <compat/compat.h>

static void set_page_ref(struct kvm_page_ref *ref, struct page *page, bool writable)
{
	ref->page = page;
	ref->pfn = page_to_pfn(page);
	ref->writable = writable;
	ref->held = true;
	ref->level = 0;
}

/*
 * The level of the entry that maps @hva, and *@pmd when that is 2 or below; 0: there is none. Each
 * entry is read once, since it may change meanwhile. Page-table pages are freed only after every
 * CPU could take an interrupt, be it the TLB flush's IPI or the end of an RCU grace period: with
 * interrupts off the walk needs no lock.
 */
static int walk_host_table(struct mm_struct *mm, unsigned long hva, pmd_t *pmd)
{
	pgd_t pgd = READ_ONCE(*pgd_offset(mm, hva));
	p4d_t p4d;
	pud_t pud;

	if (pgd_none(pgd) || pgd_bad(pgd))
		return 0;
	p4d = READ_ONCE(*p4d_offset(&pgd, hva));
	if (p4d_none(p4d) || !p4d_present(p4d))
		return 0;
	pud = READ_ONCE(*pud_offset(&p4d, hva));
	if (pud_none(pud) || !pud_present(pud))
		return 0;
	if (pud_leaf(pud))
		return 3;
	*pmd = READ_ONCE(*pmd_offset(&pud, hva));
	if (pmd_none(*pmd) || !pmd_present(*pmd))
		return 0;
	return pmd_leaf(*pmd) ? 2 : 1;
}

/* A small page that the program can write now, and that can be taken without a reference. */
static bool pte_is_plain(pte_t pte)
{
	return !pte_special(pte) && pte_access_permitted(pte, true);
}

/* The frame that the program itself could write at @hva now, by its own page table. */
static int find_writable_pfn(unsigned long hva, unsigned long *pfn)
{
	pmd_t pmd = __pmd(0);
	pte_t pte;
	int level = walk_host_table(current->mm, hva, &pmd);

	if (level == 1) {
		pte = READ_ONCE(*pte_offset_kernel(&pmd, hva));
		*pfn = pte_pfn(pte);
		return pte_is_plain(pte) ? 1 : 0;
	}
	if (level == 2) {
		*pfn = pmd_pfn(pmd) + ((hva & ~PMD_MASK) >> PAGE_SHIFT);
		return pmd_access_permitted(pmd, true) ? 2 : 0;
	}
	return level;
}

/*
 * The usual case: anonymous or shared memory, present and writable. No reference is taken: before
 * anybody looks at the page or installs it, the notifier's sequence tells whether it is still
 * mapped, which is all that a reference would be for. Only memory that can be swapped is taken so;
 * files, devices and secret memory have rules that get_user_pages() knows.
 *
 * Return: 1 found, 0 not, and get_user_pages_fast_only() would not either, -1 it may.
 */
static int find_mapped(unsigned long hva, struct kvm_page_ref *ref)
{
	unsigned long flags, pfn = 0;
	struct page *page;
	int level;

	local_irq_save(flags);
	level = find_writable_pfn(hva, &pfn);
	local_irq_restore(flags);
	if (!level || level > 2)
		return level ? -1 : 0;
	/* A huge entry may be of memory without struct pages; small ones are marked special. */
	if (level == 2 && !pfn_valid(pfn))
		return -1;
	page = pfn_to_page(pfn);
	if (!folio_test_swapbacked(page_folio(page)))
		return -1;
	*ref = (struct kvm_page_ref) {
		.pfn = pfn,
		.page = page,
		.writable = true,
		.level = level,
	};
	return 1;
}

/**
 * kvm_mapped_around - the frames behind a guest frame's neighbours, where the host has them
 * @slot: the slot of @gfn; srcu held
 * @gfn: a frame that the host maps with a small page
 * @pfns: out: the frames behind the aligned block of KVM_AROUND frames that @gfn is in
 *
 * Only memory that can be swapped and that the program can write now, and without a reference: as
 * in find_mapped(), and like it good until the notifier's sequence moves.
 *
 * Return: a bit for each frame found.
 */
unsigned int kvm_mapped_around(const struct kvm_memory_slot *slot, gfn_t gfn, kvm_pfn_t *pfns)
{
	gfn_t first = gfn & ~(KVM_AROUND - 1ull), at;
	unsigned int i, found = 0;
	unsigned long hva, flags;
	pmd_t pmd = __pmd(0);
	pte_t pte;

	hva = kvm_slot_gfn_to_hva(slot, gfn);
	local_irq_save(flags);
	if (walk_host_table(current->mm, hva, &pmd) == 1) {
		for (i = 0; i < KVM_AROUND; i++) {
			at = kvm_slot_gfn_to_hva(slot, first + i);
			if (!kvm_slot_has_gfn(slot, first + i) || (at ^ hva) & PMD_MASK)
				continue;
			pte = READ_ONCE(*pte_offset_kernel(&pmd, at));
			if (!pte_is_plain(pte))
				continue;
			pfns[i] = pte_pfn(pte);
			if (folio_test_swapbacked(page_folio(pfn_to_page(pfns[i]))))
				found |= BIT(i);
		}
	}
	local_irq_restore(flags);
	return found;
}

/*
 * Without any lock, when the host has the page present. Asked for writing even if the guest only
 * reads: it breaks no copy-on-write sharing (it would have to fault for that) and saves the fault
 * of the guest's first write.
 */
static bool find_fast(unsigned long hva, bool may_write, struct kvm_page_ref *ref)
{
	struct page *page;
	int found;

	if (!may_write)
		return false;
	found = find_mapped(hva, ref);
	if (likely(found >= 0))
		return found;
	if (get_user_pages_fast_only(hva, 1, FOLL_WRITE, &page) != 1)
		return false;
	set_page_ref(ref, page, true);
	return true;
}

static bool find_fast_readonly(unsigned long hva, struct kvm_page_ref *ref)
{
	struct page *page;

	if (get_user_pages_fast_only(hva, 1, 0, &page) != 1)
		return false;
	set_page_ref(ref, page, false);
	return true;
}

/* Fault it in as a load or store of the program would. */
static int find_slow(unsigned long hva, bool write, bool interruptible, struct kvm_page_ref *ref)
{
	unsigned int flags = FOLL_HWPOISON;
	struct page *page;
	long n;

	if (write)
		flags |= FOLL_WRITE;
	if (interruptible)
		flags |= KVM_COMPAT_FOLL_INTERRUPTIBLE;
	n = get_user_pages_unlocked(hva, 1, &page, flags);
	if (n != 1)
		return n < 0 ? n : -EFAULT;
	set_page_ref(ref, page, write);
	return 0;
}

/*
 * A mapping without struct pages, of device memory for instance: the page table entry is all there
 * is, and the mmu notifier all that protects it. mmap_lock is held for reading; fixup_user_fault()
 * may drop and take it again, and the vma with it, hence -EAGAIN.
 */
static int find_pfnmap(struct vm_area_struct *vma, unsigned long hva, bool write,
		       struct kvm_page_ref *ref)
{
	bool unlocked = false;
	unsigned long pfn;
	int r;

	r = kvm_compat_follow_pfn(vma, hva, write, &pfn, &ref->writable);
	if (r) {
		r = fixup_user_fault(current->mm, hva, write ? FAULT_FLAG_WRITE : 0, &unlocked);
		if (r)
			return r;
		if (unlocked)
			return -EAGAIN;
		r = kvm_compat_follow_pfn(vma, hva, write, &pfn, &ref->writable);
		if (r)
			return -EFAULT;
	}
	ref->pfn = pfn;
	ref->page = NULL;
	ref->held = false;
	ref->level = 1;
	return 0;
}

/* get_user_pages() refuses such mappings with -EFAULT, as it does an address without any. */
static int find_special(unsigned long hva, bool write, struct kvm_page_ref *ref)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int r;

	do {
		mmap_read_lock(mm);
		vma = vma_lookup(mm, hva);
		if (!vma || !(vma->vm_flags & (VM_IO | VM_PFNMAP)) ||
		    !(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
			r = -EFAULT;
		else
			r = find_pfnmap(vma, hva, write, ref);
		mmap_read_unlock(mm);
	} while (r == -EAGAIN && !fatal_signal_pending(current));
	return r == -EAGAIN ? -EINTR : r;
}

/**
 * kvm_faultin_pfn - the host frame behind a guest frame, present and, for @write, writable
 * @slot: the slot of @gfn; srcu held
 * @gfn: guest frame
 * @write: the guest wants to write; the caller has treated a read-only slot before
 * @interruptible: give up for any signal, not only for a fatal one, where the kernel can
 * @ref: out; to be released by kvm_release_page()
 *
 * May sleep, long (userfaultfd). Return: 0; -EFAULT: the program has no (writable) memory there;
 * -EHWPOISON: the page's memory is broken, and the program deserves SIGBUS; -EINTR: a signal.
 */
int kvm_faultin_pfn(const struct kvm_memory_slot *slot, gfn_t gfn, bool write, bool interruptible,
		    struct kvm_page_ref *ref)
{
	unsigned long hva = kvm_slot_gfn_to_hva(slot, gfn);
	bool may_write = !kvm_slot_readonly(slot);
	struct kvm_page_ref writable;
	int r;

	if (write && !may_write)
		return -EFAULT;
	if (find_fast(hva, may_write, ref))
		return 0;
	if (!write && find_fast_readonly(hva, ref))
		return 0;
	r = find_slow(hva, write, interruptible, ref);
	if (r == -EFAULT)
		return find_special(hva, write, ref);
	if (r == -EAGAIN || r == -ERESTARTSYS)
		return -EINTR;
	if (r || write)
		return r;
	/* A fresh page is often writable already, though only a read brought it in. */
	if (find_fast(hva, may_write, &writable)) {
		put_page(ref->page);
		*ref = writable;
	}
	return 0;
}

/**
 * kvm_release_page - the translation is installed, or was given up
 * @ref: from kvm_faultin_pfn()
 * @dirty: the guest can write the page now
 *
 * The host's own entry need not say dirty although it allows writing (MADV_FREE), so the page has
 * to be told here, while it is still known to be mapped. That it was accessed it learns from our
 * entry, when that goes or is aged.
 */
void kvm_release_page(struct kvm_page_ref *ref, bool dirty)
{
	struct page *page = ref->page;

	if (!page)
		return;
	if (dirty && !PageReserved(page))
		set_page_dirty(page);
	if (ref->held)
		put_page(page);
}

/**
 * kvm_host_mapping_level - how large a page the host maps a guest frame with
 * @slot: the slot of @gfn; srcu held
 * @gfn: guest frame
 *
 * Return: 1: 4 KiB, or nothing there; 2: 2 MiB; 3: 1 GiB. Good for as long as the notifier's
 * sequence does not move.
 */
int kvm_host_mapping_level(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	unsigned long flags;
	pmd_t pmd;
	int level;

	local_irq_save(flags);
	level = walk_host_table(current->mm, kvm_slot_gfn_to_hva(slot, gfn), &pmd);
	local_irq_restore(flags);
	return level ?: 1;
}
