/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The KVM ABI, x86 part: the state that ioctls of a vCPU carry, the x86 interrupt chips, and the
 * x86-only filters and attributes. Included by <linux/kvm.h>, which lists the ioctl numbers.
 *
 * Every number and every layout here is a contract with binaries that exist already; the section
 * numbers in the comments are those of Documentation/virt/kvm/api.rst. Fields called pad, padding
 * and reserved are zero unless a flag gives them a meaning. tools/testing/unit/uapi/ compares this
 * file with the kernel's own headers.
 *
 * The guard is the kernel's, so that its headers which include <asm/kvm.h> get this file.
 */
#ifndef _ASM_X86_KVM_H
#define _ASM_X86_KVM_H

#include <linux/const.h>
#include <linux/types.h>
#include <linux/ioctl.h>
#include <linux/stddef.h>

/* Pointers that a program hands to the kernel; only sparse sees the difference. */
#ifdef __KERNEL__
#define __kvm_user __user
#else
#define __kvm_user
#endif

/* What this architecture offers at compile time: older programs test these before they use it. */
#define __KVM_HAVE_PIT
#define __KVM_HAVE_PIT_STATE2
#define __KVM_HAVE_IOAPIC
#define __KVM_HAVE_IRQ_LINE
#define __KVM_HAVE_MSI
#define __KVM_HAVE_MSIX
#define __KVM_HAVE_USER_NMI
#define __KVM_HAVE_GUEST_DEBUG
#define __KVM_HAVE_VCPU_EVENTS
#define __KVM_HAVE_DEBUGREGS
#define __KVM_HAVE_XSAVE
#define __KVM_HAVE_XCRS
#define __KVM_HAVE_MCE
#define __KVM_HAVE_XEN_HVM
#define __KVM_HAVE_READONLY_MEM

/* Bits of the interrupt bitmap in struct kvm_sregs, which is one per vector. */
#define KVM_NR_INTERRUPTS 256

/* Pages of the vCPU's mmap area (in pages from its start): kvm_run is page 0. */
#define KVM_PIO_PAGE_OFFSET	       1
#define KVM_COALESCED_MMIO_PAGE_OFFSET 2
#define KVM_DIRTY_LOG_PAGE_OFFSET      64

/* Exception vectors, for KVM_EXIT_EXCEPTION, vcpu_events and guest debugging (SDM vol. 3, 6.3). */
#define DE_VECTOR 0
#define DB_VECTOR 1
#define BP_VECTOR 3
#define OF_VECTOR 4
#define BR_VECTOR 5
#define UD_VECTOR 6
#define NM_VECTOR 7
#define DF_VECTOR 8
#define TS_VECTOR 10
#define NP_VECTOR 11
#define SS_VECTOR 12
#define GP_VECTOR 13
#define PF_VECTOR 14
#define MF_VECTOR 16
#define AC_VECTOR 17
#define MC_VECTOR 18
#define XM_VECTOR 19
#define VE_VECTOR 20

/* ---- Types of VM: the argument of KVM_CREATE_VM (4.2), the bits of KVM_CAP_VM_TYPES ---------- */

#define KVM_X86_DEFAULT_VM	0
#define KVM_X86_SW_PROTECTED_VM 1
#define KVM_X86_SEV_VM		2
#define KVM_X86_SEV_ES_VM	3
#define KVM_X86_SNP_VM		4

/* ---- General registers: KVM_GET/SET_REGS (4.11, 4.12) ---------------------------------------- */

struct kvm_regs {
	__u64 rax, rbx, rcx, rdx;
	__u64 rsi, rdi, rsp, rbp;
	__u64 r8, r9, r10, r11;
	__u64 r12, r13, r14, r15;
	__u64 rip, rflags;
};

/* ---- System registers: KVM_GET/SET_SREGS (4.13, 4.14), SREGS2 (4.131, 4.132) ----------------- */

struct kvm_segment {
	__u64 base;
	__u32 limit; /* in bytes, after the granularity bit has been applied */
	__u16 selector;
	__u8 type;
	__u8 present, dpl, db, s, l, g, avl;
	__u8 unusable; /* the selector is null: the other fields mean nothing */
	__u8 padding;
};

