// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU made of plain memory behind struct x86_emulate_ops. In 64-bit mode it
 * has the memory map of native.c; in the other modes linear addresses below
 * DATA_SIZE are its memory.
 */
#include <cpuid.h>
#include <stdarg.h>
#include <stdlib.h>

#include "harness.h"

static struct machine *machine_of(struct x86_emulate_ctxt *ctxt)
{
	return ctxt->opaque;
}

/* --- Memory ---------------------------------------------------------- */

static int page_fault(struct x86_emulate_ctxt *ctxt, u64 addr, bool present, bool write)
{
	ctxt->exception = (struct x86_exception){
		.vector = 14,
		.error_code_valid = true,
		.error_code = 4 | (write ? 2 : 0) | (present ? 1 : 0),
		.address = addr,
	};
	return X86EMUL_PROPAGATE_FAULT;
}

static u64 data_base(const struct machine *m)
{
	return m->ctxt.mode == X86_MODE_LONG || m->native ? DATA_BASE : 0;
}

/* The first byte that faults decides, page by page as hardware does it. */
static int check(struct machine *m, u64 addr, unsigned int bytes, bool write)
{
	u64 base = data_base(m);
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		u64 a = addr + i;

		if (a - (base - DATA_HOLE) >= DATA_HOLE * 2)
			m->wild = true;
		if (a - base >= DATA_SIZE)
			return page_fault(&m->ctxt, a, false, write);
		if (write && base && a >= DATA_RO)
			return page_fault(&m->ctxt, a, true, true);
	}
	return X86EMUL_CONTINUE;
}

static int op_read_std(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes,
		       u32 access)
{
	struct machine *m = machine_of(ctxt);
	int rc = check(m, linear, bytes, access & X86EMUL_ACC_WRITE);

	if (rc == X86EMUL_CONTINUE)
		memcpy(val, m->data + (linear - data_base(m)), bytes);
	return rc;
}

static int op_write_std(struct x86_emulate_ctxt *ctxt, u64 linear, const void *val,
			unsigned int bytes, u32 access)
{
	struct machine *m = machine_of(ctxt);
	int rc = check(m, linear, bytes, true);

	(void)access;
	if (rc == X86EMUL_CONTINUE)
		memcpy(m->data + (linear - data_base(m)), val, bytes);
	return rc;
}

static int op_probe_write(struct x86_emulate_ctxt *ctxt, u64 linear, unsigned int bytes)
{
	return check(machine_of(ctxt), linear, bytes, true);
}

static int op_cmpxchg(struct x86_emulate_ctxt *ctxt, u64 linear, const void *old,
		      const void *new, unsigned int bytes)
{
	struct machine *m = machine_of(ctxt);
	int rc = check(m, linear, bytes, true);
	u8 *p = m->data + (linear - data_base(m));

	if (rc != X86EMUL_CONTINUE)
		return rc;
	m->cmpxchgs++;
	if (m->cmpxchg_fails || memcmp(p, old, bytes))
		return X86EMUL_CMPXCHG_FAILED;
	memcpy(p, new, bytes);
	return X86EMUL_CONTINUE;
}

static int op_fetch(struct x86_emulate_ctxt *ctxt, u64 linear, void *val, unsigned int bytes)
{
	struct machine *m = machine_of(ctxt);
	u64 entry = ctxt->mode == X86_MODE_LONG ? CODE_ENTRY : m->s.rip + m->seg[X86_SREG_CS].base;
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		u64 at = linear + i - entry;

		if (at >= sizeof(m->code))
			return page_fault(ctxt, linear + i, false, false);
		((u8 *)val)[i] = at < m->code_len ? m->code[at] : 0xcc;
	}
	return X86EMUL_CONTINUE;
}

/* --- Registers ------------------------------------------------------- */

static u64 op_read_gpr(struct x86_emulate_ctxt *ctxt, unsigned int n)
{
	return machine_of(ctxt)->s.gpr[n];
}

static void op_write_gpr(struct x86_emulate_ctxt *ctxt, unsigned int n, u64 val)
{
	machine_of(ctxt)->s.gpr[n] = val;
}

