// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: where a byte of a device lies, copying in and out, freeing all.
 *
 * No locks and no files here. The device's lock keeps writers from each other
 * and from readers. Quanta and items are published with cmpxchg() all the same,
 * because a page fault may fill a hole without that lock.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "scull.h"

/*
 * Charged to the writer's memory cgroup. A failure is the writer's to handle:
 * no OOM killer, no warning.
 */
#define SCULL_GFP (GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* What all the stores of the module hold, in bytes. Bounded by its limit. */
static atomic_long_t scull_held;

static int store_charge(struct scull_store *s, size_t bytes)
{
	unsigned long limit = scull_limit_bytes();
	unsigned long held = atomic_long_read(&scull_held);

	do {
		if (bytes > limit || held > limit - bytes)
			return -ENOSPC;
	} while (!atomic_long_try_cmpxchg(&scull_held, (long *)&held,
					  held + bytes));

	atomic_long_add(bytes, &s->held);
	return 0;
}

static void store_uncharge(struct scull_store *s, size_t bytes)
{
	atomic_long_sub(bytes, &s->held);
	atomic_long_sub(bytes, &scull_held);
}

/**
 * scull_store_create() - make an empty store
 * @quantum: bytes in a quantum, within the backend's range
 * @qset: quanta in an item, at least 1
 *
 * Context: may sleep.
 * Return: the store, or an ERR_PTR: -ENOMEM, or what the backend says.
 */
struct scull_store *scull_store_create(unsigned int quantum, unsigned int qset)
{
	struct scull_store *s;
	u64 size_max;
	int err;

	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);

	s->pool.quantum = quantum;
	s->qset = qset;
	s->span = (u64)quantum * qset;
	if (check_mul_overflow(s->span, (u64)ULONG_MAX, &size_max))
		size_max = MAX_LFS_FILESIZE;
	s->size_max = min_t(u64, size_max, MAX_LFS_FILESIZE);
	xa_init_flags(&s->items, XA_FLAGS_ACCOUNT);

	err = scull_backend.setup(&s->pool);
	if (err)
		goto free_store;
	return s;

free_store:
	kfree(s);
	return ERR_PTR(err);
}

/**
 * scull_store_destroy() - free a store and all that it holds
 * @s: a store that nothing can reach any more
 *
 * Context: may sleep, and gives way to others while it frees a large store.
 */
void scull_store_destroy(struct scull_store *s)
{
	struct scull_item *item;
	unsigned long index;
	unsigned int i;

	xa_for_each(&s->items, index, item) {
		for (i = 0; i < s->qset; i++) {
			if (item->qset[i])
				scull_backend.free(&s->pool, item->qset[i]);
			cond_resched();
		}
		/* One by one: xa_destroy() frees all with interrupts off. */
		xa_erase(&s->items, index);
		kvfree(item);
	}

	atomic_long_sub(atomic_long_read(&s->held), &scull_held);
	scull_backend.teardown(&s->pool);
	kfree(s);
}

/* A position in a store: which item, which quantum of it, which byte of that */
struct scull_place {
	unsigned long item;
	unsigned int quantum;
	unsigned int offset;
};

static void place_find(const struct scull_store *s, loff_t pos,
		       struct scull_place *at)
{
	u64 rest;

	at->item = div64_u64_rem(pos, s->span, &rest);
	at->quantum = div_u64_rem(rest, s->pool.quantum, &at->offset);
}

/* Forward by @bytes, which do not reach past the end of the quantum. */
static void place_advance(const struct scull_store *s, struct scull_place *at,
			  size_t bytes)
{
	at->offset += bytes;
	if (at->offset < s->pool.quantum)
		return;
	at->offset = 0;
	if (++at->quantum < s->qset)
		return;
	at->quantum = 0;
	at->item++;
}

/*
 * The memory for quantum @nr of an item, NULL for a hole. Pairs with the
 * cmpxchg() in store_publish(): who sees the pointer sees what it points to.
 */
static void *item_quantum(const struct scull_item *item, unsigned int nr)
{
	return item ? READ_ONCE(item->qset[nr]) : NULL;
}

/* An upper bound for what kvmalloc() takes for an item. */
static size_t item_bytes(const struct scull_store *s)
{
	return roundup_pow_of_two(struct_size((struct scull_item *)0, qset,
					      s->qset));
}

/*
 * An upper bound for what the tree takes for a new item: a node for each level
 * at which its surroundings are still empty. Matters for small items far from
 * each other, whose tree outweighs them.
 */
static size_t tree_bytes(struct scull_store *s, unsigned long index)
{
	unsigned int shift;
	size_t bytes = 0;

	for (shift = XA_CHUNK_SHIFT; shift < BITS_PER_LONG;
	     shift += XA_CHUNK_SHIFT) {
		unsigned long first = index >> shift << shift;
		unsigned long last = first + (1UL << shift) - 1;

		if (xa_find(&s->items, &first, last, XA_PRESENT))
			break;
		bytes += sizeof(struct xa_node);
	}
	return bytes;
}

/* A new item with one quantum; returns it, the item that was faster, or an error */
static struct scull_item *item_insert(struct scull_store *s,
				      const struct scull_place *at,
				      void *quantum)
{
	size_t bytes = item_bytes(s) + tree_bytes(s, at->item);
	struct scull_item *item, *old;
	int err;

	err = store_charge(s, bytes);
	if (err)
		return ERR_PTR(err);

	item = kvzalloc(struct_size(item, qset, s->qset), SCULL_GFP);
	if (!item) {
		old = ERR_PTR(-ENOMEM);
		goto uncharge;
	}
	item->index = at->item;
	item->qset[at->quantum] = quantum;

	old = xa_cmpxchg(&s->items, at->item, NULL, item, SCULL_GFP);
	if (!old)
		return item;
	if (xa_is_err(old))
		old = ERR_PTR(xa_err(old));
	kvfree(item);
uncharge:
	store_uncharge(s, bytes);
	return old;
}

