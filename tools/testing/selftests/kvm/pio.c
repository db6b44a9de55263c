// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port I/O: IN, OUT, INS and OUTS of 1, 2 and 4 bytes, with and without REP.
 *
 * A REP may leave in pieces of any size, so the tests add up what they see.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define PORT	0x3f0

static void *pio_data(struct vcpu *vcpu)
{
	return (uint8_t *)vcpu->run + vcpu->run->io.data_offset;
}

static bool is_pio(struct vcpu *vcpu, uint8_t direction, uint8_t size)
{
	struct kvm_run *run = vcpu->run;

	return run->exit_reason == KVM_EXIT_IO && run->io.port == PORT &&
	       run->io.direction == direction && run->io.size == size;
}

__guest static void write_each_size(void)
{
	__asm__ volatile("outb %%al, %%dx" : : "a" (0x11223344), "d" (PORT));
	__asm__ volatile("outw %%ax, %%dx" : : "a" (0x55667788), "d" (PORT));
	__asm__ volatile("outl %%eax, %%dx" : : "a" (0x99aabbcc), "d" (PORT));
	guest_done();
}

TEST(out)
{
	static const uint32_t value[] = { 0x44, 0x7788, 0x99aabbcc };
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct ucall uc;
	unsigned int i;

	vcpu_enter(vcpu, write_each_size);
	for (i = 0; i < 3; i++) {
		uint32_t seen = 0;

		ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
		ASSERT_TRUE(is_pio(vcpu, KVM_EXIT_IO_OUT, 1u << i));
		ASSERT_EQ(1, vcpu->run->io.count);
		/* The data lies inside the mapping, behind kvm_run. */
		ASSERT_GE(vcpu->run->io.data_offset, sizeof(struct kvm_run));
		ASSERT_LE(vcpu->run->io.data_offset, vcpu->run_size - 4);
		memcpy(&seen, pio_data(vcpu), 1u << i);
		EXPECT_EQ(value[i], seen);
	}
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

__guest static void read_each_size(void)
{
	uint64_t a = ~0ULL, b = ~0ULL, c = ~0ULL;

	__asm__ volatile("inb %%dx, %%al" : "+a" (a) : "d" (PORT));
	__asm__ volatile("inw %%dx, %%ax" : "+a" (b) : "d" (PORT));
	__asm__ volatile("inl %%dx, %%eax" : "+a" (c) : "d" (PORT));
	guest_sync(a, b, c);
	guest_done();
}

TEST(in)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint32_t answer = 0x87654321;
	struct ucall uc;
	unsigned int i;

	vcpu_enter(vcpu, read_each_size);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
		ASSERT_TRUE(is_pio(vcpu, KVM_EXIT_IO_IN, 1u << i));
		memcpy(pio_data(vcpu), &answer, 1u << i);
	}
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	/* 8 and 16 bits leave the rest of RAX; 32 bits clear it (APM3 1.2.3). */
	EXPECT_EQ(0xffffffffffffff21, uc.arg[0]);
	EXPECT_EQ(0xffffffffffff4321, uc.arg[1]);
	EXPECT_EQ(0x87654321, uc.arg[2]);
}

__guest static void immediate_ports(void)
{
	uint32_t a = 0;

	__asm__ volatile("outb %%al, $0x42" : : "a" (0x5a));
	__asm__ volatile("inl $0x43, %%eax" : "=a" (a));
	guest_sync(a, 0, 0);
	guest_done();
}

TEST(immediate_port_numbers)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	uint32_t answer = 0xcafef00d;
	struct ucall uc;

	vcpu_enter(vcpu, immediate_ports);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	EXPECT_EQ(0x42, vcpu->run->io.port);
	EXPECT_EQ(0x5a, *(uint8_t *)pio_data(vcpu));
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	EXPECT_EQ(0x43, vcpu->run->io.port);
	EXPECT_EQ(4, vcpu->run->io.size);
	memcpy(pio_data(vcpu), &answer, 4);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(answer, uc.arg[0]);
}

