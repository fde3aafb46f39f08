// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model that predicts every byte: scull_model MODULE [--seed N] [--ops N]
 *
 * Random operations run on two devices and on a simple model of them in memory. Each
 * return value, errno, byte, offset, size and counter must be that of the model.
 *
 * The operations form episodes. Each starts with empty devices and depends on its seed
 * only. An episode is first generated with the model, and then run on the model and
 * the module. So any part of it can be run again: operations are removed from a failing
 * episode as long as it still fails, and the rest is printed.
 */
#include "../support/support.h"
#include "check.h"
#include "device.h"
#include "many.h"
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

#define DEVICES 2
#define FILES 5
#define MAPS 4
#define MAP_PAGES 24
#define PIECES 6
#define EPISODE 1000
/* The memory that an episode may use: the machine must not run out of it. */
#define MOST_QUANTA 3000
#define MOST_BYTES (96L << 20)
#define MOST_LEN (64 << 10)

/* ---- state ---- */

struct file {
	bool open;
	int fd;
	int dev;
	int flags;
	int64_t pos;
};

/* A page that a private mapping has copied */
struct copy {
	unsigned char *bytes;
	size_t known; /* bytes past the size when it was copied are unknown */
};

struct map {
	unsigned int pages; /* 0 if unused */
	unsigned char *addr;
	int dev;
	uint64_t off;
	bool writable, private;
	struct copy copies[MAP_PAGES];
};

static struct device devices[DEVICES];
static struct file files[FILES];
static struct map maps[MAPS];
static unsigned int next_quantum, next_qset; /* the module's */
static long largest_quantum;
static unsigned long trims[DEVICES]; /* since the module was loaded */

/* Do operations run on the module, too, or on the model only? */
static bool live;
static bool trace;

/* ---- operations ---- */

enum how { PLAIN, AT, VECTOR, VECTOR_AT, VECTOR2 };

/*
 * One operation. Each kind has its own use of the fields. They are plain numbers, so
 * that an operation is valid whatever operations precede it.
 */
struct op {
	const struct kind *kind;
	int slot; /* a file, or a map */
	int other; /* another slot, or a device */
	enum how how;
	int flags;
	int64_t off;
	int64_t value;
	size_t len; /* in all */
	int pieces;
	size_t piece[PIECES];
	int bad; /* the piece with bad memory, or -1 */
	size_t good; /* after how many bytes */
	unsigned int fill; /* what is written */
};

struct kind {
	const char *name;
	unsigned int weight;
	void (*make)(struct op *op, struct random *r);
	bool (*run)(const struct op *op);
	void (*show)(const struct op *op);
};

static void fill(unsigned char *data, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		data[i] = 1 + (seed + i * 131 + (i >> 8) * 17) % 255;
}

/* ---- offsets and lengths ---- */

static uint64_t span(const struct device *d)
{
	return (uint64_t)d->quantum * d->qset;
}

static int64_t make_offset(const struct device *d, struct random *r)
{
	int64_t near = (int64_t)random_below(r, 3) - 1;

	switch (random_below(r, 32)) {
	case 0 ... 11:
		return random_below(r, d->size < MOST_BYTES ? d->size + 1 :
							      MOST_LEN);
	case 12 ... 14:
		return d->size + near;
	case 15 ... 19:
		return random_below(r, MIN(2 * d->qset, 500) + 2) * d->quantum +
		       near;
	case 20 ... 23:
		return random_below(r, 4) * span(d) + near;
	case 24 ... 26:
		return d->size + random_below(r, 3 * d->quantum);
	case 27 ... 28: /* around the last byte, or a quantum */
		if (d->count)
			return (d->quanta[random_below(r, d->count)].nr + 1) *
				       d->quantum +
			       near;
		return 0;
	case 29:
		return (1ULL << (20 + random_below(r, 43))) +
		       random_below(r, 3 * d->quantum) - d->quantum;
	case 30:
		return INT64_MAX - random_below(r, 2 * d->quantum);
	default:
		return near * (int64_t)random_below(r, 1 << 20);
	}
}

static size_t make_len(const struct device *d, struct random *r)
{
	size_t len, most = MIN(MOST_LEN, 100UL * d->quantum);

	switch (random_below(r, 16)) {
	case 0:
		len = random_below(r, 2);
		break;
	case 1 ... 2:
		len = d->quantum + random_below(r, 3) - 1;
		break;
	case 3 ... 6:
		len = random_below(r, 3UL * d->quantum + 1);
		break;
	case 7:
		len = span(d) + random_below(r, 3) - 1;
		break;
	case 8:
		len = random_below(r, MOST_LEN);
		break;
	default:
		len = random_below(r, 2 << random_below(r, 13));
		break;
	}
	return len > most ? random_below(r, most + 1) : len;
}

/* An open file if there is one, most often with the right mode */
static int make_slot(struct random *r)
{
	int slot = random_below(r, FILES);

	for (int i = 0; !files[slot].open && i < 4; i++)
		slot = random_below(r, FILES);
	return slot;
}

static const struct device *slot_device(const struct op *op)
{
	return &devices[files[op->slot].dev];
}

/*
 * Is there memory for what an operation may add? Checked when it is generated and when
 * it runs, because trims may have been removed from the episode.
 */
static bool affordable(const struct device *d, size_t len)
{
	size_t quanta = len / d->quantum + 2;
	size_t items = quanta / d->qset + 2;
	double bytes = 0;

	if (d->count + quanta > MOST_QUANTA)
		return false;
	for (int i = 0; i < DEVICES; i++) {
		const struct device *e = &devices[i];

		bytes += (double)(e->count + (e == d ? quanta : 0)) *
			 MAX((long)e->quantum, page_size());
		bytes += (double)(device_items(e) + (e == d ? items : 0)) *
			 (e->qset * 16 + 4096);
	}
	return bytes < MOST_BYTES + 2. * largest_quantum;
}

/* ---- open and close ---- */

static void make_open(struct op *op, struct random *r)
{
	static const int modes[] = {
		O_RDWR,
		O_RDWR,
		O_RDWR,
		O_RDONLY,
		O_WRONLY,
		O_ACCMODE,
		O_RDWR | O_APPEND,
		O_WRONLY | O_APPEND,
		O_RDONLY | O_TRUNC,
		O_RDWR | O_TRUNC,
		O_WRONLY | O_TRUNC,
		O_RDWR | O_NONBLOCK,
		O_WRONLY | O_APPEND | O_TRUNC,
		O_RDWR | O_APPEND,
		O_RDONLY | O_APPEND,
	};

	op->slot = random_below(r, FILES);
	op->other = random_below(r, DEVICES);
	op->flags = modes[random_below(r, ARRAY_SIZE(modes))];
	/* Trim only now and then. */
	if (!one_in(r, 4) && devices[op->other].count < MOST_QUANTA / 2)
		op->flags = one_in(r, 3) ? O_RDWR | O_APPEND : O_RDWR;
}

