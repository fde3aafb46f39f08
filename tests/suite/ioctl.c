// SPDX-License-Identifier: GPL-2.0-only
/*
 * All ioctls: values, ranges, pointers, permission, and the entry for 32-bit programs.
 */
#include "suite.h"
#include <linux/capability.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The six verbs of one value. */
static const struct verbs {
	const char *name;
	unsigned int set, tell, get, query, exchange, shift;
	int first; /* the book's number for set; the others follow */
} verbs[] = {
	{ "quantum", SCULL_IOCSQUANTUM, SCULL_IOCTQUANTUM, SCULL_IOCGQUANTUM,
	  SCULL_IOCQQUANTUM, SCULL_IOCXQUANTUM, SCULL_IOCHQUANTUM, 1 },
	{ "qset", SCULL_IOCSQSET, SCULL_IOCTQSET, SCULL_IOCGQSET,
	  SCULL_IOCQQSET, SCULL_IOCXQSET, SCULL_IOCHQSET, 7 },
	{ "order", SCULL_IOCSORDER, SCULL_IOCTORDER, SCULL_IOCGORDER,
	  SCULL_IOCQORDER, SCULL_IOCXORDER, SCULL_IOCHORDER, 13 },
};

#define NVERBS 3
#define ORDER 2

/* The system call to use: native() or compat() */
static long (*call)(int fd, unsigned int cmd, long arg);

static long native(int fd, unsigned int cmd, long arg)
{
	return ioctl(fd, cmd, arg);
}

static long maximum(int i)
{
	if (i == ORDER)
		return order_of(max_quantum());
	return i ? MAX_QSET : max_quantum();
}

static long minimum(int i)
{
	return i == ORDER ? 0 : 1;
}

/* An int at an address that a 32-bit program can have, too */
static int *low_int(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

#ifdef MAP_32BIT
	flags |= MAP_32BIT;
#endif
	return must(
		mmap(NULL, page_size(), PROT_READ | PROT_WRITE, flags, -1, 0));
}

START_TEST(the_books_encoding)
{
	const struct verbs *v = &verbs[_i];

	ck_assert_uint_eq(SCULL_IOCRESET, _IO('K', 0));
	ck_assert_uint_eq(v->set, _IOW('K', v->first, int));
	ck_assert_uint_eq(v->tell, _IO('K', v->first + 1));
	ck_assert_uint_eq(v->get, _IOR('K', v->first + 2, int));
	ck_assert_uint_eq(v->query, _IO('K', v->first + 3));
	ck_assert_uint_eq(v->exchange, _IOWR('K', v->first + 4, int));
	ck_assert_uint_eq(v->shift, _IO('K', v->first + 5));
}
END_TEST

static void six_verbs(int fd, const struct verbs *v)
{
	int *p = low_int();

	*p = 3;
	ck_assert_int_eq(must(call(fd, v->set, (long)p)), 0);
	ck_assert_int_eq(*p, 3);
	ck_assert_int_eq(must(call(fd, v->query, 0)), 3);
	*p = 0;
	ck_assert_int_eq(must(call(fd, v->get, (long)p)), 0);
	ck_assert_int_eq(*p, 3);
	ck_assert_int_eq(must(call(fd, v->tell, 4)), 0);
	ck_assert_int_eq(must(call(fd, v->query, 0)), 4);
	*p = 5;
	ck_assert_int_eq(must(call(fd, v->exchange, (long)p)), 0);
	ck_assert_int_eq(*p, 4);
	ck_assert_int_eq(must(call(fd, v->query, 0)), 5);
	ck_assert_int_eq(must(call(fd, v->shift, 6)), 5);
	ck_assert_int_eq(must(call(fd, v->query, 0)), 6);
}

