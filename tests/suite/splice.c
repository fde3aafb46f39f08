// SPDX-License-Identifier: GPL-2.0-only
/*
 * splice, sendfile, tee and vmsplice: transfers between a device and pipes or files.
 */
#include "suite.h"
#include <sys/mman.h>
#include <sys/sendfile.h>

#define TOTAL 30000

static int devices(int *other)
{
	int fd;

	load("quantum=100 qset=7");
	fd = dev_open(0, O_RDWR);
	*other = dev_open(1, O_RDWR);
	put(fd, 0, TOTAL, 1);
	return fd;
}

static int memory_file(void)
{
	return must(memfd_create("scull", MFD_CLOEXEC));
}

/* sendfile() may return a short count; go on from there. */
static void send_all(int out, int in, size_t len)
{
	while (len) {
		ssize_t ret = must(sendfile(out, in, NULL, len));

		ck_assert_int_gt(ret, 0);
		len -= ret;
	}
}

/* Below 6.0 the kernel sends regular files only, whatever the device is. */
static void need_sendfile(void)
{
	if (kernel_before(6, 0))
		skip("this kernel sends regular files only");
}

START_TEST(sendfile_out)
{
	int other, fd = devices(&other), file = memory_file();
	off_t off = 1000;

	need_sendfile();
	send_all(file, fd, TOTAL);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), TOTAL);
	expect(file, 0, TOTAL, 1);
	ck_assert_int_eq(must(sendfile(file, fd, NULL, 100)), 0);
	must(lseek(file, 0, SEEK_SET));
	ck_assert_int_eq(must(sendfile(file, fd, &off, 500)), 500);
	ck_assert_int_eq(off, 1500);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), TOTAL);
	close(file);
}
END_TEST

START_TEST(sendfile_in)
{
	int other, fd = devices(&other), file = memory_file();

	put(file, 0, TOTAL, 2);
	must(lseek(fd, 500, SEEK_SET));
	must(lseek(file, 500, SEEK_SET));
	send_all(fd, file, TOTAL - 500);
	expect(fd, 0, 500, 1);
	expect(fd, 500, TOTAL - 500, 2);
	ck_assert_int_eq(dev_size(fd), TOTAL);
	close(file);
}
END_TEST

START_TEST(device_to_device)
{
	int other, fd = devices(&other);

	need_sendfile();
	/* With a hole, which is sent as zeros */
	put(fd, TOTAL + 5000, 10, 1);
	send_all(other, fd, TOTAL + 5010);
	ck_assert_int_eq(dev_size(other), TOTAL + 5010);
	expect(other, 0, TOTAL, 1);
	expect_zeros(other, TOTAL, 5000);
	expect(other, TOTAL + 5000, 10, 1);
}
END_TEST

START_TEST(through_a_pipe)
{
	int other, fd = devices(&other), ends[2];
	loff_t in = 123, out = 777;
	size_t len = TOTAL - 123;
	char *buf = malloc(TOTAL);

	must(pipe(ends));
	for (size_t done = 0, moved; done < len; done += moved) {
		moved = must(splice(fd, &in, ends[1], NULL, len - done, 0));
		ck_assert_uint_gt(moved, 0);
		for (size_t left = moved; left;)
			left -= must(
				splice(ends[0], NULL, other, &out, left, 0));
	}
	ck_assert_int_eq(in, TOTAL);
	ck_assert_int_eq(out, 777 + len);
	ck_assert_int_eq(must(splice(fd, &in, ends[1], NULL, 100, 0)), 0);
	expect_zeros(other, 0, 777);
	ck_assert_int_eq(must(pread(other, buf, len, 777)), len);
	check_fill(buf, len, 1, 123);
	free(buf);
}
END_TEST

/*
 * Pages of a device in a pipe: the requested bytes, at any offset and of any length,
 * and zeros for holes.
 */
START_TEST(pages_in_a_pipe)
{
	size_t page = page_size(), pages = 24, len = pages * page, hole = 5;
	static const long from[] = { 0, 1, 100, -1, 0 };
	char *buf = malloc(len);
	int fd, ends[2];

	load("quantum=%zu qset=3", _i ? 3 * page : page);
	fd = dev_open(0, O_RDWR);
	/* A hole of one quantum, and one at the end */
	put(fd, 0, hole * page, 1);
	put(fd, (hole + 4) * page, len - (hole + 4) * page - 50, 1);
	must(pipe(ends));
	must(fcntl(ends[1], F_SETPIPE_SZ, 2 * len));
	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		loff_t off = (from[i] + page) % page, at = off;
		size_t want = len - 50 - at, first = hole * page, got;

		/* More than the default size of a pipe */
		for (got = 0; got < want;) {
			ssize_t moved = must(splice(fd, &off, ends[1], NULL,
						    want - got + 100, 0));

			ck_assert_int_gt(moved, 0);
			got += moved;
		}
		ck_assert_uint_eq(got, want);
		ck_assert_int_eq(off, len - 50);
		ck_assert_int_eq(must(splice(fd, &off, ends[1], NULL, 1, 0)),
				 0);
		for (got = 0; got < want;)
			got += must(read(ends[0], buf + got, want - got));
		check_fill(buf, first - at, 1, at);
		for (size_t n = first; n < (hole + 4) * page; n++)
			ck_assert_int_eq(buf[n - at], 0);
		check_fill(buf + (hole + 4) * page - at,
			   len - 50 - (hole + 4) * page, 1, (hole + 4) * page);
	}
	close(ends[0]);
	close(ends[1]);
	free(buf);
}
END_TEST