static void show_open(const struct op *op)
{
	static const char *const access[] = { "O_RDONLY", "O_WRONLY", "O_RDWR",
					      "O_ACCMODE" };

	printf("file %d = open(device %d, %s%s%s%s)", op->slot, op->other,
	       access[op->flags & O_ACCMODE],
	       op->flags & O_APPEND ? " | O_APPEND" : "",
	       op->flags & O_TRUNC ? " | O_TRUNC" : "",
	       op->flags & O_NONBLOCK ? " | O_NONBLOCK" : "");
}

static bool readable(const struct file *f)
{
	int access = f->flags & O_ACCMODE;

	return access == O_RDONLY || access == O_RDWR;
}

static bool writable(const struct file *f)
{
	int access = f->flags & O_ACCMODE;

	return access == O_WRONLY || access == O_RDWR;
}

static bool mapped(int dev)
{
	for (int i = 0; i < MAPS; i++)
		if (maps[i].pages && maps[i].dev == dev)
			return true;
	return false;
}

static bool close_file(struct file *f)
{
	bool was = f->open;

	f->open = false;
	return !was || !live || same("close", kernel(close(f->fd)), 0);
}

static bool run_open(const struct op *op)
{
	struct file *f = &files[op->slot];
	int access = op->flags & O_ACCMODE;
	bool trim = (access == O_WRONLY && !(op->flags & O_APPEND)) ||
		    (access != O_RDONLY && op->flags & O_TRUNC);
	bool busy = trim && mapped(op->other);

	if (!close_file(f))
		return false;
	if (live) {
		f->fd = kernel(open(dev_path(op->other), op->flags));
		if (!same("open", MIN(f->fd, 0), busy ? -EBUSY : 0))
			return false;
	}
	if (busy)
		return true;
	f->open = true;
	f->dev = op->other;
	f->flags = op->flags;
	f->pos = 0;
	if (trim) {
		device_trim(&devices[f->dev], next_quantum, next_qset);
		trims[f->dev] += live;
	}
	return true;
}

static void make_close(struct op *op, struct random *r)
{
	op->slot = random_below(r, FILES);
}

static void show_close(const struct op *op)
{
	printf("close(file %d)", op->slot);
}

static bool run_close(const struct op *op)
{
	return close_file(&files[op->slot]);
}

/* ---- read and write ---- */

#define GUARD 0xee

/*
 * A buffer for each piece, followed by bad memory: a mapping past the end of a file.
 * Unlike a hole in the address space, nothing else can be mapped there.
 */
static unsigned char *room[PIECES];
#define ROOM (MOST_LEN + page_size())

/* An int for ioctls: read-write, read-only, and inaccessible */
enum { GOOD, READ_ONLY, BAD, POINTERS };
static int *ints[POINTERS];

static void *map_memory(int fd, size_t len, int prot)
{
	return must(mmap(NULL, len, prot, MAP_SHARED, fd, 0));
}

static int make_memory(size_t len)
{
	int fd = must(memfd_create("memory", MFD_CLOEXEC));

	must(ftruncate(fd, len));
	return fd;
}

static void make_rooms(void)
{
	int fd;

	for (int i = 0; i < PIECES; i++) {
		fd = make_memory(ROOM);
		room[i] = map_memory(fd, ROOM + page_size(),
				     PROT_READ | PROT_WRITE);
		close(fd);
	}
	fd = make_memory(page_size());
	ints[GOOD] = map_memory(fd, 2 * page_size(), PROT_READ | PROT_WRITE);
	ints[READ_ONLY] = map_memory(fd, page_size(), PROT_READ);
	ints[BAD] = ints[GOOD] + page_size() / sizeof(int);
	close(fd);
}

static void make_transfer(struct op *op, struct random *r)
{
	const struct device *d;
	size_t left;

	op->slot = make_slot(r);
	d = slot_device(op);
	op->how = random_below(r, VECTOR2 + 1);
	op->off = make_offset(d, r);
	op->len = make_len(d, r);
	op->fill = random_next(r);
	if (op->how == VECTOR2) {
		static const int flags[] = { 0,
					     RWF_NOWAIT,
					     RWF_NOWAIT,
					     RWF_APPEND,
					     RWF_NOWAIT | RWF_APPEND,
					     RWF_DSYNC };

		op->flags = flags[random_below(r, ARRAY_SIZE(flags))];
		if (one_in(r, 3))
			op->off = -1; /* the file's position */
	}

	op->pieces = 1;
	if (op->how >= VECTOR)
		op->pieces += random_below(r, PIECES);
	left = op->len;
	for (int i = 0; i < op->pieces - 1; i++) {
		op->piece[i] = random_below(r, left + 1);
		left -= op->piece[i];
	}
	op->piece[op->pieces - 1] = left;

	op->bad = -1;
	if (one_in(r, 12)) {
		op->bad = random_below(r, op->pieces);
		if (op->piece[op->bad])
			op->good = one_in(r, 4) ?
					   0 :
					   random_below(r, op->piece[op->bad]);
		else
			op->bad = -1;
	}
}

static void show_transfer(const struct op *op)
{
	static const char *const names[] = { "", "p", "v", "pv", "pv2" };

	printf("%s%s(file %d, ", names[op->how], op->kind->name, op->slot);
	for (int i = 0; i < op->pieces; i++)
		printf("%s%zu", i ? "+" : "", op->piece[i]);
	if (op->bad >= 0)
		printf(" with piece %d bad after %zu", op->bad, op->good);
	if (op->how == AT || op->how >= VECTOR_AT)
		printf(", at %lld", (long long)op->off);
	if (op->how == VECTOR2)
		printf(", flags 0x%x", op->flags);
	printf(")");
}

/* Set up the pieces. Returns how many bytes precede the bad memory. */
static size_t lay_out(const struct op *op, struct iovec *iov)
{
	size_t good = 0;

	for (int i = 0; i < op->pieces; i++) {
		iov[i].iov_len = op->piece[i];
		if (i == op->bad)
			iov[i].iov_base = room[i] + ROOM - op->good;
		else
			iov[i].iov_base = room[i] + op->fill % 64;
		if (op->bad < 0 || i < op->bad)
			good += op->piece[i];
		else if (i == op->bad)
			good += op->good;
	}
	return good;
}

