// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs: scull_pairs MODULE [--milliseconds N] [WAY...]
 *
 * Each two operations run concurrently on the same bytes of a device, each on its own
 * CPU, many times, so that KCSAN finds accesses that are neither locked nor marked. The
 * program itself checks that one of two writes is complete in the end, and that two
 * faults in a hole fill it with one page.
 */
#include "../support/support.h"
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEN 2000 /* within one quantum, and short enough for KCSAN */
#define HOLES 16 /* pages */

static unsigned char buf[LEN];
static int fd, file, own, cpu;

/* Shared by both processes */
struct counters {
	atomic_ulong times[2], torn, lost;
	atomic_ulong steps[2];
	atomic_bool in_step;
};

static struct counters *seen;

static void read_it(void)
{
	ssize_t len = must(pread(fd, buf, LEN, 0));

	for (ssize_t i = 1; i < len; i++)
		if (buf[i] != buf[0]) {
			seen->torn++;
			return;
		}
}

/* After the writers have ended: is all of it from one write? */
static bool is_whole(void)
{
	ssize_t len;

	fd = dev_open(0, O_RDONLY);
	len = must(pread(fd, buf, LEN, 0));
	close(fd);
	for (ssize_t i = 1; i < len; i++)
		if (buf[i] != buf[0])
			return false;
	return true;
}

static void write_it(void)
{
	static unsigned char value;

	/* Different values for the two writers */
	value += 2;
	memset(buf, value | cpu, LEN);
	must(pwrite(fd, buf, LEN, 0));
}

static void seek_it(void)
{
	lseek(fd, 0, SEEK_DATA);
	lseek(fd, 0, SEEK_HOLE);
	must(lseek(fd, 0, SEEK_END));
}

/* EBUSY while it is mapped */
static void trim_it(void)
{
	int trimmed = open(dev_path(0), O_WRONLY | O_CLOEXEC);

	if (trimmed >= 0)
		close(trimmed);
	else if (errno != EBUSY)
		die("a trim: %s", strerror(errno));
}

static void set_geometry(void)
{
	static unsigned int times;

	must(ioctl(fd, SCULL_IOCTQUANTUM, page_size() << (++times & 1)));
	must(ioctl(fd, SCULL_IOCTQSET, 10 + (times & 1)));
}

static void look_into_proc(void)
{
	free(slurp(proc_path("seq")));
}

static void look_into_layout(void)
{
	free(slurp(layout_path(0)));
}

static void look_at_attributes(void)
{
	read_long(sysfs_path(0, "size"));
	read_long(sysfs_path(0, "allocated"));
	read_long(sysfs_path(0, "quanta_allocated"));
}

/* The kernel accesses the page: past the size that is an error, not SIGBUS. */
static void touch(int prot)
{
	void *page = must(mmap(NULL, page_size(), prot, MAP_SHARED, fd, 0));

	if (prot & PROT_WRITE)
		pread(file, page, LEN, 0);
	else
		pwrite(file, page, LEN, 0);
	munmap(page, page_size());
}

static void load_from_map(void)
{
	touch(PROT_READ);
}

static void store_to_map(void)
{
	touch(PROT_READ | PROT_WRITE);
}

/* Wait for the other process, which runs the same function. */
static void meet(void)
{
	unsigned long step = ++seen->steps[cpu];

	while (seen->in_step && seen->steps[!cpu] < step)
		sched_yield();
}

/* A store to a mapped page must show in a read. */
static void fill_holes(void)
{
	size_t len = HOLES * page_size();
	char *map, value;

	meet();
	trim_it();
	must(pwrite(fd, "", 1, len - 1));
	meet();
	map = must(mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	/* The first page has been written by others, and the last is no hole. */
	for (int i = 1; i < HOLES - 1; i++) {
		size_t at = i * page_size() + cpu;

		meet();
		/* It may have been trimmed before it was mapped. */
		if (pread(own, map + at, 1, cpu) != 1)
			continue;
		must(pread(fd, &value, 1, at));
		seen->lost += value != 'a' + cpu;
	}
	munmap(map, len);
}

static const struct way {
	const char *name;
	void (*go)(void);
	bool maps; /* not with scullc */
	bool maps_for_writing;
} ways[] = {
	{ .name = "read", .go = read_it },
	{ .name = "write", .go = write_it },
	{ .name = "seek", .go = seek_it },
	{ .name = "trim", .go = trim_it },
	{ .name = "geometry", .go = set_geometry },
	{ .name = "/proc", .go = look_into_proc },
	{ .name = "layout", .go = look_into_layout },
	{ .name = "attributes", .go = look_at_attributes },
	{ .name = "load", .go = load_from_map, .maps = true },
	{ .name = "store",
	  .go = store_to_map,
	  .maps = true,
	  .maps_for_writing = true },
	{ .name = "fill",
	  .go = fill_holes,
	  .maps = true,
	  .maps_for_writing = true },
};

static void start(int nr, const struct way *way, unsigned int ms)
{
	cpu_set_t cpus;
	long long end;

	if (must(fork()))
		return;
	cpu = nr;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	/* Fails where there is one CPU only. */
	sched_setaffinity(0, sizeof(cpus), &cpus);
	fd = dev_open(0, O_RDWR);
	for (end = now_ms() + ms; now_ms() < end; seen->times[cpu]++)
		way->go();
	_exit(EXIT_SUCCESS);
}

static void run_pair(const struct way *a, const struct way *b, unsigned int ms)
{
	int status[2];

	if ((a->maps || b->maps) && !mod->paged)
		return;
	memset(seen, 0, sizeof(*seen));
	seen->in_step = a == b;
	fd = dev_open(0, O_RDWR);
	write_it();
	close(fd);
	start(0, a, ms);
	start(1, b, ms);
	for (int i = 0; i < 2; i++) {
		must(wait(&status[i]));
		seen->in_step = false;
	}
	tap(!status[0] && !status[1] && !seen->lost &&
		    (a->maps_for_writing || b->maps_for_writing || is_whole()),
	    "%s beside %s: %lu and %lu times, %lu torn, %lu lost", a->name,
	    b->name, seen->times[0], seen->times[1], seen->torn, seen->lost);
}

/* The named operations as bits, or all of them if none is named */
static unsigned int named(char **names)
{
	unsigned int all = (1U << ARRAY_SIZE(ways)) - 1, bits = 0;

	for (; *names; names++) {
		size_t i = 0;

		while (strcmp(*names, ways[i].name))
			if (++i == ARRAY_SIZE(ways))
				die("there is no way '%s'", *names);
		bits |= 1U << i;
	}
	return bits ?: all;
}

static void usage(void)
{
	die("usage: scull_pairs MODULE [--milliseconds N] [WAY...]");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "milliseconds", required_argument, NULL, 'm' },
		{},
	};
	unsigned int ms = 200, bits;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'm')
			usage();
		ms = strtoul(optarg, NULL, 0);
	}
	if (optind == argc)
		usage();
	use_module(argv[optind++]);
	bits = named(argv + optind);
	seen = must(mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	file = must(memfd_create("bytes", MFD_CLOEXEC));
	must(ftruncate(file, LEN));
	own = must(memfd_create("own", MFD_CLOEXEC));
	must(pwrite(own, "ab", 2, 0));

	load("%s", mod->paged ? "order=0" : "");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		for (size_t j = i; j < ARRAY_SIZE(ways); j++)
			if (bits >> i & bits >> j & 1)
				run_pair(&ways[i], &ways[j], ms);
	unload(PATIENCE);
	return tap_end();
}
