// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET/SET_DEBUGREGS, KVM_SET_GUEST_DEBUG, and the guest's own debug registers.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define DR6_FIXED	0xffff0ff0ULL
#define DR6_BS		BIT64(14)
#define DR7_FIXED	0x400ULL
#define DR7_L0		BIT64(0)

TEST(debugregs_round_trip)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_debugregs set = { .db = { 0x1000, 0xffff800000002000, 0x3000, 0x4000 } }, get;

	kvm_do(vcpu->fd, KVM_GET_DEBUGREGS, &get);
	EXPECT_EQ(DR6_FIXED, get.dr6);
	EXPECT_EQ(DR7_FIXED, get.dr7);
	set.dr6 = DR6_FIXED | DR6_BS;
	set.dr7 = DR7_FIXED | DR7_L0;
	kvm_do(vcpu->fd, KVM_SET_DEBUGREGS, &set);
	kvm_do(vcpu->fd, KVM_GET_DEBUGREGS, &get);
	EXPECT_EQ(0, memcmp(set.db, get.db, sizeof(set.db)));
	EXPECT_EQ(set.dr6, get.dr6);
	EXPECT_EQ(set.dr7, get.dr7);
}

TEST(debugregs_bad_values_change_nothing)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_debugregs good, bad, after;

	kvm_do(vcpu->fd, KVM_GET_DEBUGREGS, &good);
	bad = good;
	bad.db[0] = 0x1234;
	bad.flags = 1;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_DEBUGREGS, &bad));
	bad.flags = 0;
	bad.dr6 = BIT64(32);
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_DEBUGREGS, &bad));
	bad.dr6 = good.dr6;
	bad.dr7 = BIT64(40);
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_DEBUGREGS, &bad));
	kvm_do(vcpu->fd, KVM_GET_DEBUGREGS, &after);
	EXPECT_EQ(0, memcmp(&good, &after, sizeof(good)));
	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_DEBUGREGS, BAD_POINTER));
}

/* Three one-byte steps, a jump, and the end. */
GUEST_BLOB(steps, 64,
	".globl steps_second, steps_third\n"
	"nop\n"
	"steps_second: nop\n"
	"jmp steps_third\n hlt\n"
	"steps_third: inc %rax\n"
	"hlt\n");
extern const uint8_t steps_second[], steps_third[];

static struct vcpu *at_steps(void)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);

	vcpu_mode_long(vcpu, GUEST_BLOB_AT);
	vm_load(vm, GUEST_BLOB_AT, steps);
	return vcpu;
}

#define STEP_AT(label)	(GUEST_BLOB_AT + (uint64_t)((label) - steps))

static void set_debug(struct vcpu *vcpu, uint32_t control, uint64_t dr0, uint64_t dr7)
{
	struct kvm_guest_debug debug = { .control = control };

	debug.arch.debugreg[0] = dr0;
	debug.arch.debugreg[7] = dr7;
	kvm_do(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
}

TEST(single_step)
{
	struct vcpu *vcpu = at_steps();
	const uint64_t stops[] = {
		STEP_AT(steps_second), STEP_AT(steps_second) + 1, STEP_AT(steps_third),
		STEP_AT(steps_third) + 3,
	};
	struct kvm_regs regs;
	unsigned int i;

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs keeps the pending #DB over the #VMEXIT, and it kills the host");
	for (i = 0; i < ARRAY_LEN(stops); i++) {
		set_debug(vcpu, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0, 0);
		ASSERT_EQ(KVM_EXIT_DEBUG, vcpu_exit(vcpu));
		EXPECT_EQ(1, vcpu->run->debug.arch.exception);
		EXPECT_EQ(stops[i], vcpu->run->debug.arch.pc);
		EXPECT_TRUE(vcpu->run->debug.arch.dr6 & DR6_BS);
		vcpu_regs(vcpu, &regs);
		EXPECT_EQ(stops[i], regs.rip);
		/* The guest's own TF is not ours to show. */
		EXPECT_FALSE(regs.rflags & RFLAGS_TF);
	}
	set_debug(vcpu, 0, 0, 0);
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
}

/* A store to a device, which is executed outside the CPU, is one step like any other. */
GUEST_BLOB(device_step, 64,
	".globl device_step_next\n"
	"movl %eax, (%rbx)\n"
	"device_step_next: nop\n"
	"hlt\n");
extern const uint8_t device_step_next[];

TEST(single_step_over_device_access)
{
	const uint64_t next = GUEST_BLOB_AT + (uint64_t)(device_step_next - device_step);
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_regs regs;

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs keeps the pending #DB over the #VMEXIT, and it kills the host");
	vcpu_mode_long(vcpu, GUEST_BLOB_AT);
	vm_load(vm, GUEST_BLOB_AT, device_step);
	vcpu_regs(vcpu, &regs);
	regs.rbx = GUEST_MMIO;
	kvm_do(vcpu->fd, KVM_SET_REGS, &regs);
	set_debug(vcpu, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0, 0);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu));
	ASSERT_EQ(KVM_EXIT_DEBUG, vcpu_exit(vcpu));
	EXPECT_EQ(next, vcpu->run->debug.arch.pc);
	ASSERT_EQ(KVM_EXIT_DEBUG, vcpu_exit(vcpu));
	EXPECT_EQ(next + 1, vcpu->run->debug.arch.pc);
	set_debug(vcpu, 0, 0, 0);
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
}

