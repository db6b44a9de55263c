// SPDX-License-Identifier: GPL-2.0-only
/*
 * One small program per operating mode, checking that arithmetic, addressing and the stack are
 * that mode's, and the way from real mode to long mode taken by the guest itself.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

/* The common end of each blob: ucall registers are edi, esi, edx, ecx. */
#define SAY	"outb %al, $0xe5\n"

FIXTURE(mode) {
	struct vm *vm;
	struct vcpu *vcpu;
	struct ucall uc;
};

FIXTURE_SETUP(mode)
{
	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
}

FIXTURE_TEARDOWN(mode)
{
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

GUEST_BLOB(real, 16,
	"mov $0x1234, %ax\n push %ax\n pop %si\n"
	"mov $0x2000, %bx\n mov %bx, %es\n mov $0x55aa, %ax\n mov %ax, %es:0x10\n"
	"mov $0xffff, %dx\n inc %dx\n"
	"smsw %cx\n"
	"mov $2, %edi\n" SAY);

TEST_F(mode, real)
{
	uint16_t word;

	vm_load(self->vm, GUEST_BLOB_AT, real);
	vcpu_mode_real(self->vcpu, GUEST_BLOB_AT);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	EXPECT_EQ(0x1234, self->uc.arg[0] & 0xffff);
	EXPECT_EQ(0, self->uc.arg[1] & 0xffff);
	EXPECT_FALSE(self->uc.arg[2] & CR0_PE);
	memcpy(&word, self->vm->mem + 0x20010, 2);
	EXPECT_EQ(0x55aa, word);
}

/* Vector 0x20 of the table at address 0; IRET comes back. */
GUEST_BLOB(real_int, 16,
	"movw $handler_ - real_int + 0x8000, 0x80\n movw $0, 0x82\n"
	"mov $1, %si\n int $0x20\n add $0x10, %si\n"
	"mov $2, %edi\n" SAY
	"handler_: add $0x100, %si\n iret\n");

TEST_F(mode, real_interrupt)
{
	vm_load(self->vm, GUEST_BLOB_AT, real_int);
	vcpu_mode_real(self->vcpu, GUEST_BLOB_AT);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	EXPECT_EQ(0x111, self->uc.arg[0] & 0xffff);
}

GUEST_BLOB(prot16, 16,
	"mov $0xffff, %si\n add $2, %si\n"
	"smsw %cx\n mov %cs, %dx\n push $0x77\n pop %bx\n"
	"mov $2, %edi\n" SAY);

TEST_F(mode, prot16)
{
	vm_load(self->vm, GUEST_BLOB_AT, prot16);
	vcpu_mode_prot16(self->vcpu, GUEST_BLOB_AT);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	EXPECT_EQ(1, self->uc.arg[0] & 0xffff);
	EXPECT_EQ(SEL_CODE16, self->uc.arg[1] & 0xffff);
	EXPECT_TRUE(self->uc.arg[2] & CR0_PE);
}

/* The same 32-bit program for three modes: it reads CR0 and stores above 64 KiB. */
GUEST_BLOB(prot32, 32,
	"mov $0xffffffff, %esi\n add $3, %esi\n"
	"mov %cr0, %edx\n mov %cr4, %ecx\n"
	"movl $0xfeedface, 0x200123\n"
	"push $0x1234\n pop %ebx\n"
	"mov $2, %edi\n" SAY
	"lgdt (0x500)\n ljmp $0x18, $after_ - prot32 + 0x8000\n"
	"after_: mov $0x10, %eax\n mov %eax, %ds\n mov %eax, %ss\n"
	"mov 0x200123, %esi\n mov $2, %edi\n" SAY);

static void check_prot32(struct __test_metadata *_metadata, struct vm *vm, struct vcpu *vcpu,
			 uint64_t cr0, uint64_t cr4)
{
	const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdtr = { 63, GUEST_GDT };
	struct ucall uc;
	uint32_t word;

	vm_write(vm, 0x500, &gdtr, sizeof(gdtr));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0]);
	EXPECT_EQ(cr0, uc.arg[1] & (CR0_PE | CR0_PG));
	EXPECT_EQ(cr4, uc.arg[2] & (CR4_PAE | CR4_PSE));
	memcpy(&word, vm->mem + 0x200123, 4);
	EXPECT_EQ(0xfeedface, word);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0xfeedface, uc.arg[0]);
}

