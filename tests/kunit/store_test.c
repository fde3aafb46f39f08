// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store: read, write, holes, and iteration over quanta
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "kunit.h"

/* The byte for a position: never 0; a quantum is no multiple of its period. */
static u8 byte_at(loff_t pos)
{
	return 1 + pos % 127;
}

static u8 *pattern(struct kunit *test, loff_t pos, size_t len)
{
	u8 *data = kunit_kmalloc(test, len, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, data);
	for (i = 0; i < len; i++)
		data[i] = byte_at(pos + i);
	return data;
}

static void expect_pattern(struct kunit *test, loff_t pos, size_t len)
{
	u8 *there = kunit_kmalloc(test, len, GFP_KERNEL);
	u8 *data = pattern(test, pos, len);

	KUNIT_ASSERT_NOT_NULL(test, there);
	KUNIT_EXPECT_EQ(test, get(test->priv, there, len, pos), len);
	KUNIT_EXPECT_MEMEQ(test, there, data, len);
	kunit_kfree(test, data);
	kunit_kfree(test, there);
}

static u8 byte_of(struct kunit *test, loff_t pos)
{
	u8 byte;

	KUNIT_ASSERT_EQ_MSG(test, get(test->priv, &byte, 1, pos), 1, "at %lld", pos);
	return byte;
}

static void expect_zeros(struct kunit *test, loff_t from, loff_t to)
{
	for (; from < to; from++)
		KUNIT_ASSERT_EQ_MSG(test, byte_of(test, from), 0, "at %lld", from);
}

static long held(struct kunit *test)
{
	struct scull_store *s = test->priv;

	return atomic_long_read(&s->held);
}

/* The last byte first, so that all others are written to holes. */
static void test_bytes_at_edges(struct kunit *test)
{
	struct scull_store *s = test->priv;
	loff_t last = MAX_LFS_FILESIZE - 1;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, put(s, (u8[]){ byte_at(last) }, 1, last), 1);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), MAX_LFS_FILESIZE);
	for (i = 0; i < edge_count(s); i++)
		KUNIT_EXPECT_EQ(test, byte_of(test, edge(s, i)),
				edge(s, i) == last ? byte_at(last) : 0);
	for (i = 0; i < edge_count(s); i++)
		KUNIT_EXPECT_EQ(test, put(s, (u8[]){ byte_at(edge(s, i)) }, 1, edge(s, i)), 1);
	for (i = 0; i < edge_count(s); i++)
		KUNIT_EXPECT_EQ(test, byte_of(test, edge(s, i)), byte_at(edge(s, i)));
	KUNIT_EXPECT_EQ(test, scull_store_size(s), MAX_LFS_FILESIZE);
}

/* One call across each boundary; the other bytes do not change. */
static void test_across_edges(struct kunit *test)
{
	struct scull_store *s = test->priv;
	size_t len = 600;
	unsigned int i;

	if ((u64)s->allocator.bytes * s->qset == 1)
		len = 60;
	for (i = edge_count(s); i--;) {
		loff_t pos = max(edge(s, i) - (loff_t)len / 2, 0LL);
		size_t fits = min_t(u64, len, MAX_LFS_FILESIZE - pos);
		u8 *data = pattern(test, pos, len);

		KUNIT_EXPECT_EQ(test, put(s, data, len, pos), fits);
		kunit_kfree(test, data);
		expect_pattern(test, pos, fits);
	}
	KUNIT_EXPECT_EQ(test, scull_store_size(s), MAX_LFS_FILESIZE);
	for (i = 0; i < edge_count(s); i++)
		KUNIT_EXPECT_EQ(test, byte_of(test, edge(s, i)), byte_at(edge(s, i)));
}

