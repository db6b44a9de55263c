// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's VMCS: made, set to the reset state, its controls chosen, and dumped when an entry fails.
 * Called with the vCPU's mutex held; all but the allocation with the vCPU loaded.
 */
#include <linux/percpu.h>
#include <linux/gfp.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include "irqchip/lapic.h"
#include "vmcs.h"

/** vmcs_write_error - a VMWRITE that was refused: a field this CPU has not got, a fault of ours */
void vmcs_write_error(unsigned long field, unsigned long value)
{
	pr_err_ratelimited("kvm: VMWRITE of %#lx to field %#lx refused, error %u\n", value, field,
			   vmcs_read32(VM_INSTRUCTION_ERROR));
}

/* ---- controls -------------------------------------------------------------------------------- */

static const u32 vmcs_control_fields[VMX_CONTROL_WORDS] = {
	[VMX_PIN] = PIN_BASED_VM_EXEC_CONTROL,
	[VMX_PROC] = CPU_BASED_VM_EXEC_CONTROL,
	[VMX_PROC2] = SECONDARY_VM_EXEC_CONTROL,
	[VMX_EXIT] = VM_EXIT_CONTROLS,
	[VMX_ENTRY] = VM_ENTRY_CONTROLS,
};

/** vmcs_write_control - write a control word, and keep it; see vmcs_control() */
void vmcs_write_control(struct vcpu_vmx *vmx, enum vmx_control_word word, u32 value)
{
	vmx->controls[word] = value;
	vmcs_write32(vmcs_control_fields[word], value);
}

/**
 * vmx_vmcs_recalc_controls - those that follow the guest's CPUID or mode
 * @vmx: the vCPU
 *
 * An instruction that CPUID denies must raise #UD though the CPU has it (25.3).
 */
void vmx_vmcs_recalc_controls(struct vcpu_vmx *vmx)
{
	struct kvm_vcpu *vcpu = &vmx->vcpu;
	u32 value = vmx_caps.base[VMX_PROC2];

	if (!guest_cpuid_has(vcpu, X86_FEATURE_RDTSCP) && !guest_cpuid_has(vcpu, X86_FEATURE_RDPID))
		value &= ~SECONDARY_EXEC_ENABLE_RDTSCP;
	if (!guest_cpuid_has(vcpu, X86_FEATURE_INVPCID))
		value &= ~SECONDARY_EXEC_ENABLE_INVPCID;
	if (!vmx->vpid)
		value &= ~SECONDARY_EXEC_ENABLE_VPID;
	if (kvm_exits_disabled(vcpu, KVM_X86_DISABLE_EXITS_PAUSE))
		value &= ~SECONDARY_EXEC_PAUSE_LOOP_EXITING;
	if (vmx->rmode.active)
		value |= vmx_caps.allowed[VMX_PROC2] & SECONDARY_EXEC_DESC;
	if (vmx->pml)
		value |= SECONDARY_EXEC_ENABLE_PML;
	if (vmx_apic_page_used(vmx))
		value |= SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES;
	if (value != vmx->controls[VMX_PROC2])
		vmcs_write_control(vmx, VMX_PROC2, value);
}

/* ---- life ------------------------------------------------------------------------------------ */

/** vmx_vmcs_page_alloc - a zeroed page that bears the revision (24.2), or NULL */
struct vmcs_page *vmx_vmcs_page_alloc(int node, gfp_t gfp)
{
	struct page *page = alloc_pages_node(node, gfp | __GFP_ZERO, 0);
	struct vmcs_page *vmcs;

	BUILD_BUG_ON(sizeof(*vmcs) != PAGE_SIZE);
	if (!page)
		return NULL;
	vmcs = page_address(page);
	vmcs->revision = vmx_caps.revision;
	return vmcs;
}

/**
 * vmx_vmcs_create - a VMCS and the pages it names
 * @vmx: the vCPU
 *
 * The CPU wants VMCLEAR before the first VMPTRLD's use (24.11.3): vmx_vmcs_load() of a new one
 * does it.
 *
 * Return: 0 or -ENOMEM.
 */
int vmx_vmcs_create(struct vcpu_vmx *vmx)
{
	vmx->cpu = -1;
	vmx->vmcs = vmx_vmcs_page_alloc(NUMA_NO_NODE, GFP_KERNEL_ACCOUNT);
	if (!vmx->vmcs)
		return -ENOMEM;
	return 0;
}

/** vmx_vmcs_free - free them, after the CPU that holds the VMCS has let go of it */
void vmx_vmcs_free(struct vcpu_vmx *vmx)
{
	vmx_vmcs_clear(vmx);
	free_page((unsigned long)vmx->vmcs);
	vmx->vmcs = NULL;
}

/*
 * The APIC's registers in the kernel begin with a page that is like the virtual-APIC page (29.1.1),
 * of which hardware uses VTPR alone. Userspace's APIC is told of each access to CR8.
 */
