// SPDX-License-Identifier: GPL-2.0-only
/* The host CPU that the tests write. */
#include "unit.h"

struct kvm_host_info kvm_host;

/* ---- the host ---- */

#define LEAVES	256

static struct host_leaf {
	u32 function, index, reg[4];
	bool used;
} leaves[LEAVES];

static struct host_leaf *find_leaf(u32 function, u32 index, bool add)
{
	int i;

	for (i = 0; i < LEAVES && leaves[i].used; i++)
		if (leaves[i].function == function && leaves[i].index == index)
			return &leaves[i];
	if (!add || i == LEAVES)
		return NULL;
	leaves[i] = (struct host_leaf){ .function = function, .index = index, .used = true };
	return &leaves[i];
}

u32 *host_cpuid(u32 function, u32 index, unsigned int reg)
{
	return &find_leaf(function, index, true)->reg[reg];
}

void cpuid_count(u32 function, u32 index, u32 *a, u32 *b, u32 *c, u32 *d)
{
	struct host_leaf *leaf = find_leaf(function, index, false);

	*a = leaf ? leaf->reg[EAX] : 0;
	*b = leaf ? leaf->reg[EBX] : 0;
	*c = leaf ? leaf->reg[ECX] : 0;
	*d = leaf ? leaf->reg[EDX] : 0;
}

u32 cpuid_eax(u32 function)
{
	struct host_leaf *leaf = find_leaf(function, 0, false);

	return leaf ? leaf->reg[EAX] : 0;
}

/* The kernel uses all that the CPU has. */
bool boot_cpu_has(unsigned int feature)
{
	return true;
}

bool host_is_amd(bool amd)
{
	static const u32 names[2][3] = {
		{ 0x756e6547, 0x6c65746e, 0x49656e69 },		/* GenuineIntel: b, c, d */
		{ 0x68747541, 0x444d4163, 0x69746e65 },		/* AuthenticAMD */
	};

	*host_cpuid(0, 0, EBX) = names[amd][0];
	*host_cpuid(0, 0, ECX) = names[amd][1];
	*host_cpuid(0, 0, EDX) = names[amd][2];
	return amd;
}

/* Leaf 0xD as CPUs with AVX-512 and PKU have it: size and offset of each component. */
static const struct {
	u32 index, size, offset;
	bool align64;
} components[] = {
	{ 2, 256, 576, false }, { 3, 64, 960, false }, { 4, 64, 1024, false },
	{ 5, 64, 1088, false }, { 6, 512, 1152, false }, { 7, 1024, 1664, false },
	{ 9, 8, 2688, false }, { 17, 64, 2752, true }, { 18, 8192, 2816, true },
};

/* A CPU with the leaves that there are and no feature. */
void host_reset(u64 xcr0)
{
	unsigned int i;

	memset(leaves, 0, sizeof(leaves));
	kvm_host.supported_xcr0 = xcr0;
	host_is_amd(true);
	*host_cpuid(0, 0, EAX) = 0x1f;
	*host_cpuid(7, 0, EAX) = 2;
	*host_cpuid(0x80000000, 0, EAX) = 0x80000021;
	*host_cpuid(0x80000008, 0, EAX) = 48 << 8 | 46;
	for (i = 0; i < ARRAY_SIZE(components); i++) {
		*host_cpuid(0xd, components[i].index, EAX) = components[i].size;
		*host_cpuid(0xd, components[i].index, EBX) = components[i].offset;
		*host_cpuid(0xd, components[i].index, ECX) = components[i].align64 ? 2 : 0;
	}
}

/* Every bit of every register that holds features. */
void host_all_features(void)
{
	static const struct {
		u32 function, index;
		u8 reg;
	} words[] = {
		{ 1, 0, ECX }, { 1, 0, EDX }, { 6, 0, EAX }, { 7, 0, EBX }, { 7, 0, ECX },
		{ 7, 0, EDX }, { 7, 1, EAX }, { 7, 1, EDX }, { 0xd, 1, EAX },
		{ 0x80000001, 0, ECX }, { 0x80000001, 0, EDX }, { 0x80000007, 0, EDX },
		{ 0x80000008, 0, EBX }, { 0x8000000a, 0, EDX }, { 0x8000001f, 0, EAX },
		{ 0x80000021, 0, EAX },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		*host_cpuid(words[i].function, words[i].index, words[i].reg) = ~0u;
	kvm_set_cpu_caps();
}

/* ---- the vCPU ---- */

struct kvm_cpuid2 *supported(void)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + KVM_CPUID_MAX_ENTRIES *
					  sizeof(cpuid->entries[0]));

	cpuid->nent = KVM_CPUID_MAX_ENTRIES;
	EXPECT(!kvm_dev_ioctl_get_cpuid(cpuid, KVM_GET_SUPPORTED_CPUID), "the list is refused");
	return cpuid;
}

struct kvm_cpuid_entry2 *entry(struct kvm_cpuid2 *cpuid, u32 function, u32 index)
{
	u32 i;

	for (i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		if (e->function == function &&
		    (e->index == index || !(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX)))
			return e;
	}
	return NULL;
}

struct kvm_vcpu *vcpu_with(struct kvm_cpuid2 *cpuid)
{
	struct kvm_vcpu *vcpu = calloc(1, sizeof(*vcpu));

	vcpu->kvm = calloc(1, sizeof(*vcpu->kvm));
	vcpu->arch.cr0 = X86_CR0_PE | X86_CR0_ET;
	vcpu->arch.xcr0 = XFEATURE_MASK_FP;
	kvm_cpuid_init(vcpu);
	if (cpuid)
		EXPECT(!kvm_vcpu_ioctl_set_cpuid2(vcpu, cpuid), "the CPUID is refused");
	return vcpu;
}

void vcpu_drop(struct kvm_vcpu *vcpu)
{
	kvm_cpuid_free(vcpu);
	free(vcpu->kvm);
	free(vcpu);
}
