// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the emulator for a vCPU: sets its context up, commits what it did, leaves to userspace in
 * the middle of an instruction and comes back to it, and reports what it cannot do. Called by exit
 * handlers and the MMU's fault path under the vCPU's mutex.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <asm/trapnr.h>

#include "emulator.h"
#include "trace.h"

/* For test suites: run the instruction behind the prefix UD2 "kvm" here and not on the CPU. */
static int force_emulation_prefix;
module_param(force_emulation_prefix, int, 0644);
MODULE_PARM_DESC(force_emulation_prefix, "emulate instructions behind 0f 0b 6b 76 6d");

static struct kmem_cache *emulator_cache;

/* --- Life ------------------------------------------------------------------------------------- */

/** kvm_emulator_module_init - once, before the first vCPU; 0 or -ENOMEM */
int kvm_emulator_module_init(void)
{
	/* Operands are copied straight between here and guest memory: all of it is fit for that. */
	emulator_cache = kmem_cache_create_usercopy("kvm_emulator", sizeof(struct kvm_emulator), 0,
						    SLAB_ACCOUNT, 0, sizeof(struct kvm_emulator),
						    NULL);
	return emulator_cache ? 0 : -ENOMEM;
}

/** kvm_emulator_module_exit - after the last vCPU */
void kvm_emulator_module_exit(void)
{
	kmem_cache_destroy(emulator_cache);
	emulator_cache = NULL;
}

/** kvm_emulator_create - give a new vCPU its emulator; 0 or -ENOMEM */
int kvm_emulator_create(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kmem_cache_zalloc(emulator_cache, GFP_KERNEL_ACCOUNT);

	if (!emu)
		return -ENOMEM;
	emu->ctxt.ops = &kvm_emulate_ops;
	emu->ctxt.opaque = vcpu;
	vcpu->arch.emulate_ctxt = &emu->ctxt;
	return 0;
}

/** kvm_emulator_destroy - the vCPU dies; harmless when it never got one */
void kvm_emulator_destroy(struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.emulate_ctxt)
		return;
	kmem_cache_free(emulator_cache, kvm_emulator_of(vcpu));
	vcpu->arch.emulate_ctxt = NULL;
}

/* --- Before ----------------------------------------------------------------------------------- */

static enum x86_mode decode_mode(struct kvm_vcpu *vcpu, unsigned long rflags)
{
	bool protected = kvm_is_protmode(vcpu);
	int db = 0, l = 0;

	if (protected)
		kvm_x86_call(get_cs_db_l_bits)(vcpu, &db, &l);
	return x86_emulate_mode(protected, rflags & X86_EFLAGS_VM, kvm_is_long_mode(vcpu), l, db);
}

static void setup(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);
	struct x86_emulate_ctxt *ctxt = &emu->ctxt;

	ctxt->eflags = kvm_get_rflags(vcpu);
	ctxt->eip = kvm_rip_read(vcpu);
	ctxt->mode = decode_mode(vcpu, ctxt->eflags);
	emu->nr_reads = 0;
	emu->read_pending = false;
	emu->nr_writes = 0;
	emu->cur_write = 0;
	emu->pio_ready = false;
	emu->pio_exit = false;
}

/* --- After ------------------------------------------------------------------------------------ */

/*
 * KVM_INTERNAL_ERROR_EMULATION with the bytes that were fetched, as struct kvm_run's
 * emulation_failure has them (api.rst, KVM_EXIT_INTERNAL_ERROR).
 */
static int report_failure(struct kvm_vcpu *vcpu)
{
	const struct x86_emulate_ctxt *ctxt = vcpu->arch.emulate_ctxt;
	struct kvm_run *run = vcpu->run;

	memset(&run->emulation_failure, 0, sizeof(run->emulation_failure));
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->emulation_failure.ndata = 1;
	if (ctxt->fetched) {
		/* flags, then size and bytes: three words of eight */
		run->emulation_failure.ndata = 3;
		run->emulation_failure.flags =
			KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
		run->emulation_failure.insn_size = ctxt->fetched;
		memset(run->emulation_failure.insn_bytes, 0x90,
		       sizeof(run->emulation_failure.insn_bytes));
		memcpy(run->emulation_failure.insn_bytes, ctxt->bytes, ctxt->fetched);
	}
	return 0;
}

