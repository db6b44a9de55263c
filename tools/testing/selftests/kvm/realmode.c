// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real mode where it is more than 8086: the reset vector, big real mode, other descriptor tables,
 * the way to protected mode and back, and every kind of event. A CPU without "unrestricted guest"
 * (kvm_intel unrestricted_guest=0) needs another way for each of these.
 */
#include <signal.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

/* ucall registers are edi, esi, edx, ecx. */
#define SAY		"mov $2, %edi\n outb %al, $0xe5\n"
#define AT(label, blob)	label " - " blob " + 0x8000"
#define VECTOR		0x41

#define RFLAGS_RF	BIT64(16)
#define RFLAGS_VM	BIT64(17)
#define RFLAGS_IOPL	0x3000

FIXTURE(real) {
	struct vm *vm;
	struct vcpu *vcpu;
	struct ucall uc;
};

FIXTURE_SETUP(real)
{
	self->vm = vm_new();
	self->vcpu = vcpu_new(self->vm, 0);
}

FIXTURE_TEARDOWN(real)
{
	vcpu_free(self->vcpu);
	vm_free(self->vm);
}

#define start(blob)					\
do {							\
	vm_load(self->vm, GUEST_BLOB_AT, blob);		\
	vcpu_mode_real(self->vcpu, GUEST_BLOB_AT);	\
} while (0)

#define says(value)						\
do {								\
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));	\
	EXPECT_EQ(value, self->uc.arg[0] & 0xffffffff);		\
} while (0)

static uint16_t vm_word(struct vm *vm, uint64_t gpa)
{
	uint16_t word;

	memcpy(&word, vm->mem + gpa, 2);
	return word;
}

/* Segments 0 that reach 4 GiB, as a visit to protected mode leaves them. */
static void stretch(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	vcpu_sregs(vcpu, &sregs);
	sregs.ds.limit = 0xffffffff;
	sregs.ds.g = 1;
	sregs.es = sregs.ds;
	vcpu_set_sregs(vcpu, &sregs);
}

/* ---- segments ---- */

/* CS is F000h with base FFFF0000h until the first far jump (SDM 9.1.4). */
GUEST_BLOB(rom_start, 16, ".byte 0xe9, 0x0d, 0xf0\n");		/* FFF0: jmp F000 */
GUEST_BLOB(rom_code, 16, "movl %cs:0xf100, %esi\n ljmp $0, $0x8000\n");
GUEST_BLOB(after_rom, 16, "mov %cs, %dx\n" SAY);

TEST_F(real, reset_vector)
{
	const uint32_t word = 0xcafe5678;
	uint8_t *rom = host_pages(SZ_64K);

	memcpy(rom + 0xfff0, rom_start, rom_start_end - rom_start);
	memcpy(rom + 0xf000, rom_code, rom_code_end - rom_code);
	memcpy(rom + 0xf100, &word, 4);
	vm_slot(self->vm, 1, KVM_MEM_READONLY, 0xffff0000, SZ_64K, rom);
	vm_load(self->vm, GUEST_BLOB_AT, after_rom);
	says(word);
	EXPECT_EQ(0, self->uc.arg[1] & 0xffff);
}

/* A load changes base and selector only (SDM 20.1.1). */
GUEST_BLOB(big, 16,
	"mov $0x250000, %ebx\n movl $0x11223344, (%ebx)\n"
	"mov $0x1000, %ax\n mov %ax, %ds\n"
	"mov $0x240000, %ebx\n mov (%ebx), %esi\n" SAY
	"mov $0xabcd1234, %esi\n mov %esi, %es:(%ebx)\n" SAY);

TEST_F(real, big_real_mode)
{
	struct kvm_sregs sregs;
	uint32_t word;

	start(big);
	stretch(self->vcpu);
	says(0x11223344);
	vcpu_sregs(self->vcpu, &sregs);
	EXPECT_EQ(0x10000, sregs.ds.base);
	EXPECT_EQ(0xffffffff, sregs.ds.limit);
	says(0xabcd1234);
	memcpy(&word, self->vm->mem + 0x240000, 4);
	EXPECT_EQ(0xabcd1234, word);
}