static void op_get_segment(struct x86_emulate_ctxt *ctxt, unsigned int n, struct kvm_segment *seg)
{
	*seg = machine_of(ctxt)->seg[n];
}

static void op_set_segment(struct x86_emulate_ctxt *ctxt, unsigned int n,
			   const struct kvm_segment *seg)
{
	machine_of(ctxt)->seg[n] = *seg;
	if (n == X86_SREG_SS)
		machine_of(ctxt)->cpl = seg->dpl;
}

static unsigned int op_cpl(struct x86_emulate_ctxt *ctxt)
{
	return machine_of(ctxt)->cpl;
}

static void op_get_table(struct x86_emulate_ctxt *ctxt, bool idt, struct x86_desc_ptr *dt)
{
	*dt = idt ? machine_of(ctxt)->idt : machine_of(ctxt)->gdt;
}

static void op_set_table(struct x86_emulate_ctxt *ctxt, bool idt, const struct x86_desc_ptr *dt)
{
	*(idt ? &machine_of(ctxt)->idt : &machine_of(ctxt)->gdt) = *dt;
}

static u64 op_get_cr(struct x86_emulate_ctxt *ctxt, unsigned int cr)
{
	return machine_of(ctxt)->cr[cr];
}

/* PG without PE is refused, as a vCPU would. */
static int op_set_cr(struct x86_emulate_ctxt *ctxt, unsigned int cr, u64 val)
{
	if (cr == 0 && (val & X86_CR0_PG) && !(val & X86_CR0_PE))
		return 1;
	machine_of(ctxt)->cr[cr] = val;
	return 0;
}

static u64 op_get_dr(struct x86_emulate_ctxt *ctxt, unsigned int dr)
{
	return machine_of(ctxt)->dr[dr];
}

static int op_set_dr(struct x86_emulate_ctxt *ctxt, unsigned int dr, u64 val)
{
	machine_of(ctxt)->dr[dr] = val;
	return 0;
}

/* 0x10, and those of fixed system calls. */
static u64 *msr_slot(struct machine *m, u32 msr)
{
	if (msr >= 0x174 && msr <= 0x176)
		return &m->sysenter[msr - 0x174];
	if (msr >= 0xc0000080 && msr <= 0xc0000084)
		return &m->syscall[msr - 0xc0000080];
	return msr == 0xc0000102 ? &m->kernel_gs : NULL;
}

static int op_get_msr(struct x86_emulate_ctxt *ctxt, u32 msr, u64 *val)
{
	u64 *slot = msr_slot(machine_of(ctxt), msr);

	if (slot) {
		*val = *slot;
		return X86EMUL_CONTINUE;
	}
	*val = machine_of(ctxt)->msr_val;
	return msr == 0x10 ? X86EMUL_CONTINUE : X86EMUL_PROPAGATE_FAULT;
}

static int op_set_msr(struct x86_emulate_ctxt *ctxt, u32 msr, u64 val)
{
	u64 *slot = msr_slot(machine_of(ctxt), msr);

	if (slot) {
		*slot = val;
		return X86EMUL_CONTINUE;
	}
	if (msr != 0x10)
		return X86EMUL_PROPAGATE_FAULT;
	machine_of(ctxt)->msr_val = val;
	return X86EMUL_CONTINUE;
}

/* --- Devices and the rest -------------------------------------------- */

static int op_pio_in(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, void *val,
		     unsigned int count)
{
	struct machine *m = machine_of(ctxt);
	unsigned int i;

	(void)port;
	if (m->in_delay) {
		m->in_delay--;
		return X86EMUL_IO_NEEDED;
	}
	for (i = 0; i < count; i++, m->in_val++)
		memcpy((u8 *)val + i * size, &m->in_val, size);
	m->ins++;
	return X86EMUL_CONTINUE;
}

static int op_pio_out(struct x86_emulate_ctxt *ctxt, unsigned int size, u16 port, const void *val,
		      unsigned int count)
{
	struct machine *m = machine_of(ctxt);

	(void)port;
	memcpy(m->out_data, val, size * count);
	m->out_val = 0;
	memcpy(&m->out_val, val, size);
	m->out_count = count;
	m->outs++;
	return X86EMUL_CONTINUE;
}

