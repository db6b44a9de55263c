// SPDX-License-Identifier: GPL-2.0-only
/*
 * How vCPUs come to run with an APIC in the kernel: INIT and SIPI, multiprocessing states, the boot
 * processor, ids above 255, HLT and what ends it (SDM 9.4; api.rst 4.38, 4.39, 4.41).
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "apic.h"

static uint32_t mp_state(struct vcpu *vcpu)
{
	struct kvm_mp_state state;

	kvm_do(vcpu->fd, KVM_GET_MP_STATE, &state);
	return state.mp_state;
}

static int set_mp_state(struct vcpu *vcpu, uint32_t state)
{
	return kvm_errno(vcpu->fd, KVM_SET_MP_STATE, (&(struct kvm_mp_state){ state }));
}

static void *run_forever(void *arg)
{
	for (;;)
		vcpu_exit(arg);
	return NULL;
}

static void start(struct vcpu *vcpu)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_forever, vcpu))
		die("pthread_create");
}

/*
 * An application processor's code: one page per vector. It counts at its own word, and where the
 * SIPI sent it (CS) in another, and halts until the next INIT.
 */
GUEST_BLOB(ap_code, 16,
	"xor %ax, %ax\n mov %ax, %ds\n mov %cs, %ax\n mov %ax, 0x7008\n"
	"lock incl 0x7000\n 1: hlt\n jmp 1b\n");

#define AP_COUNT	((volatile uint32_t *)0x7000)
#define AP_CS		((volatile uint16_t *)0x7008)

/* word[0]: rounds, word[1]: the APIC id of the AP */
__guest static void boot_processor(void)
{
	uint32_t ap = (uint32_t)shared->word[1];
	uint64_t i;

	apic_on();
	for (i = 0; i < shared->word[0]; i++) {
		apic_icr(ICR_INIT | ICR_ASSERT | ICR_LEVEL, ap);
		apic_icr(ICR_INIT | ICR_LEVEL, ap);
		apic_icr(ICR_SIPI | ICR_ASSERT | (i & 1 ? 9 : 8), ap);
		/* As the MP specification has it, twice: the second one finds it running. */
		apic_icr(ICR_SIPI | ICR_ASSERT | (i & 1 ? 9 : 8), ap);
		while (*AP_COUNT != i + 1)
			__asm__ volatile("pause");
		GUEST_ASSERT(*AP_CS == (i & 1 ? 0x900 : 0x800));
	}
	guest_sync(*AP_COUNT, 0, 0);
	guest_done();
}

static void init_and_sipi(struct __test_metadata *_metadata, bool x2apic, unsigned int id,
			  unsigned int rounds)
{
	struct vm *vm = vm_apic();
	struct vcpu *bsp, *ap;
	struct ucall uc;

	bsp = vcpu_new(vm, 0);
	ap = vcpu_new(vm, id);
	vm_load(vm, 0x8000, ap_code);
	vm_load(vm, 0x9000, ap_code);
	vcpu_enter_spinner(bsp, boot_processor);
	vm_shared(vm)->word[0] = rounds;
	vm_shared(vm)->word[1] = id;
	vm_shared(vm)->word[WORD_X2APIC] = x2apic;
	EXPECT_EQ(KVM_MP_STATE_RUNNABLE, mp_state(bsp));
	EXPECT_EQ(KVM_MP_STATE_UNINITIALIZED, mp_state(ap));
	start(ap);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(bsp, &uc));
	EXPECT_EQ(rounds, uc.arg[0]);
}

TEST(hundred_rounds_xapic)
{
	init_and_sipi(_metadata, false, 1, 100);
}

TEST(hundred_rounds_x2apic)
{
	init_and_sipi(_metadata, true, 1, 100);
}

TEST(x2apic_id_above_255)
{
	init_and_sipi(_metadata, true, 0x105, 10);
	init_and_sipi(_metadata, true, 1023, 10);
}

__guest static void x2apic_receiver(void)
{
	apic_on();
	shared->word[2] = guest_rdmsr(APIC_MSR + APIC_ID / 16);
	shared->word[3] = guest_rdmsr(APIC_MSR + APIC_LDR / 16);
	for (;;)
		__asm__ volatile("sti; hlt" : : : "memory");
}

/* The receiver's stack is vCPU 1's, whatever its id. */
__guest static void x2apic_sender(void)
{
	uint64_t i;

	apic_on();
	while (!shared->word[3])
		__asm__ volatile("pause");
	for (i = 1; i <= 20; i++) {
		apic_icr(ICR_ASSERT | 0x41, (uint32_t)shared->word[1]);
		while (*guest_count(1, 0x41) != 2 * i - 1)
			__asm__ volatile("pause");
		apic_icr(ICR_ASSERT | ICR_LOGICAL | 0x41, (uint32_t)shared->word[3]);
		while (*guest_count(1, 0x41) != 2 * i)
			__asm__ volatile("pause");
	}
	guest_sync(shared->word[2], shared->word[3], 0);
	guest_done();
}

