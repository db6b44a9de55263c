// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why a guest stopped, and what is done about it: one function for each exit code (APM2 appendix
 * C), in one table. Called by the x86 run loop after each exit, under the vCPU's mutex, interrupts
 * on except in svm_handle_exit_irqoff(). Handlers return 1 to resume the guest, 0 to leave to
 * userspace with kvm_run filled, or a negative errno.
 */
#include <linux/ratelimit.h>
#include "emulate/emulate.h"
#include "vmcb.h"

/* ---- instructions ---------------------------------------------------------------------------- */

/* EXITINFO1 of IOIO: what was accessed and how; EXITINFO2: the next RIP (APM2 15.10.2). */
static int svm_exit_ioio(struct kvm_vcpu *vcpu)
{
	struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	u32 info = control->exit_info_1;
	int size = (info & SVM_IOIO_SIZE_MASK) >> SVM_IOIO_SIZE_SHIFT;

	if (unlikely(info & SVM_IOIO_STR_MASK))
		return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
	/* Here it comes on every CPU; with NRIPS in both fields. */
	control->next_rip = control->exit_info_2;
	return kvm_fast_pio(vcpu, size, info >> 16, info & SVM_IOIO_TYPE_MASK);
}

/* EXITINFO1: 0 for RDMSR, 1 for WRMSR (APM2 15.11). */
static int svm_exit_msr(struct kvm_vcpu *vcpu)
{
	if (to_svm(vcpu)->vmcb->control.exit_info_1)
		return kvm_emulate_wrmsr(vcpu);
	return kvm_emulate_rdmsr(vcpu);
}

/* ---- nested page fault ----------------------------------------------------------------------- */

/*
 * EXITINFO1: the error code, EXITINFO2: the guest physical address (APM2 15.25.6). With decode
 * assists the instruction's bytes come with a data access; a fetch gives none (15.8.4).
 */
static int svm_exit_npf(struct kvm_vcpu *vcpu)
{
	struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	int len = 0;

	if (svm_caps.decode_assists)
		len = control->insn_len & 15;
	return kvm_mmu_page_fault(vcpu, control->exit_info_2, control->exit_info_1,
				  control->insn_bytes, len);
}

/*
 * #PF, with shadow paging alone. EXITINFO1: its error code, EXITINFO2: the linear address; CR2 is
 * not written (APM2 15.12.15). A fault in the delivery of an event is judged first: if our tables
 * were the cause, the event is delivered again.
 */
static int svm_exit_pf(struct kvm_vcpu *vcpu)
{
	struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	int len = 0;

	if (svm_caps.decode_assists)
		len = control->insn_len & 15;
	return kvm_mmu_page_fault(vcpu, control->exit_info_2, (u32)control->exit_info_1,
				  control->insn_bytes, len);
}

/* The emulator knows what it is, and whether the guest's CPUID has it. */
static int svm_exit_emulate(struct kvm_vcpu *vcpu)
{
	return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
}

