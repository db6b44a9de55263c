// SPDX-License-Identifier: GPL-2.0-only
/*
 * CR0, CR3, CR4, CR8, XCR0, EFER and the APIC base as the guest writes them: every check that a CPU
 * makes, then the vendor's register, then what the change means for translations and CPUID.
 *
 * Called by the vendors' exits, the emulator and, for validity, KVM_SET_SREGS; under the vCPU's
 * mutex. Results: 0, or 1 for #GP(0) (SDM 2.5, 4.1; APM2 3.1).
 */
#include <linux/module.h>
#include <asm/fpu/types.h>
#include "x86.h"

/* SDM 2.5: all other bits below 32 are ignored on writes, those from 32 on raise #GP. */
#define KVM_CR0_DEFINED	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET |	\
			 X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD |	\
			 X86_CR0_PG)

/* Changing one of these makes PAE paging load its four PDPTEs anew (SDM 4.4.1). */
#define KVM_CR0_PDPTR_BITS	(X86_CR0_PG | X86_CR0_CD | X86_CR0_NW)
#define KVM_CR4_PDPTR_BITS	(X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP)

/* What the page walk and the permission checks depend on. */
#define KVM_CR0_MMU_BITS	(X86_CR0_PG | X86_CR0_WP)
#define KVM_CR4_MMU_BITS	(X86_CR4_PAE | X86_CR4_PSE | X86_CR4_SMEP | X86_CR4_SMAP |	\
				 X86_CR4_PKE | X86_CR4_LA57 | X86_CR4_PGE)

/* Bit 63 of a MOV to CR3 with PCIDs: keep the translations (SDM 4.10.4.1). */
#define KVM_CR3_NOFLUSH		BIT_ULL(63)


/* ---- CR0 ------------------------------------------------------------------------------------- */

/** kvm_is_valid_cr0 - does no rule of SDM 2.5 among CR0's own bits refuse it? */
bool kvm_is_valid_cr0(unsigned long cr0)
{
	if (cr0 >> 32)
		return false;
	if ((cr0 & X86_CR0_NW) && !(cr0 & X86_CR0_CD))
		return false;
	return !(cr0 & X86_CR0_PG) || (cr0 & X86_CR0_PE);
}
EXPORT_SYMBOL_GPL(kvm_is_valid_cr0);

/* SDM 4.1.2, 9.8.5: what must hold when paging is switched on. */
static bool kvm_may_enable_paging(struct kvm_vcpu *vcpu)
{
	int db, l;

	if (!(vcpu->arch.efer & EFER_LME))
		return true;
	if (!kvm_is_pae(vcpu))
		return false;
	kvm_x86_call(get_cs_db_l_bits)(vcpu, &db, &l);
	return !l;
}

static bool kvm_cr0_allowed(struct kvm_vcpu *vcpu, unsigned long old, unsigned long cr0)
{
	if (!(cr0 & X86_CR0_PG)) {
		/* SDM 4.10.1: PCIDs need paging; 9.8.5.4: 64-bit code cannot switch it off */
		if (kvm_cr4_bits(vcpu, X86_CR4_PCIDE))
			return false;
		return !(old & X86_CR0_PG) || !kvm_is_64_bit_mode(vcpu);
	}
	if (!(old & X86_CR0_PG) && !kvm_may_enable_paging(vcpu))
		return false;
	if (!(vcpu->arch.efer & EFER_LME) && kvm_is_pae(vcpu) &&
	    ((old ^ cr0) & KVM_CR0_PDPTR_BITS))
		return kvm_mmu_load_pdptrs(vcpu, kvm_read_cr3(vcpu));
	return true;
}

/* EFER.LMA = EFER.LME && CR0.PG, always (SDM 4.1.3). */
static void kvm_cr0_update_lma(struct kvm_vcpu *vcpu, unsigned long cr0)
{
	u64 efer = vcpu->arch.efer & ~EFER_LMA;

	if ((efer & EFER_LME) && (cr0 & X86_CR0_PG))
		efer |= EFER_LMA;
	if (efer != vcpu->arch.efer)
		kvm_x86_call(set_efer)(vcpu, efer);
}

