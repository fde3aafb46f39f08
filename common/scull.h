/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share. backend.h is what an allocator's author reads.
 *
 * A device points to a store, which has its bytes: a sparse tree of items. An
 * item stands for qset contiguous quanta, and holds a pointer to each: NULL for a
 * hole. A quantum is one object of the backend's allocator.
 *
 * Lifetimes. A store has a constant geometry and a reference count. Its content
 * only grows. The device holds one reference, which a trim drops after it has put
 * a new store in place. A reader of any kind (read, splice, seek, /proc, sysfs,
 * layout) takes a reference with scull_store_get(), and no lock. The last
 * reference frees the store.
 *
 * Locks, outermost first:
 *
 *	scull_dev.lock		Excludes writers and trims of one device from each
 *				other. Always taken killably, or by trylock. Held
 *				while user memory is read, so mmap_lock nests
 *				inside, and nothing under mmap_lock may take it.
 *	mmap_lock		The kernel's. Held by a page fault and by mmap().
 *	scull_dev.map_lock	A spinlock. Decides between mmap() and a trim.
 *
 * scull_param_lock makes a change of quantum and qset one step. A trim takes it
 * inside scull_dev.lock. It is not held while user memory is accessed.
 *
 * A page fault takes no lock of ours: a mapped device keeps its store.
 *
 * What readers see of a write that runs beside them:
 *
 * - Of bytes that it overwrites, some are old and some are new, as on ext4 and
 *   tmpfs. This data race is meant. KCSAN is told where the reader copies, in
 *   scull_store_read(), and where the writer does, because a reader of a pipe that
 *   references the quantum is the kernel's own code.
 * - In a hole that it fills, zeros or a quantum. A quantum is published by
 *   cmpxchg() after it has been filled, and loaded with acquire semantics by
 *   scull_quantum_load().
 * - Nothing past the old size until all of it is stored. The size grows last, in
 *   scull_store_write(), and is read first, by scull_store_size(). So an append
 *   becomes visible whole, and so does the zeroed gap before it.
 */
#ifndef SCULL_H
#define SCULL_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "backend.h"
#include "compat.h"

struct attribute_group;
struct device;
struct file;
struct iov_iter;
struct page;
struct pipe_inode_info;
struct vm_area_struct;

/**
 * struct scull_item - a qset of quanta
 * @index: its place in the device, in items
 * @first: no quantum comes before this
 * @last: nor after this. The range from @first to @last grows before a quantum is
 *	published
 * @qset: the quanta, and a NULL after the last, which run_length() may load. An
 *	entry goes from NULL to a quantum once, by cmpxchg() after the quantum has
 *	been filled, and stays until the store goes. The first of them comes with
 *	the item.
 */
struct scull_item {
	unsigned long index;
	unsigned int first;
	unsigned int last;
	void *qset[];
};

/**
 * struct scull_stats - what happened to a device since the module was loaded
 * @bytes: what its quanta take now; the sum over all CPUs counts
 * @allocated: quanta that were allocated
 * @freed: quanta that were freed
 * @failures: failed allocations of quanta, items and tree nodes
 * @trims: times it was trimmed
 *
 * One for each CPU, changed with this_cpu_add().
 */
struct scull_stats {
	unsigned long bytes;
	unsigned long allocated;
	unsigned long freed;
	unsigned long failures;
	unsigned long trims;
};

/**
 * struct scull_place - a position in a store
 * @item: which item
 * @quantum: which quantum of it
 * @offset: which byte of that
 */
struct scull_place {
	unsigned long item;
	unsigned int quantum;
	unsigned int offset;
};

/* Items also cached outside the xarray */
#define SCULL_DIRECT 16

