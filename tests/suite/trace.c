// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints, in tracefs.
 */
#include "suite.h"

#define TRACING "/sys/kernel/tracing"

static void set_events(const char *value)
{
	const char *path = pathf(TRACING "/events/%s/enable", mod->name);

	ck_assert_int_eq(write_file(path, value), 0);
}

/*
 * Start with an empty trace. Small buffers, because at the first event the kernel
 * would allocate a megabyte for each CPU, and keep it.
 */
static void start(void)
{
	int fd;

	ck_assert_int_eq(write_file(TRACING "/buffer_size_kb", "64"), 0);
	fd = must(open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC));
	close(fd);
	set_events("1");
}

/* Stop. Returns the trace since start(). */
static char *stop(void)
{
	char *text;

	set_events("0");
	text = slurp(TRACING "/trace");
	ck_assert_int_eq(write_file(TRACING "/buffer_size_kb", "1"), 0);
	return text;
}

/* The rest of the next line of this event at or after *at, which moves there */
static char *next_event(char **at, const char *event)
{
	char name[64], *line;

	snprintf(name, sizeof(name), " %s_%s: ", mod->name, event);
	line = strstr(*at, name);
	if (line)
		*at = line + strlen(name);
	return line ? *at : NULL;
}

static int count_events(const char *text, const char *event)
{
	char *at = (char *)text;
	int count = 0;

	while (next_event(&at, event))
		count++;
	return count;
}

/* The value that follows name, such as "bytes=", in the line */
static long long field(const char *line, const char *name)
{
	char text[64];
	const char *found;

	snprintf(text, sizeof(text), "%s=", name);
	found = strstr(line, text);
	ck_assert_msg(found && found < line + strcspn(line, "\n"),
		      "no %s in '%.*s'", text, (int)strcspn(line, "\n"), line);
	return strtoll(found + strlen(text), NULL, 10);
}

START_TEST(one_write_and_a_trim)
{
	char *text, *at, *line;
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(2, O_RDWR);
	start();
	put(fd, 75, 10, 1);
	put(fd, 75, 10, 2);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 20L));
	trim(2);
	text = stop();

	/* Bytes 75 to 84 are in the last quantum of item 1 and the first of item 2. */
	at = text;
	for (int i = 0; i < 2; i++) {
		line = next_event(&at, "quantum_alloc");
		ck_assert_ptr_nonnull(line);
		ck_assert_int_eq(field(line, "dev"), 2);
		ck_assert_int_eq(field(line, "item"), 1 + i);
		ck_assert_int_eq(field(line, "index"), i ? 0 : 3);
		ck_assert_int_eq(field(line, "bytes"), 10);
		ck_assert_int_ge(field(line, "footprint"),
				 mod->paged ? page_size() : 10);
	}
	ck_assert_int_eq(count_events(text, "quantum_alloc"), 2);
	ck_assert_int_eq(count_events(text, "quantum_free"), 2);
	ck_assert_int_eq(count_events(text, "alloc_failed"), 0);
	ck_assert_int_eq(count_events(text, "trim"), 1);
	at = text;
	line = next_event(&at, "trim");
	ck_assert_int_eq(field(line, "dev"), 2);
	ck_assert_int_eq(field(line, "size"), 85);
	ck_assert_int_eq(field(line, "new_quantum"), 20);
	ck_assert_int_eq(field(line, "new_qset"), 4);
	at = text;
	for (int i = 0; i < 2; i++) {
		line = next_event(&at, "quantum_free");
		ck_assert_int_eq(field(line, "dev"), 2);
		ck_assert_int_eq(field(line, "item"), 1 + i);
		ck_assert_int_eq(field(line, "index"), i ? 0 : 3);
	}
	free(text);
}
END_TEST

START_TEST(a_failure)
{
	char *text, *at, *line;
	int fd;

	load("quantum=4096 qset=1000 limit=1");
	fd = dev_open(1, O_RDWR);
	start();
	must_fail(pwrite(dev_open(0, O_RDWR), BAD_POINTER, 1, 0), EFAULT);
	for (long long off = 0; pwrite(fd, "x", 1, off) == 1; off += 4096)
		;
	text = stop();
	at = text;
	line = next_event(&at, "alloc_failed");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(field(line, "dev"), 1);
	ck_assert_int_eq(field(line, "error"), -ENOSPC);
	ck_assert_int_eq(field(line, "bytes"), 4096);
	ck_assert_int_eq(field(line, "item") * 1000 + field(line, "index"),
			 (dev_size(fd) + 4095) / 4096);
	ck_assert_int_eq(count_events(text, "alloc_failed"), 1);
	free(text);
}
END_TEST

/* Each module has events of its own. */
START_TEST(modules_are_apart)
{
	const struct module *mine = mod;
	char *text;
	int fd;

	load("");
	load_module(other_module(), "");
	mod = other_module();
	fd = dev_open(0, O_RDWR);
	mod = mine;
	start();
	put(fd, 0, 100, 1);
	put(dev_open(0, O_RDWR), 0, 100, 1);
	text = stop();
	ck_assert_int_eq(count_events(text, "quantum_alloc"), 1);
	free(text);
}
END_TEST

static void need_tracefs(void)
{
	if (access(TRACING "/trace", F_OK))
		skip("no tracefs in this kernel");
}

void trace_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, need_tracefs, NULL);
	tcase_add_test(tc, one_write_and_a_trim);
	tcase_add_test(tc, a_failure);
	tcase_add_test(tc, modules_are_apart);
}
