/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMCS: reading and writing its fields, by width, and the control words with their copies in
 * memory. All of it needs the vCPU's VMCS to be the current one of this CPU: the vCPU is loaded.
 */
#ifndef __KVM_VMX_VMCS_H
#define __KVM_VMX_VMCS_H

#include "vmx.h"

/* Bits 14:13 of a field's encoding: its width (24.11.2). */
#define VMCS_WIDTH(field)	((field) >> 13 & 3)
#define VMCS_WIDTH_16		0
#define VMCS_WIDTH_64		1
#define VMCS_WIDTH_32		2
#define VMCS_WIDTH_NATURAL	3

/* Interrupt information, bit 12: IRET had unmasked NMIs before the fault (27.2.2). */
#define VMX_INFO_IRET_UNBLOCKED	BIT(12)

/* ---- instructions (30.3) --------------------------------------------------------------------- */

void vmcs_write_error(unsigned long field, unsigned long value);

/*
 * #UD means that a reboot has turned VMX off under a vCPU: nothing matters any more, 0 is read and
 * nothing written. A field is never refused for its number: caps.c decides which ones are asked.
 */
static __always_inline unsigned long __vmcs_read(unsigned long field)
{
	unsigned long value;

	asm volatile("1: vmread %1, %0\n2:\n\t" _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_ZERO_REG, %0)
		     : "=r"(value) : "r"(field) : "cc");
	return value;
}

static __always_inline void __vmcs_write(unsigned long field, unsigned long value)
{
	asm goto("1: vmwrite %1, %0\n\t"
		 "jna %l[failed]\n\t"
		 _ASM_EXTABLE(1b, %l[off])
		 : : "r"(field), "rm"(value) : "cc" : failed, off);
off:
	return;
failed:
	vmcs_write_error(field, value);
}

#define VMCS_ACCESSORS(name, type, width)						\
static __always_inline type vmcs_read##name(unsigned long field)			\
{											\
	BUILD_BUG_ON(__builtin_constant_p(field) && VMCS_WIDTH(field) != (width));	\
	return __vmcs_read(field);							\
}											\
static __always_inline void vmcs_write##name(unsigned long field, type value)		\
{											\
	BUILD_BUG_ON(__builtin_constant_p(field) && VMCS_WIDTH(field) != (width));	\
	__vmcs_write(field, value);							\
}
VMCS_ACCESSORS(16, u16, VMCS_WIDTH_16)
VMCS_ACCESSORS(32, u32, VMCS_WIDTH_32)
VMCS_ACCESSORS(64, u64, VMCS_WIDTH_64)
VMCS_ACCESSORS(l, unsigned long, VMCS_WIDTH_NATURAL)
#undef VMCS_ACCESSORS

/* ---- segments (24.4.1) ----------------------------------------------------------------------- */

/* In the order of enum kvm_seg; the four fields of each have the same index in their groups. */
static __always_inline u8 vmx_seg_index(int seg)
{
	static const u8 index[] = {
		[VCPU_SREG_ES] = 0, [VCPU_SREG_CS] = 2, [VCPU_SREG_SS] = 4, [VCPU_SREG_DS] = 6,
		[VCPU_SREG_FS] = 8, [VCPU_SREG_GS] = 10, [VCPU_SREG_LDTR] = 12,
		[VCPU_SREG_TR] = 14,
	};

	return index[seg];
}

/* As the VMCS has them, which in real mode may be others than the guest's: rmode.c. */
static __always_inline u32 vmx_read_seg_ar(int seg)
{
	return vmcs_read32(GUEST_ES_AR_BYTES + vmx_seg_index(seg));
}

static __always_inline void vmx_write_seg_ar(int seg, u32 ar)
{
	vmcs_write32(GUEST_ES_AR_BYTES + vmx_seg_index(seg), ar);
}

static __always_inline u32 vmx_read_seg_limit(int seg)
{
	return vmcs_read32(GUEST_ES_LIMIT + vmx_seg_index(seg));
}

static __always_inline u16 vmx_read_seg_selector(int seg)
{
	return vmcs_read16(GUEST_ES_SELECTOR + vmx_seg_index(seg));
}

static __always_inline unsigned long vmx_read_seg_base(int seg)
{
	return vmcs_readl(GUEST_ES_BASE + vmx_seg_index(seg));
}

/* Access rights, table 24-2; asm/vmx.h has the rest. */
#define VMX_AR_VM86	0xf3	/* 26.3.1.2: of each segment with RFLAGS.VM */

/* Are base and limit those of virtual-8086 mode? */
static inline bool vmx_seg_is_vm86(int seg)
{
	return vmx_read_seg_base(seg) == (unsigned long)vmx_read_seg_selector(seg) << 4 &&
	       vmx_read_seg_limit(seg) == 0xffff;
}

/* ---- control words --------------------------------------------------------------------------- */

void vmcs_write_control(struct vcpu_vmx *vmx, enum vmx_control_word word, u32 value);

/* Turn bits of a control word on or off; the VMCS is written when that changes it. */
static __always_inline void vmcs_control(struct vcpu_vmx *vmx, enum vmx_control_word word,
					 u32 bits, bool on)
{
	u32 value = vmx->controls[word];

	value = on ? value | bits : value & ~bits;
	if (value != vmx->controls[word])
		vmcs_write_control(vmx, word, value);
}

/*
 * A guest that executes HLT by itself may be in it, with RIP behind it. Any event ends it, but not
 * all may be injected there (26.3.1.5); and so does userspace that sets its registers.
 */
static inline void vmx_end_halt(struct vcpu_vmx *vmx)
{
	if (unlikely(kvm_exits_disabled(&vmx->vcpu, KVM_X86_DISABLE_EXITS_HLT)))
		vmcs_write32(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
}

/* ---- vmcs.c ---------------------------------------------------------------------------------- */

struct vmcs_page *vmx_vmcs_page_alloc(int node, gfp_t gfp);
int vmx_vmcs_create(struct vcpu_vmx *vmx);
void vmx_vmcs_free(struct vcpu_vmx *vmx);
void vmx_vmcs_init(struct vcpu_vmx *vmx);
void vmx_vmcs_recalc_controls(struct vcpu_vmx *vmx);
void vmx_vmcs_dump(struct vcpu_vmx *vmx);

#endif
