/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the whole in-kernel irqchip (PIC pair, IOAPIC, PIT) and of the routes have of
 * each other; for the rest of the house: irqchip.h.
 */
#ifndef __KVM_IRQCHIP_CHIPS_H
#define __KVM_IRQCHIP_CHIPS_H

#include "../x86.h"
#include "irqchip.h"

/* irqchip.c */
bool kvm_irqchip_unplug(struct kvm *kvm, enum kvm_bus bus, struct kvm_io_device *dev);

/* pic.c */
int kvm_pic_create(struct kvm *kvm);
void kvm_pic_destroy(struct kvm *kvm);
int kvm_pic_set(struct kvm *kvm, unsigned int line, enum kvm_irq_source source, bool level);
void kvm_pic_get_state(struct kvm *kvm, unsigned int chip, struct kvm_pic_state *state);
int kvm_pic_set_state(struct kvm *kvm, unsigned int chip, const struct kvm_pic_state *state);

/* ioapic.c */
int kvm_ioapic_create(struct kvm *kvm);
void kvm_ioapic_destroy(struct kvm *kvm);
int kvm_ioapic_set(struct kvm *kvm, unsigned int pin, enum kvm_irq_source source, bool level);
void kvm_ioapic_scan(struct kvm_vcpu *vcpu, unsigned long *vectors);
void kvm_ioapic_get_state(struct kvm *kvm, struct kvm_ioapic_state *state);
int kvm_ioapic_set_state(struct kvm *kvm, const struct kvm_ioapic_state *state);

/* pit.c */
int kvm_pit_create(struct kvm *kvm, u32 flags);
void kvm_pit_destroy(struct kvm *kvm);
void kvm_pit_unmasked(struct kvm *kvm, unsigned int chip, unsigned int pin);
long kvm_pit_ioctl(struct kvm *kvm, unsigned int ioctl, void __user *argp);

/* msi.c */
bool kvm_msi_valid(struct kvm *kvm, u32 address_hi);
struct kvm_apic_message kvm_msi_message(struct kvm *kvm, u32 address_lo, u32 address_hi, u32 data);
int kvm_msi_send(struct kvm *kvm, u32 address_lo, u32 address_hi, u32 data);
int kvm_signal_msi(struct kvm *kvm, const struct kvm_msi *msi);

#endif
