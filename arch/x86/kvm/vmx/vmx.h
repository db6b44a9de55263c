/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMX room: what its files know of each other, by owner file.
 *
 * A vCPU's fields belong to its thread (vcpu->mutex); struct vmx_cpu belongs to its CPU with
 * interrupts off; vmx_caps is written at module load only. Section numbers are those of the SDM's
 * volume 3.
 */
#ifndef __KVM_VMX_H
#define __KVM_VMX_H

#include <asm/trapnr.h>
#include <asm/vmx.h>
#include <compat/compat.h>
#include "x86.h"

/* The five words of controls, each with a capability MSR of its own (A.3 to A.5). */
enum vmx_control_word {
	VMX_PIN,		/* pin-based VM-execution controls */
	VMX_PROC,		/* primary processor-based ones */
	VMX_PROC2,		/* secondary */
	VMX_EXIT,		/* VM-exit controls */
	VMX_ENTRY,		/* VM-entry controls */
	VMX_CONTROL_WORDS
};

/**
 * struct vmx_caps - what this host's VMX can do and what the module parameters left of it
 * @base: each control word as a vCPU starts with it
 * @allowed: those of the table's bits that may be set
 * @revision: VMCS revision identifier (24.2)
 * @lazy_regs: registers that an exit makes stale in vcpu->arch and that are read from the VMCS
 *   when wanted: bits of enum kvm_reg
 * @ept_vpid: IA32_VMX_EPT_VPID_CAP
 * @cr0_fixed0: bits of CR0 that are 1 in the guest; without PE and PG for an unrestricted guest
 * @cr0_fixed1: bits that may be 1
 * @cr4_fixed0: the same for CR4
 * @cr4_fixed1: the same
 * @ept_ad: accessed and dirty flags in EPT entries (28.3.5)
 * @ept_5level: the tables have five levels
 * @host_pat: the host's PAT, the same on every CPU
 * @zero_len: an event may be injected with instruction length 0 (A.6)
 * @vnmi: the CPU knows when the guest handles an NMI (virtual NMIs)
 * @flexpriority: it reads and writes TPR in the APIC's page itself: see apic_page.c
 */
struct vmx_caps {
	u32 base[VMX_CONTROL_WORDS];
	u32 allowed[VMX_CONTROL_WORDS];
	u32 revision;
	u32 lazy_regs;
	u64 ept_vpid;
	unsigned long cr0_fixed0;
	unsigned long cr0_fixed1;
	unsigned long cr4_fixed0;
	unsigned long cr4_fixed1;
	u64 host_pat;
	bool ept_ad;
	bool ept_5level;
	bool zero_len;
	bool vnmi;
	bool flexpriority;
};

extern struct vmx_caps vmx_caps;

/* Is a secondary control in use? */
static __always_inline bool vmx_has2(u32 control)
{
	return vmx_caps.base[VMX_PROC2] & control;
}

/* Does the CPU enter guests that have CR0.PE or PG clear? */
/* Else shadow paging: our tables are the guest's CR3, and #PF exits. */
static __always_inline bool vmx_has_ept(void)
{
	return vmx_has2(SECONDARY_EXEC_ENABLE_EPT);
}

static __always_inline bool vmx_has_real_mode(void)
{
	return vmx_has2(SECONDARY_EXEC_UNRESTRICTED_GUEST);
}

/**
 * struct vmx_cpu - one host CPU
 * @vmxon: the VMXON region (24.11.5)
 * @on: VMX operation is on
 * @current_vmcs: what VMPTRLD was given last
 * @vcpus: those whose VMCS may be in this CPU's caches: vcpu_vmx.cpu_link
 */
struct vmx_cpu {
	struct vmcs_page *vmxon;
	bool on;
	struct vmcs_page *current_vmcs;
	struct list_head vcpus;
};

DECLARE_PER_CPU(struct vmx_cpu, vmx_cpu);

