// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debug registers, of the guest and of a debugger outside it (SDM 17.2, APM2 13.1).
 *
 * Owns kvm_vcpu_arch.db, dr6, dr7, eff_db, guest_debug and switch_db_regs. Hardware gets eff_db,
 * and DR7 through the vendor: the guest's own, or the debugger's while KVM_GUESTDBG_USE_HW_BP is
 * on. Under the vCPU's mutex; what is marked [off] runs with interrupts off around an entry.
 */
#include <linux/module.h>
#include <asm/debugreg.h>
#include "x86.h"

/*
 * DR6 (SDM 17.2.3): B0–B3, BD, BS, BT can be written; bits 31:16 and 11:4 read 1, RTM and BLD too.
 */
#define KVM_DR6_WRITABLE	0x0000e00ful
#define KVM_DR6_ONES		0xffff0ff0ul
#define KVM_DR6_RTM		BIT(16)		/* 0 says the trap was in a transaction */
#define KVM_DR6_BS		BIT(14)

/*
 * DR7 (17.2.4): enables, LE, GE, GD, types and lengths; bit 10 reads 1, bits 15, 14 and 12 read 0.
 */
#define KVM_DR7_WRITABLE	0xffff23fful
#define KVM_DR7_ONES		BIT(10)
#define KVM_DR7_RTM		BIT(11)
#define KVM_DR7_ENABLES		0xfful

#define KVM_GUESTDBG_VALID	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP |	\
				 KVM_GUESTDBG_USE_SW_BP | KVM_GUESTDBG_USE_HW_BP |	\
				 KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP |	\
				 KVM_GUESTDBG_BLOCKIRQ)

static unsigned long kvm_dr6_normal(struct kvm_vcpu *vcpu, u64 val)
{
	if (guest_cpuid_has(vcpu, X86_FEATURE_RTM))
		return (val & (KVM_DR6_WRITABLE | KVM_DR6_RTM)) | (KVM_DR6_ONES & ~KVM_DR6_RTM);
	return (val & KVM_DR6_WRITABLE) | KVM_DR6_ONES;
}

static unsigned long kvm_dr7_normal(struct kvm_vcpu *vcpu, u64 val)
{
	unsigned long writable = KVM_DR7_WRITABLE;

	if (guest_cpuid_has(vcpu, X86_FEATURE_RTM))
		writable |= KVM_DR7_RTM;
	return (val & writable) | KVM_DR7_ONES;
}

static void kvm_update_eff_db(struct kvm_vcpu *vcpu)
{
	if (!(vcpu->arch.guest_debug & KVM_GUESTDBG_USE_HW_BP))
		memcpy(vcpu->arch.eff_db, vcpu->arch.db, sizeof(vcpu->arch.eff_db));
}

/** kvm_update_dr7 - after DR7 or who owns the breakpoints changed */
void kvm_update_dr7(struct kvm_vcpu *vcpu)
{
	unsigned long dr7 = vcpu->arch.dr7;

	if (vcpu->arch.guest_debug & KVM_GUESTDBG_USE_HW_BP)
		dr7 = vcpu->arch.guest_debug_dr7;
	kvm_x86_call(set_dr7)(vcpu, dr7);
	vcpu->arch.switch_db_regs &= ~KVM_DEBUGREG_BP_ENABLED;
	if (dr7 & KVM_DR7_ENABLES)
		vcpu->arch.switch_db_regs |= KVM_DEBUGREG_BP_ENABLED;
}
EXPORT_SYMBOL_GPL(kvm_update_dr7);

/** kvm_get_dr - MOV from DR; DR4 and DR5 are DR6 and DR7 when they do not fault */
unsigned long kvm_get_dr(struct kvm_vcpu *vcpu, int dr)
{
	switch (dr) {
	case 0 ... 3:
		return vcpu->arch.db[dr];
	case 4:
	case 6:
		return vcpu->arch.dr6;
	default:
		return vcpu->arch.dr7;
	}
}
EXPORT_SYMBOL_GPL(kvm_get_dr);

