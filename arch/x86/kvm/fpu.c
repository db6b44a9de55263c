// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's x87, SSE and AVX state: in the kernel's fpu_guest, loaded once per KVM_RUN; XCR0 and
 * PKRU around each entry, when they differ from the host's; and the ioctls that read and set it.
 *
 * The ioctls find the state in memory: the vCPU's mutex keeps KVM_RUN, which loads it, away.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/fpu/api.h>
#include <asm/fpu/xcr.h>
#include <asm/special_insns.h>
#include "x86.h"

#define KVM_FCW_INIT		0x37f	/* SDM vol. 1, 8.1.5: what FNINIT loads */
#define KVM_MXCSR_DEFINED	0xffffu	/* bits 31:16 are reserved (SDM vol. 1, 10.2.3) */

/** kvm_fpu_create - the state of a new vCPU, as after power-on; 0 or -ENOMEM */
int kvm_fpu_create(struct kvm_vcpu *vcpu)
{
	return fpu_alloc_guest_fpstate(&vcpu->arch.guest_fpu) ? 0 : -ENOMEM;
}

/** kvm_fpu_free - the vCPU goes, or could not be made whole */
void kvm_fpu_free(struct kvm_vcpu *vcpu)
{
	fpu_free_guest_fpstate(&vcpu->arch.guest_fpu);
}

/**
 * kvm_fpu_reset - RESET; INIT changes none of it (SDM 9.1.1, table 9-1)
 * @vcpu: the vCPU
 * @init_event: INIT, not RESET
 *
 * Power-on is the only RESET there is, so that the registers are already as they shall be.
 */
void kvm_fpu_reset(struct kvm_vcpu *vcpu, bool init_event)
{
	if (init_event)
		return;
	vcpu->arch.xcr0 = XFEATURE_MASK_FP;
	vcpu->arch.pkru = 0;
	kvm_xsave_update(vcpu);
}

/** kvm_load_guest_fpu - KVM_RUN begins: the registers are the guest's, preempted or not */
void kvm_load_guest_fpu(struct kvm_vcpu *vcpu)
{
	fpu_swap_kvm_fpstate(&vcpu->arch.guest_fpu, true);
	vcpu->stat.fpu_reload++;
	kvm_x86_call(fpu_activate)(vcpu);
}

/** kvm_put_guest_fpu - KVM_RUN ends */
void kvm_put_guest_fpu(struct kvm_vcpu *vcpu)
{
	fpu_swap_kvm_fpstate(&vcpu->arch.guest_fpu, false);
	kvm_x86_call(fpu_deactivate)(vcpu);
}

/* A guest without OSXSAVE cannot execute what XCR0 governs, so that the host's may stay. */
static bool kvm_guest_switches_xcr0(struct kvm_vcpu *vcpu)
{
	return kvm_cr4_bits(vcpu, X86_CR4_OSXSAVE) && vcpu->arch.xcr0 != kvm_host.xcr0;
}

/* Can the guest read or write PKRU: by RDPKRU (CR4.PKE) or XSAVE (XCR0.PKRU)? */
static bool kvm_guest_uses_pkru(struct kvm_vcpu *vcpu)
{
	return static_cpu_has(X86_FEATURE_OSPKE) &&
	       ((vcpu->arch.xcr0 & XFEATURE_MASK_PKRU) || kvm_cr4_bits(vcpu, X86_CR4_PKE));
}

/*
 * Supervisor state of the host must be out of reach of a guest's XSAVES and XRSTORS: SVM has no
 * intercept for them (APM2 15.12), and they need no more than OSXSAVE.
 */
static bool kvm_guest_reaches_xss(struct kvm_vcpu *vcpu)
{
	return kvm_host.xss && kvm_cr4_bits(vcpu, X86_CR4_OSXSAVE);
}

/**
 * kvm_xsave_update - must XCR0, PKRU or IA32_XSS be switched around an entry?
 * @vcpu: the vCPU, whose CR4 or XCR0 has changed
 *
 * The guest can change neither without an exit: XSETBV and the bits of CR4 that matter here do.
 */
void kvm_xsave_update(struct kvm_vcpu *vcpu)
{
	vcpu->arch.xsave_switch = kvm_guest_switches_xcr0(vcpu) || kvm_guest_uses_pkru(vcpu) ||
				  kvm_guest_reaches_xss(vcpu);
}
EXPORT_SYMBOL_GPL(kvm_xsave_update);

/**
 * __kvm_load_guest_xsave_state - XCR0, PKRU and IA32_XSS before entry; interrupts off
 * @vcpu: the vCPU
 */
