// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-amd.ko: the table by which the vendor-neutral code reaches SVM, and module life.
 */
#include <linux/module.h>
#include <asm/cpu_device_id.h>
#include "svm.h"

/* VMs need nothing of SVM's own; what APs and TSS addresses are for, VMX has. */
static int svm_vm_init(struct kvm *kvm)
{
	return 0;
}

static void svm_vm_destroy(struct kvm *kvm)
{
}

/* Intel's real mode under VMX needs the two ranges; under SVM any address will do. */
static int svm_set_tss_addr(struct kvm *kvm, unsigned long addr)
{
	return 0;
}

static int svm_set_identity_map_addr(struct kvm *kvm, u64 addr)
{
	return 0;
}

/* CR8 is fast (V_TPR), but guests that use the APIC's memory page exit. */
static bool svm_cpu_has_accelerated_tpr(void)
{
	return false;
}

static const struct kvm_x86_ops svm_ops = {
	.name				= "kvm_amd",
	.isa				= 2,

	.cpu_has_kvm_support		= svm_cpu_has_support,
	.disabled_by_bios		= svm_disabled_by_bios,
	.hardware_setup			= svm_hardware_setup,
	.hardware_unsetup		= svm_hardware_unsetup,
	.check_processor_compatibility	= svm_check_processor_compatibility,
	.hardware_enable		= svm_hardware_enable,
	.hardware_disable		= svm_hardware_disable,
	.cpu_has_accelerated_tpr	= svm_cpu_has_accelerated_tpr,
	.has_emulated_msr		= svm_has_emulated_msr,
	.set_cpu_caps			= svm_set_cpu_caps,

	.vm_init			= svm_vm_init,
	.vm_destroy			= svm_vm_destroy,

	.vcpu_create			= svm_vcpu_create,
	.vcpu_free			= svm_vcpu_free,
	.vcpu_reset			= svm_vcpu_reset,
	.prepare_guest_switch		= svm_prepare_guest_switch,
	.vcpu_load			= svm_vcpu_load,
	.vcpu_put			= svm_vcpu_put,
	.sched_in			= svm_vcpu_sched_in,
	.vcpu_after_set_cpuid		= svm_vcpu_after_set_cpuid,

	.get_msr			= svm_get_msr,
	.set_msr			= svm_set_msr,
	.get_feature_msr		= svm_get_feature_msr,
	.set_msr_direct			= svm_set_msr_direct,
	.get_segment_base		= svm_get_segment_base,
	.get_segment			= svm_get_segment,
	.set_segment			= svm_set_segment,
	.get_cpl			= svm_get_cpl,
	.get_cs_db_l_bits		= svm_get_cs_db_l_bits,
	.decache_cr0_guest_bits		= svm_decache_cr0_guest_bits,
	.decache_cr4_guest_bits		= svm_decache_cr4_guest_bits,
	.set_cr0			= svm_set_cr0,
	.set_cr3			= svm_set_cr3,
	.is_valid_cr4			= svm_is_valid_cr4,
	.set_cr4			= svm_set_cr4,
	.set_efer			= svm_set_efer,
	.get_idt			= svm_get_idt,
	.set_idt			= svm_set_idt,
	.get_gdt			= svm_get_gdt,
	.set_gdt			= svm_set_gdt,
	.set_dr6			= svm_set_dr6,
	.set_dr7			= svm_set_dr7,
	.sync_dirty_debug_regs		= svm_sync_dirty_debug_regs,
	.cache_reg			= svm_cache_reg,
	.get_rflags			= svm_get_rflags,
	.set_rflags			= svm_set_rflags,
	.get_if_flag			= svm_get_if_flag,
	.fpu_activate			= svm_fpu_activate,
	.fpu_deactivate			= svm_fpu_deactivate,

	.run				= svm_vcpu_run,
	.handle_exit			= svm_handle_exit,
	.handle_exit_irqoff		= svm_handle_exit_irqoff,
	.skip_emulated_instruction	= svm_skip_emulated_instruction,
	.get_exit_info			= svm_get_exit_info,
	.exit_reason_name		= svm_exit_reason_name,
	.update_exception_bitmap	= svm_update_exception_bitmap,
	.patch_hypercall		= svm_patch_hypercall,
	.cancel_injection		= svm_cancel_injection,

	.set_irq			= svm_set_irq,
	.set_nmi			= svm_set_nmi,
	.queue_exception		= svm_queue_exception,
	.interrupt_allowed		= svm_interrupt_allowed,
	.nmi_allowed			= svm_nmi_allowed,
	.get_nmi_mask			= svm_get_nmi_mask,
	.set_nmi_mask			= svm_set_nmi_mask,
	.enable_irq_window		= svm_enable_irq_window,
	.enable_nmi_window		= svm_enable_nmi_window,
	.update_cr8_intercept		= svm_update_cr8_intercept,
	.set_interrupt_shadow		= svm_set_interrupt_shadow,
	.get_interrupt_shadow		= svm_get_interrupt_shadow,
	.set_tss_addr			= svm_set_tss_addr,
	.set_identity_map_addr		= svm_set_identity_map_addr,

	.load_mmu_root			= svm_load_mmu_root,
	/* One ASID holds all there is of a vCPU: its three contexts are flushed alike. */
	.tlb_flush_all			= svm_tlb_flush_all,
	.tlb_flush_current		= svm_tlb_flush_all,
	.tlb_flush_guest		= svm_tlb_flush_all,
	.tlb_flush_gva			= svm_tlb_flush_gva,
	.get_tdp_level			= svm_get_tdp_level,
	.get_mt_mask			= svm_get_mt_mask,

	.write_tsc_offset		= svm_write_tsc_offset,
	.write_tsc_multiplier		= svm_write_tsc_multiplier,
};

static int __init svm_init(void)
{
	return kvm_init(&svm_ops, sizeof(struct vcpu_svm), __alignof__(struct vcpu_svm),
			THIS_MODULE);
}

static void __exit svm_exit(void)
{
	kvm_exit();
}

module_init(svm_init);
module_exit(svm_exit);

/* Autoload where the CPU has SVM. */
static const struct x86_cpu_id svm_cpu_ids[] = {
	X86_MATCH_FEATURE(X86_FEATURE_SVM, NULL),
	{}
};
MODULE_DEVICE_TABLE(x86cpu, svm_cpu_ids);

MODULE_DESCRIPTION("SlimKVM: AMD SVM");
MODULE_LICENSE("GPL");
MODULE_VERSION(SLIMKVM_VERSION);
