// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tests of the scull modules: scull_suite MODULE [GROUP...]
 *
 * Runs as root on a machine that may load modules, and reports TAP. One
 * source tests all three modules; what differs between them is in
 * struct module. Every test is a process of its own with a time limit.
 */
#include "suite.h"
#include <sys/random.h>

/* The slowest test takes seconds on an emulated machine; a hang takes all. */
#define TIME_LIMIT 120

static const struct group {
	const char *name;
	void (*add)(TCase *tc);
} groups[] = {
	{ "basic", basic_tests },	{ "vectors", vector_tests },
	{ "holes", hole_tests },	{ "geometry", geometry_tests },
	{ "ioctl", ioctl_tests },	{ "params", param_tests },
	{ "proc", proc_tests },		{ "slab", slab_tests },
	{ "limit", limit_tests },	{ "memcg", memcg_tests },
	{ "badinput", badinput_tests }, { "concurrency", concurrency_tests },
	{ "signals", signal_tests },	{ "mmap", mmap_tests },
	{ "seek", seek_tests },		{ "nowait", nowait_tests },
	{ "splice", splice_tests },	{ "aio", aio_tests },
	{ "files", file_tests },	{ "sysfs", sysfs_tests },
	{ "trace", trace_tests },	{ "layout", layout_tests },
	{ "wait", wait_tests },
};

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 2;
}

static int usage(void)
{
	fprintf(stderr, "usage: scull_suite scullc|scullp|scullv [GROUP...]\n"
			"groups:");
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		fprintf(stderr, " %s", groups[i].name);
	fprintf(stderr, "\n");
	return 2;
}

static bool known_group(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (!strcmp(groups[i].name, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	Suite *suite;
	SRunner *runner;
	char seed;
	int failed;

	for (int i = 0; i < MODULES; i++)
		if (argc > 1 && !strcmp(argv[1], modules[i].name))
			mod = &modules[i];
	if (!mod)
		return usage();
	for (int i = 2; i < argc; i++)
		if (!known_group(argv[i]))
			return usage();

	/* Until the random generator is ready the kernel cannot hash %p. */
	if (getrandom(&seed, 1, 0) != 1)
		perror("getrandom");

	suite = suite_create(mod->name);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		TCase *tc;

		if (!wanted(groups[i].name, argc, argv))
			continue;
		tc = tcase_create(groups[i].name);
		tcase_set_timeout(tc, TIME_LIMIT);
		tcase_add_checked_fixture(tc, unload_all, unload_all);
		groups[i].add(tc);
		suite_add_tcase(suite, tc);
	}

	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	/* After a failure; what it held has been killed since. */
	for (int i = 0; i < MODULES; i++)
		try_unload(&modules[i], 0);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
