// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM's 8254: its ports, the timer behind counter 0's output, and the ticks that this brings to
 * GSI 0; KVM_CREATE_PIT2 and its kin.
 *
 * pit->lock guards the chip, whose logic is in i8254.c. The timer only counts ticks and wakes a
 * worker, which drives the line: the chips behind it cannot be reached from a hard interrupt.
 */
#include <linux/cgroup.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include "compat/compat.h"
#include "chips.h"
#include "i8254.h"

#define PIT_BASE		0x40
#define PIT_LEN			4
#define PIT_SPEAKER		0x61
#define PIT_GSI			0

#define PIT_FLAGS		(KVM_PIT_FLAGS_HPET_LEGACY | KVM_PIT_FLAGS_SPEAKER_DATA_ON)

/* A guest may ask for a tick each microsecond; the host's timer interrupts are worth more. */
#define PERIOD_MIN		(100 * NSEC_PER_USEC)

/*
 * No more ticks than that are owed. When it comes to it the one that was given has been lost, with
 * a LAPIC that was reset for example, and is not waited for any longer.
 */
#define BACKLOG_MAX		4096

/**
 * struct kvm_pit - the timer in a VM
 * @dev: ports 0x40–0x43
 * @speaker_dev: port 0x61, with KVM_PIT_SPEAKER_DUMMY
 * @kvm: whose it is
 * @lock: @chip and @hpet_legacy, and who starts the timer; process context
 * @chip: the counters
 * @hpet_legacy: the HPET has the place of counter 0
 * @timer: counter 0's output rises
 * @period: ns between two of them, 0: there is one only. Written while the timer does not run
 * @backlog: ticks that have not been given to the guest
 * @unacked: one has been given, and waits to be acknowledged
 * @reinject: no tick is given before the last one is acknowledged, and none is lost (api.rst 4.99)
 * @notifier: tells of that
 * @worker: a thread, kvm-pit/PID
 * @work: pit_work(), which it does
 */
struct kvm_pit {
	struct kvm_io_device dev;
	struct kvm_io_device speaker_dev;
	struct kvm *kvm;
	spinlock_t lock;
	struct i8254 chip;
	bool hpet_legacy;
	struct hrtimer timer;
	u64 period;
	atomic_t backlog;
	atomic_t unacked;
	bool reinject;				/* kvm->lock */
	struct kvm_irq_ack_notifier notifier;
	struct kthread_worker *worker;
	struct kthread_work work;
};

static struct kvm_pit *vm_pit(struct kvm *kvm)
{
	/* Pairs with the release in kvm_pit_create(). */
	return smp_load_acquire(&kvm->arch.pit);
}

static s64 pit_now(void)
{
	return ktime_get_ns();
}

/*
 * ---- ticks ----
 */

/* May a tick be given to the guest? In reinject mode it is then the one that is waited for. */
static bool take_tick(struct kvm_pit *pit)
{
	if (READ_ONCE(pit->reinject) && atomic_cmpxchg(&pit->unacked, 0, 1))
		return false;
	if (atomic_dec_if_positive(&pit->backlog) >= 0)
		return true;
	atomic_set(&pit->unacked, 0);
	return false;
}

/* An edge: the output rises, and that it falls again half a period later is of no interest. */
static void pit_work(struct kthread_work *work)
{
	struct kvm_pit *pit = container_of(work, struct kvm_pit, work);

	while (take_tick(pit)) {
		kvm_irq_set(pit->kvm, KVM_IRQ_SOURCE_PIT, PIT_GSI, 1);
		kvm_irq_set(pit->kvm, KVM_IRQ_SOURCE_PIT, PIT_GSI, 0);
	}
}

static enum hrtimer_restart pit_expired(struct hrtimer *timer)
{
	struct kvm_pit *pit = container_of(timer, struct kvm_pit, timer);
	u64 period = READ_ONCE(pit->period), ticks = 1;

