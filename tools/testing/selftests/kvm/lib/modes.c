// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts a vCPU into each operating mode, with descriptor and page tables written in slot 0.
 *
 * Every mode maps memory one to one. The paged modes map the first 2 or 4 MiB by 4 KiB pages, so
 * that a test can change one page, and the rest of the first 4 GiB by large pages.
 */
#include "kvm_test.h"

#define CR0_PROT	(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP)
#define PAGE_BITS	(PTE_P | PTE_W | PTE_A | PTE_D)

extern const uint8_t __start_guest_text[], __stop_guest_text[];
extern const uint8_t guest_vectors[];

/* Where each table lies, from GUEST_TABLES on. */
#define TABLE(n)	(GUEST_TABLES + (n) * SZ_4K)
#define TOP_TABLE	TABLE(0)
#define PDPT		TABLE(1)
#define PAGE_DIR	TABLE(2)	/* four of them */
#define PAGE_TABLE	TABLE(6)

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool system, uint8_t size)
{
	/* size: 16, 32 or 64 bits of code; data takes 16 or 32. */
	struct kvm_segment seg = {
		.base = 0,
		.limit = size == 16 ? 0xffff : 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = size == 32,
		.l = size == 64,
		.s = !system,
		.g = size != 16,
	};

	return seg;
}

static void set_segments(struct kvm_sregs *sregs, uint16_t code, uint16_t data, uint8_t bits)
{
	struct kvm_segment ds = segment(data, 3, false, bits == 16 ? 16 : 32);

	sregs->cs = segment(code, 11, false, bits);
	sregs->ds = ds;
	sregs->es = ds;
	sregs->fs = ds;
	sregs->gs = ds;
	sregs->ss = ds;
	sregs->tr = segment(SEL_TSS, 11, true, 16);
	sregs->tr.base = GUEST_TSS;
	sregs->tr.limit = 0x67;
	sregs->ldt = segment(0, 2, true, 16);
	sregs->ldt.unusable = 1;
	sregs->ldt.present = 0;
}

static void set_descriptor_tables(struct vm *vm, struct kvm_sregs *sregs)
{
	static const uint64_t gdt[] = {
		0,
		0x00af9b000000ffff,	/* SEL_CODE64 */
		0x00cf93000000ffff,	/* SEL_DATA */
		0x00cf9b000000ffff,	/* SEL_CODE32 */
		0x00009b000000ffff,	/* SEL_CODE16 */
		0x000093000000ffff,	/* SEL_DATA16 */
		0x00008b0000000067 | GUEST_TSS << 16,
		0,
	};

	vm_write(vm, GUEST_GDT, gdt, sizeof(gdt));
	sregs->gdt.base = GUEST_GDT;
	sregs->gdt.limit = sizeof(gdt) - 1;
}

static void enter_at(struct vcpu *vcpu, uint64_t rip)
{
	struct kvm_regs regs = {
		.rip = rip,
		.rsp = GUEST_STACK - vcpu->id * 0x4000UL,
		.rflags = RFLAGS_FIXED,
	};

	vcpu_set_regs(vcpu, &regs);
}

/**
 * vcpu_mode_real() - real mode, all segments at 0
 * @vcpu: the vCPU
 * @ip: where to start
 */
void vcpu_mode_real(struct vcpu *vcpu, uint16_t ip)
{
	struct kvm_segment *segs[6];
	struct kvm_sregs sregs;
	unsigned int i;

	vcpu_sregs(vcpu, &sregs);
	segs[0] = &sregs.cs;
	segs[1] = &sregs.ds;
	segs[2] = &sregs.es;
	segs[3] = &sregs.fs;
	segs[4] = &sregs.gs;
	segs[5] = &sregs.ss;
	for (i = 0; i < 6; i++) {
		segs[i]->base = 0;
		segs[i]->selector = 0;
	}
	vcpu_set_sregs(vcpu, &sregs);
	enter_at(vcpu, ip);
	/* The stack pointer must fit 16 bits. */
	kvm_do(vcpu->fd, KVM_SET_REGS, (&(struct kvm_regs){
		.rip = ip, .rsp = 0x7000, .rflags = RFLAGS_FIXED }));
}

static void mode_prot(struct vcpu *vcpu, uint32_t ip, uint64_t cr0, uint64_t cr4, uint8_t bits)
{
	struct kvm_sregs sregs;

	vcpu_sregs(vcpu, &sregs);
	set_descriptor_tables(vcpu->vm, &sregs);
	if (bits == 16)
		set_segments(&sregs, SEL_CODE16, SEL_DATA16, 16);
	else
		set_segments(&sregs, SEL_CODE32, SEL_DATA, 32);
	sregs.cr0 = cr0;
	sregs.cr3 = TOP_TABLE;
	sregs.cr4 = cr4;
	sregs.efer = 0;
	vcpu_set_sregs(vcpu, &sregs);
	enter_at(vcpu, ip);
}