/*
 * Make a filled quantum visible at a place. Returns the quantum that now stands
 * there, which is another if a page fault was faster, or an ERR_PTR.
 */
static void *store_publish(struct scull_store *s, const struct scull_place *at,
			   void *quantum)
{
	struct scull_item *item = xa_load(&s->items, at->item);
	void *old;

	if (!item) {
		item = item_insert(s, at, quantum);
		if (IS_ERR(item))
			return item;
	}
	old = cmpxchg(&item->qset[at->quantum], NULL, quantum);
	return old ?: quantum;
}

static void *quantum_alloc(struct scull_store *s, gfp_t gfp)
{
	void *quantum;
	int err;

	err = store_charge(s, s->pool.footprint);
	if (err)
		return ERR_PTR(err);

	quantum = scull_backend.alloc(&s->pool, SCULL_GFP | gfp);
	if (!quantum) {
		store_uncharge(s, s->pool.footprint);
		return ERR_PTR(-ENOMEM);
	}
	return quantum;
}

static void quantum_free(struct scull_store *s, void *quantum)
{
	scull_backend.free(&s->pool, quantum);
	store_uncharge(s, s->pool.footprint);
}

/* Fill a hole. The quantum is published when it has no stale byte any more. */
static ssize_t write_hole(struct scull_store *s, const struct scull_place *at,
			  struct iov_iter *from, size_t len)
{
	void *fresh, *kept;
	size_t copied;

	fresh = quantum_alloc(s, len < s->pool.quantum ? __GFP_ZERO : 0);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);

	copied = copy_from_iter(fresh + at->offset, len, from);
	if (!copied) {
		quantum_free(s, fresh);
		return -EFAULT;
	}
	memset(fresh + at->offset + copied, 0, len - copied);

	kept = store_publish(s, at, fresh);
	if (kept == fresh)
		return copied;

	if (!IS_ERR(kept))
		memcpy(kept + at->offset, fresh + at->offset, copied);
	else
		iov_iter_revert(from, copied);
	quantum_free(s, fresh);
	return IS_ERR(kept) ? PTR_ERR(kept) : copied;
}

/**
 * scull_store_write() - copy user memory into a store
 * @s: the store, which the caller keeps from all other writers and readers
 * @from: the bytes
 * @pos: where they go, not negative
 *
 * Stops at the first thing that goes wrong. What was stored before that stays
 * and is what counts.
 *
 * Context: may sleep, and faults user pages in.
 * Return: bytes stored, or if none -EFBIG past the largest size, -ENOSPC at the
 * module's limit, -ENOMEM, -EFAULT, or -EINTR after a fatal signal.
 */
ssize_t scull_store_write(struct scull_store *s, struct iov_iter *from,
			  loff_t pos)
{
	struct scull_place at;
	size_t left, done = 0;
	ssize_t err = 0;

	if (pos >= s->size_max)
		return -EFBIG;
	left = min_t(u64, iov_iter_count(from), s->size_max - pos);

	place_find(s, pos, &at);
	while (left) {
		struct scull_item *item = xa_load(&s->items, at.item);
		size_t len = min_t(size_t, left, s->pool.quantum - at.offset);
		void *quantum = item_quantum(item, at.quantum);
		ssize_t copied;

		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		if (quantum)
			copied = copy_from_iter(quantum + at.offset, len, from);
		else
			copied = write_hole(s, &at, from, len);
		if (copied < 0) {
			err = copied;
			break;
		}
		done += copied;
		left -= copied;
		if (copied < len) {
			err = -EFAULT;
			break;
		}
		place_advance(s, &at, len);
		cond_resched();
	}

	if (pos + (loff_t)done > scull_store_size(s))
		atomic64_set(&s->size, pos + done);
	return done ?: err;
}

/**
 * scull_store_read() - copy a store into user memory
 * @s: the store, which the caller keeps from all writers
 * @to: where the bytes go; holes give zeros
 * @pos: where they come from, not negative
 *
 * Context: may sleep, and faults user pages in.
 * Return: bytes read, 0 at the end, or if none -EFAULT, or -EINTR after a fatal
 * signal.
 */
ssize_t scull_store_read(struct scull_store *s, struct iov_iter *to, loff_t pos)
{
	loff_t size = scull_store_size(s);
	struct scull_place at;
	size_t left, done = 0;
	ssize_t err = 0;

	if (pos >= size)
		return 0;
	left = min_t(u64, iov_iter_count(to), size - pos);

	place_find(s, pos, &at);
	while (left) {
		struct scull_item *item = xa_load(&s->items, at.item);
		size_t len = min_t(size_t, left, s->pool.quantum - at.offset);
		void *quantum = item_quantum(item, at.quantum);
		size_t copied;

		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		if (quantum)
			copied = copy_to_iter(quantum + at.offset, len, to);
		else
			copied = iov_iter_zero(len, to);
		done += copied;
		left -= copied;
		if (copied < len) {
			err = -EFAULT;
			break;
		}
		place_advance(s, &at, len);
		cond_resched();
	}
	return done ?: err;
}
