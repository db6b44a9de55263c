// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPL 3 in long mode: privileged instructions fault, whether KVM intercepts them or not, and port
 * access obeys IOPL and the TSS's I/O permission bitmap, also where the emulator does the access.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define USER_CODE	(GUEST_PAGE + SZ_4K)
#define KERNEL_STACK	0x1ff000UL
#define IOMAP		0x68		/* right behind the TSS's fixed part */
#define PORT		0x3f0
#define NOTHING		1000		/* the instruction does not fault */

struct user_insn {
	const char *name;
	uint8_t bytes[8];
	uint8_t len;
	unsigned int vector;
	unsigned int error;
};

#define INSN(name, vector, error, ...)	\
	{ name, { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }), vector, error }

static struct vcpu *user_mode(void)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct vm *vm = vcpu->vm;
	uint64_t *tables = (uint64_t *)(vm->mem + GUEST_TABLES), rsp0 = KERNEL_STACK;
	uint16_t iomap = IOMAP;
	struct kvm_sregs sregs;
	unsigned int i;

	vcpu_mode_long(vcpu, USER_CODE);
	/* All of the first 2 MiB is the user's too. */
	for (i = 0; i < 3; i++)
		tables[i * 512] |= PTE_U;
	for (i = 0; i < 512; i++)
		vm_pte(vm, 0)[i] |= PTE_U;
	vm_write(vm, GUEST_TSS + 4, &rsp0, 8);
	vm_write(vm, GUEST_TSS + 0x66, &iomap, 2);
	memset(vm->mem + GUEST_TSS + IOMAP, 0xff, 0x2001);

	vcpu_sregs(vcpu, &sregs);
	sregs.cs.dpl = 3;
	sregs.cs.selector |= 3;
	sregs.ss.dpl = 3;
	sregs.ss.selector |= 3;
	sregs.tr.limit = IOMAP + 0x2000;
	vcpu_set_sregs(vcpu, &sregs);
	return vcpu;
}

static void place(struct vcpu *vcpu, const uint8_t *bytes, size_t len, uint64_t flags)
{
	struct kvm_regs regs = {
		.rip = USER_CODE, .rsp = GUEST_STACK - 0x100, .rflags = RFLAGS_FIXED | flags,
		.rsi = GUEST_PAGE, .rdi = GUEST_PAGE, .rcx = 0xc0000080, .rdx = PORT, .rax = 1,
	};
	struct kvm_sregs sregs;

	vm_write(vcpu->vm, USER_CODE, bytes, len);
	/* Then a UD2, by which the test sees that the instruction went through. */
	vm_write(vcpu->vm, USER_CODE + len, "\x0f\x0b", 2);
	vcpu_sregs(vcpu, &sregs);
	sregs.cs.dpl = 3;
	sregs.cs.selector = SEL_CODE64 | 3;
	sregs.ss.dpl = 3;
	sregs.ss.selector = SEL_DATA | 3;
	vcpu_set_sregs(vcpu, &sregs);
	vcpu_set_regs(vcpu, &regs);
}

static void check_insn(struct __test_metadata *_metadata, struct vcpu *vcpu,
		       const struct user_insn *insn, uint64_t flags)
{
	bool passes = insn->vector == NOTHING;
	struct ucall uc;

	place(vcpu, insn->bytes, insn->len, flags);
	ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc))
		TH_LOG("%s", insn->name);
	EXPECT_EQ(passes ? 6 : insn->vector, uc.arg[0])
		TH_LOG("%s", insn->name);
	EXPECT_EQ(passes ? 0 : insn->error, uc.arg[1])
		TH_LOG("%s", insn->name);
	EXPECT_EQ(USER_CODE + (passes ? insn->len : 0), uc.arg[2])
		TH_LOG("%s", insn->name);
}

