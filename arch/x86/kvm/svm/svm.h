/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SVM room: what its files know of each other, by owner file.
 *
 * A vCPU's fields belong to its thread (vcpu->mutex); struct svm_cpu belongs to its CPU with
 * preemption off; svm_caps is written at module load only.
 */
#ifndef __KVM_SVM_H
#define __KVM_SVM_H

#include <asm/svm.h>
#include <asm/trapnr.h>
#include <compat/compat.h>
#include "x86.h"

/**
 * struct svm_caps - what this host's SVM can do and what the module parameters left of it
 * @nasid: number of ASIDs; a guest's are 1 … nasid - 1 (APM2 15.16)
 * @clean: what VMCB.CLEAN is set to after an exit: all ones, or 0 without VmcbClean (15.15)
 * @lazy_regs: registers that an exit makes stale in vcpu->arch and that are read from the VMCB
 *   when wanted: BIT(VCPU_EXREG_*)
 * @npt: nested paging (15.25)
 * @nrips: the next sequential RIP is saved at an exit (15.7.1)
 * @flush_by_asid: TLB_CONTROL 3 flushes one ASID (15.16.2)
 * @decode_assists: operands and instruction bytes come with an exit (15.10)
 * @tsc_ratio: MSR TSC_RATIO scales the guest's TSC (15.30.5)
 * @pause_filter: PAUSE exits only after a count (15.14.4)
 * @pause_threshold: and only when they come close together
 */
struct svm_caps {
	u32 nasid;
	u32 clean;
	u32 lazy_regs;
	bool npt;
	bool nrips;
	bool flush_by_asid;
	bool decode_assists;
	bool tsc_ratio;
	bool pause_filter;
	bool pause_threshold;
};

extern struct svm_caps svm_caps;

/**
 * struct svm_cpu - one host CPU
 * @asid_generation: an ASID taken in an older generation is not the vCPU's any more
 * @next_asid: the next one to give
 * @current_vmcb: whose VMCB ran here last: another one needs an IBPB
 * @tsc_ratio: what MSR TSC_RATIO holds
 * @hsave_pa: the page VMRUN keeps host state in; its layout is the CPU's own (APM2 15.30.4)
 * @host_state_pa: the page VMSAVE puts the host's FS, GS, TR, LDTR and system-call MSRs in
 * @hsave: virtual address of the first
 * @host_state: virtual address of the second
 */
struct svm_cpu {
	u64 asid_generation;
	u32 next_asid;
	struct vmcb *current_vmcb;
	u64 tsc_ratio;
	u64 hsave_pa;
	u64 host_state_pa;
	void *hsave;
	void *host_state;
};

DECLARE_PER_CPU(struct svm_cpu, svm_cpu);

/* What svm_vcpu_run() must do beside the ordinary, rarely. Bits of vcpu_svm.entry_work. */
#define SVM_WORK_RESET_DR6	BIT(0)	/* VMCB.DR6 has bits of an older #DB: start afresh */
#define SVM_WORK_IRET		BIT(1)	/* an NMI handler's IRET was let through: is it done? */
#define SVM_WORK_EVENT		BIT(2)	/* after the next exit, look for events again */

/**
 * struct vcpu_svm - a vCPU as SVM runs it
 * @vcpu: the common part; must be first
 * @vmcb: its control block, one page
 * @vmcb_pa: physical address of @vmcb
 * @host_state_pa: svm_cpu.host_state_pa of the CPU it is loaded on
 * @cpu: that CPU's; the one it was loaded on last when it is not loaded
 * @host_saved: VMSAVE of the host's state was done since vcpu_load()
 * @entry_work: SVM_WORK_*
 * @asid_generation: when VMCB.ASID was taken; 0: take another
 * @msrpm: MSR permission map, two pages
 * @tsc_aux: the guest's TSC_AUX
 * @virt_spec_ctrl: the guest's VIRT_SPEC_CTRL
 * @de_cfg: the guest's DE_CFG
 * @nmi_masked: an NMI handler runs: from injection to the end of its IRET (APM2 8.1.4)
 * @nmi_iret: that IRET was let through and starts at @nmi_iret_rip
 * @nmi_singlestep: TF is ours, to see the end of an IRET or of an interrupt shadow
 * @nmi_step_iret: it is an IRET
 * @nmi_guest_rflags: RFLAGS.TF and RF as the guest has them, meanwhile
 * @nmi_iret_rip: see @nmi_iret
 * @soft_injected: the #BP or #OF being injected is one whose instruction was stepped over
 * @soft_old_rip: where this instruction is
 * @soft_new_rip: and where it ends
 */
