// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalid requests. Each returns its error, and the data of the device is unchanged.
 */
#include "suite.h"
#include <sys/mman.h>

#define SIZE 9000

/* A device with data; each test ends with unharmed(). */
static int victim(const char *params)
{
	int fd;

	load("%s", params);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, SIZE, 1);
	return fd;
}

static void unharmed(int fd)
{
	ck_assert_int_eq(dev_size(fd), SIZE);
	expect(fd, 0, SIZE, 1);
}

static const char *const geometries[] = { "", "quantum=10 qset=4",
					  "quantum=40960 qset=1" };

#define NGEOMETRIES 3

START_TEST(bad_pointers)
{
	int fd = victim(geometries[_i]);
	char *none = mmap(NULL, page_size(), PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *const bad[] = { NULL, (void *)1, BAD_POINTER, none };

	ck_assert_ptr_ne(none, MAP_FAILED);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		must(lseek(fd, 100, SEEK_SET));
		must_fail(write(fd, bad[i], 1), EFAULT);
		must_fail(write(fd, bad[i], 100), EFAULT);
		must_fail(read(fd, bad[i], 1), EFAULT);
		must_fail(read(fd, bad[i], 100), EFAULT);
		must_fail(pwrite(fd, bad[i], 100, SIZE), EFAULT);
		must_fail(pwrite(fd, bad[i], 100, 100 * SIZE), EFAULT);
		ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), 100);
	}
	unharmed(fd);
}
END_TEST

/* A read into a read-only page fails. */
START_TEST(read_only_buffer)
{
	int fd = victim("");
	char *page = must(mmap(NULL, page_size(), PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must_fail(pread(fd, page, 100, 0), EFAULT);
	check_zeros(page, 100, 0);
	/* A write from it works. */
	ck_assert_int_eq(must(pwrite(fd, page, 100, 100)), 100);
	expect_zeros(fd, 100, 100);
	put(fd, 100, 100, 1);
	unharmed(fd);
}
END_TEST

/* An unmapped page follows the buffer: the bytes before it are copied. */
START_TEST(buffer_that_ends)
{
	int fd = victim(geometries[_i]);
	char *buf = fenced(5000);
	ssize_t ret;

	fill(buf, 5000, 2, 0);
	ret = must(pwrite(fd, buf, 8000, 0));
	/* Some architectures stop copying a few bytes before the fault. */
	ck_assert_int_gt(ret, 5000 - 64);
	ck_assert_int_le(ret, 5000);
	expect(fd, 0, ret, 2);
	expect(fd, ret, SIZE - ret, 1);

	put(fd, 0, SIZE, 1);
	ret = must(pread(fd, buf, 8000, 500));
	ck_assert_int_gt(ret, 5000 - 64);
	ck_assert_int_le(ret, 5000);
	check_fill(buf, ret, 1, 500);
	must(lseek(fd, 0, SEEK_SET));
	ret = must(read(fd, buf, 8000));
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), ret);
	unharmed(fd);
}
END_TEST

START_TEST(length_zero)
{
	int fd = victim(geometries[_i]);
	int empty = dev_open(1, O_RDWR);
	char byte = 'x';

	ck_assert_int_eq(must(write(fd, &byte, 0)), 0);
	ck_assert_int_eq(must(pwrite(fd, &byte, 0, 10 * SIZE)), 0);
	ck_assert_int_eq(must(write(fd, NULL, 0)), 0);
	ck_assert_int_eq(must(pread(fd, &byte, 0, 0)), 0);
	ck_assert_int_eq(must(pread(fd, NULL, 0, 0)), 0);
	ck_assert_int_eq(must(writev(fd, NULL, 0)), 0);
	ck_assert_int_eq(byte, 'x');
	/* Not even an item is allocated. */
	ck_assert_int_eq(must(pwrite(empty, &byte, 0, 0)), 0);
	ck_assert_int_eq(must(pwrite(empty, &byte, 0, SIZE)), 0);
	ck_assert_int_eq(dev_size(empty), 0);
	ck_assert_int_eq(proc_device(1).items, 0);
	unharmed(fd);
}
END_TEST

