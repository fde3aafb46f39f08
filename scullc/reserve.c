// SPDX-License-Identifier: GPL-2.0-only
/*
 * reserve=N: for each cache a mempool of N objects, for when there is no memory.
 *
 * It belongs to the module: it counts against the limit while it is put by, and
 * no memory cgroup gets around its own limit with it. One pays for what is in it
 * only if there was no memory to replace an object of its that came back.
 */

#include <linux/err.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "reserve.h"
#include "scull.h"

static const unsigned int reserve_max = 65536;

static struct scull_param reserve_size = {
	.name = "reserve", .unit = "quanta", .max = &reserve_max,
};

module_param_cb(reserve, &scull_param_ops, &reserve_size, 0444);
MODULE_PARM_DESC(reserve, "quanta put by for when memory is short, 0 to 65536 (default 0)");

/**
 * reserve_create() - put objects of a cache by
 * @cache: the cache
 * @footprint: what each costs in bytes
 *
 * Context: may sleep.
 * Return: the reserve, NULL if none was asked for, or an ERR_PTR: -ENOSPC at the
 * module's limit, -ENOMEM.
 */
mempool_t *reserve_create(struct kmem_cache *cache, size_t footprint)
{
	size_t bytes = array_size(reserve_size.value, footprint);
	mempool_t *reserve;
	int err;

	if (!reserve_size.value)
		return NULL;
	err = scull_charge(bytes);
	if (err)
		return ERR_PTR(err);

	reserve = mempool_create_node(reserve_size.value, mempool_alloc_slab,
				      mempool_free_slab, cache, SCULL_GFP,
				      NUMA_NO_NODE);
	if (!reserve) {
		scull_uncharge(bytes);
		return ERR_PTR(-ENOMEM);
	}
	return reserve;
}

/**
 * reserve_destroy() - undo reserve_create()
 * @reserve: the reserve, or NULL
 * @footprint: as given there
 *
 * Context: may sleep.
 */
void reserve_destroy(mempool_t *reserve, size_t footprint)
{
	if (!reserve)
		return;
	mempool_destroy(reserve);
	scull_uncharge(array_size(reserve_size.value, footprint));
}

/* An object that no memory cgroup pays for, if it can be had at once */
static void *spare_alloc(mempool_t *reserve)
{
	return kmem_cache_alloc(reserve->pool_data, GFP_NOWAIT | __GFP_NOWARN);
}

/**
 * reserve_alloc() - an object from a reserve, after the cache had none
 * @reserve: the reserve
 * @zero: how many of its bytes to zero
 *
 * Context: any. Without __GFP_DIRECT_RECLAIM a mempool does not wait for others
 * to free what they have.
 * Return: the object; NULL if the reserve is used up, or if there is
 * memory and it was a memory cgroup that had none.
 */
void *reserve_alloc(mempool_t *reserve, size_t zero)
{
	void *object = spare_alloc(reserve);

	if (object) {
		kmem_cache_free(reserve->pool_data, object);
		return NULL;
	}
	object = mempool_alloc(reserve, GFP_NOWAIT | __GFP_NOWARN);
	return object ? memset(object, 0, zero) : NULL;
}

/**
 * reserve_free() - free an object, and see that the reserve is full
 * @reserve: the reserve
 * @object: an object of its cache, charged or not
 *
 * Context: any.
 */
void reserve_free(mempool_t *reserve, void *object)
{
	void *spare;

	if (READ_ONCE(reserve->curr_nr) < reserve->min_nr) {
		spare = spare_alloc(reserve);
		mempool_free(spare ?: object, reserve);
		if (!spare)
			return;
	}
	kmem_cache_free(reserve->pool_data, object);
}
