/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU in the kernel's own layout, for the few kernel functions that take one and look inside.
 * Ours has another layout: handing it to them would corrupt memory. Owned by compat/host_vcpu.c;
 * one per vCPU, guarded by the vCPU's mutex. This header includes nothing of ours, because its
 * owner sees the kernel's headers only.
 */
#ifndef SLIMKVM_COMPAT_HOST_VCPU_H
#define SLIMKVM_COMPAT_HOST_VCPU_H

struct kvm_compat_vcpu;
struct kvm_run;
struct perf_guest_switch_msr;

struct kvm_compat_vcpu *kvm_compat_vcpu_alloc(struct kvm_run *run);
void kvm_compat_vcpu_free(struct kvm_compat_vcpu *hv);
int kvm_compat_xfer_to_guest_work(struct kvm_compat_vcpu *hv);
struct perf_guest_switch_msr *kvm_compat_guest_msrs(struct kvm_compat_vcpu *hv, int *count);

#endif /* SLIMKVM_COMPAT_HOST_VCPU_H */
