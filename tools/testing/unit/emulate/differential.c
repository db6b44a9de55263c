// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random instructions, registers and memory through the emulator and through the
 * real CPU, in 64-bit and in compatibility mode; every register, flag, byte and
 * fault is compared, but for the flags that the manual leaves undefined. A case
 * depends on SEED and its number only.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

struct progress {
	u64 number;	/* case that runs now */
	u64 compared;
	u64 mismatches;
	u64 faults;
	u8 insn[X86_INSN_MAX];	/* the last one that the CPU got */
	u64 rows[512];	/* by map and opcode */
};

static struct progress *progress;
static u64 rng;

static u64 rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * 0x2545f4914f6cdd1dULL;
}

static bool one_in(unsigned int n)
{
	return rnd() >> 32 < 0xffffffffULL / n;
}

static void seed_case(u64 seed, u64 number)
{
	unsigned int i;

	rng = (seed + 1) * 0x9e3779b97f4a7c15ULL ^ (number + 1) * 0xbf58476d1ce4e5b9ULL;
	rng += !rng;
	for (i = 0; i < 4; i++)
		rnd();
}

/* --- Making a case --------------------------------------------------- */

static u64 interesting(void)
{
	static const u64 edge[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, ~0ULL, 0x100,
	};

	switch (rnd() % 4) {
	case 0:
		return edge[rnd() % ARRAY_SIZE(edge)];
	case 1:
		return rnd() & 0xff;
	case 2:
		return (u32)rnd();
	}
	return rnd();
}

/* SSE and AVX moves, which random bytes seldom hit. */
static unsigned int random_vector(u8 *p)
{
	static const u8 ops[] = {
		0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x28, 0x29, 0x2b, 0x6e, 0x6f, 0x7e, 0x7f,
		0xd6, 0xe7, 0xf0,
	};
	static const u8 prefix[] = { 0, 0x66, 0xf3, 0xf2 };
	u8 op = ops[rnd() % ARRAY_SIZE(ops)], pp = rnd() & 3;
	bool map38 = one_in(16);
	unsigned int n = 0, i;

	if (one_in(8))
		p[n++] = 0x65;
	if (one_in(2)) {
		u8 last = (one_in(3) ? rnd() & 0xfc : (rnd() & 0x84) | 0x78) | pp;

		p[n++] = map38 || one_in(2) ? 0xc4 : 0xc5;
		if (p[n - 1] == 0xc4)
			p[n++] = (rnd() & 0xe0) | (map38 ? 2 : 1);
		p[n++] = last;
	} else {
		if (prefix[pp])
			p[n++] = prefix[pp];
		if (one_in(2))
			p[n++] = 0x40 | (rnd() & 15);
		p[n++] = 0x0f;
		if (map38)
			p[n++] = 0x38;
	}
	p[n++] = map38 ? 0x2a : op;
	for (i = 0; i < 15; i++)
		p[n + i] = rnd();
	return n + 15;
}

static unsigned int random_insn(u8 *p)
{
	static const u8 strings[] = { 0xa4, 0xa6, 0xaa, 0xac, 0xae };
	static const u8 rare[] = { 0x27, 0x2f, 0x37, 0x3f, 0x61, 0x62, 0x63, 0xd4, 0xd5, 0xd6 };
	unsigned int n = 0, i;
	u8 op = rnd();
	bool map0f = one_in(3);

	if (one_in(10))
		return random_vector(p);
	if (one_in(24)) {
		map0f = false;
		op = strings[rnd() % ARRAY_SIZE(strings)] | (rnd() & 1);
	}
	if (one_in(40)) {
		map0f = false;
		op = rare[rnd() % ARRAY_SIZE(rare)];
	}
	if (one_in(4))
		p[n++] = 0x66;
	if (one_in(12))
		p[n++] = 0x67;
	if (one_in(12))
		p[n++] = 0xf0;
	if (one_in(12))
		p[n++] = 0x65;
	if (one_in(32))
		p[n++] = 0x2e + 8 * (rnd() % 3);
	if (!map0f && op >= 0xa4 && op <= 0xaf && !one_in(3))
		p[n++] = 0xf2 | (rnd() & 1);
	else if (one_in(32))
		p[n++] = 0xf2 | (rnd() & 1);
	/* POPCNT, TZCNT, LZCNT. */
	else if (map0f && (op == 0xb8 || (op & 0xfe) == 0xbc) && one_in(2))
		p[n++] = 0xf3;
	if (!one_in(3))
		p[n++] = 0x40 | (rnd() & 15);
	if (map0f)
		p[n++] = 0x0f;
	if (map0f && one_in(32)) {
		p[n++] = 0x38;
		op = 0xf0 | (rnd() & 1);
	}
	p[n++] = op;
	for (i = 0; i < 15; i++)
		p[n + i] = rnd();
	return n + 15;
}

