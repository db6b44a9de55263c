// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's time stamp counter, host TSC × ratio + offset (SDM 17.17, 25.3; APM2 15.30.5), and
 * the VM's clock: KVM_GET/SET_CLOCK.
 *
 * Owns kvm_vcpu_arch.tsc_* and virtual_tsc_khz (vCPU's mutex, or its thread with preemption off)
 * and kvm_arch.last_tsc_* (kvm_arch.tsc_lock), by which writes to several vCPUs that mean the same
 * moment end in the same offset.
 */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <asm/tsc.h>
#include "x86.h"

/* A frequency this near to the host's needs no scaling: NTP's own bound is 500 ppm. */
#define KVM_TSC_TOLERANCE_PPM	250

/*
 * What suspends have taken from the host's TSC: the sum of both never goes back. Written with one
 * CPU alone, and no vCPU on it.
 */
static u64 tsc_lost, tsc_at_suspend;

/* ---- scaling and the offset ------------------------------------------------------------------ */

/** kvm_scale_tsc - @tsc in units of a guest whose multiplier is @ratio */
u64 kvm_scale_tsc(u64 tsc, u64 ratio)
{
	if (likely(ratio == kvm_host.default_tsc_ratio))
		return tsc;
	return mul_u64_u64_shr(tsc, ratio, kvm_host.tsc_scaling_frac_bits);
}
EXPORT_SYMBOL_GPL(kvm_scale_tsc);

/** kvm_read_guest_tsc - what the guest's TSC is when the host's is @host_tsc */
u64 kvm_read_guest_tsc(struct kvm_vcpu *vcpu, u64 host_tsc)
{
	return kvm_scale_tsc(host_tsc, vcpu->arch.tsc_scaling_ratio) + vcpu->arch.tsc_offset;
}
EXPORT_SYMBOL_GPL(kvm_read_guest_tsc);

static void kvm_tsc_set_offset(struct kvm_vcpu *vcpu, u64 offset)
{
	vcpu->arch.tsc_offset = offset;
	kvm_x86_call(write_tsc_offset)(vcpu, offset);
	kvm_lapic_tsc_changed(vcpu);
}

static bool kvm_tsc_khz_is_host(u32 khz)
{
	u64 slack = div_u64((u64)tsc_khz * KVM_TSC_TOLERANCE_PPM, 1000000);

	return khz >= tsc_khz - slack && khz <= tsc_khz + slack;
}

/* The multiplier for @khz, or 0 when hardware has none. */
static u64 kvm_tsc_ratio(u32 khz)
{
	u64 ratio;

	if (kvm_tsc_khz_is_host(khz))
		return kvm_host.default_tsc_ratio;
	if (!kvm_host.tsc_khz_scaling || khz > kvm_host.max_tsc_khz)
		return 0;
	ratio = mul_u64_u32_div(1ull << kvm_host.tsc_scaling_frac_bits, khz, tsc_khz);
	return ratio <= kvm_host.max_tsc_ratio ? ratio : 0;
}

/**
 * kvm_tsc_set_khz - KVM_SET_TSC_KHZ (api.rst 4.55)
 * @vcpu: the vCPU
 * @khz: the guest's frequency; 0: the host's
 *
 * The guest's counter goes on from where it is.
 *
 * Return: 0; -EINVAL: not the host's frequency (to 250 ppm), and hardware cannot scale to it.
 */
int kvm_tsc_set_khz(struct kvm_vcpu *vcpu, u32 khz)
{
	u64 host_tsc = rdtsc();
	u64 guest_tsc = kvm_read_guest_tsc(vcpu, host_tsc);
	u64 ratio;

	if (!khz)
		khz = tsc_khz;
	ratio = kvm_tsc_ratio(khz);
	/* without scaling 1.0 is 0 as well: nothing to multiply with */
	if (!ratio && !kvm_tsc_khz_is_host(khz))
		return -EINVAL;
	vcpu->arch.virtual_tsc_khz = khz;
	if (ratio == vcpu->arch.tsc_scaling_ratio) {
		kvm_lapic_tsc_changed(vcpu);
		return 0;
	}
	vcpu->arch.tsc_scaling_ratio = ratio;
	kvm_x86_call(write_tsc_multiplier)(vcpu, ratio);
	kvm_tsc_set_offset(vcpu, guest_tsc - kvm_scale_tsc(host_tsc, ratio));
	return 0;
}

/* ---- writes ---------------------------------------------------------------------------------- */

/* Cycles that a counter of @khz makes in @ns. */
static u64 kvm_tsc_elapsed(u64 ns, u32 khz)
{
	return mul_u64_u32_div(ns, khz, 1000000);
}

/* Does writing @data now mean what the VM's last write meant, to within a second? tsc_lock held. */
static bool kvm_tsc_write_matches(struct kvm_vcpu *vcpu, u64 data, u64 ns)
{
	struct kvm_arch *vm = &vcpu->kvm->arch;
	u32 khz = vcpu->arch.virtual_tsc_khz;
	u64 second = (u64)khz * 1000;
	u64 expected;

	if (vm->last_tsc_khz != khz || check_tsc_unstable())
		return false;
	/* 0 from userspace says: as the others (a vCPU plugged in later) */
	if (data == 0)
		return true;
	expected = vm->last_tsc_write + kvm_tsc_elapsed(ns - vm->last_tsc_nsec, khz);
	return data - expected + second <= 2 * second;
}

/*
 * Userspace restores the TSC of each vCPU by a write of its own, some microseconds after the one
 * before. Writes that are meant to be equal get the offset of the first, so that the counters of
 * the guest agree to the cycle, as those of a real machine do.
 */
static void kvm_tsc_synchronize(struct kvm_vcpu *vcpu, u64 data)
{
	struct kvm_arch *vm = &vcpu->kvm->arch;
	u64 ratio = vcpu->arch.tsc_scaling_ratio;
	unsigned long flags;
	u64 offset, ns;

	raw_spin_lock_irqsave(&vm->tsc_lock, flags);
	ns = ktime_get_boottime_ns();
	offset = data - kvm_scale_tsc(rdtsc(), ratio);
	if (kvm_tsc_write_matches(vcpu, data, ns)) {
		offset = vm->last_tsc_offset + kvm_scale_tsc(tsc_lost, ratio);
	} else {
		vm->last_tsc_nsec = ns;
		vm->last_tsc_write = data;
		vm->last_tsc_khz = vcpu->arch.virtual_tsc_khz;
		vm->last_tsc_offset = offset - kvm_scale_tsc(tsc_lost, ratio);
	}
	raw_spin_unlock_irqrestore(&vm->tsc_lock, flags);
	kvm_tsc_set_offset(vcpu, offset);
}

/**
 * kvm_tsc_adjust - the guest writes IA32_TSC_ADJUST: its TSC moves by the difference (SDM 17.17.3)
 * @vcpu: the vCPU
 * @value: the new value
 */
void kvm_tsc_adjust(struct kvm_vcpu *vcpu, u64 value)
{
	u64 delta = value - vcpu->arch.ia32_tsc_adjust;

	vcpu->arch.ia32_tsc_adjust = value;
	kvm_tsc_set_offset(vcpu, vcpu->arch.tsc_offset + delta);
}

/**
 * kvm_write_tsc - a write of IA32_TSC
 * @vcpu: the vCPU
 * @data: what the TSC shall be
 * @host_initiated: by KVM_SET_MSRS; the guest's own moves TSC_ADJUST along with it (SDM 17.17.3)
 */
void kvm_write_tsc(struct kvm_vcpu *vcpu, u64 data, bool host_initiated)
{
	u64 delta;

	if (host_initiated) {
		kvm_tsc_synchronize(vcpu, data);
		return;
	}
	delta = data - kvm_read_guest_tsc(vcpu, rdtsc());
	kvm_tsc_adjust(vcpu, vcpu->arch.ia32_tsc_adjust + delta);
}

/* ---- life ------------------------------------------------------------------------------------ */

/** kvm_tsc_init_vm - a new VM: its clock starts at 0, its vCPUs run at the host's frequency; 0 */
int kvm_tsc_init_vm(struct kvm *kvm)
{
	raw_spin_lock_init(&kvm->arch.tsc_lock);
	kvm->arch.default_tsc_khz = tsc_khz;
	kvm->arch.clock_offset = -ktime_get_boottime_ns();
	return 0;
}

/** kvm_tsc_create - a new vCPU: the VM's frequency, and a TSC that agrees with the other vCPUs' */
int kvm_tsc_create(struct kvm_vcpu *vcpu)
{
	u32 khz = READ_ONCE(vcpu->kvm->arch.default_tsc_khz);
	int r;

	vcpu->arch.tsc_lost = tsc_lost;
	vcpu->arch.tsc_scaling_ratio = kvm_host.default_tsc_ratio;
	r = kvm_tsc_set_khz(vcpu, khz);
	if (r)
		return r;
	kvm_tsc_synchronize(vcpu, 0);
	return 0;
}

/** kvm_arch_suspend - the machine goes to sleep; this is its last CPU, interrupts off */
void kvm_arch_suspend(void)
{
	tsc_at_suspend = rdtsc();
}

/** kvm_arch_resume - and wakes: has the TSC been reset? */
void kvm_arch_resume(void)
{
	u64 now = rdtsc();

	if (now < tsc_at_suspend)
		tsc_lost += tsc_at_suspend - now;
}

/* By what a suspend took from all of them, or by what the vCPU itself has seen. */
static noinline void kvm_tsc_went_back(struct kvm_vcpu *vcpu, u64 now)
{
	u64 ratio = vcpu->arch.tsc_scaling_ratio, offset = vcpu->arch.tsc_offset;

	if (vcpu->arch.tsc_lost != tsc_lost)
		offset += kvm_scale_tsc(tsc_lost, ratio) -
			  kvm_scale_tsc(vcpu->arch.tsc_lost, ratio);
	else
		offset += kvm_scale_tsc(vcpu->arch.last_host_tsc, ratio) -
			  kvm_scale_tsc(now, ratio);
	vcpu->arch.tsc_lost = tsc_lost;
	kvm_tsc_set_offset(vcpu, offset);
}

/**
 * kvm_tsc_vcpu_load - preemption off; the vCPU comes to @cpu
 * @vcpu: the vCPU
 * @cpu: this CPU
 *
 * The guest's TSC must not go back when the host's has: on a CPU that is behind the last one, or
 * after a suspend that reset it, and then by as much for each vCPU.
 */
void kvm_tsc_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	u64 now = rdtsc();

	if (unlikely(now < vcpu->arch.last_host_tsc || vcpu->arch.tsc_lost != tsc_lost))
		kvm_tsc_went_back(vcpu, now);
}

