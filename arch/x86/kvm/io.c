// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port I/O: a device on the kernel's PIO bus, else KVM_EXIT_IO with the data in the page behind
 * kvm_run. IN and OUT come here straight from the exit; string forms through the emulator. Owns
 * vcpu->arch.pio and the PIO page. Under the vCPU's mutex.
 */
#include "emulator.h"
#include "trace.h"

/* kvm_run ← KVM_EXIT_IO; @data is NULL for IN. Always returns 0, to userspace. */
static int pio_exit(struct kvm_vcpu *vcpu, unsigned int size, u16 port, const void *data,
		    unsigned int count)
{
	struct kvm_run *run = vcpu->run;

	++vcpu->stat.io_exits;
	vcpu->arch.pio = (struct kvm_pio_request){
		.count = count,
		.port = port,
		.size = size,
		.in = !data,
	};
	if (data)
		memcpy(vcpu->arch.pio_data, data, size * count);
	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = data ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
	run->io.size = size;
	run->io.port = port;
	run->io.count = count;
	run->io.data_offset = KVM_PIO_PAGE_OFFSET * PAGE_SIZE;
	return 0;
}

/*
 * --- IN and OUT without the emulator ------------------------------------------------------------
 */

/* A 32-bit IN clears bits 63:32 of RAX, the others keep what is above them (SDM 3.4.1.1). */
static void write_rax(struct kvm_vcpu *vcpu, unsigned int size, u32 val)
{
	unsigned long rax = kvm_rax_read(vcpu);

	if (size == 1)
		rax = (rax & ~0xfful) | (u8)val;
	else if (size == 2)
		rax = (rax & ~0xfffful) | (u16)val;
	else
		rax = val;
	kvm_rax_write(vcpu, rax);
}

/* Userspace that moved RIP has taken the instruction's place: a reset, a new program. */
static bool rip_moved(struct kvm_vcpu *vcpu)
{
	return kvm_linear_rip(vcpu) != vcpu->arch.pio.linear_rip;
}

static int complete_fast_in(struct kvm_vcpu *vcpu)
{
	u32 val = 0;

	vcpu->arch.pio.count = 0;
	if (rip_moved(vcpu))
		return 1;
	memcpy(&val, vcpu->arch.pio_data, vcpu->arch.pio.size);
	trace_kvm_pio(0, vcpu->arch.pio.port, vcpu->arch.pio.size, 1, &val);
	write_rax(vcpu, vcpu->arch.pio.size, val);
	return kvm_skip_emulated_instruction(vcpu);
}

static int complete_fast_out(struct kvm_vcpu *vcpu)
{
	vcpu->arch.pio.count = 0;
	return rip_moved(vcpu) ? 1 : kvm_skip_emulated_instruction(vcpu);
}

static int complete_skipped_out(struct kvm_vcpu *vcpu)
{
	vcpu->arch.pio.count = 0;
	return 1;
}

/* With @irqoff: -EBUSY and nothing done when it must wait until interrupts are on. */
static __always_inline int fast_in(struct kvm_vcpu *vcpu, unsigned int size, u16 port, bool irqoff)
{
	u32 val = 0;
	int r;

	r = irqoff ? kvm_io_bus_read_irqoff(vcpu, KVM_PIO_BUS, port, size) :
		     kvm_io_bus_read(vcpu, KVM_PIO_BUS, port, size, &val);
	if (r == -EBUSY)
		return r;
	if (!r) {
		trace_kvm_pio(0, port, size, 1, &val);
		write_rax(vcpu, size, val);
		return kvm_skip_emulated_instruction(vcpu);
	}
	pio_exit(vcpu, size, port, NULL, 1);
	vcpu->arch.pio.linear_rip = kvm_linear_rip(vcpu);
	vcpu->arch.complete_userspace_io = complete_fast_in;
	return 0;
}

/*
 * RIP advances when userspace has come back, but for port 0x7e while
 * KVM_X86_QUIRK_OUT_7E_INC_RIP is in force (api.rst, KVM_CAP_DISABLE_QUIRKS2); under TF the trap
 * that follows an instruction would take the place of the exit.
 */
