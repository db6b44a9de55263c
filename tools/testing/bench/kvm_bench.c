// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cost of each kind of exit, in ticks of the time stamp counter. On the counting test
 * host one tick is one executed instruction, guest loop and this program included.
 *
 * Each case makes a VM of its own with a flat 32-bit guest, runs a fixed number of
 * operations in each of a few batches and prints, tab separated:
 *	name	minimum	median	operations per batch
 * per operation, or "-" and the reason where the modules do not offer the case. A case's name as
 * the argument runs that one for ever, for tools/testing/bench/profile to look at; --short runs
 * the exits alone, not what is done to memory and to VMs.
 * Run by tools/testing/bench/run; any machine with /dev/kvm will do, but counts exactly
 * only there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#define BATCHES		15
#define PAGE		4096u
#define CODE_GPA	0x1000u
#define FRESH_GPA	0x1000000u
#define MEMORY		(96u << 20)
#define SLOT_GPA	0x40000000u
#define SLOT_SIZE	(64u << 20)
#define HUGE_PAGE	(2u << 20)
#define GIB		(1ul << 30)
#define MMIO_GPA	0xe0000000u
#define OTHER_MMIO_GPA	0x20000000u
#define USER_PORT	0x10
#define RING_PORT	0x20
#define DONE_PORT	0xf4
#define MSR_TSC_ADJUST	0x3b
#define GDT_GPA		0x2000u
#define IDT_GPA		0x3000u
#define STACK_GPA	0x8000u
#define VECTOR		0x41
#define MAX_CPUID	256

/*
 * The coalesced ring has (4096 - 8) / 24 entries. Half of that is what in-tree takes before
 * it turns to userspace, so a batch stays below.
 */
#define RING_ENTRIES	170
#define RING_BATCH	80

#define HUGE_POOL(kib)	"/sys/kernel/mm/hugepages/hugepages-" kib "kB/nr_hugepages"

struct vm {
	int fd;
	int vcpu;
	struct kvm_run *run;
	uint8_t *memory;
};

struct guest_code {
	const uint8_t *start;
	const uint8_t *end;
};

static int kvm;
static size_t run_size;
static double done_cost;
static const char *only;

/*
 * Guest programs. ESI counts, EBX is an address, EDX a port; all but the endless ones
 * end with a write to DONE_PORT.
 */
#define GUEST(name, body)						\
	asm(".pushsection .rodata\n.code32\n.balign 64\n"		\
	    "guest_" #name ":\n" body "guest_" #name "_end:\n"		\
	    ".code64\n.popsection\n");					\
	extern const uint8_t guest_##name[], guest_##name##_end[]

#define CODE(name)	((struct guest_code){ guest_##name, guest_##name##_end })
#define COUNTED(body)	"1:\n" body "decl %esi\njnz 1b\noutb %al, $0xf4\n"
#define ENDLESS(body)	"1:\n" body "jmp 1b\n"

GUEST(cpuid, COUNTED("xorl %eax, %eax\ncpuid\n"));
GUEST(rdmsr, COUNTED("movl $0x3b, %ecx\nrdmsr\n"));
GUEST(wrmsr, COUNTED("movl $0x3b, %ecx\nxorl %eax, %eax\nxorl %edx, %edx\nwrmsr\n"));
GUEST(out_counted, COUNTED("outb %al, %dx\n"));
GUEST(store_counted, COUNTED("movl %eax, (%ebx)\n"));
GUEST(touch, COUNTED("movb %al, (%ebx)\naddl $4096, %ebx\n"));
GUEST(touch_huge, COUNTED("movb %al, (%ebx)\naddl $0x200000, %ebx\n"));
GUEST(store_two, "movl $0x20000000, %ecx\n"
		 COUNTED("movl %eax, (%ebx)\nmovl %eax, (%ecx)\n"));
GUEST(in, ENDLESS("inb %dx, %al\n"));
GUEST(out, ENDLESS("outb %al, %dx\n"));
GUEST(load, ENDLESS("movl (%ebx), %eax\n"));
GUEST(store, ENDLESS("movl %eax, (%ebx)\n"));
GUEST(hlt, ENDLESS("hlt\n"));

