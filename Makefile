# SPDX-License-Identifier: GPL-2.0-only
# SlimKVM: kvm.ko, kvm-intel.ko and kvm-amd.ko for a stock kernel, and what proves that they work.
# `make help` lists the targets; Kbuild says what the modules are made of.

MAKEFLAGS += --no-print-directory
SHELL     := /bin/sh
JOBS      ?= $(shell nproc)

# The kernel that the nested test host boots; Debian 12's own by default.
TEST_KVER ?= 6.1

build = KDIR="$(KDIR)" tools/build/modules kmod "$(1)" KCFLAGS=-Werror -j$(JOBS)

.DEFAULT_GOAL := modules
.PHONY: modules modules-for modules-test modules-bochs install uninstall demo check bench unit
.PHONY: unit-long storm shadow upstream coverage fuzz lint setup clean help pressure features clients

modules:
	@$(call build)

# make modules-for KVER=6.1: builds, and leaves a link build/kmod/6.1 to the modules' directory.
modules-for:
	@test -n "$(KVER)" || { echo "Say for which kernel: make modules-for KVER=6.1" >&2; exit 2; }
	@$(call build,$(KVER))

modules-test:
	@$(MAKE) modules-for KVER=$(TEST_KVER)

# Bochs boots a kernel of another flavour.
modules-bochs:
	@tools/setup/packages bochs
	@$(MAKE) modules-for KVER=$(TEST_KVER)-cloud

# CPU=intel: the host that has VMX, in place of the one that has SVM.
modules-host := $(if $(filter intel,$(CPU)),modules-bochs,modules-test)

# Packages that demo, check and bench need; does nothing when they are there.
setup:
	@tools/setup/packages

demo: setup $(modules-host)
	@TEST_KVER=$(TEST_KVER) tools/testing/demo/run

check: setup modules-test
	@TEST_KVER=$(TEST_KVER) tools/testing/check

# A million events of each kind: some minutes, and so no part of check.
storm: setup modules-test
	@TEST_KVER=$(TEST_KVER) tools/testing/storm

# All of the selftests with npt=0 and ept=0, and guests of 64 and 32 bits that boot: half an hour.
shadow: setup modules-test
	@TEST_KVER=$(TEST_KVER) tools/testing/check npt0-all ept0-all npt0-boot ept0-boot

# The MMU under what hosts do to memory, at full size: likewise.
pressure: setup $(modules-host)
	@TEST_KVER=$(TEST_KVER) tools/testing/pressure

# A stock guest on VMX without each feature that a parameter turns off: a minute for each.
features: setup
	@TEST_KVER=$(TEST_KVER) tools/testing/features/run

# The kernel's own KVM selftests on our modules, beside what in-tree makes of them.
upstream: setup modules-test
	@TEST_KVER=$(TEST_KVER) tools/testing/upstream/run

# QEMU in all its forms, gVisor and libvirt on our modules: half an hour.
clients: setup modules-test
	@TEST_KVER=$(TEST_KVER) tools/testing/clients/run

bench: setup $(modules-host)
	@TEST_KVER=$(TEST_KVER) tools/testing/bench/run

unit:
	@tools/testing/unit/run

# The emulator beside the real CPU for ten million cases; SEED=n for others.
unit-long:
	@CASES=$(or $(CASES),10000000) tools/testing/unit/emulate/run

# What of the emulator's lines the unit tests execute.
coverage:
	@COVERAGE=1 CASES=$(or $(CASES),50000) tools/testing/unit/emulate/run

fuzz:
	@tools/testing/unit/emulate/fuzz/run

lint:
	@JOBS=$(JOBS) tools/lint/run $(KVER)

# depmod searches updates/ first, so ours win over the in-tree modules; uninstall gives them back.
install: modules
	@tools/build/install install "$(INSTALL_MOD_PATH)"

uninstall:
	@tools/build/install uninstall "$(INSTALL_MOD_PATH)"

clean:
	@rm -rf build kvm.ko kvm-intel.ko kvm-amd.ko

help:
	@echo 'SlimKVM: a small KVM for x86, as modules for a stock kernel.'
	@echo ''
	@echo '  make                  kvm.ko, kvm-intel.ko and kvm-amd.ko for the running kernel if its'
	@echo '                        headers are installed, else for the newest stock headers; they lie in'
	@echo '                        build/kmod/<release>/'
	@echo '  make modules-for KVER=6.1   the same for another kernel'
	@echo '  make demo             a stock QEMU boots a stock kernel on our modules, inside an'
	@echo '                        emulated host: needs no virtualization hardware; CPU=intel for'
	@echo '                        VMX in place of SVM'
	@echo '  make check            every test; last line: N passed, N failed, N skipped'
	@echo '  make storm            a million events through ioeventfds and irqfds, none lost: long'
	@echo '  make shadow           shadow paging alone: all selftests, and guests that boot: long'
	@echo '  make pressure         four vCPUs on the same 2 GiB while the host takes pages away, slots'
	@echo '                        change and the dirty log is collected: long. DEBUG=1: with slab'
	@echo '                        debugging and page poisoning; NPT=0: shadow paging; CPU=intel'
	@echo '  make features         a stock guest on VMX, without each of its features in turn'
	@echo "  make upstream         the kernel's own KVM selftests on our modules"
	@echo '  make clients          unmodified QEMU in all its forms, gVisor and libvirt on our modules'
	@echo '  make bench            executed instructions per exit, in-tree modules and ours;'
	@echo '                        CPU=intel as above'
	@echo '  make unit             the tests that need no kernel'
	@echo '  make unit-long        ten million instructions on the emulator and the real CPU, compared'
	@echo '  make coverage         lines of the instruction emulator that its unit tests execute'
	@echo '  make fuzz             libFuzzer on the instruction emulator for a minute; needs clang'
	@echo '  make lint             W=1, sparse, shellcheck and the rules of the house'
	@echo '  make install          into /lib/modules/<release>/updates, and depmod'
	@echo '  make uninstall        and the in-tree modules are back'
	@echo '  make clean'
	@echo ''
	@echo 'Variables: KDIR=<headers>, KVER=<version> (modules-for, lint), JOBS=<n>,'
	@echo '           TEST_KVER=<version> (demo, check, bench; now $(TEST_KVER)),'
	@echo '           INSTALL_MOD_PATH=<dir> (install, uninstall)'
