/* SPDX-License-Identifier: GPL-2.0-only */
/* Units of time, for the userspace build of the pure rooms. */
#ifndef _UNIT_LINUX_TIME64_H
#define _UNIT_LINUX_TIME64_H

#define NSEC_PER_USEC		1000L
#define NSEC_PER_MSEC		1000000L
#define NSEC_PER_SEC		1000000000L

#endif