/*
 * Interrupts through a local APIC in the kernel: the guest asks for one, takes it at once by the
 * handler at HANDLER_AT, and writes EOI.
 */
#define APIC_ON		"movl $0x80f, %ecx\nmovl $0x1ff, %eax\nxorl %edx, %edx\nwrmsr\n"	\
			"movl $0x832, %ecx\nmovl $0x40041, %eax\nwrmsr\nsti\n"
#define HANDLER_AT	64
#define HANDLER		"jmp 3f\n.balign 64\n"						\
			"movl $0x80b, %ecx\nxorl %eax, %eax\nxorl %edx, %edx\nwrmsr\niret\n3:\n"
#define INTERRUPTS(ask)	HANDLER APIC_ON COUNTED(ask)

GUEST(self_ipi, INTERRUPTS("movl $0x83f, %ecx\nmovl $0x41, %eax\nwrmsr\n"));
GUEST(icr, INTERRUPTS("movl $0x830, %ecx\nmovl $0x4041, %eax\nwrmsr\n"));
GUEST(deadline, INTERRUPTS("movl $0x6e0, %ecx\nmovl $1, %eax\nwrmsr\n"));
GUEST(arm, APIC_ON COUNTED("movl $0x6e0, %ecx\nmovl $-1, %eax\nmovl %eax, %edx\nwrmsr\n"));

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list args;
	int error = errno;

	va_start(args, fmt);
	fprintf(stderr, "kvm_bench: ");
	vfprintf(stderr, fmt, args);
	fprintf(stderr, ": %s\n", strerror(error));
	va_end(args);
	exit(1);
}

static bool wanted(const char *name)
{
	return !only || !strcmp(only, name);
}

/* The fences keep the measured instructions between the two reads (SDM, RDTSC). */
static inline uint64_t ticks(void)
{
	uint32_t low, high;

	asm volatile("lfence\nrdtsc\nlfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_result(const char *name, double *cost, unsigned int count)
{
	qsort(cost, BATCHES, sizeof(*cost), compare);
	printf("%s\t%.0f\t%.0f\t%u\n", name, cost[0], cost[BATCHES / 2], count);
	fflush(stdout);
}

static void print_skip(const char *name, const char *reason)
{
	printf("%s\t-\t-\t%s\n", name, reason);
	fflush(stdout);
}

/* Flat protected mode without paging: the plainest mode with a 4 GiB address space. */
static void set_flat_mode(struct vm *vm)
{
	struct kvm_segment code = { .limit = 0xffffffff, .selector = 8, .type = 11,
				    .present = 1, .db = 1, .s = 1, .g = 1 };
	struct kvm_segment data = code;
	struct kvm_sregs sregs;

	data.type = 3;
	data.selector = 16;
	if (ioctl(vm->vcpu, KVM_GET_SREGS, &sregs))
		die("KVM_GET_SREGS");
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 |= 1;
	if (ioctl(vm->vcpu, KVM_SET_SREGS, &sregs))
		die("KVM_SET_SREGS");
}

/* Give the guest what the modules offer: some MSRs exist only with their CPUID bit. */
static void set_cpuid(struct vm *vm, bool apic)
{
	unsigned int i;
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) +
					  MAX_CPUID * sizeof(cpuid->entries[0]));

	if (!cpuid)
		die("calloc");
	cpuid->nent = MAX_CPUID;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid))
		die("KVM_GET_SUPPORTED_CPUID");
	/* TSC deadline: given to those who have an APIC in the kernel. */
	for (i = 0; i < cpuid->nent && apic; i++) {
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= 1u << 24;
	}
	if (ioctl(vm->vcpu, KVM_SET_CPUID2, cpuid))
		die("KVM_SET_CPUID2");
	free(cpuid);
}

