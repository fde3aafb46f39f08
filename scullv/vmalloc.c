// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullv: a quantum is virtually contiguous memory, gathered from single pages
 * wherever they lie.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "scull.h"

static int vmalloc_setup(struct scull_pool *pool)
{
	pool->footprint = PAGE_ALIGN(pool->quantum);
	return 0;
}

static void vmalloc_teardown(struct scull_pool *pool)
{
}

static unsigned int vmalloc_alloc(const struct scull_pool *pool, gfp_t gfp,
				  void **quanta, unsigned int n)
{
	gfp = (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_VMALLOC_MAYFAIL;
	*quanta = __vmalloc(pool->quantum, gfp);
	return *quanta ? 1 : 0;
}

static void vmalloc_free(const struct scull_pool *pool, void *quantum)
{
	vfree(quantum);
}

/*
 * A second address of the page in the kernel, for which nothing is flushed: with a
 * data cache that has aliases (ARMv5, say) mappings would lag behind.
 */
static struct page *vmalloc_page(void *quantum, unsigned int offset)
{
	return vmalloc_to_page(quantum + offset);
}

const struct scull_backend scull_backend = {
	.quantum_max = SZ_64M,
	.has_order = true,
	.vmalloced = true,
	.setup = vmalloc_setup,
	.teardown = vmalloc_teardown,
	.alloc = vmalloc_alloc,
	.free = vmalloc_free,
	.page = vmalloc_page,
};

MODULE_DESCRIPTION("RAM-backed character device on vmalloc()");
