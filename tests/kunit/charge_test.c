// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounting: what is charged, to the byte
 */

#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "kunit.h"

static void test_limit_bytes(struct kunit *test)
{
	scull_limit.value = 0;
	KUNIT_EXPECT_EQ(test, scull_limit_bytes(), ULONG_MAX);
	scull_limit.value = 1;
	KUNIT_EXPECT_EQ(test, scull_limit_bytes(), SZ_1M);
	scull_limit.value = UINT_MAX;
	KUNIT_EXPECT_EQ(test, scull_limit_bytes(), UINT_MAX * (u64)SZ_1M);
}

/* Charges up to the limit work, in one step and in several; a byte more fails. */
static void test_charge(struct kunit *test)
{
	static const unsigned int limits[] = { 1, 2, 4096, UINT_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		size_t limit = (size_t)limits[i] * SZ_1M;

		scull_limit.value = limits[i];
		KUNIT_EXPECT_EQ(test, scull_charge(limit + 1), -ENOSPC);
		KUNIT_EXPECT_EQ(test, scull_charge(SIZE_MAX), -ENOSPC);
		KUNIT_EXPECT_EQ(test, scull_charge(limit), 0);
		KUNIT_EXPECT_EQ(test, scull_charge(0), 0);
		KUNIT_EXPECT_EQ(test, scull_charge(1), -ENOSPC);
		KUNIT_EXPECT_EQ(test, scull_charge(limit), -ENOSPC);
		/* The sum would wrap around to a small number. */
		KUNIT_EXPECT_EQ(test, scull_charge(SIZE_MAX), -ENOSPC);
		scull_uncharge(1);
		KUNIT_EXPECT_EQ(test, scull_charge(2), -ENOSPC);
		KUNIT_EXPECT_EQ(test, scull_charge(1), 0);
		KUNIT_EXPECT_EQ(test, scull_charge(1), -ENOSPC);

		/* A limit below what is charged */
		scull_limit.value = 1;
		KUNIT_EXPECT_EQ(test, scull_charge(1), -ENOSPC);
		scull_limit.value = limits[i];
		scull_uncharge(limit);
		KUNIT_EXPECT_EQ(test, scull_charge(limit), 0);
		scull_uncharge(limit);
	}
}

static void test_no_limit(struct kunit *test)
{
	scull_limit.value = 0;
	KUNIT_EXPECT_EQ(test, scull_charge(LONG_MAX), 0);
	KUNIT_EXPECT_EQ(test, scull_charge(LONG_MAX), 0);
	KUNIT_EXPECT_EQ(test, scull_charge(2), -ENOSPC);
	KUNIT_EXPECT_EQ(test, scull_charge(1), 0);
	scull_uncharge(LONG_MAX);
	scull_uncharge(LONG_MAX);
	scull_uncharge(1);
}

/* The headroom stays available, and a refused charge charges nothing. */
static void test_headroom(struct kunit *test)
{
	unsigned long ram = totalram_pages() >> (20 - PAGE_SHIFT);
	unsigned int i;

	scull_limit.value = 1;
	for (i = 0; i < 2; i++) {
		scull_headroom.value = ram + 1;
		KUNIT_EXPECT_EQ(test, scull_charge(SZ_1M), -ENOSPC);
		KUNIT_EXPECT_EQ(test, scull_charge(1), -ENOSPC);
		scull_headroom.value = i;
		KUNIT_EXPECT_EQ(test, scull_charge(SZ_1M), 0);
		scull_charged(SZ_1M);
		scull_uncharge(SZ_1M);
	}

	/* Pending charges reduce the available memory. */
	scull_limit.value = 0;
	KUNIT_EXPECT_EQ(test, scull_charge(ram * SZ_1M), -ENOSPC);
	scull_headroom.value = 0;
	KUNIT_EXPECT_EQ(test, scull_charge(ram * SZ_1M), 0);
	scull_headroom.value = 1;
	KUNIT_EXPECT_EQ(test, scull_charge(SZ_1M), -ENOSPC);
	scull_charged(ram * SZ_1M);
	KUNIT_EXPECT_EQ(test, scull_charge(SZ_1M), 0);
	scull_charged(SZ_1M);
	scull_uncharge(ram * SZ_1M + SZ_1M);
	scull_headroom.value = 0;
}

/* The allocation size of an item */
static size_t item_size(struct scull_store *s, unsigned long index)
{
	struct scull_item *item = xa_load(&s->items, index);

	return is_vmalloc_addr(item) ? PAGE_ALIGN(scull_item_bytes(s)) :
				       ksize(item);
}

/* The charge of a write is at least what it allocates, and exactly that in an item. */
static void test_held(struct kunit *test)
{
	struct scull_store *s = test->priv;
	long held, least, was = 0, quanta = 0;
	struct scull_place at;
	unsigned int i;

	for (i = 0; i < edge_count(s); i++) {
		bool item, quantum;

		scull_place_find(s, edge(s, i), &at);
		item = xa_load(&s->items, at.item);
		quantum = scull_item_quantum(xa_load(&s->items, at.item), at.index);
		KUNIT_EXPECT_EQ(test, put(s, "a", 1, edge(s, i)), 1);

		held = atomic_long_read(&s->held);
		least = quantum ? 0 : s->allocator.footprint + s->allocator.records;
		if (!item)
			least += item_size(s, at.item) + SCULL_SLAB_RECORD;
		quanta += !quantum;
		KUNIT_EXPECT_GE(test, held - was, least);
		if (item)
			KUNIT_EXPECT_EQ(test, held - was, least);
		was = held;
	}
	KUNIT_EXPECT_GE(test, was, quanta * s->allocator.footprint);
}

