/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch: VMLAUNCH and VMRESUME with what they do not switch themselves (SDM 26, 27), and
 * the way into the host's own interrupt handlers after an exit for one of its interrupts. Called
 * by run.c and exits.c with interrupts off.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/percpu.h>
#include <asm/segment.h>
#include <compat/asm.h>
#include "asm-offsets.h"

#define REGS	VMX_regs
#include "entry_regs.h"

.section .noinstr.text, "ax"

/**
 * __vmx_vcpu_run - run a guest until its next exit
 * @vmx:	the vCPU, %rdi; RSP, RIP, RFLAGS are in its VMCS, the other GPRs in vcpu.arch.regs
 *
 * NMIs may come at any time: the host's SPEC_CTRL is then put right by nobody, as it is in user
 * mode.
 *
 * Return: VMX_RUN_EXITED 0, VMX_RUN_FAILED 1, VMX_RUN_OFF 2.
 */
SYM_FUNC_START(__vmx_vcpu_run)
	PUSH_HOST_REGS
	push	%rdi

	/* HOST_RSP is where %rsp is now, and hardly ever another place than last time. */
	cmpq	%rsp, VMX_host_rsp(%rdi)
	je	.Lrsp_known
	movq	%rsp, VMX_host_rsp(%rdi)
	movl	$VMX_HOST_RSP, %eax
.Lvmwrite:
	vmwrite	%rsp, %rax
.Lrsp_known:

	ALTERNATIVE "jmp .Lspec_ctrl_guest", "", X86_FEATURE_MSR_SPEC_CTRL
	LOAD_GUEST_SPEC_CTRL VMX_spec_ctrl
.Lspec_ctrl_guest:

	/* CF: VMRESUME. Neither MOV nor VERW touches it. */
	btl	$0, VMX_launched(%rdi)

	movq	REG(__VCPU_REGS_RAX)(%rdi), %rax
	LOAD_GUEST_REGS

	/* Last: what the host left in the CPU's buffers must not reach the guest (MDS, RFDS). */
	KVM_COMPAT_VMX_CLEAR_CPU_BUFFERS

	jnc	.Lvmlaunch
	/* After VM exit the stack is as it was here. */
	UNWIND_HINT_SAVE
.Lvmresume:
	vmresume
	jmp	.Lvmfail
.Lvmlaunch:
	vmlaunch
	jmp	.Lvmfail

	_ASM_EXTABLE(.Lvmwrite, .Lvmx_off)
	_ASM_EXTABLE(.Lvmresume, .Lvmx_off)
	_ASM_EXTABLE(.Lvmlaunch, .Lvmx_off)

SYM_INNER_LABEL(vmx_vmexit, SYM_L_GLOBAL)
	/* VM exit comes here; nothing in the host does. */
	UNWIND_HINT_RESTORE
	ANNOTATE_NOENDBR

	push	%rax
	movq	8(%rsp), %rax
	popq	REG(__VCPU_REGS_RAX)(%rax)
	SAVE_GUEST_REGS
	xorl	%ebx, %ebx

.Lhost:
	/* The result is in %ebx, and (%rsp) is the vCPU. */
	movq	(%rsp), %rdi

	/* No RET until the return predictors hold nothing of the guest's. */
	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
			   X86_FEATURE_RSB_VMEXIT_LITE

	CLEAR_GUEST_REGS

	ALTERNATIVE "jmp .Lspec_ctrl_host", "", X86_FEATURE_MSR_SPEC_CTRL
	movl	$MSR_IA32_SPEC_CTRL, %ecx
	cmpb	$0, VMX_spec_ctrl_direct(%rdi)
	je	.Lspec_ctrl_known
	rdmsr
	movl	%eax, VMX_spec_ctrl(%rdi)
.Lspec_ctrl_known:
	movl	PER_CPU_VAR(x86_spec_ctrl_current), %eax
	xorl	%edx, %edx
	cmpl	VMX_spec_ctrl(%rdi), %eax
	/* Without enhanced IBRS only a write of the bit ends what the guest has trained. */
	ALTERNATIVE "je .Lspec_ctrl_same", "", X86_FEATURE_KERNEL_IBRS
	wrmsr
.Lspec_ctrl_same:
	/* Nothing behind this runs, be it speculatively, on the guest's SPEC_CTRL. */
	lfence
.Lspec_ctrl_host:

	CLEAR_BRANCH_HISTORY_VMEXIT

	movl	%ebx, %eax
	pop	%rdi
	POP_HOST_REGS
	RET

.Lvmfail:
	movl	$1, %ebx
	jmp	.Lhost

.Lvmx_off:
	movl	$2, %ebx
	jmp	.Lhost
SYM_FUNC_END(__vmx_vcpu_run)

.text

/*
 * Make the frame that an interrupt makes in 64-bit mode (SDM 6.14.2): the handler's IRET takes it
 * away again, and with it the blocking of NMIs. RFLAGS.IF is clear in it as it is now.
 */
.macro VMX_CALL_HANDLER call:vararg
	push	%rbp
	mov	%rsp, %rbp
	and	$-16, %rsp
	push	$__KERNEL_DS
	push	%rbp
	pushf
	push	$__KERNEL_CS
	\call
	mov	%rbp, %rsp
	pop	%rbp
	RET
.endm

/**
 * vmx_call_host_irq - run the host's handler of the interrupt that ended the guest's run
 * @handler:	its address, from the IDT, %rdi
 */
SYM_FUNC_START(vmx_call_host_irq)
	VMX_CALL_HANDLER CALL_NOSPEC rdi
SYM_FUNC_END(vmx_call_host_irq)

/** vmx_call_host_nmi - run the host's NMI handler, on this stack, and unblock NMIs */
SYM_FUNC_START(vmx_call_host_nmi)
	VMX_CALL_HANDLER call KVM_COMPAT_NMI_ENTRY
SYM_FUNC_END(vmx_call_host_nmi)
