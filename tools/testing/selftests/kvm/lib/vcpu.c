// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs for the test programs: creation with the host's supported CPUID, registers, running.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kvm_test.h"

#define CPUID_MAX	256

/**
 * vcpu_bare() - create a vCPU and map its kvm_run, nothing else set
 * @vm: its VM
 * @id: vCPU id
 *
 * Return: the vCPU; vcpu_free() releases it.
 */
struct vcpu *vcpu_bare(struct vm *vm, unsigned int id)
{
	struct vcpu *vcpu = calloc(1, sizeof(*vcpu));

	if (!vcpu)
		die("out of memory");
	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = (int)kvm_do(vm->fd, KVM_CREATE_VCPU, id);
	vcpu->run_size = (size_t)kvm_do(vm->dev, KVM_GET_VCPU_MMAP_SIZE, 0);
	vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		die("mmap of the vCPU: %s", strerror(errno));
	return vcpu;
}

/**
 * vcpu_new() - create a vCPU that has every CPUID feature the host supports
 * @vm: its VM
 * @id: vCPU id
 *
 * Return: the vCPU; vcpu_free() releases it.
 */
struct vcpu *vcpu_new(struct vm *vm, unsigned int id)
{
	struct vcpu *vcpu = vcpu_bare(vm, id);
	struct kvm_cpuid2 *cpuid = supported_cpuid();

	kvm_do(vcpu->fd, KVM_SET_CPUID2, cpuid);
	free(cpuid);
	return vcpu;
}

/**
 * vcpu_free() - unmap and close a vCPU
 * @vcpu: from vcpu_bare() or vcpu_new()
 */
void vcpu_free(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->run_size);
	close(vcpu->fd);
	free(vcpu);
}

/**
 * supported_cpuid() - what KVM_GET_SUPPORTED_CPUID says
 *
 * Return: an allocated list with nent set; free() it.
 */
struct kvm_cpuid2 *supported_cpuid(void)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) +
					  CPUID_MAX * sizeof(cpuid->entries[0]));
	int dev = kvm_open();

	if (!cpuid)
		die("out of memory");
	cpuid->nent = CPUID_MAX;
	kvm_do(dev, KVM_GET_SUPPORTED_CPUID, cpuid);
	close(dev);
	return cpuid;
}

/**
 * cpuid_find() - look a leaf up
 * @cpuid: the list
 * @function: EAX
 * @index: ECX, where it is significant
 *
 * Return: the entry or NULL.
 */
struct kvm_cpuid_entry2 *cpuid_find(struct kvm_cpuid2 *cpuid, uint32_t function, uint32_t index)
{
	uint32_t i;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == function &&
		    (entry->index == index || !(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX)))
			return entry;
	}
	return NULL;
}

/** vcpu_regs() - KVM_GET_REGS */
void vcpu_regs(struct vcpu *vcpu, struct kvm_regs *regs)
{
	kvm_do(vcpu->fd, KVM_GET_REGS, regs);
}

/** vcpu_set_regs() - KVM_SET_REGS */
void vcpu_set_regs(struct vcpu *vcpu, const struct kvm_regs *regs)
{
	kvm_do(vcpu->fd, KVM_SET_REGS, regs);
}

/** vcpu_sregs() - KVM_GET_SREGS */
void vcpu_sregs(struct vcpu *vcpu, struct kvm_sregs *sregs)
{
	kvm_do(vcpu->fd, KVM_GET_SREGS, sregs);
}

/**
 * vcpu_set_sregs() - KVM_SET_SREGS
 * @vcpu: the vCPU
 * @sregs: the state, with TR's type as KVM_GET_SREGS tells it: a busy TSS (APM2 12.2.2)
 *
 * TCG keeps in TR the type from before LTR, and knows no other: with a busy one it refuses every
 * port in CPL 3 and aborts the whole machine when an exception switches to CPL 0.
 */