/**
 * vcpu_mode_prot16() - 16-bit protected mode, paging off
 * @vcpu: the vCPU
 * @ip: where to start, below 64 KiB
 */
void vcpu_mode_prot16(struct vcpu *vcpu, uint32_t ip)
{
	struct kvm_regs regs;

	mode_prot(vcpu, ip, CR0_PROT, 0, 16);
	vcpu_regs(vcpu, &regs);
	regs.rsp = 0x7000;
	vcpu_set_regs(vcpu, &regs);
}

/**
 * vcpu_mode_prot32() - 32-bit protected mode, paging off
 * @vcpu: the vCPU
 * @ip: where to start
 */
void vcpu_mode_prot32(struct vcpu *vcpu, uint32_t ip)
{
	mode_prot(vcpu, ip, CR0_PROT, 0, 32);
}

/* The first entry of a directory leads to a table of 4 KiB pages. */
static void fill_small_pages32(struct vm *vm)
{
	uint32_t *table = (uint32_t *)(vm->mem + PAGE_TABLE);
	uint32_t i;

	for (i = 0; i < 1024; i++)
		table[i] = i << 12 | PAGE_BITS;
}

static void fill_small_pages64(struct vm *vm)
{
	uint64_t *table = (uint64_t *)(vm->mem + PAGE_TABLE);
	uint64_t i;

	for (i = 0; i < 512; i++)
		table[i] = i << 12 | PAGE_BITS;
}

/* Four directories of 2 MiB pages: the first 4 GiB. PAE and long mode use the same ones. */
static void fill_directories64(struct vm *vm)
{
	uint64_t *dir = (uint64_t *)(vm->mem + PAGE_DIR);
	uint64_t i;

	fill_small_pages64(vm);
	for (i = 0; i < 4 * 512; i++)
		dir[i] = i << 21 | PAGE_BITS | PTE_PS;
	dir[0] = PAGE_TABLE | PTE_P | PTE_W | PTE_A;
}

/**
 * vcpu_mode_paging32() - 32-bit paging with 4 KiB and 4 MiB pages (APM2 5.2.1)
 * @vcpu: the vCPU
 * @ip: where to start
 */
void vcpu_mode_paging32(struct vcpu *vcpu, uint32_t ip)
{
	uint32_t *dir = (uint32_t *)(vcpu->vm->mem + TOP_TABLE);
	uint32_t i;

	fill_small_pages32(vcpu->vm);
	for (i = 0; i < 1024; i++)
		dir[i] = i << 22 | PAGE_BITS | PTE_PS;
	dir[0] = PAGE_TABLE | PTE_P | PTE_W | PTE_A;
	mode_prot(vcpu, ip, CR0_PROT | CR0_PG, CR4_PSE, 32);
}

/**
 * vcpu_mode_pae() - PAE paging (APM2 5.2.3)
 * @vcpu: the vCPU
 * @ip: where to start
 */
void vcpu_mode_pae(struct vcpu *vcpu, uint32_t ip)
{
	uint64_t *pdpt = (uint64_t *)(vcpu->vm->mem + TOP_TABLE);
	uint64_t i;

	fill_directories64(vcpu->vm);
	/* In a PAE page-directory-pointer entry only P, PWT and PCD may be set. */
	for (i = 0; i < 4; i++)
		pdpt[i] = (PAGE_DIR + i * SZ_4K) | PTE_P;
	mode_prot(vcpu, ip, CR0_PROT | CR0_PG, CR4_PAE, 32);
}

static void fill_long_tables(struct vm *vm)
{
	uint64_t *pml5 = (uint64_t *)(vm->mem + GUEST_PML5);
	uint64_t *pml4 = (uint64_t *)(vm->mem + TOP_TABLE);
	uint64_t *pdpt = (uint64_t *)(vm->mem + PDPT);
	uint64_t i;

	fill_directories64(vm);
	for (i = 0; i < 4; i++)
		pdpt[i] = (PAGE_DIR + i * SZ_4K) | PTE_P | PTE_W | PTE_A;
	pml4[0] = PDPT | PTE_P | PTE_W | PTE_A;
	pml5[0] = TOP_TABLE | PTE_P | PTE_W | PTE_A;
}

static void fill_idt(struct vm *vm)
{
	struct gate {
		uint16_t offset_low, selector;
		uint8_t ist, type;
		uint16_t offset_mid;
		uint32_t offset_high, zero;
	} *idt = (struct gate *)(vm->mem + GUEST_IDT);
	unsigned int i;

	for (i = 0; i < 256; i++) {
		/* The stubs are 16 bytes apart; present, DPL 0, interrupt gate. */
		uint64_t at = guest_addr(guest_vectors) + 16 * i;

		idt[i] = (struct gate){
			.offset_low = (uint16_t)at,
			.selector = SEL_CODE64,
			.type = 0x8e,
			.offset_mid = (uint16_t)(at >> 16),
			.offset_high = (uint32_t)(at >> 32),
		};
	}
}

