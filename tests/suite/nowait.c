// SPDX-License-Identifier: GPL-2.0-only
/*
 * RWF_NOWAIT: resident data is read and overwritten at once; a call that would have to
 * allocate or to wait for the lock returns EAGAIN. So io_uring needs no worker for
 * resident data, and hands the rest to one.
 */
#include "suite.h"
#include <dirent.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static ssize_t read_now(int fd, void *buf, size_t len, long long off)
{
	struct iovec iov = { buf, len };

	return preadv2(fd, &iov, 1, off, RWF_NOWAIT);
}

static ssize_t write_now(int fd, const void *buf, size_t len, long long off,
			 int flags)
{
	struct iovec iov = { (void *)buf, len };

	return pwritev2(fd, &iov, 1, off, RWF_NOWAIT | flags);
}

START_TEST(resident)
{
	char buf[1000];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 1000, 1);
	ck_assert_int_eq(must(read_now(fd, buf, 1000, 0)), 1000);
	check_fill(buf, 1000, 1, 0);
	fill(buf, 500, 2, 250);
	ck_assert_int_eq(must(write_now(fd, buf, 500, 250, 0)), 500);
	expect(fd, 0, 250, 1);
	expect(fd, 250, 500, 2);
	expect(fd, 750, 250, 1);
	ck_assert_int_eq(must(read_now(fd, buf, 10, 1000)), 0);
	ck_assert_int_eq(must(read_now(fd, buf, 100, 950)), 50);
}
END_TEST

/* Reading a hole allocates nothing. */
START_TEST(holes)
{
	char buf[100];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 1000, 10, 1);
	memset(buf, 1, 100);
	ck_assert_int_eq(must(read_now(fd, buf, 100, 905)), 100);
	check_zeros(buf, 95, 905);
	check_fill(buf + 95, 5, 1, 1000);

	must_fail(write_now(fd, buf, 10, 500, 0), EAGAIN);
	must_fail(write_now(fd, buf, 10, 1010, 0), EAGAIN);
	must_fail(write_now(fd, buf, 10, 0, RWF_APPEND), EAGAIN);
	ck_assert_int_eq(dev_size(fd), 1010);
	expect_zeros(fd, 0, 1000);
	/* All or nothing: io_uring does not retry after a short count. */
	fill(buf, 30, 2, 1003);
	must_fail(write_now(fd, buf, 30, 1003, 0), EAGAIN);
	expect(fd, 1000, 10, 1);
	ck_assert_int_eq(must(write_now(fd, buf, 7, 1003, 0)), 7);
	expect(fd, 1000, 3, 1);
	expect(fd, 1003, 7, 2);
	ck_assert_int_eq(dev_size(fd), 1010);
}
END_TEST

/* An append within the last quantum allocates nothing. */
START_TEST(growing_in_place)
{
	char buf[10];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 4, 1);
	fill(buf, 3, 1, 4);
	ck_assert_int_eq(must(write_now(fd, buf, 3, 0, RWF_APPEND)), 3);
	ck_assert_int_eq(dev_size(fd), 7);
	expect(fd, 0, 7, 1);
}
END_TEST

/* While a writer holds the lock of the device */
START_TEST(locked)
{
	/* Behind what the writer writes */
	const long long behind = HELD_PAGES * page_size();
	struct held *writer;
	char buf[100] = "";
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, behind + 100, 2);
	writer = held_writer(fd);
	ck_assert_int_eq(must(read_now(fd, buf, 100, behind)), 100);
	check_fill(buf, 100, 2, behind);
	must_fail(write_now(fd, buf, 100, 0, 0), EAGAIN);
	must_fail(write_now(fd, buf, 100, 0, RWF_APPEND), EAGAIN);
	held_release(writer);
	ck_assert_int_eq(must(read_now(fd, buf, 100, 0)), 100);
	check_fill(buf, 100, 1, 0);
}
END_TEST

/* ---- io_uring ---- */

#define ENTRIES 8

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static void *map_ring(int fd, size_t len, off_t what)
{
	return must(mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, fd, what));
}

static struct ring make_ring(void)
{
	struct io_uring_params params = { 0 };
	struct ring r;
	char *sq, *cq;

	r.fd = syscall(SYS_io_uring_setup, ENTRIES, &params);
	if (r.fd < 0)
		skip("no io_uring in this kernel");
	sq = map_ring(r.fd,
		      params.sq_off.array +
			      params.sq_entries * sizeof(unsigned int),
		      IORING_OFF_SQ_RING);
	cq = map_ring(r.fd,
		      params.cq_off.cqes +
			      params.cq_entries * sizeof(struct io_uring_cqe),
		      IORING_OFF_CQ_RING);
	r.sqes = map_ring(r.fd, params.sq_entries * sizeof(*r.sqes),
			  IORING_OFF_SQES);
	r.sq_tail = (unsigned int *)(sq + params.sq_off.tail);
	r.sq_mask = (unsigned int *)(sq + params.sq_off.ring_mask);
	r.sq_array = (unsigned int *)(sq + params.sq_off.array);
	r.cq_head = (unsigned int *)(cq + params.cq_off.head);
	r.cq_tail = (unsigned int *)(cq + params.cq_off.tail);
	r.cq_mask = (unsigned int *)(cq + params.cq_off.ring_mask);
	r.cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	return r;
}

