// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers of the tests: modules, devices, patterns, the kernel log, children.
 */
#include "suite.h"
#include <dirent.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

/* ---- modules ---- */

void die(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ck_abort_msg("%s", text);
	abort(); /* not reached */
}

const struct module *other_module(void)
{
	return mod == &modules[0] ? &modules[1] : &modules[0];
}

/* Close the devices that a test left open. */
static void close_all(void)
{
	DIR *dir = opendir("/proc/self/fd");
	char target[PATH_MAX];
	struct dirent *d;

	ck_assert_ptr_nonnull(dir);
	while ((d = readdir(dir))) {
		ssize_t len = readlink(pathf("/proc/self/fd/%s", d->d_name),
				       target, sizeof(target) - 1);

		target[MAX(len, 0)] = '\0';
		if (!strncmp(target, "/dev/scull", 10))
			close(atoi(d->d_name));
	}
	closedir(dir);
}

/* Unmap the devices that a test left mapped. */
static void unmap_all(void)
{
	char *text = slurp("/proc/self/maps"), *line, *state;

	for (line = strtok_r(text, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state)) {
		unsigned long from, to;

		if (!strstr(line, " /dev/scull"))
			continue;
		ck_assert_int_eq(sscanf(line, "%lx-%lx", &from, &to), 2);
		must(munmap((void *)from, to - from));
	}
	free(text);
}

/*
 * Before and after each test. The children of a failed test hold the module until
 * they have exited, which may be after it.
 */
void unload_all(void)
{
	close_all();
	unmap_all();
	for (int i = 0; i < nr_modules; i++) {
		int ret = try_unload(&modules[i], PATIENCE);

		ck_assert_msg(!ret || ret == -ENOENT, "rmmod %s: %s",
			      modules[i].name, strerror(-ret));
	}
}

/* ---- the machine ---- */

/* Scale a size from pages of 4 KiB to those of this machine. */
long in_pages(long bytes)
{
	return bytes < 4096 ? bytes : bytes * (page_size() / 4096);
}

/* The kernel may be 64-bit and the suite a 32-bit program. */
bool kernel_is_64bit(void)
{
	struct utsname name;

	must(uname(&name));
	return strstr(name.machine, "64") || !strcmp(name.machine, "s390x");
}

/* Is this kernel older than that release? */
bool kernel_before(int major, int minor)
{
	struct utsname name;
	int a, b;

	must(uname(&name));
	ck_assert_int_eq(sscanf(name.release, "%d.%d", &a, &b), 2);
	return a < major || (a == major && b < minor);
}

void drop_cap(int cap)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	must(syscall(SYS_capget, &head, data));
	data[cap / 32].effective &= ~(1u << cap % 32);
	must(syscall(SYS_capset, &head, data));
}

/* ---- devices ---- */

void dev_close(int fd)
{
	must(close(fd));
}

void trim(int n)
{
	dev_close(dev_open(n, O_WRONLY));
}

/* Give a device a geometry, as scullc_test and then a shell's > do. */
void adopt(int n, int quantum, int qset)
{
	int fd = dev_open(n, O_RDONLY);

	must(ioctl(fd, SCULL_IOCTQUANTUM, (long)quantum));
	must(ioctl(fd, SCULL_IOCTQSET, (long)qset));
	dev_close(fd);
	trim(n);
}

/* Moves the position to the end. */
long long dev_size(int fd)
{
	return must(lseek(fd, 0, SEEK_END));
}

/* ---- data ---- */

void fill(void *buf, size_t len, int seed, long long off)
{
	unsigned char *p = buf;

	for (size_t i = 0; i < len; i++)
		p[i] = pattern(seed, off + (long long)i);
}

void check_fill(const void *buf, size_t len, int seed, long long off)
{
	const unsigned char *p = buf;

	for (size_t i = 0; i < len; i++)
		if (p[i] != pattern(seed, off + (long long)i))
			ck_abort_msg("offset %lld holds 0x%02x, not 0x%02x",
				     off + (long long)i, p[i],
				     pattern(seed, off + (long long)i));
}

void check_zeros(const void *buf, size_t len, long long off)
{
	const unsigned char *p = buf;

	for (size_t i = 0; i < len; i++)
		if (p[i])
			ck_abort_msg("offset %lld holds 0x%02x, not zero",
				     off + (long long)i, p[i]);
}

/* Write the pattern to its offset, in one call. */
void put(int fd, long long off, size_t len, int seed)
{
	void *buf = malloc(len);
	ssize_t ret;

	fill(buf, len, seed, off);
	ret = must(pwrite(fd, buf, len, off));
	ck_assert_int_eq(ret, len);
	free(buf);
}

/* Read a range in one call, which must return all of it. */
static void *get(int fd, long long off, size_t len)
{
	char *buf = malloc(len + 1);
	ssize_t ret;

	memset(buf, 0xee, len + 1);
	ret = must(pread(fd, buf, len, off));
	ck_assert_msg(ret == (ssize_t)len, "read %zu at %lld: returned %zd",
		      len, off, ret);
	ck_assert_int_eq((unsigned char)buf[len], 0xee);
	return buf;
}

void expect(int fd, long long off, size_t len, int seed)
{
	void *buf = get(fd, off, len);

	check_fill(buf, len, seed, off);
	free(buf);
}

void expect_zeros(int fd, long long off, size_t len)
{
	void *buf = get(fd, off, len);

	check_zeros(buf, len, off);
	free(buf);
}

/* At a low address, so that on 32 bits INT_MAX bytes from it is user space, too. */
void *fenced(size_t len)
{
	size_t page = page_size();
	size_t whole = (len + page - 1) / page * page;
	char *map = must(mmap((void *)(1L << 28), whole + page,
			      PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(munmap(map + whole, page));
	return map + whole - len;
}

/* ---- the kernel log ---- */

/* A reader of the kernel log that begins after its present end. */
int log_mark(void)
{
	int fd = must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));

	must(lseek(fd, 0, SEEK_END));
	return fd;
}

/* Has a line since the mark all the words? Moves the mark to the end. */
bool log_has(int mark, const char *const words[])
{
	char line[8192];
	bool found = false;
	ssize_t len;

	while ((len = read(mark, line, sizeof(line) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		int i;

		if (len < 0)
			continue;
		line[len] = '\0';
		for (i = 0; words[i] && strstr(line, words[i]); i++)
			;
		found |= !words[i];
	}
	return found;
}

/* ---- children ---- */

pid_t spawn(void (*fn)(int), int arg)
{
	pid_t pid;

	fflush(NULL);
	pid = must(fork());
	if (!pid) {
		fn(arg);
		_exit(EXIT_SUCCESS);
	}
	return pid;
}

void reap(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "a child ended with status 0x%x", status);
}

/* Wait until a child sleeps or has exited. */
void await_blocked(pid_t pid)
{
	char state;

	do {
		char *text = slurp(pathf("/proc/%d/stat", pid));

		ck_assert_int_eq(sscanf(strrchr(text, ')'), ") %c", &state), 1);
		free(text);
	} while (state == 'R' && !usleep(1000));
}
