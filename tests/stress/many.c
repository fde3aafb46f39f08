// SPDX-License-Identifier: GPL-2.0-only
/*
 * Concurrent processes on the devices of a module. Each record has its writer, number
 * and place, so that each byte read can be traced to a write that happened. Each device
 * has its own rules:
 *
 *   0  slots: records overwrite records. A read that runs beside a write may see a part
 *      of the record; a later read sees it complete. Some slots have one writer: there
 *      a reader must see a record at least as new as the last one completed before it.
 *   1  a log: records are appended. One read of the whole log has the records of each
 *      writer without a gap.
 *   2  one open file, whose position all processes share: no record is lost.
 *   3  bytes: each byte tells its writer and place, because stores to a mapping are
 *      single bytes.
 *
 * Meanwhile the processes trim, change the geometry, and read /proc and /sys.
 */
#include "../support/support.h"
#include "many.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_PROCESSES 15
#define RECORD 777
#define OWNED 8 /* slots of each process */
#define COMMON 32
#define LOG_MOST (RECORD * 120)
#define SHARED_MOST (RECORD * 20000)
#define BYTES_MOST (128 << 10)

enum { SLOTS, LOG, SHARED, BYTES, DEVICES };

/* Shared by all processes */
struct board {
	/* The number of a record is announced before the write. */
	atomic_ullong announced[DEVICES][MOST_PROCESSES];
	/* The least that an owned slot must hold; see slot_write(). */
	atomic_ullong done[MOST_PROCESSES * OWNED];
	atomic_ulong trims_begun, trims_ended;
	atomic_ulong writes, reads, torn;
};

static struct board *board;
static unsigned int processes, self;
static int fds[DEVICES];
static struct random rnd;

struct record {
	uint64_t nr;
	uint32_t device;
	uint32_t slot;
	uint32_t writer;
	unsigned char body[RECORD - 20];
} __attribute__((packed));

static uint64_t mix(uint64_t a, uint64_t b)
{
	struct random r = { a * 0x100000001b3 ^ b };

	return random_next(&r);
}

/* The slot of a record follows from its number. */
static uint32_t slot_of(uint32_t writer, uint64_t nr)
{
	uint64_t x = mix(writer, nr);

	if (x % 4)
		return x / 4 % OWNED * processes + writer;
	return OWNED * processes + x / 4 % COMMON;
}

static void make_record(struct record *r, int device, uint32_t writer,
			uint64_t nr)
{
	struct random body = { mix(nr, writer * 16 + device) };

	r->nr = nr;
	r->device = device;
	r->slot = device == SLOTS ? slot_of(writer, nr) : 0;
	r->writer = writer;
	for (size_t i = 0; i < sizeof(r->body); i++)
		r->body[i] = i % 8 ? r->body[i - 1] * 5 + i :
				     random_next(&body);
}

