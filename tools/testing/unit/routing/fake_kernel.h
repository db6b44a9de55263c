/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of a kernel as irq_routing.c and ioeventfd.c need, on one thread, with checks that a real
 * one has not: what is freed while a reader may have it is freed at once, for ASan to see.
 */
#ifndef _UNIT_FAKE_KERNEL_H
#define _UNIT_FAKE_KERNEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <kvm/types.h>

extern unsigned int fake_alloc_fails;	/* so many allocations from now one is refused; 0: none */

static inline void *fake_alloc(size_t size)
{
	return fake_alloc_fails && !--fake_alloc_fails ? NULL : calloc(1, size);
}

#undef kvzalloc
#define kvzalloc(size, gfp)	fake_alloc(size)

static inline void *kmemdup(const void *from, size_t size, int gfp)
{
	void *copy = fake_alloc(size);

	return copy ? memcpy(copy, from, size) : NULL;
}

/* ---- locks */
struct mutex {
	int held;
};

#define mutex_init(m)		((m)->held = 0)
#define mutex_lock(m)		WARN_ON((m)->held++)
#define mutex_unlock(m)		WARN_ON(--(m)->held)
#define lockdep_is_held(m)	WARN_ON(!(m)->held)
#define lockdep_assert_held(m)	WARN_ON(!(m)->held)

struct srcu_struct {
	int readers;
	int synchronized;
};

#define init_srcu_struct(s)		((s)->readers = (s)->synchronized = 0)
#define cleanup_srcu_struct(s)		WARN_ON((s)->readers)
#define srcu_read_lock(s)		((s)->readers++)
#define srcu_read_unlock(s, idx)	WARN_ON(--(s)->readers != (idx))
#define srcu_read_lock_held(s)		((s)->readers > 0)
#define srcu_dereference(p, s)		(WARN_ON(!(s)->readers), (p))
#define rcu_dereference_protected(p, c)	((void)(c), (p))
#define rcu_replace_pointer(p, new, c) \
	({ __typeof__(p) old_ = (p); (void)(c); (p) = (new); old_; })

/* A reader that waits for itself never ends. */
#define synchronize_srcu_expedited(s)	(WARN_ON((s)->readers), (void)(s)->synchronized++)

#define hlist_add_head_rcu(n, h)	hlist_add_head(n, h)
#define hlist_del_init_rcu(n)		hlist_del_init(n)
#define hlist_for_each_entry_srcu(pos, head, member, held)				\
	for (struct hlist_node *node_ = (WARN_ON(!(held)), (head)->first);		\
	     node_ && (pos = container_of(node_, __typeof__(*pos), member), 1);		\
	     node_ = node_->next)

/* ---- KVM */
struct kvm_irq_table;
struct kvm_coalesced_mmio_zone;

#include <kvm/bus.h>

struct kvm {
	struct mutex slots_lock;
	struct mutex irq_lock;
	struct srcu_struct irq_srcu;
	struct kvm_irq_table *irq_table;
	struct hlist_head irq_ack_notifiers;
	struct list_head irqfds, irq_resamplers, ioeventfds;
};

/* ---- eventfds */
struct eventfd_ctx {
	int references;
	u64 signals;
};

struct eventfd_ctx *eventfd_ctx_fdget(int fd);
#define eventfd_ctx_put(ctx)		WARN_ON(--(ctx)->references < 0)
#define kvm_compat_eventfd_signal(ctx)	((void)(ctx)->signals++)

#endif
