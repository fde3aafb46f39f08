// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: a sparse tree of items, their quanta, and what they may cost.
 *
 * No locks and no files here. The device's lock keeps writers from each other
 * and from readers. Quanta and items are published with cmpxchg() all the same,
 * because a page fault fills a hole without that lock.
 */

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "scull.h"
#include "trace.h"

/* Items and tree: as quanta are, and always charged to the memory cgroup. */
#define ITEM_GFP (SCULL_GFP | __GFP_ACCOUNT)

/* How many stores were made. Gives each its id. */
static atomic_long_t scull_stores;

/* What all the stores of the module hold, in bytes. Bounded by its limit. */
static atomic_long_t scull_held;

/**
 * scull_charge() - count memory against the module's limit
 * @bytes: how much
 *
 * Context: any.
 * Return: 0, or -ENOSPC if it would exceed the limit.
 */
int scull_charge(size_t bytes)
{
	unsigned long limit = scull_limit_bytes();
	long held = atomic_long_read(&scull_held);

	do {
		if (bytes > limit || held > limit - bytes)
			return -ENOSPC;
	} while (!atomic_long_try_cmpxchg(&scull_held, &held, held + bytes));
	return 0;
}

/**
 * scull_uncharge() - undo scull_charge()
 * @bytes: how much
 *
 * Context: any.
 */
void scull_uncharge(size_t bytes)
{
	atomic_long_sub(bytes, &scull_held);
}

static int store_charge(struct scull_store *s, size_t bytes)
{
	int err = scull_charge(bytes);

	if (!err)
		atomic_long_add(bytes, &s->held);
	return err;
}

static void store_uncharge(struct scull_store *s, size_t bytes)
{
	atomic_long_sub(bytes, &s->held);
	scull_uncharge(bytes);
}

/**
 * scull_store_create() - make an empty store
 * @quantum: bytes in a quantum, within the backend's range
 * @qset: quanta in an item, at least 1
 * @dev: the number of its device
 * @stats: the device's counters
 *
 * Context: may sleep.
 * Return: the store, or an ERR_PTR: -ENOMEM, or what the backend says.
 */
struct scull_store *scull_store_create(unsigned int quantum, unsigned int qset,
				       unsigned int dev,
				       struct scull_stats __percpu *stats)
{
	struct scull_store *s;
	u64 size_max;
	int err;

	s = kzalloc(sizeof(*s), SCULL_GFP);
	if (!s)
		return ERR_PTR(-ENOMEM);

