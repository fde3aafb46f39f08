// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullc: a quantum is an object of a kmem_cache.
 *
 * Each size in use has a cache of its own, which all devices of that size share.
 * It stays apart from other caches of the same size, so that /proc/slabinfo has
 * a row for it: "scullc" for the built-in size, "scullc-BYTES" for any other.
 * With reserve=N each has N objects put by, for when there is no memory.
 */

#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "compat.h"
#include "scull.h"

/**
 * struct quantum_cache - the cache for one size
 * @node: in caches, guarded by caches_lock
 * @cache: the kmem_cache; its objects have room for a pointer at least
 * @reserve: what is put by, NULL without a reserve
 * @quantum: the size in bytes
 * @users: pools that use it, guarded by caches_lock
 */
struct quantum_cache {
	struct list_head node;
	struct kmem_cache *cache;
	mempool_t *reserve;
	unsigned int quantum;
	unsigned int users;
};

static LIST_HEAD(caches);
static DEFINE_MUTEX(caches_lock);

static const unsigned int reserve_max = 65536;

static struct scull_param reserve = {
	.name = "reserve", .unit = "quanta", .max = &reserve_max,
};

module_param_cb(reserve, &scull_param_ops, &reserve, 0444);
MODULE_PARM_DESC(reserve, "quanta put by for when memory is short, 0 to 65536 (default 0)");

static struct quantum_cache *cache_create(unsigned int quantum)
{
	struct quantum_cache *c;
	char name[32];

	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;

	snprintf(name, sizeof(name), quantum == scull_quantum.builtin ?
		 KBUILD_MODNAME : KBUILD_MODNAME "-%u", quantum);
	c->quantum = quantum;
	/* Hardened kernels copy to and from the usercopy region alone. */
	c->cache = kmem_cache_create_usercopy(name,
					      max_t(size_t, quantum, sizeof(void *)),
					      0, SLAB_NO_MERGE, 0, quantum, NULL);
	if (!c->cache)
		goto free_c;
	if (reserve.value)
		c->reserve = mempool_create_slab_pool(reserve.value, c->cache);
	if (reserve.value && !c->reserve)
		goto destroy_cache;
	list_add(&c->node, &caches);
	return c;

destroy_cache:
	kmem_cache_destroy(c->cache);
free_c:
	kfree(c);
	return NULL;
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
		mempool_destroy(c->reserve);
		kmem_cache_destroy(c->cache);
		kfree(c);
	}
	mutex_unlock(&caches_lock);
}

static void *cache_alloc(const struct scull_pool *pool, gfp_t gfp)
{
	const struct quantum_cache *c = pool->priv;
	void *quantum = kmem_cache_alloc(c->cache, gfp);

	if (quantum || !c->reserve)
		return quantum;
	/* With __GFP_DIRECT_RECLAIM it would wait until somebody frees one. */
	quantum = mempool_alloc(c->reserve,
				gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_ZERO));
	if (quantum && (gfp & __GFP_ZERO))
		memset(quantum, 0, pool->quantum);
	return quantum;
}

static void cache_free(const struct scull_pool *pool, void *quantum)
{
	const struct quantum_cache *c = pool->priv;

	if (c->reserve)
		mempool_free(quantum, c->reserve);
	else
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
