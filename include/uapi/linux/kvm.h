/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The KVM ABI that x86 programs see: ioctl numbers, their arguments, capabilities, the layout of
 * the shared pages. By topic, in the order in which a VM comes to life; the section numbers are
 * those of Documentation/virt/kvm/api.rst, which says what each call does and which errno it
 * returns.
 *
 * Numbers and layouts equal those of Linux up to 6.12 and never change. What only other
 * architectures use is left out, but its numbers stay taken: tools/testing/unit/uapi/ compares
 * this file with the kernel's headers and fails when one is used twice.
 *
 * The guard is the kernel's, so that its headers which include <linux/kvm.h> get this file.
 */
#ifndef __LINUX_KVM_H
#define __LINUX_KVM_H

#include <linux/const.h>
#include <linux/types.h>
#include <linux/ioctl.h>
#include <linux/stddef.h>
#include <asm/kvm.h>

/* What KVM_GET_API_VERSION returns, since 2.6.22 and for good (4.1). */
#define KVM_API_VERSION 12

#define KVMIO 0xAE

/* ---- /dev/kvm: what can this host do, make a VM ---------------------------------------------- */

#define KVM_GET_API_VERSION	       _IO(KVMIO, 0x00) /* 4.1 */
#define KVM_CREATE_VM		       _IO(KVMIO, 0x01) /* 4.2, argument: VM type */
#define KVM_GET_MSR_INDEX_LIST	       _IOWR(KVMIO, 0x02, struct kvm_msr_list) /* 4.3 */
#define KVM_CHECK_EXTENSION	       _IO(KVMIO, 0x03) /* 4.4, also on a VM */
#define KVM_GET_VCPU_MMAP_SIZE	       _IO(KVMIO, 0x04) /* 4.5 */
#define KVM_GET_SUPPORTED_CPUID	       _IOWR(KVMIO, 0x05, struct kvm_cpuid2) /* 4.46 */
#define KVM_GET_EMULATED_CPUID	       _IOWR(KVMIO, 0x09, struct kvm_cpuid2) /* 4.88 */
#define KVM_GET_MSR_FEATURE_INDEX_LIST _IOWR(KVMIO, 0x0a, struct kvm_msr_list) /* 4.3 */
#define KVM_X86_GET_MCE_CAP_SUPPORTED  _IOR(KVMIO, 0x9d, __u64) /* 4.104 */
#define KVM_GET_SUPPORTED_HV_CPUID     _IOWR(KVMIO, 0xc1, struct kvm_cpuid2) /* 4.118 */

/* KVM_ENABLE_CAP (4.37), on a VM or a vCPU: turns on what is off unless asked for. */
#define KVM_ENABLE_CAP _IOW(KVMIO, 0xa3, struct kvm_enable_cap)

struct kvm_enable_cap {
	__u32 cap;
	__u32 flags;
	__u64 args[4];
	__u8 pad[64];
};

/* ---- VM: memory ------------------------------------------------------------------------------ */

#define KVM_SET_NR_MMU_PAGES	    _IO(KVMIO, 0x44)
#define KVM_GET_NR_MMU_PAGES	    _IO(KVMIO, 0x45)
#define KVM_SET_USER_MEMORY_REGION  _IOW(KVMIO, 0x46, struct kvm_userspace_memory_region)
#define KVM_SET_TSS_ADDR	    _IO(KVMIO, 0x47) /* 4.36 */
#define KVM_SET_IDENTITY_MAP_ADDR   _IOW(KVMIO, 0x48, __u64) /* 4.40 */
#define KVM_SET_USER_MEMORY_REGION2 _IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)

/* flags of a memory region (4.35) */
#define KVM_MEM_LOG_DIRTY_PAGES (1UL << 0)
#define KVM_MEM_READONLY	(1UL << 1)
#define KVM_MEM_GUEST_MEMFD	(1UL << 2)

/* A slot: id in bits 15:0, address space in 31:16. Size 0 deletes it. */
struct kvm_userspace_memory_region {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size; /* in bytes */
	__u64 userspace_addr;
};