static void test_the_end(struct kunit *test)
{
	struct scull_store *s = test->priv;
	loff_t last = MAX_LFS_FILESIZE - 1;
	u8 two[2] = { 1, 2 };

	KUNIT_EXPECT_EQ(test, put(s, two, 1, last + 1), -EFBIG);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), 0);
	KUNIT_EXPECT_EQ(test, held(test), 0);

	KUNIT_EXPECT_EQ(test, put(s, two, 2, last), 1);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), last + 1);
	KUNIT_EXPECT_EQ(test, get(s, two, 2, last), 1);
	KUNIT_EXPECT_EQ(test, two[0], 1);
	KUNIT_EXPECT_EQ(test, two[1], 0xee);
	KUNIT_EXPECT_EQ(test, get(s, two, 2, last - 1), 2);
	KUNIT_EXPECT_EQ(test, two[0], 0);
	KUNIT_EXPECT_EQ(test, two[1], 1);
	KUNIT_EXPECT_EQ(test, get(s, two, 2, last + 1), 0);

	KUNIT_EXPECT_EQ(test, scull_store_seek(s, last, SEEK_DATA), last);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, last, SEEK_HOLE), last + 1);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, last + 1, SEEK_HOLE), -ENXIO);
}

/* A read ends at the size, which is the largest end of a write. */
static void test_size(struct kunit *test)
{
	struct scull_store *s = test->priv;
	u8 data[8];

	KUNIT_EXPECT_EQ(test, get(s, data, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, put(s, "abcde", 5, 0), 5);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), 5);
	KUNIT_EXPECT_EQ(test, put(s, "CD", 2, 2), 2);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), 5);
	KUNIT_EXPECT_EQ(test, put(s, "E", 1, 4), 1);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), 5);
	KUNIT_EXPECT_EQ(test, get(s, data, 8, 0), 5);
	KUNIT_EXPECT_MEMEQ(test, data, "abCDE\xee\xee\xee", 8);
	KUNIT_EXPECT_EQ(test, get(s, data, 8, 4), 1);
	KUNIT_EXPECT_EQ(test, get(s, data, 8, 5), 0);
	KUNIT_EXPECT_EQ(test, put(s, "f", 1, 5), 1);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), 6);
}

/* scull_store_next() finds the next quantum from each position. */
static void test_next(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int quantum = s->allocator.bytes;
	struct scull_place at = {}, before;
	unsigned int i;

	KUNIT_EXPECT_NULL(test, scull_store_next(s, &at));
	/* The last quantum of item 0, the first of item 2, the last of item 64 */
	KUNIT_EXPECT_EQ(test, put(s, "a", 1, s->span - 1), 1);
	KUNIT_EXPECT_EQ(test, put(s, "b", 1, 2 * s->span), 1);
	KUNIT_EXPECT_EQ(test, put(s, "c", 1, 65 * s->span - 1), 1);

	for (i = 0; i < edge_count(s); i++) {
		loff_t pos = edge(s, i), start;
		u8 *data;

		scull_place_find(s, pos, &at);
		before = at;
		data = scull_store_next(s, &at);
		if (pos >= 65 * s->span) {
			KUNIT_EXPECT_NULL(test, data);
			KUNIT_EXPECT_EQ(test, scull_store_seek(s, pos, SEEK_DATA), -ENXIO);
			continue;
		}
		start = pos < s->span ? s->span - quantum :
			pos < 2 * s->span + quantum ? 2 * s->span :
						      65 * s->span - quantum;
		KUNIT_ASSERT_NOT_NULL(test, data);
		KUNIT_EXPECT_EQ(test, at.item * s->span + (u64)at.index * quantum, start);
		/* The offset stays if there is a quantum at the position, and is 0 otherwise. */
		KUNIT_EXPECT_EQ(test, at.offset,
				at.item == before.item && at.index == before.index ?
					before.offset : 0);
		KUNIT_EXPECT_EQ(test, scull_store_seek(s, pos, SEEK_DATA),
				max(pos, start));
	}
}

