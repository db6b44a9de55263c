// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory for the emulator: linear address to guest physical, then a memslot, a device on the
 * kernel's MMIO bus, or userspace. An access is cut at the page's end and, towards devices, into
 * pieces of eight bytes, so that one of them may be RAM and the next MMIO. Under the vCPU's mutex.
 */
#include <linux/uaccess.h>

#include "emulator.h"
#include "trace.h"

/* --- Translation ------------------------------------------------------------------------------ */

static u64 walk_access(struct x86_emulate_ctxt *ctxt, u32 access)
{
	u64 pferr = access & X86EMUL_ACC_WRITE ? PFERR_WRITE_MASK : 0;

	if (access & X86EMUL_ACC_SYSTEM)
		return pferr | PFERR_IMPLICIT_ACCESS;
	return kvm_pferr(emul_to_vcpu(ctxt), pferr);
}

/* One access in guest physical terms: at most two pages. */
struct parts {
	gpa_t gpa[2];
	unsigned int len[2];
	unsigned int nr;
};

/* All pages are translated before the first byte moves: a fault leaves no half of an access. */
static int translate(struct x86_emulate_ctxt *ctxt, u64 linear, unsigned int bytes, u32 access,
		     struct parts *parts)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);
	u64 pferr = walk_access(ctxt, access);

	for (parts->nr = 0; bytes; parts->nr++) {
		unsigned int n = min_t(unsigned int, bytes, PAGE_SIZE - offset_in_page(linear));
		gpa_t gpa = kvm_gva_to_gpa(vcpu, linear, pferr, &ctxt->exception);

		if (gpa == KVM_GPA_INVALID)
			return X86EMUL_PROPAGATE_FAULT;
		parts->gpa[parts->nr] = gpa;
		parts->len[parts->nr] = n;
		linear += n;
		bytes -= n;
	}
	return X86EMUL_CONTINUE;
}

/* --- Devices ---------------------------------------------------------------------------------- */

/**
 * kvm_mmio_forget_reads - drop answers that finished iterations of a REP instruction have used
 * @emu: the emulator
 * @iteration: the one that is not finished; its answers stay
 */
void kvm_mmio_forget_reads(struct kvm_emulator *emu, u32 iteration)
{
	unsigned int from, to = 0, pending = emu->read_pending;

	for (from = 0; from < emu->nr_reads + pending; from++) {
		if (emu->reads[from].iteration == iteration)
			emu->reads[to++] = emu->reads[from];
	}
	emu->nr_reads = to - pending;
}

static int mmio_read(struct x86_emulate_ctxt *ctxt, gpa_t gpa, void *val, unsigned int len)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);
	struct kvm_emulator *emu = emul_of(ctxt);
	struct kvm_mmio_record *r = &emu->reads[emu->replayed];

	if (emu->replayed < emu->nr_reads && r->gpa == gpa && r->len == len) {
		r->iteration = ctxt->retired;
		goto answered;
	}
	/* Another access than last time: what was answered belongs to nobody. */
	emu->nr_reads = emu->replayed;
	if (emu->nr_reads == KVM_EMUL_MMIO_MAX)
		return X86EMUL_UNHANDLEABLE;

	*r = (struct kvm_mmio_record){ .gpa = gpa, .len = len, .iteration = ctxt->retired };
	if (kvm_mmio_read(vcpu, gpa, len, r->data)) {
		trace_kvm_mmio(KVM_TRACE_MMIO_READ_UNSATISFIED, len, gpa, NULL);
		emu->read_pending = true;
		return X86EMUL_IO_NEEDED;
	}
	trace_kvm_mmio(KVM_TRACE_MMIO_READ, len, gpa, r->data);
	emu->nr_reads++;
answered:
	memcpy(val, r->data, len);
	emu->replayed++;
	return X86EMUL_CONTINUE;
}

/*
 * A device in the kernel takes the write now. Userspace gets it when the instruction has retired,
 * and so does whatever follows, so that no write overtakes another.
 */
static int mmio_write(struct x86_emulate_ctxt *ctxt, gpa_t gpa, const void *val, unsigned int len)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);
	struct kvm_emulator *emu = emul_of(ctxt);
	struct kvm_mmio_record *w;

	trace_kvm_mmio(KVM_TRACE_MMIO_WRITE, len, gpa, val);
	if (!emu->nr_writes && !kvm_mmio_write(vcpu, gpa, len, val))
		return X86EMUL_CONTINUE;
	if (emu->nr_writes == KVM_EMUL_MMIO_MAX)
		return X86EMUL_UNHANDLEABLE;

	w = &emu->writes[emu->nr_writes++];
	w->gpa = gpa;
	w->len = len;
	memcpy(w->data, val, len);
	ctxt->io_pending = true;
	return X86EMUL_CONTINUE;
}