void __kvm_load_guest_xsave_state(struct kvm_vcpu *vcpu)
{
	if (kvm_guest_switches_xcr0(vcpu))
		xsetbv(XCR_XFEATURE_ENABLED_MASK, vcpu->arch.xcr0);
	/* No guest is offered XSAVES, so that its IA32_XSS is 0. */
	if (kvm_guest_reaches_xss(vcpu))
		wrmsrl(MSR_IA32_XSS, 0);

	if (kvm_guest_uses_pkru(vcpu)) {
		vcpu->arch.host_pkru = rdpkru();
		if (vcpu->arch.pkru != vcpu->arch.host_pkru)
			wrpkru(vcpu->arch.pkru);
	}
}
EXPORT_SYMBOL_GPL(__kvm_load_guest_xsave_state);

/**
 * __kvm_load_host_xsave_state - and back after the exit; interrupts off
 * @vcpu: the vCPU
 */
void __kvm_load_host_xsave_state(struct kvm_vcpu *vcpu)
{
	if (kvm_guest_uses_pkru(vcpu)) {
		vcpu->arch.pkru = rdpkru();
		if (vcpu->arch.pkru != vcpu->arch.host_pkru)
			wrpkru(vcpu->arch.host_pkru);
	}

	if (kvm_guest_switches_xcr0(vcpu))
		xsetbv(XCR_XFEATURE_ENABLED_MASK, kvm_host.xcr0);
	if (kvm_guest_reaches_xss(vcpu))
		wrmsrl(MSR_IA32_XSS, kvm_host.xss);
}
EXPORT_SYMBOL_GPL(__kvm_load_host_xsave_state);

/* ---- KVM_GET_FPU, KVM_SET_FPU ---------------------------------------------------------------- */

static struct fxregs_state *kvm_fxregs(struct kvm_vcpu *vcpu)
{
	return &vcpu->arch.guest_fpu.fpstate->regs.fxsave;
}

/*
 * XSAVE's variants leave a component's bytes alone while it is in its initial state, and say so in
 * the header only (SDM vol. 1, 13.6). Without XSAVE everything is always there.
 */
static bool kvm_xstate_in_memory(struct kvm_vcpu *vcpu, u64 component)
{
	return !kvm_host.xcr0 ||
	       (vcpu->arch.guest_fpu.fpstate->regs.xsave.header.xfeatures & component);
}

/** kvm_vcpu_get_fpu - KVM_GET_FPU (api.rst 4.22) */
int kvm_vcpu_get_fpu(struct kvm_vcpu *vcpu, struct kvm_fpu *fpu)
{
	const struct fxregs_state *fx = kvm_fxregs(vcpu);

	memset(fpu, 0, sizeof(*fpu));
	fpu->fcw = KVM_FCW_INIT;
	fpu->mxcsr = MXCSR_DEFAULT;
	if (kvm_xstate_in_memory(vcpu, XFEATURE_MASK_FP)) {
		memcpy(fpu->fpr, fx->st_space, sizeof(fpu->fpr));
		fpu->fcw = fx->cwd;
		fpu->fsw = fx->swd;
		fpu->ftwx = fx->twd;
		fpu->last_opcode = fx->fop;
		fpu->last_ip = fx->rip;
		fpu->last_dp = fx->rdp;
	}
	/* MXCSR is written for SSE or AVX alike (SDM vol. 1, 13.7) */
	if (kvm_xstate_in_memory(vcpu, XFEATURE_MASK_SSE | XFEATURE_MASK_YMM))
		fpu->mxcsr = fx->mxcsr;
	if (kvm_xstate_in_memory(vcpu, XFEATURE_MASK_SSE))
		memcpy(fpu->xmm, fx->xmm_space, sizeof(fpu->xmm));
	return 0;
}

/**
 * kvm_vcpu_set_fpu - KVM_SET_FPU (api.rst 4.23)
 * @vcpu: the vCPU
 * @fpu: the registers
 *
 * Return: 0; -EINVAL for an MXCSR that FXRSTOR would refuse with #GP.
 */
int kvm_vcpu_set_fpu(struct kvm_vcpu *vcpu, const struct kvm_fpu *fpu)
{
	struct fxregs_state *fx = kvm_fxregs(vcpu);

	if (fpu->mxcsr & ~KVM_MXCSR_DEFINED)
		return -EINVAL;
	memcpy(fx->st_space, fpu->fpr, sizeof(fpu->fpr));
	memcpy(fx->xmm_space, fpu->xmm, sizeof(fpu->xmm));
	fx->cwd = fpu->fcw;
	fx->swd = fpu->fsw;
	fx->twd = fpu->ftwx;
	fx->fop = fpu->last_opcode;
	fx->rip = fpu->last_ip;
	fx->rdp = fpu->last_dp;
	fx->mxcsr = fpu->mxcsr;
	if (kvm_host.xcr0)
		vcpu->arch.guest_fpu.fpstate->regs.xsave.header.xfeatures |= XFEATURE_MASK_FPSSE;
	return 0;
}

