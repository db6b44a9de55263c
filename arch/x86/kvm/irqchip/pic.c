// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM's 8259A pair: its ports, the sources of its lines, its INTR output.
 *
 * pic->lock guards all of struct kvm_pic; what the chips do is in i8259.c. Ack notifiers and LAPICs
 * are told after the lock is dropped, since they may come back with another level.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "chips.h"
#include "i8259.h"

/**
 * struct kvm_pic - the pair in a VM
 * @lock: everything below; process context only
 * @pair: the chips; @pair.output is also read without the lock
 * @sources: for each line a bit per enum kvm_irq_source that asserts it
 */
struct kvm_pic {
	struct kvm_io_device dev;
	struct kvm *kvm;
	spinlock_t lock;
	struct i8259_pair pair;
	u8 sources[I8259_LINES];
};

static const struct {
	u16 port;
	int len;
} pic_ports[] = { { 0x20, 2 }, { 0xa0, 2 }, { 0x4d0, 2 } };

/*
 * ---- telling the others ----
 */

/* What came of one operation on the chips and must be told with the lock dropped. */
struct pic_news {
	bool raised;
	u16 acked;
};

static void pic_lock(struct kvm_pic *pic, struct pic_news *before)
{
	spin_lock(&pic->lock);
	before->raised = pic->pair.output;
}

static void notify_acked(struct kvm *kvm, unsigned long lines)
{
	unsigned int line;

	for_each_set_bit(line, &lines, I8259_LINES)
		kvm_irq_notify_acked(kvm, line < 8 ? KVM_IRQCHIP_PIC_MASTER :
				     KVM_IRQCHIP_PIC_SLAVE, line % 8);
}

/* The counterpart of pic_lock(): the lock goes, and who must know is told what has changed. */
static void pic_unlock(struct kvm_pic *pic, struct pic_news *news)
{
	struct kvm *kvm = pic->kvm;

	news->raised = pic->pair.output && !news->raised;
	news->acked = pic->pair.acked;
	pic->pair.acked = 0;
	spin_unlock(&pic->lock);

	if (news->raised)
		kvm_lapic_pic_raised(kvm);
	if (news->acked)
		notify_acked(kvm, news->acked);
}

/* ---- lines and INTR ---- */

/**
 * kvm_pic_set - one of the sources of a line moves
 * @kvm: the VM, with its PIC
 * @line: 0 … 15
 * @source: who
 * @level: asserts it, or no more
 *
 * Return: as kvm_irq_set().
 */
int kvm_pic_set(struct kvm *kvm, unsigned int line, enum kvm_irq_source source, bool level)
{
	struct kvm_pic *pic = kvm->arch.pic;
	struct pic_news news;
	int r;

	pic_lock(pic, &news);
	if (level)
		pic->sources[line] |= BIT(source);
	else
		pic->sources[line] &= ~BIT(source);
	r = i8259_set_line(&pic->pair, line, pic->sources[line]);
	pic_unlock(pic, &news);
	return r;
}

/** kvm_pic_has_irq - is INTR asserted? Any context; a moment later it may be otherwise. */
bool kvm_pic_has_irq(struct kvm *kvm)
{
	return READ_ONCE(kvm->arch.pic->pair.output);
}

/**
 * kvm_pic_ack_irq - the INTA cycle of the vCPU that takes the interrupt
 * @kvm: the VM
 *
 * Return: the vector; the master's default IR7 when the request has gone meanwhile.
 */
int kvm_pic_ack_irq(struct kvm *kvm)
{
	struct kvm_pic *pic = kvm->arch.pic;
	struct pic_news news;
	int vector;

	pic_lock(pic, &news);
	vector = i8259_intack(&pic->pair);
	/* Another request than the one just taken may be waiting: that INTR rose anew. */
	news.raised = false;
	pic_unlock(pic, &news);
	return vector;
}

/* ---- ports ---- */

static struct kvm_pic *to_pic(struct kvm_io_device *dev)
{
	return container_of(dev, struct kvm_pic, dev);
}

/* The chips have eight data lines: the bus makes a wider access into one for each port. */
static int pic_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
		     const void *val)
{
	struct kvm_pic *pic = to_pic(dev);
	struct pic_news news;
	int i;

	pic_lock(pic, &news);
	for (i = 0; i < len; i++)
		i8259_write(&pic->pair, addr + i, ((const u8 *)val)[i]);
	pic_unlock(pic, &news);
	return 0;
}

static int pic_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
		    void *val)
{
	struct kvm_pic *pic = to_pic(dev);
	struct pic_news news;
	int i;

	pic_lock(pic, &news);
	for (i = 0; i < len; i++)
		((u8 *)val)[i] = i8259_read(&pic->pair, addr + i);
	pic_unlock(pic, &news);
	return 0;
}

static const struct kvm_io_device_ops pic_ops = {
	.read = pic_read,
	.write = pic_write,
};

/* ---- saved state ---- */

/** kvm_pic_get_state - KVM_GET_IRQCHIP of @chip: 0 master, 1 slave */
void kvm_pic_get_state(struct kvm *kvm, unsigned int chip, struct kvm_pic_state *state)
{
	struct kvm_pic *pic = kvm->arch.pic;

	spin_lock(&pic->lock);
	*state = pic->pair.chip[chip];
	spin_unlock(&pic->lock);
}

/**
 * kvm_pic_set_state - KVM_SET_IRQCHIP of @chip
 * @kvm: the VM
 * @chip: 0 master, 1 slave
 * @state: userspace's
 *
 * The lines keep their restored levels until their sources move.
 *
 * Return: 0; -EINVAL: no chip can be in that state, and nothing has changed.
 */
int kvm_pic_set_state(struct kvm *kvm, unsigned int chip, const struct kvm_pic_state *state)
{
	struct kvm_pic *pic = kvm->arch.pic;
	struct pic_news news;

	if (!i8259_state_valid(state, chip))
		return -EINVAL;
	pic_lock(pic, &news);
	i8259_restore(&pic->pair, chip, state);
	memset(&pic->sources[chip * 8], 0, 8);
	pic_unlock(pic, &news);
	return 0;
}

/* ---- life ---- */

/**
 * kvm_pic_create - make the pair and put it on the PIO bus
 * @kvm: the VM; kvm->lock and slots_lock held
 *
 * Return: 0; -ENOMEM or -ENOSPC, and kvm_pic_destroy() cleans up.
 */
int kvm_pic_create(struct kvm *kvm)
{
	struct kvm_pic *pic = kzalloc(sizeof(*pic), GFP_KERNEL_ACCOUNT);
	int r, i;

	if (!pic)
		return -ENOMEM;
	pic->dev.ops = &pic_ops;
	pic->kvm = kvm;
	spin_lock_init(&pic->lock);
	i8259_init(&pic->pair);
	kvm->arch.pic = pic;
	for (i = 0; i < ARRAY_SIZE(pic_ports); i++) {
		r = kvm_io_bus_register(kvm, KVM_PIO_BUS, pic_ports[i].port, pic_ports[i].len,
					&pic->dev);
		if (r)
			return r;
	}
	return 0;
}

/** kvm_pic_destroy - free it, if there is one; nobody drives its lines */
void kvm_pic_destroy(struct kvm *kvm)
{
	struct kvm_pic *pic = kvm->arch.pic;

	if (pic && kvm_irqchip_unplug(kvm, KVM_PIO_BUS, &pic->dev)) {
		kvm->arch.pic = NULL;
		kfree(pic);
	}
}
