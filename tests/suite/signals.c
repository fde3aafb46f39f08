// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks that get signals, or are killed, while they write or wait for the lock.
 */
#include "suite.h"
#include <signal.h>
#include <sys/wait.h>

/* A killed writer leaves the bytes that it had stored, and no others. */
START_TEST(killed_while_writing)
{
	struct held *writer;
	long long size;
	int fd;

	load(_i ? "quantum=1000 qset=4" : "quantum=40960 qset=4");
	fd = dev_open(0, O_RDWR);
	writer = held_writer(fd);
	held_kill(writer);

	size = dev_size(fd);
	ck_assert_int_gt(size, page_size());
	ck_assert_int_le(size, HELD_PAGES / 2 * page_size());
	expect(fd, 0, size, 1);
	put(fd, 200000 + size, 10, 1);
	expect_zeros(fd, size, 200000);
	expect(fd, 0, size, 1);
	trim(0);
	ck_assert_int_eq(dev_size(fd), 0);
}
END_TEST

/* A writer that is stalled and released completes. */
START_TEST(held_up_while_writing)
{
	int fd;

	load("quantum=1000 qset=4");
	fd = dev_open(0, O_RDWR);
	held_release(held_writer(fd));
	expect(fd, 0, HELD_PAGES * page_size(), 1);
}
END_TEST

static void wait_writing(int n)
{
	write(dev_open(n, O_WRONLY | O_APPEND), "x", 1);
}

static void wait_trimming(int n)
{
	trim(n);
}

/* A task that waits for the lock of a stalled writer can be killed. */
START_TEST(killed_while_waiting)
{
	void (*const waiters[])(int) = { wait_writing, wait_trimming };
	struct held *writer;
	int fd;

	load("quantum=1000 qset=4");
	fd = dev_open(0, O_RDWR);
	writer = held_writer(fd);
	for (int i = 0; i < 2; i++) {
		pid_t waiter = spawn(waiters[i], 0);
		int status;

		await_blocked(waiter);
		must(kill(waiter, SIGKILL));
		must(waitpid(waiter, &status, 0));
		ck_assert_msg(WIFSIGNALED(status), "status 0x%x", status);
	}
	held_kill(writer);
	trim(0);
	put(fd, 0, 1000, 2);
	expect(fd, 0, 1000, 2);
}
END_TEST

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* A signal with a handler does not cut a transfer short. */
START_TEST(caught_signals)
{
	struct sigaction action = { .sa_handler = on_alarm };
	const size_t len = 1 << 20;
	char *buf = malloc(len);
	pid_t pester, parent = getpid();
	int fd, status;

	load("quantum=1000 qset=100");
	fd = dev_open(0, O_RDWR);
	must(sigaction(SIGUSR1, &action, NULL));
	pester = must(fork());
	if (!pester)
		while (!kill(parent, SIGUSR1))
			usleep(1000);
	for (int i = 0; i < 20 || !alarms; i++) {
		ssize_t ret;

		fill(buf, len, i, 0);
		ret = must(pwrite(fd, buf, len, 0));
		ck_assert_int_eq(ret, len);
		memset(buf, 0, len);
		ck_assert_int_eq(must(pread(fd, buf, len, 0)), len);
		check_fill(buf, len, i, 0);
	}
	must(kill(pester, SIGKILL));
	while (waitpid(pester, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	free(buf);
}
END_TEST

void signal_tests(TCase *tc)
{
	tcase_add_test(tc, caught_signals);
	tcase_add_loop_test(tc, killed_while_writing, 0, 2);
	tcase_add_test(tc, held_up_while_writing);
	tcase_add_test(tc, killed_while_waiting);
}
