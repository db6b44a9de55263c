// SPDX-License-Identifier: GPL-2.0-only
/*
 * The modules go and come back 20 times, and stay while a file is open.
 *
 * SLIMKVM_MODULES names the directory with kvm.ko and the vendor module; without it nothing is
 * loaded or unloaded.
 */
#include <stdio.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

#define CYCLES	20

static const char *vendor(void)
{
	if (!access("/sys/module/kvm_amd", F_OK))
		return "kvm_amd";
	if (!access("/sys/module/kvm_intel", F_OK))
		return "kvm_intel";
	return NULL;
}

static const char *vendor_file(const char *name)
{
	return name[4] == 'a' ? "kvm-amd.ko" : "kvm-intel.ko";
}

static bool present(const char *directory, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return !access(path, R_OK);
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

static int load(const char *directory, const char *file)
{
	char path[512];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	return err;
}

/* A file just closed may be released a moment later. */
static int unload_soon(const char *name)
{
	int err = 0, i;

	for (i = 0; i < 50; i++) {
		err = unload(name);
		if (err != EAGAIN && err != EBUSY && err != EWOULDBLOCK)
			break;
		usleep(20000);
	}
	return err;
}

__guest static void say_done(void)
{
	guest_done();
}

static void run_a_guest(void)
{
	struct vm *vm = vm_new();
	struct vcpu *vcpu = vcpu_new(vm, 0);
	struct ucall uc;

	vcpu_enter(vcpu, say_done);
	if (vcpu_ucall(vcpu, &uc) != UCALL_DONE)
		die("the guest did not run after loading");
	vcpu_free(vcpu);
	vm_free(vm);
}

FIXTURE(module) {
	const char *directory;
	const char *vendor;
	bool runnable;
};

FIXTURE_SETUP(module)
{
	self->directory = getenv("SLIMKVM_MODULES");
	self->vendor = vendor();
	if (!self->directory)
		SKIP(return, "SLIMKVM_MODULES does not say where the modules are");
	if (!self->vendor)
		SKIP(return, "no vendor module is loaded");
	if (!present(self->directory, "kvm.ko") ||
	    !present(self->directory, vendor_file(self->vendor)))
		SKIP(return, "the loaded modules are not in %s", self->directory);
	if (getuid())
		SKIP(return, "needs root");
	self->runnable = true;
}

FIXTURE_TEARDOWN(module)
{
}

TEST_F(module, refused_while_in_use)
{
	struct vcpu *vcpu;
	struct vm *vm;
	int dev;

	if (!self->runnable)
		return;
	EXPECT_NE(0, unload("kvm"));
	dev = kvm_open();
	EXPECT_NE(0, unload(self->vendor));
	close(dev);

	/* Each kind of file holds the module by itself. */
	vm = vm_new();
	vcpu = vcpu_new(vm, 0);
	close(vm->dev);
	close(vm->fd);
	EXPECT_NE(0, unload(self->vendor));
	close(vcpu->fd);
	/* And the mapping too. */
	EXPECT_NE(0, unload(self->vendor));
	vcpu->run->immediate_exit = 0;
	munmap(vcpu->run, vcpu->run_size);
}

TEST_F_TIMEOUT(module, reload, 80)
{
	int i;

	if (!self->runnable)
		return;
	for (i = 0; i < CYCLES; i++) {
		ASSERT_EQ(0, unload_soon(self->vendor));
		EXPECT_NE(0, access("/dev/kvm", F_OK));
		ASSERT_EQ(0, unload_soon("kvm"));
		ASSERT_EQ(0, load(self->directory, "kvm.ko"));
		ASSERT_EQ(0, load(self->directory, vendor_file(self->vendor)));
		ASSERT_EQ(0, access("/dev/kvm", F_OK));
		run_a_guest();
	}
}

TEST_F(module, loaded_twice)
{
	if (!self->runnable)
		return;
	EXPECT_EQ(EEXIST, load(self->directory, "kvm.ko"));
	EXPECT_EQ(EEXIST, load(self->directory, vendor_file(self->vendor)));
	run_a_guest();
}

TEST_HARNESS_MAIN