GUEST_BLOB(load, 16,
	"mov $0x1234, %ax\n mov %ax, %ds\n mov $0x4321, %ax\n mov %ax, %fs\n mov %ax, %ss\n" SAY);

TEST_F(real, segments_as_userspace_sees_them)
{
	struct kvm_sregs before, after;

	start(load);
	vcpu_sregs(self->vcpu, &before);
	before.tr.base = 0x5000;
	before.tr.limit = 0x67;
	before.tr.selector = 0x30;
	before.idt.base = 0x1000;
	before.idt.limit = 0x1ff;
	vcpu_set_sregs(self->vcpu, &before);
	vcpu_sregs(self->vcpu, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));

	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	vcpu_sregs(self->vcpu, &after);
	EXPECT_EQ(0x12340, after.ds.base);
	EXPECT_EQ(0x1234, after.ds.selector);
	EXPECT_EQ(before.ds.limit, after.ds.limit);
	EXPECT_EQ(before.ds.type, after.ds.type);
	EXPECT_EQ(before.ds.dpl, after.ds.dpl);
	EXPECT_EQ(0x43210, after.fs.base);
	EXPECT_EQ(0x43210, after.ss.base);
	/* A CPU that runs real mode itself may show any CS as data, as its far jumps make it. */
	EXPECT_TRUE(after.cs.type == before.cs.type || after.cs.type == 3);
	EXPECT_EQ(0, memcmp(&before.tr, &after.tr, sizeof(before.tr)));
	EXPECT_EQ(0, memcmp(&before.idt, &after.idt, sizeof(before.idt)));
	EXPECT_EQ(before.cr0, after.cr0);
	EXPECT_EQ(before.cr3, after.cr3);
	EXPECT_EQ(before.cr4, after.cr4);
}

/* ---- flags ---- */

GUEST_BLOB(flags, 16,
	"pushf\n pop %si\n and $0x200, %si\n" SAY
	"sti\n pushf\n pop %si\n and $0x200, %si\n" SAY
	"cli\n pushf\n pop %ax\n or $1, %ax\n push %ax\n popf\n setc %al\n movzbl %al, %esi\n" SAY
	"pushfl\n popfl\n pushfl\n pop %esi\n and $0x20200, %esi\n" SAY);

TEST_F(real, flags)
{
	struct kvm_regs regs;

	start(flags);
	vcpu_regs(self->vcpu, &regs);
	regs.rflags |= RFLAGS_IOPL;
	vcpu_set_regs(self->vcpu, &regs);
	vcpu_regs(self->vcpu, &regs);
	EXPECT_EQ(RFLAGS_FIXED | RFLAGS_IOPL, regs.rflags);
	says(0);
	says(RFLAGS_IF);
	vcpu_regs(self->vcpu, &regs);
	EXPECT_EQ(RFLAGS_FIXED | RFLAGS_IF | RFLAGS_IOPL,
		  regs.rflags & (RFLAGS_FIXED | RFLAGS_IF | RFLAGS_IOPL | RFLAGS_VM));
	says(1);
	/* The image that PUSHFD makes may tell a guest of virtual-8086 mode, but for VM. */
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	EXPECT_EQ(0, self->uc.arg[0] & RFLAGS_IF);
	vcpu_regs(self->vcpu, &regs);
	EXPECT_FALSE(regs.rflags & RFLAGS_VM);
}

/* ---- descriptor tables ---- */

GUEST_BLOB(tables, 16,
	"lidtl 0x500\n lgdtl 0x508\n"
	"sidtl 0x510\n sgdtl 0x518\n"
	"mov 0x512, %esi\n mov 0x510, %dx\n mov 0x51a, %ecx\n" SAY
	"xor %esi, %esi\n int $0x21\n" SAY
	"tables_int: mov $0x2121, %si\n iret\n"
	"tables_gp: pop %si\n" SAY);