/* Anywhere in the data, sometimes across its inner and outer edges. */
static u64 target_address(void)
{
	if (one_in(10))
		return DATA_BASE + 0x1000 * (rnd() % 4) + rnd() % 24 - 12;
	if (one_in(24))
		return DATA_RO + rnd() % 0xfe0;
	return DATA_BASE + rnd() % 0x1fe0;
}

/* Find a field of the encoding by its value and replace it. */
static void patch(struct machine *m, s64 from, s64 to, unsigned int bytes)
{
	unsigned int i, len = m->ctxt.d.length;

	for (i = 1; i + bytes <= len; i++) {
		s64 v = 0;

		memcpy(&v, m->code + i, bytes);
		if (x86_sext(v, bytes) == from) {
			memcpy(m->code + i, &to, bytes);
			return;
		}
	}
}

static void aim_modrm(struct machine *m)
{
	const struct x86_insn *d = &m->ctxt.d;
	u64 target = target_address();

	if ((d->op->flags & F_VEX) && !one_in(4))
		target &= ~31ULL;
	if (d->seg == X86_SREG_GS)
		target -= DATA_BASE;
	if (d->rip_relative) {
		patch(m, d->disp, target - CODE_ENTRY - d->length, 4);
		return;
	}
	if (d->index != X86_NO_GPR)
		m->s.gpr[d->index] = rnd() % 64;
	if (d->base == X86_NO_GPR) {
		if (d->index != X86_NO_GPR)
			target -= m->s.gpr[d->index] << d->scale;
		patch(m, d->disp, target, 4);
		return;
	}
	target -= d->disp;
	if (d->index != X86_NO_GPR && d->index != d->base)
		target -= m->s.gpr[d->index] << d->scale;
	m->s.gpr[d->base] = target;
}

static bool is_branch(const struct x86_insn *d)
{
	return d->op->flags & F_NEAR;
}

static bool has_operand(const struct x86_insn *d, u8 kind)
{
	return d->op->dst == kind || d->op->src == kind;
}

/* A bit offset has to stay near its base, or nothing but faults are tested. */
static void aim_bits(struct machine *m)
{
	const struct x86_insn *d = &m->ctxt.d;

	if (d->reg != d->base && d->reg != d->index && !one_in(16))
		m->s.gpr[d->reg] = rnd() % 512 - 256;
}

static void aim_branch(struct machine *m)
{
	const struct x86_insn *d = &m->ctxt.d;
	u64 code = CODE_BASE + rnd() % CODE_SIZE;

	if (has_operand(d, O_IMM))
		patch(m, d->imm, (s64)(rnd() % 0x7000) - 0x3800, 4);
	if (has_operand(d, O_RM) && d->mod == 3 && !one_in(4))
		m->s.gpr[d->rm] = code;
}

