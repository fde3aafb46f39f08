/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's parameters and their ranges.
 */
#ifndef SCULL_PARAM_H
#define SCULL_PARAM_H

#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/types.h>

/**
 * struct scull_param - a number that a user may set
 * @name: as under /sys/module
 * @unit: of the value, for messages
 * @value: written under scull_param_lock; read under it where two values must agree,
 *	else with READ_ONCE()
 * @given: the user has set it, at load or later; guarded by scull_param_lock
 * @builtin: the value that a reset restores
 * @min: the smallest value allowed
 * @max: the largest value allowed
 */
struct scull_param {
	const char *name;
	const char *unit;
	unsigned int value;
	bool given;
	unsigned int builtin;
	unsigned int min;
	const unsigned int *max;
};

/* Makes a change of quantum and qset, or an exchange of one of them, one step. */
extern struct mutex scull_param_lock;

extern struct scull_param scull_major, scull_ndevs, scull_quantum, scull_qset,
	scull_limit, scull_headroom;
extern bool scull_raw_addresses;

bool scull_param_valid(const struct scull_param *p, unsigned long value);
int scull_param_init(void);
void scull_param_geometry(unsigned int *bytes, unsigned int *qset);
unsigned long scull_limit_bytes(void);

#endif