static long long call(const struct op *op, const struct iovec *iov, bool out)
{
	int fd = files[op->slot].fd, n = op->pieces;
	void *p = iov->iov_base;
	size_t len = iov->iov_len;
	off_t off = op->off;

	switch (op->how) {
	case PLAIN:
		return kernel(out ? write(fd, p, len) : read(fd, p, len));
	case AT:
		return kernel(out ? pwrite(fd, p, len, off) :
				    pread(fd, p, len, off));
	case VECTOR:
		return kernel(out ? writev(fd, iov, n) : readv(fd, iov, n));
	case VECTOR_AT:
		return kernel(out ? pwritev(fd, iov, n, off) :
				    preadv(fd, iov, n, off));
	default:
		return kernel(out ? pwritev2(fd, iov, n, off, op->flags) :
				    preadv2(fd, iov, n, off, op->flags));
	}
}

/* Does a call use the position of the file, and move it? */
static bool sequential(const struct op *op)
{
	return op->how == PLAIN || op->how == VECTOR ||
	       (op->how == VECTOR2 && op->off == -1);
}

/* The error with which the kernel refuses a call before the driver, or 0 */
static int refused(const struct op *op, bool allowed, int64_t pos)
{
	if (!sequential(op) && op->off < 0)
		return -EINVAL;
	if (!allowed)
		return -EBADF;
	if (op->how >= VECTOR && !op->len)
		return 0;
	return op->len > (uint64_t)(INT64_MAX - pos) ? -EINVAL : 0;
}

static long long transferred(size_t len)
{
	return len ? (long long)len : -EFAULT;
}

static long long expect_write(const struct op *op, const struct device *d,
			      int64_t pos, size_t good)
{
	size_t len = MIN(op->len, (size_t)(INT64_MAX - pos));
	bool nowait = op->how == VECTOR2 && op->flags & RWF_NOWAIT;

	if (!op->len)
		return 0;
	if (pos == INT64_MAX)
		return -EFBIG;
	/* Nothing is written if there is a hole in the range. */
	if (nowait && device_filled(d, pos, len) < len)
		return -EAGAIN;
	return transferred(MIN(len, good));
}

/* Allocation of the largest quanta may fail; then the model follows. */
static bool unlucky(const struct device *d, int64_t pos, long long ret)
{
	if ((long)d->quantum <= 8 * page_size() || mod->max_quantum)
		return false;
	if (ret == -ENOMEM)
		ret = 0;
	return ret >= 0 && !((pos + ret) % d->quantum && ret) &&
	       !device_filled(d, pos + ret, 1);
}

static bool run_write(const struct op *op)
{
	struct file *f = &files[op->slot];
	struct device *d = &devices[f->dev];
	bool append = f->flags & O_APPEND ||
		      (op->how == VECTOR2 && op->flags & RWF_APPEND);
	int64_t pos = sequential(op) ? f->pos : op->off;
	static unsigned char data[MOST_LEN];
	struct iovec iov[PIECES];
	size_t good, done = 0;
	long long want, got;

	if (!f->open || !affordable(d, op->len))
		return true;

	fill(data, op->len, op->fill);
	good = lay_out(op, iov);
	want = refused(op, writable(f), pos);
	if (append)
		pos = d->size;
	if (!want)
		want = expect_write(op, d, pos, good);

	if (live) {
		for (int i = 0; i < op->pieces; i++) {
			size_t len = i == op->bad ? op->good : op->piece[i];

			memcpy(iov[i].iov_base, data + done, len);
			done += op->piece[i];
		}
		got = call(op, iov, true);
		if (got < want && unlucky(d, pos, got))
			want = got;
		if (!same("write", got, want))
			return false;
	}
	if (want <= 0)
		return true;
	device_write(d, pos, data, want);
	if (sequential(op))
		f->pos = pos + want;
	return true;
}

static bool run_read(const struct op *op)
{
	struct file *f = &files[op->slot];
	struct device *d = &devices[f->dev];
	int64_t pos = sequential(op) ? f->pos : op->off;
	static unsigned char data[MOST_LEN];
	struct iovec iov[PIECES];
	size_t good, left;
	long long want;

	if (!f->open)
		return true;

	good = lay_out(op, iov);
	want = refused(op, readable(f), pos);
	if (!want && op->len && (uint64_t)pos < d->size)
		want = transferred(MIN(MIN(op->len, d->size - pos), good));
	if (sequential(op) && want > 0)
		f->pos += want;
	if (!live)
		return true;

	memset(data, GUARD, op->len);
	if (want > 0)
		device_read(d, pos, data, want);
	for (int i = 0; i < op->pieces; i++)
		memset(iov[i].iov_base, GUARD,
		       i == op->bad ? op->good : op->piece[i]);
	if (!same("read", call(op, iov, false), want))
		return false;

	/* The bytes after the returned length must be unchanged. */
	left = good;
	for (int i = 0; left; i++) {
		size_t len = MIN(left, iov[i].iov_len);

		if (!same_bytes("read", iov[i].iov_base, data + good - left,
				len, pos + good - left))
			return false;
		left -= len;
	}
	return true;
}

/* ---- splice ---- */

#define PIPE_PAGES 16

static void make_splice(struct op *op, struct random *r)
{
	const struct device *d;

	op->slot = make_slot(r);
	d = slot_device(op);
	op->how = one_in(r, 3) ? PLAIN : AT;
	op->off = make_offset(d, r);
	op->len = MIN((long)make_len(d, r), PIPE_PAGES * page_size());
	op->fill = random_next(r);
}

static void show_splice(const struct op *op)
{
	printf("%s(file %d, %zu", op->kind->name, op->slot, op->len);
	if (op->how == AT)
		printf(", at %lld", (long long)op->off);
	printf(")");
}

/* The error with which the kernel refuses a splice before the driver, or 0 */
static int splice_refused(const struct op *op, bool allowed, bool append,
			  int64_t pos)
{
	if (!allowed)
		return -EBADF;
	if (append || pos < 0 || op->len > (uint64_t)(INT64_MAX - pos))
		return -EINVAL;
	return 0;
}

