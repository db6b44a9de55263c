// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile userspace: random ioctls with random arguments on every kind of file, and a kvm_run page
 * that another thread scribbles on while the vCPU runs. The kernel has to survive both; what it
 * does to the caller's own memory must stay within what the caller handed over.
 *
 * KVM_FUZZ_SEED and KVM_FUZZ_SECONDS repeat or prolong a run.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define ARG_SIZE	SZ_64K

/* For the time limit, which a prolonged run needs. */
FIXTURE(fuzz) {
	unsigned long until;
};

FIXTURE_SETUP(fuzz)
{
	self->until = 0;
}

FIXTURE_TEARDOWN(fuzz)
{
}

static uint64_t seed;

static uint64_t next_random(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return seed ^ seed >> 29;
}

static unsigned long setting(const char *name, unsigned long preset)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : preset;
}

/* Milliseconds. */
static unsigned long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long)(ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static void ignore_signal(int sig)
{
	(void)sig;
}

/* KVM_RUN must come back: a timer ends what the random state runs. */
static void tick_every(long usec)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	struct itimerval timer = { { 0, usec }, { 0, usec } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---- random ioctls ---- */

static const unsigned long known[] = {
	KVM_GET_API_VERSION, KVM_CREATE_VM, KVM_GET_MSR_INDEX_LIST, KVM_CHECK_EXTENSION,
	KVM_GET_VCPU_MMAP_SIZE, KVM_GET_SUPPORTED_CPUID, KVM_GET_EMULATED_CPUID,
	KVM_GET_MSR_FEATURE_INDEX_LIST, KVM_X86_GET_MCE_CAP_SUPPORTED, KVM_ENABLE_CAP,
	KVM_SET_NR_MMU_PAGES, KVM_SET_USER_MEMORY_REGION, KVM_SET_TSS_ADDR,
	KVM_SET_IDENTITY_MAP_ADDR, KVM_SET_USER_MEMORY_REGION2, KVM_SET_MEMORY_ATTRIBUTES,
	KVM_PRE_FAULT_MEMORY, KVM_GET_DIRTY_LOG, KVM_CLEAR_DIRTY_LOG, KVM_RESET_DIRTY_RINGS,
	KVM_IRQ_LINE, KVM_GET_IRQCHIP, KVM_SET_IRQCHIP, KVM_SET_GSI_ROUTING, KVM_IRQFD,
	KVM_IRQ_LINE_STATUS, KVM_CREATE_IRQCHIP, KVM_CREATE_PIT, KVM_CREATE_PIT2, KVM_GET_PIT,
	KVM_SET_PIT, KVM_GET_PIT2, KVM_SET_PIT2, KVM_REINJECT_CONTROL,
	KVM_SIGNAL_MSI, KVM_SET_CLOCK, KVM_GET_CLOCK, KVM_SET_TSC_KHZ, KVM_GET_TSC_KHZ,
	KVM_REGISTER_COALESCED_MMIO, KVM_UNREGISTER_COALESCED_MMIO, KVM_IOEVENTFD,
	KVM_SET_PMU_EVENT_FILTER, KVM_X86_SET_MSR_FILTER, KVM_CREATE_DEVICE, KVM_SET_DEVICE_ATTR,
	KVM_GET_DEVICE_ATTR, KVM_HAS_DEVICE_ATTR, KVM_GET_STATS_FD, KVM_CREATE_VCPU,
	KVM_SET_BOOT_CPU_ID, KVM_RUN, KVM_SET_SIGNAL_MASK, KVM_GET_REGS, KVM_SET_REGS,
	KVM_GET_SREGS, KVM_SET_SREGS, KVM_GET_SREGS2, KVM_SET_SREGS2, KVM_GET_FPU, KVM_SET_FPU,
	KVM_GET_XSAVE, KVM_SET_XSAVE, KVM_GET_XSAVE2, KVM_GET_XCRS, KVM_SET_XCRS,
	KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS,
	KVM_GET_LAPIC, KVM_SET_LAPIC, KVM_GET_MSRS, KVM_SET_MSRS, KVM_SET_CPUID, KVM_SET_CPUID2,
	KVM_GET_CPUID2, KVM_GET_MP_STATE, KVM_SET_MP_STATE, KVM_GET_NESTED_STATE,
	KVM_SET_NESTED_STATE, KVM_TRANSLATE, KVM_INTERRUPT, KVM_TPR_ACCESS_REPORTING,
	KVM_SET_VAPIC_ADDR, KVM_NMI, KVM_SET_GUEST_DEBUG, KVM_X86_SETUP_MCE, KVM_X86_SET_MCE,
	KVM_KVMCLOCK_CTRL, KVM_SMI,
};

/* The guest's random code may write its slots only: they get memory of their own. */
static uint8_t *arena, *arg;

static uint64_t interesting(void)
{
	static const uint64_t values[] = {
		0, 1, 2, 0xff, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
		0x7fffffffffffffff, 0x8000000000000000, ~0ULL, 0xc0000080, 0x174, 0xfee00900,
	};
	uint64_t r = next_random();

	switch (r % 8) {
	case 0:
		return values[next_random() % ARRAY_LEN(values)];
	case 1:
		return (uintptr_t)arena + next_random() % SZ_2M / SZ_4K * SZ_4K;
	case 2:
		return next_random();
	case 3:
		return next_random() % 64;
	case 4:
		return BIT64(next_random() % 64);
	default:
		return 0;
	}
}

static void fill_arg(unsigned long request)
{
	uint64_t words[64];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		words[i] = interesting();
	/* Half of them of 32-bit fields. */
	if (next_random() & 1) {
		for (i = 0; i < ARRAY_LEN(words); i++)
			words[i] = (words[i] & 0xffffffff) | interesting() << 32;
	}
	/* Counts that the argument has room for: the kernel writes back as many. */
	if (request == KVM_GET_MSRS || request == KVM_SET_MSRS || request == KVM_SET_CPUID2 ||
	    request == KVM_GET_CPUID2 || request == KVM_SET_CPUID)
		words[0] %= 300;
	memcpy(arg, words, sizeof(words));
}

/* What is read or written elsewhere by an address inside the argument stays inside the arena. */
static bool writes_elsewhere(unsigned long request)
{
	return request == KVM_SET_USER_MEMORY_REGION || request == KVM_SET_USER_MEMORY_REGION2 ||
	       request == KVM_GET_DIRTY_LOG || request == KVM_GET_DEVICE_ATTR ||
	       request == KVM_CLEAR_DIRTY_LOG;
}

static void one_ioctl(const int *fds)
{
	unsigned long request = known[next_random() % ARRAY_LEN(known)];
	int fd = fds[next_random() % 3];
	long ret;

	/* Sometimes another size or direction, sometimes an unknown number. */
	if (next_random() % 16 == 0)
		request ^= BIT64(next_random() % 32);
	if (writes_elsewhere(request)) {
		uint64_t *words = (uint64_t *)arg;

		memset(arg, 0, 64);
		words[0] = next_random() % 4 | (next_random() % 4) << 32;
		words[1] = next_random() % 2 ? interesting() & ~0xfffULL : next_random() % 64 << 12;
		words[2] = next_random() % 2 ? SZ_64K : interesting();
		words[3] = (uintptr_t)arena + next_random() % 32 * SZ_64K;
		if (words[2] > SZ_64K)
			words[2] = SZ_4K;
		if (request == KVM_GET_DIRTY_LOG || request == KVM_CLEAR_DIRTY_LOG)
			words[1] = words[2] = words[3];
		if (request == KVM_GET_DEVICE_ATTR)
			words[2] = words[3];
	} else {
		fill_arg(request);
	}
	ret = ioctl(fd, request, next_random() % 8 ? (uintptr_t)arg : interesting());
	/* Ioctls that make a file: it goes at once. */
	if (ret > fds[2])
		close((int)ret);
}

static void *guarded_pages(size_t size)
{
	uint8_t *at = mmap(NULL, size + 2 * SZ_64K, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED || mprotect(at + SZ_64K, size, PROT_READ | PROT_WRITE))
		die("no memory for the arguments");
	return at + SZ_64K;
}

/* One machine's life; ends by exiting, so that everything is torn down in its random state. */
static void fuzz_child(unsigned long until)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct vm *vm = vm_bare();
	struct vcpu *vcpu;
	int fds[3];

	arena = guarded_pages(SZ_2M);
	arg = guarded_pages(ARG_SIZE);
	vm_slot(vm, 0, 0, 0, SZ_64K, arena);
	/* Interrupt controllers in userspace, in the kernel, or both. */
	if (next_random() % 3 == 0)
		kvm_errno(vm->fd, KVM_CREATE_IRQCHIP, 0);
	else if (next_random() & 1)
		kvm_errno(vm->fd, KVM_ENABLE_CAP, &split);
	vcpu = next_random() & 1 ? vcpu_new(vm, 0) : vcpu_bare(vm, 0);
	fds[0] = vm->dev;
	fds[1] = vm->fd;
	fds[2] = vcpu->fd;
	/*
	 * TCG's VMRUN lets states in that no CPU does, and hangs in some of them; Bochs panics at
	 * some, and a guest that loops with IF clear stops it: stop at the door there.
	 */
	vcpu->run->immediate_exit = host_is_tcg() || host_is("bochs");
	tick_every(3000);
	while (now() < until)
		one_ioctl(fds);
	_exit(0);
}

__guest static void say_done(void)
{
	guest_done();
}

static void expect_healthy(struct __test_metadata *_metadata)
{
	struct vcpu *vcpu;
	struct ucall uc;
	struct vm *vm;

	/* KVM_CREATE_VM takes every lock of the process's memory, and gives up for a signal. */
	tick_every(0);
	vm = vm_new();
	vcpu = vcpu_new(vm, 0);
	vcpu_enter(vcpu, say_done);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	vcpu_free(vcpu);
	vm_free(vm);
}

TEST_F_TIMEOUT(fuzz, random_ioctls, 3600)
{
	unsigned long first = setting("KVM_FUZZ_SEED", 0x51b);
	unsigned long round;
	int status;

	self->until = now() + 1000 * setting("KVM_FUZZ_SECONDS", 6);
	for (round = 0; now() < self->until; round++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (child == 0) {
			seed = first + round;
			fuzz_child(now() + 250);
		}
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
			TH_LOG("KVM_FUZZ_SEED=%#lx ended with status %#x", first + round, status);
	}
	TH_LOG("%lu machines", round);
	expect_healthy(_metadata);
}

/* ---- a hostile kvm_run ---- */

#define STRING_BYTES	64
#define COALESCED	(GUEST_MMIO + 0x2000)	/* writes go to the ring behind kvm_run */

/* Port strings, MMIO, coalesced or not, and CPUID, for ever: all that uses the shared pages. */
__guest static void exit_all_the_time(void)
{
	uint64_t at, count;
	uint32_t a, b, c, d;

	for (;;) {
		at = GUEST_DATA + 0x1000;
		count = STRING_BYTES;
		__asm__ volatile("rep insb" : "+D" (at), "+c" (count) : "d" (0x3f0) : "memory");
		at = GUEST_DATA + 0x1000;
		count = STRING_BYTES;
		__asm__ volatile("rep outsb" : "+S" (at), "+c" (count) : "d" (0x3f0) : "memory");
		*(volatile uint64_t *)GUEST_MMIO = at;
		*(volatile uint64_t *)COALESCED = at;
		(void)*(volatile uint64_t *)(GUEST_MMIO + 0xffc);
		__asm__ volatile("cpuid" : "=a" (a), "=b" (b), "=c" (c), "=d" (d)
				 : "0" (1), "2" (0));
		__asm__ volatile("inl %%dx, %%eax" : "=a" (a) : "d" (0x3f4));
		shared->word[0]++;
	}
}

static volatile bool going;

static void *scribble(void *arg)
{
	struct vcpu *vcpu = arg;
	volatile uint64_t *page = (volatile uint64_t *)vcpu->run;
	size_t words = vcpu->run_size / 8;

	while (going) {
		/* The fields in the first 320 bytes most often, then the rest and the PIO page. */
		size_t at = next_random() % (next_random() % 2 ? 40 : words);

		page[at] = interesting();
		if (next_random() % 4 == 0)
			vcpu->run->immediate_exit = 0;
	}
	return NULL;
}

TEST_F_TIMEOUT(fuzz, scribbled_kvm_run, 3600)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_coalesced_mmio_zone zone = { .addr = COALESCED, .size = SZ_4K };
	uint8_t *data = vm->mem + GUEST_DATA;
	pthread_t scribbler;
	unsigned long runs = 0;
	unsigned int i;

	self->until = now() + 1000 * setting("KVM_FUZZ_SECONDS", 4);
	seed = setting("KVM_FUZZ_SEED", 0x51b);
	arena = host_pages(SZ_2M);
	vcpu_enter(vcpu, exit_all_the_time);
	if (kvm_cap(vm->fd, KVM_CAP_COALESCED_MMIO))
		kvm_do(vm->fd, KVM_REGISTER_COALESCED_MMIO, &zone);
	memset(data, 0xa5, 0x4000);
	memset(data + 0x1000, 0, STRING_BYTES);
	tick_every(2000);
	going = true;
	ASSERT_EQ(0, pthread_create(&scribbler, NULL, scribble, vcpu));
	for (; now() < self->until; runs++)
		ioctl(vcpu->fd, KVM_RUN, 0);
	going = false;
	pthread_join(scribbler, NULL);
	TH_LOG("%lu runs, %lu turns of the guest", runs,
	       (unsigned long)vm_shared(vm)->word[0]);
	/* An input string wrote what the guest asked for, not what the page said. */
	if (!kvm_cap(vm->fd, KVM_CAP_SYNC_REGS)) {
		EXPECT_GT(vm_shared(vm)->word[0], 0);
		for (i = 0; i < 0x4000; i++) {
			if (i >= 0x1000 && i < 0x1000 + STRING_BYTES)
				continue;
			ASSERT_EQ(0xa5, data[i])
				TH_LOG("byte %#x", i);
		}
	}
	vcpu_free(vcpu);
	vm_free(vm);
	expect_healthy(_metadata);
}

TEST_HARNESS_MAIN