struct vcpu_svm {
	struct kvm_vcpu vcpu;

	/* what each entry and exit touches */
	struct vmcb *vmcb;
	u64 vmcb_pa;
	u64 host_state_pa;
	struct svm_cpu *cpu;
	bool host_saved;
	u8 entry_work;
	u64 asid_generation;

	unsigned long *msrpm;
	u64 tsc_aux;
	u64 virt_spec_ctrl;
	u64 de_cfg;

	bool nmi_masked;
	bool nmi_iret;
	bool nmi_singlestep;
	bool nmi_step_iret;
	unsigned long nmi_guest_rflags;
	unsigned long nmi_iret_rip;

	bool soft_injected;
	unsigned long soft_old_rip;
	unsigned long soft_new_rip;
};

static __always_inline struct vcpu_svm *to_svm(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct vcpu_svm, vcpu);
}

/* ---- the instructions (APM3 chapter 4) ------------------------------------------------------- */

/*
 * They raise #UD when a reboot has turned SVM off under a vCPU: then nothing matters any more, and
 * the fault is passed over.
 */
static __always_inline void svm_vmsave(u64 pa)
{
	asm volatile("1: vmsave %0\n2:\n\t" _ASM_EXTABLE(1b, 2b) : : "a"(pa) : "memory");
}

static __always_inline void svm_invlpga(unsigned long addr, u32 asid)
{
	asm volatile("1: invlpga %0, %1\n2:\n\t" _ASM_EXTABLE(1b, 2b) : : "a"(addr), "c"(asid));
}

/* ---- entry.S --------------------------------------------------------------------------------- */

bool __svm_vcpu_run(struct vcpu_svm *svm);

/* ---- caps.c: what the host has, hardware on and off ------------------------------------------ */

int svm_cpu_has_support(void);
bool svm_disabled_by_bios(void);
int svm_check_processor_compatibility(void);
int svm_hardware_enable(void);
void svm_hardware_disable(void);
int svm_hardware_setup(void);
void svm_hardware_unsetup(void);
void svm_set_cpu_caps(void);
unsigned short svm_pause_filter_count(void);
unsigned short svm_pause_filter_thresh(void);

/* ---- vcpu.c: a vCPU's life ------------------------------------------------------------------- */

int svm_vcpu_create(struct kvm_vcpu *vcpu);
void svm_vcpu_free(struct kvm_vcpu *vcpu);
void svm_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event);
void svm_vcpu_load(struct kvm_vcpu *vcpu, int cpu);
void svm_vcpu_put(struct kvm_vcpu *vcpu);
void svm_vcpu_sched_in(struct kvm_vcpu *vcpu, int cpu);
void svm_prepare_guest_switch(struct kvm_vcpu *vcpu);
void svm_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu);
void svm_write_tsc_offset(struct kvm_vcpu *vcpu, u64 offset);
void svm_write_tsc_multiplier(struct kvm_vcpu *vcpu, u64 multiplier);

/* ---- state.c: segments, control and debug registers, RFLAGS ---------------------------------- */

u64 svm_get_segment_base(struct kvm_vcpu *vcpu, int seg);
void svm_get_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg);
void svm_set_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg);
int svm_get_cpl(struct kvm_vcpu *vcpu);
void svm_get_cs_db_l_bits(struct kvm_vcpu *vcpu, int *db, int *l);
void svm_get_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void svm_set_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void svm_get_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void svm_set_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void svm_decache_cr0_guest_bits(struct kvm_vcpu *vcpu);
void svm_decache_cr4_guest_bits(struct kvm_vcpu *vcpu);
void svm_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0);
void svm_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3);
bool svm_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
void svm_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
int svm_set_efer(struct kvm_vcpu *vcpu, u64 efer);
void svm_set_dr6(struct kvm_vcpu *vcpu, unsigned long value);
void svm_set_dr7(struct kvm_vcpu *vcpu, unsigned long value);
void svm_sync_dirty_debug_regs(struct kvm_vcpu *vcpu);
void svm_cache_reg(struct kvm_vcpu *vcpu, enum kvm_reg reg);
unsigned long svm_get_rflags(struct kvm_vcpu *vcpu);
void svm_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags);
bool svm_get_if_flag(struct kvm_vcpu *vcpu);
void svm_fpu_activate(struct kvm_vcpu *vcpu);
void svm_fpu_deactivate(struct kvm_vcpu *vcpu);

/* ---- run.c ----------------------------------------------------------------------------------- */

