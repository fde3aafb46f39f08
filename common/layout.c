// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/scullX/N/layout: one line for each quantum of a device, with its
 * addresses. These are real addresses: only root with CAP_SYSLOG can open the file.
 *
 * Each read() has a reference to the store while it runs. Writers may add quanta
 * concurrently; quanta never move. After a trim the next read() returns end of file.
 */

#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "scull.h"

static struct dentry *layout_dir;

/* Position of a reader. The open file owns it. */
struct layout {
	struct scull_dev *dev;
	struct scull_store *store;	/* a reference, from start to stop */
	loff_t pos;		/* record in the file */
	unsigned long store_id;	/* of the store that the file shows */
	struct scull_place at;
	void *quantum;		/* at that place, NULL for the heading */
	phys_addr_t before;	/* physical end of the previous quantum */
};

static unsigned long address_pfn(const void *address)
{
	return page_to_pfn(scull_backend.page(address));
}

static phys_addr_t address_phys(const void *address)
{
	return PFN_PHYS(address_pfn(address)) + offset_in_page(address);
}

static void *layout_start(struct seq_file *m, loff_t *pos)
{
	struct layout *l = m->private;

	l->store = scull_store_get(l->dev);
	if (!*pos) {
		l->pos = 0;
		l->store_id = l->store->id;
		l->at = (struct scull_place){};
		l->quantum = NULL;
		return l;
	}
	/* seq_file reaches any other position by a restart at 0. */
	if (!l->quantum || *pos != l->pos || l->store_id != l->store->id)
		return NULL;
	return l;
}

static void *layout_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct layout *l = v;
	const void *last;

	l->pos = ++*pos;
	/* An lseek() of the file makes all steps in one call. */
	cond_resched();
	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);

	if (l->quantum) {
		last = l->quantum + l->store->allocator.bytes - 1;
		l->before = address_phys(last) + 1;
		l->at.index++;
	} else {
		l->before = 0;
	}
	l->quantum = scull_store_next(l->store, &l->at);
	return l->quantum ? l : NULL;
}

static void layout_stop(struct seq_file *m, void *v)
{
	struct layout *l = m->private;

	scull_store_put(l->store);
}

/* The page frames of a quantum, as runs of FIRST+COUNT */
static void show_frames(struct seq_file *m, const void *start, unsigned int bytes)
{
	const void *page = PTR_ALIGN_DOWN(start, PAGE_SIZE);
	unsigned long first = address_pfn(page), count = 1;
	char separator = ' ';

	for (page += PAGE_SIZE; page < start + bytes; page += PAGE_SIZE) {
		unsigned long frame = address_pfn(page);

		if (frame == first + count) {
			count++;
			continue;
		}
		seq_printf(m, "%c%lu+%lu", separator, first, count);
		separator = ',';
		first = frame;
		count = 1;
	}
	seq_printf(m, "%c%lu+%lu", separator, first, count);
}

static int layout_show(struct seq_file *m, void *v)
{
	const struct layout *l = v;
	unsigned int bytes = l->store->allocator.bytes;
	phys_addr_t phys;
	struct page *page;

	if (!l->quantum) {
		seq_printf(m, "# device " KBUILD_MODNAME "%u quantum %u qset %u page %lu\n",
			   l->store->minor, bytes, l->store->qset, PAGE_SIZE);
		seq_puts(m, "# item index address frame pages node contiguous frames\n");
		return 0;
	}
	page = scull_backend.page(l->quantum);
	phys = address_phys(l->quantum);
	seq_printf(m, "%lu %u %px %lu %lu %d %d", l->at.item, l->at.index,
		   l->quantum, page_to_pfn(page),
		   DIV_ROUND_UP(offset_in_page(l->quantum) + bytes, PAGE_SIZE),
		   page_to_nid(page), phys == l->before);
	show_frames(m, l->quantum, bytes);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations layout_seq_ops = {
	.start = layout_start,
	.next = layout_next,
	.stop = layout_stop,
	.show = layout_show,
};

static int layout_open(struct inode *inode, struct file *file)
{
	struct layout *l;

	if (!capable(CAP_SYSLOG))
		return -EPERM;
	l = __seq_open_private(file, &layout_seq_ops, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->dev = inode->i_private;
	return 0;
}

static const struct file_operations layout_fops = {
	.owner = THIS_MODULE,
	.open = layout_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/**
 * scull_layout_create() - create the files of all devices
 *
 * Failure, as on a kernel without debugfs, is not an error.
 *
 * Context: Process context. The devices exist.
 */
void scull_layout_create(void)
{
	unsigned int i;
	char name[16];

	layout_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	for (i = 0; i < scull_ndevs.value; i++) {
		snprintf(name, sizeof(name), "%u", i);
		debugfs_create_file("layout", 0400,
				    debugfs_create_dir(name, layout_dir),
				    &scull_devs[i], &layout_fops);
	}
}

/**
 * scull_layout_remove() - remove the files, and wait for their readers
 *
 * Context: Process context. May sleep.
 */
void scull_layout_remove(void)
{
	debugfs_remove_recursive(layout_dir);
}
