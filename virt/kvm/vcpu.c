// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of a vCPU: created under kvm->lock, put on a CPU and taken off by its thread and by the
 * scheduler, freed with its VM. The ioctls on its fd are in vcpu_ioctl.c.
 *
 * A vCPU never leaves its VM while that lives, so a pointer to one is good as long as a reference
 * on the VM is held.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <kvm/arch.h>
#include <compat/compat.h>
#include "core.h"

static struct kmem_cache *vcpu_cache;

/* ---- on a CPU and off ---- */

static void load_on_cpu(struct kvm_vcpu *vcpu, int cpu)
{
	kvm_arch_vcpu_load(vcpu, cpu);
	/* A kicker reads it after it has seen IN_GUEST_MODE: see kvm_vcpu_kick(). */
	WRITE_ONCE(vcpu->cpu, cpu);
}

static void unload_from_cpu(struct kvm_vcpu *vcpu)
{
	kvm_arch_vcpu_put(vcpu);
}

static inline struct kvm_vcpu *notifier_to_vcpu(struct preempt_notifier *pn)
{
	return container_of(pn, struct kvm_vcpu, preempt_notifier);
}

static void vcpu_sched_in(struct preempt_notifier *pn, int cpu)
{
	struct kvm_vcpu *vcpu = notifier_to_vcpu(pn);

	WRITE_ONCE(vcpu->preempted, false);
	kvm_arch_sched_in(vcpu, cpu);
	load_on_cpu(vcpu, cpu);
}

static void vcpu_sched_out(struct preempt_notifier *pn, struct task_struct *next)
{
	struct kvm_vcpu *vcpu = notifier_to_vcpu(pn);

	/* A task that did not ask to sleep was pushed off: it would run if it could. */
	if (task_is_running(current)) {
		vcpu->stat.preemption_other++;
		WRITE_ONCE(vcpu->preempted, true);
	}
	unload_from_cpu(vcpu);
}

static struct preempt_ops vcpu_preempt_ops = {
	.sched_in = vcpu_sched_in,
	.sched_out = vcpu_sched_out,
};

/**
 * vcpu_load - put the vCPU on this CPU, and keep it with this thread wherever that goes
 * @vcpu: the vCPU; its mutex is held
 *
 * Until vcpu_put() the scheduler's notifiers take it off and put it on again. Preemption is as
 * before on return.
 */
void vcpu_load(struct kvm_vcpu *vcpu)
{
	int cpu = get_cpu();

	vcpu->loaded = true;
	preempt_notifier_register(&vcpu->preempt_notifier);
	load_on_cpu(vcpu, cpu);
	put_cpu();
}
EXPORT_SYMBOL_GPL(vcpu_load);

/** vcpu_put - undo vcpu_load() */
void vcpu_put(struct kvm_vcpu *vcpu)
{
	preempt_disable();
	unload_from_cpu(vcpu);
	preempt_notifier_unregister(&vcpu->preempt_notifier);
	vcpu->loaded = false;
	preempt_enable();
}
EXPORT_SYMBOL_GPL(vcpu_put);

/* ---- the mmapped area ---- */

/* What the page @pgoff of the area is; NULL: nothing. */
static struct page *vcpu_area_page(struct kvm_vcpu *vcpu, unsigned long pgoff)
{
	switch (pgoff) {
	case 0:
		return virt_to_page(vcpu->run);
	case KVM_PIO_PAGE_OFFSET:
		return virt_to_page(vcpu->arch.pio_data);
	case KVM_COALESCED_MMIO_PAGE_OFFSET:
		return virt_to_page(vcpu->kvm->coalesced_ring);
	default:
		if (pgoff < KVM_DIRTY_LOG_PAGE_OFFSET)
			return NULL;
		return kvm_dirty_ring_page(vcpu, pgoff - KVM_DIRTY_LOG_PAGE_OFFSET);
	}
}

static vm_fault_t vcpu_fault(struct vm_fault *vmf)
{
	struct page *page = vcpu_area_page(vmf->vma->vm_file->private_data, vmf->pgoff);

	if (!page)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct vcpu_vm_ops = {
	.fault = vcpu_fault,
};

/* The dirty ring is shared or not mapped at all: a private copy would never see an entry. */
static int vcpu_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct kvm_vcpu *vcpu = filp->private_data;

	if (vcpu->dirty_ring.gfns && vma->vm_pgoff + vma_pages(vma) > KVM_DIRTY_LOG_PAGE_OFFSET &&
	    (vma->vm_flags & VM_EXEC || !(vma->vm_flags & VM_SHARED)))
		return -EINVAL;
	vma->vm_ops = &vcpu_vm_ops;
	return 0;
}

