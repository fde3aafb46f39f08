// SPDX-License-Identifier: GPL-2.0-only
/*
 * readv, writev and the like. Drivers with only read and write callbacks jumped to
 * NULL here, or returned 0: trap 5.
 */
#include "suite.h"

#define TOTAL 1003

/* Split a buffer into pieces of odd lengths, one of them empty. */
static int cut(char *buf, struct iovec *iov, int step)
{
	int n = 0;

	for (int off = 0; off < TOTAL; n++) {
		int len = n == 2 ? 0 : 1 + (off * 5 + n) % step;

		len = len < TOTAL - off ? len : TOTAL - off;
		iov[n] = (struct iovec){ buf + off, len };
		off += len;
	}
	return n;
}

START_TEST(writev_readv) /* trap 5 */
{
	char buf[TOTAL];
	struct iovec iov[1024];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	fill(buf, TOTAL, 1, 0);
	ck_assert_int_eq(must(writev(fd, iov, cut(buf, iov, 61))), TOTAL);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), TOTAL);
	expect(fd, 0, TOTAL, 1);

	memset(buf, 0, TOTAL);
	must(lseek(fd, 0, SEEK_SET));
	ck_assert_int_eq(must(readv(fd, iov, cut(buf, iov, 33))), TOTAL);
	check_fill(buf, TOTAL, 1, 0);
	ck_assert_int_eq(must(readv(fd, iov, 3)), 0);
}
END_TEST

START_TEST(preadv_pwritev)
{
	char buf[TOTAL];
	struct iovec iov[1024];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	fill(buf, TOTAL, 1, 77);
	ck_assert_int_eq(must(pwritev(fd, iov, cut(buf, iov, 61), 77)), TOTAL);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), 0);
	ck_assert_int_eq(dev_size(fd), 77 + TOTAL);
	expect_zeros(fd, 0, 77);

	memset(buf, 0, TOTAL);
	ck_assert_int_eq(must(preadv(fd, iov, cut(buf, iov, 33), 77)), TOTAL);
	check_fill(buf, TOTAL, 1, 77);
}
END_TEST

START_TEST(preadv2_pwritev2)
{
	char buf[TOTAL];
	struct iovec iov[1024];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	fill(buf, TOTAL, 1, 0);

	/* Offset -1 is the position of the file. */
	ck_assert_int_eq(must(pwritev2(fd, iov, cut(buf, iov, 61), -1, 0)),
			 TOTAL);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), TOTAL);
	must(lseek(fd, 0, SEEK_SET));
	memset(buf, 0, TOTAL);
	ck_assert_int_eq(must(preadv2(fd, iov, cut(buf, iov, 33), -1, 0)),
			 TOTAL);
	check_fill(buf, TOTAL, 1, 0);

	fill(buf, TOTAL, 1, TOTAL);
	ck_assert_int_eq(
		must(pwritev2(fd, iov, cut(buf, iov, 61), 0, RWF_APPEND)),
		TOTAL);
	ck_assert_int_eq(dev_size(fd), 2 * TOTAL);
	expect(fd, 0, 2 * TOTAL, 1);

	/* There is no backing storage to wait for. */
	ck_assert_int_eq(must(pwritev2(fd, iov, 4, TOTAL, RWF_DSYNC)),
			 iov[0].iov_len + iov[1].iov_len + iov[3].iov_len);
	expect(fd, 0, 2 * TOTAL, 1);
	must_fail(preadv2(fd, iov, 1, 0, 1 << 30), EOPNOTSUPP);
}
END_TEST

START_TEST(as_many_as_there_may_be)
{
	char buf[1024];
	struct iovec iov[1024];
	int fd;

	load("quantum=7 qset=3");
	fd = dev_open(0, O_RDWR);
	fill(buf, 1024, 1, 0);
	for (int i = 0; i < 1024; i++)
		iov[i] = (struct iovec){ buf + i, 1 };
	ck_assert_int_eq(must(writev(fd, iov, 1024)), 1024);
	memset(buf, 0, 1024);
	ck_assert_int_eq(must(preadv(fd, iov, 1024, 0)), 1024);
	check_fill(buf, 1024, 1, 0);
}
END_TEST

/* A bad piece ends the transfer; those before it are transferred. */
START_TEST(bad_piece)
{
	char buf[300];
	struct iovec iov[3] = {
		{ buf, 100 },
		{ NULL, 100 },
		{ buf + 200, 100 },
	};
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 300, 1);
	fill(buf, 300, 2, 0);
	ck_assert_int_eq(must(pwritev(fd, iov, 3, 0)), 100);
	expect(fd, 0, 100, 2);
	expect(fd, 100, 200, 1);
	ck_assert_int_eq(must(preadv(fd, iov, 3, 100)), 100);
	check_fill(buf, 100, 1, 100);
	must_fail(pwritev(fd, iov + 1, 2, 0), EFAULT);
	must_fail(preadv(fd, iov + 1, 2, 0), EFAULT);
	expect(fd, 0, 100, 2);
	ck_assert_int_eq(dev_size(fd), 300);
}
END_TEST

void vector_tests(TCase *tc)
{
	tcase_add_test(tc, writev_readv);
	tcase_add_test(tc, preadv_pwritev);
	tcase_add_test(tc, preadv2_pwritev2);
	tcase_add_test(tc, as_many_as_there_may_be);
	tcase_add_test(tc, bad_piece);
}
