// SPDX-License-Identifier: GPL-2.0-only
/*
 * Concurrent users. Each process does a fixed number of steps; then the contents
 * must be consistent. No test depends on the order of the processes.
 */
#include "suite.h"
#include <signal.h>
#include <sys/wait.h>

#define PROCESSES 4

static void run(void (*fn)(int))
{
	pid_t pid[PROCESSES];

	for (int i = 0; i < PROCESSES; i++)
		pid[i] = spawn(fn, i);
	for (int i = 0; i < PROCESSES; i++)
		reap(pid[i]);
}

/* ---- concurrent writers ---- */

#define REGION 12345

static void write_region(int i)
{
	int fd = dev_open(0, O_RDWR);

	/* In pieces, while the writers of the adjacent regions do the same. */
	for (long off = 0; off < REGION; off += 617) {
		long len = REGION - off < 617 ? REGION - off : 617;

		put(fd, (long)i * REGION + off, len, i);
		expect(fd, (long)i * REGION + off, len, i);
	}
}

START_TEST(writers_side_by_side)
{
	int fd;

	load("quantum=100 qset=7");
	fd = dev_open(0, O_RDWR);
	run(write_region);
	ck_assert_int_eq(dev_size(fd), PROCESSES * REGION);
	for (int i = 0; i < PROCESSES; i++)
		expect(fd, (long)i * REGION, REGION, i);
}
END_TEST

/* ---- concurrent appends ---- */

#define RECORD 37
#define RECORDS 50

static void make_record(char *buf, int writer, int nr)
{
	buf[0] = 'A' + writer;
	buf[1] = nr;
	fill(buf + 2, RECORD - 2, writer, nr);
}

/* Each record is there once and complete, those of a writer in its order. */
static void check_records(int fd)
{
	const int total = PROCESSES * RECORDS;
	char buf[PROCESSES * RECORDS * RECORD];
	int next[PROCESSES] = { 0 };

	ck_assert_int_eq(dev_size(fd), total * RECORD);
	ck_assert_int_eq(must(pread(fd, buf, sizeof(buf), 0)), sizeof(buf));
	for (int i = 0; i < total; i++) {
		char want[RECORD];
		int writer = buf[i * RECORD] - 'A';

		ck_assert_int_ge(writer, 0);
		ck_assert_int_lt(writer, PROCESSES);
		make_record(want, writer, next[writer]++);
		ck_assert_msg(!memcmp(want, buf + i * RECORD, RECORD),
			      "record %d is torn", i);
	}
	for (int i = 0; i < PROCESSES; i++)
		ck_assert_int_eq(next[i], RECORDS);
}

static void write_records(int fd, int writer)
{
	char buf[RECORD];

	for (int i = 0; i < RECORDS; i++) {
		make_record(buf, writer, i);
		ck_assert_int_eq(must(write(fd, buf, RECORD)), RECORD);
	}
}

static void append_records(int i)
{
	write_records(dev_open(0, O_WRONLY | O_APPEND), i);
}

START_TEST(appended_records)
{
	load("quantum=10 qset=4");
	run(append_records);
	check_records(dev_open(0, O_RDONLY));
}
END_TEST

/* An append uses the size at the time it gets the lock, not at the call. */
START_TEST(append_waits_for_writer)
{
	const long long held = HELD_PAGES * page_size();
	struct held *writer;
	pid_t pid;
	int fd;

	load("quantum=1000 qset=4");
	fd = dev_open(0, O_RDWR);
	writer = held_writer(fd);
	pid = spawn(append_records, 1);
	await_blocked(pid);
	held_release(writer);
	reap(pid);
	ck_assert_int_eq(dev_size(fd), held + RECORDS * RECORD);
	expect(fd, 0, held, 1);
}
END_TEST

/* ---- a shared position ---- */

static int shared_fd;

static void write_shared(int i)
{
	write_records(shared_fd, i);
}

START_TEST(shared_position)
{
	load("quantum=10 qset=4");
	shared_fd = dev_open(0, O_WRONLY);
	run(write_shared);
	ck_assert_int_eq(must(lseek(shared_fd, 0, SEEK_CUR)),
			 PROCESSES * RECORDS * RECORD);
	check_records(dev_open(0, O_RDONLY));
}
END_TEST

/* Each byte is read by exactly one of the processes that share the file. */
static void read_shared(int i)
{
	int out = dev_open(1 + i % 2, O_WRONLY | O_APPEND);
	char buf[RECORD];
	ssize_t len;

	while ((len = must(read(shared_fd, buf, RECORD))) > 0) {
		ck_assert_int_eq(len, RECORD);
		check_fill(buf + 1, RECORD - 1, buf[0], 1);
		ck_assert_int_eq(must(write(out, buf, RECORD)), RECORD);
	}
}

START_TEST(shared_reading)
{
	char buf[RECORD];
	long long size;

	load("quantum=10 qset=4");
	shared_fd = dev_open(0, O_RDWR);
	for (int i = 0; i < 100; i++) {
		fill(buf, RECORD, i + 1, 0);
		buf[0] = i + 1;
		ck_assert_int_eq(must(write(shared_fd, buf, RECORD)), RECORD);
	}
	must(lseek(shared_fd, 0, SEEK_SET));
	run(read_shared);
	size = dev_size(dev_open(1, O_RDONLY)) +
	       dev_size(dev_open(2, O_RDONLY));
	ck_assert_int_eq(size, 100 * RECORD);
}
END_TEST