TEST_F(real, moved_interrupt_table)
{
	const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) idtr = { 0x3ff, 0x1000 }, gdtr = { 0x37, GUEST_GDT };
	extern const uint8_t tables_int[];
	uint32_t entry = 0x8000 + (tables_int - tables);
	struct kvm_sregs sregs;

	vm_write(self->vm, 0x500, &idtr, sizeof(idtr));
	vm_write(self->vm, 0x508, &gdtr, sizeof(gdtr));
	vm_write(self->vm, 0x1000 + 0x21 * 4, &entry, 4);
	start(tables);
	says(0x1000);
	EXPECT_EQ(0x3ff, self->uc.arg[1] & 0xffff);
	EXPECT_EQ(GUEST_GDT, self->uc.arg[2] & 0xffffffff);
	vcpu_sregs(self->vcpu, &sregs);
	EXPECT_EQ(0x1000, sregs.idt.base);
	EXPECT_EQ(0x3ff, sregs.idt.limit);
	says(0x2121);
}

/* A vector beyond the table is #GP (SDM 20.1.4), and that beyond it too: shutdown. */
TEST_F(real, short_interrupt_table)
{
	struct { uint16_t limit; uint32_t base; } __attribute__((packed)) idtr = { 0x37, 0x1000 };
	extern const uint8_t tables_gp[];
	uint32_t entry = 0x8000 + (tables_gp - tables);

	vm_write(self->vm, 0x500, &idtr, sizeof(idtr));
	vm_write(self->vm, 0x508, &idtr, sizeof(idtr));
	vm_write(self->vm, 0x1000 + 13 * 4, &entry, 4);
	start(tables);
	says(0x1000);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	/* The address of INT 21h is what was pushed. */
	EXPECT_EQ(0xcd, self->vm->mem[self->uc.arg[0] & 0xffff]);

	idtr.limit = 0;
	vm_write(self->vm, 0x500, &idtr, sizeof(idtr));
	start(tables);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	EXPECT_EQ(KVM_EXIT_SHUTDOWN, vcpu_exit(self->vcpu));
}

/* ---- exceptions ---- */

/* Each handler checks the address that was pushed: of a fault's instruction, behind a trap's. */
#define SET(vector, label)						\
	"movw $" AT(label, "faults") ", 4*" #vector "\n"		\
	"movw $0, 4*" #vector "+2\n"
#define HANDLER(label, pushed, next, bit)				\
	label ": pop %ax\n cmp $" AT(pushed, "faults") ", %ax\n"	\
	"jne 9f\n or $" #bit ", %si\n"				\
	"9: push $" AT(next, "faults") "\n iret\n"

GUEST_BLOB(faults, 16,
	SET(0, "f_de") SET(3, "f_bp") SET(4, "f_of") SET(5, "f_br") SET(6, "f_ud")
	"xor %esi, %esi\n xor %cx, %cx\n"
	"at_de: div %cl\n after_de: int3\n"
	"after_bp: mov $0x7f, %al\n inc %al\n into\n"
	"after_of: movw $0, 0x600\n movw $1, 0x602\n mov $5, %ax\n at_br: bound %ax, 0x600\n"
	"after_br:\n at_ud: ud2\n"
	"after_ud:" SAY
	HANDLER("f_de", "at_de", "after_de", 1)
	HANDLER("f_bp", "after_bp", "after_bp", 2)
	HANDLER("f_of", "after_of", "after_of", 4)
	HANDLER("f_br", "at_br", "after_br", 8)
	HANDLER("f_ud", "at_ud", "after_ud", 16));

TEST_F(real, exceptions)
{
	struct kvm_regs regs;

	start(faults);
	says(31);
	/* The stack is where it was: nothing but three words was pushed. */
	vcpu_regs(self->vcpu, &regs);
	EXPECT_EQ(0x7000, regs.rsp);
}

/* ---- interrupts ---- */