static bool run_splice_from(const struct op *op)
{
	static unsigned char got[MOST_LEN], data[MOST_LEN];
	struct file *f = &files[op->slot];
	struct device *d = &devices[f->dev];
	int64_t pos = op->how == AT ? op->off : f->pos;
	loff_t off = pos;
	long long want;
	int ends[2];
	bool ok;

	if (!f->open || !op->len)
		return true;
	want = splice_refused(op, readable(f), false, pos);
	if (!want && (uint64_t)pos < d->size)
		want = MIN(op->len, d->size - pos);
	/* A pipe has 16 buffers, each for a page of the device or a part of one. */
	if (want > 0 && mod->paged && d->quantum % page_size() == 0)
		want = MIN(want,
			   (long long)(16 * page_size() - pos % page_size()));
	if (op->how != AT && want > 0)
		f->pos += want;
	if (!live)
		return true;

	must(pipe(ends));
	ok = same("splice",
		  kernel(splice(f->fd, op->how == AT ? &off : NULL, ends[1],
				NULL, op->len, 0)),
		  want);
	if (ok && want > 0) {
		device_read(d, pos, data, want);
		ok = same("pipe", kernel(read(ends[0], got, want)), want) &&
		     same_bytes("pipe", got, data, want, pos);
	}
	close(ends[0]);
	close(ends[1]);
	return ok;
}

static bool run_splice_to(const struct op *op)
{
	static unsigned char data[MOST_LEN];
	struct file *f = &files[op->slot];
	struct device *d = &devices[f->dev];
	int64_t pos = op->how == AT ? op->off : f->pos;
	loff_t off = pos;
	long long want, got;
	int ends[2];

	if (!f->open || !op->len || !affordable(d, op->len))
		return true;
	want = splice_refused(op, writable(f), f->flags & O_APPEND, pos);
	if (!want)
		want = pos == INT64_MAX ? -EFBIG : (long long)op->len;
	fill(data, op->len, op->fill);
	if (live) {
		must(pipe(ends));
		must(write(ends[1], data, op->len));
		got = kernel(splice(ends[0], NULL, f->fd,
				    op->how == AT ? &off : NULL, op->len, 0));
		close(ends[0]);
		close(ends[1]);
		if (got < want && unlucky(d, pos, got))
			want = got;
		if (!same("splice", got, want))
			return false;
	}
	if (want <= 0)
		return true;
	device_write(d, pos, data, want);
	if (op->how != AT)
		f->pos = pos + want;
	return true;
}

/* ---- seek ---- */

static void make_seek(struct op *op, struct random *r)
{
	op->slot = make_slot(r);
	op->value = random_below(r, 11) ? random_below(r, 5) : 5;
	op->off = make_offset(slot_device(op), r);
	if (op->value == SEEK_CUR || op->value == SEEK_END)
		op->off = one_in(r, 8) ? op->off :
					 (int64_t)random_below(r, 4000) - 2000;
}

static void show_seek(const struct op *op)
{
	static const char *const names[] = { "SEEK_SET",  "SEEK_CUR",
					     "SEEK_END",  "SEEK_DATA",
					     "SEEK_HOLE", "nonsense" };

	printf("lseek(file %d, %lld, %s)", op->slot, (long long)op->off,
	       names[op->value]);
}

static bool run_seek(const struct op *op)
{
	struct file *f = &files[op->slot];
	struct device *d = &devices[f->dev];
	int64_t want = op->off;

	if (!f->open)
		return true;
	switch (op->value) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		want = (uint64_t)f->pos + op->off;
		break;
	case SEEK_END:
		want = d->size + op->off;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		want = device_seek(d, op->off, op->value);
		break;
	default:
		want = -EINVAL;
	}
	if (want < 0 && op->value < SEEK_DATA)
		want = -EINVAL;
	if (want >= 0)
		f->pos = want;
	return !live ||
	       same("lseek", kernel(lseek(f->fd, op->off, op->value)), want);
}

/* ---- geometry ---- */

enum { QUANTUM, QSET, ORDER, VALUES };
enum { SET, TELL, GET, QUERY, EXCHANGE, SHIFT, VERBS };

static const unsigned int commands[VALUES][VERBS] = {
	{ SCULL_IOCSQUANTUM, SCULL_IOCTQUANTUM, SCULL_IOCGQUANTUM,
	  SCULL_IOCQQUANTUM, SCULL_IOCXQUANTUM, SCULL_IOCHQUANTUM },
	{ SCULL_IOCSQSET, SCULL_IOCTQSET, SCULL_IOCGQSET, SCULL_IOCQQSET,
	  SCULL_IOCXQSET, SCULL_IOCHQSET },
	{ SCULL_IOCSORDER, SCULL_IOCTORDER, SCULL_IOCGORDER, SCULL_IOCQORDER,
	  SCULL_IOCXORDER, SCULL_IOCHORDER },
};

static const char *const value_names[] = { "quantum", "qset", "order" };
static const char *const verb_names[] = { "set",   "tell",     "get",
					  "query", "exchange", "shift" };

static int64_t make_value(int which, struct random *r)
{
	static const int qsets[] = { 1, 2, 3, 4, 7, 16, 64, 100, 1000 };
	static const int quanta[] = {
		1,   2,	   7,	 8,    10,   64,    100,
		500, 1000, 4000, 4095, 4097, 10000, 40000
	};
	static const int64_t wrong[] = { 0,	    -1,		  INT32_MIN,
					 INT32_MAX, MAX_QSET + 1, 100 << 20 };

	if (one_in(r, 10))
		return wrong[random_below(r, ARRAY_SIZE(wrong))];
	switch (which) {
	case ORDER:
		return one_in(r, 50) ? order_of(largest_quantum) :
				       (int64_t)random_below(r, 4);
	case QSET:
		if (one_in(r, 60))
			return MAX_QSET;
		return qsets[random_below(r, ARRAY_SIZE(qsets))];
	default:
		if (one_in(r, 100))
			return largest_quantum - (int64_t)random_below(r, 2);
		/* Only quanta of whole pages can be mapped. */
		if (mod->paged && !one_in(r, 3))
			return page_size() * (1 + random_below(r, 4));
		return quanta[random_below(r, ARRAY_SIZE(quanta))];
	}
}

static bool valid(int which, int64_t value)
{
	switch (which) {
	case QUANTUM:
		return value >= 1 && value <= largest_quantum;
	case QSET:
		return value >= 1 && value <= MAX_QSET;
	default:
		return value >= 0 && value <= order_of(largest_quantum);
	}
}

static int value_get(int which)
{
	switch (which) {
	case QUANTUM:
		return next_quantum;
	case QSET:
		return next_qset;
	default:
		return order_of(next_quantum);
	}
}

