/* SPDX-License-Identifier: GPL-2.0-only */
/* The simulated machine: guest memory, the host's frames, CPUs with TLBs. */
#ifndef _UNIT_SHADOW_SIM_H
#define _UNIT_SHADOW_SIM_H

#include <unit_test.h>
#include "mmu_internal.h"
#include "shadow.h"

#define SIM_PAGES	1024u		/* of guest memory, from frame 0 */
#define SIM_USED	96u		/* at the start of each 2 MiB of it, that tests touch */
#define SIM_VCPUS	2u

/* A guest's paging mode: the bits of its control registers. */
struct sim_mode {
	const char *name;
	bool long_mode, pae, la57, nxe, wp, smep, smap;
	int levels;
};

struct sim_access {
	bool write, user, fetch;
};

extern struct kvm sim_kvm;
extern struct kvm_vcpu sim_vcpu[SIM_VCPUS];
extern struct kvm_memory_slot sim_slot;
extern u8 sim_memory[SIM_PAGES * 4096];

void sim_begin(const struct sim_mode *mode, unsigned long max_pages);
void sim_end(void);
void sim_set_mode(struct kvm_vcpu *vcpu, const struct sim_mode *mode, u64 cr3);
void sim_set_cr3(struct kvm_vcpu *vcpu, u64 cr3);
void sim_set_pcid(struct kvm_vcpu *vcpu, u64 cr3, bool flush);
void sim_flush_guest(struct kvm_vcpu *vcpu);
void sim_invlpg(struct kvm_vcpu *vcpu, u64 addr);
void sim_unmap(gfn_t start, gfn_t end);
/* A log, or none: small pages then, and a bit for each one that is written. */
void sim_log(bool on);
gfn_t sim_frame_of(u64 pfn);

/* An access by hardware, faults handled. ~0: the guest gets #PF. */
u64 sim_touch(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access);
/* A write of @len bytes, by hardware or by the emulator. Where it went, or ~0. */
u64 sim_store(struct kvm_vcpu *vcpu, u64 addr, u64 value, unsigned int len);
/* What a CPU of the guest's kind would do now, without side effects. */
u64 sim_expect(struct kvm_vcpu *vcpu, u64 addr, struct sim_access access);
/* The guest's entry for @addr: of the page, whatever its level; NULL: there is none. */
u8 *sim_gpte(struct kvm_vcpu *vcpu, u64 addr);
u64 sim_read_entry(u64 gpa, bool wide);

#endif
