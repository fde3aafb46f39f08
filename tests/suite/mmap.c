// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings: they agree with read and write, they end at the size, and no page is
 * freed while a mapping, a pipe or a task references it. All of this is trap 6.
 */
#include "suite.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* Quanta of whole pages: three orders, and a size that no order gives */
static const char *const geometries[] = { "order=0 qset=4", "order=1 qset=3",
					  "order=3 qset=1", NULL };

#define NGEOMETRIES 4

static void load_geometry(int i)
{
	if (geometries[i])
		load("%s", geometries[i]);
	else
		load("quantum=%ld qset=2", 3 * page_size());
}

static void *try_map(int fd, long long off, size_t len, int flags)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, off);
}

static char *map(int fd, long long off, size_t len)
{
	char *p = try_map(fd, off, len, MAP_SHARED);

	ck_assert_msg(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

/* ---- SIGBUS ---- */

static sigjmp_buf fault;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(fault, 1);
}

/* Does reading, or writing, this byte raise SIGBUS? */
static bool is_bus_error(volatile char *p, bool write)
{
	struct sigaction action = { .sa_handler = on_fault }, old;
	volatile bool failed = true;

	must(sigaction(SIGBUS, &action, &old));
	if (!sigsetjmp(fault, 1)) {
		if (write)
			*p = 1;
		else
			(void)*p;
		failed = false;
	}
	must(sigaction(SIGBUS, &old, NULL));
	return failed;
}

/* ---- permission and size ---- */

START_TEST(scullc_cannot)
{
	int fd;

	load("quantum=%ld", page_size());
	fd = dev_open(0, O_RDWR);
	put(fd, 0, page_size(), 1);
	ck_assert_ptr_eq(try_map(fd, 0, page_size(), MAP_SHARED), MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
	ck_assert_ptr_eq(try_map(fd, 0, page_size(), MAP_PRIVATE), MAP_FAILED);
	ck_assert_int_eq(errno, ENODEV);
	trim(0);
}
END_TEST

/* The device's quantum has to be whole pages, not the module's. */
START_TEST(whole_pages_only)
{
	long page = page_size();
	int fd;

	load("");
	fd = dev_open(0, O_RDWR);
	ck_assert_ptr_eq(try_map(fd, 0, page, MAP_SHARED), MAP_FAILED);
	ck_assert_int_eq(errno, EINVAL);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 2 * page));
	ck_assert_ptr_eq(try_map(fd, 0, page, MAP_PRIVATE), MAP_FAILED);
	ck_assert_int_eq(errno, EINVAL);
	trim(0);
	put(fd, 0, 3 * page, 1);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 10L));
	check_fill(map(fd, 0, 3 * page), 3 * page, 1, 0);
}
END_TEST

START_TEST(as_opened)
{
	int fd;

	load("order=0");
	put(dev_open(0, O_RDWR), 0, 100, 1);
	fd = dev_open(0, O_RDONLY);
	ck_assert_ptr_eq(try_map(fd, 0, 100, MAP_SHARED), MAP_FAILED);
	ck_assert_int_eq(errno, EACCES);
	check_fill(mmap(NULL, 100, PROT_READ, MAP_SHARED, fd, 0), 100, 1, 0);
}
END_TEST

/* ---- mapping, read and write agree ---- */

START_TEST(all_agree) /* trap 6 */
{
	size_t page = page_size(), len = 27 * page + 100;
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, len, 1);
	p = map(fd, 0, len);
	check_fill(p, len, 1, 0);

	/* read() sees a store, a load sees a write(). */
	fill(p + page + 5, 9 * page, 2, page + 5);
	expect(fd, 0, page + 5, 1);
	expect(fd, page + 5, 9 * page, 2);
	expect(fd, 10 * page + 5, len - 10 * page - 5, 1);
	put(fd, 12 * page + 7, 9 * page, 3);
	check_fill(p + 12 * page + 7, 9 * page, 3, 12 * page + 7);
	ck_assert_int_eq(dev_size(fd), len);
	must(msync(p, len, MS_SYNC));
	must(munmap(p, len));
	expect(fd, page + 5, 9 * page, 2);
	trim(0);
}
END_TEST

