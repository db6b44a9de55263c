// SPDX-License-Identifier: GPL-2.0-only
/*
 * System instructions: control and debug registers, descriptor table registers,
 * MSRs, CPUID, time stamps, HLT, caches, IF, and the I/O permission check.
 * Privilege by CPL alone is a flag of the opcode row; what depends on CR4 or
 * IOPL is checked here. Called by emulate.c.
 */
#include "internal.h"

#define MSR_TSC_AUX_NR	0xc0000103

/* --- Control and debug registers ------------------------------------- */

/* A register that does not exist is #UD at any privilege level, which comes first. */
int em_mov_cr(struct x86_emulate_ctxt *ctxt)
{
	unsigned int cr = ctxt->d.reg;

	if (cr != 0 && cr != 8 && (cr < 2 || cr > 4))
		return x86_fault_ud(ctxt);
	if (emul_cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	if (ctxt->d.op->arg == A_WRITE)
		return x86_gp_if(ctxt, emul_set_cr(ctxt, cr, ctxt->src.val));
	ctxt->dst.val = emul_get_cr(ctxt, cr);
	return X86EMUL_CONTINUE;
}

#define DR7_GD	(1u << 13)
#define DR6_BD	(1u << 13)

/*
 * DR4 and DR5 alias DR6 and DR7, or are #UD with CR4.DE (SDM 17.2.2). With DR7.GD
 * every access is #DB with DR6.BD, and clears GD for the handler (SDM 17.2.4).
 */
static int check_dr(struct x86_emulate_ctxt *ctxt, unsigned int *dr)
{
	u64 dr7;

	*dr = ctxt->d.reg;
	if (*dr > 7)
		return x86_fault_ud(ctxt);
	if (emul_cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	if ((*dr & 6) == 4) {
		if (emul_get_cr(ctxt, 4) & X86_CR4_DE)
			return x86_fault_ud(ctxt);
		*dr += 2;
	}
	dr7 = emul_get_dr(ctxt, 7);
	if (!(dr7 & DR7_GD))
		return X86EMUL_CONTINUE;
	emul_set_dr(ctxt, 7, dr7 & ~(u64)DR7_GD);
	emul_set_dr(ctxt, 6, emul_get_dr(ctxt, 6) | DR6_BD);
	return x86_fault(ctxt, DB_VECTOR_NR, false, 0);
}

/* Bits 63:32 of DR6 and DR7 must be zero (SDM 17.2.6). */
int em_mov_dr(struct x86_emulate_ctxt *ctxt)
{
	unsigned int dr;
	int rc = check_dr(ctxt, &dr);

	if (rc)
		return rc;
	if (ctxt->d.op->arg == A_WRITE)
		return x86_gp_if(ctxt, (dr >= 6 && ctxt->src.val >> 32) ||
				       emul_set_dr(ctxt, dr, ctxt->src.val));
	ctxt->dst.val = emul_get_dr(ctxt, dr);
	return X86EMUL_CONTINUE;
}

int em_clts(struct x86_emulate_ctxt *ctxt)
{
	u64 cr0 = emul_get_cr(ctxt, 0);

	return emul_set_cr(ctxt, 0, cr0 & ~(u64)X86_CR0_TS) ? X86EMUL_UNHANDLEABLE :
								 X86EMUL_CONTINUE;
}

/* LMSW sets PE, MP, EM and TS; it cannot clear PE (SDM 2A LMSW). */
int em_lmsw(struct x86_emulate_ctxt *ctxt)
{
	u64 cr0 = (emul_get_cr(ctxt, 0) & ~0xeULL) | (ctxt->src.val & 0xf);

	return x86_gp_if(ctxt, emul_set_cr(ctxt, 0, cr0));
}

int em_smsw(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = emul_get_cr(ctxt, 0);
	return X86EMUL_CONTINUE;
}

/* --- Descriptor tables ----------------------------------------------- */

/*
 * LGDT and LIDT: ten bytes in 64-bit mode, else six, of which a 16-bit operand takes
 * 24 base bits.
 */
int em_load_table(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = x86_is_long(ctxt) ? 8 : 4;
	struct x86_desc_ptr dt = {};
	int rc = x86_mem_read(ctxt, ctxt->src.seg, ctxt->src.ea, &dt, 2 + bytes, 0);

	if (rc)
		return rc;
	if (bytes == 4 && ctxt->d.op_bytes == 2)
		dt.base &= 0xffffff;
	if (bytes == 8 && !x86_canonical(ctxt, dt.base))
		return x86_fault_gp(ctxt, 0);
	emul_set_table(ctxt, ctxt->d.op->arg == A_IDT, &dt);
	return X86EMUL_CONTINUE;
}

/* SGDT and SIDT */
int em_store_table(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = x86_is_long(ctxt) ? 8 : 4;
	struct x86_desc_ptr dt;

	emul_get_table(ctxt, ctxt->d.op->arg == A_IDT, &dt);
	return x86_mem_write(ctxt, ctxt->src.seg, ctxt->src.ea, &dt, 2 + bytes);
}

/* No access is made: limits are not checked, a non-canonical address is a no-op. */
int em_invlpg(struct x86_emulate_ctxt *ctxt)
{
	unsigned int seg = ctxt->src.seg;
	u64 linear = ctxt->src.ea;

	if (!x86_is_long(ctxt))
		linear = (u32)(linear + x86_segment(ctxt, seg)->base);
	else if (x86_linearize(ctxt, seg, linear, 1, false, &linear) != X86EMUL_CONTINUE)
		return X86EMUL_CONTINUE;
	emul_invlpg(ctxt, linear);
	return X86EMUL_CONTINUE;
}

/* SDM vol. 2, INVPCID: the type is a register's, the PCID and the address are in memory. */
int em_invpcid(struct x86_emulate_ctxt *ctxt)
{
	u64 type = x86_gpr_read(ctxt, ctxt->d.reg), desc[2];
	int rc;

	if (!x86_cpu_has(ctxt, 7, 1, 10))
		return x86_fault_ud(ctxt);
	if (emul_cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	rc = x86_mem_read(ctxt, ctxt->src.seg, ctxt->src.ea, desc, sizeof(desc), 0);
	if (rc)
		return rc;
	if (!x86_is_long(ctxt))
		type = (u32)type;
	if (type > 3 || desc[0] >> 12 || (!type && !x86_canonical(ctxt, desc[1])) ||
	    (type < 2 && desc[0] && !(emul_get_cr(ctxt, 4) & X86_CR4_PCIDE)))
		return x86_fault_gp(ctxt, 0);
	emul_invpcid(ctxt, type, desc[1]);
	return X86EMUL_CONTINUE;
}

/* --- MSRs, CPUID, counters ------------------------------------------- */

static u64 read_edx_eax(struct x86_emulate_ctxt *ctxt)
{
	return (u32)x86_gpr_read(ctxt, X86_RAX) | x86_gpr_read(ctxt, X86_RDX) << 32;
}

static int write_edx_eax(struct x86_emulate_ctxt *ctxt, u64 val)
{
	x86_gpr_write(ctxt, X86_RAX, val, 4);
	x86_gpr_write(ctxt, X86_RDX, val >> 32, 4);
	return X86EMUL_CONTINUE;
}

int em_rdmsr(struct x86_emulate_ctxt *ctxt)
{
	u64 val = 0;

	if (emul_get_msr(ctxt, x86_gpr_read(ctxt, X86_RCX), &val))
		return x86_fault_gp(ctxt, 0);
	return write_edx_eax(ctxt, val);
}

int em_wrmsr(struct x86_emulate_ctxt *ctxt)
{
	return x86_gp_if(ctxt, emul_set_msr(ctxt, x86_gpr_read(ctxt, X86_RCX),
					    read_edx_eax(ctxt)));
}

int em_cpuid(struct x86_emulate_ctxt *ctxt)
{
	u32 eax = x86_gpr_read(ctxt, X86_RAX), ecx = x86_gpr_read(ctxt, X86_RCX), ebx, edx;

	emul_cpuid(ctxt, &eax, &ebx, &ecx, &edx);
	x86_gpr_write(ctxt, X86_RAX, eax, 4);
	x86_gpr_write(ctxt, X86_RBX, ebx, 4);
	x86_gpr_write(ctxt, X86_RCX, ecx, 4);
	x86_gpr_write(ctxt, X86_RDX, edx, 4);
	return X86EMUL_CONTINUE;
}

/* CR4.TSD reserves the counter for CPL 0 (SDM 2B RDTSC). */
int em_rdtsc(struct x86_emulate_ctxt *ctxt)
{
	if ((emul_get_cr(ctxt, 4) & X86_CR4_TSD) && emul_cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	return write_edx_eax(ctxt, emul_rdtsc(ctxt));
}

int em_rdtscp(struct x86_emulate_ctxt *ctxt)
{
	u64 aux = 0;

	/* The guest lacks the MSR: it lacks the instruction. */
	if (emul_get_msr(ctxt, MSR_TSC_AUX_NR, &aux))
		return x86_fault_ud(ctxt);
	x86_gpr_write(ctxt, X86_RCX, aux, 4);
	return em_rdtsc(ctxt);
}

/* No virtual PMU is offered: every counter is one too many, whatever CR4.PCE says. */
int em_rdpmc(struct x86_emulate_ctxt *ctxt)
{
	return x86_fault_gp(ctxt, 0);
}

/* Both are #UD without CR4.OSXSAVE, which comes before privilege (SDM 2C XSETBV). */
int em_xsetbv(struct x86_emulate_ctxt *ctxt)
{
	if (!(emul_get_cr(ctxt, 4) & X86_CR4_OSXSAVE))
		return x86_fault_ud(ctxt);
	return x86_gp_if(ctxt, emul_cpl(ctxt) || emul_set_xcr(ctxt, x86_gpr_read(ctxt, X86_RCX),
							      read_edx_eax(ctxt)));
}

int em_xgetbv(struct x86_emulate_ctxt *ctxt)
{
	if (!(emul_get_cr(ctxt, 4) & X86_CR4_OSXSAVE))
		return x86_fault_ud(ctxt);
	if ((u32)x86_gpr_read(ctxt, X86_RCX))
		return x86_fault_gp(ctxt, 0);
	return write_edx_eax(ctxt, emul_xcr0(ctxt));
}

int em_hlt(struct x86_emulate_ctxt *ctxt)
{
	ctxt->halted = true;
	return X86EMUL_CONTINUE;
}

/* --- IF and I/O privilege -------------------------------------------- */

/*
 * FA CLI and FB STI. Below IOPL: #GP, unless VME or PVI makes VIF the flag that ring 3 may change,
 * which VIP stops (SDM 2A CLI, table 3-7; 2B STI). The shadow is there only when IF was clear.
 */
int em_cli_sti(struct x86_emulate_ctxt *ctxt)
{
	u64 virtual = ctxt->mode == X86_MODE_VM86 ? X86_CR4_VME : X86_CR4_PVI;
	unsigned int cpl = emul_cpl(ctxt);
	bool set = ctxt->d.opcode & 1;
	u64 flag = X86_EFLAGS_IF;

	if (ctxt->mode != X86_MODE_REAL && cpl > x86_iopl(ctxt)) {
		if (cpl != 3 || !(emul_get_cr(ctxt, 4) & virtual) ||
		    (set && (ctxt->eflags & X86_EFLAGS_VIP)))
			return x86_fault_gp(ctxt, 0);
		flag = X86_EFLAGS_VIF;
	} else if (set && !(ctxt->eflags & X86_EFLAGS_IF)) {
		ctxt->shadow = X86_SHADOW_STI;
	}
	x86_flags_set(ctxt, flag, set ? flag : 0);
	return X86EMUL_CONTINUE;
}

/* Two bytes are read for any port: an access may cross a bitmap byte. */
static int check_iomap(struct x86_emulate_ctxt *ctxt, u16 port, unsigned int bytes)
{
	const struct kvm_segment *tr = x86_segment(ctxt, X86_SREG_TR);
	u16 base, map;
	int rc;

	/* 9 and 11: available and busy 32- or 64-bit TSS. */
	if (tr->unusable || (tr->type & 0xd) != 9)
		return x86_fault_gp(ctxt, 0);
	rc = x86_tss_read(ctxt, TSS_IOMAP_BASE, &base, 2, GP_VECTOR_NR) ?:
	     x86_tss_read(ctxt, base + port / 8, &map, 2, GP_VECTOR_NR);
	return rc ?: x86_gp_if(ctxt, map >> (port & 7) & ((1u << bytes) - 1));
}

/** x86_io_allowed - may the guest access @bytes ports from @port on (SDM 19.5.2) */
int x86_io_allowed(struct x86_emulate_ctxt *ctxt, u16 port, unsigned int bytes)
{
	/* Virtual-8086 mode asks the bitmap whatever IOPL says. */
	if (ctxt->mode == X86_MODE_REAL ||
	    (ctxt->mode != X86_MODE_VM86 && emul_cpl(ctxt) <= x86_iopl(ctxt)))
		return X86EMUL_CONTINUE;
	return check_iomap(ctxt, port, bytes);
}
