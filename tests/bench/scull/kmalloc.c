// SPDX-License-Identifier: GPL-2.0-only
/*
 * scull: a quantum is plain kmalloc() memory, as in the book's first driver.
 *
 * Only here to measure the others against.
 */

#include <linux/module.h>
#include <linux/slab.h>

#include "scull.h"

static int kmalloc_setup(struct scull_allocator *a)
{
	a->footprint = kmalloc_size_roundup(a->bytes);
	a->records = SCULL_SLAB_RECORD;
	return 0;
}

static unsigned int kmalloc_alloc(const struct scull_allocator *a, gfp_t gfp,
				  void **quanta, unsigned int n)
{
	*quanta = kmalloc(a->bytes, gfp);
	return *quanta ? 1 : 0;
}

static void kmalloc_free(const struct scull_allocator *a, void *quantum)
{
	kfree(quantum);
}

const struct scull_backend scull_backend = {
	.quantum_max = KMALLOC_MAX_SIZE,
	.setup = kmalloc_setup,
	.alloc = kmalloc_alloc,
	.free = kmalloc_free,
	.page = scull_direct_page,
};

MODULE_DESCRIPTION("RAM-backed character device on kmalloc()");
