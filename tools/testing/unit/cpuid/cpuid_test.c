// SPDX-License-Identifier: GPL-2.0-only
/* What KVM_GET_SUPPORTED_CPUID gives, how entries are found, and the sizes of XSAVE areas. */
#include "unit.h"

static u32 reg_of(const struct kvm_cpuid_entry2 *e, unsigned int reg)
{
	return (&e->eax)[reg];
}

/* Registers whose bits are features; those that we make ourselves whatever the host has. */
static const struct {
	u32 function, index;
	u8 reg;
	u32 made;
} words[] = {
	{ 1, 0, ECX, 1u << 31 | 1u << 21 }, { 1, 0, EDX, 0 }, { 6, 0, EAX, 1u << 2 },
	{ 7, 0, EBX, 1u << 1 },
	{ 7, 0, ECX, 0 }, { 7, 0, EDX, 0 }, { 7, 1, EAX, 0 }, { 7, 1, EDX, 0 }, { 0xd, 1, EAX, 0 },
	{ 0x80000001, 0, ECX, 0 }, { 0x80000001, 0, EDX, 0 }, { 0x80000007, 0, EDX, 0 },
	{ 0x80000008, 0, EBX, 0 }, { 0x80000021, 0, EAX, 0 },
};

TEST(test_supported_subset, "supported CPUID: never more than the host has")
{
	unsigned int round, i;

	for (round = 0; round < 500; round++) {
		struct kvm_cpuid2 *cpuid;

		host_reset(round & 1 ? 0x2e7 : 0);
		for (i = 0; i < ARRAY_SIZE(words); i++)
			*host_cpuid(words[i].function, words[i].index, words[i].reg) =
				(u32)unit_random();
		kvm_set_cpu_caps();
		cpuid = supported();
		for (i = 0; i < ARRAY_SIZE(words); i++) {
			struct kvm_cpuid_entry2 *e = entry(cpuid, words[i].function,
							   words[i].index);
			u32 host = *host_cpuid(words[i].function, words[i].index, words[i].reg);

			if (!e)
				continue;
			EXPECT(!(reg_of(e, words[i].reg) & ~(host | words[i].made)),
			       "leaf %#x.%u register %u: %#x of %#x", words[i].function,
			       words[i].index, words[i].reg, reg_of(e, words[i].reg), host);
			EXPECT((reg_of(e, words[i].reg) & words[i].made) == words[i].made,
			       "leaf %#x: what we make ourselves", words[i].function);
		}
		free(cpuid);
	}
}

TEST(test_never_given, "supported CPUID: what is never given")
{
	static const struct {
		const char *name;
		u32 function, index;
		u8 reg, bit;
	} never[] = {
		{ "DTES64", 1, 0, ECX, 2 }, { "MONITOR", 1, 0, ECX, 3 }, { "VMX", 1, 0, ECX, 5 },
		{ "SMX", 1, 0, ECX, 6 }, { "PDCM", 1, 0, ECX, 15 },
		{ "TSC deadline", 1, 0, ECX, 24 }, { "DS", 1, 0, EDX, 21 },
		{ "ACPI", 1, 0, EDX, 22 }, { "SGX", 7, 0, EBX, 2 }, { "MPX", 7, 0, EBX, 14 },
		{ "Intel PT", 7, 0, EBX, 25 }, { "WAITPKG", 7, 0, ECX, 5 },
		{ "CET shadow stack", 7, 0, ECX, 7 }, { "ENQCMD", 7, 0, ECX, 29 },
		{ "PKS", 7, 0, ECX, 31 }, { "AMX", 7, 0, EDX, 24 }, { "CET IBT", 7, 0, EDX, 20 },
		{ "XSAVES", 0xd, 1, EAX, 3 }, { "XFD", 0xd, 1, EAX, 4 },
		{ "SVM", 0x80000001, 0, ECX, 2 }, { "IBS", 0x80000001, 0, ECX, 10 },
		{ "SKINIT", 0x80000001, 0, ECX, 12 },
	};
	struct kvm_cpuid2 *cpuid;
	unsigned int i;

	host_reset(0x2e7);
	host_all_features();
	cpuid = supported();
	for (i = 0; i < ARRAY_SIZE(never); i++) {
		struct kvm_cpuid_entry2 *e = entry(cpuid, never[i].function, never[i].index);

		EXPECT(e && !(reg_of(e, never[i].reg) & 1u << never[i].bit), "%s", never[i].name);
	}
	/* Nor OSXSAVE and OSPKE, which follow the guest's CR4. */
	EXPECT(!(entry(cpuid, 1, 0)->ecx & 1u << 27), "OSXSAVE");
	EXPECT(!(entry(cpuid, 7, 0)->ecx & 1u << 4), "OSPKE");
	EXPECT(!entry(cpuid, 0xd, 18), "AMX tile data");
	free(cpuid);
}

