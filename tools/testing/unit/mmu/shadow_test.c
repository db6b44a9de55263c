// SPDX-License-Identifier: GPL-2.0-only
/*
 * shadow_role.c: the rights of a shadow leaf, judged by what hardware makes of them. Hardware runs
 * with CR0.WP and EFER.NXE set, CR4 as the guest has it; it must never allow what the guest's CPU
 * would deny, and must allow the access that asked for the leaf unless that is to be emulated.
 */
#include "unit.h"
#include "shadow_role.h"

/* One page of the guest's, and one of its control bits. */
struct shadow_case {
	struct model_cpu guest;
	struct kvm_paging pg;
	union shadow_role role;
	unsigned int acc;
	unsigned int key_rights;
	bool dirty;
	bool may_write;
};

#define TEST_KEY	3

static void shadow_case_init(struct shadow_case *c, unsigned int n)
{
	struct kvm_paging_facts facts;

	*c = (struct shadow_case) {
		.guest = {
			.paging = true, .pae = true, .long_mode = n & 1, .maxphyaddr = 40,
			.wp = n & 2, .smep = n & 4, .smap = n & 8, .nxe = n & 16, .pke = n & 32,
		},
		.acc = n >> 6 & 7, .dirty = n & 512, .may_write = n & 1024,
		.key_rights = n >> 11 & 3,
	};
	if (!c->guest.nxe)
		c->acc |= KVM_ACC_EXEC;
	c->guest.pkru = c->key_rights << (2 * TEST_KEY);
	model_facts(&c->guest, &facts);
	kvm_paging_init(&c->pg, &facts);
	c->role = shadow_base_role(&c->pg, facts.cr0, facts.cr4);
	c->role.level = 1;
}

#define SHADOW_CASES	(1u << 13)

static const struct model_access accesses[] = {
	{}, { .write = true }, { .fetch = true },
	{ .user = true }, { .user = true, .write = true }, { .user = true, .fetch = true },
	{ .implicit = true }, { .implicit = true, .write = true },
	{ .ac = true }, { .ac = true, .write = true },
};

static bool guest_denies(const struct shadow_case *c, const struct model_access *access)
{
	bool by_key;

	return model_denied(&c->guest, access, c->acc & KVM_ACC_USER, c->acc & KVM_ACC_WRITE,
			    c->acc & KVM_ACC_EXEC, TEST_KEY, &by_key);
}

static bool hardware_denies(const struct shadow_case *c, u64 rights,
			    const struct model_access *access)
{
	struct model_cpu hardware = c->guest;
	bool by_key;

	hardware.wp = true;
	hardware.nxe = true;
	return model_denied(&hardware, access, rights & SHADOW_U, rights & SHADOW_W,
			    !(rights & SHADOW_NX), TEST_KEY, &by_key);
}

/* @first asked for the leaf; @then is tried on it. */
static void check_leaf(const struct shadow_case *c, const struct model_access *first,
		       unsigned int n)
{
	struct shadow_leaf leaf = {
		.role = c->role, .acc = c->acc, .dirty = c->dirty || first->write,
		.may_write = c->may_write, .write = first->write, .user = first->user,
	};
	u64 rights = shadow_leaf_rights(&leaf);
	bool emulates = shadow_leaf_emulates(&leaf, rights);
	unsigned int i;

	EXPECT(!(rights & SHADOW_W) || (c->may_write && leaf.dirty),
	       "case %#x: writable, dirty %d may_write %d", n, leaf.dirty, c->may_write);
	EXPECT(emulates || !hardware_denies(c, rights, first),
	       "case %#x: %#llx does not let the access through", n, rights);
	/* Emulated for good reason only: a watched frame, or no way to say it to hardware. */
	if (emulates)
		EXPECT(first->write && (!c->may_write || c->role.keyed), "case %#x: emulated", n);
	for (i = 0; i < ARRAY_SIZE(accesses); i++)
		EXPECT(hardware_denies(c, rights, &accesses[i]) || !guest_denies(c, &accesses[i]),
		       "case %#x: %#llx allows access %u", n, rights, i);
}

TEST(test_shadow_rights, "shadow: rights of a leaf, as hardware sees them")
{
	struct shadow_case c;
	unsigned int n, i;

	for (n = 0; n < SHADOW_CASES; n++) {
		shadow_case_init(&c, n);
		for (i = 0; i < ARRAY_SIZE(accesses); i++)
			if (!guest_denies(&c, &accesses[i]))
				check_leaf(&c, &accesses[i], n);
	}
}

/* Which entries of a 32-bit guest's table each of ours stands for: all of them, once. */
TEST(test_shadow_quadrants, "shadow: quadrants of 32-bit tables")
{
	unsigned int seen[1024];
	unsigned int level, quadrant, i;

	for (level = 1; level <= 2; level++) {
		memset(seen, 0, sizeof(seen));
		for (quadrant = 0; quadrant < (level == 1 ? 2 : 4); quadrant++) {
			union shadow_role role = {
				.level = level, .glevel = 2, .quadrant = quadrant,
			};

			for (i = 0; i < 512; i++)
				seen[shadow_first_gpte(role) + (i >> shadow_gpte_shift(role))]++;
		}
		for (i = 0; i < 1024; i++)
			EXPECT(seen[i] == level, "level %u entry %u: %u times", level, i, seen[i]);
	}
}
