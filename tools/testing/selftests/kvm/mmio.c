// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO exits: reads and writes of every size by many instruction forms, accesses that cross a
 * page, read-modify-write, and what cannot be emulated.
 *
 * The host plays a device of 16 KiB of registers at GUEST_MMIO: what the guest writes it reads
 * back.
 */
#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define DEVICE_SIZE	0x4000

static uint8_t device[DEVICE_SIZE];
static unsigned int reads, writes;	/* bytes since the last start() */

static void fill_device(void)
{
	unsigned int i;

	for (i = 0; i < DEVICE_SIZE; i++)
		device[i] = (uint8_t)(0x80 + i * 3);
	reads = 0;
	writes = 0;
}

/* Answer one MMIO exit; false if it is not the device's. */
static bool serve(struct kvm_run *run)
{
	uint64_t at = run->mmio.phys_addr - GUEST_MMIO;

	if (run->mmio.len < 1 || run->mmio.len > 8 || at > DEVICE_SIZE - run->mmio.len)
		return false;
	/* One exit never crosses a page: each part has its own physical address. */
	if (at / SZ_4K != (at + run->mmio.len - 1) / SZ_4K)
		return false;
	if (run->mmio.is_write) {
		memcpy(device + at, run->mmio.data, run->mmio.len);
		writes += run->mmio.len;
	} else {
		memcpy(run->mmio.data, device + at, run->mmio.len);
		reads += run->mmio.len;
	}
	return true;
}

static uint64_t run_device(struct vcpu *vcpu, struct ucall *uc)
{
	struct kvm_run *run = vcpu->run;

	while (vcpu_exit(vcpu) == KVM_EXIT_MMIO) {
		if (!serve(run))
			die("MMIO exit at %#llx length %u", run->mmio.phys_addr, run->mmio.len);
	}
	return vcpu_ucall_take(vcpu, uc);
}

static struct vcpu *start(void (*fn)(void))
{
	struct vcpu *vcpu = vcpu_new(vm_new(), 0);

	fill_device();
	vcpu_enter(vcpu, fn);
	return vcpu;
}

#define MMIO_AT(offset)	((volatile uint8_t *)(GUEST_MMIO + (offset)))

__guest static void plain_moves(void)
{
	uint64_t b, w, l, q;

	__asm__ volatile("movb (%1), %b0" : "=a" (b) : "r" (MMIO_AT(0x10)), "0" (~0ULL));
	__asm__ volatile("movw (%1), %w0" : "=a" (w) : "r" (MMIO_AT(0x20)), "0" (~0ULL));
	__asm__ volatile("movl (%1), %k0" : "=r" (l) : "r" (MMIO_AT(0x30)), "0" (~0ULL));
	__asm__ volatile("movq (%1), %0" : "=r" (q) : "r" (MMIO_AT(0x40)));
	guest_sync(b, w, l);
	guest_sync(q, 0, 0);
	__asm__ volatile("movb %b0, (%1)" : : "q" (0x0101), "r" (MMIO_AT(0x100)));
	__asm__ volatile("movw %w0, (%1)" : : "r" (0x22222), "r" (MMIO_AT(0x110)));
	__asm__ volatile("movl %k0, (%1)" : : "r" (0x33333333), "r" (MMIO_AT(0x120)));
	__asm__ volatile("movq %0, (%1)" : : "r" (0x4444444455555555ULL), "r" (MMIO_AT(0x130)));
	guest_done();
}

static uint64_t device_word(unsigned int at, unsigned int size)
{
	uint64_t value = 0;

	memcpy(&value, device + at, size);
	return value;
}

