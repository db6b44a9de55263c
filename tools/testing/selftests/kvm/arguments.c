// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every ioctl that takes a pointer refuses one that it cannot read or write, and a vCPU that was
 * thrown rubbish still runs.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define REQUEST(r)	{ r, #r }

struct request {
	unsigned long number;
	const char *name;
};

static void all_fault(struct __test_metadata *_metadata, int fd, const struct request *list,
		      unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		int err = kvm_errno(fd, list[i].number, BAD_POINTER);

		/* What is not there at all is another test's matter. */
		if (err == ENOTTY || err == EINVAL)
			err = kvm_errno(fd, list[i].number, 0) == err ? EFAULT : err;
		EXPECT_EQ(EFAULT, err)
			TH_LOG("%s", list[i].name);
	}
}

TEST(system_pointers)
{
	static const struct request list[] = {
		REQUEST(KVM_GET_MSR_INDEX_LIST), REQUEST(KVM_GET_MSR_FEATURE_INDEX_LIST),
		REQUEST(KVM_GET_SUPPORTED_CPUID), REQUEST(KVM_GET_EMULATED_CPUID),
		REQUEST(KVM_GET_MSRS),
	};

	all_fault(_metadata, kvm_open(), list, ARRAY_LEN(list));
}

TEST(vm_pointers)
{
	static const struct request list[] = {
		REQUEST(KVM_SET_USER_MEMORY_REGION), REQUEST(KVM_GET_DIRTY_LOG),
		REQUEST(KVM_REGISTER_COALESCED_MMIO), REQUEST(KVM_UNREGISTER_COALESCED_MMIO),
		REQUEST(KVM_IOEVENTFD), REQUEST(KVM_IRQFD), REQUEST(KVM_ENABLE_CAP),
		REQUEST(KVM_GET_CLOCK), REQUEST(KVM_SET_CLOCK), REQUEST(KVM_SET_IDENTITY_MAP_ADDR),
		REQUEST(KVM_CREATE_DEVICE),
	};

	all_fault(_metadata, vm_bare()->fd, list, ARRAY_LEN(list));
}

TEST(vcpu_pointers)
{
	static const struct request list[] = {
		REQUEST(KVM_GET_REGS), REQUEST(KVM_SET_REGS), REQUEST(KVM_GET_SREGS),
		REQUEST(KVM_SET_SREGS), REQUEST(KVM_GET_SREGS2), REQUEST(KVM_SET_SREGS2),
		REQUEST(KVM_GET_FPU), REQUEST(KVM_SET_FPU), REQUEST(KVM_GET_XSAVE),
		REQUEST(KVM_SET_XSAVE), REQUEST(KVM_GET_XCRS), REQUEST(KVM_SET_XCRS),
		REQUEST(KVM_GET_DEBUGREGS), REQUEST(KVM_SET_DEBUGREGS), REQUEST(KVM_GET_MSRS),
		REQUEST(KVM_SET_MSRS), REQUEST(KVM_SET_CPUID2), REQUEST(KVM_GET_CPUID2),
		REQUEST(KVM_GET_MP_STATE), REQUEST(KVM_SET_MP_STATE), REQUEST(KVM_GET_VCPU_EVENTS),
		REQUEST(KVM_SET_VCPU_EVENTS), REQUEST(KVM_INTERRUPT), REQUEST(KVM_TRANSLATE),
		REQUEST(KVM_SET_GUEST_DEBUG), REQUEST(KVM_SET_SIGNAL_MASK),
	};
	struct vcpu *vcpu = vcpu_new(vm_bare(), 0);

	all_fault(_metadata, vcpu->fd, list, ARRAY_LEN(list));
}

TEST(run_takes_no_argument)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_RUN, 1));
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_RUN, BAD_POINTER));
}

__guest static void say_done(void)
{
	guest_done();
}

/* A small generator, so that a failure repeats. */
static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state ^ *state >> 29;
}

TEST(rubbish_is_survived)
{
	static const unsigned long requests[] = {
		KVM_SET_SREGS, KVM_SET_FPU, KVM_SET_XSAVE, KVM_SET_XCRS, KVM_SET_DEBUGREGS,
		KVM_SET_MSRS, KVM_SET_CPUID2, KVM_SET_MP_STATE, KVM_SET_VCPU_EVENTS,
		KVM_INTERRUPT, KVM_TRANSLATE, KVM_SET_GUEST_DEBUG, KVM_SET_REGS, KVM_RUN,
	};
	static uint64_t junk[2048];
	uint64_t seed = 0x5eed;
	struct vcpu *vcpu;
	struct ucall uc;
	int turn, i;

	for (turn = 0; turn < 60; turn++) {
		struct vm *vm = vm_new();

		vcpu = vcpu_new(vm, 0);
		vcpu->run->immediate_exit = turn & 1;
		for (i = 0; i < 16; i++) {
			unsigned long request = requests[next_random(&seed) % ARRAY_LEN(requests)];
			unsigned int n;

			/* Sparse junk gets past the first check more often than dense. */
			for (n = 0; n < ARRAY_LEN(junk); n++)
				junk[n] = next_random(&seed) % 8 ? 0 : next_random(&seed);
			if (request == KVM_SET_CPUID2 || request == KVM_SET_MSRS)
				*(uint32_t *)junk %= 64;
			if (request == KVM_RUN) {
				vcpu->run->immediate_exit = 1;
				kvm_errno(vcpu->fd, KVM_RUN, 0);
			} else {
				kvm_errno(vcpu->fd, request, junk);
			}
		}
		vcpu_free(vcpu);
		vm_free(vm);
	}
	vcpu = vcpu_new(vm_new(), 0);
	vcpu_enter(vcpu, say_done);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

TEST_HARNESS_MAIN
