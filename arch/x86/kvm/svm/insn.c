// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stepping over an intercepted instruction: by the next RIP that the CPU gave, or by its length.
 * Under the vCPU's mutex.
 */
#include <linux/uaccess.h>
#include "emulate/insn.h"
#include "vmcb.h"

/* What the exit says about the bytes at RIP; 0: they must be decoded. */
static u32 svm_exit_opcode(const struct vmcb_control_area *control)
{
	switch (control->exit_code) {
	case SVM_EXIT_CPUID:
		return X86_SKIP_CPUID;
	case SVM_EXIT_MSR:
		return control->exit_info_1 ? X86_SKIP_WRMSR : X86_SKIP_RDMSR;
	case SVM_EXIT_HLT:
		return X86_SKIP_HLT;
	case SVM_EXIT_PAUSE:
		return X86_SKIP_PAUSE;
	case SVM_EXIT_RDPMC:
		return X86_SKIP_RDPMC;
	case SVM_EXIT_INVD:
		return X86_SKIP_INVD;
	case SVM_EXIT_WBINVD:
		return X86_SKIP_WBINVD;
	case SVM_EXIT_MONITOR:
		return X86_SKIP_MONITOR;
	case SVM_EXIT_MWAIT:
		return X86_SKIP_MWAIT;
	case SVM_EXIT_XSETBV:
		return X86_SKIP_XSETBV;
	case SVM_EXIT_VMMCALL:
		return X86_SKIP_VMMCALL;
	default:
		return 0;
	}
}

/* Here and not by svm_set_interrupt_shadow(): nearly every exit comes this way. */
static __always_inline void svm_interrupt_shadow_end(struct kvm_vcpu *vcpu)
{
	to_svm(vcpu)->vmcb->control.int_state &= ~SVM_INTERRUPT_SHADOW_MASK;
}

/*
 * No next RIP: find the length. An instruction that another vCPU has meanwhile overwritten is not
 * the one that exited; the emulator decodes what is there now.
 */
static noinline int svm_skip_by_length(struct kvm_vcpu *vcpu)
{
	u32 opcode = svm_exit_opcode(&to_svm(vcpu)->vmcb->control);
	int len = -EINVAL;

	if (opcode)
		len = kvm_insn_length_at_rip(vcpu, opcode);
	if (len <= 0)
		return kvm_emulate_instruction(vcpu, 0, EMULTYPE_SKIP, NULL, 0);
	kvm_rip_write(vcpu, kvm_rip_read(vcpu) + len);
	svm_interrupt_shadow_end(vcpu);
	return 1;
}

/**
 * svm_next_rip_find - give VMCB.NEXT_RIP where the CPU does not, without faulting memory in
 * @vcpu: the vCPU; interrupts are off
 *
 * Return: false: not from here.
 */
bool svm_next_rip_find(struct kvm_vcpu *vcpu)
{
	struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	int len;

	pagefault_disable();
	len = kvm_insn_length_at_rip(vcpu, svm_exit_opcode(control));
	pagefault_enable();
	if (len <= 0)
		return false;
	control->next_rip = kvm_rip_read(vcpu) + len;
	return true;
}

/**
 * svm_skip_emulated_instruction - step over the instruction that exited
 * @vcpu: the vCPU
 *
 * Its end is also the end of an interrupt shadow (APM2 15.21.5). The next RIP is good for the
 * instruction at RIP only: after anything else has moved RIP it is not believed.
 *
 * Return: 1/0/errno.
 */
int svm_skip_emulated_instruction(struct kvm_vcpu *vcpu)
{
	u64 next = to_svm(vcpu)->vmcb->control.next_rip;

	if (unlikely(next - kvm_rip_read(vcpu) - 1 >= X86_INSN_MAX))
		return svm_skip_by_length(vcpu);
	kvm_rip_write(vcpu, next);
	svm_interrupt_shadow_end(vcpu);
	return 1;
}

/** svm_patch_hypercall - the three bytes of VMMCALL (APM3 chapter 4) */
void svm_patch_hypercall(struct kvm_vcpu *vcpu, unsigned char *code)
{
	code[0] = 0x0f;
	code[1] = 0x01;
	code[2] = 0xd9;
}
