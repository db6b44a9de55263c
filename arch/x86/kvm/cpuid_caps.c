// SPDX-License-Identifier: GPL-2.0-only
/*
 * What we can give to guests: a bit for each CPU feature, in the kernel's own feature words.
 *
 * A feature is given when the CPU has it, the host kernel uses it or leaves it alone, and we keep
 * all of the state that it brings. Written at module load only (kvm_set_cpu_caps(), then the
 * vendor's set_cpu_caps()); read without a lock after that. Also owns the layout of XSAVE areas.
 */
#include <linux/module.h>
#include <asm/fpu/types.h>
#include "cpuid.h"
#include "x86.h"

/* A feature bit that the oldest kernel we build for has no name for. */
#define KVM_FEATURE_BIT(word, bit)	((word) * 32 + (bit))
#define KVM_X86_CMPCCXADD	KVM_FEATURE_BIT(CPUID_7_1_EAX, 7)
#define KVM_X86_FZRM		KVM_FEATURE_BIT(CPUID_7_1_EAX, 10)
#define KVM_X86_FSRS		KVM_FEATURE_BIT(CPUID_7_1_EAX, 11)
#define KVM_X86_FSRC		KVM_FEATURE_BIT(CPUID_7_1_EAX, 12)
#define KVM_X86_AVX_IFMA	KVM_FEATURE_BIT(CPUID_7_1_EAX, 23)
#define KVM_X86_AMD_PSFD	KVM_FEATURE_BIT(CPUID_8000_0008_EBX, 28)
#define KVM_X86_NO_NESTED_BP	KVM_FEATURE_BIT(CPUID_8000_0021_EAX, 0)
#define KVM_X86_LFENCE_SERIAL	KVM_FEATURE_BIT(CPUID_8000_0021_EAX, 2)
#define KVM_X86_NULL_SEL_BASE	KVM_FEATURE_BIT(CPUID_8000_0021_EAX, 6)

/* AMD repeats these bits of leaf 1 EDX in leaf 0x80000001 EDX (APM3, appendix E.4.2). */
#define KVM_AMD_REPEATED_EDX	0x0183f3ffu

const struct kvm_cap_leaf kvm_cap_leaves[KVM_NR_CAP_LEAVES] = {
	{ CPUID_1_EDX,		CPUID_REG_EDX, 0, 1 },
	{ CPUID_1_ECX,		CPUID_REG_ECX, 0, 1 },
	{ CPUID_6_EAX,		CPUID_REG_EAX, 0, 6 },
	{ CPUID_7_0_EBX,	CPUID_REG_EBX, 0, 7 },
	{ CPUID_7_ECX,		CPUID_REG_ECX, 0, 7 },
	{ CPUID_7_EDX,		CPUID_REG_EDX, 0, 7 },
	{ CPUID_7_1_EAX,	CPUID_REG_EAX, 1, 7 },
	{ CPUID_D_1_EAX,	CPUID_REG_EAX, 1, 0xd },
	{ CPUID_8000_0001_EDX,	CPUID_REG_EDX, 0, 0x80000001 },
	{ CPUID_8000_0001_ECX,	CPUID_REG_ECX, 0, 0x80000001 },
	{ CPUID_8000_0008_EBX,	CPUID_REG_EBX, 0, 0x80000008 },
	{ CPUID_8000_000A_EDX,	CPUID_REG_EDX, 0, 0x8000000a },
	{ CPUID_8000_001F_EAX,	CPUID_REG_EAX, 0, 0x8000001f },
	{ CPUID_8000_0021_EAX,	CPUID_REG_EAX, 0, 0x80000021 },
};

/*
 * Features that work in a guest because they work on the host. Not here, though a CPU may have
 * them: the APIC's TSC deadline (only VMs with an APIC in the kernel have it,
 * and KVM_CAP_TSC_DEADLINE_TIMER says so), MONITOR (it is
 * intercepted), VMX, SVM, SMX and SGX, the PMU and its relatives, XSAVES, CET, MPX and AMX (state
 * we do not switch), power management, and what needs an MSR that we do not keep (WAITPKG, ENQCMD,
 * OSVW).
 */
