// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which operations wait for which. One task is stalled inside a system call: by a
 * missing page of its buffer (userfaultfd), by memory.high of its cgroup, or by a FUSE
 * file whose server is stopped. Meanwhile the test does what must not wait for it.
 *
 * If one of these operations did wait, the stalled task would never be released, and
 * the test would reach its time limit.
 */
#include "suite.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <time.h>

#define FRONT ((long long)HELD_PAGES * page_size())
#define SIZE (2 * FRONT) /* of a device before the stalled call */

/* The size that readers must find */
static long long device_size;

static int device(void)
{
	int fd;

	device_size = SIZE;
	load("quantum=%ld qset=4", page_size());
	fd = dev_open(0, O_RDWR);
	put(fd, 0, SIZE, 2);
	return fd;
}

/* ---- calls that stall ---- */

static ssize_t read_front(int fd, void *buf, size_t len)
{
	return pread(fd, buf, len, 0);
}

static ssize_t write_front(int fd, void *buf, size_t len)
{
	return pwrite(fd, buf, len, 0);
}

static ssize_t read_on(int fd, void *buf, size_t len)
{
	return read(fd, buf, len);
}

/* ---- operations that must not wait ---- */

static void do_read(int fd)
{
	expect(fd, FRONT, FRONT, 2);
}

static void do_nowait_read(int fd)
{
	char buf[1000];
	struct iovec iov = { buf, sizeof(buf) };

	ck_assert_int_eq(must(preadv2(fd, &iov, 1, FRONT, RWF_NOWAIT)), 1000);
	check_fill(buf, 1000, 2, FRONT);
}

static void do_splice(int fd)
{
	loff_t off = FRONT;
	char buf[1000];
	int ends[2];

	must(pipe(ends));
	ck_assert_int_eq(must(splice(fd, &off, ends[1], NULL, 1000, 0)), 1000);
	ck_assert_int_eq(must(read(ends[0], buf, 1000)), 1000);
	check_fill(buf, 1000, 2, FRONT);
	close(ends[0]);
	close(ends[1]);
}

static void do_seek(int fd)
{
	long long hole;

	ck_assert_int_eq(dev_size(fd), device_size);
	ck_assert_int_eq(must(lseek(fd, 1, SEEK_DATA)), 1);
	hole = must(lseek(fd, 1, SEEK_HOLE));
	ck_assert(hole == SIZE || (hole > SIZE && hole <= device_size));
}

static void do_proc(int fd)
{
	int proc = must(open(proc_path("mem"), O_RDONLY | O_CLOEXEC));
	char c;

	(void)fd;
	ck_assert_int_eq(proc_device(0).size, device_size);
	/* An offset past the end makes it print all of the text. */
	ck_assert_int_eq(must(pread(proc, &c, 1, 1LL << 40)), 0);
	close(proc);
}

static void do_sysfs(int fd)
{
	(void)fd;
	ck_assert_int_eq(read_long(sysfs_path(0, "size")), device_size);
}

static void do_layout(int fd)
{
	char *text;

	(void)fd;
	if (access(layout_path(0), R_OK))
		return;
	text = slurp(layout_path(0));
	ck_assert_ptr_nonnull(strstr(text, "\n0 0 "));
	free(text);
}

static void (*const readers[])(int fd) = {
	do_read, do_nowait_read, do_splice, do_seek,
	do_proc, do_sysfs,	 do_layout,
};

#define NREADERS ARRAY_SIZE(readers)

static void read_all_ways(int fd)
{
	for (size_t i = 0; i < NREADERS; i++)
		readers[i](fd);
}

/* A write and a trim, which must not wait */
static void write_and_trim(int fd)
{
	struct iovec iov = { "x", 1 };

	put(fd, FRONT, 1000, 3);
	expect(fd, FRONT, 1000, 3);
	ck_assert_int_eq(must(pwritev2(fd, &iov, 1, 0, RWF_NOWAIT)), 1);
	trim(0);
	ck_assert_int_eq(dev_size(fd), 0);
	put(fd, 0, SIZE, 2);
}

static void write_byte(int n)
{
	must(pwrite(dev_open(n, O_RDWR), "x", 1, 0));
}

static void trim_it(int n)
{
	trim(n);
}

/* Writes and trims wait for a stalled writer, and can be killed meanwhile. */
static void writers_wait_killably(int fd)
{
	void (*const waiters[])(int) = { write_byte, trim_it };
	struct iovec iov = { "x", 1 };

	must_fail(pwritev2(fd, &iov, 1, 0, RWF_NOWAIT), EAGAIN);
	for (int i = 0; i < 2; i++) {
		pid_t pid = spawn(waiters[i], 0);
		int status;

		await_blocked(pid);
		ck_assert_int_eq(must(waitpid(pid, &status, WNOHANG)), 0);
		must(kill(pid, SIGKILL));
		must(waitpid(pid, &status, 0));
		ck_assert_msg(WIFSIGNALED(status), "status 0x%x", status);
	}
	/* Those of another device do not wait. */
	write_byte(1);
	trim(1);
}

