// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory is charged to the memory cgroup of the writer. At the maximum of the cgroup a
 * write fails; the OOM killer is not invoked.
 */
#include "suite.h"
#include <sys/mman.h>

#define ROOT "/sys/fs/cgroup"
#define MIB (1L << 20)

/* Sizes are in pages: the kernel charges up to 64 pages for each CPU ahead of use. */
static long pages(long n)
{
	return n * page_size();
}

void make_group(long max)
{
	char text[32];
	int ret = write_file(ROOT "/cgroup.subtree_control", "+memory");

	ck_assert_msg(!ret, "cgroup2 with memory control at " ROOT ": %s",
		      strerror(-ret));
	rmdir(GROUP);
	must(mkdir(GROUP, 0755));
	snprintf(text, sizeof(text), "%ld", max);
	ck_assert_int_eq(write_file(GROUP "/memory.max", text), 0);
}

void join_group(void)
{
	ck_assert_int_eq(write_file(GROUP "/cgroup.procs", "0"), 0);
}

long group_event(const char *name)
{
	long count = read_field(GROUP "/memory.events", name);

	ck_assert_int_ge(count, 0);
	return count;
}

/* Append until ENOMEM; the parent checks the data. */
static void write_till_enomem(int n)
{
	char buf[16384];
	int fd = dev_open(n, O_WRONLY);
	long long done = 0;
	ssize_t ret;

	/* A page fault of its own in a full group would invoke the OOM killer. */
	must(mlockall(MCL_CURRENT));
	join_group();
	do {
		fill(buf, sizeof(buf), 1, done);
		ret = write(fd, buf, sizeof(buf));
		done += ret > 0 ? ret : 0;
	} while (ret > 0 && done < pages(16384));
	ck_assert_int_eq(ret, -1);
	ck_assert_int_eq(errno, ENOMEM);
	/* Process and device go on after the failure. */
	ck_assert_int_eq(dev_size(fd), done);
	ck_assert_int_gt(done, MIB);
}

/* Below 5.11 the kernel cannot charge pages that may be mapped. */
static void need_charged_pages(void)
{
	if (mod->paged && kernel_before(5, 11))
		skip("this kernel does not charge pages that may be mapped");
}

START_TEST(enomem_and_nobody_killed)
{
	long long size;
	int fd;

	need_charged_pages();
	load("limit=0");
	make_group(pages(2048));
	reap(spawn(write_till_enomem, 0));
	ck_assert_int_eq(group_event("oom_kill"), 0);
	ck_assert_int_gt(group_event("max"), 0);

	fd = dev_open(0, O_RDWR);
	size = dev_size(fd);
	/* A quantum of a page, where quanta are whole pages */
	ck_assert_int_lt(mod->paged ? pages(size / DEFAULT_QUANTUM) : size,
			 pages(2304));
	for (long long off = 0; off + 65536 <= size; off += 65536)
		expect(fd, off, 65536, 1);
	/* A task outside the group can write. */
	put(fd, size, 65536, 1);
	put(dev_open(1, O_RDWR), 0, 65536, 2);
	trim(0);
	must(rmdir(GROUP));
}
END_TEST

static void write_pages(int n)
{
	int fd = dev_open(n, O_WRONLY);

	join_group();
	/* Many quanta in one call, which scullp takes from larger blocks. */
	for (int i = 0; i < 1024; i += 16)
		put(fd, pages(i), pages(16), 1);
}

static long current(void)
{
	return read_long(GROUP "/memory.current");
}

START_TEST(charged_and_given_back)
{
	int tries = 500;

	need_charged_pages();
	load("quantum=%ld", page_size());
	make_group(LONG_MAX);
	reap(spawn(write_pages, 0));
	ck_assert_int_ge(current(), pages(1024));
	trim(0);
	/* Freed memory may first pass through per-CPU caches. */
	while (current() > pages(512) && --tries)
		usleep(10000);
	ck_assert_int_le(current(), pages(512));
	must(rmdir(GROUP));
}
END_TEST

