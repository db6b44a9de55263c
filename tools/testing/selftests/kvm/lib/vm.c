// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual machines, memory slots and vCPUs, for every test program.
 *
 * Nothing here retries or hides an error: what the API documentation says must succeed either
 * succeeds or ends the test with the ioctl's name and errno.
 */
#include <cpuid.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kvm_test.h"

/**
 * die() - end the test program's current test as failed
 * @fmt: what went wrong and what to look at
 */
void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("# ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	_exit(1);
}

/**
 * kvm_ioctl_or_die() - body of kvm_do()
 * @fd: system, VM or vCPU file
 * @request: the ioctl's number
 * @arg: its argument
 * @name: its name, for the message
 *
 * Return: the ioctl's value, never negative.
 */
long kvm_ioctl_or_die(int fd, unsigned long request, unsigned long arg, const char *name)
{
	long ret = ioctl(fd, request, arg);

	if (ret < 0)
		die("%s failed: %s (errno %d)", name, strerror(errno), errno);
	return ret;
}

/**
 * kvm_errno_of() - body of kvm_errno()
 * @fd: system, VM or vCPU file
 * @request: the ioctl's number
 * @arg: its argument
 *
 * Return: 0 if the ioctl succeeded, else the positive errno.
 */
int kvm_errno_of(int fd, unsigned long request, unsigned long arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

/**
 * host_is_tcg() - are we on QEMU's TCG, whose SVM lets some things pass that silicon does not?
 *
 * Return: true if the machine's hypervisor leaf says so.
 */
bool host_is_tcg(void)
{
	unsigned int a, b, c, d;

	__cpuid(0x40000000, a, b, c, d);
	return b == 0x54474354 && c == 0x43544743 && d == 0x47435447;
}

/**
 * parameter_is_off() - does a module that is loaded say N to this?
 * @name: "kvm_amd/parameters/npt" and the like
 */
bool parameter_is_off(const char *name)
{
	char path[96], value = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &value, 1) != 1)
		die("%s: %s", path, strerror(errno));
	close(fd);
	return value == 'N';
}

/**
 * nested_paging() - does the CPU itself walk the guest's page tables?
 *
 * Return: false with npt=0 or ept=0: then what the guest sees of them is KVM's work alone.
 */
bool nested_paging(void)
{
	return !parameter_is_off("kvm_amd/parameters/npt") &&
	       !parameter_is_off("kvm_intel/parameters/ept");
}

/**
 * host_is() - are we in the nested test host of this flavour?
 * @flavour: "svm-bochs" and the like, or a part of it
 *
 * Tests ask only where the emulator is known to be wrong, with in-tree KVM as well, and say how.
 *
 * Return: true if so.
 */
bool host_is(const char *flavour)
{
	const char *host = getenv("SLIMKVM_HOST");

	return host && strstr(host, flavour);
}

/**
 * kvm_is_in_tree() - are the stock kernel's own modules loaded, not ours?
 *
 * Ours carry a version. Tests ask only where our behaviour differs on purpose, and say why.
 *
 * Return: true for in-tree.
 */
bool kvm_is_in_tree(void)
{
	return access("/sys/module/kvm/version", F_OK) != 0;
}

/* set_kvm_parameter - of the module kvm; false when it cannot be. */
bool set_kvm_parameter(const char *name, const char *value)
{
	char path[128];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/kvm/parameters/%s", name);
	fd = open(path, O_WRONLY);
	ok = fd >= 0 && write(fd, value, strlen(value)) > 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

/**
 * kvm_open() - open /dev/kvm
 *
 * Return: the file descriptor.
 */
int kvm_open(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/kvm: %s (load kvm.ko and kvm-amd.ko or kvm-intel.ko)", strerror(errno));
	return fd;
}

/**
 * kvm_cap() - ask for a capability
 * @fd: system or VM file
 * @cap: KVM_CAP_*
 *
 * Return: what KVM_CHECK_EXTENSION says, 0 for no.
 */
int kvm_cap(int fd, long cap)
{
	return (int)kvm_do(fd, KVM_CHECK_EXTENSION, cap);
}

/**
 * vm_bare() - create a VM without memory
 *
 * Return: the VM; vm_free() releases it.
 */
struct vm *vm_bare(void)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		die("out of memory");
	vm->dev = kvm_open();
	vm->fd = (int)kvm_do(vm->dev, KVM_CREATE_VM, 0);
	return vm;
}

