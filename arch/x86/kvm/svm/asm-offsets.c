// SPDX-License-Identifier: GPL-2.0-only
/* Offsets that entry.S needs; compiled to assembler text, from which Kbuild makes a header. */
#define COMPILE_OFFSETS

#include <linux/kbuild.h>
#include "svm.h"

static void __used svm_offsets(void)
{
	OFFSET(SVM_regs, vcpu_svm, vcpu.arch.regs);
	OFFSET(SVM_vmcb_pa, vcpu_svm, vmcb_pa);
	OFFSET(SVM_host_state_pa, vcpu_svm, host_state_pa);
	OFFSET(SVM_spec_ctrl, vcpu_svm, vcpu.arch.spec_ctrl);
	OFFSET(SVM_spec_ctrl_direct, vcpu_svm, vcpu.arch.spec_ctrl_direct);
}