static void vmcs_init_tpr_shadow(struct vcpu_vmx *vmx)
{
	struct kvm_vcpu *vcpu = &vmx->vcpu;

	vmx->virtual_apic = NULL;
	if (!(vmx_caps.base[VMX_PROC] & CPU_BASED_TPR_SHADOW))
		return;
	if (!vcpu->arch.apic) {
		vmcs_control(vmx, VMX_PROC, CPU_BASED_TPR_SHADOW, false);
		vmcs_control(vmx, VMX_PROC, CPU_BASED_CR8_STORE_EXITING, true);
		return;
	}
	vmx->virtual_apic = vcpu->arch.apic->regs.page;
	vmcs_write64(VIRTUAL_APIC_PAGE_ADDR, __pa(vmx->virtual_apic));
	vmcs_write32(TPR_THRESHOLD, 0);
	vmx->tpr_threshold = 0;
	if (vcpu->kvm->arch.mmu.apic_page)
		vmcs_write64(APIC_ACCESS_ADDR, page_to_phys(vcpu->kvm->arch.mmu.apic_page));
}

/* KVM_CAP_X86_DISABLE_EXITS; none of them is a control that must be on (A.3.2). */
static void vmcs_disable_exits(struct vcpu_vmx *vmx)
{
	struct kvm_vcpu *vcpu = &vmx->vcpu;

	if (kvm_exits_disabled(vcpu, KVM_X86_DISABLE_EXITS_HLT))
		vmcs_control(vmx, VMX_PROC, CPU_BASED_HLT_EXITING, false);
	if (kvm_exits_disabled(vcpu, KVM_X86_DISABLE_EXITS_MWAIT))
		vmcs_control(vmx, VMX_PROC, CPU_BASED_MWAIT_EXITING | CPU_BASED_MONITOR_EXITING,
			     false);
}