/* VMXON region and VMCS: the revision, the abort indicator, and the CPU's own data (24.2). */
struct vmcs_page {
	u32 revision;
	u32 abort;
	u8 data[PAGE_SIZE - 8];
};

/* What vmx_vcpu_run() must do beside the ordinary, rarely. Bits of vcpu_vmx.entry_work. */
#define VMX_WORK_TSC		BIT(0)	/* TSC offset and multiplier are to be written */
#define VMX_WORK_L1D		BIT(1)	/* the vCPU was loaded anew: flush L1D (conditional mode) */
#define VMX_WORK_SEGMENTS	BIT(2)	/* segments changed: see vmx_must_emulate() */
#define VMX_WORK_TIMER		BIT(3)	/* the preemption timer runs, or was stopped */

/* In vcpu_vmx.exit_reason, where hardware has no bit: in the delivery of an event, impossibly. */
#define VMX_EXIT_DELIVERY	BIT(30)

#define VMX_DEBUGCTL_UNREAD	(~0ul)

/**
 * struct vmx_host - the host's state that VM exit does not bring back as it was (27.5)
 * @fs_sel: selectors of the thread that runs the vCPU
 * @gs_sel: likewise
 * @ds_sel: likewise
 * @es_sel: likewise
 * @ldt_sel: and its LDT
 * @debugctl: IA32_DEBUGCTL, which VM exit clears; VMX_DEBUGCTL_UNREAD: to be read at the entry
 * @fs_base: HOST_FS_BASE as the VMCS has it
 * @gs_base: HOST_GS_BASE
 * @cr3: HOST_CR3
 * @cr4: HOST_CR4
 * @rsp: HOST_RSP
 */
struct vmx_host {
	u16 fs_sel;
	u16 gs_sel;
	u16 ds_sel;
	u16 es_sel;
	u16 ldt_sel;
	unsigned long debugctl;
	unsigned long fs_base;
	unsigned long gs_base;
	unsigned long cr3;
	unsigned long cr4;
	unsigned long rsp;
};

#define VMX_SWITCHED	3	/* MSRs that have controls of their own */
#define VMX_MSR_AREA	16	/* entries of an MSR-load area; 512 would be allowed (A.6) */

/**
 * struct vmx_msr_switch - MSRs that VM entry and VM exit exchange
 * @guest: VM-entry MSR-load area
 * @host: VM-exit MSR-load area, of the same MSRs in the same order
 * @count: how many they are
 * @written: rows of msr_switch.c's table whose VMCS fields are as the next two say
 * @guest_field: the guest-state fields
 * @host_field: the host-state fields
 */
struct vmx_msr_switch {
	struct vmx_msr_entry guest[VMX_MSR_AREA];
	struct vmx_msr_entry host[VMX_MSR_AREA];
	u32 count;
	u32 written;
	u64 guest_field[VMX_SWITCHED];
	u64 host_field[VMX_SWITCHED];
};

/**
 * struct vmx_rmode - real mode that hardware runs as virtual-8086 mode: see rmode.c
 * @active: it does so now; the rest has a meaning only then
 * @ar: access rights of VCPU_SREG_ES to VCPU_SREG_GS, as the guest has them
 * @idt_limit: limit of the IDTR
 * @iopl: RFLAGS.IOPL, in its place
 * @tr: TR
 */
struct vmx_rmode {
	bool active;
	u32 ar[6];
	u16 idt_limit;
	unsigned long iopl;
	struct kvm_segment tr;
};