	if (period)
		ticks = hrtimer_forward_now(timer, ns_to_ktime(period));
	if (atomic_read(&pit->backlog) >= BACKLOG_MAX)
		atomic_set(&pit->unacked, 0);
	else
		atomic_add(min_t(u64, ticks, BACKLOG_MAX), &pit->backlog);
	kthread_queue_work(pit->worker, &pit->work);
	return period ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

static void pit_acked(struct kvm_irq_ack_notifier *notifier)
{
	struct kvm_pit *pit = container_of(notifier, struct kvm_pit, notifier);

	atomic_set(&pit->unacked, 0);
	if (atomic_read(&pit->backlog))
		kthread_queue_work(pit->worker, &pit->work);
}

/* Nothing is owed and nothing waited for. */
static void forget_ticks(struct kvm_pit *pit)
{
	atomic_set(&pit->backlog, 0);
	atomic_set(&pit->unacked, 0);
}

static int route_is(const struct kvm_irq_route *route, void *data)
{
	const struct kvm_irq_route *pin = data;

	return route->gsi == pin->gsi && route->type == pin->type &&
	       route->irqchip.chip == pin->irqchip.chip && route->irqchip.pin == pin->irqchip.pin;
}

/**
 * kvm_pit_unmasked - the guest begins to listen to a pin of the I/O APIC
 * @kvm: the VM; no lock of a chip is held
 * @chip: KVM_IRQCHIP_IOAPIC
 * @pin: the pin
 *
 * An edge that found the pin masked is lost there and will not be acknowledged; and nobody wants
 * the ticks of the time before. (The PIC keeps an edge, and acknowledges it in the end.)
 */
void kvm_pit_unmasked(struct kvm *kvm, unsigned int chip, unsigned int pin)
{
	struct kvm_pit *pit = vm_pit(kvm);
	struct kvm_irq_route route = {
		.gsi = PIT_GSI,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.irqchip = { .chip = chip, .pin = pin },
	};

	if (pit && kvm_for_each_route(kvm, route_is, &route))
		forget_ticks(pit);
}

/* ---- the timer; pit->lock held ---- */

/* Counter 0 counts in another way than before. */
static void restart_timer(struct kvm_pit *pit, s64 now)
{
	struct i8254_edges edges = i8254_edges(&pit->chip, 0, now);

	/* The callback takes no lock, so that it may be waited for. */
	hrtimer_cancel(&pit->timer);
	forget_ticks(pit);
	if (pit->hpet_legacy || !edges.first)
		return;
	pit->period = edges.period ? max_t(u64, edges.period, PERIOD_MIN) : 0;
	hrtimer_start(&pit->timer, ns_to_ktime(edges.first), HRTIMER_MODE_ABS);
}

/* What the edges of counter 0 follow from: most port accesses do not change it. */
struct schedule {
	u8 mode;
	u32 count;
	u32 next_count;
	s64 load_time;
};

static struct schedule schedule_of(struct kvm_pit *pit, s64 now)
{
	const struct i8254_channel *ch = &pit->chip.channel[0];

	/* A look settles what has taken over since it was written: the timer knew. */
	i8254_output(&pit->chip, 0, now);
	return (struct schedule) {
		.mode = ch->s.mode,
		.count = ch->s.count,
		.next_count = ch->next_count,
		.load_time = ch->s.count_load_time,
	};
}

static bool same_schedule(const struct schedule *a, const struct schedule *b)
{
	return a->mode == b->mode && a->count == b->count && a->next_count == b->next_count &&
	       a->load_time == b->load_time;
}

/* ---- ports ---- */

static struct kvm_pit *to_pit(struct kvm_io_device *dev)
{
	return container_of(dev, struct kvm_pit, dev);
}

/* The chip has eight data lines: the bus makes a wider access into one for each port. */
static int pit_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
		     const void *val)
{
	struct kvm_pit *pit = to_pit(dev);
	struct schedule before, after;
	s64 now = pit_now();
	int i;

	spin_lock(&pit->lock);
	before = schedule_of(pit, now);
	for (i = 0; i < len; i++)
		i8254_write(&pit->chip, addr - PIT_BASE + i, ((const u8 *)val)[i], now);
	after = schedule_of(pit, now);
	if (!same_schedule(&before, &after))
		restart_timer(pit, now);
	spin_unlock(&pit->lock);
	return 0;
}

static int pit_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
		    void *val)
{
	struct kvm_pit *pit = to_pit(dev);
	s64 now = pit_now();
	int i;

	spin_lock(&pit->lock);
	for (i = 0; i < len; i++)
		((u8 *)val)[i] = i8254_read(&pit->chip, addr - PIT_BASE + i, now);
	spin_unlock(&pit->lock);
	return 0;
}

static const struct kvm_io_device_ops pit_ops = {
	.read = pit_read,
	.write = pit_write,
};

static int speaker_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
			 const void *val)
{
	struct kvm_pit *pit = container_of(dev, struct kvm_pit, speaker_dev);

	spin_lock(&pit->lock);
	i8254_speaker_write(&pit->chip, *(const u8 *)val, pit_now());
	spin_unlock(&pit->lock);
	return 0;
}

static int speaker_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr, int len,
			void *val)
{
	struct kvm_pit *pit = container_of(dev, struct kvm_pit, speaker_dev);

	spin_lock(&pit->lock);
	*(u8 *)val = i8254_speaker_read(&pit->chip, pit_now());
	spin_unlock(&pit->lock);
	return 0;
}

static const struct kvm_io_device_ops speaker_ops = {
	.read = speaker_read,
	.write = speaker_write,
};

/*
 * ---- life ----
 */

