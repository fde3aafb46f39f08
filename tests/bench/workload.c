// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times what one does with a file or device: see usage().
 *
 * Everything is the same in each run: what is written, where and in which order.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *path;
static const char *other;
static const char *empty;
static size_t size = 32 << 20;
static int flags;
static bool full; /* the file, as all workloads but those that fill it want it */
static const size_t buf_size = 32 << 20;
static char *buf;

static void usage(void)
{
	fputs("usage: workload [OPTION...] FILE WORKLOAD...\n"
	      "  -d          use O_DIRECT\n"
	      "  -e COMMAND  how to empty the file, if not by opening with O_TRUNC\n"
	      "  -n NAME     what to call the file in the output\n"
	      "  -o FILE     another file, for wait\n"
	      "  -s BYTES    how much data, with K or M if you like (default 32M)\n"
	      "\n"
	      "WORKLOAD is, with BYTES for the size of a call,\n"
	      "  fresh:BYTES      empty the file, then fill it\n"
	      "  overwrite:BYTES  fill it again\n"
	      "  read:BYTES       read all of it\n"
	      "  randread:BYTES, randwrite:BYTES   8192 calls at random\n"
	      "  trim             empty it\n"
	      "  open             open and close it, 1000 times\n"
	      "  copy:BYTES       within the program, as much as read would\n"
	      "  reader:BYTES     another process reads all of it, or copies as much\n"
	      "  copier:BYTES\n"
	      "  readers:BYTES    two do so at the same time\n"
	      "  copiers:BYTES\n"
	      "  wait             empty it; meanwhile, how long the reader of another\n"
	      "                   file waited in the worst case\n"
	      "  idle             the same without emptying\n"
	      "  memory           empty it and fill it; how much memory that took\n"
	      "prints NAME WORKLOAD CALLS NANOSECONDS, for memory bytes stored and spent\n",
	      stderr);
	exit(2);
}

static void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s: %s\n", path, what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* A profile shows what happens between these two. */
static uint64_t began;

__attribute__((noinline)) static void clock_begin(void)
{
	began = now();
}

__attribute__((noinline)) static uint64_t clock_end(void)
{
	return now() - began;
}

static int open_file(int mode)
{
	int fd = open(path, flags | mode, 0600);

	if (fd < 0)
		die("open");
	return fd;
}

static void empty_file(void)
{
	full = false;
	if (!empty)
		close(open_file(O_RDWR | O_TRUNC));
	else if (system(empty))
		die(empty);
}

static void fill(void)
{
	int fd = open_file(O_RDWR);
	size_t left, bytes;

	for (left = size; left; left -= bytes) {
		bytes = left < 1 << 20 ? left : 1 << 20;
		if (write(fd, buf, bytes) != (ssize_t)bytes)
			die("write");
	}
	close(fd);
	full = true;
}

static uint64_t sequential(bool writing, size_t bytes, size_t calls)
{
	int fd = open_file(O_RDWR);
	uint64_t took;
	ssize_t ret;
	size_t i;

	clock_begin();
	for (i = 0; i < calls; i++) {
		ret = writing ? write(fd, buf, bytes) : read(fd, buf, bytes);
		if (ret != (ssize_t)bytes)
			die(writing ? "write" : "read");
	}
	took = clock_end();
	close(fd);
	return took;
}

static uint64_t at_random(bool writing, size_t bytes, size_t calls)
{
	int fd = open_file(O_RDWR);
	uint64_t blocks = size / bytes;
	uint32_t seed = 1;
	uint64_t took;
	ssize_t ret;
	size_t i;

	clock_begin();
	for (i = 0; i < calls; i++) {
		off_t pos;

		seed = seed * 1664525 + 1013904223;
		pos = (seed * blocks >> 32) * bytes;
		ret = writing ? pwrite(fd, buf, bytes, pos) :
				pread(fd, buf, bytes, pos);
		if (ret != (ssize_t)bytes)
			die(writing ? "pwrite" : "pread");
	}
	took = clock_end();
	close(fd);
	return took;
}

static uint64_t overwrite(size_t bytes, size_t calls)
{
	return sequential(true, bytes, calls);
}

static uint64_t fresh(size_t bytes, size_t calls)
{
	empty_file();
	full = true;
	/* vfree() leaves work behind, for which filling it is not to pay. */
	usleep(100000);
	return sequential(true, bytes, calls);
}