/**
 * kvm_set_cr0 - the guest writes CR0
 * @vcpu: the vCPU
 * @cr0: the new value
 *
 * Sets or clears EFER.LMA as long mode begins or ends, and flushes what SDM 4.10.4.1 says.
 *
 * Return: 0, or 1 for #GP(0) with nothing changed.
 */
int kvm_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0)
{
	unsigned long old = kvm_read_cr0(vcpu);
	unsigned long changed;

	if (!kvm_is_valid_cr0(cr0))
		return 1;
	cr0 = (cr0 & KVM_CR0_DEFINED) | X86_CR0_ET;
	changed = old ^ cr0;
	if (!kvm_cr0_allowed(vcpu, old, cr0))
		return 1;

	kvm_cr0_update_lma(vcpu, cr0);
	kvm_x86_call(set_cr0)(vcpu, cr0);
	if (changed & X86_CR0_PG)
		kvm_make_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu);
	if (changed & KVM_CR0_MMU_BITS)
		kvm_mmu_reset_context(vcpu);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_set_cr0);

/** kvm_lmsw - LMSW writes PE, MP, EM and TS, and cannot clear PE (SDM vol. 2, LMSW) */
void kvm_lmsw(struct kvm_vcpu *vcpu, unsigned long msw)
{
	kvm_set_cr0(vcpu, (kvm_read_cr0(vcpu) & ~0xeul) | (msw & 0xf));
}
EXPORT_SYMBOL_GPL(kvm_lmsw);

/* ---- CR3 ------------------------------------------------------------------------------------- */

/**
 * kvm_set_cr3 - the guest writes CR3
 * @vcpu: the vCPU
 * @cr3: the new value
 *
 * Return: 0, or 1 for #GP(0): a reserved bit, or PDPTEs that cannot be loaded (SDM 4.4.1).
 */
int kvm_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3)
{
	bool flush = true;

	if (kvm_cr4_bits(vcpu, X86_CR4_PCIDE)) {
		flush = !(cr3 & KVM_CR3_NOFLUSH);
		cr3 &= ~KVM_CR3_NOFLUSH;
	}
	/* outside long mode MOV to CR3 has 32 bits, and no bit that could be reserved */
	if (kvm_is_long_mode(vcpu) && !kvm_is_valid_cr3(vcpu, cr3))
		return 1;
	if (kvm_is_pae_paging(vcpu) && !kvm_mmu_load_pdptrs(vcpu, cr3))
		return 1;

	vcpu->arch.cr3 = cr3;
	kvm_reg_mark_dirty(vcpu, VCPU_EXREG_CR3);
	kvm_x86_call(set_cr3)(vcpu, cr3);
	kvm_mmu_new_pgd(vcpu);
	if (flush)
		kvm_make_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_set_cr3);

/* ---- CR4 ------------------------------------------------------------------------------------- */

/* Each CR4 bit that needs a CPU feature. */
static const struct {
	unsigned int bit;
	unsigned int feature;
} kvm_cr4_features[] = {
	{ X86_CR4_UMIP_BIT, X86_FEATURE_UMIP },
	{ X86_CR4_LA57_BIT, X86_FEATURE_LA57 },
	{ X86_CR4_FSGSBASE_BIT, X86_FEATURE_FSGSBASE },
	{ X86_CR4_PCIDE_BIT, X86_FEATURE_PCID },
	{ X86_CR4_OSXSAVE_BIT, X86_FEATURE_XSAVE },
	{ X86_CR4_SMEP_BIT, X86_FEATURE_SMEP },
	{ X86_CR4_SMAP_BIT, X86_FEATURE_SMAP },
	{ X86_CR4_PKE_BIT, X86_FEATURE_PKU },
};

/*
 * Bits that every CPU with long mode has, whatever CPUID says: VMMs set them without saying so.
 * (TCG takes VME and PVI, and hides the feature.)
 */
#define KVM_CR4_ALWAYS	(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE |	\
			 X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE | X86_CR4_PCE |		\
			 X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT)

