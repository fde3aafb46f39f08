// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounting: what the module's devices hold together is bounded by its limit, and by
 * the memory that the machine is to keep available, its headroom. Both are asked
 * before the allocation.
 */

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "scull.h"

/* What all the stores of the module hold, in bytes. Bounded by its limit. */
static atomic_long_t scull_held;

/* The part of it that is charged but not yet allocated, in bytes */
static atomic_long_t scull_pending;

/* Bytes that may be charged before the machine is asked again */
static atomic_long_t scull_granted;

/*
 * Has the machine more available memory than its headroom? It is asked once for a
 * part in 64 of the headroom, so that this costs nothing. Until then each module may
 * go that much too far. It counts what it has charged and not allocated yet. So of
 * two large charges at the same time both may be refused, although there is room for
 * either. It does not know of what other modules are allocating.
 */
static bool headroom_left(size_t bytes)
{
	unsigned long headroom = READ_ONCE(scull_headroom.value);
	unsigned long wanted;
	long granted;

	if (!headroom)
		return true;
	granted = atomic_long_sub_return(bytes, &scull_granted);
	if (granted >= 0)
		return true;

	headroom <<= 20 - PAGE_SHIFT;
	wanted = PFN_UP(atomic_long_read(&scull_pending));
	if (si_mem_available() < headroom + wanted) {
		atomic_long_add(bytes, &scull_granted);
		return false;
	}
	/* Not if somebody asked later than this: their answer counts. */
	atomic_long_cmpxchg(&scull_granted, granted, headroom << PAGE_SHIFT >> 6);
	return true;
}

/**
 * scull_charge() - count memory that is about to be allocated
 * @bytes: how much
 *
 * Context: Any context.
 * Return: 0 if scull_charged() is to follow, or -ENOSPC if it would exceed the
 * module's limit, or take what the machine is to keep available.
 */
int scull_charge(size_t bytes)
{
	unsigned long limit = scull_limit_bytes();
	long held = atomic_long_read(&scull_held);

	do {
		if (bytes > limit || held > limit - bytes)
			return -ENOSPC;
	} while (!atomic_long_try_cmpxchg(&scull_held, &held, held + bytes));

	atomic_long_add(bytes, &scull_pending);
	if (headroom_left(bytes))
		return 0;
	scull_charged(bytes);
	scull_uncharge(bytes);
	return -ENOSPC;
}

/**
 * scull_charged() - what scull_charge() counted was allocated, or will not be
 * @bytes: how much
 *
 * Context: Any context.
 */
void scull_charged(size_t bytes)
{
	atomic_long_sub(bytes, &scull_pending);
}

/**
 * scull_uncharge() - count memory that was freed
 * @bytes: how much
 *
 * Context: Any context.
 */
void scull_uncharge(size_t bytes)
{
	atomic_long_sub(bytes, &scull_held);
}

/**
 * scull_store_charge() - scull_charge() for something that a store is to hold
 * @s: the store
 * @bytes: how much
 *
 * Context: Any context.
 * Return: as scull_charge().
 */
int scull_store_charge(struct scull_store *s, size_t bytes)
{
	int err = scull_charge(bytes);

	if (!err)
		atomic_long_add(bytes, &s->held);
	return err;
}

/**
 * scull_store_uncharge() - undo scull_store_charge()
 * @s: the store
 * @bytes: how much
 *
 * Context: Any context.
 */
void scull_store_uncharge(struct scull_store *s, size_t bytes)
{
	atomic_long_sub(bytes, &s->held);
	scull_uncharge(bytes);
}