/* Mappings that begin at any page of the device */
START_TEST(at_an_offset) /* trap 6 */
{
	size_t page = page_size();
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 30 * page, 1);
	for (size_t first = 0; first < 30; first += 7) {
		size_t len = (30 - first) * page;
		char *p = map(fd, first * page, len);

		/* From the end to the start, so that the faults are not sequential. */
		for (size_t at = len; at; at -= page)
			check_fill(p + at - page, page, 1,
				   first * page + at - page);
		must(munmap(p, len));
	}
}
END_TEST

START_TEST(two_processes)
{
	size_t page = page_size();
	int status;
	pid_t pid;
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9 * page, 1);
	p = map(fd, 0, 9 * page);
	pid = must(fork());
	if (!pid) {
		int again = open(dev_path(0), O_RDWR);
		char *q = map(again, 0, 9 * page);

		check_fill(q, 9 * page, 1, 0);
		fill(q, 5 * page, 2, 0);
		fill(p + 5 * page, 4 * page, 3, 5 * page);
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	ck_assert_int_eq(status, 0);
	check_fill(p, 5 * page, 2, 0);
	check_fill(p + 5 * page, 4 * page, 3, 5 * page);
	expect(fd, 0, 5 * page, 2);
}
END_TEST

/* A private mapping shows the device until it is written to. */
START_TEST(private)
{
	size_t page = page_size();
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9 * page, 1);
	p = try_map(fd, 0, 9 * page, MAP_PRIVATE);
	ck_assert_ptr_ne(p, MAP_FAILED);
	check_fill(p, 9 * page, 1, 0);
	fill(p + page, page, 2, page);
	expect(fd, 0, 9 * page, 1);
	put(fd, 0, 3 * page, 3);
	check_fill(p, page, 3, 0);
	check_fill(p + page, page, 2, page);
	check_fill(p + 2 * page, page, 3, 2 * page);
	must_fail(open(dev_path(0), O_WRONLY), EBUSY);
	must(munmap(p, 9 * page));
	expect(fd, 0, 3 * page, 3);
	trim(0);
}
END_TEST

/*
 * The buffer of a read or a write is a mapping of the same device, with data or with
 * holes: a driver that takes a fault under its own lock would deadlock.
 */
START_TEST(its_own_buffer)
{
	size_t page = page_size();
	char *p, *buf = malloc(4 * page);
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 8 * page, 1);
	put(fd, 40 * page - 1, 1, 1);
	p = map(fd, 0, 40 * page);
	/* From data to a hole, from a hole to data, from a hole to a hole. */
	ck_assert_int_eq(must(pwrite(fd, p + 10, 4 * page, 10 * page)),
			 4 * page);
	ck_assert_int_eq(must(pread(fd, buf, 4 * page, 10 * page)), 4 * page);
	check_fill(buf, 4 * page, 1, 10);
	ck_assert_int_eq(must(pwrite(fd, p + 20 * page, 2 * page, 4 * page)),
			 2 * page);
	expect_zeros(fd, 4 * page, 2 * page);
	ck_assert_int_eq(must(pwrite(fd, p + 24 * page, 2 * page, 28 * page)),
			 2 * page);
	expect_zeros(fd, 24 * page, 8 * page);

	ck_assert_int_eq(must(pread(fd, p + 33 * page, page, 0)), page);
	check_fill(p + 33 * page, page, 1, 0);
	expect(fd, 0, 4 * page, 1);
	free(buf);
}
END_TEST

#define HUGE (2L << 20)

/*
 * Large quanta, for which the kernel could map huge pages: the next quantum follows
 * the end of each, and not the rest of the allocator's block.
 */