/** kvm_tsc_vcpu_put - preemption off; the vCPU leaves its CPU */
void kvm_tsc_vcpu_put(struct kvm_vcpu *vcpu)
{
	vcpu->arch.last_host_tsc = rdtsc();
}

/* ---- KVM_VCPU_TSC_CTRL (devices/vcpu.rst, 4.1) ----------------------------------------------- */

/** kvm_tsc_has_offset_attr - 0, or -ENXIO: the one attribute is KVM_VCPU_TSC_OFFSET */
int kvm_tsc_has_offset_attr(struct kvm_vcpu *vcpu, struct kvm_device_attr *attr)
{
	if (attr->group != KVM_VCPU_TSC_CTRL || attr->attr != KVM_VCPU_TSC_OFFSET)
		return -ENXIO;
	return 0;
}

/** kvm_tsc_get_offset_attr - the offset to userspace; 0, -ENXIO, -EFAULT */
int kvm_tsc_get_offset_attr(struct kvm_vcpu *vcpu, struct kvm_device_attr *attr)
{
	u64 __user *uaddr = u64_to_user_ptr(attr->addr);
	int r = kvm_tsc_has_offset_attr(vcpu, attr);

	if (r)
		return r;
	return put_user(vcpu->arch.tsc_offset, uaddr) ? -EFAULT : 0;
}

