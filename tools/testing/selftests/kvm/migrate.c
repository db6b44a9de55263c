// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's state taken and given to another VM's vCPU where it is least convenient: in the middle
 * of string instructions, with an interrupt or an NMI on its way, in the middle of a device access.
 * And processes that are killed there.
 */
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define PORT		0x3f0
#define COUNT		500		/* bytes; over a page's end */

/* Everything that QEMU saves of a vCPU without an in-kernel interrupt controller. */
struct state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_fpu fpu;
	struct kvm_debugregs debugregs;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
};

static void save(struct vcpu *vcpu, struct state *state)
{
	kvm_do(vcpu->fd, KVM_GET_REGS, &state->regs);
	kvm_do(vcpu->fd, KVM_GET_SREGS, &state->sregs);
	kvm_do(vcpu->fd, KVM_GET_FPU, &state->fpu);
	kvm_do(vcpu->fd, KVM_GET_DEBUGREGS, &state->debugregs);
	kvm_do(vcpu->fd, KVM_GET_MP_STATE, &state->mp_state);
	kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &state->events);
}

static void restore(struct vcpu *vcpu, const struct state *state)
{
	kvm_do(vcpu->fd, KVM_SET_REGS, &state->regs);
	vcpu_set_sregs(vcpu, &state->sregs);
	kvm_do(vcpu->fd, KVM_SET_FPU, &state->fpu);
	kvm_do(vcpu->fd, KVM_SET_DEBUGREGS, &state->debugregs);
	kvm_do(vcpu->fd, KVM_SET_MP_STATE, &state->mp_state);
	kvm_do(vcpu->fd, KVM_SET_VCPU_EVENTS, &state->events);
}

/* The same memory under a new VM with a new vCPU; the old VM is gone. */
static struct vcpu *move(struct vcpu *old)
{
	struct vm *from = old->vm, *to = vm_bare();
	struct state state;
	struct vcpu *vcpu;

	save(old, &state);
	if (kvm_cap(to->dev, KVM_CAP_SET_TSS_ADDR))
		kvm_do(to->fd, KVM_SET_TSS_ADDR, 0xfffbd000);
	to->mem = from->mem;
	to->mem_size = from->mem_size;
	vm_slot(to, 0, 0, 0, to->mem_size, to->mem);
	vcpu = vcpu_new(to, 0);
	restore(vcpu, &state);
	vcpu_free(old);
	from->mem = NULL;
	vm_free(from);
	return vcpu;
}

/*
 * Complete what is under way without running on (with immediate_exit KVM_RUN does just that,
 * api.rst 5). False if that has led to the next exit already, as the next part of a string may.
 */
static bool complete(struct vcpu *vcpu)
{
	int err;

	vcpu->run->immediate_exit = 1;
	err = kvm_errno(vcpu->fd, KVM_RUN, 0);
	vcpu->run->immediate_exit = 0;
	if (err && err != EINTR)
		die("completing an exit failed: %s", strerror(err));
	return err;
}

/* Complete the last exit, move, and run to the next one. */
static uint32_t moved_exit(struct vcpu **vcpu)
{
	if (!complete(*vcpu))
		return (*vcpu)->run->exit_reason;
	*vcpu = move(*vcpu);
	return vcpu_exit(*vcpu);
}

__guest static void device_to_memory(void)
{
	uint64_t from = GUEST_MMIO, to = GUEST_DATA, count = 40;

	__asm__ volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (count) : : "memory");
	guest_sync(from, to, count);
	from = GUEST_DATA;
	to = GUEST_MMIO + 0x100;
	count = 40;
	__asm__ volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (count) : : "memory");
	guest_sync(from, to, count);
	guest_done();
}

TEST(moved_at_every_exit_of_a_string_move)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	unsigned int read = 0, written = 0, b;
	uint8_t *data = vcpu->vm->mem + GUEST_DATA;
	struct kvm_regs regs;
	uint32_t reason;

	vcpu_enter(vcpu, device_to_memory);
	for (reason = vcpu_exit(vcpu); reason == KVM_EXIT_MMIO; reason = moved_exit(&vcpu)) {
		struct kvm_run *run = vcpu->run;

		ASSERT_FALSE(run->mmio.is_write);
		for (b = 0; b < run->mmio.len; b++) {
			ASSERT_EQ(GUEST_MMIO + read, run->mmio.phys_addr + b);
			run->mmio.data[b] = (uint8_t)(7 + 5 * read++);
		}
	}
	ASSERT_EQ(KVM_EXIT_IO, reason);
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(UCALL_SYNC, regs.rdi);
	EXPECT_EQ(40, read);
	for (b = 0; b < 40; b++)
		EXPECT_EQ((uint8_t)(7 + 5 * b), data[b]);
	EXPECT_EQ(GUEST_MMIO + 40, regs.rsi);
	EXPECT_EQ(0, regs.rcx);
	/* And the way out. */
	for (reason = vcpu_exit(vcpu); reason == KVM_EXIT_MMIO; reason = moved_exit(&vcpu)) {
		struct kvm_run *run = vcpu->run;

		ASSERT_TRUE(run->mmio.is_write);
		for (b = 0; b < run->mmio.len; b++) {
			ASSERT_EQ(GUEST_MMIO + 0x100 + written, run->mmio.phys_addr + b);
			ASSERT_EQ((uint8_t)(7 + 5 * written++), run->mmio.data[b]);
		}
	}
	ASSERT_EQ(KVM_EXIT_IO, reason);
	EXPECT_EQ(40, written);
}

