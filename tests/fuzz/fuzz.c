// SPDX-License-Identifier: GPL-2.0-only
/*
 * A coverage-guided fuzzer: scull_fuzz MODULE [--corpus FILE] [--seconds N]
 *		[--programs N] [--seed N] [--print]
 *
 * Runs the programs of the corpus, and then random mutations of them: for some seconds,
 * or a number of them, which does not depend on the speed of the machine.
 * A program with new coverage is added to the corpus, without the calls that its new
 * coverage does not need. New coverage is a new edge, or an edge taken more often.
 * --print prints a small part of the corpus that still covers every edge.
 *
 * Needs a module built with KCOV, and a kernel with fail-nth.
 */
#include "fuzz.h"
#include <getopt.h>

static const char *path;
static struct random rnd = { 1 };
static unsigned long seconds = 10, programs;
static bool print;

/* The range that the hit count of an edge is in: one of four bits, or 0 for no hit */
static unsigned char size_of(unsigned char hits)
{
	return !hits ? 0 : hits < 2 ? 1 : hits < 4 ? 2 : hits < 16 ? 4 : 8;
}

static unsigned char seen[FEATURES];

static struct program *corpus;
static size_t corpus_len;

static bool any_new(const struct features *f)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (size_of(f->hits[i]) & ~seen[i])
			return true;
	return false;
}

/* Does other have all coverage that is new in f? */
static bool all_new_in(const struct features *f, const struct features *other)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (size_of(f->hits[i]) & ~seen[i] & ~size_of(other->hits[i]))
			return false;
	return true;
}

/* Removes each call that the new coverage does not need. */
static bool reduce(struct program *p, const struct features *f)
{
	for (unsigned int i = p->len; i-- && p->len > 1;) {
		struct program shorter = *p;
		struct features g;

		program_remove(&shorter, i);
		if (!run_program(&shorter, &g))
			return false;
		if (all_new_in(f, &g))
			*p = shorter;
	}
	return true;
}

static void keep(const struct program *p, const struct features *f)
{
	corpus = realloc(corpus, (corpus_len + 1) * sizeof(*corpus));
	corpus[corpus_len++] = *p;
	for (size_t i = 0; i < FEATURES; i++)
		seen[i] |= size_of(f->hits[i]);
}

/* Runs a program, and keeps it if it has new coverage. */
static bool try_program(struct program *p, bool whole)
{
	struct features f;

	if (!run_program(p, &f))
		return false;
	if (!any_new(&f))
		return true;
	if (!whole && !reduce(p, &f))
		return false;
	keep(p, &f);
	return true;
}

static bool replay(unsigned long *count)
{
	FILE *f = fopen(path, "r");
	struct program p;
	bool ok = true;

	if (!f)
		die("%s: %s", path, strerror(errno));
	for (*count = 0; ok && program_parse(&p, f, path); ++*count)
		ok = try_program(&p, true);
	fclose(f);
	return ok;
}

/* A random program of the corpus, every third time one of its last tenth */
static const struct program *pick(void)
{
	size_t last = (corpus_len + 9) / 10;

	return &corpus[corpus_len - 1 -
		       random_below(&rnd, one_in(&rnd, 3) ? last : corpus_len)];
}

static bool fuzz(unsigned long *count)
{
	long long end = now_ms() + seconds * 1000;

	for (*count = 0; programs ? *count < programs : now_ms() < end;
	     ++*count) {
		struct program p;

		if (!corpus_len || one_in(&rnd, 20)) {
			program_random(&p, &rnd);
		} else {
			p = *pick();
			program_change(&p, pick(), &rnd);
		}
		if (p.len && !try_program(&p, false))
			return false;
	}
	return true;
}

/* The edges that one program takes */
struct reach {
	unsigned short *features;
	unsigned int count;
};

static struct reach reach_of(const struct features *f)
{
	struct reach r = { malloc(FEATURES * sizeof(*r.features)), 0 };

	for (size_t i = 0; i < FEATURES; i++)
		if (f->hits[i])
			r.features[r.count++] = i;
	r.features = realloc(r.features, r.count * sizeof(*r.features) + 1);
	return r;
}

/*
 * Prints a small part of the corpus that covers all its edges. Greedy: the next
 * program is the one that adds most edges per call.
 */
static bool print_corpus(void)
{
	struct reach *all = malloc(corpus_len * sizeof(*all));
	static bool got[FEATURES];
	size_t best;

	for (size_t i = 0; i < corpus_len; i++) {
		struct features f;

		if (!run_program(&corpus[i], &f))
			return false;
		all[i] = reach_of(&f);
	}
	do {
		double most = 0;

		best = corpus_len;
		for (size_t i = 0; i < corpus_len; i++) {
			unsigned int more = 0;

			for (size_t j = 0; j < all[i].count; j++)
				more += !got[all[i].features[j]];
			if (more > most * corpus[i].len) {
				most = (double)more / corpus[i].len;
				best = i;
			}
		}
		if (best < corpus_len) {
			for (size_t j = 0; j < all[best].count; j++)
				got[all[best].features[j]] = true;
			program_print(stdout, &corpus[best], "");
			printf("\n");
		}
	} while (best < corpus_len);
	return true;
}

static void usage(void)
{
	fprintf(stderr,
		"usage: scull_fuzz MODULE [--corpus FILE] [--seconds N] [--programs N] [--seed N] [--print]\n");
	exit(2);
}

static int work(void)
{
	long long start = now_ms();
	unsigned long count;
	bool ok = true;

	calls_prepare();
	run_prepare();
	if (path) {
		ok = replay(&count);
		tap(ok,
		    "%lu programs of the corpus in %lld ms get to %u places",
		    count, now_ms() - start, run_places());
	}
	if (ok && (seconds || programs)) {
		start = now_ms();
		ok = fuzz(&count);
		tap(ok, "%lu more in %lld s to %u, and %zu are worth keeping",
		    count, (now_ms() - start) / 1000, run_places(), corpus_len);
	}
	if (ok && print) {
		printf("# the corpus\n");
		tap(print_corpus(), "the corpus once more");
	}
	return tap_end();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "corpus", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 't' },
		{ "programs", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "print", no_argument, NULL, 'p' },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			programs = strtoul(optarg, NULL, 0);
			break;
		case 's':
			rnd.state = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			print = true;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 1)
		usage();
	use_module(argv[optind]);
	load("");
	c = run_watched(work);
	unload(PATIENCE);
	return c;
}
