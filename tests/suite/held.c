// SPDX-License-Identifier: GPL-2.0-only
/*
 * A task that is stalled inside a system call, in a page fault on its buffer that
 * userfaultfd does not resolve until the test wants it. So the tests do not depend on
 * timing.
 */
#include "suite.h"
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct held {
	int fd;
	ssize_t (*call)(int fd, void *buf, size_t len);
	char *buf;
	size_t page;
	int hole; /* the page that is missing */
	int uffd;
	pid_t pid;
	volatile long ret;
};

/* A buffer of the pattern, one page of which is missing. */
static void make_buffer(struct held *h)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *hole;

	h->buf = must(mmap(NULL, HELD_PAGES * h->page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	/* Otherwise the whole buffer may be one huge page. */
	madvise(h->buf, HELD_PAGES * h->page, MADV_NOHUGEPAGE);
	fill(h->buf, HELD_PAGES * h->page, 1, 0);
	hole = h->buf + h->hole * h->page;
	must(madvise(hole, h->page, MADV_DONTNEED));

	h->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (h->uffd < 0)
		skip("no userfaultfd in this kernel");
	must(ioctl(h->uffd, UFFDIO_API, &api));
	reg.range.start = (unsigned long)hole;
	reg.range.len = h->page;
	must(ioctl(h->uffd, UFFDIO_REGISTER, &reg));
}

static int run(void *arg)
{
	struct held *h = arg;

	h->ret = h->call(h->fd, h->buf, HELD_PAGES * h->page);
	return 0;
}

/*
 * Start one. It shares our address space, with which the userfaultfd is registered;
 * a forked child would not. It is not a thread, because it has to be killed alone.
 */
struct held *held_task(int fd, int hole,
		       ssize_t (*call)(int fd, void *buf, size_t len))
{
	const size_t stack_size = 1 << 16;
	struct held *h = calloc(1, sizeof(*h));
	struct uffd_msg msg;
	char *stack;

	h->fd = fd;
	h->call = call;
	h->hole = hole;
	h->page = page_size();
	make_buffer(h);
	stack = must(mmap(NULL, stack_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	h->pid = must(clone(run, stack + stack_size, CLONE_VM | SIGCHLD, h));
	ck_assert_int_eq(must(read(h->uffd, &msg, sizeof(msg))), sizeof(msg));
	ck_assert_int_eq(msg.event, UFFD_EVENT_PAGEFAULT);
	return h;
}

static ssize_t write_front(int fd, void *buf, size_t len)
{
	return pwrite(fd, buf, len, 0);
}

/* A writer of HELD_PAGES pages of pattern 1 at offset 0 */
struct held *held_writer(int fd)
{
	return held_task(fd, HELD_PAGES / 2, write_front);
}

/* Let it complete. Returns its result, and its buffer if buf is not NULL. */
ssize_t held_end(struct held *h, const char **buf)
{
	char *page = malloc(h->page);
	struct uffdio_copy copy = {
		.dst = (unsigned long)h->buf + h->hole * h->page,
		.src = (unsigned long)page,
		.len = h->page,
	};
	int status;

	fill(page, h->page, 1, h->hole * h->page);
	must(ioctl(h->uffd, UFFDIO_COPY, &copy));
	must(waitpid(h->pid, &status, 0));
	ck_assert_int_eq(status, 0);
	close(h->uffd);
	free(page);
	if (buf)
		*buf = h->buf;
	return h->ret;
}

/* The same, for a call that must transfer the whole buffer */
void held_release(struct held *h)
{
	ck_assert_int_eq(held_end(h, NULL), HELD_PAGES * page_size());
}

void held_kill(struct held *h)
{
	int status;

	must(kill(h->pid, SIGKILL));
	must(waitpid(h->pid, &status, 0));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(h->uffd);
}
