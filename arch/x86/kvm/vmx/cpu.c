// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX operation on and off on one CPU, and which VMCSs its caches may hold.
 *
 * Owns the per-CPU vmx_cpu. A VMCS may be active on one CPU only (24.1): before a vCPU runs on
 * another, VMCLEAR is executed where it was. vmx_cpu.vcpus is changed with interrupts off on its
 * CPU, in an order that an NMI can walk at any moment: a crash must clear what is on it.
 */
#include <linux/rculist.h>
#include <linux/smp.h>
#include <asm/intel_pt.h>
#include <asm/nospec-branch.h>
#include <asm/perf_event.h>
#include <asm/tlbflush.h>
#include "vmcs.h"

DEFINE_PER_CPU(struct vmx_cpu, vmx_cpu);

/* ---- instructions (30.3); each passes over #UD: a reboot has turned VMX off ------------------ */

static void vmx_vmclear(struct vmcs_page *vmcs)
{
	u64 pa = __pa(vmcs);

	asm volatile("1: vmclear %0\n2:\n\t" _ASM_EXTABLE(1b, 2b) : : "m"(pa) : "cc", "memory");
}

static void vmx_vmptrld(struct vmcs_page *vmcs)
{
	u64 pa = __pa(vmcs);

	asm goto("1: vmptrld %0\n\t"
		 "jna %l[failed]\n\t"
		 _ASM_EXTABLE(1b, %l[off])
		 : : "m"(pa) : "cc", "memory" : failed, off);
off:
	return;
failed:
	pr_err_ratelimited("kvm: VMPTRLD refused the VMCS at %#llx\n", pa);
}

/* 0, or -EIO: #GP or #UD (FEATURE_CONTROL, CR0, CR4), or VMfail (a wrong revision). */
static int vmx_vmxon(struct vmcs_page *region)
{
	u64 pa = __pa(region);

	asm goto("1: vmxon %0\n\t"
		 "jna %l[failed]\n\t"
		 _ASM_EXTABLE(1b, %l[failed])
		 : : "m"(pa) : "cc", "memory" : failed);
	return 0;
failed:
	return -EIO;
}

static void vmx_vmxoff(void)
{
	asm volatile("1: vmxoff\n2:\n\t" _ASM_EXTABLE(1b, 2b) : : : "cc", "memory");
}

/* ---- which VMCS is where --------------------------------------------------------------------- */

/* On the CPU that has it, interrupts off. */
static void vmx_vmcs_clear_here(struct vcpu_vmx *vmx)
{
	struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);

	vmx_vmclear(vmx->vmcs);
	if (vc->current_vmcs == vmx->vmcs)
		vc->current_vmcs = NULL;
	list_del_rcu(&vmx->cpu_link);
	vmx->launched = false;
	/* Off the list before any other CPU puts it on its own: pairs with vmx_vmcs_load(). */
	smp_store_release(&vmx->cpu, -1);
}

static void vmx_vmcs_clear_ipi(void *arg)
{
	struct vcpu_vmx *vmx = arg;

	/* It may have been cleared while the IPI was on its way: the CPU went offline. */
	if (vmx->cpu == raw_smp_processor_id())
		vmx_vmcs_clear_here(vmx);
}

/**
 * vmx_vmcs_clear - no CPU has anything of this VMCS in its caches any more
 * @vmx: the vCPU; not in guest mode; interrupts on
 */
void vmx_vmcs_clear(struct vcpu_vmx *vmx)
{
	int cpu = READ_ONCE(vmx->cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, vmx_vmcs_clear_ipi, vmx, 1);
}

/**
 * vmx_vmcs_load - make it the current VMCS of this CPU
 * @vmx: the vCPU
 * @cpu: this CPU; preemption off, interrupts on
 *
 * On another CPU than before, what was tagged with its VPID or EPT here when it last was here may
 * be old: a flush is asked for, and the host's per-CPU state is written anew.
 */
