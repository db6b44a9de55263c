// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: bytes become machine state and an instruction, which is decoded and executed.
 * Sanitizers and the checks below find what is wrong. `make fuzz` builds and runs it.
 */
#include <stdlib.h>

#include "harness.h"

/* Only where the instruction and the state come from is fixed; what they are is the fuzzer's. */
struct input {
	u8 mode;
	u8 cpl;
	u8 len;
	u8 dpl;
	u8 insn[X86_INSN_MAX];
	u8 types[X86_NR_SREGS];
	u16 flags;
	u16 limits;
	u32 cr0, cr4;
	u64 gpr[16];
};

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "broken promise: %s\n", what);
	abort();
}

static void set_up(struct machine *m, const struct input *in)
{
	unsigned int i;

	machine_init(m, in->mode % 5, in->mode % 5 == X86_MODE_VM86 ? 3 : in->cpl & 3);
	machine_code(m, in->insn, X86_INSN_MAX);
	m->code_len = in->len % (X86_INSN_MAX + 1);
	memcpy(m->s.gpr, in->gpr, sizeof(in->gpr));
	m->s.rflags = in->flags | X86_EFLAGS_FIXED |
		      (m->ctxt.mode == X86_MODE_VM86 ? X86_EFLAGS_VM : 0);
	m->cr[0] = in->cr0;
	m->cr[4] = in->cr4;
	m->vendor = in->dpl & 2 ? 0x68747541 : 0x756e6547;	/* "Auth", "Genu" */
	m->syscall[0] = m->ctxt.mode == X86_MODE_LONG ? 0x501 : in->dpl & 1;
	for (i = 0; i < X86_NR_SREGS; i++) {
		m->seg[i].type = in->types[i] & 15;
		m->seg[i].db = in->types[i] >> 4 & 1;
		m->seg[i].unusable = in->types[i] >> 5 & 1;
		if (in->types[i] >> 6 & 1)
			m->seg[i].limit = in->limits;
	}
	/* Tables inside the machine's memory, so that descriptors are found. */
	m->gdt = (struct x86_desc_ptr){ 0x7ff, m->ctxt.mode == X86_MODE_LONG ? DATA_BASE : 0 };
	m->idt = m->gdt;
	m->idt.base = m->gdt.base + 0x800;
	m->seg[X86_SREG_TR].base = m->gdt.base + 0x1000;
	m->seg[X86_SREG_LDTR].base = m->gdt.base + 0x400;
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
	static struct machine m;
	static u8 data[DATA_SIZE] __aligned(16);
	struct input in = {};
	struct state before;
	size_t rest, at;
	int rc;

	memcpy(&in, bytes, size < sizeof(in) ? size : sizeof(in));
	rest = size > sizeof(in) ? size - sizeof(in) : 0;
	memset(data, 0, sizeof(data));
	for (at = 0; rest && at < sizeof(data); at += rest)
		memcpy(data + at, bytes + sizeof(in),
		       rest < sizeof(data) - at ? rest : sizeof(data) - at);
	m.data = data;
	set_up(&m, &in);
	before = m.s;

	rc = machine_decode(&m);
	if (rc == X86EMUL_CONTINUE) {
		need(m.ctxt.d.length && m.ctxt.d.length <= X86_INSN_MAX, "1 to 15 bytes");
		rc = x86_emulate_insn(&m.ctxt);
	}
	if (rc == X86EMUL_PROPAGATE_FAULT) {
		need(!memcmp(before.vec, m.s.vec, sizeof(before.vec)) &&
		     !memcmp(before.mmx, m.s.mmx, sizeof(before.mmx)),
		     "a fault leaves the vector registers");
		need(m.ctxt.exception.vector < 32, "a vector below 32");
		need(m.ctxt.eip == before.rip, "a fault leaves RIP");
		if (!m.ctxt.d.op || !(m.ctxt.d.op->flags & F_STRING))
			need(!memcmp(before.gpr, m.s.gpr, sizeof(before.gpr)),
			     "a fault leaves the registers");
	}
	return 0;
}
