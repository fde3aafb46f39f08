// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes and counters of a device in /sys/class.
 */
#include "suite.h"
#include <linux/netlink.h>
#include <sys/socket.h>

static long attr(int n, const char *name)
{
	return read_long(sysfs_path(n, name));
}

/* Is this the allocation size of a quantum? */
static bool is_footprint(long footprint, long quantum)
{
	long page = page_size();

	if (strcmp(mod->name, "scullc"))
		return footprint == (quantum + page - 1) / page * page;
	/* For scullc bounds of it; slab.c compares it with the slabs in use. */
	return footprint >= quantum && footprint < 2 * quantum + 64;
}

START_TEST(read_only)
{
	static const char *const names[] = {
		"size",
		"quantum",
		"qset",
		"allocated",
		"quanta_allocated",
		"quanta_freed",
		"alloc_failures",
		"trims",
	};
	struct stat st;

	load("");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		must(stat(sysfs_path(0, names[i]), &st));
		ck_assert_int_eq(st.st_mode & 07777, 0444);
		attr(0, names[i]);
	}
}
END_TEST

START_TEST(geometry)
{
	load("quantum=10 qset=4");
	put(dev_open(1, O_RDWR), 0, 2070, 1);
	ck_assert_int_eq(attr(1, "size"), 2070);
	ck_assert_int_eq(attr(1, "quantum"), 10);
	ck_assert_int_eq(attr(1, "qset"), 4);
	adopt(1, 100, 7);
	ck_assert_int_eq(attr(1, "size"), 0);
	ck_assert_int_eq(attr(1, "quantum"), 100);
	ck_assert_int_eq(attr(1, "qset"), 7);
	/* The other devices keep theirs. */
	ck_assert_int_eq(attr(0, "quantum"), 10);
}
END_TEST

/* The last takes five pages: not a power of two. */
static const long quanta[] = { 10, 4000, 4096, 16385 };

START_TEST(counters)
{
	long quantum = in_pages(quanta[_i]), trims;
	int fd;

	load("quantum=%ld qset=5", quantum);
	fd = dev_open(0, O_RDWR);
	trims = attr(0, "trims");
	ck_assert_int_eq(attr(0, "allocated"), 0);
	put(fd, 0, 6 * quantum + 3, 1);
	put(fd, 50 * quantum, 1, 1);
	ck_assert_int_eq(attr(0, "quanta_allocated"), 8);
	ck_assert_int_eq(attr(0, "quanta_freed"), 0);
	ck_assert(is_footprint(attr(0, "allocated") / 8, quantum));
	ck_assert_int_eq(attr(0, "allocated") % 8, 0);
	/* Overwriting, and reading a hole, allocates nothing. */
	put(fd, 0, 6 * quantum, 2);
	expect_zeros(fd, 8 * quantum, quantum);
	ck_assert_int_eq(attr(0, "quanta_allocated"), 8);
	ck_assert_int_eq(attr(0, "trims"), trims);

	trim(0);
	ck_assert_int_eq(attr(0, "quanta_allocated"), 8);
	ck_assert_int_eq(attr(0, "quanta_freed"), 8);
	ck_assert_int_eq(attr(0, "allocated"), 0);
	ck_assert_int_eq(attr(0, "trims"), trims + 1);
	ck_assert_int_eq(attr(0, "alloc_failures"), 0);
	ck_assert_int_eq(attr(1, "quanta_allocated"), 0);
}
END_TEST

START_TEST(failures)
{
	char buf[8192] = "";
	long failures;
	int fd;

	load("quantum=4096 limit=1");
	fd = dev_open(0, O_RDWR);
	while (write(fd, buf, sizeof(buf)) > 0)
		;
	ck_assert_int_eq(errno, ENOSPC);
	failures = attr(0, "alloc_failures");
	ck_assert_int_ge(failures, 1);
	must_fail(write(fd, buf, sizeof(buf)), ENOSPC);
	ck_assert_int_eq(attr(0, "alloc_failures"), failures + 1);
	ck_assert_int_eq(attr(0, "quanta_allocated") - attr(0, "quanta_freed"),
			 (dev_size(fd) + 4095) / 4096);
	ck_assert_int_eq(attr(1, "alloc_failures"), 0);
}
END_TEST

/* An item that exceeds the limit counts as a failure. */
START_TEST(failed_items)
{
	load("quantum=1 qset=%d limit=1", MAX_QSET);
	must_fail(pwrite(dev_open(0, O_RDWR), "x", 1, 0), ENOSPC);
	ck_assert_int_eq(attr(0, "alloc_failures"), 1);
	ck_assert_int_eq(attr(0, "allocated"), 0);
}
END_TEST

#define PROCESSES 4
#define ROUNDS 20

static void fill_and_trim(int i)
{
	for (int round = 0; round < ROUNDS; round++) {
		int fd = dev_open(0, O_WRONLY);

		put(fd, i * 100, 100, 1);
		dev_close(fd);
	}
}

/* The counters are per CPU: allocate and free on different CPUs. */
START_TEST(counted_by_several)
{
	pid_t pid[PROCESSES];
	long trims;

	load("quantum=10 qset=4");
	trims = attr(0, "trims");
	for (int i = 0; i < PROCESSES; i++)
		pid[i] = spawn(fill_and_trim, i);
	for (int i = 0; i < PROCESSES; i++)
		reap(pid[i]);
	trim(0);
	ck_assert_int_eq(attr(0, "trims"), trims + PROCESSES * ROUNDS + 1);
	ck_assert_int_eq(attr(0, "allocated"), 0);
	ck_assert_int_eq(attr(0, "quanta_allocated"), attr(0, "quanta_freed"));
	ck_assert_int_eq(attr(0, "quanta_freed"), PROCESSES * ROUNDS * 10);
}
END_TEST

/* Open each node as soon as its uevent arrives. */
static void open_as_told(int sock)
{
	for (int devices = 0; devices < MAX_DEVS;) {
		char text[4096], want[64];
		ssize_t len = must(recv(sock, text, sizeof(text) - 1, 0));

		text[len] = '\0';
		snprintf(want, sizeof(want), "add@/devices/virtual/%s/%s",
			 mod->name, mod->name);
		if (strncmp(text, want, strlen(want)))
			continue;
		dev_close(dev_open(atoi(text + strlen(want)), O_RDONLY));
		devices++;
	}
}

/* A device can be opened when its uevent is sent. */
START_TEST(told_when_it_can_be_opened)
{
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int sock = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			  NETLINK_KOBJECT_UEVENT);
	int room = 16 << 20;
	pid_t pid;

	if (sock < 0)
		skip("no networking in this kernel, so no uevents");
	must(setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
	must(bind(sock, (struct sockaddr *)&group, sizeof(group)));
	pid = spawn(open_as_told, sock);
	load("devs=%d", MAX_DEVS);
	reap(pid);
	close(sock);
}
END_TEST

void sysfs_tests(TCase *tc)
{
	tcase_add_test(tc, told_when_it_can_be_opened);
	tcase_add_test(tc, read_only);
	tcase_add_test(tc, geometry);
	tcase_add_loop_test(tc, counters, 0, ARRAY_SIZE(quanta));
	tcase_add_test(tc, failures);
	tcase_add_test(tc, failed_items);
	tcase_add_test(tc, counted_by_several);
}
