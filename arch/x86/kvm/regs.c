// SPDX-License-Identifier: GPL-2.0-only
/*
 * General registers and RFLAGS: KVM_GET_REGS, KVM_SET_REGS, and RFLAGS as the guest sees them while
 * a debugger steps it.
 *
 * Called from the vCPU's ioctls, the emulator and the vendors; under the vCPU's mutex.
 */
#include <linux/module.h>
#include "x86.h"

/* Bits of RFLAGS that exist; POPF and IRET drop the others (SDM vol. 1, 3.4.3). */
#define KVM_RFLAGS_DEFINED	0x3f7fd5ul

/**
 * kvm_get_rflags - the guest's RFLAGS
 * @vcpu: the vCPU
 *
 * Without the TF that single-stepping by KVM_SET_GUEST_DEBUG adds: the guest must not see it, nor
 * push it on a stack (KVM_CAP_X86_ROBUST_SINGLESTEP).
 */
unsigned long kvm_get_rflags(struct kvm_vcpu *vcpu)
{
	unsigned long rflags = kvm_x86_call(get_rflags)(vcpu);

	if (vcpu->arch.guest_debug & KVM_GUESTDBG_SINGLESTEP)
		rflags &= ~X86_EFLAGS_TF;
	return rflags;
}
EXPORT_SYMBOL_GPL(kvm_get_rflags);

/**
 * kvm_set_rflags - set the guest's RFLAGS
 * @vcpu: the vCPU
 * @rflags: the new value
 *
 * The debugger's TF comes on top as long as the guest stands where stepping began; a window for an
 * interrupt may have opened.
 */
void kvm_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	if ((vcpu->arch.guest_debug & KVM_GUESTDBG_SINGLESTEP) &&
	    vcpu->arch.singlestep_rip == kvm_linear_rip(vcpu))
		rflags |= X86_EFLAGS_TF;
	kvm_x86_call(set_rflags)(vcpu, rflags);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}
EXPORT_SYMBOL_GPL(kvm_set_rflags);

/** kvm_vcpu_get_regs - KVM_GET_REGS (api.rst 4.11) */
int kvm_vcpu_get_regs(struct kvm_vcpu *vcpu, struct kvm_regs *regs)
{
	const unsigned long *r = vcpu->arch.regs;

	regs->rax = r[VCPU_REGS_RAX];
	regs->rbx = r[VCPU_REGS_RBX];
	regs->rcx = r[VCPU_REGS_RCX];
	regs->rdx = r[VCPU_REGS_RDX];
	regs->rsi = r[VCPU_REGS_RSI];
	regs->rdi = r[VCPU_REGS_RDI];
	regs->rbp = r[VCPU_REGS_RBP];
	regs->r8 = r[VCPU_REGS_R8];
	regs->r9 = r[VCPU_REGS_R8 + 1];
	regs->r10 = r[VCPU_REGS_R8 + 2];
	regs->r11 = r[VCPU_REGS_R8 + 3];
	regs->r12 = r[VCPU_REGS_R8 + 4];
	regs->r13 = r[VCPU_REGS_R8 + 5];
	regs->r14 = r[VCPU_REGS_R8 + 6];
	regs->r15 = r[VCPU_REGS_R15];
	regs->rsp = kvm_rsp_read(vcpu);
	regs->rip = kvm_rip_read(vcpu);
	regs->rflags = kvm_get_rflags(vcpu);
	return 0;
}

/**
 * kvm_vcpu_set_regs - KVM_SET_REGS (api.rst 4.12)
 * @vcpu: the vCPU
 * @regs: the registers
 *
 * An exception that waits for delivery belonged to the old RIP, and is dropped. Bit 1 of RFLAGS
 * always reads as 1 (SDM vol. 1, 3.4.3), the reserved bits as 0, and VM entry checks both.
 */
int kvm_vcpu_set_regs(struct kvm_vcpu *vcpu, const struct kvm_regs *regs)
{
	unsigned long *r = vcpu->arch.regs;

	r[VCPU_REGS_RAX] = regs->rax;
	r[VCPU_REGS_RBX] = regs->rbx;
	r[VCPU_REGS_RCX] = regs->rcx;
	r[VCPU_REGS_RDX] = regs->rdx;
	r[VCPU_REGS_RSI] = regs->rsi;
	r[VCPU_REGS_RDI] = regs->rdi;
	r[VCPU_REGS_RBP] = regs->rbp;
	r[VCPU_REGS_R8] = regs->r8;
	r[VCPU_REGS_R8 + 1] = regs->r9;
	r[VCPU_REGS_R8 + 2] = regs->r10;
	r[VCPU_REGS_R8 + 3] = regs->r11;
	r[VCPU_REGS_R8 + 4] = regs->r12;
	r[VCPU_REGS_R8 + 5] = regs->r13;
	r[VCPU_REGS_R8 + 6] = regs->r14;
	r[VCPU_REGS_R15] = regs->r15;
	kvm_rsp_write(vcpu, regs->rsp);
	kvm_rip_write(vcpu, regs->rip);
	kvm_set_rflags(vcpu, (regs->rflags & KVM_RFLAGS_DEFINED) | X86_EFLAGS_FIXED);
	vcpu->arch.exception.pending = false;
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 0;
}
