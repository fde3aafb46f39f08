// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asynchronous I/O: that of POSIX, for which the C library uses threads, and the
 * kernel's own, which libaio wraps.
 */
#include "suite.h"
#include <aio.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>

#define REQUESTS 8
#define LEN 1003

START_TEST(posix)
{
	char buf[REQUESTS][LEN];
	struct aiocb cb[REQUESTS], *list[REQUESTS];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	memset(cb, 0, sizeof(cb));
	for (int i = 0; i < REQUESTS; i++) {
		fill(buf[i], LEN, 1, i * LEN);
		cb[i].aio_fildes = fd;
		cb[i].aio_buf = buf[i];
		cb[i].aio_nbytes = LEN;
		cb[i].aio_offset = i * LEN;
		cb[i].aio_lio_opcode = LIO_WRITE;
		list[i] = &cb[i];
	}
	must(lio_listio(LIO_WAIT, list, REQUESTS, NULL));
	for (int i = 0; i < REQUESTS; i++)
		ck_assert_int_eq(aio_return(&cb[i]), LEN);
	expect(fd, 0, REQUESTS * LEN, 1);

	memset(buf, 0, sizeof(buf));
	for (int i = 0; i < REQUESTS; i++)
		must(aio_read(&cb[i]));
	for (int i = 0; i < REQUESTS; i++) {
		const struct aiocb *one = &cb[i];

		while (aio_error(one) == EINPROGRESS)
			aio_suspend(&one, 1, NULL);
		ck_assert_int_eq(aio_return(&cb[i]), LEN);
		check_fill(buf[i], LEN, 1, i * LEN);
	}

	memset(cb, 0, sizeof(cb[0]));
	cb[0].aio_fildes = fd;
	must(aio_fsync(O_SYNC, &cb[0]));
	while (aio_error(&cb[0]) == EINPROGRESS)
		usleep(1000);
	ck_assert_int_eq(aio_return(&cb[0]), 0);
}
END_TEST

/* Submit one request of a kind for each buffer, and check its result. */
static void run(int op, int fd, char buf[REQUESTS][LEN], int flags)
{
	struct iocb cb[REQUESTS], *list[REQUESTS];
	struct io_event events[REQUESTS];
	aio_context_t ctx = 0;

	if (syscall(SYS_io_setup, REQUESTS, &ctx))
		skip("no aio in this kernel");
	for (int i = 0; i < REQUESTS; i++) {
		cb[i] = (struct iocb){
			.aio_lio_opcode = op,
			.aio_fildes = fd,
			.aio_rw_flags = flags,
			.aio_buf = (unsigned long)buf[i],
			.aio_nbytes = LEN,
			.aio_offset = i * LEN,
			.aio_data = i,
		};
		list[i] = &cb[i];
	}
	ck_assert_int_eq(
		must(syscall(SYS_io_submit, ctx, (long)REQUESTS, list)),
		REQUESTS);
	ck_assert_int_eq(must(syscall(SYS_io_getevents, ctx, (long)REQUESTS,
				      (long)REQUESTS, events, NULL)),
			 REQUESTS);
	for (int i = 0; i < REQUESTS; i++)
		ck_assert_int_eq(events[i].res, LEN);
	must(syscall(SYS_io_destroy, ctx));
}

START_TEST(native)
{
	char buf[REQUESTS][LEN];
	int fd;

	load("quantum=10 qset=4");
	fd = dev_open(0, O_RDWR);
	for (int i = 0; i < REQUESTS; i++)
		fill(buf[i], LEN, 1, i * LEN);
	run(IOCB_CMD_PWRITE, fd, buf, 0);
	expect(fd, 0, REQUESTS * LEN, 1);
	memset(buf, 0, sizeof(buf));
	run(IOCB_CMD_PREAD, fd, buf, 0);
	for (int i = 0; i < REQUESTS; i++)
		check_fill(buf[i], LEN, 1, i * LEN);
	/* All data is resident, so RWF_NOWAIT reads it. */
	memset(buf, 0, sizeof(buf));
	run(IOCB_CMD_PREAD, fd, buf, RWF_NOWAIT);
	for (int i = 0; i < REQUESTS; i++)
		check_fill(buf[i], LEN, 1, i * LEN);
}
END_TEST

void aio_tests(TCase *tc)
{
	tcase_add_test(tc, posix);
	tcase_add_test(tc, native);
}
