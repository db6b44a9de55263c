// SPDX-License-Identifier: GPL-2.0-only
/*
 * irqfds (api.rst 4.75): a signal on an eventfd is an interrupt on a GSI; and resampling, by which
 * the guest's acknowledgement lowers a level-triggered line and signals another eventfd.
 *
 * An irqfd stands first in its eventfd's wait queue, whose lock is held when irqfd_wakeup() runs.
 * kvm->irqfds and the resamplers are under kvm->irq_lock: who takes an irqfd off the list is the
 * one to free it. That may be KVM_IRQFD, the closing of the VM's fd, or cleanup work, when the last
 * fd of the eventfd has been closed.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/irqbypass.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <kvm/arch.h>
#include <kvm/irq.h>
#include <compat/compat.h>
#include "core.h"

static struct workqueue_struct *cleanup_queue;

/**
 * struct irqfd_resampler - the resampling irqfds of one GSI
 * @kvm: the VM (o)
 * @link: in kvm->irq_resamplers (i)
 * @irqfds: those who want to know of an acknowledgement; never empty (i), readers hold irq_srcu
 * @notifier: has the GSI
 */
struct irqfd_resampler {
	struct kvm *kvm;
	struct list_head link;
	struct list_head irqfds;
	struct kvm_irq_ack_notifier notifier;
};

/**
 * struct irqfd - an eventfd that drives a GSI
 * @kvm: the VM (o)
 * @gsi: the line (o)
 * @eventfd: signals come from it (o)
 * @list: in kvm->irqfds; empty: somebody is about to free it (i)
 * @wait: in the eventfd's wait queue
 * @inject: what cannot be done in the wake-up
 * @cleanup: the eventfd is closed
 * @resampler: of a level-triggered line, else NULL (o)
 * @resampler_link: in resampler->irqfds (i)
 * @resamplefd: signalled on acknowledgement, or NULL (o)
 * @consumer: by it the host's driver of a device, say VFIO, finds whom its interrupt is for
 * @host_irq: that interrupt, which signals @eventfd; 0: the signals are userspace's (i)
 */
struct irqfd {
	struct kvm *kvm;
	u32 gsi;
	struct eventfd_ctx *eventfd;
	struct list_head list;
	wait_queue_entry_t wait;
	struct work_struct inject;
	struct work_struct cleanup;
	struct irqfd_resampler *resampler;
	struct list_head resampler_link;
	struct eventfd_ctx *resamplefd;
	struct irq_bypass_consumer consumer;
	unsigned int host_irq;
};

/* ---- injection ---- */

static void inject_work(struct work_struct *work)
{
	struct irqfd *irqfd = container_of(work, struct irqfd, inject);

	if (irqfd->resampler) {
		kvm_irq_set(irqfd->kvm, KVM_IRQ_SOURCE_RESAMPLE, irqfd->gsi, 1);
		return;
	}
	/* An edge. */
	kvm_irq_set(irqfd->kvm, KVM_IRQ_SOURCE_USERSPACE, irqfd->gsi, 1);
	kvm_irq_set(irqfd->kvm, KVM_IRQ_SOURCE_USERSPACE, irqfd->gsi, 0);
}

/*
 * Called for each signal, with the lock of the wait queue held and interrupts off. The count is
 * taken here, so that userspace does not see it; a signal that comes while the work is under way
 * queues it again, and is not lost.
 */
static int irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *irqfd = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);
	u64 count;

	/* After it nobody can signal; the context is ours still. */
	if (events & EPOLLHUP)
		queue_work(cleanup_queue, &irqfd->cleanup);
	if (!(events & EPOLLIN))
		return 0;
	eventfd_ctx_do_read(irqfd->eventfd, &count);
	if (irqfd->resampler || kvm_irq_send_atomic(irqfd->kvm, irqfd->gsi) == -EWOULDBLOCK)
		schedule_work(&irqfd->inject);
	return 1;
}

/* ---- devices of the host ---- */

/*
 * The bypass manager knows an eventfd's producer and its consumer, whichever comes first, and calls
 * with its own lock held, inside which irq_lock is. No hardware of ours takes a device's interrupt
 * to the guest by itself: it goes on through the eventfd.
 */
static int bypass_add_producer(struct irq_bypass_consumer *consumer,
			       struct irq_bypass_producer *producer)
{
	struct irqfd *irqfd = container_of(consumer, struct irqfd, consumer);

