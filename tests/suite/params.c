// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters at load and in /sys, and loading and unloading.
 */
#include "suite.h"
#include <sys/sysmacros.h>

START_TEST(defaults)
{
	int fd;

	load("");
	ck_assert_int_eq(read_long(param_path("quantum")), DEFAULT_QUANTUM);
	ck_assert_int_eq(read_long(param_path("qset")), DEFAULT_QSET);
	ck_assert_int_eq(read_long(param_path("devs")), 4);
	ck_assert_int_gt(read_long(param_path("limit")), 0);
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), DEFAULT_QUANTUM);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQSET)), DEFAULT_QSET);
	ck_assert_int_eq(proc_device(0).quantum, DEFAULT_QUANTUM);
	ck_assert_int_eq(proc_device(0).qset, DEFAULT_QSET);
}
END_TEST

/* A line of /proc/meminfo in MiB, 0 if there is none. */
static long meminfo(const char *name)
{
	char *text = slurp("/proc/meminfo");
	char *line = strstr(text, name);
	long kib = line ? atol(line + strlen(name)) : 0;

	free(text);
	return kib / 1024;
}

/*
 * Half of the memory in MiB, within some MiB that the kernel reserves. On a 32-bit
 * kernel half of the low memory; for scullv at most a quarter of the vmalloc area.
 */
START_TEST(default_limit)
{
	bool vmalloced = !strcmp(mod->name, "scullv");
	long wanted = meminfo("MemTotal:") / 2, limit;

	if (!vmalloced)
		wanted -= meminfo("HighTotal:") / 2;
	else if (!kernel_is_64bit() && meminfo("VmallocTotal:") / 4 < wanted)
		wanted = meminfo("VmallocTotal:") / 4;
	load("");
	limit = read_long(param_path("limit"));
	ck_assert_int_ge(limit, wanted - 8);
	ck_assert_int_le(limit, wanted + 8);
}
END_TEST

/* A sixteenth of the memory */
START_TEST(default_headroom)
{
	long wanted = meminfo("MemTotal:") / 16, headroom;

	load("");
	headroom = read_long(param_path("headroom"));
	ck_assert_int_ge(headroom, wanted - 2);
	ck_assert_int_le(headroom, wanted + 2);
}
END_TEST

START_TEST(given_at_load)
{
	int fd;

	load("quantum=10 qset=4 devs=2 limit=3 headroom=7");
	fd = dev_open(1, O_RDWR);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), 10);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQSET)), 4);
	ck_assert_int_eq(proc_device(1).quantum, 10);
	ck_assert_int_eq(proc_device(1).qset, 4);
	must_fail(access(dev_path(2), F_OK), ENOENT);
	ck_assert_int_eq(read_long(param_path("limit")), 3);
	ck_assert_int_eq(read_long(param_path("headroom")), 7);
}
END_TEST

/* 120 is for local use: the kernel never allocates it dynamically. */
START_TEST(major_given)
{
	struct stat st;

	load("major=120");
	must(stat(dev_path(3), &st));
	ck_assert_uint_eq(major(st.st_rdev), 120);
	ck_assert_uint_eq(minor(st.st_rdev), 3);
	unload(0);
	/* Unloading frees the major. */
	load("major=120");
}
END_TEST

START_TEST(order_given)
{
	int fd;

	load("order=2");
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), 4 * page_size());
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQORDER)), 2);
	ck_assert_int_eq(read_long(param_path("order")), 2);
	put(fd, 0, 9 * page_size(), 1);
	expect(fd, 0, 9 * page_size(), 1);
	ck_assert_int_eq(proc_device(0).quantum, 4 * page_size());
	unload_all();
	load("order=%d", order_of(max_quantum()));
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), max_quantum());
	unload_all();
	load("order=0");
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), page_size());
}
END_TEST

START_TEST(many_devices)
{
	int fd;

	load("devs=%d", MAX_DEVS);
	fd = dev_open(MAX_DEVS - 1, O_RDWR);
	put(fd, 0, 9000, 1);
	expect(fd, 0, 9000, 1);
	ck_assert_int_eq(proc_device(MAX_DEVS - 1).size, 9000);
	ck_assert_int_eq(proc_device(0).size, 0);
}
END_TEST