static __always_inline int fast_out(struct kvm_vcpu *vcpu, unsigned int size, u16 port, bool irqoff)
{
	u32 val = kvm_rax_read(vcpu);
	bool skip_first;
	int r;

	r = irqoff ? kvm_io_bus_write_irqoff(vcpu, KVM_PIO_BUS, port, size, &val) :
		     kvm_io_bus_write(vcpu, KVM_PIO_BUS, port, size, &val);
	if (r == -EBUSY)
		return r;
	trace_kvm_pio(1, port, size, 1, &val);
	if (!r)
		return kvm_skip_emulated_instruction(vcpu);

	skip_first = port == 0x7e &&
		     !(vcpu->kvm->arch.disabled_quirks & KVM_X86_QUIRK_OUT_7E_INC_RIP) &&
		     !(kvm_x86_call(get_rflags)(vcpu) & X86_EFLAGS_TF);
	if (skip_first) {
		r = kvm_skip_emulated_instruction(vcpu);
		if (r != 1)
			return r;
	}
	pio_exit(vcpu, size, port, &val, 1);
	vcpu->arch.pio.linear_rip = kvm_linear_rip(vcpu);
	vcpu->arch.complete_userspace_io = skip_first ? complete_skipped_out : complete_fast_out;
	return 0;
}

/**
 * kvm_fast_pio - one IN or OUT that the exit has described
 * @vcpu: the vCPU, at the instruction
 * @size: 1, 2 or 4 bytes
 * @port: first port
 * @in: IN
 *
 * Permission has been checked: by hardware, which looks at the TSS before the intercept
 * (APM2 15.10.1).
 *
 * Return: 1/0/errno.
 */
int kvm_fast_pio(struct kvm_vcpu *vcpu, int size, unsigned short port, bool in)
{
	return in ? fast_in(vcpu, size, port, false) : fast_out(vcpu, size, port, false);
}
EXPORT_SYMBOL_GPL(kvm_fast_pio);

/**
 * kvm_fast_pio_irqoff - the same before interrupts are on again, if no device has to sleep for it
 * @vcpu: the vCPU, at the instruction; TF is clear
 * @size: 1, 2 or 4 bytes
 * @port: first port
 * @in: IN
 */
enum kvm_fastpath kvm_fast_pio_irqoff(struct kvm_vcpu *vcpu, int size, unsigned short port,
				      bool in)
{
	int r = in ? fast_in(vcpu, size, port, true) : fast_out(vcpu, size, port, true);

	if (r == -EBUSY)
		return KVM_FASTPATH_NONE;
	return r ? KVM_FASTPATH_REENTER : KVM_FASTPATH_EXIT;
}
EXPORT_SYMBOL_GPL(kvm_fast_pio_irqoff);

/*
 * --- The emulator's ports -----------------------------------------------------------------------
 */

static bool pio_answered(struct kvm_vcpu *vcpu, unsigned int size, u16 port, unsigned int count)
{
	struct kvm_pio_request *pio = &vcpu->arch.pio;

	return kvm_emulator_of(vcpu)->pio_ready && pio->in && pio->size == size &&
	       pio->port == port && pio->count == count;
}

/* All of it from the kernel's bus, or nothing; a device that vanishes half-way reads as ones. */
static bool bus_in(struct kvm_vcpu *vcpu, unsigned int size, u16 port, void *val,
		   unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!kvm_io_bus_read(vcpu, KVM_PIO_BUS, port, size, val + i * size))
			continue;
		if (!i)
			return false;
		memset(val + i * size, 0xff, size);
	}
	return true;
}

/**
 * emul_pio_in - IN and INS of the emulator
 * @ctxt: the emulator
 * @size: bytes of an element
 * @port: port
 * @val: @count elements
 * @count: how many; the PIO page holds them all
 *
 * Return: X86EMUL_IO_NEEDED with kvm_run filled until userspace has answered.
 */
int emul_pio_in(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, void *val,
		    unsigned int count)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);
	struct kvm_emulator *emu = emul_of(ctxt);

	if (pio_answered(vcpu, size, port, count)) {
		memcpy(val, vcpu->arch.pio_data, size * count);
	} else if (!bus_in(vcpu, size, port, val, count)) {
		pio_exit(vcpu, size, port, NULL, count);
		emu->pio_ready = false;
		emu->pio_exit = true;
		return X86EMUL_IO_NEEDED;
	}
	emu->pio_ready = false;
	trace_kvm_pio(0, port, size, count, val);
	return X86EMUL_CONTINUE;
}

/* --- String I/O to userspace ---------------------------------------------------------------- */
int emul_pio_out(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, const void *val,
		     unsigned int count)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);

	trace_kvm_pio(1, port, size, count, val);
	for (; count; count--, val += size) {
		if (kvm_io_bus_write(vcpu, KVM_PIO_BUS, port, size, val))
			break;
	}
	if (!count)
		return X86EMUL_CONTINUE;
	pio_exit(vcpu, size, port, val, count);
	emul_of(ctxt)->pio_exit = true;
	ctxt->io_pending = true;
	return X86EMUL_CONTINUE;
}
