// SPDX-License-Identifier: GPL-2.0-only
/* TAP and random numbers, for the programs that do not use libcheck. */
#include "support.h"
#include <stdarg.h>
#include <unistd.h>

void die(const char *fmt, ...)
{
	va_list args;

	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(EXIT_FAILURE);
}

void use_module(const char *name)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < nr_modules; i++)
		if (!strcmp(modules[i].name, name))
			mod = &modules[i];
	if (!mod)
		die("no module '%s'", name);
}

uint64_t random_next(struct random *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t random_below(struct random *r, uint64_t n)
{
	return random_next(r) % n;
}

bool one_in(struct random *r, unsigned int n)
{
	return !random_below(r, n);
}

static int tests, failures;

void tap(bool ok, const char *fmt, ...)
{
	va_list args;

	failures += !ok;
	printf("%sok %d - ", ok ? "" : "not ", ++tests);
	if (mod)
		printf("%s ", mod->name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

int tap_end(void)
{
	printf("1..%d\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