__guest static void ports_to_memory(void)
{
	uint64_t to = GUEST_DATA + 0xf80, count = COUNT;

	__asm__ volatile("rep insb" : "+D" (to), "+c" (count) : "d" (PORT) : "memory");
	guest_sync(to, count, 0);
	guest_done();
}

TEST(moved_at_every_exit_of_a_string_input)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint8_t *data = vcpu->vm->mem + GUEST_DATA + 0xf80;
	unsigned int done = 0, i;
	struct kvm_regs regs;
	uint32_t reason;

	vcpu_enter(vcpu, ports_to_memory);
	for (reason = vcpu_exit(vcpu); reason == KVM_EXIT_IO && vcpu->run->io.port == PORT;
	     reason = moved_exit(&vcpu)) {
		uint8_t *bytes = (uint8_t *)vcpu->run + vcpu->run->io.data_offset;

		for (i = 0; i < vcpu->run->io.count; i++, done++)
			bytes[i] = (uint8_t)(done * 7 + (done >> 8));
		ASSERT_LE(done, COUNT);
	}
	EXPECT_EQ(COUNT, done);
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(GUEST_DATA + 0xf80 + COUNT, regs.rsi);
	EXPECT_EQ(0, regs.rdx);
	for (i = 0; i < COUNT; i++) {
		ASSERT_EQ((uint8_t)(i * 7 + (i >> 8)), data[i])
			TH_LOG("byte %u", i);
	}
}

__guest static void wait_with_interrupts(void)
{
	guest_sync(0, 0, 0);
	__asm__ volatile("sti; nop; nop; nop; cli" : : : "memory");
	guest_sync(shared->count[0x41], shared->count[2], 0);
	guest_done();
}

TEST(moved_with_an_interrupt_queued)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_interrupt irq = { .irq = 0x41 };
	struct kvm_regs regs;
	struct ucall uc;

	vcpu_enter(vcpu, wait_with_interrupts);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	ASSERT_TRUE(complete(vcpu));
	vcpu_regs(vcpu, &regs);
	regs.rflags |= RFLAGS_IF;
	vcpu_set_regs(vcpu, &regs);
	kvm_do(vcpu->fd, KVM_INTERRUPT, &irq);
	vcpu = move(vcpu);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	ASSERT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, vm_shared(vcpu->vm)->count[0x41]);
}

TEST(moved_with_an_nmi_pending)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;

	vcpu_enter(vcpu, wait_with_interrupts);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	ASSERT_TRUE(complete(vcpu));
	kvm_do(vcpu->fd, KVM_NMI, 0);
	vcpu = move(vcpu);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[1]);
	ASSERT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, vm_shared(vcpu->vm)->count[2]);
}

/* ---- killed ---- */

__guest static void touch_devices_and_memory(void)
{
	uint64_t page;

	for (;;) {
		for (page = 0; page < 64; page++)
			*(volatile uint64_t *)(GUEST_DATA + page * 4096) = page;
		*(volatile uint64_t *)GUEST_MMIO = 1;
		(void)*(volatile uint64_t *)(GUEST_MMIO + 0xffc);
		__asm__ volatile("outl %0, %%dx" : : "a" (1), "d" (PORT));
	}
}

static void run_until_killed(unsigned int how)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	vcpu_enter(vcpu, touch_devices_and_memory);
	for (;;) {
		vcpu_exit(vcpu);
		if (how & 1)
			madvise(vcpu->vm->mem + GUEST_DATA, SZ_2M, MADV_DONTNEED);
	}
}

TEST(killed_in_a_fault_or_a_device_access)
{
	unsigned int i;
	int status;

	for (i = 0; i < 24; i++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (child == 0)
			run_until_killed(i);
		usleep(15000 + i * 2500);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_EQ(SIGKILL, WTERMSIG(status));
	}
}

TEST_HARNESS_MAIN