TEST(test_supported_room, "supported CPUID: room, exact and one short")
{
	struct kvm_cpuid2 *cpuid;
	u32 right;

	host_reset(0x2e7);
	host_all_features();
	cpuid = supported();
	right = cpuid->nent;
	EXPECT(!kvm_dev_ioctl_get_cpuid(cpuid, KVM_GET_SUPPORTED_CPUID), "just enough");
	cpuid->nent = right - 1;
	EXPECT(kvm_dev_ioctl_get_cpuid(cpuid, KVM_GET_SUPPORTED_CPUID) == -E2BIG, "one short");
	EXPECT(cpuid->nent == right - 1, "nent changed with an error");
	cpuid->nent = 0;
	EXPECT(kvm_dev_ioctl_get_cpuid(cpuid, KVM_GET_EMULATED_CPUID) == -E2BIG, "none");
	cpuid->nent = ~0u;
	EXPECT(!kvm_dev_ioctl_get_cpuid(cpuid, KVM_GET_SUPPORTED_CPUID) && cpuid->nent == right,
	       "more than enough");
	free(cpuid);
}

TEST(test_runtime_bits, "runtime bits: OSXSAVE, OSPKE, APIC and XSAVE's size")
{
	struct kvm_cpuid2 *cpuid;
	struct kvm_vcpu *vcpu;

	host_reset(0x2e7);
	host_all_features();
	cpuid = supported();
	vcpu = vcpu_with(cpuid);
	EXPECT(!(kvm_find_cpuid_entry(vcpu, 1, 0)->ecx & 1u << 27), "OSXSAVE before");
	EXPECT(!kvm_set_cr4(vcpu, X86_CR4_OSXSAVE | X86_CR4_PKE), "CR4");
	EXPECT(kvm_find_cpuid_entry(vcpu, 1, 0)->ecx & 1u << 27, "OSXSAVE after");
	EXPECT(kvm_find_cpuid_entry(vcpu, 7, 0)->ecx & 1u << 4, "OSPKE after");
	EXPECT(!kvm_set_cr4(vcpu, 0), "CR4");
	EXPECT(!(kvm_find_cpuid_entry(vcpu, 1, 0)->ecx & 1u << 27), "OSXSAVE cleared");
	EXPECT(!(kvm_find_cpuid_entry(vcpu, 7, 0)->ecx & 1u << 4), "OSPKE cleared");

	EXPECT(!kvm_set_apic_base(vcpu, 0xfee00800, true), "APIC on");
	EXPECT(kvm_find_cpuid_entry(vcpu, 1, 0)->edx & 1u << 9, "APIC bit on");
	EXPECT(!kvm_set_apic_base(vcpu, 0xfee00000, true), "APIC off");
	EXPECT(!(kvm_find_cpuid_entry(vcpu, 1, 0)->edx & 1u << 9), "APIC bit off");

	EXPECT(kvm_find_cpuid_entry(vcpu, 0xd, 0)->ebx == 576, "XSAVE size for x87 alone");
	EXPECT(!kvm_set_xcr(vcpu, 0, 7), "XCR0 with AVX");
	EXPECT(kvm_find_cpuid_entry(vcpu, 0xd, 0)->ebx == 832, "XSAVE size for AVX");
	EXPECT(kvm_find_cpuid_entry(vcpu, 0xd, 0)->ecx == 2696, "XSAVE size for all");
	/* A vCPU that has run takes its own CPUID again, and no other. */
	vcpu->arch.ran = true;
	EXPECT(!kvm_vcpu_ioctl_set_cpuid2(vcpu, cpuid), "the same again");
	entry(cpuid, 0x80000001, 0)->edx ^= 1u << 20;
	EXPECT(kvm_vcpu_ioctl_set_cpuid2(vcpu, cpuid) == -EINVAL, "another one");
	vcpu_drop(vcpu);
	free(cpuid);
}