/*
 * What only the monitor trap flag does (SDM 25.5.2): the guest finds no TF in its flags, takes none
 * along, and stops behind each instruction, in the shadow of MOV SS and in a handler too.
 */
GUEST_BLOB(unseen, 64,
	".globl unseen_pop, unseen_ss, unseen_nop, unseen_back\n"
	"pushf\n"
	"unseen_pop: pop %rax\n mov %ss, %ecx\n mov %ecx, %ss\n"
	"unseen_ss: nop\n"
	"unseen_nop: mov %rsp, %rbx\n push $0x10\n push %rbx\n pushf\n push $0x8\n"
	"lea unseen_back(%rip), %rdx\n push %rdx\n"
	"iretq\n nop\n"
	"unseen_back: pushf\n pop %rcx\n hlt\n");
extern const uint8_t unseen_pop[], unseen_ss[], unseen_nop[], unseen_back[];

static bool has_mtf(void)
{
	char without[256] = "";
	int fd = open("/sys/module/kvm_intel/parameters/without", O_RDONLY);

	if (fd < 0)
		return false;
	if (read(fd, without, sizeof(without) - 1) < 0)
		die("read of a parameter");
	close(fd);
	return !strstr(without, "MONITOR_TRAP_FLAG");
}

/*
 * Port 0x7e's RIP moves before userspace sees the OUT (KVM_X86_QUIRK_OUT_7E_INC_RIP), but it must
 * not be the step's exit that it sees instead.
 */
GUEST_BLOB(port_step, 64, "outb %al, $0x7e\n" "nop\n" "hlt\n");

TEST(single_step_over_port_7e)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs keeps the pending #DB over the #VMEXIT, and it kills the host");
	vcpu_mode_long(vcpu, GUEST_BLOB_AT);
	vm_load(vm, GUEST_BLOB_AT, port_step);
	set_debug(vcpu, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0, 0);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	EXPECT_EQ(0x7e, vcpu->run->io.port);
	ASSERT_EQ(KVM_EXIT_DEBUG, vcpu_exit(vcpu));
	EXPECT_EQ(GUEST_BLOB_AT + 2, vcpu->run->debug.arch.pc);
	set_debug(vcpu, 0, 0, 0);
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
}

static uint64_t step(struct vcpu *vcpu)
{
	if (vcpu_exit(vcpu) != KVM_EXIT_DEBUG)
		die("exit reason %u", vcpu->run->exit_reason);
	return vcpu->run->debug.arch.pc - GUEST_BLOB_AT;
}

TEST(steps_are_not_seen)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_regs regs;
	unsigned int i;

	if (!has_mtf())
		SKIP(return, "no monitor trap flag");
	vcpu_mode_long(vcpu, GUEST_BLOB_AT);
	vm_load(vm, GUEST_BLOB_AT, unseen);
	set_debug(vcpu, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP, 0, 0);
	EXPECT_EQ(unseen_pop - unseen, step(vcpu));
	step(vcpu);
	step(vcpu);
	EXPECT_EQ(unseen_ss - unseen, step(vcpu));
	EXPECT_EQ(unseen_nop - unseen, step(vcpu));
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(0, regs.rax & RFLAGS_TF);
	for (i = 0; i < 7; i++)
		step(vcpu);
	EXPECT_EQ(unseen_back - unseen, step(vcpu));
	step(vcpu);
	step(vcpu);
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(0, regs.rcx & RFLAGS_TF);
	set_debug(vcpu, 0, 0, 0);
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
}

