// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator's view of a vCPU's registers: struct x86_emulate_ops over struct kvm_vcpu. Called by
 * emulate/ only, with the vCPU's mutex held and the vCPU loaded.
 */
#include <asm/desc_defs.h>

#include "emulator.h"

static u64 emul_read_gpr(struct x86_emulate_ctxt *ctxt, unsigned int gpr)
{
	return kvm_reg_read(emul_to_vcpu(ctxt), gpr);
}

static void emul_write_gpr(struct x86_emulate_ctxt *ctxt, unsigned int gpr, u64 val)
{
	kvm_reg_write(emul_to_vcpu(ctxt), gpr, val);
}

/* --- Segments and tables ---------------------------------------------------------------------- */

/* enum x86_sreg and enum kvm_seg have the same order. */
static void emul_get_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg,
			     struct kvm_segment *seg)
{
	BUILD_BUG_ON((int)X86_SREG_GS != (int)VCPU_SREG_GS);
	BUILD_BUG_ON((int)X86_SREG_TR != (int)VCPU_SREG_TR);
	kvm_x86_call(get_segment)(emul_to_vcpu(ctxt), seg, sreg);
}

static void emul_set_segment(struct x86_emulate_ctxt *ctxt, unsigned int sreg,
			     const struct kvm_segment *seg)
{
	struct kvm_segment copy = *seg;

	kvm_x86_call(set_segment)(emul_to_vcpu(ctxt), &copy, sreg);
}

static unsigned int emul_cpl(struct x86_emulate_ctxt *ctxt)
{
	return kvm_x86_call(get_cpl)(emul_to_vcpu(ctxt));
}

static void emul_get_table(struct x86_emulate_ctxt *ctxt, bool idt, struct x86_desc_ptr *dt)
{
	struct desc_ptr table;

	if (idt)
		kvm_x86_call(get_idt)(emul_to_vcpu(ctxt), &table);
	else
		kvm_x86_call(get_gdt)(emul_to_vcpu(ctxt), &table);
	dt->limit = table.size;
	dt->base = table.address;
}

static void emul_set_table(struct x86_emulate_ctxt *ctxt, bool idt, const struct x86_desc_ptr *dt)
{
	struct desc_ptr table = { .size = dt->limit, .address = dt->base };

	if (idt)
		kvm_x86_call(set_idt)(emul_to_vcpu(ctxt), &table);
	else
		kvm_x86_call(set_gdt)(emul_to_vcpu(ctxt), &table);
}

/* --- Control, debug and model-specific registers ---------------------------------------------- */

static u64 emul_get_cr(struct x86_emulate_ctxt *ctxt, unsigned int cr)
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

static int emul_set_cr(struct x86_emulate_ctxt *ctxt, unsigned int cr, u64 val)
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

static u64 emul_get_dr(struct x86_emulate_ctxt *ctxt, unsigned int dr)
{
	return kvm_get_dr(emul_to_vcpu(ctxt), dr);
}

static int emul_set_dr(struct x86_emulate_ctxt *ctxt, unsigned int dr, u64 val)
{
	return kvm_set_dr(emul_to_vcpu(ctxt), dr, val);
}

static int emul_get_msr(struct x86_emulate_ctxt *ctxt, u32 msr, u64 *val)
{
	return kvm_get_msr(emul_to_vcpu(ctxt), msr, val) ? X86EMUL_PROPAGATE_FAULT :
							   X86EMUL_CONTINUE;
}

static int emul_set_msr(struct x86_emulate_ctxt *ctxt, u32 msr, u64 val)
{
	return kvm_set_msr(emul_to_vcpu(ctxt), msr, val) ? X86EMUL_PROPAGATE_FAULT :
							   X86EMUL_CONTINUE;
}

/* --- The rest --------------------------------------------------------------------------------- */

static int emul_cpuid(struct x86_emulate_ctxt *ctxt, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	kvm_cpuid(emul_to_vcpu(ctxt), eax, ebx, ecx, edx);
	return X86EMUL_CONTINUE;
}

static u64 emul_rdtsc(struct x86_emulate_ctxt *ctxt)
{
	return kvm_read_guest_tsc(emul_to_vcpu(ctxt), rdtsc());
}

/* No virtual PMU is offered: every counter is one too many. */
static int emul_rdpmc(struct x86_emulate_ctxt *ctxt, u32 counter, u64 *val)
{
	return 1;
}

static u64 emul_xcr0(struct x86_emulate_ctxt *ctxt)
{
	return emul_to_vcpu(ctxt)->arch.xcr0;
}

static int emul_set_xcr(struct x86_emulate_ctxt *ctxt, u32 index, u64 val)
{
	return kvm_set_xcr(emul_to_vcpu(ctxt), index, val);
}

static void emul_invlpg(struct x86_emulate_ctxt *ctxt, u64 linear)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);

	vcpu->arch.mmu->invlpg(vcpu, linear);
}

/* Whose they are, of which PCID, is not looked at: a CPU may forget more (SDM 4.10.4.1). */
static void emul_invpcid(struct x86_emulate_ctxt *ctxt, unsigned int type, u64 linear)
{
	if (!type && !kvm_mmu_has_tdp())
		emul_invlpg(ctxt, linear);
	else
		kvm_make_request(KVM_REQ_TLB_FLUSH_GUEST, emul_to_vcpu(ctxt));
}

const struct x86_emulate_ops kvm_emulate_ops = {
	.read_gpr = emul_read_gpr,
	.write_gpr = emul_write_gpr,
	.read_std = kvm_emul_read_std,
	.write_std = kvm_emul_write_std,
	.probe_write = kvm_emul_probe_write,
	.cmpxchg = kvm_emul_cmpxchg,
	.fetch = kvm_emul_fetch,
	.get_segment = emul_get_segment,
	.set_segment = emul_set_segment,
	.cpl = emul_cpl,
	.get_table = emul_get_table,
	.set_table = emul_set_table,
	.get_cr = emul_get_cr,
	.set_cr = emul_set_cr,
	.get_dr = emul_get_dr,
	.set_dr = emul_set_dr,
	.get_msr = emul_get_msr,
	.set_msr = emul_set_msr,
	.pio_in = kvm_emul_pio_in,
	.pio_out = kvm_emul_pio_out,
	.cpuid = emul_cpuid,
	.rdtsc = emul_rdtsc,
	.rdpmc = emul_rdpmc,
	.xcr0 = emul_xcr0,
	.set_xcr = emul_set_xcr,
	.read_vec = kvm_emul_read_vec,
	.write_vec = kvm_emul_write_vec,
	.fpu = kvm_emul_fpu,
	.invlpg = emul_invlpg,
	.invpcid = emul_invpcid,
};
