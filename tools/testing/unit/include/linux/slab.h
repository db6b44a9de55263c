/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of the C library, so that ASan watches it. */
#ifndef _UNIT_LINUX_SLAB_H
#define _UNIT_LINUX_SLAB_H

#include <stdlib.h>

typedef int gfp_t;
struct kmem_cache;

#define GFP_KERNEL			0
#define GFP_KERNEL_ACCOUNT		0
#define SLAB_ACCOUNT			0

#define KMEM_CACHE(type, flags)		((struct kmem_cache *)sizeof(struct type))
#define kmem_cache_alloc(cache, gfp)	malloc((size_t)(cache))
#define kmem_cache_zalloc(cache, gfp)	calloc(1, (size_t)(cache))
#define kmem_cache_free(cache, p)	free(p)
#define kmem_cache_destroy(cache)	((void)(cache))
#define kmalloc(size, gfp)		malloc(size)
#define kcalloc(n, size, gfp)		calloc(n, size)
#define kvcalloc(n, size, gfp)		calloc(n, size)
#define kvzalloc(size, gfp)		calloc(1, size)
#define kfree(p)			free(p)
#define kvfree(p)			free(p)

#endif
