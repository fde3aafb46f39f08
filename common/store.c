// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: a sparse tree of items, their quanta, and the memory charged for them.
 *
 * No locks and no files here. The device's lock excludes writers from each other.
 * Readers run beside them, and a page fault fills a hole without that lock, so
 * quanta and items are published with cmpxchg().
 */

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "scull.h"
#include "trace.h"

/* Items and tree: as quanta are, and always charged to the memory cgroup. */
#define ITEM_GFP (SCULL_GFP | __GFP_ACCOUNT)

/* How many stores were made. Gives each its id. */
static atomic_long_t scull_stores;

/* Frees stores whose last reference was a reader's. */
struct workqueue_struct *scull_wq;

/* What all the stores of the module hold, in bytes. Bounded by its limit. */
static atomic_long_t scull_held;

/* The part of it that is charged but not yet allocated, in bytes */
static atomic_long_t scull_pending;

/* Bytes that may be charged before the machine is asked again */
static atomic_long_t scull_granted;

/*
 * Has the machine more available memory than its headroom? It is asked once for a
 * part in 64 of the headroom, so that this costs nothing. Until then each module may
 * go that much too far. It counts what it has charged and not allocated yet. So of
 * two large charges at the same time both may be refused, although there is room for
 * either. It does not know of what other modules are allocating.
 */
static bool headroom_left(size_t bytes)
{
	unsigned long headroom = READ_ONCE(scull_headroom.value);
	unsigned long wanted;
	long granted;

	if (!headroom)
		return true;
	granted = atomic_long_sub_return(bytes, &scull_granted);
	if (granted >= 0)
		return true;

	headroom <<= 20 - PAGE_SHIFT;
	wanted = PFN_UP(atomic_long_read(&scull_pending));
	if (si_mem_available() < headroom + wanted) {
		atomic_long_add(bytes, &scull_granted);
		return false;
	}
	/* Not if somebody asked later than this: their answer counts. */
	atomic_long_cmpxchg(&scull_granted, granted, headroom << PAGE_SHIFT >> 6);
	return true;
}

/**
 * scull_charge() - count memory that is about to be allocated
 * @bytes: how much
 *
 * Context: Any context.
 * Return: 0 if scull_charged() is to follow, or -ENOSPC if it would exceed the
 * module's limit, or take what the machine is to keep available.
 */
int scull_charge(size_t bytes)
{
	unsigned long limit = scull_limit_bytes();
	long held = atomic_long_read(&scull_held);

	do {
		if (bytes > limit || held > limit - bytes)
			return -ENOSPC;
	} while (!atomic_long_try_cmpxchg(&scull_held, &held, held + bytes));

	atomic_long_add(bytes, &scull_pending);
	if (headroom_left(bytes))
		return 0;
	scull_charged(bytes);
	scull_uncharge(bytes);
	return -ENOSPC;
}

/**
 * scull_charged() - what scull_charge() counted was allocated, or will not be
 * @bytes: how much
 *
 * Context: Any context.
 */
void scull_charged(size_t bytes)
{
	atomic_long_sub(bytes, &scull_pending);
}

/**
 * scull_uncharge() - count memory that was freed
 * @bytes: how much
 *
 * Context: Any context.
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

/*
 * Zeroed memory for an item. A large one is searched for in one piece without
 * reclaim and compaction, which would take long, and then gathered from pages.
 */
static struct scull_item *item_alloc(const struct scull_store *s)
{
	size_t bytes = scull_item_bytes(s);
	struct scull_item *item;

	if (bytes <= PAGE_SIZE)
		return kzalloc(bytes, ITEM_GFP);
	item = kzalloc(bytes, (ITEM_GFP | __GFP_NOMEMALLOC) & ~__GFP_DIRECT_RECLAIM);
	return item ?: __vmalloc(bytes, scull_vmalloc_gfp(ITEM_GFP | __GFP_ZERO));
}

