// SPDX-License-Identifier: GPL-2.0-only
/*
 * The 64-bit guest's exception and interrupt handler.
 *
 * It records each event in struct guest_shared. An exception resumes at shared->fixup when
 * GUEST_TRY() set one; without it the host is told and the test fails.
 */
#include "guest.h"
#include "kvm_test.h"

struct trap_frame {
	uint64_t gpr[15];
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/*
 * 256 entries of 16 bytes each. Vectors whose error code the CPU pushes (APM2 8.4.1: 8, 10 to 14,
 * 17, 21, 29, 30) get no dummy word, so that every frame has the same shape.
 */
__asm__(
	".pushsection guest_text, \"ax\", @progbits\n"
	".globl guest_vectors\n"
	".balign 16\n"
	"guest_vectors:\n"
	".set vector, 0\n"
	".rept 256\n"
	"	.balign 16\n"
	"	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21"
	"		|| vector == 29 || vector == 30)\n"
	"	pushq $0\n"
	"	.endif\n"
	"	pushq $vector\n"
	"	jmp guest_trap_entry\n"
	"	.set vector, vector + 1\n"
	".endr\n"
	"guest_trap_entry:\n"
	"	push %rax; push %rbx; push %rcx; push %rdx; push %rsi; push %rdi; push %rbp\n"
	"	push %r8; push %r9; push %r10; push %r11\n"
	"	push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, %rdi\n"
	"	cld\n"
	"	call guest_trap\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %r11; pop %r10; pop %r9; pop %r8\n"
	"	pop %rbp; pop %rdi; pop %rsi; pop %rdx; pop %rcx; pop %rbx; pop %rax\n"
	"	add $16, %rsp\n"
	"	iretq\n"
	".popsection\n");

void guest_trap(struct trap_frame *frame);

__guest void guest_trap(struct trap_frame *frame)
{
	uint64_t cr2;

	__asm__ volatile("mov %%cr2, %0" : "=r" (cr2));
	shared->trap.error = frame->error;
	shared->trap.rip = frame->rip;
	shared->trap.cr2 = cr2;
	shared->trap.rflags = frame->rflags;
	shared->trap.vector = frame->vector;
	shared->count[frame->vector]++;

	/* Interrupts, NMI and the debug traps simply return; so does what the test expects. */
	if (frame->vector >= 32 || frame->vector == 2)
		return;
	if (shared->fixup) {
		frame->rip = shared->fixup;
		shared->fixup = 0;
		return;
	}
	if (frame->vector != 1 && frame->vector != 3)
		ucall(UCALL_TRAP, frame->vector, frame->error, frame->rip);
}
