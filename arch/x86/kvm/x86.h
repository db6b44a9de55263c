/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of arch/x86/kvm/ and the vendor rooms may call of each other, by owner file.
 *
 * Unless said otherwise: the vCPU is loaded and its mutex held. "1/0/errno" means the run loop's
 * convention: 1 resume the guest, 0 leave to userspace with kvm_run filled, negative errno for
 * KVM_RUN.
 */
#ifndef __KVM_X86_H
#define __KVM_X86_H

#include <linux/jiffies.h>
#include <kvm/arch.h>
#include "ops.h"
#include "regs.h"

struct kvm_cpuid2;
struct kvm_cpuid_entry2;

/*
 * ---- module.c: the vendor's table, what the host CPU has ----------------------------------------
 */

/**
 * struct kvm_host_info - facts about the host CPU, read once at module load
 * @efer: EFER, as the kernel runs
 * @xcr0: XCR0 bits the kernel uses, 0 without XSAVE
 * @supported_xcr0: those we give to guests
 * @xss: IA32_XSS, where a guest has XSAVES whether we offer it or not (SVM); else 0
 * @arch_capabilities: IA32_ARCH_CAPABILITIES or 0
 * @tsc_khz_scaling: the vendor can scale the TSC
 * @hv_timer: hardware can end guest mode at a given time: kvm_x86_ops.set_hv_timer()
 * @disable_exits: KVM_X86_DISABLE_EXITS_*: what KVM_CAP_X86_DISABLE_EXITS offers
 * @max_tsc_khz: the highest virtual TSC frequency, 0 without scaling
 * @tsc_scaling_frac_bits: fraction bits of the hardware's ratio
 * @default_tsc_ratio: 1.0 in that format
 * @max_tsc_ratio: the highest ratio
 */
struct kvm_host_info {
	u64 efer;
	u64 xcr0;
	u64 supported_xcr0;
	u64 xss;
	u64 arch_capabilities;
	bool tsc_khz_scaling;
	bool hv_timer;
	u8 disable_exits;
	u32 max_tsc_khz;
	u8 tsc_scaling_frac_bits;
	u64 default_tsc_ratio;
	u64 max_tsc_ratio;
};

extern struct kvm_host_info kvm_host;	/* vendors fill the TSC fields in hardware_setup() */

/* Does the guest execute it by itself? @exits: KVM_X86_DISABLE_EXITS_* */
static inline bool kvm_exits_disabled(struct kvm_vcpu *vcpu, u32 exits)
{
	return vcpu->kvm->arch.disabled_exits & exits;
}

/* ---- cap.c */
int kvm_vm_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap);

/* ---- vcpu.c */
void kvm_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event);

/* ---- run.c: the loop */
/* Leave guest mode and HLT-wait in the kernel, or exit to userspace: KVM_EXIT_HLT. 1/0/errno */
int kvm_emulate_halt(struct kvm_vcpu *vcpu);		/* skips the instruction */
int kvm_vcpu_halted(struct kvm_vcpu *vcpu);		/* it is behind the guest already */
/* and raises #DB for TF; 1/0/errno */
int kvm_skip_emulated_instruction(struct kvm_vcpu *vcpu);
int kvm_emulate_as_nop(struct kvm_vcpu *vcpu);
int kvm_emulate_rdpmc(struct kvm_vcpu *vcpu);
int kvm_emulate_undefined(struct kvm_vcpu *vcpu);
int kvm_emulate_pause(struct kvm_vcpu *vcpu);
int kvm_emulate_hypercall(struct kvm_vcpu *vcpu);

/* [off] RCU wants to hear of the guest once a tick, not at each entry: is it time? */
static __always_inline bool kvm_rcu_note_due(struct kvm_vcpu *vcpu)
{
	unsigned long now = jiffies;

	if (likely(vcpu->arch.rcu_jiffies == now))
		return false;
	vcpu->arch.rcu_jiffies = now;
	return true;
}

/* kvm_run ← KVM_EXIT_INTERNAL_ERROR with @suberror and @ndata words; returns 0 */
int kvm_internal_error(struct kvm_vcpu *vcpu, u32 suberror, int ndata, const u64 *data);

