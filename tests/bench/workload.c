// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the time of operations on a file or device: see usage().
 *
 * Deterministic: each run makes the same calls at the same offsets in the same order.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *path;
static const char *other;
static const char *empty;
static size_t size = 32 << 20;
static int flags;
static bool full; /* the file has size bytes, as workloads without BARE need */
static const size_t buf_size = 32 << 20;
static const size_t page = 4096;
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
	      "  pread:BYTES, pwrite:BYTES         the same at any byte\n"
	      "  preadv:BYTES, pwritev:BYTES       the same with 16 buffers of BYTES\n"
	      "  append:BYTES     empty it, then append, 8192 times\n"
	      "  trim             empty it\n"
	      "  lseek            to the beginning and to the end, 8192 times\n"
	      "  open             open and close it, 8192 times\n"
	      "  map-read         map it, and read a byte of each page in order\n"
	      "  map-write        the same, and write one\n"
	      "  map-populate     map it with MAP_POPULATE\n"
	      "  map-random       map it, and read a byte of 128 pages at random\n"
	      "  map-holes        map it with nothing but its last byte stored, and write\n"
	      "                   a byte of each page in order\n"
	      "  sendfile         empty and fill it, then send it to /dev/null in one call\n"
	      "  splice-null      splice it to a pipe, and from there to /dev/null\n"
	      "  splice-read      splice it to a pipe, and read from there\n"
	      "  splice-in        vmsplice a buffer to a pipe, and splice from there to it\n"
	      "  sparse-write     empty it, and write 1024 bytes, 4 MiB apart\n"
	      "  sparse-trim      empty it of these\n"
	      "  sparse-data      SEEK_DATA, at each of these\n"
	      "  sparse-seek      SEEK_DATA, from the hole past each of these to the next\n"
	      "  copy:BYTES       within the program, as much as read would\n"
	      "  reader:BYTES     another process reads all of it, or copies as much\n"
	      "  copier:BYTES\n"
	      "  readers:BYTES    two do so at the same time\n"
	      "  copiers:BYTES\n"
	      "  part:BYTES       another process reads this part of it again and again\n"
	      "  beside:BYTES     the same, while a third process overwrites the next part\n"
	      "  wait             empty it; meanwhile, how long the reader of another\n"
	      "                   file waited in the worst case\n"
	      "  idle             the same without emptying\n"
	      "  memory           empty it and fill it; how much memory that took\n"
	      "prints NAME WORKLOAD CALLS NANOSECONDS; for map, sendfile and splice pages\n"
	      "and nanoseconds, for memory bytes stored and spent\n",
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

/* A profile covers the code between these two functions. */
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

/* A pseudo-random number below n */
static uint64_t next_random(uint32_t *seed, uint64_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed * n >> 32;
}

static uint64_t at_random(bool writing, size_t bytes, size_t calls,
			  size_t align)
{
	int fd = open_file(O_RDWR);
	uint64_t places = (size - bytes) / align + 1;
	uint32_t seed = 1;
	uint64_t took;
	ssize_t ret;
	size_t i;

	clock_begin();
	for (i = 0; i < calls; i++) {
		off_t pos = next_random(&seed, places) * align;

		ret = writing ? pwrite(fd, buf, bytes, pos) :
				pread(fd, buf, bytes, pos);
		if (ret != (ssize_t)bytes)
			die(writing ? "pwrite" : "pread");
	}
	took = clock_end();
	close(fd);
	return took;
}

static uint64_t vectors(bool writing, size_t bytes, size_t calls)
{
	int fd = open_file(O_RDWR);
	struct iovec parts[16];
	const int n = ARRAY_SIZE(parts);
	uint64_t places = size - n * bytes + 1;
	uint32_t seed = 1;
	uint64_t took;
	ssize_t ret;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		parts[i] = (struct iovec){ buf + 2 * i * bytes, bytes };
	clock_begin();
	for (i = 0; i < calls; i++) {
		off_t pos = next_random(&seed, places);

		ret = writing ? pwritev(fd, parts, n, pos) :
				preadv(fd, parts, n, pos);
		if (ret != (ssize_t)(n * bytes))
			die(writing ? "pwritev" : "preadv");
	}
	took = clock_end();
	close(fd);
	return took;
}

static uint64_t overwrite(size_t bytes, size_t calls)
{
	return sequential(true, bytes, calls);
}

/* vfree() defers a part of its work, which must not count in the next figure. */
static void empty_and_settle(void)
{
	empty_file();
	usleep(100000);
}

