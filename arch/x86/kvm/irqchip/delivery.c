// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt messages on their way to the local APICs: who is meant, and who of them takes it (SDM
 * 11.6.2).
 *
 * Owns kvm->arch.apic_map, in which the usual destinations are looked up at once. It is built anew
 * under apic_map_lock when an APIC changes what it answers to, and read under RCU from any context.
 * Where it has no answer, each APIC is asked: that is always right.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include "lapic.h"
#include "trace.h"
#include "x86.h"

/**
 * struct kvm_apic_map - destinations → vCPUs; immutable once published
 * @rcu: to free it
 * @unique: no two APICs answer to one physical id: @physical is right
 * @flat: all APICs are xAPICs with the flat model, and no two share a bit: @logical is right
 * @x2apic: all of them are in x2APIC mode, so that logical ids follow from physical ones
 * @logical: by bit of the logical id
 * @max_id: last index of @physical
 * @physical: by physical id
 */
struct kvm_apic_map {
	struct rcu_head rcu;
	bool unique;
	bool flat;
	bool x2apic;
	struct kvm_vcpu *logical[8];
	u32 max_id;
	struct kvm_vcpu *physical[];
};

/* ---- the map --------------------------------------------------------------------------------- */

static u32 map_physical_id(const struct lapic_regs *r)
{
	if (r->mode == LAPIC_X2APIC || r->id > 0xff)
		return r->id;
	return lapic_get(r, APIC_ID) >> 24;
}

static void map_add_flat(struct kvm_apic_map *map, struct kvm_vcpu *vcpu)
{
	const struct lapic_regs *r = &vcpu->arch.apic->regs;
	unsigned long bits = lapic_get(r, APIC_LDR) >> 24;
	unsigned int bit;

	if (r->mode != LAPIC_XAPIC || lapic_get(r, APIC_DFR) >> 28 != 0xf)
		map->flat = false;
	for_each_set_bit(bit, &bits, 8) {
		if (map->logical[bit])
			map->flat = false;
		map->logical[bit] = vcpu;
	}
}

static void map_add(struct kvm_apic_map *map, struct kvm_vcpu *vcpu)
{
	const struct lapic_regs *r = &vcpu->arch.apic->regs;
	u32 id = map_physical_id(r);

	if (READ_ONCE(r->mode) == LAPIC_DISABLED)
		return;
	if (r->mode != LAPIC_X2APIC)
		map->x2apic = false;
	map_add_flat(map, vcpu);
	/* Written to since it was counted? Then that writer's own update comes. */
	if (id > map->max_id || map->physical[id])
		map->unique = false;
	else
		map->physical[id] = vcpu;
}

static struct kvm_apic_map *map_build(struct kvm *kvm)
{
	struct kvm_apic_map *map;
	struct kvm_vcpu *vcpu;
	u32 max_id = 0xff;
	int i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		max_id = max_t(u32, max_id, vcpu->id);
	map = kvzalloc(struct_size(map, physical, max_id + 1), GFP_KERNEL_ACCOUNT);
	if (!map)
		return NULL;
	map->max_id = max_id;
	map->unique = true;
	map->flat = true;
	map->x2apic = true;
	kvm_for_each_vcpu(i, vcpu, kvm)
		map_add(map, vcpu);
	return map;
}

/**
 * kvm_lapic_map_update - an APIC of the VM has come, or answers to other destinations than before
 * @kvm: the VM; may sleep
 *
 * Who changes an APIC calls this after the change, so that the last map has seen all of them.
 * Without memory there is none, and each message asks all APICs.
 */
void kvm_lapic_map_update(struct kvm *kvm)
{
	struct kvm_apic_map *old;

	mutex_lock(&kvm->arch.apic_map_lock);
	old = rcu_replace_pointer(kvm->arch.apic_map, map_build(kvm),
				  lockdep_is_held(&kvm->arch.apic_map_lock));
	mutex_unlock(&kvm->arch.apic_map_lock);
	if (old)
		kvfree_rcu(old, rcu);
	/* Which vCPUs will EOI whose interrupts follows from it. */
	kvm_make_all_vcpus_request(kvm, KVM_REQ_SCAN_IOAPIC);
}

/** kvm_lapic_map_free - the VM goes; nobody else sees it */
void kvm_lapic_map_free(struct kvm *kvm)
{
	kvfree(rcu_dereference_protected(kvm->arch.apic_map, 1));
}

/* ---- who is meant ---------------------------------------------------------------------------- */

static bool ff_is_broadcast(struct kvm *kvm)
{
	return !(READ_ONCE(kvm->arch.x2apic_api) & KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK);
}

/* May it mean all APICs, by one rule or another? The map does not know. */
static bool dest_may_be_broadcast(const struct kvm_apic_message *msg)
{
	return msg->dest == LAPIC_X2APIC_BROADCAST || msg->dest == 0xff;
}

/* NULL: nobody, or beyond the map. A guest chose @id: also a CPU that guesses stays inside. */
static struct kvm_vcpu *map_lookup(const struct kvm_apic_map *map, u32 id)
{
	if (id > map->max_id)
		return NULL;
	return map->physical[array_index_nospec(id, map->max_id + 1)];
}

/* One physical destination, nearly always. NULL: ask further. */
static struct kvm_vcpu *dest_single(const struct kvm_apic_map *map,
				    const struct kvm_apic_message *msg)
{
	if (msg->logical || msg->shorthand != KVM_APIC_DEST_FIELD || !map->unique ||
	    dest_may_be_broadcast(msg))
		return NULL;
	return map_lookup(map, msg->dest);
}