static void value_set(int which, int64_t value)
{
	switch (which) {
	case QUANTUM:
		next_quantum = value;
		break;
	case QSET:
		next_qset = value;
		break;
	default:
		next_quantum = page_size() << value;
	}
}

static void make_ioctl(struct op *op, struct random *r)
{
	op->slot = make_slot(r);
	op->other = random_below(r, VALUES);
	op->flags = random_below(r, VERBS);
	op->value = make_value(op->other, r);
	op->bad = one_in(r, 6) ? (int)random_below(r, POINTERS) : GOOD;
}

static void show_ioctl(const struct op *op)
{
	static const char *const pointers[] = { "", ", read-only", ", bad" };

	printf("ioctl(file %d, %s %s, %lld%s)", op->slot, verb_names[op->flags],
	       value_names[op->other], (long long)op->value,
	       op->flags == TELL || op->flags == SHIFT || op->flags == QUERY ?
		       "" :
		       pointers[op->bad]);
}

static bool run_ioctl(const struct op *op)
{
	struct file *f = &files[op->slot];
	int verb = op->flags, which = op->other, old = value_get(which);
	bool points = verb == SET || verb == GET || verb == EXCHANGE;
	bool sets = verb != GET && verb != QUERY;
	bool answers = verb == GET || verb == EXCHANGE;
	/* A value that is passed is a long; a pointer points to an int. */
	int64_t value = points ? (int)op->value : op->value;
	unsigned long arg = op->value;
	int want = 0;

	if (!f->open)
		return true;
	if (which == ORDER && !mod->paged)
		want = -ENOTTY;
	else if (points && op->bad == BAD)
		want = -EFAULT;
	else if (sets && !valid(which, value))
		want = -EINVAL;
	else if (answers && op->bad == READ_ONLY)
		want = -EFAULT;
	if (!want && sets)
		value_set(which, value);
	if (!want && (verb == QUERY || verb == SHIFT))
		want = old;
	if (!live)
		return true;

	if (points) {
		*ints[GOOD] = op->value;
		arg = (unsigned long)ints[op->bad];
	}
	if (!same("ioctl", kernel(ioctl(f->fd, commands[which][verb], arg)),
		  want))
		return false;
	return !points || same("ioctl's int", *ints[GOOD],
			       answers && !want ? old : (int)op->value);
}

static void make_reset(struct op *op, struct random *r)
{
	op->slot = make_slot(r);
	op->value = one_in(r, 2); /* or a name that does not exist */
}

static void show_reset(const struct op *op)
{
	printf("ioctl(file %d, %s)", op->slot, op->value ? "reset" : "unknown");
}

static bool run_reset(const struct op *op)
{
	struct file *f = &files[op->slot];

	if (!f->open)
		return true;
	if (!op->value)
		return !live ||
		       same("ioctl", kernel(ioctl(f->fd, _IO('K', 19), 1)),
			    -ENOTTY);
	next_quantum = DEFAULT_QUANTUM;
	next_qset = DEFAULT_QSET;
	return !live || same("reset", kernel(ioctl(f->fd, SCULL_IOCRESET)), 0);
}

static void make_param(struct op *op, struct random *r)
{
	op->other = random_below(r, QSET + 1);
	op->value = make_value(op->other, r);
	op->bad = one_in(r, 8);
}

static void show_param(const struct op *op)
{
	printf("/sys/module/.../%s = %lld%s", value_names[op->other],
	       (long long)op->value, op->bad ? "x" : "");
}

static bool run_param(const struct op *op)
{
	bool ok = !op->bad && valid(op->other, op->value);
	char text[32];

	if (ok)
		value_set(op->other, op->value);
	if (!live)
		return true;
	snprintf(text, sizeof(text), "%lld%s\n", (long long)op->value,
		 op->bad ? "x" : "");
	return same("parameter",
		    write_file(param_path(value_names[op->other]), text),
		    ok ? 0 : -EINVAL);
}

/* ---- mappings ---- */

static void forget_copies(struct map *m, unsigned int from)
{
	for (unsigned int i = from; i < MAP_PAGES; i++) {
		free(m->copies[i].bytes);
		m->copies[i].bytes = NULL;
	}
}

static bool unmap(struct map *m)
{
	size_t len = m->pages * page_size();

	if (!m->pages)
		return true;
	forget_copies(m, 0);
	m->pages = 0;
	return !live || same("munmap", kernel(munmap(m->addr, len)), 0);
}

static void make_map(struct op *op, struct random *r)
{
	const struct device *d;

	op->other = random_below(r, MAPS);
	op->slot = make_slot(r);
	d = slot_device(op);
	op->value = 1 + random_below(r, MAP_PAGES);
	op->off = random_below(r, d->size < MOST_BYTES ?
					  d->size / page_size() + 2 :
					  8) *
		  page_size();
	if (one_in(r, 4))
		op->off = make_offset(d, r) & -page_size();
	if (one_in(r, 30)) /* past the largest loff_t */
		op->off = INT64_MIN + (int64_t)random_below(r, 4) * page_size();
	op->flags = (one_in(r, 3) ? PROT_READ : PROT_READ | PROT_WRITE);
	op->bad = one_in(r, 3); /* private */
}

static void show_map(const struct op *op)
{
	printf("map %d = mmap(%lld pages, %s, %s, file %d, 0x%llx)", op->other,
	       (long long)op->value,
	       op->flags & PROT_WRITE ? "read and write" : "read",
	       op->bad ? "private" : "shared", op->slot,
	       (unsigned long long)op->off);
}

static bool run_map(const struct op *op)
{
	struct map *m = &maps[op->other];
	struct file *f = &files[op->slot];
	size_t len = op->value * page_size();
	void *addr = NULL;
	int want = 0;

	if (!f->open || len > (uint64_t)-1 - op->off)
		return true;
	if (!unmap(m))
		return false;

	if (!readable(f))
		want = -EACCES;
	else if (!op->bad && op->flags & PROT_WRITE && !writable(f))
		want = -EACCES;
	else if (!mod->paged)
		want = -ENODEV;
	else if (devices[f->dev].quantum % page_size())
		want = -EINVAL;
	if (live) {
		addr = mmap(NULL, len, op->flags,
			    op->bad ? MAP_PRIVATE : MAP_SHARED, f->fd, op->off);
		if (!same("mmap", addr == MAP_FAILED ? -errno : 0, want))
			return false;
	}
	if (want)
		return true;
	*m = (struct map){
		.pages = op->value,
		.addr = addr,
		.dev = f->dev,
		.off = op->off,
		.writable = op->flags & PROT_WRITE,
		.private = op->bad,
	};
	return true;
}

