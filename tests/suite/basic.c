// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open, trim, read, write, seek and append.
 */
#include "suite.h"
#include <sys/sysmacros.h>

/* Geometries that must not make a difference */
static const struct {
	int quantum, qset;
} geometries[] = {
	{ 4000, 1000 }, { 10, 4 },    { 1, 1 },	 { 7, 3 },
	{ 4096, 1 },	{ 65536, 2 }, { 1, 64 }, { 5000, 1 },
};

#define NGEOMETRIES ((int)ARRAY_SIZE(geometries))

/* Load with a geometry. Returns a length that crosses each kind of boundary. */
static size_t load_geometry(int i)
{
	size_t item = (size_t)geometries[i].quantum * geometries[i].qset;
	size_t span = 2 * item + item / 2 + geometries[i].quantum / 2 + 1;

	load("quantum=%d qset=%d", geometries[i].quantum, geometries[i].qset);
	if (span < 100)
		return 100;
	return span < 200000 ? span : 200000;
}

START_TEST(nodes)
{
	load("");
	for (int n = 0; n < 4; n++) {
		struct stat st;

		must(stat(dev_path(n), &st));
		ck_assert(S_ISCHR(st.st_mode));
		ck_assert_int_eq(st.st_mode & 07777, 0600);
		ck_assert_int_eq(minor(st.st_rdev), n);
		dev_close(dev_open(n, O_RDONLY));
		dev_close(dev_open(n, O_WRONLY));
		dev_close(dev_open(n, O_RDWR));
	}
	must_fail(access(dev_path(4), F_OK), ENOENT);
	unload(0);
	must_fail(access(dev_path(0), F_OK), ENOENT);
}
END_TEST

START_TEST(class_links)
{
	char link[256];
	ssize_t len;

	load("devs=2");
	for (int n = 0; n < 2; n++) {
		len = must(readlink(pathf("/sys/class/%s/%s%d", mod->name,
					  mod->name, n),
				    link, sizeof(link) - 1));
		ck_assert_int_gt(len, 0);
	}
	unload(0);
	must_fail(access(pathf("/sys/class/%s", mod->name), F_OK), ENOENT);
}
END_TEST

/* A node made by mknod with the major from /proc/devices, as in the book */
START_TEST(made_by_mknod)
{
	char *devices, *line, path[64], name[32];
	unsigned int major_nr = 0;
	struct stat st;
	int fd;

	load("");
	devices = slurp("/proc/devices");
	snprintf(name, sizeof(name), " %s\n", mod->name);
	line = strstr(devices, name);
	ck_assert_ptr_nonnull(line);
	while (line > devices && line[-1] != '\n')
		line--;
	ck_assert_int_eq(sscanf(line, "%u", &major_nr), 1);
	must(stat(dev_path(1), &st));
	ck_assert_uint_eq(major(st.st_rdev), major_nr);

	snprintf(path, sizeof(path), "/dev/%s-mknod", mod->name);
	unlink(path);
	must(mknod(path, S_IFCHR | 0666, makedev(major_nr, 1)));
	fd = must(open(path, O_RDWR | O_CLOEXEC));
	put(fd, 0, 100, 1);
	must(close(fd));
	fd = dev_open(1, O_RDONLY);
	expect(fd, 0, 100, 1);

	/* There is no device with this minor. */
	unlink(path);
	must(mknod(path, S_IFCHR | 0666, makedev(major_nr, 4)));
	must_fail(open(path, O_RDONLY), ENXIO);
	unlink(path);
	free(devices);
}
END_TEST

START_TEST(starts_empty)
{
	char byte = 'x';
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(dev_size(fd), 0);
	ck_assert_int_eq(must(pread(fd, &byte, 1, 0)), 0);
	ck_assert_int_eq(must(pread(fd, &byte, 1, 1000000)), 0);
	ck_assert_int_eq(byte, 'x');
}
END_TEST

/*
 * One call transfers the whole request, in any geometry. With hardened usercopy the
 * first write is a BUG if the cache has no usercopy region: trap 1.
 */
START_TEST(whole_requests) /* trap 1, trap 5 */
{
	size_t span = load_geometry(_i);
	char *buf = malloc(span + 100);
	int fd = dev_open(0, O_RDWR);

	fill(buf, span, 1, 0);
	ck_assert_int_eq(must(write(fd, buf, span)), span);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), span);
	ck_assert_int_eq(dev_size(fd), span);

	must(lseek(fd, 0, SEEK_SET));
	memset(buf, 0, span);
	ck_assert_int_eq(must(read(fd, buf, span + 100)), span);
	check_fill(buf, span, 1, 0);
	ck_assert_int_eq(must(read(fd, buf, 1)), 0);
	free(buf);
}
END_TEST

