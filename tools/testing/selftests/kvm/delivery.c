// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions while another one is delivered: #NP and #PF in the delivery, double faults with their
 * own stack, triple faults (APM2 8.2.9); and the interrupt shadows of STI and MOV SS.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define IST1_STACK	0x1ff000UL
#define GATE_PRESENT	0x80

/* The gate of a vector: byte 4 is the IST, byte 5 has the P bit (APM2 4.8.4). */
static uint8_t *gate(struct vm *vm, unsigned int vector)
{
	return vm->mem + GUEST_IDT + 16 * vector;
}

static struct vcpu *start(void (*fn)(void))
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint64_t ist1 = IST1_STACK;

	vcpu_enter(vcpu, fn);
	vm_write(vcpu->vm, GUEST_TSS + 0x24, &ist1, 8);
	gate(vcpu->vm, 8)[4] = 1;
	return vcpu;
}

__guest static void undefined(void)
{
	__asm__ volatile("ud2");
	guest_done();
}

__guest static void general_protection(void)
{
	__asm__ volatile("mov %0, %%fs" : : "r" (0x1230));
	guest_done();
}

__guest static void page_fault(void)
{
	__asm__ volatile("movq $1, (%0)" : : "r" (GUEST_PAGE) : "memory");
	guest_done();
}

__guest static void undefined_without_stack(void)
{
	__asm__ volatile("mov %0, %%rsp; ud2" : : "r" (GUEST_PAGE + 0x800));
	guest_done();
}

__guest static void page_fault_of_the_emulator(void)
{
	__asm__ volatile("outsb" : : "S" (GUEST_PAGE), "d" (0x3f0) : "memory");
	guest_done();
}

static void expect_trap(struct __test_metadata *_metadata, struct vcpu *vcpu, uint64_t vector,
			uint64_t error)
{
	struct ucall uc;

	ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(vector, uc.arg[0]);
	/*
	 * Bit 0, EXT: to Intel an earlier exception is external to the program (SDM 6.13), to AMD
	 * it is not (APM2 8.4.1). For #PF it is P.
	 */
	EXPECT_EQ(error, vector == 14 ? uc.arg[1] : uc.arg[1] & ~1ULL);
}

/*
 * With shadow paging the first exception is injected again once the IDT or the stack is mapped, and
 * TCG makes no double fault of one that comes in the delivery of an injected one.
 */
#define SKIP_IF_INJECTED()	do {							\
	if (host_is_tcg() && !nested_paging())						\
		SKIP(return, "TCG makes no double fault of an injected exception");	\
} while (0)

TEST(benign_then_contributory_is_the_second_one)
{
	struct vcpu *vcpu = start(undefined);

	/* #UD's gate is not there: #NP, whose error code names the gate; TCG's is twice as far. */
	gate(vcpu->vm, 6)[5] &= ~GATE_PRESENT;
	expect_trap(_metadata, vcpu, 11, (host_is_tcg() ? 16 : 8) * 6 + 2);
}

TEST(contributory_twice_is_a_double_fault)
{
	struct vcpu *vcpu = start(general_protection);

	SKIP_IF_INJECTED();
	gate(vcpu->vm, 13)[5] &= ~GATE_PRESENT;
	expect_trap(_metadata, vcpu, 8, 0);
}

TEST(page_fault_then_contributory_is_a_double_fault)
{
	struct vcpu *vcpu = start(page_fault);

	SKIP_IF_INJECTED();
	*vm_pte(vcpu->vm, GUEST_PAGE) = 0;
	gate(vcpu->vm, 14)[5] &= ~GATE_PRESENT;
	expect_trap(_metadata, vcpu, 8, 0);
}

TEST(benign_then_page_fault_is_the_page_fault)
{
	struct vcpu *vcpu = start(undefined_without_stack);

	/* The stack is gone: #PF on its own stack. */
	*vm_pte(vcpu->vm, GUEST_PAGE) = 0;
	gate(vcpu->vm, 14)[4] = 1;
	expect_trap(_metadata, vcpu, 14, 2);
	EXPECT_EQ(GUEST_PAGE, vm_shared(vcpu->vm)->trap.cr2 & ~0xfffUL);
}

TEST(page_fault_twice_is_a_double_fault)
{
	struct vcpu *vcpu = start(undefined_without_stack);

	/* And no other stack for the #PF. */
	*vm_pte(vcpu->vm, GUEST_PAGE) = 0;
	expect_trap(_metadata, vcpu, 8, 0);
}