static void make_unmap(struct op *op, struct random *r)
{
	op->slot = random_below(r, MAPS);
}

static void show_unmap(const struct op *op)
{
	printf("munmap(map %d)", op->slot);
}

static bool run_unmap(const struct op *op)
{
	return unmap(&maps[op->slot]);
}

static void make_remap(struct op *op, struct random *r)
{
	op->slot = random_below(r, MAPS);
	op->value = 1 + random_below(r, MAP_PAGES);
}

static void show_remap(const struct op *op)
{
	printf("map %d = mremap(map %d, %lld pages)", op->slot, op->slot,
	       (long long)op->value);
}

static bool run_remap(const struct op *op)
{
	struct map *m = &maps[op->slot];
	size_t old = m->pages * page_size(), new = op->value *page_size();

	void *addr;

	if (!m->pages || new > (uint64_t)-1 - m->off)
		return true;
	/* mremap() cannot enlarge it. */
	if (new > old)
		return !live || same("mremap",
				     mremap(m->addr, old, new,
					    MREMAP_MAYMOVE) == MAP_FAILED ?
					     -errno :
					     0,
				     -EFAULT);
	m->pages = op->value;
	forget_copies(m, m->pages);
	if (!live)
		return true;
	addr = mremap(m->addr, old, new, MREMAP_MAYMOVE);
	if (addr != MAP_FAILED)
		m->addr = addr;
	return same("mremap", addr == MAP_FAILED ? -errno : 0, 0);
}

static void show_drop(const struct op *op)
{
	printf("madvise(map %d, MADV_DONTNEED)", op->slot);
}

static bool run_drop(const struct op *op)
{
	struct map *m = &maps[op->slot];

	if (!m->pages)
		return true;
	forget_copies(m, 0);
	return !live || same("madvise",
			     kernel(madvise(m->addr, m->pages * page_size(),
					    MADV_DONTNEED)),
			     0);
}

/* A child inherits all mappings, and unmaps them when it exits. */
static void show_fork(const struct op *op)
{
	(void)op;
	printf("fork");
}

static bool run_fork(const struct op *op)
{
	int status;
	pid_t pid;

	(void)op;
	if (!live)
		return true;
	pid = must(fork());
	if (!pid)
		_exit(0);
	must(waitpid(pid, &status, 0));
	return same("fork", status, 0);
}

/* How many bytes from here can be accessed without SIGBUS */
static size_t reachable(const struct map *m, size_t off, size_t len)
{
	size_t page = off / page_size();

	while (page * page_size() < off + len &&
	       (m->copies[page].bytes ||
		m->off + page * page_size() < devices[m->dev].size))
		page++;
	return page * page_size() > off ? MIN(len, page * page_size() - off) :
					  0;
}

/* How many bytes of a page are inside the size, or were when it was copied */
static size_t known(const struct map *m, size_t page)
{
	uint64_t pos = m->off + page * page_size();
	const struct device *d = &devices[m->dev];

	if (m->copies[page].bytes)
		return m->copies[page].known;
	return pos < d->size ? MIN((size_t)page_size(), d->size - pos) : 0;
}

/*
 * Read a range of a mapping in the model: the bytes, and which of them are known. This
 * fills holes. Returns how many bytes can be read.
 */
static size_t map_read(struct map *m, size_t off, size_t len,
		       unsigned char *data, bool *sure)
{
	struct device *d = &devices[m->dev];
	size_t done = 0;

	len = reachable(m, off, len);
	while (done < len) {
		size_t page = (off + done) / page_size();
		size_t skip = (off + done) % page_size();
		size_t part = MIN(len - done, page_size() - skip);

		if (m->copies[page].bytes) {
			memcpy(data + done, m->copies[page].bytes + skip, part);
		} else {
			device_touch(d, m->off + page * page_size());
			device_read(d, m->off + off + done, data + done, part);
		}
		for (size_t i = 0; sure && i < part; i++)
			sure[done + i] = skip + i < known(m, page);
		done += part;
	}
	return len;
}

/*
 * Write to a mapping in the model. It does not keep bytes past the size: those are zero
 * once the size has grown over them.
 */
static size_t map_write(struct map *m, size_t off, size_t len,
			const unsigned char *data)
{
	struct device *d = &devices[m->dev];
	size_t done = 0;

	len = reachable(m, off, len);
	while (done < len) {
		size_t page = (off + done) / page_size();
		size_t skip = (off + done) % page_size();
		size_t part = MIN(len - done, page_size() - skip);
		uint64_t pos = m->off + page * page_size();
		struct copy *copy = &m->copies[page];

		if (!copy->bytes)
			device_touch(d, pos);
		if (m->private) {
			if (!copy->bytes) {
				copy->known = known(m, page);
				copy->bytes = malloc(page_size());
				device_read(d, pos, copy->bytes, page_size());
			}
			memcpy(copy->bytes + skip, data + done, part);
		} else if (skip < known(m, page)) {
			device_write(d, pos + skip, data + done,
				     MIN(part, known(m, page) - skip));
		}
		done += part;
	}
	return len;
}

static sigjmp_buf out_of_reach;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(out_of_reach, 1);
}

/* Copy page by page up to a SIGBUS. Returns how many bytes were copied. */
static size_t touch(void *to, const void *from, const void *mapping, size_t len)
{
	volatile size_t done = 0;
	size_t part;

	if (sigsetjmp(out_of_reach, 0))
		return done;
	for (; done < len; done += part) {
		part = page_size() - ((uintptr_t)mapping + done) % page_size();
		part = MIN(part, len - done);
		memcpy(to + done, from + done, part);
	}
	return done;
}

static void make_access(struct op *op, struct random *r)
{
	struct map *m;

	op->slot = random_below(r, MAPS);
	for (int i = 0; !maps[op->slot].pages && i < MAPS; i++)
		op->slot = (op->slot + 1) % MAPS;
	m = &maps[op->slot];
	op->off = random_below(r, MAX(m->pages, 1) * page_size());
	op->len = 1 + random_below(r, one_in(r, 3) ? 4 * page_size() : 200);
	op->fill = random_next(r);
}

static void show_access(const struct op *op)
{
	printf("%s map %d at %lld, %zu bytes", op->kind->name, op->slot,
	       (long long)op->off, op->len);
}

