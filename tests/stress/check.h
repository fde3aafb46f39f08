/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holding what a device shows against its model. Each returns whether it is the
 * same, and if not says in why what differs.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

extern char why[512];

bool differs(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Results of system calls, with errors as negative numbers. */
bool same(const char *what, long long got, long long want);
bool same_bytes(const char *what, const unsigned char *got,
		const unsigned char *want, size_t len, uint64_t pos);

bool check_sysfs(const struct device *d, int n);
bool check_proc(const struct device *d, int n);
bool check_layout(const struct device *d, int n);
bool check_bytes(const struct device *d, int n);

/* Whether nothing is left of a module that is not loaded. */
bool check_absent(void);

#endif