	mutex_lock(&irqfd->kvm->irq_lock);
	irqfd->host_irq = producer->irq;
	mutex_unlock(&irqfd->kvm->irq_lock);
	return 0;
}

static void bypass_del_producer(struct irq_bypass_consumer *consumer,
				struct irq_bypass_producer *producer)
{
	struct irqfd *irqfd = container_of(consumer, struct irqfd, consumer);

	mutex_lock(&irqfd->kvm->irq_lock);
	irqfd->host_irq = 0;
	mutex_unlock(&irqfd->kvm->irq_lock);
}

/* Before the irqfd is published: nobody can free it meanwhile. Without it all works as well. */
static void bypass_register(struct irqfd *irqfd)
{
	irqfd->consumer.token = irqfd->eventfd;
	irqfd->consumer.add_producer = bypass_add_producer;
	irqfd->consumer.del_producer = bypass_del_producer;
	if (irq_bypass_register_consumer(&irqfd->consumer))
		irqfd->consumer.token = NULL;
}

static void bypass_unregister(struct irqfd *irqfd)
{
	if (irqfd->consumer.token)
		irq_bypass_unregister_consumer(&irqfd->consumer);
}

/**
 * kvm_irqfd_show - a line for each irqfd, for /proc/PID/fdinfo of the VM's fd
 * @kvm: the VM
 * @seq: where to
 */
void kvm_irqfd_show(struct kvm *kvm, struct seq_file *seq)
{
	struct irqfd *irqfd;

	mutex_lock(&kvm->irq_lock);
	list_for_each_entry(irqfd, &kvm->irqfds, list) {
		seq_printf(seq, "irqfd:\tgsi %u%s", irqfd->gsi, irqfd->resampler ? " resample" : "");
		if (irqfd->host_irq)
			seq_printf(seq, " host-irq %u", irqfd->host_irq);
		seq_putc(seq, '\n');
	}
	mutex_unlock(&kvm->irq_lock);
}

/* ---- resampling ---- */

/*
 * The line goes down before userspace hears of it, so that who has more to say raises it after
 * that. Who raised it just before is told as well: its irqfd was in the list already.
 */
static void resampler_acked(struct kvm_irq_ack_notifier *notifier)
{
	struct irqfd_resampler *resampler =
		container_of(notifier, struct irqfd_resampler, notifier);
	struct irqfd *irqfd;

	kvm_irq_set(resampler->kvm, KVM_IRQ_SOURCE_RESAMPLE, notifier->gsi, 0);
	list_for_each_entry_srcu(irqfd, &resampler->irqfds, resampler_link,
				 srcu_read_lock_held(&resampler->kvm->irq_srcu))
		kvm_compat_eventfd_signal(irqfd->resamplefd);
}

static struct irqfd_resampler *find_resampler(struct kvm *kvm, u32 gsi)
{
	struct irqfd_resampler *resampler;

	list_for_each_entry(resampler, &kvm->irq_resamplers, link) {
		if (resampler->notifier.gsi == gsi)
			return resampler;
	}
	return NULL;
}

/* irq_lock held */
static int resampler_join(struct irqfd *irqfd)
{
	struct irqfd_resampler *resampler = find_resampler(irqfd->kvm, irqfd->gsi);

	if (!resampler) {
		resampler = kzalloc(sizeof(*resampler), GFP_KERNEL_ACCOUNT);
		if (!resampler)
			return -ENOMEM;
		resampler->kvm = irqfd->kvm;
		INIT_LIST_HEAD(&resampler->irqfds);
		resampler->notifier.gsi = irqfd->gsi;
		resampler->notifier.irq_acked = resampler_acked;
		list_add(&resampler->link, &irqfd->kvm->irq_resamplers);
		kvm_irq_link_ack_notifier(irqfd->kvm, &resampler->notifier);
	}
	list_add_rcu(&irqfd->resampler_link, &resampler->irqfds);
	irqfd->resampler = resampler;
	return 0;
}

/*
 * The last one lowers the line, since nobody else would. All under irq_lock: a resampler made for
 * this GSI meanwhile must not see its line lowered, by us or by an acknowledgement under way.
 */
static void resampler_leave(struct irqfd *irqfd)
{
	struct irqfd_resampler *resampler = irqfd->resampler;
	struct kvm *kvm = irqfd->kvm;

	mutex_lock(&kvm->irq_lock);
	list_del_rcu(&irqfd->resampler_link);
	if (list_empty(&resampler->irqfds)) {
		kvm_irq_unlink_ack_notifier(kvm, &resampler->notifier);
		kvm_irq_set(kvm, KVM_IRQ_SOURCE_RESAMPLE, irqfd->gsi, 0);
		list_del(&resampler->link);
		kfree(resampler);
	} else {
		synchronize_srcu_expedited(&kvm->irq_srcu);
	}
	mutex_unlock(&kvm->irq_lock);
}