/* A quantum past the size, which a page fault allocated, is not data. */
static void test_seek(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int quantum = s->allocator.bytes, offset;
	loff_t end = 5LL * quantum;

	KUNIT_EXPECT_EQ(test, scull_store_seek(s, 0, SEEK_DATA), -ENXIO);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, 0, SEEK_HOLE), -ENXIO);

	/* Quantum 0 is data, 1 and 2 are a hole, 3 and 4 are data up to the size. */
	KUNIT_EXPECT_EQ(test, put(s, "a", 1, 0), 1);
	KUNIT_EXPECT_EQ(test, put(s, "b", 1, 3LL * quantum), 1);
	KUNIT_EXPECT_EQ(test, put(s, "c", 1, end - 1), 1);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, scull_store_fill(s, end, &offset));

	KUNIT_EXPECT_EQ(test, scull_store_seek(s, -1, SEEK_DATA), -ENXIO);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, -1, SEEK_HOLE), -ENXIO);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, 0, SEEK_DATA), 0);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, 0, SEEK_HOLE), quantum);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, quantum - 1, SEEK_DATA), quantum - 1);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, quantum - 1, SEEK_HOLE), quantum);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, quantum, SEEK_DATA), 3LL * quantum);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, quantum, SEEK_HOLE), quantum);
	/* From the last byte of a hole within an item: the first byte of the data */
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, 3LL * quantum - 1, SEEK_DATA),
			3LL * quantum);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, 3LL * quantum - 1, SEEK_HOLE),
			3LL * quantum - 1);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, 3LL * quantum, SEEK_HOLE), end);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, end - 1, SEEK_DATA), end - 1);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, end - 1, SEEK_HOLE), end);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, end, SEEK_DATA), -ENXIO);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, end, SEEK_HOLE), -ENXIO);

	/* A hole up to the size, followed by the allocated quantum */
	scull_store_fill(s, end + 2LL * quantum, &offset);
	KUNIT_EXPECT_EQ(test, put(s, "d", 1, end), 1);
	atomic64_set(&s->size, end + 2LL * quantum);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, end + quantum, SEEK_DATA), -ENXIO);
	KUNIT_EXPECT_EQ(test, scull_store_seek(s, end + quantum, SEEK_HOLE), end + quantum);
}

static void test_fill(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int offset, again, i;

	for (i = 0; i < edge_count(s); i++) {
		loff_t pos = edge(s, i);
		u8 *data = scull_store_fill(s, pos, &offset);
		long was = held(test);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, data);
		KUNIT_EXPECT_EQ(test, offset, pos % s->allocator.bytes);
		KUNIT_EXPECT_NULL(test, memchr_inv(data, 0, s->allocator.bytes));
		KUNIT_EXPECT_PTR_EQ(test, scull_store_fill(s, pos, &again), (void *)data);
		KUNIT_EXPECT_EQ(test, again, offset);
		KUNIT_EXPECT_EQ(test, held(test), was);
	}
	KUNIT_EXPECT_EQ(test, scull_store_size(s), 0);
}

/* Of two quanta published for a place the first stays. */
static void test_publish(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int offset, i;
	u8 late;

	for (i = 0; i < edge_count(s); i++) {
		struct scull_place at;
		void *first = scull_store_fill(s, edge(s, i), &offset);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
		scull_place_find(s, edge(s, i), &at);
		KUNIT_EXPECT_PTR_EQ(test, scull_store_publish(s, &at, &late), first);
		KUNIT_EXPECT_PTR_EQ(test, scull_store_next(s, &at), first);
	}
}

/* The rest of a partly written quantum is zero, whatever the memory held before. */
static void test_uncovered(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int quantum = s->allocator.bytes;
	unsigned int len = min_t(unsigned int, quantum, 3 * PAGE_SIZE);
	struct scull_place at = {};
	struct scull_store *before;
	unsigned int offset;
	u8 *data;

	before = scull_store_create(quantum, s->qset, 0, s->stats);
	KUNIT_ASSERT_FALSE(test, IS_ERR(before));
	data = scull_store_fill(before, 0, &offset);
	if (!IS_ERR(data))
		memset(data, 0x77, quantum);
	scull_store_destroy(before);

	data = pattern(test, 0, len);
	if (len > 2) {
		KUNIT_EXPECT_EQ(test, put(s, data + 1, len - 2, 1), len - 2);
		expect_zeros(test, 0, 1);
		expect_pattern(test, 1, len - 2);
		data = scull_store_next(s, &at);
		KUNIT_ASSERT_NOT_NULL(test, data);
		KUNIT_EXPECT_NULL(test, memchr_inv(data + len - 1, 0, quantum - len + 1));
	}
	/* A write that ends with the last byte of a quantum */
	data = pattern(test, 2LL * quantum - len, len);
	KUNIT_EXPECT_EQ(test, put(s, data, len, 2LL * quantum - len), len);
	expect_pattern(test, 2LL * quantum - len, len);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), 2LL * quantum);
}