/*
 * A guest's user program must not be able to end the VM: it gets #UD, unless userspace asked to see
 * every failure (KVM_CAP_EXIT_ON_EMULATION_FAILURE).
 */
static int handle_failure(struct kvm_vcpu *vcpu)
{
	++vcpu->stat.insn_emulation_fail;
	trace_kvm_emulate_insn(vcpu, vcpu->arch.emulate_ctxt, true);
	if (vcpu->kvm->arch.exit_on_emulation_error || !kvm_x86_call(get_cpl)(vcpu))
		return report_failure(vcpu);
	kvm_queue_exception(vcpu, X86_TRAP_UD);
	return 1;
}

static int finish(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);

	if (emu->ctxt.halted)
		return kvm_vcpu_halted(vcpu);
	if (emu->singlestep && !emu->ctxt.rep_continues)
		return kvm_debug_singlestep(vcpu, X86_EFLAGS_TF);
	return 1;
}

/* Writes that userspace must do: the instruction has retired, one exit for each. */
static int complete_writes(struct kvm_vcpu *vcpu)
{
	vcpu->arch.pio.count = 0;
	if (kvm_mmio_exit_write(vcpu)) {
		vcpu->arch.complete_userspace_io = complete_writes;
		return 0;
	}
	return finish(vcpu);
}

static void set_shadow(struct kvm_vcpu *vcpu, u8 shadow)
{
	int mask = 0;

	if (shadow & X86_SHADOW_STI)
		mask |= KVM_X86_SHADOW_INT_STI;
	if (shadow & X86_SHADOW_MOV_SS)
		mask |= KVM_X86_SHADOW_INT_MOV_SS;
	kvm_x86_call(set_interrupt_shadow)(vcpu, mask);
}

/* GPRs are in place; RIP, RFLAGS and the interrupt shadow follow. */
static int commit(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);
	struct x86_emulate_ctxt *ctxt = &emu->ctxt;
	unsigned long old = kvm_get_rflags(vcpu);

	kvm_rip_write(vcpu, ctxt->eip);
	if (ctxt->eflags != old) {
		/* A debugger steps on from here: a fault's RF, for one, has gone (SDM 27.3.3). */
		if (emu->singlestep)
			vcpu->arch.singlestep_rip = kvm_linear_rip(vcpu);
		kvm_set_rflags(vcpu, ctxt->eflags);
		kvm_make_request(KVM_REQ_EVENT, vcpu);
	}
	if (!ctxt->rep_continues)
		set_shadow(vcpu, ctxt->shadow);

	/* NMIs may come again (SDM 6.7.1). */
	if (ctxt->iret)
		kvm_x86_call(set_nmi_mask)(vcpu, false);
	if (unlikely(ctxt->late_fault))
		kvm_inject_x86_exception(vcpu, &ctxt->exception);

	/* An OUTS that stopped at a device's memory asks for that again. */
	emu->read_pending = false;
	emu->nr_reads = 0;
	if (emu->pio_exit) {
		vcpu->arch.complete_userspace_io = complete_writes;
		return 0;
	}
	return complete_writes(vcpu);
}

static int complete_read(struct kvm_vcpu *vcpu);

/* Userspace must answer first; the instruction is executed again with the answer at hand. */
static int leave_for_read(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);

	kvm_mmio_forget_reads(emu, emu->ctxt.retired);
	vcpu->arch.complete_userspace_io = complete_read;
	return emu->pio_exit ? 0 : kvm_mmio_exit_read(vcpu);
}