static bool is_zero(const void *data, size_t len)
{
	const unsigned char *p = data;

	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

/* Does the head of the record belong to a record that was announced? */
static bool is_announced(const struct record *r, int device)
{
	return r->writer < processes && r->device == (uint32_t)device &&
	       r->nr < atomic_load(&board->announced[device][r->writer]);
}

/* Is it empty, or a complete record that was announced? */
static bool is_whole(const struct record *r, int device)
{
	struct record want;

	if (is_zero(r, RECORD))
		return true;
	if (!is_announced(r, device))
		return false;
	make_record(&want, device, r->writer, r->nr);
	return !memcmp(r, &want, RECORD);
}

/* Fail unless it is a complete record that was announced. */
static void check_record(const struct record *r, int device)
{
	struct record want;

	if (!is_announced(r, device))
		die("device %d: nobody wrote record %llu of %u", device,
		    (unsigned long long)r->nr, r->writer);
	make_record(&want, device, r->writer, r->nr);
	if (memcmp(r, &want, RECORD)) {
		const unsigned char *a = (void *)r, *b = (void *)&want;
		int i;

		for (i = 0; a[i] == b[i]; i++)
			;
		die("device %d: record %llu of %u is torn at byte %d", device,
		    (unsigned long long)r->nr, r->writer, i);
	}
}

static uint64_t announce(struct record *r, int device)
{
	uint64_t nr = atomic_fetch_add(&board->announced[device][self], 1);

	make_record(r, device, self, nr);
	return nr;
}

/* Write a record in one call, as one piece or as several. */
static long long write_record(int fd, const struct record *r, off_t off)
{
	size_t first = random_below(&rnd, RECORD);
	size_t second = random_below(&rnd, RECORD - first);
	struct iovec iov[] = {
		{ (void *)r, first },
		{ (void *)r + first, second },
		{ (void *)r + first + second, RECORD - first - second },
	};

	atomic_fetch_add(&board->writes, 1);
	if (one_in(&rnd, 2))
		return kernel(off < 0 ? writev(fd, iov, 3) :
					pwritev(fd, iov, 3, off));
	return kernel(off < 0 ? write(fd, r, RECORD) :
				pwrite(fd, r, RECORD, off));
}

static void whole(long long ret)
{
	if (ret != RECORD)
		die("a write of %d returned %lld", RECORD, ret);
}

/* No read has to wait, so RWF_NOWAIT works as well. */
static long long read_some(int fd, void *buf, size_t len, off_t off)
{
	struct iovec iov = { buf, len };

	atomic_fetch_add(&board->reads, 1);
	if (one_in(&rnd, 4))
		return kernel(preadv2(fd, &iov, 1, off, RWF_NOWAIT));
	return kernel(pread(fd, buf, len, off));
}

/* ---- slots ---- */

/*
 * A record stays until the next one, or a trim. So the board has, for an owned slot,
 * its last record with the number of trims, unless a trim ran during the write.
 */
static uint64_t on_board(uint64_t nr, unsigned long trims)
{
	return (nr + 1) << 24 | (trims & 0xffffff);
}

static void slot_write(void)
{
	unsigned long ended = atomic_load(&board->trims_ended);
	unsigned long begun = atomic_load(&board->trims_begun);
	struct record r;
	uint64_t nr = announce(&r, SLOTS);

	whole(write_record(fds[SLOTS], &r, (off_t)r.slot * RECORD));
	if (r.slot < OWNED * processes)
		atomic_store(&board->done[r.slot],
			     begun == ended ? on_board(nr, begun) : 0);
}

/* Read some slots until all records are complete. Returns how many. */
static unsigned int read_slots(struct record *r, unsigned int slot,
			       unsigned int count)
{
	long long ret, end = now_ms() + 20000;
	unsigned int got, i;

	for (;;) {
		ret = read_some(fds[SLOTS], r, count * RECORD,
				(off_t)slot * RECORD);
		if (ret < 0 || ret % RECORD)
			die("slots: a read of %u records returned %lld", count,
			    ret);
		got = ret / RECORD;
		for (i = 0; i < got && is_whole(&r[i], SLOTS); i++)
			;
		if (i == got)
			return got;
		atomic_fetch_add(&board->torn, 1);
		if (now_ms() > end)
			die("slots: slot %u stays torn", slot + i);
		usleep(100);
	}
}

static void slot_read(void)
{
	unsigned int slots = OWNED * processes + COMMON;
	unsigned int slot = random_below(&rnd, slots);
	unsigned int count = 1 + random_below(&rnd, 4);
	uint64_t least =
		slot < OWNED * processes ? atomic_load(&board->done[slot]) : 0;
	struct record r[4];

	count = read_slots(r, slot, count);
	for (unsigned int i = 0; i < count; i++)
		if (!is_zero(&r[i], RECORD) && r[i].slot != slot + i)
			die("slots: slot %u holds a record for %u", slot + i,
			    r[i].slot);

	if (!least ||
	    (least & 0xffffff) != (atomic_load(&board->trims_begun) & 0xffffff))
		return;
	if (!count || is_zero(r, RECORD) || r->nr < (least >> 24) - 1)
		die("slots: slot %u lost record %llu", slot,
		    (unsigned long long)(least >> 24) - 1);
}

/* ---- log ---- */

static void log_write(void)
{
	struct record r;

	announce(&r, LOG);
	whole(write_record(fds[LOG], &r, -1));
	if (lseek(fds[LOG], 0, SEEK_END) > LOG_MOST)
		close(dev_open(LOG, O_WRONLY));
}

static void log_read(void)
{
	static struct record log[2 * LOG_MOST / RECORD];
	uint64_t next[MOST_PROCESSES] = { 0 };
	long long ret = read_some(fds[LOG], log, sizeof(log), 0);

	if (ret < 0 || ret % RECORD)
		die("log: read returned %lld", ret);
	for (int i = 0; i < ret / RECORD; i++) {
		const struct record *r = &log[i];

		check_record(r, LOG);
		if (next[r->writer] && r->nr != next[r->writer])
			die("log: record %llu of %u follows %llu",
			    (unsigned long long)r->nr, r->writer,
			    (unsigned long long)next[r->writer] - 1);
		next[r->writer] = r->nr + 1;
	}
}

/* ---- a shared position ---- */

static void shared_write(void)
{
	struct record r;

	/* Several, so that records of others come between them. */
	for (int i = 0; i < 20; i++) {
		if (lseek(fds[SHARED], 0, SEEK_CUR) > SHARED_MOST)
			return;
		announce(&r, SHARED);
		whole(write_record(fds[SHARED], &r, -1));
	}
}

/* Is each record there once, and those of each writer in order? */
static bool shared_whole(void)
{
	uint64_t next[MOST_PROCESSES] = { 0 };
	struct record r;
	long long ret;
	off_t off = 0;

	for (; (ret = kernel(pread(fds[SHARED], &r, RECORD, off))) == RECORD;
	     off += RECORD) {
		if (r.writer >= processes || r.nr != next[r.writer]++)
			return false;
		check_record(&r, SHARED);
	}
	for (unsigned int i = 0; i < processes; i++)
		if (next[i] != atomic_load(&board->announced[SHARED][i]))
			return false;
	return !ret;
}

/* ---- bytes and mappings ---- */

static unsigned char byte_of(uint64_t off, unsigned int writer)
{
	return (writer + 1) << 4 | ((off * 7 + (off >> 6)) & 15);
}

static void fill_bytes(unsigned char *p, size_t len, uint64_t off)
{
	for (size_t i = 0; i < len; i++)
		p[i] = byte_of(off + i, self);
}

static void check_bytes(const unsigned char *p, size_t len, uint64_t off)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] && (p[i] >> 4 > (int)processes ||
			     p[i] != byte_of(off + i, (p[i] >> 4) - 1)))
			die("bytes: offset %llu holds 0x%02x",
			    (unsigned long long)(off + i), p[i]);
}

