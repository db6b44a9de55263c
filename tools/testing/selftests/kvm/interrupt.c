// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts with the interrupt controller in userspace: KVM_INTERRUPT, the interrupt window,
 * the fields of kvm_run that go with them, and KVM_NMI.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "apic.h"
#include "guest.h"

#define VECTOR	0x41

static int inject(struct vcpu *vcpu, uint32_t vector)
{
	struct kvm_interrupt irq = { .irq = vector };

	return kvm_errno(vcpu->fd, KVM_INTERRUPT, &irq);
}

__guest static void report_then_enable(void)
{
	guest_sync(1, 0, 0);
	__asm__ volatile("sti; nop; nop; nop" : : : "memory");
	guest_sync(2, 0, 0);
	__asm__ volatile("cli");
	guest_sync(3, 0, 0);
	guest_done();
}

TEST(arguments)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	int err;

	vcpu_enter(vcpu, report_then_enable);
	EXPECT_EQ(EINVAL, inject(vcpu, 256));
	EXPECT_EQ(EINVAL, inject(vcpu, 0x7fffffff));
	EXPECT_EQ(EINVAL, inject(vcpu, ~0u));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_INTERRUPT, BAD_POINTER));
	EXPECT_EQ(0, inject(vcpu, VECTOR));
	/* EEXIST says the documentation; in-tree lets a userspace controller change its mind. */
	err = inject(vcpu, VECTOR + 1);
	EXPECT_TRUE(err == EEXIST || !err);
}

TEST(delivered_once_when_enabled)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct guest_shared *words = vm_shared(vcpu->vm);
	struct kvm_run *run = vcpu->run;
	struct ucall uc;

	vcpu_enter(vcpu, report_then_enable);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0, run->if_flag);
	EXPECT_EQ(0, run->ready_for_interrupt_injection);

	/* Ask for the window: it opens after STI and the instruction behind it. */
	run->request_interrupt_window = 1;
	ASSERT_EQ(KVM_EXIT_IRQ_WINDOW_OPEN, vcpu_exit(vcpu));
	EXPECT_EQ(1, run->if_flag);
	EXPECT_EQ(1, run->ready_for_interrupt_injection);
	EXPECT_EQ(0, words->count[VECTOR]);
	run->request_interrupt_window = 0;
	ASSERT_EQ(0, inject(vcpu, VECTOR));

	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0]);
	EXPECT_EQ(1, words->count[VECTOR]);
	EXPECT_EQ(1, run->if_flag);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0, run->if_flag);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, words->count[VECTOR]);
}

__guest static void loop_enabled(void)
{
	__asm__ volatile("sti");
	for (;;)
		guest_sync(shared->count[VECTOR], 0, 0);
}

TEST(one_after_the_other)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_run *run = vcpu->run;
	struct ucall uc;
	unsigned int i;

	vcpu_enter(vcpu, loop_enabled);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	for (i = 1; i <= 20; i++) {
		run->request_interrupt_window = 1;
		while (!run->ready_for_interrupt_injection) {
			uint32_t reason = vcpu_exit(vcpu);

			ASSERT_TRUE(reason == KVM_EXIT_IRQ_WINDOW_OPEN || reason == KVM_EXIT_IO);
		}
		run->request_interrupt_window = 0;
		ASSERT_EQ(0, inject(vcpu, VECTOR));
		/* The loop's counter shows it, at the latest, one turn later. */
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		EXPECT_EQ(i, uc.arg[0]);
		EXPECT_EQ(i, vm_shared(vcpu->vm)->count[VECTOR]);
	}
}

__guest static void halt_and_count(void)
{
	for (;;) {
		__asm__ volatile("sti; hlt" : : : "memory");
		guest_sync(shared->count[VECTOR], 0, 0);
	}
}

