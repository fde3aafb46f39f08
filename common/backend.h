/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface between the core and a backend. A backend wraps one kernel allocator.
 * A module is the core and one backend.
 */
#ifndef SCULL_BACKEND_H
#define SCULL_BACKEND_H

#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

#include "compat.h"

/*
 * The caller handles a failure: no OOM kill, no warning. __GFP_ACCOUNT is added
 * where it is known whether the memory cgroup can be charged.
 */
#define SCULL_GFP (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* @gfp for vmalloc(), which does not take __GFP_RETRY_MAYFAIL on all kernels */
static inline gfp_t scull_vmalloc_gfp(gfp_t gfp)
{
	return (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_VMALLOC_MAYFAIL;
}

/*
 * Bytes that the kernel keeps about a vmalloc area and charges to no memory cgroup:
 * two structures, the array of its pages, and page table entries for its pages and
 * the guard page.
 */
static inline size_t scull_vmalloc_records(size_t bytes)
{
	size_t pages = PFN_UP(bytes);

	return sizeof(struct vm_struct) + sizeof(struct vmap_area) +
	       roundup_pow_of_two(pages * sizeof(struct page *)) +
	       (pages + 1) * sizeof(pte_t);
}

/*
 * Bytes that a slab keeps about each object and does not charge: a pointer to its memory
 * cgroup; from 6.10 on also one for allocation profiling, and both aligned to 8 bytes.
 */
#ifdef CONFIG_SLAB_OBJ_EXT
#define SCULL_SLAB_RECORD (8 * (IS_ENABLED(CONFIG_MEMCG) + \
				IS_ENABLED(CONFIG_MEM_ALLOC_PROFILING)))
#else
#define SCULL_SLAB_RECORD (IS_ENABLED(CONFIG_MEMCG) ? sizeof(void *) : 0)
#endif

/**
 * struct scull_allocator - parameters of the backend for the quanta of one store
 * @bytes: length of a quantum, as the store uses it
 * @footprint: bytes that the kernel's allocator spends on a quantum; set by the backend
 * @records: bytes that the kernel keeps about a quantum elsewhere, other than struct
 *	page; set by the backend
 * @priv: private to the backend
 *
 * The store owns it. It is constant from setup to teardown, so a quantum is always
 * freed with the size that it was allocated with.
 */
struct scull_allocator {
	unsigned int bytes;
	size_t footprint;
	size_t records;
	void *priv;
};

/**
 * struct scull_backend - a kernel allocator, as the core uses it
 * @quantum_max: the largest quantum in bytes, at least PAGE_SIZE
 * @has_order: a quantum can also be given as an order, PAGE_SIZE << order. @quantum_max
 *	must be such a size, and @init call scull_order_init()
 * @mappable: user space may map the pages of its quanta, if they are whole pages. Each
 *	has a reference count of its own, and a user mapping has no D-cache alias
 * @init: optional. Checks and combines parameters that depend on each other, when the
 *	module is loaded and each of them is in its range. Returns 0, or a negative errno
 *	that fails the load.
 * @memory_pages: optional. How many pages of memory quanta can come from; the default
 *	limit is half of that. Without it, the memory that the kernel maps directly.
 * @setup: prepares to allocate quanta of @a->bytes bytes, and sets @a->footprint and,
 *	unless it is 0, @a->records; the rest of @a is zero. A trim calls it, and has to
 *	succeed when memory is short: it must not make large allocations. Returns 0 or
 *	a negative errno.
 * @teardown: optional. Undoes @setup. All quanta have been freed.
 * @alloc: allocates up to @n quanta, n > 0, and returns how many it has allocated:
 *	as many as it can get at once, in any order, 0 if the first allocation failed.
 *	A first attempt may reclaim less than @gfp allows. It must never invoke the OOM
 *	killer or warn. The quanta are charged to the memory cgroup if @gfp has
 *	__GFP_ACCOUNT, and zeroed if it has __GFP_ZERO.
 * @free: frees a quantum.
 * @page: the page of an address in the pages of a quantum. The address can lie before
 *	the quantum, in its first page. Must not sleep.
 *
 * A quantum is directly addressable for as long as it lives: the core copies to and
 * from it by memcpy(), without kmap.
 *
 * All run in process context, and all but @page may sleep. @init and then @memory_pages
 * run once, at load, under scull_param_lock, before all others. @setup runs under
 * scull_dev.lock of its device, or at load under no lock. @alloc runs under that lock
 * (a write), under mmap_lock (a page fault), or under both (a page fault of a write).
 * @free runs under the same locks for a quantum that was not published, otherwise under
 * none. @teardown runs under none. @page runs under any of these locks or none. So none of
 * them may take these locks, or access user memory.
 *
 * @alloc, @free and @page run concurrently for one allocator, and all but @init and
 * @memory_pages for different ones: a backend with data of its own needs its own lock.
 */
struct scull_backend {
	unsigned int quantum_max;
	bool has_order;
	bool mappable;
	int (*init)(void);
	unsigned long (*memory_pages)(void);
	int (*setup)(struct scull_allocator *a);
	void (*teardown)(struct scull_allocator *a);
	unsigned int (*alloc)(const struct scull_allocator *a, gfp_t gfp,
			      void **quanta, unsigned int n);
	void (*free)(const struct scull_allocator *a, void *quantum);
	struct page *(*page)(const void *address);
};

/* For @page of memory that the kernel maps directly, such as slabs and blocks of pages */
static inline struct page *scull_direct_page(const void *address)
{
	return virt_to_page(address);
}

/* Each module links exactly one. */
extern const struct scull_backend scull_backend;

/* For @init of a backend with @has_order; the Kbuild then takes core-with-order-y. */
int scull_order_init(void);

#endif