/* A GDT and an IDT with one gate, for a guest that takes interrupts in x2APIC mode. */
static void set_interrupt_mode(struct vm *vm)
{
	const uint64_t gdt[] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff };
	const uint32_t handler = CODE_GPA + HANDLER_AT;
	const uint64_t gate = (handler & 0xffff) | 8 << 16 | 0x8e0000000000 |
			      (uint64_t)(handler >> 16) << 48;
	struct kvm_sregs sregs;

	memcpy(vm->memory + GDT_GPA, gdt, sizeof(gdt));
	memcpy(vm->memory + IDT_GPA + VECTOR * 8, &gate, sizeof(gate));
	if (ioctl(vm->vcpu, KVM_GET_SREGS, &sregs))
		die("KVM_GET_SREGS");
	sregs.gdt.base = GDT_GPA;
	sregs.gdt.limit = sizeof(gdt) - 1;
	sregs.idt.base = IDT_GPA;
	sregs.idt.limit = 0x7ff;
	sregs.apic_base |= 0xc00;
	if (ioctl(vm->vcpu, KVM_SET_SREGS, &sregs))
		die("KVM_SET_SREGS");
}

/* False: there is no APIC in the kernel. */
static bool vm_create_with(struct vm *vm, bool apic)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_userspace_memory_region slot = { .memory_size = MEMORY };

	vm->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->memory == MAP_FAILED)
		die("mmap of guest memory");
	/* Huge pages would turn 512 first touches into one. */
	if (madvise(vm->memory, MEMORY, MADV_NOHUGEPAGE))
		die("MADV_NOHUGEPAGE");
	vm->fd = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die("KVM_CREATE_VM");
	slot.userspace_addr = (uintptr_t)vm->memory;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot))
		die("KVM_SET_USER_MEMORY_REGION");
	if (apic && ioctl(vm->fd, KVM_ENABLE_CAP, &split)) {
		close(vm->fd);
		munmap(vm->memory, MEMORY);
		return false;
	}
	vm->vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	if (vm->vcpu < 0)
		die("KVM_CREATE_VCPU");
	vm->run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		die("mmap of kvm_run");
	set_cpuid(vm, apic);
	set_flat_mode(vm);
	if (apic)
		set_interrupt_mode(vm);
	return true;
}

static void vm_create(struct vm *vm)
{
	vm_create_with(vm, false);
}

static void vm_destroy(struct vm *vm)
{
	munmap(vm->run, run_size);
	close(vm->vcpu);
	close(vm->fd);
	munmap(vm->memory, MEMORY);
}

static void vm_load(struct vm *vm, struct guest_code code)
{
	memcpy(vm->memory + CODE_GPA, code.start, code.end - code.start);
}

static void vm_set_regs(struct vm *vm, uint32_t count, uint32_t address, uint32_t port)
{
	struct kvm_regs regs = { .rip = CODE_GPA, .rflags = 2, .rsi = count,
				 .rbx = address, .rdx = port,
				 .rsp = STACK_GPA };

	if (ioctl(vm->vcpu, KVM_SET_REGS, &regs))
		die("KVM_SET_REGS");
}

/* Run to the write to DONE_PORT. False when the guest died of the operation instead. */
static bool run_counted(struct vm *vm, uint64_t *spent)
{
	uint64_t start = ticks();
	int ret = ioctl(vm->vcpu, KVM_RUN, 0);

	*spent = ticks() - start;
	if (ret)
		die("KVM_RUN");
	return vm->run->exit_reason == KVM_EXIT_IO && vm->run->io.port == DONE_PORT;
}

/* An operation that the kernel answers: a guest loop of count of them in one KVM_RUN. */
static void bench_counted_with(const char *name, struct guest_code code, uint32_t count, bool apic)
{
	double cost[BATCHES];
	uint64_t spent;
	struct vm vm;
	int i;

	if (!wanted(name))
		return;
	if (!vm_create_with(&vm, apic)) {
		print_skip(name, "no such capability");
		return;
	}
	vm_load(&vm, code);
	for (i = 0; i < BATCHES; i++) {
		vm_set_regs(&vm, count, 0, 0);
		if (!run_counted(&vm, &spent))
			break;
		cost[i] = (spent - done_cost) / count;
	}
	if (i == BATCHES)
		print_result(name, cost, count);
	else
		print_skip(name, "the guest may not do it here");
	vm_destroy(&vm);
}

static void bench_counted(const char *name, struct guest_code code, uint32_t count)
{
	bench_counted_with(name, code, count, false);
}