/* A state that no CPU enters (SDM 26.3.1.2, APM2 15.5.1): what is to be injected waits. */
TEST(kept_when_the_entry_is_refused)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct guest_shared *words = vm_shared(vcpu->vm);
	struct kvm_vcpu_events events;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct ucall uc;

	vcpu_enter(vcpu, report_then_enable);
	vcpu_regs(vcpu, &regs);
	regs.rflags |= RFLAGS_IF;
	vcpu_set_regs(vcpu, &regs);
	vcpu_sregs(vcpu, &sregs);
	sregs.cs.db = 1;
	if (kvm_errno(vcpu->fd, KVM_SET_SREGS, &sregs))
		SKIP(return, "KVM_SET_SREGS refuses a 64-bit code segment with D set");
	ASSERT_EQ(0, inject(vcpu, VECTOR));
	if (vcpu_exit(vcpu) != KVM_EXIT_FAIL_ENTRY)
		SKIP(return, "the CPU enters a 64-bit code segment with D set");
	EXPECT_NE(0, vcpu->run->fail_entry.hardware_entry_failure_reason);
	kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
	EXPECT_EQ(1, events.interrupt.injected);
	EXPECT_EQ(VECTOR, events.interrupt.nr);
	/* TCG, and Bochs by SVM, leave another state behind than the one that they refused. */
	if (host_is_tcg() || host_is("svm-bochs"))
		return;
	vcpu_sregs(vcpu, &sregs);
	sregs.cs.db = 0;
	vcpu_set_sregs(vcpu, &sregs);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, words->count[VECTOR]);
}

TEST(wakes_a_halted_vcpu)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;

	vcpu_enter(vcpu, halt_and_count);
	ASSERT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
	EXPECT_EQ(1, vcpu->run->if_flag);
	EXPECT_EQ(1, vcpu->run->ready_for_interrupt_injection);
	ASSERT_EQ(0, inject(vcpu, VECTOR));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
}

__guest static void sti_shadow(void)
{
	uint64_t at;

	/* The instruction behind STI runs before any interrupt (APM2 15.21.5): the handler sees
	 * the address after it, and 7 in RBX.
	 */
	__asm__ volatile("xorl %%ebx, %%ebx\n\tleaq 2f(%%rip), %0\n\t"
			 "outb %%al, $0xe6\n\t"
			 "sti\n"
			 "1:\tmovl $7, %%ebx\n"
			 "2:\tnop; nop; cli"
			 : "=&r" (at) : : "rbx", "memory");
	guest_sync(shared->trap.rip, at, shared->count[VECTOR]);
	guest_done();
}

TEST(sti_shadow_holds_for_one_instruction)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_run *run = vcpu->run;
	struct kvm_vcpu_events events;
	struct kvm_regs regs;
	struct ucall uc;

	vcpu_enter(vcpu, sti_shadow);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	ASSERT_EQ(0xe6, run->io.port);
	run->request_interrupt_window = 1;
	ASSERT_EQ(KVM_EXIT_IRQ_WINDOW_OPEN, vcpu_exit(vcpu));
	run->request_interrupt_window = 0;
	/* The shadow is over, so MOV has run: the window opens only behind it. */
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(7, regs.rbx);
	kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
	EXPECT_EQ(0, events.interrupt.shadow);
	ASSERT_EQ(0, inject(vcpu, VECTOR));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[2]);
	EXPECT_GE(uc.arg[0], uc.arg[1]);
}

__guest static void use_cr8(void)
{
	uint64_t value;

	for (;;) {
		__asm__ volatile("mov %%cr8, %0" : "=r" (value));
		guest_sync(value, 0, 0);
		__asm__ volatile("mov %0, %%cr8" : : "r" (value + 3));
		guest_sync(value + 3, 0, 0);
	}
}

TEST(cr8_is_shared_through_kvm_run)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_run *run = vcpu->run;
	struct kvm_sregs sregs;
	struct ucall uc;

	vcpu_enter(vcpu, use_cr8);
	vcpu_sregs(vcpu, &sregs);
	run->cr8 = 5;
	run->apic_base = sregs.apic_base;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(5, uc.arg[0]);
	EXPECT_EQ(5, run->cr8);
	/* The guest lowers or raises it; every later exit carries it out. */
	do {
		ASSERT_EQ(0, kvm_errno(vcpu->fd, KVM_RUN, 0));
	} while (run->exit_reason == KVM_EXIT_SET_TPR);
	ASSERT_EQ(KVM_EXIT_IO, run->exit_reason);
	EXPECT_EQ(8, run->cr8);
	run->cr8 = 1;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	vcpu_sregs(vcpu, &sregs);
	EXPECT_EQ(1, sregs.cr8);
}

