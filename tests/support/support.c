// SPDX-License-Identifier: GPL-2.0-only
#include "support.h"
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* As in tests/modules.tsv */
const struct module modules[] = {
	{ .name = "scullc" },
	{ .name = "scullp", .paged = true },
	{ .name = "scullv", .paged = true, .max_quantum = 64 << 20 },
};

const int nr_modules = ARRAY_SIZE(modules);

const struct module *mod;

/* ---- paths ---- */

/* Four buffers in turn, so that an expression may use more than one path. */
static const char *vpathf(const char *fmt, va_list args)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	vsnprintf(path, PATH_MAX, fmt, args);
	return path;
}

const char *pathf(const char *fmt, ...)
{
	const char *path;
	va_list args;

	va_start(args, fmt);
	path = vpathf(fmt, args);
	va_end(args);
	return path;
}

const char *ko_path(const struct module *m)
{
	return pathf("%s/%s.ko", getenv("SCULL_MODDIR") ?: "/lib/scull",
		     m->name);
}

const char *dev_path(int n)
{
	return pathf("/dev/%s%d", mod->name, n);
}

const char *proc_path(const char *suffix)
{
	return pathf("/proc/%s%s", mod->name, suffix);
}

const char *sysfs_path(int n, const char *name)
{
	return pathf("/sys/class/%s/%s%d/%s", mod->name, mod->name, n, name);
}

const char *layout_path(int n)
{
	return pathf("/sys/kernel/debug/%s/%d/layout", mod->name, n);
}

const char *param_path(const char *name)
{
	return pathf("/sys/module/%s/parameters/%s", mod->name, name);
}

/* ---- modules and devices ---- */

static int must_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die("open %s: %s", path, strerror(errno));
	return fd;
}

int try_load(const struct module *m, const char *params)
{
	int fd = must_open(ko_path(m), O_RDONLY);
	int ret = kernel(syscall(SYS_finit_module, fd, params, 0));

	close(fd);
	return ret;
}

int try_unload(const struct module *m, int ms)
{
	long long end = now_ms() + ms;
	int ret;

	do {
		ret = kernel(syscall(SYS_delete_module, m->name, O_NONBLOCK));
	} while (ret == -EAGAIN && now_ms() < end && !usleep(200));
	return ret;
}

void load_module(const struct module *m, const char *params)
{
	int ret = try_load(m, params);

	if (ret)
		die("insmod %s %s: %s", m->name, params, strerror(-ret));
}

void load(const char *fmt, ...)
{
	const char *params;
	va_list args;

	va_start(args, fmt);
	params = vpathf(fmt, args);
	va_end(args);
	load_module(mod, params);
}

void unload(int ms)
{
	int ret = try_unload(mod, ms);

	if (ret)
		die("rmmod %s: %s", mod->name, strerror(-ret));
}

int dev_open(int n, int flags)
{
	return must_open(dev_path(n), flags);
}

long long dev_fill(int n)
{
	static const char data[10000];
	int fd = dev_open(n, O_WRONLY);
	long long total = 0, ret;

	while ((ret = kernel(write(fd, data, sizeof(data)))) > 0)
		total += ret;
	if (ret != -ENOSPC)
		die("write to the limit: %s", strerror(-ret));
	close(fd);
	return total;
}

/* ---- the machine ---- */

long page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* The page allocator's largest order: /proc/buddyinfo has a column for each. */
int max_order(void)
{
	char *text = slurp("/proc/buddyinfo");
	char *word, *state;
	int columns = 0;

	/* Node 0, zone      DMA      1      1 ... */
	text[strcspn(text, "\n")] = '\0';
	word = strtok_r(strstr(text, "zone"), " ", &state);
	while ((word = strtok_r(NULL, " ", &state)))
		columns++;
	free(text);
	if (columns < 2)
		die("/proc/buddyinfo has %d columns", columns);
	return columns - 2;
}

int order_of(long bytes)
{
	int order = 0;

	while (page_size() << order < bytes)
		order++;
	return order;
}

long max_quantum(void)
{
	return mod->max_quantum ?: page_size() << max_order();
}

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- small files ---- */

char *slurp(const char *path)
{
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room);
	int fd = must_open(path, O_RDONLY);
	ssize_t ret;

	while ((ret = read(fd, text + size, room - size - 1)) > 0) {
		size += ret;
		if (room - size < 4096)
			text = realloc(text, room *= 2);
	}
	if (ret < 0)
		die("read %s: %s", path, strerror(errno));
	close(fd);
	text[size] = '\0';
	return text;
}

long read_long(const char *path)
{
	char *text = slurp(path), *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end != '\n')
		die("%s holds '%s'", path, text);
	free(text);
	return value;
}

long read_field(const char *path, const char *name)
{
	char *text = slurp(path), *line, *state;
	size_t len = strlen(name);
	long value = -1;

	for (line = strtok_r(text, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state))
		if (!strncmp(line, name, len) && strchr(": ", line[len]))
			value = atol(line + len + 1);
	free(text);
	return value;
}

/* Returns 0 or a negative error. */
int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}
