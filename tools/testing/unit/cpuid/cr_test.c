// SPDX-License-Identifier: GPL-2.0-only
/* Control registers, EFER, XCR0 and the APIC base against the manuals' tables. */
#include "unit.h"

TEST(test_cr0, "CR0: every combination of bits against SDM 2.5")
{
	/* PE MP EM TS ET NE WP AM NW CD PG (SDM 2.5). */
	static const u8 bits[] = { 0, 1, 2, 3, 4, 5, 16, 18, 29, 30, 31 };
	unsigned int combination, i;

	for (combination = 0; combination < 1u << ARRAY_SIZE(bits); combination++) {
		unsigned long cr0 = 0;
		bool pe, pg, nw, cd, valid;

		for (i = 0; i < ARRAY_SIZE(bits); i++)
			cr0 |= (unsigned long)(combination >> i & 1) << bits[i];
		pe = cr0 & 1;
		pg = cr0 & 1u << 31;
		nw = cr0 & 1u << 29;
		cd = cr0 & 1u << 30;
		valid = !(pg && !pe) && !(nw && !cd);
		EXPECT(kvm_is_valid_cr0(cr0) == valid, "CR0 %#lx", cr0);
		/* Undefined low bits are ignored, high ones are not. */
		EXPECT(kvm_is_valid_cr0(cr0 | 0x1ffaffc0ul) == valid, "CR0 %#lx", cr0);
		EXPECT(!kvm_is_valid_cr0(cr0 | 1ul << 32), "CR0 %#lx", cr0);
		EXPECT(!kvm_is_valid_cr0(cr0 | 1ul << 63), "CR0 %#lx", cr0);
	}
}

/* SDM 2.5 and APM2 3.1.3: the bit, and where CPUID says that it may be set. */
static const struct {
	u8 bit;
	bool always;		/* older than CPUID: a VMM may leave the feature out */
	u32 function;
	u8 reg, feature;
} cr4_bits[] = {
	{ 0, true, 1, EDX, 1 },		/* VME */
	{ 1, true, 1, EDX, 1 },		/* PVI */
	{ 2, true, 1, EDX, 4 },		/* TSD */
	{ 3, true, 1, EDX, 2 },		/* DE */
	{ 4, true, 1, EDX, 3 },		/* PSE */
	{ 5, true, 1, EDX, 6 },		/* PAE */
	{ 6, true, 1, EDX, 7 },		/* MCE */
	{ 7, true, 1, EDX, 13 },	/* PGE */
	{ 8, true, 0, 0, 0 },		/* PCE */
	{ 9, true, 1, EDX, 24 },	/* OSFXSR */
	{ 10, true, 1, EDX, 25 },	/* OSXMMEXCPT */
	{ 11, false, 7, ECX, 2 },	/* UMIP */
	{ 12, false, 7, ECX, 16 },	/* LA57 */
	{ 16, false, 7, EBX, 0 },	/* FSGSBASE */
	{ 17, false, 1, ECX, 17 },	/* PCIDE */
	{ 18, false, 1, ECX, 26 },	/* OSXSAVE */
	{ 20, false, 7, EBX, 7 },	/* SMEP */
	{ 21, false, 7, EBX, 20 },	/* SMAP */
	{ 22, false, 7, ECX, 3 },	/* PKE */
};

static void set_feature(struct kvm_cpuid2 *cpuid, u32 function, u8 reg, u8 bit, bool on)
{
	u32 *word = &entry(cpuid, function, 0)->eax + reg;

	*word = on ? *word | 1u << bit : *word & ~(1u << bit);
}

