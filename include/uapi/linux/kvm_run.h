/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The KVM ABI: struct kvm_run, page 0 of a vCPU's mmap area, and every reason for which KVM_RUN
 * returns to the program (api.rst section 5). Reached through <linux/kvm.h> only.
 */
#ifndef _LINUX_KVM_RUN_H
#define _LINUX_KVM_RUN_H

/*
 * exit_reason. Numbers that only other architectures use: 13, 14, 20, 22, 25 (s390), 15, 18, 19,
 * 21, 23 (ppc), 28 (arm), 35, 36 (riscv), 38 (loongarch).
 */
#define KVM_EXIT_UNKNOWN	 0 /* hw */
#define KVM_EXIT_EXCEPTION	 1 /* ex */
#define KVM_EXIT_IO		 2 /* io */
#define KVM_EXIT_HYPERCALL	 3 /* hypercall */
#define KVM_EXIT_DEBUG		 4 /* debug */
#define KVM_EXIT_HLT		 5
#define KVM_EXIT_MMIO		 6 /* mmio */
#define KVM_EXIT_IRQ_WINDOW_OPEN 7
#define KVM_EXIT_SHUTDOWN	 8
#define KVM_EXIT_FAIL_ENTRY	 9 /* fail_entry */
#define KVM_EXIT_INTR		 10
#define KVM_EXIT_SET_TPR	 11
#define KVM_EXIT_TPR_ACCESS	 12 /* tpr_access */
#define KVM_EXIT_NMI		 16
#define KVM_EXIT_INTERNAL_ERROR	 17 /* internal, emulation_failure */
#define KVM_EXIT_SYSTEM_EVENT	 24 /* system_event */
#define KVM_EXIT_IOAPIC_EOI	 26 /* eoi */
#define KVM_EXIT_HYPERV		 27 /* hyperv */
#define KVM_EXIT_X86_RDMSR	 29 /* msr */
#define KVM_EXIT_X86_WRMSR	 30 /* msr */
#define KVM_EXIT_DIRTY_RING_FULL 31
#define KVM_EXIT_AP_RESET_HOLD	 32
#define KVM_EXIT_X86_BUS_LOCK	 33
#define KVM_EXIT_XEN		 34 /* xen */
#define KVM_EXIT_NOTIFY		 37 /* notify */
#define KVM_EXIT_MEMORY_FAULT	 39 /* memory_fault; KVM_RUN returns -EFAULT with it */

/* io.direction */
#define KVM_EXIT_IO_IN	0
#define KVM_EXIT_IO_OUT 1

/* internal.suberror */
#define KVM_INTERNAL_ERROR_EMULATION		  1
#define KVM_INTERNAL_ERROR_SIMUL_EX		  2
#define KVM_INTERNAL_ERROR_DELIVERY_EV		  3
#define KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON 4

/* emulation_failure.flags */
#define KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES (1ULL << 0)

/* hypercall.flags, for KVM_HC_MAP_GPA_RANGE */
#define KVM_EXIT_HYPERCALL_LONG_MODE _BITULL(0)

/* system_event.type */
#define KVM_SYSTEM_EVENT_SHUTDOWN 1
#define KVM_SYSTEM_EVENT_RESET	  2
#define KVM_SYSTEM_EVENT_CRASH	  3
#define KVM_SYSTEM_EVENT_WAKEUP	  4
#define KVM_SYSTEM_EVENT_SUSPEND  5
#define KVM_SYSTEM_EVENT_SEV_TERM 6

/* msr.reason; the same bits are the argument of KVM_CAP_X86_USER_SPACE_MSR (7.21) */
#define KVM_MSR_EXIT_REASON_INVAL   (1 << 0)
#define KVM_MSR_EXIT_REASON_UNKNOWN (1 << 1)
#define KVM_MSR_EXIT_REASON_FILTER  (1 << 2)
#define KVM_MSR_EXIT_REASON_VALID_MASK \
	(KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER)

