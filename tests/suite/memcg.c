// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory is charged to the memory cgroup of the writer, and the end of what
 * that may have is an error for the writer and the death of nobody.
 */
#include "suite.h"

#define ROOT "/sys/fs/cgroup"
#define GROUP ROOT "/scull"
#define MIB (1L << 20)

static void make_group(const char *max)
{
	int ret = write_file(ROOT "/cgroup.subtree_control", "+memory");

	ck_assert_msg(!ret, "cgroup2 with memory control at " ROOT ": %s",
		      strerror(-ret));
	rmdir(GROUP);
	must(mkdir(GROUP, 0755));
	ck_assert_int_eq(write_file(GROUP "/memory.max", max), 0);
}

static void join(void)
{
	ck_assert_int_eq(write_file(GROUP "/cgroup.procs", "0"), 0);
}

static long event(const char *name)
{
	char *text = slurp(GROUP "/memory.events");
	char line[64];
	char *found;
	long count;

	snprintf(line, sizeof(line), "\n%s ", name);
	found = strstr(text, line);
	ck_assert_ptr_nonnull(found);
	count = atol(found + strlen(line));
	free(text);
	return count;
}

/* Write on until there is no memory; the parent looks at what was taken. */
static void write_till_enomem(int n)
{
	char buf[16384];
	int fd = dev_open(n, O_WRONLY);
	long long done = 0;
	ssize_t ret;

	join();
	do {
		fill(buf, sizeof(buf), 1, done);
		ret = write(fd, buf, sizeof(buf));
		done += ret > 0 ? ret : 0;
	} while (ret > 0 && done < 64 * MIB);
	ck_assert_int_eq(ret, -1);
	ck_assert_int_eq(errno, ENOMEM);
	/* Having been refused is not the end of a process, or of a device. */
	ck_assert_int_eq(dev_size(fd), done);
	ck_assert_int_gt(done, MIB);
}

START_TEST(enomem_and_nobody_killed)
{
	long long size;
	int fd;

	load("limit=0");
	make_group("8388608");
	reap(spawn(write_till_enomem, 0));
	ck_assert_int_eq(event("oom_kill"), 0);
	ck_assert_int_gt(event("max"), 0);

	fd = dev_open(0, O_RDWR);
	size = dev_size(fd);
	ck_assert_int_lt(size, 9 * MIB);
	for (long long off = 0; off + 65536 <= size; off += 65536)
		expect(fd, off, 65536, 1);
	/* Who is not in the group may go on. */
	put(fd, size, 65536, 1);
	put(dev_open(1, O_RDWR), 0, 65536, 2);
	trim(0);
	must(rmdir(GROUP));
}
END_TEST

static void write_four_mib(int n)
{
	int fd = dev_open(n, O_WRONLY);

	join();
	for (int i = 0; i < 64; i++)
		put(fd, i * 65536, 65536, 1);
}

static long current(void)
{
	return read_long(GROUP "/memory.current");
}

START_TEST(charged_and_given_back)
{
	int tries = 500;

	load("");
	make_group("max");
	reap(spawn(write_four_mib, 0));
	ck_assert_int_ge(current(), 4 * MIB);
	trim(0);
	/* What is freed may pass through the caches of a CPU first. */
	while (current() > 2 * MIB && --tries)
		usleep(10000);
	ck_assert_int_le(current(), 2 * MIB);
	must(rmdir(GROUP));
}
END_TEST

#define SMALL 16000L

static void write_small(int n)
{
	int fd = dev_open(n, O_WRONLY);

	join();
	for (long off = 0; off < SMALL; off += 1000)
		put(fd, off, 1000, 1);
}

/*
 * With quanta of a byte it is the bookkeeping that is charged. An item, its
 * array and its object have at least 40 bytes together, and all of them more
 * than what the kernel charges ahead of use.
 */
START_TEST(bookkeeping_is_charged)
{
	long before;

	load("quantum=1 qset=1");
	make_group("max");
	before = current();
	reap(spawn(write_small, 0));
	ck_assert_int_ge(current() - before, SMALL * 40);
	trim(0);
	must(rmdir(GROUP));
}
END_TEST

void memcg_tests(TCase *tc)
{
	tcase_add_test(tc, enomem_and_nobody_killed);
	tcase_add_test(tc, charged_and_given_back);
	/* Elsewhere a byte takes a page, and nothing else would be seen. */
	if (!mod->paged)
		tcase_add_test(tc, bookkeeping_is_charged);
}
