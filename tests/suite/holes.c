// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes that were never written read as zeros, whatever the memory held before.
 */
#include "suite.h"

static const int quanta[] = { 100, 4000, 4096, 12288 };

#define NQUANTA ((int)ARRAY_SIZE(quanta))

/* Fill memory and free it, so that allocations return memory that is not zero. */
static void dirty(int n, long quantum, int count)
{
	char *buf = malloc(quantum);
	int fd = dev_open(n, O_WRONLY);

	memset(buf, 0xa5, quantum);
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(must(write(fd, buf, quantum)), quantum);
	dev_close(fd);
	trim(n);
	free(buf);
}

/* One read crosses holes: missing quanta and missing items. */
START_TEST(one_read_through_holes) /* trap 5 */
{
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 5, 3, 1);
	put(fd, 33, 4, 1);
	put(fd, 4001, 7, 1);
	ck_assert_int_eq(dev_size(fd), 4008);
	expect_zeros(fd, 0, 5);
	expect(fd, 5, 3, 1);
	expect_zeros(fd, 8, 25);
	expect(fd, 33, 4, 1);
	expect_zeros(fd, 37, 3964);
	expect(fd, 4001, 7, 1);
}
END_TEST

/* A hole takes no memory, and lookup in it takes no time. */
START_TEST(far_hole)
{
	long long far = kernel_is_64bit() ? 1LL << 50 : 1LL << 31;
	struct proc_device dev;
	int fd;

	load("limit=1");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 10, 1);
	put(fd, far, 10, 1);
	dev = proc_device(0);
	ck_assert_int_eq(dev.size, far + 10);
	ck_assert_int_eq(dev.items, 2);
	expect(fd, 0, 10, 1);
	expect_zeros(fd, 10, 1 << 20);
	expect_zeros(fd, far - (1 << 20), 1 << 20);
	expect(fd, far, 10, 1);
	trim(0);
	ck_assert_int_eq(dev_size(fd), 0);
}
END_TEST

/* Where a write lies in the i-th quantum: at its start, inside, at its end */
static long place(int i, long quantum)
{
	const long places[] = { 0, quantum / 2, quantum - 3 };

	return places[i % 3];
}

START_TEST(nothing_stale_around_a_write) /* trap 4 */
{
	long quantum = in_pages(quanta[_i]);
	int fd;

	load("quantum=%ld", quantum);
	dirty(0, quantum, 64);
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < 32; i++) {
		long at = place(i, quantum);

		put(fd, i * quantum + at, 3, 1);
	}
	put(fd, 32 * quantum, 1, 1);
	for (int i = 0; i < 32; i++) {
		long at = place(i, quantum);

		expect_zeros(fd, i * quantum, at);
		expect(fd, i * quantum + at, 3, 1);
		expect_zeros(fd, i * quantum + at + 3, quantum - at - 3);
	}
}
END_TEST

/* The rest of the last quantum becomes readable when the device grows. */
START_TEST(nothing_stale_past_the_end) /* trap 4 */
{
	long quantum = in_pages(quanta[_i]);
	int fd;

	load("quantum=%ld", quantum);
	dirty(0, quantum, 64);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 1, 1);
	put(fd, quantum - 1, 1, 1);
	expect_zeros(fd, 1, quantum - 2);
	put(fd, 3 * quantum + 5, 1, 1);
	expect_zeros(fd, quantum, 2 * quantum + 5);
}
END_TEST

/* So does the rest of a quantum whose write was cut short by EFAULT. */
START_TEST(nothing_stale_after_a_fault) /* trap 4 */
{
	long quantum = in_pages(quanta[_i]), len = quantum + quantum / 2;
	char *buf = fenced(len);
	ssize_t ret;
	int fd;

	load("quantum=%ld", quantum);
	dirty(0, quantum, 64);
	fd = dev_open(0, O_RDWR);
	fill(buf, len, 1, 0);
	ret = must(pwrite(fd, buf, 4 * quantum, 0));
	ck_assert_int_gt(ret, 0);
	ck_assert_int_le(ret, len);
	ck_assert_int_eq(dev_size(fd), ret);
	expect(fd, 0, ret, 1);
	put(fd, 5 * quantum, 1, 1);
	expect(fd, 0, ret, 1);
	expect_zeros(fd, ret, 5 * quantum - ret);
}
END_TEST

/* The same after a write that stored no byte. */
START_TEST(nothing_stale_after_efault) /* trap 4 */
{
	long quantum = in_pages(quanta[_i]);
	int fd;

	load("quantum=%ld", quantum);
	dirty(0, quantum, 64);
	fd = dev_open(0, O_RDWR);
	must_fail(pwrite(fd, BAD_POINTER, 100, 10), EFAULT);
	ck_assert_int_eq(dev_size(fd), 0);
	put(fd, 2 * quantum, 1, 1);
	expect_zeros(fd, 0, 2 * quantum);
}
END_TEST

void hole_tests(TCase *tc)
{
	tcase_add_test(tc, one_read_through_holes);
	tcase_add_test(tc, far_hole);
	tcase_add_loop_test(tc, nothing_stale_around_a_write, 0, NQUANTA);
	tcase_add_loop_test(tc, nothing_stale_past_the_end, 0, NQUANTA);
	tcase_add_loop_test(tc, nothing_stale_after_a_fault, 0, NQUANTA);
	tcase_add_loop_test(tc, nothing_stale_after_efault, 0, NQUANTA);
}
