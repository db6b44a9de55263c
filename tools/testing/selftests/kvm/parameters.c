// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module parameters that tools and VMMs look at, in /sys/module/kvm*: they are there, are
 * written as everybody writes them, and say what is in use, not what was asked for.
 */
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"
#include "kvm_test.h"
#include "guest.h"

/* Reads parameter @name of @module into @value; false: there is none. */
static bool parameter(const char *module, const char *name, char *value, size_t size)
{
	char path[256];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	ok = fgets(value, (int)size, f);
	fclose(f);
	value[strcspn(value, "\n")] = '\0';
	return ok;
}

/* Some are of type bool in some kernels and of type int in others. */
static bool is_flag(const char *value)
{
	return strlen(value) == 1 && strchr("YN01", *value);
}

static bool is_number(const char *value)
{
	return *value && strspn(value, "0123456789") == strlen(value);
}

enum kind { FLAG, NUMBER, TEXT };

struct known {
	const char *name;
	enum kind kind;
};

static void expect_known(struct __test_metadata *_metadata, const char *module,
			 const struct known *known, size_t count)
{
	char value[256];
	size_t i;

	for (i = 0; i < count; i++) {
		bool there = parameter(module, known[i].name, value, sizeof(value));

		EXPECT_TRUE(there)
			TH_LOG("%s has no parameter %s", module, known[i].name);
		if (!there)
			continue;
		EXPECT_TRUE(known[i].kind == TEXT ||
			    (known[i].kind == FLAG ? is_flag(value) : is_number(value)))
			TH_LOG("%s.%s is '%s'", module, known[i].name, value);
	}
}

static bool loaded(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static bool flag(const char *module, const char *name)
{
	char value[256];

	return parameter(module, name, value, sizeof(value)) && !strcmp(value, "Y");
}

TEST(kvm)
{
	static const struct known known[] = {
		{ "ignore_msrs", FLAG }, { "report_ignored_msrs", FLAG },
		{ "force_emulation_prefix", NUMBER }, { "mmio_caching", FLAG },
	};

	expect_known(_metadata, "kvm", known, ARRAY_LEN(known));
}

TEST(kvm_intel)
{
	static const struct known known[] = {
		{ "ept", FLAG }, { "eptad", FLAG }, { "unrestricted_guest", FLAG },
		{ "vpid", FLAG }, { "vnmi", FLAG }, { "emulate_invalid_guest_state", FLAG },
		{ "flexpriority", FLAG }, { "enable_apicv", FLAG }, { "nested", FLAG },
		{ "preemption_timer", FLAG }, { "pml", FLAG },
		{ "ple_gap", NUMBER }, { "ple_window", NUMBER }, { "vmentry_l1d_flush", TEXT },
	};

	if (!loaded("kvm_intel"))
		SKIP(return, "kvm_intel is not loaded");
	expect_known(_metadata, "kvm_intel", known, ARRAY_LEN(known));
	/* What depends on what (SDM 28.3.5, 24.6.2). */
	EXPECT_TRUE(flag("kvm_intel", "ept") || !flag("kvm_intel", "eptad"));
	EXPECT_TRUE(flag("kvm_intel", "ept") || !flag("kvm_intel", "unrestricted_guest"));
	EXPECT_TRUE(flag("kvm_intel", "eptad") || !flag("kvm_intel", "pml"));
	/* An emulated guest does not count it down. */
	EXPECT_TRUE(flag("kvm_intel", "unrestricted_guest") ||
		    !flag("kvm_intel", "preemption_timer"));
}

TEST(kvm_amd)
{
	static const struct known known[] = {
		{ "npt", FLAG }, { "nrips", FLAG }, { "vls", FLAG }, { "vgif", FLAG },
		{ "avic", FLAG }, { "nested", FLAG }, { "pause_filter_count", NUMBER },
		{ "pause_filter_thresh", NUMBER },
	};
	char value[256];

	if (!loaded("kvm_amd"))
		SKIP(return, "kvm_amd is not loaded");
	/* TCG has no PAUSE filter (CPUID 8000_000Ah EDX bit 10). */
	if (host_is_tcg() && parameter("kvm_amd", "pause_filter_count", value, sizeof(value))) {
		EXPECT_STREQ("0", value);
	}
	expect_known(_metadata, "kvm_amd", known, ARRAY_LEN(known));
}

/* Nesting, as the parameter says it, as the capability does and as a guest's CPUID would. */
TEST(nested_is_what_it_says)
{
	const char *module = loaded("kvm_intel") ? "kvm_intel" : "kvm_amd";
	struct kvm_cpuid2 *cpuid = supported_cpuid();
	char value[256] = "";
	bool nested, leaf;

	if (!parameter(module, "nested", value, sizeof(value)))
		SKIP(return, "no parameter nested");
	nested = !strcmp(value, "Y") || !strcmp(value, "1");
	leaf = loaded("kvm_intel") ? cpuid_find(cpuid, 1, 0)->ecx & BIT64(5) :
				     cpuid_find(cpuid, 0x80000001, 0)->ecx & BIT64(2);
	EXPECT_EQ(nested, leaf);
	EXPECT_EQ(nested, kvm_cap(kvm_open(), KVM_CAP_NESTED_STATE) > 0);
}

/* What Kata Containers looks at before it starts anything. */
TEST(unrestricted_guest_runs_real_mode)
{
	struct vm *vm;
	struct vcpu *vcpu;

	if (!loaded("kvm_intel") || !flag("kvm_intel", "unrestricted_guest"))
		SKIP(return, "kvm_intel does not say that real mode runs in hardware");
	vm = vm_new();
	vcpu = vcpu_new(vm, 0);
	vcpu_mode_real(vcpu, GUEST_BLOB_AT);
	vm->mem[GUEST_BLOB_AT] = 0xf4;
	EXPECT_EQ(KVM_EXIT_HLT, vcpu_exit(vcpu));
}

TEST_HARNESS_MAIN
