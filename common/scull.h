/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's data, lifetimes and locks. backend.h is the interface to the allocator.
 *
 * A device points to a store, which holds its bytes. A store is a sparse tree of
 * items. An item has a qset: an array of pointers to quanta, NULL for a hole. A
 * quantum is one object of the backend's allocator. store.h has these structures.
 *
 * Lifetimes
 *
 * A store has a constant geometry and a reference count. Quanta and items are only
 * added to it. The device holds one reference, which a trim drops after it has
 * installed a new store. A reader (read, splice, SEEK_DATA, SEEK_HOLE, /proc, sysfs,
 * layout) takes a reference with scull_store_get(), and no lock. An lseek() that needs
 * only the size reads it under rcu_read_lock(). Dropping the last reference frees the
 * store. While a VMA maps the device, its store cannot be replaced, so a page fault
 * takes neither a reference nor a lock of ours.
 *
 * Locks, outermost first
 *
 *	scull_dev.lock		Serialises writers and trims of one device. Taken with
 *				mutex_lock_killable() or mutex_trylock() only. A writer
 *				holds it while it reads user memory, so mmap_lock nests
 *				inside, and no code under mmap_lock may take it.
 *	mmap_lock		The kernel's. Page faults and mmap() run under it.
 *	scull_dev.map_lock	A spinlock. Serialises mmap() and the replacement of the
 *				store by a trim.
 *
 * scull_param_lock makes a change of quantum and qset one step. A trim takes it inside
 * scull_dev.lock. It is not held while user memory is accessed, nor together with
 * mmap_lock or map_lock. scullc's caches_lock nests inside scull_dev.lock, too. A splice into a
 * device takes scull_dev.lock inside pipe->mutex.
 *
 * What a reader sees of a concurrent write
 *
 * - Of bytes that are overwritten, some are old and some are new, as on ext4 and
 *   tmpfs. This data race is intended. The copies of readers, in scull_store_read(),
 *   and of writers, in scull_store_write(), are marked for KCSAN. The writer's copy
 *   must be marked, because readers of pipes, elsewhere in the kernel, read the same
 *   pages unmarked.
 * - Of a hole that is filled, either zeros or the quantum. A quantum is published with
 *   cmpxchg() after it has been filled, and scull_quantum_load() is an acquire load.
 * - Nothing past the old size until all bytes of the write are stored. A writer sets the size
 *   last, in scull_store_write(), and a reader reads it first, in scull_store_size().
 *   So an append becomes visible as a whole, with the zeroed gap before it.
 */
#ifndef SCULL_H
#define SCULL_H

#include <linux/cache.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "compat.h"
#include "param.h"
#include "store.h"

struct attribute_group;
struct device;
struct file;
struct pipe_inode_info;
struct vm_area_struct;

/**
 * struct scull_dev - one device
 * @store: its bytes and one reference to them. Never NULL while the device can be
 *	opened. Replaced under @lock and @map_lock, while @mapped is 0
 * @stats: its counters, which it owns
 * @node: the device in sysfs
 * @lock: serialises writers and trims
 * @map_lock: guards @mapped, and @store against mmap()
 * @mapped: number of VMAs that map the device
 *
 * Readers only read the first cache line. Writers write to the second.
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
 * scull_store_get() - take a reference to the store of a device
 * @dev: the device
 *
 * This and scull_store_put() are two atomic operations for each read, as many as a
 * read lock takes. SRCU takes none, but then one stalled reader delays the freeing of
 * all stores. A percpu_ref takes none either, but a trim would wait for a grace
 * period to find out whether it holds the last reference.
 *
 * Context: Any context.
 * Return: the store, to be passed to scull_store_put().
 */
static inline struct scull_store *scull_store_get(struct scull_dev *dev)
{
	struct scull_store *s;

	rcu_read_lock();
	do {
		/* If its last reference is gone, a trim has already replaced it. */
		s = rcu_dereference(dev->store);
	} while (!refcount_inc_not_zero(&s->refs));
	rcu_read_unlock();
	return s;
}

extern struct scull_dev *scull_devs;
extern const struct file_operations scull_fops;
extern const struct attribute_group *scull_dev_groups[];

/* device.c, mmap.c, splice.c, ioctl.c */
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

/* proc.c, layout.c */
int scull_proc_create(void);
void scull_proc_remove(void);
void scull_layout_create(void);
void scull_layout_remove(void);

#endif