static int execute(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);

	emu->replayed = 0;
	emu->pio_exit = false;
	/* The debugger's TF too, which ctxt->eflags has not. */
	emu->singlestep = kvm_x86_call(get_rflags)(vcpu) & X86_EFLAGS_TF;

	switch (x86_emulate_insn(&emu->ctxt)) {
	case X86EMUL_CONTINUE:
		return commit(vcpu);
	case X86EMUL_IO_NEEDED:
		return leave_for_read(vcpu);
	case X86EMUL_PROPAGATE_FAULT:
		kvm_inject_x86_exception(vcpu, &emu->ctxt.exception);
		return 1;
	case X86EMUL_UNHANDLEABLE:
		return handle_failure(vcpu);
	default:
		return 1;
	}
}

static int complete_read(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);

	/* Userspace that moved RIP has taken the instruction's place. */
	if (kvm_rip_read(vcpu) != emu->ctxt.eip)
		return 1;
	kvm_mmio_take_read(vcpu);
	if (emu->pio_exit)
		emu->pio_ready = true;
	emu->ctxt.eflags = kvm_get_rflags(vcpu);
	return execute(vcpu);
}

/* --- Entry points ----------------------------------------------------------------------------- */

static int skip(struct kvm_vcpu *vcpu)
{
	int len = kvm_insn_length_at_rip(vcpu, X86_SKIP_ANY);

	if (len < 0) {
		vcpu->arch.emulate_ctxt->fetched = 0;
		return handle_failure(vcpu);
	}
	kvm_rip_write(vcpu, kvm_rip_read(vcpu) + len);
	set_shadow(vcpu, 0);
	return 1;
}

static const u8 emulation_prefix[5] = { 0x0f, 0x0b, 'k', 'v', 'm' };

static bool has_emulation_prefix(struct kvm_vcpu *vcpu, u64 access)
{
	u8 code[sizeof(emulation_prefix)];
	struct x86_exception fault;

	return !kvm_read_guest_virt(vcpu, kvm_linear_rip(vcpu), code, sizeof(code),
				    access | PFERR_FETCH_MASK, &fault) &&
	       !memcmp(code, emulation_prefix, sizeof(code));
}

static bool is_hypercall(const u8 *code)
{
	return code[0] == 0x0f && code[1] == 0x01 && (code[2] == 0xc1 || code[2] == 0xd9);
}

/*
 * #UD of the guest. VMCALL and VMMCALL are the same call on different vendors' CPUs: the wrong one
 * is rewritten, through the guest's own page tables, and executed again, unless
 * KVM_X86_QUIRK_FIX_HYPERCALL_INSN is disabled (api.rst). All else stays #UD: what the guest's
 * CPUID does not have must not appear to work.
 */
static int handle_ud(struct kvm_vcpu *vcpu)
{
	u64 access = kvm_x86_call(get_cpl)(vcpu) == 3 ? PFERR_USER_MASK : 0;
	unsigned long rip = kvm_linear_rip(vcpu);
	struct x86_exception fault;
	u8 code[3], ours[3];
	int r;

	if (force_emulation_prefix && has_emulation_prefix(vcpu, access)) {
		kvm_rip_write(vcpu, kvm_rip_read(vcpu) + sizeof(emulation_prefix));
		return kvm_emulate_instruction(vcpu, 0, 0, NULL, 0);
	}
	if ((vcpu->kvm->arch.disabled_quirks & KVM_X86_QUIRK_FIX_HYPERCALL_INSN) ||
	    kvm_read_guest_virt(vcpu, rip, code, 3, access | PFERR_FETCH_MASK, &fault) ||
	    !is_hypercall(code))
		goto ud;
	kvm_x86_call(patch_hypercall)(vcpu, ours);
	if (!memcmp(code, ours, 3))
		goto ud;

	r = kvm_write_guest_virt(vcpu, rip, ours, 3, access | PFERR_WRITE_MASK, &fault);
	if (r == -EFAULT)
		kvm_inject_x86_exception(vcpu, &fault);
	if (!r || r == -EFAULT)
		return 1;
ud:
	kvm_queue_exception(vcpu, X86_TRAP_UD);
	return 1;
}