static uint64_t fresh(size_t bytes, size_t calls)
{
	empty_and_settle();
	full = true;
	return sequential(true, bytes, calls);
}

static uint64_t sequential_read(size_t bytes, size_t calls)
{
	return sequential(false, bytes, calls);
}

static uint64_t random_read(size_t bytes, size_t calls)
{
	return at_random(false, bytes, calls, bytes);
}

static uint64_t random_write(size_t bytes, size_t calls)
{
	return at_random(true, bytes, calls, bytes);
}

static uint64_t any_read(size_t bytes, size_t calls)
{
	return at_random(false, bytes, calls, 1);
}

static uint64_t any_write(size_t bytes, size_t calls)
{
	return at_random(true, bytes, calls, 1);
}

static uint64_t vector_read(size_t bytes, size_t calls)
{
	return vectors(false, bytes, calls);
}

static uint64_t vector_write(size_t bytes, size_t calls)
{
	return vectors(true, bytes, calls);
}

static uint64_t append(size_t bytes, size_t calls)
{
	uint64_t took;
	size_t i;
	int fd;

	empty_and_settle();
	fd = open_file(O_RDWR | O_APPEND);
	clock_begin();
	for (i = 0; i < calls; i++)
		if (write(fd, buf, bytes) != (ssize_t)bytes)
			die("write");
	took = clock_end();
	close(fd);
	return took;
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

static uint64_t seek(size_t bytes, size_t calls)
{
	int fd = open_file(O_RDWR);
	uint64_t took;
	size_t i;

	(void)bytes;
	clock_begin();
	for (i = 0; i < calls; i++)
		if (lseek(fd, 0, i % 2 ? SEEK_END : SEEK_SET) < 0)
			die("lseek");
	took = clock_end();
	close(fd);
	return took;
}

static char *map_file(int fd, int how)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | how,
			 fd, 0);

	if (map == MAP_FAILED)
		die("mmap");
	return map;
}

static uint64_t touch(bool writing, bool randomly, size_t calls)
{
	int fd = open_file(O_RDWR);
	char *map = map_file(fd, 0);
	uint64_t pages = size / page;
	uint32_t seed = 1;
	uint64_t took;
	size_t i;

	clock_begin();
	for (i = 0; i < calls; i++) {
		volatile char *byte =
			map + page * (randomly ? next_random(&seed, pages) : i);

		if (writing)
			*byte = 'y';
		else
			(void)*byte;
	}
	took = clock_end();
	munmap(map, size);
	close(fd);
	return took;
}

static uint64_t map_read(size_t bytes, size_t calls)
{
	(void)bytes;
	return touch(false, false, calls);
}

static uint64_t map_write(size_t bytes, size_t calls)
{
	(void)bytes;
	return touch(true, false, calls);
}

static uint64_t map_random(size_t bytes, size_t calls)
{
	(void)bytes;
	return touch(false, true, calls);
}

static uint64_t map_holes(size_t bytes, size_t calls)
{
	int fd;

	(void)bytes;
	empty_and_settle();
	fd = open_file(O_RDWR);
	if (pwrite(fd, buf, 1, size - 1) != 1)
		die("pwrite");
	close(fd);
	return touch(true, false, calls);
}

static uint64_t map_populate(size_t bytes, size_t calls)
{
	int fd = open_file(O_RDWR);
	uint64_t took;
	char *map;

	(void)bytes;
	(void)calls;
	clock_begin();
	map = map_file(fd, MAP_POPULATE);
	took = clock_end();
	munmap(map, size);
	close(fd);
	return took;
}

/* The number of bytes that a call moved. End of file, 0, is an error here. */
static size_t moved(ssize_t bytes, const char *what)
{
	if (bytes <= 0)
		die(what);
	return bytes;
}

static int open_null(void)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd < 0)
		die("/dev/null");
	return fd;
}

static void open_pipe(int ends[2], int room)
{
	if (pipe(ends) || fcntl(ends[0], F_SETPIPE_SZ, room) != room)
		die("pipe");
}

static uint64_t send_file(size_t bytes, size_t calls)
{
	int null = open_null();
	uint64_t took;
	size_t left;
	int fd;

	(void)bytes;
	(void)calls;
	empty_and_settle();
	fill();
	fd = open_file(O_RDWR);
	clock_begin();
	for (left = size; left;)
		left -= moved(sendfile(null, fd, NULL, left), "sendfile");
	took = clock_end();
	close(fd);
	close(null);
	return took;
}

