// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding data and holes in a store.
 */

#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/xarray.h>

#include "scull.h"

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

/**
 * scull_hole_find() - where the next hole begins
 * @s: the store, which stays
 * @pos: where to start
 * @end: where to stop
 *
 * On a fatal signal returns early; user space never sees the result.
 *
 * Context: Process context. May sleep.
 * Return: a position from @pos to @end, which is @end if there is no hole before.
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
		if (!scull_item_quantum(item, at.quantum) ||
		    fatal_signal_pending(current))
			return pos;
		/* The last quantum may reach beyond the largest position. */
		len = min_t(u64, s->pool.quantum - at.offset, end - pos);
		scull_place_advance(s, &at, len);
	}
	return end;
}

/**
 * scull_store_seek() - where the next data or the next hole begins
 * @s: the store, to which the caller has a reference
 * @pos: where to start
 * @whence: SEEK_DATA or SEEK_HOLE
 *
 * A quantum is data as a whole; the end counts as a hole.
 *
 * Context: Process context. May sleep.
 * Return: a position not before @pos, or -ENXIO if @pos is not inside the store
 * or only a hole follows.
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
	found = at.item * s->span + (u64)at.quantum * s->pool.quantum + at.offset;
	return found < size ? found : -ENXIO;
}
