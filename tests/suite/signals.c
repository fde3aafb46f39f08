// SPDX-License-Identifier: GPL-2.0-only
/*
 * A writer that dies on its way. userfaultfd holds it at a chosen byte of its
 * buffer, inside the system call, so nothing here depends on time.
 */
#include "suite.h"
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGES 16

/* A buffer of PAGES pages of pattern in which one page waits for us. */
struct trap {
	char *buf;
	size_t page;
	int hole;
	int uffd;
};

static bool have_userfaultfd(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static struct trap set_trap(int hole)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct trap trap = { .page = page_size(), .hole = hole };
	char *at;

	trap.buf = mmap(NULL, PAGES * trap.page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(trap.buf, MAP_FAILED);
	madvise(trap.buf, PAGES * trap.page, MADV_NOHUGEPAGE);
	fill(trap.buf, PAGES * trap.page, 1, 0);
	at = trap.buf + hole * trap.page;
	must(madvise(at, trap.page, MADV_DONTNEED));

	trap.uffd = must(syscall(SYS_userfaultfd, O_CLOEXEC));
	must(ioctl(trap.uffd, UFFDIO_API, &api));
	reg.range.start = (unsigned long)at;
	reg.range.len = trap.page;
	must(ioctl(trap.uffd, UFFDIO_REGISTER, &reg));
	return trap;
}

/* Wait until somebody stands in the trap. */
static void await_victim(const struct trap *trap)
{
	struct uffd_msg msg;

	ck_assert_int_eq(must(read(trap->uffd, &msg, sizeof(msg))),
			 sizeof(msg));
	ck_assert_int_eq(msg.event, UFFD_EVENT_PAGEFAULT);
}

static void spring(const struct trap *trap)
{
	char *page = malloc(trap->page);
	size_t off = trap->hole * trap->page;
	struct uffdio_copy copy = {
		.dst = (unsigned long)trap->buf + off,
		.src = (unsigned long)page,
		.len = trap->page,
	};

	fill(page, trap->page, 1, off);
	must(ioctl(trap->uffd, UFFDIO_COPY, &copy));
	free(page);
}

/*
 * A child would fault in an address space of its own, which the descriptor
 * does not know; a thread of ours could not be killed alone. So the child
 * shares our memory and is a process all the same.
 */
static pid_t spawn_sharing(int (*fn)(void *), void *arg)
{
	const size_t size = 1 << 16;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(stack, MAP_FAILED);
	return must(clone(fn, stack + size, CLONE_VM | SIGCHLD, arg));
}

struct job {
	const struct trap *trap;
	int fd;
	volatile long ret;
};

static int write_all(void *arg)
{
	struct job *job = arg;

	job->ret = pwrite(job->fd, job->trap->buf, PAGES * job->trap->page, 0);
	return 0;
}

static void kill_and_reap(pid_t pid)
{
	int status;

	must(kill(pid, SIGKILL));
	must(waitpid(pid, &status, 0));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* What came before the byte it died at is there, and nothing else. */
START_TEST(killed_while_writing)
{
	struct trap trap;
	struct job job = { .trap = &trap };
	long long size;
	pid_t pid;

	load(_i ? "quantum=1000 qset=4" : "quantum=40960 qset=4");
	trap = set_trap(PAGES / 2);
	job.fd = dev_open(0, O_RDWR);
	pid = spawn_sharing(write_all, &job);
	await_victim(&trap);
	kill_and_reap(pid);

	size = dev_size(job.fd);
	ck_assert_int_gt(size, (long long)trap.page);
	ck_assert_int_le(size, PAGES / 2 * (long long)trap.page);
	expect(job.fd, 0, size, 1);
	put(job.fd, 200000 + size, 10, 1);
	expect_zeros(job.fd, size, 200000);
	expect(job.fd, 0, size, 1);
	trim(0);
	ck_assert_int_eq(dev_size(job.fd), 0);
	close(trap.uffd);
}
END_TEST

/* One that is only held up goes on and completes. */
START_TEST(held_up_while_writing)
{
	struct trap trap;
	struct job job = { .trap = &trap };
	int status;
	pid_t pid;

	load("quantum=1000 qset=4");
	trap = set_trap(PAGES / 2);
	job.fd = dev_open(0, O_RDWR);
	pid = spawn_sharing(write_all, &job);
	await_victim(&trap);
	spring(&trap);
	must(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(job.ret, PAGES * (long)trap.page);
	expect(job.fd, 0, PAGES * trap.page, 1);
	close(trap.uffd);
}
END_TEST

static void wait_reading(int n)
{
	char buf[100];

	read(dev_open(n, O_RDONLY), buf, sizeof(buf));
}

static void wait_writing(int n)
{
	write(dev_open(n, O_WRONLY | O_APPEND), "x", 1);
}

static void wait_trimming(int n)
{
	trim(n);
}

static void wait_seeking(int n)
{
	lseek(dev_open(n, O_RDONLY), 0, SEEK_END);
}

static void wait_listing(int n)
{
	(void)n;
	free(slurp(proc_path("mem")));
}

/*
 * Whoever waits for a writer that is held up can be killed. They may as well
 * not have to wait; that they do not wait for ever is what counts.
 */
START_TEST(killed_while_waiting)
{
	void (*const waiters[])(int) = { wait_reading, wait_writing,
					 wait_trimming, wait_seeking,
					 wait_listing };
	struct trap trap;
	struct job job = { .trap = &trap };
	pid_t pid;

	load("quantum=1000 qset=4");
	trap = set_trap(PAGES / 2);
	job.fd = dev_open(0, O_RDWR);
	pid = spawn_sharing(write_all, &job);
	await_victim(&trap);
	for (int i = 0; i < 5; i++) {
		pid_t waiter = spawn(waiters[i], 0);
		int status;

		/* Time to come to the lock; too little only weakens this. */
		usleep(50000);
		kill(waiter, SIGKILL);
		must(waitpid(waiter, &status, 0));
	}
	kill_and_reap(pid);
	trim(0);
	put(job.fd, 0, 1000, 2);
	expect(job.fd, 0, 1000, 2);
	close(trap.uffd);
}
END_TEST

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* Signals that are caught do not cut short what needs no waiting. */
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
	if (!have_userfaultfd()) {
		printf("# no userfaultfd in this kernel: nothing is held up\n");
		return;
	}
	tcase_add_loop_test(tc, killed_while_writing, 0, 2);
	tcase_add_test(tc, held_up_while_writing);
	tcase_add_test(tc, killed_while_waiting);
}