START_TEST(large_quanta) /* trap 6 */
{
	long quantum = _i ? HUGE : 3 * HUGE / 4, len = 3 * quantum;
	unsigned int *buf = malloc(HUGE), *p;
	char *room;
	int fd;

	load("quantum=%ld qset=2 limit=0", quantum);
	fd = dev_open(0, O_RDWR);
	for (long off = 0; off < len; off += quantum) {
		for (long i = 0; i < quantum / (long)sizeof(*buf); i++)
			buf[i] = off + i;
		ck_assert_int_eq(must(pwrite(fd, buf, quantum, off)), quantum);
	}
	room = must(mmap(NULL, len + HUGE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	room += HUGE - (unsigned long)room % HUGE;
	p = mmap(room, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 0);
	ck_assert_ptr_eq(p, room);
	for (long off = 0; off < len; off += quantum)
		for (long i = 0; i < quantum / (long)sizeof(*p); i++)
			if (p[off / sizeof(*p) + i] != (unsigned int)(off + i))
				ck_abort_msg("word %ld of %ld", i, off);
	must(munmap(p, len));

	/* One byte: the rest of its page is mapped, the page a megabyte on is not. */
	trim(0);
	put(fd, 0, 1, 1);
	room = mmap(room, quantum, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, fd, 0);
	check_fill(room, 1, 1, 0);
	check_zeros(room + 1, page_size() - 1, 1);
	ck_assert(is_bus_error(room + (1 << 20), false));
	ck_assert(is_bus_error(room + page_size(), true));
	free(buf);
}
END_TEST

/* ---- holes ---- */

START_TEST(holes_are_filled)
{
	size_t page = page_size();
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 60 * page, 10, 1);
	p = map(fd, 0, 60 * page + 10);
	/* A load fills the hole with zeros; a store to it is kept. */
	check_zeros(p + 8 * page, page, 8 * page);
	fill(p + 8 * page, 10, 2, 8 * page);
	expect(fd, 8 * page, 10, 2);
	/* The same if the first access is a store. */
	fill(p + 31 * page + 5, 10, 3, 31 * page + 5);
	expect_zeros(fd, 8 * page + 10, 23 * page - 5);
	expect(fd, 31 * page + 5, 10, 3);
	expect_zeros(fd, 31 * page + 15, 29 * page - 15);
	check_zeros(p, 8 * page, 0);
	check_fill(p + 60 * page, 10, 1, 60 * page);
	ck_assert_int_eq(dev_size(fd), 60 * page + 10);
}
END_TEST

/* The quantum that fills a hole is zeroed. */
START_TEST(filled_with_zeros) /* trap 4 */
{
	size_t page = page_size(), len = 48 * page;
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, len, 1);
	trim(0);
	put(fd, len, 1, 1);
	p = map(fd, 0, len);
	check_zeros(p, len, 0);
}
END_TEST

/* If the allocation for a hole fails, the program gets SIGBUS. */
START_TEST(no_room_for_a_hole)
{
	const size_t len = 4 << 20;
	size_t held = 0;
	char *p;
	int fd;

	load("order=0 qset=64 limit=1");
	fd = dev_open(0, O_RDWR);
	put(fd, len, 1, 1);
	p = map(fd, 0, len);
	while (held < len && !is_bus_error(p + held, true))
		held += page_size();
	ck_assert_uint_lt(held, 1 << 20);
	ck_assert_uint_gt(held, 1 << 18);
	for (size_t at = 0; at < held; at += page_size())
		ck_assert_int_eq(p[at], 1);
	must_fail(pwrite(fd, "x", 1, held), ENOSPC);
	must(munmap(p, len));
	trim(0);
}
END_TEST

/* ---- the end ---- */

START_TEST(past_the_end) /* trap 6 */
{
	size_t page = page_size(), end = 5 * page + 100;
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	p = map(fd, 0, 100 * page);
	ck_assert(is_bus_error(p, false));
	ck_assert(is_bus_error(p, true));
	put(fd, 0, end, 1);

	/* Zeros up to the end of the page, SIGBUS after it. */
	check_fill(p, end, 1, 0);
	check_zeros(p + end, 6 * page - end, end);
	ck_assert(is_bus_error(p + 6 * page, false));
	ck_assert(is_bus_error(p + 6 * page, true));
	ck_assert(is_bus_error(p + 99 * page, false));

	/* When the device grows, the mapping shows more of it. */
	put(fd, end, 4 * page, 1);
	check_fill(p, end + 4 * page, 1, 0);
	ck_assert(is_bus_error(p + 10 * page, false));
	ck_assert_int_eq(dev_size(fd), end + 4 * page);
	must(munmap(p, 100 * page));

	p = map(fd, 1000 * page, page);
	ck_assert(is_bus_error(p, false));
}
END_TEST

/* Offsets that are negative as signed numbers */
START_TEST(past_any_end) /* trap 6 */
{
	const unsigned long long offsets[] = { 1ULL << 63, -(1ULL << 20),
					       (1ULL << 63) + (3ULL << 20) };
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100, 1);
	for (int i = 0; i < 3; i++) {
		char *p = try_map(fd, offsets[i], page_size(), MAP_SHARED);

		ck_assert(p == MAP_FAILED || is_bus_error(p, false));
		ck_assert(p == MAP_FAILED || is_bus_error(p, true));
	}
	ck_assert_int_eq(proc_device(0).items, 1);
	ck_assert_int_eq(dev_size(fd), 100);
}
END_TEST