static const u16 kvm_given_features[] = {
	X86_FEATURE_FPU, X86_FEATURE_VME, X86_FEATURE_DE, X86_FEATURE_PSE, X86_FEATURE_TSC,
	X86_FEATURE_MSR, X86_FEATURE_PAE, X86_FEATURE_MCE, X86_FEATURE_CX8, X86_FEATURE_APIC,
	X86_FEATURE_SEP, X86_FEATURE_MTRR, X86_FEATURE_PGE, X86_FEATURE_MCA, X86_FEATURE_CMOV,
	X86_FEATURE_PAT, X86_FEATURE_PSE36, X86_FEATURE_CLFLUSH, X86_FEATURE_MMX,
	X86_FEATURE_FXSR, X86_FEATURE_XMM, X86_FEATURE_XMM2, X86_FEATURE_SELFSNOOP,

	X86_FEATURE_XMM3, X86_FEATURE_PCLMULQDQ, X86_FEATURE_SSSE3, X86_FEATURE_FMA,
	X86_FEATURE_CX16, X86_FEATURE_PCID, X86_FEATURE_XMM4_1, X86_FEATURE_XMM4_2,
	X86_FEATURE_MOVBE, X86_FEATURE_POPCNT, X86_FEATURE_AES, X86_FEATURE_XSAVE,
	X86_FEATURE_AVX, X86_FEATURE_F16C, X86_FEATURE_RDRAND,

	X86_FEATURE_FSGSBASE, X86_FEATURE_BMI1, X86_FEATURE_HLE, X86_FEATURE_AVX2,
	X86_FEATURE_FDP_EXCPTN_ONLY, X86_FEATURE_SMEP, X86_FEATURE_BMI2, X86_FEATURE_ERMS,
	X86_FEATURE_INVPCID, X86_FEATURE_RTM, X86_FEATURE_ZERO_FCS_FDS, X86_FEATURE_AVX512F,
	X86_FEATURE_AVX512DQ, X86_FEATURE_RDSEED, X86_FEATURE_ADX, X86_FEATURE_SMAP,
	X86_FEATURE_AVX512IFMA, X86_FEATURE_CLFLUSHOPT, X86_FEATURE_CLWB, X86_FEATURE_AVX512PF,
	X86_FEATURE_AVX512ER, X86_FEATURE_AVX512CD, X86_FEATURE_SHA_NI, X86_FEATURE_AVX512BW,
	X86_FEATURE_AVX512VL,

	X86_FEATURE_AVX512VBMI, X86_FEATURE_UMIP, X86_FEATURE_PKU, X86_FEATURE_AVX512_VBMI2,
	X86_FEATURE_GFNI, X86_FEATURE_VAES, X86_FEATURE_VPCLMULQDQ, X86_FEATURE_AVX512_VNNI,
	X86_FEATURE_AVX512_BITALG, X86_FEATURE_AVX512_VPOPCNTDQ, X86_FEATURE_LA57,
	X86_FEATURE_RDPID, X86_FEATURE_CLDEMOTE, X86_FEATURE_MOVDIRI, X86_FEATURE_MOVDIR64B,

	X86_FEATURE_AVX512_4VNNIW, X86_FEATURE_AVX512_4FMAPS, X86_FEATURE_FSRM,
	X86_FEATURE_AVX512_VP2INTERSECT, X86_FEATURE_MD_CLEAR, X86_FEATURE_SERIALIZE,
	X86_FEATURE_TSXLDTRK, X86_FEATURE_AVX512_FP16, X86_FEATURE_SPEC_CTRL,
	X86_FEATURE_INTEL_STIBP, X86_FEATURE_ARCH_CAPABILITIES, X86_FEATURE_SPEC_CTRL_SSBD,

	X86_FEATURE_AVX_VNNI, X86_FEATURE_AVX512_BF16, KVM_X86_CMPCCXADD, KVM_X86_FZRM,
	KVM_X86_FSRS, KVM_X86_FSRC, KVM_X86_AVX_IFMA,

	X86_FEATURE_XSAVEOPT, X86_FEATURE_XSAVEC, X86_FEATURE_XGETBV1,

	X86_FEATURE_SYSCALL, X86_FEATURE_NX, X86_FEATURE_MMXEXT, X86_FEATURE_FXSR_OPT,
	X86_FEATURE_GBPAGES, X86_FEATURE_RDTSCP, X86_FEATURE_LM, X86_FEATURE_3DNOWEXT,
	X86_FEATURE_3DNOW,

	X86_FEATURE_LAHF_LM, X86_FEATURE_CR8_LEGACY, X86_FEATURE_ABM, X86_FEATURE_SSE4A,
	X86_FEATURE_MISALIGNSSE, X86_FEATURE_3DNOWPREFETCH, X86_FEATURE_XOP, X86_FEATURE_FMA4,
	X86_FEATURE_TBM, X86_FEATURE_TOPOEXT,

	X86_FEATURE_CLZERO, X86_FEATURE_XSAVEERPTR, X86_FEATURE_WBNOINVD, X86_FEATURE_AMD_IBPB,
	X86_FEATURE_AMD_IBRS, X86_FEATURE_AMD_STIBP, X86_FEATURE_AMD_STIBP_ALWAYS_ON,
	X86_FEATURE_AMD_SSBD, X86_FEATURE_AMD_SSB_NO, KVM_X86_AMD_PSFD, X86_FEATURE_BTC_NO,
	X86_FEATURE_AMD_IBPB_RET,

	KVM_X86_NO_NESTED_BP, KVM_X86_LFENCE_SERIAL, X86_FEATURE_VERW_CLEAR,
	KVM_X86_NULL_SEL_BASE, X86_FEATURE_SBPB, X86_FEATURE_IBPB_BRTYPE, X86_FEATURE_SRSO_NO,
};