TEST(moves_of_every_size)
{
	struct vcpu *vcpu = start(plain_moves);
	struct ucall uc;

	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(0xffffffffffffff00 | device_word(0x10, 1), uc.arg[0]);
	EXPECT_EQ(0xffffffffffff0000 | device_word(0x20, 2), uc.arg[1]);
	EXPECT_EQ(device_word(0x30, 4), uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0x40, 8), uc.arg[0]);
	EXPECT_EQ(15, reads);
	ASSERT_EQ(UCALL_DONE, run_device(vcpu, &uc));
	EXPECT_EQ(15, writes);
	EXPECT_EQ(0x01, device_word(0x100, 1));
	EXPECT_EQ(0x83, device[0x101])	/* the neighbour is untouched */
		TH_LOG("%#x", device[0x101]);
	EXPECT_EQ(0x2222, device_word(0x110, 2));
	EXPECT_EQ(0x33333333, device_word(0x120, 4));
	EXPECT_EQ(0x4444444455555555, device_word(0x130, 8));
}

__guest static void other_forms(void)
{
	uint64_t a, b, c, index = 2;

	/* Zero and sign extension, from bytes, words and doublewords. */
	__asm__ volatile("movzbl (%1), %k0" : "=r" (a) : "r" (MMIO_AT(0x10)));
	__asm__ volatile("movsbq (%1), %0" : "=r" (b) : "r" (MMIO_AT(0x10)));
	__asm__ volatile("movslq (%1), %0" : "=r" (c) : "r" (MMIO_AT(0x20)));
	guest_sync(a, b, c);
	__asm__ volatile("movzwl (%1), %k0" : "=r" (a) : "r" (MMIO_AT(0x30)));
	__asm__ volatile("movswq (%1), %0" : "=r" (b) : "r" (MMIO_AT(0x30)));
	/* Scaled index and displacement; and a high byte register. */
	__asm__ volatile("movl 0x40(%1, %2, 8), %k0" : "=r" (c) : "r" (MMIO_AT(0)), "r" (index));
	guest_sync(a, b, c);
	__asm__ volatile("xorl %%eax, %%eax; movb (%1), %%ah; movq %%rax, %0"
			 : "=b" (a) : "c" (MMIO_AT(0x60)) : "rax");
	/* The accumulator's own form, with a 64-bit absolute address. */
	__asm__ volatile("movabsl 0xd0000064, %%eax" : "=a" (b));
	/* A register that needs REX. */
	__asm__ volatile("movq (%1), %%r13; movq %%r13, %0"
			 : "=r" (c) : "r" (MMIO_AT(0x68)) : "r13");
	guest_sync(a, b, c);
	/* Immediates; the 64-bit one is sign-extended. */
	__asm__ volatile("movb $0x5a, (%0)" : : "r" (MMIO_AT(0x200)));
	__asm__ volatile("movw $0x1234, (%0)" : : "r" (MMIO_AT(0x210)));
	__asm__ volatile("movl $0x89abcdef, (%0)" : : "r" (MMIO_AT(0x220)));
	__asm__ volatile("movq $-2, (%0)" : : "r" (MMIO_AT(0x230)));
	guest_done();
}

TEST(extensions_addressing_and_immediates)
{
	struct vcpu *vcpu = start(other_forms);
	struct ucall uc;

	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0x10, 1), uc.arg[0]);
	EXPECT_EQ((uint64_t)(int64_t)(int8_t)device_word(0x10, 1), uc.arg[1]);
	EXPECT_EQ((uint64_t)(int64_t)(int32_t)device_word(0x20, 4), uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0x30, 2), uc.arg[0]);
	EXPECT_EQ((uint64_t)(int64_t)(int16_t)device_word(0x30, 2), uc.arg[1]);
	EXPECT_EQ(device_word(0x50, 4), uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0x60, 1) << 8, uc.arg[0]);
	EXPECT_EQ(device_word(0x64, 4), uc.arg[1]);
	EXPECT_EQ(device_word(0x68, 8), uc.arg[2]);
	ASSERT_EQ(UCALL_DONE, run_device(vcpu, &uc));
	EXPECT_EQ(0x5a, device_word(0x200, 1));
	EXPECT_EQ(0x1234, device_word(0x210, 2));
	EXPECT_EQ(0x89abcdef, device_word(0x220, 4));
	EXPECT_EQ(~1ULL, device_word(0x230, 8));
}

