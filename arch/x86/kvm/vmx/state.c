// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that live in the VMCS: segments, descriptor tables, control and debug registers, EFER
 * and RFLAGS. Called under the vCPU's mutex with the vCPU loaded; it is not in the guest.
 */
#include <linux/percpu.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/tlbflush.h>
#include "vmcs.h"

/* ---- segments (SDM 24.4.1) ------------------------------------------------------------------- */

/* Access rights, table 24-2. */
#define VMX_AR_AVL_SHIFT	12
#define VMX_AR_L_SHIFT		13
#define VMX_AR_DB_SHIFT		14
#define VMX_AR_G_SHIFT		15
#define VMX_AR_P_SHIFT		7
#define VMX_AR_S_SHIFT		4

/* As the guest has them: of its real mode hardware has another view. */
static u32 vmx_seg_ar(struct kvm_vcpu *vcpu, int seg)
{
	const struct vmx_rmode *rmode = &to_vmx(vcpu)->rmode;

	return unlikely(rmode->active) && seg <= VCPU_SREG_GS ? rmode->ar[seg] :
								vmx_read_seg_ar(seg);
}

static bool vmx_rmode_has_tr(struct kvm_vcpu *vcpu, int seg)
{
	return unlikely(to_vmx(vcpu)->rmode.active) && seg == VCPU_SREG_TR;
}

/** vmx_get_segment_base - base of VCPU_SREG_* */
u64 vmx_get_segment_base(struct kvm_vcpu *vcpu, int seg)
{
	if (vmx_rmode_has_tr(vcpu, seg))
		return to_vmx(vcpu)->rmode.tr.base;
	return vmx_read_seg_base(seg);
}

/** vmx_get_segment - a segment register with its hidden part, in KVM's form */
void vmx_get_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg)
{
	u32 ar = vmx_seg_ar(vcpu, seg);

	if (vmx_rmode_has_tr(vcpu, seg)) {
		*var = to_vmx(vcpu)->rmode.tr;
		return;
	}
	*var = (struct kvm_segment){
		.base = vmx_read_seg_base(seg),
		.limit = vmx_read_seg_limit(seg),
		.selector = vmx_read_seg_selector(seg),
		.type = ar & VMX_AR_TYPE_MASK,
		.s = ar >> VMX_AR_S_SHIFT & 1,
		.dpl = VMX_AR_DPL(ar),
		.avl = ar >> VMX_AR_AVL_SHIFT & 1,
		.l = ar >> VMX_AR_L_SHIFT & 1,
		.db = ar >> VMX_AR_DB_SHIFT & 1,
		.g = ar >> VMX_AR_G_SHIFT & 1,
		.unusable = !!(ar & VMX_AR_UNUSABLE_MASK),
	};
	/* A segment that is not present is unusable, whatever P says: one that other CPUs know. */
	var->present = (ar >> VMX_AR_P_SHIFT & 1) && !var->unusable;
}

/*
 * 26.3.1.2: what a usable segment must look like, and a CPU's loads make it: data and code are
 * accessed, what TR holds is busy.
 */
static u32 vmx_seg_type(const struct kvm_segment *var, int seg)
{
	if (var->s)
		return var->type | 1;
	return seg == VCPU_SREG_TR ? var->type | 2 : var->type;
}

/* G says whether the limit is in pages: it must agree with the limit itself (26.3.1.2). */
static u32 vmx_seg_granularity(const struct kvm_segment *var)
{
	if (var->limit >> 20)
		return 1;
	return (var->limit & 0xfff) == 0xfff && var->g;
}

