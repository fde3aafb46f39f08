// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stress: scull_hostile MODULE [--seconds N] [--cycles N] [--seed N]
 *
 * All operations at once, loading and unloading under the users, too little memory,
 * limits, and SIGKILL at any time. Errors are expected; wrong bytes, leaked memory and
 * processes that hang are failures. The byte for an offset is always the same, so that
 * each byte read is that one, or zero.
 */
#include "../support/support.h"
#include "check.h"
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICES 4
#define CROWD 16 /* writers that reach the limit at once */
#define BUF (64 << 10)
#define REACH (512 << 10) /* the range of most writes */
#define GARBAGE 0xff

static struct random rnd;
static unsigned char buf[BUF];

/* Shared by all processes */
struct counters {
	atomic_ulong acts, loads, unloads, kills, bytes;
	atomic_llong pause; /* until when most processes do not open devices */
};

static struct counters *count;

static unsigned char byte_at(uint64_t off)
{
	return 1 + off * 7 % 127;
}

static void fill(unsigned char *p, size_t len, uint64_t off)
{
	for (size_t i = 0; i < len; i++)
		p[i] = byte_at(off + i);
}

static void check(const unsigned char *p, size_t len, uint64_t off, bool holes)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != byte_at(off + i) && (p[i] || !holes))
			die("offset %llu holds 0x%02x, not 0x%02x",
			    (unsigned long long)(off + i), p[i],
			    byte_at(off + i));
}

/* Errors that other processes can cause. Any other is a failure. */
static bool expected(long long ret)
{
	static const int errors[] = { ENOENT, ENXIO,  ENODEV, ENOMEM, ENOSPC,
				      EBUSY,  EAGAIN, EINVAL, EFAULT, ENOTTY };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (ret == -errors[i])
			return true;
	return ret >= 0;
}

static long long checked(const char *what, long long ret)
{
	if (!expected(ret))
		die("%s: %s", what, strerror(-ret));
	return ret;
}

static uint64_t any_offset(void)
{
	if (one_in(&rnd, 40))
		return random_below(&rnd, 1ULL << 45);
	return random_below(&rnd, REACH);
}

static int any_open(int flags)
{
	int dev = random_below(&rnd, DEVICES);

	return checked("open", kernel(open(dev_path(dev), flags | O_CLOEXEC)));
}

/* ---- operations ---- */

static void do_write(int fd)
{
	uint64_t off = any_offset();
	size_t len = random_below(&rnd, one_in(&rnd, 4) ? BUF : 3000);
	struct iovec iov[] = { { buf, len / 3 },
			       { buf + len / 3, len - len / 3 } };
	int flags = one_in(&rnd, 4) ? RWF_NOWAIT : 0;

	fill(buf, len, off);
	checked("write", kernel(pwritev2(fd, iov, 2, off, flags)));
}

static void do_read(int fd)
{
	uint64_t off = any_offset();
	struct iovec iov = { buf, random_below(&rnd, BUF) };
	int flags = one_in(&rnd, 4) ? RWF_NOWAIT : 0;
	long long ret =
		checked("read", kernel(preadv2(fd, &iov, 1, off, flags)));

	if (ret > 0)
		check(buf, ret, off, true);
}

static void do_seek(int fd)
{
	uint64_t off = any_offset();
	long long data = checked("lseek", kernel(lseek(fd, off, SEEK_DATA)));

	if (data >= 0)
		checked("lseek", kernel(lseek(fd, data, SEEK_HOLE)));
}

static void do_trim(int fd)
{
	(void)fd;
	fd = any_open(O_WRONLY);
	if (fd >= 0)
		close(fd);
}

static void do_geometry(int fd)
{
	static const int quanta[] = { 4000, 1000, 777, 500, 100, 16 };
	static const int qsets[] = { 1, 3, 10, 1000, 0, -1 };
	int value = quanta[random_below(&rnd, mod->paged ? 4 : 6)];

	if (one_in(&rnd, 2))
		value = page_size() * (1 + random_below(&rnd, 4));
	checked("ioctl", kernel(ioctl(fd, SCULL_IOCXQUANTUM, &value)));
	value = qsets[random_below(&rnd, ARRAY_SIZE(qsets))];
	checked("ioctl", kernel(ioctl(fd, SCULL_IOCHQSET, (long)value)));
	if (one_in(&rnd, 10))
		checked("ioctl", kernel(ioctl(fd, SCULL_IOCRESET)));
	if (one_in(&rnd, 10)) {
		char text[16];

		snprintf(text, sizeof(text), "%d",
			 (int)random_below(&rnd, 4) * 8);
		checked("limit", write_file(param_path("limit"), text));
	}
}

