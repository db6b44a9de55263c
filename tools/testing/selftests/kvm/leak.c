// SPDX-License-Identifier: GPL-2.0-only
/*
 * 200 VMs made, run and destroyed leave nothing behind: memory, kernel objects, files, debugfs.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/mount.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define CYCLES		200
#define DEBUGFS_DIR	"/sys/kernel/debug/kvm"

__guest static void touch(void)
{
	uint64_t at;

	for (at = GUEST_DATA; at < GUEST_DATA + 0x40000; at += 4096)
		*(volatile uint8_t *)at = 1;
	guest_done();
}

static void one_cycle(void)
{
	struct vm *vm = vm_new();
	struct vcpu *one = vcpu_new(vm, 0), *two = vcpu_new(vm, 1);
	struct ucall uc;

	vcpu_enter(one, touch);
	if (vcpu_ucall(one, &uc) != UCALL_DONE)
		die("the guest did not end");
	vcpu_free(one);
	vcpu_free(two);
	vm_free(vm);
}

static long number_after(const char *path, const char *name)
{
	char line[256];
	long value = -1;
	FILE *file = fopen(path, "r");

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name))) {
			value = strtol(line + strlen(name), NULL, 10);
			break;
		}
	}
	fclose(file);
	return value;
}

/* Freed objects wait for RCU and for per-CPU caches: let them go before counting. */
static void settle(void)
{
	FILE *file;
	int i;

	sync();
	for (i = 0; i < 2; i++) {
		file = fopen("/proc/sys/vm/drop_caches", "w");
		if (file) {
			fputs("2", file);
			fclose(file);
		}
		usleep(300000);
	}
}

static long available_kb(void)
{
	return number_after("/proc/meminfo", "MemAvailable:");
}

static long open_files(void)
{
	return number_after("/proc/sys/fs/file-nr", "");
}

/* Only fixtures can have a time limit of their own. */
FIXTURE(leak) {
	int unused;
};

FIXTURE_SETUP(leak)
{
	self->unused = 0;
}

FIXTURE_TEARDOWN(leak)
{
}

TEST_F_TIMEOUT(leak, memory_files_and_objects, 80)
{
	long kb, files, vcpus, i;

	/* The first few fill caches that stay filled. */
	for (i = 0; i < 20; i++)
		one_cycle();
	settle();
	kb = available_kb();
	files = open_files();
	vcpus = number_after("/proc/slabinfo", "kvm_vcpu");
	for (i = 0; i < CYCLES; i++)
		one_cycle();
	settle();
	/* A leak of one page-table page per VM would be 200 pages; of one VM, far more. */
	EXPECT_LT(kb - available_kb(), 16 * 1024)
		TH_LOG("MemAvailable %ld kB before, %ld kB after", kb, available_kb());
	EXPECT_LT(open_files() - files, 64);
	if (vcpus >= 0) {
		EXPECT_LE(number_after("/proc/slabinfo", "kvm_vcpu"), vcpus + 8);
	}
}

TEST_F_TIMEOUT(leak, kernel_memory_counters, 60)
{
	long before[3], i;
	static const char * const names[] = { "KernelStack:", "PageTables:", "SUnreclaim:" };
	static const long slack[] = { 512, 1024, 6 * 1024 };

	for (i = 0; i < 10; i++)
		one_cycle();
	settle();
	for (i = 0; i < 3; i++)
		before[i] = number_after("/proc/meminfo", names[i]);
	for (i = 0; i < CYCLES / 4; i++)
		one_cycle();
	settle();
	for (i = 0; i < 3; i++) {
		EXPECT_LT(number_after("/proc/meminfo", names[i]) - before[i], slack[i])
			TH_LOG("%s", names[i]);
	}
}

static int vm_directories(void)
{
	DIR *dir = opendir(DEBUGFS_DIR);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		/* One per VM, named PID-FD. */
		if (entry->d_type == DT_DIR && strchr(entry->d_name, '-'))
			count++;
	}
	closedir(dir);
	return count;
}

TEST(debugfs_directories)
{
	struct vcpu *vcpu;
	struct vm *vm;
	int before, i;

	if (vm_directories() < 0)
		mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	before = vm_directories();
	if (before < 0)
		SKIP(return, "no " DEBUGFS_DIR);
	vm = vm_new();
	vcpu = vcpu_new(vm, 0);
	EXPECT_EQ(before + 1, vm_directories());
	vcpu_free(vcpu);
	vm_free(vm);
	for (i = 0; i < 20 && vm_directories() != before; i++)
		usleep(50000);
	EXPECT_EQ(before, vm_directories());
}

TEST_HARNESS_MAIN
