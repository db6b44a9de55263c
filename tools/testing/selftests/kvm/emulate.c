// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instruction emulator seen from outside: device memory as an operand of each family of
 * instructions, beside the same on RAM by the CPU; what becomes of what it cannot do; the prefix
 * that forces it, and its tracepoint.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"
#include "irq_test.h"

#define PREFIX		".byte 0x0f, 0x0b, 0x6b, 0x76, 0x6d\n\t"
#define TRACING		"/sys/kernel/tracing"
#define DEVICE_SIZE	256

static uint8_t device[DEVICE_SIZE];

static void fill(uint8_t *bytes)
{
	unsigned int i;

	for (i = 0; i < DEVICE_SIZE; i++)
		bytes[i] = (uint8_t)(0x35 + i * 7);
}

/* Answers the device's exits; what else comes is returned. */
static uint64_t run_device(struct vcpu *vcpu, struct ucall *uc)
{
	struct kvm_run *run = vcpu->run;
	uint64_t at;

	while (vcpu_exit(vcpu) == KVM_EXIT_MMIO) {
		at = run->mmio.phys_addr - GUEST_MMIO;
		if (run->mmio.len > 8 || at > DEVICE_SIZE - run->mmio.len)
			die("MMIO exit at %#llx length %u", run->mmio.phys_addr, run->mmio.len);
		if (run->mmio.is_write)
			memcpy(device + at, run->mmio.data, run->mmio.len);
		else
			memcpy(run->mmio.data, device + at, run->mmio.len);
	}
	return vcpu_ucall_take(vcpu, uc);
}

/* --- Families ----------------------------------------------------------------------------- */

#define DEFINED		0x8d5	/* all six arithmetic flags */
#define CARRY		0x001
#define ZERO		0x040
#define NO_FLAGS	0

/*
 * One instruction on (%rbx); registers and the flags that it defines go into the sum. What it takes
 * from the flags it must set itself: the compiler's code stands between two of them.
 */
#define FORM(mask, insn) do {								\
	__asm__ volatile(insn "\n\tpushfq\n\tpopq %[f]"					\
			 : "+a" (a), "+d" (d), "+c" (c), [f] "=&r" (f)			\
			 : "b" (p) : "rsi", "cc", "memory");				\
	sum = sum * 0x100000001b3 + (a ^ d << 1 ^ c << 2 ^ (f & (mask)));			\
} while (0)

