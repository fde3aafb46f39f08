// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullc: a quantum is an object of a kmem_cache.
 *
 * Each size in use has a cache of its own, which all devices of that size share.
 * It stays apart from others of that size, so that /proc/slabinfo has a row for
 * it: "scullc" for the built-in size, "scullc-BYTES" for any other.
 */

#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "scull.h"

/**
 * struct quantum_cache - the cache for one size
 * @node: in caches, guarded by caches_lock
 * @users: pools that use it, guarded by caches_lock
 * @quantum: the size in bytes
 * @cache: the kmem_cache; its objects have room for a pointer at least
 * @footprint: an object's share of its slab
 */
struct quantum_cache {
	struct list_head node;
	unsigned int users;
	unsigned int quantum;
	struct kmem_cache *cache;
	size_t footprint;
};

static LIST_HEAD(caches);
static DEFINE_MUTEX(caches_lock);	/* guards the list and users */

/*
 * Large objects leave up to half of a slab unused, so look where one lies. KFENCE
 * puts an object on a page of its own now and then, but hardly twice. If there is no
 * memory, assume the most that it can be: a trim, which may have come here, frees.
 */
static size_t cache_footprint(struct kmem_cache *cache)
{
	size_t size = ALIGN(kmem_cache_size(cache), ARCH_SLAB_MINALIGN);
	size_t slab = roundup_pow_of_two(size);
	bool guarded = false;
	void *object;

	do {
		object = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NORETRY |
						 __GFP_NOWARN);
		if (!object)
			break;
		guarded = is_kfence_address(object);
		if (!guarded)
			slab = page_size(virt_to_head_page(object));
		kmem_cache_free(cache, object);
	} while (guarded);
	return slab > size ? slab / (slab / size) : size;
}

static struct quantum_cache *cache_create(unsigned int quantum)
{
	struct quantum_cache *c = kzalloc(sizeof(*c), SCULL_GFP);
	char name[32];

	if (!c)
		return NULL;
	c->quantum = quantum;
	snprintf(name, sizeof(name), quantum == scull_quantum.builtin ?
		 KBUILD_MODNAME : KBUILD_MODNAME "-%u", quantum);
	/* Hardened kernels copy to and from the usercopy region alone. */
	c->cache = kmem_cache_create_usercopy(name,
					      max_t(size_t, quantum, sizeof(void *)),
					      0, SLAB_NO_MERGE, 0, quantum, NULL);
	if (!c->cache) {
		kfree(c);
		return NULL;
	}
	c->footprint = cache_footprint(c->cache);
	return c;
}

/* The cache for a size, made if there is none, or NULL */
static struct quantum_cache *cache_find(unsigned int quantum)
{
	struct quantum_cache *c;

	lockdep_assert_held(&caches_lock);
	list_for_each_entry(c, &caches, node)
		if (c->quantum == quantum)
			return c;
	c = cache_create(quantum);
	if (c)
		list_add(&c->node, &caches);
	return c;
}

static int cache_setup(struct scull_pool *pool)
{
	struct quantum_cache *c;

	mutex_lock(&caches_lock);
	c = cache_find(pool->quantum);
	if (c) {
		c->users++;
		pool->priv = c;
		pool->footprint = c->footprint;
		pool->records = SCULL_SLAB_RECORD;
	}
	mutex_unlock(&caches_lock);
	return c ? 0 : -ENOMEM;
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

static unsigned int cache_alloc(const struct scull_pool *pool, gfp_t gfp,
				void **quanta, unsigned int n)
{
	const struct quantum_cache *c = pool->priv;

	/* Not in bulk: below 6.8 a failure of that leaves a memory cgroup charged. */
	*quanta = kmem_cache_alloc(c->cache, gfp);
	return *quanta ? 1 : 0;
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