static void aim(struct machine *m)
{
	const struct x86_insn *d = &m->ctxt.d;

	m->s.gpr[X86_RSP] = one_in(16) ? target_address() : DATA_BASE + 0x800 + rnd() % 0x1000;
	if (d->op->flags & F_STRING) {
		m->s.gpr[X86_RSI] = target_address() - (d->seg == X86_SREG_GS ? DATA_BASE : 0);
		m->s.gpr[X86_RDI] = target_address();
		m->s.gpr[X86_RCX] = rnd() % 20;
		/* What an address size of 32 bits does to the rest of the registers. */
		if (d->ad_bytes == 4 && one_in(2)) {
			m->s.gpr[X86_RSI] |= rnd() << 32;
			m->s.gpr[X86_RDI] |= rnd() << 32;
			m->s.gpr[X86_RCX] = (one_in(2) ? m->s.gpr[X86_RCX] : 0) | rnd() << 32;
		}
	}
	if (d->op->exec == em_xlat)
		m->s.gpr[X86_RBX] = DATA_BASE + 0x400 - (d->seg == X86_SREG_GS ? DATA_BASE : 0);
	if (d->op->exec == em_leave || d->op->exec == em_enter)
		m->s.gpr[X86_RBP] = target_address();
	if (has_operand(d, O_MOFFS)) {
		u64 to = target_address() - (d->seg == X86_SREG_GS ? DATA_BASE : 0);

		patch(m, d->disp, to, d->ad_bytes);
	}
	if (d->mod != 3 && (d->modrm || d->base != X86_NO_GPR || d->rip_relative))
		aim_modrm(m);
	if (d->op->flags & F_BITS)
		aim_bits(m);
	if (is_branch(d))
		aim_branch(m);
}

/* Code addresses where RET and JMP m64 will look for them, half of the time. */
static void fill_data(struct machine *m)
{
	u64 *p = (u64 *)m->data, sp = m->s.gpr[X86_RSP] - DATA_BASE;
	unsigned int i;

	for (i = 0; i < DATA_SIZE / 8; i++) {
		rng ^= rng << 13;
		rng ^= rng >> 7;
		rng ^= rng << 17;
		p[i] = rng;
	}
	if (sp < DATA_SIZE - 8 && one_in(2)) {
		u64 code = CODE_BASE + rnd() % CODE_SIZE;

		memcpy(m->data + sp, &code, 8);
	}
}

/* --- What cannot be compared ----------------------------------------- */

/* A locked access to two cache lines stops the whole machine; hosts and hypervisors throttle it. */
static bool is_split_lock(const struct machine *m)
{
	const struct x86_operand *o = &m->ctxt.dst;
	unsigned int bytes = m->ctxt.d.op->exec == em_cmpxchg8b ? 16 : o->bytes;

	if (o->type != X86_OPERAND_MEM ||
	    !((m->ctxt.d.prefixes & X86_PREFIX_LOCK) || (m->ctxt.d.op->flags & F_XCHG)))
		return false;
	/* GS.base is a multiple of a line. */
	return (o->ea & 63) + bytes > 64;
}

/* Emulated by the host kernel, different each time, or asking the host's CR4. */
static bool is_excluded(const struct machine *m)
{
	static int (*const excluded[])(struct x86_emulate_ctxt *) = {
		em_store_table, em_smsw, em_rdtsc, em_rdtscp, em_rdpmc,
		/* These ask the kernel for something, or its descriptor tables. */
		em_int, em_into, em_iret, em_syscall, em_sysenter, em_store_sel, em_lar, em_verify,
		em_lds, em_far, em_far_mem, em_ret_far,
		/* And these have their own tests: the machine has no x87. */
		em_fxsave, em_fxrstor, em_x87, em_emms, em_xgetbv,
	};
	const struct x86_insn *d = &m->ctxt.d;
	unsigned int i;

	if (d->seg == X86_SREG_FS || d->op->dst == O_SREG)
		return true;
	for (i = 0; i < ARRAY_SIZE(excluded); i++) {
		if (d->op->exec == excluded[i])
			return true;
	}
	/* A 32-bit PUSH of a segment may write 16 bits only: CPUs differ (SDM 2B PUSH). */
	if (d->op->src == O_SREG && d->op->exec == em_push && d->op_bytes == 4)
		return true;
	if (is_split_lock(m))
		return true;
	/* BSWAP r16 has no defined result. */
	return d->op->exec == em_bswap && d->op_bytes == 2;
}

