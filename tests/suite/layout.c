// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/scullX/N/layout: the address of each quantum.
 */
#include "suite.h"
#include <linux/capability.h>
#include <signal.h>
#include <sys/wait.h>

#define DEBUG "/sys/kernel/debug"

struct line {
	unsigned long item, index;
	unsigned long long address;
	unsigned long frame, pages;
	int node, contiguous;
	char frames[4096];
};

/* Parse a line, which must be complete. Returns the next, or NULL at the end. */
static const char *parse(const char *s, struct line *l)
{
	int used = 0;

	ck_assert_int_eq(sscanf(s, "%lu %lu %llx %lu %lu %d %d %4095s\n%n",
				&l->item, &l->index, &l->address, &l->frame,
				&l->pages, &l->node, &l->contiguous, l->frames,
				&used),
			 8);
	ck_assert_int_gt(used, 0);
	return s[used] ? s + used : NULL;
}

/* Check the heading, of device 0 with this geometry. Returns the line after it. */
static const char *first_line(const char *text, long quantum, long qset)
{
	char head[128];

	snprintf(head, sizeof(head),
		 "# device %s0 quantum %ld qset %ld page %ld\n", mod->name,
		 quantum, qset, page_size());
	ck_assert_msg(!strncmp(text, head, strlen(head)), "'%.40s'", text);
	text += strlen(head);
	ck_assert_int_eq(text[0], '#');
	text += strcspn(text, "\n") + 1;
	return *text ? text : NULL;
}

/* The sum of the runs FIRST+COUNT, the first of which begins at the frame */
static unsigned long count_frames(const struct line *l, int *runs)
{
	const char *s = l->frames;
	unsigned long sum = 0;

	for (*runs = 0; *s; (*runs)++) {
		unsigned long first, count;
		int used;

		ck_assert_int_eq(sscanf(s, "%lu+%lu%n", &first, &count, &used),
				 2);
		if (!*runs)
			ck_assert_uint_eq(first, l->frame);
		sum += count;
		s += used + (s[used] == ',');
	}
	return sum;
}

START_TEST(for_root_only)
{
	struct stat st;

	load("devs=2");
	must(stat(layout_path(1), &st));
	ck_assert_int_eq(st.st_mode & 07777, 0400);
	must_fail(access(layout_path(2), F_OK), ENOENT);
	unload(0);
	must_fail(access(layout_path(0), F_OK), ENOENT);
}
END_TEST

/* Root without CAP_SYSLOG may not see real addresses, as in /proc. */
START_TEST(with_capability_only)
{
	load("");
	drop_cap(CAP_SYSLOG);
	must_fail(open(layout_path(0), O_RDONLY | O_CLOEXEC), EPERM);
}
END_TEST

START_TEST(empty)
{
	char *text;

	load("");
	text = slurp(layout_path(0));
	ck_assert_ptr_null(first_line(text, DEFAULT_QUANTUM, DEFAULT_QSET));
	free(text);
}
END_TEST

static const long quanta[] = { 10, 4000, 12288, 65536 };

START_TEST(every_quantum)
{
	const long long offsets[] = { 0, 1, 2, 6, 7, 50, 1000 };
	long quantum = in_pages(quanta[_i]), page = page_size();
	const char *at;
	struct line l;
	char *text;
	int fd;

	load("quantum=%ld qset=7", quantum);
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < 7; i++)
		put(fd, offsets[i] * quantum, 1, 1);
	text = slurp(layout_path(0));
	at = first_line(text, quantum, 7);
	for (int i = 0; i < 7; i++) {
		unsigned long inside, frames;
		int runs;

		ck_assert_ptr_nonnull(at);
		at = parse(at, &l);
		ck_assert_uint_eq(l.item, offsets[i] / 7);
		ck_assert_uint_eq(l.index, offsets[i] % 7);
		ck_assert_uint_ne(l.address, 0);
		inside = l.address % page;
		ck_assert_uint_eq(l.pages,
				  (inside + quantum + page - 1) / page);
		frames = count_frames(&l, &runs);
		ck_assert_uint_eq(frames, l.pages);
		/* scullp's quanta are contiguous; those of scullv begin at a page. */
		if (!strcmp(mod->name, "scullp"))
			ck_assert_int_eq(runs, 1);
		if (mod->paged)
			ck_assert_uint_eq(inside, 0);
		ck_assert_int_ge(l.node, 0);
		ck_assert(l.contiguous == 0 || l.contiguous == 1);
		if (!i)
			ck_assert_int_eq(l.contiguous, 0);
	}
	ck_assert_ptr_null(at);
	free(text);
}
END_TEST

