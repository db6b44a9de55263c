// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manual's rules for one access, written down one after the other: what rights.c and access.c
 * compare the CPU, or the shadow of its tables, with.
 */
#include "kvm_test.h"
#include "rights.h"

/* The error code's bits. */
#define P	1
#define W	2
#define U	4
#define RSVD	8
#define I	16
#define PK	32

static bool key_denies(const struct controls *c, bool user_page, enum access access)
{
	if (!c->pke || !user_page || access_fetches(access))
		return false;
	return (c->key_rights & 1) || ((c->key_rights & 2) && access_writes(access) &&
				       (access >= USER_READ || c->wp));
}

/* SDM 4.6.1 for a page that is @u, @w and not executable if @nx. */
static bool rights_deny(const struct controls *c, bool u, bool w, bool nx, enum access access)
{
	switch (access) {
	case READ:
		return u && c->smap;
	case READ_AC:
		return false;
	case WRITE:
		return (u && c->smap) || (!w && c->wp);
	case WRITE_AC:
		return !w && c->wp;
	case FETCH:
		return nx || (u && c->smep);
	case USER_READ:
		return !u;
	case USER_WRITE:
		return !u || !w;
	default:
		return !u || nx;
	}
}

/**
 * access_expected() - what comes of an access
 * @c: the control bits
 * @upper: an entry above the last one, present; the others allow all
 * @leaf: the last entry
 * @reserved: the bits of @leaf that are, NX without NXE apart
 * @access: its kind
 */
struct expected access_expected(const struct controls *c, uint64_t upper, uint64_t leaf,
				uint64_t reserved, enum access access)
{
	bool u = upper & leaf & PTE_U, w = upper & leaf & PTE_W;
	bool nx = c->nxe && ((upper | leaf) & PTE_NX);
	struct expected e = { .vector = 14 };

	e.error = (access_writes(access) ? W : 0) | (access >= USER_READ ? U : 0) |
		  (access_fetches(access) && (c->nxe || c->smep) ? I : 0);
	if ((upper & PTE_NX) && !c->nxe) {
		e.error |= P | RSVD;
	} else if (!(leaf & PTE_P)) {
		/* nothing to add */
	} else if ((leaf & reserved) || ((leaf & PTE_NX) && !c->nxe)) {
		e.error |= P | RSVD;
	} else if (key_denies(c, u, access)) {
		e.error |= P | PK;
	} else if (rights_deny(c, u, w, nx, access)) {
		e.error |= P;
	} else {
		e = (struct expected) {
			.vector = 3, .accessed = true,
			.dirty = access_writes(access) || (leaf & PTE_D),
		};
	}
	/* TCG reports a reserved bit without P, where it is asked. */
	if ((e.error & RSVD) && host_is_tcg() && nested_paging())
		e.error &= ~P;
	return e;
}