__guest static void cross_page(void)
{
	uint64_t q;

	__asm__ volatile("movq (%1), %0" : "=r" (q) : "r" (MMIO_AT(0xffb)));
	guest_sync(q, 0, 0);
	__asm__ volatile("movq %0, (%1)" : : "r" (0x1122334455667788ULL), "r" (MMIO_AT(0x1ffd)));
	__asm__ volatile("movw %w0, (%1)" : : "r" (0xbeef), "r" (MMIO_AT(0x2fff)));
	guest_done();
}

TEST(crossing_a_page)
{
	struct vcpu *vcpu = start(cross_page);
	struct ucall uc;

	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0xffb, 8), uc.arg[0]);
	EXPECT_EQ(8, reads);
	ASSERT_EQ(UCALL_DONE, run_device(vcpu, &uc));
	EXPECT_EQ(0x1122334455667788, device_word(0x1ffd, 8));
	EXPECT_EQ(0xbeef, device_word(0x2fff, 2));
	EXPECT_EQ(10, writes);
}

__guest static void modify_registers(void)
{
	uint64_t old = 0x0f0f0f0f, flags;

	__asm__ volatile("orl $0x01010101, (%0)" : : "r" (MMIO_AT(0x300)) : "cc");
	__asm__ volatile("andb $0xf0, (%0)" : : "r" (MMIO_AT(0x310)) : "cc");
	__asm__ volatile("xorw %w1, (%0)" : : "r" (MMIO_AT(0x320)), "r" (0xffff) : "cc");
	__asm__ volatile("addq $-1, (%0)" : : "r" (MMIO_AT(0x330)) : "cc");
	__asm__ volatile("xchgl %k0, (%1)" : "+r" (old) : "r" (MMIO_AT(0x340)) : "memory");
	/* Compare only: reads, writes nothing, sets ZF. */
	__asm__ volatile("cmpl %k2, (%1); pushfq; popq %0"
			 : "=r" (flags) : "r" (MMIO_AT(0x340)), "r" (0x0f0f0f0f) : "cc");
	guest_sync(old, flags, 0);
	__asm__ volatile("testb $0x40, (%1); pushfq; popq %0"
			 : "=r" (flags) : "r" (MMIO_AT(0x350)) : "cc");
	guest_sync(flags, 0, 0);
	guest_done();
}

TEST(read_modify_write)
{
	struct vcpu *vcpu = start(modify_registers);
	uint64_t was[5];
	struct ucall uc;

	was[0] = device_word(0x300, 4) | 0x01010101;
	was[1] = device_word(0x310, 1) & 0xf0;
	was[2] = device_word(0x320, 2) ^ 0xffff;
	was[3] = device_word(0x330, 8) - 1;
	was[4] = device_word(0x340, 4);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(was[0], device_word(0x300, 4));
	EXPECT_EQ(was[1], device_word(0x310, 1));
	EXPECT_EQ(was[2], device_word(0x320, 2));
	EXPECT_EQ(was[3], device_word(0x330, 8));
	EXPECT_EQ(was[4], uc.arg[0]);
	EXPECT_EQ(0x0f0f0f0f, device_word(0x340, 4));
	EXPECT_TRUE(uc.arg[1] & BIT64(6));
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(!(device[0x350] & 0x40), !!(uc.arg[0] & BIT64(6)));
	EXPECT_EQ(UCALL_DONE, run_device(vcpu, &uc));
}

__guest static void string_moves(void)
{
	uint64_t from = GUEST_MMIO + 0x400, to = GUEST_DATA, count = 19;

	__asm__ volatile("cld; rep movsb" : "+S" (from), "+D" (to), "+c" (count) : : "memory");
	guest_sync(from, to, count);
	from = GUEST_DATA + 0x100;
	to = GUEST_MMIO + 0x800;
	count = 6;
	__asm__ volatile("rep movsl" : "+S" (from), "+D" (to), "+c" (count) : : "memory");
	guest_sync(from, to, count);
	to = GUEST_MMIO + 0x900;
	count = 5;
	__asm__ volatile("rep stosq" : "+D" (to), "+c" (count) : "a" (0x0123456789abcdef)
			 : "memory");
	guest_sync(0, to, count);
	guest_done();
}

