// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a guest stopped, and what is done about it: one function for each basic exit reason (SDM
 * appendix C), in one table. Called by the x86 run loop after each exit, under the vCPU's mutex,
 * interrupts on except in vmx_handle_exit_irqoff(). Handlers return 1 to resume the guest, 0 to
 * leave to userspace with kvm_run filled, or a negative errno.
 */
#include <linux/ratelimit.h>
#include <asm/desc.h>
#include "emulate/emulate.h"
#include "vmcs.h"

/* ---- instructions ---------------------------------------------------------------------------- */

/* Exit qualification (table 27-5): size less one, direction, string, REP, operand, port. */
static int vmx_exit_io(struct kvm_vcpu *vcpu)
{
	unsigned long qualification = vmcs_readl(EXIT_QUALIFICATION);

	if (unlikely(qualification & BIT(4)))
		return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
	return kvm_fast_pio(vcpu, (qualification & 7) + 1, qualification >> 16,
			    qualification & BIT(3));
}

/* LGDT, SIDT and the like, in real mode that is not the hardware's (rmode.c). */
static int vmx_exit_descriptor_table(struct kvm_vcpu *vcpu)
{
	return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
}

/* With shadow paging alone, as the next one; without it in CPUID hardware raises #UD (25.3). */
static int vmx_exit_invpcid(struct kvm_vcpu *vcpu)
{
	return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
}

