/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests of cpuid*.c and cr.c: a host made of a table, and a vCPU with its CPUID (host.c). */
#ifndef _UNIT_CPUID_H
#define _UNIT_CPUID_H

#include <unit_test.h>
#include "fake_kernel.h"

/* One CPUID register of the host as the tests write it; 0 for leaves that it has not got. */
u32 *host_cpuid(u32 function, u32 index, unsigned int reg);
void host_reset(u64 xcr0);
void host_all_features(void);
bool host_is_amd(bool amd);
struct kvm_vcpu *vcpu_with(struct kvm_cpuid2 *cpuid);
struct kvm_cpuid2 *supported(void);
struct kvm_cpuid_entry2 *entry(struct kvm_cpuid2 *cpuid, u32 function, u32 index);
void vcpu_drop(struct kvm_vcpu *vcpu);

enum { EAX, EBX, ECX, EDX };

#endif