static int op_cpuid(struct x86_emulate_ctxt *ctxt, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	u32 leaf = *eax;

	if (!leaf && machine_of(ctxt)->vendor)
		*ebx = machine_of(ctxt)->vendor;
	else
		__cpuid_count(leaf, *ecx, *eax, *ebx, *ecx, *edx);
	/* INVPCID, as the test likes it. */
	if (leaf == 7)
		*ebx = (*ebx & ~(1u << 10)) | machine_of(ctxt)->has_invpcid << 10;
	return X86EMUL_CONTINUE;
}

static u64 op_rdtsc(struct x86_emulate_ctxt *ctxt)
{
	(void)ctxt;
	return 0x1122334455667788ULL;
}

static int op_rdpmc(struct x86_emulate_ctxt *ctxt, u32 counter, u64 *val)
{
	(void)ctxt;
	*val = counter;
	return counter > 3;
}

static u64 op_xcr0(struct x86_emulate_ctxt *ctxt)
{
	return machine_of(ctxt)->xcr0;
}

static int op_set_xcr(struct x86_emulate_ctxt *ctxt, u32 index, u64 val)
{
	if (index || !(val & 1))
		return 1;
	machine_of(ctxt)->xcr0 = val;
	return 0;
}

static void op_read_vec(struct x86_emulate_ctxt *ctxt, unsigned int n, void *val,
			unsigned int bytes)
{
	const struct state *s = &machine_of(ctxt)->s;

	if (n >= X86_VEC_MMX)
		memcpy(val, &s->mmx[n - X86_VEC_MMX], 8);
	else
		memcpy(val, s->vec[n], bytes);
}

static void op_write_vec(struct x86_emulate_ctxt *ctxt, unsigned int n, const void *val, bool vex)
{
	struct state *s = &machine_of(ctxt)->s;

	if (n >= X86_VEC_MMX)
		memcpy(&s->mmx[n - X86_VEC_MMX], val, 8);
	else
		memcpy(s->vec[n], val, vex ? 32 : 16);
}

/* A x87 that knows its control words and what an image has of XMM and MXCSR. */
static void op_fpu(struct x86_emulate_ctxt *ctxt, enum x86_fpu_op op, void *buf)
{
	struct machine *m = machine_of(ctxt);
	unsigned int i;

	switch (op) {
	case X86_FPU_FNSTCW:
	case X86_FPU_FNSTSW:
		*(u16 *)buf = op == X86_FPU_FNSTCW ? m->fcw : m->fsw;
		break;
	case X86_FPU_FNINIT:
		m->fcw = 0x37f;
		break;
	case X86_FPU_EMMS:
		m->emms++;
		break;
	case X86_FPU_FXSAVE:
	case X86_FPU_FXSAVE64:
		memset(buf, 0, X86_FXSAVE_BYTES);
		memcpy(buf, &m->fcw, 2);
		memcpy((u8 *)buf + 24, &m->mxcsr, 4);
		for (i = 0; i < 16; i++)
			memcpy((u8 *)buf + 160 + 16 * i, m->s.vec[i], 16);
		break;
	case X86_FPU_FXRSTOR:
	case X86_FPU_FXRSTOR64:
		memcpy(&m->fcw, buf, 2);
		memcpy(&m->mxcsr, (u8 *)buf + 24, 4);
		for (i = 0; i < 16; i++)
			memcpy(m->s.vec[i], (u8 *)buf + 160 + 16 * i, 16);
		break;
	}
}

static void op_invlpg(struct x86_emulate_ctxt *ctxt, u64 linear)
{
	(void)linear;
	machine_of(ctxt)->invlpgs++;
}

static void op_invpcid(struct x86_emulate_ctxt *ctxt, unsigned int type, u64 linear)
{
	machine_of(ctxt)->invpcids |= 1u << type;
	machine_of(ctxt)->out_val = linear;
}

