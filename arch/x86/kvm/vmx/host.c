// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's state around guest mode: what VM exit loads from the VMCS (SDM 27.5), and what it
 * leaves for us to put back before the host's thread sees userspace, or another thread runs.
 *
 * Fields that never change are written once, those of a CPU when the vCPU comes to it, those of a
 * thread once per vcpu_load(). Preemption is off in all of it.
 */
#include <linux/percpu.h>
#include <asm/cpu_entry_area.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fsgsbase.h>
#include <asm/segment.h>
#include "vmcs.h"

/** vmx_host_init - what is the same on every CPU; the vCPU is loaded */
void vmx_host_init(struct vcpu_vmx *vmx)
{
	struct desc_ptr idt;
	u64 value;

	/* CR0.TS is never set while kernel code runs; the rest does not change. */
	vmcs_writel(HOST_CR0, read_cr0() & ~X86_CR0_TS);
	vmcs_write16(HOST_CS_SELECTOR, __KERNEL_CS);
	vmcs_write16(HOST_SS_SELECTOR, __KERNEL_DS);
	/* 26.2.3 wants RPL and TI clear: the thread's own selectors are put back in software. */
	vmcs_write16(HOST_DS_SELECTOR, 0);
	vmcs_write16(HOST_ES_SELECTOR, 0);
	vmcs_write16(HOST_FS_SELECTOR, 0);
	vmcs_write16(HOST_GS_SELECTOR, 0);
	vmcs_write16(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	store_idt(&idt);
	vmcs_writel(HOST_IDTR_BASE, idt.address);
	vmcs_writel(HOST_RIP, (unsigned long)vmx_vmexit);
	/* As they are: a host without 32-bit programs has SYSENTER disabled, by a CS of 0. */
	rdmsrl(MSR_IA32_SYSENTER_CS, value);
	vmcs_write32(HOST_IA32_SYSENTER_CS, value);
	rdmsrl(MSR_IA32_SYSENTER_EIP, value);
	vmcs_writel(HOST_IA32_SYSENTER_EIP, value);

	/* Whatever is compared with these is written at the next entry. */
	vmx->host.rsp = 0;
	vmx->host.cr3 = 0;
	vmx->host.cr4 = 0;
	vmx->host.fs_base = 0;
	vmx->host.gs_base = 0;
	vmcs_writel(HOST_FS_BASE, 0);
	vmcs_writel(HOST_GS_BASE, 0);
	vmx_host_load_cpu(smp_processor_id());
}

/** vmx_host_load_cpu - what differs from CPU to CPU: @cpu is this one, its VMCS is current */
void vmx_host_load_cpu(int cpu)
{
	u64 esp;

	vmcs_writel(HOST_TR_BASE, (unsigned long)&get_cpu_entry_area(cpu)->tss.x86_tss);
	vmcs_writel(HOST_GDTR_BASE, (unsigned long)get_cpu_gdt_ro(cpu));
	rdmsrl(MSR_IA32_SYSENTER_ESP, esp);
	vmcs_writel(HOST_IA32_SYSENTER_ESP, esp);
}

static void vmx_host_save_segments(struct vmx_host *host)
{
	savesegment(ds, host->ds_sel);
	savesegment(es, host->es_sel);
	savesegment(fs, host->fs_sel);
	savesegment(gs, host->gs_sel);
	store_ldt(host->ldt_sel);
	/* With FSGSBASE a thread may have changed its bases without the kernel's knowledge. */
	current_save_fsgs();
}

/**
 * vmx_prepare_guest_switch - before an entry, preemption off: save the host, once per vcpu_load()
 * @vcpu: the vCPU
 *
 * Segments, bases and MSRs belong to the thread and do not change while it stays on the CPU. In
 * the kernel KERNEL_GS_BASE is the thread's GS base, and no VMCS field has it.
 */
void vmx_prepare_guest_switch(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	struct vmx_host *host = &vmx->host;
	unsigned long gs_base;

	/* With interrupts on the host's profiler turns its branch records on and off. */
	host->debugctl = VMX_DEBUGCTL_UNREAD;
	if (vmx->host_saved)
		return;
	vmx_host_save_segments(host);
	gs_base = cpu_kernelmode_gs_base(smp_processor_id());
	if (host->fs_base != current->thread.fsbase) {
		host->fs_base = current->thread.fsbase;
		vmcs_writel(HOST_FS_BASE, host->fs_base);
	}
	if (host->gs_base != gs_base) {
		host->gs_base = gs_base;
		vmcs_writel(HOST_GS_BASE, gs_base);
	}
	wrmsrl(MSR_KERNEL_GS_BASE, vmx->kernel_gs_base);
	vmx_msr_load(vmx);
	vmx->host_saved = true;
}

/**
 * vmx_host_restore - the thread leaves the CPU or guest mode: all is as userspace left it
 * @vmx: the vCPU, preemption off
 *
 * VM exit makes the limits of GDTR and IDTR FFFFh and that of TR 67h, and LDTR empty (27.5.3). The
 * IDT's is of no consequence; the TSS has its I/O bitmap beyond 67h.
 */
void vmx_host_restore(struct vcpu_vmx *vmx)
{
	struct vmx_host *host = &vmx->host;

	if (!vmx->host_saved)
		return;
	vmx->host_saved = false;
	++vmx->vcpu.stat.host_state_reload;
	rdmsrl(MSR_KERNEL_GS_BASE, vmx->kernel_gs_base);

	if (unlikely(host->ldt_sel))
		asm volatile("lldt %0" : : "m"(host->ldt_sel));
	if (unlikely(host->gs_sel))
		load_gs_index(host->gs_sel);
	if (unlikely(host->fs_sel)) {
		loadsegment(fs, host->fs_sel);
		wrmsrl(MSR_FS_BASE, host->fs_base);
	}
	if (unlikely(host->ds_sel | host->es_sel)) {
		loadsegment(ds, host->ds_sel);
		loadsegment(es, host->es_sel);
	}
	wrmsrl(MSR_KERNEL_GS_BASE, current->thread.gsbase);
	invalidate_tss_limit();
	load_fixmap_gdt(raw_smp_processor_id());
}
