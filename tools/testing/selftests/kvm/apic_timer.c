// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC's timer: one-shot, periodic, TSC deadline, never before its time by the guest's
 * own clock; and saved and restored while it runs (SDM 11.5.4).
 */
#include "kselftest_harness.h"
#include "apic.h"

#define VECTOR	0x42

__guest_inline uint64_t guest_rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a" (lo), "=d" (hi) : : "memory");
	return lo | (uint64_t)hi << 32;
}

__guest_inline uint64_t ticks(void)
{
	return *guest_count(0, VECTOR);
}

/* word[0]: cycles a millisecond; the bus clock of the APIC is 1 GHz. */
__guest static void one_shot(void)
{
	uint64_t ms = shared->word[0], begin, took, i;

	apic_on();
	apic_write(APIC_TDCR, 0xb);
	apic_write(APIC_LVTT, VECTOR);
	for (i = 1; i <= 5; i++) {
		begin = guest_rdtsc();
		apic_write(APIC_TMICT, (uint32_t)i * 2000000);
		while (ticks() != i)
			__asm__ volatile("sti; hlt; cli" : : : "memory");
		took = guest_rdtsc() - begin;
		GUEST_ASSERT(took >= i * 2 * ms - ms / 100);
		GUEST_ASSERT(apic_read(APIC_TMCCT) == 0);
	}
	/* By 16 it takes sixteen times as long, masked it comes not at all. */
	apic_write(APIC_TDCR, 3);
	begin = guest_rdtsc();
	apic_write(APIC_TMICT, 500000);
	while (ticks() != 6)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	GUEST_ASSERT(guest_rdtsc() - begin >= 8 * ms - ms / 100);
	apic_write(APIC_LVTT, VECTOR | LVT_MASKED);
	apic_write(APIC_TMICT, 1000);
	__asm__ volatile("sti");
	begin = guest_rdtsc();
	while (guest_rdtsc() - begin < 5 * ms)
		__asm__ volatile("pause");
	__asm__ volatile("cli");
	GUEST_ASSERT(apic_read(APIC_TMCCT) == 0);
	guest_sync(ticks(), 0, 0);
	guest_done();
}

__guest static void periodic(void)
{
	uint64_t ms = shared->word[0], begin, took, count;

	apic_on();
	apic_write(APIC_TDCR, 0xb);
	apic_write(APIC_LVTT, VECTOR | LVT_PERIODIC);
	begin = guest_rdtsc();
	apic_write(APIC_TMICT, 2000000);
	while (ticks() < 20)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	took = guest_rdtsc() - begin;
	GUEST_ASSERT(took >= 20 * 2 * ms - ms / 100);
	count = apic_read(APIC_TMCCT);
	GUEST_ASSERT(count <= 2000000);
	/* Stopped by an initial count of 0. */
	apic_write(APIC_TMICT, 0);
	__asm__ volatile("sti; nop; cli");
	count = ticks();
	begin = guest_rdtsc();
	__asm__ volatile("sti");
	while (guest_rdtsc() - begin < 5 * ms)
		__asm__ volatile("pause");
	GUEST_ASSERT(ticks() == count);
	guest_sync(count, 0, 0);
	guest_done();
}