static void write_small(int n)
{
	int fd = dev_open(n, O_WRONLY);

	join_group();
	for (long off = 0; off < pages(8); off += 1024)
		put(fd, off, 1024, 1);
}

/*
 * With quanta of a byte, bookkeeping is most of the charge: an item, its array and
 * its object take at least 50 bytes together, or 32 with pointers of 4 bytes. If items
 * were not charged it would be less, even with the charges ahead of use of two CPUs.
 */
START_TEST(bookkeeping_is_charged)
{
	long before;

	load("quantum=1 qset=1");
	make_group(LONG_MAX);
	before = current();
	reap(spawn(write_small, 0));
	ck_assert_int_ge(current() - before,
			 pages(8) * (sizeof(void *) == 8 ? 50 : 32));
	trim(0);
	must(rmdir(GROUP));
}
END_TEST

/*
 * The active objects of the cache of xarray nodes. Shrinking it first, because all
 * objects in the slabs of each CPU count as active.
 */
static long tree_nodes(void)
{
	char *text, *line;
	long active;

	ck_assert_int_eq(
		write_file("/sys/kernel/slab/radix_tree_node/shrink", "1"), 0);
	text = slurp("/proc/slabinfo");
	line = strstr(text, "\nradix_tree_node ");
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line, "\nradix_tree_node %ld", &active), 1);
	free(text);
	return active;
}

/* KASAN keeps freed objects in quarantine, where they count as active. */
static bool keeps_freed_objects(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	char line[1024];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " kasan_quarantine_put\n");
	if (f)
		fclose(f);
	return found;
}

/* Each write needs nodes of its own in the xarray; some may be allocated. */
static void write_far_apart(int n)
{
	const int shift = kernel_is_64bit() ? 40 : 16;
	int fd = dev_open(n, O_WRONLY);
	int out = must(open(ROOT "/cgroup.procs", O_WRONLY));
	long long i = 0;
	int err;

	/* A page fault of its own in a full group would invoke the OOM killer. */
	must(mlockall(MCL_CURRENT));
	join_group();
	while (pwrite(fd, "x", 1, (i << shift) + i) == 1)
		i++;
	err = errno;
	must(write(out, "0", 1));
	ck_assert_int_eq(err, ENOMEM);
	ck_assert_int_gt(i, 10);
}

static void far_apart_and_back(void)
{
	int tries = 500;

	reap(spawn(write_far_apart, 0));
	trim(0);
	/* RCU frees the nodes a moment later. */
	while (current() > pages(256) && --tries)
		usleep(10000);
}

/* After an insertion failed half-way, a trim frees all nodes. */
START_TEST(tree_comes_back)
{
	const int rounds = 30;
	int tries = 500;
	long before;

	if (keeps_freed_objects())
		skip("KASAN keeps freed objects for a while");
	/* With larger pages, few of the allocations that fail would be of nodes. */
	if (mod->paged && page_size() != 4096)
		skip("quanta of large pages leave little memory to the tree");
	load("quantum=8 qset=1 limit=0");
	make_group(pages(512));
	for (int i = 0; i < 3; i++)
		far_apart_and_back();
	before = tree_nodes();
	for (int i = 0; i < rounds; i++)
		far_apart_and_back();
	while (tree_nodes() >= before + rounds && --tries)
		usleep(10000);
	ck_assert_int_lt(tree_nodes(), before + rounds);
	must(rmdir(GROUP));
}
END_TEST

void memcg_tests(TCase *tc)
{
	tcase_add_test(tc, enomem_and_nobody_killed);
	tcase_add_test(tc, charged_and_given_back);
	tcase_add_test(tc, tree_comes_back);
	/* In the others a quantum of a byte takes a page, which would hide the rest. */
	if (!mod->paged)
		tcase_add_test(tc, bookkeeping_is_charged);
}
