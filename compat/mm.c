// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory-management services that differ between kernels and are too long to inline: the page
 * frame behind a VM_PFNMAP mapping, and shrinkers. Called by the guest-memory and MMU rooms.
 */
#include <linux/slab.h>

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

/* The three steps of a shrinker's life, old and new: make, publish, take back and free. */
#if KVM_HAVE_SHRINKER_ALLOC
static struct shrinker *shrinker_make(const char *name)
{
	return shrinker_alloc(0, "%s", name);
}

static int shrinker_publish(struct shrinker *shrinker, const char *name)
{
	shrinker_register(shrinker);
	return 0;
}

static void shrinker_drop(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#else
static struct shrinker *shrinker_make(const char *name)
{
	return kzalloc(sizeof(struct shrinker), GFP_KERNEL);
}

static int shrinker_publish(struct shrinker *shrinker, const char *name)
{
	int ret = register_shrinker(shrinker, "%s", name);

	if (ret)
		kfree(shrinker);
	return ret;
}

static void shrinker_drop(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

/**
 * kvm_compat_shrinker_register - have the kernel ask for memory back when it is short
 * @name: for debugfs
 * @count: how many objects could be freed
 * @scan: frees some
 * @seeks: cost of an object, DEFAULT_SEEKS if in doubt
 *
 * Returns the shrinker, or an ERR_PTR.
 */
struct shrinker *kvm_compat_shrinker_register(const char *name, kvm_compat_shrink_fn *count,
					      kvm_compat_shrink_fn *scan, int seeks)
{
	struct shrinker *shrinker = shrinker_make(name);
	int ret;

	if (!shrinker)
		return ERR_PTR(-ENOMEM);

	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->seeks = seeks;

	ret = shrinker_publish(shrinker, name);
	return ret ? ERR_PTR(ret) : shrinker;
}

/**
 * kvm_compat_shrinker_unregister - undo kvm_compat_shrinker_register()
 * @shrinker: what it returned; NULL is allowed
 *
 * On return neither callback is running. May sleep.
 */
void kvm_compat_shrinker_unregister(struct shrinker *shrinker)
{
	if (shrinker)
		shrinker_drop(shrinker);
}