/*
 * Features that we make ourselves, whatever the host has. ARAT: a guest's APIC timer never stops.
 * x2APIC works with an APIC in the kernel only (api.rst 9.1).
 */
static const u16 kvm_emulated_features[] = {
	X86_FEATURE_HYPERVISOR, X86_FEATURE_TSC_ADJUST, X86_FEATURE_ARAT, X86_FEATURE_X2APIC,
};

static u32 kvm_cpu_caps[32] __read_mostly;

/* CPUID leaf 0xD, subleaves 2 to 62: size, standard offset and flags of each state component. */
static struct {
	u32 size;
	u32 offset;
	bool align64;
} kvm_xstate[64] __read_mostly;

static void kvm_xstate_probe(void)
{
	u32 eax, ebx, ecx, edx;
	int i;

	if (!kvm_host.supported_xcr0)
		return;
	for (i = 2; i < 63; i++) {
		cpuid_count(0xd, i, &eax, &ebx, &ecx, &edx);
		kvm_xstate[i].size = eax;
		kvm_xstate[i].offset = ebx;
		kvm_xstate[i].align64 = ecx & BIT(1);
	}
}

/**
 * kvm_xsave_size - bytes that XSAVE or XSAVEC needs for a set of state components
 * @xfeatures: bits of XCR0 (and XSS)
 * @compacted: the compacted form (SDM vol. 1, 13.4.3), else the standard one (13.4.2)
 *
 * Return: the size; the legacy region and the header, 576 bytes, are always in it.
 */
u32 kvm_xsave_size(u64 xfeatures, bool compacted)
{
	u32 end = 512 + 64;
	int i;

	for (i = 2; i < 63; i++) {
		u32 start;

		if (!(xfeatures & BIT_ULL(i)))
			continue;
		start = kvm_xstate[i].offset;
		if (compacted)
			start = kvm_xstate[i].align64 ? ALIGN(end, 64) : end;
		end = compacted ? start + kvm_xstate[i].size :
				  max(end, start + kvm_xstate[i].size);
	}
	return end;
}

/**
 * kvm_xsave2_size - what KVM_CAP_XSAVE2 says (api.rst 4.134)
 * @kvm: the VM; every VM has the same components until dynamic ones can be asked for
 *
 * Return: bytes that KVM_GET_XSAVE2 writes, 4096 at least.
 */
