// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that the kernel puts into a guest's address space itself: memory slots like any other, with
 * numbers that userspace cannot name.
 *
 * The memory behind them is the VMM's, mapped for it here: so the MMU and its notifier need no
 * second kind of page. Guest and VMM can write to it; whoever makes such a slot trusts its content
 * no more than other guest memory. Called from ioctls of the VM's own process; slots_lock guards
 * the slots.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <kvm/arch.h>
#include "core.h"

static int private_slot_map(struct kvm *kvm, enum kvm_private_slot id, gpa_t gpa,
			    const void *content)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = id, .guest_phys_addr = gpa, .memory_size = PAGE_SIZE,
	};
	unsigned long hva;
	int r;

	/* Shared: a page that is written is the same page for a child of fork(). */
	hva = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(hva))
		return hva;
	region.userspace_addr = hva;
	r = -EFAULT;
	if (!content || !copy_to_user((void __user *)hva, content, PAGE_SIZE))
		r = kvm_set_memory_region(kvm, &region);
	if (r)
		vm_munmap(hva, PAGE_SIZE);
	return r;
}

/* A vCPU that could not be made has left it where userspace now wants something else. */
static int private_slot_move(struct kvm *kvm, const struct kvm_memory_slot *slot, gpa_t gpa)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot->id, .guest_phys_addr = gpa, .memory_size = PAGE_SIZE,
		.userspace_addr = slot->userspace_addr,
	};

	return kvm_set_memory_region(kvm, &region);
}

/**
 * kvm_private_slot_create - one page of the kernel's own at @gpa
 * @kvm: the VM, of this process; slots_lock not held
 * @id: which; made once, moved if it is elsewhere, and there until the VM goes
 * @gpa: where, page-aligned
 * @content: its first content, a page; NULL: zeroes
 *
 * May sleep. Return: 0; -EEXIST when one of userspace's slots is in its place; -ENOMEM and other
 * errors of mmap(). On an error nothing has changed.
 */
int kvm_private_slot_create(struct kvm *kvm, enum kvm_private_slot id, gpa_t gpa,
			    const void *content)
{
	struct kvm_memory_slot *slot;
	int r;

	mutex_lock(&kvm->slots_lock);
	slot = kvm_id_to_slot(kvm, 0, id);
	r = slot ? private_slot_move(kvm, slot, gpa) : private_slot_map(kvm, id, gpa, content);
	mutex_unlock(&kvm->slots_lock);
	return r;
}
EXPORT_SYMBOL_GPL(kvm_private_slot_create);

/**
 * kvm_private_slots_unmap - take the pages out of the VMM's address space
 * @kvm: the VM, being destroyed; nobody else sees it any more
 *
 * Only in the VM's own process: another one that closes the last fd has no such mapping, and a
 * process that ends needs no help.
 */
void kvm_private_slots_unmap(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	unsigned int id;

	if (current->mm != kvm->mm)
		return;
	mutex_lock(&kvm->slots_lock);
	for (id = KVM_USER_MEM_SLOTS; id < KVM_SLOT_PRIVATE_END; id++) {
		slot = kvm_id_to_slot(kvm, 0, id);
		if (slot)
			vm_munmap(slot->userspace_addr, PAGE_SIZE);
	}
	mutex_unlock(&kvm->slots_lock);
}