/* --- Reads and writes ------------------------------------------------------------------------- */

static int access_part(struct x86_emulate_ctxt *ctxt, gpa_t gpa, void *val, unsigned int len,
		       bool write)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);
	int rc = write ? kvm_vcpu_write_guest(vcpu, gpa, val, len) :
			 kvm_vcpu_read_guest(vcpu, gpa, val, len);
	unsigned int n;

	if (!rc)
		return X86EMUL_CONTINUE;
	for (rc = X86EMUL_CONTINUE; len && rc == X86EMUL_CONTINUE; len -= n, gpa += n, val += n) {
		n = min(len, 8u);
		rc = write ? mmio_write(ctxt, gpa, val, n) : mmio_read(ctxt, gpa, val, n);
	}
	return rc;
}

static int access_std(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes,
		      u32 access, bool write)
{
	struct parts parts;
	unsigned int i;
	int rc = translate(ctxt, linear, bytes, access, &parts);

	for (i = 0; rc == X86EMUL_CONTINUE && i < parts.nr; val += parts.len[i++])
		rc = access_part(ctxt, parts.gpa[i], val, parts.len[i], write);
	return rc;
}

int emul_read_std(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes,
		  u32 access)
{
	return access_std(ctxt, linear, val, bytes, access, false);
}

int emul_write_std(struct x86_emulate_ctxt *ctxt, u64 linear, const void *val, unsigned int bytes,
		   u32 access)
{
	return access_std(ctxt, linear, (void *)val, bytes, access | X86EMUL_ACC_WRITE, true);
}

/** emul_probe_write - emul_probe_write: IO_NEEDED where there is no RAM to write */
int emul_probe_write(struct x86_emulate_ctxt *ctxt, u64 linear, unsigned int bytes)
{
	struct parts parts;
	unsigned int i;
	int rc = translate(ctxt, linear, bytes, X86EMUL_ACC_WRITE, &parts);

	for (i = 0; rc == X86EMUL_CONTINUE && i < parts.nr; i++) {
		bool writable = false;
		unsigned long hva = kvm_vcpu_gfn_to_hva_prot(emul_to_vcpu(ctxt),
							     gpa_to_gfn(parts.gpa[i]), &writable);

		if (hva == KVM_HVA_INVALID || !writable)
			rc = X86EMUL_IO_NEEDED;
	}
	return rc;
}

/* --- Locked accesses -------------------------------------------------------------------------- */

#define TRY_CMPXCHG(type, hva, old, new, fault)						\
({											\
	type __old = *(const type *)(old);						\
	int __ok = unsafe_try_cmpxchg_user((type __user *)(hva), &__old,		\
					   *(const type *)(new), fault);		\
	__ok;										\
})

/* Sixteen bytes, aligned: the instruction raised #GP otherwise. 1, 0 or -EFAULT. */
static int cmpxchg16_user(unsigned long hva, const u64 *old, const u64 *new)
{
	u64 low = old[0], high = old[1];
	int err = 0;
	bool ok;

	asm volatile("1: lock cmpxchg16b (%[ptr])\n"
		     "2: setz %[ok]\n"
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG, %[err])
		     : [ok] "=q" (ok), [err] "+r" (err), "+a" (low), "+d" (high)
		     : [ptr] "r" (hva), "b" (new[0]), "c" (new[1])
		     : "memory", "cc");
	return err ? err : ok;
}

/* 1 exchanged, 0 the memory was not @old, -EFAULT not mapped, -EINVAL no such size. */
static int cmpxchg_user(unsigned long hva, const void *old, const void *new, unsigned int bytes)
{
	int ok;

	if (!user_access_begin((void __user *)hva, bytes))
		return -EFAULT;
	switch (bytes) {
	case 1:
		ok = TRY_CMPXCHG(u8, hva, old, new, fault);
		break;
	case 2:
		ok = TRY_CMPXCHG(u16, hva, old, new, fault);
		break;
	case 4:
		ok = TRY_CMPXCHG(u32, hva, old, new, fault);
		break;
	case 8:
		ok = TRY_CMPXCHG(u64, hva, old, new, fault);
		break;
	case 16:
		ok = cmpxchg16_user(hva, old, new);
		break;
	default:
		ok = -EINVAL;
	}
	user_access_end();
	return ok;
fault:
	user_access_end();
	return -EFAULT;
}

/*
 * Does the access cross a cache line? Where the host has such a locked access raise #AC, it would
 * be raised here, in the kernel, which dies of it (linux-doc: arch/x86/buslock.rst).
 */