GUEST_BLOB(events, 16,
	"movw $" AT("ev_irq", "events") ", 4*0x41\n movw $0, 4*0x41+2\n"
	"movw $" AT("ev_nmi", "events") ", 8\n movw $0, 10\n"
	"movl $0, 0x600\n movl $0, 0x604\n"
	"ev_loop: sti\n nop\n mov $1, %esi\n" SAY "jmp ev_loop\n"
	"ev_irq: incw 0x600\n iret\n"
	"ev_nmi: incw 0x602\n incw 0x604\n mov $2, %esi\n" SAY "decw 0x604\n iret\n");

static int inject(struct vcpu *vcpu, uint32_t vector)
{
	struct kvm_interrupt irq = { .irq = vector };

	return kvm_errno(vcpu->fd, KVM_INTERRUPT, &irq);
}

static void check_events(struct __test_metadata *_metadata, struct vm *vm, struct vcpu *vcpu)
{
	struct ucall uc;
	int i;

	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	for (i = 1; i <= 5; i++) {
		ASSERT_EQ(0, inject(vcpu, VECTOR));
		ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
		EXPECT_EQ(i, vm_word(vm, 0x600));
	}
	/* NMIs wait for a single step over IRET, which Bochs does not end by #DB. */
	if (host_is("svm-bochs"))
		return;
	/* The second comes in the first one's handler, and waits for its IRET. */
	kvm_do(vcpu->fd, KVM_NMI, 0);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0] & 0xffff);
	kvm_do(vcpu->fd, KVM_NMI, 0);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0] & 0xffff);
	EXPECT_EQ(2, vm_word(vm, 0x602));
	EXPECT_EQ(1, vm_word(vm, 0x604));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0] & 0xffff);
	EXPECT_EQ(0, vm_word(vm, 0x604));
}

TEST_F(real, interrupts_and_nmis)
{
	start(events);
	check_events(_metadata, self->vm, self->vcpu);
}

TEST_F(real, interrupts_and_nmis_in_big_real_mode)
{
	start(events);
	stretch(self->vcpu);
	check_events(_metadata, self->vm, self->vcpu);
}

/* A loop that needs no exit, with segments that hardware may be unable to run. */
GUEST_BLOB(spin, 16,
	"movw $" AT("spin_irq", "spin") ", 4*0x41\n movw $0, 4*0x41+2\n"
	"sti\n spin_loop: incl 0x600\n jmp spin_loop\n"
	"spin_irq: mov $7, %esi\n" SAY);

static void on_alarm(int sig)
{
	(void)sig;
}