/* word[0]: element size; word[1]: count; word[2]: 1 to write, 0 to read; word[3]: DF. */
__guest static void string_io(void)
{
	uint64_t at = GUEST_DATA + shared->word[4], count = shared->word[1];
	uint64_t size = shared->word[0];

	if (shared->word[3])
		__asm__ volatile("std");
	if (shared->word[2]) {
		if (size == 1)
			__asm__ volatile("rep outsb" : "+S" (at), "+c" (count) : "d" (PORT));
		else if (size == 2)
			__asm__ volatile("rep outsw" : "+S" (at), "+c" (count) : "d" (PORT));
		else
			__asm__ volatile("rep outsl" : "+S" (at), "+c" (count) : "d" (PORT));
	} else {
		if (size == 1)
			__asm__ volatile("rep insb" : "+D" (at), "+c" (count) : "d" (PORT)
					 : "memory");
		else if (size == 2)
			__asm__ volatile("rep insw" : "+D" (at), "+c" (count) : "d" (PORT)
					 : "memory");
		else
			__asm__ volatile("rep insl" : "+D" (at), "+c" (count) : "d" (PORT)
					 : "memory");
	}
	__asm__ volatile("cld");
	guest_sync(at, count, 0);
	guest_done();
}

FIXTURE(string) {
	struct vm *vm;
	struct vcpu *vcpu;
};

FIXTURE_VARIANT(string) {
	unsigned int size;
	unsigned int count;
	unsigned int offset;
	bool down;
};

FIXTURE_VARIANT_ADD(string, byte_once) { .size = 1, .count = 1 };
FIXTURE_VARIANT_ADD(string, byte_none) { .size = 1, .count = 0 };
FIXTURE_VARIANT_ADD(string, byte_7) { .size = 1, .count = 7, .offset = 3 };
FIXTURE_VARIANT_ADD(string, word_5) { .size = 2, .count = 5 };
FIXTURE_VARIANT_ADD(string, long_9) { .size = 4, .count = 9 };
FIXTURE_VARIANT_ADD(string, byte_over_a_page) { .size = 1, .count = 9001, .offset = 0xff0 };
FIXTURE_VARIANT_ADD(string, word_over_a_page) { .size = 2, .count = 4500, .offset = 0xff1 };
FIXTURE_VARIANT_ADD(string, long_over_a_page) { .size = 4, .count = 3000, .offset = 0xffe };
FIXTURE_VARIANT_ADD(string, word_down) { .size = 2, .count = 300, .offset = 0x1100, .down = true };

FIXTURE_SETUP(string)
{
	uint64_t *word;

	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
	word = vm_shared(self->vm)->word;
	word[0] = variant->size;
	word[1] = variant->count;
	word[3] = variant->down;
	word[4] = variant->offset;
	vcpu_enter(self->vcpu, string_io);
}