TEST(privileged_instructions)
{
	static const struct user_insn list[] = {
		INSN("hlt", 13, 0, 0xf4),
		INSN("cli", 13, 0, 0xfa),
		INSN("sti", 13, 0, 0xfb),
		INSN("clts", 13, 0, 0x0f, 0x06),
		INSN("invd", 13, 0, 0x0f, 0x08),
		INSN("wbinvd", 13, 0, 0x0f, 0x09),
		INSN("rdmsr", 13, 0, 0x0f, 0x32),
		INSN("wrmsr", 13, 0, 0x0f, 0x30),
		INSN("mov %cr0,%rax", 13, 0, 0x0f, 0x20, 0xc0),
		INSN("mov %rax,%cr0", 13, 0, 0x0f, 0x22, 0xc0),
		INSN("mov %cr3,%rax", 13, 0, 0x0f, 0x20, 0xd8),
		INSN("mov %rax,%cr3", 13, 0, 0x0f, 0x22, 0xd8),
		INSN("mov %rax,%cr4", 13, 0, 0x0f, 0x22, 0xe0),
		INSN("mov %rax,%cr8", 13, 0, 0x44, 0x0f, 0x22, 0xc0),
		INSN("mov %dr7,%rax", 13, 0, 0x0f, 0x21, 0xf8),
		INSN("mov %rax,%dr0", 13, 0, 0x0f, 0x23, 0xc0),
		INSN("lgdt (%rsi)", 13, 0, 0x0f, 0x01, 0x16),
		INSN("lidt (%rsi)", 13, 0, 0x0f, 0x01, 0x1e),
		INSN("lldt %ax", 13, 0, 0x0f, 0x00, 0xd0),
		INSN("ltr %ax", 13, 0, 0x0f, 0x00, 0xd8),
		INSN("lmsw %ax", 13, 0, 0x0f, 0x01, 0xf0),
		INSN("invlpg (%rsi)", 13, 0, 0x0f, 0x01, 0x3e),
		INSN("swapgs", 13, 0, 0x0f, 0x01, 0xf8),
		INSN("cpuid", NOTHING, 0, 0x0f, 0xa2),
		INSN("rdtsc", NOTHING, 0, 0x0f, 0x31),
		INSN("pause", NOTHING, 0, 0xf3, 0x90),
	};
	struct vcpu *vcpu = user_mode();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(list); i++)
		check_insn(_metadata, vcpu, &list[i], 0);
}

TEST(tsd_iopl_and_gates)
{
	/* A gate of DPL 0: the error code is its vector, with the IDT bit. */
	static const struct user_insn gate = INSN("int $0x80", 13, 0x80 * 8 + 2, 0xcd, 0x80);
	static const struct user_insn rdtsc = INSN("rdtsc with TSD", 13, 0, 0x0f, 0x31);
	static const struct user_insn cli = INSN("cli with IOPL 3", NOTHING, 0, 0xfa);
	static const struct user_insn hlt = INSN("hlt with IOPL 3", 13, 0, 0xf4);
	struct vcpu *vcpu = user_mode();
	struct kvm_sregs sregs;

	check_insn(_metadata, vcpu, &cli, 3 << 12);
	check_insn(_metadata, vcpu, &hlt, 3 << 12);
	vcpu_sregs(vcpu, &sregs);
	sregs.cr4 |= BIT64(2);
	vcpu_set_sregs(vcpu, &sregs);
	check_insn(_metadata, vcpu, &rdtsc, 0);
	/* TCG's error code has the vector in the wrong place. */
	if (!host_is_tcg())
		check_insn(_metadata, vcpu, &gate, 0);
}

static const struct user_insn port_insns[] = {
	INSN("outb %al,(%dx)", 13, 0, 0xee),
	INSN("outl %eax,(%dx)", 13, 0, 0xef),
	INSN("inb (%dx),%al", 13, 0, 0xec),
	INSN("outsb", 13, 0, 0x6e),
	INSN("insb", 13, 0, 0x6c),
	INSN("inb $0x42,%al", 13, 0, 0xe4, 0x42),
};

