// SPDX-License-Identifier: GPL-2.0-only
/* pool: a mempool has reserved elements for failed allocations. Which callers wait? */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define RESERVED 4

static bool exhausted;
static mempool_t *pool;
static void *taken[RESERVED];

/* The allocator of the pool; fails while exhausted is set. */
static void *get(gfp_t gfp, void *unused)
{
	return READ_ONCE(exhausted) ? NULL : kmalloc(64, gfp);
}

static void put(void *element, void *unused)
{
	kfree(element);
}

/* Another user frees its element. */
static void give_back(struct work_struct *work)
{
	mempool_free(taken[0], pool);
}

static DECLARE_DELAYED_WORK(later, give_back);

static int __init pool_init(void)
{
	unsigned long began;
	int i, error;

	pool = mempool_create(RESERVED / 2, get, put, NULL);
	if (!pool)
		return -ENOMEM;
	pr_info("created: %d in reserve\n", pool->curr_nr);
	error = mempool_resize(pool, RESERVED);
	pr_info("resized to %d: %d, %d in reserve\n", RESERVED, error, pool->curr_nr);

	WRITE_ONCE(exhausted, true);
	for (i = 0; i < RESERVED; i++) {
		taken[i] = mempool_alloc(pool, GFP_NOWAIT);
		pr_info("no memory: %s, %d in reserve\n",
			taken[i] ? "an element of the pool" : "NULL", pool->curr_nr);
	}
	pr_info("none left, GFP_NOWAIT: %s\n",
		mempool_alloc(pool, GFP_NOWAIT) ? "an element" : "NULL at once");

	began = jiffies;
	schedule_delayed_work(&later, HZ / 10);
	taken[0] = mempool_alloc(pool, GFP_NOIO);
	pr_info("none left, GFP_NOIO: an element after %u ms\n",
		jiffies_to_msecs(jiffies - began));
	flush_delayed_work(&later);

	for (i = 0; i < RESERVED; i++)
		mempool_free(taken[i], pool);
	pr_info("all given back: %d in reserve\n", pool->curr_nr);
	mempool_destroy(pool);
	return -ENODEV;
}

module_init(pool_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: a mempool");

/* Question: let give_back() set exhausted to false instead. Why does it take so long? */
