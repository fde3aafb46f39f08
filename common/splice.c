// SPDX-License-Identifier: GPL-2.0-only
/*
 * splice() from a device into a pipe. If the quanta are whole pages that can be mapped,
 * the pipe gets references to the pages, else a copy.
 *
 * A page that a pipe references stays after a trim, until the reference is dropped. A
 * later write to the device changes bytes that are still in the pipe, as on tmpfs. So
 * the result of splicing to an overlapping range of the same device is undefined. The
 * pages cannot be stolen from the pipe, because the device owns them.
 */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/splice.h>

#include "compat.h"
#include "run.h"
#include "scull.h"

static void put_unspliced(struct splice_pipe_desc *spd, unsigned int i)
{
	put_page(spd->pages[i]);
}

/*
 * Take references on the pages from @at on: for at most @left bytes, at most as many
 * pages as a pipe has buffers by default, and up to the first hardware-poisoned page. A
 * hole is the zero page. Advances @at, and returns how many bytes the pages cover.
 */
static size_t gather_pages(struct scull_store *s, struct scull_place *at,
			   size_t left, struct splice_pipe_desc *spd)
{
	struct scull_item *item = NULL;
	size_t bytes = 0;

	for (spd->nr_pages = 0; left && spd->nr_pages < spd->nr_pages_max;
	     spd->nr_pages++) {
		unsigned int offset = offset_in_page(at->offset);
		size_t len = min_t(size_t, left, PAGE_SIZE - offset);
		struct page *page = ZERO_PAGE(0);
		void *quantum;

		if (!item || item->index != at->item)
			item = scull_store_item(s, at->item);
		quantum = scull_item_quantum(item, at->index);
		if (quantum) {
			page = scull_backend.page(quantum + at->offset);
			if (PageHWPoison(page))
				break;
			flush_mapped(s, quantum + at->offset, len);
		}
		get_page(page);
		spd->pages[spd->nr_pages] = page;
		spd->partial[spd->nr_pages] = (struct partial_page){
			.offset = offset,
			.len = len,
		};
		scull_place_advance(s, at, len);
		bytes += len;
		left -= len;
	}
	return bytes;
}

static ssize_t splice_pages(struct scull_store *s, loff_t pos,
			    struct pipe_inode_info *pipe, size_t len)
{
	struct page *pages[PIPE_DEF_BUFFERS];
	struct partial_page partial[PIPE_DEF_BUFFERS];
	struct splice_pipe_desc spd = {
		.pages = pages,
		.partial = partial,
		.nr_pages_max = PIPE_DEF_BUFFERS,
		.ops = &nosteal_pipe_buf_ops,
		.spd_release = put_unspliced,
	};
	loff_t size = scull_store_size(s);
	struct scull_place at;
	size_t done = 0;
	ssize_t ret = 0;

	if (pos >= size)
		return 0;
	len = min_t(u64, len, size - pos);
	scull_place_find(s, pos, &at);
	while (done < len) {
		size_t bytes = gather_pages(s, &at, len - done, &spd);

		ret = bytes ? splice_to_pipe(pipe, &spd) : -EIO;
		if (ret < 0)
			break;
		done += ret;
		/* A pipe can hold a GiB. */
		cond_resched();
		if (ret < bytes || fatal_signal_pending(current) ||
		    pipe_full(pipe->head, pipe->tail, pipe->max_usage))
			break;
	}
	return done ?: ret;
}

/**
 * scull_splice_read() - splice from a device into a pipe
 * @file: the open device
 * @pos: position in the device; advanced
 * @pipe: the pipe, locked by the caller or private to it, with at least one free buffer
 * @len: how many bytes
 * @flags: SPLICE_F_*
 *
 * Context: Process context. May sleep.
 * Return: bytes spliced, 0 at the end of the device; if none, -EAGAIN for a full pipe,
 * -EPIPE if the pipe has no reader, -EIO for a hardware-poisoned page, or if it copies,
 * the error of a read.
 */
ssize_t scull_splice_read(struct file *file, loff_t *pos,
			  struct pipe_inode_info *pipe, size_t len,
			  unsigned int flags)
{
	struct scull_store *s = scull_store_get(file->private_data);
	ssize_t ret;

	if (!scull_store_mappable(s)) {
		scull_store_put(s);
		return copy_splice_read(file, pos, pipe, len, flags);
	}
	ret = splice_pages(s, *pos, pipe, len);
	scull_store_put(s);
	if (ret > 0)
		*pos += ret;
	return ret;
}
