// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quantum and qset: when a device adopts them, and that it reads and writes its data
 * with the geometry that it was stored with.
 */
#include "suite.h"

/* The book's example: 2070 bytes in quanta of 10 and qsets of 4. */
START_TEST(the_books_numbers)
{
	struct proc_device dev;

	load("");
	adopt(0, 10, 4);
	put(dev_open(0, O_RDWR), 0, 2070, 1);
	dev = proc_device(0);
	ck_assert_int_eq(dev.quantum, 10);
	ck_assert_int_eq(dev.qset, 4);
	ck_assert_int_eq(dev.size, 2070);
	ck_assert_int_eq(dev.items, 52);
	ck_assert_int_eq(dev.quanta, 3);
	ck_assert_int_eq(dev.first, 0);
	ck_assert_int_eq(dev.last, 2);

	adopt(0, 1000, 2);
	put(dev_open(0, O_RDWR), 0, 2070, 1);
	dev = proc_device(0);
	ck_assert_int_eq(dev.items, 2);
	ck_assert_int_eq(dev.quanta, 1);
	ck_assert_int_eq(dev.last, 0);
}
END_TEST

/* The module takes new values at once, a device at its next trim. */
START_TEST(adopted_at_trim)
{
	struct proc_device dev;
	int fd;

	load("quantum=100 qset=4");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 950, 1);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 10L));
	must(ioctl(fd, SCULL_IOCTQSET, 3L));
	dev = proc_device(0);
	ck_assert_int_eq(dev.quantum, 100);
	ck_assert_int_eq(dev.qset, 4);
	ck_assert_int_eq(dev.items, 3);
	expect(fd, 0, 950, 1);

	/* So does an empty device. */
	put(dev_open(1, O_RDWR), 0, 100, 2);
	dev = proc_device(1);
	ck_assert_int_eq(dev.quantum, 100);

	trim(0);
	dev = proc_device(0);
	ck_assert_int_eq(dev.quantum, 10);
	ck_assert_int_eq(dev.qset, 3);
	ck_assert_int_eq(dev.size, 0);
	ck_assert_int_eq(dev.items, 0);
	put(fd, 0, 950, 1);
	dev = proc_device(0);
	ck_assert_int_eq(dev.items, 32);
	ck_assert_int_eq(dev.quanta, 2);
	expect(fd, 0, 950, 1);
	dev = proc_device(1);
	ck_assert_int_eq(dev.quantum, 100);
}
END_TEST

static const struct {
	int from, to;
} changes[] = {
	{ 10, 4000 },
	{ 10, 65536 },
	{ 4000, 100 },
	{ 4096, 40960 },
};

/*
 * The quantum grows while a device has data. Its small quanta lie between those of a
 * second device: a write of it with the new quantum would overwrite the others.
 */
START_TEST(changed_in_mid_life) /* trap 2 */
{
	/* A quantum takes a page at least: fewer where pages are larger. */
	long to = changes[_i].to * (page_size() / 4096);
	long from = in_pages(changes[_i].from), half = 40 * from;
	int a, b;

	load("quantum=%ld qset=4", from);
	a = dev_open(0, O_RDWR);
	b = dev_open(1, O_RDWR);
	for (int i = 0; i < 40; i++) {
		put(a, i * from, from, 1);
		put(b, i * from, from, 2);
	}
	must(ioctl(a, SCULL_IOCTQUANTUM, to));
	must(ioctl(a, SCULL_IOCTQSET, 7L));
	put(a, half, half, 1);
	put(a, 3, half, 3);
	expect(a, 0, 3, 1);
	expect(a, 3, half, 3);
	expect(a, half + 3, half - 3, 1);
	expect(b, 0, half, 2);
	ck_assert_int_eq(proc_device(0).quantum, from);

	/* The other device keeps its quantum when this one changes. */
	trim(0);
	ck_assert_int_eq(proc_device(0).quantum, to);
	put(a, 0, 2 * half, 4);
	put(b, half, half, 2);
	expect(a, 0, 2 * half, 4);
	expect(b, 0, 2 * half, 2);
	ck_assert_int_eq(proc_device(1).quantum, from);
}
END_TEST

/* The same by order. */
START_TEST(order_in_mid_life) /* trap 2 */
{
	long page = page_size();
	int fd;

	load("order=0 qset=2");
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(proc_device(0).quantum, page);
	put(fd, 0, 3 * page, 1);
	must(ioctl(fd, SCULL_IOCTORDER, 2L));
	put(fd, 3 * page, 9 * page, 1);
	expect(fd, 0, 12 * page, 1);
	ck_assert_int_eq(proc_device(0).quantum, page);
	ck_assert_int_eq(proc_device(0).items, 6);
	trim(0);
	ck_assert_int_eq(proc_device(0).quantum, 4 * page);
	must(ioctl(fd, SCULL_IOCTORDER, 0L));
	put(fd, 0, 12 * page, 2);
	expect(fd, 0, 12 * page, 2);
	ck_assert_int_eq(proc_device(0).items, 2);
}
END_TEST

