// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory accessed by a plain move: done from the fault itself, without the emulator. The
 * fault has the guest physical address, and hardware has made every check of the access; only the
 * instruction's bytes and registers are missing. Whatever is not plain is left to emulator.c.
 * Called by it under the vCPU's mutex.
 */
#include "emulator.h"
#include "irqchip/lapic.h"
#include "trace.h"

/**
 * kvm_mmio_read - let the kernel answer a load from device memory
 * @vcpu: the vCPU
 * @gpa: where
 * @len: bytes
 * @val: filled
 *
 * The vCPU's own APIC comes before the buses: it is not on the bus of other vCPUs.
 *
 * Return: 0, or -EOPNOTSUPP: userspace must.
 */
int kvm_mmio_read(struct kvm_vcpu *vcpu, gpa_t gpa, int len, void *val)
{
	if (vcpu->arch.apic && kvm_lapic_mmio_read(vcpu, gpa, len, val))
		return 0;
	return kvm_io_bus_read(vcpu, KVM_MMIO_BUS, gpa, len, val);
}

/** kvm_mmio_write - let the kernel take a store to device memory; as kvm_mmio_read() */
int kvm_mmio_write(struct kvm_vcpu *vcpu, gpa_t gpa, int len, const void *val)
{
	if (vcpu->arch.apic && kvm_lapic_mmio_write(vcpu, gpa, len, val))
		return 0;
	return kvm_io_bus_write(vcpu, KVM_MMIO_BUS, gpa, len, val);
}

/* Instruction bytes that begin at RIP: as many as the page has, an instruction's at most. */
static unsigned int fetch_bytes(struct kvm_vcpu *vcpu, enum x86_mode mode, u8 *bytes)
{
	unsigned long rip = kvm_rip_read(vcpu);
	u64 access = PFERR_FETCH_MASK;
	struct x86_exception fault;
	unsigned int n;

	if (mode != X86_MODE_LONG)
		rip = (u32)(rip + kvm_x86_call(get_segment_base)(vcpu, VCPU_SREG_CS));
	n = min_t(unsigned int, X86_INSN_MAX, PAGE_SIZE - offset_in_page(rip));
	if (kvm_x86_call(get_cpl)(vcpu) == 3)
		access |= PFERR_USER_MASK;
	return kvm_read_guest_virt(vcpu, rip, bytes, n, access, &fault) ? 0 : n;
}

/* 32-bit or 64-bit code; of the rest none is plain. */
static enum x86_mode move_mode(struct kvm_vcpu *vcpu)
{
	int db, l;

	if (!kvm_is_protmode(vcpu))
		return X86_MODE_REAL;
	kvm_x86_call(get_cs_db_l_bits)(vcpu, &db, &l);
	if (l && kvm_is_long_mode(vcpu))
		return X86_MODE_LONG;
	return db ? X86_MODE_PROT32 : X86_MODE_PROT16;
}

/*
 * A segment that another instruction than the one that faulted could not slip by, if somebody puts
 * it there: writable data that grows upwards, with all of the access inside (SDM 5.3).
 */
static bool segment_allows(const struct kvm_segment *seg, u32 ea, unsigned int bytes)
{
	return !seg->unusable && (seg->type & 0xe) == 2 && (u64)ea + bytes - 1 <= seg->limit;
}

/*
 * Is @gpa what the move accesses, all of it? The fault of an access to two pages may be either
 * page's; comparing offsets finds that, and an instruction that was changed after the fault.
 */
static bool move_is_at(struct kvm_vcpu *vcpu, const struct x86_move *m, enum x86_mode mode,
		       gpa_t gpa)
{
	u64 ea = (s64)m->disp;
	struct kvm_segment seg;

	if (m->base != X86_NO_GPR)
		ea += kvm_reg_read(vcpu, m->base);
	if (m->index != X86_NO_GPR)
		ea += kvm_reg_read(vcpu, m->index) << m->scale;
	if (mode == X86_MODE_LONG) {
		if (m->rip_relative)
			ea += kvm_rip_read(vcpu) + m->length;
	} else {
		kvm_x86_call(get_segment)(vcpu, &seg, m->stack ? VCPU_SREG_SS : VCPU_SREG_DS);
		if (!segment_allows(&seg, ea, m->bytes))
			return false;
		ea += seg.base;
	}
	return offset_in_page(ea) == offset_in_page(gpa) &&
	       offset_in_page(gpa) + m->bytes <= PAGE_SIZE;
}

/* --- Registers -------------------------------------------------------------------------------- */

static u64 truncate(u64 val, unsigned int bytes)
{
	return bytes == 8 ? val : val & ((1ull << bytes * 8) - 1);
}

static u64 stored_value(struct kvm_vcpu *vcpu, const struct x86_move *m)
{
	u64 val = m->is_imm ? (s64)m->imm : kvm_reg_read(vcpu, m->reg);

	return truncate(m->high ? val >> 8 : val, m->bytes);
}

/* Results of one and two bytes keep the rest of the register; four clear it (SDM 3.4.1.1). */
static void load_register(struct kvm_vcpu *vcpu, const struct x86_move *m, u64 val)
{
	unsigned int unused = 64 - m->bytes * 8;
	u64 mask = truncate(~0ull, m->reg_bytes);

	if (m->sign)
		val = (s64)(val << unused) >> unused;
	val &= mask;
	if (m->high) {
		val <<= 8;
		mask <<= 8;
	}
	if (m->reg_bytes < 4)
		val |= kvm_reg_read(vcpu, m->reg) & ~mask;
	kvm_reg_write(vcpu, m->reg, val);
}

