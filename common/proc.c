// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/scullXmem and /proc/scullXseq: for each device a heading, a line for
 * each item, and a line for each quantum of its last item.
 *
 * A reader walks the stores in steps of one line, so the length of the file is not
 * limited. It has a reference to a store, and no lock. An lseek() far into the file makes
 * many steps in one call. So that it does not keep a trimmed store, it drops the reference
 * after WALK_STEPS steps and takes one to the present store. Between two steps the device
 * may change or be trimmed, so the walk keeps its place as indices.
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

/* How many steps to make with one reference */
#define WALK_STEPS 256

/* Position of a reader. The open file owns it. */
struct walk {
	loff_t pos;		/* record in the file */
	unsigned int minor;
	enum { DEVICE, ITEM, QUANTUM } line;
	struct scull_place at;	/* for ITEM and QUANTUM */
	void *quantum;		/* at that place */
	struct scull_store *store;	/* a reference, or NULL */
};

static void walk_put(struct walk *w)
{
	if (w->store)
		scull_store_put(w->store);
	w->store = NULL;
}

/* Go to the heading of a device. Returns NULL after the last device. */
static struct walk *walk_device(struct walk *w, unsigned int minor)
{
	walk_put(w);
	w->minor = minor;
	w->line = DEVICE;
	if (minor >= scull_ndevs.value)
		return NULL;
	w->store = scull_store_get(&scull_devs[minor]);
	return w;
}

/* Go to the place in w, or to the next line if there is no quantum at it. */
static struct walk *walk_settle(struct walk *w)
{
	unsigned long item = w->at.item;

	if (w->line == DEVICE)
		return w;
	w->quantum = scull_store_next(w->store, &w->at);
	if (!w->quantum || (w->line == QUANTUM && w->at.item != item))
		return walk_device(w, w->minor + 1);
	return w;
}

static struct walk *walk_next(struct walk *w)
{
	struct scull_place next = { .item = w->at.item + 1 };

	if (w->pos % WALK_STEPS == 0) {
		walk_put(w);
		w->store = scull_store_get(&scull_devs[w->minor]);
	}

	/* An lseek() of the file makes all steps in one call. */
	cond_resched();
	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);

	w->pos++;
	switch (w->line) {
	case DEVICE:
		w->line = ITEM;
		w->at = (struct scull_place){};
		break;
	case ITEM:
		if (scull_store_next(w->store, &next)) {
			w->at = next;
		} else {
			w->line = QUANTUM;
			w->at.index = 0;
		}
		break;
	case QUANTUM:
		w->at.index++;
		break;
	}
	return walk_settle(w);
}

static void *scull_seq_start(struct seq_file *m, loff_t *pos)
{
	struct walk *w = m->private;

	if (!*pos || *pos < w->pos) {
		w->pos = 0;
		w = walk_device(w, 0);
	} else if (w->minor < scull_ndevs.value) {
		w->store = scull_store_get(&scull_devs[w->minor]);
		w = walk_settle(w);
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
	walk_put(m->private);
}

/* Show real addresses? Only if the file was opened with CAP_SYSLOG. */
static bool show_raw(const struct seq_file *m)
{
	return scull_raw_addresses &&
	       file_ns_capable(m->file, &init_user_ns, CAP_SYSLOG);
}

static int scull_seq_show(struct seq_file *m, void *v)
{
	const struct walk *w = v;
	struct scull_store *s = w->store;
	bool raw = show_raw(m);
	struct scull_item *item;

	switch (w->line) {
	case DEVICE:
		seq_printf(m, "\nDevice %i: qset %i, q %i, sz %lld\n", w->minor,
			   s->qset, s->allocator.bytes, scull_store_size(s));
		break;
	case ITEM:
		item = scull_store_item(s, w->at.item);
		seq_printf(m, raw ? "  item at %px, qset at %px\n" :
				    "  item at %p, qset at %p\n",
			   item, item->qset);
		break;
	case QUANTUM:
		seq_printf(m, raw ? "    % 4i: %8px\n" : "    % 4i: %8p\n",
			   w->at.index, w->quantum);
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
 * scull_proc_create() - create the two files
 *
 * Context: Process context. The devices exist.
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
 * Context: Process context. May sleep.
 */
void scull_proc_remove(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(proc_names); i++)
		remove_proc_subtree(proc_names[i], NULL);
}
