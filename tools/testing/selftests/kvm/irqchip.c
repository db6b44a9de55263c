// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt controllers in the kernel: making them, whole or split, PIC pair and I/O APIC from
 * the guest's side and from userspace's, level and edge, MSIs, and what each ioctl refuses.
 */
#include <stdio.h>

#include "kselftest_harness.h"
#include "irq_test.h"

#define VECTOR		0x61
#define GSI		20	/* leads to the I/O APIC only */
#define PIC_VECTORS	0x30

static int irq_line(struct vm *vm, uint32_t gsi, uint32_t level)
{
	struct kvm_irq_level line = { .irq = gsi, .level = level };

	return kvm_errno(vm->fd, KVM_IRQ_LINE, &line);
}

static int irq_status(struct vm *vm, uint32_t gsi, uint32_t level)
{
	struct kvm_irq_level line = { .irq = gsi, .level = level };

	kvm_do(vm->fd, KVM_IRQ_LINE_STATUS, &line);
	return line.status;
}

static int split(struct vm *vm, uint64_t pins, uint64_t more)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { pins, more } };

	return kvm_errno(vm->fd, KVM_ENABLE_CAP, &cap);
}

static int signal_msi(struct vm *vm, struct kvm_msi msi)
{
	int r = ioctl(vm->fd, KVM_SIGNAL_MSI, &msi);

	return r < 0 ? -errno : r;
}

static int get_chip(struct vm *vm, struct kvm_irqchip *chip, uint32_t id)
{
	memset(chip, 0xa5, sizeof(*chip));
	chip->chip_id = id;
	return kvm_errno(vm->fd, KVM_GET_IRQCHIP, chip);
}

static int set_chip(struct vm *vm, const struct kvm_irqchip *chip)
{
	return kvm_errno(vm->fd, KVM_SET_IRQCHIP, chip);
}

TEST(creating)
{
	struct vm *vm = vm_new();
	struct kvm_irqchip chip = {};

	EXPECT_EQ(ENXIO, irq_line(vm, GSI, 1));
	EXPECT_EQ(ENXIO, get_chip(vm, &chip, KVM_IRQCHIP_IOAPIC));
	EXPECT_EQ(ENXIO, set_chip(vm, &chip));
	EXPECT_EQ(-EINVAL, signal_msi(vm, (struct kvm_msi) { .address_lo = LAPIC_BASE }));
	EXPECT_EQ(EINVAL, split(vm, 4097, 0));
	EXPECT_EQ(EINVAL, split(vm, ~0ULL, 0));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_IRQ_LINE, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_IRQ_LINE_STATUS, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_SIGNAL_MSI, BAD_POINTER));
	EXPECT_EQ(0, kvm_errno(vm->fd, KVM_CREATE_IRQCHIP, 0));
	EXPECT_EQ(EEXIST, kvm_errno(vm->fd, KVM_CREATE_IRQCHIP, 0));
	EXPECT_EQ(EEXIST, split(vm, 24, 0));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_GET_IRQCHIP, BAD_POINTER));
	EXPECT_EQ(EFAULT, kvm_errno(vm->fd, KVM_SET_IRQCHIP, BAD_POINTER));
	EXPECT_EQ(EINVAL, get_chip(vm, &chip, 3));
	EXPECT_EQ(EINVAL, get_chip(vm, &chip, ~0u));
	chip.chip_id = 3;
	EXPECT_EQ(EINVAL, set_chip(vm, &chip));
	vm_free(vm);

	vm = vm_new();
	EXPECT_EQ(0, split(vm, 4096, 0));
	EXPECT_EQ(EEXIST, split(vm, 24, 0));
	EXPECT_EQ(EEXIST, kvm_errno(vm->fd, KVM_CREATE_IRQCHIP, 0));
	EXPECT_EQ(ENXIO, get_chip(vm, &chip, KVM_IRQCHIP_PIC_MASTER));
	vm_free(vm);

	/* A vCPU that has no LAPIC cannot be given one. */
	vm = vm_new();
	vcpu_new(vm, 0);
	EXPECT_EQ(EINVAL, kvm_errno(vm->fd, KVM_CREATE_IRQCHIP, 0));
	EXPECT_NE(0, split(vm, 24, 0));
	EXPECT_EQ(ENXIO, irq_line(vm, GSI, 1));
	vm_free(vm);
}

