// SPDX-License-Identifier: GPL-2.0-only
/*
 * cache: a slab cache constructs an object once, and allocates it many times. Also:
 * cache line alignment, merging, and a cache that is destroyed too early.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cache.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>

#define OBJECTS 100
#define ROUNDS 10

static bool wrong;
module_param(wrong, bool, 0);
MODULE_PARM_DESC(wrong, "destroy the cache with an object in use");

static int constructed;
static void *objects[OBJECTS];

static void construct(void *object)
{
	constructed++;
}

static int __init cache_init(void)
{
	struct kmem_cache *cache, *twins[2];
	int i, round, handed = 0, aligned = 0;

	cache = kmem_cache_create("lesson", 40, 0, SLAB_HWCACHE_ALIGN, construct);
	twins[0] = kmem_cache_create("lesson-twin", 200, 0, 0, NULL);
	twins[1] = kmem_cache_create("lesson-other", 200, 0, 0, NULL);
	if (!cache || !twins[0] || !twins[1])
		goto destroy;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < OBJECTS; i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			handed += !!objects[i];
			aligned += IS_ALIGNED((unsigned long)objects[i], 64);
		}
		for (i = 0; i < OBJECTS; i++)
			if (objects[i])
				kmem_cache_free(cache, objects[i]);
	}
	pr_info("handed out %d times, constructed %d times\n", handed, constructed);
	pr_info("of 40 bytes, %d of %d begin at a multiple of 64; a line has %d\n",
		aligned, handed, cache_line_size());
	pr_info("two caches of 200 bytes are %s\n",
		twins[0] == twins[1] ? "one" : "two");

	if (wrong && !kmem_cache_alloc(cache, GFP_KERNEL))
		wrong = false;
destroy:
	kmem_cache_destroy(twins[1]);
	kmem_cache_destroy(twins[0]);
	kmem_cache_destroy(cache);
	pr_info("destroyed%s\n", wrong ? " with an object in use" : "");
	return -ENODEV;
}

module_init(cache_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: a slab cache");

/*
 * Question: give the twins a constructor. How many caches are there now, and what
 * would go wrong if there were only one?
 */
