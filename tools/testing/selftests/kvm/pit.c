// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 8254 timer in the kernel: its ticks by way of the PIC and of the I/O APIC, ticks that are
 * owed, its counters and port 0x61 from the guest's side, its state, and what each ioctl refuses.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "kselftest_harness.h"
#include "irq_test.h"

#define PIC_VECTOR	0x30
#define VECTOR		0x61

#define HZ		1193182ULL
#define PERIOD		11932		/* 10 ms */
#define PERIOD_NS	10000125ULL

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static struct vm *vm_with_pit(uint32_t flags)
{
	struct kvm_pit_config config = { .flags = flags };
	struct vm *vm = vm_with_irqchip();

	kvm_do(vm->fd, KVM_CREATE_PIT2, &config);
	return vm;
}

static struct kvm_pit_state2 pit_state(struct vm *vm)
{
	struct kvm_pit_state2 state;

	memset(&state, 0xa5, sizeof(state));
	kvm_do(vm->fd, KVM_GET_PIT2, &state);
	return state;
}

static int set_state(struct vm *vm, const struct kvm_pit_state2 *state)
{
	return kvm_errno(vm->fd, KVM_SET_PIT2, state);
}

static void set_reinject(struct vm *vm, bool on)
{
	struct kvm_reinject_control control = { .pit_reinject = on };

	kvm_do(vm->fd, KVM_REINJECT_CONTROL, &control);
}

TEST(arguments)
{
	struct kvm_pit_config config = {};
	struct kvm_reinject_control control = {};
	struct kvm_pit_state2 state = {};
	struct vm *vm = vm_new();

	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_PIT));
	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_PIT2));
	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_PIT_STATE2));
	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_REINJECT_CONTROL));
	EXPECT_EQ(ENXIO, kvm_errno(vm->fd, KVM_GET_PIT, &state));
	EXPECT_EQ(ENXIO, kvm_errno(vm->fd, KVM_SET_PIT, &state));
	EXPECT_EQ(ENXIO, kvm_errno(vm->fd, KVM_GET_PIT2, &state));
	EXPECT_EQ(ENXIO, kvm_errno(vm->fd, KVM_SET_PIT2, &state));
	EXPECT_EQ(ENXIO, kvm_errno(vm->fd, KVM_REINJECT_CONTROL, &control));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_REINJECT_CONTROL, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_CREATE_PIT2, BAD_POINTER));
	/* only with the chips that it interrupts */
	EXPECT_EQ(ENOENT, kvm_errno(vm->fd, KVM_CREATE_PIT2, &config));
	EXPECT_EQ(ENOENT, kvm_errno(vm->fd, KVM_CREATE_PIT, 0));
	vm_split_irqchip(vm, 24);
	EXPECT_EQ(ENOENT, kvm_errno(vm->fd, KVM_CREATE_PIT2, &config));
	vm_free(vm);

	vm = vm_with_irqchip();
	if (!kvm_is_in_tree()) {
		config.flags = 2;
		EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_CREATE_PIT2, &config));
		config.flags = ~0u;
		EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_CREATE_PIT2, &config));
	}
	config.flags = KVM_PIT_SPEAKER_DUMMY;
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_CREATE_PIT2, &config));
	EXPECT_EQ(EEXIST, kvm_errno(vm->fd, KVM_CREATE_PIT2, &config));
	EXPECT_EQ(EEXIST, kvm_errno(vm->fd, KVM_CREATE_PIT, 0));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_GET_PIT2, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_SET_PIT2, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_GET_PIT, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_SET_PIT, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_REINJECT_CONTROL, BAD_POINTER));
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_REINJECT_CONTROL, &control));
	control.pit_reinject = 1;
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_REINJECT_CONTROL, &control));
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_REINJECT_CONTROL, &control));
}

/* A good state with one field spoilt is refused, and the one before stays. */
#define REFUSED(vm, what, value) ({						\
	struct kvm_pit_state2 before = pit_state(vm), bad = before, after;	\
										\
	bad.what = value;							\
	int err = set_state(vm, &bad);						\
	after = pit_state(vm);							\
	err == EINVAL && !memcmp(&before, &after, sizeof(before));		\
})

