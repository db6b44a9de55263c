// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits of control and debug register accesses. Called from the table in exits.c, interrupts on,
 * under the vCPU's mutex. CPL was checked before the exit (SDM 25.1.1).
 */
#include <linux/percpu.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include "vmcs.h"

/* Exit qualification, bits 5:4: what was done (table 27-3). */
enum vmx_cr_access { VMX_CR_WRITE, VMX_CR_READ, VMX_CR_CLTS, VMX_CR_LMSW };

/* Outside 64-bit mode the registers are 32 bits wide. */
static unsigned long vmx_mov_mask(struct kvm_vcpu *vcpu)
{
	return kvm_is_64_bit_mode(vcpu) ? ~0ul : 0xffffffff;
}

/*
 * Userspace's interrupt controller may have something for a guest whose priority falls: it is told
 * by KVM_EXIT_SET_TPR, after the write.
 */
static int vmx_cr8_write(struct kvm_vcpu *vcpu, unsigned long value)
{
	unsigned long before = kvm_get_cr8(vcpu);
	int r = kvm_complete_insn_gp(vcpu, kvm_set_cr8(vcpu, value));

	if (r != 1 || vcpu->arch.apic || kvm_get_cr8(vcpu) >= before)
		return r;
	vcpu->run->exit_reason = KVM_EXIT_SET_TPR;
	return 0;
}

static int vmx_cr_write(struct kvm_vcpu *vcpu, int cr, unsigned long value)
{
	switch (cr) {
	case 0:
		return kvm_complete_insn_gp(vcpu, kvm_set_cr0(vcpu, value));
	case 3:
		return kvm_complete_insn_gp(vcpu, kvm_set_cr3(vcpu, value));
	case 4:
		return kvm_complete_insn_gp(vcpu, kvm_set_cr4(vcpu, value));
	default:
		return vmx_cr8_write(vcpu, value);
	}
}

/**
 * vmx_exit_cr - MOV to or from CR3, CR8, to CR0, CR4; CLTS, LMSW
 * @vcpu: the vCPU
 *
 * Reads of CR0 and CR4 never exit: the read shadows answer them (25.3).
 *
 * Return: 1/0/errno.
 */
int vmx_exit_cr(struct kvm_vcpu *vcpu)
{
	unsigned long qualification = vmcs_readl(EXIT_QUALIFICATION);
	int cr = qualification & 15;
	int reg = qualification >> 8 & 15;

	++vcpu->stat.cr_exits;
	switch (qualification >> 4 & 3) {
	case VMX_CR_WRITE:
		return vmx_cr_write(vcpu, cr, kvm_reg_read(vcpu, reg) & vmx_mov_mask(vcpu));
	case VMX_CR_READ:
		kvm_reg_write(vcpu, reg, cr == 3 ? kvm_read_cr3(vcpu) & vmx_mov_mask(vcpu) :
						   kvm_get_cr8(vcpu));
		return kvm_skip_emulated_instruction(vcpu);
	case VMX_CR_CLTS:
		vmx_set_cr0(vcpu, kvm_read_cr0(vcpu) & ~X86_CR0_TS);
		return kvm_skip_emulated_instruction(vcpu);
	default:
		kvm_lmsw(vcpu, qualification >> LMSW_SOURCE_DATA_SHIFT & 15);
		return kvm_skip_emulated_instruction(vcpu);
	}
}

/* DR7.GD: the access itself raises #DB with DR6.BD (17.2.4); the exit came before it (25.1.3). */
static int vmx_dr_general_detect(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.guest_debug & KVM_GUESTDBG_USE_HW_BP) {
		struct kvm_debug_exit_arch *debug = &vcpu->run->debug.arch;

		vcpu->run->exit_reason = KVM_EXIT_DEBUG;
		debug->exception = X86_TRAP_DB;
		debug->pc = kvm_linear_rip(vcpu);
		debug->dr6 = BIT(13) | DR6_RESERVED;
		debug->dr7 = vcpu->arch.dr7;
		return 0;
	}
	kvm_queue_exception_payload(vcpu, X86_TRAP_DB, BIT(13));
	return 1;
}

/* DR4 and DR5 are DR6 and DR7, or with CR4.DE nothing at all (17.2.2). True: #UD is queued. */
static bool vmx_dr_undefined(struct kvm_vcpu *vcpu, int dr)
{
	if ((dr & 6) != 4 || !kvm_cr4_bits(vcpu, X86_CR4_DE))
		return false;
	kvm_queue_exception(vcpu, X86_TRAP_UD);
	return true;
}

/**
 * vmx_exit_dr - an access to a debug register
 * @vcpu: the vCPU
 *
 * The first one after a time: hardware gets the guest's registers, and no further access exits
 * until they are taken back. A debugger's registers stay, and the guest's accesses are emulated.
 *
 * Return: 1/0/errno.
 */
int vmx_exit_dr(struct kvm_vcpu *vcpu)
{
	unsigned long qualification = vmcs_readl(EXIT_QUALIFICATION);
	int dr = qualification & DEBUG_REG_ACCESS_NUM;
	int reg = DEBUG_REG_ACCESS_REG(qualification);

	if (!vcpu->arch.guest_debug) {
		vmcs_control(to_vmx(vcpu), VMX_PROC, CPU_BASED_MOV_DR_EXITING, false);
		vcpu->arch.switch_db_regs |= KVM_DEBUGREG_WONT_EXIT;
		return 1;
	}
	if (!kvm_require_cpl(vcpu, 0) || vmx_dr_undefined(vcpu, dr))
		return 1;
	if (vcpu->arch.dr7 & KVM_DR7_GD)
		return vmx_dr_general_detect(vcpu);
	if (qualification & TYPE_MOV_FROM_DR) {
		kvm_reg_write(vcpu, reg, kvm_get_dr(vcpu, dr) & vmx_mov_mask(vcpu));
		return kvm_skip_emulated_instruction(vcpu);
	}
	return kvm_complete_insn_gp(vcpu, kvm_set_dr(vcpu, dr, kvm_reg_read(vcpu, reg) &
						     vmx_mov_mask(vcpu)));
}
