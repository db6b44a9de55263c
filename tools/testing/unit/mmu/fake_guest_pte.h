/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory for the userspace build of walk.c: a small array from gpa 0. Included before
 * anything else; it takes the place of arch/x86/kvm/mmu/guest_pte.h by its guard.
 */
#ifndef __KVM_X86_MMU_GUEST_PTE_H
#define __KVM_X86_MMU_GUEST_PTE_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/types.h>

struct kvm_vcpu;
struct kvm_walk;

u64 guest_pte_read(struct kvm_walk *walk, u64 gpa, bool wide);
bool guest_pte_set(struct kvm_walk *walk, u64 gpa, bool wide, u64 pte, u64 bits);
u64 guest_pdptr(struct kvm_vcpu *vcpu, int index);

#endif