/**
 * struct scull_store - the bytes of one device, and their geometry
 * @pool: where its quanta come from
 * @qset: quanta in an item
 * @dev: the number of its device
 * @span: bytes in an item
 * @size_max: the largest size it can grow to
 * @stats: the device's
 * @id: which of all stores of the module it is
 * @items: &struct scull_item by index, which the store owns; only ever grows
 * @mapped: it is or was mapped; set under the device's map_lock
 * @direct: the first of @items once more, each set after it is in there
 * @refs: references; see the top of this file
 * @work: frees it in a worker
 * @rcu: frees the structure after concurrent attempts to take a reference
 * @size: bytes up to the end of the last write; set under the device's lock, see
 *	scull_store_size()
 * @held: bytes counted against the module's limit
 *
 * @pool to @id are constant. A new geometry is a new store. What readers write and what
 * writers write for each call have cache lines of their own. Writers also write to that
 * of @items when they make an item.
 */
struct scull_store {
	/* Only read */
	struct scull_pool pool;
	unsigned int qset;
	unsigned int dev;
	u64 span;
	loff_t size_max;
	struct scull_stats __percpu *stats;
	unsigned long id;

	/* Written when an item is made, or the device is mapped */
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

int scull_charge(size_t bytes);
void scull_charged(size_t bytes);
void scull_uncharge(size_t bytes);
int scull_store_charge(struct scull_store *s, size_t bytes);
void scull_store_uncharge(struct scull_store *s, size_t bytes);
struct scull_item *scull_item_insert(struct scull_store *s,
				     const struct scull_place *at,
				     void *quantum);
struct scull_store *scull_store_create(unsigned int quantum, unsigned int qset,
				       unsigned int dev,
				       struct scull_stats __percpu *stats);
void scull_store_destroy(struct scull_store *s);
void scull_store_release(struct scull_store *s);
ssize_t scull_store_read(struct scull_store *s, struct iov_iter *to, loff_t pos);
ssize_t scull_store_write(struct scull_store *s, struct iov_iter *from,
			  loff_t pos, bool nowait);
void *scull_store_publish(struct scull_store *s, const struct scull_place *at,
			  void *quantum);
int scull_quanta_alloc(struct scull_store *s, const struct scull_place *at,
		       gfp_t gfp, void **quanta, unsigned int n);
void scull_quantum_free(struct scull_store *s, const struct scull_place *at,
			void *quantum);
ssize_t scull_holes_write(struct scull_store *s, const struct scull_item *item,
			  struct scull_place at, struct iov_iter *from, size_t left);
void *scull_store_fill(struct scull_store *s, loff_t pos, unsigned int *offset);
void *scull_store_next(struct scull_store *s, struct scull_place *at);
loff_t scull_hole_find(struct scull_store *s, loff_t pos, loff_t end);
loff_t scull_store_seek(struct scull_store *s, loff_t pos, int whence);

/**
 * scull_store_size() - the size of a store
 * @s: the store
 *
 * The caller sees all bytes that the size covers.
 *
 * Context: Any context.
 * Return: the size in bytes.
 */
static inline loff_t scull_store_size(const struct scull_store *s)
{
	loff_t size = atomic64_read(&s->size);

	/* Pairs with scull_store_write(). 32 bits have no acquire load below 5.18. */
	smp_rmb();
	return size;
}

/* May its pages be mapped? The backend's memory must allow it, in whole pages. */
static inline bool scull_store_mappable(const struct scull_store *s)
{
	return scull_backend.page && s->pool.quantum % PAGE_SIZE == 0;
}

/**
 * scull_store_put() - drop a reader's reference
 * @s: the store
 *
 * A reader does not wait for the freeing of a store that was trimmed under it; a
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
 * scull_place_find() - where in a store a position lies
 * @s: the store
 * @pos: the position, from 0 to less than the largest size
 * @at: set to the place
 */
static inline void scull_place_find(const struct scull_store *s, loff_t pos,
				    struct scull_place *at)
{
	u64 rest;

	at->item = div64_u64_rem(pos, s->span, &rest);
	at->quantum = div_u64_rem(rest, s->pool.quantum, &at->offset);
}

/**
 * scull_place_advance() - go forward
 * @s: the store
 * @at: the place
 * @bytes: how far, at most to the end of the item
 */
static inline void scull_place_advance(const struct scull_store *s,
				       struct scull_place *at, size_t bytes)
{
	size_t offset = at->offset + bytes;

