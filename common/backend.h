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

struct page;

/*
 * The caller handles a failure: no OOM kill, no warning. __GFP_ACCOUNT is added
 * where it is known whether the memory cgroup can be charged.
 */
#define SCULL_GFP (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* The same for vmalloc(), which does not take __GFP_RETRY_MAYFAIL on all kernels */
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

/* A slab keeps a pointer to the memory cgroup of each object, which is not charged. */
#define SCULL_SLAB_RECORD (IS_ENABLED(CONFIG_MEMCG) ? sizeof(void *) : 0)

/**
 * struct scull_allocator - allocates the quanta of one store
 * @bytes: length of a quantum, as the store uses it
 * @footprint: bytes that the allocator spends on a quantum; set by the backend
 * @records: bytes that the kernel keeps about a quantum elsewhere; set by the backend
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
 * @has_order: a quantum can also be given as an order, PAGE_SIZE << order
 * @mappable: user space may map the pages of its quanta
 * @init: optional. Checks parameters that depend on each other, when the module is
 *	loaded and each of them is in its range. Returns 0, or a negative errno that
 *	fails the load.
 * @memory_pages: optional. How many pages of memory quanta can come from; the default
 *	limit is half of that. Without it, the memory that the kernel maps directly.
 * @setup: prepares to allocate quanta of @a->bytes bytes, and sets @a->footprint
 *	and @a->records. A trim calls it, and has to succeed when memory is short:
 *	it must not make large allocations. Returns 0 or a negative errno.
 * @teardown: optional. Undoes @setup. All quanta have been freed.
 * @alloc: allocates up to @n quanta, n > 0, and returns how many it has allocated:
 *	as many as it can get at once, 0 if the first allocation failed. @gfp is an
 *	upper bound of what it may do: it may leave out flags for a first attempt, but
 *	must never invoke the OOM killer or warn. The quanta are zeroed if @gfp has
 *	__GFP_ZERO.
 * @free: frees a quantum.
 * @page: the page of any address in a quantum. Must not sleep.
 *
 * A quantum is directly addressable for as long as it lives: the core copies to and
 * from it by memcpy(), without kmap.
 *
 * All but @page run in process context and may sleep. @init runs once, before all
 * others. @setup runs under scull_dev.lock of its device, or while the module is
 * loaded. @alloc runs under that lock, in a write, or under mmap_lock, in a page
 * fault, so it must take neither. @free, @teardown and @page run under any of these
 * locks or none. All of them run concurrently, for the same allocator, too: a backend
 * that has data of its own takes a lock of its own.
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

/* Each module links exactly one. */
extern const struct scull_backend scull_backend;

/* For @init of a backend with @has_order; the Kbuild then takes core-with-order-y. */
int scull_order_init(void);

#endif