TEST(impossible_state)
{
	struct vm *vm = vm_with_pit(0);

	if (kvm_is_in_tree())
		SKIP(return, "the kernel's own takes any state");
	EXPECT_TRUE(REFUSED(vm, flags, 4));
	EXPECT_TRUE(REFUSED(vm, flags, ~0u));
	EXPECT_TRUE(REFUSED(vm, channels[0].count, 65537));
	EXPECT_TRUE(REFUSED(vm, channels[2].count, ~0u));
	EXPECT_TRUE(REFUSED(vm, channels[1].mode, 6));
	EXPECT_TRUE(REFUSED(vm, channels[1].bcd, 2));
	EXPECT_TRUE(REFUSED(vm, channels[0].gate, 2));
	EXPECT_TRUE(REFUSED(vm, channels[0].rw_mode, 4));
	EXPECT_TRUE(REFUSED(vm, channels[0].read_state, 5));
	EXPECT_TRUE(REFUSED(vm, channels[0].write_state, 5));
	EXPECT_TRUE(REFUSED(vm, channels[0].count_latched, 5));
	EXPECT_TRUE(REFUSED(vm, channels[2].status_latched, 2));
}

TEST(state_there_and_back)
{
	struct vm *vm = vm_with_pit(0);
	struct kvm_pit_state2 set = {}, get;
	unsigned int i;

	for (i = 0; i < 3; i++)
		set.channels[i] = (struct kvm_pit_channel_state) {
			.count = 65536 - i, .latched_count = 0x1234 + i, .count_latched = 2 + i,
			.status_latched = 1, .status = 0xb4 + i, .read_state = 2 + i,
			.write_state = 4 - i, .write_latch = 0x5a + i, .rw_mode = 3 - i,
			.mode = i + 2, .bcd = i & 1, .gate = 1, .count_load_time = now_ns(),
		};
	set.flags = KVM_PIT_FLAGS_HPET_LEGACY | KVM_PIT_FLAGS_SPEAKER_DATA_ON;
	ASSERT_EQ(0, set_state(vm, &set));
	get = pit_state(vm);
	for (i = 0; i < 3 && !kvm_is_in_tree(); i++)
		EXPECT_EQ(0, memcmp(&set.channels[i], &get.channels[i], sizeof(set.channels[i])));
	EXPECT_EQ(set.flags, get.flags);
	EXPECT_EQ(0, get.reserved[0] | get.reserved[8]);
	/* the old form has the counters, and leaves the flags alone */
	struct kvm_pit_state old;

	kvm_do(vm->fd, KVM_GET_PIT, &old);
	EXPECT_EQ(0, memcmp(&old, &get, sizeof(old)));
	old.channels[1].count = 77;
	kvm_do(vm->fd, KVM_SET_PIT, &old);
	get = pit_state(vm);
	EXPECT_EQ(77, get.channels[1].count);
	EXPECT_EQ(set.flags, get.flags);
}

/* ---- ticks ---- */

__guest_inline void guest_start_counter0(uint8_t control, uint16_t count)
{
	guest_outb(0x43, control);
	guest_outb(0x40, count);
	guest_outb(0x40, count >> 8);
}

/*
 * word[0]: the control word, word[1]: the count, word[2]: by the I/O APIC, word[4]: the count is
 * written once more, and latched later
 */
__guest static void tick_guest(void)
{
	unsigned int vector = shared->word[2] ? VECTOR : PIC_VECTOR;
	uint64_t seen = 0;

	guest_outb(0x20, 0x11);
	guest_outb(0x21, PIC_VECTOR);
	guest_outb(0x21, 4);
	guest_outb(0x21, 1);
	guest_outb(0x21, shared->word[2] ? 0xff : 0xfe);
	if (shared->word[2]) {
		*(volatile uint32_t *)(LAPIC_BASE + LAPIC_SVR) = 0x1ff;
		guest_ioapic_write(0x11, 0);
		guest_ioapic_write(0x10, VECTOR);
	}
	guest_start_counter0(shared->word[0], shared->word[1]);
	if (shared->word[4]) {
		guest_outb(0x40, shared->word[1]);
		guest_outb(0x40, shared->word[1] >> 8);
	}
	guest_sync(0, 0, 0);
	if (shared->word[4])
		guest_outb(0x43, 0);
	__asm__ volatile("sti");
	for (;;) {
		if (shared->count[vector] == seen) {
			if (shared->word[3])
				guest_sync(seen, 0, 0);
			continue;
		}
		seen++;
		guest_sync(seen, 0, 0);
		if (shared->word[2])
			guest_eoi();
		else
			guest_outb(0x20, 0x20);
	}
}

