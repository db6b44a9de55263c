// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests in a state that VM entry would refuse though a CPU can be in it: without "unrestricted
 * guest" the segments must be those of virtual-8086 or of protected mode (SDM 26.3.1.2), and on the
 * way from one to the other they are neither. Such guests are emulated until they are presentable.
 *
 * Also the page tables of guests that have paging off, which such a CPU has not. Called under the
 * vCPU's mutex with the vCPU loaded; vmx_must_emulate() with interrupts off too.
 */
#include <linux/entry-kvm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include "vmcs.h"

static bool emulate_invalid_guest_state = true;
module_param(emulate_invalid_guest_state, bool, 0444);
MODULE_PARM_DESC(emulate_invalid_guest_state,
		 "Emulate what VM entry refuses (default on; of use with unrestricted_guest=0)");

/* Instructions emulated before the run loop looks at the rest of the world. */
#define VMX_EMULATE_BATCH	64

/* api.rst 4.41: where the page is, when userspace does not say. */
#define VMX_IDENTITY_MAP_ADDR	0xfffbc000ull

/* ---- the checks of VM entry ------------------------------------------------------------------ */

#define VMX_AR_ACCESSED		BIT(0)
#define VMX_AR_READABLE		BIT(1)	/* of code; of data: writable */
#define VMX_AR_CONFORMING	BIT(2)
#define VMX_AR_CODE		BIT(3)
#define VMX_AR_RESERVED		0xfffe0f00u
#define VMX_SEL_TI		BIT(2)
#define VMX_SEL_RPL		3

static u32 state_ar_type(u32 ar)
{
	return ar & VMX_AR_TYPE_MASK;
}

/* P, S, the reserved bits, and that G agrees with the limit; for CS and whatever is usable. */
static bool state_ar_valid(int seg, u32 ar, bool system)
{
	u32 limit = vmx_read_seg_limit(seg);

	if (!(ar & VMX_AR_P_MASK) || !(ar & VMX_AR_S_MASK) != system || (ar & VMX_AR_RESERVED))
		return false;
	if (ar & VMX_AR_G_MASK)
		return (limit & 0xfff) == 0xfff;
	return !(limit >> 20);
}

static bool state_cs_valid(u32 cs, u32 ss)
{
	if (!state_ar_valid(VCPU_SREG_CS, cs, false) || (cs & VMX_AR_UNUSABLE_MASK))
		return false;
	if ((cs & (VMX_AR_CODE | VMX_AR_ACCESSED)) != (VMX_AR_CODE | VMX_AR_ACCESSED))
		return false;
	if ((cs & VMX_AR_L_MASK) && (cs & VMX_AR_DB_MASK))
		return false;
	return cs & VMX_AR_CONFORMING ? VMX_AR_DPL(cs) <= VMX_AR_DPL(ss) :
					VMX_AR_DPL(cs) == VMX_AR_DPL(ss);
}

/* Its DPL is CPL, and counts though it be unusable. */
static bool state_ss_valid(u32 ar)
{
	u16 selector = vmx_read_seg_selector(VCPU_SREG_SS);

	if (VMX_AR_DPL(ar) != (selector & VMX_SEL_RPL) ||
	    (vmx_read_seg_selector(VCPU_SREG_CS) & VMX_SEL_RPL) != (selector & VMX_SEL_RPL))
		return false;
	if (ar & VMX_AR_UNUSABLE_MASK)
		return true;
	return state_ar_valid(VCPU_SREG_SS, ar, false) &&
	       (state_ar_type(ar) == 3 || state_ar_type(ar) == 7);
}

static bool state_data_valid(int seg)
{
	u32 ar = vmx_read_seg_ar(seg);

	if (ar & VMX_AR_UNUSABLE_MASK)
		return true;
	if (!state_ar_valid(seg, ar, false) || !(ar & VMX_AR_ACCESSED))
		return false;
	if ((ar & VMX_AR_CODE) && !(ar & VMX_AR_READABLE))
		return false;
	return state_ar_type(ar) > 11 ||
	       VMX_AR_DPL(ar) >= (vmx_read_seg_selector(seg) & VMX_SEL_RPL);
}

static bool state_tr_valid(struct kvm_vcpu *vcpu)
{
	u32 ar = vmx_read_seg_ar(VCPU_SREG_TR);

	if ((ar & VMX_AR_UNUSABLE_MASK) || !state_ar_valid(VCPU_SREG_TR, ar, true) ||
	    (vmx_read_seg_selector(VCPU_SREG_TR) & VMX_SEL_TI))
		return false;
	return state_ar_type(ar) == VMX_AR_TYPE_BUSY_64_TSS ||
	       (state_ar_type(ar) == VMX_AR_TYPE_BUSY_16_TSS && !kvm_is_long_mode(vcpu));
}

