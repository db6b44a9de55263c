// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware task switches: JMP, CALL with IRET, and a task gate, as the CPU does them or leaves them
 * to the hypervisor, and again with every one of the instructions emulated by force.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"

/* ucall registers are edi, esi, edx, ecx. */
#define SAY		"movl $2, %edi\n outb %al, $0xe5\n"
#define FORCED		".byte 0x0f, 0x0b, 0x6b, 0x76, 0x6d\n"

/* The program's own tables, at fixed addresses. */
#define TEST_GDT	0x10000
#define TEST_IDT	0x10800
#define TSS_A		0x11000
#define TSS_B		0x11100
#define SEL_A		0x18
#define SEL_B		0x20

/*
 * Task A, behind label 1, switches to B, at label 3, three times; B says what it finds, and comes
 * back by JMP, IRET and IRET.
 * esi is a register that a task keeps to itself.
 */
#define PROGRAM(name, force)								\
	GUEST_BLOB(name, 32,								\
		"lgdt 0x10f00\n lidt 0x10f08\n ljmp $8, $1f - " #name " + 0x8000\n"	\
		"1: movl $0x10, %eax\n movl %eax, %ds\n movl %eax, %es\n"		\
		"movl %eax, %ss\n movl $0x18, %eax\n ltr %ax\n"				\
		"movl $0xa, %esi\n movl $3f - " #name " + 0x8000, 0x11120\n"		\
		force "ljmp $0x20, $0\n"						\
		"xorl %edx, %edx\n str %dx\n smsw %ecx\n" SAY				\
		force "lcall $0x20, $0\n"						\
		"pushfl\n popl %edx\n xorl %ecx, %ecx\n" SAY				\
		force "int $0x30\n"							\
		"xorl %edx, %edx\n str %dx\n" SAY					\
		"3: incl %esi\n pushfl\n popl %edx\n movzwl 0x11100, %ecx\n" SAY		\
		force "ljmp $0x18, $0\n"						\
		"2: incl %esi\n pushfl\n popl %edx\n movzwl 0x11100, %ecx\n" SAY		\
		force "iretl\n"								\
		"jmp 2b\n")

PROGRAM(plain, "");
PROGRAM(forced, FORCED);

static void put(struct vm *vm, uint64_t at, uint64_t value, size_t len)
{
	vm_write(vm, at, &value, len);
}

static void tables(struct vm *vm)
{
	static const uint64_t gdt[] = {
		0, 0x00cf9b000000ffff, 0x00cf93000000ffff,
		0x0000890000000067 | (uint64_t)TSS_A << 16,
		0x0000890000000067 | (uint64_t)TSS_B << 16,
	};

	vm_write(vm, TEST_GDT, gdt, sizeof(gdt));
	put(vm, TEST_IDT + 0x30 * 8, 0x0000850000000000 | SEL_B << 16, 8);
	put(vm, 0x10f00, sizeof(gdt) - 1, 2);
	put(vm, 0x10f02, TEST_GDT, 4);
	put(vm, 0x10f08, 0x31 * 8 - 1, 2);
	put(vm, 0x10f0a, TEST_IDT, 4);
	put(vm, TSS_B + 0x24, 2, 4);
	put(vm, TSS_B + 0x38, 0x6000, 4);
	put(vm, TSS_B + 0x40, 0xb0, 4);
	put(vm, TSS_B + 0x48, 0x10, 4);
	put(vm, TSS_B + 0x4c, 8, 4);
	put(vm, TSS_B + 0x50, 0x10, 4);
	put(vm, TSS_B + 0x54, 0x10, 4);
}

#define NT	(1u << 14)

static void check(struct __test_metadata *_metadata, struct vm *vm, struct vcpu *vcpu)
{
	struct ucall uc;

	tables(vm);
	vcpu_mode_prot32(vcpu, GUEST_BLOB_AT);

	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));	/* B, by JMP: not nested */
	EXPECT_EQ(0xb1, uc.arg[0]);
	EXPECT_EQ(0, uc.arg[1] & NT);
	EXPECT_EQ(0, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));	/* A again */
	EXPECT_EQ(0xa, uc.arg[0]);
	EXPECT_EQ(SEL_A, uc.arg[1]);
	EXPECT_EQ(8, uc.arg[2] & 8);			/* CR0.TS */
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));	/* B, by CALL */
	EXPECT_EQ(0xb2, uc.arg[0]);
	EXPECT_EQ(NT, uc.arg[1] & NT);
	EXPECT_EQ(SEL_A, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));	/* A, by IRET */
	EXPECT_EQ(0xa, uc.arg[0]);
	EXPECT_EQ(0, uc.arg[1] & NT);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));	/* B, through the gate */
	EXPECT_EQ(0xb3, uc.arg[0]);
	EXPECT_EQ(NT, uc.arg[1] & NT);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));	/* A, behind its INT */
	EXPECT_EQ(0xa, uc.arg[0]);
	EXPECT_EQ(SEL_A, uc.arg[1]);
	EXPECT_EQ(0x8b, vm->mem[TEST_GDT + SEL_A + 5]);
	EXPECT_EQ(0x89, vm->mem[TEST_GDT + SEL_B + 5]);
}

TEST(by_the_cpu)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);

	if (host_is("svm-bochs"))
		SKIP(return, "Bochs does not tell that an INT n began the switch: it comes again");
	/* TCG's load CR3 as the TSS has it, which without nested paging is the host's memory. */
	if (host_is_tcg() && !nested_paging())
		SKIP(return, "TCG does not intercept task switches");
	vm_load(vm, GUEST_BLOB_AT, plain);
	check(_metadata, vm, vcpu);
}

TEST(by_the_emulator)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);

	if (!set_kvm_parameter("force_emulation_prefix", "1"))
		SKIP(return, "force_emulation_prefix cannot be set: run as root");
	vm_load(vm, GUEST_BLOB_AT, forced);
	check(_metadata, vm, vcpu);
	set_kvm_parameter("force_emulation_prefix", "0");
}

TEST_HARNESS_MAIN
