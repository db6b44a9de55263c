// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics in debugfs: kvm/<stat>, the sum over all VMs; kvm/<pid>-<fd>/<stat>, of one VM, a
 * vCPU's counter being summed over its vCPUs; kvm/<pid>-<fd>/vcpu<N>/stats, all of one vCPU.
 *
 * Reading takes no reference on the VM: removing a debugfs file waits for its readers, and a VM
 * removes its files before anything else goes. Writing 0 clears, as tools expect. A missing debugfs
 * is no error.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <kvm/arch.h>

/* One counter: its name and where it is, in a struct kvm or in each struct kvm_vcpu. */
struct stat_desc {
	const char *name;
	unsigned int offset;
	bool per_vcpu;
};

#define VM_STAT_DESC(counter)	{ #counter, offsetof(struct kvm, stat.counter), false },
#define VCPU_STAT_DESC(counter)	{ #counter, offsetof(struct kvm_vcpu, stat.counter), true },

static const struct stat_desc stat_descs[] = {
	KVM_VM_STATS(VM_STAT_DESC)
	KVM_VCPU_STATS(VCPU_STAT_DESC)
};

/* What a file of one VM shows. */
struct kvm_stat_file {
	struct kvm *kvm;
	const struct stat_desc *desc;
};

static struct dentry *root;

/* ---- values ---- */

/* Counters are written without a lock by who owns them; a reader may be one behind. */
static u64 *vm_counter(struct kvm *kvm, const struct stat_desc *desc)
{
	return (void *)kvm + desc->offset;
}

static u64 *vcpu_counter(struct kvm_vcpu *vcpu, const struct stat_desc *desc)
{
	return (void *)vcpu + desc->offset;
}

static u64 stat_read(struct kvm *kvm, const struct stat_desc *desc)
{
	struct kvm_vcpu *vcpu;
	u64 sum = 0;
	int i;

	if (!desc->per_vcpu)
		return READ_ONCE(*vm_counter(kvm, desc));
	kvm_for_each_vcpu(i, vcpu, kvm)
		sum += READ_ONCE(*vcpu_counter(vcpu, desc));
	return sum;
}

static void stat_clear(struct kvm *kvm, const struct stat_desc *desc)
{
	struct kvm_vcpu *vcpu;
	int i;

	if (!desc->per_vcpu) {
		WRITE_ONCE(*vm_counter(kvm, desc), 0);
		return;
	}
	kvm_for_each_vcpu(i, vcpu, kvm)
		WRITE_ONCE(*vcpu_counter(vcpu, desc), 0);
}

/* ---- files ---- */

static int vm_stat_get(void *data, u64 *value)
{
	struct kvm_stat_file *file = data;

	*value = stat_read(file->kvm, file->desc);
	return 0;
}

static int vm_stat_set(void *data, u64 value)
{
	struct kvm_stat_file *file = data;

	if (value)
		return -EINVAL;
	stat_clear(file->kvm, file->desc);
	return 0;
}

DEFINE_SIMPLE_ATTRIBUTE(vm_stat_fops, vm_stat_get, vm_stat_set, "%llu\n");

static int all_stat_get(void *data, u64 *value)
{
	struct kvm *kvm;

	*value = 0;
	mutex_lock(&kvm_list_lock);
	list_for_each_entry(kvm, &kvm_vm_list, vm_list)
		*value += stat_read(kvm, data);
	mutex_unlock(&kvm_list_lock);
	return 0;
}

static int all_stat_set(void *data, u64 value)
{
	struct kvm *kvm;

	if (value)
		return -EINVAL;
	mutex_lock(&kvm_list_lock);
	list_for_each_entry(kvm, &kvm_vm_list, vm_list)
		stat_clear(kvm, data);
	mutex_unlock(&kvm_list_lock);
	return 0;
}

DEFINE_SIMPLE_ATTRIBUTE(all_stat_fops, all_stat_get, all_stat_set, "%llu\n");

static int vcpu_stats_show(struct seq_file *seq, void *unused)
{
	struct kvm_vcpu *vcpu = seq->private;
	const struct stat_desc *desc;

	for (desc = stat_descs; desc < stat_descs + ARRAY_SIZE(stat_descs); desc++) {
		if (desc->per_vcpu)
			seq_printf(seq, "%s %llu\n", desc->name,
				   READ_ONCE(*vcpu_counter(vcpu, desc)));
	}
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(vcpu_stats);

/* ---- life ---- */

/** kvm_vcpu_stats_create - the vCPU's directory; nothing fails */
void kvm_vcpu_stats_create(struct kvm_vcpu *vcpu)
{
	char name[sizeof("vcpu") + 10];

	/* Without a directory of the VM it would land in debugfs' root. */
	if (IS_ERR_OR_NULL(vcpu->kvm->debugfs))
		return;
	snprintf(name, sizeof(name), "vcpu%d", vcpu->id);
	vcpu->debugfs = debugfs_create_dir(name, vcpu->kvm->debugfs);
	debugfs_create_file("stats", 0444, vcpu->debugfs, vcpu, &vcpu_stats_fops);
}

/** kvm_vm_stats_create - the VM's directory and files; nothing fails */
void kvm_vm_stats_create(struct kvm *kvm)
{
	struct kvm_stat_file *file;
	struct dentry *other;
	char name[2 * 11 + 2];
	int i;

	if (IS_ERR_OR_NULL(root))
		return;
	snprintf(name, sizeof(name), "%d-%d", kvm->creator, kvm->fd);
	/* A VM that its vCPUs' fds keep may have the name still: debugfs would log it each time. */
	other = debugfs_lookup(name, root);
	if (other) {
		dput(other);
		return;
	}
	file = kcalloc(ARRAY_SIZE(stat_descs), sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return;
	kvm->stat_files = file;
	kvm->debugfs = debugfs_create_dir(name, root);
	for (i = 0; i < ARRAY_SIZE(stat_descs); i++, file++) {
		file->kvm = kvm;
		file->desc = &stat_descs[i];
		debugfs_create_file(file->desc->name, 0644, kvm->debugfs, file, &vm_stat_fops);
	}
}

/** kvm_vm_stats_destroy - remove them, the vCPUs' too; on return nobody reads them */
void kvm_vm_stats_destroy(struct kvm *kvm)
{
	debugfs_remove_recursive(kvm->debugfs);
	kfree(kvm->stat_files);
}

/** kvm_stats_init - debugfs' kvm directory; 0, since statistics are not worth a failure */
int kvm_stats_init(void)
{
	const struct stat_desc *desc;

	root = debugfs_create_dir("kvm", NULL);
	for (desc = stat_descs; desc < stat_descs + ARRAY_SIZE(stat_descs); desc++)
		debugfs_create_file(desc->name, 0644, root, (void *)desc, &all_stat_fops);
	return 0;
}

/** kvm_stats_exit - remove it */
void kvm_stats_exit(void)
{
	debugfs_remove_recursive(root);
	root = NULL;
}
