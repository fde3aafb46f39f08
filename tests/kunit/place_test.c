// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places of positions, and the ranges of parameters
 */

#include <linux/mm.h>

#include "kunit.h"

static u64 position(const struct scull_store *s, const struct scull_place *at)
{
	return at->item * s->qset * (u64)s->allocator.bytes +
	       (u64)at->index * s->allocator.bytes + at->offset;
}

static void expect_place(struct kunit *test, const struct scull_place *at, loff_t pos)
{
	struct scull_store *s = test->priv;

	KUNIT_EXPECT_LT(test, at->offset, s->allocator.bytes);
	KUNIT_EXPECT_LT(test, at->index, s->qset);
	KUNIT_EXPECT_EQ(test, position(s, at), pos);
}

/* The place of a position, and the position of that place */
static void test_find(struct kunit *test)
{
	struct scull_store *s = test->priv;
	struct scull_place at;
	unsigned int i;

	for (i = 0; i < edge_count(s); i++) {
		scull_place_find(s, edge(s, i), &at);
		expect_place(test, &at, edge(s, i));
	}
}

static void test_advance(struct kunit *test)
{
	struct scull_store *s = test->priv;
	u64 span = (u64)s->allocator.bytes * s->qset;
	struct scull_place at, there;
	unsigned int i, j;

	for (i = 0; i < edge_count(s); i++) {
		u64 from = edge(s, i), rest = span - from % span;
		u64 steps[] = { 0, 1, s->allocator.bytes - 1, s->allocator.bytes,
				s->allocator.bytes + 1, rest - 1, rest };

		for (j = 0; j < ARRAY_SIZE(steps); j++) {
			if (steps[j] > rest)
				continue;
			scull_place_find(s, from, &at);
			scull_place_advance(s, &at, steps[j]);
			expect_place(test, &at, from + steps[j]);
			scull_place_find(s, from + steps[j], &there);
			KUNIT_EXPECT_MEMEQ(test, &at, &there, sizeof(at));
		}
	}
}

/* No product is truncated to 32 bits or wraps around. */
static void test_largest(struct kunit *test)
{
	struct scull_store *s = test->priv;
	u64 span = 0;
	unsigned int i;

	for (i = 0; i < s->qset; i++)
		span += s->allocator.bytes;
	KUNIT_EXPECT_EQ(test, s->span, span);
	/* On 64 bits there are indices enough, even with an item for each byte. */
	KUNIT_EXPECT_EQ(test, s->size_max, MAX_LFS_FILESIZE);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), 0);
}

static void test_ranges(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, scull_param_valid(&scull_quantum, 0));
	KUNIT_EXPECT_TRUE(test, scull_param_valid(&scull_quantum, 1));
	KUNIT_EXPECT_TRUE(test, scull_param_valid(&scull_quantum,
						  scull_backend.quantum_max));
	KUNIT_EXPECT_FALSE(test, scull_param_valid(&scull_quantum,
						   scull_backend.quantum_max + 1UL));
	KUNIT_EXPECT_FALSE(test, scull_param_valid(&scull_quantum, 1 + (1UL << 32)));
	KUNIT_EXPECT_FALSE(test, scull_param_valid(&scull_quantum, ULONG_MAX));

	KUNIT_EXPECT_FALSE(test, scull_param_valid(&scull_qset, 0));
	KUNIT_EXPECT_TRUE(test, scull_param_valid(&scull_qset, 1));
	KUNIT_EXPECT_TRUE(test, scull_param_valid(&scull_qset, QSET_MAX));
	KUNIT_EXPECT_FALSE(test, scull_param_valid(&scull_qset, QSET_MAX + 1));

	KUNIT_EXPECT_TRUE(test, scull_param_valid(&scull_limit, UINT_MAX));
	KUNIT_EXPECT_FALSE(test, scull_param_valid(&scull_limit, 1UL << 32));
}

static struct kunit_case place_cases[] = {
	KUNIT_CASE_PARAM(test_find, any_gen_params),
	KUNIT_CASE_PARAM(test_advance, any_gen_params),
	KUNIT_CASE_PARAM(test_largest, any_gen_params),
	KUNIT_CASE(test_ranges),
	{}
};

static struct kunit_suite place_suite = {
	.name = KBUILD_MODNAME "-place",
	.init = store_init,
	.exit = store_exit,
	.test_cases = place_cases,
};

kunit_test_suite(place_suite);
