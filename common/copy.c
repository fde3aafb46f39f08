// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying between a store and user memory. No locks and no files here. What readers
 * see of writers, and why that is harmless, is at the top of scull.h.
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "scull.h"

/* How much to copy or zero in one go, and after how much to reschedule */
#define RUN_MAX SZ_1M
#define RESCHED_BYTES SZ_16K

/* Quanta that are allocated at a time, at most, unless it is a single one */
#define BATCH 32U
#define BATCH_BYTES SZ_512K

/*
 * Hardened usercopy knows each quantum by itself, and is asked for each. Nothing is to
 * be asked where the other side is no user's memory: a pipe, a kernel's buffer.
 */
static __always_inline void check_quantum(const void *start, size_t len,
					  const struct iov_iter *iter)
{
	if (user_backed_iter(iter))
		check_object_size(start, len, iov_iter_rw(iter) == READ);
}

/* The rest of run_length(), of which a small copy needs nothing */
static noinline size_t run_extend(const struct scull_store *s,
				  void *const *quanta, void *start, size_t run,
				  size_t left, const struct iov_iter *iter)
{
	left = min_t(size_t, left, RUN_MAX);
	while (run < left) {
		size_t len = min_t(size_t, left - run, s->pool.quantum);

		if (scull_quantum_load(++quanta) != start + run)
			break;
		check_quantum(start + run, len, iter);
		run += len;
	}
	return run;
}

/*
 * How far memory goes on without a gap from @start, which is byte @offset of the
 * first of @quanta, at most @left bytes. A NULL follows the last quantum. A copy
 * costs as much to set up as a hundred words to move, so quanta that are adjacent in
 * memory are copied in one go, through the pointer to the first.
 */
static __always_inline size_t run_length(const struct scull_store *s,
					 void *const *quanta, void *start,
					 unsigned int offset, size_t left,
					 const struct iov_iter *iter)
{
	size_t run = min_t(size_t, left, s->pool.quantum - offset);

	if (unlikely(run > RUN_MAX))
		run = RUN_MAX;
	check_quantum(start, run, iter);
	if (run == left || scull_quantum_load(&quanta[1]) != start + run)
		return run;
	return run_extend(s, quanta, start, run, left, iter);
}

/*
 * User mappings may alias in the D-cache or be executable: flush after writing and
 * before reading. Most machines have nothing to do.
 */
static __always_inline void flush_mapped(const struct scull_store *s,
					 void *start, size_t len)
{
	void *end = start + len;

	if (!ARCH_IMPLEMENTS_FLUSH_DCACHE_PAGE || !READ_ONCE(s->mapped))
		return;
	for (start -= offset_in_page(start); start < end; start += PAGE_SIZE)
		flush_dcache_page(scull_backend.page(start, 0));
}

/* Every RESCHED_BYTES: reschedule, and return true if a fatal signal is pending. */
static __always_inline bool interrupted(size_t left, size_t copied)
{
	if (left / RESCHED_BYTES == (left + copied) / RESCHED_BYTES)
		return false;
	cond_resched();
	return fatal_signal_pending(current);
}

/*
 * How many quanta to allocate for the hole at @at: as many more as @left covers to
 * the last byte and fit into a batch. Only if there is an item already: to publish
 * in that takes no memory, so it cannot fail between one quantum and the next.
 */
static unsigned int batch_size(const struct scull_store *s,
			       const struct scull_item *item,
			       const struct scull_place *at, size_t left)
{
	size_t end = s->pool.quantum;
	unsigned int n = 1;

	if (!item || at->offset)
		return n;
	left = min_t(size_t, left, BATCH_BYTES);
	while (n < BATCH && (end += s->pool.quantum) <= left &&
	       at->quantum + n < s->qset &&
	       !scull_item_quantum(item, at->quantum + n))
		n++;
	return n;
}