struct kvm_userspace_memory_region2 {
	__u32 slot;
	__u32 flags;
	__u64 guest_phys_addr;
	__u64 memory_size;
	__u64 userspace_addr;
	__u64 guest_memfd_offset;
	__u32 guest_memfd;
	__u32 pad1;
	__u64 pad2[14];
};

/* Memory that only the guest reaches. */
#define KVM_SET_MEMORY_ATTRIBUTES _IOW(KVMIO, 0xd2, struct kvm_memory_attributes)
#define KVM_CREATE_GUEST_MEMFD	  _IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)

#define KVM_MEMORY_ATTRIBUTE_PRIVATE (1ULL << 3)

struct kvm_memory_attributes {
	__u64 address;
	__u64 size;
	__u64 attributes;
	__u64 flags;
};

struct kvm_create_guest_memfd {
	__u64 size;
	__u64 flags;
	__u64 reserved[6];
};

/* On a vCPU: map a range before the guest touches it. */
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)

struct kvm_pre_fault_memory {
	__u64 gpa; /* in and out: what is left to do after -EINTR or -EAGAIN */
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};

/* Memory encryption (4.110 to 4.112). */
#define KVM_MEMORY_ENCRYPT_OP	       _IOWR(KVMIO, 0xba, unsigned long)
#define KVM_MEMORY_ENCRYPT_REG_REGION   _IOR(KVMIO, 0xbb, struct kvm_enc_region)
#define KVM_MEMORY_ENCRYPT_UNREG_REGION _IOR(KVMIO, 0xbc, struct kvm_enc_region)

struct kvm_enc_region {
	__u64 addr;
	__u64 size;
};

/* ---- VM: which pages has the guest written --------------------------------------------------- */

#define KVM_GET_DIRTY_LOG     _IOW(KVMIO, 0x42, struct kvm_dirty_log) /* 4.8 */
#define KVM_CLEAR_DIRTY_LOG   _IOWR(KVMIO, 0xc0, struct kvm_clear_dirty_log) /* 4.117 */
#define KVM_RESET_DIRTY_RINGS _IO(KVMIO, 0xc7) /* 8.29 */

/* KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 (7.18) */
#define KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE (1 << 0)
#define KVM_DIRTY_LOG_INITIALLY_SET	    (1 << 1)

/* One bit per page, padded to a multiple of 64. */
struct kvm_dirty_log {
	__u32 slot;
	__u32 padding1;
	union {
		void __kvm_user *dirty_bitmap;
		__u64 padding2;
	};
};

struct kvm_clear_dirty_log {
	__u32 slot;
	__u32 num_pages;
	__u64 first_page;
	union {
		void __kvm_user *dirty_bitmap;
		__u64 padding2;
	};
};

/*
 * An entry of the dirty ring, mapped at KVM_DIRTY_LOG_PAGE_OFFSET of the vCPU. The kernel sets
 * DIRTY, the program sets RESET when it has taken the entry, KVM_RESET_DIRTY_RINGS clears both.
 */
#define KVM_DIRTY_GFN_F_DIRTY _BITUL(0)
#define KVM_DIRTY_GFN_F_RESET _BITUL(1)
#define KVM_DIRTY_GFN_F_MASK  0x3

struct kvm_dirty_gfn {
	__u32 flags;
	__u32 slot;
	__u64 offset; /* in pages from the slot's start */
};

/* ---- VM: interrupt chips and routes ---------------------------------------------------------- */