/*
 * Offsets of more than 32 bits, for 32-bit programs, too. A 32-bit kernel maps the
 * first 4 GiB of a device only.
 */
START_TEST(far_away)
{
	long long far = kernel_is_64bit() ? 1LL << 40 : 3LL << 30;
	size_t page = page_size();
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, far + 100, page, 1);
	p = map(fd, far - page, 3 * page);
	check_zeros(p, page + 100, far - page);
	check_fill(p + page + 100, page, 1, far + 100);
	check_zeros(p + 2 * page + 100, page - 100, far + page + 100);
	fill(p + page + 50, page, 2, far + 50);
	expect(fd, far + 50, page, 2);
	ck_assert_int_eq(dev_size(fd), far + 100 + (long long)page);
}
END_TEST

/* Stores past the end read as zeros once the device has grown over them. */
START_TEST(stores_past_the_end)
{
	size_t page = page_size();
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 100, 1);
	p = map(fd, 0, page);
	memset(p + 100, 0xa5, page - 100);
	ck_assert_int_eq(dev_size(fd), 100);
	put(fd, 2 * page, 1, 1);
	expect(fd, 0, 100, 1);
	expect_zeros(fd, 100, 2 * page - 100);
}
END_TEST

/* ---- lifetime ---- */

static void must_be_busy(int fd)
{
	must_fail(open(dev_path(0), O_WRONLY), EBUSY);
	must_fail(open(dev_path(0), O_RDWR | O_TRUNC), EBUSY);
	expect(fd, 0, 10 * page_size(), 1);
}

/* A trim while mapped fails, and changes neither data nor geometry. */
START_TEST(trim_is_refused) /* trap 6 */
{
	size_t page = page_size();
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 10 * page, 1);
	p = map(fd, 0, 10 * page);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 10L));
	must_be_busy(fd);
	ck_assert_int_ne(proc_device(0).quantum, 10);
	check_fill(p, 10 * page, 1, 0);
	/* Opens that do not trim, and other devices, work. */
	dev_close(dev_open(0, O_WRONLY | O_APPEND));
	trim(1);

	/* A part of the mapping is enough. */
	must(munmap(p + 3 * page, 4 * page));
	must_be_busy(fd);
	must(munmap(p, 3 * page));
	must_be_busy(fd);
	check_fill(p + 7 * page, 3 * page, 1, 7 * page);
	must(munmap(p + 7 * page, 3 * page));
	trim(0);
	ck_assert_int_eq(dev_size(fd), 0);
	ck_assert_int_eq(proc_device(0).quantum, 10);
}
END_TEST

START_TEST(moved_and_covered)
{
	size_t page = page_size();
	char *p, *q;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 10 * page, 1);
	p = map(fd, 0, 10 * page);
	/* mremap() cannot enlarge it. */
	q = mremap(p, 10 * page, 200 * page, MREMAP_MAYMOVE);
	ck_assert_ptr_eq(q, MAP_FAILED);
	ck_assert_int_eq(errno, EFAULT);
	/* mremap() to another address */
	q = must(mmap(NULL, 10 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0));
	q = mremap(p, 10 * page, 10 * page, MREMAP_MAYMOVE | MREMAP_FIXED, q);
	ck_assert_ptr_ne(q, MAP_FAILED);
	check_fill(q, 10 * page, 1, 0);
	must_be_busy(fd);
	q = mremap(q, 10 * page, 2 * page, MREMAP_MAYMOVE);
	ck_assert_ptr_ne(q, MAP_FAILED);
	must_be_busy(fd);
	must(mprotect(q + page, page, PROT_READ));
	must_be_busy(fd);
	/* Another mapping replaces it. */
	ck_assert_ptr_eq(mmap(q, 2 * page, PROT_READ,
			      MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			 q);
	trim(0);
	ck_assert_int_eq(dev_size(fd), 0);
}
END_TEST

/* ---- fault-around ---- */

