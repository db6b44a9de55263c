/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct kvm_x86_ops: all that vendor-neutral code may ask of kvm-intel or kvm-amd.
 *
 * Each operation is listed once, in KVM_X86_OPS. The list expands to the struct, to the static
 * calls and to the check that a vendor filled every entry. Call one by
 * kvm_x86_call(name)(arguments).
 *
 * Unless a line says otherwise the vCPU is loaded and its mutex held. [off]: interrupts are off.
 * [pre]: preemption is.
 */
#ifndef __KVM_X86_OPS_H
#define __KVM_X86_OPS_H

#include <linux/static_call.h>
#include <kvm/arch.h>

struct msr_data;
struct kvm_segment;
struct desc_ptr;

/* What a vCPU's run() says of the exit. */
enum kvm_fastpath {
	KVM_FASTPATH_NONE,		/* handle_exit() must look at it, interrupts on */
	KVM_FASTPATH_REENTER,		/* done: enter again at once if nothing else is asked */
	KVM_FASTPATH_EXIT,		/* userspace must do it: kvm_run is filled */
};

#define KVM_HV_TIMER_OFF	(~0ull)		/* set_hv_timer(): not at all */

#define KVM_X86_OPS(OP)									\
	/* --- VMM and CPU state ------------------------------------------------- */	\
	/* 0, or why not: -EOPNOTSUPP absent, -EBUSY taken; logs the reason */		\
	OP(int, cpu_has_kvm_support, (void))						\
	OP(bool, disabled_by_bios, (void))						\
	OP(int, hardware_setup, (void))							\
	OP(void, hardware_unsetup, (void))						\
	OP(int, check_processor_compatibility, (void))		/* [off] each CPU */	\
	OP(int, hardware_enable, (void))			/* [off] this CPU */	\
	OP(void, hardware_disable, (void))			/* [off] this CPU */	\
	OP(bool, cpu_has_accelerated_tpr, (void))					\
	/* is it an MSR that KVM_GET_MSR_INDEX_LIST may name on this vendor? */		\
	OP(bool, has_emulated_msr, (u32 index))						\
	OP(void, set_cpu_caps, (void))		/* vendor bits of the supported CPUID */	\
	/* --- VM life ----------------------------------------------------------- */	\
	OP(int, vm_init, (struct kvm *kvm))						\
	OP(void, vm_destroy, (struct kvm *kvm))						\
	/* --- vCPU life --------------------------------------------------------- */	\
	OP(int, vcpu_create, (struct kvm_vcpu *vcpu))					\
	OP(void, vcpu_free, (struct kvm_vcpu *vcpu))					\
	OP(void, vcpu_reset, (struct kvm_vcpu *vcpu, bool init_event))			\
	OP(void, prepare_guest_switch, (struct kvm_vcpu *vcpu))	/* [pre] before entry */	\
	OP(void, vcpu_load, (struct kvm_vcpu *vcpu, int cpu))	/* [pre] */		\
	OP(void, vcpu_put, (struct kvm_vcpu *vcpu))		/* [pre] */		\
	OP(void, sched_in, (struct kvm_vcpu *vcpu, int cpu))	/* [pre] */		\
	OP(void, vcpu_after_set_cpuid, (struct kvm_vcpu *vcpu))				\
	/* --- registers --------------------------------------------------------- */	\
	/* 0, 1: #GP, KVM_MSR_UNKNOWN: nobody knows it */				\
	OP(int, get_msr, (struct kvm_vcpu *vcpu, struct msr_data *msr))			\
	OP(int, set_msr, (struct kvm_vcpu *vcpu, struct msr_data *msr))			\
	OP(int, get_feature_msr, (u32 index, u64 *data))				\
	/* let the guest RDMSR or WRMSR without an exit */				\
	OP(void, set_msr_direct, (struct kvm_vcpu *vcpu, u32 msr, bool read, bool write))	\
	OP(u64, get_segment_base, (struct kvm_vcpu *vcpu, int seg))			\
	OP(void, get_segment, (struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg))	\
	OP(void, set_segment, (struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg))	\
	OP(int, get_cpl, (struct kvm_vcpu *vcpu))					\
	OP(void, get_cs_db_l_bits, (struct kvm_vcpu *vcpu, int *db, int *l))		\
	OP(void, decache_cr0_guest_bits, (struct kvm_vcpu *vcpu))			\
	OP(void, decache_cr4_guest_bits, (struct kvm_vcpu *vcpu))			\
	OP(void, set_cr0, (struct kvm_vcpu *vcpu, unsigned long cr0))			\
	OP(void, set_cr3, (struct kvm_vcpu *vcpu, unsigned long cr3))	/* the guest's own */	\
	OP(bool, is_valid_cr4, (struct kvm_vcpu *vcpu, unsigned long cr4))		\
	OP(void, set_cr4, (struct kvm_vcpu *vcpu, unsigned long cr4))			\
	OP(int, set_efer, (struct kvm_vcpu *vcpu, u64 efer))				\
	OP(void, get_idt, (struct kvm_vcpu *vcpu, struct desc_ptr *dt))			\
	OP(void, set_idt, (struct kvm_vcpu *vcpu, struct desc_ptr *dt))			\
	OP(void, get_gdt, (struct kvm_vcpu *vcpu, struct desc_ptr *dt))			\
	OP(void, set_gdt, (struct kvm_vcpu *vcpu, struct desc_ptr *dt))			\
	OP(void, set_dr6, (struct kvm_vcpu *vcpu, unsigned long value))			\
	OP(void, set_dr7, (struct kvm_vcpu *vcpu, unsigned long value))			\
	OP(void, sync_dirty_debug_regs, (struct kvm_vcpu *vcpu))	/* [pre] */		\
	OP(void, cache_reg, (struct kvm_vcpu *vcpu, enum kvm_reg reg))			\
	OP(unsigned long, get_rflags, (struct kvm_vcpu *vcpu))				\
	OP(void, set_rflags, (struct kvm_vcpu *vcpu, unsigned long rflags))		\
	OP(bool, get_if_flag, (struct kvm_vcpu *vcpu))					\
	OP(void, fpu_activate, (struct kvm_vcpu *vcpu))		/* guest FPU is loaded */	\
	OP(void, fpu_deactivate, (struct kvm_vcpu *vcpu))	/* and is not any more */	\
	/* --- run and exit ------------------------------------------------------ */	\
	OP(enum kvm_fastpath, run, (struct kvm_vcpu *vcpu))	/* [off] */		\
	/* 1 resume, 0 to userspace, < 0 errno */					\
	OP(int, handle_exit, (struct kvm_vcpu *vcpu))					\
	OP(void, handle_exit_irqoff, (struct kvm_vcpu *vcpu))	/* [off] NMI, MCE, IRQ */	\
	OP(int, skip_emulated_instruction, (struct kvm_vcpu *vcpu))	/* as handle_exit */	\
	OP(void, get_exit_info, (struct kvm_vcpu *vcpu, u32 *reason, u64 *info1,	\
				 u64 *info2, u32 *intr_info, u32 *error_code))		\
	OP(const char *, exit_reason_name, (u32 reason))				\
	OP(void, update_exception_bitmap, (struct kvm_vcpu *vcpu))	/* set_guest_debug */	\
	OP(void, patch_hypercall, (struct kvm_vcpu *vcpu, unsigned char *code))	/* 3 bytes */	\
	OP(void, cancel_injection, (struct kvm_vcpu *vcpu))	/* entry given up */	\
	/* --- interrupts and events --------------------------------------------- */	\
	OP(void, set_irq, (struct kvm_vcpu *vcpu, bool reinjected))			\
	OP(void, set_nmi, (struct kvm_vcpu *vcpu))					\
	OP(void, queue_exception, (struct kvm_vcpu *vcpu))				\
	OP(bool, interrupt_allowed, (struct kvm_vcpu *vcpu))				\
	OP(bool, nmi_allowed, (struct kvm_vcpu *vcpu))					\
	OP(bool, get_nmi_mask, (struct kvm_vcpu *vcpu))					\
	OP(void, set_nmi_mask, (struct kvm_vcpu *vcpu, bool masked))			\
	OP(void, enable_irq_window, (struct kvm_vcpu *vcpu))				\
	OP(void, enable_nmi_window, (struct kvm_vcpu *vcpu))				\
	OP(void, update_cr8_intercept, (struct kvm_vcpu *vcpu, int tpr, int irr))	\
	/* KVM_X86_SHADOW_INT_STI | KVM_X86_SHADOW_INT_MOV_SS */				\
	OP(void, set_interrupt_shadow, (struct kvm_vcpu *vcpu, int mask))		\
	OP(u32, get_interrupt_shadow, (struct kvm_vcpu *vcpu))				\
	/* the vCPU's xAPIC, in the kernel, is at its default address, or not there any more */	\
	OP(void, set_apic_page, (struct kvm_vcpu *vcpu, bool there))			\
	OP(int, set_tss_addr, (struct kvm *kvm, unsigned long addr))			\
	OP(int, set_identity_map_addr, (struct kvm *kvm, u64 addr))			\
	/* --- MMU --------------------------------------------------------------- */	\
	OP(void, load_mmu_root, (struct kvm_vcpu *vcpu, hpa_t root, int level))		\
	OP(void, tlb_flush_all, (struct kvm_vcpu *vcpu))	/* [pre] */		\
	OP(void, tlb_flush_current, (struct kvm_vcpu *vcpu))	/* [pre] */		\
	OP(void, tlb_flush_gva, (struct kvm_vcpu *vcpu, gva_t gva))	/* [pre] */		\
	OP(void, tlb_flush_guest, (struct kvm_vcpu *vcpu))	/* [pre] */		\
	OP(int, get_tdp_level, (void))							\
	OP(u64, get_mt_mask, (struct kvm_vcpu *vcpu, gfn_t gfn, bool is_mmio))		\
	/* --- clock ------------------------------------------------------------- */	\
	OP(void, write_tsc_offset, (struct kvm_vcpu *vcpu, u64 offset))			\
	OP(void, write_tsc_multiplier, (struct kvm_vcpu *vcpu, u64 multiplier))		\
	/* end guest mode at this TSC of the host; only with kvm_host.hv_timer */	\
	OP(void, set_hv_timer, (struct kvm_vcpu *vcpu, u64 tsc))

#define KVM_X86_OP_MEMBER(ret, name, args) ret (*name) args;

/**
 * struct kvm_x86_ops - a vendor module's table; const, given to kvm_init()
 * @name: "kvm_amd" or "kvm_intel", for messages
 * @isa: which exit codes the kvm_exit tracepoint shows: 1 VMX, 2 SVM, as perf kvm stat has them
 */
struct kvm_x86_ops {
	const char *name;
	u32 isa;
	KVM_X86_OPS(KVM_X86_OP_MEMBER)
};

extern struct kvm_x86_ops kvm_x86_ops;

#define KVM_X86_OP_DECLARE(ret, name, args) \
	DECLARE_STATIC_CALL(kvm_x86_##name, *(((struct kvm_x86_ops *)0)->name));
KVM_X86_OPS(KVM_X86_OP_DECLARE)

#define kvm_x86_call(name)	static_call(kvm_x86_##name)

#endif
