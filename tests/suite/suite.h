/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every test file of the suite shares.
 *
 * A test says in its first line how the module under test is loaded; the
 * fixture around it starts with none of the modules loaded and ends by
 * unloading them, which fails the test when somebody still holds one.
 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../common/scull_ioctl.h"

#define DEFAULT_QUANTUM 4000
#define DEFAULT_QSET 1000
#define MAX_QSET 1048576
#define MAX_DEVS 1024
#define MAX_MAJOR 511

struct module {
	const char *name;
	bool paged; /* a quantum is whole pages: order, mmap */
	long max_quantum; /* 0: the largest block of the page allocator */
};

extern const struct module modules[3];
extern const struct module *mod; /* the one under test */

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

/* Assert that a system call works, and have its value. */
#define must(call)                                                        \
	({                                                                \
		__typeof__(call) must_ret = (call);                       \
		ck_assert_msg(must_ret != (__typeof__(call))-1, "%s: %s", \
			      #call, strerror(errno));                    \
		must_ret;                                                 \
	})

/* Assert that a system call fails, and how. */
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
int try_load(const struct module *m, const char *params);
int try_unload(const struct module *m);
void load(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void load_other(const struct module *m, const char *params);
void unload(void);
void unload_all(void);
const struct module *other_module(void);

/* The machine */
long page_size(void);
long in_pages(long bytes);
bool kernel_is_64bit(void);
int max_order(void);
int order_of(long bytes);
long max_quantum(void);
void drop_cap(int cap);

/* Devices; what dev_open() opened is closed when the test ends. */
const char *dev_path(int n);
int dev_open(int n, int flags);
void dev_close(int fd);
void trim(int n);
void adopt(int n, int quantum, int qset);
long long dev_size(int fd);

/*
 * Test data: the byte that belongs at an offset, never 0 so that it differs
 * from a hole, with a period that no quantum or page divides.
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
/* A pointer no user process may use. */
#define BAD_POINTER ((void *)-4096L)

/* Small files of /proc and /sys, and the kernel log */
char *slurp(const char *path);
long read_long(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int write_file(const char *path, const char *text);
const char *param_path(const char *name);
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
const char *proc_path(const char *suffix);

/* A task with a buffer of HELD_PAGES pages that is stalled in a system call */
#define HELD_PAGES 16
struct held;
bool can_hold(void);
struct held *held_task(int fd, int hole,
		       ssize_t (*call)(int fd, void *buf, size_t len));
ssize_t held_end(struct held *h, const char **buf);
struct held *held_writer(int fd);
void held_release(struct held *h);
void held_kill(struct held *h);

/* A FUSE file system whose server stalls its readers, or moves pages to them */
#define FUSE_PAGES 16
struct fuse;
bool can_fuse(void);
struct fuse *fuse_start(int pipe);
int fuse_open(void);
void fuse_await_read(const struct fuse *f);
void fuse_go_on(const struct fuse *f);
void fuse_end(struct fuse *f);

/* A memory cgroup with a maximum in bytes, to be joined by a child */
#define GROUP "/sys/fs/cgroup/scull"
void make_group(long max);
long group_event(const char *name);
void join_group(void);

/* Children: one runs fn(arg) and ends; a failed assertion in it is ours. */
pid_t spawn(void (*fn)(int), int arg);
void reap(pid_t pid);
void await_blocked(pid_t pid);

#endif
