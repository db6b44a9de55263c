// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing guest memory by guest physical address, through the user mapping that backs
 * it.
 *
 * For threads of the VM's own process. The kvm_vcpu_* forms look slots up for a vCPU's thread and
 * take srcu on the way; the kvm_* forms want srcu or slots_lock held. A slot that is being deleted
 * still serves: the access counts as having come just before.
 */
#include <linux/module.h>
#include <linux/uaccess.h>
#include <kvm/arch.h>

/* How much of @len lies in the page of @gpa. */
static unsigned int page_part(gpa_t gpa, unsigned long len)
{
	return min_t(unsigned long, len, PAGE_SIZE - offset_in_page(gpa));
}

static void __user *slot_address(const struct kvm_memory_slot *slot, gpa_t gpa)
{
	return (void __user *)(kvm_slot_gfn_to_hva(slot, gpa_to_gfn(gpa)) + offset_in_page(gpa));
}

static int slot_read(const struct kvm_memory_slot *slot, gpa_t gpa, void *data, unsigned int len)
{
	if (!slot || copy_from_user(data, slot_address(slot, gpa), len))
		return -EFAULT;
	return 0;
}

static int slot_write(struct kvm_vcpu *vcpu, struct kvm_memory_slot *slot, gpa_t gpa,
		      const void *data, unsigned int len)
{
	if (!slot || kvm_slot_readonly(slot) || copy_to_user(slot_address(slot, gpa), data, len))
		return -EFAULT;
	/* After the bytes: whoever fetches the log and then reads the page sees them. */
	kvm_slot_mark_dirty(vcpu->kvm, vcpu, slot, gpa_to_gfn(gpa));
	return 0;
}

/**
 * kvm_vcpu_read_guest - read guest memory
 * @vcpu: the vCPU; its mutex is held
 * @gpa: where; may cross pages
 * @data: to where
 * @len: bytes
 *
 * May sleep. Return: 0, or -EFAULT when a part is not memory; then @data is undefined.
 */
int kvm_vcpu_read_guest(struct kvm_vcpu *vcpu, gpa_t gpa, void *data, unsigned long len)
{
	unsigned int part;
	int r;

	for (; len; len -= part, gpa += part, data += part) {
		part = page_part(gpa, len);
		r = slot_read(kvm_vcpu_gfn_to_slot(vcpu, gpa_to_gfn(gpa)), gpa, data, part);
		if (r)
			return r;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_vcpu_read_guest);

/**
 * kvm_vcpu_write_guest - write guest memory, and mark it dirty
 * @vcpu: the vCPU; its mutex is held
 * @gpa: where; may cross pages
 * @data: from where
 * @len: bytes
 *
 * May sleep. Return: 0, or -EFAULT when a part is no memory or read-only; pages before it are
 * written.
 */
int kvm_vcpu_write_guest(struct kvm_vcpu *vcpu, gpa_t gpa, const void *data, unsigned long len)
{
	unsigned int part;
	int r;

	for (; len; len -= part, gpa += part, data += part) {
		part = page_part(gpa, len);
		r = slot_write(vcpu, kvm_vcpu_gfn_to_slot(vcpu, gpa_to_gfn(gpa)), gpa, data, part);
		if (r)
			return r;
		kvm_arch_guest_written(vcpu, gpa, part);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_vcpu_write_guest);

/**
 * kvm_vcpu_gfn_to_hva_prot - the user address of a guest page
 * @vcpu: the vCPU; its mutex is held
 * @gfn: guest frame
 * @writable: whether writing is allowed as well; may be NULL
 *
 * Return: the address, good while srcu is held; or KVM_HVA_INVALID: no memory there.
 */
unsigned long kvm_vcpu_gfn_to_hva_prot(struct kvm_vcpu *vcpu, gfn_t gfn, bool *writable)
{
	struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_slot(vcpu, gfn);

	if (!slot)
		return KVM_HVA_INVALID;
	if (writable)
		*writable = !kvm_slot_readonly(slot);
	return kvm_slot_gfn_to_hva(slot, gfn);
}

/** kvm_vcpu_mark_page_dirty - the page was written other than by kvm_vcpu_write_guest() */
void kvm_vcpu_mark_page_dirty(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_slot(vcpu, gfn);

	if (slot)
		kvm_slot_mark_dirty(vcpu->kvm, vcpu, slot, gfn);
}
EXPORT_SYMBOL_GPL(kvm_vcpu_mark_page_dirty);