/* An exit that this program answers: one KVM_RUN each. Returns the least cost. */
static double bench_user(const char *name, struct guest_code code, uint32_t count,
			 uint32_t reason)
{
	double cost[BATCHES];
	uint64_t start;
	struct vm vm;
	uint32_t n;
	int i;

	if (!wanted(name))
		return 0;
	vm_create(&vm);
	vm_load(&vm, code);
	vm_set_regs(&vm, 0, MMIO_GPA, USER_PORT);
	for (i = 0; i < BATCHES; i++) {
		start = ticks();
		for (n = 0; n < count; n++) {
			if (ioctl(vm.vcpu, KVM_RUN, 0))
				die("KVM_RUN");
			if (vm.run->exit_reason != reason)
				break;
		}
		cost[i] = (double)(ticks() - start) / count;
		if (n < count)
			break;
	}
	if (i == BATCHES)
		print_result(name, cost, count);
	else
		print_skip(name, "unexpected exit");
	vm_destroy(&vm);
	return i == BATCHES ? cost[0] : 0;
}

/* A write that the kernel's coalescing device takes; the ring is emptied between batches. */
static void bench_coalesced(const char *name, struct guest_code code, bool pio)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = pio ? RING_PORT : MMIO_GPA,
						.size = 4, .pio = pio };
	struct kvm_coalesced_mmio_ring *ring;
	double cost[BATCHES];
	uint64_t spent;
	struct vm vm;
	int page, i;

	if (!wanted(name))
		return;
	page = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
	if (page <= 0 || (pio && ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_PIO) <= 0)) {
		print_skip(name, "no such capability");
		return;
	}
	vm_create(&vm);
	if (ioctl(vm.fd, KVM_REGISTER_COALESCED_MMIO, &zone))
		die("KVM_REGISTER_COALESCED_MMIO");
	ring = (void *)((uint8_t *)vm.run + page * PAGE);
	vm_load(&vm, code);
	for (i = 0; i < BATCHES; i++) {
		vm_set_regs(&vm, RING_BATCH, MMIO_GPA, RING_PORT);
		if (!run_counted(&vm, &spent))
			break;
		if ((ring->last + RING_ENTRIES - ring->first) % RING_ENTRIES != RING_BATCH)
			break;
		ring->first = ring->last;
		cost[i] = (spent - done_cost) / RING_BATCH;
	}
	if (i == BATCHES)
		print_result(name, cost, RING_BATCH);
	else
		print_skip(name, "writes did not reach the ring");
	vm_destroy(&vm);
}

/* A write that signals an eventfd; @len 0: of any length. */
static void bench_ioeventfd(const char *name, struct guest_code code, uint32_t len, uint32_t flags)
{
	const uint32_t count = 1000;
	struct kvm_ioeventfd io = {
		.addr = flags & KVM_IOEVENTFD_FLAG_PIO ? RING_PORT : MMIO_GPA,
		.len = len, .flags = flags, .fd = eventfd(0, EFD_NONBLOCK),
	};
	double cost[BATCHES];
	uint64_t spent, seen;
	struct vm vm;
	int i;

	if (!wanted(name)) {
		close(io.fd);
		return;
	}
	vm_create(&vm);
	if (ioctl(vm.fd, KVM_IOEVENTFD, &io)) {
		print_skip(name, "no KVM_IOEVENTFD");
		goto out;
	}
	vm_load(&vm, code);
	for (i = 0; i < BATCHES; i++) {
		vm_set_regs(&vm, count, MMIO_GPA, RING_PORT);
		if (!run_counted(&vm, &spent) || read(io.fd, &seen, 8) != 8 || seen != count)
			break;
		cost[i] = (spent - done_cost) / count;
	}
	if (i == BATCHES)
		print_result(name, cost, count);
	else
		print_skip(name, "writes did not signal");
out:
	close(io.fd);
	vm_destroy(&vm);
}