TEST(interrupts_to_an_id_above_255)
{
	struct vm *vm = vm_apic();
	struct vcpu *sender, *receiver;
	struct kvm_regs regs;
	struct ucall uc;

	sender = vcpu_new(vm, 0);
	receiver = vcpu_new(vm, 0x2f7);
	vcpu_enter_spinner(sender, x2apic_sender);
	vcpu_enter(receiver, x2apic_receiver);
	vcpu_regs(receiver, &regs);
	regs.rsp = GUEST_STACK - 0x4000 - 8;
	vcpu_set_regs(receiver, &regs);
	vcpu_runnable(receiver);
	vm_apic_handlers(vm);
	vm_shared(vm)->word[1] = 0x2f7;
	vm_shared(vm)->word[WORD_X2APIC] = 1;
	start(receiver);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(sender, &uc));
	EXPECT_EQ(0x2f7, uc.arg[0]);
	/* SDM 11.12.10.2 */
	EXPECT_EQ(0x2f << 16 | 1 << 7, uc.arg[1]);
}

TEST(states)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 1);
	struct kvm_vcpu_events events;
	struct kvm_sregs sregs;
	uint32_t state;

	EXPECT_EQ(1, kvm_cap(vm->fd, KVM_CAP_MP_STATE));
	EXPECT_EQ(KVM_MP_STATE_UNINITIALIZED, mp_state(vcpu));
	for (state = 0; state <= KVM_MP_STATE_HALTED; state++) {
		EXPECT_EQ(0, set_mp_state(vcpu, state));
		EXPECT_EQ(state, mp_state(vcpu));
	}
	EXPECT_EQ(EINVAL, set_mp_state(vcpu, 6 /* CHECK_STOP, not ours */));
	EXPECT_EQ(EINVAL, set_mp_state(vcpu, 5 /* STOPPED */));
	EXPECT_EQ(EINVAL, set_mp_state(vcpu, ~0u));
	EXPECT_EQ(KVM_MP_STATE_HALTED, mp_state(vcpu));

	/* A SIPI that was saved: its vector comes with the events, and it starts the vCPU. */
	kvm_do(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
	events.sipi_vector = 0x12;
	events.flags |= KVM_VCPUEVENT_VALID_SIPI_VECTOR;
	kvm_do(vcpu->fd, KVM_SET_VCPU_EVENTS, &events);
	EXPECT_EQ(0, set_mp_state(vcpu, KVM_MP_STATE_SIPI_RECEIVED));
	EXPECT_EQ(KVM_MP_STATE_RUNNABLE, mp_state(vcpu));
	vcpu_sregs(vcpu, &sregs);
	EXPECT_EQ(0x1200, sregs.cs.selector);
	EXPECT_EQ(0x12000, sregs.cs.base);
}

/* INIT by a message of a device: level de-assert is nothing (SDM 11.6.1), the rest resets. */
TEST(init_by_msi)
{
	struct kvm_msi msi = { .address_lo = 0xfee01000 };
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 1);
	unsigned int i;
	static const struct {
		uint32_t data, state;
	} row[] = {
		{ 0x8500, KVM_MP_STATE_RUNNABLE },	/* level, de-assert */
		{ 0xc500, KVM_MP_STATE_INIT_RECEIVED },
		{ 0x0500, KVM_MP_STATE_INIT_RECEIVED },	/* edge */
	};

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, set_mp_state(vcpu, KVM_MP_STATE_RUNNABLE));
		msi.data = row[i].data;
		EXPECT_EQ(1, ioctl(vm->fd, KVM_SIGNAL_MSI, &msi));
		EXPECT_EQ(row[i].state, mp_state(vcpu));
	}
}

TEST(without_an_apic_userspace_keeps_the_state)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 1);

	EXPECT_EQ(KVM_MP_STATE_RUNNABLE, mp_state(vcpu));
	EXPECT_EQ(EINVAL, set_mp_state(vcpu, KVM_MP_STATE_HALTED));
	EXPECT_EQ(EINVAL, set_mp_state(vcpu, KVM_MP_STATE_UNINITIALIZED));
	EXPECT_EQ(0, set_mp_state(vcpu, KVM_MP_STATE_RUNNABLE));
}

TEST(boot_processor_by_id)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu[2];

	EXPECT_LT(0, kvm_cap(vm->fd, KVM_CAP_SET_BOOT_CPU_ID));
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_SET_BOOT_CPU_ID, 7));
	vcpu[0] = vcpu_new(vm, 0);
	EXPECT_EQ(EBUSY, kvm_errno(vm->fd, KVM_SET_BOOT_CPU_ID, 0));
	vcpu[1] = vcpu_new(vm, 7);
	EXPECT_EQ(KVM_MP_STATE_UNINITIALIZED, mp_state(vcpu[0]));
	EXPECT_EQ(KVM_MP_STATE_RUNNABLE, mp_state(vcpu[1]));
	EXPECT_EQ(0, vcpu_msr(vcpu[0], APIC_BASE_MSR) & BIT64(8));
	EXPECT_EQ(BIT64(8), vcpu_msr(vcpu[1], APIC_BASE_MSR) & BIT64(8));
}