static uint64_t splice_out(bool reading)
{
	int fd = open_file(O_RDWR), null = open_null();
	const size_t room = 1 << 20;
	size_t left, in_pipe;
	uint64_t took;
	int ends[2];

	open_pipe(ends, room);
	clock_begin();
	for (left = size; left; left -= in_pipe) {
		size_t rest;

		in_pipe = moved(splice(fd, NULL, ends[1], NULL, room, 0),
				"splice");
		for (rest = in_pipe; rest;)
			rest -= moved(reading ? read(ends[0], buf, rest) :
						splice(ends[0], NULL, null,
						       NULL, rest, 0),
				      "out of the pipe");
	}
	took = clock_end();
	close(ends[0]);
	close(ends[1]);
	close(null);
	close(fd);
	return took;
}

static uint64_t splice_null(size_t bytes, size_t calls)
{
	(void)bytes;
	(void)calls;
	return splice_out(false);
}

static uint64_t splice_read(size_t bytes, size_t calls)
{
	(void)bytes;
	(void)calls;
	return splice_out(true);
}

static uint64_t splice_in(size_t bytes, size_t calls)
{
	const size_t room = 64 << 10;
	int fd = open_file(O_RDWR);
	size_t left, in_pipe;
	uint64_t took;
	int ends[2];

	(void)bytes;
	(void)calls;
	open_pipe(ends, room);
	clock_begin();
	for (left = size; left; left -= in_pipe) {
		struct iovec part = { buf + (size - left) % buf_size,
				      left < room ? left : room };
		size_t rest;

		in_pipe = moved(vmsplice(ends[1], &part, 1, 0), "vmsplice");
		for (rest = in_pipe; rest;)
			rest -= moved(splice(ends[0], NULL, fd, NULL, rest, 0),
				      "splice");
	}
	took = clock_end();
	close(ends[0]);
	close(ends[1]);
	close(fd);
	return took;
}

static const off_t apart = 4 << 20;

static uint64_t sparse_write(size_t bytes, size_t calls)
{
	uint64_t took;
	size_t i;
	int fd;

	(void)bytes;
	empty_and_settle();
	fd = open_file(O_RDWR);
	clock_begin();
	for (i = 0; i < calls; i++)
		if (pwrite(fd, buf, 1, i * apart) != 1)
			die("pwrite");
	took = clock_end();
	close(fd);
	return took;
}

static uint64_t sparse_trim(size_t bytes, size_t calls)
{
	sparse_write(bytes, calls);
	return trim(0, 1);
}

/* Each call starts so many bytes before a stored byte, and finds it. */
static uint64_t seek_data(size_t calls, off_t before)
{
	uint64_t took;
	size_t i;
	int fd;

	sparse_write(1, calls + 1);
	fd = open_file(O_RDWR);
	clock_begin();
	for (i = 1; i <= calls; i++)
		if (lseek(fd, i * apart - before, SEEK_DATA) < 0)
			die("SEEK_DATA");
	took = clock_end();
	close(fd);
	return took;
}

static uint64_t sparse_data(size_t bytes, size_t calls)
{
	(void)bytes;
	return seek_data(calls, 0);
}

/* Starts in the hole: 64 KiB past a byte, even the largest quantum of a target ends. */
static uint64_t sparse_seek(size_t bytes, size_t calls)
{
	(void)bytes;
	return seek_data(calls, apart - (64 << 10));
}

/* The lower bound for read(): a copy like the kernel's, without a system call */
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

/* Each process runs several times, so that its start and exit hardly count. */
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
		/* Break the copy-on-write sharing of the buffer's pages. */
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

static uint64_t read_first(size_t bytes, size_t calls)
{
	int fd = open_file(O_RDONLY);

	while (calls--)
		if (pread(fd, buf, bytes, 0) != (ssize_t)bytes)
			die("pread");
	close(fd);
	return 0;
}

static uint64_t part_reader(size_t bytes, size_t calls)
{
	return processes(1, read_first, bytes, calls);
}

static uint64_t reader_beside_writer(size_t bytes, size_t calls)
{
	int fd = open_file(O_RDWR), writing[2];
	uint64_t took;
	pid_t writer;
	char c;

	if (pipe(writing))
		die("pipe");
	writer = fork();
	if (writer < 0)
		die("fork");
	if (!writer) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		memset(buf, 0, buf_size);
		if (pwrite(fd, buf, bytes, bytes) == (ssize_t)bytes &&
		    write(writing[1], "", 1) == 1)
			while (pwrite(fd, buf, bytes, bytes) == (ssize_t)bytes)
				;
		die("pwrite");
	}
	close(writing[1]);
	if (read(writing[0], &c, 1) != 1)
		die("the writer");
	took = part_reader(bytes, calls);
	if (kill(writer, SIGKILL) || waitpid(writer, NULL, 0) != writer)
		die("the writer");
	close(writing[0]);
	close(fd);
	return took;
}