static bool state_ldtr_valid(void)
{
	u32 ar = vmx_read_seg_ar(VCPU_SREG_LDTR);

	if (ar & VMX_AR_UNUSABLE_MASK)
		return true;
	return state_ar_valid(VCPU_SREG_LDTR, ar, true) && state_ar_type(ar) == VMX_AR_TYPE_LDT &&
	       !(vmx_read_seg_selector(VCPU_SREG_LDTR) & VMX_SEL_TI);
}

/* The guest's own virtual-8086 mode; its attributes are the hardware's. */
static bool state_vm86_valid(void)
{
	int seg;

	for (seg = VCPU_SREG_ES; seg <= VCPU_SREG_GS; seg++) {
		if (!vmx_seg_is_vm86(seg) || vmx_read_seg_ar(seg) != VMX_AR_VM86)
			return false;
	}
	return true;
}

static bool state_protected_valid(struct kvm_vcpu *vcpu)
{
	u32 ss = vmx_read_seg_ar(VCPU_SREG_SS);

	if (!state_tr_valid(vcpu) || !state_ldtr_valid())
		return false;
	if (vmx_get_rflags(vcpu) & X86_EFLAGS_VM)
		return state_vm86_valid();
	return state_cs_valid(vmx_read_seg_ar(VCPU_SREG_CS), ss) && state_ss_valid(ss) &&
	       state_data_valid(VCPU_SREG_DS) && state_data_valid(VCPU_SREG_ES) &&
	       state_data_valid(VCPU_SREG_FS) && state_data_valid(VCPU_SREG_GS);
}

/**
 * vmx_must_emulate - would VM entry refuse the guest's segments?
 * @vcpu: the vCPU
 *
 * Looked at only after a segment, PE or VM was set from outside: what the guest loads in hardware
 * it can go on with.
 */
bool vmx_must_emulate(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	bool valid;

	if (likely(!(vmx->entry_work & VMX_WORK_SEGMENTS)))
		return false;
	if (vmx->rmode.active)
		valid = vmx_rmode_fits(vmx) && state_ldtr_valid();
	else
		valid = state_protected_valid(vcpu);
	if (!valid && emulate_invalid_guest_state)
		return true;
	if (!valid && vmx->rmode.active)
		vmx_rmode_force(vmx);
	vmx->entry_work &= ~VMX_WORK_SEGMENTS;
	return false;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* What waits for a window, which hardware cannot open here. */
static bool emulate_window_open(struct kvm_vcpu *vcpu)
{
	u32 controls = to_vmx(vcpu)->controls[VMX_PROC];

	if ((controls & CPU_BASED_INTR_WINDOW_EXITING) && vmx_interrupt_allowed(vcpu))
		return vmx_exit_irq_window(vcpu);
	if ((controls & CPU_BASED_NMI_WINDOW_EXITING) && vmx_nmi_allowed(vcpu))
		return vmx_exit_nmi_window(vcpu);
	return false;
}

/**
 * vmx_emulate_guest - in place of an entry: execute instructions until hardware can do it
 * @vcpu: the vCPU, whose entry was given up because vmx_must_emulate()
 *
 * A batch, no more; requests, signals and a look for events come between two of them. Events are
 * delivered then, by the emulator too.
 *
 * Return: 1/0/errno.
 */
int vmx_emulate_guest(struct kvm_vcpu *vcpu)
{
	int r, n;

	vmx_cancel_injection(vcpu);
	for (n = 0; n < VMX_EMULATE_BATCH && vmx_must_emulate(vcpu); n++) {
		if (emulate_window_open(vcpu) || kvm_request_pending(vcpu) ||
		    __xfer_to_guest_mode_work_pending())
			return 1;
		r = kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
		if (r != 1)
			return r;
	}
	return 1;
}

/* ---- paging off ------------------------------------------------------------------------------ */

/* 32-bit paging with pages of 4 MiB (4.3): each maps itself, for user and supervisor, all set. */
#define VMX_IDENTITY_ENTRY	0xe7u

/** vmx_identity_map - the address that CR3 has while the guest has paging off */
gpa_t vmx_identity_map(struct kvm *kvm)
{
	return kvm->arch.identity_map_addr ?: VMX_IDENTITY_MAP_ADDR;
}

/**
 * vmx_identity_map_create - put the page directory into the guest's memory
 * @kvm: the VM
 *
 * The guest can write to it, and harms itself.
 *
 * Return: 0, -ENOMEM, or -EEXIST when userspace has a slot there.
 */
int vmx_identity_map_create(struct kvm *kvm)
{
	u32 *page, i;
	int r;

	if (vmx_has_real_mode() || !vmx_has_ept())
		return 0;
	page = (u32 *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	for (i = 0; i < PAGE_SIZE / sizeof(u32); i++)
		page[i] = i << 22 | VMX_IDENTITY_ENTRY;
	r = kvm_private_slot_create(kvm, KVM_SLOT_IDENTITY_MAP, vmx_identity_map(kvm), page);
	free_page((unsigned long)page);
	return r;
}
