/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fault on its way to the guest, as the page-table walker, the emulator and
 * the descriptor code hand it to whoever injects it. Pure data: no lock, and it
 * compiles in userspace with the pure rooms.
 */
#ifndef _KVM_X86_EXCEPTION_H
#define _KVM_X86_EXCEPTION_H

#include <linux/types.h>

/**
 * struct x86_exception - one fault, not yet injected
 * @vector: exception vector, 0 to 31 (SDM 6.15)
 * @error_code_valid: the vector pushes @error_code
 * @nested_page_fault: @address is a nested guest-physical address, so that the
 *	fault belongs to the first-level hypervisor and not to the guest's CR2
 * @error_code: selector or page-fault error code
 * @address: for #PF the linear address for CR2
 */
struct x86_exception {
	u8 vector;
	bool error_code_valid;
	bool nested_page_fault;
	u16 error_code;
	u64 address;
};

#endif /* _KVM_X86_EXCEPTION_H */