/* A value out of range: each verb that sets returns EINVAL and changes nothing. */
static void ranges(int fd, int i)
{
	const struct verbs *v = &verbs[i];
	const long bad[] = { minimum(i) - 1, maximum(i) + 1, INT_MAX, -1,
			     INT_MIN,	     -4096 };
	const long good[] = { minimum(i), maximum(i) };
	int *p = low_int();

	for (size_t k = 0; k < ARRAY_SIZE(good); k++) {
		must(call(fd, v->tell, good[k]));
		ck_assert_int_eq(must(call(fd, v->query, 0)), good[k]);
	}
	must(call(fd, v->tell, 2));
	for (size_t k = 0; k < ARRAY_SIZE(bad); k++) {
		must_fail(call(fd, v->tell, bad[k]), EINVAL);
		must_fail(call(fd, v->shift, bad[k]), EINVAL);
		*p = bad[k];
		must_fail(call(fd, v->set, (long)p), EINVAL);
		must_fail(call(fd, v->exchange, (long)p), EINVAL);
		ck_assert_int_eq(*p, bad[k]);
		ck_assert_int_eq(must(call(fd, v->query, 0)), 2);
	}
}

static void bad_pointers(int fd, const struct verbs *v)
{
	int *p = low_int();
	int *read_only = low_int();
	const long bad[] = { 0, (long)BAD_POINTER, (long)(p + 1) };

	*read_only = 7;
	must(mprotect(read_only, page_size(), PROT_READ));
	must(call(fd, v->tell, 2));
	munmap(p, page_size());
	for (size_t k = 0; k < ARRAY_SIZE(bad); k++) {
		must_fail(call(fd, v->set, bad[k]), EFAULT);
		must_fail(call(fd, v->get, bad[k]), EFAULT);
		must_fail(call(fd, v->exchange, bad[k]), EFAULT);
	}
	/* An exchange that cannot copy out the old value changes nothing. */
	must_fail(call(fd, v->get, (long)read_only), EFAULT);
	must_fail(call(fd, v->exchange, (long)read_only), EFAULT);
	ck_assert_int_eq(*read_only, 7);
	ck_assert_int_eq(must(call(fd, v->query, 0)), 2);
}

static void reset(int fd)
{
	must(call(fd, SCULL_IOCTQUANTUM, 10));
	must(call(fd, SCULL_IOCTQSET, 4));
	ck_assert_int_eq(must(call(fd, SCULL_IOCRESET, 0)), 0);
	ck_assert_int_eq(must(call(fd, SCULL_IOCQQUANTUM, 0)), DEFAULT_QUANTUM);
	ck_assert_int_eq(must(call(fd, SCULL_IOCQQSET, 0)), DEFAULT_QSET);
}

static void all_ioctls(int fd)
{
	for (int i = 0; i < NVERBS; i++) {
		if (i == ORDER && !mod->paged)
			continue;
		six_verbs(fd, &verbs[i]);
		ranges(fd, i);
		bad_pointers(fd, &verbs[i]);
	}
	reset(fd);
}

START_TEST(every_verb) /* trap 3: quantum 0 */
{
	int fd;

	load("");
	call = native;
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	all_ioctls(fd);
	ck_assert_int_eq(dev_size(fd), 9000);
	expect(fd, 0, 9000, 1);
}
END_TEST

