// SPDX-License-Identifier: GPL-2.0-only
/*
 * lesson NAME [PARAMETER=VALUE...]: loads a lesson, which fails on purpose, and prints
 * what the kernel logs meanwhile. For root. (busybox's insmod is not used, because it
 * loads a module a second time if the first time fails.)
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A module that scripts/build has just built on the host takes precedence. */
static const char *const places[] = { "/host/lessons", "/lib/scull", "." };

static int fail(const char *what)
{
	fprintf(stderr, "lesson: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Prints one record of the log, in which some bytes are encoded as \xNN. */
static void print(const char *text)
{
	unsigned int byte;

	for (; *text && *text != '\n'; text++) {
		if (sscanf(text, "\\x%2x", &byte) == 1) {
			putchar(byte);
			text += 3;
		} else {
			putchar(*text);
		}
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	char path[256], parameters[256] = "", record[8192];
	int log, module = -1;
	ssize_t length;
	size_t i;

	if (argc < 2) {
		fprintf(stderr, "usage: lesson NAME [PARAMETER=VALUE...]\n");
		return 2;
	}
	for (i = 0; i < sizeof(places) / sizeof(*places) && module < 0; i++) {
		snprintf(path, sizeof(path), "%s/%s.ko", places[i], argv[1]);
		module = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (module < 0)
		return fail(argv[1]);
	for (i = 2; argv[i]; i++)
		snprintf(parameters + strlen(parameters),
			 sizeof(parameters) - strlen(parameters), "%s ",
			 argv[i]);

	/* Each read returns one new record, "level,number,time,flags;text". */
	log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log < 0 || lseek(log, 0, SEEK_END) < 0)
		return fail("/dev/kmsg");
	if (!syscall(SYS_finit_module, module, parameters, 0)) {
		fprintf(stderr,
			"lesson: %s is not a lesson: it stayed loaded\n", path);
		return 1;
	}
	if (errno != ENODEV)
		return fail(path);
	while ((length = read(log, record, sizeof(record) - 1)) > 0 ||
	       (length < 0 && errno == EPIPE)) {
		char *text;

		record[length > 0 ? length : 0] = '\0';
		text = strchr(record, ';');
		if (text)
			print(text + 1);
	}
	return 0;
}
