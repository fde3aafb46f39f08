// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation fails once: scull_failnth MODULE
 *
 * An operation is repeated. The first time its first allocation or access to user
 * memory fails, then its second, and so on, until it completes without a failure. Then
 * the same with several successive allocations, because the kernel retries some of
 * them. Each time the result must match the device: unchanged after an error, longer
 * by a short count. See the kernel's Documentation/fault-injection. Needs a kernel
 * with fail-nth.
 */
#include "../support/support.h"
#include "check.h"
#include "device.h"
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_FAILURES 20000
#define DATA (256 << 10)

/* ---- fault injection ---- */

static int nth_fd = -1, row_fd = -1, log_fd;

/* How many successive allocations fail after so much was allocated */
#define ROW 4

static const struct source {
	const char *name;
	unsigned int step; /* bytes for failslab, pages for fail_page_alloc */
} sources[] = { { "failslab", 64 }, { "fail_page_alloc", 1 } };

/*
 * The kernel warns if allocations for the description of a module's trace events fail.
 * So none of those may fail.
 */
static void spare_trace_events(void)
{
	static const char *const files[] = { "failslab", "fail_page_alloc" };
	char *text = slurp("/proc/kallsyms"), *line, *state;
	uint64_t start = 0, end = 0;

	for (line = strtok_r(text, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state)) {
		uint64_t address = strtoull(line, NULL, 16);

		if (strstr(line, " event_define_fields"))
			start = address;
		if (start && address > start && (!end || address < end))
			end = address;
	}
	free(text);
	for (int i = 0; start && i < 2; i++) {
		write_file(pathf("/sys/kernel/debug/%s/reject-start", files[i]),
			   pathf("0x%llx", (unsigned long long)start));
		write_file(pathf("/sys/kernel/debug/%s/reject-end", files[i]),
			   pathf("0x%llx", (unsigned long long)end));
	}
}

/* Let all allocations fail, including those that may sleep. */
static bool prepare_faults(void)
{
	static const char *const settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/task-filter", "Y" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/task-filter", "Y" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};

	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	row_fd = open("/proc/thread-self/make-it-fail", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0 || row_fd < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const char *path =
			pathf("/sys/kernel/debug/%s", settings[i][0]);

		if (write_file(path, settings[i][1]))
			printf("# cannot set %s\n", path);
	}
	spare_trace_events();
	return true;
}

static void arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	must(pwrite(nth_fd, text, len, 0));
}

/* Has anything failed since arm()? These calls may fail themselves. */
static bool disarm(void)
{
	char text[16] = "";
	bool fired = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 &&
		     !atoi(text);

	while (pwrite(nth_fd, "0", 1, 0) != 1)
		;
	return fired;
}

static const char *source_path(const struct source *s, const char *name)
{
	return pathf("/sys/kernel/debug/%s/%s", s->name, name);
}

static void set_source(const struct source *s, const char *name,
		       unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	if (write_file(source_path(s, name), text))
		die("cannot set %s", source_path(s, name));
}

static void arm_row(const struct source *s, unsigned int space)
{
	set_source(s, "space", space);
	set_source(s, "times", ROW);
	set_source(s, "probability", 100);
	must(pwrite(row_fd, "1", 1, 0));
}

static bool disarm_row(const struct source *s)
{
	while (pwrite(row_fd, "0", 1, 0) != 1)
		;
	set_source(s, "probability", 0);
	return read_long(source_path(s, "times")) < ROW;
}

