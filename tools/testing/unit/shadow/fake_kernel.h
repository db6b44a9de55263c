/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of a kernel as the shadow*.c files need, on one thread. It takes the place of the
 * headers <kvm/arch.h>, regs.h, x86.h and guest_pte.h, of which the build makes empty ones.
 */
#ifndef _UNIT_SHADOW_FAKE_KERNEL_H
#define _UNIT_SHADOW_FAKE_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/types.h>

typedef u64 gfn_t, gpa_t, hpa_t, kvm_pfn_t;
typedef unsigned long gva_t;

#define PAGE_SHIFT		12
#undef PAGE_SIZE
#define PAGE_SIZE		4096ull
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#define smp_mb()		((void)0)
#define smp_rmb()		((void)0)
#define __pa(p)			((u64)(unsigned long)(p))
#define noinline		__attribute__((__noinline__))
#undef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#define __user
#define offset_in_page(p)	((unsigned long)(p) & 4095)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define round_up(n, d)		(DIV_ROUND_UP(n, d) * (d))
#define round_down(n, d)	((n) / (d) * (d))
#define struct_size(p, m, n)	(sizeof(*(p)) + (n) * sizeof((p)->m[0]))
#define hash_64(v, bits)	((unsigned int)((v) * 0x61c8864680b583ebull >> (64 - (bits))))
#define KVM_AROUND		16
#define KVM_GPA_INVALID		(~(gpa_t)0)
#define KVM_GFN_INVALID		(~(gfn_t)0)

struct rcu_head {
	int unused;
};

/* ---- atomics and memory */
typedef struct { s64 counter; } atomic64_t;
typedef struct { s64 counter; } atomic_long_t;
typedef int refcount_t;

#define atomic64_add(n, v)		((v)->counter += (n))
#define refcount_set(r, n)		(*(r) = (n))
#define refcount_inc(r)			(++*(r))
#define refcount_dec_and_test(r)	(!--*(r))
#define try_cmpxchg64(p, old, new)	\
	(*(p) == *(old) ? (*(p) = (new), true) : (*(old) = *(p), false))
#define cmpxchg(p, old, new)		\
	({ __typeof__(*(p)) __was = *(p); if (__was == (old)) *(p) = (new); __was; })
#define xchg(p, new)	({ __typeof__(*(p)) __was = *(p); *(p) = (new); __was; })
#define test_bit(n, p)	(!!(*(p) & BIT(n)))
#define test_and_clear_bit(n, p)	\
	({ bool __was = test_bit(n, p); *(p) &= ~BIT(n); __was; })

struct page {
	unsigned long private;
	void *addr;
	bool dirty, accessed;
};

struct kmem_cache;

#define GFP_KERNEL_ACCOUNT	0
#define __GFP_DMA32		0
#define __GFP_ZERO		0
typedef int gfp_t;
#define SLAB_ACCOUNT		0
#define KMEM_CACHE(type, flags)		((struct kmem_cache *)sizeof(struct type))
#define kmem_cache_zalloc(cache, gfp)	calloc(1, (size_t)(cache))
#define kmem_cache_free(cache, p)	free(p)
#define kmem_cache_destroy(cache)	((void)(cache))
#define kvzalloc(size, gfp)		calloc(1, size)
#define kcalloc(n, size, gfp)		calloc(n, size)
#define kfree(p)			free(p)
#define kvfree(p)			free(p)
#define page_private(page)		((page)->private)
#define set_page_private(page, value)	((page)->private = (value))
#define PageReserved(page)		false
#define SetPageDirty(page)		((page)->dirty = true)
#define mark_page_accessed(page)	((page)->accessed = true)
#define page_address(page)		((page)->addr)
#define set_memory_decrypted(addr, n)	0
#define set_memory_encrypted(addr, n)	0

unsigned long get_zeroed_page(int gfp);
void free_page(unsigned long addr);
struct page *alloc_page(int gfp);
void __free_page(struct page *page);
struct page *virt_to_page(const void *addr);
struct page *pfn_to_page(u64 pfn);

#define pagefault_disable()		((void)0)
#define pagefault_enable()		((void)0)
bool fake_paged_out(void);
#define __get_user(x, p)	((x) = *(p), fake_paged_out() ? -EFAULT : 0)

/* ---- locks: one thread, so only the state is kept */
typedef int rwlock_t;

#define write_lock(l)			(WARN_ON(*(l)), *(l) = -1)
#define write_unlock(l)			(WARN_ON(*(l) != -1), fake_lock_dropped(), *(l) = 0)
#define lockdep_assert_held_write(l)	WARN_ON(*(l) != -1)
#define rwlock_needbreak(l)		0
void fake_lock_dropped(void);
bool need_resched(void);
int cond_resched_rwlock_write(rwlock_t *lock);

