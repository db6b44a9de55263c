// SPDX-License-Identifier: GPL-2.0-only
/* The fake guest memory that walk.c reads, with the accidents that real one has. */
#include "unit.h"

struct memory memory;

void memory_clear(void)
{
	memset(&memory, 0, sizeof(memory));
}

u64 memory_get(u64 gpa, bool wide)
{
	u64 value = 0;

	if (gpa >= MEM_SIZE && memory.void_is_zero)
		return 0;
	if (gpa >= MEM_SIZE)
		return wide ? ~0ull : ~0u;
	memcpy(&value, memory.bytes + gpa, wide ? 8 : 4);
	return value;
}

void memory_put(u64 gpa, bool wide, u64 value)
{
	if (gpa < MEM_SIZE)
		memcpy(memory.bytes + gpa, &value, wide ? 8 : 4);
}

u64 guest_pte_read(struct kvm_walk *walk, u64 gpa, bool wide)
{
	EXPECT(!(gpa & (wide ? 7 : 3)), "gpa %#llx", gpa);
	return memory_get(gpa, wide);
}

bool guest_pte_set(struct kvm_walk *walk, u64 gpa, bool wide, u64 pte, u64 bits)
{
	if (memory.rom || gpa >= MEM_SIZE)
		return true;
	if (memory.races) {
		memory.races--;
		memory_put(gpa, wide, memory.race_value);
	}
	if (memory_get(gpa, wide) != pte)
		return false;
	memory_put(gpa, wide, pte | bits);
	return true;
}

u64 guest_pdptr(struct kvm_vcpu *vcpu, int index)
{
	return memory.pdptr[index];
}
