/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of virt/kvm/ say to each other and to nobody else.
 */
#ifndef __KVM_CORE_H
#define __KVM_CORE_H

#include <linux/types.h>

struct file;
struct kvm;
struct kvm_irq_ack_notifier;
struct kvm_vcpu;
struct module;
struct seq_file;

/* main.c */
extern struct module *kvm_vendor;	/* who called kvm_init(); NULL between kvm_exit() and it */
int kvm_check_extension(struct kvm *kvm, long ext);

/* vm.c */
void kvm_vm_fops_init(struct module *owner);

/* vm_ioctl.c */
long kvm_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
long kvm_vm_compat_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);

/* vcpu.c */
int kvm_vcpu_module_init(size_t size, size_t align, struct module *owner);
void kvm_vcpu_module_exit(void);

/* vcpu_ioctl.c */
long kvm_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
long kvm_vcpu_compat_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);

/* kick.c */
int kvm_kick_init(void);
void kvm_kick_exit(void);

/* irq_routing.c */
int kvm_irq_send_atomic(struct kvm *kvm, u32 gsi);
void kvm_irq_link_ack_notifier(struct kvm *kvm, struct kvm_irq_ack_notifier *notifier);
void kvm_irq_unlink_ack_notifier(struct kvm *kvm, struct kvm_irq_ack_notifier *notifier);

/* irqfd.c */
int kvm_irqfd_init(void);
void kvm_irqfd_exit(void);
void kvm_irqfd_show(struct kvm *kvm, struct seq_file *seq);

/* mmu_notifier.c */
void kvm_mmu_slot_appeared(struct kvm *kvm);
bool kvm_mmu_let_others_in(struct kvm *kvm, bool flush);

/* The vCPU's mmapped area: kvm_run, the PIO page, the ring of coalesced writes (api.rst 4.5). */
#define KVM_VCPU_MMAP_PAGES	3

#endif