/* Values just out of range, values that overflow, and no numbers */
static const struct bad {
	const char *name, *value;
} bad[] = {
	{ "quantum", "0" },
	{ "quantum", "-1" },
	{ "quantum", "MAX+1" },
	{ "quantum", "2147483647" },
	{ "quantum", "2147483648" },
	{ "quantum", "4294967306" },
	{ "quantum", "x" },
	{ "quantum", "" },
	{ "qset", "0" },
	{ "qset", "-1" },
	{ "qset", "1048577" },
	{ "qset", "2147483648" },
	{ "devs", "0" },
	{ "devs", "-1" },
	{ "devs", "1025" },
	{ "devs", "2147483647" },
	{ "major", "-1" },
	{ "major", "512" },
	{ "limit", "-1" },
	{ "headroom", "-1" },
	{ "headroom", "4294967296" },
	{ "raw_addresses", "2x" },
	/* of scullp and scullv only */
	{ "order", "-1" },
	{ "order", "MAX+1" },
	{ "order", "31" },
	{ "order", "64" },
};

#define NBAD ((int)ARRAY_SIZE(bad))
#define NBAD_ORDER 4

static const char *bad_value(const struct bad *b)
{
	static char value[32];

	if (strcmp(b->value, "MAX+1"))
		return b->value;
	snprintf(value, sizeof(value), "%ld",
		 !strcmp(b->name, "order") ? order_of(max_quantum()) + 1L :
					     max_quantum() + 1);
	return value;
}

/* Loading fails with EINVAL, and leaves nothing registered. */
START_TEST(refused_at_load)
{
	char params[64];

	snprintf(params, sizeof(params), "%s=%s", bad[_i].name,
		 bad_value(&bad[_i]));
	ck_assert_int_eq(try_load(mod, params), -EINVAL);
	must_fail(access(dev_path(0), F_OK), ENOENT);
	must_fail(access(proc_path("mem"), F_OK), ENOENT);
	load("");
	put(dev_open(0, O_RDWR), 0, 100, 1);
}
END_TEST

/* The log names the parameter, the value and the range. */
START_TEST(refusal_is_explained)
{
	const struct {
		const char *name, *value;
		long low, high;
		bool paged;
	} cases[] = {
		{ "quantum", "0", 1, max_quantum(), false },
		{ "qset", "1048577", 1, MAX_QSET, false },
		{ "devs", "1025", 1, MAX_DEVS, false },
		{ "major", "512", 0, MAX_MAJOR, false },
		{ "order", "99", 0, order_of(max_quantum()), true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char params[64], low[32], high[32];
		const char *const words[] = { mod->name,      cases[i].name,
					      cases[i].value, low,
					      high,	      NULL };
		int mark;

		if (cases[i].paged && !mod->paged)
			continue;
		snprintf(params, sizeof(params), "%s=%s", cases[i].name,
			 cases[i].value);
		snprintf(low, sizeof(low), "%ld", cases[i].low);
		snprintf(high, sizeof(high), "%ld", cases[i].high);
		mark = log_mark();
		ck_assert_int_eq(try_load(mod, params), -EINVAL);
		ck_assert_msg(log_has(mark, words),
			      "the log does not explain %s", params);
		close(mark);
	}
}
END_TEST

START_TEST(order_or_quantum)
{
	ck_assert_int_eq(try_load(mod, "order=0 quantum=4096"), -EINVAL);
	ck_assert_int_eq(try_load(mod, "quantum=10 order=1"), -EINVAL);
}
END_TEST

START_TEST(changed_under_sys)
{
	char text[32];
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	ck_assert_int_eq(write_file(param_path("quantum"), "10\n"), 0);
	ck_assert_int_eq(write_file(param_path("qset"), "4\n"), 0);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), 10);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQSET)), 4);

	/* A value set by ioctl shows there. */
	must(ioctl(fd, SCULL_IOCTQUANTUM, 20L));
	ck_assert_int_eq(read_long(param_path("quantum")), 20);

	ck_assert_int_eq(write_file(param_path("quantum"), "0\n"), -EINVAL);
	ck_assert_int_eq(write_file(param_path("quantum"), "-1\n"), -EINVAL);
	snprintf(text, sizeof(text), "%ld\n", max_quantum() + 1);
	ck_assert_int_eq(write_file(param_path("quantum"), text), -EINVAL);
	ck_assert_int_eq(write_file(param_path("qset"), "0\n"), -EINVAL);
	ck_assert_int_eq(write_file(param_path("qset"), "1048577\n"), -EINVAL);
	ck_assert_int_eq(write_file(param_path("limit"), "-1\n"), -EINVAL);
	ck_assert_int_eq(write_file(param_path("headroom"), "-1\n"), -EINVAL);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), 20);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQSET)), 4);

	expect(fd, 0, 9000, 1);
	ck_assert_int_eq(proc_device(0).quantum, DEFAULT_QUANTUM);
	trim(0);
	ck_assert_int_eq(proc_device(0).quantum, 20);
	ck_assert_int_eq(proc_device(0).qset, 4);
}
END_TEST

