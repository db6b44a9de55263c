// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts between four vCPUs with their APICs in the kernel: every destination mode and
 * shorthand, xAPIC and x2APIC, each counted on each vCPU (SDM 11.6).
 */
#include <pthread.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "apic.h"

#define NR	4
#define ROUNDS	50

/* shared->word[]: what vCPU 0 is asked to send */
enum { WORD_ICR, WORD_DEST, WORD_EXPECT, WORD_LDR };

/* Each sets its logical id and halts for ever; handlers run in between. */
__guest static void receiver(void)
{
	if (!shared->word[WORD_X2APIC]) {
		apic_write(APIC_DFR, (uint32_t)(shared->word[WORD_LDR] >> 32));
		apic_write(APIC_LDR, (uint32_t)(shared->word[WORD_LDR] >> 8 * guest_cpu()) << 24);
	}
	apic_on();
	for (;;)
		__asm__ volatile("sti; hlt" : : : "memory");
}

/* Interrupts of @vector that vCPUs in @cpus have taken. */
__guest_inline uint64_t taken(uint64_t cpus, unsigned int vector)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < NR; i++)
		if (cpus & 1ULL << i)
			sum += *guest_count(i, vector);
	return sum;
}

/* Sends as it is told; each must have arrived before the next, or IRR would merge the two. */
__guest static void sender(void)
{
	uint64_t i, before, expect;
	unsigned int vector;

	if (!shared->word[WORD_X2APIC]) {
		apic_write(APIC_DFR, (uint32_t)(shared->word[WORD_LDR] >> 32));
		apic_write(APIC_LDR, (uint32_t)shared->word[WORD_LDR] << 24);
	}
	apic_on();
	__asm__ volatile("sti");
	while (shared->word[WORD_READY] < NR)
		__asm__ volatile("pause");
	for (;;) {
		guest_sync(0, 0, 0);
		vector = shared->word[WORD_ICR] & 0xff;
		expect = shared->word[WORD_EXPECT];
		for (i = 0; i < ROUNDS; i++) {
			before = taken(0xf, vector);
			apic_icr((uint32_t)shared->word[WORD_ICR],
				 (uint32_t)shared->word[WORD_DEST]);
			while (taken(0xf, vector) < before + expect)
				__asm__ volatile("pause");
		}
	}
}

static void *run_receiver(void *arg)
{
	for (;;)
		vcpu_exit(arg);
	return NULL;
}

struct machine {
	struct vm *vm;
	struct vcpu *vcpu[NR];
	uint64_t expected[NR];		/* of vector 0x41 */
};

/* Four vCPUs, three of them halted. @ldr: their logical ids, a byte each, and the DFR above. */
static struct machine *machine_new(bool x2apic, uint64_t ldr)
{
	struct machine *m = calloc(1, sizeof(*m));
	pthread_t thread;
	struct ucall uc;
	unsigned int i;

	m->vm = vm_apic();
	for (i = 0; i < NR; i++) {
		m->vcpu[i] = vcpu_new(m->vm, i);
		vcpu_enter(m->vcpu[i], i ? receiver : sender);
		vcpu_runnable(m->vcpu[i]);
	}
	vm_apic_handlers(m->vm);
	vm_shared(m->vm)->word[WORD_X2APIC] = x2apic;
	vm_shared(m->vm)->word[WORD_LDR] = ldr;
	for (i = 1; i < NR; i++)
		if (pthread_create(&thread, NULL, run_receiver, m->vcpu[i]))
			die("pthread_create");
	if (vcpu_ucall(m->vcpu[0], &uc) != UCALL_SYNC)
		die("vCPU 0 did not start");
	return m;
}

#define FLAT	(0xf0000000ULL << 32 | 0x08040201)
#define CLUSTER	(0x0fffffffULL << 32 | 0x22211211)

/* QEMU's TCG delivers an interrupt twice now and then (Documentation/test-hosts.rst). */
static unsigned int may_be_doubled(void)
{
	return host_is_tcg() ? 2 : 0;
}

/*
 * Send ROUNDS times; @cpus: who gets each of them; @one: one of them does. The counts of all are
 * compared, so that whoever gets one too many is seen.
 */
