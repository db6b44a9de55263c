/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of a kernel as tdp.c and page.c need, on one thread, with checks that a real one has not:
 * no table is handed to RCU before the TLBs are flushed, and nothing is leaked (ASan).
 */
#ifndef _UNIT_FAKE_KERNEL_H
#define _UNIT_FAKE_KERNEL_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/types.h>
#include "paging.h"

typedef u64 gfn_t, gpa_t, hpa_t, kvm_pfn_t;
typedef u64 gva_t;

#define PAGE_SHIFT		12
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define __pa(p)			((u64)(unsigned long)(p))
#define __va(a)			((void *)(unsigned long)(a))
#define KVM_GFN_INVALID		(~0ull)
#define KVM_MMU_NO_ROOT		(~0ull)

/* ---- RCU */
struct rcu_head {
	void (*func)(struct rcu_head *head);
};

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
#define rcu_barrier()		((void)0)
#define rcu_read_lock()		((void)0)
#define smp_load_acquire(p)	(*(p))
#define rcu_read_unlock()	((void)0)

/* ---- atomics */
typedef struct { s64 counter; } atomic64_t;
typedef struct { s64 counter; } atomic_long_t;

#define atomic64_add(n, v)	((v)->counter += (n))
#define atomic_long_add(n, v)	((v)->counter += (n))
#define try_cmpxchg64(p, old, new)	fake_cmpxchg(p, old, new)
bool fake_cmpxchg(u64 *entry, u64 *old, u64 new);
#define xchg(p, new)		fake_xchg(p, new)
u64 fake_xchg(u64 *entry, u64 new);

#define set_bit(nr, map)	((map)[(nr) / 64] |= 1ul << (nr) % 64)
#define __ffs(word)		((unsigned long)__builtin_ctzl(word))
#define __fls(word)		(63ul - __builtin_clzl(word))

/* ---- memory */
struct page {
	unsigned long private;
	bool dirty, accessed;
};

struct kmem_cache;
struct percpu_counter {
	s64 count;
};

#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0
#define GFP_NOWAIT		1
#define __GFP_ACCOUNT		0
#define __GFP_NOWARN		0
typedef int gfp_t;
#define SLAB_ACCOUNT		0
#define NR_SECONDARY_PAGETABLE	0
#define KMEM_CACHE(type, flags)	((struct kmem_cache *)sizeof(struct type))
#define kmem_cache_alloc(cache, gfp)	malloc((size_t)(cache))
#define kmem_cache_free(cache, p)	free(p)
#define kmem_cache_destroy(cache)	((void)(cache))
#define percpu_counter_init(c, n, gfp)	((c)->count = (n), 0)
#define percpu_counter_add(c, n)	((c)->count += (n))
#define percpu_counter_read_positive(c)	((unsigned long)(c)->count)
#define percpu_counter_sum(c)		((c)->count)
#define percpu_counter_destroy(c)	((void)(c))
#define mod_lruvec_page_state(page, item, n)	((void)(n))
#define page_private(page)		((page)->private)
#define set_page_private(page, value)	((page)->private = (value))
#define PageReserved(page)		false
#define compound_head(page)		(page)
#define compound_order(page)		9
#define SetPageDirty(page)		((page)->dirty = true)
#define mark_page_accessed(page)	((page)->accessed = true)

unsigned long get_zeroed_page(gfp_t gfp);
void free_page(unsigned long addr);
struct page *virt_to_page(const void *addr);
struct page *pfn_to_page(u64 pfn);

/* ---- locks: one thread, so only the state is kept */
typedef int rwlock_t;		/* 0 free, -1 exclusive, n shared */

#define write_lock(l)			(*(l) = -1)
#define write_unlock(l)			(*(l) = 0)
#define read_lock(l)			(*(l) = 1)
#define read_unlock(l)			(*(l) = 0)
#define cond_resched()			((void)0)
#define cond_resched_rwlock_read(l)	need_resched()
#define lockdep_assert_held_write(l)	WARN_ON(*(l) != -1)
#define rwlock_needbreak(l)		0
bool need_resched(void);
int cond_resched_rwlock_write(rwlock_t *lock);

/* ---- KVM */
struct kvm_memory_slot {
	gfn_t base_gfn;
	unsigned long npages;
	unsigned long *dirty_bitmap;
	bool readonly;
};

struct kvm_memslots {
	u64 generation;
};

struct kvm_page_ref {
	u64 pfn;
	struct page *page;
	bool writable;
};

struct kvm_mmu_vm {
	hpa_t root_hpa;
	u8 root_level;
	bool log_by_dirty;
	bool nx_off;
	atomic_long_t nr_pages;
};

#define KVM_AROUND	16

struct kvm_mmu_cache {
	int nr;
	u64 *spt[KVM_MMU_MAX_LEVEL];
	kvm_pfn_t around[KVM_AROUND];
};

struct kvm {
	struct { struct kvm_mmu_vm mmu; } arch;
	struct {
		u64 pages_4k, pages_2m, pages_1g, nx_lpage_splits;
		u64 page_table_pages, mmu_shadow_zapped;
	} stat;
	struct kvm_memslots memslots[1];
	rwlock_t mmu_lock;
	unsigned int nr_dirty_logs;
	u32 dirty_ring_size;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct { struct kvm_mmu_cache mmu_cache; } arch;
	struct { u64 pf_mmio_spte_created; } stat;
	struct kvm_memory_slot *last_slot;
	u64 last_slot_gen, hole_gen;
};

struct kvm_mmu;
struct x86_exception;

#define kvm_slot_readonly(slot)		((slot)->readonly)
#define kvm_read_cr3(vcpu)		0
#define kvm_x86_call(name)		fake_##name
#define fake_get_mt_mask(vcpu, gfn, mmio)	(6ull << 3)

void kvm_flush_remote_tlbs(struct kvm *kvm);
void kvm_slot_mark_dirty(struct kvm *kvm, struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot,
			 gfn_t gfn);
struct kvm_memory_slot *kvm_gfn_to_slot(struct kvm *kvm, gfn_t gfn);
void kvm_vcpu_mark_page_dirty(struct kvm_vcpu *vcpu, gfn_t gfn);

#endif
