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
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <kvm/types.h>
#include "paging.h"

#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define KVM_MMU_NO_ROOT		(~0ull)

/* ---- RCU */
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
#define rcu_barrier()		((void)0)
#define rcu_read_lock()		((void)0)
#define smp_load_acquire(p)	(*(p))
#define rcu_read_unlock()	((void)0)

/* ---- atomics */
#define atomic64_add(n, v)	((v)->counter += (n))
#define atomic_long_add(n, v)	((v)->counter += (n))
#define try_cmpxchg64(p, old, new)	fake_cmpxchg(p, old, new)
bool fake_cmpxchg(u64 *entry, u64 *old, u64 new);
#define xchg(p, new)		fake_xchg(p, new)
u64 fake_xchg(u64 *entry, u64 new);

/* ---- memory */
struct percpu_counter {
	s64 count;
};

#define GFP_NOWAIT		1
#define __GFP_ACCOUNT		0
#define __GFP_NOWARN		0
#define NR_SECONDARY_PAGETABLE	0
#define percpu_counter_init(c, n, gfp)	((c)->count = (n), 0)
#define percpu_counter_add(c, n)	((c)->count += (n))
#define percpu_counter_read_positive(c)	((unsigned long)(c)->count)
#define percpu_counter_sum(c)		((c)->count)
#define percpu_counter_destroy(c)	((void)(c))
#define mod_lruvec_page_state(page, item, n)	((void)(n))
#define compound_head(page)		(page)
#define compound_order(page)		9

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
