// SPDX-License-Identifier: GPL-2.0-only
/*
 * scullc: a quantum is an object of a kmem_cache.
 *
 * There is one cache for each length of a quantum in use. Devices with the same length
 * share it. It is not merged with other caches (but see SLAB_NO_MERGE in compat.h), so
 * /proc/slabinfo has a row for it: "scullc" for the built-in length, "scullc-BYTES" for
 * others.
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
 * struct quantum_cache - the cache for one length of a quantum
 * @node: in caches, guarded by caches_lock
 * @users: number of stores that use it, guarded by caches_lock
 * @bytes: the length
 * @cache: the kmem_cache; its objects are at least as large as a pointer
 * @footprint: bytes of a slab for each of its objects
 */
struct quantum_cache {
	struct list_head node;
	unsigned int users;
	unsigned int bytes;
	struct kmem_cache *cache;
	size_t footprint;
};

static LIST_HEAD(caches);
static DEFINE_MUTEX(caches_lock);	/* guards caches and its entries' users */

/*
 * The size of a slab is not exported: allocate an object and look at its page. Up to half
 * of a slab of large objects is unused. KFENCE places a few objects outside slabs: try
 * again for these. If the allocation fails, assume the largest footprint: a trim,
 * which may have called this, must not fail, because it frees memory.
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

static struct quantum_cache *cache_create(unsigned int bytes)
{
	struct quantum_cache *c = kzalloc(sizeof(*c), SCULL_GFP);
	char name[32];

	if (!c)
		return NULL;
	c->bytes = bytes;
	snprintf(name, sizeof(name), bytes == scull_quantum.builtin ?
		 KBUILD_MODNAME : KBUILD_MODNAME "-%u", bytes);
	/* Hardened usercopy allows copies of the usercopy region only. */
	c->cache = kmem_cache_create_usercopy(name,
					      max_t(size_t, bytes, sizeof(void *)),
					      0, SLAB_NO_MERGE, 0, bytes, NULL);
	if (!c->cache) {
		kfree(c);
		return NULL;
	}
	c->footprint = cache_footprint(c->cache);
	return c;
}

/* Find or create the cache for a length. Returns NULL if allocation failed. */
static struct quantum_cache *cache_find(unsigned int bytes)
{
	struct quantum_cache *c;

	lockdep_assert_held(&caches_lock);
	list_for_each_entry(c, &caches, node)
		if (c->bytes == bytes)
			return c;
	c = cache_create(bytes);
	if (c)
		list_add(&c->node, &caches);
	return c;
}

static int cache_setup(struct scull_allocator *a)
{
	struct quantum_cache *c;

	mutex_lock(&caches_lock);
	c = cache_find(a->bytes);
	if (c) {
		c->users++;
		a->priv = c;
		a->footprint = c->footprint;
		a->records = SCULL_SLAB_RECORD;
	}
	mutex_unlock(&caches_lock);
	return c ? 0 : -ENOMEM;
}

static void cache_teardown(struct scull_allocator *a)
{
	struct quantum_cache *c = a->priv;

	mutex_lock(&caches_lock);
	if (!--c->users) {
		list_del(&c->node);
		kmem_cache_destroy(c->cache);
		kfree(c);
	}
	mutex_unlock(&caches_lock);
}

static unsigned int cache_alloc(const struct scull_allocator *a, gfp_t gfp,
				void **quanta, unsigned int n)
{
	const struct quantum_cache *c = a->priv;

	/* Not kmem_cache_alloc_bulk(): below 6.8 it leaks the cgroup's charge on failure. */
	*quanta = kmem_cache_alloc(c->cache, gfp);
	return *quanta ? 1 : 0;
}

static void cache_free(const struct scull_allocator *a, void *quantum)
{
	const struct quantum_cache *c = a->priv;

	kmem_cache_free(c->cache, quantum);
}

const struct scull_backend scull_backend = {
	.quantum_max = KMALLOC_MAX_SIZE,
	.setup = cache_setup,
	.teardown = cache_teardown,
	.alloc = cache_alloc,
	.free = cache_free,
	.page = scull_direct_page,
};

MODULE_DESCRIPTION("RAM-backed character device on a kmem_cache");
