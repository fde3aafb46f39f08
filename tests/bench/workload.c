// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times the use of one file or device: see usage().
 *
 * Everything is the same in each run: what is written, where, and in which order.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *path;
static size_t size = 32 << 20;
static int flags;
static char *buf;

static void usage(void)
{
	fputs("usage: workload [-d] [-m MIB] [-n NAME] [-r COMMAND] FILE WORKLOAD...\n"
	      "  -d          with O_DIRECT\n"
	      "  -m MIB      how much data (default 32)\n"
	      "  -n NAME     what to call the file in the output\n"
	      "  -r COMMAND  empties the file, which opening with O_TRUNC does not\n"
	      "WORKLOAD is one of\n"
	      "  fresh:BYTES, overwrite:BYTES, read:BYTES   a pass through the file, in\n"
	      "              calls of so many bytes; the first empties it before\n"
	      "  randread:BYTES, randwrite:BYTES   as many calls in random order\n"
	      "  trim        emptying it\n"
	      "  open        open and close\n"
	      "prints for each: NAME WORKLOAD CALLS NANOSECONDS\n", stderr);
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

static int open_file(int more)
{
	int fd = open(path, flags | more, 0600);

	if (fd < 0)
		die("open");
	return fd;
}

/* Each block once, in an order without a pattern */
static off_t *shuffled(size_t blocks, size_t bytes)
{
	off_t *pos = calloc(blocks, sizeof(*pos));
	uint32_t seed = 1;
	size_t i;

	if (!pos)
		die("calloc");
	for (i = 0; i < blocks; i++) {
		size_t j = (uint64_t)(seed = seed * 1664525 + 1013904223) * (i + 1) >> 32;

		pos[i] = pos[j];
		pos[j] = i * bytes;
	}
	return pos;
}

static uint64_t pass(int fd, bool writing, size_t bytes, const off_t *pos)
{
	size_t calls = size / bytes, i;
	ssize_t ret;

	if (lseek(fd, 0, SEEK_SET))
		die("lseek");
	clock_begin();
	for (i = 0; i < calls; i++) {
		if (pos)
			ret = writing ? pwrite(fd, buf, bytes, pos[i])
				      : pread(fd, buf, bytes, pos[i]);
		else
			ret = writing ? write(fd, buf, bytes)
				      : read(fd, buf, bytes);
		if (ret != (ssize_t)bytes)
			die(writing ? "write" : "read");
	}
	return clock_end();
}

/* Leaves the file empty. */
static uint64_t trim(const char *command)
{
	clock_begin();
	if (!command)
		close(open_file(O_RDWR | O_TRUNC));
	else if (system(command))
		die(command);
	return clock_end();
}

static void fill(void)
{
	int fd = open_file(O_RDWR);

	pass(fd, true, 1 << 20, NULL);
	close(fd);
}

/* Runs one workload once to warm up and once for its time. */
static uint64_t run(const char *name, size_t bytes, const char *reset,
		    size_t *calls)
{
	bool fresh = !strcmp(name, "fresh");
	bool writing = fresh || strstr(name, "write");
	uint64_t took = 0;
	off_t *pos = NULL;
	int fd, i;

	fill();
	*calls = 1;
	if (!strcmp(name, "trim")) {
		trim(reset);
		fill();
		return trim(reset);
	}
	if (!strcmp(name, "open")) {
		*calls = 1000;
		for (i = 0; i < 2000; i++) {
			if (i == 1000)
				clock_begin();
			close(open_file(O_RDWR));
		}
		return clock_end();
	}

	if (!bytes)
		usage();
	*calls = size / bytes;
	if (!strncmp(name, "rand", 4))
		pos = shuffled(*calls, bytes);
	for (i = 0; i < 2; i++) {
		if (fresh)
			trim(reset);
		fd = open_file(O_RDWR);
		took = pass(fd, writing, bytes, pos);
		close(fd);
	}
	free(pos);
	return took;
}

int main(int argc, char **argv)
{
	const char *name = NULL, *reset = NULL;
	size_t calls;
	uint64_t ns;
	int opt;

	while ((opt = getopt(argc, argv, "dm:n:r:")) != -1) {
		switch (opt) {
		case 'd':
			flags = O_DIRECT;
			break;
		case 'm':
			size = strtoul(optarg, NULL, 10) << 20;
			break;
		case 'n':
			name = optarg;
			break;
		case 'r':
			reset = optarg;
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
	buf = aligned_alloc(4096, 1 << 20);
	if (!buf)
		die("aligned_alloc");
	memset(buf, 'x', 1 << 20);

	for (; *argv; argv++) {
		char *bytes = strchr(*argv, ':');

		if (bytes)
			*bytes++ = '\0';
		ns = run(*argv, bytes ? strtoul(bytes, NULL, 10) : 0, reset, &calls);
		printf("%s\t%s%s%s\t%zu\t%llu\n", name ?: path, *argv,
		       bytes ? ":" : "", bytes ?: "", calls,
		       (unsigned long long)ns);
	}
	return 0;
}
