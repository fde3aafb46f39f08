// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/scullXmem and /proc/scullXseq: the exact text, without a size limit, the same
 * for reads of any size, and without kernel addresses.
 */
#include "suite.h"
#include <linux/capability.h>
#include <sys/mman.h>

/* Skip a literal, or fail. */
static const char *literal(const char *s, const char *text)
{
	size_t len = strlen(text);

	ck_assert_msg(!strncmp(s, text, len), "'%.40s' where '%s' belongs", s,
		      text);
	return s + len;
}

/* %p prints all digits, %8p at least 8 columns. */
static const char *pointer(const char *s, size_t width,
			   unsigned long long *value)
{
	size_t blanks = strspn(s, " ");
	size_t len = blanks + strspn(s + blanks, "0123456789abcdef");

	ck_assert_msg(len > blanks && len >= width && (!blanks || width == 8),
		      "'%.40s' is no pointer", s);
	*value = strtoull(s, NULL, 16);
	return s + len;
}

/* Called for each pointer in a file */
typedef void (*pointer_fn)(unsigned long long value, void *data);

static const char *parse_device(const char *s, int n, struct proc_device *dev,
				pointer_fn fn, void *data)
{
	const size_t width = kernel_is_64bit() ? 16 : 8;
	unsigned long long value;
	char head[128];
	int got;

	memset(dev, 0, sizeof(*dev));
	dev->first = -1;
	got = sscanf(s, "\nDevice %*d: qset %ld, q %ld, sz %lld\n", &dev->qset,
		     &dev->quantum, &dev->size);
	ck_assert_msg(got == 3, "'%.60s' is no device", s);
	snprintf(head, sizeof(head), "\nDevice %d: qset %ld, q %ld, sz %lld\n",
		 n, dev->qset, dev->quantum, dev->size);
	s = literal(s, head);
	for (; !strncmp(s, "  item", 6); dev->items++) {
		ck_assert_int_eq(dev->quanta, 0);
		s = pointer(literal(s, "  item at "), width, &value);
		fn(value, data);
		s = pointer(literal(s, ", qset at "), width, &value);
		fn(value, data);
		s = literal(s, "\n");
		/* Only the last item has lines of its own. */
		for (; !strncmp(s, "    ", 4); dev->quanta++) {
			long index = strtol(s, NULL, 10);

			snprintf(head, sizeof(head), "    % 4ld: ", index);
			s = pointer(literal(s, head), 8, &value);
			fn(value, data);
			s = literal(s, "\n");
			ck_assert_int_gt(index, dev->quanta ? dev->last : -1);
			ck_assert_int_lt(index, dev->qset);
			if (!dev->quanta)
				dev->first = index;
			dev->last = index;
		}
	}
	return s;
}

/* Parse a whole file: all devices in order, and nothing else. */
static struct proc_device parse(const char *text, int n, int ndevs,
				pointer_fn fn, void *data)
{
	struct proc_device dev, found = { 0 };

	for (int i = 0; i < ndevs; i++) {
		text = parse_device(text, i, &dev, fn, data);
		if (i == n)
			found = dev;
	}
	ck_assert_str_eq(text, "");
	return found;
}

static void ignore(unsigned long long value, void *data)
{
	(void)value;
	(void)data;
}

struct proc_device proc_device(int n)
{
	int ndevs = read_long(param_path("devs"));
	char *text = slurp(proc_path("mem"));
	struct proc_device dev = parse(text, n, ndevs, ignore, NULL);

	free(text);
	return dev;
}

START_TEST(two_files_one_text)
{
	char *mem, *seq;
	struct stat st;

	load("quantum=10 qset=4");
	put(dev_open(0, O_RDWR), 0, 500, 1);
	put(dev_open(2, O_RDWR), 100, 7, 1);
	mem = slurp(proc_path("mem"));
	seq = slurp(proc_path("seq"));
	ck_assert_str_eq(mem, seq);
	must(stat(proc_path("mem"), &st));
	ck_assert_int_eq(st.st_mode & 07777, 0444);
	must(stat(proc_path("seq"), &st));
	ck_assert_int_eq(st.st_mode & 07777, 0444);
	free(mem);
	free(seq);
}
END_TEST