__guest static void deadline(void)
{
	uint64_t ms = shared->word[0], at, i;

	apic_on();
	/* Ignored in the other modes. */
	guest_wrmsr(TSC_DEADLINE, guest_rdtsc() + ms);
	GUEST_ASSERT(guest_rdmsr(TSC_DEADLINE) == 0);
	apic_write(APIC_LVTT, VECTOR | LVT_DEADLINE);
	for (i = 1; i <= 10; i++) {
		at = guest_rdtsc() + i * ms / 2;
		guest_wrmsr(TSC_DEADLINE, at);
		while (ticks() != i)
			__asm__ volatile("sti; hlt; cli" : : : "memory");
		GUEST_ASSERT(guest_rdtsc() >= at);
		GUEST_ASSERT(guest_rdmsr(TSC_DEADLINE) == 0);
	}
	/* In the past: at once. */
	guest_wrmsr(TSC_DEADLINE, 1);
	__asm__ volatile("sti; nop; nop; cli");
	GUEST_ASSERT(ticks() == 11);
	/* Disarmed by 0, and by a change of the mode. */
	guest_wrmsr(TSC_DEADLINE, guest_rdtsc() + 2 * ms);
	guest_wrmsr(TSC_DEADLINE, 0);
	guest_wrmsr(TSC_DEADLINE, guest_rdtsc() + 2 * ms);
	apic_write(APIC_LVTT, VECTOR);
	at = guest_rdtsc() + 6 * ms;
	__asm__ volatile("sti");
	while (guest_rdtsc() < at)
		__asm__ volatile("pause");
	GUEST_ASSERT(ticks() == 11);
	guest_sync(ticks(), 0, 0);
	guest_done();
}

/* A vCPU whose CPUID has the TSC deadline, which the host's list leaves to who has an APIC. */
static struct vcpu *vcpu_apic(bool x2apic)
{
	struct kvm_cpuid2 *cpuid = supported_cpuid();
	struct vm *vm = vm_apic();
	struct vcpu *vcpu;

	vcpu = vcpu_bare(vm, 0);
	cpuid_find(cpuid, 1, 0)->ecx |= 1u << 24;
	kvm_do(vcpu->fd, KVM_SET_CPUID2, cpuid);
	vm_shared(vm)->word[0] = (uint64_t)kvm_do(vcpu->fd, KVM_GET_TSC_KHZ, 0);
	vm_shared(vm)->word[WORD_X2APIC] = x2apic;
	return vcpu;
}

static uint64_t run(struct __test_metadata *_metadata, void (*fn)(void), bool x2apic)
{
	struct vcpu *vcpu = vcpu_apic(x2apic);
	struct ucall uc = {};

	vcpu_enter_spinner(vcpu, fn);
	vm_apic_handlers(vcpu->vm);
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	return uc.arg[0];
}

TEST(one_shot_mode)
{
	EXPECT_EQ(6, run(_metadata, one_shot, false));
	EXPECT_EQ(6, run(_metadata, one_shot, true));
}

TEST(periodic_mode)
{
	EXPECT_LE(20, run(_metadata, periodic, false));
	EXPECT_LE(20, run(_metadata, periodic, true));
}

TEST(tsc_deadline)
{
	ASSERT_EQ(1, kvm_cap(kvm_open(), KVM_CAP_TSC_DEADLINE_TIMER));
	EXPECT_EQ(11, run(_metadata, deadline, false));
	EXPECT_EQ(11, run(_metadata, deadline, true));
}

/* ---- while the guest runs ---- */

#define SHOTS	20

/* Spins, so that nothing but the timer stops it; word[1]: the mode. Reports the worst delay. */
__guest static void spin(void)
{
	uint64_t ms = shared->word[0], mode = shared->word[1], at, late, worst = 0, i;

	apic_on();
	apic_write(APIC_TDCR, 0xb);
	apic_write(APIC_LVTT, VECTOR | (uint32_t)mode);
	at = guest_rdtsc() + ms;
	if (mode == LVT_PERIODIC)
		apic_write(APIC_TMICT, 1000000);
	__asm__ volatile("sti");
	for (i = 1; i <= SHOTS; i++) {
		if (mode != LVT_PERIODIC)
			at = guest_rdtsc() + ms;
		if (mode == LVT_DEADLINE)
			guest_wrmsr(TSC_DEADLINE, at);
		else if (!mode)
			apic_write(APIC_TMICT, 1000000);
		while (ticks() < i)
			__asm__ volatile("pause");
		late = guest_rdtsc() - at;
		GUEST_ASSERT(mode == LVT_DEADLINE ? (int64_t)late >= 0 :
						    (int64_t)late >= -(int64_t)(ms / 100));
		if ((int64_t)late > (int64_t)worst)
			worst = late;
		if (mode == LVT_PERIODIC)
			at += ms;
	}
	apic_write(APIC_LVTT, VECTOR | LVT_MASKED);
	guest_sync(worst * 1000 / ms, ticks(), 0);
	guest_done();
}

