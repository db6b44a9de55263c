// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that live in the VMCB: segments, descriptor tables, control and debug registers, EFER
 * and RFLAGS. Called under the vCPU's mutex; the vCPU is not in the guest.
 */
#include <linux/percpu.h>
#include <asm/processor.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/tlbflush.h>
#include "vmcb.h"

/* ---- segments (APM2 15.5.1 and appendix B; attributes as in 4.7, packed to 12 bits) ---------- */

static struct vmcb_seg *svm_seg(struct kvm_vcpu *vcpu, int seg)
{
	struct vmcb_save_area *save = &to_svm(vcpu)->vmcb->save;

	switch (seg) {
	case VCPU_SREG_CS:
		return &save->cs;
	case VCPU_SREG_SS:
		return &save->ss;
	case VCPU_SREG_DS:
		return &save->ds;
	case VCPU_SREG_FS:
		return &save->fs;
	case VCPU_SREG_GS:
		return &save->gs;
	case VCPU_SREG_TR:
		return &save->tr;
	case VCPU_SREG_LDTR:
		return &save->ldtr;
	default:
		return &save->es;
	}
}

/** svm_get_segment_base - base of VCPU_SREG_* */
u64 svm_get_segment_base(struct kvm_vcpu *vcpu, int seg)
{
	return svm_seg(vcpu, seg)->base;
}

/**
 * svm_get_segment - a segment register with its hidden part, in KVM's form
 * @vcpu: the vCPU
 * @var: where to
 * @seg: VCPU_SREG_*
 *
 * SVM knows no unusable segment: one that is not present is. Bits that the CPU does not keep as
 * other hardware wants to find them again are put right, so that the state can go anywhere.
 */
void svm_get_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg)
{
	const struct vmcb_seg *s = svm_seg(vcpu, seg);

	*var = (struct kvm_segment){
		.base = s->base,
		.limit = s->limit,
		.selector = s->selector,
		.type = s->attrib & SVM_SELECTOR_TYPE_MASK,
		.s = s->attrib >> SVM_SELECTOR_S_SHIFT & 1,
		.dpl = s->attrib >> SVM_SELECTOR_DPL_SHIFT & 3,
		.present = s->attrib >> SVM_SELECTOR_P_SHIFT & 1,
		.avl = s->attrib >> SVM_SELECTOR_AVL_SHIFT & 1,
		.l = s->attrib >> SVM_SELECTOR_L_SHIFT & 1,
		.db = s->attrib >> SVM_SELECTOR_DB_SHIFT & 1,
		/* The limit is in bytes; G is not kept for every segment. */
		.g = s->limit > 0xfffff,
	};
	var->unusable = !var->present;

	switch (seg) {
	case VCPU_SREG_TR:
		/* What TR holds is busy (APM2 4.8.3), whether or not the CPU writes the bit. */
		var->type |= 2;
		break;
	case VCPU_SREG_SS:
		/* CPL is a field of its own; SS.DPL need not follow it (15.5.1). */
		var->dpl = to_svm(vcpu)->vmcb->save.cpl;
		if (var->unusable)
			var->db = 0;
		break;
	case VCPU_SREG_DS:
	case VCPU_SREG_ES:
	case VCPU_SREG_FS:
	case VCPU_SREG_GS:
		/* SDM 26.3.1.2: a usable data segment is accessed. */
		if (!var->unusable)
			var->type |= 1;
		break;
	}
}

/** svm_set_segment - the inverse; SS brings CPL with it, as its DPL (APM2 15.5.1) */
void svm_set_segment(struct kvm_vcpu *vcpu, struct kvm_segment *var, int seg)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_seg *s = svm_seg(vcpu, seg);

	s->base = var->base;
	s->limit = var->limit;
	s->selector = var->selector;
	s->attrib = (var->type & SVM_SELECTOR_TYPE_MASK) |
		    (var->s & 1) << SVM_SELECTOR_S_SHIFT |
		    (var->dpl & 3) << SVM_SELECTOR_DPL_SHIFT |
		    ((var->present & 1) && !var->unusable) << SVM_SELECTOR_P_SHIFT |
		    (var->avl & 1) << SVM_SELECTOR_AVL_SHIFT |
		    (var->l & 1) << SVM_SELECTOR_L_SHIFT |
		    (var->db & 1) << SVM_SELECTOR_DB_SHIFT |
		    (var->g & 1) << SVM_SELECTOR_G_SHIFT;
	if (seg == VCPU_SREG_SS)
		svm->vmcb->save.cpl = var->dpl & 3;
	svm_vmcb_dirty(svm, SVM_CLEAN_SEG);
}