TEST_F(mode, prot32)
{
	vm_load(self->vm, GUEST_BLOB_AT, prot32);
	vcpu_mode_prot32(self->vcpu, GUEST_BLOB_AT);
	check_prot32(_metadata, self->vm, self->vcpu, CR0_PE, 0);
}

TEST_F(mode, paging32)
{
	vm_load(self->vm, GUEST_BLOB_AT, prot32);
	vcpu_mode_paging32(self->vcpu, GUEST_BLOB_AT);
	check_prot32(_metadata, self->vm, self->vcpu, CR0_PE | CR0_PG, CR4_PSE);
}

TEST_F(mode, pae)
{
	vm_load(self->vm, GUEST_BLOB_AT, prot32);
	vcpu_mode_pae(self->vcpu, GUEST_BLOB_AT);
	check_prot32(_metadata, self->vm, self->vcpu, CR0_PE | CR0_PG, CR4_PAE);
}

/* A page moved by the page table: reads through it give the other page's content. */
GUEST_BLOB(remap, 32, "mov 0x180000, %esi\n mov $2, %edi\n" SAY);

TEST_F(mode, paging32_translates)
{
	uint32_t *table, value = 0xabcd1234;

	vm_load(self->vm, GUEST_BLOB_AT, remap);
	vcpu_mode_paging32(self->vcpu, GUEST_BLOB_AT);
	table = (uint32_t *)vm_pte(self->vm, 0);
	table[GUEST_PAGE / SZ_4K] = 0x190000 | PTE_P | PTE_W;
	vm_write(self->vm, 0x190000, &value, 4);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	EXPECT_EQ(value, self->uc.arg[0]);
	EXPECT_TRUE(table[GUEST_PAGE / SZ_4K] & PTE_A);
}

TEST_F(mode, pae_translates)
{
	uint32_t value = 0x7777aaaa;

	vm_load(self->vm, GUEST_BLOB_AT, remap);
	vcpu_mode_pae(self->vcpu, GUEST_BLOB_AT);
	*vm_pte(self->vm, GUEST_PAGE) = 0x190000 | PTE_P | PTE_W;
	vm_write(self->vm, 0x190000, &value, 4);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	EXPECT_EQ(value, self->uc.arg[0]);
	EXPECT_TRUE(*vm_pte(self->vm, GUEST_PAGE) & PTE_A);
}

__guest static void long_mode(void)
{
	uint64_t cr0, cr4, big = 0xffffffff;

	__asm__ volatile("mov %%cr0, %0" : "=r" (cr0));
	__asm__ volatile("mov %%cr4, %0" : "=r" (cr4));
	__asm__ volatile("addq $1, %0" : "+r" (big));
	guest_sync(cr0, cr4, big);
	guest_sync(guest_rdmsr(0xc0000080), *(volatile uint64_t *)GUEST_PAGE, 0);
	guest_done();
}

