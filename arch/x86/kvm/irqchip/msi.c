// SPDX-License-Identifier: GPL-2.0-only
/*
 * Message signalled interrupts: from a PCI device's address and data (SDM 11.11) to a message for
 * the LAPICs. No state, no lock.
 */
#include "chips.h"

/* Address, low half: SDM 11.11.1. */
#define ADDRESS_DEST_SHIFT	12
#define ADDRESS_DEST_MASK	0xff
#define ADDRESS_REDIRECT	BIT(3)
#define ADDRESS_LOGICAL		BIT(2)

/* Data: SDM 11.11.2. */
#define DATA_MODE_SHIFT		8
#define DATA_ASSERT		BIT(14)
#define DATA_LEVEL		BIT(15)

/* KVM_CAP_X2APIC_API: bits 31:8 of a destination are in bits 31:8 of the address's high half. */
#define ADDRESS_HI_RESERVED	0xff

static bool ids_have_32_bits(struct kvm *kvm)
{
	return READ_ONCE(kvm->arch.x2apic_api) & KVM_X2APIC_API_USE_32BIT_IDS;
}

/* Else 0xff means all, in x2APIC mode as well (api.rst 7.7). */
static bool no_broadcast_quirk(struct kvm *kvm)
{
	return READ_ONCE(kvm->arch.x2apic_api) & KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK;
}

/** kvm_msi_valid - may an MSI have this high half of an address? (api.rst 4.52, 4.71) */
bool kvm_msi_valid(struct kvm *kvm, u32 address_hi)
{
	return !ids_have_32_bits(kvm) || !(address_hi & ADDRESS_HI_RESERVED);
}

/**
 * kvm_msi_message - the message of an MSI
 * @kvm: the VM
 * @address_lo: the address it is written to
 * @address_hi: its high half, ignored without KVM_X2APIC_API_USE_32BIT_IDS
 * @data: what is written
 */
struct kvm_apic_message kvm_msi_message(struct kvm *kvm, u32 address_lo, u32 address_hi, u32 data)
{
	bool wide = ids_have_32_bits(kvm);

	return (struct kvm_apic_message) {
		.dest = (address_lo >> ADDRESS_DEST_SHIFT & ADDRESS_DEST_MASK) |
			(wide ? address_hi & ~ADDRESS_HI_RESERVED : 0),
		.vector = data,
		.mode = data >> DATA_MODE_SHIFT & 7,
		.logical = address_lo & ADDRESS_LOGICAL,
		.redirect = address_lo & ADDRESS_REDIRECT,
		.level = data & DATA_LEVEL,
		.assert = data & DATA_ASSERT,
		.x2apic = wide && no_broadcast_quirk(kvm),
	};
}

/**
 * kvm_msi_send - a device writes @data to the address
 * @kvm: the VM; any context
 * @address_lo: as kvm_msi_message()
 * @address_hi: likewise
 * @data: likewise
 *
 * Any message delivers but an INIT level de-assert: an I/O APIC in userspace sends its level
 * interrupts without the bit that says "assert", as QEMU's does (SDM 11.11.2, 11.6.1).
 *
 * Return: > 0 delivered; 0 coalesced; -1 nobody is there.
 */
int kvm_msi_send(struct kvm *kvm, u32 address_lo, u32 address_hi, u32 data)
{
	struct kvm_apic_message msg = kvm_msi_message(kvm, address_lo, address_hi, data);

	return kvm_apic_send(kvm, NULL, &msg);
}

/**
 * kvm_signal_msi - KVM_SIGNAL_MSI
 * @kvm: the VM
 * @msi: the argument
 *
 * Return: > 0 delivered; 0: the guest blocks it; -EINVAL: flags, bits of the address that must be
 * 0, or no irqchip.
 */
int kvm_signal_msi(struct kvm *kvm, const struct kvm_msi *msi)
{
	if (!kvm_arch_irqchip_in_kernel(kvm) || msi->flags || !kvm_msi_valid(kvm, msi->address_hi))
		return -EINVAL;
	return max(kvm_msi_send(kvm, msi->address_lo, msi->address_hi, msi->data), 0);
}