void vcpu_set_sregs(struct vcpu *vcpu, const struct kvm_sregs *sregs)
{
	struct kvm_sregs copy = *sregs;

	if (host_is_tcg())
		copy.tr.type &= ~2;
	kvm_do(vcpu->fd, KVM_SET_SREGS, &copy);
}

/**
 * vcpu_exit() - run until the next exit to userspace
 * @vcpu: the vCPU
 *
 * Return: KVM_EXIT_*.
 */
uint32_t vcpu_exit(struct vcpu *vcpu)
{
	kvm_do(vcpu->fd, KVM_RUN, 0);
	return vcpu->run->exit_reason;
}

static void vcpu_describe_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct kvm_regs regs;

	vcpu_regs(vcpu, &regs);
	fprintf(stderr, "# exit reason %u at rip %#llx", run->exit_reason, regs.rip);
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		fprintf(stderr, ": port %#x size %u", run->io.port, run->io.size);
		break;
	case KVM_EXIT_MMIO:
		fprintf(stderr, ": gpa %#llx len %u", run->mmio.phys_addr, run->mmio.len);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		fprintf(stderr, ": suberror %u", run->internal.suberror);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		fprintf(stderr, ": hardware reason %#llx",
			run->fail_entry.hardware_entry_failure_reason);
		break;
	}
	fputc('\n', stderr);
}

/** vcpu_ucall_take() - what the guest says in the exit that its ucall() has made; the command */
uint64_t vcpu_ucall_take(struct vcpu *vcpu, struct ucall *uc)
{
	struct kvm_regs regs;

	if (vcpu->run->exit_reason != KVM_EXIT_IO || vcpu->run->io.port != UCALL_PORT)
		return OTHER_EXIT(vcpu->run->exit_reason);
	vcpu_regs(vcpu, &regs);
	*uc = (struct ucall) { .cmd = regs.rdi, .arg = { regs.rsi, regs.rdx, regs.rcx } };
	return uc->cmd;
}

/**
 * vcpu_ucall() - run until the guest calls ucall()
 * @vcpu: the vCPU
 * @uc: filled with what the guest said
 *
 * Return: the command, or OTHER_EXIT(reason) after describing the exit on stderr.
 */
uint64_t vcpu_ucall(struct vcpu *vcpu, struct ucall *uc)
{
	vcpu_exit(vcpu);
	if (OTHER_EXIT(vcpu->run->exit_reason) == vcpu_ucall_take(vcpu, uc)) {
		vcpu_describe_exit(vcpu);
		return OTHER_EXIT(vcpu->run->exit_reason);
	}
	if (uc->cmd == UCALL_FAIL)
		fprintf(stderr, "# guest assertion failed at line %llu\n",
			(unsigned long long)uc->arg[0]);
	if (uc->cmd == UCALL_TRAP)
		fprintf(stderr, "# guest took vector %llu error %#llx at rip %#llx\n",
			(unsigned long long)uc->arg[0], (unsigned long long)uc->arg[1],
			(unsigned long long)uc->arg[2]);
	return uc->cmd;
}

struct one_msr {
	struct kvm_msrs list;
	struct kvm_msr_entry entry;
};

/**
 * vcpu_msr() - read one MSR that must exist
 * @vcpu: the vCPU
 * @index: MSR number
 *
 * Return: its value.
 */
uint64_t vcpu_msr(struct vcpu *vcpu, uint32_t index)
{
	struct one_msr msr = { .list.nmsrs = 1, .entry.index = index };

	if (kvm_do(vcpu->fd, KVM_GET_MSRS, &msr) != 1)
		die("KVM_GET_MSRS does not know MSR %#x", index);
	return msr.entry.data;
}

/**
 * vcpu_try_set_msr() - write one MSR
 * @vcpu: the vCPU
 * @index: MSR number
 * @value: new value
 *
 * Return: 1 if it was taken, 0 if it was refused.
 */
long vcpu_try_set_msr(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	struct one_msr msr = { .list.nmsrs = 1, .entry.index = index, .entry.data = value };

	return kvm_do(vcpu->fd, KVM_SET_MSRS, &msr);
}