struct kvm_dtable {
	__u64 base;
	__u16 limit;
	__u16 padding[3];
};

struct kvm_sregs {
	struct kvm_segment cs, ds, es, fs, gs, ss;
	struct kvm_segment tr, ldt;
	struct kvm_dtable gdt, idt;
	__u64 cr0, cr2, cr3, cr4, cr8;
	__u64 efer;
	__u64 apic_base;
	/* The one external interrupt that is being injected, if any: at most one bit. */
	__u64 interrupt_bitmap[(KVM_NR_INTERRUPTS + 63) / 64];
};

/* Set: pdptrs holds what the CPU loaded at the last CR3 write in PAE mode (SDM vol. 3, 4.4.1). */
#define KVM_SREGS2_FLAGS_PDPTRS_VALID 1

struct kvm_sregs2 {
	struct kvm_segment cs, ds, es, fs, gs, ss;
	struct kvm_segment tr, ldt;
	struct kvm_dtable gdt, idt;
	__u64 cr0, cr2, cr3, cr4, cr8;
	__u64 efer;
	__u64 apic_base;
	__u64 flags;
	__u64 pdptrs[4];
};

/* ---- FPU and extended state: KVM_GET/SET_FPU (4.22), XSAVE (4.42, 4.134), XCRS (4.44) -------- */

struct kvm_fpu {
	__u8 fpr[8][16];
	__u16 fcw;
	__u16 fsw;
	__u8 ftwx; /* abridged tag word, as FXSAVE stores it */
	__u8 pad1;
	__u16 last_opcode;
	__u64 last_ip;
	__u64 last_dp;
	__u8 xmm[16][16];
	__u32 mxcsr;
	__u32 pad2;
};

/* The standard (not compacted) XSAVE image; KVM_CAP_XSAVE2 says how far extra[] reaches. */
struct kvm_xsave {
	__u32 region[1024];
	__u32 extra[];
};

#define KVM_MAX_XCRS 16

struct kvm_xcr {
	__u32 xcr;
	__u32 reserved;
	__u64 value;
};

struct kvm_xcrs {
	__u32 nr_xcrs;
	__u32 flags;
	struct kvm_xcr xcrs[KVM_MAX_XCRS];
	__u64 padding[16];
};

/* ---- Debug registers: KVM_GET/SET_DEBUGREGS (4.33), KVM_SET_GUEST_DEBUG (4.87) --------------- */

struct kvm_debugregs {
	__u64 db[4];
	__u64 dr6;
	__u64 dr7;
	__u64 flags;
	__u64 reserved[9];
};

/* The x86 half of kvm_guest_debug.control; the low half is in <linux/kvm.h>. */
#define KVM_GUESTDBG_USE_SW_BP 0x00010000
#define KVM_GUESTDBG_USE_HW_BP 0x00020000
#define KVM_GUESTDBG_INJECT_DB 0x00040000
#define KVM_GUESTDBG_INJECT_BP 0x00080000
#define KVM_GUESTDBG_BLOCKIRQ  0x00100000

struct kvm_guest_debug_arch {
	__u64 debugreg[8];
};

/* KVM_EXIT_DEBUG */
struct kvm_debug_exit_arch {
	__u32 exception;
	__u32 pad;
	__u64 pc;
	__u64 dr6;
	__u64 dr7;
};

/* ---- Pending and injected events: KVM_GET/SET_VCPU_EVENTS (4.31, 4.32) ----------------------- */

/* kvm_vcpu_events.flags: which optional parts are meaningful. */
#define KVM_VCPUEVENT_VALID_NMI_PENDING	 0x00000001
#define KVM_VCPUEVENT_VALID_SIPI_VECTOR	 0x00000002
#define KVM_VCPUEVENT_VALID_SHADOW	 0x00000004
#define KVM_VCPUEVENT_VALID_SMM		 0x00000008
#define KVM_VCPUEVENT_VALID_PAYLOAD	 0x00000010
#define KVM_VCPUEVENT_VALID_TRIPLE_FAULT 0x00000020

