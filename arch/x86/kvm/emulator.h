/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files that join the pure emulator to a vCPU: emulator.c runs it, emulator_ops.c gives
 * it registers, emulator_mem.c memory and MMIO, io.c ports. All under the vCPU's mutex.
 */
#ifndef __KVM_X86_EMULATOR_H
#define __KVM_X86_EMULATOR_H

#include "x86.h"
#include "emulate/emulate.h"

/* PUSHA to a device, with each push split by a page's end, is the longest list there is. */
#define KVM_EMUL_MMIO_MAX	16

/**
 * struct kvm_mmio_record - at most eight bytes of an MMIO access, inside one page
 * @gpa: where
 * @len: 1 to 8
 * @iteration: of a REP instruction, to know which reads are used up
 * @data: what was read, or is to be written
 */
struct kvm_mmio_record {
	gpa_t gpa;
	u32 len;
	u32 iteration;
	u8 data[8];
};

/**
 * struct kvm_emulator - one vCPU's emulator and what an instruction leaves for userspace
 * @reads: answers that the current instruction has got; when it is executed again after an exit,
 *   they are replayed and not asked for twice
 * @replayed: reads[] used by the current execution
 * @read_pending: reads[nr_reads] is being asked of userspace
 * @writes: writes of a finished instruction that userspace has not seen yet, in order
 * @pio_ready: the port data in the PIO page answers the request in vcpu->arch.pio
 * @pio_exit: kvm_run holds a KVM_EXIT_IO to leave with
 * @singlestep: TF was set when the instruction began: trap when all of it is done
 * @move: the plain move that kvm_mmio_move() has executed last, or has left to userspace
 * @move_code: its bytes, with what follows them; 0 behind the end of the page
 * @move_mode: the mode it was decoded in
 * @move_rip: where it was
 * @move_gpa: what it accessed
 */
struct kvm_emulator {
	struct x86_emulate_ctxt ctxt;
	struct kvm_mmio_record reads[KVM_EMUL_MMIO_MAX];
	struct kvm_mmio_record writes[KVM_EMUL_MMIO_MAX];
	u8 nr_reads;
	u8 replayed;
	bool read_pending;
	u8 nr_writes;
	u8 cur_write;
	bool pio_ready;
	bool pio_exit;
	bool singlestep;
	struct x86_move move;
	u64 move_code[2];
	enum x86_mode move_mode;
	unsigned long move_rip;
	gpa_t move_gpa;
};

static inline struct kvm_emulator *kvm_emulator_of(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu->arch.emulate_ctxt, struct kvm_emulator, ctxt);
}

static inline struct kvm_vcpu *emul_to_vcpu(struct x86_emulate_ctxt *ctxt)
{
	return ctxt->opaque;
}

static inline struct kvm_emulator *emul_of(struct x86_emulate_ctxt *ctxt)
{
	return container_of(ctxt, struct kvm_emulator, ctxt);
}

/* The error code of an access by the guest's program itself. */
static inline u64 kvm_pferr(struct kvm_vcpu *vcpu, u64 pferr)
{
	return kvm_x86_call(get_cpl)(vcpu) == 3 ? pferr | PFERR_USER_MASK : pferr;
}

/* Instruction bytes that can be read at once: what the page has, an instruction's at most. */
static inline unsigned int kvm_insn_room(unsigned long rip)
{
	return min_t(unsigned int, X86_INSN_MAX, PAGE_SIZE - offset_in_page(rip));
}

/* Read code by linear address; -EFAULT and the like where that would fault. */
static inline int kvm_fetch_code(struct kvm_vcpu *vcpu, unsigned long rip, u8 *code,
				 unsigned int bytes)
{
	struct x86_exception fault;

	return kvm_read_guest_virt(vcpu, rip, code, bytes, kvm_pferr(vcpu, PFERR_FETCH_MASK),
				   &fault);
}

/* emulator_mem.c */
int kvm_mmio_exit(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int len, bool write, u64 data);
int kvm_mmio_exit_read(struct kvm_vcpu *vcpu);
void kvm_mmio_take_read(struct kvm_vcpu *vcpu);
bool kvm_mmio_exit_write(struct kvm_vcpu *vcpu);
void kvm_mmio_forget_reads(struct kvm_emulator *emu, u32 iteration);

/* mmio.c */
int kvm_mmio_read(struct kvm_vcpu *vcpu, gpa_t gpa, int len, void *val);
int kvm_mmio_write(struct kvm_vcpu *vcpu, gpa_t gpa, int len, const void *val);
bool kvm_mmio_move(struct kvm_vcpu *vcpu, gpa_t gpa, bool store, const void *insn,
		   unsigned int insn_len, int *ret);

#endif