/**
 * kvm_emulate_instruction - execute the instruction at RIP in software
 * @vcpu: the vCPU
 * @cr2_or_gpa: where the fault was, with EMULTYPE_PF
 * @emulation_type: EMULTYPE_*
 * @insn: its bytes, when hardware gave them (decode assists, APM2 15.8.4), else NULL
 * @insn_len: how many
 *
 * Return: 1/0/errno; faults are queued for the guest.
 */
int kvm_emulate_instruction(struct kvm_vcpu *vcpu, gpa_t cr2_or_gpa, int emulation_type,
			    const void *insn, int insn_len)
{
	struct x86_emulate_ctxt *ctxt = vcpu->arch.emulate_ctxt;
	int r;

	if (emulation_type & EMULTYPE_SKIP)
		return skip(vcpu);
	if (emulation_type & EMULTYPE_TRAP_UD)
		return handle_ud(vcpu);
	if (kvm_debug_code_breakpoint(vcpu, &r))
		return r;

	++vcpu->stat.insn_emulation;
	if ((emulation_type & EMULTYPE_PF_DATA) &&
	    kvm_mmio_move(vcpu, cr2_or_gpa, emulation_type & EMULTYPE_PF_STORE, insn, insn_len, &r))
		return r;
	setup(vcpu);
	switch (x86_decode_insn(ctxt, insn, insn ? insn_len : 0)) {
	case X86EMUL_CONTINUE:
		trace_kvm_emulate_insn(vcpu, ctxt, false);
		return execute(vcpu);
	case X86EMUL_PROPAGATE_FAULT:
		kvm_inject_x86_exception(vcpu, &ctxt->exception);
		return 1;
	default:
		return handle_failure(vcpu);
	}
}
EXPORT_SYMBOL_GPL(kvm_emulate_instruction);

/* Exceptions that are faults (SDM table 6-1): #DE, #BR to #NM, #TS to #PF, #MF to #CP, not #MC. */
#define FAULT_VECTORS	0x3b7ce1u

/**
 * kvm_task_switch - a hardware task switch that the CPU leaves to us
 * @vcpu: the vCPU, at the instruction or where the event came
 * @selector: of the new TSS, or of a task gate's TSS
 * @idt_index: vector of the event whose task gate it was, -1 when an instruction did it, INT too
 * @reason: enum x86_task_reason (emulate/emulate.h)
 * @has_error_code: the event pushes an error code onto the new task's stack
 * @error_code: that code
 *
 * Privilege was checked: hardware does that before the exit (APM2 15.14.1; SDM 25.4.2).
 *
 * Return: 1/0/errno; a fault is queued for the guest, in the old task or the new one (SDM 7.3).
 */
int kvm_task_switch(struct kvm_vcpu *vcpu, u16 selector, int idt_index, int reason,
		    bool has_error_code, u32 error_code)
{
	struct x86_emulate_ctxt *ctxt = vcpu->arch.emulate_ctxt;
	int length = 0;

	setup(vcpu);
	ctxt->fetched = 0;
	if (idt_index < 0)
		length = kvm_insn_length_at_rip(vcpu, X86_SKIP_ANY);
	if (length < 0)
		return handle_failure(vcpu);
	kvm_emulator_of(vcpu)->singlestep = false;
	/* The old task's EFLAGS are what an exception's frame would have: RF for a fault. */
	if (idt_index >= 0 && idt_index < 32 && (FAULT_VECTORS >> idt_index & 1))
		ctxt->eflags |= X86_EFLAGS_RF;

	switch (x86_emulate_task_switch(ctxt, length, selector, reason, idt_index >= 0,
					has_error_code, error_code)) {
	case X86EMUL_CONTINUE:
		return commit(vcpu);
	case X86EMUL_PROPAGATE_FAULT:
		kvm_inject_x86_exception(vcpu, &ctxt->exception);
		return 1;
	default:
		return handle_failure(vcpu);
	}
}
EXPORT_SYMBOL_GPL(kvm_task_switch);

