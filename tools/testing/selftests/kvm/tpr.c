// SPDX-License-Identifier: GPL-2.0-only
/*
 * The task priority in the local APIC's page: answered by the CPU itself (flexpriority), or by an
 * exit each; and those exits as userspace is told of them (KVM_TPR_ACCESS_REPORTING).
 */
#include "kselftest_harness.h"
#include "apic.h"

#define ACCESSES	200

/* Does the CPU answer for TPR? Then KVM need not be told where its copy is (KVM_CAP_VAPIC). */
static bool accelerated(void)
{
	return !access("/sys/module/kvm_intel", F_OK) &&
	       !parameter_is_off("kvm_intel/parameters/flexpriority");
}

__guest_inline void tpr_again_and_again(void)
{
	uint32_t i;

	for (i = 0; i < ACCESSES; i++) {
		apic_write(APIC_TPR, i & 0xff);
		GUEST_ASSERT(apic_read(APIC_TPR) == (i & 0xff));
	}
}

static void expect_exits(struct __test_metadata *_metadata, long exits)
{
	if (accelerated()) {
		EXPECT_GT(ACCESSES, exits);
	} else {
		EXPECT_LE(2 * ACCESSES, exits);
	}
}

/* Runs to the next guest_sync(); returns its first word, and in @exits what it cost. */
static uint64_t sync_exits(struct vcpu *vcpu, long *exits)
{
	long before = vm_stat(vcpu->vm, "exits");
	struct ucall uc = {};
	uint64_t cmd = vcpu_ucall(vcpu, &uc);

	if (cmd != UCALL_SYNC)
		die("no sync but %llu", (unsigned long long)cmd);
	*exits = vm_stat(vcpu->vm, "exits") - before;
	return uc.arg[0];
}

TEST(capability)
{
	EXPECT_EQ(!accelerated(), kvm_cap(kvm_open(), KVM_CAP_VAPIC));
}

__guest static void priority(void)
{
	apic_on();
	apic_write(APIC_TPR, 0);
	guest_sync(0, 0, 0);
	tpr_again_and_again();
	guest_sync(1, 0, 0);
	apic_write(APIC_TPR, 0x35);
	guest_sync(2, 0, 0);
	GUEST_ASSERT(apic_read(APIC_TPR) == 0x5b);
	/* CR8 is its high half, and clears the low one. */
	__asm__ volatile("mov %0, %%cr8" : : "r" (3ul));
	guest_sync(apic_read(APIC_TPR), 0, 0);
	guest_done();
}

TEST(accesses)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_lapic_state state;
	long exits;

	if (vm_stat(vm, "exits") < 0)
		SKIP(return, "no statistics in debugfs");
	vcpu_enter(vcpu, priority);
	sync_exits(vcpu, &exits);
	EXPECT_EQ(1, sync_exits(vcpu, &exits));
	expect_exits(_metadata, exits);
	EXPECT_EQ(2, sync_exits(vcpu, &exits));
	EXPECT_EQ(0x35, lapic_word(vcpu, APIC_TPR));
	kvm_do(vcpu->fd, KVM_GET_LAPIC, &state);
	state.regs[APIC_TPR] = 0x5b;
	kvm_do(vcpu->fd, KVM_SET_LAPIC, &state);
	EXPECT_EQ(0x30, sync_exits(vcpu, &exits));
}

/* What the CPU leaves to KVM, by instructions that are moves and by others. */
__guest static void other_registers(void)
{
	volatile uint32_t *lvt = (volatile uint32_t *)(APIC_PAGE + APIC_LVT1);
	const void *from = (const void *)(APIC_PAGE + APIC_VERSION);
	void *to = (void *)GUEST_DATA;
	uint32_t old = 0x10042;

	apic_on();
	__asm__ volatile("movsl" : "+S" (from), "+D" (to) : : "memory");
	GUEST_ASSERT(*(uint32_t *)GUEST_DATA == apic_read(APIC_VERSION));
	*lvt = 0x10041;
	__asm__ volatile("xchg %0, %1" : "+r" (old), "+m" (*lvt));
	GUEST_ASSERT(old == 0x10041 && *lvt == 0x10042);
	__asm__ volatile("incl %0" : "+m" (*lvt));
	GUEST_ASSERT(*lvt == 0x10043);
	__asm__ volatile("addl $0x30, %0" : "+m" (*(volatile uint32_t *)(APIC_PAGE + APIC_TPR)));
	GUEST_ASSERT(apic_read(APIC_TPR) == 0x30);
	/* Two interrupts of one class: the second waits for the first one's EOI. */
	apic_icr(ICR_SELF | 0x41, 0);
	apic_icr(ICR_SELF | 0x42, 0);
	__asm__ volatile("sti; nop; nop; nop; cli" : : : "memory");
	guest_sync(*guest_count(0, 0x41), *guest_count(0, 0x42), apic_read(APIC_ISR + 0x20));
	guest_done();
}

TEST(what_is_not_tpr)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc = {};

	vcpu_enter(vcpu, other_registers);
	vm_apic_handlers(vm);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_EQ(1, uc.arg[1]);
	EXPECT_EQ(0, uc.arg[2]);
}

/* ---- no xAPIC, or elsewhere ---- */

__guest static void page_load(void)
{
	volatile uint32_t *tpr = (volatile uint32_t *)(APIC_PAGE + APIC_TPR);

	guest_sync(*tpr, 0, 0);
	guest_sync(*tpr, 0, 0);
	for (;;) {
		tpr_again_and_again();
		guest_sync(*tpr, 0, 0);
	}
}

static void set_apic_base(struct vcpu *vcpu, uint64_t flags)
{
	struct kvm_sregs sregs;

	vcpu_sregs(vcpu, &sregs);
	sregs.apic_base = APIC_PAGE | flags;
	vcpu_set_sregs(vcpu, &sregs);
}