/* notify.flags */
#define KVM_NOTIFY_CONTEXT_INVALID (1 << 0)

/* memory_fault.flags */
#define KVM_MEMORY_EXIT_FLAG_PRIVATE (1ULL << 3)

/* hyperv.type */
#define KVM_EXIT_HYPERV_SYNIC  1
#define KVM_EXIT_HYPERV_HCALL  2
#define KVM_EXIT_HYPERV_SYNDBG 3

struct kvm_hyperv_exit {
	__u32 type;
	__u32 pad1;
	union {
		struct {
			__u32 msr;
			__u32 pad2;
			__u64 control;
			__u64 evt_page;
			__u64 msg_page;
		} synic;
		struct {
			__u64 input;
			__u64 result;
			__u64 params[2];
		} hcall;
		struct {
			__u32 msr;
			__u32 pad2;
			__u64 control;
			__u64 status;
			__u64 send_page;
			__u64 recv_page;
			__u64 pending_page;
		} syndbg;
	} u;
};

/* Room for kvm_sync_regs of any architecture. */
#define SYNC_REGS_SIZE_BYTES 2048

struct kvm_run {
	/* in */
	__u8 request_interrupt_window;
	__u8 immediate_exit;
	__u8 padding1[6];

	/* out */
	__u32 exit_reason;
	__u8 ready_for_interrupt_injection;
	__u8 if_flag;
	__u16 flags; /* KVM_RUN_X86_* */

	/* in (before KVM_RUN) and out: only without an in-kernel irqchip */
	__u64 cr8;
	__u64 apic_base;

	/* out, by exit_reason; io, mmio, hypercall and msr take the answer back in */
	union {
		struct {
			__u64 hardware_exit_reason;
		} hw;
		struct {
			__u64 hardware_entry_failure_reason;
			__u32 cpu;
		} fail_entry;
		struct {
			__u32 exception;
			__u32 error_code;
		} ex;
		struct {
			__u8 direction;
			__u8 size; /* bytes per access */
			__u16 port;
			__u32 count;
			__u64 data_offset; /* from the start of kvm_run */
		} io;
		struct {
			__u64 phys_addr;
			__u8 data[8];
			__u32 len;
			__u8 is_write;
		} mmio;
		struct {
			struct kvm_debug_exit_arch arch;
		} debug;
		struct {
			__u64 nr;
			__u64 args[6];
			__u64 ret;
			union {
				__u32 longmode;
				__u64 flags;
			};
		} hypercall;
		struct {
			__u64 rip;
			__u32 is_write;
			__u32 pad;
		} tpr_access;
		struct {
			__u32 suberror;
			__u32 ndata;
			__u64 data[16];
		} internal;
		/* internal with suberror EMULATION: ndata counts from flags on */
		struct {
			__u32 suberror;
			__u32 ndata;
			__u64 flags;
			union {
				struct {
					__u8 insn_size;
					__u8 insn_bytes[15];
				};
			};
		} emulation_failure;
		struct {
			__u32 type;
			__u32 ndata;
			union {
				__u64 flags; /* the first word had this name once */
				__u64 data[16];
			};
		} system_event;
		struct {
			__u8 vector;
		} eoi;
		struct {
			__u8 error; /* in: not 0 injects #GP */
			__u8 pad[7];
			__u32 reason;
			__u32 index;
			__u64 data;
		} msr;
		struct {
			__u32 flags;
		} notify;
		struct {
			__u64 flags;
			__u64 gpa;
			__u64 size;
		} memory_fault;
		struct kvm_hyperv_exit hyperv;
		struct kvm_xen_exit xen;
		char padding[256]; /* the union never grows past this */
	};

	/* KVM_CAP_SYNC_REGS (6.74): which of s.regs are filled on exit, taken on entry */
	__u64 kvm_valid_regs;
	__u64 kvm_dirty_regs;
	union {
		struct kvm_sync_regs regs;
		char padding[SYNC_REGS_SIZE_BYTES];
	} s;
};

#endif /* _LINUX_KVM_RUN_H */