static const struct x86_emulate_ops machine_ops = {
	.read_gpr = op_read_gpr, .write_gpr = op_write_gpr,
	.read_std = op_read_std, .write_std = op_write_std, .probe_write = op_probe_write,
	.cmpxchg = op_cmpxchg, .fetch = op_fetch,
	.get_segment = op_get_segment, .set_segment = op_set_segment,
	.cpl = op_cpl,
	.get_table = op_get_table, .set_table = op_set_table,
	.get_cr = op_get_cr, .set_cr = op_set_cr, .get_dr = op_get_dr, .set_dr = op_set_dr,
	.get_msr = op_get_msr, .set_msr = op_set_msr,
	.pio_in = op_pio_in, .pio_out = op_pio_out,
	.cpuid = op_cpuid, .rdtsc = op_rdtsc, .rdpmc = op_rdpmc,
	.xcr0 = op_xcr0, .set_xcr = op_set_xcr,
	.read_vec = op_read_vec, .write_vec = op_write_vec, .fpu = op_fpu,
	.invlpg = op_invlpg, .invpcid = op_invpcid,
};

/* --- Life ------------------------------------------------------------ */

static struct kvm_segment flat(u16 selector, u8 type, bool db, unsigned int cpl)
{
	return (struct kvm_segment){
		.selector = selector, .type = type, .s = 1, .present = 1, .dpl = cpl,
		.limit = 0xffffffff, .db = db, .g = 1,
	};
}

void machine_init(struct machine *m, enum x86_mode mode, unsigned int cpl)
{
	static u8 memory[DATA_SIZE];
	u8 *data = m->data ? m->data : memory;
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->data = data;
	m->cpl = cpl;
	m->ctxt.ops = &machine_ops;
	m->ctxt.opaque = m;
	m->ctxt.mode = mode;
	m->s.rip = mode == X86_MODE_LONG ? CODE_ENTRY : 0x100;
	m->s.rflags = 0x202;
	m->xcr0 = 7;
	m->cr[4] = X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
	m->fcw = 0x27f;
	m->fsw = 0x3800;
	m->mxcsr = 0x1f80;
	for (i = 0; i < X86_SREG_TR; i++) {
		m->seg[i] = flat(8 * i, i == X86_SREG_CS ? 11 : 3, mode == X86_MODE_PROT32, cpl);
		if (mode <= X86_MODE_VM86)
			m->seg[i].limit = 0xffff;
	}
	/* Too short for a bitmap: every port is refused where IOPL does not allow it. */
	m->seg[X86_SREG_TR] = (struct kvm_segment){ .type = 11, .limit = 0x60, .present = 1 };
}

void machine_code(struct machine *m, const void *insn, unsigned int len)
{
	memset(m->code, 0xcc, 16);
	memcpy(m->code, insn, len);
	m->code_len = len;
}

static void collect(struct machine *m, int rc)
{
	struct x86_emulate_ctxt *ctxt = &m->ctxt;

	m->s.trap = NO_TRAP;
	if (rc == X86EMUL_CONTINUE) {
		m->s.rip = ctxt->eip;
		m->halts += ctxt->halted;
		m->irets += ctxt->iret;
		m->s.rflags = ctxt->eflags;
	} else if (rc == X86EMUL_PROPAGATE_FAULT) {
		m->s.trap = ctxt->exception.vector;
		m->s.error = ctxt->exception.error_code;
		m->s.cr2 = ctxt->exception.address;
	}
}

int machine_decode(struct machine *m)
{
	int rc;

	m->ctxt.eip = m->s.rip;
	m->ctxt.eflags = m->s.rflags;
	rc = x86_decode_insn(&m->ctxt, m->code, m->code_len);
	collect(m, rc);
	return rc;
}

/* Decode and execute, until a REP instruction is through. */
int machine_run(struct machine *m)
{
	int rc = machine_decode(m);

	while (rc == X86EMUL_CONTINUE) {
		rc = x86_emulate_insn(&m->ctxt);
		collect(m, rc);
		if (rc != X86EMUL_CONTINUE || !m->ctxt.rep_continues)
			return rc;
		rc = machine_decode(m);
	}
	return rc;
}

/* --- TAP ------------------------------------------------------------- */

unsigned int tap_count, tap_failed;

void tap_ok(bool ok, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tap_failed += !ok;
	printf("%s %u - ", ok ? "ok" : "not ok", ++tap_count);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
}