/* A logical destination by the map into @dests; false: the map cannot say. */
static bool dest_logical(const struct kvm_apic_map *map, const struct kvm_apic_message *msg,
			 unsigned long *dests)
{
	unsigned long bits = msg->dest & 0xffff;
	struct kvm_vcpu *vcpu;
	unsigned int bit;

	if (!map || !msg->logical || dest_may_be_broadcast(msg))
		return false;
	if (map->flat) {
		if (msg->dest > 0xff)
			return true;
		for_each_set_bit(bit, &bits, 8)
			if (map->logical[bit])
				__set_bit(map->logical[bit]->index, dests);
		return true;
	}
	if (!map->x2apic || !map->unique)
		return false;
	for_each_set_bit(bit, &bits, 16) {
		vcpu = map_lookup(map, msg->dest >> 16 << 4 | bit);
		if (vcpu)
			__set_bit(vcpu->index, dests);
	}
	return true;
}

static bool dest_matches(struct kvm_vcpu *src, struct kvm_vcpu *vcpu,
			 const struct kvm_apic_message *msg)
{
	if (!vcpu->arch.apic)
		return false;
	switch (msg->shorthand) {
	case KVM_APIC_DEST_ALL:
		return true;
	case KVM_APIC_DEST_OTHERS:
		return vcpu != src;
	default:
		return lapic_regs_match(&vcpu->arch.apic->regs, msg, ff_is_broadcast(vcpu->kvm));
	}
}

static void dest_collect(struct kvm *kvm, struct kvm_vcpu *src, const struct kvm_apic_map *map,
			 const struct kvm_apic_message *msg, unsigned long *dests)
{
	struct kvm_vcpu *vcpu;
	int i;

	if (msg->shorthand == KVM_APIC_DEST_FIELD && dest_logical(map, msg, dests))
		return;
	kvm_for_each_vcpu(i, vcpu, kvm)
		if (dest_matches(src, vcpu, msg))
			__set_bit(i, dests);
}

/* ---- who of them takes it -------------------------------------------------------------------- */

static int deliver_all(struct kvm *kvm, const unsigned long *dests,
		       const struct kvm_apic_message *msg)
{
	int r = -1, taken;
	unsigned int i;

	for_each_set_bit(i, dests, KVM_VCPUS_MAX) {
		taken = kvm_lapic_accept(kvm_get_vcpu(kvm, i), msg);
		if (taken >= 0)
			r = max(r, 0) + taken;
	}
	return r;
}

/*
 * The one whose priority is lowest (11.6.2.4); among equals the vector decides, so that an
 * interrupt stays where its handler's data are, and different ones spread.
 */
static int deliver_lowest(struct kvm *kvm, const unsigned long *dests,
			  const struct kvm_apic_message *msg)
{
	unsigned int i, turn, best_turn = ~0u, nr = bitmap_weight(dests, KVM_VCPUS_MAX), at = 0;
	struct kvm_vcpu *best = NULL, *vcpu;
	u8 class, best_class = 0xff;

	for_each_set_bit(i, dests, KVM_VCPUS_MAX) {
		vcpu = kvm_get_vcpu(kvm, i);
		turn = (at++ + nr - msg->vector % nr) % nr;
		if (!lapic_software_enabled(&vcpu->arch.apic->regs))
			continue;
		class = lapic_regs_ppr(&vcpu->arch.apic->regs) >> 4;
		if (class < best_class || (class == best_class && turn < best_turn)) {
			best = vcpu;
			best_class = class;
			best_turn = turn;
		}
	}
	return best ? kvm_lapic_accept(best, msg) : -1;
}

/**
 * kvm_apic_send - deliver an interrupt message; any context
 * @kvm: the VM
 * @src: the vCPU that sends it by its ICR, or NULL
 * @msg: the message
 *
 * Return: > 0: so many took it; 0: those that should had it pending already; -1: nobody took it.
 */
int kvm_apic_send(struct kvm *kvm, struct kvm_vcpu *src, const struct kvm_apic_message *msg)
{
	DECLARE_BITMAP(dests, KVM_VCPUS_MAX);
	const struct kvm_apic_map *map;
	struct kvm_vcpu *vcpu;
	int r;

	if (msg->shorthand == KVM_APIC_DEST_SELF)
		return kvm_lapic_accept(src, msg);
	rcu_read_lock();
	map = rcu_dereference(kvm->arch.apic_map);
	vcpu = map ? dest_single(map, msg) : NULL;
	if (likely(vcpu)) {
		r = kvm_lapic_accept(vcpu, msg);
	} else {
		bitmap_zero(dests, KVM_VCPUS_MAX);
		dest_collect(kvm, src, map, msg, dests);
		if (msg->mode == KVM_APIC_LOWEST || msg->redirect)
			r = deliver_lowest(kvm, dests, msg);
		else
			r = deliver_all(kvm, dests, msg);
	}
	rcu_read_unlock();
	return r;
}

/** kvm_apic_is_dest - may @vcpu be among the destinations? Any context */
bool kvm_apic_is_dest(struct kvm_vcpu *vcpu, const struct kvm_apic_message *msg)
{
	return dest_matches(NULL, vcpu, msg);
}

/** kvm_lapic_pic_raised - the PIC pair's INTR went up: see irqchip.h; any context */
void kvm_lapic_pic_raised(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	int i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (!vcpu->arch.apic || !lapic_regs_takes_pic(&vcpu->arch.apic->regs))
			continue;
		kvm_make_request(KVM_REQ_EVENT, vcpu);
		kvm_vcpu_kick(vcpu);
	}
}