/* Stores of a mapping past the size read as zeros once the size has grown over them. */
static void test_tail(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int quantum = s->allocator.bytes, offset;
	unsigned int page = min_t(unsigned int, quantum, PAGE_SIZE);
	loff_t end = page / 3;
	u8 *data;

	if (quantum < 32 || (quantum > PAGE_SIZE && quantum % PAGE_SIZE))
		kunit_skip(test, "cannot be mapped, or has no room for this");

	data = scull_store_fill(s, 0, &offset);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, data);
	KUNIT_EXPECT_EQ(test, put(s, pattern(test, 0, end), end, 0), end);
	s->mapped = true;
	memset(data + end, 0x77, page - end);

	/* A write at the size leaves no gap. */
	KUNIT_EXPECT_EQ(test, put(s, "a", 1, end), 1);
	KUNIT_EXPECT_EQ(test, data[end + 1], 0x77);
	end++;
	/* A gap of one byte, and one of three; the bytes after the write do not change. */
	KUNIT_EXPECT_EQ(test, put(s, "a", 1, end + 1), 1);
	KUNIT_EXPECT_EQ(test, byte_of(test, end), 0);
	KUNIT_EXPECT_EQ(test, data[end + 2], 0x77);
	end += 2;
	KUNIT_EXPECT_EQ(test, put(s, "b", 1, end + 3), 1);
	expect_zeros(test, end, end + 3);
	KUNIT_EXPECT_EQ(test, byte_of(test, end + 3), 'b');
	KUNIT_EXPECT_EQ(test, data[end + 4], 0x77);
	end += 4;
	/* A gap up to the last byte of the page, and one across the next page */
	KUNIT_EXPECT_EQ(test, put(s, "c", 1, page - 1), 1);
	expect_zeros(test, end, page - 1);
	KUNIT_EXPECT_EQ(test, data[page - 1], 'c');
	KUNIT_EXPECT_EQ(test, put(s, "d", 1, 3LL * quantum), 1);
	KUNIT_EXPECT_EQ(test, data[page - 1], 'c');
	expect_zeros(test, page, page + 10);
	expect_pattern(test, 0, page / 3);
}

/* A gap that begins in a quantum and ends in the next one */
static void test_tail_to_the_end(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int quantum = s->allocator.bytes, offset;
	unsigned int page = min_t(unsigned int, quantum, PAGE_SIZE);
	u8 *data, *next;

	if (quantum < 16)
		kunit_skip(test, "has no room for this");

	data = scull_store_fill(s, 0, &offset);
	next = scull_store_fill(s, quantum, &offset);
	KUNIT_ASSERT_FALSE(test, IS_ERR(data) || IS_ERR(next));
	KUNIT_EXPECT_EQ(test, put(s, "ab", 2, 0), 2);
	s->mapped = true;
	memset(data + 2, 0x77, page - 2);
	next[0] = 0x77;
	KUNIT_EXPECT_EQ(test, put(s, "c", 1, quantum + 1LL), 1);
	expect_zeros(test, 2, page);
	/* A mapping cannot store past the page of the size, so this is not zeroed. */
	KUNIT_EXPECT_EQ(test, next[0], 0x77);
}

