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
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <kvm/types.h>
#include "../mmu/fake_guest_pte.h"

#define smp_mb()		((void)0)
#define smp_rmb()		((void)0)
#undef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#define offset_in_page(p)	((unsigned long)(p) & 4095)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define round_up(n, d)		(DIV_ROUND_UP(n, d) * (d))
#define round_down(n, d)	((n) / (d) * (d))
#define hash_64(v, bits)	((unsigned int)((v) * 0x61c8864680b583ebull >> (64 - (bits))))
#define KVM_AROUND		16

/* ---- atomics and memory */
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

#define __GFP_DMA32		0
#define __GFP_ZERO		0
#define set_memory_decrypted(addr, n)	0
#define set_memory_encrypted(addr, n)	0

struct page *alloc_page(int gfp);
void __free_page(struct page *page);

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

#endif
