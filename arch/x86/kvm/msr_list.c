// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which MSRs a VMM should save and restore, and which tell features: KVM_GET_MSR_INDEX_LIST and
 * KVM_GET_MSR_FEATURE_INDEX_LIST.
 *
 * The lists are made once, at module load, from candidates that this CPU turns out to have; they
 * are read without a lock after that.
 */
#include <linux/uaccess.h>
#include <asm/msr.h>
#include <asm/mtrr.h>
#include "x86.h"

/* The CPU's own: offered when a read on this host succeeds. */
static const u32 kvm_hardware_msrs[] = {
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
	MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SYSCALL_MASK, MSR_KERNEL_GS_BASE,
	MSR_IA32_TSC, MSR_IA32_CR_PAT, MSR_TSC_AUX, MSR_IA32_SPEC_CTRL,
};

/* Ours: offered unless the vendor says no. */
static const u32 kvm_emulated_msrs[] = {
	MSR_IA32_TSC_ADJUST, MSR_IA32_TSC_DEADLINE, MSR_IA32_MISC_ENABLE,
	MSR_IA32_MCG_STATUS, MSR_IA32_MCG_CTL, MSR_IA32_UCODE_REV, MSR_IA32_ARCH_CAPABILITIES,
	MSR_PLATFORM_INFO, MSR_K7_HWCR,
	MSR_AMD64_VIRT_SPEC_CTRL,
	MSR_MTRRdefType,
	MSR_MTRRfix64K_00000, MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000,
	MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_C8000, MSR_MTRRfix4K_D0000, MSR_MTRRfix4K_D8000,
	MSR_MTRRfix4K_E0000, MSR_MTRRfix4K_E8000, MSR_MTRRfix4K_F0000, MSR_MTRRfix4K_F8000,
	MTRRphysBase_MSR(0), MTRRphysMask_MSR(0), MTRRphysBase_MSR(1), MTRRphysMask_MSR(1),
	MTRRphysBase_MSR(2), MTRRphysMask_MSR(2), MTRRphysBase_MSR(3), MTRRphysMask_MSR(3),
	MTRRphysBase_MSR(4), MTRRphysMask_MSR(4), MTRRphysBase_MSR(5), MTRRphysMask_MSR(5),
	MTRRphysBase_MSR(6), MTRRphysMask_MSR(6), MTRRphysBase_MSR(7), MTRRphysMask_MSR(7),
};

static const u32 kvm_feature_msr_candidates[] = {
	MSR_IA32_UCODE_REV, MSR_IA32_ARCH_CAPABILITIES, MSR_AMD64_DE_CFG,
	MSR_IA32_PERF_CAPABILITIES,
};

static struct {
	u32 count;
	u32 msrs[ARRAY_SIZE(kvm_hardware_msrs) + ARRAY_SIZE(kvm_emulated_msrs)];
} kvm_saved_msrs __read_mostly;

static struct {
	u32 count;
	u32 msrs[ARRAY_SIZE(kvm_feature_msr_candidates)];
} kvm_feature_msrs __read_mostly;

/* What IA32_ARCH_CAPABILITIES may say to a guest: immunities, no switches that need an MSR. */
#define KVM_ARCH_CAP_GIVEN	(ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_RSBA |		\
				 ARCH_CAP_SKIP_VMENTRY_L1DFLUSH | ARCH_CAP_SSB_NO |		\
				 ARCH_CAP_MDS_NO | ARCH_CAP_PSCHANGE_MC_NO | ARCH_CAP_TAA_NO |	\
				 ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO |	\
				 ARCH_CAP_FB_CLEAR | ARCH_CAP_RRSBA | ARCH_CAP_BHI_NO |		\
				 ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO | ARCH_CAP_RFDS_NO |	\
				 ARCH_CAP_RFDS_CLEAR)

/*
 * The revision that is loaded, where the vendor's CPUs have it: Intel's high half, AMD's low one.
 */
static u64 kvm_microcode_revision(void)
{
	u64 revision = boot_cpu_data.microcode;

	return boot_cpu_data.x86_vendor == X86_VENDOR_INTEL ? revision << 32 : revision;
}

/**
 * kvm_get_feature_msr - the value of an MSR that tells what this host can do
 * @index: MSR number
 * @data: its value
 *
 * Return: 0 with *@data filled; not 0: not a feature MSR, *@data untouched.
 */
int kvm_get_feature_msr(u32 index, u64 *data)
{
	switch (index) {
	case MSR_IA32_UCODE_REV:
		*data = kvm_microcode_revision();
		return 0;
	case MSR_IA32_PERF_CAPABILITIES:
		*data = 0;	/* no PMU; VMMs read it before they ask CPUID for PDCM */
		return 0;
	case MSR_IA32_ARCH_CAPABILITIES:
		if (!kvm_cpu_cap_has(X86_FEATURE_ARCH_CAPABILITIES))
			return 1;
		*data = kvm_host.arch_capabilities & KVM_ARCH_CAP_GIVEN;
		return 0;
	default:
		return kvm_x86_call(get_feature_msr)(index, data);
	}
}

