// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stores: creation and destruction, and the allocation and publication of quanta.
 *
 * This file takes no locks. The device's lock serialises writers. Readers run
 * concurrently with a writer, and page faults fill holes without that lock, so quanta
 * and items are published with cmpxchg().
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "scull.h"
#include "trace.h"

/* Number of stores created; gives each its id */
static atomic_long_t scull_stores;

struct workqueue_struct *scull_wq;

static void store_free_work(struct work_struct *work)
{
	scull_store_destroy(container_of(work, struct scull_store, work));
}

/**
 * scull_store_create() - create an empty store
 * @bytes: length of a quantum, in the backend's range
 * @qset: length of a qset, in quanta, at least 1
 * @minor: minor number of the device
 * @stats: counters of the device
 *
 * Context: Process context. May sleep.
 * Return: the store with one reference, or an ERR_PTR: -ENOMEM, or the error of the
 * backend's setup.
 */
struct scull_store *scull_store_create(unsigned int bytes, unsigned int qset,
				       unsigned int minor,
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
	s->allocator.bytes = bytes;
	s->qset = qset;
	s->id = atomic_long_inc_return(&scull_stores);
	s->minor = minor;
	s->stats = stats;
	s->span = (u64)bytes * qset;
	if (check_mul_overflow(s->span, (u64)ULONG_MAX, &size_max))
		size_max = MAX_LFS_FILESIZE;
	s->size_max = min_t(u64, size_max, MAX_LFS_FILESIZE);
	xa_init_flags(&s->items, XA_FLAGS_ACCOUNT);

	err = scull_backend.setup(&s->allocator);
	if (err)
		goto free_store;
	return s;

free_store:
	kfree(s);
	return ERR_PTR(err);
}

/* Extend the range of an item's quanta to one index more. */
static void item_extend(struct scull_item *item, unsigned int index)
{
	unsigned int old;

	while (index < (old = READ_ONCE(item->first)))
		cmpxchg(&item->first, old, index);
	while (index > (old = READ_ONCE(item->last)))
		cmpxchg(&item->last, old, index);
}

static void count_failure(struct scull_store *s, const struct scull_place *at,
			  int err)
{
	this_cpu_inc(s->stats->alloc_failures);
	trace_scull_alloc_failed(s, at, err);
}

/**
 * scull_store_publish() - make a quantum visible
 * @s: the store
 * @at: its place
 * @quantum: the quantum, initialised as a whole
 *
 * Context: Process context. May sleep.
 * Return: the quantum that is now at that place, which is another one if this lost
 * the race against a page fault; or an ERR_PTR: -ENOSPC from scull_charge(), -ENOMEM.
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
	item_extend(item, at->index);
	old = cmpxchg(&item->qset[at->index], NULL, quantum);
	return old ?: quantum;
}

/* Bytes charged for a quantum */
static size_t quantum_charge(const struct scull_store *s)
{
	return s->allocator.footprint + s->allocator.records;
}

/**
 * scull_quanta_alloc() - charge and allocate quanta
 * @s: the store
 * @at: place of the first; the others follow it in the same item
 * @gfp: __GFP_ZERO or 0
 * @quanta: set to the quanta, sorted by address, so that quanta which are contiguous
 *	in memory become contiguous in the device, and are copied together
 * @n: how many, at least 1
 *
 * Context: Process context. May sleep.
 * Return: how many were allocated, at least 1, or -ENOSPC from scull_charge(), -ENOMEM.
 */
int scull_quanta_alloc(struct scull_store *s, const struct scull_place *at,
		       gfp_t gfp, void **quanta, unsigned int n)
{
	const size_t each = quantum_charge(s);
	struct scull_place place = *at;
	unsigned int got = 0, i, j;
	int err;

	gfp |= SCULL_GFP;
	gfp |= scull_backend.mappable ? __GFP_ACCOUNT_MAPPED : __GFP_ACCOUNT;
	for (;; n = 1) {
		err = scull_store_charge(s, n * each);
		if (!err) {
			do {
				i = scull_backend.alloc(&s->allocator, gfp,
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
		/* One quantum may still fit into the limit, or into memory. */
	}

	/* Slab hands out objects in no order: unsorted, scullc reads a MiB 10 % slower. */
	for (i = 1; i < got; i++) {
		void *quantum = quanta[i];

		for (j = i; j && quanta[j - 1] > quantum; j--)
			quanta[j] = quanta[j - 1];
		quanta[j] = quantum;
	}

	this_cpu_add(s->stats->quanta_allocated, got);
	this_cpu_add(s->stats->allocated, got * s->allocator.footprint);
	for (i = 0; i < got; i++, place.index++)
		trace_scull_quantum_alloc(s, &place, quanta[i]);
	return got;
}

/**
 * scull_quantum_free() - free and uncharge a quantum
 * @s: the store
 * @at: its place
 * @quantum: the quantum, which no reader can see
 *
 * Context: Process context. May sleep.
 */
void scull_quantum_free(struct scull_store *s, const struct scull_place *at,
			void *quantum)
{
	trace_scull_quantum_free(s, at, quantum);
	this_cpu_inc(s->stats->quanta_freed);
	this_cpu_sub(s->stats->allocated, s->allocator.footprint);
	scull_backend.free(&s->allocator, quantum);
	scull_store_uncharge(s, quantum_charge(s));
}

/**
 * scull_store_destroy() - free a store with its items and quanta
 * @s: a store without references
 *
 * Context: Process context. May sleep. Reschedules while it frees a large store.
 */
void scull_store_destroy(struct scull_store *s)
{
	struct scull_place at = {};
	struct scull_item *item;

	xa_for_each(&s->items, at.item, item) {
		for (at.index = item->first; at.index <= item->last;
		     at.index++) {
			void *quantum = item->qset[at.index];

			if (quantum)
				scull_quantum_free(s, &at, quantum);
			/* Holes are fast: reschedule at every 1024th only. */
			if (quantum || at.index % 1024 == 0)
				cond_resched();
		}
		/* One at a time: xa_destroy() frees a tree with interrupts off. */
		xa_erase(&s->items, at.item);
		kvfree(item);
	}

	/* Nodes without items, of insertions that failed half-way */
	xa_destroy(&s->items);

	/* What is still charged are the items and the nodes of the tree. */
	scull_store_uncharge(s, atomic_long_read(&s->held));
	if (scull_backend.teardown)
		scull_backend.teardown(&s->allocator);
	/* A concurrent scull_store_get() may still look at the reference count. */
	kfree_rcu(s, rcu);
}

/**
 * scull_store_release() - drop a reference, and free the store if it was the last
 * @s: the store
 *
 * Unlike scull_store_put(), frees the store before it returns.
 *
 * Context: Process context. May sleep.
 */
void scull_store_release(struct scull_store *s)
{
	if (refcount_dec_and_test(&s->refs))
		scull_store_destroy(s);
}