/* write() to an eventfd that sends a message to a vCPU which does not run. */
static void bench_irqfd(const char *name)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry;
	} table = {
		.head.nr = 1,
		.entry = { .gsi = 5, .type = KVM_IRQ_ROUTING_MSI,
			   .u.msi = { .address_lo = 0xfee00000, .data = 0x51 } },
	};
	struct kvm_irqfd irqfd = { .gsi = 5, .fd = eventfd(0, EFD_NONBLOCK) };
	int vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu = -1, i;
	const uint32_t count = 1000;
	struct kvm_lapic_state lapic;
	double cost[BATCHES];
	uint64_t start, one = 1;
	uint32_t n;

	if (!wanted(name))
		goto out;
	if (vm < 0 || ioctl(vm, KVM_CREATE_IRQCHIP, 0) ||
	    ioctl(vm, KVM_SET_GSI_ROUTING, &table) || ioctl(vm, KVM_IRQFD, &irqfd)) {
		print_skip(name, "no KVM_IRQFD");
		goto out;
	}
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0 || ioctl(vcpu, KVM_GET_LAPIC, &lapic))
		die("KVM_GET_LAPIC");
	/* Enabled, by the spurious-interrupt vector register (SDM 11.9). */
	lapic.regs[0xf1] = 1;
	if (ioctl(vcpu, KVM_SET_LAPIC, &lapic))
		die("KVM_SET_LAPIC");
	for (i = 0; i < BATCHES; i++) {
		start = ticks();
		for (n = 0; n < count; n++) {
			if (write(irqfd.fd, &one, sizeof(one)) != sizeof(one))
				die("write to an eventfd");
		}
		cost[i] = (double)(ticks() - start) / count;
	}
	print_result(name, cost, count);
out:
	close(irqfd.fd);
	close(vcpu);
	close(vm);
}

/* First touches of pages that userspace has (present) or has not yet touched. */
static void bench_touch(const char *name, bool present)
{
	const uint32_t count = 512;
	double cost[BATCHES];
	uint64_t spent;
	struct vm vm;
	int i;

	if (!wanted(name))
		return;
	vm_create(&vm);
	vm_load(&vm, CODE(touch));
	if (present)
		memset(vm.memory, 0, MEMORY);
	vm_load(&vm, CODE(touch));
	for (i = 0; i < BATCHES; i++) {
		vm_set_regs(&vm, count, FRESH_GPA + i * count * PAGE, 0);
		if (!run_counted(&vm, &spent))
			die("%s: unexpected exit %u", name, vm.run->exit_reason);
		cost[i] = (spent - done_cost) / count;
	}
	print_result(name, cost, count);
	vm_destroy(&vm);
}

/* Slot 1 at SLOT_GPA; a size of 0 deletes it. */
static void set_slot(struct vm *vm, uint32_t flags, uint32_t size, void *memory)
{
	struct kvm_userspace_memory_region slot = {
		.slot = 1, .flags = flags, .guest_phys_addr = SLOT_GPA, .memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot))
		die("KVM_SET_USER_MEMORY_REGION");
}