/** vmx_set_segment - the inverse; SS brings CPL with it, as its DPL */
void vmx_set_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg)
{
	struct vmx_rmode *rmode = &to_vmx(vcpu)->rmode;
	u8 index = vmx_seg_index(seg);
	u32 ar = (vmx_seg_type(var, seg) & VMX_AR_TYPE_MASK) |
		 (var->s & 1) << VMX_AR_S_SHIFT |
		 (var->dpl & 3) << VMX_AR_DPL_SHIFT |
		 (var->present & 1) << VMX_AR_P_SHIFT |
		 (var->avl & 1) << VMX_AR_AVL_SHIFT |
		 (var->l & 1) << VMX_AR_L_SHIFT |
		 (var->db & 1) << VMX_AR_DB_SHIFT |
		 vmx_seg_granularity(var) << VMX_AR_G_SHIFT;

	if (vmx_rmode_has_tr(vcpu, seg)) {
		rmode->tr = *var;
		return;
	}
	if (var->unusable || !var->present)
		ar |= VMX_AR_UNUSABLE_MASK;
	if (unlikely(rmode->active) && seg <= VCPU_SREG_GS) {
		rmode->ar[seg] = ar;
		ar = VMX_AR_VM86;
	}
	vmx_segments_changed(to_vmx(vcpu));
	vmcs_writel(GUEST_ES_BASE + index, var->base);
	vmcs_write32(GUEST_ES_LIMIT + index, var->limit);
	vmcs_write16(GUEST_ES_SELECTOR + index, var->selector);
	vmcs_write32(GUEST_ES_AR_BYTES + index, ar);
}

/** vmx_get_cpl - current privilege level: SS.DPL, usable or not (24.4.1); 0 in real mode */
int vmx_get_cpl(struct kvm_vcpu *vcpu)
{
	if (unlikely(to_vmx(vcpu)->rmode.active))
		return 0;
	return VMX_AR_DPL(vmcs_read32(GUEST_SS_AR_BYTES));
}

/** vmx_get_cs_db_l_bits - operand size and 64-bit mode of the code segment */
void vmx_get_cs_db_l_bits(struct kvm_vcpu *vcpu, int *db, int *l)
{
	u32 ar = vmx_seg_ar(vcpu, VCPU_SREG_CS);

	*db = ar >> VMX_AR_DB_SHIFT & 1;
	*l = ar >> VMX_AR_L_SHIFT & 1;
}

/** vmx_get_idt - IDTR */
void vmx_get_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	const struct vmx_rmode *rmode = &to_vmx(vcpu)->rmode;

	dt->size = rmode->active ? rmode->idt_limit : vmcs_read32(GUEST_IDTR_LIMIT);
	dt->address = vmcs_readl(GUEST_IDTR_BASE);
}

/** vmx_set_idt - set IDTR */
void vmx_set_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	struct vmx_rmode *rmode = &to_vmx(vcpu)->rmode;

	if (unlikely(rmode->active))
		rmode->idt_limit = dt->size;
	else
		vmcs_write32(GUEST_IDTR_LIMIT, dt->size);
	vmcs_writel(GUEST_IDTR_BASE, dt->address);
}

/** vmx_get_gdt - GDTR */
void vmx_get_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	dt->size = vmcs_read32(GUEST_GDTR_LIMIT);
	dt->address = vmcs_readl(GUEST_GDTR_BASE);
}

/** vmx_set_gdt - set GDTR */
void vmx_set_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	vmcs_write32(GUEST_GDTR_LIMIT, dt->size);
	vmcs_writel(GUEST_GDTR_BASE, dt->address);
}

/* ---- control registers ----------------------------------------------------------------------- */

/*
 * Bits that the guest changes without an exit: they steer neither paging nor CPUID, and mean
 * nothing to the host, whose registers VM exit loads.
 */
#define VMX_CR0_GUEST_OWNED	(X86_CR0_TS | X86_CR0_MP)
#define VMX_CR4_GUEST_OWNED	(X86_CR4_TSD | X86_CR4_DE | X86_CR4_PGE | X86_CR4_PCE |	\
				 X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_FSGSBASE)

/** vmx_decache_cr0_guest_bits - CR0.TS and MP as the guest left them */
void vmx_decache_cr0_guest_bits(struct kvm_vcpu *vcpu)
{
	unsigned long owned = vcpu->arch.cr0_guest_owned_bits;

	vcpu->arch.cr0 = (vcpu->arch.cr0 & ~owned) | (vmcs_readl(GUEST_CR0) & owned);
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR0);
}

