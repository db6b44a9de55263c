/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of a kernel as cpuid*.c and cr.c need, on one thread: a host CPU whose CPUID the tests
 * write, and one vCPU. Included before every file; the guards keep the real headers out.
 */
#ifndef _UNIT_FAKE_KERNEL_H
#define _UNIT_FAKE_KERNEL_H

#define __KVM_X86_H
#define __KVM_X86_ARCH_H
#define __KVM_X86_TRACE_H

#include <stdio.h>
#include <stdlib.h>
#include <linux/bits.h>
#include <linux/bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kvm_types.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/cpufeature.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <linux/kvm.h>

#define __nonstring
#define EXPORT_SYMBOL_GPL(x)	extern int _unit_unused_##x
#define ALIGN(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define clamp_t(type, v, lo, hi)	min_t(type, max_t(type, v, lo), hi)

/* ---- state components (SDM vol. 1, 13.1) */
#define XFEATURE_MASK_FP	BIT_ULL(0)
#define XFEATURE_MASK_SSE	BIT_ULL(1)
#define XFEATURE_MASK_YMM	BIT_ULL(2)
#define XFEATURE_MASK_AVX512	(BIT_ULL(5) | BIT_ULL(6) | BIT_ULL(7))
#define XFEATURE_MASK_PKRU	BIT_ULL(9)

/* kvm_para.h */
#define KVM_FEATURE_NOP_IO_DELAY	1
#define KVM_FEATURE_PV_UNHALT		7
#define KVM_SIGNATURE			"KVMKVMKVM\0\0\0"

/* ---- memory: userspace's is ours, but for one address */
#define copy_from_user(to, from, n)	(memcpy(to, from, n), 0)
#define copy_to_user(to, from, n)	(memcpy(to, from, n), 0)
#define get_user(x, p)		((x) = *(p), 0)
#define put_user(x, p)		(*(p) = (x), 0)

static inline void *vmemdup_user(const void *from, size_t n)
{
	void *to = malloc(n ? n : 1);

	memcpy(to, from, n);
	return to;
}

/* ---- the host CPU: cpuid_test.c */
void cpuid_count(u32 function, u32 index, u32 *a, u32 *b, u32 *c, u32 *d);
u32 cpuid_eax(u32 function);
bool boot_cpu_has(unsigned int feature);

/* ---- kvm_arch.h */
#define KVM_CPUID_MAX_ENTRIES	256

struct kvm_cpuid_index;

struct kvm {
	struct {
		u64 disabled_quirks;
	} arch;
};

struct kvm_vcpu_arch {
	unsigned long cr0, cr3, cr4, cr8;
	unsigned long cr4_guest_rsvd_bits;
	unsigned long gpr[4];
	u64 efer, xcr0, apic_base, ia32_misc_enable;
	void *apic;
	struct kvm_cpuid_entry2 *cpuid_entries;
	int cpuid_nent;
	struct kvm_cpuid_index *cpuid_index;
	u8 maxphyaddr;
	u64 reserved_gpa_bits;
	u64 guest_supported_xcr0;
	u32 guest_caps[32];
	bool ran;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_vcpu_arch arch;
	struct {
		u64 cpuid_exits;
	} stat;
};

struct kvm_host_info {
	u64 supported_xcr0;
};

extern struct kvm_host_info kvm_host;

struct msr_data {
	u32 index;
	u64 data;
	bool host_initiated;
};

/* ---- registers, as regs.h has them */
#define UD_VECTOR	6
#define KVM_REQ_TLB_FLUSH_GUEST	0
#define VCPU_EXREG_CR3	0
#define KVM_REQ_EVENT	1

