// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullp: a quantum is a block of whole, physically contiguous pages, the
 * smallest power of two of them that holds it.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "scull.h"

static int pages_setup(struct scull_pool *pool)
{
	pool->footprint = PAGE_SIZE << get_order(pool->quantum);
	return 0;
}

static void pages_teardown(struct scull_pool *pool)
{
}

static void *pages_alloc(const struct scull_pool *pool, gfp_t gfp)
{
	unsigned int order = get_order(pool->quantum);

	/*
	 * Compound, so that a mapped page keeps the whole block, and hardened
	 * usercopy knows where it ends.
	 */
	return (void *)__get_free_pages(gfp | __GFP_COMP, order);
}

static void pages_free(const struct scull_pool *pool, void *quantum)
{
	free_pages((unsigned long)quantum, get_order(pool->quantum));
}

static struct page *pages_page(void *quantum, unsigned int offset)
{
	return virt_to_page(quantum + offset);
}

const struct scull_backend scull_backend = {
	/* The page allocator's largest block, as kmalloc() knows it. */
	.quantum_max = KMALLOC_MAX_SIZE,
	.has_order = true,
	.setup = pages_setup,
	.teardown = pages_teardown,
	.alloc = pages_alloc,
	.free = pages_free,
	.page = pages_page,
};

MODULE_DESCRIPTION("RAM-backed character device on __get_free_pages()");