/* ---- the end of an irqfd ---- */

static void irqfd_free(struct irqfd *irqfd)
{
	bypass_unregister(irqfd);
	eventfd_ctx_put(irqfd->eventfd);
	if (irqfd->resamplefd)
		eventfd_ctx_put(irqfd->resamplefd);
	kfree(irqfd);
}

/* After it neither work will be queued, and what was signalled before has been injected. */
static void irqfd_detach(struct irqfd *irqfd)
{
	u64 count;

	eventfd_ctx_remove_wait_queue(irqfd->eventfd, &irqfd->wait, &count);
	flush_work(&irqfd->inject);
	if (irqfd->resampler)
		resampler_leave(irqfd);
}

/* Take the first irqfd off the list that belongs to @eventfd and @gsi; NULL: to whatever. */
static struct irqfd *irqfd_take(struct kvm *kvm, const struct eventfd_ctx *eventfd, u32 gsi)
{
	struct irqfd *irqfd, *found = NULL;

	mutex_lock(&kvm->irq_lock);
	list_for_each_entry(irqfd, &kvm->irqfds, list) {
		if (eventfd && (irqfd->eventfd != eventfd || irqfd->gsi != gsi))
			continue;
		list_del_init(&irqfd->list);
		found = irqfd;
		break;
	}
	mutex_unlock(&kvm->irq_lock);
	return found;
}

/* For who took it, but for its own work. */
static void irqfd_retire(struct irqfd *irqfd)
{
	irqfd_detach(irqfd);
	/* It may wait for irq_lock, to find that the irqfd is taken. */
	cancel_work_sync(&irqfd->cleanup);
	irqfd_free(irqfd);
}

static void cleanup_work(struct work_struct *work)
{
	struct irqfd *irqfd = container_of(work, struct irqfd, cleanup);
	struct kvm *kvm = irqfd->kvm;
	bool mine;

	mutex_lock(&kvm->irq_lock);
	mine = !list_empty(&irqfd->list);
	list_del_init(&irqfd->list);
	mutex_unlock(&kvm->irq_lock);
	if (!mine)
		return;
	irqfd_detach(irqfd);
	irqfd_free(irqfd);
}

/**
 * kvm_irqfd_release - the VM's fd is closed: no eventfd drives it any more
 * @kvm: the VM, which its vCPUs' fds may keep
 *
 * On return none of its irqfds is left. May sleep.
 */
void kvm_irqfd_release(struct kvm *kvm)
{
	struct irqfd *irqfd;

	while ((irqfd = irqfd_take(kvm, NULL, 0)))
		irqfd_retire(irqfd);
	/* Those that their own work has taken. */
	flush_workqueue(cleanup_queue);
}

/* ---- KVM_IRQFD ---- */

struct irqfd_poll {
	poll_table table;
	struct irqfd *irqfd;
};

/* First in the queue: who polls the eventfd must not take the signal from us. */
static void enqueue(struct file *file, wait_queue_head_t *queue, poll_table *table)
{
	struct irqfd_poll *poll = container_of(table, struct irqfd_poll, table);

	add_wait_queue_priority(queue, &poll->irqfd->wait);
}

static bool eventfd_is_taken(struct kvm *kvm, const struct eventfd_ctx *eventfd)
{
	struct irqfd *irqfd;

	list_for_each_entry(irqfd, &kvm->irqfds, list) {
		if (irqfd->eventfd == eventfd)
			return true;
	}
	return false;
}

/*
 * All in one critical section: as soon as it is dropped another thread may deassign the irqfd. What
 * was signalled before now is an interrupt too.
 */
static int irqfd_publish(struct irqfd *irqfd, struct file *file)
{
	struct irqfd_poll poll = { .irqfd = irqfd };
	struct kvm *kvm = irqfd->kvm;
	int r = -EBUSY;

	mutex_lock(&kvm->irq_lock);
	if (eventfd_is_taken(kvm, irqfd->eventfd))
		goto out;
	r = irqfd->resamplefd ? resampler_join(irqfd) : 0;
	if (r)
		goto out;
	list_add_tail(&irqfd->list, &kvm->irqfds);
	init_poll_funcptr(&poll.table, enqueue);
	if (vfs_poll(file, &poll.table) & EPOLLIN)
		schedule_work(&irqfd->inject);
out:
	mutex_unlock(&kvm->irq_lock);
	return r;
}