/* A file that shows the state of a device */
static const char *any_file(void)
{
	int dev = random_below(&rnd, DEVICES);

	switch (random_below(&rnd, 6)) {
	case 0:
		return sysfs_path(dev, "allocated");
	case 1:
		return sysfs_path(dev, "size");
	case 2:
		return "/proc/slabinfo";
	case 3:
		return proc_path("mem");
	case 4:
		return proc_path("seq");
	default:
		return layout_path(dev);
	}
}

static void do_look(int fd)
{
	long long ret;

	fd = checked("open", kernel(open(any_file(), O_RDONLY | O_CLOEXEC)));
	if (fd < 0)
		return;
	while ((ret = kernel(read(fd, buf, 1 + random_below(&rnd, 4000)))) > 0)
		if (one_in(&rnd, 50))
			lseek(fd, random_below(&rnd, 5000), SEEK_SET);
	/* EIO if the module was unloaded in between */
	checked("look", ret == -EIO ? 0 : ret);
	close(fd);
}

static sigjmp_buf no_page;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(no_page, 1);
}

static void touch_all(volatile unsigned char *p, size_t len, uint64_t off,
		      bool private)
{
	if (sigsetjmp(no_page, 0))
		return;
	for (size_t i = 0; i < len; i += 1 + random_below(&rnd, 2000)) {
		if (p[i] && p[i] != byte_at(off + i))
			die("mapped offset %llu holds 0x%02x",
			    (unsigned long long)(off + i), p[i]);
		p[i] = private ? GARBAGE : byte_at(off + i);
		/* The store must show here; if private, nowhere else. */
		if (p[i] != (private ? GARBAGE : byte_at(off + i)))
			die("a mapping does not hold what was stored");
	}
}

static void do_map(int fd)
{
	size_t len = (1 + random_below(&rnd, 16)) * page_size();
	uint64_t off = random_below(&rnd, REACH / page_size()) * page_size();
	bool private = one_in(&rnd, 3);
	unsigned char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
				private ? MAP_PRIVATE : MAP_SHARED, fd, off);
	pid_t pid = -1;

	if (p == MAP_FAILED) {
		checked("mmap", -errno);
		return;
	}
	if (one_in(&rnd, 4))
		pid = fork();
	touch_all(p, len, off, private);
	if (!pid)
		_exit(0);
	if (!private && one_in(&rnd, 4)) /* into the same device */
		checked("write", kernel(pwrite(fd, p, len, off)));
	munmap(p, len);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void do_splice(int fd)
{
	loff_t off = random_below(&rnd, REACH);
	int ends[2];
	long long ret;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return;
	ret = checked("splice", kernel(splice(fd, &off, ends[1], NULL, BUF / 2,
					      SPLICE_F_NONBLOCK)));
	/* Back to the same offset, for which the bytes are right */
	if (ret > 0) {
		off -= ret;
		checked("splice", kernel(splice(ends[0], NULL, fd, &off, ret,
						SPLICE_F_NONBLOCK)));
	}
	close(ends[0]);
	close(ends[1]);
}

/* Try to unload the module for so many milliseconds, then load it again. */
static void reload(int patience)
{
	static const char *const params[] = { "", "quantum=4096 qset=4",
					      "quantum=1000 devs=4",
					      "limit=8 qset=1" };
	int ret = try_unload(mod, patience);

	if (!ret)
		atomic_fetch_add(&count->unloads, 1);
	else if (ret != -EAGAIN && ret != -ENOENT && ret != -EBUSY)
		die("rmmod: %s", strerror(-ret));
	ret = try_load(mod, params[random_below(&rnd, ARRAY_SIZE(params))]);
	if (!ret)
		atomic_fetch_add(&count->loads, 1);
	else if (ret != -EEXIST && ret != -EBUSY)
		die("insmod: %s", strerror(-ret));
}

