/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The x86 part of struct kvm and struct kvm_vcpu.
 *
 * Lock tags as in <kvm/vm.h>, <kvm/vcpu.h>: (o) set once · (k) kvm->lock · (l) kvm->mmu_lock ·
 * (v) vcpu->mutex · (a) atomic · (p) the vCPU's thread, preemption disabled.
 * Fields of struct kvm_vcpu_arch without a tag are (v).
 */
#ifndef __KVM_X86_ARCH_H
#define __KVM_X86_ARCH_H

#include <linux/kvm.h>
#include <linux/kvm_types.h>
#include <linux/list.h>
#include <asm/fpu/types.h>
#include <asm/kvm_vcpu_regs.h>
#include <asm/processor.h>
#include "irqchip/irqchip.h"
#include "mmu/kvm_mmu.h"

struct kvm;
struct kvm_vcpu;
struct kvm_cpuid_index;
struct kvm_apic_map;
struct kvm_ioapic;
struct kvm_lapic;
struct kvm_pic;
struct kvm_pit;
struct x86_emulate_ctxt;

/* Indices into kvm_vcpu_arch.regs[]: the hardware's numbers, then RIP, then lazily read state. */
enum kvm_reg {
	VCPU_REGS_RAX = __VCPU_REGS_RAX,
	VCPU_REGS_RCX = __VCPU_REGS_RCX,
	VCPU_REGS_RDX = __VCPU_REGS_RDX,
	VCPU_REGS_RBX = __VCPU_REGS_RBX,
	VCPU_REGS_RSP = __VCPU_REGS_RSP,
	VCPU_REGS_RBP = __VCPU_REGS_RBP,
	VCPU_REGS_RSI = __VCPU_REGS_RSI,
	VCPU_REGS_RDI = __VCPU_REGS_RDI,
	VCPU_REGS_R8 = __VCPU_REGS_R8,
	VCPU_REGS_R15 = __VCPU_REGS_R15,
	VCPU_REGS_RIP,
	NR_VCPU_REGS,

	/* only bits of regs_avail and regs_dirty: the vendor's cache_reg() makes them valid */
	VCPU_EXREG_PDPTR = NR_VCPU_REGS,
	VCPU_EXREG_CR0,
	VCPU_EXREG_CR3,
	VCPU_EXREG_CR4,
	VCPU_EXREG_RFLAGS,
	VCPU_EXREG_SEGMENTS,
};

enum kvm_seg {
	VCPU_SREG_ES,
	VCPU_SREG_CS,
	VCPU_SREG_SS,
	VCPU_SREG_DS,
	VCPU_SREG_FS,
	VCPU_SREG_GS,
	VCPU_SREG_TR,
	VCPU_SREG_LDTR,
};

/* x86 requests, after the core's. */
enum kvm_x86_request {
	KVM_REQ_EVENT = 8,		/* there may be an event to inject: look */
	KVM_REQ_NMI,			/* nmi_queued moved */
	KVM_REQ_TRIPLE_FAULT,		/* leave with KVM_EXIT_SHUTDOWN */
	KVM_REQ_TLB_FLUSH_CURRENT,	/* translations of the current context */
	KVM_REQ_TLB_FLUSH_GUEST,	/* as if the guest had flushed its own, global pages too */
	KVM_REQ_MMU_RELOAD,		/* the root is gone or stale: load another */
	KVM_REQ_SCAN_IOAPIC,		/* routes changed: which EOIs must be told? */
	KVM_REQ_IOAPIC_EOI_EXIT,	/* leave with KVM_EXIT_IOAPIC_EOI */
	KVM_REQ_UNBLOCK,		/* end a halt: looked at, not acted on */
	KVM_REQ_TPR_ACCESS,		/* leave with KVM_EXIT_TPR_ACCESS */
};

/* Bits of kvm_vcpu_arch.switch_db_regs. */
#define KVM_DEBUGREG_BP_ENABLED		1	/* guest or debugger has a breakpoint armed */
#define KVM_DEBUGREG_WONT_EXIT		2	/* DR accesses do not exit now */