/* With decode assists EXITINFO1 is the linear address (APM2 15.8.3). */
static int svm_exit_invlpg(struct kvm_vcpu *vcpu)
{
	if (!svm_caps.decode_assists)
		return svm_exit_emulate(vcpu);
	vcpu->arch.mmu->invlpg(vcpu, to_svm(vcpu)->vmcb->control.exit_info_1);
	return kvm_skip_emulated_instruction(vcpu);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* The host's own: taken at STGI, or when the run loop turned interrupts on. */
static int svm_exit_host_event(struct kvm_vcpu *vcpu)
{
	return 1;
}

static int svm_exit_intr(struct kvm_vcpu *vcpu)
{
	++vcpu->stat.irq_exits;
	return 1;
}

/* An x87 error with FERR disabled would freeze the CPU: no such pin exists, go on. */
static int svm_exit_ferr_freeze(struct kvm_vcpu *vcpu)
{
	return 1;
}

/*
 * The guest's CPU shut down. VMCB contents are undefined then (APM2 15.14.3): they are made those
 * of a CPU after INIT, which is all that userspace can do with the vCPU anyway. What INIT leaves
 * alone, ASID and nested CR3, is set here.
 */
static int svm_exit_shutdown(struct kvm_vcpu *vcpu)
{
	struct kvm_mmu *mmu = vcpu->arch.mmu;

	clear_page(to_svm(vcpu)->vmcb);
	to_svm(vcpu)->asid_generation = 0;
	kvm_vcpu_reset(vcpu, true);
	if (mmu->root_hpa != KVM_MMU_NO_ROOT)
		svm_load_mmu_root(vcpu, mmu->root_hpa, mmu->root_level);
	vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
	return 0;
}

/*
 * EXITINFO1: the new TSS; EXITINFO2: what started it, and an exception's error code (APM2 15.14.1).
 * The event itself, if it was one, is in EXITINTINFO: this delivers it. INT n, INT3 and INTO are
 * instructions, that the old task goes on behind.
 */
static int svm_exit_task_switch(struct kvm_vcpu *vcpu)
{
	const struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	u32 event = control->exit_int_info, type = event & SVM_EXITINTINFO_TYPE_MASK;
	bool has_error = control->exit_info_2 & BIT_ULL(SVM_EXITINFOSHIFT_TS_HAS_ERROR_CODE);
	u8 vector = event & SVM_EXITINTINFO_VEC_MASK;
	int reason = X86_TASK_CALL, idt_index = -1;

	if (control->exit_info_2 & BIT_ULL(SVM_EXITINFOSHIFT_TS_REASON_IRET)) {
		reason = X86_TASK_IRET;
		svm_set_nmi_mask(vcpu, false);
	} else if (control->exit_info_2 & BIT_ULL(SVM_EXITINFOSHIFT_TS_REASON_JMP)) {
		reason = X86_TASK_JMP;
	} else if (event & SVM_EXITINTINFO_VALID) {
		reason = X86_TASK_GATE;
		kvm_clear_event_queues(vcpu);
		if (type != SVM_EXITINTINFO_TYPE_SOFT &&
		    !(type == SVM_EXITINTINFO_TYPE_EXEPT &&
		      (vector == X86_TRAP_BP || vector == X86_TRAP_OF)))
			idt_index = vector;
	}
	return kvm_task_switch(vcpu, control->exit_info_1, idt_index, reason, has_error,
			       control->exit_info_2);
}

/* ---- the table ------------------------------------------------------------------------------- */

static int (*const svm_exit_handlers[])(struct kvm_vcpu *vcpu) = {
	[SVM_EXIT_READ_CR0]			= svm_exit_cr,
	[SVM_EXIT_READ_CR3]			= svm_exit_cr,
	[SVM_EXIT_READ_CR4]			= svm_exit_cr,
	[SVM_EXIT_WRITE_CR0]			= svm_exit_cr,
	[SVM_EXIT_WRITE_CR3]			= svm_exit_cr,
	[SVM_EXIT_WRITE_CR4]			= svm_exit_cr,
	[SVM_EXIT_WRITE_CR8]			= svm_exit_cr8_write,
	[SVM_EXIT_CR0_SEL_WRITE]		= svm_exit_cr,
	[SVM_EXIT_READ_DR0 ... SVM_EXIT_READ_DR7]	= svm_exit_dr,
	[SVM_EXIT_WRITE_DR0 ... SVM_EXIT_WRITE_DR7]	= svm_exit_dr,
	[SVM_EXIT_EXCP_BASE + X86_TRAP_DB]	= svm_exit_db,
	[SVM_EXIT_EXCP_BASE + X86_TRAP_BP]	= svm_exit_bp,
	[SVM_EXIT_EXCP_BASE + X86_TRAP_UD]	= svm_exit_ud,
	[SVM_EXIT_EXCP_BASE + X86_TRAP_PF]	= svm_exit_pf,
	[SVM_EXIT_EXCP_BASE + X86_TRAP_AC]	= svm_exit_ac,
	[SVM_EXIT_EXCP_BASE + X86_TRAP_MC]	= svm_exit_mc,
	[SVM_EXIT_INTR]				= svm_exit_intr,
	[SVM_EXIT_NMI]				= svm_exit_host_event,
	[SVM_EXIT_SMI]				= svm_exit_host_event,
	[SVM_EXIT_INIT]				= svm_exit_host_event,
	[SVM_EXIT_VINTR]			= svm_exit_vintr,
	[SVM_EXIT_RDPMC]			= kvm_emulate_rdpmc,
	[SVM_EXIT_CPUID]			= kvm_emulate_cpuid,
	[SVM_EXIT_IRET]				= svm_exit_iret,
	[SVM_EXIT_INVD]				= kvm_emulate_as_nop,
	[SVM_EXIT_PAUSE]			= kvm_emulate_pause,
	[SVM_EXIT_HLT]				= kvm_emulate_halt,
	[SVM_EXIT_INVLPG]			= svm_exit_invlpg,
	[SVM_EXIT_INVLPGA]			= kvm_emulate_undefined,
	[SVM_EXIT_IOIO]				= svm_exit_ioio,
	[SVM_EXIT_MSR]				= svm_exit_msr,
	[SVM_EXIT_TASK_SWITCH]			= svm_exit_task_switch,
	[SVM_EXIT_FERR_FREEZE]			= svm_exit_ferr_freeze,
	[SVM_EXIT_SHUTDOWN]			= svm_exit_shutdown,
	[SVM_EXIT_VMRUN]			= kvm_emulate_undefined,
	[SVM_EXIT_VMMCALL]			= kvm_emulate_hypercall,
	[SVM_EXIT_VMLOAD]			= kvm_emulate_undefined,
	[SVM_EXIT_VMSAVE]			= kvm_emulate_undefined,
	[SVM_EXIT_STGI]				= kvm_emulate_undefined,
	[SVM_EXIT_CLGI]				= kvm_emulate_undefined,
	[SVM_EXIT_SKINIT]			= kvm_emulate_undefined,
	[SVM_EXIT_RDTSCP]			= kvm_emulate_undefined,
	[SVM_EXIT_WBINVD]			= kvm_emulate_as_nop,
	/* Monitoring ends for many reasons, this one among them (APM3, MWAIT). */
	[SVM_EXIT_MONITOR]			= kvm_emulate_as_nop,
	[SVM_EXIT_MWAIT]			= kvm_emulate_as_nop,
	[SVM_EXIT_XSETBV]			= kvm_emulate_xsetbv,
	[SVM_EXIT_RDPRU]			= kvm_emulate_undefined,
	[SVM_EXIT_INVPCID]			= svm_exit_emulate,
	[SVM_EXIT_NPF]				= svm_exit_npf,
};

/* VMRUN would not enter: a state that userspace set, or a fault of ours. */
static int svm_exit_invalid(struct kvm_vcpu *vcpu)
{
	static DEFINE_RATELIMIT_STATE(limit, HZ * 60, 1);
	struct kvm_run *run = vcpu->run;

	if (__ratelimit(&limit))
		svm_vmcb_dump(to_svm(vcpu));
	/* How much of the VMCB the CPU has read, and keeps, is not known (APM2 15.15). */
	svm_vmcb_dirty_all(to_svm(vcpu));
	run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	run->fail_entry.hardware_entry_failure_reason = to_svm(vcpu)->vmcb->control.exit_code;
	run->fail_entry.cpu = vcpu->cpu;
	return 0;
}

static noinline int svm_exit_unexpected(struct kvm_vcpu *vcpu)
{
	const struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	u64 data[] = { control->exit_code, vcpu->cpu };

	if (control->exit_code == (u32)SVM_EXIT_ERR)
		return svm_exit_invalid(vcpu);
	pr_warn_ratelimited("kvm: vCPU %d: unexpected exit %#x, info %#llx %#llx\n", vcpu->id,
			    control->exit_code, control->exit_info_1, control->exit_info_2);
	return kvm_internal_error(vcpu, KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON,
				  ARRAY_SIZE(data), data);
}

/**
 * svm_exit_fast - an exit that may be worth finishing before interrupts are on again
 * @vcpu: the vCPU; it exited for IOIO, CPUID or MSR
 *
 * A step over the instruction is a debugger's business, or a #DB, and not for here.
 */
enum kvm_fastpath svm_exit_fast(struct kvm_vcpu *vcpu)
{
	struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	u32 info = control->exit_info_1;

	if (unlikely(svm_get_rflags(vcpu) & X86_EFLAGS_TF))
		return KVM_FASTPATH_NONE;
	if (control->exit_code == SVM_EXIT_IOIO) {
		if (unlikely(info & SVM_IOIO_STR_MASK))
			return KVM_FASTPATH_NONE;
		control->next_rip = control->exit_info_2;
		return kvm_fast_pio_irqoff(vcpu, (info & SVM_IOIO_SIZE_MASK) >> SVM_IOIO_SIZE_SHIFT,
					   info >> 16, info & SVM_IOIO_TYPE_MASK);
	}
	if (!svm_caps.nrips && !svm_next_rip_find(vcpu))
		return KVM_FASTPATH_NONE;
	if (control->exit_code == SVM_EXIT_CPUID)
		kvm_emulate_cpuid(vcpu);
	else if (info)
		return kvm_wrmsr_irqoff(vcpu);
	else
		kvm_emulate_rdmsr(vcpu);
	return KVM_FASTPATH_REENTER;
}

/**
 * svm_handle_exit - do what the exit asks for
 * @vcpu: the vCPU
 *
 * Return: 1 resume the guest, 0 leave to userspace, < 0 errno.
 */
int svm_handle_exit(struct kvm_vcpu *vcpu)
{
	u32 code = to_svm(vcpu)->vmcb->control.exit_code;

	if (unlikely(code >= ARRAY_SIZE(svm_exit_handlers) || !svm_exit_handlers[code]))
		return svm_exit_unexpected(vcpu);
	return svm_exit_handlers[code](vcpu);
}

/**
 * svm_handle_exit_irqoff - what must be done before interrupts are on again
 * @vcpu: the vCPU
 *
 * NMIs and SMIs were taken at STGI; an interrupt is when the run loop lets it.
 */
void svm_handle_exit_irqoff(struct kvm_vcpu *vcpu)
{
	if (unlikely(to_svm(vcpu)->vmcb->control.exit_code == SVM_EXIT_EXCP_BASE + X86_TRAP_MC))
		svm_machine_check();
}

/* ---- tracing --------------------------------------------------------------------------------- */

/** svm_get_exit_info - the fields that the exit tracepoint shows */
void svm_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1, u64 *info2, u32 *intr_info,
		       u32 *error_code)
{
	const struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;

	*reason = control->exit_code;
	*info1 = control->exit_info_1;
	*info2 = control->exit_info_2;
	*intr_info = control->exit_int_info;
	*error_code = 0;
	if ((*intr_info & SVM_EXITINTINFO_VALID) && (*intr_info & SVM_EXITINTINFO_VALID_ERR))
		*error_code = control->exit_int_info_err;
}

/** svm_exit_reason_name - of an exit code, for people; "unknown" when there is none */
const char *svm_exit_reason_name(u32 reason)
{
	static const struct {
		u32 code;
		const char *name;
	} names[] = { SVM_EXIT_REASONS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].code == reason)
			return names[i].name;
	}
	return "unknown";
}