/* The qualification is the linear address (27.2.1). */
static int vmx_exit_invlpg(struct kvm_vcpu *vcpu)
{
	vcpu->arch.mmu->invlpg(vcpu, vmcs_readl(EXIT_QUALIFICATION));
	return kvm_skip_emulated_instruction(vcpu);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* The host's own: its handler has run. */
static int vmx_exit_interrupt(struct kvm_vcpu *vcpu)
{
	++vcpu->stat.irq_exits;
	/* Without virtual NMIs time opens the window, if nothing else does: look at each tick. */
	if (unlikely(vcpu->arch.nmi_pending) && !vmx_caps.vnmi)
		kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 1;
}

static int vmx_exit_host_event(struct kvm_vcpu *vcpu)
{
	return 1;
}

static int vmx_exit_triple_fault(struct kvm_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
	return 0;
}

/*
 * Exit qualification (table 27-2): the new TSS, and what started the switch. The event, if it was
 * one, is in the IDT-vectoring information: this delivers it. INT n, INT3 and INTO are
 * instructions, that the old task goes on behind.
 */
static int vmx_exit_task_switch(struct kvm_vcpu *vcpu)
{
	static const u8 reasons[] = { X86_TASK_CALL, X86_TASK_IRET, X86_TASK_JMP, X86_TASK_GATE };
	unsigned long qualification = vmcs_readl(EXIT_QUALIFICATION);
	u32 event = to_vmx(vcpu)->vectoring, type = event & VECTORING_INFO_TYPE_MASK;
	int reason = reasons[qualification >> 30 & 3], idt_index = -1;
	bool has_error = false;
	u32 error_code = 0;

	if (reason == X86_TASK_IRET)
		vmx_set_nmi_mask(vcpu, false);
	if (reason == X86_TASK_GATE && (event & VECTORING_INFO_VALID_MASK)) {
		kvm_clear_event_queues(vcpu);
		if (type == INTR_TYPE_NMI_INTR)
			vmx_set_nmi_mask(vcpu, true);
		if (type != INTR_TYPE_SOFT_INTR && type != INTR_TYPE_SOFT_EXCEPTION)
			idt_index = event & VECTORING_INFO_VECTOR_MASK;
		has_error = event & VECTORING_INFO_DELIVER_CODE_MASK;
		if (has_error)
			error_code = vmcs_read32(IDT_VECTORING_ERROR_CODE);
	}
	return kvm_task_switch(vcpu, qualification, idt_index, reason, has_error, error_code);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define VMX_EXIT_GETSEC	11

static int (*const vmx_exit_handlers[])(struct kvm_vcpu *vcpu) = {
	[EXIT_REASON_EXCEPTION_NMI]		= vmx_exit_exception,
	[EXIT_REASON_EXTERNAL_INTERRUPT]	= vmx_exit_interrupt,
	[EXIT_REASON_TRIPLE_FAULT]		= vmx_exit_triple_fault,
	[EXIT_REASON_INIT_SIGNAL]		= vmx_exit_host_event,
	[EXIT_REASON_INTERRUPT_WINDOW]		= vmx_exit_irq_window,
	[EXIT_REASON_NMI_WINDOW]		= vmx_exit_nmi_window,
	[EXIT_REASON_TASK_SWITCH]		= vmx_exit_task_switch,
	[EXIT_REASON_CPUID]			= kvm_emulate_cpuid,
	[VMX_EXIT_GETSEC]			= kvm_emulate_undefined,
	[EXIT_REASON_HLT]			= kvm_emulate_halt,
	[EXIT_REASON_INVD]			= kvm_emulate_as_nop,
	[EXIT_REASON_INVLPG]			= vmx_exit_invlpg,
	[EXIT_REASON_RDPMC]			= kvm_emulate_rdpmc,
	[EXIT_REASON_VMCALL]			= kvm_emulate_hypercall,
	[EXIT_REASON_VMCLEAR]			= kvm_emulate_undefined,
	[EXIT_REASON_VMLAUNCH]			= kvm_emulate_undefined,
	[EXIT_REASON_VMPTRLD]			= kvm_emulate_undefined,
	[EXIT_REASON_VMPTRST]			= kvm_emulate_undefined,
	[EXIT_REASON_VMREAD]			= kvm_emulate_undefined,
	[EXIT_REASON_VMRESUME]			= kvm_emulate_undefined,
	[EXIT_REASON_VMWRITE]			= kvm_emulate_undefined,
	[EXIT_REASON_VMOFF]			= kvm_emulate_undefined,
	[EXIT_REASON_VMON]			= kvm_emulate_undefined,
	[EXIT_REASON_CR_ACCESS]			= vmx_exit_cr,
	[EXIT_REASON_DR_ACCESS]			= vmx_exit_dr,
	[EXIT_REASON_IO_INSTRUCTION]		= vmx_exit_io,
	[EXIT_REASON_MSR_READ]			= kvm_emulate_rdmsr,
	[EXIT_REASON_MSR_WRITE]			= kvm_emulate_wrmsr,
	/* Monitoring ends for many reasons, this one among them (SDM vol. 2, MWAIT). */
	[EXIT_REASON_MWAIT_INSTRUCTION]		= kvm_emulate_as_nop,
	[EXIT_REASON_MONITOR_INSTRUCTION]	= kvm_emulate_as_nop,
	[EXIT_REASON_MONITOR_TRAP_FLAG]		= vmx_exit_mtf,
	[EXIT_REASON_PAUSE_INSTRUCTION]		= kvm_emulate_pause,
	[EXIT_REASON_MCE_DURING_VMENTRY]	= vmx_exit_host_event,
	[EXIT_REASON_TPR_BELOW_THRESHOLD]	= vmx_exit_tpr_below_threshold,
	[EXIT_REASON_APIC_ACCESS]		= vmx_exit_apic_access,
	[EXIT_REASON_GDTR_IDTR]			= vmx_exit_descriptor_table,
	[EXIT_REASON_LDTR_TR]			= vmx_exit_descriptor_table,
	[EXIT_REASON_EPT_VIOLATION]		= vmx_exit_ept_violation,
	[EXIT_REASON_PML_FULL]			= vmx_exit_pml_full,
	[EXIT_REASON_EPT_MISCONFIG]		= vmx_exit_ept_misconfig,
	[EXIT_REASON_INVPCID]			= vmx_exit_invpcid,
	[EXIT_REASON_INVEPT]			= kvm_emulate_undefined,
	[EXIT_REASON_PREEMPTION_TIMER]		= vmx_exit_timer,
	[EXIT_REASON_INVVPID]			= kvm_emulate_undefined,
	[EXIT_REASON_WBINVD]			= kvm_emulate_as_nop,
	[EXIT_REASON_XSETBV]			= kvm_emulate_xsetbv,
};

/*
 * VM entry was refused: a state that userspace set, or a fault of ours. The reason is the exit
 * reason (26.8), or the instruction error of a VMLAUNCH that did not get that far (30.4).
 */
static int vmx_exit_entry_failure(struct kvm_vcpu *vcpu)
{
	static DEFINE_RATELIMIT_STATE(limit, HZ * 60, 1);
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	struct kvm_run *run = vcpu->run;

	if (__ratelimit(&limit))
		vmx_vmcs_dump(vmx);
	run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	run->fail_entry.hardware_entry_failure_reason = vmx->fail == VMX_RUN_FAILED ?
		vmcs_read32(VM_INSTRUCTION_ERROR) : vmx->exit_reason;
	run->fail_entry.cpu = vcpu->cpu;
	return 0;
}

/* Data as other KVMs have it: event, reason, qualification, and the CPU. */
static int vmx_exit_delivery(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u64 data[] = { vmx->vectoring, vmx->exit_reason & ~VMX_EXIT_DELIVERY,
		       vmcs_readl(EXIT_QUALIFICATION), vcpu->cpu };

	return kvm_internal_error(vcpu, KVM_INTERNAL_ERROR_DELIVERY_EV, ARRAY_SIZE(data), data);
}

static noinline int vmx_exit_unexpected(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	u64 data[] = { vmx->exit_reason, vcpu->cpu };

	if (vmx->fail == VMX_RUN_EMULATE)
		return vmx_emulate_guest(vcpu);
	/* A machine check may come in the middle of an entry (26.9): the guest has not run. */
	if ((u16)vmx->exit_reason == EXIT_REASON_MCE_DURING_VMENTRY)
		return 1;
	if (vmx->exit_reason & VMX_EXIT_DELIVERY)
		return vmx_exit_delivery(vcpu);
	if (vmx->exit_reason & VMX_EXIT_REASONS_FAILED_VMENTRY)
		return vmx_exit_entry_failure(vcpu);
	pr_warn_ratelimited("kvm: vCPU %d: unexpected exit %#x, qualification %#lx\n", vcpu->id,
			    vmx->exit_reason, vmcs_readl(EXIT_QUALIFICATION));
	return kvm_internal_error(vcpu, KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON,
				  ARRAY_SIZE(data), data);
}

/*
 * Exits whose handling may read any memory of the VMM or of the host, by the emulator or to find a
 * page: what it leaves in the L1 cache the guest must not find (l1tf.rst, conditional flushes).
 */
#define VMX_FAR_EXITS	(BIT_ULL(EXIT_REASON_EXCEPTION_NMI) | BIT_ULL(EXIT_REASON_TASK_SWITCH) | \
			 BIT_ULL(EXIT_REASON_IO_INSTRUCTION) | BIT_ULL(EXIT_REASON_GDTR_IDTR) | \
			 BIT_ULL(EXIT_REASON_LDTR_TR) | BIT_ULL(EXIT_REASON_EPT_VIOLATION) | \
			 BIT_ULL(EXIT_REASON_EPT_MISCONFIG))

static void vmx_l1d_note_exit(struct vcpu_vmx *vmx)
{
	if (vmx->exit_reason >= 64 || (VMX_FAR_EXITS >> vmx->exit_reason & 1))
		vmx->entry_work |= VMX_WORK_L1D;
}

/**
 * vmx_exit_fast - an exit that may be worth finishing before interrupts are on again
 * @vcpu: the vCPU; it exited for an I/O instruction, CPUID, RDMSR or WRMSR
 *
 * A step over the instruction is a debugger's business, or a #DB, and not for here. Nor are exits
 * of a vCPU with a log of pages, which is to be read before userspace looks.
 */
enum kvm_fastpath vmx_exit_fast(struct kvm_vcpu *vcpu)
{
	unsigned long qualification;

	if (unlikely((vmx_get_rflags(vcpu) & X86_EFLAGS_TF) || to_vmx(vcpu)->pml))
		return KVM_FASTPATH_NONE;
	switch (to_vmx(vcpu)->exit_reason) {
	case EXIT_REASON_IO_INSTRUCTION:
		qualification = vmcs_readl(EXIT_QUALIFICATION);
		if (unlikely(qualification & BIT(4)))
			return KVM_FASTPATH_NONE;
		return kvm_fast_pio_irqoff(vcpu, (qualification & 7) + 1, qualification >> 16,
					   qualification & BIT(3));
	case EXIT_REASON_MSR_WRITE:
		return kvm_wrmsr_irqoff(vcpu);
	case EXIT_REASON_CPUID:
		kvm_emulate_cpuid(vcpu);
		return KVM_FASTPATH_REENTER;
	default:
		kvm_emulate_rdmsr(vcpu);
		return KVM_FASTPATH_REENTER;
	}
}

/**
 * vmx_handle_exit - do what the exit asks for
 * @vcpu: the vCPU
 *
 * Return: 1 resume the guest, 0 leave to userspace, < 0 errno.
 */
int vmx_handle_exit(struct kvm_vcpu *vcpu)
{
	u32 reason = to_vmx(vcpu)->exit_reason;

	if (static_branch_unlikely(&vmx_l1d_should_flush))
		vmx_l1d_note_exit(to_vmx(vcpu));
	if (unlikely(to_vmx(vcpu)->pml))
		vmx_pml_flush(to_vmx(vcpu));
	/* A failed entry has bit 31 set, so that it is in no table. */
	if (unlikely(reason >= ARRAY_SIZE(vmx_exit_handlers) || !vmx_exit_handlers[reason]))
		return vmx_exit_unexpected(vcpu);
	return vmx_exit_handlers[reason](vcpu);
}

/* "Acknowledge interrupt on exit" took the vector from the interrupt controller (27.2.2). */
static void vmx_external_interrupt(void)
{
	u8 vector = vmcs_read32(VM_EXIT_INTR_INFO) & INTR_INFO_VECTOR_MASK;
	struct desc_ptr idt;

	store_idt(&idt);
	vmx_call_host_irq(gate_offset((gate_desc *)idt.address + vector));
}

/**
 * vmx_handle_exit_irqoff - what must be done before interrupts are on again
 * @vcpu: the vCPU
 *
 * The interrupt, NMI or machine check that ended the guest's run is the host's.
 */
void vmx_handle_exit_irqoff(struct kvm_vcpu *vcpu)
{
	switch ((u16)to_vmx(vcpu)->exit_reason) {
	case EXIT_REASON_EXTERNAL_INTERRUPT:
		vmx_external_interrupt();
		break;
	case EXIT_REASON_EXCEPTION_NMI:
		/* Without a guest that ran there is no such reason, but 0 after a VMfail. */
		if (likely(to_vmx(vcpu)->fail == VMX_RUN_EXITED))
			vmx_exit_exception_irqoff();
		break;
	case EXIT_REASON_MCE_DURING_VMENTRY:
		vmx_machine_check();
		break;
	}
}

/* ---- tracing --------------------------------------------------------------------------------- */

/** vmx_get_exit_info - the fields that the exit tracepoint shows */
void vmx_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1, u64 *info2, u32 *intr_info,
		       u32 *error_code)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	*reason = vmx->exit_reason;
	*info1 = vmcs_readl(EXIT_QUALIFICATION);
	*info2 = vmx->vectoring;
	*intr_info = vmcs_read32(VM_EXIT_INTR_INFO);
	*error_code = 0;
	if ((*intr_info & INTR_INFO_VALID_MASK) && (*intr_info & INTR_INFO_DELIVER_CODE_MASK))
		*error_code = vmcs_read32(VM_EXIT_INTR_ERROR_CODE);
}

/** vmx_exit_reason_name - of an exit reason, for people; "unknown" when there is none */
const char *vmx_exit_reason_name(u32 reason)
{
	static const struct {
		u32 code;
		const char *name;
	} names[] = { VMX_EXIT_REASONS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].code == (u16)reason)
			return names[i].name;
	}
	return "unknown";
}
