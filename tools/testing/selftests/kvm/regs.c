// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET/SET_REGS, SREGS and SREGS2: round trips, what the guest sees, and refused values.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

TEST(regs_round_trip)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_regs set, get;
	uint64_t *word = (uint64_t *)&set;
	unsigned int i;

	for (i = 0; i < sizeof(set) / 8; i++)
		word[i] = 0x1111111111111111 * (i % 15 + 1);
	set.rip = 0xffffffff81234567;
	set.rflags = RFLAGS_FIXED | RFLAGS_IF | BIT64(0) | BIT64(10);
	vcpu_set_regs(vcpu, &set);
	vcpu_regs(vcpu, &get);
	EXPECT_EQ(0, memcmp(&set, &get, sizeof(set)));
	/* RFLAGS bit 1 is always one. */
	set.rflags = 0;
	vcpu_set_regs(vcpu, &set);
	vcpu_regs(vcpu, &get);
	EXPECT_EQ(RFLAGS_FIXED, get.rflags);
}

/* Every register is loaded by the host and stored by the guest. */
GUEST_BLOB(store_all, 64,
	"mov %rax, 0x200000\n mov %rbx, 0x200008\n mov %rcx, 0x200010\n mov %rdx, 0x200018\n"
	"mov %rsi, 0x200020\n mov %rdi, 0x200028\n mov %rsp, 0x200030\n mov %rbp, 0x200038\n"
	"mov %r8, 0x200040\n mov %r9, 0x200048\n mov %r10, 0x200050\n mov %r11, 0x200058\n"
	"mov %r12, 0x200060\n mov %r13, 0x200068\n mov %r14, 0x200070\n mov %r15, 0x200078\n"
	"not %rax\n not %rbx\n not %rcx\n not %rdx\n not %rsi\n not %rdi\n not %rbp\n"
	"not %r8\n not %r9\n not %r10\n not %r11\n not %r12\n not %r13\n not %r14\n not %r15\n"
	"hlt\n");

TEST(guest_has_the_registers)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_regs set, get;
	uint64_t *seen = (uint64_t *)(vm->mem + GUEST_DATA);
	uint64_t *want = (uint64_t *)&set, *back = (uint64_t *)&get;
	unsigned int i;

	vcpu_mode_long(vcpu, GUEST_BLOB_AT);
	vm_load(vm, GUEST_BLOB_AT, store_all);
	for (i = 0; i < 16; i++)
		want[i] = 0x0123456789abcdef * (i + 1);
	set.rsp = GUEST_STACK;
	set.rip = GUEST_BLOB_AT;
	set.rflags = RFLAGS_FIXED;
	vcpu_set_regs(vcpu, &set);
	ASSERT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
	vcpu_regs(vcpu, &get);
	for (i = 0; i < 16; i++) {
		EXPECT_EQ(want[i], seen[i])
			TH_LOG("register %u into the guest", i);
		EXPECT_EQ(&want[i] == (uint64_t *)&set.rsp ? want[i] : ~want[i], back[i])
			TH_LOG("register %u out of the guest", i);
	}
	EXPECT_EQ(GUEST_BLOB_AT + (store_all_end - store_all), get.rip);
}

TEST(sregs_round_trip)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_sregs set, get;

	vcpu_mode_long(vcpu, GUEST_TEXT);
	vcpu_sregs(vcpu, &set);
	set.cr2 = 0xffff800012345678;
	set.cr8 = 7;
	set.cr4 |= 0x7ff;	/* VME to OSXMMEXCPT: no CPUID bit need say that they are there */
	set.fs.base = 0x00007fff12345000;
	set.gs.base = 0xffff888000001000;
	set.idt.limit = 0x123;
	set.gdt.limit = 0x3f;
	vcpu_set_sregs(vcpu, &set);
	vcpu_sregs(vcpu, &get);
	EXPECT_EQ(0, memcmp(&set, &get, sizeof(set)));
	vcpu_set_sregs(vcpu, &get);
	vcpu_sregs(vcpu, &set);
	EXPECT_EQ(0, memcmp(&set, &get, sizeof(set)));
}