/* ---- readers and a stalled writer ---- */

START_TEST(readers_beside_a_writer_in_a_fault)
{
	int fd = device();
	struct held *writer = held_writer(fd);

	read_all_ways(fd);
	/* The first half of the write is there. */
	expect(fd, 0, FRONT / 2, 1);
	held_release(writer);
	expect(fd, 0, FRONT, 1);
}
END_TEST

/* An append becomes visible as a whole. */
START_TEST(readers_beside_an_append_in_a_fault)
{
	int fd = device(), log = dev_open(0, O_WRONLY | O_APPEND);
	struct held *writer = held_task(log, HELD_PAGES / 2, write_front);

	read_all_ways(fd);
	held_release(writer);
	ck_assert_int_eq(dev_size(fd), SIZE + FRONT);
}
END_TEST

START_TEST(writers_beside_a_writer_in_a_fault)
{
	int fd = device();
	struct held *writer = held_writer(fd);

	writers_wait_killably(fd);
	held_release(writer);
	write_and_trim(fd);
}
END_TEST

/* ---- all operations and a stalled reader ---- */

START_TEST(all_beside_a_reader_in_a_fault)
{
	int fd = device();
	struct held *reader = held_task(fd, HELD_PAGES / 2, read_front);

	read_all_ways(fd);
	write_and_trim(fd);
	read_all_ways(fd);
	held_release(reader);
}
END_TEST

static long allocated(void)
{
	return read_long(sysfs_path(0, "allocated"));
}

/* The last reader of a trimmed store reads on in it, and then frees it. */
START_TEST(freeing_waits_for_the_last_reader)
{
	int fd = device(), tries = 500;
	struct held *reader[2];
	const char *buf;

	for (int i = 0; i < 2; i++)
		reader[i] = held_task(fd, HELD_PAGES / 2, read_front);
	trim(0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_ge(allocated(), SIZE);
		ck_assert_int_eq(dev_size(fd), 0);
		ck_assert_int_eq(held_end(reader[i], &buf), FRONT);
		/* The page of the fault has the data that was copied to it. */
		check_fill(buf, FRONT, 2, 0);
	}
	/* A worker frees it. */
	while (allocated() && --tries)
		usleep(10000);
	ck_assert_int_eq(allocated(), 0);
}
END_TEST

/* A killed reader frees it, too. */
START_TEST(freeing_after_a_killed_reader)
{
	int fd = device(), tries = 500;
	struct held *reader = held_task(fd, HELD_PAGES / 2, read_front);

	trim(0);
	ck_assert_int_ge(allocated(), SIZE);
	held_kill(reader);
	while (allocated() && --tries)
		usleep(10000);
	ck_assert_int_eq(allocated(), 0);
}
END_TEST

/* /proc and layout are copied to user space without a reference to the store. */
START_TEST(all_beside_a_listing_in_a_fault)
{
	int fd = device(), proc;
	struct held *reader;

	if (_i == 0)
		proc = must(open(proc_path("mem"), O_RDONLY | O_CLOEXEC));
	else if (!access(layout_path(0), R_OK))
		proc = must(open(layout_path(0), O_RDONLY | O_CLOEXEC));
	else
		skip("no debugfs in this kernel");
	reader = held_task(proc, 0, read_on);
	read_all_ways(fd);
	write_and_trim(fd);
	trim(0);
	ck_assert_int_eq(allocated(), 0);
	ck_assert_int_gt(held_end(reader, NULL), 100);
	close(proc);
}
END_TEST

/* ---- a shared open file ---- */

static void read_shared(int fd)
{
	char byte;

	must(read(fd, &byte, 1));
}

/* Only its position is locked, as that of a regular file. */
START_TEST(position_of_a_shared_file)
{
	int fd = device();
	struct held *reader;
	int status;
	pid_t pid;

	must(lseek(fd, 0, SEEK_SET));
	reader = held_task(fd, HELD_PAGES / 2, read_on);
	pid = spawn(read_shared, fd);
	await_blocked(pid);
	ck_assert_int_eq(must(waitpid(pid, &status, WNOHANG)), 0);
	do_read(fd);
	do_nowait_read(fd);
	do_splice(fd);
	read_all_ways(dev_open(0, O_RDONLY));
	write_and_trim(dev_open(0, O_RDWR));
	held_release(reader);
	reap(pid);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), FRONT + 1);
}
END_TEST

/* ---- a writer throttled by memory.high ---- */

#define THROTTLED (16384L * page_size())