	at->quantum += offset / s->pool.quantum;
	at->offset = offset % s->pool.quantum;
	if (at->quantum < s->qset)
		return;
	at->quantum = 0;
	at->item++;
}

/**
 * scull_store_item() - an item of a store
 * @s: the store, which stays for as long as the caller uses the item
 * @index: which
 *
 * A small device is its first items, and a walk of the xarray costs half as much as
 * the rest of a small read.
 *
 * Context: Any context.
 * Return: the item, or NULL if there is none.
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

/* What an item takes, the NULL at its end included */
static inline size_t scull_item_bytes(const struct scull_store *s)
{
	return struct_size((struct scull_item *)0, qset, (size_t)s->qset + 1);
}

/**
 * scull_quantum_load() - the quantum that an entry of a qset points to
 * @entry: the entry
 *
 * Readers of the pointer see initialised contents. An address dependency would do
 * for a single quantum, but adjacent ones are copied in one go, through the pointer
 * to the first.
 *
 * Return: the quantum, or NULL for a hole.
 */
static inline void *scull_quantum_load(void *const *entry)
{
	/* Pairs with scull_store_publish(), or what makes the item visible. */
	return smp_load_acquire(entry);
}

/**
 * scull_item_quantum() - a quantum of an item
 * @item: the item, or NULL for one that does not exist
 * @nr: which
 *
 * Return: the quantum, or NULL for a hole.
 */
static inline void *scull_item_quantum(const struct scull_item *item,
				       unsigned int nr)
{
	return item ? scull_quantum_load(&item->qset[nr]) : NULL;
}

/**
 * struct scull_dev - one device
 * @store: its bytes, never NULL while the device can be reached, and one reference
 *	to them. Replaced under @lock and @map_lock, while @mapped is 0
 * @stats: its counters, which it owns
 * @node: the device in sysfs
 * @lock: excludes writers and trims from each other
 * @map_lock: guards @mapped, and @store against mmap()
 * @mapped: how many VMAs map the device
 *
 * Readers only read the first cache line. Writers write the second.
 */
struct scull_dev {
	struct scull_store __rcu *store;
	struct scull_stats __percpu *stats;
	struct device *node;

	struct mutex lock ____cacheline_aligned_in_smp;	/* between writers and trims */
	spinlock_t map_lock;	/* guards mapped, and store against mmap() */
	unsigned long mapped;
} ____cacheline_aligned_in_smp;

/**
 * scull_store_get() - a reference to a device's present store
 * @dev: the device
 *
 * Two atomic operations for each read, as a read lock has. SRCU has none, but one
 * stalled reader would hold up the freeing of all stores. A percpu_ref has none
 * either, but a trim would wait for a grace period until it knows whether it is the
 * last user.
 *
 * Context: Any context.
 * Return: the store, for scull_store_put().
 */
static inline struct scull_store *scull_store_get(struct scull_dev *dev)
{
	struct scull_store *s;

	rcu_read_lock();
	do {
		/* With no reference left, a new one is in place already. */
		s = rcu_dereference(dev->store);
	} while (!refcount_inc_not_zero(&s->refs));
	rcu_read_unlock();
	return s;
}

extern struct scull_dev *scull_devs;
extern const struct file_operations scull_fops;
extern const struct attribute_group *scull_dev_groups[];

int scull_trim(struct scull_dev *dev);
int scull_mmap(struct file *file, struct vm_area_struct *vma);
ssize_t scull_splice_read(struct file *file, loff_t *pos,
			  struct pipe_inode_info *pipe, size_t len,
			  unsigned int flags);

long scull_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#ifdef CONFIG_COMPAT
long scull_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#else
#define scull_compat_ioctl NULL
#endif

int scull_proc_create(void);
void scull_proc_remove(void);
void scull_layout_create(void);
void scull_layout_remove(void);

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
	scull_limit, scull_headroom;
extern bool scull_raw_addresses;
extern int scull_order;	/* as given at load, -1 if not */

extern const struct kernel_param_ops scull_param_ops;

bool scull_param_valid(const struct scull_param *p, unsigned long value);
int scull_param_init(void);
unsigned long scull_limit_bytes(void);

#endif
