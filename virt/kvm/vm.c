// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a VM: created by KVM_CREATE_VM, referenced by its own fd, by each vCPU's fd and by device
 * fds, destroyed with the last of them, in whatever order they are closed.
 *
 * kvm_list_lock guards the list of all VMs. The ioctls on the VM fd are in vm_ioctl.c.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <kvm/arch.h>
#include <kvm/irq.h>
#include "core.h"

DEFINE_MUTEX(kvm_list_lock);
LIST_HEAD(kvm_vm_list);

static void init_locks(struct kvm *kvm)
{
	mutex_init(&kvm->lock);
	mutex_init(&kvm->slots_lock);
	rwlock_init(&kvm->mmu_lock);
	spin_lock_init(&kvm->mn_lock);
	refcount_set(&kvm->users, 1);
	INIT_LIST_HEAD(&kvm->vm_list);
	xa_init(&kvm->vcpus);
	xa_init(&kvm->vcpus_by_id);
	kvm_memslots_init(kvm);
}

static void list_vm(struct kvm *kvm)
{
	mutex_lock(&kvm_list_lock);
	list_add_tail(&kvm->vm_list, &kvm_vm_list);
	mutex_unlock(&kvm_list_lock);
}

static void unlist_vm(struct kvm *kvm)
{
	mutex_lock(&kvm_list_lock);
	list_del(&kvm->vm_list);
	mutex_unlock(&kvm_list_lock);
}

/* The parts of a VM that can fail, in order; undone in reverse by destroy_vm(). */
static int init_vm(struct kvm *kvm, unsigned long type)
{
	int r;

	r = init_srcu_struct(&kvm->srcu);
	if (r)
		return r;
	r = kvm_irq_init_vm(kvm);
	if (r)
		goto out_srcu;
	r = kvm_coalesced_init(kvm);
	if (r)
		goto out_irq;
	r = kvm_hardware_get();
	if (r)
		goto out_coalesced;
	r = kvm_arch_init_vm(kvm, type);
	if (r)
		goto out_hardware;
	r = kvm_mmu_notifier_register(kvm);
	if (r)
		goto out_arch;
	return 0;

out_arch:
	kvm_arch_destroy_vm(kvm);
out_hardware:
	kvm_hardware_put();
out_coalesced:
	kvm_coalesced_free(kvm);
out_irq:
	kvm_irq_destroy_vm(kvm);
out_srcu:
	cleanup_srcu_struct(&kvm->srcu);
	return r;
}

static struct kvm *create_vm(unsigned long type, int fd)
{
	struct kvm *kvm;
	int r;

	kvm = kzalloc(sizeof(*kvm), GFP_KERNEL_ACCOUNT);
	if (!kvm)
		return ERR_PTR(-ENOMEM);
	/*
	 * The fds pin the vendor module by their file_operations; a VM that outlives them (VFIO
	 * may hold one) needs it as well.
	 */
	__module_get(kvm_vendor);
	mmgrab(current->mm);
	kvm->mm = current->mm;
	kvm->creator = task_pid_nr(current);
	kvm->fd = fd;
	kvm->type = type;
	init_locks(kvm);
	r = init_vm(kvm, type);
	if (r) {
		mmdrop(kvm->mm);
		kfree(kvm);
		module_put(kvm_vendor);
		return ERR_PTR(r);
	}
	list_vm(kvm);
	kvm_vm_stats_create(kvm);
	return kvm;
}

/*
 * Nobody has a reference. The notifier goes first: after it no callback comes, and all
 * translations are gone. Then the vCPUs, with them the last readers of slots and buses.
 */