static void do_load(int fd)
{
	(void)fd;
	reload(5);
}

static const struct role {
	void (*act)(int fd);
	bool no_device;
} roles[] = {
	{ do_write, false },	{ do_write, false }, { do_read, false },
	{ do_read, false },	{ do_seek, false },  { do_trim, true },
	{ do_geometry, false }, { do_look, true },   { do_look, true },
	{ do_map, false },	{ do_map, false },   { do_splice, false },
	{ do_load, true },
};

/* Repeat one operation until killed. */
static void live(const struct role *role)
{
	struct sigaction bus = { .sa_handler = on_sigbus,
				 .sa_flags = SA_NODEFER };

	must(sigaction(SIGBUS, &bus, NULL));
	for (;;) {
		int fd = role->no_device ? -1 : any_open(O_RDWR);

		for (int i = random_below(&rnd, 5); i >= 0; i--)
			if (fd >= 0 || role->no_device)
				role->act(fd);
		if (fd >= 0)
			close(fd);
		atomic_fetch_add(&count->acts, 1);
		/* In a pause few processes open it, so that it can be unloaded. */
		do {
			usleep(random_below(&rnd, 2000));
		} while (now_ms() < atomic_load(&count->pause) &&
			 !one_in(&rnd, 30) && role->act != do_load);
	}
}

/* ---- the parent ---- */

static pid_t pids[64];
static unsigned int nr_pids;

/* Fork a child with random numbers of its own. Returns 0 in the child. */
static pid_t spawn(void)
{
	uint64_t seed = random_next(&rnd);
	pid_t pid = must(fork());

	if (!pid)
		rnd.state = seed;
	return pid;
}

