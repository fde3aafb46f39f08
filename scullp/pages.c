// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullp: a quantum is a block of whole, physically contiguous pages.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "backend.h"

static int pages_setup(struct scull_pool *pool)
{
	pool->footprint = PAGE_ALIGN(pool->quantum);
	return 0;
}

static void pages_teardown(struct scull_pool *pool)
{
}

/*
 * A block from __get_free_pages() that is then split: each page can be mapped and
 * freed by itself, and those past the quantum go back at once. A page fault
 * would map a whole huge page of a block that is not split.
 *
 * So several quanta of a page can come from one block, if it is to be had without
 * reclaim, compaction and the reserves for atomic allocations.
 */
static unsigned int pages_alloc(const struct scull_pool *pool, gfp_t gfp,
				void **quanta, unsigned int n)
{
	void *block = NULL;
	unsigned int i;

	if (pool->footprint == PAGE_SIZE && n > 1)
		block = alloc_pages_exact(n * PAGE_SIZE, (gfp | __GFP_NOMEMALLOC) &
							 ~__GFP_RECLAIM);
	for (i = 0; i < n; i++) {
		quanta[i] = block ? block + i * PAGE_SIZE :
				    alloc_pages_exact(pool->quantum, gfp);
		if (!quanta[i])
			break;
	}
	return i;
}

static void pages_free(const struct scull_pool *pool, void *quantum)
{
	free_pages_exact(quantum, pool->quantum);
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