static void vmcs_init_controls(struct vcpu_vmx *vmx)
{
	int word;

	for (word = 0; word < VMX_CONTROL_WORDS; word++)
		vmcs_write_control(vmx, word, vmx_caps.base[word]);
	vmx_vmcs_recalc_controls(vmx);
	vmcs_disable_exits(vmx);

	vmcs_write64(MSR_BITMAP, __pa(vmx->msr_bitmap));
	/* No #PF exits: the bitmap's bit 14 is clear, and mask and match are equal (24.6.3). */
	vmcs_write32(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmcs_write32(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmcs_write32(CR3_TARGET_COUNT, 0);
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	if (vmx->vpid)
		vmcs_write16(VIRTUAL_PROCESSOR_ID, vmx->vpid);
	vmcs_init_tpr_shadow(vmx);
	if (vmx_has2(SECONDARY_EXEC_PAUSE_LOOP_EXITING)) {
		vmcs_write32(PLE_GAP, vmx_ple_gap());
		vmcs_write32(PLE_WINDOW, vmx_ple_window());
	}
	vmx_pml_init(vmx);
	/* Set by the masks of CR0 and CR4: nothing is read from there before. */
	vmcs_writel(CR0_READ_SHADOW, 0);
	vmcs_writel(CR4_READ_SHADOW, 0);
}

/* 9.1.1, table 9-1, for what no other function sets; 24.4.2. */
static void vmcs_init_guest(struct vcpu_vmx *vmx)
{
	vmcs_write64(VMCS_LINK_POINTER, ~0ull);
	vmcs_write64(GUEST_IA32_DEBUGCTL, 0);
	vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, 0);
	vmcs_write32(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	vmcs_writel(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	vmcs_writel(GUEST_DR7, 0x400);
	vmcs_writel(GUEST_RSP, 0);
	vmcs_writel(GUEST_RIP, 0xfff0);
}

/**
 * vmx_vmcs_init - the VMCS of a CPU that has just been reset
 * @vmx: the vCPU, loaded
 *
 * Control registers, EFER, segments and RFLAGS are set by the functions that set them always. The
 * MSRs that are VMCS fields are left to vmx_msr_reset(): INIT keeps them.
 */
void vmx_vmcs_init(struct vcpu_vmx *vmx)
{
	vmcs_init_controls(vmx);
	vmx_msr_switch_init(vmx);
	vmx_msr_switch_set(vmx, MSR_IA32_CR_PAT, vmx->vcpu.arch.pat ?: 0x0007040600070406ull,
			   vmx_caps.host_pat);
	vmcs_init_guest(vmx);
	vmx_host_init(vmx);
	vmx->entry_work |= VMX_WORK_TSC;
}

/* ---- dump ------------------------------------------------------------------------------------ */

static void vmcs_dump_segment(const char *name, u32 selector_field)
{
	/* The fields of the segments follow one another alike in each group (appendix B). */
	u32 index = selector_field - GUEST_ES_SELECTOR;

	pr_err("kvm:   %-4s %04x attrib %#x base %#lx limit %#x\n", name,
	       (u16)__vmcs_read(selector_field), (u32)__vmcs_read(GUEST_ES_AR_BYTES + index),
	       __vmcs_read(GUEST_ES_BASE + index), (u32)__vmcs_read(GUEST_ES_LIMIT + index));
}

static void vmcs_dump_guest(struct vcpu_vmx *vmx)
{
	pr_err("kvm:   CR0 %#lx (mask %#lx) CR3 %#lx CR4 %#lx (mask %#lx) EFER %#llx DR7 %#lx\n",
	       vmcs_readl(GUEST_CR0), vmcs_readl(CR0_GUEST_HOST_MASK), vmcs_readl(GUEST_CR3),
	       vmcs_readl(GUEST_CR4), vmcs_readl(CR4_GUEST_HOST_MASK),
	       vmx->vcpu.arch.efer, vmcs_readl(GUEST_DR7));
	pr_err("kvm:   RIP %#lx RSP %#lx RFLAGS %#lx interruptibility %#x pending #DB %#lx\n",
	       vmcs_readl(GUEST_RIP), vmcs_readl(GUEST_RSP), vmcs_readl(GUEST_RFLAGS),
	       vmcs_read32(GUEST_INTERRUPTIBILITY_INFO), vmcs_readl(GUEST_PENDING_DBG_EXCEPTIONS));
	vmcs_dump_segment("ES", GUEST_ES_SELECTOR);
	vmcs_dump_segment("CS", GUEST_CS_SELECTOR);
	vmcs_dump_segment("SS", GUEST_SS_SELECTOR);
	vmcs_dump_segment("DS", GUEST_DS_SELECTOR);
	vmcs_dump_segment("FS", GUEST_FS_SELECTOR);
	vmcs_dump_segment("GS", GUEST_GS_SELECTOR);
	vmcs_dump_segment("LDTR", GUEST_LDTR_SELECTOR);
	vmcs_dump_segment("TR", GUEST_TR_SELECTOR);
	pr_err("kvm:   GDTR %#lx limit %#x IDTR %#lx limit %#x\n", vmcs_readl(GUEST_GDTR_BASE),
	       vmcs_read32(GUEST_GDTR_LIMIT), vmcs_readl(GUEST_IDTR_BASE),
	       vmcs_read32(GUEST_IDTR_LIMIT));
}

static void vmcs_dump_host(void)
{
	pr_err("kvm:   host CR0 %#lx CR3 %#lx CR4 %#lx RIP %#lx RSP %#lx\n", vmcs_readl(HOST_CR0),
	       vmcs_readl(HOST_CR3), vmcs_readl(HOST_CR4), vmcs_readl(HOST_RIP),
	       vmcs_readl(HOST_RSP));
	pr_err("kvm:   host CS %04x SS %04x DS %04x ES %04x FS %04x GS %04x TR %04x\n",
	       vmcs_read16(HOST_CS_SELECTOR), vmcs_read16(HOST_SS_SELECTOR),
	       vmcs_read16(HOST_DS_SELECTOR), vmcs_read16(HOST_ES_SELECTOR),
	       vmcs_read16(HOST_FS_SELECTOR), vmcs_read16(HOST_GS_SELECTOR),
	       vmcs_read16(HOST_TR_SELECTOR));
	pr_err("kvm:   host FS %#lx GS %#lx TR %#lx GDTR %#lx IDTR %#lx EFER %#llx PAT %#llx\n",
	       vmcs_readl(HOST_FS_BASE), vmcs_readl(HOST_GS_BASE), vmcs_readl(HOST_TR_BASE),
	       vmcs_readl(HOST_GDTR_BASE), vmcs_readl(HOST_IDTR_BASE), kvm_host.efer,
	       vmx_caps.host_pat);
}

/**
 * vmx_vmcs_dump - what VM entry would not take, for the log
 * @vmx: the vCPU, loaded
 *
 * The checks it failed are those of 26.2 (controls and host) and 26.3 (guest).
 */
void vmx_vmcs_dump(struct vcpu_vmx *vmx)
{
	pr_err("kvm: VM entry of vCPU %d refused: exit reason %#x, qualification %#lx, error %u\n",
	       vmx->vcpu.id, vmx->exit_reason, vmcs_readl(EXIT_QUALIFICATION),
	       vmcs_read32(VM_INSTRUCTION_ERROR));
	pr_err("kvm:   controls: pin %08x proc %08x %08x exit %08x entry %08x exceptions %08x\n",
	       vmcs_read32(PIN_BASED_VM_EXEC_CONTROL), vmcs_read32(CPU_BASED_VM_EXEC_CONTROL),
	       vmcs_read32(SECONDARY_VM_EXEC_CONTROL), vmcs_read32(VM_EXIT_CONTROLS),
	       vmcs_read32(VM_ENTRY_CONTROLS), vmcs_read32(EXCEPTION_BITMAP));
	pr_err("kvm:   EPTP %#llx VPID %u event %#x error code %#x length %u\n",
	       vmcs_read64(EPT_POINTER), vmx->vpid, vmcs_read32(VM_ENTRY_INTR_INFO_FIELD),
	       vmcs_read32(VM_ENTRY_EXCEPTION_ERROR_CODE), vmcs_read32(VM_ENTRY_INSTRUCTION_LEN));
	vmcs_dump_guest(vmx);
	vmcs_dump_host();
}