#define KVM_DR7_GD			BIT(13)	/* a DR access raises #DB (SDM 17.2.4) */

#define KVM_CPUID_MAX_ENTRIES		256
#define KVM_NR_DB_REGS			4
#define KVM_MCE_BANKS			32

/**
 * struct kvm_queued_exception - the exception to be delivered at the next entry
 * @pending: not yet given to hardware: priorities are still to be judged, side effects not done
 * @injected: given to hardware once already, and to be given again: no side effects any more
 */
struct kvm_queued_exception {
	bool pending;
	bool injected;
	bool has_error_code;
	bool has_payload;
	u8 vector;
	u32 error_code;
	unsigned long payload;		/* #PF: CR2; #DB: the DR6 bits */
};

/* The port access that waits for userspace, or for the next round of a string instruction. */
struct kvm_pio_request {
	/* where the instruction was, when RIP is advanced on completion */
	unsigned long linear_rip;
	u32 count;
	u16 port;
	u8 size;
	bool in;
};

struct kvm_mtrr {
	u64 fixed[11];
	u64 deftype;
	u64 var[16];			/* base and mask of 8 ranges */
};

struct kvm_vcpu_arch {
	/* GPRs and RIP; [RSP] and [RIP] live in the vendor's control block until cached */
	unsigned long regs[NR_VCPU_REGS];
	u32 regs_avail;
	u32 regs_dirty;

	unsigned long cr0;
	unsigned long cr0_guest_owned_bits;	/* read from hardware when wanted */
	unsigned long cr2;
	unsigned long cr3;
	unsigned long cr4;
	unsigned long cr4_guest_owned_bits;
	unsigned long cr4_guest_rsvd_bits;	/* from CPUID */
	unsigned long cr8;
	u64 efer;
	u64 xcr0;
	bool xsave_switch;			/* XCR0 or PKRU is not the host's in the guest */
	u32 pkru;
	u32 host_pkru;				/* (p) while the guest's is in the register */
	u64 apic_base;
	struct kvm_lapic *apic;			/* (o) NULL without an irqchip in the kernel */
	gpa_t vapic_addr;			/* KVM_SET_VAPIC_ADDR, 0: none */
	bool tpr_reporting;			/* KVM_TPR_ACCESS_REPORTING */
	bool tpr_written;			/* the access that waits to be reported */
	unsigned long tpr_rip;			/* and its instruction */

	/* events */
	struct kvm_queued_exception exception;
	struct {
		bool injected;
		bool soft;
		u8 nr;
	} interrupt;				/* the one that hardware has been given */
	int user_irq;				/* KVM_INTERRUPT's vector that waits, or -1 */
	atomic_t nmi_queued;			/* (a) KVM_NMI adds; moved into nmi_pending */
	u8 nmi_pending;
	bool nmi_injected;
	u32 mp_state;				/* KVM_MP_STATE_* */
	unsigned long rcu_jiffies;		/* (p) when RCU was last told that the guest runs */

	/* memory */
	struct kvm_mmu *mmu;			/* the one in use */
	struct kvm_mmu root_mmu;
	struct kvm_mmu_cache mmu_cache;		/* page-table pages in store for faults */
	struct kvm_shadow_cache shadow_cache;	/* likewise, for shadow paging */

	/* CPUID */
	struct kvm_cpuid_entry2 *cpuid_entries;
	int cpuid_nent;
	struct kvm_cpuid_index *cpuid_index;	/* of cpuid_entries; NULL without entries */
	u8 maxphyaddr;
	u64 reserved_gpa_bits;
	u64 guest_supported_xcr0;
	/* CPUID ∩ what we give; indexed as the kernel's feature words */
	u32 guest_caps[32];
	bool ran;				/* KVM_RUN has run: CPUID is fixed */

	/* FPU: loaded once per KVM_RUN */
	struct fpu_guest guest_fpu;

