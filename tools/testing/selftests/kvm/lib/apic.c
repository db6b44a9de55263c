// SPDX-License-Identifier: GPL-2.0-only
/*
 * Local APICs in tests, host side; and the guest's handlers of vectors 0x40 to 0x4f.
 */
#include "apic.h"
#include "irq_test.h"

struct interrupt_frame;

/*
 * Each handler counts for its vCPU and writes EOI. The attribute makes the compiler save what it
 * uses and return by IRET.
 */
#define HANDLER(n)								\
__guest __attribute__((interrupt)) static void handler_##n(struct interrupt_frame *frame)	\
{										\
	(void)frame;								\
	++*guest_count(guest_cpu(), APIC_VECTOR + n);				\
	apic_write(APIC_EOI, 0);						\
}

HANDLER(0)
HANDLER(1)
HANDLER(2)
HANDLER(3)
HANDLER(4)
HANDLER(5)
HANDLER(6)
HANDLER(7)

/** vm_apic() - a VM with local APICs in the kernel, and no other interrupt controller */
struct vm *vm_apic(void)
{
	struct vm *vm = vm_new();

	vm_split_irqchip(vm, 24);
	return vm;
}

/** set_gate() - an interrupt gate of the IDT for level 0 */
void set_gate(struct vm *vm, unsigned int vector, uint64_t at)
{
	uint64_t gate[2] = {
		(at & 0xffff) | (uint64_t)SEL_CODE64 << 16 | 0x8eULL << 40 |
			(at >> 16 & 0xffff) << 48,
		at >> 32,
	};

	vm_write(vm, GUEST_IDT + 16 * vector, gate, sizeof(gate));
}

/**
 * vm_apic_handlers() - vectors 0x40 to 0x47 count for each vCPU
 * @vm: the VM, after vcpu_enter() of its vCPUs, which fills the IDT
 */
void vm_apic_handlers(struct vm *vm)
{
	void (*const handlers[])(struct interrupt_frame *frame) = {
		handler_0, handler_1, handler_2, handler_3, handler_4, handler_5, handler_6,
		handler_7,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(handlers); i++)
		set_gate(vm, APIC_VECTOR + i, guest_addr((const void *)handlers[i]));
}

/** vm_apic_count() - how often vCPU @cpu has taken @vector */
uint64_t vm_apic_count(struct vm *vm, unsigned int cpu, unsigned int vector)
{
	volatile uint64_t *counts = (volatile uint64_t *)(vm->mem + APIC_COUNTS);

	return counts[cpu * APIC_VECTORS + (vector - APIC_VECTOR)];
}

/** vcpu_runnable() - an application processor need not wait for INIT and SIPI */
void vcpu_runnable(struct vcpu *vcpu)
{
	kvm_do(vcpu->fd, KVM_SET_MP_STATE, (&(struct kvm_mp_state){ KVM_MP_STATE_RUNNABLE }));
}

/** lapic_word() - one register by KVM_GET_LAPIC */
uint32_t lapic_word(struct vcpu *vcpu, uint32_t reg)
{
	struct kvm_lapic_state state;
	uint32_t value;

	kvm_do(vcpu->fd, KVM_GET_LAPIC, &state);
	memcpy(&value, state.regs + reg, sizeof(value));
	return value;
}
