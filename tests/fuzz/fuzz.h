/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internal interface of the fuzzer. A program is a short list of calls with their
 * arguments. It can be printed and parsed, mutated, and run.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "../support/support.h"

#define MAX_CALLS 16
#define MAX_ARGS 5
#define DEVICES 2
#define SLOTS 4 /* file descriptors of a program */

struct call {
	const struct call_type *type;
	int64_t args[MAX_ARGS];
};

struct program {
	unsigned int len;
	struct call calls[MAX_CALLS];
};

/* ---- calls.c ---- */

struct value {
	const char *name; /* in a program's text; NULL: the number itself */
	int64_t value;
};

/* The values that an argument may have */
struct kind {
	const struct value *values; /* the interesting ones */
	size_t count;
	bool numbers; /* any other number is allowed, too */
};

struct call_type {
	const char *name;
	const struct kind *args[MAX_ARGS];
	long long (*call)(const int64_t *args);
	bool apart; /* the program needs a process of its own */
};

extern const struct call_type call_types[];
extern const size_t call_type_count;

/* calls_end() closes and unmaps all that a program has left. */
void calls_prepare(void);
void calls_end(void);
/*
 * Returns the result of a call, or a negative error. Sets *why to what is wrong
 * with that result, or to NULL.
 */
long long call_make(const struct call *c, const char **why);

/* ---- program.c ---- */

void program_random(struct program *p, struct random *r);
void program_change(struct program *p, const struct program *other,
		    struct random *r);
void program_remove(struct program *p, unsigned int nr);
void program_print(FILE *f, const struct program *p, const char *prefix);
/* Parses the next program of a file; false at the end of the file. */
bool program_parse(struct program *p, FILE *f, const char *name);

/* ---- run.c ---- */

/*
 * How often a program took each edge of the module's code, an edge being a step
 * from one KCOV address to the next. The index is a hash of the edge.
 */
#define FEATURES 65536

struct features {
	unsigned char hits[FEATURES];
};

/* Runs work() in a child, which may crash or hang; returns the exit status. */
int run_watched(int (*work)(void));
void run_prepare(void);
/* Prints what is wrong, and then returns false. */
bool run_program(const struct program *p, struct features *f);
/* The number of KCOV addresses in the module that all programs together reached */
unsigned int run_places(void);

#endif