/* The CPU must not run on from where nobody waits for it. */
static bool is_safe(const struct machine *m)
{
	u64 unsafe = X86_EFLAGS_TF | X86_EFLAGS_AC | X86_EFLAGS_NT;

	if (m->wild && m->s.trap == NO_TRAP)
		return false;
	if (m->wild && m->s.trap == 14)
		return false;
	if (m->s.trap == NO_TRAP && (m->s.rflags & unsafe))
		return false;
	/* A jump into the instruction itself, or into the jump behind it, would not come back. */
	if (m->s.trap == NO_TRAP && m->s.rip != CODE_ENTRY + m->ctxt.d.length &&
	    m->s.rip - CODE_ENTRY < m->ctxt.d.length + NATIVE_JUMP)
		return false;
	return m->s.rip - CODE_BASE < CODE_SIZE;
}

/* Of the CPU's own work: all but CF after BT and its kin, OF after a shift by more than one. */
static u64 undefined_by_alu(const struct x86_emulate_ctxt *c)
{
	u64 n = c->d.op->src2 ? c->src2.val : c->src.val;

	if (c->d.op->arg >= A_BT && c->d.op->arg <= A_BTC)
		return X86_FLAGS_ARITH & ~(X86_EFLAGS_CF | X86_EFLAGS_ZF);
	if (c->d.op->arg < A_ROL || c->d.op->arg > A_SHRD)
		return 0;
	return (n & (c->d.op_bytes == 8 ? 63 : 31)) > 1 ? X86_EFLAGS_OF : 0;
}

/* Flags undefined after the instruction, by its page in SDM 2A and 2B. */
static u64 undefined_flags(const struct machine *m)
{
	const struct x86_opcode *op = m->ctxt.d.op;
	int (*fn)(struct x86_emulate_ctxt *) = op->exec;
	u64 not_zf_cf = X86_EFLAGS_OF | X86_EFLAGS_SF | X86_EFLAGS_AF | X86_EFLAGS_PF;

	if (fn == em_alu)
		return undefined_by_alu(&m->ctxt);
	if (fn == em_mul)
		return X86_FLAGS_ARITH & ~(X86_EFLAGS_CF | X86_EFLAGS_OF);
	if (fn == em_div)
		return X86_FLAGS_ARITH;
	if (fn == em_bit_scan)
		return op->arg >= A_TZCNT ? not_zf_cf : X86_FLAGS_ARITH & ~X86_EFLAGS_ZF;
	if (fn == em_decimal)
		return m->ctxt.d.opcode & 0x10 ? not_zf_cf | X86_EFLAGS_ZF : X86_EFLAGS_OF;
	if (fn == em_aam || fn == em_aad)
		return X86_EFLAGS_OF | X86_EFLAGS_AF | X86_EFLAGS_CF;
	return 0;
}

/* --- Running and comparing ------------------------------------------- */

static const char *differs(const struct machine *m, const struct state *n)
{
	u64 flags = X86_FLAGS_ARITH | X86_EFLAGS_DF;
	const struct state *e = &m->s;

	if (e->trap != n->trap)
		return "fault";
	if (e->trap == NO_TRAP)
		flags &= ~undefined_flags(m);
	else if (m->ctxt.d.op->flags & F_STRING)
		flags = 0;
	/* A POPA that faults may have loaded what it popped before: it starts over. */
	if (memcmp(e->gpr, n->gpr, sizeof(e->gpr)) &&
	    (e->trap == NO_TRAP || m->ctxt.d.op->exec != em_popa))
		return "register";
	if (memcmp(e->vec, n->vec, sizeof(e->vec)))
		return "vector register";
	if (memcmp(e->mmx, n->mmx, sizeof(e->mmx)))
		return "MMX register";
	if (e->rip != n->rip)
		return "rip";
	if ((e->rflags ^ n->rflags) & flags)
		return "flags";
	if (e->trap != NO_TRAP && e->trap != 6 && e->trap != 0 && e->error != n->error)
		return "error code";
	if (e->trap == 14 && e->cr2 != n->cr2)
		return "cr2";
	if (memcmp(m->data, (void *)DATA_BASE, DATA_SIZE))
		return "memory";
	return NULL;
}