/* ---- KVM */
#include "mmu/kvm_mmu.h"

struct kvm_memory_slot {
	gfn_t base_gfn;
	unsigned long npages;
	unsigned long userspace_addr;
	unsigned long *dirty_bitmap;
	bool readonly;
	struct { struct shadow_rmap *rmap; } arch;
};

struct kvm_gfn_range {
	struct kvm_memory_slot *slot;
	gfn_t start, end;
};

struct kvm_memslots {
	u64 generation;
	unsigned long nr_pages;
};

struct kvm_page_ref {
	u64 pfn;
	struct page *page;
	bool writable;
};

struct kvm {
	struct { struct kvm_mmu_vm mmu; } arch;
	struct {
		u64 pages_4k, pages_2m, pages_1g, nx_lpage_splits, page_table_pages;
		u64 mmu_shadow_zapped, mmu_unsync, mmu_cache_miss;
	} stat;
	struct kvm_memslots memslots[1];
	unsigned long mmu_invalidate_seq;
	rwlock_t mmu_lock;
};

struct kvm_run {
	u32 exit_reason;
	struct { u32 suberror; } internal;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_run *run;
	struct {
		struct kvm_mmu *mmu, root_mmu;
		struct kvm_mmu_cache mmu_cache;
		struct kvm_shadow_cache shadow_cache;
		u64 cr0, cr3, cr4, efer;
	} arch;
	struct { u64 invlpg; } stat;
	struct kvm_memory_slot *last_slot;
	u64 last_slot_gen;
	unsigned int cpl;
	unsigned long requests;
};

#define KVM_EXIT_INTERNAL_ERROR		17
#define KVM_INTERNAL_ERROR_EMULATION	1
#define KVM_REQ_TLB_FLUSH_CURRENT	0
#define KVM_REQ_MMU_RELOAD		1

#define kvm_read_cr0(vcpu)		((vcpu)->arch.cr0)
#define kvm_read_cr3(vcpu)		((vcpu)->arch.cr3)
#define kvm_read_cr4(vcpu)		((vcpu)->arch.cr4)
#define kvm_event_needs_reinjection(vcpu)	false
#define kvm_rip_read(vcpu)		0ul
#define kvm_slot_readonly(slot)		((slot)->readonly)
#define kvm_slot_invalid(slot)		false
#define kvm_slot_gfn_to_hva(slot, gfn)	((slot)->userspace_addr + ((gfn) << PAGE_SHIFT))
#define gfn_to_gpa(gfn)			((gpa_t)(gfn) << PAGE_SHIFT)
#define gpa_to_gfn(gpa)			((gfn_t)(gpa) >> PAGE_SHIFT)
#define pfn_to_hpa(pfn)			((hpa_t)(pfn) << PAGE_SHIFT)
#define kvm_vcpu_hold_srcu(vcpu)	((void)0)
#define kvm_mmu_invalidate_retry(kvm, seq, gfn)	((void)(gfn), false)
#define kvm_release_page(ref, dirty)	((void)0)
#define kvm_is_noncanonical_vcpu(vcpu, gva)	((void)(gva), false)
#define kvm_make_request(req, vcpu)	((vcpu)->requests |= BIT(req))
#define kvm_x86_call(name)		fake_##name
#define fake_get_cpl(vcpu)		((vcpu)->cpl)
#define fake_load_mmu_root(vcpu, root, level)	((void)0)

void kvm_make_all_vcpus_request(struct kvm *kvm, int req);
void kvm_flush_remote_tlbs(struct kvm *kvm);
void kvm_slot_mark_dirty(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			 gfn_t gfn);
struct kvm_memory_slot *kvm_gfn_to_slot(struct kvm *kvm, gfn_t gfn);
#define kvm_vcpu_gfn_to_slot(vcpu, gfn)	kvm_gfn_to_slot((vcpu)->kvm, gfn)
#define kvm_vcpu_read_guest(vcpu, gpa, data, len)	((void)(data), 0)
int kvm_faultin_pfn(const struct kvm_memory_slot *slot, gfn_t gfn, bool write, bool interruptible,
		    struct kvm_page_ref *ref);

/* ---- guest tables, as walk.c reads them */
struct kvm_walk;
u64 guest_pte_read(struct kvm_walk *walk, u64 gpa, bool wide);
bool guest_pte_set(struct kvm_walk *walk, u64 gpa, bool wide, u64 pte, u64 bits);
u64 guest_pdptr(struct kvm_vcpu *vcpu, int index);

#endif
