/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one door between the generic core (virt/kvm/) and the architecture (arch/x86/kvm/).
 *
 * kvm_arch_*: the architecture implements, the core calls. kvm_*: the other way round.
 */
#ifndef __KVM_ARCH_H
#define __KVM_ARCH_H

#include <kvm/guest_mem.h>
#include <kvm/vcpu.h>
#include <kvm/vm.h>

struct kvm_x86_ops;
struct module;
struct file;

/*
 * --- the core, called by a vendor module ---------------------------------------------------------
 */
int kvm_init(const struct kvm_x86_ops *ops, size_t vcpu_size, size_t vcpu_align,
	     struct module *owner);
void kvm_exit(void);

/*
 * --- hardware.c: virtualization on while a VM exists
 * -----------------------------------------------
 */
int kvm_hardware_init(void);
void kvm_hardware_exit(void);
/* first VM: on, on every CPU; errno and nothing changed otherwise */
int kvm_hardware_get(void);
void kvm_hardware_put(void);		/* last VM: off */
extern bool kvm_rebooting;

/*
 * --- module
 * ----------------------------------------------------------------------------------------
 */
int kvm_arch_init(const struct kvm_x86_ops *ops);	/* before /dev/kvm appears */
void kvm_arch_exit(void);				/* after it has gone */
int kvm_arch_check_processor_compat(void);		/* on each online CPU, interrupts off */
int kvm_arch_hardware_enable(void);			/* on this CPU, interrupts off */
/* on this CPU, interrupts off; idempotent */
void kvm_arch_hardware_disable(void);
void kvm_arch_suspend(void);		/* on the last CPU, interrupts off */
void kvm_arch_resume(void);

/*
 * --- /dev/kvm
 * --------------------------------------------------------------------------------------
 */
long kvm_arch_dev_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
int kvm_arch_check_extension(struct kvm *kvm, long ext);	/* kvm is NULL on /dev/kvm */

/*
 * --- VM
 * --------------------------------------------------------------------------------------------
 */
int kvm_vm_enable_generic_cap(struct kvm *kvm, const struct kvm_enable_cap *cap);
int kvm_arch_init_vm(struct kvm *kvm, unsigned long type);
void kvm_arch_destroy_vm(struct kvm *kvm);
long kvm_arch_vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);

/*
 * --- vCPU
 * ------------------------------------------------------------------------------------------
 */
int kvm_arch_vcpu_precreate(struct kvm *kvm, u32 id);
int kvm_arch_vcpu_create(struct kvm_vcpu *vcpu);
void kvm_arch_vcpu_postcreate(struct kvm_vcpu *vcpu);	/* it is online: nothing may fail */
void kvm_arch_vcpu_destroy(struct kvm_vcpu *vcpu);
void kvm_arch_vcpu_load(struct kvm_vcpu *vcpu, int cpu);	/* preemption disabled */
void kvm_arch_vcpu_put(struct kvm_vcpu *vcpu);			/* preemption disabled */
void kvm_arch_sched_in(struct kvm_vcpu *vcpu, int cpu);
/* loaded, mutex held */
long kvm_arch_vcpu_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg);
int kvm_arch_vcpu_ioctl_run(struct kvm_vcpu *vcpu);	/* loaded, mutex held */
/* by the vCPU's thread: need a halted vCPU wait no longer? */
bool kvm_arch_vcpu_wakes(struct kvm_vcpu *vcpu);

/*
 * --- memory
 * ----------------------------------------------------------------------------------------
 */
enum kvm_slot_change { KVM_SLOT_CREATE, KVM_SLOT_DELETE, KVM_SLOT_MOVE, KVM_SLOT_FLAGS };

/*
 * slots_lock held. prepare may fail and then nothing has changed; commit follows the publication.
 */
int kvm_arch_prepare_slot(struct kvm *kvm, const struct kvm_memory_slot *old,
			  struct kvm_memory_slot *new, enum kvm_slot_change change);
void kvm_arch_commit_slot(struct kvm *kvm, const struct kvm_memory_slot *old,
			  const struct kvm_memory_slot *new, enum kvm_slot_change change);
void kvm_arch_free_slot(struct kvm *kvm, struct kvm_memory_slot *slot);

/* All translations of a slot must go, now: it is being deleted or moved. slots_lock held. */
void kvm_arch_flush_slot(struct kvm *kvm, struct kvm_memory_slot *slot);

/*
 * The notifier's calls: mmu_lock held exclusive, and not to be dropped meanwhile. True: the caller
 * must flush remote TLBs.
 */
bool kvm_arch_unmap_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range);
/* true: was young */
bool kvm_arch_age_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range);
bool kvm_arch_test_age_gfn_range(struct kvm *kvm, struct kvm_gfn_range *range);

/*
 * Make the next write to those pages of @slot noticed whose bit is set in @mask, bit 0 being page
 * @offset; mmu_lock held exclusive, the caller flushes remote TLBs.
 */
void kvm_arch_write_protect_mask(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t offset,
				 unsigned long mask);
/* Memory at @gpa, within one page, was written for the vCPU; its thread, no lock held. */
void kvm_arch_guest_written(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int len);
/* Bring what hardware has noted of writes to @slot into its bitmap. slots_lock held; may sleep. */
void kvm_arch_sync_dirty_log(struct kvm *kvm, struct kvm_memory_slot *slot);
/* The log of @nr pages from @offset on is about to be cleared. slots_lock held; may sleep. */
void kvm_arch_prepare_clear(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t offset, gfn_t nr);
/* The VM, which has no vCPU yet, shall enter each written page in a ring at once. */
void kvm_arch_dirty_ring_enabled(struct kvm *kvm);
/* Entries that hardware may add to a ring between two looks at it. */
unsigned int kvm_arch_dirty_ring_reserve(void);
void kvm_arch_flush_shadow_all(struct kvm *kvm);	/* the mm goes away; no lock held */

#endif
