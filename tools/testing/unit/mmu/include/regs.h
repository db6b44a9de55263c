/* SPDX-License-Identifier: GPL-2.0-only */
/* What it declares is in fake_kernel.h, as far as the unit tests need it. */
