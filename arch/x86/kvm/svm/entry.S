/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch: VMRUN with what it does not switch itself (APM2 15.5, 15.6). Called by run.c
 * alone, with interrupts off; touches the vCPU's registers and the CPU's, nothing else.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/percpu.h>
#include <compat/asm.h>
#include "asm-offsets.h"

#define REGS	SVM_regs
#include "entry_regs.h"

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
	PUSH_HOST_REGS
	push	%rdi

.Lclgi:
	clgi
	/*
	 * The host's IF at VMRUN says whether a physical interrupt ends the guest's run (15.21.1).
	 * It is set here and not next to VMRUN, so that STI's shadow is over by then and cannot
	 * show up as the guest's.
	 */
	sti

	/* Unless the CPU switches it (X86_FEATURE_V_SPEC_CTRL). */
	ALTERNATIVE_2 "jmp .Lspec_ctrl_guest", "", X86_FEATURE_MSR_SPEC_CTRL, \
		      "jmp .Lspec_ctrl_guest", X86_FEATURE_V_SPEC_CTRL
	LOAD_GUEST_SPEC_CTRL SVM_spec_ctrl
.Lspec_ctrl_guest:

	movq	SVM_vmcb_pa(%rdi), %rax
	LOAD_GUEST_REGS

	vmload	%rax
	/* Last: what the host left in the CPU's buffers must not reach the guest (TSA). */
	VM_CLEAR_CPU_BUFFERS
	vmrun	%rax

	/* IF is set again, as it was at VMRUN; RAX is the host's: the VMCB's address (15.6). */
	cli
	vmsave	%rax

	movq	(%rsp), %rax
	SAVE_GUEST_REGS

	/* GS is the guest's until here: no per-CPU access before. */
	movq	%rax, %rdi
	movq	SVM_host_state_pa(%rdi), %rax
	vmload	%rax

	/* Nor a RET, until the return predictors hold nothing of the guest's. */
	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, KVM_COMPAT_SVM_RSB_FEATURE

	xorl	%ebx, %ebx
	CLEAR_GUEST_REGS

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
	POP_HOST_REGS
	RET

.Lsvm_off:
	xorl	%eax, %eax
	jmp	.Lout

	_ASM_EXTABLE(.Lclgi, .Lsvm_off)
SYM_FUNC_END(__svm_vcpu_run)
