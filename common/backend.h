/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface between the core and a backend, which is the allocator that makes one
 * module differ. A module is the core and one backend.
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
 * A failure is the caller's to handle: no OOM killer, no warning. What memory
 * cgroup it is charged to is added where that is known.
 */
#define SCULL_GFP (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* The same for vmalloc() */
static inline gfp_t scull_vmalloc_gfp(gfp_t gfp)
{
	return (gfp & ~__GFP_RETRY_MAYFAIL) | __GFP_VMALLOC_MAYFAIL;
}

/*
 * Bytes that the kernel keeps about a vmalloc area, charged to no memory cgroup: two
 * structures, the array of its pages, and its part of the page table with that of the
 * guard page that follows.
 */
static inline size_t scull_vmalloc_records(size_t bytes)
{
	size_t pages = PFN_UP(bytes);

	return sizeof(struct vm_struct) + sizeof(struct vmap_area) +
	       roundup_pow_of_two(pages * sizeof(struct page *)) +
	       (pages + 1) * sizeof(pte_t);
}

/* A slab has a pointer to the memory cgroup of each object, not charged to it. */
#define SCULL_SLAB_RECORD (IS_ENABLED(CONFIG_MEMCG) ? sizeof(void *) : 0)

/**
 * struct scull_pool - where a store gets its quanta from
 * @quantum: bytes that the store uses of each quantum
 * @footprint: bytes that the allocator spends on each, set by the backend
 * @records: bytes that the kernel keeps about each elsewhere, set by the backend
 * @priv: the backend's own
 *
 * Owned by one store and constant from setup to teardown, so that a quantum is
 * always freed with the size it was allocated with.
 */
struct scull_pool {
	unsigned int quantum;
	size_t footprint;
	size_t records;
	void *priv;
};

/**
 * struct scull_backend - the allocator that makes one module differ
 * @quantum_max: the largest quantum in bytes, at least PAGE_SIZE
 * @has_order: a quantum may be given as PAGE_SIZE << order
 * @vmalloced: it takes addresses of the vmalloc area, and no low memory
 * @setup: get ready to allocate quanta of pool->quantum bytes and set
 *	pool->footprint and pool->records. A trim calls it, which has to work where
 *	memory is short: no large allocation. May sleep. Returns 0 or a negative errno.
 * @teardown: undo @setup. Every quantum of the pool has been freed. May sleep.
 * @alloc: quanta, one or as many of @n as it can have at once; returns how many, 0
 *	if not even one could be allocated. Must honour @gfp: no OOM kill, no warning.
 *	Zeroed if @gfp has __GFP_ZERO. May sleep.
 * @free: give a quantum back. May sleep.
 * @page: the page at an offset of a quantum, for a page fault. Only for memory
 *	whose pages may be mapped, and NULL for a backend without such.
 */
struct scull_backend {
	unsigned int quantum_max;
	bool has_order;
	bool vmalloced;
	int (*setup)(struct scull_pool *pool);
	void (*teardown)(struct scull_pool *pool);
	unsigned int (*alloc)(const struct scull_pool *pool, gfp_t gfp,
			      void **quanta, unsigned int n);
	void (*free)(const struct scull_pool *pool, void *quantum);
	struct page *(*page)(void *quantum, unsigned int offset);
};

/* Each module links exactly one. */
extern const struct scull_backend scull_backend;

#endif
