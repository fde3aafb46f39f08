// SPDX-License-Identifier: GPL-2.0-only
#include "../support/support.h"
#include "check.h"
#include "device.h"
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

char why[512];

bool differs(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	return false;
}

bool same(const char *what, long long got, long long want)
{
	if (got == want)
		return true;
	return differs("%s: got %lld%s%s, want %lld%s%s", what, got,
		       got < 0 ? " " : "", got < 0 ? strerror(-got) : "", want,
		       want < 0 ? " " : "", want < 0 ? strerror(-want) : "");
}

bool same_bytes(const char *what, const unsigned char *got,
		const unsigned char *want, size_t len, uint64_t pos)
{
	size_t i;

	if (!memcmp(got, want, len))
		return true;
	for (i = 0; got[i] == want[i]; i++)
		;
	return differs("%s: byte %zu of %zu, at %llu: got 0x%02x, want 0x%02x",
		       what, i, len, (unsigned long long)(pos + i), got[i],
		       want[i]);
}

/*
 * The same for each quantum: whole pages, or the share of an object in a slab, which
 * leaves less than half of it unused.
 */
static bool allocated_makes_sense(const struct device *d, long allocated)
{
	long each = d->count ? allocated / (long)d->count : 0;
	long page = page_size(), least = d->quantum;
	long most = MAX(2 * least, page);

	if (mod->paged)
		least = most = (least + page - 1) / page * page;
	if (d->count && (each < least || each > most))
		return differs("allocated: %ld for %zu quanta of %u", allocated,
			       d->count, d->quantum);
	return same("allocated", allocated, each * d->count);
}

/* The attributes in /sys/class */
bool check_sysfs(const struct device *d, int n)
{
	long exist = read_long(sysfs_path(n, "quanta_allocated")) -
		     read_long(sysfs_path(n, "quanta_freed"));
	long allocated = read_long(sysfs_path(n, "allocated"));

	return same("quantum", read_long(sysfs_path(n, "quantum")),
		    d->quantum) &&
	       same("qset", read_long(sysfs_path(n, "qset")), d->qset) &&
	       same("size", read_long(sysfs_path(n, "size")), d->size) &&
	       same("quanta", exist, d->count) &&
	       allocated_makes_sense(d, allocated);
}

/* A heading, a line for each item, and a line for each quantum of the last item. */
bool check_proc(const struct device *d, int n)
{
	size_t items = 0, quanta = 0, last = d->count;
	char heading[128], *text, *line, *state;
	bool ours = false, seen = false;

	while (last && d->quanta[last - 1].nr / d->qset ==
			       d->quanta[d->count - 1].nr / d->qset)
		last--;
	snprintf(heading, sizeof(heading), "Device %d: qset %u, q %u, sz %llu",
		 n, d->qset, d->quantum, (unsigned long long)d->size);
	text = slurp(proc_path("mem"));
	for (line = strtok_r(text, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state)) {
		if (*line == 'D') {
			ours = !strcmp(line, heading);
			seen |= ours;
		} else if (ours && !strncmp(line, "  item", 6)) {
			items++;
		} else if (ours) {
			unsigned int nr = strtoul(line, NULL, 10);

			if (last + quanta >= d->count ||
			    d->quanta[last + quanta].nr % d->qset != nr) {
				free(text);
				return differs("/proc: quantum '%s'", line);
			}
			quanta++;
		}
	}
	free(text);
	if (!seen)
		return differs("/proc: no '%s'", heading);
	return same("/proc: items", items, device_items(d)) &&
	       same("/proc: quanta", quanta, d->count - last);
}

/* A line for each quantum, in order. */
bool check_layout(const struct device *d, int n)
{
	char *text, *line, *state;
	bool ok = true;
	size_t nr = 0;

	if (access(layout_path(n), R_OK))
		return true;
	text = slurp(layout_path(n));
	for (line = strtok_r(text, "\n", &state); line && ok;
	     line = strtok_r(NULL, "\n", &state)) {
		unsigned long long item;
		unsigned int index;

		if (*line == '#')
			continue;
		ok = nr < d->count &&
		     sscanf(line, "%llu %u", &item, &index) == 2 &&
		     item == d->quanta[nr].nr / d->qset &&
		     index == d->quanta[nr].nr % d->qset;
		if (!ok)
			differs("layout: quantum %zu is '%s'", nr, line);
		nr++;
	}
	free(text);
	return ok && same("layout: quanta", nr, d->count);
}

#define CHUNK (64 << 10)

/* All bytes of a device, and where its holes are */
bool check_bytes(const struct device *d, int n)
{
	static unsigned char got[CHUNK], want[CHUNK];
	uint64_t pos = 0, end;
	int fd;

	fd = dev_open(n, O_RDONLY);
	for (;;) {
		long long data = kernel(lseek(fd, pos, SEEK_DATA));

		if (!same("next data", data, device_seek(d, pos, SEEK_DATA)))
			goto close_fd;
		if (data < 0)
			break;
		end = device_seek(d, data, SEEK_HOLE);
		if (!same("next hole", kernel(lseek(fd, data, SEEK_HOLE)), end))
			goto close_fd;
		for (pos = data; pos < end;) {
			size_t len = MIN(end - pos, CHUNK);

			if (!same("read", kernel(pread(fd, got, len, pos)),
				  len))
				goto close_fd;
			device_read(d, pos, want, len);
			if (!same_bytes("read", got, want, len, pos))
				goto close_fd;
			pos += len;
		}
	}
	return same("close", kernel(close(fd)), 0);

close_fd:
	close(fd);
	return false;
}

/* Nodes, directories and names that must disappear when the module is unloaded. */
bool check_absent(void)
{
	static const char *const places[][2] = {
		{ "/sys/module/", "" },
		{ "/sys/class/", "" },
		{ "/proc/", "mem" },
		{ "/proc/", "seq" },
		{ "/dev/", "0" },
		{ "/dev/", "3" },
		{ "/sys/kernel/debug/", "" },
	};
	static const char *const lists[] = { "/proc/devices", "/proc/slabinfo",
					     "/proc/vmallocinfo",
					     "/proc/modules" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const char *path =
			pathf("%s%s%s", places[i][0], mod->name, places[i][1]);

		if (!access(path, F_OK))
			return differs("%s is still there", path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char *text = slurp(lists[i]);
		bool there = strstr(text, mod->name);

		free(text);
		if (there)
			return differs("it is still in %s", lists[i]);
	}
	return true;
}
