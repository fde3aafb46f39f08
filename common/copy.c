// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying between a store and user memory. No locks and no files here. What readers
 * see of writers, and why that is harmless, is at the top of scull.h.
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "run.h"
#include "scull.h"

/* After how much to reschedule */
#define RESCHED_BYTES SZ_16K

/* Every RESCHED_BYTES: reschedule, and return true if a fatal signal is pending. */
static __always_inline bool interrupted(size_t left, size_t copied)
{
	if (left / RESCHED_BYTES == (left + copied) / RESCHED_BYTES)
		return false;
	cond_resched();
	return fatal_signal_pending(current);
}

/*
 * A copy that failed may have stored more of its @run bytes at @start, which is the
 * position @pos, than the @copied that count. Past the end these stay zeros.
 */
static void zero_torn(struct scull_store *s, void *start, size_t run, size_t copied,
		      loff_t pos, loff_t size)
{
	size_t from = max_t(loff_t, copied, min_t(loff_t, size - pos, run));

	memset(start + from, 0, run - from);
	flush_mapped(s, start + from, run - from);
}

/*
 * A mapping may have written past the end, up to the end of the page. Before the
 * size grows over that, it becomes the zeros that a gap reads as. No reader looks
 * there before that. A mapping that writes there meanwhile has the bytes it wrote in
 * the gap, as on any file system.
 */
static void zero_tail(struct scull_store *s, loff_t size, loff_t pos)
{
	struct scull_place at;
	size_t len;
	void *quantum;

	scull_place_find(s, size, &at);
	quantum = scull_item_quantum(scull_store_item(s, at.item), at.quantum);
	if (!quantum)
		return;
	len = min_t(size_t, PAGE_ALIGN(at.offset), s->pool.quantum) - at.offset;
	len = min_t(u64, len, pos - size);
	memset(quantum + at.offset, 0, len);
	flush_mapped(s, quantum + at.offset, len);
}

/**
 * scull_store_write() - copy user memory into a store
 * @s: the store; the caller holds the device's lock
 * @from: the bytes
 * @pos: where they go, not negative
 * @nowait: store nothing if there is a hole to fill, because that may sleep
 *
 * Stops at the first thing that goes wrong, or on a fatal signal. What was stored
 * before that stays and is what counts.
 *
 * Context: Process context. Faults user pages in. Caller holds the device's lock.
 * Return: bytes stored, or if none -EFBIG past the largest size, -ENOSPC by
 * scull_charge(), -ENOMEM, -EFAULT, or -EAGAIN for a hole with @nowait.
 */
ssize_t scull_store_write(struct scull_store *s, struct iov_iter *from,
			  loff_t pos, bool nowait)
{
	loff_t size = scull_store_size(s);
	struct scull_item *item = NULL;
	struct scull_place at;
	size_t len, left, done;
	ssize_t copied;

	if (pos >= s->size_max)
		return -EFBIG;
	len = min_t(u64, iov_iter_count(from), s->size_max - pos);
	/* All or nothing: io_uring takes a short count for the last word. */
	if (nowait && scull_hole_find(s, pos, pos + len) < pos + len)
		return -EAGAIN;
	if (pos > size && READ_ONCE(s->mapped))
		zero_tail(s, size, pos);

	scull_place_find(s, pos, &at);
	for (left = len;;) {
		void *start;
		size_t run;

		if (!item || item->index != at.item)
			item = scull_store_item(s, at.item);
		start = scull_item_quantum(item, at.quantum);
		if (start) {
			start += at.offset;
			run = run_length(s, &item->qset[at.quantum], start,
					 at.offset, left, from, false);
			/* Against readers of the same bytes; see scull.h. */
			copied = data_race(_copy_from_iter(start, run, from));
			flush_mapped(s, start, copied);
			if (unlikely(copied < run))
				zero_torn(s, start, run, copied, pos + (len - left),
					  size);
			copied = copied ?: -EFAULT;
		} else {
			copied = scull_holes_write(s, item, at, from, left);
		}
		if (copied < 0)
			break;
		left -= copied;
		if (!left)
			break;
		scull_place_advance(s, &at, copied);
		/* An allocation takes long enough to look for a signal after each. */
		if (start ? interrupted(left, copied) :
			    fatal_signal_pending(current))
			break;
	}

	done = len - left;
	if (done && pos + (loff_t)done > size) {
		/* The bytes come first: pairs with scull_store_size(). */
		smp_wmb();
		atomic64_set(&s->size, pos + done);
	}
	return done ?: copied;
}

/**
 * scull_store_read() - copy a store into user memory
 * @s: the store, to which the caller has a reference
 * @to: where the bytes go; holes give zeros
 * @pos: where they come from, not negative
 *
 * Context: Process context. Faults user pages in.
 * Return: bytes read, 0 at the end, or if none -EFAULT.
 */
ssize_t scull_store_read(struct scull_store *s, struct iov_iter *to, loff_t pos)
{
	loff_t size = scull_store_size(s);
	struct scull_item *item = NULL;
	struct scull_place at;
	size_t len, left;

	if (pos >= size || !iov_iter_count(to))
		return 0;
	len = min_t(u64, iov_iter_count(to), size - pos);

	scull_place_find(s, pos, &at);
	for (left = len;;) {
		size_t run, copied;
		void *start;

		if (!item || item->index != at.item)
			item = scull_store_item(s, at.item);
		start = scull_item_quantum(item, at.quantum);
		if (start) {
			start += at.offset;
			run = run_length(s, &item->qset[at.quantum], start,
					 at.offset, left, to, true);
			flush_mapped(s, start, run);
			/* Against a writer of the same bytes; see scull.h. */
			copied = data_race(_copy_to_iter(start, run, to));
		} else {
			run = min_t(size_t, left, s->pool.quantum - at.offset);
			run = min_t(size_t, run, RUN_MAX);
			copied = iov_iter_zero(run, to);
		}
		left -= copied;
		if (!left || !copied)
			break;
		scull_place_advance(s, &at, copied);
		if (interrupted(left, copied))
			break;
	}
	return (len - left) ?: -EFAULT;
}