TEST(capabilities)
{
	struct vm *vm = vm_new();

	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_IRQCHIP));
	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_SPLIT_IRQCHIP));
	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_IRQ_INJECT_STATUS));
	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_IOAPIC_POLARITY_IGNORED));
	EXPECT_EQ(1, kvm_cap(vm->dev, KVM_CAP_SIGNAL_MSI));
	EXPECT_EQ(4096, kvm_cap(vm->dev, KVM_CAP_IRQ_ROUTING));
}

TEST(reset_state)
{
	struct vm *vm = vm_with_irqchip();
	struct kvm_irqchip chip;
	unsigned int i;

	ASSERT_EQ(0, get_chip(vm, &chip, KVM_IRQCHIP_IOAPIC));
	EXPECT_EQ(IOAPIC_BASE, chip.chip.ioapic.base_address);
	EXPECT_EQ(0, chip.chip.ioapic.id);
	EXPECT_EQ(0, chip.chip.ioapic.irr);
	for (i = 0; i < 24; i++)
		EXPECT_EQ(BIT64(16), chip.chip.ioapic.redirtbl[i].bits);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, get_chip(vm, &chip, i));
		EXPECT_EQ(0, chip.chip.pic.irr | chip.chip.pic.isr | chip.chip.pic.elcr);
		EXPECT_EQ(i ? 0xde : 0xf8, chip.chip.pic.elcr_mask);
	}
}

/* Change one byte of a good state into @value: it must be refused, and the old one stay. */
static int refuses(struct vm *vm, uint32_t id, size_t at, uint8_t value)
{
	struct kvm_irqchip before, bad, after;

	if (get_chip(vm, &before, id))
		return -1;
	bad = before;
	((uint8_t *)&bad.chip)[at] = value;
	if (set_chip(vm, &bad) != EINVAL)
		return -2;
	if (get_chip(vm, &after, id))
		return -3;
	return memcmp(&before.chip, &after.chip, sizeof(before.chip)) ? -4 : 0;
}

#define PIC(field)	offsetof(struct kvm_pic_state, field)
#define IOAPIC(field)	offsetof(struct kvm_ioapic_state, field)

TEST(impossible_state)
{
	struct vm *vm = vm_with_irqchip();

	if (kvm_is_in_tree())
		SKIP(return, "the kernel's own takes any state");
	EXPECT_EQ(0, refuses(vm, 0, PIC(priority_add), 8));
	EXPECT_EQ(0, refuses(vm, 0, PIC(irq_base), 1));
	EXPECT_EQ(0, refuses(vm, 0, PIC(read_reg_select), 2));
	EXPECT_EQ(0, refuses(vm, 0, PIC(poll), 2));
	EXPECT_EQ(0, refuses(vm, 0, PIC(special_mask), 2));
	EXPECT_EQ(0, refuses(vm, 0, PIC(init_state), 4));
	EXPECT_EQ(0, refuses(vm, 0, PIC(auto_eoi), 0x80));
	EXPECT_EQ(0, refuses(vm, 0, PIC(rotate_on_auto_eoi), 2));
	EXPECT_EQ(0, refuses(vm, 0, PIC(special_fully_nested_mode), 2));
	EXPECT_EQ(0, refuses(vm, 0, PIC(init4), 2));
	EXPECT_EQ(0, refuses(vm, 0, PIC(elcr), 0x04));
	EXPECT_EQ(0, refuses(vm, 1, PIC(elcr), 0x20));
	EXPECT_EQ(0, refuses(vm, 2, IOAPIC(base_address) + 1, 0x10));
	EXPECT_EQ(0, refuses(vm, 2, IOAPIC(base_address) + 7, 1));
	EXPECT_EQ(0, refuses(vm, 2, IOAPIC(ioregsel) + 1, 1));
	EXPECT_EQ(0, refuses(vm, 2, IOAPIC(id), 0x10));
	EXPECT_EQ(0, refuses(vm, 2, IOAPIC(irr) + 3, 1));
	EXPECT_EQ(0, refuses(vm, 2, IOAPIC(redirtbl[0]) + 1, 0x40));
	EXPECT_EQ(0, refuses(vm, 2, IOAPIC(redirtbl[23]) + 2, 2));
	EXPECT_EQ(0, refuses(vm, 2, IOAPIC(redirtbl[23]) + 6, 0x80));
}

