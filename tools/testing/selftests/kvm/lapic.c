// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC's registers as a guest and as userspace see them: KVM_GET_LAPIC, KVM_SET_LAPIC,
 * APIC_BASE, priorities, errors, NMIs by LVT and IPI; and the capabilities that go with it.
 */
#include "kselftest_harness.h"
#include "apic.h"

static int enable(struct vm *vm, uint32_t cap, uint64_t arg)
{
	return kvm_errno(vm->fd, KVM_ENABLE_CAP,
			 (&(struct kvm_enable_cap){ .cap = cap, .args = { arg } }));
}

static void put(struct kvm_lapic_state *state, uint32_t reg, uint32_t value)
{
	memcpy(state->regs + reg, &value, sizeof(value));
}

/* ---- ioctls ---- */

TEST(without_an_apic)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_lapic_state state = {};

	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_GET_LAPIC, &state));
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_LAPIC, &state));
}

TEST(reset_state)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu[2] = { vcpu_new(vm, 0), vcpu_new(vm, 3) };

	EXPECT_EQ(0, lapic_word(vcpu[0], APIC_ID));
	EXPECT_EQ(3u << 24, lapic_word(vcpu[1], APIC_ID));
	EXPECT_EQ(0x50014, lapic_word(vcpu[0], APIC_VERSION) & 0xff00ff);
	EXPECT_EQ(0xff, lapic_word(vcpu[0], APIC_SVR));
	EXPECT_EQ(0xffffffff, lapic_word(vcpu[0], APIC_DFR));
	EXPECT_EQ(LVT_MASKED, lapic_word(vcpu[0], APIC_LVTT));
	EXPECT_EQ(LVT_MASKED, lapic_word(vcpu[0], APIC_LVTERR));
	/* The PIC is behind the boot processor's LINT0 (KVM_X86_QUIRK_LINT0_REENABLED). */
	EXPECT_EQ(0x700, lapic_word(vcpu[0], APIC_LVT0));
	EXPECT_EQ(LVT_MASKED, lapic_word(vcpu[1], APIC_LVT0));
}

static const struct {
	uint32_t reg, value;
} kept[] = {
	{ APIC_TPR, 0x35 }, { APIC_LDR, 0x12000000 }, { APIC_DFR, 0x0fffffff },
	{ APIC_SVR, 0x1f7 }, { APIC_ISR + 0x20, 0x10000 }, { APIC_TMR + 0x30, 0x800 },
	{ APIC_IRR + 0x70, 0x80000000 }, { APIC_IRR, 0x10000 }, { APIC_ESR, 0x80 },
	{ APIC_ICR, 0x4041 }, { APIC_ICR2, 0x02000000 }, { APIC_LVTT, 0x20042 },
	{ APIC_LVT0, 0x10700 }, { APIC_LVT1, 0x400 }, { APIC_LVTERR, 0xfe },
	{ APIC_TDCR, 0xb }, { APIC_ID, 0x07000000 },
};

TEST(state_comes_back)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu[2] = { vcpu_new(vm, 0), vcpu_new(vm, 1) };
	struct kvm_lapic_state state, again;
	struct kvm_sregs sregs;
	unsigned int i;

	kvm_do(vcpu[0]->fd, KVM_GET_LAPIC, &state);
	for (i = 0; i < ARRAY_LEN(kept); i++)
		put(&state, kept[i].reg, kept[i].value);
	kvm_do(vcpu[0]->fd, KVM_SET_LAPIC, &state);
	for (i = 0; i < ARRAY_LEN(kept); i++)
		EXPECT_EQ(kept[i].value, lapic_word(vcpu[0], kept[i].reg)) {
			TH_LOG("register %#x", kept[i].reg);
		}
	/* PPR follows: vector 0x50 is in service, class 5 above TPR's 3. */
	EXPECT_EQ(0x50, lapic_word(vcpu[0], APIC_PPR));
	vcpu_sregs(vcpu[0], &sregs);
	EXPECT_EQ(3, sregs.cr8);

	kvm_do(vcpu[0]->fd, KVM_GET_LAPIC, &state);
	kvm_do(vcpu[1]->fd, KVM_SET_LAPIC, &state);
	kvm_do(vcpu[1]->fd, KVM_GET_LAPIC, &again);
	EXPECT_EQ(0, memcmp(&state, &again, sizeof(state)));
}