static void check_long(struct __test_metadata *_metadata, struct vm *vm, struct vcpu *vcpu,
		       uint64_t la57)
{
	uint64_t value = 0x1122334455667788;
	struct ucall uc;

	*vm_pte(vm, GUEST_PAGE) = 0x190000 | PTE_P | PTE_W;
	vm_write(vm, 0x190000, &value, 8);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(CR0_PE | CR0_PG, uc.arg[0] & (CR0_PE | CR0_PG));
	EXPECT_EQ(CR4_PAE | la57, uc.arg[1] & (CR4_PAE | CR4_LA57));
	EXPECT_EQ(0x100000000, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(EFER_LME | EFER_LMA, uc.arg[0] & (EFER_LME | EFER_LMA));
	EXPECT_EQ(value, uc.arg[1]);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

TEST_F(mode, long4)
{
	vcpu_enter(self->vcpu, long_mode);
	check_long(_metadata, self->vm, self->vcpu, 0);
}

TEST_F(mode, long5)
{
	uint64_t at = guest_addr((const void *)long_mode);
	struct kvm_regs regs;

	if (!vcpu_mode_long5(self->vcpu, at))
		SKIP(return, "LA57 is not in the supported CPUID");
	vcpu_regs(self->vcpu, &regs);
	regs.rsp -= 8;
	vcpu_set_regs(self->vcpu, &regs);
	check_long(_metadata, self->vm, self->vcpu, CR4_LA57);
}

/* From reset-like real mode up to 64-bit code by the guest's own hand (APM2 14.8). */
GUEST_BLOB(climb, 16,
	"cli\n lgdtl 0x500\n"
	"mov %cr0, %eax\n or $1, %eax\n mov %eax, %cr0\n"
	"ljmpl $0x18, $climb32 - climb + 0x8000\n"
	".code32\n"
	"climb32: mov $0x10, %eax\n mov %eax, %ds\n mov %eax, %es\n mov %eax, %ss\n"
	"mov $0x1f0000, %esp\n"
	"mov $0x20, %eax\n mov %eax, %cr4\n"
	"mov $0x30000, %eax\n mov %eax, %cr3\n"
	"mov $0xc0000080, %ecx\n rdmsr\n or $0x100, %eax\n wrmsr\n"
	"mov %cr0, %eax\n or $0x80000000, %eax\n mov %eax, %cr0\n"
	"ljmp $0x08, $climb64 - climb + 0x8000\n"
	".code64\n"
	"climb64: mov $0xc0000080, %ecx\n rdmsr\n mov %rax, %rsi\n"
	"movabs $0x123456789abcdef0, %rdx\n push %rdx\n pop %rcx\n"
	"mov $2, %rdi\n" SAY);

TEST_F(mode, climb_from_real_to_long)
{
	const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdtr = { 63, GUEST_GDT };
	struct kvm_sregs fresh, sregs;

	vcpu_sregs(self->vcpu, &fresh);
	/* Let the library write the tables, then go back to the reset state. */
	vcpu_mode_long(self->vcpu, 0);
	vcpu_set_sregs(self->vcpu, &fresh);
	vm_load(self->vm, GUEST_BLOB_AT, climb);
	vm_write(self->vm, 0x500, &gdtr, sizeof(gdtr));
	vcpu_mode_real(self->vcpu, GUEST_BLOB_AT);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	EXPECT_TRUE(self->uc.arg[0] & EFER_LMA);
	EXPECT_EQ(0x123456789abcdef0, self->uc.arg[1]);
	EXPECT_EQ(0x123456789abcdef0, self->uc.arg[2]);
	vcpu_sregs(self->vcpu, &sregs);
	EXPECT_EQ(1, sregs.cs.l);
	EXPECT_EQ(SEL_CODE64, sregs.cs.selector);
	EXPECT_TRUE(sregs.cr0 & CR0_PG);
	EXPECT_TRUE(sregs.efer & EFER_LMA);
}

/*
 * An instruction pointer of more than 32 bits outside 64-bit mode: VMX refuses the entry (SDM
 * 26.3.1.5), and userspace hears of it; once the state is right, the guest runs.
 */
TEST_F(mode, entry_that_hardware_refuses)
{
	struct kvm_run *run = self->vcpu->run;
	struct kvm_regs regs;
	int i;

	if (access("/sys/module/kvm_intel", F_OK))
		SKIP(return, "SVM has no such check");
	vm_load(self->vm, GUEST_BLOB_AT, prot16);
	vcpu_mode_prot16(self->vcpu, GUEST_BLOB_AT);
	vcpu_regs(self->vcpu, &regs);
	regs.rip |= BIT64(32);
	vcpu_set_regs(self->vcpu, &regs);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(KVM_EXIT_FAIL_ENTRY, vcpu_exit(self->vcpu));
		/* Bit 31: failed; 33: guest state (27.9.1, appendix C). */
		EXPECT_EQ(0x80000021, run->fail_entry.hardware_entry_failure_reason);
	}
	regs.rip = GUEST_BLOB_AT;
	vcpu_set_regs(self->vcpu, &regs);
	EXPECT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
}

TEST_HARNESS_MAIN
