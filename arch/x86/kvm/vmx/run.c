// SPDX-License-Identifier: GPL-2.0-only
/*
 * One VM entry: what other rooms keep in vcpu->arch written to the VMCS if it has changed, the
 * world switch, and what came back noted.
 *
 * Called by the x86 run loop with interrupts off, once for each entry: every line here is paid for
 * at each exit. VMREAD and VMWRITE cost more than memory does, so that nothing is read before it
 * is wanted. What happens rarely is behind one test of a word that is hot already.
 */
#include <linux/percpu.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include <asm/nospec-branch.h>
#include <asm/special_insns.h>
#include "vmcs.h"

/* VTPR's place on the virtual-APIC page, in words (29.1.1). */
#define VMX_VTPR	(0x80 / sizeof(u32))

#define VMX_DIRTY_REGS	(BIT(VCPU_REGS_RSP) | BIT(VCPU_EXREG_CR3) | BIT(VCPU_EXREG_PDPTR))

/*
 * The part in which RCU may not be watching: nothing here can be traced. CR2 is the guest's from
 * the first instruction to the last (26.3, 27.3 do not name it).
 */
static noinstr void vmx_guest_enter(struct vcpu_vmx *vmx, bool note_rcu)
{
	__kvm_guest_state_enter_irqoff(note_rcu);
	if (vmx->vcpu.arch.cr2 != native_read_cr2())
		native_write_cr2(vmx->vcpu.arch.cr2);
	vmx->fail = __vmx_vcpu_run(vmx);
	vmx->vcpu.arch.cr2 = native_read_cr2();
	kvm_guest_state_exit_irqoff();
}

/* The thread's CR3 and this CPU's CR4: rarely others than at the last entry. */
static __always_inline void vmx_host_enter(struct vmx_host *host)
{
	unsigned long cr3 = __read_cr3();
	unsigned long cr4 = __read_cr4();

	if (unlikely(cr3 != host->cr3)) {
		host->cr3 = cr3;
		vmcs_writel(HOST_CR3, cr3);
	}
	if (unlikely(cr4 != host->cr4)) {
		host->cr4 = cr4;
		vmcs_writel(HOST_CR4, cr4);
	}
}

static noinline void vmx_dirty_enter(struct kvm_vcpu *vcpu)
{
	if (kvm_reg_is_dirty(vcpu, VCPU_REGS_RSP))
		vmcs_writel(GUEST_RSP, vcpu->arch.regs[VCPU_REGS_RSP]);
	if (kvm_reg_is_dirty(vcpu, VCPU_EXREG_CR3))
		vmx_set_cr3(vcpu, vcpu->arch.cr3);
	if (kvm_reg_is_dirty(vcpu, VCPU_EXREG_PDPTR))
		vmx_write_pdptrs(vcpu);
}

/* False: do not enter, the guest must be emulated. */
static noinline bool vmx_work_enter(struct vcpu_vmx *vmx)
{
	struct kvm_vcpu_arch *arch = &vmx->vcpu.arch;

	if (vmx_must_emulate(&vmx->vcpu)) {
		vmx->fail = VMX_RUN_EMULATE;
		vmx->exit_reason = VMX_EXIT_REASONS_FAILED_VMENTRY | EXIT_REASON_INVALID_STATE;
		vmx->vectoring = 0;
		return false;
	}
	if (static_branch_unlikely(&vmx_l1d_should_flush))
		vmx_l1d_flush(vmx);
	if (vmx->entry_work & VMX_WORK_TSC) {
		vmcs_write64(TSC_OFFSET, arch->tsc_offset);
		if (vmx_has2(SECONDARY_EXEC_TSC_SCALING))
			vmcs_write64(TSC_MULTIPLIER, arch->tsc_scaling_ratio ?: BIT_ULL(48));
	}
	vmx->entry_work &= VMX_WORK_TIMER;
	if (vmx->entry_work)
		vmx_timer_enter(vmx);
	return true;
}

/* Guest state that other rooms keep in vcpu->arch, into the VMCS. */
static __always_inline void vmx_state_enter(struct vcpu_vmx *vmx)
{
	struct kvm_vcpu *vcpu = &vmx->vcpu;

	if (kvm_reg_is_dirty(vcpu, VCPU_REGS_RIP))
		vmcs_writel(GUEST_RIP, vcpu->arch.regs[VCPU_REGS_RIP]);
	if (unlikely(vcpu->arch.regs_dirty & VMX_DIRTY_REGS))
		vmx_dirty_enter(vcpu);
	/* TPR's low half, which CR8 has not, stays as long as the high one does. */
	if (vmx->virtual_apic && unlikely(vmx->virtual_apic[VMX_VTPR] >> 4 != vcpu->arch.cr8))
		vmx->virtual_apic[VMX_VTPR] = vcpu->arch.cr8 << 4;
	vmx_host_enter(&vmx->host);
}

