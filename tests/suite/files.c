// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other file operations: poll, fsync, truncate, stat, locks, O_NONBLOCK.
 */
#include "suite.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>

static int opened(void)
{
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	return fd;
}

/* Always ready, also at the end and when empty. */
START_TEST(always_ready)
{
	int fd = opened();

	for (int i = 0; i < 2; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
		struct timeval none = { 0 };
		fd_set in, out;

		ck_assert_int_eq(must(poll(&p, 1, -1)), 1);
		ck_assert_int_eq(p.revents, POLLIN | POLLOUT);
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_SET(fd, &in);
		FD_SET(fd, &out);
		ck_assert_int_eq(must(select(fd + 1, &in, &out, NULL, &none)),
				 2);
		trim(0);
	}
}
END_TEST

/* As for a regular file there is nothing to wait for: epoll refuses it. */
START_TEST(epoll_is_refused)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = opened(), epoll = must(epoll_create1(EPOLL_CLOEXEC));

	must_fail(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), EPERM);
	close(epoll);
}
END_TEST

START_TEST(sync_succeeds)
{
	int fd = opened();

	must(fsync(fd));
	must(fdatasync(fd));
	expect(fd, 0, 9000, 1);
}
END_TEST

/* The kernel supports these on regular files only. */
START_TEST(sizes_are_refused)
{
	int fd = opened();

	must_fail(ftruncate(fd, 100), EINVAL);
	must_fail(ftruncate(fd, 0), EINVAL);
	must_fail(truncate(dev_path(0), 100), EINVAL);
	must_fail(fallocate(fd, 0, 0, 100), ENODEV);
	ck_assert_int_eq(dev_size(fd), 9000);
	expect(fd, 0, 9000, 1);
}
END_TEST

START_TEST(stat_of_a_device)
{
	int fd = opened();
	struct stat st;

	must(fstat(fd, &st));
	ck_assert(S_ISCHR(st.st_mode));
	ck_assert_int_eq(st.st_size, 0);
}
END_TEST

START_TEST(locks)
{
	int fd = opened(), other = dev_open(0, O_RDWR);

	must(flock(fd, LOCK_EX));
	must_fail(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	must(flock(fd, LOCK_UN));
	must(flock(other, LOCK_EX | LOCK_NB));
}
END_TEST

/* O_NONBLOCK makes no difference. */
START_TEST(nonblocking)
{
	char buf[100];
	int fd;

	opened();
	fd = dev_open(0, O_RDWR | O_NONBLOCK);
	ck_assert_int_eq(must(read(fd, buf, 100)), 100);
	check_fill(buf, 100, 1, 0);
	put(fd, 20000, 100, 1);
	expect(fd, 20000, 100, 1);
	ck_assert_int_eq(must(pread(fd, buf, 100, 30000)), 0);
}
END_TEST

void file_tests(TCase *tc)
{
	tcase_add_test(tc, always_ready);
	tcase_add_test(tc, epoll_is_refused);
	tcase_add_test(tc, sync_succeeds);
	tcase_add_test(tc, sizes_are_refused);
	tcase_add_test(tc, stat_of_a_device);
	tcase_add_test(tc, locks);
	tcase_add_test(tc, nonblocking);
}