START_TEST(empty_devices)
{
	char *text;

	load("devs=2 quantum=10 qset=4");
	text = slurp(proc_path("seq"));
	ck_assert_str_eq(text, "\nDevice 0: qset 4, q 10, sz 0\n"
			       "\nDevice 1: qset 4, q 10, sz 0\n");
	free(text);
}
END_TEST

/* Neither empty items nor holes are shown. */
START_TEST(sparse_device)
{
	struct proc_device dev;
	int fd;

	load("quantum=10 qset=100");
	fd = dev_open(3, O_RDWR);
	put(fd, 0, 1, 1);
	put(fd, 7000 + 30, 1, 1);
	put(fd, 7000 + 120, 11, 1);
	dev = proc_device(3);
	ck_assert_int_eq(dev.size, 7131);
	ck_assert_int_eq(dev.items, 2);
	ck_assert_int_eq(dev.quanta, 3);
	ck_assert_int_eq(dev.first, 3);
	ck_assert_int_eq(dev.last, 13);
	ck_assert_int_eq(proc_device(0).items, 0);
}
END_TEST

/* A size that overflows an int */
START_TEST(large_size)
{
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 3LL << 30, 5, 1);
	ck_assert_int_eq(proc_device(0).size, (3LL << 30) + 5);
	ck_assert_int_eq(proc_device(0).items, 1);
}
END_TEST

static size_t long_text(void)
{
	/* Fewer for scullv, where a byte takes more than a page. */
	return !strcmp(mod->name, "scullv") ? 400 : 2000;
}

/* Much more than a page of text */
START_TEST(without_limit) /* trap 8 */
{
	size_t items = long_text();
	struct proc_device dev;
	char *text;

	load("quantum=1 qset=1");
	put(dev_open(0, O_RDWR), 0, items, 1);
	put(dev_open(1, O_RDWR), 0, items / 2, 1);
	text = slurp(proc_path("mem"));
	ck_assert_uint_gt(strlen(text), 40 * items);
	dev = parse(text, 0, 4, ignore, NULL);
	ck_assert_int_eq(dev.items, items);
	dev = parse(text, 1, 4, ignore, NULL);
	ck_assert_int_eq(dev.items, items / 2);
	free(text);
}
END_TEST

/* The same text in small reads, in reads at any offset, and after a seek back. */
START_TEST(however_it_is_read) /* trap 8 */
{
	size_t size, done;
	char *text, buf[4096];
	ssize_t ret;
	int fd;

	load("quantum=1 qset=1");
	put(dev_open(0, O_RDWR), 0, long_text(), 1);
	text = slurp(proc_path("seq"));
	size = strlen(text);
	fd = must(open(proc_path("seq"), O_RDONLY | O_CLOEXEC));
	for (done = 0; (ret = must(read(fd, buf, 61))) > 0; done += ret)
		ck_assert(!memcmp(buf, text + done, ret));
	ck_assert_uint_eq(done, size);
	for (size_t off = size - 1; off > size / 5; off -= size / 5) {
		size_t len = size - off < 61 ? size - off : 61;

		ck_assert_int_eq(must(pread(fd, buf, 61, off)), len);
		ck_assert(!memcmp(buf, text + off, len));
	}
	must(lseek(fd, 0, SEEK_SET));
	ret = must(read(fd, buf, sizeof(buf)));
	ck_assert_int_gt(ret, 0);
	ck_assert(!memcmp(buf, text, ret));
	ck_assert_int_eq(must(pread(fd, buf, 1, size + 10)), 0);
	close(fd);
	free(text);
}
END_TEST

