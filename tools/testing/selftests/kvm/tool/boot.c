// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads another kernel into memory, for tools/testing/power: two system calls, for which no test
 * host should need a package.
 *
 *	boot next KERNEL INITRD COMMAND-LINE	and boots it now, without firmware in between
 *	boot crash KERNEL INITRD COMMAND-LINE	to be booted when the running one panics
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kvm_test.h"

static int open_or_die(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	bool crash = argc == 5 && !strcmp(argv[1], "crash");

	if (argc != 5 || (!crash && strcmp(argv[1], "next")))
		die("usage: boot next|crash KERNEL INITRD COMMAND-LINE");
	if (syscall(SYS_kexec_file_load, open_or_die(argv[2]), open_or_die(argv[3]),
		    strlen(argv[4]) + 1, argv[4], crash ? KEXEC_FILE_ON_CRASH : 0))
		die("kexec_file_load: %s", strerror(errno));
	if (!crash && reboot(LINUX_REBOOT_CMD_KEXEC))
		die("reboot: %s", strerror(errno));
	return 0;
}
