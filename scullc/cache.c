// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullc: a quantum is an object of a kmem_cache.
 *
 * Each size in use has a cache of its own, which all devices of that size share.
 * It stays apart from others of that size, so that /proc/slabinfo has a row for
 * it: "scullc" for the built-in size, "scullc-BYTES" for any other.
 */

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "compat.h"
#include "reserve.h"
#include "scull.h"

/**
 * struct quantum_cache - the cache for one size
 * @node: in caches, guarded by caches_lock
 * @users: pools that use it, guarded by caches_lock
 * @quantum: the size in bytes
 * @cache: the kmem_cache; its objects have room for a pointer at least
 * @footprint: an object's share of its slab
 * @reserve: objects put by, or NULL
 */
struct quantum_cache {
	struct list_head node;
	unsigned int users;
	unsigned int quantum;
	struct kmem_cache *cache;
	size_t footprint;
	mempool_t *reserve;
};

static LIST_HEAD(caches);
static DEFINE_MUTEX(caches_lock);	/* guards the list and users */

/* Large objects leave up to half of a slab unused, so ask one where it lies. */
static size_t cache_footprint(struct kmem_cache *cache)
{
	size_t slab, size = ALIGN(kmem_cache_size(cache), ARCH_SLAB_MINALIGN);
	void *object = kmem_cache_alloc(cache, SCULL_GFP);

	if (!object)
		return 0;
	slab = page_size(virt_to_head_page(object));
	kmem_cache_free(cache, object);
	return slab > size ? slab / (slab / size) : size;
}

static struct quantum_cache *cache_create(unsigned int quantum)
{
	struct quantum_cache *c = kzalloc(sizeof(*c), SCULL_GFP);
	char name[32];
	int err = -ENOMEM;

	if (!c)
		return ERR_PTR(err);
	c->quantum = quantum;
	snprintf(name, sizeof(name), quantum == scull_quantum.builtin ?
		 KBUILD_MODNAME : KBUILD_MODNAME "-%u", quantum);
	/* Hardened kernels copy to and from the usercopy region alone. */
	c->cache = kmem_cache_create_usercopy(name,
					      max_t(size_t, quantum, sizeof(void *)),
					      0, SLAB_NO_MERGE, 0, quantum, NULL);
	if (!c->cache)
		goto free_c;
	c->footprint = cache_footprint(c->cache);
	if (!c->footprint)
		goto destroy_cache;
	c->reserve = reserve_create(c->cache, c->footprint);
	if (!IS_ERR(c->reserve))
		return c;

	err = PTR_ERR(c->reserve);
destroy_cache:
	kmem_cache_destroy(c->cache);
free_c:
	kfree(c);
	return ERR_PTR(err);
}

static int cache_setup(struct scull_pool *pool)
{
	struct quantum_cache *c;

	mutex_lock(&caches_lock);
	list_for_each_entry(c, &caches, node)
		if (c->quantum == pool->quantum)
			goto found;

	c = cache_create(pool->quantum);
	if (!IS_ERR(c))
		list_add(&c->node, &caches);
found:
	if (!IS_ERR(c)) {
		c->users++;
		pool->priv = c;
		pool->footprint = c->footprint;
	}
	mutex_unlock(&caches_lock);
	return PTR_ERR_OR_ZERO(c);
}

static void cache_teardown(struct scull_pool *pool)
{
	struct quantum_cache *c = pool->priv;

	mutex_lock(&caches_lock);
	if (!--c->users) {
		list_del(&c->node);
		reserve_destroy(c->reserve, c->footprint);
		kmem_cache_destroy(c->cache);
		kfree(c);
	}
	mutex_unlock(&caches_lock);
}

static unsigned int cache_alloc(const struct scull_pool *pool, gfp_t gfp,
				void **quanta, unsigned int n)
{
	const struct quantum_cache *c = pool->priv;

	/* Not in bulk: below 6.8 a failure of that leaves a memory cgroup charged. */
	*quanta = kmem_cache_alloc(c->cache, gfp);
	if (!*quanta && c->reserve)
		*quanta = reserve_alloc(c->reserve,
					gfp & __GFP_ZERO ? pool->quantum : 0);
	return *quanta ? 1 : 0;
}

static void cache_free(const struct scull_pool *pool, void *quantum)
{
	const struct quantum_cache *c = pool->priv;

	if (c->reserve)
		reserve_free(c->reserve, quantum);
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
