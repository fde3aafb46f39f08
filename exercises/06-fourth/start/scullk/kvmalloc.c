// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullk: a quantum is memory from kvmalloc().
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "scull.h"

static int kvmalloc_setup(struct scull_pool *pool)
{
	/* Yours: pool->footprint and pool->records */
	return -EOPNOTSUPP;
}

static void kvmalloc_teardown(struct scull_pool *pool)
{
}

static unsigned int kvmalloc_alloc(const struct scull_pool *pool, gfp_t gfp,
				   void **quanta, unsigned int n)
{
	/* Yours */
	return 0;
}

static void kvmalloc_free(const struct scull_pool *pool, void *quantum)
{
	/* Yours */
}

const struct scull_backend scull_backend = {
	.quantum_max = SZ_4M,
	.setup = kvmalloc_setup,
	.teardown = kvmalloc_teardown,
	.alloc = kvmalloc_alloc,
	.free = kvmalloc_free,
};

MODULE_DESCRIPTION("RAM-backed character device on kvmalloc()");