/* A splice to a full pipe with SPLICE_F_NONBLOCK does not wait. */
START_TEST(pipe_is_full)
{
	size_t page = page_size();
	int fd, ends[2];
	loff_t off = 100, first;
	char byte;

	load("quantum=%zu", page);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 64 * page, 1);
	must(pipe2(ends, O_NONBLOCK));
	must(fcntl(ends[1], F_SETPIPE_SZ, 4 * page));
	/*
	 * A partly filled page takes a whole buffer of the pipe. So three pages have
	 * room; three pages' worth that begins inside a page needs four buffers.
	 */
	first = mod->paged ? 3 * page - 100 : 3 * page;
	must(write(ends[1], "x", 1));
	ck_assert_int_eq(must(splice(fd, &off, ends[1], NULL, 64 * page, 0)),
			 first);
	must_fail(splice(fd, &off, ends[1], NULL, page, SPLICE_F_NONBLOCK),
		  EAGAIN);
	ck_assert_int_eq(off, 100 + first);
	ck_assert_int_eq(must(read(ends[0], &byte, 1)), 1);
	ck_assert_int_eq(byte, 'x');
	ck_assert_int_eq(must(splice(fd, &off, ends[1], NULL, 64 * page, 0)),
			 page);
	ck_assert_int_eq(off, 100 + first + page);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/*
 * A pipe references its pages beyond a trim: they are not used for anything else. A
 * write before the trim shows in the pipe if that references the device's pages.
 */
START_TEST(pipe_outlives_trim)
{
	size_t page = page_size(), len = 8 * page;
	bool pages = mod->paged && _i;
	char *buf = malloc(len);
	int fd, ends[2];
	loff_t off = 0;

	load("quantum=%zu", _i ? page : page / 40);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, len, 1);
	must(pipe(ends));
	ck_assert_int_eq(must(splice(fd, &off, ends[1], NULL, len, 0)), len);
	put(fd, page, page, 2);
	trim(0);
	for (int n = 0; n < 4; n++)
		put(dev_open(n, O_RDWR), 0, 16 * page, 3 + n);
	for (size_t got = 0; got < len;)
		got += must(read(ends[0], buf + got, len - got));
	check_fill(buf, page, 1, 0);
	check_fill(buf + page, page, pages ? 2 : 1, page);
	check_fill(buf + 2 * page, len - 2 * page, 1, 2 * page);
	close(ends[0]);
	close(ends[1]);
	free(buf);
}
END_TEST

/* tee() duplicates a stream to two devices. */
START_TEST(vmsplice_and_tee)
{
	int other, fd = devices(&other), a[2], b[2];
	char *buf = malloc(20000);
	struct iovec iov = { buf, 20000 };
	loff_t to = 0;

	must(pipe(a));
	must(pipe(b));
	fill(buf, 20000, 3, 0);
	ck_assert_int_eq(must(vmsplice(a[1], &iov, 1, 0)), 20000);
	ck_assert_int_eq(must(tee(a[0], b[1], 20000, 0)), 20000);
	while (to < 20000)
		must(splice(a[0], NULL, fd, &to, 20000 - to, 0));
	for (to = 0; to < 20000;)
		must(splice(b[0], NULL, other, &to, 20000 - to, 0));
	expect(fd, 0, 20000, 3);
	expect(fd, 20000, TOTAL - 20000, 1);
	expect(other, 0, 20000, 3);
	ck_assert_int_eq(dev_size(other), 20000);
	free(buf);
}
END_TEST

/* splice() to a device at its limit */
START_TEST(splice_to_a_full_device)
{
	int fd, file = memory_file();
	ssize_t ret, sent = 0;

	load("limit=1 quantum=%ld", page_size());
	fd = dev_open(0, O_RDWR);
	must(ftruncate(file, 2 << 20));
	while ((ret = sendfile(fd, file, NULL, 1 << 20)) > 0)
		sent += ret;
	ck_assert_int_eq(ret, -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(dev_size(fd), sent);
	ck_assert_int_gt(sent, 1 << 18);
	expect_zeros(fd, 0, sent);
	close(file);
}
END_TEST

/*
 * copy_file_range() is for regular files only. It fails with EINVAL, at which programs
 * fall back to read and write.
 */
START_TEST(copy_file_range_is_refused)
{
	int other, fd = devices(&other), file = memory_file();

	must_fail(copy_file_range(fd, NULL, other, NULL, 100, 0), EINVAL);
	must_fail(copy_file_range(fd, NULL, file, NULL, 100, 0), EINVAL);
	must_fail(copy_file_range(file, NULL, fd, NULL, 100, 0), EINVAL);
	ck_assert_int_eq(dev_size(other), 0);
	expect(fd, 0, TOTAL, 1);
	close(file);
}
END_TEST

void splice_tests(TCase *tc)
{
	tcase_add_test(tc, sendfile_out);
	tcase_add_test(tc, device_to_device);
	tcase_add_test(tc, sendfile_in);
	tcase_add_test(tc, through_a_pipe);
	tcase_add_loop_test(tc, pages_in_a_pipe, 0, 2);
	tcase_add_test(tc, pipe_is_full);
	tcase_add_loop_test(tc, pipe_outlives_trim, 0, 2);
	tcase_add_test(tc, vmsplice_and_tee);
	tcase_add_test(tc, splice_to_a_full_device);
	tcase_add_test(tc, copy_file_range_is_refused);
}