static unsigned long kvm_cr4_host_allowed(void)
{
	unsigned long allowed = KVM_CR4_ALWAYS;
	int i;

	for (i = 0; i < ARRAY_SIZE(kvm_cr4_features); i++)
		if (kvm_cpu_cap_has(kvm_cr4_features[i].feature))
			allowed |= BIT(kvm_cr4_features[i].bit);
	return allowed;
}

/**
 * kvm_cr4_after_set_cpuid - bits whose feature the guest has not got are reserved for it
 * @vcpu: the vCPU
 *
 * As long as CPUID is unset only what the host cannot do is refused: VMMs restore registers in any
 * order.
 */
void kvm_cr4_after_set_cpuid(struct kvm_vcpu *vcpu)
{
	unsigned long allowed = KVM_CR4_ALWAYS;
	int i;

	for (i = 0; i < ARRAY_SIZE(kvm_cr4_features); i++)
		if (!vcpu->arch.cpuid_nent || guest_cpuid_has(vcpu, kvm_cr4_features[i].feature))
			allowed |= BIT(kvm_cr4_features[i].bit);
	vcpu->arch.cr4_guest_rsvd_bits = ~(allowed & kvm_cr4_host_allowed());
}

/** kvm_is_valid_cr4 - may CR4 hold this at all, whatever the mode? */
bool kvm_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	return !(cr4 & vcpu->arch.cr4_guest_rsvd_bits) && kvm_x86_call(is_valid_cr4)(vcpu, cr4);
}
EXPORT_SYMBOL_GPL(kvm_is_valid_cr4);

static bool kvm_cr4_allowed(struct kvm_vcpu *vcpu, unsigned long old, unsigned long cr4)
{
	if (kvm_is_long_mode(vcpu)) {
		/* SDM 4.1.2: neither can change between 4 and 5 levels or leave PAE */
		if (!(cr4 & X86_CR4_PAE) || ((cr4 ^ old) & X86_CR4_LA57))
			return false;
	} else if (kvm_is_paging(vcpu) && (cr4 & X86_CR4_PAE) &&
		   ((cr4 ^ old) & KVM_CR4_PDPTR_BITS) &&
		   !kvm_mmu_load_pdptrs(vcpu, kvm_read_cr3(vcpu))) {
		return false;
	}
	/* SDM 4.10.1: PCIDs begin in long mode and with PCID 0 */
	if ((cr4 & ~old) & X86_CR4_PCIDE)
		return kvm_is_long_mode(vcpu) && !(kvm_read_cr3(vcpu) & 0xfff);
	return true;
}

/* SDM 4.10.4.1: which changes of CR4 invalidate all translations, global ones too. */
static bool kvm_cr4_flushes(unsigned long old, unsigned long cr4)
{
	if ((old ^ cr4) & (X86_CR4_PGE | X86_CR4_PAE | X86_CR4_PSE | X86_CR4_LA57))
		return true;
	return ((old & ~cr4) & X86_CR4_PCIDE) || ((cr4 & ~old) & X86_CR4_SMEP);
}

/** kvm_set_cr4 - the guest writes CR4; 0, or 1 for #GP(0) with nothing changed */
int kvm_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4)
{
	unsigned long old = kvm_read_cr4(vcpu);
	unsigned long changed = old ^ cr4;

	if (!kvm_is_valid_cr4(vcpu, cr4) || !kvm_cr4_allowed(vcpu, old, cr4))
		return 1;

	kvm_x86_call(set_cr4)(vcpu, cr4);
	if (kvm_cr4_flushes(old, cr4))
		kvm_make_request(KVM_REQ_TLB_FLUSH_GUEST, vcpu);
	if (changed & KVM_CR4_MMU_BITS)
		kvm_mmu_reset_context(vcpu);
	if (changed & (X86_CR4_OSXSAVE | X86_CR4_PKE))
		kvm_update_cpuid_runtime(vcpu);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_set_cr4);

/* ---- CR8 ------------------------------------------------------------------------------------- */

/** kvm_set_cr8 - the task priority; bits 63:4 are reserved (SDM 10.8.6.1) */
int kvm_set_cr8(struct kvm_vcpu *vcpu, unsigned long cr8)
{
	if (cr8 & ~0xful)
		return 1;
	vcpu->arch.cr8 = cr8;
	/* What an APIC in the kernel keeps back may have its turn. */
	if (vcpu->arch.apic)
		kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_set_cr8);

