/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to a vCPU's registers: cached values first, the vendor's control block when they are not.
 *
 * regs_avail: the value in kvm_vcpu_arch is current. regs_dirty: it must be written back before
 * entry. RSP, RIP and the VCPU_EXREG_* are the ones that a vendor may leave in its control block
 * until somebody asks.
 */
#ifndef __KVM_X86_REGS_H
#define __KVM_X86_REGS_H

#include <asm/processor-flags.h>
#include <asm/msr-index.h>
#include "ops.h"

static inline bool kvm_reg_is_available(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	return vcpu->arch.regs_avail & (1u << reg);
}

static inline void kvm_reg_mark_available(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	vcpu->arch.regs_avail |= 1u << reg;
}

static inline bool kvm_reg_is_dirty(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	return vcpu->arch.regs_dirty & (1u << reg);
}

static inline void kvm_reg_mark_dirty(struct kvm_vcpu *vcpu, enum kvm_reg reg)
{
	vcpu->arch.regs_avail |= 1u << reg;
	vcpu->arch.regs_dirty |= 1u << reg;
}

static inline unsigned long kvm_reg_read(struct kvm_vcpu *vcpu, int reg)
{
	if (unlikely(!kvm_reg_is_available(vcpu, reg)))
		kvm_x86_call(cache_reg)(vcpu, reg);
	return vcpu->arch.regs[reg];
}

static inline void kvm_reg_write(struct kvm_vcpu *vcpu, int reg, unsigned long value)
{
	vcpu->arch.regs[reg] = value;
	kvm_reg_mark_dirty(vcpu, reg);
}

#define KVM_GPR(lower, UPPER)								\
static inline unsigned long kvm_##lower##_read(struct kvm_vcpu *vcpu)			\
{											\
	return vcpu->arch.regs[VCPU_REGS_##UPPER];					\
}											\
static inline void kvm_##lower##_write(struct kvm_vcpu *vcpu, unsigned long value)	\
{											\
	vcpu->arch.regs[VCPU_REGS_##UPPER] = value;					\
}
/* Every vendor saves these on each exit and loads them on each entry. */
KVM_GPR(rax, RAX)
KVM_GPR(rbx, RBX)
KVM_GPR(rcx, RCX)
KVM_GPR(rdx, RDX)
KVM_GPR(rsi, RSI)
KVM_GPR(rdi, RDI)
KVM_GPR(rbp, RBP)
#undef KVM_GPR

static inline unsigned long kvm_rip_read(struct kvm_vcpu *vcpu)
{
	return kvm_reg_read(vcpu, VCPU_REGS_RIP);
}

static inline void kvm_rip_write(struct kvm_vcpu *vcpu, unsigned long value)
{
	kvm_reg_write(vcpu, VCPU_REGS_RIP, value);
}

static inline unsigned long kvm_rsp_read(struct kvm_vcpu *vcpu)
{
	return kvm_reg_read(vcpu, VCPU_REGS_RSP);
}

static inline void kvm_rsp_write(struct kvm_vcpu *vcpu, unsigned long value)
{
	kvm_reg_write(vcpu, VCPU_REGS_RSP, value);
}

/* EDX:EAX, as MSR and XCR instructions pair them. */
static inline u64 kvm_edx_eax_read(struct kvm_vcpu *vcpu)
{
	return (u32)kvm_rax_read(vcpu) | (u64)kvm_rdx_read(vcpu) << 32;
}

static inline void kvm_edx_eax_write(struct kvm_vcpu *vcpu, u64 value)
{
	kvm_rax_write(vcpu, (u32)value);
	kvm_rdx_write(vcpu, value >> 32);
}

static inline unsigned long kvm_cr0_bits(struct kvm_vcpu *vcpu, unsigned long mask)
{
	if ((mask & vcpu->arch.cr0_guest_owned_bits) && !kvm_reg_is_available(vcpu, VCPU_EXREG_CR0))
		kvm_x86_call(decache_cr0_guest_bits)(vcpu);
	return vcpu->arch.cr0 & mask;
}

static inline unsigned long kvm_cr4_bits(struct kvm_vcpu *vcpu, unsigned long mask)
{
	if ((mask & vcpu->arch.cr4_guest_owned_bits) && !kvm_reg_is_available(vcpu, VCPU_EXREG_CR4))
		kvm_x86_call(decache_cr4_guest_bits)(vcpu);
	return vcpu->arch.cr4 & mask;
}

static inline unsigned long kvm_read_cr0(struct kvm_vcpu *vcpu)
{
	return kvm_cr0_bits(vcpu, ~0ul);
}

static inline unsigned long kvm_read_cr4(struct kvm_vcpu *vcpu)
{
	return kvm_cr4_bits(vcpu, ~0ul);
}

static inline unsigned long kvm_read_cr3(struct kvm_vcpu *vcpu)
{
	if (!kvm_reg_is_available(vcpu, VCPU_EXREG_CR3))
		kvm_x86_call(cache_reg)(vcpu, VCPU_EXREG_CR3);
	return vcpu->arch.cr3;
}

static inline bool kvm_is_paging(struct kvm_vcpu *vcpu)
{
	return kvm_cr0_bits(vcpu, X86_CR0_PG);
}

static inline bool kvm_is_protmode(struct kvm_vcpu *vcpu)
{
	return kvm_cr0_bits(vcpu, X86_CR0_PE);
}

static inline bool kvm_is_pae(struct kvm_vcpu *vcpu)
{
	return kvm_cr4_bits(vcpu, X86_CR4_PAE);
}

static inline bool kvm_is_pae_paging(struct kvm_vcpu *vcpu)
{
	return !(vcpu->arch.efer & EFER_LMA) && kvm_is_pae(vcpu) && kvm_is_paging(vcpu);
}

static inline bool kvm_is_long_mode(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.efer & EFER_LMA;
}

static inline bool kvm_is_64_bit_mode(struct kvm_vcpu *vcpu)
{
	int db, l;

	if (!kvm_is_long_mode(vcpu))
		return false;
	kvm_x86_call(get_cs_db_l_bits)(vcpu, &db, &l);
	return l;
}

/* CS base + RIP, truncated outside 64-bit mode. */
static inline unsigned long kvm_linear_rip(struct kvm_vcpu *vcpu)
{
	if (kvm_is_64_bit_mode(vcpu))
		return kvm_rip_read(vcpu);
	return (u32)(kvm_x86_call(get_segment_base)(vcpu, VCPU_SREG_CS) + kvm_rip_read(vcpu));
}

#endif