static void bytes_write(void)
{
	unsigned char data[5000];
	uint64_t off = random_below(&rnd, BYTES_MOST);
	size_t len = 1 + random_below(&rnd, sizeof(data));

	fill_bytes(data, len, off);
	atomic_fetch_add(&board->writes, 1);
	if (kernel(pwrite(fds[BYTES], data, len, off)) != (long long)len)
		die("bytes: write: %s", strerror(errno));
}

static void bytes_read(void)
{
	static unsigned char data[BYTES_MOST / 4];
	uint64_t off = random_below(&rnd, BYTES_MOST);
	long long ret = read_some(fds[BYTES], data, sizeof(data), off);

	if (ret < 0)
		die("bytes: read: %s", strerror(-ret));
	check_bytes(data, ret, off);
}

static sigjmp_buf past_the_end;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(past_the_end, 1);
}

/* Access bytes up to the end of the mapping, or of the device. */
static void map_touch(volatile unsigned char *p, size_t len, uint64_t off,
		      bool out, bool garbage)
{
	if (sigsetjmp(past_the_end, 0))
		return;
	for (size_t i = 0; i < len; i += 1 + random_below(&rnd, 97)) {
		if (garbage)
			p[i] = 0xff;
		else if (out)
			p[i] = byte_of(off + i, self);
		else
			check_bytes((unsigned char[]){ p[i] }, 1, off + i);
	}
}