/** kvm_get_cr8 - the task priority as last written, by the guest or in kvm_run */
unsigned long kvm_get_cr8(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.cr8;
}
EXPORT_SYMBOL_GPL(kvm_get_cr8);

/* ---- XCR0 ------------------------------------------------------------------------------------ */

/* SDM 2.6: x87 always; AVX needs SSE; the three parts of AVX-512 together, and AVX. */
static bool kvm_is_valid_xcr0(struct kvm_vcpu *vcpu, u64 xcr0)
{
	u64 avx512 = xcr0 & XFEATURE_MASK_AVX512;

	if (!(xcr0 & XFEATURE_MASK_FP))
		return false;
	if ((xcr0 & XFEATURE_MASK_YMM) && !(xcr0 & XFEATURE_MASK_SSE))
		return false;
	if (avx512 && (avx512 != XFEATURE_MASK_AVX512 || !(xcr0 & XFEATURE_MASK_YMM)))
		return false;
	return !(xcr0 & ~(vcpu->arch.guest_supported_xcr0 | XFEATURE_MASK_FP));
}

/** kvm_set_xcr - XSETBV's or KVM_SET_XCRS's value; only XCR0 exists. 0, or 1: #GP(0) */
int kvm_set_xcr(struct kvm_vcpu *vcpu, u32 index, u64 xcr)
{
	if (index != 0 || !kvm_is_valid_xcr0(vcpu, xcr))
		return 1;
	if (vcpu->arch.xcr0 == xcr)
		return 0;
	vcpu->arch.xcr0 = xcr;
	kvm_xsave_update(vcpu);
	kvm_update_cpuid_runtime(vcpu);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_set_xcr);

/**
 * kvm_emulate_xsetbv - the XSETBV exit
 * @vcpu: the vCPU
 *
 * #UD without CR4.OSXSAVE, #GP(0) above CPL 0 (SDM vol. 2, XSETBV).
 *
 * Return: 1/0/errno, as the run loop has it.
 */
int kvm_emulate_xsetbv(struct kvm_vcpu *vcpu)
{
	if (!kvm_cr4_bits(vcpu, X86_CR4_OSXSAVE)) {
		kvm_queue_exception(vcpu, UD_VECTOR);
		return 1;
	}
	if (!kvm_require_cpl(vcpu, 0))
		return 1;
	return kvm_complete_insn_gp(vcpu, kvm_set_xcr(vcpu, kvm_rcx_read(vcpu),
						      kvm_edx_eax_read(vcpu)));
}
EXPORT_SYMBOL_GPL(kvm_emulate_xsetbv);

/* ---- EFER ------------------------------------------------------------------------------------ */

static const struct {
	u64 bit;
	unsigned int feature;
} kvm_efer_features[] = {
	{ EFER_SCE, X86_FEATURE_SYSCALL },
	{ EFER_LME, X86_FEATURE_LM },
	{ EFER_LMA, X86_FEATURE_LM },
	{ EFER_NX, X86_FEATURE_NX },
	{ EFER_SVME, X86_FEATURE_SVM },
	{ EFER_FFXSR, X86_FEATURE_FXSR_OPT },
};

/* SCE goes with long mode on Intel, whose 32-bit CPUID lacks SYSCALL: allow it where LM is. */
static u64 kvm_efer_allowed(struct kvm_vcpu *vcpu, bool (*has)(struct kvm_vcpu *, unsigned int))
{
	u64 allowed = has(vcpu, X86_FEATURE_LM) ? EFER_SCE : 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(kvm_efer_features); i++)
		if (has(vcpu, kvm_efer_features[i].feature))
			allowed |= kvm_efer_features[i].bit;
	return allowed;
}

static bool kvm_host_cap(struct kvm_vcpu *vcpu, unsigned int x86_feature)
{
	return kvm_cpu_cap_has(x86_feature);
}