/* ---- HLT ---- */

__guest static void halt_once(void)
{
	apic_on();
	__asm__ volatile("sti; hlt; cli" : : : "memory");
	guest_sync(*guest_count(0, 0x41), shared->count[2], 0);
	__asm__ volatile("hlt" : : : "memory");
	guest_sync(*guest_count(0, 0x41), shared->count[2], 0);
	guest_done();
}

static void *signal_nmi(void *arg)
{
	struct vm *vm = arg;
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = ICR_NMI };

	usleep(400000);
	ioctl(vm->fd, KVM_SIGNAL_MSI, &msi);
	return NULL;
}

static void *signal_msi(void *arg)
{
	struct vm *vm = arg;
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 0x41 };

	usleep(100000);
	ioctl(vm->fd, KVM_SIGNAL_MSI, &msi);
	return NULL;
}

TEST(interrupt_and_signal_end_a_halt)
{
	struct vm *vm = vm_apic();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;
	pthread_t thread;

	vcpu_enter(vcpu, halt_once);
	vm_apic_handlers(vm);
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_msi, vm));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	pthread_join(thread, NULL);

	/* IF is off now: an interrupt does not end it, an NMI does. */
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_msi, vm));
	ASSERT_EQ(0, pthread_create(&thread, NULL, signal_nmi, vm));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_EQ(1, uc.arg[1]);
	pthread_join(thread, NULL);
}

/* KVM_HC_KICK_CPU; word[0]: the CPU is Intel's */
__guest_inline int64_t kick(uint32_t apic_id)
{
	int64_t ret;

	if (shared->word[0])
		__asm__ volatile("vmcall" : "=a" (ret) : "a" (5ul), "b" (0ul),
				 "c" ((uint64_t)apic_id) : "memory");
	else
		__asm__ volatile("vmmcall" : "=a" (ret) : "a" (5ul), "b" (0ul),
				 "c" ((uint64_t)apic_id) : "memory");
	return ret;
}

__guest static void kick_self(void)
{
	int64_t ret = kick(0);

	/* It was kicked before: no waiting, though IF is off. */
	if (!ret)
		__asm__ volatile("hlt");
	guest_sync((uint64_t)ret, 0, 0);
	guest_done();
}

TEST(kick_ends_the_next_halt)
{
	struct kvm_cpuid2 *cpuid = supported_cpuid();
	struct kvm_cpuid_entry2 *leaf = cpuid_find(cpuid, 0x40000001, 0);
	struct vm *vm = vm_apic();
	struct vcpu *vcpu[2];
	struct ucall uc;

	ASSERT_NE(NULL, leaf);
	EXPECT_NE(0, leaf->eax & 1 << 7);
	vcpu[0] = vcpu_bare(vm, 0);
	kvm_do(vcpu[0]->fd, KVM_SET_CPUID2, cpuid);
	vcpu_enter(vcpu[0], kick_self);
	vm_shared(vm)->word[0] = cpuid_find(cpuid, 0, 0)->ebx == 0x756e6547;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu[0], &uc));
	EXPECT_EQ(0, uc.arg[0]);

	leaf->eax &= ~(1u << 7);
	vcpu[1] = vcpu_bare(vm, 1);
	kvm_do(vcpu[1]->fd, KVM_SET_CPUID2, cpuid);
	vcpu_enter(vcpu[1], kick_self);
	vcpu_runnable(vcpu[1]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu[1], &uc));
	EXPECT_EQ(-1000, (int64_t)uc.arg[0]);
}

static void no_action(int sig)
{
	(void)sig;
}

__guest static void halt_for_ever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

TEST(alarm_interrupts_a_halted_vcpu)
{
	struct vcpu *vcpu = vcpu_new(vm_apic(), 0);
	struct sigaction action = { .sa_handler = no_action };
	unsigned int i;

	vcpu_enter(vcpu, halt_for_ever);
	sigaction(SIGALRM, &action, NULL);
	for (i = 0; i < 3; i++) {
		ualarm(200000, 0);
		EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
		EXPECT_EQ(KVM_EXIT_INTR, vcpu->run->exit_reason);
		EXPECT_EQ(KVM_MP_STATE_HALTED, mp_state(vcpu));
	}
}

static void run_and_be_killed(uint32_t state)
{
	struct vcpu *vcpu = vcpu_new(vm_apic(), 1);

	vcpu_enter(vcpu, halt_for_ever);
	set_mp_state(vcpu, state);
	kvm_errno(vcpu->fd, KVM_RUN, 0);
}

TEST(sigkill_ends_whoever_waits)
{
	uint32_t state;
	int status;
	pid_t pid;

	for (state = 0; state <= KVM_MP_STATE_HALTED; state++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			run_and_be_killed(state);
			_exit(0);
		}
		usleep(300000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
			TH_LOG("state %u", state);
		}
	}
}

TEST_HARNESS_MAIN
