// SPDX-License-Identifier: GPL-2.0-only
#include "../support/support.h"
#include "device.h"
#include <unistd.h>

/* The index of a quantum in the array, or where it would be inserted */
static size_t find(const struct device *d, uint64_t nr)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (d->quanta[middle].nr < nr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool exists(const struct device *d, size_t at, uint64_t nr)
{
	return at < d->count && d->quanta[at].nr == nr;
}

void device_trim(struct device *d, unsigned int quantum, unsigned int qset)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->quanta[i].data);
	d->count = 0;
	d->size = 0;
	d->quantum = quantum;
	d->qset = qset;
}

static unsigned char *make(struct device *d, uint64_t nr)
{
	size_t at = find(d, nr);

	if (exists(d, at, nr))
		return d->quanta[at].data;
	if (d->count == d->room) {
		d->room = MAX(2 * d->room, 64);
		d->quanta = realloc(d->quanta, d->room * sizeof(*d->quanta));
	}
	memmove(&d->quanta[at + 1], &d->quanta[at],
		(d->count - at) * sizeof(*d->quanta));
	d->count++;
	d->quanta[at].nr = nr;
	d->quanta[at].data = calloc(1, d->quantum);
	return d->quanta[at].data;
}

/* Allocate the quantum at a position. */
void device_touch(struct device *d, uint64_t pos)
{
	make(d, pos / d->quantum);
}

void device_write(struct device *d, uint64_t pos, const void *data, size_t len)
{
	for (size_t part; len; pos += part, data += part, len -= part) {
		unsigned int offset = pos % d->quantum;

		part = MIN(len, d->quantum - offset);
		memcpy(make(d, pos / d->quantum) + offset, data, part);
		d->size = MAX(d->size, pos + part);
	}
}

void device_read(const struct device *d, uint64_t pos, void *data, size_t len)
{
	size_t at = find(d, pos / d->quantum);

	for (size_t part; len; pos += part, data += part, len -= part) {
		unsigned int offset = pos % d->quantum;

		part = MIN(len, d->quantum - offset);
		if (exists(d, at, pos / d->quantum))
			memcpy(data, d->quanta[at++].data + offset, part);
		else
			memset(data, 0, part);
	}
}

/* How many bytes of a range precede its first hole */
size_t device_filled(const struct device *d, uint64_t pos, size_t len)
{
	uint64_t nr = pos / d->quantum, end;
	size_t at = find(d, nr);

	while (exists(d, at, nr) && nr * d->quantum < pos + len) {
		at++;
		nr++;
	}
	end = nr * d->quantum;
	return end > pos ? MIN(len, end - pos) : 0;
}

int64_t device_seek(const struct device *d, int64_t pos, int whence)
{
	uint64_t nr, found;
	size_t at;

	if (pos < 0 || (uint64_t)pos >= d->size)
		return -ENXIO;
	nr = pos / d->quantum;
	at = find(d, nr);
	if (whence == SEEK_HOLE)
		for (; exists(d, at, nr); nr++)
			at++;
	else if (at < d->count)
		nr = d->quanta[at].nr;
	else
		return -ENXIO;

	found = MAX((uint64_t)pos, nr * d->quantum);
	if (found < d->size)
		return found;
	return whence == SEEK_HOLE ? (int64_t)d->size : -ENXIO;
}

size_t device_items(const struct device *d)
{
	size_t items = 0;

	for (size_t i = 0; i < d->count; i++)
		if (!i ||
		    d->quanta[i].nr / d->qset != d->quanta[i - 1].nr / d->qset)
			items++;
	return items;
}
