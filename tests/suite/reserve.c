// SPDX-License-Identifier: GPL-2.0-only
/*
 * reserve=N of scullc: N quanta that are put by for when there is no memory.
 */
#include "suite.h"

#define FAILSLAB "/sys/kernel/debug/failslab/"

START_TEST(none_by_default)
{
	load("");
	ck_assert_int_eq(read_long("%s", param_path("reserve")), 0);
}
END_TEST

START_TEST(range)
{
	ck_assert_int_eq(try_load(mod, "reserve=-1"), -EINVAL);
	ck_assert_int_eq(try_load(mod, "reserve=65537"), -EINVAL);
	ck_assert_int_eq(try_load(mod, "reserve=x"), -EINVAL);
	load("reserve=65536 quantum=1");
	put(dev_open(0, O_RDWR), 0, 100, 1);
}
END_TEST

/* With memory to be had, it is as if there were none. */
START_TEST(untouched)
{
	int fd;

	load("reserve=10 quantum=1000 qset=7");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100000, 1);
	expect(fd, 0, 100000, 1);
	adopt(0, 10, 4);
	put(fd, 0, 1000, 2);
	expect(fd, 0, 1000, 2);
	trim(0);
	ck_assert_int_eq(dev_size(fd), 0);
}
END_TEST

/* It counts against the limit from the moment of loading on. */
START_TEST(counts)
{
	long with, without;
	char page[4096] = "";
	int fd;

	ck_assert_int_eq(try_load(mod, "reserve=300 quantum=4096 limit=1"),
			 -ENOSPC);
	must_fail(access(dev_path(0), F_OK), ENOENT);
	load("quantum=4096 limit=1");
	fd = dev_open(0, O_RDWR);
	while (write(fd, page, 4096) == 4096)
		;
	without = dev_size(fd);
	unload_all();
	load("reserve=100 quantum=4096 limit=1");
	fd = dev_open(0, O_RDWR);
	while (write(fd, page, 4096) == 4096)
		;
	ck_assert_int_eq(errno, ENOSPC);
	with = dev_size(fd);
	ck_assert_int_le(with, without - 100 * 4096);
	ck_assert_int_ge(with, without - 110 * 4096);
}
END_TEST

static void write_till_enomem(int n)
{
	char page[4096] = "";
	int fd = dev_open(n, O_WRONLY);

	join_group();
	while (write(fd, page, 4096) == 4096)
		;
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_int_lt(dev_size(fd), 3 << 20);
}

/* It is for when the machine has no memory, and no way around a cgroup. */
START_TEST(not_for_a_full_cgroup)
{
	load("reserve=1000 quantum=4096 limit=0");
	make_group(2 << 20);
	reap(spawn(write_till_enomem, 0));
	trim(0);
	must(rmdir(GROUP));
}
END_TEST

static void failslab(const char *knob, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), FAILSLAB "%s", knob);
	ck_assert_int_eq(write_file(path, value), 0);
}

/* Let the allocations of the cache of quanta fail, all of them and no other. */
static void fail_quanta(bool fail)
{
	if (fail) {
		ck_assert_int_eq(
			write_file("/sys/kernel/slab/scullc/failslab", "1"), 0);
		failslab("cache-filter", "Y");
		failslab("ignore-gfp-wait", "N");
		failslab("verbose", "0");
		failslab("interval", "1");
		failslab("times", "-1");
	}
	failslab("probability", fail ? "100" : "0");
}

START_TEST(for_so_many_quanta)
{
	const int count = 5;
	int fd;

	load("reserve=%d", count);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 2 * DEFAULT_QUANTUM, 1);
	for (int round = 0; round < 2; round++) {
		fail_quanta(true);
		/* In the middle of each, so that the rest must be zeroed. */
		for (int i = 0; i < count; i++)
			put(fd, (10 + i) * DEFAULT_QUANTUM + 100, 100, 2);
		must_fail(pwrite(fd, "x", 1, 30 * DEFAULT_QUANTUM), ENOMEM);
		fail_quanta(false);
		expect(fd, 0, 2 * DEFAULT_QUANTUM, 1);
		for (int i = 0; i < count; i++) {
			long at = (10 + i) * DEFAULT_QUANTUM;

			expect_zeros(fd, at, 100);
			expect(fd, at + 100, 100, 2);
			if (i < count - 1)
				expect_zeros(fd, at + 200,
					     DEFAULT_QUANTUM - 200);
		}
		/* What is freed fills it again. */
		trim(0);
		put(fd, 0, 2 * DEFAULT_QUANTUM, 1);
	}
}
END_TEST

void reserve_tests(TCase *tc)
{
	if (strcmp(mod->name, "scullc"))
		return;
	tcase_add_test(tc, none_by_default);
	tcase_add_test(tc, range);
	tcase_add_test(tc, untouched);
	tcase_add_test(tc, counts);
	tcase_add_test(tc, not_for_a_full_cgroup);
	/* Distribution kernels cannot make allocations fail. */
	if (!access(FAILSLAB "cache-filter", F_OK))
		tcase_add_test(tc, for_so_many_quanta);
}