TEST(test_lookup, "look-up: random entries against a linear search")
{
	static const u32 starts[] = { 0, 0x40000000, 0x80000000, 0xc0000000, 60, 0x8000003c };
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + 256 * sizeof(cpuid->entries[0]));
	unsigned int round, i;

	host_reset(0);
	kvm_set_cpu_caps();
	for (round = 0; round < 300; round++) {
		struct kvm_vcpu *vcpu;

		cpuid->nent = unit_random() % 257;
		for (i = 0; i < cpuid->nent; i++)
			cpuid->entries[i] = (struct kvm_cpuid_entry2){
				.function = starts[unit_random() % 6] + unit_random() % 10,
				.index = unit_random() % 4, .flags = unit_random() % 2,
				.ecx = i, .edx = i,
			};
		/* Leaf 0x80000008 with a width of its own would be refused. */
		for (i = 0; i < cpuid->nent; i++)
			if (cpuid->entries[i].function == 0x80000008)
				cpuid->entries[i].eax = 48 << 8 | 40;
		vcpu = vcpu_with(cpuid);
		for (i = 0; i < 500; i++) {
			u32 function = starts[unit_random() % 6] + unit_random() % 11;
			u32 index = unit_random() % 5;
			struct kvm_cpuid_entry2 *want = entry(cpuid, function, index);
			struct kvm_cpuid_entry2 *got = kvm_find_cpuid_entry(vcpu, function, index);

			/* The position of the entry tells it from others of the same leaf. */
			EXPECT(!got == !want && (!got || got - vcpu->arch.cpuid_entries ==
						 want - cpuid->entries),
			       "leaf %#x.%u", function, index);
		}
		vcpu_drop(vcpu);
	}
	free(cpuid);
}

TEST(test_out_of_range, "look-up: leaves out of range, by vendor")
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[3];
	} list = { .head.nent = 3 };
	unsigned int amd;

	for (amd = 0; amd < 2; amd++) {
		u32 a = 0x5000, b = 0, c = 0, d = 0;
		struct kvm_vcpu *vcpu;

		host_reset(0);
		kvm_set_cpu_caps();
		host_is_amd(amd);
		list.entries[0] = (struct kvm_cpuid_entry2){
			.eax = 2, .ebx = *host_cpuid(0, 0, EBX), .ecx = *host_cpuid(0, 0, ECX),
			.edx = *host_cpuid(0, 0, EDX),
		};
		list.entries[1] = (struct kvm_cpuid_entry2){ .function = 1, .eax = 0x111 };
		list.entries[2] = (struct kvm_cpuid_entry2){ .function = 2, .eax = 0x222 };
		vcpu = vcpu_with(&list.head);
		/* Intel: the highest basic leaf's answer (SDM vol. 2, CPUID); AMD: zeros. */
		EXPECT(!kvm_cpuid(vcpu, &a, &b, &c, &d), "an entry for a leaf that is not there");
		EXPECT(a == (amd ? 0u : 0x222u), "%s: %#x", amd ? "AMD" : "Intel", a);
		a = 1;
		EXPECT(kvm_cpuid(vcpu, &a, &b, &c, &d) && a == 0x111, "leaf 1: %#x", a);
		/* The hypervisor's range is never redirected. */
		a = 0x40000005;
		kvm_cpuid(vcpu, &a, &b, &c, &d);
		EXPECT(a == 0, "hypervisor leaf: %#x", a);
		vcpu_drop(vcpu);
	}
}