TEST(state_there_and_back)
{
	struct vm *vm = vm_with_irqchip();
	struct kvm_irqchip set = { .chip_id = KVM_IRQCHIP_IOAPIC }, get;
	unsigned int i;

	set.chip.ioapic.base_address = IOAPIC_BASE;
	set.chip.ioapic.ioregsel = 0x21;
	set.chip.ioapic.id = 9;
	set.chip.ioapic.irr = 0x800010;
	for (i = 0; i < 24; i++)
		set.chip.ioapic.redirtbl[i].bits = 0xfe0000000001eb30ULL + i;
	ASSERT_EQ(0, set_chip(vm, &set));
	ASSERT_EQ(0, get_chip(vm, &get, KVM_IRQCHIP_IOAPIC));
	EXPECT_EQ(0, memcmp(&set.chip.ioapic, &get.chip.ioapic, sizeof(set.chip.ioapic)));

	for (i = 0; i < 2; i++) {
		set = (struct kvm_irqchip) { .chip_id = i, .chip.pic = {
			.last_irr = 0x18, .irr = 0x08, .imr = 0xf1, .isr = 0x10, .priority_add = 5,
			.irq_base = 0x70, .read_reg_select = 1, .poll = 1, .special_mask = 1,
			.init_state = 2, .auto_eoi = 1, .rotate_on_auto_eoi = 1,
			.special_fully_nested_mode = 1, .init4 = 1, .elcr = 0x08, } };
		set.chip.pic.elcr_mask = i ? 0xde : 0xf8;
		ASSERT_EQ(0, set_chip(vm, &set));
		ASSERT_EQ(0, get_chip(vm, &get, i));
		EXPECT_EQ(0, memcmp(&set.chip.pic, &get.chip.pic, sizeof(set.chip.pic)));
	}
}

TEST(line_status)
{
	struct vm *vm = vm_with_irqchip();
	struct vcpu *vcpu = vcpu_new(vm, 0);

	lapic_enable(vcpu);
	EXPECT_GT(0, irq_status(vm, 4095, 1));
	EXPECT_GT(0, irq_status(vm, ~0u, 1));
	EXPECT_EQ(0, irq_line(vm, ~0u, 1));
	/* masked */
	EXPECT_GT(0, irq_status(vm, GSI, 1));
	irq_line(vm, GSI, 0);
	ioapic_pin(vm, GSI, VECTOR, false);
	EXPECT_LT(0, irq_status(vm, GSI, 1));
	EXPECT_TRUE(lapic_pending(vcpu, VECTOR));
	irq_line(vm, GSI, 0);
	/* the next edge finds the vector pending still */
	EXPECT_EQ(0, irq_status(vm, GSI, 1));
	/* KVM_IRQ_LINE writes nothing back */
	struct kvm_irq_level line = { .irq = GSI, .level = 0 };

	kvm_do(vm->fd, KVM_IRQ_LINE, &line);
	EXPECT_EQ(GSI, line.irq);
}

TEST(interrupt_ioctl)
{
	struct kvm_interrupt irq = { .irq = 0x40 };
	struct vcpu *vcpu = vcpu_new(vm_with_irqchip(), 0);
	struct vm *vm = vm_new();

	EXPECT_EQ(ENXIO, kvm_errno(vcpu->fd, KVM_INTERRUPT, &irq));
	irq.irq = 256;
	EXPECT_EQ(EINVAL, kvm_errno(vcpu->fd, KVM_INTERRUPT, &irq));
	/* Of a split irqchip the PIC is in userspace. */
	vm_split_irqchip(vm, 24);
	vcpu = vcpu_new(vm, 0);
	irq.irq = 0x40;
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_INTERRUPT, &irq));
}

/* ---- the I/O APIC and the guest ---- */

__guest static void ioapic_registers(void)
{
	volatile uint8_t *select = (volatile uint8_t *)IOAPIC_BASE;
	volatile uint8_t *window = (volatile uint8_t *)(IOAPIC_BASE + 0x10);

	guest_sync(guest_ioapic_read(1), guest_ioapic_read(0), guest_ioapic_read(0x10 + 2 * 5));
	guest_ioapic_write(0, 0x03000000);
	guest_ioapic_write(0x10 + 2 * 5, ~0u);
	guest_ioapic_write(0x11 + 2 * 5, ~0u);
	guest_sync(guest_ioapic_read(0), guest_ioapic_read(0x10 + 2 * 5),
		   guest_ioapic_read(0x11 + 2 * 5));
	/* IOREGSEL takes a byte, the window does not. */
	*select = 0;
	*window = 0;
	*(volatile uint16_t *)window = 0;
	guest_sync(*select, *(volatile uint32_t *)window, window[3]);
	*(volatile uint64_t *)window = 0xffffffff05000000ULL;
	guest_sync(*(volatile uint32_t *)window, *(volatile uint32_t *)(IOAPIC_BASE + 0x20), 0);
	guest_done();
}