TEST(test_cr4, "CR4: every bit against its CPUID feature (SDM 2.5)")
{
	struct kvm_cpuid2 *cpuid;
	struct kvm_vcpu *vcpu;
	unsigned long known = 0;
	unsigned int i, bit;

	host_reset(0x2e7);
	host_all_features();
	cpuid = supported();
	for (i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
		unsigned long value = 1ul << cr4_bits[i].bit;

		known |= value;
		vcpu = vcpu_with(cpuid);
		EXPECT(kvm_is_valid_cr4(vcpu, value), "bit %u", cr4_bits[i].bit);
		vcpu_drop(vcpu);
		if (!cr4_bits[i].function)
			continue;
		set_feature(cpuid, cr4_bits[i].function, cr4_bits[i].reg, cr4_bits[i].feature,
			    false);
		vcpu = vcpu_with(cpuid);
		EXPECT(kvm_is_valid_cr4(vcpu, value) == cr4_bits[i].always, "bit %u without",
		       cr4_bits[i].bit);
		vcpu_drop(vcpu);
		set_feature(cpuid, cr4_bits[i].function, cr4_bits[i].reg, cr4_bits[i].feature,
			    true);
	}
	/* All others: VMX, SMX, key locker, CET, PKS, user interrupts, and those without a name. */
	vcpu = vcpu_with(cpuid);
	for (bit = 0; bit < 64; bit++)
		if (!(known & 1ul << bit))
			EXPECT(!kvm_is_valid_cr4(vcpu, 1ul << bit), "bit %u", bit);
	EXPECT(kvm_is_valid_cr4(vcpu, known), "all of them");
	vcpu_drop(vcpu);

	/* What the host has not got, no CPUID of the guest's can give. */
	host_reset(0);
	kvm_set_cpu_caps();
	vcpu = vcpu_with(cpuid);
	for (i = 0; i < ARRAY_SIZE(cr4_bits); i++)
		if (!cr4_bits[i].always)
			EXPECT(!kvm_is_valid_cr4(vcpu, 1ul << cr4_bits[i].bit), "bit %u",
			       cr4_bits[i].bit);
	vcpu_drop(vcpu);
	free(cpuid);
}

TEST(test_cr4_transitions, "CR4: changes that no mode allows (SDM 4.1.2, 4.10.1)")
{
	struct kvm_cpuid2 *cpuid;
	struct kvm_vcpu *vcpu;

	host_reset(0x2e7);
	host_all_features();
	cpuid = supported();
	vcpu = vcpu_with(cpuid);
	/* PCIDs begin in long mode only, and with PCID 0. */
	EXPECT(kvm_set_cr4(vcpu, X86_CR4_PCIDE), "PCIDE outside long mode");
	vcpu->arch.efer = EFER_LME | EFER_LMA;
	vcpu->arch.cr0 |= X86_CR0_PG;
	vcpu->arch.cr4 = X86_CR4_PAE;
	EXPECT(kvm_set_cr4(vcpu, 0), "PAE cleared in long mode");
	EXPECT(kvm_set_cr4(vcpu, X86_CR4_PAE | X86_CR4_LA57), "LA57 changed in long mode");
	vcpu->arch.cr3 = 0x1001;
	EXPECT(kvm_set_cr4(vcpu, X86_CR4_PAE | X86_CR4_PCIDE), "PCIDE with a PCID");
	EXPECT(vcpu->arch.cr4 == X86_CR4_PAE, "CR4 changed by a refused write");
	vcpu->arch.cr3 = 0x1000;
	EXPECT(!kvm_set_cr4(vcpu, X86_CR4_PAE | X86_CR4_PCIDE), "PCIDE");
	EXPECT(kvm_set_cr0(vcpu, X86_CR0_PE), "paging off under PCIDs");
	/* CR8 has four bits. */
	EXPECT(!kvm_set_cr8(vcpu, 15) && kvm_get_cr8(vcpu) == 15, "CR8 15");
	EXPECT(kvm_set_cr8(vcpu, 16) && kvm_get_cr8(vcpu) == 15, "CR8 16");
	vcpu_drop(vcpu);
	free(cpuid);
}

TEST(test_efer, "EFER: every bit against its CPUID feature (APM2 3.1.7)")
{
	/* SCE, LME, LMA, NXE, FFXSR: leaf 0x80000001 EDX bits 11, 29, 29, 20 and 25. */
	static const struct {
		u8 bit, feature;
	} known[] = { { 0, 11 }, { 8, 29 }, { 10, 29 }, { 11, 20 }, { 14, 25 } };
	struct kvm_cpuid2 *cpuid;
	struct kvm_vcpu *vcpu;
	u64 all = 0;
	unsigned int i, bit;

	host_reset(7);
	host_all_features();
	cpuid = supported();
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		all |= BIT_ULL(known[i].bit);
		vcpu = vcpu_with(cpuid);
		EXPECT(kvm_valid_efer(vcpu, BIT_ULL(known[i].bit)), "bit %u", known[i].bit);
		vcpu_drop(vcpu);
		set_feature(cpuid, 0x80000001, EDX, known[i].feature, false);
		vcpu = vcpu_with(cpuid);
		/* SCE comes with long mode as well, for Intel's sake. */
		EXPECT(kvm_valid_efer(vcpu, BIT_ULL(known[i].bit)) == (known[i].bit == 0),
		       "bit %u without", known[i].bit);
		EXPECT(kvm_host_valid_efer(vcpu, BIT_ULL(known[i].bit)), "bit %u by the host",
		       known[i].bit);
		vcpu_drop(vcpu);
		set_feature(cpuid, 0x80000001, EDX, known[i].feature, true);
	}
	vcpu = vcpu_with(cpuid);
	for (bit = 0; bit < 64; bit++) {
		if (all & BIT_ULL(bit))
			continue;
		EXPECT(!kvm_valid_efer(vcpu, BIT_ULL(bit)), "bit %u", bit);
		EXPECT(!kvm_host_valid_efer(vcpu, BIT_ULL(bit)), "bit %u by the host", bit);
	}
	vcpu_drop(vcpu);
	free(cpuid);
}

