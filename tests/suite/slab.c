// SPDX-License-Identifier: GPL-2.0-only
/*
 * The caches of scullc in /proc/slabinfo: one row for each quantum size in use. None
 * is merged with a cache of the kernel.
 */
#include "suite.h"

struct row {
	long active, total, size;
};

/* Is there a row of this name? */
static bool slab_row(const char *name, struct row *row)
{
	char *text = slurp("/proc/slabinfo"), *line, *state;
	size_t len = strlen(name);
	bool found = false;

	for (line = strtok_r(text, "\n", &state); line && !found;
	     line = strtok_r(NULL, "\n", &state)) {
		found = !strncmp(line, name, len) && line[len] == ' ';
		if (found)
			ck_assert_int_eq(sscanf(line + len, "%ld %ld %ld",
						&row->active, &row->total,
						&row->size),
					 3);
	}
	free(text);
	return found;
}

static void must_have_row(const char *name, long active, long size)
{
	struct row row;

	ck_assert_msg(slab_row(name, &row), "no row %s", name);
	ck_assert_int_ge(row.active, active);
	ck_assert_int_ge(row.total, active);
	ck_assert_int_ge(row.size, size);
	/* Not much larger: a small quantum is a small object. */
	ck_assert_int_le(row.size, size + 256);
}

/* A cache may be destroyed a moment after its last user is gone. */
static void must_lose_row(const char *name)
{
	struct row row;

	for (int tries = 0; tries < 500; tries++) {
		if (!slab_row(name, &row))
			return;
		usleep(10000);
	}
	ck_abort_msg("row %s stays", name);
}

START_TEST(default_row)
{
	load("");
	must_have_row("scullc", 0, DEFAULT_QUANTUM);
	put(dev_open(0, O_RDWR), 0, 2070, 1);
	must_have_row("scullc", 1, DEFAULT_QUANTUM);
	put(dev_open(1, O_RDWR), 0, 50 * DEFAULT_QUANTUM, 1);
	must_have_row("scullc", 51, DEFAULT_QUANTUM);
	unload_all();
	must_lose_row("scullc");
}
END_TEST

/* The book's second geometry takes 207 objects of 10 bytes, not of 4000. */
START_TEST(row_of_another_size)
{
	struct row row;

	load("");
	ck_assert(!slab_row("scullc-10", &row));
	adopt(0, 10, 4);
	put(dev_open(0, O_RDWR), 0, 2070, 1);
	must_have_row("scullc-10", 207, 10);
	must_have_row("scullc", 0, DEFAULT_QUANTUM);

	/* Two devices share a cache, and the last one destroys it. */
	trim(1);
	put(dev_open(1, O_RDWR), 0, 1000, 1);
	must_have_row("scullc-10", 307, 10);
	adopt(0, 20, 4);
	must_have_row("scullc-10", 100, 10);
	must_have_row("scullc-20", 0, 20);
	trim(1);
	must_lose_row("scullc-10");
	unload_all();
	must_lose_row("scullc-20");
	must_lose_row("scullc");
}
END_TEST

/* Sizes of caches of the kernel, which SLUB could merge ours with */
START_TEST(never_merged)
{
	static const int sizes[] = { 8, 64, 192, 256, 512, 4096, 8192 };
	char name[32];

	load("");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		snprintf(name, sizeof(name), "scullc-%d", sizes[i]);
		adopt(0, sizes[i], 4);
		put(dev_open(0, O_RDWR), 0, 10 * sizes[i], 1);
		must_have_row(name, 10, sizes[i]);
	}
}
END_TEST

START_TEST(row_of_a_loaded_size)
{
	load("quantum=100");
	must_have_row("scullc-100", 0, 100);
	put(dev_open(0, O_RDWR), 0, 1000, 1);
	must_have_row("scullc-100", 10, 100);
	adopt(0, DEFAULT_QUANTUM, DEFAULT_QSET);
	must_have_row("scullc", 0, DEFAULT_QUANTUM);
}
END_TEST

/*
 * Enough quanta of each size to fill many slabs. Of some sizes the share of an object
 * in its slab is far from a power of two.
 */
static const struct {
	int quantum, quanta;
} sizes[] = {
	{ 10, 4096 },  { 700, 2048 }, { 2000, 512 },
	{ 3000, 512 }, { 5000, 256 }, { DEFAULT_QUANTUM, 256 },
	{ 33000, 64 }, { 70000, 64 },
};

/*
 * The charged size is an object's share of its slab, of which up to half may be
 * unused. So the sum is close to the pages that the row shows.
 */
START_TEST(what_is_counted)
{
	long quanta = sizes[_i].quanta * (page_size() / 4096);
	long counted, slabs, pages, size;
	long long used;
	char name[32], *text, *line;
	int quantum = sizes[_i].quantum;

	load("quantum=%d", quantum);
	put(dev_open(0, O_RDWR), 0, quanta * quantum, 1);
	counted = read_long(sysfs_path(0, "allocated"));
	ck_assert_int_ge(counted, quanta * quantum);

	snprintf(name, sizeof(name),
		 quantum == DEFAULT_QUANTUM ? "\nscullc " : "\nscullc-%d ",
		 quantum);
	text = slurp("/proc/slabinfo");
	line = strstr(text, name);
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line + strlen(name), "%*d %*d %ld %*d %ld",
				&size, &pages),
			 2);
	line = strstr(line, ": slabdata");
	ck_assert_int_eq(sscanf(line, ": slabdata %*d %ld", &slabs), 1);
	used = (long long)slabs * pages * page_size();
	ck_assert_int_le(counted, used + used / 20);
	/* Metadata that debugging options add to each object is not charged. */
	used = used * ((quantum + 7) / 8 * 8) / size;
	/* A few slabs may be partly filled, or empty and kept for allocations to come. */
	ck_assert_int_ge(counted, used - used / 20 - 4 * pages * page_size());
	free(text);
}
END_TEST

void slab_tests(TCase *tc)
{
	/* scullp and scullv have no cache. */
	if (strcmp(mod->name, "scullc"))
		return;
	tcase_add_test(tc, default_row);
	tcase_add_test(tc, row_of_another_size);
	tcase_add_test(tc, never_merged);
	tcase_add_test(tc, row_of_a_loaded_size);
	tcase_add_loop_test(tc, what_is_counted, 0, ARRAY_SIZE(sizes));
}
