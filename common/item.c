// SPDX-License-Identifier: GPL-2.0-only
/*
 * Items: their allocation, and their insertion into the tree of a store. An item lives
 * as long as its store.
 */

#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "scull.h"

/* For items and nodes of the tree: as for quanta, and charged to the memory cgroup */
#define ITEM_GFP (SCULL_GFP | __GFP_ACCOUNT)

/*
 * Allocate a zeroed item. For a large one, try a physically contiguous block without
 * direct reclaim and compaction, which are slow; then fall back to vmalloc.
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

/* An upper bound of the footprint of an item, with the slab's pointer to its cgroup */
static size_t item_footprint(const struct scull_store *s)
{
	size_t bytes = scull_item_bytes(s);

	if (bytes > PAGE_SIZE)
		return roundup_pow_of_two(bytes) + scull_vmalloc_records(bytes);
	return max_t(size_t, roundup_pow_of_two(bytes), KMALLOC_MIN_SIZE) +
	       SCULL_SLAB_RECORD;
}

/* The same of a node of the tree */
#define NODE_BYTES (sizeof(struct xa_node) + SCULL_SLAB_RECORD)

/*
 * An upper bound of the footprint of the nodes that the tree needs for a new item: one
 * for each level at which no other item shares its node. Nodes must be charged: those of
 * small items that are far apart take more memory than the items.
 */
static size_t tree_bytes(struct scull_store *s, unsigned long index)
{
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
 * scull_item_insert() - add an item with one quantum
 * @s: the store
 * @at: place of the quantum
 * @quantum: the quantum, initialised as a whole
 *
 * Context: Process context. May sleep.
 * Return: the new item; or the item of a concurrent caller that was faster, without
 * @quantum; or an ERR_PTR: -ENOSPC from scull_charge(), -ENOMEM.
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
	item->first = at->index;
	item->last = at->index;
	item->qset[at->index] = quantum;

	old = xa_cmpxchg(&s->items, at->item, NULL, item, ITEM_GFP);
	if (!old) {
		scull_charged(bytes);
		if (at->item < SCULL_DIRECT) {
			/* Pairs with the address dependency in scull_store_item(). */
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