TEST(ioapic_registers_by_mmio)
{
	struct vcpu *vcpu = vcpu_new(vm_with_irqchip(), 0);
	struct ucall uc;

	vcpu_enter(vcpu, ioapic_registers);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	if (!kvm_is_in_tree())
		EXPECT_EQ(0x170020, uc.arg[0]);
	EXPECT_EQ(0, uc.arg[1]);
	EXPECT_EQ(0x10000, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x03000000, uc.arg[0]);
	EXPECT_EQ(0x1afff, uc.arg[1]);
	EXPECT_EQ(0xff, uc.arg[2] >> 24);
	if (kvm_is_in_tree())
		SKIP(return, "the kernel's own takes bytes");
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0, uc.arg[0]);
	EXPECT_EQ(0x03000000, uc.arg[1]);
	EXPECT_EQ(0, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x05000000, uc.arg[0]);
	EXPECT_EQ(0, uc.arg[1]);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

/* At each sync the host moves the line; before it, one EOI if word[0] asks for it. */
__guest static void take_interrupts(void)
{
	guest_lapic_enable();
	guest_ioapic_write(0x11 + 2 * GSI, 0);
	guest_ioapic_write(0x10 + 2 * GSI, shared->word[1]);
	__asm__ volatile("sti");
	for (;;) {
		guest_sync(shared->count[VECTOR], guest_ioapic_read(0x10 + 2 * GSI), 0);
		if (shared->word[0])
			guest_eoi();
		__asm__ volatile("nop");
	}
}

/* Interrupts that the guest has taken by its next sync but one. */
static uint64_t taken(struct vcpu *vcpu, bool eoi)
{
	struct ucall uc;

	vm_shared(vcpu->vm)->word[0] = eoi;
	if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC)
		return ~0ULL;
	vm_shared(vcpu->vm)->word[0] = 0;
	if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC)
		return ~0ULL;
	return uc.arg[0];
}

static struct vcpu *taker(uint32_t entry)
{
	struct vcpu *vcpu = vcpu_new(vm_with_irqchip(), 0);
	struct ucall uc;

	vm_shared(vcpu->vm)->word[1] = entry;
	vcpu_enter(vcpu, take_interrupts);
	if (vcpu_ucall(vcpu, &uc) != UCALL_SYNC)
		die("the guest did not begin");
	return vcpu;
}

TEST(edge)
{
	struct vcpu *vcpu = taker(VECTOR);
	struct vm *vm = vcpu->vm;

	EXPECT_EQ(0, taken(vcpu, false));
	irq_line(vm, GSI, 1);
	EXPECT_EQ(1, taken(vcpu, false));
	EXPECT_EQ(1, taken(vcpu, true));
	irq_line(vm, GSI, 1);
	EXPECT_EQ(1, taken(vcpu, false));
	irq_line(vm, GSI, 0);
	EXPECT_EQ(1, taken(vcpu, false));
	irq_line(vm, GSI, 0x80000000);
	EXPECT_EQ(2, taken(vcpu, false));
}

TEST(level_until_deasserted)
{
	struct vcpu *vcpu = taker(VECTOR | 1 << 15);
	struct kvm_irqchip chip;
	struct vm *vm = vcpu->vm;

	irq_line(vm, GSI, 1);
	EXPECT_EQ(1, taken(vcpu, false));
	ASSERT_EQ(0, get_chip(vm, &chip, KVM_IRQCHIP_IOAPIC));
	EXPECT_TRUE(chip.chip.ioapic.redirtbl[GSI].bits & BIT64(14));
	EXPECT_EQ(1, taken(vcpu, false));
	EXPECT_EQ(2, taken(vcpu, true));
	EXPECT_EQ(3, taken(vcpu, true));
	irq_line(vm, GSI, 0);
	EXPECT_EQ(3, taken(vcpu, true));
	ASSERT_EQ(0, get_chip(vm, &chip, KVM_IRQCHIP_IOAPIC));
	EXPECT_FALSE(chip.chip.ioapic.redirtbl[GSI].bits & BIT64(14));
	EXPECT_EQ(0, chip.chip.ioapic.irr);
	irq_line(vm, GSI, 1);
	EXPECT_EQ(4, taken(vcpu, false));
}

