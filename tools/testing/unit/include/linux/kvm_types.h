/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's types of addresses, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_KVM_TYPES_H
#define _UNIT_LINUX_KVM_TYPES_H

#include <linux/types.h>

typedef u64 gfn_t, gpa_t, hpa_t, kvm_pfn_t;
typedef unsigned long gva_t;

#endif
