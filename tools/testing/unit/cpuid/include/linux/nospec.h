/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define array_index_nospec(index, size)	((index) < (size) ? (index) : 0)