/**
 * kvm_set_dr - MOV to DR
 * @vcpu: the vCPU
 * @dr: 0–7
 * @val: the new value
 *
 * CR4.DE's #UD for DR4 and DR5, CPL and DR7.GD are the caller's to check.
 *
 * Return: 0, or 1 for #GP(0): DR6 or DR7 with a bit beyond 31 (SDM 17.2.6).
 */
int kvm_set_dr(struct kvm_vcpu *vcpu, int dr, unsigned long val)
{
	switch (dr) {
	case 0 ... 3:
		vcpu->arch.db[dr] = val;
		kvm_update_eff_db(vcpu);
		return 0;
	case 4:
	case 6:
		if (val >> 32)
			return 1;
		vcpu->arch.dr6 = kvm_dr6_normal(vcpu, val);
		return 0;
	default:
		if (val >> 32)
			return 1;
		vcpu->arch.dr7 = kvm_dr7_normal(vcpu, val);
		kvm_update_dr7(vcpu);
		return 0;
	}
}
EXPORT_SYMBOL_GPL(kvm_set_dr);

/** kvm_debug_reset - RESET and INIT alike (SDM table 9-1): DR0–3 = 0, DR6 and DR7 their ones */
void kvm_debug_reset(struct kvm_vcpu *vcpu)
{
	memset(vcpu->arch.db, 0, sizeof(vcpu->arch.db));
	vcpu->arch.dr6 = KVM_DR6_ONES;
	vcpu->arch.dr7 = KVM_DR7_ONES;
	kvm_update_eff_db(vcpu);
	kvm_update_dr7(vcpu);
}

/* ---- KVM_GET/SET_DEBUGREGS ------------------------------------------------------------------- */

/** kvm_vcpu_get_debugregs - KVM_GET_DEBUGREGS (api.rst 4.33): the guest's own registers */
int kvm_vcpu_get_debugregs(struct kvm_vcpu *vcpu, struct kvm_debugregs *regs)
{
	int i;

	memset(regs, 0, sizeof(*regs));
	for (i = 0; i < KVM_NR_DB_REGS; i++)
		regs->db[i] = vcpu->arch.db[i];
	regs->dr6 = vcpu->arch.dr6;
	regs->dr7 = vcpu->arch.dr7;
	return 0;
}

/**
 * kvm_vcpu_set_debugregs - KVM_SET_DEBUGREGS (api.rst 4.34)
 * @vcpu: the vCPU
 * @regs: the registers
 *
 * Return: 0; -EINVAL and nothing changed: flags, or a bit beyond 31 in DR6 or DR7.
 */
int kvm_vcpu_set_debugregs(struct kvm_vcpu *vcpu, const struct kvm_debugregs *regs)
{
	int i;

	if (regs->flags || regs->dr6 >> 32 || regs->dr7 >> 32)
		return -EINVAL;
	for (i = 0; i < KVM_NR_DB_REGS; i++)
		vcpu->arch.db[i] = regs->db[i];
	vcpu->arch.dr6 = kvm_dr6_normal(vcpu, regs->dr6);
	vcpu->arch.dr7 = kvm_dr7_normal(vcpu, regs->dr7);
	kvm_update_eff_db(vcpu);
	kvm_update_dr7(vcpu);
	return 0;
}

/* ---- KVM_SET_GUEST_DEBUG --------------------------------------------------------------------- */

static int kvm_guest_debug_check(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *dbg)
{
	if (dbg->control & ~KVM_GUESTDBG_VALID)
		return -EINVAL;
	/* VMRUN and VM entry refuse a DR7 of more than 32 bits */
	if ((dbg->control & KVM_GUESTDBG_USE_HW_BP) && dbg->arch.debugreg[7] >> 32)
		return -EINVAL;
	if ((dbg->control & (KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP)) &&
	    (vcpu->arch.exception.pending || vcpu->arch.exception.injected))
		return -EBUSY;
	return 0;
}

