// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tests stand on: modules, devices, patterns and small files.
 */
#include "suite.h"
#include <linux/capability.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

/* ---- modules ---- */

/* Zero, or what the kernel answered as a negative errno. */
int try_load(const struct module *m, const char *params)
{
	const char *dir = getenv("SCULL_MODDIR");
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s.ko", dir ? dir : "/lib/scull",
		 m->name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

int try_unload(const struct module *m)
{
	return syscall(SYS_delete_module, m->name, O_NONBLOCK) ? -errno : 0;
}

void load(const char *fmt, ...)
{
	char params[256];
	va_list args;
	int ret;

	va_start(args, fmt);
	vsnprintf(params, sizeof(params), fmt, args);
	va_end(args);
	ret = try_load(mod, params);
	ck_assert_msg(!ret, "insmod %s %s: %s", mod->name, params,
		      strerror(-ret));
}

void load_other(const struct module *m, const char *params)
{
	int ret = try_load(m, params);

	ck_assert_msg(!ret, "insmod %s %s: %s", m->name, params,
		      strerror(-ret));
}

void unload(void)
{
	int ret = try_unload(mod);

	ck_assert_msg(!ret, "rmmod %s: %s", mod->name, strerror(-ret));
}

const struct module *other_module(void)
{
	return mod == &modules[0] ? &modules[1] : &modules[0];
}

static int open_devices[64];
static int nr_open;

/* Whatever devices a test left mapped. */
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
 * The fixture at both ends of a test. Children of a failed test may live a
 * moment longer than it did, and they hold the module.
 */
void unload_all(void)
{
	while (nr_open)
		close(open_devices[--nr_open]);
	unmap_all();
	for (int i = 0; i < 3; i++) {
		int ret, tries = 500;

		do {
			ret = try_unload(&modules[i]);
		} while (ret == -EAGAIN && --tries && !usleep(10000));
		ck_assert_msg(!ret || ret == -ENOENT, "rmmod %s: %s",
			      modules[i].name, strerror(-ret));
	}
}

/* ---- the machine ---- */

long page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* A size of which what matters is the pages of 4 KiB in it, with this machine's. */
long in_pages(long bytes)
{
	return bytes < 4096 ? bytes : bytes * (page_size() / 4096);
}

/* The suite itself may be a 32-bit program. */
bool kernel_is_64bit(void)
{
	struct utsname name;

	must(uname(&name));
	return strstr(name.machine, "64") || !strcmp(name.machine, "s390x");
}

/* The page allocator's largest order: a column each in /proc/buddyinfo. */
int max_order(void)
{
	char *text = slurp("/proc/buddyinfo");
	char *word, *state;
	int columns = 0;

	/* Node 0, zone      DMA      1      1 ... */
	text[strcspn(text, "\n")] = '\0';
	word = strtok_r(strstr(text, "zone"), " ", &state);
	while ((word = strtok_r(NULL, " ", &state)))
		columns++;
	free(text);
	ck_assert_int_gt(columns, 1);
	return columns - 2;
}

int order_of(long bytes)
{
	int order = 0;

	while (page_size() << order < bytes)
		order++;
	return order;
}

long max_quantum(void)
{
	return mod->max_quantum ? mod->max_quantum : page_size() << max_order();
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

const char *dev_path(int n)
{
	static char path[64];

	snprintf(path, sizeof(path), "/dev/%s%d", mod->name, n);
	return path;
}

int dev_open(int n, int flags)
{
	int fd = open(dev_path(n), flags | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "open %s: %s", dev_path(n), strerror(errno));
	ck_assert_int_lt(nr_open, 64);
	open_devices[nr_open++] = fd;
	return fd;
}

void dev_close(int fd)
{
	for (int i = 0; i < nr_open; i++)
		if (open_devices[i] == fd)
			open_devices[i] = open_devices[--nr_open];
	must(close(fd));
}

void trim(int n)
{
	dev_close(dev_open(n, O_WRONLY));
}

/* Give a device a geometry, as scullc_test and a shell's > do. */
void adopt(int n, int quantum, int qset)
{
	int fd = dev_open(n, O_RDONLY);

	must(ioctl(fd, SCULL_IOCTQUANTUM, (long)quantum));
	must(ioctl(fd, SCULL_IOCTQSET, (long)qset));
	dev_close(fd);
	trim(n);
}

/* The position is left at the end. */
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

/* Write the pattern of an offset there, in one call. */
void put(int fd, long long off, size_t len, int seed)
{
	void *buf = malloc(len);
	ssize_t ret;

	fill(buf, len, seed, off);
	ret = must(pwrite(fd, buf, len, off));
	ck_assert_int_eq(ret, len);
	free(buf);
}

/* Read a range in one call, which must give all of it. */
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

/* Low, so that on 32 bits what lies INT_MAX further is a user's address, too. */
void *fenced(size_t len)
{
	size_t page = page_size();
	size_t whole = (len + page - 1) / page * page;
	char *map = mmap((void *)(1L << 28), whole + page,
			 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	ck_assert_ptr_ne(map, MAP_FAILED);
	must(munmap(map + whole, page));
	return map + whole - len;
}

/* ---- small files and the log ---- */

char *slurp(const char *path)
{
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t ret;

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	while ((ret = must(read(fd, text + size, room - size - 1))) > 0) {
		size += ret;
		if (room - size < 4096)
			text = realloc(text, room *= 2);
	}
	close(fd);
	text[size] = '\0';
	return text;
}

long read_long(const char *fmt, ...)
{
	char path[PATH_MAX];
	char *text, *end;
	va_list args;
	long value;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	text = slurp(path);
	value = strtol(text, &end, 10);
	ck_assert_msg(end != text && *end == '\n', "%s holds '%s'", path, text);
	free(text);
	return value;
}

/* Zero, or a negative errno. */
int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

const char *param_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", mod->name,
		 name);
	return path;
}

/* A reader of the kernel log that starts after what is there now. */
int log_mark(void)
{
	int fd = must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));

	must(lseek(fd, 0, SEEK_END));
	return fd;
}

/* Whether a line since the mark has all the words; the mark moves. */
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

const char *proc_path(const char *suffix)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%s%s", mod->name, suffix);
	return path;
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

/* Until a child waits for something, or has come to its end without. */
void await_blocked(pid_t pid)
{
	char path[64], state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		char *text = slurp(path);

		ck_assert_int_eq(sscanf(strrchr(text, ')'), ") %c", &state), 1);
		free(text);
	} while (state == 'R' && !usleep(1000));
}