/* ---- events.c: exceptions, NMI, IRQ: queueing and injection (SDM 6.15, 27.8; APM2 8.5, 15.20) */
void kvm_queue_exception(struct kvm_vcpu *vcpu, u8 vector);
void kvm_queue_exception_e(struct kvm_vcpu *vcpu, u8 vector, u32 error_code);
void kvm_queue_exception_payload(struct kvm_vcpu *vcpu, u8 vector, unsigned long payload);
void kvm_queue_page_fault(struct kvm_vcpu *vcpu, u64 cr2, u32 error_code);
void kvm_inject_x86_exception(struct kvm_vcpu *vcpu, struct x86_exception *fault);
/*
 * Put back what an exit interrupted in the middle of its delivery (EXITINTINFO, IDT-vectoring
 * information).
 */
void kvm_requeue_exception(struct kvm_vcpu *vcpu, u8 vector, bool has_error_code, u32 error_code);
void kvm_queue_interrupt(struct kvm_vcpu *vcpu, u8 vector, bool soft);
/* injected ones: hardware has delivered them */
void kvm_clear_event_queues(struct kvm_vcpu *vcpu);

/* An event is half delivered: no other can be injected with it. */
static inline bool kvm_event_needs_reinjection(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.exception.injected || vcpu->arch.interrupt.injected ||
	       vcpu->arch.nmi_injected;
}

void kvm_inject_nmi(struct kvm_vcpu *vcpu);		/* any thread: KVM_NMI */
void kvm_triple_fault(struct kvm_vcpu *vcpu);
/* The guest's CPL must be @required or lower, else #GP(0) is queued and the answer is false. */
bool kvm_require_cpl(struct kvm_vcpu *vcpu, int required);
/* 1: a #GP was queued; the convention of MSR and CR handlers: "err" ≠ 0 injects #GP(0) */
int kvm_complete_insn_gp(struct kvm_vcpu *vcpu, int err);
void kvm_inject_pending_events(struct kvm_vcpu *vcpu);
void kvm_process_nmi(struct kvm_vcpu *vcpu);
int kvm_vcpu_get_events(struct kvm_vcpu *vcpu, struct kvm_vcpu_events *events);
int kvm_vcpu_set_events(struct kvm_vcpu *vcpu, const struct kvm_vcpu_events *events);

/* ---- user_irq.c: the userspace irqchip: KVM_INTERRUPT, windows, CR8 and apic_base in kvm_run */
int kvm_user_irq_queue(struct kvm_vcpu *vcpu, u32 vector);	/* KVM_INTERRUPT */
/* the interrupt of a saved state, or -1 */
void kvm_user_irq_restore(struct kvm_vcpu *vcpu, int vector);
int kvm_user_irq_pending(struct kvm_vcpu *vcpu);
bool kvm_user_irq_ready(struct kvm_vcpu *vcpu);		/* ready_for_interrupt_injection */
bool __kvm_user_irq_window_wanted(struct kvm_vcpu *vcpu);
void kvm_user_irq_sync_run(struct kvm_vcpu *vcpu);	/* fill kvm_run on the way out */

/* Userspace asked to be told when it may queue its vector, and there is room for it. */
static __always_inline bool kvm_user_irq_window_wanted(struct kvm_vcpu *vcpu)
{
	return unlikely(READ_ONCE(vcpu->run->request_interrupt_window)) &&
	       __kvm_user_irq_window_wanted(vcpu);
}

/* from any controller */
bool kvm_irq_maybe(struct kvm_vcpu *vcpu);
bool kvm_irq_pending(struct kvm_vcpu *vcpu);
int kvm_irq_take(struct kvm_vcpu *vcpu);
void kvm_irq_update_cr8(struct kvm_vcpu *vcpu);		/* with an APIC in the kernel */

/*
 * ---- cpuid.c ------------------------------------------------------------------------------------
 */