/** vmx_decache_cr4_guest_bits - the bits of CR4 that the guest owns as it left them */
void vmx_decache_cr4_guest_bits(struct kvm_vcpu *vcpu)
{
	unsigned long owned = vcpu->arch.cr4_guest_owned_bits;

	vcpu->arch.cr4 = (vcpu->arch.cr4 & ~owned) | (vmcs_readl(GUEST_CR4) & owned);
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR4);
}

/* 26.3.1.2: in IA-32e mode TR holds a 64-bit TSS, which LTR in legacy mode may not have loaded. */
static void vmx_fix_tss(void)
{
	u32 ar = vmcs_read32(GUEST_TR_AR_BYTES);

	if ((ar & VMX_AR_TYPE_MASK) != VMX_AR_TYPE_BUSY_64_TSS)
		vmcs_write32(GUEST_TR_AR_BYTES, (ar & ~VMX_AR_TYPE_MASK) | VMX_AR_TYPE_BUSY_64_TSS);
}

/**
 * vmx_set_efer - EFER, as kvm_set_efer() checked it
 * @vcpu: the vCPU
 * @efer: the value the guest shall see; LMA in it is the caller's to keep true
 *
 * VM entry wants LMA to agree with the control "IA-32e mode guest", and LME with LMA where CR0.PG
 * is set (26.3.1.1), as it is for any guest on a CPU without "unrestricted guest".
 *
 * Return: 0.
 */
int vmx_set_efer(struct kvm_vcpu *vcpu, u64 efer)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	bool sce = (efer & ~vcpu->arch.efer) & EFER_SCE;
	u64 hw_efer = efer;

	vcpu->arch.efer = efer;
	if (!vmx_has_real_mode() && !(efer & EFER_LMA))
		hw_efer &= ~EFER_LME;
	/* Our tables use bit 63, whether or not the guest's may. */
	if (!vmx_has_ept())
		hw_efer |= EFER_NX;
	vmx_msr_switch_set(vmx, MSR_EFER, hw_efer, kvm_host.efer);
	vmcs_control(vmx, VMX_ENTRY, VM_ENTRY_IA32E_MODE, efer & EFER_LMA);
	if (efer & EFER_LMA)
		vmx_fix_tss();
	/* SYSCALL works from now on: its MSRs are wanted. */
	if (sce && vmx->host_saved) {
		preempt_disable();
		if (vmx->host_saved)
			vmx_msr_load(vmx);
		preempt_enable();
	}
	return 0;
}

/*
 * The guest has paging off and hardware has not: CR3 and CR4 are those of the page directory that
 * maps memory one to one (guest_state.c), and CR3 accesses exit.
 */
static bool vmx_unpaged(struct kvm_vcpu *vcpu)
{
	return !vmx_has_real_mode() && !(vcpu->arch.cr0 & X86_CR0_PG);
}

/* PE and PG on a CPU that has both set always (23.8): stand-ins for real mode, for paging off. */
static void vmx_switch_mode(struct kvm_vcpu *vcpu)
{
	vmx_rmode_switch(to_vmx(vcpu), !(vcpu->arch.cr0 & X86_CR0_PE));
	vmcs_control(to_vmx(vcpu), VMX_PROC,
		     CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING,
		     vmx_unpaged(vcpu) || !vmx_has_ept());
	vmx_set_cr3(vcpu, vcpu->arch.cr3);
	vmx_set_cr4(vcpu, vcpu->arch.cr4);
}

/**
 * vmx_set_cr0 - CR0, checked by the caller
 * @vcpu: the vCPU
 * @cr0: the value the guest shall see: the read shadow, for all bits but those it owns (24.6.6)
 *
 * Long mode becomes active or inactive with paging (9.8.5). CD and NW stay out of hardware, since
 * the host does not give up its caches; NE, which VMX fixes at 1, is set there. Virtual-8086 mode
 * would check alignment, which real mode does not.
 */