/* ---- KVM_GET_XSAVE(2), KVM_SET_XSAVE --------------------------------------------------------- */

/**
 * kvm_vcpu_ioctl_get_xsave - KVM_GET_XSAVE and KVM_GET_XSAVE2 (api.rst 4.42, 4.134)
 * @vcpu: the vCPU
 * @arg: userspace's buffer
 * @xsave2: the form whose size KVM_CAP_XSAVE2 tells
 *
 * Return: 0; -EINVAL: the state does not fit the 4 KiB of the old form; -ENOMEM, -EFAULT.
 */
int kvm_vcpu_ioctl_get_xsave(struct kvm_vcpu *vcpu, void __user *arg, bool xsave2)
{
	unsigned int size = xsave2 ? kvm_xsave2_size(vcpu->kvm) : sizeof(struct kvm_xsave);
	int r = 0;
	void *buf;

	if (vcpu->arch.guest_fpu.uabi_size > size)
		return -EINVAL;
	buf = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	/* x87 and SSE are state also where CPUID has no XSAVE */
	fpu_copy_guest_fpstate_to_uabi(&vcpu->arch.guest_fpu, buf, size,
				       kvm_host.supported_xcr0 | XFEATURE_MASK_FPSSE,
				       vcpu->arch.pkru);
	if (copy_to_user(arg, buf, size))
		r = -EFAULT;
	kfree(buf);
	return r;
}

/**
 * kvm_vcpu_ioctl_set_xsave - KVM_SET_XSAVE (api.rst 4.43)
 * @vcpu: the vCPU
 * @arg: userspace's buffer
 *
 * Return: 0; -EINVAL: the header names a component we do not give, or MXCSR has a reserved bit;
 * -ENOMEM, -EFAULT. The kernel's copy checks both before it changes anything.
 */
int kvm_vcpu_ioctl_set_xsave(struct kvm_vcpu *vcpu, void __user *arg)
{
	void *buf = memdup_user(arg, kvm_xsave2_size(vcpu->kvm));
	int r;

	if (IS_ERR(buf))
		return PTR_ERR(buf);
	r = fpu_copy_uabi_to_guest_fpstate(&vcpu->arch.guest_fpu, buf, kvm_host.supported_xcr0,
					   &vcpu->arch.pkru);
	kfree(buf);
	return r;
}

/* ---- KVM_GET_XCRS, KVM_SET_XCRS -------------------------------------------------------------- */

/** kvm_vcpu_get_xcrs - KVM_GET_XCRS (api.rst 4.44): XCR0, or none where there is no XSAVE */
int kvm_vcpu_get_xcrs(struct kvm_vcpu *vcpu, struct kvm_xcrs *xcrs)
{
	memset(xcrs, 0, sizeof(*xcrs));
	if (!kvm_host.xcr0)
		return 0;
	xcrs->nr_xcrs = 1;
	xcrs->xcrs[0].xcr = XCR_XFEATURE_ENABLED_MASK;
	xcrs->xcrs[0].value = vcpu->arch.xcr0;
	return 0;
}

/**
 * kvm_vcpu_set_xcrs - KVM_SET_XCRS (api.rst 4.45)
 * @vcpu: the vCPU
 * @xcrs: the registers
 *
 * Registers other than XCR0 do not exist, and are passed over.
 *
 * Return: 0; -EINVAL: a flag, too many registers, a host without XSAVE, or an XCR0 that XSETBV
 * would refuse.
 */
int kvm_vcpu_set_xcrs(struct kvm_vcpu *vcpu, const struct kvm_xcrs *xcrs)
{
	u32 i;

	if (!kvm_host.xcr0 || xcrs->flags || xcrs->nr_xcrs > KVM_MAX_XCRS)
		return -EINVAL;
	for (i = 0; i < xcrs->nr_xcrs; i++) {
		if (xcrs->xcrs[i].xcr != XCR_XFEATURE_ENABLED_MASK)
			continue;
		return kvm_set_xcr(vcpu, XCR_XFEATURE_ENABLED_MASK, xcrs->xcrs[i].value) ?
			       -EINVAL : 0;
	}
	return 0;
}