/* The xarray nodes of items that are far apart are charged, too. */
static void test_tree(struct kunit *test)
{
	struct scull_store *s = test->priv;
	long held, was = 0;
	unsigned int shift;

	for (shift = XA_CHUNK_SHIFT; shift < 40; shift += XA_CHUNK_SHIFT) {
		unsigned long index = 1UL << shift;

		KUNIT_EXPECT_EQ(test, put(s, "a", 1, index * s->span), 1);
		held = atomic_long_read(&s->held);
		/* A node for each level */
		KUNIT_EXPECT_GE(test, held - was,
				s->allocator.footprint + item_size(s, index) +
					shift / XA_CHUNK_SHIFT * sizeof(struct xa_node));
		was = held;

		/* The next index has a slot in the same lowest node. */
		KUNIT_EXPECT_EQ(test, put(s, "a", 1, (index + 1) * s->span), 1);
		held = atomic_long_read(&s->held);
		KUNIT_EXPECT_LT(test, held - was,
				s->allocator.footprint + 2 * item_size(s, index + 1) +
					sizeof(struct xa_node));
		was = held;
	}
}

/* The first byte is the last possible one: a node for each level, with the root. */
static void test_root(struct kunit *test)
{
	struct scull_store *s = test->priv;
	u64 index = div64_u64(s->size_max - 1, s->span);

	KUNIT_EXPECT_EQ(test, put(s, "a", 1, s->size_max - 1), 1);
	KUNIT_EXPECT_GE(test, atomic_long_read(&s->held),
			s->allocator.footprint + item_size(s, index) +
				DIV_ROUND_UP(fls64(index), XA_CHUNK_SHIFT) *
					sizeof(struct xa_node));
}

/* A write reaches the limit: its bytes stay, and more are possible once it is raised. */
static void test_full(struct kunit *test)
{
	struct scull_store *s = test->priv;
	size_t len = SZ_4M;
	u8 *data = kvmalloc(len, GFP_KERNEL), *there = kvmalloc(len, GFP_KERNEL);
	long held, kept;
	unsigned int offset;

	scull_limit.value = 1;
	if (!data || !there) {
		kunit_err(test, "no memory");
		KUNIT_FAIL(test, "for a buffer");
		goto free;
	}
	memset(data, 0x55, len);
	kept = put(s, data, len, 0);
	held = atomic_long_read(&s->held);
	KUNIT_EXPECT_LE(test, held, SZ_1M);
	if (s->allocator.footprint + scull_item_bytes(s) > SZ_1M) {
		KUNIT_EXPECT_EQ(test, kept, -ENOSPC);
		KUNIT_EXPECT_EQ(test, held, 0);
		KUNIT_EXPECT_EQ(test, scull_store_size(s), 0);
		goto free;
	}
	KUNIT_EXPECT_GT(test, kept, 0);
	KUNIT_EXPECT_LT(test, kept, len);
	KUNIT_EXPECT_EQ(test, kept % s->allocator.bytes, 0);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), kept);
	KUNIT_EXPECT_EQ(test, put(s, data, 1, kept), -ENOSPC);
	KUNIT_EXPECT_EQ(test, PTR_ERR(scull_store_fill(s, kept, &offset)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&s->held), held);
	KUNIT_EXPECT_EQ(test, get(s, there, len, 0), kept);
	KUNIT_EXPECT_TRUE(test, !memcmp(there, data, kept));
	/* Allocated quanta need no further charge. */
	KUNIT_EXPECT_EQ(test, put(s, data, 1, kept - 1), 1);
	KUNIT_EXPECT_FALSE(test, IS_ERR(scull_store_fill(s, kept - 1, &offset)));

	scull_limit.value = 2;
	KUNIT_EXPECT_EQ(test, put(s, data, 1, kept), 1);
free:
	kvfree(data);
	kvfree(there);
}

static struct kunit_case charge_cases[] = {
	/* First, because other tests leave charges pending. */
	KUNIT_CASE(test_headroom),
	KUNIT_CASE(test_limit_bytes),
	KUNIT_CASE(test_charge),
	KUNIT_CASE(test_no_limit),
	KUNIT_CASE_PARAM(test_held, any_gen_params),
	KUNIT_CASE(test_tree),
	KUNIT_CASE_PARAM(test_root, any_gen_params),
	KUNIT_CASE_PARAM(test_full, quick_gen_params),
	{}
};

static struct kunit_suite charge_suite = {
	.name = KBUILD_MODNAME "-charge",
	.init = store_init,
	.exit = store_exit,
	.test_cases = charge_cases,
};

kunit_test_suite(charge_suite);
