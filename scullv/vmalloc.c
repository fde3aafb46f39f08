// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullv: a quantum is virtually contiguous memory from vmalloc. Its pages lie anywhere.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/shm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "backend.h"

/*
 * On a 32-bit kernel the vmalloc area is smaller than RAM, and a quantum of one page
 * takes twice its length of it, because a guard page follows.
 */
static unsigned long vmalloc_memory_pages(void)
{
	if (BITS_PER_LONG == 64)
		return totalram_pages();
	return min_t(unsigned long, totalram_pages(), VMALLOC_TOTAL / 2 >> PAGE_SHIFT);
}

static int vmalloc_setup(struct scull_allocator *a)
{
	a->footprint = PAGE_ALIGN(a->bytes);
	a->records = scull_vmalloc_records(a->bytes);
	return 0;
}

static unsigned int vmalloc_alloc(const struct scull_allocator *a, gfp_t gfp,
				  void **quanta, unsigned int n)
{
	*quanta = __vmalloc(a->bytes, scull_vmalloc_gfp(gfp));
	return *quanta ? 1 : 0;
}

static void vmalloc_free(const struct scull_allocator *a, void *quantum)
{
	vfree(quantum);
}

/*
 * flush_dcache_page() does not flush the address of a page in the vmalloc area. So with
 * a D-cache that has aliases a user mapping would show stale data. Such machines do not
 * get mmap(): ARM before version 7, and where SHMLBA is larger than a page.
 */
#ifdef CONFIG_ARM
#define DCACHE_ALIASES (__LINUX_ARM_ARCH__ < 7)
#else
#define DCACHE_ALIASES (SHMLBA > PAGE_SIZE)
#endif

static struct page *vmalloc_page(const void *address)
{
	return vmalloc_to_page(address);
}

const struct scull_backend scull_backend = {
	.quantum_max = SZ_64M,
	.has_order = true,
	.mappable = !DCACHE_ALIASES,
	.init = scull_order_init,
	.memory_pages = vmalloc_memory_pages,
	.setup = vmalloc_setup,
	.alloc = vmalloc_alloc,
	.free = vmalloc_free,
	.page = vmalloc_page,
};

MODULE_DESCRIPTION("RAM-backed character device on vmalloc()");
