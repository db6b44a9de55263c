// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machine-check banks: KVM_X86_SETUP_MCE, KVM_X86_SET_MCE and the MSRs (SDM 15.3, APM2 9.3).
 *
 * Owns kvm_vcpu_arch.mce_banks (control, status, address and misc of each bank) and the MCG
 * registers. Called from the vCPU's ioctls and MSR accesses; under the vCPU's mutex.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <asm/mce.h>
#include "x86.h"

#define KVM_MCE_REGS		4		/* of a bank: CTL, STATUS, ADDR, MISC */
#define KVM_MCE_STATUS_REG	1
#define KVM_HWCR_STATUS_WRITE	BIT_ULL(18)	/* AMD's HWCR.McStatusWrEn (APM2 3.2.10) */

/** kvm_mce_cap_supported - what KVM_X86_GET_MCE_CAP_SUPPORTED says, in MCG_CAP's format */
u64 kvm_mce_cap_supported(void)
{
	return MCG_CTL_P | MCG_SER_P;
}

/** kvm_mce_create - banks of a new vCPU; 0 or -ENOMEM */
int kvm_mce_create(struct kvm_vcpu *vcpu)
{
	vcpu->arch.mce_banks = kcalloc(KVM_MCE_BANKS * KVM_MCE_REGS, sizeof(u64),
				       GFP_KERNEL_ACCOUNT);
	if (!vcpu->arch.mce_banks)
		return -ENOMEM;
	vcpu->arch.mcg_cap = KVM_MCE_BANKS;
	return 0;
}

/** kvm_mce_free - the vCPU goes */
void kvm_mce_free(struct kvm_vcpu *vcpu)
{
	kfree(vcpu->arch.mce_banks);
	vcpu->arch.mce_banks = NULL;
}

static unsigned int kvm_mce_nr_banks(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.mcg_cap & MCG_BANKCNT_MASK;
}

/* The register of the bank MSR @msr, or NULL: not a bank, or one beyond MCG_CAP.Count. */
static u64 *kvm_mce_bank_reg(struct kvm_vcpu *vcpu, u32 msr)
{
	u32 offset = msr - MSR_IA32_MC0_CTL;

	if (offset >= kvm_mce_nr_banks(vcpu) * KVM_MCE_REGS)
		return NULL;
	return &vcpu->arch.mce_banks[array_index_nospec(offset, KVM_MCE_BANKS * KVM_MCE_REGS)];
}

/** kvm_mce_is_msr - is it a machine-check MSR of this vCPU? */
bool kvm_mce_is_msr(struct kvm_vcpu *vcpu, u32 msr)
{
	switch (msr) {
	case MSR_IA32_MCG_CAP:
	case MSR_IA32_MCG_STATUS:
	case MSR_IA32_MCG_CTL:
		return true;
	default:
		return kvm_mce_bank_reg(vcpu, msr);
	}
}

/** kvm_mce_get_msr - read one; 0, or 1: MCG_CTL without MCG_CAP.MCG_CTL_P */
int kvm_mce_get_msr(struct kvm_vcpu *vcpu, u32 msr, u64 *data, bool host_initiated)
{
	switch (msr) {
	case MSR_IA32_MCG_CAP:
		*data = vcpu->arch.mcg_cap;
		return 0;
	case MSR_IA32_MCG_STATUS:
		*data = vcpu->arch.mcg_status;
		return 0;
	case MSR_IA32_MCG_CTL:
		if (!(vcpu->arch.mcg_cap & MCG_CTL_P) && !host_initiated)
			return 1;
		*data = vcpu->arch.mcg_ctl;
		return 0;
	default:
		*data = *kvm_mce_bank_reg(vcpu, msr);
		return 0;
	}
}

/* SDM 15.3.1.3: MCG_CTL takes all ones or all zeros. */
static int kvm_mce_set_ctl(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	if (!(vcpu->arch.mcg_cap & MCG_CTL_P) && (msr->data || !msr->host_initiated))
		return 1;
	if (!msr->host_initiated && msr->data != 0 && msr->data != ~0ull)
		return 1;
	vcpu->arch.mcg_ctl = msr->data;
	return 0;
}