/* Lengths up to INT_MAX, larger than the device and the buffer. */
START_TEST(length_int_max)
{
	int fd = victim(geometries[_i]);
	char *buf = fenced(2 * SIZE);
	volatile size_t enormous = SIZE_MAX;
	ssize_t ret;

	ret = must(pread(fd, buf, INT_MAX, 0));
	ck_assert_int_eq(ret, SIZE);
	check_fill(buf, SIZE, 1, 0);
	ck_assert_int_eq(must(pread(fd, buf, INT_MAX, SIZE)), 0);

	fill(buf, 2 * SIZE, 1, 0);
	ret = must(pwrite(fd, buf, INT_MAX, 0));
	ck_assert_int_gt(ret, 2 * SIZE - 64);
	ck_assert_int_le(ret, 2 * SIZE);
	ck_assert_int_eq(dev_size(fd), ret);
	expect(fd, 0, ret, 1);
	/*
	 * The kernel itself refuses this length or address. The longest request of
	 * a 32-bit program is not too long for a 64-bit kernel.
	 */
	if (sizeof(long) == 8 || !kernel_is_64bit()) {
		ck_assert_int_eq(pread(fd, buf, enormous, 0), -1);
		ck_assert(errno == EINVAL || errno == EFAULT);
		ck_assert_int_eq(pwrite(fd, buf, enormous, 0), -1);
		ck_assert(errno == EINVAL || errno == EFAULT);
	}
	expect(fd, 0, ret, 1);
}
END_TEST

/* The same with a buffer of that length, up to the limit. */
START_TEST(length_int_max_till_full)
{
	long limit = page_size() / 4096;
	char *zeros = mmap(NULL, 1 << 28, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char params[64];
	ssize_t ret;
	int fd;

	snprintf(params, sizeof(params), "quantum=%ld limit=%ld",
		 page_size() - 96, limit);
	fd = victim(params);
	ck_assert_ptr_ne(zeros, MAP_FAILED);
	ret = must(pwrite(fd, zeros, 1 << 28, SIZE));
	ck_assert_int_gt(ret, limit << 18);
	ck_assert_int_le(ret, limit << 20);
	ck_assert_int_eq(dev_size(fd), SIZE + ret);
	must_fail(pwrite(fd, zeros, 1 << 28, SIZE + ret), ENOSPC);
	expect(fd, 0, SIZE, 1);
	expect_zeros(fd, SIZE, ret);
}
END_TEST

START_TEST(negative_offsets) /* trap 3 */
{
	int fd = victim(geometries[_i]);
	const long long bad[] = { -1, -4000, INT_MIN, LLONG_MIN };
	struct iovec iov;
	char byte = 'x';

	iov = (struct iovec){ &byte, 1 };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		must_fail(pwrite(fd, &byte, 1, bad[i]), EINVAL);
		must_fail(pread(fd, &byte, 1, bad[i]), EINVAL);
		must_fail(pwritev(fd, &iov, 1, bad[i]), EINVAL);
		must_fail(preadv(fd, &iov, 1, bad[i]), EINVAL);
		must_fail(lseek(fd, bad[i], SEEK_SET), EINVAL);
	}
	unharmed(fd);
}
END_TEST

/* The largest size of a device of this geometry */
static long long largest(long quantum, long qset)
{
	const unsigned long long words = 1ULL << 32;

	if (kernel_is_64bit())
		return LLONG_MAX;
	/* There an unsigned long is the index of an item, and of a page of a file. */
	if (quantum * qset < page_size())
		return (words - 1) * quantum * qset;
	return (words - 1) * page_size();
}

static const struct {
	int quantum, qset;
} ends[] = { { 1, 1 }, { 10, 4 }, { 4000, 1000 } };

