// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions that the guest causes and takes: vector, error code, CR2 and RIP must be hardware's,
 * also where an emulator stands in for it. And the triple fault.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

/* Ends each case: what was trapped, with its error code and CR2. */
#define REPORT()	guest_sync(guest_trapped(), shared->trap.error, shared->trap.cr2)

struct expected {
	uint64_t vector, error, cr2;
};

static void expect_all(struct __test_metadata *_metadata, struct vcpu *vcpu,
		       const struct expected *want, unsigned int count)
{
	struct ucall uc;
	unsigned int i;

	for (i = 0; i < count; i++) {
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc))
			TH_LOG("case %u", i);
		EXPECT_EQ(want[i].vector, uc.arg[0])
			TH_LOG("case %u", i);
		EXPECT_EQ(want[i].error, uc.arg[1])
			TH_LOG("case %u", i);
		if (want[i].vector == 14) {
			EXPECT_EQ(want[i].cr2, uc.arg[2])
				TH_LOG("case %u", i);
		}
	}
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

__guest static void simple_faults(void)
{
	__asm__ volatile(GUEST_TRY("ud2") : : : "r11", "memory");
	REPORT();
	__asm__ volatile(GUEST_TRY("divl %%ecx") : : "a" (1), "d" (0), "c" (0)
			 : "r11", "memory", "cc");
	REPORT();
	/* A selector beyond the GDT: its index is the error code. */
	__asm__ volatile(GUEST_TRY("mov %0, %%fs") : : "r" (0x1230) : "r11", "memory");
	REPORT();
	/* Not canonical, by a data access: #GP(0); by the stack: #SS(0). */
	__asm__ volatile(GUEST_TRY("movq (%0), %%rax") : : "r" (0x8000000000000000)
			 : "rax", "r11", "memory");
	REPORT();
	/* Reserved CR4 bit. */
	__asm__ volatile(GUEST_TRY("mov %0, %%cr4") : : "r" (BIT64(5) | BIT64(31))
			 : "r11", "memory");
	REPORT();
	/* Paging cannot go off in 64-bit code; PG without PE cannot be. */
	__asm__ volatile(GUEST_TRY("mov %0, %%cr0") : : "r" (0x11UL) : "r11", "memory");
	REPORT();
	guest_done();
}

TEST(faults_without_address)
{
	static const struct expected want[] = {
		{ 6, 0, 0 }, { 0, 0, 0 }, { 13, 0x1230, 0 }, { 13, 0, 0 }, { 13, 0, 0 },
		{ 13, 0, 0 },
	};
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	vcpu_enter(vcpu, simple_faults);
	expect_all(_metadata, vcpu, want, ARRAY_LEN(want));
}

__guest static void page_faults(void)
{
	volatile uint64_t *page = (volatile uint64_t *)(GUEST_PAGE + 0x18);

	/* Not present: read, write. */
	__asm__ volatile(GUEST_TRY("movq (%0), %%rax") : : "r" (page) : "rax", "r11", "memory");
	REPORT();
	__asm__ volatile(GUEST_TRY("movq $1, (%0)") : : "r" (page) : "r11", "memory");
	REPORT();
	/* Read-only, with CR0.WP. */
	__asm__ volatile(GUEST_TRY("movq $1, 0x1000(%0)") : : "r" (page) : "r11", "memory");
	REPORT();
	/* No-execute: the handler's frame points at the page. */
	__asm__ volatile("leaq 1f(%%rip), %%r11; movq %%r11, 0x10000; jmp *%0\n1:"
			 : : "r" (GUEST_PAGE + 0x2000) : "r11", "memory");
	REPORT();
	/* A reserved bit in the entry. */
	__asm__ volatile(GUEST_TRY("movq 0x3000(%0), %%rax") : : "r" (page)
			 : "rax", "r11", "memory");
	REPORT();
	guest_done();
}

TEST(page_fault_error_codes)
{
	const struct expected want[] = {
		{ 14, 0x0, GUEST_PAGE + 0x18 },
		{ 14, 0x2, GUEST_PAGE + 0x18 },
		{ 14, 0x3, GUEST_PAGE + 0x1018 },
		{ 14, 0x11, GUEST_PAGE + 0x2000 },
		/* TCG sets RSVD without P (APM2 8.4.2 has both). */
		{ 14, host_is_tcg() && nested_paging() ? 0x8 : 0x9, GUEST_PAGE + 0x3018 },
	};
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct vm *vm = vcpu->vm;

	vcpu_enter(vcpu, page_faults);
	*vm_pte(vm, GUEST_PAGE) = 0;
	*vm_pte(vm, GUEST_PAGE + 0x1000) &= ~PTE_W;
	*vm_pte(vm, GUEST_PAGE + 0x2000) |= PTE_NX;
	*vm_pte(vm, GUEST_PAGE + 0x3000) |= BIT64(51);
	expect_all(_metadata, vcpu, want, ARRAY_LEN(want));
}