/* Is the kernel log free of warnings? */
static bool quiet(bool about_memory)
{
	static const char *const words[] = {
		"BUG",		"WARNING", "KASAN",
		"INFO:",	"UBSAN",   "allocation failure",
		"vmalloc error"
	};
	char line[8192];
	bool ok = true;
	ssize_t len;

	while ((len = read(log_fd, line, sizeof(line) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		line[len] = '\0';
		/* See spare_trace_events(): not every kernel has the option. */
		if (strstr(line, "kernel/trace/trace_events.c"))
			continue;
		for (size_t i = 0; i < (about_memory ? 7 : 5); i++)
			if (strstr(line, words[i]))
				ok = differs("the kernel said: %s",
					     strchr(line, ';') + 1);
	}
	return ok;
}

/* ---- the device and its model ---- */

static struct device model;
static int dev_fd = -1;
static unsigned int quantum, qset;
static unsigned char data[DATA], out[DATA];

static void fill(unsigned char *p, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		p[i] = 1 + (seed + i * 131 + (i >> 8) * 17) % 255;
}

static void set_geometry(int fd, unsigned int q, unsigned int n)
{
	must(ioctl(fd, SCULL_IOCTQUANTUM, (long)q));
	must(ioctl(fd, SCULL_IOCTQSET, (long)n));
}

static void put(uint64_t pos, size_t len)
{
	if (kernel(pwrite(dev_fd, data, len, pos)) != (long long)len)
		die("write: %s", strerror(errno));
	device_write(&model, pos, data, len);
}

static uint64_t span(void)
{
	return (uint64_t)quantum * qset;
}

/* A device with our geometry, and some data */
static void before_device(void)
{
	if (dev_fd >= 0)
		close(dev_fd);
	dev_fd = dev_open(0, O_RDWR);
	set_geometry(dev_fd, quantum, qset);
	close(dev_open(0, O_WRONLY));
	device_trim(&model, quantum, qset);
	fill(data, sizeof(data), 1);
	put(0, 100);
	put(2 * quantum - 50, 20);
	fill(data, sizeof(data), 2);
}

static bool check_device(void)
{
	return check_bytes(&model, 0) && check_sysfs(&model, 0) &&
	       check_proc(&model, 0) && check_layout(&model, 0);
}

/* The errors of a failed allocation and of bad user memory */
static bool excused(long long ret)
{
	return ret == -ENOMEM || ret == -EFAULT ||
	       differs("error %lld, %s", ret, strerror(-ret));
}

/* Only an injected failure may return an error, and the device is unchanged. */
static bool after_any(long long ret, bool fired)
{
	if (ret < 0 && !(fired && excused(ret)))
		return fired ? false : same("untouched", ret, 0);
	return check_device();
}

/* ---- write ---- */

static uint64_t write_pos;
static size_t write_len;

static long long act_write(void)
{
	return kernel(pwrite(dev_fd, data, write_len, write_pos));
}

static long long act_writev(void)
{
	struct iovec iov[] = {
		{ data, 10 },
		{ data + 10, write_len / 2 },
		{ data + 10 + write_len / 2, write_len - write_len / 2 - 10 },
	};

	return kernel(pwritev(dev_fd, iov, 3, write_pos));
}

static bool after_write(long long ret, bool fired)
{
	if (!fired && !same("untouched", ret, write_len))
		return false;
	if (ret < 0 && !excused(ret))
		return false;
	if (ret > 0)
		device_write(&model, write_pos, data, ret);
	return check_device();
}

static void write_to(uint64_t pos, size_t len)
{
	before_device();
	write_pos = pos;
	write_len = len;
}

static void before_write_data(void)
{
	write_to(0, 150);
}

static void before_write_quantum(void)
{
	write_to(quantum + 5, quantum / 2);
}

static void before_write_item(void)
{
	write_to(2 * span() + 1, 50);
}

static void before_write_whole(void)
{
	write_to(span(), quantum);
}

static void before_write_many(void)
{
	write_to(quantum - 10, 3 * span() + 20);
}

static void before_write_far(void)
{
	write_to(1ULL << 50, 2 * quantum);
}

/* ---- read ---- */

static long long act_read(void)
{
	return kernel(pread(dev_fd, out, 2 * span(), 0));
}

static bool after_read(long long ret, bool fired)
{
	if (!fired && !same("untouched", ret, model.size))
		return false;
	if (ret < 0)
		return excused(ret);
	device_read(&model, 0, data, ret);
	return same_bytes("read", out, data, ret, 0) && check_device();
}

/* ---- open ---- */

static int opened;

/* A geometry that is new to the module, so that scullc creates a cache */
static void before_trim(void)
{
	before_device();
	set_geometry(dev_fd, quantum + page_size(), qset + 1);
}

static long long act_trim(void)
{
	opened = open("/dev/stress", O_WRONLY);
	return kernel(opened);
}

static bool after_trim(long long ret, bool fired)
{
	if (ret < 0)
		return fired && excused(ret) && check_device();
	close(opened);
	device_trim(&model, quantum + page_size(), qset + 1);
	return check_device();
}

static long long act_open(void)
{
	opened = open("/dev/stress", O_RDWR);
	return kernel(opened);
}

static bool after_open(long long ret, bool fired)
{
	if (ret >= 0)
		close(opened);
	return after_any(ret, fired);
}

/* ---- mmap ---- */

#define MAP_PAGES 4

static unsigned char *map;
static size_t map_len;
static int map_flags;

static void *map_device(void)
{
	return mmap(NULL, MAP_PAGES * page_size(), PROT_READ | PROT_WRITE,
		    map_flags, dev_fd, 0);
}

/* The second quantum, and so the third page, is a hole inside the size. */
static void before_map(void)
{
	before_device();
	close(dev_open(0, O_WRONLY));
	device_trim(&model, quantum, qset);
	put(0, 10);
	put(MAP_PAGES * page_size(), 10);
	map = NULL;
	map_len = MAP_PAGES * page_size();
	map_flags = MAP_SHARED;
}

static void before_mapped(void)
{
	before_map();
	map = map_device();
	if (map == MAP_FAILED)
		die("mmap: %s", strerror(errno));
}

static void before_private(void)
{
	before_map();
	map_flags = MAP_PRIVATE;
	map = map_device();
	if (map == MAP_FAILED)
		die("mmap: %s", strerror(errno));
}

static long long act_map(void)
{
	map = map_device();
	return map == MAP_FAILED ? -errno : 0;
}

/*
 * Whatever failed, the device can be trimmed once it is unmapped. A hole that was
 * accessed may have been filled, even if the access failed later.
 */
static bool after_map(long long ret, bool fired)
{
	if (ret < 0 && ret != -EFAULT && !(fired && excused(ret)))
		return false;
	if (map && map != MAP_FAILED)
		must(munmap(map, map_len));
	if (kernel(lseek(dev_fd, 2 * page_size(), SEEK_DATA)) ==
	    (long long)(2 * page_size()))
		device_touch(&model, 2 * page_size());
	if (!check_device())
		return false;
	opened = open("/dev/stress", O_WRONLY);
	if (!same("trim", MIN(kernel(opened), 0), 0))
		return false;
	close(opened);
	return true;
}

static sigjmp_buf no_page;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(no_page, 1);
}

static long long act_load(void)
{
	if (sigsetjmp(no_page, 0))
		return -EFAULT;
	return ((volatile unsigned char *)map)[2 * page_size() + 7];
}

static long long act_store(void)
{
	if (sigsetjmp(no_page, 0))
		return -EFAULT;
	((volatile unsigned char *)map)[2 * page_size() + 7] = 77;
	return 0;
}

static bool after_touch(long long ret, bool fired)
{
	if (ret == -EFAULT && !fired)
		return differs("SIGBUS");
	if (ret > 0)
		return differs("a hole holds 0x%02llx", ret);
	return after_map(ret, fired);
}

static bool after_store(long long ret, bool fired)
{
	unsigned char byte = 77;

	if (!ret && map[2 * page_size() + 7] != 77)
		return differs("the store is lost");
	if (!ret && map_flags == MAP_SHARED)
		device_write(&model, 2 * page_size() + 7, &byte, 1);
	return after_touch(ret, fired);
}

static long long act_split(void)
{
	return kernel(munmap(map + page_size(), page_size()));
}

static void *room, *moved_from;

/* The target of mremap() is mapped already. */
static void before_moved(void)
{
	before_mapped();
	moved_from = map;
	room = must(mmap(NULL, map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0));
}

static long long act_move(void)
{
	void *p = mremap(map, map_len, map_len, MREMAP_MAYMOVE | MREMAP_FIXED,
			 room);

	if (p == MAP_FAILED)
		return -errno;
	map = p;
	return 0;
}

/* If allocations for its removal fail, the kernel leaves the old mapping, too. */
static bool after_moved(long long ret, bool fired)
{
	must(munmap(map == room ? moved_from : room, map_len));
	return after_map(ret, fired);
}

static long long act_fork(void)
{
	pid_t pid = syscall(SYS_fork);

	if (!pid)
		syscall(SYS_exit_group, 0);
	return kernel(pid);
}

static bool after_fork(long long ret, bool fired)
{
	if (ret > 0)
		must(waitpid(ret, NULL, 0));
	return after_map(ret, fired);
}

/* ---- ioctl and parameters ---- */

static long long act_ioctl(void)
{
	static const unsigned int commands[] = {
		SCULL_IOCSQUANTUM, SCULL_IOCXQUANTUM, SCULL_IOCGQUANTUM,
		SCULL_IOCSQSET,	   SCULL_IOCXQSET,    SCULL_IOCGQSET,
	};
	int value = 123;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (ioctl(dev_fd, commands[i], &value))
			return -errno;
	for (unsigned int i = 0; i < 2; i++)
		if (ioctl(dev_fd, i ? SCULL_IOCTQSET : SCULL_IOCTQUANTUM, 9L))
			return -errno;
	return kernel(ioctl(dev_fd, SCULL_IOCRESET));
}

static int param_fd;
static long param_was;

static void before_param(void)
{
	before_device();
	param_was = read_long(param_path("quantum"));
	param_fd = must(open(param_path("quantum"), O_RDWR));
}

static long long act_param(void)
{
	return kernel(pwrite(param_fd, "777\n", 4, 0));
}

static bool after_param(long long ret, bool fired)
{
	close(param_fd);
	return same("the parameter", read_long(param_path("quantum")),
		    ret > 0 ? 777 : param_was) &&
	       after_any(ret, fired);
}

/* ---- /proc, debugfs and sysfs ---- */

static char file_path[128];

static long long act_file(void)
{
	int fd = open(file_path, O_RDONLY);
	long long ret = 0;
	long long len;

	if (fd < 0)
		return -errno;
	/* In small reads, so that the iterator stops and starts. */
	while ((len = kernel(read(fd, out + ret, 500))) > 0)
		ret += len;
	close(fd);
	return len < 0 ? len : ret;
}

static void before_file(const char *dir, const char *name)
{
	before_device();
	put(3 * span(), 2 * quantum);
	snprintf(file_path, sizeof(file_path), "%s%s%s", dir, mod->name, name);
}

static void before_mem(void)
{
	before_file("/proc/", "mem");
}

static void before_layout(void)
{
	before_file("/sys/kernel/debug/", "/0/layout");
}

static void before_attribute(void)
{
	before_device();
	snprintf(file_path, sizeof(file_path), "%s", sysfs_path(0, "size"));
}

/* ---- splice ---- */

static int pipe_fds[2];

static void before_splice(void)
{
	before_device();
	put(0, 3 * page_size());
	must(pipe(pipe_fds));
	must(lseek(dev_fd, 0, SEEK_SET));
}

static long long act_splice(void)
{
	return kernel(
		splice(dev_fd, NULL, pipe_fds[1], NULL, 2 * page_size(), 0));
}

static bool after_splice(long long ret, bool fired)
{
	long long got = 0;

	/* If pages cannot be allocated, splice() behaves as if the pipe were full. */
	if (ret == -EAGAIN && fired)
		ret = -ENOMEM;
	if (ret > 0)
		got = kernel(read(pipe_fds[0], out, ret));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	if (ret < 0)
		return after_any(ret, fired);
	device_read(&model, 0, data, ret);
	return same("pipe", got, ret) &&
	       same_bytes("pipe", out, data, ret, 0) && after_any(ret, fired);
}

static void before_splice_in(void)
{
	before_splice();
	must(lseek(dev_fd, span() - 10, SEEK_SET));
	if (write(pipe_fds[1], data, 3 * page_size()) != 3 * page_size())
		die("pipe: %s", strerror(errno));
}

static long long act_splice_in(void)
{
	return kernel(
		splice(pipe_fds[0], NULL, dev_fd, NULL, 3 * page_size(), 0));
}

static bool after_splice_in(long long ret, bool fired)
{
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	write_pos = span() - 10;
	write_len = 3 * page_size();
	return after_write(ret, fired);
}

/* ---- load and unload ---- */

/* The major number, 0 if there is none. */
static int major_number(void)
{
	char *text = slurp("/proc/devices"), *line = strstr(text, mod->name);
	int major = 0;

	if (line) {
		while (line > text && line[-1] != '\n')
			line--;
		major = atoi(line);
	}
	free(text);
	return major;
}

/* Make the node: the kernel may have failed to allocate memory for its own. */
static void make_node(void)
{
	unlink("/dev/stress");
	must(mknod("/dev/stress", S_IFCHR | 0600, makedev(major_number(), 0)));
}

static char load_params[64];
static int module_fd;

static void before_load(void)
{
	snprintf(load_params, sizeof(load_params), "devs=4 qset=7 %s",
		 mod->paged ? "order=1" : "quantum=100");
	module_fd = must(open(ko_path(mod), O_RDONLY | O_CLOEXEC));
}

static long long act_load_module(void)
{
	return kernel(syscall(SYS_finit_module, module_fd, load_params, 0));
}

/* Either the module works, without optional files perhaps, or nothing of it is left. */
static bool after_load(long long ret, bool fired)
{
	close(module_fd);
	if (ret < 0)
		return fired && excused(ret) && check_absent();

	make_node();
	opened = open("/dev/stress", O_RDWR);
	if (!same("write", kernel(pwrite(opened, "hello", 5, 300)), 5) ||
	    !same("read", kernel(pread(opened, out, 400, 0)), 305))
		return false;
	close(opened);
	if (memcmp(out + 300, "hello", 5))
		return differs("it does not hold what was written");
	return same("rmmod", try_unload(mod, 0), 0) && check_absent();
}

static void before_unload(void)
{
	load("quantum=100 qset=7");
	make_node();
	opened = open("/dev/stress", O_RDWR);
	must(pwrite(opened, data, 5000, 0));
	close(opened);
}

static long long act_unload(void)
{
	return kernel(syscall(SYS_delete_module, mod->name, O_NONBLOCK));
}

static bool after_unload(long long ret, bool fired)
{
	if (ret < 0 &&
	    !(fired && excused(ret) && same("rmmod", try_unload(mod, 0), 0)))
		return false;
	return check_absent();
}

/* ---- scenarios ---- */

static const struct scenario {
	const char *name;
	bool mapping; /* not with scullc */
	bool ours; /* only the module allocates: no warning about memory */
	void (*before)(void);
	long long (*act)(void);
	bool (*after)(long long ret, bool fired);
} loading[] = {
	{ "load", false, false, before_load, act_load_module, after_load },
	{ "unload", false, false, before_unload, act_unload, after_unload },
}, scenarios[] = {
	{ "open", false, true, before_device, act_open, after_open },
	{ "open with a new geometry", false, true, before_trim, act_trim,
	  after_trim },
	{ "write over data", false, true, before_write_data, act_write,
	  after_write },
	{ "write of a quantum", false, true, before_write_quantum, act_write,
	  after_write },
	{ "write of an item", false, true, before_write_item, act_write,
	  after_write },
	{ "write of a whole quantum", false, true, before_write_whole,
	  act_write, after_write },
	{ "write of many items", false, true, before_write_many, act_write,
	  after_write },
	{ "writev of many items", false, true, before_write_many, act_writev,
	  after_write },
	{ "write far away", false, true, before_write_far, act_write,
	  after_write },
	{ "read", false, true, before_device, act_read, after_read },
	{ "mmap", true, true, before_map, act_map, after_map },
	{ "load from a hole", true, true, before_mapped, act_load, after_touch },
	{ "store to a hole", true, true, before_mapped, act_store,
	  after_store },
	{ "load from a private hole", true, true, before_private, act_load,
	  after_touch },
	{ "store to a private hole", true, true, before_private, act_store,
	  after_store },
	{ "munmap of a part", true, true, before_mapped, act_split, after_map },
	{ "mremap", true, true, before_moved, act_move, after_moved },
	{ "fork with a mapping", true, false, before_mapped, act_fork,
	  after_fork },
	{ "ioctl", false, true, before_device, act_ioctl, after_any },
	{ "parameter", false, true, before_param, act_param, after_param },
	{ "/proc", false, true, before_mem, act_file, after_any },
	{ "layout", false, true, before_layout, act_file, after_any },
	{ "attribute", false, true, before_attribute, act_file, after_any },
	{ "splice from", false, true, before_splice, act_splice, after_splice },
	{ "splice to", false, true, before_splice_in, act_splice_in,
	  after_splice_in },
};

static bool judge(const struct scenario *s, long long ret, bool fired)
{
	why[0] = '\0';
	return s->after(ret, fired) && quiet(s->ours);
}

static void run(const struct scenario *s)
{
	unsigned int nth = 1;
	bool fired = true, ok = true;
	long long ret = 0;

	for (; fired && ok && nth < MOST_FAILURES; nth++) {
		s->before();
		arm(nth);
		ret = s->act();
		fired = disarm();
		ok = judge(s, ret, fired);
	}
	if (!ok)
		printf("# failure %u, result %lld: %s\n", nth - 1, ret, why);
	tap(ok && !fired, "%s: %u failures", s->name, nth - 2);
}

static void run_rows(const struct scenario *s, const struct source *source)
{
	unsigned int rows = 0;
	bool fired = true, ok = true;
	long long ret = 0;

	for (; fired && ok && rows < MOST_FAILURES; rows++) {
		s->before();
		arm_row(source, rows * source->step);
		ret = s->act();
		fired = disarm_row(source);
		ok = judge(s, ret, fired);
	}
	if (!ok)
		printf("# after %u, result %lld: %s\n",
		       (rows - 1) * source->step, ret, why);
	tap(ok && !fired, "%s: %u rows of failures, %s", s->name, rows - 1,
	    source->name);
}

/*
 * How many bytes a device takes up to a limit. It is less than before if freed memory
 * is still charged.
 */
static long long capacity(void)
{
	char limit[32];
	long long total;
	int fd;

	snprintf(limit, sizeof(limit), "%ld", read_long(param_path("limit")));
	must(write_file(param_path("limit"), "1"));
	fd = dev_open(1, O_RDWR);
	set_geometry(fd, page_size(), 10);
	close(fd);
	total = dev_fill(1);
	close(dev_open(1, O_WRONLY));
	must(write_file(param_path("limit"), limit));
	return total;
}

/* ---- bad user memory at each byte ---- */

#define BAD_LEN 600

/*
 * Each byte of the buffer in turn is the first that cannot be accessed. Half of the
 * range that is written is allocated already.
 */
static bool bad_memory(bool write, bool vector)
{
	int fd = must(memfd_create("memory", MFD_CLOEXEC));
	unsigned char *end;

	must(ftruncate(fd, page_size()));
	end = must(mmap(NULL, 2 * page_size(), PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, 0));
	close(fd);
	end += page_size();

	for (size_t good = 0; good < BAD_LEN; good++) {
		unsigned char *buf = end - good;
		size_t first = good / 2;
		struct iovec iov[] = { { buf, first },
				       { buf + first, BAD_LEN - first } };
		long long want = good ? (long long)good : -EFAULT, ret;

		before_device();
		put(3 * quantum, 2 * quantum);
		memcpy(buf, data + 7, good);
		if (write)
			ret = kernel(vector ? pwritev(dev_fd, iov, 2, 50) :
					      pwrite(dev_fd, buf, BAD_LEN, 50));
		else
			ret = kernel(vector ? preadv(dev_fd, iov, 2, 20) :
					      pread(dev_fd, buf, BAD_LEN, 20));
		if (!write)
			want = MIN(want, (long long)model.size - 20);
		if (!same("with bad memory", ret, want))
			return differs("%s after %zu", why, good);
		if (write && ret > 0) {
			device_write(&model, 50, data + 7, ret);
		} else if (ret > 0) {
			device_read(&model, 20, out, ret);
			if (!same_bytes("read", buf, out, ret, 20))
				return false;
		}
		if (!check_bytes(&model, 0) ||
		    (good % 16 == 0 && !check_device()))
			return false;
	}
	must(munmap(end - page_size(), 2 * page_size()));
	return true;
}

static void run_bad_memory(void)
{
	unsigned int old_quantum = quantum;

	quantum = 64;
	for (int i = 0; i < 4; i++) {
		bool ok = bad_memory(i & 1, i & 2);

		if (!ok)
			printf("# %s\n", why);
		tap(ok, "%s%s: %d places of bad memory",
		    i & 1 ? "write" : "read", i & 2 ? "v" : "", BAD_LEN);
	}
	quantum = old_quantum;
}

int main(int argc, char **argv)
{
	struct sigaction bus = { .sa_handler = on_sigbus,
				 .sa_flags = SA_NODEFER };
	long long before;

	if (argc < 2) {
		fprintf(stderr, "usage: scull_failnth MODULE\n");
		return 2;
	}
	use_module(argv[1]);
	if (!prepare_faults()) {
		printf("1..0 # SKIP the kernel has no fail-nth\n");
		return 0;
	}
	must(sigaction(SIGBUS, &bus, NULL));
	log_fd = must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	must(lseek(log_fd, 0, SEEK_END));

	/* The kernel keeps some memory after the first load. */
	load("");
	unload(PATIENCE);
	for (size_t i = 0; i < ARRAY_SIZE(loading); i++)
		run(&loading[i]);

	load("");
	make_node();
	quantum = mod->paged ? 2 * page_size() : 300;
	qset = 3;
	before = capacity();
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (scenarios[i].mapping && !mod->paged)
			continue;
		run(&scenarios[i]);
		/* In the others most allocations are not by the module. */
		for (size_t j = 0; scenarios[i].ours && j < ARRAY_SIZE(sources);
		     j++)
			run_rows(&scenarios[i], &sources[j]);
	}
	run_bad_memory();
	before_device();
	close(dev_open(0, O_WRONLY));
	tap(capacity() == before, "%lld bytes up to the limit, as before",
	    before);
	if (dev_fd >= 0)
		close(dev_fd);
	unload(PATIENCE);
	unlink("/dev/stress");
	return tap_end();
}
