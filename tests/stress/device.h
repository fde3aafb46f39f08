/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model of one device: its quanta, sorted. Bytes at or past the size are zero.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quantum {
	uint64_t nr;
	unsigned char *data;
};

struct device {
	unsigned int quantum, qset; /* its geometry */
	uint64_t size;
	struct quantum *quanta; /* by nr */
	size_t count, room;
};

void device_trim(struct device *d, unsigned int quantum, unsigned int qset);
void device_touch(struct device *d, uint64_t pos);
void device_write(struct device *d, uint64_t pos, const void *data, size_t len);
void device_read(const struct device *d, uint64_t pos, void *data, size_t len);
size_t device_filled(const struct device *d, uint64_t pos, size_t len);
int64_t device_seek(const struct device *d, int64_t pos, int whence);
size_t device_items(const struct device *d);

#endif