/* ---- the fd ---- */

static int vcpu_release(struct inode *inode, struct file *filp)
{
	struct kvm_vcpu *vcpu = filp->private_data;

	kvm_put_kvm(vcpu->kvm);
	return 0;
}

/* Not const: the owner is the vendor module. */
static struct file_operations vcpu_fops = {
	.release = vcpu_release,
	.unlocked_ioctl = kvm_vcpu_ioctl,
	.compat_ioctl = kvm_vcpu_compat_ioctl,
	.mmap = vcpu_mmap,
	.llseek = noop_llseek,
};

static struct file *vcpu_file(struct kvm_vcpu *vcpu)
{
	char name[sizeof("kvm-vcpu:") + 10];

	snprintf(name, sizeof(name), "kvm-vcpu:%d", vcpu->id);
	return anon_inode_getfile(name, &vcpu_fops, vcpu, O_RDWR);
}

/* ---- creation ---- */

static int alloc_parts(struct kvm_vcpu *vcpu)
{
	BUILD_BUG_ON(sizeof(struct kvm_run) > PAGE_SIZE);
	vcpu->run = (struct kvm_run *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->run)
		return -ENOMEM;
	vcpu->host = kvm_compat_vcpu_alloc(vcpu->run);
	if (!vcpu->host) {
		free_page((unsigned long)vcpu->run);
		return -ENOMEM;
	}
	return 0;
}

static void free_parts(struct kvm_vcpu *vcpu)
{
	kvm_compat_vcpu_free(vcpu->host);
	free_page((unsigned long)vcpu->run);
}

static struct kvm_vcpu *create_vcpu(struct kvm *kvm, u32 id)
{
	struct kvm_vcpu *vcpu;
	int r;

	vcpu = kmem_cache_zalloc(vcpu_cache, GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return ERR_PTR(-ENOMEM);
	vcpu->kvm = kvm;
	vcpu->id = id;
	vcpu->cpu = -1;
	mutex_init(&vcpu->mutex);
	rcuwait_init(&vcpu->wait);
	preempt_notifier_init(&vcpu->preempt_notifier, &vcpu_preempt_ops);
	r = alloc_parts(vcpu);
	if (r)
		goto out_vcpu;
	r = kvm_dirty_ring_alloc(vcpu);
	if (r)
		goto out_parts;
	r = kvm_arch_vcpu_create(vcpu);
	if (r)
		goto out_ring;
	return vcpu;

out_ring:
	kvm_dirty_ring_free(vcpu);
out_parts:
	free_parts(vcpu);
out_vcpu:
	kmem_cache_free(vcpu_cache, vcpu);
	return ERR_PTR(r);
}

static void free_vcpu(struct kvm_vcpu *vcpu)
{
	kvm_arch_vcpu_destroy(vcpu);
	/* Nobody runs it, nobody can find it: a reader of pid would need the VM. */
	put_pid(rcu_dereference_protected(vcpu->pid, 1));
	kvm_dirty_ring_free(vcpu);
	free_parts(vcpu);
	kmem_cache_free(vcpu_cache, vcpu);
}

/* Room for the vCPU in both arrays, so that showing it cannot fail; kvm->lock held. */
static int reserve_places(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	int r;

	if (xa_load(&kvm->vcpus_by_id, vcpu->id))
		return -EEXIST;
	vcpu->index = atomic_read(&kvm->online_vcpus);
	r = xa_reserve(&kvm->vcpus, vcpu->index, GFP_KERNEL_ACCOUNT);
	if (r)
		return r;
	r = xa_reserve(&kvm->vcpus_by_id, vcpu->id, GFP_KERNEL_ACCOUNT);
	if (r)
		xa_release(&kvm->vcpus, vcpu->index);
	return r;
}

static void release_places(struct kvm_vcpu *vcpu)
{
	xa_release(&vcpu->kvm->vcpus, vcpu->index);
	xa_release(&vcpu->kvm->vcpus_by_id, vcpu->id);
}

/*
 * Show the vCPU to everybody, and return a file for it. Readers must never see a vCPU that goes
 * away again, so all that may fail comes first; kvm->lock held.
 */
static struct file *publish_vcpu(struct kvm_vcpu *vcpu)
{
	struct kvm *kvm = vcpu->kvm;
	struct file *file;
	int r;

