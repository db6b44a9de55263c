/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct x86_exception: a fault on its way to the guest, as page walks and the emulator report it.
 */
#ifndef __KVM_X86_EXCEPTION_H
#define __KVM_X86_EXCEPTION_H

#include <linux/types.h>

/**
 * struct x86_exception - one fault
 * @vector: 0–31
 * @error_code_valid: the vector pushes an error code
 * @error_code: that code
 * @nested_page_fault: the fault is one of the outer (nested) dimension, not the guest's own
 * @address: #PF: the linear address, for CR2; a nested fault: the guest physical address
 */
struct x86_exception {
	u8 vector;
	bool error_code_valid;
	bool nested_page_fault;
	u16 error_code;
	u64 address;
};

#endif
