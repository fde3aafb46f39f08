// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies between a store and an iov_iter. This file takes no locks. The top of scull.h
 * says what readers see of a concurrent write, and why that is harmless.
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "run.h"
#include "scull.h"

/* How many bytes to copy between two reschedule points */
#define RESCHED_BYTES SZ_16K

/* Out of line: inlined, the compiler loads current in each call. */
static noinline bool resched_interrupted(void)
{
	cond_resched();
	return fatal_signal_pending(current);
}

/* Every RESCHED_BYTES: reschedule, and return true if a fatal signal is pending. */
static __always_inline bool interrupted(size_t left, size_t copied)
{
	return left / RESCHED_BYTES != (left + copied) / RESCHED_BYTES &&
	       resched_interrupted();
}

/*
 * A copy of @run bytes to @start, which is position @pos, failed after @copied bytes. It
 * may have stored some bytes after these. Zero them where they lie past the end.
 */
static void zero_torn(struct scull_store *s, void *start, size_t run, size_t copied,
		      loff_t pos, loff_t size)
{
	size_t from = max_t(loff_t, copied, min_t(loff_t, size - pos, run));

	memset(start + from, 0, run - from);
	flush_mapped(s, start + from, run - from);
}

/*
 * A mapping may have written past the end of the device, up to the end of the page. A
 * write further on leaves a gap there, which reads as zeros, so zero these bytes before
 * the size grows. No read reaches them before. Bytes that a mapping writes to them
 * concurrently may stay, as on other file systems.
 */
static void zero_tail(struct scull_store *s, loff_t size, loff_t pos)
{
	struct scull_place at;
	size_t len;
	void *quantum;

	scull_place_find(s, size, &at);
	quantum = scull_item_quantum(scull_store_item(s, at.item), at.index);
	if (!quantum)
		return;
	len = min_t(size_t, PAGE_ALIGN(at.offset), s->allocator.bytes) - at.offset;
	len = min_t(u64, len, pos - size);
	memset(quantum + at.offset, 0, len);
	flush_mapped(s, quantum + at.offset, len);
}

/**
 * scull_store_write() - copy into a store
 * @s: the store
 * @from: source
 * @pos: position in the store, not negative
 * @nowait: do not allocate: fail if there is a hole to fill
 *
 * Stops at the first error and on a fatal signal. Bytes stored before stay.
 *
 * Context: Process context. Faults user pages in. Caller holds scull_dev.lock.
 * Return: bytes stored; if none, -EFBIG past the largest size, -ENOSPC from
 * scull_charge(), -ENOMEM, -EFAULT, or -EAGAIN for a hole with @nowait.
 */
ssize_t scull_store_write(struct scull_store *s, struct iov_iter *from,
			  loff_t pos, bool nowait)
{
	loff_t size = scull_store_size(s);
	struct scull_item *item;
	struct scull_place at;
	size_t len, left, done;
	ssize_t copied;

	if (pos >= s->size_max)
		return -EFBIG;
	len = min_t(u64, iov_iter_count(from), s->size_max - pos);
	/* All or nothing: io_uring would return a short count, and not retry the rest. */
	if (nowait && scull_hole_find(s, pos, pos + len) < pos + len)
		return -EAGAIN;
	if (pos > size && READ_ONCE(s->mapped))
		zero_tail(s, size, pos);

	scull_place_find(s, pos, &at);
	/* Before the loop: a copy within one quantum is 6 instructions shorter. */
	item = scull_store_item(s, at.item);
	for (left = len;;) {
		void *start;
		size_t run;

		start = scull_item_quantum(item, at.index);
		if (start) {
			start += at.offset;
			run = run_length(s, &item->qset[at.index], start,
					 at.offset, left, from, false);
			/* Races with readers of the same bytes; see scull.h. */
			copied = data_race(_copy_from_iter(start, run, from));
			flush_mapped(s, start, copied);
			if (unlikely(copied < run))
				zero_torn(s, start, run, copied, pos + (len - left),
					  size);
		} else {
			copied = scull_holes_write(s, item, at, from, left);
		}
		if (copied <= 0)
			break;
		left -= copied;
		if (!left)
			break;
		scull_place_advance(s, &at, copied);
		/* An allocation takes long: check for a signal after each. */
		if (start ? interrupted(left, copied) :
			    fatal_signal_pending(current))
			break;
		if (!item || item->index != at.item)
			item = scull_store_item(s, at.item);
	}

	done = len - left;
	if (done && pos + (loff_t)done > size) {
		/* The bytes before the size. Pairs with smp_rmb() in scull_store_size(). */
		smp_wmb();
		atomic64_set(&s->size, pos + done);
	}
	return done ?: copied ?: -EFAULT;
}

/**
 * scull_store_read() - copy from a store
 * @s: the store, on which the caller has a reference
 * @to: destination; holes read as zeros
 * @pos: position in the store, not negative
 *
 * Stops on a fatal signal.
 *
 * Context: Process context. Faults user pages in.
 * Return: bytes read, 0 at the end of the store; if none, -EFAULT.
 */
ssize_t scull_store_read(struct scull_store *s, struct iov_iter *to, loff_t pos)
{
	loff_t size = scull_store_size(s);
	struct scull_item *item;
	struct scull_place at;
	size_t len, left;

	if (pos >= size || !iov_iter_count(to))
		return 0;
	len = min_t(u64, iov_iter_count(to), size - pos);

	scull_place_find(s, pos, &at);
	/* Before the loop: a copy within one quantum is 6 instructions shorter. */
	item = scull_store_item(s, at.item);
	for (left = len;;) {
		size_t run, copied;
		void *start;

		start = scull_item_quantum(item, at.index);
		if (start) {
			start += at.offset;
			run = run_length(s, &item->qset[at.index], start,
					 at.offset, left, to, true);
			flush_mapped(s, start, run);
			/* Races with a writer of the same bytes; see scull.h. */
			copied = data_race(_copy_to_iter(start, run, to));
		} else {
			run = min_t(size_t, left, s->allocator.bytes - at.offset);
			run = min_t(size_t, run, RUN_MAX);
			copied = iov_iter_zero(run, to);
		}
		left -= copied;
		if (!left || !copied)
			break;
		scull_place_advance(s, &at, copied);
		if (interrupted(left, copied))
			break;
		if (!item || item->index != at.item)
			item = scull_store_item(s, at.item);
	}
	return (len - left) ?: -EFAULT;
}
