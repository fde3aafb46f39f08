// SPDX-License-Identifier: GPL-2.0-only
/*
 * Items: their memory, and how they get into a store's tree. An item goes with its
 * store.
 */

#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "scull.h"

/* Items and tree: as quanta are, and always charged to the memory cgroup. */
#define ITEM_GFP (SCULL_GFP | __GFP_ACCOUNT)

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

/**
 * scull_item_insert() - make an item with one quantum
 * @s: the store
 * @at: where the quantum is to be
 * @quantum: the quantum, all of it initialised
 *
 * Context: Process context. May sleep.
 * Return: the item, or the one that won the race and may not have the quantum, or an
 * ERR_PTR: -ENOSPC by scull_charge(), -ENOMEM.
 */
struct scull_item *scull_item_insert(struct scull_store *s,
				     const struct scull_place *at,
				     void *quantum)
{
	size_t bytes = item_footprint(s) + tree_bytes(s, at->item);
	struct scull_item *item, *old;
	int err;

	err = scull_store_charge(s, bytes);
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
	scull_store_uncharge(s, bytes);
	return old;
}