static void kvm_guest_debug_breakpoints(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *dbg)
{
	int i;

	if (vcpu->arch.guest_debug & KVM_GUESTDBG_USE_HW_BP) {
		for (i = 0; i < KVM_NR_DB_REGS; i++)
			vcpu->arch.eff_db[i] = dbg->arch.debugreg[i];
		vcpu->arch.guest_debug_dr7 = kvm_dr7_normal(vcpu, dbg->arch.debugreg[7]);
	} else {
		kvm_update_eff_db(vcpu);
	}
	kvm_update_dr7(vcpu);
}

/**
 * kvm_vcpu_set_guest_debug - KVM_SET_GUEST_DEBUG (api.rst 4.87)
 * @vcpu: the vCPU
 * @dbg: what to watch, and how
 *
 * RFLAGS is read before and written after: that is what takes the old debugger's TF out and puts
 * the new one's in.
 *
 * Return: 0; -EINVAL: an unknown control bit or a bad DR7; -EBUSY: an exception to be injected,
 * while another is on its way.
 */
int kvm_vcpu_set_guest_debug(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *dbg)
{
	unsigned long rflags;
	int r = kvm_guest_debug_check(vcpu, dbg);

	if (r)
		return r;
	if (dbg->control & KVM_GUESTDBG_INJECT_DB)
		kvm_queue_exception(vcpu, DB_VECTOR);
	else if (dbg->control & KVM_GUESTDBG_INJECT_BP)
		kvm_queue_exception(vcpu, BP_VECTOR);

	rflags = kvm_get_rflags(vcpu);
	vcpu->arch.guest_debug = dbg->control & KVM_GUESTDBG_ENABLE ? dbg->control : 0;
	kvm_guest_debug_breakpoints(vcpu, dbg);
	if (vcpu->arch.guest_debug & KVM_GUESTDBG_SINGLESTEP)
		vcpu->arch.singlestep_rip = kvm_linear_rip(vcpu);
	kvm_set_rflags(vcpu, rflags);
	kvm_x86_call(update_exception_bitmap)(vcpu);
	/* What KVM_GUESTDBG_BLOCKIRQ held back may come. */
	kvm_make_request(KVM_REQ_EVENT, vcpu);
	return 0;
}

/** kvm_guest_debug_supported - what KVM_CAP_SET_GUEST_DEBUG2 says: the control bits */
int kvm_guest_debug_supported(void)
{
	return KVM_GUESTDBG_VALID;
}

/* ---- around an entry ------------------------------------------------------------------------- */

/**
 * kvm_debug_load_guest - [off] the breakpoint addresses into hardware, when any is armed
 * @vcpu: the vCPU
 *
 * DR7 first and 0, lest the host takes a guest's breakpoint on the way in. The vendor's entry loads
 * the guest's DR7, and DR6 too where it can.
 */
void kvm_debug_load_guest(struct kvm_vcpu *vcpu)
{
	set_debugreg(0, 7);
	if (!vcpu->arch.switch_db_regs)
		return;
	set_debugreg(vcpu->arch.eff_db[0], 0);
	set_debugreg(vcpu->arch.eff_db[1], 1);
	set_debugreg(vcpu->arch.eff_db[2], 2);
	set_debugreg(vcpu->arch.eff_db[3], 3);
	if (vcpu->arch.switch_db_regs & KVM_DEBUGREG_WONT_EXIT)
		kvm_x86_call(set_dr6)(vcpu, vcpu->arch.dr6);
}
EXPORT_SYMBOL_GPL(kvm_debug_load_guest);

/** kvm_debug_load_host - [off] read what the guest may have written, and the host's own back */
void kvm_debug_load_host(struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.switch_db_regs & KVM_DEBUGREG_WONT_EXIT) {
		kvm_x86_call(sync_dirty_debug_regs)(vcpu);
		kvm_update_eff_db(vcpu);
		kvm_update_dr7(vcpu);
	}
	if (hw_breakpoint_active())
		hw_breakpoint_restore();
}
EXPORT_SYMBOL_GPL(kvm_debug_load_host);