/* module load: what we can give, before the vendor's set_cpu_caps() */
void kvm_set_cpu_caps(void);
/* Feature words as in asm/cpufeatures.h (X86_FEATURE_*): what KVM_GET_SUPPORTED_CPUID offers. */
void kvm_cpu_cap_set(unsigned int x86_feature);
void kvm_cpu_cap_clear(unsigned int x86_feature);
bool kvm_cpu_cap_has(unsigned int x86_feature);
int kvm_dev_ioctl_get_cpuid(struct kvm_cpuid2 __user *arg, unsigned int type);
int kvm_vcpu_ioctl_set_cpuid(struct kvm_vcpu *vcpu, struct kvm_cpuid __user *arg);
int kvm_vcpu_ioctl_set_cpuid2(struct kvm_vcpu *vcpu, struct kvm_cpuid2 __user *arg);
int kvm_vcpu_ioctl_get_cpuid2(struct kvm_vcpu *vcpu, struct kvm_cpuid2 __user *arg);
void kvm_cpuid_init(struct kvm_vcpu *vcpu);	/* a new vCPU: no entries */
void kvm_cpuid_free(struct kvm_vcpu *vcpu);
struct kvm_cpuid_entry2 *kvm_find_cpuid_entry(struct kvm_vcpu *vcpu, u32 function, u32 index);
/* Does the guest's CPUID have it, and do we support it? Cheap: one bit test. */
bool guest_cpuid_has(struct kvm_vcpu *vcpu, unsigned int x86_feature);
/* The CPUID instruction's answer, in place; true: an exact entry was found. */
bool kvm_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
int kvm_emulate_cpuid(struct kvm_vcpu *vcpu);
/*
 * OSXSAVE, APIC and other bits of CPUID that follow a control register: after CR4, XCR0, apic_base
 * changed.
 */
void kvm_update_cpuid_runtime(struct kvm_vcpu *vcpu);

/*
 * ---- msr.c, msr_list.c --------------------------------------------------------------------------
 */
/**
 * struct msr_data - one MSR access
 * @host_initiated: userspace's (KVM_SET_MSRS), not the guest's
 */
struct msr_data {
	bool host_initiated;
	u32 index;
	u64 data;
};

/* get_msr/set_msr results beside 0 (done) and 1 (refused: #GP) */
#define KVM_MSR_UNKNOWN		2

int kvm_msr_lists_init(void);		/* probe with rdmsr_safe; once, at module load */
int kvm_get_feature_msr(u32 index, u64 *data);	/* 0, or not a feature MSR */
bool kvm_msr_is_saved(u32 index);	/* is it in KVM_GET_MSR_INDEX_LIST? */
/* what vendors fall back to */
int kvm_get_msr_common(struct kvm_vcpu *vcpu, struct msr_data *msr);
void kvm_spec_ctrl_after_set_cpuid(struct kvm_vcpu *vcpu);
int kvm_set_msr_common(struct kvm_vcpu *vcpu, struct msr_data *msr);
/* guest's view; 0 or 1: #GP */
int kvm_get_msr(struct kvm_vcpu *vcpu, u32 index, u64 *data);
int kvm_set_msr(struct kvm_vcpu *vcpu, u32 index, u64 data);
int kvm_emulate_rdmsr(struct kvm_vcpu *vcpu);
int kvm_emulate_wrmsr(struct kvm_vcpu *vcpu);
enum kvm_fastpath kvm_wrmsr_irqoff(struct kvm_vcpu *vcpu);	/* [off] */
int kvm_dev_ioctl_msr_index_list(struct kvm_msr_list __user *arg);
int kvm_dev_ioctl_msr_feature_list(struct kvm_msr_list __user *arg);
int kvm_dev_ioctl_get_msrs(struct kvm_msrs __user *arg);
int kvm_vcpu_ioctl_get_msrs(struct kvm_vcpu *vcpu, struct kvm_msrs __user *arg);
int kvm_vcpu_ioctl_set_msrs(struct kvm_vcpu *vcpu, struct kvm_msrs __user *arg);
void kvm_msr_init(struct kvm_vcpu *vcpu);			/* power-on values */
void kvm_msr_reset(struct kvm_vcpu *vcpu, bool init_event);

/* ---- user_return.c: MSRs that the kernel does not need before it returns to userspace */
/* hardware_setup: a slot number or -1 (the host has not got it) */
int kvm_user_return_add(u32 msr);
/*
 * Make @value this CPU's; the host's comes back on return to userspace. [preemption off] 0 or 1:
 * refused
 */
int kvm_user_return_set(unsigned int slot, u64 value, u64 mask);
void kvm_user_return_cpu_online(void);	/* [off] remember this CPU's host values */
void kvm_user_return_cpu_offline(void);	/* [off] put them back now */
int kvm_user_return_init(void);
void kvm_user_return_exit(void);