/** kvm_tsc_set_offset_attr - set it as it stands; later matching writes agree with it */
int kvm_tsc_set_offset_attr(struct kvm_vcpu *vcpu, struct kvm_device_attr *attr)
{
	struct kvm_arch *vm = &vcpu->kvm->arch;
	u64 __user *uaddr = u64_to_user_ptr(attr->addr);
	int r = kvm_tsc_has_offset_attr(vcpu, attr);
	u64 ratio = vcpu->arch.tsc_scaling_ratio;
	unsigned long flags;
	u64 offset;

	if (r)
		return r;
	if (get_user(offset, uaddr))
		return -EFAULT;

	raw_spin_lock_irqsave(&vm->tsc_lock, flags);
	vm->last_tsc_nsec = ktime_get_boottime_ns();
	vm->last_tsc_write = kvm_scale_tsc(rdtsc(), ratio) + offset;
	vm->last_tsc_khz = vcpu->arch.virtual_tsc_khz;
	vm->last_tsc_offset = offset - kvm_scale_tsc(tsc_lost, ratio);
	raw_spin_unlock_irqrestore(&vm->tsc_lock, flags);
	kvm_tsc_set_offset(vcpu, offset);
	return 0;
}

/* ---- the VM's clock -------------------------------------------------------------------------- */