/*
 * Exits that an instruction causes by itself, and never the delivery of an event (27.2.4): the
 * frequent ones, which need not read the IDT-vectoring information.
 */
#define VMX_INSN_EXITS	(BIT_ULL(EXIT_REASON_CPUID) | BIT_ULL(EXIT_REASON_HLT) |	\
			 BIT_ULL(EXIT_REASON_VMCALL) | BIT_ULL(EXIT_REASON_CR_ACCESS) |	\
			 BIT_ULL(EXIT_REASON_DR_ACCESS) | BIT_ULL(EXIT_REASON_MSR_READ) |	\
			 BIT_ULL(EXIT_REASON_IO_INSTRUCTION) | BIT_ULL(EXIT_REASON_MSR_WRITE))

/* And what there is to say about the exit. False: the guest was never entered. */
static __always_inline bool vmx_state_exit(struct vcpu_vmx *vmx)
{
	u32 reason;

	vmx->vcpu.arch.regs_avail = ~vmx_caps.lazy_regs;
	vmx->vcpu.arch.regs_dirty = 0;
	vmx->vectoring = 0;
	if (likely(vmx->fail == VMX_RUN_EXITED)) {
		reason = vmcs_read32(VM_EXIT_REASON);
		vmx->exit_reason = reason;
		/* An entry that failed has not launched it, and wrote no other field (26.8). */
		if (unlikely(reason & VMX_EXIT_REASONS_FAILED_VMENTRY))
			return false;
		vmx->launched = true;
		if (unlikely(reason >= 64) || !(VMX_INSN_EXITS >> reason & 1))
			vmx->vectoring = vmcs_read32(IDT_VECTORING_INFO_FIELD);
		return true;
	}
	/* VMX is off because the machine reboots: as if an interrupt had come at once. */
	vmx->exit_reason = vmx->fail == VMX_RUN_OFF ? EXIT_REASON_INIT_SIGNAL :
						      VMX_EXIT_REASONS_FAILED_VMENTRY;
	return false;
}

/**
 * vmx_vcpu_run - enter the guest, come back with its exit
 * @vcpu: the vCPU; loaded, interrupts off, kvm_x86_ops.prepare_guest_switch() done, and its
 *	debug registers loaded if it has any
 *
 * Return: KVM_FASTPATH_NONE, or what became of an exit that could be handled at once.
 */
enum kvm_fastpath vmx_vcpu_run(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	bool note_rcu = kvm_rcu_note_due(vcpu);

	vmx_state_enter(vmx);
	if ((unlikely(vmx->entry_work) || static_branch_unlikely(&vmx_l1d_should_flush)) &&
	    !vmx_work_enter(vmx))
		return KVM_FASTPATH_NONE;
	/* Memory-mapped devices' stale data; VERW in entry.S is for the other weaknesses. */
	if (static_branch_unlikely(&mmio_stale_data_clear))
		x86_clear_cpu_buffers();
	if (static_branch_unlikely(&vmx_perf_switched))
		vmx_msr_switch_perf(vmx);
	kvm_load_guest_xsave_state(vcpu);

	/* While interrupts stay off, what one VM exit cleared is put back before the next entry. */
	if (vmx->host.debugctl == VMX_DEBUGCTL_UNREAD)
		vmx->host.debugctl = get_debugctlmsr();
	vmx_guest_enter(vmx, note_rcu);

	/* VMSCAPE: userspace must not run on predictions that the guest has trained. */
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
	/* VM exit cleared it (27.5.1). */
	if (unlikely(vmx->host.debugctl))
		update_debugctlmsr(vmx->host.debugctl);
	kvm_load_host_xsave_state(vcpu);
	if (unlikely(!vmx_state_exit(vmx)))
		vmx_cancel_injection(vcpu);
	else if (unlikely((vmx->event | vmx->vectoring) & INTR_INFO_VALID_MASK))
		vmx_events_complete(vcpu);
	if (vcpu->arch.apic) {
		/* CR8 was written in the guest. */
		if (vmx->virtual_apic)
			vcpu->arch.cr8 = vmx->virtual_apic[VMX_VTPR] >> 4 & 15;
	}
	switch (vmx->exit_reason) {
	case EXIT_REASON_CPUID:
	case EXIT_REASON_IO_INSTRUCTION:
	case EXIT_REASON_MSR_READ:
	case EXIT_REASON_MSR_WRITE:
		return vmx_exit_fast(vcpu);
	default:
		return KVM_FASTPATH_NONE;
	}
}
