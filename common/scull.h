/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core and the backends know of each other.
 *
 * A device is a sparse tree of items. An item stands for qset quanta that
 * follow each other in the device, and holds a pointer for each: NULL where
 * nothing was written yet. A quantum is one object of the backend's allocator.
 *
 * Locks, outermost first:
 *
 *	scull_dev.lock		read and /proc shared; write and trim exclusive.
 *				Held while user memory is copied, so mmap_lock
 *				nests inside it and nothing that runs under
 *				mmap_lock may take it.
 *	scull_param_lock	quantum and qset of the module, as a pair.
 */
#ifndef SCULL_H
#define SCULL_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct file;
struct iov_iter;

/**
 * struct scull_pool - where a store gets its quanta from
 * @quantum: bytes that the store uses of each quantum
 * @footprint: bytes that the allocator spends on each, set by the backend
 * @priv: the backend's own
 *
 * Owned by one store and constant from setup to teardown, so that a quantum is
 * always freed with the size it was allocated with.
 */
struct scull_pool {
	unsigned int quantum;
	size_t footprint;
	void *priv;
};

/**
 * struct scull_backend - the allocator that makes one module differ
 * @quantum_max: the largest quantum in bytes, at least PAGE_SIZE
 * @has_order: a quantum may be given as PAGE_SIZE << order
 * @setup: get ready to allocate quanta of pool->quantum bytes and set
 *	pool->footprint. May sleep. Returns 0 or a negative errno.
 * @teardown: undo @setup. Every quantum of the pool has been freed. May sleep.
 * @alloc: a quantum, or NULL. Neither kills nor warns on failure, as @gfp says;
 *	zeroed if @gfp has __GFP_ZERO.
 * @free: give a quantum back. May sleep.
 */
struct scull_backend {
	unsigned int quantum_max;
	bool has_order;
	int (*setup)(struct scull_pool *pool);
	void (*teardown)(struct scull_pool *pool);
	void *(*alloc)(const struct scull_pool *pool, gfp_t gfp);
	void (*free)(const struct scull_pool *pool, void *quantum);
};

/* Each module links exactly one. */
extern const struct scull_backend scull_backend;

/**
 * struct scull_item - a qset of quanta
 * @index: its place in the device, in items
 * @qset: the quanta. An entry goes from NULL to a quantum once, by cmpxchg()
 *	after the quantum has been filled, and stays until the store goes.
 */
struct scull_item {
	unsigned long index;
	void *qset[];
};

/**
 * struct scull_store - the bytes of one device, and their geometry
 * @pool: where its quanta come from
 * @qset: quanta in an item
 * @span: bytes in an item
 * @size_max: the largest size it can grow to
 * @size: bytes up to the end of the last write; changed under the device's lock
 * @held: bytes counted against the module's limit
 * @items: &struct scull_item by index, which the store owns; only ever grows
 *
 * All but @size, @held and @items is constant. A new geometry is a new store.
 */
struct scull_store {
	struct scull_pool pool;
	unsigned int qset;
	u64 span;
	loff_t size_max;
	atomic64_t size;
	atomic_long_t held;
	struct xarray items;
};

struct scull_store *scull_store_create(unsigned int quantum, unsigned int qset);
void scull_store_destroy(struct scull_store *s);
ssize_t scull_store_read(struct scull_store *s, struct iov_iter *to, loff_t pos);
ssize_t scull_store_write(struct scull_store *s, struct iov_iter *from,
			  loff_t pos);

static inline loff_t scull_store_size(const struct scull_store *s)
{
	return atomic64_read(&s->size);
}

/**
 * struct scull_dev - one device
 * @lock: guards @store and what it holds; see the top of this file
 * @store: its bytes, never NULL while the device can be reached
 */
struct scull_dev {
	struct rw_semaphore lock;
	struct scull_store *store;
};

extern struct scull_dev *scull_devs;
extern const struct file_operations scull_fops;

int scull_trim(struct scull_dev *dev);

long scull_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long scull_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

int scull_proc_create(void);
void scull_proc_remove(void);

/**
 * struct scull_param - a number that a user may set, and its range
 * @name: as in /sys/module
 * @unit: what it counts
 * @value: guarded by scull_param_lock where two must agree, else READ_ONCE()
 * @given: the user gave it, at load or later; guarded by scull_param_lock
 * @builtin: what a reset restores
 * @min: the smallest value allowed
 * @max: the largest
 */
struct scull_param {
	const char *name;
	const char *unit;
	unsigned int value;
	bool given;
	unsigned int builtin;
	unsigned int min;
	const unsigned int *max;
};

extern struct mutex scull_param_lock;
extern struct scull_param scull_major, scull_ndevs, scull_quantum, scull_qset,
	scull_limit;
extern bool scull_raw_addresses;
extern int scull_order;	/* as given at load, -1 if not */

bool scull_param_valid(const struct scull_param *p, unsigned long value);
int scull_param_init(void);
unsigned long scull_limit_bytes(void);

#endif
