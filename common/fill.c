// SPDX-License-Identifier: GPL-2.0-only
/*
 * Filling holes: a write fills them in batches, a page fault one at a time.
 */

#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "run.h"
#include "scull.h"

/*
 * The most quanta, and bytes, of a batch; a single quantum may be larger. Without
 * batches, and so without sorted quanta and split blocks, writing a fresh MiB takes scullp
 * 63 % more instructions and scullc 9 %.
 */
#define BATCH 32U
#define BATCH_BYTES SZ_512K

/*
 * How many quanta to allocate for the hole at @at: one, and up to the size of a batch
 * each adjacent hole that @left bytes cover completely. Only one if the write begins
 * inside it, because that one is zeroed, or if the item does not exist yet: once it
 * exists, publishing takes no memory and cannot fail within a batch.
 */
static unsigned int batch_size(const struct scull_store *s,
			       const struct scull_item *item,
			       const struct scull_place *at, size_t left)
{
	size_t end = s->allocator.bytes;
	unsigned int n = 1;

	if (!item || at->offset)
		return n;
	left = min_t(size_t, left, BATCH_BYTES);
	while (n < BATCH && (end += s->allocator.bytes) <= left &&
	       at->index + n < s->qset &&
	       !scull_item_quantum(item, at->index + n))
		n++;
	return n;
}

/* Zero a part of a quantum. It can be many MiB, so reschedule. */
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

/* Copy to a quantum that readers see, and reschedule as zero_range() does. */
static void copy_range(const struct scull_store *s, void *to, const void *from,
		       size_t len)
{
	while (len) {
		size_t run = min_t(size_t, len, RUN_MAX);

		/* Races with readers of the same bytes; see scull.h. */
		data_race(memcpy(to, from, run));
		flush_mapped(s, to, run);
		to += run;
		from += run;
		len -= run;
		cond_resched();
	}
}

/*
 * Copy up to @left bytes into fresh quanta, from byte @offset of the first on, and zero
 * the rest of a partly filled last quantum. Returns how many bytes were copied.
 */
static size_t copy_into_fresh(const struct scull_store *s, void **fresh,
			      unsigned int offset, size_t left,
			      struct iov_iter *from)
{
	const unsigned int bytes = s->allocator.bytes;
	size_t copied = 0;

	while (copied < left) {
		unsigned int nr = (offset + copied) / bytes;
		unsigned int begin = (offset + copied) % bytes;
		void *start = fresh[nr] + begin;
		size_t run = run_length(s, fresh + nr, start, begin, left - copied,
					from, false);
		size_t len = _copy_from_iter(start, run, from);

		copied += len;
		if (len < run) {
			nr = (offset + copied) / bytes;
			begin = (offset + copied) % bytes;
			/* Quanta without a byte are not published. */
			if (copied && begin)
				zero_range(fresh[nr] + begin, bytes - begin);
			break;
		}
		cond_resched();
	}
	return copied;
}

/**
 * scull_holes_write() - fill a batch of holes by a write
 * @s: the store
 * @item: the item, or NULL if it does not exist yet
 * @at: the first hole, and where in it to begin
 * @from: source
 * @left: how many bytes
 *
 * All bytes of a quantum are written before it is published.
 *
 * Context: Process context. Faults user pages in. Caller holds scull_dev.lock.
 * Return: bytes stored; if none, -ENOSPC from scull_charge(), -ENOMEM, -EFAULT.
 */
ssize_t scull_holes_write(struct scull_store *s, const struct scull_item *item,
			  struct scull_place at, struct iov_iter *from, size_t left)
{
	const size_t bytes = s->allocator.bytes;
	size_t copied, done = 0;
	ssize_t err = -EFAULT;
	void *fresh[BATCH + 1];
	gfp_t zero;
	int i, n;

	n = batch_size(s, item, &at, left);
	zero = at.offset || left < bytes ? __GFP_ZERO : 0;
	n = scull_quanta_alloc(s, &at, zero, fresh, n);
	if (n < 0)
		return n;
	fresh[n] = NULL;
	left = min_t(size_t, left, n * bytes - at.offset);
	copied = copy_into_fresh(s, fresh, at.offset, left, from);

	for (i = 0; i < n; i++, at.index++, at.offset = 0) {
		size_t len = min_t(size_t, copied - done, bytes - at.offset);
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
 * scull_store_fill() - look up the quantum at a position, and fill a hole
 * @s: the store, which the caller's VMA keeps
 * @pos: the position, less than the largest size
 * @offset: set to the offset of @pos in the quantum
 *
 * Of two concurrent callers that fill the same hole, one wins and both return its
 * quantum. So no lock is needed.
 *
 * Context: Process context. May sleep. Caller holds mmap_lock.
 * Return: the quantum, or an ERR_PTR: -ENOSPC from scull_charge(), -ENOMEM.
 */
void *scull_store_fill(struct scull_store *s, loff_t pos, unsigned int *offset)
{
	struct scull_place at;
	void *quantum, *fresh;
	int ret;

	scull_place_find(s, pos, &at);
	*offset = at.offset;
	quantum = scull_item_quantum(scull_store_item(s, at.item), at.index);
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

	/* Our allocation failed, but a concurrent fault may have filled the hole. */
	return scull_item_quantum(scull_store_item(s, at.item), at.index) ?:
	       quantum;
}