START_TEST(dup_shares_the_position)
{
	int fd, copy;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100, 1);
	copy = must(dup(fd));
	must(lseek(fd, 40, SEEK_SET));
	ck_assert_int_eq(must(lseek(copy, 2, SEEK_CUR)), 42);
	ck_assert_int_eq(must(write(copy, "x", 1)), 1);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), 43);
	close(copy);
}
END_TEST

/* ---- readers, writers and trims ---- */

#define STEPS 60
#define SPAN 3000

/* Each byte is the one that writers put at this offset, or zero. */
static void check_bytes(const char *buf, ssize_t len, long long off)
{
	for (ssize_t i = 0; i < len; i++)
		if (buf[i] && (unsigned char)buf[i] != pattern(1, off + i))
			ck_abort_msg("offset %lld holds 0x%02x", off + i,
				     (unsigned char)buf[i]);
}

static void write_and_read(int seed)
{
	int fd = dev_open(0, O_RDWR);
	char buf[SPAN];

	for (int i = 0; i < STEPS; i++) {
		long long off = (seed * 501 + i * 37) % SPAN;
		ssize_t len = 1 + (seed * 7 + i * 211) % (SPAN - off);

		fill(buf, len, 1, off);
		ck_assert_int_eq(must(pwrite(fd, buf, len, off)), len);
		memset(buf, 0xee, SPAN);
		len = must(pread(fd, buf, SPAN, 0));
		check_bytes(buf, len, 0);
	}
}

static void retrim(int seed)
{
	static const int geometry[][2] = {
		{ 10, 4 }, { 4000, 1000 }, { 7, 3 }, { 4096, 2 }, { 100, 1 },
	};

	for (int i = 0; i < STEPS; i++) {
		const int *g = geometry[(seed + i) % 5];

		adopt(0, g[0], g[1]);
	}
}

static void watch(int seed)
{
	for (int i = 0; i < STEPS / 2; i++) {
		int fd = open(proc_path(seed % 2 ? "mem" : "seq"), O_RDONLY);
		char buf[997];

		while (must(read(fd, buf, sizeof(buf))) > 0)
			;
		close(fd);
	}
}

START_TEST(readers_writers_trimmers) /* trap 2 */
{
	void (*const role[])(int) = { write_and_read, write_and_read, retrim,
				      write_and_read, retrim,	      watch };
	pid_t pid[6];
	int fd;

	load("quantum=10 qset=4");
	for (int i = 0; i < 6; i++)
		pid[i] = spawn(role[i], i);
	for (int i = 0; i < 6; i++)
		reap(pid[i]);

	/* The device still works. */
	adopt(0, 10, 4);
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(dev_size(fd), 0);
	put(fd, 0, SPAN, 2);
	expect(fd, 0, SPAN, 2);
}
END_TEST

/* The text of /proc is well formed while writers run: proc_device() parses it. */
static void parse_proc(int seed)
{
	(void)seed;
	for (int i = 0; i < STEPS / 4; i++)
		proc_device(0);
}

START_TEST(proc_under_writers)
{
	pid_t pid[4];

	load("quantum=10 qset=4");
	for (int i = 0; i < 2; i++)
		pid[i] = spawn(write_and_read, i);
	pid[2] = spawn(parse_proc, 0);
	pid[3] = spawn(parse_proc, 0);
	for (int i = 0; i < 4; i++)
		reap(pid[i]);
	ck_assert_int_le(proc_device(0).size, SPAN);
}
END_TEST

/* ---- load and unload ---- */

/*
 * Use the node as soon as it appears, and wait for the next one once the module is
 * gone.
 */
static void pounce(int seed)
{
	const char *path = dev_path(seed % 4);
	char buf[100];

	fill(buf, sizeof(buf), seed, 0);
	for (;;) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fd < 0) {
			ck_assert_msg(errno == ENOENT || errno == ENXIO ||
					      errno == ENODEV,
				      "open: %s", strerror(errno));
			continue;
		}
		ck_assert_int_eq(must(write(fd, buf, 100)), 100);
		ck_assert_int_eq(must(pread(fd, buf, 100, 0)), 100);
		must(ioctl(fd, SCULL_IOCQQUANTUM));
		must(close(fd));
		while (!access(path, F_OK))
			usleep(1000);
	}
}

START_TEST(used_from_the_first_moment) /* trap 7 */
{
	pid_t pid[2];
	int status;

	for (int i = 0; i < 2; i++)
		pid[i] = spawn(pounce, i);
	for (int i = 0; i < 15; i++) {
		load("quantum=10 qset=4");
		/* Waits until no process has the device open. */
		unload_all();
	}
	for (int i = 0; i < 2; i++) {
		must(kill(pid[i], SIGKILL));
		must(waitpid(pid[i], &status, 0));
		ck_assert_msg(WIFSIGNALED(status), "status 0x%x", status);
	}
}
END_TEST

void concurrency_tests(TCase *tc)
{
	tcase_add_test(tc, writers_side_by_side);
	tcase_add_test(tc, appended_records);
	tcase_add_test(tc, append_waits_for_writer);
	tcase_add_test(tc, shared_position);
	tcase_add_test(tc, shared_reading);
	tcase_add_test(tc, dup_shares_the_position);
	tcase_add_test(tc, readers_writers_trimmers);
	tcase_add_test(tc, proc_under_writers);
	tcase_add_test(tc, used_from_the_first_moment);
}
