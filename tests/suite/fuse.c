// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FUSE file system whose server is a child of the test. It has one file of
 * FUSE_PAGES pages. The server stops itself before it answers the first read, so
 * that the reader stalls; or it answers from a pipe, with pages that FUSE may move.
 */
#include "suite.h"
#include <linux/fuse.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define DIR_PATH "/tmp/scull_fuse"
#define FILE_ID 2

struct fuse {
	pid_t server;
};

static void reply(int dev, uint64_t unique, int error, const void *data,
		  size_t len)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + len,
		.error = error,
		.unique = unique,
	};
	struct iovec iov[] = { { &head, sizeof(head) }, { (void *)data, len } };

	/* ENOENT: the task that waited was killed, and FUSE has dropped the request. */
	if (writev(dev, iov, len ? 2 : 1) < 0)
		ck_assert_int_eq(errno, ENOENT);
}

/* A reply with data that is spliced from a pipe */
static void reply_by_moving(int dev, uint64_t unique, int from)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + page_size(),
		.unique = unique,
	};
	int ends[2];

	must(pipe(ends));
	must(write(ends[1], &head, sizeof(head)));
	ck_assert_int_eq(must(splice(from, NULL, ends[1], NULL, page_size(),
				     SPLICE_F_MOVE)),
			 page_size());
	ck_assert_int_eq(
		must(splice(ends[0], NULL, dev, NULL, head.len, SPLICE_F_MOVE)),
		head.len);
	close(ends[0]);
	close(ends[1]);
}

static void fill_attr(struct fuse_attr *attr, uint64_t id)
{
	attr->ino = id;
	attr->nlink = 1;
	attr->blksize = page_size();
	attr->mode = id == FILE_ID ? S_IFREG | 0644 : S_IFDIR | 0755;
	attr->size = id == FILE_ID ? FUSE_PAGES * page_size() : 0;
}

static void serve(int dev, int pipe)
{
	size_t room = 1 << 17;
	char *request = malloc(room), *data = malloc(FUSE_PAGES * page_size());
	bool first = true;

	for (;;) {
		struct fuse_in_header *in = (void *)request;
		void *arg = in + 1;
		struct fuse_init_out init = {
			.major = FUSE_KERNEL_VERSION,
			.minor = FUSE_KERNEL_MINOR_VERSION,
			/* FUSE moves pages only into its readahead. */
			.max_readahead = FUSE_PAGES * page_size(),
			.max_write = 4096,
		};
		struct fuse_entry_out entry = { .nodeid = FILE_ID };
		struct fuse_attr_out attr = { 0 };
		struct fuse_open_out opened = { 0 };
		struct fuse_read_in *want = arg;

		if (read(dev, request, room) < 0) {
			if (errno == ENODEV) /* unmounted */
				_exit(EXIT_SUCCESS);
			continue;
		}
		switch (in->opcode) {
		case FUSE_INIT:
			init.minor = ((struct fuse_init_in *)arg)->minor;
			reply(dev, in->unique, 0, &init, sizeof(init));
			break;
		case FUSE_LOOKUP:
			fill_attr(&entry.attr, FILE_ID);
			reply(dev, in->unique, 0, &entry, sizeof(entry));
			break;
		case FUSE_GETATTR:
			fill_attr(&attr.attr, in->nodeid);
			reply(dev, in->unique, 0, &attr, sizeof(attr));
			break;
		case FUSE_OPEN:
			reply(dev, in->unique, 0, &opened, sizeof(opened));
			break;
		case FUSE_READ:
			if (first && pipe >= 0) {
				reply_by_moving(dev, in->unique, pipe);
			} else {
				if (first)
					raise(SIGSTOP);
				fill(data, want->size, 1, want->offset);
				reply(dev, in->unique, 0, data, want->size);
			}
			first = false;
			break;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		case FUSE_FLUSH:
		case FUSE_RELEASE:
			reply(dev, in->unique, 0, NULL, 0);
			break;
		default:
			reply(dev, in->unique, -ENOSYS, NULL, 0);
		}
	}
}

/* Mount it. If pipe is not -1, the first page that is read comes from it. */
struct fuse *fuse_start(int pipe)
{
	struct fuse *f = calloc(1, sizeof(*f));
	int dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[64];

	if (dev < 0)
		skip("no FUSE in this kernel");
	umount2(DIR_PATH, MNT_DETACH);
	mkdir(DIR_PATH, 0700);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	must(mount("scull", DIR_PATH, "fuse", MS_NOSUID | MS_NODEV, options));
	f->server = must(fork());
	if (!f->server)
		serve(dev, pipe);
	close(dev);
	return f;
}

/* Call this in the task that is to stall: close() waits for the server, too. */
int fuse_open(void)
{
	return must(open(DIR_PATH "/file", O_RDONLY | O_CLOEXEC));
}

/* Wait until the server has got a read and stopped. */
void fuse_await_read(const struct fuse *f)
{
	int status;

	must(waitpid(f->server, &status, WUNTRACED));
	ck_assert_msg(WIFSTOPPED(status), "status 0x%x", status);
}

void fuse_go_on(const struct fuse *f)
{
	must(kill(f->server, SIGCONT));
}

void fuse_end(struct fuse *f)
{
	must(umount2(DIR_PATH, MNT_DETACH));
	reap(f->server);
	rmdir(DIR_PATH);
	free(f);
}
