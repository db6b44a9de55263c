/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * General registers around a world switch: what both vendors' entry.S do with them. The offset of
 * vcpu.arch.regs in the vendor's vCPU is REGS. RSP is hardware's; RAX the vendor's own business.
 */
#ifndef __KVM_ENTRY_REGS_H
#define __KVM_ENTRY_REGS_H

#include <asm/kvm_vcpu_regs.h>

#define REG(index)	(REGS + (index) * 8)

/* The guest's, from the vCPU in %rdi, which goes last. Flags stay. */
.macro LOAD_GUEST_REGS
	movq	REG(__VCPU_REGS_RCX)(%rdi), %rcx
	movq	REG(__VCPU_REGS_RDX)(%rdi), %rdx
	movq	REG(__VCPU_REGS_RBX)(%rdi), %rbx
	movq	REG(__VCPU_REGS_RBP)(%rdi), %rbp
	movq	REG(__VCPU_REGS_RSI)(%rdi), %rsi
	movq	REG(__VCPU_REGS_R8)(%rdi), %r8
	movq	REG(__VCPU_REGS_R9)(%rdi), %r9
	movq	REG(__VCPU_REGS_R10)(%rdi), %r10
	movq	REG(__VCPU_REGS_R11)(%rdi), %r11
	movq	REG(__VCPU_REGS_R12)(%rdi), %r12
	movq	REG(__VCPU_REGS_R13)(%rdi), %r13
	movq	REG(__VCPU_REGS_R14)(%rdi), %r14
	movq	REG(__VCPU_REGS_R15)(%rdi), %r15
	movq	REG(__VCPU_REGS_RDI)(%rdi), %rdi
.endm

/* And back, to the vCPU in %rax. */
.macro SAVE_GUEST_REGS
	movq	%rcx, REG(__VCPU_REGS_RCX)(%rax)
	movq	%rdx, REG(__VCPU_REGS_RDX)(%rax)
	movq	%rbx, REG(__VCPU_REGS_RBX)(%rax)
	movq	%rbp, REG(__VCPU_REGS_RBP)(%rax)
	movq	%rsi, REG(__VCPU_REGS_RSI)(%rax)
	movq	%rdi, REG(__VCPU_REGS_RDI)(%rax)
	movq	%r8, REG(__VCPU_REGS_R8)(%rax)
	movq	%r9, REG(__VCPU_REGS_R9)(%rax)
	movq	%r10, REG(__VCPU_REGS_R10)(%rax)
	movq	%r11, REG(__VCPU_REGS_R11)(%rax)
	movq	%r12, REG(__VCPU_REGS_R12)(%rax)
	movq	%r13, REG(__VCPU_REGS_R13)(%rax)
	movq	%r14, REG(__VCPU_REGS_R14)(%rax)
	movq	%r15, REG(__VCPU_REGS_R15)(%rax)
.endm

/*
 * The guest's values shall not meet the host's code, not even in speculation. RAX, RDI and RBX hold
 * the host's by now.
 */
.macro CLEAR_GUEST_REGS
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%ebp, %ebp
	xorl	%esi, %esi
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
.endm

/* SPEC_CTRL, the guest's from the vCPU in %rdi: a write costs much, so only where they differ. */
.macro LOAD_GUEST_SPEC_CTRL offset:req
	movl	\offset(%rdi), %eax
	cmpl	PER_CPU_VAR(x86_spec_ctrl_current), %eax
	je	.Lsame\@
	xorl	%edx, %edx
	movl	$MSR_IA32_SPEC_CTRL, %ecx
	wrmsr
.Lsame\@:
.endm

.macro PUSH_HOST_REGS
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
.endm

.macro POP_HOST_REGS
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
.endm

#endif