/* The 32-bit system call, which a 64-bit program may make as well. */
static long compat(int fd, unsigned int cmd, long arg)
{
#if defined(__x86_64__) && !defined(__ILP32__)
	const int nr_ioctl = 54;
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(nr_ioctl), "b"(fd), "c"(cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	ret = (int)ret;
	if (ret < 0 && ret > -4096) {
		errno = -ret;
		return -1;
	}
	return ret;
#else
	(void)fd;
	(void)cmd;
	(void)arg;
	errno = ENOSYS;
	return -1;
#endif
}

/*
 * User-mode Linux has none: a host that allows them ends one with ENOSYS there, any other
 * host sends SIGSEGV.
 */
static bool no_compat(void)
{
	int status;
	pid_t pid = must(fork());

	if (!pid)
		_exit(compat(-1, 0, 0) == -1 && errno == ENOSYS);
	must(waitpid(pid, &status, 0));
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV :
				     WEXITSTATUS(status);
}

START_TEST(every_verb_from_32_bit)
{
	int fd;

	if (no_compat())
		skip("no 32-bit system calls for this program");
	load("");
	call = compat;
	fd = dev_open(0, O_RDWR);
	all_ioctls(fd);
	must_fail(call(fd, _IO('K', 0x42), 0), ENOTTY);
}
END_TEST

/* A Tell of 64 bits is not truncated to a valid int. */
START_TEST(tell_is_not_cut)
{
	int fd;

	if (sizeof(long) == sizeof(int))
		skip("a long of this program is an int");
	load("");
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < NVERBS; i++) {
		if (i == ORDER && !mod->paged)
			continue;
		must_fail(ioctl(fd, verbs[i].tell, (long)(1LL << 32) + 3),
			  EINVAL);
		must_fail(ioctl(fd, verbs[i].shift, (long)(1LL << 32) + 3),
			  EINVAL);
	}
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), DEFAULT_QUANTUM);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQSET)), DEFAULT_QSET);
}
END_TEST

/* Setting the order sets the quantum to PAGE_SIZE << order. */
START_TEST(order_and_quantum)
{
	const struct verbs *v = &verbs[ORDER];
	int fd, value = 1;

	load("");
	fd = dev_open(0, O_RDWR);
	if (!mod->paged) {
		must_fail(ioctl(fd, v->set, &value), ENOTTY);
		must_fail(ioctl(fd, v->tell, 1L), ENOTTY);
		must_fail(ioctl(fd, v->get, &value), ENOTTY);
		must_fail(ioctl(fd, v->query), ENOTTY);
		must_fail(ioctl(fd, v->exchange, &value), ENOTTY);
		must_fail(ioctl(fd, v->shift, 1L), ENOTTY);
		ck_assert_int_eq(value, 1);
		return;
	}
	for (int order = 0; order <= order_of(max_quantum()); order++) {
		must(ioctl(fd, v->tell, (long)order));
		ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)),
				 page_size() << order);
		ck_assert_int_eq(must(ioctl(fd, v->query)), order);
	}
	/* Otherwise the order is that of the smallest block with room for a quantum. */
	must(ioctl(fd, SCULL_IOCTQUANTUM, 1L));
	ck_assert_int_eq(must(ioctl(fd, v->query)), 0);
	must(ioctl(fd, SCULL_IOCTQUANTUM, page_size() + 1));
	ck_assert_int_eq(must(ioctl(fd, v->query)), 1);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 4 * page_size() + 1));
	ck_assert_int_eq(must(ioctl(fd, v->query)), 3);
}
END_TEST

/* Without CAP_SYS_ADMIN, the verbs that get work and those that set fail. */
START_TEST(setting_is_for_the_administrator) /* trap 7 */
{
	int fd, value;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	drop_cap(CAP_SYS_ADMIN);
	for (int i = 0; i < NVERBS; i++) {
		const struct verbs *v = &verbs[i];
		int before;

		if (i == ORDER && !mod->paged)
			continue;
		before = must(ioctl(fd, v->query));
		value = 2;
		must_fail(ioctl(fd, v->set, &value), EPERM);
		must_fail(ioctl(fd, v->tell, 2L), EPERM);
		must_fail(ioctl(fd, v->exchange, &value), EPERM);
		must_fail(ioctl(fd, v->shift, 2L), EPERM);
		/* Permission is checked before the value. */
		must_fail(ioctl(fd, v->tell, -1L), EPERM);
		ck_assert_int_eq(value, 2);
		ck_assert_int_eq(must(ioctl(fd, v->query)), before);
		must(ioctl(fd, v->get, &value));
		ck_assert_int_eq(value, before);
	}
	must_fail(ioctl(fd, SCULL_IOCRESET), EPERM);
	expect(fd, 0, 9000, 1);
}
END_TEST

