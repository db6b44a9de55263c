/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The KVM ABI for Xen guests: KVM_CAP_XEN_HVM (8.30), KVM_XEN_HVM_CONFIG (4.28), the VM and vCPU
 * attributes (4.126 to 4.129). Reached through <asm/kvm.h> only.
 */
#ifndef _ASM_X86_KVM_XEN_H
#define _ASM_X86_KVM_XEN_H

/* What KVM_CAP_XEN_HVM returns, and kvm_xen_hvm_config.flags accepts in part. */
#define KVM_XEN_HVM_CONFIG_HYPERCALL_MSR	(1 << 0)
#define KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL	(1 << 1)
#define KVM_XEN_HVM_CONFIG_SHARED_INFO		(1 << 2)
#define KVM_XEN_HVM_CONFIG_RUNSTATE		(1 << 3)
#define KVM_XEN_HVM_CONFIG_EVTCHN_2LEVEL	(1 << 4)
#define KVM_XEN_HVM_CONFIG_EVTCHN_SEND		(1 << 5)
#define KVM_XEN_HVM_CONFIG_RUNSTATE_UPDATE_FLAG (1 << 6)
#define KVM_XEN_HVM_CONFIG_PVCLOCK_TSC_UNSTABLE (1 << 7)
#define KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA	(1 << 8)

struct kvm_xen_hvm_config {
	__u32 flags;
	__u32 msr; /* a write to it installs the hypercall page */
	__u64 blob_addr_32;
	__u64 blob_addr_64;
	__u8 blob_size_32; /* in pages */
	__u8 blob_size_64;
	__u8 pad2[30];
};

/* kvm_xen_hvm_attr.type */
#define KVM_XEN_ATTR_TYPE_LONG_MODE	       0x0
#define KVM_XEN_ATTR_TYPE_SHARED_INFO	       0x1
#define KVM_XEN_ATTR_TYPE_UPCALL_VECTOR	       0x2
#define KVM_XEN_ATTR_TYPE_EVTCHN	       0x3
#define KVM_XEN_ATTR_TYPE_XEN_VERSION	       0x4
#define KVM_XEN_ATTR_TYPE_RUNSTATE_UPDATE_FLAG 0x5
#define KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA      0x6

/* Addresses that take a page away again. */
#define KVM_XEN_INVALID_GPA ((__u64)-1)
#define KVM_XEN_INVALID_GFN ((__u64)-1)

/* kvm_xen_hvm_attr.u.evtchn.flags */
#define KVM_XEN_EVTCHN_DEASSIGN (1 << 0)
#define KVM_XEN_EVTCHN_UPDATE	(1 << 1)
#define KVM_XEN_EVTCHN_RESET	(1 << 2)

struct kvm_xen_hvm_attr {
	__u16 type;
	__u16 pad[3];
	union {
		__u8 long_mode;
		__u8 vector;
		__u8 runstate_update_flag;
		__u32 xen_version;
		union {
			__u64 gfn;
			__u64 hva;
		} shared_info;
		struct {
			__u32 send_port;
			__u32 type;
			__u32 flags;
			union {
				struct {
					__u32 port, vcpu, priority;
				} port;
				struct {
					__u32 port;
					__s32 fd;
				} eventfd;
				__u32 padding[4];
			} deliver;
		} evtchn;
		__u64 pad[8];
	} u;
};

/* kvm_xen_vcpu_attr.type */
#define KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO	0x0
#define KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO	0x1
#define KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR	0x2
#define KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT 0x3
#define KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_DATA	0x4
#define KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADJUST	0x5
#define KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID		0x6
#define KVM_XEN_VCPU_ATTR_TYPE_TIMER		0x7
#define KVM_XEN_VCPU_ATTR_TYPE_UPCALL_VECTOR	0x8
#define KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA	0x9

struct kvm_xen_vcpu_attr {
	__u16 type;
	__u16 pad[3];
	union {
		__u64 gpa;
		__u64 hva;
		__u32 vcpu_id;
		__u8 vector;
		struct {
			__u32 port;
			__u32 priority;
			__u64 expires_ns;
		} timer;
		struct {
			__u64 state;
			__u64 state_entry_time;
			__u64 time_running;
			__u64 time_runnable;
			__u64 time_blocked;
			__u64 time_offline;
		} runstate;
		__u64 pad[8];
	} u;
};

/* KVM_EXIT_XEN: kvm_xen_exit.type */
#define KVM_EXIT_XEN_HCALL 1

struct kvm_xen_exit {
	__u32 type;
	union {
		struct {
			__u32 longmode;
			__u32 cpl;
			__u64 input;
			__u64 result;
			__u64 params[6];
		} hcall;
	} u;
};

#endif /* _ASM_X86_KVM_XEN_H */