/* RF covers one instruction, and VMX sets it for the fault itself (SDM 17.3.1.1, 27.3.3). */
static void retire(struct kvm_vcpu *vcpu, unsigned long next, unsigned long rflags)
{
	kvm_rip_write(vcpu, next);
	if (rflags & X86_EFLAGS_RF)
		kvm_set_rflags(vcpu, kvm_get_rflags(vcpu) & ~X86_EFLAGS_RF);
	kvm_x86_call(set_interrupt_shadow)(vcpu, 0);
}

/* --- Load and store --------------------------------------------------------------------------- */

/* Userspace that moved RIP has taken the instruction's place; it may have begun to step, too. */
static int complete_load(struct kvm_vcpu *vcpu)
{
	struct kvm_mmio_load *load = &kvm_emulator_of(vcpu)->load;
	unsigned long rflags;
	u64 val;

	if (kvm_rip_read(vcpu) != load->rip)
		return 1;
	memcpy(&val, vcpu->run->mmio.data, sizeof(val));
	val = truncate(val, load->move.bytes);
	trace_kvm_mmio(KVM_TRACE_MMIO_READ, load->move.bytes, load->gpa, &val);
	load_register(vcpu, &load->move, val);
	rflags = kvm_x86_call(get_rflags)(vcpu);
	retire(vcpu, load->next, rflags);
	return unlikely(rflags & X86_EFLAGS_TF) ? kvm_debug_singlestep(vcpu, rflags) : 1;
}

static int do_load(struct kvm_vcpu *vcpu, const struct x86_move *m, unsigned long next,
		   unsigned long rflags, gpa_t gpa)
{
	struct kvm_mmio_load *load = &kvm_emulator_of(vcpu)->load;
	u64 val = 0;

	if (!kvm_mmio_read(vcpu, gpa, m->bytes, &val)) {
		trace_kvm_mmio(KVM_TRACE_MMIO_READ, m->bytes, gpa, &val);
		load_register(vcpu, m, val);
		retire(vcpu, next, rflags);
		return 1;
	}
	trace_kvm_mmio(KVM_TRACE_MMIO_READ_UNSATISFIED, m->bytes, gpa, NULL);
	load->move = *m;
	load->gpa = gpa;
	load->rip = kvm_rip_read(vcpu);
	load->next = next;
	vcpu->arch.complete_userspace_io = complete_load;
	return kvm_mmio_exit(vcpu, gpa, m->bytes, false, 0);
}

/* The store has retired when userspace sees it, as the emulator's do. */
static int do_store(struct kvm_vcpu *vcpu, const struct x86_move *m, unsigned long next,
		    unsigned long rflags, gpa_t gpa)
{
	u64 val = stored_value(vcpu, m);

	int r;

	trace_kvm_mmio(KVM_TRACE_MMIO_WRITE, m->bytes, gpa, &val);
	/* Of a device in the kernel, one may ask where the store is. */
	r = kvm_mmio_write(vcpu, gpa, m->bytes, &val);
	retire(vcpu, next, rflags);
	return r ? kvm_mmio_exit(vcpu, gpa, m->bytes, true, val) : 1;
}

/**
 * kvm_mmio_move - execute the move that has faulted on device memory, if it is one
 * @vcpu: the vCPU, at the instruction; no breakpoint is on it
 * @gpa: where the access went, by hardware; no memory is there that it could access
 * @store: it was a write
 * @insn: instruction bytes, when hardware gave them, else NULL
 * @insn_len: how many
 * @ret: the exit handler's result, 1/0/errno, when the answer is true
 *
 * Hardware walked the guest's tables for this access in this direction, so that no other guest code
 * can borrow a right from it: the instruction, which the guest may have changed since, must access
 * that address in that direction. An event whose delivery faulted is not an instruction's doing.
 * Accessed and dirty bits of the guest's entries are as the CPU's walk left them: they tell nothing
 * of a device's page.
 *
 * Return: false: nothing was done, emulate it.
 */
bool kvm_mmio_move(struct kvm_vcpu *vcpu, gpa_t gpa, bool store, const void *insn,
		   unsigned int insn_len, int *ret)
{
	unsigned long rflags = kvm_x86_call(get_rflags)(vcpu);
	enum x86_mode mode = move_mode(vcpu);
	u8 bytes[X86_MOVE_BUFFER] = {};
	struct x86_move move;
	unsigned long next;

	if ((rflags & (X86_EFLAGS_TF | X86_EFLAGS_VM)) || kvm_event_needs_reinjection(vcpu))
		return false;
	if (insn_len)
		memcpy(bytes, insn, min_t(unsigned int, insn_len, X86_INSN_MAX));
	else
		insn_len = fetch_bytes(vcpu, mode, bytes);
	if (!insn_len || !x86_decode_move(&move, bytes, insn_len, mode) || move.store != store ||
	    !move_is_at(vcpu, &move, mode, gpa))
		return false;
	next = kvm_rip_read(vcpu) + move.length;
	if (mode != X86_MODE_LONG)
		next = (u32)next;
	*ret = store ? do_store(vcpu, &move, next, rflags, gpa) :
		       do_load(vcpu, &move, next, rflags, gpa);
	return true;
}
