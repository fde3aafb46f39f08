// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs programs, and traces their code coverage in the module with KCOV. After each
 * program, the devices must be empty when they were trimmed, and the kernel must not
 * have logged a bug. A worker process does all this; its parent watches it.
 */
#include "fuzz.h"
#include <fcntl.h>
#include <linux/kcov.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACE_LEN 65536
#define CODE_MAX (1 << 20) /* of a module, in bytes */
#define HANGS 30 /* seconds after which a program counts as hung */

/* Shared by all processes: the one that runs a program may be killed or hang. */
static struct {
	struct program program;
	long long start; /* in ms; 0 while no program runs */
	struct features features;
	unsigned char places[CODE_MAX / 8]; /* reached by any program */
	unsigned int call;
	const char *why;
} * told;

static int kcov_fd, kmsg_fd, announce_fd, taint_fd, device_fd,
	allocated_fds[DEVICES];
static unsigned long *trace; /* KCOV's buffer: a count, then addresses */
static unsigned long code_start;

/* ---- coverage ---- */

static void fold(void)
{
	unsigned long n = __atomic_load_n(&trace[0], __ATOMIC_RELAXED);
	unsigned long before = 0;

	for (unsigned long i = 1; i <= n && i < TRACE_LEN; i++) {
		unsigned long at = trace[i] - code_start;
		unsigned char *hits;

		if (at >= CODE_MAX)
			continue;
		told->places[at / 8] |= 1 << at % 8;
		/* Count the edge between two addresses, not the address. */
		hits = &told->features.hits[(at ^ before * 31) % FEATURES];
		*hits += *hits < 255;
		before = at;
	}
	__atomic_store_n(&trace[0], 0, __ATOMIC_RELAXED);
}

unsigned int run_places(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < sizeof(told->places); i++)
		n += __builtin_popcount(told->places[i]);
	return n;
}

/* ---- the program ---- */

/* Logs the program to the kernel log, which is all that survives a crash. */
static void announce(const struct program *p)
{
	static char text[1000];
	FILE *f = fmemopen(text, sizeof(text) - 1, "w");

	fprintf(f, "<7>program:\n");
	program_print(f, p, "");
	fclose(f);
	must(write(announce_fd, text, strlen(text)));
}

static void execute(const struct program *p)
{
	pid_t self = getpid();

	must(ioctl(kcov_fd, KCOV_ENABLE, KCOV_TRACE_PC));
	for (unsigned int i = 0; i < p->len; i++) {
		const char *why;

		call_make(&p->calls[i], &why);
		if (why) {
			told->call = i;
			told->why = why;
		}
		/* A forked child is not traced by KCOV. */
		if (getpid() == self)
			fold();
	}
	calls_end();
	if (getpid() != self)
		_exit(0);
	fold();
	must(ioctl(kcov_fd, KCOV_DISABLE, 0));
}

/* For programs with a call that needs its own process. Not for others: fork() is slow. */
static void execute_apart(const struct program *p)
{
	pid_t pid = must(fork());

	if (!pid) {
		execute(p);
		_exit(0);
	}
	while (waitpid(-1, NULL, 0) >= 0)
		;
	fold(); /* the rest of its trace, if it was killed */
}

/* ---- checks after a program ---- */

static bool complain(const struct program *p, const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf(":\n");
	program_print(stdout, p, "#   ");
	fflush(stdout);
	return false;
}