/* What the module says is in use. */
static bool hardware_timer(void)
{
	const char *parameter = "kvm_intel/parameters/preemption_timer";

	return !access("/sys/module/kvm_intel", F_OK) && !parameter_is_off(parameter);
}

/* In microseconds of the guest; and how often it was hardware's own timer that ended guest mode. */
static void expect_timer(struct __test_metadata *_metadata, uint32_t mode)
{
	struct vcpu *vcpu = vcpu_apic(true);
	struct ucall uc = {};
	long exits;

	vm_shared(vcpu->vm)->word[1] = mode;
	vcpu_enter_spinner(vcpu, spin);
	vm_apic_handlers(vcpu->vm);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	exits = vm_stat(vcpu->vm, "hv_timer_exits");
	TH_LOG("mode %#x: at most %llu us late, %ld exits by hardware's timer", mode,
	       (unsigned long long)uc.arg[0], exits);
	EXPECT_LE(SHOTS, uc.arg[1]);
	if (hardware_timer()) {
		EXPECT_LE(SHOTS, exits);
	} else {
		EXPECT_GE(0, exits);
	}
}

TEST(running_guests_are_told)
{
	expect_timer(_metadata, 0);
	expect_timer(_metadata, LVT_PERIODIC);
	expect_timer(_metadata, LVT_DEADLINE);
}

/* ---- the guest's clock moves ---- */

#define TSC_ADJUST	0x3bu

/* An hour off, and then the hour is over, by the counter or by its adjustment: word[1] says. */
__guest static void leap(void)
{
	uint64_t hour = 3600000 * shared->word[0];

	apic_on();
	apic_write(APIC_LVTT, VECTOR | LVT_DEADLINE);
	__asm__ volatile("sti");
	guest_wrmsr(TSC_DEADLINE, guest_rdtsc() + hour);
	guest_sync(0, 0, 0);
	if (shared->word[1] == 1)
		guest_wrmsr(0x10, guest_rdtsc() + hour);
	else if (shared->word[1])
		guest_wrmsr(TSC_ADJUST, guest_rdmsr(TSC_ADJUST) + hour);
	while (!ticks())
		__asm__ volatile("pause");
	guest_done();
}

TEST(deadline_follows_the_tsc)
{
	struct vcpu *vcpu;
	struct ucall uc;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		vcpu = vcpu_apic(true);
		vm_shared(vcpu->vm)->word[1] = i;
		vcpu_enter_spinner(vcpu, leap);
		vm_apic_handlers(vcpu->vm);
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		/* Userspace's turn, on the first of them. */
		if (!i)
			EXPECT_EQ(1, vcpu_try_set_msr(vcpu, 0x10, vcpu_msr(vcpu, TSC_DEADLINE)));
		ASSERT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
		EXPECT_EQ(1, vm_apic_count(vcpu->vm, 0, VECTOR));
	}
}

/* ---- with interrupts off ---- */

#define FAST		200

/* FAST times each, all exits but for the EOIs of a CPU that has AVIC or the like. */
__guest static void hot_writes(void)
{
	uint64_t i;

	apic_on();
	/* to nobody */
	for (i = 0; i < FAST; i++)
		apic_icr(VECTOR | ICR_ASSERT, 77);
	guest_sync(0, 0, 0);
	apic_write(APIC_LVTT, VECTOR | LVT_DEADLINE | LVT_MASKED);
	for (i = 0; i < FAST; i++)
		guest_wrmsr(TSC_DEADLINE, guest_rdtsc() + 3600000 * shared->word[0]);
	guest_sync(1, 0, 0);
	/* Its handler writes the EOI. */
	__asm__ volatile("sti");
	for (i = 0; i < FAST; i++)
		apic_write(APIC_SELF_IPI, VECTOR);
	guest_sync(2, 0, 0);
	guest_done();
}