/* kvm_vcpu_events.interrupt.shadow */
#define KVM_X86_SHADOW_INT_MOV_SS 0x01
#define KVM_X86_SHADOW_INT_STI	  0x02

struct kvm_vcpu_events {
	struct {
		__u8 injected;
		__u8 nr;
		__u8 has_error_code;
		__u8 pending; /* only with VALID_PAYLOAD */
		__u32 error_code;
	} exception;
	struct {
		__u8 injected;
		__u8 nr;
		__u8 soft;
		__u8 shadow;
	} interrupt;
	struct {
		__u8 injected;
		__u8 pending;
		__u8 masked;
		__u8 pad;
	} nmi;
	__u32 sipi_vector;
	__u32 flags;
	struct {
		__u8 smm;
		__u8 pending;
		__u8 smm_inside_nmi;
		__u8 latched_init;
	} smi;
	struct {
		__u8 pending;
	} triple_fault;
	__u8 reserved[26];
	__u8 exception_has_payload; /* the payload is CR2 for #PF, DR6 bits for #DB */
	__u64 exception_payload;
};

/* ---- MSRs: KVM_GET/SET_MSRS (4.18), index lists (4.3), filter (4.97) ------------------------- */

struct kvm_msr_entry {
	__u32 index;
	__u32 reserved;
	__u64 data;
};

struct kvm_msrs {
	__u32 nmsrs;
	__u32 pad;
	struct kvm_msr_entry entries[];
};

struct kvm_msr_list {
	__u32 nmsrs; /* in: room; out: how many there are, also when -E2BIG */
	__u32 indices[];
};

#define KVM_MSR_FILTER_MAX_BITMAP_SIZE 0x600
#define KVM_MSR_FILTER_MAX_RANGES      16

/* kvm_msr_filter_range.flags */
#define KVM_MSR_FILTER_READ		(1 << 0)
#define KVM_MSR_FILTER_WRITE		(1 << 1)
#define KVM_MSR_FILTER_RANGE_VALID_MASK (KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE)

/* kvm_msr_filter.flags: what becomes of an MSR that no range covers */
#define KVM_MSR_FILTER_DEFAULT_ALLOW (0 << 0)
#define KVM_MSR_FILTER_DEFAULT_DENY  (1 << 0)
#define KVM_MSR_FILTER_VALID_MASK    (KVM_MSR_FILTER_DEFAULT_DENY)

struct kvm_msr_filter_range {
	__u32 flags;
	__u32 nmsrs;
	__u32 base;
	__u8 __kvm_user *bitmap; /* bit set: allowed; least significant bit is base */
};

struct kvm_msr_filter {
	__u32 flags;
	struct kvm_msr_filter_range ranges[KVM_MSR_FILTER_MAX_RANGES];
};

/* ---- CPUID: KVM_SET_CPUID (4.20), KVM_GET_SUPPORTED_CPUID (4.46) ----------------------------- */

struct kvm_cpuid_entry {
	__u32 function;
	__u32 eax, ebx, ecx, edx;
	__u32 padding;
};

struct kvm_cpuid {
	__u32 nent;
	__u32 padding;
	struct kvm_cpuid_entry entries[];
};

/* kvm_cpuid_entry2.flags; the two STATE flags are history, and never set. */
#define KVM_CPUID_FLAG_SIGNIFCANT_INDEX (1 << 0)
#define KVM_CPUID_FLAG_STATEFUL_FUNC	(1 << 1)
#define KVM_CPUID_FLAG_STATE_READ_NEXT	(1 << 2)

struct kvm_cpuid_entry2 {
	__u32 function;
	__u32 index;
	__u32 flags;
	__u32 eax, ebx, ecx, edx;
	__u32 padding[3];
};

struct kvm_cpuid2 {
	__u32 nent;
	__u32 padding;
	struct kvm_cpuid_entry2 entries[];
};