static void expect_no_apic(struct __test_metadata *_metadata, struct vcpu *vcpu, uint32_t answer)
{
	struct ucall uc = {};

	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu));
	EXPECT_EQ(APIC_PAGE + APIC_TPR, vcpu->run->mmio.phys_addr);
	memcpy(vcpu->run->mmio.data, &answer, sizeof(answer));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(answer, uc.arg[0]);
}

/* The page tables are the VM's: what one vCPU has there another must not meet. */
TEST(page_is_of_each_vcpu)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu[2] = { vcpu_new(vm, 0), vcpu_new(vm, 1) };
	long exits;

	vcpu_enter(vcpu[0], page_load);
	vcpu_enter(vcpu[1], page_load);
	vcpu_runnable(vcpu[1]);
	EXPECT_EQ(0, sync_exits(vcpu[0], &exits));
	EXPECT_EQ(0, sync_exits(vcpu[1], &exits));
	set_apic_base(vcpu[1], APIC_BASE_EN | APIC_BASE_X2);
	expect_no_apic(_metadata, vcpu[1], 0x12345678);
	/* The first one goes on, if not as fast. */
	EXPECT_EQ(0, sync_exits(vcpu[0], &exits));
	EXPECT_EQ((ACCESSES - 1) & 0xff, sync_exits(vcpu[0], &exits));
	set_apic_base(vcpu[1], 0);
	EXPECT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu[1]));

	if (vm_stat(vm, "exits") < 0)
		SKIP(return, "no statistics in debugfs");
	/* And again as before: it is the loop's first store that waits for userspace. */
	set_apic_base(vcpu[1], APIC_BASE_EN);
	EXPECT_EQ((ACCESSES - 1) & 0xff, sync_exits(vcpu[1], &exits));
	EXPECT_EQ((ACCESSES - 1) & 0xff, sync_exits(vcpu[1], &exits));
	expect_exits(_metadata, exits);
	sync_exits(vcpu[0], &exits);
	expect_exits(_metadata, exits);
}

/* ---- reports ---- */

#define WORD_RIP	0	/* shared->word[]: where each access is */

/* By a store and a load, which need no emulator, and by an instruction that does. */
__guest static void three_accesses(void)
{
	void *tpr = (void *)(APIC_PAGE + APIC_TPR);
	const void *from = (const void *)GUEST_DATA;
	uint64_t rip;
	uint32_t value = 0x35;

	apic_on();
	guest_sync(0, 0, 0);
	__asm__ volatile("lea 1f(%%rip), %0\n1: movl %1, (%2)"
			 : "=&r" (rip) : "r" (value), "r" (tpr) : "memory");
	shared->word[WORD_RIP] = rip;
	__asm__ volatile("lea 1f(%%rip), %0\n1: movl (%2), %1"
			 : "=&r" (rip), "=r" (value) : "r" (tpr) : "memory");
	shared->word[WORD_RIP + 1] = rip;
	*(uint32_t *)GUEST_DATA = 0x61;
	__asm__ volatile("lea 1f(%%rip), %0\n1: movsl"
			 : "=&r" (rip), "+S" (from), "+D" (tpr) : : "memory");
	shared->word[WORD_RIP + 2] = rip;
	guest_sync(value, from == (void *)(GUEST_DATA + 4), apic_read(APIC_TPR));
	apic_write(APIC_TPR, 0);
	guest_sync(1, 0, 0);
	guest_done();
}

static void report_tpr(struct vcpu *vcpu, bool enabled)
{
	struct kvm_tpr_access_ctl ctl = { .enabled = enabled };

	kvm_do(vcpu->fd, KVM_TPR_ACCESS_REPORTING, &ctl);
}

static void expect_access(struct __test_metadata *_metadata, struct vcpu *vcpu, bool write,
			  uint32_t tpr, uint64_t *rip)
{
	struct kvm_regs regs;

	ASSERT_EQ(KVM_EXIT_TPR_ACCESS, vcpu_exit(vcpu));
	EXPECT_EQ(write, vcpu->run->tpr_access.is_write);
	EXPECT_EQ(tpr, lapic_word(vcpu, APIC_TPR));
	*rip = vcpu->run->tpr_access.rip;
	/* It is done, and the guest behind it. */
	vcpu_regs(vcpu, &regs);
	EXPECT_LT(*rip, regs.rip);
	EXPECT_GE(*rip + 15, regs.rip);
}

TEST(accesses_are_reported)
{
	struct kvm_tpr_access_ctl ctl = { .enabled = 1, .flags = 1 };
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc = {};
	uint64_t rip[3];

	vcpu_enter(vcpu, three_accesses);
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_TPR_ACCESS_REPORTING, &ctl));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_TPR_ACCESS_REPORTING, BAD_POINTER));
	report_tpr(vcpu, true);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	if (accelerated())
		SKIP(return, "the CPU answers for TPR");
	expect_access(_metadata, vcpu, true, 0x35, &rip[0]);
	expect_access(_metadata, vcpu, false, 0x35, &rip[1]);
	expect_access(_metadata, vcpu, true, 0x61, &rip[2]);
	/* The report of apic_read() for the sync. */
	ASSERT_EQ(KVM_EXIT_TPR_ACCESS, vcpu_exit(vcpu));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x35, uc.arg[0]);
	EXPECT_EQ(1, uc.arg[1]);
	EXPECT_EQ(0x61, uc.arg[2]);
	EXPECT_EQ(0, memcmp(rip, &vm_shared(vm)->word[WORD_RIP], sizeof(rip)));
	report_tpr(vcpu, false);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
}

TEST_HARNESS_MAIN
