// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET/SET_SREGS and SREGS2, KVM_TRANSLATE: segments, descriptor tables, control registers.
 *
 * Setting checks everything before it changes anything, so that -EINVAL leaves the vCPU as it was.
 * Called from the vCPU's ioctls, under its mutex.
 */
#include <linux/bitmap.h>
#include <asm/desc_defs.h>
#include "x86.h"

/* Where each segment register is in both ABI structs. */
#define KVM_SREGS_SEGMENTS(OP)	\
	OP(cs, VCPU_SREG_CS)	\
	OP(ds, VCPU_SREG_DS)	\
	OP(es, VCPU_SREG_ES)	\
	OP(fs, VCPU_SREG_FS)	\
	OP(gs, VCPU_SREG_GS)	\
	OP(ss, VCPU_SREG_SS)	\
	OP(tr, VCPU_SREG_TR)	\
	OP(ldt, VCPU_SREG_LDTR)

/* struct kvm_sregs and kvm_sregs2 are the same up to and with apic_base. */
static_assert(offsetof(struct kvm_sregs, interrupt_bitmap) == offsetof(struct kvm_sregs2, flags));

/* ---- get ------------------------------------------------------------------------------------- */

static void kvm_get_sregs_common(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	struct desc_ptr dt;

#define KVM_GET_SEGMENT(field, seg)	kvm_x86_call(get_segment)(vcpu, &sregs->field, seg);
	KVM_SREGS_SEGMENTS(KVM_GET_SEGMENT)

	kvm_x86_call(get_idt)(vcpu, &dt);
	sregs->idt.limit = dt.size;
	sregs->idt.base = dt.address;
	kvm_x86_call(get_gdt)(vcpu, &dt);
	sregs->gdt.limit = dt.size;
	sregs->gdt.base = dt.address;

	sregs->cr0 = kvm_read_cr0(vcpu);
	sregs->cr2 = vcpu->arch.cr2;
	sregs->cr3 = kvm_read_cr3(vcpu);
	sregs->cr4 = kvm_read_cr4(vcpu);
	sregs->cr8 = kvm_get_cr8(vcpu);
	sregs->efer = vcpu->arch.efer;
	sregs->apic_base = vcpu->arch.apic_base;
}

/** kvm_vcpu_get_sregs - KVM_GET_SREGS (api.rst 4.13) */
void kvm_vcpu_get_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	int irq = kvm_user_irq_pending(vcpu);

	memset(sregs, 0, sizeof(*sregs));
	kvm_get_sregs_common(vcpu, sregs);
	if (irq >= 0)
		sregs->interrupt_bitmap[irq / 64] = BIT_ULL(irq % 64);
}

/** kvm_vcpu_get_sregs2 - KVM_GET_SREGS2 (api.rst 4.131): with the PDPTEs that PAE paging uses */
void kvm_vcpu_get_sregs2(struct kvm_vcpu *vcpu, struct kvm_sregs2 *sregs2)
{
	int i;

	memset(sregs2, 0, sizeof(*sregs2));
	kvm_get_sregs_common(vcpu, (struct kvm_sregs *)sregs2);
	if (!kvm_is_pae_paging(vcpu))
		return;
	for (i = 0; i < 4; i++)
		sregs2->pdptrs[i] = vcpu->arch.mmu->get_pdptr(vcpu, i);
	sregs2->flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
}

/* ---- check ----------------------------------------------------------------------------------- */

/* SDM 4.1.1, 9.8.5: EFER.LMA, CR0.PG, CR4.PAE and CS.L must tell the same story. */
static bool kvm_sregs_mode_valid(struct kvm_vcpu *vcpu, const struct kvm_sregs *sregs)
{
	if ((sregs->efer & EFER_LME) && (sregs->cr0 & X86_CR0_PG)) {
		if (!(sregs->cr4 & X86_CR4_PAE) || !(sregs->efer & EFER_LMA))
			return false;
		return !(sregs->cr3 & vcpu->arch.reserved_gpa_bits);
	}
	/* without long mode a PCID, LMA or 64-bit code segment is impossible */
	return !(sregs->efer & EFER_LMA) && !sregs->cs.l && !(sregs->cr4 & X86_CR4_PCIDE);
}

