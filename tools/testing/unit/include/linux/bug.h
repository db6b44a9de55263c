/* SPDX-License-Identifier: GPL-2.0-only */
/* Assertions: a warning ends the test, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_BUG_H
#define _UNIT_LINUX_BUG_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define WARN_ON_ONCE(cond) ({						\
	bool __warned = !!(cond);					\
	if (__warned) {							\
		fprintf(stderr, "%s:%d: WARN_ON_ONCE(%s)\n",		\
			__FILE__, __LINE__, #cond);			\
		abort();						\
	}								\
	__warned;							\
})
#define WARN_ON(cond)		WARN_ON_ONCE(cond)
#define BUILD_BUG_ON(cond)	_Static_assert(!(cond), #cond)

#endif