/**
 * struct vcpu_vmx - a vCPU as VMX runs it
 * @vcpu: the common part; must be first
 * @vmcs: its VMCS
 * @cpu: the CPU whose caches may hold it, -1: none
 * @cpu_link: in vmx_cpu.vcpus of that CPU
 * @launched: VMLAUNCH was done since the last VMCLEAR
 * @host_saved: the host's state was saved since vcpu_load()
 * @entry_work: VMX_WORK_*
 * @fail: __vmx_vcpu_run()'s answer
 * @exit_reason: field VM_EXIT_REASON of the last exit
 * @vectoring: field IDT_VECTORING_INFO_FIELD
 * @event: field VM_ENTRY_INTR_INFO_FIELD at the entry; 0: nothing is injected
 * @timer_tsc: the host's TSC at which the preemption timer ends guest mode
 * @vpid: virtual-processor identifier, 0: none
 * @rflags: the guest's RFLAGS, while VCPU_EXREG_RFLAGS is available
 * @rmode: real mode that hardware does not have
 * @host: the host's state
 * @controls: each control word as it is in the VMCS
 * @exception_bitmap: EXCEPTION_BITMAP as it is there
 * @eptp: EPT_POINTER as it is there
 * @msr_bitmap: one page (24.6.9)
 * @virtual_apic: the page that has VTPR (29.1): the APIC's own; NULL: there is none
 * @apic_away: its xAPIC is not at the default address
 * @tpr_threshold: TPR_THRESHOLD as it is there
 * @kernel_gs_base: the guest's, while it is not in the CPU
 * @star: the guest's MSRs that no VMCS field holds; each is in the CPU in guest mode
 * @lstar: likewise
 * @syscall_mask: likewise
 * @cstar: this one has no effect on CPUs that have VMX
 * @tsc_aux: likewise in the CPU in guest mode
 * @soft_len: length of the INT n, INT3 or INTO that is to be delivered again; 0: none
 * @nmi_masked: without virtual NMIs: the guest has been given an NMI, and may be handling it
 * @nmi_deadline: in jiffies: then it is believed to be done
 * @msr_switch: MSRs that VM entry and VM exit exchange
 */
struct vcpu_vmx {
	struct kvm_vcpu vcpu;

	/* what each entry and exit touches */
	struct vmcs_page *vmcs;
	int cpu;
	bool launched;
	bool host_saved;
	bool apic_away;
	u8 entry_work;
	u32 fail;
	u32 exit_reason;
	u32 vectoring;
	u32 event;
	u32 *virtual_apic;
	u32 tpr_threshold;
	unsigned long rflags;
	u64 timer_tsc;
	struct vmx_host host;

	u32 controls[VMX_CONTROL_WORDS];
	u32 exception_bitmap;
	u16 vpid;
	u64 eptp;
	u64 *pml;
	unsigned long *msr_bitmap;
	struct list_head cpu_link;

	u64 kernel_gs_base;
	u64 star;
	u64 lstar;
	u64 syscall_mask;
	u64 cstar;
	u64 tsc_aux;
	u8 soft_len;
	bool nmi_masked;
	unsigned long nmi_deadline;
	struct vmx_rmode rmode;
	struct vmx_msr_switch msr_switch;
};

static __always_inline struct vcpu_vmx *to_vmx(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct vcpu_vmx, vcpu);
}

/* ---- entry.S --------------------------------------------------------------------------------- */

/* What __vmx_vcpu_run() answers. */
#define VMX_RUN_EXITED	0	/* it ran, or failed to load its state: see VM_EXIT_REASON */
#define VMX_RUN_FAILED	1	/* VMfail: see VM_INSTRUCTION_ERROR */
#define VMX_RUN_OFF	2	/* VMX is off on this CPU, as a reboot makes it */
/* And what vmx_vcpu_run() adds. */
#define VMX_RUN_EMULATE	3	/* not tried: vmx_must_emulate() */

u32 __vmx_vcpu_run(struct vcpu_vmx *vmx);
/* Its label behind VMLAUNCH and VMRESUME: HOST_RIP. */
void vmx_vmexit(void);
void vmx_call_host_irq(unsigned long handler);
void vmx_call_host_nmi(void);

/* ---- caps.c: what the host has, hardware on and off ------------------------------------------ */