TEST(double_fault_without_a_gate_is_a_shutdown)
{
	struct vcpu *vcpu = start(general_protection);

	SKIP_IF_INJECTED();
	gate(vcpu->vm, 13)[5] &= ~GATE_PRESENT;
	gate(vcpu->vm, 8)[5] &= ~GATE_PRESENT;
	EXPECT_EQ(KVM_EXIT_SHUTDOWN, vcpu_exit(vcpu));
}

__guest static void undefined_with_a_stack_in_a_device(void)
{
	__asm__ volatile("mov %0, %%rsp; ud2" : : "r" (GUEST_MMIO + 0x800));
	guest_done();
}

/* No instruction does it that could be emulated. */
TEST(delivery_to_a_device)
{
	struct vcpu *vcpu = start(undefined_with_a_stack_in_a_device);

	ASSERT_EQ(KVM_EXIT_INTERNAL_ERROR, vcpu_exit(vcpu));
	EXPECT_EQ(KVM_INTERNAL_ERROR_DELIVERY_EV, vcpu->run->internal.suberror);
}

TEST(fault_in_the_delivery_of_an_injected_one)
{
	struct vcpu *vcpu = start(page_fault_of_the_emulator);

	/* The emulator's #PF has to become a double fault like the CPU's own. */
	*vm_pte(vcpu->vm, GUEST_PAGE) = 0;
	gate(vcpu->vm, 14)[5] &= ~GATE_PRESENT;
	if (host_is_tcg())
		SKIP(return, "TCG forgets the injected exception when its delivery faults");
	expect_trap(_metadata, vcpu, 8, 0);
}

/* Exits in the middle of a delivery: KVM has not mapped the IDT, the stack or the handler yet. */
TEST(delivery_interrupted_by_nested_faults)
{
	struct vcpu *vcpu = start(undefined);
	struct vm *vm = vcpu->vm;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		struct kvm_regs regs;

		vcpu_regs(vcpu, &regs);
		regs.rip = guest_addr((const void *)undefined);
		regs.rsp = GUEST_STACK - 8;
		vcpu_set_regs(vcpu, &regs);
		/* The host writes each page anew after it is dropped, so that nothing is lost. */
		if (i & 1) {
			uint8_t page[SZ_4K];

			memcpy(page, vm->mem + GUEST_IDT, SZ_4K);
			ASSERT_EQ(0, madvise(vm->mem + GUEST_IDT, SZ_4K, MADV_DONTNEED));
			memcpy(vm->mem + GUEST_IDT, page, SZ_4K);
		}
		if (i & 2) {
			ASSERT_EQ(0, madvise(vm->mem + GUEST_STACK - SZ_4K, SZ_4K,
					     MADV_DONTNEED));
		}
		expect_trap(_metadata, vcpu, 6, 0);
		EXPECT_EQ(i + 1, vm_shared(vm)->count[6]);
	}
}

__guest static void many_nops(void)
{
	__asm__ volatile("nop; nop; nop; nop; nop; nop; nop; nop" : : : "memory");
	guest_done();
}

/* With interrupts on and a shadow set by the host, one instruction runs before the window opens. */
TEST(shadow_set_by_the_host)
{
	static const uint8_t shadows[] = { KVM_X86_SHADOW_INT_STI, KVM_X86_SHADOW_INT_MOV_SS };
	unsigned int i;

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs opens no window behind a shadow that VMRUN loads");
	for (i = 0; i < ARRAY_LEN(shadows); i++) {
		struct vcpu *vcpu = start(many_nops);
		struct kvm_vcpu_events events;
		struct kvm_regs regs;
		uint64_t rip;

		vcpu_regs(vcpu, &regs);
		regs.rflags |= RFLAGS_IF;
		vcpu_set_regs(vcpu, &regs);
		rip = regs.rip;
		kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
		events.flags = KVM_VCPUEVENT_VALID_SHADOW;
		events.interrupt.shadow = shadows[i];
		kvm_do(vcpu->fd, KVM_SET_VCPU_EVENTS, &events);
		kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
		EXPECT_NE(0, events.interrupt.shadow);
		vcpu->run->request_interrupt_window = 1;
		EXPECT_EQ(KVM_EXIT_IRQ_WINDOW_OPEN, vcpu_exit(vcpu));
		vcpu_regs(vcpu, &regs);
		/* TCG opens the window of VMRUN's own interrupt whatever shadow it loads. */
		EXPECT_EQ(rip + !host_is_tcg(), regs.rip)
			TH_LOG("shadow %#x", shadows[i]);
		kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
		EXPECT_EQ(0, events.interrupt.shadow);
	}
}

TEST_HARNESS_MAIN