int kvm_xsave2_size(struct kvm *kvm)
{
	return max_t(int, sizeof(struct kvm_xsave),
		     kvm_xsave_size(kvm_host.supported_xcr0, false));
}

/** kvm_cpu_cap_set - the vendor gives @x86_feature (X86_FEATURE_*) too */
void kvm_cpu_cap_set(unsigned int x86_feature)
{
	kvm_cpu_caps[x86_feature / 32] |= BIT(x86_feature % 32);
}
EXPORT_SYMBOL_GPL(kvm_cpu_cap_set);

/** kvm_cpu_cap_clear - the vendor cannot give @x86_feature */
void kvm_cpu_cap_clear(unsigned int x86_feature)
{
	kvm_cpu_caps[x86_feature / 32] &= ~BIT(x86_feature % 32);
}
EXPORT_SYMBOL_GPL(kvm_cpu_cap_clear);

/** kvm_cpu_cap_has - is @x86_feature in KVM_GET_SUPPORTED_CPUID? */
bool kvm_cpu_cap_has(unsigned int x86_feature)
{
	return kvm_cpu_caps[x86_feature / 32] & BIT(x86_feature % 32);
}
EXPORT_SYMBOL_GPL(kvm_cpu_cap_has);

/** kvm_cpu_cap_word - one whole feature word; @word is one of enum cpuid_leafs */
u32 kvm_cpu_cap_word(unsigned int word)
{
	return kvm_cpu_caps[word];
}

static u32 kvm_cpuid_raw(const struct kvm_cap_leaf *leaf)
{
	u32 r[4];

	if (cpuid_eax(leaf->function & 0x80000000) < leaf->function)
		return 0;
	cpuid_count(leaf->function, leaf->index, &r[0], &r[1], &r[2], &r[3]);
	return r[leaf->reg];
}

/* Bits that stand or fall with something that is not a bit of CPUID. */
static void kvm_cpu_caps_adjust(u32 raw_8000_0001_edx)
{
	kvm_cpu_caps[CPUID_8000_0001_EDX] |= raw_8000_0001_edx & KVM_AMD_REPEATED_EDX &
					     kvm_cpu_caps[CPUID_1_EDX];
	if (!kvm_host.supported_xcr0) {
		kvm_cpu_cap_clear(X86_FEATURE_XSAVE);
		kvm_cpu_caps[CPUID_D_1_EAX] = 0;
	}
	if (!boot_cpu_has(X86_FEATURE_OSPKE) || !(kvm_host.supported_xcr0 & XFEATURE_MASK_PKRU))
		kvm_cpu_cap_clear(X86_FEATURE_PKU);
}

/**
 * kvm_set_cpu_caps - at module load: find out what we can give, before the vendor's word on it
 *
 * Needs kvm_host. A feature must be in the CPU's own answer as well as in the kernel's, for the
 * kernel switches off what it must not be used, and invents words that no CPUID leaf has.
 */
void kvm_set_cpu_caps(void)
{
	u32 raw[32] = {};
	int i;

	BUILD_BUG_ON(NCAPINTS > ARRAY_SIZE(kvm_cpu_caps));
	memset(kvm_cpu_caps, 0, sizeof(kvm_cpu_caps));
	kvm_xstate_probe();
	for (i = 0; i < KVM_NR_CAP_LEAVES; i++)
		raw[kvm_cap_leaves[i].word] = kvm_cpuid_raw(&kvm_cap_leaves[i]);

	for (i = 0; i < ARRAY_SIZE(kvm_given_features); i++) {
		unsigned int f = kvm_given_features[i];

		if ((raw[f / 32] & BIT(f % 32)) && boot_cpu_has(f))
			kvm_cpu_cap_set(f);
	}
	for (i = 0; i < ARRAY_SIZE(kvm_emulated_features); i++)
		kvm_cpu_cap_set(kvm_emulated_features[i]);
	kvm_cpu_caps_adjust(raw[CPUID_8000_0001_EDX]);
}
