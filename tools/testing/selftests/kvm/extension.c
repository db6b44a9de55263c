// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CHECK_EXTENSION tells the truth: each capability claimed is tried by the ioctl behind it,
 * and one not claimed is refused. Unknown numbers answer 0.
 */
#include <sys/eventfd.h>

#include "kselftest_harness.h"
#include "kvm_test.h"

static int try_vcpu(struct vcpu *vcpu, unsigned long request)
{
	static uint64_t buffer[2048];

	memset(buffer, 0, sizeof(buffer));
	return kvm_errno(vcpu->fd, request, buffer);
}

static int try_vm(struct vm *vm, unsigned long request)
{
	static uint64_t buffer[2048];

	memset(buffer, 0, sizeof(buffer));
	return kvm_errno(vm->fd, request, buffer);
}

/* A capability and the reading ioctl that proves it. */
static const struct {
	const char *name;
	long cap;
	unsigned long request;
	bool on_vm;
} proofs[] = {
	{ "MP_STATE", KVM_CAP_MP_STATE, KVM_GET_MP_STATE, false },
	{ "VCPU_EVENTS", KVM_CAP_VCPU_EVENTS, KVM_GET_VCPU_EVENTS, false },
	{ "DEBUGREGS", KVM_CAP_DEBUGREGS, KVM_GET_DEBUGREGS, false },
	{ "XSAVE", KVM_CAP_XSAVE, KVM_GET_XSAVE, false },
	{ "XCRS", KVM_CAP_XCRS, KVM_GET_XCRS, false },
	{ "SREGS2", KVM_CAP_SREGS2, KVM_GET_SREGS2, false },
	{ "XSAVE2", KVM_CAP_XSAVE2, KVM_GET_XSAVE2, false },
	{ "ADJUST_CLOCK", KVM_CAP_ADJUST_CLOCK, KVM_GET_CLOCK, true },
	{ "SET_TSS_ADDR", KVM_CAP_SET_TSS_ADDR, KVM_SET_TSS_ADDR, true },
	{ "USER_NMI", KVM_CAP_USER_NMI, KVM_NMI, false },
	{ "BINARY_STATS_FD", KVM_CAP_BINARY_STATS_FD, KVM_GET_STATS_FD, true },
};

TEST(claimed_capabilities_work_and_others_do_not)
{
	struct vm *vm = vm_bare();
	struct vcpu *vcpu = vcpu_bare(vm, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(proofs); i++) {
		int claimed = kvm_cap(vm->fd, proofs[i].cap);
		int err = proofs[i].on_vm ? try_vm(vm, proofs[i].request) :
					    try_vcpu(vcpu, proofs[i].request);

		if (claimed) {
			EXPECT_EQ(0, err)
				TH_LOG("KVM_CAP_%s is claimed, its ioctl fails", proofs[i].name);
		} else {
			EXPECT_NE(0, err)
				TH_LOG("KVM_CAP_%s is not claimed, its ioctl works",
				       proofs[i].name);
		}
	}
}

TEST(what_every_vmm_requires)
{
	/* The common floor of QEMU, kvmtool, Firecracker and Cloud Hypervisor without irqchip. */
	static const long caps[] = {
		KVM_CAP_USER_MEMORY, KVM_CAP_SET_TSS_ADDR, KVM_CAP_EXT_CPUID, KVM_CAP_NR_MEMSLOTS,
		KVM_CAP_MP_STATE, KVM_CAP_VCPU_EVENTS, KVM_CAP_XSAVE, KVM_CAP_DEBUGREGS,
		KVM_CAP_XCRS, KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
		KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, KVM_CAP_INTERNAL_ERROR_DATA, KVM_CAP_HLT,
		KVM_CAP_IMMEDIATE_EXIT, KVM_CAP_SYNC_MMU, KVM_CAP_NR_VCPUS, KVM_CAP_MAX_VCPUS,
		KVM_CAP_MAX_VCPU_ID, KVM_CAP_SET_GUEST_DEBUG, KVM_CAP_CHECK_EXTENSION_VM,
		KVM_CAP_X86_ROBUST_SINGLESTEP,
	};
	int dev = kvm_open();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(caps); i++) {
		EXPECT_GT(kvm_cap(dev, caps[i]), 0)
			TH_LOG("capability %ld", caps[i]);
	}
}

TEST(numbers_are_sensible)
{
	int dev = kvm_open();

	EXPECT_GE(kvm_cap(dev, KVM_CAP_NR_MEMSLOTS), 509);
	EXPECT_GE(kvm_cap(dev, KVM_CAP_MAX_VCPUS), kvm_cap(dev, KVM_CAP_NR_VCPUS));
	EXPECT_GE(kvm_cap(dev, KVM_CAP_MAX_VCPU_ID), kvm_cap(dev, KVM_CAP_MAX_VCPUS));
	if (kvm_cap(dev, KVM_CAP_XSAVE2)) {
		EXPECT_GE(kvm_cap(dev, KVM_CAP_XSAVE2), 4096);
	}
	if (kvm_cap(dev, KVM_CAP_COALESCED_MMIO)) {
		EXPECT_EQ(KVM_COALESCED_MMIO_PAGE_OFFSET, kvm_cap(dev, KVM_CAP_COALESCED_MMIO));
	}
}