static struct vcpu *ticker(struct vm *vm, uint8_t control, uint16_t count, bool ioapic)
{
	struct vcpu *vcpu = vcpu_new(vm, 0);
	uint64_t *word = vm_shared(vm)->word;
	struct ucall uc;

	word[0] = control;
	word[1] = count;
	word[2] = ioapic;
	vcpu_enter(vcpu, tick_guest);
	if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC)
		die("the guest did not begin");
	return vcpu;
}

/* Ticks that the guest has taken at its next stop. */
static uint64_t ticks(struct vcpu *vcpu)
{
	struct ucall uc;

	return vcpu_ucall(vcpu, &uc) == UCALL_SYNC ? uc.arg[0] : ~0ULL;
}

FIXTURE(by)
{
};

FIXTURE_VARIANT(by)
{
	bool ioapic;
	uint8_t control;
};

FIXTURE_VARIANT_ADD(by, pic_rate_generator) { .control = 0x34 };
FIXTURE_VARIANT_ADD(by, pic_square_wave) { .control = 0x36 };
FIXTURE_VARIANT_ADD(by, ioapic_rate_generator) { .ioapic = true, .control = 0x34 };
FIXTURE_VARIANT_ADD(by, ioapic_square_wave) { .ioapic = true, .control = 0x36 };

FIXTURE_SETUP(by)
{
}

FIXTURE_TEARDOWN(by)
{
}

/* The n-th tick comes not before n periods, and each comes once. */
TEST_F(by, periodic)
{
	uint64_t begin = now_ns(), i;
	struct vcpu *vcpu = ticker(vm_with_pit(0), variant->control, PERIOD, variant->ioapic);

	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(i, ticks(vcpu));
		EXPECT_LE(i * PERIOD_NS, now_ns() - begin + 1000);
	}
}

TEST(one_shot_comes_once)
{
	static const uint8_t modes[] = { 0x30, 0x38 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct vcpu *vcpu = ticker(vm_with_pit(0), modes[i], PERIOD, false);
		uint64_t end;

		EXPECT_EQ(1, ticks(vcpu));
		vm_shared(vcpu->vm)->word[3] = 1;
		for (end = now_ns() + 5 * PERIOD_NS; now_ns() < end;)
			EXPECT_EQ(1, ticks(vcpu));
	}
}

/* Counter 0's gate is tied high, so that what waits for its edge never begins. */
TEST(triggered_modes_do_not_tick)
{
	static const uint8_t modes[] = { 0x32, 0x3a };
	unsigned int i;

	if (kvm_is_in_tree())
		SKIP(return, "the kernel's own ticks there");
	for (i = 0; i < 2; i++) {
		struct vcpu *vcpu = ticker(vm_with_pit(0), modes[i], PERIOD, false);
		uint64_t end;

		vm_shared(vcpu->vm)->word[3] = 1;
		for (end = now_ns() + 5 * PERIOD_NS; now_ns() < end;)
			EXPECT_EQ(0, ticks(vcpu));
	}
}

static void sleep_ns(uint64_t ns)
{
	struct timespec ts = { .tv_nsec = ns };

	nanosleep(&ts, NULL);
}

/* While the guest does not listen 30 ticks pass: with reinjection it takes them all in the end. */
static void no_tick_is_lost(struct __test_metadata *_metadata, struct vm *vm)
{
	struct vcpu *vcpu = ticker(vm, 0x34, PERIOD, false);
	uint64_t begin = now_ns(), end = begin + 20000000000ULL, seen = 0;

	sleep_ns(30 * PERIOD_NS);
	do {
		ASSERT_EQ(seen + 1, ticks(vcpu));
		seen++;
	} while (seen + 3 < (now_ns() - begin) / PERIOD_NS && now_ns() < end);
	EXPECT_GT(end, now_ns());
	EXPECT_LE(27, seen);
}

TEST(no_tick_is_lost_by_reinjection)
{
	struct vm *vm = vm_with_pit(0);

	no_tick_is_lost(_metadata, vm_with_pit(0));
	vm_shared(vm)->word[4] = 1;
	no_tick_is_lost(_metadata, vm);
}

TEST(without_reinjection_ticks_are_lost)
{
	struct vm *vm = vm_with_pit(0);
	struct vcpu *vcpu;
	uint64_t begin, i;

	set_reinject(vm, false);
	begin = now_ns();
	vcpu = ticker(vm, 0x34, PERIOD, false);
	sleep_ns(30 * PERIOD_NS);
	for (i = 1; i <= 10; i++)
		ASSERT_EQ(i, ticks(vcpu));
	/* one was latched; the others came after it, each when it was due */
	EXPECT_LE((30 + 8) * PERIOD_NS, now_ns() - begin);
}

