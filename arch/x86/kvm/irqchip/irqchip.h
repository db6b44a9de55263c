/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controllers in the kernel: what their files offer each other and the run loop.
 *
 * Two shapes (kvm->arch.irqchip_mode, set once under kvm->lock before the first vCPU): KERNEL has
 * PIC pair, IOAPIC and a LAPIC per vCPU here; SPLIT only the LAPICs, and MSI routes. Locks, outer
 * first: kvm->lock, ioapic->lock, pic->lock, and nothing under a LAPIC: its registers belong to the
 * vCPU's thread, IRR and the mailbox of INIT and SIPI are atomic.
 */
#ifndef __KVM_IRQCHIP_H
#define __KVM_IRQCHIP_H

#include <kvm/irq.h>

struct kvm_enable_cap;
struct kvm_vcpu;

enum kvm_irqchip_mode {
	KVM_IRQCHIP_NONE,	/* all of it in userspace */
	KVM_IRQCHIP_KERNEL,
	KVM_IRQCHIP_SPLIT,
};

/* Delivery modes: SDM 11.6.1, Interrupt Command Register, bits 10:8. */
enum kvm_apic_mode {
	KVM_APIC_FIXED = 0,
	KVM_APIC_LOWEST = 1,
	KVM_APIC_SMI = 2,
	KVM_APIC_REMRD = 3,
	KVM_APIC_NMI = 4,
	KVM_APIC_INIT = 5,
	KVM_APIC_STARTUP = 6,
	KVM_APIC_EXTINT = 7,
};

/* Destination shorthands: ICR bits 19:18. */
enum kvm_apic_shorthand {
	KVM_APIC_DEST_FIELD = 0,
	KVM_APIC_DEST_SELF = 1,
	KVM_APIC_DEST_ALL = 2,
	KVM_APIC_DEST_OTHERS = 3,
};

/**
 * struct kvm_apic_message - an interrupt message, as the ICR, an IOAPIC pin or an MSI sends it
 * @dest: destination: 8 bits from xAPIC senders, 32 from x2APIC and from MSIs with
 *   KVM_X2APIC_API_USE_32BIT_IDS
 * @vector: 0 … 255
 * @mode: how it is delivered
 * @shorthand: ICR only
 * @logical: @dest is a logical destination
 * @level: level triggered, so that the receiver's EOI is told to the IOAPICs
 * @assert: false for INIT level de-assert
 * @x2apic: @dest is an x2APIC's 32-bit id, in which 0xff is no broadcast
 * @redirect: MSI's redirection hint: as KVM_APIC_LOWEST
 */
struct kvm_apic_message {
	u32 dest;
	u8 vector;
	enum kvm_apic_mode mode;
	enum kvm_apic_shorthand shorthand;
	bool logical;
	bool level;
	bool assert;
	bool x2apic;
	bool redirect;
};

/* delivery.c: destination maps (RCU). Any context. > 0 reached, 0 coalesced, -1 nobody. */
int kvm_apic_send(struct kvm *kvm, struct kvm_vcpu *src, const struct kvm_apic_message *msg);
/* may @vcpu be among the destinations? For who must know which LAPICs will EOI. */
bool kvm_apic_is_dest(struct kvm_vcpu *vcpu, const struct kvm_apic_message *msg);

/* ioapic.c, pic.c, pit.c, msi.c: what the LAPICs and the run loop ask of them. */

/* The vCPU's LAPIC has seen EOI of @vector; interrupts on. KERNEL mode only. */
void kvm_ioapic_eoi(struct kvm_vcpu *vcpu, u8 vector);
/*
 * KVM_REQ_SCAN_IOAPIC: set the bits of those vectors whose EOI by @vcpu somebody must be told:
 * level-triggered pins or MSI routes that can reach it, and edge pins with an ack notifier. Both
 * modes (SPLIT: the routes of the table that userspace gave; an EOI then is KVM_EXIT_IOAPIC_EOI).
 */
void kvm_irqchip_scan_eoi_vectors(struct kvm_vcpu *vcpu, unsigned long *vectors);

/* The PIC pair's INTR output, which goes to LINT0 of every LAPIC, and its INTA cycle. */
bool kvm_pic_has_irq(struct kvm *kvm);
int kvm_pic_ack_irq(struct kvm *kvm);		/* the vector */

/*
 * lapic.c: PIC's INTR output went up; wake a vCPU whose LAPIC accepts ExtINT (LVT0, or a disabled
 * LAPIC: MP specification 3.6.2, virtual wire mode).
 */
void kvm_lapic_pic_raised(struct kvm *kvm);

/* irqchip.c: ioctls and teardown */
long kvm_irqchip_ioctl(struct kvm *kvm, unsigned int ioctl, void __user *argp);
int kvm_irqchip_split(struct kvm *kvm, const struct kvm_enable_cap *cap);
void kvm_irqchip_destroy_vm(struct kvm *kvm);

#endif