	s->pool.quantum = quantum;
	s->qset = qset;
	s->id = atomic_long_inc_return(&scull_stores);
	s->dev = dev;
	s->stats = stats;
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

/* An upper bound for what kvmalloc() takes for an item. */
static size_t item_footprint(const struct scull_store *s)
{
	return max_t(size_t, roundup_pow_of_two(scull_item_bytes(s)),
		     KMALLOC_MIN_SIZE);
}

/*
 * An upper bound for what the tree takes for a new item: a node for each level
 * at which its surroundings are still empty. Matters for small items far from
 * each other, whose tree outweighs them.
 */
static size_t tree_bytes(struct scull_store *s, unsigned long index)
{
	/* The root has no surroundings. */
	size_t bytes = xa_empty(&s->items) ? sizeof(struct xa_node) : 0;
	unsigned int shift;

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
	size_t bytes = item_footprint(s) + tree_bytes(s, at->item);
	struct scull_item *item, *old;
	int err;

	err = store_charge(s, bytes);
	if (err)
		return ERR_PTR(err);

	item = kvzalloc(scull_item_bytes(s), ITEM_GFP);
	if (!item) {
		old = ERR_PTR(-ENOMEM);
		goto uncharge;
	}
	item->index = at->item;
	item->qset[at->quantum] = quantum;

	old = xa_cmpxchg(&s->items, at->item, NULL, item, ITEM_GFP);
	if (!old) {
		if (at->item < SCULL_DIRECT) {
			/* Pairs with scull_store_item(): a reader follows it. */
			smp_store_release(&s->direct[at->item], item);
		}
		return item;
	}
	if (xa_is_err(old))
		old = ERR_PTR(xa_err(old));
	kvfree(item);
uncharge:
	store_uncharge(s, bytes);
	return old;
}

static void count_failure(struct scull_store *s, const struct scull_place *at,
			  int err)
{
	this_cpu_inc(s->stats->failures);
	trace_scull_alloc_failed(s, at, err);
}

/**
 * scull_store_publish() - make a quantum visible
 * @s: the store
 * @at: where
 * @quantum: the quantum, filled: whoever sees it may read all of it
 *
 * Context: may sleep.
 * Return: the quantum that now stands there, which is another one if a page
 * fault was faster, or an ERR_PTR: -ENOSPC at the module's limit, -ENOMEM.
 */
void *scull_store_publish(struct scull_store *s, const struct scull_place *at,
			  void *quantum)
{
	struct scull_item *item = scull_store_item(s, at->item);
	void *old;

	if (!item) {
		item = item_insert(s, at, quantum);
		if (IS_ERR(item)) {
			count_failure(s, at, PTR_ERR(item));
			return item;
		}
	}
	old = cmpxchg(&item->qset[at->quantum], NULL, quantum);
	return old ?: quantum;
}

/**
 * scull_quanta_alloc() - quanta for a store, and count them
 * @s: the store
 * @at: the first of the places they are for, which follow each other in an item
 * @gfp: __GFP_ZERO or 0
 * @quanta: set to the quanta, by their addresses: what lies side by side in
 *	memory can then do so in the device, and is copied in one go
 * @n: how many, at least 1
 *
 * Context: may sleep.
 * Return: how many there are now, at least 1, or if none -ENOSPC at the module's
 * limit, -ENOMEM.
 */
int scull_quanta_alloc(struct scull_store *s, const struct scull_place *at,
		       gfp_t gfp, void **quanta, unsigned int n)
{
	struct scull_place place = *at;
	unsigned int got = 0, i, j;
	int err;

	gfp |= SCULL_GFP;
	gfp |= scull_backend.page ? __GFP_ACCOUNT_MAPPED : __GFP_ACCOUNT;
	for (;; n = 1) {
		err = store_charge(s, n * s->pool.footprint);
		if (!err) {
			do {
				i = scull_backend.alloc(&s->pool, gfp,
							quanta + got, n - got);
				got += i;
			} while (i && got < n);
			if (got < n)
				store_uncharge(s, (n - got) * s->pool.footprint);
			err = -ENOMEM;
		}
		if (got)
			break;
		if (n == 1) {
			count_failure(s, at, err);
			return err;
		}
		/* There may still be room for one. */
	}

	for (i = 1; i < got; i++) {
		void *quantum = quanta[i];

		for (j = i; j && quanta[j - 1] > quantum; j--)
			quanta[j] = quanta[j - 1];
		quanta[j] = quantum;
	}

	this_cpu_add(s->stats->allocated, got);
	this_cpu_add(s->stats->bytes, got * s->pool.footprint);
	for (i = 0; i < got; i++, place.quantum++)
		trace_scull_quantum_alloc(s, &place, quanta[i]);
	return got;
}

/**
 * scull_quantum_free() - undo scull_quanta_alloc() for one
 * @s: the store
 * @at: what place it was for
 * @quantum: a quantum that nobody can see
 *
 * Context: may sleep.
 */
void scull_quantum_free(struct scull_store *s, const struct scull_place *at,
			void *quantum)
{
	trace_scull_quantum_free(s, at, quantum);
	this_cpu_inc(s->stats->freed);
	this_cpu_sub(s->stats->bytes, s->pool.footprint);
	scull_backend.free(&s->pool, quantum);
	store_uncharge(s, s->pool.footprint);
}

/**
 * scull_store_destroy() - free a store and all that it holds
 * @s: a store that nothing can reach any more
 *
 * Context: may sleep, and gives way to others while it frees a large store.
 */
void scull_store_destroy(struct scull_store *s)
{
	struct scull_place at = {};
	struct scull_item *item;

	xa_for_each(&s->items, at.item, item) {
		for (at.quantum = 0; at.quantum < s->qset; at.quantum++) {
			if (item->qset[at.quantum])
				scull_quantum_free(s, &at, item->qset[at.quantum]);
			cond_resched();
		}
		/* One by one: xa_destroy() frees a tree with interrupts off. */
		xa_erase(&s->items, at.item);
		kvfree(item);
	}

	/* Nodes of insertions that failed half-way; no item leads to them. */
	xa_destroy(&s->items);

	/* What is left are the items and the tree. */
	store_uncharge(s, atomic_long_read(&s->held));
	scull_backend.teardown(&s->pool);
	kfree(s);
}

/**
 * scull_store_fill() - the quantum at a position, made if there is none
 * @s: the store, which stays for as long as the caller uses the quantum
 * @pos: the position, less than the largest size
 * @offset: set to the byte of the quantum that @pos is
 *
 * Needs no lock: of two that fill the same hole, one wins and both get its
 * quantum.
 *
 * Context: may sleep.
 * Return: the quantum, or an ERR_PTR: -ENOSPC at the module's limit, -ENOMEM.
 */
void *scull_store_fill(struct scull_store *s, loff_t pos, unsigned int *offset)
{
	struct scull_place at;
	void *quantum, *fresh;
	int ret;

	scull_place_find(s, pos, &at);
	*offset = at.offset;
	quantum = scull_item_quantum(scull_store_item(s, at.item), at.quantum);
	if (quantum)
		return quantum;

	ret = scull_quanta_alloc(s, &at, __GFP_ZERO, &fresh, 1);
	if (ret < 0) {
		quantum = ERR_PTR(ret);
	} else {
		quantum = scull_store_publish(s, &at, fresh);
		if (quantum != fresh)
			scull_quantum_free(s, &at, fresh);
	}
	if (!IS_ERR(quantum))
		return quantum;

	/*
	 * Another fault may have filled it with the last there was. A writer that
	 * is about to fill it is not waited for.
	 */
	return scull_item_quantum(scull_store_item(s, at.item), at.quantum) ?:
	       quantum;
}

/**
 * scull_store_next() - the first quantum at or after a place
 * @s: the store, which the caller keeps from writers
 * @at: where to start; set to where the quantum is, at its first byte if it is
 *	not the one that @at was in
 *
 * Context: may sleep.
 * Return: the quantum, or NULL if there is none.
 */
void *scull_store_next(struct scull_store *s, struct scull_place *at)
{
	unsigned long index = at->item;
	struct scull_item *item;
	void *quantum;

	xa_for_each_start(&s->items, index, item, at->item) {
		if (index != at->item)
			*at = (struct scull_place){ .item = index };
		for (; at->quantum < s->qset; at->quantum++, at->offset = 0) {
			quantum = scull_item_quantum(item, at->quantum);
			if (quantum)
				return quantum;
		}
		cond_resched();
	}
	return NULL;
}