static bool kvm_sregs_valid(struct kvm_vcpu *vcpu, const struct kvm_sregs *sregs)
{
	return kvm_is_valid_cr0(sregs->cr0) && kvm_is_valid_cr4(vcpu, sregs->cr4) &&
	       kvm_host_valid_efer(vcpu, sregs->efer) && !(sregs->cr8 & ~0xfull) &&
	       kvm_valid_apic_base(vcpu, sregs->apic_base) && kvm_sregs_mode_valid(vcpu, sregs);
}

static bool kvm_sregs_pae_paging(const struct kvm_sregs *sregs)
{
	return (sregs->cr0 & X86_CR0_PG) && (sregs->cr4 & X86_CR4_PAE) &&
	       !(sregs->efer & EFER_LMA);
}

/* ---- set ------------------------------------------------------------------------------------- */

static void kvm_set_sregs_tables(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	struct desc_ptr dt;

	dt.size = sregs->idt.limit;
	dt.address = sregs->idt.base;
	kvm_x86_call(set_idt)(vcpu, &dt);
	dt.size = sregs->gdt.limit;
	dt.address = sregs->gdt.base;
	kvm_x86_call(set_gdt)(vcpu, &dt);
}

/* EFER first: the vendor's CR0 and CR4 may look at LMA. The caller resets the MMU afterwards. */
static void kvm_set_sregs_control(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	vcpu->arch.cr2 = sregs->cr2;
	vcpu->arch.cr3 = sregs->cr3;
	kvm_reg_mark_dirty(vcpu, VCPU_EXREG_CR3);
	kvm_x86_call(set_cr3)(vcpu, sregs->cr3);
	kvm_set_cr8(vcpu, sregs->cr8);
	kvm_x86_call(set_efer)(vcpu, sregs->efer);
	kvm_x86_call(set_cr0)(vcpu, sregs->cr0 | X86_CR0_ET);
	kvm_x86_call(set_cr4)(vcpu, sregs->cr4);
	kvm_set_apic_base(vcpu, sregs->apic_base, true);
	kvm_update_cpuid_runtime(vcpu);
}

/*
 * All but the PDPTEs and the interrupt; @sregs has been found valid. Real mode's segments depend on
 * CR0.PE on some CPUs, so that they come after it.
 */
static void kvm_set_sregs_common(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	kvm_set_sregs_tables(vcpu, sregs);
	kvm_set_sregs_control(vcpu, sregs);
#define KVM_SET_SEGMENT(field, seg)	kvm_x86_call(set_segment)(vcpu, &sregs->field, seg);
	KVM_SREGS_SEGMENTS(KVM_SET_SEGMENT)
	kvm_mmu_reset_context(vcpu);
	kvm_mmu_forget(vcpu);
	kvm_make_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu);
	kvm_make_request(KVM_REQ_EVENT, vcpu);
}

/* The bitmap's one vector, -1 when it is empty, -EINVAL when it has two. */
static int kvm_sregs_irq(const struct kvm_sregs *sregs)
{
	int i, irq = -1;

	for (i = 0; i < ARRAY_SIZE(sregs->interrupt_bitmap); i++) {
		u64 word = sregs->interrupt_bitmap[i];

		if (!word)
			continue;
		if (irq >= 0 || (word & (word - 1)))
			return -EINVAL;
		irq = i * 64 + __ffs64(word);
	}
	return irq;
}