/* ---- emulated instructions ------------------------------------------------------------------- */

static int kvm_debug_exit(struct kvm_vcpu *vcpu, unsigned long dr6, unsigned long dr7)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_DEBUG;
	run->debug.arch.exception = DB_VECTOR;
	run->debug.arch.pad = 0;
	run->debug.arch.pc = kvm_linear_rip(vcpu);
	run->debug.arch.dr6 = dr6 | KVM_DR6_ONES;
	run->debug.arch.dr7 = dr7;
	return 0;
}

/**
 * kvm_debug_singlestep - the trap after an instruction that we executed for the guest
 * @vcpu: the vCPU
 * @rflags: RFLAGS as they were when the instruction began, the debugger's TF included
 *
 * Return: 1, with #DB queued when TF was the guest's own (SDM 17.3.1.4); 0: KVM_EXIT_DEBUG.
 */
int kvm_debug_singlestep(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	if (!(rflags & X86_EFLAGS_TF))
		return 1;
	if (vcpu->arch.guest_debug & KVM_GUESTDBG_SINGLESTEP)
		return kvm_debug_exit(vcpu, KVM_DR6_BS, vcpu->arch.guest_debug_dr7);
	kvm_queue_exception_payload(vcpu, DB_VECTOR, KVM_DR6_BS);
	return 1;
}
EXPORT_SYMBOL_GPL(kvm_debug_singlestep);

/* The DR6 bits of the armed execution breakpoints at @address: type 0 in R/Wn (SDM 17.2.4). */
static unsigned long kvm_code_breakpoints(const unsigned long *db, unsigned long dr7,
					  unsigned long address)
{
	unsigned long hit = 0;
	int i;

	for (i = 0; i < KVM_NR_DB_REGS; i++) {
		unsigned long enable = dr7 >> (i * DR_ENABLE_SIZE) & 3;
		unsigned long type = dr7 >> (DR_CONTROL_SHIFT + i * DR_CONTROL_SIZE) & 3;

		if (enable && type == DR_RW_EXECUTE && db[i] == address)
			hit |= BIT(i);
	}
	return hit;
}

/* The debugger's come first. The guest's are held off by RFLAGS.RF (SDM 17.3.1.1). */
static noinline bool kvm_armed_code_breakpoint(struct kvm_vcpu *vcpu, int *ret)
{
	unsigned long rip = kvm_linear_rip(vcpu), hit;

	if (vcpu->arch.guest_debug & KVM_GUESTDBG_USE_HW_BP) {
		hit = kvm_code_breakpoints(vcpu->arch.eff_db, vcpu->arch.guest_debug_dr7, rip);
		if (hit) {
			*ret = kvm_debug_exit(vcpu, hit, vcpu->arch.guest_debug_dr7);
			return true;
		}
	}
	if (kvm_get_rflags(vcpu) & X86_EFLAGS_RF)
		return false;
	hit = kvm_code_breakpoints(vcpu->arch.db, vcpu->arch.dr7, rip);
	if (!hit)
		return false;
	kvm_queue_exception_payload(vcpu, DB_VECTOR, hit);
	*ret = 1;
	return true;
}

/**
 * kvm_debug_code_breakpoint - is there a breakpoint on the instruction about to be emulated?
 * @vcpu: the vCPU
 * @ret: what the exit handler shall return, when there is
 */
bool kvm_debug_code_breakpoint(struct kvm_vcpu *vcpu, int *ret)
{
	if (likely(!(vcpu->arch.switch_db_regs & KVM_DEBUGREG_BP_ENABLED) &&
		   !(vcpu->arch.dr7 & KVM_DR7_ENABLES)))
		return false;
	return kvm_armed_code_breakpoint(vcpu, ret);
}
EXPORT_SYMBOL_GPL(kvm_debug_code_breakpoint);
