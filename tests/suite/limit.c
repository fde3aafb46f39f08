// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limit on what a module may hold, and what a write says when it is met.
 */
#include "suite.h"

#define MIB (1L << 20)

/* Quanta of a page, so that bookkeeping is the only thing beside the data. */
static void load_pages(int limit)
{
	load("quantum=%ld qset=64 limit=%d", page_size(), limit);
}

/* Write on until the module says no; what was taken is the answer. */
static long long write_till_full(int fd, int seed)
{
	char buf[16384];
	long long done = dev_size(fd);
	ssize_t ret;

	do {
		fill(buf, sizeof(buf), seed, done);
		ret = pwrite(fd, buf, sizeof(buf), done);
		done += ret > 0 ? ret : 0;
	} while (ret > 0);
	ck_assert_int_eq(ret, -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(dev_size(fd), done);
	return done;
}

static void expect_in_pieces(int fd, long long len, int seed)
{
	for (long long off = 0; off < len; off += 65536)
		expect(fd, off, len - off < 65536 ? len - off : 65536, seed);
}

START_TEST(full)
{
	long long size;
	int fd, second;

	load_pages(2);
	fd = dev_open(0, O_RDWR);
	size = write_till_full(fd, 1);
	ck_assert_int_lt(size, 2 * MIB);
	ck_assert_int_gt(size, 2 * MIB * 9 / 10);
	expect_in_pieces(fd, size, 1);

	/* The limit is the module's: another device is full too. */
	second = dev_open(1, O_RDWR);
	must_fail(pwrite(second, "x", 1, 0), ENOSPC);
	ck_assert_int_eq(dev_size(second), 0);

	/* What is there can be written again; there is no room for more. */
	put(fd, 0, 65536, 2);
	expect(fd, 0, 65536, 2);
	must_fail(pwrite(fd, "x", 1, size + 100 * page_size()), ENOSPC);
	ck_assert_int_eq(dev_size(fd), size);

	/* A trim makes room. */
	trim(0);
	ck_assert_int_eq(write_till_full(second, 3), size);
	expect_in_pieces(second, size, 3);
	ck_assert_int_eq(dev_size(fd), 0);
}
END_TEST

/* Large writes get as far as small ones: the last quanta have room, too. */
START_TEST(to_the_last)
{
	static char buf[262144];
	long long one_by_one, at_once = 0;
	ssize_t ret;
	int fd;

	load("quantum=%ld qset=222 limit=1", page_size());
	fd = dev_open(0, O_RDWR);
	while ((ret = pwrite(fd, buf, 16, dev_size(fd))) == 16)
		must(pwrite(fd, "", 1, dev_size(fd) + page_size() - 17));
	one_by_one = dev_size(fd);
	trim(0);
	while ((ret = pwrite(fd, buf, sizeof(buf), at_once)) > 0)
		at_once += ret;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(at_once, one_by_one);
}
END_TEST

/* A request that meets the limit on its way is cut, and then refused. */
START_TEST(short_count_first)
{
	long len = 3 * MIB;
	char *buf = malloc(len);
	ssize_t ret;
	int fd;

	load_pages(2);
	fd = dev_open(0, O_RDWR);
	fill(buf, len, 1, 0);
	ret = must(write(fd, buf, len));
	ck_assert_int_lt(ret, 2 * MIB);
	ck_assert_int_gt(ret, 2 * MIB * 9 / 10);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), ret);
	ck_assert_int_eq(dev_size(fd), ret);
	must_fail(write(fd, buf, len), ENOSPC);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), ret);
	expect_in_pieces(fd, ret, 1);
	free(buf);
}
END_TEST

/* Bookkeeping counts: small quanta are mostly that. */
START_TEST(bookkeeping_counts)
{
	long long size;
	int fd;

	load("quantum=1 qset=1 limit=1");
	fd = dev_open(0, O_RDWR);
	size = write_till_full(fd, 1);
	/* An item and an array and a byte take more than 32 bytes together. */
	ck_assert_int_lt(size, MIB / 32);
	ck_assert_int_gt(size, 10);
	expect(fd, 0, size, 1);
	trim(0);
	ck_assert_int_eq(write_till_full(fd, 2), size);
}
END_TEST

/* So does an array of a million pointers with one quantum in it. */
START_TEST(large_qset_counts)
{
	int fd;

	load("quantum=1 qset=%d limit=1", MAX_QSET);
	fd = dev_open(0, O_RDWR);
	must_fail(pwrite(fd, "x", 1, 0), ENOSPC);
	ck_assert_int_eq(dev_size(fd), 0);
	adopt(0, 1, 100);
	put(fd, 0, 10, 1);
}
END_TEST

/* So does what the allocator adds: scullp gives 4 pages to hold 3. */
START_TEST(backing_counts)
{
	long quantum = 2 * page_size() + 1;
	long long size;
	int fd;

	load("quantum=%ld qset=16 limit=1", quantum);
	fd = dev_open(0, O_RDWR);
	size = write_till_full(fd, 1);
	if (strcmp(mod->name, "scullc"))
		ck_assert_int_le(size / quantum, MIB / (3 * page_size()));
	else
		ck_assert_int_le(size, MIB);
	expect_in_pieces(fd, size, 1);
}
END_TEST

/* All that was counted is given back: else it is full after some rounds. */
START_TEST(given_back)
{
	long quantum = page_size() / 4 - 24, half = 130 * quantum;
	int fd;

	load("quantum=%ld qset=7 limit=%ld", quantum, page_size() / 4096);
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < 10; i++) {
		put(fd, 0, half, i);
		put(fd, 10 * MIB, 10, i);
		expect(fd, 0, half, i);
		must(pwrite(fd, BAD_POINTER, 10, 5 * MIB) == -1 ? 0 : -1);
		trim(0);
	}
}
END_TEST