static int plug(struct kvm_pit *pit, u32 flags)
{
	struct kvm *kvm = pit->kvm;
	int r;

	mutex_lock(&kvm->slots_lock);
	r = kvm_io_bus_register(kvm, KVM_PIO_BUS, PIT_BASE, PIT_LEN, &pit->dev);
	if (!r && (flags & KVM_PIT_SPEAKER_DUMMY))
		r = kvm_io_bus_register(kvm, KVM_PIO_BUS, PIT_SPEAKER, 1, &pit->speaker_dev);
	mutex_unlock(&kvm->slots_lock);
	return r;
}

static bool unplug(struct kvm_pit *pit)
{
	struct kvm *kvm = pit->kvm;
	bool gone;

	mutex_lock(&kvm->slots_lock);
	gone = kvm_irqchip_unplug(kvm, KVM_PIO_BUS, &pit->dev) &&
	       kvm_irqchip_unplug(kvm, KVM_PIO_BUS, &pit->speaker_dev);
	mutex_unlock(&kvm->slots_lock);
	return gone;
}

static void set_reinject(struct kvm_pit *pit, bool reinject)
{
	if (pit->reinject == reinject)
		return;
	/* Without it nobody has to be told of the EOIs. */
	if (reinject)
		kvm_register_irq_ack_notifier(pit->kvm, &pit->notifier);
	else
		kvm_unregister_irq_ack_notifier(pit->kvm, &pit->notifier);
	WRITE_ONCE(pit->reinject, reinject);
	atomic_set(&pit->unacked, 0);
}

/* A thread whose time is the VMM's: who limits one by its cgroups limits the other. */
static struct kthread_worker *run_worker(void)
{
	struct kthread_worker *worker;
	int r;

	worker = kvm_compat_kthread_run_worker("kvm-pit/%d", task_tgid_vnr(current));
	if (IS_ERR(worker))
		return worker;
	r = cgroup_attach_task_all(current, worker->task);
	if (!r)
		return worker;
	kthread_destroy_worker(worker);
	return ERR_PTR(r);
}

static struct kvm_pit *alloc_pit(struct kvm *kvm)
{
	struct kvm_pit *pit = kzalloc(sizeof(*pit), GFP_KERNEL_ACCOUNT);

