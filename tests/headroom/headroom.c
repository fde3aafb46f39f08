// SPDX-License-Identifier: GPL-2.0-only
/*
 * Headroom: scull_headroom, with all three modules loaded
 *
 * Fills all devices concurrently: each by write, by splice, and if possible through a
 * mapping, until the modules refuse memory repeatedly. Then the OOM killer must not
 * have been invoked, another program must get 20 MiB, and all acknowledged bytes must
 * be there.
 */
#include "../support/support.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICES 4
#define BLOCK (64 << 10)
#define PERIOD 251
#define REGION (1LL << 32) /* bytes of the device for each writer */
#define OTHERS (20 << 20)
#define REFUSALS 50 /* after which a writer gives up */

enum way { WRITE, SPLICE, MAP, WAYS };

static const char *const ways[] = { "write", "splice", "mmap" };

/* The result of a writer, in memory shared by all processes */
struct result {
	bool mapped; /* MAP only: the device can be mapped */
	int reason; /* errno, or SIGBUS of a mapping */
	long long bytes;
};

static struct result (*results)[DEVICES][WAYS];
static unsigned char pattern[BLOCK + PERIOD];

/* The BLOCK bytes for an offset */
static const unsigned char *bytes_at(long long off)
{
	return pattern + off % PERIOD;
}

static int open_device(int module, int dev, int flags)
{
	return must(open(pathf("/dev/%s%d", modules[module].name, dev),
			 flags | O_CLOEXEC));
}

/* After a call failed: try again? */
static bool again(struct result *r, int *refusals)
{
	r->reason = errno;
	usleep(10000);
	return errno == ENOSPC && ++*refusals < REFUSALS;
}

static void fill_by_write(int fd, long long from, struct result *r)
{
	int refusals = 0;

	for (;;) {
		long long off = from + r->bytes;
		ssize_t ret = pwrite(fd, bytes_at(off), BLOCK, off);

		if (ret > 0)
			r->bytes += ret;
		else if (!again(r, &refusals))
			return;
	}
}

static void fill_by_splice(int fd, long long from, struct result *r)
{
	int refusals = 0, ends[2];
	size_t left = 0;

	must(pipe(ends));
	for (;;) {
		loff_t off = from + r->bytes;
		ssize_t ret;

		if (!left)
			left = write(ends[1], bytes_at(off), BLOCK / 4);
		ret = splice(ends[0], NULL, fd, &off, left, 0);
		if (ret > 0) {
			r->bytes += ret;
			left -= ret;
		} else if (!again(r, &refusals)) {
			return;
		}
	}
}

static sigjmp_buf refused;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(refused, 1);
}

/* Writes to the mapping until the first SIGBUS. */
static void fill_by_mapping(int fd, long long from, struct result *r)
{
	struct sigaction bus = { .sa_handler = on_sigbus };
	volatile long long done = 0;
	long page = page_size();
	unsigned char *p = mmap(NULL, REGION, PROT_READ | PROT_WRITE,
				MAP_SHARED, fd, from);

	/* scullc has no mmap; the others need quanta of whole pages. */
	if (p == MAP_FAILED && (errno == ENODEV || errno == EINVAL))
		return;
	if (p == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	r->mapped = true;
	sigaction(SIGBUS, &bus, NULL);
	if (sigsetjmp(refused, 1)) {
		r->reason = SIGBUS;
		r->bytes = done;
		return;
	}
	for (; done < REGION; done += page)
		memcpy(p + done, bytes_at(from + done), page);
	die("a mapping of %lld bytes was filled", REGION);
}

static void (*const fill[])(int fd, long long from, struct result *r) = {
	fill_by_write,
	fill_by_splice,
	fill_by_mapping,
};

static bool check(int module, int dev, int way)
{
	static unsigned char buf[BLOCK];
	const struct result *r = &results[module][dev][way];
	long long from = way * REGION, done = 0;
	int fd = open_device(module, dev, O_RDONLY);

	while (done < r->bytes) {
		ssize_t len = pread(fd, buf, BLOCK, from + done);

		if (len > r->bytes - done)
			len = r->bytes - done;
		if (len <= 0 || memcmp(buf, bytes_at(from + done), len))
			break;
		done += len;
	}
	close(fd);
	return done == r->bytes;
}

/* Can another process allocate memory? */
static bool others_have_room(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		char *p = mmap(NULL, OTHERS, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		memset(p, 1, OTHERS);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

int main(void)
{
	long killed = read_field("/proc/vmstat", "oom_kill");
	int status, crashed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = 1 + i % PERIOD;
	results = must(mmap(NULL, sizeof(*results) * nr_modules,
			    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0));

	for (int m = 0; m < nr_modules; m++)
		for (int d = 0; d < DEVICES; d++) {
			int fd = open_device(m, d, O_RDWR);

			/* The size covers all regions, so that they can be mapped. */
			if (pwrite(fd, "", 1, WAYS * REGION) != 1)
				die("%s%d: %s", modules[m].name, d,
				    strerror(errno));
			close(fd);
			for (int w = 0; w < WAYS; w++)
				if (!fork()) {
					fill[w](open_device(m, d, O_RDWR),
						w * REGION, &results[m][d][w]);
					_exit(0);
				}
		}
	while (wait(&status) > 0)
		crashed += status != 0;

	tap(!crashed, "all writers ended by themselves");
	tap(others_have_room(), "another program gets %d MiB", OTHERS >> 20);
	tap(read_field("/proc/vmstat", "oom_kill") == killed,
	    "the OOM killer was not invoked");
	for (int w = 0; w < WAYS; w++) {
		int reason = w == MAP ? SIGBUS : ENOSPC, writers = 0;
		bool refusals = true, there = true;
		long long bytes = 0;

		for (int i = 0; i < nr_modules * DEVICES; i++) {
			const struct result *r =
				&results[i / DEVICES][i % DEVICES][w];

			if (w == MAP && !r->mapped)
				continue;
			writers++;
			refusals &= r->reason == reason;
			bytes += r->bytes;
			there &= check(i / DEVICES, i % DEVICES, w);
		}
		if (!writers)
			continue;
		tap(refusals, "%s: %d writers were refused by %s", ways[w],
		    writers, w == MAP ? "SIGBUS" : "ENOSPC");
		tap(there, "%s: all %lld MiB are there", ways[w], bytes >> 20);
	}
	return tap_end();
}
