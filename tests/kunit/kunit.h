/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the tests: stores of several geometries, and reading and writing them with
 * kernel buffers.
 */
#ifndef SCULL_KUNIT_H
#define SCULL_KUNIT_H

#include <kunit/test.h>

#include "scull.h"

#define QSET_MAX 1048576

/**
 * struct geometry - a quantum and qset to test
 * @name: for the log
 * @quantum: bytes, or 0 for the largest
 * @qset: length of the qset
 */
struct geometry {
	const char *name;
	unsigned int quantum;
	unsigned int qset;
};

const void *any_gen_params(struct kunit *test, const void *prev, char *desc);
const void *quick_gen_params(struct kunit *test, const void *prev, char *desc);

int store_init(struct kunit *test);
void store_exit(struct kunit *test);

ssize_t put(struct scull_store *s, const void *data, size_t len, loff_t pos);
ssize_t put_nowait(struct scull_store *s, const void *data, size_t len, loff_t pos);
ssize_t get(struct scull_store *s, void *data, size_t len, loff_t pos);

unsigned int edge_count(const struct scull_store *s);
loff_t edge(const struct scull_store *s, unsigned int nr);

#endif