/* The part of an access inside the present mapping */
static size_t inside(const struct op *op, const struct map *m)
{
	size_t size = m->pages * page_size();

	if ((uint64_t)op->off >= size || !affordable(&devices[m->dev], op->len))
		return 0;
	return MIN(op->len, size - op->off);
}

static bool run_load(const struct op *op)
{
	static unsigned char want[MOST_LEN], got[MOST_LEN];
	static bool sure[MOST_LEN];
	struct map *m = &maps[op->slot];
	size_t len = inside(op, m);
	size_t done = map_read(m, op->off, len, want, sure);

	if (!live)
		return true;
	if (!same("load", touch(got, m->addr + op->off, m->addr + op->off, len),
		  done))
		return false;
	for (size_t i = 0; i < done; i++)
		if (!sure[i])
			got[i] = want[i];
	return same_bytes("load", got, want, done, m->off + op->off);
}

static bool run_store(const struct op *op)
{
	static unsigned char data[MOST_LEN];
	struct map *m = &maps[op->slot];
	size_t len = inside(op, m);
	size_t done;

	if (!m->writable)
		return true;
	fill(data, len, op->fill);
	done = map_write(m, op->off, len, data);
	return !live ||
	       same("store",
		    touch(m->addr + op->off, data, m->addr + op->off, len),
		    done);
}

/* ---- a mapping as the buffer of a read or write ---- */

static void make_through(struct op *op, struct random *r)
{
	make_access(op, r);
	op->value = op->off;
	op->other = make_slot(r);
	op->off = make_offset(&devices[files[op->other].dev], r);
}

static void show_through(const struct op *op)
{
	printf("p%s(file %d, map %d at %lld, %zu bytes, at %lld)",
	       op->kind->name + 4, op->other, op->slot, (long long)op->value,
	       op->len, (long long)op->off);
}

/*
 * How many bytes of the mapping are used as a buffer: those inside the size, because
 * bytes past it are unknown; without the bytes that they are copied to or from, where
 * the result would depend on the order of the copy.
 */
static size_t buffer_len(const struct op *op, const struct map *m,
			 const struct file *f)
{
	size_t start = op->value, len;
	uint64_t pos = m->off + start;
	const struct device *d = &devices[m->dev];
	struct op access = *op;

	access.off = start;
	len = inside(&access, m);
	if (pos >= d->size || m->off >= INT64_MAX)
		return 0;
	len = MIN(len, d->size - pos);
	for (size_t page = start / page_size();
	     page * page_size() < start + len; page++) {
		size_t end = page * page_size() + known(m, page);

		if ((long)known(m, page) < page_size())
			len = end > start ? MIN(len, end - start) : 0;
	}
	if (m->dev == f->dev && (uint64_t)op->off < pos + len &&
	    pos < (uint64_t)op->off + len)
		return 0;
	return len;
}

static bool run_write_map(const struct op *op)
{
	static unsigned char data[MOST_LEN];
	struct map *m = &maps[op->slot];
	struct file *f = &files[op->other];
	struct device *d = &devices[f->dev];
	uint64_t pos = op->off;
	size_t len;

	if (!f->open || !writable(f) || op->off < 0 ||
	    op->off > INT64_MAX - MOST_LEN)
		return true;
	if (f->flags & O_APPEND)
		return true;
	len = buffer_len(op, m, f);
	if (!len || !affordable(d, len))
		return true;
	map_read(m, op->value, len, data, NULL);
	device_write(d, pos, data, len);
	return !live ||
	       same("write from a mapping",
		    kernel(pwrite(f->fd, m->addr + op->value, len, pos)), len);
}

static bool run_read_map(const struct op *op)
{
	static unsigned char data[MOST_LEN];
	struct map *m = &maps[op->slot];
	struct file *f = &files[op->other];
	struct device *d = &devices[f->dev];
	size_t len;

	if (!f->open || !readable(f) || op->off < 0 ||
	    (uint64_t)op->off >= d->size || !m->writable)
		return true;
	len = buffer_len(op, m, f);
	len = MIN(len, d->size - (uint64_t)op->off);
	if (!len)
		return true;
	device_read(d, op->off, data, len);
	map_write(m, op->value, len, data);
	return !live ||
	       same("read into a mapping",
		    kernel(pread(f->fd, m->addr + op->value, len, op->off)),
		    len);
}

/* ---- comparison with /proc, /sys and the device ---- */

static void make_check(struct op *op, struct random *r)
{
	op->other = random_below(r, DEVICES);
}

static void show_check(const struct op *op)
{
	printf("check %s of device %d", op->kind->name, op->other);
}

static bool run_values(const struct op *op)
{
	(void)op;
	return !live || (same("quantum parameter",
			      read_long(param_path("quantum")), next_quantum) &&
			 same("qset parameter", read_long(param_path("qset")),
			      next_qset) &&
			 (!mod->paged || same("order parameter",
					      read_long(param_path("order")),
					      order_of(next_quantum))));
}

static bool run_sysfs(const struct op *op)
{
	return !live ||
	       (check_sysfs(&devices[op->other], op->other) &&
		same("trims", read_long(sysfs_path(op->other, "trims")),
		     trims[op->other]));
}

static bool run_proc(const struct op *op)
{
	return !live || check_proc(&devices[op->other], op->other);
}

static bool run_layout(const struct op *op)
{
	return !live || check_layout(&devices[op->other], op->other);
}

static bool run_bytes(const struct op *op)
{
	return !live || check_bytes(&devices[op->other], op->other);
}

static const struct kind kinds[] = {
	{ "open", 25, make_open, run_open, show_open },
	{ "close", 4, make_close, run_close, show_close },
	{ "read", 400, make_transfer, run_read, show_transfer },
	{ "write", 300, make_transfer, run_write, show_transfer },
	{ "splice from", 15, make_splice, run_splice_from, show_splice },
	{ "splice to", 15, make_splice, run_splice_to, show_splice },
	{ "seek", 150, make_seek, run_seek, show_seek },
	{ "ioctl", 20, make_ioctl, run_ioctl, show_ioctl },
	{ "reset", 2, make_reset, run_reset, show_reset },
	{ "param", 4, make_param, run_param, show_param },
	{ "map", 20, make_map, run_map, show_map },
	{ "unmap", 20, make_unmap, run_unmap, show_unmap },
	{ "remap", 6, make_remap, run_remap, show_remap },
	{ "drop", 4, make_unmap, run_drop, show_drop },
	{ "fork", 1, make_unmap, run_fork, show_fork },
	{ "load", 60, make_access, run_load, show_access },
	{ "store", 60, make_access, run_store, show_access },
	{ "map write", 20, make_through, run_write_map, show_through },
	{ "map read", 20, make_through, run_read_map, show_through },
	{ "values", 2, make_check, run_values, show_check },
	{ "sysfs", 2, make_check, run_sysfs, show_check },
	{ "proc", 3, make_check, run_proc, show_check },
	{ "layout", 1, make_check, run_layout, show_check },
	{ "bytes", 2, make_check, run_bytes, show_check },
};

