// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stepping over an intercepted instruction, by the length that the exit gave. Under the vCPU's
 * mutex.
 */
#include "emulate/insn.h"
#include "vmcs.h"

/**
 * vmx_skip_emulated_instruction - step over the instruction that exited
 * @vcpu: the vCPU
 *
 * Its end is also the end of an interrupt shadow (SDM 6.8.3). Every exit that an instruction
 * causes has a length (27.2.5); for the others the emulator finds one. Outside 64-bit mode RIP has
 * 32 bits.
 *
 * Return: 1/0/errno.
 */
int vmx_skip_emulated_instruction(struct kvm_vcpu *vcpu)
{
	unsigned long rip = kvm_rip_read(vcpu);
	u32 len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	unsigned long next = rip + len;

	if (unlikely(len - 1 >= X86_INSN_MAX))
		return kvm_emulate_instruction(vcpu, 0, EMULTYPE_SKIP, NULL, 0);
	if (unlikely((rip ^ next) >> 32) && !kvm_is_64_bit_mode(vcpu))
		next = (u32)next;
	kvm_rip_write(vcpu, next);
	vmx_set_interrupt_shadow(vcpu, 0);
	return 1;
}

/** vmx_patch_hypercall - the three bytes of VMCALL (SDM 30.3) */
void vmx_patch_hypercall(struct kvm_vcpu *vcpu, unsigned char *code)
{
	code[0] = 0x0f;
	code[1] = 0x01;
	code[2] = 0xc1;
}
