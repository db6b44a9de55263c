// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT and SWAPGS: fixed segments, targets in MSRs
 * (SDM 5.8.7, 5.8.8, 2B; APM3). Called by emulate.c with the vCPU mutex held.
 *
 * Vendors differ, and the guest's CPUID says which it is: Intel has SYSCALL and
 * SYSRET in 64-bit mode only, AMD has SYSENTER and SYSEXIT outside long mode only.
 */
#include "internal.h"

#define MSR_SYSENTER_CS_NR	0x174
#define MSR_SYSENTER_ESP_NR	0x175
#define MSR_SYSENTER_EIP_NR	0x176
#define MSR_STAR_NR		0xc0000081
#define MSR_LSTAR_NR		0xc0000082
#define MSR_CSTAR_NR		0xc0000083
#define MSR_SFMASK_NR		0xc0000084
#define MSR_KERNEL_GS_BASE_NR	0xc0000102

/* CPUID leaf 0, EBX: "Auth"enticAMD and "Hygo"nGenuine. */
#define CPUID_AMD_EBX		0x68747541
#define CPUID_HYGON_EBX		0x6f677948

/** x86_is_amd - does the guest's CPU follow AMD where the vendors differ */
bool x86_is_amd(struct x86_emulate_ctxt *ctxt)
{
	u32 eax = 0, ebx = 0, ecx = 0, edx = 0;

	emul_cpuid(ctxt, &eax, &ebx, &ecx, &edx);
	return ebx == CPUID_AMD_EBX || ebx == CPUID_HYGON_EBX;
}

static u64 msr(struct x86_emulate_ctxt *ctxt, u32 index)
{
	u64 val = 0;

	/* They exist wherever the instruction does. */
	emul_get_msr(ctxt, index, &val);
	return val;
}

/* Flat, present, accessed: code 11, data 3 (SDM 5.8.7). */
static void stage_flat(struct x86_emulate_ctxt *ctxt, unsigned int sreg, u16 selector,
		       unsigned int cpl, bool to_long)
{
	bool code = sreg == X86_SREG_CS;

	x86_stage(ctxt, sreg, &(struct kvm_segment){
		.limit = 0xffffffff, .selector = (selector & ~3) | cpl,
		.type = code ? 11 : 3, .present = 1, .dpl = cpl, .s = 1, .g = 1,
		.db = !(code && to_long), .l = code && to_long,
	});
}

/* SS comes behind CS in the tables that these instructions assume. */
static int enter_flat(struct x86_emulate_ctxt *ctxt, u16 cs, unsigned int cpl, bool to_long,
		      u64 target)
{
	stage_flat(ctxt, X86_SREG_CS, cs, cpl, to_long);
	stage_flat(ctxt, X86_SREG_SS, (cs & ~3) + 8, cpl, false);
	ctxt->next_eip = to_long ? target : (u32)target;
	return X86EMUL_CONTINUE;
}

static bool syscall_enabled(struct x86_emulate_ctxt *ctxt)
{
	if (ctxt->mode == X86_MODE_REAL || !(msr(ctxt, MSR_EFER_NR) & 1))
		return false;
	return x86_is_long(ctxt) || x86_is_amd(ctxt);
}

int em_syscall(struct x86_emulate_ctxt *ctxt)
{
	u64 star, target;

	if (!syscall_enabled(ctxt))
		return x86_fault_ud(ctxt);
	star = msr(ctxt, MSR_STAR_NR);
	if (x86_lma(ctxt)) {
		target = msr(ctxt, x86_is_long(ctxt) ? MSR_LSTAR_NR : MSR_CSTAR_NR);
		x86_gpr_write(ctxt, X86_RCX, ctxt->next_eip, 8);
		x86_gpr_write(ctxt, X86_R11, ctxt->eflags & ~(u64)X86_EFLAGS_RF, 8);
		ctxt->eflags &= ~(msr(ctxt, MSR_SFMASK_NR) | X86_EFLAGS_RF);
		ctxt->eflags |= X86_EFLAGS_FIXED;
	} else {
		target = (u32)star;
		x86_gpr_write(ctxt, X86_RCX, ctxt->next_eip, 4);
		ctxt->eflags &= ~(u64)(X86_EFLAGS_IF | X86_EFLAGS_VM | X86_EFLAGS_RF);
	}
	return enter_flat(ctxt, star >> 32, 0, x86_lma(ctxt), target);
}