void vmx_vmcs_load(struct vcpu_vmx *vmx, int cpu)
{
	struct vmx_cpu *vc = per_cpu_ptr(&vmx_cpu, cpu);
	bool moved = vmx->cpu != cpu;
	unsigned long flags;

	if (moved) {
		vmx_vmcs_clear(vmx);
		local_irq_save(flags);
		/* Pairs with the release in vmx_vmcs_clear_here(). */
		smp_load_acquire(&vmx->cpu);
		/* 24.11.3: a VMCS that no CPU has seen yet is made its own by VMCLEAR. */
		vmx_vmclear(vmx->vmcs);
		list_add_rcu(&vmx->cpu_link, &vc->vcpus);
		vmx->cpu = cpu;
		local_irq_restore(flags);
	}
	if (vc->current_vmcs != vmx->vmcs) {
		vc->current_vmcs = vmx->vmcs;
		vmx_vmptrld(vmx->vmcs);
		/* Branch predictors hold what the last guest trained: not to steer this one. */
		indirect_branch_prediction_barrier();
	}
	if (moved) {
		vmx_host_load_cpu(cpu);
		kvm_make_request(KVM_REQ_TLB_FLUSH, &vmx->vcpu);
		kvm_lapic_hv_timer_moved(&vmx->vcpu);
	}
}

/* ---- on and off ------------------------------------------------------------------------------ */

/**
 * vmx_hardware_enable - VMX operation on, on this CPU (23.7)
 *
 * Return: 0; -EBUSY when another hypervisor came first; -EIO when VMXON is refused. Interrupts are
 * off.
 */
int vmx_hardware_enable(void)
{
	struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);

	if (__read_cr4() & X86_CR4_VMXE) {
		pr_err_ratelimited("kvm: CPU %d: another hypervisor holds VMX\n",
				   smp_processor_id());
		return -EBUSY;
	}
	/* 25.5.4.1: where the CPU cannot trace across VMX operation, VMXON wants tracing off. */
	intel_pt_handle_vmx(1);
	cr4_set_bits(X86_CR4_VMXE);
	if (vmx_vmxon(vc->vmxon)) {
		cr4_clear_bits(X86_CR4_VMXE);
		intel_pt_handle_vmx(0);
		pr_err_ratelimited("kvm: CPU %d refuses VMXON\n", smp_processor_id());
		return -EIO;
	}
	vc->current_vmcs = NULL;
	vc->on = true;
	/* Who used EPT meanwhile is not known (28.4.3.4). */
	vmx_ept_flush_cpu();
	return 0;
}

/** vmx_hardware_disable - VMX operation off, on this CPU; idempotent. Interrupts are off. */
void vmx_hardware_disable(void)
{
	struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);
	struct vcpu_vmx *vmx, *next;

	if (!vc->on)
		return;
	list_for_each_entry_safe(vmx, next, &vc->vcpus, cpu_link)
		vmx_vmcs_clear_here(vmx);
	vc->on = false;
	vmx_vmxoff();
	cr4_clear_bits(X86_CR4_VMXE);
	intel_pt_handle_vmx(0);
}

/**
 * vmx_emergency_disable - crash or emergency reboot: from an NMI, on whichever CPU; no lock, no log
 *
 * A VMCS that is still active could be written back to memory under the next kernel's feet (24.1).
 */
void vmx_emergency_disable(void)
{
	struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);
	struct vcpu_vmx *vmx;

	if (!vc->on)
		return;
	list_for_each_entry(vmx, &vc->vcpus, cpu_link)
		vmx_vmclear(vmx->vmcs);
	vc->on = false;
	vmx_vmxoff();
	cr4_clear_bits(X86_CR4_VMXE);
}

/* ---- module load ----------------------------------------------------------------------------- */

/** vmx_cpus_free - no CPU is in VMX operation any more */
void vmx_cpus_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_cpu *vc = per_cpu_ptr(&vmx_cpu, cpu);

		free_page((unsigned long)vc->vmxon);
		vc->vmxon = NULL;
	}
}

/** vmx_cpus_alloc - for every possible CPU, so that one that comes later needs no memory */
int vmx_cpus_alloc(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_cpu *vc = per_cpu_ptr(&vmx_cpu, cpu);

		INIT_LIST_HEAD(&vc->vcpus);
		vc->vmxon = vmx_vmcs_page_alloc(cpu_to_node(cpu), GFP_KERNEL);
		if (!vc->vmxon) {
			vmx_cpus_free();
			return -ENOMEM;
		}
	}
	return 0;
}