/** kvm_clock_now_ns - nanoseconds on the VM's clock: the host's boot clock, plus a constant */
u64 kvm_clock_now_ns(struct kvm *kvm)
{
	return ktime_get_boottime_ns() + READ_ONCE(kvm->arch.clock_offset);
}

/** kvm_clock_flags_supported - what KVM_CAP_ADJUST_CLOCK says: flags that KVM_GET_CLOCK can set */
int kvm_clock_flags_supported(void)
{
	return KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC;
}

/**
 * kvm_vm_ioctl_get_clock - KVM_GET_CLOCK (api.rst 4.29)
 * @kvm: the VM
 * @arg: userspace's buffer
 *
 * Interrupts are off so that the three readings are of one instant. The TSC is told only when it
 * means something on the other CPUs too.
 *
 * Return: 0 or -EFAULT.
 */
int kvm_vm_ioctl_get_clock(struct kvm *kvm, void __user *arg)
{
	struct kvm_clock_data data = { .flags = KVM_CLOCK_REALTIME };
	unsigned long flags;

	local_irq_save(flags);
	data.clock = kvm_clock_now_ns(kvm);
	data.realtime = ktime_get_real_ns();
	data.host_tsc = rdtsc();
	local_irq_restore(flags);

	if (check_tsc_unstable())
		data.host_tsc = 0;
	else
		data.flags |= KVM_CLOCK_HOST_TSC;
	return copy_to_user(arg, &data, sizeof(data)) ? -EFAULT : 0;
}

/**
 * kvm_vm_ioctl_set_clock - KVM_SET_CLOCK (api.rst 4.30)
 * @kvm: the VM
 * @arg: userspace's buffer
 *
 * With KVM_CLOCK_REALTIME the time that has passed since @realtime is added; a realtime in the
 * future adds nothing, for a guest's clock must not go back.
 *
 * Return: 0, -EFAULT, -EINVAL for a flag that KVM_GET_CLOCK never gives.
 */
int kvm_vm_ioctl_set_clock(struct kvm *kvm, void __user *arg)
{
	struct kvm_clock_data data;
	unsigned long flags;
	u64 real, boot;

	if (copy_from_user(&data, arg, sizeof(data)))
		return -EFAULT;
	if (data.flags & ~(KVM_CLOCK_REALTIME | KVM_CLOCK_HOST_TSC | KVM_CLOCK_TSC_STABLE))
		return -EINVAL;

	local_irq_save(flags);
	boot = ktime_get_boottime_ns();
	real = ktime_get_real_ns();
	local_irq_restore(flags);

	if ((data.flags & KVM_CLOCK_REALTIME) && real > data.realtime)
		data.clock += real - data.realtime;
	WRITE_ONCE(kvm->arch.clock_offset, data.clock - boot);
	return 0;
}