static const struct {
	uint32_t reg, value;
} refused[] = {
	{ APIC_TPR, 0x100 }, { APIC_LVTT, 0x80000042 }, { APIC_LVTT, 0x142 },
	{ APIC_LVT0, 0x20700 }, { APIC_LVT1, 0x40000 }, { APIC_LVTERR, 0x700 },
	{ APIC_TDCR, 4 }, { APIC_TDCR, 0x10 }, { APIC_ISR, 1 },
	{ APIC_TMR, 2 },
};

TEST(reserved_bits_are_refused)
{
	struct vcpu *vcpu = vcpu_new(vm_apic(), 0);
	struct kvm_lapic_state before, state, after;
	unsigned int i;

	if (kvm_is_in_tree())
		SKIP(return, "in-tree takes them");
	kvm_do(vcpu->fd, KVM_GET_LAPIC, &before);
	for (i = 0; i < ARRAY_LEN(refused); i++) {
		state = before;
		put(&state, APIC_LDR, 0x55000000);
		put(&state, refused[i].reg, refused[i].value);
		EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_LAPIC, &state)) {
			TH_LOG("%#x in register %#x", refused[i].value, refused[i].reg);
		}
	}
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_LAPIC, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_GET_LAPIC, BAD_POINTER));
	kvm_do(vcpu->fd, KVM_GET_LAPIC, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
}

static void set_apic_base(struct vcpu *vcpu, uint64_t flags)
{
	struct kvm_sregs sregs;

	vcpu_sregs(vcpu, &sregs);
	sregs.apic_base = APIC_PAGE | flags;
	vcpu_set_sregs(vcpu, &sregs);
}

TEST(id_formats)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 0x123);
	struct kvm_lapic_state state;

	EXPECT_EQ(3, kvm_cap(vm->fd, KVM_CAP_X2APIC_API));
	set_apic_base(vcpu, APIC_BASE_EN | APIC_BASE_X2);
	EXPECT_EQ(0x23u << 24, lapic_word(vcpu, APIC_ID));
	kvm_do(vcpu->fd, KVM_GET_LAPIC, &state);
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_LAPIC, &state));

	EXPECT_EQ(EINVAL, enable(vm, KVM_CAP_X2APIC_API, 1ULL << 63));
	EXPECT_EQ(0, enable(vm, KVM_CAP_X2APIC_API, KVM_X2APIC_API_USE_32BIT_IDS));
	EXPECT_EQ(0x123, lapic_word(vcpu, APIC_ID));
	EXPECT_EQ(0x12 << 16 | 1 << 3, lapic_word(vcpu, APIC_LDR));
	kvm_do(vcpu->fd, KVM_GET_LAPIC, &state);
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_LAPIC, &state));
	put(&state, APIC_ID, 0x124);
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_LAPIC, &state));
	EXPECT_EQ(0x123, lapic_word(vcpu, APIC_ID));
}

TEST(highest_vcpu_id)
{
	struct vm *vm = vm_apic();

	EXPECT_EQ(EINVAL, enable(vm, KVM_CAP_MAX_VCPU_ID, 0x7fffffff));
	EXPECT_EQ(0, enable(vm, KVM_CAP_MAX_VCPU_ID, 300));
	EXPECT_EQ(EINVAL, enable(vm, KVM_CAP_MAX_VCPU_ID, 301));
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_CREATE_VCPU, 300));
	EXPECT_EQ(0, vcpu_new(vm, 299)->fd < 0);
}

TEST(halt_polling_is_a_setting)
{
	struct vm *vm = vm_apic();

	EXPECT_EQ(1, kvm_cap(vm->fd, KVM_CAP_HALT_POLL));
	EXPECT_EQ(0, enable(vm, KVM_CAP_HALT_POLL, 0));
	EXPECT_EQ(0, enable(vm, KVM_CAP_HALT_POLL, 1000000));
	EXPECT_EQ(EINVAL, enable(vm, KVM_CAP_HALT_POLL, 1ULL << 32));
}

#define HALTS		30
#define WAIT_NS		5000000ULL
#define SECOND		1000000000ULL

/* Halts HALTS times for word[0] ns. */
__guest static void halts(void)
{
	uint64_t i;

	apic_on();
	apic_write(APIC_TDCR, 0xb);
	apic_write(APIC_LVTT, 0x41);
	for (;;) {
		for (i = 0; i < HALTS; i++) {
			apic_write(APIC_TMICT, (uint32_t)shared->word[0]);
			__asm__ volatile("sti; hlt; cli" : : : "memory");
		}
		guest_sync(0, 0, 0);
	}
}

