/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the fuzzer know of each other. A program is a few calls with
 * their arguments. It can be written as text, changed at random, and run.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "../support/support.h"

#define MAX_CALLS 16
#define MAX_ARGS 5
#define DEVICES 2
#define SLOTS 4 /* open files that a program can have */

struct call {
	const struct call_type *type;
	int64_t args[MAX_ARGS];
};

struct program {
	unsigned int len;
	struct call calls[MAX_CALLS];
};

/* ---- calls.c: what can be called ---- */

struct value {
	const char *name; /* in a program's text; NULL if it is a number */
	int64_t value;
};

/* What an argument may be */
struct kind {
	const struct value *values; /* of interest, up to one without anything */
	size_t count;
	bool numbers; /* any other number may be tried, too */
};

struct call_type {
	const char *name;
	const struct kind *args[MAX_ARGS];
	long long (*call)(const int64_t *args);
	bool apart; /* not for a process that has more to do */
};

extern const struct call_type call_types[];
extern const size_t call_type_count;

/* Once, and after each program: whatever it has open or mapped goes. */
void calls_prepare(void);
void calls_end(void);
/*
 * What a call returned, or a negative error; what is wrong about it is put into
 * `why`, or else that stays NULL.
 */
long long call_make(const struct call *c, const char **why);

/* ---- program.c ---- */

void program_random(struct program *p, struct random *r);
void program_change(struct program *p, const struct program *other,
		    struct random *r);
void program_remove(struct program *p, unsigned int nr);
void program_print(FILE *f, const struct program *p, const char *prefix);
/* The next one of a file; false at its end. */
bool program_parse(struct program *p, FILE *f, const char *name);

/* ---- run.c ---- */

/* Which ways through the module's code a program took, and how often */
#define FEATURES 65536

struct features {
	unsigned char hits[FEATURES];
};

/* Do all the work in a process that may crash or hang; returns its status. */
int run_watched(int (*work)(void));
void run_prepare(void);
/* Whether all was well. Says what was not. */
bool run_program(const struct program *p, struct features *f);
/* How many places of the module's code any program got to */
unsigned int run_places(void);

#endif
