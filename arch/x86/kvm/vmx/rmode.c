// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real mode on a CPU that enters no guest with CR0.PE clear: without "unrestricted guest" (SDM
 * 23.8) it runs as virtual-8086 code at CPL 3 (chapter 20), whose segments are real mode's.
 *
 * Owns vcpu_vmx.rmode: what the guest believes of the fields that hardware has otherwise. Called
 * under the vCPU's mutex with the vCPU loaded.
 *
 * Nothing in guest memory helps here. The IDT is empty and the TSS too short for an I/O map, so
 * that INT n, IN and OUT raise #GP, as each privileged instruction does (20.2.7, 20.2.8); every
 * exception exits; and what it means is done by the emulator, the delivery of events too.
 * CLI, STI, PUSHF, POPF and IRET run in hardware, because IOPL is 3.
 */
#include "emulate/insn.h"
#include "vmcs.h"

/* The access rights of a busy 32-bit TSS. */
#define VMX_AR_TSS32	0x8b

/* ---- coming and going ------------------------------------------------------------------------ */

static void rmode_segments_enter(struct vcpu_vmx *vmx)
{
	struct vmx_rmode *rmode = &vmx->rmode;
	int seg;

	for (seg = VCPU_SREG_ES; seg <= VCPU_SREG_GS; seg++) {
		rmode->ar[seg] = vmx_read_seg_ar(seg);
		vmx_write_seg_ar(seg, VMX_AR_VM86);
	}
	vmx_get_segment(&vmx->vcpu, &rmode->tr, VCPU_SREG_TR);
	vmcs_write16(GUEST_TR_SELECTOR, 0);
	vmcs_writel(GUEST_TR_BASE, 0);
	vmcs_write32(GUEST_TR_LIMIT, 0);
	vmcs_write32(GUEST_TR_AR_BYTES, VMX_AR_TSS32);
	rmode->idt_limit = vmcs_read32(GUEST_IDTR_LIMIT);
	vmcs_write32(GUEST_IDTR_LIMIT, 0);
}

static void rmode_segments_leave(struct vcpu_vmx *vmx)
{
	struct vmx_rmode *rmode = &vmx->rmode;
	int seg;

	for (seg = VCPU_SREG_ES; seg <= VCPU_SREG_GS; seg++)
		vmx_write_seg_ar(seg, rmode->ar[seg]);
	vmx_set_segment(&vmx->vcpu, &rmode->tr, VCPU_SREG_TR);
	vmcs_write32(GUEST_IDTR_LIMIT, rmode->idt_limit);
}

/**
 * vmx_rmode_switch - CR0.PE has changed, or the vCPU was reset
 * @vmx: the vCPU
 * @active: PE is clear now, and hardware has no real mode
 */
void vmx_rmode_switch(struct vcpu_vmx *vmx, bool active)
{
	unsigned long rflags;

	if (active == vmx->rmode.active)
		return;
	rflags = vmx_get_rflags(&vmx->vcpu);
	if (active)
		rmode_segments_enter(vmx);
	vmx->rmode.active = active;
	if (!active)
		rmode_segments_leave(vmx);
	vmx_set_rflags(&vmx->vcpu, rflags);
	vmx_update_exception_bitmap(&vmx->vcpu);
	/* SIDT and STR would tell what hardware has: they exit meanwhile. */
	vmx_vmcs_recalc_controls(vmx);
	vmx_segments_changed(vmx);
}

/* ---- do the segments fit? -------------------------------------------------------------------- */

/* What real mode would do with these attributes, virtual-8086 mode does with its own. */
static bool rmode_ar_fits(u32 ar, int seg)
{
	u32 type = ar & VMX_AR_TYPE_MASK;

	if ((ar & (VMX_AR_UNUSABLE_MASK | VMX_AR_P_MASK | VMX_AR_S_MASK)) !=
	    (VMX_AR_P_MASK | VMX_AR_S_MASK))
		return false;
	/* Code of 32 bits, or a stack pointer of 32: "unreal" mode. */
	if ((ar & VMX_AR_DB_MASK) && (seg == VCPU_SREG_CS || seg == VCPU_SREG_SS))
		return false;
	/* Writable, expand-up; or readable code, which CS is until its first load. */
	if (seg == VCPU_SREG_CS && (type & 8))
		return type & 2;
	return (type & ~1) == 2;
}

/**
 * vmx_rmode_fits - can virtual-8086 mode stand for the guest's real mode?
 * @vmx: the vCPU, in real mode
 *
 * Each segment must have 16 times its selector as its base, and 64 KiB (26.3.1.2). It is not so
 * after a reset, on the way to and from protected mode, and in big real mode.
 */
bool vmx_rmode_fits(struct vcpu_vmx *vmx)
{
	int seg;

	for (seg = VCPU_SREG_ES; seg <= VCPU_SREG_GS; seg++) {
		if (!vmx_seg_is_vm86(seg) || !rmode_ar_fits(vmx->rmode.ar[seg], seg))
			return false;
	}
	return true;
}

/**
 * vmx_rmode_force - make the segments fit, come what may: emulate_invalid_guest_state=0
 * @vmx: the vCPU, in real mode
 *
 * A base that a selector can name is kept, else the selector. What big real mode has above 64 KiB
 * is lost.
 */
void vmx_rmode_force(struct vcpu_vmx *vmx)
{
	struct kvm_segment var;
	int seg;

	for (seg = VCPU_SREG_ES; seg <= VCPU_SREG_GS; seg++) {
		vmx_get_segment(&vmx->vcpu, &var, seg);
		if (!(var.base & 0xf) && var.base >> 4 <= 0xffff)
			var.selector = var.base >> 4;
		vmx_set_segment(&vmx->vcpu, &(struct kvm_segment){
			.base = (u32)var.selector << 4, .limit = 0xffff, .type = 3, .s = 1,
			.selector = var.selector, .present = 1 }, seg);
	}
}

/* ---- events ---------------------------------------------------------------------------------- */

/* INT3 or INTO raised it: a debugger's, or a trap, behind which the guest goes on. */
static int rmode_soft_exception(struct kvm_vcpu *vcpu, u8 vector)
{
	to_vmx(vcpu)->soft_len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	kvm_queue_exception(vcpu, vector);
	return 1;
}

/**
 * vmx_rmode_exception - an exception of virtual-8086 code that stands for real mode
 * @vcpu: the vCPU
 * @vector: of it; not one that vmx_exit_exception() takes in every mode
 *
 * INT n met the empty IDT: it has been queued again by the vectoring information, and goes the way
 * of all events. Else #GP and #SS may come of what real mode allows.
 *
 * Return: 1/0/errno.
 */
int vmx_rmode_exception(struct kvm_vcpu *vcpu, u8 vector)
{
	if (to_vmx(vcpu)->vectoring & VECTORING_INFO_VALID_MASK)
		return 1;
	switch (vector) {
	case X86_TRAP_GP:
	case X86_TRAP_SS:
	case X86_TRAP_TS:
		return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
	case X86_TRAP_BP:
	case X86_TRAP_OF:
		return rmode_soft_exception(vcpu, vector);
	case X86_TRAP_PF:
		/* The guest has spoiled the page that maps its memory one to one. */
		kvm_triple_fault(vcpu);
		return 1;
	default:
		kvm_queue_exception(vcpu, vector);
		return 1;
	}
}