static void send_and_count(struct __test_metadata *_metadata, struct machine *m, uint32_t icr,
			   uint32_t dest, unsigned int cpus, bool one)
{
	struct guest_shared *words = vm_shared(m->vm);
	uint64_t total = 0;
	struct ucall uc;
	unsigned int i;

	words->word[WORD_ICR] = icr | 0x41 | ICR_ASSERT;
	words->word[WORD_DEST] = dest;
	words->word[WORD_EXPECT] = one ? 1 : (uint64_t)__builtin_popcount(cpus);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(m->vcpu[0], &uc));
	for (i = 0; i < NR; i++) {
		uint64_t now = vm_apic_count(m->vm, i, 0x41);

		if (one) {
			total += now - m->expected[i];
			if (!(cpus & 1u << i))
				EXPECT_EQ(m->expected[i], now);
			m->expected[i] = now;
			continue;
		}
		m->expected[i] += cpus & 1u << i ? ROUNDS : 0;
		EXPECT_LE(m->expected[i], now) {
			TH_LOG("icr %#x dest %#x vCPU %u", icr, dest, i);
		}
		EXPECT_GE(m->expected[i] + may_be_doubled(), now) {
			TH_LOG("icr %#x dest %#x vCPU %u", icr, dest, i);
		}
		m->expected[i] = now;
	}
	if (one) {
		EXPECT_LE(ROUNDS, total);
		EXPECT_GE(ROUNDS + may_be_doubled(), total);
	}
}

#define SEND(icr, dest, cpus)	send_and_count(_metadata, m, icr, dest, cpus, false)
#define SEND_ONE(icr, dest, cpus)	send_and_count(_metadata, m, icr, dest, cpus, true)

TEST(xapic_physical_and_shorthands)
{
	struct machine *m = machine_new(false, FLAT);

	SEND(0, 1, 0x2);
	SEND(0, 3, 0x8);
	SEND(0, 0, 0x1);
	SEND(0, 0xff, 0xf);
	SEND(ICR_SELF, 0, 0x1);
	SEND(ICR_ALL, 0, 0xf);
	SEND(ICR_OTHERS, 0, 0xe);
	SEND_ONE(ICR_LOWEST, 0xff, 0xf);
}

TEST(xapic_logical_flat)
{
	struct machine *m = machine_new(false, FLAT);

	SEND(ICR_LOGICAL, 0x02, 0x2);
	SEND(ICR_LOGICAL, 0x05, 0x5);
	SEND(ICR_LOGICAL, 0x0e, 0xe);
	SEND(ICR_LOGICAL, 0xff, 0xf);
	SEND_ONE(ICR_LOGICAL | ICR_LOWEST, 0x0a, 0xa);
	SEND_ONE(ICR_LOGICAL | ICR_LOWEST, 0xff, 0xf);
}

TEST(xapic_logical_cluster)
{
	struct machine *m = machine_new(false, CLUSTER);

	/* vCPU 0 and 1 are bits 0 and 1 of cluster 1, the others of cluster 2. */
	SEND(ICR_LOGICAL, 0x12, 0x2);
	SEND(ICR_LOGICAL, 0x13, 0x3);
	SEND(ICR_LOGICAL, 0x22, 0x8);
	SEND(ICR_LOGICAL, 0x2f, 0xc);
	SEND(ICR_LOGICAL, 0xff, 0xf);
	SEND_ONE(ICR_LOGICAL | ICR_LOWEST, 0x23, 0xc);
}

TEST(x2apic)
{
	struct machine *m = machine_new(true, 0);

	SEND(0, 2, 0x4);
	SEND(0, 0, 0x1);
	SEND(0, 0xffffffff, 0xf);
	SEND(ICR_SELF, 0, 0x1);
	SEND(ICR_ALL, 0, 0xf);
	SEND(ICR_OTHERS, 0, 0xe);
	SEND(ICR_LOGICAL, 0x4, 0x4);
	SEND(ICR_LOGICAL, 0xd, 0xd);
	/* No broadcast from an x2APIC: cluster 0, all of its CPUs there are. */
	SEND(ICR_LOGICAL, 0xff, 0xf);
	SEND(ICR_LOGICAL, 0xffffffff, 0xf);
	SEND_ONE(ICR_LOGICAL | ICR_LOWEST, 0xa, 0xa);
}

TEST_HARNESS_MAIN