/* In service when it is saved: the restored one waits for the EOI, and then sends again. */
TEST(level_saved_in_service)
{
	struct vcpu *vcpu = taker(VECTOR | 1 << 15);
	struct kvm_irqchip chip, empty;
	struct vm *vm = vcpu->vm;

	ASSERT_EQ(0, get_chip(vm, &empty, KVM_IRQCHIP_IOAPIC));
	irq_line(vm, GSI, 1);
	EXPECT_EQ(1, taken(vcpu, false));
	ASSERT_EQ(0, get_chip(vm, &chip, KVM_IRQCHIP_IOAPIC));
	ASSERT_EQ(0, set_chip(vm, &empty));
	ASSERT_EQ(0, set_chip(vm, &chip));
	EXPECT_EQ(1, taken(vcpu, false));
	EXPECT_EQ(2, taken(vcpu, true));
	/* The line kept its level, and its source can take it back. */
	irq_line(vm, GSI, 0);
	EXPECT_EQ(2, taken(vcpu, true));
	irq_line(vm, GSI, 1);
	EXPECT_EQ(3, taken(vcpu, false));
}

__guest static void directed_eoi(void)
{
	guest_sync(*(volatile uint32_t *)(LAPIC_BASE + 0x30), 0, 0);
	/* "Suppress EOI-broadcast", SDM 11.9 */
	*(volatile uint32_t *)(LAPIC_BASE + LAPIC_SVR) = 0x11ff;
	guest_ioapic_write(0x11 + 2 * GSI, 0);
	guest_ioapic_write(0x10 + 2 * GSI, VECTOR | 1 << 15);
	__asm__ volatile("sti");
	guest_sync(0, 0, 0);
	guest_sync(shared->count[VECTOR], 0, 0);
	guest_eoi();
	__asm__ volatile("nop");
	guest_sync(shared->count[VECTOR], guest_ioapic_read(0x10 + 2 * GSI), 0);
	*(volatile uint32_t *)(IOAPIC_BASE + 0x40) = VECTOR + 1;
	__asm__ volatile("nop");
	guest_sync(shared->count[VECTOR], guest_ioapic_read(0x10 + 2 * GSI), 0);
	*(volatile uint32_t *)(IOAPIC_BASE + 0x40) = VECTOR;
	__asm__ volatile("nop");
	guest_sync(shared->count[VECTOR], 0, 0);
	guest_done();
}