/* Has the child exited with success, or by SIGKILL if it was killed? */
static bool reap(pid_t pid, bool killed)
{
	int status;

	must(waitpid(pid, &status, 0));
	if (killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool reap_all(bool killed)
{
	bool ok = true;

	for (; nr_pids; nr_pids--) {
		if (killed)
			kill(pids[nr_pids - 1], SIGKILL);
		ok &= reap(pids[nr_pids - 1], killed);
	}
	return ok;
}

static void start(const struct role *role)
{
	pid_t pid = spawn();

	if (!pid)
		live(role);
	pids[role - roles] = pid;
}

/*
 * How many bytes a device takes up to a limit. It is less than before if freed memory
 * is still charged.
 */
static long long capacity(void)
{
	long long total;

	load("limit=1 quantum=4096 qset=10");
	total = dev_fill(1);
	unload(PATIENCE);
	return total;
}

static void run_concurrent_users(unsigned int seconds)
{
	long long end = now_ms() + seconds * 1000LL;
	bool ok = true;

	memset(count, 0, sizeof(*count));
	load("");
	for (nr_pids = 0; nr_pids < ARRAY_SIZE(roles); nr_pids++)
		start(&roles[nr_pids]);
	while (ok && now_ms() < end) {
		unsigned int i = random_below(&rnd, nr_pids);

		usleep(random_below(&rnd, 20000));
		kill(pids[i], SIGKILL);
		ok = reap(pids[i], true);
		start(&roles[i]);
		atomic_fetch_add(&count->kills, 1);
		if (one_in(&rnd, 30)) {
			atomic_store(&count->pause, now_ms() + 400);
			reload(500);
		}
	}
	ok &= reap_all(true);

	/* It is not loaded if its loader was killed after unloading it. */
	if (try_load(mod, "") == 0)
		atomic_fetch_add(&count->loads, 1);
	must(write_file(param_path("limit"), "0"));
	for (int i = 0; i < DEVICES; i++) {
		/* A killed task may unmap a moment later. */
		int fd, tries = 1000;

		while ((fd = open(dev_path(i), O_WRONLY)) < 0 &&
		       errno == EBUSY && --tries)
			usleep(10000);
		close(fd);
		ok &= fd >= 0;
		/* The store of a killed reader is freed by a worker. */
		while (read_long(sysfs_path(i, "allocated")) && --tries > 0)
			usleep(10000);
		ok &= !read_long(sysfs_path(i, "allocated"));
	}
	unload(PATIENCE);
	tap(ok && check_absent(),
	    "concurrent users for %u s: %lu acts, %lu loads, %lu unloads, %lu killed",
	    seconds, atomic_load(&count->acts), atomic_load(&count->loads),
	    atomic_load(&count->unloads), atomic_load(&count->kills));
}

/* ---- too little memory ---- */

#define GROUP "/sys/fs/cgroup/stress"

/* Write from offset 0 until this error; count the bytes. */
static void write_until(int dev, int reason)
{
	int fd = dev_open(dev, O_RDWR);
	uint64_t off = 0;
	long long ret;

	do {
		size_t len = 1 + random_below(&rnd, BUF);

		fill(buf, len, off);
		ret = kernel(pwrite(fd, buf, len, off));
		off += MAX(ret, 0);
	} while (ret > 0);
	if (ret != -reason)
		die("write: %s", strerror(-ret));
	atomic_fetch_add(&count->bytes, off);
}

/* Check all bytes of a device. Returns how many. */
static uint64_t read_back(int dev)
{
	int fd = dev_open(dev, O_RDONLY);
	uint64_t off = 0;
	long long ret;

	while ((ret = kernel(pread(fd, buf, BUF, off))) > 0) {
		check(buf, ret, off, false);
		off += ret;
	}
	if (ret)
		die("read: %s", strerror(-ret));
	close(fd);
	return off;
}

static void run_memcg(void)
{
	uint64_t kept = 0;
	long current = -1;
	bool ok;

	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755) || access(GROUP "/memory.max", W_OK)) {
		rmdir(GROUP);
		tap(true, "memory cgroup # SKIP there is none");
		return;
	}
	must(write_file(GROUP "/memory.max", "16777216"));

	memset(count, 0, sizeof(*count));
	load("limit=0 quantum=4096 qset=16");
	for (nr_pids = 0; nr_pids < DEVICES; nr_pids++) {
		pids[nr_pids] = spawn();
		if (pids[nr_pids])
			continue;
		/* So that only the memory of the device is charged from here on. */
		must(mlockall(MCL_CURRENT | MCL_FUTURE));
		must(write_file(GROUP "/cgroup.procs", "0"));
		write_until(nr_pids, ENOMEM);
		_exit(0);
	}
	ok = reap_all(false);
	for (int i = 0; i < DEVICES; i++)
		kept += read_back(i);
	ok &= kept == atomic_load(&count->bytes) && kept > 8 << 20;
	ok &= read_field(GROUP "/memory.events", "oom_kill") == 0;
	unload(PATIENCE);

	/* All is uncharged but the stock that the kernel keeps for each CPU. */
	for (int tries = 100; tries && current; tries--) {
		current = read_long(GROUP "/memory.current");
		if (current < 1 << 20)
			break;
		usleep(100000);
	}
	ok &= current < 1 << 20;
	ok &= !rmdir(GROUP);
	tap(ok, "%d writers in 16 MiB: all %llu bytes kept, %ld uncharged late",
	    DEVICES, (unsigned long long)kept, current);
}

static void run_limit(unsigned int seconds)
{
	long long end = now_ms() + seconds * 1000LL, most = 0, least = 4 << 20;
	unsigned long rounds = 0;
	bool ok = true;

	load("limit=4 quantum=4000 qset=10 devs=16");
	while (ok && now_ms() < end) {
		uint64_t kept = 0;
		long long all = 0;

		memset(count, 0, sizeof(*count));
		for (nr_pids = 0; nr_pids < CROWD; nr_pids++) {
			pids[nr_pids] = spawn();
			if (!pids[nr_pids]) {
				write_until(nr_pids, ENOSPC);
				_exit(0);
			}
		}
		ok = reap_all(false);
		for (int i = 0; i < CROWD; i++) {
			kept += read_back(i);
			all += read_long(sysfs_path(i, "allocated"));
		}
		ok &= kept == atomic_load(&count->bytes);
		most = MAX(most, all);
		least = MIN(least, all);
		for (int i = 0; i < CROWD; i++)
			close(dev_open(i, O_WRONLY));
		rounds++;
	}
	unload(PATIENCE);
	/* Bookkeeping is charged as well. */
	ok &= most <= 4 << 20 && least > 7 << 19;
	tap(ok,
	    "%d writers to a limit of 4 MiB: %lu rounds, %lld to %lld bytes",
	    CROWD, rounds, least, most);
}