#define KVM_CREATE_IRQCHIP  _IO(KVMIO, 0x60) /* 4.24 */
#define KVM_IRQ_LINE	    _IOW(KVMIO, 0x61, struct kvm_irq_level) /* 4.25 */
#define KVM_GET_IRQCHIP	    _IOWR(KVMIO, 0x62, struct kvm_irqchip) /* 4.26 */
#define KVM_SET_IRQCHIP	    _IOR(KVMIO, 0x63, struct kvm_irqchip) /* 4.27 */
#define KVM_IRQ_LINE_STATUS _IOWR(KVMIO, 0x67, struct kvm_irq_level)
#define KVM_SET_GSI_ROUTING _IOW(KVMIO, 0x6a, struct kvm_irq_routing) /* 4.52 */
#define KVM_IRQFD	    _IOW(KVMIO, 0x76, struct kvm_irqfd) /* 4.75 */
#define KVM_SIGNAL_MSI	    _IOW(KVMIO, 0xa5, struct kvm_msi) /* 4.71 */

struct kvm_irq_level {
	union {
		__u32 irq; /* in: the GSI */
		__s32 status; /* out, KVM_IRQ_LINE_STATUS: < 0 masked, 0 coalesced, > 0 delivered */
	};
	__u32 level;
};

struct kvm_irqchip {
	__u32 chip_id; /* KVM_IRQCHIP_* of <asm/kvm.h> */
	__u32 pad;
	union {
		struct kvm_pic_state pic;
		struct kvm_ioapic_state ioapic;
		char dummy[512]; /* room for any chip */
	} chip;
};

/* kvm_irq_routing_entry.type */
#define KVM_IRQ_ROUTING_IRQCHIP	       1
#define KVM_IRQ_ROUTING_MSI	       2
#define KVM_IRQ_ROUTING_S390_ADAPTER   3
#define KVM_IRQ_ROUTING_HV_SINT	       4
#define KVM_IRQ_ROUTING_XEN_EVTCHN     5

struct kvm_irq_routing_irqchip {
	__u32 irqchip;
	__u32 pin;
};

struct kvm_irq_routing_msi {
	__u32 address_lo;
	__u32 address_hi; /* bits 31:8 of an x2APIC destination, with X2APIC_API_USE_32BIT_IDS */
	__u32 data;
	union {
		__u32 pad;
		__u32 devid; /* with KVM_MSI_VALID_DEVID: not on x86 */
	};
};

struct kvm_irq_routing_hv_sint {
	__u32 vcpu;
	__u32 sint;
};

#define KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL ((__u32)(-1))

struct kvm_irq_routing_xen_evtchn {
	__u32 port;
	__u32 vcpu;
	__u32 priority;
};

struct kvm_irq_routing_entry {
	__u32 gsi;
	__u32 type;
	__u32 flags;
	__u32 pad;
	union {
		struct kvm_irq_routing_irqchip irqchip;
		struct kvm_irq_routing_msi msi;
		struct kvm_irq_routing_hv_sint hv_sint;
		struct kvm_irq_routing_xen_evtchn xen_evtchn;
		__u32 pad[8];
	} u;
};

struct kvm_irq_routing {
	__u32 nr;
	__u32 flags;
	struct kvm_irq_routing_entry entries[];
};

/* kvm_irqfd.flags */
#define KVM_IRQFD_FLAG_DEASSIGN (1 << 0)
#define KVM_IRQFD_FLAG_RESAMPLE (1 << 1)

struct kvm_irqfd {
	__u32 fd;
	__u32 gsi;
	__u32 flags;
	__u32 resamplefd;
	__u8 pad[16];
};

#define KVM_MSI_VALID_DEVID (1U << 0)

struct kvm_msi {
	__u32 address_lo;
	__u32 address_hi;
	__u32 data;
	__u32 flags;
	__u32 devid;
	__u8 pad[12];
};

/* ---- VM: clocks and timers ------------------------------------------------------------------- */

