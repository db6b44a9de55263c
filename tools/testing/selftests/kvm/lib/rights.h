/* SPDX-License-Identifier: GPL-2.0-only */
/* What the manual says of an access: SDM 4.6 to 4.8, APM2 5.4, 5.6, 8.4.2. See rights.c. */
#ifndef SLIMKVM_TEST_RIGHTS_H
#define SLIMKVM_TEST_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#define CR4_SMEP	(1ULL << 20)
#define CR4_SMAP	(1ULL << 21)
#define CR4_PKE		(1ULL << 22)
#define RFLAGS_AC	(1ULL << 18)

enum access { READ, WRITE, FETCH, READ_AC, WRITE_AC, USER_READ, USER_WRITE, USER_FETCH, ACCESSES };

/* The guest's control bits, and its rights by the key that the page has: AD, WD. */
struct controls {
	bool wp, smep, smap, nxe, pke;
	unsigned int key_rights;
	uint64_t la57;		/* CR4.LA57 */
};

/* Vector 14 with an error code; or 3, the INT3 behind the access, and what was set meanwhile. */
struct expected {
	unsigned int vector, error;
	bool accessed, dirty;
};

static inline bool access_writes(enum access access)
{
	return access == WRITE || access == WRITE_AC || access == USER_WRITE;
}

static inline bool access_fetches(enum access access)
{
	return access == FETCH || access == USER_FETCH;
}

static inline bool access_has_ac(enum access access)
{
	return access == READ_AC || access == WRITE_AC;
}

struct expected access_expected(const struct controls *c, uint64_t upper, uint64_t leaf,
				uint64_t reserved, enum access access);

#endif