static void bytes_map(void)
{
	size_t len = (1 + random_below(&rnd, 8)) * page_size();
	uint64_t off =
		random_below(&rnd, BYTES_MOST / page_size()) * page_size();
	bool private = one_in(&rnd, 4);
	unsigned char *p;
	int err;

	p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		 private ? MAP_PRIVATE : MAP_SHARED, fds[BYTES], off);
	err = p == MAP_FAILED ? errno : 0;
	if (err == ENODEV || err == EINVAL)
		return; /* scullc, or not whole pages */
	if (err)
		die("mmap: %s", strerror(err));
	map_touch(p, len, off, false, false);
	map_touch(p, len, off, true, private);
	/* A private mapping has garbage now, which the device must not show. */
	if (!private)
		map_touch(p, len, off, false, false);
	must(munmap(p, len));
}

/* ---- trims, geometry, /proc and /sys ---- */

static void retrim(void)
{
	static const int devices[] = { SLOTS, BYTES };
	int device = devices[random_below(&rnd, 2)];
	int fd;

	if (device == SLOTS)
		atomic_fetch_add(&board->trims_begun, 1);
	fd = open(dev_path(device), O_RDWR | O_TRUNC);
	if (fd >= 0)
		close(fd);
	else if (errno != EBUSY || device == SLOTS)
		die("trim: %s", strerror(errno));
	if (device == SLOTS)
		atomic_fetch_add(&board->trims_ended, 1);
}

static void regeometry(void)
{
	/* Not too small: except with scullc each takes a page at least. */
	static const long quanta[] = { 400, 500, 777, 1000, 4000, 64, 100 };
	static const long qsets[] = { 1, 2, 4, 7, 100, 1000 };
	long quantum = one_in(&rnd, 2) ?
			       (long)(page_size() << random_below(&rnd, 3)) :
			       quanta[random_below(&rnd, mod->paged ? 5 : 7)];

	must(ioctl(fds[LOG], SCULL_IOCTQUANTUM, quantum));
	must(ioctl(fds[LOG], SCULL_IOCTQSET,
		   qsets[random_below(&rnd, ARRAY_SIZE(qsets))]));
}

static void watch(void)
{
	const char *path = one_in(&rnd, 2) ?
				   proc_path("mem") :
				   layout_path(random_below(&rnd, DEVICES));

	if (!access(path, R_OK))
		free(slurp(path));
	read_long(sysfs_path(SLOTS, "size"));
	if (read_long(sysfs_path(LOG, "size")) % RECORD)
		die("log: not a whole number of records");
}

static const struct {
	void (*act)(void);
	unsigned int weight;
} acts[] = {
	{ slot_write, 100 }, { slot_read, 150 },   { log_write, 60 },
	{ log_read, 15 },    { shared_write, 20 }, { bytes_write, 30 },
	{ bytes_read, 10 },  { bytes_map, 10 },	   { retrim, 4 },
	{ regeometry, 4 },   { watch, 3 },
};

static void live(uint64_t seed, long long end)
{
	struct sigaction bus = { .sa_handler = on_sigbus,
				 .sa_flags = SA_NODEFER };
	unsigned int total = 0;

	must(sigaction(SIGBUS, &bus, NULL));
	rnd.state = mix(seed, self);
	fds[SLOTS] = dev_open(SLOTS, O_RDWR);
	fds[LOG] = dev_open(LOG, O_RDWR | O_APPEND);
	fds[BYTES] = dev_open(BYTES, O_RDWR);
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		total += acts[i].weight;
	while (now_ms() < end) {
		unsigned int pick = random_below(&rnd, total), i = 0;

		for (; pick >= acts[i].weight; i++)
			pick -= acts[i].weight;
		acts[i].act();
	}
}

void many_run(uint64_t seed, unsigned int count, unsigned int seconds)
{
	long long end = now_ms() + seconds * 1000LL;
	int status, failed = 0;

	processes = MIN(count, MOST_PROCESSES);
	board = must(mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	fds[SHARED] = dev_open(SHARED, O_RDWR);

	for (self = 0; self < processes; self++)
		if (!must(fork())) {
			live(seed, end);
			_exit(EXIT_SUCCESS);
		}
	while (wait(&status) > 0)
		failed += status != 0;

	tap(!failed,
	    "%lu writes and %lu reads by %u processes, each byte traced (%lu trims, %lu read while they were written)",
	    atomic_load(&board->writes), atomic_load(&board->reads), processes,
	    atomic_load(&board->trims_ended), atomic_load(&board->torn));
	tap(shared_whole(), "no record lost at a shared position");
	close(fds[SHARED]);
}