static uint64_t sequential_read(size_t bytes, size_t calls)
{
	return sequential(false, bytes, calls);
}

static uint64_t random_read(size_t bytes, size_t calls)
{
	return at_random(false, bytes, calls);
}

static uint64_t random_write(size_t bytes, size_t calls)
{
	return at_random(true, bytes, calls);
}

static uint64_t trim(size_t bytes, size_t calls)
{
	(void)bytes;
	(void)calls;
	clock_begin();
	empty_file();
	return clock_end();
}

static uint64_t open_close(size_t bytes, size_t calls)
{
	size_t i;

	(void)bytes;
	clock_begin();
	for (i = 0; i < calls; i++)
		close(open_file(O_RDWR));
	return clock_end();
}

/* What the fastest read() could be: the kernel copies like this, too. */
static uint64_t copy(size_t bytes, size_t calls)
{
	char *to = buf + bytes;
	size_t i;

	if (bytes > buf_size / 2)
		usage();
	clock_begin();
	for (i = 0; i < calls; i++) {
#ifdef __x86_64__
		const void *from = buf;
		void *dest = to;
		size_t words = bytes / 8;

		asm volatile("rep movsq"
			     : "+S"(from), "+D"(dest), "+c"(words)
			     :
			     : "memory");
#else
		memcpy(to, buf, bytes);
		asm volatile("" : : "r"(to) : "memory");
#endif
	}
	return clock_end();
}

/* A few times each, so that their beginning and end do not show. */
static uint64_t processes(int n, uint64_t (*run)(size_t bytes, size_t calls),
			  size_t bytes, size_t calls)
{
	const int times = 10;
	int ready[2], go[2], status, i;
	uint64_t took;
	char c = 0;

	if (pipe(ready) || pipe(go))
		die("pipe");
	for (i = 0; i < n; i++) {
		if (fork())
			continue;
		/* Private pages of its own */
		memset(buf, 0, buf_size);
		if (write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) != 1)
			die("pipe");
		for (i = 0; i < times; i++)
			run(bytes, calls);
		_exit(0);
	}
	for (i = 0; i < n; i++)
		if (read(ready[0], &c, 1) != 1)
			die("pipe");
	began = now();
	if (write(go[1], "go", n) != n)
		die("pipe");
	for (i = 0; i < n; i++)
		if (wait(&status) < 0 || status)
			die("a process");
	took = now() - began;
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	close(go[1]);
	return took / times;
}

static uint64_t one_reader(size_t bytes, size_t calls)
{
	return processes(1, sequential_read, bytes, calls);
}

static uint64_t two_readers(size_t bytes, size_t calls)
{
	return processes(2, sequential_read, bytes, calls);
}

static uint64_t one_copier(size_t bytes, size_t calls)
{
	return processes(1, copy, bytes, calls);
}

static uint64_t two_copiers(size_t bytes, size_t calls)
{
	return processes(2, copy, bytes, calls);
}

/*
 * Every so often a thread that goes before all others reads from the other file.
 * What it waits for is a CPU, and whatever the two files have in common.
 */
static volatile bool waiting;

