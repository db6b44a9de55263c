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
static int check_cr(struct x86_emulate_ctxt *ctxt)
{
	unsigned int cr = ctxt->d.reg;

	if (cr != 0 && cr != 8 && (cr < 2 || cr > 4))
		return x86_fault_ud(ctxt);
	return ctxt->ops->cpl(ctxt) ? x86_fault_gp(ctxt, 0) : X86EMUL_CONTINUE;
}

int em_mov_from_cr(struct x86_emulate_ctxt *ctxt)
{
	int rc = check_cr(ctxt);

	if (!rc)
		ctxt->dst.val = ctxt->ops->get_cr(ctxt, ctxt->d.reg);
	return rc;
}

int em_mov_to_cr(struct x86_emulate_ctxt *ctxt)
{
	int rc = check_cr(ctxt);

	if (!rc && ctxt->ops->set_cr(ctxt, ctxt->d.reg, ctxt->src.val))
		rc = x86_fault_gp(ctxt, 0);
	return rc;
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
	if (ctxt->ops->cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	if ((*dr & 6) == 4) {
		if (ctxt->ops->get_cr(ctxt, 4) & X86_CR4_DE)
			return x86_fault_ud(ctxt);
		*dr += 2;
	}
	dr7 = ctxt->ops->get_dr(ctxt, 7);
	if (!(dr7 & DR7_GD))
		return X86EMUL_CONTINUE;
	ctxt->ops->set_dr(ctxt, 7, dr7 & ~(u64)DR7_GD);
	ctxt->ops->set_dr(ctxt, 6, ctxt->ops->get_dr(ctxt, 6) | DR6_BD);
	return x86_fault(ctxt, DB_VECTOR_NR, false, 0);
}

int em_mov_from_dr(struct x86_emulate_ctxt *ctxt)
{
	unsigned int dr;
	int rc = check_dr(ctxt, &dr);

	if (!rc)
		ctxt->dst.val = ctxt->ops->get_dr(ctxt, dr);
	return rc;
}

/* Bits 63:32 of DR6 and DR7 must be zero (SDM 17.2.6). */
int em_mov_to_dr(struct x86_emulate_ctxt *ctxt)
{
	unsigned int dr;
	int rc = check_dr(ctxt, &dr);

	if (!rc && ((dr >= 6 && ctxt->src.val >> 32) ||
		    ctxt->ops->set_dr(ctxt, dr, ctxt->src.val)))
		rc = x86_fault_gp(ctxt, 0);
	return rc;
}

int em_clts(struct x86_emulate_ctxt *ctxt)
{
	u64 cr0 = ctxt->ops->get_cr(ctxt, 0);

	return ctxt->ops->set_cr(ctxt, 0, cr0 & ~(u64)X86_CR0_TS) ? X86EMUL_UNHANDLEABLE :
								 X86EMUL_CONTINUE;
}

/* LMSW sets PE, MP, EM and TS; it cannot clear PE (SDM 2A LMSW). */
int em_lmsw(struct x86_emulate_ctxt *ctxt)
{
	u64 cr0 = ctxt->ops->get_cr(ctxt, 0);

	cr0 = (cr0 & ~0xeULL) | (ctxt->src.val & 0xf);
	return ctxt->ops->set_cr(ctxt, 0, cr0) ? x86_fault_gp(ctxt, 0) : X86EMUL_CONTINUE;
}

/** x86_check_umip - SGDT, SIDT, SLDT, STR and SMSW are privileged with CR4.UMIP (SDM 2.5) */
int x86_check_umip(struct x86_emulate_ctxt *ctxt)
{
	if ((ctxt->ops->get_cr(ctxt, 4) & X86_CR4_UMIP) && ctxt->ops->cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	return X86EMUL_CONTINUE;
}

int em_smsw(struct x86_emulate_ctxt *ctxt)
{
	ctxt->dst.val = ctxt->ops->get_cr(ctxt, 0);
	if (ctxt->dst.type == X86_OPERAND_MEM)
		ctxt->dst.bytes = 2;
	return x86_check_umip(ctxt);
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
	u8 image[10];
	int rc = x86_mem_read(ctxt, ctxt->src.seg, ctxt->src.ea, image, 2 + bytes, 0);

	if (rc)
		return rc;
	memcpy(&dt.limit, image, 2);
	memcpy(&dt.base, image + 2, bytes);
	if (bytes == 4 && ctxt->d.op_bytes == 2)
		dt.base &= 0xffffff;
	if (bytes == 8 && !x86_canonical(ctxt, dt.base))
		return x86_fault_gp(ctxt, 0);
	ctxt->ops->set_table(ctxt, ctxt->d.op->arg == A_IDT, &dt);
	return X86EMUL_CONTINUE;
}

/* SGDT and SIDT */
int em_store_table(struct x86_emulate_ctxt *ctxt)
{
	unsigned int bytes = x86_is_long(ctxt) ? 8 : 4;
	struct x86_desc_ptr dt;
	u8 image[10];

	ctxt->ops->get_table(ctxt, ctxt->d.op->arg == A_IDT, &dt);
	memcpy(image, &dt.limit, 2);
	memcpy(image + 2, &dt.base, bytes);
	return x86_check_umip(ctxt) ?:
	       x86_mem_write(ctxt, ctxt->src.seg, ctxt->src.ea, image, 2 + bytes);
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
	ctxt->ops->invlpg(ctxt, linear);
	return X86EMUL_CONTINUE;
}

/* SDM vol. 2, INVPCID: the type is a register's, the PCID and the address are in memory. */
int em_invpcid(struct x86_emulate_ctxt *ctxt)
{
	u64 type = x86_gpr_read(ctxt, ctxt->d.reg), desc[2];
	int rc;

	if (!x86_cpu_has(ctxt, 7, 1, 10))
		return x86_fault_ud(ctxt);
	if (ctxt->ops->cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	rc = x86_mem_read(ctxt, ctxt->src.seg, ctxt->src.ea, desc, sizeof(desc), 0);
	if (rc)
		return rc;
	if (!x86_is_long(ctxt))
		type = (u32)type;
	if (type > 3 || desc[0] >> 12 || (!type && !x86_canonical(ctxt, desc[1])) ||
	    (type < 2 && desc[0] && !(ctxt->ops->get_cr(ctxt, 4) & X86_CR4_PCIDE)))
		return x86_fault_gp(ctxt, 0);
	ctxt->ops->invpcid(ctxt, type, desc[1]);
	return X86EMUL_CONTINUE;
}

/* --- MSRs, CPUID, counters ------------------------------------------- */

static u64 read_edx_eax(struct x86_emulate_ctxt *ctxt)
{
	return (u32)x86_gpr_read(ctxt, X86_RAX) | x86_gpr_read(ctxt, X86_RDX) << 32;
}

static void write_edx_eax(struct x86_emulate_ctxt *ctxt, u64 val)
{
	x86_gpr_write(ctxt, X86_RAX, val, 4);
	x86_gpr_write(ctxt, X86_RDX, val >> 32, 4);
}

int em_rdmsr(struct x86_emulate_ctxt *ctxt)
{
	u64 val = 0;
	int rc = ctxt->ops->get_msr(ctxt, x86_gpr_read(ctxt, X86_RCX), &val);

	if (!rc)
		write_edx_eax(ctxt, val);
	return rc == X86EMUL_PROPAGATE_FAULT ? x86_fault_gp(ctxt, 0) : rc;
}

int em_wrmsr(struct x86_emulate_ctxt *ctxt)
{
	int rc = ctxt->ops->set_msr(ctxt, x86_gpr_read(ctxt, X86_RCX), read_edx_eax(ctxt));

	return rc == X86EMUL_PROPAGATE_FAULT ? x86_fault_gp(ctxt, 0) : rc;
}

/* The callback faults where CPUID itself may (CPUID faulting). */
int em_cpuid(struct x86_emulate_ctxt *ctxt)
{
	u32 eax = x86_gpr_read(ctxt, X86_RAX), ecx = x86_gpr_read(ctxt, X86_RCX), ebx, edx;
	int rc = ctxt->ops->cpuid(ctxt, &eax, &ebx, &ecx, &edx);

	if (rc)
		return rc == X86EMUL_PROPAGATE_FAULT ? x86_fault_gp(ctxt, 0) : rc;
	x86_gpr_write(ctxt, X86_RAX, eax, 4);
	x86_gpr_write(ctxt, X86_RBX, ebx, 4);
	x86_gpr_write(ctxt, X86_RCX, ecx, 4);
	x86_gpr_write(ctxt, X86_RDX, edx, 4);
	return X86EMUL_CONTINUE;
}

/* CR4.TSD reserves the counter for CPL 0 (SDM 2B RDTSC). */
int em_rdtsc(struct x86_emulate_ctxt *ctxt)
{
	if ((ctxt->ops->get_cr(ctxt, 4) & X86_CR4_TSD) && ctxt->ops->cpl(ctxt))
		return x86_fault_gp(ctxt, 0);
	write_edx_eax(ctxt, ctxt->ops->rdtsc(ctxt));
	return X86EMUL_CONTINUE;
}

int em_rdtscp(struct x86_emulate_ctxt *ctxt)
{
	u64 aux = 0;

	/* The guest lacks the MSR: it lacks the instruction. */
	if (ctxt->ops->get_msr(ctxt, MSR_TSC_AUX_NR, &aux) != X86EMUL_CONTINUE)
		return x86_fault_ud(ctxt);
	x86_gpr_write(ctxt, X86_RCX, aux, 4);
	return em_rdtsc(ctxt);
}

int em_rdpmc(struct x86_emulate_ctxt *ctxt)
{
	u64 val;

	if ((!(ctxt->ops->get_cr(ctxt, 4) & X86_CR4_PCE) && ctxt->ops->cpl(ctxt)) ||
	    ctxt->ops->rdpmc(ctxt, x86_gpr_read(ctxt, X86_RCX), &val))
		return x86_fault_gp(ctxt, 0);
	write_edx_eax(ctxt, val);
	return X86EMUL_CONTINUE;
}

/* Both are #UD without CR4.OSXSAVE, which comes before privilege (SDM 2C XSETBV). */
int em_xsetbv(struct x86_emulate_ctxt *ctxt)
{
	if (!(ctxt->ops->get_cr(ctxt, 4) & X86_CR4_OSXSAVE))
		return x86_fault_ud(ctxt);
	if (ctxt->ops->cpl(ctxt) ||
	    ctxt->ops->set_xcr(ctxt, x86_gpr_read(ctxt, X86_RCX), read_edx_eax(ctxt)))
		return x86_fault_gp(ctxt, 0);
	return X86EMUL_CONTINUE;
}

int em_xgetbv(struct x86_emulate_ctxt *ctxt)
{
	if (!(ctxt->ops->get_cr(ctxt, 4) & X86_CR4_OSXSAVE))
		return x86_fault_ud(ctxt);
	if ((u32)x86_gpr_read(ctxt, X86_RCX))
		return x86_fault_gp(ctxt, 0);
	write_edx_eax(ctxt, ctxt->ops->xcr0(ctxt));
	return X86EMUL_CONTINUE;
}

int em_hlt(struct x86_emulate_ctxt *ctxt)
{
	ctxt->halted = true;
	return X86EMUL_CONTINUE;
}

/* --- IF and I/O privilege -------------------------------------------- */

/*
 * Below IOPL: #GP, unless VME or PVI makes VIF the flag that ring 3 may change
 * (SDM 2A CLI, table 3-7).
 */
static int check_iopl(struct x86_emulate_ctxt *ctxt, u64 *flag)
{
	unsigned int cpl = ctxt->ops->cpl(ctxt);
	u64 virtual = ctxt->mode == X86_MODE_VM86 ? X86_CR4_VME : X86_CR4_PVI;

	*flag = X86_EFLAGS_IF;
	if (ctxt->mode == X86_MODE_REAL || cpl <= x86_iopl(ctxt))
		return X86EMUL_CONTINUE;
	*flag = X86_EFLAGS_VIF;
	if (cpl == 3 && (ctxt->ops->get_cr(ctxt, 4) & virtual))
		return X86EMUL_CONTINUE;
	return x86_fault_gp(ctxt, 0);
}

int em_cli(struct x86_emulate_ctxt *ctxt)
{
	u64 flag;
	int rc = check_iopl(ctxt, &flag);

	if (!rc)
		ctxt->eflags &= ~flag;
	return rc;
}

/* The shadow is there only when IF was clear before; VIP stops VIF (SDM 2B STI). */
int em_sti(struct x86_emulate_ctxt *ctxt)
{
	u64 flag;
	int rc = check_iopl(ctxt, &flag);

	if (rc)
		return rc;
	if (flag == X86_EFLAGS_VIF && (ctxt->eflags & X86_EFLAGS_VIP))
		return x86_fault_gp(ctxt, 0);
	if (flag == X86_EFLAGS_IF && !(ctxt->eflags & X86_EFLAGS_IF))
		ctxt->shadow = X86_SHADOW_STI;
	ctxt->eflags |= flag;
	return X86EMUL_CONTINUE;
}

/* TSS offsets, the same in the 32-bit and the 64-bit form (SDM 7.2.1, 7.7). */
#define TSS_IOMAP_BASE	102
#define TSS_MIN_LIMIT	103

/* Two bytes are read for any port: an access may cross a bitmap byte. */
static int check_iomap(struct x86_emulate_ctxt *ctxt, u16 port, unsigned int bytes)
{
	const struct kvm_segment *tr = x86_segment(ctxt, X86_SREG_TR);
	u16 base, map;
	int rc;

	/* 9 and 11: available and busy 32- or 64-bit TSS. */
	if (tr->unusable || (tr->type & 0xd) != 9 || tr->limit < TSS_MIN_LIMIT)
		return x86_fault_gp(ctxt, 0);
	rc = ctxt->ops->read_std(ctxt, tr->base + TSS_IOMAP_BASE, &base, 2, X86EMUL_ACC_SYSTEM);
	if (!rc && (u32)base + port / 8 + 1 > tr->limit)
		return x86_fault_gp(ctxt, 0);
	rc = rc ?: ctxt->ops->read_std(ctxt, tr->base + base + port / 8, &map, 2,
				       X86EMUL_ACC_SYSTEM);
	if (!rc && (map >> (port & 7) & ((1u << bytes) - 1)))
		return x86_fault_gp(ctxt, 0);
	return rc;
}

/**
 * x86_io_allowed - may the guest access these ports (SDM 19.5.2)
 * @ctxt: emulator
 * @port: first port
 * @bytes: 1, 2 or 4 of them
 *
 * Return: X86EMUL_CONTINUE, #GP(0), or a fault of reading the TSS.
 */
int x86_io_allowed(struct x86_emulate_ctxt *ctxt, u16 port, unsigned int bytes)
{
	if (ctxt->mode == X86_MODE_REAL)
		return X86EMUL_CONTINUE;
	/* Virtual-8086 mode asks the bitmap whatever IOPL says. */
	if (ctxt->mode != X86_MODE_VM86 && ctxt->ops->cpl(ctxt) <= x86_iopl(ctxt))
		return X86EMUL_CONTINUE;
	return check_iomap(ctxt, port, bytes);
}
