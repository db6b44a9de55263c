# SPDX-License-Identifier: GPL-2.0-only
# SlimKVM: kvm.ko and kvm-amd.ko for a stock kernel, and what proves that they work.
# `make help` lists the targets; Kbuild says what the modules are made of.

MAKEFLAGS += --no-print-directory
SHELL     := /bin/sh
JOBS      ?= $(shell nproc)

# The kernel that the nested test host boots; Debian 12's own by default.
TEST_KVER ?= 6.1

# kdir-of <version>: a call, not a variable, so that `make help` works without headers.
kdir-of  = $(or $(KDIR),$(shell tools/build/kdir $(1)))
# kmod-of <kdir>: each kernel's objects have a directory of their own.
release  = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(1)/include/generated/utsrelease.h)
kmod-of  = build/kmod/$(call release,$(1))
build    = tools/build/modules $(1) $(call kmod-of,$(1)) KCFLAGS=-Werror -j$(JOBS)

.DEFAULT_GOAL := modules
.PHONY: modules modules-for modules-test install uninstall demo check bench unit lint setup
.PHONY: clean help

modules:
	@kdir="$(call kdir-of)"; test -n "$$kdir"
	@$(call build,$(call kdir-of))
	@ln -sfn $(call kmod-of,$(call kdir-of))/kvm.ko kvm.ko
	@ln -sfn $(call kmod-of,$(call kdir-of))/kvm-amd.ko kvm-amd.ko

# make modules-for KVER=6.1: builds, and leaves a link build/kmod/6.1 to the modules' directory.
modules-for:
	@test -n "$(KVER)" || { echo "Say for which kernel: make modules-for KVER=6.1" >&2; exit 2; }
	@kdir="$(call kdir-of,$(KVER))"; test -n "$$kdir"
	@$(call build,$(call kdir-of,$(KVER)))
	@test "$(KVER)" = "$(call release,$(call kdir-of,$(KVER)))" || \
		ln -sfn "$(call release,$(call kdir-of,$(KVER)))" "build/kmod/$(KVER)"

modules-test:
	@$(MAKE) modules-for KVER=$(TEST_KVER)

# Packages that demo, check and bench need; does nothing when they are there.
setup:
	@tools/setup/packages

demo: setup modules-test
	@TEST_KVER=$(TEST_KVER) tools/testing/demo/run

check: setup modules-test
	@TEST_KVER=$(TEST_KVER) tools/testing/check

bench: setup modules-test
	@TEST_KVER=$(TEST_KVER) tools/testing/bench/run

unit:
	@tools/testing/unit/run

lint:
	@JOBS=$(JOBS) tools/lint/run $(KVER)

# depmod searches updates/ first, so ours win over the in-tree modules; uninstall gives them back.
INSTALL_MOD_PATH ?=
installed = $(INSTALL_MOD_PATH)/lib/modules/$(call release,$(1))

install: modules
	@install -d "$(call installed,$(call kdir-of))/updates"
	@install -m 644 kvm.ko kvm-amd.ko "$(call installed,$(call kdir-of))/updates/"
	@depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(call release,$(call kdir-of))
	@echo "Installed. To use them now: modprobe -r kvm-amd kvm && modprobe kvm-amd"

uninstall:
	@rm -f "$(call installed,$(call kdir-of))"/updates/kvm.ko
	@rm -f "$(call installed,$(call kdir-of))"/updates/kvm-amd.ko
	@depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(call release,$(call kdir-of))

clean:
	@rm -rf build kvm.ko kvm-amd.ko

help:
	@echo 'SlimKVM: a small KVM for x86, as modules for a stock kernel.'
	@echo ''
	@echo '  make                  kvm.ko and kvm-amd.ko for the running kernel if its headers are'
	@echo '                        installed, else for the newest stock headers; they lie in'
	@echo '                        build/kmod/<release>/'
	@echo '  make modules-for KVER=6.1   the same for another kernel'
	@echo '  make demo             a stock QEMU boots a stock kernel on our modules, inside an'
	@echo '                        emulated host: needs no virtualization hardware'
	@echo '  make check            every test; last line: N passed, N failed, N skipped'
	@echo '  make bench            executed instructions per exit, in-tree modules and ours'
	@echo '  make unit             the tests that need no kernel'
	@echo '  make lint             W=1, sparse, shellcheck and the rules of the house'
	@echo '  make install          into /lib/modules/<release>/updates, and depmod'
	@echo '  make uninstall        and the in-tree modules are back'
	@echo '  make clean'
	@echo ''
	@echo 'Variables: KDIR=<headers>, KVER=<version> (modules-for, lint), JOBS=<n>,'
	@echo '           TEST_KVER=<version> (demo, check, bench; now $(TEST_KVER)),'
	@echo '           INSTALL_MOD_PATH=<dir> (install, uninstall)'