static struct irqfd *irqfd_alloc(struct kvm *kvm, u32 gsi)
{
	struct irqfd *irqfd;

	irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	if (!irqfd)
		return NULL;
	irqfd->kvm = kvm;
	irqfd->gsi = gsi;
	INIT_LIST_HEAD(&irqfd->list);
	init_waitqueue_func_entry(&irqfd->wait, irqfd_wakeup);
	INIT_WORK(&irqfd->inject, inject_work);
	INIT_WORK(&irqfd->cleanup, cleanup_work);
	return irqfd;
}

/* @file is held by the caller, so that the eventfd is not closed meanwhile. */
static int irqfd_assign(struct kvm *kvm, const struct kvm_irqfd *args, struct file *file)
{
	struct eventfd_ctx *eventfd, *resamplefd = NULL;
	struct irqfd *irqfd;
	int r;

	eventfd = eventfd_ctx_fileget(file);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	if (args->flags & KVM_IRQFD_FLAG_RESAMPLE) {
		resamplefd = eventfd_ctx_fdget(args->resamplefd);
		if (IS_ERR(resamplefd)) {
			eventfd_ctx_put(eventfd);
			return PTR_ERR(resamplefd);
		}
	}
	irqfd = irqfd_alloc(kvm, args->gsi);
	if (!irqfd) {
		eventfd_ctx_put(eventfd);
		if (resamplefd)
			eventfd_ctx_put(resamplefd);
		return -ENOMEM;
	}
	irqfd->eventfd = eventfd;
	irqfd->resamplefd = resamplefd;
	bypass_register(irqfd);
	r = irqfd_publish(irqfd, file);
	if (r)
		irqfd_free(irqfd);
	return r;
}

static int irqfd_deassign(struct kvm *kvm, const struct kvm_irqfd *args, struct file *file)
{
	struct eventfd_ctx *eventfd = eventfd_ctx_fileget(file);
	struct irqfd *irqfd;

	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	/* One at most: an eventfd drives one line. */
	irqfd = irqfd_take(kvm, eventfd, args->gsi);
	if (irqfd)
		irqfd_retire(irqfd);
	eventfd_ctx_put(eventfd);
	return 0;
}

static int check_args(struct kvm *kvm, const struct kvm_irqfd *args)
{
	if (args->flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;
	if (args->gsi >= KVM_MAX_GSIS || !kvm_arch_irqchip_in_kernel(kvm))
		return -EINVAL;
	if (args->flags == KVM_IRQFD_FLAG_RESAMPLE && !kvm_arch_irq_acks_in_kernel(kvm))
		return -EINVAL;
	return 0;
}

/**
 * kvm_irqfd - KVM_IRQFD
 * @kvm: the VM; irq_lock not held
 * @args: copied from userspace
 *
 * When deassignment returns, what was signalled before is injected and nothing more will be.
 *
 * Return: 0, also when there was nothing to deassign; -EINVAL: flags, a GSI out of range, no
 * interrupt controller in the kernel, or none that would acknowledge, no eventfd; -EBADF; -EBUSY:
 * the eventfd drives a line already; -ENOMEM.
 */
int kvm_irqfd(struct kvm *kvm, const struct kvm_irqfd *args)
{
	struct fd f;
	int r;

	r = check_args(kvm, args);
	if (r)
		return r;
	f = fdget(args->fd);
	if (!kvm_compat_fd_file(f))
		return -EBADF;
	if (args->flags & KVM_IRQFD_FLAG_DEASSIGN)
		r = irqfd_deassign(kvm, args, kvm_compat_fd_file(f));
	else
		r = irqfd_assign(kvm, args, kvm_compat_fd_file(f));
	fdput(f);
	return r;
}

/* ---- module ---- */

/** kvm_irqfd_init - the queue for cleanup work; 0 or -ENOMEM */
int kvm_irqfd_init(void)
{
	cleanup_queue = alloc_workqueue("kvm-irqfd-cleanup", 0, 0);
	return cleanup_queue ? 0 : -ENOMEM;
}

/** kvm_irqfd_exit - undo it; no VM is left */
void kvm_irqfd_exit(void)
{
	destroy_workqueue(cleanup_queue);
}