__guest static uint64_t families(uint8_t *p)
{
	uint64_t a = 0x8123456789abcdef, d = 0x0fedcba987654321, c = 3, f, sum = 1;

	FORM(DEFINED, "addb %%al, (%%rbx)");
	FORM(DEFINED, "stc\n\tadcw %%ax, 2(%%rbx)");
	FORM(DEFINED, "stc\n\tsbbl %%edx, 4(%%rbx)");
	FORM(DEFINED, "subq %%rax, 8(%%rbx)");
	FORM(DEFINED, "addq 8(%%rbx), %%rdx");
	FORM(DEFINED, "cmpl $0x1234, 16(%%rbx)");
	FORM(DEFINED, "incl 16(%%rbx)");
	FORM(DEFINED, "decb 20(%%rbx)");
	FORM(DEFINED, "negq 24(%%rbx)");
	FORM(NO_FLAGS, "notw 32(%%rbx)");
	FORM(CARRY | ZERO, "andl $0xff00ff, 36(%%rbx)");
	FORM(CARRY | ZERO, "orb $0x81, 40(%%rbx)");
	FORM(CARRY | ZERO, "xorq %%rdx, 48(%%rbx)");
	FORM(CARRY | ZERO, "testl %%eax, 48(%%rbx)");
	FORM(CARRY, "shll $3, 56(%%rbx)");
	FORM(CARRY, "sarq %%cl, 64(%%rbx)");
	FORM(CARRY, "rolb $3, 72(%%rbx)");
	FORM(CARRY, "stc\n\trcrw $1, 74(%%rbx)");
	FORM(CARRY, "shldl $5, %%edx, 76(%%rbx)");
	FORM(CARRY, "shrdq %%cl, %%rax, 80(%%rbx)");
	FORM(CARRY, "btsl $9, 88(%%rbx)");
	FORM(CARRY, "btcq %%rcx, 88(%%rbx)");
	FORM(CARRY, "lock btrl $4, 96(%%rbx)");
	FORM(ZERO, "bsfl 96(%%rbx), %%ecx");
	FORM(ZERO, "bsrq 96(%%rbx), %%rcx");
	FORM(CARRY, "imull 100(%%rbx), %%eax");
	FORM(CARRY, "imulq $77, 104(%%rbx), %%rdx");
	FORM(CARRY, "mulb 112(%%rbx)");
	FORM(NO_FLAGS, "movl $1, %%edx\n\tmovl $5, %%eax\n\tdivl 116(%%rbx)");
	FORM(NO_FLAGS, "movl $-9, %%eax\n\tcltd\n\tidivw 120(%%rbx)");
	FORM(DEFINED, "lock xaddl %%eax, 124(%%rbx)");
	FORM(DEFINED, "cmpxchgl %%edx, 128(%%rbx)");
	FORM(DEFINED, "lock cmpxchgl %%edx, 128(%%rbx)");
	FORM(ZERO, "pushq %%rbx\n\tleaq 136(%%rbx), %%rsi\n\tmovl $7, %%ebx\n\t"
		   "lock cmpxchg8b (%%rsi)\n\tpopq %%rbx\n\txorl %%esi, %%esi");
	FORM(NO_FLAGS, "xchgb %%al, 144(%%rbx)");
	FORM(DEFINED, "lock incl 148(%%rbx)");
	FORM(NO_FLAGS, "movntil %%eax, 152(%%rbx)");
	FORM(NO_FLAGS, "testl %%eax, %%eax\n\tcmovnel 152(%%rbx), %%ecx");
	FORM(NO_FLAGS, "cmpl %%eax, %%eax\n\tsetne 156(%%rbx)\n\tsete 157(%%rbx)");
	FORM(NO_FLAGS, "pushq 160(%%rbx)\n\tpopq 168(%%rbx)");
	FORM(NO_FLAGS, "movzbw 176(%%rbx), %%ax\n\tmovsbl 177(%%rbx), %%edx");
	FORM(NO_FLAGS, "movswq 178(%%rbx), %%rax\n\tmovslq 180(%%rbx), %%rdx");
	FORM(NO_FLAGS, "movw %%ds, 184(%%rbx)");
	return sum;
}

/* Strings, whose registers are their own; the flags of the last comparison. */
__guest static uint64_t strings(uint8_t *p)
{
	uint64_t from = (uint64_t)p, to = (uint64_t)p + 192, n = 5, a = 0, f;

	__asm__ volatile("cld; rep movsb; lodsl; stosw; movl $3, %%ecx; repne scasb;"
			 "movl $4, %%ecx; repe cmpsw; pushfq; popq %[f]"
			 : "+S" (from), "+D" (to), "+c" (n), "+a" (a), [f] "=r" (f)
			 : : "cc", "memory");
	return (from - (uint64_t)p) ^ (to - (uint64_t)p) << 8 ^ n << 16 ^ a << 24 ^ (f & DEFINED);
}

__guest static void families_twice(void)
{
	uint64_t sums[4];

	sums[0] = families((uint8_t *)GUEST_DATA);
	sums[1] = strings((uint8_t *)GUEST_DATA);
	sums[2] = families((uint8_t *)GUEST_MMIO);
	sums[3] = strings((uint8_t *)GUEST_MMIO);
	guest_sync(sums[0], sums[2], 0);
	guest_sync(sums[1], sums[3], 0);
	guest_done();
}

TEST(every_family_on_a_device_as_on_memory)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint8_t *memory = vcpu->vm->mem + GUEST_DATA;
	struct ucall uc;
	unsigned int i;

	fill(device);
	fill(memory);
	vcpu_enter(vcpu, families_twice);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(uc.arg[0], uc.arg[1]);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(uc.arg[0], uc.arg[1]);
	EXPECT_EQ(UCALL_DONE, run_device(vcpu, &uc));
	for (i = 0; i < DEVICE_SIZE; i++) {
		EXPECT_EQ(memory[i], device[i])
			TH_LOG("at %u", i);
	}
}