#define KVM_CREATE_PIT	      _IO(KVMIO, 0x64)
#define KVM_GET_PIT	      _IOWR(KVMIO, 0x65, struct kvm_pit_state)
#define KVM_SET_PIT	      _IOR(KVMIO, 0x66, struct kvm_pit_state)
#define KVM_REINJECT_CONTROL _IO(KVMIO, 0x71) /* 4.99 */
#define KVM_CREATE_PIT2	      _IOW(KVMIO, 0x77, struct kvm_pit_config) /* 4.71 */
#define KVM_GET_PIT2	      _IOR(KVMIO, 0x9f, struct kvm_pit_state2) /* 4.72 */
#define KVM_SET_PIT2	      _IOW(KVMIO, 0xa0, struct kvm_pit_state2) /* 4.73 */
#define KVM_SET_CLOCK	      _IOW(KVMIO, 0x7b, struct kvm_clock_data) /* 4.30 */
#define KVM_GET_CLOCK	      _IOR(KVMIO, 0x7c, struct kvm_clock_data) /* 4.29 */
#define KVM_SET_TSC_KHZ	      _IO(KVMIO, 0xa2) /* 4.55, on a VM or a vCPU */
#define KVM_GET_TSC_KHZ	      _IO(KVMIO, 0xa3) /* 4.56 */

struct kvm_pit_config {
	__u32 flags;
	__u32 pad[15];
};

/* kvm_clock_data.flags */
#define KVM_CLOCK_TSC_STABLE 2
#define KVM_CLOCK_REALTIME   (1 << 2)
#define KVM_CLOCK_HOST_TSC   (1 << 3)

struct kvm_clock_data {
	__u64 clock; /* ns */
	__u32 flags;
	__u32 pad0;
	__u64 realtime;
	__u64 host_tsc;
	__u32 pad[4];
};

/* ---- VM: I/O that need not wake the program -------------------------------------------------- */

#define KVM_REGISTER_COALESCED_MMIO   _IOW(KVMIO, 0x67, struct kvm_coalesced_mmio_zone) /* 4.116 */
#define KVM_UNREGISTER_COALESCED_MMIO _IOW(KVMIO, 0x68, struct kvm_coalesced_mmio_zone)
#define KVM_IOEVENTFD		      _IOW(KVMIO, 0x79, struct kvm_ioeventfd) /* 4.59 */

struct kvm_coalesced_mmio_zone {
	__u64 addr;
	__u32 size;
	union {
		__u32 pad;
		__u32 pio;
	};
};

struct kvm_coalesced_mmio {
	__u64 phys_addr;
	__u32 len;
	union {
		__u32 pad;
		__u32 pio;
	};
	__u8 data[8];
};

/* One page at KVM_COALESCED_MMIO_PAGE_OFFSET: the program moves first, the kernel last. */
struct kvm_coalesced_mmio_ring {
	__u32 first;
	__u32 last;
	struct kvm_coalesced_mmio coalesced_mmio[];
};

#define KVM_COALESCED_MMIO_MAX                                    \
	((PAGE_SIZE - sizeof(struct kvm_coalesced_mmio_ring)) / \
	 sizeof(struct kvm_coalesced_mmio))

enum {
	kvm_ioeventfd_flag_nr_datamatch = 0,
	kvm_ioeventfd_flag_nr_pio = 1,
	kvm_ioeventfd_flag_nr_deassign = 2,
	kvm_ioeventfd_flag_nr_virtio_ccw_notify = 3,
	kvm_ioeventfd_flag_nr_fast_mmio = 4, /* internal: no flag of that name */
	kvm_ioeventfd_flag_nr_max = 5,
};

#define KVM_IOEVENTFD_FLAG_DATAMATCH	     (1 << kvm_ioeventfd_flag_nr_datamatch)
#define KVM_IOEVENTFD_FLAG_PIO		     (1 << kvm_ioeventfd_flag_nr_pio)
#define KVM_IOEVENTFD_FLAG_DEASSIGN	     (1 << kvm_ioeventfd_flag_nr_deassign)
#define KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY (1 << kvm_ioeventfd_flag_nr_virtio_ccw_notify)
#define KVM_IOEVENTFD_VALID_FLAG_MASK	     ((1 << kvm_ioeventfd_flag_nr_max) - 1)

