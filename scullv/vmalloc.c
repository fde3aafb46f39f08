// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullv: a quantum is virtually contiguous memory, gathered from single pages
 * wherever they lie.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/shm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "backend.h"

static int vmalloc_setup(struct scull_pool *pool)
{
	pool->footprint = PAGE_ALIGN(pool->quantum);
	pool->records = scull_vmalloc_records(pool->quantum);
	return 0;
}

static void vmalloc_teardown(struct scull_pool *pool)
{
}

static unsigned int vmalloc_alloc(const struct scull_pool *pool, gfp_t gfp,
				  void **quanta, unsigned int n)
{
	*quanta = __vmalloc(pool->quantum, scull_vmalloc_gfp(gfp));
	return *quanta ? 1 : 0;
}

static void vmalloc_free(const struct scull_pool *pool, void *quantum)
{
	vfree(quantum);
}

/*
 * A mapping is a second address of a page that has one in the vmalloc area already,
 * for which nothing is flushed. With a data cache that has aliases it would lag
 * behind, so there is none: on ARM before version 7, and where shared mappings must
 * be far apart.
 */
#ifdef CONFIG_ARM
#define DCACHE_ALIASES (__LINUX_ARM_ARCH__ < 7)
#else
#define DCACHE_ALIASES (SHMLBA > PAGE_SIZE)
#endif

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
	.page = DCACHE_ALIASES ? NULL : vmalloc_page,
};

MODULE_DESCRIPTION("RAM-backed character device on vmalloc()");