/* SLOT_SIZE bytes that the host has mapped, with huge pages or without. */
static uint8_t *slot_memory(int advice)
{
	uint8_t *at = mmap(NULL, SLOT_SIZE + HUGE_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		die("mmap of a slot");
	at += -(uintptr_t)at & (HUGE_PAGE - 1);
	if (madvise(at, SLOT_SIZE, advice))
		die("madvise");
	memset(at, 1, SLOT_SIZE);
	return at;
}

/* Devices in two holes between slots, in turn. */
static void bench_two_devices(const char *name)
{
	const uint32_t count = 1000;
	struct kvm_ioeventfd io = { .addr = MMIO_GPA, .len = 4, .fd = eventfd(0, EFD_NONBLOCK) };
	double cost[BATCHES];
	uint64_t spent, seen;
	struct vm vm;
	int i;

	if (!wanted(name))
		return;
	vm_create(&vm);
	set_slot(&vm, 0, SLOT_SIZE, slot_memory(MADV_NOHUGEPAGE));
	if (ioctl(vm.fd, KVM_IOEVENTFD, &io))
		die("KVM_IOEVENTFD");
	io.addr = OTHER_MMIO_GPA;
	if (ioctl(vm.fd, KVM_IOEVENTFD, &io))
		die("KVM_IOEVENTFD");
	vm_load(&vm, CODE(store_two));
	for (i = 0; i < BATCHES; i++) {
		vm_set_regs(&vm, count, MMIO_GPA, 0);
		if (!run_counted(&vm, &spent) || read(io.fd, &seen, 8) != 8 || seen != 2 * count)
			die("%s: lost writes", name);
		cost[i] = (spent - done_cost) / (2 * count);
	}
	print_result(name, cost, count);
	close(io.fd);
	vm_destroy(&vm);
}

/* First touches of huge pages that userspace has: two a batch. */
static void bench_touch_huge(const char *name)
{
	double cost[BATCHES];
	uint64_t spent;
	struct vm vm;
	int i;

	if (!wanted(name))
		return;
	vm_create(&vm);
	vm_load(&vm, CODE(touch_huge));
	set_slot(&vm, 0, SLOT_SIZE, slot_memory(MADV_HUGEPAGE));
	for (i = 0; i < BATCHES; i++) {
		vm_set_regs(&vm, 2, SLOT_GPA + i * 2 * HUGE_PAGE, 0);
		if (!run_counted(&vm, &spent))
			die("%s: unexpected exit %u", name, vm.run->exit_reason);
		cost[i] = (spent - done_cost) / 2;
	}
	print_result(name, cost, 2);
	vm_destroy(&vm);
}

/* Write pages of a slot that logs them and fetch the log: what a round of migration costs. */
static void bench_dirty_log(const char *name)
{
	const uint32_t count = 4096;
	static uint64_t bitmap[SLOT_SIZE / PAGE / 64];
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bitmap };
	double cost[BATCHES];
	uint64_t start, spent;
	struct vm vm;
	int i;

	if (!wanted(name))
		return;
	vm_create(&vm);
	vm_load(&vm, CODE(touch));
	set_slot(&vm, KVM_MEM_LOG_DIRTY_PAGES, count * PAGE, slot_memory(MADV_NOHUGEPAGE));
	/* The first round maps the pages. */
	for (i = -1; i < BATCHES; i++) {
		vm_set_regs(&vm, count, SLOT_GPA, 0);
		if (!run_counted(&vm, &spent))
			die("%s: unexpected exit %u", name, vm.run->exit_reason);
		start = ticks();
		if (ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log))
			die("KVM_GET_DIRTY_LOG");
		spent += ticks() - start;
		if (bitmap[0] != ~0ull || bitmap[count / 64 - 1] != ~0ull)
			die("%s: a page is missing", name);
		if (i >= 0)
			cost[i] = (spent - done_cost) / count;
	}
	print_result(name, cost, count);
	vm_destroy(&vm);
}

/* A slot comes, its pages are touched, its log is turned on, it goes. */
static void bench_memslot(const char *add, const char *flags, const char *remove)
{
	double add_cost[BATCHES], flags_cost[BATCHES], remove_cost[BATCHES];
	uint8_t *memory;
	uint64_t start, added, logged, spent;
	struct vm vm;
	int i;

	if (!wanted(add))
		return;
	memory = slot_memory(MADV_NOHUGEPAGE);
	vm_create(&vm);
	vm_load(&vm, CODE(touch));
	for (i = 0; i < BATCHES; i++) {
		start = ticks();
		set_slot(&vm, 0, SLOT_SIZE, memory);
		added = ticks();
		add_cost[i] = added - start;
		vm_set_regs(&vm, 512, SLOT_GPA, 0);
		if (!run_counted(&vm, &spent))
			die("%s: unexpected exit %u", add, vm.run->exit_reason);
		start = ticks();
		set_slot(&vm, KVM_MEM_LOG_DIRTY_PAGES, SLOT_SIZE, memory);
		logged = ticks();
		flags_cost[i] = logged - start;
		set_slot(&vm, 0, 0, NULL);
		remove_cost[i] = ticks() - logged;
	}
	print_result(add, add_cost, 1);
	print_result(flags, flags_cost, 1);
	print_result(remove, remove_cost, 1);
	vm_destroy(&vm);
}