START_TEST(small_requests)
{
	size_t span = load_geometry(_i), done;
	char buf[997];
	int fd = dev_open(0, O_RDWR);
	ssize_t ret;

	for (done = 0; done < span; done += ret) {
		size_t len = 1 + done % sizeof(buf);

		len = len < span - done ? len : span - done;
		fill(buf, len, 2, done);
		ret = must(write(fd, buf, len));
		ck_assert_int_eq(ret, len);
	}
	must(lseek(fd, 0, SEEK_SET));
	for (done = 0; done < span; done += ret) {
		size_t len = 1 + (7 * done + 3) % sizeof(buf);

		ret = must(read(fd, buf, len));
		ck_assert_int_eq(ret, len < span - done ? len : span - done);
		check_fill(buf, ret, 2, done);
	}
	ck_assert_int_eq(must(read(fd, buf, 1)), 0);
}
END_TEST

/* Overwriting changes the bytes in its range and no others. */
START_TEST(overwrite)
{
	size_t span = load_geometry(_i);
	size_t from = span / 3, to = span - span / 4;
	int fd = dev_open(0, O_RDWR);

	put(fd, 0, span, 1);
	put(fd, from, to - from, 2);
	expect(fd, 0, from, 1);
	expect(fd, from, to - from, 2);
	expect(fd, to, span - to, 1);
	ck_assert_int_eq(dev_size(fd), span);
}
END_TEST

START_TEST(end_of_file)
{
	char buf[64];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 105, 1);
	ck_assert_int_eq(must(pread(fd, buf, 64, 100)), 5);
	check_fill(buf, 5, 1, 100);
	ck_assert_int_eq(must(pread(fd, buf, 64, 105)), 0);
	ck_assert_int_eq(must(pread(fd, buf, 64, 106)), 0);
	ck_assert_int_eq(must(pread(fd, buf, 64, 1LL << 30)), 0);
}
END_TEST

START_TEST(seek)
{
	char byte;
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100, 1);
	ck_assert_int_eq(must(lseek(fd, 40, SEEK_SET)), 40);
	ck_assert_int_eq(must(read(fd, &byte, 1)), 1);
	check_fill(&byte, 1, 1, 40);
	ck_assert_int_eq(must(lseek(fd, 9, SEEK_CUR)), 50);
	ck_assert_int_eq(must(lseek(fd, -10, SEEK_CUR)), 40);
	ck_assert_int_eq(must(lseek(fd, -1, SEEK_END)), 99);
	ck_assert_int_eq(must(read(fd, &byte, 1)), 1);
	check_fill(&byte, 1, 1, 99);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_END)), 100);

	/* Past the end is a valid position for a write. */
	ck_assert_int_eq(must(lseek(fd, 23, SEEK_END)), 123);
	ck_assert_int_eq(must(read(fd, &byte, 1)), 0);
	fill(&byte, 1, 1, 123);
	ck_assert_int_eq(must(write(fd, &byte, 1)), 1);
	expect(fd, 0, 100, 1);
	expect_zeros(fd, 100, 23);
	expect(fd, 123, 1, 1);
	ck_assert_int_eq(dev_size(fd), 124);
}
END_TEST

/* A seek that fails does not change the position. */
START_TEST(seek_refused) /* trap 3 */
{
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100, 1);
	must(lseek(fd, 50, SEEK_SET));
	must_fail(lseek(fd, -1, SEEK_SET), EINVAL);
	must_fail(lseek(fd, -51, SEEK_CUR), EINVAL);
	must_fail(lseek(fd, -101, SEEK_END), EINVAL);
	must_fail(lseek(fd, LLONG_MIN, SEEK_SET), EINVAL);
	must_fail(lseek(fd, LLONG_MIN, SEEK_CUR), EINVAL);
	must_fail(lseek(fd, LLONG_MIN, SEEK_END), EINVAL);
	must_fail(lseek(fd, 0, 77), EINVAL);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), 50);
}
END_TEST