/* ---- cr.c: CR0/CR3/CR4/CR8/XCR0/EFER as the guest writes them; 0 or 1: #GP (SDM 2.5, APM2 3.1) */
int kvm_set_cr0(struct kvm_vcpu *vcpu, unsigned long cr0);
int kvm_set_cr3(struct kvm_vcpu *vcpu, unsigned long cr3);
int kvm_set_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
int kvm_set_cr8(struct kvm_vcpu *vcpu, unsigned long cr8);
unsigned long kvm_get_cr8(struct kvm_vcpu *vcpu);
int kvm_set_xcr(struct kvm_vcpu *vcpu, u32 index, u64 xcr);
int kvm_emulate_xsetbv(struct kvm_vcpu *vcpu);
int kvm_set_efer(struct kvm_vcpu *vcpu, struct msr_data *msr);
bool kvm_is_valid_cr0(unsigned long cr0);
bool kvm_is_valid_cr4(struct kvm_vcpu *vcpu, unsigned long cr4);
/* CPUID changed: which CR4 bits the guest may set follows from it */
void kvm_cr4_after_set_cpuid(struct kvm_vcpu *vcpu);
bool kvm_valid_efer(struct kvm_vcpu *vcpu, u64 efer);
/* userspace may restore it before CPUID */
bool kvm_host_valid_efer(struct kvm_vcpu *vcpu, u64 efer);
bool kvm_valid_apic_base(struct kvm_vcpu *vcpu, u64 value);
void kvm_lmsw(struct kvm_vcpu *vcpu, unsigned long msw);
int kvm_set_apic_base(struct kvm_vcpu *vcpu, u64 value, bool host_initiated);

/* ---- irqchip/lapic.c, lapic_timer.c: what others must tell an APIC in the kernel */
void kvm_lapic_base_changed(struct kvm_vcpu *vcpu);
void kvm_lapic_after_set_cpuid(struct kvm_vcpu *vcpu);
void kvm_lapic_tsc_changed(struct kvm_vcpu *vcpu);	/* with or without an APIC */
void kvm_lapic_hv_timer_expired(struct kvm_vcpu *vcpu);
void kvm_lapic_hv_timer_moved(struct kvm_vcpu *vcpu);	/* with or without an APIC */

/* ---- sregs.c, regs.c: KVM_GET/SET_REGS, SREGS, SREGS2, TRANSLATE */
int kvm_vcpu_get_regs(struct kvm_vcpu *vcpu, struct kvm_regs *regs);
int kvm_vcpu_set_regs(struct kvm_vcpu *vcpu, const struct kvm_regs *regs);
void kvm_vcpu_get_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs);
int kvm_vcpu_set_sregs(struct kvm_vcpu *vcpu, struct kvm_sregs *sregs);
void kvm_vcpu_get_sregs2(struct kvm_vcpu *vcpu, struct kvm_sregs2 *sregs2);
int kvm_vcpu_set_sregs2(struct kvm_vcpu *vcpu, struct kvm_sregs2 *sregs2);
int kvm_vcpu_translate(struct kvm_vcpu *vcpu, struct kvm_translation *tr);
int kvm_vcpu_get_mp_state(struct kvm_vcpu *vcpu, struct kvm_mp_state *state);
int kvm_vcpu_set_mp_state(struct kvm_vcpu *vcpu, const struct kvm_mp_state *state);
unsigned long kvm_get_rflags(struct kvm_vcpu *vcpu);	/* without the debugger's TF */
void kvm_set_rflags(struct kvm_vcpu *vcpu, unsigned long rflags);

/*
 * ---- fpu.c --------------------------------------------------------------------------------------
 */
int kvm_fpu_create(struct kvm_vcpu *vcpu);
void kvm_fpu_free(struct kvm_vcpu *vcpu);
void kvm_fpu_reset(struct kvm_vcpu *vcpu, bool init_event);
void kvm_load_guest_fpu(struct kvm_vcpu *vcpu);	/* once per KVM_RUN */
void kvm_put_guest_fpu(struct kvm_vcpu *vcpu);
void __kvm_load_guest_xsave_state(struct kvm_vcpu *vcpu);
void __kvm_load_host_xsave_state(struct kvm_vcpu *vcpu);

void kvm_xsave_update(struct kvm_vcpu *vcpu);	/* CR4 or XCR0 has changed */