TEST(eoi_by_the_ioapics_register)
{
	struct vcpu *vcpu = vcpu_new(vm_with_irqchip(), 0);
	struct ucall uc;

	if (kvm_is_in_tree())
		SKIP(return, "the kernel's own has no EOI register");
	vcpu_enter(vcpu, directed_eoi);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_TRUE(uc.arg[0] & BIT64(24));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	irq_line(vcpu->vm, GSI, 1);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_TRUE(uc.arg[1] & BIT64(14));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_TRUE(uc.arg[1] & BIT64(14));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(2, uc.arg[0]);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

TEST(masked_level_comes_when_unmasked)
{
	struct vcpu *vcpu = taker(VECTOR | 1 << 15 | 1 << 16);
	struct vm *vm = vcpu->vm;

	irq_line(vm, GSI, 1);
	EXPECT_EQ(0, taken(vcpu, false));
	ioapic_pin(vm, GSI, VECTOR, true);
	EXPECT_EQ(1, taken(vcpu, false));
}

/* A handler that ends the interrupt and leaves the device alone. */
__asm__(".pushsection guest_text, \"ax\", @progbits\n"
	"careless:\n"
	"	push %rax\n"
	"	movq $0xfee000b0, %rax\n"
	"	movl $0, (%rax)\n"
	"	incq 0x10000 + 8 * (1 + 5 + 256)\n"
	"	pop %rax\n"
	"	iretq\n"
	".popsection\n");
extern const uint8_t careless[];

__guest static void storm(void)
{
	guest_lapic_enable();
	guest_ioapic_write(0x11 + 2 * GSI, 0);
	guest_ioapic_write(0x10 + 2 * GSI, VECTOR | 1 << 15);
	guest_sync(0, 0, 0);
	__asm__ volatile("sti; nop; nop; nop; cli");
	guest_sync(shared->word[0], 0, 0);
	guest_done();
}

TEST(storm_leaves_the_guest_alive)
{
	struct vcpu *vcpu = vcpu_new(vm_with_irqchip(), 0);
	uint64_t at, gate[2];
	struct ucall uc;

	vcpu_enter(vcpu, storm);
	at = guest_addr(careless);
	gate[0] = (at & 0xffff) | (uint64_t)SEL_CODE64 << 16 | 0x8eULL << 40 |
		  (at >> 16 & 0xffff) << 48;
	gate[1] = at >> 32;
	vm_write(vcpu->vm, GUEST_IDT + 16 * VECTOR, gate, sizeof(gate));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	irq_line(vcpu->vm, GSI, 1);
	/* Without a rest between two of them, the instruction behind STI would never run. */
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_LT(100, uc.arg[0]);
	irq_line(vcpu->vm, GSI, 0);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

/* ---- the PIC pair and the guest ---- */

__guest_inline void guest_pic_init(uint8_t master_mask, uint8_t slave_mask)
{
	guest_outb(0x20, 0x11);
	guest_outb(0x21, PIC_VECTORS);
	guest_outb(0x21, 4);
	guest_outb(0x21, 1);
	guest_outb(0xa0, 0x11);
	guest_outb(0xa1, PIC_VECTORS + 8);
	guest_outb(0xa1, 2);
	guest_outb(0xa1, 1);
	guest_outb(0x21, master_mask);
	guest_outb(0xa1, slave_mask);
}

__guest static void pic_guest(void)
{
	guest_pic_init(0xf3, 0xef);		/* lines 2, 3 and 12 */
	guest_sync(guest_inb(0x21), guest_inb(0xa1), 0);
	__asm__ volatile("sti");
	guest_sync(shared->count[PIC_VECTORS + 3], shared->count[PIC_VECTORS + 12], 0);
	guest_outb(0x20, 0x0b);
	guest_sync(shared->count[PIC_VECTORS + 3], guest_inb(0x20), 0);
	guest_outb(0x20, 0x63);
	guest_sync(shared->count[PIC_VECTORS + 12], guest_inb(0x20), 0);
	guest_outb(0xa0, 0x0b);
	guest_sync(shared->count[PIC_VECTORS + 12], guest_inb(0x20), guest_inb(0xa0));
	guest_outb(0xa0, 0x20);
	guest_outb(0x20, 0x20);
	/* The chips have eight data lines: a word is two ports. */
	__asm__ volatile("outw %%ax, %%dx" : : "a" (0xab0b), "d" (0x20));
	guest_sync(guest_inb(0x20), guest_inb(0x21), 0);
	__asm__ volatile("outw %%ax, %%dx" : : "a" (0xffff), "d" (0x4d0));
	guest_sync(guest_inb(0x4d0), guest_inb(0x4d1), 0);
	guest_done();
}

TEST(pic_by_ports)
{
	struct vm *vm = vm_with_irqchip();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	vcpu_enter(vcpu, pic_guest);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0xf3, uc.arg[0]);
	EXPECT_EQ(0xef, uc.arg[1]);
	EXPECT_EQ(0, irq_line(vm, 3, 1));
	EXPECT_EQ(0, irq_line(vm, 3, 0));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_EQ(0x08, uc.arg[1]);
	/* a higher one while the first is in service, then the slave's */
	EXPECT_LT(0, irq_status(vm, 12, 1));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_EQ(0x04, uc.arg[1]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_EQ(0x04, uc.arg[1]);
	EXPECT_EQ(0x10, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0, uc.arg[0]);
	EXPECT_EQ(0xab, uc.arg[1]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0xf8, uc.arg[0]);
	EXPECT_EQ(0xde, uc.arg[1]);
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

/* ---- MSIs ---- */

TEST(msi)
{
	struct vm *vm = vm_with_irqchip();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct kvm_msi msi = { .address_lo = LAPIC_BASE, .data = VECTOR };

	lapic_enable(vcpu);
	EXPECT_EQ(1, signal_msi(vm, msi));
	EXPECT_TRUE(lapic_pending(vcpu, VECTOR));
	EXPECT_EQ(0, signal_msi(vm, msi));
	lapic_forget(vcpu);
	/* to nobody */
	msi.address_lo = LAPIC_BASE | 7 << 12;
	EXPECT_GE(0, signal_msi(vm, msi));
	EXPECT_FALSE(lapic_pending(vcpu, VECTOR));
	/* the high half does not count without KVM_CAP_X2APIC_API */
	msi.address_lo = LAPIC_BASE;
	msi.address_hi = 0x12345678;
	EXPECT_EQ(1, signal_msi(vm, msi));
	lapic_forget(vcpu);
	msi.address_hi = 0;
	msi.flags = KVM_MSI_VALID_DEVID;
	EXPECT_EQ(-EINVAL, signal_msi(vm, msi));
	msi.flags = BIT64(31);
	EXPECT_EQ(-EINVAL, signal_msi(vm, msi));
	msi.flags = 0;
	/* logical, by the flat model's id; lowest priority; broadcast */
	msi.address_lo = LAPIC_BASE | 0xff << 12;
	msi.data = VECTOR + 1;
	EXPECT_EQ(1, signal_msi(vm, msi));
	EXPECT_TRUE(lapic_pending(vcpu, VECTOR + 1));
	msi.address_lo = LAPIC_BASE;
	msi.data = (VECTOR + 2) | 1 << 8;
	EXPECT_EQ(1, signal_msi(vm, msi));
	EXPECT_TRUE(lapic_pending(vcpu, VECTOR + 2));
}

TEST(msi_with_32_bit_ids)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X2APIC_API, .args = { KVM_X2APIC_API_USE_32BIT_IDS },
	};
	struct kvm_msi msi = { .address_lo = LAPIC_BASE, .data = VECTOR };
	struct route_table table = {};
	struct vm *vm = vm_new();
	struct vcpu *vcpu;

	vm_split_irqchip(vm, 0);
	kvm_do(vm->fd, KVM_ENABLE_CAP, &cap);
	vcpu = vcpu_new(vm, 0);
	lapic_enable(vcpu);
	msi.address_hi = 1;
	EXPECT_EQ(-EINVAL, signal_msi(vm, msi));
	msi.address_hi = 0xff;
	EXPECT_EQ(-EINVAL, signal_msi(vm, msi));
	msi.address_hi = 0x100;
	EXPECT_GE(0, signal_msi(vm, msi));
	EXPECT_FALSE(lapic_pending(vcpu, VECTOR));
	msi.address_hi = 0;
	EXPECT_EQ(1, signal_msi(vm, msi));
	EXPECT_TRUE(lapic_pending(vcpu, VECTOR));
	route_msi(&table, 5, 0, VECTOR);
	EXPECT_EQ(0, route_set(vm, &table));
	table.entry[0].u.msi.address_hi = 0x80;
	EXPECT_EQ(EINVAL, route_set(vm, &table));
}

/* ---- the task priority in guest memory ---- */

__guest static void tpr_guest(void)
{
	volatile uint8_t *word = (volatile uint8_t *)GUEST_DATA;
	uint64_t cr8 = 3;

	guest_lapic_enable();
	__asm__ volatile("mov %0, %%cr8" : : "r" (cr8));
	guest_sync(0, 0, 0);
	guest_sync(word[0], word[1], word[3]);
	word[0] = 0x75;
	guest_sync(0, 0, 0);
	__asm__ volatile("mov %%cr8, %0" : "=r" (cr8));
	guest_sync(cr8, *(volatile uint32_t *)(LAPIC_BASE + 0x80), 0);
	__asm__ volatile("sti; nop");
	guest_sync(shared->count[VECTOR], 0, 0);
	/* lowered below what waits: the next exit notices */
	word[0] = 0x50;
	guest_sync(0, 0, 0);
	__asm__ volatile("nop");
	guest_sync(shared->count[VECTOR], word[1], 0);
	guest_done();
}

TEST(vapic)
{
	struct kvm_vapic_addr addr = { .vapic_addr = GUEST_DATA };
	struct vm *vm = vm_with_irqchip();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	EXPECT_EQ(EFAULT, kvm_errno(vcpu->fd, KVM_SET_VAPIC_ADDR, BAD_POINTER));
	EXPECT_EQ(EINVAL, kvm_errno(vcpu_new(vm_new(), 0)->fd, KVM_SET_VAPIC_ADDR, &addr));
	vcpu_enter(vcpu, tpr_guest);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	ASSERT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_VAPIC_ADDR, &addr));
	EXPECT_EQ(1, signal_msi(vm, (struct kvm_msi) { .address_lo = LAPIC_BASE, .data = VECTOR }));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0x30, uc.arg[0]);
	EXPECT_EQ(0, uc.arg[1]);
	EXPECT_EQ(VECTOR, uc.arg[2]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(7, uc.arg[0]);
	EXPECT_EQ(0x75, uc.arg[1]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(0, uc.arg[0]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	EXPECT_EQ(VECTOR & 0xf0, uc.arg[1]);
	/* and back to no word */
	addr.vapic_addr = 0;
	EXPECT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_VAPIC_ADDR, &addr));
	EXPECT_EQ(UCALL_DONE, vcpu_ucall(vcpu, &uc));
}

