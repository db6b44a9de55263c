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
 * struct kvm_mmio_load - a plain move from device memory that waits for userspace
 * @move: the instruction
 * @gpa: where it reads
 * @rip: where it is
 * @next: where the next instruction is
 */
struct kvm_mmio_load {
	struct x86_move move;
	gpa_t gpa;
	unsigned long rip;
	unsigned long next;
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
 * @load: what kvm_mmio_move() has left to userspace
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
	struct kvm_mmio_load load;
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

extern const struct x86_emulate_ops kvm_emulate_ops;	/* emulator_ops.c */

/* emulator_mem.c */
int kvm_emul_read_std(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes,
		      u32 access);
int kvm_emul_write_std(struct x86_emulate_ctxt *ctxt, u64 linear, const void *val,
		       unsigned int bytes, u32 access);
int kvm_emul_probe_write(struct x86_emulate_ctxt *ctxt, u64 linear, unsigned int bytes);
int kvm_emul_cmpxchg(struct x86_emulate_ctxt *ctxt, u64 linear, const void *old, const void *new,
		     unsigned int bytes);
int kvm_emul_fetch(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes);
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

/* emulator_fpu.c */
void kvm_emul_read_vec(struct x86_emulate_ctxt *ctxt, unsigned int n, void *val,
		       unsigned int bytes);
void kvm_emul_write_vec(struct x86_emulate_ctxt *ctxt, unsigned int n, const void *val, bool vex);
void kvm_emul_fpu(struct x86_emulate_ctxt *ctxt, enum x86_fpu_op op, void *buf);

/* io.c */
int kvm_emul_pio_in(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, void *val,
		    unsigned int count);
int kvm_emul_pio_out(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, const void *val,
		     unsigned int count);

#endif