void vmx_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0)
{
	unsigned long hw_cr0 = cr0 & ~(X86_CR0_CD | X86_CR0_NW);
	u64 efer = vcpu->arch.efer & ~EFER_LMA;

	if ((efer & EFER_LME) && (cr0 & X86_CR0_PG))
		efer |= EFER_LMA;
	if (efer != vcpu->arch.efer)
		vmx_set_efer(vcpu, efer);

	if (unlikely(!vmx_has_real_mode())) {
		/* As the old mode has them, before the new one. */
		kvm_read_cr3(vcpu);
		kvm_read_cr4(vcpu);
		vcpu->arch.cr0 = cr0;
		vmx_switch_mode(vcpu);
		if (!(cr0 & X86_CR0_PE))
			hw_cr0 &= ~X86_CR0_AM;
	}
	vcpu->arch.cr0 = cr0;
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR0);
	if (vcpu->arch.cr0_guest_owned_bits != VMX_CR0_GUEST_OWNED) {
		vcpu->arch.cr0_guest_owned_bits = VMX_CR0_GUEST_OWNED;
		vmcs_writel(CR0_GUEST_HOST_MASK, ~(unsigned long)VMX_CR0_GUEST_OWNED);
	}
	/* Tables that are write-protected must be so for the supervisor too. */
	if (!vmx_has_ept())
		hw_cr0 |= X86_CR0_WP;
	vmcs_writel(CR0_READ_SHADOW, cr0);
	vmcs_writel(GUEST_CR0, (hw_cr0 | vmx_caps.cr0_fixed0) & vmx_caps.cr0_fixed1);
}

/** vmx_set_cr3 - the guest's own CR3; the MMU checked it. With shadow paging hardware has ours */
void vmx_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3)
{
	if (vmx_has_ept())
		vmcs_writel(GUEST_CR3,
			    vmx_unpaged(vcpu) ? vmx_identity_map(vcpu->kvm) : cr3);
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR3);
}

/** vmx_write_pdptrs - PAE paging takes its PDPTEs from the VMCS at VM entry (26.3.2.4) */
void vmx_write_pdptrs(struct kvm_vcpu *vcpu)
{
	const u64 *pdptrs = vcpu->arch.mmu->pdptrs;

	if (!kvm_is_pae_paging(vcpu) || !vmx_has_ept())
		return;
	vmcs_write64(GUEST_PDPTR0, pdptrs[0]);
	vmcs_write64(GUEST_PDPTR1, pdptrs[1]);
	vmcs_write64(GUEST_PDPTR2, pdptrs[2]);
	vmcs_write64(GUEST_PDPTR3, pdptrs[3]);
}

/* VM exit has saved them (27.3.4). */
static void vmx_read_pdptrs(struct kvm_vcpu *vcpu)
{
	u64 *pdptrs = vcpu->arch.mmu->pdptrs;

	if (!kvm_is_pae_paging(vcpu))
		return;
	pdptrs[0] = vmcs_read64(GUEST_PDPTR0);
	pdptrs[1] = vmcs_read64(GUEST_PDPTR1);
	pdptrs[2] = vmcs_read64(GUEST_PDPTR2);
	pdptrs[3] = vmcs_read64(GUEST_PDPTR3);
}

/** vmx_is_valid_cr4 - no nested VMX: VMXE is reserved; the rest must be possible in VMX */
bool vmx_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	return !(cr4 & X86_CR4_VMXE) && !(cr4 & ~vmx_caps.cr4_fixed1);
}

/* With the page directory of our own: 4 MiB pages that are user pages, for CPL 0 and 3. */
#define VMX_CR4_UNPAGED_OFF	(X86_CR4_PAE | X86_CR4_LA57 | X86_CR4_PCIDE | X86_CR4_SMEP |	\
				 X86_CR4_SMAP | X86_CR4_PKE)

/* At CPL 0 nothing of these is felt; virtual-8086 code has CPL 3. */
#define VMX_CR4_RMODE_OFF	(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_UMIP)

/* What the guest's CR4 is in hardware without "unrestricted guest". */
static unsigned long vmx_cr4_unpaged(struct vcpu_vmx *vmx, unsigned long cr4)
{
	if (!vmx_unpaged(&vmx->vcpu))
		return cr4;
	if (vmx->rmode.active)
		cr4 &= ~VMX_CR4_RMODE_OFF;
	if (!vmx_has_ept())
		return cr4 & ~VMX_CR4_UNPAGED_OFF;
	return (cr4 & ~VMX_CR4_UNPAGED_OFF) | X86_CR4_PSE;
}