/** svm_get_cpl - current privilege level */
int svm_get_cpl(struct kvm_vcpu *vcpu)
{
	return to_svm(vcpu)->vmcb->save.cpl;
}

/** svm_get_cs_db_l_bits - operand size and 64-bit mode of the code segment */
void svm_get_cs_db_l_bits(struct kvm_vcpu *vcpu, int *db, int *l)
{
	u16 attrib = to_svm(vcpu)->vmcb->save.cs.attrib;

	*db = attrib >> SVM_SELECTOR_DB_SHIFT & 1;
	*l = attrib >> SVM_SELECTOR_L_SHIFT & 1;
}

static void svm_get_dt(const struct vmcb_seg *seg, struct desc_ptr *dt)
{
	dt->size = seg->limit;
	dt->address = seg->base;
}

static void svm_set_dt(struct vcpu_svm *svm, struct vmcb_seg *seg, const struct desc_ptr *dt)
{
	seg->limit = dt->size;
	seg->base = dt->address;
	svm_vmcb_dirty(svm, SVM_CLEAN_DT);
}

/** svm_get_idt - IDTR */
void svm_get_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	svm_get_dt(&to_svm(vcpu)->vmcb->save.idtr, dt);
}

/** svm_set_idt - set IDTR */
void svm_set_idt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	svm_set_dt(to_svm(vcpu), &to_svm(vcpu)->vmcb->save.idtr, dt);
}

/** svm_get_gdt - GDTR */
void svm_get_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	svm_get_dt(&to_svm(vcpu)->vmcb->save.gdtr, dt);
}

/** svm_set_gdt - set GDTR */
void svm_set_gdt(struct kvm_vcpu *vcpu, struct desc_ptr *dt)
{
	svm_set_dt(to_svm(vcpu), &to_svm(vcpu)->vmcb->save.gdtr, dt);
}

/* ---- control registers ----------------------------------------------------------------------- */

/* With the selective intercept the guest changes these two without an exit (APM2 15.8.1). */
#define SVM_CR0_GUEST_OWNED	(X86_CR0_TS | X86_CR0_MP)

/** svm_decache_cr0_guest_bits - CR0.TS and MP as the guest left them */
void svm_decache_cr0_guest_bits(struct kvm_vcpu *vcpu)
{
	unsigned long owned = vcpu->arch.cr0_guest_owned_bits;

	vcpu->arch.cr0 = (vcpu->arch.cr0 & ~owned) | (to_svm(vcpu)->vmcb->save.cr0 & owned);
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR0);
}

/** svm_decache_cr4_guest_bits - the guest owns none: every write of CR4 exits */
void svm_decache_cr4_guest_bits(struct kvm_vcpu *vcpu)
{
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR4);
}

/*
 * Hardware's CR0, CR4 and EFER are not quite the guest's.
 *
 * CD and NW stay out, since the host does not give up its caches, and NW without CD is a state
 * VMRUN refuses (APM2 15.5.1). CR4.MCE follows the host: a machine check with MCE clear would shut
 * the CPU down (9.3.3), whoever runs on it. VMRUN refuses a guest without SVME (15.5.1).
 *
 * With shadow paging hardware walks our tables always: paged real mode if need be (15.19), with
 * PAE tables outside long mode, write-protected pages that bind the supervisor too, and NX. What
 * judges accesses by the U bit is off while the guest has no paging, for then all pages have it.
 * LME without LMA would make PG switch to long mode.
 */
