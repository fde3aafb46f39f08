// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling holes: by a write, in batches, and by a page fault, one quantum.
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "run.h"
#include "scull.h"

/* Quanta that are allocated at a time, at most, unless it is a single one */
#define BATCH 32U
#define BATCH_BYTES SZ_512K

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

		/* Against readers of the same bytes; see scull.h. */
		data_race(memcpy(to, from, run));
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
					from, false);
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

/**
 * scull_holes_write() - fill holes from user memory, as many as go into a batch
 * @s: the store; the caller holds the device's lock
 * @item: the item, or NULL if there is none yet
 * @at: the first hole, and where in it to begin
 * @from: the bytes
 * @left: how many
 *
 * A quantum is published when it has no stale byte any more.
 *
 * Context: Process context. Faults user pages in. Caller holds the device's lock.
 * Return: bytes stored, or if none -ENOSPC by scull_charge(), -ENOMEM, -EFAULT.
 */
ssize_t scull_holes_write(struct scull_store *s, const struct scull_item *item,
			  struct scull_place at, struct iov_iter *from, size_t left)
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