/* An upper bound for what item_alloc() takes, with the slab's record of its owner */
static size_t item_footprint(const struct scull_store *s)
{
	size_t bytes = scull_item_bytes(s);

	if (bytes > PAGE_SIZE)
		return roundup_pow_of_two(bytes) + scull_vmalloc_records(bytes);
	return max_t(size_t, roundup_pow_of_two(bytes), KMALLOC_MIN_SIZE) +
	       SCULL_SLAB_RECORD;
}

/* A node of the tree, likewise */
#define NODE_BYTES (sizeof(struct xa_node) + SCULL_SLAB_RECORD)

/*
 * An upper bound for what the tree takes for a new item: a node for each level
 * at which its surroundings are still empty. Matters for small items far from
 * each other, whose tree outweighs them.
 */
static size_t tree_bytes(struct scull_store *s, unsigned long index)
{
	/* The root has no surroundings. */
	size_t bytes = xa_empty(&s->items) ? NODE_BYTES : 0;
	unsigned int shift;

	for (shift = XA_CHUNK_SHIFT; shift < BITS_PER_LONG;
	     shift += XA_CHUNK_SHIFT) {
		unsigned long first = index >> shift << shift;
		unsigned long last = first + (1UL << shift) - 1;

		if (xa_find(&s->items, &first, last, XA_PRESENT))
			break;
		bytes += NODE_BYTES;
	}
	return bytes;
}

/* A new item with one quantum. Returns it, the item that won the race, or an error. */
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

	item = item_alloc(s);
	if (!item) {
		old = ERR_PTR(-ENOMEM);
		goto uncharge;
	}
	item->index = at->item;
	item->first = at->quantum;
	item->last = at->quantum;
	item->qset[at->quantum] = quantum;

	old = xa_cmpxchg(&s->items, at->item, NULL, item, ITEM_GFP);
	if (!old) {
		scull_charged(bytes);
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
	scull_charged(bytes);
	store_uncharge(s, bytes);
	return old;
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
		item = item_insert(s, at, quantum);
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
		err = store_charge(s, n * each);
		if (!err) {
			do {
				i = scull_backend.alloc(&s->pool, gfp,
							quanta + got, n - got);
				got += i;
			} while (i && got < n);
			scull_charged(n * each);
			if (got < n)
				store_uncharge(s, (n - got) * each);
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
	store_uncharge(s, quantum_charge(s));
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

/**
 * scull_store_fill() - the quantum at a position, made if there is none
 * @s: the store, which stays for as long as the caller uses the quantum
 * @pos: the position, less than the largest size
 * @offset: set to the byte of the quantum that @pos is
 *
 * Needs no lock: of two that fill the same hole, one wins and both get its
 * quantum.
 *
 * Context: Process context. May sleep.
 * Return: the quantum, or an ERR_PTR: -ENOSPC by scull_charge(), -ENOMEM.
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
	 * Our allocation failed, but a concurrent fault may have filled the hole. A
	 * writer that is about to fill it is not waited for.
	 */
	return scull_item_quantum(scull_store_item(s, at.item), at.quantum) ?:
	       quantum;
}

/**
 * scull_store_next() - the first quantum at or after a place
 * @s: the store, to which the caller has a reference
 * @at: where to start; set to where the quantum is, at its first byte if it is
 *	not the one that @at was in
 *
 * The one iterator. Beside a writer it may miss what that adds meanwhile.
 *
 * Context: Process context. May sleep.
 * Return: the quantum, or NULL if there is none.
 */
void *scull_store_next(struct scull_store *s, struct scull_place *at)
{
	unsigned long index = at->item;
	struct scull_item *item;
	unsigned int nr;
	void *quantum;

	xa_for_each_start(&s->items, index, item, at->item) {
		if (index != at->item)
			*at = (struct scull_place){ .item = index };
		nr = READ_ONCE(item->first);
		if (nr > at->quantum)
			*at = (struct scull_place){ .item = index, .quantum = nr };
		for (; at->quantum <= READ_ONCE(item->last);
		     at->quantum++, at->offset = 0) {
			quantum = scull_item_quantum(item, at->quantum);
			if (quantum)
				return quantum;
		}
		cond_resched();
	}
	return NULL;
}
