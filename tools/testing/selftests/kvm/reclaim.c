// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables that are bounded (KVM_SET_NR_MMU_PAGES), given back to the host when it is short of
 * memory, and no code in huge pages where a CPU cannot have that (nx_huge_pages).
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define SLOT_GPA	0x40000000UL
#define SLOT_SIZE	(512UL << 20)
#define STEP		SZ_2M
#define TOUCHES		(SLOT_SIZE / STEP)

/* Touches a page in each 2 MiB, which needs a table each; adds one to what is there. */
__guest static void touch_sparsely(void)
{
	uint64_t i, sum;

	for (;;) {
		for (sum = i = 0; i < TOUCHES; i++)
			sum += ++*(volatile uint64_t *)(SLOT_GPA + i * STEP);
		guest_sync(sum, 0, 0);
	}
}

static struct vcpu *vcpu_touching(struct vm *vm)
{
	struct vcpu *vcpu = vcpu_new(vm, 0);
	void *mem = host_pages(SLOT_SIZE);

	madvise(mem, SLOT_SIZE, MADV_NOHUGEPAGE);
	vm_slot(vm, 1, 0, SLOT_GPA, SLOT_SIZE, mem);
	vcpu_enter(vcpu, touch_sparsely);
	return vcpu;
}

TEST(page_tables_are_bounded)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu;
	struct ucall uc;
	uint64_t turn;

	if (!kvm_cap(vm->fd, KVM_CAP_MMU_SHADOW_CACHE_CONTROL))
		SKIP(return, "KVM_CAP_MMU_SHADOW_CACHE_CONTROL is not claimed");
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_SET_NR_MMU_PAGES, 63));
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_SET_NR_MMU_PAGES, 0));
	vcpu = vcpu_touching(vm);
	EXPECT_LE(TOUCHES, kvm_do(vm->fd, KVM_GET_NR_MMU_PAGES, 0));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(TOUCHES, uc.arg[0]);
	if (vm_stat(vm, "page_table_pages") >= 0)
		EXPECT_LE(TOUCHES, vm_stat(vm, "page_table_pages"));
	/* Lowered below what there is: at once, and it stays so while the guest works. */
	ASSERT_EQ(0, kvm_errno(vm->fd, KVM_SET_NR_MMU_PAGES, 64));
	EXPECT_EQ(64, kvm_do(vm->fd, KVM_GET_NR_MMU_PAGES, 0));
	EXPECT_GE(64, vm_stat(vm, "page_table_pages"));
	for (turn = 2; turn < 6; turn++) {
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		EXPECT_EQ(turn * TOUCHES, uc.arg[0]);
		EXPECT_GE(64 + 4, vm_stat(vm, "page_table_pages"));
	}
}

TEST(the_host_gets_page_tables_back)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_touching(vm);
	struct ucall uc;
	unsigned int i;
	long before;

	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	before = vm_stat(vm, "page_table_pages");
	if (before < 0 || kvm_is_in_tree())
		SKIP(return, "no debugfs, or in-tree, which keeps them");
	/* What a host short of memory does: ask all caches (sysctl/vm.rst, drop_caches). */
	for (i = 0; i < 20 && vm_stat(vm, "page_table_pages") >= before; i++) {
		if (!write_file("/proc/sys/vm/drop_caches", "2"))
			SKIP(return, "drop_caches: %s", strerror(errno));
	}
	EXPECT_GT(before, vm_stat(vm, "page_table_pages"));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2 * TOUCHES, uc.arg[0]);
	EXPECT_LE(before, vm_stat(vm, "page_table_pages"));
}

/* ---- nx_huge_pages ---- */

#define PARAM(name)	"/sys/module/kvm/parameters/" name

/* Calls the code at SLOT_GPA + 8 KiB (a RET) when told so, and reads beside it. */
__guest static void run_there(void)
{
	for (;;) {
		if (shared->word[0])
			__asm__ volatile("call *%0" : : "r" (SLOT_GPA + 0x2000) : "memory");
		(void)*(volatile uint64_t *)(SLOT_GPA + SZ_64K);
		guest_sync(0, 0, 0);
	}
}

