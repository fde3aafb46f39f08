// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes system calls on a device, from a shell. The checks of the exercises use it, and
 * it is available at the prompt of `scripts/exercise N --shell`.
 *
 * Each step prints one line: the return value, or the error. The exit status is 0 if
 * no step failed.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char usage[] =
	"usage: call DEVICE r|w|rw|a STEP...    open it, do the steps, close it\n"
	"       call --insmod FILE N [PARAMETERS]\n"
	"                                       load a module while the Nth allocation fails\n"
	"steps:\n"
	"  read=N, write=TEXT      at the file's position\n"
	"  fill=N                  write N bytes x\n"
	"  at=N, end=N             seek to N, from the start or from the end\n"
	"  ioctl=N[,ARG]           of type K, without a direction\n"
	"  map=N                   load a byte of a shared mapping, and keep the mapping\n"
	"  bad-read=N[,M], bad-write=N[,M]\n"
	"                          with a buffer of which only M bytes are mapped, or all but\n"
	"                          the last page\n"
	"  slow-read=N,COMMAND     run COMMAND while the call is in the middle of its copy,\n"
	"  slow-write=N,COMMAND    waiting for the second page of its buffer\n";

static bool failed;

static void say(const char *step, long ret)
{
	if (ret < 0) {
		failed = true;
		printf("%s: %s\n", step, strerror(errno));
	} else {
		printf("%s: %ld\n", step, ret);
	}
	fflush(stdout);
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static char *buffer(size_t bytes)
{
	char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		die("mmap");
	return start;
}

static void show(const char *step, const char *buf, long ret)
{
	if (ret < 0) {
		say(step, ret);
		return;
	}
	printf("%s: %ld ", step, ret);
	for (long i = 0; i < ret; i++)
		printf(isprint((unsigned char)buf[i]) && buf[i] != '\\' ?
			       "%c" :
			       "\\%02x",
		       (unsigned char)buf[i]);
	putchar('\n');
	fflush(stdout);
}

/* ---- a call that stalls in a page fault on its buffer ---- */

struct slow {
	int fd;
	bool write;
	char *buf;
	size_t len;
	ssize_t ret;
	int error;
};

static void *slow_call(void *arg)
{
	struct slow *s = arg;

	s->ret = s->write ? write(s->fd, s->buf, s->len) :
			    read(s->fd, s->buf, s->len);
	s->error = errno;
	return NULL;
}

static void slow(const char *step, int fd, bool writes, size_t len,
		 const char *command)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct slow s = { .fd = fd, .write = writes, .len = len };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .len = page };
	struct uffd_msg msg;
	pthread_t thread;
	size_t all = (len + page - 1) / page * page;
	int uffd;

	if (len <= page) {
		fprintf(stderr, "%s: has to be more than a page\n", step);
		exit(2);
	}
	s.buf = buffer(all);
	madvise(s.buf, all, MADV_NOHUGEPAGE);
	memset(s.buf, 'x', all);
	madvise(s.buf + page, page, MADV_DONTNEED);
	copy.src = (unsigned long)buffer(page);
	memset((char *)copy.src, 'x', page);
	reg.range.start = copy.dst = (unsigned long)s.buf + page;
	reg.range.len = page;
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg))
		die("userfaultfd");
	if (pthread_create(&thread, NULL, slow_call, &s))
		die("thread");
	/* The call is in the middle of its copy now. */
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		die("userfaultfd");
	if (system(command) < 0)
		die("system");
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, NULL);
	close(uffd);
	errno = s.error;
	say(step, s.ret);
}

/* ---- steps ---- */

static void map(const char *step, int fd, off_t at)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	volatile char *start =
		mmap(NULL, page, PROT_READ, MAP_SHARED, fd, at / page * page);

	say(step, start == MAP_FAILED ? -1 : start[at % page]);
}

static void bad(const char *step, int fd, bool writes, size_t len,
		const char *mapped)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	size_t there = *mapped ? strtoul(mapped, NULL, 0) :
				 (len - 1) / page * page;
	size_t good = (there + page - 1) / page * page;
	char *start = buffer(good + page);

	munmap(start + good, page);
	start += good - there;
	say(step, writes ? write(fd, start, len) : read(fd, start, len));
}

static void take(int fd, char *step)
{
	char *value = strchr(step, '='), *rest;
	long n;

	if (!value) {
		fputs(usage, stderr);
		exit(2);
	}
	*value++ = '\0';
	n = strtol(value, &rest, 0);
	if (*rest == ',')
		rest++;
	if (!strcmp(step, "read")) {
		char *buf = buffer(n + 1);

		show(step, buf, read(fd, buf, n));
	} else if (!strcmp(step, "write")) {
		say(step, write(fd, value, strlen(value)));
	} else if (!strcmp(step, "fill")) {
		say(step, write(fd, memset(buffer(n + 1), 'x', n), n));
	} else if (!strcmp(step, "at")) {
		say(step, lseek(fd, n, SEEK_SET));
	} else if (!strcmp(step, "end")) {
		say(step, lseek(fd, n, SEEK_END));
	} else if (!strcmp(step, "ioctl")) {
		say(step, ioctl(fd, _IO('K', n), strtol(rest, NULL, 0)));
	} else if (!strcmp(step, "map")) {
		map(step, fd, n);
	} else if (!strcmp(step, "bad-read") || !strcmp(step, "bad-write")) {
		bad(step, fd, step[4] == 'w', n, rest);
	} else if (!strcmp(step, "slow-read") || !strcmp(step, "slow-write")) {
		slow(step, fd, step[5] == 'w', n, rest);
	} else {
		fputs(usage, stderr);
		exit(2);
	}
}

/* Prints whether an allocation failed: the load may have fewer than nth. */
static int load(const char *path, const char *nth, const char *parameters)
{
	int module = open(path, O_RDONLY | O_CLOEXEC);
	int fail = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	char left[32] = "";
	bool unused;
	long ret;

	if (module < 0 || fail < 0)
		die(module < 0 ? path : "fail-nth");
	if (write(fail, nth, strlen(nth)) < 0)
		die("fail-nth");
	ret = syscall(SYS_finit_module, module, parameters, 0);
	/* What did not fail in the load may fail here: the copies of these two calls. */
	unused = pread(fail, left, sizeof(left) - 1, 0) < 0 || atoi(left);
	if (pwrite(fail, "0", 1, 0) < 0 && pwrite(fail, "0", 1, 0) < 0)
		die("fail-nth");
	say("insmod", ret);
	puts(unused ? "nothing failed" : "an allocation failed");
	return failed;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int flags;
	} modes[] = {
		{ "r", O_RDONLY },
		{ "w", O_WRONLY },
		{ "rw", O_RDWR },
		{ "a", O_WRONLY | O_APPEND },
	};
	int fd, flags = -1;

	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "--insmod"))
		return load(argv[2], argv[3], argc == 5 ? argv[4] : "");
	for (size_t i = 0; argc > 2 && i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(argv[2], modes[i].name))
			flags = modes[i].flags;
	if (flags < 0) {
		fputs(usage,
		      argc > 1 && !strcmp(argv[1], "--help") ? stdout : stderr);
		return argc < 2 || strcmp(argv[1], "--help") ? 2 : 0;
	}
	fd = open(argv[1], flags);
	if (fd < 0) {
		say("open", -1);
		return 1;
	}
	for (int i = 3; i < argc; i++)
		take(fd, argv[i]);
	return failed;
}