/* How often CPUs have called each other, of which the kernel has need when it patches its text. */
static unsigned long cross_calls(void)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned long sum = 0, n;
	char line[1024], *at;
	int len;

	while (file && fgets(line, sizeof(line), file)) {
		at = strstr(line, "CAL:");
		if (!at)
			continue;
		for (at += 4; sscanf(at, "%lu%n", &n, &len) == 1; at += len)
			sum += n;
	}
	if (file)
		fclose(file);
	return sum;
}

TEST(vapic_address_comes_and_goes)
{
	struct vcpu *vcpu = vcpu_new(vm_with_irqchip(), 0);
	struct kvm_vapic_addr addr = {};
	unsigned long before;
	unsigned int i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one CPU calls nobody");
	before = cross_calls();
	for (i = 0; i < 500; i++) {
		addr.vapic_addr = i % 2 ? 0 : GUEST_DATA;
		ASSERT_EQ(0, kvm_errno(vcpu->fd, KVM_SET_VAPIC_ADDR, &addr));
	}
	EXPECT_GT(250, cross_calls() - before);
}

/* ---- the split irqchip ---- */

__guest static void eoi_guest(void)
{
	guest_lapic_enable();
	__asm__ volatile("sti");
	guest_sync(1, 0, 0);
	for (;;) {
		guest_sync(shared->count[VECTOR], shared->count[VECTOR + 1], 0);
		guest_eoi();
	}
}

