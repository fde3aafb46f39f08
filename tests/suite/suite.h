/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of the suite.
 *
 * A test begins by loading the module under test. The fixture around each test
 * unloads all modules, before and after it; afterwards the test fails if one is
 * still in use.
 *
 * "Trap N" is a defect of the older ports: see docs/traps.md.
 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../support/support.h"

#define MAX_DEVS 1024
#define MAX_MAJOR 511

/* The groups of tests, one a file. */
void basic_tests(TCase *tc);
void vector_tests(TCase *tc);
void hole_tests(TCase *tc);
void geometry_tests(TCase *tc);
void ioctl_tests(TCase *tc);
void param_tests(TCase *tc);
void proc_tests(TCase *tc);
void slab_tests(TCase *tc);
void limit_tests(TCase *tc);
void memcg_tests(TCase *tc);
void badinput_tests(TCase *tc);
void concurrency_tests(TCase *tc);
void signal_tests(TCase *tc);
void mmap_tests(TCase *tc);
void seek_tests(TCase *tc);
void nowait_tests(TCase *tc);
void splice_tests(TCase *tc);
void aio_tests(TCase *tc);
void file_tests(TCase *tc);
void sysfs_tests(TCase *tc);
void trace_tests(TCase *tc);
void layout_tests(TCase *tc);
void wait_tests(TCase *tc);

/* End a test that does not apply to this kernel or machine. */
void skip(const char *reason) __attribute__((noreturn));

/* Assert that a system call fails with this error. */
#define must_fail(call, err)                                             \
	do {                                                             \
		long long fail_ret;                                      \
		errno = 0;                                               \
		fail_ret = (long long)(call);                            \
		ck_assert_msg(fail_ret == -1 && errno == (err),          \
			      "%s: returned %lld, %s, wanted %s", #call, \
			      fail_ret, strerror(errno), strerror(err)); \
	} while (0)

/* Loading and unloading */
void unload_all(void);
const struct module *other_module(void);

/* The machine */
long in_pages(long bytes);
bool kernel_is_64bit(void);
bool kernel_before(int major, int minor);
void drop_cap(int cap);

/* Devices. The fixture closes those that are still open. */
void dev_close(int fd);
void trim(int n);
void adopt(int n, int quantum, int qset);
long long dev_size(int fd);

/*
 * Test data: the byte for an offset. It is never 0, which a hole reads as, and its
 * period of 251 divides no quantum and no page of the tests.
 */
static inline unsigned char pattern(int seed, long long off)
{
	return 1 + (unsigned char)((off + 7 * (long long)seed) % 251);
}

void fill(void *buf, size_t len, int seed, long long off);
void put(int fd, long long off, size_t len, int seed);
void expect(int fd, long long off, size_t len, int seed);
void expect_zeros(int fd, long long off, size_t len);
void check_fill(const void *buf, size_t len, int seed, long long off);
void check_zeros(const void *buf, size_t len, long long off);

/* A buffer of len bytes with an unmapped page right after it. */
void *fenced(size_t len);
/* An address that user space cannot access */
#define BAD_POINTER ((void *)-4096L)

/* The kernel log */
int log_mark(void);
bool log_has(int mark, const char *const words[]);

/* A device as /proc shows it */
struct proc_device {
	long qset, quantum;
	long long size;
	int items;
	int quanta; /* of the last item */
	long first, last; /* the smallest and largest index there */
};

struct proc_device proc_device(int n);

/*
 * A task with a buffer of HELD_PAGES pages that is stalled in a system call. Where
 * the kernel has no userfaultfd, the test is skipped.
 */
#define HELD_PAGES 16
struct held;
struct held *held_task(int fd, int hole,
		       ssize_t (*call)(int fd, void *buf, size_t len));
ssize_t held_end(struct held *h, const char **buf);
struct held *held_writer(int fd);
void held_release(struct held *h);
void held_kill(struct held *h);

/*
 * A FUSE file system whose server stalls its readers, or moves pages to them. Where
 * the kernel has no FUSE, the test is skipped.
 */
#define FUSE_PAGES 16
struct fuse;
struct fuse *fuse_start(int pipe);
int fuse_open(void);
void fuse_await_read(const struct fuse *f);
void fuse_go_on(const struct fuse *f);
void fuse_end(struct fuse *f);

/* A memory cgroup with a maximum in bytes; a child joins it. */
#define GROUP "/sys/fs/cgroup/scull"
void make_group(long max);
long group_event(const char *name);
void join_group(void);

/* Children: each runs fn(arg). reap() fails if an assertion in it failed. */
pid_t spawn(void (*fn)(int), int arg);
void reap(pid_t pid);
void await_blocked(pid_t pid);

#endif
