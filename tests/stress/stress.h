/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs under stress share: modules, small files, random numbers and
 * TAP. None of them goes on after something it did not expect.
 */
#ifndef STRESS_H
#define STRESS_H

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

#define BUILTIN_QUANTUM 4000
#define BUILTIN_QSET 1000
#define MAX_QSET 1048576

struct module {
	const char *name;
	bool paged; /* a quantum is whole pages: order, mmap */
	long max_quantum; /* 0: the largest block of the page allocator */
};

extern const struct module *mod; /* the one under stress */
extern size_t page_size;

/* Says what went wrong as a comment of TAP and ends the process. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A system call that works, and its value. */
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

void use_module(const char *name);
int try_load(const char *params);
int try_unload(void);
void load(const char *params);
void unload(void);
const char *dev_path(int n);
int dev_open(int n, int flags);
long max_quantum(void);
int order_of(long bytes);

char *slurp(const char *path);
long read_long(const char *path);
int write_file(const char *path, const char *text);
const char *sysfs_path(int n, const char *name);
const char *param_path(const char *name);

/* splitmix64: the same numbers for a seed on every machine */
struct random {
	uint64_t state;
};

uint64_t random_next(struct random *r);
/* From 0 to below n. */
uint64_t random_below(struct random *r, uint64_t n);
bool one_in(struct random *r, unsigned int n);

/* One line of TAP each, and the plan at the end; the value is for main(). */
void tap(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int tap_end(void);
long long now_ms(void);

/* Several processes at once: many.c */
void many_run(uint64_t seed, unsigned int processes, unsigned int seconds);

#endif
