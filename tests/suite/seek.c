// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEEK_DATA and SEEK_HOLE, with which programs copy sparse files. A quantum is either
 * data or a hole, and there is a hole at the end.
 */
#include "suite.h"

#define QUANTUM 10
#define QSET 4
#define QUANTA 60
#define SIZE (QUANTA * QUANTUM - 3)

/* The quanta with data: runs across items, single ones, and empty items between */
static bool is_data(int quantum)
{
	return (quantum >= 2 && quantum < 11) || quantum == 13 ||
	       quantum == 28 || quantum == 31 || quantum == 32 || quantum >= 57;
}

static int make_sparse(void)
{
	int fd;

	load("quantum=%d qset=%d", QUANTUM, QSET);
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < QUANTA; i++)
		if (is_data(i))
			put(fd, i * QUANTUM + 3, 4, 1);
	ck_assert_int_eq(dev_size(fd), SIZE);
	return fd;
}

/* The expected result, found byte by byte */
static int next(int off, bool data)
{
	while (off < SIZE && is_data(off / QUANTUM) != data)
		off++;
	return off;
}

START_TEST(every_offset)
{
	int fd = make_sparse();

	for (int off = 0; off < SIZE; off++) {
		int data = next(off, true), hole = next(off, false);

		ck_assert_int_lt(data, SIZE);
		ck_assert_int_eq(must(lseek(fd, off, SEEK_DATA)), data);
		ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), data);
		ck_assert_int_eq(must(lseek(fd, off, SEEK_HOLE)), hole);
		ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), hole);
	}
}
END_TEST

START_TEST(nothing_to_find)
{
	int fd = make_sparse();

	must(lseek(fd, 5, SEEK_SET));
	must_fail(lseek(fd, SIZE, SEEK_DATA), ENXIO);
	must_fail(lseek(fd, SIZE, SEEK_HOLE), ENXIO);
	must_fail(lseek(fd, SIZE + 1000, SEEK_DATA), ENXIO);
	must_fail(lseek(fd, LLONG_MAX, SEEK_HOLE), ENXIO);
	must_fail(lseek(fd, -1, SEEK_DATA), ENXIO);
	must_fail(lseek(fd, -1, SEEK_HOLE), ENXIO);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), 5);
	trim(0);
	must_fail(lseek(fd, 0, SEEK_DATA), ENXIO);
	must_fail(lseek(fd, 0, SEEK_HOLE), ENXIO);
}
END_TEST

START_TEST(all_data)
{
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 1000, 1);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_DATA)), 0);
	ck_assert_int_eq(must(lseek(fd, 999, SEEK_DATA)), 999);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_HOLE)), 1000);
	ck_assert_int_eq(must(lseek(fd, 999, SEEK_HOLE)), 1000);
}
END_TEST

/* At a large offset */
START_TEST(far_data)
{
	long long far = kernel_is_64bit() ? 1LL << 50 : 1LL << 40;
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 10, 1);
	put(fd, far, 10, 1);
	far -= far % DEFAULT_QUANTUM;
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_HOLE)), DEFAULT_QUANTUM);
	ck_assert_int_eq(must(lseek(fd, DEFAULT_QUANTUM, SEEK_DATA)), far);
	ck_assert_int_eq(must(lseek(fd, far + 3, SEEK_DATA)), far + 3);
	ck_assert_int_eq(must(lseek(fd, far / 2, SEEK_DATA)), far);
}
END_TEST

/* Copy as cp and tar do: the copy has the same bytes and the same holes. */
START_TEST(sparse_copy)
{
	int from = make_sparse(), to = dev_open(1, O_RDWR);
	char a[SIZE], b[SIZE];
	long long data, hole = 0;

	while ((data = lseek(from, hole, SEEK_DATA)) >= 0) {
		hole = must(lseek(from, data, SEEK_HOLE));
		ck_assert_int_eq(must(pread(from, a, hole - data, data)),
				 hole - data);
		ck_assert_int_eq(must(pwrite(to, a, hole - data, data)),
				 hole - data);
	}
	ck_assert_int_eq(errno, ENXIO);
	ck_assert_int_eq(dev_size(to), SIZE);
	ck_assert_int_eq(must(pread(from, a, SIZE, 0)), SIZE);
	ck_assert_int_eq(must(pread(to, b, SIZE, 0)), SIZE);
	ck_assert(!memcmp(a, b, SIZE));
	for (int off = 0; off < SIZE; off += 7)
		ck_assert_int_eq(must(lseek(to, off, SEEK_DATA)),
				 next(off, true));
}
END_TEST

void seek_tests(TCase *tc)
{
	tcase_add_test(tc, every_offset);
	tcase_add_test(tc, nothing_to_find);
	tcase_add_test(tc, all_data);
	tcase_add_test(tc, far_data);
	tcase_add_test(tc, sparse_copy);
}