#define kvm_read_cr0(v)		((v)->arch.cr0)
#define kvm_read_cr3(v)		((v)->arch.cr3)
#define kvm_read_cr4(v)		((v)->arch.cr4)
#define kvm_cr4_bits(v, bits)	((v)->arch.cr4 & (bits))
#define kvm_is_paging(v)	((v)->arch.cr0 & X86_CR0_PG)
#define kvm_is_pae(v)		((v)->arch.cr4 & X86_CR4_PAE)
#define kvm_is_long_mode(v)	((v)->arch.efer & EFER_LMA)
#define kvm_is_64_bit_mode(v)	kvm_is_long_mode(v)
#define kvm_is_pae_paging(v)	(!kvm_is_long_mode(v) && kvm_is_pae(v) && kvm_is_paging(v))
#define kvm_is_valid_cr3(v, cr3)	(!((cr3) & (v)->arch.reserved_gpa_bits))
#define kvm_mmu_load_pdptrs(v, cr3)	((void)(v), (void)(cr3), true)
#define kvm_mmu_reset_context(v)	((void)(v))
#define kvm_mmu_new_pgd(v)		((void)(v))
#define kvm_make_request(req, v)	((void)(v))
#define kvm_reg_mark_dirty(v, reg)	((void)(v))
#define kvm_queue_exception(v, n)	((void)(v))
#define kvm_lapic_base_changed(v)	((void)(v))
#define kvm_lapic_after_set_cpuid(v)	((void)(v))
#define kvm_spec_ctrl_after_set_cpuid(v)	((void)(v))
#define kvm_require_cpl(v, n)		((void)(v), true)
#define kvm_complete_insn_gp(v, err)	((void)(v), (err))
#define kvm_skip_emulated_instruction(v)	((void)(v), 1)
#define kvm_rax_read(v)		((v)->arch.gpr[0])
#define kvm_rcx_read(v)		((v)->arch.gpr[2])
#define kvm_edx_eax_read(v)	((u32)(v)->arch.gpr[0] | (u64)(v)->arch.gpr[3] << 32)
#define kvm_rax_write(v, x)	((v)->arch.gpr[0] = (x))
#define kvm_rbx_write(v, x)	((v)->arch.gpr[1] = (x))
#define kvm_rcx_write(v, x)	((v)->arch.gpr[2] = (x))
#define kvm_rdx_write(v, x)	((v)->arch.gpr[3] = (x))
#define trace_kvm_cpuid(f, i, a, b, c, d, exact)	((void)(exact))

/* ---- the vendor, who agrees to everything */
#define kvm_x86_call(op)	fake_##op

static inline void fake_get_cs_db_l_bits(struct kvm_vcpu *vcpu, int *db, int *l)
{
	*db = 1;
	*l = 0;
}

static inline void fake_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0) { vcpu->arch.cr0 = cr0; }
static inline void fake_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3) { vcpu->arch.cr3 = cr3; }
static inline void fake_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4) { vcpu->arch.cr4 = cr4; }
static inline bool fake_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4) { return true; }
static inline void fake_vcpu_after_set_cpuid(struct kvm_vcpu *vcpu) { }
static inline int fake_get_tdp_level(void) { return 4; }

static inline int fake_set_efer(struct kvm_vcpu *vcpu, u64 efer)
{
	vcpu->arch.efer = efer;
	return 0;
}

/* ---- what the files call of each other */
bool kvm_cpu_cap_has(unsigned int x86_feature);
void kvm_cpu_cap_set(unsigned int x86_feature);
void kvm_cpu_cap_clear(unsigned int x86_feature);
void kvm_set_cpu_caps(void);
int kvm_xsave2_size(struct kvm *kvm);
u32 kvm_xsave_size(u64 xfeatures, bool compacted);
#define kvm_xsave_update(v)		((void)(v))
bool guest_cpuid_has(struct kvm_vcpu *vcpu, unsigned int x86_feature);
struct kvm_cpuid_entry2 *kvm_find_cpuid_entry(struct kvm_vcpu *vcpu, u32 function, u32 index);
void kvm_update_cpuid_runtime(struct kvm_vcpu *vcpu);
int kvm_vcpu_ioctl_set_cpuid(struct kvm_vcpu *vcpu, struct kvm_cpuid *arg);
int kvm_vcpu_ioctl_set_cpuid2(struct kvm_vcpu *vcpu, struct kvm_cpuid2 *arg);
int kvm_vcpu_ioctl_get_cpuid2(struct kvm_vcpu *vcpu, struct kvm_cpuid2 *arg);
int kvm_dev_ioctl_get_cpuid(struct kvm_cpuid2 *arg, unsigned int type);
void kvm_cpuid_init(struct kvm_vcpu *vcpu);
void kvm_cpuid_free(struct kvm_vcpu *vcpu);
bool kvm_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
int kvm_emulate_cpuid(struct kvm_vcpu *vcpu);
bool kvm_is_valid_cr0(unsigned long cr0);
int kvm_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0);
void kvm_lmsw(struct kvm_vcpu *vcpu, unsigned long msw);
int kvm_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3);
void kvm_cr4_after_set_cpuid(struct kvm_vcpu *vcpu);
bool kvm_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
int kvm_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
int kvm_set_cr8(struct kvm_vcpu *vcpu, unsigned long cr8);
unsigned long kvm_get_cr8(struct kvm_vcpu *vcpu);
int kvm_set_xcr(struct kvm_vcpu *vcpu, u32 index, u64 xcr);
int kvm_emulate_xsetbv(struct kvm_vcpu *vcpu);
bool kvm_valid_efer(struct kvm_vcpu *vcpu, u64 efer);
bool kvm_host_valid_efer(struct kvm_vcpu *vcpu, u64 efer);
int kvm_set_efer(struct kvm_vcpu *vcpu, struct msr_data *msr);
bool kvm_valid_apic_base(struct kvm_vcpu *vcpu, u64 value);
int kvm_set_apic_base(struct kvm_vcpu *vcpu, u64 value, bool host_initiated);

#endif
