/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the world switch in assembler: the names that mitigations have, kernel by kernel. What is to
 * be untrained, cleared and filled is the host kernel's decision; alternatives patch it in.
 */
#ifndef SLIMKVM_COMPAT_ASM_H
#define SLIMKVM_COMPAT_ASM_H

#include <asm/cpufeatures.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>
#include <compat/probed.h>

/*
 * Newer kernels tell the untraining after a VM exit apart from that at a system call, and set
 * RSB_VMEXIT on AMD; where they do not, retpoline is what says that the RSB must be filled.
 */
#ifdef UNTRAIN_RET_VM
#define KVM_COMPAT_SVM_RSB_FEATURE X86_FEATURE_RSB_VMEXIT
#else
#define UNTRAIN_RET_VM UNTRAIN_RET
#define KVM_COMPAT_SVM_RSB_FEATURE X86_FEATURE_RETPOLINE
#endif

/*
 * VERW before VMLAUNCH: a host says by either feature that its buffers must be cleared, whichever
 * weakness it is for.
 */
.macro KVM_COMPAT_VMX_CLEAR_CPU_BUFFERS
	ALTERNATIVE_2 "jmp .Lskip_verw_\@", "", X86_FEATURE_CLEAR_CPU_BUF, \
		      "", X86_FEATURE_CLEAR_CPU_BUF_VM
	verw	x86_verw_sel(%rip)
.Lskip_verw_\@:
.endm

/* The NMI entry that does not stand on a stack of its own: for an NMI that ended a guest's run. */
#if KVM_HAVE_NMI_KVM_VMX
#define KVM_COMPAT_NMI_ENTRY asm_exc_nmi_kvm_vmx
#else
#define KVM_COMPAT_NMI_ENTRY asm_exc_nmi_noist
#endif

#endif /* SLIMKVM_COMPAT_ASM_H */
