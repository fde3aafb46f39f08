// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limit on the memory of a module, and the result of a write that reaches it.
 */
#include "suite.h"

#define MIB (1L << 20)

/* Quanta of a page, so that only bookkeeping is charged besides the data. */
static void load_pages(int limit)
{
	load("quantum=%ld qset=64 limit=%d", page_size(), limit);
}

/* Append until ENOSPC. Returns the size of the device then. */
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

	/* The limit is that of the module: another device is full too. */
	second = dev_open(1, O_RDWR);
	must_fail(pwrite(second, "x", 1, 0), ENOSPC);
	ck_assert_int_eq(dev_size(second), 0);

	/* Data can be overwritten; nothing more can be allocated. */
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

/* Large writes fill a device as far as small ones do. */
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

/* A write that reaches the limit returns a short count, the next one ENOSPC. */
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

/* Bookkeeping is charged: of small quanta, it is most of the memory. */
START_TEST(bookkeeping_counts)
{
	long long size;
	int fd;

	load("quantum=1 qset=1 limit=1");
	fd = dev_open(0, O_RDWR);
	size = write_till_full(fd, 1);
	/* An item, its array and a quantum of a byte take more than 32 bytes. */
	ck_assert_int_lt(size, MIB / 32);
	ck_assert_int_gt(size, 10);
	expect(fd, 0, size, 1);
	trim(0);
	ck_assert_int_eq(write_till_full(fd, 2), size);
}
END_TEST

/* So is an array of a million pointers with one quantum in it. */
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

/*
 * The charge of a quantum is its allocation size, not more and not less: neither of
 * these is a power of two. A sixteenth of the limit is allowed for bookkeeping, and
 * because the last quantum does not fit.
 */
START_TEST(backing_counts)
{
	long scale = page_size() / 4096, limit = MIB * scale;
	/* Five pages, or an object of which six fill a slab of 32 KiB */
	long quantum = mod->paged ? 4 * page_size() + 1 : 5000 * scale;
	long footprint = mod->paged ? 5 * page_size() : 32768 * scale / 6;
	long long size;
	int fd;

	load("quantum=%ld qset=16 limit=%ld", quantum, limit / MIB);
	fd = dev_open(0, O_RDWR);
	size = write_till_full(fd, 1);
	ck_assert_int_le(size / quantum, limit / footprint);
	ck_assert_int_ge(size / quantum, (limit - limit / 16) / footprint);
	expect_in_pieces(fd, size, 1);
}
END_TEST

/* A trim uncharges all: otherwise the limit is reached after some rounds. */
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

/* So does a write that fails, at once. */
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

/* A limit below the memory in use refuses more, and the data stays. */
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

/* A write fails while the available memory is below the headroom. */
START_TEST(headroom)
{
	char text[32];
	int fd;

	load("quantum=%ld qset=64", page_size());
	fd = dev_open(0, O_RDWR);
	put(fd, 0, MIB, 1);
	/* More than the machine has */
	snprintf(text, sizeof(text), "%ld\n",
		 sysconf(_SC_PHYS_PAGES) / (MIB / page_size()) + 1);
	ck_assert_int_eq(write_file(param_path("headroom"), text), 0);
	/* Memory that was granted before may be used first. */
	while (pwrite(fd, "x", 1, dev_size(fd) + page_size()) == 1)
		;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_lt(dev_size(fd),
			 sysconf(_SC_PHYS_PAGES) / 16 * page_size());
	must_fail(pwrite(dev_open(1, O_RDWR), "x", 1, 0), ENOSPC);
	/* Data can be overwritten and trimmed. */
	put(fd, 0, MIB, 2);
	expect(fd, 0, MIB, 2);
	adopt(0, 100, 4);
	/* Less than a page may still be granted: enough for small quanta. */
	while (pwrite(fd, "x", 1, dev_size(fd) + 100) == 1)
		;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_lt(dev_size(fd), 2 * page_size());
	ck_assert_int_eq(write_file(param_path("headroom"), "0\n"), 0);
	put(fd, 0, MIB / 16, 3);
	expect(fd, 0, MIB / 16, 3);
}
END_TEST

/* At the limit a trim works, whatever quantum the device adopts. */
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

	/* Three writers share a device, each with a range of its own. */
	for (long long off = i / 4 * 16 * MIB;; off += ret) {
		fill(buf, sizeof(buf), i, off);
		ret = pwrite(fd, buf, sizeof(buf), off);
		if (ret <= 0)
			break;
	}
	ck_assert_int_eq(errno, ENOSPC);
}

/* Concurrent writers do not exceed the limit. */
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

	/* Each range has data of its writer up to some offset, and none after it. */
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
