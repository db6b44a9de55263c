// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits of control and debug register accesses. Called from the table in exits.c, interrupts on,
 * under the vCPU's mutex.
 */
#include "vmcb.h"

/* EXITINFO1 with decode assists: it was MOV CRn or MOV DRn, with this GPR (APM2 15.8.1). */
#define SVM_MOV_CR_VALID	BIT_ULL(63)

static unsigned long svm_read_cr(struct kvm_vcpu *vcpu, int cr)
{
	switch (cr) {
	case 0:
		return kvm_read_cr0(vcpu);
	case 3:
		return kvm_read_cr3(vcpu);
	case 4:
		return kvm_read_cr4(vcpu);
	default:
		return kvm_get_cr8(vcpu);
	}
}

static int svm_write_cr(struct kvm_vcpu *vcpu, int cr, unsigned long value)
{
	switch (cr) {
	case 0:
		return kvm_set_cr0(vcpu, value);
	case 3:
		return kvm_set_cr3(vcpu, value);
	case 4:
		return kvm_set_cr4(vcpu, value);
	default:
		return kvm_set_cr8(vcpu, value);
	}
}

/* Outside 64-bit mode the registers are 32 bits wide. */
static unsigned long svm_mov_mask(struct kvm_vcpu *vcpu)
{
	return kvm_is_64_bit_mode(vcpu) ? ~0ul : 0xffffffff;
}

/**
 * svm_exit_cr - MOV to or from CR0, CR3, CR4, CR8; CLTS, LMSW, SMSW
 * @vcpu: the vCPU; #GP for the CPL and #UD came before the intercept (APM2 15.7, table 15-7)
 *
 * Return: 1/0/errno.
 */
int svm_exit_cr(struct kvm_vcpu *vcpu)
{
	const struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	int reg = control->exit_info_1 & SVM_EXITINFO_REG_MASK;
	u32 code = control->exit_code;
	int cr;

	++vcpu->stat.cr_exits;
	if (!svm_caps.decode_assists || !(control->exit_info_1 & SVM_MOV_CR_VALID))
		return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);

	if (code == SVM_EXIT_CR0_SEL_WRITE)
		code = SVM_EXIT_WRITE_CR0;
	cr = code & 15;
	if (code >= SVM_EXIT_WRITE_CR0)
		return kvm_complete_insn_gp(vcpu, svm_write_cr(vcpu, cr, kvm_reg_read(vcpu, reg) &
							       svm_mov_mask(vcpu)));
	kvm_reg_write(vcpu, reg, svm_read_cr(vcpu, cr) & svm_mov_mask(vcpu));
	return kvm_skip_emulated_instruction(vcpu);
}

/**
 * svm_exit_cr8_write - a write of CR8
 * @vcpu: the vCPU
 *
 * Userspace's interrupt controller may have something for a guest whose priority falls: it is told
 * by KVM_EXIT_SET_TPR, after the write.
 *
 * Return: 1/0/errno.
 */
int svm_exit_cr8_write(struct kvm_vcpu *vcpu)
{
	unsigned long before = kvm_get_cr8(vcpu);
	int r = svm_exit_cr(vcpu);

	if (r != 1 || vcpu->arch.apic || kvm_get_cr8(vcpu) >= before)
		return r;
	vcpu->run->exit_reason = KVM_EXIT_SET_TPR;
	return 0;
}

/**
 * svm_exit_dr - an access to a debug register
 * @vcpu: the vCPU
 *
 * The first one after a time: hardware gets the guest's registers, and no further access exits
 * until they are taken back. A debugger's registers stay, and the guest's accesses are emulated.
 *
 * Return: 1/0/errno.
 */
int svm_exit_dr(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	const struct vmcb_control_area *control = &svm->vmcb->control;
	int reg = control->exit_info_1 & SVM_EXITINFO_REG_MASK;
	int dr = control->exit_code & 7;

	if (!vcpu->arch.guest_debug) {
		svm_vmcb_intercept_drs(svm, false);
		vcpu->arch.switch_db_regs |= KVM_DEBUGREG_WONT_EXIT;
		return 1;
	}
	if (!svm_caps.decode_assists)
		return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
	if (control->exit_code >= SVM_EXIT_WRITE_DR0)
		return kvm_complete_insn_gp(vcpu, kvm_set_dr(vcpu, dr, kvm_reg_read(vcpu, reg) &
							     svm_mov_mask(vcpu)));
	kvm_reg_write(vcpu, reg, kvm_get_dr(vcpu, dr) & svm_mov_mask(vcpu));
	return kvm_skip_emulated_instruction(vcpu);
}