/* The files are read-only. */
START_TEST(read_only)
{
	int fd;

	load("");
	put(dev_open(0, O_RDWR), 0, 100, 1);
	fd = open(proc_path("mem"), O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		/* Root may open it for writing; the write fails. */
		must_fail(write(fd, "x", 1), EIO);
		close(fd);
	} else {
		ck_assert_int_eq(errno, EACCES);
	}
	ck_assert_int_eq(proc_device(0).size, 100);
}
END_TEST

/* ---- addresses ---- */

struct pointers {
	int count;
	unsigned long long value[64];
};

static void collect(unsigned long long value, void *data)
{
	struct pointers *all = data;

	ck_assert_int_lt(all->count, 64);
	all->value[all->count++] = value;
}

static struct pointers pointers(const char *text)
{
	struct pointers all = { 0 };

	parse(text, 0, 1, collect, &all);
	return all;
}

/* Some debugging options make the kernel print real addresses for %p. */
static bool kernel_hashes(void)
{
	char *text = slurp("/proc/cmdline");
	bool off = strstr(text, "no_hash_pointers") ||
		   strstr(text, "hash_pointers=never") ||
		   strstr(text, "slub_debug") || strstr(text, "slab_debug");

	free(text);
	return !off;
}

/*
 * Items and qsets are aligned to 4 bytes at least, so the last two bits of their
 * addresses are zero. That those of all 20 hashes are has a chance of one in 2^40.
 */
#define NITEMS 10

static bool are_real(const struct pointers *all)
{
	ck_assert_int_eq(all->count, 2 * NITEMS + 1);
	for (int i = 0; i < 2 * NITEMS; i++)
		if (all->value[i] & 3)
			return false;
	return true;
}

static void load_for_pointers(const char *params)
{
	int fd;

	load("devs=1 quantum=10 qset=4 %s", params);
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < NITEMS; i++)
		put(fd, 40LL * i, 1, 1);
}

START_TEST(hashed_pointers) /* trap 8 */
{
	struct pointers all;
	char *text;

	load_for_pointers("");
	text = slurp(proc_path("mem"));
	all = pointers(text);
	if (kernel_hashes())
		ck_assert(!are_real(&all));
	for (int i = 0; i < all.count; i++) {
		ck_assert_uint_ne(all.value[i], 0);
		/* A hash has 32 bits. */
		if (kernel_hashes())
			ck_assert_uint_eq(all.value[i] >> 16 >> 16, 0);
	}
	free(text);
}
END_TEST

static char *slurp_fd(int fd)
{
	char *text = calloc(1, 65536);

	must(pread(fd, text, 65535, 0));
	return text;
}

/* With raw_addresses=1, a file opened with CAP_SYSLOG shows real addresses. */
START_TEST(raw_addresses) /* trap 8 */
{
	struct pointers all, hashed;
	int privileged, unprivileged;

	load_for_pointers("raw_addresses=1");
	privileged = must(open(proc_path("mem"), O_RDONLY | O_CLOEXEC));
	all = pointers(slurp_fd(privileged));
	ck_assert(are_real(&all));

	drop_cap(CAP_SYSLOG);
	unprivileged = must(open(proc_path("mem"), O_RDONLY | O_CLOEXEC));
	hashed = pointers(slurp_fd(unprivileged));
	if (kernel_hashes()) {
		ck_assert(!are_real(&hashed));
		for (int i = 0; i < all.count; i++)
			ck_assert_uint_ne(hashed.value[i], all.value[i]);
	}
	hashed = pointers(slurp_fd(privileged));
	ck_assert(are_real(&hashed));
	close(privileged);
	close(unprivileged);
}
END_TEST

void proc_tests(TCase *tc)
{
	tcase_add_test(tc, two_files_one_text);
	tcase_add_test(tc, empty_devices);
	tcase_add_test(tc, sparse_device);
	tcase_add_test(tc, large_size);
	tcase_add_test(tc, without_limit);
	tcase_add_test(tc, however_it_is_read);
	tcase_add_test(tc, read_only);
	tcase_add_test(tc, hashed_pointers);
	tcase_add_test(tc, raw_addresses);
}
