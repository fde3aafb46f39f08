// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullk: a quantum is memory from kvmalloc().
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "scull.h"

static int kvmalloc_setup(struct scull_allocator *a)
{
	/* Yours: a->footprint and a->records */
	return -EOPNOTSUPP;
}

static unsigned int kvmalloc_alloc(const struct scull_allocator *a, gfp_t gfp,
				   void **quanta, unsigned int n)
{
	/* Yours */
	return 0;
}

static void kvmalloc_free(const struct scull_allocator *a, void *quantum)
{
	/* Yours */
}

static struct page *kvmalloc_page(const void *address)
{
	return is_vmalloc_addr(address) ? vmalloc_to_page(address) :
					  virt_to_page(address);
}

const struct scull_backend scull_backend = {
	.quantum_max = SZ_4M,
	.setup = kvmalloc_setup,
	.alloc = kvmalloc_alloc,
	.free = kvmalloc_free,
	.page = kvmalloc_page,
};

MODULE_DESCRIPTION("RAM-backed character device on kvmalloc()");
