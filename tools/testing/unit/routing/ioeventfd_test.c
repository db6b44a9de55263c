// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioeventfds: two of them are refused together exactly if one write could be for both; the bus here
 * is a plain list.
 */
#include <kvm/irq.h>
#include <unit_test.h>

static struct eventfd_ctx eventfd[4];
static struct kvm_io_device *device[4];
static unsigned int nr_devices;
static int register_error, unregister_error;

struct eventfd_ctx *eventfd_ctx_fdget(int fd)
{
	if (fd < 0)
		return ERR_PTR(-EBADF);
	eventfd[fd].references++;
	return &eventfd[fd];
}

int kvm_io_bus_register(struct kvm *kvm, enum kvm_bus bus, gpa_t addr, int len,
			struct kvm_io_device *dev)
{
	lockdep_assert_held(&kvm->slots_lock);
	if (register_error)
		return register_error;
	device[nr_devices++] = dev;
	return 0;
}

int kvm_io_bus_unregister(struct kvm *kvm, enum kvm_bus bus, struct kvm_io_device *dev)
{
	unsigned int i;

	lockdep_assert_held(&kvm->slots_lock);
	if (unregister_error)
		return unregister_error;
	for (i = 0; i < nr_devices; i++) {
		if (device[i] != dev)
			continue;
		device[i] = device[--nr_devices];
		return 0;
	}
	return -ENOENT;
}

static void vm_init(struct kvm *kvm)
{
	memset(kvm, 0, sizeof(*kvm));
	INIT_LIST_HEAD(&kvm->ioeventfds);
	nr_devices = 0;
}

static void vm_gone(struct kvm *kvm)
{
	unsigned int i;

	while (nr_devices) {
		nr_devices--;
		device[nr_devices]->ops->destructor(device[nr_devices]);
	}
	for (i = 0; i < ARRAY_SIZE(eventfd); i++) {
		EXPECT(!eventfd[i].references, "eventfd %u leaks", i);
		eventfd[i].references = 0;
	}
}

/* A few of each field, so that all pairs can be tried: two values differ above the lower byte. */
static struct kvm_ioeventfd variant(unsigned int n)
{
	static const u32 lengths[] = { 0, 1, 2, 4, 8 };
	static const u64 values[] = { 0, 1, 0x101, 0x1122334455667788 };
	struct kvm_ioeventfd args = {
		.len = lengths[n % 5],
		.addr = 0x1000 + n / 5 % 2 * 4,
		.flags = n / 10 % 2 ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0,
		.datamatch = values[n / 20 % 4],
	};

	if (n / 80 % 2)
		args.flags |= KVM_IOEVENTFD_FLAG_PIO;
	return args;
}

#define VARIANTS	160

/* What api.rst says that it takes. */
static bool takes(const struct kvm_ioeventfd *args, bool pio, u64 addr, u32 len, u64 value)
{
	if (!!(args->flags & KVM_IOEVENTFD_FLAG_PIO) != pio || args->addr != addr)
		return false;
	if (args->len && args->len != len)
		return false;
	return !(args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH) || args->datamatch == value;
}

/*
 * Is there a write for both? Those tried have every length and every value that a variant names.
 * One too wide for its length is never written; equal ones of that kind are refused all the same.
 */
static bool share_a_write(const struct kvm_ioeventfd *a, const struct kvm_ioeventfd *b)
{
	u64 value[] = { a->datamatch, b->datamatch };
	u64 addr = a->addr;
	u32 len;
	int i;

	for (len = 1; len <= 8; len *= 2) {
		for (i = 0; i < 2; i++) {
			if (takes(a, a->flags & KVM_IOEVENTFD_FLAG_PIO, addr, len, value[i]) &&
			    takes(b, a->flags & KVM_IOEVENTFD_FLAG_PIO, addr, len, value[i]))
				return true;
		}
	}
	return false;
}

static void check_writes(const struct kvm_ioeventfd *args)
{
	static const u64 values[] = { 0, 1, 0x101, 0x1122334455667788, 0x88 };
	u64 addr;
	u32 len;
	int i;

	for (addr = 0xffc; addr <= 0x1008; addr++) {
		for (len = 1; len <= 8; len *= 2) {
			for (i = 0; i < 5; i++) {
				u64 val = values[i] & (~0ull >> (64 - len * 8));
				bool pio = args->flags & KVM_IOEVENTFD_FLAG_PIO;
				bool mine = takes(args, pio, addr, len, val);
				u64 before = eventfd[0].signals;
				int r = device[0]->ops->write(NULL, device[0], addr, len, &val);

				EXPECT(r == (mine ? 0 : -EOPNOTSUPP), "len %u at %llx", len, addr);
				EXPECT(eventfd[0].signals == before + mine, "");
			}
		}
	}
}

TEST(test_ioeventfd_match, "ioeventfd: every pair of them, and every write")
{
	struct kvm_ioeventfd a, b;
	struct kvm kvm;
	unsigned int i, j;
	int r;

	for (i = 0; i < VARIANTS; i++) {
		a = variant(i);
		vm_init(&kvm);
		r = kvm_ioeventfd(&kvm, &a);
		if (!a.len && (a.flags & KVM_IOEVENTFD_FLAG_DATAMATCH)) {
			EXPECT(r == -EINVAL, "a value of no length");
			continue;
		}
		EXPECT(!r && nr_devices == 1, "variant %u", i);
		check_writes(&a);
		for (j = 0; j < VARIANTS; j++) {
			b = variant(j);
			b.fd = 1;
			r = kvm_ioeventfd(&kvm, &b);
			if (!b.len && (b.flags & KVM_IOEVENTFD_FLAG_DATAMATCH))
				continue;
			EXPECT(r == (share_a_write(&a, &b) ? -EEXIST : 0), "%u, %u: %d", i, j, r);
			b.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
			EXPECT(kvm_ioeventfd(&kvm, &b) == (r ? -ENOENT : 0), "%u and %u", i, j);
			EXPECT(nr_devices == 1, "");
		}
		vm_gone(&kvm);
	}
}

TEST(test_ioeventfd_failures, "ioeventfd: nothing is leaked when something fails")
{
	struct kvm_ioeventfd args = { .addr = 0x1000, .len = 4 };
	struct kvm kvm;

	vm_init(&kvm);
	register_error = -ENOSPC;
	EXPECT(kvm_ioeventfd(&kvm, &args) == -ENOSPC, "");
	register_error = 0;
	fake_alloc_fails = 1;
	EXPECT(kvm_ioeventfd(&kvm, &args) == -ENOMEM, "");
	EXPECT(!eventfd[0].references, "");
	EXPECT(!kvm_ioeventfd(&kvm, &args), "");
	args.flags = KVM_IOEVENTFD_FLAG_DEASSIGN;
	/* A bus that cannot be made anew keeps it, and so does the list. */
	unregister_error = -ENOMEM;
	EXPECT(kvm_ioeventfd(&kvm, &args) == -ENOMEM, "");
	EXPECT(eventfd[0].references == 1, "");
	unregister_error = 0;
	EXPECT(!kvm_ioeventfd(&kvm, &args), "");
	EXPECT(!eventfd[0].references, "");
	args.fd = -1;
	EXPECT(kvm_ioeventfd(&kvm, &args) == -EBADF, "");
	vm_gone(&kvm);
}
