// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vendor's table and the x86 part of module life.
 *
 * Owns kvm_x86_ops and the static calls made from it, and kvm_host: facts about the host CPU that
 * do not change after load. Called by virt/kvm/main.c when a vendor module comes and goes; nothing
 * else runs at that time.
 */
#include <linux/module.h>
#include <linux/static_call.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include "irqchip/lapic.h"
#include "x86.h"

struct kvm_x86_ops kvm_x86_ops __read_mostly;
struct kvm_host_info kvm_host __read_mostly;
EXPORT_SYMBOL_GPL(kvm_host);

#define KVM_X86_OP_DEFINE(ret, name, args)						\
	DEFINE_STATIC_CALL_NULL(kvm_x86_##name, *(((struct kvm_x86_ops *)0)->name));	\
	EXPORT_STATIC_CALL_GPL(kvm_x86_##name);
KVM_X86_OPS(KVM_X86_OP_DEFINE)

/* One line per missing operation: a half-filled table must never be called. */
static int kvm_ops_check(const struct kvm_x86_ops *ops)
{
	int missing = 0;

#define KVM_X86_OP_CHECK(ret, op, args)							\
	if (!ops->op) {									\
		pr_err("kvm: %s has no operation " #op "\n", ops->name);		\
		missing++;								\
	}
	KVM_X86_OPS(KVM_X86_OP_CHECK)
	return missing ? -EINVAL : 0;
}

static void kvm_ops_install(const struct kvm_x86_ops *ops)
{
	kvm_x86_ops = *ops;
#define KVM_X86_OP_UPDATE(ret, op, args)						\
	static_call_update(kvm_x86_##op, kvm_x86_ops.op);
	KVM_X86_OPS(KVM_X86_OP_UPDATE)
}

/*
 * x87 and SSE, and what XSAVE-managed state we save and restore for guests: no AMX, no supervisor
 * states.
 */
#define KVM_SUPPORTED_XCR0	(XFEATURE_MASK_FP | XFEATURE_MASK_SSE | XFEATURE_MASK_YMM |	\
				 XFEATURE_MASK_AVX512 | XFEATURE_MASK_PKRU)

/*
 * A guest may execute MWAIT where what it waits for is certain to come: the monitor works, and the
 * host's APIC timer does not stop in a deep C-state.
 */
static u8 kvm_probe_disable_exits(void)
{
	u8 exits = KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE;

	if (boot_cpu_has(X86_FEATURE_MWAIT) && boot_cpu_has(X86_FEATURE_ARAT) &&
	    !boot_cpu_has_bug(X86_BUG_MONITOR))
		exits |= KVM_X86_DISABLE_EXITS_MWAIT;
	return exits;
}

static void kvm_host_probe(void)
{
	memset(&kvm_host, 0, sizeof(kvm_host));
	kvm_host.disable_exits = kvm_probe_disable_exits();
	rdmsrl(MSR_EFER, kvm_host.efer);
	if (boot_cpu_has(X86_FEATURE_XSAVE)) {
		kvm_host.xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
		kvm_host.supported_xcr0 = kvm_host.xcr0 & KVM_SUPPORTED_XCR0;
	}
	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl(MSR_IA32_ARCH_CAPABILITIES, kvm_host.arch_capabilities);
}

/**
 * kvm_arch_init - take a vendor's table into use
 * @ops: the table; every operation must be there
 *
 * Return: 0, -EOPNOTSUPP when the CPU cannot or the firmware forbids it, another errno otherwise.
 * The reason is in the log, from the one who knows it.
 */
int kvm_arch_init(const struct kvm_x86_ops *ops)
{
	int r;

	r = kvm_ops_check(ops);
	if (r)
		return r;
	r = ops->cpu_has_kvm_support();
	if (r)
		return r;
	if (ops->disabled_by_bios())
		return -EOPNOTSUPP;
	kvm_ops_install(ops);
	kvm_host_probe();
	r = kvm_user_return_init();
	if (r)
		return r;
	r = kvm_mmu_module_init();
	if (r)
		goto out_user_return;
	r = kvm_emulator_module_init();
	if (r)
		goto out_mmu;
	kvm_set_cpu_caps();
	r = ops->hardware_setup();
	if (r)
		goto out_emulator;
	ops->set_cpu_caps();
	r = kvm_msr_lists_init();
	if (r)
		goto out_hardware;
	return 0;

out_hardware:
	ops->hardware_unsetup();
out_emulator:
	kvm_emulator_module_exit();
out_mmu:
	kvm_mmu_module_exit();
out_user_return:
	kvm_user_return_exit();
	return r;
}

/** kvm_arch_exit - undo kvm_arch_init(); no VM exists and /dev/kvm is gone */
void kvm_arch_exit(void)
{
	kvm_vapic_module_exit();
	kvm_x86_call(hardware_unsetup)();
	kvm_emulator_module_exit();
	kvm_mmu_module_exit();
	kvm_user_return_exit();
}

int kvm_arch_check_processor_compat(void)
{
	return kvm_x86_call(check_processor_compatibility)();
}

/** kvm_arch_hardware_enable - virtualization on, on this CPU; interrupts off */
int kvm_arch_hardware_enable(void)
{
	kvm_user_return_cpu_online();
	return kvm_x86_call(hardware_enable)();
}

/** kvm_arch_hardware_disable - and off; interrupts off */
void kvm_arch_hardware_disable(void)
{
	kvm_x86_call(hardware_disable)();
	kvm_user_return_cpu_offline();
}