/* What hardware would refuse to run (APM2 15.5.1), one field each. */
static void spoil_sregs(struct kvm_sregs *sregs, unsigned int how)
{
	switch (how) {
	case 0:	/* long mode without PAE */
		sregs->cr4 &= ~CR4_PAE;
		break;
	case 1:	/* LMA without LME */
		sregs->efer &= ~EFER_LME;
		break;
	case 2:	/* a reserved CR4 bit */
		sregs->cr4 |= BIT64(31);
		break;
	case 3:	/* LMA without paging */
		sregs->cr0 &= ~CR0_PG;
		break;
	case 4:	/* CR3 beyond 52 bits */
		sregs->cr3 |= BIT64(60);
		break;
	case 5:	/* CS both 64-bit and 32-bit; in-tree takes it */
		sregs->cs.db = 1;
		break;
	case 6:	/* a reserved EFER bit; in-tree takes it */
		sregs->efer |= BIT64(60);
		break;
	}
}

TEST(sregs_bad_values_change_nothing)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_sregs good, bad, after;
	unsigned int i;

	vcpu_mode_long(vcpu, GUEST_TEXT);
	vcpu_sregs(vcpu, &good);
	for (i = 0; i < 7; i++) {
		int err;

		bad = good;
		bad.cr2 = 0x1234567;
		spoil_sregs(&bad, i);
		err = kvm_errno(vcpu->fd, KVM_SET_SREGS, &bad);
		if (i >= 5 && !err) {
			vcpu_set_sregs(vcpu, &good);
			continue;
		}
		EXPECT_EQ(EINVAL, err)
			TH_LOG("case %u", i);
		vcpu_sregs(vcpu, &after);
		EXPECT_EQ(0, memcmp(&good, &after, sizeof(good)))
			TH_LOG("case %u changed state", i);
	}
}

TEST(pointers)
{
	static const unsigned long requests[] = {
		KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_SET_SREGS,
	};
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(requests); i++) {
		EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, requests[i], BAD_POINTER));
		EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, requests[i], 0));
	}
}

TEST(pending_interrupt_in_sregs)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_sregs sregs, get;

	vcpu_mode_long(vcpu, GUEST_TEXT);
	vcpu_sregs(vcpu, &sregs);
	EXPECT_EQ(0, sregs.interrupt_bitmap[0] | sregs.interrupt_bitmap[1] |
		  sregs.interrupt_bitmap[2] | sregs.interrupt_bitmap[3]);
	sregs.interrupt_bitmap[1] = BIT64(5);
	vcpu_set_sregs(vcpu, &sregs);
	vcpu_sregs(vcpu, &get);
	EXPECT_EQ(BIT64(5), get.interrupt_bitmap[1]);
}

TEST(sregs2_agrees_with_sregs)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_sregs2 two, again;
	struct kvm_sregs one;

	if (!kvm_cap(vcpu->vm->fd, KVM_CAP_SREGS2))
		SKIP(return, "KVM_CAP_SREGS2 is not claimed");
	vcpu_mode_long(vcpu, GUEST_TEXT);
	vcpu_sregs(vcpu, &one);
	kvm_do(vcpu->fd, KVM_GET_SREGS2, &two);
	EXPECT_EQ(0, memcmp(&one.cs, &two.cs, sizeof(one.cs)));
	EXPECT_EQ(0, memcmp(&one.idt, &two.idt, sizeof(one.idt)));
	EXPECT_EQ(one.cr0, two.cr0);
	EXPECT_EQ(one.cr3, two.cr3);
	EXPECT_EQ(one.cr4, two.cr4);
	EXPECT_EQ(one.efer, two.efer);
	two.cr2 = 0x7654000;
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_SREGS2, &two));
	kvm_do(vcpu->fd, KVM_GET_SREGS2, &again);
	EXPECT_EQ(0x7654000, again.cr2);
	two.flags = BIT64(40);
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_SET_SREGS2, &two));
}

TEST(pae_pdptrs_by_sregs2)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_sregs2 regs;

	if (!kvm_cap(vcpu->vm->fd, KVM_CAP_SREGS2))
		SKIP(return, "KVM_CAP_SREGS2 is not claimed");
	vcpu_mode_pae(vcpu, GUEST_BLOB_AT);
	kvm_do(vcpu->fd, KVM_GET_SREGS2, &regs);
	if (!(regs.flags & KVM_SREGS2_FLAGS_PDPTRS_VALID))
		SKIP(return, "with nested paging the hardware reads the PDPTRs itself");
	EXPECT_TRUE(regs.pdptrs[0] & PTE_P);
	EXPECT_TRUE(regs.pdptrs[3] & PTE_P);
}

TEST_HARNESS_MAIN