/* Which ways to open a device trim it */
static const struct {
	int flags;
	bool trims;
} opens[] = {
	{ O_RDONLY, false },
	{ O_RDWR, false },
	{ O_WRONLY | O_APPEND, false },
	{ O_RDWR | O_APPEND, false },
	{ O_RDONLY | O_TRUNC, false },
	{ O_WRONLY, true },
	{ O_WRONLY | O_NONBLOCK, true },
	{ O_WRONLY | O_TRUNC, true },
	{ O_RDWR | O_TRUNC, true },
	{ O_WRONLY | O_APPEND | O_TRUNC, true },
	{ O_RDWR | O_APPEND | O_TRUNC, true },
};

START_TEST(who_trims)
{
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	dev_close(dev_open(0, opens[_i].flags));
	if (opens[_i].trims) {
		ck_assert_int_eq(dev_size(fd), 0);
	} else {
		ck_assert_int_eq(dev_size(fd), 9000);
		expect(fd, 0, 9000, 1);
	}
}
END_TEST

/* The device does not support O_DIRECT: the open fails, and does not trim. */
START_TEST(direct_is_refused)
{
	const int flags[] = { O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_TRUNC };
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	for (int i = 0; i < 4; i++)
		must_fail(open(dev_path(0), flags[i] | O_DIRECT), EINVAL);
	ck_assert_int_eq(dev_size(fd), 9000);
	expect(fd, 0, 9000, 1);
}
END_TEST

/* Files that are open already see a trim. */
START_TEST(trim_under_a_reader)
{
	char buf[16];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 1000, 1);
	must(lseek(fd, 500, SEEK_SET));
	trim(0);
	ck_assert_int_eq(must(read(fd, buf, 16)), 0);
	fill(buf, 16, 2, 500);
	ck_assert_int_eq(must(write(fd, buf, 16)), 16);
	ck_assert_int_eq(dev_size(fd), 516);
	expect_zeros(fd, 0, 500);
	expect(fd, 500, 16, 2);
}
END_TEST

START_TEST(append)
{
	char buf[30];
	int fd, reader;

	load("quantum=10 qset=4");
	reader = dev_open(0, O_RDWR);
	put(reader, 0, 95, 1);
	fd = dev_open(0, O_RDWR | O_APPEND);
	must(lseek(fd, 3, SEEK_SET));
	fill(buf, 30, 1, 95);
	ck_assert_int_eq(must(write(fd, buf, 30)), 30);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), 125);

	/* On Linux pwrite() to a file with O_APPEND ignores the offset. */
	fill(buf, 30, 1, 125);
	ck_assert_int_eq(must(pwrite(fd, buf, 30, 0)), 30);
	ck_assert_int_eq(must(lseek(fd, 0, SEEK_CUR)), 125);
	ck_assert_int_eq(dev_size(reader), 155);
	expect(reader, 0, 155, 1);
}
END_TEST

START_TEST(devices_are_apart)
{
	int fd[4];

	load("");
	for (int n = 0; n < 4; n++) {
		fd[n] = dev_open(n, O_RDWR);
		put(fd[n], 0, 9000 + n, n + 1);
	}
	trim(2);
	for (int n = 0; n < 4; n++) {
		ck_assert_int_eq(dev_size(fd[n]), n == 2 ? 0 : 9000 + n);
		if (n != 2)
			expect(fd[n], 0, 9000 + n, n + 1);
	}
}
END_TEST

START_TEST(data_outlives_close)
{
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	dev_close(fd);
	fd = dev_open(0, O_RDONLY);
	expect(fd, 0, 9000, 1);
	dev_close(fd);
	unload(0);
	load("");
	ck_assert_int_eq(dev_size(dev_open(0, O_RDONLY)), 0);
}
END_TEST

void basic_tests(TCase *tc)
{
	tcase_add_test(tc, nodes);
	tcase_add_test(tc, class_links);
	tcase_add_test(tc, made_by_mknod);
	tcase_add_test(tc, starts_empty);
	tcase_add_loop_test(tc, whole_requests, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, small_requests, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, overwrite, 0, NGEOMETRIES);
	tcase_add_test(tc, end_of_file);
	tcase_add_test(tc, seek);
	tcase_add_test(tc, seek_refused);
	tcase_add_loop_test(tc, who_trims, 0, ARRAY_SIZE(opens));
	tcase_add_test(tc, direct_is_refused);
	tcase_add_test(tc, trim_under_a_reader);
	tcase_add_test(tc, append);
	tcase_add_test(tc, devices_are_apart);
	tcase_add_test(tc, data_outlives_close);
}