TEST(ports_closed_by_the_bitmap)
{
	struct vcpu *vcpu = user_mode();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(port_insns); i++)
		check_insn(_metadata, vcpu, &port_insns[i], 0);
}

TEST(ports_beyond_the_bitmap)
{
	struct vcpu *vcpu = user_mode();
	struct kvm_sregs sregs;
	unsigned int i;

	/* All open, but the TSS ends before the port's bit (APM2 12.2.4). */
	memset(vcpu->vm->mem + GUEST_TSS + IOMAP, 0, 0x2000);
	vcpu_sregs(vcpu, &sregs);
	sregs.tr.limit = IOMAP + 0x7;
	vcpu_set_sregs(vcpu, &sregs);
	for (i = 0; i < ARRAY_LEN(port_insns); i++)
		check_insn(_metadata, vcpu, &port_insns[i], 0);
}

static uint32_t port_exit(struct vcpu *vcpu, const struct user_insn *insn, uint64_t flags)
{
	place(vcpu, insn->bytes, insn->len, flags);
	vcpu_exit(vcpu);
	return vcpu->run->exit_reason == KVM_EXIT_IO ? vcpu->run->io.port : 0;
}

TEST(ports_opened_by_the_bitmap_and_by_iopl)
{
	struct vcpu *vcpu = user_mode();
	uint8_t *map = vcpu->vm->mem + GUEST_TSS + IOMAP;
	struct ucall uc;
	unsigned int i;

	/* Port 0x3f0 alone: a byte passes, what also touches 0x3f1 does not. */
	map[PORT / 8] = 0xfe;
	EXPECT_EQ(PORT, port_exit(vcpu, &port_insns[0], 0));
	ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(6, uc.arg[0]);
	check_insn(_metadata, vcpu, &port_insns[1], 0);
	EXPECT_EQ(PORT, port_exit(vcpu, &port_insns[2], 0));
	ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(PORT, port_exit(vcpu, &port_insns[3], 0));
	ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(6, uc.arg[0]);
	map[PORT / 8] = 0xff;
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(PORT, port_exit(vcpu, &port_insns[i], 3 << 12))
			TH_LOG("%s", port_insns[i].name);
		ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc));
		EXPECT_EQ(6, uc.arg[0]);
	}
}

TEST(syscall_and_back)
{
	/* SYSCALL into a kernel that goes back by SYSRET; then UD2 in CPL 3. */
	static const uint8_t kernel[] = { 0x48, 0x0f, 0x07 };
	struct vcpu *vcpu = user_mode();
	struct kvm_sregs sregs;
	struct ucall uc;

	vm_write(vcpu->vm, GUEST_PAGE, kernel, sizeof(kernel));
	/* STAR: kernel CS 8 and SS 16; SYSRET takes CS from bits 63:48 plus 16, SS from plus 8. */
	ASSERT_EQ(1, vcpu_try_set_msr(vcpu, 0xc0000081, 0x001b000800000000));
	ASSERT_EQ(1, vcpu_try_set_msr(vcpu, 0xc0000082, GUEST_PAGE));
	ASSERT_EQ(1, vcpu_try_set_msr(vcpu, 0xc0000084, RFLAGS_IF));
	place(vcpu, (const uint8_t *)"\x0f\x05", 2, RFLAGS_IF);
	ASSERT_EQ(UCALL_TRAP, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(6, uc.arg[0]);
	EXPECT_EQ(USER_CODE + 2, uc.arg[2]);
	EXPECT_TRUE(vm_shared(vcpu->vm)->trap.rflags & RFLAGS_IF);
	vcpu_sregs(vcpu, &sregs);
	EXPECT_EQ(0, sregs.cs.selector & 3);	/* now in the handler */
}

TEST_HARNESS_MAIN