/* --- Half RAM, half device ------------------------------------------------------------------ */

#define SEAM	(GUEST_PAGE + 0x1000)	/* RAM before it, the device's registers behind it */

__guest static void across_the_seam(void)
{
	uint64_t q;

	__asm__ volatile("movq (%1), %0" : "=r" (q) : "r" (SEAM - 3));
	guest_sync(q, 0, 0);
	__asm__ volatile("movl %k0, (%1)" : : "r" (0x44332211), "r" (SEAM - 1) : "memory");
	__asm__ volatile("addw %w0, (%1)" : : "r" (0x1001), "r" (SEAM - 1) : "cc", "memory");
	guest_done();
}

TEST(half_memory_half_device)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	uint8_t *ram = vm->mem + SEAM - 3;
	uint64_t want = 0;
	struct ucall uc;

	fill(device);
	vcpu_enter(vcpu, across_the_seam);
	*vm_pte(vm, SEAM) = GUEST_MMIO | PTE_P | PTE_W | PTE_A | PTE_D;
	memcpy(ram, "\xa1\xb2\xc3", 3);
	memcpy(&want, ram, 3);
	memcpy((uint8_t *)&want + 3, device, 5);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(want, uc.arg[0]);
	ASSERT_EQ(UCALL_DONE, run_device(vcpu, &uc));
	EXPECT_EQ(0x12, ram[2]);		/* 0x2211 + 0x1001 = 0x3212 */
	EXPECT_EQ(0x32, device[0]);
	EXPECT_EQ(0x33, device[1]);
	EXPECT_EQ(0x44, device[2]);
}

/* --- Failures ------------------------------------------------------------------------------- */

#define USER_CODE	(GUEST_PAGE + 0x2000)

/* FLD m80 from a device, which no emulator is asked to do, at CPL 3. */
static struct vcpu *failing_user(struct vm *vm)
{
	static const uint8_t fld[] = { 0xdb, 0x2b };
	struct vcpu *vcpu = vcpu_new(vm, 0);
	uint64_t *tables = (uint64_t *)(vm->mem + GUEST_TABLES), rsp0 = GUEST_STACK;
	struct kvm_sregs sregs;
	struct kvm_regs regs = {
		.rip = USER_CODE, .rsp = GUEST_STACK - 0x1000, .rbx = SEAM,
		.rflags = RFLAGS_FIXED,
	};
	unsigned int i;

	vcpu_mode_long(vcpu, USER_CODE);
	vm_write(vm, GUEST_TSS + 4, &rsp0, 8);
	vm_write(vm, USER_CODE, fld, sizeof(fld));
	for (i = 0; i < 3; i++)
		tables[i * 512] |= PTE_U;
	for (i = 0; i < 512; i++)
		vm_pte(vm, 0)[i] |= PTE_U;
	*vm_pte(vm, SEAM) = GUEST_MMIO | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;
	vcpu_sregs(vcpu, &sregs);
	sregs.cs.dpl = 3;
	sregs.cs.selector |= 3;
	sregs.ss.dpl = 3;
	sregs.ss.selector |= 3;
	vcpu_set_sregs(vcpu, &sregs);
	vcpu_set_regs(vcpu, &regs);
	return vcpu;
}

TEST(a_users_failure_is_its_own_fault)
{
	struct vcpu *vcpu = failing_user(vm_new());
	struct ucall uc;

	ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(6, uc.arg[0]);
	EXPECT_EQ(USER_CODE, uc.arg[2]);
}

