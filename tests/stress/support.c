// SPDX-License-Identifier: GPL-2.0-only
#include "stress.h"
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct module modules[] = {
	{ .name = "scullc" },
	{ .name = "scullp", .paged = true },
	{ .name = "scullv", .paged = true, .max_quantum = 64 << 20 },
};

const struct module *mod;
size_t page_size;

void die(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

/* ---- modules and devices ---- */

void use_module(const char *name)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	page_size = sysconf(_SC_PAGESIZE);
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		if (!strcmp(modules[i].name, name))
			mod = &modules[i];
	if (!mod)
		die("no module '%s'", name);
}

/* Zero, or a negative error. */
int try_load(const char *params)
{
	const char *dir = getenv("SCULL_MODDIR");
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s.ko", dir ? dir : "/lib/scull",
		 mod->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	ret = kernel(syscall(SYS_finit_module, fd, params, 0));
	close(fd);
	return ret;
}

int try_unload(void)
{
	return kernel(syscall(SYS_delete_module, mod->name, O_NONBLOCK));
}

void load(const char *params)
{
	int ret = try_load(params);

	if (ret)
		die("insmod %s %s: %s", mod->name, params, strerror(-ret));
}

/* Whoever was killed holds the module until it is gone. */
void unload(void)
{
	int ret, tries = 1000;

	do {
		ret = try_unload();
	} while (ret == -EAGAIN && --tries && !usleep(10000));
	if (ret)
		die("rmmod %s: %s", mod->name, strerror(-ret));
}

const char *dev_path(int n)
{
	static char path[64];

	snprintf(path, sizeof(path), "/dev/%s%d", mod->name, n);
	return path;
}

int dev_open(int n, int flags)
{
	int fd = open(dev_path(n), flags | O_CLOEXEC);

	if (fd < 0)
		die("open %s: %s", dev_path(n), strerror(errno));
	return fd;
}

int order_of(long bytes)
{
	int order = 0;

	while ((long)page_size << order < bytes)
		order++;
	return order;
}

/* The page allocator's largest block: /proc/buddyinfo has a column an order. */
long max_quantum(void)
{
	char *text, *word, *state;
	int columns = 0;

	if (mod->max_quantum)
		return mod->max_quantum;
	text = slurp("/proc/buddyinfo");
	text[strcspn(text, "\n")] = '\0';
	/* Node 0, zone      DMA      1      1 ... */
	word = strtok_r(strstr(text, "zone"), " ", &state);
	while ((word = strtok_r(NULL, " ", &state)))
		columns++;
	free(text);
	return (long)page_size << (columns - 2);
}

/* ---- small files ---- */

char *slurp(const char *path)
{
	size_t size = 0, room = 1 << 14;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
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

/* Zero, or a negative error. */
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

const char *sysfs_path(int n, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/class/%s/%s%d/%s", mod->name,
		 mod->name, n, name);
	return path;
}

const char *param_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", mod->name,
		 name);
	return path;
}

/* ---- random numbers ---- */

uint64_t random_next(struct random *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t random_below(struct random *r, uint64_t n)
{
	return random_next(r) % n;
}

bool one_in(struct random *r, unsigned int n)
{
	return !random_below(r, n);
}

/* ---- TAP ---- */

static int tests, failures;

void tap(bool ok, const char *fmt, ...)
{
	va_list args;

	failures += !ok;
	printf("%sok %d - %s ", ok ? "" : "not ", ++tests, mod->name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

int tap_end(void)
{
	printf("1..%d\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}
