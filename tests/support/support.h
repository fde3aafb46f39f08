/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the test programs: modules, devices, and small files in /proc and /sys.
 * tap.c has TAP and random numbers for the programs that do not use libcheck.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "../../common/scull_ioctl.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define DEFAULT_QUANTUM 4000
#define DEFAULT_QSET 1000
#define MAX_QSET 1048576

struct module {
	const char *name;
	bool paged; /* allocates whole pages: has order and mmap */
	long max_quantum; /* 0: the largest block of the page allocator */
};

extern const struct module modules[];
extern const int nr_modules;
extern const struct module *mod; /* the one under test */

/*
 * Reports a failure and ends the process. There are two: tap.c's, and the suite's,
 * which fails the test. Each program links one of them.
 */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The value of a system call, which must succeed. */
#define must(call)                                                      \
	({                                                              \
		__typeof__(call) must_ret = (call);                     \
		if (must_ret == (__typeof__(call))-1)                   \
			die("%s:%d: %s: %s", __FILE__, __LINE__, #call, \
			    strerror(errno));                           \
		must_ret;                                               \
	})

/* The value of a system call, or its error as a negative number. */
#define kernel(call)                                               \
	({                                                         \
		long long kernel_ret = (long long)(call);          \
		kernel_ret == -1 ? -(long long)errno : kernel_ret; \
	})

/*
 * Loading and unloading. The try_ functions return 0 or a negative error. A killed
 * task holds a reference to the module until it has exited, so unloading retries
 * for ms milliseconds.
 */
#define PATIENCE 10000
int try_load(const struct module *m, const char *params);
int try_unload(const struct module *m, int ms);
void load_module(const struct module *m, const char *params);
/* Load mod. */
void load(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void unload(int ms);

/* Paths, in static buffers: the fourth path after one overwrites it. */
const char *pathf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *ko_path(const struct module *m);
const char *dev_path(int n);
const char *proc_path(const char *suffix);
const char *sysfs_path(int n, const char *name);
const char *layout_path(int n);
const char *param_path(const char *name);

int dev_open(int n, int flags);
/* Trim a device and fill it until the limit is reached. Returns how many bytes it took. */
long long dev_fill(int n);

/* The machine */
long page_size(void);
int max_order(void);
int order_of(long bytes);
long max_quantum(void);
long long now_ms(void);

/* Small files */
char *slurp(const char *path);
long read_long(const char *path);
/* The number that follows a name at the start of a line, or -1 */
long read_field(const char *path, const char *name);
int write_file(const char *path, const char *text);

/* ---- tap.c ---- */

/* Set mod. */
void use_module(const char *name);

/* splitmix64: the same numbers for a seed on every machine */
struct random {
	uint64_t state;
};

uint64_t random_next(struct random *r);
/* A number from 0 to n - 1 */
uint64_t random_below(struct random *r, uint64_t n);
bool one_in(struct random *r, unsigned int n);

/* One line of TAP, with the module's name; tap_end() prints the plan. */
void tap(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The exit status for main() */
int tap_end(void);

#endif