/* The addresses are real: no two quanta overlap. */
START_TEST(no_overlap)
{
	static struct line lines[100];
	long quantum = 100;
	const char *at;
	char *text;

	load("quantum=%ld qset=7", quantum);
	put(dev_open(0, O_RDWR), 0, 100 * quantum, 1);
	text = slurp(layout_path(0));
	at = first_line(text, quantum, 7);
	for (int i = 0; i < 100; i++) {
		ck_assert_ptr_nonnull(at);
		at = parse(at, &lines[i]);
		for (int k = 0; k < i; k++)
			ck_assert(lines[k].address + quantum <=
					  lines[i].address ||
				  lines[i].address + quantum <=
					  lines[k].address);
	}
	free(text);
}
END_TEST

/* All quanta of a large device, and the same text in small reads. */
START_TEST(without_limit)
{
	const int count = mod->paged ? 500 : 3000;
	char *text, buf[4096];
	size_t done = 0;
	const char *at;
	struct line l;
	ssize_t ret;
	int fd;

	load("quantum=1 qset=3");
	put(dev_open(0, O_RDWR), 0, count, 1);
	text = slurp(layout_path(0));
	at = first_line(text, 1, 3);
	for (int i = 0; i < count; i++) {
		ck_assert_ptr_nonnull(at);
		at = parse(at, &l);
		ck_assert_uint_eq(l.item * 3 + l.index, i);
	}
	ck_assert_ptr_null(at);
	fd = must(open(layout_path(0), O_RDONLY | O_CLOEXEC));
	while ((ret = must(read(fd, buf, 61))) > 0) {
		ck_assert(!memcmp(buf, text + done, ret));
		done += ret;
	}
	ck_assert_uint_eq(done, strlen(text));
	ck_assert_int_eq(must(pread(fd, buf, 100, done / 2)), 100);
	ck_assert(!memcmp(buf, text + done / 2, 100));
	close(fd);
	free(text);
}
END_TEST

static void keep_writing(int seed)
{
	int fd = dev_open(0, O_RDWR);

	for (int i = 0;; i = (i + 1) % 1000) {
		pwrite(fd, "x", 1, (seed * 37 + i * 11) % 1000 * 10);
		if (i == 999)
			trim(0);
	}
}

/* While others write and trim, the lines are ordered and well formed. */
START_TEST(under_writers)
{
	pid_t pid[2];

	load("quantum=10 qset=4");
	for (int i = 0; i < 2; i++)
		pid[i] = spawn(keep_writing, i);
	for (int i = 0; i < 15; i++) {
		char *text = slurp(layout_path(0));
		const char *at = first_line(text, 10, 4);
		long before = -1;
		struct line l;

		while (at) {
			at = parse(at, &l);
			ck_assert_int_gt((long)(l.item * 4 + l.index), before);
			before = l.item * 4 + l.index;
			ck_assert_int_lt(before, 1000);
		}
		free(text);
	}
	for (int i = 0; i < 2; i++) {
		int status;

		must(kill(pid[i], SIGKILL));
		must(waitpid(pid[i], &status, 0));
		ck_assert_msg(WIFSIGNALED(status), "status 0x%x", status);
	}
}
END_TEST

/* A file that was open before a trim shows nothing of the new store. */
START_TEST(trimmed_while_read)
{
	char buf[4096];
	ssize_t len;
	int fd;

	load("quantum=1 qset=3");
	put(dev_open(0, O_RDWR), 0, 300, 1);
	fd = must(open(layout_path(0), O_RDONLY | O_CLOEXEC));
	ck_assert_int_gt(must(read(fd, buf, 50)), 0);
	trim(0);
	put(dev_open(0, O_RDWR), 0, 300, 1);
	/* The rest of the buffer that the first read filled may follow. */
	while ((len = must(read(fd, buf, sizeof(buf)))) > 0)
		;
	ck_assert_int_eq(len, 0);
	close(fd);
	/* Another open shows the new store. */
	ck_assert_ptr_nonnull(first_line(slurp(layout_path(0)), 1, 3));
}
END_TEST

static void need_debugfs(void)
{
	struct stat debug, sys;

	/* If debugfs is not mounted, the directory is one of sysfs. */
	if (stat(DEBUG, &debug) || stat("/sys", &sys) ||
	    debug.st_dev == sys.st_dev)
		skip("no debugfs in this kernel");
}

void layout_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, need_debugfs, NULL);
	tcase_add_test(tc, for_root_only);
	tcase_add_test(tc, with_capability_only);
	tcase_add_test(tc, empty);
	tcase_add_loop_test(tc, every_quantum, 0, ARRAY_SIZE(quanta));
	tcase_add_test(tc, no_overlap);
	tcase_add_test(tc, without_limit);
	tcase_add_test(tc, under_writers);
	tcase_add_test(tc, trimmed_while_read);
}
