/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store: the bytes of one device. The rules for its lifetime, and for what readers
 * see of writers, are at the top of scull.h.
 */
#ifndef SCULL_STORE_H
#define SCULL_STORE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "backend.h"

struct iov_iter;

/**
 * struct scull_item - a qset of quanta
 * @index: index of the item in the store
 * @first: no quantum has a smaller index
 * @last: no quantum has a larger index. The range from @first to @last grows before a
 *	quantum is published
 * @qset: the quanta, NULL for a hole, and one more NULL, which run_length() may load.
 *	An entry changes once, from NULL to a quantum, by cmpxchg() after the quantum has
 *	been filled. The item is created with its first quantum.
 *
 * The store owns the item, and the item its quanta. Both live as long as the store.
 */
struct scull_item {
	unsigned long index;
	unsigned int first;
	unsigned int last;
	void *qset[];
};

/**
 * struct scull_stats - counters of a device since the module was loaded
 * @allocated: footprint of the quanta that exist now, in bytes
 * @quanta_allocated: quanta allocated
 * @quanta_freed: quanta freed
 * @alloc_failures: failed allocations of quanta, items and tree nodes
 * @trims: how often it was trimmed
 *
 * One for each CPU, changed with this_cpu_add(). Only the sum over all CPUs has a
 * meaning.
 */
struct scull_stats {
	unsigned long allocated;
	unsigned long quanta_allocated;
	unsigned long quanta_freed;
	unsigned long alloc_failures;
	unsigned long trims;
};

/**
 * struct scull_place - a position in a store
 * @item: index of the item
 * @index: index of the quantum in the item
 * @offset: byte in the quantum
 */
struct scull_place {
	unsigned long item;
	unsigned int index;
	unsigned int offset;
};

/* Items also cached outside the xarray */
#define SCULL_DIRECT 16

/**
 * struct scull_store - the bytes of one device, and their geometry
 * @allocator: allocates the quanta
 * @qset: length of a qset, in quanta
 * @minor: minor number of the device
 * @span: bytes of the device that an item covers
 * @size_max: the largest possible size
 * @stats: the counters, which the device owns
 * @id: number of the store, unique in the module
 * @items: &struct scull_item by index; items are only added
 * @mapped: the store is or was mapped; set under scull_dev.map_lock
 * @direct: the first items of @items again, each set after it is in @items
 * @refs: references; see the top of scull.h
 * @work: frees the store in a worker
 * @rcu: frees the structure after concurrent attempts to take a reference
 * @size: largest end of a write, in bytes; set under scull_dev.lock, read by
 *	scull_store_size()
 * @held: bytes charged to the module's limit
 *
 * @allocator to @id are constant: a new geometry is a new store. What readers write,
 * and what writers write for each call, have cache lines of their own. Writers also
 * write to the cache line of @items when they add an item.
 */
struct scull_store {
	/* Only read */
	struct scull_allocator allocator;
	unsigned int qset;
	unsigned int minor;
	u64 span;
	loff_t size_max;
	struct scull_stats __percpu *stats;
	unsigned long id;

	/* Written when an item is added, or the device is mapped */
	struct xarray items;
	bool mapped;
	struct scull_item *direct[SCULL_DIRECT];

	/* Written by each reader */
	refcount_t refs ____cacheline_aligned_in_smp;
	struct work_struct work;
	struct rcu_head rcu;

	/* Written by writers */
	atomic64_t size ____cacheline_aligned_in_smp;
	atomic_long_t held;
};

/* Frees stores whose last reference was a reader's. */
extern struct workqueue_struct *scull_wq;

/* account.c */
int scull_charge(size_t bytes);
void scull_charged(size_t bytes);
void scull_uncharge(size_t bytes);
int scull_store_charge(struct scull_store *s, size_t bytes);
void scull_store_uncharge(struct scull_store *s, size_t bytes);

/* store.c */
struct scull_store *scull_store_create(unsigned int bytes, unsigned int qset,
				       unsigned int minor,
				       struct scull_stats __percpu *stats);
void scull_store_destroy(struct scull_store *s);
void scull_store_release(struct scull_store *s);
void *scull_store_publish(struct scull_store *s, const struct scull_place *at,
			  void *quantum);
int scull_quanta_alloc(struct scull_store *s, const struct scull_place *at,
		       gfp_t gfp, void **quanta, unsigned int n);
void scull_quantum_free(struct scull_store *s, const struct scull_place *at,
			void *quantum);

/* item.c */
struct scull_item *scull_item_insert(struct scull_store *s,
				     const struct scull_place *at,
				     void *quantum);

