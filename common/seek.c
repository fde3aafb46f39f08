// SPDX-License-Identifier: GPL-2.0-only
/*
 * Search for data and holes in a store.
 */

#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/xarray.h>

#include "scull.h"

/**
 * scull_store_next() - find the first quantum at or after a place
 * @s: the store, on which the caller has a reference
 * @at: where to start; set to the place of the quantum, at its first byte unless the
 *	search started in it
 *
 * May miss quanta that are added concurrently.
 *
 * Context: Process context. May sleep.
 * Return: the quantum, or NULL if there is none.
 */
void *scull_store_next(struct scull_store *s, struct scull_place *at)
{
	unsigned long index = at->item;
	struct scull_item *item;
	unsigned int first;
	void *quantum;

	xa_for_each_start(&s->items, index, item, at->item) {
		if (index != at->item)
			*at = (struct scull_place){ .item = index };
		first = READ_ONCE(item->first);
		if (first > at->index)
			*at = (struct scull_place){ .item = index, .index = first };
		for (; at->index <= READ_ONCE(item->last);
		     at->index++, at->offset = 0) {
			quantum = scull_item_quantum(item, at->index);
			if (quantum)
				return quantum;
		}
		cond_resched();
	}
	return NULL;
}

/**
 * scull_hole_find() - find the first hole in a range
 * @s: the store, on which the caller has a reference or holds scull_dev.lock
 * @pos: start of the range
 * @end: end of the range
 *
 * On a fatal signal returns early; user space never sees the result.
 *
 * Context: Process context. May sleep.
 * Return: the first position in a hole, or @end if there is no hole in the range.
 */
loff_t scull_hole_find(struct scull_store *s, loff_t pos, loff_t end)
{
	struct scull_item *item = NULL;
	struct scull_place at;
	unsigned int len;

	for (scull_place_find(s, pos, &at); pos < end; pos += len) {
		if (!item || item->index != at.item) {
			item = scull_store_item(s, at.item);
			cond_resched();
		}
		if (!scull_item_quantum(item, at.index) ||
		    fatal_signal_pending(current))
			return pos;
		/* The last quantum may extend past the largest position. */
		len = min_t(u64, s->allocator.bytes - at.offset, end - pos);
		scull_place_advance(s, &at, len);
	}
	return end;
}

/**
 * scull_store_seek() - find the next data or the next hole
 * @s: the store, on which the caller has a reference
 * @pos: where to start
 * @whence: SEEK_DATA or SEEK_HOLE
 *
 * All bytes of a quantum are data. There is a hole at the end of the store.
 *
 * Context: Process context. May sleep.
 * Return: a position, at least @pos; or -ENXIO if @pos is not in the store, or no data
 * follows it.
 */
loff_t scull_store_seek(struct scull_store *s, loff_t pos, int whence)
{
	loff_t size = scull_store_size(s);
	struct scull_place at;
	u64 found;

	if (pos < 0 || pos >= size)
		return -ENXIO;
	if (whence == SEEK_HOLE)
		return scull_hole_find(s, pos, size);

	scull_place_find(s, pos, &at);
	if (!scull_store_next(s, &at))
		return -ENXIO;
	found = at.item * s->span + (u64)at.index * s->allocator.bytes + at.offset;
	return found < size ? found : -ENXIO;
}