/* Fill a hole, so that the size, which readers check, does not change. */
static void write_throttled(int n)
{
	const size_t len = THROTTLED;
	char *zeros =
		must(mmap(NULL, len, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	int fd = dev_open(n, O_RDWR);
	join_group();
	pwrite(fd, zeros, len, SIZE);
}

/* Wait until a task is throttled by memory.high, for two seconds at most. */
static void await_throttled(pid_t pid)
{
	long long start = now_ms();
	char where[64] = "";
	int fd;

	while (!strstr(where, "over_high") && now_ms() < start + 2000) {
		usleep(1000);
		fd = must(open(pathf("/proc/%d/wchan", pid),
			       O_RDONLY | O_CLOEXEC));
		where[must(read(fd, where, sizeof(where) - 1))] = 0;
		close(fd);
	}
}

static long times_slept(void)
{
	struct rusage usage;

	must(getrusage(RUSAGE_SELF, &usage));
	return usage.ru_nvcsw;
}

START_TEST(readers_beside_a_throttled_writer)
{
	int fd = device(), status, slow = 0;
	long long start, was;
	long slept;
	pid_t pid;

	/*
	 * calculate_high_delay() has a product in 32 bits there, and shifts all
	 * bits out.
	 */
	if (sizeof(long) != 8)
		skip("a 32-bit kernel throttles no task");
	/* Quanta that are not allocated in batches: those do not throttle. */
	adopt(0, 2 * page_size(), 4);
	put(fd, 0, SIZE, 2);
	make_group(LONG_MAX);
	if (write_file(GROUP "/memory.high", "1048576")) {
		must(rmdir(GROUP));
		skip("no memory.high in this kernel");
	}
	device_size = SIZE + THROTTLED + 1;
	put(fd, device_size - 1, 1, 2);
	pid = spawn(write_throttled, 0);
	await_throttled(pid);
	/*
	 * The kernel throttles for up to two seconds at a time. A busy machine delays
	 * the reader, too, but does not make it sleep.
	 */
	for (start = now_ms(); now_ms() < start + 3000;) {
		was = now_ms();
		slept = times_slept();
		read_all_ways(fd);
		slow += now_ms() - was > 1000 && times_slept() > slept;
	}
	/*
	 * 7.x throttles a writer of scullv only after its write, and kernels before
	 * 5.18 each writer.
	 */
	if (strcmp(mod->name, "scullv") != 0 && !kernel_before(5, 18))
		ck_assert_int_eq(must(waitpid(pid, &status, WNOHANG)), 0);
	ck_assert_int_eq(slow, 0);
	must(kill(pid, SIGKILL));
	must(waitpid(pid, &status, 0));
	trim(0);
	must(rmdir(GROUP));
}
END_TEST

/* ---- a task that waits for a stopped FUSE server ---- */

static void move_fuse_page(int reads)
{
	size_t len = FUSE_PAGES * page_size();
	char *map = must(mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			      fuse_open(), 0));
	int fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(must(reads ? pread(fd, map, len, 0) :
				      pwrite(fd, map, len, 0)),
			 len);
}

START_TEST(readers_beside_a_writer_in_fuse)
{
	int fd = device();
	struct fuse *fuse = fuse_start(-1);
	pid_t pid;

	pid = spawn(move_fuse_page, false);
	fuse_await_read(fuse);
	read_all_ways(fd);
	writers_wait_killably(fd);
	fuse_go_on(fuse);
	reap(pid);
	expect(fd, 0, FUSE_PAGES * page_size(), 1);
	fuse_end(fuse);
}
END_TEST

START_TEST(all_beside_a_reader_in_fuse)
{
	int fd = device();
	struct fuse *fuse = fuse_start(-1);
	pid_t pid;

	pid = spawn(move_fuse_page, true);
	fuse_await_read(fuse);
	read_all_ways(fd);
	write_and_trim(fd);
	fuse_go_on(fuse);
	reap(pid);
	fuse_end(fuse);
}
END_TEST

/* splice() gets the pages of the file before it calls the device. */
START_TEST(all_beside_a_splice_from_fuse)
{
	int fd = device();
	struct fuse *fuse = fuse_start(-1);
	pid_t pid;

	pid = must(fork());
	if (!pid)
		_exit(sendfile(fd, fuse_open(), NULL, page_size()) !=
		      page_size());
	fuse_await_read(fuse);
	read_all_ways(dev_open(0, O_RDONLY));
	write_and_trim(dev_open(0, O_RDWR));
	fuse_go_on(fuse);
	reap(pid);
	fuse_end(fuse);
}
END_TEST

void wait_tests(TCase *tc)
{
	tcase_add_test(tc, readers_beside_a_writer_in_a_fault);
	tcase_add_test(tc, readers_beside_an_append_in_a_fault);
	tcase_add_test(tc, writers_beside_a_writer_in_a_fault);
	tcase_add_test(tc, all_beside_a_reader_in_a_fault);
	tcase_add_test(tc, freeing_waits_for_the_last_reader);
	tcase_add_test(tc, freeing_after_a_killed_reader);
	tcase_add_loop_test(tc, all_beside_a_listing_in_a_fault, 0, 2);
	tcase_add_test(tc, position_of_a_shared_file);
	tcase_add_test(tc, readers_beside_a_throttled_writer);
	tcase_add_test(tc, readers_beside_a_writer_in_fuse);
	tcase_add_test(tc, all_beside_a_reader_in_fuse);
	tcase_add_test(tc, all_beside_a_splice_from_fuse);
}