TEST(a_users_failure_is_userspaces_when_asked_for)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args[0] = 1 };
	struct vm *vm = vm_new();
	struct vcpu *vcpu = failing_user(vm);
	struct kvm_run *run = vcpu->run;
	struct kvm_regs regs;

	kvm_do(vm->fd, KVM_ENABLE_CAP, &cap);
	ASSERT_EQ(KVM_EXIT_INTERNAL_ERROR, vcpu_exit(vcpu));
	EXPECT_EQ(KVM_INTERNAL_ERROR_EMULATION, run->emulation_failure.suberror);
	EXPECT_GE(run->emulation_failure.ndata, 3);
	ASSERT_TRUE(run->emulation_failure.flags &
		    KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES);
	EXPECT_GE(run->emulation_failure.insn_size, 2);
	EXPECT_LE(run->emulation_failure.insn_size, 15);
	EXPECT_EQ(0xdb, run->emulation_failure.insn_bytes[0]);
	EXPECT_EQ(0x2b, run->emulation_failure.insn_bytes[1]);

	/* As QEMU's users of it do: skip the instruction and go on. */
	vcpu_regs(vcpu, &regs);
	EXPECT_EQ(USER_CODE, regs.rip);
	vm_write(vm, USER_CODE + 2, "\x0f\x0b", 2);
	regs.rip += 2;
	vcpu_set_regs(vcpu, &regs);
	run->exit_reason = 0;
	EXPECT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));	/* the handler tells of the #UD */
}

/* --- The prefix and the tracepoint ------------------------------------------------------------ */

__guest static void prefixed(void)
{
	uint64_t a = 5;

	shared->trap.vector = NO_TRAP;
	__asm__ volatile(GUEST_TRY(PREFIX "addl $0x1234567, %k0")
			 : "+b" (a) : : "cc", "r11", "memory");
	guest_sync(a, guest_trapped(), 0);
	guest_done();
}

TEST(the_prefix_works_when_the_parameter_says_so)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;

	if (!set_kvm_parameter("force_emulation_prefix", "1"))
		SKIP(return, "force_emulation_prefix cannot be set: run as root");
	vcpu_enter(vcpu, prefixed);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(0x123456c, uc.arg[0]);
	EXPECT_EQ(NO_TRAP, uc.arg[1]);

	set_kvm_parameter("force_emulation_prefix", "0");
	vcpu_enter(vcpu, prefixed);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(5, uc.arg[0]);
	EXPECT_EQ(6, uc.arg[1]);
}

__guest static void prefixed_hlt(void)
{
	__asm__ volatile(PREFIX "hlt");
	guest_done();
}

static void wake(int signal)
{
	(void)signal;
}

/* With the interrupt controllers in the kernel an emulated HLT waits there, as any other does. */
TEST(a_hlt_waits_in_the_kernel)
{
	struct itimerval timer = { .it_value.tv_usec = 100000, .it_interval.tv_usec = 100000 };
	struct itimerval off = {};
	struct kvm_mp_state state;
	struct vcpu *vcpu;
	struct vm *vm;

	vm = vm_with_irqchip();
	vcpu = vcpu_new(vm, 0);
	if (!set_kvm_parameter("force_emulation_prefix", "1"))
		SKIP(return, "force_emulation_prefix cannot be set: run as root");
	vcpu_enter(vcpu, prefixed_hlt);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = wake }, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	setitimer(ITIMER_REAL, &off, NULL);
	set_kvm_parameter("force_emulation_prefix", "0");
	kvm_do(vcpu->fd, KVM_GET_MP_STATE, &state);
	EXPECT_EQ(KVM_MP_STATE_HALTED, state.mp_state);
}

TEST(the_tracepoint_shows_the_instruction)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	char line[512];
	bool found = false;
	struct ucall uc;
	FILE *trace;

	mount("none", TRACING, "tracefs", 0, NULL);
	if (!write_file(TRACING "/events/kvm/kvm_emulate_insn/enable", "1") ||
	    !set_kvm_parameter("force_emulation_prefix", "1"))
		SKIP(return, "no tracefs here");
	write_file(TRACING "/trace", "");
	vcpu_enter(vcpu, prefixed);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	write_file(TRACING "/events/kvm/kvm_emulate_insn/enable", "0");
	set_kvm_parameter("force_emulation_prefix", "0");

	trace = fopen(TRACING "/trace", "r");
	ASSERT_TRUE(trace);
	while (fgets(line, sizeof(line), trace))
		found |= strstr(line, "kvm_emulate_insn") && strstr(line, "81 c3 67 45 23 01") &&
			 !strstr(line, "failed");
	fclose(trace);
	EXPECT_TRUE(found);
}

TEST_HARNESS_MAIN
