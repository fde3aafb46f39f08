// SPDX-License-Identifier: GPL-2.0-only
/*
 * The book's ioctl program: sets a small quantum and qset, and prints them.
 * Built as scullc_test, scullp_test and scullv_test.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../common/scull_ioctl.h"

#define DEVICE "/dev/" MODULE

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

int main(void)
{
	/* scullp and scullv allocate whole pages, so 10 bytes would waste the rest. */
	const int is_scullc = !strcmp(MODULE, "scullc");
	int quantum = is_scullc ? 10 : 1000;
	int qset = is_scullc ? 4 : 2;
	int fd = open(DEVICE, O_RDWR);

	if (fd < 0)
		fail(DEVICE);
	printf("open scull !\n");

	if (ioctl(fd, SCULL_IOCSQUANTUM, &quantum) ||
	    ioctl(fd, SCULL_IOCSQSET, &qset))
		fail("set");
	quantum = 0;
	qset = 0;
	if (ioctl(fd, SCULL_IOCGQUANTUM, &quantum) ||
	    ioctl(fd, SCULL_IOCGQSET, &qset))
		fail("get");
	printf("scull_quantum=%d scull_qset=%d\n", quantum, qset);

	if (close(fd))
		fail("close");
	printf("close scull !\n");
	return 0;
}