	/* MSRs */
	u64 pat;
	struct kvm_mtrr mtrr;
	u64 ia32_misc_enable;
	u64 arch_capabilities;
	u64 microcode_version;
	u64 ia32_tsc_adjust;
	u64 msr_platform_info;
	u64 msr_hwcr;				/* AMD's HWCR: the bits that guests may set */
	u64 spec_ctrl;				/* where the world switch has to load it */
	bool spec_ctrl_direct;			/* the guest writes it without an exit */
	u64 spec_ctrl_guest_mask;		/* bits the guest may set in SPEC_CTRL, 0: none */
	u64 mcg_cap;
	u64 mcg_status;
	u64 mcg_ctl;
	u64 *mce_banks;				/* 4 × KVM_MCE_BANKS, allocated with the vCPU (o) */

	/* TSC */
	u64 tsc_offset;				/* guest = host × ratio + offset */
	u64 tsc_scaling_ratio;
	u32 virtual_tsc_khz;
	/* at vcpu_put, to see a backward TSC after a migration */
	u64 last_host_tsc;
	u64 tsc_lost;				/* by suspends, as far as tsc_offset knows */

	/* debug registers: SDM 17.2, APM2 13.1 */
	unsigned long db[KVM_NR_DB_REGS];
	/* what hardware gets: the guest's or the debugger's */
	unsigned long eff_db[KVM_NR_DB_REGS];
	unsigned long dr6;
	unsigned long dr7;
	unsigned long guest_debug_dr7;
	unsigned long singlestep_rip;
	u8 switch_db_regs;
	u32 guest_debug;			/* KVM_GUESTDBG_* */

	/* instructions that userspace must help with */
	struct x86_emulate_ctxt *emulate_ctxt;	/* (o) */
	int (*complete_userspace_io)(struct kvm_vcpu *vcpu);
	struct kvm_pio_request pio;
	void *pio_data;				/* (o) one page, mapped at KVM_PIO_PAGE_OFFSET */
};

struct kvm_arch {
	struct kvm_mmu_vm mmu;			/* (l) page tables of the VM */
	gpa_t tss_addr;				/* (k) KVM_SET_TSS_ADDR; ~0: not set */
	gpa_t identity_map_addr;		/* (k) */
	u32 default_tsc_khz;			/* (k) for vCPUs to be created */
	/* guards the last_tsc_* fields: synchronized TSC writes */
	raw_spinlock_t tsc_lock;
	u64 last_tsc_nsec;
	u64 last_tsc_write;
	u64 last_tsc_khz;
	u64 last_tsc_offset;			/* as if no suspend had reset the host's TSC */
	/* KVM_SET_CLOCK: guest ns = host boot ns + offset (a) */
	s64 clock_offset;
	enum kvm_irqchip_mode irqchip_mode;	/* (k) fixed before the first vCPU exists */
	u16 split_irqchip_pins;			/* (k) SPLIT: IOAPIC pins in userspace */
	u64 x2apic_api;				/* (k) KVM_CAP_X2APIC_API: its flags */
	struct kvm_pic *pic;			/* (k) KERNEL; fixed likewise */
	struct kvm_ioapic *ioapic;		/* (k) KERNEL; fixed likewise */
	struct kvm_pit *pit;			/* (k) KVM_CREATE_PIT2 */
	struct mutex apic_map_lock;		/* for its replacement */
	struct kvm_apic_map __rcu *apic_map;	/* which LAPIC has which id; see delivery.c */
	u32 boot_cpu_id;			/* (k) KVM_SET_BOOT_CPU_ID, before the first vCPU */
	u32 max_vcpu_id;			/* (k) KVM_CAP_MAX_VCPU_ID; exclusive, 0: not set */
	u32 disabled_exits;			/* (k) KVM_CAP_X86_DISABLE_EXITS, before vCPUs */
	u64 disabled_quirks;			/* (k) KVM_CAP_DISABLE_QUIRKS2 */
	bool exit_on_emulation_error;		/* (k) KVM_CAP_EXIT_ON_EMULATION_FAILURE */
	/* (o) the vendor's per-VM state, made by vm_init() */
	void *vendor;
};

#endif
