/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compare a device with its model. Each function returns true if they agree; if not,
 * `why` tells what differs.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

extern char why[512];

bool differs(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Results of system calls, with errors as negative numbers */
bool same(const char *what, long long got, long long want);
bool same_bytes(const char *what, const unsigned char *got,
		const unsigned char *want, size_t len, uint64_t pos);

bool check_sysfs(const struct device *d, int n);
bool check_proc(const struct device *d, int n);
bool check_layout(const struct device *d, int n);
bool check_bytes(const struct device *d, int n);

/* Check that nothing of an unloaded module is left. */
bool check_absent(void);

#endif