/* A quantum can have 64 MiB: zero it in runs, and reschedule. */
static void zero_range(void *start, size_t len)
{
	while (len) {
		size_t run = min_t(size_t, len, RUN_MAX);

		memset(start, 0, run);
		start += run;
		len -= run;
		cond_resched();
	}
}

/* The same for a copy to where a mapping may see it */
static void copy_range(const struct scull_store *s, void *to, const void *from,
		       size_t len)
{
	while (len) {
		size_t run = min_t(size_t, len, RUN_MAX);

		memcpy(to, from, run);
		flush_mapped(s, to, run);
		to += run;
		from += run;
		len -= run;
		cond_resched();
	}
}

/*
 * Copies up to @left bytes into fresh quanta, from byte @offset of the first on, and
 * zeroes the rest of the last, partly filled quantum. Returns how many it copied.
 */
static size_t copy_into_fresh(const struct scull_store *s, void **fresh,
			      unsigned int offset, size_t left,
			      struct iov_iter *from)
{
	const unsigned int quantum = s->pool.quantum;
	size_t copied = 0;

	while (copied < left) {
		unsigned int nr = (offset + copied) / quantum;
		unsigned int at = (offset + copied) % quantum;
		void *start = fresh[nr] + at;
		size_t run = run_length(s, fresh + nr, start, at, left - copied,
					from);
		size_t len = _copy_from_iter(start, run, from);

		copied += len;
		if (len < run) {
			nr = (offset + copied) / quantum;
			at = (offset + copied) % quantum;
			/* Only what got a byte is published. */
			if (copied && at)
				zero_range(fresh[nr] + at, quantum - at);
			break;
		}
		cond_resched();
	}
	return copied;
}

/*
 * Fill holes from @at on, as many as go into a batch. A quantum is published when
 * it has no stale byte any more. Returns the bytes stored, or an error if none.
 */
static ssize_t write_holes(struct scull_store *s, const struct scull_item *item,
			   struct scull_place at, struct iov_iter *from,
			   size_t left)
{
	const size_t quantum = s->pool.quantum;
	size_t copied, done = 0;
	ssize_t err = -EFAULT;
	void *fresh[BATCH + 1];
	gfp_t zero;
	int i, n;

	n = batch_size(s, item, &at, left);
	zero = at.offset || left < quantum ? __GFP_ZERO : 0;
	n = scull_quanta_alloc(s, &at, zero, fresh, n);
	if (n < 0)
		return n;
	fresh[n] = NULL;
	left = min_t(size_t, left, n * quantum - at.offset);
	copied = copy_into_fresh(s, fresh, at.offset, left, from);

	for (i = 0; i < n; i++, at.quantum++, at.offset = 0) {
		size_t len = min_t(size_t, copied - done, quantum - at.offset);
		void *kept = len ? scull_store_publish(s, &at, fresh[i]) : NULL;

		if (IS_ERR(kept)) {
			err = PTR_ERR(kept);
			iov_iter_revert(from, copied - done);
			copied = done;
		} else {
			done += len;
		}
		if (kept == fresh[i])
			continue;
		/* Lost the race against a page fault */
		if (!IS_ERR_OR_NULL(kept))
			copy_range(s, kept + at.offset, fresh[i] + at.offset, len);
		scull_quantum_free(s, &at, fresh[i]);
	}
	return done ?: err;
}

/*
 * A mapping may have written past the end, up to the end of the page, and so may a copy
 * that failed and counted less than it stored. Before the size grows over that, it
 * becomes the zeros that a gap reads as. No reader looks
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
	if (pos > size && (s->torn || READ_ONCE(s->mapped)))
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
					 at.offset, left, from);
			copied = _copy_from_iter(start, run, from);
			flush_mapped(s, start, copied);
			if (copied < run)
				s->torn = true;
			copied = copied ?: -EFAULT;
		} else {
			copied = write_holes(s, item, at, from, left);
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
					 at.offset, left, to);
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
