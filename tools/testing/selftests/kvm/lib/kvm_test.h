/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host side of the guest library: virtual machines, vCPUs and their modes.
 *
 * Every test program includes this header after kselftest_harness.h. A helper that cannot do
 * its work ends the test with a message; errors that a test wants to see go through kvm_errno().
 */
#ifndef SLIMKVM_KVM_TEST_H
#define SLIMKVM_KVM_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "layout.h"

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT64(n)	(1ULL << (n))
#define SZ_4K		0x1000UL
#define SZ_64K		0x10000UL
#define SZ_2M		0x200000UL
#define SZ_1G		0x40000000UL

/* Control register and EFER bits (APM2 3.1), named as the manual names them. */
#define CR0_PE		BIT64(0)
#define CR0_MP		BIT64(1)
#define CR0_ET		BIT64(4)
#define CR0_NE		BIT64(5)
#define CR0_WP		BIT64(16)
#define CR0_NW		BIT64(29)
#define CR0_CD		BIT64(30)
#define CR0_PG		BIT64(31)
#define CR4_PSE		BIT64(4)
#define CR4_PAE		BIT64(5)
#define CR4_OSFXSR	BIT64(9)
#define CR4_OSXMMEXCPT	BIT64(10)
#define CR4_LA57	BIT64(12)
#define CR4_OSXSAVE	BIT64(18)
#define EFER_SCE	BIT64(0)
#define EFER_LME	BIT64(8)
#define EFER_LMA	BIT64(10)
#define EFER_NXE	BIT64(11)
#define RFLAGS_FIXED	BIT64(1)
#define RFLAGS_TF	BIT64(8)
#define RFLAGS_IF	BIT64(9)
#define PTE_P		BIT64(0)
#define PTE_W		BIT64(1)
#define PTE_U		BIT64(2)
#define PTE_A		BIT64(5)
#define PTE_D		BIT64(6)
#define PTE_PS		BIT64(7)
#define PTE_NX		BIT64(63)

struct vm {
	int dev;		/* /dev/kvm */
	int fd;
	uint8_t *mem;		/* slot 0, guest physical 0 */
	size_t mem_size;
};

struct vcpu {
	struct vm *vm;
	int fd;
	unsigned int id;
	struct kvm_run *run;
	size_t run_size;
};

/* What the guest said with ucall(): a command of layout.h and three words. */
struct ucall {
	uint64_t cmd;
	uint64_t arg[3];
};

/* vcpu_ucall() returns this plus the exit reason when the exit was not a ucall. */
#define OTHER_EXIT(reason)	(1000 + (reason))

/* ---- failing ---------------------------------------------------------------------------- */

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
long kvm_ioctl_or_die(int fd, unsigned long request, unsigned long arg, const char *name);
int kvm_errno_of(int fd, unsigned long request, unsigned long arg);

/* kvm_do - issue an ioctl that must succeed; returns its value. */
#define kvm_do(fd, request, arg)	\
	kvm_ioctl_or_die(fd, request, (unsigned long)(arg), #request)

/* kvm_errno - issue an ioctl; 0 when it succeeded, else its errno. */
#define kvm_errno(fd, request, arg)	kvm_errno_of(fd, request, (unsigned long)(arg))

/* BAD_POINTER - an address that no process can read or write: gives EFAULT. */
#define BAD_POINTER	0xffffffff00000000UL

bool host_is_tcg(void);
bool host_is(const char *flavour);
bool parameter_is_off(const char *name);
bool nested_paging(void);
bool kvm_is_in_tree(void);
bool set_kvm_parameter(const char *name, const char *value);

/* ---- virtual machines -------------------------------------------------------------------- */

int kvm_open(void);
int kvm_cap(int fd, long cap);
struct vm *vm_bare(void);
struct vm *vm_new(void);
void vm_free(struct vm *vm);
int vm_slot_errno(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size,
		  void *hva);
void vm_slot(struct vm *vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size, void *hva);
void *host_pages(size_t size);
void vm_write(struct vm *vm, uint64_t gpa, const void *data, size_t len);
struct guest_shared *vm_shared(struct vm *vm);
long vm_stat(struct vm *vm, const char *name);

/* ---- vCPUs -------------------------------------------------------------------------------- */

struct vcpu *vcpu_bare(struct vm *vm, unsigned int id);
struct vcpu *vcpu_new(struct vm *vm, unsigned int id);
void vcpu_free(struct vcpu *vcpu);
struct kvm_cpuid2 *supported_cpuid(void);
struct kvm_cpuid_entry2 *cpuid_find(struct kvm_cpuid2 *cpuid, uint32_t function, uint32_t index);
void vcpu_regs(struct vcpu *vcpu, struct kvm_regs *regs);
void vcpu_set_regs(struct vcpu *vcpu, const struct kvm_regs *regs);
void vcpu_sregs(struct vcpu *vcpu, struct kvm_sregs *sregs);
void vcpu_set_sregs(struct vcpu *vcpu, const struct kvm_sregs *sregs);
uint32_t vcpu_exit(struct vcpu *vcpu);
uint64_t vcpu_ucall(struct vcpu *vcpu, struct ucall *uc);
uint64_t vcpu_ucall_take(struct vcpu *vcpu, struct ucall *uc);
bool write_file(const char *path, const char *text);
void run_on_cpu(int cpu);
uint64_t vcpu_msr(struct vcpu *vcpu, uint32_t index);
long vcpu_try_set_msr(struct vcpu *vcpu, uint32_t index, uint64_t value);

/* ---- modes (lib/modes.c) ------------------------------------------------------------------ */

void vcpu_mode_real(struct vcpu *vcpu, uint16_t ip);
void vcpu_mode_prot16(struct vcpu *vcpu, uint32_t ip);
void vcpu_mode_prot32(struct vcpu *vcpu, uint32_t ip);
void vcpu_mode_paging32(struct vcpu *vcpu, uint32_t ip);
void vcpu_mode_pae(struct vcpu *vcpu, uint32_t ip);
void vcpu_mode_long(struct vcpu *vcpu, uint64_t rip);
bool vcpu_mode_long5(struct vcpu *vcpu, uint64_t rip);
bool vcpu_five_levels(struct vcpu *vcpu);
void vcpu_enter(struct vcpu *vcpu, void (*fn)(void));
void vcpu_enter_spinner(struct vcpu *vcpu, void (*fn)(void));
uint64_t guest_addr(const void *fn);
uint64_t *vm_pte(struct vm *vm, uint64_t gva);

/* ---- guest code as bytes ------------------------------------------------------------------ */

/*
 * GUEST_BLOB - assemble guest code of another mode into this program's read-only data.
 * @bits: 16, 32 or 64
 */
#define GUEST_BLOB(name, bits, body)						\
	extern const uint8_t name[], name##_end[];				\
	__asm__(".pushsection .rodata\n.globl " #name ", " #name "_end\n"	\
		#name ":\n.code" #bits "\n" body "\n.code64\n"			\
		#name "_end:\n.popsection\n")

#define vm_load(vm, gpa, name)	vm_write(vm, gpa, name, (size_t)(name##_end - name))

#endif
