// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm-intel.ko: the table by which the vendor-neutral code reaches VMX, and module life.
 */
#include <linux/module.h>
#include <asm/cpu_device_id.h>
#include "vmx.h"

/* VMs need nothing of VMX's own. */
static int vmx_vm_init(struct kvm *kvm)
{
	return 0;
}

static void vmx_vm_destroy(struct kvm *kvm)
{
}

/*
 * Three pages for the TSS of virtual-8086 code that stands for real mode: rmode.c does without, so
 * that any address will do.
 */
static int vmx_set_tss_addr(struct kvm *kvm, unsigned long addr)
{
	return 0;
}

/* Under kvm->lock, before the first vCPU. CR3 takes it: a page below 4 GiB. 0 is the default. */
static int vmx_set_identity_map_addr(struct kvm *kvm, u64 addr)
{
	if (addr >> 32 || !PAGE_ALIGNED(addr))
		return -EINVAL;
	kvm->arch.identity_map_addr = addr;
	return 0;
}

/* Reads of CR8 are fast (TPR shadow), but guests that use the APIC's memory page exit. */
static bool vmx_cpu_has_accelerated_tpr(void)
{
	return false;
}

static const struct kvm_x86_ops vmx_ops = {
	.name				= "kvm_intel",
	.isa				= 1,

	.cpu_has_kvm_support		= vmx_cpu_has_support,
	.disabled_by_bios		= vmx_disabled_by_bios,
	.hardware_setup			= vmx_hardware_setup,
	.hardware_unsetup		= vmx_hardware_unsetup,
	.check_processor_compatibility	= vmx_check_processor_compatibility,
	.hardware_enable		= vmx_hardware_enable,
	.hardware_disable		= vmx_hardware_disable,
	.cpu_has_accelerated_tpr	= vmx_cpu_has_accelerated_tpr,
	.has_emulated_msr		= vmx_has_emulated_msr,
	.set_cpu_caps			= vmx_set_cpu_caps,

	.vm_init			= vmx_vm_init,
	.vm_destroy			= vmx_vm_destroy,

	.vcpu_create			= vmx_vcpu_create,
	.vcpu_free			= vmx_vcpu_free,
	.vcpu_reset			= vmx_vcpu_reset,
	.prepare_guest_switch		= vmx_prepare_guest_switch,
	.vcpu_load			= vmx_vcpu_load,
	.vcpu_put			= vmx_vcpu_put,
	.sched_in			= vmx_vcpu_sched_in,
	.vcpu_after_set_cpuid		= vmx_vcpu_after_set_cpuid,

	.get_msr			= vmx_get_msr,
	.set_msr			= vmx_set_msr,
	.get_feature_msr		= vmx_get_feature_msr,
	.set_msr_direct			= vmx_set_msr_direct,
	.get_segment_base		= vmx_get_segment_base,
	.get_segment			= vmx_get_segment,
	.set_segment			= vmx_set_segment,
	.get_cpl			= vmx_get_cpl,
	.get_cs_db_l_bits		= vmx_get_cs_db_l_bits,
	.decache_cr0_guest_bits		= vmx_decache_cr0_guest_bits,
	.decache_cr4_guest_bits		= vmx_decache_cr4_guest_bits,
	.set_cr0			= vmx_set_cr0,
	.set_cr3			= vmx_set_cr3,
	.is_valid_cr4			= vmx_is_valid_cr4,
	.set_cr4			= vmx_set_cr4,
	.set_efer			= vmx_set_efer,
	.get_idt			= vmx_get_idt,
	.set_idt			= vmx_set_idt,
	.get_gdt			= vmx_get_gdt,
	.set_gdt			= vmx_set_gdt,
	.set_dr6			= vmx_set_dr6,
	.set_dr7			= vmx_set_dr7,
	.sync_dirty_debug_regs		= vmx_sync_dirty_debug_regs,
	.cache_reg			= vmx_cache_reg,
	.get_rflags			= vmx_get_rflags,
	.set_rflags			= vmx_set_rflags,
	.get_if_flag			= vmx_get_if_flag,
	.fpu_activate			= vmx_fpu_activate,
	.fpu_deactivate			= vmx_fpu_deactivate,

	.run				= vmx_vcpu_run,
	.handle_exit			= vmx_handle_exit,
	.handle_exit_irqoff		= vmx_handle_exit_irqoff,
	.skip_emulated_instruction	= vmx_skip_emulated_instruction,
	.get_exit_info			= vmx_get_exit_info,
	.exit_reason_name		= vmx_exit_reason_name,
	.update_exception_bitmap	= vmx_update_exception_bitmap,
	.patch_hypercall		= vmx_patch_hypercall,
	.cancel_injection		= vmx_cancel_injection,

	.set_irq			= vmx_set_irq,
	.set_nmi			= vmx_set_nmi,
	.queue_exception		= vmx_queue_exception,
	.interrupt_allowed		= vmx_interrupt_allowed,
	.nmi_allowed			= vmx_nmi_allowed,
	.get_nmi_mask			= vmx_get_nmi_mask,
	.set_nmi_mask			= vmx_set_nmi_mask,
	.enable_irq_window		= vmx_enable_irq_window,
	.enable_nmi_window		= vmx_enable_nmi_window,
	.update_cr8_intercept		= vmx_update_cr8_intercept,
	.set_interrupt_shadow		= vmx_set_interrupt_shadow,
	.get_interrupt_shadow		= vmx_get_interrupt_shadow,
	.set_tss_addr			= vmx_set_tss_addr,
	.set_identity_map_addr		= vmx_set_identity_map_addr,

	.load_mmu_root			= vmx_load_mmu_root,
	/* The current context is the EPT's, as long as there is no nested guest. */
	.tlb_flush_all			= vmx_tlb_flush_all,
	.tlb_flush_current		= vmx_tlb_flush_all,
	.tlb_flush_guest		= vmx_tlb_flush_guest,
	.tlb_flush_gva			= vmx_tlb_flush_gva,
	.get_tdp_level			= vmx_get_tdp_level,
	.get_mt_mask			= vmx_get_mt_mask,

	.write_tsc_offset		= vmx_write_tsc_offset,
	.write_tsc_multiplier		= vmx_write_tsc_multiplier,
};

static int __init vmx_init(void)
{
	return kvm_init(&vmx_ops, sizeof(struct vcpu_vmx), __alignof__(struct vcpu_vmx),
			THIS_MODULE);
}

static void __exit vmx_exit(void)
{
	kvm_exit();
}

module_init(vmx_init);
module_exit(vmx_exit);

/* Autoload where the CPU has VMX. */
static const struct x86_cpu_id vmx_cpu_ids[] = {
	X86_MATCH_FEATURE(X86_FEATURE_VMX, NULL),
	{}
};
MODULE_DEVICE_TABLE(x86cpu, vmx_cpu_ids);

MODULE_DESCRIPTION("SlimKVM: Intel VMX");
MODULE_LICENSE("GPL");
MODULE_VERSION(SLIMKVM_VERSION);