	r = reserve_places(vcpu);
	if (r)
		return ERR_PTR(r);
	file = vcpu_file(vcpu);
	if (IS_ERR(file)) {
		release_places(vcpu);
		return file;
	}
	kvm_get_kvm(kvm);	/* put by vcpu_release() */
	xa_store(&kvm->vcpus, vcpu->index, vcpu, GFP_KERNEL_ACCOUNT);
	xa_store(&kvm->vcpus_by_id, vcpu->id, vcpu, GFP_KERNEL_ACCOUNT);
	smp_wmb(); /* the vCPU before its count; pairs with smp_rmb() in kvm_get_vcpu() */
	atomic_inc(&kvm->online_vcpus);
	return file;
}

static int install_vcpu(struct kvm_vcpu *vcpu)
{
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	mutex_lock(&vcpu->kvm->lock);
	file = publish_vcpu(vcpu);
	mutex_unlock(&vcpu->kvm->lock);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	/* Before fd_install(): another thread may guess the fd, and run it or close it. */
	kvm_arch_vcpu_postcreate(vcpu);
	kvm_vcpu_stats_create(vcpu);
	fd_install(fd, file);
	return fd;
}

static int reserve_vcpu(struct kvm *kvm, u32 id)
{
	int r;

	mutex_lock(&kvm->lock);
	if (kvm->created_vcpus >= KVM_VCPUS_MAX)
		r = -EINVAL;
	else if (xa_load(&kvm->vcpus_by_id, id))
		r = -EEXIST;
	else
		r = kvm_arch_vcpu_precreate(kvm, id);
	if (!r)
		kvm->created_vcpus++;
	mutex_unlock(&kvm->lock);
	return r;
}

static void unreserve_vcpu(struct kvm *kvm)
{
	mutex_lock(&kvm->lock);
	kvm->created_vcpus--;
	mutex_unlock(&kvm->lock);
}

/**
 * kvm_vm_ioctl_create_vcpu - KVM_CREATE_VCPU (api.rst 4.7)
 * @kvm: the VM
 * @id: the vCPU's number, its APIC id on x86
 *
 * Return: the new fd; -EINVAL when @id or the number of vCPUs is beyond the bound; -EEXIST;
 * -ENOMEM, -EMFILE.
 */
int kvm_vm_ioctl_create_vcpu(struct kvm *kvm, u32 id)
{
	struct kvm_vcpu *vcpu;
	int r;

	if (id >= KVM_VCPU_ID_MAX)
		return -EINVAL;
	r = reserve_vcpu(kvm, id);
	if (r)
		return r;
	vcpu = create_vcpu(kvm, id);
	if (IS_ERR(vcpu)) {
		r = PTR_ERR(vcpu);
		goto out_unreserve;
	}
	r = install_vcpu(vcpu);
	if (r < 0)
		goto out_vcpu;
	return r;

out_vcpu:
	free_vcpu(vcpu);
out_unreserve:
	unreserve_vcpu(kvm);
	return r;
}

/**
 * kvm_destroy_vcpus - free all vCPUs
 * @kvm: the VM, which is being destroyed: nobody else sees it
 *
 * Called by kvm_arch_destroy_vm() at the moment that suits its page tables.
 */
void kvm_destroy_vcpus(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long index;

	xa_for_each(&kvm->vcpus, index, vcpu) {
		xa_erase(&kvm->vcpus_by_id, vcpu->id);
		xa_erase(&kvm->vcpus, index);
		free_vcpu(vcpu);
	}
	atomic_set(&kvm->online_vcpus, 0);
}

/* ---- module ---- */

/**
 * kvm_vcpu_module_init - make the slab of vCPUs
 * @size: bytes of the vendor's vCPU
 * @align: its alignment
 * @owner: pinned by each vCPU fd
 *
 * Return: 0 or -ENOMEM.
 */
int kvm_vcpu_module_init(size_t size, size_t align, struct module *owner)
{
	/* Ioctls copy to and from the x86 part only: hardened usercopy refuses all the rest. */
	vcpu_cache = kmem_cache_create_usercopy("kvm_vcpu", size, align, SLAB_ACCOUNT,
						offsetof(struct kvm_vcpu, arch),
						sizeof_field(struct kvm_vcpu, arch), NULL);
	if (!vcpu_cache)
		return -ENOMEM;
	vcpu_fops.owner = owner;
	return 0;
}

/** kvm_vcpu_module_exit - undo kvm_vcpu_module_init(); no vCPU is left */
void kvm_vcpu_module_exit(void)
{
	kmem_cache_destroy(vcpu_cache);
}