/* SDM 2.6, XCR0: what XSETBV takes. */
static bool xcr0_valid(u64 xcr0, u64 supported_bits)
{
	u64 avx512 = xcr0 & 0xe0;

	if (!(xcr0 & 1) || (xcr0 & ~(supported_bits | 1)))
		return false;
	if ((xcr0 & 4) && !(xcr0 & 2))
		return false;
	return !avx512 || (avx512 == 0xe0 && (xcr0 & 6) == 6);
}

TEST(test_xcr0, "XCR0: every combination of components against SDM 2.6")
{
	static const u64 hosts[] = { 0x1, 0x3, 0x7, 0x207, 0xe7, 0x2e7 };
	struct kvm_cpuid2 *cpuid;
	struct kvm_vcpu *vcpu;
	unsigned int i;
	u64 xcr0;

	for (i = 0; i < ARRAY_SIZE(hosts); i++) {
		host_reset(hosts[i]);
		host_all_features();
		cpuid = supported();
		vcpu = vcpu_with(cpuid);
		for (xcr0 = 0; xcr0 < 0x800; xcr0++)
			EXPECT(!kvm_set_xcr(vcpu, 0, xcr0) == xcr0_valid(xcr0, hosts[i]),
			       "XCR0 %#llx of %#llx", xcr0, hosts[i]);
		EXPECT(kvm_set_xcr(vcpu, 1, 1), "XCR1");
		EXPECT(kvm_set_xcr(vcpu, 0, 1 | BIT_ULL(63)), "bit 63");
		vcpu_drop(vcpu);
		free(cpuid);
	}
}

TEST(test_apic_base, "APIC base: bits and mode changes (SDM 10.12.5)")
{
	static const u64 off = 0xfee00000, xapic = off | BIT(11), x2apic = xapic | BIT(10);
	/* From each mode to each, by the guest: SDM figure 10-27. */
	static const struct {
		u64 from, to;
		bool valid;
	} changes[] = {
		{ xapic, off, true }, { xapic, x2apic, true }, { xapic, xapic, true },
		{ x2apic, off, true }, { x2apic, xapic, false }, { x2apic, x2apic, true },
		{ off, xapic, true }, { off, x2apic, false }, { off, off | BIT(10), false },
	};
	struct kvm_cpuid2 *cpuid;
	struct kvm_vcpu *vcpu;
	unsigned int i, bit;

	host_reset(7);
	host_all_features();
	cpuid = supported();
	set_feature(cpuid, 1, ECX, 21, true);
	vcpu = vcpu_with(cpuid);
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		vcpu->arch.apic_base = changes[i].from;
		EXPECT(!kvm_set_apic_base(vcpu, changes[i].to, false) == changes[i].valid,
		       "%#llx to %#llx", changes[i].from, changes[i].to);
	}
	/* Reserved: 0 to 7, 9, and from MAXPHYADDR (46 here) on. */
	for (bit = 0; bit < 64; bit++)
		EXPECT(kvm_valid_apic_base(vcpu, xapic | BIT_ULL(bit)) ==
		       (bit == 8 || (bit >= 10 && bit < 46)), "bit %u", bit);
	vcpu_drop(vcpu);
	set_feature(cpuid, 1, ECX, 21, false);
	vcpu = vcpu_with(cpuid);
	EXPECT(!kvm_valid_apic_base(vcpu, x2apic), "x2APIC without its feature");
	vcpu_drop(vcpu);
	free(cpuid);
}