/* The entry of an address in /proc/self/pagemap */
static uint64_t pagemap_entry(const volatile void *p)
{
	int fd = must(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
	uint64_t entry;
	off_t off = (uintptr_t)p / page_size() * sizeof(entry);

	ck_assert_int_eq(must(pread(fd, &entry, sizeof(entry), off)),
			 sizeof(entry));
	close(fd);
	return entry;
}

/* Has this page an entry in the page table? */
static bool is_present(const char *p)
{
	return pagemap_entry(p) >> 63;
}

/* Check that the pages from first to before end are present, and no others. */
static void check_present(const char *p, size_t pages, size_t first, size_t end)
{
	for (size_t i = 0; i < pages; i++)
		ck_assert_msg(is_present(p + i * page_size()) ==
				      (i >= first && i < end),
			      "page %zu: not as if %zu to %zu were present", i,
			      first, end);
}

static size_t at_least(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* The pages of an aligned window of 64 KiB, or 1 if pages are larger */
static size_t window(void)
{
	return at_least(65536 / page_size(), 1);
}

/* A fault maps the allocated pages around it, up to the size. */
START_TEST(neighbours)
{
	size_t page = page_size(), w = window();
	size_t pages = 2 * w + (w < 3 ? w : 3), total = 3 * w + 1;
	bool write = _i / NGEOMETRIES;
	char *p, *q;
	int fd;

	load_geometry(_i % NGEOMETRIES);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, (pages - 1) * page + 100, 1);
	p = map(fd, 0, total * page);
	ck_assert(!is_bus_error(p + (w + w / 2) * page + 3, write));
	check_present(p, total, w, 2 * w);
	ck_assert(!is_bus_error(p + (pages - 1) * page + 99, write));
	check_present(p, total, w, pages);
	ck_assert(is_bus_error(p + pages * page, write));
	check_present(p, total, w, pages);

	/* Windows are aligned in the device; the mapping begins and ends inside one. */
	q = map(fd, page, w * page);
	ck_assert(!is_bus_error(q, write));
	check_present(q, w, 0, at_least(w - 1, 1));
	must(munmap(q, w * page));
	must(munmap(p, total * page));
	trim(0);
}
END_TEST

/* Sequential faults map four windows each, up to the size or a hole. */
START_TEST(neighbours_ahead)
{
	size_t page = page_size(), w = window(), pages = 7 * w + 2;
	size_t total = 9 * w + 1, per;
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	per = must(ioctl(fd, SCULL_IOCQQUANTUM)) / page;
	put(fd, 0, (pages - 1) * page + 100, 1);
	p = map(fd, 0, total * page);
	for (size_t at = 0, end = w; at < 9 * w; at = end, end += 4 * w) {
		check_fill(p + at * page, 1, 1, at * page);
		check_present(p, total, 0, end < pages ? end : pages);
	}
	ck_assert(is_bus_error(p + pages * page, false));
	must(munmap(p, total * page));

	trim(0);
	if (3 * w % per)
		return;
	put(fd, 0, 3 * w * page, 1);
	put(fd, (3 * w + per) * page, page, 1);
	p = map(fd, 0, 4 * w * page);
	check_fill(p, 1, 1, 0);
	check_fill(p + w * page, 1, 1, w * page);
	check_present(p, 4 * w, 0, 3 * w);
	must(munmap(p, 4 * w * page));
	trim(0);
}
END_TEST

/* A fault in a hole allocates one quantum, and maps its pages in the window. */
START_TEST(neighbours_in_a_hole)
{
	size_t page = page_size(), w = window(), pages;
	size_t per = 1, first, end;
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	per = must(ioctl(fd, SCULL_IOCQQUANTUM)) / page;
	/* Quanta and holes alternate; the last byte is data. */
	pages = 8 * per;
	for (size_t i = 0; i < pages; i += 2 * per)
		put(fd, i * page, per * page, 1);
	must(pwrite(fd, "x", 1, pages * page - 1));
	p = map(fd, 0, pages * page);

	/* The allocated pages between two holes */
	(void)*(volatile char *)(p + 2 * per * page);
	first = 2 * per / w * w;
	end = first + w;
	first = at_least(first, 2 * per);
	check_present(p, pages, first, end < 3 * per ? end : 3 * per);
	must(munmap(p, pages * page));

	p = map(fd, 0, pages * page);
	*(volatile char *)(p + 3 * per * page) = 1;
	first = at_least(3 * per / w * w, 3 * per);
	end = 3 * per / w * w + w;
	check_present(p, pages, first, end < 4 * per ? end : 4 * per);
	check_fill(p + 2 * per * page, per * page, 1, 2 * per * page);
	must(munmap(p, pages * page));
	trim(0);
}
END_TEST

/* Fault-around does not replace the copied pages of a private mapping. */
START_TEST(neighbours_of_a_copy)
{
	size_t page = page_size(), w = window();
	char *p;
	int fd, status;
	pid_t child;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 2 * w * page, 1);
	p = try_map(fd, 0, 2 * w * page, MAP_PRIVATE);
	ck_assert_ptr_ne(p, MAP_FAILED);
	/* A write fault copies its page and maps no other. */
	p[w / 4 * page] = 'c';
	check_present(p, 2 * w, w / 4, w / 4 + 1);
	/* A read fault maps the pages before the copy, and those from its own on. */
	(void)*(volatile char *)(p + w / 2 * page);
	for (size_t i = 0; i < w; i++)
		ck_assert(is_present(p + i * page) ==
			  (i <= w / 4 || i >= w / 2));
	ck_assert_int_eq(p[w / 4 * page], 'c');
	check_fill(p + (w / 4 * page + 1), w * page - w / 4 * page - 1, 1,
		   w / 4 * page + 1);
	check_fill(p, w / 4 * page, 1, 0);

	/* A child inherits the copy, and copies it on write. */
	child = must(fork());
	if (!child) {
		p[(w + w / 2) * page] = 'd';
		_exit(p[w / 4 * page] != 'c');
	}
	ck_assert_int_eq(must(waitpid(child, &status, 0)), child);
	ck_assert_int_eq(status, 0);
	check_fill(p + w * page, w * page, 1, w * page);
	expect(fd, 0, 2 * w * page, 1);
	must(munmap(p, 2 * w * page));
	trim(0);
}
END_TEST