/* Also at once, what a write took that came to nothing. */
START_TEST(given_back_after_efault)
{
	long page = page_size(), half = 128 * page;
	int fd;

	load("quantum=%ld qset=10 limit=%ld", page, page / 4096);
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < 600; i++)
		must_fail(pwrite(fd, BAD_POINTER, 10, i * page), EFAULT);
	put(fd, 0, half, 1);
	expect(fd, 0, half, 1);
}
END_TEST

/* Changed at run time, below what is held: no more, but what is there stays. */
START_TEST(lowered)
{
	int fd;

	load_pages(4);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 3 * MIB, 1);
	ck_assert_int_eq(write_file(param_path("limit"), "1\n"), 0);
	must_fail(pwrite(fd, "x", 1, 3 * MIB), ENOSPC);
	put(fd, 0, 65536, 1);
	expect_in_pieces(fd, 3 * MIB, 1);
	ck_assert_int_eq(write_file(param_path("limit"), "5\n"), 0);
	put(fd, 3 * MIB, MIB, 1);
	expect_in_pieces(fd, 4 * MIB, 1);
}
END_TEST

START_TEST(none)
{
	int fd;

	load_pages(1);
	ck_assert_int_eq(write_file(param_path("limit"), "0\n"), 0);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 2 * MIB, 1);
	unload_all();
	load_pages(0);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 2 * MIB, 1);
	expect_in_pieces(fd, 2 * MIB, 1);
}
END_TEST

/* A write that needs memory leaves the machine its headroom, and a trim frees. */
START_TEST(headroom)
{
	char text[32];
	int fd;

	load("quantum=%ld qset=64", page_size());
	fd = dev_open(0, O_RDWR);
	put(fd, 0, MIB, 1);
	/* More than there is */
	snprintf(text, sizeof(text), "%ld\n",
		 sysconf(_SC_PHYS_PAGES) / (MIB / page_size()) + 1);
	ck_assert_int_eq(write_file(param_path("headroom"), text), 0);
	/* What was granted before may be used up first. */
	while (pwrite(fd, "x", 1, dev_size(fd) + page_size()) == 1)
		;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_lt(dev_size(fd),
			 sysconf(_SC_PHYS_PAGES) / 16 * page_size());
	must_fail(pwrite(dev_open(1, O_RDWR), "x", 1, 0), ENOSPC);
	/* What is there can be written again, and thrown away. */
	put(fd, 0, MIB, 2);
	expect(fd, 0, MIB, 2);
	adopt(0, 100, 4);
	/* Less than a page may still be granted, which is room for small quanta. */
	while (pwrite(fd, "x", 1, dev_size(fd) + 100) == 1)
		;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_lt(dev_size(fd), 2 * page_size());
	ck_assert_int_eq(write_file(param_path("headroom"), "0\n"), 0);
	put(fd, 0, MIB / 16, 3);
	expect(fd, 0, MIB / 16, 3);
}
END_TEST

/* A device at its limit can be emptied with any quantum. */
START_TEST(trimmed_when_full)
{
	static const long quanta[] = { 4000, 1, 100, 5000, 65536, 1 << 20 };
	int fd;

	load("quantum=4000 limit=1");
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < 5; i++) {
		for (long long off = 0; pwrite(fd, "x", 1, off) == 1;)
			off += quanta[i];
		ck_assert_int_eq(errno, ENOSPC);
		adopt(0, quanta[i + 1], 10000);
		ck_assert_int_eq(dev_size(fd), 0);
	}
}
END_TEST

#define WRITERS 12

static void greedy(int i)
{
	int fd = dev_open(i % 4, O_RDWR);
	char buf[8192];
	ssize_t ret;

	/* Three share a device, each with a part of its own. */
	for (long long off = i / 4 * 16 * MIB;; off += ret) {
		fill(buf, sizeof(buf), i, off);
		ret = pwrite(fd, buf, sizeof(buf), off);
		if (ret <= 0)
			break;
	}
	ck_assert_int_eq(errno, ENOSPC);
}

/* Many writers meet the limit at once, and none gets past it. */
START_TEST(never_exceeded)
{
	pid_t pid[WRITERS];
	long long held = 0;
	char page[65536];

	load_pages(2);
	for (int i = 0; i < WRITERS; i++)
		pid[i] = spawn(greedy, i);
	for (int i = 0; i < WRITERS; i++)
		reap(pid[i]);

	/* Each part that has data is that writer's from its start to an end. */
	for (int i = 0; i < WRITERS; i++) {
		int fd = dev_open(i % 4, O_RDONLY);
		long long off = i / 4 * 16 * MIB, end = off;
		ssize_t len;

		while ((len = pread(fd, page, page_size(), end)) > 0 &&
		       page[0]) {
			check_fill(page, len, i, end);
			end += len;
		}
		held += end - off;
		dev_close(fd);
	}
	ck_assert_int_le(held, 2 * MIB);
	ck_assert_int_gt(held, MIB);
}
END_TEST

void limit_tests(TCase *tc)
{
	tcase_add_test(tc, full);
	tcase_add_test(tc, to_the_last);
	tcase_add_test(tc, short_count_first);
	tcase_add_test(tc, bookkeeping_counts);
	tcase_add_test(tc, large_qset_counts);
	tcase_add_test(tc, backing_counts);
	tcase_add_test(tc, given_back);
	tcase_add_test(tc, given_back_after_efault);
	tcase_add_test(tc, lowered);
	tcase_add_test(tc, none);
	tcase_add_test(tc, headroom);
	tcase_add_test(tc, trimmed_when_full);
	tcase_add_test(tc, never_exceeded);
}