__guest static void faults_of_emulated_instructions(void)
{
	/* OUTS and INS from and to a page that is not there: the emulator raises the fault. */
	__asm__ volatile(GUEST_TRY("outsb") : : "S" (GUEST_PAGE + 5), "d" (0x3f0)
			 : "r11", "memory");
	REPORT();
	__asm__ volatile(GUEST_TRY("insb") : : "D" (GUEST_PAGE + 0x1006), "d" (0x3f0)
			 : "r11", "memory");
	REPORT();
	/* MOVS from a device to a page that is not there. */
	__asm__ volatile(GUEST_TRY("movsl") : : "S" (GUEST_MMIO), "D" (GUEST_PAGE + 7)
			 : "r11", "memory");
	REPORT();
	guest_done();
}

TEST(emulated_instructions_fault_like_hardware)
{
	static const struct expected want[] = {
		{ 14, 0x0, GUEST_PAGE + 5 },
		{ 14, 0x3, GUEST_PAGE + 0x1006 },
		{ 14, 0x2, GUEST_PAGE + 7 },
	};
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_run *run = vcpu->run;
	unsigned int i = 0;
	struct kvm_regs regs;

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs does not load CR2 out of the VMCB");
	vcpu_enter(vcpu, faults_of_emulated_instructions);
	*vm_pte(vcpu->vm, GUEST_PAGE) = 0;
	*vm_pte(vcpu->vm, GUEST_PAGE + 0x1000) &= ~PTE_W;
	/* INS may read the port, and MOVS the device, before the fault is found. */
	for (;;) {
		uint32_t reason = vcpu_exit(vcpu);

		if (reason == KVM_EXIT_MMIO && !run->mmio.is_write)
			continue;
		ASSERT_EQ(KVM_EXIT_IO, reason);
		if (run->io.port == 0x3f0) {
			ASSERT_EQ(KVM_EXIT_IO_IN, run->io.direction);
			continue;
		}
		vcpu_regs(vcpu, &regs);
		if (regs.rdi == UCALL_DONE)
			break;
		ASSERT_EQ(UCALL_SYNC, regs.rdi);
		ASSERT_LT(i, ARRAY_LEN(want));
		EXPECT_EQ(want[i].vector, regs.rsi);
		EXPECT_EQ(want[i].error, regs.rdx);
		EXPECT_EQ(want[i].cr2, regs.rcx);
		i++;
	}
	EXPECT_EQ(ARRAY_LEN(want), i);
}

__guest static void lose_the_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };

	__asm__ volatile("lidt %0; ud2" : : "m" (none));
	guest_done();
}

TEST(triple_fault_is_shutdown)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	vcpu_enter(vcpu, lose_the_idt);
	EXPECT_EQ(KVM_EXIT_SHUTDOWN, vcpu_exit(vcpu));
}

TEST(shutdown_vcpu_can_be_set_up_again)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	vcpu_enter(vcpu, lose_the_idt);
	ASSERT_EQ(KVM_EXIT_SHUTDOWN, vcpu_exit(vcpu));
	vcpu_enter(vcpu, page_faults);
	*vm_pte(vcpu->vm, GUEST_PAGE) = 0;
	EXPECT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	EXPECT_EQ(UCALL_PORT, vcpu->run->io.port);
}

__guest static void single_step_myself(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; pushfq; andq $~0x100, (%%rsp);"
			 "popfq; pushfq; popq %0" : "=r" (flags) : : "memory", "cc");
	guest_sync(shared->count[1], flags, shared->trap.vector);
	guest_done();
}

TEST(guest_single_step)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;

	/* A trap after NOP, PUSHFQ, ANDQ and the POPFQ that clears TF: it was set before. */
	vcpu_enter(vcpu, single_step_myself);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(4, uc.arg[0]);
	EXPECT_FALSE(uc.arg[1] & RFLAGS_TF);
	EXPECT_EQ(1, uc.arg[2]);
}

TEST_HARNESS_MAIN