/* A mapping outlives the file descriptor, and pins the module. */
START_TEST(closed)
{
	size_t page = page_size();
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 10 * page, 1);
	p = map(fd, 0, 10 * page);
	dev_close(fd);
	ck_assert_int_eq(try_unload(mod, 0), -EWOULDBLOCK);
	must_be_busy(dev_open(0, O_RDONLY));
	check_fill(p, 10 * page, 1, 0);
	must(munmap(p, 10 * page));
	trim(0);
	unload_all();
}
END_TEST

/* The mapping of a child ends with it, also if it is killed. */
START_TEST(forked_and_killed)
{
	size_t page = page_size();
	int fd, status, ready[2];
	char *p, byte;
	pid_t pid;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 10 * page, 1);
	p = map(fd, 0, 10 * page);
	must(pipe(ready));
	pid = must(fork());
	if (!pid) {
		/* Half of it, so that it dies mid-way. */
		munmap(p + 5 * page, 3 * page);
		write(ready[1], "x", 1);
		for (size_t at = 0;; at = (at + page) % (5 * page))
			*(volatile char *)(p + at) = pattern(1, at);
	}
	ck_assert_int_eq(must(read(ready[0], &byte, 1)), 1);
	must(munmap(p, 10 * page));
	must_be_busy(fd);
	must(kill(pid, SIGKILL));
	must(waitpid(pid, &status, 0));
	trim(0);
	ck_assert_int_eq(dev_size(fd), 0);
}
END_TEST

/* exec() unmaps the device. */
START_TEST(gone_with_exec)
{
	int status;
	pid_t pid;
	int fd;

	load("order=1");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 10 * page_size(), 1);
	pid = must(fork());
	if (!pid) {
		map(fd, 0, 10 * page_size());
		/* Exits with status 2: it has no arguments. */
		close(STDERR_FILENO);
		execl("/proc/self/exe", "scull_suite", NULL);
		_exit(1);
	}
	must(waitpid(pid, &status, 0));
	ck_assert_int_eq(WEXITSTATUS(status), 2);
	trim(0);
}
END_TEST

/*
 * A pipe references a page after it was unmapped and trimmed. Allocations follow, which
 * would use the page if it had been freed.
 */
START_TEST(held_by_a_pipe) /* trap 6 */
{
	size_t page = page_size(), len = 8 * page;
	char *p, *buf = malloc(len);
	struct iovec iov;
	int fd, ends[2];

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, len, 1);
	p = map(fd, 0, len);
	must(pipe(ends));
	iov = (struct iovec){ p, len };
	ck_assert_int_eq(must(vmsplice(ends[1], &iov, 1, 0)), len);
	must(munmap(p, len));
	trim(0);
	for (int n = 0; n < 4; n++)
		put(dev_open(n, O_RDWR), 0, 64 * page, 2 + n);
	ck_assert_int_eq(must(read(ends[0], buf, len)), len);
	check_fill(buf, len, 1, 0);
	for (int n = 0; n < 4; n++)
		expect(dev_open(n, O_RDONLY), 0, 64 * page, 2 + n);
	close(ends[0]);
	close(ends[1]);
	free(buf);
}
END_TEST