TEST(hot_writes_are_done_with_interrupts_off)
{
	struct vcpu *vcpu = vcpu_apic(true);
	long before, now;
	struct ucall uc;
	unsigned int i;

	vcpu_enter(vcpu, hot_writes);
	vm_apic_handlers(vcpu->vm);
	before = vm_stat(vcpu->vm, "fast_exits");
	if (before < 0)
		SKIP(return, "exits are not told apart");
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		now = vm_stat(vcpu->vm, "fast_exits");
		TH_LOG("step %u: %ld of %u", i, now - before, i == 2 ? 2 * FAST : FAST);
		/* Where hardware does not say how long an instruction was, the first is slow. */
		EXPECT_LE((i == 2 ? 2 * FAST : FAST) - 8, now - before);
		before = now;
	}
	EXPECT_LE(FAST, vm_apic_count(vcpu->vm, 0, VECTOR));
}

/* ---- in flight ---- */

__guest static void start_and_wait(void)
{
	apic_on();
	apic_write(APIC_TDCR, 0xb);
	apic_write(APIC_LVTT, VECTOR | (uint32_t)shared->word[1]);
	if (shared->word[1] == LVT_DEADLINE)
		guest_wrmsr(TSC_DEADLINE, guest_rdtsc() + 200 * shared->word[0]);
	else
		apic_write(APIC_TMICT, 200000000);
	guest_sync(guest_rdtsc(), 0, 0);
	while (!ticks())
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	guest_sync(guest_rdtsc(), 0, 0);
	guest_done();
}

/* Save the vCPU while its timer runs, and go on with another one. Returns the cycles it took. */
static uint64_t migrate(struct __test_metadata *_metadata, uint32_t mode)
{
	struct vcpu *old = vcpu_apic(true), *new = vcpu_apic(true);
	uint64_t deadline, begin, base;
	struct kvm_lapic_state lapic;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct ucall uc;

	vm_shared(old->vm)->word[1] = mode;
	vcpu_enter(old, start_and_wait);
	vm_apic_handlers(old->vm);
	vcpu_enter(new, start_and_wait);
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(old, &uc));
	begin = uc.arg[0];
	/* The exit was in the middle of OUT: let it retire. */
	old->run->immediate_exit = 1;
	EXPECT_EQ(EINTR, kvm_errno(old->fd, KVM_RUN, 0));

	kvm_do(old->fd, KVM_GET_LAPIC, &lapic);
	deadline = vcpu_msr(old, TSC_DEADLINE);
	base = vcpu_msr(old, 0x10);
	vcpu_regs(old, &regs);
	vcpu_sregs(old, &sregs);
	memcpy(new->vm->mem, old->vm->mem, old->vm->mem_size);

	vcpu_set_sregs(new, &sregs);
	vcpu_set_regs(new, &regs);
	EXPECT_EQ(1, vcpu_try_set_msr(new, 0x10, base));
	EXPECT_EQ(1, vcpu_try_set_msr(new, TSC_DEADLINE, deadline));
	kvm_do(new->fd, KVM_SET_LAPIC, &lapic);
	EXPECT_EQ(deadline, vcpu_msr(new, TSC_DEADLINE));
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(new, &uc));
	EXPECT_EQ(1, vm_apic_count(new->vm, 0, VECTOR));
	return (uc.arg[0] - begin) / vm_shared(new->vm)->word[0];
}

TEST(timers_in_flight_go_on)
{
	/* 200 ms, less what passed between the timer's start and the TSC that was saved. */
	EXPECT_LE(100, migrate(_metadata, 0));
	EXPECT_LE(100, migrate(_metadata, LVT_PERIODIC));
	EXPECT_LE(100, migrate(_metadata, LVT_DEADLINE));
}

TEST_HARNESS_MAIN