/**
 * kvm_vcpu_set_sregs - KVM_SET_SREGS (api.rst 4.14)
 * @vcpu: the vCPU
 * @sregs: the registers
 *
 * The interrupt in the bitmap, if there is one, waits as if KVM_INTERRUPT had been called, in place
 * of one that waits already; an empty bitmap takes none away. PDPTEs that are not in
 * guest memory (yet) do no harm before the guest runs.
 *
 * Return: 0; -EINVAL and nothing changed when the registers contradict the manuals or each other.
 */
int kvm_vcpu_set_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs)
{
	int irq = kvm_sregs_irq(sregs);

	if (irq == -EINVAL || !kvm_sregs_valid(vcpu, sregs))
		return -EINVAL;
	kvm_set_sregs_common(vcpu, sregs);
	if (kvm_sregs_pae_paging(sregs))
		kvm_mmu_load_pdptrs(vcpu, sregs->cr3);
	if (irq >= 0)
		kvm_user_irq_restore(vcpu, irq);
	return 0;
}

/**
 * kvm_vcpu_set_sregs2 - KVM_SET_SREGS2 (api.rst 4.132)
 * @vcpu: the vCPU
 * @sregs2: the registers
 *
 * Return: 0; -EINVAL and nothing changed: as kvm_vcpu_set_sregs(), an unknown flag, or PDPTEs where
 * the mode has none.
 */
int kvm_vcpu_set_sregs2(struct kvm_vcpu *vcpu, struct kvm_sregs2 *sregs2)
{
	struct kvm_sregs *sregs = (struct kvm_sregs *)sregs2;
	bool pdptrs = sregs2->flags & KVM_SREGS2_FLAGS_PDPTRS_VALID;

	if (sregs2->flags & ~(u64)KVM_SREGS2_FLAGS_PDPTRS_VALID)
		return -EINVAL;
	if (pdptrs && !kvm_sregs_pae_paging(sregs))
		return -EINVAL;
	if (!kvm_sregs_valid(vcpu, sregs))
		return -EINVAL;
	kvm_set_sregs_common(vcpu, sregs);
	if (pdptrs) {
		memcpy(vcpu->arch.mmu->pdptrs, sregs2->pdptrs, sizeof(sregs2->pdptrs));
		kvm_reg_mark_dirty(vcpu, VCPU_EXREG_PDPTR);
	} else if (kvm_sregs_pae_paging(sregs)) {
		kvm_mmu_load_pdptrs(vcpu, sregs->cr3);
	}
	return 0;
}

/* ---- translate ------------------------------------------------------------------------------- */

/**
 * kvm_vcpu_translate - KVM_TRANSLATE (api.rst 4.15): walk the guest's page tables for a debugger
 * @vcpu: the vCPU
 * @tr: linear_address in; the other fields out
 *
 * writeable and usermode say whether a supervisor's write and a user's read would succeed.
 *
 * Return: 0; an address that is not mapped is not an error, but valid = 0.
 */
int kvm_vcpu_translate(struct kvm_vcpu *vcpu, struct kvm_translation *tr)
{
	struct x86_exception fault;
	gva_t gva = tr->linear_address;
	gpa_t gpa;

	gpa = kvm_gva_to_gpa(vcpu, gva, PFERR_IMPLICIT_ACCESS, &fault);
	if (gpa == KVM_GPA_INVALID)
		gpa = kvm_gva_to_gpa(vcpu, gva, PFERR_USER_MASK, &fault);
	memset(tr, 0, sizeof(*tr));
	tr->linear_address = gva;
	tr->physical_address = gpa;
	tr->valid = gpa != KVM_GPA_INVALID;
	if (tr->valid) {
		tr->writeable = kvm_gva_to_gpa(vcpu, gva, PFERR_WRITE_MASK, &fault) !=
				KVM_GPA_INVALID;
		tr->usermode = kvm_gva_to_gpa(vcpu, gva, PFERR_USER_MASK, &fault) !=
			       KVM_GPA_INVALID;
	}
	return 0;
}
