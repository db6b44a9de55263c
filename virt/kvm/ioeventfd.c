// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioeventfds (api.rst 4.59): a guest's write to a port or an address signals an eventfd, and the
 * guest goes on without an exit to userspace.
 *
 * Each is a device on a bus; several may be at one address and tell their writes by length and
 * value. kvm->ioeventfds and what is on it change under kvm->slots_lock, vCPUs read under
 * kvm->srcu. The last reference on the file may be gone: the context is ours until deassignment.
 */
#include <linux/eventfd.h>
#include <linux/slab.h>
#include <kvm/arch.h>
#include <kvm/irq.h>
#include <compat/compat.h>

/* The other two bits in the ABI's mask are of another architecture's bus, and of no use at all. */
#define IOEVENTFD_FLAGS	(KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_PIO | \
			 KVM_IOEVENTFD_FLAG_DEASSIGN)

struct ioeventfd {
	struct kvm_io_device dev;
	struct list_head list;		/* in kvm->ioeventfds */
	struct eventfd_ctx *eventfd;
	u64 addr;
	u64 datamatch;
	u32 len;			/* 0: any */
	bool any_value;
	enum kvm_bus bus;
};

static struct ioeventfd *to_ioeventfd(struct kvm_io_device *dev)
{
	return container_of(dev, struct ioeventfd, dev);
}

/* ---- the guest writes ---- */

static bool takes_write(const struct ioeventfd *e, gpa_t addr, int len, const void *val)
{
	u64 written = 0;

	/* The bus hands over any write inside the range, and we may be anywhere in it. */
	if (addr != e->addr || (e->len && len != e->len))
		return false;
	if (e->any_value)
		return true;
	memcpy(&written, val, e->len);
	return written == e->datamatch;
}

static int ioeventfd_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
			   const void *val)
{
	struct ioeventfd *e = to_ioeventfd(dev);

	if (!takes_write(e, addr, len, val))
		return -EOPNOTSUPP;
	kvm_compat_eventfd_signal(e->eventfd);
	return 0;
}

/* Nobody can reach it any more. */
static void ioeventfd_free(struct ioeventfd *e)
{
	list_del(&e->list);
	eventfd_ctx_put(e->eventfd);
	kfree(e);
}

static void ioeventfd_destroy(struct kvm_io_device *dev)
{
	ioeventfd_free(to_ioeventfd(dev));
}

static const struct kvm_io_device_ops ioeventfd_ops = {
	.write = ioeventfd_write,
	.write_atomic = true,
	.destructor = ioeventfd_destroy,
};

/* ---- KVM_IOEVENTFD ---- */

static int check_args(const struct kvm_ioeventfd *args)
{
	if (args->flags & ~IOEVENTFD_FLAGS)
		return -EINVAL;
	if (args->len > 8 || (args->len & (args->len - 1)))
		return -EINVAL;
	if (args->addr + args->len < args->addr)
		return -EINVAL;
	/* Of how many bytes should the value be? */
	if (!args->len && (args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH))
		return -EINVAL;
	return 0;
}

/* May one write be for both? Only one of them would hear of it. */
static bool collides(const struct ioeventfd *a, const struct ioeventfd *b)
{
	if (a->bus != b->bus || a->addr != b->addr)
		return false;
	if (!a->len || !b->len)
		return true;
	return a->len == b->len &&
	       (a->any_value || b->any_value || a->datamatch == b->datamatch);
}

static bool same(const struct ioeventfd *a, const struct ioeventfd *b)
{
	return a->eventfd == b->eventfd && a->bus == b->bus && a->addr == b->addr &&
	       a->len == b->len && a->any_value == b->any_value &&
	       (a->any_value || a->datamatch == b->datamatch);
}

static struct ioeventfd *find(struct kvm *kvm, const struct ioeventfd *wanted,
			      bool (*match)(const struct ioeventfd *a, const struct ioeventfd *b))
{
	struct ioeventfd *e;

	list_for_each_entry(e, &kvm->ioeventfds, list) {
		if (match(e, wanted))
			return e;
	}
	return NULL;
}

/* slots_lock held; takes @wanted's reference on the eventfd over */
static int assign(struct kvm *kvm, const struct ioeventfd *wanted)
{
	struct ioeventfd *e;
	int r;

	if (find(kvm, wanted, collides))
		return -EEXIST;
	e = kmemdup(wanted, sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	e->dev.ops = &ioeventfd_ops;
	r = kvm_io_bus_register(kvm, e->bus, e->addr, e->len, &e->dev);
	if (r) {
		kfree(e);
		return r;
	}
	list_add_tail(&e->list, &kvm->ioeventfds);
	return 0;
}

/* slots_lock held */
static int deassign(struct kvm *kvm, const struct ioeventfd *wanted)
{
	struct ioeventfd *e = find(kvm, wanted, same);
	int r;

	if (!e)
		return -ENOENT;
	r = kvm_io_bus_unregister(kvm, e->bus, &e->dev);
	if (!r)
		ioeventfd_free(e);
	return r;
}

/**
 * kvm_ioeventfd - KVM_IOEVENTFD
 * @kvm: the VM; slots_lock not held
 * @args: copied from userspace
 *
 * When deassignment returns no vCPU signals the eventfd any more.
 *
 * Return: 0; -EINVAL: flags, a length that no access has, a range that wraps, a value for any
 * length, no eventfd; -EBADF; -EEXIST: a write that another ioeventfd takes already; -ENOENT: none
 * like it is there to deassign; -ENOSPC: too many; -ENOMEM.
 */
int kvm_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *args)
{
	struct ioeventfd wanted = {
		.addr = args->addr,
		.len = args->len,
		.datamatch = args->datamatch,
		.any_value = !(args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH),
		.bus = args->flags & KVM_IOEVENTFD_FLAG_PIO ? KVM_PIO_BUS : KVM_MMIO_BUS,
	};
	bool remove = args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN;
	int r;

	r = check_args(args);
	if (r)
		return r;
	wanted.eventfd = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(wanted.eventfd))
		return PTR_ERR(wanted.eventfd);
	mutex_lock(&kvm->slots_lock);
	r = remove ? deassign(kvm, &wanted) : assign(kvm, &wanted);
	mutex_unlock(&kvm->slots_lock);
	if (remove || r)
		eventfd_ctx_put(wanted.eventfd);
	return r;
}