static void route_level_msi(struct route_table *table, uint32_t gsi, uint8_t vector)
{
	route_msi(table, gsi, 0, vector);
	table->entry[table->head.nr - 1].u.msi.data |= 3 << 14;
}

TEST(split_tells_of_eoi)
{
	struct route_table table = {};
	struct vm *vm = vm_new();
	struct vcpu *vcpu;
	struct ucall uc;

	vm_split_irqchip(vm, 24);
	route_level_msi(&table, 23, VECTOR);
	route_msi(&table, 22, 0, VECTOR + 1);
	ASSERT_EQ(0, route_set(vm, &table));
	vcpu = vcpu_new(vm, 0);
	vcpu_enter(vcpu, eoi_guest);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_LT(0, irq_status(vm, 23, 1));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[0]);
	ASSERT_EQ(KVM_EXIT_IOAPIC_EOI, vcpu_exit(vcpu));
	EXPECT_EQ(VECTOR, vcpu->run->eoi.vector);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	/* An edge is nobody's business. */
	EXPECT_LT(0, irq_status(vm, 22, 1));
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
	EXPECT_EQ(1, uc.arg[1]);
	ASSERT_EQ(UCALL_SYNC, vcpu_ucall(vcpu, &uc));
}

TEST(split_routes)
{
	struct route_table table = {};
	struct vm *vm = vm_new();

	vm_split_irqchip(vm, 24);
	route_pin(&table, 1, KVM_IRQCHIP_IOAPIC, 1);
	EXPECT_EQ(EINVAL, route_set(vm, &table));
}

TEST(route_pins)
{
	struct vm *vm = vm_with_irqchip();
	static const struct {
		uint32_t chip, pin;
		int err;
	} cases[] = {
		{ 0, 7, 0 }, { 0, 8, EINVAL }, { 1, 7, 0 }, { 1, 8, EINVAL }, { 2, 23, 0 },
		{ 2, 24, EINVAL }, { 3, 0, EINVAL }, { 2, ~0u, EINVAL }, { ~0u, 0, EINVAL },
	};
	struct route_table table;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		table = (struct route_table) {};
		route_pin(&table, 1, cases[i].chip, cases[i].pin);
		EXPECT_EQ(cases[i].err, route_set(vm, &table));
	}
}

TEST_HARNESS_MAIN