/* A read-only file will do: only the capability is checked. */
START_TEST(any_descriptor_will_do)
{
	int fd;

	load("");
	fd = dev_open(0, O_RDONLY);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 10L));
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), 10);
}
END_TEST

static bool known(unsigned int cmd)
{
	int n = mod->paged ? 3 : 2;

	for (int i = 0; i < n; i++) {
		const struct verbs *v = &verbs[i];

		if (cmd == v->set || cmd == v->tell || cmd == v->get ||
		    cmd == v->query || cmd == v->exchange || cmd == v->shift)
			return true;
	}
	return cmd == SCULL_IOCRESET;
}

/* All numbers of the magic, with each direction and two sizes */
START_TEST(unknown_ioctls)
{
	const unsigned int dirs[] = { _IOC_NONE, _IOC_READ, _IOC_WRITE,
				      _IOC_READ | _IOC_WRITE };
	char buf[64] = { 1 };
	int fd, tried = 0;

	load("");
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 9000, 1);
	for (int nr = 0; nr < 256; nr++)
		for (int d = 0; d < 4; d++)
			for (int size = 0; size <= 8; size += 4) {
				unsigned int cmd = _IOC(dirs[d], 'K', nr, size);

				if (known(cmd))
					continue;
				must_fail(ioctl(fd, cmd, buf), ENOTTY);
				tried++;
			}
	ck_assert_int_gt(tried, 3000);
	must_fail(ioctl(fd, _IO('k', 4), 0L), ENOTTY);
	must_fail(ioctl(fd, _IO('J', 4), 0L), ENOTTY);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), DEFAULT_QUANTUM);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQSET)), DEFAULT_QSET);
	expect(fd, 0, 9000, 1);
}
END_TEST

/* RESET sets the built-in defaults, not the parameters given at load. */
START_TEST(reset_to_built_in)
{
	int fd;

	load("quantum=100 qset=7");
	call = native;
	fd = dev_open(0, O_RDWR);
	put(fd, 0, 950, 1);
	reset(fd);
	ck_assert_int_eq(proc_device(0).quantum, 100);
	expect(fd, 0, 950, 1);
	trim(0);
	ck_assert_int_eq(proc_device(0).quantum, DEFAULT_QUANTUM);
	ck_assert_int_eq(proc_device(0).qset, DEFAULT_QSET);
}
END_TEST

/* Each module has values of its own. */
START_TEST(modules_are_apart)
{
	const struct module *mine = mod, *other = other_module();
	int fd;

	load("");
	load_module(other, "");
	fd = dev_open(0, O_RDWR);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 10L));
	must(ioctl(fd, SCULL_IOCTQSET, 4L));
	trim(0);
	put(fd, 0, 100, 1);

	mod = other;
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), DEFAULT_QUANTUM);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQSET)), DEFAULT_QSET);
	trim(0);
	ck_assert_int_eq(proc_device(0).quantum, DEFAULT_QUANTUM);
	ck_assert_int_eq(proc_device(0).size, 0);
	must(ioctl(fd, SCULL_IOCTQUANTUM, 20L));

	mod = mine;
	fd = dev_open(0, O_RDWR);
	ck_assert_int_eq(must(ioctl(fd, SCULL_IOCQQUANTUM)), 10);
	expect(fd, 0, 100, 1);
}
END_TEST

void ioctl_tests(TCase *tc)
{
	tcase_add_loop_test(tc, the_books_encoding, 0, NVERBS);
	tcase_add_test(tc, every_verb);
	tcase_add_test(tc, every_verb_from_32_bit);
	tcase_add_test(tc, tell_is_not_cut);
	tcase_add_test(tc, order_and_quantum);
	tcase_add_test(tc, setting_is_for_the_administrator);
	tcase_add_test(tc, any_descriptor_will_do);
	tcase_add_test(tc, unknown_ioctls);
	tcase_add_test(tc, reset_to_built_in);
	tcase_add_test(tc, modules_are_apart);
}
