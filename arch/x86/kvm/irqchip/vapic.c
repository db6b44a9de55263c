// SPDX-License-Identifier: GPL-2.0-only
/*
 * For guests whose accesses to TPR userspace patches, and its option ROM answers, because each of
 * them exits: KVM_TPR_ACCESS_REPORTING says where they are, KVM_SET_VAPIC_ADDR names a word of
 * guest memory with the task priority.
 *
 * Owns vcpu->arch.vapic_addr and tpr_*. The run loop stores the word before an entry and loads it
 * after the exit, when there is one; all in the vCPU's thread. Byte 0 is TPR, and the guest's to
 * write; byte 1 the class in service and byte 3 the highest vector that is requested: what the
 * ROM's code must know to find out whether a lower TPR lets an interrupt in.
 */
#include "../x86.h"
#include "lapic.h"

/*
 * Nearly no VM has one: the run loop shall not ask at each exit. The last one's end waits for a
 * second, so that the kernel patches its text no more often, whatever a VMM gives and takes.
 */
DEFINE_STATIC_KEY_DEFERRED_FALSE(kvm_vapic_used, HZ);

static void set_addr(struct kvm_vcpu *vcpu, gpa_t addr)
{
	if (!vcpu->arch.vapic_addr && addr)
		static_branch_deferred_inc(&kvm_vapic_used);
	else if (vcpu->arch.vapic_addr && !addr)
		static_branch_slow_dec_deferred(&kvm_vapic_used);
	vcpu->arch.vapic_addr = addr;
}

/**
 * kvm_vapic_set_addr - KVM_SET_VAPIC_ADDR
 * @vcpu: the vCPU
 * @addr: where the word is, 0: nowhere
 *
 * Return: 0; -EINVAL without a LAPIC in the kernel.
 */
int kvm_vapic_set_addr(struct kvm_vcpu *vcpu, const struct kvm_vapic_addr *addr)
{
	if (!vcpu->arch.apic)
		return -EINVAL;
	set_addr(vcpu, addr->vapic_addr);
	return 0;
}

/**
 * kvm_vapic_set_reporting - KVM_TPR_ACCESS_REPORTING
 * @vcpu: the vCPU
 * @ctl: on or off
 *
 * An APIC in userspace sees the accesses itself: then there is nothing to report. Nor is there
 * where the CPU answers for TPR (flexpriority), as KVM_CAP_VAPIC says.
 *
 * Return: 0; -EINVAL: flags.
 */
int kvm_vapic_set_reporting(struct kvm_vcpu *vcpu, const struct kvm_tpr_access_ctl *ctl)
{
	if (ctl->flags)
		return -EINVAL;
	vcpu->arch.tpr_reporting = ctl->enabled;
	return 0;
}

/** kvm_vapic_accessed - the instruction at RIP has accessed TPR in the APIC's page */
void kvm_vapic_accessed(struct kvm_vcpu *vcpu, bool write)
{
	if (likely(!vcpu->arch.tpr_reporting))
		return;
	vcpu->arch.tpr_rip = kvm_rip_read(vcpu);
	vcpu->arch.tpr_written = write;
	kvm_make_request(KVM_REQ_TPR_ACCESS, vcpu);
}

/** kvm_vapic_report - kvm_run ← KVM_EXIT_TPR_ACCESS; the instruction has retired */
int kvm_vapic_report(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_TPR_ACCESS;
	run->tpr_access.rip = vcpu->arch.tpr_rip;
	run->tpr_access.is_write = vcpu->arch.tpr_written;
	run->tpr_access.pad = 0;
	return 0;
}

/** kvm_vapic_free - the vCPU goes */
void kvm_vapic_free(struct kvm_vcpu *vcpu)
{
	set_addr(vcpu, 0);
}

/** kvm_vapic_module_exit - no vCPU is left */
void kvm_vapic_module_exit(void)
{
	static_key_deferred_flush(&kvm_vapic_used);
}

/** kvm_vapic_store - before an entry; a word that is in no memory is the guest's misfortune */
void kvm_vapic_store(struct kvm_vcpu *vcpu)
{
	struct lapic_regs *r = &vcpu->arch.apic->regs;
	int isrv = READ_ONCE(r->isrv), irr = lapic_regs_irr(r);
	u8 word[4] = { lapic_regs_tpr(r), isrv < 0 ? 0 : isrv & 0xf0, 0, irr < 0 ? 0 : irr };

	kvm_vcpu_write_guest(vcpu, vcpu->arch.vapic_addr, word, sizeof(word));
}

/** kvm_vapic_load - after the exit: TPR is what the guest has written */
void kvm_vapic_load(struct kvm_vcpu *vcpu)
{
	struct lapic_regs *r = &vcpu->arch.apic->regs;
	u8 tpr;

	if (kvm_vcpu_read_guest(vcpu, vcpu->arch.vapic_addr, &tpr, sizeof(tpr)) ||
	    tpr == lapic_regs_tpr(r))
		return;
	lapic_set(r, APIC_TASKPRI, tpr);
	vcpu->arch.cr8 = tpr >> 4;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}