/* ---- Registers shared through kvm_run (6.74) ------------------------------------------------- */

#define KVM_SYNC_X86_REGS	  (1UL << 0)
#define KVM_SYNC_X86_SREGS	  (1UL << 1)
#define KVM_SYNC_X86_EVENTS	  (1UL << 2)
#define KVM_SYNC_X86_VALID_FIELDS (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS)

struct kvm_sync_regs {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
};

/* kvm_run.flags */
#define KVM_RUN_X86_SMM	       (1 << 0)
#define KVM_RUN_X86_BUS_LOCK   (1 << 1)
#define KVM_RUN_X86_GUEST_MODE (1 << 2)

/* ---- Interrupt chips: KVM_GET/SET_IRQCHIP (4.26), LAPIC (4.57) ------------------------------- */

/* kvm_irqchip.chip_id, and kvm_irq_routing_irqchip.irqchip */
#define KVM_IRQCHIP_PIC_MASTER 0
#define KVM_IRQCHIP_PIC_SLAVE  1
#define KVM_IRQCHIP_IOAPIC     2
#define KVM_NR_IRQCHIPS	       3

/* One 8259A: what its latches hold between two accesses. */
struct kvm_pic_state {
	__u8 last_irr; /* line levels, for edge detection */
	__u8 irr, imr, isr;
	__u8 priority_add; /* highest priority line, after rotation */
	__u8 irq_base;	   /* ICW2 */
	__u8 read_reg_select;
	__u8 poll;
	__u8 special_mask;
	__u8 init_state;
	__u8 auto_eoi;
	__u8 rotate_on_auto_eoi;
	__u8 special_fully_nested_mode;
	__u8 init4; /* ICW4 is expected */
	__u8 elcr;  /* ports 0x4d0, 0x4d1 */
	__u8 elcr_mask;
};

#define KVM_IOAPIC_NUM_PINS 24

struct kvm_ioapic_state {
	__u64 base_address;
	__u32 ioregsel;
	__u32 id;
	__u32 irr;
	__u32 pad;
	union {
		__u64 bits;
		struct {
			__u8 vector;
			__u8 delivery_mode : 3;
			__u8 dest_mode : 1;
			__u8 delivery_status : 1;
			__u8 polarity : 1;
			__u8 remote_irr : 1;
			__u8 trig_mode : 1;
			__u8 mask : 1;
			__u8 reserve : 7;
			__u8 reserved[4];
			__u8 dest_id;
		} fields;
	} redirtbl[KVM_IOAPIC_NUM_PINS];
};

/* The register page up to 0x3ff, each register at its xAPIC offset (SDM vol. 3, 10.4.1). */
#define KVM_APIC_REG_SIZE 0x400

struct kvm_lapic_state {
	char regs[KVM_APIC_REG_SIZE];
};

/* ---- The 8254 timer: KVM_CREATE_PIT2 (4.71), GET/SET_PIT2 (4.72), REINJECT_CONTROL (4.99) ---- */

/* kvm_pit_config.flags: port 0x61 is answered by a dummy */
#define KVM_PIT_SPEAKER_DUMMY 1

/* kvm_pit_state2.flags */
#define KVM_PIT_FLAGS_HPET_LEGACY     0x00000001
#define KVM_PIT_FLAGS_SPEAKER_DATA_ON 0x00000002

struct kvm_pit_channel_state {
	__u32 count; /* 65536 is possible */
	__u16 latched_count;
	__u8 count_latched;
	__u8 status_latched;
	__u8 status;
	__u8 read_state;
	__u8 write_state;
	__u8 write_latch;
	__u8 rw_mode;
	__u8 mode;
	__u8 bcd;
	__u8 gate;
	__s64 count_load_time; /* ns of the host's boot clock */
};

/* KVM_GET/SET_PIT: the form without flags */
struct kvm_pit_state {
	struct kvm_pit_channel_state channels[3];
};

struct kvm_pit_state2 {
	struct kvm_pit_channel_state channels[3];
	__u32 flags;
	__u32 reserved[9];
};