/* Any bit of SPEC_CTRL, by Intel's names for them or by AMD's. */
static bool kvm_spec_ctrl_given(void)
{
	return kvm_cpu_cap_has(X86_FEATURE_SPEC_CTRL) ||
	       kvm_cpu_cap_has(X86_FEATURE_INTEL_STIBP) ||
	       kvm_cpu_cap_has(X86_FEATURE_SPEC_CTRL_SSBD) ||
	       kvm_cpu_cap_has(X86_FEATURE_AMD_IBRS) ||
	       kvm_cpu_cap_has(X86_FEATURE_AMD_STIBP) || kvm_cpu_cap_has(X86_FEATURE_AMD_SSBD);
}

/* An MSR that a CPU may have and the guest's CPUID can never show need not be saved. */
static bool kvm_hardware_msr_offered(u32 index)
{
	u64 value;

	if (rdmsrl_safe(index, &value))
		return false;
	switch (index) {
	case MSR_TSC_AUX:
		return kvm_cpu_cap_has(X86_FEATURE_RDTSCP) || kvm_cpu_cap_has(X86_FEATURE_RDPID);
	case MSR_IA32_SPEC_CTRL:
		return kvm_spec_ctrl_given();
	default:
		return true;
	}
}

static bool kvm_emulated_msr_offered(u32 index)
{
	if (index == MSR_IA32_ARCH_CAPABILITIES && !kvm_cpu_cap_has(X86_FEATURE_ARCH_CAPABILITIES))
		return false;
	return kvm_x86_call(has_emulated_msr)(index);
}

static void kvm_feature_list_init(void)
{
	u64 value;
	int i;

	kvm_feature_msrs.count = 0;
	for (i = 0; i < ARRAY_SIZE(kvm_feature_msr_candidates); i++)
		if (!kvm_get_feature_msr(kvm_feature_msr_candidates[i], &value))
			kvm_feature_msrs.msrs[kvm_feature_msrs.count++] =
				kvm_feature_msr_candidates[i];
}

/** kvm_msr_lists_init - module load, after the vendor's set_cpu_caps(); always 0 */
int kvm_msr_lists_init(void)
{
	int i;

	kvm_saved_msrs.count = 0;
	for (i = 0; i < ARRAY_SIZE(kvm_hardware_msrs); i++)
		if (kvm_hardware_msr_offered(kvm_hardware_msrs[i]))
			kvm_saved_msrs.msrs[kvm_saved_msrs.count++] = kvm_hardware_msrs[i];
	for (i = 0; i < ARRAY_SIZE(kvm_emulated_msrs); i++)
		if (kvm_emulated_msr_offered(kvm_emulated_msrs[i]))
			kvm_saved_msrs.msrs[kvm_saved_msrs.count++] = kvm_emulated_msrs[i];
	kvm_feature_list_init();
	return 0;
}

/** kvm_msr_is_saved - is @index in KVM_GET_MSR_INDEX_LIST? Not for the exit path. */
bool kvm_msr_is_saved(u32 index)
{
	u32 i;

	for (i = 0; i < kvm_saved_msrs.count; i++)
		if (kvm_saved_msrs.msrs[i] == index)
			return true;
	return false;
}

static int kvm_msr_list_copy(struct kvm_msr_list __user *arg, const u32 *msrs, u32 count)
{
	u32 room;

	if (get_user(room, &arg->nmsrs) || put_user(count, &arg->nmsrs))
		return -EFAULT;
	if (room < count)
		return -E2BIG;
	if (copy_to_user(arg->indices, msrs, count * sizeof(u32)))
		return -EFAULT;
	return 0;
}

/**
 * kvm_dev_ioctl_msr_index_list - KVM_GET_MSR_INDEX_LIST (api.rst 4.3)
 * @arg: userspace's buffer
 *
 * Return: 0; -E2BIG, with the number needed in @arg->nmsrs; -EFAULT.
 */
int kvm_dev_ioctl_msr_index_list(struct kvm_msr_list __user *arg)
{
	return kvm_msr_list_copy(arg, kvm_saved_msrs.msrs, kvm_saved_msrs.count);
}

/** kvm_dev_ioctl_msr_feature_list - KVM_GET_MSR_FEATURE_INDEX_LIST; as above */
int kvm_dev_ioctl_msr_feature_list(struct kvm_msr_list __user *arg)
{
	return kvm_msr_list_copy(arg, kvm_feature_msrs.msrs, kvm_feature_msrs.count);
}