struct kvm_ioeventfd {
	__u64 datamatch;
	__u64 addr;
	__u32 len; /* 1, 2, 4, 8, or 0: any */
	__s32 fd;
	__u32 flags;
	__u8 pad[36];
};

/* ---- VM: filters and guests of other hypervisors --------------------------------------------- */

#define KVM_SET_PMU_EVENT_FILTER _IOW(KVMIO, 0xb2, struct kvm_pmu_event_filter) /* 4.120 */
#define KVM_X86_SET_MSR_FILTER	 _IOW(KVMIO, 0xc6, struct kvm_msr_filter) /* 4.97 */
#define KVM_HYPERV_EVENTFD	 _IOW(KVMIO, 0xbd, struct kvm_hyperv_eventfd) /* 4.113 */
#define KVM_XEN_HVM_CONFIG	 _IOW(KVMIO, 0x7a, struct kvm_xen_hvm_config) /* 4.28 */
#define KVM_XEN_HVM_GET_ATTR	 _IOWR(KVMIO, 0xc8, struct kvm_xen_hvm_attr) /* 4.127 */
#define KVM_XEN_HVM_SET_ATTR	 _IOW(KVMIO, 0xc9, struct kvm_xen_hvm_attr) /* 4.126 */
#define KVM_XEN_HVM_EVTCHN_SEND	 _IOW(KVMIO, 0xd0, struct kvm_irq_routing_xen_evtchn) /* 4.135 */

#define KVM_HYPERV_CONN_ID_MASK	    0x00ffffff
#define KVM_HYPERV_EVENTFD_DEASSIGN (1 << 0)

struct kvm_hyperv_eventfd {
	__u32 conn_id;
	__s32 fd;
	__u32 flags;
	__u32 padding[3];
};

/* ---- Device fds (4.79 to 4.81); the ATTR calls also on /dev/kvm, a VM, a vCPU ---------------- */

#define KVM_CREATE_DEVICE   _IOWR(KVMIO, 0xe0, struct kvm_create_device)
#define KVM_SET_DEVICE_ATTR _IOW(KVMIO, 0xe1, struct kvm_device_attr)
#define KVM_GET_DEVICE_ATTR _IOW(KVMIO, 0xe2, struct kvm_device_attr)
#define KVM_HAS_DEVICE_ATTR _IOW(KVMIO, 0xe3, struct kvm_device_attr)

/* x86 has one type. The others' numbers: 1 to 3 and 5 to 11. */
enum kvm_device_type {
	KVM_DEV_TYPE_VFIO = 4,
#define KVM_DEV_TYPE_VFIO KVM_DEV_TYPE_VFIO
	KVM_DEV_TYPE_MAX = 12,
};

/* kvm_create_device.flags: say whether it would work, create nothing */
#define KVM_CREATE_DEVICE_TEST 1

struct kvm_create_device {
	__u32 type;
	__u32 fd; /* out */
	__u32 flags;
};

struct kvm_device_attr {
	__u32 flags;
	__u32 group;
	__u64 attr;
	__u64 addr;
};

/* devices/vfio.rst; GROUP is the older name of FILE */
#define KVM_DEV_VFIO_FILE      1
#define KVM_DEV_VFIO_FILE_ADD  1
#define KVM_DEV_VFIO_FILE_DEL  2
#define KVM_DEV_VFIO_GROUP     KVM_DEV_VFIO_FILE
#define KVM_DEV_VFIO_GROUP_ADD KVM_DEV_VFIO_FILE_ADD
#define KVM_DEV_VFIO_GROUP_DEL KVM_DEV_VFIO_FILE_DEL

/* ---- Statistics: KVM_GET_STATS_FD (4.133), on a VM or a vCPU --------------------------------- */

#define KVM_GET_STATS_FD _IO(KVMIO, 0xce)

/* The file: header, then at the header's offsets the id string, descriptors, and data. */
struct kvm_stats_header {
	__u32 flags;
	__u32 name_size;
	__u32 num_desc;
	__u32 id_offset;
	__u32 desc_offset;
	__u32 data_offset;
};