static void print_state(const char *who, const struct state *s)
{
	unsigned int i;

	printf("#   %-4s trap %d error %#x cr2 %#llx rip %#llx flags %#llx\n#       ", who,
	       s->trap == NO_TRAP ? -1 : s->trap, s->error, (unsigned long long)s->cr2,
	       (unsigned long long)s->rip, (unsigned long long)s->rflags);
	for (i = 0; i < 16; i++)
		printf(" %llx", (unsigned long long)s->gpr[i]);
	putchar('\n');
}

static void report(const struct machine *m, const struct state *start, const struct state *n,
		   u64 seed, u64 number, const char *what)
{
	unsigned int i;

	if (progress->mismatches > 20)
		return;
	printf("# mismatch: %s; repeat with SEED=%llu FIRST=%llu CASES=1\n#  ", what,
	       (unsigned long long)seed, (unsigned long long)number);
	for (i = 0; i < m->ctxt.d.length; i++)
		printf(" %02x", m->code[i]);
	putchar('\n');
	print_state("in", start);
	print_state("emul", &m->s);
	print_state("cpu", n);
	fflush(stdout);
}

static void selectors(struct machine *m)
{
	u16 cs, ss, ds, es, fs, gs;

	asm("mov %%cs, %0; mov %%ss, %1; mov %%ds, %2; mov %%es, %3; mov %%fs, %4; mov %%gs, %5"
	    : "=r" (cs), "=r" (ss), "=r" (ds), "=r" (es), "=r" (fs), "=r" (gs));
	m->seg[X86_SREG_CS].selector = cs;
	m->seg[X86_SREG_SS].selector = ss;
	m->seg[X86_SREG_DS].selector = ds;
	m->seg[X86_SREG_ES].selector = es;
	m->seg[X86_SREG_FS].selector = fs;
	m->seg[X86_SREG_GS].selector = gs;
	m->seg[X86_SREG_GS].base = DATA_BASE;
}

/* As the kernel sets up a 32-bit code segment: FS and GS are null, the others flat. */
static void compat_segments(struct machine *m)
{
	unsigned int i;

	m->s.compat = true;
	m->s.rip = CODE_ENTRY;
	m->seg[X86_SREG_CS].selector = 0x23;
	for (i = X86_SREG_FS; i <= X86_SREG_GS; i++)
		m->seg[i].unusable = 1;
}

static void start_state(struct machine *m, bool compat)
{
	machine_init(m, compat ? X86_MODE_PROT32 : X86_MODE_LONG, 3);
	m->native = true;
	selectors(m);
	m->syscall[0] = 0x501;	/* EFER: SCE, LME, LMA */
	if (compat)
		compat_segments(m);
}