/* ---- killed ---- */

/* Large writes, so that it is killed in the middle of one. All have the same bytes. */
#define LARGE (127 * 8192)

static void append_for_ever(const unsigned char *data)
{
	int fd = dev_open(0, O_RDWR | O_APPEND);

	for (uint64_t off = 0; off < 64 << 20; off += LARGE)
		if (write(fd, data, LARGE) != LARGE)
			break;
	pause();
}

static void run_killed(unsigned int seconds)
{
	long long end = now_ms() + seconds * 1000LL;
	unsigned long rounds = 0, torn = 0;
	unsigned char *data = malloc(LARGE);
	bool ok = true;

	fill(data, LARGE, 0);
	load("limit=0");
	while (ok && now_ms() < end) {
		int fd = dev_open(0, O_RDONLY);
		uint64_t size;
		pid_t pid;

		must(ioctl(fd, SCULL_IOCTQUANTUM,
			   one_in(&rnd, 2) ? 4096L : 1000L));
		must(ioctl(fd, SCULL_IOCTQSET, 10L));
		close(fd);
		close(dev_open(0, O_WRONLY));

		pid = spawn();
		if (!pid)
			append_for_ever(data);
		usleep(random_below(&rnd, 40000));
		kill(pid, SIGKILL);
		ok = reap(pid, true);
		size = read_back(0);
		torn += size % LARGE != 0;
		rounds++;
	}
	unload(PATIENCE);
	free(data);
	tap(ok,
	    "a writer killed %lu times, %lu within a write: no byte missing",
	    rounds, torn);
}

/* ---- load and unload ---- */

/* Memory in use by the kernel in KiB, after it has freed its caches */
static long kernel_memory(void)
{
	static const char *const names[] = { "Slab", "VmallocUsed", "Percpu",
					     "KernelStack" };
	long sum = 0;

	write_file("/proc/sys/vm/drop_caches", "3");
	if (system("for c in /sys/kernel/slab/*/shrink; do echo 1 >$c; done"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		sum += MAX(read_field("/proc/meminfo", names[i]), 0);
	return sum;
}

static void cycle(int nr)
{
	static const char *const params[] = {
		"",
		"devs=1",
		"devs=30 qset=1",
		"quantum=4096 qset=2",
		"quantum=1 qset=1048576",
		"limit=1",
		"raw_addresses=1",
	};
	int fd;

	load("%s", params[nr % ARRAY_SIZE(params)]);
	fd = dev_open(0, O_RDWR);
	fill(buf, 20000, 0);
	must(pwrite(fd, buf, 2000, 0));
	must(pwrite(fd, buf, 2000, 1 << 20));
	if (mod->paged && nr % ARRAY_SIZE(params) == 3) {
		unsigned char *p =
			mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, 0);

		check(p, 1000, 0, false);
		munmap(p, page_size());
	}
	close(fd);
	unload(PATIENCE);
	if (!check_absent())
		die("%s", why);
}

static void run_cycles(unsigned int cycles)
{
	long before, after;

	for (int i = 0; i < 20; i++)
		cycle(i);
	before = kernel_memory();
	for (unsigned int i = 0; i < cycles; i++)
		cycle(i);
	after = kernel_memory();
	tap(after - before < 512, "%u times loaded and unloaded: %+ld KiB",
	    cycles, after - before);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: scull_hostile MODULE [--seconds N] [--cycles N] [--seed N]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "cycles", required_argument, NULL, 'c' },
		{},
	};
	unsigned int seconds = 20, cycles = 200;
	long long before;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			rnd.state = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			cycles = strtoul(optarg, NULL, 0);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 1)
		usage();
	use_module(argv[optind]);
	count = must(mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0));

	before = capacity();
	run_concurrent_users(seconds);
	run_memcg();
	run_limit(seconds / 4 + 1);
	run_killed(seconds / 4 + 1);
	run_cycles(cycles);
	tap(capacity() == before, "%lld bytes up to the limit, as before",
	    before);
	return tap_end();
}