static void test_nowait(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int quantum = s->allocator.bytes;
	u8 *data = kunit_kzalloc(test, 3, GFP_KERNEL);
	loff_t pos = 3LL * quantum - 1;

	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_EXPECT_EQ(test, put_nowait(s, data, 1, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, held(test), 0);
	KUNIT_EXPECT_EQ(test, put(s, data, 1, pos), 1);

	/* Overwriting works up to the last byte of a quantum, and not across it. */
	KUNIT_EXPECT_EQ(test, put_nowait(s, "b", 1, pos), 1);
	KUNIT_EXPECT_EQ(test, byte_of(test, pos), 'b');
	KUNIT_EXPECT_EQ(test, put_nowait(s, "xy", 2, pos), -EAGAIN);
	KUNIT_EXPECT_EQ(test, byte_of(test, pos), 'b');
	KUNIT_EXPECT_EQ(test, put_nowait(s, "xy", 2, pos - quantum), -EAGAIN);
	KUNIT_EXPECT_EQ(test, scull_store_size(s), pos + 1);

	KUNIT_EXPECT_EQ(test, put(s, "c", 1, pos + 1), 1);
	KUNIT_EXPECT_EQ(test, put_nowait(s, "xy", 2, pos), 2);
	KUNIT_EXPECT_EQ(test, byte_of(test, pos + 1), 'y');

	/* The last quantum may extend past the largest offset. */
	KUNIT_EXPECT_EQ(test, put(s, "z", 1, MAX_LFS_FILESIZE - 1), 1);
	KUNIT_EXPECT_EQ(test, put_nowait(s, "xy", 2, MAX_LFS_FILESIZE - 1), 1);
	KUNIT_EXPECT_EQ(test, put_nowait(s, "x", 1, MAX_LFS_FILESIZE), -EFBIG);
}

/* The backend: a whole quantum is accessible, and .page returns its pages. */
static void test_quantum(struct kunit *test)
{
	struct scull_store *s = test->priv;
	unsigned int quantum = s->allocator.bytes, i;
	unsigned int offsets[] = { 0, quantum / 2, quantum - 1 };
	u8 *data = scull_store_fill(s, 0, &i);
	/* Two kernel addresses of one page can alias in the D-cache. */
	bool aliases = is_vmalloc_addr(data) && !scull_backend.mappable;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, data);
	KUNIT_EXPECT_GE(test, s->allocator.footprint, quantum);
	memset(data, 0x77, quantum);
	for (i = 0; !aliases && i < ARRAY_SIZE(offsets); i++) {
		u8 *byte = data + offsets[i], *mapped;

		*byte = 0x33;
		mapped = kmap_local_page(scull_backend.page(data + offsets[i]));
		KUNIT_EXPECT_EQ(test, mapped[offset_in_page(byte)], 0x33);
		kunmap_local(mapped);
		*byte = 0x77;
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(data, 0x77, quantum));
}

static struct kunit_case store_cases[] = {
	KUNIT_CASE_PARAM(test_bytes_at_edges, any_gen_params),
	KUNIT_CASE_PARAM(test_across_edges, quick_gen_params),
	KUNIT_CASE_PARAM(test_the_end, any_gen_params),
	KUNIT_CASE_PARAM(test_size, quick_gen_params),
	KUNIT_CASE_PARAM(test_next, any_gen_params),
	KUNIT_CASE_PARAM(test_seek, quick_gen_params),
	KUNIT_CASE_PARAM(test_fill, quick_gen_params),
	KUNIT_CASE_PARAM(test_publish, quick_gen_params),
	KUNIT_CASE_PARAM(test_uncovered, quick_gen_params),
	KUNIT_CASE_PARAM(test_tail, quick_gen_params),
	KUNIT_CASE_PARAM(test_tail_to_the_end, quick_gen_params),
	KUNIT_CASE_PARAM(test_nowait, quick_gen_params),
	KUNIT_CASE_PARAM(test_quantum, quick_gen_params),
	{}
};

static struct kunit_suite store_suite = {
	.name = KBUILD_MODNAME "-store",
	.init = store_init,
	.exit = store_exit,
	.test_cases = store_cases,
};

kunit_test_suite(store_suite);
