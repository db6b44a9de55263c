/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests of walks share: the fake guest memory, the model to compare with. */
#ifndef _UNIT_MMU_H
#define _UNIT_MMU_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <unit_test.h>
#include "spte.h"
#include "walk.h"

/* ---- memory.c: guest memory from gpa 0, and hooks for what can happen to it */
#define MEM_PAGES	16
#define MEM_SIZE	(MEM_PAGES * PAGE_SIZE)

struct memory {
	u8 bytes[MEM_SIZE];
	u64 pdptr[4];		/* the CPU's copies */
	bool void_is_zero;	/* where no memory is, zeroes are read instead of ones */
	bool rom;		/* accessed and dirty bits cannot be written */
	int races;		/* so often an entry changes before it is updated */
	u64 race_value;		/* to this */
};

extern struct memory memory;

void memory_clear(void);
u64 memory_get(u64 gpa, bool wide);
void memory_put(u64 gpa, bool wide, u64 value);

/* ---- model.c: paging as the manuals tell it, without a table */
struct model_cpu {
	bool paging, wp, pse, pae, la57, smep, smap, pke, nxe, long_mode;
	bool amd, gbpages, pse36, pdptrs_cached;
	u8 maxphyaddr;
	u32 pkru;
};

struct model_access {
	bool write, user, fetch, implicit, ac;
};

struct model_result {
	bool fault;
	u32 error_code;
	u64 gpa;
	int level;
};

void model_facts(const struct model_cpu *cpu, struct kvm_paging_facts *facts);
u64 model_pferr(const struct model_access *access);
bool model_denied(const struct model_cpu *cpu, const struct model_access *access, bool page_user,
		  bool page_write, bool page_exec, unsigned int key, bool *by_key);
bool model_bit_reserved(const struct model_cpu *cpu, int level, bool ps, int bit);
struct model_result model_walk(const struct model_cpu *cpu, u64 cr3, u64 addr,
			       const struct model_access *access);

#endif