__guest static void read_apic_base(void)
{
	for (;;)
		guest_sync(guest_rdmsr(0x1b), 0, 0);
}

TEST(apic_base_is_shared_through_kvm_run)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_sregs sregs;
	struct ucall uc;

	vcpu_enter(vcpu, read_apic_base);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	vcpu_sregs(vcpu, &sregs);
	EXPECT_EQ(sregs.apic_base, vcpu->run->apic_base);
	EXPECT_EQ(sregs.apic_base, uc.arg[0]);
}

__guest static void count_nmis(void)
{
	guest_sync(1, 0, 0);
	guest_sync(2, shared->count[2], 0);
	guest_sync(3, shared->count[2], 0);
	guest_done();
}

TEST(nmi_is_delivered_once)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;

	vcpu_enter(vcpu, count_nmis);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	/* Interrupts are off: an NMI does not care. */
	kvm_do(vcpu->fd, KVM_NMI, 0);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[1]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[1]);
}

/*
 * A handler of its own that stops at the host before IRET. word[0]: nesting depth;
 * word[1]: the deepest; word[2]: NMIs taken.
 */
__asm__(".pushsection guest_text, \"ax\", @progbits\n"
	"slow_nmi:\n"
	"	push %rax\n"
	"	incq word0; movq word0, %rax; cmpq word1, %rax; jbe 1f; movq %rax, word1\n"
	"1:	incq word2\n"
	"	outb %al, $0xe7\n"
	"	outb %al, $0xe7\n"
	"	decq word0\n"
	"	pop %rax\n"
	"	iretq\n"
	".set word0, 0x10000 + 8 * (1 + 5 + 256)\n"
	".set word1, word0 + 8\n"
	".set word2, word0 + 16\n"
	".popsection\n");
extern const uint8_t slow_nmi[];

_Static_assert(offsetof(struct guest_shared, word) == 8 * (1 + 5 + 256), "slow_nmi's addresses");

TEST(nmi_is_masked_until_iret)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_run *run = vcpu->run;
	uint64_t *word = vm_shared(vcpu->vm)->word;
	struct kvm_vcpu_events events;
	struct ucall uc;

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs does not end a single step over IRET by #DB");
	if (parameter_is_off("kvm_intel/parameters/vnmi"))
		SKIP(return, "without virtual NMIs the IRET is not seen");
	vcpu_enter(vcpu, count_nmis);
	set_gate(vcpu->vm, 2, guest_addr(slow_nmi));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	kvm_do(vcpu->fd, KVM_NMI, 0);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	ASSERT_EQ(0xe7, run->io.port);
	kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
	EXPECT_EQ(1, events.nmi.masked);
	/* A second one waits, a third and fourth merge with it (api.rst 4.64: one pending). */
	kvm_do(vcpu->fd, KVM_NMI, 0);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	EXPECT_EQ(1, word[2]);
	/* After IRET the pending one comes, and not inside the first. */
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	EXPECT_EQ(0xe7, run->io.port);
	EXPECT_EQ(2, word[2]);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0]);
	EXPECT_EQ(2, word[2]);
	EXPECT_EQ(1, word[1]);
	kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
	EXPECT_EQ(0, events.nmi.masked);
	EXPECT_EQ(0, events.nmi.pending);
}

GUEST_BLOB(real_halt, 16,
	"movw $irq_ - real_halt + 0x8000, 0x104\n movw $0, 0x106\n"
	"xor %si, %si\n sti\n hlt\n mov $2, %edi\n outb %al, $0xe5\n"
	"irq_: inc %si\n iret\n");

TEST(real_mode_interrupt)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	vm_load(vm, GUEST_BLOB_AT, real_halt);
	vcpu_mode_real(vcpu, GUEST_BLOB_AT);
	ASSERT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
	ASSERT_EQ(0, inject(vcpu, VECTOR));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0] & 0xffff);
}

TEST_HARNESS_MAIN
