/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The KVM ABI: the numbers that KVM_CHECK_EXTENSION and KVM_ENABLE_CAP take, those with a meaning
 * on x86 (api.rst sections 6 to 8). To be listed here promises nothing: what SlimKVM offers is
 * what KVM_CHECK_EXTENSION answers. Reached through <linux/kvm.h> only.
 *
 * Taken by other architectures, or given back and never to be used again:
 * 42-43, 48, 52-53, 57-58, 62-65, 67-69, 71, 73, 78-80, 83-88, 90-94, 99, 102-104, 106-115,
 * 124-126, 130, 132-135, 137-142, 144-147, 150-152, 156, 158, 160, 165, 169-172, 174,
 * 176-181, 186, 194, 202, 205, 210-211, 216-217, 221-222, 224, 227-230
 */
#ifndef _LINUX_KVM_CAP_H
#define _LINUX_KVM_CAP_H

/* Rock bottom: every program asks for these */
#define KVM_CAP_USER_MEMORY		    3
#define KVM_CAP_SYNC_MMU		    16
#define KVM_CAP_DESTROY_MEMORY_REGION_WORKS 21
#define KVM_CAP_JOIN_MEMORY_REGIONS_WORKS   30
#define KVM_CAP_CHECK_EXTENSION_VM	    105
#define KVM_CAP_ENABLE_CAP		    54
#define KVM_CAP_ENABLE_CAP_VM		    98
#define KVM_CAP_NR_VCPUS		    9
#define KVM_CAP_MAX_VCPUS		    66
#define KVM_CAP_MAX_VCPU_ID		    128
#define KVM_CAP_NR_MEMSLOTS		    10
#define KVM_CAP_VM_TYPES		    235
#define KVM_CAP_IMMEDIATE_EXIT		    136
#define KVM_CAP_SYNC_REGS		    74

/* Memory */
#define KVM_CAP_READONLY_MEM		 81
#define KVM_CAP_USER_MEMORY2		 231
#define KVM_CAP_MULTI_ADDRESS_SPACE	 118
#define KVM_CAP_MMU_SHADOW_CACHE_CONTROL 2
#define KVM_CAP_VM_GPA_BITS		 207
#define KVM_CAP_SMALLER_MAXPHYADDR	 185
#define KVM_CAP_MEMORY_FAULT_INFO	 232
#define KVM_CAP_MEMORY_ATTRIBUTES	 233
#define KVM_CAP_GUEST_MEMFD		 234
#define KVM_CAP_PRE_FAULT_MEMORY	 236
#define KVM_CAP_VM_DISABLE_NX_HUGE_PAGES 220
#define KVM_CAP_SET_TSS_ADDR		 4
#define KVM_CAP_SET_IDENTITY_MAP_ADDR	 37

/* Dirty tracking */
#define KVM_CAP_MANUAL_DIRTY_LOG_PROTECT   166
#define KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2  168
#define KVM_CAP_DIRTY_LOG_RING		   192
#define KVM_CAP_DIRTY_LOG_RING_ACQ_REL	   223
#define KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP 225

/* Interrupts and their chips */
#define KVM_CAP_IRQCHIP			0
#define KVM_CAP_SPLIT_IRQCHIP		121
#define KVM_CAP_IRQ_ROUTING		25
#define KVM_CAP_IRQ_INJECT_STATUS	26
#define KVM_CAP_IRQFD			32
#define KVM_CAP_IRQFD_RESAMPLE		82
#define KVM_CAP_SIGNAL_MSI		77
#define KVM_CAP_MSI_DEVID		131
#define KVM_CAP_IOAPIC_POLARITY_IGNORED 97
#define KVM_CAP_X2APIC_API		129
#define KVM_CAP_VAPIC			6
#define KVM_CAP_USER_NMI		22
#define KVM_CAP_SET_BOOT_CPU_ID		34

/* I/O without the program, devices */
#define KVM_CAP_COALESCED_MMIO	     15
#define KVM_CAP_COALESCED_PIO	     162
#define KVM_CAP_IOEVENTFD	     36
#define KVM_CAP_IOEVENTFD_NO_LENGTH  100
#define KVM_CAP_IOEVENTFD_ANY_LENGTH 122
#define KVM_CAP_DEVICE_CTRL	     89
#define KVM_CAP_NOP_IO_DELAY	     12

/* Clocks and timers */
#define KVM_CAP_CLOCKSOURCE	       8
#define KVM_CAP_ADJUST_CLOCK	       39
#define KVM_CAP_KVMCLOCK_CTRL	       76
#define KVM_CAP_TSC_CONTROL	       60
#define KVM_CAP_VM_TSC_CONTROL	       214
#define KVM_CAP_GET_TSC_KHZ	       61
#define KVM_CAP_TSC_DEADLINE_TIMER     72
#define KVM_CAP_X86_APIC_BUS_CYCLES_NS 237
#define KVM_CAP_PIT		       11
#define KVM_CAP_PIT2		       33
#define KVM_CAP_PIT_STATE2	       35
#define KVM_CAP_REINJECT_CONTROL       24
#define KVM_CAP_STEAL_TIME	       187
#define KVM_CAP_PTP_KVM		       198

