// SPDX-License-Identifier: GPL-2.0-only

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/uio.h>

#include "kunit.h"

static const struct geometry geometries[] = {
	{ "the book's", 4000, 1000 },
	{ "the book's small one", 10, 4 },
	{ "the smallest", 1, 1 },
	{ "the largest quantum, the smallest qset", 0, 1 },
	{ "a page", PAGE_SIZE, 3 },
	{ "a byte less than a page", PAGE_SIZE - 1, 2 },
	{ "a byte more than a page", PAGE_SIZE + 1, 2 },
	{ "two primes", 251, 7 },
	/* Slow: each item takes megabytes. */
	{ "the smallest quantum, the largest qset", 1, QSET_MAX },
	{ "the largest", 0, QSET_MAX },
};

/**
 * any_gen_params() - iterate over all geometries, for KUNIT_CASE_PARAM
 * @test: the test
 * @prev: the previous geometry, NULL at first
 * @desc: set to the name
 *
 * Return: the next, or NULL.
 */
const void *any_gen_params(struct kunit *test, const void *prev, char *desc)
{
	const struct geometry *g = prev ? prev + sizeof(*g) : geometries;

	if (g == geometries + ARRAY_SIZE(geometries))
		return NULL;
	strscpy(desc, g->name, KUNIT_PARAM_DESC_SIZE);
	return g;
}

/**
 * quick_gen_params() - the same without the slow ones
 * @test: the test
 * @prev: the previous geometry, NULL at first
 * @desc: set to the name
 *
 * Return: the next, or NULL.
 */
const void *quick_gen_params(struct kunit *test, const void *prev, char *desc)
{
	const struct geometry *g = any_gen_params(test, prev, desc);

	return g && g->qset < QSET_MAX ? g : NULL;
}

/**
 * store_init() - set up a test: an empty store in test->priv, no limit, no headroom
 * @test: the test
 *
 * A test without a parameter gets the book's small geometry.
 *
 * Return: 0 or a negative errno.
 */
int store_init(struct kunit *test)
{
	const struct geometry *g = test->param_value ?: &geometries[1];
	struct scull_stats __percpu *stats = alloc_percpu(struct scull_stats);
	struct scull_store *s;

	if (!stats)
		return -ENOMEM;
	scull_limit.value = 0;
	scull_headroom.value = 0;
	s = scull_store_create(g->quantum ?: scull_backend.quantum_max, g->qset,
			       0, stats);
	if (IS_ERR(s)) {
		free_percpu(stats);
		return PTR_ERR(s);
	}
	test->priv = s;
	return 0;
}

/**
 * store_exit() - free the store, and check that nothing of it is left
 * @test: the test
 */
void store_exit(struct kunit *test)
{
	struct scull_store *s = test->priv;
	struct scull_stats __percpu *stats;
	struct scull_stats sum = {};
	int cpu;

	if (!s)
		return;
	stats = s->stats;
	scull_store_destroy(s);
	for_each_possible_cpu(cpu) {
		sum.quanta_allocated += per_cpu_ptr(stats, cpu)->quanta_allocated;
		sum.quanta_freed += per_cpu_ptr(stats, cpu)->quanta_freed;
		sum.allocated += per_cpu_ptr(stats, cpu)->allocated;
	}
	free_percpu(stats);
	KUNIT_EXPECT_EQ(test, sum.quanta_allocated, sum.quanta_freed);
	KUNIT_EXPECT_EQ(test, sum.allocated, 0);

	/* This fails if anything is still charged. */
	scull_limit.value = 1;
	KUNIT_EXPECT_EQ(test, scull_charge(SZ_1M), 0);
	scull_charged(SZ_1M);
	scull_uncharge(SZ_1M);
}

static ssize_t write_store(struct scull_store *s, const void *data, size_t len,
			   loff_t pos, bool nowait)
{
	struct kvec vec = { .iov_base = (void *)data, .iov_len = len };
	struct iov_iter from;

	iov_iter_kvec(&from, ITER_SOURCE, &vec, 1, len);
	return scull_store_write(s, &from, pos, nowait);
}

/**
 * put() - write to a store
 * @s: the store
 * @data: the bytes
 * @len: how many
 * @pos: the position
 *
 * Return: as scull_store_write().
 */
ssize_t put(struct scull_store *s, const void *data, size_t len, loff_t pos)
{
	return write_store(s, data, len, pos, false);
}

/**
 * put_nowait() - the same, with nowait
 * @s: the store
 * @data: the bytes
 * @len: how many
 * @pos: the position
 *
 * Return: as scull_store_write().
 */
ssize_t put_nowait(struct scull_store *s, const void *data, size_t len, loff_t pos)
{
	return write_store(s, data, len, pos, true);
}

/**
 * get() - read from a store
 * @s: the store
 * @data: set to the bytes; those past the end of the read are 0xee
 * @len: how many
 * @pos: the position
 *
 * Return: as scull_store_read().
 */
ssize_t get(struct scull_store *s, void *data, size_t len, loff_t pos)
{
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct iov_iter to;

	memset(data, 0xee, len);
	iov_iter_kvec(&to, ITER_DEST, &vec, 1, len);
	return scull_store_read(s, &to, pos);
}

/*
 * Positions at both sides of boundaries: spans, quanta and a few bytes. Large quanta and
 * qsets, which take megabytes each, get the first ones only.
 */
static const struct {
	unsigned int spans;
	unsigned int quanta;
	int bytes;
} edges[] = {
	{ 0, 0, 0 }, { 0, 1, -1 }, { 0, 1, 0 }, { 1, 0, -1 }, { 1, 0, 0 },
	{ 0, 0, 1 }, { 0, 1, 1 }, { 0, 2, -1 }, { 0, 2, 0 }, { 1, 0, 1 },
	{ 1, 1, -1 }, { 1, 1, 0 }, { 2, 0, -1 }, { 2, 0, 0 }, { 64, 0, -1 },
	{ 64, 0, 0 }, { 64, 1, 0 }, { 65, 0, -1 }, { 4096, 0, -1 }, { 4096, 0, 0 },
};

/* And as many of the last positions */
#define LAST_EDGES 3

static unsigned int first_edges(const struct scull_store *s)
{
	return max(s->allocator.bytes, s->qset) < SZ_1M ? ARRAY_SIZE(edges) : 5;
}

/**
 * edge_count() - how many edges a store has
 * @s: the store
 *
 * Return: the number.
 */
unsigned int edge_count(const struct scull_store *s)
{
	return first_edges(s) + LAST_EDGES;
}

/**
 * edge() - a position at a boundary, or next to one
 * @s: the store
 * @nr: which one, less than edge_count()
 *
 * Return: the position, from 0 to the last possible one.
 */
loff_t edge(const struct scull_store *s, unsigned int nr)
{
	u64 span = (u64)s->allocator.bytes * s->qset;

	if (nr >= first_edges(s))
		return MAX_LFS_FILESIZE - 1 - (nr - first_edges(s));
	return edges[nr].spans * span + (u64)edges[nr].quanta * s->allocator.bytes +
	       edges[nr].bytes;
}

MODULE_LICENSE("GPL");