/* [off] XCR0 and PKRU before an entry. Most guests have the host's, and no protection keys. */
static __always_inline void kvm_load_guest_xsave_state(struct kvm_vcpu *vcpu)
{
	if (unlikely(vcpu->arch.xsave_switch))
		__kvm_load_guest_xsave_state(vcpu);
}

/* [off] and back */
static __always_inline void kvm_load_host_xsave_state(struct kvm_vcpu *vcpu)
{
	if (unlikely(vcpu->arch.xsave_switch))
		__kvm_load_host_xsave_state(vcpu);
}
int kvm_vcpu_get_fpu(struct kvm_vcpu *vcpu, struct kvm_fpu *fpu);
int kvm_vcpu_set_fpu(struct kvm_vcpu *vcpu, const struct kvm_fpu *fpu);
int kvm_vcpu_ioctl_get_xsave(struct kvm_vcpu *vcpu, void __user *arg, bool xsave2);
int kvm_vcpu_ioctl_set_xsave(struct kvm_vcpu *vcpu, void __user *arg);
int kvm_vcpu_get_xcrs(struct kvm_vcpu *vcpu, struct kvm_xcrs *xcrs);
int kvm_vcpu_set_xcrs(struct kvm_vcpu *vcpu, const struct kvm_xcrs *xcrs);
int kvm_xsave2_size(struct kvm *kvm);		/* KVM_CAP_XSAVE2's value */

/* ---- debug.c: debug registers, KVM_SET_GUEST_DEBUG (SDM 17.2, APM2 13.1) */
unsigned long kvm_get_dr(struct kvm_vcpu *vcpu, int dr);
int kvm_set_dr(struct kvm_vcpu *vcpu, int dr, unsigned long val);	/* 0 or 1: #GP */
void kvm_update_dr7(struct kvm_vcpu *vcpu);
int kvm_vcpu_set_guest_debug(struct kvm_vcpu *vcpu, const struct kvm_guest_debug *dbg);
int kvm_guest_debug_supported(void);	/* KVM_CAP_SET_GUEST_DEBUG2's value */
int kvm_vcpu_get_debugregs(struct kvm_vcpu *vcpu, struct kvm_debugregs *regs);
int kvm_vcpu_set_debugregs(struct kvm_vcpu *vcpu, const struct kvm_debugregs *regs);
void kvm_debug_reset(struct kvm_vcpu *vcpu);
/* [off] DRs into hardware before entry if armed, and the host's back after it */
void kvm_debug_load_guest(struct kvm_vcpu *vcpu);
void kvm_debug_load_host(struct kvm_vcpu *vcpu);
/* After an instruction was emulated or skipped: TF set means #DB or KVM_EXIT_DEBUG. 1/0 */
int kvm_debug_singlestep(struct kvm_vcpu *vcpu, unsigned long rflags);
/*
 * A code breakpoint at the current RIP, before an instruction is emulated: true with *ret the 1/0
 * of the exit
 */
bool kvm_debug_code_breakpoint(struct kvm_vcpu *vcpu, int *ret);

/*
 * ---- tsc.c --------------------------------------------------------------------------------------
 */
int kvm_tsc_set_khz(struct kvm_vcpu *vcpu, u32 khz);
u64 kvm_scale_tsc(u64 tsc, u64 ratio);
u64 kvm_read_guest_tsc(struct kvm_vcpu *vcpu, u64 host_tsc);
void kvm_write_tsc(struct kvm_vcpu *vcpu, u64 data, bool host_initiated);
void kvm_tsc_adjust(struct kvm_vcpu *vcpu, u64 value);	/* IA32_TSC_ADJUST moves the offset */
int kvm_tsc_init_vm(struct kvm *kvm);
int kvm_tsc_create(struct kvm_vcpu *vcpu);
void kvm_tsc_vcpu_load(struct kvm_vcpu *vcpu, int cpu);	/* another CPU, or a TSC that went back */
void kvm_tsc_vcpu_put(struct kvm_vcpu *vcpu);
int kvm_tsc_set_offset_attr(struct kvm_vcpu *vcpu, struct kvm_device_attr *attr);
int kvm_tsc_get_offset_attr(struct kvm_vcpu *vcpu, struct kvm_device_attr *attr);
int kvm_tsc_has_offset_attr(struct kvm_vcpu *vcpu, struct kvm_device_attr *attr);
u64 kvm_clock_now_ns(struct kvm *kvm);
int kvm_clock_flags_supported(void);	/* KVM_CAP_ADJUST_CLOCK's value */
int kvm_vm_ioctl_get_clock(struct kvm *kvm, void __user *arg);
int kvm_vm_ioctl_set_clock(struct kvm *kvm, void __user *arg);