/* KVM_GUESTDBG_BLOCKIRQ: an NMI waits until the debugger has done. */
__guest static void take_nmi(void)
{
	guest_sync(guest_trapped(), 0, 0);
	__asm__ volatile("nop; nop");
	guest_sync(guest_trapped(), 0, 0);
	guest_sync(guest_trapped(), 0, 0);
	guest_done();
}

TEST(interrupts_wait_for_the_debugger)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc = {};

	EXPECT_TRUE(kvm_cap(vcpu->vm->fd, KVM_CAP_SET_GUEST_DEBUG2) & KVM_GUESTDBG_BLOCKIRQ);
	vcpu_enter(vcpu, take_nmi);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	set_debug(vcpu, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_BLOCKIRQ, 0, 0);
	kvm_do(vcpu->fd, KVM_NMI, 0);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(NO_TRAP, uc.arg[0]);
	set_debug(vcpu, 0, 0, 0);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0]);
}

TEST(hardware_breakpoint)
{
	struct vcpu *vcpu = at_steps();
	uint32_t reason;

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs keeps the pending #DB over the #VMEXIT, and it kills the host");
	set_debug(vcpu, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP, STEP_AT(steps_third),
		  DR7_FIXED | DR7_L0);
	reason = vcpu_exit(vcpu);
	if (reason == KVM_EXIT_HLT && host_is_tcg())
		SKIP(return, "TCG does not arm breakpoints of the DR7 that VMRUN loads");
	ASSERT_EQ(KVM_EXIT_DEBUG, reason);
	EXPECT_EQ(1, vcpu->run->debug.arch.exception);
	EXPECT_EQ(STEP_AT(steps_third), vcpu->run->debug.arch.pc);
	EXPECT_TRUE(vcpu->run->debug.arch.dr6 & BIT64(0));
	EXPECT_EQ(STEP_AT(steps_third), ({
		struct kvm_regs regs;

		vcpu_regs(vcpu, &regs);
		regs.rip;
	}));
	set_debug(vcpu, 0, 0, 0);
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
}

TEST(software_breakpoint)
{
	struct vcpu *vcpu = at_steps();
	uint8_t *at = vcpu->vm->mem + STEP_AT(steps_second), was = *at;
	struct kvm_regs regs;
	uint32_t reason;

	set_debug(vcpu, KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP, 0, 0);
	*at = 0xcc;
	reason = vcpu_exit(vcpu);
	if (reason == KVM_EXIT_HLT && host_is_tcg())
		SKIP(return, "TCG does not intercept INT3 as exception 3");
	ASSERT_EQ(KVM_EXIT_DEBUG, reason);
	EXPECT_EQ(3, vcpu->run->debug.arch.exception);
	EXPECT_EQ(STEP_AT(steps_second), vcpu->run->debug.arch.pc);
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(STEP_AT(steps_second), regs.rip);
	*at = was;
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
}

__guest static void break_twice(void)
{
	__asm__ volatile("int3");
	guest_sync(guest_trapped(), 0, 0);
	guest_done();
}

TEST(breakpoints_are_the_guests_without_debugging)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;

	vcpu_enter(vcpu, break_twice);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(3, uc.arg[0]);
}

__guest static void own_debug_registers(void)
{
	uint64_t dr0, dr6, dr7;

	__asm__ volatile("mov %0, %%dr0" : : "r" (GUEST_PAGE));
	/* DR7: watch four bytes at DR0 for writes, exact. */
	__asm__ volatile("mov %0, %%dr7" : : "r" (0xd0401UL));
	*(volatile uint32_t *)GUEST_PAGE = 5;
	__asm__ volatile("mov %%dr0, %0" : "=r" (dr0));
	__asm__ volatile("mov %%dr6, %0" : "=r" (dr6));
	__asm__ volatile("mov %%dr7, %0" : "=r" (dr7));
	guest_sync(guest_trapped(), dr6, dr7);
	guest_sync(dr0, 0, 0);
	guest_done();
}

TEST(guest_watchpoint)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_debugregs regs;
	struct ucall uc;

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs does not write DR6 before it intercepts a #DB");
	vcpu_enter(vcpu, own_debug_registers);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_TRUE(uc.arg[1] & BIT64(0));
	EXPECT_EQ(0xd0401, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(GUEST_PAGE, uc.arg[0]);
	kvm_do(vcpu->fd, KVM_GET_DEBUGREGS, &regs);
	EXPECT_EQ(GUEST_PAGE, regs.db[0]);
	EXPECT_EQ(0xd0401, regs.dr7);
}

TEST(guest_debug_pointer)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_GUEST_DEBUG, BAD_POINTER));
}

TEST_HARNESS_MAIN