/* The smallest geometry: a quantum for each byte, an item for each quantum. */
START_TEST(smallest)
{
	struct proc_device dev;
	int fd;

	load("quantum=1 qset=1");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 200, 1);
	put(fd, 300, 1, 1);
	dev = proc_device(0);
	ck_assert_int_eq(dev.items, 201);
	ck_assert_int_eq(dev.quanta, 1);
	ck_assert_int_eq(dev.last, 0);
	expect(fd, 0, 200, 1);
	expect_zeros(fd, 200, 100);
	expect(fd, 300, 1, 1);
}
END_TEST

/* A quantum far larger than a page, written across two of them. */
START_TEST(large_quantum)
{
	long quantum = 1 << 20;
	int fd;

	load("quantum=%ld qset=2", quantum);
	fd = dev_open(0, O_RDWR);
	put(fd, quantum - 5000, 10000, 1);
	expect_zeros(fd, 0, quantum - 5000);
	expect(fd, quantum - 5000, 10000, 1);
	ck_assert_int_eq(proc_device(0).items, 1);
	ck_assert_int_eq(proc_device(0).quanta, 2);
}
END_TEST

/* Load with one quantum to an item. Can the first one be allocated? */
static bool has_room(long quantum)
{
	char params[64];
	ssize_t written;
	int fd, ret;

	snprintf(params, sizeof(params), "quantum=%ld qset=1 limit=0", quantum);
	ret = try_load(mod, params);
	/* scullc allocates an object when it creates a cache. */
	if (ret == -ENOMEM && !mod->paged)
		return false;
	ck_assert_int_eq(ret, 0);
	fd = dev_open(0, O_RDWR);
	written = pwrite(fd, "", 1, 0);
	if (written == 1)
		return true;
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_int_eq(dev_size(fd), 0);
	unload_all();
	return false;
}

/*
 * The largest quantum, written at its end. It may be a contiguous block of up to 512
 * MiB, which may not be available; one of 4 MiB is.
 */
START_TEST(largest_quantum)
{
	long quantum = max_quantum();
	int fd;

	while (!has_room(quantum)) {
		ck_assert(!mod->max_quantum);
		ck_assert_int_gt(quantum, 4 << 20);
		quantum /= 2;
	}
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 3, 1);
	put(fd, quantum - 3, 3, 1);
	expect(fd, 0, 3, 1);
	expect_zeros(fd, quantum / 2, 4096);
	expect(fd, quantum - 3, 3, 1);
	ck_assert_int_eq(proc_device(0).items, 1);
	ck_assert_int_eq(dev_size(fd), quantum);
}
END_TEST

/* The product of quantum and qset, and offsets, overflow an int. */
START_TEST(large_item) /* trap 3 */
{
	const long long near = 5LL << 30, far = 70LL << 30;
	struct proc_device dev;
	int fd;

	load("quantum=65536 qset=%d", MAX_QSET);
	fd = dev_open(0, O_RDWR);
	put(fd, near - 3, 6, 1);
	dev = proc_device(0);
	ck_assert_int_eq(dev.items, 1);
	ck_assert_int_eq(dev.quanta, 2);
	ck_assert_int_eq(dev.last, near >> 16);

	put(fd, far, 6, 1);
	dev = proc_device(0);
	ck_assert_int_eq(dev.items, 2);
	ck_assert_int_eq(dev.quanta, 1);
	ck_assert_int_eq(dev.last, (far - (64LL << 30)) >> 16);

	expect_zeros(fd, near - 100, 97);
	expect(fd, near - 3, 6, 1);
	expect_zeros(fd, near + 3, 100);
	expect(fd, far, 6, 1);
}
END_TEST

void geometry_tests(TCase *tc)
{
	tcase_add_test(tc, the_books_numbers);
	tcase_add_test(tc, adopted_at_trim);
	tcase_add_loop_test(tc, changed_in_mid_life, 0, ARRAY_SIZE(changes));
	tcase_add_test(tc, smallest);
	tcase_add_test(tc, large_quantum);
	tcase_add_test(tc, largest_quantum);
	tcase_add_test(tc, large_item);
	if (mod->paged)
		tcase_add_test(tc, order_in_mid_life);
}