/* ---- episodes ---- */

/* Return to the state that each episode starts from. */
static void start_over(void)
{
	for (int i = 0; i < FILES; i++)
		close_file(&files[i]);
	for (int i = 0; i < MAPS; i++)
		unmap(&maps[i]);
	next_quantum = DEFAULT_QUANTUM;
	next_qset = DEFAULT_QSET;
	for (int i = 0; i < DEVICES; i++) {
		device_trim(&devices[i], next_quantum, next_qset);
		if (live) {
			int fd = dev_open(i, O_RDONLY);

			must(ioctl(fd, SCULL_IOCRESET));
			close(fd);
			close(dev_open(i, O_WRONLY));
			trims[i]++;
		}
	}
}

static void make_op(struct op *op, struct random *r)
{
	unsigned int total = 0, pick;
	const struct kind *kind;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		total += kinds[i].weight;
	pick = random_below(r, total);
	for (kind = kinds; pick >= kind->weight; kind++)
		pick -= kind->weight;
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	kind->make(op, r);
}

static void make_episode(struct op *ops, size_t count, uint64_t seed)
{
	struct random r = { seed };

	start_over();
	live = false;
	for (size_t i = 0; i < count; i++) {
		if (i < 2) { /* some data to start with */
			memset(&ops[i], 0, sizeof(ops[i]));
			ops[i].kind = &kinds[0];
			ops[i].slot = ops[i].other = i;
			ops[i].flags = O_RDWR;
		} else {
			make_op(&ops[i], &r);
		}
		ops[i].kind->run(&ops[i]);
	}
	start_over();
	live = true;
}

/* Returns the first operation that fails, or count. */
static size_t run_episode(const struct op *ops, size_t count)
{
	size_t i;

	start_over();
	for (i = 0; i < count; i++) {
		if (trace) {
			printf("# ");
			ops[i].kind->show(&ops[i]);
			printf("\n");
		}
		if (!ops[i].kind->run(&ops[i]))
			break;
	}
	return i;
}

/* Compare all of the state at the end of an episode. */
static size_t add_checks(struct op *ops)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (int dev = 0; dev < DEVICES; dev++)
			if (kinds[i].make == make_check)
				ops[n++] = (struct op){ .kind = &kinds[i],
							.other = dev };
	return n;
}

/*
 * Remove smaller and smaller parts as long as the rest still fails. Returns how many
 * operations are left.
 */
static size_t shrink(struct op *ops, size_t count)
{
	struct op *rest = malloc(count * sizeof(*ops));
	size_t part = count / 2, failed;

	for (; part; part /= 2) {
		for (size_t at = 0; at < count;) {
			size_t cut = MIN(part, count - at);

			memcpy(rest, ops, at * sizeof(*ops));
			memcpy(rest + at, ops + at + cut,
			       (count - at - cut) * sizeof(*ops));
			failed = run_episode(rest, count - cut);
			if (failed < count - cut) {
				count = failed + 1;
				memcpy(ops, rest, count * sizeof(*ops));
			} else {
				at += cut;
			}
		}
	}
	free(rest);
	return count;
}

static void report(struct op *ops, size_t failed, uint64_t seed,
		   unsigned long episode)
{
	size_t count = failed + 1;

	printf("# seed %llu, episode %lu, operation %zu: ",
	       (unsigned long long)seed, episode, failed);
	ops[failed].kind->show(&ops[failed]);
	printf("\n# %s\n", why);

	count = shrink(ops, count);
	if (run_episode(ops, count) == count)
		printf("# not again with an episode of its own; this is the last that did\n");
	printf("# the shortest that fails, with quantum %d and qset %d before:\n",
	       DEFAULT_QUANTUM, DEFAULT_QSET);
	for (size_t i = 0; i < count; i++) {
		printf("#   ");
		ops[i].kind->show(&ops[i]);
		printf("\n");
	}
	printf("# %s\n", why);
	start_over();
}

static bool run_model(uint64_t seed, unsigned long ops, long only)
{
	static struct op episode[EPISODE + 16];
	unsigned long done = 0, nr = only > 0 ? only : 0;

	for (; done < ops; nr++) {
		size_t count = MIN(EPISODE, ops - done), failed;
		struct random r = { seed * 1000003 + nr };

		make_episode(episode, count, random_next(&r));
		count += add_checks(episode + count);
		failed = run_episode(episode, count);
		if (failed < count) {
			report(episode, failed, seed, nr);
			return false;
		}
		done += count;
		if (only >= 0)
			break;
	}
	start_over();
	return true;
}

static void usage(void)
{
	fprintf(stderr,
		"usage: scull_model MODULE [--seed N] [--ops N] [--episode N] [--trace]\n"
		"       scull_model MODULE --processes N [--seed N] [--seconds N]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "ops", required_argument, NULL, 'o' },
		{ "episode", required_argument, NULL, 'e' },
		{ "processes", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 't' },
		{ "trace", no_argument, NULL, 'v' },
		{},
	};
	struct sigaction bus = { .sa_handler = on_sigbus,
				 .sa_flags = SA_NODEFER };
	unsigned long ops = 100000, processes = 0, seconds = 10;
	uint64_t seed = 1;
	long long start, only = -1;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			ops = strtoul(optarg, NULL, 0);
			break;
		case 'e':
			only = strtol(optarg, NULL, 0);
			break;
		case 'p':
			processes = strtoul(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'v':
			trace = true;
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 1)
		usage();
	use_module(argv[optind]);

	load("");
	start = now_ms();
	if (processes) {
		many_run(seed, processes, seconds);
	} else {
		bool ok;

		largest_quantum = max_quantum();
		make_rooms();
		live = true;
		must(sigaction(SIGBUS, &bus, NULL));
		ok = run_model(seed, ops, only);
		printf("# %lld ms\n", now_ms() - start);
		tap(ok, "%lu operations of seed %llu as predicted", ops,
		    (unsigned long long)seed);
	}
	unload(PATIENCE);
	return tap_end();
}
