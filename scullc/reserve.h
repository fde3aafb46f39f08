/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SCULLC_RESERVE_H
#define SCULLC_RESERVE_H

#include <linux/mempool.h>
#include <linux/slab.h>

mempool_t *reserve_create(struct kmem_cache *cache, size_t footprint);
void reserve_destroy(mempool_t *reserve, size_t footprint);
void *reserve_alloc(mempool_t *reserve, size_t zero);
void reserve_free(mempool_t *reserve, void *object);

#endif