/* The page frame of an address, which must be mapped */
static unsigned long frame_of(const volatile void *p)
{
	uint64_t entry = pagemap_entry(p);

	ck_assert(entry >> 63);
	return entry & ((1ULL << 55) - 1);
}

/* The page frame of the device's first quantum, without mapping it */
static unsigned long first_frame(void)
{
	unsigned long frame;
	char *text;

	if (access(layout_path(0), R_OK))
		skip("no debugfs in this kernel");
	text = slurp(layout_path(0));
	ck_assert_int_eq(
		sscanf(text, "#%*[^\n]\n#%*[^\n]\n%*u %*u %*x %lu", &frame), 1);
	free(text);
	return frame;
}

/*
 * After a trim, a pipe has the only reference to a page. FUSE may make pages that are
 * moved to it pages of its page cache, but not this one, whether it came to the pipe
 * by splice() or as a gift of vmsplice().
 */
START_TEST(page_is_not_stolen)
{
	int fd, ends[2];
	unsigned long frame;
	struct fuse *fuse;
	char *map;

	load("order=0");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, page_size(), 3);
	must(pipe(ends));
	frame = first_frame();
	if (_i) {
		ck_assert_int_eq(must(splice(fd, NULL, ends[1], NULL,
					     page_size(), SPLICE_F_MOVE)),
				 page_size());
	} else {
		/* Only read it: a store would make it dirty. */
		map = must(
			mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0));
		check_fill(map, page_size(), 3, 0);
		ck_assert_uint_eq(frame_of(map), frame);
		ck_assert_int_eq(
			must(vmsplice(ends[1],
				      &(struct iovec){ map, page_size() }, 1,
				      SPLICE_F_GIFT)),
			page_size());
		must(munmap(map, page_size()));
	}
	trim(0);

	fuse = fuse_start(ends[0]);
	/* Only the server has the pipe: one reference to the page is left. */
	close(ends[0]);
	close(ends[1]);
	fd = fuse_open();
	map = must(mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0));
	check_fill(map, page_size(), 3, 0);
	ck_assert_uint_ne(frame_of(map), frame);
	must(munmap(map, page_size()));
	close(fd);
	fuse_end(fuse);
}
END_TEST

/* After madvise() has dropped the entries, faults map the same pages. */
START_TEST(advice)
{
	size_t page = page_size(), len = 20 * page;
	char *p;
	int fd;

	load_geometry(_i);
	fd = dev_open(0, O_RDWR);
	put(fd, 0, len, 1);
	p = must(mmap(NULL, len, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, fd, 0));
	fill(p, len, 2, 0);
	must(madvise(p, len, MADV_DONTNEED));
	check_fill(p, len, 2, 0);
	/* The mapping is VM_SPECIAL, for which madvise() refuses MADV_DODUMP. */
	must(madvise(p, len, MADV_DONTDUMP));
	must_fail(madvise(p, len, MADV_DODUMP), EINVAL);
	must(mlock(p, len));
	check_fill(p, len, 2, 0);
	must(munlock(p, len));
	expect(fd, 0, len, 2);
}
END_TEST

/* ---- concurrent users ---- */

#define PAGES 96

static int shared_fd;
static char *shared_map;

/* Each process stores its own bytes of every page; all pages are holes. */
static void write_bytes(int i)
{
	for (long n = 0; n < PAGES; n++)
		put(shared_fd, n * page_size() + 100 * i, 100, i);
}

static void store_bytes(int i)
{
	for (long n = PAGES - 1; n >= 0; n--)
		fill(shared_map + n * page_size() + 100 * i, 100, i,
		     n * page_size() + 100 * i);
}

START_TEST(filled_by_several)
{
	void (*const role[])(int) = { write_bytes, store_bytes, write_bytes,
				      store_bytes };
	pid_t pid[4];

	load_geometry(_i);
	shared_fd = dev_open(0, O_RDWR);
	put(shared_fd, PAGES * page_size(), 1, 1);
	shared_map = map(shared_fd, 0, PAGES * page_size());
	for (int i = 0; i < 4; i++)
		pid[i] = spawn(role[i], i);
	for (int i = 0; i < 4; i++)
		reap(pid[i]);
	for (long n = 0; n < PAGES; n++) {
		for (int i = 0; i < 4; i++)
			expect(shared_fd, n * page_size() + 100 * i, 100, i);
		expect_zeros(shared_fd, n * page_size() + 400,
			     page_size() - 400);
	}
}
END_TEST