int vmx_cpu_has_support(void);
bool vmx_disabled_by_bios(void);
int vmx_check_processor_compatibility(void);
int vmx_hardware_setup(void);
void vmx_hardware_unsetup(void);
void vmx_set_cpu_caps(void);
u32 vmx_ple_gap(void);
u32 vmx_ple_window(void);

/* controls.c: the table of controls */
int vmx_controls_read(struct vmx_caps *caps);
bool vmx_controls_equal(const struct vmx_caps *a, const struct vmx_caps *b);

/* ---- cpu.c: VMX operation on a CPU, and which VMCS it holds ---------------------------------- */

int vmx_hardware_enable(void);
void vmx_hardware_disable(void);
int vmx_cpus_alloc(void);
void vmx_cpus_free(void);
void vmx_emergency_disable(void);
void vmx_vmcs_load(struct vcpu_vmx *vmx, int cpu);
void vmx_vmcs_clear(struct vcpu_vmx *vmx);

/* ---- vcpu.c: a vCPU's life ------------------------------------------------------------------- */

int vmx_vcpu_create(struct kvm_vcpu *vcpu);
void vmx_vcpu_free(struct kvm_vcpu *vcpu);
void vmx_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event);
void vmx_vcpu_load(struct kvm_vcpu *vcpu, int cpu);
void vmx_vcpu_put(struct kvm_vcpu *vcpu);
void vmx_vcpu_sched_in(struct kvm_vcpu *vcpu, int cpu);
void vmx_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu);
void vmx_write_tsc_offset(struct kvm_vcpu *vcpu, u64 offset);
void vmx_write_tsc_multiplier(struct kvm_vcpu *vcpu, u64 multiplier);

/* ---- host.c: the host's state around guest mode ---------------------------------------------- */

void vmx_host_init(struct vcpu_vmx *vmx);
void vmx_host_load_cpu(int cpu);
void vmx_prepare_guest_switch(struct kvm_vcpu *vcpu);
void vmx_host_restore(struct vcpu_vmx *vmx);

/* ---- state.c: segments, control and debug registers, RFLAGS ---------------------------------- */

u64 vmx_get_segment_base(struct kvm_vcpu *vcpu, int seg);
void vmx_get_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg);
void vmx_set_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg);
int vmx_get_cpl(struct kvm_vcpu *vcpu);
void vmx_get_cs_db_l_bits(struct kvm_vcpu *vcpu, int *db, int *l);
void vmx_get_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void vmx_set_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void vmx_get_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void vmx_set_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt);
void vmx_decache_cr0_guest_bits(struct kvm_vcpu *vcpu);
void vmx_decache_cr4_guest_bits(struct kvm_vcpu *vcpu);
void vmx_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0);
void vmx_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3);
void vmx_write_pdptrs(struct kvm_vcpu *vcpu);
bool vmx_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
void vmx_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
int vmx_set_efer(struct kvm_vcpu *vcpu, u64 efer);
void vmx_set_dr6(struct kvm_vcpu *vcpu, unsigned long value);
void vmx_set_dr7(struct kvm_vcpu *vcpu, unsigned long value);
void vmx_sync_dirty_debug_regs(struct kvm_vcpu *vcpu);
void vmx_cache_reg(struct kvm_vcpu *vcpu, enum kvm_reg reg);
bool vmx_steps_by_mtf(struct kvm_vcpu *vcpu);
unsigned long vmx_get_rflags(struct kvm_vcpu *vcpu);
void vmx_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags);
bool vmx_get_if_flag(struct kvm_vcpu *vcpu);
void vmx_fpu_activate(struct kvm_vcpu *vcpu);
void vmx_fpu_deactivate(struct kvm_vcpu *vcpu);

/* ---- rmode.c: real mode without "unrestricted guest" ----------------------------------------- */

void vmx_rmode_switch(struct vcpu_vmx *vmx, bool active);
bool vmx_rmode_fits(struct vcpu_vmx *vmx);
void vmx_rmode_force(struct vcpu_vmx *vmx);
int vmx_rmode_exception(struct kvm_vcpu *vcpu, u8 vector);