/* copy.c */
ssize_t scull_store_read(struct scull_store *s, struct iov_iter *to, loff_t pos);
ssize_t scull_store_write(struct scull_store *s, struct iov_iter *from,
			  loff_t pos, bool nowait);

/* fill.c */
ssize_t scull_holes_write(struct scull_store *s, const struct scull_item *item,
			  struct scull_place at, struct iov_iter *from, size_t left);
void *scull_store_fill(struct scull_store *s, loff_t pos, unsigned int *offset);

/* seek.c */
void *scull_store_next(struct scull_store *s, struct scull_place *at);
loff_t scull_hole_find(struct scull_store *s, loff_t pos, loff_t end);
loff_t scull_store_seek(struct scull_store *s, loff_t pos, int whence);

/**
 * scull_store_size() - the size of a store
 * @s: the store
 *
 * After this, the caller sees all bytes up to the size that it returns.
 *
 * Context: Any context.
 * Return: the size in bytes.
 */
static inline loff_t scull_store_size(const struct scull_store *s)
{
	loff_t size = atomic64_read(&s->size);

	/*
	 * Pairs with smp_wmb() in scull_store_write(). 32-bit kernels have no acquire
	 * load of 64 bits below 5.18.
	 */
	smp_rmb();
	return size;
}

/* Can its pages be mapped? The backend must allow it, and a quantum be whole pages. */
static inline bool scull_store_mappable(const struct scull_store *s)
{
	return scull_backend.mappable && s->allocator.bytes % PAGE_SIZE == 0;
}

/**
 * scull_store_put() - drop a reader's reference
 * @s: the store
 *
 * A reader must not wait until a store is freed that was trimmed while it read. So a
 * worker frees it.
 *
 * Context: Any context.
 */
static inline void scull_store_put(struct scull_store *s)
{
	if (refcount_dec_and_test(&s->refs))
		queue_work(scull_wq, &s->work);
}

/**
 * scull_place_find() - convert a position to a place
 * @s: the store
 * @pos: the position, at least 0 and less than the largest size
 * @at: set to the place
 *
 * Context: Any context.
 */
static inline void scull_place_find(const struct scull_store *s, loff_t pos,
				    struct scull_place *at)
{
	u64 rest;

	at->item = div64_u64_rem(pos, s->span, &rest);
	at->index = div_u64_rem(rest, s->allocator.bytes, &at->offset);
}

/**
 * scull_place_advance() - move a place forward
 * @s: the store
 * @at: the place
 * @bytes: how far, at most to the end of the item
 *
 * Context: Any context.
 */
static inline void scull_place_advance(const struct scull_store *s,
				       struct scull_place *at, size_t bytes)
{
	size_t offset = at->offset + bytes;

	at->index += offset / s->allocator.bytes;
	at->offset = offset % s->allocator.bytes;
	if (at->index < s->qset)
		return;
	at->index = 0;
	at->item++;
}

/**
 * scull_store_item() - look up an item
 * @s: the store, on which the caller has a reference or holds a lock that keeps it
 * @index: index of the item
 *
 * Small devices have only the first items. Without the array, which saves a walk of the
 * xarray, a small read() takes 6 to 9 % more instructions.
 *
 * Context: Any context.
 * Return: the item, or NULL if there is none. It lives as long as the store.
 */
static inline struct scull_item *scull_store_item(struct scull_store *s,
						  unsigned long index)
{
	struct scull_item *item = NULL;

	if (index < SCULL_DIRECT) {
		index = array_index_nospec(index, SCULL_DIRECT);
		item = READ_ONCE(s->direct[index]);
	}
	return item ?: xa_load(&s->items, index);
}

/* Allocation size of an item, with the NULL at the end of its qset */
static inline size_t scull_item_bytes(const struct scull_store *s)
{
	return struct_size((struct scull_item *)0, qset, (size_t)s->qset + 1);
}

/**
 * scull_quantum_load() - load an entry of a qset
 * @entry: the entry
 *
 * Readers of the pointer see initialised contents. For one quantum the address
 * dependency would be enough. But contiguous quanta are copied together, through the
 * pointer to the first.
 *
 * Context: Any context.
 * Return: the quantum, or NULL for a hole.
 */
static inline void *scull_quantum_load(void *const *entry)
{
	/* Pairs with cmpxchg() in scull_store_publish(), or the insertion of the item. */
	return smp_load_acquire(entry);
}

/**
 * scull_item_quantum() - look up a quantum of an item
 * @item: the item, or NULL for one that does not exist
 * @index: index of the quantum in the item
 *
 * Context: Any context.
 * Return: the quantum, or NULL for a hole.
 */
static inline void *scull_item_quantum(const struct scull_item *item,
				       unsigned int index)
{
	return item ? scull_quantum_load(&item->qset[index]) : NULL;
}

#endif
