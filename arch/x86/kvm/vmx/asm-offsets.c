// SPDX-License-Identifier: GPL-2.0-only
/* Offsets that entry.S needs; compiled to assembler text, from which Kbuild makes a header. */
#define COMPILE_OFFSETS

#include <linux/kbuild.h>
#include "vmx.h"

static void __used vmx_offsets(void)
{
	OFFSET(VMX_regs, vcpu_vmx, vcpu.arch.regs);
	OFFSET(VMX_host_rsp, vcpu_vmx, host.rsp);
	OFFSET(VMX_launched, vcpu_vmx, launched);
	OFFSET(VMX_spec_ctrl, vcpu_vmx, vcpu.arch.spec_ctrl);
	OFFSET(VMX_spec_ctrl_direct, vcpu_vmx, vcpu.arch.spec_ctrl_direct);
	DEFINE(VMX_HOST_RSP, HOST_RSP);
}