/* SDM 15.3.2.2: software may only clear a status register, but for AMD's test mode. */
static int kvm_mce_set_bank(struct kvm_vcpu *vcpu, const struct msr_data *msr)
{
	u32 reg = (msr->index - MSR_IA32_MC0_CTL) % KVM_MCE_REGS;

	if (!msr->host_initiated && reg == KVM_MCE_STATUS_REG && msr->data &&
	    !(vcpu->arch.msr_hwcr & KVM_HWCR_STATUS_WRITE))
		return 1;
	*kvm_mce_bank_reg(vcpu, msr->index) = msr->data;
	return 0;
}

/** kvm_mce_set_msr - write one that kvm_mce_is_msr(); 0, or 1: #GP(0) */
int kvm_mce_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	switch (msr->index) {
	case MSR_IA32_MCG_CAP:
		return 1;
	case MSR_IA32_MCG_STATUS:
		vcpu->arch.mcg_status = msr->data;
		return 0;
	case MSR_IA32_MCG_CTL:
		return kvm_mce_set_ctl(vcpu, msr);
	default:
		return kvm_mce_set_bank(vcpu, msr);
	}
}

/**
 * kvm_vcpu_setup_mce - KVM_X86_SETUP_MCE (api.rst 4.105)
 * @vcpu: the vCPU
 * @mcg_cap: number of banks, and the capabilities wanted
 *
 * Return: 0; -EINVAL: no bank or too many, or a capability we have not got.
 */
int kvm_vcpu_setup_mce(struct kvm_vcpu *vcpu, u64 mcg_cap)
{
	u64 banks = mcg_cap & MCG_BANKCNT_MASK;
	int i;

	if (!banks || banks > KVM_MCE_BANKS)
		return -EINVAL;
	if (mcg_cap & ~(kvm_mce_cap_supported() | MCG_BANKCNT_MASK | MCG_EXT_CNT_MASK))
		return -EINVAL;
	vcpu->arch.mcg_cap = mcg_cap;
	vcpu->arch.mcg_ctl = mcg_cap & MCG_CTL_P ? ~0ull : 0;
	for (i = 0; i < banks; i++)
		vcpu->arch.mce_banks[i * KVM_MCE_REGS] = ~0ull;
	return 0;
}

static void kvm_mce_record(u64 *bank, const struct kvm_x86_mce *mce)
{
	u64 lost = bank[1] & MCI_STATUS_VAL ? MCI_STATUS_OVER : 0;

	bank[1] = mce->status | lost;
	bank[2] = mce->addr;
	bank[3] = mce->misc;
}

/* An error within a machine check, or with #MC disabled, shuts the CPU down (SDM 15.10.4.1). */
static void kvm_mce_uncorrected(struct kvm_vcpu *vcpu, u64 *bank, const struct kvm_x86_mce *mce)
{
	if ((vcpu->arch.mcg_status & MCG_STATUS_MCIP) || !kvm_cr4_bits(vcpu, X86_CR4_MCE)) {
		kvm_make_request(KVM_REQ_TRIPLE_FAULT, vcpu);
		return;
	}
	kvm_mce_record(bank, mce);
	vcpu->arch.mcg_status = mce->mcg_status;
	kvm_queue_exception(vcpu, MC_VECTOR);
}

/**
 * kvm_vcpu_set_mce - KVM_X86_SET_MCE (api.rst 4.106): inject or log a machine-check error
 * @vcpu: the vCPU
 * @mce: the error
 *
 * An uncorrected error that the guest has switched off, in MCG_CTL or in the bank's control, is
 * dropped as hardware drops it.
 *
 * Return: 0; -EINVAL: no such bank, or status without VAL.
 */
int kvm_vcpu_set_mce(struct kvm_vcpu *vcpu, const struct kvm_x86_mce *mce)
{
	u64 *bank;

	if (mce->bank >= kvm_mce_nr_banks(vcpu) || !(mce->status & MCI_STATUS_VAL))
		return -EINVAL;
	bank = &vcpu->arch.mce_banks[array_index_nospec(mce->bank, KVM_MCE_BANKS) * KVM_MCE_REGS];

	if (mce->status & MCI_STATUS_UC) {
		bool ctl = vcpu->arch.mcg_cap & MCG_CTL_P;

		if (ctl && (vcpu->arch.mcg_ctl != ~0ull || bank[0] != ~0ull))
			return 0;
		kvm_mce_uncorrected(vcpu, bank, mce);
	} else if ((bank[1] & MCI_STATUS_VAL) && (bank[1] & MCI_STATUS_UC)) {
		bank[1] |= MCI_STATUS_OVER;
	} else {
		kvm_mce_record(bank, mce);
	}
	return 0;
}