/* False: not comparable, another one is to be made. */
static bool run_case(struct machine *m, u64 seed, u64 number)
{
	static u8 before[DATA_SIZE];
	struct state start, native;
	const char *what;
	u8 insn[40];
	unsigned int i;
	int rc;

	seed_case(seed, number);
	start_state(m, one_in(4));
	machine_code(m, insn, random_insn(insn));
	m->code_len = 16;
	rc = machine_decode(m);
	if (rc == X86EMUL_UNHANDLEABLE)
		return false;
	for (i = 0; i < 16; i++)
		m->s.gpr[i] = interesting();
	for (i = 0; i < sizeof(m->s.vec) / 8; i++)
		((u64 *)m->s.vec)[i] = rnd();
	for (i = 0; i < 8; i++)
		m->s.mmx[i] = rnd();
	m->s.rflags = 0x202 | (rnd() & X86_FLAGS_ARITH) | (one_in(4) ? X86_EFLAGS_DF : 0);
	if (rc == X86EMUL_CONTINUE)
		aim(m);
	for (i = 0; m->s.compat && i < 16; i++)
		m->s.gpr[i] = (u32)m->s.gpr[i];
	m->wild = false;
	start = m->s;
	fill_data(m);
	memcpy(before, m->data, DATA_SIZE);

	rc = machine_run(m);
	if ((rc != X86EMUL_CONTINUE && rc != X86EMUL_PROPAGATE_FAULT) || !is_safe(m) ||
	    is_excluded(m))
		return false;

	native = start;
	memcpy(progress->insn, m->code, sizeof(progress->insn));
	native_run(m->code, m->ctxt.d.length ? m->ctxt.d.length : 15, before, &native);
	what = differs(m, &native);
	progress->compared++;
	progress->faults += native.trap != NO_TRAP;
	progress->rows[(m->ctxt.d.map ? 256 : 0) + m->ctxt.d.opcode]++;
	if (what) {
		progress->mismatches++;
		report(m, &start, &native, seed, number, what);
	}
	return true;
}

static u64 env_number(const char *name, u64 otherwise)
{
	const char *val = getenv(name);

	return val ? strtoull(val, NULL, 0) : otherwise;
}

/* For a long run: ten times on the way. */
static void report_progress(u64 cases)
{
	static u64 told;

	if (cases < 1000000 || progress->compared < (told + 1) * (cases / 10))
		return;
	told++;
	printf("# %llu cases, %llu mismatches\n", (unsigned long long)progress->compared,
	       (unsigned long long)progress->mismatches);
	fflush(stdout);
}

static void child(u64 seed, u64 first, u64 cases)
{
	static struct machine m;
	static u8 data[DATA_SIZE] __attribute__((aligned(16)));
	cpu_set_t one;

	/* A loaded machine must not fail it: this ends a hang only. */
	alarm(env_number("TIMEOUT", 900 + cases / 500));
	/* CPUID must answer the same twice. */
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);

	m.data = data;
	native_init();
	for (progress->number = first; progress->compared < cases; progress->number++) {
		run_case(&m, seed, progress->number);
		report_progress(cases);
	}
	/* Not _exit(): coverage counters are written on the way out. */
	exit(0);
}

/* The instructions run in a child: a wild one kills that and no more. */
int test_differential(void)
{
	u64 cases = env_number("CASES", 500000), first = env_number("FIRST", 0);
	u64 seed = env_number("SEED", 1);
	unsigned int i, rows = 0;
	struct timespec t0, t1;
	int status;
	pid_t pid;

	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		return 1;
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	pid = fork();
	if (!pid)
		child(seed, first, cases);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &t1);
	if (!WIFEXITED(status)) {
		printf("# last instruction:");
		for (i = 0; i < X86_INSN_MAX; i++)
			printf(" %02x", progress->insn[i]);
		putchar('\n');
	}
	for (i = 0; i < ARRAY_SIZE(progress->rows); i++)
		rows += progress->rows[i] != 0;

	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	       "differential: the child lived (last case: SEED=%llu FIRST=%llu)",
	       (unsigned long long)seed, (unsigned long long)progress->number);
	tap_ok(progress->compared && !progress->mismatches,
	       "differential: %llu cases, %llu mismatches, %llu faults, %u opcodes, %ld s",
	       (unsigned long long)progress->compared, (unsigned long long)progress->mismatches,
	       (unsigned long long)progress->faults, rows, (long)(t1.tv_sec - t0.tv_sec));
	return 0;
}