/**
 * kvm_deliver_event - deliver an event to the guest in software
 * @vcpu: the vCPU; the event is marked as injected, and RF is set for a fault
 * @vector: of the event
 * @length: of the INT n, INT3 or INTO at RIP that it comes from, else 0
 * @has_error_code: it pushes an error code, but not in real mode
 * @error_code: that code
 *
 * For a CPU that cannot do it itself. A fault in the delivery is the guest's; with an exception it
 * may make a double fault.
 */
void kvm_deliver_event(struct kvm_vcpu *vcpu, u8 vector, unsigned int length, bool has_error_code,
		       u32 error_code)
{
	struct x86_emulate_ctxt *ctxt = vcpu->arch.emulate_ctxt;

	setup(vcpu);
	ctxt->fetched = 0;
	switch (x86_emulate_event(ctxt, vector, length, has_error_code, error_code)) {
	case X86EMUL_CONTINUE:
		kvm_clear_event_queues(vcpu);
		kvm_rip_write(vcpu, ctxt->eip);
		kvm_set_rflags(vcpu, ctxt->eflags);
		set_shadow(vcpu, 0);
		if (ctxt->late_fault)
			kvm_inject_x86_exception(vcpu, &ctxt->exception);
		break;
	case X86EMUL_PROPAGATE_FAULT:
		vcpu->arch.interrupt.injected = false;
		vcpu->arch.nmi_injected = false;
		kvm_inject_x86_exception(vcpu, &ctxt->exception);
		break;
	case X86EMUL_CMPXCHG_FAILED:
		/* Another vCPU has changed a descriptor meanwhile: again. */
		kvm_make_request(KVM_REQ_EVENT, vcpu);
		break;
	default:
		kvm_triple_fault(vcpu);
		break;
	}
}
EXPORT_SYMBOL_GPL(kvm_deliver_event);

/**
 * kvm_insn_length_at_rip - length of an intercepted instruction, without next-RIP
 * @vcpu: the vCPU, at the instruction
 * @opcode: X86_SKIP_* (emulate/insn.h): what the exit says it is, or X86_SKIP_ANY
 *
 * Return: 1 to 15; -EFAULT when the bytes cannot be fetched, -EINVAL when they are something else.
 */
int kvm_insn_length_at_rip(struct kvm_vcpu *vcpu, unsigned int opcode)
{
	enum x86_mode mode = decode_mode(vcpu, kvm_x86_call(get_rflags)(vcpu));
	unsigned long rip = kvm_linear_rip(vcpu);
	u64 access = PFERR_FETCH_MASK;
	struct x86_exception fault;
	u8 bytes[16] = {};
	unsigned int n = min_t(unsigned int, X86_INSN_MAX, PAGE_SIZE - offset_in_page(rip));
	int len;

	if (kvm_x86_call(get_cpl)(vcpu) == 3)
		access |= PFERR_USER_MASK;
	if (kvm_read_guest_virt(vcpu, rip, bytes, n, access, &fault))
		return -EFAULT;
	len = x86_skip_length(bytes, n, mode, opcode);
	if (len)
		return len;
	/* It may go on in the next page, which a shorter one must not touch. */
	if (n == X86_INSN_MAX)
		return -EINVAL;
	if (kvm_read_guest_virt(vcpu, rip + n, bytes + n, X86_INSN_MAX - n, access, &fault))
		return -EFAULT;
	return x86_skip_length(bytes, X86_INSN_MAX, mode, opcode) ?: -EINVAL;
}
EXPORT_SYMBOL_GPL(kvm_insn_length_at_rip);
