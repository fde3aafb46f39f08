// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tests of the scull modules: scull_suite MODULE [GROUP...]
 *
 * Run it as root on a machine where modules may be loaded. It prints TAP. The same
 * tests are for all modules; struct module tells what differs between them. Each test
 * is a process of its own with a time limit.
 */
#include "suite.h"
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>

/* In seconds. The slowest test takes some on an emulated machine. */
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

#define MOST_TESTS 1000

/* Shared by the runner and all tests, which are processes of their own. */
struct results {
	unsigned int nr; /* the number in TAP of the test that runs */
	char skipped[MOST_TESTS + 1][128]; /* the reason, or empty */
};

static struct results *results;

static void set_up(void)
{
	ck_assert_uint_lt(results->nr, MOST_TESTS);
	results->nr++;
	unload_all();
}

/* check(3) cannot skip a test: to it, the test has passed. */
void skip(const char *reason)
{
	unload_all();
	strcpy(results->skipped[results->nr], reason);
	_exit(EXIT_SUCCESS);
}

/* Pass on the TAP of check(3), with the reasons of the tests that were skipped. */
static void relay(FILE *tap)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, tap) > 0) {
		unsigned int nr = 0;
		char *passed = strstr(line, ": Passed\n");

		if (passed && sscanf(line, "ok %u", &nr) == 1 &&
		    nr <= MOST_TESTS && results->skipped[nr][0])
			printf("%.*s # SKIP %s\n", (int)(passed - line), line,
			       results->skipped[nr]);
		else
			fputs(line, stdout);
		fflush(stdout);
	}
	free(line);
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 2;
}

static int usage(void)
{
	fprintf(stderr, "usage: scull_suite MODULE [GROUP...]\nmodules:");
	for (int i = 0; i < nr_modules; i++)
		fprintf(stderr, " %s", modules[i].name);
	fprintf(stderr, "\ngroups:");
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

static int run(int argc, char **argv)
{
	Suite *suite = suite_create(mod->name);
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		TCase *tc;

		if (!wanted(groups[i].name, argc, argv))
			continue;
		tc = tcase_create(groups[i].name);
		tcase_set_timeout(tc, TIME_LIMIT);
		tcase_add_checked_fixture(tc, set_up, unload_all);
		groups[i].add(tc);
		suite_add_tcase(suite, tc);
	}

	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	/* A test that failed may have left them loaded. */
	for (int i = 0; i < nr_modules; i++)
		try_unload(&modules[i], 0);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int ends[2], status;
	char seed;

	for (int i = 0; i < nr_modules; i++)
		if (argc > 1 && !strcmp(argv[1], modules[i].name))
			mod = &modules[i];
	if (!mod)
		return usage();
	for (int i = 2; i < argc; i++)
		if (!known_group(argv[i]))
			return usage();

	/* The kernel cannot hash %p until the random generator is initialised. */
	if (getrandom(&seed, 1, 0) != 1)
		perror("getrandom");

	results = mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED || pipe(ends)) {
		perror("scull_suite");
		return EXIT_FAILURE;
	}
	if (!fork()) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		exit(run(argc, argv));
	}
	close(ends[1]);
	relay(fdopen(ends[0], "r"));
	return wait(&status) > 0 && !status ? EXIT_SUCCESS : EXIT_FAILURE;
}