/* SDM vol. 1, 13.4.2 and 13.4.3, straight from the table of components. */
static u32 model_size(u64 xfeatures, bool compacted)
{
	u32 size = 576, i;

	for (i = 2; i < 63; i++) {
		u32 bytes = *host_cpuid(0xd, i, EAX), offset = *host_cpuid(0xd, i, EBX);

		if (!(xfeatures >> i & 1))
			continue;
		if (!compacted) {
			size = max(size, offset + bytes);
			continue;
		}
		if (*host_cpuid(0xd, i, ECX) & 2)
			size = (size + 63) / 64 * 64;
		size += bytes;
	}
	return size;
}

TEST(test_xsave_sizes, "XSAVE sizes: known layouts and a model")
{
	u64 xfeatures;

	host_reset(0x602e7);
	kvm_set_cpu_caps();
	EXPECT(kvm_xsave_size(1, false) == 576, "x87");
	EXPECT(kvm_xsave_size(7, false) == 832, "AVX");
	EXPECT(kvm_xsave_size(0xe7, false) == 2688, "AVX-512");
	EXPECT(kvm_xsave_size(0x2e7, false) == 2696, "PKRU");
	EXPECT(kvm_xsave_size(0x2e7, true) == 576 + 256 + 64 + 512 + 1024 + 8, "compacted");
	/* After PKRU's 8 bytes the tile configuration is aligned again. */
	EXPECT(kvm_xsave_size(0x202 | BIT_ULL(17), true) == 576 + 64 + 64, "aligned");
	EXPECT(kvm_xsave2_size(NULL) == 2816 + 8192, "KVM_CAP_XSAVE2 with tiles");
	for (xfeatures = 0; xfeatures < 0x400; xfeatures++) {
		u64 tiles = (xfeatures & 3) << 17;

		EXPECT(kvm_xsave_size(xfeatures | tiles, false) ==
		       model_size(xfeatures | tiles, false), "%#llx", xfeatures | tiles);
		EXPECT(kvm_xsave_size(xfeatures | tiles, true) ==
		       model_size(xfeatures | tiles, true), "%#llx compacted", xfeatures | tiles);
	}
	host_reset(7);
	kvm_set_cpu_caps();
	EXPECT(kvm_xsave2_size(NULL) == 4096, "KVM_CAP_XSAVE2 is 4096 at least");
}

TEST(test_maxphyaddr, "physical address width")
{
	static const struct {
		u32 said;
		u8 is;
	} widths[] = { { 36, 36 }, { 39, 39 }, { 46, 46 }, { 52, 52 }, { 0, 32 }, { 57, 52 } };
	struct kvm_cpuid2 *cpuid;
	struct kvm_vcpu *vcpu;
	unsigned int i;

	host_reset(7);
	host_all_features();
	cpuid = supported();
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		entry(cpuid, 0x80000008, 0)->eax = 48 << 8 | widths[i].said;
		vcpu = vcpu_with(cpuid);
		EXPECT(vcpu->arch.maxphyaddr == widths[i].is, "%u becomes %u", widths[i].said,
		       vcpu->arch.maxphyaddr);
		EXPECT(vcpu->arch.reserved_gpa_bits == ~0ull << widths[i].is, "%#llx",
		       vcpu->arch.reserved_gpa_bits);
		vcpu_drop(vcpu);
	}
	/* No leaf for it: 36 (SDM 4.1.4). And a linear width that no CPU has is refused. */
	vcpu = vcpu_with(NULL);
	EXPECT(vcpu->arch.maxphyaddr == 36, "%u", vcpu->arch.maxphyaddr);
	entry(cpuid, 0x80000008, 0)->eax = 52 << 8 | 46;
	EXPECT(kvm_vcpu_ioctl_set_cpuid2(vcpu, cpuid) == -EINVAL, "52 linear bits");
	vcpu_drop(vcpu);
	free(cpuid);
}
