// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/scullXmem and /proc/scullXseq: for each device a heading, a line for
 * each item, and a line for each quantum of its last item.
 *
 * Each line is a step of the walk, so that the file has no limit in length. The
 * device's lock is held from start to stop. Between two calls of read() a device
 * may change, so a step names its place by number and looks it up anew.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

#include "scull.h"

/* Where a reader is. Owned by its open file. */
struct walk {
	loff_t pos;		/* steps from the start of the file */
	unsigned int dev;
	enum { DEVICE, ITEM, QUANTUM } at;
	unsigned long index;	/* of the item, for ITEM and QUANTUM */
	unsigned int quantum;
	struct scull_dev *locked;
	struct scull_item *item;
};

static int walk_lock(struct walk *w)
{
	if (down_read_killable(&scull_devs[w->dev].lock))
		return -EINTR;
	w->locked = &scull_devs[w->dev];
	return 0;
}

static void walk_unlock(struct walk *w)
{
	if (w->locked)
		up_read(&w->locked->lock);
	w->locked = NULL;
}

/* To the heading of a device. Returns w, NULL after the last, or an ERR_PTR. */
static struct walk *walk_device(struct walk *w, unsigned int dev)
{
	int err;

	walk_unlock(w);
	w->dev = dev;
	w->at = DEVICE;
	if (dev >= scull_ndevs.value)
		return NULL;
	err = walk_lock(w);
	return err ? ERR_PTR(err) : w;
}

/* To what the numbers in w name, or the next thing there is. */
static struct walk *walk_settle(struct walk *w)
{
	struct scull_store *s = w->locked->store;

	switch (w->at) {
	case DEVICE:
		return w;
	case ITEM:
		w->item = xa_find(&s->items, &w->index, ULONG_MAX, XA_PRESENT);
		if (w->item)
			return w;
		break;
	case QUANTUM:
		w->item = xa_load(&s->items, w->index);
		for (; w->item && w->quantum < s->qset; w->quantum++)
			if (READ_ONCE(w->item->qset[w->quantum]))
				return w;
		break;
	}
	return walk_device(w, w->dev + 1);
}

static struct walk *walk_next(struct walk *w)
{
	unsigned long next;

	/* A seek in the file takes all the steps at once. */
	cond_resched();
	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);

	w->pos++;
	switch (w->at) {
	case DEVICE:
		w->at = ITEM;
		w->index = 0;
		break;
	case ITEM:
		next = w->index;
		if (xa_find_after(&w->locked->store->items, &next, ULONG_MAX,
				  XA_PRESENT)) {
			w->index = next;
		} else {
			w->at = QUANTUM;
			w->quantum = 0;
		}
		break;
	case QUANTUM:
		w->quantum++;
		break;
	}
	return walk_settle(w);
}

static void *scull_seq_start(struct seq_file *m, loff_t *pos)
{
	struct walk *w = m->private;
	int err;

	if (!*pos || *pos < w->pos) {
		w->pos = 0;
		w = walk_device(w, 0);
	} else if (w->dev < scull_ndevs.value) {
		err = walk_lock(w);
		w = err ? ERR_PTR(err) : walk_settle(w);
	} else {
		return NULL;
	}
	while (!IS_ERR_OR_NULL(w) && w->pos < *pos)
		w = walk_next(w);
	return w;
}

static void *scull_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	v = walk_next(v);
	++*pos;
	return v;
}

static void scull_seq_stop(struct seq_file *m, void *v)
{
	walk_unlock(m->private);
}

/* Real addresses only for who could read them when the file was opened. */
static bool show_raw(const struct seq_file *m)
{
	return scull_raw_addresses &&
	       file_ns_capable(m->file, &init_user_ns, CAP_SYSLOG);
}

static int scull_seq_show(struct seq_file *m, void *v)
{
	const struct walk *w = v;
	const struct scull_store *s = w->locked->store;
	bool raw = show_raw(m);

	switch (w->at) {
	case DEVICE:
		seq_printf(m, "\nDevice %i: qset %i, q %i, sz %lld\n", w->dev,
			   s->qset, s->pool.quantum, scull_store_size(s));
		break;
	case ITEM:
		seq_printf(m, raw ? "  item at %px, qset at %px\n" :
				    "  item at %p, qset at %p\n",
			   w->item, w->item->qset);
		break;
	case QUANTUM:
		seq_printf(m, raw ? "    % 4i: %8px\n" : "    % 4i: %8p\n",
			   w->quantum, READ_ONCE(w->item->qset[w->quantum]));
		break;
	}
	return 0;
}

static const struct seq_operations scull_seq_ops = {
	.start = scull_seq_start,
	.next = scull_seq_next,
	.stop = scull_seq_stop,
	.show = scull_seq_show,
};

static const char * const proc_names[] = {
	KBUILD_MODNAME "mem",
	KBUILD_MODNAME "seq",
};

/**
 * scull_proc_create() - make the two files
 *
 * Context: may sleep. The devices exist.
 * Return: 0 or -ENOMEM.
 */
int scull_proc_create(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(proc_names); i++) {
		if (!proc_create_seq_private(proc_names[i], 0444, NULL,
					     &scull_seq_ops,
					     sizeof(struct walk), NULL)) {
			scull_proc_remove();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * scull_proc_remove() - remove the files that exist, and wait for their readers
 *
 * Context: may sleep.
 */
void scull_proc_remove(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(proc_names); i++)
		remove_proc_subtree(proc_names[i], NULL);
}