/* ---- guest_state.c: what VM entry refuses, paging off ---------------------------------------- */

bool vmx_must_emulate(struct kvm_vcpu *vcpu);
int vmx_emulate_guest(struct kvm_vcpu *vcpu);
gpa_t vmx_identity_map(struct kvm *kvm);
int vmx_identity_map_create(struct kvm *kvm);

/* A segment, PE or RFLAGS.VM was set: hardware may not like the result. */
static __always_inline void vmx_segments_changed(struct vcpu_vmx *vmx)
{
	if (unlikely(!vmx_has_real_mode()))
		vmx->entry_work |= VMX_WORK_SEGMENTS;
}

/* ---- run.c ----------------------------------------------------------------------------------- */

enum kvm_fastpath vmx_vcpu_run(struct kvm_vcpu *vcpu);

/* ---- preemption_timer.c ---------------------------------------------------------------------- */

void vmx_timer_setup(void);
void vmx_set_hv_timer(struct kvm_vcpu *vcpu, u64 tsc);
void vmx_timer_enter(struct vcpu_vmx *vmx);
int vmx_exit_timer(struct kvm_vcpu *vcpu);

/* ---- l1d.c: the L1 data cache before an entry ------------------------------------------------ */

int vmx_l1d_setup(void);
void vmx_l1d_unsetup(void);
void vmx_l1d_flush(struct vcpu_vmx *vmx);
DECLARE_STATIC_KEY_FALSE(vmx_l1d_should_flush);

/* ---- exits.c, insn.c ------------------------------------------------------------------------- */

enum kvm_fastpath vmx_exit_fast(struct kvm_vcpu *vcpu);
int vmx_handle_exit(struct kvm_vcpu *vcpu);
void vmx_handle_exit_irqoff(struct kvm_vcpu *vcpu);
int vmx_skip_emulated_instruction(struct kvm_vcpu *vcpu);
void vmx_get_exit_info(struct kvm_vcpu *vcpu, u32 *reason, u64 *info1, u64 *info2, u32 *intr_info,
		       u32 *error_code);
const char *vmx_exit_reason_name(u32 reason);
void vmx_patch_hypercall(struct kvm_vcpu *vcpu, unsigned char *code);

/* exceptions.c: #DB, #BP, #UD, #AC, #MC; the bitmap of what is intercepted */
int vmx_exit_exception(struct kvm_vcpu *vcpu);
int vmx_exit_mtf(struct kvm_vcpu *vcpu);
void vmx_exit_exception_irqoff(void);
void vmx_machine_check(void);
void vmx_update_exception_bitmap(struct kvm_vcpu *vcpu);

/* crs.c: MOV CR, CLTS, LMSW, MOV DR */
int vmx_exit_cr(struct kvm_vcpu *vcpu);
int vmx_exit_dr(struct kvm_vcpu *vcpu);

/* ---- events.c -------------------------------------------------------------------------------- */

void vmx_set_irq(struct kvm_vcpu *vcpu, bool reinjected);
void vmx_set_nmi(struct kvm_vcpu *vcpu);
void vmx_queue_exception(struct kvm_vcpu *vcpu);
bool vmx_interrupt_allowed(struct kvm_vcpu *vcpu);
bool vmx_nmi_allowed(struct kvm_vcpu *vcpu);
bool vmx_get_nmi_mask(struct kvm_vcpu *vcpu);
void vmx_set_nmi_mask(struct kvm_vcpu *vcpu, bool masked);
void vmx_enable_irq_window(struct kvm_vcpu *vcpu);
void vmx_enable_nmi_window(struct kvm_vcpu *vcpu);
void vmx_update_cr8_intercept(struct kvm_vcpu *vcpu, int tpr, int irr);
int vmx_exit_tpr_below_threshold(struct kvm_vcpu *vcpu);
void vmx_set_interrupt_shadow(struct kvm_vcpu *vcpu, int mask);
u32 vmx_get_interrupt_shadow(struct kvm_vcpu *vcpu);
void vmx_cancel_injection(struct kvm_vcpu *vcpu);
void vmx_events_complete(struct kvm_vcpu *vcpu);
void vmx_events_iret_fault(struct kvm_vcpu *vcpu, u64 info);
void vmx_shadow_fix_pending_db(struct kvm_vcpu *vcpu);
int vmx_exit_irq_window(struct kvm_vcpu *vcpu);
int vmx_exit_nmi_window(struct kvm_vcpu *vcpu);