struct kvm_reinject_control {
	__u8 pit_reinject;
	__u8 reserved[31];
};

/* ---- Nested state: KVM_GET/SET_NESTED_STATE (4.114) ------------------------------------------ */

/* kvm_nested_state.format: it follows the host's vendor */
#define KVM_STATE_NESTED_FORMAT_VMX 0
#define KVM_STATE_NESTED_FORMAT_SVM 1

/* kvm_nested_state.flags */
#define KVM_STATE_NESTED_GUEST_MODE  0x00000001
#define KVM_STATE_NESTED_RUN_PENDING 0x00000002
#define KVM_STATE_NESTED_EVMCS	     0x00000004
#define KVM_STATE_NESTED_MTF_PENDING 0x00000008
#define KVM_STATE_NESTED_GIF_SET     0x00000100

/* kvm_vmx_nested_state_hdr.smm.flags, and .flags */
#define KVM_STATE_NESTED_SMM_GUEST_MODE		0x00000001
#define KVM_STATE_NESTED_SMM_VMXON		0x00000002
#define KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE 0x00000001

#define KVM_STATE_NESTED_VMX_VMCS_SIZE 0x1000
#define KVM_STATE_NESTED_SVM_VMCB_SIZE 0x1000

struct kvm_vmx_nested_state_hdr {
	__u64 vmxon_pa;
	__u64 vmcs12_pa;
	struct {
		__u16 flags;
	} smm;
	__u16 pad;
	__u32 flags;
	__u64 preemption_timer_deadline;
};

struct kvm_vmx_nested_state_data {
	__u8 vmcs12[KVM_STATE_NESTED_VMX_VMCS_SIZE];
	__u8 shadow_vmcs12[KVM_STATE_NESTED_VMX_VMCS_SIZE];
};

struct kvm_svm_nested_state_hdr {
	__u64 vmcb_pa;
};

struct kvm_svm_nested_state_data {
	__u8 vmcb12[KVM_STATE_NESTED_SVM_VMCB_SIZE];
};

struct kvm_nested_state {
	__u16 flags;
	__u16 format;
	__u32 size; /* of header and data together */
	union {
		struct kvm_vmx_nested_state_hdr vmx;
		struct kvm_svm_nested_state_hdr svm;
		__u8 pad[120]; /* the header is 128 bytes for ever */
	} hdr;
	union {
		__DECLARE_FLEX_ARRAY(struct kvm_vmx_nested_state_data, vmx);
		__DECLARE_FLEX_ARRAY(struct kvm_svm_nested_state_data, svm);
	} data;
};

/* ---- PMU event filter: KVM_SET_PMU_EVENT_FILTER (4.120) -------------------------------------- */

#define KVM_PMU_EVENT_ALLOW 0
#define KVM_PMU_EVENT_DENY  1

#define KVM_PMU_EVENT_FLAG_MASKED_EVENTS _BITUL(0)
#define KVM_PMU_EVENT_FLAGS_VALID_MASK	 (KVM_PMU_EVENT_FLAG_MASKED_EVENTS)

struct kvm_pmu_event_filter {
	__u32 action;
	__u32 nevents;
	__u32 fixed_counter_bitmap;
	__u32 flags;
	__u32 pad[4];
	__u64 events[];
};

/*
 * A masked entry: event select in bits 7:0 and 35:32, unit mask to match in 15:8, exclude in 55,
 * unit mask's mask in 63:56.
 */
#define KVM_PMU_MASKED_ENTRY_EVENT_SELECT     0x0000000f000000ffULL
#define KVM_PMU_MASKED_ENTRY_UMASK_MATCH      0x000000000000ff00ULL
#define KVM_PMU_MASKED_ENTRY_EXCLUDE	      (_BITULL(55))
#define KVM_PMU_MASKED_ENTRY_UMASK_MASK	      0xff00000000000000ULL
#define KVM_PMU_MASKED_ENTRY_UMASK_MASK_SHIFT (56)

