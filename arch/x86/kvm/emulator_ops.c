// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator's view of a vCPU's registers: what emulate/emulate.h wants of struct kvm_vcpu.
 * Called by emulate/ only, with the vCPU's mutex held and the vCPU loaded.
 */
#include <asm/desc_defs.h>

#include "emulator.h"

u64 emul_read_gpr(struct x86_emulate_ctxt *ctxt, unsigned int gpr)
{
	return kvm_reg_read(emul_to_vcpu(ctxt), gpr);
}

void emul_write_gpr(struct x86_emulate_ctxt *ctxt, unsigned int gpr, u64 val)
{
	kvm_reg_write(emul_to_vcpu(ctxt), gpr, val);
}

/* --- Segments and tables ---------------------------------------------------------------------- */

/* enum x86_sreg and enum kvm_seg have the same order. */
void emul_get_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg,
			     struct kvm_segment *seg)
{
	BUILD_BUG_ON((int)X86_SREG_GS != (int)VCPU_SREG_GS);
	BUILD_BUG_ON((int)X86_SREG_TR != (int)VCPU_SREG_TR);
	kvm_x86_call(get_segment)(emul_to_vcpu(ctxt), seg, sreg);
}

void emul_set_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg,
			     const struct kvm_segment *seg)
{
	struct kvm_segment copy = *seg;

	kvm_x86_call(set_segment)(emul_to_vcpu(ctxt), &copy, sreg);
}

unsigned int emul_cpl(struct x86_emulate_ctxt *ctxt)
{
	return kvm_x86_call(get_cpl)(emul_to_vcpu(ctxt));
}

void emul_get_table(struct x86_emulate_ctxt *ctxt, bool idt, struct x86_desc_ptr *dt)
{
	struct desc_ptr table;

	if (idt)
		kvm_x86_call(get_idt)(emul_to_vcpu(ctxt), &table);
	else
		kvm_x86_call(get_gdt)(emul_to_vcpu(ctxt), &table);
	dt->limit = table.size;
	dt->base = table.address;
}

void emul_set_table(struct x86_emulate_ctxt *ctxt, bool idt, const struct x86_desc_ptr *dt)
{
	struct desc_ptr table = { .size = dt->limit, .address = dt->base };

	if (idt)
		kvm_x86_call(set_idt)(emul_to_vcpu(ctxt), &table);
	else
		kvm_x86_call(set_gdt)(emul_to_vcpu(ctxt), &table);
}

/* --- Control, debug and model-specific registers ---------------------------------------------- */

u64 emul_get_cr(struct x86_emulate_ctxt *ctxt, unsigned int cr)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);

	switch (cr) {
	case 0:
		return kvm_read_cr0(vcpu);
	case 2:
		return vcpu->arch.cr2;
	case 3:
		return kvm_read_cr3(vcpu);
	case 4:
		return kvm_read_cr4(vcpu);
	default:
		return kvm_get_cr8(vcpu);
	}
}

int emul_set_cr(struct x86_emulate_ctxt *ctxt, unsigned int cr, u64 val)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);

	switch (cr) {
	case 0:
		return kvm_set_cr0(vcpu, val);
	case 2:
		vcpu->arch.cr2 = val;
		return 0;
	case 3:
		return kvm_set_cr3(vcpu, val);
	case 4:
		return kvm_set_cr4(vcpu, val);
	default:
		return kvm_set_cr8(vcpu, val);
	}
}

u64 emul_get_dr(struct x86_emulate_ctxt *ctxt, unsigned int dr)
{
	return kvm_get_dr(emul_to_vcpu(ctxt), dr);
}

int emul_set_dr(struct x86_emulate_ctxt *ctxt, unsigned int dr, u64 val)
{
	return kvm_set_dr(emul_to_vcpu(ctxt), dr, val);
}

int emul_get_msr(struct x86_emulate_ctxt *ctxt, u32 msr, u64 *val)
{
	return kvm_get_msr(emul_to_vcpu(ctxt), msr, val);
}

int emul_set_msr(struct x86_emulate_ctxt *ctxt, u32 msr, u64 val)
{
	return kvm_set_msr(emul_to_vcpu(ctxt), msr, val);
}

/* --- The rest --------------------------------------------------------------------------------- */

void emul_cpuid(struct x86_emulate_ctxt *ctxt, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	kvm_cpuid(emul_to_vcpu(ctxt), eax, ebx, ecx, edx);
}

u64 emul_rdtsc(struct x86_emulate_ctxt *ctxt)
{
	return kvm_read_guest_tsc(emul_to_vcpu(ctxt), rdtsc());
}

u64 emul_xcr0(struct x86_emulate_ctxt *ctxt)
{
	return emul_to_vcpu(ctxt)->arch.xcr0;
}

int emul_set_xcr(struct x86_emulate_ctxt *ctxt, u32 index, u64 val)
{
	return kvm_set_xcr(emul_to_vcpu(ctxt), index, val);
}

void emul_invlpg(struct x86_emulate_ctxt *ctxt, u64 linear)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);

	vcpu->arch.mmu->invlpg(vcpu, linear);
}

/* Whose they are, of which PCID, is not looked at: a CPU may forget more (SDM 4.10.4.1). */
void emul_invpcid(struct x86_emulate_ctxt *ctxt, unsigned int type, u64 linear)
{
	if (!type && !kvm_mmu_has_tdp())
		emul_invlpg(ctxt, linear);
	else
		kvm_make_request(KVM_REQ_TLB_FLUSH_GUEST, emul_to_vcpu(ctxt));
}