/* kvm_stats_desc.flags: type, unit and base, four bits each */
#define KVM_STATS_TYPE_SHIFT	  0
#define KVM_STATS_TYPE_MASK	  (0xF << KVM_STATS_TYPE_SHIFT)
#define KVM_STATS_TYPE_CUMULATIVE  (0x0 << KVM_STATS_TYPE_SHIFT)
#define KVM_STATS_TYPE_INSTANT	  (0x1 << KVM_STATS_TYPE_SHIFT)
#define KVM_STATS_TYPE_PEAK	  (0x2 << KVM_STATS_TYPE_SHIFT)
#define KVM_STATS_TYPE_LINEAR_HIST (0x3 << KVM_STATS_TYPE_SHIFT)
#define KVM_STATS_TYPE_LOG_HIST	  (0x4 << KVM_STATS_TYPE_SHIFT)
#define KVM_STATS_TYPE_MAX	  KVM_STATS_TYPE_LOG_HIST

#define KVM_STATS_UNIT_SHIFT   4
#define KVM_STATS_UNIT_MASK    (0xF << KVM_STATS_UNIT_SHIFT)
#define KVM_STATS_UNIT_NONE    (0x0 << KVM_STATS_UNIT_SHIFT)
#define KVM_STATS_UNIT_BYTES   (0x1 << KVM_STATS_UNIT_SHIFT)
#define KVM_STATS_UNIT_SECONDS (0x2 << KVM_STATS_UNIT_SHIFT)
#define KVM_STATS_UNIT_CYCLES  (0x3 << KVM_STATS_UNIT_SHIFT)
#define KVM_STATS_UNIT_BOOLEAN (0x4 << KVM_STATS_UNIT_SHIFT)
#define KVM_STATS_UNIT_MAX     KVM_STATS_UNIT_BOOLEAN

#define KVM_STATS_BASE_SHIFT 8
#define KVM_STATS_BASE_MASK  (0xF << KVM_STATS_BASE_SHIFT)
#define KVM_STATS_BASE_POW10 (0x0 << KVM_STATS_BASE_SHIFT)
#define KVM_STATS_BASE_POW2  (0x1 << KVM_STATS_BASE_SHIFT)
#define KVM_STATS_BASE_MAX   KVM_STATS_BASE_POW2

struct kvm_stats_desc {
	__u32 flags;
	__s16 exponent; /* of the base; -9 with POW10 and SECONDS is nanoseconds */
	__u16 size; /* how many values */
	__u32 offset; /* from data_offset */
	__u32 bucket_size; /* of a linear histogram */
	char name[];
};

/* ---- vCPU: make it, run it ------------------------------------------------------------------- */

#define KVM_CREATE_VCPU	    _IO(KVMIO, 0x41) /* 4.7, on a VM: the argument is the vCPU id */
#define KVM_SET_BOOT_CPU_ID _IO(KVMIO, 0x78) /* 4.41, on a VM, before its first vCPU */
#define KVM_RUN		    _IO(KVMIO, 0x80) /* 4.10 */
#define KVM_SET_SIGNAL_MASK _IOW(KVMIO, 0x8b, struct kvm_signal_mask) /* 4.21 */

struct kvm_signal_mask {
	__u32 len;
	__u8 sigset[];
};

#include <linux/kvm_run.h>

/* ---- vCPU: state ----------------------------------------------------------------------------- */