static void map_and_look(int seed)
{
	int fd = dev_open(0, O_RDWR);

	for (int i = 0; i < 60; i++) {
		char *p = try_map(fd, 0, 4 * page_size(), MAP_SHARED);
		size_t at = (seed + i) % 4 * page_size();

		/* The others trim: there is either the data, or none. */
		ck_assert_ptr_ne(p, MAP_FAILED);
		if (!is_bus_error(p + at, false))
			ck_assert(!p[at] ||
				  (unsigned char)p[at] == pattern(1, at));
		must(munmap(p, 4 * page_size()));
	}
}

static void trim_and_fill(int seed)
{
	(void)seed;
	for (int i = 0; i < 60; i++) {
		int fd = open(dev_path(0), O_WRONLY | O_CLOEXEC);

		if (fd < 0) {
			ck_assert_int_eq(errno, EBUSY);
			continue;
		}
		put(fd, 0, 4 * page_size(), 1);
		close(fd);
	}
}

START_TEST(mappers_and_trimmers) /* trap 6 */
{
	pid_t pid[4];

	load_geometry(_i);
	for (int i = 0; i < 4; i++)
		pid[i] = spawn(i % 2 ? map_and_look : trim_and_fill, i);
	for (int i = 0; i < 4; i++)
		reap(pid[i]);
	trim(0);
}
END_TEST

static uint64_t word_of(const char *path, unsigned long nr)
{
	int fd = must(open(path, O_RDONLY | O_CLOEXEC));
	uint64_t word;

	ck_assert_int_eq(must(pread(fd, &word, 8, (off_t)nr * 8)), 8);
	close(fd);
	return word;
}

/* Are the instructions in this page up to date, as the kernel has it? */
static bool is_fetched(const char *p)
{
	unsigned long page = (unsigned long)p / page_size();
	uint64_t frame = word_of("/proc/self/pagemap", page) << 9 >> 9;

	/* KPF_ARCH, which is PG_dcache_clean here */
	return word_of("/proc/kpageflags", frame) >> 38 & 1;
}

/* A write to an executable page makes its instructions stale: they are flushed. */
START_TEST(program_written_anew)
{
	size_t len = page_size();
	char *p;
	int fd;

#ifndef __aarch64__
	skip("only arm64 marks pages whose instructions are up to date");
#endif
	load("order=0");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, len, 1);
	p = must(mmap(NULL, len, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
	check_fill(p, len, 1, 0);
	ck_assert(is_fetched(p));
	put(fd, len / 2, 1, 2);
	ck_assert(!is_fetched(p));
	must(munmap(p, len));
}
END_TEST

void mmap_tests(TCase *tc)
{
	if (!mod->paged) {
		tcase_add_test(tc, scullc_cannot);
		return;
	}
	tcase_add_test(tc, whole_pages_only);
	tcase_add_test(tc, as_opened);
	tcase_add_loop_test(tc, all_agree, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, at_an_offset, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, two_processes, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, private, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, its_own_buffer, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, holes_are_filled, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, filled_with_zeros, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, large_quanta, 0, 2);
	tcase_add_test(tc, no_room_for_a_hole);
	tcase_add_loop_test(tc, past_the_end, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, past_any_end, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, far_away, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, stores_past_the_end, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, trim_is_refused, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, moved_and_covered, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, neighbours, 0, 2 * NGEOMETRIES);
	tcase_add_loop_test(tc, neighbours_ahead, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, neighbours_in_a_hole, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, neighbours_of_a_copy, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, closed, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, forked_and_killed, 0, NGEOMETRIES);
	tcase_add_test(tc, gone_with_exec);
	tcase_add_loop_test(tc, held_by_a_pipe, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, page_is_not_stolen, 0, 2);
	tcase_add_loop_test(tc, advice, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, filled_by_several, 0, NGEOMETRIES);
	tcase_add_loop_test(tc, mappers_and_trimmers, 0, NGEOMETRIES);
	tcase_add_test(tc, program_written_anew);
}