/* ---- apic_page.c: TPR in hardware ------------------------------------------------------------ */

int vmx_apic_page_create(struct kvm *kvm);
void vmx_apic_page_free(struct kvm *kvm);
bool vmx_apic_page_used(struct vcpu_vmx *vmx);
void vmx_set_apic_page(struct kvm_vcpu *vcpu, bool there);
int vmx_exit_apic_access(struct kvm_vcpu *vcpu);

/* ---- ept.c: address spaces ------------------------------------------------------------------- */

void vmx_ept_setup(void);
void vmx_ept_flush_cpu(void);
void vmx_vpid_take(struct vcpu_vmx *vmx);
void vmx_vpid_give(struct vcpu_vmx *vmx);
void vmx_load_mmu_root(struct kvm_vcpu *vcpu, hpa_t root, int level);
void vmx_tlb_flush_all(struct kvm_vcpu *vcpu);
void vmx_tlb_flush_guest(struct kvm_vcpu *vcpu);
void vmx_tlb_flush_gva(struct kvm_vcpu *vcpu, gva_t gva);
int vmx_get_tdp_level(void);
u64 vmx_get_mt_mask(struct kvm_vcpu *vcpu, gfn_t gfn, bool is_mmio);
int vmx_exit_ept_violation(struct kvm_vcpu *vcpu);

/* ---- pml.c */
#define PML_ENTRIES	512	/* of the page (28.3.6) */
bool vmx_pml_used(void);
int vmx_pml_create(struct vcpu_vmx *vmx);
void vmx_pml_free(struct vcpu_vmx *vmx);
void vmx_pml_init(struct vcpu_vmx *vmx);
void vmx_pml_flush(struct vcpu_vmx *vmx);
int vmx_exit_pml_full(struct kvm_vcpu *vcpu);
int vmx_exit_ept_misconfig(struct kvm_vcpu *vcpu);

/* ---- msr.c ----------------------------------------------------------------------------------- */

int vmx_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int vmx_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int vmx_get_feature_msr(u32 index, u64 *data);
bool vmx_has_emulated_msr(u32 index);
void vmx_msr_setup(void);
void vmx_msr_reset(struct vcpu_vmx *vmx);
int vmx_msr_load(struct vcpu_vmx *vmx);

/* ---- msr_switch.c: MSRs that entry and exit exchange ----------------------------------------- */

void vmx_msr_switch_restrict(struct vmx_caps *caps);
void vmx_msr_switch_setup(void);
void vmx_msr_switch_unsetup(void);
void vmx_msr_switch_init(struct vcpu_vmx *vmx);
void vmx_msr_switch_set(struct vcpu_vmx *vmx, u32 msr, u64 guest, u64 host);
void vmx_msr_switch_clear(struct vcpu_vmx *vmx, u32 msr);
void vmx_msr_switch_perf(struct vcpu_vmx *vmx);
DECLARE_STATIC_KEY_FALSE(vmx_perf_switched);

/* ---- msr_bitmap.c ---------------------------------------------------------------------------- */

int vmx_msr_bitmap_create(struct vcpu_vmx *vmx);
void vmx_msr_bitmap_free(struct vcpu_vmx *vmx);
void vmx_set_msr_direct(struct kvm_vcpu *vcpu, u32 msr, bool read, bool write);

#endif