/**
 * vm_new() - create a VM with GUEST_MEM_SIZE bytes at guest physical 0
 *
 * Return: the VM; vm_free() releases it.
 */
struct vm *vm_new(void)
{
	struct vm *vm = vm_bare();

	/* Needed on Intel hosts before the first vCPU runs; harmless elsewhere (4.36). */
	if (kvm_cap(vm->dev, KVM_CAP_SET_TSS_ADDR))
		kvm_do(vm->fd, KVM_SET_TSS_ADDR, 0xfffbd000);
	vm->mem_size = GUEST_MEM_SIZE;
	vm->mem = host_pages(vm->mem_size);
	vm_slot(vm, 0, 0, 0, vm->mem_size, vm->mem);
	return vm;
}

/**
 * vm_free() - close the VM and its /dev/kvm and unmap slot 0
 * @vm: from vm_bare() or vm_new()
 */
void vm_free(struct vm *vm)
{
	close(vm->fd);
	close(vm->dev);
	if (vm->mem)
		munmap(vm->mem, vm->mem_size);
	free(vm);
}

/**
 * vm_slot_errno() - set a memory slot that may be refused
 * @vm: the VM
 * @slot: slot id, address space in bits 16-31
 * @flags: KVM_MEM_*
 * @gpa: guest physical start
 * @size: bytes; 0 deletes
 * @hva: host memory behind it
 *
 * Return: 0 or the errno.
 */
int vm_slot_errno(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size,
		  void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return kvm_errno(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/**
 * vm_slot() - set a memory slot
 *
 * Arguments as vm_slot_errno(); a refusal ends the test.
 */
void vm_slot(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size, void *hva)
{
	int err = vm_slot_errno(vm, slot, flags, gpa, size, hva);

	if (err)
		die("slot %u at %#llx size %#llx: %s", slot, (unsigned long long)gpa,
		    (unsigned long long)size, strerror(err));
}

/**
 * host_pages() - zeroed private host memory, aligned to 2 MiB when it is that large
 * @size: bytes, a multiple of the page size
 *
 * Return: the memory.
 */
void *host_pages(size_t size)
{
	size_t align = size >= SZ_2M ? SZ_2M : SZ_4K;
	uint8_t *at = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (at == MAP_FAILED)
		die("mmap of %zu bytes: %s", size, strerror(errno));
	head = -(uintptr_t)at & (align - 1);
	if (head)
		munmap(at, head);
	munmap(at + head + size, align - head);
	return at + head;
}

/**
 * vm_write() - copy bytes into slot 0
 * @vm: the VM
 * @gpa: guest physical address
 * @data: source
 * @len: bytes
 */
void vm_write(struct vm *vm, uint64_t gpa, const void *data, size_t len)
{
	if (gpa > vm->mem_size || len > vm->mem_size - gpa)
		die("vm_write beyond slot 0: %#llx", (unsigned long long)gpa);
	memcpy(vm->mem + gpa, data, len);
}

/**
 * vm_shared() - the page that guest and host share
 * @vm: the VM
 *
 * Return: host pointer to it.
 */
struct guest_shared *vm_shared(struct vm *vm)
{
	return (struct guest_shared *)(vm->mem + GUEST_SHARED);
}

/**
 * vm_stat() - one of the VM's statistics, from debugfs
 * @vm: the VM
 * @name: of the file
 *
 * Return: its value, or -1 when there is no such file.
 */
long vm_stat(struct vm *vm, const char *name)
{
	char path[128];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/%s", getpid(), vm->fd, name);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/** write_file() - to a file of the kernel's: false where it is not there, or refuses */
bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	bool ok;

	if (fd < 0)
		return false;
	ok = !*text || write(fd, text, strlen(text)) > 0;
	close(fd);
	return ok;
}

/** run_on_cpu() - this thread, from now on */
void run_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot run on CPU %d: %s", cpu, strerror(errno));
}