/** kvm_valid_efer - no bit is set that we, or the guest's CPUID, do not have (SDM 2.2.1) */
bool kvm_valid_efer(struct kvm_vcpu *vcpu, u64 efer)
{
	return !(efer & ~kvm_efer_allowed(vcpu, guest_cpuid_has));
}
EXPORT_SYMBOL_GPL(kvm_valid_efer);

/** kvm_host_valid_efer - the same for userspace, which may restore EFER before CPUID */
bool kvm_host_valid_efer(struct kvm_vcpu *vcpu, u64 efer)
{
	return !(efer & ~kvm_efer_allowed(vcpu, kvm_host_cap));
}

/**
 * kvm_set_efer - WRMSR or KVM_SET_MSRS of EFER
 * @vcpu: the vCPU
 * @msr: its data; LMA in it is ignored, for it follows from LME and CR0.PG
 *
 * Return: 0, or 1: a reserved bit, or LME changed while paging is on (SDM 4.1.2).
 */
int kvm_set_efer(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	u64 old = vcpu->arch.efer;
	u64 efer = (msr->data & ~EFER_LMA) | (old & EFER_LMA);

	if (!kvm_host_valid_efer(vcpu, efer))
		return 1;
	if (!msr->host_initiated) {
		if (!kvm_valid_efer(vcpu, efer))
			return 1;
		if (kvm_is_paging(vcpu) && ((old ^ efer) & EFER_LME))
			return 1;
	}
	if (kvm_x86_call(set_efer)(vcpu, efer))
		return 1;
	if ((old ^ efer) & (EFER_NX | EFER_LME))
		kvm_mmu_reset_context(vcpu);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_set_efer);

/* ---- the APIC base --------------------------------------------------------------------------- */

#define KVM_APICBASE_X2APIC	BIT_ULL(10)

static bool kvm_guest_may_x2apic(struct kvm_vcpu *vcpu)
{
	struct kvm_cpuid_entry2 *e = kvm_find_cpuid_entry(vcpu, 1, 0);

	return e && (e->ecx & BIT(X86_FEATURE_X2APIC % 32));
}

/* SDM 10.12.5: x2APIC mode is entered from xAPIC mode only, and left only by disabling the APIC. */
static bool kvm_apic_mode_change_ok(u64 old, u64 new)
{
	const u64 mode = MSR_IA32_APICBASE_ENABLE | KVM_APICBASE_X2APIC;

	if ((old & mode) == mode)
		return (new & mode) != MSR_IA32_APICBASE_ENABLE;
	if (!(old & MSR_IA32_APICBASE_ENABLE))
		return (new & mode) != mode;
	return true;
}

/** kvm_valid_apic_base - are the bits and the mode in @value possible for this vCPU? */
bool kvm_valid_apic_base(struct kvm_vcpu *vcpu, u64 value)
{
	u64 reserved = vcpu->arch.reserved_gpa_bits | 0x2ff;

	if (!kvm_guest_may_x2apic(vcpu))
		reserved |= KVM_APICBASE_X2APIC;
	if (value & reserved)
		return false;
	return !(value & KVM_APICBASE_X2APIC) || (value & MSR_IA32_APICBASE_ENABLE);
}

/**
 * kvm_set_apic_base - IA32_APIC_BASE by WRMSR, KVM_SET_MSRS, KVM_SET_SREGS or kvm_run
 * @vcpu: the vCPU
 * @value: the new value
 * @host_initiated: by userspace, not by the guest
 *
 * Return: 0, or 1 with nothing changed: a reserved bit, or a mode change no CPU makes.
 */
int kvm_set_apic_base(struct kvm_vcpu *vcpu, u64 value, bool host_initiated)
{
	u64 old = vcpu->arch.apic_base;

	if (!kvm_valid_apic_base(vcpu, value))
		return 1;
	if (!host_initiated && !kvm_apic_mode_change_ok(old, value))
		return 1;
	vcpu->arch.apic_base = value;
	if (vcpu->arch.apic)
		kvm_lapic_base_changed(vcpu);
	if ((old ^ value) & MSR_IA32_APICBASE_ENABLE)
		kvm_update_cpuid_runtime(vcpu);
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_set_apic_base);