TEST(string_instructions)
{
	struct vcpu *vcpu = start(string_moves);
	uint8_t *data = vcpu->vm->mem + GUEST_DATA;
	struct ucall uc;
	unsigned int i;

	for (i = 0; i < 24; i++)
		data[0x100 + i] = (uint8_t)(i ^ 0x5a);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(GUEST_MMIO + 0x400 + 19, uc.arg[0]);
	EXPECT_EQ(GUEST_DATA + 19, uc.arg[1]);
	EXPECT_EQ(0, uc.arg[2]);
	EXPECT_EQ(0, memcmp(data, device + 0x400, 19));
	EXPECT_EQ(0, data[19]);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(GUEST_MMIO + 0x800 + 24, uc.arg[1]);
	EXPECT_EQ(0, memcmp(data + 0x100, device + 0x800, 24));
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0x0123456789abcdef, device_word(0x900 + 8 * i, 8));
	}
	EXPECT_EQ(UCALL_DONE, run_device(vcpu, &uc));
}

/* 32-bit code, paging off: the same device by 32-bit addressing and a PUSH from MMIO. */
GUEST_BLOB(prot32_mmio, 32,
	"mov $0xd0000000, %ebx\n"
	"movl 0x10(%ebx), %esi\n"
	"movl %esi, 0x500(%ebx)\n"
	"movzwl 0x20(%ebx), %edx\n"
	"pushl 0x30(%ebx)\n"
	"pop %ecx\n"
	"mov $2, %edi\n"
	"outb %al, $0xe5\n");

TEST(protected_mode)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	fill_device();
	vm_load(vm, GUEST_BLOB_AT, prot32_mmio);
	vcpu_mode_prot32(vcpu, GUEST_BLOB_AT);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0x10, 4), uc.arg[0]);
	EXPECT_EQ(device_word(0x20, 2), uc.arg[1]);
	EXPECT_EQ(device_word(0x30, 4), uc.arg[2]);
	EXPECT_EQ(device_word(0x10, 4), device_word(0x500, 4));
}

/* Real mode reaches the hole at 640 KiB when no slot is there; here, past the end of slot 0. */
GUEST_BLOB(real_mmio, 16,
	"mov $0xf000, %ax\n mov %ax, %ds\n"
	"movb 0x10, %bl\n movw %bx, 0x20\n"
	"outb %al, $0xe5\n");

TEST(real_mode)
{
	struct vm *vm = vm_bare();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_run *run = vcpu->run;

	vm->mem_size = SZ_64K;
	vm->mem = host_pages(vm->mem_size);
	vm_slot(vm, 0, 0, 0, vm->mem_size, vm->mem);
	vm_load(vm, GUEST_BLOB_AT, real_mmio);
	vcpu_mode_real(vcpu, GUEST_BLOB_AT);
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu));
	EXPECT_EQ(0xf0010, run->mmio.phys_addr);
	EXPECT_EQ(1, run->mmio.len);
	EXPECT_EQ(0, run->mmio.is_write);
	run->mmio.data[0] = 0x77;
	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu));
	EXPECT_EQ(0xf0020, run->mmio.phys_addr);
	EXPECT_EQ(2, run->mmio.len);
	EXPECT_EQ(1, run->mmio.is_write);
	EXPECT_EQ(0x77, run->mmio.data[0]);
	EXPECT_EQ(KVM_EXIT_IO, vcpu_exit(vcpu));
}

__guest static void fpu_on_mmio(void)
{
	/* No emulator is asked to load an 80-bit real from a device. */
	__asm__ volatile("fldt (%0)" : : "r" (MMIO_AT(0x10)));
	guest_done();
}