static void *reader(void *worst)
{
	const struct sched_param first = { .sched_priority = 1 };
	int fd = open(other, O_RDONLY);
	struct timespec due;
	char block[4096];
	uint64_t late;

	if (fd < 0 || sched_setscheduler(0, SCHED_FIFO, &first))
		die(other);
	clock_gettime(CLOCK_MONOTONIC, &due);
	while (waiting) {
		due.tv_nsec += 200000;
		if (due.tv_nsec >= 1000000000) {
			due.tv_nsec -= 1000000000;
			due.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
		if (pread(fd, block, sizeof(block), 0) != sizeof(block))
			die(other);
		late = now() - (due.tv_sec * 1000000000ull + due.tv_nsec);
		if (late > *(uint64_t *)worst)
			*(uint64_t *)worst = late;
	}
	close(fd);
	return NULL;
}

static uint64_t worst_wait(bool trimming)
{
	uint64_t worst = 0;
	pthread_t thread;

	waiting = true;
	if (pthread_create(&thread, NULL, reader, &worst))
		die("pthread_create");
	if (trimming)
		empty_file();
	else
		usleep(100000);
	waiting = false;
	pthread_join(thread, NULL);
	return worst;
}

static uint64_t wait_trim(size_t bytes, size_t calls)
{
	(void)bytes;
	(void)calls;
	return worst_wait(true);
}

static uint64_t wait_idle(size_t bytes, size_t calls)
{
	(void)bytes;
	(void)calls;
	return worst_wait(false);
}

static void tell(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(file);
	close(fd);
}

/* In bytes, whatever for; a free page can be in the list of a CPU, too */
static uint64_t memory_in_use(void)
{
	uint64_t managed = 0, free_pages = 0, n;
	char word[64];
	FILE *zones;

	tell("/proc/sys/vm/stat_refresh", "1");
	zones = fopen("/proc/zoneinfo", "r");
	if (!zones)
		die("/proc/zoneinfo");
	while (fscanf(zones, "%63s", word) == 1) {
		uint64_t *sum = NULL;

		if (!strcmp(word, "managed"))
			sum = &managed;
		else if (!strcmp(word, "nr_free_pages") ||
			 !strcmp(word, "count:"))
			sum = &free_pages;
		if (sum && fscanf(zones, "%lu", &n) == 1)
			*sum += n;
	}
	fclose(zones);
	return (managed - free_pages) * sysconf(_SC_PAGESIZE);
}

static uint64_t memory(size_t bytes, size_t calls)
{
	uint64_t before;

	(void)bytes;
	(void)calls;
	empty_file();
	/* What a slab cache keeps for the next one would count as free. */
	if (system("for cache in /sys/kernel/slab/*; do echo 1 >$cache/shrink; done"))
		die("shrink");
	before = memory_in_use();
	fill();
	return memory_in_use() - before;
}

static const struct workload {
	const char *name;
	uint64_t (*run)(size_t bytes, size_t calls);
	bool sized;
	size_t calls; /* 0 for as many as the file has room for */
} workloads[] = {
	{ "fresh", fresh, true, 0 },
	{ "overwrite", overwrite, true, 0 },
	{ "read", sequential_read, true, 0 },
	{ "randread", random_read, true, 8192 },
	{ "randwrite", random_write, true, 8192 },
	{ "trim", trim, false, 1 },
	{ "open", open_close, false, 1000 },
	{ "copy", copy, true, 0 },
	{ "reader", one_reader, true, 0 },
	{ "readers", two_readers, true, 0 },
	{ "copier", one_copier, true, 0 },
	{ "copiers", two_copiers, true, 0 },
	{ "wait", wait_trim, false, 1 },
	{ "idle", wait_idle, false, 1 },
	{ "memory", memory, false, 1 },
};

static const struct workload *find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(workloads); i++)
		if (!strncmp(workloads[i].name, name, len) &&
		    !workloads[i].name[len])
			return &workloads[i];
	usage();
	return NULL;
}

static size_t number(const char *text)
{
	char *end;
	size_t n = strtoul(text, &end, 10);

	if (*end == 'K')
		n <<= 10;
	else if (*end == 'M')
		n <<= 20;
	return n;
}

int main(int argc, char **argv)
{
	const char *name = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "de:n:o:s:")) != -1) {
		switch (opt) {
		case 'd':
			flags = O_DIRECT;
			break;
		case 'e':
			empty = optarg;
			break;
		case 'n':
			name = optarg;
			break;
		case 'o':
			other = optarg;
			break;
		case 's':
			size = number(optarg);
			break;
		default:
			usage();
		}
	}
	argv += optind;
	if (!argv[0] || !argv[1] || !size)
		usage();
	path = *argv++;

	/* O_DIRECT wants it aligned; and what it costs to touch it is not timed. */
	buf = aligned_alloc(4096, buf_size);
	if (!buf)
		die("aligned_alloc");
	memset(buf, 'x', buf_size);

	empty_file();
	for (; *argv; argv++) {
		size_t len = strcspn(*argv, ":");
		const struct workload *w = find(*argv, len);
		size_t bytes = w->sized && (*argv)[len] ?
				       number(*argv + len + 1) :
				       size;
		size_t calls;
		uint64_t figure;
		int passes;

		if (!bytes)
			usage();
		if (bytes > size)
			bytes = size;
		calls = w->calls ?: size / bytes;
		/* What is done once is done without a pass to warm up. */
		for (passes = w->calls == 1 ? 1 : 2; passes; passes--) {
			if (!full)
				fill();
			figure = w->run(bytes, calls);
		}
		printf("%s\t%s\t%zu\t%llu\n", name ?: path, *argv,
		       w->run == memory ? size : calls,
		       (unsigned long long)figure);
	}
	return 0;
}