/* Of HALTS waits of @ns, at how many was polling tried, with at most @max ns of it? */
static long polls(struct vcpu *vcpu, uint64_t max, uint64_t ns)
{
	long before = vm_stat(vcpu->vm, "halt_attempted_poll");
	struct ucall uc;

	if (enable(vcpu->vm, KVM_CAP_HALT_POLL, max))
		die("KVM_CAP_HALT_POLL: %s", strerror(errno));
	vm_shared(vcpu->vm)->word[0] = ns;
	if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC)
		die("the guest did not halt");
	return vm_stat(vcpu->vm, "halt_attempted_poll") - before;
}

static struct vcpu *halter(void)
{
	struct vcpu *vcpu = vcpu_new(vm_apic(), 0);

	vcpu_enter(vcpu, halts);
	vm_apic_handlers(vcpu->vm);
	return vcpu;
}

/* Waits of 5 ms, against more and less that may be polled (halt-polling.rst). */
TEST(halt_polling_grows_and_shrinks)
{
	struct vcpu *vcpu = halter();

	if (vm_stat(vcpu->vm, "halt_attempted_poll") < 0 ||
	    !set_kvm_parameter("halt_poll_ns_grow", "0"))
		SKIP(return, "no debugfs, or no parameters");
	EXPECT_EQ(0, polls(vcpu, 0, WAIT_NS));
	/* Without growth it never begins. */
	EXPECT_EQ(0, polls(vcpu, SECOND, WAIT_NS));
	set_kvm_parameter("halt_poll_ns_grow", "2");
	EXPECT_LE(HALTS - 4, polls(vcpu, SECOND, WAIT_NS));
	EXPECT_LT(0, vm_stat(vcpu->vm, "halt_successful_poll"));
	/* Waits are too long for it now: it ends, at once or by and by. */
	EXPECT_GE(4, polls(vcpu, 20000, WAIT_NS));
	set_kvm_parameter("halt_poll_ns_shrink", "2");
	EXPECT_LE(HALTS - 4, polls(vcpu, SECOND, WAIT_NS));
	EXPECT_LE(8, polls(vcpu, 20000, WAIT_NS));
	set_kvm_parameter("halt_poll_ns_shrink", "0");
}

/* ---- the guest's view ---- */

static uint64_t run(struct __test_metadata *_metadata, void (*fn)(void), bool x2apic)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc = {};

	vcpu_enter(vcpu, fn);
	vm_apic_handlers(vm);
	vm_shared(vm)->word[WORD_X2APIC] = x2apic;
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	return uc.arg[0];
}

#define WINDOW()	__asm__ volatile("sti; nop; nop; cli" : : : "memory")

__guest static void priorities(void)
{
	apic_on();
	/* Behind the task priority until that falls: by the register and by CR8. */
	apic_write(APIC_TPR, 0x40);
	apic_icr(ICR_SELF | 0x41, 0);
	WINDOW();
	GUEST_ASSERT(*guest_count(0, 0x41) == 0);
	GUEST_ASSERT(apic_read(APIC_IRR + 0x20) == 2);
	GUEST_ASSERT(apic_read(APIC_PPR) == 0x40);
	apic_write(APIC_TPR, 0x3f);
	WINDOW();
	GUEST_ASSERT(*guest_count(0, 0x41) == 1);
	__asm__ volatile("mov %0, %%cr8" : : "r" (4ul));
	GUEST_ASSERT(apic_read(APIC_TPR) == 0x40);
	apic_icr(ICR_SELF | 0x41, 0);
	WINDOW();
	GUEST_ASSERT(*guest_count(0, 0x41) == 1);
	__asm__ volatile("sti; mov %0, %%cr8; nop; cli" : : "r" (3ul));
	GUEST_ASSERT(*guest_count(0, 0x41) == 2);
	__asm__ volatile("mov %0, %%cr8" : : "r" (0ul));
	/* Two at once: both come, and nothing stays. */
	apic_icr(ICR_SELF | 0x41, 0);
	apic_icr(ICR_SELF | 0x42, 0);
	WINDOW();
	WINDOW();
	GUEST_ASSERT(*guest_count(0, 0x41) == 3);
	GUEST_ASSERT(*guest_count(0, 0x42) == 1);
	GUEST_ASSERT(apic_read(APIC_ISR + 0x20) == 0);
	GUEST_ASSERT(apic_read(APIC_IRR + 0x20) == 0);
	guest_sync(1, 0, 0);
	guest_done();
}

