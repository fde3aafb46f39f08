// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of programs and their arguments: a table of values for each kind of
 * argument, a function for each call, and a table of all calls.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM (256 << 10) /* the most bytes that a call moves or maps */
#define MAPS 2
#define BAD_ARG (-2989) /* stands for a bad pointer */

/* ---- arguments ---- */

#define N(number)                 \
	{                         \
		.value = (number) \
	}
#define KIND(name, any, ...)                                         \
	static const struct value name##_values[] = { __VA_ARGS__ }; \
	static const struct kind name = { name##_values,             \
					  ARRAY_SIZE(name##_values), any }

KIND(slot, false, N(0), N(0), N(0), N(0), N(1), N(2), N(3));
KIND(map_slot, false, N(0), N(0), N(1));
KIND(device, false, N(0), N(0), N(0), N(1));
KIND(access_mode, false, { "rdonly", O_RDONLY }, { "wronly", O_WRONLY },
     { "rdwr", O_RDWR }, { "rdwr", O_RDWR }, { "rdwr", O_RDWR },
     { "wronly+append", O_WRONLY | O_APPEND },
     { "rdwr+append", O_RDWR | O_APPEND }, { "rdwr+trunc", O_RDWR | O_TRUNC },
     { "rdonly+trunc", O_TRUNC },
     { "wronly+trunc+append", O_WRONLY | O_TRUNC | O_APPEND },
     { "rdwr+nonblock", O_RDWR | O_NONBLOCK },
     { "rdwr+direct", O_RDWR | O_DIRECT }, { "rdwr+dsync", O_RDWR | O_DSYNC },
     { "neither", O_ACCMODE }, { "path", O_PATH });
KIND(length, true, N(0), N(1), N(7), N(10), N(40), N(100), N(251), N(1000),
     N(4000), N(4095), N(4096), N(4097), N(8192), N(20000), N(65536),
     N(131072));
KIND(offset, true, N(0), N(0), N(1), N(9), N(10), N(39), N(40), N(41), N(100),
     N(3999), N(4000), N(4001), N(4095), N(4096), N(4097), N(8192), N(16384),
     N(65536), N(1 << 20), N(3999999), N(4000000), N(4LL << 30),
     N((4LL << 30) - 1), N(1LL << 62), N(INT64_MAX - 4096), N(INT64_MAX - 1),
     N(INT64_MAX), N(-1), N(INT64_MIN));
KIND(place, false, { "good", 0 }, { "good", 0 }, { "good", 0 }, { "good", 0 },
     { "vector", 1 }, { "vector", 1 }, { "half", 2 }, { "bad", 3 },
     { "map", 4 });
KIND(flags, false, N(0), N(0), { "nowait", RWF_NOWAIT },
     { "nowait", RWF_NOWAIT }, { "append", RWF_APPEND }, { "dsync", RWF_DSYNC },
     { "hipri", RWF_HIPRI }, { "unknown", 1 << 30 });
KIND(whence, false, { "set", SEEK_SET }, { "cur", SEEK_CUR },
     { "end", SEEK_END }, { "data", SEEK_DATA }, { "hole", SEEK_HOLE },
     { "data", SEEK_DATA }, { "hole", SEEK_HOLE }, N(5), N(-1));
KIND(command, true, { "reset", SCULL_IOCRESET },
     { "set-quantum", SCULL_IOCSQUANTUM },
     { "tell-quantum", SCULL_IOCTQUANTUM },
     { "tell-quantum", SCULL_IOCTQUANTUM },
     { "get-quantum", SCULL_IOCGQUANTUM },
     { "query-quantum", SCULL_IOCQQUANTUM },
     { "exchange-quantum", SCULL_IOCXQUANTUM },
     { "shift-quantum", SCULL_IOCHQUANTUM }, { "set-qset", SCULL_IOCSQSET },
     { "tell-qset", SCULL_IOCTQSET }, { "tell-qset", SCULL_IOCTQSET },
     { "get-qset", SCULL_IOCGQSET }, { "query-qset", SCULL_IOCQQSET },
     { "exchange-qset", SCULL_IOCXQSET }, { "shift-qset", SCULL_IOCHQSET },
     { "set-order", SCULL_IOCSORDER }, { "tell-order", SCULL_IOCTORDER },
     { "get-order", SCULL_IOCGORDER }, { "query-order", SCULL_IOCQORDER },
     { "exchange-order", SCULL_IOCXORDER }, { "shift-order", SCULL_IOCHORDER },
     { "one-more", _IO(SCULL_IOC_MAGIC, 19) },
     { "wrong-size", _IOW(SCULL_IOC_MAGIC, 1, char) },
     { "getflags", FS_IOC_GETFLAGS }, { "bytes", FIONREAD });
KIND(argument, true, { "bad", BAD_ARG }, N(0), N(1), N(2), N(4), N(5), N(10),
     N(11), N(14), N(15), N(16), N(100), N(251), N(1000), N(4000), N(4096),
     N(8192), N(65536), N(1 << 20), N((1 << 20) + 1), N(4 << 20),
     N((4 << 20) + 1), N(64 << 20), N((64 << 20) + 1), N(INT32_MAX), N(-1),
     N((1LL << 32) + 1));
KIND(mapping, false, { "shared", 0 }, { "shared", 0 }, { "private", 1 },
     { "read", 2 }, { "populate", 3 }, { "locked", 4 });
KIND(deed, false, { "read", 0 }, { "write", 1 }, { "all", 2 });
KIND(advice, false, { "dontneed", MADV_DONTNEED },
     { "willneed", MADV_WILLNEED }, { "dontfork", MADV_DONTFORK },
     { "populate", 23 }, { "remove", MADV_REMOVE }, { "pageout", 21 });
KIND(count, false, N(1), N(2), N(3), N(4), N(5), N(6), N(8), N(12), N(20));

/* The values of param, text and file are indices into arrays of strings. */
KIND(param, false, { "quantum", 0 }, { "qset", 1 }, { "limit", 2 },
     { "order", 3 }, { "raw_addresses", 4 });
static const char *const param_names[] = { "quantum", "qset", "limit", "order",
					   "raw_addresses" };

KIND(text, false, { "one", 0 }, { "ten", 1 }, { "page", 2 }, { "thousand", 3 },
     { "zero", 4 }, { "negative", 5 }, { "word", 6 }, { "nothing", 7 },
     { "huge", 8 }, { "33bits", 9 }, { "hex", 10 }, { "line", 11 },
     { "two", 12 }, { "million", 13 });
static const char *const texts[] = { "1",   "10",	  "4096", "1000",
				     "0",   "-1",	  "x",	  "",
				     "9e9", "4294967297", "0x10", "5\n",
				     "7 7", "1048576" };

KIND(file, false, { "mem", 0 }, { "seq", 1 }, { "layout", 2 }, { "layout", 2 },
     { "size", 3 }, { "quantum", 4 }, { "qset", 5 }, { "allocated", 6 },
     { "quanta_allocated", 7 }, { "alloc_failures", 8 }, { "trims", 9 },
     { "param-quantum", 10 }, { "param-order", 11 }, { "param-limit", 12 });

/* ---- the state of a program, one in each process ---- */

static struct {
	int fds[SLOTS];
	struct {
		unsigned char *start;
		size_t len;
	} maps[MAPS];
	int nth; /* fail-nth of the next call, or 0 */
	int nth_fd;
	pid_t nth_pid;
	const char *why;
} own = { .fds = { -1, -1, -1, -1 } };

/* Programs write bytes from 1 to 127 only: a larger one was leaked from other memory. */
static unsigned char *good, *half_end;
#define BAD_POINTER ((void *)-4096L)

static void check_bytes(const unsigned char *p, long long len)
{
	for (long long i = 0; i < len; i++)
		if (p[i] > 127)
			own.why = "bytes that nobody wrote";
}

static long long checked(long long ret, int64_t len)
{
	if (ret > len)
		own.why = "more bytes than asked for";
	return ret;
}

/* ---- the calls ---- */

static void set_slot(int64_t nr, int fd)
{
	if (fd < 0)
		return;
	if (own.fds[nr] >= 0)
		close(own.fds[nr]);
	own.fds[nr] = fd;
}

static long long call_open(const int64_t *a)
{
	long long fd = kernel(open(dev_path(a[1]), a[2] | O_CLOEXEC));

	set_slot(a[0], fd);
	return fd;
}

static long long call_close(const int64_t *a)
{
	int fd = own.fds[a[0]];

	own.fds[a[0]] = -1;
	return kernel(close(fd));
}

static long long call_dup(const int64_t *a)
{
	long long fd = kernel(dup(own.fds[a[1]]));

	set_slot(a[0], fd);
	return fd;
}

/* Fills in one to three segments of an iovec, and returns how many. */
static int pieces(struct iovec *iov, size_t len, int64_t where)
{
	iov[0] = (struct iovec){ good, len };
	switch (where) {
	case 1:
		iov[0].iov_len = len / 3;
		iov[1] = (struct iovec){ NULL, 0 };
		iov[2] = (struct iovec){ good + len / 3, len - len / 3 };
		return 3;
	case 2:
		iov[0].iov_base = half_end - len / 2;
		break;
	case 3:
		iov[0].iov_base = BAD_POINTER;
		break;
	case 4:
		if (own.maps[0].start) {
			iov[0].iov_base = own.maps[0].start;
			iov[0].iov_len = MIN(len, own.maps[0].len);
		}
		break;
	}
	return 1;
}

static long long transfer(bool write, int fd, int64_t off, int64_t len,
			  int64_t where, int rwf)
{
	struct iovec iov[3];
	long long ret;
	int n;

	len = MIN(MAX(len, 0), ROOM);
	n = pieces(iov, len, where);
	if (write)
		return checked(kernel(pwritev2(fd, iov, n, off, rwf)), len);
	ret = checked(kernel(preadv2(fd, iov, n, off, rwf)), len);
	if (where < 2)
		check_bytes(good, ret);
	else if (where == 2)
		check_bytes(iov[0].iov_base, MIN(ret, len / 2));
	return ret;
}

static long long call_read(const int64_t *a)
{
	return transfer(false, own.fds[a[0]], -1, a[1], a[2], 0);
}

static long long call_write(const int64_t *a)
{
	return transfer(true, own.fds[a[0]], -1, a[1], a[2], 0);
}

static long long call_pread(const int64_t *a)
{
	return transfer(false, own.fds[a[0]], a[1], a[2], a[3], a[4]);
}

static long long call_pwrite(const int64_t *a)
{
	return transfer(true, own.fds[a[0]], a[1], a[2], a[3], a[4]);
}

static long long call_seek(const int64_t *a)
{
	return kernel(lseek(own.fds[a[0]], a[1], a[2]));
}

static long long call_ioctl(const int64_t *a)
{
	unsigned int cmd = a[1];
	int value = a[2];
	void *ptr = a[2] == BAD_ARG ? BAD_POINTER : &value;

	return kernel(ioctl(own.fds[a[0]], cmd,
			    _IOC_DIR(cmd) == _IOC_NONE ? (void *)a[2] : ptr));
}

static void forget_map(int64_t nr)
{
	if (own.maps[nr].start)
		munmap(own.maps[nr].start, own.maps[nr].len);
	own.maps[nr].start = NULL;
}

static long long call_map(const int64_t *a)
{
	int prot = a[4] == 2 ? PROT_READ : PROT_READ | PROT_WRITE;
	int how = a[4] == 1 ? MAP_PRIVATE : MAP_SHARED;
	size_t len = MIN((uint64_t)a[3], ROOM);
	void *start;

	how |= a[4] == 3 ? MAP_POPULATE : a[4] == 4 ? MAP_LOCKED : 0;
	start = mmap(NULL, len, prot, how, own.fds[a[1]], a[2] & -page_size());
	if (start == MAP_FAILED)
		return -errno;
	forget_map(a[0]);
	own.maps[a[0]].start = start;
	own.maps[a[0]].len = len;
	return 0;
}

/* Unmaps a part of a mapping. What follows that part becomes the other mapping. */
static long long call_unmap(const int64_t *a)
{
	unsigned char *start = own.maps[a[0]].start;
	size_t len = own.maps[a[0]].len, off, end;
	long long ret;

	if (!start)
		return 0;
	off = (uint64_t)a[1] % len & -page_size();
	end = off +
	      MIN((MAX((uint64_t)a[2], 1) + page_size() - 1) & -page_size(),
		  ROOM);
	ret = kernel(munmap(start + off, MIN(end, len) - off));
	if (ret)
		return ret;
	if (end < len) {
		forget_map(!a[0]);
		own.maps[!a[0]].start = start + end;
		own.maps[!a[0]].len = len - end;
	}
	if (off)
		own.maps[a[0]].len = off;
	else
		own.maps[a[0]].start = NULL;
	return 0;
}

static long long call_remap(const int64_t *a)
{
	size_t len = MIN(MAX((uint64_t)a[1], 1), ROOM);
	void *start;

	if (!own.maps[a[0]].start)
		return 0;
	start = mremap(own.maps[a[0]].start, own.maps[a[0]].len, len,
		       MREMAP_MAYMOVE);
	if (start == MAP_FAILED)
		return -errno;
	own.maps[a[0]].start = start;
	own.maps[a[0]].len = len;
	return 0;
}

static long long call_advise(const int64_t *a)
{
	if (!own.maps[a[0]].start)
		return 0;
	return kernel(madvise(own.maps[a[0]].start, own.maps[a[0]].len, a[1]));
}

static sigjmp_buf no_page;

static void on_signal(int sig)
{
	siglongjmp(no_page, sig);
}

static void touch(volatile unsigned char *start, size_t first, size_t len,
		  size_t step, int store)
{
	for (size_t i = first; i < len; i += step) {
		unsigned char byte = start[i];

		check_bytes(&byte, 1);
		if (store)
			start[i] = 99;
	}
}

static long long call_touch(const int64_t *a)
{
	size_t len = own.maps[a[0]].len;

	if (!own.maps[a[0]].start)
		return 0;
	/* SIGBUS: past the end, or allocation failed. SIGSEGV: a read-only mapping. */
	if (sigsetjmp(no_page, 1))
		return -EFAULT;
	touch(own.maps[a[0]].start, (uint64_t)a[1] % len, len,
	      a[2] == 2 ? (size_t)page_size() : len, a[2] != 0);
	return 0;
}

/* Splices from one file to a pipe, and from there to another file. */
static long long call_splice(const int64_t *a)
{
	size_t len = MIN((uint64_t)a[2], 65536);
	long long in, out = 0;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	in = checked(kernel(splice(own.fds[a[0]], NULL, ends[1], NULL, len,
				   SPLICE_F_NONBLOCK)),
		     len);
	if (in > 0)
		out = checked(kernel(splice(ends[0], NULL, own.fds[a[1]], NULL,
					    in, SPLICE_F_NONBLOCK)),
			      in);
	close(ends[0]);
	close(ends[1]);
	return in > 0 ? out : in;
}

/* The pipe holds references to the pages of a mapping, and so they outlive it. */
static long long call_vmsplice(const int64_t *a)
{
	struct iovec iov = { own.maps[a[0]].start, own.maps[a[0]].len };
	int ends[2];
	long long ret;

	if (!own.maps[a[0]].start)
		return 0;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	ret = kernel(vmsplice(ends[1], &iov, 1, SPLICE_F_NONBLOCK));
	if (ret > 0) {
		forget_map(a[0]);
		call_open((int64_t[]){ a[1], a[2], O_WRONLY });
		check_bytes(good, kernel(read(ends[0], good, ROOM)));
	}
	close(ends[0]);
	close(ends[1]);
	return ret;
}

static long long call_sendfile(const int64_t *a)
{
	size_t len = MIN((uint64_t)a[2], ROOM);

	return checked(
		kernel(sendfile(own.fds[a[0]], own.fds[a[1]], NULL, len)), len);
}

static long long call_sync(const int64_t *a)
{
	return kernel(fsync(own.fds[a[0]]));
}

static long long call_truncate(const int64_t *a)
{
	return kernel(ftruncate(own.fds[a[0]], a[1]));
}

static long long call_poll(const int64_t *a)
{
	struct pollfd fd = { .fd = own.fds[a[0]], .events = POLLIN | POLLOUT };

	return kernel(poll(&fd, 1, 0));
}

/* With a high limit, or none (0), a program could use up all memory: sets 3 instead. */
static long long call_param(const int64_t *a)
{
	const char *what = texts[a[1]];
	unsigned long value = strtoul(what, NULL, 0);

	if (!strcmp(param_names[a[0]], "limit") &&
	    strchr("0123456789", what[0]) && (!value || value > 64))
		what = "3";
	return write_file(param_path(param_names[a[0]]), what);
}

static long long call_look(const int64_t *a)
{
	static const char *const paths[] = {
		"/proc/%smem",
		"/proc/%sseq",
		"/sys/kernel/debug/%s/%d/layout",
		"/sys/class/%s/%1$s%d/size",
		"/sys/class/%s/%1$s%d/quantum",
		"/sys/class/%s/%1$s%d/qset",
		"/sys/class/%s/%1$s%d/allocated",
		"/sys/class/%s/%1$s%d/quanta_allocated",
		"/sys/class/%s/%1$s%d/alloc_failures",
		"/sys/class/%s/%1$s%d/trims",
		"/sys/module/%s/parameters/quantum",
		"/sys/module/%s/parameters/order",
		"/sys/module/%s/parameters/limit",
	};
	char path[128];
	long long fd;

	snprintf(path, sizeof(path), paths[a[2]], mod->name, (int)a[1]);
	fd = kernel(open(path, O_RDONLY | O_CLOEXEC));
	set_slot(a[0], fd);
	return fd;
}

static long long call_nobody(const int64_t *a)
{
	(void)a;
	return kernel(setresuid(65534, 65534, 65534));
}

/* Parent and child both run the rest of the program, concurrently. */
static long long call_fork(const int64_t *a)
{
	(void)a;
	return kernel(fork());
}

/* A child kills the program after a delay. */
static long long call_killer(const int64_t *a)
{
	pid_t self = getpid(), pid = fork();

	if (pid)
		return pid < 0 ? -errno : 0;
	usleep(a[0] * 50);
	/* Another parent: the program has exited, and its pid may be reused. */
	if (getppid() == self)
		kill(self, SIGKILL);
	_exit(0);
}

/* Fault injection: the Nth allocation or user copy of the next call fails. */
static long long call_fail(const int64_t *a)
{
	own.nth = a[0];
	return 0;
}

const struct call_type call_types[] = {
	{ "open", { &slot, &device, &access_mode }, call_open, false },
	{ "close", { &slot }, call_close, false },
	{ "dup", { &slot, &slot }, call_dup, false },
	{ "read", { &slot, &length, &place }, call_read, false },
	{ "write", { &slot, &length, &place }, call_write, false },
	{ "pread",
	  { &slot, &offset, &length, &place, &flags },
	  call_pread,
	  false },
	{ "pwrite",
	  { &slot, &offset, &length, &place, &flags },
	  call_pwrite,
	  false },
	{ "seek", { &slot, &offset, &whence }, call_seek, false },
	{ "ioctl", { &slot, &command, &argument }, call_ioctl, false },
	{ "map",
	  { &map_slot, &slot, &offset, &length, &mapping },
	  call_map,
	  false },
	{ "unmap", { &map_slot, &offset, &length }, call_unmap, false },
	{ "remap", { &map_slot, &length }, call_remap, false },
	{ "advise", { &map_slot, &advice }, call_advise, false },
	{ "touch", { &map_slot, &offset, &deed }, call_touch, false },
	{ "splice", { &slot, &slot, &length }, call_splice, false },
	{ "vmsplice", { &map_slot, &slot, &device }, call_vmsplice, false },
	{ "sendfile", { &slot, &slot, &length }, call_sendfile, false },
	{ "sync", { &slot }, call_sync, false },
	{ "truncate", { &slot, &offset }, call_truncate, false },
	{ "poll", { &slot }, call_poll, false },
	{ "param", { &param, &text }, call_param, false },
	{ "look", { &slot, &device, &file }, call_look, false },
	{ "nobody", {}, call_nobody, true },
	{ "fork", {}, call_fork, true },
	{ "killer", { &count }, call_killer, true },
	{ "fail", { &count }, call_fail, false },
};

const size_t call_type_count = ARRAY_SIZE(call_types);

/* ---- making a call ---- */

void calls_prepare(void)
{
	static const char *const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	struct sigaction act = { .sa_handler = on_signal };

	must(sigaction(SIGBUS, &act, NULL));
	must(sigaction(SIGSEGV, &act, NULL));
	good = must(mmap(NULL, 2 * ROOM + page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (size_t i = 0; i < 2 * ROOM; i++)
		good[i] = 1 + i % 127;
	half_end = good + 2 * ROOM;
	must(mprotect(half_end, page_size(), PROT_NONE));

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const char *path =
			pathf("/sys/kernel/debug/%s", settings[i][0]);

		if (write_file(path, settings[i][1]))
			printf("# cannot set %s\n", path);
	}
}

void calls_end(void)
{
	for (int i = 0; i < MAPS; i++)
		forget_map(i);
	for (int i = 0; i < SLOTS; i++) {
		if (own.fds[i] >= 0)
			close(own.fds[i]);
		own.fds[i] = -1;
	}
	own.nth = 0;
}

static void fail_nth(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	/* The file is that of the thread that opened it: open it again after a fork. */
	if (own.nth_pid != getpid()) {
		own.nth_pid = getpid();
		own.nth_fd =
			open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	}
	/* The fault may be injected into this write. */
	while (own.nth_fd >= 0 && pwrite(own.nth_fd, text, len, 0) != len)
		;
}

static bool known_error(long long error)
{
	static const int errors[] = {
		EPERM,	ENOENT, EINTR,	EBADF,	EAGAIN, ENOMEM,	   EACCES,
		EFAULT, EBUSY,	EEXIST, ENODEV, EINVAL, EMFILE,	   ENOTTY,
		EFBIG,	ENOSPC, ESPIPE, ENXIO,	EROFS,	EOVERFLOW, EOPNOTSUPP,
		EIO,	EXDEV,	ERANGE, ENFILE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (error == errors[i])
			return true;
	return false;
}

long long call_make(const struct call *c, const char **why)
{
	int nth = own.nth;
	long long ret;

	own.nth = 0;
	own.why = NULL;
	if (nth)
		fail_nth(nth);
	ret = c->type->call(c->args);
	if (nth)
		fail_nth(0);
	if (ret < 0 && !known_error(-ret))
		own.why = strerror(-ret);
	*why = own.why;
	return ret;
}
