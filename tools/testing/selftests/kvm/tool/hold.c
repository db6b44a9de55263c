// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps one VM with one vCPU open until it is killed. The run script starts it for every test.
 *
 * With in-tree modules the first VM and the last switch static keys in the host's scheduler, and
 * with several CPUs QEMU's TCG sometimes loses the host over such cross-modified code (a CPU spins
 * on the patched instruction for ever). With a VM always open the keys stay put. Ours switch them
 * when they are loaded, so that the tests may see the first VM come and the last one go.
 */
#include "kvm_test.h"

int main(void)
{
	struct vm *vm;

	if (!host_is_tcg() || !kvm_is_in_tree())
		return 0;
	vm = vm_bare();
	vcpu_bare(vm, 0);
	for (;;)
		pause();
}