START_TEST(largest_offset) /* trap 3 */
{
	long long end = largest(ends[_i].quantum, ends[_i].qset);
	char buf[2] = { 'x', 'y' };
	int fd, appender;

	load("quantum=%d qset=%d limit=64", ends[_i].quantum, ends[_i].qset);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100, 1);
	ck_assert_int_eq(must(lseek(fd, end - 2, SEEK_SET)), end - 2);
	ck_assert_int_eq(must(read(fd, buf, 2)), 0);
	put(fd, end - 2, 1, 1);
	ck_assert_int_eq(dev_size(fd), end - 1);

	/*
	 * There is room for one byte of two, and then for none. The kernel checks
	 * the offset of pwrite() itself; an append reaches the driver's check.
	 */
	appender = dev_open(0, O_WRONLY | O_APPEND);
	fill(buf, 2, 1, end - 1);
	ck_assert_int_eq(must(pwrite(appender, buf, 2, 0)), 1);
	ck_assert_int_eq(dev_size(fd), end);
	must_fail(pwrite(appender, buf, 1, 0), EFBIG);
	must_fail(pwrite(appender, buf, 2, 0), EFBIG);
	ck_assert_int_eq(must(pwrite(appender, buf, 0, 0)), 0);
	must_fail(lseek(fd, 1, SEEK_END), EINVAL);

	ck_assert_int_eq(dev_size(fd), end);
	expect(fd, 0, 100, 1);
	expect_zeros(fd, 100, 65536);
	expect_zeros(fd, end - 65536, 65534);
	expect(fd, end - 2, 2, 1);
	trim(0);
	ck_assert_int_eq(dev_size(fd), 0);
}
END_TEST

/* Offsets past the largest, which the kernel passes to the driver. */
START_TEST(past_the_largest_offset) /* trap 3 */
{
	long long end = largest(1, 1);
	char buf[2] = { 'x', 'y' };
	int fd;

	load("quantum=1 qset=1");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100, 1);
	if (end < LLONG_MAX) {
		must_fail(pwrite(fd, buf, 1, end), EFBIG);
		must_fail(pwrite(fd, buf, 1, LLONG_MAX - 1), EFBIG);
	}
	/* The kernel refuses these itself: offset + length is negative. */
	must_fail(pwrite(fd, buf, 1, LLONG_MAX), EINVAL);
	must_fail(pread(fd, buf, 1, LLONG_MAX), EINVAL);
	ck_assert_int_eq(must(pread(fd, buf, 1, LLONG_MAX - 1)), 0);
	ck_assert_int_eq(must(pwrite(fd, buf, 0, LLONG_MAX)), 0);
	ck_assert_int_eq(dev_size(fd), 100);
	expect(fd, 0, 100, 1);
}
END_TEST

/* Reading from a write-only file, writing to a read-only one */
START_TEST(wrong_direction)
{
	int fd = victim(""), other;
	char byte;

	other = dev_open(0, O_RDONLY);
	must_fail(write(other, "x", 1), EBADF);
	other = dev_open(0, O_WRONLY | O_APPEND);
	must_fail(read(other, &byte, 1), EBADF);
	unharmed(fd);
}
END_TEST

/* For ioctls see ioctl.c, for parameters params.c. */
void badinput_tests(TCase *tc)
{
	tcase_add_loop_test(tc, bad_pointers, 0, NGEOMETRIES);
	tcase_add_test(tc, read_only_buffer);
	tcase_add_loop_test(tc, buffer_that_ends, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, length_zero, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, length_int_max, 0, NGEOMETRIES);
	tcase_add_test(tc, length_int_max_till_full);
	tcase_add_loop_test(tc, negative_offsets, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, largest_offset, 0, ARRAY_SIZE(ends));
	tcase_add_test(tc, past_the_largest_offset);
	tcase_add_test(tc, wrong_direction);
}