static void destroy_vm(struct kvm *kvm)
{
	struct mm_struct *mm = kvm->mm;

	kvm_vm_stats_destroy(kvm);
	unlist_vm(kvm);
	kvm_mmu_notifier_unregister(kvm);
	kvm_io_buses_free(kvm);
	kvm_arch_destroy_vm(kvm);
	kvm_private_slots_unmap(kvm);
	kvm_memslots_free(kvm);
	kvm_hardware_put();
	kvm_coalesced_free(kvm);
	kvm_irq_destroy_vm(kvm);
	cleanup_srcu_struct(&kvm->srcu);
	xa_destroy(&kvm->vcpus);
	xa_destroy(&kvm->vcpus_by_id);
	kfree(kvm);
	mmdrop(mm);
	module_put(kvm_vendor);
}

/** kvm_get_kvm - take another reference; the caller has one */
void kvm_get_kvm(struct kvm *kvm)
{
	refcount_inc(&kvm->users);
}

/**
 * kvm_get_kvm_safe - take a reference, unless the VM is being destroyed
 * @kvm: the VM, whose memory something else keeps
 *
 * Exported under this name because VFIO asks for it by name.
 */
bool kvm_get_kvm_safe(struct kvm *kvm)
{
	return refcount_inc_not_zero(&kvm->users);
}
EXPORT_SYMBOL_GPL(kvm_get_kvm_safe);

/** kvm_put_kvm - drop a reference; the last one destroys the VM. May sleep. */
void kvm_put_kvm(struct kvm *kvm)
{
	if (refcount_dec_and_test(&kvm->users))
		destroy_vm(kvm);
}
EXPORT_SYMBOL_GPL(kvm_put_kvm);

/**
 * kvm_vm_dead - no guest code of this VM runs any more; its ioctls return -EIO
 * @kvm: the VM
 *
 * For a state that cannot be repaired. The fds stay, and are closed as ever.
 */
void kvm_vm_dead(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	int i;

	WRITE_ONCE(kvm->dead, true);
	kvm_make_all_vcpus_request(kvm, KVM_REQ_VM_DEAD);
	/* And those that are halted. */
	kvm_for_each_vcpu(i, vcpu, kvm)
		kvm_vcpu_kick(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_vm_dead);

/* Expedited: with a normal grace period each change of a slot would take tens of milliseconds. */
void kvm_synchronize_readers(struct kvm *kvm)
{
	synchronize_srcu_expedited(&kvm->srcu);
}

static int vm_release(struct inode *inode, struct file *filp)
{
	struct kvm *kvm = filp->private_data;

	kvm_irqfd_release(kvm);
	kvm_put_kvm(kvm);
	return 0;
}

static void vm_show_fdinfo(struct seq_file *seq, struct file *filp)
{
	kvm_irqfd_show(filp->private_data, seq);
}

/* Not const for the owner's sake: see kvm_vm_fops_init(). */
static struct file_operations vm_fops = {
	.release = vm_release,
	.unlocked_ioctl = kvm_vm_ioctl,
	.compat_ioctl = kvm_vm_compat_ioctl,
	.llseek = noop_llseek,
	.show_fdinfo = vm_show_fdinfo,
};

/** kvm_vm_fops_init - VM fds pin @owner, the vendor module, until they are closed */
void kvm_vm_fops_init(struct module *owner)
{
	vm_fops.owner = owner;
}

/**
 * kvm_vm_create_fd - KVM_CREATE_VM (api.rst 4.2)
 * @type: KVM_X86_*_VM
 *
 * Return: the new fd; -EINVAL for an unknown type; -EBUSY when another hypervisor has the
 * hardware; -ENOMEM, -EMFILE.
 */
int kvm_vm_create_fd(unsigned long type)
{
	struct file *file;
	struct kvm *kvm;
	int fd, r;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	kvm = create_vm(type, fd);
	if (IS_ERR(kvm)) {
		r = PTR_ERR(kvm);
		goto out_fd;
	}
	file = anon_inode_getfile("kvm-vm", &vm_fops, kvm, O_RDWR);
	if (IS_ERR(file)) {
		r = PTR_ERR(file);
		goto out_vm;
	}
	fd_install(fd, file);
	return fd;

out_vm:
	kvm_put_kvm(kvm);
out_fd:
	put_unused_fd(fd);
	return r;
}
