// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounting. The memory that all devices of a module hold is bounded by the module's
 * limit. A charge also fails if less memory than headroom would stay available on the
 * machine. Memory is charged before it is allocated.
 */

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "scull.h"

/* Bytes charged for all stores of the module */
static atomic_long_t scull_held;

/* Of these, bytes that are not allocated yet */
static atomic_long_t scull_pending;

/* Bytes that can be charged before available memory is looked up again */
static atomic_long_t scull_granted;

/*
 * Would at least headroom stay available? si_mem_available() is slow, so it is called
 * once for each 64th of headroom that is charged. Until the next call a module can exceed
 * the bound by that much. Memory that is charged but not yet allocated counts as used: of
 * two concurrent large charges both may fail although either would fit. Allocations in
 * progress of other modules are not known.
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
	/* If this fails, a concurrent charge looks up available memory itself. */
	atomic_long_cmpxchg(&scull_granted, granted, headroom << PAGE_SHIFT >> 6);
	return true;
}

/**
 * scull_charge() - charge memory that is about to be allocated
 * @bytes: how much
 *
 * After the allocation the caller calls scull_charged(), and scull_uncharge() as well if
 * the allocation failed.
 *
 * Context: Any context.
 * Return: 0, or -ENOSPC if the module's limit would be exceeded or less than headroom
 * would be available.
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
 * scull_charged() - charged memory is allocated, or its allocation failed
 * @bytes: how much was charged
 *
 * Context: Any context.
 */
void scull_charged(size_t bytes)
{
	atomic_long_sub(bytes, &scull_pending);
}

/**
 * scull_uncharge() - uncharge memory that was freed
 * @bytes: how much
 *
 * Context: Any context.
 */
void scull_uncharge(size_t bytes)
{
	atomic_long_sub(bytes, &scull_held);
}

/**
 * scull_store_charge() - scull_charge() for memory that a store will hold
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
 * scull_store_uncharge() - uncharge memory of a store that was freed or not allocated
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