TEST(unknown_numbers_answer_zero)
{
	static const long unknown[] = { 1000, 0x7fffffff, 0x80000000L, 0x100000000L, -1L };
	struct vm *vm = vm_bare();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(unknown); i++) {
		EXPECT_EQ(0, kvm_cap(vm->dev, unknown[i]));
		EXPECT_EQ(0, kvm_cap(vm->fd, unknown[i]));
	}
}

TEST(capabilities_of_other_architectures_answer_zero)
{
	static const long foreign[] = {
		/* by number: our own <linux/kvm.h> has x86's names alone */
		67 /* PPC_HIOR */, 68 /* PPC_PAPR */, 42 /* S390_PSW */, 73 /* S390_UCONTROL */,
		87 /* ARM_PSCI */, 165 /* ARM_VM_IPA_SIZE */, 111 /* MIPS_FPU */, 137 /* MIPS_VZ */,
	};
	int dev = kvm_open();
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(foreign); i++) {
		EXPECT_EQ(0, kvm_cap(dev, foreign[i]));
	}
}

TEST(irqchip_claim_is_true)
{
	struct vm *vm = vm_bare();
	int claimed = kvm_cap(vm->fd, KVM_CAP_IRQCHIP);
	int err = kvm_errno(vm->fd, KVM_CREATE_IRQCHIP, 0);

	EXPECT_EQ(!claimed, err != 0);
}

TEST(ioeventfd_claim_is_true)
{
	struct vm *vm = vm_bare();
	struct kvm_ioeventfd io = {
		.addr = 0x600, .len = 4, .fd = eventfd(0, 0), .flags = KVM_IOEVENTFD_FLAG_PIO,
	};
	int claimed = kvm_cap(vm->fd, KVM_CAP_IOEVENTFD);
	int err = kvm_errno(vm->fd, KVM_IOEVENTFD, &io);

	EXPECT_EQ(!claimed, err != 0);
}

TEST(readonly_memory_claim_is_true)
{
	struct vm *vm = vm_bare();
	int claimed = kvm_cap(vm->fd, KVM_CAP_READONLY_MEM);
	int err = vm_slot_errno(vm, 0, KVM_MEM_READONLY, 0, SZ_4K, host_pages(SZ_4K));

	EXPECT_EQ(!claimed, err != 0);
}

TEST(routing_without_a_controller_is_refused)
{
	struct vm *vm = vm_bare();
	struct kvm_irq_routing routing = { .nr = 0 };

	/* Claimed for stock QEMU's sake; there is nothing to route to before KVM_CREATE_IRQCHIP. */
	EXPECT_GT(kvm_cap(vm->fd, KVM_CAP_IRQ_ROUTING), 0);
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_SET_GSI_ROUTING, &routing));
}

TEST(exit_on_emulation_failure_bounds)
{
	struct vm *vm = vm_bare();
	struct kvm_enable_cap cap = { .cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE };

	if (!kvm_cap(vm->fd, KVM_CAP_EXIT_ON_EMULATION_FAILURE))
		SKIP(return, "KVM_CAP_EXIT_ON_EMULATION_FAILURE is not claimed");
	cap.args[0] = 2;
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap));
	cap.args[0] = 1;
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap));
	cap.flags = 1;
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap));
}

TEST(guest_debug_bits_are_taken)
{
	uint32_t bits = (uint32_t)kvm_cap(kvm_open(), KVM_CAP_SET_GUEST_DEBUG2), bit;

	EXPECT_EQ(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
		  bits & (KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP));
	for (bit = 0; bit < 32; bit++) {
		struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | 1u << bit };
		struct vcpu *vcpu;

		/* In-tree takes bits that it does not name, on every host. */
		if (!(bits & 1u << bit) && kvm_is_in_tree())
			continue;
		/* A new vCPU each, for an exception still on its way is EBUSY. */
		vcpu = vcpu_new(vm_bare(), 0);
		EXPECT_EQ(bits & 1u << bit ? 0 : EINVAL,
			  kvm_errno(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug))
			TH_LOG("control bit %u", bit);
	}
}

TEST(unknown_enable_cap_is_refused)
{
	struct vm *vm = vm_bare();
	struct kvm_enable_cap cap = { .cap = 0x7ffffff0 };

	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_ENABLE_CAP, BAD_POINTER));
}

TEST_HARNESS_MAIN
