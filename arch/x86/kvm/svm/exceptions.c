// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits of intercepted exceptions, and which are intercepted. Called from the table in exits.c
 * under the vCPU's mutex, interrupts on; the machine check with interrupts off, right after the
 * exit.
 */
#include <linux/percpu.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include "vmcb.h"

/**
 * svm_update_exception_bitmap - intercept what a debugger wants to see
 * @vcpu: the vCPU; guest_debug has changed
 *
 * The others are intercepted always: see svm_vmcb_init().
 */
void svm_update_exception_bitmap(struct kvm_vcpu *vcpu)
{
	u32 debug = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;

	svm_intercept_exception(to_svm(vcpu), X86_TRAP_BP,
				(vcpu->arch.guest_debug & debug) == debug);
}

static int svm_debug_exit_to_user(struct kvm_vcpu *vcpu, u8 vector)
{
	struct kvm_debug_exit_arch *debug = &vcpu->run->debug.arch;
	const struct vmcb_save_area *save = &to_svm(vcpu)->vmcb->save;

	vcpu->run->exit_reason = KVM_EXIT_DEBUG;
	debug->exception = vector;
	debug->pc = kvm_linear_rip(vcpu);
	debug->dr6 = save->dr6;
	debug->dr7 = save->dr7;
	return 0;
}

/**
 * svm_exit_db - #DB: a debugger's, ours at the end of a step, or the guest's
 * @vcpu: the vCPU; VMCB.DR6 has the new bits, as a handler would find them (APM2 15.12.2)
 *
 * Return: 1/0.
 */
int svm_exit_db(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	/* BT, BS, BD, B0–B3 are set when they apply, the others when they do not (13.1.1.3). */
	unsigned long payload = svm->vmcb->save.dr6 ^ DR6_RESERVED;
	bool stepped = false;

	svm->entry_work |= SVM_WORK_RESET_DR6;
	if (svm->nmi_singlestep) {
		stepped = !(svm->nmi_guest_rflags & X86_EFLAGS_TF) || svm->nmi_step_iret;
		svm_nmi_singlestep_end(svm);
		kvm_make_request(KVM_REQ_EVENT, vcpu);
	}
	if (vcpu->arch.guest_debug & (KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_HW_BP))
		return svm_debug_exit_to_user(vcpu, X86_TRAP_DB);
	if (stepped && payload == DR_STEP)
		return 1;
	kvm_queue_exception_payload(vcpu, X86_TRAP_DB, payload);
	return 1;
}

/* #BP, intercepted for a debugger alone; RIP is at the INT3 (APM2 15.12.4). */
int svm_exit_bp(struct kvm_vcpu *vcpu)
{
	return svm_debug_exit_to_user(vcpu, X86_TRAP_BP);
}

/* #UD: perhaps an instruction that another vendor's CPU, as CPUID may name it, would have. */
int svm_exit_ud(struct kvm_vcpu *vcpu)
{
	return kvm_emulate_instruction(vcpu, 0, EMULTYPE_TRAP_UD, NULL, 0);
}

/* #AC: the guest's own; seen so that its delivery cannot raise it for ever (error code is 0). */
int svm_exit_ac(struct kvm_vcpu *vcpu)
{
	kvm_queue_exception_e(vcpu, X86_TRAP_AC, 0);
	return 1;
}

/* #MC: svm_machine_check() has told the host, interrupts were off. */
int svm_exit_mc(struct kvm_vcpu *vcpu)
{
	return 1;
}

/**
 * svm_machine_check - a machine check ended the guest's run: hand it to the host's handler
 *
 * The intercept took it away (APM2 15.12.14).
 */
void svm_machine_check(void)
{
	kvm_compat_machine_check();
}