/*
 * Every 200 us a real-time thread reads from the other file. It waits only for a CPU
 * and for resources that the two files share, such as locks.
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

/* Bytes in use for any purpose. Pages in the per-CPU lists are free, too. */
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
	/* Free empty slabs: objects in them would not add to the memory in use. */
	if (system("for cache in /sys/kernel/slab/*; do echo 1 >$cache/shrink; done"))
		die("shrink");
	before = memory_in_use();
	fill();
	return memory_in_use() - before;
}

static const struct workload {
	const char *name;
	uint64_t (*run)(size_t bytes, size_t calls);
	enum {
		SIZED = 1, /* the argument is the size of a call */
		PAGED = 2, /* counts pages, not system calls */
		BARE = 4, /* prepares the file itself */
	} how;
	size_t calls; /* 0: as many as cover the file */
} workloads[] = {
	{ "fresh", fresh, SIZED, 0 },
	{ "overwrite", overwrite, SIZED, 0 },
	{ "read", sequential_read, SIZED, 0 },
	{ "randread", random_read, SIZED, 8192 },
	{ "randwrite", random_write, SIZED, 8192 },
	{ "pread", any_read, SIZED, 8192 },
	{ "pwrite", any_write, SIZED, 8192 },
	{ "preadv", vector_read, SIZED, 8192 },
	{ "pwritev", vector_write, SIZED, 8192 },
	{ "append", append, SIZED | BARE, 8192 },
	{ "trim", trim, 0, 1 },
	{ "lseek", seek, 0, 8192 },
	{ "open", open_close, 0, 8192 },
	{ "map-read", map_read, PAGED, 0 },
	{ "map-write", map_write, PAGED, 0 },
	{ "map-populate", map_populate, PAGED, 0 },
	{ "map-random", map_random, PAGED, 128 },
	{ "map-holes", map_holes, PAGED | BARE, 0 },
	{ "sendfile", send_file, PAGED | BARE, 0 },
	{ "splice-null", splice_null, PAGED, 0 },
	{ "splice-read", splice_read, PAGED, 0 },
	{ "splice-in", splice_in, PAGED, 0 },
	{ "sparse-write", sparse_write, BARE, 1024 },
	{ "sparse-trim", sparse_trim, BARE, 1024 },
	{ "sparse-data", sparse_data, BARE, 1023 },
	{ "sparse-seek", sparse_seek, BARE, 1023 },
	{ "copy", copy, SIZED, 0 },
	{ "reader", one_reader, SIZED, 0 },
	{ "readers", two_readers, SIZED, 0 },
	{ "copier", one_copier, SIZED, 0 },
	{ "copiers", two_copiers, SIZED, 0 },
	{ "part", part_reader, SIZED, 0 },
	{ "beside", reader_beside_writer, SIZED, 0 },
	{ "wait", wait_trim, 0, 1 },
	{ "idle", wait_idle, 0, 1 },
	{ "memory", memory, 0, 1 },
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

	/* Aligned for O_DIRECT. memset() takes the page faults, which must not count. */
	buf = aligned_alloc(4096, buf_size);
	if (!buf)
		die("aligned_alloc");
	memset(buf, 'x', buf_size);

	empty_file();
	for (; *argv; argv++) {
		size_t len = strcspn(*argv, ":");
		const struct workload *w = find(*argv, len);
		size_t bytes = w->how & PAGED ? page : size;
		size_t calls;
		uint64_t figure;
		int passes;

		if (w->how & SIZED && (*argv)[len])
			bytes = number(*argv + len + 1);
		if (!bytes)
			usage();
		if (bytes > size)
			bytes = size;
		calls = w->calls ?: size / bytes;
		/* A workload with a single call has no pass to warm up. */
		for (passes = w->calls == 1 ? 1 : 2; passes; passes--) {
			if (!full && !(w->how & BARE)) {
				/* An earlier workload may have made it longer. */
				empty_file();
				fill();
			}
			figure = w->run(bytes, calls);
		}
		printf("%s\t%s\t%zu\t%llu\n", name ?: path, *argv,
		       w->run == memory ? size : calls,
		       (unsigned long long)figure);
	}
	return 0;
}