FIXTURE_TEARDOWN(string)
{
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

static uint8_t pattern(unsigned int i)
{
	return (uint8_t)(i * 7 + (i >> 8) + 1);
}

/* Where element @i of the string lies in guest memory. */
static unsigned int place(const FIXTURE_VARIANT(string) *v, unsigned int i)
{
	return v->down ? v->offset - i * v->size : v->offset + i * v->size;
}

TEST_F(string, outs)
{
	struct kvm_run *run = self->vcpu->run;
	uint8_t *data = self->vm->mem + GUEST_DATA;
	unsigned int done = 0, i, b;
	struct kvm_regs regs;

	for (i = 0; i < 0x8000; i++)
		data[i] = pattern(i);
	vm_shared(self->vm)->word[2] = 1;
	while (vcpu_exit(self->vcpu) == KVM_EXIT_IO && run->io.port == PORT) {
		uint8_t *bytes = pio_data(self->vcpu);

		ASSERT_TRUE(is_pio(self->vcpu, KVM_EXIT_IO_OUT, variant->size));
		ASSERT_GT(run->io.count, 0);
		ASSERT_LE(run->io.count, variant->count - done);
		ASSERT_LE(run->io.count * variant->size, SZ_4K);
		for (i = 0; i < run->io.count; i++, done++) {
			for (b = 0; b < variant->size; b++) {
				ASSERT_EQ(pattern(place(variant, done) + b),
					  bytes[i * variant->size + b])
					TH_LOG("element %u byte %u", done, b);
			}
		}
	}
	ASSERT_EQ(KVM_EXIT_IO, run->exit_reason);
	ASSERT_EQ(UCALL_PORT, run->io.port);
	EXPECT_EQ(variant->count, done);
	vcpu_regs(self->vcpu, &regs);
	EXPECT_EQ(UCALL_SYNC, regs.rdi);
	EXPECT_EQ(GUEST_DATA + place(variant, variant->count), regs.rsi);
	EXPECT_EQ(0, regs.rdx);
}

TEST_F(string, ins)
{
	struct kvm_run *run = self->vcpu->run;
	uint8_t *data = self->vm->mem + GUEST_DATA;
	unsigned int done = 0, i, b;
	struct kvm_regs regs;

	while (vcpu_exit(self->vcpu) == KVM_EXIT_IO && run->io.port == PORT) {
		uint8_t *bytes = pio_data(self->vcpu);

		ASSERT_TRUE(is_pio(self->vcpu, KVM_EXIT_IO_IN, variant->size));
		ASSERT_GT(run->io.count, 0);
		ASSERT_LE(run->io.count, variant->count - done);
		ASSERT_LE(run->io.count * variant->size, SZ_4K);
		for (i = 0; i < run->io.count; i++, done++) {
			for (b = 0; b < variant->size; b++)
				bytes[i * variant->size + b] = pattern(done * 4 + b);
		}
	}
	ASSERT_EQ(KVM_EXIT_IO, run->exit_reason);
	ASSERT_EQ(UCALL_PORT, run->io.port);
	EXPECT_EQ(variant->count, done);
	for (i = 0; i < variant->count; i++) {
		for (b = 0; b < variant->size; b++) {
			ASSERT_EQ(pattern(i * 4 + b), data[place(variant, i) + b])
				TH_LOG("element %u byte %u", i, b);
		}
	}
	vcpu_regs(self->vcpu, &regs);
	EXPECT_EQ(GUEST_DATA + place(variant, variant->count), regs.rsi);
	EXPECT_EQ(0, regs.rdx);
}

__guest static void read_once(void)
{
	uint32_t value = 0;

	__asm__ volatile("inb %%dx, %%al" : "+a" (value) : "d" (PORT));
	guest_sync(value, 0, 0);
	guest_done();
}

TEST(pending_read_completes_under_immediate_exit)
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);
	struct kvm_regs before, after;
	struct ucall uc;

	vcpu_enter(vcpu, read_once);
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
	vcpu_regs(vcpu, &before);
	*(uint8_t *)pio_data(vcpu) = 0xb7;
	/* KVM_RUN first completes the operation, then looks for a reason to leave (api.rst 5). */
	vcpu->run->immediate_exit = 1;
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	vcpu->run->immediate_exit = 0;
	vcpu_regs(vcpu, &after);
	EXPECT_EQ(0xb7, after.rax);
	EXPECT_EQ(before.rip + (before.rip == after.rip ? 0 : 1), after.rip);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0xb7, uc.arg[0]);
}

/* Real mode: 16-bit addresses, ES:DI and DS:SI segments. */
GUEST_BLOB(real_string, 16,
	"mov $0x1000, %ax\n mov %ax, %ds\n mov %ax, %es\n"
	"mov $0x3f0, %dx\n xor %si, %si\n mov $4, %cx\n cld\n rep outsb\n"
	"mov $0x100, %di\n mov $3, %cx\n rep insw\n"
	"outb %al, $0xe5\n");

TEST(real_mode_strings)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_run *run = vcpu->run;
	unsigned int out = 0, in = 0, i;
	char text[5] = "";

	vm_load(vm, GUEST_BLOB_AT, real_string);
	memcpy(vm->mem + 0x10000, "abcd", 4);
	vcpu_mode_real(vcpu, GUEST_BLOB_AT);
	while (vcpu_exit(vcpu) == KVM_EXIT_IO && run->io.port == PORT) {
		for (i = 0; i < run->io.count; i++) {
			if (run->io.direction == KVM_EXIT_IO_OUT && out < 4)
				text[out++] = ((char *)pio_data(vcpu))[i];
			else
				((uint16_t *)pio_data(vcpu))[i] = (uint16_t)(0x1234 + in++);
		}
	}
	ASSERT_EQ(KVM_EXIT_IO, run->exit_reason);
	EXPECT_STREQ("abcd", text);
	EXPECT_EQ(3, in);
	for (i = 0; i < 3; i++) {
		uint16_t word;

		memcpy(&word, vm->mem + 0x10100 + 2 * i, 2);
		EXPECT_EQ(0x1234 + i, word);
	}
}

TEST_HARNESS_MAIN