TEST(what_cannot_be_emulated_is_an_error_with_bytes)
{
	struct vcpu *vcpu = start(fpu_on_mmio);
	struct kvm_run *run = vcpu->run;
	struct kvm_regs before, after;
	unsigned int i, found = 0;
	uint8_t bytes[15];

	vcpu_regs(vcpu, &before);
	ASSERT_EQ(KVM_EXIT_INTERNAL_ERROR, vcpu_exit(vcpu));
	EXPECT_EQ(KVM_INTERNAL_ERROR_EMULATION, run->internal.suberror);
	vcpu_regs(vcpu, &after);
	/* RIP stays at the instruction: FLD m80 is DB /5. */
	EXPECT_EQ(0xdb, vcpu->vm->mem[after.rip]);
	if (!run->internal.ndata)
		return;
	/* Where bytes are reported they are the instruction's. */
	EXPECT_GE(run->internal.ndata, 1);
	if (run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) {
		ASSERT_LE(run->emulation_failure.insn_size, 15);
		ASSERT_GT(run->emulation_failure.insn_size, 1);
		memcpy(bytes, run->emulation_failure.insn_bytes, 15);
		for (i = 0; i < run->emulation_failure.insn_size; i++)
			found += bytes[i] == vcpu->vm->mem[after.rip + i];
		EXPECT_EQ(run->emulation_failure.insn_size, found);
	}
}

__guest static void read_quad(void)
{
	uint64_t q;

	__asm__ volatile("movq (%1), %0" : "=r" (q) : "r" (MMIO_AT(0x48)));
	guest_sync(q, 0, 0);
	guest_done();
}

TEST(pending_read_completes_under_immediate_exit)
{
	struct vcpu *vcpu = start(read_quad);
	struct ucall uc;

	ASSERT_EQ(KVM_EXIT_MMIO, vcpu_exit(vcpu));
	ASSERT_TRUE(serve(vcpu->run));
	vcpu->run->immediate_exit = 1;
	EXPECT_EQ(EINTR, kvm_errno(vcpu->fd, KVM_RUN, 0));
	vcpu->run->immediate_exit = 0;
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0x48, 8), uc.arg[0]);
	EXPECT_EQ(8, reads);
}

/* What memcpy() and compilers make of moves of 4, 8 and 16 bytes. */
__guest static void vector_moves(void)
{
	uint64_t a, b, c;

	__asm__ volatile("movups (%3), %%xmm1; movq %%xmm1, %0; psrldq $8, %%xmm1; movq %%xmm1, %1;"
			 "movss 0x20(%3), %%xmm9; movq %%xmm9, %2"
			 : "=r" (a), "=r" (b), "=r" (c) : "r" (MMIO_AT(0x10)));
	guest_sync(a, b, c);
	__asm__ volatile("movdqa (%3), %%xmm2; movntdq %%xmm2, 0x100(%3);"
			 "movq 0x30(%3), %%xmm3; movq %%xmm3, 0x120(%3);"
			 "movhps %%xmm2, 0x130(%3); movd %%xmm2, 0x140(%3);"
			 "movq %%xmm2, %0; movq %%xmm3, %1; xorl %k2, %k2"
			 : "=r" (a), "=r" (b), "=r" (c) : "r" (MMIO_AT(0x400)));
	guest_sync(a, b, c);
	guest_done();
}

TEST(moves_of_vector_registers)
{
	struct vcpu *vcpu = start(vector_moves);
	struct kvm_sregs sregs;
	struct ucall uc;

	vcpu_sregs(vcpu, &sregs);
	sregs.cr4 |= CR4_OSFXSR;
	vcpu_set_sregs(vcpu, &sregs);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0x10, 8), uc.arg[0]);
	EXPECT_EQ(device_word(0x18, 8), uc.arg[1]);
	EXPECT_EQ(device_word(0x30, 4), uc.arg[2]);
	EXPECT_EQ(20, reads);
	ASSERT_EQ(UCALL_SYNC, run_device(vcpu, &uc));
	EXPECT_EQ(device_word(0x400, 8), uc.arg[0]);
	EXPECT_EQ(device_word(0x430, 8), uc.arg[1]);
	EXPECT_EQ(0, memcmp(device + 0x400, device + 0x500, 16));
	EXPECT_EQ(device_word(0x430, 8), device_word(0x520, 8));
	EXPECT_EQ(device_word(0x408, 8), device_word(0x530, 8));
	EXPECT_EQ(device_word(0x400, 4), device_word(0x540, 4));
	EXPECT_EQ(36, writes);
}

TEST_HARNESS_MAIN