	if (!pit)
		return ERR_PTR(-ENOMEM);
	pit->worker = run_worker();
	if (IS_ERR(pit->worker)) {
		struct kthread_worker *failed = pit->worker;

		kfree(pit);
		return ERR_CAST(failed);
	}
	pit->dev.ops = &pit_ops;
	pit->speaker_dev.ops = &speaker_ops;
	pit->kvm = kvm;
	spin_lock_init(&pit->lock);
	i8254_init(&pit->chip, pit_now());
	kvm_compat_hrtimer_setup(&pit->timer, pit_expired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	kthread_init_work(&pit->work, pit_work);
	pit->notifier.gsi = PIT_GSI;
	pit->notifier.irq_acked = pit_acked;
	return pit;
}

/* Who drives the timer is gone: the timer, then the work that it may have left. */
static void free_pit(struct kvm_pit *pit)
{
	set_reinject(pit, false);
	hrtimer_cancel(&pit->timer);
	kthread_destroy_worker(pit->worker);
	kfree(pit);
}

/**
 * kvm_pit_create - KVM_CREATE_PIT, KVM_CREATE_PIT2 (api.rst 4.71)
 * @kvm: the VM
 * @flags: KVM_PIT_SPEAKER_DUMMY: port 0x61 too
 *
 * Return: 0; -EINVAL for other flags; -EEXIST; -ENOENT: there are no chips to interrupt; -ENOMEM.
 */
int kvm_pit_create(struct kvm *kvm, u32 flags)
{
	struct kvm_pit *pit;
	int r;

	if (flags & ~KVM_PIT_SPEAKER_DUMMY)
		return -EINVAL;
	mutex_lock(&kvm->lock);
	r = -EEXIST;
	if (kvm->arch.pit)
		goto out;
	r = -ENOENT;
	if (kvm->arch.irqchip_mode != KVM_IRQCHIP_KERNEL)
		goto out;
	pit = alloc_pit(kvm);
	r = PTR_ERR_OR_ZERO(pit);
	if (r)
		goto out;
	set_reinject(pit, true);
	r = plug(pit, flags);
	if (r && unplug(pit))
		free_pit(pit);
	else
		/* Who sees it, sees all of it, and until the end: pairs with vm_pit(). */
		smp_store_release(&kvm->arch.pit, pit);
out:
	mutex_unlock(&kvm->lock);
	return r;
}

/** kvm_pit_destroy - free it, if there is one; slots_lock not held, its chips still there */
void kvm_pit_destroy(struct kvm *kvm)
{
	struct kvm_pit *pit = kvm->arch.pit;

	if (pit && unplug(pit)) {
		kvm->arch.pit = NULL;
		free_pit(pit);
	}
}

/* ---- saved state ---- */

static void pit_get(struct kvm_pit *pit, struct kvm_pit_state2 *state)
{
	s64 now = pit_now();
	int i;

	memset(state, 0, sizeof(*state));
	spin_lock(&pit->lock);
	for (i = 0; i < I8254_CHANNELS; i++)
		i8254_save(&pit->chip, i, &state->channels[i], now);
	if (pit->hpet_legacy)
		state->flags |= KVM_PIT_FLAGS_HPET_LEGACY;
	if (pit->chip.speaker_data)
		state->flags |= KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	spin_unlock(&pit->lock);
}

static int pit_check(const struct kvm_pit_state2 *state)
{
	int i;

	if (state->flags & ~PIT_FLAGS)
		return -EINVAL;
	for (i = 0; i < I8254_CHANNELS; i++) {
		if (!i8254_state_valid(&state->channels[i]))
			return -EINVAL;
	}
	return 0;
}

/* The counters; a count that was running goes on. pit->lock held */
static void pit_set_channels(struct kvm_pit *pit, const struct kvm_pit_channel_state *channels)
{
	s64 now = pit_now();
	int i;

	for (i = 0; i < I8254_CHANNELS; i++)
		i8254_restore(&pit->chip, i, &channels[i], now);
	restart_timer(pit, now);
}

static long pit_ioctl_get(struct kvm_pit *pit, void __user *argp, size_t size)
{
	struct kvm_pit_state2 state;

	BUILD_BUG_ON(offsetof(struct kvm_pit_state2, channels) ||
		     offsetof(struct kvm_pit_state2, flags) != sizeof(struct kvm_pit_state));
	pit_get(pit, &state);
	return copy_to_user(argp, &state, size) ? -EFAULT : 0;
}

static long pit_ioctl_set(struct kvm_pit *pit, void __user *argp, size_t size)
{
	struct kvm_pit_state2 state = {};
	long r;

	if (copy_from_user(&state, argp, size))
		return -EFAULT;
	r = pit_check(&state);
	if (r)
		return r;
	spin_lock(&pit->lock);
	if (size == sizeof(state)) {
		pit->hpet_legacy = state.flags & KVM_PIT_FLAGS_HPET_LEGACY;
		pit->chip.speaker_data = state.flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	}
	pit_set_channels(pit, state.channels);
	spin_unlock(&pit->lock);
	return 0;
}

static long pit_ioctl_create2(struct kvm *kvm, void __user *argp)
{
	struct kvm_pit_config config;

	if (copy_from_user(&config, argp, sizeof(config)))
		return -EFAULT;
	return kvm_pit_create(kvm, config.flags);
}

static long pit_ioctl_reinject(struct kvm *kvm, void __user *argp)
{
	struct kvm_reinject_control control;
	struct kvm_pit *pit = vm_pit(kvm);

	if (copy_from_user(&control, argp, sizeof(control)))
		return -EFAULT;
	if (!pit)
		return -ENXIO;
	mutex_lock(&kvm->lock);
	set_reinject(pit, control.pit_reinject);
	mutex_unlock(&kvm->lock);
	return 0;
}

/**
 * kvm_pit_ioctl - an ioctl on a VM fd that may be the PIT's
 * @kvm: the VM
 * @ioctl: KVM_*
 * @argp: its argument
 *
 * Return: what api.rst says; -ENXIO without a PIT; -ENOTTY: not one of its ioctls.
 */
long kvm_pit_ioctl(struct kvm *kvm, unsigned int ioctl, void __user *argp)
{
	struct kvm_pit *pit = vm_pit(kvm);

	switch (ioctl) {
	case KVM_CREATE_PIT:
		return kvm_pit_create(kvm, KVM_PIT_SPEAKER_DUMMY);
	case KVM_CREATE_PIT2:
		return pit_ioctl_create2(kvm, argp);
	case KVM_REINJECT_CONTROL:
		return pit_ioctl_reinject(kvm, argp);
	case KVM_GET_PIT:
		return pit ? pit_ioctl_get(pit, argp, sizeof(struct kvm_pit_state)) : -ENXIO;
	case KVM_SET_PIT:
		return pit ? pit_ioctl_set(pit, argp, sizeof(struct kvm_pit_state)) : -ENXIO;
	case KVM_GET_PIT2:
		return pit ? pit_ioctl_get(pit, argp, sizeof(struct kvm_pit_state2)) : -ENXIO;
	case KVM_SET_PIT2:
		return pit ? pit_ioctl_set(pit, argp, sizeof(struct kvm_pit_state2)) : -ENXIO;
	default:
		return -ENOTTY;
	}
}
