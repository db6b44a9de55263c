/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests of cpuid*.c and cr.c: a host made of a table, and a vCPU with its CPUID (main.c). */
#ifndef _UNIT_CPUID_H
#define _UNIT_CPUID_H

#include "fake_kernel.h"

void unit_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
u64 unit_random(void);

#define EXPECT(cond, format, ...) do {							\
	if (!(cond))									\
		unit_fail("%s:%d: %s: " format, __FILE__, __LINE__, #cond, ##__VA_ARGS__);	\
} while (0)

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

void test_cr0(void);
void test_cr4(void);
void test_cr4_transitions(void);
void test_efer(void);
void test_xcr0(void);
void test_apic_base(void);
void test_supported_subset(void);
void test_never_given(void);
void test_supported_room(void);
void test_runtime_bits(void);
void test_lookup(void);
void test_out_of_range(void);
void test_xsave_sizes(void);
void test_maxphyaddr(void);

#endif
