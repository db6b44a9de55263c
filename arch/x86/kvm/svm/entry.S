/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch: VMRUN with what it does not switch itself (APM2 15.5, 15.6). Called by run.c
 * alone, with interrupts off; touches the vCPU's registers and the CPU's, nothing else.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/kvm_vcpu_regs.h>
#include <asm/percpu.h>
#include <compat/asm.h>
#include "asm-offsets.h"

#define REG(index)	(SVM_regs + (index) * 8)

.section .noinstr.text, "ax"

/**
 * __svm_vcpu_run - run a guest until its next exit
 * @svm:	the vCPU, %rdi; RAX, RSP and RIP are in its VMCB, the other GPRs in vcpu.arch.regs
 *
 * Between CLGI and STGI no interrupt, NMI or SMI is taken (APM2 15.17): a handler must not run on
 * the guest's TR, GS or SPEC_CTRL.
 *
 * Return: false if SVM is off on this CPU, as a reboot makes it; the guest did not run then.
 */
SYM_FUNC_START(__svm_vcpu_run)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi

.Lclgi:
	clgi
	/*
	 * The host's IF at VMRUN says whether a physical interrupt ends the guest's run (15.21.1).
	 * It is set here and not next to VMRUN, so that STI's shadow is over by then and cannot
	 * show up as the guest's.
	 */
	sti

	/*
	 * SPEC_CTRL, where the CPU does not switch it (X86_FEATURE_V_SPEC_CTRL): a write costs
	 * much, so only when the two values differ.
	 */
	ALTERNATIVE_2 "jmp .Lspec_ctrl_guest", "", X86_FEATURE_MSR_SPEC_CTRL, \
		      "jmp .Lspec_ctrl_guest", X86_FEATURE_V_SPEC_CTRL
	movl	SVM_spec_ctrl(%rdi), %eax
	cmpl	PER_CPU_VAR(x86_spec_ctrl_current), %eax
	je	.Lspec_ctrl_guest
	xorl	%edx, %edx
	movl	$MSR_IA32_SPEC_CTRL, %ecx
	wrmsr
.Lspec_ctrl_guest:

	movq	SVM_vmcb_pa(%rdi), %rax
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

	vmload	%rax
	/* Last: what the host left in the CPU's buffers must not reach the guest (TSA). */
	VM_CLEAR_CPU_BUFFERS
	vmrun	%rax

	/* IF is set again, as it was at VMRUN; RAX is the host's: the VMCB's address (15.6). */
	cli
	vmsave	%rax

	movq	(%rsp), %rax
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

	/* GS is the guest's until here: no per-CPU access before. */
	movq	%rax, %rdi
	movq	SVM_host_state_pa(%rdi), %rax
	vmload	%rax

	/* Nor a RET, until the return predictors hold nothing of the guest's. */
	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, KVM_COMPAT_SVM_RSB_FEATURE

	/* The guest's values shall not meet the host's code, not even in speculation. */
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%ebx, %ebx
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

	ALTERNATIVE_2 "jmp .Lspec_ctrl_host", "", X86_FEATURE_MSR_SPEC_CTRL, \
		      "jmp .Lspec_ctrl_host", X86_FEATURE_V_SPEC_CTRL
	movl	$MSR_IA32_SPEC_CTRL, %ecx
	cmpb	$0, SVM_spec_ctrl_direct(%rdi)
	je	.Lspec_ctrl_known
	rdmsr
	movl	%eax, SVM_spec_ctrl(%rdi)
.Lspec_ctrl_known:
	movl	PER_CPU_VAR(x86_spec_ctrl_current), %eax
	cmpl	SVM_spec_ctrl(%rdi), %eax
	je	.Lspec_ctrl_host
	xorl	%edx, %edx
	wrmsr
.Lspec_ctrl_host:

	UNTRAIN_RET_VM

	stgi
	movl	$1, %eax
.Lout:
	pop	%rdi
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Lsvm_off:
	xorl	%eax, %eax
	jmp	.Lout

	_ASM_EXTABLE(.Lclgi, .Lsvm_off)
SYM_FUNC_END(__svm_vcpu_run)
