// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying between a store and user memory, and finding data and holes in it.
 * No locks and no files here either.
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "scull.h"

/*
 * How far from @at memory goes on without a gap, at most @left bytes and not
 * beyond the item. A copy costs as much to set up as a hundred words to move, so
 * quanta that happen to lie next to each other are copied in one go, up to where
 * others should get their turn. Hardened usercopy knows each by itself, and is
 * asked for each.
 */
static size_t run_length(const struct scull_store *s,
			 const struct scull_item *item,
			 const struct scull_place *at, size_t left, bool to_user)
{
	void *quantum = scull_item_quantum(item, at->quantum);
	size_t len = min_t(size_t, left, s->pool.quantum - at->offset);
	unsigned int nr = at->quantum;
	size_t run = len;

	check_object_size(quantum + at->offset, len, to_user);
	while (run < left && run < SZ_1M && ++nr < s->qset) {
		void *next = scull_item_quantum(item, nr);

		if (next != quantum + s->pool.quantum)
			break;
		quantum = next;
		len = min_t(size_t, left - run, s->pool.quantum);
		check_object_size(quantum, len, to_user);
		run += len;
	}
	return run;
}

/* Fill a hole. The quantum is published when it has no stale byte any more. */
static ssize_t write_hole(struct scull_store *s, const struct scull_place *at,
			  struct iov_iter *from, size_t len)
{
	void *fresh, *kept;
	size_t copied;

	fresh = scull_quantum_alloc(s, at, len < s->pool.quantum ? __GFP_ZERO : 0);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);

	copied = copy_from_iter(fresh + at->offset, len, from);
	if (!copied) {
		scull_quantum_free(s, at, fresh);
		return -EFAULT;
	}
	memset(fresh + at->offset + copied, 0, len - copied);

	kept = scull_store_publish(s, at, fresh);
	if (kept == fresh)
		return copied;

	if (!IS_ERR(kept))
		memcpy(kept + at->offset, fresh + at->offset, copied);
	else
		iov_iter_revert(from, copied);
	scull_quantum_free(s, at, fresh);
	return IS_ERR(kept) ? PTR_ERR(kept) : copied;
}

/*
 * A mapping may have written behind the end, up to the end of the page. Before
 * the size grows over that, it becomes the zeros that a gap reads as.
 */
static void zero_tail(struct scull_store *s, loff_t size, loff_t pos)
{
	struct scull_place at;
	size_t len;
	void *quantum;

	scull_place_find(s, size, &at);
	quantum = scull_item_quantum(xa_load(&s->items, at.item), at.quantum);
	if (!quantum)
		return;
	len = min_t(size_t, PAGE_ALIGN(at.offset), s->pool.quantum) - at.offset;
	memset(quantum + at.offset, 0, min_t(u64, len, pos - size));
}

/* Where the first hole from @pos on begins, or @end if there is none before */
static loff_t hole_find(struct scull_store *s, loff_t pos, loff_t end)
{
	struct scull_item *item = NULL;
	struct scull_place at;
	unsigned int len;

	for (scull_place_find(s, pos, &at); pos < end; pos += len) {
		if (!item || item->index != at.item) {
			item = xa_load(&s->items, at.item);
			cond_resched();
		}
		if (!scull_item_quantum(item, at.quantum))
			return pos;
		/* The last quantum may reach beyond the largest position. */
		len = min_t(u64, s->pool.quantum - at.offset, end - pos);
		scull_place_advance(s, &at, len);
	}
	return end;
}

/**
 * scull_store_write() - copy user memory into a store
 * @s: the store, which the caller keeps from all other writers and readers
 * @from: the bytes
 * @pos: where they go, not negative
 * @nowait: store nothing if there is a hole to fill, because that may sleep
 *
 * Stops at the first thing that goes wrong. What was stored before that stays
 * and is what counts.
 *
 * Context: may sleep, and faults user pages in.
 * Return: bytes stored, or if none -EFBIG past the largest size, -ENOSPC at the
 * module's limit, -ENOMEM, -EFAULT, -EAGAIN for a hole with @nowait, or -EINTR
 * after a fatal signal.
 */
ssize_t scull_store_write(struct scull_store *s, struct iov_iter *from,
			  loff_t pos, bool nowait)
{
	loff_t size = scull_store_size(s);
	struct scull_item *item = NULL;
	struct scull_place at;
	size_t left, done = 0;
	ssize_t err = 0;

	if (pos >= s->size_max)
		return -EFBIG;
	left = min_t(u64, iov_iter_count(from), s->size_max - pos);
	/* All or nothing: io_uring takes a short count for the last word. */
	if (nowait && hole_find(s, pos, pos + left) < pos + left)
		return -EAGAIN;
	if (pos > size)
		zero_tail(s, size, pos);

	scull_place_find(s, pos, &at);
	while (left) {
		size_t len = min_t(size_t, left, s->pool.quantum - at.offset);
		ssize_t copied;
		void *quantum;

		if (!item || item->index != at.item)
			item = xa_load(&s->items, at.item);
		quantum = scull_item_quantum(item, at.quantum);
		if (quantum)
			len = run_length(s, item, &at, left, false);

		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		if (quantum)
			copied = _copy_from_iter(quantum + at.offset, len, from);
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
		scull_place_advance(s, &at, len);
		cond_resched();
	}

	if (done && pos + (loff_t)done > size)
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
	struct scull_item *item = NULL;
	struct scull_place at;
	size_t left, done = 0;
	ssize_t err = 0;

	if (pos >= size)
		return 0;
	left = min_t(u64, iov_iter_count(to), size - pos);

	scull_place_find(s, pos, &at);
	while (left) {
		size_t len = min_t(size_t, left, s->pool.quantum - at.offset);
		size_t copied;
		void *quantum;

		if (!item || item->index != at.item)
			item = xa_load(&s->items, at.item);
		quantum = scull_item_quantum(item, at.quantum);
		if (quantum)
			len = run_length(s, item, &at, left, true);

		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
		if (quantum)
			copied = _copy_to_iter(quantum + at.offset, len, to);
		else
			copied = iov_iter_zero(len, to);
		done += copied;
		left -= copied;
		if (copied < len) {
			err = -EFAULT;
			break;
		}
		scull_place_advance(s, &at, len);
		cond_resched();
	}
	return done ?: err;
}

/**
 * scull_store_seek() - where the next data or the next hole begins
 * @s: the store, which the caller keeps from writers
 * @pos: where to start
 * @whence: SEEK_DATA or SEEK_HOLE
 *
 * A quantum is data as a whole; the end counts as a hole.
 *
 * Context: may sleep.
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
		return hole_find(s, pos, size);

	scull_place_find(s, pos, &at);
	if (!scull_store_next(s, &at))
		return -ENXIO;
	found = at.item * s->span + (u64)at.quantum * s->pool.quantum + at.offset;
	return found < size ? found : -ENXIO;
}
