// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullc: a quantum is an object of a kmem_cache.
 *
 * Each size in use has a cache of its own, which all devices of that size share.
 * It stays apart from other caches of the same size, so that /proc/slabinfo has
 * a row for it: "scullc" for the built-in size, "scullc-BYTES" for any other.
 */

#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "compat.h"
#include "scull.h"

/**
 * struct quantum_cache - the cache for one size
 * @node: in caches
 * @cache: the kmem_cache
 * @quantum: the size in bytes
 * @users: pools that use it
 *
 * Guarded by caches_lock.
 */
struct quantum_cache {
	struct list_head node;
	struct kmem_cache *cache;
	unsigned int quantum;
	unsigned int users;
};

static LIST_HEAD(caches);
static DEFINE_MUTEX(caches_lock);

static struct quantum_cache *cache_create(unsigned int quantum)
{
	struct quantum_cache *c;
	char name[32];

	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;

	if (quantum == scull_quantum.builtin)
		strscpy(name, KBUILD_MODNAME, sizeof(name));
	else
		snprintf(name, sizeof(name), KBUILD_MODNAME "-%u", quantum);

	/*
	 * The usercopy region is what hardened kernels let copy_to_iter() and
	 * copy_from_iter() touch: the quantum, and no padding behind it. A cache
	 * has no objects smaller than a pointer.
	 */
	c->quantum = quantum;
	c->cache = kmem_cache_create_usercopy(name,
					      max_t(size_t, quantum, sizeof(void *)),
					      0, SLAB_NO_MERGE, 0, quantum, NULL);
	if (!c->cache) {
		kfree(c);
		return NULL;
	}
	list_add(&c->node, &caches);
	return c;
}

static int cache_setup(struct scull_pool *pool)
{
	struct quantum_cache *c;

	mutex_lock(&caches_lock);
	list_for_each_entry(c, &caches, node)
		if (c->quantum == pool->quantum)
			goto found;
	c = cache_create(pool->quantum);
	if (!c) {
		mutex_unlock(&caches_lock);
		return -ENOMEM;
	}
found:
	c->users++;
	mutex_unlock(&caches_lock);

	pool->priv = c;
	pool->footprint = ALIGN(kmem_cache_size(c->cache), ARCH_SLAB_MINALIGN);
	return 0;
}

static void cache_teardown(struct scull_pool *pool)
{
	struct quantum_cache *c = pool->priv;

	mutex_lock(&caches_lock);
	if (!--c->users) {
		list_del(&c->node);
		kmem_cache_destroy(c->cache);
		kfree(c);
	}
	mutex_unlock(&caches_lock);
}

static void *cache_alloc(const struct scull_pool *pool, gfp_t gfp)
{
	const struct quantum_cache *c = pool->priv;

	return kmem_cache_alloc(c->cache, gfp);
}

static void cache_free(const struct scull_pool *pool, void *quantum)
{
	const struct quantum_cache *c = pool->priv;

	kmem_cache_free(c->cache, quantum);
}

const struct scull_backend scull_backend = {
	.quantum_max = KMALLOC_MAX_SIZE,
	.setup = cache_setup,
	.teardown = cache_teardown,
	.alloc = cache_alloc,
	.free = cache_free,
};

MODULE_DESCRIPTION("RAM-backed character device on a kmem_cache");