static void alarm_in(long usec)
{
	struct itimerval timer = { .it_value.tv_usec = usec };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

TEST_F(real, signals_end_big_real_mode)
{
	uint32_t before, after;

	start(spin);
	stretch(self->vcpu);
	alarm_in(30000);
	ASSERT_EQ(EINTR, kvm_errno(self->vcpu->fd, KVM_RUN, 0));
	memcpy(&before, self->vm->mem + 0x600, 4);
	EXPECT_NE(0, before);
	alarm_in(30000);
	ASSERT_EQ(EINTR, kvm_errno(self->vcpu->fd, KVM_RUN, 0));
	memcpy(&after, self->vm->mem + 0x600, 4);
	EXPECT_GT(after, before);
	self->vcpu->run->request_interrupt_window = 1;
	ASSERT_EQ(KVM_EXIT_IRQ_WINDOW_OPEN, vcpu_exit(self->vcpu));
	self->vcpu->run->request_interrupt_window = 0;
	ASSERT_EQ(0, inject(self->vcpu, VECTOR));
	says(7);
}

/* ---- to protected mode and back ---- */

GUEST_BLOB(trip, 16,
	"lgdtl 0x500\n xor %esi, %esi\n mov $3, %cx\n"
	"again: cli\n mov %cr0, %eax\n or $1, %al\n mov %eax, %cr0\n"
	/* Still with real mode's segments; data segments whose selectors have odd RPLs. */
	"incl %esi\n push %si\n pop %si\n"
	"ljmp $0x18, $" AT("trip32", "trip") "\n"
	".code32\n trip32: mov $0x10, %eax\n mov %eax, %ds\n mov %eax, %es\n mov %eax, %ss\n"
	"incl 0x300000\n add $0x10, %esi\n"
	"mov %cr3, %ebx\n mov $0x5000, %eax\n mov %eax, %cr3\n mov %cr3, %eax\n cmp $0x5000, %eax\n"
	"jne 1f\n add $0x100, %esi\n 1: mov %ebx, %cr3\n"
	"ljmp $0x20, $" AT("trip16", "trip") "\n"
	".code16\n trip16: mov $0x28, %ax\n mov %ax, %ds\n mov %ax, %es\n mov %ax, %ss\n"
	"mov %ax, %fs\n mov %ax, %gs\n mov %cr0, %eax\n and $0xfe, %al\n mov %eax, %cr0\n"
	"ljmp $0, $" AT("back", "trip") "\n"
	"back: mov $3, %ax\n mov %ax, %ds\n mov %ax, %es\n mov %ax, %fs\n mov %ax, %gs\n"
	"xor %ax, %ax\n mov %ax, %ss\n"
	"loop again\n" SAY);

TEST_F(real, to_protected_mode_and_back)
{
	const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdtr = { 63, GUEST_GDT };
	struct kvm_sregs fresh;
	uint32_t word;

	vcpu_sregs(self->vcpu, &fresh);
	vcpu_mode_prot32(self->vcpu, 0);	/* writes the GDT */
	vcpu_set_sregs(self->vcpu, &fresh);
	vm_write(self->vm, 0x500, &gdtr, sizeof(gdtr));
	start(trip);
	says(0x333);
	memcpy(&word, self->vm->mem + 0x300000, 4);
	EXPECT_EQ(3, word);
}

/*
 * Events on the way: protected mode, but a stack segment of real mode, whose RPL is not CPL. A CPU
 * that cannot enter such a guest cannot deliver to it. Vector 0 has no gate: #DE is a double fault.
 */
GUEST_BLOB(between, 16,
	"mov $3, %ax\n mov %ax, %ss\n mov $0x6000, %sp\n lgdtl 0x500\n lidtl 0x508\n"
	"mov %cr0, %eax\n or $1, %al\n mov %eax, %cr0\n"
	"bt_ud: ud2\n"
	".code32\n bt_h_ud: pop %esi\n pop %ecx\n pop %edx\n" SAY
	"ljmp $0x20, $" AT("bt_gp", "between") "\n"
	".code16\n bt_gp: mov $0x7f8, %ax\n bt_gp_at: mov %ax, %ds\n"
	".code32\n bt_h_gp: pop %ecx\n pop %esi\n pop %edx\n" SAY
	"ljmp $0x20, $" AT("bt_bp", "between") "\n"
	".code16\n bt_bp: int3\n"
	".code32\n bt_h_bp: pop %esi\n pop %ecx\n pop %edx\n" SAY
	"ljmp $0x20, $" AT("bt_de", "between") "\n"
	".code16\n bt_de: xor %cx, %cx\n div %cl\n"
	".code32\n bt_h_df: pop %esi\n pop %ecx\n pop %edx\n" SAY
	"ljmp $0x20, $" AT("bt_irq", "between") "\n"
	".code16\n bt_irq: sti\n nop\n" SAY "bt_loop: jmp bt_loop\n"
	".code32\n bt_h_irq: mov $7, %esi\n" SAY
	".code16\n");

static void set_gate32(struct vm *vm, unsigned int vector, const uint8_t *handler)
{
	uint64_t gate = 0x00008e0000180000ULL | (0x8000 + (handler - between));

	vm_write(vm, 0x2000 + 8 * vector, &gate, sizeof(gate));
}

TEST_F(real, events_between_the_modes)
{
	extern const uint8_t bt_ud[], bt_h_ud[], bt_gp_at[], bt_h_gp[], bt_bp[], bt_h_bp[],
			     bt_h_df[], bt_h_irq[];
	const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdtr = { 63, GUEST_GDT }, idtr = { 0x20f, 0x2000 };
	struct kvm_sregs fresh;

	vcpu_sregs(self->vcpu, &fresh);
	vcpu_mode_prot32(self->vcpu, 0);	/* writes the GDT */
	vcpu_set_sregs(self->vcpu, &fresh);
	vm_write(self->vm, 0x500, &gdtr, sizeof(gdtr));
	vm_write(self->vm, 0x508, &idtr, sizeof(idtr));
	set_gate32(self->vm, 3, bt_h_bp);
	set_gate32(self->vm, 6, bt_h_ud);
	set_gate32(self->vm, 8, bt_h_df);
	set_gate32(self->vm, 13, bt_h_gp);
	set_gate32(self->vm, VECTOR, bt_h_irq);
	start(between);
	says(0x8000 + (bt_ud - between));
	EXPECT_EQ(RFLAGS_RF, self->uc.arg[1] & (RFLAGS_RF | RFLAGS_IF));
	EXPECT_EQ(0, self->uc.arg[2] & 0xffffffff);
	says(0x8000 + (bt_gp_at - between));
	EXPECT_EQ(0x20, self->uc.arg[1] & 0xffffffff);
	EXPECT_EQ(0x7f8, self->uc.arg[2] & 0xffffffff);
	says(0x8001 + (bt_bp - between));
	EXPECT_EQ(0, self->uc.arg[1] & RFLAGS_RF);
	says(0);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
	ASSERT_EQ(0, inject(self->vcpu, VECTOR));
	says(7);
}

/* ---- debugging ---- */

GUEST_BLOB(steps, 16, "nop\n nop\n inc %si\n in $0x10, %al\n" SAY);

TEST_F(real, single_step)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };
	unsigned int i;

	if (host_is("svm-bochs"))
		SKIP(return, "the emulator keeps an intercepted #DB pending");
	start(steps);
	kvm_do(self->vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(KVM_EXIT_DEBUG, vcpu_exit(self->vcpu));
		EXPECT_EQ(GUEST_BLOB_AT + i, self->vcpu->run->debug.arch.pc);
		EXPECT_EQ(1, self->vcpu->run->debug.arch.exception);
	}
	ASSERT_EQ(KVM_EXIT_IO, vcpu_exit(self->vcpu));
	EXPECT_EQ(0x10, self->vcpu->run->io.port);
	debug.control = 0;
	kvm_do(self->vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(self->vcpu, &self->uc));
}