static void svm_paging_update(struct vcpu_svm *svm)
{
	struct kvm_vcpu_arch *arch = &svm->vcpu.arch;
	/* The guest may have changed its own bits in hardware. */
	unsigned long guest_cr0 = kvm_read_cr0(&svm->vcpu);
	u64 cr0 = guest_cr0 & ~(X86_CR0_CD | X86_CR0_NW), efer = arch->efer | EFER_SVME;
	u64 cr4 = arch->cr4 | (cr4_read_shadow() & X86_CR4_MCE);

	if (!svm_caps.npt) {
		cr0 |= X86_CR0_PG | X86_CR0_WP;
		cr4 |= X86_CR4_PAE;
		efer |= EFER_NX;
		if (!(guest_cr0 & X86_CR0_PG))
			cr4 &= ~(X86_CR4_SMEP | X86_CR4_SMAP);
		if (!(efer & EFER_LMA)) {
			cr4 &= ~(X86_CR4_PKE | X86_CR4_LA57);
			efer &= ~EFER_LME;
		}
	}
	arch->cr0_guest_owned_bits = cr0 == guest_cr0 ? SVM_CR0_GUEST_OWNED : 0;
	svm_intercept(svm, INTERCEPT_CR0_READ, cr0 != guest_cr0);
	svm_intercept(svm, INTERCEPT_CR0_WRITE, cr0 != guest_cr0);
	svm_intercept(svm, INTERCEPT_CR4_READ, cr4 != arch->cr4);
	svm->vmcb->save.cr0 = cr0;
	svm->vmcb->save.cr4 = cr4;
	svm->vmcb->save.efer = efer;
	svm_vmcb_dirty(svm, SVM_CLEAN_CR);
}

/**
 * svm_set_efer - EFER, as kvm_set_efer() checked it
 * @vcpu: the vCPU
 * @efer: the value the guest shall see; LMA in it is the caller's to keep true (APM2 14.6.1)
 *
 * Return: 0.
 */
int svm_set_efer(struct kvm_vcpu *vcpu, u64 efer)
{
	vcpu->arch.efer = efer;
	svm_paging_update(to_svm(vcpu));
	return 0;
}

/**
 * svm_set_cr0 - CR0, checked by the caller
 * @vcpu: the vCPU
 * @cr0: the value the guest shall see
 *
 * Long mode becomes active or inactive with paging (APM2 14.6.1, 14.6.2). While hardware's value
 * differs the guest must not read it.
 */
void svm_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0)
{
	u64 efer = vcpu->arch.efer & ~EFER_LMA;

	if ((efer & EFER_LME) && (cr0 & X86_CR0_PG))
		efer |= EFER_LMA;
	vcpu->arch.efer = efer;
	vcpu->arch.cr0 = cr0;
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR0);
	svm_paging_update(to_svm(vcpu));
}

/** svm_set_cr3 - the guest's own CR3; the MMU checked it. With shadow paging hardware has ours */
void svm_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR3);
	if (!svm_caps.npt)
		return;
	svm->vmcb->save.cr3 = cr3;
	svm_vmcb_dirty(svm, SVM_CLEAN_CR);
}

/** svm_is_valid_cr4 - no bit is excluded by SVM itself, but Intel's VMXE, which AMD reserves */
bool svm_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	return !(cr4 & X86_CR4_VMXE);
}

/**
 * svm_set_cr4 - CR4, checked by the caller
 * @vcpu: the vCPU
 * @cr4: the value the guest shall see
 *
 * The guest reads hardware's value only while it is its own.
 */
void svm_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	vcpu->arch.cr4 = cr4;
	vcpu->arch.cr4_guest_owned_bits = 0;
	kvm_reg_mark_available(vcpu, VCPU_EXREG_CR4);
	kvm_xsave_update(vcpu);
	svm_paging_update(to_svm(vcpu));
}

/**
 * svm_cache_reg - make a lazily read register current
 * @vcpu: the vCPU
 * @reg: CR3 or PDPTRs; the rest is copied at each exit
 *
 * The CPU has no PDPTE registers with nested paging: it reads the table again as it needs it (APM2
 * 15.25.10), and so do we.
 */