/* What all page tables of VMs take, as the kernel counts them; -1: it does not. */
static long table_bytes(void)
{
	FILE *file;
	char line[128];
	long kib = -1;
	int refresh;

	/* The counters of single CPUs are added up first. */
	refresh = open("/proc/sys/vm/stat_refresh", O_WRONLY);
	if (refresh < 0 || write(refresh, "1", 1) != 1)
		return -1;
	close(refresh);
	file = fopen("/proc/meminfo", "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SecPageTables: %ld", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib < 0 ? -1 : kib * 1024;
}

/* @total bytes of addresses, all the same few pages of @size bytes; NULL: there are none. */
static void *same_pages(uint64_t total, uint64_t size, const char *pool)
{
	const uint64_t chunk = size == PAGE ? HUGE_PAGE : size;
	uint8_t *at;
	uint64_t i;
	int fd;

	if (pool) {
		fd = open(pool, O_WRONLY);
		if (fd < 0 || write(fd, "1", 1) != 1)
			return NULL;
		close(fd);
	}
	fd = memfd_create("bench", !pool ? 0 : MFD_HUGETLB | __builtin_ctzll(size) << 26);
	if (fd < 0 || ftruncate(fd, chunk))
		return NULL;
	at = mmap(NULL, 2 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		die("mmap of 2 GiB");
	at += -(uintptr_t)at & (GIB - 1);
	for (i = 0; i < total; i += chunk)
		if (mmap(at + i, chunk, PROT_READ | PROT_WRITE,
			 MAP_FIXED | MAP_SHARED | MAP_POPULATE, fd, 0) == MAP_FAILED)
			return NULL;
	close(fd);
	return at;
}

/* No exit, but bytes: what the tables for memory of one page size come to. */
static void bench_tables(const char *name, uint64_t total, uint32_t size, struct guest_code code,
			 const char *pool)
{
	double bytes[BATCHES];
	void *memory;
	uint64_t spent;
	struct vm vm;
	long before;
	int i;

	if (!wanted(name))
		return;
	memory = same_pages(total, size, pool);
	if (!memory) {
		print_skip(name, "the host has no such page to give");
		return;
	}
	vm_create(&vm);
	/* Once elsewhere, so that the tables are there that every guest has. */
	vm_load(&vm, code);
	vm_set_regs(&vm, 1, FRESH_GPA, 0);
	if (!run_counted(&vm, &spent))
		die("%s: unexpected exit %u", name, vm.run->exit_reason);
	set_slot(&vm, 0, total, memory);
	before = table_bytes();
	vm_set_regs(&vm, total / size, SLOT_GPA, 0);
	if (!run_counted(&vm, &spent))
		die("%s: unexpected exit %u", name, vm.run->exit_reason);
	for (i = 0; i < BATCHES; i++)
		bytes[i] = table_bytes() - before;
	if (before < 0)
		print_skip(name, "the kernel does not count them");
	else
		print_result(name, bytes, total / size);
	vm_destroy(&vm);
	munmap(memory, total);
}

static void bench_immediate_exit(const char *name)
{
	const uint32_t count = 1000;
	double cost[BATCHES];
	uint64_t start;
	struct vm vm;
	uint32_t n;
	int i;

	if (!wanted(name))
		return;
	if (ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0) {
		print_skip(name, "no such capability");
		return;
	}
	vm_create(&vm);
	vm.run->immediate_exit = 1;
	for (i = 0; i < BATCHES; i++) {
		start = ticks();
		for (n = 0; n < count; n++) {
			if (ioctl(vm.vcpu, KVM_RUN, 0) != -1 || errno != EINTR)
				die("KVM_RUN with immediate_exit");
		}
		cost[i] = (double)(ticks() - start) / count;
	}
	print_result(name, cost, count);
	vm_destroy(&vm);
}

/*
 * Making and closing VMs, bare or with memory and a vCPU. Closing waits for grace periods,
 * and time slept counts as ticks, so that the two are shown apart.
 */
static void bench_create(const char *create, const char *destroy, bool whole)
{
	double create_cost[BATCHES], destroy_cost[BATCHES];
	uint64_t start, made;
	struct vm vm;
	int i;

	if (!wanted(create))
		return;
	for (i = 0; i < BATCHES; i++) {
		start = ticks();
		if (whole) {
			vm_create(&vm);
		} else {
			vm.fd = ioctl(kvm, KVM_CREATE_VM, 0);
			if (vm.fd < 0)
				die("KVM_CREATE_VM");
		}
		made = ticks();
		if (whole)
			vm_destroy(&vm);
		else
			close(vm.fd);
		create_cost[i] = made - start;
		destroy_cost[i] = ticks() - made;
	}
	print_result(create, create_cost, 1);
	print_result(destroy, destroy_cost, 1);
}

/* Ticks per instruction, by a loop of known length: 1 on the counting host. */
static void calibrate(void)
{
	const uint32_t count = 500000;
	uint32_t left = count;
	uint64_t start = ticks();
	double per;

	asm volatile("1: decl %0\njnz 1b" : "+r"(left) : : "cc");
	per = (double)(ticks() - start) / (2.0 * count);
	printf("# %.3f ticks per instruction\n", per);
}

static void bench_exits(void)
{
	done_cost = bench_user("port write, userspace", CODE(out), 1000, KVM_EXIT_IO);
	bench_user("port read, userspace", CODE(in), 1000, KVM_EXIT_IO);
	bench_user("MMIO write, userspace", CODE(store), 1000, KVM_EXIT_MMIO);
	bench_user("MMIO read, userspace", CODE(load), 1000, KVM_EXIT_MMIO);
	bench_user("HLT, userspace", CODE(hlt), 1000, KVM_EXIT_HLT);
	bench_coalesced("port write, kernel device", CODE(out_counted), true);
	bench_coalesced("MMIO write, kernel device", CODE(store_counted), false);
	bench_ioeventfd("port write, ioeventfd", CODE(out_counted), 0, KVM_IOEVENTFD_FLAG_PIO);
	bench_ioeventfd("MMIO write, ioeventfd", CODE(store_counted), 4, 0);
	bench_ioeventfd("MMIO write, ioeventfd of any length", CODE(store_counted), 0, 0);
	bench_two_devices("MMIO write, two devices in turn");
	bench_irqfd("irqfd signal, message, both sides");
	bench_counted("CPUID", CODE(cpuid), 2000);
	bench_counted("RDMSR TSC_ADJUST", CODE(rdmsr), 2000);
	bench_counted("WRMSR TSC_ADJUST", CODE(wrmsr), 2000);
	bench_counted_with("self IPI, taken, EOI", CODE(self_ipi), 2000, true);
	bench_counted_with("IPI by the ICR, taken, EOI", CODE(icr), 2000, true);
	bench_counted_with("TSC deadline past, taken, EOI", CODE(deadline), 2000, true);
	bench_counted_with("TSC deadline armed", CODE(arm), 2000, true);
	bench_immediate_exit("KVM_RUN, immediate_exit");
}

static void bench_memory_and_life(void)
{
	bench_touch("first touch 4 KiB, new page", false);
	bench_touch("first touch 4 KiB, present page", true);
	bench_touch_huge("first touch 2 MiB, present page");
	bench_dirty_log("dirty-log page: write and fetch");
	bench_memslot("memslot add", "memslot log on, 512 pages mapped",
		      "memslot delete, 512 pages mapped");
	bench_tables("page tables, bytes for 64 MiB by 4 KiB", SLOT_SIZE, PAGE, CODE(touch), NULL);
	bench_tables("page tables, bytes for 1 GiB by 2 MiB", GIB, HUGE_PAGE, CODE(touch_huge),
		     HUGE_POOL("2048"));
	bench_tables("page tables, bytes for 1 GiB by 1 GiB", GIB, GIB, CODE(touch),
		     HUGE_POOL("1048576"));
	bench_create("VM create", "VM destroy, sleeps included", false);
	bench_create("VM, vCPU, memory: create", "VM, vCPU, memory: destroy", true);
}

int main(int argc, char **argv)
{
	bool brief;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		die("/dev/kvm");
	run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	/* One VM stays open throughout, so that no case pays for hardware on and off. */
	if (ioctl(kvm, KVM_CREATE_VM, 0) < 0)
		die("KVM_CREATE_VM");

	calibrate();
	brief = argc > 1 && !strcmp(argv[1], "--short");
	only = brief ? NULL : argv[1];
	do {
		bench_exits();
		if (!brief)
			bench_memory_and_life();
	} while (only);
	return 0;
}