TEST(hpet_has_its_place)
{
	struct vm *vm = vm_with_pit(0);
	struct vcpu *vcpu = ticker(vm, 0x34, PERIOD, false);
	struct kvm_pit_state2 state = pit_state(vm);
	uint64_t end, seen;

	state.flags = KVM_PIT_FLAGS_HPET_LEGACY;
	ASSERT_EQ(0, set_state(vm, &state));
	vm_shared(vm)->word[3] = 1;
	seen = ticks(vcpu);
	EXPECT_GE(2, seen);
	ticks(vcpu);
	seen = ticks(vcpu);
	for (end = now_ns() + 5 * PERIOD_NS; now_ns() < end;)
		EXPECT_EQ(seen, ticks(vcpu));
	state.flags = 0;
	ASSERT_EQ(0, set_state(vm, &state));
	while (ticks(vcpu) < seen + 3)
		;
}

/* A shot in flight moves to another VM: it comes there, and not before its time. */
TEST(in_flight_to_another_vm)
{
	struct vm *vm = vm_with_pit(0), *other = vm_with_pit(0);
	uint64_t begin = now_ns(), *word = vm_shared(other)->word;
	struct kvm_pit_state2 state;
	struct kvm_irqchip chip = {};
	struct vcpu *vcpu;

	ticker(vm, 0x30, 0xffff, false);
	state = pit_state(vm);
	EXPECT_EQ(0xffff, state.channels[0].count);
	EXPECT_EQ(0, state.channels[0].mode);
	EXPECT_LE(begin, state.channels[0].count_load_time);
	EXPECT_GE(now_ns(), state.channels[0].count_load_time);
	/* The other guest's counter would never tick by itself (mode 1), and gets this shot. */
	vcpu = ticker(other, 0x32, 0xffff, false);
	kvm_do(vm->fd, KVM_GET_IRQCHIP, &chip);
	kvm_do(other->fd, KVM_SET_IRQCHIP, &chip);
	ASSERT_EQ(0, set_state(other, &state));
	word[3] = 0;
	EXPECT_EQ(1, ticks(vcpu));
	EXPECT_LE(54000000ULL, now_ns() - state.channels[0].count_load_time);
}

/* ---- counter 2 and port 0x61 ---- */

__guest static void counter2_guest(void)
{
	unsigned int high = 0, low = 0, status, count, i;

	/* mode 0, started by the gate */
	guest_outb(0x61, 0);
	guest_outb(0x43, 0xb0);
	guest_outb(0x42, 0xa9);
	guest_outb(0x42, 4);			/* 1 ms */
	guest_sync(guest_inb(0x61) & ~0x10, 0, 0);
	guest_outb(0x61, 3);
	guest_sync(guest_inb(0x61) & 3, 0, 0);
	while (!(guest_inb(0x61) & 0x20))
		;
	/* read-back of status and count */
	guest_outb(0x43, 0xc8);
	status = guest_inb(0x42);
	count = guest_inb(0x42);
	count |= guest_inb(0x42) << 8;
	guest_sync(status, count, 0);
	/* the refresh bit toggles */
	for (i = 0; i < 10000 && !(high && low); i++) {
		if (guest_inb(0x61) & 0x10)
			high = 1;
		else
			low = 1;
	}
	guest_outb(0x61, 0);
	guest_sync(high, low, guest_inb(0x61) & 3);
	/* a word to port 0x42 is a byte to it and a control word */
	__asm__ volatile("outw %%ax, %%dx" : : "a" (0x9407), "d" (0x42));
	guest_outb(0x42, 99);
	guest_outb(0x43, 0xe8);
	guest_sync(guest_inb(0x42) & 0x3f, 0, 0);
	guest_done();
}

TEST(counter2_and_speaker_port)
{
	struct vm *vm = vm_with_pit(KVM_PIT_SPEAKER_DUMMY);
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	vcpu_enter(vcpu, counter2_guest);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0, uc.arg[0]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(3, uc.arg[0]);
	EXPECT_EQ(KVM_PIT_FLAGS_SPEAKER_DATA_ON, pit_state(vm).flags);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0xb0, uc.arg[0]);
	/* beyond zero it went on counting */
	EXPECT_LT(0x8000, uc.arg[1]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_EQ(1, uc.arg[1]);
	EXPECT_EQ(0, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x14, uc.arg[0]);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(99, pit_state(vm).channels[2].count);
}