#define KVM_GET_REGS	     _IOR(KVMIO, 0x81, struct kvm_regs) /* 4.11 */
#define KVM_SET_REGS	     _IOW(KVMIO, 0x82, struct kvm_regs) /* 4.12 */
#define KVM_GET_SREGS	     _IOR(KVMIO, 0x83, struct kvm_sregs) /* 4.13 */
#define KVM_SET_SREGS	     _IOW(KVMIO, 0x84, struct kvm_sregs) /* 4.14 */
#define KVM_GET_SREGS2	     _IOR(KVMIO, 0xcc, struct kvm_sregs2) /* 4.131 */
#define KVM_SET_SREGS2	     _IOW(KVMIO, 0xcd, struct kvm_sregs2) /* 4.132 */
#define KVM_GET_FPU	     _IOR(KVMIO, 0x8c, struct kvm_fpu) /* 4.22 */
#define KVM_SET_FPU	     _IOW(KVMIO, 0x8d, struct kvm_fpu) /* 4.23 */
#define KVM_GET_XSAVE	     _IOR(KVMIO, 0xa4, struct kvm_xsave) /* 4.42 */
#define KVM_SET_XSAVE	     _IOW(KVMIO, 0xa5, struct kvm_xsave) /* 4.43 */
#define KVM_GET_XSAVE2	     _IOR(KVMIO, 0xcf, struct kvm_xsave) /* 4.134 */
#define KVM_GET_XCRS	     _IOR(KVMIO, 0xa6, struct kvm_xcrs) /* 4.44 */
#define KVM_SET_XCRS	     _IOW(KVMIO, 0xa7, struct kvm_xcrs) /* 4.45 */
#define KVM_GET_DEBUGREGS    _IOR(KVMIO, 0xa1, struct kvm_debugregs) /* 4.33 */
#define KVM_SET_DEBUGREGS    _IOW(KVMIO, 0xa2, struct kvm_debugregs) /* 4.34 */
#define KVM_GET_VCPU_EVENTS  _IOR(KVMIO, 0x9f, struct kvm_vcpu_events) /* 4.31 */
#define KVM_SET_VCPU_EVENTS  _IOW(KVMIO, 0xa0, struct kvm_vcpu_events) /* 4.32 */
#define KVM_GET_LAPIC	     _IOR(KVMIO, 0x8e, struct kvm_lapic_state) /* 4.57 */
#define KVM_SET_LAPIC	     _IOW(KVMIO, 0x8f, struct kvm_lapic_state) /* 4.58 */
#define KVM_GET_MSRS	     _IOWR(KVMIO, 0x88, struct kvm_msrs) /* 4.18, also on /dev/kvm */
#define KVM_SET_MSRS	     _IOW(KVMIO, 0x89, struct kvm_msrs) /* 4.19 */
#define KVM_SET_CPUID	     _IOW(KVMIO, 0x8a, struct kvm_cpuid) /* 4.20 */
#define KVM_SET_CPUID2	     _IOW(KVMIO, 0x90, struct kvm_cpuid2)
#define KVM_GET_CPUID2	     _IOWR(KVMIO, 0x91, struct kvm_cpuid2)
#define KVM_GET_MP_STATE     _IOR(KVMIO, 0x98, struct kvm_mp_state) /* 4.38 */
#define KVM_SET_MP_STATE     _IOW(KVMIO, 0x99, struct kvm_mp_state) /* 4.39 */
#define KVM_GET_NESTED_STATE _IOWR(KVMIO, 0xbe, struct kvm_nested_state) /* 4.114 */
#define KVM_SET_NESTED_STATE _IOW(KVMIO, 0xbf, struct kvm_nested_state) /* 4.115 */
#define KVM_XEN_VCPU_GET_ATTR _IOWR(KVMIO, 0xca, struct kvm_xen_vcpu_attr) /* 4.129 */
#define KVM_XEN_VCPU_SET_ATTR _IOW(KVMIO, 0xcb, struct kvm_xen_vcpu_attr) /* 4.128 */

/* kvm_mp_state.mp_state; 5 to 8 and 10 belong to other architectures */
#define KVM_MP_STATE_RUNNABLE	   0
#define KVM_MP_STATE_UNINITIALIZED 1
#define KVM_MP_STATE_INIT_RECEIVED 2
#define KVM_MP_STATE_HALTED	   3
#define KVM_MP_STATE_SIPI_RECEIVED 4
#define KVM_MP_STATE_AP_RESET_HOLD 9

struct kvm_mp_state {
	__u32 mp_state;
};