/**
 * vmx_set_cr4 - CR4, checked by the caller
 * @vcpu: the vCPU
 * @cr4: the value the guest shall see
 *
 * CR4.MCE follows the host: a machine check with MCE clear would shut the CPU down, whoever runs
 * on it. VMXE is fixed at 1 (23.8). The guest owns what its CPUID lets it set, no more.
 */
void vmx_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	unsigned long owned = VMX_CR4_GUEST_OWNED & ~vcpu->arch.cr4_guest_rsvd_bits;
	unsigned long hw_cr4 = vmx_cr4_unpaged(to_vmx(vcpu), cr4);

	/* Shadow tables outside long mode are PAE's; and PGE flushes, which they must hear of. */
	if (!vmx_has_ept()) {
		hw_cr4 |= X86_CR4_PAE;
		owned &= ~X86_CR4_PGE;
		if (!kvm_is_long_mode(vcpu))
			hw_cr4 &= ~(X86_CR4_PKE | X86_CR4_LA57);
	}
	if (unlikely(to_vmx(vcpu)->rmode.active))
		owned = 0;
	vcpu->arch.cr4 = cr4;
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR4);
	kvm_xsave_update(vcpu);
	if (vcpu->arch.cr4_guest_owned_bits != owned || !owned) {
		vcpu->arch.cr4_guest_owned_bits = owned;
		vmcs_writel(CR4_GUEST_HOST_MASK, ~owned);
	}
	vmcs_writel(CR4_READ_SHADOW, cr4);
	vmcs_writel(GUEST_CR4, hw_cr4 | (cr4_read_shadow() & X86_CR4_MCE) | vmx_caps.cr4_fixed0);
}

/** vmx_cache_reg - make a lazily read register current */
void vmx_cache_reg(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	switch (reg) {
	case VCPU_REGS_RSP:
		vcpu->arch.regs[VCPU_REGS_RSP] = vmcs_readl(GUEST_RSP);
		break;
	case VCPU_REGS_RIP:
		vcpu->arch.regs[VCPU_REGS_RIP] = vmcs_readl(GUEST_RIP);
		break;
	case VCPU_EXREG_CR3:
		if (!vmx_unpaged(vcpu))
			vcpu->arch.cr3 = vmcs_readl(GUEST_CR3);
		break;
	case VCPU_EXREG_PDPTR:
		vmx_read_pdptrs(vcpu);
		break;
	case VCPU_EXREG_CR0:
		vmx_decache_cr0_guest_bits(vcpu);
		break;
	case VCPU_EXREG_CR4:
		vmx_decache_cr4_guest_bits(vcpu);
		break;
	default:
		break;
	}
	kvm_reg_mark_available(vcpu, reg);
}

/* ---- debug registers (17.2) ------------------------------------------------------------------ */

/** vmx_set_dr6 - DR6, which no field holds: into the CPU, interrupts off, before an entry */
void vmx_set_dr6(struct kvm_vcpu *vcpu, unsigned long value)
{
	set_debugreg(value, 6);
}

/** vmx_set_dr7 - DR7: the guest's, or the debugger's; bits 63:32 must be 0 (26.3.1.1) */
void vmx_set_dr7(struct kvm_vcpu *vcpu, unsigned long value)
{
	vmcs_writel(GUEST_DR7, (u32)value);
}

/**
 * vmx_sync_dirty_debug_regs - the guest had the registers to itself: read them, and watch again
 * @vcpu: the vCPU; interrupts off, right after an exit
 *
 * The next access exits, so that a guest which uses them once pays for the switch once. The host's
 * handler of #DB expects to find nothing old in DR6.
 */