TEST(speaker_port_is_userspaces_otherwise)
{
	struct vcpu *vcpu = vcpu_new(vm_with_pit(0), 0);

	vcpu_enter(vcpu, counter2_guest);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	EXPECT_EQ(0x61, vcpu->run->io.port);
}

/* The cgroups of process @pid, whose name must be @comm; false: it is another. */
static bool cgroups_of(const char *pid, const char *comm, char *text, size_t size)
{
	char path[300], name[32] = "";
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	name[strcspn(name, "\n")] = '\0';
	if (comm && strcmp(name, comm))
		return false;
	snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	fclose(file);
	return true;
}

/* The thread that gives the ticks is in our cgroups: where a limit on us is one on it. */
TEST(worker_is_accounted_to_us)
{
	char ours[4096], its[4096] = "", comm[16], procs[64];
	const char *dir = "/tmp/pit-cgroup";
	struct dirent *entry;
	struct vm *vm;
	FILE *file;
	DIR *proc;

	if (kvm_is_in_tree())
		SKIP(return, "in-tree's worker stays in the root");
	mkdir(dir, 0700);
	if (mount("none", dir, "cgroup2", 0, NULL))
		SKIP(return, "no cgroups");
	snprintf(procs, sizeof(procs), "%s/pit-test", dir);
	ASSERT_TRUE(!mkdir(procs, 0700) || errno == EEXIST);
	strcat(procs, "/cgroup.procs");
	file = fopen(procs, "w");
	ASSERT_NE(NULL, file);
	ASSERT_LT(0, fprintf(file, "0"));
	ASSERT_EQ(0, fclose(file));
	ASSERT_TRUE(cgroups_of("self", NULL, ours, sizeof(ours)));
	ASSERT_NE(NULL, strstr(ours, "/pit-test"));

	vm = vm_with_pit(0);
	snprintf(comm, sizeof(comm), "kvm-pit/%d", getpid());
	proc = opendir("/proc");
	ASSERT_NE(NULL, proc);
	while ((entry = readdir(proc)) && !cgroups_of(entry->d_name, comm, its, sizeof(its)))
		;
	closedir(proc);
	EXPECT_STREQ(ours, its);
	vm_free(vm);
	umount2(dir, MNT_DETACH);
}

/* Nothing of a VM survives it: with the timer at its fastest. */
TEST(dies_while_it_ticks)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		struct vm *vm = vm_with_pit(0);
		struct kvm_pit_state2 state = pit_state(vm);

		state.channels[0].mode = 2;
		state.channels[0].count = 120;
		state.channels[0].count_load_time = now_ns();
		ASSERT_EQ(0, set_state(vm, &state));
		sleep_ns(2000000);
		vm_free(vm);
	}
}

/* ---- one that does not come to be ---- */

static volatile bool going;

/* Returns whether there has ever been one to be asked. */
static void *look_for_pit(void *arg)
{
	struct kvm_pit_state2 state;
	struct vm *vm = arg;
	bool seen = false;

	while (going)
		seen |= kvm_errno(vm->fd, KVM_GET_PIT2, &state) != ENXIO;
	return (void *)seen;
}

FIXTURE(failed) {
	struct vm *vm;
};

FIXTURE_SETUP(failed)
{
	self->vm = vm_with_irqchip();
}

FIXTURE_TEARDOWN(failed)
{
	vm_free(self->vm);
}

/* Its ports find no place on a bus that is full: then nobody has seen it, and it is gone. */
TEST_F_TIMEOUT(failed, creation, 600)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = 0x1000, .size = 1, .pio = 1 };
	struct kvm_pit_config config = {};
	struct vm *vm = self->vm;
	pthread_t thread;
	void *seen;
	int i, err;

	if (kvm_is_in_tree() || !getenv("KVM_TEST_EVENTS"))
		SKIP(return, "make storm does it: a full bus takes a while to fill");
	do {
		err = kvm_errno(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone);
	} while (!err);
	ASSERT_EQ(ENOSPC, err);
	going = true;
	ASSERT_EQ(0, pthread_create(&thread, NULL, look_for_pit, vm));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(ENOSPC, kvm_errno(vm->fd, KVM_CREATE_PIT2, &config));
	going = false;
	pthread_join(thread, &seen);
	EXPECT_NULL(seen);
}

TEST_HARNESS_MAIN