TEST(task_priority_keeps_back)
{
	EXPECT_EQ(1, run(_metadata, priorities, false));
	EXPECT_EQ(1, run(_metadata, priorities, true));
}

__guest static void errors(void)
{
	apic_on();
	apic_write(APIC_LVTERR, 0x43);
	apic_icr(ICR_SELF | 5, 0);
	WINDOW();
	GUEST_ASSERT(*guest_count(0, 0x43) == 1);
	apic_write(APIC_ESR, 0);
	GUEST_ASSERT(apic_read(APIC_ESR) == 0x20);
	apic_write(APIC_ESR, 0);
	GUEST_ASSERT(apic_read(APIC_ESR) == 0);
	if (!shared->word[WORD_X2APIC]) {
		apic_read(0x40);
		WINDOW();
		GUEST_ASSERT(*guest_count(0, 0x43) == 2);
		apic_write(APIC_ESR, 0);
		GUEST_ASSERT(apic_read(APIC_ESR) == 0x80);
	}
	guest_sync(1, 0, 0);
	guest_done();
}

TEST(errors_are_latched)
{
	EXPECT_EQ(1, run(_metadata, errors, false));
	EXPECT_EQ(1, run(_metadata, errors, true));
}

__guest static void disabled(void)
{
	apic_on();
	apic_write(APIC_LVTERR, 0x43);
	apic_write(APIC_SVR, 0xff);
	GUEST_ASSERT(apic_read(APIC_LVTERR) == (LVT_MASKED | 0x43));
	apic_icr(ICR_SELF | 0x41, 0);
	WINDOW();
	GUEST_ASSERT(*guest_count(0, 0x41) == 0);
	/* An NMI does not ask. */
	apic_icr(ICR_NMI | ICR_ASSERT, 0);
	GUEST_ASSERT(shared->count[2] == 1);
	guest_sync(1, 0, 0);
	guest_done();
}

TEST(software_disable)
{
	EXPECT_EQ(1, run(_metadata, disabled, false));
	EXPECT_EQ(1, run(_metadata, disabled, true));
}

/* Faults of x2APIC accesses; r11 is GUEST_TRY's. */
__guest_inline uint64_t try_wrmsr(uint32_t index, uint64_t value)
{
	__asm__ volatile(GUEST_TRY("wrmsr") : : "c" (index), "a" ((uint32_t)value),
			 "d" ((uint32_t)(value >> 32)) : "r11", "memory");
	return guest_trapped();
}

__guest_inline uint64_t try_rdmsr(uint32_t index)
{
	__asm__ volatile(GUEST_TRY("rdmsr") : : "c" (index) : "rax", "rdx", "r11", "memory");
	return guest_trapped();
}

__guest static void x2apic_faults(void)
{
	GUEST_ASSERT(try_rdmsr(0x802) == 13);
	apic_on();
	GUEST_ASSERT(try_rdmsr(0x802) == NO_TRAP);
	GUEST_ASSERT(try_rdmsr(0x80b) == 13);		/* EOI is written */
	GUEST_ASSERT(try_rdmsr(0x80e) == 13);		/* no DFR */
	GUEST_ASSERT(try_rdmsr(0x831) == 13);		/* no high half of the ICR */
	GUEST_ASSERT(try_rdmsr(0x83f) == 13);
	GUEST_ASSERT(try_rdmsr(0x800) == 13);
	GUEST_ASSERT(try_rdmsr(0x8ff) == 13);
	GUEST_ASSERT(try_wrmsr(0x802, 1) == 13);
	GUEST_ASSERT(try_wrmsr(0x80d, 1) == 13);
	GUEST_ASSERT(try_wrmsr(0x80b, 1) == 13);
	GUEST_ASSERT(try_wrmsr(0x80b, 0) == NO_TRAP);
	GUEST_ASSERT(try_wrmsr(0x828, 1) == 13);
	GUEST_ASSERT(try_wrmsr(0x808, 0x100) == 13);
	GUEST_ASSERT(try_wrmsr(0x832, 1ULL << 32) == 13);
	GUEST_ASSERT(try_wrmsr(0x83f, 0x100) == 13);
	/* From x2APIC mode back to xAPIC mode there is no way but through disabled. */
	GUEST_ASSERT(try_wrmsr(0x1b, APIC_PAGE | 0x900) == 13);
	GUEST_ASSERT(try_wrmsr(0x1b, APIC_PAGE | 0x100) == NO_TRAP);
	GUEST_ASSERT(try_rdmsr(0x802) == 13);
	GUEST_ASSERT(try_wrmsr(0x1b, APIC_PAGE | 0x900) == NO_TRAP);
	guest_sync(*(volatile uint32_t *)(APIC_PAGE + APIC_SVR), 0, 0);
	guest_done();
}