/*
 * To 64-bit code at STAR[63:48] + 16, to 32-bit code at STAR[63:48]. AMD looks at
 * the target only when it fetches there, and loads no more of SS than its selector.
 */
int em_sysret(struct x86_emulate_ctxt *ctxt)
{
	u64 star, target = x86_gpr_read(ctxt, X86_RCX);
	bool to_long = ctxt->d.op_bytes == 8, amd = x86_is_amd(ctxt);
	u64 flags = X86_EFLAGS_RF | X86_EFLAGS_VM;
	struct kvm_segment ss = *x86_segment(ctxt, X86_SREG_SS);

	if (!syscall_enabled(ctxt))
		return x86_fault_ud(ctxt);
	if (emul_cpl(ctxt) || x86_is_real(ctxt))
		return x86_fault_gp(ctxt, 0);
	if (to_long && !amd && !x86_canonical(ctxt, target))
		return x86_fault_gp(ctxt, 0);
	star = msr(ctxt, MSR_STAR_NR) >> 48;
	if (x86_lma(ctxt))
		ctxt->eflags = (x86_gpr_read(ctxt, X86_R11) & 0x3f7fd7 & ~flags) | X86_EFLAGS_FIXED;
	else
		ctxt->eflags |= X86_EFLAGS_IF;
	enter_flat(ctxt, star + (to_long ? 16 : 0), 3, to_long, target);
	ss.selector = ((star + 8) & ~3) | 3;
	ss.dpl = 3;
	if (amd)
		x86_stage(ctxt, X86_SREG_SS, &ss);
	else
		stage_flat(ctxt, X86_SREG_SS, star + 8, 3, false);
	return X86EMUL_CONTINUE;
}

int em_sysenter(struct x86_emulate_ctxt *ctxt)
{
	u64 cs = msr(ctxt, MSR_SYSENTER_CS_NR);
	bool to_long = x86_lma(ctxt);

	if (to_long && x86_is_amd(ctxt))
		return x86_fault_ud(ctxt);
	if (ctxt->mode == X86_MODE_REAL || x86_sel_null(cs))
		return x86_fault_gp(ctxt, 0);
	ctxt->eflags &= ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_IF);
	x86_gpr_write(ctxt, X86_RSP, msr(ctxt, MSR_SYSENTER_ESP_NR), to_long ? 8 : 4);
	return enter_flat(ctxt, cs, 0, to_long, msr(ctxt, MSR_SYSENTER_EIP_NR));
}

/* The stack is in RCX, the target in RDX; REX.W returns to 64-bit code. */
int em_sysexit(struct x86_emulate_ctxt *ctxt)
{
	u64 cs = msr(ctxt, MSR_SYSENTER_CS_NR), target = x86_gpr_read(ctxt, X86_RDX);
	u64 stack = x86_gpr_read(ctxt, X86_RCX);
	bool to_long = ctxt->d.op_bytes == 8;

	if (x86_lma(ctxt) && x86_is_amd(ctxt))
		return x86_fault_ud(ctxt);
	if (x86_is_real(ctxt) || emul_cpl(ctxt) || x86_sel_null(cs))
		return x86_fault_gp(ctxt, 0);
	if (to_long && (!x86_canonical(ctxt, target) || !x86_canonical(ctxt, stack)))
		return x86_fault_gp(ctxt, 0);
	x86_gpr_write(ctxt, X86_RSP, stack, to_long ? 8 : 4);
	return enter_flat(ctxt, (cs & ~3) + (to_long ? 32 : 16), 3, to_long, target);
}

/* GS.base is the segment's: a write of its MSR would come too early for a later fault. */
int em_swapgs(struct x86_emulate_ctxt *ctxt)
{
	struct kvm_segment gs = *x86_segment(ctxt, X86_SREG_GS);
	u64 other = msr(ctxt, MSR_KERNEL_GS_BASE_NR);

	if (emul_set_msr(ctxt, MSR_KERNEL_GS_BASE_NR, gs.base))
		return x86_fault_gp(ctxt, 0);
	gs.base = other;
	x86_stage(ctxt, X86_SREG_GS, &gs);
	return X86EMUL_CONTINUE;
}