/* Has the ring a completion? */
static bool completed(const struct ring *r)
{
	return *r->cq_head != __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE);
}

static void submit(struct ring *r, int op, int fd, const void *buf, size_t len,
		   long long off, int flags)
{
	unsigned int tail = *r->sq_tail, i = tail & *r->sq_mask;

	r->sqes[i] = (struct io_uring_sqe){
		.opcode = op,
		.flags = flags,
		.fd = fd,
		.off = off,
		.addr = (unsigned long)buf,
		.len = len,
	};
	r->sq_array[i] = i;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	ck_assert_int_eq(
		must(syscall(SYS_io_uring_enter, r->fd, 1, 0, 0, NULL, 0)), 1);
}

/* The result of the next completion */
static int result(struct ring *r)
{
	int res;

	if (!completed(r))
		must(syscall(SYS_io_uring_enter, r->fd, 0, 1,
			     IORING_ENTER_GETEVENTS, NULL, 0));
	ck_assert(completed(r));
	res = r->cqes[*r->cq_head & *r->cq_mask].res;
	__atomic_store_n(r->cq_head, *r->cq_head + 1, __ATOMIC_RELEASE);
	return res;
}

/* The workers of io_uring are threads of the process. */
static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

/* The request is complete when the submission returns, without a worker. */
START_TEST(ring_inline)
{
	char buf[1000];
	struct ring r;
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 1000, 1);
	put(fd, 2000, 10, 1);
	r = make_ring();
	submit(&r, IORING_OP_READ, fd, buf, 1000, 0, 0);
	ck_assert(completed(&r));
	ck_assert_int_eq(result(&r), 1000);
	check_fill(buf, 1000, 1, 0);

	fill(buf, 500, 2, 300);
	submit(&r, IORING_OP_WRITE, fd, buf, 500, 300, 0);
	ck_assert(completed(&r));
	ck_assert_int_eq(result(&r), 500);
	expect(fd, 300, 500, 2);

	submit(&r, IORING_OP_READ, fd, buf, 1000, 1000, 0);
	ck_assert(completed(&r));
	ck_assert_int_eq(result(&r), 1000);
	check_zeros(buf, 1000, 1000);
	ck_assert_int_eq(count_threads(), 1);
	close(r.fd);
}
END_TEST

/* A request that must allocate is completed by a worker. */
START_TEST(ring_by_a_worker)
{
	char buf[1000];
	struct ring r;
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	r = make_ring();
	fill(buf, 1000, 1, 0);
	submit(&r, IORING_OP_WRITE, fd, buf, 1000, 0, 0);
	ck_assert_int_eq(result(&r), 1000);
	expect(fd, 0, 1000, 1);
	/* Half of it is resident: io_uring would take a short count as final. */
	fill(buf, 1000, 2, 500);
	submit(&r, IORING_OP_WRITE, fd, buf, 1000, 500, 0);
	ck_assert_int_eq(result(&r), 1000);
	expect(fd, 0, 500, 1);
	expect(fd, 500, 1000, 2);
	/* A worker, even though the data is resident */
	submit(&r, IORING_OP_READ, fd, buf, 1000, 500, IOSQE_ASYNC);
	ck_assert_int_eq(result(&r), 1000);
	check_fill(buf, 1000, 2, 500);
	submit(&r, IORING_OP_FSYNC, fd, NULL, 0, 0, 0);
	ck_assert_int_eq(result(&r), 0);
	close(r.fd);
}
END_TEST

START_TEST(ring_errors)
{
	struct ring r;
	char byte = 'x';
	int fd;

	load("limit=1");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100, 1);
	r = make_ring();
	submit(&r, IORING_OP_WRITE, fd, BAD_POINTER, 10, 0, 0);
	ck_assert_int_eq(result(&r), -EFAULT);
	submit(&r, IORING_OP_READ, fd, BAD_POINTER, 10, 0, 0);
	ck_assert_int_eq(result(&r), -EFAULT);
	submit(&r, IORING_OP_READ, fd, &byte, 1, 100, 0);
	ck_assert_int_eq(result(&r), 0);
	for (long long off = 0; pwrite(fd, &byte, 1, off) == 1; off += 4000)
		;
	submit(&r, IORING_OP_WRITE, fd, &byte, 1, 1 << 30, 0);
	ck_assert_int_eq(result(&r), -ENOSPC);
	ck_assert_int_lt(dev_size(fd), 1 << 20);
	close(r.fd);
}
END_TEST

void nowait_tests(TCase *tc)
{
	tcase_add_test(tc, resident);
	tcase_add_test(tc, holes);
	tcase_add_test(tc, growing_in_place);
	tcase_add_test(tc, locked);
	tcase_add_test(tc, ring_inline);
	tcase_add_test(tc, ring_by_a_worker);
	tcase_add_test(tc, ring_errors);
}
