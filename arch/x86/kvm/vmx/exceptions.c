// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits of exceptions and NMIs, and which exceptions are intercepted. Called from the table in
 * exits.c under the vCPU's mutex, interrupts on; NMI and machine check with interrupts off, right
 * after the exit.
 */
#include <linux/percpu.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include "vmcs.h"

/*
 * #AC and #DB: raised in the delivery of themselves they would keep the CPU in microcode for ever,
 * out of reach of any interrupt. #MC is the host's. #UD: instructions of other vendors.
 */
#define VMX_EXCEPTIONS_ALWAYS	(BIT(X86_TRAP_AC) | BIT(X86_TRAP_DB) | BIT(X86_TRAP_MC) |	\
				 BIT(X86_TRAP_UD))

/* Exit qualification of #DB: the bits that DR6 would get (27.2.1). */
#define VMX_DB_PAYLOAD		0x1e00ful

static bool vmx_debugger_wants_bp(struct kvm_vcpu *vcpu)
{
	u32 debug = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;

	return (vcpu->arch.guest_debug & debug) == debug;
}

/**
 * vmx_update_exception_bitmap - intercept #BP too, and each step, when a debugger wants to see it
 * @vcpu: the vCPU; guest_debug has changed, or real mode begins or ends
 */
void vmx_update_exception_bitmap(struct kvm_vcpu *vcpu)
{
	u32 bitmap = VMX_EXCEPTIONS_ALWAYS;

	vmcs_control(to_vmx(vcpu), VMX_PROC, CPU_BASED_MONITOR_TRAP_FLAG, vmx_steps_by_mtf(vcpu));

	/* Virtual-8086 code that stands for real mode has no IDT. */
	if (to_vmx(vcpu)->rmode.active)
		bitmap = ~0u;
	if (!vmx_has_ept())
		bitmap |= BIT(X86_TRAP_PF);
	if (vmx_debugger_wants_bp(vcpu))
		bitmap |= BIT(X86_TRAP_BP);
	if (bitmap == to_vmx(vcpu)->exception_bitmap)
		return;
	to_vmx(vcpu)->exception_bitmap = bitmap;
	vmcs_write32(EXCEPTION_BITMAP, bitmap);
}

static int vmx_debug_exit_to_user(struct kvm_vcpu *vcpu, u8 vector, unsigned long dr6)
{
	struct kvm_debug_exit_arch *debug = &vcpu->run->debug.arch;

	vcpu->run->exit_reason = KVM_EXIT_DEBUG;
	debug->exception = vector;
	debug->pc = kvm_linear_rip(vcpu);
	debug->dr6 = dr6;
	debug->dr7 = vmcs_readl(GUEST_DR7);
	return 0;
}

/*
 * #DB: a debugger's, or the guest's. Delivered, it ends an interrupt shadow, which VM entry would
 * not take together with TF and nothing pending (26.3.1.5). INT1 is a trap: its end is pushed.
 */
static int vmx_exit_db(struct kvm_vcpu *vcpu, u32 info)
{
	unsigned long payload = vmcs_readl(EXIT_QUALIFICATION) & VMX_DB_PAYLOAD;

	if (vcpu->arch.guest_debug & (KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_HW_BP)) {
		vmx_shadow_fix_pending_db(vcpu);
		return vmx_debug_exit_to_user(vcpu, X86_TRAP_DB, payload | DR6_RESERVED);
	}
	vmx_set_interrupt_shadow(vcpu, 0);
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_PRIV_SW_EXCEPTION &&
	    !vmx_skip_emulated_instruction(vcpu))
		return 0;
	kvm_queue_exception_payload(vcpu, X86_TRAP_DB, payload);
	return 1;
}

/** vmx_exit_mtf - a debugger's step is done; an event may have been delivered instead (25.5.2) */
int vmx_exit_mtf(struct kvm_vcpu *vcpu)
{
	return vmx_debug_exit_to_user(vcpu, X86_TRAP_DB, DR_STEP | DR6_RESERVED);
}

/**
 * vmx_exit_exception - an exception in the guest, or an NMI of the host
 * @vcpu: the vCPU
 *
 * NMI and #MC were dealt with while interrupts were off. #UD: perhaps an instruction that another
 * vendor's CPU, as CPUID may name it, would have. #AC is the guest's own, with error code 0.
 *
 * Return: 1/0/errno.
 */
int vmx_exit_exception(struct kvm_vcpu *vcpu)
{
	u32 info = vmcs_read32(VM_EXIT_INTR_INFO);
	u8 vector = info & INTR_INFO_VECTOR_MASK;
	u64 data[] = { info, vmcs_readl(EXIT_QUALIFICATION) };

	vmx_events_iret_fault(vcpu, info);
	switch (vector) {
	case X86_TRAP_NMI:
	case X86_TRAP_MC:
		return 1;
	case X86_TRAP_DB:
		return vmx_exit_db(vcpu, info);
	case X86_TRAP_BP:
		if (!vmx_debugger_wants_bp(vcpu))
			return vmx_rmode_exception(vcpu, vector);
		return vmx_debug_exit_to_user(vcpu, X86_TRAP_BP, DR6_RESERVED);
	case X86_TRAP_UD:
		return kvm_emulate_instruction(vcpu, 0, EMULTYPE_TRAP_UD, NULL, 0);
	case X86_TRAP_PF:
		/* Shadow paging's: the address is in the qualification (27.2.1). */
		if (!vmx_has_ept())
			return kvm_mmu_page_fault(vcpu, vmcs_readl(EXIT_QUALIFICATION),
						  vmcs_read32(VM_EXIT_INTR_ERROR_CODE), NULL, 0);
		return vmx_rmode_exception(vcpu, vector);
	case X86_TRAP_AC:
		kvm_queue_exception_e(vcpu, X86_TRAP_AC, 0);
		return 1;
	default:
		if (to_vmx(vcpu)->rmode.active)
			return vmx_rmode_exception(vcpu, vector);
		return kvm_internal_error(vcpu, KVM_INTERNAL_ERROR_SIMUL_EX, ARRAY_SIZE(data),
					  data);
	}
}

/** vmx_exit_exception_irqoff - interrupts off, right after the exit: NMI and #MC are the host's */
void vmx_exit_exception_irqoff(void)
{
	u32 info = vmcs_read32(VM_EXIT_INTR_INFO);

	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
		vmx_call_host_nmi();
	else if ((info & INTR_INFO_VECTOR_MASK) == X86_TRAP_MC)
		vmx_machine_check();
}

/**
 * vmx_machine_check - a machine check ended the guest's run: hand it to the host's handler
 *
 * The exit took it away: nobody else will (27.1).
 */
void vmx_machine_check(void)
{
	kvm_compat_machine_check();
}