enum kvm_fastpath svm_vcpu_run(struct kvm_vcpu *vcpu);

/* ---- exits.c, insn.c ------------------------------------------------------------------------- */

enum kvm_fastpath svm_exit_fast(struct kvm_vcpu *vcpu);
int svm_handle_exit(struct kvm_vcpu *vcpu);
void svm_handle_exit_irqoff(struct kvm_vcpu *vcpu);
bool svm_next_rip_find(struct kvm_vcpu *vcpu);
int svm_skip_emulated_instruction(struct kvm_vcpu *vcpu);
void svm_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1, u64 *info2, u32 *intr_info,
		       u32 *error_code);
const char *svm_exit_reason_name(u32 reason);
void svm_patch_hypercall(struct kvm_vcpu *vcpu, unsigned char *code);

/* exceptions.c: #DB, #BP, #UD, #AC, #MC; the bitmap of what is intercepted */
int svm_exit_db(struct kvm_vcpu *vcpu);
int svm_exit_bp(struct kvm_vcpu *vcpu);
int svm_exit_ud(struct kvm_vcpu *vcpu);
int svm_exit_ac(struct kvm_vcpu *vcpu);
int svm_exit_mc(struct kvm_vcpu *vcpu);
void svm_machine_check(void);
void svm_update_exception_bitmap(struct kvm_vcpu *vcpu);

/* crs.c: MOV CR, CLTS, LMSW, MOV DR */
int svm_exit_cr(struct kvm_vcpu *vcpu);
int svm_exit_cr8_write(struct kvm_vcpu *vcpu);
int svm_exit_dr(struct kvm_vcpu *vcpu);

/* ---- events.c -------------------------------------------------------------------------------- */

void svm_set_irq(struct kvm_vcpu *vcpu, bool reinjected);
void svm_set_nmi(struct kvm_vcpu *vcpu);
void svm_queue_exception(struct kvm_vcpu *vcpu);
bool svm_interrupt_allowed(struct kvm_vcpu *vcpu);
bool svm_nmi_allowed(struct kvm_vcpu *vcpu);
bool svm_get_nmi_mask(struct kvm_vcpu *vcpu);
void svm_set_nmi_mask(struct kvm_vcpu *vcpu, bool masked);
void svm_enable_irq_window(struct kvm_vcpu *vcpu);
void svm_enable_nmi_window(struct kvm_vcpu *vcpu);
void svm_update_cr8_intercept(struct kvm_vcpu *vcpu, int tpr, int irr);
void svm_set_interrupt_shadow(struct kvm_vcpu *vcpu, int mask);
u32 svm_get_interrupt_shadow(struct kvm_vcpu *vcpu);
void svm_cancel_injection(struct kvm_vcpu *vcpu);
void svm_events_complete(struct kvm_vcpu *vcpu);
void svm_events_iret_check(struct kvm_vcpu *vcpu);
void svm_nmi_singlestep_end(struct vcpu_svm *svm);
int svm_exit_vintr(struct kvm_vcpu *vcpu);
int svm_exit_iret(struct kvm_vcpu *vcpu);

/* ---- npt.c: address spaces ------------------------------------------------------------------- */

void svm_asid_new(struct vcpu_svm *svm);
void svm_flush_over(struct vcpu_svm *svm);
void svm_load_mmu_root(struct kvm_vcpu *vcpu, hpa_t root, int level);
void svm_tlb_flush_all(struct kvm_vcpu *vcpu);
void svm_tlb_flush_gva(struct kvm_vcpu *vcpu, gva_t gva);
int svm_get_tdp_level(void);
u64 svm_get_mt_mask(struct kvm_vcpu *vcpu, gfn_t gfn, bool is_mmio);

/* ---- msr.c ----------------------------------------------------------------------------------- */

int svm_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int svm_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int svm_get_feature_msr(u32 index, u64 *data);
bool svm_has_emulated_msr(u32 index);
void svm_msr_setup(void);
void svm_msr_reset(struct vcpu_svm *svm);
void svm_msr_load(struct vcpu_svm *svm);

/* ---- msr_bitmap.c, io_bitmap.c --------------------------------------------------------------- */

int svm_msrpm_create(struct vcpu_svm *svm);
void svm_msrpm_free(struct vcpu_svm *svm);
void svm_set_msr_direct(struct kvm_vcpu *vcpu, u32 msr, bool read, bool write);
int svm_iopm_setup(void);
void svm_iopm_unsetup(void);
u64 svm_iopm_pa(void);

#endif