/* Root may change some parameters; the others are read-only. */
START_TEST(modes_under_sys)
{
	const struct {
		const char *name;
		mode_t mode;
	} files[] = {
		{ "quantum", 0644 },  { "qset", 0644 },	 { "limit", 0644 },
		{ "headroom", 0644 }, { "major", 0444 }, { "devs", 0444 },
	};
	struct stat st;

	load("");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		must(stat(param_path(files[i].name), &st));
		ck_assert_msg((st.st_mode & 07777) == files[i].mode,
			      "%s has mode %o", files[i].name, st.st_mode);
	}
	ck_assert_int_eq(access(param_path("order"), F_OK),
			 mod->paged ? 0 : -1);
}
END_TEST

/* Without an error, nothing is logged. */
START_TEST(silent)
{
	const char *const words[] = { mod->name, NULL };
	int fd, mark;

	/* The first load since boot may log that the module taints the kernel. */
	load("");
	unload(0);
	mark = log_mark();
	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 1000, 1);
	expect(fd, 0, 1000, 1);
	trim(0);
	must(ioctl(fd, SCULL_IOCRESET));
	dev_close(fd);
	unload(0);
	ck_assert_msg(!log_has(mark, words), "the log has something to tell");
	close(mark);
}
END_TEST

/* ---- loading and unloading ---- */

START_TEST(loaded_twice)
{
	int fd;

	load("quantum=10");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 1000, 1);
	ck_assert_int_eq(try_load(mod, "quantum=20"), -EEXIST);
	expect(fd, 0, 1000, 1);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), 10);
}
END_TEST

START_TEST(same_major)
{
	const struct module *mine = mod, *other = other_module();
	int fd;

	load("major=120");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	ck_assert_int_eq(try_load(other, "major=120"), -EBUSY);
	expect(fd, 0, 9000, 1);

	/* The failed load left nothing registered: another one works. */
	mod = other;
	must_fail(access(dev_path(0), F_OK), ENOENT);
	must_fail(access(proc_path("mem"), F_OK), ENOENT);
	load("");
	mod = mine;
	expect(fd, 0, 9000, 1);
}
END_TEST

START_TEST(unloading_while_open)
{
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	ck_assert_int_eq(try_unload(mod, 0), -EWOULDBLOCK);
	expect(fd, 0, 9000, 1);
	put(fd, 9000, 9000, 1);
	dev_close(fd);
	unload(0);
	must_fail(access(dev_path(0), F_OK), ENOENT);
	must_fail(access(proc_path("mem"), F_OK), ENOENT);
	must_fail(access(proc_path("seq"), F_OK), ENOENT);
}
END_TEST

/* Unload with data, more than once. */
START_TEST(load_and_unload)
{
	for (int i = 0; i < 5; i++) {
		load("quantum=%d qset=%d devs=%d", 1 + 999 * i, 1 + 3 * i,
		     1 + i);
		put(dev_open(i, O_RDWR), 0, 1000 * i + 10, i);
		unload_all();
	}
}
END_TEST

void param_tests(TCase *tc)
{
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, default_limit);
	tcase_add_test(tc, default_headroom);
	tcase_add_test(tc, given_at_load);
	tcase_add_test(tc, major_given);
	tcase_add_test(tc, many_devices);
	tcase_add_loop_test(tc, refused_at_load, 0,
			    mod->paged ? NBAD : NBAD - NBAD_ORDER);
	tcase_add_test(tc, refusal_is_explained);
	tcase_add_test(tc, changed_under_sys);
	tcase_add_test(tc, modes_under_sys);
	tcase_add_test(tc, silent);
	tcase_add_test(tc, loaded_twice);
	tcase_add_test(tc, same_major);
	tcase_add_test(tc, unloading_while_open);
	tcase_add_test(tc, load_and_unload);
	if (mod->paged) {
		tcase_add_test(tc, order_given);
		tcase_add_test(tc, order_or_quantum);
	}
}