/* False if the kernel has logged a bug since the last call, or is tainted. */
static bool kernel_is_well(const struct program *p)
{
	static const char *const words[] = { "BUG",
					     "WARNING",
					     "KASAN",
					     "UBSAN",
					     "Oops",
					     "possible",
					     "INFO: ",
					     "usercopy",
					     "Bad page",
					     "lockdep",
					     "Kernel mode fault" };
	static char taint_before[32];
	char line[2048], taint[32] = "";
	int shown = 0;
	ssize_t len;

	while ((len = read(kmsg_fd, line, sizeof(line) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		const char *text;

		/* EPIPE: records were lost. Above 7: written by user space. */
		if (len < 0 || atoi(line) > 7)
			continue;
		line[len] = '\0';
		text = strchr(line, ';');
		for (size_t i = 0; text && !shown && i < ARRAY_SIZE(words); i++)
			if (strstr(text, words[i])) {
				complain(p, "the kernel complains after");
				shown = 1;
			}
		if (shown && shown++ < 25)
			printf("# %.*s\n", (int)strcspn(text + 1, "\n"),
			       text + 1);
	}
	must(pread(taint_fd, taint, sizeof(taint) - 1, 0));
	if (!*taint_before)
		strcpy(taint_before, taint);
	if (!shown && strcmp(taint, taint_before))
		return complain(p, "the kernel is tainted after");
	return !shown;
}

/* Restores the initial parameters and empties the devices; false if that fails. */
static bool reset(const struct program *p)
{
	must(ioctl(device_fd, SCULL_IOCRESET));
	/* A mapping needs quanta of whole pages. */
	if (mod->paged)
		must(ioctl(device_fd, SCULL_IOCTORDER, 0L));
	if (write_file(param_path("limit"), "8"))
		return complain(p, "no limit can be set after");
	for (int i = 0; i < DEVICES; i++) {
		char bytes[32] = "";
		int fd = open(dev_path(i), O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			return complain(p, "no trim of device %d (%s) after", i,
					strerror(errno));
		close(fd);
		must(pread(allocated_fds[i], bytes, sizeof(bytes) - 1, 0));
		if (strcmp(bytes, "0\n"))
			return complain(
				p,
				"device %d is empty and takes %.*s bytes after",
				i, (int)strcspn(bytes, "\n"), bytes);
	}
	return true;
}

bool run_program(const struct program *p, struct features *f)
{
	bool apart = false;

	told->program = *p;
	told->start = now_ms();
	memset(&told->features, 0, sizeof(told->features));
	trace[0] = 0;
	announce(p);
	for (unsigned int i = 0; i < p->len; i++)
		apart |= p->calls[i].type->apart;
	if (apart)
		execute_apart(p);
	else
		execute(p);
	*f = told->features;

	if (told->why)
		return complain(p, "call %u: %s", told->call, told->why);
	if (!kernel_is_well(p) || !reset(p) || !kernel_is_well(p))
		return false;
	told->start = 0;
	return true;
}

/* ---- set-up ---- */

static unsigned long module_start(void)
{
	char *text = slurp("/proc/modules"), *line, *state;
	unsigned long start = 0;

	for (line = strtok_r(text, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state))
		if (!strncmp(line, mod->name, strlen(mod->name)))
			sscanf(line, "%*s %*s %*s %*s %*s %lx", &start);
	free(text);
	if (!start)
		die("/proc/modules does not say where %s is", mod->name);
	return start;
}

void run_prepare(void)
{
	code_start = module_start();

	kcov_fd = must(open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC));
	must(ioctl(kcov_fd, KCOV_INIT_TRACE, TRACE_LEN));
	trace = mmap(NULL, TRACE_LEN * sizeof(*trace), PROT_READ | PROT_WRITE,
		     MAP_SHARED, kcov_fd, 0);
	if (trace == MAP_FAILED)
		die("mmap of KCOV: %s", strerror(errno));

	kmsg_fd = must(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	must(lseek(kmsg_fd, 0, SEEK_END));
	announce_fd = must(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
	must(write_file("/proc/sys/kernel/printk_devkmsg", "on"));
	taint_fd = must(open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC));
	device_fd = dev_open(0, O_RDONLY);
	for (int i = 0; i < DEVICES; i++)
		allocated_fds[i] = must(
			open(sysfs_path(i, "allocated"), O_RDONLY | O_CLOEXEC));

	/* The worker becomes the parent of orphans of a program, and reaps them. */
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	if (!reset(&(struct program){}))
		die("no program can start");
}

int run_watched(int (*work)(void))
{
	int status;
	pid_t pid;

	told = must(mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid = must(fork());
	if (!pid)
		exit(work());
	while (!waitpid(pid, &status, WNOHANG)) {
		long long start = told->start;

		if (start && now_ms() - start > HANGS * 1000) {
			complain(&told->program, "hangs for %d s", HANGS);
			return EXIT_FAILURE;
		}
		usleep(20000);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	complain(&told->program, "killed by signal %d", WTERMSIG(status));
	return EXIT_FAILURE;
}
