// SPDX-License-Identifier: GPL-2.0-only
/*
 * scull: a quantum is plain kmalloc() memory, as in the book's first driver.
 *
 * Only here to measure the others against.
 */

#include <linux/module.h>
#include <linux/slab.h>

#include "scull.h"

static int kmalloc_setup(struct scull_pool *pool)
{
	pool->footprint = kmalloc_size_roundup(pool->quantum);
	pool->records = SCULL_SLAB_RECORD;
	return 0;
}

static void kmalloc_teardown(struct scull_pool *pool)
{
}

static unsigned int kmalloc_alloc(const struct scull_pool *pool, gfp_t gfp,
				  void **quanta, unsigned int n)
{
	*quanta = kmalloc(pool->quantum, gfp);
	return *quanta ? 1 : 0;
}

static void kmalloc_free(const struct scull_pool *pool, void *quantum)
{
	kfree(quantum);
}

const struct scull_backend scull_backend = {
	.quantum_max = KMALLOC_MAX_SIZE,
	.setup = kmalloc_setup,
	.teardown = kmalloc_teardown,
	.alloc = kmalloc_alloc,
	.free = kmalloc_free,
};

MODULE_DESCRIPTION("RAM-backed character device on kmalloc()");