/* The guest's own TF: a trap behind each instruction, and none in the handler. */
GUEST_BLOB(trace, 16,
	"movw $" AT("tr_db", "trace") ", 4\n movw $0, 6\n xor %esi, %esi\n"
	"pushf\n pop %ax\n or $0x100, %ax\n push %ax\n popf\n"
	"nop\n nop\n cpuid\n nop\n"
	"pushf\n pop %ax\n and $0xfeff, %ax\n push %ax\n popf\n" SAY
	"tr_db: inc %si\n iret\n");

TEST_F(real, trap_flag)
{
	if (host_is("svm-bochs"))
		SKIP(return, "the emulator keeps an intercepted #DB pending");
	start(trace);
	/* Behind each of the nine instructions from the first NOP to the second POPF. */
	says(9);
}

/* ---- the page that stands for paging off ---- */

TEST(identity_map)
{
	uint64_t addr = 0xfeffc000;
	struct vm *vm = vm_new();
	void *page = host_pages(SZ_4K);

	if (!parameter_is_off("kvm_intel/parameters/unrestricted_guest") || !nested_paging())
		SKIP(return, "only with kvm_intel unrestricted_guest=0, and EPT");
	/* Where userspace has memory already, no vCPU can be. */
	vm_slot(vm, 5, 0, 0xfffbc000, SZ_4K, page);
	EXPECT_EQ(EEXIST, kvm_errno(vm->fd, KVM_CREATE_VCPU, 0));
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &addr));
	vcpu_new(vm, 0);
	EXPECT_EQ(EEXIST, vm_slot_errno(vm, 6, 0, 0xfeffc000, SZ_4K, page));
	EXPECT_EQ(EINVAL, vm_slot_errno(vm, 32764, 0, 0xfeffc000, 0, page));
	addr = 0xfeffd000;
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &addr));
}

TEST_HARNESS_MAIN