void svm_cache_reg(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	switch (reg) {
	case VCPU_EXREG_CR3:
		vcpu->arch.cr3 = to_svm(vcpu)->vmcb->save.cr3;
		break;
	case VCPU_EXREG_PDPTR:
		kvm_mmu_load_pdptrs(vcpu, kvm_read_cr3(vcpu));
		break;
	case VCPU_EXREG_CR0:
		svm_decache_cr0_guest_bits(vcpu);
		break;
	default:
		break;
	}
	kvm_reg_mark_available(vcpu, reg);
}

/* ---- debug registers (APM2 13.1) ------------------------------------------------------------- */

/** svm_set_dr6 - DR6 as hardware shall have it in the guest; bits 63:32 must be 0 (15.5.1) */
void svm_set_dr6(struct kvm_vcpu *vcpu, unsigned long value)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	svm->vmcb->save.dr6 = (u32)value;
	svm_vmcb_dirty(svm, SVM_CLEAN_DR);
}

/** svm_set_dr7 - DR7 likewise: the guest's, or the debugger's */
void svm_set_dr7(struct kvm_vcpu *vcpu, unsigned long value)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	svm->vmcb->save.dr7 = (u32)value;
	svm_vmcb_dirty(svm, SVM_CLEAN_DR);
}

/**
 * svm_sync_dirty_debug_regs - the guest had the registers to itself: read them, and watch again
 * @vcpu: the vCPU; interrupts off, right after an exit
 *
 * The next access exits, so that a guest which uses them once pays for the switch once. DR6 in the
 * VMCB may be wanted by a #DB exit, so it is only marked to be set afresh.
 */
void svm_sync_dirty_debug_regs(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	get_debugreg(vcpu->arch.db[0], 0);
	get_debugreg(vcpu->arch.db[1], 1);
	get_debugreg(vcpu->arch.db[2], 2);
	get_debugreg(vcpu->arch.db[3], 3);
	vcpu->arch.dr6 = svm->vmcb->save.dr6;
	vcpu->arch.dr7 = svm->vmcb->save.dr7;
	vcpu->arch.switch_db_regs &= ~KVM_DEBUGREG_WONT_EXIT;
	svm->entry_work |= SVM_WORK_RESET_DR6;
	svm_vmcb_intercept_drs(svm, true);
}

/* ---- RFLAGS ---------------------------------------------------------------------------------- */

/** svm_get_rflags - RFLAGS, without the TF by which we step a guest over its IRET */
unsigned long svm_get_rflags(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	unsigned long rflags = svm->vmcb->save.rflags;

	if (unlikely(svm->nmi_singlestep)) {
		rflags &= ~(X86_EFLAGS_TF | X86_EFLAGS_RF);
		rflags |= svm->nmi_guest_rflags;
	}
	return rflags;
}

/** svm_set_rflags - RFLAGS; bit 1 is always set (APM2 3.1.6) */
void svm_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	struct vcpu_svm *svm = to_svm(vcpu);

	if (unlikely(svm->nmi_singlestep)) {
		svm->nmi_guest_rflags = rflags & (X86_EFLAGS_TF | X86_EFLAGS_RF);
		rflags |= X86_EFLAGS_TF | X86_EFLAGS_RF;
	}
	svm->vmcb->save.rflags = rflags | X86_EFLAGS_FIXED;
}

/** svm_get_if_flag - RFLAGS.IF */
bool svm_get_if_flag(struct kvm_vcpu *vcpu)
{
	return to_svm(vcpu)->vmcb->save.rflags & X86_EFLAGS_IF;
}

/* ---- FPU ------------------------------------------------------------------------------------- */

/**
 * svm_fpu_activate - the guest's FPU state is in the CPU
 * @vcpu: the vCPU
 *
 * It is for the whole of KVM_RUN, and CR0.TS is the guest's own: #NM needs no intercept.
 */
void svm_fpu_activate(struct kvm_vcpu *vcpu)
{
}

/** svm_fpu_deactivate - and is not any more: nor does the vCPU run */
void svm_fpu_deactivate(struct kvm_vcpu *vcpu)
{
}