/*
 * ---- mtrr.c, mce.c ------------------------------------------------------------------------------
 */
bool kvm_mtrr_is_msr(u32 msr);
int kvm_mtrr_get(struct kvm_vcpu *vcpu, u32 msr, u64 *data);
int kvm_mtrr_set(struct kvm_vcpu *vcpu, u32 msr, u64 data);
bool kvm_pat_valid(u64 data);
int kvm_mce_create(struct kvm_vcpu *vcpu);
void kvm_mce_free(struct kvm_vcpu *vcpu);
bool kvm_mce_is_msr(struct kvm_vcpu *vcpu, u32 msr);
int kvm_mce_get_msr(struct kvm_vcpu *vcpu, u32 msr, u64 *data, bool host_initiated);
int kvm_mce_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int kvm_vcpu_setup_mce(struct kvm_vcpu *vcpu, u64 mcg_cap);
int kvm_vcpu_set_mce(struct kvm_vcpu *vcpu, const struct kvm_x86_mce *mce);
u64 kvm_mce_cap_supported(void);

/* ---- io.c: ports and MMIO */
/*
 * One IN or OUT without strings: kernel bus, else KVM_EXIT_IO; advances RIP at the documented
 * moment. 1/0/errno
 */
int kvm_fast_pio(struct kvm_vcpu *vcpu, int size, unsigned short port, bool in);
/* [off] */
enum kvm_fastpath kvm_fast_pio_irqoff(struct kvm_vcpu *vcpu, int size, unsigned short port,
				      bool in);

/* ---- emulator.c */
#define EMULTYPE_NO_DECODE	(1u << 0)	/* continue what userspace helped with */
#define EMULTYPE_SKIP		(1u << 1)	/* only find its length and step over it */
#define EMULTYPE_TRAP_UD	(1u << 2)	/* came by #UD: #UD if we do not emulate it */
#define EMULTYPE_PF		(1u << 3)	/* came by a page fault at cr2_or_gpa */
#define EMULTYPE_PF_DATA	(1u << 4)	/* of the access itself, and no memory is there */
#define EMULTYPE_PF_STORE	(1u << 5)	/* which was a write */

int kvm_emulator_create(struct kvm_vcpu *vcpu);
void kvm_emulator_destroy(struct kvm_vcpu *vcpu);
int kvm_emulator_module_init(void);
void kvm_emulator_module_exit(void);
int kvm_emulate_instruction(struct kvm_vcpu *vcpu, gpa_t cr2_or_gpa, int emulation_type,
			    const void *insn, int insn_len);
int kvm_task_switch(struct kvm_vcpu *vcpu, u16 selector, int idt_index, int reason,
		    bool has_error_code, u32 error_code);
void kvm_deliver_event(struct kvm_vcpu *vcpu, u8 vector, unsigned int length, bool has_error_code,
		       u32 error_code);
/*
 * Length of the instruction at RIP whose intercept the exit was (no NRIPS): the bytes at RIP must
 * be the opcode that @opcode names (X86_SKIP_*, see emulate/insn.h), after any prefixes;
 * else a negative errno.
 */
int kvm_insn_length_at_rip(struct kvm_vcpu *vcpu, unsigned int opcode);

/*
 * ---- trace --------------------------------------------------------------------------------------
 */
/* arch/x86/kvm/trace.h has the events; only run.c defines CREATE_TRACE_POINTS */

static inline bool kvm_is_noncanonical(u64 la, int vaddr_bits)
{
	return (u64)((s64)(la << (64 - vaddr_bits)) >> (64 - vaddr_bits)) != la;
}

/* 48 or, with CR4.LA57, 57 (SDM 3.3.7.1, APM2 5.3.1) */
static inline u8 kvm_vaddr_bits(struct kvm_vcpu *vcpu)
{
	return kvm_cr4_bits(vcpu, X86_CR4_LA57) ? 57 : 48;
}

static inline bool kvm_is_noncanonical_vcpu(struct kvm_vcpu *vcpu, u64 la)
{
	return kvm_is_noncanonical(la, kvm_vaddr_bits(vcpu));
}

#endif