/* KVM_GET_ONE_REG and its kin: x86 has no register there yet, but ids and calls are generic. */
#define KVM_GET_ONE_REG	 _IOW(KVMIO, 0xab, struct kvm_one_reg) /* 4.69 */
#define KVM_SET_ONE_REG	 _IOW(KVMIO, 0xac, struct kvm_one_reg) /* 4.68 */
#define KVM_GET_REG_LIST _IOWR(KVMIO, 0xb0, struct kvm_reg_list) /* 4.84 */

/* id: architecture in bits 63:56, log2 of the size in 55:52 */
#define KVM_REG_ARCH_MASK  0xff00000000000000ULL
#define KVM_REG_GENERIC	   0x0000000000000000ULL
#define KVM_REG_X86	   0x2000000000000000ULL
#define KVM_REG_SIZE_SHIFT 52
#define KVM_REG_SIZE_MASK  0x00f0000000000000ULL
#define KVM_REG_SIZE_U8	   0x0000000000000000ULL
#define KVM_REG_SIZE_U16   0x0010000000000000ULL
#define KVM_REG_SIZE_U32   0x0020000000000000ULL
#define KVM_REG_SIZE_U64   0x0030000000000000ULL
#define KVM_REG_SIZE_U128  0x0040000000000000ULL
#define KVM_REG_SIZE_U256  0x0050000000000000ULL
#define KVM_REG_SIZE_U512  0x0060000000000000ULL
#define KVM_REG_SIZE_U1024 0x0070000000000000ULL
#define KVM_REG_SIZE_U2048 0x0080000000000000ULL

struct kvm_one_reg {
	__u64 id;
	__u64 addr;
};

struct kvm_reg_list {
	__u64 n;
	__u64 reg[];
};

/* ---- vCPU: events from outside, and services ------------------------------------------------- */

#define KVM_TRANSLATE		 _IOWR(KVMIO, 0x85, struct kvm_translation) /* 4.15 */
#define KVM_INTERRUPT		 _IOW(KVMIO, 0x86, struct kvm_interrupt) /* 4.16 */
#define KVM_TPR_ACCESS_REPORTING _IOWR(KVMIO, 0x92, struct kvm_tpr_access_ctl)
#define KVM_SET_VAPIC_ADDR	 _IOW(KVMIO, 0x93, struct kvm_vapic_addr)
#define KVM_NMI			 _IO(KVMIO, 0x9a) /* 4.64 */
#define KVM_SET_GUEST_DEBUG	 _IOW(KVMIO, 0x9b, struct kvm_guest_debug) /* 4.87 */
#define KVM_X86_SETUP_MCE	 _IOW(KVMIO, 0x9c, __u64) /* 4.105 */
#define KVM_X86_SET_MCE		 _IOW(KVMIO, 0x9e, struct kvm_x86_mce) /* 4.106 */
#define KVM_KVMCLOCK_CTRL	 _IO(KVMIO, 0xad) /* 4.70 */
#define KVM_SMI			 _IO(KVMIO, 0xb7) /* 4.96 */

struct kvm_interrupt {
	__u32 irq; /* the vector */
};

struct kvm_translation {
	__u64 linear_address;
	__u64 physical_address; /* from here on: out */
	__u8 valid;
	__u8 writeable;
	__u8 usermode;
	__u8 pad[5];
};

struct kvm_tpr_access_ctl {
	__u32 enabled;
	__u32 flags;
	__u32 reserved[8];
};

struct kvm_vapic_addr {
	__u64 vapic_addr;
};

/* kvm_guest_debug.control, the low half; the x86 half is in <asm/kvm.h> */
#define KVM_GUESTDBG_ENABLE	0x00000001
#define KVM_GUESTDBG_SINGLESTEP 0x00000002

struct kvm_guest_debug {
	__u32 control;
	__u32 pad;
	struct kvm_guest_debug_arch arch;
};

#include <linux/kvm_cap.h>

#endif /* __LINUX_KVM_H */