TEST(x2apic_accesses_that_fault)
{
	EXPECT_EQ(0xff, run(_metadata, x2apic_faults, true));
}

/* The page moves, and what was there before is memory-mapped I/O of somebody else. */
__guest static void move_page(void)
{
	guest_wrmsr(APIC_BASE_MSR, (GUEST_MMIO + 0x5000) | 0x900);
	guest_sync(*(volatile uint32_t *)(GUEST_MMIO + 0x5000 + APIC_SVR), 0, 0);
	guest_sync(*(volatile uint32_t *)(APIC_PAGE + APIC_SVR), 0, 0);
	guest_done();
}

TEST(page_moves)
{
	struct vcpu *vcpu = vcpu_new(vm_apic(), 0);
	struct ucall uc;

	vcpu_enter(vcpu, move_page);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0xff, uc.arg[0]);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu));
	EXPECT_EQ(APIC_PAGE + APIC_SVR, vcpu->run->mmio.phys_addr);
}

/* ---- the PIC and the I/O APIC in userspace ---- */

__guest static void open_window(void)
{
	__asm__ volatile("sti; nop; nop; nop" : : : "memory");
	guest_sync(*guest_count(0, 0x44), 0, 0);
	apic_write(APIC_LVT0, LVT_MASKED | 0x700);
	guest_sync(1, 0, 0);
	guest_sync(2, 0, 0);
	guest_done();
}

TEST(userspace_pic_behind_lint0)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_interrupt irq = { .irq = 0x44 };
	struct ucall uc;

	vcpu_enter(vcpu, open_window);
	vm_apic_handlers(vm);
	/* LINT0 is ExtINT after reset: the window opens after STI, and the vector is taken. */
	vcpu->run->request_interrupt_window = 1;
	ASSERT_EQ(KVM_EXIT_IRQ_WINDOW_OPEN, vcpu_exit(vcpu));
	EXPECT_EQ(1, vcpu->run->ready_for_interrupt_injection);
	vcpu->run->request_interrupt_window = 0;
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_INTERRUPT, &irq));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));

	/* Masked, there is no window, and the guest goes on. */
	EXPECT_EQ(0, vcpu->run->ready_for_interrupt_injection);
	vcpu->run->request_interrupt_window = 1;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0]);
}


__guest static void take_levels(void)
{
	apic_on();
	for (;;)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

TEST(eoi_of_a_level_interrupt_is_told)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_msi level = { .address_lo = 0xfee00000, .data = 0x41 | 3 << 14 };
	struct kvm_msi edge = { .address_lo = 0xfee00000, .data = 0x42 };
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry;
	} routes = {
		.head.nr = 1,
		.entry = { .gsi = 3, .type = KVM_IRQ_ROUTING_MSI,
			   .u.msi = { .address_lo = 0xfee00000, .data = 0x41 | 3 << 14 } },
	};
	unsigned int i;

	kvm_do(vm->fd, KVM_SET_GSI_ROUTING, &routes);
	vcpu_enter(vcpu, take_levels);
	vm_apic_handlers(vm);
	vcpu->run->immediate_exit = 0;
	for (i = 1; i <= 10; i++) {
		struct kvm_lapic_state state;

		/* The APIC must be on before it takes anything. */
		if (i == 1) {
			kvm_do(vcpu->fd, KVM_GET_LAPIC, &state);
			put(&state, APIC_SVR, 0x1ff);
			kvm_do(vcpu->fd, KVM_SET_LAPIC, &state);
		}
		EXPECT_EQ(1, kvm_do(vm->fd, KVM_SIGNAL_MSI, &edge));
		EXPECT_EQ(1, kvm_do(vm->fd, KVM_SIGNAL_MSI, &level));
		ASSERT_EQ(KVM_EXIT_IOAPIC_EOI, vcpu_exit(vcpu));
		EXPECT_EQ(0x41, vcpu->run->eoi.vector);
		EXPECT_EQ(i, vm_apic_count(vm, 0, 0x41));
	}
}

TEST_HARNESS_MAIN