static void mode_long(struct vcpu *vcpu, uint64_t rip, uint64_t cr3, uint64_t cr4)
{
	struct vm *vm = vcpu->vm;
	struct kvm_sregs sregs;

	vm_write(vm, GUEST_TEXT, __start_guest_text,
		 (size_t)(__stop_guest_text - __start_guest_text));
	vm_shared(vm)->trap.vector = ~0ULL;
	fill_long_tables(vm);
	fill_idt(vm);
	vcpu_sregs(vcpu, &sregs);
	set_descriptor_tables(vm, &sregs);
	set_segments(&sregs, SEL_CODE64, SEL_DATA, 64);
	sregs.idt.base = GUEST_IDT;
	sregs.idt.limit = 256 * 16 - 1;
	sregs.cr0 = CR0_PROT | CR0_PG;
	sregs.cr3 = cr3;
	sregs.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | cr4;
	sregs.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	vcpu_set_sregs(vcpu, &sregs);
	enter_at(vcpu, rip);
}

/**
 * vcpu_mode_long() - long mode with 4 levels, the library's IDT and the guest_text section
 * @vcpu: the vCPU
 * @rip: where to start
 */
void vcpu_mode_long(struct vcpu *vcpu, uint64_t rip)
{
	mode_long(vcpu, rip, TOP_TABLE, 0);
}

static bool has_la57(void)
{
	struct kvm_cpuid_entry2 *leaf = cpuid_find(supported_cpuid(), 7, 0);

	return leaf && leaf->ecx & BIT64(16);
}

/**
 * vcpu_mode_long5() - as vcpu_mode_long(), with 5 levels
 * @vcpu: the vCPU
 * @rip: where to start
 *
 * Return: false if the supported CPUID has no LA57 (7.0:ECX[16]).
 */
bool vcpu_mode_long5(struct vcpu *vcpu, uint64_t rip)
{
	if (!has_la57())
		return false;
	mode_long(vcpu, rip, GUEST_PML5, CR4_LA57);
	return true;
}

/**
 * vcpu_five_levels() - after vcpu_enter(): a fifth level above the four
 * @vcpu: the vCPU
 *
 * Return: false if the supported CPUID has no LA57.
 */
bool vcpu_five_levels(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	if (!has_la57())
		return false;
	vcpu_sregs(vcpu, &sregs);
	sregs.cr3 = GUEST_PML5;
	sregs.cr4 |= CR4_LA57;
	vcpu_set_sregs(vcpu, &sregs);
	return true;
}

/**
 * guest_addr() - the guest address of a function marked __guest
 * @fn: the function
 *
 * Return: where vcpu_mode_long() put it.
 */
uint64_t guest_addr(const void *fn)
{
	return GUEST_TEXT + (uint64_t)((const uint8_t *)fn - __start_guest_text);
}

/**
 * vcpu_enter() - long mode, ready to run a guest function
 * @vcpu: the vCPU
 * @fn: marked __guest; must not return
 */
void vcpu_enter(struct vcpu *vcpu, void (*fn)(void))
{
	struct kvm_regs regs;

	vcpu_mode_long(vcpu, guest_addr((const void *)fn));
	vcpu_regs(vcpu, &regs);
	/* The ABI has the stack 8 bytes off a multiple of 16 at a function's first instruction. */
	regs.rsp -= 8;
	vcpu_set_regs(vcpu, &regs);
}

/**
 * vcpu_enter_spinner() - vcpu_enter() for a function that runs long without an exit
 * @vcpu: the vCPU
 * @fn: marked __guest; must not return
 *
 * Bochs masks the host's interrupts too while a guest has RFLAGS.IF clear (SDM 26.2 and APM2
 * 15.21.1 exclude that), so that there nothing would ever end the spinning.
 */
void vcpu_enter_spinner(struct vcpu *vcpu, void (*fn)(void))
{
	struct kvm_regs regs;

	vcpu_enter(vcpu, fn);
	if (!host_is("bochs"))
		return;
	vcpu_regs(vcpu, &regs);
	regs.rflags |= RFLAGS_IF;
	vcpu_set_regs(vcpu, &regs);
}

/**
 * vm_pte() - the 64-bit page-table entry of an address in the first 2 MiB
 * @vm: the VM, with a vCPU in PAE or long mode
 * @gva: guest address
 *
 * Return: pointer to the entry.
 */
uint64_t *vm_pte(struct vm *vm, uint64_t gva)
{
	return (uint64_t *)(vm->mem + PAGE_TABLE) + gva / SZ_4K;
}