static bool locks_bus(gpa_t gpa, unsigned int bytes)
{
	unsigned int line = boot_cpu_data.x86_cache_alignment;

	return (gpa & (line - 1)) + bytes > line;
}

/*
 * emul_cmpxchg
 *
 * Atomic on guest memory inside a cache line. A device has no atomic access, and one that straddles
 * two lines is as good as one: these are written plainly.
 */
int emul_cmpxchg(struct x86_emulate_ctxt *ctxt, u64 linear, const void *old, const void *new,
		     unsigned int bytes)
{
	struct kvm_vcpu *vcpu = emul_to_vcpu(ctxt);
	struct parts parts;
	bool writable = false;
	unsigned long hva;
	int rc = translate(ctxt, linear, bytes, X86EMUL_ACC_WRITE, &parts);

	if (rc != X86EMUL_CONTINUE)
		return rc;
	hva = kvm_vcpu_gfn_to_hva_prot(vcpu, gpa_to_gfn(parts.gpa[0]), &writable);
	if (locks_bus(parts.gpa[0], bytes) || hva == KVM_HVA_INVALID || !writable)
		return emul_write_std(ctxt, linear, new, bytes, X86EMUL_ACC_WRITE);

	rc = cmpxchg_user(hva + offset_in_page(parts.gpa[0]), old, new, bytes);
	if (rc < 0)
		return X86EMUL_UNHANDLEABLE;
	if (!rc)
		return X86EMUL_CMPXCHG_FAILED;
	kvm_vcpu_mark_page_dirty(vcpu, gpa_to_gfn(parts.gpa[0]));
	kvm_arch_guest_written(vcpu, parts.gpa[0], bytes);
	return X86EMUL_CONTINUE;
}

/** emul_fetch - emul_fetch; code in device memory cannot be executed from here */
int emul_fetch(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes)
{
	u64 access = walk_access(ctxt, 0) | PFERR_FETCH_MASK;
	int r = kvm_read_guest_virt(emul_to_vcpu(ctxt), linear, val, bytes, access,
				    &ctxt->exception);

	if (!r)
		return X86EMUL_CONTINUE;
	return r == -EFAULT ? X86EMUL_PROPAGATE_FAULT : X86EMUL_UNHANDLEABLE;
}

/* --- Exits to userspace ----------------------------------------------------------------------- */

/**
 * kvm_mmio_exit - kvm_run ← KVM_EXIT_MMIO
 * @vcpu: the vCPU
 * @gpa: where
 * @len: 1 to 8 bytes
 * @write: a write
 * @data: what it writes, zero-extended; 0 for a read
 *
 * Return: 0, to userspace.
 */
int kvm_mmio_exit(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned int len, bool write, u64 data)
{
	struct kvm_run *run = vcpu->run;

	++vcpu->stat.mmio_exits;
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = len;
	run->mmio.is_write = write;
	memcpy(run->mmio.data, &data, sizeof(data));
	return 0;
}

/**
 * kvm_mmio_exit_read - ask userspace for the pending read; its answer goes to kvm_mmio_take_read()
 * @vcpu: the vCPU
 *
 * Return: 0, to userspace.
 */
int kvm_mmio_exit_read(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);
	const struct kvm_mmio_record *r = &emu->reads[emu->nr_reads];

	return kvm_mmio_exit(vcpu, r->gpa, r->len, false, 0);
}

/** kvm_mmio_take_read - userspace has answered: the instruction finds the data when it runs on */
void kvm_mmio_take_read(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);
	struct kvm_mmio_record *r = &emu->reads[emu->nr_reads];

	if (!emu->read_pending)
		return;
	memcpy(r->data, vcpu->run->mmio.data, r->len);
	trace_kvm_mmio(KVM_TRACE_MMIO_READ, r->len, r->gpa, r->data);
	emu->read_pending = false;
	emu->nr_reads++;
}

/**
 * kvm_mmio_exit_write - deliver the next queued write
 * @vcpu: the vCPU
 *
 * Return: true when kvm_run holds one for userspace, false when all are delivered.
 */
bool kvm_mmio_exit_write(struct kvm_vcpu *vcpu)
{
	struct kvm_emulator *emu = kvm_emulator_of(vcpu);
	u64 data = 0;

	while (emu->cur_write < emu->nr_writes) {
		struct kvm_mmio_record *w = &emu->writes[emu->cur_write++];

		/* The first is known not to be the kernel's; a later one may be. */
		if (emu->cur_write > 1 &&
		    !kvm_mmio_write(vcpu, w->gpa, w->len, w->data))
			continue;
		memcpy(&data, w->data, w->len);
		kvm_mmio_exit(vcpu, w->gpa, w->len, true, data);
		return true;
	}
	emu->nr_writes = 0;
	emu->cur_write = 0;
	return false;
}