FIXTURE(nx) {
	struct vm *vm;
	struct vcpu *vcpu;
	uint8_t *mem;
	char was[8];
};

FIXTURE_SETUP(nx)
{
	int fd = open(PARAM("nx_huge_pages"), O_RDONLY);
	struct ucall uc;

	if (fd < 0 || read(fd, self->was, 1) != 1 ||
	    !write_file(PARAM("nx_huge_pages"), "force"))
		SKIP(return, "no parameter nx_huge_pages");
	close(fd);
	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
	self->mem = host_pages(SZ_2M);
	madvise(self->mem, SZ_2M, MADV_HUGEPAGE);
	memset(self->mem, 0xc3, SZ_2M);
	vm_slot(self->vm, 1, 0, SLOT_GPA, SZ_2M, self->mem);
	vcpu_enter(self->vcpu, run_there);
	vm_shared(self->vm)->word[0] = 0;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	if (vm_stat(self->vm, "pages_2m") <= 0 || vm_stat(self->vm, "nx_lpage_splits") < 0)
		SKIP(return, "the host has no huge page for us, or no debugfs");
}

FIXTURE_TEARDOWN(nx)
{
	write_file(PARAM("nx_huge_pages"), self->was[0] == 'Y' ? "force" : "off");
	write_file(PARAM("nx_huge_pages_recovery_period_ms"), "0");
	write_file(PARAM("nx_huge_pages_recovery_ratio"), "60");
}

TEST_F(nx, code_splits_the_page_and_data_does_not)
{
	long huge = vm_stat(self->vm, "pages_2m"), splits = vm_stat(self->vm, "nx_lpage_splits");
	struct ucall uc;
	unsigned int i;

	if (!self->vcpu || huge <= 0)
		return;
	vm_shared(self->vm)->word[0] = 1;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	EXPECT_EQ(huge - 1, vm_stat(self->vm, "pages_2m"));
	EXPECT_EQ(splits + 1, vm_stat(self->vm, "nx_lpage_splits"));
	/* The split is taken back, and made again when the code runs again. */
	vm_shared(self->vm)->word[0] = 0;
	ASSERT_TRUE(write_file(PARAM("nx_huge_pages_recovery_ratio"), "1"));
	ASSERT_TRUE(write_file(PARAM("nx_huge_pages_recovery_period_ms"), "20"));
	for (i = 0; i < 500 && vm_stat(self->vm, "nx_lpage_splits"); i++)
		usleep(20000);
	EXPECT_EQ(0, vm_stat(self->vm, "nx_lpage_splits"));
	ASSERT_TRUE(write_file(PARAM("nx_huge_pages_recovery_ratio"), "0"));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	EXPECT_LE(1, vm_stat(self->vm, "pages_2m"));
	vm_shared(self->vm)->word[0] = 1;
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	EXPECT_LE(1, vm_stat(self->vm, "nx_lpage_splits"));
	/* Off: huge and executable. */
	ASSERT_TRUE(write_file(PARAM("nx_huge_pages"), "off"));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &uc));
	EXPECT_LE(1, vm_stat(self->vm, "pages_2m"));
	EXPECT_EQ(0, vm_stat(self->vm, "nx_lpage_splits"));
}

TEST(nx_can_be_off_for_a_vm)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_VM_DISABLE_NX_HUGE_PAGES };
	struct vm *vm = vm_new();

	if (!kvm_cap(vm->fd, KVM_CAP_VM_DISABLE_NX_HUGE_PAGES))
		SKIP(return, "KVM_CAP_VM_DISABLE_NX_HUGE_PAGES is not claimed");
	cap.args[0] = 1;
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap));
	cap.args[0] = 0;
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap));
	vcpu_bare(vm, 0);
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap));
}

TEST_HARNESS_MAIN