void vmx_sync_dirty_debug_regs(struct kvm_vcpu *vcpu)
{
	get_debugreg(vcpu->arch.db[0], 0);
	get_debugreg(vcpu->arch.db[1], 1);
	get_debugreg(vcpu->arch.db[2], 2);
	get_debugreg(vcpu->arch.db[3], 3);
	get_debugreg(vcpu->arch.dr6, 6);
	vcpu->arch.dr7 = vmcs_readl(GUEST_DR7);
	vcpu->arch.switch_db_regs &= ~KVM_DEBUGREG_WONT_EXIT;
	set_debugreg(DR6_RESERVED, 6);
	vmcs_control(to_vmx(vcpu), VMX_PROC, CPU_BASED_MOV_DR_EXITING, true);
}

/* ---- RFLAGS ---------------------------------------------------------------------------------- */

/* VM and IOPL are not the guest's while virtual-8086 mode stands for its real mode. */
#define VMX_RMODE_RFLAGS	(X86_EFLAGS_VM | X86_EFLAGS_IOPL)

/**
 * vmx_steps_by_mtf - does a debugger step by the monitor trap flag (25.5.2)?
 * @vcpu: the vCPU
 *
 * Then the TF that it has set, as all others see it, is not in the guest's RFLAGS: no PUSHF stores
 * it and no SYSCALL clears it.
 */
bool vmx_steps_by_mtf(struct kvm_vcpu *vcpu)
{
	return unlikely(vcpu->arch.guest_debug & KVM_GUESTDBG_SINGLESTEP) &&
	       (vmx_caps.allowed[VMX_PROC] & CPU_BASED_MONITOR_TRAP_FLAG);
}

/** vmx_get_rflags - RFLAGS, read once for each exit that asks */
unsigned long vmx_get_rflags(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	if (!kvm_reg_is_available(vcpu, VCPU_EXREG_RFLAGS)) {
		kvm_reg_mark_available(vcpu, VCPU_EXREG_RFLAGS);
		vmx->rflags = vmcs_readl(GUEST_RFLAGS);
		if (unlikely(vmx->rmode.active))
			vmx->rflags = (vmx->rflags & ~VMX_RMODE_RFLAGS) | vmx->rmode.iopl;
		if (vmx_steps_by_mtf(vcpu))
			vmx->rflags |= X86_EFLAGS_TF;
	}
	return vmx->rflags;
}

/** vmx_set_rflags - RFLAGS; bit 1 is always set (SDM vol. 1, 3.4.3) */
void vmx_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	vmx_end_halt(vmx);
	rflags |= X86_EFLAGS_FIXED;
	if (!vmx_has_real_mode() && ((rflags ^ vmx_get_rflags(vcpu)) & X86_EFLAGS_VM))
		vmx_segments_changed(vmx);
	vmx->rflags = rflags;
	kvm_reg_mark_available(vcpu, VCPU_EXREG_RFLAGS);
	if (vmx_steps_by_mtf(vcpu))
		rflags &= ~X86_EFLAGS_TF;
	if (unlikely(vmx->rmode.active)) {
		vmx->rmode.iopl = rflags & X86_EFLAGS_IOPL;
		vmcs_writel(GUEST_RFLAGS, rflags | VMX_RMODE_RFLAGS);
	} else {
		vmcs_writel(GUEST_RFLAGS, rflags);
	}
	if (unlikely(rflags & X86_EFLAGS_TF))
		vmx_shadow_fix_pending_db(vcpu);
}

/** vmx_get_if_flag - RFLAGS.IF */
bool vmx_get_if_flag(struct kvm_vcpu *vcpu)
{
	return vmx_get_rflags(vcpu) & X86_EFLAGS_IF;
}

/* ---- FPU ------------------------------------------------------------------------------------- */

/**
 * vmx_fpu_activate - the guest's FPU state is in the CPU
 * @vcpu: the vCPU
 *
 * It is for the whole of KVM_RUN, and CR0.TS is the guest's own: #NM needs no intercept.
 */
void vmx_fpu_activate(struct kvm_vcpu *vcpu)
{
}

/** vmx_fpu_deactivate - and is not any more: nor does the vCPU run */
void vmx_fpu_deactivate(struct kvm_vcpu *vcpu)
{
}