#define KVM_PMU_ENCODE_MASKED_ENTRY(event_select, mask, match, exclude)     \
	((((__u64)(event_select)&0xf00) << 24) | ((event_select)&0xffULL) | \
	 (((match)&0xffULL) << 8) | ((exclude) ? _BITULL(55) : 0) |         \
	 (((mask)&0xffULL) << KVM_PMU_MASKED_ENTRY_UMASK_MASK_SHIFT))

/* KVM_CAP_PMU_CAPABILITY (8.35) */
#define KVM_PMU_CAP_DISABLE (1 << 0)

/* ---- Arguments of x86 capabilities ----------------------------------------------------------- */

/* KVM_CAP_DISABLE_QUIRKS2 (7.31): what in-tree KVM does against the manual unless told not to */
#define KVM_X86_QUIRK_LINT0_REENABLED		 (1 << 0)
#define KVM_X86_QUIRK_CD_NW_CLEARED		 (1 << 1)
#define KVM_X86_QUIRK_LAPIC_MMIO_HOLE		 (1 << 2)
#define KVM_X86_QUIRK_OUT_7E_INC_RIP		 (1 << 3)
#define KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT	 (1 << 4)
#define KVM_X86_QUIRK_FIX_HYPERCALL_INSN	 (1 << 5)
#define KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS	 (1 << 6)
#define KVM_X86_QUIRK_SLOT_ZAP_ALL		 (1 << 7)
#define KVM_X86_QUIRK_STUFF_FEATURE_MSRS	 (1 << 8)
#define KVM_X86_QUIRK_IGNORE_GUEST_PAT		 (1 << 9)
#define KVM_X86_QUIRK_VMCS12_ALLOW_FREEZE_IN_SMM (1 << 10)

/* KVM_CAP_X2APIC_API (7.7) */
#define KVM_X2APIC_API_USE_32BIT_IDS	       (1ULL << 0)
#define KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK (1ULL << 1)

/* KVM_CAP_X86_DISABLE_EXITS (7.13) */
#define KVM_X86_DISABLE_EXITS_MWAIT  (1 << 0)
#define KVM_X86_DISABLE_EXITS_HLT    (1 << 1)
#define KVM_X86_DISABLE_EXITS_PAUSE  (1 << 2)
#define KVM_X86_DISABLE_EXITS_CSTATE (1 << 3)
#define KVM_X86_DISABLE_VALID_EXITS                                                              \
	(KVM_X86_DISABLE_EXITS_MWAIT | KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE | \
	 KVM_X86_DISABLE_EXITS_CSTATE)

/* KVM_CAP_X86_BUS_LOCK_EXIT (7.22) */
#define KVM_BUS_LOCK_DETECTION_OFF  (1 << 0)
#define KVM_BUS_LOCK_DETECTION_EXIT (1 << 1)

/* KVM_CAP_X86_NOTIFY_VMEXIT (7.33) */
#define KVM_X86_NOTIFY_VMEXIT_ENABLED (1ULL << 0)
#define KVM_X86_NOTIFY_VMEXIT_USER    (1ULL << 1)

/* ---- Attributes: KVM_GET/SET/HAS_DEVICE_ATTR (4.80) on /dev/kvm and on a vCPU ---------------- */

/* on /dev/kvm */
#define KVM_X86_GRP_SYSTEM	  0
#define KVM_X86_XCOMP_GUEST_SUPP  0
#define KVM_X86_GRP_SEV		  1
#define KVM_X86_SEV_VMSA_FEATURES 0

/* on a vCPU: the TSC offset */
#define KVM_VCPU_TSC_CTRL   0
#define KVM_VCPU_TSC_OFFSET 0

/* ---- Machine checks: KVM_X86_SETUP_MCE, SET_MCE (4.105, 4.106) ------------------------------- */

struct kvm_x86_mce {
	__u64 status;
	__u64 addr;
	__u64 misc;
	__u64 mcg_status;
	__u8 bank;
	__u8 pad1[7];
	__u64 pad2[3];
};

#include <asm/kvm_xen.h>
#include <asm/kvm_sev.h>

#endif /* _ASM_X86_KVM_H */
