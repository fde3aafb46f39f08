// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: a sparse tree of items, their quanta, and the memory charged for them.
 *
 * No locks and no files here. The device's lock excludes writers from each other.
 * Readers run beside them, and a page fault fills a hole without that lock, so
 * quanta and items are published with cmpxchg().
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "scull.h"
#include "trace.h"

/* How many stores were made. Gives each its id. */
static atomic_long_t scull_stores;

/* Frees stores whose last reference was a reader's. */
struct workqueue_struct *scull_wq;

static void store_free_work(struct work_struct *work)
{
	scull_store_destroy(container_of(work, struct scull_store, work));
}

/**
 * scull_store_create() - make an empty store
 * @quantum: bytes in a quantum, within the backend's range
 * @qset: quanta in an item, at least 1
 * @dev: the number of its device
 * @stats: the device's counters
 *
 * Context: Process context. May sleep.
 * Return: the store with one reference, or an ERR_PTR: -ENOMEM, or what the backend
 * says.
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

	refcount_set(&s->refs, 1);
	INIT_WORK(&s->work, store_free_work);
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

/* Let an item's quanta begin and end no later and no earlier than this. */
static void item_extend(struct scull_item *item, unsigned int nr)
{
	unsigned int old;

	while (nr < (old = READ_ONCE(item->first)))
		cmpxchg(&item->first, old, nr);
	while (nr > (old = READ_ONCE(item->last)))
		cmpxchg(&item->last, old, nr);
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
 * @quantum: the quantum, all of it initialised
 *
 * Context: Process context. May sleep.
 * Return: the quantum that now stands there, which is another one if this lost the
 * race against a page fault, or an ERR_PTR: -ENOSPC by scull_charge(), -ENOMEM.
 */
void *scull_store_publish(struct scull_store *s, const struct scull_place *at,
			  void *quantum)
{
	struct scull_item *item = scull_store_item(s, at->item);
	void *old;

	if (!item) {
		item = scull_item_insert(s, at, quantum);
		if (IS_ERR(item)) {
			count_failure(s, at, PTR_ERR(item));
			return item;
		}
	}
	item_extend(item, at->quantum);
	old = cmpxchg(&item->qset[at->quantum], NULL, quantum);
	return old ?: quantum;
}

/* What is charged for a quantum */
static size_t quantum_charge(const struct scull_store *s)
{
	return s->pool.footprint + s->pool.records;
}

/**
 * scull_quanta_alloc() - quanta for a store, and count them
 * @s: the store
 * @at: the first of the places they are for, which follow each other in an item
 * @gfp: __GFP_ZERO or 0
 * @quanta: set to the quanta, by their addresses: what is adjacent in
 *	memory can then be so in the device, and is copied in one go
 * @n: how many, at least 1
 *
 * Context: Process context. May sleep.
 * Return: how many there are now, at least 1, or if none -ENOSPC by scull_charge(),
 * -ENOMEM.
 */
int scull_quanta_alloc(struct scull_store *s, const struct scull_place *at,
		       gfp_t gfp, void **quanta, unsigned int n)
{
	const size_t each = quantum_charge(s);
	struct scull_place place = *at;
	unsigned int got = 0, i, j;
	int err;

	gfp |= SCULL_GFP;
	gfp |= scull_backend.page ? __GFP_ACCOUNT_MAPPED : __GFP_ACCOUNT;
	for (;; n = 1) {
		err = scull_store_charge(s, n * each);
		if (!err) {
			do {
				i = scull_backend.alloc(&s->pool, gfp,
							quanta + got, n - got);
				got += i;
			} while (i && got < n);
			scull_charged(n * each);
			if (got < n)
				scull_store_uncharge(s, (n - got) * each);
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
 * Context: Process context. May sleep.
 */
void scull_quantum_free(struct scull_store *s, const struct scull_place *at,
			void *quantum)
{
	trace_scull_quantum_free(s, at, quantum);
	this_cpu_inc(s->stats->freed);
	this_cpu_sub(s->stats->bytes, s->pool.footprint);
	scull_backend.free(&s->pool, quantum);
	scull_store_uncharge(s, quantum_charge(s));
}

/**
 * scull_store_destroy() - free a store and all that it holds
 * @s: a store without references
 *
 * Context: Process context. May sleep; reschedules while it frees a large store.
 */
void scull_store_destroy(struct scull_store *s)
{
	struct scull_place at = {};
	struct scull_item *item;

	xa_for_each(&s->items, at.item, item) {
		for (at.quantum = item->first; at.quantum <= item->last;
		     at.quantum++) {
			void *quantum = item->qset[at.quantum];

			if (quantum)
				scull_quantum_free(s, &at, quantum);
			/* A hole takes no time to speak of. */
			if (quantum || at.quantum % 1024 == 0)
				cond_resched();
		}
		/* One by one: xa_destroy() frees a tree with interrupts off. */
		xa_erase(&s->items, at.item);
		kvfree(item);
	}

	/* Nodes of insertions that failed half-way; no item leads to them. */
	xa_destroy(&s->items);

	/* What is left are the items and the tree. */
	scull_store_uncharge(s, atomic_long_read(&s->held));
	scull_backend.teardown(&s->pool);
	/* scull_store_get() may be about to try for a reference. */
	kfree_rcu(s, rcu);
}

/**
 * scull_store_release() - drop a reference, and free the store here if it was the last
 * @s: the store
 *
 * Context: Process context. May sleep.
 */
void scull_store_release(struct scull_store *s)
{
	if (refcount_dec_and_test(&s->refs))
		scull_store_destroy(s);
}
