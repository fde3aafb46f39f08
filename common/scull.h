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
 *	mmap_lock		the kernel's; held by a page fault and by mmap().
 *	scull_dev.map_lock	how often a device is mapped. A spinlock.
 *
 * scull_param_lock, which makes a pair of quantum and qset, is only ever held
 * outside mmap_lock and never together with the device's locks.
 *
 * A page fault takes no lock of ours: a mapped device keeps its store, and a
 * store only grows.
 */
#ifndef SCULL_H
#define SCULL_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct attribute_group;
struct file;
struct iov_iter;
struct page;
struct vm_area_struct;

/*
 * A failure is the caller's to handle: no OOM killer, no warning. What memory
 * cgroup it is charged to is added where that is known.
 */
#define SCULL_GFP (GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

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
 * @vmalloced: it takes addresses of the vmalloc area, and no low memory
 * @setup: get ready to allocate quanta of pool->quantum bytes and set
 *	pool->footprint. May sleep. Returns 0 or a negative errno.
 * @teardown: undo @setup. Every quantum of the pool has been freed. May sleep.
 * @alloc: quanta, one or as many of @n as it can have at once; returns how many, 0
 *	if not even one could be had. Neither kills nor warns then, as @gfp says.
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

/**
 * struct scull_item - a qset of quanta
 * @index: its place in the device, in items
 * @qset: the quanta, and a NULL behind them for those who look at the next. An
 *	entry goes from NULL to a quantum once, by cmpxchg() after the quantum has
 *	been filled, and stays until the store goes. The first of them comes with
 *	the item.
 */
struct scull_item {
	unsigned long index;
	void *qset[];
};

/**
 * struct scull_stats - what happened to a device since the module was loaded
 * @bytes: what its quanta take now; the sum over all CPUs counts
 * @allocated: quanta that were allocated
 * @freed: quanta that were freed
 * @failures: quanta, items and tree nodes that could not be had
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

/* How many items a store finds without its tree */
#define SCULL_DIRECT 16

/**
 * struct scull_store - the bytes of one device, and their geometry
 * @pool: where its quanta come from
 * @qset: quanta in an item
 * @id: which of all stores of the module it is
 * @dev: the number of its device
 * @stats: the device's
 * @span: bytes in an item
 * @size_max: the largest size it can grow to
 * @size: bytes up to the end of the last write; changed under the device's lock
 * @held: bytes counted against the module's limit
 * @items: &struct scull_item by index, which the store owns; only ever grows
 * @direct: the first of them once more, each set after it is in @items
 * @mapped: it is or was mapped; set under the device's map_lock
 *
 * All but @size, @held, @items, @direct and @mapped is constant. A new geometry is
 * a new store.
 */
struct scull_store {
	struct scull_pool pool;
	unsigned int qset;
	unsigned long id;
	unsigned int dev;
	struct scull_stats __percpu *stats;
	u64 span;
	loff_t size_max;
	atomic64_t size;
	atomic_long_t held;
	struct xarray items;
	struct scull_item *direct[SCULL_DIRECT];
	bool mapped;
};

int scull_charge(size_t bytes);
void scull_uncharge(size_t bytes);
struct scull_store *scull_store_create(unsigned int quantum, unsigned int qset,
				       unsigned int dev,
				       struct scull_stats __percpu *stats);
void scull_store_destroy(struct scull_store *s);
ssize_t scull_store_read(struct scull_store *s, struct iov_iter *to, loff_t pos);
ssize_t scull_store_write(struct scull_store *s, struct iov_iter *from,
			  loff_t pos, bool nowait);
void *scull_store_publish(struct scull_store *s, const struct scull_place *at,
			  void *quantum);
int scull_quanta_alloc(struct scull_store *s, const struct scull_place *at,
		       gfp_t gfp, void **quanta, unsigned int n);
void scull_quantum_free(struct scull_store *s, const struct scull_place *at,
			void *quantum);
void *scull_store_fill(struct scull_store *s, loff_t pos, unsigned int *offset);
void *scull_store_next(struct scull_store *s, struct scull_place *at);
loff_t scull_store_seek(struct scull_store *s, loff_t pos, int whence);

static inline loff_t scull_store_size(const struct scull_store *s)
{
	return atomic64_read(&s->size);
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
 * A small device is its first items, and to go through the tree for one takes as
 * long as half of what else there is to a small read.
 *
 * Context: any.
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
 * scull_item_quantum() - a quantum of an item
 * @item: the item, or NULL for one that does not exist
 * @nr: which
 *
 * Pairs with the cmpxchg() in scull_store_publish(), or what makes the item visible:
 * who sees the pointer sees what it points to.
 *
 * Return: the quantum, or NULL for a hole.
 */
static inline void *scull_item_quantum(const struct scull_item *item,
				       unsigned int nr)
{
	return item ? READ_ONCE(item->qset[nr]) : NULL;
}

/**
 * struct scull_dev - one device
 * @lock: guards @store and what it holds; see the top of this file
 * @store: its bytes, never NULL while the device can be reached. Changed under
 *	@lock and @map_lock, and only while @mapped is 0
 * @map_lock: innermost; see the top of this file
 * @mapped: how many VMAs map the device
 * @stats: its counters, which it owns
 */
struct scull_dev {
	struct rw_semaphore lock;
	struct scull_store *store;
	spinlock_t map_lock;	/* guards mapped, and store against mmap() */
	unsigned long mapped;
	struct scull_stats __percpu *stats;
};

extern struct scull_dev *scull_devs;
extern const struct file_operations scull_fops;
extern const struct attribute_group *scull_dev_groups[];

int scull_trim(struct scull_dev *dev);
int scull_mmap(struct file *file, struct vm_area_struct *vma);

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
	scull_limit;
extern bool scull_raw_addresses;
extern int scull_order;	/* as given at load, -1 if not */

extern const struct kernel_param_ops scull_param_ops;

bool scull_param_valid(const struct scull_param *p, unsigned long value);
int scull_param_init(void);
unsigned long scull_limit_bytes(void);

#endif