/* State of a vCPU */
#define KVM_CAP_EXT_CPUID	       7
#define KVM_CAP_EXT_EMUL_CPUID	       95
#define KVM_CAP_GET_MSR_FEATURES       153
#define KVM_CAP_MP_STATE	       14
#define KVM_CAP_VCPU_EVENTS	       41
#define KVM_CAP_INTR_SHADOW	       49
#define KVM_CAP_EXCEPTION_PAYLOAD      164
#define KVM_CAP_X86_TRIPLE_FAULT_EVENT 218
#define KVM_CAP_DEBUGREGS	       50
#define KVM_CAP_XSAVE		       55
#define KVM_CAP_XSAVE2		       208
#define KVM_CAP_XCRS		       56
#define KVM_CAP_SREGS2		       200
#define KVM_CAP_NESTED_STATE	       157
#define KVM_CAP_VCPU_ATTRIBUTES	       127
#define KVM_CAP_VM_ATTRIBUTES	       101
#define KVM_CAP_SYS_ATTRIBUTES	       209
#define KVM_CAP_ONE_REG		       70
#define KVM_CAP_MCE		       31
#define KVM_CAP_X86_SMM		       117

/* What makes the guest exit, and what does not */
#define KVM_CAP_HLT			  1
#define KVM_CAP_HALT_POLL		  182
#define KVM_CAP_X86_DISABLE_EXITS	  143
#define KVM_CAP_X86_USER_SPACE_MSR	  188
#define KVM_CAP_X86_MSR_FILTER		  189
#define KVM_CAP_MSR_PLATFORM_INFO	  159
#define KVM_CAP_PMU_CAPABILITY		  212
#define KVM_CAP_PMU_EVENT_FILTER	  173
#define KVM_CAP_PMU_EVENT_MASKED_EVENTS	  226
#define KVM_CAP_EXIT_HYPERCALL		  201
#define KVM_CAP_EXIT_ON_EMULATION_FAILURE 204
#define KVM_CAP_INTERNAL_ERROR_DATA	  40
#define KVM_CAP_SYSTEM_EVENT_DATA	  215
#define KVM_CAP_X86_BUS_LOCK_EXIT	  193
#define KVM_CAP_X86_NOTIFY_VMEXIT	  219
#define KVM_CAP_X86_GUEST_MODE		  238
#define KVM_CAP_DISABLE_QUIRKS		  116
#define KVM_CAP_DISABLE_QUIRKS2		  213

/* Debugging and figures */
#define KVM_CAP_SET_GUEST_DEBUG	      23
#define KVM_CAP_SET_GUEST_DEBUG2      195
#define KVM_CAP_X86_ROBUST_SINGLESTEP 51
#define KVM_CAP_GUEST_DEBUG_HW_BPS    119
#define KVM_CAP_GUEST_DEBUG_HW_WPS    120
#define KVM_CAP_BINARY_STATS_FD	      203
#define KVM_CAP_LAST_CPU	      184

/* Paravirtual guests */
#define KVM_CAP_PV_MMU			 13
#define KVM_CAP_ASYNC_PF		 59
#define KVM_CAP_ASYNC_PF_INT		 183
#define KVM_CAP_ENFORCE_PV_FEATURE_CPUID 190

/* Hyper-V and Xen guests */
#define KVM_CAP_HYPERV			44
#define KVM_CAP_HYPERV_VAPIC		45
#define KVM_CAP_HYPERV_SPIN		46
#define KVM_CAP_HYPERV_TIME		96
#define KVM_CAP_HYPERV_SYNIC		123
#define KVM_CAP_HYPERV_SYNIC2		148
#define KVM_CAP_HYPERV_VP_INDEX		149
#define KVM_CAP_HYPERV_EVENTFD		154
#define KVM_CAP_HYPERV_TLBFLUSH		155
#define KVM_CAP_HYPERV_SEND_IPI		161
#define KVM_CAP_HYPERV_ENLIGHTENED_VMCS 163
#define KVM_CAP_HYPERV_CPUID		167
#define KVM_CAP_SYS_HYPERV_CPUID	191
#define KVM_CAP_HYPERV_DIRECT_TLBFLUSH	175
#define KVM_CAP_HYPERV_ENFORCE_CPUID	199
#define KVM_CAP_XEN_HVM			38

/* Encrypted guests, enclaves */
#define KVM_CAP_VM_COPY_ENC_CONTEXT_FROM 197
#define KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM 206
#define KVM_CAP_SGX_ATTRIBUTE		 196

/* Device assignment as it was before VFIO: numbers that old programs still ask for */
#define KVM_CAP_IOMMU	       18
#define KVM_CAP_ASSIGN_DEV_IRQ 29
#define KVM_CAP_PCI_SEGMENT    47
#define KVM_CAP_PCI_2_3	       75

#endif /* _LINUX_KVM_CAP_H */
